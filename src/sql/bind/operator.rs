//! Operators: which one is meant, its result type, and the errors of operands that do not fit.

use super::binder::Binder;
use super::binding::BindErrorKind;
use super::catalog::postgres::{Context, TypeId, UNKNOWN, catalog};
use super::resolve::{Choice, Operand, bind_polymorphic, choose, coercible, common_type, operand_of, result_type};
use super::value::{Ty, Value};
use crate::model::span::Span;
use crate::model::types::DataType;
use crate::sql::ast::{Expr, ExprKind};
use std::borrow::Cow;

/// A type's name as PostgreSQL shows it in messages: without arguments.
pub fn type_name(ty: &Ty) -> String {
    match ty {
        Ty::Any | Ty::Param | Ty::Literal => "unknown".to_string(),
        Ty::Known(ty) => {
            let name = ty.user.as_ref().map_or(ty.name.as_str(), |u| u.name.as_str());
            if ty.array > 0 { format!("{name}[]") } else { name.to_string() }
        }
    }
}

impl<'s> Binder<'s> {
    /// A value's type and collation in the words of a shape.
    pub fn describe(&self, value: &Value) -> String {
        let mut text = match &value.ty {
            Ty::Known(ty) if self.pg() => {
                let mut shown = type_name(&value.ty);
                if let Some(user) = ty.user.as_ref().filter(|u| !u.schema.is_empty()) {
                    shown = format!("{}.{shown}", user.schema);
                }
                shown
            }
            Ty::Known(ty) if self.lite() => affinity(&ty.name).to_string(),
            Ty::Known(ty) => DataType { args: Vec::new(), ..ty.as_ref().clone() }.to_string(),
            other => type_name(other),
        };
        if let Some(collation) = &value.collation {
            text.push_str(" collate ");
            text.push_str(collation);
        }
        if let Some(charset) = value.origin.and_then(|o| o.column.charset.as_deref()) {
            text.push_str(" charset ");
            text.push_str(charset);
        }
        text
    }

    /// A comparison; checks that it exists and records its shape. `mark`: uses before its operands.
    pub fn compare(&mut self, op: &str, left: &Value<'s>, right: &Value<'s>, span: Span, mark: usize) -> Ty<'s> {
        self.binary(op, left, right, span, mark)
    }

    /// An operator other than AND, OR, NOT.
    pub fn binary(&mut self, op: &str, left: &Value<'s>, right: &Value<'s>, span: Span, mark: usize) -> Ty<'s> {
        let op = if op == "!=" { "<>" } else { op };
        if !self.pg() {
            return self.permissive(op, left, right, span, mark);
        }
        let Some((result, chosen)) = self.choose_operator(op, &left.ty, &right.ty, span) else {
            return if is_comparison(op) { self.builtin("boolean") } else { Ty::Any };
        };
        if let Some((l, r)) = chosen {
            self.check_literal(left, &l, span);
            self.check_literal(right, &r, span);
            let collation = left.collation.as_ref().or(right.collation.as_ref()).map_or(String::new(), |c| format!(" collate {c}"));
            let text = format!("{} {op} {}{collation} -> {}", type_name(&l), type_name(&r), type_name(&result));
            self.shape(span, text, mark);
            self.mixed_collations(left, right, op, span);
        }
        result
    }

    /// PostgreSQL: two columns of different collations and no COLLATE.
    fn mixed_collations(&mut self, left: &Value<'s>, right: &Value<'s>, op: &str, span: Span) {
        let (Some(l), Some(r)) = (&left.collation, &right.collation) else { return };
        if l != r && (is_comparison(op) || op.contains('~')) {
            let message = "could not determine which collation to use for string comparison".to_string();
            self.fail(BindErrorKind::TypeMismatch, "42P22", message, span, None);
        }
    }

    /// Result and operand types of the operator that PostgreSQL takes. `None`: an error or opaque operands.
    #[allow(clippy::type_complexity)]
    fn choose_operator(&mut self, op: &str, left: &Ty<'s>, right: &Ty<'s>, span: Span) -> Option<(Ty<'s>, Option<(Ty<'s>, Ty<'s>)>)> {
        let schema = self.schema;
        let (l, r) = (operand_of(schema, left), operand_of(schema, right));
        let (Some(l), Some(r)) = (l, r) else {
            return is_comparison(op).then(|| (self.builtin("boolean"), None));
        };
        let soft = matches!(left, Ty::Param) || matches!(right, Ty::Param);
        let all: Vec<_> = catalog().operators(op).iter().filter(|o| o.left.is_some() && self.has_extension(o.extension)).collect();
        if all.is_empty() && (self.has_foreign_extension() || catalog().operators(op).is_empty()) {
            return None;
        }
        let plain = |id: TypeId| Operand { id, user: None };
        // One undecided side: the operator of that type with itself, if there is one.
        if (l.id == UNKNOWN) != (r.id == UNKNOWN) {
            let known = if l.id == UNKNOWN { r } else { l };
            if let Some(o) = all.iter().find(|o| o.left == Some(known.id) && o.right == known.id && known.user.is_none()) {
                return Some((self.type_of(plain(o.result)), Some((self.type_of(known), self.type_of(known)))));
            }
        }
        let candidates: Vec<Vec<Operand>> = all.iter().map(|o| vec![plain(o.left.unwrap_or(UNKNOWN)), plain(o.right)]).collect();
        match choose(&candidates, &[l, r]) {
            Choice::One(index) => {
                let (candidate, o) = (candidates.get(index)?, all.get(index)?);
                let bound = bind_polymorphic(candidate, &[l, r])?;
                let result = result_type(plain(o.result), &bound).map_or(Ty::Any, |o| self.type_of(o));
                let side = |i: usize, actual: Operand| {
                    let param = candidate.get(i).copied().unwrap_or(actual);
                    let resolved = result_type(param, &bound).unwrap_or(actual);
                    self.type_of(resolved)
                };
                Some((result, Some((side(0, l), side(1, r)))))
            }
            Choice::Ambiguous if soft || (l.id == UNKNOWN && r.id == UNKNOWN) => None,
            Choice::Ambiguous => {
                let message = format!("operator is not unique: {} {op} {}", type_name(left), type_name(right));
                self.fail(BindErrorKind::AmbiguousFunction, "42725", message, span, None);
                None
            }
            Choice::None => {
                if !self.has_foreign_extension() {
                    let message = format!("operator does not exist: {} {op} {}", type_name(left), type_name(right));
                    self.fail(BindErrorKind::TypeMismatch, "42883", message, span, None);
                }
                None
            }
        }
    }

    /// A prefix operator.
    pub fn prefix(&mut self, op: &str, operand: &Value<'s>, span: Span, mark: usize) -> Ty<'s> {
        if !self.pg() {
            return operand.ty.clone();
        }
        let schema = self.schema;
        let Some(input) = operand_of(schema, &operand.ty) else { return Ty::Any };
        let all: Vec<_> = catalog().operators(op).iter().filter(|o| o.left.is_none()).collect();
        let candidates: Vec<Vec<Operand>> = all.iter().map(|o| vec![Operand { id: o.right, user: None }]).collect();
        match choose(&candidates, &[input]) {
            Choice::One(index) => {
                let result = all.get(index).map_or(Ty::Any, |o| self.type_of(Operand { id: o.result, user: None }));
                self.shape(span, format!("{op} {}", type_name(&operand.ty)), mark);
                result
            }
            Choice::None if !all.is_empty() && !self.has_foreign_extension() => {
                let message = format!("operator does not exist: {op} {}", type_name(&operand.ty));
                self.fail(BindErrorKind::TypeMismatch, "42883", message, span, None);
                Ty::Any
            }
            _ => Ty::Any,
        }
    }

    /// MySQL and SQLite convert whatever is compared; the shape says by what types.
    fn permissive(&mut self, op: &str, left: &Value<'s>, right: &Value<'s>, span: Span, mark: usize) -> Ty<'s> {
        let text = format!("{} {op} {}", self.describe(left), self.describe(right));
        self.shape(span, text, mark);
        if self.mysql() && is_comparison(op) {
            self.illegal_mix(left, right, op, span);
        }
        if is_comparison(op) {
            return self.builtin(if self.lite() { "integer" } else { "int" });
        }
        match op {
            "||" if self.lite() => self.builtin("text"),
            "->>" | "->" if self.mysql() => self.builtin("longtext"),
            "/" if self.mysql() => self.numeric_result(left, right, true),
            "+" | "-" | "*" | "%" | "mod" if self.mysql() => self.numeric_result(left, right, false),
            "div" | "<<" | ">>" | "&" | "|" | "^" => self.builtin(if self.lite() { "integer" } else { "bigint" }),
            _ => Ty::Any,
        }
    }

    fn numeric_result(&self, left: &Value<'s>, right: &Value<'s>, division: bool) -> Ty<'s> {
        let name = |v: &Value<'s>| v.ty.known().map(|t| t.name.clone());
        match (name(left), name(right)) {
            (Some(l), Some(r)) => {
                let is = |names: &[&str]| names.contains(&l.as_str()) || names.contains(&r.as_str());
                if is(&["double", "float", "varchar", "char", "text"]) {
                    self.builtin("double")
                } else if division || is(&["decimal"]) {
                    self.builtin("decimal")
                } else if is(&["date", "datetime", "timestamp", "time"]) {
                    Ty::Any
                } else {
                    self.builtin("bigint")
                }
            }
            _ => Ty::Any,
        }
    }

    /// MySQL refuses to compare columns of two collations of the same charset.
    fn illegal_mix(&mut self, left: &Value<'s>, right: &Value<'s>, op: &str, span: Span) {
        let implicit = |v: &Value<'s>| -> Option<String> {
            let column = v.origin?;
            let ty = &column.column.ty.name;
            let text = ["varchar", "char", "text", "tinytext", "mediumtext", "longtext", "enum", "set"].contains(&ty.as_str());
            text.then(|| super::collation::of_column(column.table, column.column, self.engine)).flatten()
        };
        let (Some(l), Some(r)) = (implicit(left), implicit(right)) else { return };
        let charset = |c: &str| c.split('_').next().unwrap_or("").to_string();
        // A binary collation wins over others of its charset; other charsets may be converted.
        if l == r || charset(&l) != charset(&r) || l.ends_with("_bin") || r.ends_with("_bin") {
            return;
        }
        let message = format!("Illegal mix of collations ({l},IMPLICIT) and ({r},IMPLICIT) for operation '{op}'");
        self.fail(BindErrorKind::TypeMismatch, "1267", message, span, None);
    }

    /// One value that stands for several: CASE arms, COALESCE, set operations.
    pub fn unify_values(&mut self, values: &[Value<'s>]) -> Value<'s> {
        let nullable = if values.iter().any(|v| v.nullable == Some(true)) {
            Some(true)
        } else if values.iter().all(|v| v.nullable == Some(false)) {
            Some(false)
        } else {
            None
        };
        let ty = self.unified_type(values).unwrap_or_default();
        let collation = values.iter().find_map(|v| v.collation.clone());
        let first = values.first();
        let same_source = first.and_then(|f| f.source).filter(|s| values.iter().all(|v| v.source == Some(*s)));
        Value {
            ty,
            nullable,
            source: same_source,
            origin: if values.len() == 1 { first.and_then(|f| f.origin) } else { None },
            collation,
            literal: None,
        }
    }

    /// The common type; `None`: there is none.
    fn unified_type(&self, values: &[Value<'s>]) -> Option<Ty<'s>> {
        if let Some(first) = values.first()
            && values.iter().all(|v| v.ty == first.ty)
        {
            return Some(match first.ty {
                Ty::Literal if self.pg() => self.builtin("text"),
                _ => first.ty.clone(),
            });
        }
        if !self.pg() {
            let mut known = values.iter().filter_map(|v| v.ty.known());
            let first = known.next();
            let same = first.is_some_and(|f| known.all(|t| t.name == f.name));
            return Some(match first {
                Some(ty) if same && !values.iter().any(|v| matches!(v.ty, Ty::Any | Ty::Param)) => Ty::owned(ty.clone()),
                _ => Ty::Any,
            });
        }
        let operands: Vec<Option<Operand>> = values.iter().map(|v| operand_of(self.schema, &v.ty)).collect();
        let all: Option<Vec<Operand>> = operands.into_iter().collect();
        let Some(all) = all else { return Some(Ty::Any) };
        let common = common_type(&all)?;
        if common.id == UNKNOWN {
            return Some(if values.iter().any(|v| matches!(v.ty, Ty::Param)) { Ty::Any } else { self.builtin("text") });
        }
        // A type with its arguments, where all have the same ones.
        let same: Vec<&Ty<'s>> = values.iter().map(|v| &v.ty).filter(|t| t.known().is_some()).collect();
        match same.first() {
            Some(first) if same.len() == values.len() && same.iter().all(|t| t == first) => Some((*first).clone()),
            _ => Some(self.type_of(common)),
        }
    }

    /// The common type of CASE, COALESCE, VALUES, ...; records the error where there is none.
    pub fn unify(&mut self, values: &[Value<'s>], what: &str, span: Span, mark: usize) -> Value<'s> {
        let value = self.unify_values(values);
        if self.pg() {
            if self.unified_type(values).is_none() {
                self.cannot_match(values, what, span);
            } else {
                for v in values {
                    self.check_literal(v, &value.ty.clone(), span);
                }
            }
        }
        let types: Vec<String> = values.iter().map(|v| self.describe(v)).collect();
        if types.len() > 1 {
            self.shape(span, format!("{}({}) -> {}", what.to_lowercase(), types.join(", "), self.describe(&value)), mark);
        }
        value
    }

    fn cannot_match(&mut self, values: &[Value<'s>], what: &str, span: Span) {
        let mut known: Vec<&Value<'s>> = Vec::new();
        let mut clash = None;
        for value in values.iter().filter(|v| v.ty.known().is_some()) {
            if let Some(first) = known.first()
                && self.unified_type(&[(*first).clone(), value.clone()]).is_none()
            {
                clash = Some((type_name(&first.ty), type_name(&value.ty)));
                break;
            }
            known.push(value);
        }
        if let Some((l, r)) = clash {
            self.fail(BindErrorKind::TypeMismatch, "42804", format!("{what} types {l} and {r} cannot be matched"), span, None);
        }
    }

    /// A column of a set operation.
    pub fn unify_set(&mut self, word: &str, left: &Value<'s>, right: &Value<'s>, span: Span) -> Value<'s> {
        let both = [left.clone(), right.clone()];
        if self.pg() && self.unified_type(&both).is_none() {
            self.cannot_match(&both, word, span);
        }
        let mut value = self.unify_values(&both);
        if self.pg() {
            for v in &both {
                self.check_literal(v, &value.ty.clone(), span);
            }
        }
        if left.source != right.source {
            value.source = None;
        }
        value.origin = None;
        value
    }

    /// A condition: PostgreSQL demands boolean.
    pub fn condition(&mut self, expr: &'s Expr, what: &str) -> Value<'s> {
        let value = self.expr(expr);
        self.demand_boolean(&value, what, expr.span);
        value
    }

    /// Records the error of a value that is not boolean where PostgreSQL demands it.
    pub fn demand_boolean(&mut self, value: &Value<'s>, what: &str, span: Span) {
        if !self.pg() {
            return;
        }
        let Some(operand) = operand_of(self.schema, &value.ty) else { return };
        let Some(boolean) = catalog().id("boolean") else { return };
        if !coercible(operand, Operand { id: boolean, user: None }, Context::Implicit) {
            let message = format!("argument of {what} must be type boolean, not type {}", type_name(&value.ty));
            self.fail(BindErrorKind::TypeMismatch, "42804", message, span, None);
        }
    }

    /// Removes parentheses.
    pub fn bare(expr: &Expr) -> &Expr {
        let mut expr = expr;
        while let ExprKind::Paren(inner) = &expr.kind {
            expr = inner;
        }
        expr
    }

    /// A copy of a value under another collation.
    pub fn collated(value: Value<'s>, collation: Cow<'s, str>) -> Value<'s> {
        Value { collation: Some(collation), source: None, origin: None, ..value }
    }
}

/// Whether an operator gives a truth value whatever its operands are.
pub fn is_comparison(op: &str) -> bool {
    matches!(
        op,
        "=" | "<>"
            | "!="
            | "=="
            | "<"
            | ">"
            | "<="
            | ">="
            | "<=>"
            | "~~"
            | "!~~"
            | "~~*"
            | "!~~*"
            | "~"
            | "~*"
            | "!~"
            | "!~*"
            | "@>"
            | "<@"
            | "&&"
            | "?"
            | "?|"
            | "?&"
            | "@@"
            | "is"
            | "is not"
            | "like"
            | "glob"
            | "regexp"
            | "rlike"
            | "match"
            | "in"
    )
}

/// SQLite's affinity of a declared type (sqlite.org/datatype3.html, 3.1).
pub fn affinity(declared: &str) -> &'static str {
    let name = declared.to_lowercase();
    if name.contains("int") {
        "integer"
    } else if name.contains("char") || name.contains("clob") || name.contains("text") {
        "text"
    } else if name.contains("blob") || name.is_empty() {
        "blob"
    } else if name.contains("real") || name.contains("floa") || name.contains("doub") {
        "real"
    } else {
        "numeric"
    }
}
