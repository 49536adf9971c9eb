//! Text: interpolated, joined, formatted, joined with a separator.

use super::render;
use crate::index::mapping::Origin;
use crate::index::trace::Tracer;
use crate::index::trace::query::SqlExpr;
use crate::index::trace::value::{Object, TextPart, TextValue, Value};
use crate::model::code::Part;
use crate::model::span::Span;
use std::rc::Rc;

/// Most pieces of a text.
const MAX_PARTS: usize = 600;

impl<'a> Tracer<'a> {
    /// A string literal with what is interpolated.
    pub(super) fn text_literal(&mut self, parts: &'a [Part], _origin: Origin) -> Value {
        let parts = self.text_pieces(parts);
        whole(parts)
    }

    /// The pieces of a template.
    pub(super) fn text_pieces(&mut self, parts: &'a [Part]) -> Vec<TextPart> {
        let mut out = Vec::new();
        for part in parts {
            match part {
                Part::Text(text, span) => out.push(TextPart::Text((&**text).into(), self.origin_here(*span))),
                Part::Value(expr) => {
                    let value = self.eval(expr);
                    self.push_text(&mut out, &value, || render::expression(expr), self.here(expr.span));
                }
            }
        }
        out
    }

    /// Adds a value to pieces of text.
    pub(super) fn push_text(&mut self, out: &mut Vec<TextPart>, value: &Value, shown: impl Fn() -> Rc<str>, origin: Origin) {
        if out.len() >= MAX_PARTS {
            return;
        }
        match value {
            Value::Text(text) => out.extend(text.parts.iter().take(MAX_PARTS).cloned()),
            Value::Scalar(number) => out.push(TextPart::Text(number.clone(), origin)),
            Value::Key(name) => match name.origin {
                Some(place) => out.push(TextPart::Text(name.text.clone(), place)),
                None => out.push(TextPart::Value(value.clone())),
            },
            Value::Handle(_) | Value::Model { .. } | Value::Expr(_) | Value::Relation { .. } | Value::Row { .. } => {
                out.push(TextPart::Value(value.clone()))
            }
            Value::OneOf(all)
                if all
                    .iter()
                    .any(|v| matches!(v, Value::Text(_) | Value::Handle(_) | Value::Expr(_) | Value::Model { .. } | Value::Key(_))) =>
            {
                out.push(TextPart::Value(value.clone()))
            }
            Value::Object(id) if matches!(self.object(*id), Some(Object::List { .. })) => {
                let joined = self.join_texts(value, &[], origin);
                match joined {
                    Value::Text(text) => out.extend(text.parts.iter().cloned()),
                    _ => out.push(TextPart::Hole(shown(), origin)),
                }
            }
            _ => out.push(TextPart::Hole(shown(), origin)),
        }
    }

    /// `a + b`, where one of them is text or both are lists.
    pub(super) fn add_values(&mut self, a: &Value, b: &Value, origin: Origin) -> Option<Value> {
        let (lefts, rights) = (self.choices(a), self.choices(b));
        let is_text = |v: &Value| matches!(v, Value::Text(_));
        // a column and a text are an expression, not a text
        let is_sql = |v: &Value| matches!(v, Value::Expr(e) if !matches!(&**e, SqlExpr::Raw(_)));
        if lefts.iter().chain(&rights).any(is_sql) {
            return None;
        }
        if lefts.iter().any(is_text) || rights.iter().any(is_text) {
            if let (Value::OneOf(_), _) | (_, Value::OneOf(_)) = (a, b)
                && lefts.len() * rights.len() <= Value::MAX_CHOICES
            {
                let mut all = Vec::new();
                for left in &lefts {
                    for right in &rights {
                        all.extend(self.concat_texts(left, right, origin));
                    }
                }
                return Some(self.one_of_all(all));
            }
            return self.concat_texts(a, b, origin);
        }
        let items = |t: &Self, v: &Value| match v {
            Value::Object(id) => match t.object(*id) {
                Some(Object::List { items, open }) => Some((items.clone(), *open)),
                _ => None,
            },
            Value::Tuple(items) => Some((items.to_vec(), false)),
            _ => None,
        };
        match (items(self, a), items(self, b)) {
            (Some((mut x, p)), Some((y, q))) => {
                x.extend(y);
                Some(self.new_list(x, p || q))
            }
            (Some((x, _)), None) => Some(self.new_list(x, true)),
            (None, Some((y, _))) => Some(self.new_list(y, true)),
            (None, None) => None,
        }
    }

    fn concat_texts(&mut self, a: &Value, b: &Value, origin: Origin) -> Option<Value> {
        let mut parts = Vec::new();
        self.push_text(&mut parts, a, || "…".into(), origin);
        self.push_text(&mut parts, b, || "…".into(), origin);
        Some(whole(parts))
    }

    /// A template with `%s` and the like, filled.
    pub(super) fn format_percent(&mut self, template: &TextValue, values: &Value, shown: Rc<str>, origin: Origin) -> Value {
        let given: Vec<Value> = match values {
            Value::Tuple(items) => items.to_vec(),
            Value::Object(id) => match self.object(*id) {
                Some(Object::Map { .. }) => Vec::new(),
                _ => vec![values.clone()],
            },
            other => vec![other.clone()],
        };
        let mut given = given.into_iter();
        let mut out = Vec::new();
        for part in template.parts.iter() {
            let TextPart::Text(text, place) = part else {
                out.push(part.clone());
                continue;
            };
            let bytes = text.as_bytes();
            let (mut from, mut at) = (0, 0);
            while at < bytes.len() {
                if bytes[at] != b'%' {
                    at += 1;
                    continue;
                }
                if bytes.get(at + 1) == Some(&b'%') {
                    out.push(slice(text, *place, from, at + 1));
                    at += 2;
                    from = at;
                    continue;
                }
                let Some(end) = verb(bytes, at) else {
                    at += 1;
                    continue;
                };
                if from < at {
                    out.push(slice(text, *place, from, at));
                }
                let key = text.get(at + 1..end).and_then(|v| v.strip_prefix('(')).and_then(|v| v.split_once(')')).map(|v| v.0);
                let value = match key {
                    Some(key) => self.map_entry(values, key).unwrap_or_default(),
                    None => given.next().unwrap_or_default(),
                };
                let shown = shown.clone();
                self.push_text(&mut out, &value, || shown.clone(), origin);
                at = end;
                from = end;
            }
            if from < text.len() {
                out.push(slice(text, *place, from, text.len()));
            }
        }
        whole(out)
    }

    /// A template with `{}` and `{name}`, filled.
    pub(super) fn format_braces(&mut self, template: &TextValue, given: &[Value], named: &[(Rc<str>, Value)], origin: Origin) -> Value {
        let mut next = 0;
        let mut out = Vec::new();
        for part in template.parts.iter() {
            let TextPart::Text(text, place) = part else {
                out.push(part.clone());
                continue;
            };
            let bytes = text.as_bytes();
            let (mut from, mut at) = (0, 0);
            while at < bytes.len() {
                let double = bytes.get(at + 1) == Some(&bytes[at]);
                if matches!(bytes[at], b'{' | b'}') && double {
                    out.push(slice(text, *place, from, at + 1));
                    at += 2;
                    from = at;
                    continue;
                }
                if bytes[at] != b'{' {
                    at += 1;
                    continue;
                }
                let Some(end) = bytes[at..].iter().position(|&b| b == b'}').map(|n| at + n + 1) else { break };
                if from < at {
                    out.push(slice(text, *place, from, at));
                }
                let inside = text.get(at + 1..end - 1).unwrap_or("");
                let name = inside.split(['!', ':', '.', '[']).next().unwrap_or("");
                let value = if name.is_empty() {
                    next += 1;
                    given.get(next - 1).cloned()
                } else if let Ok(position) = name.parse::<usize>() {
                    given.get(position).cloned()
                } else {
                    named.iter().find(|(n, _)| &**n == name).map(|(_, v)| v.clone())
                };
                let shown: Rc<str> = text.get(at..end).unwrap_or("").into();
                self.push_text(&mut out, &value.unwrap_or_default(), || shown.clone(), origin);
                at = end;
                from = end;
            }
            if from < text.len() {
                out.push(slice(text, *place, from, text.len()));
            }
        }
        whole(out)
    }

    /// Items of a list with a separator between them.
    pub(super) fn join_texts(&mut self, items: &Value, separator: &[TextPart], origin: Origin) -> Value {
        let (items, open) = match items {
            Value::Tuple(items) => (items.to_vec(), false),
            Value::Object(id) => match self.object(*id) {
                Some(Object::List { items, open }) => (items.clone(), *open),
                _ => (Vec::new(), true),
            },
            Value::OneOf(_) => {
                let all: Vec<Value> = self.choices(items);
                let all = all.iter().map(|i| self.join_texts(i, separator, origin)).collect();
                return self.one_of_all(all);
            }
            _ => (Vec::new(), true),
        };
        let mut out = Vec::new();
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                out.extend(separator.iter().cloned());
            }
            self.push_text(&mut out, item, || "…".into(), origin);
        }
        if open {
            out.push(TextPart::Hole("…".into(), origin));
        }
        whole(out)
    }
}

/// Text of pieces; a single value that is no text stays what it is.
pub(super) fn whole(parts: Vec<TextPart>) -> Value {
    Value::Text(TextValue { parts: parts.into() })
}

/// A part of a piece of text, with its own place where the piece maps byte by byte.
fn slice(text: &Rc<str>, origin: Origin, from: usize, to: usize) -> TextPart {
    let span = origin.span;
    let exact = span.len() == text.len();
    let place = if exact { Span { start: span.start + from as u32, end: span.start + to as u32 } } else { span };
    TextPart::Text(text.get(from..to).unwrap_or("").into(), Origin { file: origin.file, span: place })
}

/// End of a printf verb that begins at `at`.
fn verb(bytes: &[u8], at: usize) -> Option<usize> {
    let mut end = at + 1;
    if bytes.get(end) == Some(&b'(') {
        end += bytes[end..].iter().position(|&b| b == b')')? + 1;
    }
    while bytes.get(end).is_some_and(|b| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'#' | b' ' | b'.' | b'[' | b']' | b'*')) {
        end += 1;
    }
    bytes.get(end).filter(|b| b.is_ascii_alphabetic()).map(|_| end + 1)
}
