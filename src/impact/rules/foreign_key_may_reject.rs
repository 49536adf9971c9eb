//! A new foreign key, seen from the table that refers.

use super::Rule;
use crate::impact::constraints::foreign_keys;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::impact::literals::Value;
use crate::impact::writes::write_pairs;
use crate::model::change::Change;
use crate::model::change::ChangeOp;
use crate::model::finding::Effect;
use crate::model::object::ObjectKind;
use crate::sql::bind::binding::Binding;
use crate::sql::bind::binding::WriteKind;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "foreign-key-may-reject",
        title: "A new foreign key can refuse a write",
        why: "The row that is referred to must exist when the referring row is stored.",
        fix: "Make sure the code writes parents before children, and clean up orphans, before the constraint is added.",
        misses: "",
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
    for pair in write_pairs(cx, before, after).iter().filter(|p| matches!(p.write.kind, WriteKind::Insert | WriteKind::Update)) {
        let had = foreign_keys(cx.pairing.before, pair.old);
        for key in foreign_keys(cx.pairing.after, pair.new)
            .iter()
            .filter(|k| !had.iter().any(|h| h.columns == k.columns && h.references == k.references))
        {
            let null = key
                .columns
                .iter()
                .any(|c| (pair.write.kind == WriteKind::Insert || pair.written(cx, c).is_some()) && pair.value(cx, c) == Value::Null);
            if null || !pair.touches(cx, &key.columns) {
                continue;
            }
            let mut explanation = cx.explain(
                before,
                Effect::MayBreak,
                format!(
                    "The new foreign key {} refuses this {} where {} has no row with that {}.",
                    key.name,
                    pair.verb(),
                    cx.shown(&key.parent),
                    key.references.join(", ")
                ),
            );
            explanation.object = Some(cx.part_ref(ObjectKind::Constraint, &pair.new.name, &key.name));
            explanation.change = cx
                .change_to(&[ChangeOp::AddConstraint], Some(key.id))
                .or_else(|| cx.any_change_of_table(Some(pair.new.id), &pair.new.name.name));
            explanation.span = pair.span_of(cx, &key.columns);
            found.push(explanation);
        }
    }
    found
}
