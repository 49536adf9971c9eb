//! Calls as PostgreSQL resolves them: candidates of the name, the one that fits the arguments best, its result.

use super::{Called, function_ref};
use crate::model::object::{ObjectKind, ObjectName, ObjectRef};
use crate::model::schema::Function;
use crate::model::span::Span;
use crate::sql::ast::FunctionCall;
use crate::sql::bind::binder::Binder;
use crate::sql::bind::binding::BindErrorKind;
use crate::sql::bind::catalog::postgres::{TypeId, UNKNOWN, catalog};
use crate::sql::bind::operator::type_name;
use crate::sql::bind::resolve::{Choice, Operand, bind_polymorphic, choose, operand, operand_of, result_type};
use crate::sql::bind::value::{Ty, Value};
use std::borrow::Cow;

/// A candidate: built in, or of the schema.
struct Candidate<'s> {
    params: Vec<Operand<'s>>,
    result: Option<Operand<'s>>,
    builtin: Option<&'static crate::sql::bind::catalog::postgres::FunctionInfo>,
    user: Option<&'s Function>,
    defaults_used: usize,
}

impl<'s> Binder<'s> {
    /// A call of a function that arguments choose.
    pub(super) fn call_postgres(&mut self, call: &'s FunctionCall, args: Vec<Value<'s>>, span: Span, mark: usize) -> Called<'s> {
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
                            self.use_column(crate::sql::bind::value::Origin { table, column }, last.span, false);
                        }
                        return Called { value: Value::new(ty, None), ..Called::default() };
                    }
                    // A type's name with one argument is a cast.
                    if candidates.is_empty() && qualifier.is_none() && crate::sql::bind::types::is_builtin(&last.value) {
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
            && !crate::sql::bind::catalog::system::is_system_schema(self.engine, q)
        {
            let object = ObjectRef::named(ObjectKind::Schema, &ObjectName::new("", q));
            self.fail(BindErrorKind::UnknownSchema, "3F000", format!("schema \"{q}\" does not exist"), last.span, Some(object));
            return;
        }
        let message = format!("function {} does not exist", Self::signature(call, args));
        self.fail(BindErrorKind::UnknownFunction, "42883", message, last.span, Some(function_ref(call)));
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
