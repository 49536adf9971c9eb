//! Operand types that have no operator or function after the migration.

use super::Rule;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::model::change::Change;
use crate::model::change::ChangeOp;
use crate::sql::bind::binding::Binding;
use crate::sql::bind::binding::{BindError, BindErrorKind};

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "type-no-longer-fits",
        title: "An operation has no meaning for the new type of a column",
        why: "Operators and functions are chosen by the types of their operands. After a change of type there may be none, and the engine does not convert by itself.",
        fix: "Cast in the statement so that it works with both types, deploy that, then change the type.",
        misses: "",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    let kinds = [BindErrorKind::TypeMismatch, BindErrorKind::UnknownFunction, BindErrorKind::InvalidLiteral];
    let Some((error, mut explanation)) = cx.on_error(before, after, &kinds) else { return Vec::new() };
    let change = retyped(cx, before, error);
    // Where no column in the expression changed, the literal's own type did.
    if error.kind == BindErrorKind::InvalidLiteral && change.is_none() {
        return Vec::new();
    }
    explanation.change = change.or(explanation.change);
    if let Some(change) = change.and_then(|i| cx.changes.get(i)) {
        explanation.object = Some(change.object.clone());
        let to = change.after.as_deref().map_or(String::new(), |t| format!(" becomes {t}, and"));
        explanation.message = format!("{}{to} this {} no longer fits{}.", change.object, cx.verb(), cx.says(error));
    }
    vec![explanation]
}

/// The change that gives a column in the expression of an error another type.
pub(super) fn retyped(cx: &Context, before: &Binding, error: &BindError) -> Option<usize> {
    let retypes = |c: &Change| {
        matches!(c.op, ChangeOp::AlterType | ChangeOp::AddColumn | ChangeOp::AlterColumn | ChangeOp::CreateTable | ChangeOp::AlterDomain)
    };
    let columns: Vec<_> = before.uses.iter().filter(|u| error.span.is_empty() || error.span.covers(u.span)).filter_map(|u| u.id).collect();
    cx.last_change(|c| retypes(c) && c.id.is_some_and(|id| columns.contains(&id)))
}
