//! From resolved statements to rows of the index: lines and columns for every piece, and the references that
//! binding finds.

use crate::model::dialect::Dialect;
use crate::model::object::ObjectKind;
use crate::model::schema::Schema;
use crate::model::span::{LineColumn, LineIndex, Span};
use crate::model::statement::{HOLE, IndexedStatement, Statement};
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

/// Places and binds one statement.
pub fn index_statement(statement: Statement, sources: &mut SourceLines, schema: &Schema) -> IndexedStatement {
    let path = |file: u16| statement.files.get(file as usize).map_or("", String::as_str);
    let lines = sources.lines(path(0), statement.span);
    let site_lines = statement.site.as_ref().map(|(file, span)| sources.lines(file, *span));
    let piece_starts = statement.text.pieces.iter().map(|p| sources.line_column(path(p.file), p.source.start)).collect();
    let hole_starts = statement.text.holes.iter().map(|h| sources.line_column(path(h.file), h.source.start)).collect();
    let parsed = parse_statement(&statement.text.text, schema.dialect);
    let binding = bind::bind(&parsed, &statement.text.text, schema, &SessionState::default());
    let references = bind::references(&binding, &parsed);
    let mut objects: Vec<String> = binding.uses.iter().filter_map(|u| object_symbol(u.kind, &u.table)).collect();
    objects.extend(views(&binding, schema));
    objects.sort();
    objects.dedup();
    let dynamic_table = binding.opaque.iter().any(|o| {
        matches!(o.kind, ObjectKind::Table | ObjectKind::View) && o.span.slice(&statement.text.text).contains(HOLE)
    });
    let bound = binding.error.is_none() && binding.opaque.is_empty() && !matches!(parsed.kind, ast::StatementKind::Unknown(_));
    IndexedStatement { lines, site_lines, piece_starts, hole_starts, references, objects, bound, dynamic_table, statement }
}

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
        if let crate::model::statement::ColumnRef::Named(column) = reference.column {
            if !tables[at].1.contains(&column) {
                tables[at].1.push(column);
            }
        }
    }
    tables
}
