//! Runs migrations and dumps on a schema as the engine would: `apply(schema, script) -> schema, changes`.
//!
//! Each statement is checked with the engine's own rules and codes before it changes anything. Sources:
//! PostgreSQL manual "SQL Commands" and the messages of its server; MariaDB knowledge base, MySQL error
//! reference; SQLite "ALTER TABLE". Where an engine follows a rename into stored text (PostgreSQL's views,
//! SQLite's views and triggers), so does this.

mod add_column;
mod alter;
mod alter_column;
mod column;
mod constraint;
mod create;
mod depend;
mod drop;
mod dump;
mod errors;
mod evaluate;
mod expression;
mod grant;
mod index;
mod names;
mod rename;
mod routine;
mod rows;
mod run;
mod schema_object;
mod script;
mod types;
mod view;
mod witness;

pub use dump::{detect_dialect_of_dump, schema_from_dump};

use crate::model::change::Applied;
use crate::model::schema::Schema;

/// How a script is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplyOptions {
    /// Number of the migration in the run; stands in its changes.
    pub migration: u32,
    /// The script is sent statement by statement; otherwise PostgreSQL runs it as one transaction.
    pub autocommit: bool,
    /// An error becomes a problem that names its line, and the script goes on: for histories and dumps.
    pub lenient: bool,
    /// Most rows of a dump that are kept for each table.
    pub max_rows: usize,
}

impl Default for ApplyOptions {
    fn default() -> Self {
        ApplyOptions { migration: 0, autocommit: false, lenient: false, max_rows: 1000 }
    }
}

/// Runs `script` on a copy of `before`: the schema that is left, and what happened.
///
/// Where `before` is not complete, tables and columns that the script names are taken to exist; see
/// [`presuppose`] for the schema before that has them.
pub fn apply(before: &Schema, script: &str, options: &ApplyOptions) -> (Schema, Applied) {
    let mut schema = before.clone();
    let applied = apply_in_place(&mut schema, script, options);
    (schema, applied)
}

/// As [`apply`], on the schema itself.
pub fn apply_in_place(schema: &mut Schema, script: &str, options: &ApplyOptions) -> Applied {
    script::run(schema, script, options).0
}

/// The schema before with what `script` takes for granted: the tables and columns that it changes or drops
/// though an open schema does not list them. A complete schema is returned as it is.
pub fn presuppose(before: &Schema, script: &str, options: &ApplyOptions) -> Schema {
    let mut schema = before.clone();
    if schema.complete {
        return schema;
    }
    let mut scratch = before.clone();
    let (_, presupposed) = script::run(&mut scratch, script, options);
    for item in presupposed {
        item.add_to(&mut schema);
    }
    schema
}

#[cfg(test)]
mod tests;
