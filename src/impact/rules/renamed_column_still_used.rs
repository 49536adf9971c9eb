//! A column is still named by its old name.

use super::Rule;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::impact::lost::{Fate, Lost, lost_columns};
use crate::model::change::Change;
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
    let says = |lost: &Lost| {
        let change = lost.fate.change().and_then(|i| changes.get(i));
        let new_name = change.and_then(|c| c.new_name.as_ref()).map_or(String::new(), |n| format!(" to {}", n.name));
        format!("is renamed{new_name}, but this {} still uses the old name.", cx.verb())
    };
    let lost = lost_columns(cx, before, after).into_iter().filter(|l| matches!(l.fate, Fate::Renamed(_)));
    lost.map(|l| l.breaks(cx, before, says)).collect()
}
