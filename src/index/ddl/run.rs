//! Running the code of a migration: statements, functions, names.

use super::script::Request;
use super::value::{Argument, Place, Scope, Term, This, Value};
use crate::grammar::PackSet;
use crate::grammar::ddl::Ddl;
use crate::grammar::set::TextIndex;
use crate::index::mapping::{self, Model, Models};
use crate::index::program::{ClassRef, Definition, FileId, FunctionRef, Program};
use crate::model::code::{AssignOp, Expr, ExprKind, Function, Stmt, Type};
use crate::model::facts::Language;
use std::cell::OnceCell;
use std::rc::Rc;

/// Most calls of functions of the program inside one another.
const MAX_CALLS: usize = 40;
/// Most statements and expressions that are evaluated for one migration.
const MAX_STEPS: u32 = 400_000;
/// Most rounds of a loop.
pub(super) const MAX_ROUNDS: usize = 5_000;

/// How a block ended.
#[derive(Clone, Debug)]
pub(super) enum Flow {
    Next,
    Return(Value),
    /// `break`, `continue`, `throw`.
    Leave,
}

/// What can't be read, where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Note {
    pub place: Place,
    pub message: String,
}

/// One run of a migration's code.
pub(super) struct Run<'a> {
    pub program: &'a Program<'a>,
    pub rules: &'a Ddl,
    pub texts: &'a TextIndex,
    /// `postgres`, `mysql` or `sqlite`.
    pub engine: &'static str,
    /// The file of the migration.
    pub file: FileId,
    /// Calls that send, in order.
    pub sent: Vec<Rc<Term>>,
    /// What could not be read.
    pub notes: Vec<Note>,
    /// Calls that send are kept; otherwise a list of operations is.
    pub records: bool,
    /// File of the code that runs now.
    pub at: FileId,
    /// Where in the migration's own file the code that runs now is reached from.
    pub site: Place,
    calls: usize,
    steps: u32,
    /// Variables of modules that are being evaluated.
    busy: Vec<(FileId, String)>,
    /// What constructors that run have given to those of their bases.
    pub bases: Vec<Option<Vec<Argument>>>,
    /// Models of the program, where a pack asks for them.
    pub models: &'a OnceCell<Models>,
    packs: &'a PackSet,
    pub depth: usize,
}

impl<'a> Run<'a> {
    pub fn new(request: &'a Request<'a>, rules: &'a Ddl, engine: &'static str, file: FileId) -> Self {
        Run {
            packs: request.packs,
            models: &request.models,
            program: request.program,
            rules,
            texts: &request.language.text,
            engine,
            file,
            sent: Vec::new(),
            notes: Vec::new(),
            records: true,
            at: file,
            site: Place { file, ..Place::default() },
            calls: 0,
            steps: 0,
            busy: Vec::new(),
            bases: Vec::new(),
            depth: 0,
        }
    }

    /// The table of a model: of a class of the program, or an instance of one.
    pub fn model_table(&self, value: &Value) -> Option<String> {
        Some(self.model_of(value)?.table.text.to_string())
    }

    /// The column of a model's field.
    pub fn model_column(&self, value: &Value, field: &str) -> Option<String> {
        let model = self.model_of(value)?;
        let field = model.fields.iter().find(|f| &*f.name == field)?;
        Some(field.column.text.to_string())
    }

    fn model_of(&self, value: &Value) -> Option<&Model> {
        let class = match value {
            Value::This(this) => this.class,
            Value::Class(class) => *class,
            Value::List(items) => return self.model_of(items.borrow().first()?),
            _ => return None,
        };
        let models = self.models.get_or_init(|| mapping::models(self.program, self.packs));
        models.get(*models.by_class.get(&class)?)
    }

    /// Says that something is not read.
    pub fn note(&mut self, place: Place, message: impl Into<String>) {
        let note = Note { place, message: message.into() };
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// The place of an expression: in the migration's file, from where its code is reached.
    pub fn place(&self, at: u32) -> Place {
        if self.at == self.file { Place { file: self.file, at, literal: false } } else { self.site }
    }

    /// Counts a step; false once there have been too many.
    pub fn step(&mut self) -> bool {
        self.steps += 1;
        if self.steps == MAX_STEPS {
            self.note(self.site, "the migration takes too many steps: the rest is not read");
        }
        self.steps < MAX_STEPS
    }

    pub fn language(&self) -> Option<Language> {
        self.program.file(self.at).map(|f| f.language)
    }

    /// Runs statements in a row.
    pub fn block(&mut self, body: &'a [Stmt], scope: &Scope) -> Flow {
        for stmt in body {
            if !self.step() {
                return Flow::Leave;
            }
            match self.statement(stmt, scope) {
                Flow::Next => {}
                other => return other,
            }
        }
        Flow::Next
    }

    fn statement(&mut self, stmt: &'a Stmt, scope: &Scope) -> Flow {
        match stmt {
            Stmt::Assign { target, op, value, ty, .. } => {
                let mut value = match (value, ty) {
                    (Some(value), _) => self.expression(value, scope),
                    (None, Some(ty)) => self.of_type(ty),
                    (None, None) => Value::Unknown("".into()),
                };
                match op {
                    AssignOp::Set => {}
                    AssignOp::Add => {
                        let old = self.expression(target, scope);
                        value = self.joined("+", old, value);
                    }
                    AssignOp::Item => value = items(&value).and_then(|i| i.first().cloned()).unwrap_or(Value::Unknown("".into())),
                }
                self.assign(target, value, scope);
                Flow::Next
            }
            Stmt::Expr(expr) => {
                self.expression(expr, scope);
                Flow::Next
            }
            Stmt::Return(value, _) => Flow::Return(value.as_ref().map_or(Value::Null, |v| self.expression(v, scope))),
            Stmt::Block(body) => self.block(body, scope),
            Stmt::Branch { arms, exhaustive } => self.branch(arms, *exhaustive, scope),
            Stmt::Loop { target, over, body } => self.repeat(target.as_ref(), over.as_ref(), body, scope),
            Stmt::Function(id) => {
                let function = FunctionRef { file: self.at, function: *id };
                if let Some(f) = self.program.function(function) {
                    scope.declare(&f.name.text, Value::Function(function, Some(scope.clone()), None));
                }
                Flow::Next
            }
            Stmt::Class(id) => {
                let class = ClassRef { file: self.at, class: *id };
                if let Some(c) = self.program.class(class) {
                    scope.declare(&c.name.text, Value::Class(class));
                }
                Flow::Next
            }
            Stmt::Leave => Flow::Leave,
            Stmt::Export { .. } => Flow::Next,
        }
    }

    /// Arms of which one runs: the first whose condition holds. Where it can't be told, all that may run do, one after
    /// the other, and none of them ends what follows.
    fn branch(&mut self, arms: &'a [(Option<Expr>, Vec<Stmt>)], exhaustive: bool, scope: &Scope) -> Flow {
        if let Some((None, body)) = arms.first() {
            // try: its body runs, handlers don't
            return self.block(body, scope);
        }
        let mut open = false;
        let (mut left, mut ran) = (0, 0);
        for (condition, body) in arms {
            let holds = match condition {
                None => Some(true),
                Some(condition) => {
                    let value = self.expression(condition, scope);
                    self.holds(&value)
                }
            };
            match holds {
                Some(false) => continue,
                Some(true) if !open => return self.block(body, scope),
                _ => {}
            }
            open = true;
            ran += 1;
            left += usize::from(!matches!(self.block(body, scope), Flow::Next));
            if holds == Some(true) {
                break;
            }
        }
        if exhaustive && ran > 0 && left == ran { Flow::Leave } else { Flow::Next }
    }

    /// Whether a condition holds; a name of an engine holds where it is that engine.
    pub fn holds(&self, value: &Value) -> Option<bool> {
        match value {
            Value::Engine(name) => Some(self.is_engine(name)),
            other => other.truth(),
        }
    }

    /// Whether a word names the engine that the migration runs on.
    pub fn is_engine(&self, word: &str) -> bool {
        let word = word.to_ascii_lowercase();
        match self.engine {
            "postgres" => word.starts_with("postgres") || word == "pg" || word == "cockroachdb" || word == "pgnative",
            "mysql" => word.starts_with("mysql") || word == "mariadb",
            _ => word.contains("sqlite"),
        }
    }

    fn repeat(&mut self, target: Option<&'a Expr>, over: Option<&'a Expr>, body: &'a [Stmt], scope: &Scope) -> Flow {
        let value = over.map(|o| self.expression(o, scope));
        let go = self.language() == Some(Language::Go);
        let rounds: Vec<Value> = match value.as_ref().and_then(|v| rounds(v, go)) {
            Some(all) if all.len() <= MAX_ROUNDS => all,
            _ => vec![Value::Unknown("".into())],
        };
        for item in rounds {
            if let Some(target) = target {
                let single = go && !matches!(target.kind, ExprKind::Tuple(_));
                let item = if single { items(&item).and_then(|i| i.first().cloned()).unwrap_or(item) } else { item };
                self.assign(target, item, scope);
            }
            if let Flow::Return(value) = self.block(body, scope) {
                return if over.is_some() { Flow::Return(value) } else { Flow::Next };
            }
        }
        Flow::Next
    }

    /// Binds a target: a name, several, an entry, an attribute.
    pub fn assign(&mut self, target: &'a Expr, value: Value, scope: &Scope) {
        match &target.kind {
            ExprKind::Name(name) => scope.set(name, value),
            ExprKind::Tuple(targets) | ExprKind::List(targets, _) => {
                let parts = items(&value);
                for (i, target) in targets.iter().enumerate() {
                    let part = match &parts {
                        Some(parts) => parts.get(i).cloned().unwrap_or(Value::Null),
                        // `rows, err := f()`: the first is what matters
                        None if i == 0 => value.clone(),
                        None => Value::Unknown("".into()),
                    };
                    self.assign(target, part, scope);
                }
            }
            ExprKind::Map(entries) => {
                for entry in entries {
                    if let crate::model::code::Entry::Named(key, target) = entry {
                        let part = self.member(&value, &key.text, self.place(key.span.start));
                        self.assign(target, part, scope);
                    }
                }
            }
            ExprKind::Bind(left, right) => {
                // a default in a pattern
                let value = match value {
                    Value::Null => self.expression(right, scope),
                    other => other,
                };
                self.assign(left, value, scope);
            }
            ExprKind::Index(of, key) => {
                let (of, key) = (self.expression(of, scope), self.expression(key, scope));
                if let (Value::Map(entries), Some(key)) = (&of, key.as_text()) {
                    set_entry(&mut entries.borrow_mut(), key, value);
                }
            }
            ExprKind::Member(of, name) => match self.expression(of, scope) {
                Value::Map(entries) => set_entry(&mut entries.borrow_mut(), &name.text, value),
                Value::This(this) => set_entry(&mut this.fields.borrow_mut(), &name.text, value),
                _ => {}
            },
            ExprKind::Reference(inner) | ExprKind::Cast(inner, _) => self.assign(inner, value, scope),
            _ => {}
        }
    }

    /// Runs a function of the program.
    pub fn call(&mut self, function: FunctionRef, outer: Option<Scope>, this: Option<Rc<This>>, args: Vec<Argument>) -> Value {
        let Some(code) = self.program.function(function) else { return Value::Unknown("".into()) };
        if self.calls >= MAX_CALLS || !self.step() {
            return Value::Unknown(code.name.text.to_string().into());
        }
        let scope = Scope::new(outer);
        self.bind(code, &scope, this, args, function.file);
        let (at, site) = (self.at, self.site);
        self.at = function.file;
        self.calls += 1;
        let flow = self.block(&code.body, &scope);
        self.calls -= 1;
        (self.at, self.site) = (at, site);
        match flow {
            Flow::Return(value) => value,
            _ => Value::Null,
        }
    }

    fn bind(&mut self, code: &'a Function, scope: &Scope, this: Option<Rc<This>>, args: Vec<Argument>, file: FileId) {
        if let Some(receiver) = &code.receiver {
            let value = match this {
                Some(this) => Value::This(this),
                None => scope.get("this").unwrap_or(Value::Unknown("this".into())),
            };
            scope.declare(&receiver.name.text, value);
        }
        let at = std::mem::replace(&mut self.at, file);
        let mut positional = args.iter().filter(|a| a.name.is_none());
        for param in &code.params {
            let named = args.iter().find(|a| a.name.as_deref() == Some(&*param.name.text)).map(|a| a.value.clone());
            let value = if param.rest {
                Value::list(positional.by_ref().map(|a| a.value.clone()).collect())
            } else if param.keywords {
                let known = |n: &str| code.params.iter().any(|p| &*p.name.text == n);
                Value::map(args.iter().filter_map(|a| Some((a.name.clone().filter(|n| !known(n))?, a.value.clone()))).collect())
            } else {
                let given = named.or_else(|| positional.next().map(|a| a.value.clone()));
                match (given, &param.default, &param.ty) {
                    (Some(Value::Unknown(_)) | None, _, Some(ty)) if param.default.is_none() => self.of_type(ty),
                    (Some(value), ..) => value,
                    (None, Some(default), _) => self.expression(default, scope),
                    (None, None, _) => Value::Unknown(param.name.text.to_string().into()),
                }
            };
            match &param.pattern {
                Some(pattern) => {
                    // as in assignments: names are this function's own
                    names_of(pattern, &mut |name| scope.declare(name, Value::Null));
                    self.assign(pattern, value, scope);
                }
                None => scope.declare(&param.name.text, value),
            }
        }
        self.at = at;
    }

    /// A value of which only the type is known: of a library's type, what the library calls it.
    fn of_type(&mut self, ty: &Type) -> Value {
        match ty {
            Type::Named { path, .. } => {
                let path: Vec<&str> = path.iter().map(|w| &*w.text).collect();
                match self.program.lookup_path(self.at, &path) {
                    Some(Definition::External(name)) => Value::path(self.canonical(&name)),
                    _ => Value::Unknown(path.join(".").into()),
                }
            }
            Type::Pointer(inner) => self.of_type(inner),
            Type::Slice(_) => Value::list(Vec::new()),
            Type::Map(..) => Value::map(Vec::new()),
            Type::Union(all) => {
                all.iter().map(|t| self.of_type(t)).find(|v| matches!(v, Value::Path(_))).unwrap_or(Value::Unknown("".into()))
            }
            _ => Value::Unknown("".into()),
        }
    }

    /// The value of a name: of the function, those around it, the module, imports.
    pub fn name(&mut self, name: &str, scope: &Scope) -> Value {
        if let Some(value) = scope.get(name) {
            return value;
        }
        match self.program.lookup(self.at, name) {
            Some(definition) => self.defined(definition, name),
            None => Value::path(self.canonical(name)),
        }
    }

    /// The value of what a name of a module means.
    pub fn defined(&mut self, definition: Definition<'a>, name: &str) -> Value {
        match definition {
            Definition::Class(class) => Value::Class(class),
            Definition::Function(function) => Value::Function(function, None, None),
            Definition::Module(files) => Value::Module(files.into()),
            Definition::External(path) => self.external(&path),
            Definition::Entry { .. } => Value::Unknown(name.into()),
            Definition::Variable { file, values, ty } => {
                let key = (file, name.to_string());
                if self.busy.contains(&key) {
                    return Value::Unknown(name.into());
                }
                let at = std::mem::replace(&mut self.at, file);
                self.busy.push(key);
                let records = std::mem::replace(&mut self.records, false);
                let value = match (values.as_slice(), ty) {
                    ([], Some(ty)) => self.of_type(ty),
                    ([value], _) => self.expression(value, &Scope::new(None)),
                    _ => Value::Unknown(name.into()),
                };
                self.records = records;
                self.busy.pop();
                self.at = at;
                value
            }
        }
    }

    /// What a file of ECMAScript exports as a whole: `exports.up = ...`, `module.exports = { up }`, `export default`.
    pub fn exports(&mut self, file: FileId) -> Option<Value> {
        let key = (file, "exports".to_string());
        if self.busy.contains(&key) {
            return None;
        }
        self.busy.push(key);
        let program = self.program;
        let at = std::mem::replace(&mut self.at, file);
        let records = std::mem::replace(&mut self.records, false);
        let scope = Scope::new(None);
        let mut whole = None;
        let mut single: Vec<(Rc<str>, Value)> = Vec::new();
        for stmt in &program.file(file)?.code.body {
            let Stmt::Assign { target, value: Some(value), .. } = stmt else { continue };
            let name = match target.path().as_deref() {
                Some(["exports" | "default"] | ["module", "exports"] | ["exports", "default"]) => None,
                Some(["exports", name] | ["module", "exports", name]) => Some(Rc::from(*name)),
                _ => continue,
            };
            let value = self.expression(value, &scope);
            match name {
                Some(name) => single.push((name, value)),
                None => whole = Some(value),
            }
        }
        self.records = records;
        self.at = at;
        self.busy.pop();
        whole.or_else(|| (!single.is_empty()).then(|| Value::map(single)))
    }

    /// Something of a library: an engine's name, or a path.
    pub fn external(&self, path: &str) -> Value {
        let path = self.canonical(path);
        match self.rules.engine_constant.iter().find(|(key, _)| crate::grammar::ddl::names(key, &path)) {
            Some((_, engine)) => Value::Engine(engine.as_str().into()),
            None => Value::path(path),
        }
    }

    /// A path under the name that the rules use.
    pub fn canonical(&self, path: &str) -> String {
        let mut path = path.to_string();
        for _ in 0..4 {
            let found =
                self.rules.alias.iter().filter(|(from, _)| {
                    path.strip_prefix(from.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '(']))
                });
            match found.max_by_key(|(from, _)| from.len()) {
                Some((from, to)) => path = format!("{to}{}", &path[from.len()..]),
                None => break,
            }
        }
        path
    }
}

/// The items of a list.
pub(super) fn items(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::List(items) => Some(items.borrow().clone()),
        _ => None,
    }
}

/// What each round of a loop over a value has: in Go position and value.
fn rounds(value: &Value, go: bool) -> Option<Vec<Value>> {
    match value {
        Value::List(items) if go => {
            let pair = |(i, v): (usize, &Value)| Value::list(vec![Value::Number(i.to_string().into()), v.clone()]);
            Some(items.borrow().iter().enumerate().map(pair).collect())
        }
        Value::List(items) => Some(items.borrow().clone()),
        Value::Map(entries) if go => {
            Some(entries.borrow().iter().map(|(k, v)| Value::list(vec![Value::text(k.clone()), v.clone()])).collect())
        }
        Value::Map(entries) => Some(entries.borrow().iter().map(|(k, _)| Value::text(k.clone())).collect()),
        _ => None,
    }
}

/// Calls `each` with the names that a pattern binds.
fn names_of(pattern: &Expr, each: &mut impl FnMut(&str)) {
    match &pattern.kind {
        ExprKind::Name(name) => each(name),
        ExprKind::Tuple(all) | ExprKind::List(all, _) => all.iter().for_each(|p| names_of(p, each)),
        ExprKind::Map(entries) => {
            for entry in entries {
                if let crate::model::code::Entry::Named(_, p) = entry {
                    names_of(p, each);
                }
            }
        }
        ExprKind::Bind(left, _) => names_of(left, each),
        _ => {}
    }
}

/// Sets an entry.
pub(super) fn set_entry(entries: &mut Vec<(Rc<str>, Value)>, key: &str, value: Value) {
    match entries.iter_mut().find(|e| &*e.0 == key) {
        Some(entry) => entry.1 = value,
        None => entries.push((key.into(), value)),
    }
}
