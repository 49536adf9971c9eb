//! What runs by itself: functions, triggers, policies.

use crate::sql::ast::{Ident, Name, TypeName};

/// A name with argument types: what DROP and ALTER FUNCTION name.
#[derive(Clone, Debug, PartialEq)]
pub struct Signature {
    /// Name.
    pub name: Name,
    /// Types of the input arguments; `None`: no list is written.
    pub args: Option<Vec<TypeName>>,
}

/// A parameter of a function.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// `in`, `out`, `inout`, `variadic`.
    pub mode: String,
    /// Name.
    pub name: Option<Ident>,
    /// Type.
    pub ty: TypeName,
    /// DEFAULT.
    pub default: Option<String>,
}

/// CREATE FUNCTION, PROCEDURE, AGGREGATE.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateFunction {
    /// Name.
    pub name: Name,
    /// OR REPLACE.
    pub or_replace: bool,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// It is a procedure.
    pub procedure: bool,
    /// It is an aggregate.
    pub aggregate: bool,
    /// Parameters in order.
    pub params: Vec<Parameter>,
    /// RETURNS.
    pub returns: Option<TypeName>,
    /// RETURNS SETOF, RETURNS TABLE.
    pub returns_set: bool,
    /// Columns of RETURNS TABLE.
    pub columns: Vec<(Ident, TypeName)>,
    /// Language in lower case.
    pub language: String,
    /// Body text, decoded.
    pub body: String,
    /// STRICT.
    pub strict: bool,
    /// SECURITY DEFINER.
    pub definer: bool,
    /// SET name = value.
    pub settings: Vec<(String, String)>,
    /// The body is BEGIN ATOMIC or RETURN: names are resolved when it is created.
    pub sql_body: bool,
}

/// CREATE TRIGGER.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateTrigger {
    /// Name.
    pub name: Name,
    /// Table.
    pub table: Name,
    /// OR REPLACE.
    pub or_replace: bool,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// `before`, `after`, `instead of`.
    pub timing: String,
    /// `insert`, `update`, `delete`, `truncate`.
    pub events: Vec<String>,
    /// UPDATE OF columns.
    pub columns: Vec<Ident>,
    /// FOR EACH ROW.
    pub for_each_row: bool,
    /// WHEN.
    pub when: Option<String>,
    /// Function (PostgreSQL).
    pub function: Option<Name>,
    /// Body (MySQL family, SQLite).
    pub body: String,
}

/// CREATE or ALTER POLICY.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyDefinition {
    /// Name.
    pub name: Ident,
    /// Table.
    pub table: Name,
    /// AS RESTRICTIVE.
    pub restrictive: bool,
    /// FOR command in lower case; empty: not written.
    pub command: String,
    /// TO roles; empty: not written.
    pub roles: Vec<Ident>,
    /// USING.
    pub using: Option<String>,
    /// WITH CHECK.
    pub check: Option<String>,
}
