//! Definitions of models as statements: one for each table, field and relation, at its own place.

use super::names::{At, definition_of, table_of};
use super::scope::holder;
use super::select::is_column;
use super::{Build, Composed, Composer};
use crate::grammar::mapper::RelationShape;
use crate::grammar::values::ValueTypes;
use crate::index::mapping::{Model, ModelField, ModelId, Named, Origin, Relation};
use crate::model::statement::{Evidence, Mapped, MappedField, SqlText};
use std::collections::HashSet;

/// The definition of a table, field or relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defined {
    /// The model.
    pub model: ModelId,
    /// Its place.
    pub origin: Origin,
    /// [`Evidence::Definition`] or [`Evidence::Relation`].
    pub evidence: Evidence,
    /// A statement that names what it maps.
    pub composed: Composed,
    /// What it takes of the database, where it is the place that says so.
    pub maps: Option<Mapped>,
}

impl<'a> Composer<'a> {
    /// All definitions, in the order of the models. What a class inherits is defined where it is written, for each
    /// table that holds it.
    pub fn definitions(&self) -> Vec<Defined> {
        let mut out = Vec::new();
        let mut seen = HashSet::new();
        for id in 0..self.models.models.len() as ModelId {
            let Some(model) = self.models.get(id) else { continue };
            if model.is_abstract || model.is_brought() || self.table_text(id).is_empty() {
                continue;
            }
            let mut add =
                |origin: Origin, evidence: Evidence, maps: Option<Mapped>, render: &mut dyn FnMut(&mut Build<'a>, &mut SqlText)| {
                    let mut build = Build::new(*self, origin.file);
                    let mut text = SqlText::default();
                    render(&mut build, &mut text);
                    if seen.insert((origin, evidence, text.text.clone())) {
                        let composed = Composed { text, files: build.files, silent: true };
                        out.push(Defined { model: id, origin, evidence, composed, maps });
                    }
                };
            // the library's own model of a join table has no place of its own
            let made = model.class.is_none() && model.name.origin.is_none();
            let place = if model.shares.is_some() { At::Implied(table_of(model)) } else { At::Written(table_of(model)) };
            if !made {
                let columns = model.fields.iter().filter(|f| is_column(f.role)).map(|f| f.column.text.to_string()).collect();
                let whole = model.shares.is_none() && model.parent.is_none();
                add(model.origin, Evidence::Definition, whole.then_some(Mapped::Table(columns)), &mut |b, t| {
                    t.push_synthetic("SELECT 1 FROM ");
                    b.model_table(t, id, place);
                });
            }
            if let Some((class, name)) = model.apart.filter(|_| model.shares.is_none()) {
                add(class, Evidence::Definition, None, &mut |b, t| {
                    t.push_synthetic("SELECT 1 FROM ");
                    b.model_table(t, id, At::Written(name));
                });
            }
            // A table that is named elsewhere (in a list of tables) is defined there too.
            let apart = |n: &Origin| n.file != Origin::OUTSIDE && (n.file != model.origin.file || !model.origin.span.covers(n.span));
            if let Some(named) = model.table.origin.filter(apart) {
                add(named, Evidence::Definition, None, &mut |b, t| {
                    t.push_synthetic("SELECT 1 FROM ");
                    b.model_table(t, id, At::Written(named));
                });
            }
            for field in model.fields.iter().filter(|f| is_column(f.role)) {
                // A field that the library adds has no place of its own.
                let whole = field.origin.file == model.origin.file && field.origin.span.covers(model.origin.span);
                if !whole {
                    add(field.origin, Evidence::Definition, Some(Mapped::Field(self.takes(model, field))), &mut |b, t| {
                        t.push_synthetic("SELECT ");
                        b.identifier(t, &field.column.text, At::Written(definition_of(field)));
                        t.push_synthetic(" FROM ");
                        b.model_table(t, id, At::Implied(table_of(model)));
                    });
                }
            }
            for index in &model.indexes {
                let fields: Vec<_> =
                    index.fields.iter().filter_map(|n| Some((n, model.fields.get(model.field(&n.text)? as usize)?))).collect();
                if !fields.is_empty() {
                    add(index.origin, Evidence::Definition, None, &mut |b, t| {
                        for (i, (name, field)) in fields.iter().enumerate() {
                            t.push_synthetic(if i == 0 { "SELECT " } else { ", " });
                            b.identifier(t, &field.column.text, At::written_or(name.origin, Some(definition_of(field))));
                        }
                        t.push_synthetic(" FROM ");
                        b.model_table(t, id, At::Implied(table_of(model)));
                    });
                }
            }
            for field in model.fields.iter().filter(|f| is_column(f.role)) {
                let Some((target, column)) = &field.refers else { continue };
                let told = model.relations.iter().any(|r| r.origin == Some(field.origin));
                if !told && !self.table_text(*target).is_empty() {
                    add(field.origin, Evidence::Relation, None, &mut |b, t| {
                        t.push_synthetic("SELECT ");
                        b.identifier(t, &column.text, column.origin.map_or(At::Nowhere, At::Written));
                        t.push_synthetic(" FROM ");
                        let place = b.table_place(*target);
                        b.model_table(t, *target, place);
                    });
                }
            }
            for relation in &model.relations {
                if let Some(origin) = relation.origin {
                    add(origin, Evidence::Relation, None, &mut |b, t| b.relation_definition(t, (id, model), relation, origin));
                }
            }
        }
        out
    }

    /// What a field takes of its column: what its definition says, else what its type holds.
    pub(super) fn takes(&self, model: &Model, field: &ModelField) -> MappedField {
        let language = self.packs.languages().iter().find(|l| l.pack(&model.pack).is_some());
        let mapper = self.mapper(&model.pack);
        let known: Vec<&ValueTypes> = mapper.map(|m| &m.values).into_iter().chain(language.map(|l| &l.values)).collect();
        let pointed = field.ty.strip_prefix('*');
        let ty = pointed.unwrap_or(&field.ty);
        let by_type = || pointed.map(|_| true).or_else(|| known.iter().find_map(|v| v.holds_null(ty)));
        let nullable = field.nullable.or_else(by_type);
        MappedField {
            nullable,
            refuses_null: nullable == Some(false) && mapper.is_some_and(|m| m.refuses_null),
            has_default: field.has_default || field.generated,
            integer_bits: known.iter().find_map(|v| v.integer_bits(ty)),
        }
    }

    pub(super) fn table_text(&self, model: ModelId) -> std::rc::Rc<str> {
        Build::new(*self, 0).table_text(model)
    }

    /// Tables of the models with their columns: evidence for the database of a service.
    pub fn tables(&self) -> Vec<(String, Vec<String>)> {
        let mut out: Vec<(String, Vec<String>)> = Vec::new();
        for (id, model) in self.models.models.iter().enumerate().filter(|(_, m)| !m.is_abstract && !m.is_brought()) {
            let table = self.table_text(holder(self.models, id as ModelId));
            if table.is_empty() {
                continue;
            }
            let columns = model.fields.iter().filter(|f| is_column(f.role)).map(|f| f.column.text.to_string());
            match out.iter_mut().find(|t| *t.0 == *table) {
                Some(known) => known.1.extend(columns),
                None => out.push((table.to_string(), columns.collect())),
            }
        }
        for (_, columns) in &mut out {
            columns.sort();
            columns.dedup();
        }
        out
    }
}

impl<'a> Build<'a> {
    /// The table of a model with its schema.
    fn model_table(&mut self, out: &mut SqlText, model: ModelId, at: At) {
        let schema = self.schema_of(model);
        let name = self.table_text(model);
        self.table_name(out, schema.as_ref().map(|(s, at)| (&**s, *at)), &name, at);
    }

    /// The tables that a relation leads to, and the key columns that its definition names.
    fn relation_definition(&mut self, out: &mut SqlText, (id, model): (ModelId, &Model), relation: &Relation, origin: Origin) {
        let here = |name: &Named| name.origin.is_some_and(|o| o.file == origin.file && origin.span.covers(o.span));
        let own = |name: &Named| model.column(&name.text).is_some_and(|f| model.fields.get(f as usize).is_some_and(|f| f.origin == origin));
        let mut items = SqlText::default();
        let target = self.table_text(relation.target);
        let pairs = if relation.through.is_some() { &[][..] } else { &relation.keys };
        for (_, other) in pairs.iter().filter(|(_, other)| here(other) && !own(other)) {
            self.comma(&mut items);
            self.identifier(&mut items, &target, At::Nowhere);
            items.push_synthetic(".");
            self.named(&mut items, other);
        }
        // the key is named here though a field of its own maps it: by the column, or by that field
        let mapped = |name: &Named| model.column(&name.text).and_then(|f| model.fields.get(f as usize)).filter(|f| f.origin != origin);
        let by_field = relation.names_key && relation.shape == RelationShape::ToOne;
        let keys: Vec<(&Named, &ModelField)> = pairs
            .iter()
            .map(|k| &k.0)
            .filter(|name| here(name) && name.is_literal() || by_field)
            .filter_map(|name| Some((name, mapped(name)?)))
            .collect();
        let table = self.table_text(id);
        for (key, field) in &keys {
            self.comma(&mut items);
            self.identifier(&mut items, &table, At::Nowhere);
            items.push_synthetic(".");
            match here(key) {
                true => self.named(&mut items, key),
                false => self.identifier(&mut items, &key.text, At::Implied(definition_of(field))),
            }
        }
        if let Some(through) = &relation.through {
            let columns = relation.keys.iter().map(|k| &k.1).chain(through.keys.iter().map(|k| &k.0));
            // a column that the library names after the relation is written nowhere
            for column in columns.filter(|c| here(c) && c.is_literal()) {
                self.comma(&mut items);
                self.identifier(&mut items, &through.table.text, At::Nowhere);
                items.push_synthetic(".");
                self.named(&mut items, column);
            }
        }
        if items.text.is_empty() {
            items.push_synthetic("1");
        }
        out.push_synthetic("SELECT ");
        out.append(&items);
        out.push_synthetic(" FROM ");
        let place = self.table_place(relation.target);
        self.model_table(out, relation.target, place);
        if !keys.is_empty() && table != target {
            out.push_synthetic(" CROSS JOIN ");
            self.model_table(out, id, At::Implied(table_of(model)));
        }
        if let Some(through) = &relation.through
            && through.table.text != target
        {
            out.push_synthetic(" CROSS JOIN ");
            let written = here(&through.table);
            let at = match through.table.origin {
                Some(at) if written => At::Written(at),
                Some(at) => At::Implied(at),
                None => At::Nowhere,
            };
            let schema = through.schema.as_ref().map(|s| (&*s.text, s.origin.map_or(At::Nowhere, At::Implied)));
            self.table_name(out, schema, &through.table.text, at);
        }
    }
}
