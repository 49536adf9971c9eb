//! Findings: what `check` says about one statement or definition.

use super::change::{ChangeOp, EngineError};
use super::object::ObjectRef;
use super::statement::Scope;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The verdict on a statement.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Bound to the same objects with the same result before and after.
    #[default]
    Safe,
    /// Fails for some data, returns something else, or can't be decided.
    Risk,
    /// Fails whatever the data.
    Breaks,
}

/// What happens to the statement, finer than [`Verdict`]. Ordered by gravity.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Nothing.
    #[default]
    Safe,
    /// It runs, with another outcome.
    ChangesResult,
    /// It may fail, or could not be decided.
    MayBreak,
    /// It fails.
    Breaks,
}

impl Effect {
    /// The verdict that it amounts to.
    pub fn verdict(self) -> Verdict {
        match self {
            Effect::Safe => Verdict::Safe,
            Effect::ChangesResult | Effect::MayBreak => Verdict::Risk,
            Effect::Breaks => Verdict::Breaks,
        }
    }
}

/// What a finding rests on.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Bound twice; a rule explains the difference.
    #[default]
    Analysis,
    /// The engine's own answer.
    Proof,
    /// A language model's.
    Judgement,
}

/// What kind of place a finding is at.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// A statement.
    #[default]
    Query,
    /// A model or field definition.
    Definition,
    /// An attribute of a loaded entity, a DTO field.
    Use,
}

/// The very name in the source file: 1-based, columns in characters.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Token {
    /// Line.
    pub line: u32,
    /// First column.
    pub column: u32,
    /// One past the last column.
    pub end_column: u32,
}

/// The change that causes a finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct CausingChange {
    /// Path of the migration as given.
    pub migration: String,
    /// Zero-based number of the change in it.
    pub index: u32,
    /// What is done.
    pub op: ChangeOp,
    /// 1-based line in the migration.
    pub line: u32,
}

/// A further cause of a finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct AlsoCause {
    /// Rule id.
    pub rule: String,
    /// The object.
    pub object: Option<ObjectRef>,
    /// The change.
    pub change: Option<CausingChange>,
    /// The sentence.
    pub message: String,
    /// The very name.
    pub token: Option<Token>,
}

/// Errors of the engine before and after.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct EngineErrors {
    /// Before the migration.
    pub before: Option<String>,
    /// After it.
    pub after: Option<String>,
}

/// Sites behind a grouped finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Sites {
    /// How many.
    pub count: u32,
    /// The first of them.
    pub first: Vec<SitePlace>,
}

/// A place of code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct SitePlace {
    /// Path relative to the repository.
    pub path: String,
    /// 1-based.
    pub line: u32,
    /// 1-based, inclusive.
    pub end_line: u32,
}

/// The name that the working tree has among revisions.
pub const WORKING_TREE: &str = "working tree";

/// One finding of `check`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Fingerprint that survives line moves.
    pub id: String,
    /// Repository name.
    pub repo: String,
    /// Service; for a library the names of the services that reach it, joined with `, `.
    pub service: String,
    /// Owners.
    pub owners: Vec<String>,
    /// Database, where known.
    pub database: Option<String>,
    /// Path relative to the repository.
    pub path: String,
    /// 1-based first line of the statement or call.
    pub line: u32,
    /// 1-based last line.
    pub end_line: u32,
    /// The very name.
    pub token: Option<Token>,
    /// Kind of place.
    pub kind: FindingKind,
    /// Production or test.
    pub scope: Scope,
    /// Revisions that it holds in.
    pub revisions: Vec<String>,
    /// Verdict.
    pub verdict: Verdict,
    /// Effect.
    pub effect: Effect,
    /// Effect on a statement prepared before the migration.
    pub prepared_effect: Effect,
    /// Basis.
    pub basis: Basis,
    /// Rule id.
    pub rule: String,
    /// 0..=1, two decimals.
    pub confidence: f32,
    /// One sentence: what happens.
    pub message: String,
    /// What to do.
    pub help: String,
    /// The object concerned.
    pub object: Option<ObjectRef>,
    /// The change that causes it.
    pub change: Option<CausingChange>,
    /// Further causes.
    pub also: Vec<AlsoCause>,
    /// The statement's SQL, holes shown as `{...}`.
    pub statement: String,
    /// Errors before and after.
    pub engine_error: Option<EngineErrors>,
    /// Sites behind a grouped finding.
    pub sites: Option<Sites>,
    /// The source line of `token`, for reports that show code; not part of the JSON.
    #[serde(skip)]
    pub source_line: Option<String>,
    /// How each name that differs was bound before and after, one line each; filled on demand, not part of the JSON.
    #[serde(skip)]
    pub bindings: Vec<String>,
}

/// A finding about the migration itself: a lock, data loss, lint, its failure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MigrationFinding {
    /// Path as given.
    pub migration: String,
    /// 1-based line.
    pub line: u32,
    /// Rule id.
    pub rule: String,
    /// Gravity.
    pub verdict: Verdict,
    /// One sentence.
    pub message: String,
    /// What to do.
    pub help: String,
    /// A query that shows the offending rows, for data-dependent ones.
    pub query: Option<String>,
    /// The engine's error, for failures.
    pub error: Option<EngineError>,
}
