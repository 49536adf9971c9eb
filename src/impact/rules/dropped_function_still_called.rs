//! A function or operator that is called is gone.

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
        id: "dropped-function-still-called",
        title: "A dropped function is still called",
        why: "A call is resolved by name and argument types. When the function is dropped, renamed, goes with its extension or takes other arguments, the call fails.",
        fix: "Keep the old function until no code calls it.",
        misses: "",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    let Some((error, mut explanation)) = cx.on_error(before, after, &[BindErrorKind::UnknownFunction, BindErrorKind::TypeMismatch]) else {
        return Vec::new();
    };
    let used = cx.use_at(before, error.span);
    let drops = [ChangeOp::DropFunction, ChangeOp::RenameFunction, ChangeOp::ReplaceFunction];
    let name = used.map_or_else(|| error.span.slice(cx.input.text).split('(').next().unwrap_or_default().trim(), |u| u.table.as_str());
    let change = cx
        .change_to(&drops, used.and_then(|u| u.id))
        .or_else(|| cx.change_of_name(&drops, name))
        .or_else(|| cx.last_change(|c| c.op == ChangeOp::DropExtension));
    let Some(change) = change else { return Vec::new() };
    explanation.change = Some(change);
    explanation.message = format!("What {} calls is gone after the migration{}.", error.span.slice(cx.input.text), cx.says(error));
    vec![explanation]
}
