//! Expressions.

use super::{MAX_NESTING, render};
use crate::index::mapping::{Named, Origin};
use crate::index::program::{ClassRef, FunctionRef};
use crate::index::trace::value::{Object, Value};
use crate::index::trace::{Callee, Tracer};
use crate::model::code::{Expr, ExprKind, Type, Word};
use crate::model::facts::Language;
use std::rc::Rc;

impl<'a> Tracer<'a> {
    /// The value of an expression.
    pub(super) fn eval(&mut self, expr: &'a Expr) -> Value {
        if self.state.nesting >= MAX_NESTING || !self.count_step() {
            return Value::Unknown;
        }
        self.state.nesting += 1;
        let value = self.eval_kind(expr);
        self.state.nesting -= 1;
        value
    }

    fn eval_kind(&mut self, expr: &'a Expr) -> Value {
        let origin = self.origin_here(expr.span);
        match &expr.kind {
            ExprKind::Name(name) => self.resolve_name(name, expr.span),
            ExprKind::Text(parts) => self.text_literal(parts, origin),
            ExprKind::Tagged { tag, types: _, parts } => {
                let tag = self.eval(tag);
                self.tagged_template(&tag, parts, origin)
            }
            ExprKind::Scalar(text) => Value::Scalar((&**text).into()),
            ExprKind::Null => Value::Null,
            ExprKind::Member(object, name) => {
                if is_super(object) {
                    return self.super_member(&name.text, origin).unwrap_or_default();
                }
                let object = self.eval(object);
                let name = self.word_here(name);
                self.read_member(&object, &name, origin)
            }
            ExprKind::Index(object, key) => {
                let object = self.eval(object);
                let key = self.eval(key);
                match self.library_instantiated(&object, std::slice::from_ref(&key), origin) {
                    Some(value) => value,
                    None => self.read_item(&object, &key, origin),
                }
            }
            ExprKind::Call { function, types, args, new } => {
                if let Some(&model) = self.models.by_value.get(&origin) {
                    return Value::Model { model, alias: None, origin: Some(origin) };
                }
                self.call_expression(expr, function, types, args, *new)
            }
            ExprKind::List(items, ty) => self.list_literal(items, ty.as_ref(), origin),
            ExprKind::Tuple(items) => {
                let items: Vec<Value> = self.spread_items(items);
                Value::Tuple(items.into())
            }
            ExprKind::Map(entries) => {
                if let Some(&model) = self.models.by_value.get(&origin) {
                    return Value::Model { model, alias: None, origin: Some(origin) };
                }
                self.map_literal(entries)
            }
            ExprKind::Composite(ty, entries) => self.composite(ty, entries, origin),
            ExprKind::Reference(inner) => self.eval(inner),
            ExprKind::Binary { op, left, right } => self.operate(op, left, right, origin),
            ExprKind::Unary { op, value } => {
                let value = self.eval(value);
                match &**op {
                    "await" => self.await_value(&value, origin),
                    _ => self.operate_unary(op, &value, origin),
                }
            }
            ExprKind::Choice { condition, then, other } => {
                self.eval(condition);
                let then = self.eval(then);
                let other = self.eval(other);
                self.either(then, other)
            }
            ExprKind::Lambda(id) => {
                let function = FunctionRef { file: origin.file, function: *id };
                self.closure(function)
            }
            ExprKind::Class(id) => self.class_value(ClassRef { file: origin.file, class: *id }, origin),
            ExprKind::Each { target, over, conditions, body, pairs } => self.comprehension(target, over, conditions, body, *pairs),
            ExprKind::Spread(inner) => self.eval(inner),
            ExprKind::Cast(inner, ty) => {
                let value = self.eval(inner);
                // `pkg.Function[Type](value)` reads like a conversion
                if let Type::Named { args, .. } = ty
                    && self.language_here() == Language::Go
                    && !args.is_empty()
                    && let Value::External(name) = self.named_type(ty, origin)
                {
                    let types: Rc<[Value]> = args.iter().map(|t| self.named_type(t, origin)).collect();
                    let callee = Callee::Function { name, types };
                    if let Some(given) = self.library_call(&callee, &[self.argument(value.clone(), origin)], origin) {
                        return given;
                    }
                }
                match value {
                    Value::Unknown | Value::Null => self.type_value(ty, origin),
                    known => known,
                }
            }
            ExprKind::Bind(target, value) => {
                let value = self.eval(value);
                self.assign_to(target, value.clone(), origin);
                value
            }
            ExprKind::Instantiate(inner, types) => {
                let value = self.eval(inner);
                let types: Vec<Value> = types.iter().map(|t| self.named_type(t, origin)).collect();
                self.library_instantiated(&value, &types, origin).unwrap_or(value)
            }
            ExprKind::Opaque(inner) => {
                inner.iter().for_each(|e| drop(self.eval(e)));
                Value::Unknown
            }
        }
    }

    /// A word of the running file with its place.
    pub(super) fn word_here(&self, word: &Word) -> Named {
        Named { text: (&*word.text).into(), origin: Some(self.origin_here(word.span)) }
    }

    fn operate(&mut self, op: &str, left: &'a Expr, right: &'a Expr, origin: Origin) -> Value {
        let a = self.eval(left);
        let b = self.eval(right);
        match op {
            "or" | "||" | "??" => {
                if matches!(a, Value::Null) {
                    return b;
                }
                if let Some(both) = self.of_library(op, &a, &b, origin) {
                    return both;
                }
                return self.either(a, b);
            }
            "and" | "&&" => return self.of_library(op, &a, &b, origin).unwrap_or(b),
            "+" => {
                if let Some(sum) = self.add_values(&a, &b, origin) {
                    return sum;
                }
            }
            "%" => {
                if let Value::Text(template) = &a {
                    let template = template.clone();
                    return self.format_percent(&template, &b, render::expression(right), self.origin_here(right.span));
                }
            }
            "*" => {
                if let Value::Object(id) = a
                    && matches!(self.object(id), Some(Object::List { .. }))
                {
                    return a;
                }
            }
            "|" => {
                if let (Value::Object(x), Value::Object(y)) = (&a, &b)
                    && matches!((self.object(*x), self.object(*y)), (Some(Object::Map { .. }), Some(Object::Map { .. })))
                {
                    let both = self.new_map(Vec::new(), false);
                    if let Value::Object(id) = both {
                        self.extend(id, &a);
                        self.extend(id, &b);
                    }
                    return both;
                }
            }
            _ => {}
        }
        self.of_library(op, &a, &b, origin).unwrap_or_default()
    }

    /// An operator that a library gives a meaning.
    fn of_library(&mut self, op: &str, a: &Value, b: &Value, origin: Origin) -> Option<Value> {
        let (lefts, rights) = (self.choices(a), self.choices(b));
        if !lefts.iter().chain(&rights).any(|v| self.is_library(v)) {
            return None;
        }
        let mut results = Vec::new();
        for left in &lefts {
            for right in &rights {
                results.extend(self.library_binary(op, left, right, origin));
            }
        }
        if results.is_empty() { None } else { Some(self.one_of_all(results)) }
    }

    fn operate_unary(&mut self, op: &str, value: &Value, origin: Origin) -> Value {
        let mut results = Vec::new();
        for choice in self.choices(value) {
            if self.is_library(&choice) {
                results.extend(self.library_unary(op, &choice, origin));
            } else if matches!((op, &choice), ("-", Value::Scalar(_))) {
                results.push(choice);
            }
        }
        self.one_of_all(results)
    }

    /// Whether operators on a value can mean something to a library.
    pub(super) fn is_library(&self, value: &Value) -> bool {
        match value {
            Value::Handle(_)
            | Value::Model { .. }
            | Value::Expr(_)
            | Value::Relation { .. }
            | Value::Row { .. }
            | Value::Key(_)
            | Value::Method { .. } => true,
            Value::Object(id) => matches!(self.object(*id), Some(Object::Entity { .. })),
            _ => false,
        }
    }
}

/// Whether an expression is `super`, `super()`, `super(Class, self)`.
pub(super) fn is_super(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Name(name) => &**name == "super",
        ExprKind::Call { function, .. } => matches!(&function.kind, ExprKind::Name(name) if &**name == "super"),
        _ => false,
    }
}
