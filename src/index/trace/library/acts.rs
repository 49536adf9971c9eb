//! What the steps of a call do to the query.

use super::calls::Call;
use super::expressions::TextIs;
use super::names::At;
use super::words::Vocabulary;
use crate::grammar::mapper::{Act, ReadAs, Step, Take, Verb};
use crate::index::mapping::{ModelId, Named, Origin, RelationId};
use crate::index::trace::query::{EntityWrite, FragmentPart, Load, Query, QueryId, Source, SourceRef, SourceTable, SqlExpr};
use crate::index::trace::value::{Argument, Handle, MapKey, Object, ObjectId, Value};
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
            Act::Link | Act::Unlink | Act::UnlinkAll => {
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
                    self.link(&at, step, &handle);
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
            Act::Set | Act::ConflictSet => self.set(&at, step, &taken, call),
            Act::Alias => {
                let name = taken.iter().find_map(|a| self.text_of(&a.value));
                self.change(call.query, |q| q.alias = name.or(q.alias.take()));
            }
            Act::Union | Act::With | Act::Merge | Act::FromQuery => self.combine(&at, step, &taken, call),
            Act::Raw => self.raw(&at, &taken, call.query),
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
                    self.found.uses.push(Use { origin: *origin, model: *model, field: *field });
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
            Act::Group => &mut query.group,
            Act::Order => &mut query.order,
            Act::DistinctOn => &mut query.distinct_on,
            Act::Conflict => &mut query.conflict,
            Act::Returning => &mut query.returning,
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

    /// The table or model that a statement is about.
    fn from(&mut self, at: &At, step: &Step, taken: &[Argument], words: &Rc<Vocabulary>, call: &mut Call) {
        let alias = step.alias.as_ref().and_then(|take| {
            let named = Step { take: take.clone(), ..Step::default() };
            self.taken(words, call, &named)?.first().and_then(|a| self.text_of(&a.value))
        });
        if step.read == ReadAs::Sql {
            return self.take_table_of_sql(at, taken);
        }
        for arg in taken {
            if step.read == ReadAs::Table
                && let Value::Object(id) = &arg.value
                && let Some(Object::List { items, .. }) = self.object(*id).cloned()
            {
                for item in &items {
                    self.stand_beside(at, step, item, arg.origin);
                }
                continue;
            }
            if let Some((table, own, origin)) = self.table(at, step, &arg.value, arg.origin) {
                self.set_root(at.query, table, alias.clone().or(own), origin);
            }
            if step.read == ReadAs::Entity
                && let Value::Object(id) = &arg.value
            {
                self.only_this(at, *id);
                let id = *id;
                self.change(at.query, |q| q.of = Some(id));
                if call.result.is_none() {
                    call.result = Some(arg.value.clone());
                }
            }
        }
    }

    /// A table as SQL text, with identifiers and queries in the place of its placeholders: `("? AS ?", name, alias)`.
    fn take_table_of_sql(&mut self, at: &At, taken: &[Argument]) {
        let Some((first, rest)) = taken.split_first() else { return };
        let fragment = self.bound_fragment(at, &first.value, rest, false);
        let mut names: Vec<Named> = Vec::new();
        let mut inner = None;
        let mut plain = true;
        for part in &fragment.parts {
            match part {
                FragmentPart::Text(text, origin) => {
                    let mut start = 0;
                    for word in text.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"' | '`')) {
                        let from = start;
                        start += word.len() + 1;
                        if !word.is_empty() && !word.eq_ignore_ascii_case("as") {
                            plain &= super::sql::is_name(word);
                            names.push(Named { text: text.clone(), origin: *origin }.part(from, from + word.len()));
                        }
                    }
                }
                FragmentPart::Identifier(name) => names.push(name.clone()),
                FragmentPart::Expr(expr) => match &**expr {
                    SqlExpr::Column { name, source: SourceRef::Root } => names.push(name.clone()),
                    SqlExpr::Query(query) => inner = Some(*query),
                    _ => plain = false,
                },
                _ => plain = false,
            }
        }
        let (table, alias) = match (inner, names.as_slice(), plain) {
            (Some(query), [alias], true) => (SourceTable::Query(query), Some(alias.clone())),
            (Some(query), [], true) => (SourceTable::Query(query), None),
            (None, [name], true) => (SourceTable::Table { schema: None, name: name.clone() }, None),
            (None, [name, alias], true) => (SourceTable::Table { schema: None, name: name.clone() }, Some(alias.clone())),
            _ => (SourceTable::Raw(fragment), None),
        };
        let origin = match &table {
            SourceTable::Table { name, .. } => name.origin,
            _ => Some(first.origin),
        };
        if self.has_root(at.query) {
            let source = Source { table, alias, join: None, origin };
            self.change(at.query, |q| q.sources.push(source));
        } else {
            self.set_root(at.query, table, alias, origin);
        }
    }

    /// One of several tables that a statement names side by side.
    fn stand_beside(&mut self, at: &At, step: &Step, value: &Value, site: Origin) {
        let Some((table, alias, origin)) = self.table(at, step, value, site) else { return };
        match self.has_root(at.query) {
            false => self.set_root(at.query, table, alias, origin),
            true => self.change(at.query, |q| q.sources.push(Source { table, alias, join: None, origin })),
        }
    }

    /// A condition on the key of an entity that is stored.
    pub(super) fn only_this(&mut self, at: &At, entity: ObjectId) {
        if !matches!(self.object(entity), Some(Object::Entity { fresh: false, .. })) {
            return;
        }
        let keys = self.key(at, &[]);
        self.change(at.query, |q| q.filters.extend(keys));
    }

    /// A value as a table: with its alias, and where it is named.
    pub(super) fn table(
        &mut self,
        at: &At,
        step: &Step,
        value: &Value,
        site: Origin,
    ) -> Option<(SourceTable, Option<Named>, Option<Origin>)> {
        match value {
            Value::Model { model, alias, origin } => Some((SourceTable::Model(*model), alias.clone(), origin.or(Some(site)))),
            Value::Object(id) => match self.object(*id).cloned()? {
                Object::Entity { model, .. } => Some((SourceTable::Model(model), None, Some(site))),
                Object::List { items, .. } => items.iter().find_map(|v| self.table(at, step, v, site)),
                Object::Map { entries, .. } => entries.iter().find_map(|(key, value)| {
                    let (table, alias, origin) = self.table(at, step, value, site)?;
                    let alias = if let MapKey::Name(name) = key { Some(name.clone()) } else { alias };
                    Some((table, alias, origin))
                }),
                Object::Instance { .. } => None,
            },
            Value::Handle(handle) => match handle.query {
                Some(inner) if &*handle.kind == "sources" => {
                    let sources = self.query(inner).map(|q| q.sources.clone())?;
                    self.change(inner, |q| q.used = true);
                    self.change(at.query, |q| q.sources = sources);
                    None
                }
                Some(inner) => {
                    self.embed(at, inner);
                    let alias = self.query(inner).and_then(|q| q.alias.clone());
                    Some((SourceTable::Query(inner), alias, Some(site)))
                }
                None => handle.model.map(|m| (SourceTable::Model(m), None, Some(site))),
            },
            Value::Text(_) | Value::Key(_) => match self.text_of(value) {
                Some(name) => Some(self.table_named(at, step, &name)),
                None => Some((SourceTable::Unknown("a table".into(), site), None, Some(site))),
            },
            Value::Expr(expr) => match &**expr {
                SqlExpr::Raw(_) => Some((SourceTable::Unknown("SQL text".into(), site), None, Some(site))),
                SqlExpr::Label(inner, name) => match &**inner {
                    // its text may be any table
                    SqlExpr::Raw(_) => Some((SourceTable::Unknown("SQL text".into(), site), Some(name.clone()), Some(site))),
                    SqlExpr::Query(inner) => Some((SourceTable::Query(*inner), Some(name.clone()), Some(site))),
                    SqlExpr::Path { name: table, .. } => {
                        let (table, _, origin) = self.table_named(at, step, table);
                        Some((table, Some(name.clone()), origin))
                    }
                    _ => None,
                },
                SqlExpr::Path { name, .. } => Some(self.table_named(at, step, name)),
                SqlExpr::Star(SourceRef::Model(model, _)) => Some((SourceTable::Model(*model), None, Some(site))),
                _ => None,
            },
            Value::OneOf(all) => all.iter().find_map(|v| self.table(at, step, v, site)),
            Value::Function { .. } => {
                let inner = self.queries_in(at, value, at.site).into_iter().next()?;
                self.embed(at, inner);
                let alias = self.query(inner).and_then(|q| q.alias.clone());
                Some((SourceTable::Query(inner), alias, Some(site)))
            }
            Value::Unknown if step.read == ReadAs::Table => Some((SourceTable::Unknown("a table".into(), site), None, Some(site))),
            _ => None,
        }
    }

    /// `table`, `schema.table`, `table as alias`, the name of a model.
    fn table_named(&mut self, at: &At, step: &Step, name: &Named) -> (SourceTable, Option<Named>, Option<Origin>) {
        let text = name.text.trim();
        let lower = text.to_ascii_lowercase();
        let start = name.text.len() - name.text.trim_start().len();
        let (table, alias) = match lower.find(" as ") {
            Some(i) => (name.part(start, start + i), Some(trimmed(&name.part(start + i + 4, start + text.len())))),
            None => match text.split_once(' ') {
                Some((table, _)) => {
                    (name.part(start, start + table.len()), Some(trimmed(&name.part(start + table.len(), start + text.len()))))
                }
                None => (name.part(start, start + text.len()), None),
            },
        };
        let table = trimmed(&table);
        let with = self.query(at.query).is_some_and(|q| q.with.iter().any(|(n, _)| n.text == table.text));
        if let Some(model) = self.model_of_table(at, step, &table).filter(|_| !with) {
            return (SourceTable::Model(model), alias, table.origin);
        }
        let parts = table.split(".");
        let source = match parts.as_slice() {
            [schema, name] if !with => SourceTable::Table { schema: Some(schema.clone()), name: name.clone() },
            _ => SourceTable::Table { schema: None, name: table.clone() },
        };
        (source, alias, table.origin)
    }

    /// The model that a text names: by its name, or by its table, which is one of the pack's own where the text is
    /// meant for a table.
    fn model_of_table(&self, at: &At, step: &Step, name: &Named) -> Option<ModelId> {
        let by_name = self.models.by_name.get(&*name.text).and_then(|m| m.first()).copied();
        let stands = |m: &crate::index::mapping::Model| !m.is_abstract && m.shares.is_none();
        let is_so = |m: &crate::index::mapping::Model| match (name.text.split_once('.'), &m.schema) {
            (Some((schema, table)), Some(of)) => *of.text == *schema && *m.table.text == *table,
            (None, _) => m.table.text == name.text,
            _ => false,
        };
        let own = |m: &crate::index::mapping::Model| step.read != ReadAs::Table || self.words.pack(&m.pack) == Some(at.pack);
        let by_table = || self.models.models.iter().position(|m| stands(m) && own(m) && is_so(m)).map(|m| m as ModelId);
        // `app.Model`
        let last = || self.models.by_name.get(name.text.rsplit('.').next()?).and_then(|m| m.first()).copied();
        let found = by_name.filter(|&m| self.models.get(m).is_some_and(own)).or_else(by_table);
        found.or_else(|| if step.read == ReadAs::Model { last() } else { None })
    }

    /// Queries that go into this one.
    fn combine(&mut self, at: &At, step: &Step, taken: &[Argument], call: &mut Call) {
        let mut name = None;
        for arg in taken {
            if let Some(text) = self.text_of(&arg.value)
                && step.act == Act::With
            {
                // `name(column, column)`
                let end = text.text.find('(').unwrap_or(text.text.len());
                name = Some(trimmed(&text.part(0, end)));
                continue;
            }
            let found = self.queries_in(at, &arg.value, call.site);
            if found.is_empty() && step.act == Act::Merge && is_sql(&arg.value) {
                self.raw(at, std::slice::from_ref(arg), call.query);
            }
            for inner in found {
                self.embed(at, inner);
                match step.act {
                    Act::Union => self.change(at.query, |q| q.unions.push(inner)),
                    Act::FromQuery => self.change(at.query, |q| q.from_query = Some(inner)),
                    Act::With => {
                        let alias = name.take().or_else(|| self.query(inner).and_then(|q| q.alias.clone()));
                        if let Some(alias) = alias {
                            self.change(at.query, |q| q.with.push((alias, inner)));
                        }
                    }
                    _ => self.merge(at, inner),
                }
            }
        }
    }

    /// The queries that a value holds; a callback builds one.
    pub(super) fn queries_in(&mut self, at: &At, value: &Value, site: Origin) -> Vec<QueryId> {
        match value {
            Value::Handle(handle) => handle.query.into_iter().collect(),
            Value::Expr(expr) => {
                let mut found = Vec::new();
                expr.queries(&mut found);
                found
            }
            Value::Object(id) => match self.object(*id).cloned() {
                Some(Object::List { items, .. }) => items.iter().flat_map(|v| self.queries_in(at, v, site)).collect(),
                _ => Vec::new(),
            },
            Value::Tuple(all) | Value::OneOf(all) => all.clone().iter().flat_map(|v| self.queries_in(at, v, site)).collect(),
            Value::Function { .. } => {
                let id = self.query(at.query).map_or_else(|| "".into(), |q| q.pack.clone());
                let query = self.begin(Query { pack: id, used: true, ..Query::default() });
                let words = self.words.clone();
                let kind = words.callbacks(at.pack);
                let builds = words.builds(at.pack, kind);
                let given = self.handle(at.pack, kind, None, builds.then_some(query));
                let result = self.run_with(value, given, site);
                match result {
                    Value::Handle(Handle { query: Some(built), .. }) => vec![built],
                    Value::Expr(expr) if !builds => {
                        let mut found = Vec::new();
                        expr.queries(&mut found);
                        found
                    }
                    _ if builds => vec![query],
                    _ => Vec::new(),
                }
            }
            _ => Vec::new(),
        }
    }

    /// Calls a function with a value of the library, which is `this` in it too.
    pub(super) fn run_with(&mut self, function: &Value, given: Value, site: Origin) -> Value {
        let bound = match function {
            Value::Function { function, receiver: None, frame } => {
                Value::Function { function: *function, receiver: Some(Box::new(given.clone())), frame: *frame }
            }
            other => other.clone(),
        };
        self.call_function(&bound, vec![super::calls::argument(given, site)], site)
    }

    /// Takes over what another query has.
    fn merge(&mut self, at: &At, inner: QueryId) {
        let Some(other) = self.query(inner).cloned() else { return };
        let waiting = other.pending.clone();
        let Some(query) = self.query_mut(at.query) else { return };
        if query.sources.is_empty() {
            query.sources = other.sources;
        }
        if query.select.is_empty() {
            query.select = other.select;
            query.select_also = other.select_also;
        }
        query.columns_only |= other.columns_only;
        query.verb = query.verb.filter(|&v| v != Verb::Select).or(other.verb);
        query.only.extend(other.only);
        query.defer.extend(other.defer);
        query.filters.extend(other.filters);
        query.group.extend(other.group);
        query.groups_rows |= other.groups_rows;
        query.having.extend(other.having);
        query.order.extend(other.order);
        query.distinct_on.extend(other.distinct_on);
        query.set.extend(other.set);
        query.entity = query.entity.or(other.entity);
        query.conflict.extend(other.conflict);
        query.conflict_set.extend(other.conflict_set);
        query.conflict_any |= other.conflict_any;
        query.returning.extend(other.returning);
        query.with.extend(other.with);
        query.unions.extend(other.unions);
        query.from_query = query.from_query.or(other.from_query);
        query.loads.extend(other.loads);
        query.unordered |= other.unordered;
        query.unscoped |= other.unscoped;
        query.alias = query.alias.take().or(other.alias);
        query.raw = query.raw.take().or(other.raw);
        query.parts.extend(other.parts);
        query.unknown.extend(other.unknown);
        if query.sources.is_empty() {
            query.pending.extend(waiting);
        }
    }

    /// SQL that is sent as it is.
    fn raw(&mut self, at: &At, taken: &[Argument], query: QueryId) {
        let Some((first, rest)) = taken.split_first() else { return };
        let mut fragment = self.bound_fragment(at, &first.value, rest, false);
        fragment.properties = false;
        self.change(query, |q| {
            q.raw = Some(fragment);
            q.verb = Some(Verb::Raw);
        });
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

fn is_sql(value: &Value) -> bool {
    matches!(value, Value::Expr(e) if matches!(&**e, SqlExpr::Raw(_)))
}

fn trimmed(name: &Named) -> Named {
    let text = &name.text;
    let start = text.len() - text.trim_start_matches([' ', '`', '"']).len();
    let end = text.trim_end_matches([' ', '`', '"']).len();
    name.part(start.min(end), end)
}

/// What a clause of a step takes text for.
pub(super) fn text_of_step(step: &Step) -> TextIs {
    match step.read {
        ReadAs::Sql | ReadAs::PropertySql => TextIs::Sql,
        ReadAs::Values | ReadAs::Data | ReadAs::Key => TextIs::Value,
        _ => TextIs::Name,
    }
}
