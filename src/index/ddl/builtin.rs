//! Functions and methods of the languages that put text and lists together.

use super::expressions::MAX_TEXT;
use super::run::{MAX_ROUNDS, Run, items, set_entry};
use super::value::{Argument, Value};
use crate::grammar::set::{TextFunction, TextMethod};
use crate::model::facts::Language;
use crate::model::statement::HOLE;
use std::rc::Rc;

impl Run<'_> {
    /// A method of text, lists, objects; `None`: it is none of those.
    pub fn builtin_method(&mut self, of: &Value, name: &str, args: &[Argument], at: u32) -> Option<Value> {
        let first = args.first().map(|a| a.value.clone());
        match of {
            Value::Text(text, place) => {
                let plain: Option<String> = match name {
                    "strip" | "trim" => Some(text.trim().to_string()),
                    "lower" | "toLowerCase" => Some(text.to_lowercase()),
                    "upper" | "toUpperCase" => Some(text.to_uppercase()),
                    _ => None,
                };
                if let Some(plain) = plain {
                    let same = plain.len() == text.len();
                    return Some(Value::Text(plain.into(), super::value::Place { literal: place.literal && same, ..*place }));
                }
                match (name, &first) {
                    ("startswith" | "startsWith", Some(Value::Text(t, _))) if !text.contains(HOLE) => {
                        return Some(Value::Bool(text.starts_with(&**t)));
                    }
                    ("endswith" | "endsWith", Some(Value::Text(t, _))) if !text.contains(HOLE) => {
                        return Some(Value::Bool(text.ends_with(&**t)));
                    }
                    ("includes", Some(Value::Text(t, _))) if !text.contains(HOLE) => return Some(Value::Bool(text.contains(&**t))),
                    ("split", Some(Value::Text(t, _))) if !t.is_empty() => {
                        return Some(Value::list(text.split(&**t).map(Value::text).collect()));
                    }
                    _ => {}
                }
                match self.texts.methods.get(name)? {
                    TextMethod::Same => Some(of.clone()),
                    TextMethod::Format => Some(self.braces(text, *place, args)),
                    TextMethod::SeparatorJoin => {
                        let all = items(first.as_ref()?)?;
                        let shown: Vec<String> = all.iter().map(|v| self.shown(v)).collect();
                        Some(Value::text(shown.join(text)))
                    }
                    TextMethod::Replace => {
                        let (old, new) = (first.as_ref()?.as_text()?, args.get(1)?.value.as_text()?);
                        let out = text.replace(old, new);
                        (out.len() <= MAX_TEXT).then(|| Value::Text(out.into(), super::value::Place { literal: false, ..*place }))
                    }
                    TextMethod::Concat => {
                        let mut out = text.to_string();
                        for arg in args.iter() {
                            out.push_str(&self.shown(&arg.value));
                        }
                        Some(Value::Text(out.into(), *place))
                    }
                    _ => None,
                }
            }
            Value::List(list) => match (name, self.texts.methods.get(name)) {
                (_, Some(TextMethod::Push)) => {
                    if list.borrow().len() + args.len() < MAX_ROUNDS {
                        list.borrow_mut().extend(args.iter().map(|a| a.value.clone()));
                    }
                    Some(Value::Null)
                }
                (_, Some(TextMethod::Extend)) => {
                    let more = items(first.as_ref()?).unwrap_or_else(|| vec![Value::Unknown("...".into())]);
                    if list.borrow().len() + more.len() < MAX_ROUNDS {
                        list.borrow_mut().extend(more);
                    }
                    Some(Value::Null)
                }
                (_, Some(TextMethod::ItemsJoin)) => {
                    let separator = first.as_ref().and_then(|f| f.as_text().map(str::to_string)).unwrap_or(",".into());
                    let all = list.borrow().clone();
                    let shown: Vec<String> = all.iter().map(|v| self.shown(v)).collect();
                    Some(Value::text(shown.join(&separator)))
                }
                ("map" | "forEach" | "flatMap", _) => {
                    let all = list.borrow().clone();
                    let mut out = Vec::new();
                    for (i, item) in all.into_iter().take(MAX_ROUNDS).enumerate() {
                        let index = Value::Number(i.to_string().into());
                        let given = [item, index].map(|value| Argument { name: None, value });
                        let value = self.apply(first.clone()?, given.to_vec(), at);
                        match items(&value).filter(|_| name == "flatMap") {
                            Some(inner) => out.extend(inner),
                            None => out.push(value),
                        }
                    }
                    Some(if name == "forEach" { Value::Null } else { Value::list(out) })
                }
                ("filter", _) => {
                    let all = list.borrow().clone();
                    let mut out = Vec::new();
                    for item in all {
                        let value = self.apply(first.clone()?, vec![Argument { name: None, value: item.clone() }], at);
                        if self.holds(&value) != Some(false) {
                            out.push(item);
                        }
                    }
                    Some(Value::list(out))
                }
                ("includes", _) => Some(self.includes(list.borrow().as_slice(), first.as_ref()?)),
                ("concat", _) => {
                    let mut out = list.borrow().clone();
                    for arg in args.iter() {
                        match items(&arg.value) {
                            Some(more) => out.extend(more),
                            None => out.push(arg.value.clone()),
                        }
                    }
                    Some(Value::list(out))
                }
                ("slice" | "reverse" | "sort" | "copy", _) if args.is_empty() => Some(Value::list(list.borrow().clone())),
                _ => None,
            },
            Value::Map(entries) => {
                let entries = entries.clone();
                let pair = |(k, v): &(Rc<str>, Value)| Value::list(vec![Value::text(k.clone()), v.clone()]);
                match name {
                    "items" => Some(Value::list(entries.borrow().iter().map(pair).collect())),
                    "keys" => Some(Value::list(entries.borrow().iter().map(|e| Value::text(e.0.clone())).collect())),
                    "values" => Some(Value::list(entries.borrow().iter().map(|e| e.1.clone()).collect())),
                    "get" => {
                        Some(of.entry(first.as_ref()?.as_text()?).or_else(|| args.get(1).map(|a| a.value.clone())).unwrap_or(Value::Null))
                    }
                    "update" => {
                        if let Some(Value::Map(other)) = &first {
                            let other = other.borrow().clone();
                            other.iter().for_each(|(k, v)| set_entry(&mut entries.borrow_mut(), k, v.clone()));
                        }
                        Some(Value::Null)
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn includes(&self, all: &[Value], one: &Value) -> Value {
        let answers: Vec<Option<bool>> = all.iter().map(|i| self.same(i, one)).collect();
        if answers.contains(&Some(true)) {
            Value::Bool(true)
        } else if answers.contains(&None) {
            Value::Unknown("".into())
        } else {
            Value::Bool(false)
        }
    }

    /// A function of the language; `None`: it is none that is known.
    pub fn builtin_function(&mut self, path: &str, args: &[Argument], new: bool) -> Option<Value> {
        let first = args.iter().find(|a| a.name.is_none()).map(|a| a.value.clone());
        let segments: Vec<String> = path.split('.').map(str::to_string).collect();
        match path {
            "len" => return items(first.as_ref()?).map(|i| Value::Number(i.len().to_string().into())),
            "range" => {
                let number =
                    |i: usize| args.get(i).and_then(|a| if let Value::Number(n) = &a.value { n.parse::<i64>().ok() } else { None });
                let (from, to) = match args.len() {
                    1 => (0, number(0)?),
                    _ => (number(0)?, number(1)?),
                };
                let small = to.saturating_sub(from) as usize <= MAX_ROUNDS;
                return small.then(|| Value::list((from..to).map(|n| Value::Number(n.to_string().into())).collect()));
            }
            "enumerate" => {
                let all = self.iterated(first.as_ref()?)?;
                let pair = |(i, v): (usize, Value)| Value::list(vec![Value::Number(i.to_string().into()), v]);
                return Some(Value::list(all.into_iter().enumerate().map(pair).collect()));
            }
            "zip" => {
                let lists: Vec<Vec<Value>> = args.iter().map(|a| self.iterated(&a.value)).collect::<Option<_>>()?;
                let shortest = lists.iter().map(Vec::len).min()?;
                let row = |i: usize| Value::list(lists.iter().filter_map(|l| l.get(i).cloned()).collect());
                return Some(Value::list((0..shortest).map(row).collect()));
            }
            "dict" => {
                let named = args.iter().filter_map(|a| Some((a.name.clone()?, a.value.clone())));
                return Some(Value::map(named.collect()));
            }
            "list" | "tuple" | "set" | "sorted" | "reversed" | "Array.from" => {
                let all = match &first {
                    Some(value) => self.iterated(value)?,
                    None => Vec::new(),
                };
                return Some(Value::list(all));
            }
            "Object.keys" | "Object.values" | "Object.entries" => {
                let method = match path {
                    "Object.keys" => "keys",
                    "Object.values" => "values",
                    _ => "items",
                };
                return self.builtin_method(first.as_ref()?, method, &[], 0);
            }
            "Promise.all" | "Promise.resolve" | "String" | "str" if !new => return first,
            "append" if self.language() == Some(Language::Go) => {
                let mut out = items(first.as_ref()?)?;
                out.extend(args.iter().skip(1).map(|a| a.value.clone()));
                return Some(Value::list(out));
            }
            "new" if self.language() == Some(Language::Go) => return first,
            "JSON.stringify" | "json.dumps" => return first.map(|f| json(&f)).map(Value::text),
            _ => {}
        }
        match *self.texts.functions.get(&segments)? {
            TextFunction::Same => {
                let text = first?;
                match &text {
                    Value::Text(..) => Some(text),
                    _ => None,
                }
            }
            TextFunction::Format(at) => {
                let template = args.get(usize::from(at))?.value.clone();
                let rest = args.iter().skip(usize::from(at) + 1).map(|a| a.value.clone()).collect();
                matches!(template, Value::Text(..)).then(|| self.printf(&template, &Value::list(rest)))
            }
            TextFunction::Join => {
                let all = items(first.as_ref()?)?;
                let separator = args.get(1).map(|a| self.shown(&a.value)).unwrap_or_default();
                let shown: Vec<String> = all.iter().map(|v| self.shown(v)).collect();
                Some(Value::text(shown.join(&separator)))
            }
            TextFunction::Require => {
                // `require("./x").f` without a name of its own
                let module = first.as_ref()?.as_text()?.to_string();
                Some(match self.program.module(self.at, &module) {
                    Some(files) => Value::Module(files.into()),
                    None => self.external(&module),
                })
            }
            TextFunction::Replace => {
                let (old, new) = (args.get(1)?.value.as_text()?.to_string(), args.get(2)?.value.as_text()?.to_string());
                Some(Value::text(first.as_ref()?.as_text()?.replace(&old, &new)))
            }
            _ => None,
        }
    }

    /// A template with `%s` and the like.
    pub fn printf(&mut self, template: &Value, values: &Value) -> Value {
        let Value::Text(text, place) = template else { return Value::Unknown("".into()) };
        let values = match values {
            Value::List(all) => all.borrow().clone(),
            other => vec![other.clone()],
        };
        let mut next = values.iter();
        let mut out = String::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            if c != '%' {
                out.push(c);
                continue;
            }
            let mut name = None;
            if chars.peek() == Some(&'(') {
                chars.next();
                name = Some(chars.by_ref().take_while(|c| *c != ')').collect::<String>());
            }
            while chars.peek().is_some_and(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | '#')) {
                chars.next();
            }
            let verb = chars.next();
            if verb == Some('%') {
                out.push('%');
                continue;
            }
            let value = match name {
                Some(name) => values.first().and_then(|v| v.entry(&name)),
                None => next.next().cloned(),
            };
            let shown = value.map_or(HOLE.to_string(), |v| self.shown(&v));
            match verb {
                Some('q') => out.push_str(&format!("\"{shown}\"")),
                _ => out.push_str(&shown),
            }
            if out.len() > MAX_TEXT {
                return Value::Unknown("".into());
            }
        }
        Value::Text(out.into(), *place)
    }

    /// A template with `{}` and `{name}`.
    fn braces(&mut self, text: &str, place: super::value::Place, args: &[Argument]) -> Value {
        let mut out = String::new();
        let mut number = 0;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '{' | '}' if chars.peek() == Some(&c) => {
                    chars.next();
                    out.push(c);
                }
                '{' => {
                    let word: String = chars.by_ref().take_while(|c| *c != '}').collect();
                    let name = word.split(['!', ':']).next().unwrap_or("");
                    let value = match name.parse::<usize>() {
                        Ok(at) => args.iter().filter(|a| a.name.is_none()).nth(at),
                        Err(_) if name.is_empty() => {
                            number += 1;
                            args.iter().filter(|a| a.name.is_none()).nth(number - 1)
                        }
                        Err(_) => args.iter().find(|a| a.name.as_deref() == Some(name)),
                    };
                    let value = value.map(|a| a.value.clone());
                    out.push_str(&value.map_or(HOLE.to_string(), |v| self.shown(&v)));
                }
                c => out.push(c),
            }
            if out.len() > MAX_TEXT {
                return Value::Unknown("".into());
            }
        }
        Value::Text(out.into(), place)
    }
}

/// A value as JSON; what is not known is a hole.
pub(super) fn json(value: &Value) -> String {
    let text = |t: &str| serde_json::Value::String(t.to_string()).to_string();
    match value {
        Value::Text(t, _) => text(t),
        Value::Number(n) => n.to_string(),
        Value::Bool(b) => b.to_string(),
        Value::Null => "null".into(),
        Value::List(all) => format!("[{}]", all.borrow().iter().map(json).collect::<Vec<_>>().join(", ")),
        Value::Map(all) => {
            let entry = |(k, v): &(Rc<str>, Value)| format!("{}: {}", text(k), json(v));
            format!("{{{}}}", all.borrow().iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        _ => HOLE.to_string(),
    }
}
