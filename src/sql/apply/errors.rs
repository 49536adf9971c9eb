//! The errors of the engines, in their words.

use crate::model::change::EngineError;
use crate::model::dialect::Engine;

/// An engine's error.
pub(super) fn error(code: &str, message: impl Into<String>) -> EngineError {
    EngineError { code: code.to_string(), message: message.into() }
}

/// One class of error in the words of each engine; SQLite's are all `SQLITE_ERROR`.
fn by_engine(engine: Engine, postgres: (&str, String), mysql: (&str, String), sqlite: String) -> EngineError {
    match engine {
        Engine::Postgres => error(postgres.0, postgres.1),
        Engine::MySql | Engine::MariaDb => error(mysql.0, mysql.1),
        Engine::Sqlite => error("SQLITE_ERROR", sqlite),
    }
}

pub(super) fn undefined_table(engine: Engine, name: &str) -> EngineError {
    by_engine(
        engine,
        ("42P01", format!("relation \"{name}\" does not exist")),
        ("1146", format!("Table '{name}' doesn't exist")),
        format!("no such table: {name}"),
    )
}

/// `what` is `table`, `view`, `index`, ...
pub(super) fn undefined_in_drop(engine: Engine, what: &str, name: &str) -> EngineError {
    let postgres = match what {
        "type" | "function" | "procedure" | "schema" | "collation" | "role" => match what {
            "schema" => "3F000",
            "function" | "procedure" => "42883",
            _ => "42704",
        },
        "index" => "42704",
        "table" | "view" | "materialized view" | "sequence" | "foreign table" => "42P01",
        _ => "42704",
    };
    let mysql = match what {
        "view" => ("4092", format!("Unknown VIEW: '{name}'")),
        "function" | "procedure" => ("1305", format!("{} {name} does not exist", what.to_uppercase())),
        "trigger" => ("1360", "Trigger does not exist".to_string()),
        "schema" | "database" => ("1008", format!("Can't drop database '{name}'; database doesn't exist")),
        "sequence" => ("4091", format!("Unknown SEQUENCE: '{name}'")),
        "index" => ("1091", format!("Can't DROP INDEX `{name}`; check that it exists")),
        _ => ("1051", format!("Unknown table '{name}'")),
    };
    by_engine(engine, (postgres, format!("{what} \"{name}\" does not exist")), mysql, format!("no such {what}: {name}"))
}

pub(super) fn duplicate_table(engine: Engine, name: &str) -> EngineError {
    by_engine(
        engine,
        ("42P07", format!("relation \"{name}\" already exists")),
        ("1050", format!("Table '{name}' already exists")),
        format!("table {name} already exists"),
    )
}

pub(super) fn duplicate_index(engine: Engine, name: &str) -> EngineError {
    by_engine(
        engine,
        ("42P07", format!("relation \"{name}\" already exists")),
        ("1061", format!("Duplicate key name '{name}'")),
        format!("index {name} already exists"),
    )
}

pub(super) fn duplicate_object(engine: Engine, what: &str, name: &str) -> EngineError {
    let postgres = match what {
        "schema" => "42P06",
        "database" => "42P04",
        "function" => "42723",
        _ => "42710",
    };
    let mysql = match what {
        "schema" | "database" => ("1007", format!("Can't create database '{name}'; database exists")),
        "trigger" => ("1359", format!("Trigger '{name}' already exists")),
        "function" | "procedure" => ("1304", format!("{} {name} already exists", what.to_uppercase())),
        "constraint" => ("1826", format!("Duplicate CHECK constraint name '{name}'")),
        _ => ("1050", format!("{what} '{name}' already exists")),
    };
    by_engine(engine, (postgres, format!("{what} \"{name}\" already exists")), mysql, format!("{what} {name} already exists"))
}

pub(super) fn undefined_column(engine: Engine, table: &str, column: &str) -> EngineError {
    by_engine(
        engine,
        ("42703", format!("column \"{column}\" of relation \"{table}\" does not exist")),
        ("1054", format!("Unknown column '{column}' in '{table}'")),
        format!("no such column: \"{column}\""),
    )
}

/// A column that ALTER TABLE ... DROP names.
pub(super) fn undefined_column_in_drop(engine: Engine, table: &str, column: &str) -> EngineError {
    match engine {
        Engine::MariaDb => error("1091", format!("Can't DROP COLUMN `{column}`; check that it exists")),
        Engine::MySql => error("1091", format!("Can't DROP '{column}'; check that column/key exists")),
        _ => undefined_column(engine, table, column),
    }
}

/// A constraint or index that ALTER TABLE ... DROP names. `what` as in MariaDB's message.
pub(super) fn undefined_part_in_drop(engine: Engine, what: &str, table: &str, name: &str) -> EngineError {
    match engine {
        Engine::MariaDb => error("1091", format!("Can't DROP {what} `{name}`; check that it exists")),
        Engine::MySql if what == "CONSTRAINT" => error("3940", format!("Constraint '{name}' does not exist.")),
        Engine::MySql => error("1091", format!("Can't DROP '{name}'; check that column/key exists")),
        Engine::Sqlite => error("SQLITE_ERROR", format!("no such constraint: {name}")),
        Engine::Postgres => error("42704", format!("constraint \"{name}\" of relation \"{table}\" does not exist")),
    }
}

pub(super) fn duplicate_column(engine: Engine, table: &str, column: &str) -> EngineError {
    by_engine(
        engine,
        ("42701", format!("column \"{column}\" of relation \"{table}\" already exists")),
        ("1060", format!("Duplicate column name '{column}'")),
        format!("duplicate column name: {column}"),
    )
}

pub(super) fn duplicate_constraint(engine: Engine, table: &str, name: &str) -> EngineError {
    by_engine(
        engine,
        ("42710", format!("constraint \"{name}\" for relation \"{table}\" already exists")),
        ("1826", format!("Duplicate FOREIGN KEY constraint name '{name}'")),
        format!("constraint {name} already exists"),
    )
}

/// A key column that the table does not have.
pub(super) fn undefined_key_column(engine: Engine, table: &str, column: &str) -> EngineError {
    by_engine(
        engine,
        ("42703", format!("column \"{column}\" named in key does not exist")),
        ("1072", format!("Key column '{column}' doesn't exist in table")),
        format!("table {table} has no column named {column}"),
    )
}

/// PostgreSQL's refusal to drop without CASCADE. `what` names the object: `table orders`.
pub(super) fn dependents(what: &str) -> EngineError {
    error("2BP01", format!("cannot drop {what} because other objects depend on it"))
}

/// A syntax error at a token.
pub(super) fn syntax(engine: Engine, near: &str) -> EngineError {
    let end = near.is_empty();
    by_engine(
        engine,
        ("42601", if end { "syntax error at end of input".into() } else { format!("syntax error at or near \"{near}\"") }),
        ("1064", format!("You have an error in your SQL syntax; check the manual near '{near}'")),
        if end { "incomplete input".into() } else { format!("near \"{near}\": syntax error") },
    )
}
