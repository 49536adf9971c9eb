//! Snapshots: the files of a repository at one revision, and the units made from them.

use super::codec::{decode, encode};
use super::{Store, StoreError};
use crate::model::problem::Problem;
use crate::model::project::{Database, Service};
use crate::model::schema::Schema;
use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};

/// A repository at a revision, as last indexed.
#[derive(Clone, Debug)]
pub struct SnapshotRow {
    /// Row id.
    pub id: i64,
    /// Repository name.
    pub repo: String,
    /// Its root folder as text.
    pub root: String,
    /// Commit id; empty: the working tree.
    pub revision: String,
    /// HEAD when it was indexed; empty outside git.
    pub head: String,
    /// Seconds since the epoch.
    pub indexed_at: i64,
    /// What discovery found.
    pub info: SnapshotInfo,
}

/// What discovery found, without the files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SnapshotInfo {
    /// Services and libraries.
    pub services: Vec<Service>,
    /// Databases.
    pub databases: Vec<Database>,
    /// Hash of the schema of each history, parallel to `databases` and their histories.
    pub schema_hashes: Vec<Vec<[u8; 32]>>,
    /// Files passed over by reason.
    pub skipped: Vec<(String, u32)>,
    /// Number of source files.
    pub files: u32,
    /// Of those, parsed.
    pub parsed: u32,
    /// Problems of discovery and of reading files and migrations.
    pub problems: Vec<Problem>,
    /// Key over everything outside the files that decides what was extracted (settings, packs, version).
    pub settings: [u8; 32],
    /// Identifies the state of the files (`discover::snapshot_key`).
    pub key: String,
    /// Owners of single files that differ from their service's.
    pub file_owners: Vec<(String, Vec<String>)>,
    /// The commit, where it is not the working tree.
    pub commit: Option<String>,
}

/// A file of a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileRow {
    /// Path relative to the repository.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Nanoseconds since the epoch.
    pub mtime: i64,
    /// Content hash (first 16 bytes of BLAKE3).
    pub hash: [u8; 16],
    /// 0: not parsed, nothing in it can matter; 1: parsed; 2: not source code (SQL, migration, configuration);
    /// 3: passed over because of its content.
    pub tier: u8,
    /// What its bytes say of mappers, as a number that the packs in force give a meaning.
    pub marks: i64,
}

impl Store {
    /// All snapshots, ordered by repository and revision.
    pub fn snapshots(&self) -> Result<Vec<SnapshotRow>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, repo, root, revision, head, indexed_at, info FROM snapshot ORDER BY repo, revision")?;
        let mut rows = statement.query([])?;
        let mut out = Vec::new();
        while let Some(row) = rows.next()? {
            let info = decode(row.get_ref(6)?.as_blob().map_err(rusqlite::Error::from)?)?;
            out.push(SnapshotRow {
                id: row.get(0)?,
                repo: row.get(1)?,
                root: row.get(2)?,
                revision: row.get(3)?,
                head: row.get(4)?,
                indexed_at: row.get(5)?,
                info,
            });
        }
        Ok(out)
    }

    /// Files of a snapshot, ordered by path.
    pub fn files(&self, snapshot: i64) -> Result<Vec<FileRow>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT path, size, mtime, hash, tier, marks FROM file WHERE snapshot = ?1 ORDER BY path")?;
        let rows = statement.query_map([snapshot], |r| {
            let size: i64 = r.get(1)?;
            Ok(FileRow { path: r.get(0)?, size: size as u64, mtime: r.get(2)?, hash: r.get(3)?, tier: r.get(4)?, marks: r.get(5)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Makes `units` and `files` the snapshot of a repository at a revision, in one transaction, touching only
    /// rows that differ; then drops units and facts that no snapshot needs.
    pub fn publish(&self, new: &SnapshotRow, files: &[FileRow], units: &[i64]) -> Result<i64, StoreError> {
        self.begin()?;
        let published = self.publish_in_transaction(new, files, units);
        match published {
            Ok(id) => {
                self.commit()?;
                Ok(id)
            }
            Err(e) => {
                self.rollback();
                Err(e)
            }
        }
    }

    fn publish_in_transaction(&self, new: &SnapshotRow, files: &[FileRow], units: &[i64]) -> Result<i64, StoreError> {
        let connection = &self.connection;
        let info = encode(&new.info)?;
        let old: Option<i64> = connection
            .prepare_cached("SELECT id FROM snapshot WHERE root = ?1 AND revision = ?2")?
            .query_row([&new.root, &new.revision], |r| r.get(0))
            .optional()?;
        let id = match old {
            Some(id) => {
                connection
                    .prepare_cached("UPDATE snapshot SET repo = ?2, head = ?3, indexed_at = ?4, info = ?5 WHERE id = ?1")?
                    .execute(params![id, new.repo, new.head, new.indexed_at, info])?;
                id
            }
            None => {
                connection
                    .prepare_cached("INSERT INTO snapshot (repo, root, revision, head, indexed_at, info) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
                    .execute(params![new.repo, new.root, new.revision, new.head, new.indexed_at, info])?;
                connection.last_insert_rowid()
            }
        };
        self.replace_files(id, files)?;
        connection.prepare_cached("DELETE FROM snapshot_unit WHERE snapshot = ?1")?.execute([id])?;
        let mut link = connection.prepare_cached("INSERT INTO snapshot_unit VALUES (?1, ?2, ?3)")?;
        for (position, unit) in units.iter().enumerate() {
            link.execute(params![id, position as i64, unit])?;
        }
        Ok(id)
    }

    fn replace_files(&self, snapshot: i64, files: &[FileRow]) -> Result<(), StoreError> {
        let old = self.files(snapshot)?;
        let mut put = self.connection.prepare_cached("INSERT OR REPLACE INTO file VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
        let mut drop = self.connection.prepare_cached("DELETE FROM file WHERE snapshot = ?1 AND path = ?2")?;
        let (mut i, mut j) = (0, 0);
        while i < old.len() || j < files.len() {
            let order = match (old.get(i), files.get(j)) {
                (Some(a), Some(b)) => a.path.as_bytes().cmp(b.path.as_bytes()),
                (Some(_), None) => std::cmp::Ordering::Less,
                _ => std::cmp::Ordering::Greater,
            };
            match order {
                std::cmp::Ordering::Less => {
                    drop.execute(params![snapshot, old[i].path])?;
                    i += 1;
                }
                std::cmp::Ordering::Equal | std::cmp::Ordering::Greater => {
                    let same = order.is_eq() && old[i] == files[j];
                    if !same {
                        let f = &files[j];
                        put.execute(params![snapshot, f.path, f.size as i64, f.mtime, f.hash, f.tier, f.marks])?;
                    }
                    i += usize::from(order.is_eq());
                    j += 1;
                }
            }
        }
        Ok(())
    }

    /// Removes the snapshots for which `gone` says so, with what only they need.
    pub fn remove_snapshots(&self, gone: impl Fn(&SnapshotRow) -> bool) -> Result<usize, StoreError> {
        let old: Vec<i64> = self.snapshots()?.iter().filter(|s| gone(s)).map(|s| s.id).collect();
        if old.is_empty() {
            return Ok(0);
        }
        self.begin()?;
        for id in &old {
            for table in [
                "DELETE FROM file WHERE snapshot = ?1",
                "DELETE FROM snapshot_unit WHERE snapshot = ?1",
                "DELETE FROM snapshot WHERE id = ?1",
            ] {
                self.connection.execute(table, [id])?;
            }
        }
        self.commit()?;
        self.collect_garbage(&|_| true)?;
        Ok(old.len())
    }

    /// A cached schema.
    pub fn schema(&self, hash: &[u8; 32]) -> Result<Option<Schema>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT data FROM db_schema WHERE hash = ?1")?;
        let mut rows = statement.query([hash])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        Ok(Some(decode(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?)?))
    }

    /// Names of the objects of a cached schema, in lower case; `None`: it is not cached.
    pub fn schema_names(&self, hash: &[u8; 32]) -> Result<Option<Vec<String>>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT names FROM db_schema WHERE hash = ?1")?;
        let names: Option<String> = statement.query_row([hash], |r| r.get(0)).optional()?;
        Ok(names.map(|n| n.lines().map(str::to_string).collect()))
    }

    /// Whether a schema is cached.
    pub fn has_schema(&self, hash: &[u8; 32]) -> Result<bool, StoreError> {
        Ok(self.connection.prepare_cached("SELECT 1 FROM db_schema WHERE hash = ?1")?.exists([hash])?)
    }

    /// What could not be replayed when a cached schema was made.
    pub fn schema_problems(&self, hash: &[u8; 32]) -> Result<Vec<Problem>, StoreError> {
        let found: Option<Vec<u8>> =
            self.connection.prepare_cached("SELECT problems FROM db_schema WHERE hash = ?1")?.query_row([hash], |r| r.get(0)).optional()?;
        Ok(found.map(|bytes| decode(&bytes)).transpose()?.unwrap_or_default())
    }

    /// Caches a schema with the problems of making it.
    pub fn put_schema(&self, hash: &[u8; 32], schema: &Schema, problems: &[Problem]) -> Result<(), StoreError> {
        let (data, problems) = (encode(schema)?, encode(&problems)?);
        let names: Vec<String> = schema.object_names().map(str::to_lowercase).collect();
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO db_schema (hash, names, problems, data) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![hash, names.join("\n"), problems, data])?;
        Ok(())
    }
}
