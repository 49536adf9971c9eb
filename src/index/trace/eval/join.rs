//! What a value can be after branches: one of several.

use crate::index::trace::Tracer;
use crate::index::trace::value::{Handle, TextPart, Value};
use std::rc::Rc;

impl<'a> Tracer<'a> {
    /// One of both. Handles on queries with a common root become one handle on a query with both sides' clauses.
    pub(in crate::index::trace) fn either(&mut self, a: Value, b: Value) -> Value {
        if same(&a, &b) {
            return a;
        }
        self.one_of_all(vec![a, b])
    }

    /// One of all; [`Value::Unknown`] for none.
    pub(in crate::index::trace) fn one_of_all(&mut self, values: Vec<Value>) -> Value {
        let mut out: Vec<Value> = Vec::new();
        for value in values {
            match value {
                Value::OneOf(all) => all.iter().for_each(|v| self.add_choice(&mut out, v.clone())),
                other => self.add_choice(&mut out, other),
            }
        }
        match out.len() {
            0 => Value::Unknown,
            1 => out.remove(0),
            _ => Value::OneOf(out.into()),
        }
    }

    fn add_choice(&mut self, out: &mut Vec<Value>, value: Value) {
        if out.iter().any(|v| same(v, &value)) {
            return;
        }
        if let Value::Handle(new) = &value
            && let Some(new_query) = new.query
        {
            for choice in out.iter_mut() {
                if let Value::Handle(old) = choice
                    && old.pack == new.pack
                    && old.kind == new.kind
                    && old.model == new.model
                    && let Some(old_query) = old.query
                    && let Some(both) = self.join_queries(old_query, new_query)
                {
                    *choice = Value::Handle(Handle { query: Some(both), ..old.clone() });
                    return;
                }
            }
        }
        if out.len() >= Value::MAX_CHOICES {
            self.found.counts.narrowed += 1;
            // of texts that grow, the longest say the most
            if let Value::Text(_) = value
                && let Some(shortest) = out.iter_mut().filter(|v| matches!(v, Value::Text(_))).min_by_key(|v| length(v))
                && length(shortest) < length(&value)
            {
                *shortest = value;
            }
            return;
        }
        out.push(value);
    }
}

fn length(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.parts.iter().map(|p| if let TextPart::Text(t, _) = p { t.len() } else { 1 }).sum(),
        _ => 0,
    }
}

/// Whether two values are the same, as far as can be told at once.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Unknown, Value::Unknown) | (Value::Null, Value::Null) => true,
        (Value::Scalar(x), Value::Scalar(y)) => x == y,
        (Value::External(x), Value::External(y)) => x == y,
        (Value::Text(x), Value::Text(y)) => {
            Rc::ptr_eq(&x.parts, &y.parts)
                || x.parts.len() == y.parts.len() && x.parts.iter().zip(y.parts.iter()).all(|(p, q)| same_part(p, q))
        }
        (Value::Tuple(x), Value::Tuple(y)) | (Value::OneOf(x), Value::OneOf(y)) => {
            Rc::ptr_eq(x, y) || x.len() == y.len() && x.iter().zip(y.iter()).all(|(p, q)| same(p, q))
        }
        (Value::Object(x), Value::Object(y)) => x == y,
        (Value::Class(x), Value::Class(y)) => x == y,
        (Value::Function { function: f, frame: x, receiver: r }, Value::Function { function: g, frame: y, receiver: s }) => {
            f == g
                && x == y
                && match (r, s) {
                    (None, None) => true,
                    (Some(r), Some(s)) => same(r, s),
                    _ => false,
                }
        }
        (Value::Module(x), Value::Module(y)) => x == y,
        (Value::Handle(x), Value::Handle(y)) => {
            x.pack == y.pack && x.kind == y.kind && x.model == y.model && x.query == y.query && x.of == y.of && x.instance == y.instance
        }
        (Value::Model { model: x, alias: a, .. }, Value::Model { model: y, alias: b, .. }) => x == y && a == b,
        (Value::Expr(x), Value::Expr(y)) => Rc::ptr_eq(x, y) || x == y,
        (Value::Relation { model: x, alias: a, relation: r, .. }, Value::Relation { model: y, alias: b, relation: s, .. }) => {
            x == y && a == b && r == s
        }
        (Value::Row { query: x, many: m }, Value::Row { query: y, many: n }) => x == y && m == n,
        (Value::Key(x), Value::Key(y)) => x == y,
        _ => false,
    }
}

fn same_part(a: &TextPart, b: &TextPart) -> bool {
    match (a, b) {
        (TextPart::Text(x, o), TextPart::Text(y, p)) | (TextPart::Hole(x, o), TextPart::Hole(y, p)) => o == p && x == y,
        (TextPart::Value(x), TextPart::Value(y)) => same(x, y),
        _ => false,
    }
}
