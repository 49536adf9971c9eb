//! Tagged templates: which interpolated values are pieces of SQL, and which are sent as parameters.

use super::Resolver;
use super::evaluate::Val;
use super::names::{Entity, Env};
use super::text::{FileId, Text};
use crate::model::facts::{Call, Value};
use crate::model::span::Span;

impl<'a> Resolver<'a> {
    /// A tagged template: interpolated fragments are text, everything else is a parameter.
    pub fn tagged(&mut self, tag: &'a [String], parts: &'a [Value], parameters: bool, env: &Env<'a>) -> Text<'a> {
        let mut out = Text::default();
        for part in parts {
            let plain = matches!(part, Value::Text(..));
            if plain || !parameters || self.is_fragment(part, tag, env, 0) {
                let before = if plain { Ahead::Names } else { Ahead::of(&out) };
                out.append(self.fragment(part, tag, env, before));
            } else {
                out.append(Text::parameter(env.file, part.span()));
            }
        }
        out
    }

    /// Whether an interpolated value is a piece of SQL: a tagged template itself, or a helper of the tag.
    fn is_fragment(&mut self, value: &'a Value, tag: &[String], env: &Env<'a>, depth: u32) -> bool {
        if depth > 8 {
            return false;
        }
        match value {
            Value::Tagged { tag: inner, pack, .. } => !pack.is_empty() || inner == tag,
            Value::Choice(all, _) | Value::List(all, _) => all.iter().any(|v| self.is_fragment(v, tag, env, depth + 1)),
            Value::Each { each, .. } => self.is_fragment(each, tag, env, depth + 1),
            Value::Join { items, .. } => self.is_fragment(items, tag, env, depth + 1),
            Value::Call(call) => {
                if call.callee.first() == tag.first() {
                    return true;
                }
                match self.entity(&call.callee, env) {
                    Some(Entity::Function(function)) => {
                        let facts = self.symbols.facts(function.0);
                        let returns = self.symbols.table(function.0).returns.get(&function.1);
                        returns.into_iter().flatten().filter_map(|&i| facts.returns.get(i as usize)).any(|r| {
                            let inner = Env::new(function.0, r.scope, r.value.span().start, r.branch);
                            self.is_fragment(&r.value, tag, &inner, depth + 1)
                        })
                    }
                    _ => false,
                }
            }
            Value::Name(path, _) => match self.entity(path, env) {
                Some(Entity::Variable { file, scope, path }) => {
                    let facts = self.symbols.facts(file);
                    let events = self.symbols.table(file).events(scope, path.first().map_or("", String::as_str));
                    events.into_iter().flatten().filter_map(|&i| facts.assignments.get(i as usize)).filter(|a| a.target == path).any(|a| {
                        let inner = Env::new(file, a.scope, a.span.start, a.branch);
                        self.is_fragment(&a.value, tag, &inner, depth + 1)
                    })
                }
                Some(Entity::Value(value, inner)) => self.is_fragment(value, tag, &inner, depth + 1),
                Some(Entity::Param { function, index }) => match self.given(function, index, env) {
                    Some((value, inner)) => self.is_fragment(value, tag, &inner, depth + 1),
                    None => false,
                },
                _ => false,
            },
            _ => false,
        }
    }

    fn fragment(&mut self, value: &'a Value, tag: &'a [String], env: &Env<'a>, before: Ahead) -> Text<'a> {
        let val = match value {
            Value::Call(call)
                if call.callee.first() == tag.first()
                    && self
                        .entity(&call.callee, env)
                        .is_none_or(|e| matches!(e, Entity::External(_) | Entity::Variable { .. } | Entity::Param { .. })) =>
            {
                self.tag_helper(call, env, before)
            }
            // a helper by the name of another tag
            Value::Tagged { tag: other, parts, parameters: false, .. } => match parts.as_slice() {
                [Value::Call(call)] if call.callee == *other => self.tag_helper(call, env, before),
                _ => self.evaluate(value, env),
            },
            _ => self.evaluate(value, env),
        };
        match val {
            Val::Nothing => Text::default(),
            Val::List(items) => {
                let mut out = Text::default();
                for item in items {
                    out.append(self.as_text(item, value.span(), env));
                }
                out
            }
            other => self.as_text(other, value.span(), env),
        }
    }

    /// `sql("users")`, `sql(["a", "b"])`, `sql.unsafe("...")`, `sql.identifier(["t", "c"])`, `sql.join(...)`.
    fn tag_helper(&mut self, call: &'a Call, env: &Env<'a>, before: Ahead) -> Val<'a> {
        let how = if call.callee.len() > 1 { call.callee.last().map_or("", String::as_str) } else { "" };
        let Some(first) = call.args.first() else { return Val::Text(Text::hole("sql()", env.file, call.span)) };
        let separator = match how {
            "identifier" | "ident" => ".",
            "join" => match call.args.get(1).map(|a| self.text_of(&a.value, env)).and_then(|t| t.known()) {
                Some(_) => " ",
                None => ", ",
            },
            _ => ", ",
        };
        let named: Vec<&'a Value> = call.args.iter().skip(1).map(|a| &a.value).collect();
        match self.evaluate(&first.value, env) {
            // rows with the columns that are named behind them
            _ if how.is_empty() && !named.is_empty() => {
                let names = named.into_iter().flat_map(|value| match self.evaluate(value, env) {
                    Val::List(items) => items.into_iter().map(|v| self.as_text(v, value.span(), env)).collect(),
                    other => vec![self.as_text(other, value.span(), env)],
                });
                let names = names.collect();
                Val::Text(before.columns(names, env.file, call.span))
            }
            Val::List(items) => {
                let listed = before == Ahead::Values && how.is_empty();
                let mut out = Text::synthetic(if listed { "(" } else { "" });
                for (i, item) in items.into_iter().enumerate() {
                    if i > 0 {
                        out.append(Text::synthetic(separator));
                    }
                    out.append(self.as_text(item, first.value.span(), env));
                }
                out.append(Text::synthetic(if listed { ")" } else { "" }));
                Val::Text(out)
            }
            Val::Map(entries, _) if how.is_empty() && !entries.is_empty() => {
                // the values of a row
                let keys = entries.iter().map(|(k, _)| Text::synthetic(k.as_str())).collect();
                Val::Text(before.columns(keys, env.file, call.span))
            }
            other => other,
        }
    }
}

/// What the text before a helper makes of columns.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Ahead {
    /// A list of them.
    Names,
    /// The columns of new rows, then their values.
    Rows,
    /// Assignments.
    Assignments,
    /// A list of values in parentheses.
    Values,
}

impl Ahead {
    /// By the keyword that came last.
    fn of(text: &Text<'_>) -> Ahead {
        let plain = text.plain().to_ascii_lowercase();
        let mut words = plain.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').rev();
        match words.find(|w| matches!(*w, "insert" | "values" | "select" | "set" | "update" | "in" | "as" | "returning" | "by")) {
            Some("insert") => Ahead::Rows,
            Some("set" | "update") => Ahead::Assignments,
            Some("in" | "values") => Ahead::Values,
            _ => Ahead::Names,
        }
    }

    fn columns<'a>(self, names: Vec<Text<'a>>, file: FileId, span: Span) -> Text<'a> {
        let count = names.len();
        let mut out = Text::synthetic(if self == Ahead::Rows { "(" } else { "" });
        for (i, name) in names.into_iter().enumerate() {
            if i > 0 {
                out.append(Text::synthetic(", "));
            }
            out.append(name);
            if self == Ahead::Assignments {
                out.append(Text::synthetic(" = "));
                out.append(Text::parameter(file, span));
            }
        }
        if self == Ahead::Rows {
            for i in 0..count {
                out.append(Text::synthetic(if i == 0 { ") values (" } else { ", " }));
                out.append(Text::parameter(file, span));
            }
            out.append(Text::synthetic(")"));
        }
        out
    }
}
