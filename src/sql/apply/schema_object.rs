//! Schemas, databases, extensions, sequences, and renames of objects that are no tables.

use super::errors::{self, error};
use super::names;
use super::run::{Run, Step, written};
use crate::model::change::ChangeOp;
use crate::model::object::{ObjectKind, ObjectName, ObjectRef};
use crate::model::schema::Sequence;
use crate::sql::ast::ddl::{DdlObject, Signature};
use crate::sql::ast::{Ident, Name};

fn schema_ref(name: &str) -> ObjectRef {
    ObjectRef { kind: ObjectKind::Schema, schema: None, table: None, column: None, name: Some(name.to_string()) }
}

impl Run<'_> {
    pub(super) fn create_schema(&mut self, name: &str, if_not_exists: bool, database: bool) -> Step {
        if database && self.postgres() {
            // Another database: nothing of this one changes.
            return Ok(());
        }
        if self.schema.schemas.iter().any(|s| s == name) {
            if if_not_exists || (self.options.lenient && name == "public") || !self.schema.complete {
                return Ok(());
            }
            return Err(errors::duplicate_object(self.engine(), "schema", name));
        }
        if self.mysql() && self.settings.current_database.as_deref() == Some(name) {
            return Ok(());
        }
        self.schema.schemas.push(name.to_string());
        self.change(ChangeOp::CreateSchema, schema_ref(name), None, None);
        Ok(())
    }

    pub(super) fn drop_schema(&mut self, name: &str, if_exists: bool, cascade: bool, database: bool) -> Step {
        if database && self.postgres() {
            return Ok(());
        }
        if !self.schema.schemas.iter().any(|s| s == name) {
            if if_exists || !self.schema.complete {
                return Ok(());
            }
            return Err(errors::undefined_in_drop(self.engine(), "schema", name));
        }
        let tables: Vec<ObjectName> = self.schema.tables.keys().filter(|k| k.schema == name).cloned().collect();
        let types: Vec<ObjectName> = self.schema.types.keys().filter(|k| k.schema == name).cloned().collect();
        let functions: Vec<_> = self.schema.functions.iter().filter(|f| f.name.schema == name).map(|f| f.id).collect();
        let sequences: Vec<ObjectName> = self.schema.sequences.keys().filter(|k| k.schema == name).cloned().collect();
        let empty = tables.is_empty() && types.is_empty() && functions.is_empty() && sequences.is_empty();
        if !empty && !cascade {
            return Err(errors::dependents(&format!("schema {name}")));
        }
        for key in tables {
            self.drop_relation(&key, true, true)?;
        }
        for id in functions {
            self.remove_function(id, true)?;
        }
        for key in types {
            if let Some(user) = self.schema.types.get(&key).cloned() {
                let dependents = self.dependents_of_type(&key, user.id);
                self.drop_dependents(dependents)?;
                self.schema.types.remove(&key);
                self.change(ChangeOp::DropType, ObjectRef::named(ObjectKind::Type, &key), Some(user.id), None).cascaded = true;
            }
        }
        for key in sequences {
            self.schema.sequences.remove(&key);
        }
        self.schema.schemas.retain(|s| s != name);
        self.change(ChangeOp::DropSchema, schema_ref(name), None, None);
        Ok(())
    }

    fn rename_schema(&mut self, from: &str, to: &str) -> Step {
        if !self.schema.schemas.iter().any(|s| s == from) && self.schema.complete {
            return Err(errors::undefined_in_drop(self.engine(), "schema", from));
        }
        if self.schema.schemas.iter().any(|s| s == to) {
            return Err(errors::duplicate_object(self.engine(), "schema", to));
        }
        let rename = |n: &mut ObjectName| {
            if n.schema == from {
                n.schema = to.to_string();
            }
        };
        // Views name the objects of the schema with it, if the search path does not find them.
        let mut views = Vec::new();
        for (key, table) in &self.schema.tables {
            if let Some(view) = table.view() {
                views.push((key.clone(), qualifier_renamed(&view.query, from, to, self.dialect())));
            }
        }
        for (key, text) in views {
            use crate::model::schema::TableKind;
            if let Some(TableKind::View(view) | TableKind::MaterializedView(view)) = self.schema.tables.get_mut(&key).map(|t| &mut t.kind) {
                view.query = text;
            }
        }
        let tables = std::mem::take(&mut self.schema.tables);
        for (mut key, mut table) in tables {
            rename(&mut key);
            rename(&mut table.name);
            table.inherits.iter_mut().for_each(rename);
            table.partition_of.iter_mut().for_each(|(p, _)| rename(p));
            table.triggers.iter_mut().filter_map(|t| t.function.as_mut()).for_each(rename);
            table.columns.iter_mut().filter_map(|c| c.ty.user.as_mut()).for_each(rename);
            for constraint in &mut table.constraints {
                if let crate::model::schema::ConstraintKind::ForeignKey { table, .. } = &mut constraint.kind {
                    rename(table);
                }
            }
            self.schema.tables.insert(key, table);
        }
        for (mut key, mut user) in std::mem::take(&mut self.schema.types) {
            rename(&mut key);
            rename(&mut user.name);
            self.schema.types.insert(key, user);
        }
        for (mut key, mut sequence) in std::mem::take(&mut self.schema.sequences) {
            rename(&mut key);
            rename(&mut sequence.name);
            sequence.owned_by.iter_mut().for_each(|(t, _)| rename(t));
            self.schema.sequences.insert(key, sequence);
        }
        self.schema.functions.iter_mut().for_each(|f| rename(&mut f.name));
        self.schema.grants.iter_mut().for_each(|g| {
            rename(&mut g.object);
            if g.on == "schema" && g.object.name == from {
                g.object.name = to.to_string();
            }
        });
        self.schema.schemas.iter_mut().filter(|s| *s == from).for_each(|s| *s = to.to_string());
        self.change(ChangeOp::RenameSchema, schema_ref(from), None, None).new_name = Some(ObjectName::new("", to));
        Ok(())
    }

    pub(super) fn create_extension(&mut self, name: &str, if_not_exists: bool, schema: Option<&str>) -> Step {
        if self.schema.extensions.iter().any(|e| e == name) {
            if if_not_exists || self.options.lenient {
                return Ok(());
            }
            return Err(errors::duplicate_object(self.engine(), "extension", name));
        }
        let _ = schema;
        self.schema.extensions.push(name.to_string());
        let object = ObjectRef { kind: ObjectKind::Extension, schema: None, table: None, column: None, name: Some(name.to_string()) };
        self.change(ChangeOp::CreateExtension, object, None, None);
        Ok(())
    }

    pub(super) fn drop_extension(&mut self, name: &str, if_exists: bool) -> Step {
        if !self.schema.extensions.iter().any(|e| e == name) && !if_exists && self.schema.complete {
            return Err(errors::undefined_in_drop(self.engine(), "extension", name));
        }
        self.schema.extensions.retain(|e| e != name);
        let object = ObjectRef { kind: ObjectKind::Extension, schema: None, table: None, column: None, name: Some(name.to_string()) };
        self.change(ChangeOp::DropExtension, object, None, None);
        Ok(())
    }

    pub(super) fn create_sequence(&mut self, name: &Name, if_not_exists: bool, or_replace: bool, owned_by: Option<&Name>) -> Step {
        let name = self.new_name(name)?;
        if names::relation_exists(self.schema, &name.schema, &name.name) {
            if if_not_exists || (or_replace && self.schema.sequences.contains_key(&name)) {
                return Ok(());
            }
            return Err(errors::duplicate_table(self.engine(), &name.name));
        }
        let owned_by = owned_by.and_then(|o| self.owner_column(o));
        let id = self.schema.new_id();
        self.schema.sequences.insert(name.clone(), Sequence { id, name: name.clone(), owned_by });
        self.change(ChangeOp::CreateSequence, ObjectRef::named(ObjectKind::Sequence, &name), Some(id), None);
        Ok(())
    }

    /// `table.column` of OWNED BY.
    fn owner_column(&self, name: &Name) -> Option<(ObjectName, String)> {
        let mut table = name.clone();
        let column = table.parts.pop()?;
        if table.parts.is_empty() {
            return None;
        }
        let key = self.find(&table)?;
        Some((self.schema.tables.get(&key)?.name.clone(), column.value))
    }

    pub(super) fn alter_sequence(&mut self, name: &Name, if_exists: bool, owned_by: Option<&Option<Name>>) -> Step {
        let (schema, own) = self.split(name);
        let Some(found) = self.schema.find_sequence(schema.as_deref(), &own).map(|s| s.name.clone()) else {
            if if_exists || !self.schema.complete {
                return Ok(());
            }
            return Err(errors::undefined_table(self.engine(), &own));
        };
        let owner = owned_by.map(|o| o.as_ref().and_then(|o| self.owner_column(o)));
        let Some(sequence) = self.schema.sequences.get_mut(&found) else { return Ok(()) };
        if let Some(owner) = owner {
            sequence.owned_by = owner;
        }
        let id = sequence.id;
        self.change(ChangeOp::AlterSequence, ObjectRef::named(ObjectKind::Sequence, &found), Some(id), None);
        Ok(())
    }

    /// `ALTER kind name RENAME TO new`.
    pub(super) fn rename_object(&mut self, kind: DdlObject, target: &Signature, table: Option<&Name>, to: &Ident, if_exists: bool) -> Step {
        let name = &target.name;
        let result = match kind {
            DdlObject::Type | DdlObject::Domain => self.rename_type(name, Some(&to.value), None),
            DdlObject::Sequence => self.rename_sequence(name, &to.value),
            DdlObject::Function | DdlObject::Procedure | DdlObject::Routine | DdlObject::Aggregate => {
                self.rename_function(target, Some(&to.value), None)
            }
            DdlObject::Schema => self.rename_schema(&name.last().value, &to.value),
            DdlObject::Trigger | DdlObject::Policy => self.rename_part(kind, name, table, &to.value),
            DdlObject::Role => {
                let from = &name.last().value;
                self.schema.roles.iter_mut().filter(|r| *r == from).for_each(|r| r.clone_from(&to.value));
                self.schema.grants.iter_mut().filter(|g| g.role == *from).for_each(|g| g.role.clone_from(&to.value));
                Ok(())
            }
            _ => {
                let object = ObjectRef { kind: ObjectKind::Other, schema: None, table: None, column: None, name: Some(written(name)) };
                self.change(ChangeOp::Other, object, None, None).after = Some(format!("RENAME TO {}", to.value));
                Ok(())
            }
        };
        if if_exists { result.or(Ok(())) } else { result }
    }

    fn rename_part(&mut self, kind: DdlObject, name: &Name, table: Option<&Name>, to: &str) -> Step {
        let Some(table) = table else { return Ok(()) };
        let key = self.table_key(table)?;
        let from = name.last().value.clone();
        let table = self.table_mut(&key)?;
        let (own, table_id) = (table.name.clone(), table.id);
        let (op, part, id) = if kind == DdlObject::Trigger {
            let found = table.triggers.iter_mut().find(|t| t.name == from).map(|t| {
                t.name = to.to_string();
                t.id
            });
            (ChangeOp::AlterTrigger, ObjectKind::Trigger, found)
        } else {
            let found = table.policies.iter_mut().find(|p| p.name == from).map(|p| {
                p.name = to.to_string();
                p.id
            });
            (ChangeOp::AlterPolicy, ObjectKind::Policy, found)
        };
        if id.is_none() && !table.open {
            return Err(error(
                "42704",
                format!(
                    "{} \"{from}\" for table \"{}\" does not exist",
                    if part == ObjectKind::Trigger { "trigger" } else { "policy" },
                    own.name
                ),
            ));
        }
        self.change(op, ObjectRef::part(part, &own, &from), id, Some(table_id)).new_name = Some(ObjectName::new("", to));
        Ok(())
    }

    /// `ALTER kind name SET SCHEMA new`.
    pub(super) fn set_object_schema(&mut self, kind: DdlObject, target: &Signature, schema: &str, if_exists: bool) -> Step {
        if self.schema.complete && !self.schema.schemas.iter().any(|s| s == schema) {
            return Err(error("3F000", format!("schema \"{schema}\" does not exist")));
        }
        let result = match kind {
            DdlObject::Type | DdlObject::Domain => self.rename_type(&target.name, None, Some(schema)),
            DdlObject::Function | DdlObject::Procedure | DdlObject::Routine | DdlObject::Aggregate => {
                self.rename_function(target, None, Some(schema))
            }
            DdlObject::Sequence => {
                let (from, own) = self.split(&target.name);
                let found = self.schema.find_sequence(from.as_deref(), &own).map(|s| s.name.clone());
                if let Some(mut sequence) = found.and_then(|n| self.schema.sequences.remove(&n)) {
                    let old = std::mem::replace(&mut sequence.name.schema, schema.to_string());
                    let (id, new) = (sequence.id, sequence.name.clone());
                    self.schema.sequences.insert(new.clone(), sequence);
                    let object = ObjectRef::named(ObjectKind::Sequence, &ObjectName::new(old, own));
                    self.change(ChangeOp::RenameSequence, object, Some(id), None).new_name = Some(new);
                }
                Ok(())
            }
            _ => Ok(()),
        };
        if if_exists { result.or(Ok(())) } else { result }
    }
}

/// A query with `from.` in front of names replaced by `to.`.
fn qualifier_renamed(query: &str, from: &str, to: &str, dialect: crate::model::dialect::Dialect) -> String {
    let all = crate::sql::lexer::tokens(query, dialect);
    let source = |i: usize| all.get(i).map_or("", |t| t.span.slice(query));
    let at = (0..all.len()).filter(|&i| source(i).trim_matches('"') == from && source(i + 1) == "." && (i == 0 || source(i - 1) != "."));
    super::expression::replace(query, at.map(|i| all[i].span), &super::expression::quoted(to, dialect))
}

/// The text of PARTITION BY after `DROP PARTITION a, b` or `ADD PARTITION (...)`; other actions keep it.
pub(super) fn partitions_after(by: &str, action: &str) -> String {
    let lowered = action.to_ascii_lowercase();
    if let Some(names) = lowered.strip_prefix("drop partition") {
        let names = names.trim_start().trim_start_matches("if exists");
        let gone: Vec<&str> = names.split(',').map(|n| n.trim().trim_matches('`')).collect();
        // Partitions are `PARTITION name VALUES ...` separated by commas inside the last parenthesis.
        let Some(open) = partition_list(by) else { return by.to_string() };
        let inner = by[open + 1..].trim_end();
        let inner = inner.strip_suffix(')').unwrap_or(inner);
        let kept: Vec<&str> = split_top(inner).into_iter().filter(|p| !gone.contains(&partition_name(p).as_str())).collect();
        return format!("{}({})", &by[..open], kept.join(","));
    }
    if lowered.starts_with("add partition")
        && let Some(open) = action.find('(')
        && let Some(end) = by.trim_end().strip_suffix(')')
    {
        let added = action[open + 1..].trim_end();
        return format!("{end}, {added}");
    }
    by.to_string()
}

/// Where the parenthesis with the list of partitions opens.
fn partition_list(by: &str) -> Option<usize> {
    let lowered = by.to_ascii_lowercase();
    lowered.match_indices('(').map(|(i, _)| i).find(|i| lowered[i + 1..].trim_start().starts_with("partition"))
}

fn partition_name(text: &str) -> String {
    text.split_whitespace().nth(1).unwrap_or("").trim_matches('`').to_ascii_lowercase()
}

/// Parts separated by commas outside parentheses.
fn split_top(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0i32, 0);
    for (i, ch) in text.char_indices() {
        match ch {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}
