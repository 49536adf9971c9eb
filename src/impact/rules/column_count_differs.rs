//! Lists that had the same length no longer have.

use super::Rule;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::model::change::Change;
use crate::model::change::ChangeOp;
use crate::model::finding::Effect;
use crate::sql::ast::StatementKind;
use crate::sql::bind::binding::BindErrorKind;
use crate::sql::bind::binding::Binding;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "column-count-differs",
        title: "The number of columns no longer fits",
        why: "An INSERT without column list, the arms of a set operation, IN with a subquery and row comparisons need lists of equal length. `*` follows the table, the other side does not.",
        fix: "Write the columns out.",
        misses: "",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    let Some((error, mut explanation)) = cx.on_error(before, after, &[BindErrorKind::ColumnCount]) else {
        return copied(cx, before, after);
    };
    explanation.message = format!("The number of columns in this {} no longer fits{}.", cx.verb(), cx.says(error));
    vec![explanation]
}

/// COPY FROM without a column list demands every column in each line; unlike INSERT it fills none.
fn copied(cx: &Context, before: &Binding, after: &Binding) -> Vec<Explanation> {
    let StatementKind::Copy(copy) = &cx.input.statement.kind else { return Vec::new() };
    if !copy.from || copy.columns.is_some() || before.error.is_some() || after.error.is_some() {
        return Vec::new();
    }
    let (Some(was), Some(is)) = (before.writes.first(), after.writes.first()) else { return Vec::new() };
    if was.columns.len() == is.columns.len() {
        return Vec::new();
    }
    let message = format!(
        "COPY has no column list: each line must have {} values after the migration instead of {}.",
        is.columns.len(),
        was.columns.len()
    );
    let mut explanation = cx.explain(before, Effect::Breaks, message);
    explanation.change = cx.change_of_table(&[ChangeOp::AddColumn, ChangeOp::DropColumn, ChangeOp::CreateTable], is.table_id, &is.table);
    explanation.object = is.table_id.and_then(|id| cx.pairing.table_after(id)).map(|t| cx.table_ref(&t.name));
    explanation.span = is.span;
    vec![explanation]
}
