//! Structs that rows are read into, and those whose fields are the named parameters of a statement.

use super::calls::Call;
use crate::index::mapping::{ModelId, Origin};
use crate::index::trace::query::QueryId;
use crate::index::trace::value::{Argument, Handle, Object, Value};
use crate::index::trace::{Scan, Tracer};

impl Tracer<'_> {
    /// Notes the structs that are taken, for the statement of the call, of its receiver or of one of its arguments.
    pub(super) fn scan(&mut self, taken: &[Argument], call: &Call) {
        let mut calls: Vec<Origin> = Vec::new();
        let values = call.receiver.into_iter().chain(call.args.iter().map(|a| &a.value));
        for query in values.filter_map(query_of).chain([call.query]) {
            calls.extend(self.query(query).into_iter().flat_map(|q| &q.parts));
        }
        calls.sort_unstable();
        calls.dedup();
        for arg in taken {
            let mut models = Vec::new();
            self.structs_in(&arg.value, &mut models);
            for model in models {
                self.found.scans.push(Scan { calls: calls.clone(), model });
            }
        }
    }

    /// The structs that a value is, or holds.
    fn structs_in(&self, value: &Value, out: &mut Vec<ModelId>) {
        match value {
            Value::OneOf(all) | Value::Tuple(all) => all.iter().for_each(|v| self.structs_in(v, out)),
            Value::Object(id) => match self.object(*id) {
                Some(Object::List { items, .. }) => items.iter().for_each(|v| self.structs_in(v, out)),
                Some(Object::Entity { model, .. }) => out.push(*model),
                _ => {}
            },
            Value::Model { model, .. } => out.push(*model),
            _ => {}
        }
        out.sort_unstable();
        out.dedup();
    }
}

/// The statement that a value is or gives rows of.
fn query_of(value: &Value) -> Option<QueryId> {
    match value {
        Value::Row { query, .. } | Value::Handle(Handle { query: Some(query), .. }) => Some(*query),
        _ => None,
    }
}
