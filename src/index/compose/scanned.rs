//! Structs that rows are read into: their fields are definitions of the columns that the statements deliver.

use super::delivered::{Delivered, Table};
use super::names::{At, definition_of};
use super::raw::RawPlaces;
use super::select::is_column;
use super::{Build, Composer};
use crate::index::mapping::{FieldId, Model, ModelId, Origin};
use crate::index::program::Program;
use crate::index::trace::{RowUse, Traced};
use crate::model::span::Span;
use crate::model::statement::{Consumer, Evidence, Mapped, Scope, SqlText, Statement, StatementKind};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Tables that a field may be read from by different statements.
const MAX_TABLES: usize = 8;
/// Reads of columns off rows of raw statements.
const MAX_READ: usize = 100_000;

/// A column of a table, or of one of several, where a statement names them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    column: String,
    /// The table as written, or several: what stands behind FROM.
    tables: String,
    /// Names of tables in that, with file and span of each.
    parts: Vec<(u32, u32, String, Span)>,
}

/// Definitions and uses by the fields of structs that rows are read into, for the statements of a service; notes at
/// the statements that whole rows are read by such fields.
pub fn scanned(composer: &Composer<'_>, program: &Program<'_>, traced: &Traced, statements: &mut [Statement]) -> Vec<Statement> {
    let sent = RawPlaces::of_kinds(statements, &[StatementKind::RawSql, StatementKind::SqlFile, StatementKind::Builder]);
    let mut fields: BTreeMap<(ModelId, FieldId), BTreeSet<Place>> = BTreeMap::new();
    // columns that code reads off rows of raw statements
    let mut read: Vec<(&RowUse, Place)> = Vec::new();
    for used in traced.row_uses.iter().filter(|u| u.tables.is_empty()) {
        for at in statements_at(program, used.text.as_slice(), &sent) {
            let Some(statement) = statements.get(at) else { continue };
            let delivered = Delivered::of(&statement.text.text, composer.dialect);
            let Some((tables, _)) = tables_of(&used.column, &delivered) else { continue };
            if let Some(place) = place(statement, used.column.to_string(), &tables)
                && read.len() < MAX_READ
            {
                read.push((used, place));
            }
        }
    }
    for scan in &traced.scans {
        let Some(model) = composer.models.get(scan.model).filter(|m| m.is_abstract || m.table.text.is_empty()) else { continue };
        for at in statements_at(program, &scan.calls, &sent) {
            let Some(statement) = statements.get_mut(at) else { continue };
            let delivered = Delivered::of(&statement.text.text, composer.dialect);
            let mut whole = false;
            for pair in pairs(model, &delivered) {
                whole |= pair.star;
                if let Some(place) = place(statement, pair.column, &pair.tables) {
                    let places = fields.entry((scan.model, pair.field)).or_default();
                    if places.len() < MAX_TABLES {
                        places.insert(place);
                    }
                }
            }
            if whole && statement.consumer == Consumer::Strict {
                statement.consumer = Consumer::Fields;
            }
        }
    }
    let mut out = Vec::new();
    let mut seen = HashSet::new();
    let mut group = 0;
    let mut add = |at: Origin, kind, evidence, library: &str, maps, name: At, place: &Place| {
        let Some(file) = program.file(at.file).filter(|f| f.own) else { return };
        let made = text(composer, program, at, name, place);
        if let Some((text, files)) = made.filter(|(t, _)| seen.insert((at, kind, t.text.clone()))) {
            group += 1;
            let (span, scope, library): (Span, Scope, String) = (at.span, file.scope, library.to_string());
            let consumer = Consumer::None;
            out.push(Statement {
                text,
                files,
                span,
                site: None,
                kind,
                library,
                evidence,
                consumer,
                any_integer: false,
                also: Vec::new(),
                maps,
                scope,
                site_group: group,
            });
        }
    };
    let of = |model: ModelId, field: FieldId| {
        let model = composer.models.get(model)?;
        Some((model, model.fields.get(field as usize)?))
    };
    for ((model, field), places) in &fields {
        let Some((model, field)) = of(*model, *field) else { continue };
        for place in places {
            let at = At::Written(definition_of(field));
            add(
                field.origin,
                StatementKind::Model,
                Evidence::Definition,
                &model.pack,
                Some(Mapped::Field(composer.takes(model, field))),
                at,
                place,
            );
        }
    }
    for used in &traced.uses {
        let Some((model, field)) = of(used.model, used.field) else { continue };
        for place in fields.get(&(used.model, used.field)).into_iter().flatten() {
            let explicit = used.carried || field.column.is_literal() && *field.column.text != *field.name;
            let at = if explicit { At::Implied(definition_of(field)) } else { At::Written(used.origin) };
            add(used.origin, StatementKind::Use, Evidence::Composed, &model.pack, None, at, place);
        }
    }
    for (used, place) in &read {
        add(used.origin, StatementKind::Use, Evidence::Composed, &used.pack, None, At::Written(used.origin), place);
    }
    out
}

/// Statements that calls send.
fn statements_at(program: &Program<'_>, calls: &[Origin], sent: &RawPlaces) -> BTreeSet<usize> {
    let path = |call: &Origin| program.file(call.file).map(|f| (f.path, call.span));
    calls.iter().filter_map(path).flat_map(|(path, span)| sent.near(path, span)).collect()
}

/// A field with the column that it is read from.
struct Pair {
    field: FieldId,
    column: String,
    tables: Vec<Table>,
    /// The column comes by `*`.
    star: bool,
}

/// Fields of a struct with the columns that they are read from.
fn pairs(model: &Model, delivered: &[Delivered]) -> Vec<Pair> {
    let fields = || model.fields.iter().enumerate().filter(|(_, f)| is_column(f.role)).map(|(i, f)| (i as FieldId, f));
    let mut out = Vec::new();
    for (field, found) in fields() {
        let column = found.column.text.to_string();
        if let Some((tables, star)) = tables_of(&column, delivered) {
            out.push(Pair { field, column, tables, star });
        }
    }
    out
}

/// The tables that a result column can be of, and whether it comes by `*`.
fn tables_of(column: &str, delivered: &[Delivered]) -> Option<(Vec<Table>, bool)> {
    let written = delivered.iter().find_map(|d| match d {
        Delivered::Column { name, of } if name == column => Some(of.clone()),
        _ => None,
    });
    if let Some(of) = written {
        return (!of.is_empty()).then_some((of, false));
    }
    let mut of: Vec<Table> = Vec::new();
    for table in delivered.iter().flat_map(|d| if let Delivered::Star(of) = d { of.as_slice() } else { &[] }) {
        if !of.contains(table) {
            of.push(table.clone());
        }
    }
    (!of.is_empty()).then_some((of, true))
}

/// A column with its tables as what stands behind FROM, each mapped to where the statement names it.
fn place(statement: &Statement, column: String, tables: &[Table]) -> Option<Place> {
    let mut place = Place { column, tables: String::new(), parts: Vec::new() };
    for table in tables {
        let name = table.span.slice(&statement.text.text);
        if name.is_empty() {
            return None;
        }
        if !place.tables.is_empty() {
            place.tables.push_str(" CROSS JOIN ");
        }
        if let Some((file, span)) = statement.text.source_of(table.span) {
            let path = statement.files.get(file as usize)?.clone();
            place.parts.push((place.tables.len() as u32, name.len() as u32, path, span));
        }
        place.tables.push_str(name);
    }
    (!tables.is_empty()).then_some(place)
}

/// A statement that names the column of a field, with its files.
fn text(composer: &Composer<'_>, program: &Program<'_>, at: Origin, name: At, place: &Place) -> Option<(SqlText, Vec<String>)> {
    let mut build = Build::new(*composer, at.file);
    let mut text = SqlText::default();
    text.push_synthetic("SELECT ");
    build.identifier(&mut text, &place.column, name);
    text.push_synthetic(" FROM ");
    let mut files: Vec<String> = build.files.iter().map(|f| program.file(*f).map(|f| f.path.to_string())).collect::<Option<_>>()?;
    let mut from = 0;
    for (start, len, path, span) in &place.parts {
        let (start, end) = (*start as usize, (*start + *len) as usize);
        text.push_synthetic(place.tables.get(from..start)?);
        let file = files.iter().position(|f| f == path).unwrap_or_else(|| {
            files.push(path.clone());
            files.len() - 1
        });
        text.push_implied(place.tables.get(start..end)?, u16::try_from(file).ok()?, *span);
        from = end;
    }
    text.push_synthetic(place.tables.get(from..)?);
    Some((text, files))
}
