//! From tokens to statements.

pub mod cursor;
pub mod ddl;
pub mod expr;
pub mod query;
pub mod recognise;
pub mod types;

use crate::model::dialect::Dialect;
use crate::model::span::Span;
use crate::sql::ast::{Expr, Script, Statement, StatementKind};
use cursor::Cursor;
pub use recognise::{Recognition, recognise};

/// Reads a script: statements separated by `;` or the client's delimiter. What is not understood is recorded
/// in [`Statement::errors`]; reading never fails.
pub fn parse_script(text: &str, dialect: Dialect) -> Script {
    let mut cursor = Cursor::new(text, dialect);
    let mut statements = Vec::new();
    while !cursor.at_end() {
        if cursor.at_statement_end() {
            cursor.advance();
            continue;
        }
        statements.push(statement(&mut cursor));
    }
    Script { statements }
}

/// Reads the first statement of `text`; empty text gives [`StatementKind::Unknown`].
pub fn parse_statement(text: &str, dialect: Dialect) -> Statement {
    let first = parse_script(text, dialect).statements.into_iter().next();
    first.unwrap_or(Statement { kind: StatementKind::Unknown(String::new()), span: Span::default(), errors: Vec::new() })
}

/// Reads one expression; `None` if something else follows or nothing is there.
pub fn parse_expr(text: &str, dialect: Dialect) -> Option<Expr> {
    let mut cursor = Cursor::new(text, dialect);
    let expr = expr::parse_expression(&mut cursor);
    (cursor.at_end() && cursor.errors.is_empty()).then_some(expr)
}

fn statement(c: &mut Cursor) -> Statement {
    let start = c.start();
    c.errors.clear();
    let kind = match ddl::parse_ddl(c) {
        Some(ddl) => StatementKind::Ddl(Box::new(ddl)),
        None if c.is_any_word(&["select", "with", "values"]) => StatementKind::Query(Box::new(query::parse_query(c))),
        None => StatementKind::Unknown(c.source(c.token()).to_lowercase()),
    };
    c.skip_statement();
    Statement { kind, span: c.span_from(start), errors: std::mem::take(&mut c.errors) }
}
