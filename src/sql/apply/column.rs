//! From a column definition to a column.

use super::errors::error;
use super::names;
use super::run::{Run, Step};
use crate::model::dialect::Engine;
use crate::model::object::{ObjectId, ObjectName};
use crate::model::schema::{Column, Generated, Identity, Sequence};
use crate::sql::ast::TypeName;
use crate::sql::ast::ddl::{ColumnAttributeKind, ColumnDef, KeyPart, TableConstraint, TableConstraintKind};
use crate::sql::bind::types::is_builtin;

/// A column with the constraints that its definition carries.
pub(super) struct Built {
    pub column: Column,
    pub constraints: Vec<TableConstraint>,
    /// PostgreSQL makes a sequence for it: serial or identity.
    pub sequence: bool,
}

/// Whether a type is one of PostgreSQL's serial types.
fn is_serial(ty: &TypeName) -> bool {
    let name = ty.name.last();
    !name.quoted && matches!(name.value.as_str(), "serial" | "bigserial" | "smallserial" | "serial2" | "serial4" | "serial8")
}

impl Run<'_> {
    /// Reads a definition; the identity is fresh unless one is given.
    pub(super) fn build_column(&mut self, def: &ColumnDef, id: Option<ObjectId>) -> Step<Built> {
        use ColumnAttributeKind as K;
        let engine = self.engine();
        let ty = match &def.ty {
            Some(ty) => {
                let data = self.data_type(ty);
                self.check_type_exists(ty)?;
                data
            }
            None => Default::default(),
        };
        let serial = engine == Engine::Postgres && def.ty.as_ref().is_some_and(is_serial);
        let mysql_serial = engine.is_mysql_family() && def.ty.as_ref().is_some_and(|t| t.name.last().value.eq_ignore_ascii_case("serial"));
        let id = id.unwrap_or_else(|| self.schema.new_id());
        let name = if self.postgres() { names::truncated(&def.name.value) } else { def.name.value.clone() };
        let mut column = Column { id, name, ty, nullable: !serial, auto_increment: serial, ..Column::default() };
        let mut built_constraints = Vec::new();
        let mut sequence = serial;
        let key = || vec![KeyPart { column: Some(def.name.clone()), ..KeyPart::default() }];
        if mysql_serial {
            column.ty = crate::model::types::DataType { unsigned: true, ..crate::model::types::DataType::named("bigint") };
            column.nullable = false;
            column.auto_increment = true;
            let kind = TableConstraintKind::Unique { index: None, keys: key(), nulls_not_distinct: false };
            built_constraints.push(TableConstraint { name: None, kind, state: Default::default() });
        }
        for attribute in &def.attributes {
            let constraint = match &attribute.kind {
                K::NotNull => {
                    column.nullable = false;
                    None
                }
                K::Null => {
                    column.nullable = true;
                    None
                }
                K::Default(expr) => {
                    column.default = (!expr.eq_ignore_ascii_case("null")).then(|| expr.clone());
                    None
                }
                K::Generated { expr, stored } => {
                    column.generated = Some(Generated { expr: expr.clone(), stored: *stored });
                    None
                }
                K::Identity(always) => {
                    column.identity = Some(if *always { Identity::Always } else { Identity::ByDefault });
                    column.nullable = false;
                    sequence = true;
                    None
                }
                K::AutoIncrement => {
                    column.auto_increment = true;
                    if engine.is_mysql_family() {
                        column.nullable = false;
                    }
                    None
                }
                K::PrimaryKey => {
                    if engine == Engine::Sqlite && column.ty.name.eq_ignore_ascii_case("integer") {
                        // The rowid alias: an omitted or NULL value is filled in.
                        column.auto_increment = true;
                        column.nullable = false;
                    } else if engine != Engine::Sqlite {
                        column.nullable = false;
                    }
                    Some(TableConstraintKind::PrimaryKey(key()))
                }
                K::Unique(nulls_not_distinct) => {
                    Some(TableConstraintKind::Unique { index: None, keys: key(), nulls_not_distinct: *nulls_not_distinct })
                }
                K::Check(expr) => Some(TableConstraintKind::Check(expr.clone())),
                K::References(target) => {
                    // MySQL before 9 and MariaDB before 10.5 parse it and do nothing; newer ones keep it.
                    Some(TableConstraintKind::ForeignKey { index: None, columns: vec![def.name.clone()], target: target.clone() })
                }
                K::Collate(collation) => {
                    column.collation = Some(collation.clone());
                    None
                }
                K::Charset(charset) => {
                    column.charset = Some(charset.clone());
                    None
                }
                K::OnUpdate(expr) => {
                    column.on_update = Some(expr.clone());
                    None
                }
                K::Invisible(invisible) => {
                    column.invisible = *invisible;
                    None
                }
                K::Ignored(_) => None,
            };
            if let Some(kind) = constraint {
                built_constraints.push(TableConstraint { name: attribute.name.clone(), kind, state: attribute.state });
            }
        }
        if column.identity.is_some() && column.default.is_some() {
            let name = &column.name;
            return Err(error("42601", format!("both default and identity specified for column \"{name}\"")));
        }
        Ok(Built { column, constraints: built_constraints, sequence })
    }

    /// PostgreSQL refuses types that do not exist; the others take any words or name the syntax.
    pub(super) fn check_type_exists(&self, ty: &TypeName) -> Step {
        if !self.postgres() || !self.schema.complete || !self.schema.extensions.is_empty() {
            return Ok(());
        }
        let data = self.data_type(ty);
        let known = match &data.user {
            Some(user) => self.schema.types.contains_key(user) || self.schema.tables.contains_key(user) || is_builtin(&data.name),
            None => is_builtin(&data.name) || is_serial(ty),
        };
        // Types of extensions that an earlier setup made are not listed anywhere.
        let extension = matches!(data.name.as_str(), "citext" | "hstore" | "ltree" | "geometry" | "geography" | "vector" | "cube");
        if known || extension { Ok(()) } else { Err(error("42704", format!("type \"{}\" does not exist", data.name))) }
    }

    /// Makes the sequence behind a serial or identity column, and the default that reads it.
    pub(super) fn make_column_sequence(&mut self, table: &ObjectName, column: &mut Column) {
        let schema = &*self.schema;
        let name = names::choose(&table.name, &column.name, "seq", |n| names::relation_exists(schema, &table.schema, n));
        let name = ObjectName::new(table.schema.clone(), name);
        let id = self.schema.new_id();
        if column.identity.is_none() {
            let regclass = if table.schema == "public" { name.name.clone() } else { name.to_string() };
            column.default = Some(format!("nextval('{regclass}'::regclass)"));
        }
        self.schema.sequences.insert(name.clone(), Sequence { id, name, owned_by: Some((table.clone(), column.name.clone())) });
    }
}
