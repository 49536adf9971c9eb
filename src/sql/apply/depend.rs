//! What depends on a table, column, type or function, and what a CASCADE takes with it.

use super::errors;
use super::expression::names_column;
use super::run::{Run, Step};
use crate::model::change::ChangeOp;
use crate::model::object::{ObjectId, ObjectKind, ObjectName, ObjectRef};
use crate::model::schema::{Column, ConstraintKind};
use crate::sql::lexer::{TokenKind, tokens};

/// An object that depends on another.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Dependent {
    /// A view.
    View(ObjectName),
    /// A foreign key (or other constraint) of a table.
    Constraint(ObjectName, ObjectId),
    /// A column computed from it.
    GeneratedColumn(ObjectName, String),
    /// A column of that type.
    Column(ObjectName, String),
    /// A default that calls or reads it.
    Default(ObjectName, String),
    /// A policy.
    Policy(ObjectName, ObjectId),
    /// A trigger.
    Trigger(ObjectName, ObjectId),
    /// A function with a body that is parsed when it is made, or of that type.
    Function(ObjectId),
    /// A partition or inheritance child.
    Child(ObjectName),
}

impl Run<'_> {
    /// Views that name the object.
    pub(super) fn views_on(&self, id: ObjectId) -> Vec<ObjectName> {
        let names = |t: &crate::model::schema::Table| t.view().is_some_and(|v| v.depends.contains(&id));
        self.schema.tables.iter().filter(|(_, t)| names(t)).map(|(k, _)| k.clone()).collect()
    }

    /// PostgreSQL's dependents of a column that a plain DROP or type change trips over.
    pub(super) fn dependents_of_column(&self, key: &ObjectName, column: &Column) -> Vec<Dependent> {
        let dialect = self.dialect();
        let Some(table) = self.schema.tables.get(key) else { return Vec::new() };
        let own = &table.name.name;
        let uses = |text: &str| names_column(text, own, &column.name, dialect);
        let mut found: Vec<Dependent> = self.views_on(column.id).into_iter().map(Dependent::View).collect();
        for other in table.columns.iter().filter(|c| c.id != column.id) {
            if other.generated.as_ref().is_some_and(|g| uses(&g.expr)) {
                found.push(Dependent::GeneratedColumn(key.clone(), other.name.clone()));
            }
        }
        for policy in &table.policies {
            if policy.using.as_deref().is_some_and(uses) || policy.check.as_deref().is_some_and(uses) {
                found.push(Dependent::Policy(key.clone(), policy.id));
            }
        }
        for trigger in &table.triggers {
            let when = trigger.when.as_deref().is_some_and(|w| new_or_old(w, &column.name, dialect));
            if trigger.columns.contains(&column.name) || when {
                found.push(Dependent::Trigger(key.clone(), trigger.id));
            }
        }
        for (owner, other) in &self.schema.tables {
            for constraint in &other.constraints {
                if let ConstraintKind::ForeignKey { table: to, references, .. } = &constraint.kind
                    && *to == table.name
                    && references.contains(&column.name)
                    && *owner != *key
                {
                    found.push(Dependent::Constraint(owner.clone(), constraint.id));
                }
            }
        }
        for function in self.schema.functions.iter().filter(|f| f.has_parsed_body()) {
            if self.body_uses(&function.body).contains(&column.id) {
                found.push(Dependent::Function(function.id));
            }
        }
        found
    }

    /// PostgreSQL's dependents of a table or view.
    pub(super) fn dependents_of_table(&self, key: &ObjectName) -> Vec<Dependent> {
        let Some(table) = self.schema.tables.get(key) else { return Vec::new() };
        let mut found: Vec<Dependent> = self.views_on(table.id).into_iter().map(Dependent::View).collect();
        for (owner, other) in self.schema.tables.iter().filter(|(k, _)| *k != key) {
            for constraint in &other.constraints {
                if matches!(&constraint.kind, ConstraintKind::ForeignKey { table: to, .. } if *to == table.name) {
                    found.push(Dependent::Constraint(owner.clone(), constraint.id));
                }
            }
            if other.inherits.contains(&table.name) {
                found.push(Dependent::Child(owner.clone()));
            }
            for column in &other.columns {
                if column.ty.user.as_ref() == Some(&table.name) {
                    found.push(Dependent::Column(owner.clone(), column.name.clone()));
                }
            }
            for policy in &other.policies {
                let texts = policy.using.iter().chain(policy.check.iter());
                if texts.flat_map(|t| self.body_uses(&format!("SELECT {t}"))).any(|id| id == table.id) {
                    found.push(Dependent::Policy(owner.clone(), policy.id));
                }
            }
        }
        for function in &self.schema.functions {
            let typed = function.returns.as_ref().is_some_and(|r| r.user.as_ref() == Some(&table.name))
                || function.params.iter().any(|(_, t, _)| t.user.as_ref() == Some(&table.name));
            if typed || (function.has_parsed_body() && self.body_uses(&function.body).contains(&table.id)) {
                found.push(Dependent::Function(function.id));
            }
        }
        found
    }

    /// PostgreSQL's dependents of a user-defined type.
    pub(super) fn dependents_of_type(&self, name: &ObjectName, id: ObjectId) -> Vec<Dependent> {
        let mut found: Vec<Dependent> = Vec::new();
        for (key, table) in &self.schema.tables {
            if table.view().is_some() {
                continue;
            }
            for column in &table.columns {
                if column.ty.user.as_ref() == Some(name) {
                    found.push(Dependent::Column(key.clone(), column.name.clone()));
                }
            }
        }
        found.extend(self.views_on(id).into_iter().map(Dependent::View));
        for function in &self.schema.functions {
            let of = |t: &crate::model::types::DataType| t.user.as_ref() == Some(name);
            if function.returns.as_ref().is_some_and(of) || function.params.iter().any(|(_, t, _)| of(t)) {
                found.push(Dependent::Function(function.id));
            }
        }
        found
    }

    /// Dependents of a function: triggers, views, and texts that call it.
    pub(super) fn dependents_of_function(&self, name: &ObjectName, id: ObjectId) -> Vec<Dependent> {
        let mut found: Vec<Dependent> = self.views_on(id).into_iter().map(Dependent::View).collect();
        let calls = |text: &str| calls_function(text, &name.name, self.dialect());
        for (key, table) in &self.schema.tables {
            for trigger in &table.triggers {
                if trigger.function.as_ref() == Some(name) {
                    found.push(Dependent::Trigger(key.clone(), trigger.id));
                }
            }
            for column in &table.columns {
                if column.default.as_deref().is_some_and(calls) {
                    found.push(Dependent::Default(key.clone(), column.name.clone()));
                }
                if column.generated.as_ref().is_some_and(|g| calls(&g.expr)) {
                    found.push(Dependent::GeneratedColumn(key.clone(), column.name.clone()));
                }
            }
            for constraint in &table.constraints {
                if matches!(&constraint.kind, ConstraintKind::Check { expr, .. } if calls(expr)) {
                    found.push(Dependent::Constraint(key.clone(), constraint.id));
                }
            }
            for policy in &table.policies {
                if policy.using.as_deref().is_some_and(calls) || policy.check.as_deref().is_some_and(calls) {
                    found.push(Dependent::Policy(key.clone(), policy.id));
                }
            }
        }
        found
    }

    /// Removes dependents as CASCADE does, with cascaded changes; what depends on them goes first.
    pub(super) fn drop_dependents(&mut self, dependents: Vec<Dependent>) -> Step {
        for dependent in dependents {
            match dependent {
                Dependent::View(key) | Dependent::Child(key) => self.drop_relation(&key, true, true)?,
                Dependent::Constraint(key, id) => {
                    if self.schema.tables.contains_key(&key) {
                        self.remove_constraint(&key, id, true)?;
                    }
                }
                Dependent::GeneratedColumn(key, column) | Dependent::Column(key, column) => {
                    let from = self.applied.changes.len();
                    if self.schema.tables.get(&key).is_some_and(|t| t.column(self.dialect(), &column).is_some()) {
                        self.drop_column(&key, &column, true, true)?;
                    }
                    for change in self.applied.changes.iter_mut().skip(from) {
                        change.cascaded = true;
                    }
                }
                Dependent::Default(key, column) => {
                    let dialect = self.dialect();
                    let Some(table) = self.schema.tables.get_mut(&key) else { continue };
                    let (name, table_id) = (table.name.clone(), table.id);
                    if let Some(found) = table.columns.iter_mut().find(|c| dialect.same_column(&c.name, &column)) {
                        let (id, before) = (found.id, found.default.take());
                        let change = self.change(ChangeOp::DropDefault, ObjectRef::column(&name, &column), Some(id), Some(table_id));
                        change.before = before;
                        change.cascaded = true;
                    }
                }
                Dependent::Policy(key, id) => {
                    let Some(table) = self.schema.tables.get_mut(&key) else { continue };
                    let (name, table_id) = (table.name.clone(), table.id);
                    if let Some(at) = table.policies.iter().position(|p| p.id == id) {
                        let policy = table.policies.remove(at);
                        let object = ObjectRef::part(ObjectKind::Policy, &name, &policy.name);
                        self.change(ChangeOp::DropPolicy, object, Some(id), Some(table_id)).cascaded = true;
                    }
                }
                Dependent::Trigger(key, id) => self.remove_trigger(&key, id, true),
                Dependent::Function(id) => self.remove_function(id, true)?,
            }
        }
        Ok(())
    }

    /// Identities that a query or a parsed body names.
    pub(super) fn body_uses(&self, body: &str) -> Vec<ObjectId> {
        let body = body.trim();
        let upper = body.get(..12).unwrap_or("").to_ascii_lowercase();
        if !upper.starts_with("begin atomic") {
            let text = match body.get(..7) {
                Some(start) if start.eq_ignore_ascii_case("return ") => format!("SELECT {}", &body[7..]),
                _ => body.to_string(),
            };
            return self.query_uses(&text).into_iter().map(|u| u.id).collect();
        }
        let inner = body.get(12..).unwrap_or("");
        let inner = inner.trim_end().strip_suffix(['d', 'D']).and_then(|t| t.get(..t.len().saturating_sub(2))).unwrap_or(inner);
        inner.split(';').flat_map(|statement| self.query_uses(statement)).map(|u| u.id).collect()
    }

    /// The view or trigger whose text names the column of an SQLite table.
    pub(super) fn sqlite_text_user(&self, key: &ObjectName, column: &str) -> Option<(&'static str, String)> {
        let table = self.schema.tables.get(key)?;
        let id = table.column(self.dialect(), column)?.id;
        for other in self.schema.tables.values() {
            if let Some(view) = other.view()
                && self.query_uses(&view.query).iter().any(|u| u.id == id && !u.implicit)
            {
                return Some(("view", other.name.name.clone()));
            }
        }
        for other in self.schema.tables.values() {
            for trigger in &other.triggers {
                let on_this = other.id == table.id;
                let when = trigger.when.as_deref().unwrap_or("");
                let row = on_this && (new_or_old(&trigger.body, column, self.dialect()) || new_or_old(when, column, self.dialect()));
                let of = on_this && trigger.columns.iter().any(|c| self.dialect().same_column(c, column));
                if row {
                    return Some(("trigger of a row", trigger.name.clone()));
                }
                if of || self.trigger_uses(&trigger.body).iter().any(|u| u.id == id && !u.implicit) {
                    return Some(("trigger", trigger.name.clone()));
                }
            }
        }
        None
    }

    /// PostgreSQL refuses to drop `what` while something depends on it; CASCADE takes it along.
    pub(super) fn refuse_or_drop(&mut self, dependents: Vec<Dependent>, cascade: bool, what: &str) -> Step {
        if dependents.is_empty() {
            return Ok(());
        }
        if !cascade {
            return Err(errors::dependents(what));
        }
        self.drop_dependents(dependents)
    }
}

/// Whether `NEW.column` or `OLD.column` stands in a text.
pub(super) fn new_or_old(text: &str, column: &str, dialect: crate::model::dialect::Dialect) -> bool {
    let all = tokens(text, dialect);
    let source = |i: usize| all.get(i).map_or("", |t| t.span.slice(text));
    all.iter().enumerate().any(|(i, t)| {
        t.kind == TokenKind::Word
            && (source(i).eq_ignore_ascii_case("new") || source(i).eq_ignore_ascii_case("old"))
            && source(i + 1) == "."
            && dialect.same_column(source(i + 2).trim_matches(['"', '`', '[', ']']), column)
    })
}

/// Whether `name(` stands in a text.
fn calls_function(text: &str, name: &str, dialect: crate::model::dialect::Dialect) -> bool {
    let all = tokens(text, dialect);
    let source = |i: usize| all.get(i).map_or("", |t| t.span.slice(text));
    (0..all.len()).any(|i| {
        matches!(all[i].kind, TokenKind::Word | TokenKind::QuotedName)
            && source(i).trim_matches('"').eq_ignore_ascii_case(name)
            && source(i + 1) == "("
    })
}
