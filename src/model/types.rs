//! Column types, normalised so that two spellings of one type are equal.

use super::object::ObjectName;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A type as the engine's catalogue would name it.
///
/// `name` is canonical and lower case: `integer` (not `int4`), `character varying`, `timestamp with time
/// zone`, `numeric`, `boolean`, `double precision`, ... for PostgreSQL as `format_type` prints it; for MySQL
/// and MariaDB as `SHOW COLUMNS` prints it (`int`, `varchar`, `tinyint`, `datetime`, `enum`); for SQLite the
/// declared words in lower case. A user-defined type has `user` set and its own name in `name`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DataType {
    /// Canonical name without arguments.
    pub name: String,
    /// Length, precision and scale, fields, ... as written: `varchar(40)` -> `["40"]`.
    pub args: Vec<String>,
    /// Number of array dimensions (PostgreSQL).
    pub array: u8,
    /// `UNSIGNED` (MySQL family).
    pub unsigned: bool,
    /// Labels of an inline `ENUM(...)` or `SET(...)` (MySQL family), unquoted.
    pub values: Vec<String>,
    /// The enum, domain, composite or range that this names, resolved.
    pub user: Option<ObjectName>,
}

impl DataType {
    /// A built-in type without arguments.
    pub fn named(name: &str) -> Self {
        DataType { name: name.to_string(), ..DataType::default() }
    }

    /// Whether the two differ at most in length or precision.
    pub fn same_base(&self, other: &DataType) -> bool {
        self.name == other.name && self.array == other.array && self.unsigned == other.unsigned && self.user == other.user
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.user {
            Some(user) => write!(f, "{user}")?,
            None => f.write_str(&self.name)?,
        }
        if !self.values.is_empty() {
            let quoted: Vec<String> = self.values.iter().map(|v| format!("'{}'", v.replace('\'', "''"))).collect();
            write!(f, "({})", quoted.join(","))?;
        } else if !self.args.is_empty() {
            write!(f, "({})", self.args.join(","))?;
        }
        if self.unsigned {
            f.write_str(" unsigned")?;
        }
        for _ in 0..self.array {
            f.write_str("[]")?;
        }
        Ok(())
    }
}
