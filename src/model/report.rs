//! The answer of `check`, as one value that every output format renders. Its JSON is a stable contract.

use super::change::{ChangeOp, EngineError, Outcome};
use super::coverage::Coverage;
use super::finding::{Finding, MigrationFinding};
use super::object::ObjectRef;
use super::problem::Problem;
use super::proof::ProofSummary;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Version of the JSON contracts.
pub const SCHEMA_VERSION: u32 = 1;

/// What to do about a migration.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Recommendation {
    /// Nothing speaks against it.
    #[default]
    SafeToDeploy,
    /// Something must change or be decided first.
    RequiresChanges,
    /// It breaks running code, or fails.
    Blocked,
}

/// Which of migration and code goes first.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeployOrder {
    /// The migration, then the code.
    MigrateFirst,
    /// The code, then the migration.
    CodeFirst,
    /// Any order.
    #[default]
    Either,
    /// No order is safe: expand and contract.
    Neither,
}

/// A change in the report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReportChange {
    /// Zero-based number in the migration.
    pub index: u32,
    /// What is done.
    pub op: ChangeOp,
    /// To what.
    pub object: ObjectRef,
    /// 1-based line.
    pub line: u32,
    /// A dropped or renamed object that nothing refers to; `null` for other changes.
    pub unused: Option<bool>,
    /// What that rests on.
    pub evidence: Option<String>,
}

/// A lock on an existing table or view, as `pg_locks` names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct TableLock {
    /// Table.
    pub table: String,
    /// Mode (`AccessExclusiveLock`).
    pub mode: String,
}

/// What MySQL-family online DDL accepts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OnlineDdl {
    /// `ALGORITHM=INSTANT`.
    pub instant: Option<bool>,
    /// `ALGORITHM=INPLACE`.
    pub inplace: Option<bool>,
    /// `LOCK=NONE`.
    pub lock_none: Option<bool>,
}

/// One migration in the report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReportMigration {
    /// Path as given.
    pub path: String,
    /// Database that it migrates, where known.
    pub database: Option<String>,
    /// How it ends.
    pub outcome: Outcome,
    /// Other rows could change that.
    pub data_dependent: bool,
    /// The error, if it fails or may.
    pub error: Option<EngineError>,
    /// Changes in order.
    pub changes: Vec<ReportChange>,
    /// Strongest lock per table or view that existed before.
    pub locks: Vec<TableLock>,
    /// Tables rewritten.
    pub rewrites: Vec<String>,
    /// Online DDL (MySQL family).
    pub online: Option<OnlineDdl>,
    /// Which engine it was read for and why, and where the schema before comes from; for people, not part of
    /// the JSON.
    #[serde(skip)]
    pub taken: String,
}

/// Counts for the last lines of a report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Findings in production code by verdict.
    pub breaks: u32,
    /// See `breaks`; uses are not in it.
    pub risk: u32,
    /// Statements judged safe.
    pub safe: u32,
    /// Findings of kind `use`.
    pub uses: u32,
    /// Findings in tests.
    pub test: u32,
    /// Services with findings in production code.
    pub services: u32,
    /// Statements that a change reaches and that were judged.
    pub judged: u32,
    /// Findings suppressed by an inline ignore or a baseline.
    pub ignored: u32,
}

/// The whole answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// See [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// What to do.
    pub recommendation: Recommendation,
    /// Why.
    pub reasons: Vec<String>,
    /// Which goes first.
    pub order: DeployOrder,
    /// The migrations, in order of application.
    pub migrations: Vec<ReportMigration>,
    /// Findings in order: production before test, queries and definitions before uses, breaks before risk,
    /// then service, path, line.
    pub findings: Vec<Finding>,
    /// Findings about the migrations themselves.
    pub migration_findings: Vec<MigrationFinding>,
    /// How much was understood.
    pub coverage: Coverage,
    /// How far it was proved on a database engine.
    pub proof: ProofSummary,
    /// What was passed over.
    pub problems: Vec<Problem>,
    /// Counts.
    pub summary: Summary,
    /// Some statement fails before the migration and runs after it; decides the order. Not part of the JSON.
    #[serde(skip)]
    pub waiting: bool,
    /// Sites that could use a changed object and were not understood. Not part of the JSON.
    #[serde(skip)]
    pub reaching: u32,
}
