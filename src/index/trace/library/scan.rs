//! Structs that rows are read into, and those whose fields are the named parameters of a statement.

use super::calls::Call;
use super::names::At;
use crate::grammar::mapper::FieldRole;
use crate::index::mapping::{FieldId, ModelId, Origin};
use crate::index::trace::query::{Query, QueryId, SourceRef, SqlExpr};
use crate::index::trace::value::{Argument, Handle, Object, Value};
use crate::index::trace::{Scan, Tracer};
use crate::model::code::Type;

impl Tracer<'_> {
    /// Whether a struct says which columns of the query's table are meant.
    pub(super) fn stands_for_columns(&self, at: &At, model: ModelId) -> bool {
        let by_struct = self.words.mapper(at.pack).is_some_and(|m| m.by_struct);
        by_struct && self.models.get(model).is_some_and(|m| m.is_abstract) && self.root_model(at.query).is_none()
    }

    /// The fields of a struct as columns of the first table.
    pub(super) fn struct_columns(&self, model: ModelId) -> Vec<SqlExpr> {
        let fields = self.models.get(model).map_or(&[][..], |m| &m.fields);
        let kept = |role| !matches!(role, FieldRole::Ignored | FieldRole::Embedded | FieldRole::Synonym);
        let fields = fields.iter().enumerate().filter(|(_, f)| kept(f.role));
        fields.map(|(f, _)| SqlExpr::Field { source: SourceRef::Id(0), model, field: f as FieldId, origin: None }).collect()
    }

    /// Notes that the columns of a query are those of a struct.
    pub(super) fn note_scan(&mut self, query: QueryId, model: ModelId) {
        let calls = self.query(query).map(|q| q.parts.clone()).unwrap_or_default();
        self.found.scans.push(Scan { calls, model });
    }

    /// Notes the struct that a row among the arguments is read into.
    pub(super) fn note_row(&mut self, of: &Value, args: &[Argument]) {
        let mut models = Vec::new();
        self.structs_in(of, &mut models);
        for query in args.iter().filter_map(|a| query_of(&a.value)) {
            models.iter().for_each(|&model| self.note_scan(query, model));
        }
    }

    /// Notes the structs that are taken, for the statement of the call, of its receiver or of one of its arguments.
    pub(super) fn scan(&mut self, at: &At, taken: &[Argument], call: &Call) {
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
                let whole = |q: &Query| q.select.is_empty() && q.raw.is_none() && !q.sources.is_empty();
                if self.query(call.query).is_some_and(whole) && self.stands_for_columns(&At { query: call.query, ..*at }, model) {
                    let columns = self.struct_columns(model);
                    self.change(call.query, |q| q.select = columns);
                }
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
                // `type Sites []Site`
                Some(Object::Instance { class, .. }) => {
                    let listed = self.program.class(*class).and_then(|c| c.alias.as_ref());
                    out.extend(listed.filter(|ty| matches!(ty, Type::Slice(_))).and_then(|ty| self.model_of_type(class.file, ty)));
                }
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
