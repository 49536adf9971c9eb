//! From resolved statements to rows of the index: lines and columns for every piece, and the references that
//! binding finds.

use crate::model::dialect::Dialect;
use crate::model::object::ObjectKind;
use crate::model::schema::Schema;
use crate::model::span::{LineColumn, LineIndex, Span};
use crate::model::statement::{ColumnRef, Evidence, HOLE, IndexedStatement, Mode, Reference, Statement, StatementKind};
use crate::sql::ast;
use crate::sql::bind::{self, SessionState};
use crate::sql::parse::parse_statement;
use std::collections::HashMap;

/// The bytes of source files with their line starts, read once.
pub struct SourceLines<'a> {
    read: &'a dyn Fn(&str) -> Option<Vec<u8>>,
    known: HashMap<String, Option<(Vec<u8>, LineIndex)>>,
}

impl<'a> SourceLines<'a> {
    /// Reads files through `read`, by path relative to the repository.
    pub fn new(read: &'a dyn Fn(&str) -> Option<Vec<u8>>) -> Self {
        SourceLines { read, known: HashMap::new() }
    }

    fn file(&mut self, path: &str) -> Option<&(Vec<u8>, LineIndex)> {
        if !self.known.contains_key(path) {
            let content = (self.read)(path).map(|bytes| {
                let lines = LineIndex::new(&bytes);
                (bytes, lines)
            });
            self.known.insert(path.to_string(), content);
        }
        self.known.get(path).and_then(Option::as_ref)
    }

    /// 1-based first and last line of a span; 1 where the file can't be read.
    pub fn lines(&mut self, path: &str, span: Span) -> (u32, u32) {
        self.file(path).map_or((1, 1), |(_, lines)| {
            let first = lines.line(span.start);
            (first, lines.line(span.end.saturating_sub(1).max(span.start)))
        })
    }

    /// Line and column of an offset.
    pub fn line_column(&mut self, path: &str, offset: u32) -> LineColumn {
        self.file(path).map_or(LineColumn { line: 1, column: 1 }, |(bytes, lines)| lines.line_column(bytes, offset))
    }
}

/// Gives a statement its lines and columns. References are for [`bind_text`] to find.
pub fn place_statement(statement: Statement, sources: &mut SourceLines) -> IndexedStatement {
    let path = |file: u16| statement.files.get(file as usize).map_or("", String::as_str);
    IndexedStatement {
        lines: sources.lines(path(0), statement.span),
        site_lines: statement.site.as_ref().map(|(file, span)| sources.lines(file, *span)),
        piece_starts: statement.text.pieces.iter().map(|p| sources.line_column(path(p.file), p.source.start)).collect(),
        also_starts: statement.also.iter().map(|p| sources.line_column(path(p.file), p.source.start)).collect(),
        hole_starts: statement.text.holes.iter().map(|h| sources.line_column(path(h.file), h.source.start)).collect(),
        references: Vec::new(),
        objects: Vec::new(),
        unbound: None,
        dynamic_table: false,
        statement,
    }
}

/// What binding says of a text, whichever statement it is of.
#[derive(Clone, Debug, Default)]
pub struct Bound {
    references: Vec<Reference>,
    objects: Vec<String>,
    unbound: Option<String>,
    dynamic_table: bool,
}

/// Binds the text of a statement.
pub fn bind_text(text: &str, schema: &Schema) -> Bound {
    let parsed = parse_statement(text, schema.dialect);
    let binding = bind::bind(&parsed, text, schema, &SessionState::default());
    let mut objects: Vec<String> = binding.uses.iter().filter_map(|u| object_symbol(u.kind, &u.table)).collect();
    objects.extend(views(&binding, schema));
    let is_table = |kind| matches!(kind, ObjectKind::Table | ObjectKind::View);
    let dynamic_table = binding.opaque.iter().any(|o| is_table(o.kind) && o.span.slice(text).contains(HOLE));
    if dynamic_table {
        objects.push(DYNAMIC_TABLE.to_string());
    }
    objects.sort();
    objects.dedup();
    // A name that was attributed to a table that is not wholly known is bound, with lower confidence.
    let open = |span: Span| !binding.uses.iter().any(|u| u.span == span) && !is_value(text, span);
    let opaque = binding.opaque.iter().find(|o| open(o.span));
    let unbound = match (&binding.error, opaque) {
        _ if matches!(parsed.kind, ast::StatementKind::Unknown(_)) => Some("not a statement that the parser knows".to_string()),
        (Some(error), _) => Some(error.message.clone()),
        (None, Some(opaque)) => Some(opaque.reason.clone()),
        (None, None) => None,
    };
    Bound { references: bind::references(&binding, &parsed), objects, unbound, dynamic_table }
}

/// Places a statement whose text was bound.
pub fn index_statement(statement: Statement, sources: &mut SourceLines, bound: Bound) -> IndexedStatement {
    let references = referred(&statement, bound.references);
    let placed = place_statement(statement, sources);
    IndexedStatement { references, objects: bound.objects, unbound: bound.unbound, dynamic_table: bound.dynamic_table, ..placed }
}

/// Most that a use is worth: the database would not notice.
const USE_CONFIDENCE: u8 = 60;

/// The references of a statement as what they are there for: definitions define, relations join, and what a library
/// takes from a definition is implied.
pub fn referred(statement: &Statement, mut references: Vec<Reference>) -> Vec<Reference> {
    if statement.kind == StatementKind::Use || statement.evidence == Evidence::Definition {
        // The table of a column is there only to say whose column it is.
        let columns = references.iter().any(|r| r.column != ColumnRef::Table);
        references.retain(|r| !columns || r.column != ColumnRef::Table);
    }
    for reference in &mut references {
        match (statement.evidence, statement.kind) {
            (Evidence::Definition, _) => reference.mode = Mode::Define,
            (Evidence::Relation, _) => reference.mode = Mode::Join,
            (_, StatementKind::Use) => reference.confidence = reference.confidence.min(USE_CONFIDENCE),
            _ => {}
        }
        if statement.evidence == Evidence::Composed {
            reference.implicit |= statement.text.is_implied(reference.span).unwrap_or(true);
        }
    }
    references
}

/// Whether a hole stands where only a value can: right after a comparison, LIMIT or OFFSET. Such a hole hides
/// no name.
fn is_value(text: &str, span: Span) -> bool {
    if !span.slice(text).chars().eq([HOLE]) {
        return false;
    }
    let before = text.get(..span.start as usize).unwrap_or("").trim_end();
    let word = before.rsplit(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or("");
    before.ends_with(['=', '<', '>', '\'']) || ["limit", "offset", "like", "ilike"].iter().any(|w| word.eq_ignore_ascii_case(w))
}

/// The symbol under which statements with a hole in the place of a table name are filed.
pub const DYNAMIC_TABLE: &str = "dynamic:table";

/// Views that a statement reads through: their base tables are references, they themselves too.
fn views(binding: &bind::binding::Binding, schema: &Schema) -> Vec<String> {
    let ids = binding.uses.iter().filter_map(|u| u.through_view);
    ids.filter_map(|id| schema.table_by_id(id)).map(|t| t.name.name.clone()).collect()
}

/// The name under which the index files an object other than a table or column.
pub fn object_symbol(kind: ObjectKind, name: &str) -> Option<String> {
    let word = match kind {
        ObjectKind::Function => "function",
        ObjectKind::Type | ObjectKind::EnumValue => "type",
        ObjectKind::Sequence => "sequence",
        ObjectKind::Index => "index",
        ObjectKind::Constraint => "constraint",
        _ => return None,
    };
    Some(format!("{word}:{}", name.to_lowercase()))
}

/// Names of the tables that a statement mentions, without a schema: what decides which database it is for.
pub fn table_names(text: &str, dialect: Dialect) -> Vec<(String, Vec<String>)> {
    let parsed = parse_statement(text, dialect);
    let open = Schema::open(dialect);
    let binding = bind::bind(&parsed, text, &open, &SessionState::default());
    let mut tables: Vec<(String, Vec<String>)> = Vec::new();
    for reference in bind::references(&binding, &parsed) {
        let at = match tables.iter().position(|t| t.0 == reference.table) {
            Some(at) => at,
            None => {
                tables.push((reference.table.clone(), Vec::new()));
                tables.len() - 1
            }
        };
        if let crate::model::statement::ColumnRef::Named(column) = reference.column
            && !tables[at].1.contains(&column)
        {
            tables[at].1.push(column);
        }
    }
    tables
}
