//! Built-in functions of MySQL, MariaDB and SQLite.

use crate::model::dialect::Engine;
use std::collections::HashMap;
use std::sync::OnceLock;

/// Result types of the built-in functions of one engine: type name, or `=` for that of the first argument,
/// `?` for unknown.
pub fn functions(engine: Engine) -> &'static HashMap<&'static str, &'static str> {
    static MYSQL: OnceLock<HashMap<&'static str, &'static str>> = OnceLock::new();
    static SQLITE: OnceLock<HashMap<&'static str, &'static str>> = OnceLock::new();
    match engine {
        Engine::Sqlite => SQLITE.get_or_init(|| read(include_str!("sqlite_functions.txt"))),
        _ => MYSQL.get_or_init(|| read(include_str!("mysql_functions.txt"))),
    }
}

/// Lines of `type: name name ...`.
fn read(text: &'static str) -> HashMap<&'static str, &'static str> {
    let lines = text.lines().filter(|l| !l.starts_with("# ")).filter_map(|l| l.split_once(':'));
    lines.flat_map(|(ty, names)| names.split_whitespace().map(move |n| (n, ty))).collect()
}
