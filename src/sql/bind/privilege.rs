//! Privileges, where the session has taken on a role. Without one, the statement runs as the owner.

use super::binding::{BindError, BindErrorKind, Binding};
use super::session::SessionState;
use crate::model::dialect::Engine;
use crate::model::object::{ObjectKind, ObjectName, ObjectRef};
use crate::model::schema::{Function, Grant, Schema, Table};
use crate::model::statement::{ColumnRef, Mode};

/// Grants that the role has, its own and those of PUBLIC.
fn grants<'a>(schema: &'a Schema, role: &'a str) -> impl Iterator<Item = &'a Grant> {
    schema.grants.iter().filter(move |g| g.role == role || g.role.eq_ignore_ascii_case("public"))
}

fn has(grant: &Grant, privilege: &str) -> bool {
    grant.privilege == privilege || grant.privilege.starts_with("all")
}

/// Whether names in a schema can be looked up. Everyone may use `public`.
pub fn may_use_schema(schema: &Schema, session: &SessionState, name: &str) -> bool {
    let Some(role) = session.role.as_deref() else { return true };
    if schema.dialect.engine != Engine::Postgres || name == "public" || name.is_empty() {
        return true;
    }
    grants(schema, role).any(|g| g.on == "schema" && g.object.name == name && has(g, "usage"))
}

/// Whether a function can be called. PUBLIC may, unless the schema's grants say who may instead.
pub fn may_execute(schema: &Schema, session: &SessionState, function: &Function) -> bool {
    let Some(role) = session.role.as_deref() else { return true };
    let mut named = schema.grants.iter().filter(|g| g.on == "function" && g.object == function.name).peekable();
    named.peek().is_none() || named.any(|g| (g.role == role || g.role == "public") && has(g, "execute"))
}

/// The error for the first table that the role may not use as the statement does.
pub fn check(binding: &Binding, schema: &Schema, session: &SessionState) -> Option<BindError> {
    let role = session.role.as_deref()?;
    if schema.dialect.engine != Engine::Postgres || !schema.complete {
        return None;
    }
    for used in &binding.uses {
        if used.through_view.is_some() || !matches!(used.kind, ObjectKind::Table | ObjectKind::View | ObjectKind::Column) {
            continue;
        }
        let Some(table) = used.table_id.and_then(|id| schema.tables.values().find(|t| t.id == id)) else { continue };
        if table.owner.as_deref() == Some(role) {
            continue;
        }
        let privilege = match (used.mode, used.kind) {
            (Mode::Write, kind) => match write_privilege(binding, table, kind) {
                Some(privilege) => privilege,
                None => continue,
            },
            // The table itself is named: reading it needs a privilege on any of its columns.
            (_, ObjectKind::Column) => "select",
            _ => {
                let any = grants(schema, role).any(|g| g.on == "table" && g.object == table.name && has(g, "select"));
                if any || written(binding, table) {
                    continue;
                }
                return Some(denied(table, used.span));
            }
        };
        let column = match &used.column {
            ColumnRef::Named(name) => Some(name.as_str()),
            _ => None,
        };
        let granted = grants(schema, role).any(|g| {
            let covers = g.columns.is_empty() || column.is_none_or(|c| g.columns.iter().any(|x| x == c));
            g.on == "table" && g.object == table.name && has(g, privilege) && covers
        });
        if !granted {
            return Some(denied(table, used.span));
        }
    }
    None
}

fn written(binding: &Binding, table: &Table) -> bool {
    binding.writes.iter().any(|w| w.table_id == Some(table.id) || w.through_view == Some(table.id))
}

fn write_privilege(binding: &Binding, table: &Table, kind: ObjectKind) -> Option<&'static str> {
    use super::binding::WriteKind;
    let write = binding.writes.iter().find(|w| w.table_id == Some(table.id) || w.through_view == Some(table.id))?;
    match (write.kind, kind) {
        (WriteKind::Insert, _) => Some("insert"),
        (WriteKind::Update, _) => Some("update"),
        (WriteKind::Delete, _) => Some("delete"),
        (WriteKind::Truncate, _) => Some("truncate"),
    }
}

fn denied(table: &Table, span: crate::model::span::Span) -> BindError {
    let kind = if table.view().is_some() { "view" } else { "table" };
    let object = ObjectName::new(table.name.schema.as_str(), table.name.name.as_str());
    BindError {
        kind: BindErrorKind::Permission,
        code: "42501".to_string(),
        message: format!("permission denied for {kind} {}", table.name.name),
        span,
        object: Some(ObjectRef::table(if kind == "view" { ObjectKind::View } else { ObjectKind::Table }, &object)),
    }
}
