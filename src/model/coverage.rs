//! How much of the code was understood. Part of every answer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Coverage over all repositories, with one entry each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    /// One per repository, ordered by name.
    pub repositories: Vec<RepositoryCoverage>,
}

/// Coverage of one repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RepositoryCoverage {
    /// Repository name.
    pub repo: String,
    /// Source files seen.
    pub files: u32,
    /// Of those, parsed (the others hold nothing that can matter).
    pub parsed: u32,
    /// Files passed over by reason.
    pub skipped: std::collections::BTreeMap<String, u32>,
    /// Data-access sites: calls on a value that comes from a data-access library, or strings that reach one.
    pub sites: u32,
    /// Of those, resolved to tables and columns.
    pub resolved: u32,
    /// Statements extracted.
    pub statements: u32,
    /// Of those, bound without an unknown name.
    pub bound: u32,
    /// Attributes that are called like the field of a model, of values that may be something else: no uses.
    pub unclear_uses: u32,
    /// Sites that were not resolved, and statements that did not bind, in order of place.
    pub open: Vec<OpenSite>,
    /// How many more there are than `open` lists, where not all of them were asked for.
    #[serde(skip)]
    pub open_left_out: u32,
}

/// A site that was not understood.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct OpenSite {
    /// Path relative to the repository.
    pub path: String,
    /// 1-based line.
    pub line: u32,
    /// Why.
    pub reason: String,
    /// The source or statement, shortened.
    pub text: String,
}
