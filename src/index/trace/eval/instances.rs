//! Instances of the program's classes: how they are made, and what their attributes hold.

use super::classes::Setters;
use crate::index::mapping::{Named, Origin};
use crate::index::program::{ClassRef, FunctionRef};
use crate::index::trace::Callee;
use crate::index::trace::Tracer;
use crate::index::trace::value::{Argument, Handle, Object, Value};
use crate::model::code::{AssignOp, Expr, ExprKind, Field, Function, Param, Stmt};
use crate::model::facts::Language;
use rustc_hash::FxHashMap as HashMap;
use std::rc::Rc;

/// Where an instance keeps the row whose columns its attributes are.
const OF_ROW: &str = "**";
/// Most instances of modules whose methods are run for each.
const MAX_MADE: usize = 64;

impl<'a> Tracer<'a> {
    /// An attribute of an instance.
    pub(super) fn instance_member(&mut self, id: u32, class: ClassRef, object: &Value, name: &Named, site: Origin) -> Option<Value> {
        if let Some(row) = self.instance_field(id, OF_ROW)
            && self.declared_field(class, &name.text).is_some()
        {
            self.library_member(&row, name);
        }
        if let Some(value) = self.instance_field(id, &name.text) {
            return Some(self.filled_later(id, class, object, value, &name.text, site));
        }
        if let Some(function) = self.find_method(class, &name.text) {
            let bound = self.bound_method(function, object);
            return Some(if self.is_property(function) { self.call_value(&bound, Vec::new(), Rc::from([]), site) } else { bound });
        }
        if let Some(value) = self.instance_attribute(id, class, object, name, site) {
            return Some(value);
        }
        if let Some(base) = self.base_handle(object)
            && let Some(value) = self.library_member(&base, name)
        {
            return Some(value);
        }
        self.library_variable(site.file, &name.text, name.origin.unwrap_or(site))
    }

    /// What an attribute that is no method holds: what code assigned, the class's value, a value of its type.
    pub(super) fn instance_attribute(&mut self, id: u32, class: ClassRef, object: &Value, name: &Named, site: Origin) -> Option<Value> {
        if let Some(value) = self.instance_field(id, &name.text) {
            return Some(value);
        }
        let mut value = self.initial_value(class, object, &name.text);
        if matches!(value, None | Some(Value::Unknown | Value::Null)) {
            value = self.sought_value(id, class, object, &name.text, site).or(value);
        }
        if matches!(value, None | Some(Value::Unknown | Value::Null))
            && let Some((owner, field)) = self.declared_field(class, &name.text)
            && let Some(ty) = &field.ty
        {
            let types = self.types_of(Some(object), Some(class));
            let place = Origin { file: owner.file, span: field.name.span };
            let typed = self.with_types(owner, types, |t| t.type_value(ty, place));
            if !matches!(typed, Value::Unknown) {
                value = Some(typed);
            }
        }
        let value = match value? {
            Value::Unknown => self.library_variable(site.file, &name.text, name.origin.unwrap_or(site))?,
            known => known,
        };
        if let Some(Object::Instance { fields, .. }) = self.object_to_note(id)
            && !fields.iter().any(|f| *f.0 == *name.text)
        {
            fields.push((name.text.clone(), value.clone()));
        }
        Some(value)
    }

    /// The value that the class body gives an attribute of its instances; functions in it know the instance.
    fn initial_value(&mut self, class: ClassRef, object: &Value, name: &str) -> Option<Value> {
        let order = self.base_order(class);
        let (owner, field) = order.iter().find_map(|&c| {
            let found = self.program.class(c)?.fields.iter().find(|f| &*f.name.text == name && f.value.is_some())?;
            Some((c, found))
        })?;
        if field.is_static || self.file_language(owner.file) == Language::Python {
            return self.class_attribute(class, name);
        }
        if self.state.seeking.iter().any(|(c, n)| *c == owner && &**n == name) {
            self.cut_at(0);
            return None;
        }
        self.state.seeking.push((owner, name.into()));
        let types = self.types_of(Some(object), Some(class));
        let value = field.value.as_ref()?;
        let result = self.with_types(owner, types, |t| {
            t.current_frame().vars.insert("this", object.clone());
            t.current_frame().receiver = Some(object.clone());
            t.eval(value)
        });
        self.state.seeking.pop();
        Some(result)
    }

    /// What a method puts in an attribute that the constructor leaves empty (`this.client = null`).
    fn filled_later(&mut self, id: u32, class: ClassRef, object: &Value, value: Value, name: &str, site: Origin) -> Value {
        if !matches!(value, Value::Null) || self.state.never_filled.contains(&(class, name.into())) {
            return value;
        }
        let later = self.base_order(class).iter().any(|&at| {
            let setters = self.setters(at);
            setters.get(name).is_some_and(|all| all.iter().any(|f| !self.is_constructor(*f)))
        });
        let running = self.state.seeking.len();
        let found = later.then(|| self.sought_value(id, class, object, name, site)).flatten();
        if found.is_none() && running == 0 && self.state.steps > 0 {
            self.state.never_filled.insert((class, name.into()));
        }
        found.unwrap_or(value)
    }

    fn is_constructor(&self, function: FunctionRef) -> bool {
        self.program.function(function).is_some_and(|f| matches!(&*f.name.text, "__init__" | "constructor"))
    }

    /// Runs the methods that assign an attribute, the constructor first.
    fn sought_value(&mut self, id: u32, class: ClassRef, object: &Value, name: &str, site: Origin) -> Option<Value> {
        if self.state.seeking.len() > 6 || self.state.seeking.iter().any(|(c, n)| *c == class && &**n == name) {
            self.cut_at(0);
            return None;
        }
        let order = self.base_order(class);
        for &at in order.iter() {
            let Some(methods) = self.setters(at).get(name).cloned() else { continue };
            for function in methods.into_iter().take(3) {
                self.state.seeking.push((class, name.into()));
                let before = std::mem::take(&mut self.state.stack);
                let keep: Vec<FunctionRef> = before.iter().rev().take(2).copied().collect();
                self.state.stack = keep;
                self.run_function(function, Some(object.clone()), None, Vec::new(), Rc::from([]), site, true);
                self.state.stack = before;
                self.state.seeking.pop();
                if let Some(value) = self.instance_field(id, name)
                    && !matches!(value, Value::Unknown | Value::Null)
                {
                    return Some(value);
                }
            }
        }
        None
    }

    fn setters(&mut self, class: ClassRef) -> Rc<Setters<'a>> {
        if let Some(known) = self.state.setters.get(&class) {
            return known.clone();
        }
        let mut out: Setters<'a> = HashMap::default();
        if let Some(code) = self.program.class(class) {
            let mut methods: Vec<(bool, FunctionRef)> = code
                .methods
                .iter()
                .map(|&function| FunctionRef { file: class.file, function })
                .map(|f| (!self.program.function(f).is_some_and(|m| matches!(&*m.name.text, "__init__" | "constructor")), f))
                .collect();
            methods.sort_unstable();
            for (_, function) in methods {
                let Some(method) = self.program.function(function) else { continue };
                let Some(receiver) = &method.receiver else { continue };
                let mut names = Vec::new();
                assigned(&method.body, &receiver.name.text, &mut names);
                if &*method.name.text == "constructor" {
                    let own = method.params.iter().filter(|p| p.default.is_some() && is_property(p, &code.fields));
                    names.extend(own.map(|p| &*p.name.text));
                }
                for name in names {
                    let list = out.entry(name).or_default();
                    if !list.contains(&function) {
                        list.push(function);
                    }
                }
            }
        }
        let out = Rc::new(out);
        self.state.setters.insert(class, out.clone());
        out
    }

    /// `C(...)`, `new C(...)`.
    pub(super) fn construct(&mut self, class: ClassRef, args: Vec<Argument>, types: Rc<[Value]>, site: Origin) -> Value {
        let maker = ["__init__", "constructor"].iter().find_map(|n| self.find_method(class, n));
        if let Some(value) = self.made_for_test(class, &args, site) {
            return value;
        }
        // instances that modules make are noted
        let Some(function) = maker.filter(|_| !self.state.stack.is_empty()) else {
            return self.construct_by(class, maker, args, types, site);
        };
        let running = match self.known_call(function, Some(&Value::Class(class)), &args, &types, site) {
            Ok(known) => return known,
            Err(running) => running,
        };
        let value = self.construct_by(class, maker, args, types, site);
        if let Some(running) = running {
            self.keep_call(running, &value);
        }
        value
    }

    fn construct_by(
        &mut self,
        class: ClassRef,
        maker: Option<FunctionRef>,
        args: Vec<Argument>,
        types: Rc<[Value]>,
        site: Origin,
    ) -> Value {
        let value = self.bare(class);
        if let Some(id) = self.instance_of(&value)
            && !types.is_empty()
        {
            let names = self.parameters(class);
            if let Some(Object::Instance { types: own, .. }) = self.object_mut(id) {
                own.extend(names.into_iter().zip(types.iter().cloned()));
            }
        }
        let Some(maker) = maker else {
            if let Some(built) = self.built_by_library(class, &value, &args, site) {
                return built;
            }
            if let Some(id) = self.instance_of(&value) {
                for arg in args {
                    match arg.name {
                        Some(name) => self.set_field(id, &name.text, arg.value),
                        None if arg.double && matches!(arg.value, Value::Row { .. }) => self.made_of_row(id, class, arg.value),
                        None => {}
                    }
                }
            }
            return value;
        };
        self.run_function(maker, Some(value.clone()), None, args, Rc::from([]), site, false);
        self.note_made(class, &value);
        value
    }

    /// `C(**row)`: the attributes that the class declares are columns of the row.
    fn made_of_row(&mut self, id: u32, class: ClassRef, row: Value) {
        let order = self.base_order(class);
        let mut names: Vec<Named> = Vec::new();
        for &at in order.iter() {
            for field in self.program.class(at).map_or(&[][..], |c| &c.fields).iter().filter(|f| f.ty.is_some() && !f.is_static) {
                let name = Named { text: (&*field.name.text).into(), origin: Some(Origin { file: at.file, span: field.name.span }) };
                if !names.iter().any(|n| n.text == name.text) {
                    names.push(name);
                }
            }
        }
        for name in names {
            self.library_member(&row, &name);
        }
        self.set_field(id, OF_ROW, row);
    }

    /// What the constructor of a library makes that a class without one of its own extends
    /// (`LiveQuerySet(self.model, using=self._db)`).
    fn built_by_library(&mut self, class: ClassRef, made: &Value, args: &[Argument], site: Origin) -> Option<Value> {
        let Value::Handle(made) = made else { return None };
        for name in self.external_bases(class) {
            let callee = Callee::Function { name: name.as_str().into(), types: Rc::from([]) };
            if let Some(Value::Handle(built)) = self.library_call(&callee, args, site)
                && (&built.pack, &built.kind) == (&made.pack, &made.kind)
                && (built.query.is_some() || built.model.is_some())
            {
                return Some(Value::Handle(Handle { instance: made.instance, ..built }));
            }
        }
        None
    }

    /// Keeps an instance that a module makes for a model: its methods are run for it though nobody calls them.
    fn note_made(&mut self, class: ClassRef, value: &Value) {
        if !self.state.stack.is_empty() || self.state.made.len() >= MAX_MADE {
            return;
        }
        let Some(Object::Instance { fields, types, .. }) = self.instance_of(value).and_then(|id| self.object(id)) else { return };
        let models = fields.iter().map(|(_, v)| v).chain(types.iter().map(|(_, v)| v));
        if models.into_iter().any(|v| matches!(v, Value::Model { .. })) {
            self.state.made.push((class, value.clone()));
        }
    }

    /// Constructor parameters with an accessibility word are attributes, set before the body runs.
    pub(super) fn set_properties(&mut self, code: &'a Function, class: Option<ClassRef>) {
        if &*code.name.text != "constructor" {
            return;
        }
        let Some(id) = self.current_frame().receiver.clone().and_then(|r| self.instance_of(&r)) else { return };
        let Some(fields) = class.and_then(|c| self.program.class(c)).map(|c| &c.fields) else { return };
        for param in code.params.iter().filter(|p| is_property(p, fields)) {
            let value = self.current_frame().vars.get(&*param.name.text).cloned().unwrap_or_default();
            if !matches!(value, Value::Unknown | Value::Null) {
                self.set_field(id, &param.name.text, value);
            }
        }
    }

    /// `T{...}` of a struct that is no model.
    pub(super) fn new_struct(&mut self, class: ClassRef, args: Vec<Argument>) -> Value {
        let types = self.class_types(class).to_vec();
        let fields = args.into_iter().filter_map(|a| Some((a.name?.text, a.value))).filter(|f| !matches!(f.1, Value::Unknown)).collect();
        Value::Object(self.allocate(Object::Instance { class, fields, types }))
    }

    /// An instance of which only the class is known; its attributes are found out when they are asked for.
    pub(super) fn instance_of_class(&mut self, class: ClassRef, site: Origin) -> Value {
        let class = self.implementer(class).unwrap_or(class);
        if let Some(&model) = self.models.by_class.get(&class) {
            return self.value_of(&Value::Model { model, alias: None, origin: Some(site) }, false, site);
        }
        if let Some(known) = self.state.prototypes.get(&class) {
            return known.clone();
        }
        let value = self.bare(class);
        self.state.prototypes.insert(class, value.clone());
        value
    }

    /// A new instance with nothing set; a handle where the class extends a library's.
    pub(super) fn bare(&mut self, class: ClassRef) -> Value {
        let types = self.class_types(class).to_vec();
        let id = self.allocate(Object::Instance { class, fields: Vec::new(), types });
        match self.library_base(class) {
            Value::Handle(mut handle) => {
                handle.instance = Some(id);
                Value::Handle(handle)
            }
            _ => Value::Object(id),
        }
    }
}

/// Whether a constructor's parameter is an attribute too.
fn is_property(param: &Param, fields: &[Field]) -> bool {
    !param.name.span.is_empty() && fields.iter().any(|f| f.name.span == param.name.span)
}

/// Attributes of the receiver that statements assign.
fn assigned<'a>(body: &'a [Stmt], receiver: &str, out: &mut Vec<&'a str>) {
    for stmt in body {
        match stmt {
            Stmt::Assign { target, op, .. } if *op != AssignOp::Item => targets(target, receiver, out),
            Stmt::Branch { arms, .. } => arms.iter().for_each(|(_, body)| assigned(body, receiver, out)),
            Stmt::Block(body) | Stmt::Loop { body, .. } => assigned(body, receiver, out),
            _ => {}
        }
    }
}

fn targets<'a>(target: &'a Expr, receiver: &str, out: &mut Vec<&'a str>) {
    match &target.kind {
        ExprKind::Member(object, name) if matches!(&object.kind, ExprKind::Name(n) if &**n == receiver) => out.push(&name.text),
        ExprKind::Tuple(all) | ExprKind::List(all, _) => all.iter().for_each(|t| targets(t, receiver, out)),
        _ => {}
    }
}
