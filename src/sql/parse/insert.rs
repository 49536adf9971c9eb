//! INSERT and REPLACE, and the SET lists that UPDATE and MERGE share with them.

use super::cursor::Cursor;
use super::expr::{self, close, parse_expression, rest_of_item};
use super::{from, query, select};
use crate::model::span::Span;
use crate::sql::ast::{Expr, ExprKind, Ident, Insert, InsertSource, InsertTarget, Name, OnConflict, SetClause, With};
use crate::sql::lexer::TokenKind;

/// Reads INSERT or REPLACE; at its verb.
pub fn insert(c: &mut Cursor, with: Option<With>) -> Insert {
    let mut replace = c.is_word("replace");
    let mut ignore = false;
    c.advance();
    loop {
        if c.eat_word("or") {
            match c.eat_any_word(&["replace", "ignore", "abort", "fail", "rollback"]).as_deref() {
                Some("replace") => replace = true,
                Some("ignore") => ignore = true,
                Some(_) => {}
                None if c.is_hole() => {
                    c.advance();
                }
                None => c.error_here("expected a conflict resolution"),
            }
        } else if c.is_any_word(&["low_priority", "delayed", "high_priority", "overwrite"]) {
            c.advance();
        } else if c.is_word("ignore") && !c.is_symbol_ahead(1, "(") {
            ignore = true;
            c.advance();
        } else if c.is_hole() && c.is_word_ahead(1, "into") {
            c.advance();
        } else {
            break;
        }
    }
    c.eat_word("into");
    let table = from::table_name(c).unwrap_or_else(|| {
        c.error_here("expected a table");
        let at = Span { start: c.start(), end: c.start() };
        Name { parts: vec![query::hole_ident(at)] }
    });
    if c.is_word("partition") && c.is_symbol_ahead(1, "(") {
        c.advance();
        from::column_names(c);
    }
    let alias = if c.is_word("as") && !c.is_any_ahead(1, &["select", "with"]) { from::alias_name(c) } else { None };
    let mut columns = None;
    if c.is_hole() && (source_follows(c, 1) || c.is_symbol_ahead(1, "(")) {
        columns = Some(vec![InsertTarget { column: query::hole_ident(c.token().span), indirection: false }]);
        c.advance();
    } else if c.is_symbol("(") && !query::begins_in_parenthesis(c) && !c.is_symbol_ahead(1, "(") {
        columns = Some(targets(c));
    }
    let overriding = c.eat_word("overriding").then(|| {
        let what = c.eat_any_word(&["system", "user"]).unwrap_or_default();
        c.expect_word("value");
        what
    });
    let source = source(c, &mut columns);
    let mut insert = Insert {
        with,
        replace,
        ignore,
        table,
        alias,
        columns,
        overriding,
        source,
        row_alias: None,
        on_conflict: None,
        returning: Vec::new(),
    };
    tail(c, &mut insert);
    insert
}

fn source_follows(c: &Cursor, by: usize) -> bool {
    c.is_any_ahead(by, &["values", "value", "select", "with", "set", "default", "overriding"])
}

fn source(c: &mut Cursor, columns: &mut Option<Vec<InsertTarget>>) -> InsertSource {
    let start = c.start();
    if c.is_hole() && source_follows(c, 1) {
        c.advance();
    }
    if c.is_word("values") || (c.is_word("value") && c.is_symbol_ahead(1, "(")) {
        c.advance();
        // Drivers take all rows in one parameter: `VALUES ?` (mysql2), `VALUES %s` (execute_values).
        if c.token().kind == TokenKind::Param {
            let rows = c.advance().span;
            return InsertSource::Hole(rows);
        }
        let rows = query::rows(c);
        let empty = !rows.is_empty() && rows.iter().all(Vec::is_empty) && columns.as_ref().is_none_or(Vec::is_empty);
        return if empty { InsertSource::Default } else { InsertSource::Values(rows) };
    }
    if c.is_word("default") && c.is_word_ahead(1, "values") {
        c.advance();
        c.advance();
        return InsertSource::Default;
    }
    if c.eat_word("set") {
        return InsertSource::Set(set_clauses(c));
    }
    c.eat_word("as");
    if c.is_symbol("(") || query::begins_here(c) {
        return InsertSource::Query(Box::new(query::parse_query(c)));
    }
    if c.is_hole() {
        c.advance();
        return InsertSource::Hole(c.span_from(start));
    }
    if columns.as_ref().is_none_or(|columns| !columns.iter().any(|t| t.column.is_hole())) || !c.at_statement_end() {
        c.error_here("expected VALUES or a query");
    }
    InsertSource::Hole(Span { start, end: start })
}

/// Reads `(a, b[1], c.d)`.
pub fn targets(c: &mut Cursor) -> Vec<InsertTarget> {
    let mut targets = Vec::new();
    c.advance();
    while !c.is_symbol(")") && !c.at_statement_end() {
        let before = c.mark();
        if let Some(name) = from::table_name(c) {
            let mut indirection = false;
            while c.is_symbol("[") {
                indirection = true;
                while !c.at_statement_end() && !c.eat_symbol("]") {
                    c.advance();
                }
            }
            // MySQL and SQLite allow the table's name before the column; in PostgreSQL a field follows it.
            let qualified = name.parts.len() > 1;
            let column = if qualified && !c.postgres() { name.parts.last() } else { name.parts.first() };
            indirection |= qualified && c.postgres();
            targets.extend(column.cloned().map(|column| InsertTarget { column, indirection }));
        } else if c.is_name() {
            // A reserved word; the engine would refuse it.
            c.error_here("reserved word as a column");
            targets.extend(c.ident().map(|column| InsertTarget { column, indirection: false }));
        }
        if c.is_hole() {
            // `(a, b ⌂)`: more columns.
            let column = query::hole_ident(c.token().span);
            targets.push(InsertTarget { column, indirection: false });
            c.advance();
        }
        if !c.eat_symbol(",") || c.mark() == before {
            break;
        }
    }
    close(c);
    targets
}

/// Row alias, ON CONFLICT, ON DUPLICATE KEY UPDATE, RETURNING.
fn tail(c: &mut Cursor, insert: &mut Insert) {
    loop {
        if c.is_word("as") && c.mysql() {
            insert.row_alias = from::alias(c);
        } else if c.is_word("on") && c.is_any_ahead(1, &["conflict", "duplicate"]) {
            let next = on_conflict(c);
            // SQLite takes several; one that updates says most.
            if insert.on_conflict.as_ref().is_none_or(|first| first.update.is_none()) {
                insert.on_conflict = Some(next);
            }
        } else if c.eat_word("returning") {
            insert.returning = select::items(c);
            if c.is_word("into") {
                c.advance();
                expr::list(c);
            }
        } else if c.is_hole() {
            c.advance();
        } else {
            return;
        }
    }
}

/// Reads ON CONFLICT or ON DUPLICATE KEY UPDATE; at ON.
pub fn on_conflict(c: &mut Cursor) -> OnConflict {
    let start = c.start();
    c.advance();
    let mut conflict = OnConflict {
        duplicate_key: c.is_word("duplicate"),
        target: Vec::new(),
        target_filter: None,
        constraint: None,
        update: None,
        filter: None,
        span: Span::default(),
    };
    c.advance();
    if conflict.duplicate_key {
        c.eat_word("key");
        c.expect_word("update");
        conflict.update = Some(set_clauses(c));
        conflict.span = c.span_from(start);
        return conflict;
    }
    if c.is_symbol("(") {
        c.advance();
        conflict.target = arbiters(c);
        close(c);
        if c.eat_word("where") {
            conflict.target_filter = Some(expr::condition(c));
        }
    } else if c.is_word("on") && c.is_word_ahead(1, "constraint") {
        c.advance();
        c.advance();
        conflict.constraint = c.ident();
    } else if c.is_hole() {
        let span = c.token().span;
        c.advance();
        conflict.target = vec![Expr { kind: ExprKind::Hole, span }];
    }
    if c.eat_word("do") {
        if c.eat_word("update") {
            c.expect_word("set");
            conflict.update = Some(set_clauses(c));
            if c.eat_word("where") {
                conflict.filter = Some(expr::condition(c));
            }
        } else if c.is_hole() {
            let span = c.advance().span;
            let value = Expr { kind: ExprKind::Hole, span };
            conflict.update = Some(vec![SetClause { targets: vec![Name { parts: vec![query::hole_ident(span)] }], value }]);
        } else {
            c.expect_word("nothing");
        }
    } else if !c.previous().is_some_and(|t| c.source(t).ends_with(crate::model::statement::HOLE)) {
        c.error_here("expected DO");
    }
    conflict.span = c.span_from(start);
    conflict
}

/// `a, lower(b) COLLATE x text_ops DESC`.
fn arbiters(c: &mut Cursor) -> Vec<Expr> {
    let mut target = Vec::new();
    while !c.is_symbol(")") && !c.at_statement_end() {
        let before = c.mark();
        target.push(parse_expression(c));
        while c.token().kind == TokenKind::Word && !c.is_hole() {
            c.advance();
        }
        if !c.eat_symbol(",") || c.mark() == before {
            break;
        }
    }
    target
}

/// Reads `a = 1, (b, c) = (2, 3)`.
pub fn set_clauses(c: &mut Cursor) -> Vec<SetClause> {
    let mut clauses = Vec::new();
    loop {
        let before = c.mark();
        clauses.extend(set_clause(c));
        if !c.eat_symbol(",") || c.mark() == before {
            return clauses;
        }
    }
}

fn set_clause(c: &mut Cursor) -> Option<SetClause> {
    let start = c.start();
    if c.is_hole() && c.is_plain_name_ahead(1) && (c.is_symbol_ahead(2, "=") || c.is_symbol_ahead(2, ".")) && !c.is_hole_ahead(1) {
        c.advance();
    }
    let token = c.token();
    if (c.is_hole() || token.kind == TokenKind::Param) && !c.is_symbol_ahead(1, "=") && !c.is_symbol_ahead(1, ".") {
        // All assignments are unknown.
        c.advance();
        let kind = if token.kind == TokenKind::Param { ExprKind::Param(c.source(token).to_string()) } else { ExprKind::Hole };
        let targets = vec![Name { parts: vec![query::hole_ident(token.span)] }];
        return Some(SetClause { targets, value: Expr { kind, span: token.span } });
    }
    let targets = if c.is_symbol("(") {
        from::column_names(c).into_iter().map(|column: Ident| Name { parts: vec![column] }).collect()
    } else if c.token().kind == TokenKind::Variable {
        c.advance();
        Vec::new()
    } else {
        let Some(name) = from::table_name(c) else {
            c.error_here("expected a column");
            let skipped = expr::unparsed(c, start);
            rest_of_item(c, skipped, false);
            return None;
        };
        while c.is_symbol("[") {
            while !c.at_statement_end() && !c.eat_symbol("]") {
                c.advance();
            }
        }
        vec![name]
    };
    if !c.eat_symbol("=") && !c.eat_symbol(":=") {
        if c.is_hole() {
            c.advance();
        } else if c.at_statement_end() || !matches!(c.token().kind, TokenKind::Operator) {
            c.error_here("expected \"=\"");
            let value = expr::unparsed(c, start);
            let value = rest_of_item(c, value, false);
            return Some(SetClause { targets, value });
        } else {
            c.error_here("expected \"=\"");
            c.advance();
            c.eat_symbol("=");
        }
    }
    let value = parse_expression(c);
    let value = rest_of_item(c, value, false);
    Some(SetClause { targets, value })
}
