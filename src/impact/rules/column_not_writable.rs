//! A column or view that is written can no longer be written.

use super::Rule;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::model::change::Change;
use crate::sql::bind::binding::BindErrorKind;
use crate::sql::bind::binding::Binding;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "column-not-writable",
        title: "A written column or view can no longer be written",
        why: "Generated and GENERATED ALWAYS identity columns take no values, and only simple views can be written through.",
        fix: "Stop writing the column first; write to the table behind the view, or give the view an INSTEAD OF trigger.",
        misses: "",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    let Some((error, mut explanation)) = cx.on_error(before, after, &[BindErrorKind::NotWritable]) else { return Vec::new() };
    explanation.message = format!("This {} writes what can no longer be written{}.", cx.verb(), cx.says(error));
    vec![explanation]
}
