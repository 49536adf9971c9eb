//! Statements: what they do to variables, and how branches and loops come together again.

use super::Frame;
use crate::index::trace::Tracer;
use crate::index::trace::value::Value;
use crate::model::code::{AssignOp, Expr, ExprKind, Stmt};
use crate::model::span::Span;
use rustc_hash::FxHashMap as HashMap;

impl<'a> Tracer<'a> {
    /// Runs statements in order.
    pub(super) fn run_block(&mut self, body: &'a [Stmt]) {
        let mut yielded = false;
        for stmt in body {
            // what follows a `yield` in the same block is reached, and nothing follows a `return`
            if self.current_frame().left && !yielded || !self.count_step() {
                return;
            }
            self.current_frame().left = false;
            self.run_statement(stmt);
            yielded = matches!(stmt, Stmt::Return(..));
        }
    }

    fn run_statement(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::Assign { target, ty, op, value, span, .. } => {
                let origin = self.origin_here(*span);
                let mut result = match value {
                    Some(value) => {
                        let result = self.eval(value);
                        if let ExprKind::Call { .. } = value.kind {
                            self.built_upon(&result);
                        }
                        result
                    }
                    None => match ty {
                        Some(ty) => self.declared_empty(ty, origin),
                        None => Value::Unknown,
                    },
                };
                match op {
                    AssignOp::Set => {
                        if let Some(ty) = ty
                            && matches!(result, Value::Unknown | Value::Null)
                        {
                            result = self.type_value(ty, origin);
                        }
                    }
                    AssignOp::Add => {
                        let before = self.eval(target);
                        result = self.added(before, result, origin);
                    }
                    AssignOp::Item => result = self.item_of(&result, origin),
                }
                self.assign_to(target, result, origin);
            }
            Stmt::Expr(expr) => {
                self.eval(expr);
            }
            Stmt::Return(value, _) => {
                let value = value.as_ref().map(|v| self.eval(v));
                self.returned(value);
            }
            Stmt::Branch { arms, exhaustive } => self.run_branch(arms, *exhaustive),
            Stmt::Loop { target, over, body } => self.run_loop(target.as_ref(), over.as_ref(), body),
            Stmt::Block(body) => self.run_block(body),
            Stmt::Function(id) => {
                let file = self.file_here();
                let function = crate::index::program::FunctionRef { file, function: *id };
                let made = self.closure(function);
                let (name, decorators) = match self.program.function(function) {
                    Some(f) => (&*f.name.text, f.decorators.as_slice()),
                    None => return,
                };
                decorators.iter().for_each(|d| drop(self.eval(d)));
                if self.current_frame().function.is_some() {
                    self.current_frame().vars.insert(name, made);
                }
            }
            Stmt::Class(id) => {
                let class = crate::index::program::ClassRef { file: self.file_here(), class: *id };
                if self.current_frame().function.is_some()
                    && let Some(found) = self.program.class(class)
                {
                    let value = self.class_value(class, self.origin_here(found.name.span));
                    self.current_frame().vars.insert(&found.name.text, value);
                }
            }
            Stmt::Leave => self.current_frame().left = true,
            Stmt::Export { .. } => {}
        }
    }

    /// A value is returned or yielded.
    fn returned(&mut self, value: Option<Value>) {
        let value = match value {
            Some(value) => value,
            None => self.named_results().unwrap_or(Value::Null),
        };
        let before = self.current_frame().returned.take();
        let joined = match before {
            Some(before) => self.either(before, value),
            None => value,
        };
        let frame = self.current_frame();
        frame.returned = Some(joined);
        frame.left = true;
    }

    /// What named results hold (Go).
    pub(super) fn named_results(&mut self) -> Option<Value> {
        let function = self.current_frame().function?;
        let results = &self.program.function(function)?.results;
        if results.is_empty() {
            return None;
        }
        let vars = &self.current_frame().vars;
        let mut values: Vec<Value> = results.iter().map(|r| vars.get(&*r.text).cloned().unwrap_or_default()).collect();
        Some(if values.len() == 1 { values.remove(0) } else { Value::Tuple(values.into()) })
    }

    fn run_branch(&mut self, arms: &'a [(Option<Expr>, Vec<Stmt>)], exhaustive: bool) {
        let mut before = self.current_frame().vars.clone();
        let mut ends: Vec<HashMap<&'a str, Value>> = Vec::new();
        for (condition, body) in arms {
            self.current_frame().left = false;
            if let Some(condition) = condition {
                self.eval(condition);
                before = self.current_frame().vars.clone();
            }
            self.state.branches += 1;
            self.run_block(body);
            self.state.branches -= 1;
            let frame = self.current_frame();
            let vars = std::mem::replace(&mut frame.vars, before.clone());
            if !frame.left {
                ends.push(vars);
            }
        }
        let frame = self.current_frame();
        frame.left = false;
        if !exhaustive {
            ends.push(before);
        } else if ends.is_empty() {
            frame.left = true;
            return;
        }
        self.join_ways(ends);
    }

    fn run_loop(&mut self, target: Option<&'a Expr>, over: Option<&'a Expr>, body: &'a [Stmt]) {
        let before = self.current_frame().vars.clone();
        if let Some(over) = over {
            let all = self.eval(over);
            let origin = self.origin_here(over.span);
            let several = target.is_some_and(|t| matches!(&t.kind, ExprKind::Tuple(_)));
            let item = self.walked(&all, several, origin);
            if let Some(target) = target {
                self.assign_to(target, item, origin);
            }
        }
        self.state.branches += 1;
        self.run_block(body);
        self.state.branches -= 1;
        let frame = self.current_frame();
        frame.left = false;
        let after = std::mem::take(&mut frame.vars);
        self.join_ways(vec![before, after]);
    }

    /// Joins the variables of several ways into those of the frame.
    fn join_ways(&mut self, mut ends: Vec<HashMap<&'a str, Value>>) {
        let Some(mut first) = ends.pop() else { return };
        for other in ends {
            // in a fixed order: joining makes queries and objects
            let mut names: Vec<&'a str> = other.keys().copied().collect();
            names.sort_unstable();
            for name in names {
                let Some(value) = other.get(name) else { continue };
                match first.get(name) {
                    None => drop(first.insert(name, value.clone())),
                    Some(own) if super::join::same(own, value) => {}
                    Some(own) => {
                        // what was there first comes first
                        let joined = self.either(value.clone(), own.clone());
                        first.insert(name, joined);
                    }
                }
            }
        }
        self.current_frame().vars = first;
    }

    /// The sum of what was there and what is added in place (`+=`, `|=`).
    fn added(&mut self, before: Value, value: Value, origin: crate::index::mapping::Origin) -> Value {
        if let Value::Object(id) = &before
            && matches!(
                self.object(*id),
                Some(crate::index::trace::value::Object::List { .. } | crate::index::trace::value::Object::Map { .. })
            )
        {
            self.extend(*id, &value);
            return before;
        }
        if let Some(sum) = self.add_values(&before, &value, origin) {
            return sum;
        }
        if (matches!(before, Value::Expr(_) | Value::Handle(_)) || matches!(value, Value::Expr(_) | Value::Handle(_)))
            && let Some(both) = self.library_binary("|", &before, &value, origin)
        {
            return both;
        }
        Value::Unknown
    }

    /// Evaluates code of a class body or default in a frame of its own.
    pub(super) fn in_class<T>(&mut self, class: crate::index::program::ClassRef, work: impl FnOnce(&mut Self) -> T) -> T {
        let parent = self.module_frame(class.file);
        let frame = self.push_frame(Frame { file: class.file, class: Some(class), parent: Some(parent), ..Frame::default() });
        self.inside(frame, work)
    }

    /// An empty place at a span of the running file.
    pub(super) fn here(&self, span: Span) -> crate::index::mapping::Origin {
        self.origin_here(span)
    }
}
