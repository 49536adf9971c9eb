//! Statements that are sent: taken as they are at that moment, kept once, freed of the heap they were built on.

use crate::grammar::mapper::Verb;
use crate::index::mapping::Origin;
use crate::index::program::FunctionRef;
use crate::index::trace::query::{FragmentPart, Query, QueryId, SourceRef, SourceTable, SqlExpr};
use crate::index::trace::value::{Handle, TextPart, Value};
use crate::index::trace::{Open, RowUse, Scan, Sent, Tracer, Use};
use crate::model::statement::Scope;
use rustc_hash::FxHashSet as HashSet;
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Queries and expressions inside each other that are followed.
const DEPTH: usize = 48;

/// What all entry points together brought to light.
#[derive(Default)]
pub(super) struct Harvest {
    /// Statements with their queries in [`Harvest::queries`].
    pub(super) sent: Vec<Sent>,
    /// The queries, each free of the tracer's heap.
    pub(super) queries: Vec<Query>,
    /// Uses.
    pub(super) uses: BTreeSet<Use>,
    /// Structs that rows are read into.
    pub(super) scans: BTreeSet<Scan>,
    /// Uses of columns by rows.
    pub(super) row_uses: HashSet<RowUse>,
    /// Open places.
    pub(super) open: HashSet<Open>,
    /// What functions return, with them.
    pub(super) returned: Vec<(Sent, FunctionRef)>,
    /// What could not be told of that.
    pub(super) returned_open: HashSet<(Open, FunctionRef)>,
    /// What was built and never sent, each beginning once.
    pub(super) unsent: Vec<Sent>,
    /// The same of which not even the table is known.
    pub(super) unsent_open: HashSet<Open>,
    seen: HashSet<(Origin, u64)>,
    begun: HashSet<Origin>,
}

impl Tracer<'_> {
    /// Records that a statement is sent by the call, assignment or attribute at `site`. It is taken as it is now:
    /// what is added to the builder later is not part of it.
    pub(in crate::index::trace) fn send(&mut self, query: QueryId, site: Origin) {
        let Some(now) = self.query(query).cloned() else { return };
        let scope = self.program.file(site.file).map_or(Scope::Production, |f| f.scope);
        let around = self.state.stack.iter().filter(|f| f.file == site.file);
        let whole = around.filter_map(|f| self.program.function(*f)).map(|f| f.span).filter(|s| s.covers(site.span));
        let whole = whole.max_by_key(|s| s.len());
        let near = |part: &&Origin| part.file == site.file && whole.is_none_or(|w| w.covers(part.span));
        let span = now.parts.iter().filter(near).fold(site.span, |all, p| all.to(p.span));
        let function = self.state.stack.iter().rev().find(|f| f.file == site.file).copied();
        let query = self.begin(now);
        self.found.sent.push(Sent { query, site, statement: Origin { file: site.file, span }, function, scope });
    }

    /// Sends a query that became text and is now given to something unknown: a connection. Where that happens in a
    /// function that was called with the text, it is sent where it became text.
    pub(super) fn send_rendered(&mut self, value: &Value, site: Origin) {
        let Value::Text(text) = value else { return };
        let [TextPart::Value(Value::Handle(Handle { query: Some(query), .. }))] = *text.parts else { return };
        let Some(rendered) = self.query(query).filter(|q| !q.used).and_then(|q| q.rendered) else { return };
        let within = |f: &FunctionRef| f.file == rendered.file && self.program.function(*f).is_some_and(|c| c.span.covers(rendered.span));
        let here = self.state.stack.last().is_some_and(within);
        let above = !here && self.state.stack.iter().any(within);
        self.library_dispatch(query, if above { rendered } else { site });
    }

    /// Sends the queries that were built and that nothing has sent or built upon, where their library sends them
    /// when they are looked at by whatever they were given to.
    pub(super) fn send_leftovers(&mut self) {
        for id in self.kept.queries..self.queries.len() {
            let id = id as QueryId;
            if let Some(rendered) = self.query(id).filter(|q| !q.used).and_then(|q| q.rendered) {
                self.library_dispatch(id, rendered);
                continue;
            }
            let Some(query) = self.query(id).filter(|q| !q.used && q.verb == Some(Verb::Select)) else { continue };
            if query.sources.is_empty() || !self.library_sends_leftovers(&query.pack) {
                continue;
            }
            let Some(site) = query.parts.last().copied() else { continue };
            self.library_dispatch(id, site);
        }
    }

    /// Keeps the queries that were built and that nothing has sent or built upon: what they were given to is out of
    /// sight, or nobody calls the function that gives them. Where no entry point sends them, they count as they are.
    pub(super) fn keep_unsent(&mut self) {
        if self.state.testing || self.state.steps == 0 {
            return;
        }
        let (before, open) = (self.found.sent.len(), self.found.open.len());
        for id in self.kept.queries..self.queries.len() {
            let id = id as QueryId;
            let Some(query) = self.query(id).filter(|q| !q.used && q.alias.is_none()) else { continue };
            // a repository, a manager, an alias of a table is where a query may begin
            if query.raw.is_none() && query.verb.is_none() {
                continue;
            }
            let Some(site) = query.parts.last().copied() else { continue };
            if self.program.file(site.file).is_some_and(|f| f.scope == Scope::Production) {
                self.state.stack.extend(self.function_around(site));
                self.library_dispatch(id, site);
                self.state.stack.clear();
            }
        }
        self.found.unsent = self.found.sent.split_off(before);
        self.found.unsent_open = self.found.open.split_off(open);
    }

    /// The outermost function that a place is in.
    fn function_around(&self, place: Origin) -> Option<FunctionRef> {
        let functions = &self.program.file(place.file)?.code.functions;
        let around = functions.iter().enumerate().filter(|(_, f)| f.span.covers(place.span));
        around.max_by_key(|(_, f)| f.span.len()).map(|(i, _)| FunctionRef { file: place.file, function: i as u32 })
    }

    /// Takes what the entry point found out of the heap.
    pub(super) fn harvest(&mut self, into: &mut Harvest) {
        for sent in std::mem::take(&mut self.found.sent) {
            let Some(fingerprint) = self.fingerprint(sent.query, 0) else { continue };
            if into.seen.insert((sent.site, fingerprint)) {
                let query = self.export(sent.query, into, 0);
                into.sent.push(Sent { query, ..sent });
            }
        }
        for sent in std::mem::take(&mut self.found.unsent) {
            let Some(first) = self.query(sent.query).and_then(|q| q.parts.first()).copied() else { continue };
            if into.begun.insert(first) {
                let query = self.export(sent.query, into, 0);
                into.unsent.push(Sent { query, ..sent });
            }
        }
        into.unsent_open.extend(std::mem::take(&mut self.found.unsent_open));
        let untold = std::mem::take(&mut self.found.untold);
        if !self.state.testing {
            into.unsent_open.extend(untold);
        }
        for (sent, function) in std::mem::take(&mut self.found.returned) {
            let query = self.export(sent.query, into, 0);
            into.returned.push((Sent { query, ..sent }, function));
        }
        into.returned_open.extend(std::mem::take(&mut self.found.returned_open));
        into.uses.extend(std::mem::take(&mut self.found.uses));
        into.scans.extend(std::mem::take(&mut self.found.scans));
        into.row_uses.extend(std::mem::take(&mut self.found.row_uses));
        into.open.extend(std::mem::take(&mut self.found.open));
    }

    /// A number that says what a query is, whatever the ids inside, and whichever entity it is of.
    fn fingerprint(&self, id: QueryId, depth: usize) -> Option<u64> {
        let mut query = self.query(id)?.clone();
        query.of = None;
        let mut hash = DefaultHasher::new();
        if depth < DEPTH {
            inner(&mut query, &mut |q| {
                self.fingerprint(*q, depth + 1).unwrap_or(0).hash(&mut hash);
                *q = 0;
            });
        }
        query.hash(&mut hash);
        Some(hash.finish())
    }

    fn export(&self, id: QueryId, into: &mut Harvest, depth: usize) -> QueryId {
        let mut query = self.query(id).cloned().unwrap_or_default();
        if depth < DEPTH {
            inner(&mut query, &mut |q| *q = self.export(*q, into, depth + 1));
        }
        into.queries.push(query);
        (into.queries.len() - 1) as QueryId
    }
}

/// Every query that a query is made of.
pub(super) fn inner(query: &mut Query, act: &mut dyn FnMut(&mut QueryId)) {
    for source in &mut query.sources {
        if let SourceTable::Query(id) = &mut source.table {
            act(id);
        }
        if let Some(join) = &mut source.join {
            join.on.iter_mut().for_each(|e| expression(e, act, 0));
        }
    }
    query.with.iter_mut().for_each(|(_, id)| act(id));
    query.unions.iter_mut().for_each(&mut *act);
    query.from_query.iter_mut().for_each(&mut *act);
    query.loads.iter_mut().filter_map(|l| l.query.as_mut()).for_each(&mut *act);
    for list in query.lists() {
        list.iter_mut().for_each(|e| expression(e, act, 0));
    }
    for (name, value) in query.set.iter_mut().chain(&mut query.conflict_set) {
        expression(name, act, 0);
        expression(value, act, 0);
    }
    if let Some(raw) = &mut query.raw {
        parts(&mut raw.parts, act, 0);
    }
}

fn reference(source: &mut SourceRef, act: &mut dyn FnMut(&mut QueryId)) {
    if let SourceRef::Query(id) = source {
        act(id);
    }
}

fn parts(parts: &mut [FragmentPart], act: &mut dyn FnMut(&mut QueryId), depth: usize) {
    for part in parts {
        if let FragmentPart::Expr(inner) = part {
            expression(inner, act, depth);
        }
    }
}

/// Every query that an expression is made of.
pub(super) fn expression(expr: &mut SqlExpr, act: &mut dyn FnMut(&mut QueryId), depth: usize) {
    if depth > DEPTH {
        return;
    }
    match expr {
        SqlExpr::Exists(id) | SqlExpr::Query(id) => act(id),
        SqlExpr::Field { source, .. } | SqlExpr::Column { source, .. } | SqlExpr::Star(source) => reference(source, act),
        SqlExpr::Compare(_, left, right) => {
            expression(left, act, depth + 1);
            right.iter_mut().for_each(|e| expression(e, act, depth + 1));
        }
        SqlExpr::And(all) | SqlExpr::Or(all) | SqlExpr::Call(_, all) => all.iter_mut().for_each(|e| expression(e, act, depth + 1)),
        SqlExpr::Not(inner) | SqlExpr::Label(inner, _) | SqlExpr::Descending(inner) => expression(inner, act, depth + 1),
        SqlExpr::Raw(fragment) => parts(&mut fragment.parts, act, depth + 1),
        SqlExpr::Value(_) | SqlExpr::Null | SqlExpr::Output(_) | SqlExpr::Path { .. } | SqlExpr::Unknown(..) => {}
    }
}
