//! UPDATE, DELETE, MERGE, TRUNCATE, COPY and LOCK.

use super::binder::Binder;
use super::binding::{BindErrorKind, Write, WriteKind, WrittenColumn};
use super::errors::Clause;
use super::insert::Slot;
use super::scope::{Scope, is_named};
use super::target::Target;
use super::value::{Rows, Value};
use crate::model::object::ObjectKind;
use crate::model::schema::TableKind;
use crate::model::span::Span;
use crate::model::statement::Mode;
use crate::sql::ast::{
    Copy, Delete, Expr, ExprKind, FromItem, Merge, MergeAction, Name, OrderItem, SetClause, Statement, StatementKind, Update,
};

impl<'s> Binder<'s> {
    /// Binds a statement that writes; gives the rows of RETURNING. `None`: no rows, or no such statement.
    pub fn write_statement(&mut self, statement: &'s Statement) -> Option<Rows<'s>> {
        match &statement.kind {
            StatementKind::Insert(insert) => self.insert(insert),
            StatementKind::Update(update) => self.update(update),
            StatementKind::Delete(delete) => self.delete(delete),
            StatementKind::Merge(merge) => self.merge_into(merge),
            _ => None,
        }
    }

    /// The target that a relation of the innermost scope is.
    fn target_of(&mut self, index: usize, verb: &str) -> Target<'s> {
        let Some(relation) = self.scope().relations.get(index) else { return Target::default() };
        let (table, name, span) = (relation.table, relation.own_name.to_string(), relation.span);
        self.target(table, &name, span, verb)
    }

    fn update(&mut self, update: &'s Update) -> Option<Rows<'s>> {
        let ctes = self.enter_with(update.with.as_ref());
        self.scopes.push(Scope::default());
        let several = self.mysql() && (update.target.len() > 1 || matches!(update.target.first(), Some(FromItem::Join { .. })));
        for item in &update.target {
            self.bind_from_item(item, if several { Mode::Read } else { Mode::Write });
        }
        let targets_end = self.scope().relations.len();
        self.bind_from(&update.from, Mode::Read);
        let targets: Vec<Target<'s>> =
            if several { (0..targets_end).map(|i| self.plain_target(i)).collect() } else { vec![self.target_of(0, "update")] };
        let set = self.set_clauses(&update.set, &targets, Clause::Set, several);
        if let Some(filter) = &update.filter {
            self.within(Clause::Where, Mode::Filter, |b| b.condition(filter, "WHERE"));
        }
        self.tail(&update.order_by, &update.limit);
        let rows = self.returning(&update.returning);
        for (i, target) in targets.iter().enumerate() {
            let columns: Vec<WrittenColumn> = set.iter().filter(|s| s.0 == i).map(|s| s.1.clone()).collect();
            if columns.is_empty() && several {
                continue;
            }
            self.push_write(WriteKind::Update, target, columns);
        }
        self.scopes.pop();
        self.leave_with(ctes);
        rows
    }

    /// A table of a multi-table statement: views among them are followed only when they are written.
    fn plain_target(&mut self, index: usize) -> Target<'s> {
        let Some(relation) = self.scope().relations.get(index) else { return Target::default() };
        let (table, name, span) = (relation.table, relation.own_name.to_string(), relation.span);
        match table.filter(|t| t.view().is_some()) {
            Some(_) => self.target(table, &name, span, "update"),
            None => Target { table, base: table, columns: Vec::new(), name, span },
        }
    }

    fn push_write(&mut self, kind: WriteKind, target: &Target<'s>, columns: Vec<WrittenColumn>) {
        self.out.writes.push(Write {
            kind,
            table_id: target.base.map(|t| t.id),
            table: target.base.map_or(target.name.clone(), |t| t.name.name.clone()),
            columns,
            positional: false,
            from_query: true,
            span: target.span,
            tolerates_conflict: false,
            through_view: target.table.filter(|t| t.view().is_some()).map(|t| t.id),
        });
    }

    fn tail(&mut self, order_by: &'s [OrderItem], limit: &'s [Expr]) {
        self.order_items(order_by);
        for expr in limit {
            self.within(Clause::Where, Mode::Read, |b| b.expr(expr));
        }
    }

    /// Binds SET; gives the written columns with the number of their target.
    pub fn set_clauses(
        &mut self,
        clauses: &'s [SetClause],
        targets: &[Target<'s>],
        clause: Clause,
        several: bool,
    ) -> Vec<(usize, WrittenColumn)> {
        let mut written = Vec::new();
        for set in clauses {
            let values: Vec<(Option<&'s Expr>, Value<'s>)> = self.within(clause, Mode::Read, |b| b.set_values_of(set));
            if values.len() != set.targets.len() && set.targets.len() > 1 {
                let message = "number of columns does not match number of values".to_string();
                let lite = format!("{} columns assigned {} values", set.targets.len(), values.len());
                let my = format!("Operand should contain {} column(s)", set.targets.len());
                self.fail_by_engine(BindErrorKind::ColumnCount, ("42601", message), ("1241", my), lite, set.value.span, None);
            }
            for (i, name) in set.targets.iter().enumerate() {
                let Some(index) = self.set_target(name, targets, several, clause) else { continue };
                let Some(target) = targets.get(index) else { continue };
                let ident = if several || !self.pg() { name.last() } else { self.postgres_set_column(name, target) };
                let column = self.within(clause, Mode::Write, |b| b.target_column(target, ident));
                let (expr, value) = values.get(i).cloned().unwrap_or((None, Value::any()));
                let subscript = self.text.get(ident.span.end as usize..).is_some_and(|t| t.trim_start().starts_with('['));
                let part = self.pg() && (subscript || name.parts.len() > 1 && ident != name.last());
                if let Some(column) = column.filter(|_| !part) {
                    self.store(target, column, expr, &value, expr.map_or(set.value.span, |e| e.span), false, false);
                    self.assignment_shape(column, &value, set.value.span);
                }
                let twice =
                    written.iter().any(|(t, w): &(usize, WrittenColumn)| *t == index && self.dialect.same_column(&w.name, &ident.value));
                if twice && self.pg() && !part && !ident.is_hole() {
                    let message = format!("multiple assignments to same column \"{}\"", ident.value);
                    self.fail(BindErrorKind::Duplicate, "42601", message, ident.span, None);
                }
                let entry = self.written(target, &ident.value, column, expr, Some(&value), ident.span);
                written.push((index, entry));
            }
        }
        written
    }

    /// The values of one SET item, as many as it has targets.
    fn set_values_of(&mut self, set: &'s SetClause) -> Vec<(Option<&'s Expr>, Value<'s>)> {
        if set.targets.len() < 2 {
            let value = self.expr(&set.value);
            return vec![(Some(&set.value), value)];
        }
        match &set.value.kind {
            ExprKind::Row(items) => items.iter().map(|e| (Some(e), self.expr(e))).collect(),
            ExprKind::Paren(inner) if matches!(inner.kind, ExprKind::Row(_)) => match &inner.kind {
                ExprKind::Row(items) => items.iter().map(|e| (Some(e), self.expr(e))).collect(),
                _ => Vec::new(),
            },
            ExprKind::Subquery(query) => {
                let rows = self.query_rows(query);
                if rows.open {
                    return set.targets.iter().map(|_| (None, Value::any())).collect();
                }
                rows.columns.into_iter().map(|c| (None, Value { nullable: Some(true), ..c.value })).collect()
            }
            _ => {
                self.expr(&set.value);
                set.targets.iter().map(|_| (None, Value::any())).collect()
            }
        }
    }

    /// In PostgreSQL the first part is the column; a qualifier is none (`t.a` would be field `a` of column `t`).
    fn postgres_set_column(&self, name: &'s Name, target: &Target<'s>) -> &'s crate::sql::ast::Ident {
        let Some(first) = name.parts.first() else { return name.last() };
        let is_column = target.table.is_some_and(|t| t.column(self.dialect, &first.value).is_some());
        if name.parts.len() > 1 && target.table.is_some() || is_column { first } else { name.last() }
    }

    /// Which target a SET column belongs to.
    fn set_target(&mut self, name: &'s Name, targets: &[Target<'s>], several: bool, clause: Clause) -> Option<usize> {
        if !several {
            if let Some(qualifier) = name.qualifier().filter(|_| !self.pg()) {
                let dialect = self.dialect;
                let known = self
                    .scope()
                    .relations
                    .first()
                    .is_some_and(|r| is_named(r, dialect, None, &qualifier.value) || r.own_name == qualifier.value);
                if !known && !name.is_hole() && !self.porous {
                    self.within(clause, Mode::Write, |b| b.unknown_column(Some(&qualifier.value), &name.last().value, name.last().span));
                    return None;
                }
            }
            return Some(0);
        }
        let dialect = self.dialect;
        if let Some(qualifier) = name.qualifier() {
            let found = self.scope().relations.iter().take(targets.len()).position(|r| is_named(r, dialect, None, &qualifier.value));
            if found.is_none() && !name.is_hole() && !self.scope().porous {
                self.within(clause, Mode::Write, |b| b.unknown_column(Some(&qualifier.value), &name.last().value, name.last().span));
            }
            return found;
        }
        let column = &name.last().value;
        let has: Vec<usize> = (0..targets.len())
            .filter(|i| targets.get(*i).and_then(|t| t.table).is_some_and(|t| t.column(dialect, column).is_some()))
            .collect();
        match has.as_slice() {
            [one] => Some(*one),
            [] => {
                let open = (0..targets.len()).find(|i| targets.get(*i).is_none_or(|t| t.table.is_none_or(|t| t.open)));
                if open.is_none() && !name.is_hole() && !self.scope().porous {
                    self.within(clause, Mode::Write, |b| b.unknown_column(None, column, name.last().span));
                }
                open
            }
            _ => {
                self.within(clause, Mode::Write, |b| b.ambiguous_column(None, column, name.last().span));
                None
            }
        }
    }

    fn delete(&mut self, delete: &'s Delete) -> Option<Rows<'s>> {
        let ctes = self.enter_with(delete.with.as_ref());
        self.scopes.push(Scope::default());
        let several = !delete.tables.is_empty();
        for item in &delete.from {
            self.bind_from_item(item, if several { Mode::Read } else { Mode::Write });
        }
        self.bind_from(&delete.using, Mode::Read);
        let mut targets = Vec::new();
        if several {
            for name in &delete.tables {
                let dialect = self.dialect;
                let found = self
                    .scope()
                    .relations
                    .iter()
                    .position(|r| is_named(r, dialect, None, &name.last().value) || r.own_name == name.last().value);
                match found {
                    Some(index) => {
                        let target = self.target_of(index, "delete from");
                        if let Some(table) = target.table {
                            self.use_table(table, Mode::Write, name.last().span);
                        }
                        targets.push(target);
                    }
                    None if !name.is_hole() && !self.scope().porous => {
                        let message = format!("Unknown table '{}' in MULTI DELETE", name.last().value);
                        self.fail(BindErrorKind::UnknownTable, "1109", message, name.last().span, None);
                    }
                    None => {}
                }
            }
        } else {
            targets.push(self.target_of(0, "delete from"));
        }
        if let Some(filter) = &delete.filter {
            self.within(Clause::Where, Mode::Filter, |b| b.condition(filter, "WHERE"));
        }
        self.tail(&delete.order_by, &delete.limit);
        let rows = self.returning(&delete.returning);
        for target in &targets {
            self.push_write(WriteKind::Delete, target, Vec::new());
        }
        self.scopes.pop();
        self.leave_with(ctes);
        rows
    }

    fn merge_into(&mut self, merge: &'s Merge) -> Option<Rows<'s>> {
        let ctes = self.enter_with(merge.with.as_ref());
        self.scopes.push(Scope::default());
        self.bind_from_item(&merge.target, Mode::Write);
        self.bind_from_item(&merge.source, Mode::Read);
        self.check_duplicate_aliases();
        let target = self.target_of(0, "merge into");
        self.within(Clause::On, Mode::Join, |b| b.condition(&merge.on, "JOIN/ON"));
        for clause in &merge.clauses {
            if let Some(condition) = &clause.condition {
                self.within(Clause::Where, Mode::Filter, |b| b.condition(condition, "WHEN"));
            }
            match &clause.action {
                MergeAction::Update(set) => {
                    let columns = self.set_clauses(set, std::slice::from_ref(&target), Clause::Set, false);
                    self.push_write(WriteKind::Update, &target, columns.into_iter().map(|c| c.1).collect());
                }
                MergeAction::Delete => self.push_write(WriteKind::Delete, &target, Vec::new()),
                MergeAction::Insert { columns, values } => {
                    let slots: Option<Vec<Slot<'s>>> = match columns {
                        Some(list) => {
                            let list: Vec<_> = list.iter().map(|t| (&t.column, t.indirection)).collect();
                            Some(self.listed(&list, &target))
                        }
                        None => self.positional(&target, false),
                    };
                    if !values.is_empty() {
                        self.check_count(values.len(), slots.as_deref(), columns.is_none(), 1, &target, values);
                    }
                    let mut written = Vec::new();
                    for (i, expr) in values.iter().enumerate() {
                        let value = self.within(Clause::Values, Mode::Read, |b| b.expr(expr));
                        let Some(slot) = slots.as_ref().and_then(|s| s.get(i)) else { continue };
                        if let Some(column) = slot.column.filter(|_| !slot.part) {
                            self.store(&target, column, Some(expr), &value, expr.span, true, false);
                        }
                        written.push(self.written(&target, &slot.name, slot.column, Some(expr), Some(&value), slot.span));
                    }
                    self.push_write(WriteKind::Insert, &target, written);
                    if let Some(last) = self.out.writes.last_mut() {
                        last.positional = columns.is_none();
                    }
                }
                MergeAction::Nothing => {}
            }
        }
        let rows = self.returning(&merge.returning);
        self.scopes.pop();
        self.leave_with(ctes);
        rows
    }

    /// COPY and LOAD DATA.
    pub fn copy(&mut self, copy: &'s Copy) {
        if let Some(query) = &copy.query {
            self.statement(query);
        }
        let Some(name) = &copy.table else { return };
        let mode = if copy.from { Mode::Write } else { Mode::Read };
        self.scopes.push(Scope::default());
        let relation = self.table_relation(name, None, mode);
        let last = name.last();
        if let Some(table) = relation.table.filter(|_| self.pg()) {
            let message = match (&table.kind, copy.from) {
                (TableKind::View(_), false) => Some(format!("cannot copy from view \"{}\"", last.value)),
                (TableKind::View(_), true) if !table.triggers.iter().any(|t| t.timing.contains("instead")) => {
                    Some(format!("cannot copy to view \"{}\"", last.value))
                }
                _ => None,
            };
            if let Some(message) = message {
                self.fail(BindErrorKind::NotWritable, "42809", message, last.span, None);
            }
        }
        let target = Target { table: relation.table, base: relation.table, columns: Vec::new(), name: last.value.clone(), span: last.span };
        let mut written = Vec::new();
        match &copy.columns {
            Some(columns) => {
                for ident in columns {
                    let before = self.mode;
                    let column = self.within(Clause::InsertList, mode, |b| b.target_column(&target, ident));
                    self.mode = before;
                    if let Some(used) = self.out.uses.last_mut().filter(|_| !copy.from) {
                        used.mode = Mode::Read;
                    }
                    written.push(self.written(&target, &ident.value, column, None, None, ident.span));
                }
            }
            None => {
                let slots = self.positional(&target, false).unwrap_or_default();
                for slot in &slots {
                    if slot.column.is_some_and(|c| c.generated.is_some()) {
                        continue;
                    }
                    if let (Some(table), Some(column)) = (target.table, slot.column) {
                        self.use_column_as(super::value::Origin { table, column }, mode, Span::default(), true);
                    }
                    written.push(self.written(&target, &slot.name, slot.column, None, None, Span::default()));
                }
            }
        }
        if copy.from {
            self.push_write(WriteKind::Insert, &target, written);
            if let Some(last) = self.out.writes.last_mut() {
                last.positional = copy.columns.is_none();
            }
        }
        self.scopes.pop();
    }

    /// TRUNCATE and LOCK.
    pub fn tables(&mut self, names: &'s [Name], truncate: bool) {
        for name in names {
            self.scopes.push(Scope::default());
            let relation = self.table_relation(name, None, if truncate { Mode::Write } else { Mode::Read });
            self.scopes.pop();
            if !truncate {
                continue;
            }
            let last = name.last();
            if let Some(table) = relation.table.filter(|t| t.view().is_some()) {
                let message = format!("\"{}\" is not a table", last.value);
                let object = crate::model::object::ObjectRef::table(ObjectKind::View, &table.name);
                self.fail(BindErrorKind::NotWritable, if self.pg() { "42809" } else { "1347" }, message, last.span, Some(object));
            }
            let target =
                Target { table: relation.table, base: relation.table, columns: Vec::new(), name: last.value.clone(), span: last.span };
            self.push_write(WriteKind::Truncate, &target, Vec::new());
        }
    }
}
