//! A new or changed foreign key, seen from the table that is referred to.

use super::Rule;
use crate::impact::constraints::ForeignKey;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::impact::writes::write_pairs;
use crate::model::change::Change;
use crate::model::change::ChangeOp;
use crate::model::dialect::Engine;
use crate::model::finding::Effect;
use crate::model::object::ObjectKind;
use crate::sql::bind::binding::Binding;
use crate::sql::bind::binding::WriteKind;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "referenced-row-guarded",
        title: "Deleting or changing a referenced row has other consequences",
        why: "A foreign key refuses to delete a row that others refer to, or deletes and changes these too (ON DELETE CASCADE, SET NULL). TRUNCATE of a referenced table is refused.",
        fix: "Check what the code that deletes parents expects of the children.",
        misses: "Chains of cascades are not followed.",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    if after.error.is_some() || before.error.is_some() {
        return Vec::new();
    }
    if !cx.enforces_foreign_keys() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for pair in write_pairs(cx, before, after).iter().filter(|p| p.write.kind != WriteKind::Insert) {
        let references = cx.pairing.references_changed(pair.old, pair.new);
        let truncated = |id| after.writes.iter().any(|w| w.kind == WriteKind::Truncate && w.table_id == Some(id));
        for (key, old) in &references.now {
            // a table that the migration makes has no rows that code knew of
            let made = cx.change_to(&[ChangeOp::CreateTable], Some(key.child_id)).is_some();
            if made && matches!(action_of(key, &pair.write.kind), "cascade" | "set null" | "set default") {
                continue;
            }
            let (effect, what) = match pair.write.kind {
                WriteKind::Truncate if old.is_none() && !truncated(key.child_id) && !cascades(cx) && cx.engine() != Engine::Sqlite => {
                    (Effect::Breaks, "refuses to truncate a table that others refer to")
                }
                WriteKind::Delete if old.as_ref().is_none_or(|o| o.on_delete != key.on_delete) => consequence(&key.on_delete),
                WriteKind::Update if pair.touches(cx, &key.references) && old.as_ref().is_none_or(|o| o.on_update != key.on_update) => {
                    consequence(&key.on_update)
                }
                _ => continue,
            };
            let name = if key.name.is_empty() { String::new() } else { format!(" {}", key.name) };
            let mut explanation = cx.explain(before, effect, format!("Foreign key{name} of {} {what}.", cx.shown(&key.child)));
            explanation.object = Some(cx.part_ref(ObjectKind::Constraint, &key.child, &key.name));
            explanation.change = cx
                .change_to(&[ChangeOp::AddConstraint, ChangeOp::CreateTable], Some(key.id))
                .or_else(|| cx.any_change_of_table(Some(key.child_id), &key.child.name));
            explanation.span = pair.span_of(cx, &key.references);
            found.push(explanation);
        }
        for key in &references.gone {
            let action = match pair.write.kind {
                WriteKind::Delete => &key.on_delete,
                WriteKind::Update if pair.touches(cx, &key.references) => &key.on_update,
                _ => continue,
            };
            let alive = cx.pairing.table_after(key.child_id).is_some();
            if !alive || !matches!(action.as_str(), "cascade" | "set null" | "set default") {
                continue;
            }
            let mut explanation = cx.explain(
                before,
                Effect::ChangesResult,
                format!("Rows of {} are no longer changed along with the rows that they refer to.", cx.shown(&key.child)),
            );
            explanation.object = Some(cx.part_ref(ObjectKind::Constraint, &key.child, &key.name));
            explanation.change = cx
                .change_to(&[ChangeOp::DropConstraint], Some(key.id))
                .or_else(|| cx.any_change_of_table(Some(key.child_id), &key.child.name));
            explanation.span = pair.write.span;
            found.push(explanation);
        }
    }
    found
}

/// The action of a foreign key when its parent is written so.
fn action_of<'k>(key: &'k ForeignKey, write: &WriteKind) -> &'k str {
    if *write == WriteKind::Update { &key.on_update } else { &key.on_delete }
}

/// What an action means to the statement that deletes or changes the parent.
fn consequence(action: &str) -> (Effect, &'static str) {
    match action {
        "cascade" => (Effect::ChangesResult, "takes the rows that refer along"),
        "set null" => (Effect::ChangesResult, "sets the rows that refer to NULL"),
        "set default" => (Effect::ChangesResult, "sets the rows that refer to their default"),
        _ => (Effect::MayBreak, "refuses this where a row refers to it"),
    }
}

/// TRUNCATE ... CASCADE.
fn cascades(cx: &Context) -> bool {
    matches!(&cx.input.statement.kind, crate::sql::ast::StatementKind::Truncate { cascade: true, .. })
}
