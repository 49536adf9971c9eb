//! What a database engine answered: statements before and after a migration, and the migration itself.

use super::change::EngineError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A column of a result as the engine describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineColumn {
    /// Name.
    pub name: String,
    /// The engine's word for the type, without length or precision; empty where it names none.
    pub ty: String,
}

/// A statement on one state of the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What preparing it gave.
    pub prepared: Result<Vec<EngineColumn>, EngineError>,
    /// What executing it gave, with values made up for its parameters, in a transaction that was rolled back: how many
    /// rows it returned or wrote. `None`: it was not executed.
    pub executed: Option<Result<u64, EngineError>>,
}

impl Asked {
    /// The first error.
    pub fn error(&self) -> Option<&EngineError> {
        match (&self.prepared, &self.executed) {
            (Err(error), _) | (_, Some(Err(error))) => Some(error),
            _ => None,
        }
    }
}

/// A statement before and after the migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementProof {
    /// On the schema before.
    pub before: Asked,
    /// On the schema after; what fails before is not asked again.
    pub after: Option<Asked>,
}

/// A verdict of the analysis that the engine did not share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Disagreement {
    /// The statement.
    pub statement: String,
    /// What the analysis said.
    pub analysis: String,
    /// What the engine said.
    pub engine: String,
}

/// How far the answer of `check` was proved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProofSummary {
    /// The engine that was asked, with its version; `null`: none was.
    pub engine: Option<String>,
    /// Why none was asked, or why it stopped answering.
    pub reason: Option<String>,
    /// Statements that the migration touches.
    pub statements: u32,
    /// Those on which engine and analysis agree.
    pub agreed: u32,
    /// Those on which they don't; the engine's answer holds.
    pub disagreed: u32,
    /// Those of which the engine's answer proves nothing, by reason.
    pub undecided: Vec<Undecided>,
    /// The disagreements.
    pub disagreements: Vec<Disagreement>,
    /// What was refused while the schema before was built, first of all.
    pub refused: Vec<String>,
}

/// Statements of which an engine's answer proves nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Undecided {
    /// Why.
    pub reason: String,
    /// How many.
    pub count: u32,
}
