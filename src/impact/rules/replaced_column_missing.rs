//! A column is missing from what stands in place of its table or view.

use super::Rule;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::impact::lost::{Fate, Lost, lost_columns};
use crate::model::change::Change;
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
    let says = |lost: &Lost| {
        let message = if lost.message.is_empty() { String::new() } else { format!(" ({})", lost.message) };
        format!("no longer exists after the migration, but this {} still uses it{message}.", cx.verb())
    };
    let lost = lost_columns(cx, before, after).into_iter().filter(|l| matches!(l.fate, Fate::Replaced(_) | Fate::Unknown));
    lost.map(|l| l.breaks(cx, before, says)).collect()
}
