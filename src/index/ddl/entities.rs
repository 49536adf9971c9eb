//! Entities whose tables and columns operations name by model and field: what is known of them from operations before.

use super::value::Value;
use super::write::{Env, Unwritten, Writer, Written, unmarked};
use crate::grammar::ddl::Template;
use std::rc::Rc;

/// Entities in the order of their making.
#[derive(Clone, Debug, Default)]
pub(super) struct Entities {
    list: Vec<Entity>,
}

/// What operations have said of an entity.
#[derive(Clone, Debug)]
pub(super) struct Entity {
    /// Application.
    pub app: Rc<str>,
    /// Name in small letters.
    pub name: String,
    /// Its table, where that has a name of its own.
    pub table: Option<String>,
    /// Fields with their definitions.
    pub fields: Vec<(Rc<str>, Value)>,
}

impl Entities {
    pub fn get(&self, app: &str, name: &str) -> Option<&Entity> {
        let name = name.to_lowercase();
        self.list.iter().rev().find(|e| &*e.app == app && e.name == name)
    }

    pub fn get_mut(&mut self, app: &str, name: &str) -> Option<&mut Entity> {
        let name = name.to_lowercase();
        self.list.iter_mut().rev().find(|e| &*e.app == app && e.name == name)
    }

    /// Adds an entity, in place of one of its name.
    pub fn add(&mut self, entity: Entity) {
        self.remove(&entity.app, &entity.name);
        self.list.push(entity);
    }

    pub fn remove(&mut self, app: &str, name: &str) {
        let name = name.to_lowercase();
        self.list.retain(|e| &*e.app != app || e.name != name);
    }
}

impl Entity {
    /// The definition of a field.
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.fields.iter().find(|f| f.0.eq_ignore_ascii_case(name)).map(|f| &f.1)
    }
}

impl<'w> Writer<'w, '_> {
    /// The application and name of an entity.
    pub fn entity_name(&self, value: &Value, env: &Env) -> Result<(String, String), Unwritten> {
        let text = match value {
            Value::Text(text, _) => unmarked(text),
            Value::Unknown(_) => return Err("the entity is not known".into()),
            other => self.by_set("entity", other, env)?.ok_or("the entity is not known")?,
        };
        let separator = self.run.rules.application.as_ref().map_or(".", |a| a.separator.as_str());
        Ok(match text.split_once(separator) {
            Some((app, name)) if !separator.is_empty() => (app.to_string(), name.to_string()),
            _ => (self.app.to_string(), text),
        })
    }

    pub fn entity(&self, value: &Value, env: &Env) -> Result<Option<&'w Entity>, Unwritten> {
        let (app, name) = self.entity_name(value, env)?;
        Ok(self.entities.get(&app, &name))
    }

    /// The table of an entity: its own name, or the one that is usual.
    pub fn entity_table(&self, value: &Value, env: &Env, slot: &str) -> Result<String, Unwritten> {
        let (app, name) = self.entity_name(value, env)?;
        if let Some(table) = self.entities.get(&app, &name).and_then(|e| e.table.clone()) {
            return Ok(table);
        }
        let Some(template) = &self.run.rules.entity_table else { return Ok(name) };
        self.usual_table(template, &app, &name).ok_or_else(|| format!("`{slot}` names no table"))
    }

    /// The usual table of an entity.
    pub fn usual_table(&self, template: &Template, app: &str, name: &str) -> Option<String> {
        let mut env = Env::new(Value::Null, None, None, None);
        env.extra = vec![("app".into(), Value::text(app)), ("entity".into(), Value::text(name))];
        match self.template(&template.pieces, &env) {
            Ok(Written::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The column of a field, by its definition.
    pub fn column_name(&self, name: &str, value: &Value, env: &Env) -> Result<String, Unwritten> {
        let Some(set) = self.run.rules.set.get("column-name") else { return Ok(name.to_string()) };
        let extra = [("name".into(), Value::text(name))];
        Ok(self.part(set, "column-name", value, &extra, env)?.map_or(name.to_string(), |t| unmarked(&t)))
    }

    pub fn field_column(&self, name: &str, env: &Env) -> Result<String, Unwritten> {
        let mut at = Some(env);
        let entity = loop {
            let Some(here) = at else { break None };
            if let Some(act) = here.rule.and_then(|r| r.entity.as_ref()) {
                let value = self.find(&act.name.split('.').map(str::to_string).collect::<Vec<_>>(), here)?;
                break match value {
                    Some(value) => self.entity(&value, here)?,
                    None => None,
                };
            }
            at = here.outer;
        };
        match entity.and_then(|e| e.field(name)) {
            Some(value) => self.column_name(name, &value.clone(), env),
            None => Ok(name.to_string()),
        }
    }

    pub fn key_of(&self, entity: &Entity, env: &Env) -> Result<Option<(String, Value)>, Unwritten> {
        let Some(set) = self.run.rules.set.get("is-key") else { return Ok(None) };
        for (name, value) in &entity.fields {
            if self.part(set, "is-key", value, &[], env)?.is_some_and(|t| !t.is_empty()) {
                return Ok(Some((name.to_string(), value.clone())));
            }
        }
        Ok(None)
    }

    /// Conditions that are keywords of a call: `status="open", closed__isnull=True`.
    pub fn lookups(&self, value: &Value, env: &Env) -> Result<String, Unwritten> {
        let (Value::Term(term), Some(set)) = (value, self.run.rules.set.get("lookup")) else {
            return Err("a condition is not known".into());
        };
        let mut out = Vec::new();
        for arg in &term.args {
            // `Q(status="open")` and `Q(("status", "open"))`
            let pair = || Some((self.run.entry_of(&arg.value, "0")?.as_text()?.into(), self.run.entry_of(&arg.value, "1")?));
            let keyword = arg.name.clone().map(|name| (name, arg.value.clone()));
            let Some((name, given)): Option<(Rc<str>, Value)> = keyword.or_else(pair) else {
                let inner = self.run.rules.set.get("condition").map(|s| self.part(s, "condition", &arg.value, &[], env));
                out.push(inner.transpose()?.flatten().ok_or("a condition is not known")?);
                continue;
            };
            let (field, lookup) = name.rsplit_once("__").unwrap_or((&name, "exact"));
            let column = self.quoted(&self.field_column(field, env)?, field)?;
            let extra = [("column".into(), Value::text(column)), ("value".into(), given)];
            let written = self.part(set, "lookup", &Value::text(lookup), &extra, env)?;
            out.push(written.ok_or_else(|| format!("the condition {name} is not known"))?);
        }
        Ok(out.join(" AND "))
    }
}
