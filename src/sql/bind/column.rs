//! What a column name means: the innermost query level that has it, by each engine's rules.

use super::binder::Binder;
use super::binding::BindErrorKind;
use super::catalog::postgres::catalog;
use super::catalog::system;
use super::scope::{Columns, Found, Relation, is_named};
use super::value::{Origin, Ty, Value};
use crate::model::dialect::Engine;
use crate::model::object::ObjectKind;
use crate::model::types::DataType;
use crate::sql::ast::{Ident, Name};
use std::borrow::Cow;

impl<'s> Binder<'s> {
    /// Resolves a column reference.
    pub fn column(&mut self, name: &'s Name) -> Value<'s> {
        if name.is_hole() {
            self.opaque(name.span(), ObjectKind::Column, "a part of the name is not known");
            return Value::any();
        }
        match name.parts.as_slice() {
            [column] => self.unqualified(column),
            [.., table, column] => {
                let schema = name.parts.len().checked_sub(3).and_then(|i| name.parts.get(i));
                self.qualified(schema, table, column)
            }
            [] => Value::any(),
        }
    }

    fn unqualified(&mut self, ident: &'s Ident) -> Value<'s> {
        let name = ident.value.as_str();
        for depth in (0..self.scopes.len()).rev() {
            let scope = &self.scopes[depth];
            if scope.sealed {
                continue;
            }
            if scope.aliases_first
                && let Some(value) = self.output_alias(depth, name)
            {
                return value;
            }
            let found = scope.columns_named(self.dialect, name);
            match found.as_slice() {
                [] => {}
                [one] => return self.take(depth, one, ident),
                _ => {
                    self.ambiguous_column(None, name, ident.span);
                    return Value::any();
                }
            }
            if !scope.aliases_first
                && let Some(value) = self.output_alias(depth, name)
            {
                return value;
            }
            if let Some(value) = self.hidden_column(depth, None, ident) {
                return value;
            }
            if let Some(value) = self.open_column(depth, ident) {
                return value;
            }
        }
        self.nothing_found(ident)
    }

    /// The value of an output column that the name may mean in this clause.
    fn output_alias(&self, depth: usize, name: &str) -> Option<Value<'s>> {
        let aliases = &self.scopes.get(depth)?.aliases;
        aliases.iter().find(|(a, _)| self.dialect.same_column(a, name)).map(|(_, v)| v.clone())
    }

    /// Attributes a name to the open tables of a level, if there are any.
    fn open_column(&mut self, depth: usize, ident: &'s Ident) -> Option<Value<'s>> {
        let scope = self.scopes.get(depth)?;
        if scope.porous || self.porous {
            self.opaque(ident.span, ObjectKind::Column, "the statement has an unknown part that may bring the column");
            return Some(Value::any());
        }
        let open: Vec<usize> = (scope.visible_from..scope.relations.len())
            .filter(|r| scope.relations[*r].open && !scope.relations[*r].qualified_only)
            .collect();
        if open.is_empty() {
            return None;
        }
        // SQLite reads a double-quoted name that is no column as a string; beside open tables it stays open.
        let confidence = if open.len() == 1 { 70 } else { 30 };
        for relation in &open {
            self.use_open_column(*relation, depth, &ident.value, ident.span, confidence);
        }
        self.opaque(ident.span, ObjectKind::Column, "its table is not wholly known");
        Some(Value::any())
    }

    /// Row identifiers and system columns, which no column list shows.
    fn hidden_column(&mut self, depth: usize, relation: Option<usize>, ident: &'s Ident) -> Option<Value<'s>> {
        let scope = self.scopes.get(depth)?;
        let base = |r: &Relation<'s>| r.table.is_some_and(|t| t.view().is_none()) && !r.qualified_only;
        let chosen: Vec<&Relation<'s>> = match relation {
            Some(r) => scope.relations.get(r).into_iter().collect(),
            None => scope.relations.iter().skip(scope.visible_from).filter(|r| base(r)).collect(),
        };
        let first = chosen.first()?;
        match self.engine {
            Engine::Postgres => {
                let ty = system::postgres_system_column(&ident.value)?;
                let table = first.table.is_some_and(|t| t.view().is_none());
                if !table {
                    return None;
                }
                let ty = catalog().id(ty).and_then(|id| catalog().data_type(id)).map_or(Ty::Any, Ty::of);
                Some(Value::new(ty, Some(false)))
            }
            Engine::Sqlite => {
                let table = first.table?;
                if !system::is_sqlite_rowid(&ident.value)
                    || table.options.keys().any(|k| k.contains("without rowid") || k == "without_rowid")
                {
                    return None;
                }
                // The alias of the rowid is the INTEGER PRIMARY KEY column, where there is one.
                let key = table.primary_key().filter(|k| k.len() == 1).and_then(|k| table.column(self.dialect, k.first()?));
                if let Some(column) = key.filter(|c| c.ty.name == "integer") {
                    let origin = Origin { table, column };
                    self.use_column(origin, ident.span, false);
                    return Some(self.value_of(origin, false));
                }
                Some(Value::new(Ty::owned(DataType::named("integer")), Some(false)))
            }
            _ => None,
        }
    }

    /// A name that no level has.
    fn nothing_found(&mut self, ident: &'s Ident) -> Value<'s> {
        let name = ident.value.as_str();
        if self.pg() {
            // The name of a relation alone is its row, or its value where it is a function of one column.
            for depth in (0..self.scopes.len()).rev() {
                let scope = &self.scopes[depth];
                if scope.sealed {
                    continue;
                }
                if let Some(index) = scope.relation_named(self.dialect, None, name) {
                    return self.whole_row(depth, index, ident);
                }
            }
            if let Some((_, ty)) = self.parameters.iter().find(|(n, _)| n == name) {
                return Value::new(Ty::owned(ty.clone()), None);
            }
        }
        if self.lite() && ident.quoted && ident.span.slice(self.text).starts_with('"') && self.setting_is_on("dqs_dml", true) {
            // sqlite.org/quirks.html "Double-quoted String Literals Are Accepted"
            let text = Value::new(Ty::owned(DataType::named("text")), Some(false));
            return Value { literal: Some(name), ..text };
        }
        if self.lite() && (name.eq_ignore_ascii_case("true") || name.eq_ignore_ascii_case("false")) {
            return Value::new(Ty::owned(DataType::named("integer")), Some(false));
        }
        if self.porous || self.scopes.is_empty() {
            self.opaque(ident.span, ObjectKind::Column, "the statement has an unknown part that may bring the column");
            return Value::any();
        }
        if !self.parameters.is_empty() && self.parameters.iter().any(|(n, _)| self.dialect.same_column(n, name)) {
            return Value::any();
        }
        self.unknown_column(None, name, ident.span);
        Value::any()
    }

    fn setting_is_on(&self, name: &str, default: bool) -> bool {
        self.session.setting(name).map_or(default, |v| !matches!(v.to_ascii_lowercase().as_str(), "0" | "off" | "false"))
    }

    fn whole_row(&mut self, depth: usize, index: usize, ident: &'s Ident) -> Value<'s> {
        let Some(relation) = self.scopes.get(depth).and_then(|s| s.relations.get(index)) else { return Value::any() };
        if relation.scalar && relation.len() == 1 {
            let place = Found::Place((index, 0));
            return self.take(depth, &place, ident);
        }
        let nullable = Some(relation.nullable);
        let ty = match relation.table {
            Some(t) => Ty::owned(DataType { name: t.name.name.clone(), user: Some(t.name.clone()), ..DataType::default() }),
            None => Ty::owned(DataType::named("record")),
        };
        if let Some(table) = relation.table {
            let columns: Vec<Origin<'s>> = table.columns.iter().map(|column| Origin { table, column }).collect();
            for origin in columns {
                self.use_column(origin, crate::model::span::Span::default(), true);
            }
        }
        Value::new(ty, nullable)
    }

    fn qualified(&mut self, schema: Option<&'s Ident>, table: &'s Ident, column: &'s Ident) -> Value<'s> {
        let schema_name = schema.map(|s| s.value.as_str());
        let mut missing = None;
        for depth in (0..self.scopes.len()).rev() {
            let scope = &self.scopes[depth];
            if scope.sealed {
                continue;
            }
            let mut places = scope
                .relations
                .iter()
                .enumerate()
                .skip(scope.visible_from)
                .filter(|(_, r)| is_named(r, self.dialect, schema_name, &table.value));
            let Some((index, relation)) = places.next() else { continue };
            if relation.is_ambiguous(self.dialect, &column.value) {
                let message = format!("column reference \"{}\" is ambiguous", column.value);
                self.fail(BindErrorKind::AmbiguousColumn, "42702", message, column.span, None);
                return Value::any();
            }
            if let Some(c) = relation.position(self.dialect, &column.value) {
                // What NATURAL or USING made one column is one.
                let merged = scope.merges.iter().any(|m| m.members.contains(&(index, c)));
                if self.lite() && !merged && places.any(|(_, r)| r.position(self.dialect, &column.value).is_some()) {
                    let message = format!("ambiguous column name: {}.{}", table.value, column.value);
                    self.fail(BindErrorKind::AmbiguousColumn, "SQLITE_ERROR", message, column.span, None);
                }
                return self.take(depth, &Found::Place((index, c)), column);
            }
            // Two unaliased tables of one name in different schemas share the qualifier.
            if let Some((other, c)) = places.find_map(|(i, r)| r.position(self.dialect, &column.value).map(|c| (i, c))) {
                return self.take(depth, &Found::Place((other, c)), column);
            }
            if let Some(value) = self.hidden_column(depth, Some(index), column) {
                return value;
            }
            let relation = &self.scopes[depth].relations[index];
            if relation.open {
                if !relation.system {
                    self.use_open_column(index, depth, &column.value, column.span, 90);
                }
                self.opaque(column.span, ObjectKind::Column, "its table is not wholly known");
                return Value::any();
            }
            missing = Some(relation.name.to_string());
            if self.pg() {
                // `t.f` is also `f(t)`.
                let schema = self.schema;
                if let Some(function) = schema.functions.iter().find(|f| f.name.name == column.value && f.params.len() == 1) {
                    self.use_object(ObjectKind::Function, Some(function.id), &function.name, None, column.span);
                    return Value::new(function.returns.as_ref().map_or(Ty::Any, Ty::of), None);
                }
                break;
            }
        }
        if self.porous || (missing.is_none() && self.scopes.iter().any(|s| s.porous && !s.sealed)) || self.scopes.is_empty() {
            self.opaque(column.span, ObjectKind::Column, "the statement has an unknown part that may bring its table");
            return Value::any();
        }
        if let Some(value) = self.parameter(&table.value, &column.value) {
            return value;
        }
        let shown = match schema {
            Some(s) => format!("{}.{}", s.value, table.value),
            None => table.value.clone(),
        };
        if missing.is_some() || !self.pg() {
            self.unknown_column(Some(&shown), &column.value, column.span);
        } else {
            self.missing_from(&table.value, table);
        }
        Value::any()
    }

    /// A field of a parameter, or a parameter qualified by the function's name.
    fn parameter(&self, qualifier: &str, name: &str) -> Option<Value<'s>> {
        let find = |wanted: &str| self.parameters.iter().find(|(n, _)| self.dialect.same_column(n, wanted)).map(|p| Ty::owned(p.1.clone()));
        if let Some(ty) = find(qualifier) {
            let fields = self.composite_fields(&ty);
            let field = fields.iter().find(|(n, _)| n == name).map(|(_, ty)| Value::new(ty.clone(), None));
            return field.or_else(|| fields.is_empty().then(Value::any));
        }
        find(name).map(|ty| Value::new(ty, None))
    }

    /// PostgreSQL's error for a qualifier that is no FROM item in sight.
    fn missing_from(&mut self, name: &str, ident: &Ident) {
        let hidden = self.scopes.iter().any(|s| s.relations.iter().any(|r| is_named(r, self.dialect, None, name) || r.own_name == name));
        let message = if hidden {
            format!("invalid reference to FROM-clause entry for table \"{name}\"")
        } else {
            format!("missing FROM-clause entry for table \"{name}\"")
        };
        self.fail(BindErrorKind::UnknownTable, "42P01", message, ident.span, None);
    }

    /// The value of a meaning that was found, and its use.
    pub fn take(&mut self, depth: usize, found: &Found, ident: &Ident) -> Value<'s> {
        let Some(scope) = self.scopes.get(depth) else { return Value::any() };
        match found {
            Found::Merge(index) => {
                let Some(merge) = scope.merges.get(*index) else { return Value::any() };
                let (value, members) = (merge.value.clone(), merge.members.clone());
                for (i, (relation, column)) in members.iter().enumerate() {
                    if let Some(origin) = self.origin(depth, *relation, *column) {
                        self.use_column(origin, ident.span, i > 0);
                    }
                }
                value
            }
            Found::Place((relation, column)) => {
                let value = self.place_value(depth, *relation, *column);
                if let Some(origin) = value.origin {
                    self.use_column(origin, ident.span, false);
                }
                value
            }
        }
    }

    /// The schema column behind a place.
    pub fn origin(&self, depth: usize, relation: usize, column: usize) -> Option<Origin<'s>> {
        let relation = self.scopes.get(depth)?.relations.get(relation)?;
        match &relation.columns {
            Columns::Table(table) => Some(Origin { table, column: table.columns.get(column)? }),
            Columns::List(list) => list.get(column)?.value.origin,
        }
    }

    /// The value of a column of a relation.
    pub fn place_value(&self, depth: usize, relation: usize, column: usize) -> Value<'s> {
        let Some(relation) = self.scopes.get(depth).and_then(|s| s.relations.get(relation)) else { return Value::any() };
        match &relation.columns {
            Columns::Table(table) => match table.columns.get(column) {
                Some(column) => self.value_of(Origin { table, column }, relation.nullable),
                None => Value::any(),
            },
            Columns::List(list) => match list.get(column) {
                Some(column) => {
                    let mut value = column.value.clone();
                    if relation.nullable {
                        value.nullable = Some(true);
                    }
                    value
                }
                None => Value::any(),
            },
        }
    }

    /// The value of a column of the schema.
    pub fn value_of(&self, origin: Origin<'s>, outer: bool) -> Value<'s> {
        let column = origin.column;
        Value {
            ty: if column.ty.name.is_empty() && !self.lite() { Ty::Any } else { Ty::of(&column.ty) },
            nullable: Some(column.nullable || outer),
            source: Some(column.id),
            origin: Some(origin),
            collation: column.collation.as_deref().map(Cow::Borrowed),
            literal: None,
        }
    }
}
