//! Joins, and the relations that calls name.

use super::calls::Call;
use super::names::At;
use crate::grammar::mapper::{Act, ReadAs, Step, Take, Takes};
use crate::index::mapping::{ModelId, Named, Origin, RelationId};
use crate::index::trace::Tracer;
use crate::index::trace::query::{FragmentPart, Join, Load, QueryId, Source, SourceId, SourceRef, SourceTable, SqlExpr};
use crate::index::trace::value::{Argument, MapKey, Object, Value};

/// Relations of a path, with the places where they are named.
pub(super) type Path = Vec<(RelationId, Option<Origin>)>;
/// A relation of a model or of an alias of it, with the place where it is named.
type Along = (ModelId, Option<Named>, RelationId, Option<Origin>);

/// Nested objects that are looked into.
const MAX_DEPTH: usize = 12;

/// A source, its model, and the pairs of columns that lead back to it.
type KeyBack = (SourceId, ModelId, Vec<(Named, Named)>);

impl Tracer<'_> {
    /// A join: a table or relation, then what it is joined on.
    pub(super) fn join(&mut self, at: &At, step: &Step, taken: &[Argument], call: &mut Call) {
        let Some((first, rest)) = taken.split_first() else { return };
        self.root_of_selection(at);
        let words = self.words.clone();
        let alias = step.alias.as_ref().and_then(|take| {
            let named = Step { take: take.clone(), ..Step::default() };
            self.taken(&words, call, &named)?.first().and_then(|a| self.text_of(&a.value))
        });
        // conditions that a step of their own takes
        let rule = words.call(call.rule).map_or(&[][..], |c| &c.steps);
        let conditions: Vec<Argument> =
            rule.iter().filter(|s| s.act == Act::On).filter_map(|s| self.taken(&words, call, s)).flatten().collect();
        // `join(alias, Model.relation)`
        let relation = taken.iter().chain(&conditions).find_map(|a| match &a.value {
            Value::Relation { model, alias, relation, origin } => Some((*model, alias.clone(), *relation, *origin)),
            _ => None,
        });
        let relation = relation.map(|(model, alias, relation, origin)| self.towards(model, alias, relation, origin, &first.value));
        if let Some((model, from_alias, relation, origin)) = relation {
            let own = match &first.value {
                Value::Model { alias, .. } => alias.clone(),
                _ => None,
            };
            let from = self.source_of(at.query, model, from_alias.as_ref()).unwrap_or(0);
            self.join_relation(at.query, from, relation, origin.or(Some(first.origin)), step.outer, own.or(alias));
            return;
        }
        if let Some((from, path)) = self.text_of(&first.value).and_then(|name| self.path_in(at, &name)) {
            let last = path.len().saturating_sub(1);
            let mut source = from;
            for (i, (relation, origin)) in path.iter().enumerate() {
                let alias = if i == last { alias.clone() } else { None };
                match self.join_relation(at.query, source, *relation, *origin, step.outer, alias) {
                    Some(next) => source = next,
                    None => return,
                }
            }
            self.join_on(at, step, source, rest, call);
            return;
        }
        if step.read == ReadAs::Sql {
            self.raw_join(at, step, first, rest);
            return;
        }
        let Some((table, own, origin)) = self.table(at, step, &first.value, first.origin) else { return };
        let model = if let SourceTable::Model(model) = table { Some(model) } else { None };
        let outer = step.outer;
        let on_given = !conditions.is_empty()
            || rest.iter().any(|a| {
                !matches!(a.value, Value::Scalar(_)) && (a.name.is_none() || a.name.as_ref().is_some_and(|n| &*n.text == "onclause"))
            });
        let implied = match (on_given, model) {
            (false, Some(model)) => self.relation_between(at.query, model),
            _ => None,
        };
        // the key may be on the side that is joined, without a name on the other
        let back = match (on_given, implied, model) {
            (false, None, Some(model)) => self.key_back(at.query, model),
            _ => None,
        };
        let Some(query) = self.query_mut(at.query) else { return };
        let mut join = Join { outer, on: Vec::new(), relation: implied };
        let source = query.sources.len() as SourceId;
        if let (Some((from, there, keys)), Some(model)) = (back, model) {
            join.on = keys
                .into_iter()
                .map(|(own, other)| {
                    let left = self.model_column(SourceRef::Id(source), model, &own, None);
                    SqlExpr::Compare("=".into(), Box::new(left), vec![self.model_column(SourceRef::Id(from), there, &other, None)])
                })
                .collect();
        }
        let Some(query) = self.query_mut(at.query) else { return };
        query.sources.push(Source { table, alias: own.or(alias), join: Some(join), origin });
        let source = (query.sources.len() - 1) as SourceId;
        self.join_on(at, step, source, rest, call);
    }

    /// A join as SQL text: a whole clause, or what follows `JOIN`.
    fn raw_join(&mut self, at: &At, step: &Step, first: &Argument, rest: &[Argument]) {
        if self.text_of(&first.value).is_some_and(|name| super::sql::is_name(&name.text)) && rest.is_empty() {
            return;
        }
        let mut fragment = self.bound_fragment(at, &first.value, rest, false);
        let begins = fragment.parts.iter().find_map(|p| match p {
            FragmentPart::Text(text, _) => text.split_whitespace().next().map(str::to_ascii_lowercase),
            _ => None,
        });
        let words = ["join", "left", "right", "inner", "outer", "full", "cross", "natural", "straight_join", ","];
        if !begins.is_some_and(|word| words.contains(&word.as_str())) {
            let word = if step.outer { "LEFT JOIN " } else { "JOIN " };
            fragment.parts.insert(0, FragmentPart::Text(word.into(), None));
        }
        let join = Join { outer: step.outer, on: Vec::new(), relation: None };
        let source = Source { table: SourceTable::Raw(fragment), alias: None, join: Some(join), origin: Some(first.origin) };
        self.change(at.query, |q| q.sources.push(source));
    }

    /// A relation by which a value is joined: the other side's, where the value is the one that it starts from.
    fn towards(&self, model: ModelId, alias: Option<Named>, relation: RelationId, origin: Option<Origin>, to: &Value) -> Along {
        let same = (model, alias, relation, origin);
        let Value::Model { model: joined, .. } = to else { return same };
        let Some(found) = self.models.get(model).and_then(|m| m.relations.get(relation as usize)) else { return same };
        if found.target == *joined || model != *joined {
            return same;
        }
        let swapped: Vec<_> = found.keys.iter().map(|(own, other)| (&other.text, &own.text)).collect();
        let back = self.models.get(found.target).and_then(|m| {
            m.relations
                .iter()
                .position(|r| r.target == model && r.keys.iter().map(|(own, other)| (&own.text, &other.text)).eq(swapped.iter().copied()))
        });
        match back {
            Some(back) => (found.target, None, back as RelationId, origin),
            None => same,
        }
    }

    /// The condition of a join.
    fn join_on(&mut self, at: &At, step: &Step, source: SourceId, rest: &[Argument], call: &mut Call) {
        let rest: Vec<Argument> = rest.iter().filter(|a| !matches!(a.value, Value::Scalar(_) | Value::Null)).cloned().collect();
        let first = |t: &Takes| matches!(t.0.first(), Some(Take::Positions(0, _)));
        let rest = match &step.alias {
            // the alias is no condition
            Some(take) if !first(take) => rest.get(1..).unwrap_or_default().to_vec(),
            _ => rest,
        };
        if rest.is_empty() {
            return;
        }
        let read = match step.read {
            ReadAs::Join | ReadAs::Table => {
                let with = if step.with.is_empty() { "query".to_string() } else { step.with.clone() };
                Step { read: ReadAs::ColumnComparison, act: Act::On, with, ..Step::default() }
            }
            ReadAs::Relations => Step { read: ReadAs::PropertySql, act: Act::On, ..Step::default() },
            _ => Step { act: Act::On, ..Step::default() },
        };
        let on = self.read(at, &read, &rest, call);
        self.change(at.query, |q| {
            if let Some(join) = q.sources.get_mut(source as usize).and_then(|s| s.join.as_mut()) {
                join.on.extend(on);
            }
        });
    }

    /// Takes the first model that is selected for the root, where none is named.
    pub(super) fn root_of_selection(&mut self, at: &At) {
        if self.has_root(at.query) {
            return;
        }
        let Some(query) = self.query(at.query) else { return };
        let mut found = None;
        for expr in &query.select {
            expr.each(&mut |e| {
                let source = match e {
                    SqlExpr::Field { source, .. } | SqlExpr::Column { source, .. } | SqlExpr::Star(source) => source,
                    _ => return,
                };
                found = found.take().or_else(|| self.source_for(source));
            });
        }
        if let Some((table, alias)) = found {
            self.set_root(at.query, table, alias, None);
        }
    }

    /// The source of a model in a query; of this alias, where one is given.
    pub(super) fn source_of(&self, query: QueryId, model: ModelId, alias: Option<&Named>) -> Option<SourceId> {
        let query = self.query(query)?;
        let is_model = |s: &Source| matches!(s.table, SourceTable::Model(m) if m == model || self.descends(m, model));
        let exact = query.sources.iter().position(|s| is_model(s) && s.alias.as_ref().map(|a| &a.text) == alias.map(|a| &a.text));
        exact.or_else(|| query.sources.iter().position(is_model)).map(|s| s as SourceId)
    }

    /// Whether a model has another one as its joined parent.
    fn descends(&self, model: ModelId, parent: ModelId) -> bool {
        let mut at = model;
        for _ in 0..8 {
            match self.models.get(at).and_then(|m| m.parent) {
                Some((next, _)) if next == parent => return true,
                Some((next, _)) => at = next,
                None => return false,
            }
        }
        false
    }

    /// A relation from a source of the query to a model, where the join says no condition.
    fn relation_between(&self, query: QueryId, model: ModelId) -> Option<(SourceId, RelationId)> {
        let query = self.query(query)?;
        query.sources.iter().enumerate().find_map(|(s, source)| {
            let SourceTable::Model(from) = source.table else { return None };
            let relations = &self.models.get(from)?.relations;
            let at = relations.iter().position(|r| r.target == model && !r.keys.is_empty() && r.through.is_none())?;
            Some((s as SourceId, at as RelationId))
        })
    }

    /// The keys by which a model that is joined refers to a source of the query: (its column, the source's).
    fn key_back(&self, query: QueryId, model: ModelId) -> Option<KeyBack> {
        let query = self.query(query)?;
        let relations = &self.models.get(model)?.relations;
        query.sources.iter().enumerate().find_map(|(s, source)| {
            let SourceTable::Model(from) = source.table else { return None };
            let found = relations.iter().find(|r| r.target == from && !r.keys.is_empty() && r.through.is_none())?;
            Some((s as SourceId, from, found.keys.clone()))
        })
    }

    /// The relations that text names, from the root or from a source of the query.
    fn path_in(&mut self, at: &At, name: &Named) -> Option<(SourceId, Path)> {
        let separator = self.words.mapper(at.pack).map_or(String::new(), |m| m.path_separator.clone());
        let parts = name.split(if separator.is_empty() { "." } else { &separator });
        let (first, rest) = parts.split_first()?;
        let query = self.query(at.query)?;
        let by_alias = query.sources.iter().position(|s| s.alias.as_ref().is_some_and(|a| a.text == first.text));
        if let Some(source) = by_alias
            && !rest.is_empty()
        {
            let model = self.source_model(at.query, source as SourceId)?;
            return Some((source as SourceId, self.relation_path(model, rest)?));
        }
        let model = self.root_model(at.query)?;
        Some((0, self.relation_path(model, &parts)?))
    }

    /// The path of relations from the root to a source.
    fn path_to(&self, query: QueryId, source: SourceId) -> Path {
        let mut path = Path::new();
        let mut at = source;
        for _ in 0..MAX_DEPTH {
            let found = self.query(query).and_then(|q| q.sources.get(at as usize));
            match found.and_then(|s| Some((s.join.as_ref()?.relation?, s.origin))) {
                Some(((from, relation), origin)) => {
                    path.push((relation, origin));
                    at = from;
                }
                None => break,
            }
        }
        path.reverse();
        path
    }

    /// Relations that a value names, with what their loading is cut down to.
    pub(super) fn relations_in(&mut self, at: &At, value: &Value, chained: bool) -> Vec<(Path, Option<QueryId>)> {
        match value {
            Value::Relation { model, relation, origin, .. } => {
                let mut path = self.path_of_model(at, *model, chained);
                path.push((*relation, *origin));
                vec![(path, None)]
            }
            Value::Handle(handle) => match handle.query {
                Some(inner) if &*handle.kind == "load" => self.loads_of(at, inner),
                Some(inner) => match self.root_model(inner) {
                    Some(target) => self.load_by_model(at, target, Some(inner)).into_iter().collect(),
                    None => Vec::new(),
                },
                None => Vec::new(),
            },
            Value::Text(_) | Value::Key(_) => match self.text_of(value) {
                Some(name) if name.text.contains('[') => {
                    let Some(model) = self.root_model(at.query) else { return Vec::new() };
                    let paths = super::includes::relation_paths(&name);
                    let found: Vec<_> = paths.iter().filter_map(|p| Some((self.relation_path(model, p)?, None))).collect();
                    if found.len() < paths.len() {
                        self.change(at.query, |q| q.unknown.push((format!("no relation in `{}`", name.text).into(), at.site)));
                    }
                    found
                }
                Some(name) => match self.path_in(at, &name) {
                    Some((source, path)) => {
                        let mut whole = self.path_to(at.query, source);
                        whole.extend(path);
                        vec![(whole, None)]
                    }
                    None if !super::sql::is_name(&name.text) => Vec::new(),
                    None => {
                        let origin = name.origin.unwrap_or(at.site);
                        self.change(at.query, |q| q.unknown.push((format!("no relation `{}`", name.text).into(), origin)));
                        Vec::new()
                    }
                },
                None => Vec::new(),
            },
            Value::Model { model, .. } => self.load_by_model(at, *model, None).into_iter().collect(),
            Value::Tuple(all) | Value::OneOf(all) => all.clone().iter().flat_map(|v| self.relations_in(at, v, chained)).collect(),
            Value::Object(id) => match self.object(*id).cloned() {
                Some(Object::List { items, .. }) => items.iter().flat_map(|v| self.relations_in(at, v, chained)).collect(),
                Some(Object::Map { entries, .. }) => match self.root_model(at.query) {
                    Some(model) => {
                        let mut out = Vec::new();
                        self.relation_object(model, &entries, &Path::new(), &mut out, 0);
                        out
                    }
                    None => Vec::new(),
                },
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// The rows of a relation's other side, by their model: of the root, or of one that is loaded.
    fn load_by_model(&mut self, at: &At, target: ModelId, inner: Option<QueryId>) -> Option<(Path, Option<QueryId>)> {
        if let Some(inner) = inner {
            self.change(inner, |q| q.used = true);
        }
        let root = self.root_model(at.query)?;
        let loads = self.query(at.query)?.loads.iter();
        let mut starts: Vec<(Path, ModelId)> = vec![(Path::new(), root)];
        starts.extend(loads.filter_map(|l| Some((l.path.clone(), self.target_of(Some(root), l)?))));
        starts.into_iter().find_map(|(mut path, model)| {
            let relation = self.models.get(model)?.relations.iter().position(|r| r.target == target && !r.keys.is_empty())?;
            path.push((relation as RelationId, None));
            Some((path, inner))
        })
    }

    /// `{ company: true, orders: { lines: true } }`.
    fn relation_object(
        &self,
        model: ModelId,
        entries: &[(MapKey, Value)],
        before: &Path,
        out: &mut Vec<(Path, Option<QueryId>)>,
        depth: usize,
    ) {
        if depth > MAX_DEPTH {
            return;
        }
        for (key, value) in entries {
            let MapKey::Name(name) = key else { continue };
            let Some(relation) = self.relation_of(model, &name.text).filter(|_| !super::read::is_false(value)) else { continue };
            let mut path = before.clone();
            path.push((relation, name.origin));
            let target = self.models.get(model).and_then(|m| m.relations.get(relation as usize)).map(|r| r.target);
            out.push((path.clone(), None));
            if let (Value::Object(id), Some(target)) = (value, target)
                && let Some(Object::Map { entries, .. }) = self.object(*id)
            {
                self.relation_object(target, entries, &path, out, depth + 1);
            }
        }
    }

    /// Where a relation of this model hangs: at the root, at a relation that is loaded, at a joined source.
    fn path_of_model(&self, at: &At, model: ModelId, chained: bool) -> Path {
        let Some(query) = self.query(at.query) else { return Path::new() };
        let reaches = |load: &Load| {
            self.target_of(query.sources.first().and_then(|s| if let SourceTable::Model(m) = s.table { Some(m) } else { None }), load)
                == Some(model)
        };
        if chained && let Some(load) = query.loads.last() {
            return load.path.clone();
        }
        if self.root_model(at.query).is_none_or(|root| root == model || self.descends(root, model)) {
            return Path::new();
        }
        if let Some(load) = query.loads.iter().find(|l| reaches(l)) {
            return load.path.clone();
        }
        self.source_of(at.query, model, None).map(|s| self.path_to(at.query, s)).unwrap_or_default()
    }

    /// The model that a load reaches.
    fn target_of(&self, root: Option<ModelId>, load: &Load) -> Option<ModelId> {
        let mut at = root?;
        for (relation, _) in &load.path {
            at = self.models.get(at)?.relations.get(*relation as usize)?.target;
        }
        Some(at)
    }

    /// What a value that says what to load (`Prefetch`) loads.
    fn loads_of(&mut self, at: &At, inner: QueryId) -> Vec<(Path, Option<QueryId>)> {
        self.change(inner, |q| q.used = true);
        let Some(query) = self.query(inner).cloned() else { return Vec::new() };
        let mut out: Vec<(Path, Option<QueryId>)> = query.loads.iter().map(|l| (l.path.clone(), l.query)).collect();
        if let Some(name) = &query.alias
            && let Some((source, path)) = self.path_in(at, name)
        {
            let mut whole = self.path_to(at.query, source);
            whole.extend(path);
            let narrowed = !query.sources.is_empty();
            out.push((whole, narrowed.then_some(inner)));
        }
        out
    }
}
