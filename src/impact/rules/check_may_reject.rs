//! A new CHECK or EXCLUDE constraint.

use super::Rule;
use crate::impact::constraints::added_checks;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::impact::literals::{Truth, holds};
use crate::impact::writes::write_pairs;
use crate::model::change::Change;
use crate::model::change::ChangeOp;
use crate::model::finding::Effect;
use crate::model::object::ObjectKind;
use crate::model::schema::ConstraintKind;
use crate::sql::bind::binding::Binding;
use crate::sql::bind::binding::WriteKind;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "check-may-reject",
        title: "A new check can refuse a write",
        why: "A CHECK constraint refuses a row for which its condition is false, an EXCLUDE constraint one that overlaps another row. A CHECK that is NOT VALID lets old rows be, but refuses every UPDATE of one that violates it.",
        fix: "Change the writers so that they store only allowed values, then add the constraint.",
        misses: "Conditions on values that are not in the statement.",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    if after.error.is_some() || before.error.is_some() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for pair in write_pairs(cx, before, after).iter().filter(|p| matches!(p.write.kind, WriteKind::Insert | WriteKind::Update)) {
        for constraint in added_checks(pair.old, pair.new) {
            let (columns, condition) = match &constraint.kind {
                ConstraintKind::Check { expr, columns } => (columns, Some(expr)),
                ConstraintKind::Exclude { columns, .. } => (columns, None),
                _ => continue,
            };
            let touches = pair.touches(cx, columns) || columns.is_empty();
            let any_update = constraint.not_valid && pair.write.kind == WriteKind::Update;
            if !touches && !any_update {
                continue;
            }
            let truth = condition.filter(|_| touches).map_or(Truth::Open, |c| holds(c, cx.dialect(), &|name| pair.value(cx, name)));
            let effect = match truth {
                Truth::True | Truth::Null => continue,
                Truth::False => Effect::Breaks,
                Truth::Open => Effect::MayBreak,
            };
            let demand = condition.map_or_else(|| "no two rows overlap".to_string(), |c| c.clone());
            let message = if touches {
                format!(
                    "The new constraint {} on {} lets this {} store only rows with {demand}.",
                    constraint.name,
                    cx.shown(&pair.new.name),
                    pair.verb()
                )
            } else {
                format!(
                    "Rows of {} that violate the new constraint {} can no longer be updated.",
                    cx.shown(&pair.new.name),
                    constraint.name
                )
            };
            let mut explanation = cx.explain(before, effect, message);
            explanation.object = Some(cx.part_ref(ObjectKind::Constraint, &pair.new.name, &constraint.name));
            explanation.change = cx
                .change_to(&[ChangeOp::AddConstraint, ChangeOp::AlterConstraint], Some(constraint.id))
                .or_else(|| cx.any_change_of_table(Some(pair.new.id), &pair.new.name.name));
            explanation.span = pair.span_of(cx, columns);
            found.push(explanation);
        }
    }
    found
}
