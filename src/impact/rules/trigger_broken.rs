//! A trigger of a written table that no longer works.

use super::Rule;
use crate::impact::bodies::of_trigger;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::impact::triggers::fires;
use crate::impact::writes::write_pairs;
use crate::model::change::Change;
use crate::model::change::ChangeOp;
use crate::model::finding::Effect;
use crate::model::object::ObjectKind;
use crate::sql::bind::binding::Binding;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "trigger-broken",
        title: "A trigger of the written table no longer works",
        why: "The engine does not follow the names in a trigger body: when a column or table that it names goes, every write that fires it fails, though the statement never names it.",
        fix: "Change or drop the trigger in the same migration.",
        misses: "Names in SQL that a body puts together at run time.",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    if after.error.is_some() || before.error.is_some() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for pair in &write_pairs(cx, before, after) {
        for trigger in pair.new.triggers.iter().filter(|t| fires(cx, t, pair.write)) {
            let fresh = !pair.old.triggers.iter().any(|t| t.name == trigger.name);
            let Some(inside) =
                of_trigger(cx, pair.write.kind, (pair.old, pair.new), trigger, fresh).filter(|b| b.effect >= Effect::MayBreak)
            else {
                continue;
            };
            let mut explanation = cx.explain(
                before,
                inside.effect,
                format!(
                    "Trigger {} on {}, which this {} fires, no longer works: {}.",
                    trigger.name,
                    cx.shown(&pair.new.name),
                    pair.verb(),
                    inside.reason
                ),
            );
            explanation.object = Some(cx.part_ref(ObjectKind::Trigger, &pair.new.name, &trigger.name));
            explanation.change = inside
                .change
                .or_else(|| cx.change_of_table(&[ChangeOp::DropColumn, ChangeOp::RenameColumn], Some(pair.new.id), &pair.new.name.name));
            explanation.span = pair.write.span;
            explanation.confidence = explanation.confidence.min(90);
            found.push(explanation);
        }
    }
    found
}
