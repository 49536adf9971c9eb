//! Statements on disk: many to a row, compressed together, and what they name.
//!
//! Statements of one place of a service are much alike: whole rows of the same models, definitions of the same
//! fields. A row holds as many as make [`GROUP_BYTES`]; places are told from the piece before, so that the same
//! list of columns is the same bytes wherever it stands. The number of a statement is that of its row and its
//! position in it.

use super::codec::{decode, encode, pack, unpacked};
use super::unit::UnitContent;
use super::{Store, StoreError};
use crate::model::span::{LineColumn, Span};
use crate::model::statement::{ColumnRef, IndexedStatement, Mode, Piece, Reference};
use rusqlite::params;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of encoded statements with which a row is full. Reading one statement unpacks its row.
const GROUP_BYTES: usize = 16 << 10;
/// Most statements of a row.
const GROUP: i64 = 256;

/// A statement found in the index.
#[derive(Clone, Debug)]
pub struct FoundStatement {
    /// Its number; ordered as the statements of its unit.
    pub id: i64,
    /// Its unit.
    pub unit: i64,
    /// The statement; with its references where they were asked for.
    pub indexed: IndexedStatement,
}

/// Encoded values one after the other.
#[derive(Default, Serialize, Deserialize)]
struct Group<'a> {
    lengths: Vec<u32>,
    bytes: &'a [u8],
}

impl Group<'_> {
    fn get(&self, position: usize) -> Option<&[u8]> {
        let start: u64 = self.lengths.get(..position)?.iter().map(|l| u64::from(*l)).sum();
        let start = usize::try_from(start).ok()?;
        self.bytes.get(start..start.checked_add(*self.lengths.get(position)? as usize)?)
    }
}

/// A piece of a text with the line and column of its source.
#[derive(Serialize, Deserialize)]
struct StoredPiece {
    /// From the end of the piece before.
    gap: i64,
    len: u32,
    /// Twice the file's number; one more where it is implied.
    file: u32,
    start: u32,
    /// Bytes that the source has more than the text.
    longer: i64,
    line: u32,
    column: u32,
}

fn stored_pieces(pieces: &[Piece], starts: &[LineColumn]) -> Vec<StoredPiece> {
    let mut end = 0;
    let stored = pieces.iter().zip(starts).map(|(piece, place)| {
        let gap = i64::from(piece.at) - end;
        end = i64::from(piece.at) + i64::from(piece.len);
        let longer = piece.source.len() as i64 - i64::from(piece.len);
        let file = u32::from(piece.file) << 1 | u32::from(piece.implied);
        StoredPiece { gap, len: piece.len, file, start: piece.source.start, longer, line: place.line, column: place.column }
    });
    stored.collect()
}

/// `None`: a number is out of range.
fn pieces_of(stored: &[StoredPiece]) -> Option<(Vec<Piece>, Vec<LineColumn>)> {
    let mut end = 0i64;
    let mut out = (Vec::with_capacity(stored.len()), Vec::with_capacity(stored.len()));
    for piece in stored {
        let at = u32::try_from(end.checked_add(piece.gap)?).ok()?;
        end = i64::from(at) + i64::from(piece.len);
        let length = u32::try_from(i64::from(piece.len).checked_add(piece.longer)?).ok()?;
        let source = Span { start: piece.start, end: piece.start.checked_add(length)? };
        let (file, implied) = (u16::try_from(piece.file >> 1).ok()?, piece.file & 1 == 1);
        out.0.push(Piece { at, len: piece.len, file, source, implied });
        out.1.push(LineColumn { line: piece.line, column: piece.column });
    }
    Some(out)
}

/// A reference: from the end of the one before, length, mode and the like, what it names.
type StoredReference = (i64, u32, u16, String, String, ColumnRef);

const MODES: [Mode; 6] = [Mode::Read, Mode::Write, Mode::Filter, Mode::Order, Mode::Join, Mode::Define];

fn stored_references(references: &[Reference]) -> Vec<StoredReference> {
    let mut end = 0;
    let stored = references.iter().map(|r| {
        let gap = i64::from(r.span.start) - end;
        end = i64::from(r.span.end);
        let mode = MODES.iter().position(|m| *m == r.mode).unwrap_or(0) as u16;
        let flags = mode | u16::from(r.implicit) << 3 | u16::from(r.confidence.min(100)) << 4;
        (gap, r.span.len() as u32, flags, r.schema.clone(), r.table.clone(), r.column.clone())
    });
    stored.collect()
}

/// `None`: a number is out of range.
fn references_of(stored: Vec<StoredReference>) -> Option<Vec<Reference>> {
    let mut end = 0i64;
    let one = |(gap, len, flags, schema, table, column): StoredReference| {
        let start = u32::try_from(end.checked_add(gap)?).ok()?;
        let span = Span { start, end: start.checked_add(len)? };
        end = i64::from(span.end);
        let mode = *MODES.get(usize::from(flags & 7))?;
        Some(Reference { schema, table, column, mode, span, implicit: flags & 8 != 0, confidence: (flags >> 4) as u8 & 127 })
    };
    stored.into_iter().map(one).collect()
}

/// A row on its way.
#[derive(Default)]
struct Row {
    lengths: (Vec<u32>, Vec<u32>),
    bytes: (Vec<u8>, Vec<u8>),
    /// Names with the positions of the statements that name them.
    names: BTreeMap<String, Vec<i64>>,
}

impl Row {
    fn add(&mut self, indexed: &IndexedStatement) -> Result<(), StoreError> {
        let mut stored = indexed.clone();
        let references = std::mem::take(&mut stored.references);
        let pieces = stored_pieces(&std::mem::take(&mut stored.statement.text.pieces), &std::mem::take(&mut stored.piece_starts));
        let position = self.lengths.0.len() as i64;
        let named: BTreeSet<&str> = references.iter().map(|r| &*r.table).chain(indexed.objects.iter().map(|o| &**o)).collect();
        for name in named {
            self.names.entry(name.to_ascii_lowercase()).or_default().push(position);
        }
        let (statement, references) = (encode(&(stored, pieces))?, encode(&stored_references(&references))?);
        self.lengths.0.push(statement.len() as u32);
        self.lengths.1.push(references.len() as u32);
        self.bytes.0.extend(statement);
        self.bytes.1.extend(references);
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.bytes.0.len() >= GROUP_BYTES || self.lengths.0.len() as i64 >= GROUP
    }
}

fn statement_of(group: &Group, position: usize) -> Result<IndexedStatement, StoreError> {
    let damaged = || StoreError::Damaged("a statement is missing".into());
    let (mut indexed, pieces): (IndexedStatement, Vec<StoredPiece>) = decode(group.get(position).ok_or_else(damaged)?)?;
    (indexed.statement.text.pieces, indexed.piece_starts) = pieces_of(&pieces).ok_or_else(damaged)?;
    Ok(indexed)
}

impl Store {
    /// Writes the statements of a unit and what they name; part of a transaction.
    pub(super) fn put_statements(&self, unit: i64, content: &UnitContent) -> Result<(), StoreError> {
        let mut names: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        let mut row = Row::default();
        for (i, indexed) in content.statements.iter().enumerate() {
            row.add(indexed)?;
            if row.is_full() || i + 1 == content.statements.len() {
                let id = self.put_row(unit, &row)?;
                for (name, positions) in std::mem::take(&mut row).names {
                    names.entry(name).or_default().extend(positions.into_iter().map(|p| id * GROUP + p));
                }
            }
        }
        let mut insert = self.connection.prepare_cached("INSERT INTO naming VALUES (?1, ?2, ?3)")?;
        for (name, ids) in names {
            let mut before = 0;
            let steps: Vec<i64> = ids.iter().map(|id| id - std::mem::replace(&mut before, *id)).collect();
            insert.execute(params![name, unit, encode(&steps)?])?;
        }
        Ok(())
    }

    fn put_row(&self, unit: i64, row: &Row) -> Result<i64, StoreError> {
        let statements = pack(&Group { lengths: row.lengths.0.clone(), bytes: &row.bytes.0 })?;
        let references = pack(&Group { lengths: row.lengths.1.clone(), bytes: &row.bytes.1 })?;
        let mut insert = self.connection.prepare_cached("INSERT INTO statements (unit, data, refs) VALUES (?1, ?2, ?3)")?;
        insert.execute(params![unit, statements, references])?;
        Ok(self.connection.last_insert_rowid())
    }

    /// Statements that name one of the tables or objects (any schema, any case), ordered by unit and position,
    /// without their references. Only those of units that are `wanted` are read.
    pub fn statements_naming(&self, names: &[String], wanted: &mut dyn FnMut(i64) -> bool) -> Result<Vec<FoundStatement>, StoreError> {
        // By unit and number: units are written one after the other.
        let mut ids: BTreeSet<(i64, i64)> = BTreeSet::new();
        let mut naming = self.connection.prepare_cached("SELECT unit, statements FROM naming WHERE name = ?1")?;
        for name in names {
            let mut rows = naming.query([name])?;
            while let Some(row) = rows.next()? {
                let unit: i64 = row.get(0)?;
                if !wanted(unit) {
                    continue;
                }
                let steps: Vec<i64> = decode(row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?)?;
                let mut id = 0i64;
                for step in steps {
                    id = id.saturating_add(step);
                    ids.insert((id, unit));
                }
            }
        }
        let mut statement = self.connection.prepare_cached("SELECT data FROM statements WHERE id = ?1")?;
        let mut out = Vec::with_capacity(ids.len());
        let ids: Vec<(i64, i64)> = ids.into_iter().collect();
        for of_row in ids.chunk_by(|a, b| a.0 / GROUP == b.0 / GROUP) {
            let Some(&(first, _)) = of_row.first() else { continue };
            let bytes = statement.query_row([first / GROUP], |r| Ok(unpacked(r.get_ref(0)?.as_blob()?)))??;
            let group: Group = decode(&bytes)?;
            for &(id, unit) in of_row {
                out.push(FoundStatement { id, unit, indexed: statement_of(&group, (id % GROUP) as usize)? });
            }
        }
        Ok(out)
    }

    /// Statements of a unit in order, with their references.
    pub fn statements_of(&self, unit: i64) -> Result<Vec<FoundStatement>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT id, data FROM statements WHERE unit = ?1 ORDER BY id")?;
        let mut rows = statement.query([unit])?;
        let mut out = Vec::new();
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            let bytes = unpacked(row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?)?;
            let group: Group = decode(&bytes)?;
            for position in 0..group.lengths.len() {
                let indexed = statement_of(&group, position)?;
                out.push(FoundStatement { id: id * GROUP + position as i64, unit, indexed });
            }
        }
        self.read_references(&mut out)?;
        Ok(out)
    }

    /// Reads the references of statements.
    pub fn read_references(&self, statements: &mut [FoundStatement]) -> Result<(), StoreError> {
        let damaged = || StoreError::Damaged("the references of a statement are missing".into());
        let mut references = self.connection.prepare_cached("SELECT refs FROM statements WHERE id = ?1")?;
        for of_row in statements.chunk_by_mut(|a, b| a.id / GROUP == b.id / GROUP) {
            let Some(first) = of_row.first().map(|s| s.id / GROUP) else { continue };
            let bytes = references.query_row([first], |r| Ok(unpacked(r.get_ref(0)?.as_blob()?)))??;
            let group: Group = decode(&bytes)?;
            for found in of_row {
                let stored = decode(group.get((found.id % GROUP) as usize).ok_or_else(damaged)?)?;
                found.indexed.references = references_of(stored).ok_or_else(damaged)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::statement::{Consumer, Evidence, Scope, SqlText, Statement, StatementKind};

    fn statement(number: u32) -> IndexedStatement {
        let mut text = SqlText::default();
        text.push_synthetic("SELECT ");
        text.push("name", 0, Span { start: 7 + number, end: 13 + number });
        text.push_synthetic(", ");
        text.push_implied("id", 1, Span { start: 70, end: 72 });
        let reference = |table: &str, start, column| Reference {
            schema: if number == 3 { "app".into() } else { String::new() },
            table: table.into(),
            column,
            mode: Mode::Filter,
            span: Span { start, end: start + 2 },
            implicit: number % 2 == 1,
            confidence: 90,
        };
        IndexedStatement {
            statement: Statement {
                text,
                files: vec!["a.py".into(), "models.py".into()],
                span: Span { start: number, end: number + 20 },
                site: None,
                kind: StatementKind::Orm,
                library: "sqlalchemy".into(),
                evidence: Evidence::Composed,
                consumer: Consumer::ByName,
                scope: Scope::Production,
                site_group: number,
                maps: None,
                any_integer: false,
            },
            lines: (1, 2),
            site_lines: None,
            piece_starts: vec![LineColumn { line: 1, column: 8 }, LineColumn { line: 30, column: 5 }],
            hole_starts: Vec::new(),
            // references stand in any order
            references: vec![reference("Orders", 13, ColumnRef::Named("id".into())), reference("Orders", 7, ColumnRef::Table)],
            objects: if number == 5 { vec!["function:now".into()] } else { Vec::new() },
            unbound: None,
            dynamic_table: false,
        }
    }

    #[test]
    fn statements_come_back_as_they_were_in_order_over_several_rows() {
        let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
        let (store, _) = Store::open_or_create(&folder.path().join("index.db")).unwrap_or_else(|e| panic!("{e}"));
        let statements: Vec<IndexedStatement> = (0..700).map(statement).collect();
        let content = UnitContent { statements, ..UnitContent::default() };
        let unit = store.put_unit(&[1; 32], "app", &content).unwrap_or_else(|e| panic!("{e}"));
        let other = store.put_unit(&[2; 32], "lib", &content).unwrap_or_else(|e| panic!("{e}"));
        let found = store.statements_of(unit).unwrap_or_else(|e| panic!("{e}"));
        assert!(found.is_sorted_by_key(|f| f.id) && found.last().map(|f| f.id / GROUP) > found.first().map(|f| f.id / GROUP));
        assert_eq!(found.into_iter().map(|f| f.indexed).collect::<Vec<_>>(), content.statements);
        let naming = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|n| n.to_string()).collect();
            store.statements_naming(&names, &mut |u| u == other).unwrap_or_else(|e| panic!("{e}"))
        };
        let mut orders = naming(&["ORDERS", "orders"]);
        assert!(orders.iter().all(|f| f.unit == other && f.indexed.references.is_empty()));
        store.read_references(&mut orders).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(orders.into_iter().map(|f| f.indexed).collect::<Vec<_>>(), content.statements);
        assert_eq!(naming(&["function:now"]).into_iter().map(|f| f.indexed.statement.site_group).collect::<Vec<_>>(), [5]);
        assert!(naming(&["nothing"]).is_empty());
    }
}
