//! ALTER TABLE and what it does.

use super::{ColumnDef, ConstraintState, DdlObject, IndexDef, TableConstraint};
use crate::sql::ast::{Ident, Name, TypeName};

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
