//! Values as SQL expressions.

use super::names::{At, column, root};
use crate::grammar::mapper::NamesMean;
use crate::index::mapping::{ModelId, Named, Origin};
use crate::index::trace::Tracer;
use crate::index::trace::query::{Fragment, FragmentPart, Query, QueryId, SourceRef, SqlExpr};
use crate::index::trace::value::{MapKey, Object, TextPart, TextValue, Value};
use std::rc::Rc;

/// Lists in lists that are looked into.
const MAX_DEPTH: usize = 12;
/// Most expressions of one argument.
const MAX_ITEMS: usize = 256;

/// What text is where an expression is expected.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum TextIs {
    /// A value.
    Value,
    /// The name of a field, column, relation, with direction and alias.
    Name,
    /// A path of fields of the query that the expression ends up in.
    Path,
    /// SQL.
    Sql,
}

impl Tracer<'_> {
    /// All expressions that a value holds: lists are taken apart, choices are all there.
    pub(super) fn expressions(&mut self, at: &At, value: &Value, text: TextIs) -> Vec<SqlExpr> {
        let mut out = Vec::new();
        self.collect(at, value, text, &mut out, 0);
        out
    }

    /// A value as one expression.
    pub(super) fn expression(&mut self, at: &At, value: &Value, text: TextIs) -> SqlExpr {
        let mut all = self.expressions(at, value, text);
        match all.len() {
            0 => SqlExpr::Value(None),
            1 => all.remove(0),
            _ => SqlExpr::Call("".into(), all),
        }
    }

    fn collect(&mut self, at: &At, value: &Value, text: TextIs, out: &mut Vec<SqlExpr>, depth: usize) {
        if depth > MAX_DEPTH || out.len() >= MAX_ITEMS {
            return;
        }
        match value {
            Value::Tuple(items) | Value::OneOf(items) => items.iter().for_each(|v| self.collect(at, v, text, out, depth + 1)),
            Value::Null => out.push(SqlExpr::Null),
            Value::Scalar(s) => out.push(SqlExpr::Value(Some(s.clone()))),
            Value::Text(t) => self.collect_text(at, value, t, text, out, depth),
            Value::Key(name) => {
                let named = self.text_as(at, name, if text == TextIs::Value { TextIs::Name } else { text });
                out.push(named);
            }
            Value::Expr(e) => {
                let settled = self.settle(at, (**e).clone());
                out.push(settled);
            }
            Value::Model { model, alias, .. } => {
                out.push(SqlExpr::Star(SourceRef::Model(*model, alias.as_ref().map(|a| a.text.clone()))));
            }
            Value::Relation { model, alias, relation, origin } => {
                let source = SourceRef::Model(*model, alias.as_ref().map(|a| a.text.clone()));
                let keys = self.relation_keys(source, *model, *relation, *origin);
                out.extend(keys);
            }
            Value::Handle(handle) => match handle.query {
                Some(query) if &*handle.kind == "exists" => {
                    self.embed(at, query);
                    out.push(SqlExpr::Exists(query));
                }
                Some(query) if &*handle.kind == "subquery" && text == TextIs::Name => {
                    self.embed(at, query);
                    out.push(SqlExpr::Star(SourceRef::Query(query)));
                }
                Some(query) => {
                    self.embed(at, query);
                    out.push(SqlExpr::Query(query));
                }
                None => out.push(SqlExpr::Value(None)),
            },
            Value::Object(id) => match self.object(*id).cloned() {
                Some(Object::List { items, .. }) => items.iter().for_each(|v| self.collect(at, v, text, out, depth + 1)),
                Some(Object::Map { entries, .. }) => self.collect_map(at, &entries, text, out, depth),
                _ => out.push(SqlExpr::Value(None)),
            },
            Value::Function { .. } if self.words.mapper(at.pack).is_some_and(|m| !m.callbacks.is_empty()) => {
                let words = self.words.clone();
                let given = self.handle(at.pack, words.callbacks(at.pack), None, None);
                let built = self.run_with(value, given, at.site);
                self.collect(at, &built, text, out, depth + 1);
            }
            Value::Unknown if text != TextIs::Value => {
                let said = "unknown expression".into();
                out.push(SqlExpr::Unknown(said, at.site));
            }
            _ => out.push(SqlExpr::Value(None)),
        }
    }

    /// `{ alias: expression }`.
    fn collect_map(&mut self, at: &At, entries: &[(MapKey, Value)], text: TextIs, out: &mut Vec<SqlExpr>, depth: usize) {
        for (key, value) in entries.iter().filter(|(key, _)| !key.is_spread()) {
            let from = out.len();
            self.collect(at, value, text, out, depth + 1);
            if let MapKey::Name(name) = key
                && out.len() == from + 1
                && let Some(inner) = out.pop()
            {
                let label = matches!(inner, SqlExpr::Star(_)) || text == TextIs::Value;
                out.push(if label { inner } else { SqlExpr::Label(Box::new(inner), name.clone()) });
            }
        }
    }

    fn collect_text(&mut self, at: &At, value: &Value, parts: &TextValue, text: TextIs, out: &mut Vec<SqlExpr>, depth: usize) {
        if let [TextPart::Value(inner)] = &*parts.parts {
            return self.collect(at, inner, text, out, depth + 1);
        }
        match (text, value.text().or_else(|| self.text_of(value))) {
            (TextIs::Sql, _) => out.push(SqlExpr::Raw(self.fragment_of(at, parts, false))),
            (_, Some(name)) => {
                let read = self.text_as(at, &name, text);
                out.push(read);
            }
            (TextIs::Value, None) => out.push(SqlExpr::Value(None)),
            (_, None) => match parts.parts.iter().find_map(hole) {
                Some((what, origin)) => out.push(SqlExpr::Unknown(what, origin)),
                None => out.push(SqlExpr::Value(None)),
            },
        }
    }

    /// A known text as an expression.
    pub(super) fn text_as(&mut self, at: &At, name: &Named, text: TextIs) -> SqlExpr {
        match text {
            TextIs::Value => SqlExpr::Value(Some(name.text.clone())),
            TextIs::Name => self.named_expression(at, name),
            TextIs::Path => {
                let pack = self.words.packs.get(at.pack).map_or_else(|| "".into(), |p| p.id.clone());
                SqlExpr::Path { name: name.clone(), outer: false, pack }
            }
            TextIs::Sql => SqlExpr::Raw(Fragment { parts: vec![FragmentPart::Text(name.text.clone(), name.origin)], properties: false }),
        }
    }

    /// `-created`, `a.b as c`, `name desc`, or SQL where it is more than a name.
    pub(super) fn named_expression(&mut self, at: &At, name: &Named) -> SqlExpr {
        let text = name.text.trim_end();
        let lead = text.len() - text.trim_start().len();
        let text = text.trim_start();
        let (text, start, descending) = match text.strip_prefix('-') {
            Some(rest) => (rest, lead + 1, true),
            None => (text.strip_prefix('+').unwrap_or(text), lead + usize::from(text.starts_with('+')), false),
        };
        let words: Vec<&str> = text.split_whitespace().collect();
        let at_word = |word: &str| start + (word.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        let plain = |w: &str| !w.is_empty() && w.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '*' | '$' | '`' | '"'));
        let read = match words.as_slice() {
            [number] if number.chars().all(|c| c.is_ascii_digit()) => SqlExpr::Value(None),
            [one] if plain(one) => {
                let part = unquoted(&name.part(at_word(one), at_word(one) + one.len()));
                self.name(at, &part)
            }
            [one, word, label] if plain(one) && plain(label) && word.eq_ignore_ascii_case("as") => {
                let part = unquoted(&name.part(at_word(one), at_word(one) + one.len()));
                let label = unquoted(&name.part(at_word(label), at_word(label) + label.len()));
                SqlExpr::Label(Box::new(self.name(at, &part)), label)
            }
            [one, word] if plain(one) && (word.eq_ignore_ascii_case("desc") || word.eq_ignore_ascii_case("asc")) => {
                let part = unquoted(&name.part(at_word(one), at_word(one) + one.len()));
                let inner = self.name(at, &part);
                if word.eq_ignore_ascii_case("desc") { SqlExpr::Descending(Box::new(inner)) } else { inner }
            }
            _ => SqlExpr::Raw(Fragment {
                parts: vec![FragmentPart::Text(name.text.clone(), name.origin)],
                properties: at.names == NamesMean::Fields,
            }),
        };
        if descending { SqlExpr::Descending(Box::new(read)) } else { read }
    }

    /// Looks up what waits for its query.
    pub(super) fn settle(&mut self, at: &At, expr: SqlExpr) -> SqlExpr {
        let here = SqlExpr::has_path(&expr) && self.query(at.query).is_some_and(|q| !q.sources.is_empty());
        let mut nested = Vec::new();
        expr.queries(&mut nested);
        nested.iter().for_each(|&q| self.embed(at, q));
        if !here {
            return expr;
        }
        expr.map(&mut |e| match e {
            SqlExpr::Path { name, outer: false, pack } => {
                let pack = self.words.pack(&pack).unwrap_or(at.pack);
                self.name(&At { pack, ..*at }, &name)
            }
            other => other,
        })
    }

    /// Makes a query part of another one: what it looks up outside is looked up there.
    pub(super) fn embed(&mut self, at: &At, inner: QueryId) {
        if inner == at.query {
            return;
        }
        let Some(query) = self.query_mut(inner) else { return };
        query.used = true;
        if !query.expressions().any(SqlExpr::has_path) || self.query(at.query).is_none_or(|q| q.sources.is_empty()) {
            return;
        }
        let Some(mut query) = self.query(inner).cloned() else { return };
        query.map_expressions(&mut |e| match e {
            SqlExpr::Path { name, outer: true, pack } => {
                let pack = self.words.pack(&pack).unwrap_or(at.pack);
                let found = self.name(&At { pack, ..*at }, &name);
                self.outside(at.query, found)
            }
            other => other,
        });
        if let Some(place) = self.query_mut(inner) {
            *place = query;
        }
    }

    /// An expression of a query, for use in one inside of it.
    fn outside(&self, outer: QueryId, expr: SqlExpr) -> SqlExpr {
        let source = |source: SourceRef| match source {
            SourceRef::Id(id) => match self.query(outer).and_then(|q| q.sources.get(id as usize)) {
                Some(s) => match (&s.alias, self.source_model(outer, id)) {
                    (Some(alias), None) => SourceRef::Named(alias.clone()),
                    (alias, Some(model)) => SourceRef::Model(model, alias.as_ref().map(|a| a.text.clone())),
                    _ => SourceRef::Root,
                },
                None => SourceRef::Root,
            },
            other => other,
        };
        expr.map(&mut |e| match e {
            SqlExpr::Field { source: s, model, field, origin } => SqlExpr::Field { source: source(s), model, field, origin },
            SqlExpr::Column { source: s, name } => SqlExpr::Column { source: source(s), name },
            other => other,
        })
    }

    /// A field of a model or alias, as an expression.
    pub(super) fn field_value(&self, model: ModelId, alias: Option<&Named>, name: &Named) -> Option<SqlExpr> {
        let (holder, field) = self.field_of(model, &name.text).or_else(|| self.column_of(model, &name.text))?;
        let source = SourceRef::Model(model, alias.map(|a| a.text.clone()));
        Some(SqlExpr::Field { source, model: holder, field, origin: name.origin })
    }

    /// A column of a query's result.
    pub(super) fn result_column(query: QueryId, name: &Named) -> SqlExpr {
        SqlExpr::Column { source: SourceRef::Query(query), name: name.clone() }
    }

    /// Text as SQL with what is built into it.
    pub(super) fn fragment_of(&mut self, at: &At, text: &TextValue, properties: bool) -> Fragment {
        let mut parts = Vec::new();
        for part in text.parts.iter() {
            match part {
                TextPart::Text(text, origin) => parts.push(FragmentPart::Text(text.clone(), Some(*origin))),
                TextPart::Hole(what, origin) => parts.push(FragmentPart::Hole(what.clone(), *origin)),
                TextPart::Value(value) => parts.push(self.fragment_part(at, value, false)),
            }
        }
        Fragment { parts, properties }
    }

    /// A value that is built into SQL text: `bound` where values become parameters.
    pub(super) fn fragment_part(&mut self, at: &At, value: &Value, bound: bool) -> FragmentPart {
        match value {
            Value::Model { model, origin, .. } => FragmentPart::Table(*model, *origin),
            Value::Text(text) if !bound => match self.text_of(value) {
                Some(known) => FragmentPart::Text(known.text, known.origin),
                None => {
                    let hole = text.parts.iter().find_map(hole);
                    let (what, origin) = hole.unwrap_or_else(|| ("text".into(), at.site));
                    FragmentPart::Hole(what, origin)
                }
            },
            Value::Expr(_) | Value::Relation { .. } | Value::Handle(_) => {
                let expr = self.expression(at, value, TextIs::Value);
                FragmentPart::Expr(Box::new(expr))
            }
            Value::OneOf(choices) => match choices.iter().find(|c| matches!(c, Value::Expr(_) | Value::Model { .. } | Value::Handle(_))) {
                Some(choice) => self.fragment_part(at, choice, bound),
                None if bound => FragmentPart::Parameter,
                None => FragmentPart::Hole("one of several".into(), at.site),
            },
            Value::Unknown if !bound => FragmentPart::Hole("unknown".into(), at.site),
            _ => FragmentPart::Parameter,
        }
    }

    /// A query with nothing but a root, for reading names apart from any statement.
    pub(super) fn scratch(&mut self, pack: Rc<str>) -> QueryId {
        self.begin(Query { pack, used: true, ..Query::default() })
    }

    /// Names that stand apart from any query, such as columns by their name.
    pub(super) fn plain_column(name: &Named) -> SqlExpr {
        column(&name.split("."))
    }

    /// Whether the root of a query is known.
    pub(super) fn has_root(&self, query: QueryId) -> bool {
        self.query(query).is_some_and(|q| !q.sources.is_empty())
    }

    /// All rows of the root.
    pub(super) fn all_of_root() -> SqlExpr {
        SqlExpr::Star(root())
    }
}

fn hole(part: &TextPart) -> Option<(Rc<str>, Origin)> {
    match part {
        TextPart::Hole(what, origin) => Some((what.clone(), *origin)),
        _ => None,
    }
}

/// Without quotes around it.
fn unquoted(name: &Named) -> Named {
    let quoted = name.text.len() > 1 && name.text.starts_with(['`', '"']) && name.text.ends_with(['`', '"']);
    if quoted { name.part(1, name.text.len() - 1) } else { name.clone() }
}
