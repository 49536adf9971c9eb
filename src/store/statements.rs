//! Statements on disk: many to a row, compressed together, and what they name.
//!
//! Statements of one place of a service are much alike: whole rows of the same models, definitions of the same
//! fields. A row holds as many as make [`GROUP_BYTES`]; places are told from the piece before, so that the same
//! list of columns is the same bytes wherever it stands. The number of a statement is that of its row and its
//! position in it. What decides a verdict stands apart from the places, once for all statements of a row that have it
//! in common ([`Form`]): most of what a run meets is safe, and then nothing else is read of it.

use super::codec::{decode, encode, pack, unpack_into};
use super::unit::UnitContent;
use super::{Store, StoreError};
use crate::model::span::{LineColumn, Span};
use crate::model::statement::{
    ColumnRef, Consumer, Evidence, Hole, IndexedStatement, Mapped, Mode, Piece, Reference, Statement, StatementKind,
};
use rusqlite::params;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

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
    /// The statement with its references.
    pub indexed: IndexedStatement,
}

/// What of a statement decides its verdict; statements of many places share one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Form {
    /// Its SQL.
    pub text: String,
    /// The unknown parts of the text.
    pub holes: Vec<Hole>,
    /// How it was written.
    pub kind: StatementKind,
    /// Library that sends it.
    pub library: String,
    /// Why it is SQL.
    pub evidence: Evidence,
    /// What reads its rows.
    pub consumer: Consumer,
    /// Whole numbers of any size fit into the values that the code gets.
    pub any_integer: bool,
    /// What a model's definition takes of the database.
    pub maps: Option<Mapped>,
}

impl Form {
    /// Takes it out of a statement.
    fn take(statement: &mut Statement) -> Form {
        Form {
            text: std::mem::take(&mut statement.text.text),
            holes: std::mem::take(&mut statement.text.holes),
            kind: statement.kind,
            library: std::mem::take(&mut statement.library),
            evidence: statement.evidence,
            consumer: statement.consumer,
            any_integer: statement.any_integer,
            maps: statement.maps.take(),
        }
    }

    /// Puts it back; what a statement keeps of it is the same.
    fn put(&self, statement: &mut Statement) {
        statement.text.text.clone_from(&self.text);
        statement.text.holes.clone_from(&self.holes);
        statement.library.clone_from(&self.library);
        statement.maps.clone_from(&self.maps);
    }
}

/// A statement of which no more is read than its form, and at which site it stands.
#[derive(Clone, Debug)]
pub struct Occurrence {
    /// Number of the statement.
    pub id: i64,
    /// Its unit.
    pub unit: i64,
    /// What decides its verdict.
    pub form: Rc<Form>,
    /// [`Statement::site_group`].
    pub site_group: u32,
    /// The file that it is reported in.
    pub path: Rc<str>,
}

/// Encoded values one after the other.
#[derive(Default, Serialize, Deserialize)]
struct Group<'a> {
    lengths: Vec<u32>,
    bytes: &'a [u8],
}

/// A group as it is read.
#[derive(Default)]
struct OpenGroup {
    buffer: Vec<u8>,
    /// Where each value ends in the buffer; the first one starts at `start`.
    ends: Vec<usize>,
    start: usize,
}

impl OpenGroup {
    /// Unpacks another group into the same memory.
    fn open(&mut self, packed: &[u8]) -> Result<(), StoreError> {
        unpack_into(packed, &mut self.buffer)?;
        let group: Group = decode(&self.buffer)?;
        self.start = self.buffer.len() - group.bytes.len();
        let mut end = self.start;
        self.ends.clear();
        for length in &group.lengths {
            end = end.saturating_add(*length as usize);
            self.ends.push(end);
        }
        Ok(())
    }

    fn get(&self, position: usize) -> Option<&[u8]> {
        let end = *self.ends.get(position)?;
        let start = position.checked_sub(1).map_or(Some(self.start), |before| self.ends.get(before).copied())?;
        self.buffer.get(start..end)
    }
}

/// Which form each statement of a row has, and where it stands.
#[derive(Default, Serialize, Deserialize)]
struct Sites {
    /// Files in order of first mention.
    paths: Vec<String>,
    /// By position in the row: form, site group, file.
    statements: Vec<(u32, u32, u32)>,
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
    places: Values,
    references: Values,
    forms: Values,
    known: FxHashMap<Form, u32>,
    sites: Sites,
    /// Names with the positions of the statements that name them.
    names: BTreeMap<String, Vec<i64>>,
}

/// Values of a group on its way.
#[derive(Default)]
struct Values {
    lengths: Vec<u32>,
    bytes: Vec<u8>,
}

impl Values {
    fn add(&mut self, value: &impl Serialize) -> Result<(), StoreError> {
        let bytes = encode(value)?;
        self.lengths.push(bytes.len() as u32);
        self.bytes.extend(bytes);
        Ok(())
    }

    fn pack(&self) -> Result<Vec<u8>, StoreError> {
        pack(&Group { lengths: self.lengths.clone(), bytes: &self.bytes })
    }
}

impl Row {
    fn add(&mut self, indexed: &IndexedStatement) -> Result<(), StoreError> {
        let mut stored = indexed.clone();
        let references = std::mem::take(&mut stored.references);
        let pieces = stored_pieces(&std::mem::take(&mut stored.statement.text.pieces), &std::mem::take(&mut stored.piece_starts));
        let form = Form::take(&mut stored.statement);
        let position = self.sites.statements.len() as i64;
        let named: BTreeSet<&str> = references.iter().map(|r| &*r.table).chain(indexed.objects.iter().map(|o| &**o)).collect();
        for name in named {
            self.names.entry(name.to_ascii_lowercase()).or_default().push(position);
        }
        let path = indexed.statement.files.first().map_or("", String::as_str);
        let path = self.sites.paths.iter().position(|p| p == path).unwrap_or_else(|| {
            self.sites.paths.push(path.to_string());
            self.sites.paths.len() - 1
        });
        let number = match self.known.get(&form) {
            Some(known) => *known,
            None => {
                let number = self.forms.lengths.len() as u32;
                self.forms.add(&form)?;
                self.known.insert(form, number);
                number
            }
        };
        self.sites.statements.push((number, stored.statement.site_group, path as u32));
        self.places.add(&(stored, pieces))?;
        self.references.add(&stored_references(&references))
    }

    fn is_full(&self) -> bool {
        self.places.bytes.len() + self.forms.bytes.len() >= GROUP_BYTES || self.sites.statements.len() as i64 >= GROUP
    }
}

fn missing() -> StoreError {
    StoreError::Damaged("a statement is missing".into())
}

/// A statement without what its form says.
fn statement_of(places: &OpenGroup, references: &OpenGroup, position: usize) -> Result<IndexedStatement, StoreError> {
    let (mut indexed, pieces): (IndexedStatement, Vec<StoredPiece>) = decode(places.get(position).ok_or_else(missing)?)?;
    (indexed.statement.text.pieces, indexed.piece_starts) = pieces_of(&pieces).ok_or_else(missing)?;
    let stored = decode(references.get(position).ok_or_else(missing)?)?;
    indexed.references = references_of(stored).ok_or_else(missing)?;
    Ok(indexed)
}

/// The forms of a row.
#[derive(Default)]
struct Forms {
    group: OpenGroup,
    sites: Sites,
    paths: Vec<Rc<str>>,
    known: Vec<Option<Rc<Form>>>,
}

impl Forms {
    fn open(&mut self, sites: &[u8], forms: &[u8]) -> Result<(), StoreError> {
        self.group.open(forms)?;
        self.sites = decode(sites)?;
        self.paths = self.sites.paths.iter().map(|p| Rc::from(p.as_str())).collect();
        self.known.clear();
        self.known.resize(self.group.ends.len(), None);
        Ok(())
    }

    fn occurrence(&mut self, id: i64, unit: i64) -> Result<Occurrence, StoreError> {
        let &(form, site_group, path) = self.sites.statements.get((id % GROUP) as usize).ok_or_else(missing)?;
        let known = self.known.get_mut(form as usize).ok_or_else(missing)?;
        let form = match known {
            Some(form) => form.clone(),
            None => known.insert(Rc::new(decode(self.group.get(form as usize).ok_or_else(missing)?)?)).clone(),
        };
        let path = self.paths.get(path as usize).ok_or_else(missing)?.clone();
        Ok(Occurrence { id, unit, form, site_group, path })
    }
}

/// Reads statements in full. Those of one row are read together where they are asked for one after the other.
pub struct StatementReader<'s> {
    store: &'s Store,
    row: Option<i64>,
    places: OpenGroup,
    references: OpenGroup,
}

impl StatementReader<'_> {
    /// A statement with its references.
    ///
    /// # Errors
    /// [`StoreError`] where the store can't be read.
    pub fn read(&mut self, occurrence: &Occurrence) -> Result<FoundStatement, StoreError> {
        let id = occurrence.id / GROUP;
        if self.row != Some(id) {
            self.row = None;
            let mut select = self.store.connection.prepare_cached("SELECT data, refs FROM statements WHERE id = ?1")?;
            let mut rows = select.query([id])?;
            let row = rows.next()?.ok_or_else(missing)?;
            self.places.open(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?)?;
            self.references.open(row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?)?;
            self.row = Some(id);
        }
        let mut indexed = statement_of(&self.places, &self.references, (occurrence.id % GROUP) as usize)?;
        occurrence.form.put(&mut indexed.statement);
        Ok(FoundStatement { id: occurrence.id, unit: occurrence.unit, indexed })
    }
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
        let mut insert =
            self.connection.prepare_cached("INSERT INTO statements (unit, sites, forms, data, refs) VALUES (?1, ?2, ?3, ?4, ?5)")?;
        insert.execute(params![unit, encode(&row.sites)?, row.forms.pack()?, row.places.pack()?, row.references.pack()?])?;
        Ok(self.connection.last_insert_rowid())
    }

    /// Statements that name one of the tables or objects (any schema, any case), ordered by unit and position. Only
    /// those of units that are `wanted` are read.
    ///
    /// # Errors
    /// [`StoreError`] where the store can't be read.
    pub fn statements_naming(&self, names: &[String], wanted: &mut dyn FnMut(i64) -> bool) -> Result<Vec<Occurrence>, StoreError> {
        // By number: units are written one after the other.
        let mut ids: Vec<(i64, i64)> = Vec::new();
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
                    ids.push((id, unit));
                }
            }
        }
        ids.sort_unstable();
        ids.dedup();
        let mut select = self.connection.prepare_cached("SELECT sites, forms FROM statements WHERE id = ?1")?;
        let mut out = Vec::with_capacity(ids.len());
        let mut forms = Forms::default();
        for of_row in ids.chunk_by(|a, b| a.0 / GROUP == b.0 / GROUP) {
            let Some(&(first, _)) = of_row.first() else { continue };
            let mut rows = select.query([first / GROUP])?;
            let row = rows.next()?.ok_or_else(missing)?;
            let blob = |at| row.get_ref(at)?.as_blob().map_err(rusqlite::Error::from);
            forms.open(blob(0)?, blob(1)?)?;
            for &(id, unit) in of_row {
                out.push(forms.occurrence(id, unit)?);
            }
        }
        Ok(out)
    }

    /// Reads statements in full.
    pub fn statement_reader(&self) -> StatementReader<'_> {
        StatementReader { store: self, row: None, places: OpenGroup::default(), references: OpenGroup::default() }
    }

    /// Statements of a unit in order.
    ///
    /// # Errors
    /// [`StoreError`] where the store can't be read.
    pub fn statements_of(&self, unit: i64) -> Result<Vec<FoundStatement>, StoreError> {
        let mut select = self.connection.prepare_cached("SELECT id, sites, forms FROM statements WHERE unit = ?1 ORDER BY id")?;
        let mut rows = select.query([unit])?;
        let mut out = Vec::new();
        let mut forms = Forms::default();
        let mut reader = self.statement_reader();
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            let blob = |at| row.get_ref(at)?.as_blob().map_err(rusqlite::Error::from);
            forms.open(blob(1)?, blob(2)?)?;
            for position in 0..forms.sites.statements.len() as i64 {
                out.push(reader.read(&forms.occurrence(id * GROUP + position, unit)?)?);
            }
        }
        Ok(out)
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
                also: Vec::new(),
            },
            lines: (1, 2),
            site_lines: None,
            piece_starts: vec![LineColumn { line: 1, column: 8 }, LineColumn { line: 30, column: 5 }],
            also_starts: Vec::new(),
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
        let orders = naming(&["ORDERS", "orders"]);
        assert!(orders.iter().all(|o| o.unit == other && &*o.path == "a.py"));
        let mut reader = store.statement_reader();
        let read: Vec<_> = orders.iter().map(|o| reader.read(o).unwrap_or_else(|e| panic!("{e}")).indexed).collect();
        assert_eq!(read, content.statements);
        assert_eq!(naming(&["function:now"]).iter().map(|o| o.site_group).collect::<Vec<_>>(), [5]);
        assert!(naming(&["nothing"]).is_empty());
    }
}
