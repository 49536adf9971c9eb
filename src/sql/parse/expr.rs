//! Expressions.

use super::cursor::Cursor;
use crate::sql::ast::{Expr, ExprKind};

/// Reads an expression. Where none begins, an error is recorded and the expression is empty.
pub fn parse_expression(c: &mut Cursor) -> Expr {
    let start = c.start();
    let kind = match c.name() {
        Some(name) => ExprKind::Column(name),
        None => ExprKind::Unparsed(Vec::new()),
    };
    Expr { kind, span: c.span_from(start) }
}
