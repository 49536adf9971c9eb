//! What the steps of a call do to the query.

mod combine;
mod tables;

use tables::trimmed;

use super::calls::Call;
use super::expressions::TextIs;
use super::names::At;
use super::words::Vocabulary;
use crate::grammar::mapper::{Act, ReadAs, Step, Take, Verb};
use crate::index::mapping::{Named, Origin, RelationId};
use crate::index::trace::query::{EntityWrite, FragmentPart, Load, Query, QueryId, Source, SourceRef, SourceTable, SqlExpr};
use crate::index::trace::value::{Argument, Object, Value};
use crate::index::trace::{Tracer, Use};
use std::rc::Rc;

impl Tracer<'_> {
    /// Carries a step out.
    pub(super) fn act(&mut self, words: &Rc<Vocabulary>, call: &mut Call, step: &Step) {
        match step.act {
            Act::Unordered => return self.change(call.query, |q| q.unordered = true),
            Act::Unscoped if !step.take.0.iter().any(|t| matches!(t, Take::Key(..))) => {
                return self.change(call.query, |q| q.unscoped = true);
            }
            _ => {}
        }
        let Some(taken) = self.taken(words, call, step) else { return };
        let at = self.at(call, step);
        match step.act {
            Act::From => self.from(&at, step, &taken, words, call),
            Act::FromOnly => {
                for (i, arg) in taken.iter().enumerate() {
                    if let Some((table, alias, origin)) = self.table(&at, step, &arg.value, arg.origin) {
                        self.change(call.query, |q| {
                            if i == 0 {
                                q.sources.clear();
                            }
                            q.sources.push(Source { table, alias, join: None, origin });
                        });
                    }
                }
            }
            Act::Join => self.join(&at, step, &taken, call),
            Act::Along => {
                let entity = match self.query(call.query).and_then(|q| q.of) {
                    Some(entity) => Some(entity),
                    None => self.root_model(call.query).map(|model| {
                        let (written, origin) = (Vec::new(), call.site);
                        self.allocate(Object::Entity { model, many: true, fresh: false, written, query: None, origin })
                    }),
                };
                let path = taken.first().and_then(|a| self.relations_in(&at, &a.value, false).into_iter().next());
                if let (Some(entity), Some((path, _))) = (entity, path) {
                    call.along = path.first().map(|(relation, origin)| (entity, *relation, *origin));
                }
            }
            Act::Cascade => {
                for arg in &taken {
                    if let Value::Object(id) = &arg.value {
                        self.delete_along(*id, call.site);
                    }
                }
            }
            Act::Link | Act::Unlink | Act::UnlinkAll | Act::UnlinkFound => {
                if let Some(Value::Handle(handle)) = call.receiver {
                    let handle = handle.clone();
                    if step.act == Act::Link
                        && let Some((entity, relation, _)) = handle.of
                        && self.words.mapper(at.pack).is_some_and(|m| m.cascades)
                        && let Some(Object::Entity { model, .. }) = self.object(entity)
                    {
                        let model = *model;
                        for arg in call.args.clone().iter() {
                            self.cascade_along(&at, model, relation, &arg.value, Some(arg.origin), 0);
                        }
                        self.touch(&at, model);
                    }
                    if step.act == Act::UnlinkFound && handle.of.is_none() {
                        return self.unlink_rows(&at);
                    }
                    let found = if step.act == Act::UnlinkFound { self.found_links(words, &handle, call) } else { None };
                    self.link(&at, step, &handle, found);
                }
            }
            Act::LoadJoined if step.read == ReadAs::Includes => {
                taken.iter().for_each(|a| self.includes(&at, 0, &a.value, a.origin, 0));
            }
            Act::AliasRoot => {
                let name = taken.iter().find_map(|a| self.text_of(&a.value));
                self.change(call.query, |q| {
                    if let Some(root) = q.sources.first_mut() {
                        root.alias = name.or(root.alias.take());
                    }
                });
            }
            Act::Related => self.begin_related(&at, &taken, call),
            Act::LinkNew => {
                if let Some(Value::Handle(handle)) = call.receiver {
                    let handle = handle.clone();
                    self.link_new(&at, &handle);
                }
            }
            Act::LoadJoined | Act::LoadApart if step.read == ReadAs::Selection => {
                self.read(&at, step, &taken, call);
            }
            Act::Unscoped if taken.iter().all(|a| super::read::is_false(&a.value)) != step.negate => {}
            Act::Unscoped => self.change(call.query, |q| q.unscoped = true),
            Act::Send => {
                for arg in &taken {
                    for query in self.queries_in(&at, &arg.value, call.site) {
                        self.dispatch(query, call.site);
                    }
                }
            }
            Act::CountApart => {
                for arg in &taken {
                    for (path, _) in self.relations_in(&at, &arg.value, false) {
                        self.count_related(call.query, &path, call.site);
                    }
                }
            }
            Act::LoadJoined | Act::LoadApart | Act::JoinRelation => self.load(&at, step, &taken, call),
            Act::LoadNow => {
                self.change(call.query, |q| q.loads_only = true);
                self.load(&at, step, &taken, call);
            }
            Act::Set | Act::ConflictSet => self.set(&at, step, &taken, call),
            Act::Alias => {
                let name = taken.iter().find_map(|a| self.text_of(&a.value));
                self.change(call.query, |q| q.alias = name.or(q.alias.take()));
            }
            Act::Union | Act::With | Act::Merge | Act::FromQuery => self.combine(&at, step, &taken, call),
            Act::Raw => self.raw(&at, &taken, call.query),
            Act::Scan => self.scan(&at, &taken, call),
            _ => {
                let mut read = self.read(&at, step, &taken, call);
                if step.act == Act::Conflict {
                    self.change(at.query, |q| q.conflict_any = true);
                    read = read.into_iter().flat_map(conflict_columns).collect();
                }
                let read: Vec<SqlExpr> = read.into_iter().map(|e| wrapped(&step.wrap, e)).collect();
                let read = self.under_name(words, call, step, read);
                self.put(&at, step, read);
            }
        }
    }

    /// What is selected under the name that the step's `alias` takes.
    fn under_name(&mut self, words: &Rc<Vocabulary>, call: &mut Call, step: &Step, mut read: Vec<SqlExpr>) -> Vec<SqlExpr> {
        let Some(take) = step.alias.as_ref().filter(|_| read.len() == 1) else { return read };
        let named = Step { take: take.clone(), ..Step::default() };
        let name = self.taken(words, call, &named).and_then(|t| t.first().and_then(|a| self.text_of(&a.value)));
        match (name, read.pop()) {
            (Some(name), Some(one)) if !matches!(one, SqlExpr::Label(..)) => vec![SqlExpr::Label(Box::new(one), name)],
            (_, one) => one.into_iter().collect(),
        }
    }

    /// Sends the statement that counts the rows at the end of a path of relations, by the key that leads there.
    fn count_related(&mut self, query: QueryId, path: &[(RelationId, Option<Origin>)], site: Origin) {
        let mut model = self.root_model(query);
        let mut last = None;
        for (relation, origin) in path {
            let Some(of) = model else { return };
            let Some(found) = self.models.get(of).and_then(|m| m.relations.get(*relation as usize)) else { return };
            model = Some(found.target);
            last = Some((of, *relation, *origin));
        }
        let Some((of, relation, origin)) = last else { return };
        let pack = self.query(query).map_or_else(|| "".into(), |q| q.pack.clone());
        let entity = self.allocate(Object::Entity { model: of, many: true, fresh: false, written: Vec::new(), query: None, origin: site });
        let counting = self.begin(Query { pack, verb: Some(Verb::Aggregate), parts: vec![site], ..Query::default() });
        self.restrict_to_relation(counting, entity, relation, origin, site);
        let keys: Vec<SqlExpr> = self
            .query(counting)
            .into_iter()
            .flat_map(|q| &q.filters)
            .filter_map(|f| match f {
                SqlExpr::Compare(_, left, _) => Some((**left).clone()),
                _ => None,
            })
            .collect();
        self.change(counting, |q| q.select = keys.clone());
        self.change(counting, |q| q.group = keys);
        self.dispatch(counting, site);
    }

    pub(super) fn change(&mut self, query: QueryId, change: impl FnOnce(&mut Query)) {
        if let Some(query) = self.query_mut(query) {
            change(query);
        }
    }

    /// Puts expressions into a clause.
    fn put(&mut self, at: &At, step: &Step, mut read: Vec<SqlExpr>) {
        if step.negate {
            read = vec![SqlExpr::Not(Box::new(SqlExpr::And(read)))];
        }
        let unknown: Vec<(Rc<str>, Origin)> =
            read.iter().filter_map(|e| if let SqlExpr::Unknown(what, o) = e { Some((what.clone(), *o)) } else { None }).collect();
        let model = match read.as_slice() {
            [SqlExpr::Star(SourceRef::Model(model, alias))] => Some((*model, alias.clone())),
            _ => None,
        };
        if step.act == Act::Select
            && !self.has_root(at.query)
            && let Some((model, alias)) = model
        {
            let alias = alias.map(|text| Named { text, origin: None });
            self.set_root(at.query, SourceTable::Model(model), alias, Some(at.site));
            // where whole rows are those of all tables, this one is chosen of them
            if self.words.mapper(at.pack).is_some_and(|m| m.joined_rows) {
                self.change(at.query, |q| q.select = read);
            }
            return;
        }
        let modelled = self.root_model(at.query).is_some();
        let Some(query) = self.query_mut(at.query) else { return };
        query.unknown.extend(unknown);
        if step.act == Act::Defer {
            // what is left out is named all the same: the code breaks when it is gone
            for expr in &read {
                if let SqlExpr::Field { model, field, origin: Some(origin), .. } = expr {
                    self.found.uses.push(Use { origin: *origin, model: *model, field: *field, carried: false });
                }
            }
        }
        let Some(query) = self.query_mut(at.query) else { return };
        let clause = match step.act {
            Act::Where | Act::WhereKey => {
                if step.or && !query.filters.is_empty() {
                    let before = std::mem::take(&mut query.filters);
                    query.filters.push(SqlExpr::Or(vec![and(before), and(read)]));
                    return;
                }
                &mut query.filters
            }
            Act::Having => &mut query.having,
            Act::Select => {
                let whole = matches!(read.as_slice(), [SqlExpr::Star(SourceRef::Root)]);
                query.select.clear();
                query.select_also = false;
                if whole {
                    return;
                }
                &mut query.select
            }
            Act::SelectMore => {
                if matches!(read.as_slice(), [SqlExpr::Star(SourceRef::Root)]) && query.select.is_empty() {
                    return;
                }
                &mut query.select
            }
            Act::SelectAlso => {
                if query.select.is_empty() && !query.columns_only {
                    query.select_also = true;
                }
                query.groups_rows |= query.select_also && read.iter().any(SqlExpr::is_aggregate);
                &mut query.select
            }
            Act::Only => &mut query.only,
            Act::Defer => &mut query.defer,
            Act::Group => {
                query.groups_rows = false;
                &mut query.group
            }
            Act::Order => &mut query.order,
            Act::DistinctOn => &mut query.distinct_on,
            Act::Conflict => &mut query.conflict,
            Act::Returning => &mut query.returning,
            Act::Append => &mut query.tail,
            Act::On => match query.sources.iter_mut().rev().find_map(|s| s.join.as_mut()) {
                Some(join) => &mut join.on,
                None => &mut query.filters,
            },
            Act::Columns => {
                query.set.extend(read.into_iter().map(|e| (e, SqlExpr::Value(None))));
                if matches!(query.verb, Some(Verb::Insert | Verb::Upsert)) && modelled {
                    query.entity = query.entity.or(Some(EntityWrite::New));
                }
                return;
            }
            Act::Limit => {
                query.entity = Some(EntityWrite::Changed);
                let values = std::mem::take(&mut query.set);
                query.set = read.into_iter().map(|e| (e, SqlExpr::Value(None))).collect();
                drop(values);
                return;
            }
            _ => return,
        };
        clause.extend(read);
    }

    /// Relations that are loaded or joined.
    fn load(&mut self, at: &At, step: &Step, taken: &[Argument], call: &mut Call) {
        let joined = step.act == Act::LoadJoined;
        for arg in taken {
            for (path, query) in self.relations_in(at, &arg.value, call.receiver.is_some()) {
                let path: Vec<(RelationId, Option<Origin>)> = path;
                if step.act == Act::JoinRelation {
                    let mut source = 0;
                    for (relation, origin) in &path {
                        match self.join_relation(at.query, source, *relation, *origin, step.outer, None) {
                            Some(next) => source = next,
                            None => break,
                        }
                    }
                    continue;
                }
                if let Some(inner) = query {
                    self.change(inner, |q| q.used = true);
                }
                self.change(at.query, |q| q.loads.push(Load { path, joined, query }));
            }
        }
    }
}

/// `count(x)`, `sum(x)`; a name for it stays outside.
fn wrapped(function: &str, expr: SqlExpr) -> SqlExpr {
    if function.is_empty() {
        return expr;
    }
    match expr {
        SqlExpr::Label(inner, name) => SqlExpr::Label(Box::new(wrapped(function, *inner)), name),
        SqlExpr::Star(_) => SqlExpr::Call(function.into(), Vec::new()),
        other => SqlExpr::Call(function.into(), vec![other]),
    }
}

/// The columns that `CONFLICT (a, b) DO UPDATE` names, as text and as identifiers built into it.
fn conflict_columns(expr: SqlExpr) -> Vec<SqlExpr> {
    let SqlExpr::Raw(fragment) = expr else { return vec![expr] };
    let mut out = Vec::new();
    let mut inside = false;
    for part in fragment.parts {
        match part {
            FragmentPart::Text(text, origin) => {
                let whole = Named { text, origin };
                let mut start = 0;
                let mut add = |from: usize, to: usize| {
                    let name = trimmed(&whole.part(from, to));
                    if super::sql::is_name(&name.text) {
                        out.push(SqlExpr::Column { source: SourceRef::Id(0), name });
                    }
                };
                for (i, c) in whole.text.char_indices() {
                    match c {
                        '(' => (inside, start) = (true, i + 1),
                        ',' | ')' if inside => {
                            add(start, i);
                            (inside, start) = (c == ',', i + 1);
                        }
                        _ => {}
                    }
                }
            }
            FragmentPart::Expr(expr) if inside => out.push(*expr),
            _ => {}
        }
    }
    out
}

/// All of them hold.
pub(super) fn and(mut all: Vec<SqlExpr>) -> SqlExpr {
    match (all.len(), all.pop()) {
        (1, Some(one)) => one,
        (_, last) => {
            all.extend(last);
            SqlExpr::And(all)
        }
    }
}

/// What a clause of a step takes text for.
pub(super) fn text_of_step(step: &Step) -> TextIs {
    match step.read {
        ReadAs::Sql | ReadAs::PropertySql => TextIs::Sql,
        ReadAs::Values | ReadAs::Data | ReadAs::Key => TextIs::Value,
        _ => TextIs::Name,
    }
}
