//! Comparisons with several values: rows, lists, subqueries, ANY and ALL.

use super::{like_operator, operator_symbol, row_items};
use crate::model::span::Span;
use crate::model::types::DataType;
use crate::sql::ast::{Expr, ExprKind, Query};
use crate::sql::bind::binder::Binder;
use crate::sql::bind::binding::BindErrorKind;
use crate::sql::bind::errors::Clause;
use crate::sql::bind::resolve::operand_of;
use crate::sql::bind::value::{Rows, Ty, Value};

impl<'s> Binder<'s> {
    pub(super) fn rows_compare(&mut self, op: &str, left: &'s [Expr], right: &'s [Expr], span: Span, mark: usize) -> Value<'s> {
        let l: Vec<Value<'s>> = left.iter().map(|e| self.expr(e)).collect();
        let r: Vec<Value<'s>> = right.iter().map(|e| self.expr(e)).collect();
        if l.len() != r.len() && op != "overlaps" {
            self.fail_by_engine(
                BindErrorKind::ColumnCount,
                ("42601", "unequal number of entries in row expressions".to_string()),
                ("1241", format!("Operand should contain {} column(s)", l.len())),
                "row value misused".to_string(),
                span,
                None,
            );
        } else if op != "overlaps" {
            for (a, b) in l.iter().zip(&r) {
                self.compare(operator_symbol(op), a, b, span, mark);
            }
        }
        Value::new(self.boolean(), None)
    }

    pub(super) fn scalar_subquery(&mut self, query: &'s Query, span: Span) -> Value<'s> {
        let rows = self.within(Clause::Select, self.mode, |b| b.query_rows(query));
        if rows.columns.len() > 1 && !rows.open {
            self.too_many_columns(rows.columns.len(), 1, "subquery must return only one column", span);
        }
        match rows.columns.into_iter().next() {
            Some(column) => Value { nullable: Some(true), source: None, origin: None, ..column.value },
            None => Value::any(),
        }
    }

    fn too_many_columns(&mut self, have: usize, want: usize, pg: &str, span: Span) {
        self.fail_by_engine(
            BindErrorKind::ColumnCount,
            ("42601", pg.to_string()),
            ("1241", format!("Operand should contain {want} column(s)")),
            format!("sub-select returns {have} columns - expected {want}"),
            span,
            None,
        );
    }

    pub(super) fn in_list(&mut self, inner: &'s Expr, list: &'s [Expr], mark: usize) -> Value<'s> {
        if let Some(items) = row_items(inner) {
            let left: Vec<Value<'s>> = items.iter().map(|e| self.expr(e)).collect();
            for row in list {
                match row_items(row) {
                    Some(right) if right.len() == left.len() => {
                        for (l, r) in left.iter().zip(right) {
                            let r = self.expr(r);
                            self.compare("=", l, &r, row.span, mark);
                        }
                    }
                    Some(_) => {
                        let message = "unequal number of entries in row expressions".to_string();
                        let my = ("1241", format!("Operand should contain {} column(s)", left.len()));
                        self.fail_by_engine(
                            BindErrorKind::ColumnCount,
                            ("42601", message),
                            my,
                            "row value misused".to_string(),
                            row.span,
                            None,
                        );
                    }
                    None => {
                        self.expr(row);
                    }
                }
            }
            return Value::new(self.boolean(), None);
        }
        let value = self.expr(inner);
        let mut nullable = value.nullable;
        let mut seen: Vec<Ty<'s>> = Vec::new();
        for item in list {
            let each = self.expr(item);
            if each.nullable != Some(false) {
                nullable = if each.nullable == Some(true) { Some(true) } else { nullable.filter(|n| *n) };
            }
            // A shape for each type of item; literals are checked one by one.
            if seen.contains(&each.ty) {
                if each.literal.is_some() && self.pg() {
                    self.check_literal(&each, &value.ty.clone(), item.span);
                }
                continue;
            }
            self.compare("=", &value, &each, item.span, mark);
            seen.push(each.ty);
        }
        Value::new(self.boolean(), nullable)
    }

    pub(super) fn in_subquery(&mut self, inner: &'s Expr, query: &'s Query, op: &str, span: Span, mark: usize) -> Value<'s> {
        let left: Vec<Value<'s>> = match row_items(inner) {
            Some(items) => items.iter().map(|e| self.expr(e)).collect(),
            None => vec![self.expr(inner)],
        };
        let rows = self.within(Clause::Select, self.mode, |b| b.query_rows(query));
        self.compare_columns(op, &left, &rows, span, mark);
        Value::new(self.boolean(), None)
    }

    pub(super) fn compare_columns(&mut self, op: &str, left: &[Value<'s>], rows: &Rows<'s>, span: Span, mark: usize) {
        let (have, want) = (rows.columns.len(), left.len());
        if have != want {
            if !rows.open || have > want {
                let pg = if have > want { "subquery has too many columns" } else { "subquery has too few columns" };
                self.too_many_columns(have, want, pg, span);
            }
            return;
        }
        for (value, column) in left.iter().zip(&rows.columns) {
            self.compare(operator_symbol(op), value, &column.value, span, mark);
        }
    }

    pub(super) fn quantified(&mut self, inner: &'s Expr, op: &str, right: &'s Expr, span: Span, mark: usize) -> Value<'s> {
        if let ExprKind::Subquery(query) = &Self::bare(right).kind {
            return self.in_subquery(inner, query, op, span, mark);
        }
        let value = self.expr(inner);
        let array = self.expr(right);
        let op = match op {
            "like" | "not like" | "ilike" | "not ilike" => like_operator(op.trim_start_matches("not "), op.starts_with("not")),
            other => operator_symbol(other),
        };
        match &array.ty {
            Ty::Known(ty) if ty.array > 0 => {
                let mut element = ty.as_ref().clone();
                element.array = 0;
                element.args.clear();
                self.compare(op, &value, &Value::new(Ty::owned(element), None), span, mark);
            }
            // An array literal: each element is checked as the engine reads it.
            Ty::Literal => {
                if let (Some(text), Some(ty)) = (array.literal, value.ty.known()) {
                    let of = DataType { array: 1, ..ty.clone() };
                    self.check_text(&Ty::owned(of), text, right.span);
                }
            }
            Ty::Known(_) if self.pg() && !self.has_foreign_extension() && operand_of(self.schema, &array.ty).is_some() => {
                self.fail(BindErrorKind::TypeMismatch, "42809", "op ANY/ALL (array) requires array on right side".to_string(), span, None);
            }
            _ => {}
        }
        Value::new(self.boolean(), None)
    }
}
