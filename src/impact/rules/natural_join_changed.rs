//! A natural join that compares other columns.

use super::Rule;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::model::change::Change;
use crate::model::change::ChangeOp;
use crate::model::finding::Effect;
use crate::model::statement::{ColumnRef, Mode};
use crate::sql::bind::binding::Binding;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "natural-join-changed",
        title: "A natural join compares other columns",
        why: "NATURAL JOIN compares all columns that both sides have; a column added or dropped on one side changes which rows match.",
        fix: "Write the join condition out.",
        misses: "",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    if before.error.is_some() || after.error.is_some() {
        return Vec::new();
    }
    let joined = |b: &Binding| {
        let mut all: Vec<(String, String)> = b
            .uses
            .iter()
            .filter(|u| u.implicit && u.mode == Mode::Join && u.through_view.is_none())
            .filter_map(|u| match &u.column {
                ColumnRef::Named(name) => Some((u.table.clone(), name.to_lowercase())),
                _ => None,
            })
            .collect();
        all.sort();
        all.dedup();
        all
    };
    let (was, is) = (joined(before), joined(after));
    let differing = is.iter().filter(|c| !was.contains(c)).chain(was.iter().filter(|c| !is.contains(c))).next();
    let Some((table, column)) = differing else { return Vec::new() };
    let what = if is.len() > was.len() { "now also compares" } else { "no longer compares" };
    let mut explanation = cx.explain(before, Effect::ChangesResult, format!("The natural join {what} {column}, so other rows match."));
    explanation.object = Some(cx.column_ref(&crate::model::object::ObjectName::new("", table.clone()), column));
    explanation.change = cx.last_change(|c| {
        matches!(c.op, ChangeOp::AddColumn | ChangeOp::DropColumn | ChangeOp::RenameColumn)
            && [c.object.column.as_deref(), c.new_name.as_ref().map(|n| n.name.as_str())]
                .into_iter()
                .flatten()
                .any(|n| n.eq_ignore_ascii_case(column))
    });
    vec![explanation]
}
