//! The tables of a query under composition, and which of them a column belongs to.

use super::Build;
use super::names::{At, table_of};
use crate::index::mapping::{FieldId, Model, ModelId, Models, Origin, RelationId};
use crate::index::trace::query::{Fragment, Join, Query, QueryId, Source, SourceRef, SourceTable, SqlExpr};
use std::rc::Rc;

/// The tables of one query.
#[derive(Debug, Default)]
pub(super) struct Level {
    /// The query, for labels.
    pub query: Option<QueryId>,
    /// Its tables: the sources first, then what was added.
    pub tables: Vec<Table>,
    /// Further rows take part though no source says so; nothing else may be added.
    pub closed: bool,
}

/// A table in a query.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// Its name in the text.
    pub alias: Rc<str>,
    /// Where the alias is written.
    pub alias_at: At,
    /// The name was given by code.
    pub renamed: bool,
    /// What it is.
    pub what: What,
    /// Further names under which code refers to it.
    pub names: Vec<Rc<str>>,
    /// How it is joined.
    pub how: How,
}

/// What a table in a query is.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// The table of a model, with the place that names it.
    Model(ModelId, At),
    /// A table by name.
    Named { schema: Option<(Rc<str>, At)>, name: Rc<str>, at: At },
    /// A query.
    Query(QueryId),
    /// A piece of SQL, by the number of its source.
    Raw(usize),
    /// Unknown.
    Unknown(Rc<str>, Origin),
}

/// How a table comes in.
#[derive(Clone, Debug)]
pub(super) enum How {
    /// It is the first one, or stands beside the others.
    Beside,
    /// By the join of the source with this number.
    Source(usize),
    /// By a relation of another table of the level.
    Relation { from: usize, relation: RelationId, outer: bool },
    /// The joined parent of another table of the level.
    Parent { of: usize, outer: bool },
    /// The join table of a relation: of the table that the relation leads to.
    Through { to: usize },
}

/// A table in sight: how many levels outwards, and its number there.
pub(super) type Found = (usize, usize);

/// Models from one to the root of its joined inheritance, itself first.
pub(super) fn lineage(models: &Models, model: ModelId) -> Vec<ModelId> {
    let mut out = vec![model];
    while let Some((parent, _)) = out.last().and_then(|m| models.get(*m)).and_then(|m| m.parent) {
        if out.contains(&parent) || out.len() > 16 {
            break;
        }
        out.push(parent);
    }
    out
}

/// The model whose table a model uses.
pub(super) fn holder(models: &Models, model: ModelId) -> ModelId {
    let mut at = model;
    for _ in 0..16 {
        match models.get(at).and_then(|m| m.shares) {
            Some(next) if next != at => at = next,
            _ => break,
        }
    }
    at
}

impl<'a> Build<'a> {
    pub fn model(&self, id: ModelId) -> Option<&'a Model> {
        self.composer.models.get(id)
    }

    /// Opens the level of a query: a table for each source.
    pub fn open_level(&mut self, id: Option<QueryId>, q: &'a Query) {
        self.levels.push(Level { query: id, ..Level::default() });
        for (number, source) in q.sources.iter().enumerate() {
            let what = self.what(source, number);
            let how = match &source.join {
                Some(Join { relation: Some((from, relation)), outer, .. }) if (*from as usize) < number => {
                    How::Relation { from: *from as usize, relation: *relation, outer: *outer }
                }
                Some(_) => How::Source(number),
                None => How::Beside,
            };
            let mut alias = source.alias.as_ref().map(|a| (a.text.clone(), a.origin));
            if alias.is_none() && self.composer.mapper(&q.pack).is_some_and(|m| m.model_aliases) {
                alias = self.own_alias(&what, &how).map(|name| (name, None));
            }
            self.add_table(what, alias, how);
        }
    }

    /// The name that a library gives a table after its model, or after the relation that leads to it.
    fn own_alias(&self, what: &What, how: &How) -> Option<Rc<str>> {
        match (how, what) {
            (How::Relation { from, relation, .. }, _) => match self.levels.last()?.tables.get(*from)?.what {
                What::Model(model, _) => Some(self.model(model)?.relations.get(*relation as usize)?.name.clone()),
                _ => None,
            },
            (How::Beside, What::Model(model, _)) => Some(self.model(*model)?.name.text.clone()),
            _ => None,
        }
    }

    /// What a source is; `number` is its own among the query's.
    pub fn what(&self, source: &Source, number: usize) -> What {
        match &source.table {
            SourceTable::Model(model) => What::Model(*model, source.origin.map_or_else(|| self.table_place(*model), At::Written)),
            SourceTable::Table { schema, name } | SourceTable::Implied { schema, name } => {
                let implied = matches!(source.table, SourceTable::Implied { .. });
                let place = |origin: Option<Origin>| {
                    let at = origin.map_or(At::Nowhere, At::Written);
                    if implied { at.implied() } else { at }
                };
                let schema = schema.as_ref().map(|s| (s.text.clone(), place(s.origin)));
                What::Named { schema, name: name.text.clone(), at: place(name.origin.or(source.origin)) }
            }
            SourceTable::Query(query) => What::Query(*query),
            SourceTable::Raw(_) => What::Raw(number),
            SourceTable::Unknown(text, origin) => What::Unknown(text.clone(), *origin),
        }
    }

    /// The place of a model's table name, as what is taken from there.
    pub fn table_place(&self, model: ModelId) -> At {
        self.model(model).map_or(At::Nowhere, |m| At::Implied(table_of(m)))
    }

    /// The name of the table that a model is kept in.
    pub fn table_text(&self, model: ModelId) -> Rc<str> {
        let own = self.model(model).map(|m| m.table.text.clone()).unwrap_or_default();
        if own.is_empty() { self.model(holder(self.composer.models, model)).map(|m| m.table.text.clone()).unwrap_or_default() } else { own }
    }

    /// Adds a table to the innermost level under a name that nothing in sight has, and gives its number there.
    pub fn add_table(&mut self, what: What, alias: Option<(Rc<str>, Option<Origin>)>, how: How) -> usize {
        let natural: Rc<str> = match &what {
            What::Model(model, _) => self.table_text(*model),
            What::Named { name, .. } => name.clone(),
            What::Query(query) => self.query(*query).and_then(|q| q.alias.as_ref()).map_or_else(|| "q".into(), |a| a.text.clone()),
            What::Raw(_) | What::Unknown(..) => "".into(),
        };
        let mut names = vec![natural.clone()];
        if let What::Model(model, _) = &what {
            names.extend(self.model(*model).map(|m| m.name.text.clone()));
        }
        let renamed = alias.is_some();
        let (wanted, origin) = alias.unwrap_or((natural, None));
        let taken = |name: &str| {
            let own = self.levels.last().is_some_and(|l| l.tables.iter().any(|t| &*t.alias == name));
            own || (!renamed && self.levels.iter().any(|l| l.tables.iter().any(|t| &*t.alias == name)))
        };
        let mut name = wanted.clone();
        let mut number = 2;
        while taken(&name) && !name.is_empty() {
            name = format!("{wanted}_{number}").into();
            number += 1;
        }
        if renamed {
            names.insert(0, wanted);
        }
        let alias_at = origin.map_or(At::Nowhere, At::Written);
        let Some(level) = self.levels.last_mut() else { return 0 };
        level.tables.push(Table { alias: name, alias_at, renamed, what, names, how });
        level.tables.len() - 1
    }

    /// The table in sight that a column is of. A model that nothing in sight stands for is added to the innermost
    /// query, as libraries do that read the tables off the columns.
    pub fn find(&mut self, source: &SourceRef, model: Option<ModelId>) -> Option<Found> {
        let innermost = self.levels.len().checked_sub(1)?;
        match source {
            SourceRef::Id(id) => {
                let at = (innermost, *id as usize);
                self.table(at)?;
                Some(self.of_lineage(at, model))
            }
            SourceRef::Root => {
                self.table((innermost, 0))?;
                match model {
                    Some(model) if !self.holds((innermost, 0), model) => self.find_model(model, None),
                    _ => Some(self.of_lineage((innermost, 0), model)),
                }
            }
            SourceRef::Model(of, alias) => {
                let wanted = model.unwrap_or(*of);
                match self.find_model(*of, alias.as_deref()) {
                    Some(at) => Some(self.of_lineage(at, Some(wanted))),
                    None => self.find_model(wanted, alias.as_deref()),
                }
            }
            SourceRef::Named(name) => {
                let found = self.find_named(&name.text)?;
                Some(self.of_lineage(found, model))
            }
            SourceRef::Query(query) => (0..self.levels.len()).rev().find_map(|level| {
                let tables = &self.levels.get(level)?.tables;
                let at = tables.iter().position(|t| matches!(t.what, What::Query(q) if q == *query))?;
                Some((level, at))
            }),
        }
    }

    pub fn table(&self, at: Found) -> Option<&Table> {
        self.levels.get(at.0)?.tables.get(at.1)
    }

    /// A table by alias, else by its own name, from the innermost query outwards.
    fn find_named(&self, name: &str) -> Option<Found> {
        (0..self.levels.len()).rev().find_map(|level| {
            let tables = &self.levels.get(level)?.tables;
            let by_alias = tables.iter().position(|t| t.renamed && t.names.first().is_some_and(|n| &**n == name));
            let at = by_alias.or_else(|| tables.iter().position(|t| t.names.iter().any(|n| &**n == name)))?;
            Some((level, at))
        })
    }

    /// The table of a model in sight, or one that is added for it.
    fn find_model(&mut self, model: ModelId, alias: Option<&str>) -> Option<Found> {
        for level in (0..self.levels.len()).rev() {
            let tables = self.levels.get(level).map_or(0, |l| l.tables.len());
            let fits = |at: usize| {
                let Some(table) = self.table((level, at)) else { return false };
                let named = alias.is_none_or(|a| table.names.first().is_some_and(|n| &**n == a));
                named && matches!(table.how, How::Beside | How::Source(_) | How::Relation { .. }) && self.holds((level, at), model)
            };
            // The table itself before one of its lineage; one without an alias before others.
            let exact = |at: &usize| matches!(self.table((level, *at)).map(|t| &t.what), Some(What::Model(m, _)) if *m == model);
            let plain = |at: &usize| self.table((level, *at)).is_some_and(|t| !t.renamed);
            let all: Vec<usize> = (0..tables).filter(|at| fits(*at)).collect();
            let best = all.iter().find(|a| exact(a) && plain(a)).or_else(|| all.iter().find(|a| exact(a))).or_else(|| all.first());
            if let Some(at) = best {
                return Some((level, *at));
            }
        }
        let level = self.levels.len().checked_sub(1)?;
        let known = self.model(model).is_some_and(|m| !m.is_abstract || m.shares.is_some());
        if !known || self.levels.get(level).is_some_and(|l| l.closed) {
            return None;
        }
        let place = self.table_place(model);
        let at = self.add_table(What::Model(model, place), alias.map(|a| (a.into(), None)), How::Beside);
        Some((level, at))
    }

    /// Whether a table holds the columns of a model: its own, a shared or a joined one.
    fn holds(&self, at: Found, model: ModelId) -> bool {
        let models = self.composer.models;
        match self.table(at).map(|t| &t.what) {
            Some(What::Model(own, _)) => {
                *own == model
                    || holder(models, *own) == holder(models, model)
                    || lineage(models, *own).contains(&model)
                    || self.model(model).is_some_and(|m| m.is_abstract)
            }
            _ => false,
        }
    }

    /// The table of the lineage of a table that a model of it is kept in; it is joined where it is not there yet.
    fn of_lineage(&mut self, at: Found, model: Option<ModelId>) -> Found {
        let Some(model) = model else { return at };
        let Some(What::Model(own, _)) = self.table(at).map(|t| t.what.clone()) else { return at };
        let models = self.composer.models;
        if own == model || holder(models, own) == holder(models, model) {
            return at;
        }
        let path = lineage(models, own);
        let Some(end) = path.iter().position(|m| *m == model) else { return at };
        let mut here = at;
        for parent in path.iter().take(end + 1).skip(1) {
            here = self.parent_table(here, *parent);
        }
        here
    }

    /// The joined parent of a table.
    pub fn parent_table(&mut self, of: Found, parent: ModelId) -> Found {
        let Some(level) = self.levels.get(of.0) else { return of };
        let there = level
            .tables
            .iter()
            .position(|t| matches!(t.how, How::Parent { of: o, .. } if o == of.1) && matches!(t.what, What::Model(m, _) if m == parent));
        if let Some(at) = there {
            return (of.0, at);
        }
        if level.closed {
            return of;
        }
        let outer = level.tables.get(of.1).is_some_and(|t| match &t.how {
            How::Relation { outer, .. } | How::Parent { outer, .. } => *outer,
            _ => false,
        });
        // Added to the level of the table, which need not be the innermost one.
        let inner: Vec<Level> = self.levels.drain(of.0 + 1..).collect();
        let place = self.table_place(parent);
        let at = self.add_table(What::Model(parent, place), None, How::Parent { of: of.1, outer });
        self.levels.extend(inner);
        (of.0, at)
    }

    /// The table of the lineage that has a column, for keys that are known by column alone.
    pub fn owner_of_column(&mut self, at: Found, column: &str) -> (Found, Option<(ModelId, FieldId)>) {
        let Some(What::Model(own, _)) = self.table(at).map(|t| t.what.clone()) else { return (at, None) };
        for model in lineage(self.composer.models, own) {
            if let Some(field) = self.model(model).and_then(|m| m.column(column)) {
                return (self.of_lineage(at, Some(model)), Some((model, field)));
            }
        }
        (at, None)
    }

    /// The expression that a label of the innermost query stands for.
    pub fn labelled(&self, name: &str) -> Option<&'a SqlExpr> {
        let query = self.query(self.levels.last()?.query?)?;
        query.select.iter().find_map(|e| match e {
            SqlExpr::Label(inner, label) if &*label.text == name => Some(&**inner),
            _ => None,
        })
    }

    /// The piece of SQL that a source is.
    pub fn raw_source(&self, number: usize) -> Option<&'a Fragment> {
        let query = self.query(self.levels.last()?.query?)?;
        match &query.sources.get(number)?.table {
            SourceTable::Raw(fragment) => Some(fragment),
            _ => None,
        }
    }
}
