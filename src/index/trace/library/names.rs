//! What text that names something means in a query: fields, paths through relations, columns of sources.

use super::words::PackId;
use crate::grammar::mapper::{NamesMean, RelationShape};
use crate::index::mapping::{FieldId, ModelId, Named, Origin, RelationId};
use crate::index::trace::Tracer;
use crate::index::trace::query::{Join, QueryId, Source, SourceId, SourceRef, SourceTable, SqlExpr};
use crate::model::span::Span;
use std::rc::Rc;

/// Joined parents that are looked through.
const MAX_PARENTS: usize = 8;
/// Most joins that paths add to one query.
const MAX_SOURCES: usize = 64;

/// Where a name is read: in which query, for which pack.
#[derive(Copy, Clone, Debug)]
pub(in crate::index::trace) struct At {
    /// The pack whose step is done.
    pub pack: PackId,
    /// The query that it changes.
    pub query: QueryId,
    /// The call.
    pub site: Origin,
    /// What text means.
    pub names: NamesMean,
    /// The clause can use the names of selected expressions (ORDER BY, GROUP BY).
    pub outputs: bool,
    /// A selected expression that is named again stays under its name.
    pub keep: bool,
}

/// Where a path led.
enum Reached {
    /// To a field; what follows it are operators and transforms.
    Field(SqlExpr, usize),
    /// To the end of a relation whose rows are this source.
    Source(SourceId, ModelId),
    /// To a relation whose key is on the source itself.
    Key(SqlExpr, usize),
}

impl Named {
    /// A part of it, with its place where the text stands there as it is.
    pub(in crate::index::trace) fn part(&self, start: usize, end: usize) -> Named {
        let text: Rc<str> = self.text.get(start..end).unwrap_or_default().into();
        let origin = self.origin.map(|o| {
            if o.span.len() == self.text.len() {
                let span = Span { start: o.span.start + start as u32, end: o.span.start + end as u32 };
                Origin { file: o.file, span }
            } else {
                o
            }
        });
        Named { text, origin }
    }

    /// Its parts between separators, with their places.
    pub(in crate::index::trace) fn split(&self, separator: &str) -> Vec<Named> {
        let mut parts = Vec::new();
        let mut start = 0;
        if !separator.is_empty() {
            for (at, _) in self.text.match_indices(separator) {
                if at > start {
                    parts.push(self.part(start, at));
                }
                start = at + separator.len();
            }
        }
        if start < self.text.len() || parts.is_empty() {
            parts.push(self.part(start, self.text.len()));
        }
        parts
    }
}

impl Tracer<'_> {
    /// Whether the library calls the key of any model so.
    fn is_key_name(&self, model: ModelId, name: &str) -> bool {
        self.pack_of(model).and_then(|p| self.words.mapper(p)).is_some_and(|m| !m.key_name.is_empty() && *m.key_name == *name)
    }

    /// A field of a model or of a joined parent.
    pub(in crate::index::trace) fn field_of(&self, model: ModelId, name: &str) -> Option<(ModelId, FieldId)> {
        let mut at = model;
        for _ in 0..MAX_PARENTS {
            let here = self.models.get(at)?;
            if let Some(field) = here.field(name) {
                return Some((at, field));
            }
            let (parent, key) = here.parent?;
            if parent == at || (at == model && self.is_key_name(model, name)) {
                return Some((at, key));
            }
            at = parent;
        }
        None
    }

    /// A field by its column, of a model or of a joined parent.
    pub(in crate::index::trace) fn column_of(&self, model: ModelId, name: &str) -> Option<(ModelId, FieldId)> {
        let mut at = model;
        for _ in 0..MAX_PARENTS {
            let here = self.models.get(at)?;
            if let Some(field) = here.column(name) {
                return Some((at, field));
            }
            at = here.parent.map(|p| p.0).filter(|&p| p != at)?;
        }
        None
    }

    /// A relation of a model.
    pub(in crate::index::trace) fn relation_of(&self, model: ModelId, name: &str) -> Option<RelationId> {
        self.models.get(model)?.relation(name)
    }

    /// The model of a source.
    pub(in crate::index::trace) fn source_model(&self, query: QueryId, source: SourceId) -> Option<ModelId> {
        match self.query(query)?.sources.get(source as usize)?.table {
            SourceTable::Model(model) => Some(model),
            _ => None,
        }
    }

    /// The model that a query is about.
    pub(in crate::index::trace) fn root_model(&self, query: QueryId) -> Option<ModelId> {
        self.source_model(query, 0)
    }

    /// What a name means in the query: a path of fields and relations, `source.column`, a column.
    pub(super) fn name(&mut self, at: &At, name: &Named) -> SqlExpr {
        if &*name.text == "*" {
            return SqlExpr::Star(SourceRef::Root);
        }
        let separator = self.words.mapper(at.pack).map_or(String::new(), |m| m.path_separator.clone());
        let separator = if separator.is_empty() { ".".to_string() } else { separator };
        if at.names == NamesMean::Columns && !self.has_root(at.query) {
            // it is looked up when the tables are known
            let pack = self.words.packs.get(at.pack).map_or_else(|| "".into(), |p| p.id.clone());
            return SqlExpr::Path { name: name.clone(), outer: false, pack };
        }
        let parts = name.split(&separator);
        // operators may follow: `total__gt`
        if let Some((first, rest)) = parts.split_first()
            && rest.iter().all(|p| self.is_lookup(at.pack, &p.text))
            && let Some(known) = self.label(at, first)
        {
            return known;
        }
        if let [only] = parts.as_slice()
            && let Some(source) = self.whole_source(at, &only.text)
        {
            return SqlExpr::Star(SourceRef::Id(source));
        }
        if let Some((source, rest)) = self.qualified(at.query, &parts) {
            return self.in_source(at, source, rest, name);
        }
        if at.names == NamesMean::Columns && separator == "." {
            return self.in_sight(at, &parts, name);
        }
        if self.root_model(at.query).is_some() {
            let source = self.source_that_knows(at.query, &parts).unwrap_or(0);
            return self.in_source(at, source, &parts, name);
        }
        if separator == "." { column(&parts) } else { SqlExpr::Column { source: root(), name: name.clone() } }
    }

    /// The source whose model has what a name begins with: the root, else the one that was joined last.
    fn source_that_knows(&self, query: QueryId, parts: &[Named]) -> Option<SourceId> {
        let first = parts.first()?;
        let count = self.query(query)?.sources.len() as SourceId;
        let knows = |source: &SourceId| {
            self.source_model(query, *source).is_some_and(|model| {
                self.field_of(model, &first.text).is_some()
                    || self.column_of(model, &first.text).is_some()
                    || self.relation_of(model, &first.text).is_some()
            })
        };
        std::iter::once(0).chain((1..count).rev()).find(knows)
    }

    /// A column by its name alone, of the table that has it; `table.column` of a query around this one.
    fn in_sight(&mut self, at: &At, parts: &[Named], whole: &Named) -> SqlExpr {
        let [only] = parts else { return column(parts) };
        let Some(query) = self.query(at.query) else { return column(parts) };
        let sources = query.sources.len();
        let mut unmapped = None;
        let mut several = false;
        for source in 0..sources as SourceId {
            match self.source_model(at.query, source) {
                Some(model) if self.column_of(model, &only.text).or_else(|| self.field_of(model, &only.text)).is_some() => {
                    return self.in_source(at, source, parts, whole);
                }
                Some(_) => {}
                None => {
                    several |= unmapped.is_some();
                    unmapped = Some(source);
                }
            }
        }
        let source = match (unmapped, sources) {
            (Some(source), _) if !several => SourceRef::Id(source),
            (None, 1) => SourceRef::Id(0),
            _ => root(),
        };
        SqlExpr::Column { source, name: only.clone() }
    }

    /// A selected expression by its name: itself where a condition uses it, its name in ORDER BY and GROUP BY.
    fn label(&self, at: &At, name: &Named) -> Option<SqlExpr> {
        let query = self.query(at.query)?;
        query.select.iter().find_map(|e| match e {
            SqlExpr::Label(inner, label) if label.text == name.text => Some(match (at.keep, at.outputs) {
                (true, _) => e.clone(),
                (_, true) => SqlExpr::Output(name.clone()),
                _ => (**inner).clone(),
            }),
            _ => None,
        })
    }

    /// The source that a name stands for as a whole: it is its alias, or its model where code gave none and the root has
    /// no such field.
    fn whole_source(&self, at: &At, name: &str) -> Option<SourceId> {
        let field = |m| self.field_of(m, name).is_some() || self.column_of(m, name).is_some() || self.relation_of(m, name).is_some();
        if at.names == NamesMean::Columns {
            return None;
        }
        let own = self.root_model(at.query).is_some_and(field);
        let is_so = |s: &Source| match (&s.alias, &s.table) {
            (Some(alias), SourceTable::Model(_)) => &*alias.text == name,
            (None, SourceTable::Model(m)) => !own && self.models.get(*m).is_some_and(|m| &*m.name.text == name),
            _ => false,
        };
        self.query(at.query)?.sources.iter().position(is_so).map(|s| s as SourceId)
    }

    /// The source that the first parts of a name stand for (`alias.column`, `table.column`), with the rest.
    fn qualified<'p>(&self, query: QueryId, parts: &'p [Named]) -> Option<(SourceId, &'p [Named])> {
        let (first, rest) = parts.split_first()?;
        if rest.is_empty() {
            return None;
        }
        let query = self.query(query)?;
        let named = |s: &Source| match (&s.alias, &s.table) {
            (Some(alias), _) => alias.text == first.text,
            (None, SourceTable::Table { name, .. } | SourceTable::Implied { name, .. }) => name.text == first.text,
            (None, SourceTable::Model(m)) => self.models.get(*m).is_some_and(|m| m.table.text == first.text || m.name.text == first.text),
            _ => false,
        };
        if let Some(at) = query.sources.iter().position(named) {
            return Some((at as SourceId, rest));
        }
        // a joined relation by its name
        let related = query.sources.iter().position(|s| {
            let Some((from, relation)) = s.join.as_ref().and_then(|j| j.relation) else { return false };
            let Some(SourceTable::Model(model)) = query.sources.get(from as usize).map(|s| &s.table) else { return false };
            self.models.get(*model).and_then(|m| m.relations.get(relation as usize)).is_some_and(|r| r.name == first.text)
        });
        if let Some(at) = related {
            return Some((at as SourceId, rest));
        }
        // `schema.table.column`
        let ([second, ..], true) = (rest, parts.len() > 2) else { return None };
        let in_schema = |s: &Source| match &s.table {
            SourceTable::Table { schema: Some(schema), name } => schema.text == first.text && name.text == second.text,
            SourceTable::Model(m) => {
                self.models.get(*m).is_some_and(|m| m.table.text == second.text && m.schema.as_ref().is_some_and(|s| s.text == first.text))
            }
            _ => false,
        };
        let at = query.sources.iter().position(|s| s.alias.is_none() && in_schema(s))?;
        Some((at as SourceId, rest.get(1..)?))
    }

    fn in_source(&mut self, at: &At, source: SourceId, parts: &[Named], whole: &Named) -> SqlExpr {
        if let [star] = parts
            && &*star.text == "*"
        {
            return SqlExpr::Star(SourceRef::Id(source));
        }
        let Some(model) = self.source_model(at.query, source) else {
            let name = parts.last().unwrap_or(whole).clone();
            return SqlExpr::Column { source: SourceRef::Id(source), name };
        };
        match self.walk(at, source, model, parts) {
            Some(Reached::Field(field, rest) | Reached::Key(field, rest)) => self.transformed(at, field, parts, rest),
            Some(Reached::Source(source, model)) => self.key_field(source, model, parts.last().unwrap_or(whole).origin),
            None => self.unknown_name(at, source, parts, whole),
        }
    }

    /// Words after a field: operators say nothing of columns, transforms make another value of it.
    fn transformed(&self, at: &At, field: SqlExpr, parts: &[Named], rest: usize) -> SqlExpr {
        let lookups = self.words.mapper(at.pack).map_or(&[][..], |m| &m.lookups);
        let plain = parts.iter().skip(rest).all(|p| lookups.iter().any(|l| **l == *p.text));
        if plain { field } else { SqlExpr::Call("".into(), vec![field]) }
    }

    fn unknown_name(&mut self, at: &At, source: SourceId, parts: &[Named], whole: &Named) -> SqlExpr {
        let name = parts.last().unwrap_or(whole).clone();
        if at.names == NamesMean::Columns || parts.len() == 1 {
            return SqlExpr::Column { source: SourceRef::Id(source), name };
        }
        let origin = whole.origin.unwrap_or(at.site);
        if let Some(query) = self.query_mut(at.query) {
            query.unknown.push((format!("no field `{}`", whole.text).into(), origin));
        }
        SqlExpr::Unknown(whole.text.clone(), origin)
    }

    /// The key of a source's rows, written as `origin`.
    pub(super) fn key_field(&self, source: SourceId, model: ModelId, origin: Option<Origin>) -> SqlExpr {
        let primary = self.models.get(model).and_then(|m| m.primary().next());
        match primary {
            Some(field) => SqlExpr::Field { source: SourceRef::Id(source), model, field, origin },
            None => SqlExpr::Star(SourceRef::Id(source)),
        }
    }

    /// Follows a path from a source.
    fn walk(&mut self, at: &At, from: SourceId, model: ModelId, parts: &[Named]) -> Option<Reached> {
        let (mut source, mut model) = (from, model);
        for (i, part) in parts.iter().enumerate() {
            if let Some((holder, field, used)) = self.field_at(at, model, parts.get(i..)?) {
                let origin = parts.get(i + used - 1).and_then(|p| p.origin).or(part.origin);
                return Some(Reached::Field(SqlExpr::Field { source: SourceRef::Id(source), model: holder, field, origin }, i + used));
            }
            let relation = self.relation_of(model, &part.text)?;
            let next = parts.get(i + 1).map(|p| p.text.clone());
            if let Some((key, used)) = self.own_key(source, model, relation, next.as_deref(), part.origin) {
                return Some(Reached::Key(key, i + 1 + used));
            }
            let ends = parts.get(i + 1).is_none_or(|p| self.is_lookup(at.pack, &p.text) && self.field_of(model, &p.text).is_none());
            if let Some(key) = self.link_key(at.query, source, model, relation, parts.get(i + 1).map(|p| &*p.text), ends, part.origin) {
                return Some(Reached::Key(key, i + if ends { 1 } else { 2 }));
            }
            source = self.join_relation(at.query, source, relation, part.origin, false, None)?;
            model = self.source_model(at.query, source)?;
            let operator = parts.get(i + 1).is_none_or(|p| self.is_lookup(at.pack, &p.text) && self.field_of(model, &p.text).is_none());
            if operator {
                return Some(Reached::Source(source, model));
            }
        }
        None
    }

    /// The field at the begin of the parts, of which an embedded one takes several.
    fn field_at(&self, at: &At, model: ModelId, parts: &[Named]) -> Option<(ModelId, FieldId, usize)> {
        let first = parts.first()?;
        let by_column = || self.column_of(model, &first.text);
        let by_field = || self.field_of(model, &first.text);
        let relation = self.relation_of(model, &first.text);
        let found = match at.names {
            NamesMean::Columns => by_column().or_else(by_field),
            NamesMean::Fields if relation.is_some() => None,
            NamesMean::Fields => by_field().or_else(by_column),
        };
        if let Some((holder, field)) = found {
            return Some((holder, field, 1));
        }
        (2..=parts.len()).rev().find_map(|n| {
            let joined = parts.get(..n)?.iter().map(|p| &*p.text).collect::<Vec<_>>().join(".");
            let (holder, field) = self.field_of(model, &joined)?;
            Some((holder, field, n))
        })
    }

    fn is_lookup(&self, pack: PackId, word: &str) -> bool {
        self.words.mapper(pack).is_some_and(|m| m.lookups.iter().any(|l| l == word))
    }

    /// The key of a relation on its own side, where a path ends there: at the relation, at an operator, or at the
    /// other side's key; with the number of further parts that it takes.
    fn own_key(
        &self,
        source: SourceId,
        model: ModelId,
        relation: RelationId,
        next: Option<&str>,
        origin: Option<Origin>,
    ) -> Option<(SqlExpr, usize)> {
        let here = self.models.get(model)?;
        let found = here.relations.get(relation as usize)?;
        if found.shape != RelationShape::ToOne || found.through.is_some() {
            return None;
        }
        let (own, other) = found.keys.first()?;
        let used = match next {
            None => 0,
            Some(next) => {
                let target = self.models.get(found.target)?;
                let is_key = self.is_key_name(found.target, next)
                    || target.field(next).or_else(|| target.column(next)).is_some_and(|f| target.column(&other.text) == Some(f));
                let is_operator = target.field(next).is_none()
                    && target.relation(next).is_none()
                    && target.column(next).is_none()
                    && self.field_of(found.target, next).is_none();
                match (is_key, is_operator) {
                    (true, _) => 1,
                    (_, true) => 0,
                    _ => return None,
                }
            }
        };
        Some((self.model_column(SourceRef::Id(source), model, own, origin), used))
    }

    /// The key to the other side in the join table of a relation, where a path ends there or at the other side's key:
    /// the other table takes no part then.
    #[allow(clippy::too_many_arguments)] // one call site
    fn link_key(
        &mut self,
        query: QueryId,
        source: SourceId,
        model: ModelId,
        relation: RelationId,
        next: Option<&str>,
        ends: bool,
        origin: Option<Origin>,
    ) -> Option<SqlExpr> {
        let found = self.models.get(model)?.relations.get(relation as usize)?.clone();
        let through = found.through.as_ref()?;
        let (link, other) = through.keys.first()?;
        let target = self.models.get(found.target)?;
        let is_key = next.is_some_and(|next| {
            self.is_key_name(found.target, next)
                || target.field(next).or_else(|| target.column(next)).is_some_and(|f| target.column(&other.text) == Some(f))
        });
        if !ends && !is_key {
            return None;
        }
        let table = match through.model {
            Some(model) => SourceTable::Model(model),
            None => SourceTable::Implied { schema: through.schema.clone(), name: through.table.clone() },
        };
        let count = self.query(query)?.sources.len();
        let column = |t: &Self, at: usize, name: &Named, origin: Option<Origin>| match through.model {
            Some(model) => t.model_column(SourceRef::Id(at as SourceId), model, name, origin),
            None => SqlExpr::Column {
                source: SourceRef::Id(at as SourceId),
                name: Named { text: name.text.clone(), origin: origin.or(name.origin) },
            },
        };
        let on = |t: &Self, at: usize| -> Vec<SqlExpr> {
            let pair = |(own, link): &(Named, Named)| {
                let left = t.model_column(SourceRef::Id(source), model, own, None);
                SqlExpr::Compare("=".into(), Box::new(left), vec![column(t, at, link, None)])
            };
            found.keys.iter().map(pair).collect()
        };
        let there = (0..count).find(|&at| {
            let known = self.query(query).and_then(|q| q.sources.get(at));
            known.is_some_and(|s| s.table == table && s.join.as_ref().is_some_and(|j| j.on == on(self, at)))
        });
        let at = match there {
            Some(at) => at,
            None if count >= MAX_SOURCES => return None,
            None => {
                let join = Join { outer: true, on: on(self, count), relation: None };
                self.query_mut(query)?.sources.push(Source { table, alias: None, join: Some(join), origin });
                count
            }
        };
        Some(column(self, at, link, origin))
    }

    /// A column of a model by its name: a field where one maps it.
    pub(super) fn model_column(&self, source: SourceRef, model: ModelId, column: &Named, origin: Option<Origin>) -> SqlExpr {
        match self.column_of(model, &column.text) {
            Some((holder, field)) => SqlExpr::Field { source, model: holder, field, origin },
            None => SqlExpr::Column { source, name: Named { text: column.text.clone(), origin: origin.or(column.origin) } },
        }
    }

    /// The key columns of a relation on its own side.
    pub(super) fn relation_keys(&self, source: SourceRef, model: ModelId, relation: RelationId, origin: Option<Origin>) -> Vec<SqlExpr> {
        let found = self.models.get(model).and_then(|m| m.relations.get(relation as usize));
        let keys = found.map_or(&[][..], |r| &r.keys);
        keys.iter().map(|(own, _)| self.model_column(source.clone(), model, own, origin)).collect()
    }

    /// Joins a relation from a source, or finds the join that is there.
    pub(super) fn join_relation(
        &mut self,
        query: QueryId,
        from: SourceId,
        relation: RelationId,
        origin: Option<Origin>,
        outer: bool,
        alias: Option<Named>,
    ) -> Option<SourceId> {
        let model = self.source_model(query, from)?;
        let target = self.models.get(model)?.relations.get(relation as usize)?.target;
        let query = self.query_mut(query)?;
        let same = |s: &Source| {
            s.join.as_ref().is_some_and(|j| j.relation == Some((from, relation)))
                && s.alias.as_ref().map(|a| &a.text) == alias.as_ref().map(|a| &a.text)
        };
        if let Some(at) = query.sources.iter().position(same) {
            return Some(at as SourceId);
        }
        if query.sources.len() >= MAX_SOURCES {
            return None;
        }
        let join = Join { outer, on: Vec::new(), relation: Some((from, relation)) };
        query.sources.push(Source { table: SourceTable::Model(target), alias, join: Some(join), origin });
        Some((query.sources.len() - 1) as SourceId)
    }

    /// The path of relations that names lead along from a model.
    pub(super) fn relation_path(&self, model: ModelId, parts: &[Named]) -> Option<Vec<(RelationId, Option<Origin>)>> {
        let mut at = model;
        let mut path = Vec::new();
        for part in parts {
            let relation = self.relation_of(at, &part.text)?;
            path.push((relation, part.origin));
            at = self.models.get(at)?.relations.get(relation as usize)?.target;
        }
        Some(path)
    }
}

/// The query's own source.
pub(super) fn root() -> SourceRef {
    SourceRef::Root
}

/// `column`, `table.column`, `schema.table.column`.
pub(super) fn column(parts: &[Named]) -> SqlExpr {
    match parts {
        [.., table, name] if &*name.text == "*" => SqlExpr::Star(SourceRef::Named(table.clone())),
        [.., table, name] => SqlExpr::Column { source: SourceRef::Named(table.clone()), name: name.clone() },
        [name] if &*name.text == "*" => SqlExpr::Star(root()),
        [name] => SqlExpr::Column { source: root(), name: name.clone() },
        [] => SqlExpr::Star(root()),
    }
}
