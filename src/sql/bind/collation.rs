//! The collation that a column of the MySQL family has without naming one.

use crate::model::dialect::Engine;
use crate::model::schema::{Column, Table};

/// Collation of a text column: its own, that of its charset, that of its table. `None`: the database's.
pub fn of_column(table: &Table, column: &Column, engine: Engine) -> Option<String> {
    let option = |names: &[&str]| names.iter().find_map(|n| table.options.get(*n)).cloned();
    let named = column.collation.clone().or_else(|| column.charset.as_deref().map(|c| default_of(c, engine)));
    let of_table = || {
        option(&["collate", "collation", "default collate"])
            .or_else(|| option(&["charset", "character set", "default charset"]).map(|c| default_of(&c, engine)))
    };
    Some(named.or_else(of_table).unwrap_or_else(|| default_of("utf8mb4", engine)).to_lowercase())
}

/// The default collation of a charset.
fn default_of(charset: &str, engine: Engine) -> String {
    let charset = charset.to_lowercase();
    match charset.as_str() {
        "utf8mb4" if engine == Engine::MySql => "utf8mb4_0900_ai_ci".to_string(),
        "utf8" => "utf8mb3_general_ci".to_string(),
        "latin1" => "latin1_swedish_ci".to_string(),
        "binary" => "binary".to_string(),
        other => format!("{other}_general_ci"),
    }
}
