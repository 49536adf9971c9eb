//! Tables: columns, constraints, indexes.

use crate::model::span::Span;
use crate::sql::ast::{Ident, Name, TypeName};

/// CREATE TABLE.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateTable {
    /// Name.
    pub name: Name,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// OR REPLACE (MariaDB).
    pub or_replace: bool,
    /// TEMPORARY.
    pub temporary: bool,
    /// FOREIGN.
    pub foreign: bool,
    /// Module and arguments of an SQLite virtual table.
    pub module: Option<(String, Vec<String>)>,
    /// Columns, constraints, indexes and LIKE in order.
    pub elements: Vec<TableElement>,
    /// INHERITS.
    pub inherits: Vec<Name>,
    /// PARTITION OF parent, with the bound as text.
    pub partition_of: Option<(Name, String)>,
    /// PARTITION BY as text.
    pub partition_by: Option<String>,
    /// OF composite type.
    pub of_type: Option<Name>,
    /// AS query: its place.
    pub query: Option<Span>,
    /// Column names given before AS.
    pub query_columns: Vec<Ident>,
    /// WITH NO DATA.
    pub no_data: bool,
    /// Options: lower-case key, value.
    pub options: Vec<(String, String)>,
}

/// A part of a table definition.
#[derive(Clone, Debug, PartialEq)]
pub enum TableElement {
    /// A column.
    Column(ColumnDef),
    /// A constraint.
    Constraint(TableConstraint),
    /// KEY, INDEX, FULLTEXT, SPATIAL (MySQL family).
    Index(IndexDef),
    /// LIKE table, with the options included (lower case; `all`).
    Like {
        /// Model.
        table: Name,
        /// INCLUDING.
        including: Vec<String>,
        /// EXCLUDING.
        excluding: Vec<String>,
    },
}

/// A column definition.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnDef {
    /// Name.
    pub name: Ident,
    /// Type; SQLite takes columns without one.
    pub ty: Option<TypeName>,
    /// Attributes and constraints in order.
    pub attributes: Vec<ColumnAttribute>,
    /// From the name to the last attribute.
    pub span: Span,
}

/// An attribute or constraint of a column.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnAttribute {
    /// Constraint name, where one is written.
    pub name: Option<Ident>,
    /// What it says.
    pub kind: ColumnAttributeKind,
    /// NOT VALID, DEFERRABLE, ...
    pub state: ConstraintState,
}

/// Kinds of column attributes.
#[derive(Clone, Debug, PartialEq)]
pub enum ColumnAttributeKind {
    /// NOT NULL.
    NotNull,
    /// NULL.
    Null,
    /// DEFAULT expression.
    Default(String),
    /// GENERATED ALWAYS AS (expr), AS (expr).
    Generated {
        /// Expression.
        expr: String,
        /// STORED, PERSISTENT.
        stored: bool,
    },
    /// GENERATED ALWAYS|BY DEFAULT AS IDENTITY: ALWAYS.
    Identity(bool),
    /// AUTO_INCREMENT.
    AutoIncrement,
    /// PRIMARY KEY.
    PrimaryKey,
    /// UNIQUE, with NULLS NOT DISTINCT.
    Unique(bool),
    /// CHECK.
    Check(String),
    /// REFERENCES.
    References(ForeignTarget),
    /// COLLATE.
    Collate(String),
    /// CHARACTER SET.
    Charset(String),
    /// ON UPDATE expression.
    OnUpdate(String),
    /// INVISIBLE (`true`) or VISIBLE.
    Invisible(bool),
    /// An attribute that no statement notices: COMMENT, STORAGE, ...
    Ignored(String),
}

/// NOT VALID, NOT ENFORCED, DEFERRABLE.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct ConstraintState {
    /// DEFERRABLE, where written.
    pub deferrable: Option<bool>,
    /// INITIALLY DEFERRED, where written.
    pub deferred: Option<bool>,
    /// NOT VALID.
    pub not_valid: bool,
    /// NOT ENFORCED (`false`) or ENFORCED, where written.
    pub enforced: Option<bool>,
}

/// A table constraint.
#[derive(Clone, Debug, PartialEq)]
pub struct TableConstraint {
    /// Name, where one is written.
    pub name: Option<Ident>,
    /// What it demands.
    pub kind: TableConstraintKind,
    /// NOT VALID, DEFERRABLE, ...
    pub state: ConstraintState,
}

/// Kinds of table constraints.
#[derive(Clone, Debug, PartialEq)]
pub enum TableConstraintKind {
    /// PRIMARY KEY (keys).
    PrimaryKey(Vec<KeyPart>),
    /// UNIQUE [KEY|INDEX] [name] (keys).
    Unique {
        /// Index name (MySQL family).
        index: Option<Ident>,
        /// Keys.
        keys: Vec<KeyPart>,
        /// NULLS NOT DISTINCT.
        nulls_not_distinct: bool,
    },
    /// PRIMARY KEY or UNIQUE USING INDEX name.
    UsingIndex {
        /// PRIMARY KEY.
        primary: bool,
        /// Index.
        index: Ident,
    },
    /// FOREIGN KEY [name] (columns) REFERENCES.
    ForeignKey {
        /// Index name (MySQL family).
        index: Option<Ident>,
        /// Columns.
        columns: Vec<Ident>,
        /// Target.
        target: ForeignTarget,
    },
    /// CHECK (expr).
    Check(String),
    /// EXCLUDE.
    Exclude {
        /// Text after EXCLUDE.
        definition: String,
        /// Access method.
        method: String,
        /// Keys before each WITH.
        keys: Vec<KeyPart>,
    },
    /// NOT NULL column (PostgreSQL 18).
    NotNull(Ident),
}

/// REFERENCES table (columns) and its actions.
#[derive(Clone, Debug, PartialEq)]
pub struct ForeignTarget {
    /// Table.
    pub table: Name,
    /// Columns; empty: the primary key.
    pub columns: Vec<Ident>,
    /// ON DELETE in lower case; empty: not written.
    pub on_delete: String,
    /// ON UPDATE in lower case; empty: not written.
    pub on_update: String,
}

/// A key of an index.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeyPart {
    /// The column, if it is one.
    pub column: Option<Ident>,
    /// The expression, if it is one.
    pub expr: Option<String>,
    /// Prefix length.
    pub prefix: Option<u32>,
    /// COLLATE.
    pub collation: Option<String>,
    /// Operator class.
    pub opclass: Option<String>,
    /// DESC.
    pub descending: bool,
}

/// An index inside CREATE or ALTER TABLE, and the body of CREATE INDEX.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IndexDef {
    /// Name, where one is written.
    pub name: Option<Ident>,
    /// UNIQUE.
    pub unique: bool,
    /// Access method in lower case (`fulltext`, `spatial` too); empty: the default.
    pub method: String,
    /// Keys.
    pub keys: Vec<KeyPart>,
    /// INCLUDE columns.
    pub include: Vec<Ident>,
    /// WHERE.
    pub predicate: Option<String>,
    /// NULLS NOT DISTINCT.
    pub nulls_not_distinct: bool,
    /// INVISIBLE, IGNORED.
    pub invisible: bool,
}

/// CREATE INDEX.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateIndex {
    /// Schema of the index, where written (SQLite).
    pub schema: Option<Ident>,
    /// Table.
    pub table: Name,
    /// Definition.
    pub index: IndexDef,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// OR REPLACE (MariaDB).
    pub or_replace: bool,
    /// CONCURRENTLY.
    pub concurrently: bool,
}
