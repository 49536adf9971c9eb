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
use crate::model::facts::{Arg, AssignOp, Assignment, Branch, Call, FormatStyle, ScopeId, Value};
use crate::model::span::Span;
use std::rc::Rc;

/// Deepest nesting of values, names and functions that one evaluation follows.
const MAX_DEPTH: u32 = 48;
/// Most values that one evaluation looks at.
const MAX_STEPS: u32 = 6000;
/// Longest list that is unrolled.
const MAX_ITEMS: usize = 64;
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
}

/// Something added to a variable, or its being set.
struct Event<'a> {
    at: u32,
    assignment: &'a Assignment,
    /// The closure that does it, and the call that runs the closure.
    call: Option<(Place, CallRef<'a>)>,
    branch: u32,
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

    fn as_text(&mut self, val: Val<'a>, span: Span, env: &Env<'a>) -> Text<'a> {
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
            Value::Concat(all, span) => self.concat(all, *span, env),
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
        let empty = |v: &Value| is_nothing(v) || matches!(v, Value::Text(runs, _) if runs.iter().all(|r| r.text.is_empty()));
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

    /// A variable by reaching definitions: the last assignment that happened, and what was added since.
    fn variable(&mut self, file: FileId, scope: ScopeId, path: &'a [String], span: Span, env: &Env<'a>) -> Option<Val<'a>> {
        let symbols = self.symbols;
        let facts = symbols.facts(file);
        let events = symbols.table(file).events(scope, path.first()?)?;
        let all: Vec<_> = events.iter().filter_map(|&i| facts.assignments.get(i as usize)).filter(|a| a.target == path).collect();
        // a module is complete before its functions run; a closure sees what stands before it
        let whole = env.file != file || (scope == 0 && env.scope != 0);
        let mut happened: Vec<_> = all.iter().copied().filter(|a| whole || a.value.span().end <= env.at).collect();
        if happened.is_empty() && env.scope != scope {
            happened = all;
        }
        let branch = if env.file == file { env.branch } else { 0 };
        let mut active: Vec<Event<'a>> = Vec::new();
        for &a in &happened {
            if a.scope != scope && a.op != AssignOp::Set {
                self.closure_events(file, scope, a, if whole { u32::MAX } else { env.at }, branch, &mut active);
            } else if self.taken(file, a.branch, branch) {
                active.push(Event { at: a.span.start, assignment: a, call: None, branch: a.branch });
            }
        }
        active.sort_by_key(|e| e.at);
        let last = active.iter().rposition(|e| e.assignment.op == AssignOp::Set);
        let mut value = match last {
            Some(i) => self.evaluate(&active[i].assignment.value, &self.event_env(file, &active[i], env)),
            None => {
                let param = symbols.scope((file, scope))?.params.iter().position(|p| path.len() == 1 && Some(&p.name) == path.first());
                match param {
                    Some(index) => self.parameter((file, scope), index, span, env),
                    None if happened.iter().any(|a| a.op == AssignOp::Set) => {
                        self.notes.impossible = true;
                        return None;
                    }
                    None if active.is_empty() && happened.is_empty() => return None,
                    None => match happened.iter().any(|a| a.op == AssignOp::AppendItem) {
                        true => Val::List(Vec::new()),
                        false => Val::Text(Text::default()),
                    },
                }
            }
        };
        for event in active.get(last.map_or(0, |i| i + 1)..).unwrap_or(&[]) {
            let a = event.assignment;
            let inner = self.event_env(file, event, env);
            let mut added = self.evaluate(&a.value, &inner);
            if self.repeats(file, event.branch, branch) && self.is_wordless(&added) {
                // placeholders made in a loop: how many is not known
                added = Val::Text(Text::hole(format!("{} …", path.join(".")), file, a.value.span()));
            }
            value = match (a.op, value) {
                (AssignOp::Set, value) => value,
                (AssignOp::AppendText, Val::List(mut items)) => {
                    match added {
                        Val::List(more) => items.extend(more),
                        other => items.push(other),
                    }
                    Val::List(items)
                }
                (AssignOp::AppendText, value) => {
                    // an emptied builder or a declaration without value starts empty
                    let mut text = match value {
                        Val::Text(text) => text,
                        Val::Nothing => Text::default(),
                        other => self.as_text(other, a.span, env),
                    };
                    text.append(self.as_text(added, a.value.span(), &inner));
                    Val::Text(text)
                }
                (AssignOp::AppendItem, value) => {
                    let mut items = match value {
                        Val::List(items) => items,
                        Val::Text(text) if !text.is_empty() => vec![Val::Text(text)],
                        _ => Vec::new(),
                    };
                    match added {
                        Val::List(more) => items.extend(more),
                        other => items.push(other),
                    }
                    Val::List(items)
                }
            };
        }
        Some(value)
    }

    /// The environment in which the value of an event is read.
    fn event_env(&self, file: FileId, event: &Event<'a>, env: &Env<'a>) -> Env<'a> {
        let a = event.assignment;
        let own = Env { file, scope: a.scope, at: a.span.start, branch: a.branch, frames: env.frames.clone() };
        match event.call {
            Some((function, call)) => {
                let binding = self.bind(function, call, &self.env_of(call, env.frames.clone()));
                own.with(binding)
            }
            None => own,
        }
    }

    /// What a closure adds to a variable around it: once for each call of the closure.
    fn closure_events(&mut self, file: FileId, scope: ScopeId, a: &'a Assignment, until: u32, here: u32, out: &mut Vec<Event<'a>>) {
        let symbols = self.symbols;
        let Some(function) = symbols.function_of(file, a.scope) else { return };
        let name = symbols.scope((file, function)).map_or("", |s| s.name.as_str());
        let calls = symbols.calls.get(name).into_iter().flatten();
        let within = calls.filter(|c| c.file == file && c.call.scope == scope && c.call.callee.len() == 1 && c.call.span.end <= until);
        let within: Vec<_> = within.copied().collect();
        if within.is_empty() {
            // never called by a name that is known: run once, where it stands
            if a.value.span().end <= until && self.taken(file, a.branch, here) {
                out.push(Event { at: a.span.start, assignment: a, call: None, branch: a.branch });
            }
            return;
        }
        for call in within.into_iter().take(MAX_ITEMS) {
            if self.taken(file, call.call.branch, here) {
                out.push(Event { at: call.call.span.start, assignment: a, call: Some(((file, function), call)), branch: call.call.branch });
            }
        }
    }

    /// Whether a branch is in a loop that the place in branch `here` is not in.
    fn repeats(&self, file: FileId, branch: u32, here: u32) -> bool {
        let outer: Vec<u32> = self.branches(file, here).map(|b| b.0).collect();
        self.branches(file, branch).any(|(number, b)| b.is_loop && !outer.contains(&number))
    }

    /// A branch and those around it, from the innermost outwards, with their numbers.
    fn branches(&self, file: FileId, start: u32) -> impl Iterator<Item = (u32, &'a Branch)> + use<'a> {
        let facts = self.symbols.facts(file);
        let mut at = start;
        std::iter::from_fn(move || {
            let found = facts.branches.get(at.checked_sub(1)? as usize)?;
            let this = (at, found);
            // a parent stands before its child
            at = if found.parent < at { found.parent } else { 0 };
            Some(this)
        })
    }

    /// Text without any word: placeholders and separators.
    fn is_wordless(&self, val: &Val<'a>) -> bool {
        match val {
            Val::Text(text) => !text.is_empty() && text.is_marks(),
            Val::List(items) => !items.is_empty() && items.iter().all(|v| self.is_wordless(v)),
            Val::Map(..) | Val::Nothing => false,
        }
    }

    /// Whether a branch is taken, seen from a place in branch `here` of the same function.
    fn taken(&mut self, file: FileId, branch: u32, here: u32) -> bool {
        for (number, b) in self.branches(file, branch) {
            if let Some((other, _)) = self.branches(file, here).find(|(_, h)| h.group == b.group) {
                if other == number {
                    continue;
                }
                return false;
            }
            self.notes.conditional = true;
            let arms = usize::from(self.symbols.table(file).arms.get(&b.group).copied().unwrap_or(1));
            self.notes.widest = self.notes.widest.max(arms);
            let arm = usize::from(b.arm);
            let runs = match self.mode {
                Mode::All(k) => arm == k % arms.max(1),
                Mode::Least => b.exhaustive && arm + 1 == arms,
            };
            if !runs {
                return false;
            }
        }
        true
    }

    fn parameter(&mut self, function: Place, index: usize, span: Span, env: &Env<'a>) -> Val<'a> {
        let Some(param) = self.symbols.scope(function).and_then(|s| s.params.get(index)) else { return Val::Nothing };
        let home = Env { frames: env.frames.clone(), ..Env::new(function.0, function.1, 0, 0) };
        if let Some(frame) = env.frame_of(function)
            && let Binding::Call { given, rest, .. } = &frame.binding
        {
            if param.rest {
                return Val::List(rest.iter().map(|(v, e)| self.evaluate(v, e)).collect());
            }
            if let Some(Some((value, inner))) = given.get(index) {
                return self.evaluate(value, inner);
            }
            if let Some(default) = &param.default {
                return self.evaluate(default, &home);
            }
            return Val::Text(self.parameter_hole(&param.name, &param.ty, span, env));
        }
        self.notes.unbound.push(Unbound { function, index, file: env.file, source: span });
        match &param.default {
            Some(default) if !is_nothing(default) => self.evaluate(default, &home),
            _ => Val::Text(self.parameter_hole(&param.name, &param.ty, span, env)),
        }
    }

    /// A hole for a parameter; a type of literals bounds its values (`"asc" | "desc"`, `Literal["a", "b"]`).
    fn parameter_hole(&mut self, name: &'a str, ty: &str, span: Span, env: &Env<'a>) -> Text<'a> {
        let quote = if ty.contains('"') { '"' } else { '\'' };
        let mut values: Vec<String> = Vec::new();
        if ty.contains('|') || ty.starts_with("Literal[") || ty.ends_with("Literal[") {
            values.extend(ty.split(quote).skip(1).step_by(2).map(str::to_string));
        }
        Text { parts: vec![Part::Hole { what: name.into(), file: env.file, source: span, values }] }
    }

    fn concat(&mut self, all: &'a [Value], span: Span, env: &Env<'a>) -> Val<'a> {
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
        let _ = span;
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
            Val::Map(entries, inner) => entries.iter().map(|(k, v)| key_text(k, v, inner.file)).collect(),
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
            Val::Map(entries, inner) => entries.iter().map(|(k, v)| key_text(k, v, inner.file)).collect(),
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

    fn index(&mut self, of: &'a Value, key: &'a Value, span: Span, env: &Env<'a>) -> Val<'a> {
        let container = self.evaluate(of, env);
        let key = match key {
            // an unknown key takes any entry
            Value::Opaque(..) => None,
            key => self.text_of(key, env).known(),
        };
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

    /// A tagged template: interpolated fragments are text, everything else is a parameter.
    fn tagged(&mut self, tag: &'a [String], parts: &'a [Value], parameters: bool, env: &Env<'a>) -> Text<'a> {
        let mut out = Text::default();
        for part in parts {
            let plain = matches!(part, Value::Text(..));
            if plain || !parameters || self.is_fragment(part, tag, env, 0) {
                out.append(self.fragment(part, tag, env));
            } else {
                out.append(Text { parts: vec![Part::Parameter { file: env.file, source: part.span() }] });
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
            Val::Map(entries, inner) if how.is_empty() && !entries.is_empty() => {
                // the values of a row: postgres.js prints `(a, b) values ($1, $2)` or `a = $1, b = $2`
                let keys = entries.iter().map(|(k, v)| match key_text(k, v, inner.file) {
                    Val::Text(t) => t,
                    _ => Text::default(),
                });
                let mut out = Text::synthetic("(");
                let mut marks = String::new();
                for (i, key) in keys.enumerate() {
                    if i > 0 {
                        out.append(Text::synthetic(", "));
                        marks.push_str(", ");
                    }
                    out.append(key);
                    marks.push('?');
                }
                out.append(Text::synthetic(format!(") values ({marks})")));
                Val::Text(out)
            }
            other => other,
        }
    }
}

/// The key of an object as text. The key's own place is not in the facts: what stands before the value.
fn key_text<'a>(key: &'a str, value: &Value, file: FileId) -> Val<'a> {
    let _ = (value, file);
    Val::Text(Text::synthetic(key))
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
        let mut at = 0;
        let mut spread = false;
        for arg in &call.call.args {
            if arg.spread {
                spread = true;
            }
            if !arg.name.is_empty() {
                if let Some(i) = params.iter().position(|p| p.name == arg.name) {
                    given[i] = Some((&arg.value, env.clone()));
                }
            } else if spread || params.get(at).is_none_or(|p| p.rest) {
                rest.push((&arg.value, env.clone()));
            } else {
                given[at] = Some((&arg.value, env.clone()));
                at += 1;
            }
        }
        Binding::Call { function, given, rest }
    }

    /// The environment of a call: what has happened when it runs.
    pub fn env_of(&self, call: CallRef<'a>, frames: Option<Rc<super::names::Frame<'a>>>) -> Env<'a> {
        Env { frames, ..Env::new(call.file, call.call.scope, call.call.span.start, call.call.branch) }
    }
}
