//! Lowered code as text, for tests and for people: one statement per line, expressions as lists in parentheses.

use crate::model::code::{Arg, AssignOp, Class, Code, Entry, Expr, ExprKind, Field, Function, Outer, Param, Part, Stmt, Type, Word};
use std::fmt::Write;

/// All of a file's code. Classes and functions come after the statements, by number: `c0`, `f0`.
pub fn render(code: &Code) -> String {
    let mut out = String::new();
    stmts(&code.body, 0, &mut out);
    for (i, class) in code.classes.iter().enumerate() {
        render_class(i, class, &mut out);
    }
    for (i, function) in code.functions.iter().enumerate() {
        render_function(i, function, &mut out);
    }
    if code.gaps > 0 {
        let _ = writeln!(out, "gaps {}", code.gaps);
    }
    out
}

fn outer(outer: Outer) -> String {
    match outer {
        Outer::Module => String::new(),
        Outer::Class(id) => format!(" in c{id}"),
        Outer::Function(id) => format!(" in f{id}"),
    }
}

fn flag(on: bool, word: &str) -> String {
    if on { format!(" {word}") } else { String::new() }
}

fn joined<T>(all: &[T], with: &str, one: impl Fn(&T) -> String) -> String {
    all.iter().map(one).collect::<Vec<_>>().join(with)
}

fn render_class(i: usize, class: &Class, out: &mut String) {
    let kind = format!("{:?}", class.kind).to_lowercase();
    let _ = write!(out, "c{i} {kind} {}{}", class.name.text, outer(class.outer));
    if !class.type_params.is_empty() {
        let _ = write!(out, " [{}]", joined(&class.type_params, ", ", |w: &Word| w.text.to_string()));
    }
    if !class.bases.is_empty() {
        let _ = write!(out, " < {}", joined(&class.bases, " ", expr));
    }
    if !class.keywords.is_empty() {
        let _ = write!(out, " {}", joined(&class.keywords, " ", arg));
    }
    if let Some(alias) = &class.alias {
        let _ = write!(out, " = {}", ty(alias));
    }
    let _ = writeln!(out, "{}{}", flag(class.exported, "exported"), flag(class.is_abstract, "abstract"));
    decorators(&class.decorators, out);
    class.fields.iter().for_each(|f| render_field(f, out));
    if !class.methods.is_empty() {
        let _ = writeln!(out, "  methods {}", joined(&class.methods, " ", |m| format!("f{m}")));
    }
    stmts(&class.body, 1, out);
}

fn decorators(all: &[Expr], out: &mut String) {
    for decorator in all {
        let _ = writeln!(out, "  @{}", expr(decorator));
    }
}

fn render_field(field: &Field, out: &mut String) {
    decorators(&field.decorators, out);
    let _ = write!(out, "  .{}", field.name.text);
    if let Some(t) = &field.ty {
        let _ = write!(out, ": {}", ty(t));
    }
    if let Some(value) = &field.value {
        let _ = write!(out, " = {}", expr(value));
    }
    if let Some(tag) = &field.tag {
        let _ = write!(out, " tag {:?}", tag.text);
    }
    let _ = writeln!(out, "{}{}", flag(field.embedded, "embedded"), flag(field.is_static, "static"));
}

fn render_function(i: usize, function: &Function, out: &mut String) {
    let name = if function.name.text.is_empty() { "lambda" } else { &function.name.text };
    let receiver = function.receiver.as_ref().map(|r| format!(" on {}", param(r))).unwrap_or_default();
    let params = joined(&function.params, ", ", param);
    let _ = write!(out, "f{i} {name}{}{receiver} ({params})", outer(function.outer));
    if let Some(returns) = &function.returns {
        let _ = write!(out, " -> {}", ty(returns));
    }
    if !function.results.is_empty() {
        let _ = write!(out, " results {}", joined(&function.results, " ", |w: &Word| w.text.to_string()));
    }
    let flags = [(function.is_getter, "getter"), (function.is_static, "static"), (function.exported, "exported")];
    let _ = writeln!(out, "{}", flags.iter().map(|(on, word)| flag(*on, word)).collect::<String>());
    decorators(&function.decorators, out);
    stmts(&function.body, 1, out);
}

fn param(param: &Param) -> String {
    let stars = if param.keywords { "**" } else { flag_star(param.rest) };
    let name = param.pattern.as_ref().map_or_else(|| param.name.text.to_string(), |p| expr(p));
    let its_type = param.ty.as_ref().map(|t| format!(": {}", ty(t))).unwrap_or_default();
    let default = param.default.as_ref().map(|d| format!(" = {}", expr(d))).unwrap_or_default();
    format!("{stars}{name}{its_type}{default}")
}

fn flag_star(rest: bool) -> &'static str {
    if rest { "*" } else { "" }
}

fn stmts(all: &[Stmt], depth: usize, out: &mut String) {
    for one in all {
        stmt(one, depth, out);
    }
}

fn stmt(stmt: &Stmt, depth: usize, out: &mut String) {
    let pad = "  ".repeat(depth);
    let _ = match stmt {
        Stmt::Assign { target, ty: its, op, value, exported, .. } => {
            let sign = match op {
                AssignOp::Set => "=",
                AssignOp::Add => "+=",
                AssignOp::Item => "in",
            };
            let its = its.as_ref().map(|t| format!(": {}", ty(t))).unwrap_or_default();
            let value = value.as_ref().map(|v| format!(" {sign} {}", expr(v))).unwrap_or_default();
            writeln!(out, "{pad}{}{its}{value}{}", expr(target), flag(*exported, "exported"))
        }
        Stmt::Expr(value) => writeln!(out, "{pad}{}", expr(value)),
        Stmt::Return(value, _) => writeln!(out, "{pad}return {}", value.as_ref().map(expr).unwrap_or_default()),
        Stmt::Branch { arms, exhaustive } => {
            let _ = writeln!(out, "{pad}branch{}", flag(*exhaustive, "exhaustive"));
            for (condition, body) in arms {
                let _ = writeln!(out, "{pad}- {}", condition.as_ref().map_or("else".into(), expr));
                stmts(body, depth + 2, out);
            }
            Ok(())
        }
        Stmt::Loop { target, over, body } => {
            let target = target.as_ref().map(expr).unwrap_or_default();
            let _ = writeln!(out, "{pad}loop {target} over {}", over.as_ref().map(expr).unwrap_or_default());
            stmts(body, depth + 1, out);
            Ok(())
        }
        Stmt::Block(body) => {
            let _ = writeln!(out, "{pad}block");
            stmts(body, depth + 1, out);
            Ok(())
        }
        Stmt::Function(id) => writeln!(out, "{pad}f{id}"),
        Stmt::Class(id) => writeln!(out, "{pad}c{id}"),
        Stmt::Leave => writeln!(out, "{pad}leave"),
        Stmt::Export { local, name } => writeln!(out, "{pad}export {} as {}", local.text, name.text),
    };
}

fn arg(arg: &Arg) -> String {
    let stars = match (arg.spread, arg.double) {
        (_, true) => "**",
        (true, _) => "*",
        _ => "",
    };
    let name = arg.name.as_ref().map(|n| format!("{}=", n.text)).unwrap_or_default();
    format!("{name}{stars}{}", expr(&arg.value))
}

fn entry(entry: &Entry) -> String {
    match entry {
        Entry::Named(name, value) => format!("{}: {}", name.text, expr(value)),
        Entry::Computed(key, value) => format!("[{}]: {}", expr(key), expr(value)),
        Entry::Spread(value) => format!("...{}", expr(value)),
        Entry::Item(value) => expr(value),
        Entry::Method(id) => format!("f{id}"),
    }
}

fn parts(parts: &[Part]) -> String {
    joined(parts, " ", |part| match part {
        Part::Text(text, _) => format!("{text:?}"),
        Part::Value(value) => format!("${}", expr(value)),
    })
}

/// An expression as text.
pub fn expr(value: &Expr) -> String {
    match &value.kind {
        ExprKind::Name(name) => name.to_string(),
        ExprKind::Text(all) if all.is_empty() => "\"\"".into(),
        ExprKind::Text(all) if all.len() == 1 => parts(all),
        ExprKind::Text(all) => format!("(text {})", parts(all)),
        ExprKind::Tagged { tag, types, parts: all } => format!("(tag {}{} {})", expr(tag), generics(types), parts(all)),
        ExprKind::Scalar(text) => text.to_string(),
        ExprKind::Null => "null".into(),
        ExprKind::Member(object, name) => format!("{}.{}", expr(object), name.text),
        ExprKind::Index(object, key) => format!("{}[{}]", expr(object), expr(key)),
        ExprKind::Call { function, types, args, new } => {
            let new = if *new { "new " } else { "" };
            format!("{new}{}{}({})", expr(function), generics(types), joined(args, ", ", arg))
        }
        ExprKind::List(items, element) => {
            let element = element.as_ref().map(|t| format!("{} ", ty(t))).unwrap_or_default();
            format!("{element}[{}]", joined(items, ", ", expr))
        }
        ExprKind::Tuple(items) => format!("(tuple {})", joined(items, " ", expr)),
        ExprKind::Map(entries) => format!("{{{}}}", joined(entries, ", ", entry)),
        ExprKind::Composite(its, entries) => format!("{}{{{}}}", ty(its), joined(entries, ", ", entry)),
        ExprKind::Reference(inner) => format!("&{}", expr(inner)),
        ExprKind::Binary { op, left, right } => format!("({op} {} {})", expr(left), expr(right)),
        ExprKind::Unary { op, value } => format!("({op} {})", expr(value)),
        ExprKind::Choice { condition, then, other } => format!("(choice {} {} {})", expr(condition), expr(then), expr(other)),
        ExprKind::Lambda(id) => format!("f{id}"),
        ExprKind::Class(id) => format!("c{id}"),
        ExprKind::Each { target, over, conditions, body, pairs } => {
            let conditions = joined(conditions, "", |c| format!(" if {}", expr(c)));
            let word = if *pairs { "each-pair" } else { "each" };
            format!("({word} {} over {}{conditions} give {})", expr(target), expr(over), expr(body))
        }
        ExprKind::Spread(inner) => format!("...{}", expr(inner)),
        ExprKind::Cast(inner, its) => format!("(cast {} {})", expr(inner), ty(its)),
        ExprKind::Bind(target, bound) => format!("(bind {} {})", expr(target), expr(bound)),
        ExprKind::Instantiate(inner, types) => format!("{}{}", expr(inner), generics(types)),
        ExprKind::Opaque(all) if all.is_empty() => "?".into(),
        ExprKind::Opaque(all) => format!("(? {})", joined(all, " ", expr)),
    }
}

fn generics(types: &[Type]) -> String {
    if types.is_empty() { String::new() } else { format!("<{}>", joined(types, ", ", ty)) }
}

/// A type as text.
pub fn ty(its: &Type) -> String {
    match its {
        Type::Named { path, args } => format!("{}{}", joined(path, ".", |w: &Word| w.text.to_string()), generics(args)),
        Type::Pointer(inner) => format!("*{}", ty(inner)),
        Type::Slice(inner) => format!("[]{}", ty(inner)),
        Type::Map(key, value) => format!("map[{}]{}", ty(key), ty(value)),
        Type::Union(all) => format!("({})", joined(all, " | ", ty)),
        Type::Tuple(all) => format!("(tuple {})", joined(all, " ", ty)),
        Type::Literal(word) => format!("{:?}", word.text),
        Type::Object(fields) => format!("{{{}}}", joined(fields, ", ", |(name, its)| format!("{}: {}", name.text, ty(its)))),
        Type::Of(value) => format!("typeof {}", expr(value)),
        Type::Null => "null".into(),
        Type::Function(result) => format!("() -> {}", ty(result)),
        Type::Other => "?".into(),
    }
}
