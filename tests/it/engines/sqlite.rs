//! Cases on SQLite, each in a database in memory.

use super::case::{Asked, Case};
use super::{Run, Unasked};
use rusqlite::Connection;
use rusqlite::types::Value;
use std::fmt::Write as _;

/// Major and minor version of the SQLite that answers.
pub fn version() -> Option<(u16, u16)> {
    let mut parts = rusqlite::version().split('.').map(|p| p.parse().ok());
    Some((parts.next()??, parts.next()??))
}

pub fn run(case: &Case, after: bool, with: &Asked) -> Result<Run, Unasked> {
    let db = Connection::open_in_memory().map_err(|e| e.to_string())?;
    // The default of SQLite itself; this build of it has another.
    db.execute_batch("PRAGMA foreign_keys = OFF").map_err(|e| e.to_string())?;
    let migration = if after { [case.migration.as_str(), case.later.as_str()] } else { ["", ""] };
    for sql in [case.schema.as_str(), case.rows.as_str()].into_iter().chain(migration) {
        db.execute_batch(sql).map_err(|e| format!("{e} in {sql}"))?;
    }
    db.execute_batch(&case.session).map_err(|e| e.to_string())?;
    let mut bound = Vec::new();
    for value in &with.values {
        bound.push(db.query_row(&format!("SELECT {value}"), [], |row| row.get::<_, Value>(0)).map_err(|e| e.to_string())?);
    }
    Ok(asked(&db, case, with, bound).map_or_else(|e| Run::Failed(e.to_string()), Run::Ok))
}

fn asked(db: &Connection, case: &Case, with: &Asked, values: Vec<Value>) -> rusqlite::Result<String> {
    let mut out = String::new();
    let before = db.total_changes();
    rows(db, &with.statement, values, &mut out)?;
    let _ = writeln!(out, "changed {}", db.total_changes() - before);
    if !case.probe.is_empty() {
        rows(db, &case.probe, Vec::new(), &mut out)?;
    }
    Ok(out)
}

fn rows(db: &Connection, sql: &str, values: Vec<Value>, out: &mut String) -> rusqlite::Result<()> {
    let mut statement = db.prepare(sql)?;
    let columns: Vec<String> = statement.column_names().iter().map(|c| c.to_string()).collect();
    let _ = writeln!(out, "{}", columns.join(", "));
    let mut found = statement.query(rusqlite::params_from_iter(values))?;
    while let Some(row) = found.next()? {
        for i in 0..columns.len() {
            let _ = write!(out, "{:?} ", row.get::<_, Value>(i)?);
        }
        out.push('\n');
    }
    Ok(())
}
