//! Statements that change the schema, in one shape for all engines.
//!
//! Expressions, conditions and queries stay text: what a schema keeps of them is their text, and `bind` reads
//! it where it must be understood.

mod alter;
mod routine;
mod table;
mod types;

pub use alter::{AlterAction, AlterTable, ColumnOp, ColumnPosition};
pub use routine::{CreateFunction, CreateTrigger, Parameter, PolicyDefinition, Signature};
pub use table::{
    ColumnAttribute, ColumnAttributeKind, ColumnDef, ConstraintState, CreateIndex, CreateTable, ForeignTarget, IndexDef, KeyPart,
    TableConstraint, TableConstraintKind, TableElement,
};
pub use types::{AlterDomainAction, AlterTypeAction, CreateDomain, TypeDefinition};

use super::{Ident, Name};
use crate::model::span::Span;

/// A change of the schema, as written.
#[derive(Clone, Debug, PartialEq)]
pub enum Ddl {
    /// CREATE TABLE, CREATE FOREIGN TABLE, CREATE VIRTUAL TABLE.
    CreateTable(Box<CreateTable>),
    /// ALTER TABLE, and ALTER VIEW/SEQUENCE/INDEX with the actions that PostgreSQL shares with it.
    AlterTable(Box<AlterTable>),
    /// RENAME TABLE a TO b, c TO d (MySQL family).
    RenameTables(Vec<(Name, Name)>),
    /// CREATE INDEX.
    CreateIndex(Box<CreateIndex>),
    /// CREATE VIEW, CREATE MATERIALIZED VIEW, MySQL's ALTER VIEW ... AS.
    CreateView(Box<CreateView>),
    /// CREATE TYPE.
    CreateType {
        /// Name.
        name: Name,
        /// Definition.
        definition: TypeDefinition,
    },
    /// ALTER TYPE with the actions that only types have.
    AlterType {
        /// Name.
        name: Name,
        /// Actions in order.
        actions: Vec<AlterTypeAction>,
    },
    /// CREATE DOMAIN.
    CreateDomain(Box<CreateDomain>),
    /// ALTER DOMAIN with the actions that only domains have.
    AlterDomain {
        /// Name.
        name: Name,
        /// Action.
        action: AlterDomainAction,
    },
    /// CREATE SEQUENCE.
    CreateSequence {
        /// Name.
        name: Name,
        /// IF NOT EXISTS.
        if_not_exists: bool,
        /// OR REPLACE (MariaDB).
        or_replace: bool,
        /// OWNED BY table.column.
        owned_by: Option<Name>,
        /// TEMPORARY.
        temporary: bool,
    },
    /// ALTER SEQUENCE other than rename, schema and owner.
    AlterSequence {
        /// Name.
        name: Name,
        /// IF EXISTS.
        if_exists: bool,
        /// OWNED BY; `Some(None)`: OWNED BY NONE.
        owned_by: Option<Option<Name>>,
    },
    /// CREATE FUNCTION, PROCEDURE, AGGREGATE.
    CreateFunction(Box<CreateFunction>),
    /// ALTER FUNCTION ... SECURITY, STRICT, SET and the like.
    AlterFunction {
        /// Function.
        target: Signature,
        /// It is a procedure.
        procedure: bool,
        /// SECURITY DEFINER (`true`) or INVOKER, where written.
        definer: Option<bool>,
        /// STRICT, where written.
        strict: Option<bool>,
        /// SET name = value.
        settings: Vec<(String, String)>,
    },
    /// CREATE TRIGGER.
    CreateTrigger(Box<CreateTrigger>),
    /// CREATE POLICY.
    CreatePolicy(Box<PolicyDefinition>),
    /// ALTER POLICY other than rename.
    AlterPolicy(Box<PolicyDefinition>),
    /// CREATE SCHEMA, CREATE DATABASE.
    CreateSchema {
        /// Name.
        name: Ident,
        /// IF NOT EXISTS.
        if_not_exists: bool,
        /// It is a database.
        database: bool,
    },
    /// CREATE EXTENSION.
    CreateExtension {
        /// Name.
        name: Ident,
        /// IF NOT EXISTS.
        if_not_exists: bool,
        /// SCHEMA.
        schema: Option<Ident>,
    },
    /// CREATE ROLE, USER, GROUP.
    CreateRole {
        /// Names.
        names: Vec<Ident>,
        /// IF NOT EXISTS.
        if_not_exists: bool,
    },
    /// `ALTER kind name RENAME TO new` of anything but a table's parts.
    Rename {
        /// Kind of object.
        kind: DdlObject,
        /// The object; of a function with its argument types.
        target: Signature,
        /// The table of a trigger or policy.
        table: Option<Name>,
        /// New name.
        to: Ident,
        /// IF EXISTS.
        if_exists: bool,
    },
    /// `ALTER kind name SET SCHEMA new`.
    SetSchema {
        /// Kind of object.
        kind: DdlObject,
        /// The object.
        target: Signature,
        /// New schema.
        schema: Ident,
        /// IF EXISTS.
        if_exists: bool,
    },
    /// DROP of anything.
    Drop(Box<DropObjects>),
    /// GRANT, REVOKE on objects.
    Grant(Box<GrantStatement>),
    /// A setting that stays with the database or role: ALTER DATABASE/ROLE/SYSTEM ... SET name = value.
    DatabaseSetting {
        /// `database`, `role` or `system`.
        of: String,
        /// Lower-case name.
        name: String,
        /// Value as written.
        value: String,
    },
    /// COMMENT ON: the words of the object.
    Comment {
        /// Kind in lower case, as far as it is known.
        kind: Option<DdlObject>,
        /// The object.
        name: Option<Name>,
    },
    /// Understood, and without effect on any statement: its first words in lower case.
    Harmless {
        /// What it is.
        what: String,
        /// PostgreSQL refuses it inside a transaction block (VACUUM, REINDEX CONCURRENTLY, ...).
        no_transaction: bool,
        /// A table that must exist.
        table: Option<Name>,
    },
    /// Understood, kept as an object that nothing else describes (RULE, EVENT, COLLATION, CAST, OPERATOR, ...).
    Other(String),
    /// The engine's grammar refuses it: the token where it stops.
    Refused {
        /// The offending token.
        near: String,
        /// Its place.
        span: Span,
    },
}

/// Kinds of objects that DDL names.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names are the documentation
pub enum DdlObject {
    Table,
    ForeignTable,
    View,
    MaterializedView,
    Column,
    Index,
    Sequence,
    Type,
    Domain,
    Function,
    Procedure,
    Routine,
    Aggregate,
    Trigger,
    EventTrigger,
    Policy,
    Rule,
    Schema,
    Database,
    Extension,
    Role,
    Event,
    Constraint,
    Collation,
    /// Anything else.
    Other,
}

/// CREATE VIEW.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateView {
    /// Name.
    pub name: Name,
    /// OR REPLACE, or MySQL's ALTER VIEW.
    pub or_replace: bool,
    /// It is MySQL's ALTER VIEW: the view must exist.
    pub alter: bool,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// MATERIALIZED.
    pub materialized: bool,
    /// TEMPORARY.
    pub temporary: bool,
    /// RECURSIVE.
    pub recursive: bool,
    /// Column names.
    pub columns: Vec<Ident>,
    /// Place of the query.
    pub query: Span,
    /// WITH CHECK OPTION.
    pub check_option: bool,
    /// security_invoker, SQL SECURITY INVOKER.
    pub invoker: bool,
    /// WITH NO DATA.
    pub no_data: bool,
}

/// DROP.
#[derive(Clone, Debug, PartialEq)]
pub struct DropObjects {
    /// Kind of object.
    pub kind: DdlObject,
    /// Objects.
    pub targets: Vec<Signature>,
    /// IF EXISTS.
    pub if_exists: bool,
    /// CASCADE.
    pub cascade: bool,
    /// ON table (index, trigger, policy, rule).
    pub table: Option<Name>,
    /// CONCURRENTLY.
    pub concurrently: bool,
    /// TEMPORARY.
    pub temporary: bool,
}

/// GRANT or REVOKE.
#[derive(Clone, Debug, PartialEq)]
pub struct GrantStatement {
    /// REVOKE.
    pub revoke: bool,
    /// Lower-case privileges with their columns.
    pub privileges: Vec<(String, Vec<Ident>)>,
    /// `table`, `schema`, `function`, `sequence`, ...; `role` for the grant of a role.
    pub on: String,
    /// Objects.
    pub objects: Vec<Signature>,
    /// ALL TABLES IN SCHEMA, or `db.*`: the schemas.
    pub all_in: Vec<Ident>,
    /// Roles; `public` for everyone.
    pub roles: Vec<Ident>,
    /// ALTER DEFAULT PRIVILEGES.
    pub default_privileges: bool,
    /// CASCADE.
    pub cascade: bool,
}
