//! Database engines and their name rules.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A database engine.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// PostgreSQL.
    #[default]
    Postgres,
    /// MySQL.
    MySql,
    /// MariaDB.
    MariaDb,
    /// SQLite.
    Sqlite,
}

impl Engine {
    /// MySQL or MariaDB, which share nearly all of their grammar.
    pub fn is_mysql_family(self) -> bool {
        matches!(self, Engine::MySql | Engine::MariaDb)
    }

    /// The name used on the command line and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Engine::Postgres => "postgres",
            Engine::MySql => "mysql",
            Engine::MariaDb => "mariadb",
            Engine::Sqlite => "sqlite",
        }
    }
}

/// An engine with its version, where one is known.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Dialect {
    /// The engine.
    pub engine: Engine,
    /// Major and minor version; `None`: unknown, the newest supported syntax is taken.
    pub version: Option<(u16, u16)>,
}

impl Dialect {
    /// The engine in an unknown version.
    pub const fn of(engine: Engine) -> Self {
        Dialect { engine, version: None }
    }

    /// The name that an identifier stands for: PostgreSQL folds unquoted names to lower case,
    /// MySQL, MariaDB and SQLite keep what is written.
    pub fn fold(self, name: &str, quoted: bool) -> String {
        if self.engine == Engine::Postgres && !quoted { name.to_lowercase() } else { name.to_string() }
    }

    /// Whether two (already folded) column names are the same name for the engine. PostgreSQL compares
    /// exactly, the others without regard to case (MariaDB manual "Identifier Case-sensitivity").
    pub fn same_column(self, a: &str, b: &str) -> bool {
        match self.engine {
            Engine::Postgres => a == b,
            _ => a == b || a.eq_ignore_ascii_case(b) || (!a.is_ascii() && a.to_lowercase() == b.to_lowercase()),
        }
    }

    /// Whether two (already folded) table names or aliases are the same. Only SQLite ignores case here;
    /// MySQL and MariaDB compare exactly with `lower_case_table_names=0`, the default on Linux.
    pub fn same_table(self, a: &str, b: &str) -> bool {
        match self.engine {
            Engine::Sqlite => a == b || a.eq_ignore_ascii_case(b),
            _ => a == b,
        }
    }

    /// The key under which a table name is filed: lower case where the engine ignores case.
    pub fn table_key(self, name: &str) -> String {
        match self.engine {
            Engine::Sqlite => name.to_lowercase(),
            _ => name.to_string(),
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.engine.as_str())?;
        match self.version {
            Some((major, 0)) => write!(f, ":{major}"),
            Some((major, minor)) => write!(f, ":{major}.{minor}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Dialect {
    type Err = String;

    /// `postgres`, `mysql:8.0`, `mariadb:10.11`, `sqlite:3.40`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, version) = text.split_once(':').map_or((text, None), |(n, v)| (n, Some(v)));
        let engine = match name.to_ascii_lowercase().as_str() {
            "postgres" | "postgresql" | "pg" => Engine::Postgres,
            "mysql" => Engine::MySql,
            "mariadb" => Engine::MariaDb,
            "sqlite" | "sqlite3" => Engine::Sqlite,
            other => return Err(format!("unknown dialect {other:?}; use postgres, mysql, mariadb or sqlite, with an optional :VERSION")),
        };
        let version = match version {
            None => None,
            Some(v) => {
                let mut parts = v.split('.');
                let major = parts.next().and_then(|p| p.parse().ok());
                let minor = parts.next().map_or(Some(0), |p| p.parse().ok());
                match (major, minor) {
                    (Some(major), Some(minor)) => Some((major, minor)),
                    _ => {
                        return Err(format!(
                            "unreadable version {v:?} in dialect {text:?}; write for example postgres:15 or mariadb:10.11"
                        ));
                    }
                }
            }
        };
        Ok(Dialect { engine, version })
    }
}
