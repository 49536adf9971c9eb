//! What could not be read, parsed, resolved or applied. Problems are counted and shown, never dropped.

use serde::{Deserialize, Serialize};

/// Which stage met the problem.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Finding repositories, services, files.
    Discover,
    /// Reading and parsing a source file.
    Extract,
    /// Joining facts across files.
    Resolve,
    /// Reading a migration or a dump.
    Migration,
    /// Binding a statement.
    Bind,
    /// Reading or writing the store.
    Store,
    /// Reading configuration.
    Config,
}

/// One thing that was passed over, with its place and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Problem {
    /// Where it came up.
    pub stage: Stage,
    /// Repository name, where one is concerned.
    pub repo: Option<String>,
    /// Path relative to the repository, or as given on the command line.
    pub path: Option<String>,
    /// 1-based line.
    pub line: Option<u32>,
    /// What happened, naming the object.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl Problem {
    /// A problem without place.
    pub fn new(stage: Stage, message: impl Into<String>) -> Self {
        Problem { stage, repo: None, path: None, line: None, message: message.into(), help: None }
    }

    /// At a file.
    pub fn at(mut self, path: impl Into<String>, line: Option<u32>) -> Self {
        self.path = Some(path.into());
        self.line = line;
        self
    }

    /// With advice.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
