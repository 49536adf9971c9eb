//! COPY and LOAD DATA.

use super::cursor::Cursor;
use super::expr::{self, close};
use super::{from, insert, statement};
use crate::sql::ast::{Copy, StatementKind};
use crate::sql::lexer::TokenKind;

/// Reads COPY; at its verb.
pub fn copy(c: &mut Cursor) -> StatementKind {
    c.advance();
    let mut copy = Copy { table: None, query: None, columns: None, from: false, data: None };
    c.eat_word("binary");
    if c.eat_symbol("(") {
        copy.query = Some(Box::new(statement::parse_inner(c)));
        close(c);
    } else {
        copy.table = from::table_name(c);
        if copy.table.is_none() {
            c.error_here("expected a table");
        }
        if c.is_symbol("(") {
            copy.columns = Some(from::column_names(c));
        }
    }
    match c.eat_any_word(&["from", "to"]).as_deref() {
        Some("from") => copy.from = true,
        Some(_) => {}
        None if c.is_hole() => {}
        None => c.error_here("expected FROM or TO"),
    }
    // The file, and options of many spellings; a filter of rows is an expression.
    while !c.at_statement_end() && !c.is_word("where") {
        c.advance();
    }
    if c.eat_word("where") {
        expr::condition(c);
    }
    let data = c.ahead(1);
    if copy.from && data.kind == TokenKind::CopyData {
        copy.data = Some(data.span);
    }
    StatementKind::Copy(Box::new(copy))
}

/// Reads LOAD DATA or LOAD XML; at its verb.
pub fn load(c: &mut Cursor) -> StatementKind {
    let mut copy = Copy { table: None, query: None, columns: None, from: true, data: None };
    while !(c.at_statement_end() || c.is_word("into") && c.is_word_ahead(1, "table")) {
        c.advance();
    }
    if c.eat_words(&["into", "table"]) {
        copy.table = from::table_name(c);
    } else {
        c.error_here("expected INTO TABLE");
    }
    if c.is_word("partition") && c.is_symbol_ahead(1, "(") {
        c.advance();
        from::column_names(c);
    }
    while !c.at_statement_end() && !c.is_symbol("(") && !c.is_word("set") {
        c.advance();
    }
    if c.is_symbol("(") {
        copy.columns = Some(columns(c));
    }
    if c.eat_word("set") {
        let clauses = insert::set_clauses(c);
        let targets = clauses.iter().filter_map(|s| s.targets.first()).map(|name| name.last().clone());
        copy.columns.get_or_insert_default().extend(targets);
    }
    StatementKind::Copy(Box::new(copy))
}

/// `(a, @skipped, b)`.
fn columns(c: &mut Cursor) -> Vec<crate::sql::ast::Ident> {
    let mut names = Vec::new();
    c.advance();
    while !c.is_symbol(")") && !c.at_statement_end() {
        if c.token().kind == TokenKind::Variable {
            c.advance();
        } else if let Some(name) = c.ident() {
            names.push(name);
        } else {
            break;
        }
        if !c.eat_symbol(",") {
            break;
        }
    }
    close(c);
    names
}
