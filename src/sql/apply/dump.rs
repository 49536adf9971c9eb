//! Dumps: which engine wrote them, and the schema that they hold.

use super::{ApplyOptions, apply_in_place};
use crate::model::dialect::{Dialect, Engine};
use crate::model::problem::Problem;
use crate::model::schema::Schema;

/// The schema of a dump (`pg_dump`, `mysqldump`, `.schema`, `.dump`, or plain DDL), with its rows as
/// witnesses. What is not understood is in the problems; the rest stands.
pub fn schema_from_dump(text: &str, dialect: Dialect) -> (Schema, Vec<Problem>) {
    let mut schema = Schema::empty(dialect);
    let options = ApplyOptions { lenient: true, ..ApplyOptions::default() };
    let applied = apply_in_place(&mut schema, text, &options);
    (schema, applied.problems)
}

/// The engine and version that a dump's own words name, with the words. `None` where nothing in it tells.
pub fn detect_dialect_of_dump(text: &str) -> Option<(Dialect, String)> {
    let mut head_end = text.len().min(16 << 10);
    while !text.is_char_boundary(head_end) {
        head_end -= 1;
    }
    let head = &text[..head_end];
    for line in head.lines() {
        if let Some(found) = header(line) {
            let version = head.lines().find_map(|l| server_version(l, found)).or_else(|| server_version(line, found));
            return Some((Dialect { engine: found, version }, line.trim().to_string()));
        }
    }
    let mut lines = head.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with("--"));
    let first = lines.next()?;
    if first.eq_ignore_ascii_case("PRAGMA foreign_keys=OFF;") || first.to_ascii_lowercase().starts_with("pragma ") {
        return Some((Dialect::of(Engine::Sqlite), first.to_string()));
    }
    // Without a header, settings and clauses that only one engine writes.
    let marks = [
        ("CREATE TABLE sqlite_sequence", Engine::Sqlite),
        ("INSERT INTO sqlite_sequence", Engine::Sqlite),
        ("SELECT pg_catalog.set_config(", Engine::Postgres),
        ("SET default_table_access_method", Engine::Postgres),
        ("SET check_function_bodies", Engine::Postgres),
        ("AUTOINCREMENT", Engine::Sqlite),
        ("WITHOUT ROWID", Engine::Sqlite),
        ("ENGINE=InnoDB", Engine::MySql),
        ("ENGINE = InnoDB", Engine::MySql),
        ("/*!40101 SET", Engine::MySql),
    ];
    let (mark, engine) = marks.iter().find(|(mark, _)| head.contains(mark))?;
    let line = head.lines().find(|l| l.contains(mark)).unwrap_or(mark);
    Some((Dialect::of(*engine), line.trim().to_string()))
}

fn header(line: &str) -> Option<Engine> {
    let line = line.trim_start_matches(['-', '/', '*', '!', 'M', '\\', ' ']);
    if line.starts_with("PostgreSQL database dump")
        || line.starts_with("PostgreSQL database cluster dump")
        || line.starts_with("Dumped from database version")
    {
        return Some(Engine::Postgres);
    }
    if line.starts_with("ariaDB dump")
        || line.starts_with("MariaDB dump")
        || (line.starts_with("Server version") && line.contains("MariaDB"))
    {
        return Some(Engine::MariaDb);
    }
    // mysqldump of MariaDB called itself MySQL dump before 10.5; its server version tells.
    if line.starts_with("ySQL dump") || line.starts_with("MySQL dump") {
        return Some(if line.contains("MariaDB") { Engine::MariaDb } else { Engine::MySql });
    }
    None
}

/// The version in `Dumped from database version 15.4` and `Server version 8.0.36`.
fn server_version(line: &str, engine: Engine) -> Option<(u16, u16)> {
    let marker = if engine == Engine::Postgres { "Dumped from database version" } else { "Server version" };
    let rest = line.split_once(marker)?.1.trim_start();
    let rest = rest.strip_prefix("5.5.5-").unwrap_or(rest);
    let number = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>().parse::<u16>().ok();
    let mut parts = rest.split('.');
    let major = parts.next().and_then(number)?;
    // PostgreSQL's second number has been the patch level since 10.
    let minor = if engine == Engine::Postgres && major >= 10 { 0 } else { parts.next().and_then(number).unwrap_or(0) };
    Some((major, minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_name_engine_and_version() {
        let cases = [
            ("--\n-- PostgreSQL database dump\n--\n\n-- Dumped from database version 15.4 (Debian)\n", "postgres:15"),
            ("-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)\n--\n-- Server version\t8.0.36\n", "mysql:8"),
            (
                "/*!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB\n-- Server version\t10.11.6-MariaDB-0+deb12u1\n",
                "mariadb:10.11",
            ),
            ("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n", "sqlite"),
            ("CREATE TABLE t (id INT) ENGINE=InnoDB;", "mysql"),
        ];
        for (text, expected) in cases {
            assert_eq!(detect_dialect_of_dump(text).map(|d| d.0.to_string()).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(detect_dialect_of_dump("CREATE TABLE t (id INT);"), None);
    }
}
