//! A sequence is still named.

use super::Rule;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::model::change::Change;
use crate::sql::bind::binding::BindErrorKind;
use crate::sql::bind::binding::Binding;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "dropped-sequence-still-used",
        title: "A dropped or renamed sequence is still used",
        why: "nextval, currval, setval and NEXT VALUE FOR resolve the name of the sequence when the statement is parsed or run.",
        fix: "Keep the sequence until no code names it.",
        misses: "",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    let Some((error, mut explanation)) = cx.on_error(before, after, &[BindErrorKind::UnknownSequence]) else { return Vec::new() };
    explanation.message = format!("The sequence that this {} uses is gone{}.", cx.verb(), cx.says(error));
    vec![explanation]
}
