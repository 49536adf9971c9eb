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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_that_ships_is_that_of_the_types() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/config/check.schema.json");
        let now = serde_json::to_string_pretty(&schema()).expect("a schema is JSON") + "\n";
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(path, &now).expect("config/ can be written");
        }
        let shipped = std::fs::read_to_string(path).expect("config/check.schema.json ships");
        assert!(shipped == now, "config/check.schema.json is not the schema of the report; UPDATE_EXPECT=1 rewrites it");
    }
}
