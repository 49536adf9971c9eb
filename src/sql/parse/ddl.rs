//! Statements that change the schema.

use super::cursor::Cursor;
use crate::sql::ast::Ddl;

/// Reads a statement that changes the schema; `None`, with the cursor where it was, if it is none.
pub fn parse_ddl(_cursor: &mut Cursor) -> Option<Ddl> {
    None
}
