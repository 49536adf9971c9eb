//! Tagged templates: which interpolated values are pieces of SQL, and which are sent as parameters.

use super::Resolver;
use super::evaluate::Val;
use super::names::{Entity, Env};
use super::text::Text;
use crate::model::facts::{Call, Value};

impl<'a> Resolver<'a> {
    /// A tagged template: interpolated fragments are text, everything else is a parameter.
    pub fn tagged(&mut self, tag: &'a [String], parts: &'a [Value], parameters: bool, env: &Env<'a>) -> Text<'a> {
        let mut out = Text::default();
        for part in parts {
            let plain = matches!(part, Value::Text(..));
            if plain || !parameters || self.is_fragment(part, tag, env, 0) {
                out.append(self.fragment(part, tag, env));
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

    fn fragment(&mut self, value: &'a Value, tag: &'a [String], env: &Env<'a>) -> Text<'a> {
        let val = match value {
            Value::Call(call)
                if call.callee.first() == tag.first()
                    && self
                        .entity(&call.callee, env)
                        .is_none_or(|e| matches!(e, Entity::External(_) | Entity::Variable { .. } | Entity::Param { .. })) =>
            {
                self.tag_helper(call, env)
            }
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
    fn tag_helper(&mut self, call: &'a Call, env: &Env<'a>) -> Val<'a> {
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
        match self.evaluate(&first.value, env) {
            Val::List(items) => {
                let mut out = Text::default();
                for (i, item) in items.into_iter().enumerate() {
                    if i > 0 {
                        out.append(Text::synthetic(separator));
                    }
                    out.append(self.as_text(item, first.value.span(), env));
                }
                Val::Text(out)
            }
            Val::Map(entries, _) if how.is_empty() && !entries.is_empty() => {
                // the values of a row: postgres.js prints `(a, b) values ($1, $2)` or `a = $1, b = $2`
                let keys = entries.iter().map(|(k, _)| Text::synthetic(k.as_str()));
                let mut out = Text::synthetic("(");
                for (i, key) in keys.enumerate() {
                    if i > 0 {
                        out.append(Text::synthetic(", "));
                    }
                    out.append(key);
                }
                for i in 0..entries.len() {
                    out.append(Text::synthetic(if i == 0 { ") values (" } else { ", " }));
                    out.append(Text::parameter(env.file, call.span));
                }
                out.append(Text::synthetic(")"));
                Val::Text(out)
            }
            other => other,
        }
    }
}
