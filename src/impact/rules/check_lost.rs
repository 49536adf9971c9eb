//! Values that a CHECK kept out can appear.

use super::Rule;
use crate::impact::constraints::lost_checks;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::model::change::Change;
use crate::model::change::ChangeOp;
use crate::model::finding::Effect;
use crate::model::object::ObjectKind;
use crate::model::schema::ConstraintKind;
use crate::model::statement::{ColumnRef, Mode};
use crate::sql::bind::binding::Binding;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "check-lost",
        title: "Values that a check kept out can appear now",
        why: "Code that computes with a column may rely on what its CHECK constraint promised.",
        fix: "Keep the constraint, or make readers cope with any value.",
        misses: "Whether the code relies on the promise is not known.",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    if before.error.is_some() || after.error.is_some() || !before.writes.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for used in before.uses.iter().filter(|u| u.kind == ObjectKind::Column && u.mode == Mode::Read) {
        let ColumnRef::Named(name) = &used.column else { continue };
        let Some((old, _)) = used.id.and_then(|id| cx.pairing.column_before(id)) else { continue };
        let Some(new) = cx.pairing.table_after(old.id) else { continue };
        for check in lost_checks(old, new) {
            let ConstraintKind::Check { columns, .. } = &check.kind else { continue };
            let Some(change) = cx
                .change_to(&[ChangeOp::DropConstraint], Some(check.id))
                .filter(|_| columns.iter().any(|c| cx.dialect().same_column(c, name)))
            else {
                continue;
            };
            let mut explanation =
                cx.explain(before, Effect::ChangesResult, format!("{} can hold values that {} refused.", cx.object_of(used), check.name));
            explanation.object = Some(cx.object_of(used));
            explanation.change = Some(change);
            explanation.span = used.span;
            explanation.confidence = explanation.confidence.min(60);
            found.push(explanation);
        }
    }
    found
}
