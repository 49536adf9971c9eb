//! What a migration does, as typed changes.

use super::object::{ObjectId, ObjectName, ObjectRef};
use super::problem::Problem;
use serde::{Deserialize, Serialize};

/// Kind of change. The JSON name is the variant in snake case.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // the names are the documentation: one per DDL action
pub enum ChangeOp {
    CreateTable,
    DropTable,
    RenameTable,
    MoveTable, // SET SCHEMA, or RENAME TABLE into another database
    AddColumn,
    DropColumn,
    RenameColumn,
    AlterType,
    ReorderColumn, // MySQL FIRST/AFTER on an existing column
    SetNotNull,
    DropNotNull,
    SetDefault,
    DropDefault,
    AlterGenerated, // generation expression, identity or auto_increment added, changed, dropped
    AlterColumn,    // collation, charset, visibility, ON UPDATE and other attributes
    AddConstraint,
    DropConstraint,
    RenameConstraint,
    AlterConstraint, // validate, enforce, deferrability
    CreateIndex,
    DropIndex,
    RenameIndex,
    AlterIndex, // visibility
    CreateView,
    ReplaceView,
    DropView,
    RenameView,
    CreateType,
    AlterDomain,
    AddEnumValue,
    RenameEnumValue,
    RenameType,
    DropType,
    CreateSequence,
    AlterSequence,
    RenameSequence,
    DropSequence,
    CreateFunction,
    ReplaceFunction,
    RenameFunction,
    DropFunction,
    CreateTrigger,
    AlterTrigger,
    DropTrigger,
    CreatePolicy,
    AlterPolicy,
    DropPolicy,
    RowSecurity, // ENABLE/DISABLE/FORCE ROW LEVEL SECURITY
    CreateSchema,
    RenameSchema,
    DropSchema,
    CreateExtension,
    DropExtension,
    Grant,
    Revoke,
    CreateRole,
    DropRole,
    SearchPath,
    Partition,  // attach, detach, add, drop, truncate, reorganise
    AlterTable, // storage and other table options
    InsertRows,
    UpdateRows,
    DeleteRows,
    Truncate,
    Other,
}

/// One typed change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Zero-based number of the migration in the run.
    pub migration: u32,
    /// Zero-based number of the change in its migration.
    pub index: u32,
    /// What is done.
    pub op: ChangeOp,
    /// What it is done to, under the name it had before this change.
    pub object: ObjectRef,
    /// Identity of that object, where it has one.
    pub id: Option<ObjectId>,
    /// Identity of the table that it belongs to.
    pub table: Option<ObjectId>,
    /// New name of a rename or move.
    pub new_name: Option<ObjectName>,
    /// Old and new state as short SQL for people: a type, default, constraint or view text.
    pub before: Option<String>,
    /// See `before`.
    pub after: Option<String>,
    /// It was not written but follows from another change (CASCADE, an index on a dropped column).
    pub cascaded: bool,
    /// 1-based line of the statement in the migration file.
    pub line: u32,
}

/// How a migration ends.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It runs.
    #[default]
    Ok,
    /// It fails on the rows that are known, or may on others.
    MayFail,
    /// It fails whatever the rows are.
    Fails,
}

/// An error that an engine would give.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct EngineError {
    /// SQLSTATE (PostgreSQL), errno (MySQL family), result code name (SQLite).
    pub code: String,
    /// The message in the engine's words.
    pub message: String,
}

/// What `apply` gives for one migration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Applied {
    /// Changes that took effect, in order.
    pub changes: Vec<Change>,
    /// How it ends.
    pub outcome: Outcome,
    /// Other rows than those known could make it fail.
    pub data_dependent: bool,
    /// The first error, if it fails or may fail.
    pub error: Option<EngineError>,
    /// 1-based line of the statement that fails.
    pub error_line: Option<u32>,
    /// For each data-dependent step, the query that returns rows where it would fail.
    pub conditions: Vec<DataCondition>,
    /// Statements that were not understood, and other things passed over.
    pub problems: Vec<Problem>,
}

/// A demand that stored rows must meet for a migration (or a later write) to succeed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DataCondition {
    /// What would fail, in words.
    pub message: String,
    /// A query that returns the offending rows.
    pub query: String,
    /// 1-based line in the migration.
    pub line: u32,
}
