//! Dumps of a schema that stand in a repository.

use super::{Read, parent, read_text};
use crate::model::dialect::{Dialect, Engine};
use crate::model::project::{FileKind, SourceFile};
use crate::model::statement::Scope;
use std::collections::BTreeMap;

/// The format id of a history that is one dump.
pub const FORMAT: &str = "dump";

/// Names that dumps usually have.
const NAMES: &[&str] = &["schema.sql", "structure.sql", "dump.sql", "database.sql", "latest.sql", "init.sql", "db.sql"];

/// Dumps are not read past this size, in bytes.
const LIMIT: u64 = 16 << 20;

/// The dumps among `files` with their text: at most one per folder, none of tests.
pub(super) fn find(files: &[SourceFile], read: &Read) -> Vec<(String, String)> {
    let mut best: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    for file in files.iter().filter(|f| f.scope == Scope::Production && f.size <= LIMIT) {
        let Some(rank) = rank(file) else { continue };
        let entry = best.entry(parent(&file.path)).or_insert((rank, &file.path));
        if rank < entry.0 {
            *entry = (rank, &file.path);
        }
    }
    let read = |path: &str| Some((path.to_string(), read_text(read, path).filter(|t| creates_tables(t))?));
    best.values().filter_map(|(_, path)| read(path)).collect()
}

fn rank(file: &SourceFile) -> Option<usize> {
    if !matches!(file.kind, FileKind::Sql | FileKind::Migration) {
        return None;
    }
    let name = file.path.rsplit('/').next()?.to_ascii_lowercase();
    NAMES
        .iter()
        .position(|n| *n == name)
        .or_else(|| (name.ends_with("_schema.sql") || name.ends_with("-schema.sql")).then_some(NAMES.len()))
}

/// Whether a text creates at least one table.
fn creates_tables(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.contains("create table") || lower.contains("create unlogged table") || lower.contains("create virtual table")
}

/// The dialect that the header of a dump names (`pg_dump`, `mysqldump`, `mariadb-dump`).
pub fn header(text: &str) -> Option<Dialect> {
    let head: Vec<&str> = text.lines().take(30).collect();
    let number = |marker: &str| {
        let line = head.iter().find_map(|l| l.split_once(marker))?.1;
        let digits: String = line.trim().chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
        let mut parts = digits.split('.');
        let major: u16 = parts.next()?.parse().ok()?;
        Some((major, parts.next().and_then(|m| m.parse().ok()).unwrap_or(0)))
    };
    let says = |words: &str| head.iter().any(|l| l.contains(words));
    if says("PostgreSQL database dump") {
        return Some(Dialect { engine: Engine::Postgres, version: number("Dumped from database version") });
    }
    if says("MariaDB dump") || (says("MySQL dump") && says("-MariaDB")) {
        return Some(Dialect { engine: Engine::MariaDb, version: number("Server version").or_else(|| number("Distrib")) });
    }
    if says("MySQL dump") {
        return Some(Dialect { engine: Engine::MySql, version: number("Server version") });
    }
    head.iter().any(|l| l.trim() == "PRAGMA foreign_keys=OFF;").then(|| Dialect::of(Engine::Sqlite))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers() {
        let cases = [
            ("--\n-- PostgreSQL database dump\n--\n\n-- Dumped from database version 15.3 (Debian)\n", Some("postgres:15.3")),
            ("-- MySQL dump 10.13  Distrib 8.0.33, for Linux (x86_64)\n-- Server version\t8.0.33\n", Some("mysql:8")),
            ("-- MariaDB dump 10.19  Distrib 10.11.4-MariaDB, for debian\n-- Server version\t10.11.4-MariaDB\n", Some("mariadb:10.11")),
            ("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n", Some("sqlite")),
            ("CREATE TABLE a (b int);", None),
        ];
        for (text, expected) in cases {
            assert_eq!(header(text).map(|d| d.to_string()).as_deref(), expected);
        }
    }
}
