//! INSERT and REPLACE.

use super::binder::Binder;
use super::binding::{BindErrorKind, Write, WriteKind, WrittenColumn, WrittenValue};
use super::errors::Clause;
use super::scope::{Columns, Relation, Scope};
use super::target::Target;
use super::value::{Origin, Rows, Value};
use crate::model::dialect::Engine;
use crate::model::object::ObjectKind;
use crate::model::schema::Column;
use crate::model::span::Span;
use crate::model::statement::Mode;
use crate::sql::ast::{Expr, Ident, Insert, InsertSource, SelectItem, SetClause};
use std::borrow::Cow;
use std::rc::Rc;

/// A column that a row fills: the column where it is known, its name and place.
#[derive(Clone)]
pub struct Slot<'s> {
    /// Column.
    pub column: Option<&'s Column>,
    /// Name.
    pub name: Cow<'s, str>,
    /// Place; empty where it is not written.
    pub span: Span,
    /// Only a part of it is stored (`a[1]`, `a.b`).
    pub part: bool,
}

impl<'s> Binder<'s> {
    /// Binds an INSERT; gives the rows of RETURNING.
    pub fn insert(&mut self, insert: &'s Insert) -> Option<Rows<'s>> {
        let ctes = self.enter_with(insert.with.as_ref());
        // The target is no part of what the source sees.
        self.scopes.push(Scope { sealed: true, ..Scope::default() });
        let relation = self.table_relation(&insert.table, insert.alias.as_ref(), Mode::Write);
        let last = insert.table.last();
        let target = self.target(relation.table, &last.value, last.span, "insert into");
        let hole = relation.open && relation.table.is_none();
        let slots = self.slots(insert, &target, hole);
        let (columns, from_query) = self.source(insert, &target, slots.as_deref());
        let conflict = insert.on_conflict.as_ref();
        self.out.writes.push(Write {
            kind: WriteKind::Insert,
            table_id: target.base.map(|t| t.id),
            table: target.base.map_or(last.value.clone(), |t| t.name.name.clone()),
            columns,
            positional: insert.columns.is_none(),
            from_query,
            span: last.span,
            tolerates_conflict: insert.replace || insert.ignore || conflict.is_some(),
            through_view: target.table.filter(|t| t.view().is_some()).map(|t| t.id),
        });
        if let Some(scope) = self.scopes.last_mut() {
            scope.sealed = false;
        }
        self.add_relation(relation);
        if let Some(conflict) = conflict {
            self.on_conflict(insert, conflict, &target);
        }
        let rows = self.returning(&insert.returning);
        self.scopes.pop();
        self.leave_with(ctes);
        rows
    }

    /// RETURNING over the innermost scope.
    pub fn returning(&mut self, items: &'s [SelectItem]) -> Option<Rows<'s>> {
        if items.is_empty() {
            return None;
        }
        let mut rows = Rows::default();
        // PostgreSQL 18 names the rows before and after.
        if self.pg()
            && let Some(target) = self.scope().relations.first().cloned()
        {
            for name in ["old", "new"] {
                if !self.scope().relations.iter().any(|r| r.name == name) {
                    let row = Relation { name: Cow::Borrowed(name), schema: None, qualified_only: true, ..target.clone() };
                    self.scope().relations.push(row);
                }
            }
        }
        self.within(Clause::Returning, Mode::Read, |b| b.items(items, &mut rows));
        Some(rows)
    }

    /// The columns that rows fill, in order. `None`: not known.
    fn slots(&mut self, insert: &'s Insert, target: &Target<'s>, hole: bool) -> Option<Vec<Slot<'s>>> {
        if let InsertSource::Set(_) = insert.source {
            return None;
        }
        let Some(list) = &insert.columns else {
            return self.positional(target, hole);
        };
        let columns: Vec<(&'s Ident, bool)> = list.iter().map(|t| (&t.column, t.indirection)).collect();
        Some(self.listed(&columns, target))
    }

    /// Slots of a column list.
    pub fn listed(&mut self, list: &[(&'s Ident, bool)], target: &Target<'s>) -> Vec<Slot<'s>> {
        let mut slots: Vec<Slot<'s>> = Vec::new();
        for (ident, part) in list {
            let column = self.within(Clause::InsertList, Mode::Write, |b| b.target_column(target, ident));
            let twice = slots.iter().any(|s| self.dialect.same_column(&s.name, &ident.value)) && !ident.is_hole() && !part;
            if twice && !self.lite() {
                let name = &ident.value;
                self.fail_by_engine(
                    BindErrorKind::Duplicate,
                    ("42701", format!("column \"{name}\" specified more than once")),
                    ("1110", format!("Column '{name}' specified twice")),
                    String::new(),
                    ident.span,
                    None,
                );
            }
            if self.lite()
                && let Some(c) = column.filter(|c| c.generated.is_some())
            {
                let message = format!("cannot INSERT into generated column \"{}\"", c.name);
                self.fail(BindErrorKind::NotWritable, "SQLITE_ERROR", message, ident.span, None);
            }
            slots.push(Slot { column, name: Cow::Borrowed(&ident.value), span: ident.span, part: *part });
        }
        slots
    }

    /// All columns that a row without a column list fills.
    pub fn positional(&mut self, target: &Target<'s>, hole: bool) -> Option<Vec<Slot<'s>>> {
        let table = target.table.filter(|t| !t.open && !hole)?;
        let lite = self.lite();
        let columns: Vec<&'s Column> = table.columns.iter().filter(|c| !(c.invisible || lite && c.generated.is_some())).collect();
        Some(
            columns
                .into_iter()
                .map(|c| Slot { column: Some(c), name: Cow::Borrowed(c.name.as_str()), span: Span::default(), part: false })
                .collect(),
        )
    }

    /// Binds the rows; gives the written columns and whether they come from a query.
    fn source(&mut self, insert: &'s Insert, target: &Target<'s>, slots: Option<&[Slot<'s>]>) -> (Vec<WrittenColumn>, bool) {
        let overriding = insert.overriding.is_some();
        let positional = insert.columns.is_none();
        match &insert.source {
            InsertSource::Values(rows) => {
                let mut written: Vec<WrittenColumn> = Vec::new();
                let mut filled = 0;
                for (n, row) in rows.iter().enumerate() {
                    if row.is_empty() && self.mysql() {
                        continue;
                    }
                    self.check_count(row.len(), slots, positional, n + 1, target, row);
                    filled = filled.max(row.len());
                    for (i, expr) in row.iter().enumerate() {
                        let value = self.within(Clause::Values, Mode::Read, |b| b.value_in_row(expr, target));
                        let Some(slot) = slots.and_then(|s| s.get(i)) else { continue };
                        if let Some(column) = slot.column.filter(|_| !slot.part) {
                            self.store(target, column, Some(expr), &value, expr.span, true, overriding);
                        }
                        let entry = self.written(target, &slot.name, slot.column, Some(expr), Some(&value), slot.span);
                        merge_written(&mut written, i, entry);
                    }
                }
                self.use_positional(target, slots, positional, filled);
                (written, false)
            }
            InsertSource::Query(query) => {
                let rows = self.query_rows(query);
                if !rows.open {
                    self.check_count(rows.columns.len(), slots, positional, 1, target, &[]);
                }
                self.use_positional(target, slots, positional, rows.columns.len());
                let mut written = Vec::new();
                for (slot, column) in slots.unwrap_or(&[]).iter().zip(&rows.columns) {
                    if let Some(stored) = slot.column.filter(|_| !slot.part) {
                        self.store(target, stored, None, &column.value, query.span, true, overriding);
                        self.assignment_shape(stored, &column.value, query.span);
                    }
                    written.push(self.written(target, &slot.name, slot.column, None, Some(&column.value), slot.span));
                }
                (written, true)
            }
            InsertSource::Default => (Vec::new(), false),
            InsertSource::Set(clauses) => (self.set_values(clauses, target), false),
            InsertSource::Hole(span) => {
                self.opaque(*span, ObjectKind::Other, "the rows are not known");
                let written = slots.unwrap_or(&[]).iter().map(|s| self.written(target, &s.name, s.column, None, None, s.span)).collect();
                (written, false)
            }
        }
    }

    /// Types that an assignment converts between.
    pub fn assignment_shape(&mut self, column: &Column, value: &Value<'s>, span: Span) {
        if value.ty.known().is_some() {
            let text = format!("{} := {}", column.ty, self.describe(value));
            self.shape(span, text, usize::MAX);
        }
    }

    /// A value in VALUES; MySQL's may name the columns of the table.
    fn value_in_row(&mut self, expr: &'s Expr, target: &Target<'s>) -> Value<'s> {
        if self.mysql()
            && let Some(table) = target.table
        {
            let mut scope = Scope::default();
            scope.relations.push(Relation {
                table: Some(table),
                open: table.open,
                ..Relation::new(Cow::Borrowed(table.name.name.as_str()), Columns::Table(table), target.span)
            });
            self.scopes.push(scope);
            let value = self.expr(expr);
            self.scopes.pop();
            return value;
        }
        if self.mysql() {
            self.scopes.push(Scope { porous: true, ..Scope::default() });
            let value = self.expr(expr);
            self.scopes.pop();
            return value;
        }
        self.expr(expr)
    }

    fn use_positional(&mut self, target: &Target<'s>, slots: Option<&[Slot<'s>]>, positional: bool, filled: usize) {
        let (Some(slots), Some(table), true) = (slots, target.table, positional) else { return };
        for column in slots.iter().take(filled).filter_map(|s| s.column) {
            self.use_column_as(Origin { table, column }, Mode::Write, Span::default(), true);
        }
    }

    /// MySQL's `INSERT ... SET`.
    fn set_values(&mut self, clauses: &'s [SetClause], target: &Target<'s>) -> Vec<WrittenColumn> {
        let mut written = Vec::new();
        for clause in clauses {
            for name in &clause.targets {
                let ident = name.last();
                let column = self.within(Clause::InsertList, Mode::Write, |b| b.target_column(target, ident));
                let value = self.within(Clause::Values, Mode::Read, |b| b.value_in_row(&clause.value, target));
                if let Some(column) = column {
                    self.store(target, column, Some(&clause.value), &value, clause.value.span, true, false);
                }
                written.push(self.written(target, &ident.value, column, Some(&clause.value), Some(&value), ident.span));
            }
        }
        written
    }

    /// Compares the number of values with the number of columns.
    pub fn check_count(
        &mut self,
        have: usize,
        slots: Option<&[Slot<'s>]>,
        positional: bool,
        row: usize,
        target: &Target<'s>,
        exprs: &[Expr],
    ) {
        let Some(slots) = slots else { return };
        let want = slots.len();
        if have == want || (self.pg() && positional && have < want) {
            return;
        }
        // A hole may stand for several values, or a column for several columns.
        let open = exprs.iter().any(|e| matches!(e.kind, crate::sql::ast::ExprKind::Hole))
            || slots.iter().any(|s| s.name.contains(crate::model::statement::HOLE))
            || self.porous;
        if open {
            return;
        }
        let span = exprs.get(want).or(exprs.first()).map_or(target.span, |e| e.span);
        let pg =
            if have > want { "INSERT has more expressions than target columns" } else { "INSERT has more target columns than expressions" };
        let lite = if positional {
            format!("table {} has {want} columns but {have} values were supplied", target.name)
        } else {
            format!("{have} values for {want} columns")
        };
        let my = format!("Column count doesn't match value count at row {row}");
        self.fail_by_engine(BindErrorKind::ColumnCount, ("42601", pg.to_string()), ("1136", my), lite, span, None);
    }

    /// The scope of the row that a conflict would insert: `excluded`, MySQL's row alias.
    pub fn proposed_row(&self, insert: &'s Insert, target: &Target<'s>) -> Option<Relation<'s>> {
        let (name, renamed, qualified_only): (&'s str, &'s [Ident], bool) = match (&insert.row_alias, self.engine) {
            (Some(alias), _) => (&alias.name.value, &alias.columns, alias.columns.is_empty()),
            (None, Engine::Postgres) => ("excluded", &[], false),
            (None, Engine::Sqlite) => ("excluded", &[], true),
            _ => return None,
        };
        let columns = match target.table {
            Some(table) => Columns::Table(table),
            None => Columns::List(Rc::new(Vec::new())),
        };
        let mut relation = Relation::new(Cow::Borrowed(name), columns, target.span);
        relation.table = target.table;
        relation.open = target.table.is_none_or(|t| t.open);
        relation.own_name = Cow::Owned(target.name.clone());
        relation.renamed = renamed;
        relation.qualified_only = qualified_only;
        Some(relation)
    }
}

/// Values of several rows for one column: what differs is unknown.
fn merge_written(written: &mut Vec<WrittenColumn>, index: usize, entry: WrittenColumn) {
    match written.get_mut(index) {
        Some(known) if known.value != entry.value => {
            // NULL or DEFAULT in any row decides what can fail.
            if matches!(entry.value, WrittenValue::Null | WrittenValue::Default)
                || matches!(known.value, WrittenValue::Null | WrittenValue::Default)
            {
                if !matches!(known.value, WrittenValue::Null) {
                    known.value = entry.value;
                }
            } else {
                known.value = WrittenValue::Unknown;
            }
        }
        Some(_) => {}
        None => written.push(entry),
    }
}
