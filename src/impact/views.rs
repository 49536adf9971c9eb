//! What a view delivered before and delivers after.

use super::constraints::squeeze;
use super::context::Context;
use crate::model::object::ObjectId;
use crate::model::schema::{Schema, Table};
use crate::model::span::Span;
use crate::sql::ast::{FromItem, Query, SelectItem, SetExpr, StatementKind};
use crate::sql::bind::binding::Binding;
use crate::sql::bind::{SessionState, bind};
use crate::sql::parse::parse_statement;

const MAX_DEPTH: usize = 16;

/// The table column that a view's column delivers unchanged, through other views.
pub fn source_of(schema: &Schema, view: &Table, column: &str) -> Option<ObjectId> {
    source_within(schema, view, column, 0)
}

fn source_within(schema: &Schema, view: &Table, column: &str, depth: usize) -> Option<ObjectId> {
    if depth > MAX_DEPTH {
        return None;
    }
    let at = view.column_index(schema.dialect, column)?;
    let source = bound(schema, view)?.outputs?.get(at)?.source?;
    let inner = schema.tables.values().find_map(|t| t.columns.iter().find(|c| c.id == source).map(|c| (t, c)));
    match inner {
        Some((table, column)) if table.view().is_some() => source_within(schema, table, &column.name, depth + 1),
        _ => Some(source),
    }
}

fn bound(schema: &Schema, view: &Table) -> Option<Binding> {
    let text = &view.view()?.query;
    Some(bind(&parse_statement(text, schema.dialect), text, schema, &SessionState::default()))
}

/// How the rows of what a name stands for changed; `None`: they did not.
pub fn rows_changed(cx: &Context, old: &Table, new: &Table) -> Option<String> {
    match (old.view(), new.view()) {
        (None, Some(view)) => {
            let text = &view.query;
            let statement = parse_statement(text, cx.dialect());
            let StatementKind::Query(query) = &statement.kind else { return None };
            if let Some(how) = restricts(query, text) {
                return Some(format!("{} is a view now that {how}", new.name.name));
            }
            let base = bound(cx.pairing.after, new)?;
            let mut tables = base.uses.iter().filter_map(|u| u.table_id.or(u.id)).filter_map(|id| cx.pairing.table_after(id));
            let over = tables.find(|t| t.view().is_none())?;
            let same = over.id == old.id || cx.pairing.filled(over);
            (!same).then(|| format!("{} is a view over {} now", new.name.name, over.name.name))
        }
        (Some(a), Some(b)) => {
            if squeeze(&a.query) == squeeze(&b.query) {
                return None;
            }
            let (was, is) = (rows_part(cx.pairing.before, old)?, rows_part(cx.pairing.after, new)?);
            (!same_part(cx, &was, &is)).then(|| format!("the definition of view {} selects other rows", new.name.name))
        }
        _ => None,
    }
}

/// Whether the value that a view delivers under a column's name is computed in another way.
pub fn column_changed(cx: &Context, old: &Table, new: &Table, column: &str) -> bool {
    let (Some(a), Some(b)) = (old.view(), new.view()) else { return false };
    if squeeze(&a.query) == squeeze(&b.query) {
        return false;
    }
    let at = |t: &Table, schema: &Schema| t.column_index(schema.dialect, column);
    let (Some(i), Some(j)) = (at(old, cx.pairing.before), at(new, cx.pairing.after)) else { return false };
    match (item_part(cx.pairing.before, old, i), item_part(cx.pairing.after, new, j)) {
        (Some(was), Some(is)) => !same_part(cx, &was, &is),
        _ => false,
    }
}

/// A part of a view's definition: its text without the names that resolve, and what they resolve to.
struct Part {
    distinct: bool,
    text: String,
    ids: Vec<ObjectId>,
}

fn same_part(cx: &Context, was: &Part, is: &Part) -> bool {
    let now = |id: &ObjectId| {
        let column = cx.pairing.column_now(*id).map(|(_, c)| c.id);
        let table = || cx.pairing.table_before(*id).and_then(|t| cx.pairing.successor(t)).map(|t| t.id);
        column.or_else(table).unwrap_or(*id)
    };
    was.distinct == is.distinct && was.text == is.text && was.ids.iter().map(now).collect::<Vec<_>>() == is.ids
}

/// The part of the definition that decides which rows there are: everything but the select list.
fn rows_part(schema: &Schema, view: &Table) -> Option<Part> {
    let text = &view.view()?.query;
    let statement = parse_statement(text, schema.dialect);
    let StatementKind::Query(query) = &statement.kind else { return None };
    let (distinct, from) = match &query.body {
        SetExpr::Select(select) => {
            let ends = select.items.iter().map(|item| match item {
                SelectItem::Star { span, .. } => span.end,
                SelectItem::Expr { expr, alias } => alias.as_ref().map_or(expr.span.end, |a| a.span.end),
            });
            (select.distinct || !select.distinct_on.is_empty(), ends.max().unwrap_or(select.span.start))
        }
        _ => (false, query.span.start),
    };
    let end = query.order_by.first().map_or(query.span.end, |o| o.expr.span.start);
    let limit: String = query.limit.iter().map(|e| e.span.slice(text)).collect();
    let mut part = part(schema, view, Span { start: from, end: end.max(from) })?;
    part.distinct = distinct;
    part.text.push_str(&limit);
    Some(part)
}

/// The select item that gives a column of the view.
fn item_part(schema: &Schema, view: &Table, index: usize) -> Option<Part> {
    let text = &view.view()?.query;
    let statement = parse_statement(text, schema.dialect);
    let StatementKind::Query(query) = &statement.kind else { return None };
    let SetExpr::Select(select) = &query.body else { return None };
    let stars = select.items.iter().any(|i| matches!(i, SelectItem::Star { .. }));
    match select.items.get(index) {
        Some(SelectItem::Expr { expr, .. }) if !stars => part(schema, view, expr.span),
        _ => {
            let source = source_of(schema, view, &view.columns.get(index)?.name)?;
            Some(Part { distinct: false, text: String::new(), ids: vec![source] })
        }
    }
}

fn part(schema: &Schema, view: &Table, span: Span) -> Option<Part> {
    let text = &view.view()?.query;
    let binding = bound(schema, view)?;
    let mut named: Vec<(Span, ObjectId)> =
        binding.uses.iter().filter(|u| !u.span.is_empty() && span.covers(u.span)).filter_map(|u| u.id.map(|id| (u.span, id))).collect();
    named.sort();
    named.dedup_by_key(|n| n.0);
    let mut rest = String::new();
    let mut at = span.start;
    for (name, _) in &named {
        rest.push_str(Span { start: at.min(name.start), end: name.start }.slice(text));
        at = name.end.max(at);
    }
    rest.push_str(Span { start: at, end: span.end.max(at) }.slice(text));
    let text = squeeze(&rest).to_lowercase().replace(['"', '`', '.'], "").replace(' ', "");
    Some(Part { distinct: false, text, ids: named.into_iter().map(|n| n.1).collect() })
}

/// What a query does besides handing on the rows of one table.
fn restricts(query: &Query, text: &str) -> Option<String> {
    if !query.limit.is_empty() {
        return Some("limits its rows".into());
    }
    let select = match &query.body {
        SetExpr::Select(select) => select,
        SetExpr::Query(inner) => return restricts(inner, text),
        SetExpr::Table(_) => return None,
        SetExpr::SetOp { .. } => return Some("combines several queries".into()),
        _ => return Some("does not read a table".into()),
    };
    if let Some(filter) = &select.filter {
        return Some(format!("keeps only rows with {}", squeeze(filter.span.slice(text))));
    }
    if select.distinct || !select.distinct_on.is_empty() {
        return Some("removes duplicate rows".into());
    }
    if !select.group_by.is_empty() || select.having.is_some() {
        return Some("groups its rows".into());
    }
    match select.from.as_slice() {
        [FromItem::Table { .. }] => None,
        _ => Some("joins several tables".into()),
    }
}
