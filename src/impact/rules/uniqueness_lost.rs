//! A lookup that found at most one row can find several.

use super::Rule;
use crate::impact::constraints::lost_unique_keys;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::impact::operations::{Operation, operands};
use crate::impact::visit::{queries, roots};
use crate::model::change::Change;
use crate::model::change::ChangeOp;
use crate::model::finding::Effect;
use crate::model::span::Span;
use crate::sql::ast::ExprKind;
use crate::sql::bind::binding::Binding;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "uniqueness-lost",
        title: "A lookup can find several rows now",
        why: "Without the unique constraint several rows can have the same key. A scalar subquery fails on the second one, a count and a join give more.",
        fix: "Keep the constraint, or make the code expect several rows.",
        misses: "",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    if before.error.is_some() || after.error.is_some() {
        return Vec::new();
    }
    let found = operands(cx, before, after);
    let mut explanations = Vec::new();
    let mut tables: Vec<_> = found.iter().map(|o| (o.old.0, o.new.0)).collect();
    // What keys a view keeps is not known.
    tables.retain(|(_, new)| new.view().is_none());
    tables.dedup_by_key(|t| t.0.id);
    for (old, new) in tables {
        for key in lost_unique_keys(old, new, cx.dialect()).iter().filter(|k| k.plain && !k.deferrable) {
            let at = |name: &String| {
                found.iter().find(|o| {
                    o.old.0.id == old.id && matches!(o.operation, Operation::Equality(_)) && cx.dialect().same_column(&o.old.1.name, name)
                })
            };
            let places: Vec<Span> = key.keys.iter().filter_map(at).map(|o| o.span).collect();
            if places.len() != key.keys.len() || !reads(before) {
                continue;
            }
            let scalar = places.first().is_some_and(|p| in_scalar_subquery(cx, *p));
            let effect = if scalar { Effect::MayBreak } else { Effect::ChangesResult };
            let columns = key.keys.join(", ");
            let mut explanation =
                cx.explain(before, effect, format!("{} no longer has at most one row per {columns}.", cx.shown(&old.name)));
            explanation.object = Some(cx.part_ref(crate::model::object::ObjectKind::Constraint, &old.name, &key.name));
            let drops = [ChangeOp::DropConstraint, ChangeOp::DropIndex];
            explanation.change = cx.change_to(&drops, Some(key.id)).or_else(|| cx.any_change_of_table(Some(old.id), &old.name.name));
            explanation.span = places.first().copied().unwrap_or_default();
            explanation.confidence = explanation.confidence.min(80);
            explanations.push(explanation);
        }
    }
    explanations
}

fn reads(binding: &Binding) -> bool {
    binding.writes.is_empty() && binding.outputs.is_some()
}

/// Whether a place lies in a subquery that must give one value.
fn in_scalar_subquery(cx: &Context, place: Span) -> bool {
    let mut found = false;
    roots(cx.input.statement, &mut |_, expr| {
        let mut open = vec![expr];
        while let Some(e) = open.pop() {
            if matches!(e.kind, ExprKind::Subquery(_)) && queries(e).is_some_and(|q| q.limit.is_empty()) && e.span.covers(place) {
                found = true;
            }
            e.each_child(&mut |c| open.push(c));
        }
    });
    found
}
