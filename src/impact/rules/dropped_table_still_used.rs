//! A table or view that the migration drops is still named.

use super::Rule;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::impact::lost::{Fate, lost_tables};
use crate::model::change::Change;
use crate::model::finding::Effect;
use crate::sql::bind::binding::Binding;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "dropped-table-still-used",
        title: "A dropped table or view is still used",
        why: "Every table of a statement must exist, also one whose rows are never looked at.",
        fix: "Deploy code that no longer uses the table first, then drop it.",
        misses: "",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    lost_tables(cx, before, after)
        .into_iter()
        .filter(|l| matches!(l.fate, Fate::Dropped(_)))
        .map(|lost| {
            let object = lost.object.as_ref().map_or_else(|| lost.span.slice(cx.input.text).to_string(), |o| o.to_string());
            let mut explanation = cx.explain(before, Effect::Breaks, format!("{object} is dropped, but this {} still uses it.", cx.verb()));
            explanation.object = lost.object;
            explanation.change = lost.fate.change();
            explanation.span = lost.span;
            explanation.confidence = lost.confidence;
            explanation
        })
        .collect()
}
