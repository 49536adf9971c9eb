//! What calls write: columns with their values, entities.

use super::calls::Call;
use super::expressions::TextIs;
use super::names::At;
use crate::grammar::mapper::{Act, ReadAs, Step, Verb};
use crate::index::mapping::{ModelId, Named, Origin, RelationId};
use crate::index::trace::Tracer;
use crate::index::trace::query::{EntityWrite, Fragment, FragmentPart, Load, Query, SourceRef, SourceTable, SqlExpr};
use crate::index::trace::value::{Argument, Handle, MapKey, Object, ObjectId, Value};

/// Written columns with their values.
pub(super) type Pairs = Vec<(SqlExpr, SqlExpr)>;

/// Objects in objects that are looked into.
const MAX_DEPTH: usize = 8;

impl Tracer<'_> {
    /// Adds what a step writes.
    pub(super) fn set(&mut self, at: &At, step: &Step, taken: &[Argument], call: &mut Call) {
        let pairs = match step.read {
            ReadAs::Entity => self.entity_pairs(at, taken, call),
            ReadAs::Given => {
                let pairs = self.entity_pairs(at, taken, call);
                self.change(at.query, |q| {
                    if q.entity == Some(EntityWrite::NewAll) {
                        q.entity = Some(EntityWrite::New);
                    }
                });
                pairs
            }
            ReadAs::Like => taken.iter().flat_map(|a| self.shared_fields(at, &a.value)).collect(),
            ReadAs::Paths => taken
                .iter()
                .flat_map(|a| self.expressions(at, &a.value, TextIs::Name))
                .map(|e| {
                    let new = excluded(&e);
                    (e, new)
                })
                .collect(),
            ReadAs::Sql => self.assignments(at, taken),
            ReadAs::Data => taken.iter().flat_map(|a| self.data(at, &a.value)).collect(),
            _ => self.pairs(at, taken),
        };
        let pairs: Pairs = match step.wrap.as_str() {
            "" => pairs,
            _ => pairs.into_iter().map(|(c, v)| (c.clone(), SqlExpr::Call("".into(), vec![c, v]))).collect(),
        };
        let whole = match step.read {
            // what the other class lacks has its default
            ReadAs::Like if self.query(at.query).is_some_and(|q| q.verb == Some(Verb::Insert)) => Some(EntityWrite::NewAll),
            ReadAs::Entity | ReadAs::Given => None,
            ReadAs::Data if pairs.is_empty() && self.query(at.query).is_some_and(|q| q.verb == Some(Verb::Update)) => None,
            _ => self.query(at.query).and_then(|q| match q.verb {
                Some(Verb::Insert | Verb::Upsert | Verb::Save) if self.root_model(at.query).is_some() => Some(EntityWrite::New),
                Some(Verb::Update) if self.root_model(at.query).is_some() => Some(EntityWrite::Changed),
                _ => None,
            }),
        };
        let (unknown, pairs): (Pairs, Pairs) = pairs.into_iter().partition(|(c, _)| matches!(c, SqlExpr::Unknown(..)));
        let said = unknown.iter().filter_map(|(c, _)| if let SqlExpr::Unknown(what, at) = c { Some((what.clone(), *at)) } else { None });
        let said: Vec<_> = said.collect();
        self.change(at.query, |q| {
            // a statement without any column would be none
            let nothing = pairs.is_empty() && q.set.is_empty() && step.act == Act::Set;
            q.unknown.extend(said);
            if nothing {
                q.set.extend(unknown);
            }
            if step.act == Act::ConflictSet {
                q.conflict_set.extend(pairs);
            } else {
                // assignments in SQL take the place of the entity's columns
                if step.read == ReadAs::Sql && q.entity.replace(EntityWrite::Changed).is_some_and(|e| e != EntityWrite::Changed) {
                    q.set.clear();
                }
                q.entity = q.entity.or(whole);
                for pair in pairs {
                    q.set.push(pair);
                }
            }
        });
    }

    /// `("a = ?, b = b + 1", 1)`: what is written as SQL text.
    fn assignments(&mut self, at: &At, taken: &[Argument]) -> Pairs {
        let Some((first, rest)) = taken.split_first() else { return Pairs::new() };
        if !matches!(first.value, Value::Text(_)) {
            return self.pairs(at, taken);
        }
        let fragment = self.bound_fragment(at, &first.value, rest, false);
        let mut out = Pairs::new();
        let mut column: Option<Named> = None;
        let mut value: Vec<FragmentPart> = Vec::new();
        let (mut left, mut deep) = (true, 0_usize);
        for part in fragment.parts {
            match part {
                FragmentPart::Text(text, origin) => {
                    let whole = Named { text, origin };
                    let mut start = 0;
                    for (i, c) in whole.text.char_indices() {
                        match c {
                            '(' => deep += 1,
                            ')' => deep = deep.saturating_sub(1),
                            '=' if left => {
                                column = bare_column(&whole.part(start, i)).or(column.take());
                                (left, start) = (false, i + 1);
                            }
                            ',' if !left && deep == 0 => {
                                value.push(text_part(&whole, start, i));
                                self.assignment(at, column.take(), std::mem::take(&mut value), &mut out);
                                (left, start) = (true, i + 1);
                            }
                            _ => {}
                        }
                    }
                    if !left && start < whole.text.len() {
                        value.push(text_part(&whole, start, whole.text.len()));
                    }
                }
                FragmentPart::Expr(expr) if left => {
                    if let SqlExpr::Column { name, .. } = &*expr {
                        column = name.split(".").pop();
                    }
                }
                other if !left => value.push(other),
                _ => {}
            }
        }
        if !left {
            self.assignment(at, column, value, &mut out);
        }
        out
    }

    fn assignment(&mut self, at: &At, column: Option<Named>, value: Vec<FragmentPart>, out: &mut Pairs) {
        let Some(column) = column else { return };
        let says = |p: &FragmentPart| match p {
            FragmentPart::Text(text, _) => text.chars().any(|c| c.is_ascii_alphabetic()),
            FragmentPart::Expr(_) => true,
            _ => false,
        };
        let right = match value.iter().any(says) {
            true => SqlExpr::Raw(Fragment { parts: value, properties: false }),
            false => SqlExpr::Value(None),
        };
        let left = self.name(at, &column);
        out.push((left, right));
    }

    /// The fields of the root that an instance of another class has too.
    fn shared_fields(&mut self, at: &At, value: &Value) -> Pairs {
        let other = match value {
            Value::Object(id) => match self.object(*id) {
                Some(Object::Entity { model, .. }) => Some(*model),
                Some(Object::Map { .. }) => return self.pairs(at, &[super::calls::argument(value.clone(), at.site)]),
                _ => None,
            },
            _ => None,
        };
        let names: Vec<std::rc::Rc<str>> =
            other.and_then(|m| self.models.get(m)).map(|m| m.fields.iter().map(|f| f.name.clone()).collect()).unwrap_or_default();
        let Some(model) = self.root_model(at.query) else { return Pairs::new() };
        if other.is_none() {
            self.change(at.query, |q| q.unknown.push(("unknown columns are written".into(), at.site)));
        }
        let key = |t: &Self, (m, f): (ModelId, u32)| t.models.get(m).and_then(|m| m.fields.get(f as usize)).is_some_and(|f| f.primary);
        let found = names.iter().filter_map(|n| self.field_of(model, n)).filter(|f| !key(self, *f));
        found
            .map(|(holder, field)| (SqlExpr::Field { source: SourceRef::Id(0), model: holder, field, origin: None }, SqlExpr::Value(None)))
            .collect()
    }

    /// Keywords, maps, lists of maps, a name and its value, an entity's set fields.
    pub(super) fn pairs(&mut self, at: &At, taken: &[Argument]) -> Pairs {
        let mut out = Pairs::new();
        let mut args = taken.iter();
        while let Some(arg) = args.next() {
            if let Some(name) = &arg.name {
                self.pair(at, &MapKey::Name(name.clone()), &arg.value, "", &mut out, 0);
                continue;
            }
            match &arg.value {
                Value::Text(_) | Value::Key(_) | Value::Expr(_) if taken.len() > 1 => {
                    let value = args.next().map(|a| a.value.clone()).unwrap_or_default();
                    for left in self.expressions(at, &arg.value, TextIs::Name) {
                        let right = self.expression(at, &value, TextIs::Value);
                        out.push((left, right));
                    }
                }
                value => self.pairs_of(at, value, arg.origin, "", &mut out, 0),
            }
        }
        out
    }

    pub(super) fn pairs_of(&mut self, at: &At, value: &Value, origin: Origin, prefix: &str, out: &mut Pairs, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        match value {
            Value::Object(id) => match self.object(*id).cloned() {
                Some(Object::Map { entries, open }) => {
                    for (key, value) in entries.iter().filter(|(key, _)| !key.is_spread()) {
                        self.pair(at, key, value, prefix, out, depth);
                    }
                    if open {
                        self.change(at.query, |q| q.unknown.push(("more columns may be written".into(), origin)));
                    }
                }
                Some(Object::List { items, .. }) => items.iter().for_each(|v| self.pairs_of(at, v, origin, prefix, out, depth + 1)),
                Some(Object::Entity { model, .. }) if self.stands_for_columns(at, model) => {
                    let columns = self.struct_columns(model);
                    out.extend(columns.into_iter().map(|column| (column, SqlExpr::Value(None))));
                    self.note_scan(at.query, model);
                }
                Some(Object::Entity { written, fresh, .. }) => {
                    if written.is_empty() && !fresh {
                        // a value of which only the type is known
                        out.push((SqlExpr::Unknown("unknown columns are written".into(), origin), SqlExpr::Value(None)));
                    }
                    for (name, value, _) in &written {
                        self.pair(at, &MapKey::Name(name.clone()), value, prefix, out, depth);
                    }
                }
                _ => self.change(at.query, |q| q.unknown.push(("unknown columns are written".into(), origin))),
            },
            Value::Tuple(all) | Value::OneOf(all) => all.clone().iter().for_each(|v| self.pairs_of(at, v, origin, prefix, out, depth + 1)),
            Value::Expr(_) | Value::Key(_) | Value::Text(_) => {
                for column in self.expressions(at, value, TextIs::Name) {
                    // several columns side by side
                    match column {
                        SqlExpr::Call(name, all) if name.is_empty() => out.extend(all.into_iter().map(|c| (c, SqlExpr::Value(None)))),
                        one => out.push((one, SqlExpr::Value(None))),
                    }
                }
            }
            Value::Function { .. } if self.words.mapper(at.pack).is_some_and(|m| !m.callbacks.is_empty()) => {
                let words = self.words.clone();
                let given = self.handle(at.pack, words.callbacks(at.pack), None, None);
                let built = self.run_with(value, given, at.site);
                self.pairs_of(at, &built, origin, prefix, out, depth + 1);
            }
            Value::Null | Value::Scalar(_) => {}
            _ => out.push((SqlExpr::Unknown("unknown columns are written".into(), origin), SqlExpr::Value(None))),
        }
    }

    /// A field and its value: a relation writes its keys, an embedded object its columns.
    fn pair(&mut self, at: &At, key: &MapKey, value: &Value, prefix: &str, out: &mut Pairs, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        let MapKey::Name(name) = key else {
            let lefts = self.key_expressions(at, key);
            let right = self.expression(at, value, TextIs::Value);
            out.extend(lefts.into_iter().map(|l| (l, right.clone())));
            return;
        };
        let model = self.root_model(at.query);
        if let Some(model) = model
            && prefix.is_empty()
            && let Some(relation) = self.relation_of(model, &name.text)
            && self.field_of(model, &name.text).is_none()
        {
            if self.words.mapper(at.pack).is_some_and(|m| !m.nested.is_empty()) {
                self.nested_writes(at, model, relation, name, value, out, depth);
                return;
            }
            let to_one = self
                .models
                .get(model)
                .and_then(|m| m.relations.get(relation as usize))
                .is_some_and(|r| r.shape == crate::grammar::mapper::RelationShape::ToOne);
            if to_one {
                let keys = self.relation_keys(SourceRef::Id(0), model, relation, name.origin);
                out.extend(keys.into_iter().map(|k| (k, SqlExpr::Value(None))));
            }
            return;
        }
        let path = if prefix.is_empty() { name.text.to_string() } else { format!("{prefix}.{}", name.text) };
        let embedded = model.is_some_and(|m| self.has_embedded(m, &path));
        if embedded {
            for (key, value) in self.inner_entries(value) {
                self.pair(at, &key, &value, &path, out, depth + 1);
            }
            return;
        }
        let named = Named { text: path.into(), origin: name.origin };
        let left = self.name(at, &named);
        let right = self.expression(at, value, TextIs::Value);
        out.push((left, right));
    }

    /// The rows of join tables that are written with an entity, where the library saves what it refers to.
    fn save_links(&mut self, at: &At, id: ObjectId, model: ModelId, links: &[(RelationId, Option<Origin>)]) {
        if !self.words.mapper(at.pack).is_some_and(|m| m.saves_links) {
            return;
        }
        for &(relation, origin) in links {
            let through = self.models.get(model).and_then(|m| m.relations.get(relation as usize)).is_some_and(|r| r.through.is_some());
            if !through {
                continue;
            }
            let Some(before) = self.query(at.query) else { return };
            let (pack, parts) = (before.pack.clone(), before.parts.clone());
            let read = self.begin(Query {
                pack: pack.clone(),
                verb: Some(Verb::Select),
                unscoped: true,
                parts: parts.clone(),
                ..Query::default()
            });
            self.set_root(read, SourceTable::Model(model), None, None);
            self.change(read, |q| q.loads.push(Load { path: vec![(relation, origin)], joined: true, query: None }));
            self.only_this(&At { query: read, ..*at }, id);
            self.dispatch(read, at.site);
            let write = self.begin(Query { pack: pack.clone(), parts, ..Query::default() });
            let handle = Handle { pack, of: Some((id, relation, origin)), ..Handle::default() };
            let step = Step { act: Act::Link, ..Step::default() };
            self.link(&At { query: write, ..*at }, &step, &handle, None);
            self.dispatch(write, at.site);
        }
    }

    /// Whether a model has fields of an embedded object of this name.
    pub(super) fn has_embedded(&self, model: ModelId, name: &str) -> bool {
        let inside = |f: &crate::index::mapping::ModelField| f.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
        self.models.get(model).is_some_and(|m| m.field(name).is_none() && m.fields.iter().any(inside))
    }

    /// Entries of a map, or the set fields of an entity or instance.
    fn inner_entries(&self, value: &Value) -> Vec<(MapKey, Value)> {
        if let Value::Object(id) = value {
            match self.object(*id) {
                Some(Object::Entity { written, .. }) => {
                    return written.iter().map(|(n, v, _)| (MapKey::Name(n.clone()), v.clone())).collect();
                }
                Some(Object::Instance { fields, .. }) => {
                    return fields.iter().map(|(n, v)| (MapKey::Name(Named { text: n.clone(), origin: None }), v.clone())).collect();
                }
                _ => {}
            }
        }
        self.entries(value)
    }

    /// Whole entities: the table is their model's, what code has set is named.
    fn entity_pairs(&mut self, at: &At, taken: &[Argument], call: &mut Call) -> Pairs {
        let mut out = Pairs::new();
        for arg in taken {
            self.entity(at, &arg.value, arg.origin, &mut out, call, 0);
        }
        out
    }

    fn entity(&mut self, at: &At, value: &Value, origin: Origin, out: &mut Pairs, call: &mut Call, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        match value {
            Value::Object(id) => match self.object(*id).cloned() {
                Some(Object::Entity { model, written, fresh, many, .. }) => {
                    self.set_root(at.query, SourceTable::Model(model), None, Some(origin));
                    if call.result.is_none() {
                        call.result = Some(value.clone());
                    }
                    let verb = self.query(at.query).and_then(|q| q.verb);
                    let changes = self.words.mapper(at.pack).is_some_and(|m| m.saves_changes);
                    let new = fresh || matches!(verb, Some(Verb::Insert | Verb::Upsert));
                    for (name, value, place) in &written {
                        self.pair(at, &MapKey::Name(name.clone()), value, "", out, 0);
                        self.change(at.query, |q| q.parts.push(*place));
                    }
                    self.cascade(at, model, &written, 0);
                    let links = written.iter().filter_map(|(name, _, _)| Some((self.relation_of(model, &name.text)?, name.origin)));
                    let links: Vec<_> = links.collect();
                    self.save_links(at, *id, model, &links);
                    let compares = !written.is_empty() && self.words.mapper(at.pack).is_some_and(|m| m.compares_saved);
                    self.change(at.query, |q| {
                        q.entity = Some(match (new, changes) {
                            (true, true) => EntityWrite::New,
                            (true, false) => EntityWrite::NewAll,
                            (false, changes) if changes || compares => EntityWrite::Changed,
                            _ => EntityWrite::All,
                        });
                        q.of = q.of.or(Some(*id));
                        if verb == Some(Verb::Save) {
                            q.verb = Some(if new { Verb::Insert } else { Verb::Update });
                        }
                    });
                    if !new && !many {
                        self.only_this(at, *id);
                    }
                }
                Some(Object::List { items, .. }) => items.iter().for_each(|v| self.entity(at, v, origin, out, call, depth + 1)),
                // options behind the entity
                Some(Object::Map { .. }) if call.result.is_some() => {}
                Some(Object::Map { .. }) => {
                    self.pairs_of(at, value, origin, "", out, depth + 1);
                    self.change(at.query, |q| {
                        q.entity = q.entity.or(Some(EntityWrite::New));
                        if q.verb == Some(Verb::Save) {
                            q.verb = Some(Verb::Insert);
                        }
                    });
                }
                _ => {}
            },
            Value::OneOf(all) | Value::Tuple(all) => all.clone().iter().for_each(|v| self.entity(at, v, origin, out, call, depth + 1)),
            Value::Null | Value::Scalar(_) => {}
            _ => self.change(at.query, |q| {
                q.entity = q.entity.or(Some(EntityWrite::All));
                if q.sources.is_empty() {
                    q.unknown.push(("an unknown entity is written".into(), origin));
                }
            }),
        }
    }
}

/// The last name of `table.column`, without quotes.
fn bare_column(text: &Named) -> Option<Named> {
    let last = text.split(".").pop()?;
    let start = last.text.len() - last.text.trim_start_matches([' ', '\t', '\n', '"', '`']).len();
    let end = last.text.trim_end_matches([' ', '\t', '\n', '"', '`']).len();
    (start < end && super::sql::is_name(&last.text[start..end])).then(|| last.part(start, end))
}

fn text_part(text: &Named, start: usize, end: usize) -> FragmentPart {
    let part = text.part(start, end);
    FragmentPart::Text(part.text, part.origin)
}

/// The value that the new row would have had.
fn excluded(column: &SqlExpr) -> SqlExpr {
    let source = || SourceRef::Named(Named { text: "excluded".into(), origin: None });
    match column {
        SqlExpr::Field { model, field, origin, .. } => SqlExpr::Field { source: source(), model: *model, field: *field, origin: *origin },
        SqlExpr::Column { name, .. } => SqlExpr::Column { source: source(), name: name.clone() },
        _ => SqlExpr::Value(None),
    }
}
