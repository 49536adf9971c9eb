//! A field that cannot hold a NULL, whose column may deliver one now.

use super::{Definition, Rule};
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::model::change::ChangeOp;
use crate::model::finding::Effect;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        in: "definitions",
        source: "schema.prisma",
        id: "field-cannot-hold-null",
        title: "A column can be NULL now, and its field cannot",
        why: "Reading a NULL into a field that is neither a pointer nor a nullable type is an error of the driver (database/sql: \"converting NULL to string is unsupported\").",
        fix: "Give the field a type that holds NULL (sql.NullString, *string) and deploy that before the migration.",
        misses: "Whether any writer really stores a NULL.",
    },
    explain,
};

fn explain(cx: &Context, definition: &Definition) -> Vec<Explanation> {
    let Some((field, (_, old), (table, new))) = definition.field(cx) else { return Vec::new() };
    if !field.refuses_null || old.nullable || !new.nullable {
        return Vec::new();
    }
    let object = cx.column_ref(&table.name, &new.name);
    let message = format!("{object} can be NULL after the migration, and this field cannot hold it: reading such a row fails.");
    let mut explanation = cx.explain(definition.before, Effect::MayBreak, message);
    let ops = [ChangeOp::DropNotNull, ChangeOp::AlterColumn, ChangeOp::AlterType, ChangeOp::CreateTable];
    explanation.change = cx.change_of_column(&ops, Some(old.id), &table.name.name, &new.name);
    explanation.object = Some(object);
    explanation.span = definition.named.span;
    vec![explanation]
}
