//! DROP of anything.

use super::errors::{self, error};
use super::run::{Run, Step, written};
use crate::model::change::ChangeOp;
use crate::model::object::{ObjectId, ObjectKind, ObjectName, ObjectRef};
use crate::model::schema::{ConstraintKind, TableKind};
use crate::sql::ast::Name;
use crate::sql::ast::ddl::{DdlObject, DropObjects, Signature};

impl Run<'_> {
    pub(super) fn drop_objects(&mut self, drop: &DropObjects) -> Step {
        if drop.concurrently && self.in_transaction && !self.options.lenient {
            return Err(error("25001", "DROP INDEX CONCURRENTLY cannot run inside a transaction block"));
        }
        let tables = matches!(drop.kind, DdlObject::Table | DdlObject::View | DdlObject::MaterializedView | DdlObject::ForeignTable);
        if tables {
            return self.drop_relations(drop);
        }
        for target in &drop.targets {
            self.drop_one(drop, target)?;
        }
        Ok(())
    }

    fn drop_one(&mut self, drop: &DropObjects, target: &Signature) -> Step {
        let name = &target.name;
        match drop.kind {
            DdlObject::Index => self.drop_index(drop, name),
            DdlObject::Sequence => self.drop_sequence(name, drop.if_exists, drop.cascade),
            DdlObject::Type | DdlObject::Domain => self.drop_type(name, drop.if_exists, drop.cascade, drop.kind == DdlObject::Domain),
            DdlObject::Function | DdlObject::Procedure | DdlObject::Routine | DdlObject::Aggregate => {
                self.drop_function(drop.kind, target, drop.if_exists, drop.cascade)
            }
            DdlObject::Trigger => self.drop_trigger(name, drop.table.as_ref(), drop.if_exists),
            DdlObject::Policy => self.drop_policy(name, drop.table.as_ref(), drop.if_exists),
            DdlObject::Schema | DdlObject::Database => {
                self.drop_schema(&name.last().value, drop.if_exists, drop.cascade || self.mysql(), drop.kind == DdlObject::Database)
            }
            DdlObject::Extension => self.drop_extension(&name.last().value, drop.if_exists),
            DdlObject::Role => self.drop_role(&name.last().value),
            _ => {
                let object = ObjectRef { kind: ObjectKind::Other, schema: None, table: None, column: None, name: Some(written(name)) };
                self.change(ChangeOp::Other, object, None, None).before = Some(format!("{:?}", drop.kind).to_lowercase());
                Ok(())
            }
        }
    }

    fn drop_relations(&mut self, drop: &DropObjects) -> Step {
        let what = match drop.kind {
            DdlObject::View => "view",
            DdlObject::MaterializedView => "materialized view",
            DdlObject::ForeignTable => "foreign table",
            _ => "table",
        };
        let mut keys: Vec<ObjectName> = Vec::new();
        let mut missing: Vec<String> = Vec::new();
        for target in &drop.targets {
            let kind = match drop.kind {
                DdlObject::View => TableKind::View(Default::default()),
                DdlObject::MaterializedView => TableKind::MaterializedView(Default::default()),
                _ => TableKind::Table,
            };
            let key = match self.find(&target.name) {
                Some(key) => key,
                None if self.schema.complete || drop.if_exists => {
                    // An open schema may hold it all the same, but then nothing tells what it was.
                    if !drop.if_exists {
                        missing.push(written(&target.name));
                    } else if !self.schema.complete {
                        keys.push(self.relation_key(&target.name, kind)?);
                    }
                    continue;
                }
                None => self.relation_key(&target.name, kind)?,
            };
            let table = self.table(&key)?;
            let right = match (&table.kind, drop.kind) {
                (TableKind::View(_), DdlObject::View) | (TableKind::MaterializedView(_), DdlObject::MaterializedView) => true,
                (TableKind::Foreign, DdlObject::ForeignTable) => true,
                (TableKind::Table | TableKind::Virtual(_), DdlObject::Table) => true,
                _ => table.open,
            };
            if !right {
                let own = table.name.name.clone();
                let is_view = table.view().is_some();
                return Err(match self.engine() {
                    crate::model::dialect::Engine::Postgres => error("42809", format!("\"{own}\" is not a {what}")),
                    crate::model::dialect::Engine::Sqlite if is_view => {
                        error("SQLITE_ERROR", format!("use DROP VIEW to delete view {own}"))
                    }
                    crate::model::dialect::Engine::Sqlite => error("SQLITE_ERROR", format!("use DROP TABLE to delete table {own}")),
                    _ if is_view => error("1965", format!("'{own}' is a view")),
                    _ => error("1347", format!("'{own}' is not of type 'VIEW'")),
                });
            }
            keys.push(key);
        }
        // The MySQL family drops what exists and then reports the rest; PostgreSQL looks first.
        if !missing.is_empty() && !self.mysql() {
            return Err(errors::undefined_in_drop(self.engine(), what, &missing[0]));
        }
        self.check_relations(&keys, drop.cascade, what)?;
        for key in &keys {
            if self.schema.tables.contains_key(key) {
                self.drop_relation(key, drop.cascade, false)?;
            }
        }
        match missing.first() {
            Some(_) => Err(errors::undefined_in_drop(self.engine(), what, &missing.join(","))),
            None => Ok(()),
        }
    }

    /// Whether these relations can be dropped together.
    fn check_relations(&mut self, keys: &[ObjectName], cascade: bool, what: &str) -> Step {
        for key in keys {
            let own = self.table(key)?.name.name.clone();
            if self.postgres() && !cascade {
                let dependents = self.dependents_of_table(key);
                let other = dependents.iter().any(|d| match d {
                    super::depend::Dependent::View(k)
                    | super::depend::Dependent::Child(k)
                    | super::depend::Dependent::Constraint(k, _)
                    | super::depend::Dependent::Column(k, _) => !keys.contains(k),
                    _ => true,
                });
                if other {
                    return Err(errors::dependents(&format!("{what} {own}")));
                }
            }
            if self.settings.foreign_keys && !self.postgres() {
                let name = self.table(key)?.name.clone();
                let referencing = self.schema.tables.iter().find(|(owner, t)| {
                    !keys.contains(owner)
                        && t.constraints.iter().any(|c| matches!(&c.kind, ConstraintKind::ForeignKey { table, .. } if *table == name))
                });
                if let Some((_, owner)) = referencing {
                    if self.mysql() {
                        return Err(match self.engine() {
                            crate::model::dialect::Engine::MySql => error(
                                "3730",
                                format!("Cannot drop table '{own}' referenced by a foreign key constraint on table '{}'.", owner.name.name),
                            ),
                            _ => error("1451", "Cannot delete or update a parent row: a foreign key constraint fails"),
                        });
                    }
                    // SQLite deletes the rows first: that fails if one is referenced.
                    let message = format!("rows of {} still refer to {own}", owner.name);
                    let query = format!("SELECT * FROM {}", self.shown(&owner.name.clone()));
                    self.condition(message, query);
                }
            }
        }
        Ok(())
    }

    /// Drops a table or view with what belongs to it; with `cascade`, what depends on it.
    pub(super) fn drop_relation(&mut self, key: &ObjectName, cascade: bool, cascaded: bool) -> Step {
        if self.postgres() && self.schema.tables.contains_key(key) {
            let children: Vec<ObjectName> =
                self.children(key).into_iter().filter(|c| self.schema.tables.get(c).is_some_and(|t| t.partition_of.is_some())).collect();
            for child in children {
                self.drop_relation(&child, cascade, true)?;
            }
            if cascade {
                let dependents = self.dependents_of_table(key);
                self.drop_dependents(dependents)?;
            }
        }
        let Some(table) = self.schema.tables.remove(key) else { return Ok(()) };
        self.schema.sequences.retain(|_, s| s.owned_by.as_ref().is_none_or(|(t, _)| *t != table.name));
        self.schema.grants.retain(|g| g.on != "table" || g.object != table.name);
        let (kind, op) = match table.view() {
            Some(_) => (ObjectKind::View, ChangeOp::DropView),
            None => (ObjectKind::Table, ChangeOp::DropTable),
        };
        self.change(op, ObjectRef::table(kind, &table.name), Some(table.id), Some(table.id)).cascaded = cascaded;
        Ok(())
    }

    fn drop_index(&mut self, drop: &DropObjects, name: &Name) -> Step {
        let (schema, own) = self.split(name);
        let found = match &drop.table {
            Some(table) => {
                let key = self.table_key(table)?;
                let table = self.table(&key)?;
                if table.open && !table.indexes.iter().any(|i| i.name.eq_ignore_ascii_case(&own)) {
                    return Ok(());
                }
                table.indexes.iter().find(|i| i.name.eq_ignore_ascii_case(&own)).map(|i| (key.clone(), i.id))
            }
            None => self.find_index(schema.as_deref(), &own),
        };
        let Some((key, id)) = found else {
            if drop.if_exists || !self.schema.complete {
                return Ok(());
            }
            return Err(match self.engine() {
                crate::model::dialect::Engine::Sqlite => error("SQLITE_ERROR", format!("no such index: {own}")),
                engine => errors::undefined_in_drop(engine, "index", &own),
            });
        };
        let constraint = self.table(&key)?.indexes.iter().find(|i| i.id == id).and_then(|i| i.constraint);
        if let (Some(constraint), true) = (constraint, self.postgres()) {
            // A constraint needs its index; CASCADE takes the constraint.
            if !drop.cascade {
                return Err(error("2BP01", format!("cannot drop index {own} because constraint {own} on table {} requires it", key.name)));
            }
            return self.remove_constraint(&key, constraint, true);
        }
        if constraint.is_some() && self.sqlite() {
            return Err(error("SQLITE_ERROR", "index associated with UNIQUE or PRIMARY KEY constraint cannot be dropped"));
        }
        if self.mysql() {
            self.drop_mysql_index(&key, id)?;
            return self.keys_still_there(&key);
        }
        self.remove_index(&key, id, false)
    }

    fn drop_sequence(&mut self, name: &Name, if_exists: bool, cascade: bool) -> Step {
        let (schema, own) = self.split(name);
        let Some(found) = self.schema.find_sequence(schema.as_deref(), &own).cloned() else {
            if if_exists || !self.schema.complete {
                return Ok(());
            }
            return Err(errors::undefined_in_drop(self.engine(), "sequence", &own));
        };
        let mut dependents = Vec::new();
        for (key, table) in &self.schema.tables {
            for column in &table.columns {
                let reads =
                    column.default.as_deref().is_some_and(|d| d.contains(&format!("'{own}'")) || d.contains(&format!("'{}'", found.name)));
                if reads {
                    dependents.push(super::depend::Dependent::Default(key.clone(), column.name.clone()));
                }
            }
        }
        if self.postgres() {
            self.refuse_or_drop(dependents, cascade, &format!("sequence {own}"))?;
        }
        self.schema.sequences.remove(&found.name);
        self.change(ChangeOp::DropSequence, ObjectRef::named(ObjectKind::Sequence, &found.name), Some(found.id), None);
        Ok(())
    }

    fn drop_type(&mut self, name: &Name, if_exists: bool, cascade: bool, domain: bool) -> Step {
        let what = if domain { "domain" } else { "type" };
        let (schema, own) = self.split(name);
        let Some(found) = self.schema.find_type(schema.as_deref(), &own).cloned() else {
            if if_exists || !self.schema.complete {
                return Ok(());
            }
            return Err(errors::undefined_in_drop(self.engine(), "type", &own));
        };
        let dependents = self.dependents_of_type(&found.name, found.id);
        self.refuse_or_drop(dependents, cascade, &format!("{what} {own}"))?;
        self.schema.types.remove(&found.name);
        self.change(ChangeOp::DropType, ObjectRef::named(ObjectKind::Type, &found.name), Some(found.id), None);
        Ok(())
    }

    fn drop_trigger(&mut self, name: &Name, table: Option<&Name>, if_exists: bool) -> Step {
        let (_, own) = self.split(name);
        let dialect = self.dialect();
        let keys: Vec<ObjectName> = match table {
            Some(table) => match self.find(table) {
                Some(key) => vec![key],
                None if if_exists => return Ok(()),
                None => vec![self.table_key(table)?],
            },
            None => self.schema.tables.keys().cloned().collect(),
        };
        let mut open = !self.schema.complete;
        for key in keys {
            let Some(table) = self.schema.tables.get(&key) else { continue };
            open |= table.open;
            if let Some(id) = table.triggers.iter().find(|t| dialect.same_table(&t.name, &own)).map(|t| t.id) {
                self.remove_trigger(&key, id, false);
                return Ok(());
            }
        }
        if if_exists || open {
            return Ok(());
        }
        Err(match (self.postgres(), table) {
            (true, Some(table)) => error("42704", format!("trigger \"{own}\" for table \"{}\" does not exist", written(table))),
            _ => errors::undefined_in_drop(self.engine(), "trigger", &own),
        })
    }

    /// Removes a trigger, with a change.
    pub(super) fn remove_trigger(&mut self, key: &ObjectName, id: ObjectId, cascaded: bool) {
        let Some(table) = self.schema.tables.get_mut(key) else { return };
        let (name, table_id) = (table.name.clone(), table.id);
        if let Some(at) = table.triggers.iter().position(|t| t.id == id) {
            let trigger = table.triggers.remove(at);
            let object = ObjectRef::part(ObjectKind::Trigger, &name, &trigger.name);
            self.change(ChangeOp::DropTrigger, object, Some(id), Some(table_id)).cascaded = cascaded;
        }
    }
}
