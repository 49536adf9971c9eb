//! Facts as lines for people: fixtures and `explain`.

use crate::model::facts::{Arg, AssignOp, Call, FileFacts, FormatStyle, Param, ScopeKind, Value};
use crate::model::span::{LineIndex, Span};
use std::fmt::Write as _;

/// The facts of a file, one per line, in the order: imports, scopes, assignments, calls, returns, loose
/// strings, problems. Lines are numbered from 1.
pub fn render(facts: &FileFacts, source: &[u8]) -> String {
    let lines = LineIndex::new(source);
    let mut out = String::new();
    let at = |span: Span| lines.line(span.start);
    if !facts.package.is_empty() {
        let _ = writeln!(out, "package {}", facts.package);
    }
    if !facts.packs.is_empty() {
        let _ = writeln!(out, "packs {}", facts.packs.join(" "));
    }
    for i in &facts.imports {
        let name = if i.name.is_empty() { "(module)" } else { &i.name };
        let again = if i.reexport { ", exported again" } else { "" };
        let _ = writeln!(out, "{}: import {name} of {:?} as {}{again}", at(i.span), i.module, i.local);
    }
    let name_of = |scope: u32| facts.scopes.get(scope as usize).map_or("?", |s| if scope == 0 { "module" } else { &s.name });
    for scope in facts.scopes.iter().skip(1) {
        let kind = if scope.kind == ScopeKind::Class { "class" } else { "function" };
        let params: Vec<String> = scope.params.iter().map(param).collect();
        let receiver = match (scope.receiver.is_empty(), scope.receiver_type.is_empty()) {
            (true, true) => String::new(),
            (_, true) => format!(" on {}", scope.receiver),
            _ => format!(" on {}: {}", scope.receiver, scope.receiver_type),
        };
        let bases = if scope.bases.is_empty() { String::new() } else { format!(" < {}", scope.bases.join(", ")) };
        let exported = if scope.exported { ", exported" } else { "" };
        let params = if kind == "class" { String::new() } else { format!("({})", params.join(", ")) };
        let _ = writeln!(out, "{}: {kind} {}{params}{receiver}{bases} in {}{exported}", at(scope.span), scope.name, name_of(scope.parent));
    }
    for a in &facts.assignments {
        let op = match a.op {
            AssignOp::Set => "=",
            AssignOp::AppendText => "+=",
            AssignOp::AppendItem => "gets items",
        };
        let ty = if a.ty.is_empty() { String::new() } else { format!(": {}", a.ty) };
        let marks = [(a.constant, ", constant"), (a.exported, ", exported")];
        let marks: String = marks.iter().filter(|m| m.0).map(|m| m.1).collect();
        let place = format!("in {}{}{marks}", name_of(a.scope), branch(facts, a.branch));
        let _ = writeln!(out, "{}: {}{ty} {op} {} [{place}]", at(a.span), a.target.join("."), value(&a.value));
    }
    for c in &facts.calls {
        let sink = c.sink.as_ref().map(|s| {
            let certain = if s.certain { "certain " } else { "" };
            format!(" -> {certain}sink of {}, argument {}, rows {:?}", s.pack, s.sql, s.consumer)
        });
        let assigned = if c.assigned.is_empty() { String::new() } else { format!("{} = ", c.assigned.join(", ")) };
        let chained: String = c.chained.iter().map(|(m, n)| format!(" then {m}/{n}")).collect();
        let place = format!("in {}{}", name_of(c.scope), branch(facts, c.branch));
        let _ = writeln!(out, "{}: {assigned}{}{chained}{} [{place}]", at(c.own_span), call(c), sink.unwrap_or_default());
    }
    for r in &facts.returns {
        let _ = writeln!(out, "{}: return {} [in {}{}]", at(r.value.span()), value(&r.value), name_of(r.scope), branch(facts, r.branch));
    }
    for s in &facts.strings {
        let _ = writeln!(out, "{}: string {} [in {}]", at(s.span), value(&s.value), name_of(s.scope));
    }
    for p in &facts.problems {
        let _ = writeln!(out, "problem: {}", p.message);
    }
    out
}

/// ` if 2.0` : group and arm of the innermost branch, outer ones after it; `loop` for a loop body.
fn branch(facts: &FileFacts, branch: u32) -> String {
    let mut out = String::new();
    let mut at = branch;
    for _ in 0..64 {
        let Some(b) = (at as usize).checked_sub(1).and_then(|i| facts.branches.get(i)) else { break };
        let kind = if b.is_loop { "loop" } else { "branch" };
        let all = if b.exhaustive { "!" } else { "" };
        let _ = write!(out, ", {kind} {}.{}{all}", b.group, b.arm);
        at = b.parent;
    }
    out
}

fn param(p: &Param) -> String {
    let rest = if p.rest { "..." } else { "" };
    let ty = if p.ty.is_empty() { String::new() } else { format!(": {}", p.ty) };
    let default = p.default.as_ref().map(|d| format!(" = {}", value(d))).unwrap_or_default();
    format!("{rest}{}{ty}{default}", if p.name.is_empty() { "_" } else { &p.name })
}

fn call(c: &Call) -> String {
    format!("{}({})", c.callee.join("."), args(&c.args))
}

fn args(args: &[Arg]) -> String {
    let one = |a: &Arg| {
        let name = if a.name.is_empty() { String::new() } else { format!("{}=", a.name) };
        format!("{name}{}{}", if a.spread { "..." } else { "" }, value(&a.value))
    };
    args.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn list(values: &[Value], separator: &str) -> String {
    values.iter().map(value).collect::<Vec<_>>().join(separator)
}

/// A value on one line: text in quotes, names bare, what is unknown between `<` and `>`.
pub fn value(v: &Value) -> String {
    match v {
        Value::Text(runs, _) => format!("{:?}", runs.iter().map(|r| r.text.as_str()).collect::<String>()),
        Value::Name(path, _) => path.join("."),
        Value::Concat(parts, _) => format!("({})", list(parts, " + ")),
        Value::Format { style, template, args: given, .. } => {
            let style = match style {
                FormatStyle::Percent => "percent",
                FormatStyle::Braces => "braces",
                FormatStyle::Printf => "printf",
                FormatStyle::Composed => "composed",
                FormatStyle::Replace => "replace",
            };
            format!("format {style} {} with ({})", value(template), args(given))
        }
        Value::Join { separator, items, .. } => format!("join {} by {}", value(items), value(separator)),
        Value::List(items, _) => format!("[{}]", list(items, ", ")),
        Value::Map(pairs, _) => {
            let pairs: Vec<String> = pairs.iter().map(|(k, v)| format!("{k}: {}", value(v))).collect();
            format!("{{{}}}", pairs.join(", "))
        }
        Value::Each { item, each, over, .. } => format!("each {item} of {} gives {}", value(over), value(each)),
        Value::Choice(options, _) => format!("one of ({})", list(options, " | ")),
        Value::Call(c) => call(c),
        Value::Tagged { tag, parts, parameters, pack, .. } => {
            let parameters = if *parameters { "with parameters " } else { "" };
            let pack = if pack.is_empty() { String::new() } else { format!(" of {pack}") };
            format!("tagged {}{pack} {parameters}({})", tag.join("."), list(parts, " + "))
        }
        Value::File { path, .. } => format!("content of {}", value(path)),
        Value::Index { of, key, .. } => format!("{}[{}]", value(of), value(key)),
        Value::Scalar(text, _) => format!("`{text}`"),
        Value::Opaque(text, _) => format!("<{}>", text.split_whitespace().collect::<Vec<_>>().join(" ")),
    }
}
