//! What calls give: kinds, entities, rows, the receiver, an argument.

use super::calls::Call;
use super::words::Vocabulary;
use crate::grammar::mapper::{Act, CallRule, RowsAre};
use crate::index::mapping::{ModelId, Named, Origin};
use crate::index::trace::Tracer;
use crate::index::trace::query::{Query, QueryId, SqlExpr};
use crate::index::trace::value::{Argument, Handle, Object, TextPart, TextValue, Value};
use std::rc::Rc;

impl Tracer<'_> {
    /// What a call gives.
    pub(super) fn given(&mut self, words: &Rc<Vocabulary>, call: &CallRule, state: &Call) -> Value {
        let all: Vec<&str> = call.gives.split(',').map(str::trim).collect();
        match all.as_slice() {
            [one] => self.given_as(words, one, state),
            several => Value::Tuple(several.iter().map(|one| self.given_as(words, one, state)).collect()),
        }
    }

    fn given_as(&mut self, words: &Rc<Vocabulary>, kind: &str, state: &Call) -> Value {
        let query = state.query;
        let model = self.root_model(query);
        match kind {
            "" | "nothing" => Value::Unknown,
            of if of.contains(':') => self.given_of_argument(of, state),
            "result" => {
                let first = || state.args.iter().map(|a| &a.value).find(|v| !matches!(v, Value::Function { .. })).cloned();
                state.result.clone().or_else(first).unwrap_or_default()
            }
            "same" => match state.receiver {
                Some(Value::Handle(handle)) if handle.query.is_some() || words.call(state.rule).is_some_and(|c| !c.steps.is_empty()) => {
                    Value::Handle(Handle { query: Some(query), model: handle.model.or(model), of: None, ..handle.clone() })
                }
                Some(receiver) => receiver.clone(),
                None => Value::Unknown,
            },
            "new" => match model {
                Some(model) => {
                    let made = Object::Entity { model, many: false, fresh: true, written: Vec::new(), query: None, origin: state.site };
                    Value::Object(self.allocate(made))
                }
                None => Value::Unknown,
            },
            "through" => state.receiver.and_then(|r| self.through(r)).unwrap_or_default(),
            "entity" | "row" => state.result.clone().unwrap_or_else(|| self.result_of(query, false, state.site)),
            "entities" | "rows" => state.result.clone().unwrap_or_else(|| self.result_of(query, true, state.site)),
            "model" => match model {
                Some(model) => {
                    let mut alias = self.query(query).and_then(|q| q.alias.clone());
                    // an alias without a name is another one each time
                    if alias.is_none() && words.call(state.rule).is_some_and(|c| c.steps.iter().any(|s| s.act == Act::Alias)) {
                        alias = Some(Named { text: format!("alias_{}", state.site.span.start).into(), origin: None });
                    }
                    Value::Model { model, alias, origin: None }
                }
                None => Value::Unknown,
            },
            "expression" => Value::Expr(Rc::new(SqlExpr::Query(query))),
            "text" => {
                let (begun, site) = (state.receiver.is_some(), state.site);
                self.change(query, |q| {
                    // what is made of a function's arguments is a piece, not a statement
                    q.rendered = begun.then_some(site);
                    q.used |= !begun;
                });
                let part = TextPart::Value(self.handle(state.pack, "query", model, Some(query)));
                Value::Text(TextValue { parts: vec![part].into() })
            }
            _ => {
                let builds = words.builds(state.pack, kind);
                let receiver = match state.receiver {
                    Some(Value::Handle(handle)) => Some(handle),
                    _ => None,
                };
                let instance = match state.receiver {
                    Some(Value::Object(id)) if matches!(self.object(*id), Some(Object::Instance { .. })) => Some(*id),
                    _ => receiver.and_then(|h| h.instance),
                };
                let of = state.along.or(receiver.and_then(|h| h.of).filter(|_| !builds));
                match self.handle(state.pack, kind, model.or(receiver.and_then(|h| h.model)), builds.then_some(query)) {
                    Value::Handle(handle) => Value::Handle(Handle { instance, of, ..handle }),
                    other => other,
                }
            }
        }
    }

    /// `argument:0`, `new:0`, `instance:0`.
    fn given_of_argument(&mut self, word: &str, state: &Call) -> Value {
        let (what, at) = word.split_once(':').unwrap_or((word, ""));
        let arg = at.parse::<usize>().ok().and_then(|n| state.args.iter().filter(|a| a.name.is_none()).nth(n)).cloned();
        match (what, arg) {
            ("argument", Some(arg)) => arg.value,
            ("instance", Some(arg)) => match &arg.value {
                Value::Class(_) => self.call_function(&arg.value, Vec::new(), state.site),
                _ => arg.value,
            },
            ("new", arg) => match self.root_model(state.query) {
                Some(model) => self.new_entities(model, arg, state.site),
                None => Value::Unknown,
            },
            _ => Value::Unknown,
        }
    }

    /// New entities with the fields that an object names, or each object of a list.
    fn new_entities(&mut self, model: ModelId, arg: Option<Argument>, site: Origin) -> Value {
        let Some(arg) = arg else { return self.library_construct(model, None, &[], site) };
        let items = match &arg.value {
            Value::Object(id) => match self.object(*id) {
                Some(Object::List { items, .. }) => Some(items.clone()),
                _ => None,
            },
            _ => None,
        };
        match items {
            Some(items) => {
                let made = items.into_iter().map(|value| self.library_construct(model, None, &[Argument { value, ..arg.clone() }], site));
                let items = made.collect();
                Value::Object(self.allocate(Object::List { items, open: false }))
            }
            None => self.library_construct(model, None, &[arg], site),
        }
    }

    /// What the rows of a query are: entities where it reads whole rows of a model.
    pub(super) fn result_of(&mut self, query: QueryId, many: bool, site: Origin) -> Value {
        let entities = |q: &Query| self.words.pack(&q.pack).and_then(|p| self.words.mapper(p)).is_some_and(|m| m.rows == RowsAre::Entities);
        let whole = self.query(query).is_some_and(|q| q.select.is_empty() || q.select_also || entities(q));
        match self.root_model(query) {
            Some(model) if whole => self.loaded(model, many, Some(query), site),
            _ => Value::Row { query, many },
        }
    }
}
