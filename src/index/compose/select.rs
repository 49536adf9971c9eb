//! SELECT: whole rows, joins, conditions, order.

use super::Build;
use super::expr::aggregates;
use super::names::{At, definition_of};
use super::scope::{Found, How, Level, What, holder, lineage};
use crate::grammar::mapper::{FieldRole, NamesMean, Verb};
use crate::index::mapping::{FieldId, ModelId, Named};
use crate::index::trace::query::{Query, QueryId, SourceRef, SourceTable, SqlExpr};
use crate::model::dialect::Engine;
use crate::model::statement::SqlText;

/// What a query is used for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Its rows.
    Rows,
    /// A value or a list of them: the key, where nothing else is selected.
    Key,
    /// Whether there are rows.
    Exists,
}

/// Whether a field is a column.
pub(super) fn is_column(role: FieldRole) -> bool {
    !matches!(role, FieldRole::Embedded | FieldRole::Ignored | FieldRole::Synonym)
}

/// Whether a query names columns of a table that is not known: inside of another one they would be taken for its columns.
fn is_rootless(q: &Query) -> bool {
    let mut paths = false;
    q.expressions().for_each(|e| e.each(&mut |inner| paths |= matches!(inner, SqlExpr::Path { .. } | SqlExpr::Column { .. })));
    paths && q.sources.is_empty() && q.raw.is_none() && q.from_query.is_none()
}

impl<'a> Build<'a> {
    /// A query that gives rows.
    pub fn rows(&mut self, out: &mut SqlText, id: QueryId, shape: Shape) {
        let Some(q) = self.query(id) else { return self.unknown_rows(out) };
        let top = self.levels.is_empty();
        if !self.enter() || (!top && (self.running.contains(&id) || is_rootless(q))) {
            self.leave();
            return self.unknown_rows(out);
        }
        self.running.push(id);
        self.with(out, q);
        match &q.raw {
            Some(fragment) => {
                self.levels.push(Level::default());
                self.fragment(out, fragment);
                self.levels.pop();
            }
            None => self.select(out, id, q, shape),
        }
        for union in &q.unions {
            out.push_synthetic(" UNION ALL ");
            self.rows(out, *union, Shape::Rows);
        }
        self.running.pop();
        self.leave();
    }

    /// Rows of which nothing is known.
    fn unknown_rows(&mut self, out: &mut SqlText) {
        out.push_synthetic("SELECT ");
        self.unknown(out);
    }

    /// Common table expressions.
    pub fn with(&mut self, out: &mut SqlText, q: &'a Query) {
        let recursive = q.with.iter().any(|(name, query)| self.names_itself(*query, &name.text));
        for (i, (name, query)) in q.with.iter().enumerate() {
            out.push_synthetic(match i {
                0 if recursive => "WITH RECURSIVE ",
                0 => "WITH ",
                _ => ", ",
            });
            self.named(out, name);
            out.push_synthetic(" AS (");
            self.rows(out, *query, Shape::Rows);
            out.push_synthetic(")");
        }
        if !q.with.is_empty() {
            out.push_synthetic(" ");
        }
    }

    /// Whether a query, or one that is combined with it, reads the table expression that it is itself.
    fn names_itself(&self, query: QueryId, name: &str) -> bool {
        let reads =
            |q: &Query| q.sources.iter().any(|s| matches!(&s.table, SourceTable::Table { schema: None, name: n } if &*n.text == name));
        let Some(q) = self.composer.queries.get(query as usize) else { return false };
        reads(q) || q.unions.iter().filter_map(|u| self.composer.queries.get(*u as usize)).any(reads)
    }

    fn select(&mut self, out: &mut SqlText, id: QueryId, q: &'a Query, shape: Shape) {
        self.open_level(Some(id), q);
        let loads = if shape == Shape::Rows { self.join_loads(q) } else { Vec::new() };
        let plain = std::mem::replace(&mut self.plain, !groups_wholly(q));
        let mut items = SqlText::default();
        let keys = if shape == Shape::Rows { self.join_keys(q, &loads) } else { Vec::new() };
        self.items(&mut items, q, shape, &loads);
        for at in keys {
            self.key_items(&mut items, (self.levels.len().saturating_sub(1), at));
        }
        if self.plain {
            // What is grouped is read, whatever the rest of the grouping is.
            for key in &q.group {
                self.comma(&mut items);
                self.computed(&mut items, std::slice::from_ref(key));
            }
        }
        let groups = q.groups_rows && !q.select_also && shape == Shape::Rows && self.composer.dialect.engine == Engine::Sqlite;
        if groups && self.composer.mapper(&q.pack).is_some_and(|m| m.implicit_grouping) {
            // SQLite is told every column of the rows that are grouped, the other engines their key
            self.whole_row(&mut items, (self.levels.len().saturating_sub(1), 0), None);
        }
        let mut tail = SqlText::default();
        let (having, filters): (Vec<&'a SqlExpr>, Vec<&'a SqlExpr>) = q.filters.iter().partition(|f| aggregates(f) && !self.plain);
        self.filters(&mut tail, q, &filters, true);
        if !self.plain {
            for (i, key) in q.group.iter().enumerate() {
                tail.push_synthetic(if i == 0 { " GROUP BY " } else { ", " });
                self.group_key(&mut tail, key);
            }
        }
        let having: Vec<&'a SqlExpr> = having.into_iter().chain(&q.having).collect();
        for (i, condition) in having.into_iter().enumerate() {
            tail.push_synthetic(match (i, self.plain) {
                (0, false) => " HAVING ",
                (0, true) if !tail.text.starts_with(" WHERE ") => " WHERE ",
                _ => " AND ",
            });
            self.condition(&mut tail, condition);
        }
        match shape {
            Shape::Rows => self.order(&mut tail, q, true),
            Shape::Key => self.order(&mut tail, q, false),
            Shape::Exists => {}
        }
        self.plain = plain;
        out.push_synthetic("SELECT ");
        if !q.distinct_on.is_empty() && self.composer.dialect.engine == Engine::Postgres {
            out.push_synthetic("DISTINCT ON (");
            self.list(out, &q.distinct_on);
            out.push_synthetic(") ");
        }
        out.append(&items);
        self.from(out, Some(q), None);
        out.append(&tail);
        if shape == Shape::Rows {
            self.tail(out, q);
        }
        self.levels.pop();
    }

    fn group_key(&mut self, out: &mut SqlText, key: &'a SqlExpr) {
        match key {
            SqlExpr::Output(name) if self.is_label(name) => self.named(out, name),
            key => self.expr(out, key),
        }
    }

    fn is_label(&self, name: &Named) -> bool {
        self.labelled(&name.text).is_some()
    }

    pub fn comma(&self, out: &mut SqlText) {
        if !out.text.is_empty() {
            out.push_synthetic(", ");
        }
    }

    /// The select list.
    fn items(&mut self, out: &mut SqlText, q: &'a Query, shape: Shape, loads: &[usize]) {
        if shape == Shape::Exists && q.select.is_empty() {
            return out.push_synthetic("1");
        }
        let level = self.levels.len().saturating_sub(1);
        let aggregate = q.verb == Some(Verb::Aggregate);
        let whole = q.select.is_empty() || q.select_also;
        if whole && aggregate && q.select.is_empty() {
            out.push_synthetic("count(*)");
        } else if whole && shape == Shape::Key && q.select.is_empty() {
            self.key_items(out, (level, 0));
        } else if whole && !q.columns_only && !aggregate && !q.sources.is_empty() {
            self.whole_row(out, (level, 0), Some(q));
        }
        let builds = self.composer.mapper(&q.pack).is_some_and(|m| m.names == NamesMean::Columns);
        for item in &q.select {
            match item {
                // said above
                SqlExpr::Star(SourceRef::Root) if whole && !builds => {}
                // `SELECT *` of a builder is that of all tables
                SqlExpr::Star(SourceRef::Root) if builds => {
                    let tables = self.levels.get(level).map_or(0, |l| l.tables.len());
                    for at in 0..tables {
                        if matches!(self.table((level, at)).map(|t| (&t.how, &t.what)), Some((How::Beside | How::Source(_), what)) if !matches!(what, What::Raw(_)))
                        {
                            self.whole_row(out, (level, at), Some(q));
                        }
                    }
                    if out.text.is_empty() {
                        out.push_synthetic("*");
                    }
                }
                SqlExpr::Star(source) => match self.find(source, None) {
                    Some(at) => self.whole_row(out, at, Some(q)),
                    None => {
                        self.comma(out);
                        self.qualifier(out, source);
                        out.push_synthetic("*");
                    }
                },
                SqlExpr::Label(inner, name) if matches!(**inner, SqlExpr::Star(_)) => {
                    self.comma(out);
                    self.computed(out, &[]);
                    out.push_synthetic(" AS ");
                    self.named(out, name);
                }
                SqlExpr::Label(inner, name) => {
                    self.comma(out);
                    self.expr(out, inner);
                    out.push_synthetic(" AS ");
                    self.named(out, name);
                }
                SqlExpr::Raw(fragment) => {
                    self.comma(out);
                    self.fragment(out, fragment);
                }
                item => {
                    self.comma(out);
                    self.expr(out, item);
                }
            }
        }
        for at in loads {
            self.whole_row(out, (level, *at), Some(q));
        }
        if out.text.is_empty() {
            out.push_synthetic("1");
        }
    }

    /// The key of a table's rows.
    pub fn key_items(&mut self, out: &mut SqlText, at: Found) {
        if let Some(What::Model(model, _)) = self.table(at).map(|t| t.what.clone()) {
            for (of, field) in self.key_of(model) {
                self.comma(out);
                let at = self.find(&SourceRef::Id(at.1 as u32), Some(of)).unwrap_or(at);
                self.field_of(out, at, of, field, None);
            }
        }
        if out.text.is_empty() {
            out.push_synthetic("*");
        }
    }

    /// The primary key of a model: its own, else that of the model whose table it shares.
    pub fn key_of(&self, model: ModelId) -> Vec<(ModelId, FieldId)> {
        let models = self.composer.models;
        [model, holder(models, model)]
            .into_iter()
            .find_map(|m| {
                let key: Vec<_> = self.model(m)?.primary().map(|f| (m, f)).collect();
                (!key.is_empty()).then_some(key)
            })
            .unwrap_or_default()
    }

    /// All columns of a table that a whole row has, cut down as the query says.
    pub fn whole_row(&mut self, out: &mut SqlText, at: Found, q: Option<&'a Query>) {
        let Some(What::Model(model, _)) = self.table(at).map(|t| t.what.clone()) else {
            self.comma(out);
            self.alias_of(out, at);
            return out.push_synthetic("*");
        };
        let mapper = q.and_then(|q| self.composer.mapper(&q.pack));
        let family = lineage(self.composer.models, model);
        let innermost = self.levels.len().saturating_sub(1);
        let of_family = |e: &&'a SqlExpr| match e {
            SqlExpr::Field { source, model: of, .. } => {
                let here = matches!(source, SourceRef::Id(id) if at == (innermost, *id as usize));
                family.contains(of) && (here || !matches!(source, SourceRef::Id(_)))
            }
            SqlExpr::Column { .. } => at.1 == 0,
            _ => false,
        };
        let only: Vec<&'a SqlExpr> = q.into_iter().flat_map(|q| &q.only).filter(of_family).collect();
        if !only.is_empty() {
            if mapper.is_some_and(|m| m.keeps_key) && q.is_some_and(|q| !q.columns_only) {
                for (of, field) in self.key_of(model) {
                    let named = only.iter().any(|e| matches!(e, SqlExpr::Field { model, field: f, .. } if (*model, *f) == (of, field)));
                    if !named {
                        self.comma(out);
                        self.field_of(out, at, of, field, None);
                    }
                }
            }
            for e in only {
                self.comma(out);
                self.expr(out, e);
            }
            return;
        }
        let deferred = |of: ModelId, f: FieldId| {
            let same = |e: &SqlExpr| matches!(e, SqlExpr::Field { model, field, .. } if (*model, *field) == (of, f));
            q.is_some_and(|q| q.defer.iter().any(same))
        };
        let mut here = at;
        for (i, of) in family.iter().enumerate() {
            if i > 0 {
                here = self.parent_table(here, *of);
            }
            let Some(m) = self.model(*of) else { continue };
            for (f, field) in m.fields.iter().enumerate() {
                let f = f as FieldId;
                if is_column(field.role) && !field.deferred && !deferred(*of, f) {
                    self.comma(out);
                    self.field_of(out, here, *of, f, None);
                }
            }
        }
        if out.text.is_empty() || mapper.is_some_and(|m| m.stars) {
            self.comma(out);
            self.alias_of(out, at);
            out.push_synthetic("*");
        }
    }

    /// WHERE with the conditions, and with those that the library adds to every query of the tables.
    pub fn filters(&mut self, out: &mut SqlText, q: &'a Query, filters: &[&'a SqlExpr], reads: bool) {
        let mut where_ = SqlText::default();
        let level = self.levels.len().saturating_sub(1);
        for filter in filters {
            if !where_.text.is_empty() {
                where_.push_synthetic(" AND ");
            }
            self.condition(&mut where_, filter);
        }
        let guarded = !q.unscoped && (reads || self.composer.mapper(&q.pack).is_some_and(|m| m.guards_writes));
        let tables = self.levels.get(level).map_or(0, |l| l.tables.len());
        for at in 0..tables {
            let Some(table) = self.table((level, at)) else { continue };
            if let (What::Model(model, _), How::Beside | How::Source(_)) = (table.what.clone(), table.how.clone()) {
                self.own_rows(&mut where_, (level, at), model, guarded);
            }
        }
        if !where_.text.is_empty() {
            out.push_synthetic(" WHERE ");
            out.append(&where_);
        }
    }

    /// Conditions that a model puts on its table: the class of the rows, and that they are not marked as deleted.
    pub fn own_rows(&mut self, out: &mut SqlText, at: Found, model: ModelId, guarded: bool) {
        let and = |out: &mut SqlText| {
            if !out.text.is_empty() {
                out.push_synthetic(" AND ");
            }
        };
        let Some(m) = self.model(model) else { return };
        if let (Some(_), Some((field, value))) = (m.shares, &m.discriminator) {
            and(out);
            self.field_of(out, at, model, *field, None);
            out.push_synthetic(" = ");
            match value {
                Some(value) => self.literal(out, value),
                None => self.parameter(out),
            }
        }
        if guarded {
            let marks = m.fields.iter().position(|f| f.role == FieldRole::Deleted);
            if let Some(field) = marks {
                and(out);
                self.field_of(out, at, model, field as FieldId, None);
                out.push_synthetic(" IS NULL");
            }
        }
    }

    /// ORDER BY: what the query says, else, where `default`, what the model says.
    fn order(&mut self, out: &mut SqlText, q: &'a Query, default: bool) {
        let mut order = SqlText::default();
        for key in &q.order {
            let (inner, down) = match key {
                SqlExpr::Descending(inner) => (&**inner, true),
                other => (other, false),
            };
            if matches!(inner, SqlExpr::Value(_) | SqlExpr::Null | SqlExpr::Star(_)) {
                continue;
            }
            self.comma(&mut order);
            match inner {
                SqlExpr::Output(name) if self.is_label(name) && !self.plain => self.named(&mut order, name),
                SqlExpr::Raw(fragment) => self.fragment(&mut order, fragment),
                inner => self.expr(&mut order, inner),
            }
            if down {
                order.push_synthetic(" DESC");
            }
        }
        if default
            && q.order.is_empty()
            && !q.unordered
            && q.group.is_empty()
            && q.verb != Some(Verb::Aggregate)
            && !q.select.iter().any(aggregates)
        {
            self.default_order(&mut order);
        }
        if !order.text.is_empty() {
            out.push_synthetic(" ORDER BY ");
            out.append(&order);
        }
    }

    /// The order that the model of the first table gives its rows.
    pub fn default_order(&mut self, out: &mut SqlText) {
        let level = self.levels.len().saturating_sub(1);
        let Some(What::Model(model, _)) = self.table((level, 0)).map(|t| t.what.clone()) else { return };
        let own = self.model(model);
        let order = own.filter(|m| !m.order.is_empty()).or_else(|| self.model(holder(self.composer.models, model)));
        for key in order.into_iter().flat_map(|m| &m.order) {
            self.order_path(out, (level, 0), key);
        }
    }

    /// A field path of a definition, in ORDER BY: relations on the way are joined.
    pub fn order_path(&mut self, out: &mut SqlText, at: Found, key: &Named) {
        let down = key.text.starts_with('-');
        let path = key.text.trim_start_matches(['-', '+']);
        let mut at = at;
        let parts: Vec<&str> = path.split("__").flat_map(|p| p.split('.')).collect();
        for (i, part) in parts.iter().enumerate() {
            let Some(What::Model(model, _)) = self.table(at).map(|t| t.what.clone()) else { return };
            let owner = lineage(self.composer.models, model).into_iter().find_map(|m| Some((m, self.model(m)?.field(part)?)));
            let relation = self.model(model).and_then(|m| m.relation(part));
            match (owner, relation) {
                (Some((of, field)), _) if i + 1 == parts.len() || relation.is_none() => {
                    let here = self.find(&SourceRef::Id(at.1 as u32), Some(of)).unwrap_or(at);
                    let place = key.origin.or_else(|| self.model(of)?.fields.get(field as usize).map(definition_of));
                    let Some((name, _)) = self.column_of(of, field, None) else { return };
                    self.comma(out);
                    self.alias_of(out, here);
                    self.identifier(out, &name, place.map_or(At::Nowhere, At::Implied));
                    if down {
                        out.push_synthetic(" DESC");
                    }
                    return;
                }
                (_, Some(relation)) => at = (at.0, self.relation_table(at.1, relation, None, true)),
                _ => return,
            }
        }
    }
}

/// Whether the aggregates of a query can be rendered as such: everything else that is selected or ordered by is
/// grouped.
fn groups_wholly(q: &Query) -> bool {
    let any = q.select.iter().chain(&q.having).chain(&q.filters).chain(&q.order).any(aggregates);
    if !any && q.group.is_empty() {
        return true;
    }
    let whole =
        (q.select.is_empty() && q.verb != Some(Verb::Aggregate)) || q.select_also || q.select.iter().any(|e| matches!(e, SqlExpr::Star(_)));
    if whole || !q.loads.is_empty() {
        return false;
    }
    let grouped = |e: &SqlExpr| {
        let bare = match e {
            SqlExpr::Label(inner, _) | SqlExpr::Descending(inner) => inner,
            other => other,
        };
        let simple = |e: &SqlExpr| match e {
            SqlExpr::Call(_, args) => args.iter().all(|a| !aggregates(a)),
            _ => false,
        };
        match bare {
            SqlExpr::Call(..) if aggregates(bare) => simple(bare),
            // SQL text is sent as it is
            SqlExpr::Value(_) | SqlExpr::Null | SqlExpr::Output(_) | SqlExpr::Raw(_) => true,
            SqlExpr::Field { model, field, .. } => {
                q.group.iter().any(|g| matches!(g, SqlExpr::Field { model: m, field: f, .. } if m == model && f == field))
            }
            SqlExpr::Column { source, name } => {
                q.group.iter().any(|g| matches!(g, SqlExpr::Column { source: s, name: n } if s == source && n.text == name.text))
            }
            _ => false,
        }
    };
    let keys = |e: &SqlExpr| matches!(e, SqlExpr::Field { .. } | SqlExpr::Column { .. } | SqlExpr::Raw(_));
    q.select.iter().chain(&q.order).all(grouped) && q.group.iter().all(keys)
}
