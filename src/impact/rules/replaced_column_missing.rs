//! A column is missing from what stands in place of its table or view.

use super::Rule;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::impact::lost::{Fate, lost_columns};
use crate::model::change::Change;
use crate::model::finding::Effect;
use crate::sql::bind::binding::Binding;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "replaced-column-missing",
        title: "What replaced a table or view lacks a column that is still used",
        why: "A table that is dropped and created again, a view that is redefined, or a view put in place of a table serves only the columns that its new definition has.",
        fix: "Give the new table or view the missing column, or move the code off it first.",
        misses: "",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    lost_columns(cx, before, after)
        .into_iter()
        .filter(|l| matches!(l.fate, Fate::Replaced(_) | Fate::Unknown))
        .map(|lost| {
            let object = lost.object.as_ref().map_or_else(|| lost.span.slice(cx.input.text).to_string(), |o| o.to_string());
            let says = if lost.message.is_empty() { String::new() } else { format!(" ({})", lost.message) };
            let mut explanation = cx.explain(
                before,
                Effect::Breaks,
                format!("{object} no longer exists after the migration, but this {} still uses it{says}.", cx.verb()),
            );
            explanation.object = lost.object;
            explanation.change = lost.fate.change();
            explanation.span = lost.span;
            explanation.confidence = lost.confidence;
            explanation
        })
        .collect()
}
