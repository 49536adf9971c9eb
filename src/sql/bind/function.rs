//! Function calls: built-in and user-defined ones, sequences, and functions in FROM.

mod others;
mod postgres;
mod sequence;
mod special;

use super::binder::Binder;
use super::binding::BindErrorKind;
use super::catalog::postgres::catalog;
use super::errors::Clause;
use super::operator::type_name;
use super::value::{Column, Ty, Value};
use crate::model::object::{ObjectKind, ObjectName, ObjectRef};
use crate::model::schema::Function;
use crate::model::span::Span;
use crate::model::statement::{COMPUTED, Mode};
use crate::sql::ast::{Expr, ExprKind, FunctionCall};
use std::borrow::Cow;

/// A call that was resolved.
#[derive(Default)]
struct Called<'s> {
    value: Value<'s>,
    /// Result columns, where it gives rows.
    columns: Vec<(Cow<'s, str>, Ty<'s>)>,
    /// It gives rows of unknown columns.
    record: bool,
    aggregate: bool,
}

/// A function in FROM.
pub struct TableFunction<'s> {
    /// Columns of its rows.
    pub columns: Vec<Column<'s>>,
    /// It gives single values: its name alone is the value.
    pub scalar: bool,
    /// Its column has no name of its own, and takes that of the table.
    pub unnamed: bool,
    /// There may be more columns.
    pub open: bool,
    /// Its name.
    pub name: Cow<'s, str>,
}

impl<'s> TableFunction<'s> {
    fn open(name: Cow<'s, str>) -> Self {
        TableFunction { columns: Vec::new(), scalar: false, unnamed: false, open: true, name }
    }
}

impl<'s> Binder<'s> {
    /// Binds a call.
    pub fn function(&mut self, call: &'s FunctionCall, span: Span, mark: usize) -> Value<'s> {
        self.call(call, span, mark).value
    }

    /// Binds a function in FROM.
    pub fn table_function(&mut self, call: &'s Expr) -> TableFunction<'s> {
        let mark = self.out.uses.len();
        let ExprKind::Function(function) = &call.kind else {
            let value = self.within(Clause::From, Mode::Read, |b| b.expr(call));
            let columns = vec![Column { name: Cow::Borrowed("column"), value, from_star: false }];
            return TableFunction { columns, scalar: true, unnamed: true, open: true, name: Cow::Borrowed("") };
        };
        let name = Cow::Borrowed(function.name.last().value.as_str());
        let called = self.within(Clause::From, Mode::Read, |b| b.call(function, call.span, mark));
        if !self.pg() {
            return TableFunction::open(name);
        }
        if !called.columns.is_empty() {
            let columns = called.columns.into_iter().map(|(n, ty)| Column { name: n, value: Value::new(ty, None), from_star: false });
            let columns: Vec<Column<'s>> = columns.collect();
            return TableFunction { scalar: columns.len() == 1, columns, unnamed: false, open: false, name };
        }
        let fields = self.composite_fields(&called.value.ty);
        if !fields.is_empty() {
            let columns = fields.into_iter().map(|(n, ty)| Column { name: Cow::Owned(n), value: Value::new(ty, None), from_star: false });
            return TableFunction { columns: columns.collect(), scalar: false, unnamed: false, open: false, name };
        }
        let open = called.record || (matches!(called.value.ty, Ty::Any) && catalog().functions(&name).is_empty());
        if open {
            return TableFunction::open(name);
        }
        let values = Value { source: None, origin: None, ..called.value };
        let columns = vec![Column { name: name.clone(), value: values, from_star: false }];
        TableFunction { columns, scalar: true, unnamed: true, open: false, name }
    }

    fn call(&mut self, call: &'s FunctionCall, span: Span, mark: usize) -> Called<'s> {
        let lower = call.name.last().value.to_ascii_lowercase();
        let args = self.arguments(call, &lower);
        if let Some(filter) = &call.filter {
            self.within(Clause::Where, Mode::Filter, |b| b.condition(filter, "FILTER"));
        }
        if !call.within_group {
            // MySQL names the clause that the aggregate stands in.
            for item in &call.order_by {
                self.within(self.clause, Mode::Order, |b| b.expr(&item.expr));
            }
        }
        if let Some(window) = &call.over {
            self.window(window);
        }
        if call.name.is_hole() {
            self.opaque(call.name.span(), ObjectKind::Function, "the function is not known");
            return Called::default();
        }
        if call.name.last().value.starts_with(COMPUTED) {
            return Called::default();
        }
        let qualified = call.name.parts.len() > 1;
        let special = if qualified { None } else { self.special(&lower, call, &args, span, mark) };
        let called = match special {
            Some(value) => Called { value, ..Called::default() },
            None if self.pg() => self.call_postgres(call, args, span, mark),
            None => self.call_other(call, &lower, &args, span, mark),
        };
        if called.aggregate && call.over.is_none() {
            self.scope().aggregates = true;
        }
        called
    }

    fn arguments(&mut self, call: &'s FunctionCall, lower: &str) -> Vec<Value<'s>> {
        let mut values = Vec::with_capacity(call.args.len());
        for (i, arg) in call.args.iter().enumerate() {
            // Units and fields are words, not columns: EXTRACT(year FROM x), TIMESTAMPDIFF(DAY, a, b).
            let word =
                i == 0 && matches!(lower, "extract" | "timestampdiff" | "timestampadd" | "get_format" | "date_part") && bare_word(arg);
            // NEXT VALUE FOR s, and MariaDB's NEXTVAL(s), take a sequence, not a column.
            let sequence = i == 0 && self.mysql() && matches!(lower, "nextval" | "lastval" | "setval" | "next_value");
            if word || sequence || matches!(arg.kind, ExprKind::Star) {
                values.push(Value::new(Ty::Literal, Some(false)));
            } else if let ExprKind::Row(items) = &arg.kind
                && lower == "grouping"
            {
                for item in items {
                    self.expr(item);
                }
                values.push(Value::any());
            } else {
                values.push(self.expr(arg));
            }
        }
        if call.within_group {
            for item in &call.order_by {
                let value = self.within(Clause::Order, Mode::Order, |b| b.expr(&item.expr));
                values.push(value);
            }
        }
        values
    }

    /// Binds the body of an SQL function: what it names must be there when it is called.
    fn function_body(&mut self, function: &'s Function, span: Span) {
        if function.language == "sql" && !function.body.trim().is_empty() {
            super::view::bind_body(self, function, span);
        }
    }

    fn check_function_privilege(&mut self, function: &'s Function, span: Span) {
        if !super::privilege::may_execute(self.schema, self.session, function) && self.denied.is_none() {
            self.denied = Some((format!("permission denied for function {}", function.name.name), span, function_object(function)));
        }
    }

    /// CALL of a procedure.
    pub fn procedure(&mut self, name: &'s crate::sql::ast::Name, args: &'s [Expr]) {
        let values: Vec<Value<'s>> = args.iter().map(|a| self.expr(a)).collect();
        let last = name.last();
        if name.is_hole() {
            self.opaque(name.span(), ObjectKind::Function, "the procedure is not known");
            return;
        }
        let schema = self.schema;
        let named: Vec<&'s Function> = schema
            .functions
            .iter()
            .filter(|f| f.name.name == last.value || (!self.pg() && f.name.name.eq_ignore_ascii_case(&last.value)))
            .collect();
        let fits = |f: &&&Function| {
            let required = f.params.iter().filter(|p| !p.2).count();
            (required..=f.params.len()).contains(&values.len()) || f.variadic
        };
        if let Some(function) = named.iter().find(fits) {
            self.use_object(ObjectKind::Function, Some(function.id), &function.name, None, last.span);
            return;
        }
        if !schema.complete {
            self.use_object(ObjectKind::Function, None, &ObjectName::new("", last.value.as_str()), None, last.span);
            return;
        }
        let types: Vec<String> = values.iter().map(|v| type_name(&v.ty)).collect();
        let object = ObjectRef::named(ObjectKind::Function, &ObjectName::new("", last.value.as_str()));
        let my = match named.first() {
            Some(f) => (
                "1318",
                format!("Incorrect number of arguments for PROCEDURE {}; expected {}, got {}", f.name.name, f.params.len(), values.len()),
            ),
            None => ("1305", format!("PROCEDURE {} does not exist", last.value)),
        };
        let pg = ("42883", format!("procedure {}({}) does not exist", last.value, types.join(", ")));
        self.fail_by_engine(BindErrorKind::UnknownFunction, pg, my, String::new(), last.span, Some(object));
    }
}

fn function_ref(call: &FunctionCall) -> ObjectRef {
    let schema = call.name.qualifier().map_or("", |q| q.value.as_str());
    ObjectRef::named(ObjectKind::Function, &ObjectName::new(schema, call.name.last().value.as_str()))
}

fn function_object(function: &Function) -> ObjectRef {
    ObjectRef::named(ObjectKind::Function, &function.name)
}

fn bare_word(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Column(name) if name.parts.len() == 1)
}
