//! ADD COLUMN, and MySQL's CHANGE and MODIFY.

use super::errors::{self, error};
use super::expression::literal;
use super::run::{Run, Step};
use crate::model::change::ChangeOp;
use crate::model::object::{ObjectKind, ObjectName, ObjectRef};
use crate::model::schema::{Column, ConstraintKind};
use crate::sql::ast::ddl::{ColumnDef, ColumnPosition, TableConstraintKind};

impl Run<'_> {
    pub(super) fn add_column(&mut self, key: &ObjectName, def: &ColumnDef, if_not_exists: bool, position: Option<&ColumnPosition>) -> Step {
        let dialect = self.dialect();
        let table = self.table(key)?;
        let (name, table_id) = (table.name.clone(), table.id);
        if table.view().is_some() {
            return Err(match dialect.engine {
                crate::model::dialect::Engine::Sqlite => error("SQLITE_ERROR", "Cannot add a column to a view"),
                crate::model::dialect::Engine::Postgres => {
                    error("42809", format!("ALTER action ADD COLUMN cannot be performed on relation \"{}\"", name.name))
                }
                _ => error("1347", format!("'{}' is not of type 'BASE TABLE'", name.name)),
            });
        }
        if table.column(dialect, &def.name.value).is_some() {
            // A child keeps its own column; an open table's guess becomes known.
            let known = !table.open || table.column(dialect, &def.name.value).is_some_and(|c| !c.ty.name.is_empty());
            if if_not_exists || (known && self.options.lenient && table.open) {
                return Ok(());
            }
            if known {
                return Err(errors::duplicate_column(dialect.engine, &name.name, &def.name.value));
            }
            self.table_mut(key)?.columns.retain(|c| !dialect.same_column(&c.name, &def.name.value));
        }
        let has_rows = !self.table(key)?.rows.is_empty();
        let mut built = self.build_column(def, None)?;
        if self.sqlite() {
            self.check_sqlite_addition(key, &built.column, &built.constraints)?;
        }
        if built.sequence {
            self.make_column_sequence(&name, &mut built.column);
        }
        let column = built.column;
        let (id, column_name, filled) = (column.id, column.name.clone(), self.value_for_existing_rows(&column));
        let described = describe(&column);
        let no_value = !column.has_value_when_omitted();
        let at = self.position(key, position, &column_name)?;
        let table = self.table_mut(key)?;
        table.columns.insert(at.min(table.columns.len()), column);
        for row in &mut table.rows {
            if let Some(value) = &filled {
                row.insert(column_name.clone(), value.clone());
            }
        }
        let change = self.change(ChangeOp::AddColumn, ObjectRef::column(&name, &column_name), Some(id), Some(table_id));
        change.after = Some(described);
        for constraint in &built.constraints {
            let result = self.add_constraint(key, constraint, Some(&column_name));
            match result {
                Ok(Some(constraint)) => self.added_with_column(key, constraint, &filled, &column_name)?,
                Ok(None) => {}
                Err(error) => {
                    let changes = self.applied.changes.len();
                    self.applied.changes.truncate(changes.saturating_sub(1));
                    self.table_mut(key)?.columns.retain(|c| c.id != id);
                    return Err(error);
                }
            }
        }
        let domain_default = self.domain_takes_null(key, &column_name);
        if no_value && !self.mysql() || !domain_default {
            let sql = format!("SELECT * FROM {} LIMIT 1", self.shown(&name));
            self.condition(format!("column {column_name} of {name} is NOT NULL without a default: the table must be empty"), sql);
            if has_rows {
                self.violated(match dialect.engine {
                    crate::model::dialect::Engine::Sqlite => error("SQLITE_ERROR", "Cannot add a NOT NULL column with default value NULL"),
                    _ => error("23502", format!("column \"{column_name}\" of relation \"{}\" contains null values", name.name)),
                });
            }
        }
        Ok(())
    }

    /// Records a constraint that came with a new column. Where every row gets NULL, or a number of its own,
    /// nothing depends on the rows.
    fn added_with_column(
        &mut self,
        key: &ObjectName,
        id: crate::model::object::ObjectId,
        filled: &Option<Option<String>>,
        column: &str,
    ) -> Step {
        let marks = (self.applied.data_dependent, self.applied.conditions.len());
        self.constraint_added(key, id, &[])?;
        let Some(table) = self.schema.tables.get(key) else { return Ok(()) };
        let Some(constraint) = table.constraints.iter().find(|c| c.id == id) else { return Ok(()) };
        let numbered = table.column(self.dialect(), column).is_some_and(|c| c.auto_increment || c.identity.is_some());
        let decided = match &constraint.kind {
            ConstraintKind::PrimaryKey { .. } => numbered,
            ConstraintKind::Check { columns, .. } if columns.len() > 1 => false,
            _ => matches!(filled, Some(None)) || numbered,
        };
        if decided {
            self.applied.data_dependent = marks.0;
            self.applied.conditions.truncate(marks.1);
        }
        Ok(())
    }

    /// A domain that is NOT NULL without a default refuses existing rows.
    fn domain_takes_null(&self, key: &ObjectName, column: &str) -> bool {
        use crate::model::schema::UserTypeKind;
        let Some(table) = self.schema.tables.get(key) else { return true };
        let Some(column) = table.column(self.dialect(), column) else { return true };
        let domain = column.ty.user.as_ref().and_then(|u| self.schema.types.get(u));
        match domain.map(|d| &d.kind) {
            Some(UserTypeKind::Domain { not_null: true, default: None, .. }) => column.default.is_some(),
            _ => true,
        }
    }

    /// What SQLite refuses of an added column whatever the rows are, or with rows.
    fn check_sqlite_addition(&mut self, key: &ObjectName, column: &Column, constraints: &[crate::sql::ast::ddl::TableConstraint]) -> Step {
        let refuse = |message: &str| Err(error("SQLITE_ERROR", message));
        for constraint in constraints {
            match &constraint.kind {
                TableConstraintKind::PrimaryKey(_) => return refuse("Cannot add a PRIMARY KEY column"),
                TableConstraintKind::Unique { .. } => return refuse("Cannot add a UNIQUE column"),
                TableConstraintKind::ForeignKey { .. } if self.settings.foreign_keys && column.default.is_some() => {
                    self.sqlite_needs_empty(key, "Cannot add a REFERENCES column with non-NULL default value");
                }
                _ => {}
            }
        }
        if let Some(generated) = &column.generated {
            return if generated.stored { refuse("cannot add a STORED column") } else { Ok(()) };
        }
        if let Some(default) = &column.default
            && literal(default, self.dialect()).is_none()
            && !default.starts_with(['x', 'X'])
        {
            self.sqlite_needs_empty(key, "Cannot add a column with non-constant default");
        }
        Ok(())
    }

    /// SQLite refuses some additions to a table with rows only.
    fn sqlite_needs_empty(&mut self, key: &ObjectName, message: &str) {
        let Some(table) = self.schema.tables.get(key) else { return };
        let (name, has_rows) = (table.name.clone(), !table.rows.is_empty());
        let query = format!("SELECT * FROM {} LIMIT 1", self.shown(&name));
        self.condition(format!("{message}: {name} must be empty"), query);
        if has_rows {
            self.violated(error("SQLITE_ERROR", message));
        }
    }

    /// The value that rows that exist get; `None`: not known.
    fn value_for_existing_rows(&self, column: &Column) -> Option<Option<String>> {
        if column.generated.is_some() || column.identity.is_some() || column.auto_increment {
            return None;
        }
        match &column.default {
            Some(default) => literal(default, self.dialect()),
            None if column.nullable || !self.mysql() => Some(None),
            // MySQL fills in the implicit default of the type.
            None => {
                let number = ["int", "bigint", "smallint", "tinyint", "mediumint", "decimal", "float", "double"];
                number
                    .contains(&column.ty.name.as_str())
                    .then(|| Some("0".into()))
                    .or_else(|| column.ty.name.contains("char").then(|| Some(String::new())))
            }
        }
    }

    /// Where a new or moved column goes.
    fn position(&self, key: &ObjectName, position: Option<&ColumnPosition>, moving: &str) -> Step<usize> {
        let table = self.table(key)?;
        match position {
            None => Ok(table.columns.len()),
            Some(ColumnPosition::First) => Ok(0),
            Some(ColumnPosition::After(after)) => {
                let others: Vec<&Column> = table.columns.iter().filter(|c| !self.dialect().same_column(&c.name, moving)).collect();
                match others.iter().position(|c| self.dialect().same_column(&c.name, &after.value)) {
                    Some(i) => Ok(i + 1),
                    None if table.open => Ok(others.len()),
                    None => Err(errors::undefined_column(self.engine(), &table.name.name, &after.value)),
                }
            }
        }
    }

    /// CHANGE and MODIFY: the definition replaces every attribute.
    pub(super) fn change_column(
        &mut self,
        key: &ObjectName,
        old: &str,
        def: &ColumnDef,
        if_exists: bool,
        position: Option<&ColumnPosition>,
    ) -> Step {
        let dialect = self.dialect();
        if if_exists && self.table(key)?.column(dialect, old).is_none() && !self.table(key)?.open {
            return Ok(());
        }
        let at = self.column_at(key, old, errors::undefined_column)?;
        let before = self.table(key)?.columns[at].clone();
        let mut built = self.build_column(def, Some(before.id))?;
        let renamed = before.name != built.column.name;
        if renamed
            && !dialect.same_column(&before.name, &built.column.name)
            && self.table(key)?.column(dialect, &built.column.name).is_some()
        {
            return Err(errors::duplicate_column(dialect.engine, &key.name, &built.column.name));
        }
        let table = self.table(key)?;
        let (name, table_id, open) = (table.name.clone(), table.id, table.open);
        let in_primary = table.primary_key().is_some_and(|p| p.iter().any(|c| dialect.same_column(c, old)));
        if in_primary {
            built.column.nullable = false;
        }
        if renamed {
            self.rename_column(key, &before.name, &built.column.name)?;
        }
        let after = built.column;
        if let Some(column) = self.table_mut(key)?.columns.get_mut(at) {
            *column = after.clone();
        }
        if open && before.ty.name.is_empty() {
            // Nothing is known of what it was.
            let change = self.change(ChangeOp::AlterType, ObjectRef::column(&name, &after.name), Some(after.id), Some(table_id));
            change.after = Some(after.ty.to_string());
        } else {
            self.column_differences(&name, table_id, &before, &after);
        }
        if after.ty != before.ty || before.charset != after.charset || before.collation != after.collation {
            self.demand_type(key, &before, &after);
        }
        if !after.nullable && before.nullable {
            self.demand_not_null(key, &after.name);
        }
        if position.is_some() {
            let to = self.position(key, position, &after.name)?;
            let table = self.table_mut(key)?;
            if at < table.columns.len() {
                let column = table.columns.remove(at);
                table.columns.insert(to.min(table.columns.len()), column);
            }
            if to != at {
                self.change(ChangeOp::ReorderColumn, ObjectRef::column(&name, &after.name), Some(after.id), Some(table_id));
            }
        }
        for constraint in &built.constraints {
            // MODIFY ... PRIMARY KEY adds one; writing REFERENCES here is not taken by the engine.
            if matches!(constraint.kind, TableConstraintKind::ForeignKey { .. })
                || (in_primary && matches!(constraint.kind, TableConstraintKind::PrimaryKey(_)))
            {
                continue;
            }
            let id = self.add_constraint(key, constraint, Some(&after.name))?;
            if let Some(id) = id {
                self.constraint_added(key, id, &[])?;
            }
        }
        Ok(())
    }

    /// Records what differs between two states of a column.
    pub(super) fn column_differences(
        &mut self,
        name: &ObjectName,
        table_id: crate::model::object::ObjectId,
        before: &Column,
        after: &Column,
    ) {
        let text = |o: &Option<String>| o.clone().unwrap_or_default();
        let mut differences: Vec<(ChangeOp, String, String)> = Vec::new();
        if before.ty != after.ty {
            differences.push((ChangeOp::AlterType, before.ty.to_string(), after.ty.to_string()));
        }
        if before.nullable != after.nullable {
            let op = if after.nullable { ChangeOp::DropNotNull } else { ChangeOp::SetNotNull };
            differences.push((op, String::new(), String::new()));
        }
        if before.default != after.default {
            let op = if after.default.is_some() { ChangeOp::SetDefault } else { ChangeOp::DropDefault };
            differences.push((op, text(&before.default), text(&after.default)));
        }
        let generated = |c: &Column| c.generated.as_ref().map(|g| g.expr.clone()).unwrap_or_default();
        if before.generated != after.generated || before.auto_increment != after.auto_increment || before.identity != after.identity {
            differences.push((ChangeOp::AlterGenerated, generated(before), generated(after)));
        }
        if before.collation != after.collation || before.charset != after.charset {
            let words = |c: &Column| format!("{} {}", text(&c.charset), text(&c.collation)).trim().to_string();
            differences.push((ChangeOp::AlterColumn, words(before), words(after)));
        }
        if before.invisible != after.invisible {
            let word = |c: &Column| if c.invisible { "INVISIBLE" } else { "VISIBLE" }.to_string();
            differences.push((ChangeOp::AlterColumn, word(before), word(after)));
        }
        if before.on_update != after.on_update {
            differences.push((ChangeOp::AlterColumn, text(&before.on_update), text(&after.on_update)));
        }
        for (op, was, is) in differences {
            let object = ObjectRef { kind: ObjectKind::Column, ..ObjectRef::column(name, &after.name) };
            let change = self.change(op, object, Some(after.id), Some(table_id));
            change.before = (!was.is_empty()).then_some(was);
            change.after = (!is.is_empty()).then_some(is);
        }
    }
}

/// A column as short SQL.
pub(super) fn describe(column: &Column) -> String {
    let mut text = column.ty.to_string();
    if !column.nullable {
        text.push_str(" NOT NULL");
    }
    if let Some(default) = &column.default {
        text.push_str(&format!(" DEFAULT {default}"));
    }
    if let Some(generated) = &column.generated {
        text.push_str(&format!(" GENERATED ALWAYS AS ({})", generated.expr));
    }
    text
}
