//! Casts, and the types that statements name.

use crate::model::object::{ObjectKind, ObjectName, ObjectRef};
use crate::model::span::Span;
use crate::model::types::DataType;
use crate::sql::ast::{Expr, ExprKind, TypeName};
use crate::sql::bind::binder::Binder;
use crate::sql::bind::binding::BindErrorKind;
use crate::sql::bind::catalog::postgres::{COMPOSITE, Context, UNKNOWN, catalog};
use crate::sql::bind::operator::type_name;
use crate::sql::bind::resolve::{coercible, operand_of};
use crate::sql::bind::types::data_type;
use crate::sql::bind::value::{Ty, Value};

impl<'s> Binder<'s> {
    pub(super) fn cast(&mut self, inner: &'s Expr, ty: &'s TypeName, span: Span, mark: usize) -> Value<'s> {
        let value = self.expr(inner);
        let target = self.named_type(ty);
        if self.pg() {
            if let Some(text) = value.literal {
                self.check_text(&target, text, inner.span);
                self.regclass(&target, text, inner.span);
            } else {
                self.check_cast(&value.ty, &target, Self::bare(inner), span);
            }
        }
        if !matches!(value.ty, Ty::Literal | Ty::Param | Ty::Any) {
            let text = format!("cast {} as {}", self.describe(&value), type_name(&target));
            self.shape(span, text, mark);
        }
        Value::new(target, value.nullable)
    }

    fn check_cast(&mut self, from: &Ty<'s>, to: &Ty<'s>, inner: &Expr, span: Span) {
        let schema = self.schema;
        if let (ExprKind::Row(items), Some(ty)) = (&inner.kind, to.known())
            && let Some(user) = &ty.user
            && let width = self.composite_fields(to).len()
            && width > 0
        {
            if width != items.len() {
                let message = format!("cannot cast type record to {}", user.name);
                self.fail(BindErrorKind::TypeMismatch, "42846", message, span, None);
            }
            return;
        }
        let (Some(f), Some(t)) = (operand_of(schema, from), operand_of(schema, to)) else { return };
        let composite = f.id.element() == COMPOSITE || t.id.element() == COMPOSITE;
        if f.id == UNKNOWN || composite || f == t || self.has_foreign_extension() {
            return;
        }
        if !coercible(f, t, Context::Explicit) {
            let message = format!("cannot cast type {} to {}", type_name(from), type_name(to));
            self.fail(BindErrorKind::TypeMismatch, "42846", message, span, None);
        }
    }

    /// The type that a name in the statement means; records its use and the error where there is none.
    pub fn named_type(&mut self, ty: &'s TypeName) -> Ty<'s> {
        if ty.name.is_hole() {
            self.opaque(ty.span, ObjectKind::Type, "the type is not known");
            return Ty::Any;
        }
        let mut found = data_type(ty, self.schema);
        if !self.pg() {
            return Ty::owned(cast_result(found, self.mysql()));
        }
        let last = ty.name.last();
        let user = found.user.clone().filter(|u| self.schema.types.contains_key(u) || self.schema.tables.contains_key(u));
        if let Some(user) = user {
            let id = self.schema.types.get(&user).map(|t| t.id).or_else(|| self.schema.tables.get(&user).map(|t| t.id));
            if ty.name.qualifier().is_none() && !self.search_path().contains(&user.schema) && self.session.search_path.is_some() {
                self.unknown_type(ty, &found);
            }
            self.use_object(ObjectKind::Type, id, &user, None, last.span);
            return Ty::owned(found);
        }
        let builtin = catalog().id(&found.name).and_then(|id| catalog().info(id)).is_some_and(|t| self.has_extension(t.extension));
        if builtin && found.user.is_none() {
            return Ty::owned(found);
        }
        // The type may live in a schema that the session's own search path names.
        if let Some(path) = &self.session.search_path
            && ty.name.qualifier().is_none()
            && let Some(t) = path.iter().find_map(|s| self.schema.find_type(Some(s), &last.value))
        {
            self.use_object(ObjectKind::Type, Some(t.id), &t.name, None, last.span);
            found.user = Some(t.name.clone());
            return Ty::owned(found);
        }
        if self.schema.complete
            && !self.has_foreign_extension()
            && !ty.name.qualifier().is_some_and(|q| q.value == "pg_catalog" || q.value == "information_schema")
        {
            self.unknown_type(ty, &found);
        } else {
            let object = ObjectName::new(ty.name.qualifier().map_or("", |q| q.value.as_str()), last.value.as_str());
            self.use_object(ObjectKind::Type, None, &object, None, last.span);
        }
        Ty::Any
    }

    fn unknown_type(&mut self, ty: &TypeName, found: &DataType) {
        let qualified = ty.name.parts.iter().map(|p| p.value.as_str()).collect::<Vec<_>>().join(".");
        let brackets = if found.array > 0 { "[]" } else { "" };
        let object = ObjectRef::named(ObjectKind::Type, &ObjectName::new("", ty.name.last().value.as_str()));
        self.fail(BindErrorKind::UnknownType, "42704", format!("type \"{qualified}{brackets}\" does not exist"), ty.span, Some(object));
    }
}

/// What MySQL's CAST gives.
fn cast_result(ty: DataType, mysql: bool) -> DataType {
    match (mysql, ty.name.as_str()) {
        (true, "char") => DataType::named("varchar"),
        (true, "binary") => DataType::named("varbinary"),
        _ => ty,
    }
}
