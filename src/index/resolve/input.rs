//! What resolution is given and what it gives back.

use super::modules::ModuleMap;
use crate::model::coverage::OpenSite;
use crate::model::dialect::Dialect;
use crate::model::facts::{FileFacts, Language};
use crate::model::problem::Problem;
use crate::model::statement::{Scope, Statement};

/// One service with everything that its statements can be made of.
pub struct ServiceInput<'a> {
    /// Source files with their facts: the service's own and those of the libraries that it reaches.
    pub files: &'a [ResolveFile<'a>],
    /// Engines that the service uses, best first; empty: PostgreSQL is assumed.
    pub dialects: &'a [Dialect],
    /// Content of a file of the repository by its path relative to the repository; `None` where there is none.
    /// Asked for SQL files loaded by name and for the lines of files with open sites.
    pub read: &'a dyn Fn(&str) -> Option<Vec<u8>>,
    /// The service's `.sql` files outside migration histories.
    pub sql_files: &'a [SqlFile<'a>],
    /// How import paths lead to files, over the whole repository.
    pub modules: &'a ModuleMap,
}

/// A source file of the service.
#[derive(Clone)]
pub struct ResolveFile<'a> {
    /// Path relative to the repository.
    pub path: &'a str,
    /// Language.
    pub language: Language,
    /// Production or test.
    pub scope: Scope,
    /// It belongs to the service itself. Statements written in files of a library belong to the library.
    pub own: bool,
    /// What it says.
    pub facts: &'a FileFacts,
}

/// An `.sql` file outside migration histories.
#[derive(Clone, Debug)]
pub struct SqlFile<'a> {
    /// Path relative to the repository.
    pub path: &'a str,
    /// Production or test (also seeds).
    pub scope: Scope,
}

/// The statements of a service and what stayed open.
#[derive(Clone, Debug, Default)]
pub struct Resolved {
    /// Statements, ordered by path and span.
    pub statements: Vec<Statement>,
    /// Sites whose SQL could not be told, ordered by path and line.
    pub open: Vec<OpenSite>,
    /// Data-access sites: calls that send SQL, and strings that are sent or parse as SQL.
    pub sites: u32,
    /// Of those, the ones that gave a statement.
    pub resolved: u32,
    /// Attributes that are called like the field of a model, of values that may be something else.
    pub unclear_uses: u32,
    /// Functions of the service that send a text they are given, by name: files that call them can matter,
    /// even without an SQL keyword of their own. Sorted.
    pub helpers: Vec<String>,
    /// Files of the repository that an import asked for but that were not among the input. Sorted.
    pub wanted: Vec<String>,
    /// SQL files that code loads by name. Sorted.
    pub loaded_sql_files: Vec<String>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}
