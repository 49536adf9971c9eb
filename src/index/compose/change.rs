//! UPDATE, DELETE, TRUNCATE.

use super::insert::{Part, Stored};
use super::load::root_model;
use super::scope::{How, What, lineage};
use super::select::is_column;
use super::{Build, Composer};
use crate::grammar::mapper::{FieldRole, RelationShape, Verb};
use crate::index::mapping::{FieldId, ModelId, Relation};
use crate::index::trace::query::{EntityWrite, Query, QueryId, SqlExpr};
use crate::model::dialect::Engine;
use crate::model::statement::SqlText;

impl<'a> Composer<'a> {
    /// The field that marks deleted rows of the query's model, unless the code wants them gone.
    pub(super) fn marks_deleted(&self, q: &Query) -> Option<(ModelId, FieldId)> {
        let root = root_model(q).filter(|_| !q.unscoped)?;
        lineage(self.models, root).into_iter().find_map(|m| {
            let at = self.models.get(m)?.fields.iter().position(|f| f.role == FieldRole::Deleted)?;
            Some((m, at as FieldId))
        })
    }

    /// What an UPDATE writes, a part for each table that anything is written to.
    pub(super) fn update_parts(&self, q: &'a Query) -> Vec<Part<'a>> {
        let family = root_model(q).map(|m| lineage(self.models, m)).unwrap_or_default();
        let mut parts = self.written(q, &family);
        let marks = matches!(q.verb, Some(Verb::Delete | Verb::Restore)).then(|| self.marks_deleted(q)).flatten();
        if let Some((model, field)) = marks
            && let Some(part) = parts.iter_mut().find(|p| p.model == Some(model))
            && let Some(field) = self.models.get(model).and_then(|m| m.fields.get(field as usize))
        {
            self.add(part, field, if q.verb == Some(Verb::Restore) { Stored::Null } else { Stored::Value });
        }
        let touches = marks.is_some() && self.mapper(&q.pack).is_some_and(|m| m.touches_marked);
        let write = match q.verb {
            Some(Verb::Save) => Some(EntityWrite::All),
            _ if touches => q.entity.or(Some(EntityWrite::Changed)),
            _ => q.entity,
        };
        for part in parts.iter_mut().filter(|_| write.is_some()) {
            let Some(id) = part.model else { continue };
            let Some(model) = self.models.get(id) else { continue };
            for (i, field) in model.fields.iter().enumerate().filter(|(_, f)| is_column(f.role)) {
                let i = i as FieldId;
                let limited = |e: &SqlExpr| matches!(e, SqlExpr::Field { model, field, .. } if (*model, *field) == (id, i));
                let key = field.primary || model.parent.is_some_and(|p| p.1 == i);
                let kept = marks.is_some() || !matches!(write, Some(EntityWrite::All | EntityWrite::NewAll));
                let all = !kept && !key && (q.only.is_empty() || q.only.iter().any(limited));
                let own = field.on_update || field.role == FieldRole::Updated;
                match field.role {
                    FieldRole::Version => self.add(part, field, Stored::Own(id, i)),
                    _ if all || (own && !key && q.only.is_empty()) => self.add(part, field, Stored::Value),
                    _ => {}
                }
            }
        }
        // What is written may be unknown.
        let unknown = q.set.iter().any(|(column, _)| matches!(column, SqlExpr::Unknown(..)));
        parts.retain(|p| !p.columns.is_empty() || (p.own && unknown));
        parts
    }

    /// Whether the library reads the rows first, to look for what refers to them.
    pub(super) fn reads_deleted(&self, q: &Query) -> bool {
        let reads = q.of.is_none() && self.mapper(&q.pack).is_some_and(|m| m.reads_deleted);
        let refers = |r: &Relation| r.shape != RelationShape::ToOne || r.through.is_some();
        let root = root_model(q).filter(|_| reads).and_then(|m| self.models.get(m));
        root.is_some_and(|m| m.relations.iter().any(refers))
    }

    /// The tables that a DELETE removes rows of: the model's, then those of its joined parents.
    pub(super) fn delete_parts(&self, q: &Query) -> Vec<Option<ModelId>> {
        match root_model(q) {
            Some(root) => lineage(self.models, root).into_iter().map(Some).collect(),
            None => vec![None],
        }
    }
}

impl<'a> Build<'a> {
    /// UPDATE of one part.
    pub fn update(&mut self, out: &mut SqlText, id: QueryId, q: &'a Query, part: &Part<'a>) {
        self.with(out, q);
        out.push_synthetic("UPDATE ");
        self.open_target(out, q, part.model, part.own);
        out.push_synthetic(" SET ");
        for (i, column) in part.columns.iter().enumerate() {
            if i > 0 {
                out.push_synthetic(", ");
            }
            self.identifier(out, &column.name, column.at);
            out.push_synthetic(" = ");
            self.stored(out, &column.value);
        }
        if part.columns.is_empty()
            && let Some((SqlExpr::Unknown(what, at), _)) = q.set.iter().find(|(column, _)| matches!(column, SqlExpr::Unknown(..)))
        {
            self.hole(out, what, *at);
        }
        self.guard(out, id, q, part.model, part.own);
        self.returning(out, q, part);
        self.tail(out, q);
        self.levels.pop();
    }

    /// DELETE.
    pub fn delete(&mut self, out: &mut SqlText, id: QueryId, q: &'a Query, model: Option<ModelId>) {
        self.with(out, q);
        let own = model == root_model(q);
        out.push_synthetic("DELETE FROM ");
        self.open_target(out, q, model, own);
        self.guard(out, id, q, model, own);
        let part = Part { model, columns: Vec::new(), own };
        self.returning(out, q, &part);
        self.tail(out, q);
        self.levels.pop();
    }

    /// WHERE of a write. Where other tables take part, the rows are chosen by a query of their keys.
    fn guard(&mut self, out: &mut SqlText, id: QueryId, q: &'a Query, model: Option<ModelId>, own: bool) {
        let entity = matches!(q.entity, Some(EntityWrite::All | EntityWrite::Changed)) || q.verb == Some(Verb::Save);
        let level = self.levels.len().saturating_sub(1);
        if own && q.sources.len() < 2 {
            let mut where_ = SqlText::default();
            let all: Vec<&'a SqlExpr> = q.filters.iter().collect();
            if let Some(l) = self.levels.get_mut(level) {
                (l.closed, l.query) = (false, Some(id));
            }
            let parameters = self.parameters;
            self.filters(&mut where_, q, &all, false);
            let alone = self.levels.get(level).is_none_or(|l| l.tables.len() < 2);
            if let Some(l) = self.levels.get_mut(level) {
                l.closed = true;
                l.tables.truncate(1);
            }
            if alone {
                out.append(&where_);
                if q.filters.is_empty() && entity {
                    let word = if where_.text.is_empty() { " WHERE " } else { " AND " };
                    self.key_is(out, model, word);
                }
                return;
            }
            self.parameters = parameters;
        }
        if q.filters.is_empty() && q.sources.len() < 2 {
            if entity || !own {
                self.key_is(out, model, " WHERE ");
            }
            return;
        }
        // The key of the table that is written, among those of the rows that the query finds.
        let key = model.map(|m| self.key_of(m)).unwrap_or_default();
        match (key.first(), model) {
            (Some((of, field)), Some(_)) => {
                out.push_synthetic(" WHERE ");
                self.field_of(out, (level, 0), *of, *field, None);
                out.push_synthetic(" IN (SELECT ");
            }
            _ => out.push_synthetic(" WHERE EXISTS (SELECT "),
        }
        self.open_level(Some(id), q);
        let inner = (self.levels.len().saturating_sub(1), 0);
        let mut items = SqlText::default();
        if key.is_empty() {
            items.push_synthetic("1");
        } else {
            self.own_key(&mut items, inner);
        }
        let mut where_ = SqlText::default();
        let all: Vec<&'a SqlExpr> = q.filters.iter().collect();
        self.filters(&mut where_, q, &all, false);
        out.append(&items);
        self.from(out, Some(q), None);
        out.append(&where_);
        self.levels.pop();
        out.push_synthetic(")");
    }

    /// The first column of the key of a table.
    fn own_key(&mut self, out: &mut SqlText, at: super::scope::Found) {
        let model = match self.table(at).map(|t| (&t.what, &t.how)) {
            Some((What::Model(model, _), How::Beside | How::Source(_))) => *model,
            _ => return out.push_synthetic("1"),
        };
        match self.key_of(model).first() {
            Some((of, field)) => self.field_of(out, at, *of, *field, None),
            None => out.push_synthetic("1"),
        }
    }

    fn key_is(&mut self, out: &mut SqlText, model: Option<ModelId>, word: &str) {
        let at = (self.levels.len().saturating_sub(1), 0);
        let mut word = word;
        for (of, field) in model.map(|m| self.key_of(m)).unwrap_or_default() {
            out.push_synthetic(word);
            self.field_of(out, at, of, field, None);
            out.push_synthetic(" = ");
            self.parameter(out);
            word = " AND ";
        }
    }

    /// TRUNCATE; SQLite has none.
    pub fn truncate(&mut self, out: &mut SqlText, q: &'a Query) {
        let lite = self.composer.dialect.engine == Engine::Sqlite;
        out.push_synthetic(if lite { "DELETE FROM " } else { "TRUNCATE TABLE " });
        self.open_target(out, q, root_model(q), true);
        self.levels.pop();
    }
}
