//! An upsert that meets other unique keys.

use super::Rule;
use crate::impact::constraints::{added_unique_keys, lost_unique_keys};
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::impact::writes::write_pairs;
use crate::model::change::Change;
use crate::model::change::ChangeOp;
use crate::model::finding::Effect;
use crate::model::object::ObjectKind;
use crate::sql::ast::StatementKind;
use crate::sql::bind::binding::Binding;
use crate::sql::bind::binding::WriteKind;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "conflict-handling-changed",
        title: "REPLACE, IGNORE or an upsert without target meets other unique keys",
        why: "REPLACE, INSERT IGNORE, ON DUPLICATE KEY UPDATE and ON CONFLICT without a target act on any unique key. With a key more, other rows are replaced or skipped; with a key less, duplicates are stored.",
        fix: "Name the conflict target, or check what the statement should do with the new key.",
        misses: "",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    if after.error.is_some() || before.error.is_some() {
        return Vec::new();
    }
    let StatementKind::Insert(insert) = &cx.input.statement.kind else { return Vec::new() };
    let any_key = insert.replace
        || insert.ignore
        || insert.on_conflict.as_ref().is_some_and(|c| c.duplicate_key || (c.target.is_empty() && c.constraint.is_none()));
    if !any_key {
        return Vec::new();
    }
    let mut found = Vec::new();
    for pair in write_pairs(cx, before, after).iter().filter(|p| p.write.kind == WriteKind::Insert) {
        let added = added_unique_keys(pair.old, pair.new, cx.dialect());
        let lost = lost_unique_keys(pair.old, pair.new, cx.dialect());
        let (key, what) = match (added.first(), lost.first()) {
            (_, Some(key)) => (key, "no longer meets a conflict on"),
            (Some(key), None) => (key, "now also meets conflicts on"),
            (None, None) => continue,
        };
        let mut explanation = cx.explain(
            before,
            Effect::ChangesResult,
            format!("This {} {what} {} ({}).", cx.verb(), cx.shown(&pair.new.name), key.keys.join(", ")),
        );
        explanation.object = Some(cx.part_ref(ObjectKind::Constraint, &pair.new.name, &key.name));
        let ops = [ChangeOp::AddConstraint, ChangeOp::DropConstraint, ChangeOp::CreateIndex, ChangeOp::DropIndex, ChangeOp::CreateTable];
        explanation.change = cx.change_to(&ops, Some(key.id)).or_else(|| cx.any_change_of_table(Some(pair.new.id), &pair.new.name.name));
        explanation.span = insert.on_conflict.as_ref().map_or(pair.write.span, |c| c.span);
        found.push(explanation);
    }
    found
}
