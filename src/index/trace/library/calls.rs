//! Calls of libraries: which rule holds, what it takes, what is sent, what it gives.

use super::names::At;
use super::words::{PackId, Vocabulary};
use crate::grammar::mapper::{Act, CallRule, Step, Take, Verb};
use crate::index::mapping::{ModelId, Named, Origin, RelationId};
use crate::index::trace::query::{Pending, Query, QueryId, Source, SourceRef, SourceTable, SqlExpr};
use crate::index::trace::value::{Argument, Handle, MapKey, Object, ObjectId, Value};
use crate::index::trace::{Callee, Tracer};
use std::rc::Rc;

/// A call that is carried out.
pub(super) struct Call<'c> {
    /// Pack and rule.
    pub rule: (PackId, usize),
    /// The pack of the receiver: whose names and paths are meant.
    pub pack: PackId,
    /// What it is made on.
    pub receiver: Option<&'c Value>,
    /// Its arguments.
    pub args: Rc<[Argument]>,
    /// Its place.
    pub site: Origin,
    /// The query that it changes.
    pub query: QueryId,
    /// What a callback returned.
    pub result: Option<Value>,
    /// The relation of an entity that what it gives is of.
    pub along: Option<(ObjectId, RelationId, Option<Origin>)>,
}

/// Methods of lists that call a function for each item.
const WALKS: [&str; 10] = ["map", "flatMap", "forEach", "filter", "find", "some", "every", "sort", "findIndex", "reduce"];

impl Tracer<'_> {
    /// See [`Tracer::library_call`].
    pub(super) fn called(&mut self, callee: &Callee, args: &[Argument], site: Origin) -> Option<Value> {
        let words = self.words.clone();
        let count = args.iter().filter(|a| a.name.is_none() && !a.double).count();
        match callee {
            Callee::Function { name, types } => match self.library_instantiated(&Value::External(name.clone()), types, site) {
                Some(of) => {
                    self.note_row(&of, args);
                    Some(self.value_of(&of, false, site))
                }
                None => self.function_called(&words, name, args, count, site),
            },
            Callee::Itself(Value::Method { receiver, name }) => self.method_called(&words, receiver, name, args, count, site),
            Callee::Itself(value) => {
                let (pack, kind) = self.kind_of(value)?;
                let Some(rule) = words.itself(pack, &kind, count) else {
                    // a class that was made by a call: `Manager.from_queryset(TicketQuerySet)()`
                    let made = matches!(value, Value::Handle(handle) if handle.query.is_none());
                    return words.kind(pack, &kind).filter(|k| made && !k.begins.is_empty()).map(|_| value.clone());
                };
                Some(self.carried_out(&words, rule, pack, Some(value), args, site))
            }
            Callee::Method { receiver: Value::External(path), name, types } => {
                let name: Rc<str> = format!("{path}.{}", name.text).into();
                self.called(&Callee::Function { name, types: types.clone() }, args, site)
            }
            Callee::Method { receiver: Value::OneOf(choices), name, types } => {
                let one = |t: &mut Self, receiver: &Value| {
                    let callee = Callee::Method { receiver: receiver.clone(), name: name.clone(), types: types.clone() };
                    t.called(&callee, args, site)
                };
                let values: Vec<Value> = choices.iter().filter_map(|c| one(self, c)).collect();
                one_of(values)
            }
            Callee::Method { receiver, name, .. } => self.method_called(&words, receiver, name, args, count, site),
        }
    }

    fn function_called(&mut self, words: &Rc<Vocabulary>, name: &str, args: &[Argument], count: usize, site: Origin) -> Option<Value> {
        let language = self.language_of(site.file);
        if let Some(rule) = words.function(language, name, count) {
            return Some(self.carried_out(words, rule, rule.0, None, args, site));
        }
        if let Some((pack, kind)) = words.kind_of_type(language, name) {
            let model = kind.model.strip_prefix("argument:").and_then(|n| n.parse::<usize>().ok());
            let model = model.and_then(|n| args.get(n)).and_then(|a| self.model_of(&a.value));
            // the classes of the program that it is made of have the methods
            let own = args.iter().find_map(|a| if let Value::Class(class) = a.value { Some(class) } else { None });
            let instance = own.and_then(|class| self.methods_of(class, site));
            return Some(match self.handle(pack, &kind.name, model, None) {
                Value::Handle(handle) => Value::Handle(Handle { instance, ..handle }),
                other => other,
            });
        }
        let pack = words.expression_pack(language, name)?;
        Some(self.expression_function(pack, super::words::last(name), args, site))
    }

    fn method_called(
        &mut self,
        words: &Rc<Vocabulary>,
        receiver: &Value,
        name: &Named,
        args: &[Argument],
        count: usize,
        site: Origin,
    ) -> Option<Value> {
        let Some((pack, kind)) = self.kind_of(receiver) else {
            return self.expression_method(receiver, name, args, site);
        };
        if &*name.text == "then"
            && let Value::Handle(Handle { query: Some(_), .. }) = receiver
            && words.mapper(pack).is_some_and(|m| m.thenable)
        {
            // what is done with the rows follows in a function
            let rows = self.awaited(receiver, site)?;
            let then = args.first().filter(|a| matches!(a.value, Value::Function { .. }));
            return Some(match then {
                Some(then) => self.call_function(&then.value, vec![argument(rows, site)], site),
                None => rows,
            });
        }
        if let Some(rule) = words.method(pack, &kind, &name.text, count) {
            let text_first = matches!(args.first(), Some(Argument { value: Value::Text(_), name: None, .. }));
            if text_first && words.call(rule).is_some_and(|c| c.never_text) {
                return None;
            }
            // links belong to the relation, whatever rows its manager gives
            let links = words.call(rule).is_some_and(|c| c.steps.iter().any(|s| s.act.links()));
            let begun = if links { None } else { self.begins(words, pack, &kind, receiver, name, site) };
            return Some(self.carried_out(words, rule, pack, Some(begun.as_ref().unwrap_or(receiver)), args, site));
        }
        if let Some((on, rule, from)) = self.model_first(words, pack, &kind, receiver, &name.text, args, count) {
            return Some(self.carried_out(words, rule, pack, Some(&on), args.get(from..).unwrap_or_default(), site));
        }
        match &*kind {
            "column" | "expression" | "text" | "relation" | "exists" => self.expression_method(receiver, name, args, site),
            // functions over the rows are the language's
            "row" | "rows" if matches!(receiver, Value::Row { .. }) && WALKS.contains(&&*name.text) => None,
            "entity" | "entities" | "row" | "rows" => {
                if let Some((rule, related)) = self.relation_called(words, pack, &kind, receiver, name, count) {
                    return Some(self.carried_out(words, rule, pack, Some(&related), args, site));
                }
                Some(self.rows_method(receiver, args, site))
            }
            "model" => None,
            // what hangs there is a module's (`db.select`)
            _ => match self.member(receiver, name) {
                Some(Value::External(path)) => self.function_called(words, &path, args, count, site),
                _ => self.unknown_method(receiver, name, args, site),
            },
        }
    }

    /// The rule for calling a relation of an entity as a method (`*relations*`), with the relation.
    fn relation_called(
        &mut self,
        words: &Rc<Vocabulary>,
        pack: PackId,
        kind: &str,
        receiver: &Value,
        name: &Named,
        count: usize,
    ) -> Option<((PackId, usize), Value)> {
        let Value::Object(id) = receiver else { return None };
        let Object::Entity { model, query, origin, .. } = self.object(*id)? else { return None };
        let (model, query, origin) = (*model, *query, *origin);
        let Some(rule) = words.method(pack, kind, "*relations*", count) else {
            // `getMessages`, `addLabel`: by the name of a relation behind a verb
            let (rule, rest) = words.methods_of_relations(pack, kind, &name.text, count).next()?;
            let relations = &self.models.get(model)?.relations;
            let relation = relations.iter().position(|r| crate::index::mapping::is_number_of(&r.name, &rest))? as RelationId;
            let of = Some((*id, relation, name.origin));
            let pack = words.packs.get(pack)?.id.clone();
            return Some((rule, Value::Handle(Handle { pack, kind: kind.into(), of, ..Handle::default() })));
        };
        let relation = self.relation_of(model, &name.text)?;
        // of the row itself no more is read than what the relation is found by
        let keys = self.relation_keys(SourceRef::Id(0), model, relation, None);
        let sent = query.and_then(|_| self.found.sent.iter().rev().find(|s| s.site == origin).map(|s| s.query));
        if let Some(sent) = sent.filter(|&s| self.root_model(s) == Some(model)) {
            self.change(sent, |q| {
                if q.only.is_empty() && q.loads.is_empty() {
                    q.only = keys;
                }
            });
        }
        let pack = words.packs.get(pack)?.id.clone();
        let of = Some((*id, relation, name.origin));
        Some((rule, Value::Handle(Handle { pack, kind: kind.into(), of, ..Handle::default() })))
    }

    /// A method that no rule knows leaves the value as it is; if the query is sent, the statement says so.
    fn unknown_method(&mut self, receiver: &Value, name: &Named, args: &[Argument], site: Origin) -> Option<Value> {
        let Value::Handle(handle) = receiver else { return None };
        if let Some(query) = handle.query {
            if let Some(callback) = args.iter().map(|a| &a.value).find(|v| matches!(v, Value::Function { .. })) {
                let item = self.result_of(query, false, site);
                self.call_function(callback, vec![argument(item, site)], site);
            }
            if let Some(query) = self.query_mut(query) {
                query.unknown.push((format!("unknown method `{}`", name.text).into(), name.origin.unwrap_or(site)));
            }
            return Some(receiver.clone());
        }
        None
    }

    /// A method of rows walks through them, or gives some of them.
    fn rows_method(&mut self, receiver: &Value, args: &[Argument], site: Origin) -> Value {
        let callback = args.iter().map(|a| &a.value).find(|v| matches!(v, Value::Function { .. })).cloned();
        match callback {
            Some(function) => {
                let result = self.call_function(&function, vec![argument(receiver.clone(), site)], site);
                match result {
                    Value::Unknown | Value::Null | Value::Scalar(_) => receiver.clone(),
                    item => Value::Object(self.allocate(Object::List { items: vec![item], open: true })),
                }
            }
            None => receiver.clone(),
        }
    }

    /// The receiver as its own class begins each query (`get_queryset`).
    fn begins(&mut self, words: &Rc<Vocabulary>, pack: PackId, kind: &str, receiver: &Value, name: &Named, site: Origin) -> Option<Value> {
        let begins = &words.kind(pack, kind)?.begins;
        let fresh = match receiver {
            Value::Handle(handle) => handle.query.is_none() && handle.instance.is_some(),
            Value::Object(_) => true,
            _ => false,
        };
        if begins.is_empty() || *begins == *name.text || !fresh {
            return None;
        }
        let begun = self.call_own_method(receiver, begins, Vec::new(), site)?;
        self.built_upon(&begun);
        let Value::Handle(Handle { query: Some(query), .. }) = begun else { return None };
        // whatever it made the query of, it is of the receiver's model
        if self.query(query).is_some_and(|q| q.sources.is_empty() && q.raw.is_none() && q.from_query.is_none())
            && let Some(model) = self.model_of(receiver)
        {
            self.set_root(query, SourceTable::Model(model), None, None);
        }
        Some(begun)
    }

    /// Does what a rule says; where the root or the raw text is one of several, for each.
    pub(super) fn carried_out(
        &mut self,
        words: &Rc<Vocabulary>,
        rule: (PackId, usize),
        pack: PackId,
        receiver: Option<&Value>,
        args: &[Argument],
        site: Origin,
    ) -> Value {
        let Some(call) = words.call(rule) else { return Value::Unknown };
        let several = call.steps.iter().filter(|s| matches!(s.act, Act::From | Act::Raw)).find_map(|s| match s.take.0.first() {
            Some(Take::Positions(n, _)) => args.get(*n).and_then(|a| match &a.value {
                Value::OneOf(choices) => Some((*n, choices.clone())),
                _ => None,
            }),
            _ => None,
        });
        let Some((at, choices)) = several else { return self.carried_out_once(words, rule, pack, receiver, args, site) };
        let mut values = Vec::new();
        for choice in choices.iter().take(Value::MAX_CHOICES) {
            let mut args = args.to_vec();
            if let Some(arg) = args.get_mut(at) {
                arg.value = choice.clone();
            }
            values.push(self.carried_out_once(words, rule, pack, receiver, &args, site));
        }
        one_of(values).unwrap_or_default()
    }

    fn carried_out_once(
        &mut self,
        words: &Rc<Vocabulary>,
        rule: (PackId, usize),
        pack: PackId,
        receiver: Option<&Value>,
        args: &[Argument],
        site: Origin,
    ) -> Value {
        let Some(call) = words.call(rule) else { return Value::Unknown };
        if call.expression.is_some() {
            return self.expression_call(rule, pack, call, receiver, args, site);
        }
        let mutable = words.mapper(pack).is_some_and(|m| m.mutable);
        let before = self.query_of(pack, call, receiver, site);
        let mut gives = None;
        for (i, verb) in std::iter::once(call.verb).chain(call.also.iter().map(|&v| Some(v))).enumerate() {
            let own = receiver_query(receiver).filter(|_| !call.fresh && mutable && call.also.is_empty());
            let query = match own {
                Some(query) => query,
                None => {
                    let copy = self.query(before).cloned().unwrap_or_default();
                    self.begin(Query { used: false, ..copy })
                }
            };
            if let Some(changed) = self.query_mut(query) {
                changed.used = false;
                changed.verb = verb.or(changed.verb);
                changed.without_eager |= call.without_eager;
                changed.parts.push(site);
            }
            let mut state = Call { rule, pack, receiver, args: args.into(), site, query, result: None, along: None };
            for step in 0..call.steps.len() {
                self.step(words, &mut state, step);
            }
            if call.plain {
                self.change(query, |q| q.entity = None);
            }
            if call.sends {
                self.read_before(words, pack, query, site);
                self.dispatch(query, site);
            }
            if i == 0 {
                gives = Some(self.given(words, call, &state));
            }
        }
        gives.unwrap_or_default()
    }

    /// A call that a kind shares with another one, on the model that its first argument is: that receiver, the rule, the
    /// number of the argument that then is the first.
    #[allow(clippy::too_many_arguments)] // what one call is looked up by
    fn model_first(
        &self,
        words: &Rc<Vocabulary>,
        pack: PackId,
        kind: &str,
        receiver: &Value,
        name: &str,
        args: &[Argument],
        count: usize,
    ) -> Option<(Value, (PackId, usize), usize)> {
        let other = words.kind(pack, kind).map(|k| k.model_first.as_str()).filter(|k| !k.is_empty())?;
        let first = args.first().map(|a| &a.value);
        let model = match first {
            // an instance or a list of them says itself what it is of
            Some(Value::Object(_)) => None,
            Some(value) => self.model_of(value),
            None => None,
        };
        let named = model.is_some() || matches!(first, Some(Value::Class(_) | Value::Unknown | Value::External(_))) && count > 1;
        let from = usize::from(named);
        let rule = words.method(pack, other, name, count.saturating_sub(from))?;
        let on = match (self.handle(pack, other, model, None), receiver) {
            (Value::Handle(made), Value::Handle(before)) => Value::Handle(Handle { instance: before.instance, ..made }),
            (made, _) => made,
        };
        Some((on, rule, from))
    }

    /// The query that a call begins from.
    fn query_of(&mut self, pack: PackId, call: &CallRule, receiver: Option<&Value>, site: Origin) -> QueryId {
        if let Some(query) = receiver_query(receiver).filter(|_| !call.fresh) {
            if let Some(old) = self.query_mut(query) {
                old.used = true;
            }
            if let Some(Value::Handle(Handle { of: Some((entity, relation, origin)), .. })) = receiver {
                let next = self.handed_on(query);
                self.restrict_to_relation(next, *entity, *relation, *origin, site);
                return next;
            }
            return query;
        }
        let id = self.words.packs.get(pack).map_or_else(|| "".into(), |p| p.id.clone());
        let query = self.begin(Query { pack: id, used: true, ..Query::default() });
        let (model, alias, origin) = match receiver {
            Some(Value::Model { model, alias, origin }) => (Some(*model), alias.clone(), *origin),
            Some(Value::Handle(handle)) => (handle.model, None, None),
            Some(Value::Object(id)) => (self.model_of_object(*id), None, None),
            _ => (None, None, None),
        };
        if let Some(model) = model.filter(|_| !call.fresh || call.gives != "same") {
            self.set_root(query, SourceTable::Model(model), alias, origin);
        }
        if let Some(Value::Handle(Handle { of: Some((entity, relation, origin)), .. })) = receiver {
            self.restrict_to_relation(query, *entity, *relation, *origin, site);
        }
        query
    }

    /// Sends the read of a stored entity that comes before its row is written or removed, where the library does so.
    fn read_before(&mut self, words: &Rc<Vocabulary>, pack: PackId, query: QueryId, site: Origin) {
        let Some(written) = self.query(query) else { return };
        let compares = words.mapper(pack).is_some_and(|m| m.compares_saved);
        let stored = match written.verb {
            Some(Verb::Update | Verb::HardDelete | Verb::Delete | Verb::Restore) => written.of.is_some(),
            _ => false,
        };
        let (Some(model), true) = (self.root_model(query), compares && stored) else { return };
        let reads = Query {
            pack: written.pack.clone(),
            verb: Some(Verb::Select),
            unscoped: true,
            parts: written.parts.clone(),
            ..Query::default()
        };
        let origin = written.sources.first().and_then(|s| s.origin);
        let read = self.begin(reads);
        self.set_root(read, SourceTable::Model(model), None, origin);
        let key = self.key_field(0, model, None);
        if matches!(key, SqlExpr::Field { .. }) {
            self.change(read, |q| q.filters.push(SqlExpr::Compare("=".into(), Box::new(key), vec![SqlExpr::Value(None)])));
        }
        self.dispatch(read, site);
    }

    /// The model that an object is an instance of, or whose rows a manager of its class gives.
    fn model_of_object(&self, id: ObjectId) -> Option<ModelId> {
        match self.object(id)? {
            Object::Entity { model, .. } => Some(*model),
            Object::Instance { class, types, .. } => {
                let own = types.iter().find_map(|(_, v)| self.model_of(v));
                own.or_else(|| self.kind_of_class(*class).and_then(|(_, _, model)| model))
            }
            _ => None,
        }
    }

    /// The model that a value is, or is of.
    pub(super) fn model_of(&self, value: &Value) -> Option<ModelId> {
        match value {
            Value::Model { model, .. } => Some(*model),
            Value::Handle(handle) => handle.model,
            Value::Object(id) => match self.object(*id)? {
                Object::List { items, .. } => items.iter().find_map(|v| self.model_of(v)),
                _ => self.model_of_object(*id),
            },
            Value::OneOf(all) | Value::Tuple(all) => all.iter().find_map(|v| self.model_of(v)),
            Value::Text(_) | Value::Key(_) => {
                let name = self.text_of(value)?;
                self.models.by_name.get(&*name.text).and_then(|m| m.first()).copied()
            }
            _ => None,
        }
    }

    /// Names the first source of a query, unless it has one.
    pub(super) fn set_root(&mut self, query: QueryId, table: SourceTable, alias: Option<Named>, origin: Option<Origin>) {
        let own = || match table {
            SourceTable::Model(model) => self.models.get(model).and_then(|m| m.alias.clone()),
            _ => None,
        };
        let alias = alias.or_else(own);
        let Some(found) = self.query_mut(query) else { return };
        if let [only] = found.sources.as_mut_slice()
            && only.alias.is_none()
            && only.table == table
        {
            only.alias = alias;
            return;
        }
        if !found.sources.is_empty() {
            return;
        }
        found.sources.push(Source { table, alias, join: None, origin });
        let waiting = std::mem::take(&mut found.pending);
        self.resume(query, waiting);
    }

    /// Does the steps that waited for the root.
    pub(super) fn resume(&mut self, query: QueryId, waiting: Vec<Pending>) {
        let words = self.words.clone();
        for Pending { rule: (pack, call, step), args, site } in waiting {
            let mut state = Call { rule: (pack, call), pack, receiver: None, args, site, query, result: None, along: None };
            if let Some(step) = words.step((pack, call, step)) {
                self.act(&words, &mut state, step);
            }
        }
    }

    fn step(&mut self, words: &Rc<Vocabulary>, call: &mut Call, index: usize) {
        let at = (call.rule.0, call.rule.1, index);
        let Some(step) = words.step(at) else { return };
        let verb = self.query(call.query).and_then(|q| q.verb).unwrap_or_default();
        if !step.only.is_empty() && !step.only.contains(&verb) {
            return;
        }
        if let Some(unless) = &step.unless {
            let given = Step { take: unless.clone(), ..Step::default() };
            if self.taken(words, call, &given).is_some() {
                return;
            }
        }
        let late = words.mapper(call.pack).is_some_and(|m| m.late_root);
        if late && !self.has_root(call.query) && step.act.needs_root() {
            let pending = Pending { rule: at, args: call.args.clone(), site: call.site };
            if let Some(query) = self.query_mut(call.query) {
                query.pending.push(pending);
            }
            return;
        }
        self.act(words, call, step);
    }

    /// What a step takes of the call; `None` where it is not given.
    pub(super) fn taken(&mut self, words: &Rc<Vocabulary>, call: &mut Call, step: &Step) -> Option<Vec<Argument>> {
        step.take.0.iter().find_map(|take| self.taken_by(words, call, step, take)).filter(|t| !t.is_empty())
    }

    fn taken_by(&mut self, words: &Rc<Vocabulary>, call: &mut Call, step: &Step, take: &Take) -> Option<Vec<Argument>> {
        let positional = |a: &&Argument| a.name.is_none() && !a.double;
        let args = call.args.clone();
        let found: Vec<Argument> = match take {
            Take::Positions(from, to) => args.iter().filter(positional).skip(*from).take(to.saturating_sub(*from)).cloned().collect(),
            Take::Keywords => {
                let rule = words.call(call.rule)?;
                let taken = |name: &str| rule.steps.iter().any(|s| s.take.0.iter().any(|t| matches!(t, Take::Keyword(k) if k == name)));
                args.iter().filter(|a| a.double || a.name.as_ref().is_some_and(|n| !taken(&n.text))).cloned().collect()
            }
            Take::Keyword(name) => {
                let found = args.iter().filter(|a| a.name.as_ref().is_some_and(|n| *n.text == **name));
                found.map(|a| Argument { name: None, ..a.clone() }).collect()
            }
            Take::Key(at, path) => {
                let within: Vec<Argument> = match at {
                    Some(n) => args.iter().filter(positional).nth(*n).into_iter().cloned().collect(),
                    None => args.iter().filter(positional).cloned().collect(),
                };
                within
                    .iter()
                    .find_map(|a| self.entry(a, path))
                    .into_iter()
                    .flatten()
                    .map(|mut a| {
                        a.name = None;
                        a
                    })
                    .collect()
            }
            Take::Conditions(n) => {
                let given = args.iter().filter(positional).nth(*n)?.clone();
                let model = self.root_model(call.query)?;
                let entries = self.entries(&given.value);
                let is_name = |key: &MapKey| match key {
                    MapKey::Name(name) => {
                        self.field_of(model, &name.text).is_some()
                            || self.relation_of(model, &name.text).is_some()
                            || self.has_embedded(model, &name.text)
                    }
                    _ => false,
                };
                if entries.is_empty() || !entries.iter().all(|(key, _)| is_name(key)) {
                    return None;
                }
                vec![given]
            }
            Take::Receiver => call.receiver.into_iter().map(|r| argument(r.clone(), call.site)).collect(),
            Take::Attribute(name) => {
                let receiver = call.receiver.filter(|_| !self.has_root(call.query))?.clone();
                let name = Named { text: name.as_str().into(), origin: None };
                let value = self.read_member(&receiver, &name, call.site);
                if matches!(value, Value::Unknown | Value::Null) { Vec::new() } else { vec![argument(value, call.site)] }
            }
            Take::Text(text) => {
                let name = Named { text: text.as_str().into(), origin: None };
                vec![argument(Value::Key(name), call.site)]
            }
            Take::All => args.to_vec(),
            Take::Callback(n) => {
                let function = args.iter().filter(positional).nth(*n).filter(|a| matches!(a.value, Value::Function { .. }))?.clone();
                let kind = if step.with.is_empty() { "query" } else { &step.with };
                let given = match call.receiver {
                    Some(Value::Handle(handle)) => Value::Handle(Handle { kind: kind.into(), query: None, ..handle.clone() }),
                    _ => match self.root_model(call.query).filter(|_| kind == "entity") {
                        Some(model) => self.loaded(model, false, None, call.site),
                        None => self.handle(call.pack, kind, None, None),
                    },
                };
                let name = (!step.parameter.is_empty()).then(|| Named { text: step.parameter.as_str().into(), origin: None });
                let value = self.call_function(&function.value, vec![Argument { name, ..argument(given, call.site) }], call.site);
                call.result = Some(value.clone());
                vec![Argument { value, ..function }]
            }
        };
        (!found.is_empty()).then_some(found)
    }

    /// The entry of an object at a path of keys; several where the object is one of several.
    pub(super) fn entry(&self, arg: &Argument, path: &[String]) -> Option<Vec<Argument>> {
        let Some((first, rest)) = path.split_first() else { return Some(vec![arg.clone()]) };
        let found = self.entries(&arg.value).into_iter().filter_map(|(key, value)| match key {
            MapKey::Name(name) if *name.text == **first => {
                Some(Argument { origin: name.origin.unwrap_or(arg.origin), value, ..arg.clone() })
            }
            _ => None,
        });
        let found: Vec<Argument> = found.collect();
        let all: Vec<Argument> = found.iter().filter_map(|a| self.entry(a, rest)).flatten().collect();
        (!all.is_empty()).then_some(all)
    }

    /// Entries of a map; of each where it is one of several.
    pub(super) fn entries(&self, value: &Value) -> Vec<(MapKey, Value)> {
        match value {
            Value::Object(id) => match self.object(*id) {
                Some(Object::Map { entries, .. }) => entries.iter().filter(|(key, _)| !key.is_spread()).cloned().collect(),
                _ => Vec::new(),
            },
            Value::OneOf(all) => all.iter().flat_map(|v| self.entries(v)).collect(),
            _ => Vec::new(),
        }
    }

    /// Where names are read for a step.
    pub(super) fn at(&self, call: &Call, step: &Step) -> At {
        let names = step.names.unwrap_or_else(|| self.words.mapper(call.pack).map_or_else(Default::default, |m| m.names));
        let outputs = matches!(step.act, Act::Order | Act::Group);
        let keep = matches!(step.act, Act::Select | Act::SelectAlso | Act::SelectMore);
        At { pack: call.pack, query: call.query, site: call.site, names, outputs, keep }
    }
}

impl Act {
    /// It writes or removes what links rows.
    fn links(self) -> bool {
        matches!(self, Act::Link | Act::Unlink | Act::UnlinkAll | Act::UnlinkFound)
    }

    /// It reads names, which mean something only in a query whose root is known.
    fn needs_root(self) -> bool {
        !matches!(
            self,
            Act::From
                | Act::FromOnly
                | Act::Alias
                | Act::Unordered
                | Act::Unscoped
                | Act::Raw
                | Act::With
                | Act::Union
                | Act::Scan
                | Act::Nothing
        )
    }
}

impl Verb {
    /// It changes rows.
    pub(super) fn writes(self) -> bool {
        !matches!(self, Verb::Select | Verb::Aggregate | Verb::Raw)
    }
}

fn receiver_query(receiver: Option<&Value>) -> Option<QueryId> {
    match receiver {
        Some(Value::Handle(handle)) => handle.query,
        _ => None,
    }
}

/// A positional argument.
pub(super) fn argument(value: Value, origin: Origin) -> Argument {
    Argument { name: None, value, spread: false, double: false, origin, text: "".into() }
}

/// One value of several.
pub(super) fn one_of(mut values: Vec<Value>) -> Option<Value> {
    match values.len() {
        0 => None,
        1 => values.pop(),
        _ => {
            values.truncate(Value::MAX_CHOICES);
            Some(Value::OneOf(values.into()))
        }
    }
}
