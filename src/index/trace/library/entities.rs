//! Instances of models: made, changed, walked along their relations.

use super::names::At;
use super::set::Pairs;
use super::words::Vocabulary;
use crate::grammar::mapper::{Act, EntityWrites, JoinsOwners, NamesMean, RelationShape, RowsAre, Step, Verb};
use crate::index::mapping::{FieldId, ModelId, Named, Origin, Relation, RelationId};
use crate::index::trace::query::{EntityWrite, Join, Query, QueryId, Source, SourceRef, SourceTable, SqlExpr};
use crate::index::trace::value::{Argument, Handle, Object, ObjectId, Value};
use crate::index::trace::{Tracer, Use};
use std::rc::Rc;

impl Tracer<'_> {
    /// See [`Tracer::library_construct`].
    pub(super) fn constructed(&mut self, model: ModelId, named: Option<Origin>, args: &[Argument], site: Origin) -> Value {
        let mut written = Vec::new();
        for arg in args {
            match &arg.name {
                Some(name) => written.push((name.clone(), arg.value.clone(), arg.origin)),
                None => {
                    for (key, value) in self.entries(&arg.value) {
                        if let crate::index::trace::value::MapKey::Name(name) = key {
                            let origin = name.origin.unwrap_or(arg.origin);
                            written.push((name, value, origin));
                        }
                    }
                }
            }
        }
        // Whether the new row is ever stored is another question: its fields are named here.
        for (name, ..) in &written {
            if let (Some((model, field)), Some(origin)) = (self.field_of(model, &name.text), name.origin) {
                self.found.uses.push(Use { origin, model, field, carried: false });
            }
        }
        let on_flush = self.writes_on_flush(model);
        if on_flush {
            let own = self.initialised(model, args, site);
            let new: Vec<_> = own.into_iter().filter(|(n, ..)| !written.iter().any(|(w, ..)| w.text == n.text)).collect();
            let set = new.iter().map(|(name, value, origin)| Argument {
                name: Some(name.clone()),
                value: value.clone(),
                spread: false,
                double: false,
                origin: *origin,
                text: "".into(),
            });
            // a keyword that is no attribute is for the model's own constructor
            let known = |a: &&Argument| {
                let attribute = |n: &Named| self.field_of(model, &n.text).is_some() || self.relation_of(model, &n.text).is_some();
                a.name.as_ref().is_none_or(attribute)
            };
            let args: Vec<Argument> = args.iter().filter(known).cloned().chain(set).collect();
            written.extend(new);
            let query = self.write_of(model, named, Verb::Insert, EntityWrite::New, site);
            let at = self.at_write(model, query, site);
            let pairs = self.pairs(&at, &args);
            self.change(query, |q| q.set = pairs);
            self.dispatch(query, site);
        }
        Value::Object(self.allocate(Object::Entity { model, many: false, fresh: true, written, query: None, origin: site }))
    }

    /// What the constructor of a model's own class sets.
    fn initialised(&mut self, model: ModelId, args: &[Argument], site: Origin) -> Vec<(Named, Value, Origin)> {
        let entity = Object::Entity { model, many: false, fresh: true, written: Vec::new(), query: None, origin: site };
        let entity = self.allocate(entity);
        self.call_own_method(&Value::Object(entity), "__init__", args.to_vec(), site);
        match self.object(entity) {
            Some(Object::Entity { written, .. }) => written.clone(),
            _ => Vec::new(),
        }
    }

    fn writes_on_flush(&self, model: ModelId) -> bool {
        let mapper = self.pack_of(model).and_then(|p| self.words.mapper(p));
        mapper.is_some_and(|m| m.writes == EntityWrites::OnFlush) && self.models.get(model).is_some_and(|m| !m.is_abstract)
    }

    fn write_of(&mut self, model: ModelId, named: Option<Origin>, verb: Verb, entity: EntityWrite, site: Origin) -> QueryId {
        let pack = self.models.get(model).map_or_else(|| "".into(), |m| m.pack.clone());
        let query = self.begin(Query { pack, verb: Some(verb), entity: Some(entity), parts: vec![site], ..Query::default() });
        self.set_root(query, SourceTable::Model(model), None, named);
        query
    }

    fn at_write(&self, model: ModelId, query: QueryId, site: Origin) -> At {
        At { pack: self.pack_of(model).unwrap_or_default(), query, site, names: NamesMean::Fields, outputs: false, keep: false }
    }

    /// See [`Tracer::library_assign`].
    pub(super) fn assigned(&mut self, entity: ObjectId, name: &Named, value: Value, site: Origin) {
        let Some(Object::Entity { model, written, fresh, .. }) = self.object_mut(entity) else { return };
        let (model, fresh) = (*model, *fresh);
        written.retain(|(n, _, _)| n.text != name.text);
        written.push((name.clone(), value.clone(), site));
        let known = self.field_of(model, &name.text).is_some() || self.relation_of(model, &name.text).is_some();
        if !known || !self.writes_on_flush(model) {
            if let (Some((holder, field)), Some(origin)) = (self.field_of(model, &name.text), name.origin) {
                self.found.uses.push(Use { origin, model: holder, field, carried: false });
            }
            return;
        }
        let (verb, write) = if fresh { (Verb::Insert, EntityWrite::New) } else { (Verb::Update, EntityWrite::Changed) };
        let query = self.write_of(model, None, verb, write, site);
        let at = self.at_write(model, query, site);
        let arg = Argument { name: Some(name.clone()), value, spread: false, double: false, origin: site, text: "".into() };
        let pairs = self.pairs(&at, &[arg]);
        if pairs.is_empty() {
            self.change(query, |q| q.used = true);
            return;
        }
        // the row's key, and the times and versions that the library adds, are said where the work is flushed
        self.change(query, |q| {
            q.set = pairs;
            q.entity = q.entity.filter(|_| fresh);
        });
        self.dispatch(query, site);
    }

    /// An attribute of an entity: what code has set, a relation, a field.
    pub(super) fn entity_member(&mut self, id: ObjectId, name: &Named) -> Option<Value> {
        let Object::Entity { model, written, query, fresh, many, .. } = self.object(id)?.clone() else { return None };
        if let Some((_, value, _)) = written.iter().rev().find(|(n, _, _)| n.text == name.text) {
            return Some(value.clone());
        }
        let pack = self.pack_of(model)?;
        let kind = if many { "entities" } else { "entity" };
        let relation = self.relation_of(model, &name.text);
        let words = self.words.clone();
        let rule = words.members(pack, kind, &name.text).find(|rule| {
            let shape = relation.and_then(|r| self.models.get(model)?.relations.get(r as usize)).map(|r| r.shape);
            rule.names.iter().any(|n| match n.as_str() {
                "*to-one*" => matches!(shape, Some(RelationShape::ToOne | RelationShape::OneFrom)),
                "*to-many*" => matches!(shape, Some(RelationShape::ToMany | RelationShape::ManyToMany)),
                exact => exact == &*name.text,
            })
        });
        if let (Some(rule), Some(relation)) = (rule, relation) {
            let found = self.models.get(model)?.relations.get(relation as usize)?.clone();
            let loaded = query.is_some_and(|q| self.is_loaded(q, relation));
            if rule.loads
                && !found.dynamic
                && !loaded
                && !fresh
                && let Some(site) = name.origin
            {
                let query = self.lazily(id, model, relation, &found, name, site);
                self.dispatch(query, site);
            }
            let instance = if rule.like.is_empty() { None } else { self.first_of_kind(found.target, &rule.like) };
            let handle = Handle {
                instance,
                pack: words.packs.get(pack)?.id.clone(),
                kind: if found.dynamic { "query" } else { rule.gives.as_str() }.into(),
                model: Some(found.target),
                of: Some((id, relation, name.origin)),
                ..Handle::default()
            };
            return Some(Value::Handle(handle));
        }
        if let Some(relation) = relation {
            let loaded = query.is_some_and(|q| self.is_loaded(q, relation));
            let lazy = words.mapper(pack).is_some_and(|m| m.lazy);
            let found = self.models.get(model)?.relations.get(relation as usize)?.clone();
            let many = matches!(found.shape, RelationShape::ToMany | RelationShape::ManyToMany);
            let site = name.origin.unwrap_or(Origin { file: 0, span: Default::default() });
            let waits = words.mapper(pack).is_some_and(|m| m.thenable);
            let next = if (lazy || waits) && !loaded && !fresh && name.origin.is_some() {
                let query = self.lazily(id, model, relation, &found, name, site);
                if lazy {
                    self.dispatch(query, site);
                }
                Some(query)
            } else {
                self.rest_of_loads(query, relation, &found)
            };
            return Some(self.loaded(found.target, many, next, site));
        }
        let (holder, field) = self.field_of(model, &name.text)?;
        if let Some(origin) = name.origin
            && !fresh
        {
            if let Some(query) = query
                && words.mapper(pack).is_some_and(|m| m.lazy)
            {
                self.load_deferred(id, query, (model, holder, field), origin);
            }
            self.found.uses.push(Use { origin, model: holder, field, carried: false });
        }
        Some(Value::Unknown)
    }

    /// Reading a field that the query left out sends a statement of its own.
    fn load_deferred(&mut self, id: ObjectId, query: QueryId, (model, holder, field): (ModelId, ModelId, FieldId), site: Origin) {
        let same = |e: &SqlExpr| matches!(e, SqlExpr::Field { model, field: f, .. } if (*model, *f) == (holder, field));
        let key = self.models.get(holder).and_then(|m| m.fields.get(field as usize)).is_none_or(|f| f.primary);
        let left_out = self.query(query).is_some_and(|q| (!q.only.is_empty() && !q.only.iter().any(same)) || q.defer.iter().any(same));
        let whole = self.query(query).is_some_and(|q| q.only.iter().all(|e| matches!(e, SqlExpr::Field { .. })));
        if key || !left_out || !whole || self.root_model(query) != Some(model) {
            return;
        }
        let pack = self.models.get(model).map_or_else(|| "".into(), |m| m.pack.clone());
        let only = vec![SqlExpr::Field { source: SourceRef::Id(0), model: holder, field, origin: Some(site) }];
        let again = Query { pack, verb: Some(Verb::Select), parts: vec![site], only, unordered: true, ..Query::default() };
        let again = self.begin(again);
        self.set_root(again, SourceTable::Model(model), None, None);
        let at = self.at_write(model, again, site);
        self.only_this(&at, id);
        self.dispatch(again, site);
    }

    /// The instance that the first attribute of a kind of a model holds (its default manager).
    fn first_of_kind(&mut self, model: ModelId, kind: &str) -> Option<ObjectId> {
        let class = self.models.get(model)?.class?;
        self.attributes_of(class).into_iter().find_map(|value| match value {
            Value::Handle(handle) if &*handle.kind == kind => Some(handle.instance),
            _ => None,
        })?
    }

    /// Whether reading the attribute that a value is has loaded its rows.
    pub(super) fn is_read(&self, handle: &Handle) -> bool {
        let Some((entity, relation, _)) = handle.of.filter(|_| handle.query.is_none()) else { return false };
        let Some(Object::Entity { model, .. }) = self.object(entity) else { return false };
        let mapper = self.pack_of(*model).and_then(|p| self.words.mapper(p));
        let loads = mapper.is_some_and(|m| m.member.iter().any(|r| r.loads && *r.gives == *handle.kind));
        let dynamic = self.models.get(*model).and_then(|m| m.relations.get(relation as usize)).is_some_and(|r| r.dynamic);
        loads && !dynamic
    }

    /// The query that loaded an entity, as far as it loads along a relation.
    pub(super) fn loads_along(&mut self, handle: &Handle) -> Option<(ModelId, Option<QueryId>)> {
        let (entity, relation, _) = handle.of?;
        let Object::Entity { model, query, .. } = self.object(entity)? else { return None };
        let (model, query) = (*model, *query);
        let found = self.models.get(model)?.relations.get(relation as usize)?.clone();
        Some((found.target, self.rest_of_loads(query, relation, &found)))
    }

    /// Whether a query loads a relation of its root.
    fn is_loaded(&self, query: QueryId, relation: RelationId) -> bool {
        let by_model = |q: &Query| match q.sources.first().map(|s| &s.table) {
            _ if q.without_eager => false,
            Some(SourceTable::Model(m)) => self.models.get(*m).and_then(|m| m.relations.get(relation as usize)).is_some_and(|r| r.eager),
            _ => false,
        };
        // `select(Book, Author)`, where that gives books with their authors
        let selected = |q: &Query| {
            let entities = self.words.pack(&q.pack).and_then(|p| self.words.mapper(p)).is_some_and(|m| m.rows == RowsAre::Entities);
            let Some(SourceTable::Model(root)) = q.sources.first().map(|s| &s.table) else { return false };
            let target = self.models.get(*root).and_then(|m| m.relations.get(relation as usize)).map(|r| r.target);
            entities && q.select.iter().any(|e| matches!(e, SqlExpr::Star(SourceRef::Model(m, _)) if Some(*m) == target))
        };
        self.query(query)
            .is_some_and(|q| by_model(q) || selected(q) || q.loads.iter().any(|l| l.path.first().is_some_and(|(r, _)| *r == relation)))
    }

    /// A query that stands for the rows that were loaded along a relation: what was loaded further on.
    fn rest_of_loads(&mut self, query: Option<QueryId>, relation: RelationId, found: &Relation) -> Option<QueryId> {
        let before = self.query(query?)?;
        let rest = before.loads.iter().filter(|l| l.path.len() > 1 && l.path.first().is_some_and(|(r, _)| *r == relation));
        let loads: Vec<_> = rest
            .map(|l| {
                let mut load = l.clone();
                load.path.remove(0);
                load
            })
            .collect();
        let pack = before.pack.clone();
        let next = self.begin(Query { pack, loads, used: true, ..Query::default() });
        self.set_root(next, SourceTable::Model(found.target), None, None);
        Some(next)
    }

    /// Sends what the deletion of an entity sends along its relations: their rows are loaded unless they are there,
    /// and deleted where the relation says so.
    pub(super) fn delete_along(&mut self, id: ObjectId, site: Origin) {
        let Some(Object::Entity { model, query, fresh: false, .. }) = self.object(id) else { return };
        let (model, query) = (*model, *query);
        let relations = self.models.get(model).map(|m| m.relations.clone()).unwrap_or_default();
        // a unit of work looks at the others when it is flushed
        let on_flush = self.writes_on_flush(model);
        for (number, found) in relations.iter().enumerate().filter(|(_, r)| r.cascade || !on_flush) {
            let number = number as RelationId;
            let many = matches!(found.shape, RelationShape::ToMany | RelationShape::OneFrom);
            if !many || found.dynamic || found.keys.is_empty() || found.target == model {
                continue;
            }
            if !query.is_some_and(|q| self.is_loaded(q, number)) {
                let load = self.lazily(id, model, number, found, &Named { text: found.name.clone(), origin: None }, site);
                self.dispatch(load, site);
            }
            if found.cascade {
                let query = self.write_of(found.target, None, Verb::Delete, EntityWrite::Changed, site);
                let at = self.at_write(found.target, query, site);
                let keys = self.key(&at, &[]);
                self.change(query, |q| {
                    q.entity = None;
                    q.filters = keys;
                });
                self.dispatch(query, site);
            }
        }
    }

    /// The statement that reading a relation sends.
    fn lazily(&mut self, id: ObjectId, model: ModelId, relation: RelationId, found: &Relation, name: &Named, site: Origin) -> QueryId {
        let pack = self.models.get(model).map_or_else(|| "".into(), |m| m.pack.clone());
        let query = self.begin(Query { pack, verb: Some(Verb::Select), parts: vec![site], ..Query::default() });
        self.set_root(query, SourceTable::Model(found.target), None, name.origin);
        self.restrict_to_relation(query, id, relation, name.origin, site);
        query
    }

    /// Cuts a query down to the rows that belong to an entity along a relation.
    pub(super) fn restrict_to_relation(
        &mut self,
        query: QueryId,
        entity: ObjectId,
        relation: RelationId,
        origin: Option<Origin>,
        _site: Origin,
    ) {
        let model = match self.object(entity) {
            Some(Object::Entity { model, .. }) => *model,
            _ => return,
        };
        let Some(found) = self.models.get(model).and_then(|m| m.relations.get(relation as usize)).cloned() else { return };
        self.set_root(query, SourceTable::Model(found.target), None, origin);
        let value = || vec![SqlExpr::Value(None)];
        let mut filters = Vec::new();
        let reads = self.query(query).is_none_or(|q| !q.verb.unwrap_or_default().writes());
        let joins = self.pack_of(model).and_then(|p| self.words.mapper(p)).map(|m| m.joins_owners).unwrap_or_default();
        let owner = match (joins, &found.through) {
            (JoinsOwners::Always, _) => found.shape != RelationShape::ToOne,
            (JoinsOwners::Links, through) => through.is_some(),
            (JoinsOwners::Never, _) => false,
        };
        let owner = owner && reads;
        match &found.through {
            None if owner => self.join_owner(query, 0, model, &found, &mut filters),
            None => {
                for (_, other) in &found.keys {
                    let left = self.model_column(SourceRef::Id(0), found.target, other, origin);
                    filters.push(SqlExpr::Compare("=".into(), Box::new(left), value()));
                }
            }
            Some(through) => {
                let table = match through.model {
                    Some(m) => SourceTable::Model(m),
                    None => SourceTable::Implied { schema: through.schema.clone(), name: through.table.clone() },
                };
                let link = |name: &Named| SqlExpr::Column { source: SourceRef::Id(1), name: name.clone() };
                let on = through.keys.iter().map(|(link_column, other)| {
                    let right = self.model_column(SourceRef::Id(0), found.target, other, None);
                    SqlExpr::Compare("=".into(), Box::new(link(link_column)), vec![right])
                });
                let on = on.collect();
                if !owner {
                    filters.extend(found.keys.iter().map(|(_, own)| SqlExpr::Compare("=".into(), Box::new(link(own)), value())));
                }
                self.change(query, |q| {
                    q.sources.push(Source { table, alias: None, join: Some(Join { outer: false, on, relation: None }), origin })
                });
                if owner {
                    self.join_owner(query, 1, model, &found, &mut filters);
                }
            }
        }
        self.change(query, |q| q.filters.extend(filters));
    }

    /// Joins the table of the entity to that of its relation's keys; the entity's own key says which rows are meant.
    fn join_owner(&mut self, query: QueryId, from: u32, model: ModelId, relation: &Relation, filters: &mut Vec<SqlExpr>) {
        let source = self.query(query).map_or(0, |q| q.sources.len()) as u32;
        let mut on = Vec::new();
        for (own, other) in &relation.keys {
            let left = match from {
                0 => self.model_column(SourceRef::Id(0), relation.target, other, None),
                _ => SqlExpr::Column { source: SourceRef::Id(from), name: other.clone() },
            };
            let key = self.model_column(SourceRef::Id(source), model, own, None);
            on.push(SqlExpr::Compare("=".into(), Box::new(left), vec![key.clone()]));
            filters.push(SqlExpr::Compare("=".into(), Box::new(key), vec![SqlExpr::Value(None)]));
        }
        let join = Some(Join { outer: false, on, relation: None });
        self.change(query, |q| q.sources.push(Source { table: SourceTable::Model(model), alias: None, join, origin: None }));
    }

    /// Begins a query of the rows of a relation of the receiver.
    pub(super) fn begin_related(&mut self, at: &At, taken: &[Argument], call: &mut super::calls::Call) {
        let (model, entity) = match call.receiver {
            Some(Value::Model { model, .. }) => (*model, None),
            Some(Value::Object(id)) => match self.object(*id) {
                Some(Object::Entity { model, .. }) => (*model, Some(*id)),
                _ => return,
            },
            _ => return,
        };
        let Some(name) = taken.first().and_then(|a| self.text_of(&a.value)) else { return };
        let Some(relation) = self.relation_of(model, &name.text) else {
            return self.change(at.query, |q| q.unknown.push((format!("no relation `{}`", name.text).into(), at.site)));
        };
        self.change(at.query, |q| {
            q.sources.clear();
            q.filters.clear();
        });
        match entity {
            Some(entity) => {
                self.restrict_to_relation(at.query, entity, relation, name.origin, at.site);
                call.along = Some((entity, relation, name.origin));
            }
            None => {
                let pack = self.query(at.query).map_or_else(|| "".into(), |q| q.pack.clone());
                let related = self.related(pack, model, relation, SourceRef::Model(model, None), name.origin);
                if let Some(built) = self.query(related).cloned() {
                    self.change(at.query, |q| {
                        q.sources = built.sources;
                        q.filters = built.filters;
                    });
                }
            }
        }
    }

    /// Writes the key of the entity whose relation a new row is added to.
    pub(super) fn link_new(&mut self, at: &At, handle: &Handle) {
        let Some((entity, relation, origin)) = handle.of else { return };
        let Some(Object::Entity { model, .. }) = self.object(entity) else { return };
        let Some(found) = self.models.get(*model).and_then(|m| m.relations.get(relation as usize)).cloned() else { return };
        let keys = match &found.through {
            None => found
                .keys
                .iter()
                .map(|(_, other)| (self.model_column(SourceRef::Id(0), found.target, other, None), SqlExpr::Value(None)))
                .collect(),
            Some(_) => Pairs::new(),
        };
        self.change(at.query, |q| {
            q.sources = vec![Source { table: SourceTable::Model(found.target), alias: None, join: None, origin }];
            q.filters.clear();
            q.set.extend(keys);
        });
    }

    /// The keys of the rows whose links are removed: those that the query of a relation finds, or a manager lets through.
    pub(super) fn found_links(&mut self, words: &Rc<Vocabulary>, handle: &Handle, call: &super::calls::Call) -> Option<QueryId> {
        let begins: Option<String> = words.kind(call.pack, &handle.kind).map(|k| k.begins.clone()).filter(|b| !b.is_empty());
        let receiver = call.receiver?;
        let begun = match begins {
            Some(method) => match self.call_own_method(receiver, &method, Vec::new(), call.site)? {
                Value::Handle(Handle { query: Some(query), .. }) => {
                    self.change(query, |q| q.used = true);
                    Some(query).filter(|&q| self.query(q).is_some_and(|q| !q.filters.is_empty()))
                }
                _ => None,
            },
            None => handle.query,
        }?;
        let rows = self.query(begun)?.clone();
        let model = self.root_model(begun)?;
        let key = self.key_field(0, model, None);
        Some(self.begin(Query { select: vec![key], verb: Some(Verb::Select), used: true, unordered: true, ..rows }))
    }

    /// Makes of a query of a relation's rows, which conditions were added to, the removal of what links them.
    pub(super) fn unlink_rows(&mut self, at: &At) {
        let Some(rows) = self.query(at.query).cloned() else { return };
        let [_, through, ..] = rows.sources.as_slice() else { return };
        let link = through.join.iter().flat_map(|j| &j.on).find_map(|on| match on {
            SqlExpr::Compare(_, left, _) => match &**left {
                SqlExpr::Column { source: SourceRef::Id(1), name } => Some(name.clone()),
                _ => None,
            },
            _ => None,
        });
        let (Some(link), Some(model)) = (link, self.root_model(at.query)) else { return };
        let table = Source { join: None, ..through.clone() };
        let (pack, parts) = (rows.pack.clone(), rows.parts.clone());
        let key = self.key_field(0, model, None);
        let found = self.begin(Query { select: vec![key], verb: Some(Verb::Select), used: true, unordered: true, ..rows });
        let column = SqlExpr::Column { source: SourceRef::Id(0), name: link };
        let filters = vec![SqlExpr::Compare("IN".into(), Box::new(column), vec![SqlExpr::Query(found)])];
        self.change(at.query, |q| *q = Query { pack, parts, verb: Some(Verb::Delete), sources: vec![table], filters, ..Query::default() });
    }

    /// Writes or removes what links the rows of a relation: rows of the join table, else the key on the other side.
    ///
    /// `found` says which rows' links are removed.
    pub(super) fn link(&mut self, at: &At, step: &Step, handle: &Handle, found_rows: Option<QueryId>) {
        let Some((entity, relation, origin)) = handle.of else { return };
        let Some(Object::Entity { model, .. }) = self.object(entity) else { return };
        let model = *model;
        let Some(found) = self.models.get(model).and_then(|m| m.relations.get(relation as usize)).cloned() else { return };
        let named = |name: &Named| Named { text: name.text.clone(), origin: name.origin };
        let pairs: Pairs;
        let verb;
        let table = match &found.through {
            Some(through) => {
                let others = through.keys.iter().filter(|_| !matches!(step.act, Act::UnlinkAll | Act::UnlinkFound)).map(|(link, _)| link);
                let columns = found.keys.iter().map(|(_, link)| link).chain(others);
                pairs = columns.map(|c| (SqlExpr::Column { source: SourceRef::Id(0), name: named(c) }, SqlExpr::Value(None))).collect();
                verb = if step.act == Act::Link { Verb::Insert } else { Verb::Delete };
                match through.model {
                    Some(m) => SourceTable::Model(m),
                    None => SourceTable::Implied { schema: through.schema.clone(), name: through.table.clone() },
                }
            }
            None => {
                let keys = found.keys.iter().map(|(_, other)| self.model_column(SourceRef::Id(0), found.target, other, origin));
                pairs = keys.map(|k| (k, SqlExpr::Value(None))).collect();
                verb = Verb::Update;
                SourceTable::Model(found.target)
            }
        };
        let link = found.through.as_ref().and_then(|t| t.keys.first()).map(|(link, _)| named(link));
        let among = found_rows.zip(link).map(|(rows, link)| {
            let column = SqlExpr::Column { source: SourceRef::Id(0), name: link };
            SqlExpr::Compare("IN".into(), Box::new(column), vec![SqlExpr::Query(rows)])
        });
        self.change(at.query, |q| {
            q.sources = vec![Source { table, alias: None, join: None, origin }];
            q.filters.clear();
            q.verb = Some(verb);
            match verb {
                Verb::Delete => {
                    q.filters = pairs.into_iter().map(|(c, v)| SqlExpr::Compare("=".into(), Box::new(c), vec![v])).collect();
                    q.filters.extend(among);
                }
                Verb::Update => {
                    q.entity = Some(EntityWrite::Changed);
                    q.set = pairs;
                }
                _ => q.set = pairs,
            }
        });
        if verb == Verb::Update {
            let key = self.key_field(0, found.target, None);
            if matches!(key, SqlExpr::Field { .. }) {
                self.change(at.query, |q| q.filters.push(SqlExpr::Compare("=".into(), Box::new(key), vec![SqlExpr::Value(None)])));
            }
        }
    }
}
