//! A whole row used as a value, whose columns change.

use super::Rule;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::impact::lost::is_table;
use crate::impact::visit::roots;
use crate::model::change::Change;
use crate::model::change::ChangeOp;
use crate::model::finding::Effect;
use crate::model::object::ObjectId;
use crate::model::schema::{Column, Table};
use crate::sql::ast::{Expr, ExprKind};
use crate::sql::bind::binding::Binding;
use crate::sql::bind::types::data_type;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "row-shape-changed",
        title: "A whole row that is used as a value has other columns",
        why: "A table name used as a value stands for the whole row: in to_jsonb(t), in a comparison with ROW(...), in a cast to the type of the table. It follows every column that comes, goes or is renamed.",
        fix: "Name the columns that are meant.",
        misses: "",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    if before.error.is_some() || after.error.is_some() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (was, is) in before.shapes.iter().filter_map(|s| after.shapes.iter().find(|t| t.span == s.span).map(|t| (s, t))) {
        let old: Vec<&str> = was.columns.iter().filter_map(|id| cx.pairing.column_before(*id).map(named)).collect();
        let new: Vec<&str> = is.columns.iter().filter_map(|id| cx.pairing.column_after(*id).map(named)).collect();
        if old == new {
            continue;
        }
        let whole = was.text.contains("record") || before.uses.iter().any(|u| is_table(u) && was.text.contains(&format!("({}", u.table)));
        if !whole
            || before.uses.iter().any(|u| {
                !u.implicit && was.span.covers(u.span) && u.id.is_some_and(|id| was.columns.len() == 1 && was.columns.contains(&id))
            })
        {
            continue;
        }
        // Rows of different width are compared when the first pair of them meets.
        let compared =
            was.text.contains("record = record") || was.text.contains("record <> record") || was.text.contains("record < record");
        let effect = if compared && old.len() != new.len() { Effect::Breaks } else { Effect::ChangesResult };
        let what = if effect == Effect::Breaks { "can't be compared any more" } else { "has other columns" };
        found.push(explained(
            cx,
            before,
            effect,
            format!("The row in {} {what} after the migration.", was.span.slice(cx.input.text)),
            was.span,
            &is.columns,
        ));
    }
    roots(cx.input.statement, &mut |_, expr| {
        let mut open = vec![expr];
        while let Some(e) = open.pop() {
            if let Some((width, is)) = cast_row(cx, e).filter(|(width, is)| width != is) {
                let message =
                    format!("{} makes a row of {width} columns, and the type has {is} after the migration.", e.span.slice(cx.input.text));
                found.push(explained(cx, before, Effect::Breaks, message, e.span, &[]));
            }
            e.each_child(&mut |c| open.push(c));
        }
    });
    found
}

fn named<'s>((_, column): (&'s Table, &'s Column)) -> &'s str {
    &column.name
}

fn explained(
    cx: &Context,
    before: &Binding,
    effect: Effect,
    message: String,
    span: crate::model::span::Span,
    columns: &[ObjectId],
) -> Explanation {
    let mut explanation = cx.explain(before, effect, message);
    let table = columns.first().and_then(|id| cx.pairing.column_after(*id)).map(|(t, _)| t);
    explanation.object = table.map(|t| cx.table_ref(&t.name));
    let ops = [ChangeOp::AddColumn, ChangeOp::DropColumn, ChangeOp::RenameColumn];
    explanation.change = match table {
        Some(table) => cx.change_of_table(&ops, Some(table.id), &table.name.name),
        None => cx.last_change(|c| ops.contains(&c.op)),
    };
    explanation.span = span;
    explanation
}

/// `ROW(a, b)::t`: the width of the row, which fitted before, and that of the type now.
fn cast_row(cx: &Context, expr: &Expr) -> Option<(usize, usize)> {
    let ExprKind::Cast { expr, ty } = &expr.kind else { return None };
    let ExprKind::Row(items) = &expr.kind else { return None };
    let user = data_type(ty, cx.pairing.before).user?;
    let was = cx.pairing.named_before(&user)?;
    let is = cx.pairing.table_after(was.id)?;
    (was.columns.len() == items.len()).then_some((items.len(), is.columns.len()))
}
