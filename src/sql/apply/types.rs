//! User-defined types and domains.

use super::errors::{self, error};
use super::run::{Run, Step, written};
use crate::model::change::ChangeOp;
use crate::model::object::{ObjectId, ObjectKind, ObjectName, ObjectRef};
use crate::model::schema::{UserType, UserTypeKind};
use crate::model::types::DataType;
use crate::sql::ast::Name;
use crate::sql::ast::ddl::{AlterDomainAction, AlterTypeAction, ColumnAttributeKind, CreateDomain, TypeDefinition};

impl Run<'_> {
    pub(super) fn create_type(&mut self, name: &Name, definition: &TypeDefinition) -> Step {
        let kind = match definition {
            TypeDefinition::Enum(labels) => UserTypeKind::Enum(labels.clone()),
            TypeDefinition::Composite(attributes) => {
                UserTypeKind::Composite(attributes.iter().map(|(n, t)| (n.value.clone(), self.data_type(t))).collect())
            }
            TypeDefinition::Opaque => UserTypeKind::Opaque,
        };
        self.add_type(name, kind)
    }

    pub(super) fn create_domain(&mut self, create: &CreateDomain) -> Step {
        self.check_type_exists(&create.ty)?;
        let base = self.data_type(&create.ty);
        let (mut not_null, mut default, mut checks) = (false, None, Vec::new());
        for attribute in &create.attributes {
            match &attribute.kind {
                ColumnAttributeKind::NotNull => not_null = true,
                ColumnAttributeKind::Null => not_null = false,
                ColumnAttributeKind::Default(expr) => default = Some(expr.clone()),
                ColumnAttributeKind::Check(expr) => {
                    let number = if checks.is_empty() { String::new() } else { checks.len().to_string() };
                    let name =
                        attribute.name.as_ref().map_or_else(|| format!("{}_check{number}", create.name.last().value), |n| n.value.clone());
                    checks.push((name, expr.clone()));
                }
                _ => {}
            }
        }
        self.add_type(&create.name, UserTypeKind::Domain { base, not_null, default, checks })
    }

    fn add_type(&mut self, name: &Name, kind: UserTypeKind) -> Step {
        let name = self.new_name(name)?;
        if let Some(existing) = self.schema.types.get(&name) {
            // A shell type is completed by a second CREATE TYPE.
            if existing.kind != UserTypeKind::Opaque {
                return Err(errors::duplicate_object(self.engine(), "type", &name.name));
            }
        }
        let id = self.schema.new_id();
        self.schema.types.insert(name.clone(), UserType { id, name: name.clone(), kind });
        self.change(ChangeOp::CreateType, ObjectRef::named(ObjectKind::Type, &name), Some(id), None);
        Ok(())
    }

    /// The type that a name stands for; in an open schema an unknown one is passed over with `None`.
    pub(super) fn type_name(&self, name: &Name) -> Step<Option<(ObjectName, ObjectId)>> {
        let (schema, own) = self.split(name);
        match self.schema.find_type(schema.as_deref(), &own) {
            Some(found) => Ok(Some((found.name.clone(), found.id))),
            None if !self.schema.complete => Ok(None),
            None => Err(error("42704", format!("type \"{}\" does not exist", written(name)))),
        }
    }

    pub(super) fn alter_type(&mut self, name: &Name, action: &AlterTypeAction) -> Step {
        let Some((found, id)) = self.type_name(name)? else {
            return self.alter_unknown_type(name, action);
        };
        let new_type = match action {
            AlterTypeAction::AddAttribute { ty, .. } | AlterTypeAction::AlterAttribute { ty, .. } => Some(self.data_type(ty)),
            _ => None,
        };
        let composite_used = !self.dependents_of_type(&found, id).is_empty();
        let in_transaction = self.in_transaction;
        let Some(user) = self.schema.types.get_mut(&found) else { return Ok(()) };
        let own = found.name.clone();
        let missing = |attribute: &str| error("42703", format!("column \"{attribute}\" of relation \"{own}\" does not exist"));
        let (op, before, after) = match (action, &mut user.kind) {
            (AlterTypeAction::AddValue { value, if_not_exists, neighbour }, UserTypeKind::Enum(labels)) => {
                if labels.contains(value) {
                    if *if_not_exists {
                        return Ok(());
                    }
                    return Err(error("42710", format!("enum label \"{value}\" already exists")));
                }
                let at = match neighbour {
                    None => labels.len(),
                    Some((before, label)) => {
                        let at = labels.iter().position(|l| l == label);
                        let at = at.ok_or_else(|| error("22023", format!("\"{label}\" is not an existing enum label")))?;
                        if *before { at } else { at + 1 }
                    }
                };
                labels.insert(at, value.clone());
                if in_transaction {
                    self.new_labels.push((id, value.clone()));
                }
                (ChangeOp::AddEnumValue, None, Some(value.clone()))
            }
            (AlterTypeAction::RenameValue { from, to }, UserTypeKind::Enum(labels)) => {
                if labels.contains(to) {
                    return Err(error("42710", format!("enum label \"{to}\" already exists")));
                }
                let Some(label) = labels.iter_mut().find(|l| *l == from) else {
                    return Err(error("22023", format!("\"{from}\" is not an existing enum label")));
                };
                label.clone_from(to);
                (ChangeOp::RenameEnumValue, Some(from.clone()), Some(to.clone()))
            }
            (AlterTypeAction::AddAttribute { name, .. }, UserTypeKind::Composite(attributes)) => {
                if attributes.iter().any(|(n, _)| *n == name.value) {
                    return Err(error("42701", format!("column \"{}\" of relation \"{own}\" already exists", name.value)));
                }
                let ty = new_type.unwrap_or_default();
                attributes.push((name.value.clone(), ty.clone()));
                (ChangeOp::AlterDomain, None, Some(format!("ADD ATTRIBUTE {} {ty}", name.value)))
            }
            (AlterTypeAction::DropAttribute { name, if_exists }, UserTypeKind::Composite(attributes)) => {
                let Some(at) = attributes.iter().position(|(n, _)| *n == name.value) else {
                    return if *if_exists { Ok(()) } else { Err(missing(&name.value)) };
                };
                attributes.remove(at);
                (ChangeOp::AlterDomain, Some(name.value.clone()), Some(format!("DROP ATTRIBUTE {}", name.value)))
            }
            (AlterTypeAction::AlterAttribute { name, .. }, UserTypeKind::Composite(attributes)) => {
                let Some((_, ty)) = attributes.iter_mut().find(|(n, _)| *n == name.value) else { return Err(missing(&name.value)) };
                if composite_used {
                    return Err(error("0A000", format!("cannot alter type \"{own}\" because a column uses it")));
                }
                let before = std::mem::replace(ty, new_type.unwrap_or_default());
                (ChangeOp::AlterDomain, Some(before.to_string()), Some(format!("ALTER ATTRIBUTE {}", name.value)))
            }
            (AlterTypeAction::RenameAttribute { from, to }, UserTypeKind::Composite(attributes)) => {
                let Some((attribute, _)) = attributes.iter_mut().find(|(n, _)| *n == from.value) else { return Err(missing(&from.value)) };
                attribute.clone_from(&to.value);
                (ChangeOp::AlterDomain, Some(from.value.clone()), Some(to.value.clone()))
            }
            (AlterTypeAction::Ignored(_), _) => return Ok(()),
            (AlterTypeAction::AddValue { .. } | AlterTypeAction::RenameValue { .. }, _) => {
                return Err(error("42809", format!("{own} is not an enum")));
            }
            _ => return Err(error("42809", format!("\"{own}\" is not a composite type"))),
        };
        let change = self.change(op, ObjectRef::named(ObjectKind::Type, &found), Some(id), None);
        change.before = before;
        change.after = after;
        Ok(())
    }

    /// A change of a type that an open schema does not list: typed all the same.
    fn alter_unknown_type(&mut self, name: &Name, action: &AlterTypeAction) -> Step {
        let name = self.new_name(name)?;
        let (op, before, after) = match action {
            AlterTypeAction::AddValue { value, .. } => (ChangeOp::AddEnumValue, None, Some(value.clone())),
            AlterTypeAction::RenameValue { from, to } => (ChangeOp::RenameEnumValue, Some(from.clone()), Some(to.clone())),
            AlterTypeAction::Ignored(_) => return Ok(()),
            _ => (ChangeOp::AlterDomain, None, None),
        };
        let change = self.change(op, ObjectRef::named(ObjectKind::Type, &name), None, None);
        change.before = before;
        change.after = after;
        Ok(())
    }

    pub(super) fn alter_domain(&mut self, name: &Name, action: &AlterDomainAction) -> Step {
        let Some((found, id)) = self.type_name(name)? else { return Ok(()) };
        let Some(user) = self.schema.types.get_mut(&found) else { return Ok(()) };
        let UserTypeKind::Domain { not_null, default, checks, .. } = &mut user.kind else {
            return Err(error("42809", format!("\"{}\" is not a domain", found.name)));
        };
        let mut demand = None;
        let words = match action {
            AlterDomainAction::Default(value) => {
                default.clone_from(value);
                value.as_ref().map_or("DROP DEFAULT".to_string(), |v| format!("SET DEFAULT {v}"))
            }
            AlterDomainAction::NotNull(on) => {
                *not_null = *on;
                if *on {
                    demand = Some(format!("columns of domain {} hold no NULL", found.name));
                }
                if *on { "SET NOT NULL" } else { "DROP NOT NULL" }.to_string()
            }
            AlterDomainAction::AddCheck { name, expr, not_valid } => {
                let chosen = name.as_ref().map_or_else(|| format!("{}_check", found.name), |n| n.value.clone());
                if checks.iter().any(|(n, _)| *n == chosen) && name.is_some() {
                    return Err(error("42710", format!("constraint \"{chosen}\" for domain \"{}\" already exists", found.name)));
                }
                checks.push((chosen, expr.clone()));
                if !not_valid {
                    demand = Some(format!("columns of domain {} satisfy CHECK ({expr})", found.name));
                }
                format!("ADD CHECK ({expr})")
            }
            AlterDomainAction::DropConstraint { name, if_exists } => {
                let before = checks.len();
                checks.retain(|(n, _)| *n != name.value);
                if checks.len() == before && !if_exists {
                    return Err(error("42704", format!("constraint \"{}\" of domain \"{}\" does not exist", name.value, found.name)));
                }
                format!("DROP CONSTRAINT {}", name.value)
            }
            AlterDomainAction::RenameConstraint { from, to } => {
                for (name, _) in checks.iter_mut().filter(|(n, _)| *n == from.value) {
                    name.clone_from(&to.value);
                }
                format!("RENAME CONSTRAINT {} TO {}", from.value, to.value)
            }
            AlterDomainAction::Ignored(_) => return Ok(()),
        };
        self.change(ChangeOp::AlterDomain, ObjectRef::named(ObjectKind::Type, &found), Some(id), None).after = Some(words);
        if let Some(demand) = demand {
            let tables: Vec<(ObjectName, String)> = self.columns_of_domain(&found);
            for (table, column) in tables {
                let column = super::expression::quoted(&column, self.dialect());
                let query = format!("SELECT * FROM {} WHERE {column} IS NULL OR NOT ({column} IS NOT NULL)", self.shown(&table));
                self.condition(demand.clone(), query);
            }
        }
        Ok(())
    }

    fn columns_of_domain(&self, domain: &ObjectName) -> Vec<(ObjectName, String)> {
        let columns = self.schema.tables.values().flat_map(|t| t.columns.iter().map(move |c| (t, c)));
        columns.filter(|(_, c)| c.ty.user.as_ref() == Some(domain)).map(|(t, c)| (t.name.clone(), c.name.clone())).collect()
    }

    /// The type behind a domain.
    pub(super) fn base_type(&self, ty: &DataType) -> DataType {
        match ty.user.as_ref().and_then(|u| self.schema.types.get(u)).map(|t| &t.kind) {
            Some(UserTypeKind::Domain { base, .. }) if ty.array == 0 => base.clone(),
            _ => ty.clone(),
        }
    }

    /// The labels of an enum type.
    pub(super) fn enum_labels(&self, ty: &DataType) -> Option<&[String]> {
        match ty.user.as_ref().and_then(|u| self.schema.types.get(u)).map(|t| &t.kind) {
            Some(UserTypeKind::Enum(labels)) => Some(labels),
            _ => None,
        }
    }

    /// Renames a type; columns and functions of it follow.
    pub(super) fn rename_type(&mut self, name: &Name, to: Option<&str>, schema: Option<&str>) -> Step {
        let Some((old, id)) = self.type_name(name)? else { return Ok(()) };
        let new = ObjectName::new(schema.unwrap_or(&old.schema), to.unwrap_or(&old.name));
        if self.schema.types.contains_key(&new) {
            return Err(errors::duplicate_object(self.engine(), "type", &new.name));
        }
        let Some(mut user) = self.schema.types.remove(&old) else { return Ok(()) };
        user.name = new.clone();
        self.schema.types.insert(new.clone(), user);
        let follow = |ty: &mut DataType| {
            if ty.user.as_ref() == Some(&old) {
                ty.user = Some(new.clone());
                ty.name.clone_from(&new.name);
            }
        };
        for table in self.schema.tables.values_mut() {
            for column in &mut table.columns {
                follow(&mut column.ty);
                if let Some(default) = &mut column.default {
                    *default = default.replace(&format!("::{}", old.name), &format!("::{}", new.name));
                }
            }
        }
        for function in &mut self.schema.functions {
            function.params.iter_mut().for_each(|(_, t, _)| follow(t));
            function.columns.iter_mut().for_each(|(_, t)| follow(t));
            function.returns.iter_mut().for_each(follow);
        }
        for user in self.schema.types.values_mut() {
            match &mut user.kind {
                UserTypeKind::Composite(attributes) => attributes.iter_mut().for_each(|(_, t)| follow(t)),
                UserTypeKind::Domain { base, .. } => follow(base),
                _ => {}
            }
        }
        self.change(ChangeOp::RenameType, ObjectRef::named(ObjectKind::Type, &old), Some(id), None).new_name = Some(new);
        Ok(())
    }
}
