//! Queries: WITH, set operations, VALUES, and the clauses after the last SELECT.

use super::cursor::Cursor;
use super::expr::{self, close, parse_expression};
use super::{from, select, statement};
use crate::model::span::Span;
use crate::model::statement::HOLE;
use crate::sql::ast::{Cte, Expr, ExprKind, Ident, Query, SetExpr, Statement, StatementKind, With};
use crate::sql::lexer::TokenKind;

/// A query costs this many levels of [`super::cursor::MAX_DEPTH`], as reading one takes that much more stack.
const QUERY_DEPTH: u32 = 4;

const SET_OPERATORS: &[&str] = &["union", "intersect", "except"];

/// Longest run of set operations that becomes a left-deep tree; a longer one becomes a balanced tree.
const LEFT_DEEP: usize = 16;

/// Reads a query: WITH, SELECT, VALUES, TABLE, set operations, and the clauses after them.
pub fn parse_query(c: &mut Cursor) -> Query {
    let start = c.start();
    let query = c.deeper(QUERY_DEPTH, |c| {
        if c.is_hole() && !word_begins(c, 0) && word_begins(c, 1) {
            c.advance();
        }
        let with = c.is_word("with").then(|| with_clause(c));
        let body = set_expr(c, None);
        let mut query = Query::of(body, c.span_from(start));
        query.with = with;
        tail(c, &mut query);
        query.span = c.span_from(start);
        query
    });
    query.unwrap_or_else(|| {
        let span = c.span_from(start);
        Query::of(SetExpr::Hole(span), span)
    })
}

/// Reads set operations and outer clauses that follow a query already read (`(SELECT 1) UNION ...`); `span`
/// is the query's with its parentheses. Without any, the query itself.
pub fn continued(c: &mut Cursor, first: Query, span: Span) -> Query {
    if !(at_set_operator(c) || at_tail(c)) {
        return first;
    }
    let body = set_expr(c, Some(SetExpr::Query(Box::new(first))));
    let mut query = Query::of(body, c.span_from(span.start));
    tail(c, &mut query);
    query.span = c.span_from(span.start);
    query
}

/// At a word that begins a query.
pub fn begins_here(c: &Cursor) -> bool {
    word_begins(c, 0)
}

/// At a parenthesis with a query in it, by its first word.
pub fn begins_in_parenthesis(c: &Cursor) -> bool {
    c.is_symbol("(") && word_begins(c, 1)
}

/// The hole `by` ahead stands for a whole query: nothing or a set operator follows it.
pub fn hole_is_query(c: &Cursor, by: usize) -> bool {
    let next = c.ahead(by + 1);
    let ends = next.kind == TokenKind::End || next.kind == TokenKind::Punct && matches!(c.source(next), ")" | ";");
    ends || c.is_any_ahead(by + 1, SET_OPERATORS)
}

fn word_begins(c: &Cursor, by: usize) -> bool {
    if c.is_hole_ahead(by) {
        return c.is_any_ahead(by + 1, SET_OPERATORS);
    }
    if c.is_word_ahead(by, "select") {
        return !c.is_symbol_ahead(by + 1, ".");
    }
    if c.is_word_ahead(by, "values") {
        // In MySQL VALUES(column) is a function.
        return if c.mysql() { c.is_word_ahead(by + 1, "row") } else { c.is_symbol_ahead(by + 1, "(") };
    }
    if c.is_word_ahead(by, "with") {
        return c.is_plain_name_ahead(by + 1) && !c.is_symbol_ahead(by + 2, ")") && !c.is_symbol_ahead(by + 2, ",");
    }
    c.is_word_ahead(by, "table") && c.is_plain_name_ahead(by + 1)
}

/// Reads `(query)`, parentheses included.
pub fn parenthesised(c: &mut Cursor) -> Query {
    c.advance();
    let query = parse_query(c);
    close(c);
    query
}

/// Reads WITH and its members.
pub fn with_clause(c: &mut Cursor) -> With {
    c.expect_word("with");
    let recursive = c.eat_word("recursive");
    let mut ctes = Vec::new();
    loop {
        if c.is_hole() && !(c.is_word_ahead(1, "as") || c.is_symbol_ahead(1, "(")) {
            c.advance();
            if c.eat_symbol(",") {
                continue;
            }
            break;
        }
        let Some(name) = c.ident() else {
            c.error_here("expected a name");
            break;
        };
        let columns = if c.is_symbol("(") { from::column_names(c) } else { Vec::new() };
        if !c.expect_word("as") && !c.is_symbol("(") {
            break;
        }
        if c.eat_word("not") {
            c.expect_word("materialized");
        } else {
            c.eat_word("materialized");
        }
        let statement = Box::new(cte_body(c));
        search_and_cycle(c);
        ctes.push(Cte { name, columns, statement });
        if !c.eat_symbol(",") {
            break;
        }
    }
    With { recursive, ctes }
}

fn cte_body(c: &mut Cursor) -> Statement {
    let start = c.start();
    if c.eat_symbol("(") {
        let statement = statement::parse_inner(c);
        close(c);
        return statement;
    }
    if c.is_hole() {
        c.advance();
    } else {
        c.error_here("expected \"(\"");
    }
    let span = c.span_from(start);
    Statement { kind: StatementKind::Query(Box::new(Query::of(SetExpr::Hole(span), span))), span, errors: Vec::new() }
}

fn search_and_cycle(c: &mut Cursor) {
    if c.is_word("search") && (c.is_word_ahead(1, "breadth") || c.is_word_ahead(1, "depth")) {
        while !c.at_statement_end() && !c.eat_word("set") {
            c.advance();
        }
        c.ident();
    }
    if c.eat_word("cycle") {
        while !c.at_statement_end() && !c.eat_word("set") && !c.is_symbol("(") {
            c.advance();
        }
        c.ident();
        if c.eat_word("to") {
            parse_expression(c);
            c.expect_word("default");
            parse_expression(c);
        }
        if c.eat_word("using") {
            c.ident();
        }
    }
}

fn at_set_operator(c: &Cursor) -> bool {
    c.is_any_word(SET_OPERATORS) || (c.is_word("minus") && query_operand_follows(c))
}

/// MINUS (MariaDB) is a name elsewhere.
fn query_operand_follows(c: &Cursor) -> bool {
    c.is_word_ahead(1, "select") || c.is_word_ahead(1, "all") || (c.is_symbol_ahead(1, "(") && c.is_word_ahead(2, "select"))
}

/// Set operations over `first`, or over the operand at the current token.
pub fn set_expr(c: &mut Cursor, first: Option<SetExpr>) -> SetExpr {
    // In SQLite all set operators bind alike, from left to right.
    if c.sqlite() { level(c, first, false, true) } else { level(c, first, false, false) }
}

/// `tight`: INTERSECT only. `flat`: all operators on one level.
fn level(c: &mut Cursor, first: Option<SetExpr>, tight: bool, flat: bool) -> SetExpr {
    let operand = |c: &mut Cursor, first| match first {
        _ if !tight && !flat => level(c, first, true, false),
        Some(first) => first,
        None => set_operand(c),
    };
    let mut operands = vec![operand(c, first)];
    let mut ops: Vec<(String, bool)> = Vec::new();
    while at_set_operator(c) && (flat || tight == c.is_word("intersect")) {
        let op = match c.take().to_ascii_lowercase() {
            minus if minus == "minus" => "except".to_string(),
            op => op,
        };
        let all = c.eat_word("all");
        if !all {
            c.eat_word("distinct");
        }
        if c.is_hole() && (word_begins(c, 1) || c.is_symbol_ahead(1, "(")) {
            c.advance();
        }
        ops.push((op, all));
        operands.push(operand(c, None));
    }
    fold(ops, operands)
}

fn fold(mut ops: Vec<(String, bool)>, mut operands: Vec<SetExpr>) -> SetExpr {
    let join =
        |(op, all): (String, bool), left: SetExpr, right: SetExpr| SetExpr::SetOp { op, all, left: left.into(), right: right.into() };
    while operands.len() > LEFT_DEEP {
        let (mut next_ops, mut next) = (Vec::new(), Vec::new());
        let (mut ops_left, mut left) = (ops.into_iter(), operands.into_iter());
        while let Some(a) = left.next() {
            match (ops_left.next(), left.next()) {
                (Some(op), Some(b)) => next.push(join(op, a, b)),
                _ => next.push(a),
            }
            next_ops.extend(ops_left.next());
        }
        (ops, operands) = (next_ops, next);
    }
    let mut operands = operands.into_iter();
    let first = operands.next().unwrap_or(SetExpr::Hole(Span::default()));
    ops.into_iter().zip(operands).fold(first, |left, (op, right)| join(op, left, right))
}

fn set_operand(c: &mut Cursor) -> SetExpr {
    let start = c.start();
    if c.is_word("select") {
        return SetExpr::Select(Box::new(select::select(c)));
    }
    if c.is_symbol("(") {
        return SetExpr::Query(Box::new(parenthesised(c)));
    }
    if c.is_word("values") {
        c.advance();
        return SetExpr::Values(rows(c));
    }
    if c.is_word("table") && c.is_plain_name_ahead(1) {
        c.advance();
        if let Some(name) = from::table_name(c) {
            return SetExpr::Table(name);
        }
    }
    if c.is_hole() {
        c.advance();
        return SetExpr::Hole(c.span_from(start));
    }
    if c.is_word("with") {
        // Only inside parentheses by the grammar; no engine's text is lost by reading it.
        return SetExpr::Query(Box::new(parse_query(c)));
    }
    c.error_here("expected a query");
    SetExpr::Hole(Span { start, end: start })
}

/// Rows after VALUES: `(a, b), (c, d)`, `ROW(a, b)`, `?`, a hole.
pub fn rows(c: &mut Cursor) -> Vec<Vec<Expr>> {
    let mut rows = Vec::new();
    loop {
        if c.is_word("row") && c.is_symbol_ahead(1, "(") {
            c.advance();
        }
        if c.is_symbol("(") {
            rows.push(row(c));
        } else if c.is_hole() || matches!(c.token().kind, TokenKind::Param) {
            // One unknown value stands for all rows.
            rows.push(vec![parse_expression(c)]);
        } else {
            c.error_here("expected \"(\"");
            return rows;
        }
        if c.is_hole() && c.is_symbol_ahead(1, ",") {
            c.advance();
        }
        if !c.eat_symbol(",") {
            return rows;
        }
    }
}

/// `(a, DEFAULT)`.
pub fn row(c: &mut Cursor) -> Vec<Expr> {
    c.advance();
    let items = if c.is_symbol(")") || c.at_statement_end() { Vec::new() } else { expr::list(c) };
    close(c);
    items
}

/// At a clause that belongs to a whole query.
fn at_tail(c: &Cursor) -> bool {
    c.is_any_word(&["order", "limit", "offset", "fetch", "for", "lock"])
}

/// ORDER BY, LIMIT, OFFSET, FETCH, FOR UPDATE, in any order.
pub fn tail(c: &mut Cursor, query: &mut Query) {
    loop {
        if c.is_word("order") && c.is_word_ahead(1, "by") {
            c.advance();
            c.advance();
            query.order_by.extend(select::order_items(c));
        } else if c.is_word("limit")
            || c.is_word("offset")
            || (c.is_word("fetch") && (c.is_word_ahead(1, "first") || c.is_word_ahead(1, "next")))
        {
            limit(c, &mut query.limit);
        } else if c.is_word("for") && locking_follows(c) {
            locking(c, query);
        } else if c.is_word("lock") && c.is_word_ahead(1, "in") {
            query.locking = true;
            for _ in 0..4 {
                c.advance();
            }
        } else if c.is_word("procedure") && c.is_word_ahead(1, "analyse") {
            c.skip_to_close();
        } else if c.is_word("into") {
            select::into(c, &mut query.body);
        } else if c.is_hole() && !c.is_word_ahead(1, "select") {
            c.advance();
        } else if c.is_any_word(&["and", "or"]) && c.previous().is_some_and(|t| c.source(t).ends_with(HOLE)) {
            // The hole was the rest of a condition or began one.
            c.advance();
            let more = expr::condition(c);
            add_filter(&mut query.body, more);
        } else if at_set_operator(c) && !matches!(query.body, SetExpr::Hole(_)) {
            // ORDER BY or LIMIT before a set operator is an error in every engine.
            c.error_here("set operation after ORDER BY or LIMIT");
            let first = std::mem::replace(&mut query.body, SetExpr::Hole(Span::default()));
            query.body = set_expr(c, Some(first));
        } else if c.is_any_word(&["where", "group", "having", "from"]) && !c.at_statement_end() {
            c.error_here("clause out of order");
            c.advance();
            c.eat_word("by");
            let names = expr::skip_names(c, true);
            let span = c.span_from(c.start());
            if !names.is_empty() {
                add_filter(&mut query.body, Expr { kind: ExprKind::Unparsed(names), span });
            }
        } else {
            return;
        }
    }
}

fn add_filter(body: &mut SetExpr, more: Expr) {
    if let SetExpr::Select(select) = body {
        select::add_filter(&mut select.filter, more, HOLE.to_string());
    }
}

/// LIMIT and OFFSET in all their forms.
pub fn limit(c: &mut Cursor, out: &mut Vec<Expr>) {
    if c.eat_word("limit") {
        if c.eat_words(&["rows", "examined"]) || c.eat_word("all") {
            return;
        }
        out.push(parse_expression(c));
        if c.eat_symbol(",") {
            out.push(parse_expression(c));
        }
    } else if c.eat_word("offset") {
        out.push(parse_expression(c));
        c.eat_any_word(&["row", "rows"]);
    } else if c.eat_word("fetch") {
        c.advance();
        if !c.is_any_word(&["row", "rows"]) {
            out.push(parse_expression(c));
        }
        c.eat_word("percent");
        c.eat_any_word(&["row", "rows"]);
        if !c.eat_word("only") {
            c.eat_words(&["with", "ties"]);
        }
    }
}

fn locking_follows(c: &Cursor) -> bool {
    ["update", "share", "no", "key"].iter().any(|w| c.is_word_ahead(1, w))
}

fn locking(c: &mut Cursor, query: &mut Query) {
    query.locking = true;
    c.advance();
    while c.eat_any_word(&["no", "key", "update", "share"]).is_some() {}
    if c.eat_word("of") {
        while let Some(name) = from::table_name(c) {
            query.lock_of.push(name);
            if !c.eat_symbol(",") {
                break;
            }
        }
    }
    if c.eat_word("skip") {
        c.expect_word("locked");
    } else if c.eat_word("wait") {
        parse_expression(c);
    } else {
        c.eat_word("nowait");
    }
}

/// The identifier that stands for an unknown name.
pub fn hole_ident(span: Span) -> Ident {
    Ident { value: HOLE.to_string(), quoted: false, span }
}
