//! Type names.

use super::cursor::Cursor;
use crate::sql::ast::TypeName;

/// Reads a type; `None` if the current token begins none.
pub fn parse_type(c: &mut Cursor) -> Option<TypeName> {
    let start = c.start();
    let name = c.name()?;
    Some(TypeName { name, args: Vec::new(), array: 0, unsigned: false, span: c.span_from(start) })
}
