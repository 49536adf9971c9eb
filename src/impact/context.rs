//! What a rule may look at, and the questions that most rules ask.

use super::judgement::{Explanation, StatementInput};
use super::operations::FoundOperand;
use super::pairing::Pairing;
use crate::model::change::{Change, ChangeOp};
use crate::model::dialect::{Dialect, Engine};
use crate::model::finding::Effect;
use crate::model::object::{ObjectId, ObjectKind, ObjectName, ObjectRef};
use crate::model::schema::Column;
use crate::model::span::Span;
use crate::model::statement::{ColumnRef, HOLE, StatementKind};
use crate::sql::bind::SessionState;
use crate::sql::bind::binding::{BindError, BindErrorKind, Binding, Use};
use std::cell::OnceCell;

/// Everything that a rule may look at besides the two bindings and the changes.
#[derive(Copy, Clone, Debug)]
pub struct Context<'a> {
    /// The statement.
    pub input: StatementInput<'a>,
    /// Both schemas and the links between their objects.
    pub pairing: &'a Pairing<'a>,
    /// What the migrations do, in order.
    pub changes: &'a [Change],
    /// State of the session that sends the statement after the migration.
    pub session: &'a SessionState,
    /// How many routine bodies enclose the statement: 0 for a statement of a service.
    pub depth: usize,
    /// What [`super::operations::operands`] found.
    pub operands: &'a OnceCell<Vec<FoundOperand>>,
}

impl<'a> Context<'a> {
    /// Engine and version.
    pub fn dialect(&self) -> Dialect {
        self.pairing.after.dialect
    }

    /// Engine.
    pub fn engine(&self) -> Engine {
        self.dialect().engine
    }

    /// Whether the engine checks foreign keys in this session: SQLite does only after
    /// `PRAGMA foreign_keys = ON` (SQLite, "SQLite Foreign Key Support", section 2).
    pub fn enforces_foreign_keys(&self) -> bool {
        self.engine() != Engine::Sqlite
            || self.session.setting("foreign_keys").is_some_and(|v| matches!(v.to_ascii_lowercase().as_str(), "on" | "1" | "true" | "yes"))
    }

    /// The error that only the schema after gives.
    pub fn new_error<'b>(&self, before: &Binding, after: &'b Binding) -> Option<&'b BindError> {
        let error = after.error.as_ref()?;
        match &before.error {
            Some(old) if old.kind == error.kind && old.span == error.span => None,
            _ => Some(error),
        }
    }

    /// How sure an answer about this statement is: less where it did not bind before or has unknown parts.
    pub fn confidence(&self, before: &Binding) -> u8 {
        match (before.error.is_some(), self.input.holes || !before.opaque.is_empty()) {
            (true, _) => 50,
            (false, true) => 85,
            (false, false) => 100,
        }
    }

    /// Whether nothing but the name of a column was known before the migration: an open schema has it because the
    /// migration or a model names it. SQLite has columns without a type.
    pub fn only_named(&self, old: &Column) -> bool {
        self.engine() != Engine::Sqlite && old.ty.name.is_empty() && old.ty.user.is_none()
    }

    /// As [`Context::confidence`], for an answer that depends on what a column was: half where only its name was
    /// known.
    pub fn confidence_of(&self, before: &Binding, old: &Column) -> u8 {
        let confidence = self.confidence(before);
        if self.only_named(old) { confidence.min(50) } else { confidence }
    }

    /// An explanation with nothing but effect, message and place.
    pub fn explain(&self, before: &Binding, effect: Effect, message: impl Into<String>) -> Explanation {
        Explanation {
            effect,
            message: message.into(),
            help: None,
            object: None,
            change: None,
            span: Span::default(),
            confidence: self.confidence(before),
        }
    }

    /// The resolved name that stands at a place of the text: the same span, or the one that ends there.
    pub fn use_at<'b>(&self, binding: &'b Binding, span: Span) -> Option<&'b Use> {
        if span.is_empty() {
            return None;
        }
        let written = || binding.uses.iter().filter(|u| !u.span.is_empty() && u.through_view.is_none());
        written()
            .find(|u| u.span == span)
            .or_else(|| written().filter(|u| u.span.end == span.end).max_by_key(|u| u.span.start))
            .or_else(|| written().filter(|u| span.covers(u.span)).max_by_key(|u| (u.span.end, u.span.start)))
    }

    /// The object that a use names, as shown to users.
    pub fn object_of(&self, used: &Use) -> ObjectRef {
        let name = ObjectName::new(self.shown_schema(&used.schema), used.table.clone());
        match (&used.column, used.kind) {
            (ColumnRef::Named(column), ObjectKind::Column | ObjectKind::Table | ObjectKind::View) => ObjectRef::column(&name, column),
            (_, kind @ (ObjectKind::Table | ObjectKind::View)) => ObjectRef::table(kind, &name),
            (ColumnRef::Named(column), kind) => ObjectRef::part(kind, &name, column),
            (_, ObjectKind::Column) => ObjectRef::table(ObjectKind::Table, &name),
            (_, kind) => ObjectRef::named(kind, &name),
        }
    }

    /// A table or view as shown to users.
    pub fn table_ref(&self, name: &ObjectName) -> ObjectRef {
        ObjectRef::table(ObjectKind::Table, &self.shown(name))
    }

    /// A column as shown to users.
    pub fn column_ref(&self, table: &ObjectName, column: &str) -> ObjectRef {
        ObjectRef::column(&self.shown(table), column)
    }

    /// A constraint, index or trigger as shown to users.
    pub fn part_ref(&self, kind: ObjectKind, table: &ObjectName, name: &str) -> ObjectRef {
        ObjectRef::part(kind, &self.shown(table), name)
    }

    /// A name without the schema that is searched first anyway.
    pub fn shown(&self, name: &ObjectName) -> ObjectName {
        ObjectName::new(self.shown_schema(&name.schema), name.name.clone())
    }

    fn shown_schema(&self, schema: &str) -> String {
        let default = self.pairing.before.search_path.first().is_some_and(|s| s == schema);
        if default { String::new() } else { schema.to_string() }
    }

    /// The last change with one of the operations that was done to the object with this identity.
    pub fn change_to(&self, ops: &[ChangeOp], id: Option<ObjectId>) -> Option<usize> {
        let id = id?;
        self.last_change(|c| ops.contains(&c.op) && (c.id == Some(id)))
    }

    /// The last change that meets `test`; one that was written goes before one that follows from another.
    pub fn last_change(&self, test: impl Fn(&Change) -> bool) -> Option<usize> {
        let written = self.changes.iter().rposition(|c| !c.cascaded && test(c));
        written.or_else(|| self.changes.iter().rposition(test))
    }

    /// The change with one of the operations to an object of this table (by identity, else by name).
    pub fn change_of_table(&self, ops: &[ChangeOp], id: Option<ObjectId>, name: &str) -> Option<usize> {
        self.last_change(|c| {
            ops.contains(&c.op)
                && ((id.is_some() && (c.table == id || c.id == id))
                    || c.object.table.as_deref().is_some_and(|t| self.dialect().same_table(t, name))
                    || c.new_name.as_ref().is_some_and(|n| c.object.column.is_none() && self.dialect().same_table(&n.name, name)))
        })
    }

    /// The change with one of the operations to a column (by identity, else by table and name).
    pub fn change_of_column(&self, ops: &[ChangeOp], id: Option<ObjectId>, table: &str, column: &str) -> Option<usize> {
        self.change_to(ops, id).or_else(|| {
            self.last_change(|c| {
                ops.contains(&c.op)
                    && c.object.table.as_deref().is_some_and(|t| self.dialect().same_table(t, table))
                    && c.object.column.as_deref().is_some_and(|n| self.dialect().same_column(n, column))
            })
        })
    }

    /// The change with one of the operations to an object of this name that is no table or column.
    pub fn change_of_name(&self, ops: &[ChangeOp], name: &str) -> Option<usize> {
        self.last_change(|c| {
            ops.contains(&c.op)
                && (c.object.name.as_deref().is_some_and(|n| n.eq_ignore_ascii_case(name))
                    || c.object.name.is_none() && c.object.table.as_deref().is_some_and(|n| n.eq_ignore_ascii_case(name)))
        })
    }

    /// The change that a difference about a table most likely comes from, whatever it does.
    pub fn any_change_of_table(&self, id: Option<ObjectId>, name: &str) -> Option<usize> {
        use ChangeOp::*;
        self.change_of_table(&[DropTable, DropView, RenameTable, RenameView, MoveTable, ReplaceView], id, name)
            .or_else(|| self.change_of_table(&[CreateView, CreateTable], id, name))
            .or_else(|| {
                self.last_change(|c| {
                    (id.is_some() && (c.table == id || c.id == id))
                        || c.object.table.as_deref().is_some_and(|t| self.dialect().same_table(t, name))
                })
            })
    }

    /// What the statement is, for messages: the verb that starts it (`SELECT`, `UPDATE`), or what it stands for.
    pub fn verb(&self) -> String {
        match self.input.kind {
            StatementKind::Model => return "model".into(),
            StatementKind::Use => return "code".into(),
            _ => {}
        }
        let text = self.input.statement.span.slice(self.input.text);
        let text = if text.is_empty() { self.input.text } else { text };
        let word: String = text.trim_start().chars().take_while(|c| c.is_alphabetic()).collect();
        match word.to_ascii_uppercase() {
            w if w.is_empty() || w.contains(HOLE) => "statement".into(),
            w if w == "WITH" => "query".into(),
            w => w,
        }
    }

    /// The sentence part that quotes the engine's message.
    pub fn says(&self, error: &BindError) -> String {
        if error.message.is_empty() { String::new() } else { format!(": {}", error.message) }
    }

    /// The new error, if it is of one of these kinds, with an explanation that has its place, its object and
    /// the change that most likely causes it.
    pub fn on_error<'b>(&self, before: &Binding, after: &'b Binding, kinds: &[BindErrorKind]) -> Option<(&'b BindError, Explanation)> {
        let error = self.new_error(before, after).filter(|e| kinds.contains(&e.kind))?;
        let used = self.use_at(before, error.span);
        let mut explanation =
            self.explain(before, Effect::Breaks, format!("This {} fails after the migration{}.", self.verb(), self.says(error)));
        explanation.span = error.span;
        explanation.object = used.map(|u| self.object_of(u)).or_else(|| error.object.clone());
        explanation.change = self.change_behind(before, after, error);
        Some((error, explanation))
    }

    /// The change that an error most likely comes from: one to the object at its place, else one to a table
    /// that the statement uses.
    fn change_behind(&self, before: &Binding, after: &Binding, error: &BindError) -> Option<usize> {
        let at = |binding: &Binding| {
            let used = self.use_at(binding, error.span)?;
            let own = used.id.and_then(|id| self.last_change(|c| c.id == Some(id)));
            own.or_else(|| used.table_id.and_then(|id| self.last_change(|c| c.table == Some(id) || c.id == Some(id))))
        };
        let named = || {
            let object = error.object.as_ref()?;
            let table = object.table.as_deref();
            let name = object.column.as_deref().or(object.name.as_deref());
            self.last_change(|c| {
                let same_table = table.is_none_or(|t| c.object.table.as_deref().is_some_and(|n| self.dialect().same_table(n, t)));
                let own = c.object.column.as_deref().or(c.object.name.as_deref());
                same_table && name.is_none_or(|n| own.is_some_and(|o| o.eq_ignore_ascii_case(n)))
            })
        };
        let used = || {
            let tables: Vec<ObjectId> = before.uses.iter().chain(&after.uses).flat_map(|u| [u.id, u.table_id]).flatten().collect();
            self.last_change(|c| [c.id, c.table].iter().flatten().any(|id| tables.contains(id)))
        };
        at(before).or_else(|| at(after)).or_else(named).or_else(used)
    }
}
