//! Expressions as short text for people.

use crate::model::code::{Expr, ExprKind, Part};
use std::rc::Rc;

/// Longest text, in characters.
const LIMIT: usize = 80;
/// Expressions inside each other that are shown.
const DEPTH: usize = 6;

/// An expression as it is written, shortened.
pub(super) fn expression(expr: &Expr) -> Rc<str> {
    let mut out = String::new();
    write(expr, &mut out, 0);
    if out.chars().count() > LIMIT {
        out = out.chars().take(LIMIT - 1).collect::<String>() + "…";
    }
    out.into()
}

fn write(expr: &Expr, out: &mut String, depth: usize) {
    if depth > DEPTH || out.len() > 4 * LIMIT {
        out.push('…');
        return;
    }
    let all = |items: &[&Expr], between: &str, out: &mut String| {
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                out.push_str(between);
            }
            write(item, out, depth + 1);
        }
    };
    match &expr.kind {
        ExprKind::Name(name) => out.push_str(name),
        ExprKind::Scalar(text) => out.push_str(text),
        ExprKind::Null => out.push_str("null"),
        ExprKind::Text(parts) | ExprKind::Tagged { parts, .. } => {
            out.push('"');
            for part in parts {
                match part {
                    Part::Text(text, _) => out.push_str(text),
                    Part::Value(value) => {
                        out.push('{');
                        write(value, out, depth + 1);
                        out.push('}');
                    }
                }
            }
            out.push('"');
        }
        ExprKind::Member(object, name) => {
            write(object, out, depth + 1);
            out.push('.');
            out.push_str(&name.text);
        }
        ExprKind::Index(object, key) => {
            write(object, out, depth + 1);
            out.push('[');
            write(key, out, depth + 1);
            out.push(']');
        }
        ExprKind::Call { function, args, .. } => {
            write(function, out, depth + 1);
            out.push('(');
            all(&args.iter().map(|a| &a.value).collect::<Vec<_>>(), ", ", out);
            out.push(')');
        }
        ExprKind::Reference(inner) | ExprKind::Cast(inner, _) | ExprKind::Instantiate(inner, _) | ExprKind::Spread(inner) => {
            write(inner, out, depth + 1)
        }
        ExprKind::Unary { op, value } => {
            out.push_str(op);
            write(value, out, depth + 1);
        }
        ExprKind::Binary { op, left, right } => {
            write(left, out, depth + 1);
            out.push(' ');
            out.push_str(op);
            out.push(' ');
            write(right, out, depth + 1);
        }
        ExprKind::Tuple(items) | ExprKind::List(items, _) => all(&items.iter().collect::<Vec<_>>(), ", ", out),
        _ => out.push('…'),
    }
}
