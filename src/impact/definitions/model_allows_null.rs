//! A field that may be without a value, whose column must have one now.

use super::{Definition, Rule};
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::model::change::ChangeOp;
use crate::model::finding::Effect;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        in: "definitions",
        source: "models.py",
        id: "model-allows-null",
        title: "A field may be empty, and its column is NOT NULL now",
        why: "The model lets a row be saved without a value; after the migration the database refuses that row.",
        fix: "Make the field required (or give it a default) and deploy that before the migration.",
        misses: "Whether some code really saves a row without the value.",
    },
    explain,
};

fn explain(cx: &Context, definition: &Definition) -> Vec<Explanation> {
    let Some((field, (_, old), (table, new))) = definition.field(cx) else { return Vec::new() };
    if field.nullable != Some(true) || field.has_default || !old.nullable || new.has_value_when_omitted() {
        return Vec::new();
    }
    let object = cx.column_ref(&table.name, &new.name);
    let message = format!("{object} becomes NOT NULL, and this field may be without a value: saving such a row fails.");
    let mut explanation = cx.explain(definition.before, Effect::MayBreak, message);
    let ops = [ChangeOp::SetNotNull, ChangeOp::AddConstraint, ChangeOp::AlterColumn, ChangeOp::AlterType, ChangeOp::CreateTable];
    explanation.change = cx.change_of_column(&ops, Some(old.id), &table.name.name, &new.name);
    explanation.object = Some(object);
    explanation.confidence = cx.confidence_of(definition.before, old);
    explanation.span = definition.named.span;
    vec![explanation]
}
