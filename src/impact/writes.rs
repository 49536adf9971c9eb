//! The writes of a statement, each with its table before and after.

use super::context::Context;
use super::judgement::Explanation;
use super::literals::Value;
use crate::model::change::ChangeOp;
use crate::model::finding::Effect;
use crate::model::object::ObjectRef;
use crate::model::schema::{Column, Table};
use crate::model::span::Span;
use crate::sql::bind::binding::{Binding, Write, WriteKind, WrittenColumn, WrittenValue};

/// One write and the two states of its table.
#[derive(Copy, Clone, Debug)]
pub struct WritePair<'a> {
    /// The write as it resolves after the migration.
    pub write: &'a Write,
    /// Its table before.
    pub old: &'a Table,
    /// Its table after.
    pub new: &'a Table,
}

/// The writes that resolve after the migration and whose table existed before.
pub fn write_pairs<'a>(cx: &Context<'a>, before: &'a Binding, after: &'a Binding) -> Vec<WritePair<'a>> {
    let mut pairs = Vec::new();
    for (i, write) in after.writes.iter().enumerate() {
        let Some(new) = write.table_id.and_then(|id| cx.pairing.table_after(id)) else { continue };
        let counterpart = before.writes.get(i).filter(|w| w.kind == write.kind).and_then(|w| w.table_id);
        let old = counterpart.and_then(|id| cx.pairing.table_before(id)).or_else(|| cx.pairing.origin(new));
        if let Some(old) = old {
            pairs.push(WritePair { write, old, new });
        }
    }
    pairs
}

impl<'a> WritePair<'a> {
    /// What the write gives a column; `None`: the column is left out.
    pub fn written(&self, cx: &Context, column: &str) -> Option<&'a WrittenColumn> {
        self.write.columns.iter().find(|w| cx.dialect().same_column(&w.name, column))
    }

    /// Whether an INSERT leaves the column out, or asks for its default.
    pub fn omits(&self, cx: &Context, column: &str) -> bool {
        self.write.kind == WriteKind::Insert && self.written(cx, column).is_none_or(|w| w.value == WrittenValue::Default)
    }

    /// Whether the write can store a new value in one of these columns.
    pub fn touches(&self, cx: &Context, columns: &[String]) -> bool {
        match self.write.kind {
            WriteKind::Insert => true,
            WriteKind::Update => columns.iter().any(|c| self.written(cx, c).is_some()),
            WriteKind::Delete | WriteKind::Truncate => false,
        }
    }

    /// What is known of the value that a column has in the written row.
    pub fn value(&self, cx: &Context, column: &str) -> Value {
        let default = || match self.new.column(cx.dialect(), column) {
            Some(Column { default: None, generated: None, identity: None, auto_increment: false, .. }) => Value::Null,
            Some(Column { default: Some(text), .. }) => Value::of_expression(text, cx.dialect()),
            _ => Value::Open,
        };
        match (self.written(cx, column).map(|w| &w.value), self.write.kind) {
            (Some(WrittenValue::Null), _) => Value::Null,
            (Some(WrittenValue::Literal(text, string)), _) => Value::literal(text, *string),
            (Some(WrittenValue::Default), _) | (None, WriteKind::Insert) => default(),
            _ => Value::Open,
        }
    }

    /// The column before that a column after stands for.
    pub fn old_column(&self, cx: &Context, column: &Column) -> Option<&'a Column> {
        let same = self.old.columns.iter().find(|c| c.id == column.id);
        same.or_else(|| {
            self.old.column(cx.dialect(), &column.name).filter(|_| self.old.id != self.new.id || !self.renamed_away(cx, column))
        })
    }

    /// The old column of this name is another column under another name now, or gone.
    fn renamed_away(&self, cx: &Context, column: &Column) -> bool {
        self.old.column(cx.dialect(), &column.name).is_some_and(|o| o.id != column.id)
    }

    /// The name of a written column in the statement, else the name of the table.
    pub fn place_of(&self, written: &WrittenColumn) -> Span {
        if written.span.is_empty() { self.write.span } else { written.span }
    }

    /// The name of the first of these columns in the statement, else the name of the table.
    pub fn span_of(&self, cx: &Context, columns: &[String]) -> Span {
        let named = columns.iter().filter_map(|c| self.written(cx, c)).map(|w| w.span).find(|s| !s.is_empty());
        named.unwrap_or(self.write.span)
    }

    /// What a rule says of a column that the write stores or leaves out, given as it was (`None`: it is new) and as
    /// it is: the column is the object, the last of `ops` that was done to it the change, the table's name the place.
    pub fn explain(
        &self,
        cx: &Context,
        before: &Binding,
        (old, new): (Option<&Column>, &Column),
        ops: &[ChangeOp],
        (effect, message): (Effect, impl FnOnce(&ObjectRef) -> String),
    ) -> Explanation {
        let object = cx.column_ref(&self.new.name, &new.name);
        let mut explanation = cx.explain(before, effect, message(&object));
        explanation.object = Some(object);
        if let Some(old) = old {
            explanation.confidence = cx.confidence_of(before, old);
        }
        let (table, column) = old.map_or((self.new, new), |o| (self.old, o));
        explanation.change = cx
            .change_of_column(ops, Some(column.id), &table.name.name, &column.name)
            .or_else(|| cx.any_change_of_table(Some(self.new.id), &self.new.name.name));
        explanation.span = self.write.span;
        explanation
    }

    /// `INSERT into users`, for messages.
    pub fn verb(&self) -> &'static str {
        match self.write.kind {
            WriteKind::Insert => "INSERT",
            WriteKind::Update => "UPDATE",
            WriteKind::Delete => "DELETE",
            WriteKind::Truncate => "TRUNCATE",
        }
    }
}
