//! Calls in MySQL, MariaDB and SQLite, where functions are not chosen by the types of arguments.

use super::{Called, function_ref};
use crate::model::object::ObjectKind;
use crate::model::schema::Function;
use crate::model::span::Span;
use crate::sql::ast::FunctionCall;
use crate::sql::bind::binder::Binder;
use crate::sql::bind::binding::BindErrorKind;
use crate::sql::bind::catalog::others;
use crate::sql::bind::value::{Ty, Value};

impl<'s> Binder<'s> {
    /// A call of an engine that has one function of a name.
    pub(super) fn call_other(&mut self, call: &'s FunctionCall, lower: &str, args: &[Value<'s>], span: Span, mark: usize) -> Called<'s> {
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
}
