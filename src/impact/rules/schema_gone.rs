//! A schema or database that is named is gone.

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
        id: "schema-gone",
        title: "A schema or database is still named",
        why: "A qualified name needs its schema.",
        fix: "Move the code first, or keep views in the old schema.",
        misses: "",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    let Some((error, mut explanation)) = cx.on_error(before, after, &[BindErrorKind::UnknownSchema]) else { return Vec::new() };
    explanation.change = cx.last_change(|c| matches!(c.op, ChangeOp::RenameSchema | ChangeOp::DropSchema)).or(explanation.change);
    explanation.message = format!("The schema of {} is gone{}.", error.span.slice(cx.input.text), cx.says(error));
    vec![explanation]
}
