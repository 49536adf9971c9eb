//! A type is still named.

use super::Rule;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::model::change::Change;
use crate::model::change::ChangeOp;
use crate::sql::bind::binding::BindErrorKind;
use crate::sql::bind::binding::Binding;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "dropped-type-still-named",
        title: "A dropped, renamed or moved type is still named",
        why: "A cast names its type; the engine resolves that name each time.",
        fix: "Leave out the cast, or keep the old type until no code names it.",
        misses: "",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    let Some((error, mut explanation)) = cx.on_error(before, after, &[BindErrorKind::UnknownType]) else { return Vec::new() };
    let ops = [
        ChangeOp::DropType,
        ChangeOp::RenameType,
        ChangeOp::MoveTable,
        ChangeOp::DropExtension,
        ChangeOp::DropSchema,
        ChangeOp::RenameSchema,
    ];
    explanation.change = cx.last_change(|c| ops.contains(&c.op)).or(explanation.change);
    explanation.message = format!("Type {} can no longer be found{}.", error.span.slice(cx.input.text), cx.says(error));
    vec![explanation]
}
