//! From a symbolic value to text, under one assumption about which branches are taken.
//!
//! A site is evaluated several times, once per [`Mode`]; every evaluation gives one text. So the number of
//! variants grows with the widest alternative and not with their product, and fragments that depend on the
//! same condition appear together.

use super::Resolver;
use super::names::{Binding, Entity, Env, is_nothing};
use super::symbols::{CallRef, Place};
use super::template::{Segment, Wanted, segments};
use super::text::{FileId, Part, Text};
use crate::model::facts::{Arg, Assignment, FormatStyle, Value};
use crate::model::span::Span;
use crate::sql::parse::{Recognition, recognise};
use std::rc::Rc;

/// Deepest nesting of values, names and functions that one evaluation follows.
const MAX_DEPTH: u32 = 48;
/// Most values that one evaluation looks at.
const MAX_STEPS: u32 = 6000;
/// Longest list that is unrolled.
pub(super) const MAX_ITEMS: usize = 64;
/// Most alternatives that become variants of their own; more become one hole with its possible values.
const MAX_ALTERNATIVES: usize = 16;

/// Which branches and alternatives are taken.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Every conditional region is run; of exclusive ones the `n`-th, counted round.
    All(usize),
    /// No conditional region is run that can be left out.
    Least,
}

/// What a value amounts to.
#[derive(Clone, Debug)]
pub(super) enum Val<'a> {
    Text(Text<'a>),
    List(Vec<Val<'a>>),
    Map(&'a [(String, Value)], Env<'a>),
    /// `None`, `null`.
    Nothing,
}

impl std::fmt::Debug for Env<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}@{}", self.file, self.scope, self.at)
    }
}

/// A parameter that no caller has bound, and the place of its use.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Unbound {
    pub function: Place,
    pub index: usize,
    pub file: FileId,
    pub source: Span,
    /// It says which of several values is meant.
    pub chooses: bool,
}

/// What one evaluation found out besides the text.
#[derive(Default)]
pub(super) struct Notes {
    /// Largest number of alternatives met.
    pub widest: usize,
    /// A conditional region was met.
    pub conditional: bool,
    /// A variable has no value under this mode: the combination does not happen.
    pub impossible: bool,
    /// Parameters that no caller has bound.
    pub unbound: Vec<Unbound>,
    depth: u32,
    steps: u32,
}

impl<'a> Resolver<'a> {
    /// Evaluates a value for its text.
    pub fn text_of(&mut self, value: &'a Value, env: &Env<'a>) -> Text<'a> {
        let val = self.evaluate(value, env);
        self.as_text(val, value.span(), env)
    }

    /// Evaluates the variable that an assignment sets, at a place behind it.
    pub fn variable_text(&mut self, file: FileId, a: &'a Assignment, env: &Env<'a>) -> Text<'a> {
        let span = a.value.span();
        match self.variable(file, a.scope, &a.target, span, env) {
            Some(val) => self.as_text(val, span, env),
            None => Text::hole(a.target.join("."), file, span),
        }
    }

    pub fn as_text(&mut self, val: Val<'a>, span: Span, env: &Env<'a>) -> Text<'a> {
        match val {
            Val::Text(text) => text,
            Val::List(_) => Text::hole("list", env.file, span),
            Val::Map(entries, inner) => {
                // the configuration object of a query: `{ text: "SELECT ...", values }`
                let named = |k: &str| entries.iter().find(|(key, _)| key == k);
                match ["text", "sql", "query", "statement"].iter().find_map(|k| named(k)) {
                    Some((_, value)) => self.text_of(value, &inner),
                    None => Text::hole("object", env.file, span),
                }
            }
            Val::Nothing => Text::hole("nothing", env.file, span),
        }
    }

    /// Evaluates a value.
    pub fn evaluate(&mut self, value: &'a Value, env: &Env<'a>) -> Val<'a> {
        if self.notes.depth >= MAX_DEPTH || self.notes.steps >= MAX_STEPS {
            return Val::Text(Text::hole("…", env.file, value.span()));
        }
        self.notes.depth += 1;
        self.notes.steps += 1;
        let val = self.evaluate_within(value, env);
        self.notes.depth -= 1;
        val
    }

    fn evaluate_within(&mut self, value: &'a Value, env: &Env<'a>) -> Val<'a> {
        let file = env.file;
        match value {
            Value::Text(runs, _) => Val::Text(Text::literal(runs, file)),
            Value::Scalar(..) | Value::Opaque(..) if is_nothing(value) => Val::Nothing,
            Value::Scalar(text, source) => Val::Text(Text { parts: vec![Part::Run { text: text.as_str().into(), file, source: *source }] }),
            Value::Opaque(text, span) => Val::Text(Text::hole(text.as_str(), file, *span)),
            Value::Name(path, span) => self.name(path, *span, env),
            Value::Concat(all, _) => self.concat(all, env),
            Value::Format { style, template, args, span } => Val::Text(self.format(*style, template, args, *span, env)),
            Value::Join { separator, items, span } => Val::Text(self.join(separator, items, *span, env)),
            Value::List(all, _) => Val::List(all.iter().take(MAX_ITEMS * 4).map(|v| self.evaluate(v, env)).collect()),
            Value::Map(entries, _) => Val::Map(entries, env.clone()),
            Value::Each { item, each, over, span } => self.each(item, each, over, *span, env),
            Value::Choice(all, _) => self.choice(all, env),
            Value::Call(call) => self.call(call, env),
            Value::Tagged { tag, parts, parameters, .. } => Val::Text(self.tagged(tag, parts, *parameters, env)),
            Value::File { path, span } => self.file(path, *span, env),
            Value::Index { of, key, span } => self.index(of, key, *span, env),
        }
    }

    fn name(&mut self, path: &'a [String], span: Span, env: &Env<'a>) -> Val<'a> {
        let entity = self.entity(path, env);
        let found = entity.and_then(|e| self.entity_value(&e, span, env));
        found.unwrap_or_else(|| Val::Text(Text::hole(path.join("."), env.file, span)))
    }

    /// The value of what a name means.
    pub fn entity_value(&mut self, entity: &Entity<'a>, span: Span, env: &Env<'a>) -> Option<Val<'a>> {
        match entity {
            Entity::Variable { file, scope, path } => self.variable(*file, *scope, path, span, env),
            Entity::Param { function, index } => Some(self.parameter(*function, *index, span, env)),
            Entity::Value(value, inner) => {
                let inner = Env { frames: env.frames.clone(), ..inner.clone() };
                Some(self.evaluate(value, &inner))
            }
            Entity::Any(all) => {
                let all: Vec<_> = all.iter().map(|(v, inner)| (*v, Env { frames: env.frames.clone(), ..inner.clone() })).collect();
                Some(self.one_of(&all, span, env))
            }
            Entity::Item(frame) => match &frame.binding {
                Binding::Item { value, .. } => Some(value.clone()),
                Binding::Call { .. } => None,
            },
            _ => None,
        }
    }

    /// One of several values: a variant each, or one hole that lists them.
    fn one_of(&mut self, all: &[(&'a Value, Env<'a>)], span: Span, env: &Env<'a>) -> Val<'a> {
        let all: Vec<_> = all.iter().filter(|(v, _)| !is_nothing(v)).collect();
        if all.is_empty() {
            return Val::Nothing;
        }
        if all.len() > MAX_ALTERNATIVES {
            let mut values: Vec<String> = all.iter().filter_map(|(v, e)| self.text_of(v, e).known()).take(200).collect();
            if values.len() < all.len() {
                values.clear();
            }
            values.sort();
            values.dedup();
            let hole = Part::Hole { what: format!("one of {}", all.len()).into(), file: env.file, source: span, values };
            return Val::Text(Text { parts: vec![hole] });
        }
        let i = self.alternative(all.len());
        let (value, inner) = all[i];
        self.evaluate(value, inner)
    }

    pub fn alternative(&mut self, n: usize) -> usize {
        if n > 1 {
            self.notes.widest = self.notes.widest.max(n);
        }
        match self.mode {
            Mode::All(k) => k % n.max(1),
            Mode::Least => 0,
        }
    }

    fn choice(&mut self, all: &'a [Value], env: &Env<'a>) -> Val<'a> {
        let empty = |v: &Value| match v {
            Value::Text(runs, _) => runs.iter().all(|r| r.text.is_empty()),
            Value::Tagged { parts, .. } => parts.is_empty(),
            _ => is_nothing(v),
        };
        if let Some(nothing) = all.iter().find(|v| empty(v)) {
            self.notes.conditional = true;
            if self.mode == Mode::Least {
                return if is_nothing(nothing) { Val::Nothing } else { Val::Text(Text::default()) };
            }
        }
        let full: Vec<_> = all.iter().filter(|v| !empty(v)).map(|v| (v, env.clone())).collect();
        if full.is_empty() {
            return Val::Text(Text::default());
        }
        let span = all.first().map(Value::span).unwrap_or_default();
        self.one_of(&full, span, env)
    }

    fn concat(&mut self, all: &'a [Value], env: &Env<'a>) -> Val<'a> {
        let mut text = Text::default();
        let mut list: Option<Vec<Val<'a>>> = None;
        for value in all {
            match (self.evaluate(value, env), &mut list) {
                (Val::List(more), Some(items)) => items.extend(more),
                (Val::List(items), None) if text.is_empty() => list = Some(items),
                (other, Some(items)) => items.push(other),
                (Val::Nothing, None) => {}
                (other, None) => text.append(self.as_text(other, value.span(), env)),
            }
        }
        list.map_or(Val::Text(text), Val::List)
    }

    fn format(&mut self, style: FormatStyle, template: &'a Value, args: &'a [Arg], span: Span, env: &Env<'a>) -> Text<'a> {
        let text = self.text_of(template, env);
        if style == FormatStyle::Replace {
            return self.replaced(text, args, env);
        }
        let mut positional: Vec<&'a Value> = Vec::new();
        for arg in args.iter().filter(|a| a.name.is_empty() && !a.spread) {
            match &arg.value {
                Value::List(items, _) if style == FormatStyle::Percent => positional.extend(items),
                value => positional.push(value),
            }
        }
        let spread: Vec<&'a Value> = args.iter().filter(|a| a.spread).map(|a| &a.value).collect();
        let mut out = Text::default();
        for segment in segments(style, &text) {
            match segment {
                Segment::Literal(from, to) => out.append(text.slice(from, to)),
                Segment::Argument { wanted, quoted } => {
                    let value = match &wanted {
                        Wanted::Index(i) => positional.get(*i).copied(),
                        Wanted::Name(name) => self.named_argument(name, args, &positional, env),
                    };
                    let value = match value {
                        Some(value) => self.argument(style, value, env),
                        None => {
                            let what = match &wanted {
                                Wanted::Index(i) => {
                                    spread.first().map_or(format!("argument {}", i + 1), |_| "spread arguments".to_string())
                                }
                                Wanted::Name(name) => name.clone(),
                            };
                            Text::hole(what, env.file, span)
                        }
                    };
                    if quoted {
                        out.append(Text::synthetic("\""));
                    }
                    out.append(value);
                    if quoted {
                        out.append(Text::synthetic("\""));
                    }
                }
            }
        }
        out
    }

    fn argument(&mut self, style: FormatStyle, value: &'a Value, env: &Env<'a>) -> Text<'a> {
        let val = self.evaluate(value, env);
        match val {
            // a composed list is printed piece by piece
            Val::List(items) if style == FormatStyle::Composed => {
                let mut text = Text::default();
                for item in items {
                    text.append(self.as_text(item, value.span(), env));
                }
                text
            }
            other => self.as_text(other, value.span(), env),
        }
    }

    fn named_argument(&mut self, name: &str, args: &'a [Arg], positional: &[&'a Value], env: &Env<'a>) -> Option<&'a Value> {
        let head = name.split(['.', '[']).next().unwrap_or(name);
        if let Some(arg) = args.iter().find(|a| a.name == head && head == name) {
            return Some(&arg.value);
        }
        let maps = positional.iter().copied().chain(args.iter().filter(|a| a.spread).map(|a| &a.value));
        for map in maps {
            if let Val::Map(entries, inner) = self.evaluate(map, env)
                && inner.file == env.file
                && let Some((_, value)) = entries.iter().find(|(k, _)| k == name)
            {
                return Some(value);
            }
        }
        None
    }

    /// `text.replace(a, b)`.
    fn replaced(&mut self, text: Text<'a>, args: &'a [Arg], env: &Env<'a>) -> Text<'a> {
        let [from, to, ..] = args else { return text };
        let Some(from) = self.text_of(&from.value, env).known().filter(|f| !f.is_empty()) else { return text };
        let plain = text.plain();
        if !plain.contains(&from) {
            return text;
        }
        let to = self.text_of(&to.value, env);
        let mut out = Text::default();
        let mut at = 0;
        for (start, found) in plain.match_indices(&from).take(MAX_ITEMS) {
            out.append(text.slice(at, start));
            out.append(to.clone());
            at = start + found.len();
        }
        out.append(text.slice(at, plain.len()));
        out
    }

    fn join(&mut self, separator: &'a Value, items: &'a Value, span: Span, env: &Env<'a>) -> Text<'a> {
        let separator = self.text_of(separator, env);
        let items = match self.evaluate(items, env) {
            Val::List(items) => items,
            Val::Text(text) => return text,
            Val::Map(entries, _) => entries.iter().map(|(k, _)| Val::Text(Text::synthetic(k.as_str()))).collect(),
            Val::Nothing => return Text::hole("items", env.file, span),
        };
        let mut flat = Vec::new();
        flatten(items, 0, &mut flat);
        let mut out = Text::default();
        for (i, item) in flat.into_iter().enumerate() {
            if i > 0 {
                out.append(separator.clone());
            }
            out.append(self.as_text(item, span, env));
        }
        out
    }

    fn each(&mut self, item: &'a str, each: &'a Value, over: &'a Value, span: Span, env: &Env<'a>) -> Val<'a> {
        let items = match self.evaluate(over, env) {
            Val::List(items) => items,
            Val::Map(entries, _) => entries.iter().map(|(k, _)| Val::Text(Text::synthetic(k.as_str()))).collect(),
            _ => {
                // what is iterated is not known: one item stands for all
                let value = Val::Text(Text::hole(item, env.file, span));
                let binding = Binding::Item { file: env.file, scope: env.scope, name: item, value };
                let one = self.evaluate(each, &env.with(binding));
                let marks = self.is_wordless(&one);
                return if marks { Val::Text(Text::hole(format!("{item} …"), env.file, span)) } else { Val::List(vec![one]) };
            }
        };
        let items = items.into_iter().take(MAX_ITEMS).map(|value| {
            let binding = Binding::Item { file: env.file, scope: env.scope, name: item, value };
            self.evaluate(each, &env.with(binding))
        });
        Val::List(items.collect())
    }

    /// `getattr(queries, name)`: a constant of a module; where the name is not known, one of those that are SQL.
    fn attribute_of_module(&mut self, file: FileId, key: Option<&str>, span: Span, env: &Env<'a>) -> Val<'a> {
        let facts = self.symbols.facts(file);
        let sets = facts.assignments.iter().filter(|a| a.scope == 0 && a.op == crate::model::facts::AssignOp::Set);
        let constants = sets.filter(|a| match (a.target.as_slice(), key) {
            ([name], Some(key)) => name == key,
            ([name], None) => !name.starts_with('_'),
            _ => false,
        });
        let all: Vec<_> = constants.map(|a| (&a.value, Env::new(file, a.scope, a.span.start, a.branch))).collect();
        let all: Vec<_> = match key {
            Some(_) => all,
            None => {
                let mut sent = Vec::new();
                for (value, inner) in all {
                    let text = self.text_of(value, &inner).plain();
                    if recognise(&text, self.dialect) == Recognition::Statement {
                        sent.push((value, inner));
                    }
                }
                sent
            }
        };
        match all.is_empty() {
            true => Val::Text(Text::hole("attribute", env.file, span)),
            false => self.one_of(&all, span, env),
        }
    }

    fn index(&mut self, of: &'a Value, key: &'a Value, span: Span, env: &Env<'a>) -> Val<'a> {
        let met = self.notes.unbound.len();
        let known = match key {
            // an unknown key takes any entry
            Value::Opaque(..) => None,
            key => self.text_of(key, env).known(),
        };
        // a default says nothing of what unknown callers give
        let known = known.filter(|_| self.notes.unbound.len() == met);
        for unbound in self.notes.unbound.iter_mut().skip(met) {
            unbound.chooses = true;
        }
        if let Value::Name(path, _) = of
            && let Some(Entity::Module(file)) = self.meaning(path, env)
        {
            return self.attribute_of_module(file, known.as_deref(), span, env);
        }
        let (container, key) = (self.evaluate(of, env), known);
        match (container, key) {
            (Val::Map(entries, inner), Some(key)) => match entries.iter().find(|(k, _)| *k == key) {
                Some((_, value)) => self.evaluate(value, &inner),
                None => Val::Text(Text::hole(format!("[{key}]"), env.file, span)),
            },
            (Val::Map(entries, inner), None) => {
                let all: Vec<_> = entries.iter().map(|(_, v)| (v, inner.clone())).collect();
                self.one_of(&all, span, env)
            }
            (Val::List(mut items), Some(key)) => match key.parse::<usize>() {
                Ok(i) if i < items.len() => items.swap_remove(i),
                _ => Val::Text(Text::hole(format!("[{key}]"), env.file, span)),
            },
            (Val::List(mut items), None) if !items.is_empty() && items.len() <= MAX_ALTERNATIVES => {
                let i = self.alternative(items.len());
                items.swap_remove(i)
            }
            (Val::List(items), None) if !items.is_empty() => {
                let values: Option<Vec<String>> = items.into_iter().map(|v| self.as_text(v, span, env).known()).collect();
                let hole = Part::Hole { what: "item of a list".into(), file: env.file, source: span, values: values.unwrap_or_default() };
                Val::Text(Text { parts: vec![hole] })
            }
            (Val::Text(text), _) if text.parts.len() == 1 && matches!(text.parts.first(), Some(Part::Hole { .. })) => Val::Text(text),
            _ => Val::Text(Text::hole("item", env.file, span)),
        }
    }
}

fn flatten<'a>(items: Vec<Val<'a>>, depth: u32, out: &mut Vec<Val<'a>>) {
    for item in items {
        match item {
            Val::List(inner) if depth < 4 => flatten(inner, depth + 1, out),
            Val::Nothing => {}
            other => out.push(other),
        }
    }
}

impl<'a> Resolver<'a> {
    /// Binds the parameters of a function as a call gives them.
    pub fn bind(&self, function: Place, call: CallRef<'a>, env: &Env<'a>) -> Binding<'a> {
        let params = self.symbols.scope(function).map_or(&[][..], |s| s.params.as_slice());
        let mut given: Vec<Option<(&'a Value, Env<'a>)>> = vec![None; params.len()];
        let mut rest = Vec::new();
        let mut others = Vec::new();
        let mut at = 0;
        let mut spread = false;
        for arg in &call.call.args {
            if arg.spread {
                spread = true;
            }
            if !arg.name.is_empty() {
                match params.iter().position(|p| p.name == arg.name) {
                    Some(i) => given[i] = Some((&arg.value, env.clone())),
                    None => others.push(arg.name.as_str()),
                }
            } else if spread || params.get(at).is_none_or(|p| p.rest) {
                rest.push((&arg.value, env.clone()));
            } else {
                given[at] = Some((&arg.value, env.clone()));
                at += 1;
            }
        }
        Binding::Call { function, given, rest, others }
    }

    /// The environment of a call: what has happened when it runs.
    pub fn env_of(&self, call: CallRef<'a>, frames: Option<Rc<super::names::Frame<'a>>>) -> Env<'a> {
        Env { frames, ..Env::new(call.file, call.call.scope, call.call.span.start, call.call.branch) }
    }
}
