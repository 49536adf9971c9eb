//! Columns that code reads off rows that are no entities: of a builder's query, by the names that it selects.

use crate::index::mapping::{Named, Origin};
use crate::index::trace::query::{Fragment, FragmentPart, Query, QueryId, SourceRef, SourceTable, SqlExpr};
use crate::index::trace::value::Value;
use crate::index::trace::{RowUse, Tracer, Use};
use crate::model::code::ClassKind;
use std::rc::Rc;

/// Queries in the place of tables that are looked into.
const MAX_DEPTH: usize = 8;
/// Properties of one interface.
const MAX_PROPERTIES: usize = 256;

impl Tracer<'_> {
    /// A member of a row: the use of the column that has this name. A column that is selected under another name is
    /// no use: what reads that name stays as it is.
    pub(super) fn row_member(&mut self, query: QueryId, name: &Named) -> Value {
        if let Some(origin) = name.origin {
            self.use_of_row(query, name, origin, 0);
        }
        Value::Unknown
    }

    /// The properties of an interface that a call names as the type of its rows (`knex<Row>('items')`).
    pub(super) fn row_type(&mut self, query: QueryId, types: &[Value]) {
        let Some(Value::Class(class)) = types.first() else { return };
        let Some(interface) = self.program.class(*class).filter(|c| matches!(c.kind, ClassKind::Interface | ClassKind::Alias)) else {
            return;
        };
        for field in interface.fields.iter().take(MAX_PROPERTIES) {
            let origin = Origin { file: class.file, span: field.name.span };
            let name = Named { text: (&*field.name.text).into(), origin: Some(origin) };
            self.use_of_row(query, &name, origin, 0);
        }
    }

    fn use_of_row(&mut self, query: QueryId, name: &Named, origin: Origin, depth: usize) {
        let Some(found) = self.query(query).filter(|_| depth < MAX_DEPTH) else { return };
        let pack = found.pack.clone();
        if let Some(raw) = &found.raw {
            // where its text stands: calls of a helper send many
            let written = raw.parts.iter().find_map(|part| match part {
                FragmentPart::Text(text, at) if !text.trim().is_empty() => Some(*at),
                _ => None,
            });
            self.found.row_uses.push(RowUse { origin, tables: Vec::new(), text: written.flatten(), column: name.text.clone(), pack });
            return;
        }
        let whole = |q: &Query| q.select.is_empty() && q.returning.is_empty() || q.select_also;
        let mut tables: Vec<SourceTable> = Vec::new();
        let mut selected = None;
        for item in found.select.iter().chain(&found.returning) {
            match item {
                SqlExpr::Star(source) => tables.extend(source_of(found, source)),
                SqlExpr::Label(inner, label) if label.text == name.text => selected = Some(&**inner),
                SqlExpr::Column { name: column, .. } if column.text == name.text => selected = Some(item),
                SqlExpr::Field { model, field, .. } => {
                    let of = self.models.get(*model).and_then(|m| m.fields.get(*field as usize));
                    if of.is_some_and(|f| *f.name == *name.text || f.column.text == name.text) {
                        selected = Some(item);
                    }
                }
                SqlExpr::Raw(fragment) => tables.extend(mentioned(found, fragment, &name.text)),
                _ => {}
            }
        }
        match selected {
            Some(SqlExpr::Field { model, field, .. }) => {
                let used = Use { origin, model: *model, field: *field, carried: false };
                self.found.uses.push(used);
                return;
            }
            Some(SqlExpr::Column { source, name: column }) if column.text == name.text => tables = source_of(found, source),
            Some(_) => return,
            None if whole(found) => tables.extend(found.sources.iter().map(|s| s.table.clone())),
            None => {}
        }
        for table in &tables {
            if let SourceTable::Query(inner) = table {
                self.use_of_row(*inner, name, origin, depth + 1);
            }
        }
        self.use_column(pack, &tables, &name.text, origin);
    }

    /// Records the use of a column of one of some tables.
    fn use_column(&mut self, pack: Rc<str>, tables: &[SourceTable], column: &str, origin: Origin) {
        let mut named = Vec::new();
        for table in tables {
            match table {
                SourceTable::Model(model) => {
                    if let Some((model, field)) = self.column_of(*model, column).or_else(|| self.field_of(*model, column)) {
                        self.found.uses.push(Use { origin, model, field, carried: false });
                    }
                }
                SourceTable::Table { schema, name } if !named.contains(&(schema.clone(), name.clone())) => {
                    named.push((schema.clone(), name.clone()));
                }
                _ => {}
            }
        }
        if !named.is_empty() {
            self.found.row_uses.push(RowUse { origin, tables: named, text: None, column: column.into(), pack });
        }
    }
}

/// The tables of a query that SQL text can take a column of: the one that it names before it, else all.
fn mentioned(query: &Query, fragment: &Fragment, name: &str) -> Vec<SourceTable> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    for part in &fragment.parts {
        let FragmentPart::Text(text, _) = part else { continue };
        for (at, _) in text.match_indices(name) {
            let (before, after) = (&text[..at], &text[at + name.len()..]);
            if before.ends_with(is_word) || after.starts_with(is_word) {
                continue;
            }
            let table = before.strip_suffix('.').map(|rest| rest.rsplit(|c| !is_word(c)).next().unwrap_or_default());
            let source = match table {
                Some(table) => SourceRef::Named(Named { text: table.into(), origin: None }),
                None => SourceRef::Root,
            };
            return source_of(query, &source);
        }
    }
    Vec::new()
}

/// The tables that a column of a query can be of.
fn source_of(query: &Query, source: &SourceRef) -> Vec<SourceTable> {
    let found = match source {
        SourceRef::Id(id) => query.sources.get(*id as usize),
        SourceRef::Named(name) => query.sources.iter().find(|s| match (&s.alias, &s.table) {
            (Some(alias), _) => alias.text == name.text,
            (None, SourceTable::Table { name: table, .. }) => table.text == name.text,
            _ => false,
        }),
        SourceRef::Model(model, alias) => query
            .sources
            .iter()
            .find(|s| s.table == SourceTable::Model(*model) && (alias.is_none() || s.alias.as_ref().map(|a| &a.text) == alias.as_ref())),
        SourceRef::Query(inner) => return vec![SourceTable::Query(*inner)],
        SourceRef::Root => return query.sources.iter().map(|s| s.table.clone()).collect(),
    };
    found.into_iter().map(|s| s.table.clone()).collect()
}
