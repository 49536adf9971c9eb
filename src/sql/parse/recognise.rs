//! Whether a string found in source code is SQL.

use crate::model::dialect::Dialect;

/// How much a string looks like SQL.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recognition {
    /// Text of another kind.
    No,
    /// A clause that starts in the middle of a statement (`WHERE a = $1`, `ORDER BY x`).
    Fragment,
    /// A verb comes first and structure follows, but the text has syntax errors or little evidence.
    Likely,
    /// A complete statement that names a table.
    Statement,
}

/// Judges a bare string.
pub fn recognise(text: &str, dialect: Dialect) -> Recognition {
    let statement = super::parse_statement(text, dialect);
    match statement.kind {
        crate::sql::ast::StatementKind::Unknown(_) => Recognition::No,
        _ => Recognition::Likely,
    }
}
