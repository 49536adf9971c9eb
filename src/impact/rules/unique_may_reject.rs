//! A new unique constraint.

use super::Rule;
use crate::impact::constraints::{UniqueKey, added_unique_keys, squeeze};
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::impact::literals::Value;
use crate::impact::writes::{WritePair, write_pairs};
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
        id: "unique-may-reject",
        title: "A new unique constraint can refuse a write",
        why: "A unique constraint or index refuses a row whose key exists already. An UPDATE of several rows to one value collides with itself.",
        fix: "Make the writers handle the duplicate (ON CONFLICT, or the error) before the constraint is added.",
        misses: "",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    if after.error.is_some() || before.error.is_some() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for pair in write_pairs(cx, before, after).iter().filter(|p| p.write.kind != WriteKind::Insert || !any_conflict_tolerated(cx)) {
        for key in added_unique_keys(pair.old, pair.new, cx.dialect()) {
            let columns = columns(&key, pair);
            if !pair.touches(cx, &columns) || never_collides(cx, pair, &key) || is_arbiter(cx, &key) {
                continue;
            }
            let what = if key.primary { "primary key" } else { "unique constraint" };
            let on = key.keys.join(", ");
            let mut explanation = cx.explain(
                before,
                Effect::MayBreak,
                format!(
                    "The new {what} on {} ({on}) refuses this {} where the value exists already.",
                    cx.shown(&pair.new.name),
                    pair.verb()
                ),
            );
            explanation.object = Some(cx.part_ref(ObjectKind::Constraint, &pair.new.name, &key.name));
            let ops = [ChangeOp::AddConstraint, ChangeOp::CreateIndex, ChangeOp::AlterConstraint];
            explanation.change = cx
                .change_to(&ops, Some(key.id))
                .or_else(|| cx.change_of_name(&ops, &key.name))
                .or_else(|| cx.any_change_of_table(Some(pair.new.id), &pair.new.name.name));
            explanation.span = pair.span_of(cx, &columns);
            found.push(explanation);
        }
    }
    found
}

/// The columns of a key; for expressions, those that they mention.
fn columns(key: &UniqueKey, pair: &WritePair) -> Vec<String> {
    if key.plain {
        return key.keys.clone();
    }
    let text = key.keys.join(" ").to_lowercase();
    let words: Vec<&str> = text.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
    pair.new.columns.iter().filter(|c| words.contains(&c.name.to_lowercase().as_str())).map(|c| c.name.clone()).collect()
}

/// A key with a NULL in it collides with nothing, and a key that the engine numbers itself neither.
fn never_collides(cx: &Context, pair: &WritePair, key: &UniqueKey) -> bool {
    if !key.plain || pair.write.kind != WriteKind::Insert {
        return key.plain
            && !key.nulls_equal
            && !key.primary
            && key.keys.iter().any(|c| pair.written(cx, c).is_some() && pair.value(cx, c) == Value::Null);
    }
    key.keys.iter().any(|c| {
        let column = pair.new.column(cx.dialect(), c);
        let numbered = pair.omits(cx, c) && column.is_some_and(|c| c.auto_increment || c.identity.is_some());
        numbered || (!key.primary && !key.nulls_equal && pair.value(cx, c) == Value::Null)
    })
}

/// ON CONFLICT without a target, IGNORE, REPLACE: no unique key refuses the row.
fn any_conflict_tolerated(cx: &Context) -> bool {
    let StatementKind::Insert(insert) = &cx.input.statement.kind else { return false };
    let conflict = insert.on_conflict.as_ref();
    insert.replace || insert.ignore || conflict.is_some_and(|c| c.duplicate_key || (c.target.is_empty() && c.constraint.is_none()))
}

/// ON CONFLICT names this key as the one that it is about.
fn is_arbiter(cx: &Context, key: &UniqueKey) -> bool {
    let StatementKind::Insert(insert) = &cx.input.statement.kind else { return false };
    let Some(conflict) = &insert.on_conflict else { return false };
    if let Some(constraint) = &conflict.constraint {
        return constraint.value == key.name;
    }
    let named: Vec<String> = conflict.target.iter().map(|e| squeeze(e.span.slice(cx.input.text)).to_lowercase()).collect();
    !named.is_empty() && named.len() == key.keys.len() && key.keys.iter().all(|k| named.contains(&k.to_lowercase()))
}
