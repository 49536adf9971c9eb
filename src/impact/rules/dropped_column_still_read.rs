//! A column that the migration drops is still named.

use super::Rule;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::impact::lost::{Fate, lost_columns};
use crate::model::change::Change;
use crate::sql::bind::binding::Binding;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "dropped-column-still-read",
        title: "A dropped column is still used",
        why: "The engine resolves every name before it runs a statement, so a statement that names a missing column fails whatever the rows are, even in a branch that is never taken.",
        fix: "Deploy code that no longer names the column first, then drop it.",
        misses: "Names in SQL text that is only put together at run time.",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    let lost = lost_columns(cx, before, after).into_iter().filter(|l| matches!(l.fate, Fate::Dropped(_)));
    lost.map(|l| l.breaks(cx, before, |_| format!("is dropped, but this {} still uses it.", cx.verb()))).collect()
}
