//! ON CONFLICT and ON DUPLICATE KEY UPDATE: the unique index that arbitrates, and the update.

use super::binder::Binder;
use super::binding::{BindErrorKind, Write, WriteKind};
use super::errors::Clause;
use super::scope::{Columns, Relation, Scope};
use super::target::Target;
use crate::model::object::{ObjectKind, ObjectName, ObjectRef};
use crate::model::schema::{ConstraintKind, Table};
use crate::model::statement::Mode;
use crate::sql::ast::{Expr, ExprKind, Insert, OnConflict};
use std::borrow::Cow;

impl<'s> Binder<'s> {
    /// Binds the conflict clause in the scope of the target.
    pub fn on_conflict(&mut self, insert: &'s Insert, conflict: &'s OnConflict, target: &Target<'s>) {
        let arbiter = target.base.filter(|t| !t.open);
        if let Some(name) = &conflict.constraint {
            self.constraint_named(name, arbiter);
        }
        if !conflict.target.is_empty() {
            // Arbiter columns are those of the table itself.
            let alone = self.scope_of(target);
            self.scopes.push(alone);
            for expr in &conflict.target {
                self.within(Clause::Where, Mode::Filter, |b| b.expr(expr));
            }
            if let Some(filter) = &conflict.target_filter {
                self.within(Clause::Where, Mode::Filter, |b| b.condition(filter, "WHERE"));
            }
            self.scopes.pop();
            if let Some(table) = arbiter {
                self.infer(conflict, table, target);
            }
        } else if self.pg() && conflict.update.is_some() && conflict.constraint.is_none() && !conflict.duplicate_key {
            let message = "ON CONFLICT DO UPDATE requires inference specification or constraint name".to_string();
            self.fail(BindErrorKind::NoArbiter, "42601", message, conflict.span, None);
        }
        let Some(update) = &conflict.update else { return };
        let proposed = self.proposed_row(insert, target);
        let before = self.scope().relations.len();
        let star = self.scope().star.len();
        if let Some(relation) = proposed {
            self.scope().relations.push(relation);
        }
        // ON DUPLICATE KEY UPDATE also sees the tables of INSERT ... SELECT.
        let query_tables = conflict.duplicate_key && matches!(insert.source, crate::sql::ast::InsertSource::Query(_));
        let porous = self.scope().porous;
        self.scope().porous |= query_tables;
        let clause = if conflict.duplicate_key { Clause::Update } else { Clause::Set };
        let columns = self.set_clauses(update, std::slice::from_ref(target), clause, false);
        if let Some(filter) = &conflict.filter {
            self.within(Clause::Where, Mode::Filter, |b| b.condition(filter, "WHERE"));
        }
        self.scope().porous = porous;
        self.scope().relations.truncate(before);
        self.scope().star.truncate(star);
        self.out.writes.push(Write {
            kind: WriteKind::Update,
            table_id: target.base.map(|t| t.id),
            table: target.base.map_or(target.name.clone(), |t| t.name.name.clone()),
            columns: columns.into_iter().map(|c| c.1).collect(),
            positional: false,
            from_query: true,
            span: target.span,
            tolerates_conflict: false,
            through_view: target.table.filter(|t| t.view().is_some()).map(|t| t.id),
        });
    }

    fn scope_of(&self, target: &Target<'s>) -> Scope<'s> {
        let mut scope = Scope::default();
        match target.table {
            Some(table) => {
                let mut relation = Relation::new(Cow::Borrowed(table.name.name.as_str()), Columns::Table(table), target.span);
                relation.table = Some(table);
                relation.open = table.open;
                scope.relations.push(relation);
            }
            None => {
                let mut relation = Relation::new(Cow::Owned(target.name.clone()), Columns::List(std::rc::Rc::new(Vec::new())), target.span);
                relation.open = true;
                scope.relations.push(relation);
            }
        }
        scope
    }

    fn constraint_named(&mut self, name: &'s crate::sql::ast::Ident, table: Option<&'s Table>) {
        let Some(table) = table.filter(|_| !name.is_hole()) else { return };
        let found = table.constraints.iter().find(|c| c.name == name.value);
        let Some(constraint) = found else {
            let message = format!("constraint \"{}\" for table \"{}\" does not exist", name.value, table.name.name);
            let object = ObjectRef::part(ObjectKind::Constraint, &table.name, &name.value);
            self.fail(BindErrorKind::UnknownConstraint, "42704", message, name.span, Some(object));
            return;
        };
        let object = ObjectName::new(table.name.schema.as_str(), constraint.name.as_str());
        self.use_object(ObjectKind::Constraint, Some(constraint.id), &object, Some(table.id), name.span);
        if constraint.deferrable {
            self.deferrable(conflict_span(name));
        }
    }

    /// The name that a column of the target has in the table behind it.
    fn base_name(&self, target: &Target<'s>, name: &str) -> String {
        let behind = || {
            let view = target.table.filter(|t| t.view().is_some())?;
            let position = view.columns.iter().position(|c| self.dialect.same_column(&c.name, name))?;
            let id = target.columns.get(position).copied().flatten()?;
            target.base?.columns.iter().find(|c| c.id == id).map(|c| c.name.clone())
        };
        behind().unwrap_or_else(|| name.to_string())
    }

    fn deferrable(&mut self, span: crate::model::span::Span) {
        let message = "ON CONFLICT does not support deferrable unique constraints/exclusion constraints as arbiters".to_string();
        self.fail(BindErrorKind::NoArbiter, "55000", message, span, None);
    }

    /// A unique index over exactly the columns and expressions of the target, whose condition the target's own
    /// one covers.
    fn infer(&mut self, conflict: &'s OnConflict, table: &'s Table, target: &Target<'s>) {
        let mut columns: Vec<String> = Vec::new();
        let mut exprs: Vec<String> = Vec::new();
        for expr in &conflict.target {
            match key_column(expr) {
                Some(name) => columns.push(self.base_name(target, name)),
                None => exprs.push(normal(expr.span.slice(self.text))),
            }
        }
        if conflict.target.iter().any(|e| matches!(e.kind, ExprKind::Hole))
            || columns.iter().any(|c| c.contains(crate::model::statement::HOLE))
        {
            return;
        }
        let filter = conflict.target_filter.as_ref().map(|f| normal(f.span.slice(self.text)));
        let same_set =
            |have: &[&str]| have.len() == columns.len() && have.iter().all(|h| columns.iter().any(|c| self.dialect.same_column(c, h)));
        let mut deferrable = None;
        if exprs.is_empty() {
            for constraint in &table.constraints {
                let keys = match &constraint.kind {
                    ConstraintKind::PrimaryKey { columns } | ConstraintKind::Unique { columns, .. } => columns,
                    _ => continue,
                };
                if same_set(&keys.iter().map(String::as_str).collect::<Vec<_>>()) {
                    if constraint.deferrable && self.pg() {
                        deferrable = Some(());
                        continue;
                    }
                    let object = ObjectName::new(table.name.schema.as_str(), constraint.name.as_str());
                    self.use_object(
                        ObjectKind::Constraint,
                        Some(constraint.id),
                        &object,
                        Some(table.id),
                        crate::model::span::Span::default(),
                    );
                    return;
                }
            }
        }
        for index in table.indexes.iter().filter(|i| i.unique && !i.invisible && i.constraint.is_none()) {
            let keys: Vec<&str> = index.keys.iter().filter_map(|k| k.column.as_deref()).collect();
            let on: Vec<String> = index.keys.iter().filter_map(|k| k.expr.as_deref()).map(normal).collect();
            let same_exprs = on.len() == exprs.len() && on.iter().all(|e| exprs.contains(e));
            let covered = match (&index.predicate, &filter) {
                (None, _) => true,
                (Some(predicate), Some(filter)) => implies(filter, &normal(predicate)),
                (Some(_), None) => false,
            };
            if same_set(&keys) && same_exprs && covered {
                let object = ObjectName::new(table.name.schema.as_str(), index.name.as_str());
                self.use_object(ObjectKind::Index, Some(index.id), &object, Some(table.id), crate::model::span::Span::default());
                return;
            }
        }
        if deferrable.is_some() {
            self.deferrable(conflict.span);
            return;
        }
        self.fail_by_engine(
            BindErrorKind::NoArbiter,
            ("42P10", "there is no unique or exclusion constraint matching the ON CONFLICT specification".to_string()),
            ("1064", String::new()),
            "ON CONFLICT clause does not match any PRIMARY KEY or UNIQUE constraint".to_string(),
            conflict.span,
            Some(ObjectRef::table(ObjectKind::Table, &table.name)),
        );
    }
}

fn conflict_span(name: &crate::sql::ast::Ident) -> crate::model::span::Span {
    name.span
}

/// The column that an arbiter expression is, past COLLATE.
fn key_column(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Column(name) => Some(&name.last().value),
        ExprKind::Collate { expr, .. } | ExprKind::Paren(expr) => key_column(expr),
        _ => None,
    }
}

/// An expression's text without what the engine adds when it shows one: parentheses, casts to text, spaces.
fn normal(text: &str) -> String {
    let lower = text.to_lowercase();
    let mut out = lower.replace("::text", "").replace("::character varying", "").replace("<>", "!=");
    out.retain(|c| !c.is_whitespace() && !matches!(c, '(' | ')' | '"' | '`'));
    out.replace("isnottrue", "=false").replace("=true", "")
}

/// Whether a condition covers a predicate: it is the same, or one of its conjuncts is.
fn implies(filter: &str, predicate: &str) -> bool {
    let parts: Vec<&str> = filter.split("and").collect();
    filter == predicate || predicate.split("and").all(|p| parts.contains(&p))
}
