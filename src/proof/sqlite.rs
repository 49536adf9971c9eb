//! SQLite in memory, with an authorizer and limits.

use super::scratch::{Described, Failed, Scratch};
use crate::model::change::EngineError;
use crate::model::proof::EngineColumn;
use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Pages of 4 KiB that the database may have: 256 MiB.
const MAX_PAGES: u32 = 65_536;

/// A database in memory.
pub struct Sqlite {
    db: Connection,
    /// When what runs is to stop.
    end: Arc<Mutex<Option<Instant>>>,
    late: Arc<AtomicBool>,
    /// A transaction of ours is open; a script may have one of its own.
    ours: bool,
}

impl Sqlite {
    /// An empty database.
    pub fn open() -> Result<Self, String> {
        let db = Connection::open_in_memory().map_err(|e| e.to_string())?;
        let set_up = |db: &Connection| -> rusqlite::Result<()> {
            db.pragma_update(None, "page_size", 4096)?;
            db.pragma_update(None, "max_page_count", MAX_PAGES)?;
            for (limit, value) in [
                (Limit::SQLITE_LIMIT_LENGTH, 16 << 20),
                (Limit::SQLITE_LIMIT_SQL_LENGTH, 16 << 20),
                (Limit::SQLITE_LIMIT_ATTACHED, 0),
                (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
            ] {
                db.set_limit(limit, value)?;
            }
            db.authorizer(Some(authorize))
        };
        set_up(&db).map_err(|e| e.to_string())?;
        let end: Arc<Mutex<Option<Instant>>> = Arc::default();
        let late: Arc<AtomicBool> = Arc::default();
        let (until, is_late) = (end.clone(), late.clone());
        let stop = move || {
            let over = until.lock().is_ok_and(|end| end.is_some_and(|e| Instant::now() > e));
            if over {
                is_late.store(true, Ordering::Relaxed);
            }
            over
        };
        db.progress_handler(10_000, Some(stop)).map_err(|e| e.to_string())?;
        Ok(Sqlite { db, end, late, ours: false })
    }

    fn within<T>(&self, limit: Duration, asked: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Failed> {
        if let Ok(mut end) = self.end.lock() {
            *end = Some(Instant::now() + limit);
        }
        let answer = asked(&self.db);
        if self.late.swap(false, Ordering::Relaxed) {
            return Err(Failed::Lost(format!("not done within {limit:.1?}")));
        }
        answer.map_err(|error| Failed::Refused(engine_error(&error)))
    }
}

/// What untrusted SQL may do: everything inside of its database.
fn authorize(context: AuthContext) -> Authorization {
    match context.action {
        AuthAction::Attach { .. } | AuthAction::Detach { .. } | AuthAction::Unknown { .. } => Authorization::Deny,
        AuthAction::Function { function_name } if ["load_extension", "readfile", "writefile", "edit"].contains(&function_name) => {
            Authorization::Deny
        }
        AuthAction::Pragma { pragma_name, .. } => {
            // Those that reach beyond the database: files, memory of the whole program, other processes.
            let denied = [
                "temp_store_directory",
                "data_store_directory",
                "hard_heap_limit",
                "soft_heap_limit",
                "max_page_count",
                "mmap_size",
                "threads",
            ];
            if denied.contains(&pragma_name.to_ascii_lowercase().as_str()) { Authorization::Deny } else { Authorization::Allow }
        }
        _ => Authorization::Allow,
    }
}

fn engine_error(error: &rusqlite::Error) -> EngineError {
    let (code, message) = match error {
        rusqlite::Error::SqliteFailure(e, message) => (e.extended_code, message.clone()),
        rusqlite::Error::SqlInputError { error, msg, .. } => (error.extended_code, Some(msg.clone())),
        _ => (1, None),
    };
    EngineError { code: code_name(code).to_string(), message: message.unwrap_or_else(|| error.to_string()) }
}

/// The name of a primary result code (SQLite manual, "Result and Error Codes").
fn code_name(code: i32) -> &'static str {
    match code & 0xff {
        5 => "SQLITE_BUSY",
        6 => "SQLITE_LOCKED",
        7 => "SQLITE_NOMEM",
        8 => "SQLITE_READONLY",
        13 => "SQLITE_FULL",
        18 => "SQLITE_TOOBIG",
        19 => "SQLITE_CONSTRAINT",
        20 => "SQLITE_MISMATCH",
        21 => "SQLITE_MISUSE",
        23 => "SQLITE_AUTH",
        25 => "SQLITE_RANGE",
        _ => "SQLITE_ERROR",
    }
}

impl Scratch for Sqlite {
    fn name(&self) -> String {
        format!("SQLite {}", rusqlite::version())
    }

    fn run(&mut self, sql: &str, limit: Duration) -> Result<(), Failed> {
        self.within(limit, |db| db.execute_batch(sql))
    }

    fn enter(&mut self, setup: &[String], limit: Duration) -> Result<(), Failed> {
        // Settings of a connection can't be set in a transaction.
        for statement in setup.iter().filter(|s| s.trim_start().get(..6).is_some_and(|w| w.eq_ignore_ascii_case("pragma"))) {
            self.run(statement, limit)?;
        }
        self.ours = self.db.is_autocommit();
        if self.ours {
            self.run("BEGIN", limit)?;
        }
        for statement in setup.iter().filter(|s| !s.trim_start().get(..6).is_some_and(|w| w.eq_ignore_ascii_case("pragma"))) {
            self.run(statement, limit)?;
        }
        Ok(())
    }

    fn prepare(&mut self, sql: &str, limit: Duration) -> Result<Described, Failed> {
        self.within(limit, |db| {
            let statement = db.prepare(sql)?;
            let column = |c: &rusqlite::Column| {
                let ty = c.decl_type().unwrap_or("").split('(').next().unwrap_or("").trim().to_lowercase();
                EngineColumn { name: c.name().to_string(), ty }
            };
            Ok(Described {
                columns: statement.columns().iter().map(column).collect(),
                parameters: vec![String::new(); statement.parameter_count()],
            })
        })
    }

    fn execute(&mut self, sql: &str, values: &[&str], limit: Duration) -> Result<u64, Failed> {
        self.within(limit, |db| {
            let mut statement = db.prepare(sql)?;
            for i in 1..=values.len() {
                statement.raw_bind_parameter(i, 1)?;
            }
            let writes = !statement.readonly();
            let mut count = 0;
            let mut rows = statement.raw_query();
            while rows.next()?.is_some() {
                count += 1;
            }
            drop(rows);
            Ok(if writes { count.max(db.changes()) } else { count })
        })
    }

    fn leave(&mut self, limit: Duration) -> Result<(), Failed> {
        if std::mem::take(&mut self.ours) && !self.db.is_autocommit() {
            return self.run("ROLLBACK", limit);
        }
        Ok(())
    }

    fn value(&self, _ty: &str) -> &'static str {
        "1"
    }

    fn is_own_limit(&self, error: &EngineError) -> bool {
        matches!(error.code.as_str(), "SQLITE_AUTH" | "SQLITE_FULL" | "SQLITE_NOMEM" | "SQLITE_TOOBIG")
            || error.message == "not authorized"
            || error.message.starts_with("no such module")
            || error.message.starts_with("no such function")
    }
}
