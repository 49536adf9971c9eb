//! What a variable or parameter holds at a place: reaching definitions over branches, loops and closures.

use super::Resolver;
use super::evaluate::{MAX_ITEMS, Mode, Unbound, Val};
use super::names::{Binding, Env, is_nothing};
use super::symbols::{CallRef, Place};
use super::text::{FileId, Part, Text};
use crate::model::facts::{AssignOp, Assignment, Branch, ScopeId, Value};
use crate::model::span::Span;

/// Something added to a variable, or its being set.
struct Event<'a> {
    at: u32,
    assignment: &'a Assignment,
    /// The closure that does it, and the call that runs the closure.
    call: Option<(Place, CallRef<'a>)>,
    branch: u32,
}

impl<'a> Resolver<'a> {
    /// A variable by reaching definitions: the last assignment that happened, and what was added since.
    pub fn variable(&mut self, file: FileId, scope: ScopeId, path: &'a [String], span: Span, env: &Env<'a>) -> Option<Val<'a>> {
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
        let given = path.len() == 1 && symbols.scope((file, scope)).is_some_and(|s| s.params.iter().any(|p| Some(&p.name) == path.first()));
        let sets = |e: &Event<'a>| e.assignment.op == AssignOp::Set;
        let first = active.iter().position(sets);
        // `if not xs: xs = []` only stands in for a value that was not given.
        let stands_in = |i: usize, e: &Event<'a>| (given || first.is_some_and(|f| f < i)) && self.is_fallback(file, e, branch);
        let last = (0..active.len()).rev().find(|&i| active.get(i).is_some_and(|e| sets(e) && !stands_in(i, e)));
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

    /// Whether an event sets a variable to an empty value, in a branch without alternative that the place in branch
    /// `here` is not in.
    fn is_fallback(&self, file: FileId, event: &Event<'a>, here: u32) -> bool {
        let empty = match &event.assignment.value {
            Value::List(items, _) => items.is_empty(),
            Value::Text(runs, _) => runs.iter().all(|r| r.text.is_empty()),
            value => is_nothing(value),
        };
        let outer = || self.branches(file, here).map(|b| b.0);
        empty && self.branches(file, event.branch).next().is_some_and(|(n, b)| !b.exhaustive && !b.is_loop && !outer().any(|o| o == n))
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
    pub fn is_wordless(&self, val: &Val<'a>) -> bool {
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

    pub fn parameter(&mut self, function: Place, index: usize, span: Span, env: &Env<'a>) -> Val<'a> {
        let Some(param) = self.symbols.scope(function).and_then(|s| s.params.get(index)) else { return Val::Nothing };
        let home = Env { frames: env.frames.clone(), ..Env::new(function.0, function.1, 0, 0) };
        if let Some(frame) = env.frame_of(function)
            && let Binding::Call { given, rest, others, .. } = &frame.binding
        {
            let last = self.symbols.scope(function).is_some_and(|s| s.params.len() == index + 1);
            if param.rest && rest.is_empty() && last && !others.is_empty() {
                // `**changes`: walked through, it gives its keys
                return Val::List(others.iter().map(|name| Val::Text(Text::synthetic(*name))).collect());
            }
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
        self.notes.unbound.push(Unbound { function, index, file: env.file, source: span, chooses: false });
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
}
