//! Members, items and rows of a library's values.

use super::words::PackId;
use crate::grammar::mapper::{Naming, Verb};
use crate::index::mapping::{ModelId, Named, Origin};
use crate::index::trace::Tracer;
use crate::index::trace::query::{Query, SourceRef, SourceTable, SqlExpr};
use crate::index::trace::value::{Handle, Object, Value};
use std::rc::Rc;

impl Tracer<'_> {
    /// See [`Tracer::library_member`].
    pub(super) fn member(&mut self, object: &Value, name: &Named) -> Option<Value> {
        match object {
            Value::Model { model, alias, .. } => self.model_member(object, *model, alias.as_ref(), name),
            Value::Handle(handle) => self.handle_member(&handle.clone(), name),
            Value::Object(id) => match self.object(*id)? {
                Object::Entity { .. } => self.entity_member(*id, name),
                _ => {
                    let (pack, kind) = self.kind_of(object)?;
                    self.member_by_rule(object, pack, &kind, name)
                }
            },
            Value::Expr(_) | Value::Relation { .. } => {
                let (pack, kind) = self.kind_of(object)?;
                self.member_by_rule(object, pack, &kind, name)
            }
            Value::Row { query, .. } => Some(self.row_member(*query, name)),
            Value::External(_) => {
                let (pack, kind) = self.kind_of(object)?;
                let Value::Handle(handle) = self.handle(pack, &kind, None, None) else { return None };
                self.handle_member(&handle, name)
            }
            Value::OneOf(choices) => {
                let found: Vec<Value> = choices.clone().iter().filter_map(|c| self.member(c, name)).collect();
                super::calls::one_of(found)
            }
            _ => None,
        }
    }

    fn model_member(&mut self, object: &Value, model: ModelId, alias: Option<&Named>, name: &Named) -> Option<Value> {
        if let Some(relation) = self.relation_of(model, &name.text) {
            return Some(Value::Relation { model, alias: alias.cloned(), relation, origin: name.origin });
        }
        if let Some((holder, field)) = self.field_of(model, &name.text) {
            let source = SourceRef::Model(model, alias.map(|a| a.text.clone()));
            return Some(Value::Expr(Rc::new(SqlExpr::Field { source, model: holder, field, origin: name.origin })));
        }
        let pack = self.pack_of(model)?;
        // columns of its table go by their own names (`Model.__table__.c.column`)
        self.member_by_rule(object, pack, "model", name).or_else(|| {
            let (holder, field) = self.column_of(model, &name.text)?;
            let source = SourceRef::Model(model, alias.map(|a| a.text.clone()));
            Some(Value::Expr(Rc::new(SqlExpr::Field { source, model: holder, field, origin: name.origin })))
        })
    }

    fn member_by_rule(&mut self, object: &Value, pack: PackId, kind: &str, name: &Named) -> Option<Value> {
        let words = self.words.clone();
        for rule in words.members(pack, kind, &name.text) {
            let wild = rule.names.iter().any(|n| n == "*models*");
            let exact = rule.names.iter().any(|n| **n == *name.text || n == "*");
            if let Some(module) = rule.gives.strip_prefix("module:") {
                return Some(Value::External(format!("{module}.{}", name.text).into()));
            }
            if exact && rule.gives == "same" {
                return Some(object.clone());
            }
            if exact && rule.gives == "through" {
                return self.through(object);
            }
            let model = if wild {
                match self.model_named(pack, rule.naming, &name.text) {
                    Some(model) => Some(model),
                    None => continue,
                }
            } else if exact {
                self.model_of(object)
            } else {
                continue;
            };
            if rule.gives == "model" {
                return model.map(|model| Value::Model { model, alias: None, origin: name.origin });
            }
            let query = match object {
                Value::Handle(handle) => handle.query,
                // `Model.query`: the model is named here
                Value::Model { model, alias, origin: Some(origin) } if rule.gives == "query" => {
                    let pack = self.words.packs.get(pack).map_or_else(|| "".into(), |p| p.id.clone());
                    let query = self.begin(Query { pack, verb: Some(Verb::Select), used: true, ..Query::default() });
                    self.set_root(query, SourceTable::Model(*model), alias.clone(), Some(*origin));
                    Some(query)
                }
                _ => None,
            };
            return Some(match self.handle(pack, &rule.gives, model, query) {
                Value::Handle(made) => {
                    Value::Handle(Handle { of: if let Value::Handle(before) = object { before.of } else { None }, ..made })
                }
                other => other,
            });
        }
        None
    }

    /// The join table of a relation, as a model.
    pub(super) fn through(&self, relation: &Value) -> Option<Value> {
        let Value::Relation { model, relation, origin, .. } = relation else { return None };
        let found = self.models.get(*model)?.relations.get(*relation as usize)?;
        let model = found.through.as_ref()?.model?;
        Some(Value::Model { model, alias: None, origin: *origin })
    }

    /// The model that a library calls so.
    fn model_named(&self, pack: PackId, naming: Naming, name: &str) -> Option<ModelId> {
        let is_so = |m: &crate::index::mapping::Model| match naming {
            Naming::Camel => {
                let mut chars = m.name.text.chars();
                chars.next().is_some_and(|c| name.strip_prefix(c.to_ascii_lowercase()).is_some_and(|rest| rest == chars.as_str()))
            }
            Naming::Lower => m.name.text.to_lowercase() == name,
            _ => *m.name.text == *name,
        };
        let of_pack = |m: &crate::index::mapping::Model| self.words.pack(&m.pack) == Some(pack);
        let named = self.models.models.iter().position(|m| of_pack(m) && is_so(m));
        named.map(|m| m as ModelId).or_else(|| {
            let found = self.models.by_name.get(name)?.iter().copied();
            found.into_iter().find(|&m| self.models.get(m).is_some_and(of_pack))
        })
    }

    fn handle_member(&mut self, handle: &Handle, name: &Named) -> Option<Value> {
        let object = Value::Handle(handle.clone());
        let pack = self.words.pack(&handle.pack)?;
        if let Some(found) = self.member_by_rule(&object, pack, &handle.kind.clone(), name) {
            return Some(found);
        }
        match (&*handle.kind, handle.query) {
            _ if self.words.has_method(pack, &handle.kind, &name.text) => {
                Some(Value::Method { receiver: Box::new(object), name: name.clone() })
            }
            ("subquery", Some(query)) => Some(Value::Expr(Rc::new(Self::result_column(query, name)))),
            ("excluded", _) => {
                let source = SourceRef::Named(Named { text: "excluded".into(), origin: None });
                let field = handle.model.and_then(|m| self.field_of(m, &name.text).or_else(|| self.column_of(m, &name.text)));
                Some(Value::Expr(Rc::new(match field {
                    Some((model, field)) => SqlExpr::Field { source, model, field, origin: name.origin },
                    None => SqlExpr::Column { source, name: name.clone() },
                })))
            }
            _ => None,
        }
    }

    /// See [`Tracer::library_index`].
    pub(super) fn indexed(&mut self, value: &Value, key: &Value, site: Origin) -> Option<Value> {
        // `Model[key]`, where the library has a rule for it
        if let Value::Model { model, .. } = value
            && let Some(pack) = self.pack_of(*model)
            && let Some(rule) = self.words.method(pack, "model", "__getitem__", 1)
        {
            let words = self.words.clone();
            return Some(self.carried_out(&words, rule, pack, Some(value), &[super::calls::argument(key.clone(), site)], site));
        }
        let name = self.text_of(key);
        match (value, name) {
            (Value::Model { model, alias, .. }, Some(name)) => {
                self.field_value(*model, alias.as_ref(), &name).map(|e| Value::Expr(Rc::new(e)))
            }
            (Value::Handle(handle), Some(name)) if matches!(&*handle.kind, "subquery" | "excluded") => {
                self.handle_member(&handle.clone(), &name)
            }
            (Value::Handle(handle), None) if handle.query.is_some() => match key {
                Value::Scalar(_) => self.iterated(value, site),
                _ => Some(value.clone()),
            },
            (Value::Expr(expr), _) => Some(Value::Expr(Rc::new(SqlExpr::Call("".into(), vec![(**expr).clone()])))),
            (Value::Object(_), Some(name)) => self.member(value, &name),
            (Value::Object(id), None) => match self.object(*id)? {
                Object::Entity { many: true, .. } => self.iterated(value, site),
                _ => None,
            },
            (Value::Row { query, .. }, Some(name)) => Some(self.row_member(*query, &name)),
            (Value::Row { .. }, None) => Some(value.clone()),
            _ => None,
        }
    }

    /// See [`Tracer::library_iterate`].
    pub(super) fn iterated(&mut self, value: &Value, site: Origin) -> Option<Value> {
        match value {
            Value::Handle(handle) if self.is_read(handle) => {
                let (target, query) = self.loads_along(&handle.clone())?;
                Some(self.loaded(target, false, query, site))
            }
            Value::Handle(handle) => {
                let query = self.query_to_walk(&handle.clone(), site)?;
                self.dispatch(query, site);
                Some(self.result_of(query, false, site))
            }
            Value::Object(id) => match self.object(*id)?.clone() {
                Object::Entity { model, many: true, fresh, written, query, origin } => {
                    Some(Value::Object(self.allocate(Object::Entity { model, many: false, fresh, written, query, origin })))
                }
                _ => None,
            },
            Value::Row { query, .. } => Some(Value::Row { query: *query, many: false }),
            _ => None,
        }
    }

    /// The query that walking through a value sends.
    fn query_to_walk(&mut self, handle: &Handle, site: Origin) -> Option<u32> {
        if let Some(query) = handle.query {
            let walks = matches!(&*handle.kind, "query");
            if walks {
                self.change(query, |q| q.parts.push(site));
            }
            return walks.then_some(query);
        }
        let (entity, relation, origin) = handle.of?;
        let query = self.begin(Query { pack: handle.pack.clone(), verb: Some(Verb::Select), parts: vec![site], ..Query::default() });
        self.restrict_to_relation(query, entity, relation, origin, site);
        Some(query)
    }

    /// See [`Tracer::library_await`].
    pub(super) fn awaited(&mut self, value: &Value, site: Origin) -> Option<Value> {
        let (pack, kind) = self.kind_of(value)?;
        if !self.words.mapper(pack).is_some_and(|m| m.thenable) {
            return Some(value.clone());
        }
        match value {
            // a relation whose rows have not been read yet
            Value::Object(id) => {
                if let Some(Object::Entity { query: Some(query), .. }) = self.object(*id).cloned()
                    && self.query(query).is_some_and(|q| !q.used)
                {
                    self.dispatch(query, site);
                }
                Some(value.clone())
            }
            Value::Handle(handle) if handle.query.is_none() && handle.of.is_some() => {
                let query = self.query_to_walk(&handle.clone(), site)?;
                self.dispatch(query, site);
                Some(self.result_of(query, true, site))
            }
            Value::Handle(Handle { query: Some(query), .. }) => {
                let single = self.words.kind(pack, &kind).is_some_and(|k| k.query);
                if &*kind != "query" && !single {
                    return Some(value.clone());
                }
                self.dispatch(*query, site);
                Some(self.result_of(*query, !single, site))
            }
            _ => Some(value.clone()),
        }
    }
}
