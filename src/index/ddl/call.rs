//! Members and calls: of the program's own classes and functions, of values of the language, of the library.

use super::run::Run;
use super::value::{Argument, LinkCall, Path, Place, Scope, Term, This, Value};
use crate::grammar::ddl::{CallbackRule, Rule};
use crate::index::program::{ClassRef, Definition, FunctionRef};
use crate::model::code::{Arg, Expr, ExprKind, Type};
use std::cell::RefCell;
use std::rc::Rc;

/// Longest qualified name; what code chains on after that is unknown.
const MAX_NAME: usize = 400;

impl<'a> Run<'a> {
    /// A member of a value.
    pub fn member(&mut self, of: &Value, name: &str, place: Place) -> Value {
        match of {
            Value::Map(_) => of.entry(name).unwrap_or(Value::Null),
            Value::Module(files) => {
                let module = Definition::Module(files.to_vec());
                match self.program.member(&module, name) {
                    Some(definition) => self.defined(definition, name),
                    None => {
                        let all: Vec<Value> = files.iter().filter_map(|f| self.exports(*f)).collect();
                        let found = all.iter().find_map(|v| v.entry(name));
                        found.unwrap_or_else(|| {
                            self.note(place, format!("{name} of a module of the program is not known"));
                            Value::Unknown(name.into())
                        })
                    }
                }
            }
            Value::Path(path) if path.name.len() < MAX_NAME => self.below(path, name),
            Value::Term(term) => self.member_of_term(term, name, place),
            Value::This(this) => self.attribute(this, name),
            Value::Class(class) => self.static_member(*class, name),
            Value::List(items) if name == "length" => Value::Number(items.borrow().len().to_string().into()),
            _ => Value::Unknown(name.into()),
        }
    }

    /// A member of something of a library.
    fn below(&mut self, path: &Rc<Path>, name: &str) -> Value {
        let full = format!("{}.{name}", path.name);
        if let Some(engine) = self.engine_named(&full) {
            return engine;
        }
        let full = self.canonical(&full);
        let collector = path.collector.clone().filter(|_| full.starts_with(&*path.name));
        match self.external(&full) {
            Value::Path(plain) => Value::Path(Rc::new(Path { name: plain.name.clone(), carried: path.carried.clone(), collector })),
            other => other,
        }
    }

    /// The engine's name, where a path is one of those that give it.
    fn engine_named(&self, path: &str) -> Option<Value> {
        let (_, words) = self.rules.engine.iter().find(|(key, _)| crate::grammar::ddl::names(key, path))?;
        Some(words.get(self.engine).map_or(Value::Unknown(path.into()), |w| Value::Engine(w.as_str().into())))
    }

    fn member_of_term(&mut self, term: &Rc<Term>, name: &str, _place: Place) -> Value {
        if let Some((path, collects)) = self.gives(term) {
            let carried = self.carried(term);
            let collector = if collects { Some(term.clone()) } else { None };
            return self.below(&Rc::new(Path { name: path, carried, collector }), name);
        }
        let path = Path { name: format!("{}()", term.callee).into(), carried: term.carried.clone(), collector: None };
        if path.name.len() > MAX_NAME { Value::Unknown(name.into()) } else { self.below(&Rc::new(path), name) }
    }

    fn attribute(&mut self, this: &Rc<This>, name: &str) -> Value {
        let own = this.fields.borrow().iter().find(|f| &*f.0 == name).map(|f| f.1.clone());
        if let Some(value) = own {
            return value;
        }
        if let Some(method) = self.method(this.class, name) {
            return Value::Function(method, None, Some(this.clone()));
        }
        if let Some(value) = self.field(this.class, name) {
            return value;
        }
        if this.path.is_empty() { Value::Unknown(name.into()) } else { self.external(&format!("{}.{name}", this.path)) }
    }

    fn static_member(&mut self, class: ClassRef, name: &str) -> Value {
        if let Some(method) = self.method(class, name) {
            return Value::Function(method, None, None);
        }
        self.field(class, name).unwrap_or(Value::Unknown(name.into()))
    }

    /// A method of a class or of those of the program that it extends.
    pub fn method(&self, class: ClassRef, name: &str) -> Option<FunctionRef> {
        let mut at = class;
        for _ in 0..8 {
            let code = self.program.class(at)?;
            let named = |id: &u32| {
                let function = FunctionRef { file: at.file, function: *id };
                self.program.function(function).filter(|f| &*f.name.text == name).map(|_| function)
            };
            if let Some(found) = code.methods.iter().find_map(named) {
                return Some(found);
            }
            let base = code.bases.iter().find_map(|b| match self.program.lookup_path(at.file, &b.path()?) {
                Some(Definition::Class(class)) => Some(class),
                _ => None,
            });
            at = base?;
        }
        None
    }

    /// The value of a class attribute.
    pub fn field(&mut self, class: ClassRef, name: &str) -> Option<Value> {
        let program = self.program;
        let value = program.class(class)?.fields.iter().rev().find(|f| &*f.name.text == name)?.value.as_ref()?;
        let at = std::mem::replace(&mut self.at, class.file);
        // Names of the class's body are seen by the values after them.
        let scope = Scope::new(None);
        for field in program.class(class)?.fields.iter().take_while(|f| &*f.name.text != name) {
            if let Some(value) = &field.value
                && self.mentions(program.class(class)?.fields.iter().find(|f| &*f.name.text == name)?.value.as_ref()?, &field.name.text)
            {
                let value = self.expression(value, &scope);
                scope.declare(&field.name.text, value);
            }
        }
        let value = self.expression(value, &scope);
        self.at = at;
        Some(value)
    }

    fn mentions(&self, expr: &Expr, name: &str) -> bool {
        match &expr.kind {
            ExprKind::Name(n) => &**n == name,
            ExprKind::Member(of, _) => self.mentions(of, name),
            ExprKind::Call { function, args, .. } => self.mentions(function, name) || args.iter().any(|a| self.mentions(&a.value, name)),
            ExprKind::List(all, _) | ExprKind::Tuple(all) => all.iter().any(|e| self.mentions(e, name)),
            ExprKind::Binary { left, right, .. } => self.mentions(left, name) || self.mentions(right, name),
            _ => false,
        }
    }

    /// A call as it stands in the code.
    pub fn called(&mut self, function: &'a Expr, args: &'a [Arg], _types: &'a [Type], new: bool, at: u32, scope: &Scope) -> Value {
        if let ExprKind::Member(of, name) = &function.kind {
            let receiver = self.expression(of, scope);
            let args = self.arguments(args, scope);
            if let Some(value) = self.builtin_method(&receiver, &name.text, &args, at) {
                return value;
            }
            if let Value::Term(term) = &receiver {
                return self.on_term(term, &name.text, args, at);
            }
            let callee = self.member(&receiver, &name.text, self.place(name.span.start));
            return self.apply(callee, args, at);
        }
        let callee = self.expression(function, scope);
        let args = self.arguments(args, scope);
        if let Value::Path(path) = &callee
            && let Some(value) = self.builtin_function(&path.name, &args, new)
        {
            return value;
        }
        self.apply(callee, args, at)
    }

    /// Calls a value.
    pub fn apply(&mut self, callee: Value, args: Vec<Argument>, at: u32) -> Value {
        match callee {
            Value::Function(function, outer, this) => self.call(function, outer, this, args),
            Value::Class(class) => self.instance(class, args, at),
            Value::Path(path) => {
                if let Some(value) = self.builtin_function(&path.name, &args, false) {
                    return value;
                }
                self.library(&path, args, at)
            }
            Value::Unknown(name) => {
                self.given_away(&name, &args, at);
                self.run_functions(&args);
                Value::Unknown(name)
            }
            Value::Engine(name) => Value::Engine(name),
            Value::Term(term) => self.on_term(&term, "", args, at),
            other => other,
        }
    }

    /// An unknown function that is given what sends may send anything.
    fn given_away(&mut self, name: &str, args: &[Argument], at: u32) {
        let sends = |v: &Value| matches!(v, Value::Path(p) if self.rules.tracked.iter().any(|t| *t == *p.name));
        if args.iter().any(|a| sends(&a.value)) && !self.is_harmless(name) {
            let place = self.place(at);
            self.note(place, format!("what {} does is not known", if name.is_empty() { "a call" } else { name }));
        }
    }

    /// Functions that are given to something unknown (a loop over unknown rows, a promise) are run once.
    fn run_functions(&mut self, args: &[Argument]) {
        for arg in args {
            let all = super::run::items(&arg.value).unwrap_or_else(|| vec![arg.value.clone()]);
            for value in all {
                if let Value::Function(function, outer, this) = value {
                    self.call(function, outer, this, Vec::new());
                }
            }
        }
    }

    fn instance(&mut self, class: ClassRef, args: Vec<Argument>, at: u32) -> Value {
        // What extends something that the rules know is one of those.
        if let Some(base) = self.library_base(class) {
            let constructor = ["__init__", "constructor"].iter().find_map(|n| self.method(class, n));
            let args = match constructor {
                Some(constructor) => {
                    let this = Rc::new(This { class, path: "".into(), fields: RefCell::default() });
                    self.bases.push(None);
                    self.call(constructor, None, Some(this), args.clone());
                    self.bases.pop().flatten().unwrap_or(args)
                }
                None => args,
            };
            return self.library(&Rc::new(Path { name: base.into(), carried: Rc::new([]), collector: None }), args, at);
        }
        for name in &self.rules.stands_for {
            if let Some(value @ (Value::Path(_) | Value::Term(_))) = self.field(class, name) {
                return value;
            }
        }
        let this = Rc::new(This { class, path: "".into(), fields: RefCell::default() });
        let constructor = ["__init__", "constructor"].iter().find_map(|n| self.method(class, n));
        if let Some(constructor) = constructor {
            self.call(constructor, None, Some(this.clone()), args);
        }
        Value::This(this)
    }

    /// The library's class that one of the program's extends and that the rules know.
    fn library_base(&self, class: ClassRef) -> Option<String> {
        let mut at = class;
        for _ in 0..8 {
            let mut next = None;
            for base in &self.program.class(at)?.bases {
                match self.program.lookup_path(at.file, &base.path()?) {
                    Some(Definition::Class(class)) => next = next.or(Some(class)),
                    Some(Definition::External(name)) => {
                        let name = self.canonical(&name);
                        if self.rule_of(&name).is_some() {
                            return Some(name);
                        }
                    }
                    _ => {}
                }
            }
            at = next?;
        }
        None
    }

    /// A call of something of a library: kept as it was made, and sent if a rule says that it sends.
    fn library(&mut self, path: &Rc<Path>, args: Vec<Argument>, at: u32) -> Value {
        if matches!(&*path.name, "super().__init__" | "super")
            && !args.is_empty()
            && let Some(base) = self.bases.last_mut()
        {
            *base = Some(args);
            return Value::Null;
        }
        let name = format!("{}()", path.name);
        if let Some(engine) = self.engine_named(&name) {
            return engine;
        }
        if let Some(first) = args.first()
            && self.rules.same.iter().any(|key| crate::grammar::ddl::names(key, &path.name))
        {
            return first.value.clone();
        }
        let canonical = self.canonical(&name);
        if canonical != name {
            let found = self.external(&canonical);
            return match found {
                Value::Path(plain) => Value::Path(Rc::new(Path {
                    name: plain.name.clone(),
                    carried: path.carried.clone(),
                    collector: path.collector.clone(),
                })),
                other => other,
            };
        }
        let term = Rc::new(Term {
            callee: path.name.clone(),
            args,
            carried: path.carried.clone(),
            links: RefCell::default(),
            items: Rc::default(),
            results: RefCell::default(),
            place: self.place(at),
        });
        let rule = self.rule_of(&path.name).cloned();
        self.parts(&term.args);
        self.keep(&term, path, rule.as_ref());
        match &rule {
            Some(rule) => self.callbacks(&term, rule),
            None => {
                self.given_away(&path.name, &term.args, at);
                self.run_functions(&term.args);
            }
        }
        match &path.collector {
            // a builder whose calls are parts of it gives itself
            Some(owner)
                if self.gives(owner).is_some_and(|(p, collects)| collects && path.name.starts_with(&*p)) && !self.is_given(owner) =>
            {
                Value::Term(owner.clone())
            }
            _ => Value::Term(term),
        }
    }

    /// The owner's parts are given in a function of its own, not chained on it.
    fn is_given(&self, owner: &Term) -> bool {
        self.rule_of(&owner.callee).is_some_and(|r| !r.callback.is_empty())
    }

    /// Calls among arguments that are parts of the call that they are given to.
    fn parts(&mut self, args: &[Argument]) {
        fn inside(value: &Value, depth: u32, each: &mut impl FnMut(&Rc<Term>)) {
            match value {
                Value::Term(term) => each(term),
                Value::List(items) if depth < 4 => items.borrow().iter().for_each(|v| inside(v, depth + 1, each)),
                Value::Map(entries) if depth < 4 => entries.borrow().iter().for_each(|e| inside(&e.1, depth + 1, each)),
                _ => {}
            }
        }
        let mut found = Vec::new();
        args.iter().for_each(|a| inside(&a.value, 0, &mut |term| found.push(term.clone())));
        for term in found {
            if self.rules_in("operation", &term.callee).is_some_and(|r| r.0.iter().any(|r| r.also_part)) {
                self.sent.retain(|s| !Rc::ptr_eq(s, &term));
            }
        }
    }

    fn keep(&mut self, term: &Rc<Term>, path: &Rc<Path>, rule: Option<&Rule>) {
        if let Some(owner) = &path.collector {
            owner.items.borrow_mut().push(Value::Term(term.clone()));
            return;
        }
        if !self.records {
            return;
        }
        if self.is_operation(&term.callee) {
            self.sent.push(term.clone());
        } else if let Some(callee) = self.collapsed(&term.callee) {
            let callee = callee.as_str().into();
            let (args, carried, place) = (term.args.clone(), term.carried.clone(), term.place);
            let (links, items, results) = (RefCell::default(), Rc::default(), RefCell::default());
            self.sent.push(Rc::new(Term { callee, args, carried, links, items, results, place }));
        } else if rule.is_none() && self.is_tracked(&term.callee) && !self.is_harmless(&term.callee) {
            let name = last_parts(&term.callee);
            self.note(term.place, format!("{name} is not known"));
        }
    }

    /// Runs the functions among the arguments of a call that it runs.
    fn callbacks(&mut self, term: &Rc<Term>, rule: &Rule) {
        for callback in &rule.callback {
            let function = self.argument(term, rule, &callback.param);
            let Some(Value::Function(function, outer, this)) = function else { continue };
            let carried = self.carried(term);
            let collector = if rule.collects { Some(term.clone()) } else { None };
            let args = self.given(callback, &carried, collector);
            let scope = outer;
            let result = self.call_with_this(function, scope, this, args, rule.collects.then(|| term.clone()), callback, &carried);
            term.results.borrow_mut().push((callback.param.as_str().into(), result));
        }
    }

    #[allow(clippy::too_many_arguments)] // what a function is called with
    fn call_with_this(
        &mut self,
        function: FunctionRef,
        outer: Option<Scope>,
        this: Option<Rc<This>>,
        args: Vec<Argument>,
        collector: Option<Rc<Term>>,
        callback: &CallbackRule,
        carried: &Rc<[(Rc<str>, Value)]>,
    ) -> Value {
        // In ECMAScript `this` may stand for what the function is given.
        let scope = Scope::new(outer);
        if let Some(path) = callback.with.first()
            && scope.get("this").is_none()
        {
            let path = Path { name: path.as_str().into(), carried: carried.clone(), collector };
            scope.declare("this", Value::Path(Rc::new(path)));
        }
        self.call(function, Some(scope), this, args)
    }

    /// What a function of a call is given: things of the library, or a value that methods add to.
    fn given(&self, callback: &CallbackRule, carried: &Rc<[(Rc<str>, Value)]>, collector: Option<Rc<Term>>) -> Vec<Argument> {
        let value = |name: &String| {
            if !self.is_operation(name) && self.rule_of(name).is_some_and(|r| !r.links.is_empty()) {
                return Value::Term(Rc::new(Term {
                    callee: name.as_str().into(),
                    args: Vec::new(),
                    carried: carried.clone(),
                    links: RefCell::default(),
                    items: Rc::default(),
                    results: RefCell::default(),
                    place: self.site,
                }));
            }
            Value::Path(Rc::new(Path { name: name.as_str().into(), carried: carried.clone(), collector: collector.clone() }))
        };
        callback.with.iter().map(|name| Argument { name: None, value: value(name) }).collect()
    }

    /// A method called on what a call gave.
    fn on_term(&mut self, term: &Rc<Term>, name: &str, args: Vec<Argument>, at: u32) -> Value {
        if let Some(link) = self.link_of(term, name).cloned() {
            let mut results = Vec::new();
            for callback in &link.callback {
                let position = link.params.iter().position(|p| *p == callback.param);
                let function = args.iter().filter(|a| a.name.is_none()).nth(position.unwrap_or(0)).map(|a| a.value.clone());
                if let Some(Value::Function(function, outer, this)) = function {
                    let carried = self.carried(term);
                    let given = self.given(callback, &carried, None);
                    let result = self.call(function, outer, this, given);
                    results.push((callback.param.as_str().into(), result));
                }
            }
            self.parts(&args);
            term.links.borrow_mut().push(LinkCall { name: name.into(), args, results });
            return Value::Term(term.clone());
        }
        if !name.is_empty() {
            let callee = self.member_of_term(term, name, term.place);
            return match callee {
                Value::Path(path) => self.library(&path, args, at),
                other => self.apply(other, args, at),
            };
        }
        let path = Path { name: format!("{}()", term.callee).into(), carried: term.carried.clone(), collector: None };
        self.library(&Rc::new(path), args, at)
    }
}

/// The last two parts of a qualified name, for messages.
pub(super) fn last_parts(path: &str) -> String {
    let mut parts: Vec<&str> = path.rsplitn(3, '.').take(2).collect();
    parts.reverse();
    format!("{}()", parts.join("."))
}
