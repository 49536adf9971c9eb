//! Units: the statements of one service, keyed by everything that they depend on; and the facts of files.

use super::codec::{decode, decode_first, encode, encode_each, pack, unpack};
use super::{Store, StoreError};
use crate::model::coverage::OpenSite;
use crate::model::facts::FileFacts;
use crate::model::problem::Problem;
use crate::model::statement::IndexedStatement;
use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// The statements of a service, to be written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UnitContent {
    /// Its statements in order.
    pub statements: Vec<IndexedStatement>,
    /// Sites that were not understood, in order.
    pub open: Vec<OpenSite>,
    /// Tables that its statements name, with the columns named of each: evidence for its database.
    pub tables: Vec<(String, Vec<String>)>,
    /// What else is known.
    pub info: UnitInfo,
}

/// What is known of a service besides its statements, and is read in every run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UnitInfo {
    /// Data-access sites.
    pub sites: u32,
    /// Of those, resolved.
    pub resolved: u32,
    /// Sites that were not understood.
    pub open: u32,
    /// Tables that its statements name.
    pub tables: u32,
    /// Problems.
    pub problems: Vec<Problem>,
    /// Database that its statements were bound against, and why.
    pub database: Option<(String, String)>,
    /// Statements that name no table for certain (a hole stands there).
    pub dynamic: u32,
    /// Number of statements.
    pub statements: u32,
    /// Of those, bound.
    pub bound: u32,
    /// Attributes that are called like the field of a model, of values that may be something else.
    pub unclear_uses: u32,
}

/// A unit of a snapshot.
#[derive(Clone, Debug)]
pub struct UnitRow {
    /// Row id.
    pub id: i64,
    /// Service name.
    pub service: String,
    /// What is known of it.
    pub info: UnitInfo,
}

impl Store {
    /// Facts of a file by key (content, language, packs, extractor).
    pub fn facts(&self, key: &[u8; 16]) -> Result<Option<FileFacts>, StoreError> {
        let found: Option<Vec<u8>> =
            self.connection.prepare_cached("SELECT data FROM facts WHERE key = ?1")?.query_row([key], |r| r.get(0)).optional()?;
        found.map(|bytes| unpack(&bytes)).transpose()
    }

    /// Whether facts of a key are there.
    pub fn has_facts(&self, key: &[u8; 16]) -> Result<bool, StoreError> {
        Ok(self.connection.prepare_cached("SELECT 1 FROM facts WHERE key = ?1")?.exists([key])?)
    }

    /// Keeps the facts of a file.
    pub fn put_facts(&self, key: &[u8; 16], facts: &[u8]) -> Result<(), StoreError> {
        self.connection.prepare_cached("INSERT OR IGNORE INTO facts VALUES (?1, ?2)")?.execute(params![key, facts])?;
        Ok(())
    }

    /// Encodes facts for [`Store::put_facts`]; may run on any thread.
    pub fn encode_facts(facts: &FileFacts) -> Result<Vec<u8>, StoreError> {
        pack(facts)
    }

    /// The unit of a key.
    pub fn unit_by_key(&self, key: &[u8; 32]) -> Result<Option<i64>, StoreError> {
        Ok(self.connection.prepare_cached("SELECT id FROM unit WHERE key = ?1")?.query_row([key], |r| r.get(0)).optional()?)
    }

    /// Writes a unit in one transaction. It is invisible until [`Store::publish`] names it.
    pub fn put_unit(&self, key: &[u8; 32], service: &str, content: &UnitContent) -> Result<i64, StoreError> {
        self.begin()?;
        match self.put_unit_in_transaction(key, service, content) {
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

    fn put_unit_in_transaction(&self, key: &[u8; 32], service: &str, content: &UnitContent) -> Result<i64, StoreError> {
        let connection = &self.connection;
        connection.prepare_cached("INSERT INTO unit (key, service, info, open, tables) VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(params![
            key,
            service,
            encode(&content.info)?,
            encode_each(&content.open)?,
            encode(&content.tables)?
        ])?;
        let unit = connection.last_insert_rowid();
        self.put_statements(unit, content)?;
        Ok(unit)
    }

    /// Units of a snapshot in order of its services.
    pub fn units(&self, snapshot: i64) -> Result<Vec<UnitRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT u.id, u.service, u.info FROM snapshot_unit s JOIN unit u ON u.id = s.unit WHERE s.snapshot = ?1 ORDER BY s.position",
        )?;
        let mut rows = statement.query([snapshot])?;
        let mut out = Vec::new();
        while let Some(row) = rows.next()? {
            let info = decode(row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?)?;
            out.push(UnitRow { id: row.get(0)?, service: row.get(1)?, info });
        }
        Ok(out)
    }

    /// Sites of a unit that were not understood, in order; `most` of them at the most.
    pub fn open_sites(&self, unit: i64, most: usize) -> Result<Vec<OpenSite>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT open FROM unit WHERE id = ?1")?;
        let mut rows = statement.query([unit])?;
        let Some(row) = rows.next()? else { return Ok(Vec::new()) };
        decode_first(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?, most)
    }

    /// Tables that the statements of a unit name, with the columns named of each.
    pub fn unit_tables(&self, unit: i64) -> Result<Vec<(String, Vec<String>)>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT tables FROM unit WHERE id = ?1")?;
        let mut rows = statement.query([unit])?;
        let Some(row) = rows.next()? else { return Ok(Vec::new()) };
        decode(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?)
    }

    /// Drops units that no snapshot names, and facts for which `needed` is false.
    pub fn collect_garbage(&self, needed: &dyn Fn(&[u8; 16]) -> bool) -> Result<(), StoreError> {
        let units: Vec<i64> = self
            .connection
            .prepare_cached("SELECT id FROM unit WHERE id NOT IN (SELECT unit FROM snapshot_unit)")?
            .query_map([], |r| r.get(0))?
            .collect::<Result<_, _>>()?;
        let keys: Vec<[u8; 16]> =
            self.connection.prepare_cached("SELECT key FROM facts")?.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?;
        let facts: HashSet<[u8; 16]> = keys.into_iter().filter(|k| !needed(k)).collect();
        if units.is_empty() && facts.is_empty() {
            return Ok(());
        }
        self.begin()?;
        for unit in units {
            self.connection.execute("DELETE FROM statements WHERE unit = ?1", [unit])?;
            self.connection.execute("DELETE FROM unit WHERE id = ?1", [unit])?;
        }
        self.connection.execute("DELETE FROM naming WHERE unit NOT IN (SELECT id FROM unit)", [])?;
        let mut drop = self.connection.prepare_cached("DELETE FROM facts WHERE key = ?1")?;
        for key in facts {
            drop.execute([key])?;
        }
        self.commit()
    }
}
