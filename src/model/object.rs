//! Names of database objects.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Identity of a schema object that survives renames: assigned when the object is created, never reused
/// within one lineage of schemas. Two bindings name the same thing when their ids are equal.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectId(pub u32);

/// A qualified name as the engine files it (already folded by the engine's rules). `schema` is empty for
/// engines or objects without one (SQLite's `main` and MySQL's current database are the empty schema).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectName {
    /// Schema (PostgreSQL) or database (MySQL) name; empty: the default one.
    pub schema: String,
    /// The object's own name.
    pub name: String,
}

impl ObjectName {
    /// A qualified name.
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        ObjectName { schema: schema.into(), name: name.into() }
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.schema.is_empty() { f.write_str(&self.name) } else { write!(f, "{}.{}", self.schema, self.name) }
    }
}

/// What kind of thing an [`ObjectRef`] names.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ObjectKind {
    /// A table.
    Table,
    /// A column of a table or view.
    Column,
    /// A view or materialized view.
    View,
    /// An index.
    Index,
    /// A constraint of a table.
    Constraint,
    /// An enum, domain, composite or range type.
    Type,
    /// One value of an enum.
    EnumValue,
    /// A sequence.
    Sequence,
    /// A function, procedure or aggregate.
    Function,
    /// A trigger.
    Trigger,
    /// A row security policy.
    Policy,
    /// A schema (PostgreSQL) or database (MySQL).
    Schema,
    /// An extension.
    Extension,
    /// A role, or a privilege of one.
    Role,
    /// A setting such as the search path.
    Setting,
    /// Anything else; the name says what.
    Other,
}

/// The object that a finding, a change or a problem is about, as shown to users.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ObjectRef {
    /// What it is.
    pub kind: ObjectKind,
    /// Its schema, where it is not the default one.
    pub schema: Option<String>,
    /// The table that it is or belongs to.
    pub table: Option<String>,
    /// The column that it is.
    pub column: Option<String>,
    /// Its own name where it is neither a table nor a column.
    pub name: Option<String>,
}

impl ObjectRef {
    /// A table or view.
    pub fn table(kind: ObjectKind, name: &ObjectName) -> Self {
        ObjectRef { kind, schema: some(&name.schema), table: Some(name.name.clone()), column: None, name: None }
    }

    /// A column of `table`.
    pub fn column(table: &ObjectName, column: &str) -> Self {
        ObjectRef {
            kind: ObjectKind::Column,
            schema: some(&table.schema),
            table: Some(table.name.clone()),
            column: Some(column.into()),
            name: None,
        }
    }

    /// A part of a table that has a name of its own: a constraint, index, trigger, policy.
    pub fn part(kind: ObjectKind, table: &ObjectName, name: &str) -> Self {
        ObjectRef { kind, schema: some(&table.schema), table: Some(table.name.clone()), column: None, name: Some(name.into()) }
    }

    /// An object outside tables: a type, sequence, function, schema, role.
    pub fn named(kind: ObjectKind, name: &ObjectName) -> Self {
        ObjectRef { kind, schema: some(&name.schema), table: None, column: None, name: Some(name.name.clone()) }
    }
}

fn some(s: &str) -> Option<String> {
    (!s.is_empty()).then(|| s.to_string())
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<&str> = [&self.schema, &self.table, &self.column, &self.name].into_iter().flatten().map(String::as_str).collect();
        f.write_str(&parts.join("."))
    }
}
