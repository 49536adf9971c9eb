//! UPDATE and DELETE.

use super::cursor::Cursor;
use super::expr::{self, condition};
use super::{from, insert, query, select};
use crate::model::statement::HOLE;
use crate::sql::ast::{Delete, Expr, ExprKind, FromItem, Name, OrderItem, SelectItem, Update, With};

/// The clauses that UPDATE and DELETE share.
#[derive(Default)]
struct Tail {
    from: Vec<FromItem>,
    using: Vec<FromItem>,
    filter: Option<Expr>,
    order_by: Vec<OrderItem>,
    limit: Vec<Expr>,
    returning: Vec<SelectItem>,
}

/// Reads UPDATE; at its verb.
pub fn update(c: &mut Cursor, with: Option<With>) -> Update {
    c.advance();
    modifiers(c);
    let target = from::from_list(c);
    portion(c);
    let set = if c.eat_word("set") {
        insert::set_clauses(c)
    } else {
        if !after_hole(c) {
            c.error_here("expected SET");
        }
        Vec::new()
    };
    let tail = tail(c);
    Update {
        with,
        target,
        set,
        from: tail.from,
        filter: tail.filter,
        order_by: tail.order_by,
        limit: tail.limit,
        returning: tail.returning,
    }
}

/// Reads DELETE; at its verb.
pub fn delete(c: &mut Cursor, with: Option<With>) -> Delete {
    c.advance();
    modifiers(c);
    let mut tables = Vec::new();
    if !c.is_word("from") {
        // MySQL: DELETE a, b FROM a JOIN b.
        while let Some(name) = from::table_name(c) {
            tables.push(name);
            if !c.eat_symbol(",") {
                break;
            }
        }
    }
    let mut from = if c.expect_word("from") { from::from_list(c) } else { Vec::new() };
    portion(c);
    let mut tail = tail(c);
    if c.mysql() && !tail.using.is_empty() {
        // MySQL: DELETE FROM a, b USING a JOIN b.
        tables = from.iter().filter_map(plain_name).collect();
        from = std::mem::take(&mut tail.using);
    }
    from.extend(tail.from);
    Delete {
        with,
        tables,
        from,
        using: tail.using,
        filter: tail.filter,
        order_by: tail.order_by,
        limit: tail.limit,
        returning: tail.returning,
    }
}

fn plain_name(item: &FromItem) -> Option<Name> {
    match item {
        FromItem::Table { name, .. } => Some(name.clone()),
        _ => None,
    }
}

fn modifiers(c: &mut Cursor) {
    loop {
        if c.eat_word("or")
            || c.mysql() && c.is_any_word(&["low_priority", "ignore"])
            || c.mysql() && c.is_word("quick") && c.is_any_ahead(1, &["from", "ignore"])
            || c.is_hole() && c.is_word_ahead(1, "from")
        {
            c.advance();
        } else {
            return;
        }
    }
}

/// MariaDB's `FOR PORTION OF period FROM a TO b`.
fn portion(c: &mut Cursor) {
    if c.is_word("for") && c.is_word_ahead(1, "portion") {
        for _ in 0..4 {
            c.advance();
        }
        if c.eat_word("from") {
            expr::parse_expression(c);
            c.expect_word("to");
            expr::parse_expression(c);
        }
    }
}

fn after_hole(c: &Cursor) -> bool {
    c.previous().is_some_and(|t| c.source(t).ends_with(HOLE))
}

fn tail(c: &mut Cursor) -> Tail {
    let mut tail = Tail::default();
    loop {
        if c.eat_word("from") {
            tail.from.extend(from::from_list(c));
        } else if c.eat_word("using") {
            tail.using.extend(from::from_list(c));
        } else if c.eat_word("where") {
            let filter = if c.is_word("current") && c.is_word_ahead(1, "of") {
                let start = c.start();
                c.advance();
                c.advance();
                c.advance();
                Expr { kind: ExprKind::Unparsed(Vec::new()), span: c.span_from(start) }
            } else {
                condition(c)
            };
            select::add_filter(&mut tail.filter, filter, "and".into());
        } else if c.is_word("order") && c.is_word_ahead(1, "by") {
            c.advance();
            c.advance();
            tail.order_by = select::order_items(c);
        } else if c.is_any_word(&["limit", "offset"]) {
            query::limit(c, &mut tail.limit);
        } else if c.eat_word("returning") {
            tail.returning = select::items(c);
            if c.eat_word("into") {
                expr::list(c);
            }
        } else if c.is_hole() {
            c.advance();
        } else if after_hole(c) && c.is_any_word(&["and", "or"]) {
            let op = c.take().to_lowercase();
            let more = condition(c);
            select::add_filter(&mut tail.filter, more, op);
        } else if after_hole(c) && c.is_word("set") {
            // The hole held the table or its joins; the assignments are still to come.
            c.advance();
            insert::set_clauses(c);
        } else if after_hole(c) && from::begins_join(c) {
            from::more_joins(c, &mut tail.from, false);
        } else if c.at_statement_end() || c.is_symbol(")") || c.is_any_word(&["when", "else", "end", "on"]) {
            return tail;
        } else {
            c.error_here("unexpected here");
            let before = c.mark();
            let start = c.start();
            let names = expr::skip_names(c, true);
            if c.mark() == before {
                if c.is_symbol(")") {
                    return tail;
                }
                c.advance();
            }
            if !names.is_empty() {
                let rest = Expr { kind: ExprKind::Unparsed(names), span: c.span_from(start) };
                select::add_filter(&mut tail.filter, rest, HOLE.to_string());
            }
        }
    }
}
