//! From tokens to statements: a recursive-descent parser that records what it does not understand and goes
//! on, since one string in five that programs send is no complete statement by itself.

mod call;
mod copy;
pub mod cursor;
pub mod ddl;
pub mod expr;
mod foreign;
mod fragment;
mod from;
mod insert;
mod keywords;
mod literal;
mod merge;
mod modify;
mod operator;
mod primary;
pub mod query;
pub mod recognise;
#[cfg(test)]
mod render;
mod select;
mod session;
pub mod statement;
#[cfg(test)]
mod tests;
pub mod types;

use crate::model::dialect::Dialect;
use crate::model::span::Span;
use crate::sql::ast::{Expr, Script, Statement, StatementKind};
use cursor::Cursor;
pub use foreign::foreign_engine;
pub use keywords::is_reserved;
pub use recognise::{Recognition, recognise};

/// Reads a script: statements separated by `;` or the client's delimiter. What is not understood is recorded
/// in [`Statement::errors`]; reading never fails.
pub fn parse_script(text: &str, dialect: Dialect) -> Script {
    let mut cursor = Cursor::new(text, dialect);
    let mut statements = Vec::new();
    while let Some(statement) = next(&mut cursor) {
        statements.push(statement);
    }
    Script { statements }
}

/// Reads the first statement of `text`; empty text gives [`StatementKind::Unknown`].
pub fn parse_statement(text: &str, dialect: Dialect) -> Statement {
    let mut cursor = Cursor::new(text, dialect);
    let none = Statement { kind: StatementKind::Unknown(String::new()), span: Span::default(), errors: Vec::new() };
    next(&mut cursor).unwrap_or(none)
}

/// Reads one expression; `None` if it has syntax errors or something follows it.
pub fn parse_expr(text: &str, dialect: Dialect) -> Option<Expr> {
    let mut cursor = Cursor::new(text, dialect);
    let expr = expr::parse_expression(&mut cursor);
    (cursor.at_end() && cursor.errors.is_empty()).then_some(expr)
}

/// Skips delimiters and reads the statement after them, up to the next delimiter.
fn next(c: &mut Cursor) -> Option<Statement> {
    while c.at_statement_end() {
        if c.at_end() {
            return None;
        }
        c.advance();
    }
    c.errors.clear();
    c.depth = 0;
    let mut statement = statement::parse_inner(c);
    if !c.at_statement_end() {
        if !matches!(statement.kind, StatementKind::Unknown(_)) {
            c.error_here("unexpected here");
        }
        c.skip_statement();
        statement.span = c.span_from(statement.span.start);
    }
    statement.errors = std::mem::take(&mut c.errors);
    Some(statement)
}
