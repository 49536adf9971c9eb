//! ALTER TABLE: the actions that are not about one column, and the order of all.

use super::constraint::{covering_index, describe};
use super::errors::{self, error};
use super::run::{Run, Step, kind_of};
use crate::model::change::ChangeOp;
use crate::model::object::{ObjectKind, ObjectName, ObjectRef};
use crate::model::schema::{ConstraintKind, TableKind};
use crate::sql::ast::ddl::{AlterAction, AlterTable, ConstraintState, DdlObject, TableConstraint, TableConstraintKind};

impl Run<'_> {
    pub(super) fn alter_table(&mut self, alter: &AlterTable) -> Step {
        let found = self.find(&alter.name);
        let (schema, own) = self.split(&alter.name);
        if found.is_none() && matches!(alter.kind, DdlObject::Index | DdlObject::Table) && self.postgres() {
            // ALTER TABLE also renames indexes and sequences.
            if let Some((key, id)) = self.find_index(schema.as_deref(), &own) {
                return alter.actions.iter().try_for_each(|action| match action {
                    AlterAction::RenameTo(to) => self.rename_index(&key, id, &to.last().value),
                    _ => Ok(()),
                });
            }
            if self.schema.find_sequence(schema.as_deref(), &own).is_some() {
                return alter.actions.iter().try_for_each(|action| match action {
                    AlterAction::RenameTo(to) => self.rename_sequence(&alter.name, &to.last().value),
                    _ => Ok(()),
                });
            }
        }
        if found.is_none() && alter.if_exists {
            return Ok(());
        }
        if alter.kind == DdlObject::Index && found.is_none() {
            return if self.schema.complete { Err(errors::undefined_table(self.engine(), &own)) } else { Ok(()) };
        }
        let kind = match alter.kind {
            DdlObject::View => TableKind::View(Default::default()),
            DdlObject::MaterializedView => TableKind::MaterializedView(Default::default()),
            _ => TableKind::Table,
        };
        let mut key = self.relation_key(&alter.name, kind)?;
        self.coming = added_columns(&alter.actions);
        let altered = alter.actions.iter().try_for_each(|action| {
            key = self.alter_action(&key, action, alter.only)?;
            Ok(())
        });
        self.coming.clear();
        altered?;
        if self.mysql() { self.keys_still_there(&key) } else { Ok(()) }
    }

    /// One action; the key under which the table stands after it.
    fn alter_action(&mut self, key: &ObjectName, action: &AlterAction, only: bool) -> Step<ObjectName> {
        let children = if only { Vec::new() } else { self.children(key) };
        self.one_action(key, action).inspect(|_| {
            let recursive = matches!(
                action,
                AlterAction::AddColumn { .. }
                    | AlterAction::DropColumn { .. }
                    | AlterAction::RenameColumn { .. }
                    | AlterAction::AlterColumn { .. }
                    | AlterAction::AddConstraint { .. }
            );
            if recursive {
                for child in children {
                    let from = self.applied.changes.len();
                    // A child may have its own column of that name: it is merged.
                    let _ = self.alter_action(&child, action, false);
                    for change in self.applied.changes.iter_mut().skip(from) {
                        change.cascaded = true;
                    }
                }
            }
        })
    }

    fn one_action(&mut self, key: &ObjectName, action: &AlterAction) -> Step<ObjectName> {
        match action {
            AlterAction::RenameTo(to) => return self.rename_table(key, to),
            AlterAction::SetSchema(schema) => return self.move_table(key, &schema.value),
            AlterAction::AddColumn { column, if_not_exists, position } => {
                self.add_column(key, column, *if_not_exists, position.as_ref())?
            }
            AlterAction::DropColumn { name, if_exists, cascade } => self.drop_column(key, &name.value, *if_exists, *cascade)?,
            AlterAction::AlterColumn { name, op, if_exists } => self.alter_column(key, &name.value, op, *if_exists)?,
            AlterAction::ChangeColumn { old, column, if_exists, position, .. } => {
                self.change_column(key, &old.value, column, *if_exists, position.as_ref())?;
            }
            AlterAction::RenameColumn { from, to, if_exists } => {
                let missing = self.table(key)?.column(self.dialect(), &from.value).is_none() && !self.table(key)?.open;
                if !(*if_exists && missing) {
                    self.rename_column(key, &from.value, &to.value)?;
                }
            }
            AlterAction::AddConstraint { constraint, if_not_exists } => self.add_table_constraint(key, constraint, *if_not_exists)?,
            AlterAction::AddIndex { index, if_not_exists } => {
                let exists = index.name.as_ref().is_some_and(|n| {
                    self.schema.tables.get(key).is_some_and(|t| t.indexes.iter().any(|i| i.name.eq_ignore_ascii_case(&n.value)))
                });
                if !(*if_not_exists && exists) {
                    self.add_index_change(key, index)?;
                }
            }
            AlterAction::DropConstraint { name, if_exists, cascade } => {
                self.drop_constraint(key, &name.value, *if_exists, *cascade, "CONSTRAINT")?
            }
            AlterAction::DropForeignKey { name, if_exists } => self.drop_constraint(key, &name.value, *if_exists, false, "FOREIGN KEY")?,
            AlterAction::DropCheck { name, if_exists } => self.drop_constraint(key, &name.value, *if_exists, false, "CONSTRAINT")?,
            AlterAction::DropIndex { name, if_exists } => self.drop_table_index(key, &name.value, *if_exists)?,
            AlterAction::DropPrimaryKey { if_exists } => {
                if !(*if_exists && self.table(key)?.primary_key().is_none()) {
                    self.drop_table_index(key, "PRIMARY", false)?;
                }
            }
            AlterAction::RenameConstraint { from, to } => self.rename_constraint(key, &from.value, &to.value)?,
            AlterAction::RenameIndex { from, to } => {
                let found = self.table(key)?.indexes.iter().find(|i| i.name.eq_ignore_ascii_case(&from.value)).map(|i| i.id);
                match found {
                    Some(id) => self.rename_index(key, id, &to.value)?,
                    None if self.table(key)?.open => {}
                    None => return Err(error("1176", format!("Key '{}' doesn't exist in table '{}'", from.value, key.name))),
                }
            }
            AlterAction::AlterConstraint { name, state } => self.alter_constraint(key, &name.value, *state)?,
            AlterAction::ValidateConstraint(name) => self.validate_constraint(key, &name.value)?,
            AlterAction::AlterIndex { name, invisible } => {
                let table = self.table_mut(key)?;
                let (own, table_id) = (table.name.clone(), table.id);
                if let Some(index) = table.indexes.iter_mut().find(|i| i.name.eq_ignore_ascii_case(&name.value)) {
                    index.invisible = *invisible;
                    let id = index.id;
                    self.change(ChangeOp::AlterIndex, ObjectRef::part(ObjectKind::Index, &own, &name.value), Some(id), Some(table_id));
                }
            }
            AlterAction::OwnerTo(owner) => {
                self.table_mut(key)?.owner = Some(owner.value.clone());
                self.table_change(key, ChangeOp::AlterTable, "owner".into())?;
            }
            AlterAction::Inherit(parent) => {
                let parent = self.table_key(parent)?;
                let name = self.table(&parent)?.name.clone();
                self.table_mut(key)?.inherits.push(name.clone());
                self.table_change(key, ChangeOp::Partition, format!("INHERIT {}", name.name))?;
            }
            AlterAction::NoInherit(parent) => {
                let parent = self.table_key(parent)?;
                let name = self.table(&parent)?.name.clone();
                self.table_mut(key)?.inherits.retain(|p| *p != name);
                self.table_change(key, ChangeOp::Partition, format!("NO INHERIT {}", name.name))?;
            }
            AlterAction::AttachPartition { name, bound } => {
                let parent = self.table(key)?.name.clone();
                let partition = self.table_key(name)?;
                if let Some(other) = self.overlapping(key, bound) {
                    return Err(error("42P17", format!("partition \"{}\" would overlap partition \"{other}\"", partition.name)));
                }
                self.demand_bound(key, &partition, bound);
                self.table_mut(&partition)?.partition_of = Some((parent, bound.clone()));
                self.table_change(key, ChangeOp::Partition, format!("ATTACH PARTITION {}", partition.name))?;
            }
            AlterAction::DetachPartition { name, concurrently } => {
                if *concurrently && self.in_transaction && !self.options.lenient {
                    return Err(error("25001", "ALTER TABLE ... DETACH CONCURRENTLY cannot run inside a transaction block"));
                }
                let partition = self.table_key(name)?;
                self.table_mut(&partition)?.partition_of = None;
                self.table_change(key, ChangeOp::Partition, format!("DETACH PARTITION {}", partition.name))?;
            }
            AlterAction::Partition(text) => {
                let table = self.table_mut(key)?;
                let lowered = text.to_lowercase();
                if lowered.starts_with("partition by") {
                    table.partition_by = Some(text.clone());
                } else if lowered.starts_with("remove") {
                    table.partition_by = None;
                } else if let Some(by) = table.partition_by.take() {
                    // The list of partitions is part of the text; what is done to it is appended.
                    table.partition_by = Some(super::schema_object::partitions_after(&by, text));
                }
                self.table_change(key, ChangeOp::Partition, text.clone())?;
            }
            AlterAction::RowSecurity(on) => {
                self.table_mut(key)?.row_security = *on;
                self.table_change(key, ChangeOp::RowSecurity, format!("{} ROW LEVEL SECURITY", if *on { "ENABLE" } else { "DISABLE" }))?;
            }
            AlterAction::ForceRowSecurity(on) => {
                self.table_mut(key)?.force_row_security = *on;
                self.table_change(key, ChangeOp::RowSecurity, format!("{} ROW LEVEL SECURITY", if *on { "FORCE" } else { "NO FORCE" }))?;
            }
            AlterAction::Trigger { name, enable } => {
                let table = self.table_mut(key)?;
                let mut found = Vec::new();
                for trigger in table.triggers.iter_mut().filter(|t| name.as_ref().is_none_or(|n| n.value == t.name)) {
                    trigger.disabled = !enable;
                    found.push((trigger.id, trigger.name.clone()));
                }
                let (own, table_id, open) = (table.name.clone(), table.id, table.open);
                if let Some(name) = name.as_ref().filter(|_| found.is_empty() && !open) {
                    return Err(error("42704", format!("trigger \"{}\" for table \"{}\" does not exist", name.value, own.name)));
                }
                for (id, name) in found {
                    self.change(ChangeOp::AlterTrigger, ObjectRef::part(ObjectKind::Trigger, &own, &name), Some(id), Some(table_id));
                }
            }
            AlterAction::ConvertCharset { charset, collation } => self.convert_charset(key, charset, collation.as_deref())?,
            AlterAction::Options(options) => {
                let table = self.table_mut(key)?;
                let words: Vec<String> = options.iter().map(|(k, v)| format!("{k}={v}")).collect();
                for (option, value) in options {
                    if option == "security_invoker"
                        && let TableKind::View(view) = &mut table.kind
                    {
                        view.invoker = !matches!(value.as_str(), "false" | "off" | "0" | "no");
                    }
                    table.options.insert(option.clone(), value.clone());
                }
                self.table_change(key, ChangeOp::AlterTable, words.join(", "))?;
            }
            AlterAction::Ignored(words) => self.table_change(key, ChangeOp::AlterTable, words.clone())?,
        }
        Ok(key.clone())
    }

    /// Records a change of a whole table.
    fn table_change(&mut self, key: &ObjectName, op: ChangeOp, after: String) -> Step {
        let table = self.table(key)?;
        let (name, id, kind) = (table.name.clone(), table.id, kind_of(table));
        self.change(op, ObjectRef::table(kind, &name), Some(id), Some(id)).after = Some(after);
        Ok(())
    }

    /// Partitions and inheritance children.
    pub(super) fn children(&self, key: &ObjectName) -> Vec<ObjectName> {
        let Some(parent) = self.schema.tables.get(key) else { return Vec::new() };
        if !self.postgres() {
            return Vec::new();
        }
        let is_child = |t: &crate::model::schema::Table| {
            t.inherits.contains(&parent.name) || t.partition_of.as_ref().is_some_and(|(p, _)| *p == parent.name)
        };
        self.schema.tables.iter().filter(|(_, t)| is_child(t)).map(|(k, _)| k.clone()).collect()
    }

    fn add_table_constraint(&mut self, key: &ObjectName, def: &TableConstraint, if_not_exists: bool) -> Step {
        if if_not_exists
            && def
                .name
                .as_ref()
                .is_some_and(|n| self.schema.tables.get(key).is_some_and(|t| t.constraints.iter().any(|c| c.name == n.value)))
        {
            return Ok(());
        }
        let before: Vec<String> = self.table(key)?.columns.iter().filter(|c| c.nullable).map(|c| c.name.clone()).collect();
        if let Some(name) = def.name.as_ref().filter(|_| self.sqlite()) {
            self.check_constraint_name(key, &name.value, &def.kind)?;
        }
        let Some(id) = self.add_constraint(key, def, None)? else { return Ok(()) };
        if let TableConstraintKind::UsingIndex { primary: false, .. } = &def.kind {
            // The index has been proving it all along.
            let marks = (self.applied.data_dependent, self.applied.conditions.len());
            self.constraint_added(key, id, &before)?;
            self.applied.data_dependent = marks.0;
            self.applied.conditions.truncate(marks.1);
            return Ok(());
        }
        self.constraint_added(key, id, &before)
    }

    /// Records a new constraint on an existing table, and what it demands of stored rows. `nullable`: the
    /// columns that took NULL before.
    pub(super) fn constraint_added(&mut self, key: &ObjectName, id: crate::model::object::ObjectId, nullable: &[String]) -> Step {
        let table = self.table(key)?;
        let (name, table_id) = (table.name.clone(), table.id);
        let Some(constraint) = table.constraints.iter().find(|c| c.id == id).cloned() else { return Ok(()) };
        let now_not_null: Vec<(crate::model::object::ObjectId, String)> =
            table.columns.iter().filter(|c| !c.nullable && nullable.contains(&c.name)).map(|c| (c.id, c.name.clone())).collect();
        let change = self.change(
            ChangeOp::AddConstraint,
            ObjectRef::part(ObjectKind::Constraint, &name, &constraint.name),
            Some(id),
            Some(table_id),
        );
        change.after = Some(describe(&constraint.kind));
        for (column_id, column) in now_not_null {
            let change = self.change(ChangeOp::SetNotNull, ObjectRef::column(&name, &column), Some(column_id), Some(table_id));
            change.cascaded = true;
            self.demand_not_null(key, &column);
        }
        if !constraint.not_valid && !constraint.not_enforced {
            self.demand_constraint(key, &constraint);
        }
        Ok(())
    }

    fn drop_constraint(&mut self, key: &ObjectName, name: &str, if_exists: bool, cascade: bool, what: &str) -> Step {
        let table = self.table(key)?;
        let dialect = self.dialect();
        let found = table.constraints.iter().find(|c| dialect.same_column(&c.name, name) || (name.is_empty() && c.name.is_empty()));
        // PostgreSQL 18 names NOT NULL constraints; nothing keeps their names here.
        let not_null = || name.ends_with("_not_null");
        let Some(constraint) = found.cloned() else {
            if if_exists || table.open || (self.postgres() && not_null()) {
                return Ok(());
            }
            return Err(errors::undefined_part_in_drop(dialect.engine, what, &table.name.name, name));
        };
        if what == "FOREIGN KEY" && !matches!(constraint.kind, ConstraintKind::ForeignKey { .. }) {
            return Err(errors::undefined_part_in_drop(dialect.engine, what, &table.name.name, name));
        }
        if self.sqlite() && !matches!(constraint.kind, ConstraintKind::Check { .. }) {
            return Err(errors::error("SQLITE_ERROR", format!("constraint may not be dropped: {name}")));
        }
        let own = table.name.clone();
        if self.postgres()
            && let ConstraintKind::PrimaryKey { columns } | ConstraintKind::Unique { columns, .. } = &constraint.kind
        {
            let alternatives = table.indexes.iter().any(|i| {
                i.unique
                    && i.constraint != Some(constraint.id)
                    && i.keys.len() == columns.len()
                    && i.keys.iter().all(|k| k.column.as_ref().is_some_and(|c| columns.contains(c)))
            });
            let dependents = if alternatives { Vec::new() } else { self.foreign_keys_on(&own, columns) };
            if !dependents.is_empty() && !cascade {
                return Err(errors::dependents(&format!("constraint {} on table {}", constraint.name, own.name)));
            }
            for (owner, id, _) in dependents {
                self.remove_constraint(&owner, id, true)?;
            }
        }
        self.remove_constraint(key, constraint.id, false)
    }

    /// MySQL's DROP INDEX and DROP PRIMARY KEY.
    fn drop_table_index(&mut self, key: &ObjectName, name: &str, if_exists: bool) -> Step {
        let table = self.table(key)?;
        let found = table.indexes.iter().find(|i| i.name.eq_ignore_ascii_case(name)).map(|i| i.id);
        match found {
            Some(id) => self.drop_mysql_index(key, id),
            None if if_exists || table.open => Ok(()),
            None => Err(errors::undefined_part_in_drop(self.engine(), "INDEX", &table.name.name, name)),
        }
    }

    /// Drops an index of the MySQL family; the constraint that it stands for is what changes.
    pub(super) fn drop_mysql_index(&mut self, key: &ObjectName, id: crate::model::object::ObjectId) -> Step {
        let table = self.table(key)?;
        let index = table.indexes.iter().find(|i| i.id == id);
        match index.and_then(|i| i.constraint) {
            Some(constraint) => self.remove_constraint(key, constraint, false),
            None => self.remove_index(key, id, false),
        }
    }

    /// After all actions: InnoDB needs an index for each foreign key and a key for AUTO_INCREMENT.
    pub(super) fn keys_still_there(&self, key: &ObjectName) -> Step {
        let Some(table) = self.schema.tables.get(key) else { return Ok(()) };
        let dialect = self.dialect();
        if table.open || self.options.lenient {
            return Ok(());
        }
        for constraint in &table.constraints {
            if let ConstraintKind::ForeignKey { columns, .. } = &constraint.kind
                && covering_index(table, columns, dialect).is_none()
                && self.settings.foreign_keys
            {
                let name = self.last_dropped_index().unwrap_or_else(|| constraint.name.clone());
                return Err(error("1553", format!("Cannot drop index '{name}': needed in a foreign key constraint")));
            }
        }
        let auto = table.columns.iter().find(|c| c.auto_increment);
        if let Some(column) = auto
            && covering_index(table, std::slice::from_ref(&column.name), dialect).is_none()
        {
            return Err(error("1075", "Incorrect table definition; there can be only one auto column and it must be defined as a key"));
        }
        Ok(())
    }

    fn last_dropped_index(&self) -> Option<String> {
        let drops = self.applied.changes.iter().rev();
        let mut drops = drops.filter(|c| matches!(c.op, ChangeOp::DropIndex | ChangeOp::DropConstraint) && c.line == self.line);
        drops.next().and_then(|c| c.object.name.clone())
    }

    fn alter_constraint(&mut self, key: &ObjectName, name: &str, state: ConstraintState) -> Step {
        let table = self.table_mut(key)?;
        let (own, table_id, open) = (table.name.clone(), table.id, table.open);
        let Some(constraint) = table.constraints.iter_mut().find(|c| c.name == name) else {
            if open {
                return Ok(());
            }
            return Err(errors::undefined_part_in_drop(self.engine(), "CONSTRAINT", &own.name, name));
        };
        constraint.deferrable = state.deferrable.unwrap_or(constraint.deferrable);
        constraint.deferred = state.deferred.unwrap_or(constraint.deferred);
        let enforced_now = constraint.not_enforced && state.enforced == Some(true);
        if let Some(enforced) = state.enforced {
            constraint.not_enforced = !enforced;
        }
        let constraint = constraint.clone();
        self.change(ChangeOp::AlterConstraint, ObjectRef::part(ObjectKind::Constraint, &own, name), Some(constraint.id), Some(table_id));
        if enforced_now {
            self.demand_constraint(key, &constraint);
        }
        Ok(())
    }

    fn validate_constraint(&mut self, key: &ObjectName, name: &str) -> Step {
        let table = self.table_mut(key)?;
        let (own, table_id, open) = (table.name.clone(), table.id, table.open);
        let Some(constraint) = table.constraints.iter_mut().find(|c| c.name == name) else {
            if open || name.ends_with("_not_null") {
                return Ok(());
            }
            return Err(errors::undefined_part_in_drop(self.engine(), "CONSTRAINT", &own.name, name));
        };
        let was = std::mem::replace(&mut constraint.not_valid, false);
        let constraint = constraint.clone();
        let change = self.change(
            ChangeOp::AlterConstraint,
            ObjectRef::part(ObjectKind::Constraint, &own, name),
            Some(constraint.id),
            Some(table_id),
        );
        change.after = Some("VALIDATE".into());
        if was {
            self.demand_constraint(key, &constraint);
        }
        Ok(())
    }

    fn convert_charset(&mut self, key: &ObjectName, charset: &str, collation: Option<&str>) -> Step {
        let table = self.table_mut(key)?;
        let (own, table_id) = (table.name.clone(), table.id);
        table.options.insert("charset".into(), charset.to_string());
        let mut changed = Vec::new();
        for column in &mut table.columns {
            let textual =
                matches!(column.ty.name.as_str(), "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" | "enum" | "set");
            if textual {
                let before = column.charset.replace(charset.to_string());
                column.collation = collation.map(str::to_string);
                changed.push((column.id, column.name.clone(), before));
            }
        }
        for (id, column, before) in changed {
            let change = self.change(ChangeOp::AlterColumn, ObjectRef::column(&own, &column), Some(id), Some(table_id));
            change.before = before;
            change.after = Some(format!("CHARACTER SET {charset}"));
        }
        self.table_change(key, ChangeOp::AlterTable, format!("CONVERT TO CHARACTER SET {charset}"))
    }
}

/// Names that columns have after the actions and may not have had before.
fn added_columns(actions: &[AlterAction]) -> Vec<String> {
    let added = actions.iter().filter_map(|action| match action {
        AlterAction::AddColumn { column, .. } | AlterAction::ChangeColumn { column, .. } => Some(column.name.value.clone()),
        AlterAction::RenameColumn { to, .. } => Some(to.value.clone()),
        _ => None,
    });
    added.collect()
}
