//! The index on disk: one SQLite file in WAL mode, a cache that can always be rebuilt.
//!
//! One writer at a time, guarded by a lock file beside the store that the operating system frees when a
//! process dies. Readers see whole snapshots only: units are written in batches and stay invisible until one
//! short transaction makes them part of a snapshot.

mod codec;
mod snapshot;
mod statements;
mod unit;

pub use snapshot::{FileRow, SnapshotInfo, SnapshotRow};
pub use statements::{Form, FoundStatement, Occurrence, StatementReader};
pub use unit::{UnitContent, UnitInfo, UnitRow};

use crate::model::problem::{Problem, Stage};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Version of tables and blobs. A store of another version is rebuilt.
pub const FORMAT: i32 = 10;

/// How long a second writer waits for the first one before it answers from what is committed.
pub const WRITER_WAIT: Duration = Duration::from_secs(5);

/// What can go wrong with a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder or file can't be made or opened.
    #[error("cannot open the store {path}: {reason}")]
    Open {
        /// The store.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// It was asked for as it stands, but there is none.
    #[error("there is no store at {0}; run `impact index --store {0} DIR...` first")]
    Missing(PathBuf),
    /// It was asked for as it stands, but another version of impact wrote it.
    #[error("the store {0} was written by another version of impact; run `impact index` to rebuild it")]
    OtherFormat(PathBuf),
    /// Its content can't be read.
    #[error("the store is damaged ({0}); delete it or run `impact index` to rebuild it")]
    Damaged(String),
    /// SQLite failed otherwise (disk full, permission).
    #[error("the store failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

impl StoreError {
    /// Whether the file itself is damaged, so that only making it anew helps.
    pub fn is_damage(&self) -> bool {
        match self {
            StoreError::Damaged(_) => true,
            StoreError::Sqlite(e) => is_damage(e),
            _ => false,
        }
    }
}

/// An open store.
pub struct Store {
    connection: Connection,
    path: PathBuf,
    lock: Option<File>,
}

impl Store {
    /// Opens a store for reading as it stands.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::OtherFormat`], [`StoreError::Damaged`].
    pub fn open_existing(path: &Path) -> Result<Store, StoreError> {
        if !path.is_file() {
            return Err(StoreError::Missing(path.to_path_buf()));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)
            .or_else(|_| Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX))
            .map_err(|e| StoreError::Open { path: path.to_path_buf(), reason: e.to_string() })?;
        connection.busy_timeout(WRITER_WAIT)?;
        connection.pragma_update(None, "mmap_size", 256_i64 << 20)?;
        match format_of(&connection) {
            Ok(FORMAT) => Ok(Store { connection, path: path.to_path_buf(), lock: None }),
            Ok(_) => Err(StoreError::OtherFormat(path.to_path_buf())),
            Err(e) if is_damage(&e) => Err(StoreError::Damaged(e.to_string())),
            Err(e) => Err(e.into()),
        }
    }

    /// Opens a store for reading and writing; makes it where there is none, and rebuilds it where it is of
    /// another format or damaged (the problem says so).
    ///
    /// # Errors
    /// [`StoreError::Open`] where the file or its folder can't be written.
    pub fn open_or_create(path: &Path) -> Result<(Store, Option<Problem>), StoreError> {
        if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|e| StoreError::Open { path: path.to_path_buf(), reason: e.to_string() })?;
        }
        if path.is_dir() {
            return Err(StoreError::Open { path: path.to_path_buf(), reason: "it is a folder; name a file".into() });
        }
        let mut note = None;
        match Store::open_writable(path) {
            Ok(store) => return Ok((store, None)),
            Err(StoreError::OtherFormat(_)) => {}
            Err(StoreError::Damaged(why)) => {
                let text = format!("the store was damaged ({why}) and has been rebuilt");
                note = Some(Problem::new(Stage::Store, text).at(path.display().to_string(), None));
            }
            Err(e) => return Err(e),
        }
        Store::remove(path)?;
        Ok((Store::open_writable(path)?, note))
    }

    /// Deletes a store that can't be used, so that the next one is made anew.
    ///
    /// # Errors
    /// [`StoreError::Open`] where its files can't be deleted.
    pub fn remove(path: &Path) -> Result<(), StoreError> {
        for suffix in ["", "-wal", "-shm"] {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            match std::fs::remove_file(&name) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                    return Err(StoreError::Open { path: path.to_path_buf(), reason: e.to_string() });
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn open_writable(path: &Path) -> Result<Store, StoreError> {
        let fresh = std::fs::metadata(path).map_or(true, |m| m.len() == 0);
        let connection = Connection::open(path).map_err(|e| StoreError::Open { path: path.to_path_buf(), reason: e.to_string() })?;
        connection.busy_timeout(WRITER_WAIT)?;
        let set_up = |c: &Connection| -> rusqlite::Result<i32> {
            c.pragma_update(None, "journal_mode", "wal")?;
            c.pragma_update(None, "synchronous", "normal")?;
            c.pragma_update(None, "mmap_size", 256_i64 << 20)?;
            if fresh {
                c.execute_batch(&format!("BEGIN IMMEDIATE;{}PRAGMA user_version={FORMAT};COMMIT;", include_str!("tables.sql")))?;
            }
            format_of(c)
        };
        match set_up(&connection) {
            Ok(FORMAT) => Ok(Store { connection, path: path.to_path_buf(), lock: None }),
            Ok(_) => Err(StoreError::OtherFormat(path.to_path_buf())),
            Err(e) if is_damage(&e) => Err(StoreError::Damaged(e.to_string())),
            Err(e) => Err(StoreError::Open { path: path.to_path_buf(), reason: e.to_string() }),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Becomes the writer, waiting up to `wait` for another one. `false`: another process is writing.
    pub fn lock_for_writing(&mut self, wait: Duration) -> Result<bool, StoreError> {
        if self.lock.is_some() {
            return Ok(true);
        }
        let mut name = self.path.as_os_str().to_owned();
        name.push(".lock");
        let fail = |e: std::io::Error| StoreError::Open { path: PathBuf::from(&name), reason: e.to_string() };
        let file = File::options().create(true).truncate(false).write(true).open(&name).map_err(fail)?;
        let deadline = Instant::now() + wait;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(std::fs::TryLockError::WouldBlock) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(50)),
                Err(std::fs::TryLockError::WouldBlock) => return Ok(false),
                Err(std::fs::TryLockError::Error(e)) => return Err(fail(e)),
            }
        }
        self.lock = Some(file);
        Ok(true)
    }

    /// A value of the `meta` table.
    pub fn meta(&self, key: &str) -> Result<Option<String>, StoreError> {
        Ok(self.connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?.query_row([key], |r| r.get(0)).optional()?)
    }

    /// Sets a value of the `meta` table.
    pub fn set_meta(&self, key: &str, value: &str) -> Result<(), StoreError> {
        self.connection.prepare_cached("INSERT OR REPLACE INTO meta VALUES (?1, ?2)")?.execute([key, value])?;
        Ok(())
    }

    /// Starts a batch: everything until [`Store::commit`] is one transaction.
    pub fn begin(&self) -> Result<(), StoreError> {
        Ok(self.connection.execute_batch("BEGIN IMMEDIATE")?)
    }

    /// Ends a batch.
    pub fn commit(&self) -> Result<(), StoreError> {
        Ok(self.connection.execute_batch("COMMIT")?)
    }

    /// Gives up a batch; no error if none is open.
    pub fn rollback(&self) {
        if !self.connection.is_autocommit() {
            // A failed rollback means that SQLite already rolled back.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
    }

    /// Folds the write-ahead log into the file; called once after a refresh.
    pub fn checkpoint(&self) -> Result<(), StoreError> {
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }
}

fn format_of(connection: &Connection) -> rusqlite::Result<i32> {
    connection.query_row("PRAGMA user_version", [], |r| r.get(0))
}

fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt))
        || matches!(error, rusqlite::Error::SqliteFailure(_, Some(m)) if m.contains("malformed") || m.contains("no such table"))
}
