//! Classes of the program: bases, methods, attributes, instances.

use crate::index::mapping::{Named, Origin};
use crate::index::program::{ClassRef, Definition, FunctionRef, Program};
use crate::index::trace::Tracer;
use crate::index::trace::value::{Object, Value};
use crate::model::code::{Class, ClassKind, Expr, ExprKind, Field, Function, Outer, Stmt, Type, Word};
use crate::model::facts::Language;
use rustc_hash::FxHashMap as HashMap;
use std::rc::Rc;

/// Base classes of a class that are looked at.
const MAX_BASES: usize = 48;
/// Attributes of a class that are evaluated to find one of a kind.
const MAX_ATTRIBUTES: usize = 200;

/// Methods of Go types.
pub(super) type Receivers<'a> = HashMap<ClassRef, HashMap<&'a str, FunctionRef>>;
/// Methods that assign an attribute, by the attribute.
pub(super) type Setters<'a> = HashMap<&'a str, Vec<FunctionRef>>;

impl<'a> Tracer<'a> {
    /// A class and its bases, nearest first.
    pub(super) fn base_order(&mut self, class: ClassRef) -> Rc<[ClassRef]> {
        if let Some(known) = self.state.orders.get(&class) {
            return known.clone();
        }
        let mut out = vec![class];
        let mut next = 0;
        while next < out.len() && out.len() < MAX_BASES {
            let at = out[next];
            let mut place = next + 1;
            for base in bases(self.program, at) {
                if !out.contains(&base) {
                    out.insert(place, base);
                    place += 1;
                }
            }
            next += 1;
        }
        let order: Rc<[ClassRef]> = out.into();
        self.state.orders.insert(class, order.clone());
        order
    }

    /// A method that a class itself defines.
    pub(super) fn method_in(&mut self, class: ClassRef, name: &str) -> Option<FunctionRef> {
        let code = self.program.class(class)?;
        let own = code.methods.iter().rev().map(|&function| FunctionRef { file: class.file, function });
        let found: Vec<FunctionRef> = own.filter(|&f| self.program.function(f).is_some_and(|m| &*m.name.text == name)).collect();
        // `@name.setter` and the like stand beside what reading the attribute runs
        let reads = |f: &&FunctionRef| self.program.function(**f).is_some_and(|m| accessor(m, name).is_none());
        if let Some(function) = found.iter().find(reads).or(found.first()) {
            return Some(*function);
        }
        if self.program.file(class.file).is_some_and(|f| f.language == Language::Go) {
            return self.receivers().get(&class)?.get(name).copied();
        }
        None
    }

    /// What a property is as an attribute of its class, where that is said apart (`@name.expression`).
    fn class_level(&mut self, class: ClassRef, name: &str) -> Option<FunctionRef> {
        let order = self.base_order(class);
        order.iter().find_map(|&c| {
            let methods = self.program.class(c)?.methods.iter().map(|&function| FunctionRef { file: c.file, function });
            methods.into_iter().find(|&f| self.program.function(f).is_some_and(|m| accessor(m, name) == Some("expression")))
        })
    }

    fn receivers(&mut self) -> &Receivers<'a> {
        let program = self.program;
        self.state.receivers.get_or_insert_with(|| receivers(program))
    }

    /// A method of a class or its bases.
    pub(super) fn find_method(&mut self, class: ClassRef, name: &str) -> Option<FunctionRef> {
        let order = self.base_order(class);
        order.iter().find_map(|&c| self.method_in(c, name))
    }

    /// See [`Tracer::class_of`].
    pub(super) fn find_class_of(&self, function: FunctionRef) -> Option<ClassRef> {
        let code = self.program.function(function)?;
        match code.outer {
            Outer::Class(class) => Some(ClassRef { file: function.file, class }),
            _ => self.program.class_of_type(function.file, code.receiver.as_ref()?.ty.as_ref()?),
        }
    }

    /// See [`Tracer::is_property`].
    pub(super) fn find_is_property(&self, function: FunctionRef) -> bool {
        let Some(code) = self.program.function(function) else { return false };
        code.is_getter || decorated(code, |name| name.ends_with("property") || name == "declared_attr" || name == "declared_attr.directive")
    }

    /// Program's own method of a value, bound to it.
    pub(super) fn own_method(&mut self, receiver: &Value, name: &str) -> Option<Value> {
        let class = match receiver {
            Value::Class(class) => *class,
            Value::Model { model, .. } => self.models.get(*model)?.class?,
            _ => match self.object(self.instance_of(receiver)?)? {
                Object::Instance { class, .. } => *class,
                Object::Entity { model, .. } => self.models.get(*model)?.class?,
                _ => return None,
            },
        };
        if let Some(function) = self.find_method(class, name) {
            // what an interface of the program says of a library's value, that one does
            let said = matches!(receiver, Value::Handle(_)) && self.program.class(class).is_some_and(is_type_only);
            if said || self.is_property(function) {
                return None;
            }
            return Some(self.bound_method(function, receiver));
        }
        // methods of embedded structs
        let order = self.base_order(class);
        for &at in order.iter() {
            let embedded = self.program.class(at).map(|c| c.fields.iter().filter(|f| f.embedded).collect::<Vec<_>>()).unwrap_or_default();
            for field in embedded {
                let inner = field.ty.as_ref().and_then(|t| self.program.class_of_type(at.file, t));
                if let Some(inner) = inner
                    && inner != class
                    && self.find_method(inner, name).is_some()
                    && let Some(id) = self.instance_of(receiver)
                {
                    let place = Origin { file: at.file, span: field.name.span };
                    let word = Named { text: (&*field.name.text).into(), origin: Some(place) };
                    let held = self.instance_attribute(id, class, receiver, &word, place)?;
                    return self.own_method(&held, name);
                }
            }
        }
        None
    }

    pub(super) fn bound_method(&self, function: FunctionRef, receiver: &Value) -> Value {
        let Some(code) = self.program.function(function) else { return Value::Unknown };
        let receiver = if code.is_static && code.receiver.is_none() && self.file_language(function.file) == Language::Python {
            None
        } else if decorated(code, |name| name == "classmethod") {
            Some(self.class_side(receiver))
        } else {
            Some(receiver.clone())
        };
        Value::Function { function, receiver: receiver.map(Box::new), frame: None }
    }

    pub(super) fn file_language(&self, file: u32) -> Language {
        self.program.file(file).map_or(Language::Python, |f| f.language)
    }

    /// The class of an instance or entity.
    fn class_side(&self, value: &Value) -> Value {
        match value {
            Value::Object(id) => match self.object(*id) {
                Some(Object::Instance { class, .. }) => Value::Class(*class),
                Some(Object::Entity { model, origin, .. }) => Value::Model { model: *model, alias: None, origin: Some(*origin) },
                _ => value.clone(),
            },
            other => other.clone(),
        }
    }

    /// Whether a class itself gives an attribute a value.
    pub(super) fn has_attribute(&self, class: ClassRef, name: &str) -> bool {
        self.program.class(class).is_some_and(|c| c.fields.iter().any(|f| &*f.name.text == name && f.value.is_some()))
    }

    /// The value of a class attribute, of the class or its bases.
    pub(super) fn class_attribute(&mut self, class: ClassRef, name: &str) -> Option<Value> {
        let order = self.base_order(class);
        // what code has put there from outside, unless a nearer class says it itself
        for &c in order.iter().take_while(|&&c| !self.has_attribute(c, name)) {
            if let Some(Some(value)) = self.state.attributes.get(&(c, Rc::from(name))) {
                return Some(value.clone());
            }
        }
        let (owner, field) = order.iter().find_map(|&c| {
            let found = self.program.class(c)?.fields.iter().find(|f| &*f.name.text == name && f.value.is_some())?;
            Some((c, found))
        })?;
        let key = (owner, Rc::from(name));
        match self.state.attributes.get(&key) {
            Some(Some(value)) => return Some(value.clone()),
            Some(None) => {
                self.cut_at(0);
                return None;
            }
            None => {}
        }
        self.state.attributes.insert(key.clone(), None);
        let place = Origin { file: owner.file, span: field.name.span };
        let value = field.value.as_ref().map(|v| self.with_budget(place, |t| t.in_class(owner, |t| t.eval(v)))).unwrap_or_default();
        self.state.attributes.insert(key, Some(value.clone()));
        Some(value)
    }

    /// The values of the attributes that a class and its bases make by calls, in order.
    pub(in crate::index::trace) fn attributes_of(&mut self, class: ClassRef) -> Vec<Value> {
        let order = self.base_order(class);
        let program = self.program;
        let called = |f: &&'a Field| matches!(f.value.as_ref().map(|v| &v.kind), Some(ExprKind::Call { .. }));
        let fields = order.iter().filter_map(|&c| program.class(c)).flat_map(|c| c.fields.iter().filter(called));
        let names: Vec<&'a str> = fields.map(|f| &*f.name.text).take(MAX_ATTRIBUTES).collect();
        names.into_iter().filter_map(|name| self.class_attribute(class, name)).collect()
    }

    /// Qualified names of the libraries' classes that a class extends, itself or through its bases.
    pub(in crate::index::trace) fn external_bases(&mut self, class: ClassRef) -> Vec<String> {
        let order = self.base_order(class);
        let program = self.program;
        let bases = order.iter().filter_map(|&at| Some((at.file, program.class(at)?)));
        bases.flat_map(|(file, code)| code.bases.iter().filter_map(move |base| program.qualified(file, base))).collect()
    }

    /// What a class is registered with: the first argument of its decorator of this name, or of a call of the module
    /// whose second one is the class.
    pub(in crate::index::trace) fn registered_with(&mut self, class: ClassRef, name: &str) -> Option<Value> {
        let program = self.program;
        let code = program.class(class)?;
        let is_so = |function: &Expr| function.path().is_some_and(|p| p.last().is_some_and(|l| *l == name));
        let by_decorator = code.decorators.iter().find_map(|d| match &d.kind {
            ExprKind::Call { function, args, .. } if is_so(function) => args.first(),
            _ => None,
        });
        let by_call = || {
            program.file(class.file)?.code.body.iter().find_map(|stmt| match stmt {
                Stmt::Expr(Expr { kind: ExprKind::Call { function, args, .. }, .. }) if is_so(function) => {
                    let this = args.get(1).and_then(|a| a.value.path()).is_some_and(|p| p.last().is_some_and(|l| *l == &*code.name.text));
                    args.first().filter(|_| this)
                }
                _ => None,
            })
        };
        let arg = by_decorator.or_else(by_call)?;
        Some(self.in_class(class, |t| t.eval(&arg.value)))
    }

    /// An instance of a class of the program, for its methods alone.
    pub(in crate::index::trace) fn methods_of(&mut self, class: ClassRef, site: Origin) -> Option<u32> {
        let value = self.instance_of_class(class, site);
        self.instance_of(&value)
    }

    /// A method, property or class attribute that the program defines for a value of a class.
    pub(super) fn own_member(&mut self, class: ClassRef, object: &Value, name: &Named, site: Origin) -> Option<Value> {
        if let Value::Model { .. } = object
            && let Some(function) = self.class_level(class, &name.text)
        {
            let bound = Value::Function { function, receiver: Some(Box::new(object.clone())), frame: None };
            return Some(self.call_value(&bound, Vec::new(), Rc::from([]), site));
        }
        if let Some(function) = self.find_method(class, &name.text) {
            let bound = self.bound_method(function, object);
            return Some(if self.is_property(function) { self.call_value(&bound, Vec::new(), Rc::from([]), site) } else { bound });
        }
        self.class_attribute(class, &name.text)
    }

    /// A member of a class: static methods, attributes, classes inside it, members of enumerations.
    pub(super) fn class_member(&mut self, class: ClassRef, object: &Value, name: &Named, site: Origin) -> Option<Value> {
        if let Some(value) = self.own_member(class, object, name, site) {
            return Some(value);
        }
        let order = self.base_order(class);
        for &at in order.iter() {
            if let Some(found) = self.program.member(&Definition::Class(at), &name.text) {
                return Some(self.defined(&found, name.origin.unwrap_or(site)));
            }
        }
        // `model: type[T]`
        let field = self.declared_field(class, &name.text);
        if let Some((owner, field)) = field
            && let Some(ty) = &field.ty
        {
            let types = self.class_types(class);
            let value = self.with_types(owner, types, |t| t.type_value(ty, site));
            if !matches!(value, Value::Unknown) {
                return Some(value);
            }
        }
        if let Value::Class(_) = object {
            let base = self.base_of_class(class);
            return self.library_member(&base, name);
        }
        None
    }

    pub(super) fn declared_field(&mut self, class: ClassRef, name: &str) -> Option<(ClassRef, &'a Field)> {
        let order = self.base_order(class);
        order.iter().find_map(|&c| Some((c, self.program.class(c)?.fields.iter().find(|f| &*f.name.text == name && f.ty.is_some())?)))
    }

    /// See [`Tracer::library_base`].
    pub(super) fn find_library_base(&mut self, class: ClassRef) -> Value {
        let site = Origin { file: class.file, span: Default::default() };
        let order = self.base_order(class);
        if let Some(handle) = self.library_interface(class) {
            return handle;
        }
        for &at in order.iter() {
            let Some(code) = self.program.class(at) else { continue };
            let types = self.class_types(class);
            let names: Vec<Type> = code.bases.iter().filter_map(named).collect();
            for ty in names {
                let Type::Named { path, .. } = &ty else { continue };
                let words: Vec<&str> = path.iter().map(|w| &*w.text).collect();
                if !matches!(self.program.lookup_path(at.file, &words), Some(Definition::External(_))) {
                    continue;
                }
                let value = self.with_types(at, types.clone(), |t| t.value_of_type(at.file, &ty, site));
                if let Value::Handle(_) = value {
                    return value;
                }
            }
        }
        Value::Unknown
    }

    /// The library's side of an instance of the program's class.
    pub(super) fn base_handle(&mut self, object: &Value) -> Option<Value> {
        let Value::Object(id) = object else { return None };
        let Some(Object::Instance { class, .. }) = self.object(*id) else { return None };
        let class = *class;
        match self.library_base(class) {
            Value::Handle(mut handle) => {
                handle.instance = Some(*id);
                Some(Value::Handle(handle))
            }
            _ => None,
        }
    }

    /// See [`Tracer::base_of_class`].
    pub(super) fn find_base_of_class(&mut self, class: ClassRef) -> Value {
        let order = self.base_order(class);
        for &at in order.iter() {
            let Some(code) = self.program.class(at) else { continue };
            for base in &code.bases {
                if let Some(name) = self.program.qualified(at.file, base) {
                    return Value::External(name.into());
                }
            }
        }
        Value::Class(class)
    }

    /// `self` of a method that is run without one.
    pub(super) fn self_of(&mut self, class: ClassRef, function: FunctionRef) -> Value {
        let Some(code) = self.program.function(function) else { return Value::Unknown };
        let place = Origin { file: class.file, span: code.span };
        let on_class =
            code.is_static || decorated(code, |n| matches!(n, "classmethod" | "declared_attr" | "declared_attr.directive" | "validator"));
        let model = self.models.by_class.get(&class).copied();
        match (model, on_class) {
            (Some(model), true) => Value::Model { model, alias: None, origin: Some(place) },
            (None, true) => Value::Class(class),
            (Some(model), false) => self.value_of(&Value::Model { model, alias: None, origin: Some(place) }, false, place),
            (None, false) => self.instance_of_class(class, place),
        }
    }

    /// The type parameters of a class.
    pub(super) fn parameters(&self, class: ClassRef) -> Vec<Rc<str>> {
        let Some(code) = self.program.class(class) else { return Vec::new() };
        if !code.type_params.is_empty() {
            return code.type_params.iter().map(|w| Rc::from(&*w.text)).collect();
        }
        // Python: `Generic[T]`, `Protocol[T]`, `Base[T]` with type variables
        let mut out: Vec<Rc<str>> = Vec::new();
        for base in &code.bases {
            for arg in type_args(base) {
                if let Some(name) = arg.name()
                    && !matches!(self.program.lookup(class.file, name), Some(Definition::Class(_) | Definition::External(_)))
                    && !out.iter().any(|o| &**o == name)
                {
                    out.push(name.into());
                }
            }
        }
        out
    }

    /// See [`Tracer::class_types`].
    pub(super) fn find_class_types(&mut self, class: ClassRef) -> Rc<[(Rc<str>, Value)]> {
        let order = self.base_order(class);
        let mut out: Vec<(Rc<str>, Value)> = Vec::new();
        for &at in order.iter() {
            let Some(code) = self.program.class(at) else { continue };
            for base in &code.bases {
                let args = type_args(base);
                let Some(target) = (if args.is_empty() { None } else { class_named(self.program, at.file, base) }) else { continue };
                for (name, arg) in self.parameters(target).into_iter().zip(args) {
                    let bound = arg.name().and_then(|n| out.iter().find(|o| &*o.0 == n)).map(|o| o.1.clone());
                    let value = match bound {
                        Some(value) => Some(value),
                        None => self
                            .program
                            .class_of_type(at.file, &arg)
                            .map(|c| self.class_value(c, Origin { file: at.file, span: base.span })),
                    };
                    if let Some(value) = value
                        && !out.iter().any(|o| o.0 == name)
                    {
                        out.push((name, value));
                    }
                }
            }
        }
        out.into()
    }

    /// The type arguments that hold in a method run on a value.
    pub(super) fn types_of(&mut self, receiver: Option<&Value>, class: Option<ClassRef>) -> Rc<[(Rc<str>, Value)]> {
        if let Some(receiver) = receiver
            && let Some(id) = self.instance_of(receiver)
            && let Some(Object::Instance { types, .. }) = self.object(id)
        {
            return types.as_slice().into();
        }
        match (receiver, class) {
            (Some(Value::Class(class)), _) => self.class_types(*class),
            (_, Some(class)) => self.class_types(class),
            _ => Rc::from([]),
        }
    }

    /// The only class that implements an interface.
    pub(super) fn implementer(&mut self, class: ClassRef) -> Option<ClassRef> {
        let code = self.program.class(class)?;
        if code.kind != ClassKind::Interface {
            return None;
        }
        if let Some(subclasses) = self.state.subclasses.get(&class) {
            return if subclasses.len() == 1 { subclasses.first().copied() } else { None };
        }
        if self.file_language(class.file) != Language::Go {
            return None;
        }
        let wanted: Vec<&str> = code
            .methods
            .iter()
            .filter_map(|&f| self.program.function(FunctionRef { file: class.file, function: f }))
            .map(|f| &*f.name.text)
            .chain(code.fields.iter().map(|f| &*f.name.text))
            .collect();
        if wanted.is_empty() {
            return None;
        }
        let mut fitting: Vec<ClassRef> =
            self.receivers().iter().filter(|(_, m)| wanted.iter().all(|w| m.contains_key(w))).map(|(c, _)| *c).collect();
        fitting.sort_unstable();
        match fitting.as_slice() {
            [one] => Some(*one),
            _ => None,
        }
    }
}

/// Classes of the program that a class extends, in order.
pub(super) fn bases(program: &Program<'_>, class: ClassRef) -> Vec<ClassRef> {
    let Some(code) = program.class(class) else { return Vec::new() };
    let mut out = Vec::new();
    for base in &code.bases {
        match &base.kind {
            // a base made by a call: classes given to it are extended too
            ExprKind::Call { function, args, .. } => {
                if let ExprKind::Member(object, _) = &function.kind {
                    out.extend(class_named(program, class.file, object));
                }
                out.extend(args.iter().filter_map(|a| class_named(program, class.file, &a.value)));
            }
            _ => out.extend(class_named(program, class.file, base)),
        }
    }
    out.retain(|b| *b != class);
    out
}

fn class_named(program: &Program<'_>, file: u32, expr: &Expr) -> Option<ClassRef> {
    match &expr.kind {
        ExprKind::Index(of, _) | ExprKind::Instantiate(of, _) => class_named(program, file, of),
        _ => match program.lookup_path(file, &expr.path()?)? {
            Definition::Class(class) => Some(class),
            _ => None,
        },
    }
}

/// A base as a type.
fn named(base: &Expr) -> Option<Type> {
    match &base.kind {
        ExprKind::Index(of, _) | ExprKind::Instantiate(of, _) => match named(of)? {
            Type::Named { path, .. } => Some(Type::Named { path, args: type_args(base) }),
            _ => None,
        },
        // `Manager.from_queryset(Q)`, `makeBase(X)`: what makes it says what it is
        ExprKind::Call { function, .. } => match &function.kind {
            ExprKind::Member(object, _) => named(object),
            _ => named(function),
        },
        _ => {
            let words = base.path()?.into_iter().map(|text| Word { text: text.into(), span: base.span });
            Some(Type::Named { path: words.collect(), args: Vec::new() })
        }
    }
}

/// The type arguments of a base.
fn type_args(base: &Expr) -> Vec<Type> {
    match &base.kind {
        ExprKind::Instantiate(_, types) => types.clone(),
        ExprKind::Index(_, key) => match &key.kind {
            ExprKind::Tuple(all) => all.iter().map(|e| named(e).unwrap_or(Type::Other)).collect(),
            _ => vec![named(key).unwrap_or(Type::Other)],
        },
        _ => Vec::new(),
    }
}

fn receivers<'a>(program: &Program<'a>) -> Receivers<'a> {
    let mut out: Receivers<'a> = HashMap::default();
    for (file, content) in program.files.iter().enumerate().filter(|(_, f)| f.language == Language::Go) {
        for (i, function) in content.code.functions.iter().enumerate() {
            if let Some(ty) = function.receiver.as_ref().and_then(|r| r.ty.as_ref())
                && let Some(class) = program.class_of_type(file as u32, ty)
            {
                out.entry(class).or_default().insert(&function.name.text, FunctionRef { file: file as u32, function: i as u32 });
            }
        }
    }
    out
}

/// Whether a function has a decorator with such a name (without what it was imported from).
pub(super) fn decorated(code: &Function, fits: impl Fn(&str) -> bool) -> bool {
    code.decorators.iter().any(|d| {
        let callee = match &d.kind {
            ExprKind::Call { function, .. } => function,
            _ => d,
        };
        callee.path().is_some_and(|p| p.last().is_some_and(|l| fits(l)) || fits(&p.join(".")))
    })
}

/// What a method is to the property `name`: `setter`, `expression` (`@name.setter`, `@name.inplace.expression`).
fn accessor<'f>(code: &'f Function, name: &str) -> Option<&'f str> {
    code.decorators.iter().find_map(|d| match d.path()?.as_slice() {
        [property, role] if *property == name => Some(*role),
        [property, "inplace", role] if *property == name => Some(*role),
        _ => None,
    })
}

/// Whether a class is one of those that only name a type.
pub(super) fn is_type_only(class: &Class) -> bool {
    matches!(class.kind, ClassKind::Interface | ClassKind::Alias)
}
