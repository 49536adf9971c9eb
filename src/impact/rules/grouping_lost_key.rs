//! A selected column must be grouped now.

use super::Rule;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::model::change::Change;
use crate::sql::bind::binding::BindErrorKind;
use crate::sql::bind::binding::Binding;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "grouping-lost-key",
        title: "A selected column must be grouped now",
        why: "PostgreSQL lets a query select columns that depend on a grouped primary key. Without the key, or through a view, they must be grouped themselves.",
        fix: "Add the columns to GROUP BY first.",
        misses: "",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    let Some((error, mut explanation)) = cx.on_error(before, after, &[BindErrorKind::Grouping]) else { return Vec::new() };
    explanation.message = format!("This query needs a key that the migration removes{}.", cx.says(error));
    vec![explanation]
}
