//! Nested objects that filter, select, order and write (`{ where: { a: { gt: 1 } } }`).

use super::calls::Call;
use super::expressions::TextIs;
use super::names::At;
use super::read::is_false;
use super::set::Pairs;
use crate::grammar::mapper::{Act, RelationFilters, RelationShape, Take, Verb};
use crate::index::mapping::{ModelId, Named, Origin, Relation, RelationId, Through};
use crate::index::trace::Tracer;
use crate::index::trace::query::{Join, Load, Query, QueryId, Source, SourceId, SourceRef, SourceTable, SqlExpr};
use crate::index::trace::value::{Argument, MapKey, Object, Value};

/// Objects in objects that are looked into.
const MAX_DEPTH: usize = 16;

impl Tracer<'_> {
    /// A filter over a source.
    pub(super) fn filter(&mut self, at: &At, source: SourceId, value: &Value, depth: usize) -> Vec<SqlExpr> {
        if depth > MAX_DEPTH {
            return Vec::new();
        }
        match value {
            Value::Tuple(all) | Value::OneOf(all) => return self.any_of(at, source, &all.clone(), depth),
            Value::Object(id) => match self.object(*id).cloned() {
                Some(Object::List { items, .. }) => return self.any_of(at, source, &items, depth),
                Some(Object::Map { .. }) => {}
                _ => return Vec::new(),
            },
            Value::Expr(_) | Value::Handle(_) => return self.expressions(at, value, TextIs::Name),
            Value::Function { .. } => {
                let built = self.called_with_root(at, value);
                return self.expressions(at, &built, TextIs::Name);
            }
            Value::Unknown => return vec![SqlExpr::Unknown("unknown filter".into(), at.site)],
            _ => return Vec::new(),
        }
        let mut out = Vec::new();
        for (key, value) in self.entries(value) {
            match key {
                MapKey::Name(name) => out.extend(self.filter_entry(at, source, &name, &value, depth)),
                // `[Op.or]: [...]`
                MapKey::Value(Value::External(path)) => {
                    let word = super::words::last(&path);
                    let name = Named { text: word.into(), origin: None };
                    if self.words.mapper(at.pack).is_some_and(|m| m.logical.iter().any(|l| l == word)) {
                        out.extend(self.filter_entry(at, source, &name, &value, depth));
                    }
                }
                other => {
                    for left in self.key_expressions(at, &other) {
                        out.push(self.equal(at, left, &value));
                    }
                }
            }
        }
        out
    }

    fn any_of(&mut self, at: &At, source: SourceId, all: &[Value], depth: usize) -> Vec<SqlExpr> {
        let each = all.iter().map(|v| self.filter(at, source, v, depth + 1)).filter(|f| !f.is_empty());
        let mut each: Vec<SqlExpr> = each.map(super::acts::and).collect();
        match each.len() {
            0 => Vec::new(),
            1 => vec![each.remove(0)],
            _ => vec![SqlExpr::Or(each)],
        }
    }

    fn filter_entry(&mut self, at: &At, source: SourceId, name: &Named, value: &Value, depth: usize) -> Vec<SqlExpr> {
        let words = self.words.clone();
        let Some(mapper) = words.mapper(at.pack) else { return Vec::new() };
        if mapper.logical.iter().any(|l| **l == *name.text) {
            let inner = self.filter(at, source, value, depth + 1);
            return if name.text.eq_ignore_ascii_case("not") && !inner.is_empty() {
                vec![SqlExpr::Not(Box::new(super::acts::and(inner)))]
            } else {
                inner
            };
        }
        if mapper.quantifiers.iter().any(|q| **q == *name.text) {
            return self.filter(at, source, value, depth + 1);
        }
        let Some(model) = self.source_model(at.query, source) else {
            let left = self.name(at, name);
            return vec![self.equal(at, left, value)];
        };
        // a key that goes by the name of its relation, unless the value is about the rows over there
        let over_there = || {
            let target =
                self.relation_of(model, &name.text).and_then(|r| self.models.get(model)?.relations.get(r as usize)).map(|r| r.target);
            target.is_some_and(|t| {
                self.entries(value).iter().any(|(key, _)| match key {
                    MapKey::Name(key) => self.field_of(t, &key.text).is_some() || self.relation_of(t, &key.text).is_some(),
                    _ => false,
                })
            })
        };
        if let Some((holder, field)) = self.field_of(model, &name.text).filter(|_| !over_there()) {
            let left = SqlExpr::Field { source: SourceRef::Id(source), model: holder, field, origin: name.origin };
            return vec![self.filter_value(at, left, value)];
        }
        if let Some(relation) = self.relation_of(model, &name.text) {
            let keys = self.relation_keys(SourceRef::Id(source), model, relation, name.origin);
            let shape = self.models.get(model).and_then(|m| m.relations.get(relation as usize)).map(|r| r.shape);
            let whole = !self.entries(value).is_empty();
            if shape == Some(RelationShape::ToOne) && !whole {
                return keys.into_iter().map(|k| SqlExpr::Compare("=".into(), Box::new(k), vec![SqlExpr::Value(None)])).collect();
            }
            let writes = self.query(at.query).is_some_and(|q| q.used || q.verb.is_some_and(Verb::writes));
            if mapper.relation_filters == RelationFilters::Nested && (shape != Some(RelationShape::ToOne) || writes) {
                return self.nested_filter(at, source, model, relation, name, value, depth);
            }
            let Some(next) = self.join_relation(at.query, source, relation, name.origin, true, None) else { return Vec::new() };
            let mut inner = self.filter(at, next, value, depth + 1);
            if inner.is_empty() {
                let target = self.source_model(at.query, next).unwrap_or(model);
                inner.push(SqlExpr::Compare("IS".into(), Box::new(self.key_field(next, target, None)), vec![SqlExpr::Null]));
            }
            return inner;
        }
        // `$account.email$`, `meta.key`: a path through relations, a key in a document
        let dollars = name.text.len() > 2 && name.text.starts_with('$') && name.text.ends_with('$');
        if dollars || name.text.contains('.') {
            let path = if dollars { name.part(1, name.text.len() - 1) } else { name.clone() };
            let first = path.split(".").into_iter().next().and_then(|f| Some((self.field_of(model, &f.text)?, f.origin)));
            let left = match first {
                Some(((model, field), origin)) => {
                    SqlExpr::Call("".into(), vec![SqlExpr::Field { source: SourceRef::Id(source), model, field, origin }])
                }
                None => self.name(at, &path),
            };
            return vec![self.filter_value(at, left, value)];
        }
        let inner = self.entries(value);
        // an embedded object, or the name of a key of several fields
        if !inner.is_empty() {
            let mut out = Vec::new();
            for (key, value) in inner {
                let MapKey::Name(part) = key else { continue };
                let whole = Named { text: format!("{}.{}", name.text, part.text).into(), origin: part.origin };
                match self.field_of(model, &whole.text) {
                    Some((holder, field)) => {
                        let left = SqlExpr::Field { source: SourceRef::Id(source), model: holder, field, origin: part.origin };
                        out.push(self.filter_value(at, left, &value));
                    }
                    None => out.extend(self.filter_entry(at, source, &part, &value, depth + 1)),
                }
            }
            return out;
        }
        let origin = name.origin.unwrap_or(at.site);
        vec![SqlExpr::Unknown(format!("no field `{}`", name.text).into(), origin)]
    }

    /// A condition on the rows of a relation, as a query of their keys.
    #[allow(clippy::too_many_arguments)] // one call site
    fn nested_filter(
        &mut self,
        at: &At,
        source: SourceId,
        model: ModelId,
        relation: RelationId,
        name: &Named,
        value: &Value,
        depth: usize,
    ) -> Vec<SqlExpr> {
        let Some(found) = self.models.get(model).and_then(|m| m.relations.get(relation as usize)).cloned() else { return Vec::new() };
        let Some((own, other)) = found.keys.first() else { return Vec::new() };
        let pack = self.query(at.query).map_or_else(|| "".into(), |q| q.pack.clone());
        let query = self.begin(Query { pack, verb: Some(Verb::Select), used: true, unordered: true, ..Query::default() });
        self.set_root(query, SourceTable::Model(found.target), None, name.origin);
        let key = match &found.through {
            None => self.model_column(SourceRef::Id(0), found.target, other, None),
            Some(through) => {
                self.join_link(query, &found, through, name.origin);
                SqlExpr::Column { source: SourceRef::Id(1), name: Named { text: other.text.clone(), origin: name.origin } }
            }
        };
        let filters = self.filter(&At { query, ..*at }, 0, value, depth + 1);
        let unknown = self.query(query).map(|q| q.unknown.clone()).unwrap_or_default();
        self.change(query, |q| {
            q.select = vec![key];
            q.filters = filters;
        });
        self.change(at.query, |q| q.unknown.extend(unknown));
        let left = self.model_column(SourceRef::Id(source), model, own, None);
        vec![SqlExpr::Compare("IN".into(), Box::new(left), vec![SqlExpr::Query(query)])]
    }

    /// Joins the join table of a relation to the other model's rows, which are the root.
    fn join_link(&mut self, query: QueryId, found: &Relation, through: &Through, origin: Option<Origin>) {
        let table = match through.model {
            Some(m) => SourceTable::Model(m),
            None => SourceTable::Implied { schema: through.schema.clone(), name: Named { text: through.table.text.clone(), origin } },
        };
        let on = through.keys.iter().map(|(link, other)| {
            let left = SqlExpr::Column { source: SourceRef::Id(1), name: Named { text: link.text.clone(), origin } };
            SqlExpr::Compare("=".into(), Box::new(left), vec![self.model_column(SourceRef::Id(0), found.target, other, None)])
        });
        let on = on.collect();
        self.change(query, |q| {
            q.sources.push(Source { table, alias: None, join: Some(Join { outer: false, on, relation: None }), origin })
        });
    }

    /// A value, or an object of operators over one.
    fn filter_value(&mut self, at: &At, left: SqlExpr, value: &Value) -> SqlExpr {
        let entries = self.entries(value);
        if entries.is_empty() {
            return self.equal(at, left, value);
        }
        let mut right = Vec::new();
        for (_, value) in entries {
            right.extend(self.expressions(at, &value, TextIs::Value).into_iter().filter(SqlExpr::has_columns));
        }
        right.push(SqlExpr::Value(None));
        SqlExpr::Compare("=".into(), Box::new(left), right)
    }

    /// What a callback gives for the root's model (`where: (e, { gt }) => gt(e.id, 0)`).
    pub(super) fn called_with_root(&mut self, at: &At, function: &Value) -> Value {
        let Some(model) = self.root_model(at.query) else { return Value::Unknown };
        let root = Value::Model { model, alias: None, origin: None };
        let words = self.words.clone();
        let module = words.mapper(at.pack).and_then(|m| m.expressions.first()).map(|m| Value::External(m.as_str().into()));
        let args = Self::positional(std::iter::once(root).chain(module).collect(), at.site);
        self.call_function(function, args, at.site)
    }

    /// `{ id: true, owner: { select: ... } }`: fields to select, relations to load.
    pub(super) fn select_object(&mut self, at: &At, value: &Value, call: &mut Call, act: Act) -> Vec<SqlExpr> {
        let mut out = Vec::new();
        let loads = self.query(at.query).map_or(0, |q| q.loads.len());
        self.select_entries(at, value, call, act, false, &mut out);
        let loaded = self.query(at.query).is_some_and(|q| q.loads.len() > loads);
        if act == Act::Only && out.is_empty() && loaded {
            // relations alone: of the row itself what they are found by
            out.extend(self.root_model(at.query).map(|m| self.key_field(0, m, None)));
        }
        out
    }

    fn select_entries(&mut self, at: &At, value: &Value, call: &mut Call, act: Act, counts: bool, out: &mut Vec<SqlExpr>) {
        let Some(model) = self.root_model(at.query) else { return };
        for (key, value) in self.entries(value) {
            let MapKey::Name(name) = key else { continue };
            if act == Act::Defer {
                let left_out = is_false(&value).then(|| self.field_of(model, &name.text)).flatten();
                out.extend(left_out.map(|(holder, field)| SqlExpr::Field {
                    source: SourceRef::Id(0),
                    model: holder,
                    field,
                    origin: name.origin,
                }));
                continue;
            }
            if let Some(relation) = self.relation_of(model, &name.text) {
                if is_false(&value) {
                    continue;
                }
                if act == Act::Only {
                    out.extend(self.relation_keys(SourceRef::Id(0), model, relation, None));
                }
                let query = self.nested_query(model, relation, &value, call, counts);
                self.change(at.query, |q| q.loads.push(Load { path: vec![(relation, name.origin)], joined: false, query }));
                continue;
            }
            let counted = is_count(&name.text) && self.field_of(model, &name.text).is_none();
            if is_false(&value) || (matches!(act, Act::LoadApart | Act::LoadJoined) && !counted) {
                continue;
            }
            if let Some((holder, field)) = self.field_of(model, &name.text).filter(|_| !counts) {
                out.push(SqlExpr::Field { source: SourceRef::Id(0), model: holder, field, origin: name.origin });
                continue;
            }
            if counted && matches!(value, Value::Scalar(_)) {
                self.count_all(at, model, name.origin);
            }
            let inside = self.entries(&value);
            for (_, value) in &inside {
                // counts of relations
                self.select_entries(at, value, call, act, counts || counted, out);
            }
            if inside.is_empty() && !matches!(value, Value::Scalar(_)) && !counted {
                let read = self.expressions(at, &value, TextIs::Name);
                out.extend(read.into_iter().map(|e| SqlExpr::Label(Box::new(e), name.clone())));
            }
        }
    }

    /// `_count: true`: the rows of all relations with several are counted.
    fn count_all(&mut self, at: &At, model: ModelId, origin: Option<Origin>) {
        if self.query(at.query).is_some_and(|q| q.verb == Some(Verb::Aggregate)) {
            return;
        }
        let relations = self.models.get(model).map_or(&[][..], |m| &m.relations);
        let several = |r: &Relation| matches!(r.shape, RelationShape::ToMany | RelationShape::ManyToMany);
        let all: Vec<RelationId> = relations.iter().enumerate().filter(|(_, r)| several(r)).map(|(i, _)| i as RelationId).collect();
        for relation in all {
            let query = self.key_query(model, relation);
            self.change(at.query, |q| q.loads.push(Load { path: vec![(relation, origin)], joined: false, query }));
        }
    }

    /// A query of the rows of a relation that reads no more than what they are found by.
    fn key_query(&mut self, model: ModelId, relation: RelationId) -> Option<QueryId> {
        let found = self.models.get(model)?.relations.get(relation as usize)?.clone();
        let pack = self.models.get(model)?.pack.clone();
        let query = self.begin(Query { pack, used: true, unordered: true, ..Query::default() });
        self.set_root(query, SourceTable::Model(found.target), None, None);
        let keys: Vec<SqlExpr> = match found.through {
            None => found.keys.iter().map(|(_, other)| self.model_column(SourceRef::Id(0), found.target, other, None)).collect(),
            Some(_) => vec![self.key_field(0, found.target, None)],
        };
        self.change(query, |q| {
            q.only = keys;
            q.columns_only = true;
        });
        Some(query)
    }

    /// Fields of the root, and of relations under their names, that a nested object or a list names.
    pub(super) fn fields(&mut self, at: &At, value: &Value) -> Vec<SqlExpr> {
        if let Value::Object(id) = value
            && let Some(Object::List { items, .. }) = self.object(*id).cloned()
        {
            return items.iter().flat_map(|v| self.expressions(at, v, TextIs::Name)).collect();
        }
        let mut out = Vec::new();
        if let Some(model) = self.root_model(at.query) {
            self.add_fields(SourceRef::Id(0), model, value, &mut out, 0);
        }
        out
    }

    fn add_fields(&self, source: SourceRef, model: ModelId, value: &Value, out: &mut Vec<SqlExpr>, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        for (key, value) in self.entries(value) {
            let MapKey::Name(name) = key else { continue };
            if is_false(&value) {
                continue;
            }
            let relation = self.relation_of(model, &name.text);
            let target = relation.and_then(|r| self.models.get(model)?.relations.get(r as usize)).map(|r| r.target);
            if let Some((holder, field)) = self.field_of(model, &name.text) {
                out.push(SqlExpr::Field { source: source.clone(), model: holder, field, origin: name.origin });
            } else if let Some(target) = target {
                self.add_fields(SourceRef::Model(target, None), target, &value, out, depth + 1);
            } else if self.has_embedded(model, &name.text) {
                for (inner, value) in self.entries(&value) {
                    let MapKey::Name(inner) = inner else { continue };
                    let found = self.field_of(model, &format!("{}.{}", name.text, inner.text)).filter(|_| !is_false(&value));
                    out.extend(found.map(|(holder, field)| SqlExpr::Field {
                        source: source.clone(),
                        model: holder,
                        field,
                        origin: inner.origin,
                    }));
                }
            }
        }
    }

    /// What an object of the same shape as the call's asks of a relation.
    fn nested_query(&mut self, model: ModelId, relation: RelationId, value: &Value, call: &Call, counts: bool) -> Option<QueryId> {
        let found = self.models.get(model)?.relations.get(relation as usize)?.clone();
        if !counts && self.entries(value).is_empty() {
            return None;
        }
        let words = self.words.clone();
        let rule = words.call(call.rule)?;
        let query = match counts {
            true => self.key_query(model, relation)?,
            false => {
                let pack = words.packs.get(call.pack)?.id.clone();
                let query = self.begin(Query { pack, used: true, ..Query::default() });
                self.set_root(query, SourceTable::Model(found.target), None, None);
                query
            }
        };
        let args = [super::calls::argument(value.clone(), call.site)];
        let mut state =
            Call { rule: call.rule, pack: call.pack, receiver: None, args: args.into(), site: call.site, query, result: None, along: None };
        for step in rule.steps.iter().filter(|s| s.take.0.iter().any(|t| matches!(t, Take::Key(..)))) {
            self.act(&words, &mut state, step);
        }
        let narrowed = self.query(query).is_some_and(|q| !q.only.is_empty());
        if narrowed && found.through.is_none() {
            let keys: Vec<SqlExpr> =
                found.keys.iter().map(|(_, other)| self.model_column(SourceRef::Id(0), found.target, other, None)).collect();
            self.change(query, |q| q.only.extend(keys));
        }
        Some(query)
    }

    /// `('a', 'desc')`, `{ a: 'desc' }`, `[{ column: 'a', order: 'desc' }]`, expressions.
    pub(super) fn order(&mut self, at: &At, taken: &[Argument]) -> Vec<SqlExpr> {
        let mut out = Vec::new();
        if let [first, direction, ..] = taken
            && let Some(word) = self.text_of(&direction.value).filter(|w| is_direction(&w.text))
        {
            let read = self.expressions(at, &first.value, TextIs::Name);
            let down = word.text.eq_ignore_ascii_case("desc");
            return read.into_iter().map(|e| if down { SqlExpr::Descending(Box::new(e)) } else { e }).collect();
        }
        // `('a', (ob) => ob.desc())`, ('a', sql`desc nulls last`)
        let directed = matches!(taken, [first, second, ..] if self.text_of(&first.value).is_some() && matches!(second.value, Value::Function { .. } | Value::Expr(_)));
        for (i, arg) in taken.iter().take(if directed { 1 } else { usize::MAX }).enumerate() {
            if i > 0 && self.is_direction_value(&arg.value) {
                continue;
            }
            self.order_value(at, 0, &arg.value, &mut out, 0);
        }
        out
    }

    /// `'ASC'`, `'desc'`, one of them; unknown text behind a column.
    fn is_direction_value(&self, value: &Value) -> bool {
        match value {
            Value::OneOf(all) => all.iter().all(|v| matches!(v, Value::Null) || self.is_direction_value(v)),
            Value::Unknown => true,
            value => self.text_of(value).is_some_and(|w| is_direction(w.text.trim())),
        }
    }

    fn order_value(&mut self, at: &At, source: SourceId, value: &Value, out: &mut Vec<SqlExpr>, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        match value {
            Value::Object(id) => match self.object(*id).cloned() {
                Some(Object::List { items, .. }) => match self.order_list(at, &items) {
                    Some(read) => out.extend(read),
                    None => items.iter().for_each(|v| self.order_value(at, source, v, out, depth + 1)),
                },
                Some(Object::Map { entries, .. }) => {
                    let entry =
                        |name: &str| entries.iter().find_map(|(k, v)| matches!(k, MapKey::Name(n) if &*n.text == name).then(|| v.clone()));
                    if let (Some(column), true) = (entry("column"), entries.len() <= 3) {
                        let down = entry("order").and_then(|v| self.text_of(&v)).is_some_and(|w| w.text.eq_ignore_ascii_case("desc"));
                        let read = self.expressions(at, &column, TextIs::Name);
                        out.extend(read.into_iter().map(|e| if down { SqlExpr::Descending(Box::new(e)) } else { e }));
                        return;
                    }
                    for (key, value) in entries.iter().filter(|(key, _)| !key.is_spread()) {
                        self.order_entry(at, source, key, value, out, depth);
                    }
                }
                _ => {}
            },
            Value::Tuple(all) | Value::OneOf(all) => all.clone().iter().for_each(|v| self.order_value(at, source, v, out, depth + 1)),
            Value::Function { .. } if self.words.mapper(at.pack).is_none_or(|m| m.callbacks.is_empty()) => {
                let built = self.called_with_root(at, value);
                out.extend(self.expressions(at, &built, TextIs::Name));
            }
            _ => out.extend(self.expressions(at, value, TextIs::Name)),
        }
    }

    fn order_entry(&mut self, at: &At, source: SourceId, key: &MapKey, value: &Value, out: &mut Vec<SqlExpr>, depth: usize) {
        let MapKey::Name(name) = key else {
            out.extend(self.key_expressions(at, key));
            return;
        };
        let model = self.source_model(at.query, source);
        let field = model.and_then(|m| self.field_of(m, &name.text));
        let relation = model.and_then(|m| self.relation_of(m, &name.text));
        match (field, relation) {
            (Some((model, field)), _) => {
                let expr = SqlExpr::Field { source: SourceRef::Id(source), model, field, origin: name.origin };
                let down = self.text_of(value).is_some_and(|w| w.text.eq_ignore_ascii_case("desc"));
                out.push(if down { SqlExpr::Descending(Box::new(expr)) } else { expr });
            }
            (None, Some(relation)) => {
                let Some(next) = self.join_relation(at.query, source, relation, name.origin, true, None) else { return };
                let before = out.len();
                self.order_value(at, next, value, out, depth + 1);
                if out.len() == before {
                    let target = self.source_model(at.query, next).unwrap_or_default();
                    out.push(SqlExpr::Call("count".into(), vec![self.key_field(next, target, None)]));
                }
            }
            // `{ _sum: { points: 'desc' } }`
            _ if is_count(&name.text) && !self.entries(value).is_empty() => self.order_value(at, source, value, out, depth + 1),
            _ if source == 0 && !is_count(&name.text) => {
                let read = self.name(at, name);
                out.push(read);
            }
            _ => {}
        }
    }

    /// Values to write, with relations whose keys are written with them.
    pub(super) fn data(&mut self, at: &At, value: &Value) -> Pairs {
        let arg = super::calls::argument(value.clone(), at.site);
        self.pairs(at, &[arg])
    }
}

fn is_direction(word: &str) -> bool {
    word.eq_ignore_ascii_case("asc") || word.eq_ignore_ascii_case("desc")
}

fn is_count(word: &str) -> bool {
    word.starts_with('_')
}
