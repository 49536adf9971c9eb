//! The stable JSON contract, and its JSON Schema.

use crate::model::report::Report;

/// The report as JSON, with a line end.
pub fn render(report: &Report) -> String {
    // The types hold no maps with keys other than strings and no non-finite numbers are constructed.
    let mut text = serde_json::to_string_pretty(report).unwrap_or_else(|e| format!("{{\"error\": {:?}}}", e.to_string()));
    text.push('\n');
    text
}

/// JSON Schema of the report.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Report).to_value()
}
