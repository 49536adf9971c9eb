//! A table or view that the migration drops is still named.

use super::Rule;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::impact::lost::{Fate, lost_tables};
use crate::model::change::Change;
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
    let lost = lost_tables(cx, before, after).into_iter().filter(|l| matches!(l.fate, Fate::Dropped(_)));
    lost.map(|l| l.breaks(cx, before, |_| format!("is dropped, but this {} still uses it.", cx.verb()))).collect()
}
