//! Pieces of statements that start in the middle.

use super::cursor::Cursor;
use super::expr::{binary, condition};
use super::{from, insert, query, select, statement};
use crate::model::statement::HOLE;
use crate::sql::ast::{Expr, ExprKind, FromItem, Query, Select, SelectItem, SetClause, SetExpr, StatementKind};

/// Clauses that a piece may begin with.
const STARTS: &[&str] = &[
    "and",
    "or",
    "where",
    "from",
    "join",
    "left",
    "right",
    "inner",
    "full",
    "cross",
    "natural",
    "straight_join",
    "on",
    "group",
    "having",
    "order",
    "limit",
    "offset",
    "fetch",
    "for",
    "union",
    "intersect",
    "except",
    "returning",
    "set",
    "window",
    "using",
];

/// Reads a piece of a statement: conditions, joins and clauses go to their places in a query; assignments
/// (`SET a = 1`) and columns without a clause are its items. `None`, with nothing taken, if the text is
/// neither a clause nor a list of expressions.
pub fn fragment(c: &mut Cursor) -> Option<StatementKind> {
    let start = c.start();
    let (mark, errors) = (c.mark(), c.errors.len());
    while c.is_symbol(",") || c.is_hole() && (c.is_any_ahead(1, STARTS) || c.is_symbol_ahead(1, ",")) || c.is_symbol(")") && outermost(c) {
        c.advance();
    }
    if c.is_word("as") && c.previous().is_some_and(|t| c.source(t) == ")") {
        // The end of a subquery that began before the piece.
        from::alias(c);
    }
    let clause = c.is_any_word(STARTS) && !c.is_symbol_ahead(1, "(");
    let mut select = select::empty(c);
    let mut query = Query::of(SetExpr::Hole(c.span_from(start)), c.span_from(start));
    if !clause && !c.at_statement_end() {
        leading_items(c, &mut select);
        let words_only =
            matches!(select.items.as_slice(), [SelectItem::Expr { expr: Expr { kind: ExprKind::Column(_), .. }, alias: Some(_) }]);
        if c.errors.len() > errors || words_only {
            c.errors.truncate(errors);
            c.reset(mark);
            return None;
        }
    }
    loop {
        let before = c.mark();
        clauses(c, &mut select, &mut query);
        if c.mark() == before || c.at_statement_end() {
            break;
        }
    }
    select.span = c.span_from(start);
    query.span = c.span_from(start);
    let empty = select.items.is_empty() && select.from.is_empty() && select.filter.is_none() && select.group_by.is_empty();
    if !empty || select.having.is_some() || matches!(query.body, SetExpr::Hole(_)) {
        let lone_hole =
            empty && select.having.is_none() && query.order_by.is_empty() && query.limit.is_empty() && !query.locking && !clause;
        query.body = match query.body {
            SetExpr::Hole(span) if lone_hole => SetExpr::Hole(span),
            SetExpr::Hole(_) => SetExpr::Select(Box::new(select)),
            other => other,
        };
    }
    if !clause && (c.mark() == mark || !(c.at_statement_end() || c.is_symbol(")"))) {
        c.errors.truncate(errors);
        c.reset(mark);
        return None;
    }
    Some(StatementKind::Fragment(Box::new(query)))
}

/// Not inside another statement, whose parenthesis would end here.
fn outermost(c: &Cursor) -> bool {
    c.depth <= statement::DEPTH
}

/// Expressions before any clause: a condition, or columns.
fn leading_items(c: &mut Cursor, select: &mut Select) {
    let items = select::items(c);
    for item in items {
        match item {
            SelectItem::Expr { expr, alias: None } if is_condition(&expr) => select::add_filter(&mut select.filter, expr, "and".into()),
            item => select.items.push(item),
        }
    }
}

fn is_condition(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Binary { op, .. } => {
            matches!(op.as_str(), "and" | "or" | "=" | "<>" | "<" | ">" | "<=" | ">=") || op.starts_with("is") || op.contains(HOLE)
        }
        ExprKind::Paren(inner) => is_condition(inner),
        ExprKind::Unary { op, .. } => op == "not",
        ExprKind::Is { .. }
        | ExprKind::InList { .. }
        | ExprKind::InSubquery { .. }
        | ExprKind::Like { .. }
        | ExprKind::Between { .. }
        | ExprKind::Quantified { .. }
        | ExprKind::Exists(_) => true,
        _ => false,
    }
}

fn clauses(c: &mut Cursor, select: &mut Select, query: &mut Query) {
    if c.is_any_word(&["and", "or"]) || c.is_word("on") && !c.is_any_ahead(1, &["conflict", "duplicate"]) {
        let op = if c.is_word("or") { "or" } else { "and" };
        c.advance();
        let filter = condition(c);
        select::add_filter(&mut select.filter, filter, op.into());
    } else if c.is_word("on") {
        let conflict = insert::on_conflict(c);
        conflict.target.into_iter().for_each(|expr| select.items.push(SelectItem::Expr { expr, alias: None }));
        conflict.update.into_iter().flatten().for_each(|set| assignment(set, select));
        conflict.filter.into_iter().for_each(|filter| select::add_filter(&mut select.filter, filter, "and".into()));
    } else if from::begins_join(c) {
        if select.from.is_empty() {
            let start = c.start();
            select.from.push(FromItem::Hole(crate::model::span::Span { start, end: start }));
        }
        from::more_joins(c, &mut select.from, false);
    } else if c.eat_word("set") {
        insert::set_clauses(c).into_iter().for_each(|set| assignment(set, select));
    } else if c.eat_word("returning") {
        select.items.extend(select::items(c));
    } else if c.is_word("using") {
        c.advance();
        if c.is_symbol("(") && !query::begins_in_parenthesis(c) {
            let names = from::column_names(c);
            let column = |ident: crate::sql::ast::Ident| Expr {
                span: ident.span,
                kind: ExprKind::Column(crate::sql::ast::Name { parts: vec![ident] }),
            };
            select.items.extend(names.into_iter().map(|ident| SelectItem::Expr { expr: column(ident), alias: None }));
        } else {
            select.from.extend(from::from_list(c));
        }
    } else if c.is_word("values") {
        c.advance();
        let rows = query::rows(c);
        select.items.extend(rows.into_iter().flatten().map(|expr| SelectItem::Expr { expr, alias: None }));
    } else if c.is_any_word(&["union", "intersect", "except"]) {
        let taken = std::mem::replace(select, select::empty(c));
        let empty = taken.items.is_empty() && taken.from.is_empty() && taken.filter.is_none();
        let left = if empty { SetExpr::Hole(c.span_from(c.start())) } else { SetExpr::Select(Box::new(taken)) };
        query.body = query::set_expr(c, Some(left));
        query::tail(c, query);
    } else if c.is_any_word(&["order", "limit", "offset", "fetch", "for", "lock"]) {
        query::tail(c, query);
    } else if c.is_hole() {
        c.advance();
    } else if c.is_any_word(&["from", "where", "group", "having", "window"]) {
        select::clauses(c, select);
    } else if outermost(c) && (c.is_symbol(")") || c.is_symbol(",")) {
        // The end of a parenthesis that began before the piece.
        c.advance();
        if !c.at_statement_end() && !c.is_any_word(STARTS) && !c.is_hole() {
            select.items.extend(select::items(c));
        }
    }
}

fn assignment(set: SetClause, select: &mut Select) {
    let value = set.value;
    let Some(target) = set.targets.first() else {
        select.items.push(SelectItem::Expr { expr: value, alias: None });
        return;
    };
    let column = |name: &crate::sql::ast::Name| Expr { span: name.span(), kind: ExprKind::Column(name.clone()) };
    let left = match set.targets.as_slice() {
        [one] => column(one),
        several => {
            Expr { span: target.span().to(several[several.len() - 1].span()), kind: ExprKind::Row(several.iter().map(column).collect()) }
        }
    };
    select.items.push(SelectItem::Expr { expr: binary("=".into(), left, value), alias: None });
}
