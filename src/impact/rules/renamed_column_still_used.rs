//! A column is still named by its old name.

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
        id: "renamed-column-still-used",
        title: "A renamed column is still used under its old name",
        why: "A rename takes effect at once for every session: statements with the old name fail, statements with the new name fail until then. No order of deployment avoids both.",
        fix: "Add the new column, write both, move the readers, then drop the old one; or keep the old name in a view.",
        misses: "Names in SQL text that is only put together at run time.",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, changes: &[Change]) -> Vec<Explanation> {
    lost_columns(cx, before, after)
        .into_iter()
        .filter(|l| matches!(l.fate, Fate::Renamed(_)))
        .map(|lost| {
            let object = lost.object.as_ref().map_or_else(|| "the column".to_string(), |o| o.to_string());
            let change = lost.fate.change();
            let new_name =
                change.and_then(|i| changes.get(i)).and_then(|c| c.new_name.as_ref()).map_or(String::new(), |n| format!(" to {}", n.name));
            let message = format!("{object} is renamed{new_name}, but this {} still uses the old name.", cx.verb());
            let mut explanation = cx.explain(before, Effect::Breaks, message);
            explanation.object = lost.object;
            explanation.change = change;
            explanation.span = lost.span;
            explanation.confidence = lost.confidence;
            explanation
        })
        .collect()
}
