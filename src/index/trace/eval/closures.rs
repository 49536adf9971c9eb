//! Functions as values, and those that nobody was seen to call.

use crate::index::mapping::Origin;
use crate::index::program::FunctionRef;
use crate::index::trace::value::{Argument, Value};
use crate::index::trace::{Sent, Tracer};

/// Closures of one entry point that are run though nobody was seen to call them.
const MAX_PENDING: usize = 400;

impl<'a> Tracer<'a> {
    /// A function made in the running frame.
    pub(super) fn closure(&mut self, function: FunctionRef) -> Value {
        let frame = self.state.at;
        // functions of the module are entry points of their own
        let inner = self.current_frame().function.is_some();
        if inner && self.state.pending.len() < MAX_PENDING && !self.state.pending.iter().any(|p| p.0 == function) {
            self.state.pending.push((function, frame));
        }
        Value::Function { function, receiver: None, frame: Some(frame) }
    }

    /// Runs the functions that were made since, but that nothing has called: handlers, callbacks of libraries.
    pub(super) fn run_pending(&mut self) {
        let mut rounds = 0;
        while rounds < MAX_PENDING {
            let Some((function, frame)) = self.state.pending.pop() else { return };
            rounds += 1;
            if self.state.ran.contains(&function) {
                continue;
            }
            let Some(code) = self.program.function(function) else { continue };
            let site = Origin { file: function.file, span: code.span };
            if self.state.steps == 0 {
                self.next_budget(site);
            }
            self.state.stack.clear();
            let value = self.run_function(function, None, Some(frame), Vec::new(), std::rc::Rc::from([]), site, true);
            self.send_returned(&value, function, site);
        }
        self.state.pending.clear();
    }

    /// Notes the queries that a function of something that is no library of queries is given: where nothing else
    /// sends them, it awaits them (`attempt(db.insert(users).values(row))`).
    pub(super) fn give_away(&mut self, args: &[Argument]) {
        for arg in args {
            let queries = self.choices(&arg.value).into_iter().filter(|v| matches!(v, Value::Handle(h) if h.query.is_some()));
            self.state.given_away.extend(queries);
        }
    }

    /// Sends what was given away and never sent or built upon, where awaiting it does so.
    pub(super) fn send_given_away(&mut self) {
        for value in std::mem::take(&mut self.state.given_away) {
            let Value::Handle(handle) = &value else { continue };
            let Some(query) = handle.query.and_then(|q| self.query(q)).filter(|q| !q.used) else { continue };
            if let Some(site) = query.parts.last().copied() {
                self.library_await(&value, site);
            }
        }
    }

    /// `await value`, also of several values side by side.
    pub(super) fn await_value(&mut self, value: &Value, site: Origin) -> Value {
        let mut results = Vec::new();
        for choice in self.choices(value) {
            if let Some((items, open)) = self.list_items(&choice) {
                let items: Vec<Value> = items.iter().map(|i| self.library_await(i, site).unwrap_or_else(|| i.clone())).collect();
                results.push(match choice {
                    Value::Tuple(_) => Value::Tuple(items.into()),
                    _ => self.new_list(items, open),
                });
            } else {
                results.push(self.library_await(&choice, site).unwrap_or(choice));
            }
        }
        self.one_of_all(results)
    }

    /// What a function returns that nobody in sight builds on is awaited by whoever called it.
    pub(super) fn send_returned(&mut self, value: &Value, function: FunctionRef, site: Origin) {
        let (before, open) = (self.found.sent.len(), self.found.open.len());
        self.state.stack.push(function);
        for choice in self.choices(value) {
            let items = self.list_items(&choice).map_or_else(|| vec![choice], |l| l.0);
            for item in items {
                let Value::Handle(handle) = &item else { continue };
                let Some(query) = handle.query.and_then(|q| self.query(q)).filter(|q| !q.used) else { continue };
                let last = query.parts.iter().rev().find(|p| p.file == function.file).copied().unwrap_or(site);
                self.library_await(&item, last);
            }
        }
        self.state.stack.pop();
        for sent in self.found.sent.split_off(before.min(self.found.sent.len())) {
            self.found.returned.push((Sent { function: Some(function), ..sent }, function));
        }
        let open = self.found.open.split_off(open.min(self.found.open.len()));
        // what queries begin from is none itself
        if !self.program.function(function).is_some_and(|f| self.words.begins_queries(&f.name.text)) {
            self.found.returned_open.extend(open.into_iter().map(|o| (o, function)));
        }
    }

    /// Notes that what the last call of the program gave is built on: its function does not send what it returns.
    pub(in crate::index::trace) fn built_upon(&mut self, value: &Value) {
        let Some(function) = self.state.last_run else { return };
        for choice in self.choices(value) {
            if let Value::Handle(handle) = choice
                && handle.query.is_some()
            {
                self.state.helpers.insert(function);
            }
        }
    }
}
