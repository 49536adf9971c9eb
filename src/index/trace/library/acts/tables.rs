//! Tables and models that the steps of a call put into a query.

use super::super::calls::Call;
use super::super::names::At;
use super::super::sql::is_name;
use super::super::words::Vocabulary;
use crate::grammar::mapper::{ReadAs, Step};
use crate::index::mapping::{ModelId, Named, Origin};
use crate::index::trace::Tracer;
use crate::index::trace::query::{FragmentPart, Source, SourceRef, SourceTable, SqlExpr};
use crate::index::trace::value::{Argument, MapKey, Object, ObjectId, Value};
use std::rc::Rc;

impl Tracer<'_> {
    /// The table or model that a statement is about.
    pub(super) fn from(&mut self, at: &At, step: &Step, taken: &[Argument], words: &Rc<Vocabulary>, call: &mut Call) {
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
    pub(super) fn take_table_of_sql(&mut self, at: &At, taken: &[Argument]) {
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
                            plain &= is_name(word);
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
    pub(super) fn stand_beside(&mut self, at: &At, step: &Step, value: &Value, site: Origin) {
        let Some((table, alias, origin)) = self.table(at, step, value, site) else { return };
        match self.has_root(at.query) {
            false => self.set_root(at.query, table, alias, origin),
            true => self.change(at.query, |q| q.sources.push(Source { table, alias, join: None, origin })),
        }
    }

    /// A condition on the key of an entity that is stored.
    pub(in crate::index::trace::library) fn only_this(&mut self, at: &At, entity: ObjectId) {
        if !matches!(self.object(entity), Some(Object::Entity { fresh: false, .. })) {
            return;
        }
        let keys = self.key(at, &[]);
        self.change(at.query, |q| q.filters.extend(keys));
    }

    /// A value as a table: with its alias, and where it is named.
    pub(in crate::index::trace::library) fn table(
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
                Object::Map { entries, .. } => entries.iter().filter(|(key, _)| !key.is_spread()).find_map(|(key, value)| {
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
    pub(super) fn table_named(&mut self, at: &At, step: &Step, name: &Named) -> (SourceTable, Option<Named>, Option<Origin>) {
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
    pub(super) fn model_of_table(&self, at: &At, step: &Step, name: &Named) -> Option<ModelId> {
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
}

pub(super) fn trimmed(name: &Named) -> Named {
    let text = &name.text;
    let start = text.len() - text.trim_start_matches([' ', '`', '"']).len();
    let end = text.trim_end_matches([' ', '`', '"']).len();
    name.part(start.min(end), end)
}
