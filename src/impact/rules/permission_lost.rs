//! A privilege that the statement needs is missing.

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
        id: "permission-lost",
        title: "The role lacks a privilege that the statement needs",
        why: "Privileges belong to the object: REVOKE takes them, and a new table or view under an old name has none.",
        fix: "Grant the privileges on the new object in the same migration.",
        misses: "Only roles that the session sets (SET ROLE) are known.",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    let Some((error, mut explanation)) = cx.on_error(before, after, &[BindErrorKind::Permission]) else { return Vec::new() };
    let ops = [ChangeOp::Revoke, ChangeOp::CreateView, ChangeOp::CreateTable, ChangeOp::ReplaceFunction, ChangeOp::RowSecurity];
    explanation.change = cx.last_change(|c| ops.contains(&c.op)).or(explanation.change);
    explanation.message = format!("The role of the session may no longer run this {}{}.", cx.verb(), cx.says(error));
    vec![explanation]
}
