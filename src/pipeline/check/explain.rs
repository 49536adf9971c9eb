//! How the names of a statement were bound before and after: what `--explain` adds to a finding.

use crate::model::schema::Schema;
use crate::model::statement::{ColumnRef, HOLE};
use crate::sql::bind::binding::{Binding, Use};
use crate::sql::bind::{SessionState, bind};
use crate::sql::parse::parse_statement;
use std::collections::BTreeSet;

/// One line for each name of `text` that is not bound to the same thing in both schemas; the first lines say
/// what the engines answer.
pub fn bindings(text: &str, before: &Schema, after: &Schema) -> Vec<String> {
    let parsed = parse_statement(text, before.dialect);
    let session = SessionState::default();
    let (was, is) = (bind(&parsed, text, before, &session), bind(&parsed, text, after, &session));
    let mut out = Vec::new();
    for (when, binding) in [("before", &was), ("after", &is)] {
        let answer = binding.error.as_ref().map_or("binds".to_string(), |e| format!("{} ({})", e.message, e.code));
        out.push(format!("{when}: {answer}"));
    }
    let spans: BTreeSet<_> = was.uses.iter().chain(&is.uses).map(|u| u.span).filter(|s| !s.is_empty()).collect();
    for span in spans {
        let (a, b) = (bound_at(&was, span), bound_at(&is, span));
        if a != b {
            let none = || "nothing".to_string();
            let name = span.slice(text).replace(HOLE, "{...}");
            out.push(format!("{name}: {} -> {}", a.unwrap_or_else(none), b.unwrap_or_else(none)));
        }
    }
    let columns = |b: &Binding| b.outputs.as_ref().map(|o| o.iter().map(|c| c.name.clone()).collect::<Vec<_>>().join(", "));
    if let (Some(a), Some(b)) = (columns(&was), columns(&is))
        && a != b
    {
        out.push(format!("result: {a} -> {b}"));
    }
    out
}

fn bound_at(binding: &Binding, span: crate::model::span::Span) -> Option<String> {
    let shown = |u: &Use| match &u.column {
        ColumnRef::Table => u.table.clone(),
        ColumnRef::All => format!("{}.*", u.table),
        ColumnRef::Named(column) => format!("{}.{column}", u.table),
    };
    binding.uses.iter().find(|u| u.span == span && u.through_view.is_none()).map(shown)
}
