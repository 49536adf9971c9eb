//! Two queries of branches that exclude each other as one that holds the clauses of both.

use crate::index::trace::Tracer;
use crate::index::trace::query::{EntityWrite, Fragment, FragmentPart, Query, QueryId, Source, SourceId, SourceRef, SqlExpr};

/// Expressions inside each other that are renumbered.
const DEPTH: usize = 64;

impl Tracer<'_> {
    /// A query with the clauses of both; `None` where their roots or verbs differ, so that they are two statements.
    pub(in crate::index::trace) fn join_queries(&mut self, a: QueryId, b: QueryId) -> Option<QueryId> {
        if a == b {
            return Some(a);
        }
        let (first, second) = (self.query(a)?, self.query(b)?);
        if first.pack != second.pack
            || first.sources.first().map(|s| &s.table) != second.sources.first().map(|s| &s.table)
            || matches!((first.verb, second.verb), (Some(x), Some(y)) if x != y)
            || first.raw != second.raw
            || first.from_query != second.from_query
        {
            return None;
        }
        if first == second {
            return Some(a);
        }
        let mut joined = first.clone();
        merge(&mut joined, second.clone());
        // where one side is what the other grew from, nothing new came of it
        if joined == *second {
            return Some(b);
        }
        if joined == *first {
            return Some(a);
        }
        for id in [a, b] {
            if let Some(query) = self.query_mut(id) {
                query.used = true;
            }
        }
        Some(self.begin(joined))
    }
}

fn merge(into: &mut Query, mut other: Query) {
    let mut map: Vec<SourceId> = Vec::new();
    for (i, source) in std::mem::take(&mut other.sources).into_iter().enumerate() {
        let source = renumbered(source, &map);
        let known = if i == 0 && !into.sources.is_empty() { Some(0) } else { into.sources.iter().position(|s| alike(s, &source)) };
        map.push(known.unwrap_or(into.sources.len()) as SourceId);
        if known.is_none() {
            into.sources.push(source);
        }
    }
    let whole = |q: &Query| q.select.is_empty() && !q.columns_only || q.select_also;
    let (one, two) = (whole(into), whole(&other));
    for list in other.lists() {
        list.iter_mut().for_each(|e| expression(e, &map, 0));
    }
    for (name, value) in other.set.iter_mut().chain(&mut other.conflict_set) {
        expression(name, &map, 0);
        expression(value, &map, 0);
    }
    into.verb = into.verb.or(other.verb);
    into.only = if into.only.is_empty() || other.only.is_empty() { Vec::new() } else { union(std::mem::take(&mut into.only), other.only) };
    into.defer.retain(|d| other.defer.contains(d));
    for (list, more) in [
        (&mut into.select, other.select),
        (&mut into.filters, other.filters),
        (&mut into.group, other.group),
        (&mut into.having, other.having),
        (&mut into.order, other.order),
        (&mut into.distinct_on, other.distinct_on),
        (&mut into.conflict, other.conflict),
        (&mut into.returning, other.returning),
        (&mut into.tail, other.tail),
    ] {
        *list = union(std::mem::take(list), more);
    }
    into.select_also = !into.select.is_empty() && (one || two);
    into.columns_only = into.columns_only && other.columns_only;
    into.set = union(std::mem::take(&mut into.set), other.set);
    into.conflict_set = union(std::mem::take(&mut into.conflict_set), other.conflict_set);
    into.with = union(std::mem::take(&mut into.with), other.with);
    into.unions = union(std::mem::take(&mut into.unions), other.unions);
    into.loads = union(std::mem::take(&mut into.loads), other.loads);
    into.pending = union(std::mem::take(&mut into.pending), other.pending);
    into.used = into.used && other.used;
    into.parts = union(std::mem::take(&mut into.parts), other.parts);
    into.unknown = union(std::mem::take(&mut into.unknown), other.unknown);
    into.entity = match (into.entity, other.entity) {
        (Some(x), Some(y)) if x != y => Some(if matches!(x, EntityWrite::Changed | EntityWrite::New) { y } else { x }),
        (x, y) => x.or(y),
    };
    into.conflict_any |= other.conflict_any;
    into.unordered &= other.unordered;
    into.unscoped &= other.unscoped;
    into.alias = into.alias.take().or(other.alias);
}

fn union<T: PartialEq>(mut a: Vec<T>, b: Vec<T>) -> Vec<T> {
    // one has mostly grown from the other
    let same = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    for item in b.into_iter().skip(same) {
        if !a.contains(&item) {
            a.push(item);
        }
    }
    a
}

fn alike(a: &Source, b: &Source) -> bool {
    a.table == b.table && a.alias == b.alias && a.join == b.join
}

fn renumbered(mut source: Source, map: &[SourceId]) -> Source {
    if let Some(join) = &mut source.join {
        join.on.iter_mut().for_each(|e| expression(e, map, 0));
        if let Some((from, _)) = &mut join.relation {
            *from = map.get(*from as usize).copied().unwrap_or(*from);
        }
    }
    source
}

fn reference(source: &mut SourceRef, map: &[SourceId]) {
    if let SourceRef::Id(id) = source {
        *id = map.get(*id as usize).copied().unwrap_or(*id);
    }
}

/// Renumbers the sources that an expression refers to.
fn expression(expr: &mut SqlExpr, map: &[SourceId], depth: usize) {
    if depth > DEPTH {
        return;
    }
    match expr {
        SqlExpr::Field { source, .. } | SqlExpr::Column { source, .. } | SqlExpr::Star(source) => reference(source, map),
        SqlExpr::Compare(_, left, right) => {
            expression(left, map, depth + 1);
            right.iter_mut().for_each(|e| expression(e, map, depth + 1));
        }
        SqlExpr::And(all) | SqlExpr::Or(all) | SqlExpr::Call(_, all) => all.iter_mut().for_each(|e| expression(e, map, depth + 1)),
        SqlExpr::Not(inner) | SqlExpr::Label(inner, _) | SqlExpr::Descending(inner) => expression(inner, map, depth + 1),
        SqlExpr::Raw(Fragment { parts, .. }) => {
            for part in parts {
                if let FragmentPart::Expr(inner) = part {
                    expression(inner, map, depth + 1);
                }
            }
        }
        _ => {}
    }
}

impl Query {
    /// Its lists of expressions.
    pub(super) fn lists(&mut self) -> [&mut Vec<SqlExpr>; 11] {
        [
            &mut self.select,
            &mut self.only,
            &mut self.defer,
            &mut self.filters,
            &mut self.group,
            &mut self.having,
            &mut self.order,
            &mut self.distinct_on,
            &mut self.conflict,
            &mut self.returning,
            &mut self.tail,
        ]
    }
}
