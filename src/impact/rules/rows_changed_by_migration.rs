//! Rows that the migration itself changes or removes.

use super::Rule;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::impact::lost::is_table;
use crate::model::change::Change;
use crate::model::change::ChangeOp;
use crate::model::finding::Effect;
use crate::model::object::ObjectKind;
use crate::model::statement::{ColumnRef, Mode, StatementKind};
use crate::sql::bind::binding::Binding;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "rows-changed-by-migration",
        title: "The migration changes or removes rows that are read",
        why: "UPDATE, DELETE and TRUNCATE in a migration change what readers see: which rows they choose, or that none are left.",
        fix: "Check that readers expect the new values.",
        misses: "Rows that a procedural block changes; INSERT is not reported. Of code only what chooses rows by values that change is reported, and what reads a table that is emptied: values that it merely delivers change at any time.",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, changes: &[Change]) -> Vec<Explanation> {
    if after.error.is_some() || before.error.is_some() {
        return Vec::new();
    }
    // a definition or an attribute holds whatever the rows do
    if matches!(cx.input.kind, StatementKind::Model | StatementKind::Use) {
        return Vec::new();
    }
    // a script has no reader of its own: that its result changes is all there is to say
    let in_code = cx.input.kind != StatementKind::SqlFile;
    let mut found = Vec::new();
    for (i, change) in changes.iter().enumerate() {
        let table = change.table.or(change.id);
        let Some(old) = table.and_then(|id| cx.pairing.table_before(id)) else { continue };
        let used = match change.op {
            // rows that are chosen by a condition go as those do that the services delete
            ChangeOp::DeleteRows if in_code && change.before.is_some() => None,
            ChangeOp::Truncate | ChangeOp::DeleteRows => {
                before.uses.iter().find(|u| u.mode != Mode::Write && is_table(u) && u.id == Some(old.id))
            }
            ChangeOp::UpdateRows => before.uses.iter().find(|u| {
                let ColumnRef::Named(name) = &u.column else { return false };
                let chooses = !matches!(u.mode, Mode::Read | Mode::Write | Mode::Define);
                let concerned = if in_code { chooses } else { u.mode != Mode::Write };
                concerned && u.kind == ObjectKind::Column && u.table_id == Some(old.id) && updated(cx, change, name)
            }),
            _ => None,
        };
        let Some(used) = used else { continue };
        let what = if change.op == ChangeOp::UpdateRows { "changes values of" } else { "removes rows of" };
        let mut explanation = cx.explain(
            before,
            Effect::ChangesResult,
            format!("The migration {what} {}, which this {} reads.", cx.object_of(used), cx.verb()),
        );
        explanation.object = Some(cx.object_of(used));
        explanation.change = Some(i);
        explanation.span = used.span;
        explanation.confidence = explanation.confidence.min(80);
        found.push(explanation);
    }
    found
}

/// Whether an UPDATE of the migration stores into a column.
fn updated(cx: &Context, change: &Change, column: &str) -> bool {
    let stored = change.after.as_deref().unwrap_or("");
    change.object.column.as_deref().into_iter().chain(stored.split(',').map(str::trim)).any(|c| cx.dialect().same_column(c, column))
}
