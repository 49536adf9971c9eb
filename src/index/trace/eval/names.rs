//! What names stand for: variables, what other files define, what libraries bring.

use super::{Frame, FrameId, MAX_NESTING};
use crate::index::mapping::{Named, Origin};
use crate::index::program::{ClassRef, Definition, FileId};
use crate::index::trace::Tracer;
use crate::index::trace::value::Value;
use crate::model::code::{AssignOp, Expr, ExprKind, Stmt};
use crate::model::span::Span;

impl<'a> Tracer<'a> {
    /// Gives a variable of the running function that nothing is known of a value.
    pub(in crate::index::trace) fn learn(&mut self, name: &str, value: Value) {
        if let Some(known @ Value::Unknown) = self.current_frame().vars.get_mut(name) {
            *known = value;
        }
    }

    /// The value of a name.
    pub(super) fn resolve_name(&mut self, name: &'a str, span: Span) -> Value {
        let mut at = Some(self.state.at);
        for _ in 0..MAX_NESTING {
            let Some(frame) = at.and_then(|id| self.state.frames.get(id as usize)) else { break };
            if let Some(value) = frame.vars.get(name) {
                if let Value::Unknown = value {
                    let file = self.file_here();
                    return self.library_variable(file, name, Origin { file, span }).unwrap_or_default();
                }
                return placed(value.clone(), Origin { file: self.file_here(), span });
            }
            // names of a class body see each other: those of a model are its columns
            if frame.function.is_none()
                && let Some(class) = frame.class
                && let Some(&model) = self.models.by_class.get(&class)
                && self.has_attribute(class, name)
                && self.models.get(model).is_some_and(|m| m.field(name).is_some())
            {
                let origin = Some(Origin { file: self.file_here(), span });
                let named = Named { text: name.into(), origin };
                return self.library_member(&Value::Model { model, alias: None, origin }, &named).unwrap_or_default();
            }
            if frame.function.is_none()
                && let Some(class) = frame.class
                && self.has_attribute(class, name)
                && let Some(value) = self.class_attribute(class, name)
            {
                return value;
            }
            at = self.state.frames.get(at.unwrap_or_default() as usize).and_then(|f| f.parent);
        }
        let file = self.file_here();
        self.global(file, name, span)
    }

    /// What a name of a module means.
    pub(super) fn global(&mut self, file: FileId, name: &str, span: Span) -> Value {
        let origin = Origin { file: self.file_here(), span };
        match self.program.lookup(file, name) {
            // what a library's values are called says what it is where nothing else does
            Some(found @ Definition::Variable { .. }) => match self.defined(&found, origin) {
                Value::Unknown => self.library_variable(file, name, origin).unwrap_or_default(),
                known => known,
            },
            Some(found) => self.defined(&found, origin),
            None => match self.global_value(file, name, origin).or_else(|| self.library_variable(file, name, origin)) {
                Some(value) => value,
                None => Value::External(name.into()),
            },
        }
    }

    /// Whether the first part of a dotted name is nothing that the program or a library in sight defines.
    pub(super) fn is_undefined(&self, file: FileId, path: &str) -> bool {
        let first = path.split('.').next().unwrap_or(path);
        self.program.file(file).is_some_and(|f| !f.imports.iter().any(|i| i.module == first)) && self.program.lookup(file, first).is_none()
    }

    /// The value of a definition.
    pub(super) fn defined(&mut self, found: &Definition<'a>, origin: Origin) -> Value {
        match found {
            Definition::Class(class) => self.class_value(*class, origin),
            Definition::Function(function) => Value::Function { function: *function, receiver: None, frame: None },
            Definition::Module(files) => Value::Module(files.as_slice().into()),
            Definition::Entry { file, of, name } => {
                let whole = self.module_variable(*file, &[*of]);
                self.read_member(&whole, &Named { text: name.as_str().into(), origin: Some(origin) }, origin)
            }
            Definition::External(path) => match self.models.by_external.get(path.as_str()) {
                Some(&model) => Value::Model { model, alias: None, origin: Some(origin) },
                None => Value::External(path.as_str().into()),
            },
            Definition::Variable { file, values, ty } => {
                let value = placed(self.module_variable(*file, values), origin);
                match ty {
                    Some(ty) if matches!(value, Value::Unknown | Value::Null) => {
                        let frame = self.module_frame(*file);
                        self.inside(frame, |t| t.type_value(ty, origin))
                    }
                    _ => value,
                }
            }
        }
    }

    /// A class as a value: its model, if it is one.
    pub(super) fn class_value(&self, class: ClassRef, origin: Origin) -> Value {
        match self.models.by_class.get(&class) {
            Some(&model) => Value::Model { model, alias: None, origin: Some(origin) },
            None => Value::Class(class),
        }
    }

    /// The frame of a module, whose body is run when it is first asked for.
    pub(super) fn module_frame(&mut self, file: FileId) -> FrameId {
        if let Some(&frame) = self.state.modules.get(&file) {
            return frame;
        }
        let frame = self.push_frame(Frame { file, ..Frame::default() });
        self.state.modules.insert(file, frame);
        if let Some(code) = self.program.file(file).map(|f| f.code)
            && self.state.modules.len() < 100_000
        {
            let stack = std::mem::take(&mut self.state.stack);
            let nesting = std::mem::take(&mut self.state.nesting);
            let depth = self.state.module_depth;
            if depth < 24 {
                self.state.module_depth += 1;
                self.with_budget(Origin { file, span: Default::default() }, |t| t.inside(frame, |t| t.run_block(&code.body)));
                self.state.module_depth = depth;
            }
            self.state.stack = stack;
            self.state.nesting = nesting;
        }
        frame
    }

    fn module_variable(&mut self, file: FileId, values: &[&'a Expr]) -> Value {
        let frame = self.module_frame(file);
        let program = self.program;
        let find = |value: &'a Expr| program.file(file).and_then(|f| assigned(&f.code.body, value));
        let name = values.first().and_then(|v| self.assigned_name(v, || find(v)));
        if let Some(name) = name
            && let Some(value) = self.state.frames.get(frame as usize).and_then(|f| f.vars.get(name))
        {
            return value.clone();
        }
        // the module is being run and has not come there, or was left before
        let values: Vec<Value> = values.iter().rev().take(4).map(|v| self.inside(frame, |t| t.eval(v))).collect();
        self.one_of_all(values)
    }
}

/// The name that a value of the module is assigned to.
fn assigned<'a>(body: &'a [Stmt], value: &Expr) -> Option<&'a str> {
    body.iter().find_map(|stmt| match stmt {
        Stmt::Assign { target, op, value: Some(v), .. } if *op != AssignOp::Item && std::ptr::eq(v, value) => match &target.kind {
            ExprKind::Name(name) => Some(&**name),
            _ => None,
        },
        Stmt::Branch { arms, .. } => arms.iter().find_map(|(_, body)| assigned(body, value)),
        Stmt::Block(body) | Stmt::Loop { body, .. } => assigned(body, value),
        _ => None,
    })
}

/// A model that a variable holds is named where the variable is.
fn placed(value: Value, origin: Origin) -> Value {
    match value {
        Value::Model { model, alias, .. } => Value::Model { model, alias, origin: Some(origin) },
        other => other,
    }
}
