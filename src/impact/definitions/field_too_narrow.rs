//! A field for smaller whole numbers than its column holds now.

use super::{Definition, Rule};
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::impact::narrowing::integer_bits;
use crate::model::change::ChangeOp;
use crate::model::finding::Effect;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        in: "definitions",
        source: "schema.prisma",
        id: "field-too-narrow",
        title: "A column holds larger numbers than its field",
        why: "A value beyond the field's range cannot be read: the driver or client reports it as out of range, or cuts it.",
        fix: "Widen the field (int64, BigInt) and deploy that before rows with large values are written.",
        misses: "Whether values beyond the field's range are ever written.",
    },
    explain,
};

fn explain(cx: &Context, definition: &Definition) -> Vec<Explanation> {
    let Some((field, (_, old), (table, new))) = definition.field(cx) else { return Vec::new() };
    let (Some(held), Some(was), Some(is)) = (field.integer_bits, integer_bits(&old.ty), integer_bits(&new.ty)) else { return Vec::new() };
    if is <= was || is <= held {
        return Vec::new();
    }
    let object = cx.column_ref(&table.name, &new.name);
    let message = format!("{object} is {} after the migration, and this field holds {held} bits: larger values cannot be read.", new.ty);
    let mut explanation = cx.explain(definition.before, Effect::MayBreak, message);
    let ops = [ChangeOp::AlterType, ChangeOp::AlterColumn, ChangeOp::CreateTable];
    explanation.change = cx.change_of_column(&ops, Some(old.id), &table.name.name, &new.name);
    explanation.object = Some(object);
    explanation.span = definition.named.span;
    vec![explanation]
}
