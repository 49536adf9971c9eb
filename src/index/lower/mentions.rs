//! The names that the code of a file mentions.

use crate::model::code::{Arg, Code, Entry, Expr, ExprKind, Function, FunctionId, Mentioned, Mentions, NameSet, Part, Stmt, Type};
use crate::model::facts::Import;
use rustc_hash::FxHashSet as HashSet;
use std::collections::BTreeSet;

/// Code inside code that is walked.
const DEPTH: usize = 200;

/// Names of one function or module.
#[derive(Default)]
struct Met<'a> {
    names: Vec<&'a str>,
    /// Names with a member of them: `models.Order`.
    members: Vec<(&'a str, &'a str)>,
    /// Functions inside.
    inner: Vec<FunctionId>,
    /// Names of whose members one is assigned.
    assigned: Vec<&'a str>,
}

/// What the whole file has.
#[derive(Default)]
struct All<'a> {
    names: Vec<&'a str>,
    assigned: BTreeSet<&'a str>,
}

/// The mentions of a file's code.
pub fn of(code: &Code, imports: &[Import]) -> Mentions {
    let locals: HashSet<&str> = imports.iter().map(|i| i.local.as_str()).collect();
    // anything may come from `from x import *`
    let stars = imports.iter().any(|i| i.name == "*" && (i.local.is_empty() || i.local == "*"));
    let from_outside = |name: &str| stars || locals.contains(name);
    let (mut mentions, mut all) = (Mentions::default(), All::default());
    for function in &code.functions {
        let mut met = Met::default();
        mention(function, &mut met);
        let names = NameSet::of(met.names.iter().copied());
        function.decorators.iter().for_each(|d| expression(d, &mut met, 0));
        mentions.functions.push(mentioned(names, met, &from_outside, &mut all));
    }
    let mut met = Met::default();
    block(&code.body, &mut met, 0);
    for class in &code.classes {
        let values = class.fields.iter().flat_map(|f| f.decorators.iter().chain(&f.value));
        class.decorators.iter().chain(&class.bases).chain(values).for_each(|e| expression(e, &mut met, 0));
        class.fields.iter().filter_map(|f| f.ty.as_ref()).for_each(|t| typed(t, &mut met, 0));
        block(&class.body, &mut met, 0);
    }
    let names = NameSet::of(met.names.iter().copied());
    mentions.module = mentioned(names, met, &from_outside, &mut all);
    let mut met = Met::default();
    for class in &code.classes {
        class.alias.iter().for_each(|t| typed(t, &mut met, 0));
        class.keywords.iter().for_each(|k| expression(&k.value, &mut met, 0));
    }
    mentions.types = made_of_values(code);
    mentions.made = made_of_functions(code);
    all.names.extend(met.names);
    all.names.extend(imports.iter().map(|i| i.name.as_str()));
    mentions.all = NameSet::of(all.names.into_iter());
    mentions.assigned = all.assigned.into_iter().map(Into::into).collect();
    mentions
}

fn mentioned<'a>(names: NameSet, met: Met<'a>, from_outside: &dyn Fn(&str) -> bool, all: &mut All<'a>) -> Mentioned {
    let mut outside: Vec<(&str, &str)> = met.names.iter().map(|n| (*n, "")).chain(met.members).filter(|(n, _)| from_outside(n)).collect();
    outside.sort_unstable();
    outside.dedup();
    all.names.extend(met.names);
    all.assigned.extend(met.assigned.into_iter().filter(|n| !matches!(*n, "self" | "this")));
    Mentioned { names, inner: met.inner.into(), outside: outside.into_iter().map(|(name, member)| (name.into(), member.into())).collect() }
}

/// The aliases of a file that name a value's type, with what they mention.
fn made_of_values(code: &Code) -> Vec<(Box<str>, NameSet)> {
    let aliases = code.classes.iter().filter_map(|c| Some((&*c.name.text, c.alias.as_ref()?)));
    let mentioned = aliases.filter(|(_, ty)| is_of_value(ty, 0)).map(|(name, ty)| {
        let mut met = Met::default();
        typed(ty, &mut met, 0);
        (name.into(), NameSet::of(met.names.into_iter()))
    });
    mentioned.collect()
}

/// The names that a module gives to what calls of it make of functions, with those functions.
fn made_of_functions(code: &Code) -> Vec<(Box<str>, Box<[FunctionId]>)> {
    let mut out = Vec::new();
    for stmt in &code.body {
        if let Stmt::Assign { target: Expr { kind: ExprKind::Name(name), .. }, value: Some(value), .. } = stmt
            && let ExprKind::Call { args, .. } = &value.kind
        {
            let mut met = Met::default();
            args.iter().for_each(|a| expression(&a.value, &mut met, 0));
            if !met.inner.is_empty() {
                out.push((name.clone(), met.inner.into()));
            }
        }
    }
    out
}

fn is_of_value(ty: &Type, depth: usize) -> bool {
    depth < DEPTH
        && match ty {
            Type::Of(_) => true,
            Type::Named { args, .. } => args.iter().any(|t| is_of_value(t, depth + 1)),
            Type::Pointer(inner) | Type::Slice(inner) | Type::Function(inner) => is_of_value(inner, depth + 1),
            Type::Union(all) | Type::Tuple(all) => all.iter().any(|t| is_of_value(t, depth + 1)),
            Type::Object(fields) => fields.iter().any(|(_, t)| is_of_value(t, depth + 1)),
            _ => false,
        }
}

fn mention<'a>(function: &'a Function, out: &mut Met<'a>) {
    for param in function.params.iter().chain(&function.receiver) {
        if let Some(ty) = &param.ty {
            typed(ty, out, 0);
        }
        if let Some(default) = &param.default {
            expression(default, out, 0);
        }
        out.names.push(&param.name.text);
    }
    if let Some(ty) = &function.returns {
        typed(ty, out, 0);
    }
    block(&function.body, out, 0);
}

fn typed<'a>(ty: &'a Type, out: &mut Met<'a>, depth: usize) {
    if depth > DEPTH {
        return;
    }
    match ty {
        Type::Named { path, args } => {
            out.names.extend(path.iter().map(|w| &*w.text));
            if let [name, member, ..] = path.as_slice() {
                out.members.push((&name.text, &member.text));
            }
            args.iter().for_each(|a| typed(a, out, depth + 1));
        }
        Type::Pointer(inner) | Type::Slice(inner) | Type::Function(inner) => typed(inner, out, depth + 1),
        Type::Map(a, b) => {
            typed(a, out, depth + 1);
            typed(b, out, depth + 1);
        }
        Type::Union(all) | Type::Tuple(all) => all.iter().for_each(|t| typed(t, out, depth + 1)),
        Type::Object(fields) => fields.iter().for_each(|(_, t)| typed(t, out, depth + 1)),
        Type::Of(value) => expression(value, out, depth + 1),
        _ => {}
    }
}

fn block<'a>(body: &'a [Stmt], out: &mut Met<'a>, depth: usize) {
    if depth > DEPTH {
        return;
    }
    for stmt in body {
        match stmt {
            Stmt::Assign { target, ty, value, .. } => {
                assigned(target, out);
                expression(target, out, depth + 1);
                if let Some(ty) = ty {
                    typed(ty, out, 0);
                }
                if let Some(value) = value {
                    expression(value, out, depth + 1);
                }
            }
            Stmt::Expr(expr) | Stmt::Return(Some(expr), _) => expression(expr, out, depth + 1),
            Stmt::Branch { arms, .. } => {
                for (condition, body) in arms {
                    if let Some(condition) = condition {
                        expression(condition, out, depth + 1);
                    }
                    block(body, out, depth + 1);
                }
            }
            Stmt::Loop { target, over, body } => {
                for expr in target.iter().chain(over) {
                    expression(expr, out, depth + 1);
                }
                block(body, out, depth + 1);
            }
            Stmt::Block(body) => block(body, out, depth + 1),
            Stmt::Function(id) => out.inner.push(*id),
            Stmt::Class(_) | Stmt::Leave | Stmt::Export { .. } | Stmt::Return(None, _) => {}
        }
    }
}

fn expression<'a>(expr: &'a Expr, out: &mut Met<'a>, depth: usize) {
    if depth > DEPTH {
        return;
    }
    let mut each = |items: &mut dyn Iterator<Item = &'a Expr>| items.for_each(|e| expression(e, out, depth + 1));
    match &expr.kind {
        ExprKind::Name(name) => out.names.push(name),
        ExprKind::Member(object, name) => {
            each(&mut std::iter::once(&**object));
            out.names.push(&name.text);
            if let ExprKind::Name(of) = &object.kind {
                out.members.push((of, &name.text));
            }
        }
        ExprKind::Text(parts) => each(&mut parts.iter().filter_map(value)),
        ExprKind::Tagged { tag, types, parts } => {
            each(&mut std::iter::once(&**tag).chain(parts.iter().filter_map(value)));
            types.iter().for_each(|t| typed(t, out, depth + 1));
        }
        ExprKind::Bind(target, value) => {
            each(&mut [&**target, &**value].into_iter());
            assigned(target, out);
        }
        ExprKind::Index(a, b) | ExprKind::Binary { left: a, right: b, .. } => each(&mut [&**a, &**b].into_iter()),
        ExprKind::Call { function, types, args, .. } => {
            each(&mut std::iter::once(&**function).chain(args.iter().map(|a: &Arg| &a.value)));
            types.iter().for_each(|t| typed(t, out, depth + 1));
        }
        ExprKind::List(items, ty) => {
            each(&mut items.iter());
            if let Some(ty) = ty {
                typed(ty, out, 0);
            }
        }
        ExprKind::Tuple(items) | ExprKind::Opaque(items) => each(&mut items.iter()),
        ExprKind::Map(entries) => entries.iter().for_each(|e| entry(e, out, depth + 1)),
        ExprKind::Composite(ty, entries) => {
            typed(ty, out, 0);
            entries.iter().for_each(|e| entry(e, out, depth + 1));
        }
        ExprKind::Reference(inner) | ExprKind::Spread(inner) | ExprKind::Unary { value: inner, .. } => each(&mut std::iter::once(&**inner)),
        ExprKind::Instantiate(inner, types) => {
            each(&mut std::iter::once(&**inner));
            types.iter().for_each(|t| typed(t, out, depth + 1));
        }
        ExprKind::Cast(inner, ty) => {
            each(&mut std::iter::once(&**inner));
            typed(ty, out, 0);
        }
        ExprKind::Choice { condition, then, other } => each(&mut [&**condition, &**then, &**other].into_iter()),
        ExprKind::Each { target, over, conditions, body, .. } => each(&mut [&**target, &**over, &**body].into_iter().chain(conditions)),
        ExprKind::Lambda(id) => out.inner.push(*id),
        ExprKind::Scalar(_) | ExprKind::Null | ExprKind::Class(_) => {}
    }
}

fn assigned<'a>(target: &'a Expr, out: &mut Met<'a>) {
    if let ExprKind::Member(object, _) = &target.kind
        && let ExprKind::Name(name) = &object.kind
    {
        out.assigned.push(name);
    }
}

fn value(part: &Part) -> Option<&Expr> {
    match part {
        Part::Value(expr) => Some(expr),
        Part::Text(..) => None,
    }
}

fn entry<'a>(entry: &'a Entry, out: &mut Met<'a>, depth: usize) {
    match entry {
        Entry::Named(_, value) | Entry::Spread(value) | Entry::Item(value) => expression(value, out, depth),
        Entry::Computed(key, value) => {
            expression(key, out, depth);
            expression(value, out, depth);
        }
        Entry::Method(id) => out.inner.push(*id),
    }
}
