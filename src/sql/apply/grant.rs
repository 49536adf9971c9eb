//! Privileges, roles and row security policies.

use super::errors::{self, error};
use super::run::{Run, Step, values};
use crate::model::change::ChangeOp;
use crate::model::object::{ObjectKind, ObjectName, ObjectRef};
use crate::model::schema::{Grant, Policy};
use crate::sql::ast::ddl::{GrantStatement, PolicyDefinition, Signature};
use crate::sql::ast::{Ident, Name};

impl Run<'_> {
    pub(super) fn grant(&mut self, grant: &GrantStatement) -> Step {
        if grant.default_privileges {
            return Ok(());
        }
        let op = if grant.revoke { ChangeOp::Revoke } else { ChangeOp::Grant };
        if grant.on == "role" {
            for role in &grant.roles {
                let words: Vec<&str> = grant.privileges.iter().map(|(p, _)| p.as_str()).collect();
                let object = ObjectRef { kind: ObjectKind::Role, schema: None, table: None, column: None, name: Some(role.value.clone()) };
                self.change(op, object, None, None).after = Some(words.join(", "));
                for (privilege, _) in &grant.privileges {
                    self.one_grant(grant.revoke, privilege, "role", &ObjectName::new("", privilege.clone()), &[], &role.value);
                }
            }
            return Ok(());
        }
        for (object, name) in self.granted_objects(grant)? {
            let mut target = object;
            target.kind = if grant.on == "table" { ObjectKind::Table } else { target.kind };
            let id = self.schema.tables.values().find(|t| grant.on == "table" && t.name == name).map(|t| t.id);
            let words: Vec<String> = grant
                .privileges
                .iter()
                .map(|(p, c)| if c.is_empty() { p.clone() } else { format!("{p} ({})", values(c).join(", ")) })
                .collect();
            let roles = values(&grant.roles).join(", ");
            let change = self.change(op, target, id, id);
            change.after = Some(format!("{} {} {roles}", words.join(", "), if grant.revoke { "FROM" } else { "TO" }));
            for role in &grant.roles {
                for (privilege, columns) in &grant.privileges {
                    self.one_grant(grant.revoke, privilege, &grant.on, &name, &values(columns), &role.value);
                }
            }
        }
        Ok(())
    }

    fn granted_objects(&mut self, grant: &GrantStatement) -> Step<Vec<(ObjectRef, ObjectName)>> {
        let mut found = Vec::new();
        for schema in &grant.all_in {
            let names: Vec<ObjectName> = match grant.on.as_str() {
                "sequence" => self.schema.sequences.keys().filter(|k| k.schema == schema.value).cloned().collect(),
                "function" | "procedure" | "routine" => {
                    self.schema.functions.iter().filter(|f| f.name.schema == schema.value).map(|f| f.name.clone()).collect()
                }
                _ => {
                    self.schema.tables.values().filter(|t| t.name.schema == schema.value || self.mysql()).map(|t| t.name.clone()).collect()
                }
            };
            found.extend(names.into_iter().map(|n| (self.object_ref(&grant.on, &n), n)));
        }
        for target in &grant.objects {
            let name = self.granted_name(&grant.on, target)?;
            if let Some(name) = name {
                found.push((self.object_ref(&grant.on, &name), name));
            }
        }
        Ok(found)
    }

    fn object_ref(&self, on: &str, name: &ObjectName) -> ObjectRef {
        match on {
            "table" => ObjectRef::table(ObjectKind::Table, name),
            "sequence" => ObjectRef::named(ObjectKind::Sequence, name),
            "schema" | "database" => ObjectRef::named(ObjectKind::Schema, name),
            "function" | "procedure" | "routine" => ObjectRef::named(ObjectKind::Function, name),
            "type" | "domain" => ObjectRef::named(ObjectKind::Type, name),
            _ => ObjectRef::named(ObjectKind::Other, name),
        }
    }

    fn granted_name(&mut self, on: &str, target: &Signature) -> Step<Option<ObjectName>> {
        let (schema, own) = self.split(&target.name);
        Ok(match on {
            "table" => {
                // A sequence may be named as a table.
                if self.find(&target.name).is_none() && self.schema.find_sequence(schema.as_deref(), &own).is_some() {
                    return Ok(None);
                }
                let key = self.table_key(&target.name)?;
                Some(self.table(&key)?.name.clone())
            }
            "function" | "procedure" | "routine" => match self.matching_functions(target).first() {
                Some(&at) => Some(self.schema.functions[at].name.clone()),
                None if self.schema.complete && !self.mysql() => {
                    return Err(error("42883", format!("function {own} does not exist")));
                }
                None => None,
            },
            "schema" => {
                if self.schema.complete && !self.schema.schemas.contains(&own) {
                    return Err(error("3F000", format!("schema \"{own}\" does not exist")));
                }
                Some(ObjectName::new("", own))
            }
            "sequence" => match self.schema.find_sequence(schema.as_deref(), &own) {
                Some(found) => Some(found.name.clone()),
                None if self.schema.complete => return Err(errors::undefined_table(self.engine(), &own)),
                None => None,
            },
            _ => Some(ObjectName::new(schema.unwrap_or_default(), own)),
        })
    }

    /// Keeps the list of grants as the engine's catalogue: a privilege is there once, `all` is spelled out for
    /// tables, a column privilege is withdrawn alone or with the whole table's.
    fn one_grant(&mut self, revoke: bool, privilege: &str, on: &str, object: &ObjectName, columns: &[String], role: &str) {
        let all: &[&str] = match on {
            "table" => &["select", "insert", "update", "delete", "truncate", "references", "trigger"],
            "schema" => &["usage", "create"],
            "sequence" => &["usage", "select", "update"],
            "function" | "procedure" | "routine" => &["execute"],
            _ => &["all"],
        };
        let single = [privilege];
        let privileges: &[&str] = if privilege == "all" { all } else { &single };
        for privilege in privileges {
            let same = |g: &Grant| g.privilege == *privilege && g.on == on && g.object == *object && g.role == role;
            if revoke {
                if columns.is_empty() {
                    self.schema.grants.retain(|g| !same(g));
                    self.revoke_implied(privilege, on, object, role);
                } else {
                    for grant in self.schema.grants.iter_mut().filter(|g| same(g)) {
                        grant.columns.retain(|c| !columns.contains(c));
                    }
                    self.schema.grants.retain(|g| !(same(g) && g.columns.is_empty() && columns.is_empty()));
                }
                continue;
            }
            match self.schema.grants.iter_mut().find(|g| same(g) && g.columns.is_empty() == columns.is_empty()) {
                Some(grant) => {
                    for column in columns {
                        if !grant.columns.contains(column) {
                            grant.columns.push(column.clone());
                        }
                    }
                }
                None => self.schema.grants.push(Grant {
                    privilege: (*privilege).to_string(),
                    on: on.to_string(),
                    object: object.clone(),
                    columns: columns.to_vec(),
                    role: role.to_string(),
                }),
            }
        }
    }

    /// PUBLIC may execute every function unless that is revoked: the absence is kept as a grant of nothing.
    fn revoke_implied(&mut self, privilege: &str, on: &str, object: &ObjectName, role: &str) {
        if privilege == "execute" && role == "public" {
            let none =
                Grant { privilege: "no execute".into(), on: on.into(), object: object.clone(), columns: Vec::new(), role: role.into() };
            self.schema.grants.push(none);
        }
    }

    pub(super) fn create_roles(&mut self, names: &[Ident], if_not_exists: bool) -> Step {
        for name in names {
            if self.schema.roles.contains(&name.value) {
                if if_not_exists {
                    continue;
                }
                return Err(errors::duplicate_object(self.engine(), "role", &name.value));
            }
            self.schema.roles.push(name.value.clone());
            let object = ObjectRef { kind: ObjectKind::Role, schema: None, table: None, column: None, name: Some(name.value.clone()) };
            self.change(ChangeOp::CreateRole, object, None, None);
        }
        Ok(())
    }

    pub(super) fn drop_role(&mut self, name: &str) -> Step {
        self.schema.roles.retain(|r| r != name);
        self.schema.grants.retain(|g| g.role != name);
        let object = ObjectRef { kind: ObjectKind::Role, schema: None, table: None, column: None, name: Some(name.to_string()) };
        self.change(ChangeOp::DropRole, object, None, None);
        Ok(())
    }

    pub(super) fn create_policy(&mut self, def: &PolicyDefinition) -> Step {
        let key = self.table_key(&def.table)?;
        let id = self.schema.new_id();
        let table = self.table_mut(&key)?;
        let (name, table_id) = (table.name.clone(), table.id);
        if table.policies.iter().any(|p| p.name == def.name.value) {
            return Err(error("42710", format!("policy \"{}\" for table \"{}\" already exists", def.name.value, name.name)));
        }
        table.policies.push(Policy {
            id,
            name: def.name.value.clone(),
            command: if def.command.is_empty() { "all".into() } else { def.command.clone() },
            roles: values(&def.roles).into_iter().filter(|r| r != "public").collect(),
            using: def.using.clone(),
            check: def.check.clone(),
            restrictive: def.restrictive,
        });
        self.change(ChangeOp::CreatePolicy, ObjectRef::part(ObjectKind::Policy, &name, &def.name.value), Some(id), Some(table_id));
        Ok(())
    }

    pub(super) fn alter_policy(&mut self, def: &PolicyDefinition) -> Step {
        let key = self.table_key(&def.table)?;
        let table = self.table_mut(&key)?;
        let (name, table_id, open) = (table.name.clone(), table.id, table.open);
        let Some(policy) = table.policies.iter_mut().find(|p| p.name == def.name.value) else {
            return if open { Ok(()) } else { Err(missing_policy(&def.name.value, &name.name)) };
        };
        if !def.roles.is_empty() {
            policy.roles = values(&def.roles).into_iter().filter(|r| r != "public").collect();
        }
        if def.using.is_some() {
            policy.using.clone_from(&def.using);
        }
        if def.check.is_some() {
            policy.check.clone_from(&def.check);
        }
        let id = policy.id;
        self.change(ChangeOp::AlterPolicy, ObjectRef::part(ObjectKind::Policy, &name, &def.name.value), Some(id), Some(table_id));
        Ok(())
    }

    pub(super) fn drop_policy(&mut self, policy: &Name, table: Option<&Name>, if_exists: bool) -> Step {
        let own = &policy.last().value;
        let Some(table) = table else { return Ok(()) };
        let key = match self.find(table) {
            Some(key) => key,
            None if if_exists => return Ok(()),
            None => self.table_key(table)?,
        };
        let table = self.table_mut(&key)?;
        let (name, table_id, open) = (table.name.clone(), table.id, table.open);
        let Some(at) = table.policies.iter().position(|p| p.name == *own) else {
            return if if_exists || open { Ok(()) } else { Err(missing_policy(own, &name.name)) };
        };
        let policy = table.policies.remove(at);
        self.change(ChangeOp::DropPolicy, ObjectRef::part(ObjectKind::Policy, &name, own), Some(policy.id), Some(table_id));
        Ok(())
    }
}

fn missing_policy(policy: &str, table: &str) -> crate::model::change::EngineError {
    error("42704", format!("policy \"{policy}\" for table \"{table}\" does not exist"))
}
