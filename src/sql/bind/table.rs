//! Which relation a table name means.

use super::binder::Binder;
use super::binding::BindErrorKind;
use super::catalog::system;
use super::scope::{Columns, Relation};
use crate::model::dialect::Engine;
use crate::model::object::{ObjectKind, ObjectName, ObjectRef};
use crate::model::schema::{Table, TableKind};
use crate::model::span::Span;
use crate::model::statement::Mode;
use crate::sql::ast::{Ident, Name};
use std::borrow::Cow;
use std::rc::Rc;

/// What a table name means.
pub enum Named<'s> {
    /// A table or view of the schema or session.
    Table(&'s Table),
    /// One of the engine's own.
    System,
    /// Not known, and may exist all the same.
    Open,
    /// Does not exist; the error has been recorded.
    Missing,
}

impl<'s> Binder<'s> {
    /// Schemas searched for unqualified names.
    pub fn search_path(&self) -> &'s [String] {
        match &self.session.search_path {
            Some(path) => path,
            None => &self.schema.search_path,
        }
    }

    /// Finds a table by folded names: the session's temporary ones first.
    pub fn lookup_table(&self, qualifier: Option<&str>, name: &str) -> Option<&'s Table> {
        let schema = self.schema;
        let temporary = match qualifier {
            None => true,
            Some(q) if self.lite() => q.eq_ignore_ascii_case("temp"),
            Some(q) => q.starts_with("pg_temp"),
        };
        if temporary && let Some(table) = self.session.temp.iter().find(|t| self.dialect.same_table(&t.name.name, name)) {
            return Some(table);
        }
        let qualifier = match (qualifier, &self.session.database) {
            (None, Some(database)) if self.mysql() => Some(database.as_str()),
            (q, _) => q,
        };
        match (qualifier, &self.session.search_path) {
            (None, Some(path)) if self.pg() => path.iter().find_map(|s| {
                let s = if s == "$user" { self.session.role.as_deref()? } else { s.as_str() };
                schema.find_table(Some(s), name)
            }),
            // MySQL files the current database under the empty name.
            (Some(q), _) if self.mysql() => schema.find_table(Some(q), name).or_else(|| {
                let current = self.session.database.is_none()
                    && !schema.schemas.iter().any(|s| s == q)
                    && !schema.tables.keys().any(|k| k.schema == q);
                if current { schema.find_table(Some(""), name) } else { None }
            }),
            (q, _) => schema.find_table(q, name),
        }
    }

    /// What a table name means; records the error where it means nothing.
    pub fn named_table(&mut self, name: &Name) -> Named<'s> {
        let last = name.last();
        let qualifier = name.qualifier().map(|q| q.value.as_str());
        if let Some(table) = self.lookup_table(qualifier, &last.value) {
            self.check_schema_usage(table, last.span);
            return Named::Table(table);
        }
        if system::is_system_relation(self.schema, qualifier, &last.value) {
            return Named::System;
        }
        let foreign = match (self.engine, qualifier) {
            // A database or attached file of which nothing is known.
            (Engine::MySql | Engine::MariaDb, Some(q)) => !self.knows_database(q),
            (Engine::Sqlite, Some(q)) => !["main", "temp"].iter().any(|m| m.eq_ignore_ascii_case(q)),
            _ => name.parts.len() > 2,
        };
        if !self.schema.complete || foreign {
            return Named::Open;
        }
        if self.pg()
            && let Some(q) = qualifier
            && !self.schema.schemas.iter().any(|s| s == q)
        {
            // PostgreSQL names the relation, not the schema, where a table is looked up.
            let object = ObjectRef::named(ObjectKind::Schema, &ObjectName::new("", q));
            let message = format!("relation \"{q}.{}\" does not exist", last.value);
            self.fail(BindErrorKind::UnknownSchema, "42P01", message, name.span(), Some(object));
            return Named::Missing;
        }
        if self.lite() && self.views > 0 && qualifier.is_none() {
            self.unknown_table(Some("main"), &last.value, last.span);
        } else {
            self.unknown_table(qualifier, &last.value, last.span);
        }
        Named::Missing
    }

    fn knows_database(&self, name: &str) -> bool {
        self.schema.schemas.iter().any(|s| s == name)
            || self.schema.tables.keys().any(|k| k.schema == name)
            || self.session.database.as_deref() == Some(name)
    }

    /// A relation for a table that stands in FROM or is written to. Records the use of the table.
    pub fn table_relation(&mut self, name: &'s Name, alias: Option<&'s Ident>, mode: Mode) -> Relation<'s> {
        let last = name.last();
        let own = Cow::Borrowed(last.value.as_str());
        let shown = alias.map_or(own.clone(), |a| Cow::Borrowed(a.value.as_str()));
        let mut relation = Relation::new(shown, Columns::List(Rc::new(Vec::new())), last.span);
        relation.own_name = own;
        if alias.is_none() {
            relation.schema = Some(Cow::Borrowed(name.qualifier().map_or("", |q| q.value.as_str())));
        }
        if name.is_hole() {
            relation.open = true;
            relation.system = true;
            self.scope().porous = true;
            self.opaque(name.span(), ObjectKind::Table, "the table name is not known");
            return relation;
        }
        match self.named_table(name) {
            Named::Table(table) => {
                if alias.is_none() {
                    relation.schema = Some(Cow::Borrowed(table.name.schema.as_str()));
                }
                relation.table = Some(table);
                relation.open = table.open || (matches!(table.kind, TableKind::Virtual(_)) && table.columns.is_empty());
                self.use_table(table, mode, last.span);
                relation.columns = match table.view() {
                    Some(view) => self.view_columns(table, view, last.span),
                    None => Columns::Table(table),
                };
                if table.view().is_some() && table.columns.is_empty() && matches!(&relation.columns, Columns::List(l) if l.is_empty()) {
                    relation.open = true;
                }
            }
            Named::System => {
                relation.open = true;
                relation.system = true;
            }
            Named::Open | Named::Missing => {
                relation.open = true;
                self.use_unknown_table(name, mode);
            }
        }
        relation
    }

    fn use_unknown_table(&mut self, name: &Name, mode: Mode) {
        let last = name.last();
        let object = ObjectName::new(name.qualifier().map_or("", |q| q.value.as_str()), last.value.as_str());
        let before = self.mode;
        self.mode = mode;
        self.use_object(ObjectKind::Table, None, &object, None, last.span);
        self.mode = before;
    }

    /// Checks that hinted indexes exist.
    pub fn check_index_hints(&mut self, table: Option<&'s Table>, hints: &'s [Ident], shown: &str) {
        let Some(table) = table.filter(|t| !t.open) else { return };
        for hint in hints {
            if hint.is_hole() {
                continue;
            }
            let found = table.indexes.iter().find(|i| i.name.eq_ignore_ascii_case(&hint.value));
            if let Some(index) = found {
                let name = ObjectName::new(table.name.schema.as_str(), index.name.as_str());
                self.use_object(ObjectKind::Index, Some(index.id), &name, Some(table.id), hint.span);
                continue;
            }
            if self.mysql() && hint.value.eq_ignore_ascii_case("primary") && table.primary_key().is_some() {
                continue;
            }
            let object = ObjectRef::part(ObjectKind::Index, &table.name, &hint.value);
            self.fail_by_engine(
                BindErrorKind::UnknownIndex,
                ("42704", format!("index \"{}\" does not exist", hint.value)),
                ("1176", format!("Key '{}' doesn't exist in table '{shown}'", hint.value)),
                format!("no such index: {}", hint.value),
                hint.span,
                Some(object),
            );
        }
    }

    /// Checks that named partitions exist, where the table's partitions are known.
    pub fn check_partitions(&mut self, table: Option<&'s Table>, partitions: &'s [Ident]) {
        let Some(definition) = table.and_then(|t| t.partition_by.as_deref()) else { return };
        let words: Vec<String> = definition.split(|c: char| !(c.is_alphanumeric() || c == '_')).map(str::to_lowercase).collect();
        if !words.iter().any(|w| w == "partition") {
            return;
        }
        for partition in partitions {
            if !words.contains(&partition.value.to_lowercase())
                && let Some(table) = table
            {
                let message = format!("Unknown partition '{}' in table '{}'", partition.value, table.name.name);
                let object = ObjectRef::part(ObjectKind::Other, &table.name, &partition.value);
                self.fail(BindErrorKind::Other, "1735", message, partition.span, Some(object));
            }
        }
    }

    /// PostgreSQL refuses names in a schema for which the role lacks USAGE while it looks them up.
    fn check_schema_usage(&mut self, table: &Table, span: Span) {
        if !super::privilege::may_use_schema(self.schema, self.session, &table.name.schema) {
            let schema = &table.name.schema;
            let object = ObjectRef::named(ObjectKind::Schema, &ObjectName::new("", schema.as_str()));
            self.fail(BindErrorKind::Permission, "42501", format!("permission denied for schema {schema}"), span, Some(object));
        }
    }
}
