//! Writes along relations that stand in an object of data: `{ author: { connect: { id } }, tags: { create: [...] } }`.

use super::names::At;
use super::set::Pairs;
use crate::grammar::mapper::{NestedWrite, RelationShape, Verb};
use crate::index::mapping::{ModelId, Named, Relation, RelationId};
use crate::index::trace::Tracer;
use crate::index::trace::query::{EntityWrite, Query, QueryId, SourceRef, SourceTable, SqlExpr};
use crate::index::trace::value::{MapKey, Object, Value};

/// Objects in objects that are looked into.
const MAX_DEPTH: usize = 8;

/// A relation along which rows are written.
struct Along<'n> {
    found: Relation,
    /// Where the data names it.
    name: &'n Named,
    /// The row that is written holds the key.
    holds_key: bool,
}

impl Tracer<'_> {
    /// What the value of a relation writes: the row's own keys into `out`, all else in statements of their own.
    #[allow(clippy::too_many_arguments)] // one call site
    pub(super) fn nested_writes(
        &mut self,
        at: &At,
        model: ModelId,
        relation: RelationId,
        name: &Named,
        value: &Value,
        out: &mut Pairs,
        depth: usize,
    ) {
        let words = self.words.clone();
        let Some(found) = self.models.get(model).and_then(|m| m.relations.get(relation as usize)).cloned() else { return };
        let Some(mapper) = words.mapper(at.pack).filter(|_| depth <= MAX_DEPTH) else { return };
        let along = Along { holds_key: found.shape == RelationShape::ToOne && found.through.is_none(), found, name };
        for (key, inner) in self.entries(value) {
            let MapKey::Name(key) = key else { continue };
            let Some(rule) = mapper.nested.iter().find(|n| n.names.iter().any(|n| **n == *key.text)) else { continue };
            if (rule.link || rule.unlink) && along.holds_key {
                let keys = self.relation_keys(SourceRef::Id(0), model, relation, name.origin);
                out.extend(keys.into_iter().map(|k| (k, SqlExpr::Value(None))));
            }
            self.nested_write(at, &along, rule, &inner);
        }
    }

    fn nested_write(&mut self, at: &At, along: &Along, rule: &NestedWrite, value: &Value) {
        let filters = self.parts_of(value, &rule.filter);
        if rule.delete {
            let query = self.write_along(at, along, Verb::Delete);
            self.filtered(at, query, along, &filters);
            self.dispatch(query, at.site);
        }
        let changes = rule.update.split(' ').map(|key| self.parts_of(value, key)).find(|found| !found.is_empty());
        for data in changes.unwrap_or_default() {
            let query = self.write_along(at, along, Verb::Update);
            let pairs = self.data_in(at, query, &data);
            if pairs.is_empty() {
                continue;
            }
            self.change(query, |q| {
                q.set = pairs;
                q.entity = Some(EntityWrite::Changed);
            });
            self.filtered(at, query, along, &filters);
            self.dispatch(query, at.site);
        }
        let chosen = !filters.is_empty() && !rule.delete && rule.update.is_empty();
        if chosen {
            let query = self.write_along(at, along, Verb::Select);
            let key = self.key_field(0, along.found.target, None);
            self.change(query, |q| q.only = vec![key]);
            self.filtered(at, query, along, &filters);
            self.dispatch(query, at.site);
        }
        let foreign = !along.holds_key && along.found.through.is_none();
        let made = self.parts_of(value, &rule.create);
        for data in &made {
            let query = self.write_along(at, along, Verb::Insert);
            let mut pairs = self.data_in(at, query, data);
            if foreign {
                pairs.extend(self.foreign_keys(along));
            }
            self.change(query, |q| {
                q.set = pairs;
                q.entity = Some(EntityWrite::New);
            });
            self.dispatch(query, at.site);
        }
        if along.holds_key {
            return;
        }
        if rule.unlink {
            self.write_links(at, along, &filters, false);
        }
        if rule.link && (!foreign || made.is_empty() || chosen) {
            self.write_links(at, along, &filters, true);
        }
    }

    /// Writes or removes rows of the join table; without one, the key in the other model's rows.
    fn write_links(&mut self, at: &At, along: &Along, filters: &[Value], link: bool) {
        let place = along.name.origin;
        let Some(through) = &along.found.through else {
            let query = self.write_along(at, along, Verb::Update);
            let pairs = self.foreign_keys(along);
            self.change(query, |q| {
                q.set = pairs;
                q.entity = Some(EntityWrite::Changed);
            });
            self.filtered(at, query, along, filters);
            return self.dispatch(query, at.site);
        };
        let table = match through.model {
            Some(model) => SourceTable::Model(model),
            None => {
                SourceTable::Implied { schema: through.schema.clone(), name: Named { text: through.table.text.clone(), origin: place } }
            }
        };
        let columns = along.found.keys.iter().map(|(_, own)| own).chain(through.keys.iter().map(|(other, _)| other));
        let column = |c: &Named| SqlExpr::Column { source: SourceRef::Id(0), name: Named { text: c.text.clone(), origin: place } };
        let columns: Vec<SqlExpr> = columns.map(column).collect();
        let query = self.beginning(at, if link { Verb::Insert } else { Verb::Delete });
        self.set_root(query, table, None, place);
        self.change(query, |q| match link {
            true => q.set = columns.into_iter().map(|c| (c, SqlExpr::Value(None))).collect(),
            false => {
                let equal = |c| SqlExpr::Compare("=".into(), Box::new(c), vec![SqlExpr::Value(None)]);
                q.filters = columns.into_iter().map(equal).collect();
            }
        });
        self.dispatch(query, at.site);
    }

    fn beginning(&mut self, at: &At, verb: Verb) -> QueryId {
        let (pack, parts) = self.query(at.query).map_or_else(Default::default, |q| (q.pack.clone(), q.parts.clone()));
        self.begin(Query { pack, parts, verb: Some(verb), ..Query::default() })
    }

    /// A statement about the other model's rows.
    fn write_along(&mut self, at: &At, along: &Along, verb: Verb) -> QueryId {
        let query = self.beginning(at, verb);
        self.set_root(query, SourceTable::Model(along.found.target), None, along.name.origin);
        query
    }

    /// Chooses rows by what the data says, else by the relation.
    fn filtered(&mut self, at: &At, query: QueryId, along: &Along, filters: &[Value]) {
        let at = At { query, ..*at };
        let mut all: Vec<SqlExpr> = Vec::new();
        for value in filters {
            all.extend(self.filter(&at, 0, value, 0));
        }
        let writes = self.query(query).is_some_and(|q| q.verb != Some(Verb::Select));
        if along.found.through.is_none() && writes {
            for (_, other) in &along.found.keys {
                let key = self.model_column(SourceRef::Id(0), along.found.target, other, None);
                all.push(SqlExpr::Compare("=".into(), Box::new(key), vec![SqlExpr::Value(None)]));
            }
        }
        self.change(query, |q| q.filters = all);
    }

    fn foreign_keys(&self, along: &Along) -> Pairs {
        let keys = along.found.keys.iter().map(|(_, other)| self.model_column(SourceRef::Id(0), along.found.target, other, None));
        keys.map(|k| (k, SqlExpr::Value(None))).collect()
    }

    fn data_in(&mut self, at: &At, query: QueryId, data: &Value) -> Pairs {
        self.data(&At { query, ..*at }, data)
    }

    /// The values of a key of an object, or of each object of a list; `*`: the objects themselves.
    fn parts_of(&self, value: &Value, key: &str) -> Vec<Value> {
        let mut out = Vec::new();
        if !key.is_empty() {
            self.parts_into(value, key, &mut out, 0);
        }
        out
    }

    fn parts_into(&self, value: &Value, key: &str, out: &mut Vec<Value>, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        match value {
            Value::OneOf(all) | Value::Tuple(all) => all.iter().for_each(|v| self.parts_into(v, key, out, depth + 1)),
            Value::Object(id) => match self.object(*id) {
                Some(Object::List { items, .. }) => items.iter().for_each(|v| self.parts_into(v, key, out, depth + 1)),
                Some(Object::Map { .. }) if key == "*" => out.push(value.clone()),
                Some(Object::Map { entries, .. }) => {
                    let named = |(k, v): &(MapKey, Value)| matches!(k, MapKey::Name(n) if *n.text == *key).then(|| v.clone());
                    let found: Vec<Value> = entries.iter().filter_map(named).collect();
                    found.iter().for_each(|v| self.parts_into(v, "*", out, depth + 1));
                }
                _ => {}
            },
            Value::Unknown if key == "*" => out.push(Value::Unknown),
            _ => {}
        }
    }
}
