//! The errors of the engines, in their words.

use super::binder::Binder;
use super::binding::{BindError, BindErrorKind};
use crate::model::dialect::Engine;
use crate::model::object::{ObjectKind, ObjectName, ObjectRef};
use crate::model::span::Span;

impl Binder<'_> {
    /// Records an error, unless one came earlier.
    pub(super) fn fail(&mut self, kind: BindErrorKind, code: &str, message: String, span: Span, object: Option<ObjectRef>) {
        // Where a part was not understood, only names that are missing count.
        let doubtful = self.porous && !is_missing(kind);
        if self.out.error.is_none() && self.muted == 0 && !doubtful {
            self.out.error = Some(BindError { kind, code: code.to_string(), message, span, object });
        }
    }

    /// Records an error with a code and message for each family of engines: PostgreSQL, MySQL, SQLite.
    pub(super) fn fail_by_engine(
        &mut self,
        kind: BindErrorKind,
        pg: (&str, String),
        my: (&str, String),
        lite: String,
        span: Span,
        object: Option<ObjectRef>,
    ) {
        let (code, message) = match self.engine {
            Engine::Postgres => pg,
            Engine::MySql | Engine::MariaDb => my,
            Engine::Sqlite => ("SQLITE_ERROR", lite),
        };
        self.fail(kind, code, message, span, object);
    }

    pub(super) fn unknown_table(&mut self, qualifier: Option<&str>, name: &str, span: Span) {
        let shown = match qualifier {
            Some(q) => format!("{q}.{name}"),
            None => name.to_string(),
        };
        let in_database = match (qualifier, &self.session.database) {
            (None, Some(database)) => format!("{database}.{name}"),
            _ => shown.clone(),
        };
        let object = ObjectRef::table(ObjectKind::Table, &ObjectName::new(qualifier.unwrap_or(""), name));
        self.fail_by_engine(
            BindErrorKind::UnknownTable,
            ("42P01", format!("relation \"{shown}\" does not exist")),
            ("1146", format!("Table '{in_database}' doesn't exist")),
            format!("no such table: {shown}"),
            span,
            Some(object),
        );
    }

    pub(super) fn unknown_column(&mut self, qualifier: Option<&str>, name: &str, span: Span) {
        let (pg, shown) = match qualifier {
            Some(q) => (format!("column {q}.{name} does not exist"), format!("{q}.{name}")),
            None => (format!("column \"{name}\" does not exist"), name.to_string()),
        };
        let object = ObjectRef {
            kind: ObjectKind::Column,
            schema: None,
            table: qualifier.map(str::to_string),
            column: Some(name.to_string()),
            name: None,
        };
        let clause = self.clause_name();
        self.fail_by_engine(
            BindErrorKind::UnknownColumn,
            ("42703", pg),
            ("1054", format!("Unknown column '{shown}' in '{clause}'")),
            format!("no such column: {shown}"),
            span,
            Some(object),
        );
    }

    pub(super) fn ambiguous_column(&mut self, qualifier: Option<&str>, name: &str, span: Span) {
        let clause = self.clause_name();
        let shown = qualifier.map_or_else(|| name.to_string(), |q| format!("{q}.{name}"));
        self.fail_by_engine(
            BindErrorKind::AmbiguousColumn,
            ("42702", format!("column reference \"{name}\" is ambiguous")),
            ("1052", format!("Column '{shown}' in {clause} is ambiguous")),
            format!("ambiguous column name: {shown}"),
            span,
            None,
        );
    }

    /// A column that the table written to does not have.
    pub(super) fn unknown_target_column(&mut self, table: &ObjectName, name: &str, span: Span) {
        let clause = self.clause_name();
        let lite = if self.clause == Clause::InsertList {
            format!("table {} has no column named {name}", table.name)
        } else {
            format!("no such column: {name}")
        };
        self.fail_by_engine(
            BindErrorKind::UnknownColumn,
            ("42703", format!("column \"{name}\" of relation \"{}\" does not exist", table.name)),
            ("1054", format!("Unknown column '{name}' in '{clause}'")),
            lite,
            span,
            Some(ObjectRef::column(table, name)),
        );
    }

    /// The clause as MySQL or MariaDB names it in messages.
    pub(super) fn clause_name(&self) -> &'static str {
        if self.engine == Engine::MariaDb {
            match self.clause {
                Clause::Select => "SELECT",
                Clause::On => "ON",
                Clause::From => "FROM",
                Clause::Where => "WHERE",
                Clause::Group => "GROUP BY",
                Clause::Having => "HAVING",
                Clause::Order => "ORDER BY",
                Clause::InsertList => "INSERT INTO",
                Clause::Values => "VALUES",
                Clause::Set => "SET",
                Clause::Update => "UPDATE",
                Clause::Returning => "RETURNING",
            }
        } else {
            match self.clause {
                Clause::On => "on clause",
                Clause::From => "from clause",
                Clause::Where => "where clause",
                Clause::Group => "group statement",
                Clause::Having => "having clause",
                Clause::Order => "order clause",
                _ => "field list",
            }
        }
    }
}

/// Errors that hold whatever else the statement says.
fn is_missing(kind: BindErrorKind) -> bool {
    use BindErrorKind::*;
    matches!(
        kind,
        UnknownTable
            | UnknownSchema
            | UnknownColumn
            | UnknownType
            | UnknownSequence
            | UnknownIndex
            | UnknownConstraint
            | BrokenView
            | Syntax
            | Permission
    )
}

/// The clause that is being bound.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Clause {
    /// Select list.
    Select,
    /// ON.
    On,
    /// FROM, USING columns.
    From,
    /// WHERE.
    Where,
    /// GROUP BY.
    Group,
    /// HAVING.
    Having,
    /// ORDER BY.
    Order,
    /// Column list of INSERT.
    InsertList,
    /// VALUES.
    Values,
    /// SET of UPDATE.
    Set,
    /// ON DUPLICATE KEY UPDATE.
    Update,
    /// RETURNING.
    Returning,
}
