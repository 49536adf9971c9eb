//! Resolving the names of a statement against a schema, with the engine's scoping rules.

pub mod binding;
mod catalog;
pub mod session;
pub mod types;

use crate::model::schema::Schema;
use crate::sql::ast::Statement;
pub use binding::Binding;
pub use session::SessionState;

/// Resolves every name of `statement`, which was parsed from `text`, against `schema`.
pub fn bind(_statement: &Statement, _text: &str, _schema: &Schema, _session: &SessionState) -> Binding {
    Binding::default()
}
