//! SQL text in calls: fragments with values for their placeholders, and what may stand in their place.

use super::expressions::TextIs;
use super::names::At;
use crate::grammar::mapper::Placeholder;
use crate::index::mapping::{Named, Origin};
use crate::index::trace::Tracer;
use crate::index::trace::query::{Fragment, FragmentPart, SqlExpr};
use crate::index::trace::value::{Argument, Object, TextPart, Value};
use std::rc::Rc;

impl Tracer<'_> {
    /// `("a = ?", 1)`, `{ a: 1 }`, an entity whose set fields are equal, a query, a key.
    pub(super) fn sql(&mut self, at: &At, taken: &[Argument], properties: bool) -> Vec<SqlExpr> {
        let Some((first, rest)) = taken.split_first() else { return Vec::new() };
        match &first.value {
            Value::Object(id) => match self.object(*id).cloned() {
                Some(Object::Map { .. }) if properties && self.root_model(at.query).is_some() => self.filter(at, 0, &first.value, 0),
                Some(Object::Map { .. }) => self.equalities(at, &first.value),
                Some(Object::Entity { written, .. }) => {
                    let mut out = Vec::new();
                    for (name, value, _) in written {
                        let left = self.name(at, &name);
                        out.push(self.equal(at, left, &value));
                    }
                    out
                }
                Some(Object::List { items, .. }) => {
                    let texts = items.iter().any(|v| self.text_of(v).is_some() || matches!(v, Value::Expr(_)));
                    if texts { items.iter().flat_map(|v| self.expressions(at, v, TextIs::Name)).collect() } else { self.key(at, taken) }
                }
                _ => self.key(at, taken),
            },
            Value::Text(_) | Value::Key(_) => {
                let name = self.text_of(&first.value);
                let simple = name.as_ref().is_some_and(|n| is_name(&n.text));
                match (simple, rest, name) {
                    // `Not("stars", 0)`: a column and its value
                    (true, [value, ..], Some(name)) => {
                        let left = self.named_expression(at, &name);
                        vec![self.equal(at, left, &value.value)]
                    }
                    (true, [], Some(name)) => vec![self.named_expression(at, &name)],
                    _ => vec![SqlExpr::Raw(self.bound_fragment(at, &first.value, rest, properties))],
                }
            }
            Value::OneOf(all) => {
                all.clone().iter().flat_map(|v| self.sql(at, &[Argument { value: v.clone(), ..first.clone() }], properties)).collect()
            }
            Value::Expr(_) | Value::Handle(_) | Value::Relation { .. } => self.expressions(at, &first.value, TextIs::Name),
            Value::Scalar(_) => self.key(at, taken),
            Value::Null => Vec::new(),
            _ => match self.root_model(at.query) {
                Some(_) => self.key(at, taken),
                None => vec![SqlExpr::Unknown("unknown condition".into(), first.origin)],
            },
        }
    }

    /// Text with the values of its placeholders built in: `?`, `??`, `:name`, `@name`, `$1`, `%s`.
    pub(super) fn bound_fragment(&mut self, at: &At, text: &Value, rest: &[Argument], properties: bool) -> Fragment {
        let mut bindings = Vec::new();
        for arg in rest {
            match &arg.value {
                Value::Object(id) => match self.object(*id) {
                    // an array of bindings, not one value that is a list
                    Some(Object::List { items, .. }) if rest.len() == 1 => bindings.extend(items.iter().cloned()),
                    _ => bindings.push(arg.value.clone()),
                },
                value => bindings.push(value.clone()),
            }
        }
        let Value::Text(pieces) = text else {
            return match text {
                Value::Expr(expr) => match &**expr {
                    SqlExpr::Raw(fragment) => fragment.clone(),
                    _ => Fragment { parts: vec![FragmentPart::Expr(Box::new((**expr).clone()))], properties },
                },
                Value::Key(name) => Fragment { parts: vec![FragmentPart::Text(name.text.clone(), name.origin)], properties },
                _ => Fragment { parts: vec![FragmentPart::Hole("unknown SQL".into(), at.site)], properties },
            };
        };
        let mut parts = Vec::new();
        let mut next = 0;
        for piece in pieces.parts.clone().iter() {
            match piece {
                TextPart::Text(text, origin) => {
                    let text = Named { text: text.clone(), origin: Some(*origin) };
                    self.bind(at, &text, &bindings, &mut next, &mut parts);
                }
                TextPart::Hole(what, origin) => parts.push(FragmentPart::Hole(what.clone(), *origin)),
                TextPart::Value(value) => {
                    let part = self.fragment_part(at, value, false);
                    parts.push(part);
                }
            }
        }
        Fragment { parts, properties }
    }

    /// Puts what is bound in the place of `?` and `??`, as far as it is no plain value.
    fn bind(&mut self, at: &At, text: &Named, bindings: &[Value], next: &mut usize, parts: &mut Vec<FragmentPart>) {
        let mut start = 0;
        let mut chars = text.text.char_indices().peekable();
        let mut quote = None;
        while let Some((i, c)) = chars.next() {
            match (quote, c) {
                (Some(q), _) if c == q => quote = None,
                (Some(_), _) => {}
                (None, '\'' | '"') => quote = Some(c),
                (None, '?') if chars.peek().is_some_and(|&(_, n)| n.is_ascii_uppercase()) => {
                    let name: String = text.text[i + 1..].chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
                    push_text(text, start, i, parts);
                    parts.extend(self.placeholder(at, &name));
                    start = i + 1 + name.len();
                }
                (None, '?') => {
                    let double = chars.peek().is_some_and(|&(_, n)| n == '?');
                    if double {
                        chars.next();
                    }
                    let value = bindings.get(*next).cloned();
                    *next += 1;
                    let part = match (double, &value) {
                        (true, Some(value)) => match self.text_of(value) {
                            Some(name) => {
                                let column = self.name(at, &name);
                                Some(FragmentPart::Expr(Box::new(column)))
                            }
                            None => Some(FragmentPart::Hole("identifier".into(), at.site)),
                        },
                        (true, None) => Some(FragmentPart::Hole("identifier".into(), at.site)),
                        (false, Some(Value::Expr(_) | Value::Handle(_))) => value.as_ref().map(|v| self.fragment_part(at, v, true)),
                        (false, _) => None,
                    };
                    if let Some(part) = part {
                        push_text(text, start, i, parts);
                        parts.push(part);
                        start = i + 1 + usize::from(double);
                    }
                }
                _ => {}
            }
        }
        push_text(text, start, text.text.len(), parts);
    }

    /// What a placeholder with a name of the library's stands for: the table, its name in the statement, its key.
    fn placeholder(&self, at: &At, name: &str) -> Option<FragmentPart> {
        let model = self.root_model(at.query).and_then(|m| self.models.get(m));
        let alias = self.query(at.query).and_then(|q| q.sources.first()).and_then(|s| s.alias.as_ref()).map(|a| a.text.clone());
        let text = |text: Rc<str>| Some(FragmentPart::Text(text, None));
        let means = self.words.mapper(at.pack).and_then(|m| m.placeholders.get(name)).copied();
        match (means, model) {
            (Some(Placeholder::Alias), Some(model)) => {
                text(alias.or_else(|| model.alias.as_ref().map(|a| a.text.clone())).unwrap_or(model.table.text.clone()))
            }
            (Some(Placeholder::Table), Some(model)) => text(model.table.text.clone()),
            (Some(Placeholder::Key), Some(model)) => {
                let key: Vec<&str> = model.primary().filter_map(|f| model.fields.get(f as usize)).map(|f| &*f.column.text).collect();
                text(key.join(", ").into())
            }
            (Some(Placeholder::Columns), Some(_)) => Some(FragmentPart::Expr(Box::new(Self::all_of_root()))),
            _ => Some(FragmentPart::Parameter),
        }
    }

    /// A template with a tag, as an expression: what is interpolated is built in or sent as a parameter.
    pub(super) fn tagged(&mut self, tag: &Value, parts: &[TextPart], site: Origin) -> Option<Value> {
        let words = self.words.clone();
        let (pack, rule) = match tag {
            Value::External(name) => words.function(self.language_of(site.file), name, 1).map(|rule| (rule.0, rule))?,
            other => {
                let (pack, kind) = self.kind_of(other)?;
                (pack, words.itself(pack, &kind, 1)?)
            }
        };
        let call = words.call(rule)?;
        call.expression?;
        let query = self.scratch(words.packs.get(pack)?.id.clone());
        let names = words.mapper(pack).map_or_else(Default::default, |m| m.names);
        let at = At { pack, query, site, names, outputs: false, keep: false };
        let mut out = Vec::new();
        for part in parts {
            out.push(match part {
                TextPart::Text(text, origin) => FragmentPart::Text(text.clone(), Some(*origin)),
                TextPart::Hole(..) => FragmentPart::Parameter,
                TextPart::Value(value) => self.fragment_part(&at, value, true),
            });
        }
        Some(Value::Expr(Rc::new(SqlExpr::Raw(Fragment { parts: out, properties: false }))))
    }
}

fn push_text(text: &Named, start: usize, end: usize, parts: &mut Vec<FragmentPart>) {
    if end > start {
        let part = text.part(start, end);
        parts.push(FragmentPart::Text(part.text, part.origin));
    }
}

/// It is one name, with dots at most.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
        && !text.starts_with(|c: char| c.is_ascii_digit())
}
