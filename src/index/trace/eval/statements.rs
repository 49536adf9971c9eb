//! Statements: what they do to variables, and how branches and loops come together again.

use super::Frame;
use crate::index::trace::Tracer;
use crate::index::trace::value::Value;
use crate::model::code::{AssignOp, Expr, Stmt};
use crate::model::span::Span;
use rustc_hash::FxHashMap as HashMap;

impl<'a> Tracer<'a> {
    /// Runs statements in order.
    pub(super) fn block(&mut self, body: &'a [Stmt]) {
        let mut yielded = false;
        for stmt in body {
            // what follows a `yield` in the same block is reached, and nothing follows a `return`
            if self.frame().left && !yielded || !self.step() {
                return;
            }
            self.frame().left = false;
            self.statement(stmt);
            yielded = matches!(stmt, Stmt::Return(..));
        }
    }

    fn statement(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::Assign { target, ty, op, value, span, .. } => {
                let origin = self.origin(*span);
                let mut result = match value {
                    Some(value) => self.eval(value),
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
                self.assign(target, result, origin);
            }
            Stmt::Expr(expr) => {
                let value = self.eval(expr);
                self.dropped(&value, self.origin(expr.span));
            }
            Stmt::Return(value, _) => {
                let value = value.as_ref().map(|v| self.eval(v));
                self.returned(value);
            }
            Stmt::Branch { arms, exhaustive } => self.branch(arms, *exhaustive),
            Stmt::Loop { target, over, body } => self.repeat(target.as_ref(), over.as_ref(), body),
            Stmt::Block(body) => self.block(body),
            Stmt::Function(id) => {
                let file = self.file_here();
                let function = crate::index::program::FunctionRef { file, function: *id };
                let made = self.closure(function);
                let (name, decorators) = match self.program.function(function) {
                    Some(f) => (&*f.name.text, f.decorators.as_slice()),
                    None => return,
                };
                decorators.iter().for_each(|d| drop(self.eval(d)));
                if self.frame().function.is_some() {
                    self.frame().vars.insert(name, made);
                }
            }
            Stmt::Class(id) => {
                let class = crate::index::program::ClassRef { file: self.file_here(), class: *id };
                if self.frame().function.is_some()
                    && let Some(found) = self.program.class(class)
                {
                    let value = self.class_value(class, self.origin(found.name.span));
                    self.frame().vars.insert(&found.name.text, value);
                }
            }
            Stmt::Leave => self.frame().left = true,
            Stmt::Export { .. } => {}
        }
    }

    /// A value is returned or yielded.
    fn returned(&mut self, value: Option<Value>) {
        let value = match value {
            Some(value) => value,
            None => self.named_results().unwrap_or(Value::Null),
        };
        let before = self.frame().returned.take();
        let joined = match before {
            Some(before) => self.join(before, value),
            None => value,
        };
        let frame = self.frame();
        frame.returned = Some(joined);
        frame.left = true;
    }

    /// What named results hold (Go).
    pub(super) fn named_results(&mut self) -> Option<Value> {
        let function = self.frame().function?;
        let results = &self.program.function(function)?.results;
        if results.is_empty() {
            return None;
        }
        let vars = &self.frame().vars;
        let mut values: Vec<Value> = results.iter().map(|r| vars.get(&*r.text).cloned().unwrap_or_default()).collect();
        Some(if values.len() == 1 { values.remove(0) } else { Value::Tuple(values.into()) })
    }

    fn branch(&mut self, arms: &'a [(Option<Expr>, Vec<Stmt>)], exhaustive: bool) {
        let mut before = self.frame().vars.clone();
        let mut ends: Vec<HashMap<&'a str, Value>> = Vec::new();
        for (condition, body) in arms {
            self.frame().left = false;
            if let Some(condition) = condition {
                self.eval(condition);
                before = self.frame().vars.clone();
            }
            self.state.branches += 1;
            self.block(body);
            self.state.branches -= 1;
            let frame = self.frame();
            let vars = std::mem::replace(&mut frame.vars, before.clone());
            if !frame.left {
                ends.push(vars);
            }
        }
        let frame = self.frame();
        frame.left = false;
        if !exhaustive {
            ends.push(before);
        } else if ends.is_empty() {
            frame.left = true;
            return;
        }
        self.meet(ends);
    }

    fn repeat(&mut self, target: Option<&'a Expr>, over: Option<&'a Expr>, body: &'a [Stmt]) {
        let before = self.frame().vars.clone();
        if let Some(over) = over {
            let all = self.eval(over);
            let origin = self.origin(over.span);
            let several = target.is_some_and(|t| matches!(&t.kind, crate::model::code::ExprKind::Tuple(_)));
            let item = self.walked(&all, several, origin);
            if let Some(target) = target {
                self.assign(target, item, origin);
            }
        }
        self.state.branches += 1;
        self.block(body);
        self.state.branches -= 1;
        let frame = self.frame();
        frame.left = false;
        let after = std::mem::take(&mut frame.vars);
        self.meet(vec![before, after]);
    }

    /// Joins the variables of several ways into those of the frame.
    fn meet(&mut self, mut ends: Vec<HashMap<&'a str, Value>>) {
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
                        let joined = self.join(value.clone(), own.clone());
                        first.insert(name, joined);
                    }
                }
            }
        }
        self.frame().vars = first;
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
        if let Some(sum) = self.plus(&before, &value, origin) {
            return sum;
        }
        if matches!(before, Value::Expr(_) | Value::Handle(_)) || matches!(value, Value::Expr(_) | Value::Handle(_)) {
            if let Some(both) = self.library_binary("|", &before, &value, origin) {
                return both;
            }
        }
        Value::Unknown
    }

    /// A value that a statement leaves behind.
    fn dropped(&mut self, _value: &Value, _origin: crate::index::mapping::Origin) {}

    /// Evaluates code of a class body or default in a frame of its own.
    pub(super) fn in_class<T>(&mut self, class: crate::index::program::ClassRef, work: impl FnOnce(&mut Self) -> T) -> T {
        let parent = self.module_frame(class.file);
        let frame = self.push_frame(Frame { file: class.file, class: Some(class), parent: Some(parent), ..Frame::default() });
        self.inside(frame, work)
    }

    /// An empty place at a span of the running file.
    pub(super) fn here(&self, span: Span) -> crate::index::mapping::Origin {
        self.origin(span)
    }
}
