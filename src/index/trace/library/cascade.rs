//! Writes of whole entities: what a selection of columns leaves of them, and what they write besides: the rows that
//! they hold along their relations.

use super::names::At;
use crate::grammar::mapper::{FieldRole, NamesMean, RelationShape, Verb};
use crate::index::mapping::{ModelId, Named, Origin, Relation, RelationId};
use crate::index::trace::Tracer;
use crate::index::trace::query::{EntityWrite, Query, QueryId, SourceRef, SourceTable, SqlExpr};
use crate::index::trace::value::{Argument, Object, Value};
use std::rc::Rc;

/// Entities in entities that are written.
const MAX_DEPTH: usize = 6;

impl Tracer<'_> {
    /// What `select` and `omit` before a write leave of it, where the library means that.
    pub(super) fn limit_write(&mut self, query: QueryId) {
        let Some(found) = self.query(query) else { return };
        let limits = self.words.pack(&found.pack).and_then(|p| self.words.mapper(p)).is_some_and(|m| m.selection_limits_writes);
        let writes = matches!(found.verb, Some(Verb::Insert | Verb::Upsert | Verb::Update | Verb::Save));
        if !limits || !writes || found.from_query.is_some() {
            return;
        }
        let model = self.root_model(query);
        let selected: Vec<SqlExpr> = found.select.iter().chain(&found.only).filter(|e| self.written_column(e).is_some()).cloned().collect();
        let left_out: Vec<Rc<str>> = found.defer.iter().filter_map(|e| self.written_column(e)).collect();
        let whole = matches!(found.entity, Some(EntityWrite::All | EntityWrite::NewAll));
        let new = found.verb != Some(Verb::Update);
        let mut set = found.set.clone();
        let mut add: Vec<SqlExpr> = Vec::new();
        if !selected.is_empty() {
            let names: Vec<Rc<str>> = selected.iter().filter_map(|e| self.written_column(e)).collect();
            set.retain(|(column, _)| self.written_column(column).is_some_and(|n| names.contains(&n)));
            add = selected;
        } else if !left_out.is_empty() && whole {
            let fields = model.and_then(|m| self.models.get(m)).map_or(&[][..], |m| &m.fields);
            let written = fields.iter().enumerate().filter(|(_, f)| {
                let column = !matches!(f.role, FieldRole::Embedded | FieldRole::Ignored | FieldRole::Synonym);
                column && !left_out.contains(&f.column.text) && !(if new { f.generated } else { f.primary })
            });
            add = written
                .map(|(i, _)| SqlExpr::Field { source: SourceRef::Id(0), model: model.unwrap_or_default(), field: i as u32, origin: None })
                .collect();
        }
        set.retain(|(column, _)| self.written_column(column).is_none_or(|n| !left_out.contains(&n)));
        for column in add {
            let name = self.written_column(&column);
            if !set.iter().any(|(c, _)| self.written_column(c) == name) {
                set.push((column, SqlExpr::Value(None)));
            }
        }
        let cut = !found.select.is_empty() || !found.only.is_empty() || !left_out.is_empty();
        self.change(query, |q| {
            q.set = set;
            q.select.clear();
            q.only.clear();
            q.defer.clear();
            if cut && !q.set.is_empty() && whole {
                q.entity = Some(if new { EntityWrite::New } else { EntityWrite::Changed });
            }
        });
    }

    /// The column that an expression names.
    fn written_column(&self, expr: &SqlExpr) -> Option<Rc<str>> {
        match expr {
            SqlExpr::Field { model, field, .. } => Some(self.models.get(*model)?.fields.get(*field as usize)?.column.text.clone()),
            SqlExpr::Column { name, .. } | SqlExpr::Output(name) => Some(name.text.clone()),
            SqlExpr::Label(inner, _) => self.written_column(inner),
            _ => None,
        }
    }

    /// Writes the rows that a new entity holds along its relations, where the library does.
    pub(super) fn cascade(&mut self, at: &At, model: ModelId, written: &[(Named, Value, Origin)], depth: usize) {
        let cascades = self.words.mapper(at.pack).is_some_and(|m| m.cascades);
        let without = self.query(at.query).is_some_and(|q| q.defer.iter().any(|e| self.written_column(e).is_none()));
        if !cascades || without || depth > MAX_DEPTH {
            return;
        }
        for (name, value, _) in written {
            if let Some(relation) = self.relation_of(model, &name.text) {
                self.cascade_along(at, model, relation, value, name.origin, depth);
            }
        }
    }

    /// Writes new rows that are held along one relation.
    pub(super) fn cascade_along(
        &mut self,
        at: &At,
        model: ModelId,
        relation: RelationId,
        value: &Value,
        origin: Option<Origin>,
        depth: usize,
    ) {
        let Some(found) = self.models.get(model).and_then(|m| m.relations.get(relation as usize)).cloned() else { return };
        let mut rows: Vec<(Named, Value, Origin)> = Vec::new();
        let mut any = false;
        self.new_rows(value, found.target, &mut rows, &mut any, 0);
        if !any {
            return;
        }
        let pack = self.words.packs.get(at.pack).map_or_else(|| "".into(), |p| p.id.clone());
        let child = self.begin(Query {
            pack: pack.clone(),
            verb: Some(Verb::Upsert),
            entity: Some(EntityWrite::NewAll),
            conflict_any: true,
            parts: rows.iter().map(|r| r.2).chain([at.site]).collect(),
            ..Query::default()
        });
        self.set_root(child, SourceTable::Model(found.target), None, origin);
        let inner = At { query: child, names: NamesMean::Fields, outputs: false, keep: false, ..*at };
        let args: Vec<Argument> = rows
            .iter()
            .map(|(n, v, o)| Argument {
                name: Some(n.clone()),
                value: v.clone(),
                spread: false,
                double: false,
                origin: *o,
                text: "".into(),
            })
            .collect();
        let pairs = self.pairs(&inner, &args);
        let key = self.key_field(0, found.target, None);
        let held = matches!(found.shape, RelationShape::ToMany | RelationShape::OneFrom) && found.through.is_none();
        let keys = if held { self.keys_on_target(&found) } else { Vec::new() };
        self.change(child, |q| {
            q.set = pairs;
            if matches!(key, SqlExpr::Field { .. }) && !keys.is_empty() {
                q.conflict = vec![key];
                q.conflict_set = keys.iter().map(|k| (k.clone(), SqlExpr::Value(None))).collect();
            } else {
                q.verb = Some(Verb::Insert);
            }
            for key in keys {
                if !q.set.iter().any(|(c, _)| *c == key) {
                    q.set.push((key, SqlExpr::Value(None)));
                }
            }
        });
        self.cascade(&inner, found.target, &rows, depth + 1);
        self.dispatch(child, at.site);
        if let Some(through) = &found.through {
            let columns = found.keys.iter().map(|(_, link)| link).chain(through.keys.iter().map(|(link, _)| link));
            let set = columns.map(|c| (SqlExpr::Column { source: SourceRef::Id(0), name: c.clone() }, SqlExpr::Value(None))).collect();
            let table = match through.model {
                Some(m) => SourceTable::Model(m),
                None => SourceTable::Implied { schema: through.schema.clone(), name: through.table.clone() },
            };
            let link =
                self.begin(Query { pack, verb: Some(Verb::Insert), set, conflict_any: true, parts: vec![at.site], ..Query::default() });
            self.set_root(link, table, None, origin);
            self.dispatch(link, at.site);
        }
    }

    /// The key columns that the other side of a relation holds.
    fn keys_on_target(&self, relation: &Relation) -> Vec<SqlExpr> {
        relation.keys.iter().map(|(_, other)| self.model_column(SourceRef::Id(0), relation.target, other, None)).collect()
    }

    /// What new entities of a model in a value have set.
    fn new_rows(&self, value: &Value, model: ModelId, out: &mut Vec<(Named, Value, Origin)>, any: &mut bool, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        match value {
            Value::Object(id) => match self.object(*id) {
                Some(Object::Entity { model: of, fresh: true, written, .. }) if *of == model => {
                    *any = true;
                    for one in written {
                        if !out.iter().any(|(n, _, _)| n.text == one.0.text) {
                            out.push(one.clone());
                        }
                    }
                }
                Some(Object::List { items, .. }) => items.iter().for_each(|v| self.new_rows(v, model, out, any, depth + 1)),
                _ => {}
            },
            Value::OneOf(all) | Value::Tuple(all) => all.iter().for_each(|v| self.new_rows(v, model, out, any, depth + 1)),
            _ => {}
        }
    }

    /// Notes at an entity that what it is linked with has changed, where the library does.
    pub(super) fn touch(&mut self, at: &At, model: ModelId) {
        let updated = self.models.get(model).is_some_and(|m| m.fields.iter().any(|f| f.role == FieldRole::Updated));
        if !updated || !self.words.mapper(at.pack).is_some_and(|m| m.cascades) {
            return;
        }
        let pack = self.words.packs.get(at.pack).map_or_else(|| "".into(), |p| p.id.clone());
        let entity = Some(EntityWrite::Changed);
        let query = self.begin(Query { pack, verb: Some(Verb::Update), entity, parts: vec![at.site], ..Query::default() });
        self.set_root(query, SourceTable::Model(model), None, None);
        self.dispatch(query, at.site);
    }

    /// The query of a relation's rows that takes over what was asked of a query on the entity that has it
    /// (`db.Model(user).Where(...).Association("Languages")`).
    pub(super) fn handed_on(&mut self, before: QueryId) -> QueryId {
        let Some(old) = self.query(before).cloned() else { return before };
        let by_column = |t: &Self, e: SqlExpr| {
            e.map(&mut |e| match e {
                SqlExpr::Field { source: SourceRef::Id(0), origin: Some(origin), .. } => match t.written_column(&e) {
                    Some(text) => SqlExpr::Column { source: SourceRef::Id(0), name: Named { text, origin: Some(origin) } },
                    None => e,
                },
                other => other,
            })
        };
        // the condition on the entity's own key is not one on the relation's rows
        let own = |e: &SqlExpr| matches!(e, SqlExpr::Compare(_, left, _) if matches!(&**left, SqlExpr::Field { origin: None, .. }));
        let filters = old.filters.into_iter().filter(|e| !own(e)).map(|e| by_column(self, e)).collect();
        let order = old.order.into_iter().map(|e| by_column(self, e)).collect();
        self.begin(Query { pack: old.pack, filters, order, parts: old.parts, unscoped: old.unscoped, used: true, ..Query::default() })
    }
}
