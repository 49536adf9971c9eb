//! Function calls: built-in and user-defined ones, sequences, and functions in FROM.

use super::binder::Binder;
use super::binding::BindErrorKind;
use super::catalog::others;
use super::catalog::postgres::{TypeId, UNKNOWN, catalog};
use super::errors::Clause;
use super::expr::either;
use super::operator::type_name;
use super::resolve::{Choice, Operand, bind_polymorphic, choose, operand, operand_of, result_type};
use super::value::{Column, Ty, Value};
use crate::model::object::{ObjectKind, ObjectName, ObjectRef};
use crate::model::schema::Function;
use crate::model::span::Span;
use crate::model::statement::{COMPUTED, Mode};
use crate::model::types::DataType;
use crate::sql::ast::{Expr, ExprKind, FunctionCall, Literal};
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

/// A candidate: built in, or of the schema.
struct Candidate<'s> {
    params: Vec<Operand<'s>>,
    result: Option<Operand<'s>>,
    builtin: Option<&'static super::catalog::postgres::FunctionInfo>,
    user: Option<&'s Function>,
    defaults_used: usize,
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

    /// What the grammar makes of some names, whatever functions there are.
    fn special(&mut self, name: &str, call: &'s FunctionCall, args: &[Value<'s>], span: Span, mark: usize) -> Option<Value<'s>> {
        if self.pg() {
            return self.special_postgres(name, call, args, span, mark);
        }
        match name {
            "coalesce" | "ifnull" | "nvl" | "greatest" | "least" => {
                let mut value = self.unify(args, name, span, mark);
                if !matches!(name, "greatest" | "least") {
                    value.nullable = if args.iter().any(|a| a.nullable == Some(false)) { Some(false) } else { value.nullable };
                }
                Some(Value { source: None, origin: None, ..value })
            }
            "values" | "value" if self.mysql() => {
                let value = args.first().cloned()?;
                Some(Value { source: None, origin: None, ..value })
            }
            "nextval" | "lastval" | "setval" | "next_value" if self.mysql() => {
                self.mysql_sequence(call);
                Some(Value::new(self.builtin("bigint"), None))
            }
            "count" => {
                if call.over.is_none() {
                    self.scope().aggregates = true;
                }
                let ty = self.builtin(if self.lite() { "integer" } else { "bigint" });
                Some(Value::new(ty, Some(false)))
            }
            "raise" if self.lite() => Some(Value::any()),
            _ => None,
        }
    }

    fn special_postgres(&mut self, name: &str, call: &'s FunctionCall, args: &[Value<'s>], span: Span, mark: usize) -> Option<Value<'s>> {
        let bare = |ty: &str| Some(Value::new(self.builtin(ty), Some(false)));
        if call.bare || call.args.is_empty() || matches!(name, "current_timestamp" | "current_time" | "localtime" | "localtimestamp") {
            match name {
                "current_date" => return bare("date"),
                "current_timestamp" => return bare("timestamp with time zone"),
                "current_time" => return bare("time with time zone"),
                "localtime" => return bare("time without time zone"),
                "localtimestamp" => return bare("timestamp without time zone"),
                "user" | "current_role" | "current_catalog" | "current_user" | "session_user" | "system_user" => return bare("name"),
                _ => {}
            }
        }
        match name {
            "coalesce" | "greatest" | "least" => {
                let mut value = self.unify(args, &name.to_uppercase(), span, mark);
                let some = args.iter().any(|a| a.nullable == Some(false));
                value.nullable = if some { Some(false) } else { value.nullable };
                Some(Value { source: None, origin: None, ..value })
            }
            "nullif" => {
                if let [a, b] = args {
                    self.compare("=", a, b, span, mark);
                }
                let first = args.first().cloned().unwrap_or_default();
                let ty = if matches!(first.ty, Ty::Literal) { self.builtin("text") } else { first.ty };
                Some(Value::new(ty, Some(true)))
            }
            "grouping" => Some(Value::new(self.builtin("integer"), Some(false))),
            "row" => Some(Value::new(Ty::owned(DataType::named("record")), Some(false))),
            "xmlelement" | "xmlforest" | "xmlconcat" | "xmlparse" | "xmlpi" | "xmlroot" => Some(Value::new(self.builtin("xml"), None)),
            "xmlserialize" => Some(Value::any()),
            "treat" | "normalize" => Some(Value::new(self.builtin("text"), None)),
            "json_object" | "json_array" | "json_arrayagg" | "json_objectagg" | "json" | "json_value" | "json_query" | "json_exists"
            | "merge_action" => {
                let known = !catalog().functions(name).is_empty() && name == "json_object" && args.iter().all(|a| !matches!(a.ty, Ty::Any));
                if known { None } else { Some(Value::any()) }
            }
            "count" if call.star => {
                if call.over.is_none() {
                    self.scope().aggregates = true;
                }
                Some(Value::new(self.builtin("bigint"), Some(false)))
            }
            "trim" => Some(Value::new(self.builtin("text"), either(&args.iter().collect::<Vec<_>>()))),
            "nextval" | "currval" | "setval" => {
                if let Some(text) = args.first().and_then(|a| a.literal) {
                    self.sequence_named(text, call.args.first().map_or(span, |a| a.span), true);
                }
                None
            }
            "pg_get_serial_sequence" => {
                if let (Some(table), Some(column)) = (args.first().and_then(|a| a.literal), args.get(1).and_then(|a| a.literal)) {
                    self.serial_column(table, column, span);
                }
                None
            }
            "to_regclass" => None,
            _ => None,
        }
    }

    fn mysql_sequence(&mut self, call: &'s FunctionCall) {
        let Some(arg) = call.args.first() else { return };
        let (qualifier, name, span) = match &arg.kind {
            ExprKind::Column(name) if !name.is_hole() => {
                (name.qualifier().map(|q| q.value.as_str()), name.last().value.as_str(), name.last().span)
            }
            ExprKind::Literal(Literal::String { value, .. }) => match value.rsplit_once('.') {
                Some((q, name)) => (Some(q), name, arg.span),
                None => (None, value.as_str(), arg.span),
            },
            _ => return,
        };
        match self.schema.find_sequence(qualifier, name) {
            Some(sequence) => self.use_object(ObjectKind::Sequence, Some(sequence.id), &sequence.name, None, span),
            None if self.schema.complete => self.unknown_table(qualifier, name, span),
            None => {}
        }
    }

    /// A sequence, table or index named by the text of a literal.
    pub fn sequence_named(&mut self, text: &str, span: Span, must_be_sequence: bool) {
        let parts = super::view::name_parts(text);
        let Some(name) = parts.last() else { return };
        let qualifier = parts.len().checked_sub(2).and_then(|i| parts.get(i)).map(String::as_str);
        let schema = self.schema;
        let path = self.search_path();
        let found = match qualifier {
            Some(q) => schema.find_sequence(Some(q), name),
            None => path.iter().find_map(|s| schema.find_sequence(Some(s), name)),
        };
        if let Some(sequence) = found {
            self.use_object(ObjectKind::Sequence, Some(sequence.id), &sequence.name, None, span);
            return;
        }
        let table = self.lookup_table(qualifier, name);
        if let Some(table) = table
            && !must_be_sequence
        {
            self.use_table(table, Mode::Read, span);
            return;
        }
        let index = !must_be_sequence && schema.tables.values().any(|t| t.indexes.iter().any(|i| i.name == *name));
        let system = super::catalog::system::is_system_relation(schema, qualifier, name);
        if !schema.complete || index || system || text.contains(crate::model::statement::HOLE) || text.bytes().all(|b| b.is_ascii_digit()) {
            return;
        }
        let object = ObjectRef::named(ObjectKind::Sequence, &ObjectName::new(qualifier.unwrap_or(""), name.as_str()));
        if table.is_some() {
            self.fail(BindErrorKind::UnknownSequence, "42809", format!("\"{name}\" is not a sequence"), span, Some(object));
            return;
        }
        let shown = qualifier.map_or_else(|| name.clone(), |q| format!("{q}.{name}"));
        self.fail(BindErrorKind::UnknownSequence, "42P01", format!("relation \"{shown}\" does not exist"), span, Some(object));
    }

    /// A literal cast to `regclass` and its kin.
    pub fn regclass(&mut self, target: &Ty<'s>, text: &str, span: Span) {
        if target.known().is_some_and(|t| t.name == "regclass" && t.array == 0) {
            self.sequence_named(text, span, false);
        }
    }

    fn serial_column(&mut self, table: &str, column: &str, span: Span) {
        let parts = super::view::name_parts(table);
        let Some(name) = parts.last() else { return };
        let qualifier = parts.len().checked_sub(2).and_then(|i| parts.get(i)).map(String::as_str);
        match self.lookup_table(qualifier, name) {
            Some(table) => match table.columns.iter().find(|c| c.name == column) {
                Some(found) => self.use_column(super::value::Origin { table, column: found }, span, false),
                None if !table.open => {
                    let message = format!("column \"{column}\" of relation \"{}\" does not exist", table.name.name);
                    self.fail(BindErrorKind::UnknownColumn, "42703", message, span, Some(ObjectRef::column(&table.name, column)));
                }
                None => {}
            },
            None if self.schema.complete => self.unknown_table(qualifier, name, span),
            None => {}
        }
    }

    fn call_postgres(&mut self, call: &'s FunctionCall, args: Vec<Value<'s>>, span: Span, mark: usize) -> Called<'s> {
        let last = call.name.last();
        let qualifier = call.name.qualifier().map(|q| q.value.as_str());
        let schema = self.schema;
        let inputs: Vec<Operand> = args.iter().map(|a| operand_of(schema, &a.ty).unwrap_or(Operand::UNKNOWN)).collect();
        let (candidates, clash) = self.candidates(call, qualifier, &inputs);
        let params: Vec<Vec<Operand>> = candidates.iter().map(|c| c.params.clone()).collect();
        let choice = if candidates.is_empty() { Choice::None } else { choose(&params, &inputs) };
        match choice {
            Choice::One(index) => {
                let Some(candidate) = candidates.get(index) else { return Called::default() };
                if clash.contains(&candidate.params) {
                    self.not_unique(call, &args, span);
                }
                self.called(call, candidate, &inputs, &args, span, mark)
            }
            Choice::Ambiguous => {
                let decided = args.iter().all(|a| a.ty.known().is_some() || a.literal.is_some());
                if decided {
                    self.not_unique(call, &args, span);
                }
                let same = candidates.first().and_then(|f| f.result).filter(|r| candidates.iter().all(|c| c.result == Some(*r)));
                let aggregate = candidates.iter().any(|c| c.builtin.is_some_and(|b| b.kind == 'a'));
                let ty = same.and_then(|r| result_type(r, &bind_polymorphic(&[], &[])?)).map_or(Ty::Any, |o| self.type_of(o));
                Called { value: Value::new(ty, None), aggregate, ..Called::default() }
            }
            Choice::None => {
                // `f(t)` is also `t.f`.
                if let ([only], None) = (args.as_slice(), qualifier) {
                    let fields = self.composite_fields(&only.ty);
                    if let Some((_, ty)) = fields.into_iter().find(|(n, _)| *n == last.value) {
                        if let Some(user) = only.ty.known().and_then(|t| t.user.as_ref())
                            && let Some(table) = schema.tables.get(user)
                            && let Some(column) = table.columns.iter().find(|c| c.name == last.value)
                        {
                            self.use_column(super::value::Origin { table, column }, last.span, false);
                        }
                        return Called { value: Value::new(ty, None), ..Called::default() };
                    }
                    // A type's name with one argument is a cast.
                    if candidates.is_empty() && qualifier.is_none() && super::types::is_builtin(&last.value) {
                        return Called { value: Value::new(self.builtin(&last.value), only.nullable), ..Called::default() };
                    }
                }
                self.unknown_function(call, qualifier, &args, span);
                Called::default()
            }
        }
    }

    /// All functions of the name that take that many arguments; and the parameter lists that several share.
    #[allow(clippy::type_complexity)]
    fn candidates(&self, call: &FunctionCall, qualifier: Option<&str>, inputs: &[Operand]) -> (Vec<Candidate<'s>>, Vec<Vec<Operand<'s>>>) {
        let last = call.name.last();
        let named = call.arg_names.iter().any(Option::is_some);
        let count = inputs.len();
        let any = Operand { id: catalog().id("\"any\"").unwrap_or(UNKNOWN), user: None };
        let mut all: Vec<Candidate<'s>> = Vec::new();
        let mut clash = Vec::new();
        {
            for info in catalog().functions(&last.value).iter().filter(|f| self.has_extension(f.extension)) {
                let in_reach = qualifier.is_none_or(|q| q == "pg_catalog") && info.extension.is_empty() || !info.extension.is_empty();
                if !in_reach {
                    continue;
                }
                let params: Vec<Operand<'s>> = info.args.iter().map(|id: &TypeId| Operand { id: *id, user: None }).collect();
                let Some((params, defaults_used)) = fit(params, count, info.defaults, info.variadic, call.variadic, named) else {
                    continue;
                };
                let result = Some(Operand { id: info.result, user: None });
                all.push(Candidate { params, result, builtin: Some(info), user: None, defaults_used });
            }
        }
        let path = self.search_path();
        let schema = self.schema;
        for function in &schema.functions {
            if function.name.name != last.value || (function.procedure && !call.bare && call.over.is_some()) {
                continue;
            }
            let reachable = match qualifier {
                Some(q) => function.name.schema == q,
                None => path.contains(&function.name.schema),
            };
            if !reachable {
                continue;
            }
            let params: Vec<Operand<'s>> = function.params.iter().map(|(_, ty, _)| operand(schema, ty).unwrap_or(any)).collect();
            let defaults = function.params.iter().filter(|p| p.2).count();
            let Some((params, defaults_used)) = fit(params, count, defaults, function.variadic, call.variadic, named) else { continue };
            let result = function.returns.as_ref().and_then(|ty| operand(schema, ty));
            let candidate = Candidate { params, result, builtin: None, user: Some(function), defaults_used };
            match all.iter_mut().find(|c| c.params == candidate.params) {
                Some(other) => {
                    // Two of one schema that a call fills alike are ambiguous; otherwise the path decides.
                    let same_schema = other.user.is_some_and(|u| u.name.schema == function.name.schema);
                    if same_schema && (other.defaults_used > 0 || candidate.defaults_used > 0) {
                        clash.push(candidate.params.clone());
                    }
                }
                None => all.push(candidate),
            }
        }
        (all, clash)
    }

    fn called(
        &mut self,
        call: &'s FunctionCall,
        candidate: &Candidate<'s>,
        inputs: &[Operand],
        args: &[Value<'s>],
        span: Span,
        mark: usize,
    ) -> Called<'s> {
        let last = call.name.last();
        let bound = bind_polymorphic(&candidate.params, inputs).unwrap_or_default();
        let mut params = Vec::new();
        for (i, arg) in args.iter().enumerate() {
            let param = candidate.params.get(i).copied().unwrap_or(Operand::UNKNOWN);
            let name = match result_type(param, &bound) {
                Some(resolved) if param.id != UNKNOWN => {
                    let ty = self.type_of(resolved);
                    self.check_literal(arg, &ty, span);
                    type_name(&ty)
                }
                _ => type_name(&arg.ty),
            };
            params.push(if name == "\"any\"" { type_name(&arg.ty) } else { name });
        }
        let mut called = Called::default();
        let strict;
        match (candidate.builtin, candidate.user) {
            (Some(info), _) => {
                strict = info.strict;
                called.aggregate = info.kind == 'a';
                called.columns = info
                    .columns
                    .iter()
                    .map(|(n, id)| {
                        let resolved = result_type(Operand { id: *id, user: None }, &bound);
                        (Cow::Borrowed(*n), resolved.map_or(Ty::Any, |o| self.type_of(o)))
                    })
                    .collect();
                called.record = called.columns.is_empty() && catalog().info(info.result).is_some_and(|t| t.name == "record");
            }
            (None, Some(function)) => {
                strict = function.strict;
                called.aggregate = function.aggregate;
                called.columns = function.columns.iter().map(|(n, ty)| (Cow::Borrowed(n.as_str()), Ty::of(ty))).collect();
                called.record = called.columns.is_empty() && function.returns.as_ref().is_some_and(|t| t.name == "record");
                self.use_object(ObjectKind::Function, Some(function.id), &function.name, None, last.span);
                self.check_function_privilege(function, span);
                self.function_body(function, last.span);
            }
            _ => strict = false,
        }
        let result = candidate.result.and_then(|r| result_type(r, &bound));
        let ty = match (result, candidate.user.and_then(|f| f.returns.as_ref())) {
            (_, Some(ty)) if ty.user.is_some() => Ty::of(ty),
            (Some(operand), _) => self.type_of(operand),
            (None, Some(ty)) => Ty::of(ty),
            _ => Ty::Any,
        };
        let never = matches!(
            last.value.as_str(),
            "count" | "row_number" | "rank" | "dense_rank" | "now" | "nextval" | "gen_random_uuid" | "concat"
        );
        let nullable = if never {
            Some(false)
        } else if strict && args.iter().any(|a| a.nullable == Some(true)) {
            Some(true)
        } else {
            None
        };
        if !args.is_empty() {
            let collation = args.iter().find_map(|a| a.collation.as_ref()).map_or(String::new(), |c| format!(" collate {c}"));
            self.shape(span, format!("{}({}){collation} -> {}", last.value, params.join(", "), type_name(&ty)), mark);
        }
        called.value = Value::new(ty, nullable);
        called
    }

    fn signature(call: &FunctionCall, args: &[Value<'s>]) -> String {
        let types: Vec<String> = args
            .iter()
            .enumerate()
            .map(|(i, a)| match call.arg_names.get(i).and_then(Option::as_ref) {
                Some(name) => format!("{} => {}", name.value, type_name(&a.ty)),
                None => type_name(&a.ty),
            })
            .collect();
        let name = call.name.parts.iter().map(|p| p.value.as_str()).collect::<Vec<_>>().join(".");
        format!("{name}({})", types.join(", "))
    }

    fn not_unique(&mut self, call: &FunctionCall, args: &[Value<'s>], span: Span) {
        let message = format!("function {} is not unique", Self::signature(call, args));
        let _ = span;
        self.fail(BindErrorKind::AmbiguousFunction, "42725", message, call.name.last().span, Some(function_ref(call)));
    }

    fn unknown_function(&mut self, call: &FunctionCall, qualifier: Option<&str>, args: &[Value<'s>], span: Span) {
        let last = call.name.last();
        let engine_internal = last.value.starts_with("pg_") || last.value.starts_with("_") || last.value.starts_with("crosstab");
        let known = !catalog().functions(&last.value).is_empty() || self.schema.functions.iter().any(|f| f.name.name == last.value);
        let soft = args.iter().any(|a| matches!(a.ty, Ty::Any)) && known;
        if !self.schema.complete || self.has_foreign_extension() || (engine_internal && !known) || soft {
            self.use_object(ObjectKind::Function, None, &ObjectName::new(qualifier.unwrap_or(""), last.value.as_str()), None, last.span);
            self.opaque(last.span, ObjectKind::Function, "the function is not known");
            return;
        }
        let _ = span;
        if let Some(q) = qualifier
            && !self.schema.schemas.iter().any(|s| s == q)
            && !super::catalog::system::is_system_schema(self.engine, q)
        {
            let object = ObjectRef::named(ObjectKind::Schema, &ObjectName::new("", q));
            self.fail(BindErrorKind::UnknownSchema, "3F000", format!("schema \"{q}\" does not exist"), last.span, Some(object));
            return;
        }
        let message = format!("function {} does not exist", Self::signature(call, args));
        self.fail(BindErrorKind::UnknownFunction, "42883", message, last.span, Some(function_ref(call)));
    }

    fn call_other(&mut self, call: &'s FunctionCall, lower: &str, args: &[Value<'s>], span: Span, mark: usize) -> Called<'s> {
        let last = call.name.last();
        let schema = self.schema;
        let same = |f: &&Function| f.name.name.eq_ignore_ascii_case(&last.value);
        let builtin = others::functions(self.engine).get(lower).copied();
        let user = if builtin.is_some() && call.name.parts.len() == 1 { None } else { schema.functions.iter().find(same) };
        if !args.is_empty() {
            let types: Vec<String> = args.iter().map(|a| self.describe(a)).collect();
            self.shape(span, format!("{lower}({})", types.join(", ")), mark);
        }
        if let Some(function) = user {
            self.use_object(ObjectKind::Function, Some(function.id), &function.name, None, last.span);
            if function.params.len() != args.len() && self.mysql() {
                let what = if function.procedure { "PROCEDURE" } else { "FUNCTION" };
                let message = format!(
                    "Incorrect number of arguments for {what} {}; expected {}, got {}",
                    function.name.name,
                    function.params.len(),
                    args.len()
                );
                self.fail(BindErrorKind::UnknownFunction, "1318", message, last.span, Some(function_ref(call)));
            }
            let ty = function.returns.as_ref().map_or(Ty::Any, Ty::of);
            return Called { value: Value::new(ty, None), ..Called::default() };
        }
        let Some(result) = builtin else {
            // Programs register their own functions with SQLite, and plug-ins theirs with MySQL.
            if self.mysql() && schema.complete {
                let message = format!("FUNCTION {} does not exist", last.span.slice(self.text));
                self.fail(BindErrorKind::UnknownFunction, "1305", message, last.span, Some(function_ref(call)));
            } else {
                self.opaque(last.span, ObjectKind::Function, "the function is not known");
            }
            return Called::default();
        };
        let aggregate = matches!(
            lower,
            "sum"
                | "avg"
                | "group_concat"
                | "total"
                | "json_arrayagg"
                | "json_group_array"
                | "json_group_object"
                | "json_objectagg"
                | "string_agg"
        ) || (matches!(lower, "min" | "max") && (self.mysql() || args.len() == 1));
        let ty = match result {
            "=" => args.first().map_or(Ty::Any, |a| a.ty.clone()),
            "?" => Ty::Any,
            "decimal"
                if self.mysql()
                    && args
                        .first()
                        .and_then(|a| a.ty.known())
                        .is_some_and(|t| matches!(t.name.as_str(), "double" | "float" | "varchar" | "char" | "text")) =>
            {
                self.builtin("double")
            }
            other => self.builtin(other),
        };
        // Text functions give NULL for NULL, and never otherwise.
        let passes_null = matches!(
            lower,
            "concat" | "lower" | "lcase" | "upper" | "ucase" | "trim" | "ltrim" | "rtrim" | "replace" | "length" | "char_length"
        );
        let nullable = match () {
            () if !self.mysql() || !passes_null => None,
            () if args.iter().any(|a| a.nullable == Some(true)) => Some(true),
            () if args.iter().all(|a| a.nullable == Some(false)) => Some(false),
            () => None,
        };
        Called { value: Value::new(ty, nullable), aggregate, ..Called::default() }
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

/// The parameters as the call fills them, and how many defaults it leaves; `None`: the counts do not fit.
fn fit(
    params: Vec<Operand<'_>>,
    count: usize,
    defaults: usize,
    variadic: bool,
    spread: bool,
    named: bool,
) -> Option<(Vec<Operand<'_>>, usize)> {
    let have = params.len();
    if variadic && !spread {
        let fixed = have.saturating_sub(1);
        if count < fixed {
            return None;
        }
        let last = params.last().copied()?;
        let element = if last.id.is_array() { Operand { id: last.id.element(), user: last.user } } else { element_of(last) };
        let mut all: Vec<Operand> = params.into_iter().take(fixed).collect();
        all.resize(count, element);
        return Some((all, 0));
    }
    if count > have || count + defaults < have {
        return None;
    }
    if named {
        // Which parameters the names mean is not followed; the count decides.
        let any = Operand { id: catalog().id("\"any\"").unwrap_or(UNKNOWN), user: None };
        return Some((vec![any; count], have - count));
    }
    Some((params.into_iter().take(count).collect(), have - count))
}

/// The element of a polymorphic array parameter.
fn element_of(param: Operand<'_>) -> Operand<'_> {
    let name = match catalog().info(param.id).map(|t| t.name) {
        Some("anyarray") => "anyelement",
        Some("anycompatiblearray") => "anycompatible",
        _ => return param,
    };
    Operand { id: catalog().id(name).unwrap_or(param.id), user: None }
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
