//! Repositories, services, owners and databases, as discovery finds them.

use super::dialect::Dialect;
use super::facts::Language;
use super::statement::Scope;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A repository: one root folder or git repository. A monorepo holds many services.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Repository {
    /// Name shown to users: the folder's (or bare repository's) name; made unique among those given.
    pub name: String,
    /// Root folder, or the git directory of a bare repository.
    pub root: PathBuf,
    /// The revision read, where it is not the working tree: a commit id.
    pub commit: Option<String>,
    /// Services and libraries, ordered by path. Never empty: a repository without any is one itself.
    pub services: Vec<Service>,
    /// Databases that its folders migrate.
    pub databases: Vec<Database>,
    /// Files that can matter, ordered by path.
    pub files: Vec<SourceFile>,
    /// How many files were passed over, by reason (`vendored`, `generated`, `binary`, `too large`, `minified`).
    pub skipped: Vec<(String, u32)>,
}

/// A service or a library.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Name.
    pub name: String,
    /// Folder relative to the repository; empty: the repository itself.
    pub path: String,
    /// It has no entry point: findings in it belong to the services that reach it.
    pub library: bool,
    /// Services (or libraries) of the same repository that it depends on, by name.
    pub depends: Vec<String>,
    /// Owners, from configuration, else CODEOWNERS, else the catalogue.
    pub owners: Vec<String>,
    /// Databases that configuration binds it to, by name; empty: by evidence.
    pub databases: Vec<String>,
    /// Why it is taken for a service (`impact.toml`, `catalog-info.yaml`, `package.json`, `Dockerfile`, ...).
    pub evidence: String,
    /// Ids of grammar packs that its manifests detect.
    pub packs: Vec<String>,
    /// Engines of the drivers that its manifests name.
    pub engines: Vec<Dialect>,
}

/// What kind of file a [`SourceFile`] is.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum FileKind {
    /// Source code with a grammar.
    Source(Language),
    /// An `.sql` file outside migration folders.
    Sql,
    /// A file of a migration history (or a dump of the schema).
    Migration,
    /// Configuration that can name queries or databases (sqlc.yaml, dbt, compose files).
    Config,
}

/// A file that can matter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SourceFile {
    /// Path relative to the repository, `/` as separator. Not UTF-8: replaced characters, counted as problem.
    pub path: String,
    /// Kind.
    pub kind: FileKind,
    /// Production or test.
    pub scope: Scope,
    /// Index into [`Repository::services`] of the innermost service that holds it.
    pub service: u32,
    /// Size in bytes.
    pub size: u64,
    /// Modification time, nanoseconds since the epoch; 0 when read from git.
    pub mtime: i64,
    /// Git blob id when read from git.
    pub blob: Option<String>,
    /// Owners by CODEOWNERS of this very file, where they differ from the service's.
    pub owners: Option<Vec<String>>,
}

/// A database and the folders that migrate it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Database {
    /// Name: from configuration, else from the service or folder that holds its migrations.
    pub name: String,
    /// Engine and version.
    pub dialect: Dialect,
    /// Why that dialect (`impact.toml`, `flyway.conf`, `docker-compose.yml image postgres:15`, `syntax`).
    pub dialect_evidence: String,
    /// Histories that migrate it; several are variants for several engines.
    pub histories: Vec<History>,
    /// Services bound by configuration or because they hold the migrations, by name.
    pub services: Vec<String>,
}

/// A folder of migrations.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// Folder relative to the repository.
    pub folder: String,
    /// Format id (`flyway`, `golang-migrate`, `plain`).
    pub format: String,
    /// Engine of this history.
    pub dialect: Dialect,
    /// Its files in the format's order, relative to the repository; down files are left out.
    pub files: Vec<String>,
}
