//! What is known of a condition when some of its columns hold known literals.

use crate::model::dialect::Dialect;
use crate::sql::ast::{Expr, ExprKind, Literal};
use crate::sql::parse::parse_expr;
use std::cmp::Ordering;

/// Three truth values of SQL, and "depends on data".
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Truth {
    /// True.
    True,
    /// False.
    False,
    /// NULL: a CHECK accepts it.
    Null,
    /// It depends on values that are not in the statement.
    Open,
}

/// A value as far as it is known.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// NULL.
    Null,
    /// A number.
    Number(f64),
    /// A string.
    Text(String),
    /// TRUE or FALSE.
    Bool(bool),
    /// Not known.
    Open,
}

impl Value {
    /// The value of a literal of a statement: its text, and whether it is a string.
    pub fn literal(text: &str, string: bool) -> Value {
        if string {
            return Value::Text(text.to_string());
        }
        match text.to_ascii_lowercase().as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            other => other.parse().map_or(Value::Open, Value::Number),
        }
    }

    /// The value of an expression text (a default): a literal, possibly in parentheses or with a cast.
    pub fn of_expression(text: &str, dialect: Dialect) -> Value {
        parse_expr(text, dialect).map_or(Value::Open, |e| value(&e, &|_| Value::Open, 0))
    }
}

const MAX_DEPTH: usize = 64;

/// Evaluates a condition; `column` gives what is known of a column by its own name.
pub fn holds(condition: &str, dialect: Dialect, column: &dyn Fn(&str) -> Value) -> Truth {
    parse_expr(condition, dialect).map_or(Truth::Open, |e| truth(&e, column, 0))
}

fn truth(expr: &Expr, column: &dyn Fn(&str) -> Value, depth: usize) -> Truth {
    if depth > MAX_DEPTH {
        return Truth::Open;
    }
    let go = |e: &Expr| truth(e, column, depth + 1);
    let val = |e: &Expr| value(e, column, depth + 1);
    match &expr.kind {
        ExprKind::Paren(inner) => go(inner),
        ExprKind::Unary { op, expr } if op == "not" || op == "!" => not(go(expr)),
        ExprKind::Binary { op, left, right } => match op.as_str() {
            "and" | "&&" => match (go(left), go(right)) {
                (Truth::False, _) | (_, Truth::False) => Truth::False,
                (Truth::True, other) | (other, Truth::True) => other,
                (Truth::Null, Truth::Null) => Truth::Null,
                _ => Truth::Open,
            },
            "or" => match (go(left), go(right)) {
                (Truth::True, _) | (_, Truth::True) => Truth::True,
                (Truth::False, other) | (other, Truth::False) => other,
                (Truth::Null, Truth::Null) => Truth::Null,
                _ => Truth::Open,
            },
            op => compare(op, &val(left), &val(right)),
        },
        ExprKind::InList { expr, list, negated } => {
            let left = val(expr);
            let mut result = Truth::False;
            for item in list {
                match compare("=", &left, &val(item)) {
                    Truth::True => {
                        result = Truth::True;
                        break;
                    }
                    Truth::Open => result = Truth::Open,
                    Truth::Null if result == Truth::False => result = Truth::Null,
                    _ => {}
                }
            }
            if *negated { not(result) } else { result }
        }
        // `x = ANY (ARRAY[...])`, as PostgreSQL prints IN.
        ExprKind::Quantified { expr, op, all: false, right } if op == "=" => match array_items(right, depth) {
            Some(items) => {
                let left = val(expr);
                let found: Vec<Truth> = items.iter().map(|i| compare("=", &left, &val(i))).collect();
                match () {
                    () if found.contains(&Truth::True) => Truth::True,
                    () if found.contains(&Truth::Open) => Truth::Open,
                    () if found.contains(&Truth::Null) => Truth::Null,
                    () => Truth::False,
                }
            }
            None => Truth::Open,
        },
        ExprKind::Between { expr, low, high, negated } => {
            let x = val(expr);
            let result = match (compare(">=", &x, &val(low)), compare("<=", &x, &val(high))) {
                (Truth::False, _) | (_, Truth::False) => Truth::False,
                (Truth::True, other) => other,
                (other, Truth::True) => other,
                _ => Truth::Open,
            };
            if *negated { not(result) } else { result }
        }
        ExprKind::Is { expr, test, negated } => {
            let result = match (test.as_str(), val(expr)) {
                (_, Value::Open) => Truth::Open,
                ("null", v) => bool_truth(v == Value::Null),
                ("true", v) => bool_truth(v == Value::Bool(true)),
                ("false", v) => bool_truth(v == Value::Bool(false)),
                _ => Truth::Open,
            };
            if *negated { not(result) } else { result }
        }
        _ => match val(expr) {
            Value::Bool(b) => bool_truth(b),
            Value::Null => Truth::Null,
            Value::Number(n) => bool_truth(n != 0.0),
            _ => Truth::Open,
        },
    }
}

fn array_items(expr: &Expr, depth: usize) -> Option<&[Expr]> {
    if depth > MAX_DEPTH {
        return None;
    }
    match &expr.kind {
        ExprKind::Array(items) => Some(items),
        ExprKind::Paren(inner) => array_items(inner, depth + 1),
        ExprKind::Cast { expr, .. } => array_items(expr, depth + 1),
        _ => None,
    }
}

fn value(expr: &Expr, column: &dyn Fn(&str) -> Value, depth: usize) -> Value {
    if depth > MAX_DEPTH {
        return Value::Open;
    }
    let go = |e: &Expr| value(e, column, depth + 1);
    match &expr.kind {
        ExprKind::Literal(Literal::Null) => Value::Null,
        ExprKind::Literal(Literal::Bool(b)) => Value::Bool(*b),
        ExprKind::Literal(Literal::Number(n)) => n.parse().map_or(Value::Open, Value::Number),
        ExprKind::Literal(Literal::String { value, .. }) => Value::Text(value.clone()),
        ExprKind::Paren(inner) => go(inner),
        ExprKind::Cast { expr, .. } => go(expr),
        ExprKind::Column(name) => column(&name.last().value),
        ExprKind::Unary { op, expr } if op == "-" => match go(expr) {
            Value::Number(n) => Value::Number(-n),
            _ => Value::Open,
        },
        ExprKind::Function(call) if call.args.len() == 1 => {
            let name = call.name.last().value.to_ascii_lowercase();
            match (name.as_str(), call.args.first().map(go)) {
                ("length" | "char_length" | "character_length", Some(Value::Text(t))) => Value::Number(t.chars().count() as f64),
                ("lower" | "lcase", Some(Value::Text(t))) => Value::Text(t.to_lowercase()),
                ("upper" | "ucase", Some(Value::Text(t))) => Value::Text(t.to_uppercase()),
                (_, Some(Value::Null)) if matches!(name.as_str(), "length" | "char_length" | "lower" | "upper") => Value::Null,
                _ => Value::Open,
            }
        }
        _ => Value::Open,
    }
}

fn compare(op: &str, left: &Value, right: &Value) -> Truth {
    if *left == Value::Null || *right == Value::Null {
        return match op {
            "is distinct from" => bool_truth(left != right),
            "is not distinct from" | "<=>" => bool_truth(left == right),
            _ => Truth::Null,
        };
    }
    let order = match (left, right) {
        (Value::Number(a), Value::Number(b)) => a.partial_cmp(b),
        (Value::Text(a), Value::Text(b)) => match op {
            // Which string is less depends on the collation.
            "=" | "==" | "<>" | "!=" => Some(a.cmp(b)),
            _ => None,
        },
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Number(a), Value::Text(b)) | (Value::Text(b), Value::Number(a)) => match b.trim().parse::<f64>() {
            Ok(b) if op == "=" || op == "<>" || op == "!=" => a.partial_cmp(&b),
            _ => None,
        },
        _ => None,
    };
    let Some(order) = order else { return Truth::Open };
    match op {
        "=" | "==" | "is not distinct from" | "<=>" => bool_truth(order == Ordering::Equal),
        "<>" | "!=" | "is distinct from" => bool_truth(order != Ordering::Equal),
        "<" => bool_truth(order == Ordering::Less),
        "<=" => bool_truth(order != Ordering::Greater),
        ">" => bool_truth(order == Ordering::Greater),
        ">=" => bool_truth(order != Ordering::Less),
        _ => Truth::Open,
    }
}

fn bool_truth(b: bool) -> Truth {
    if b { Truth::True } else { Truth::False }
}

fn not(t: Truth) -> Truth {
    match t {
        Truth::True => Truth::False,
        Truth::False => Truth::True,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::dialect::Engine;

    #[test]
    fn conditions_on_known_and_unknown_values() {
        let cases = [
            ("state IN ('new','done')", Value::Text("done".into()), Truth::True),
            ("state IN ('new','done')", Value::Text("lost".into()), Truth::False),
            ("state IN ('new','done')", Value::Open, Truth::Open),
            ("state IN ('new','done')", Value::Null, Truth::Null),
            ("state > 0", Value::Number(-1.0), Truth::False),
            ("state > 0 AND state < 10", Value::Number(5.0), Truth::True),
            ("length(state) <= 3", Value::Text("abcd".into()), Truth::False),
            ("state IS NOT NULL", Value::Null, Truth::False),
            ("state IS NULL OR other > 1", Value::Null, Truth::True),
            ("NOT (state = 'x')", Value::Text("x".into()), Truth::False),
        ];
        for (condition, known, want) in cases {
            let column = |name: &str| if name == "state" { known.clone() } else { Value::Open };
            assert_eq!(holds(condition, Dialect::of(Engine::Postgres), &column), want, "{condition} with {known:?}");
        }
    }
}
