//! Walking through expressions and queries.

use crate::index::trace::query::{Fragment, FragmentPart, Query, QueryId, SqlExpr};

/// Expressions in expressions that are walked through.
const MAX_DEPTH: usize = 64;

impl SqlExpr {
    /// The expression with `change` done to each part, the innermost first.
    pub(in crate::index::trace) fn map(self, change: &mut dyn FnMut(SqlExpr) -> SqlExpr) -> SqlExpr {
        self.map_to(change, 0)
    }

    fn map_to(self, change: &mut dyn FnMut(SqlExpr) -> SqlExpr, depth: usize) -> SqlExpr {
        if depth > MAX_DEPTH {
            return self;
        }
        let mut one = |e: Box<SqlExpr>| Box::new(e.map_to(change, depth + 1));
        let inner = match self {
            SqlExpr::Compare(op, left, right) => {
                let left = one(left);
                SqlExpr::Compare(op, left, right.into_iter().map(|e| e.map_to(change, depth + 1)).collect())
            }
            SqlExpr::And(all) => SqlExpr::And(all.into_iter().map(|e| e.map_to(change, depth + 1)).collect()),
            SqlExpr::Or(all) => SqlExpr::Or(all.into_iter().map(|e| e.map_to(change, depth + 1)).collect()),
            SqlExpr::Call(name, all) => SqlExpr::Call(name, all.into_iter().map(|e| e.map_to(change, depth + 1)).collect()),
            SqlExpr::Not(e) => SqlExpr::Not(one(e)),
            SqlExpr::Label(e, name) => SqlExpr::Label(one(e), name),
            SqlExpr::Descending(e) => SqlExpr::Descending(one(e)),
            SqlExpr::Raw(fragment) => {
                let parts = fragment.parts.into_iter().map(|p| match p {
                    FragmentPart::Expr(e) => FragmentPart::Expr(Box::new(e.map_to(change, depth + 1))),
                    other => other,
                });
                SqlExpr::Raw(Fragment { parts: parts.collect(), properties: fragment.properties })
            }
            other => other,
        };
        change(inner)
    }

    /// Calls `look` for each part, the outermost first.
    pub(in crate::index) fn each(&self, look: &mut dyn FnMut(&SqlExpr)) {
        self.each_to(look, 0);
    }

    fn each_to(&self, look: &mut dyn FnMut(&SqlExpr), depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        look(self);
        match self {
            SqlExpr::Compare(_, left, right) => {
                left.each_to(look, depth + 1);
                right.iter().for_each(|e| e.each_to(look, depth + 1));
            }
            SqlExpr::And(all) | SqlExpr::Or(all) | SqlExpr::Call(_, all) => all.iter().for_each(|e| e.each_to(look, depth + 1)),
            SqlExpr::Not(e) | SqlExpr::Label(e, _) | SqlExpr::Descending(e) => e.each_to(look, depth + 1),
            SqlExpr::Raw(fragment) => fragment.parts.iter().for_each(|p| {
                if let FragmentPart::Expr(e) = p {
                    e.each_to(look, depth + 1);
                }
            }),
            _ => {}
        }
    }

    /// It waits for a query in which its names are looked up.
    pub(in crate::index::trace) fn has_path(&self) -> bool {
        let mut found = false;
        self.each(&mut |e| found |= matches!(e, SqlExpr::Path { .. }));
        found
    }

    /// It names a column or reads rows.
    pub(in crate::index::trace) fn has_columns(&self) -> bool {
        let mut found = false;
        self.each(&mut |e| {
            found |= matches!(
                e,
                SqlExpr::Field { .. }
                    | SqlExpr::Column { .. }
                    | SqlExpr::Star(_)
                    | SqlExpr::Path { .. }
                    | SqlExpr::Query(_)
                    | SqlExpr::Exists(_)
                    | SqlExpr::Raw(_)
                    | SqlExpr::Output(_)
                    | SqlExpr::Unknown(..)
            );
        });
        found
    }

    /// Queries that it holds.
    pub(in crate::index::trace) fn queries(&self, out: &mut Vec<QueryId>) {
        self.each(&mut |e| {
            if let SqlExpr::Query(q) | SqlExpr::Exists(q) = e {
                out.push(*q);
            }
        });
    }

    /// It is computed over several rows.
    pub(in crate::index::trace) fn is_aggregate(&self) -> bool {
        let mut found = false;
        self.each(&mut |e| {
            if let SqlExpr::Call(name, _) = e {
                found |= matches!(
                    &*name.to_ascii_lowercase(),
                    "count" | "sum" | "avg" | "min" | "max" | "array_agg" | "string_agg" | "stddev" | "variance"
                );
            }
        });
        found
    }
}

impl Query {
    /// Its expressions.
    pub(in crate::index) fn expressions(&self) -> impl Iterator<Item = &SqlExpr> {
        let lists = [
            &self.select,
            &self.only,
            &self.defer,
            &self.filters,
            &self.group,
            &self.having,
            &self.order,
            &self.distinct_on,
            &self.conflict,
            &self.returning,
            &self.tail,
        ];
        let pairs = self.set.iter().chain(&self.conflict_set).flat_map(|(a, b)| [a, b]);
        let joins = self.sources.iter().filter_map(|s| s.join.as_ref()).flat_map(|j| &j.on);
        lists.into_iter().flatten().chain(pairs).chain(joins)
    }

    /// Does `change` to each part of its expressions.
    pub(in crate::index::trace) fn map_expressions(&mut self, change: &mut dyn FnMut(SqlExpr) -> SqlExpr) {
        let mut all = |list: &mut Vec<SqlExpr>| {
            let taken = std::mem::take(list);
            *list = taken.into_iter().map(|e| e.map(change)).collect();
        };
        all(&mut self.select);
        all(&mut self.only);
        all(&mut self.defer);
        all(&mut self.filters);
        all(&mut self.group);
        all(&mut self.having);
        all(&mut self.order);
        all(&mut self.distinct_on);
        all(&mut self.conflict);
        all(&mut self.returning);
        all(&mut self.tail);
        self.sources.iter_mut().filter_map(|s| s.join.as_mut()).for_each(|j| all(&mut j.on));
        for pairs in [&mut self.set, &mut self.conflict_set] {
            let taken = std::mem::take(pairs);
            *pairs = taken.into_iter().map(|(a, b)| (a.map(change), b.map(change))).collect();
        }
    }
}
