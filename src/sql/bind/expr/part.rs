//! Parts of values: elements of arrays, fields of composites.

use crate::model::object::{ObjectKind, ObjectRef};
use crate::model::schema::UserTypeKind;
use crate::model::span::Span;
use crate::model::types::DataType;
use crate::sql::bind::binder::Binder;
use crate::sql::bind::binding::BindErrorKind;
use crate::sql::bind::operator::type_name;
use crate::sql::bind::resolve::operand_of;
use crate::sql::bind::value::{Ty, Value};

impl<'s> Binder<'s> {
    pub(super) fn subscript(&mut self, value: &Value<'s>, depth: usize, span: Span) -> Value<'s> {
        let Ty::Known(ty) = &value.ty else { return Value::any() };
        let slice = span.slice(self.text).ends_with(']')
            && span.slice(self.text).rsplit('[').next().is_some_and(|t| t.contains(':') && !t.contains("::"));
        if slice {
            return Value::new(value.ty.clone(), Some(true));
        }
        if ty.array > 0 {
            let _ = depth;
            let element = DataType { array: 0, ..ty.as_ref().clone() };
            return Value::new(Ty::owned(element), Some(true));
        }
        match ty.name.as_str() {
            "jsonb" => Value::new(value.ty.clone(), Some(true)),
            "point" | "box" | "lseg" | "int2vector" | "oidvector" | "hstore" => Value::any(),
            _ if self.pg() && operand_of(self.schema, &value.ty).is_some() && ty.user.is_none() => {
                let message = format!("cannot subscript type {} because it does not support subscripting", type_name(&value.ty));
                self.fail(BindErrorKind::TypeMismatch, "42804", message, span, None);
                Value::any()
            }
            _ => Value::any(),
        }
    }

    /// Fields of a composite type; empty: not known.
    pub fn composite_fields(&self, ty: &Ty<'s>) -> Vec<(String, Ty<'s>)> {
        let Some(user) = ty.known().and_then(|t| t.user.as_ref()) else { return Vec::new() };
        let schema = self.schema;
        if let Some(UserTypeKind::Composite(fields)) = schema.types.get(user).map(|t| &t.kind) {
            return fields.iter().map(|(n, t)| (n.clone(), Ty::of(t))).collect();
        }
        schema.tables.get(user).map_or(Vec::new(), |t| t.columns.iter().map(|c| (c.name.clone(), Ty::of(&c.ty))).collect())
    }

    pub(super) fn field(&mut self, value: &Value<'s>, field: &str, span: Span) -> Value<'s> {
        let fields = self.composite_fields(&value.ty);
        if let Some((_, ty)) = fields.iter().find(|(n, _)| n == field) {
            if let Some(user) = value.ty.known().and_then(|t| t.user.clone())
                && let Some(table) = self.schema.tables.get(&user)
                && let Some(column) = table.columns.iter().find(|c| c.name == field)
            {
                self.use_column(crate::sql::bind::value::Origin { table, column }, span, false);
            }
            return Value::new(ty.clone(), None);
        }
        if let Some(user) = value.ty.known().and_then(|t| t.user.as_ref())
            && !fields.is_empty()
        {
            let object = ObjectRef { name: Some(field.to_string()), ..ObjectRef::named(ObjectKind::Type, user) };
            let message = format!("column \"{field}\" not found in data type {}", user.name);
            self.fail(BindErrorKind::UnknownColumn, "42703", message, span, Some(object));
        }
        Value::any()
    }
}
