//! The table that a statement writes to, and what it may store there.

use super::binder::Binder;
use super::binding::{BindErrorKind, WrittenColumn, WrittenValue};
use super::catalog::postgres::{Context, UNKNOWN};
use super::operator::type_name;
use super::resolve::{coercible, operand_of};
use super::value::{Origin, Ty, Value};
use crate::model::dialect::Engine;
use crate::model::object::{ObjectId, ObjectRef};
use crate::model::schema::{Column, Identity, Table};
use crate::model::span::Span;
use crate::model::statement::Mode;
use crate::sql::ast::{Expr, ExprKind, Ident, Literal};

/// What is written to.
#[derive(Clone, Debug, Default)]
pub struct Target<'s> {
    /// The table or view that the statement names; `None`: open.
    pub table: Option<&'s Table>,
    /// The table behind an updatable view; the same otherwise.
    pub base: Option<&'s Table>,
    /// For each column of `table`, the column of `base` that it is.
    pub columns: Vec<Option<ObjectId>>,
    /// Its name, for messages and open tables.
    pub name: String,
    /// Its place.
    pub span: Span,
}

impl<'s> Binder<'s> {
    /// Follows the table that a statement writes to down to its base. `verb`: `insert into`, `update`, `delete from`.
    pub fn target(&mut self, table: Option<&'s Table>, name: &str, span: Span, verb: &str) -> Target<'s> {
        let mut target = Target { table, base: table, name: name.to_string(), span, columns: Vec::new() };
        let Some(named) = table.filter(|t| t.view().is_some()) else { return target };
        let event = verb.split(' ').next().unwrap_or("");
        let instead = named.triggers.iter().any(|t| t.timing.contains("instead") && t.events.iter().any(|e| e == event));
        if instead {
            target.base = None;
            return target;
        }
        let materialized = matches!(named.kind, crate::model::schema::TableKind::MaterializedView(_));
        match self.base_table(named, 0) {
            Ok((base, columns)) if !self.lite() && !materialized => {
                target.base = Some(base);
                target.columns = columns;
            }
            _ => {
                target.base = None;
                let my = match event {
                    "insert" => ("1471", format!("The target table {name} of the INSERT is not insertable-into")),
                    _ => ("1288", format!("The target table {name} of the {} is not updatable", event.to_uppercase())),
                };
                let pg = if materialized {
                    ("42809", format!("cannot change materialized view \"{name}\""))
                } else {
                    ("55000", format!("cannot {verb} view \"{name}\""))
                };
                let object = ObjectRef::table(crate::model::object::ObjectKind::View, &named.name);
                self.fail_by_engine(
                    BindErrorKind::NotWritable,
                    pg,
                    my,
                    format!("cannot modify {name} because it is a view"),
                    span,
                    Some(object),
                );
            }
        }
        target
    }

    /// Resolves a column that is written; records its use and the error where it is missing.
    pub fn target_column(&mut self, target: &Target<'s>, ident: &'s Ident) -> Option<&'s Column> {
        if ident.is_hole() {
            self.opaque(ident.span, crate::model::object::ObjectKind::Column, "the column is not known");
            return None;
        }
        let Some(table) = target.table else {
            self.use_named_column(None, &target.name, &ident.value, ident.span);
            return None;
        };
        match table.column(self.dialect, &ident.value) {
            Some(column) => {
                self.use_column_as(Origin { table, column }, Mode::Write, ident.span, false);
                self.use_base_column(target, column);
                Some(column)
            }
            None if table.open => {
                self.use_named_column(Some(table), &table.name.name, &ident.value, ident.span);
                None
            }
            None if self.lite() && super::catalog::system::is_sqlite_rowid(&ident.value) => None,
            None => {
                self.unknown_target_column(&table.name, &ident.value, ident.span);
                None
            }
        }
    }

    fn use_named_column(&mut self, table: Option<&Table>, name: &str, column: &str, span: Span) {
        self.out.uses.push(super::binding::Use {
            id: None,
            table_id: table.map(|t| t.id),
            schema: table.map_or_else(String::new, |t| t.name.schema.clone()),
            table: name.to_string(),
            column: crate::model::statement::ColumnRef::Named(column.to_string()),
            kind: crate::model::object::ObjectKind::Column,
            mode: Mode::Write,
            span,
            implicit: false,
            through_view: None,
            confidence: 90,
        });
    }

    /// The base column behind a view's column that is written.
    fn use_base_column(&mut self, target: &Target<'s>, column: &Column) {
        let (Some(view), Some(base)) = (target.table.filter(|t| t.view().is_some()), target.base) else { return };
        let Some(position) = view.columns.iter().position(|c| c.id == column.id) else { return };
        let Some(found) = target.columns.get(position).copied().flatten().and_then(|id| base.columns.iter().find(|c| c.id == id)) else {
            return;
        };
        self.use_column_as(Origin { table: base, column: found }, Mode::Write, Span::default(), true);
        if let Some(last) = self.out.uses.last_mut() {
            last.through_view = Some(view.id);
        }
    }

    /// What is known of a value that is stored in a column.
    pub fn written(
        &self,
        target: &Target<'s>,
        name: &str,
        column: Option<&Column>,
        expr: Option<&Expr>,
        value: Option<&Value<'s>>,
        span: Span,
    ) -> WrittenColumn {
        let stored = match expr.map(|e| &Self::bare(e).kind) {
            Some(ExprKind::Literal(Literal::Null)) => WrittenValue::Null,
            Some(ExprKind::Default) => WrittenValue::Default,
            Some(ExprKind::Literal(Literal::Number(n))) => WrittenValue::Literal(n.clone(), false),
            Some(ExprKind::Literal(Literal::String { value, .. })) => WrittenValue::Literal(value.clone(), true),
            Some(ExprKind::Literal(Literal::Bool(b))) => WrittenValue::Literal(b.to_string(), false),
            Some(ExprKind::Unary { op, expr }) if op == "-" && matches!(&expr.kind, ExprKind::Literal(Literal::Number(_))) => {
                let ExprKind::Literal(Literal::Number(n)) = &expr.kind else {
                    return self.written(target, name, column, None, value, span);
                };
                WrittenValue::Literal(format!("-{n}"), false)
            }
            Some(ExprKind::Param(_) | ExprKind::Hole | ExprKind::Variable(_)) => WrittenValue::Unknown,
            _ => match value {
                Some(v) => WrittenValue::Expr(v.ty.known().cloned(), v.nullable),
                None => WrittenValue::Unknown,
            },
        };
        let base = match (target.table, column) {
            (Some(table), Some(column)) if table.view().is_some() => {
                let position = table.columns.iter().position(|c| c.id == column.id);
                let id = position.and_then(|p| target.columns.get(p).copied().flatten());
                target.base.and_then(|b| b.columns.iter().find(|c| Some(c.id) == id))
            }
            _ => None,
        };
        let id = base.map(|c| c.id).or(column.map(|c| c.id));
        let name = base.map_or(name, |c| c.name.as_str()).to_string();
        WrittenColumn { id, name, value: stored, span }
    }

    /// The column of the base table behind a column of the target, for its rules.
    fn ruled<'a>(&self, target: &'a Target<'s>, column: &'a Column) -> &'a Column {
        let Some(table) = target.table.filter(|t| t.view().is_some()) else { return column };
        let position = table.columns.iter().position(|c| c.id == column.id);
        let id = position.and_then(|p| target.columns.get(p).copied().flatten());
        target.base.and_then(|b| b.columns.iter().find(|c| Some(c.id) == id)).unwrap_or(column)
    }

    /// Checks that a column takes a given value: generated columns, literals, types.
    #[allow(clippy::too_many_arguments)]
    pub fn store(
        &mut self,
        target: &Target<'s>,
        column: &'s Column,
        expr: Option<&Expr>,
        value: &Value<'s>,
        span: Span,
        insert: bool,
        overriding: bool,
    ) {
        let is_default = expr.is_some_and(|e| matches!(Self::bare(e).kind, ExprKind::Default));
        let rules = self.ruled(target, column).clone();
        if !is_default {
            self.not_writable(target, &rules, column, span, insert, overriding);
        }
        if is_default || !self.pg() {
            return;
        }
        let ty = Ty::of(&column.ty);
        if value.literal.is_some() {
            self.check_literal(value, &ty, span);
            return;
        }
        let schema = self.schema;
        let (Some(from), Some(to)) = (operand_of(schema, &value.ty), operand_of(schema, &ty)) else { return };
        if from.id == UNKNOWN || self.has_foreign_extension() {
            return;
        }
        if !coercible(from, to, Context::Assignment) {
            let message =
                format!("column \"{}\" is of type {} but expression is of type {}", column.name, type_name(&ty), type_name(&value.ty));
            let object = target.table.map(|t| ObjectRef::column(&t.name, &column.name));
            self.fail(BindErrorKind::TypeMismatch, "42804", message, span, object);
        }
    }

    fn not_writable(&mut self, target: &Target<'s>, rules: &Column, column: &Column, span: Span, insert: bool, overriding: bool) {
        let always = rules.identity == Some(Identity::Always) && !(insert && overriding);
        if rules.generated.is_none() && !always {
            return;
        }
        if self.engine != Engine::Postgres && rules.generated.is_none() {
            return;
        }
        let name = &column.name;
        let pg = if insert {
            format!("cannot insert a non-DEFAULT value into column \"{name}\"")
        } else {
            format!("column \"{name}\" can only be updated to DEFAULT")
        };
        let table = target.table.map_or(target.name.as_str(), |t| t.name.name.as_str());
        let my = if self.engine == Engine::MariaDb {
            ("1906", format!("The value specified for generated column '{name}' in table '{table}' has been ignored"))
        } else {
            ("3105", format!("The value specified for generated column '{name}' in table '{table}' is not allowed."))
        };
        let lite = format!("cannot {} generated column \"{name}\"", if insert { "INSERT into" } else { "UPDATE" });
        let object = target.table.map(|t| ObjectRef::column(&t.name, name));
        self.fail_by_engine(BindErrorKind::NotWritable, ("428C9", pg), my, lite, span, object);
    }
}
