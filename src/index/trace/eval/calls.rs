//! Calls: of the program's functions and methods, of classes, of what comes from libraries.

use super::expressions::is_super;
use super::{Frame, FrameId, MAX_CALLS};
use crate::index::mapping::{Named, Origin};
use crate::index::program::FunctionRef;
use crate::index::trace::value::{Argument, Object, Value};
use crate::index::trace::{Callee, Tracer};
use crate::model::code::{Arg, Expr, ExprKind, Function, Type};
use crate::model::facts::Language;
use std::rc::Rc;

impl<'a> Tracer<'a> {
    /// A call as written.
    pub(super) fn call_expression(&mut self, expr: &'a Expr, function: &'a Expr, types: &'a [Type], args: &'a [Arg], new: bool) -> Value {
        let site = self.origin_here(expr.span);
        let types: Rc<[Value]> = types.iter().map(|t| self.named_type(t, site)).collect();
        match &function.kind {
            ExprKind::Member(object, name) if !new => {
                let name = self.word_here(name);
                if is_super(object) {
                    let args = self.arguments(args);
                    return self.super_call(name, args, types, site);
                }
                let receiver = self.eval(object);
                if let ExprKind::Call { .. } = object.kind {
                    self.built_upon(&receiver);
                }
                let args = self.arguments(args);
                self.state.last_run = None;
                let receiver = match (receiver, &object.kind) {
                    (unknown @ (Value::Unknown | Value::External(_)), ExprKind::Member(_, member)) => {
                        let member = self.word_here(member);
                        self.told_by_form(site.file, &member, &name.text, &args).unwrap_or(unknown)
                    }
                    (known, _) => known,
                };
                self.call_method(&receiver, &name, args, types, site)
            }
            ExprKind::Name(name) if &**name == "super" => {
                let args = self.arguments(args);
                let name = Named { text: "constructor".into(), origin: None };
                if self.language_here() == Language::Python { Value::Unknown } else { self.super_call(name, args, types, site) }
            }
            // `function[Type](row)`
            ExprKind::Index(of, key) if self.language_here() == Language::Go => {
                let (generic, key) = (self.eval(of), self.eval(key));
                let args = self.arguments(args);
                self.state.last_run = None;
                match self.library_instantiated(&generic, std::slice::from_ref(&key), site) {
                    Some(_) => {
                        let callee = match generic {
                            Value::External(name) => Callee::Function { name, types: Rc::from([key]) },
                            other => Callee::Itself(other),
                        };
                        self.library_call(&callee, &args, site).unwrap_or_default()
                    }
                    None => {
                        let callee = self.read_item(&generic, &key, site);
                        self.call_value(&callee, args, types, site)
                    }
                }
            }
            _ => {
                let callee = self.eval(function);
                let args = self.arguments(args);
                self.state.last_run = None;
                self.call_value(&callee, args, types, site)
            }
        }
    }

    /// Runs a function, method or closure of the program with these arguments, or calls what comes from a library,
    /// and gives what it returns. [`Value::Unknown`] where it is neither, or calls are nested too deep.
    pub(in crate::index::trace) fn call_function(&mut self, function: &Value, args: Vec<Argument>, site: Origin) -> Value {
        self.call_value(function, args, Rc::from([]), site)
    }

    /// Calls a value.
    pub(super) fn call_value(&mut self, callee: &Value, args: Vec<Argument>, types: Rc<[Value]>, site: Origin) -> Value {
        match callee {
            Value::OneOf(_) => {
                let all = self.choices(callee);
                let all = all.iter().map(|c| self.call_value(c, args.clone(), types.clone(), site)).collect();
                self.one_of_all(all)
            }
            Value::Function { function, receiver, frame } => {
                self.run_function(*function, receiver.as_deref().cloned(), *frame, args, types, site, false)
            }
            Value::Class(class) => self.construct(*class, args, types, site),
            Value::Model { model, origin, .. } => {
                let named = origin.filter(|o| o.file == site.file && site.span.covers(o.span));
                self.library_construct(*model, named, &args, site)
            }
            Value::External(name) => {
                let callee = Callee::Function { name: name.clone(), types: types.clone() };
                if let Some(value) = self.library_call(&callee, &args, site) {
                    return value;
                }
                if let Some(value) = self.builtin_function(name, &args, &types, site) {
                    return value;
                }
                // a member of something that nothing in sight defines
                if let Some((of, method)) = name.rsplit_once('.').filter(|(of, _)| !of.contains('/')) {
                    let method = Named { text: method.into(), origin: None };
                    if self.is_undefined(site.file, of) {
                        self.note_untold(site.file, &method, site);
                    }
                }
                self.send_texts(&name.split('.').collect::<Vec<_>>(), &args, site);
                if self.packs.language(self.language_here()).is_none_or(|l| l.detected_by(name).next().is_none()) {
                    self.give_away(&args);
                }
                self.hand_over(&args, Value::Unknown, site)
            }
            Value::Object(id) if matches!(self.object(*id), Some(Object::Instance { .. })) => {
                match self.call_own_method(callee, "__call__", args.clone(), site) {
                    Some(value) => value,
                    None => self.library_itself(callee, &args, site),
                }
            }
            _ => {
                let given = self.library_itself(callee, &args, site);
                self.library_row_type(&given, &types);
                // what a library made of a function (`cache(async () => user)`) is what that one gave: rows and objects are
                // not called
                let is_rows = |v: &Value| match v {
                    Value::Object(id) => matches!(self.object(*id), Some(Object::Entity { .. } | Object::Map { .. })),
                    other => matches!(other, Value::Row { .. }),
                };
                if matches!(given, Value::Unknown) && is_rows(callee) { callee.clone() } else { given }
            }
        }
    }

    fn library_itself(&mut self, callee: &Value, args: &[Argument], site: Origin) -> Value {
        if (self.is_library(callee) || matches!(callee, Value::Unknown | Value::Object(_)))
            && let Some(value) = self.library_call(&Callee::Itself(callee.clone()), args, site)
        {
            return value;
        }
        self.send_texts(&[], args, site);
        self.hand_over(args, Value::Unknown, site)
    }

    /// A method call: the program's own, then the library's, then what the language brings.
    pub(super) fn call_method(&mut self, receiver: &Value, name: &Named, args: Vec<Argument>, types: Rc<[Value]>, site: Origin) -> Value {
        if let Value::OneOf(_) = receiver {
            let all = self.choices(receiver);
            let all = all.iter().map(|r| self.call_method(r, name, args.clone(), types.clone(), site)).collect();
            return self.one_of_all(all);
        }
        match receiver {
            Value::Module(files) => {
                let callee = match self.read_member(receiver, name, site) {
                    // a method of the object that the module exports
                    Value::Function { function, receiver: None, frame } if files.contains(&function.file) => {
                        let receiver = self.exported_object(function).map(Box::new);
                        Value::Function { function, receiver, frame }
                    }
                    other => other,
                };
                return self.call_value(&callee, args, types, site);
            }
            Value::External(path) => {
                let callee = match self.library_member(receiver, name) {
                    Some(value) => value,
                    None => Value::External(format!("{path}.{}", name.text).into()),
                };
                return self.call_value(&callee, args, types, site);
            }
            _ => {}
        }
        if let Some(method) = self.own_method(receiver, &name.text) {
            return self.call_value(&method, args, types, site);
        }
        // an attribute that holds a function, a class, or a value that can be called
        if let Some(callee) = self.held_value(receiver, name, site) {
            return self.call_value(&callee, args, types, site);
        }
        let of_library = match receiver {
            Value::Object(id) => match self.object(*id) {
                Some(Object::Instance { .. }) => self.base_handle(receiver),
                _ => Some(receiver.clone()),
            },
            Value::Class(class) => Some(self.base_of_class(*class)),
            other => Some(other.clone()),
        };
        if let Some(object) = of_library {
            let callee = Callee::Method { receiver: object, name: name.clone(), types };
            if let Some(value) = self.library_call(&callee, &args, site) {
                return match (value, receiver) {
                    // `TicketQuerySet.as_manager()` has the methods of the class
                    (Value::Handle(handle), Value::Class(class)) if handle.instance.is_none() && handle.query.is_none() => {
                        let instance = self.methods_of(*class, site);
                        Value::Handle(crate::index::trace::value::Handle { instance, ..handle })
                    }
                    (value, _) => value,
                };
            }
        }
        if let Some(value) = self.builtin_method(receiver, &name.text, &args, site) {
            return value;
        }
        if let Some(value) = self.said_result(receiver, &name.text, site) {
            self.hand_over(&args, Value::Unknown, site);
            return value;
        }
        if matches!(receiver, Value::Unknown) {
            self.note_untold(site.file, name, site);
        }
        self.send_texts(&[&name.text], &args, site);
        self.hand_over(&args, receiver.clone(), site)
    }

    /// Sends the queries that became text and are given to something unknown, other than a log.
    fn send_texts(&mut self, callee: &[&str], args: &[Argument], site: Origin) {
        let callee: Vec<String> = callee.iter().map(|s| s.to_string()).collect();
        if self.packs.language(self.language_here()).is_some_and(|l| l.text.is_muted(&callee)) {
            return;
        }
        for arg in args {
            self.choices(&arg.value).iter().for_each(|choice| self.send_rendered(choice, site));
        }
    }

    /// An attribute that code has put there and that can be called.
    fn held_value(&mut self, receiver: &Value, name: &Named, site: Origin) -> Option<Value> {
        let held = match receiver {
            Value::Object(id) => match self.object(*id)? {
                Object::Map { .. } => self.map_entry(receiver, &name.text)?,
                Object::Instance { class, .. } => {
                    let class = *class;
                    self.instance_attribute(*id, class, receiver, name, site)?
                }
                _ => return None,
            },
            Value::Class(class) => self.class_member(*class, receiver, name, site)?,
            Value::Model { model, .. } => {
                let class = self.models.get(*model)?.class?;
                self.class_member(class, receiver, name, site)?
            }
            Value::Handle(handle) => self.instance_field(handle.instance?, &name.text)?,
            _ => return None,
        };
        match held {
            Value::Unknown | Value::Null | Value::Scalar(_) | Value::Text(_) => None,
            value => Some(value),
        }
    }

    /// A method of the program that a value has, called; `None` where the program defines none of this name.
    pub(in crate::index::trace) fn call_own_method(
        &mut self,
        receiver: &Value,
        name: &str,
        args: Vec<Argument>,
        site: Origin,
    ) -> Option<Value> {
        let method = self.own_method(receiver, name)?;
        Some(self.call_value(&method, args, Rc::from([]), site))
    }

    /// `super().method(...)`, `super(...)`.
    fn super_call(&mut self, name: Named, args: Vec<Argument>, types: Rc<[Value]>, site: Origin) -> Value {
        let receiver = self.receiver_here();
        if let Some(class) = self.class_here() {
            let order = self.base_order(class);
            let found = order.iter().skip(1).find_map(|&c| self.method_in(c, &name.text));
            if let Some(function) = found {
                return self.run_function(function, receiver, None, args, types, site, false);
            }
        }
        let Some(receiver) = receiver else { return Value::Unknown };
        let object = match &receiver {
            Value::Object(id) if matches!(self.object(*id), Some(Object::Instance { .. })) => self.base_handle(&receiver),
            Value::Class(class) => Some(self.base_of_class(*class)),
            _ => Some(receiver.clone()),
        };
        if matches!(&*name.text, "__init__" | "constructor") {
            return Value::Unknown;
        }
        let Some(object) = object else { return self.hand_over(&args, Value::Unknown, site) };
        let callee = Callee::Method { receiver: object, name, types };
        self.library_call(&callee, &args, site).unwrap_or_default()
    }

    /// `super().name`.
    pub(super) fn super_member(&mut self, name: &str, site: Origin) -> Option<Value> {
        let receiver = self.receiver_here();
        let class = self.class_here()?;
        let order = self.base_order(class);
        let function = order.iter().skip(1).find_map(|&c| self.method_in(c, name))?;
        let value = Value::Function { function, receiver: receiver.clone().map(Box::new), frame: None };
        Some(if self.is_property(function) { self.call_value(&value, Vec::new(), Rc::from([]), site) } else { value })
    }

    fn receiver_here(&self) -> Option<Value> {
        let mut at = Some(self.state.at);
        for _ in 0..super::MAX_NESTING {
            let frame = self.state.frames.get(at? as usize)?;
            if frame.receiver.is_some() {
                return frame.receiver.clone();
            }
            at = frame.parent;
        }
        None
    }

    /// A call of which nothing is known: functions given to it are run with what it was called on, or its items.
    fn hand_over(&mut self, args: &[Argument], receiver: Value, site: Origin) -> Value {
        let mut results = Vec::new();
        for arg in args {
            for choice in self.choices(&arg.value) {
                if let Value::Function { function, .. } = &choice {
                    if self.state.stack.contains(function) || self.state.ran.contains(function) {
                        continue;
                    }
                    let given = match &receiver {
                        Value::Unknown | Value::External(_) | Value::Null => Vec::new(),
                        other => {
                            let item = self.item_of(other, site);
                            if matches!(item, Value::Unknown) { Vec::new() } else { vec![self.argument(item, site)] }
                        }
                    };
                    let value = self.call_value(&choice, given, Rc::from([]), site);
                    results.push(self.await_value(&value, site));
                }
            }
        }
        if results.len() == 1 { results.remove(0) } else { Value::Unknown }
    }

    /// Runs a function, or gives what it gave when it was called so before.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn run_function(
        &mut self,
        function: FunctionRef,
        receiver: Option<Value>,
        closure: Option<FrameId>,
        args: Vec<Argument>,
        types: Rc<[Value]>,
        site: Origin,
        entry: bool,
    ) -> Value {
        let Some(code) = self.program.function(function) else { return Value::Unknown };
        if self.state.stack.len() >= MAX_CALLS || self.state.stack.contains(&function) {
            match self.state.stack.iter().position(|f| *f == function) {
                Some(place) => self.cut_at(place),
                None => self.found.counts.deep += 1,
            }
            return self.declared_result(function, closure, site);
        }
        if entry || closure.is_some_and(|frame| !self.is_of_module(frame)) {
            return self.run_body(function, code, receiver, closure, args, types, site, entry);
        }
        if let Some(value) = self.given_to_test(function, receiver.as_ref(), &args, site) {
            return value;
        }
        let running = match self.known_call(function, receiver.as_ref(), &args, &types, site) {
            Ok(known) => return known,
            Err(running) => running,
        };
        let value = self.run_body(function, code, receiver, closure, args, types, site, entry);
        if let Some(running) = running {
            self.keep_call(running, &value);
        }
        value
    }

    #[allow(clippy::too_many_arguments)] // those of a call
    fn run_body(
        &mut self,
        function: FunctionRef,
        code: &'a Function,
        receiver: Option<Value>,
        closure: Option<FrameId>,
        args: Vec<Argument>,
        types: Rc<[Value]>,
        site: Origin,
        entry: bool,
    ) -> Value {
        let parent = match closure {
            Some(frame) => frame,
            None => self.module_frame(function.file),
        };
        let class = self.class_of(function);
        let own_types = self.types_of(receiver.as_ref(), class);
        let own_types = if types.is_empty() || class.is_some() { own_types } else { self.bound_types(code, &types, own_types) };
        let frame = self.push_frame(Frame {
            file: function.file,
            function: Some(function),
            class,
            receiver: receiver.clone(),
            parent: Some(parent),
            types: own_types,
            ..Frame::default()
        });
        self.state.ran.insert(function);
        self.state.stack.push(function);
        let branches = std::mem::take(&mut self.state.branches);
        let value = self.inside(frame, |t| {
            match (&code.receiver, receiver) {
                (Some(param), Some(value)) => drop(t.current_frame().vars.insert(&param.name.text, value)),
                (Some(param), None) => {
                    let value = match &param.ty {
                        Some(ty) => t.type_value(ty, site),
                        None => class.map(|c| t.self_of(c, function)).unwrap_or_default(),
                    };
                    t.current_frame().vars.insert(&param.name.text, value);
                }
                // `function () { this... }` that a library calls on a value
                (None, Some(value)) if (code.params.is_empty() || code.is_static) && t.language_here() != Language::Python => {
                    t.current_frame().vars.insert("this", value);
                }
                _ => {}
            }
            for result in &code.results {
                t.current_frame().vars.insert(&result.text, Value::Unknown);
            }
            t.type_results(code, site);
            t.bind_parameters(&code.params, args, entry, site);
            t.set_properties(code, class);
            t.run_block(&code.body);
            if !t.current_frame().left && !code.results.is_empty() {
                let value = t.named_results().unwrap_or_default();
                t.current_frame().returned = Some(value);
            }
            t.current_frame().returned.take()
        });
        self.state.branches = branches;
        self.state.stack.pop();
        if self.state.steps == 0 {
            // it may not have come to its end
            self.state.ran.remove(&function);
        }
        self.state.last_run = Some(function);
        let nothing = matches!(value, None | Some(Value::Unknown | Value::Null));
        if nothing && code.returns.is_some() {
            let declared = self.inside(frame, |t| match &code.returns {
                Some(ty) => t.type_value(ty, site),
                None => Value::Unknown,
            });
            let declared = match declared {
                Value::Unknown => self.inside(frame, |t| t.result_by_parameter(code, site)).unwrap_or_default(),
                known => known,
            };
            if !matches!(declared, Value::Unknown) {
                return declared;
            }
        }
        value.unwrap_or(if code.body.is_empty() { Value::Unknown } else { Value::Null })
    }

    /// What an interface says that a method returns which nothing in sight implements.
    fn said_result(&mut self, receiver: &Value, name: &str, site: Origin) -> Option<Value> {
        let Some(Object::Instance { class, .. }) = self.instance_of(receiver).and_then(|id| self.object(id)) else { return None };
        let class = *class;
        let (owner, field) = self.declared_field(class, name)?;
        let Some(Type::Function(result)) = &field.ty else { return None };
        let types = self.types_of(Some(receiver), Some(class));
        let value = self.with_types(owner, types, |t| t.type_value(result, site));
        (!matches!(value, Value::Unknown)).then_some(value)
    }

    /// What a function says that it returns.
    fn declared_result(&mut self, function: FunctionRef, closure: Option<FrameId>, site: Origin) -> Value {
        let Some(ty) = self.program.function(function).and_then(|f| f.returns.as_ref()) else { return Value::Unknown };
        let frame = match closure {
            Some(frame) => frame,
            None => self.module_frame(function.file),
        };
        self.inside(frame, |t| t.type_value(ty, site))
    }
}
