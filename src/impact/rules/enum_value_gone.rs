//! A literal is no value of its enum any more.

use super::Rule;
use super::type_no_longer_fits::retyped;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::model::change::Change;
use crate::sql::bind::binding::BindErrorKind;
use crate::sql::bind::binding::Binding;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "enum-value-gone",
        title: "A literal is no longer a value of its enum or type",
        why: "PostgreSQL checks a literal against the labels of its enum when it parses the statement.",
        fix: "Keep the label until no code uses it, or deploy the code first.",
        misses: "Labels that arrive as parameters are reported by type-may-reject.",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    let Some((error, mut explanation)) = cx.on_error(before, after, &[BindErrorKind::InvalidLiteral]) else { return Vec::new() };
    if retyped(cx, before, error).is_some() {
        return Vec::new();
    }
    explanation.message = format!("{} is not accepted after the migration{}.", error.span.slice(cx.input.text), cx.says(error));
    vec![explanation]
}
