//! A table or view is still named by its old name.

use super::Rule;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::impact::lost::{Fate, Lost, lost_tables};
use crate::model::change::Change;
use crate::sql::bind::binding::Binding;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "renamed-table-still-used",
        title: "A renamed or moved table is still used under its old name",
        why: "A rename takes effect at once for every session. No order of deployment avoids a moment in which one version of the code fails.",
        fix: "Create a view with the old name in the same migration, move the code, then drop the view.",
        misses: "",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, changes: &[Change]) -> Vec<Explanation> {
    let says = |lost: &Lost| {
        let change = lost.fate.change().and_then(|i| changes.get(i));
        let new_name = change.and_then(|c| c.new_name.as_ref()).map_or(String::new(), |n| format!(" to {}", cx.shown(n)));
        let what = if matches!(lost.fate, Fate::Renamed(_)) { format!("is renamed{new_name}") } else { "can no longer be found".into() };
        format!("{what}, but this {} still uses the old name.", cx.verb())
    };
    let lost = lost_tables(cx, before, after).into_iter().filter(|l| !matches!(l.fate, Fate::Dropped(_)));
    lost.map(|l| l.breaks(cx, before, says)).collect()
}
