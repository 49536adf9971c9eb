//! A view that the statement reads no longer works.

use super::Rule;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::model::change::Change;
use crate::sql::bind::binding::BindErrorKind;
use crate::sql::bind::binding::Binding;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "view-broken",
        title: "A view that is still read no longer works",
        why: "MySQL, MariaDB and SQLite keep the text of a view: when a table or column that it names goes, every statement that uses the view fails, also one that does not need that column.",
        fix: "Redefine the view in the same migration.",
        misses: "",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    let Some((error, mut explanation)) = cx.on_error(before, after, &[BindErrorKind::BrokenView]) else { return Vec::new() };
    let object = explanation.object.as_ref().map_or_else(|| "A view".to_string(), |o| format!("View {o}"));
    explanation.message = format!("{object} no longer works after the migration{}.", cx.says(error));
    vec![explanation]
}
