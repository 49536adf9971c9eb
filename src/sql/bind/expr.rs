//! Expressions: their names and types.

mod cast;
mod part;
mod several;

use super::binder::{Binder, MAX_DEPTH};
use super::binding::BindErrorKind;
use super::errors::Clause;
use super::value::{Rows, Ty, Value};
use crate::model::object::ObjectKind;
use crate::model::span::Span;
use crate::model::statement::Mode;
use crate::model::types::DataType;
use crate::sql::ast::{Expr, ExprKind, Literal, OrderItem, WindowSpec};
use std::borrow::Cow;

impl<'s> Binder<'s> {
    /// Binds an expression; gives what is known of its value.
    pub fn expr(&mut self, expr: &'s Expr) -> Value<'s> {
        self.depth += 1;
        let value = if self.depth > MAX_DEPTH { Value::any() } else { self.expr_kind(expr) };
        self.depth -= 1;
        value
    }

    fn expr_kind(&mut self, expr: &'s Expr) -> Value<'s> {
        let mark = self.out.uses.len();
        let span = expr.span;
        match &expr.kind {
            ExprKind::Column(name) => self.column(name),
            ExprKind::QualifiedStar(name) => {
                let mut rows = Rows::default();
                self.star(Some(name), span, &mut rows);
                Value::new(Ty::owned(DataType::named("record")), Some(false))
            }
            ExprKind::Literal(literal) => self.literal(literal),
            // Drivers may send `$1` untyped or typed; other placeholders are filled in by the client.
            ExprKind::Param(_) => Value::new(Ty::Param, None),
            ExprKind::Variable(_) | ExprKind::Default | ExprKind::Star => Value::any(),
            ExprKind::Hole => {
                self.opaque(span, ObjectKind::Other, "the expression is not known");
                Value::any()
            }
            ExprKind::Paren(inner) => self.expr(inner),
            ExprKind::Unary { op, expr: inner } => self.unary(op, inner, span, mark),
            ExprKind::Binary { op, left, right } => self.binary_expr(op, left, right, span, mark),
            ExprKind::Cast { expr: inner, ty } => self.cast(inner, ty, span, mark),
            ExprKind::Function(call) => self.function(call, span, mark),
            ExprKind::Case { operand, arms, otherwise } => self.case(operand.as_deref(), arms, otherwise.as_deref(), span, mark),
            ExprKind::Exists(query) => {
                self.query_rows(query);
                Value::new(self.boolean(), Some(false))
            }
            ExprKind::Subquery(query) => self.scalar_subquery(query, span),
            ExprKind::ArraySubquery(query) => {
                let value = self.scalar_subquery(query, span);
                Value::new(array_over(&value.ty), Some(false))
            }
            ExprKind::InList { expr: inner, list, .. } => self.in_list(inner, list, mark),
            ExprKind::InSubquery { expr: inner, query, .. } => self.in_subquery(inner, query, "=", span, mark),
            ExprKind::Quantified { expr: inner, op, right, .. } => self.quantified(inner, op, right, span, mark),
            ExprKind::Between { expr: inner, low, high, .. } => {
                let value = self.expr(inner);
                let (low, high) = (self.expr(low), self.expr(high));
                self.compare(">=", &value, &low, span, mark);
                self.compare("<=", &value, &high, span, mark);
                let nullable = either(&[&value, &low, &high]);
                Value::new(self.boolean(), nullable)
            }
            ExprKind::Like { expr: inner, op, pattern, escape, negated } => {
                let value = self.expr(inner);
                let pattern = self.expr(pattern);
                if let Some(escape) = escape {
                    self.expr(escape);
                }
                let symbol = if self.pg() { like_operator(op, *negated) } else { op.as_str() };
                self.compare(symbol, &value, &pattern, span, mark);
                Value::new(self.boolean(), either(&[&value, &pattern]))
            }
            ExprKind::Is { expr: inner, test, negated } => {
                let value = self.expr(inner);
                if matches!(test.as_str(), "true" | "false" | "unknown") {
                    let shown = format!("IS {}{}", if *negated { "NOT " } else { "" }, test.to_uppercase());
                    self.demand_boolean(&value, &shown, span);
                }
                Value::new(self.boolean(), Some(false))
            }
            ExprKind::Array(items) => {
                let values: Vec<Value<'s>> = items.iter().map(|i| self.expr(i)).collect();
                if values.is_empty() {
                    return Value::new(Ty::Any, Some(false));
                }
                let value = self.unify(&values, "ARRAY", span, mark);
                Value::new(array_over(&value.ty), Some(false))
            }
            ExprKind::Row(items) => {
                for item in items {
                    self.expr(item);
                }
                Value::new(Ty::owned(DataType::named("record")), Some(false))
            }
            ExprKind::Subscript { expr: inner, index } => {
                let value = self.expr(inner);
                for i in index {
                    self.expr(i);
                }
                self.subscript(&value, index.len(), span)
            }
            ExprKind::Field { expr: inner, field } => {
                let value = self.expr(inner);
                match field {
                    Some(field) => self.field(&value, &field.value, field.span),
                    None => Value::new(Ty::owned(DataType::named("record")), Some(false)),
                }
            }
            ExprKind::Collate { expr: inner, collation } => {
                let value = self.expr(inner);
                Self::collated(value, Cow::Borrowed(collation.last().value.as_str()))
            }
            ExprKind::AtTimeZone { expr: inner, zone } => self.at_time_zone(inner, zone, span, mark),
            ExprKind::Interval { value, .. } => {
                self.expr(value);
                Value::new(if self.pg() { self.builtin("interval") } else { Ty::Any }, Some(false))
            }
            ExprKind::MatchAgainst { columns, against } => {
                for column in columns {
                    self.expr(column);
                }
                self.expr(against);
                self.fulltext_index(columns, span);
                Value::new(self.builtin("double"), Some(false))
            }
            ExprKind::Unparsed(names) => {
                // What is not understood may give its names any meaning.
                let porous = std::mem::replace(&mut self.porous, true);
                self.muted += 1;
                for name in names {
                    self.column(name);
                }
                self.muted -= 1;
                self.porous = porous;
                self.opaque(span, ObjectKind::Other, "the expression was not understood");
                Value::any()
            }
        }
    }

    /// The type of truth values.
    pub fn boolean(&self) -> Ty<'s> {
        self.builtin(if self.pg() {
            "boolean"
        } else if self.lite() {
            "integer"
        } else {
            "int"
        })
    }

    fn literal(&mut self, literal: &'s Literal) -> Value<'s> {
        let ty = match literal {
            Literal::Null => return Value::new(if self.pg() { Ty::Literal } else { Ty::Any }, Some(true)),
            Literal::Bool(_) => self.boolean(),
            Literal::Number(text) => {
                let digits = text.bytes().all(|b| b.is_ascii_digit() || b == b'_');
                if self.pg() {
                    match text.replace('_', "").parse::<i64>() {
                        Ok(n) if digits && i32::try_from(n).is_ok() => self.builtin("integer"),
                        Ok(_) if digits => self.builtin("bigint"),
                        _ if text.starts_with("0x") || text.starts_with("0o") || text.starts_with("0b") => self.builtin("integer"),
                        _ => self.builtin("numeric"),
                    }
                } else if self.lite() {
                    self.builtin(if digits || text.starts_with("0x") { "integer" } else { "real" })
                } else if digits {
                    self.builtin(if text.len() < 10 { "int" } else { "bigint" })
                } else {
                    self.builtin(if text.contains(['e', 'E']) { "double" } else { "decimal" })
                }
            }
            Literal::String { value, .. } => {
                if self.pg() {
                    let mut v = Value::new(Ty::Literal, Some(false));
                    v.literal = Some(value);
                    return v;
                }
                let mut v = Value::new(self.builtin(if self.lite() { "text" } else { "varchar" }), Some(false));
                v.literal = Some(value);
                return v;
            }
            Literal::Bits(text) => {
                if self.pg() {
                    self.builtin("bit")
                } else if self.lite() || text.starts_with(['x', 'X']) {
                    self.builtin(if self.lite() { "blob" } else { "varbinary" })
                } else {
                    Ty::Any
                }
            }
        };
        Value::new(ty, Some(false))
    }

    fn unary(&mut self, op: &str, inner: &'s Expr, span: Span, mark: usize) -> Value<'s> {
        let value = self.expr(inner);
        match op {
            "not" | "!" => {
                self.demand_boolean(&value, "NOT", span);
                Value::new(self.boolean(), value.nullable)
            }
            "binary" | "prior" => Value { source: None, origin: None, ..value },
            // A negative literal stays a literal for range checks of its type.
            _ => {
                let ty = self.prefix(op, &value, span, mark);
                Value::new(ty, value.nullable)
            }
        }
    }

    fn binary_expr(&mut self, op: &str, left: &'s Expr, right: &'s Expr, span: Span, mark: usize) -> Value<'s> {
        match op {
            "and" | "or" | "xor" | "&&" if op != "&&" || self.mysql() => {
                let word = op.to_uppercase();
                let (l, r) = (self.condition(left, &word), self.condition(right, &word));
                return Value::new(self.boolean(), either(&[&l, &r]));
            }
            _ => {}
        }
        if let (Some(l), Some(r)) = (row_items(left), row_items(right)) {
            return self.rows_compare(op, l, r, span, mark);
        }
        if let (Some(l), ExprKind::Subquery(query)) = (row_items(left), &Self::bare(right).kind) {
            let values: Vec<Value<'s>> = l.iter().map(|e| self.expr(e)).collect();
            let rows = self.query_rows(query);
            self.compare_columns(op, &values, &rows, span, mark);
            return Value::new(self.boolean(), None);
        }
        let (l, r) = (self.expr(left), self.expr(right));
        match op {
            "is distinct from" | "is not distinct from" | "is" | "is not" | "<=>" => {
                self.compare("=", &l, &r, span, mark);
                return Value::new(self.boolean(), Some(false));
            }
            "overlaps" | "member of" => return Value::new(self.boolean(), None),
            "||" if self.mysql() => return Value::new(self.boolean(), None),
            "->" | "->>" if self.lite() => {
                self.binary(op, &l, &r, span, mark);
                return Value::new(Ty::Any, None);
            }
            _ => {}
        }
        let ty = self.binary(operator_symbol(op), &l, &r, span, mark);
        let nullable = match op {
            // Members of documents and arrays may be missing; division by zero is NULL in MySQL and SQLite.
            "->" | "->>" | "#>" | "#>>" => Some(true),
            "/" | "%" | "div" | "mod" if !self.pg() => Some(true),
            _ => either(&[&l, &r]),
        };
        Value::new(ty, nullable)
    }

    fn case(
        &mut self,
        operand: Option<&'s Expr>,
        arms: &'s [(Expr, Expr)],
        otherwise: Option<&'s Expr>,
        span: Span,
        mark: usize,
    ) -> Value<'s> {
        let tested = operand.map(|o| self.expr(o));
        let mut results = Vec::new();
        for (when, then) in arms {
            match &tested {
                Some(tested) => {
                    let value = self.expr(when);
                    self.compare("=", tested, &value, when.span, mark);
                }
                None => {
                    self.condition(when, "CASE/WHEN");
                }
            }
            results.push(self.expr(then));
        }
        match otherwise {
            Some(otherwise) => results.insert(0, self.expr(otherwise)),
            None => results.push(Value::new(Ty::Literal, Some(true))),
        }
        if !self.pg() {
            for value in &mut results {
                if matches!(value.ty, Ty::Literal) {
                    value.ty = Ty::Any;
                }
            }
        }
        let value = self.unify(&results, "CASE", span, mark);
        Value { source: None, origin: None, ..value }
    }

    fn at_time_zone(&mut self, inner: &'s Expr, zone: &'s Expr, span: Span, mark: usize) -> Value<'s> {
        let value = self.expr(inner);
        self.expr(zone);
        let name = value.ty.known().map(|t| t.name.clone()).unwrap_or_default();
        let result = match name.as_str() {
            "timestamp with time zone" => "timestamp without time zone",
            "timestamp without time zone" | "date" => "timestamp with time zone",
            "time without time zone" | "time with time zone" => "time with time zone",
            _ if matches!(value.ty, Ty::Literal) => "timestamp without time zone",
            _ => return Value::any(),
        };
        self.shape(span, format!("{name} at time zone -> {result}"), mark);
        Value::new(self.builtin(result), value.nullable)
    }

    fn fulltext_index(&mut self, columns: &'s [Expr], span: Span) {
        let mut names = Vec::new();
        let mut table = None;
        for column in columns {
            let ExprKind::Column(name) = &column.kind else { return };
            self.muted += 1;
            let mark = (self.out.uses.len(), self.out.opaque.len());
            let value = self.column(name);
            self.out.uses.truncate(mark.0);
            self.out.opaque.truncate(mark.1);
            self.muted -= 1;
            let Some(origin) = value.origin else { return };
            table = Some(origin.table);
            names.push(origin.column.name.to_lowercase());
        }
        let Some(table) = table.filter(|t| !t.open && t.view().is_none()) else { return };
        names.sort();
        let fits = table.indexes.iter().filter(|i| i.method == "fulltext").any(|i| {
            let mut keys: Vec<String> = i.keys.iter().filter_map(|k| k.column.as_ref()).map(|c| c.to_lowercase()).collect();
            keys.sort();
            keys == names
        });
        if !fits {
            self.fail(BindErrorKind::UnknownIndex, "1191", "Can't find FULLTEXT index matching the column list".to_string(), span, None);
        }
    }

    /// Binds a window specification.
    pub fn window(&mut self, window: &'s WindowSpec) {
        for expr in &window.partition_by {
            self.within(Clause::Group, Mode::Read, |b| b.expr(expr));
        }
        self.order_items(&window.order_by);
    }

    /// Binds an ORDER BY whose names are input columns only.
    pub fn order_items(&mut self, items: &'s [OrderItem]) {
        for item in items {
            let mark = self.out.uses.len();
            let value = self.within(Clause::Order, Mode::Order, |b| b.expr(&item.expr));
            let text = format!("order {}", self.describe(&value));
            self.shape(item.expr.span, text, mark);
        }
    }
}

/// The array over a type.
pub fn array_over<'s>(ty: &Ty<'s>) -> Ty<'s> {
    match ty {
        Ty::Known(ty) => Ty::owned(DataType { array: 1, args: Vec::new(), ..ty.as_ref().clone() }),
        _ => Ty::Any,
    }
}

/// Nullability of a strict operation.
pub fn either(values: &[&Value]) -> Option<bool> {
    if values.iter().any(|v| v.nullable == Some(true)) {
        Some(true)
    } else if values.iter().all(|v| v.nullable == Some(false)) {
        Some(false)
    } else {
        None
    }
}

/// The items of a row constructor.
fn row_items(expr: &Expr) -> Option<&[Expr]> {
    match &expr.kind {
        ExprKind::Row(items) => Some(items),
        ExprKind::Paren(inner) => row_items(inner),
        _ => None,
    }
}

/// PostgreSQL's operator behind LIKE and its kin.
fn like_operator(op: &str, negated: bool) -> &'static str {
    match (op, negated) {
        ("ilike", false) => "~~*",
        ("ilike", true) => "!~~*",
        ("similar to", false) => "~",
        ("similar to", true) => "!~",
        (_, false) => "~~",
        (_, true) => "!~~",
    }
}

/// An operator without the schema of `OPERATOR(pg_catalog.=)`.
fn operator_symbol(op: &str) -> &str {
    let inner = op.strip_prefix("operator(").and_then(|o| o.strip_suffix(')')).map_or(op, str::trim);
    match inner.rsplit_once('.') {
        Some((_, symbol)) if !symbol.is_empty() => symbol,
        _ => inner,
    }
}
