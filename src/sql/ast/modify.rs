//! Statements that write rows: INSERT, UPDATE, DELETE, MERGE, COPY.

use super::{Expr, FromItem, Ident, Name, OrderItem, Query, SelectItem, Statement, TableAlias, With};
use crate::model::span::Span;

/// INSERT or REPLACE.
#[derive(Clone, Debug, PartialEq)]
pub struct Insert {
    /// WITH.
    pub with: Option<With>,
    /// REPLACE or INSERT OR REPLACE.
    pub replace: bool,
    /// INSERT IGNORE, INSERT OR IGNORE.
    pub ignore: bool,
    /// Target.
    pub table: Name,
    /// Alias.
    pub alias: Option<Ident>,
    /// Column list; `None`: not written (positional).
    pub columns: Option<Vec<InsertTarget>>,
    /// `OVERRIDING SYSTEM|USER VALUE`: `system` or `user`.
    pub overriding: Option<String>,
    /// Rows.
    pub source: InsertSource,
    /// Row alias `AS new(a, b)` (MySQL).
    pub row_alias: Option<TableAlias>,
    /// ON CONFLICT, ON DUPLICATE KEY UPDATE.
    pub on_conflict: Option<OnConflict>,
    /// RETURNING.
    pub returning: Vec<SelectItem>,
}

/// A column of an INSERT list.
#[derive(Clone, Debug, PartialEq)]
pub struct InsertTarget {
    /// Column; may be a hole.
    pub column: Ident,
    /// `col[1]`, `col.field` follow.
    pub indirection: bool,
}

/// Rows of an INSERT.
#[derive(Clone, Debug, PartialEq)]
pub enum InsertSource {
    /// VALUES rows.
    Values(Vec<Vec<Expr>>),
    /// SELECT.
    Query(Box<Query>),
    /// DEFAULT VALUES, `()`.
    Default,
    /// MySQL `INSERT ... SET a = 1`.
    Set(Vec<SetClause>),
    /// Unknown.
    Hole(Span),
}

/// ON CONFLICT or ON DUPLICATE KEY UPDATE.
#[derive(Clone, Debug, PartialEq)]
pub struct OnConflict {
    /// MySQL's ON DUPLICATE KEY UPDATE.
    pub duplicate_key: bool,
    /// Arbiter expressions `(a, lower(b))`; empty where none are given.
    pub target: Vec<Expr>,
    /// WHERE of the arbiter.
    pub target_filter: Option<Expr>,
    /// ON CONSTRAINT name.
    pub constraint: Option<Ident>,
    /// DO UPDATE SET; `None`: DO NOTHING.
    pub update: Option<Vec<SetClause>>,
    /// WHERE of DO UPDATE.
    pub filter: Option<Expr>,
    /// From ON to its end.
    pub span: Span,
}

/// `a = expr`, `(a, b) = (...)`.
#[derive(Clone, Debug, PartialEq)]
pub struct SetClause {
    /// Columns, possibly qualified (`t.a`).
    pub targets: Vec<Name>,
    /// Value; a row or subquery for several targets.
    pub value: Expr,
}

/// UPDATE.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// WITH.
    pub with: Option<With>,
    /// Target; MySQL allows joins and several tables here.
    pub target: Vec<FromItem>,
    /// SET.
    pub set: Vec<SetClause>,
    /// FROM.
    pub from: Vec<FromItem>,
    /// WHERE.
    pub filter: Option<Expr>,
    /// ORDER BY (MySQL, SQLite).
    pub order_by: Vec<OrderItem>,
    /// LIMIT (MySQL, SQLite).
    pub limit: Vec<Expr>,
    /// RETURNING.
    pub returning: Vec<SelectItem>,
}

/// DELETE.
#[derive(Clone, Debug, PartialEq)]
pub struct Delete {
    /// WITH.
    pub with: Option<With>,
    /// Names of the tables deleted from in MySQL's multi-table forms; empty for the plain form.
    pub tables: Vec<Name>,
    /// FROM: the target (first item in the plain form).
    pub from: Vec<FromItem>,
    /// USING.
    pub using: Vec<FromItem>,
    /// WHERE.
    pub filter: Option<Expr>,
    /// ORDER BY (MySQL, SQLite).
    pub order_by: Vec<OrderItem>,
    /// LIMIT (MySQL, SQLite).
    pub limit: Vec<Expr>,
    /// RETURNING.
    pub returning: Vec<SelectItem>,
}

/// MERGE.
#[derive(Clone, Debug, PartialEq)]
pub struct Merge {
    /// WITH.
    pub with: Option<With>,
    /// Target table.
    pub target: FromItem,
    /// Source.
    pub source: FromItem,
    /// ON.
    pub on: Expr,
    /// WHEN clauses.
    pub clauses: Vec<MergeClause>,
    /// RETURNING.
    pub returning: Vec<SelectItem>,
}

/// WHEN [NOT] MATCHED.
#[derive(Clone, Debug, PartialEq)]
pub struct MergeClause {
    /// AND condition.
    pub condition: Option<Expr>,
    /// Action.
    pub action: MergeAction,
}

/// What a MERGE clause does.
#[derive(Clone, Debug, PartialEq)]
pub enum MergeAction {
    /// UPDATE SET.
    Update(Vec<SetClause>),
    /// DELETE.
    Delete,
    /// INSERT; `None` columns: positional.
    Insert {
        /// Column list.
        columns: Option<Vec<InsertTarget>>,
        /// Values; empty: DEFAULT VALUES.
        values: Vec<Expr>,
    },
    /// DO NOTHING.
    Nothing,
}

/// COPY or LOAD DATA.
#[derive(Clone, Debug, PartialEq)]
pub struct Copy {
    /// Table, unless a query is copied.
    pub table: Option<Name>,
    /// Query copied out.
    pub query: Option<Box<Statement>>,
    /// Columns; `None`: all, in order.
    pub columns: Option<Vec<Ident>>,
    /// FROM (into the table).
    pub from: bool,
    /// Inline data that follows `FROM STDIN;` in a dump: its lines' span.
    pub data: Option<Span>,
}
