//! ON CONFLICT finds no unique index.

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
        id: "missing-arbiter",
        title: "ON CONFLICT finds no unique constraint any more",
        why: "ON CONFLICT (columns) needs a unique index on exactly these columns, and ON CONSTRAINT the constraint of that name. Deferrable constraints and partial indexes without the same condition do not count.",
        fix: "Create the new unique index before the old one goes, and change the conflict target first.",
        misses: "",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    let Some((error, mut explanation)) = cx.on_error(before, after, &[BindErrorKind::NoArbiter, BindErrorKind::UnknownConstraint]) else {
        return Vec::new();
    };
    let drops =
        [ChangeOp::DropConstraint, ChangeOp::DropIndex, ChangeOp::RenameConstraint, ChangeOp::RenameIndex, ChangeOp::AlterConstraint];
    let tables: Vec<_> = before.writes.iter().filter_map(|w| w.table_id).collect();
    let change = cx.last_change(|c| drops.contains(&c.op) && c.table.is_none_or(|t| tables.contains(&t)));
    explanation.change = change.or(explanation.change);
    let what = if before.writes.is_empty() {
        "The constraint that is named is gone"
    } else {
        "The conflict target no longer matches a unique constraint"
    };
    explanation.message = format!("{what}{}.", cx.says(error));
    vec![explanation]
}
