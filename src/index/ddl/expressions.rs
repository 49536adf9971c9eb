//! Expressions of a migration's code.

use super::run::{MAX_ROUNDS, Run, items, set_entry};
use super::value::{Argument, Place, Scope, Term, This, Value};
use crate::index::program::FunctionRef;
use crate::model::code::{Arg, Entry, Expr, ExprKind, Part, Type, Word};
use crate::model::facts::Language;
use crate::model::statement::HOLE;
use std::cell::RefCell;
use std::rc::Rc;

/// Nesting beyond which expressions are unknown.
const MAX_DEPTH: usize = 120;
/// Longest text that is put together, in bytes.
pub(super) const MAX_TEXT: usize = 1 << 20;

impl<'a> Run<'a> {
    /// The value of an expression.
    pub fn expression(&mut self, expr: &'a Expr, scope: &Scope) -> Value {
        if self.depth >= MAX_DEPTH || !self.step() {
            return Value::Unknown("".into());
        }
        self.depth += 1;
        let outer = self.site;
        if self.at == self.file {
            self.site = Place { file: self.file, at: expr.span.start, literal: false };
        }
        let value = self.evaluate(expr, scope);
        self.site = outer;
        self.depth -= 1;
        value
    }

    fn evaluate(&mut self, expr: &'a Expr, scope: &Scope) -> Value {
        match &expr.kind {
            ExprKind::Name(name) => self.name(name, scope),
            ExprKind::Text(parts) => self.template(parts, scope),
            ExprKind::Tagged { tag, parts, .. } => {
                let tag = self.expression(tag, scope);
                let text = self.template(parts, scope);
                match tag {
                    Value::Path(_) | Value::Term(_) => self.apply(tag, vec![Argument { name: None, value: text }], expr.span.start),
                    _ => text,
                }
            }
            ExprKind::Scalar(text) => match &**text {
                "true" | "True" => Value::Bool(true),
                "false" | "False" => Value::Bool(false),
                number => Value::Number(number.replace('_', "").into()),
            },
            ExprKind::Null => Value::Null,
            ExprKind::Member(of, name) => {
                let of = self.expression(of, scope);
                self.member(&of, &name.text, self.place(name.span.start))
            }
            ExprKind::Index(of, key) => {
                let (of, key) = (self.expression(of, scope), self.expression(key, scope));
                self.index(&of, &key)
            }
            ExprKind::Call { function, args, new, types } => self.called(function, args, types, *new, expr.span.start, scope),
            ExprKind::List(all, _) | ExprKind::Tuple(all) => {
                let element = match &expr.kind {
                    ExprKind::List(_, Some(Type::Pointer(inner))) => Some(&**inner),
                    ExprKind::List(_, element) => element.as_ref(),
                    _ => None,
                };
                let mut out = Vec::with_capacity(all.len());
                for item in all {
                    match (&item.kind, element) {
                        // Go: the type of the elements is said once.
                        (ExprKind::Map(_), Some(Type::Slice(_))) => {
                            let value = self.expression(item, scope);
                            out.push(positional(&value));
                            continue;
                        }
                        (ExprKind::Map(entries), Some(ty @ Type::Named { .. })) => {
                            out.push(self.composite(ty, entries, item, scope));
                            continue;
                        }
                        _ => {}
                    }
                    match &item.kind {
                        ExprKind::Spread(inner) => {
                            let value = self.expression(inner, scope);
                            out.extend(items(&value).unwrap_or_else(|| vec![Value::Unknown("...".into())]));
                        }
                        _ => out.push(self.expression(item, scope)),
                    }
                }
                Value::list(out)
            }
            ExprKind::Map(entries) => self.object(entries, scope),
            ExprKind::Composite(ty, entries) => self.composite(ty, entries, expr, scope),
            ExprKind::Reference(inner) | ExprKind::Cast(inner, _) | ExprKind::Instantiate(inner, _) => self.expression(inner, scope),
            ExprKind::Binary { op, left, right } => self.binary(op, left, right, scope),
            ExprKind::Unary { op, value } => {
                let value = self.expression(value, scope);
                match (&**op, value) {
                    ("await" | "+", value) => value,
                    ("not" | "!", value) => self.holds(&value).map_or(Value::Unknown("".into()), |b| Value::Bool(!b)),
                    ("~", value @ Value::Term(_)) => self.operation("operator.~", vec![value]),
                    ("-", Value::Number(n)) => Value::Number(format!("-{n}").into()),
                    _ => Value::Unknown("".into()),
                }
            }
            ExprKind::Choice { condition, then, other } => {
                let condition = self.expression(condition, scope);
                match self.holds(&condition) {
                    Some(true) => self.expression(then, scope),
                    Some(false) => self.expression(other, scope),
                    None => {
                        let (a, b) = (self.expression(then, scope), self.expression(other, scope));
                        if matches!(a, Value::Unknown(_) | Value::Null) { b } else { a }
                    }
                }
            }
            ExprKind::Lambda(id) => Value::Function(FunctionRef { file: self.at, function: *id }, Some(scope.clone()), None),
            ExprKind::Class(id) => Value::Class(crate::index::program::ClassRef { file: self.at, class: *id }),
            ExprKind::Each { target, over, conditions, body, pairs } => {
                let over = self.expression(over, scope);
                let rounds = self.iterated(&over).filter(|r| r.len() <= MAX_ROUNDS);
                let known = rounds.is_some();
                let inner = Scope::new(Some(scope.clone()));
                let mut out = Vec::new();
                for item in rounds.unwrap_or_else(|| vec![Value::Unknown("".into())]) {
                    self.assign_in(target, item, &inner);
                    let mut keep = true;
                    for condition in conditions {
                        let value = self.expression(condition, &inner);
                        keep &= self.holds(&value) != Some(false);
                    }
                    if keep {
                        out.push(self.expression(body, &inner));
                    }
                }
                if *pairs {
                    let pair = |v: Value| {
                        let parts = items(&v)?;
                        Some((parts.first()?.as_text()?.into(), parts.get(1)?.clone()))
                    };
                    return Value::map(out.into_iter().filter_map(pair).collect());
                }
                if known { Value::list(out) } else { Value::Unknown("".into()) }
            }
            ExprKind::Spread(inner) => self.expression(inner, scope),
            ExprKind::Bind(target, value) => {
                let value = self.expression(value, scope);
                self.assign(target, value.clone(), scope);
                value
            }
            ExprKind::Opaque(parts) => {
                let values: Vec<Value> = parts.iter().map(|p| self.expression(p, scope)).collect();
                drop(values);
                Value::Unknown("".into())
            }
        }
    }

    /// Binds the names of a comprehension in a scope of its own.
    fn assign_in(&mut self, target: &'a Expr, value: Value, scope: &Scope) {
        fn declare(target: &Expr, scope: &Scope) {
            match &target.kind {
                ExprKind::Name(name) => scope.declare(name, Value::Null),
                ExprKind::Tuple(all) | ExprKind::List(all, _) => all.iter().for_each(|t| declare(t, scope)),
                _ => {}
            }
        }
        declare(target, scope);
        self.assign(target, value, scope);
    }

    /// What a loop over a value goes through, in languages whose loops give items.
    pub fn iterated(&self, value: &Value) -> Option<Vec<Value>> {
        match value {
            Value::Map(entries) => Some(entries.borrow().iter().map(|e| Value::text(e.0.clone())).collect()),
            other => items(other),
        }
    }

    fn template(&mut self, parts: &'a [Part], scope: &Scope) -> Value {
        let mut out = String::new();
        let mut place = None;
        for part in parts {
            match part {
                Part::Text(text, span) => {
                    // Only text that keeps the lines of its source leads to them.
                    let here = self.at == self.file;
                    place.get_or_insert(Place { file: self.at, at: span.start, literal: here });
                    out.push_str(text);
                }
                Part::Value(value) => {
                    let value = self.expression(value, scope);
                    out.push_str(&self.shown(&value));
                }
            }
            if out.len() > MAX_TEXT {
                return Value::Unknown("".into());
            }
        }
        let place = place.unwrap_or(self.site);
        Value::Text(out.into(), if self.at == self.file { place } else { self.site })
    }

    /// A value as it stands in text; a hole where it is not known.
    pub fn shown(&mut self, value: &Value) -> String {
        match value {
            Value::Text(text, _) => text.to_string(),
            Value::Number(n) => n.to_string(),
            Value::Bool(b) => match self.language() {
                Some(Language::Python) => if *b { "True" } else { "False" }.to_string(),
                _ => b.to_string(),
            },
            Value::Engine(name) => name.to_string(),
            Value::List(items) if self.language() != Some(Language::Python) && items.borrow().iter().all(|i| i.as_text().is_some()) => {
                items.borrow().iter().filter_map(|i| i.as_text().map(str::to_string)).collect::<Vec<_>>().join(",")
            }
            Value::Term(_) | Value::Path(_) => self.as_sql(value).unwrap_or_else(|| HOLE.to_string()),
            _ => HOLE.to_string(),
        }
    }

    fn object(&mut self, entries: &'a [Entry], scope: &Scope) -> Value {
        let mut out: Vec<(Rc<str>, Value)> = Vec::new();
        for entry in entries {
            match entry {
                Entry::Named(key, value) => {
                    let value = self.expression(value, scope);
                    set_entry(&mut out, &key.text, value);
                }
                Entry::Computed(key, value) => {
                    let key = self.expression(key, scope);
                    let value = self.expression(value, scope);
                    match &key {
                        Value::Text(key, _) | Value::Number(key) => set_entry(&mut out, key, value),
                        Value::Path(path) => set_entry(&mut out, &path.name, value),
                        _ => set_entry(&mut out, &HOLE.to_string(), value),
                    }
                }
                Entry::Spread(inner) => match self.spread_object(inner, scope) {
                    Some(other) => {
                        for (key, value) in other {
                            set_entry(&mut out, &key, value);
                        }
                    }
                    None => set_entry(&mut out, &HOLE.to_string(), Value::Unknown("...".into())),
                },
                Entry::Item(value) => {
                    let value = self.expression(value, scope);
                    out.push((out.len().to_string().into(), value));
                }
                Entry::Method(id) => {
                    let function = FunctionRef { file: self.at, function: *id };
                    if let Some(code) = self.program.function(function) {
                        set_entry(&mut out, &code.name.text, Value::Function(function, Some(scope.clone()), None));
                    }
                }
            }
        }
        Value::map(out)
    }

    fn spread_object(&mut self, inner: &'a Expr, scope: &Scope) -> Option<Vec<(Rc<str>, Value)>> {
        let value = match self.expression(inner, scope) {
            Value::Module(files) => files.iter().find_map(|f| self.exports(*f))?,
            value => value,
        };
        match value {
            Value::Map(other) => Some(other.borrow().clone()),
            _ => None,
        }
    }

    /// A literal of a named type (Go): of a library's type it is a call with its fields as keywords.
    fn composite(&mut self, ty: &'a Type, entries: &'a [Entry], expr: &'a Expr, scope: &Scope) -> Value {
        if let Type::Map(_, element) = ty {
            let map = self.object(entries, scope);
            if let (Type::Slice(_), Value::Map(entries)) = (&**element, &map) {
                entries.borrow_mut().iter_mut().for_each(|e| e.1 = positional(&e.1));
            }
            return map;
        }
        let fields = self.object(entries, scope);
        let Type::Named { path, .. } = ty else {
            return match ty {
                Type::Slice(_) => match &fields {
                    Value::Map(entries) => Value::list(entries.borrow().iter().map(|e| e.1.clone()).collect()),
                    _ => fields,
                },
                _ => fields,
            };
        };
        let path: Vec<&str> = path.iter().map(|w| &*w.text).collect();
        match self.program.lookup_path(self.at, &path) {
            Some(crate::index::program::Definition::External(name)) => {
                let Value::Map(entries) = &fields else { return fields };
                let args: Vec<Argument> =
                    entries.borrow().iter().map(|(k, v)| Argument { name: Some(k.clone()), value: v.clone() }).collect();
                let callee = self.external(&name);
                self.apply(callee, args, expr.span.start)
            }
            Some(crate::index::program::Definition::Class(class)) => {
                let fields = match fields {
                    Value::Map(entries) => entries.borrow().clone(),
                    _ => Vec::new(),
                };
                Value::This(Rc::new(This { class, path: "".into(), fields: RefCell::new(fields) }))
            }
            _ => fields,
        }
    }

    fn binary(&mut self, op: &str, left: &'a Expr, right: &'a Expr, scope: &Scope) -> Value {
        if matches!(op, "and" | "&&" | "or" | "||" | "??") {
            let a = self.expression(left, scope);
            let known = if op == "??" { Some(!matches!(a, Value::Null)) } else { self.holds(&a) };
            let stops = if matches!(op, "and" | "&&") { Some(false) } else { Some(true) };
            if known == stops {
                return a;
            }
            let b = self.expression(right, scope);
            return match known {
                Some(_) => b,
                // `unknown and False` is false, `unknown or True` is true
                None if self.holds(&b) == stops && stops == Some(false) => Value::Bool(false),
                None if self.holds(&b) == stops && matches!(b, Value::Bool(_)) => b,
                None => Value::Unknown("".into()),
            };
        }
        let (a, b) = (self.expression(left, scope), self.expression(right, scope));
        let truth = |known: Option<bool>, negated: bool| known.map_or(Value::Unknown("".into()), |k| Value::Bool(k != negated));
        match op {
            "==" | "===" | "is" => truth(self.same(&a, &b), false),
            "!=" | "!==" | "is not" | "<>" => truth(self.same(&a, &b), true),
            "in" | "not in" => truth(self.contains(&b, &a), op == "not in"),
            _ => self.joined(op, a, b),
        }
    }

    /// Whether two values are equal.
    pub fn same(&self, a: &Value, b: &Value) -> Option<bool> {
        Some(match (a, b) {
            (Value::Engine(x), Value::Engine(y)) => self.is_engine(x) == self.is_engine(y) && (self.is_engine(x) || x == y),
            (Value::Engine(x), Value::Text(y, _)) | (Value::Text(y, _), Value::Engine(x)) => {
                if self.is_engine(x) {
                    self.is_engine(y)
                } else {
                    x == y
                }
            }
            (Value::Text(x, _), Value::Text(y, _)) if !x.contains(HOLE) && !y.contains(HOLE) => x == y,
            (Value::Number(x), Value::Number(y)) => x == y,
            (Value::Bool(x), Value::Bool(y)) => x == y,
            (Value::Null, Value::Null) => true,
            (Value::Unknown(_) | Value::Path(_) | Value::Term(_), _) | (_, Value::Unknown(_) | Value::Path(_) | Value::Term(_)) => {
                return None;
            }
            (Value::Null, _) | (_, Value::Null) => false,
            _ => return None,
        })
    }

    fn contains(&self, all: &Value, one: &Value) -> Option<bool> {
        match all {
            Value::List(items) => {
                let answers: Vec<Option<bool>> = items.borrow().iter().map(|i| self.same(i, one)).collect();
                if answers.contains(&Some(true)) {
                    Some(true)
                } else if answers.contains(&None) {
                    None
                } else {
                    Some(false)
                }
            }
            Value::Map(entries) => one.as_text().map(|t| entries.borrow().iter().any(|e| &*e.0 == t)),
            Value::Text(text, _) if !text.contains(HOLE) => one.as_text().map(|t| text.contains(t)),
            Value::Engine(_) => one.as_text().map(|t| self.is_engine(t)),
            _ => None,
        }
    }

    /// An operator between values of a library, as a call.
    fn operation(&self, callee: &str, operands: Vec<Value>) -> Value {
        Value::Term(Rc::new(Term {
            callee: callee.into(),
            args: operands.into_iter().map(|value| Argument { name: None, value }).collect(),
            carried: Rc::new([]),
            links: RefCell::default(),
            items: Rc::default(),
            results: RefCell::default(),
            place: self.site,
        }))
    }

    /// `a + b`, `a % b`, `a * n`, and arithmetic on small numbers.
    pub fn joined(&mut self, op: &str, a: Value, b: Value) -> Value {
        if let ("&" | "|", Value::Term(_), Value::Term(_)) = (op, &a, &b) {
            return self.operation(&format!("operator.{op}"), vec![a, b]);
        }
        let rules = &self.texts.rules;
        let is = |ops: &[String]| ops.iter().any(|o| o == op);
        let formats = is(&rules.format_operators);
        let concats = is(&rules.concat_operators);
        match (&a, &b) {
            (Value::Number(x), Value::Number(y)) => {
                let (Ok(x), Ok(y)) = (x.parse::<i64>(), y.parse::<i64>()) else { return Value::Unknown("".into()) };
                let result = match op {
                    "+" => x.checked_add(y),
                    "-" => x.checked_sub(y),
                    "*" => x.checked_mul(y),
                    "/" | "//" => x.checked_div(y),
                    "%" => x.checked_rem(y),
                    "<" | ">" | "<=" | ">=" => {
                        return Value::Bool(match op {
                            "<" => x < y,
                            ">" => x > y,
                            "<=" => x <= y,
                            _ => x >= y,
                        });
                    }
                    _ => None,
                };
                result.map_or(Value::Unknown("".into()), |n| Value::Number(n.to_string().into()))
            }
            (Value::Text(..), _) if formats => self.printf(&a, &b),
            (Value::List(x), Value::List(y)) if op == "+" => {
                let all = x.borrow().iter().chain(y.borrow().iter()).cloned().collect();
                Value::list(all)
            }
            (Value::Text(x, place), _) if concats => {
                let b = self.shown(&b);
                if x.len() + b.len() > MAX_TEXT {
                    return Value::Unknown("".into());
                }
                Value::Text(format!("{x}{b}").into(), *place)
            }
            (_, Value::Text(y, place)) if concats => {
                let a = self.shown(&a);
                Value::Text(format!("{a}{y}").into(), *place)
            }
            _ => Value::Unknown("".into()),
        }
    }

    fn index(&mut self, of: &Value, key: &Value) -> Value {
        match (of, key) {
            (Value::List(items), Value::Number(n)) => {
                let items = items.borrow();
                let at = n.parse::<i64>().ok().map(|n| if n < 0 { n + items.len() as i64 } else { n });
                at.and_then(|n| items.get(usize::try_from(n).ok()?).cloned()).unwrap_or(Value::Unknown("".into()))
            }
            (Value::Map(_), Value::Text(key, _) | Value::Number(key)) => of.entry(key).unwrap_or(Value::Null),
            (Value::Path(path), Value::Text(key, _)) => self.external(&format!("{}.{key}", path.name)),
            (Value::Module(_) | Value::This(_), Value::Text(key, _)) => self.member(of, key, self.site),
            (Value::Path(_), _) => of.clone(),
            _ => Value::Unknown("".into()),
        }
    }

    /// Arguments of a call.
    pub fn arguments(&mut self, args: &'a [Arg], scope: &Scope) -> Vec<Argument> {
        let mut out = Vec::with_capacity(args.len());
        for arg in args {
            let value = self.expression(&arg.value, scope);
            let name = |w: &Word| Rc::<str>::from(&*w.text);
            match (&value, arg.spread, arg.double) {
                (Value::List(items), true, _) => out.extend(items.borrow().iter().map(|v| Argument { name: None, value: v.clone() })),
                (Value::Map(entries), _, true) => {
                    out.extend(entries.borrow().iter().map(|(k, v)| Argument { name: Some(k.clone()), value: v.clone() }));
                }
                (_, true, _) | (_, _, true) => out.push(Argument { name: None, value: Value::Unknown("...".into()) }),
                _ => out.push(Argument { name: arg.name.as_ref().map(name), value }),
            }
        }
        out
    }
}

/// A literal without keys as a list.
fn positional(value: &Value) -> Value {
    match value {
        Value::Map(entries) if entries.borrow().iter().enumerate().all(|(i, e)| *e.0 == *i.to_string()) => {
            Value::list(entries.borrow().iter().map(|e| e.1.clone()).collect())
        }
        other => other.clone(),
    }
}
