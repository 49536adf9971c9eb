//! A trigger of a written table that comes, goes or does something else.

use super::Rule;
use crate::impact::constraints::squeeze;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::impact::lost::is_table;
use crate::impact::triggers::{body, fires};
use crate::impact::writes::write_pairs;
use crate::model::change::Change;
use crate::model::change::ChangeOp;
use crate::model::finding::Effect;
use crate::model::object::ObjectKind;
use crate::sql::bind::binding::Binding;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "trigger-changed",
        title: "A write fires other triggers",
        why: "A trigger can change or skip the row that is written, and write elsewhere.",
        fix: "Check what the writers rely on.",
        misses: "What a trigger does to the row is not computed.",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    if after.error.is_some() || before.error.is_some() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for pair in &write_pairs(cx, before, after) {
        let is: Vec<_> = pair.new.triggers.iter().filter(|t| fires(cx, t, pair.write)).collect();
        let was: Vec<_> = pair.old.triggers.iter().filter(|t| fires(cx, t, pair.write)).collect();
        let come = is.iter().find(|t| !was.iter().any(|w| w.name == t.name)).map(|t| (*t, "is new and acts on"));
        let gone = was.iter().find(|t| !is.iter().any(|w| w.name == t.name)).map(|t| (*t, "no longer acts on"));
        let other = is.iter().find(|t| {
            was.iter().any(|w| {
                w.name == t.name
                    && (squeeze(body(cx.pairing.before, w)) != squeeze(body(cx.pairing.after, t))
                        || w.timing != t.timing
                        || w.when != t.when)
            })
        });
        let Some((trigger, what)) = come.or(gone).or(other.map(|t| (*t, "does something else with"))) else { continue };
        let mut explanation = cx.explain(
            before,
            Effect::ChangesResult,
            format!("Trigger {} {what} rows that this {} writes to {}.", trigger.name, pair.verb(), cx.shown(&pair.new.name)),
        );
        explanation.object = Some(cx.part_ref(ObjectKind::Trigger, &pair.new.name, &trigger.name));
        let ops = [ChangeOp::CreateTrigger, ChangeOp::DropTrigger, ChangeOp::AlterTrigger];
        explanation.change = cx
            .change_to(&ops, Some(trigger.id))
            .or_else(|| cx.change_of_name(&ops, &trigger.name))
            .or_else(|| cx.last_change(|c| c.op == ChangeOp::ReplaceFunction));
        explanation.span = pair.write.span;
        found.push(explanation);
    }
    // A view that takes the place of a table hands writes to its INSTEAD OF triggers.
    for used in after.uses.iter().filter(|u| is_table(u) && u.mode == crate::model::statement::Mode::Write && !u.span.is_empty()) {
        let Some(view) = used.id.and_then(|id| cx.pairing.table_after(id)).filter(|t| t.view().is_some()) else { continue };
        let was_table =
            cx.use_at(before, used.span).and_then(|u| u.id).and_then(|id| cx.pairing.table_before(id)).is_some_and(|t| t.view().is_none());
        let Some(trigger) = view.triggers.iter().find(|t| t.timing == "instead of").filter(|_| was_table) else { continue };
        let mut explanation = cx.explain(
            before,
            Effect::ChangesResult,
            format!(
                "{} is a view now; trigger {} writes in its place, and the count of changed rows differs.",
                cx.shown(&view.name),
                trigger.name
            ),
        );
        explanation.object = Some(cx.part_ref(ObjectKind::Trigger, &view.name, &trigger.name));
        explanation.change = cx.change_to(&[ChangeOp::CreateTrigger], Some(trigger.id));
        explanation.span = used.span;
        found.push(explanation);
    }
    found
}
