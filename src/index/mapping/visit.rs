//! A walk over all expressions and types of a file's code.

use crate::model::code::{Arg, Code, Entry, Expr, ExprKind, Field, Function, Part, Stmt, Type};

/// What a walk meets.
pub(in crate::index) enum Met<'a> {
    /// An expression, with the name that it is assigned to.
    Value(&'a Expr, Option<&'a Expr>),
    /// A type.
    Type(&'a Type),
}

/// Visits every expression and type of a file.
pub(in crate::index) fn each<'a>(code: &'a Code, met: &mut dyn FnMut(Met<'a>)) {
    statements(&code.body, met);
    for function in &code.functions {
        each_in_function(function, met);
    }
    for class in &code.classes {
        class.decorators.iter().chain(&class.bases).for_each(|e| value(e, None, met));
        class.fields.iter().for_each(|f| field(f, met));
        class.alias.iter().for_each(|t| met(Met::Type(t)));
        statements(&class.body, met);
    }
}

/// Visits one function; those inside of it are others.
pub(super) fn each_in_function<'a>(function: &'a Function, met: &mut dyn FnMut(Met<'a>)) {
    for param in function.params.iter().chain(&function.receiver) {
        param.ty.iter().for_each(|t| met(Met::Type(t)));
        param.default.iter().for_each(|e| value(e, None, met));
    }
    function.returns.iter().for_each(|t| met(Met::Type(t)));
    function.decorators.iter().for_each(|e| value(e, None, met));
    statements(&function.body, met);
}

fn field<'a>(field: &'a Field, met: &mut dyn FnMut(Met<'a>)) {
    field.ty.iter().for_each(|t| met(Met::Type(t)));
    field.decorators.iter().chain(&field.value).for_each(|e| value(e, None, met));
}

fn statements<'a>(body: &'a [Stmt], met: &mut dyn FnMut(Met<'a>)) {
    for stmt in body {
        match stmt {
            Stmt::Assign { target, ty, value: assigned, .. } => {
                ty.iter().for_each(|t| met(Met::Type(t)));
                value(target, None, met);
                if let Some(assigned) = assigned {
                    value(assigned, Some(target), met);
                }
            }
            Stmt::Expr(e) | Stmt::Return(Some(e), _) => value(e, None, met),
            Stmt::Branch { arms, .. } => {
                for (condition, body) in arms {
                    condition.iter().for_each(|e| value(e, None, met));
                    statements(body, met);
                }
            }
            Stmt::Loop { target, over, body } => {
                target.iter().chain(over).for_each(|e| value(e, None, met));
                statements(body, met);
            }
            Stmt::Block(body) => statements(body, met),
            Stmt::Return(None, _) | Stmt::Function(_) | Stmt::Class(_) | Stmt::Leave | Stmt::Export { .. } => {}
        }
    }
}

/// Visits an expression and what is in it. The code is a tree of limited depth.
pub(super) fn value<'a>(expr: &'a Expr, name: Option<&'a Expr>, met: &mut dyn FnMut(Met<'a>)) {
    met(Met::Value(expr, name));
    let args = |args: &'a [Arg], met: &mut dyn FnMut(Met<'a>)| args.iter().for_each(|a| value(&a.value, None, met));
    match &expr.kind {
        ExprKind::Text(parts) | ExprKind::Tagged { parts, .. } => {
            if let ExprKind::Tagged { tag, .. } = &expr.kind {
                value(tag, None, met);
            }
            for part in parts {
                if let Part::Value(e) = part {
                    value(e, None, met);
                }
            }
        }
        ExprKind::Member(of, _) | ExprKind::Spread(of) | ExprKind::Unary { value: of, .. } => value(of, None, met),
        ExprKind::Reference(of) => value(of, name, met),
        ExprKind::Cast(of, ty) => {
            met(Met::Type(ty));
            value(of, name, met);
        }
        ExprKind::Instantiate(of, types) => {
            types.iter().for_each(|t| met(Met::Type(t)));
            value(of, None, met);
        }
        ExprKind::Index(of, key) => {
            value(of, None, met);
            value(key, None, met);
        }
        ExprKind::Bind(target, of) => {
            value(target, None, met);
            value(of, Some(target), met);
        }
        ExprKind::Call { function, types, args: given, .. } => {
            types.iter().for_each(|t| met(Met::Type(t)));
            value(function, None, met);
            args(given, met);
        }
        ExprKind::List(all, _) | ExprKind::Tuple(all) | ExprKind::Opaque(all) => all.iter().for_each(|e| value(e, None, met)),
        ExprKind::Map(entries) | ExprKind::Composite(_, entries) => {
            for entry in entries {
                match entry {
                    Entry::Named(_, e) | Entry::Spread(e) | Entry::Item(e) => value(e, None, met),
                    Entry::Computed(key, e) => {
                        value(key, None, met);
                        value(e, None, met);
                    }
                    Entry::Method(_) => {}
                }
            }
        }
        ExprKind::Binary { left, right, .. } => {
            value(left, None, met);
            value(right, None, met);
        }
        ExprKind::Choice { condition, then, other } => [condition, then, other].into_iter().for_each(|e| value(e, None, met)),
        ExprKind::Each { target, over, conditions, body, .. } => {
            [target, over, body].into_iter().for_each(|e| value(e, None, met));
            conditions.iter().for_each(|e| value(e, None, met));
        }
        ExprKind::Name(_) | ExprKind::Scalar(_) | ExprKind::Null | ExprKind::Lambda(_) | ExprKind::Class(_) => {}
    }
}
