//! An index that a statement demands by name is gone.

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
        id: "dropped-index-hint",
        title: "A statement demands an index that is gone",
        why: "USE INDEX, FORCE INDEX, INDEXED BY, CLUSTER and MATCH ... AGAINST need the very index; without it they are an error, not a slow query.",
        fix: "Remove the hint before the index goes.",
        misses: "",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    let Some((error, mut explanation)) = cx.on_error(before, after, &[BindErrorKind::UnknownIndex]) else { return Vec::new() };
    let drops = [ChangeOp::DropIndex, ChangeOp::RenameIndex, ChangeOp::AlterIndex];
    explanation.change = cx
        .change_of_name(&drops, error.span.slice(cx.input.text))
        .or_else(|| cx.last_change(|c| drops.contains(&c.op)))
        .or(explanation.change);
    explanation.message = format!("The index that this {} demands is gone{}.", cx.verb(), cx.says(error));
    vec![explanation]
}
