//! Statements that change the schema, in one shape for all engines.
//!
//! Expressions, conditions and queries stay text: what a schema keeps of them is their text, and `bind` reads
//! it where it must be understood.

use super::{Ident, Name, TypeName};
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

/// ALTER TABLE.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterTable {
    /// What the statement calls it.
    pub kind: DdlObject,
    /// Name.
    pub name: Name,
    /// IF EXISTS.
    pub if_exists: bool,
    /// ONLY.
    pub only: bool,
    /// Actions in order.
    pub actions: Vec<AlterAction>,
}

/// Where a column goes (MySQL family).
#[derive(Clone, Debug, PartialEq)]
pub enum ColumnPosition {
    /// FIRST.
    First,
    /// AFTER column.
    After(Ident),
}

/// An action of ALTER TABLE.
#[derive(Clone, Debug, PartialEq)]
pub enum AlterAction {
    /// ADD [COLUMN].
    AddColumn {
        /// Definition.
        column: ColumnDef,
        /// IF NOT EXISTS.
        if_not_exists: bool,
        /// FIRST, AFTER.
        position: Option<ColumnPosition>,
    },
    /// ADD CONSTRAINT, ADD PRIMARY KEY, ...
    AddConstraint {
        /// Definition.
        constraint: TableConstraint,
        /// IF NOT EXISTS.
        if_not_exists: bool,
    },
    /// ADD INDEX (MySQL family).
    AddIndex {
        /// Definition.
        index: IndexDef,
        /// IF NOT EXISTS.
        if_not_exists: bool,
    },
    /// DROP [COLUMN].
    DropColumn {
        /// Column.
        name: Ident,
        /// IF EXISTS.
        if_exists: bool,
        /// CASCADE.
        cascade: bool,
    },
    /// ALTER [COLUMN].
    AlterColumn {
        /// Column.
        name: Ident,
        /// What is done.
        op: ColumnOp,
        /// IF EXISTS (MariaDB).
        if_exists: bool,
    },
    /// CHANGE [COLUMN] old definition, MODIFY [COLUMN] definition.
    ChangeColumn {
        /// Column.
        old: Ident,
        /// New definition.
        column: ColumnDef,
        /// IF EXISTS.
        if_exists: bool,
        /// FIRST, AFTER.
        position: Option<ColumnPosition>,
        /// It is written CHANGE.
        change: bool,
    },
    /// RENAME [COLUMN] a TO b.
    RenameColumn {
        /// Old name.
        from: Ident,
        /// New name.
        to: Ident,
        /// IF EXISTS (MariaDB).
        if_exists: bool,
    },
    /// RENAME [TO|AS] name.
    RenameTo(Name),
    /// RENAME CONSTRAINT a TO b.
    RenameConstraint {
        /// Old name.
        from: Ident,
        /// New name.
        to: Ident,
    },
    /// RENAME INDEX|KEY a TO b.
    RenameIndex {
        /// Old name.
        from: Ident,
        /// New name.
        to: Ident,
    },
    /// DROP CONSTRAINT.
    DropConstraint {
        /// Constraint.
        name: Ident,
        /// IF EXISTS.
        if_exists: bool,
        /// CASCADE.
        cascade: bool,
    },
    /// DROP FOREIGN KEY.
    DropForeignKey {
        /// Constraint.
        name: Ident,
        /// IF EXISTS.
        if_exists: bool,
    },
    /// DROP CHECK.
    DropCheck {
        /// Constraint.
        name: Ident,
        /// IF EXISTS.
        if_exists: bool,
    },
    /// DROP INDEX|KEY.
    DropIndex {
        /// Index.
        name: Ident,
        /// IF EXISTS.
        if_exists: bool,
    },
    /// DROP PRIMARY KEY.
    DropPrimaryKey {
        /// IF EXISTS.
        if_exists: bool,
    },
    /// ALTER CONSTRAINT, ALTER CHECK.
    AlterConstraint {
        /// Constraint.
        name: Ident,
        /// What is written.
        state: ConstraintState,
    },
    /// VALIDATE CONSTRAINT.
    ValidateConstraint(Ident),
    /// ALTER INDEX [IN]VISIBLE, [NOT] IGNORED.
    AlterIndex {
        /// Index.
        name: Ident,
        /// Becomes invisible.
        invisible: bool,
    },
    /// SET SCHEMA.
    SetSchema(Ident),
    /// OWNER TO.
    OwnerTo(Ident),
    /// INHERIT.
    Inherit(Name),
    /// NO INHERIT.
    NoInherit(Name),
    /// ATTACH PARTITION name bound.
    AttachPartition {
        /// Partition.
        name: Name,
        /// Bound as text.
        bound: String,
    },
    /// DETACH PARTITION.
    DetachPartition {
        /// Partition.
        name: Name,
        /// CONCURRENTLY.
        concurrently: bool,
    },
    /// ADD, DROP, TRUNCATE, REORGANIZE ... PARTITION, PARTITION BY, REMOVE PARTITIONING (MySQL family): text.
    Partition(String),
    /// ENABLE, DISABLE ROW LEVEL SECURITY.
    RowSecurity(bool),
    /// FORCE, NO FORCE ROW LEVEL SECURITY.
    ForceRowSecurity(bool),
    /// ENABLE, DISABLE TRIGGER; `None`: ALL or USER.
    Trigger {
        /// Trigger.
        name: Option<Ident>,
        /// Becomes enabled.
        enable: bool,
    },
    /// CONVERT TO CHARACTER SET.
    ConvertCharset {
        /// Character set; empty: DEFAULT.
        charset: String,
        /// COLLATE.
        collation: Option<String>,
    },
    /// SET (options), ENGINE=, ...: lower-case key and value.
    Options(Vec<(String, String)>),
    /// Understood and without effect on statements: SET TABLESPACE, CLUSTER ON, ALGORITHM=, ...
    Ignored(String),
}

/// What ALTER COLUMN does.
#[derive(Clone, Debug, PartialEq)]
pub enum ColumnOp {
    /// [SET DATA] TYPE.
    Type {
        /// New type.
        ty: TypeName,
        /// COLLATE.
        collation: Option<String>,
        /// USING expression.
        using: Option<String>,
    },
    /// SET DEFAULT.
    SetDefault(String),
    /// DROP DEFAULT.
    DropDefault,
    /// SET NOT NULL.
    SetNotNull,
    /// DROP NOT NULL.
    DropNotNull,
    /// SET EXPRESSION AS (expr).
    SetExpression(String),
    /// DROP EXPRESSION [IF EXISTS].
    DropExpression(bool),
    /// ADD GENERATED ... AS IDENTITY: ALWAYS.
    AddIdentity(bool),
    /// SET GENERATED ALWAYS|BY DEFAULT.
    SetIdentity(Option<bool>),
    /// DROP IDENTITY [IF EXISTS].
    DropIdentity(bool),
    /// SET INVISIBLE (`true`), VISIBLE.
    Invisible(bool),
    /// SET STATISTICS, STORAGE, COMPRESSION, options.
    Ignored(String),
}

/// CREATE TYPE.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeDefinition {
    /// AS ENUM (labels).
    Enum(Vec<String>),
    /// AS (attributes).
    Composite(Vec<(Ident, TypeName)>),
    /// AS RANGE, base and shell types.
    Opaque,
}

/// An action of ALTER TYPE.
#[derive(Clone, Debug, PartialEq)]
pub enum AlterTypeAction {
    /// ADD VALUE.
    AddValue {
        /// Label.
        value: String,
        /// IF NOT EXISTS.
        if_not_exists: bool,
        /// BEFORE (`true`) or AFTER a label.
        neighbour: Option<(bool, String)>,
    },
    /// RENAME VALUE.
    RenameValue {
        /// Old label.
        from: String,
        /// New label.
        to: String,
    },
    /// ADD ATTRIBUTE.
    AddAttribute {
        /// Attribute.
        name: Ident,
        /// Type.
        ty: TypeName,
    },
    /// DROP ATTRIBUTE.
    DropAttribute {
        /// Attribute.
        name: Ident,
        /// IF EXISTS.
        if_exists: bool,
    },
    /// ALTER ATTRIBUTE ... TYPE.
    AlterAttribute {
        /// Attribute.
        name: Ident,
        /// New type.
        ty: TypeName,
    },
    /// RENAME ATTRIBUTE.
    RenameAttribute {
        /// Old name.
        from: Ident,
        /// New name.
        to: Ident,
    },
    /// OWNER TO, options.
    Ignored(String),
}

/// CREATE DOMAIN.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateDomain {
    /// Name.
    pub name: Name,
    /// Underlying type.
    pub ty: TypeName,
    /// DEFAULT, NOT NULL, CHECK.
    pub attributes: Vec<ColumnAttribute>,
}

/// An action of ALTER DOMAIN.
#[derive(Clone, Debug, PartialEq)]
pub enum AlterDomainAction {
    /// SET DEFAULT; `None`: DROP DEFAULT.
    Default(Option<String>),
    /// SET (`true`) or DROP NOT NULL.
    NotNull(bool),
    /// ADD CONSTRAINT ... CHECK.
    AddCheck {
        /// Name.
        name: Option<Ident>,
        /// Condition.
        expr: String,
        /// NOT VALID.
        not_valid: bool,
    },
    /// DROP CONSTRAINT.
    DropConstraint {
        /// Name.
        name: Ident,
        /// IF EXISTS.
        if_exists: bool,
    },
    /// RENAME CONSTRAINT.
    RenameConstraint {
        /// Old name.
        from: Ident,
        /// New name.
        to: Ident,
    },
    /// VALIDATE CONSTRAINT, OWNER TO.
    Ignored(String),
}

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
