//! What a call asks for along relations in the same statement (`include: [{ model: Account, where: {...} }]`), and
//! what else names fields of one source among several: selected attributes, orders that begin with a model.

use super::expressions::TextIs;
use super::names::At;
use super::read::is_false;
use crate::grammar::mapper::Verb;
use crate::index::mapping::{ModelId, Named, Origin, RelationId};
use crate::index::trace::Tracer;
use crate::index::trace::query::{SourceId, SourceRef, SqlExpr};
use crate::index::trace::value::{MapKey, Object, Value};

/// Objects in objects that are looked into.
const MAX_DEPTH: usize = 12;

impl Tracer<'_> {
    /// Joins what is included from a source, and selects what it asks for.
    pub(super) fn includes(&mut self, at: &At, from: SourceId, value: &Value, site: Origin, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        match value {
            Value::Tuple(all) | Value::OneOf(all) => all.clone().iter().for_each(|v| self.includes(at, from, v, site, depth + 1)),
            Value::Object(id) => match self.object(*id).cloned() {
                Some(Object::List { items, .. }) => items.iter().for_each(|v| self.includes(at, from, v, site, depth + 1)),
                Some(Object::Map { .. }) => self.include(at, from, value, site, depth),
                _ => {}
            },
            Value::Null | Value::Scalar(_) => {}
            Value::Text(_) | Value::Key(_) => {
                let paths = self.text_of(value).map(|n| relation_paths(&n)).unwrap_or_default();
                for path in paths {
                    let mut source = from;
                    for name in &path {
                        let found = self.source_model(at.query, source).and_then(|m| self.relation_of(m, &name.text));
                        let next = found.and_then(|r| {
                            self.include_relation(at, source, r, name.origin.or(Some(site)), None, depth);
                            self.join_relation(at.query, source, r, name.origin, true, None)
                        });
                        match next {
                            Some(next) => source = next,
                            None => {
                                self.change(at.query, |q| q.unknown.push((format!("no relation `{}`", name.text).into(), site)));
                                break;
                            }
                        }
                    }
                }
            }
            _ => match self.relation_meant(at, from, value, None) {
                Some((relation, origin)) => self.include_relation(at, from, relation, origin.or(Some(site)), None, depth),
                None => self.change(at.query, |q| q.unknown.push(("unknown relation".into(), site))),
            },
        }
    }

    fn include(&mut self, at: &At, from: SourceId, value: &Value, site: Origin, depth: usize) {
        let entry = |name: &str| {
            let found = self.entries(value).into_iter().find(|(k, _)| matches!(k, MapKey::Name(n) if &*n.text == name));
            found.map(|(_, v)| v)
        };
        let (named, of, name) = (entry("association"), entry("model"), entry("as"));
        let name = name.and_then(|n| self.text_of(&n));
        let found = match (&named, &of) {
            (Some(named), _) => self.relation_meant(at, from, named, None),
            (None, Some(of)) => self.relation_meant(at, from, of, name.as_ref()),
            (None, None) => name.as_ref().and_then(|n| Some((self.relation_of(self.source_model(at.query, from)?, &n.text)?, n.origin))),
        };
        match found {
            Some((relation, origin)) => self.include_relation(at, from, relation, origin.or(Some(site)), Some(value), depth),
            None => self.change(at.query, |q| q.unknown.push(("unknown relation".into(), site))),
        }
    }

    /// The relation from a source that a model, a relation or a name means.
    fn relation_meant(&mut self, at: &At, from: SourceId, value: &Value, name: Option<&Named>) -> Option<(RelationId, Option<Origin>)> {
        let model = self.source_model(at.query, from)?;
        if let Value::Relation { relation, origin, model: of, .. } = value
            && *of == model
        {
            return Some((*relation, *origin));
        }
        if let Some(text) = self.text_of(value) {
            return Some((self.relation_of(model, &text.text)?, text.origin));
        }
        let target = self.model_of(value)?;
        let origin = match value {
            Value::Model { origin, .. } => *origin,
            _ => None,
        };
        self.relation_to(model, target, name).map(|r| (r, origin))
    }

    /// The relation of a model to another one; of this name, where one is given.
    fn relation_to(&self, model: ModelId, target: ModelId, name: Option<&Named>) -> Option<RelationId> {
        let relations = &self.models.get(model)?.relations;
        let named = name.and_then(|n| relations.iter().position(|r| r.target == target && *r.name == *n.text));
        named.or_else(|| relations.iter().position(|r| r.target == target)).map(|r| r as RelationId)
    }

    fn include_relation(
        &mut self,
        at: &At,
        from: SourceId,
        relation: RelationId,
        origin: Option<Origin>,
        options: Option<&Value>,
        depth: usize,
    ) {
        let entries = options.map(|o| self.entries(o)).unwrap_or_default();
        let entry = |name: &str| entries.iter().find(|(k, _)| matches!(k, MapKey::Name(n) if &*n.text == name)).map(|(_, v)| v.clone());
        let limited = entry("where").is_some_and(|w| !matches!(w, Value::Null));
        let outer = match entry("required") {
            Some(required) => is_false(&required) || matches!(required, Value::Unknown),
            None => !limited,
        };
        let Some(source) = self.join_relation(at.query, from, relation, origin, outer, None) else { return };
        let items = match entry("attributes") {
            Some(attributes) if self.is_list(&attributes) => self.attributes(at, source, &attributes),
            _ => vec![SqlExpr::Star(SourceRef::Id(source))],
        };
        self.change(at.query, |q| {
            if q.verb != Some(Verb::Aggregate) {
                q.select_also |= q.select.is_empty();
                q.select.extend(items);
            }
        });
        if let Some(filter) = entry("where") {
            let on = self.filter(at, source, &filter, 0);
            self.change(at.query, |q| {
                if let Some(join) = q.sources.get_mut(source as usize).and_then(|s| s.join.as_mut()) {
                    join.on.extend(on);
                }
            });
        }
        for key in ["include", "includes"] {
            if let Some(inner) = entry(key) {
                self.includes(at, source, &inner, at.site, depth + 1);
            }
        }
    }

    fn is_list(&self, value: &Value) -> bool {
        match value {
            Value::Object(id) => matches!(self.object(*id), Some(Object::List { .. })),
            Value::Tuple(_) => true,
            _ => false,
        }
    }

    /// `['a', [fn('count', col('b')), 'n']]`: fields of a source, and expressions with a name.
    pub(super) fn attributes(&mut self, at: &At, source: SourceId, value: &Value) -> Vec<SqlExpr> {
        let items = match value {
            Value::OneOf(all) => return all.clone().iter().flat_map(|v| self.attributes(at, source, v)).collect(),
            Value::Object(_) | Value::Tuple(_) if self.is_list(value) => self.items(value),
            _ => return Vec::new(),
        };
        let mut out = Vec::new();
        for item in items.iter().take(256) {
            if !self.is_list(item) {
                out.extend(self.attribute(at, source, item));
                continue;
            }
            let pair = self.items(item);
            let Some(first) = pair.first() else { continue };
            let name = pair.get(1).and_then(|n| self.text_of(n));
            for read in self.attribute(at, source, first) {
                out.push(match &name {
                    Some(name) => SqlExpr::Label(Box::new(read), name.clone()),
                    None => read,
                });
            }
        }
        out
    }

    /// A field of a source by its name, or an expression.
    fn attribute(&mut self, at: &At, source: SourceId, value: &Value) -> Vec<SqlExpr> {
        if let Some(name) = self.text_of(value)
            && let Some(model) = self.source_model(at.query, source)
            && let Some((model, field)) = self.field_of(model, &name.text).or_else(|| self.column_of(model, &name.text))
        {
            return vec![SqlExpr::Field { source: SourceRef::Id(source), model, field, origin: name.origin }];
        }
        self.expressions(at, value, TextIs::Name)
    }

    /// `[Message, 'sentAt', 'DESC']`: models or relations, a field, a direction. `None` where a list is no such order.
    pub(super) fn order_list(&mut self, at: &At, items: &[Value]) -> Option<Vec<SqlExpr>> {
        let direction = items.last().and_then(|v| self.text_of(v)).map(|t| t.text.to_ascii_lowercase());
        let directed = items.len() > 1 && direction.as_ref().is_some_and(|d| d.starts_with("asc") || d.starts_with("desc"));
        let of_model = |t: &Self, v: &Value| matches!(v, Value::Model { .. }) || !t.entries(v).is_empty();
        if !directed && !items.first().is_some_and(|v| of_model(self, v) && items.len() > 1) {
            return None;
        }
        let down = directed && direction.is_some_and(|d| d.starts_with("desc"));
        let rest = items.get(..items.len() - usize::from(directed))?;
        let (field, path) = rest.split_last()?;
        let mut source = 0;
        for step in path {
            let entry = |t: &Self, name: &str| t.entries(step).into_iter().find(|(k, _)| matches!(k, MapKey::Name(n) if &*n.text == name));
            let (of, name) = match entry(self, "model") {
                Some((_, of)) => (of, entry(self, "as").and_then(|(_, v)| self.text_of(&v))),
                None => (step.clone(), None),
            };
            let (relation, origin) = self.relation_meant(at, source, &of, name.as_ref())?;
            source = self.join_relation(at.query, source, relation, origin, true, None)?;
        }
        let read = self.attribute(at, source, field);
        Some(read.into_iter().map(|e| if down { SqlExpr::Descending(Box::new(e)) } else { e }).collect())
    }
}

/// Paths of a relation expression: `author`, `[author, reviews.[author, votes]]`, `children(newest) as c`.
pub(super) fn relation_paths(text: &Named) -> Vec<Vec<Named>> {
    let mut out: Vec<Vec<Named>> = Vec::new();
    let mut around: Vec<Vec<Named>> = vec![Vec::new()];
    let mut path: Vec<Named> = Vec::new();
    let (mut start, mut skipped) = (None, 0usize);
    let chars = text.text.char_indices().chain([(text.text.len(), ',')]);
    for (i, c) in chars {
        let in_name = c.is_alphanumeric() || matches!(c, '_' | '$' | '*' | '^');
        if skipped > 0 {
            skipped = match c {
                '(' => skipped + 1,
                ')' => skipped - 1,
                _ => skipped,
            };
            continue;
        }
        if in_name {
            start = start.or(Some(i));
            continue;
        }
        if let Some(from) = start.take() {
            let name = text.part(from, i);
            // the name that `as` gives says nothing of the path
            let after_as = text.text.get(..from).is_some_and(|before| before.trim_end().ends_with(" as"));
            if &*name.text != "as" && !after_as && !name.text.contains(['*', '^']) && path.len() < MAX_DEPTH {
                path.push(name);
            }
        }
        match c {
            '(' => skipped = 1,
            '[' if around.len() < MAX_DEPTH => around.push(path.clone()),
            ',' | ']' => {
                let outer = around.last().map_or(0, Vec::len);
                if path.len() > outer && out.len() < 64 {
                    out.push(path.clone());
                }
                if c == ']' && around.len() > 1 {
                    around.pop();
                }
                path = around.last().cloned().unwrap_or_default();
            }
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relation_expressions_are_taken_apart() {
        for (text, paths) in
            [("author", "author"), ("a.b", "a.b"), ("[a, b.[c, d.e], f]", "a b.c b.d.e f"), ("[a(newest, x) as y.b]", "a.b")]
        {
            let given = relation_paths(&Named { text: text.into(), origin: None });
            let given: Vec<String> = given.iter().map(|p| p.iter().map(|n| n.text.to_string()).collect::<Vec<_>>().join(".")).collect();
            assert_eq!(given.join(" "), paths, "{text}");
        }
    }
}
