//! `impact refs` and `impact who`: the references that the index holds, as plain rows.

use crate::model::coverage::Coverage;
use crate::model::report::SCHEMA_VERSION;
use crate::model::span::LineColumn;
use crate::model::statement::{ColumnRef, IndexedStatement, Mode, Piece, Reference, Scope, StatementKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashSet};

/// The answer of `refs`. Its JSON is a stable contract.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct References {
    /// Version of the contract.
    pub schema_version: u32,
    /// How much was understood.
    pub coverage: Coverage,
    /// Ordered by repository, path, line, table, column, mode.
    pub references: Vec<ReferenceRow>,
}

impl References {
    /// Sorted and without duplicates.
    pub fn new(coverage: Coverage, mut references: Vec<ReferenceRow>) -> Self {
        references.sort();
        references.dedup();
        References { schema_version: SCHEMA_VERSION, coverage, references }
    }
}

/// One reference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ReferenceRow {
    /// Repository name.
    pub repo: String,
    /// Service.
    pub service: String,
    /// Path relative to the repository.
    pub path: String,
    /// 1-based first line of the statement.
    pub line: u32,
    /// 1-based last line.
    pub end_line: u32,
    /// Table, with its schema where that is not the default one.
    pub table: String,
    /// Column; `*`: columns unknown; `null`: the table itself.
    pub column: Option<String>,
    /// What is done with it.
    pub mode: Mode,
    /// How it is written.
    pub kind: StatementKind,
    /// Library.
    pub library: String,
    /// 0..=100 as a fraction.
    pub confidence: Fraction,
    /// The name is not written in the statement.
    pub implicit: bool,
    /// Production or test; shown by `who`.
    #[serde(skip)]
    pub scope: Scope,
}

/// A number between 0 and 1 in hundredths, so that rows can be compared.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fraction(pub u8);

impl Serialize for Fraction {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(f64::from(self.0) / 100.0)
    }
}

impl<'de> Deserialize<'de> for Fraction {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Fraction((f64::deserialize(deserializer)? * 100.0).round().clamp(0.0, 100.0) as u8))
    }
}

impl JsonSchema for Fraction {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Fraction".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "number", "minimum": 0, "maximum": 1 })
    }
}

/// PostgreSQL's default schema; its tables are shown without it.
const DEFAULT_SCHEMA: &str = "public";

/// Rows of one statement.
pub fn rows(repo: &str, service: &str, indexed: &IndexedStatement, references: &[Reference]) -> Vec<ReferenceRow> {
    let statement = &indexed.statement;
    let row = |r: &Reference| ReferenceRow {
        repo: repo.to_string(),
        service: service.to_string(),
        path: statement.files.first().cloned().unwrap_or_default(),
        line: indexed.lines.0,
        end_line: indexed.lines.1,
        table: if r.schema.is_empty() || r.schema == DEFAULT_SCHEMA { r.table.clone() } else { format!("{}.{}", r.schema, r.table) },
        column: match &r.column {
            ColumnRef::Table => None,
            ColumnRef::All => Some("*".into()),
            ColumnRef::Named(name) => Some(name.clone()),
        },
        mode: r.mode,
        kind: statement.kind,
        library: statement.library.clone(),
        confidence: Fraction(r.confidence.min(100)),
        implicit: r.implicit,
        scope: statement.scope,
    };
    references.iter().map(row).collect()
}

/// The rows of one statement, and the same where another call sends it: a caller's part of a statement, a query that is
/// handed on.
pub fn rows_and_sites(repo: &str, service: &str, indexed: &IndexedStatement, references: &[Reference]) -> Vec<ReferenceRow> {
    let mut out = rows(repo, service, indexed, references);
    let statement = &indexed.statement;
    let Some(((file, _), lines)) = statement.site.as_ref().zip(indexed.site_lines) else { return out };
    let within = statement.files.first() == Some(file) && indexed.lines.0 <= lines.0 && lines.1 <= indexed.lines.1;
    if !within {
        let sent: Vec<_> =
            out.iter().map(|row| ReferenceRow { path: file.clone(), line: lines.0, end_line: lines.1, ..row.clone() }).collect();
        out.extend(sent);
    }
    out
}

/// Rows at the places of names that are written outside the lines of their statement: in a subquery that was put together
/// before, in a helper, in a constant. Some may be places of definitions, which are no such rows ([`without_definitions`]).
pub fn names_elsewhere(repo: &str, service: &str, indexed: &IndexedStatement, references: &[Reference]) -> Vec<ReferenceRow> {
    let statement = &indexed.statement;
    let rows = rows(repo, service, indexed, references);
    let outside = |piece: &Piece, start: &LineColumn| {
        let elsewhere = piece.file != 0 || start.line < indexed.lines.0 || start.line > indexed.lines.1;
        let path = statement.files.get(usize::from(piece.file)).filter(|_| elsewhere && !piece.implied)?;
        Some((path.clone(), start.line))
    };
    let pieces = || {
        let own = statement.text.pieces.iter().zip(&indexed.piece_starts);
        own.chain(statement.also.iter().zip(&indexed.also_starts))
    };
    let mut out = Vec::new();
    for (reference, row) in references.iter().zip(rows).filter(|(r, _)| !r.span.is_empty()) {
        let holds = |p: &Piece| p.at <= reference.span.start && reference.span.start < p.at + p.len;
        for (path, line) in pieces().filter(|(p, _)| holds(p)).filter_map(|(p, start)| outside(p, start)) {
            out.push(ReferenceRow { path, line, end_line: line, ..row.clone() });
        }
    }
    out
}

/// What is not at the place of a definition that `rows` hold: a library took those names from there.
pub fn without_definitions(mut elsewhere: Vec<ReferenceRow>, rows: &[ReferenceRow]) -> Vec<ReferenceRow> {
    let models = rows.iter().filter(|r| r.kind == StatementKind::Model);
    let places: BTreeSet<_> = models.map(|r| (r.repo.as_str(), r.path.as_str(), r.line, Reverse(r.end_line))).collect();
    let mut defined: HashSet<(&str, &str, u32)> = HashSet::new();
    let mut next = places.iter().skip(1);
    for &(repo, path, line, Reverse(end)) in &places {
        // a class that holds definitions holds methods, too
        let whole = next.next().is_some_and(|n| (n.0, n.1) == (repo, path) && n.2 <= end);
        if !whole {
            defined.extend((line..=end).map(|line| (repo, path, line)));
        }
    }
    elsewhere.retain(|row| !defined.contains(&(row.repo.as_str(), row.path.as_str(), row.line)));
    elsewhere
}
