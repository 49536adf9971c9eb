//! Which engine is asked.

use super::limits::Limits;
use super::mariadb::MariaDb;
use super::postgres::Postgres;
use super::scratch::Scratch;
use super::sqlite::Sqlite;
use crate::model::dialect::{Dialect, Engine};
use std::path::{Path, PathBuf};

/// Where statements are proved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// On what is at hand: SQLite in memory, servers that are installed on this machine. Nothing is downloaded.
    #[default]
    Auto,
    /// On an engine that is part of this program.
    Embedded,
    /// Nowhere.
    Off,
}

/// A scratch database, or why there is none.
pub fn open(choice: &Choice, dialect: Dialect, limits: &Limits, cache: Option<&Path>) -> Result<Box<dyn Scratch>, String> {
    match dialect.engine {
        Engine::Postgres | Engine::MariaDb | Engine::MySql if *choice == Choice::Embedded => {
            Err("this build has no embedded server; --proof auto takes one that is installed".into())
        }
        Engine::Sqlite => Ok(Box::new(Sqlite::open()?)),
        Engine::Postgres => Ok(Box::new(Postgres::open(dialect, limits, cache)?)),
        Engine::MariaDb => Ok(Box::new(MariaDb::open(limits, cache)?)),
        Engine::MySql => Err("no MySQL server is at hand, and MariaDB's answers are not taken for MySQL's".into()),
    }
}

/// The program of that name in `folders`, which may end in `*` for any version: the newest first.
pub fn program(name: &str, folders: &[&str], wanted: Option<u16>) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path).map(|d| d.join(name)).find(|p| p.is_file());
    let mut found: Vec<(u32, PathBuf)> = Vec::new();
    for folder in folders {
        let Some((before, after)) = folder.split_once('*') else {
            let plain = Path::new(folder).join(name);
            if plain.is_file() {
                found.push((0, plain));
            }
            continue;
        };
        let (parent, prefix) = before.rsplit_once('/').unwrap_or(("/", before));
        for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
            let own = entry.file_name().to_string_lossy().into_owned();
            let Some(version) = own.strip_prefix(prefix) else { continue };
            let number = version.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0);
            let program = entry.path().join(after.trim_start_matches('/')).join(name);
            if program.is_file() {
                found.push((number, program));
            }
        }
    }
    found.sort_by(|a, b| b.cmp(a));
    let exact = found.iter().find(|f| wanted.is_some_and(|w| u32::from(w) == f.0)).map(|f| f.1.clone());
    exact.or(in_path).or_else(|| found.into_iter().next().map(|f| f.1))
}
