//! SELECT: its items and clauses, windows, and the lists that ORDER BY and GROUP BY share with others.

use super::cursor::Cursor;
use super::expr::{self, binary, close, parse_expression, rest_of_item};
use super::{call, from, keywords, query};
use crate::model::statement::HOLE;
use crate::sql::ast::{Expr, ExprKind, Ident, OrderItem, Select, SelectItem, SetExpr, WindowSpec};
use crate::sql::lexer::TokenKind;

/// Words between SELECT and its items in MySQL.
const MODIFIERS: &[&str] = &[
    "distinctrow",
    "high_priority",
    "straight_join",
    "sql_small_result",
    "sql_big_result",
    "sql_buffer_result",
    "sql_cache",
    "sql_no_cache",
    "sql_calc_found_rows",
];

/// Words that end a SELECT because they belong to the statement around it.
const AROUND: &[&str] = &["on", "returning", "with", "when", "then", "loop", "do", "else", "end", "as", "set", "values", "using"];

/// A SELECT without items and clauses, from the current token on.
pub fn empty(c: &Cursor) -> Select {
    let start = c.start();
    Select {
        distinct: false,
        distinct_on: Vec::new(),
        items: Vec::new(),
        into: None,
        from: Vec::new(),
        filter: None,
        group_by: Vec::new(),
        having: None,
        windows: Vec::new(),
        span: crate::model::span::Span { start, end: start },
    }
}

/// Reads SELECT up to its last clause that is not one of the whole query.
pub fn select(c: &mut Cursor) -> Select {
    let start = c.start();
    let mut select = empty(c);
    c.expect_word("select");
    modifiers(c, &mut select);
    if c.is_hole() && (c.is_symbol_ahead(2, ".") || c.is_symbol_ahead(2, "(")) && c.is_plain_name_ahead(1) {
        // `SELECT ⌂ t.a`: an unknown DISTINCT.
        c.advance();
    }
    if !items_end(c) {
        select.items = items(c);
    }
    clauses(c, &mut select);
    select.span = c.span_from(start);
    select
}

fn modifiers(c: &mut Cursor, select: &mut Select) {
    loop {
        if c.is_any_word(&["all", "distinct"]) && !c.is_symbol_ahead(1, ".") {
            select.distinct |= c.is_word("distinct");
            c.advance();
            if c.is_word("on") && c.is_symbol_ahead(1, "(") {
                c.advance();
                select.distinct_on = query::row(c);
            }
        } else if c.mysql() && c.is_any_word(MODIFIERS) {
            select.distinct |= c.is_word("distinctrow");
            c.advance();
        } else {
            return;
        }
    }
}

fn items_end(c: &Cursor) -> bool {
    c.at_statement_end() || c.is_symbol(")") || c.is_any_word(&["from", "where", "union", "into"])
}

/// Reads select items (also those of RETURNING).
pub fn items(c: &mut Cursor) -> Vec<SelectItem> {
    let mut items = Vec::new();
    loop {
        items.extend(item(c));
        if !c.eat_symbol(",") {
            return items;
        }
        if c.at_statement_end() {
            c.error_here("expected an expression");
            return items;
        }
    }
}

fn item(c: &mut Cursor) -> Option<SelectItem> {
    let token = c.token();
    // `*` may be glued to what follows it, as in `SELECT *-- all`.
    if token.kind == TokenKind::Operator && c.source(token) == "*" {
        c.advance();
        return Some(SelectItem::Star { qualifier: None, span: token.span });
    }
    let expr = parse_expression(c);
    let expr = match expr.kind {
        ExprKind::QualifiedStar(qualifier) => return Some(SelectItem::Star { qualifier: Some(qualifier), span: expr.span }),
        kind => Expr { kind, span: expr.span },
    };
    let alias = alias(c);
    let expr = rest_of_item(c, expr, false);
    let empty = matches!(&expr.kind, ExprKind::Unparsed(names) if names.is_empty());
    (!empty || alias.is_some()).then_some(SelectItem::Expr { expr, alias })
}

/// `AS name`, `name`, and strings as aliases.
fn alias(c: &mut Cursor) -> Option<Ident> {
    let explicit = c.eat_word("as");
    let token = c.token();
    match token.kind {
        TokenKind::Word => {
            let word = c.source(token);
            let implicit = !keywords::ends_item(word, c.dialect.engine) && !c.is_hole();
            let soft = !c.postgres() && c.is_any_word(&["asc", "desc"]);
            if explicit || (implicit && !soft) { c.ident() } else { None }
        }
        TokenKind::QuotedName => c.ident(),
        TokenKind::String | TokenKind::DoubleQuotedString if explicit || !c.postgres() => {
            let value = call::string_here(c)?;
            c.advance();
            Some(Ident { value, quoted: true, span: token.span })
        }
        TokenKind::Param if explicit => {
            c.advance();
            Some(query::hole_ident(token.span))
        }
        _ => {
            if explicit {
                c.error_here("expected an alias");
            }
            None
        }
    }
}

/// FROM, WHERE, GROUP BY, HAVING, WINDOW, QUALIFY, INTO, with holes between them.
pub fn clauses(c: &mut Cursor, select: &mut Select) {
    loop {
        if c.is_word("from") {
            c.advance();
            // MySQL's name for no table.
            if !(c.mysql() && c.eat_word("dual")) {
                select.from.extend(from::from_list(c));
            }
        } else if c.is_word("where") {
            c.advance();
            let filter = expr::condition(c);
            add_filter(&mut select.filter, filter, "and".into());
        } else if c.is_word("group") && c.is_word_ahead(1, "by") {
            c.advance();
            c.advance();
            group_by(c, &mut select.group_by);
        } else if c.is_any_word(&["having", "qualify"]) {
            c.advance();
            let having = expr::condition(c);
            add_filter(&mut select.having, having, "and".into());
        } else if c.is_word("window") && c.is_word_ahead(2, "as") {
            c.advance();
            windows(c, select);
        } else if c.is_word("into") && !c.is_word_ahead(1, "outfile") {
            into_of(c, select);
        } else if c.is_hole() && !c.is_word_ahead(1, "select") {
            c.advance();
        } else if c.is_any_word(&["and", "or"]) && after_hole(c) {
            // `FROM t ⌂ AND a = 1`: the hole holds the WHERE.
            let op = c.take().to_lowercase();
            let more = expr::condition(c);
            add_filter(&mut select.filter, more, op);
        } else if at_end(c) {
            return;
        } else if after_hole(c) && from::begins_join(c) {
            from::more_joins(c, &mut select.from, false);
        } else {
            let silent = after_hole(c);
            if !silent {
                c.error_here("unexpected here");
            }
            let before = c.mark();
            let start = c.start();
            let names = expr::skip_names(c, true);
            if c.mark() == before {
                if c.is_symbol(")") {
                    return;
                }
                c.advance();
            }
            if !names.is_empty() {
                let rest = Expr { kind: ExprKind::Unparsed(names), span: c.span_from(start) };
                add_filter(&mut select.filter, rest, HOLE.to_string());
            }
        }
    }
}

fn after_hole(c: &Cursor) -> bool {
    c.previous().is_some_and(|t| c.source(t).ends_with(HOLE))
}

fn at_end(c: &Cursor) -> bool {
    c.at_statement_end()
        || c.is_symbol(")")
        || c.is_any_word(&[
            "order",
            "limit",
            "offset",
            "fetch",
            "for",
            "lock",
            "union",
            "intersect",
            "except",
            "minus",
            "procedure",
            "into",
        ])
        || c.is_any_word(AROUND)
}

/// Adds a condition to what a clause already has.
pub fn add_filter(filter: &mut Option<Expr>, more: Expr, op: String) {
    *filter = Some(match filter.take() {
        Some(before) => binary(op, before, more),
        None => more,
    });
}

/// INTO after the other clauses (MySQL).
pub fn into(c: &mut Cursor, body: &mut SetExpr) {
    match body {
        SetExpr::Select(select) => into_of(c, select),
        _ => {
            c.advance();
            expr::list(c);
        }
    }
}

/// `INTO [TEMP] table`, `INTO @a, @b`, `INTO STRICT v`, `INTO OUTFILE 'path' ...`.
fn into_of(c: &mut Cursor, select: &mut Select) {
    c.advance();
    if c.eat_any_word(&["outfile", "dumpfile"]).is_some() {
        c.advance();
        while !c.at_statement_end() && !c.is_symbol(")") && !c.is_any_word(&["from", "where", "for"]) {
            c.advance();
        }
        return;
    }
    c.eat_word("strict");
    while c.is_any_word(&["temp", "temporary", "unlogged", "global", "local", "table"]) && c.ahead(1).kind != TokenKind::Punct {
        c.advance();
    }
    if c.is_name() && !c.is_word("from") {
        select.into = c.name();
    } else if c.token().kind == TokenKind::Variable || c.token().kind == TokenKind::Param {
        c.advance();
    } else {
        c.error_here("expected a table or variable");
    }
    while c.eat_symbol(",") {
        parse_expression(c);
    }
}

fn group_by(c: &mut Cursor, out: &mut Vec<Expr>) {
    if c.is_any_word(&["all", "distinct"]) && !c.is_symbol_ahead(1, ".") {
        c.advance();
    }
    loop {
        group_item(c, out);
        c.eat_any_word(&["asc", "desc"]);
        if !c.eat_symbol(",") {
            break;
        }
    }
    c.eat_words(&["with", "rollup"]);
}

/// An expression, ROLLUP, CUBE or GROUPING SETS, flattened.
fn group_item(c: &mut Cursor, out: &mut Vec<Expr>) {
    if c.is_word("grouping") && c.is_word_ahead(1, "sets") && c.is_symbol_ahead(2, "(") {
        c.advance();
        c.advance();
        c.advance();
        while !c.is_symbol(")") && !c.at_statement_end() {
            let before = c.mark();
            c.deeper(1, |c| group_item(c, out));
            if !c.eat_symbol(",") || c.mark() == before {
                break;
            }
        }
        return close(c);
    }
    let item = parse_expression(c);
    let item = rest_of_item(c, item, false);
    flatten(item, out);
}

fn flatten(item: Expr, out: &mut Vec<Expr>) {
    match item.kind {
        ExprKind::Function(call) if call.name.parts.len() == 1 && matches!(call.name.last().value.as_str(), "rollup" | "cube") => {
            call.args.into_iter().for_each(|arg| flatten(arg, out));
        }
        ExprKind::Row(items) => items.into_iter().for_each(|item| flatten(item, out)),
        ExprKind::Paren(only) => flatten(*only, out),
        kind => out.push(Expr { kind, span: item.span }),
    }
}

fn windows(c: &mut Cursor, select: &mut Select) {
    while let Some(name) = c.ident() {
        c.expect_word("as");
        let spec = window(c);
        select.windows.push((name, spec));
        if !c.eat_symbol(",") {
            return;
        }
    }
}

/// Reads what follows OVER, or AS in a WINDOW clause: a name, or a specification in parentheses.
pub fn window(c: &mut Cursor) -> WindowSpec {
    let mut spec = WindowSpec::default();
    if !c.eat_symbol("(") {
        spec.name = c.ident();
        return spec;
    }
    if c.is_plain_name() && !c.is_any_word(&["partition", "order", "rows", "range", "groups"]) {
        spec.name = c.ident();
    }
    if c.is_word("partition") && c.is_word_ahead(1, "by") {
        c.advance();
        c.advance();
        spec.partition_by = expr::list(c);
    }
    if c.eat_words(&["order", "by"]) {
        spec.order_by = order_items(c);
    }
    if c.is_any_word(&["rows", "range", "groups"]) {
        c.skip_to_close();
    }
    close(c);
    spec
}

/// Reads the items of ORDER BY.
pub fn order_items(c: &mut Cursor) -> Vec<OrderItem> {
    let mut items = Vec::new();
    loop {
        let expr = parse_expression(c);
        let mut descending = false;
        loop {
            if c.is_hole() && !super::operator::begins_operand(c, 1) {
                c.advance();
            } else if let Some(word) = c.eat_any_word(&["asc", "desc"]) {
                descending = word == "desc";
            } else if c.is_word("using") && c.ahead(1).kind == TokenKind::Operator {
                c.advance();
                descending = c.take().starts_with('>');
            } else if c.is_word("nulls") {
                c.advance();
                if c.eat_any_word(&["first", "last"]).is_none() && c.is_hole() {
                    c.advance();
                }
            } else {
                break;
            }
        }
        let expr = rest_of_item(c, expr, false);
        items.push(OrderItem { expr, descending });
        if !c.eat_symbol(",") {
            return items;
        }
    }
}
