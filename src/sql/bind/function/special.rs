//! Calls that the grammar or the binder gives a meaning of their own, whatever functions there are.

use crate::model::span::Span;
use crate::model::types::DataType;
use crate::sql::ast::FunctionCall;
use crate::sql::bind::binder::Binder;
use crate::sql::bind::catalog::postgres::catalog;
use crate::sql::bind::expr::either;
use crate::sql::bind::value::{Ty, Value};

impl<'s> Binder<'s> {
    /// What the grammar makes of some names, whatever functions there are.
    pub(super) fn special(&mut self, name: &str, call: &'s FunctionCall, args: &[Value<'s>], span: Span, mark: usize) -> Option<Value<'s>> {
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
}
