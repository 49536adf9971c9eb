//! The name that a client sees for a result column without an alias.

use super::binder::Binder;
use super::catalog::system::is_sqlite_rowid;
use super::value::Value;
use crate::model::dialect::Engine;
use crate::sql::ast::{Expr, ExprKind, Literal, SelectItem, SetExpr, TypeName};
use std::borrow::Cow;

impl<'s> Binder<'s> {
    /// Name of the result column that an expression without alias gives.
    pub fn output_name(&self, expr: &'s Expr, value: &Value<'s>) -> Cow<'s, str> {
        match self.engine {
            Engine::Postgres => match postgres_name(expr) {
                Some((name, _)) => name,
                None => Cow::Borrowed("?column?"),
            },
            Engine::MySql | Engine::MariaDb => self.mysql_name(expr),
            Engine::Sqlite => match (&expr.kind, value.origin) {
                // The name of the column, not what is written (short_column_names).
                (ExprKind::Column(name), Some(origin))
                    if self.dialect.same_column(&origin.column.name, &name.last().value) || is_sqlite_rowid(&name.last().value) =>
                {
                    Cow::Borrowed(origin.column.name.as_str())
                }
                // A quoted name that is no column is a string.
                (ExprKind::Column(_), None) if value.literal.is_some() => Cow::Borrowed(expr.span.slice(self.text)),
                (ExprKind::Column(name), _) => Cow::Borrowed(name.last().value.as_str()),
                _ => Cow::Borrowed(expr.span.slice(self.text)),
            },
        }
    }

    fn mysql_name(&self, expr: &'s Expr) -> Cow<'s, str> {
        match &expr.kind {
            ExprKind::Column(name) => Cow::Borrowed(name.last().value.as_str()),
            ExprKind::Literal(Literal::String { value, .. }) => Cow::Borrowed(value.as_str()),
            ExprKind::Literal(Literal::Null) => Cow::Borrowed("NULL"),
            _ => Cow::Borrowed(expr.span.slice(self.text)),
        }
    }
}

/// PostgreSQL's choice (`FigureColname`), and whether it is a strong one.
fn postgres_name(expr: &Expr) -> Option<(Cow<'_, str>, bool)> {
    let strong = |name: &'static str| Some((Cow::Borrowed(name), true));
    match &expr.kind {
        ExprKind::Column(name) => Some((Cow::Borrowed(name.last().value.as_str()), true)),
        ExprKind::Field { field: Some(field), .. } => Some((Cow::Borrowed(field.value.as_str()), true)),
        ExprKind::Subscript { expr, .. } | ExprKind::Collate { expr, .. } | ExprKind::Paren(expr) => postgres_name(expr),
        ExprKind::Function(call) => {
            let name = call.name.last().value.as_str();
            Some((Cow::Borrowed(if name == "trim" { "btrim" } else { name }), true))
        }
        ExprKind::Cast { expr, ty } => match postgres_name(expr) {
            Some(inner) if inner.1 => Some(inner),
            _ => Some((Cow::Owned(catalogue_name(ty)), false)),
        },
        ExprKind::Interval { .. } => Some((Cow::Borrowed("interval"), false)),
        ExprKind::Case { otherwise, .. } => match otherwise.as_deref().and_then(postgres_name) {
            Some(inner) if inner.1 => Some(inner),
            _ => Some((Cow::Borrowed("case"), false)),
        },
        ExprKind::Exists(_) => strong("exists"),
        ExprKind::Array(_) | ExprKind::ArraySubquery(_) => strong("array"),
        ExprKind::Row(_) => strong("row"),
        ExprKind::AtTimeZone { .. } => strong("timezone"),
        ExprKind::Subquery(query) => subquery_name(&query.body),
        _ => None,
    }
}

fn subquery_name(body: &SetExpr) -> Option<(Cow<'_, str>, bool)> {
    match body {
        SetExpr::Select(select) => match select.items.first()? {
            SelectItem::Expr { alias: Some(alias), .. } => Some((Cow::Borrowed(alias.value.as_str()), true)),
            SelectItem::Expr { expr, .. } => postgres_name(expr),
            SelectItem::Star { .. } => None,
        },
        SetExpr::Query(query) => subquery_name(&query.body),
        SetExpr::SetOp { left, .. } => subquery_name(left),
        SetExpr::Values(_) => Some((Cow::Borrowed("column1"), true)),
        _ => None,
    }
}

/// The name of a type in `pg_type`, which the grammar puts in place of the SQL spelling.
fn catalogue_name(ty: &TypeName) -> String {
    let written = ty.name.last().value.as_str();
    let name = match written {
        "int" | "integer" => "int4",
        "bigint" => "int8",
        "smallint" => "int2",
        "boolean" => "bool",
        "real" => "float4",
        "double precision" | "float" => "float8",
        "decimal" | "dec" => "numeric",
        "character varying" => "varchar",
        "character" | "char" => "bpchar",
        "timestamp with time zone" => "timestamptz",
        "timestamp without time zone" => "timestamp",
        "time with time zone" => "timetz",
        "time without time zone" => "time",
        "bit varying" => "varbit",
        other if other.starts_with("interval") => "interval",
        other => other,
    };
    name.to_string()
}
