//! Questions to the index: which statements name a table, all statements of a unit.

use super::codec::decode;
use super::unit::from_flags;
use super::{Store, StoreError};
use crate::model::span::Span;
use crate::model::statement::{ColumnRef, IndexedStatement, Reference};
use rusqlite::params;
use std::collections::{BTreeSet, HashMap};

/// A statement found in the index.
#[derive(Clone, Debug)]
pub struct FoundStatement {
    /// Row id; ordered as the statements of its unit.
    pub id: i64,
    /// Its unit.
    pub unit: i64,
    /// The statement; with its references where they were asked for.
    pub indexed: IndexedStatement,
}

impl Store {
    /// Statements that name one of the tables or objects (any schema, any case), ordered by unit and position,
    /// without their references. Only those of units that are `wanted` are read.
    pub fn statements_naming(&self, names: &[String], wanted: &mut dyn FnMut(i64) -> bool) -> Result<Vec<FoundStatement>, StoreError> {
        let mut ids = BTreeSet::new();
        let mut symbols = self.connection.prepare_cached("SELECT id FROM symbol WHERE name = ?1")?;
        let mut statements = self.connection.prepare_cached("SELECT DISTINCT statement FROM reference WHERE tbl = ?1")?;
        for name in names {
            let found: Vec<i64> = symbols.query_map([name], |r| r.get(0))?.collect::<Result<_, _>>()?;
            for symbol in found {
                for id in statements.query_map([symbol], |r| r.get::<_, i64>(0))? {
                    ids.insert(id?);
                }
            }
        }
        let mut statement = self.connection.prepare_cached("SELECT unit, data FROM statement WHERE id = ?1")?;
        let mut out = Vec::new();
        for id in ids {
            let mut rows = statement.query([id])?;
            let Some(row) = rows.next()? else { return Err(rusqlite::Error::QueryReturnedNoRows.into()) };
            let unit = row.get(0)?;
            if wanted(unit) {
                let data = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
                out.push(FoundStatement { id, unit, indexed: decode(data)? });
            }
        }
        Ok(out)
    }

    /// Statements of a unit in order, with their references.
    pub fn statements_of(&self, unit: i64) -> Result<Vec<FoundStatement>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT id, data FROM statement WHERE unit = ?1 ORDER BY id")?;
        let mut rows = statement.query([unit])?;
        let mut out = Vec::new();
        while let Some(row) = rows.next()? {
            let data = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
            out.push(FoundStatement { id: row.get(0)?, unit, indexed: decode(data)? });
        }
        self.read_references(&mut out)?;
        Ok(out)
    }

    /// Reads the references of statements.
    pub fn read_references(&self, statements: &mut [FoundStatement]) -> Result<(), StoreError> {
        let mut names = HashMap::new();
        let mut references =
            self.connection.prepare_cached("SELECT tbl, col, flags, at, len FROM reference WHERE statement = ?1 ORDER BY seq")?;
        for FoundStatement { id, indexed, .. } in statements {
            let rows: Vec<(i64, i64, i64, u32, u32)> =
                references.query_map([*id], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?)))?.collect::<Result<_, _>>()?;
            for (table, column, flags, at, len) in rows {
                let span = Span { start: at, end: at.saturating_add(len) };
                let Some((mode, implicit, confidence, span)) = from_flags(flags, span) else { continue };
                let (schema, table) = self.name_of(&mut names, table)?;
                let column = match column {
                    0 => ColumnRef::Table,
                    1 => ColumnRef::All,
                    other => ColumnRef::Named(self.name_of(&mut names, other)?.1),
                };
                indexed.references.push(Reference { schema, table, column, mode, span, implicit, confidence });
            }
        }
        Ok(())
    }

    fn name_of(&self, known: &mut HashMap<i64, (String, String)>, id: i64) -> Result<(String, String), StoreError> {
        if let Some(found) = known.get(&id) {
            return Ok(found.clone());
        }
        let found: (String, String) = self
            .connection
            .prepare_cached("SELECT schema, name FROM symbol WHERE id = ?1")?
            .query_row(params![id], |r| Ok((r.get(0)?, r.get(1)?)))?;
        known.insert(id, found.clone());
        Ok(found)
    }
}
