//! Statements: assembled SQL with the way back to the source, and the references that binding finds in it.

use super::finding::Token;
use super::span::{LineColumn, Span};
use serde::{Deserialize, Serialize};

/// SQL text assembled from pieces of source, with holes where a part is unknown.
///
/// The text is what a parser reads. A hole stands in it as one private-use character [`HOLE`] and is
/// described in `holes`, in text order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SqlText {
    /// The assembled text.
    pub text: String,
    /// Where its characters stand in the source, ordered by `at`, not overlapping. Text between pieces is
    /// synthetic (a separator that a library inserts).
    pub pieces: Vec<Piece>,
    /// The unknown parts.
    pub holes: Vec<Hole>,
}

/// The character that stands for a hole in [`SqlText::text`] (U+E000, three bytes in UTF-8).
pub const HOLE: char = '\u{E000}';

/// The name of a function in [`SqlText::text`] of which only the columns that it computes with are known
/// (U+E001). Binding takes its arguments as uses and its value as of any type: it never gives an error of its
/// own, and no rule of grouping holds inside. Shown to people as `…`.
pub const COMPUTED: char = '\u{E001}';

/// A run of assembled text that stands in a source file. Where `len == source.len()` it maps byte by byte;
/// otherwise (an escape sequence) the whole run maps to the whole source span.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Piece {
    /// Byte offset in the text.
    pub at: u32,
    /// Length in the text, in bytes.
    pub len: u32,
    /// Index into [`Statement::files`].
    pub file: u16,
    /// Place in that file.
    pub source: Span,
    /// The name is not written where the statement is made: the library takes it from the definition that the
    /// place belongs to (the columns of a whole row, join keys, a default order, timestamps).
    pub implied: bool,
}

/// An unknown part of a statement.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Hole {
    /// Byte offset of its [`HOLE`] character in the text.
    pub at: u32,
    /// Source text of what is interpolated, at most 80 characters, for people.
    pub what: String,
    /// Where it stands: index into [`Statement::files`] and span.
    pub file: u16,
    /// Place in that file.
    pub source: Span,
    /// Values that it may take, where constants, callers or allow-lists bound them; empty: anything.
    pub values: Vec<String>,
}

impl SqlText {
    /// Text that stands as it is at one place of file 0.
    pub fn verbatim(text: &str, source_start: u32) -> Self {
        let span = Span { start: source_start, end: source_start + text.len() as u32 };
        let piece = Piece { at: 0, len: text.len() as u32, file: 0, source: span, implied: false };
        SqlText { text: text.to_string(), pieces: vec![piece], holes: Vec::new() }
    }

    /// Appends a name that stands in a definition at `source` and that nothing at the statement's own place names.
    pub fn push_implied(&mut self, text: &str, file: u16, source: Span) {
        if !text.is_empty() {
            self.pieces.push(Piece { at: self.text.len() as u32, len: text.len() as u32, file, source, implied: true });
            self.text.push_str(text);
        }
    }

    /// Appends text that stands in the source at `source`.
    pub fn push(&mut self, text: &str, file: u16, source: Span) {
        let at = self.text.len() as u32;
        self.text.push_str(text);
        let len = text.len() as u32;
        if len == 0 {
            return;
        }
        if let Some(last) = self.pieces.last_mut() {
            let linear = last.len as usize == last.source.len() && len as usize == source.len();
            if linear && !last.implied && last.file == file && last.at + last.len == at && last.source.end == source.start {
                last.len += len;
                last.source.end = source.end;
                return;
            }
        }
        self.pieces.push(Piece { at, len, file, source, implied: false });
    }

    /// Appends text that stands nowhere in the source.
    pub fn push_synthetic(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Appends a hole.
    pub fn push_hole(&mut self, what: &str, file: u16, source: Span, values: Vec<String>) {
        let at = self.text.len() as u32;
        self.text.push(HOLE);
        let mut what: String = what.split_whitespace().collect::<Vec<_>>().join(" ");
        if what.chars().count() > 80 {
            what = what.chars().take(79).chain(['…']).collect();
        }
        self.holes.push(Hole { at, what, file, source, values });
    }

    /// Appends another text; its file indexes must mean the same files.
    pub fn append(&mut self, other: &SqlText) {
        let by = self.text.len() as u32;
        self.text.push_str(&other.text);
        self.pieces.extend(other.pieces.iter().map(|p| Piece { at: p.at + by, ..*p }));
        self.holes.extend(other.holes.iter().map(|h| Hole { at: h.at + by, ..h.clone() }));
    }

    /// The file and source span of a span of the text: from its first mapped character to its last one in
    /// the same file. `None` where all of it is synthetic.
    pub fn source_of(&self, span: Span) -> Option<(u16, Span)> {
        let mut found: Option<(u16, Span)> = None;
        let pieces = self.pieces.iter().map(|p| (p.at, p.len, p.file, p.source));
        let holes = self.holes.iter().map(|h| (h.at, HOLE.len_utf8() as u32, h.file, h.source));
        let mut all: Vec<_> = pieces.chain(holes).filter(|p| p.0 < span.end && span.start < p.0 + p.1).collect();
        all.sort_by_key(|p| p.0);
        for (at, len, file, source) in all {
            let here = if len as usize == source.len() {
                let from = span.start.max(at) - at;
                let to = span.end.min(at + len) - at;
                Span { start: source.start + from, end: source.start + to }
            } else {
                source
            };
            found = match found {
                None => Some((file, here)),
                Some((f, s)) if f == file && here.start >= s.start => Some((f, s.to(here))),
                other => other,
            };
        }
        found
    }

    /// Whether a name in the text is taken from a definition rather than written: `None` where it has no place.
    pub fn is_implied(&self, span: Span) -> Option<bool> {
        self.pieces.iter().find(|p| p.at < span.end && span.start < p.at + p.len).map(|p| p.implied)
    }

    /// The hole at a byte offset of the text.
    pub fn hole_at(&self, at: u32) -> Option<&Hole> {
        self.holes.binary_search_by_key(&at, |h| h.at).ok().map(|i| &self.holes[i])
    }
}

/// Where a statement was written.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StatementKind {
    /// A string in source code.
    RawSql,
    /// Sent by an object-relational mapper.
    Orm,
    /// Built by a query builder.
    Builder,
    /// A model definition.
    Model,
    /// A file of SQL (queries loaded by name, sqlc, scripts).
    SqlFile,
    /// A view, function or trigger of the schema itself.
    View,
    /// An attribute of a loaded entity.
    Use,
}

/// Whether code counts for the verdict.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Code that runs in production.
    #[default]
    Production,
    /// Tests, fixtures, seeds.
    Test,
}

/// Why a string is taken for SQL.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Evidence {
    /// It reaches a call that sends SQL.
    Sink,
    /// It parses as a statement and is not otherwise explained.
    Parsed,
    /// It is a file of SQL.
    File,
    /// It is what a library sends for calls of it.
    Composed,
    /// An attribute of something unknown whose name one model alone has.
    Name,
    /// It stands for the definition of a table or column.
    Definition,
    /// It stands for the definition of a relation.
    Relation,
}

/// What reads the rows of a statement; decides about added columns.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Consumer {
    /// Unknown.
    #[default]
    Unknown,
    /// Rows are read by column name: an added column does no harm.
    ByName,
    /// Columns are read by position; the number of targets where it is known.
    Positional(Option<u16>),
    /// Rows are scanned into a struct that refuses unknown columns.
    Strict,
    /// No rows are read.
    None,
    /// As [`Consumer::Strict`], and the fields of the struct are known: they are definitions of their own.
    Fields,
}

/// What the definition of a model takes of the database.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Mapped {
    /// The model itself: the columns that its rows are written with.
    Table(Vec<String>),
    /// One field.
    Field(MappedField),
}

/// What a field of a model takes of its column.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MappedField {
    /// The field may be without a value, and then NULL is written; `None`: its definition does not tell.
    pub nullable: Option<bool>,
    /// The field cannot be without a value, and reading a NULL into it is an error.
    pub refuses_null: bool,
    /// A value is written when the code gives none.
    pub has_default: bool,
    /// Bits of the whole numbers that it can hold: 255 for any, `None` where it holds none or its type does not tell.
    pub integer_bits: Option<u8>,
}

/// One statement that a service sends (or may send).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Statement {
    /// Its SQL.
    pub text: SqlText,
    /// The same names where other callers of the function that sends it write them, by their place in the text.
    pub also: Vec<Piece>,
    /// Files that its text comes from, relative to the repository; the first one is where it is reported.
    pub files: Vec<String>,
    /// Span in `files[0]`: the literal or call that a finding names.
    pub span: Span,
    /// The call that sends it, where that is elsewhere: file and span.
    pub site: Option<(String, Span)>,
    /// How it was written.
    pub kind: StatementKind,
    /// Library that sends it (`psycopg`, `database/sql`), empty where unknown.
    pub library: String,
    /// Why it is SQL.
    pub evidence: Evidence,
    /// What reads its rows.
    pub consumer: Consumer,
    /// Whole numbers of any size fit into the values that the code gets: a wider integer type changes nothing.
    pub any_integer: bool,
    /// What a model's definition takes of the database; only for [`StatementKind::Model`].
    pub maps: Option<Mapped>,
    /// Production or test.
    pub scope: Scope,
    /// Number shared by the variants of one site (with and without a conditional fragment); unique per
    /// service and site.
    pub site_group: u32,
}

/// What a statement does with a table or column.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Delivers or computes with it.
    Read,
    /// Stores into it.
    Write,
    /// WHERE, HAVING, conflict targets.
    Filter,
    /// ORDER BY.
    Order,
    /// Join conditions.
    Join,
    /// A definition that maps it.
    Define,
}

/// The column part of a reference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ColumnRef {
    /// The table itself.
    Table,
    /// A column by name.
    Named(String),
    /// All columns; which ones is unknown.
    All,
}

/// One table or column that a statement or model refers to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Reference {
    /// Schema, where it is named or known; empty: the default one.
    pub schema: String,
    /// Table name, folded.
    pub table: String,
    /// Column, the table itself, or all.
    pub column: ColumnRef,
    /// What is done with it.
    pub mode: Mode,
    /// Place of the name in the statement's text; empty span where it is not written (`*`, implied).
    pub span: Span,
    /// The name is not written in the statement.
    pub implicit: bool,
    /// 0..=100.
    pub confidence: u8,
}

/// A statement as the index keeps it: with its lines and columns, so that a finding can be placed without
/// reading the source again, and with its references.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexedStatement {
    /// The statement.
    pub statement: Statement,
    /// 1-based first and last line of [`Statement::span`].
    pub lines: (u32, u32),
    /// 1-based first and last line of [`Statement::site`].
    pub site_lines: Option<(u32, u32)>,
    /// Start of each piece of the text, parallel to [`SqlText::pieces`].
    pub piece_starts: Vec<LineColumn>,
    /// Start of each of [`Statement::also`].
    pub also_starts: Vec<LineColumn>,
    /// Start of each hole, parallel to [`SqlText::holes`].
    pub hole_starts: Vec<LineColumn>,
    /// Tables, columns and other objects that it names.
    pub references: Vec<Reference>,
    /// Names of objects other than tables and columns: kind and folded name (`function:f`, `type:t`).
    pub objects: Vec<String>,
    /// Why not every name was resolved; `None`: all were.
    pub unbound: Option<String>,
    /// It has a hole where a table name stands.
    pub dynamic_table: bool,
}

impl IndexedStatement {
    /// File index, line and columns of a span of the text: where its first mapped character stands, up to
    /// the end of the span on that line. `None` where the span is synthetic.
    pub fn place(&self, span: Span) -> Option<(u16, Token)> {
        let text = &self.statement.text;
        for (piece, start) in text.pieces.iter().zip(&self.piece_starts) {
            if piece.at + piece.len <= span.start || piece.at >= span.end.max(span.start + 1) {
                continue;
            }
            let linear = piece.len as usize == piece.source.len();
            if !linear {
                return Some((
                    piece.file,
                    Token { line: start.line, column: start.column, end_column: start.column + piece.source.len() as u32 },
                ));
            }
            let from = span.start.max(piece.at);
            let before = text.text.get(piece.at as usize..from as usize).unwrap_or("");
            let begin = advance(*start, before);
            let to = span.end.min(piece.at + piece.len).max(from);
            let inside = text.text.get(from as usize..to as usize).unwrap_or("");
            let width = inside.split('\n').next().unwrap_or("").chars().count() as u32;
            return Some((piece.file, Token { line: begin.line, column: begin.column, end_column: begin.column + width }));
        }
        let hole = text.holes.iter().position(|h| h.at < span.end && span.start < h.at + HOLE.len_utf8() as u32)?;
        let (hole, start) = (&text.holes[hole], *self.hole_starts.get(hole)?);
        Some((hole.file, Token { line: start.line, column: start.column, end_column: start.column + hole.source.len() as u32 }))
    }
}

fn advance(start: LineColumn, text: &str) -> LineColumn {
    match text.rfind('\n') {
        None => LineColumn { line: start.line, column: start.column + text.chars().count() as u32 },
        Some(i) => LineColumn {
            line: start.line + text.bytes().filter(|&b| b == b'\n').count() as u32,
            column: text[i + 1..].chars().count() as u32 + 1,
        },
    }
}
