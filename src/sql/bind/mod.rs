//! Resolving the names of a statement against a schema, with the engine's scoping rules.
//!
//! [`bind`] walks the statement once. A `Binder` keeps a stack of scopes (one per query level) whose relations
//! borrow their columns from the schema; every name that is met is looked up from the innermost scope outwards
//! and recorded with the identity of what it means. The first error is the statement's; binding goes on behind
//! it, so that the uses are complete.

mod binder;
pub mod binding;
mod catalog;
mod collation;
mod column;
mod conflict;
mod defined;
mod errors;
mod expr;
mod from;
mod function;
mod group;
mod insert;
mod literal;
mod naming;
mod operator;
mod privilege;
mod query;
mod reference;
mod resolve;
mod scope;
pub mod session;
mod table;
mod target;
mod temporary;
#[cfg(test)]
mod tests;
pub mod types;
mod update;
mod utility;
mod value;
mod view;

use crate::model::dialect::Engine;
use crate::model::schema::Schema;
use crate::sql::ast::{Statement, StatementKind};
use binder::Binder;
pub use binding::Binding;
use binding::{BindErrorKind, Output};
pub use reference::references;
pub use session::SessionState;
use value::Rows;

/// Resolves every name of `statement`, which was parsed from `text`, against `schema`, as a connection in the
/// state of `session` would.
pub fn bind(statement: &Statement, text: &str, schema: &Schema, session: &SessionState) -> Binding {
    let mut binder = Binder::new(text, schema, session);
    binder.statement(statement);
    let mut binding = binder.finish();
    if binding.error.is_none() {
        binding.error = privilege::check(&binding, schema, session);
    }
    binding
}

impl<'s> Binder<'s> {
    /// Binds a whole statement.
    fn statement(&mut self, statement: &'s Statement) {
        if !statement.errors.is_empty() {
            self.porous = true;
        }
        match &statement.kind {
            StatementKind::Query(query) => {
                let rows = self.query_rows(query);
                self.outputs(rows);
            }
            StatementKind::Fragment(query) => {
                self.porous = true;
                self.query_rows(query);
            }
            StatementKind::Insert(_) | StatementKind::Update(_) | StatementKind::Delete(_) | StatementKind::Merge(_) => {
                if let Some(rows) = self.write_statement(statement) {
                    self.outputs(rows);
                }
            }
            StatementKind::Copy(copy) => self.copy(copy),
            StatementKind::Truncate { tables, .. } => self.tables(tables, true),
            StatementKind::Lock { tables } => self.tables(tables, false),
            StatementKind::Call { name, args } => self.procedure(name, args),
            StatementKind::Wrapped { how, inner } => {
                self.statement(inner);
                if how != "declare" {
                    self.out.outputs = None;
                }
            }
            StatementKind::Unknown(word) => self.not_understood(statement, word),
            StatementKind::Ddl(ddl) => self.ddl(ddl, statement),
            StatementKind::Session(session) => self.session(session, statement.span),
            StatementKind::Transaction(_) | StatementKind::Block { .. } => {}
        }
    }

    fn not_understood(&mut self, statement: &Statement, _word: &str) {
        let Some(first) = statement.errors.first() else { return };
        let near = first.span.slice(self.text).to_string();
        let (code, message) = match self.engine {
            Engine::Postgres => ("42601", format!("syntax error at or near \"{near}\"")),
            Engine::MySql | Engine::MariaDb => ("1064", format!("You have an error in your SQL syntax near '{near}'")),
            Engine::Sqlite => ("SQLITE_ERROR", format!("near \"{near}\": syntax error")),
        };
        self.fail(BindErrorKind::Syntax, code, message, first.span, None);
    }

    fn outputs(&mut self, rows: Rows<'s>) {
        if rows.open {
            self.out.outputs = None;
            return;
        }
        let outputs = rows.columns.into_iter().map(|column| Output {
            name: column.name.into_owned(),
            ty: match column.value.ty {
                value::Ty::Known(ty) => Some(ty.into_owned()),
                // An undecided literal becomes text in the result.
                value::Ty::Literal if self.schema.dialect.engine == Engine::Postgres => Some(crate::model::types::DataType::named("text")),
                _ => None,
            },
            nullable: column.value.nullable,
            source: column.value.source,
            from_star: column.from_star,
        });
        self.out.outputs = Some(outputs.collect());
    }

    /// What was found, uses in text order; what is not written stands at the end.
    fn finish(mut self) -> Binding {
        if let Some((message, span, object)) = self.denied.take() {
            self.fail(BindErrorKind::Permission, "42501", message, span, Some(object));
        }
        self.out.uses.sort_by_key(|u| if u.span.is_empty() { u32::MAX } else { u.span.start });
        self.out.uses.dedup();
        self.out.opaque.sort_by_key(|o| o.span.start);
        self.out.opaque.dedup();
        self.out
    }
}
