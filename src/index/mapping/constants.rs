//! What names and expressions of a definition mean without running the program: qualified names of the library's
//! calls, constants, classes, values that names stand for.

use super::naming;
use super::{Named, Origin};
use crate::index::program::{ClassRef, Definition, FileId, FunctionRef, Program, required};
use crate::model::code::{Arg, Class, Entry, Expr, ExprKind, Function, Outer, Part, Stmt, Type};
use std::rc::Rc;

/// Names that are followed one after the other.
const MAX_DEPTH: u32 = 24;

/// Where names of an expression are looked up.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Scope {
    /// File.
    pub file: FileId,
    /// Class whose attributes are names too.
    pub class: Option<ClassRef>,
    /// Function whose own names are looked up first.
    pub function: Option<FunctionRef>,
    /// Depth of what has been followed.
    pub depth: u32,
}

impl Scope {
    pub(super) fn of(file: FileId) -> Scope {
        Scope { file, class: None, function: None, depth: 0 }
    }

    pub(super) fn deeper(self) -> Option<Scope> {
        (self.depth < MAX_DEPTH).then_some(Scope { depth: self.depth + 1, ..self })
    }
}

/// What a text may depend on besides the program: the class that it is computed for, parameters of a function.
#[derive(Clone, Debug, Default)]
pub(super) struct Given {
    /// Name of the class (`cls.__name__`).
    pub model: String,
    /// Parameters with their values.
    pub names: Vec<(String, Named)>,
}

/// Meaning of expressions in a program.
#[derive(Copy, Clone)]
pub(super) struct Constants<'p, 'a> {
    pub program: &'p Program<'a>,
}

impl<'p, 'a> Constants<'p, 'a> {
    /// The qualified name of what an expression is, where it comes from a library: `sa.Column`,
    /// `db.Model` of `db = SQLAlchemy()` (`flask_sqlalchemy.SQLAlchemy().Model`). Names that nothing defines are as
    /// written; `None` for what the program itself defines.
    pub fn qualified(&self, scope: Scope, expr: &'a Expr) -> Option<String> {
        let scope = scope.deeper()?;
        match &expr.kind {
            ExprKind::Name(name) => match self.program.lookup(scope.file, name) {
                Some(Definition::External(path)) => Some(path),
                Some(Definition::Variable { file, values, .. }) => {
                    let known = values.last().and_then(|value| match value.kind {
                        ExprKind::Call { .. } | ExprKind::Member(..) | ExprKind::Name(_) => {
                            self.qualified(Scope { file, class: None, function: None, ..scope }, value)
                        }
                        _ => None,
                    });
                    known.or_else(|| Some(name.to_string()))
                }
                Some(_) => None,
                None => Some(name.to_string()),
            },
            ExprKind::Member(object, name) => {
                if let Some(path) = expr.path()
                    && let Some(found) = self.program.lookup_path(scope.file, &path)
                {
                    match found {
                        Definition::External(path) => return Some(path),
                        Definition::Class(_) | Definition::Function(_) | Definition::Module(_) | Definition::Entry { .. } => return None,
                        Definition::Variable { file, values, .. } => {
                            return self.qualified(Scope { file, class: None, function: None, ..scope }, values.last()?);
                        }
                    }
                }
                let object = self.qualified(scope, object)?;
                Some(format!("{object}.{}", name.text))
            }
            // `require("m")`, wherever it stands
            ExprKind::Call { .. } if required(expr).is_some() => match self.program.required(scope.file, &required(expr)?)? {
                Definition::External(path) => Some(path),
                _ => None,
            },
            ExprKind::Call { function, args, .. } => match self.qualified(scope, function) {
                // a library's function with some arguments given is that function
                Some(name) if matches!(&*name, "functools.partial" | "partial") => self.qualified(scope, &args.first()?.value),
                Some(name) => Some(format!("{name}()")),
                // an instance of the program's own class is one of the library's class that it extends
                None => self.extended(self.class(scope, function)?, scope.depth).map(|base| format!("{base}()")),
            },
            ExprKind::Index(of, _) | ExprKind::Instantiate(of, _) | ExprKind::Reference(of) | ExprKind::Cast(of, _) => {
                self.qualified(scope, of)
            }
            _ => None,
        }
    }

    /// The qualified name of the library's class that a class of the program extends, itself or through others.
    fn extended(&self, class: ClassRef, depth: u32) -> Option<String> {
        let scope = Scope { depth, ..Scope::of(class.file) }.deeper()?;
        self.program.class(class)?.bases.iter().find_map(|base| match self.qualified(scope, base) {
            Some(name) => Some(name).filter(|n| n.contains('.')),
            None => self.extended(self.class(scope, base).filter(|b| *b != class)?, scope.depth),
        })
    }

    /// The class of the program that an expression names: `Base`, `models.Base`, `Repository<User>`.
    pub fn class(&self, scope: Scope, expr: &'a Expr) -> Option<ClassRef> {
        let scope = scope.deeper()?;
        match &expr.kind {
            ExprKind::Index(of, _) | ExprKind::Instantiate(of, _) | ExprKind::Reference(of) | ExprKind::Cast(of, _) => {
                self.class(scope, of)
            }
            ExprKind::Class(class) => Some(ClassRef { file: scope.file, class: *class }),
            ExprKind::Name(_) | ExprKind::Member(..) => {
                let path = expr.path()?;
                match self.program.lookup_path(scope.file, &path) {
                    Some(Definition::Class(class)) => Some(class),
                    Some(Definition::Variable { file, values, .. }) => {
                        self.class(Scope { file, class: None, function: None, ..scope }, values.last()?)
                    }
                    Some(_) => None,
                    None => self.inner_class(scope, path.last()?).filter(|_| path.len() == 1),
                }
            }
            _ => None,
        }
    }

    /// The class of the program that a base is: itself, or the class that is given to the call that makes it
    /// (`declarative_base(cls=Base)`, `Mixin(Base)`).
    pub fn base(&self, scope: Scope, expr: &'a Expr) -> Option<ClassRef> {
        self.class(scope, expr).or_else(|| {
            let (inner, value) = self.follow(scope, expr);
            match &value.kind {
                ExprKind::Call { args, .. } => args.iter().find_map(|a| self.class(inner, &a.value)),
                _ => None,
            }
        })
    }

    /// A class of a file that stands in a function or class and is the only one of its name there.
    pub fn inner_class(&self, scope: Scope, name: &str) -> Option<ClassRef> {
        let code = self.program.file(scope.file)?.code;
        let mut found = code.classes.iter().enumerate().filter(|(_, c)| &*c.name.text == name && c.outer != Outer::Module);
        let (at, _) = found.next()?;
        found.next().is_none().then_some(ClassRef { file: scope.file, class: at as u32 })
    }

    /// What a name stands for: the last value assigned to it, with the scope of that value. An expression that is no
    /// name stands for itself.
    pub fn follow(&self, scope: Scope, expr: &'a Expr) -> (Scope, &'a Expr) {
        let Some(scope) = scope.deeper() else { return (scope, expr) };
        match &expr.kind {
            ExprKind::Name(name) => {
                if let Some((inner, value)) = scope.class.and_then(|c| self.attribute(c, name, scope.depth)) {
                    return self.follow(inner, value);
                }
                match self.program.lookup(scope.file, name) {
                    Some(Definition::Variable { file, values, .. }) => match values.last() {
                        Some(value) => self.follow(Scope { file, class: None, function: None, ..scope }, value),
                        None => (scope, expr),
                    },
                    _ => (scope, expr),
                }
            }
            ExprKind::Member(object, name) => {
                if let Some(Definition::Variable { file, values, .. }) = expr.path().and_then(|p| self.program.lookup_path(scope.file, &p))
                    && let Some(value) = values.last()
                {
                    return self.follow(Scope { file, class: None, function: None, ..scope }, value);
                }
                if let Some((inner, value)) = self.class(scope, object).and_then(|c| self.attribute(c, &name.text, scope.depth)) {
                    return self.follow(inner, value);
                }
                let (inner, map) = self.follow(scope, object);
                match entry(map, &name.text) {
                    Some(value) => self.follow(inner, value),
                    None => (scope, expr),
                }
            }
            ExprKind::Index(object, key) => {
                let (inner, map) = self.follow(scope, object);
                match self.text(scope, key, &Given::default()).and_then(|k| entry(map, &k.text)) {
                    Some(value) => self.follow(inner, value),
                    None => (scope, expr),
                }
            }
            ExprKind::Cast(of, _) | ExprKind::Reference(of) | ExprKind::Bind(_, of) => self.follow(scope, of),
            // a function that only gives a value, or an object whatever it is given: `...timestamps()`
            ExprKind::Call { function, args, .. } if !is_freeze(function) => {
                let found = match function.path().and_then(|p| self.program.lookup_path(scope.file, &p)) {
                    Some(Definition::Function(at)) => Some(at),
                    Some(Definition::Variable { file, values, .. }) => match values.last().map(|v| &v.kind) {
                        Some(ExprKind::Lambda(id)) => Some(FunctionRef { file, function: *id }),
                        _ => None,
                    },
                    _ => None,
                };
                let value = found.and_then(|at| Some((at, self.program.function(at).and_then(returned)?)));
                match value {
                    Some((at, value)) if value.span != expr.span && (args.is_empty() || matches!(value.kind, ExprKind::Map(_))) => {
                        self.follow(Scope { file: at.file, class: None, function: None, ..scope }, value)
                    }
                    _ => (scope, expr),
                }
            }
            ExprKind::Call { args, .. } => match args.first() {
                Some(only) => self.follow(scope, &only.value),
                None => (scope, expr),
            },
            _ => (scope, expr),
        }
    }

    /// The value of a class attribute, own or inherited from classes of the program.
    pub fn attribute(&self, class: ClassRef, name: &str, depth: u32) -> Option<(Scope, &'a Expr)> {
        if depth >= MAX_DEPTH {
            return None;
        }
        let def = self.program.class(class)?;
        let scope = Scope { file: class.file, class: Some(class), function: None, depth: depth + 1 };
        if let Some(field) = def.fields.iter().find(|f| &*f.name.text == name) {
            return Some((scope, field.value.as_ref()?)).filter(|(_, v)| !matches!(&v.kind, ExprKind::Name(n) if &**n == name));
        }
        let bases = def.bases.iter().filter_map(|b| self.base(Scope { class: None, ..scope }, b));
        bases.filter(|b| *b != class).find_map(|b| self.attribute(b, name, depth + 1))
    }

    /// The text that an expression gives, with the place that decides it.
    pub fn text(&self, scope: Scope, expr: &'a Expr, given: &Given) -> Option<Named> {
        let scope = scope.deeper()?;
        let here = |text: String, e: &Expr| Some(Named { text: text.into(), origin: Some(Origin { file: scope.file, span: e.span }) });
        match &expr.kind {
            ExprKind::Text(parts) => match parts.as_slice() {
                [Part::Text(text, span)] => Some(Named { text: (&**text).into(), origin: Some(Origin { file: scope.file, span: *span }) }),
                parts => {
                    let mut out = String::new();
                    for part in parts {
                        match part {
                            Part::Text(text, _) => out.push_str(text),
                            Part::Value(value) => out.push_str(&self.text(scope, value, given)?.text),
                        }
                    }
                    here(out, expr)
                }
            },
            ExprKind::Binary { op, left, right } if &**op == "+" => {
                let out = format!("{}{}", self.text(scope, left, given)?.text, self.text(scope, right, given)?.text);
                here(out, expr)
            }
            ExprKind::Binary { op, left, right } if matches!(&**op, "||" | "??" | "or") => {
                self.text(scope, left, given).or_else(|| self.text(scope, right, given))
            }
            ExprKind::Binary { op, left, right } if &**op == "%" => {
                let format = self.text(scope, left, given)?;
                let values: Vec<&'a Expr> = match &right.kind {
                    ExprKind::Tuple(all) => all.iter().collect(),
                    _ => vec![right],
                };
                let mut out = String::from(&*format.text);
                for value in values {
                    out = out.replacen("%s", &self.text(scope, value, given)?.text, 1);
                }
                here(out, expr)
            }
            ExprKind::Name(name) => {
                if let Some((_, value)) = given.names.iter().find(|(n, _)| **n == **name) {
                    return Some(value.clone());
                }
                if let Some(value) = self.local(scope, name) {
                    return self.text(scope, value, given);
                }
                self.value_text(scope, expr, given)
            }
            ExprKind::Member(object, name) => {
                let of_class = matches!(&object.kind, ExprKind::Name(n) if matches!(&**n, "cls" | "self" | "this" | "klass"))
                    || matches!(&object.kind, ExprKind::Member(_, c) if matches!(&*c.text, "__class__" | "constructor"));
                match &*name.text {
                    "__name__" | "name" if of_class => return here(given.model.clone(), expr).filter(|n| !n.text.is_empty()),
                    "__name__" | "name" => {
                        if let Some(class) = self.class(scope, object).and_then(|c| self.program.class(c)) {
                            return here(class.name.text.to_string(), expr);
                        }
                    }
                    "value" => return self.text(scope, object, given),
                    _ => {}
                }
                self.value_text(scope, expr, given)
            }
            ExprKind::Index(..) | ExprKind::Cast(..) | ExprKind::Reference(_) | ExprKind::Bind(..) => self.value_text(scope, expr, given),
            ExprKind::Call { function, args, .. } => self.call_text(scope, expr, function, args, given),
            _ => None,
        }
    }

    fn value_text(&self, scope: Scope, expr: &'a Expr, given: &Given) -> Option<Named> {
        let (inner, value) = self.follow(scope, expr);
        if std::ptr::eq(value, expr) { None } else { self.text(inner, value, given) }
    }

    /// Text of a call: of text methods, and of functions of the program.
    fn call_text(&self, scope: Scope, expr: &'a Expr, function: &'a Expr, args: &'a [Arg], given: &Given) -> Option<Named> {
        let here = |text: String| Some(Named { text: text.into(), origin: Some(Origin { file: scope.file, span: expr.span }) });
        if let Some(path) = function.path()
            && let Some(Definition::Function(at)) = self.program.lookup_path(scope.file, &path)
        {
            let called = self.program.function(at)?;
            let mut inner = Given { model: given.model.clone(), names: Vec::new() };
            for (param, arg) in called.params.iter().zip(args) {
                if let Some(text) = self.text(scope, &arg.value, given) {
                    inner.names.push((param.name.text.to_string(), text));
                }
            }
            let value = returned(called)?;
            return self.text(Scope { file: at.file, class: None, function: Some(at), ..scope }, value, &inner);
        }
        let name = match &function.kind {
            ExprKind::Member(_, name) => &*name.text,
            ExprKind::Name(name) => name,
            _ => return None,
        };
        let object = match &function.kind {
            ExprKind::Member(object, _) => Some(&**object),
            _ => None,
        };
        let first = || args.first().and_then(|a| self.text(scope, &a.value, given));
        match name {
            "lower" | "toLowerCase" | "casefold" => here(self.text(scope, object?, given)?.text.to_lowercase()),
            "upper" | "toUpperCase" => here(self.text(scope, object?, given)?.text.to_uppercase()),
            "ToLower" => here(first()?.text.to_lowercase()),
            "join" => self.joined(scope, expr, object?, args, given),
            "strip" | "trim" | "toString" | "String" => self.text(scope, object?, given),
            "str" | "quoted_name" => first(),
            "concat" => {
                let mut out = String::from(&*self.text(scope, object?, given)?.text);
                for arg in args {
                    out.push_str(&self.text(scope, &arg.value, given)?.text);
                }
                here(out)
            }
            "format" => {
                let mut out = String::from(&*self.text(scope, object?, given)?.text);
                for arg in args {
                    let value = self.text(scope, &arg.value, given)?.text;
                    out = match &arg.name {
                        Some(name) => out.replace(&format!("{{{}}}", name.text), &value),
                        None => out.replacen("{}", &value, 1),
                    };
                }
                here(out)
            }
            "Sprintf" => {
                let mut out = String::from(&*first()?.text);
                for arg in args.iter().skip(1) {
                    out = out.replacen("%s", &self.text(scope, &arg.value, given)?.text, 1);
                }
                here(out)
            }
            // `re.sub("(?<!^)(?=[A-Z])", "_", name)`: words are set apart
            "sub" if args.len() >= 3 => {
                let pattern = first()?;
                let with = self.text(scope, &args.get(1)?.value, given)?;
                let subject = self.text(scope, &args.get(2)?.value, given)?;
                match pattern.text.contains("[A-Z]") && with.text.contains('_') {
                    true => here(apart(&subject.text)),
                    false => None,
                }
            }
            "sub" => {
                let subject = self.text(scope, &args.get(1)?.value, given)?;
                first()?.text.contains('_').then(|| here(apart(&subject.text))).flatten()
            }
            _ => {
                let lower = name.to_lowercase();
                let subject = first()?;
                match () {
                    () if lower.contains("snake") || lower.contains("underscore") => here(naming::snake(&subject.text)),
                    () if lower.contains("plural") => here(super::plural::plural(&subject.text)),
                    () => None,
                }
            }
        }
    }

    /// Whether an expression is true; `None` where that is not known.
    pub fn truth(&self, scope: Scope, expr: &'a Expr) -> Option<bool> {
        let (_, value) = self.follow(scope, expr);
        match &value.kind {
            ExprKind::Scalar(text) => Some(!matches!(&**text, "False" | "false" | "0")),
            ExprKind::Null => Some(false),
            ExprKind::Unary { op, value } if matches!(&**op, "!" | "not") => self.truth(scope, value).map(|t| !t),
            ExprKind::Text(_) | ExprKind::Lambda(_) | ExprKind::Call { .. } | ExprKind::Map(_) | ExprKind::List(..) => Some(true),
            _ => None,
        }
    }

    /// The class that a type names.
    pub fn class_of_type(&self, scope: Scope, ty: &Type) -> Option<ClassRef> {
        self.program.class_of_type(scope.file, ty)
    }
}

/// `OrderLine` -> `Order_Line`.
fn apart(name: &str) -> String {
    let mut out = String::new();
    let mut before = '_';
    for c in name.chars() {
        if c.is_uppercase() && before != '_' && !before.is_uppercase() {
            out.push('_');
        }
        out.push(c);
        before = c;
    }
    out
}

fn is_freeze(function: &Expr) -> bool {
    function.path().is_some_and(|p| p.last().is_some_and(|l| matches!(*l, "freeze" | "cast" | "dict")))
}

/// The value of a key of a literal object.
pub(super) fn entry<'a>(map: &'a Expr, key: &str) -> Option<&'a Expr> {
    let entries = match &map.kind {
        ExprKind::Map(entries) | ExprKind::Composite(_, entries) => entries,
        ExprKind::Cast(of, _) | ExprKind::Reference(of) => return entry(of, key),
        ExprKind::Call { args, .. } => {
            return args.iter().find(|a| a.name.as_ref().is_some_and(|n| &*n.text == key)).map(|a| &a.value);
        }
        _ => return None,
    };
    entries.iter().rev().find_map(|e| match e {
        Entry::Named(name, value) if &*name.text == key => Some(value),
        Entry::Computed(name, value) if name.literal().is_some_and(|n| n == key) => Some(value),
        _ => None,
    })
}

/// What a function returns last, if that is a value.
pub(super) fn returned(function: &Function) -> Option<&Expr> {
    fn last(body: &[Stmt]) -> Option<&Expr> {
        body.iter().rev().find_map(|s| match s {
            Stmt::Return(value, _) => value.as_ref(),
            Stmt::Block(inner) | Stmt::Loop { body: inner, .. } => last(inner),
            Stmt::Branch { arms, .. } => arms.iter().rev().find_map(|(_, body)| last(body)),
            _ => None,
        })
    }
    last(&function.body)
}

/// A method of a class by name: the class's own, Go methods of its type besides.
pub(super) fn method<'a>(program: &Program<'a>, class: ClassRef, name: &str) -> Option<FunctionRef> {
    let def: &'a Class = program.class(class)?;
    let code = program.file(class.file)?.code;
    let own = def.methods.iter().copied().find(|&m| code.functions.get(m as usize).is_some_and(|f| &*f.name.text == name));
    if let Some(function) = own {
        return Some(FunctionRef { file: class.file, function });
    }
    let folder = |p: &str| p.rsplit_once('/').map_or(String::new(), |p| p.0.to_string());
    let here = folder(program.file(class.file)?.path);
    for (id, file) in program.files.iter().enumerate() {
        if folder(file.path) != here {
            continue;
        }
        for (i, f) in file.code.functions.iter().enumerate() {
            let on = f.receiver.as_ref().and_then(|r| r.ty.as_ref()).and_then(Type::name);
            if &*f.name.text == name && on.is_some_and(|t| t == &*def.name.text) {
                return Some(FunctionRef { file: id as FileId, function: i as u32 });
            }
        }
    }
    None
}

/// Text without a place.
pub(super) fn made(text: impl Into<Rc<str>>) -> Named {
    Named { text: text.into(), origin: None }
}
