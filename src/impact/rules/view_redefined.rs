//! A view that selects other rows or computes a column in another way.

use super::Rule;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::impact::lost::is_table;
use crate::impact::views::{column_changed, rows_changed};
use crate::model::change::Change;
use crate::model::change::ChangeOp;
use crate::model::finding::Effect;
use crate::model::object::ObjectKind;
use crate::model::statement::{ColumnRef, Mode};
use crate::sql::bind::binding::Binding;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "view-redefined",
        title: "A view delivers other rows or values",
        why: "Statements that read a view follow its definition; a new filter, join or expression changes their results without any error.",
        fix: "Give the new definition a new name, and move the readers one by one.",
        misses: "",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    if after.error.is_some() || before.error.is_some() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for used in before.uses.iter().filter(|u| u.mode != Mode::Write) {
        let Some(old) = used.table_id.or(used.id).and_then(|id| cx.pairing.table_before(id)) else { continue };
        if matches!(used.column, ColumnRef::Named(_)) && old.view().is_none() {
            continue;
        }
        let standing = after.uses.iter().filter(|u| is_table(u) && u.span == used.span && !u.span.is_empty());
        let new = standing.filter_map(|u| u.id.and_then(|id| cx.pairing.table_after(id))).next().or_else(|| cx.pairing.successor(old));
        let Some(new) = new else { continue };
        let reason = match &used.column {
            ColumnRef::Table if is_table(used) => rows_changed(cx, old, new),
            ColumnRef::Named(column) if used.kind == ObjectKind::Column && column_changed(cx, old, new, column) => {
                Some(format!("view {} computes {column} in another way", new.name.name))
            }
            _ => None,
        };
        let Some(reason) = reason else { continue };
        let mut explanation = cx.explain(before, Effect::ChangesResult, format!("This {} returns something else: {reason}.", cx.verb()));
        explanation.object = Some(cx.object_of(used));
        let ops = [ChangeOp::ReplaceView, ChangeOp::CreateView, ChangeOp::DropView, ChangeOp::RenameTable];
        explanation.change = cx.change_to(&ops[..2], Some(new.id)).or_else(|| cx.change_of_table(&ops, Some(old.id), &old.name.name));
        explanation.span = used.span;
        found.push(explanation);
    }
    found
}
