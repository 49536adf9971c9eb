//! A name fits several objects after the migration.

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
        id: "name-now-ambiguous",
        title: "An unqualified name fits several columns or functions now",
        why: "A new column or function of the same name makes an unqualified name ambiguous, which the engine refuses.",
        fix: "Qualify the name in the statement before the migration runs.",
        misses: "",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    let Some((error, mut explanation)) =
        cx.on_error(before, after, &[BindErrorKind::AmbiguousColumn, BindErrorKind::AmbiguousFunction, BindErrorKind::Duplicate])
    else {
        return Vec::new();
    };
    let name = error.span.slice(cx.input.text);
    let own = name.rsplit('.').next().unwrap_or(name).trim_matches(|c| matches!(c, '"' | '`'));
    let brings = [ChangeOp::AddColumn, ChangeOp::RenameColumn, ChangeOp::CreateFunction];
    let by_name = cx.last_change(|c| {
        let named = [c.object.column.as_deref(), c.object.name.as_deref(), c.new_name.as_ref().map(|n| n.name.as_str())];
        brings.contains(&c.op) && named.into_iter().flatten().any(|n| n.eq_ignore_ascii_case(own))
    });
    explanation.change = by_name.or(explanation.change);
    explanation.message =
        format!("{name} fits more than one object after the migration, so this {} is refused{}.", cx.verb(), cx.says(error));
    vec![explanation]
}
