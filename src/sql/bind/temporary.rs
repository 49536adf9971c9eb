//! Temporary tables that earlier statements of a connection made.

use super::session::SessionState;
use super::types::data_type;
use crate::model::object::{ObjectId, ObjectName};
use crate::model::schema::{Column, Constraint, ConstraintKind, Generated, Identity, Schema, Table};
use crate::sql::ast::ddl::{
    ColumnAttributeKind, ColumnDef, CreateTable, DdlObject, DropObjects, KeyPart, TableConstraintKind, TableElement,
};
use crate::sql::ast::{Ddl, Statement};
use crate::sql::parse::parse_statement;

/// Identities of temporary tables start here, out of reach of those that a schema gives out.
const FIRST_ID: u32 = 1 << 30;

/// Takes CREATE TEMPORARY TABLE, and DROP TABLE of one. Returns whether the statement was one of them.
pub fn run(session: &mut SessionState, statement: &Statement, text: &str, schema: &Schema) -> bool {
    let crate::sql::ast::StatementKind::Ddl(ddl) = &statement.kind else { return false };
    match ddl.as_ref() {
        Ddl::CreateTable(create) if create.temporary => {
            create_table(session, create, text, schema);
            true
        }
        Ddl::Drop(drop) => drop_table(session, drop, schema),
        _ => false,
    }
}

fn drop_table(session: &mut SessionState, drop: &DropObjects, schema: &Schema) -> bool {
    if drop.kind != DdlObject::Table {
        return false;
    }
    let before = session.temp.len();
    session.temp.retain(|t| !drop.targets.iter().any(|n| schema.dialect.same_table(&t.name.name, &n.name.last().value)));
    session.temp.len() < before
}

fn create_table(session: &mut SessionState, create: &CreateTable, text: &str, schema: &Schema) {
    let name = &create.name.last().value;
    if session.temp.iter().any(|t| schema.dialect.same_table(&t.name.name, name)) {
        return;
    }
    let mut next = session.temp.iter().flat_map(|t| t.columns.iter().map(|c| c.id.0)).max().map_or(FIRST_ID, |id| id + 1);
    let mut id = || {
        next += 1;
        ObjectId(next)
    };
    let home = if schema.dialect.engine == crate::model::dialect::Engine::Postgres { "pg_temp" } else { "temp" };
    let mut table = Table { id: id(), name: ObjectName::new(home, name.as_str()), temporary: true, ..Table::default() };
    for element in &create.elements {
        match element {
            TableElement::Column(definition) => {
                let column = column_of(definition, id(), schema, &mut table, &mut id);
                table.columns.push(column);
            }
            TableElement::Constraint(constraint) => {
                let kind = match &constraint.kind {
                    TableConstraintKind::PrimaryKey(keys) => ConstraintKind::PrimaryKey { columns: columns_of(keys) },
                    TableConstraintKind::Unique { keys, .. } => {
                        ConstraintKind::Unique { columns: columns_of(keys), nulls_not_distinct: false }
                    }
                    _ => continue,
                };
                let name = constraint.name.as_ref().map_or(String::new(), |n| n.value.clone());
                table.constraints.push(plain(id(), name, kind));
            }
            TableElement::Like { table: model, .. } => {
                let model = schema.find_table(model.qualifier().map(|q| q.value.as_str()), &model.last().value);
                for column in model.into_iter().flat_map(|t| &t.columns) {
                    table.columns.push(Column { id: id(), ..column.clone() });
                }
                table.open |= model.is_none();
            }
            TableElement::Index(_) => {}
        }
    }
    if let Some(query) = create.query {
        let query = query.slice(text);
        let inner = super::bind(&parse_statement(query, schema.dialect), query, schema, session);
        table.open |= inner.outputs.is_none();
        for (i, output) in inner.outputs.unwrap_or_default().into_iter().enumerate() {
            let name = create.query_columns.get(i).map_or(output.name, |n| n.value.clone());
            table.columns.push(Column { id: id(), name, ty: output.ty.unwrap_or_default(), nullable: true, ..Column::default() });
        }
    }
    table.open |= table.columns.is_empty();
    session.temp.push(table);
}

fn column_of(definition: &ColumnDef, id: ObjectId, schema: &Schema, table: &mut Table, next: &mut impl FnMut() -> ObjectId) -> Column {
    let mut column = Column { id, name: definition.name.value.clone(), nullable: true, ..Column::default() };
    if let Some(ty) = &definition.ty {
        column.ty = data_type(ty, schema);
    }
    let of = || vec![definition.name.value.clone()];
    for attribute in &definition.attributes {
        match &attribute.kind {
            ColumnAttributeKind::NotNull => column.nullable = false,
            ColumnAttributeKind::Default(text) => column.default = Some(text.clone()),
            ColumnAttributeKind::Generated { expr, stored } => column.generated = Some(Generated { expr: expr.clone(), stored: *stored }),
            ColumnAttributeKind::Identity(always) => column.identity = Some(if *always { Identity::Always } else { Identity::ByDefault }),
            ColumnAttributeKind::AutoIncrement => column.auto_increment = true,
            ColumnAttributeKind::PrimaryKey => {
                column.nullable = false;
                table.constraints.push(plain(next(), String::new(), ConstraintKind::PrimaryKey { columns: of() }));
            }
            ColumnAttributeKind::Unique(_) => {
                table.constraints.push(plain(next(), String::new(), ConstraintKind::Unique { columns: of(), nulls_not_distinct: false }));
            }
            _ => {}
        }
    }
    column
}

fn plain(id: ObjectId, name: String, kind: ConstraintKind) -> Constraint {
    Constraint { id, name, kind, not_valid: false, not_enforced: false, deferrable: false, deferred: false, inline: false }
}

fn columns_of(keys: &[KeyPart]) -> Vec<String> {
    keys.iter().filter_map(|k| k.column.as_ref()).map(|c| c.value.clone()).collect()
}
