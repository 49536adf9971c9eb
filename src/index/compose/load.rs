//! FROM, joins, and relations that are loaded with the rows.

use super::names::{At, definition_of};
use super::scope::{Found, How, What};
use super::{Build, Composer};
use crate::grammar::mapper::{RelationShape, Verb};
use crate::index::mapping::{ModelId, Named, Origin, Relation, RelationId, Through};
use crate::index::trace::query::{Load, Query, SourceRef, SqlExpr};
use crate::model::statement::SqlText;
use std::collections::BTreeSet;

/// A relation that is loaded by a statement of its own.
pub(super) struct Apart<'a> {
    relation: &'a Relation,
    origin: Option<Origin>,
    load: &'a Load,
    /// It is the end of the load's path: what the load says of columns and conditions holds for it.
    last: bool,
    unscoped: bool,
    /// The model whose rows say which are loaded, where the same statement reads them.
    from: Option<ModelId>,
}

impl<'a> Composer<'a> {
    /// Statements that load relations apart: those that the query asks for, and those of a model's own that every
    /// read loads are part of the statement itself.
    pub(super) fn loads_apart(&self, q: &'a Query) -> Vec<Apart<'a>> {
        let mut out = Vec::new();
        self.collect_loads(q, 0, &mut out);
        out
    }

    fn collect_loads(&self, q: &'a Query, depth: usize, out: &mut Vec<Apart<'a>>) {
        let mut seen: BTreeSet<Vec<RelationId>> = BTreeSet::new();
        let Some(root) = root_model(q).filter(|_| depth <= super::MAX_DEPTH) else { return };
        for load in q.loads.iter().filter(|l| !l.joined) {
            let mut model = root;
            let mut path = Vec::new();
            for (i, (relation, origin)) in load.path.iter().enumerate() {
                path.push(*relation);
                let Some(found) = self.models.get(model).and_then(|m| m.relations.get(*relation as usize)) else { break };
                let last = i + 1 == load.path.len();
                if seen.insert(path.clone()) || (last && load.query.is_some()) {
                    let correlated = self.mapper(&q.pack).is_some_and(|m| m.correlated_loads);
                    let from = correlated.then_some(model);
                    out.push(Apart { relation: found, origin: *origin, load, last, unscoped: q.unscoped, from });
                }
                model = found.target;
            }
            // What is loaded with the loaded rows.
            if let Some(inner) = load.query.and_then(|id| self.queries.get(id as usize)) {
                self.collect_loads(inner, depth + 1, out);
            }
            // What the models on the way load with every read is loaded by statements of their own.
            for relation in self.models.get(model).into_iter().flat_map(|m| &m.relations).filter(|r| r.eager) {
                out.push(Apart { relation, origin: None, load, last: false, unscoped: q.unscoped, from: None });
            }
        }
    }
}

/// The model of the first table.
pub(super) fn root_model(q: &Query) -> Option<ModelId> {
    match q.sources.first()?.table {
        crate::index::trace::query::SourceTable::Model(model) => Some(model),
        _ => None,
    }
}

impl<'a> Build<'a> {
    /// Joins what is loaded in the same statement; gives the tables whose rows are read.
    pub fn join_loads(&mut self, q: &'a Query) -> Vec<usize> {
        let mut out = Vec::new();
        let Some(root) = root_model(q) else { return out };
        for load in q.loads.iter().filter(|l| l.joined) {
            let mut at = 0;
            for (relation, origin) in &load.path {
                at = self.relation_table(at, *relation, *origin, true);
                if !out.contains(&at) {
                    out.push(at);
                }
            }
        }
        // What the model itself says is loaded with every read.
        let rows = |e: &SqlExpr| match e {
            SqlExpr::Star(SourceRef::Root | SourceRef::Id(0)) => true,
            SqlExpr::Star(SourceRef::Model(model, None)) => *model == root,
            _ => false,
        };
        let whole = ((q.select.is_empty() && !q.columns_only) || q.select_also || q.select.iter().any(rows))
            && q.verb.is_none_or(|v| v == Verb::Select)
            && !q.without_eager;
        let eager: Vec<RelationId> = self
            .model(root)
            .into_iter()
            .flat_map(|m| m.relations.iter().enumerate())
            .filter(|(_, r)| r.eager)
            .map(|(i, _)| i as RelationId)
            .collect();
        for relation in eager.into_iter().filter(|_| whole) {
            let at = self.relation_table(0, relation, None, true);
            if !out.contains(&at) {
                out.push(at);
            }
        }
        out
    }

    /// Joins what refers to the rows one to one, where the library reads its key with them; gives those tables.
    pub fn join_keys(&mut self, q: &'a Query, loads: &[usize]) -> Vec<usize> {
        let reads = self.composer.mapper(&q.pack).is_some_and(|m| m.reads_one_from);
        let whole = q.select.is_empty() && q.only.is_empty() && !q.columns_only;
        let Some(root) = root_model(q).filter(|_| reads && whole && q.verb.unwrap_or_default() == Verb::Select) else { return Vec::new() };
        let relations = self.model(root).into_iter().flat_map(|m| m.relations.iter().enumerate());
        let one: Vec<RelationId> =
            relations.filter(|(_, r)| r.shape == RelationShape::OneFrom && r.through.is_none()).map(|(i, _)| i as RelationId).collect();
        one.into_iter().map(|r| self.relation_table(0, r, None, true)).filter(|at| !loads.contains(at)).collect()
    }

    /// The table at the other end of a relation, joined if it is not there yet.
    pub fn relation_table(&mut self, from: usize, relation: RelationId, origin: Option<Origin>, outer: bool) -> usize {
        let Some(level) = self.levels.last() else { return from };
        let there =
            level.tables.iter().position(|t| matches!(t.how, How::Relation { from: f, relation: r, .. } if f == from && r == relation));
        if let Some(at) = there {
            return at;
        }
        let target = match level.tables.get(from).map(|t| &t.what) {
            Some(What::Model(model, _)) => self.model(*model).and_then(|m| m.relations.get(relation as usize)).map(|r| r.target),
            _ => None,
        };
        let Some(target) = target else { return from };
        let place = origin.map_or_else(|| self.table_place(target), At::Written);
        self.add_table(What::Model(target, place), None, How::Relation { from, relation, outer })
    }

    /// FROM with all joins of the level.
    pub fn from(&mut self, out: &mut SqlText, q: Option<&'a Query>, extra: Option<&SqlText>) {
        let level = self.levels.len().saturating_sub(1);
        if self.levels.get(level).is_none_or(|l| l.tables.is_empty()) {
            return;
        }
        // Conditions may add tables: those come to stand behind what they belong to.
        let mut joins: Vec<SqlText> = Vec::new();
        while joins.len() < self.levels.get(level).map_or(0, |l| l.tables.len()).min(200) {
            let mut text = SqlText::default();
            self.join(&mut text, (level, joins.len()), q);
            joins.push(text);
        }
        let parents: Vec<Option<usize>> = (0..joins.len())
            .map(|at| match self.table((level, at)).map(|t| t.how.clone()) {
                Some(How::Parent { of, .. }) => Some(of),
                _ => None,
            })
            .collect();
        let mut order = Vec::new();
        for at in 0..joins.len() {
            let through = matches!(self.table((level, at)).map(|t| &t.how), Some(How::Through { .. }));
            if parents.get(at).copied().flatten().is_none() && !through {
                behind(at, &parents, &mut order, 0);
            }
        }
        for (i, at) in order.into_iter().enumerate() {
            let Some(join) = joins.get(at) else { continue };
            let beside =
                matches!(self.table((level, at)).map(|t| (&t.how, &t.what)), Some((How::Beside, what)) if !matches!(what, What::Raw(_)));
            match (i, beside) {
                (0, _) => out.push_synthetic(" FROM "),
                (_, true) => out.push_synthetic(" CROSS JOIN "),
                _ => out.push_synthetic(" "),
            }
            out.append(join);
            if let Some(extra) = extra.filter(|_| i == 0) {
                out.append(extra);
            }
        }
    }

    fn join(&mut self, out: &mut SqlText, at: Found, q: Option<&'a Query>) {
        let Some(table) = self.table(at).cloned() else { return };
        match table.how {
            How::Beside => self.table_item(out, at),
            How::Source(number) => {
                let Some(join) = q.and_then(|q| q.sources.get(number)).and_then(|s| s.join.as_ref()) else {
                    return self.table_item(out, at);
                };
                if let What::Raw(_) = table.what {
                    return self.table_item(out, at);
                }
                if at.1 == 0 {
                    return self.table_item(out, at);
                }
                out.push_synthetic(match (join.outer, join.on.is_empty()) {
                    (_, true) => "CROSS JOIN ",
                    (true, _) => "LEFT JOIN ",
                    (false, _) => "JOIN ",
                });
                self.table_item(out, at);
                self.on(out, &join.on, SqlText::default());
            }
            How::Relation { from, relation, outer } => {
                let number = at.1;
                let on = q.and_then(|q| q.sources.get(number)).and_then(|s| s.join.as_ref()).map_or(&[][..], |j| &j.on);
                let guarded = !q.is_some_and(|q| q.unscoped);
                self.relation_join(out, at, (at.0, from), relation, outer, on, guarded);
            }
            How::Parent { of, outer } => {
                let What::Model(parent, _) = table.what else { return };
                out.push_synthetic(if outer { "LEFT JOIN " } else { "JOIN " });
                self.table_item(out, at);
                out.push_synthetic(" ON ");
                self.parent_keys(out, (at.0, of), at, parent);
            }
            How::Through { .. } => {}
        }
    }

    /// `child.key = parent.key`.
    fn parent_keys(&mut self, out: &mut SqlText, child: Found, at: Found, parent: ModelId) {
        let Some(What::Model(own, _)) = self.table(child).map(|t| t.what.clone()) else { return };
        let key = self.model(own).and_then(|m| m.parent).map(|p| p.1);
        match (key, self.key_of(parent).first().copied()) {
            (Some(key), Some((of, field))) => {
                self.field_of(out, child, own, key, None);
                out.push_synthetic(" = ");
                self.field_of(out, at, of, field, None);
            }
            _ => out.push_synthetic("1 = 1"),
        }
    }

    fn on(&mut self, out: &mut SqlText, on: &'a [SqlExpr], mut text: SqlText) {
        for condition in on {
            if !text.text.is_empty() {
                text.push_synthetic(" AND ");
            }
            self.condition(&mut text, condition);
        }
        if !text.text.is_empty() {
            out.push_synthetic(" ON ");
            out.append(&text);
        }
    }

    #[allow(clippy::too_many_arguments)] // one call site
    fn relation_join(
        &mut self,
        out: &mut SqlText,
        at: Found,
        from: Found,
        relation: RelationId,
        outer: bool,
        on: &'a [SqlExpr],
        guarded: bool,
    ) {
        let word = if outer { "LEFT JOIN " } else { "JOIN " };
        let found = match self.table(from).map(|t| t.what.clone()) {
            Some(What::Model(model, _)) => self.model(model).and_then(|m| m.relations.get(relation as usize)),
            _ => None,
        };
        let Some(relation) = found else {
            out.push_synthetic("CROSS JOIN ");
            return self.table_item(out, at);
        };
        let mut keys = SqlText::default();
        match &relation.through {
            Some(through) => {
                let alias = self.through_table(through, at);
                out.push_synthetic(word);
                self.table_item(out, alias);
                let mut first = SqlText::default();
                self.key_pairs(&mut first, from, alias, &relation.keys);
                self.on(out, &[], first);
                self.key_pairs(&mut keys, alias, at, &through.keys);
                out.push_synthetic(" ");
            }
            None => self.key_pairs(&mut keys, from, at, &relation.keys),
        }
        if let Some(What::Model(target, _)) = self.table(at).map(|t| t.what.clone()) {
            self.own_rows(&mut keys, at, target, guarded);
        }
        if keys.text.is_empty() && on.is_empty() {
            keys.push_synthetic("1 = 1");
        }
        out.push_synthetic(word);
        self.table_item(out, at);
        self.on(out, on, keys);
    }

    /// The join table of a relation, under a name of its own.
    fn through_table(&mut self, through: &Through, to: Found) -> Found {
        let there = self.levels.last().and_then(|l| l.tables.iter().position(|t| matches!(t.how, How::Through { to: t } if t == to.1)));
        if let Some(at) = there {
            return (to.0, at);
        }
        let what = match through.model {
            Some(model) => What::Model(model, self.table_place(model)),
            None => {
                let place = |n: &Named| n.origin.map_or(At::Nowhere, At::Implied);
                let schema = through.schema.as_ref().map(|s| (s.text.clone(), place(s)));
                What::Named { schema, name: through.table.text.clone(), at: place(&through.table) }
            }
        };
        let at = self.add_table(what, None, How::Through { to: to.1 });
        (to.0, at)
    }

    /// `a.x = b.y AND ...`.
    fn key_pairs(&mut self, out: &mut SqlText, left: Found, right: Found, keys: &[(Named, Named)]) {
        for (own, other) in keys {
            if !out.text.is_empty() {
                out.push_synthetic(" AND ");
            }
            self.key_column(out, left, own);
            out.push_synthetic(" = ");
            self.key_column(out, right, other);
        }
    }

    /// A column of a key: where a field maps it, its definition is that field's.
    pub fn key_column(&mut self, out: &mut SqlText, at: Found, column: &Named) {
        let (at, field) = self.owner_of_column(at, &column.text);
        self.alias_of(out, at);
        let own = field.and_then(|(m, f)| self.model(m)?.fields.get(f as usize)).map(definition_of);
        let place = own.or(column.origin).map_or(At::Nowhere, At::Implied);
        self.identifier(out, &column.text, place);
    }

    /// A table in FROM, with its name in the query where that differs.
    pub fn table_item(&mut self, out: &mut SqlText, at: Found) {
        let Some(table) = self.table(at).cloned() else { return };
        let natural = match &table.what {
            What::Model(model, place) => {
                let name = self.table_text(*model);
                let schema = self.schema_of(*model);
                self.table_name(out, schema.as_ref().map(|(s, at)| (&**s, *at)), &name, *place);
                name
            }
            What::Named { schema, name, at } => {
                self.table_name(out, schema.as_ref().map(|(s, at)| (&**s, *at)), name, *at);
                name.clone()
            }
            What::Query(query) => {
                let named = self.running.iter().find_map(|q| self.query(*q)?.with.iter().find(|(_, w)| w == query));
                match named {
                    Some((name, _)) => {
                        self.named(out, name);
                        name.text.clone()
                    }
                    None => {
                        out.push_synthetic("(");
                        // Other tables of the level are not in sight.
                        let hidden = self.levels.pop();
                        self.rows(out, *query, super::select::Shape::Rows);
                        self.levels.extend(hidden);
                        out.push_synthetic(")");
                        "".into()
                    }
                }
            }
            What::Raw(number) => {
                if let Some(fragment) = self.raw_source(*number) {
                    let first = fragment.parts.first().and_then(|p| match p {
                        crate::index::trace::query::FragmentPart::Text(text, _) => {
                            text.split_whitespace().next().map(str::to_ascii_lowercase)
                        }
                        _ => None,
                    });
                    let joins = ["join", "left", "right", "inner", "outer", "full", "cross", "natural", "straight_join", ","];
                    if at.1 > 0 && !first.is_some_and(|w| joins.contains(&w.as_str())) {
                        out.push_synthetic("CROSS JOIN ");
                    }
                    self.fragment(out, fragment);
                }
                return;
            }
            What::Unknown(what, origin) => {
                self.hole(out, what, *origin);
                "".into()
            }
        };
        if natural != table.alias && !table.alias.is_empty() {
            out.push_synthetic(" AS ");
            let alias_at = table.alias_at;
            self.identifier(out, &table.alias, alias_at);
        }
    }

    /// The statement that loads a relation apart: the target's rows whose key is one of those at hand.
    pub fn load_apart(&mut self, out: &mut SqlText, apart: &Apart<'a>) {
        let relation = apart.relation;
        if relation.shape == RelationShape::Any {
            return;
        }
        let with = apart.last.then(|| apart.load.query.and_then(|q| self.query(q))).flatten();
        self.levels.push(super::scope::Level { query: apart.load.query.filter(|_| apart.last), ..Default::default() });
        let place = apart.origin.map_or_else(|| self.table_place(relation.target), At::Written);
        self.add_table(What::Model(relation.target, place), None, How::Beside);
        let here = (0, 0);
        let mut keys = SqlText::default();
        let mut join = SqlText::default();
        let mut items = SqlText::default();
        let plain = std::mem::replace(&mut self.plain, true);
        self.whole_row(&mut items, here, with);
        match &relation.through {
            Some(through) => {
                let alias = self.through_table(through, here);
                join.push_synthetic(" JOIN ");
                self.table_item(&mut join, alias);
                let mut on = SqlText::default();
                self.key_pairs(&mut on, alias, here, &through.keys);
                self.on(&mut join, &[], on);
                for (_, key) in &relation.keys {
                    self.comma(&mut items);
                    self.key_column(&mut items, alias, key);
                    self.in_keys(&mut keys, alias, key);
                }
            }
            None => {
                for (_, key) in relation.keys.iter().filter(|_| apart.from.is_none()) {
                    self.in_keys(&mut keys, here, key);
                }
            }
        }
        if let Some(from) = apart.from.filter(|_| relation.through.is_none() && !relation.keys.is_empty()) {
            keys.push_synthetic("EXISTS (SELECT 1 FROM ");
            self.levels.push(super::scope::Level::default());
            self.add_table(What::Model(from, self.table_place(from)), None, How::Beside);
            let there = (self.levels.len() - 1, 0);
            self.table_item(&mut keys, there);
            keys.push_synthetic(" WHERE ");
            let mut pairs = SqlText::default();
            self.key_pairs(&mut pairs, there, here, &relation.keys);
            keys.append(&pairs);
            keys.push_synthetic(")");
            self.levels.pop();
        }
        self.own_rows(&mut keys, here, relation.target, !apart.unscoped);
        for filter in with.into_iter().flat_map(|q| &q.filters) {
            if !keys.text.is_empty() {
                keys.push_synthetic(" AND ");
            }
            self.condition(&mut keys, filter);
        }
        let mut order = SqlText::default();
        for key in with.into_iter().flat_map(|q| &q.order) {
            self.comma(&mut order);
            self.expr(&mut order, key);
        }
        if order.text.is_empty() {
            let definition = self.model(relation.target).map_or(&[][..], |m| &m.order);
            let all = if relation.order.is_empty() { definition } else { &relation.order };
            for key in all {
                self.order_path(&mut order, here, key);
            }
        }
        self.plain = plain;
        out.push_synthetic("SELECT ");
        out.append(&items);
        self.from(out, None, Some(&join));
        if !keys.text.is_empty() {
            out.push_synthetic(" WHERE ");
            out.append(&keys);
        }
        if !order.text.is_empty() {
            out.push_synthetic(" ORDER BY ");
            out.append(&order);
        }
        self.levels.pop();
    }

    fn in_keys(&mut self, out: &mut SqlText, at: Found, key: &Named) {
        if !out.text.is_empty() {
            out.push_synthetic(" AND ");
        }
        self.key_column(out, at, key);
        out.push_synthetic(" IN (");
        self.parameter(out);
        out.push_synthetic(")");
    }
}

/// A table, then the parents that belong behind it.
fn behind(at: usize, parents: &[Option<usize>], out: &mut Vec<usize>, depth: usize) {
    if out.contains(&at) || depth > 32 {
        return;
    }
    out.push(at);
    for (i, of) in parents.iter().enumerate() {
        if *of == Some(at) {
            behind(i, parents, out, depth + 1);
        }
    }
}
