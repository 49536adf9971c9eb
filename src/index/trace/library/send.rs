//! What a query is when it is sent: its tables, its groups, what waited for them.

use super::names::At;
use crate::grammar::mapper::Verb;
use crate::index::mapping::{ModelId, Named, Origin};
use crate::index::trace::Tracer;
use crate::index::trace::query::{QueryId, Source, SourceId, SourceRef, SourceTable, SqlExpr};
use std::rc::Rc;

/// Queries in queries.
const MAX_DEPTH: usize = 16;

/// A table that an expression names.
type Mention = (SourceTable, Option<Named>);

impl Tracer<'_> {
    /// Sends a query, complete.
    pub(super) fn dispatch(&mut self, query: QueryId, site: Origin) {
        self.complete(query, site, &[], 0);
        self.limit_write(query);
        self.change(query, |q| q.used = true);
        let nothing = self.query(query).is_none_or(|q| {
            let reads = matches!(q.verb, None | Some(Verb::Select | Verb::Aggregate));
            q.sources.is_empty() && q.raw.is_none() && (q.unknown.is_empty() && q.select.is_empty() || !reads && q.from_query.is_none())
        });
        if nothing {
            self.open(site, "the table that it is about is not known");
            return;
        }
        self.send(query, site);
    }

    /// Adds what is implied: tables that expressions name, groups, names that waited.
    fn complete(&mut self, query: QueryId, site: Origin, outer: &[Mention], depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        let waiting = self.query_mut(query).map(|q| std::mem::take(&mut q.pending)).unwrap_or_default();
        self.resume(query, waiting);
        self.add_sources(query, outer);
        self.settle_all(query, site);
        self.group(query);
        self.rows_of_all(query);
        let mut inside: Vec<Mention> = outer.to_vec();
        let mut nested = Vec::new();
        if let Some(found) = self.query(query) {
            inside.extend(found.sources.iter().map(|s| (s.table.clone(), s.alias.clone())));
            found.expressions().for_each(|e| e.queries(&mut nested));
            nested.extend(&found.unions);
            nested.extend(found.from_query);
            nested.extend(found.with.iter().map(|w| w.1));
            nested.extend(found.loads.iter().filter_map(|l| l.query));
            nested.extend(found.sources.iter().filter_map(|s| if let SourceTable::Query(q) = s.table { Some(q) } else { None }));
        }
        nested.sort_unstable();
        nested.dedup();
        for inner in nested.into_iter().filter(|&q| q != query) {
            self.complete(inner, site, &inside, depth + 1);
        }
    }

    /// Paths that could not be looked up before the root was known.
    fn settle_all(&mut self, query: QueryId, site: Origin) {
        let Some(found) = self.query(query) else { return };
        if !found.expressions().any(SqlExpr::has_path) {
            return;
        }
        let pack = self.words.pack(&found.pack).unwrap_or_default();
        let names = self.words.mapper(pack).map_or_else(Default::default, |m| m.names);
        let at = At { pack, query, site, names, outputs: false, keep: false };
        let mut copy = found.clone();
        copy.map_expressions(&mut |e| match e {
            SqlExpr::Path { name, outer: false, pack } => {
                let pack = self.words.pack(&pack).unwrap_or(at.pack);
                self.name(&At { pack, ..at }, &name)
            }
            other => other,
        });
        // looking up may have added joins
        if let Some(place) = self.query_mut(query) {
            copy.sources = std::mem::take(&mut place.sources);
            copy.unknown = std::mem::take(&mut place.unknown);
            *place = copy;
        }
    }

    /// Tables that expressions name and that nobody joined.
    fn add_sources(&mut self, query: QueryId, outer: &[Mention]) {
        let Some(found) = self.query(query) else { return };
        if found.raw.is_some() {
            return;
        }
        let (mut selected, mut other) = (Vec::new(), Vec::new());
        found.select.iter().for_each(|e| self.mentions(e, &mut selected));
        found.expressions().for_each(|e| self.mentions(e, &mut other));
        let is_there = |m: &Mention, all: &[Mention]| all.iter().any(|o| self.same_table(m, o));
        let present: Vec<Mention> = found.sources.iter().map(|s| (s.table.clone(), s.alias.clone())).collect();
        let mut missing: Vec<Mention> = Vec::new();
        for mention in selected.iter().chain(&other) {
            if !is_there(mention, &present) && !is_there(mention, outer) && !is_there(mention, &missing) {
                missing.push(mention.clone());
            }
        }
        if present.is_empty() && missing.is_empty() {
            missing.extend(selected.into_iter().chain(other).take(1));
        }
        for (table, alias) in missing {
            let first = self.query(query).is_some_and(|q| q.sources.is_empty());
            if first {
                self.set_root(query, table, alias, None);
            } else {
                self.change(query, |q| q.sources.push(Source { table, alias, join: None, origin: None }));
            }
        }
    }

    /// Whole rows of all tables, where the library reads them.
    fn rows_of_all(&mut self, query: QueryId) {
        let Some(found) = self.query(query) else { return };
        let all = self.words.pack(&found.pack).and_then(|p| self.words.mapper(p)).is_some_and(|m| m.joined_rows);
        let whole = found.select.is_empty() && !found.columns_only && found.raw.is_none() && found.only.is_empty();
        if !all || !whole || !matches!(found.verb, None | Some(Verb::Select)) || found.sources.len() < 2 {
            return;
        }
        let stars = (0..found.sources.len()).map(|s| SqlExpr::Star(SourceRef::Id(s as SourceId))).collect();
        self.change(query, |q| q.select = stars);
    }

    fn mentions(&self, expr: &SqlExpr, out: &mut Vec<Mention>) {
        expr.each(&mut |e| {
            let (SqlExpr::Field { source, .. } | SqlExpr::Column { source, .. } | SqlExpr::Star(source)) = e else { return };
            if let Some(mention) = self.source_for(source) {
                out.push(mention);
            }
        });
    }

    /// The table that a reference to a source names by itself.
    pub(super) fn source_for(&self, source: &SourceRef) -> Option<Mention> {
        match source {
            SourceRef::Model(model, alias) => {
                let alias: Option<Rc<str>> = alias.clone();
                Some((SourceTable::Model(*model), alias.map(|text| Named { text, origin: None })))
            }
            SourceRef::Query(query) => {
                let alias = self.query(*query).and_then(|q| q.alias.clone());
                Some((SourceTable::Query(*query), alias))
            }
            _ => None,
        }
    }

    fn same_table(&self, a: &Mention, b: &Mention) -> bool {
        let table = match (&a.0, &b.0) {
            (SourceTable::Model(a), SourceTable::Model(b)) => a == b || self.shares_table(*a, *b),
            (SourceTable::Query(a), SourceTable::Query(b)) => a == b,
            _ => false,
        };
        table && a.1.as_ref().map(|n| &n.text) == b.1.as_ref().map(|n| &n.text)
    }

    /// Whether two models stand in one source: they share a table, or one is the joined parent of the other.
    fn shares_table(&self, a: ModelId, b: ModelId) -> bool {
        let up = |from: ModelId, to: ModelId| {
            let mut at = from;
            for _ in 0..8 {
                let Some(model) = self.models.get(at) else { return false };
                let Some(next) = model.shares.or(model.parent.map(|p| p.0)).filter(|&n| n != at) else { return false };
                if next == to {
                    return true;
                }
                at = next;
            }
            false
        };
        up(a, b) || up(b, a)
    }

    /// Groups by what is selected besides aggregates, where the library does.
    fn group(&mut self, query: QueryId) {
        let Some(found) = self.query(query) else { return };
        let implied = self.words.pack(&found.pack).and_then(|p| self.words.mapper(p)).is_some_and(|m| m.implicit_grouping);
        let reads = matches!(found.verb, None | Some(Verb::Select));
        if !implied || !reads || !found.group.is_empty() || !found.select.iter().any(SqlExpr::is_aggregate) {
            return;
        }
        let plain: Vec<SqlExpr> = found.select.iter().filter(|e| !e.is_aggregate() && e.has_columns()).cloned().collect();
        let plain = plain.into_iter().map(|e| if let SqlExpr::Label(inner, _) = e { *inner } else { e }).collect::<Vec<_>>();
        let whole = found.select_also.then(|| self.root_model(query)).flatten();
        let key = whole.map(|m| self.key_field(0, m, None)).filter(|e| matches!(e, SqlExpr::Field { .. }));
        self.change(query, |q| q.group = key.into_iter().chain(plain).collect());
    }
}
