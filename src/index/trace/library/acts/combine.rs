//! Queries that become parts of others: subqueries, set operations, conditions and scopes given as functions.

use super::super::calls::{Call, argument};
use super::super::names::At;
use super::tables::trimmed;
use crate::grammar::mapper::{Act, Step, Verb};
use crate::index::mapping::Origin;
use crate::index::trace::Tracer;
use crate::index::trace::query::{Query, QueryId, SqlExpr};
use crate::index::trace::value::{Argument, Handle, Object, TextPart, Value};

impl Tracer<'_> {
    /// Queries that go into this one.
    pub(super) fn combine(&mut self, at: &At, step: &Step, taken: &[Argument], call: &mut Call) {
        let mut name = None;
        for arg in taken {
            if let Some(text) = self.text_of(&arg.value)
                && step.act == Act::With
            {
                // `name(column, column)`
                let end = text.text.find('(').unwrap_or(text.text.len());
                name = Some(trimmed(&text.part(0, end)));
                continue;
            }
            let found = self.queries_in(at, &arg.value, call.site);
            if found.is_empty() && step.act == Act::Merge && (is_sql(&arg.value) || is_statement(&arg.value)) {
                self.raw(at, std::slice::from_ref(arg), call.query);
            }
            for inner in found {
                self.embed(at, inner);
                match step.act {
                    Act::Union => self.change(at.query, |q| q.unions.push(inner)),
                    Act::FromQuery => self.change(at.query, |q| q.from_query = Some(inner)),
                    Act::With => {
                        let alias = name.take().or_else(|| self.query(inner).and_then(|q| q.alias.clone()));
                        if let Some(alias) = alias {
                            self.change(at.query, |q| q.with.push((alias, inner)));
                        }
                    }
                    _ => self.merge(at, inner),
                }
            }
        }
    }

    /// The queries that a value holds; a callback builds one.
    pub(in crate::index::trace::library) fn queries_in(&mut self, at: &At, value: &Value, site: Origin) -> Vec<QueryId> {
        match value {
            Value::Handle(handle) => handle.query.into_iter().collect(),
            Value::Expr(expr) => {
                let mut found = Vec::new();
                expr.queries(&mut found);
                found
            }
            Value::Object(id) => match self.object(*id).cloned() {
                Some(Object::List { items, .. }) => items.iter().flat_map(|v| self.queries_in(at, v, site)).collect(),
                _ => Vec::new(),
            },
            Value::Tuple(all) | Value::OneOf(all) => all.clone().iter().flat_map(|v| self.queries_in(at, v, site)).collect(),
            Value::Function { .. } => {
                let id = self.query(at.query).map_or_else(|| "".into(), |q| q.pack.clone());
                let query = self.begin(Query { pack: id, used: true, ..Query::default() });
                let words = self.words.clone();
                let kind = words.callbacks(at.pack);
                let builds = words.builds(at.pack, kind);
                let given = self.handle(at.pack, kind, None, builds.then_some(query));
                let result = self.run_with(value, given, site);
                match result {
                    Value::Handle(Handle { query: Some(built), .. }) => vec![built],
                    Value::Expr(expr) if !builds => {
                        let mut found = Vec::new();
                        expr.queries(&mut found);
                        found
                    }
                    _ if builds => vec![query],
                    _ => Vec::new(),
                }
            }
            _ => Vec::new(),
        }
    }

    /// Calls a function with a value of the library, which is `this` in it too.
    pub(in crate::index::trace::library) fn run_with(&mut self, function: &Value, given: Value, site: Origin) -> Value {
        self.run_with_more(function, given, &[], site)
    }

    /// The same with further arguments.
    pub(in crate::index::trace::library) fn run_with_more(
        &mut self,
        function: &Value,
        given: Value,
        more: &[Argument],
        site: Origin,
    ) -> Value {
        let bound = match function {
            Value::Function { function, receiver: None, frame } => {
                Value::Function { function: *function, receiver: Some(Box::new(given.clone())), frame: *frame }
            }
            other => other.clone(),
        };
        let args = std::iter::once(argument(given, site)).chain(more.iter().cloned());
        self.call_function(&bound, args.collect(), site)
    }

    /// Takes over what another query has.
    pub(super) fn merge(&mut self, at: &At, inner: QueryId) {
        let Some(other) = self.query(inner).cloned() else { return };
        let waiting = other.pending.clone();
        let Some(query) = self.query_mut(at.query) else { return };
        if query.sources.is_empty() {
            query.sources = other.sources;
        }
        if query.select.is_empty() {
            query.select = other.select;
            query.select_also = other.select_also;
        }
        query.columns_only |= other.columns_only;
        query.verb = query.verb.filter(|&v| v != Verb::Select).or(other.verb);
        query.only.extend(other.only);
        query.defer.extend(other.defer);
        query.filters.extend(other.filters);
        query.group.extend(other.group);
        query.groups_rows |= other.groups_rows;
        query.having.extend(other.having);
        query.order.extend(other.order);
        query.distinct_on.extend(other.distinct_on);
        query.set.extend(other.set);
        query.entity = query.entity.or(other.entity);
        query.conflict.extend(other.conflict);
        query.conflict_set.extend(other.conflict_set);
        query.conflict_any |= other.conflict_any;
        query.returning.extend(other.returning);
        query.tail.extend(other.tail);
        query.with.extend(other.with);
        query.unions.extend(other.unions);
        query.from_query = query.from_query.or(other.from_query);
        query.loads.extend(other.loads);
        query.loads_only |= other.loads_only;
        query.unordered |= other.unordered;
        query.unscoped |= other.unscoped;
        query.alias = query.alias.take().or(other.alias);
        query.raw = query.raw.take().or(other.raw);
        query.parts.extend(other.parts);
        query.unknown.extend(other.unknown);
        if query.sources.is_empty() {
            query.pending.extend(waiting);
        }
    }

    /// SQL that is sent as it is.
    pub(super) fn raw(&mut self, at: &At, taken: &[Argument], query: QueryId) {
        let Some((first, rest)) = taken.split_first() else { return };
        let mut fragment = self.bound_fragment(at, &first.value, rest, false);
        fragment.properties = false;
        self.change(query, |q| {
            q.raw = Some(fragment);
            q.verb = Some(Verb::Raw);
        });
    }
}

pub(super) fn is_sql(value: &Value) -> bool {
    matches!(value, Value::Expr(e) if matches!(&**e, SqlExpr::Raw(_)))
}

/// Text that begins as a statement does.
fn is_statement(value: &Value) -> bool {
    const BEGINNINGS: [&str; 5] = ["select", "insert", "update", "delete", "with"];
    let Value::Text(text) = value else { return false };
    let Some(TextPart::Text(first, _)) = text.parts.iter().find(|p| !matches!(p, TextPart::Text(t, _) if t.trim().is_empty())) else {
        return false;
    };
    first.split_whitespace().next().is_some_and(|word| BEGINNINGS.iter().any(|b| word.eq_ignore_ascii_case(b)))
}
