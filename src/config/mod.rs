//! `impact.toml`: what can't be found by evidence, and what should not be decided by it.
//!
//! Every key has a default; unknown keys are errors that name the nearest valid one. `config/reference.toml`
//! documents all of them.

use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The file's name.
pub const FILE_NAME: &str = "impact.toml";

/// A configuration file, read and checked.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// Repositories of the workspace.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub repositories: Vec<RepositoryConfig>,
    /// Services and libraries.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<ServiceConfig>,
    /// Databases.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub databases: Vec<DatabaseConfig>,
    /// What is read.
    pub discover: DiscoverConfig,
    /// Grammar packs.
    pub grammars: GrammarsConfig,
    /// Defaults of `check`.
    pub check: CheckConfig,
}

/// A repository of the workspace.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct RepositoryConfig {
    /// Folder, relative to the configuration file.
    pub path: PathBuf,
    /// Name shown; default: the folder's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A service or library.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ServiceConfig {
    /// Name.
    pub name: String,
    /// Repository that holds it; default: the one of the configuration file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// Folder in the repository.
    pub path: String,
    /// It has no entry point of its own.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub library: bool,
    /// Owners; default: CODEOWNERS, else the catalogue.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<String>,
    /// Databases that it uses, by name; default: by evidence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub databases: Vec<String>,
}

/// A database.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct DatabaseConfig {
    /// Name.
    pub name: String,
    /// Engine and version: `postgres:15`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialect: Option<String>,
    /// Repository that holds its migrations; default: the one of the configuration file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// Folders of migrations in the repository.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub migrations: Vec<String>,
    /// Format of the migrations; default: by evidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Services that use it, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
}

/// What is read.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct DiscoverConfig {
    /// Globs of paths that are not read.
    pub exclude: Vec<String>,
    /// Globs of paths that are tests, besides the usual ones.
    pub tests: Vec<String>,
    /// Largest source file in bytes.
    pub max_file_size: u64,
}

impl Default for DiscoverConfig {
    fn default() -> Self {
        DiscoverConfig { exclude: Vec::new(), tests: Vec::new(), max_file_size: 1 << 20 }
    }
}

/// Grammar packs.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct GrammarsConfig {
    /// Folder of packs that are added to the built-in ones or replace those of the same name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
}

/// Defaults of `check`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct CheckConfig {
    /// `breaks`, `risk` or `never`.
    pub fail_on: String,
    /// Baseline file, relative to the configuration file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<PathBuf>,
}

impl Default for CheckConfig {
    fn default() -> Self {
        CheckConfig { fail_on: "breaks".into(), baseline: None }
    }
}

/// Why a configuration file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It can't be read.
    #[error("cannot read {path}: {reason}\nhelp: check the path given with --config, or leave it out")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// It is not valid.
    #[error("{path}: {message}\nhelp: config/reference.toml in the project's repository documents every key")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Line, column and reason.
        message: String,
    },
}

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// [`ConfigError`] with line and reason.
    pub fn read(path: &Path) -> Result<Config, ConfigError> {
        let bytes = std::fs::read(path).map_err(|e| ConfigError::Read { path: path.to_path_buf(), reason: e.to_string() })?;
        let text = String::from_utf8(bytes).map_err(|e| ConfigError::Invalid {
            path: path.to_path_buf(),
            message: format!("not valid UTF-8 at byte {}", e.utf8_error().valid_up_to()),
        })?;
        Config::parse(&text).map_err(|message| ConfigError::Invalid { path: path.to_path_buf(), message })
    }

    /// Reads and checks text.
    ///
    /// # Errors
    /// The reason with line and column.
    pub fn parse(text: &str) -> Result<Config, String> {
        let config: Config = toml::from_str(text).map_err(|e| e.to_string().trim_end().to_string())?;
        for (i, service) in config.services.iter().enumerate() {
            if service.name.is_empty() {
                return Err(format!("services[{i}] has no name"));
            }
        }
        for (i, database) in config.databases.iter().enumerate() {
            if database.name.is_empty() {
                return Err(format!("databases[{i}] has no name"));
            }
            if let Some(dialect) = &database.dialect {
                dialect.parse::<crate::model::dialect::Dialect>().map_err(|e| format!("databases.{}: {e}", database.name))?;
            }
        }
        if !["breaks", "risk", "never"].contains(&config.check.fail_on.as_str()) {
            return Err(format!("check.fail-on is {:?}; use \"breaks\", \"risk\" or \"never\"", config.check.fail_on));
        }
        Ok(config)
    }

    /// The file that is in force in a folder: there or in the nearest folder above.
    pub fn find(folder: &Path) -> Option<PathBuf> {
        folder.ancestors().map(|f| f.join(FILE_NAME)).find(|p| p.is_file())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_parses_and_names_every_section() {
        let config = Config::parse(include_str!("../../config/reference.toml")).expect("the reference is valid");
        assert!(!config.repositories.is_empty() && !config.services.is_empty() && !config.databases.is_empty());
        assert_ne!(config.discover, DiscoverConfig::default());
        assert_ne!(config.grammars, GrammarsConfig::default());
        assert_ne!(config.check, CheckConfig::default());
    }

    #[test]
    fn unknown_keys_and_bad_values_are_errors() {
        let cases = [
            ("[discover]\nexclud = []", "unknown field `exclud`"),
            ("[[services]]\npath = \"a\"", "services[0] has no name"),
            ("[[databases]]\nname = \"d\"\ndialect = \"oracle\"", "unknown dialect \"oracle\""),
            ("[check]\nfail-on = \"maybe\"", "check.fail-on is \"maybe\""),
            ("[[services]", "line 1"),
        ];
        for (text, expected) in cases {
            let error = Config::parse(text).expect_err(text);
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
