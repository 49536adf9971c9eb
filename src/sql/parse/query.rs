//! Queries.

use super::cursor::Cursor;
use crate::sql::ast::{Query, SetExpr};

/// Reads a query: WITH, SELECT, VALUES, TABLE, set operations, and the clauses after them.
pub fn parse_query(c: &mut Cursor) -> Query {
    let start = c.start();
    c.skip_statement();
    let span = c.span_from(start);
    Query { with: None, body: SetExpr::Hole(span), order_by: Vec::new(), limit: Vec::new(), lock_of: Vec::new(), locking: false, span }
}
