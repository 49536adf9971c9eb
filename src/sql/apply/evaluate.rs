//! Simple evaluation of expressions over the rows of a dump. What is not simple has no value: a witness is
//! used only where it proves something.

use crate::model::dialect::Dialect;
use crate::model::schema::Row;
use crate::sql::ast::{Expr, ExprKind, Literal, Name};

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
}

impl Value {
    /// The literal text as a dump holds it.
    pub(super) fn literal(self) -> Option<String> {
        match self {
            Value::Null => None,
            Value::Bool(b) => Some(b.to_string()),
            Value::Number(n) if n.fract() == 0.0 && n.abs() < 1e15 => Some(format!("{}", n as i64)),
            Value::Number(n) => Some(n.to_string()),
            Value::Text(t) => Some(t),
        }
    }

    fn number(&self) -> Option<f64> {
        match self {
            Value::Number(n) => Some(*n),
            Value::Text(t) => t.trim().parse().ok(),
            Value::Bool(b) => Some(f64::from(u8::from(*b))),
            Value::Null => None,
        }
    }

    fn text(&self) -> Option<String> {
        self.clone().literal()
    }
}

/// The value of an expression for a row; `None`: not known.
pub(super) fn evaluate(expr: &Expr, row: &Row, dialect: Dialect) -> Option<Value> {
    at_depth(expr, row, dialect, 0)
}

/// Whether a condition holds for a row: `Some(None)` is SQL's unknown.
pub(super) fn holds(expr: &Expr, row: &Row, dialect: Dialect) -> Option<Option<bool>> {
    truth(&evaluate(expr, row, dialect)?)
}

fn truth(value: &Value) -> Option<Option<bool>> {
    match value {
        Value::Null => Some(None),
        Value::Bool(b) => Some(Some(*b)),
        Value::Number(n) => Some(Some(*n != 0.0)),
        Value::Text(t) => match t.as_str() {
            "t" | "true" | "1" => Some(Some(true)),
            "f" | "false" | "0" => Some(Some(false)),
            _ => None,
        },
    }
}

fn column(name: &Name, row: &Row, dialect: Dialect) -> Option<Value> {
    let own = &name.last().value;
    let (_, value) = row.iter().find(|(c, _)| dialect.same_column(c, own))?;
    Some(value.clone().map_or(Value::Null, Value::Text))
}

fn at_depth(expr: &Expr, row: &Row, dialect: Dialect, depth: u32) -> Option<Value> {
    if depth > crate::sql::parse::cursor::MAX_DEPTH {
        return None;
    }
    let value = |e: &Expr| at_depth(e, row, dialect, depth + 1);
    let not = |v: Option<bool>, negated: bool| Some(v.map_or(Value::Null, |b| Value::Bool(b != negated)));
    match &expr.kind {
        ExprKind::Column(name) => column(name, row, dialect),
        ExprKind::Literal(literal) => match literal {
            Literal::Null => Some(Value::Null),
            Literal::Bool(b) => Some(Value::Bool(*b)),
            Literal::Number(n) => n.parse().ok().map(Value::Number),
            Literal::String { value, .. } => Some(Value::Text(value.clone())),
            Literal::Bits(_) => None,
        },
        ExprKind::Paren(inner) => value(inner),
        ExprKind::Collate { expr, .. } => value(expr),
        ExprKind::Cast { expr, ty } => {
            let inner = value(expr)?;
            match ty.name.last().value.as_str() {
                "text" | "varchar" | "character varying" => Some(inner.text().map_or(Value::Null, Value::Text)),
                "integer" | "int" | "bigint" | "numeric" | "smallint" if inner != Value::Null => inner.number().map(Value::Number),
                _ if inner == Value::Null => Some(Value::Null),
                "date" => Some(inner),
                _ => None,
            }
        }
        ExprKind::Unary { op, expr } => {
            let inner = value(expr)?;
            match op.as_str() {
                "not" => not(truth(&inner)?, true),
                _ if inner == Value::Null => Some(Value::Null),
                "-" => inner.number().map(|n| Value::Number(-n)),
                "+" => inner.number().map(Value::Number),
                _ => None,
            }
        }
        ExprKind::Binary { op, left, right } => binary(op, value(left), value(right), dialect),
        ExprKind::Is { expr, test, negated } => {
            let inner = value(expr)?;
            match test.as_str() {
                "null" => Some(Value::Bool((inner == Value::Null) != *negated)),
                "true" | "false" => Some(Value::Bool((truth(&inner)? == Some(test == "true")) != *negated)),
                _ => None,
            }
        }
        ExprKind::InList { expr, list, negated } => {
            let inner = value(expr)?;
            if inner == Value::Null {
                return Some(Value::Null);
            }
            let mut unknown = false;
            for item in list {
                match compare(&inner, &value(item)?, dialect) {
                    Some(std::cmp::Ordering::Equal) => return Some(Value::Bool(!negated)),
                    Some(_) => {}
                    None => unknown = true,
                }
            }
            if unknown { Some(Value::Null) } else { Some(Value::Bool(*negated)) }
        }
        ExprKind::Between { expr, low, high, negated } => {
            let inner = value(expr)?;
            let (low, high) = (value(low)?, value(high)?);
            if [&inner, &low, &high].iter().any(|v| **v == Value::Null) {
                return Some(Value::Null);
            }
            let inside = compare(&inner, &low, dialect)?.is_ge() && compare(&inner, &high, dialect)?.is_le();
            Some(Value::Bool(inside != *negated))
        }
        ExprKind::Like { expr, op, pattern, escape: None, negated } if matches!(op.as_str(), "like" | "ilike") => {
            let (text, pattern) = (value(expr)?, value(pattern)?);
            if text == Value::Null || pattern == Value::Null {
                return Some(Value::Null);
            }
            let fold = op == "ilike" || dialect.engine != crate::model::dialect::Engine::Postgres;
            let prepare = |t: String| if fold { t.to_lowercase() } else { t };
            let matched = like(&prepare(text.text()?).chars().collect::<Vec<_>>(), &prepare(pattern.text()?).chars().collect::<Vec<_>>());
            Some(Value::Bool(matched != *negated))
        }
        ExprKind::Function(call) => {
            let name = call.name.last().value.to_ascii_lowercase();
            let first = call.args.first().and_then(&value);
            match (name.as_str(), first) {
                ("coalesce" | "ifnull", _) => call.args.iter().map(value).find(|v| *v != Some(Value::Null)).unwrap_or(Some(Value::Null)),
                ("lower" | "upper" | "length" | "char_length" | "trim" | "abs", Some(Value::Null)) => Some(Value::Null),
                ("lower", Some(v)) => v.text().map(|t| Value::Text(t.to_lowercase())),
                ("upper", Some(v)) => v.text().map(|t| Value::Text(t.to_uppercase())),
                ("length" | "char_length", Some(v)) if !(name == "length" && dialect.engine.is_mysql_family()) => {
                    v.text().map(|t| Value::Number(t.chars().count() as f64))
                }
                ("trim", Some(v)) if call.args.len() == 1 => v.text().map(|t| Value::Text(t.trim_matches(' ').to_string())),
                ("abs", Some(v)) => v.number().map(|n| Value::Number(n.abs())),
                _ => None,
            }
        }
        _ => None,
    }
}

fn binary(op: &str, left: Option<Value>, right: Option<Value>, dialect: Dialect) -> Option<Value> {
    // AND and OR may be decided by one side.
    if op == "and" || op == "or" {
        let decides = op == "or";
        let sides = [left.as_ref().and_then(truth), right.as_ref().and_then(truth)];
        if sides.contains(&Some(Some(decides))) {
            return Some(Value::Bool(decides));
        }
        return match sides {
            [Some(Some(_)), Some(Some(_))] => Some(Value::Bool(!decides)),
            [Some(_), Some(_)] => Some(Value::Null),
            _ => None,
        };
    }
    let (left, right) = (left?, right?);
    if left == Value::Null || right == Value::Null {
        return match op {
            "is distinct from" => Some(Value::Bool(left != right)),
            "is not distinct from" | "<=>" => Some(Value::Bool(left == right)),
            _ => Some(Value::Null),
        };
    }
    let order = || compare(&left, &right, dialect);
    let arithmetic = |f: fn(f64, f64) -> f64| Some(Value::Number(f(left.number()?, right.number()?)));
    match op {
        "=" | "==" | "is" | "is not distinct from" | "<=>" => Some(Value::Bool(order()?.is_eq())),
        "<>" | "!=" | "is distinct from" => Some(Value::Bool(order()?.is_ne())),
        "<" => Some(Value::Bool(order()?.is_lt())),
        ">" => Some(Value::Bool(order()?.is_gt())),
        "<=" => Some(Value::Bool(order()?.is_le())),
        ">=" => Some(Value::Bool(order()?.is_ge())),
        "+" => arithmetic(|a, b| a + b),
        "-" => arithmetic(|a, b| a - b),
        "*" => arithmetic(|a, b| a * b),
        "||" if !dialect.engine.is_mysql_family() => Some(Value::Text(left.text()? + &right.text()?)),
        _ => None,
    }
}

/// Numbers as numbers where both read as such; `None` where NULL is involved.
pub(super) fn compare(left: &Value, right: &Value, dialect: Dialect) -> Option<std::cmp::Ordering> {
    if *left == Value::Null || *right == Value::Null {
        return None;
    }
    if let (Some(a), Some(b)) = (left.number(), right.number()) {
        return a.partial_cmp(&b);
    }
    if let (Some(Some(a)), Some(Some(b))) = (truth(left), truth(right)) {
        return Some(a.cmp(&b));
    }
    let (a, b) = (left.text()?, right.text()?);
    // The default collations of the MySQL family ignore case.
    Some(if dialect.engine.is_mysql_family() { a.to_lowercase().cmp(&b.to_lowercase()) } else { a.cmp(&b) })
}

fn like(text: &[char], pattern: &[char]) -> bool {
    // Positions to return to after a `%`.
    let (mut t, mut p) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('%') => {
                back = Some((p + 1, t));
                p += 1;
            }
            Some('_') => {
                t += 1;
                p += 1;
            }
            Some(c) if *c == text[t] => {
                t += 1;
                p += 1;
            }
            _ => match back {
                Some((after, at)) => {
                    p = after;
                    t = at + 1;
                    back = Some((after, at + 1));
                }
                None => return false,
            },
        }
    }
    pattern[p.min(pattern.len())..].iter().all(|c| *c == '%')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::dialect::Engine;
    use crate::sql::parse::parse_expr;

    #[test]
    fn conditions_over_a_row() {
        let row: Row =
            [("a", Some("5")), ("b", None), ("c", Some("Oslo"))].into_iter().map(|(k, v)| (k.to_string(), v.map(str::to_string))).collect();
        let dialect = Dialect::of(Engine::Postgres);
        let cases = [
            ("a > 4", Some(Some(true))),
            ("a IN (1, 2)", Some(Some(false))),
            ("b IS NULL AND a = 5", Some(Some(true))),
            ("b > 1", Some(None)),
            ("b > 1 OR a = 5", Some(Some(true))),
            ("c LIKE 'O%o'", Some(Some(true))),
            ("c LIKE 'o%'", Some(Some(false))),
            ("length(c) <= 3", Some(Some(false))),
            ("unknown_column = 1", None),
            ("some_function(a) = 1", None),
        ];
        for (text, expected) in cases {
            let expr = parse_expr(text, dialect).expect(text);
            assert_eq!(holds(&expr, &row, dialect), expected, "{text}");
        }
    }
}
