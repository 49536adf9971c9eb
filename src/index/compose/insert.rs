//! INSERT, for entities one statement for each table that keeps them, and what happens on conflict.

use super::load::root_model;
use super::names::{At, definition_of};
use super::scope::{How, Level, What, holder, lineage};
use super::select::{Shape, is_column};
use super::{Build, Composer};
use crate::grammar::mapper::{FieldRole, Inserts, Returns, Verb};
use crate::index::mapping::{FieldId, ModelField, ModelId};
use crate::index::trace::query::{EntityWrite, Query, SourceRef, SqlExpr};
use crate::model::dialect::Engine;
use crate::model::statement::{COMPUTED, SqlText};
use std::rc::Rc;

/// A column that is written.
#[derive(Clone, Debug)]
pub(super) struct Written<'a> {
    pub name: Rc<str>,
    pub at: At,
    pub value: Stored<'a>,
}

/// What is stored.
#[derive(Clone, Debug)]
pub(super) enum Stored<'a> {
    /// What the code says.
    Expr(&'a SqlExpr),
    /// A value of the library's, or of an entity.
    Value,
    /// A text of the library's.
    Text(Rc<str>),
    /// NULL.
    Null,
    /// The column's own value, changed.
    Own(ModelId, FieldId),
}

/// What is written into one table.
#[derive(Clone, Debug)]
pub(super) struct Part<'a> {
    /// The model; none: the first source of the query.
    pub model: Option<ModelId>,
    pub columns: Vec<Written<'a>>,
    /// It is the table that the query is about, not a joined parent's.
    pub own: bool,
}

impl<'a> Composer<'a> {
    /// The columns that code writes, by the table that holds them: those of joined parents in the order of `family`.
    pub(super) fn written(&self, q: &'a Query, family: &[ModelId]) -> Vec<Part<'a>> {
        let mut parts: Vec<Part<'a>> =
            family.iter().enumerate().map(|(i, m)| Part { model: Some(*m), columns: Vec::new(), own: i == 0 }).collect();
        if parts.is_empty() {
            parts.push(Part { model: None, columns: Vec::new(), own: true });
        }
        for (column, value) in &q.set {
            let (part, name, at) = match column {
                SqlExpr::Field { model, field, origin, .. } => {
                    let Some(found) = self.models.get(*model).and_then(|m| m.fields.get(*field as usize)) else { continue };
                    let same = |m: &ModelId| m == model || holder(self.models, *m) == holder(self.models, *model);
                    let part = family.iter().position(same).unwrap_or(0);
                    (part, found.column.text.clone(), At::written_or(*origin, Some(definition_of(found))))
                }
                SqlExpr::Column { name, .. } | SqlExpr::Output(name) => {
                    let has = |m: &ModelId| self.models.get(*m).is_some_and(|m| m.column(&name.text).is_some());
                    (family.iter().position(has).unwrap_or(0), name.text.clone(), name.origin.map_or(At::Nowhere, At::Written))
                }
                _ => continue,
            };
            let Some(part) = parts.get_mut(part) else { continue };
            // The same column in several branches is written once.
            if !part.columns.iter().any(|c| c.name == name) {
                part.columns.push(Written { name, at, value: Stored::Expr(value) });
            }
        }
        parts
    }

    /// Adds a field that the library writes by itself.
    pub(super) fn add(&self, part: &mut Part<'a>, field: &ModelField, value: Stored<'a>) {
        if !part.columns.iter().any(|c| c.name == field.column.text) {
            part.columns.push(Written { name: field.column.text.clone(), at: At::Implied(definition_of(field)), value });
        }
    }

    /// What an INSERT writes, a part for each table; parents first.
    pub(super) fn insert_parts(&self, q: &'a Query) -> Vec<Part<'a>> {
        let family = root_model(q).map(|m| lineage(self.models, m)).unwrap_or_default();
        let mut parts = self.written(q, &family);
        let write = match (q.verb, q.entity) {
            (Some(Verb::Save), _) => Some(EntityWrite::NewAll),
            (_, Some(EntityWrite::New)) if self.mapper(&q.pack).is_some_and(|m| m.inserts_all) => Some(EntityWrite::NewAll),
            (_, write) => write,
        };
        let every = self.mapper(&q.pack).is_some_and(|m| m.inserts == Inserts::EveryColumn);
        for part in parts.iter_mut().filter(|_| write.is_some() && q.from_query.is_none()) {
            let Some(model) = part.model.and_then(|m| self.models.get(m)) else { continue };
            for (i, field) in model.fields.iter().enumerate().filter(|(_, f)| is_column(f.role)) {
                let i = i as FieldId;
                let class = model.discriminator.as_ref().filter(|d| d.0 == i);
                let key = model.parent.is_some_and(|p| p.1 == i);
                let set = matches!(field.role, FieldRole::Created | FieldRole::Updated | FieldRole::Version) || field.has_default;
                let all = every || matches!(write, Some(EntityWrite::NewAll | EntityWrite::All)) && !field.generated;
                if let Some((_, value)) = class {
                    self.add(part, field, value.clone().map_or(Stored::Value, Stored::Text));
                } else if all || key || (set && !field.generated) {
                    self.add(part, field, Stored::Value);
                }
            }
        }
        parts.reverse();
        // A table that nothing is written to is written to all the same: it gets the defaults.
        parts
    }
}

impl<'a> Build<'a> {
    /// The table that a part is written to: its name in the text, in a level of its own.
    pub fn open_target(&mut self, out: &mut SqlText, q: &'a Query, part: Option<ModelId>, own: bool) {
        self.levels.push(Level::default());
        let source = q.sources.first();
        let written = source.filter(|_| own).and_then(|s| s.origin);
        match part {
            Some(model) => {
                let place = written.map_or_else(|| self.table_place(model), At::Written);
                // the name that the library gives the table in its statements
                let alias = self.model(model).and_then(|m| m.alias.as_ref()).filter(|_| own).map(|a| (a.text.clone(), None));
                self.add_table(What::Model(model, place), alias, How::Beside);
            }
            None => {
                if let Some(source) = source {
                    let what = self.what(source, 0);
                    self.add_table(what, None, How::Beside);
                }
            }
        }
        if let Some(level) = self.levels.last_mut() {
            level.closed = true;
        }
        let at = self.levels.len().saturating_sub(1);
        if self.table((at, 0)).is_some() {
            self.table_item(out, (at, 0));
        } else {
            self.unknown(out);
        }
    }

    /// INSERT of one part.
    pub fn insert(&mut self, out: &mut SqlText, q: &'a Query, part: &Part<'a>) {
        self.with(out, q);
        out.push_synthetic("INSERT INTO ");
        self.open_target(out, q, part.model, part.own);
        let engine = self.composer.dialect.engine;
        if !part.columns.is_empty() {
            out.push_synthetic(" (");
            for (i, column) in part.columns.iter().enumerate() {
                if i > 0 {
                    out.push_synthetic(", ");
                }
                self.identifier(out, &column.name, column.at);
            }
            out.push_synthetic(")");
        }
        match q.from_query {
            Some(query) => {
                out.push_synthetic(" ");
                self.rows(out, query, Shape::Rows);
            }
            None if part.columns.is_empty() && engine.is_mysql_family() => out.push_synthetic(" () VALUES ()"),
            None if part.columns.is_empty() => out.push_synthetic(" DEFAULT VALUES"),
            None => {
                out.push_synthetic(" VALUES (");
                for (i, column) in part.columns.iter().enumerate() {
                    if i > 0 {
                        out.push_synthetic(", ");
                    }
                    self.stored(out, &column.value);
                }
                out.push_synthetic(")");
            }
        }
        let conflicts = q.verb == Some(Verb::Upsert) || !q.conflict.is_empty() || !q.conflict_set.is_empty() || q.conflict_any;
        if part.own && conflicts {
            self.conflict(out, q, part);
        }
        self.returning(out, q, part);
        self.tail(out, q);
        self.levels.pop();
    }

    /// What is stored in a column.
    pub fn stored(&mut self, out: &mut SqlText, value: &Stored<'a>) {
        match value {
            Stored::Expr(SqlExpr::Value(_)) | Stored::Value => self.parameter(out),
            Stored::Expr(e) => self.expr(out, e),
            Stored::Text(text) => self.literal(out, text),
            Stored::Null => out.push_synthetic("NULL"),
            Stored::Own(model, field) => {
                out.push_synthetic(&format!("{COMPUTED}("));
                let at = (self.levels.len().saturating_sub(1), 0);
                self.field_of(out, at, *model, *field, None);
                out.push_synthetic(")");
            }
        }
    }

    fn conflict(&mut self, out: &mut SqlText, q: &'a Query, part: &Part<'a>) {
        let mysql = self.composer.dialect.engine.is_mysql_family();
        let all = q.verb == Some(Verb::Upsert) && q.conflict_set.is_empty();
        let targets: Vec<(Rc<str>, At)> = q.conflict.iter().filter_map(|e| self.target_name(e)).collect();
        let key: Vec<(Rc<str>, At)> = match part.model.filter(|_| targets.is_empty()) {
            Some(model) => self.key_of(model).into_iter().filter_map(|(m, f)| self.column_of(m, f, None)).collect(),
            None => Vec::new(),
        };
        let arbiters = if targets.is_empty() { key } else { targets };
        if !mysql {
            let needed = all || !q.conflict_set.is_empty();
            out.push_synthetic(" ON CONFLICT");
            if !arbiters.is_empty() && (needed || !q.conflict.is_empty()) {
                for (i, (name, at)) in arbiters.iter().enumerate() {
                    out.push_synthetic(if i == 0 { " (" } else { ", " });
                    self.identifier(out, name, *at);
                }
                out.push_synthetic(")");
            }
        }
        let mut set = SqlText::default();
        for (column, value) in &q.conflict_set {
            let Some((name, at)) = self.target_name(column) else { continue };
            self.comma(&mut set);
            self.identifier(&mut set, &name, at);
            set.push_synthetic(" = ");
            match value {
                SqlExpr::Column { source: SourceRef::Named(s), .. } | SqlExpr::Field { source: SourceRef::Named(s), .. }
                    if mysql && s.text.eq_ignore_ascii_case("excluded") =>
                {
                    self.proposed(&mut set, value);
                }
                value => self.stored(&mut set, &Stored::Expr(value)),
            }
        }
        let created = |name: &str| {
            let model = part.model.and_then(|m| self.model(m));
            model.and_then(|m| m.fields.get(m.column(name)? as usize)).is_some_and(|f| f.role == FieldRole::Created)
        };
        let rest: Vec<Written<'a>> = match all {
            true => part.columns.iter().filter(|c| !arbiters.iter().any(|a| a.0 == c.name) && !created(&c.name)).cloned().collect(),
            false => Vec::new(),
        };
        for column in rest {
            self.comma(&mut set);
            self.identifier(&mut set, &column.name, column.at);
            set.push_synthetic(if mysql { " = VALUES(" } else { " = excluded." });
            self.identifier(&mut set, &column.name, column.at);
            if mysql {
                set.push_synthetic(")");
            }
        }
        match (set.text.is_empty(), mysql) {
            (true, false) => out.push_synthetic(" DO NOTHING"),
            (true, true) => {
                // INSERT IGNORE: what it would do is to leave the row as it is.
                if let Some((name, at)) = arbiters.first() {
                    out.push_synthetic(" ON DUPLICATE KEY UPDATE ");
                    self.identifier(out, name, *at);
                    out.push_synthetic(" = ");
                    self.identifier(out, name, *at);
                }
            }
            (false, _) => {
                out.push_synthetic(if mysql { " ON DUPLICATE KEY UPDATE " } else { " DO UPDATE SET " });
                out.append(&set);
            }
        }
    }

    /// `VALUES(column)`.
    fn proposed(&mut self, out: &mut SqlText, column: &'a SqlExpr) {
        match self.target_name(column) {
            Some((name, at)) => {
                out.push_synthetic("VALUES(");
                self.identifier(out, &name, at);
                out.push_synthetic(")");
            }
            None => self.parameter(out),
        }
    }

    /// The bare name of a column.
    pub fn target_name(&self, e: &SqlExpr) -> Option<(Rc<str>, At)> {
        match e {
            SqlExpr::Field { model, field, origin, .. } => self.column_of(*model, *field, *origin),
            SqlExpr::Column { name, .. } | SqlExpr::Output(name) => Some((name.text.clone(), name.origin.map_or(At::Nowhere, At::Written))),
            _ => None,
        }
    }

    /// SQL that code puts behind the statement.
    pub fn tail(&mut self, out: &mut SqlText, q: &'a Query) {
        for piece in &q.tail {
            out.push_synthetic(" ");
            match piece {
                SqlExpr::Raw(fragment) => self.fragment(out, fragment),
                other => self.expr(out, other),
            }
        }
    }

    /// RETURNING: what the code asks for, else what the library needs of a new row.
    pub fn returning(&mut self, out: &mut SqlText, q: &'a Query, part: &Part<'a>) {
        let has = matches!(self.composer.dialect.engine, Engine::Postgres | Engine::Sqlite | Engine::MariaDb);
        if !has {
            return;
        }
        let mut items = SqlText::default();
        for item in q.returning.iter().filter(|_| part.own) {
            match item {
                SqlExpr::Star(_) => self.whole_row(&mut items, (self.levels.len().saturating_sub(1), 0), None),
                item => {
                    self.comma(&mut items);
                    self.expr(&mut items, item);
                }
            }
        }
        let inserts = matches!(q.verb, Some(Verb::Insert | Verb::Upsert | Verb::Save));
        let wanted = self.composer.mapper(&q.pack).map(|m| m.returns).unwrap_or_default();
        if let Some(model) =
            part.model.filter(|_| inserts && (part.own || wanted == Returns::Key) && q.returning.is_empty() && q.entity.is_some())
        {
            let fields = self.model(model).map_or(&[][..], |m| &m.fields);
            for (i, field) in fields.iter().enumerate() {
                let given = part.columns.iter().any(|c| c.name == field.column.text);
                let take = match wanted {
                    Returns::Nothing => false,
                    Returns::Key => field.primary && field.generated && !given,
                    Returns::Generated => field.generated,
                    Returns::Row => is_column(field.role) && !field.deferred,
                };
                if take {
                    self.comma(&mut items);
                    let at = (self.levels.len().saturating_sub(1), 0);
                    self.field_of(&mut items, at, model, i as FieldId, None);
                }
            }
        }
        if !items.text.is_empty() {
            out.push_synthetic(" RETURNING ");
            out.append(&items);
        }
    }
}
