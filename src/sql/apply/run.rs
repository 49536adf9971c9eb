//! The state of a running script: the schema, what has changed, and how names resolve.

use super::errors;
use super::{ApplyOptions, names};
use crate::model::change::{Applied, Change, ChangeOp, DataCondition, EngineError, Outcome};
use crate::model::dialect::{Dialect, Engine};
use crate::model::object::{ObjectId, ObjectKind, ObjectName, ObjectRef};
use crate::model::problem::{Problem, Stage};
use crate::model::schema::{Column, Schema, Table, TableKind};
use crate::model::types::DataType;
use crate::sql::ast::{Ident, Name, TypeName};
use crate::sql::bind::types::data_type;

/// What a statement gives: nothing, or the engine's error before it changed anything.
pub(super) type Step<T = ()> = Result<T, EngineError>;

/// A table or column that an open schema does not list but the script takes for granted.
#[derive(Clone, Debug)]
pub(super) enum Presupposed {
    /// A table or view.
    Table(ObjectName, TableKind),
    /// A column, with its type where the script tells it.
    Column(ObjectName, String),
}

impl Presupposed {
    /// Adds it to a schema.
    pub(super) fn add_to(&self, schema: &mut Schema) {
        match self {
            Presupposed::Table(name, kind) => {
                let key = schema.key(&name.schema, &name.name);
                if !schema.tables.contains_key(&key) {
                    let id = schema.new_id();
                    schema.tables.insert(key, Table { id, name: name.clone(), kind: kind.clone(), open: true, ..Table::default() });
                }
            }
            Presupposed::Column(name, column) => {
                let key = schema.key(&name.schema, &name.name);
                let dialect = schema.dialect;
                let id = schema.new_id();
                if let Some(table) = schema.tables.get_mut(&key)
                    && table.column(dialect, column).is_none()
                {
                    table.columns.push(open_column(id, column));
                }
            }
        }
    }
}

/// A column of which only the name is known.
fn open_column(id: ObjectId, name: &str) -> Column {
    Column { id, name: name.to_string(), nullable: true, ..Column::default() }
}

/// Settings of the session that runs the script.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    /// SQLite's `PRAGMA foreign_keys`; MySQL's `foreign_key_checks`.
    pub foreign_keys: bool,
    /// The first database that USE named: it stands for the current one.
    pub current_database: Option<String>,
    /// SQLite's `PRAGMA legacy_alter_table`.
    pub legacy_alter_table: bool,
    /// PostgreSQL's `check_function_bodies`.
    pub check_function_bodies: bool,
}

/// A running script.
pub(super) struct Run<'a> {
    /// What it changes.
    pub schema: &'a mut Schema,
    /// How it is run.
    pub options: &'a ApplyOptions,
    /// The script.
    pub text: &'a str,
    /// 1-based line of the current statement.
    pub line: u32,
    /// What has happened so far.
    pub applied: Applied,
    /// Settings of the session.
    pub settings: Settings,
    /// Inside BEGIN, or a script that PostgreSQL runs as one transaction.
    pub in_transaction: bool,
    /// Enum labels added in this transaction: they can't be used in it.
    pub new_labels: Vec<(ObjectId, String)>,
    /// What the script takes for granted of an open schema.
    pub presupposed: Vec<Presupposed>,
    /// Columns that later actions of the running ALTER TABLE add: engines add columns before constraints.
    pub coming: Vec<String>,
    /// A dump changed the search path of its session: it says nothing about the database.
    pub database_search_path: Vec<String>,
}

impl Run<'_> {
    pub(super) fn dialect(&self) -> Dialect {
        self.schema.dialect
    }

    pub(super) fn engine(&self) -> Engine {
        self.schema.dialect.engine
    }

    pub(super) fn postgres(&self) -> bool {
        self.engine() == Engine::Postgres
    }

    pub(super) fn sqlite(&self) -> bool {
        self.engine() == Engine::Sqlite
    }

    pub(super) fn mysql(&self) -> bool {
        self.engine().is_mysql_family()
    }

    /// Records a change and returns it for details.
    pub(super) fn change(&mut self, op: ChangeOp, mut object: ObjectRef, id: Option<ObjectId>, table: Option<ObjectId>) -> &mut Change {
        if self.postgres() && object.schema.as_deref() == Some("public") {
            object.schema = None;
        }
        let index = self.applied.changes.len();
        self.applied.changes.push(Change {
            migration: self.options.migration,
            index: index as u32,
            op,
            object,
            id,
            table,
            new_name: None,
            before: None,
            after: None,
            cascaded: false,
            line: self.line,
        });
        &mut self.applied.changes[index]
    }

    /// Records something that was passed over.
    pub(super) fn problem(&mut self, message: impl Into<String>) {
        let line = Some(self.line);
        let mut problem = Problem::new(Stage::Migration, message);
        problem.line = line;
        self.applied.problems.push(problem);
    }

    /// Records that the step succeeds only if stored rows meet a demand.
    pub(super) fn condition(&mut self, message: impl Into<String>, query: String) {
        self.applied.data_dependent = true;
        let line = self.line;
        self.applied.conditions.push(DataCondition { message: message.into(), query, line });
    }

    /// A known row violates: the script may fail here.
    pub(super) fn violated(&mut self, error: EngineError) {
        if self.applied.outcome == Outcome::Ok {
            self.applied.outcome = Outcome::MayFail;
            self.applied.error = Some(error);
            self.applied.error_line = Some(self.line);
        }
    }

    /// Schema (if written) and own name of an object. A schema that stands for the current one is left out.
    pub(super) fn split(&self, name: &Name) -> (Option<String>, String) {
        let schema = name.qualifier().map(|q| q.value.clone());
        let own = if self.postgres() { names::truncated(&name.last().value) } else { name.last().value.clone() };
        match schema {
            Some(s) if self.mysql() && self.settings.current_database.as_deref() == Some(s.as_str()) => (Some(String::new()), own),
            Some(s) if self.sqlite() && matches!(s.to_ascii_lowercase().as_str(), "main" | "temp" | "temporary") => {
                (Some(String::new()), own)
            }
            other => (other, own),
        }
    }

    /// The name under which a new object is made: in its written schema, else in the first one of the search
    /// path that exists.
    pub(super) fn new_name(&self, name: &Name) -> Step<ObjectName> {
        let (schema, own) = self.split(name);
        match schema {
            Some(schema) => {
                if self.postgres() && self.schema.complete && !self.schema.schemas.contains(&schema) && !schema.starts_with("pg_") {
                    return Err(errors::error("3F000", format!("schema \"{schema}\" does not exist")));
                }
                Ok(ObjectName::new(schema, own))
            }
            None => Ok(ObjectName::new(self.creation_schema()?, own)),
        }
    }

    /// The schema that unqualified new objects go to.
    pub(super) fn creation_schema(&self) -> Step<String> {
        if !self.postgres() {
            return Ok(self.schema.search_path.first().cloned().unwrap_or_default());
        }
        let path = &self.schema.search_path;
        let found = path.iter().find(|s| self.schema.schemas.contains(s)).or_else(|| path.first().filter(|_| !self.schema.complete));
        found.cloned().ok_or_else(|| errors::error("3F000", "no schema has been selected to create in"))
    }

    /// The key of a table or view, if it exists.
    pub(super) fn find(&self, name: &Name) -> Option<ObjectName> {
        let (schema, own) = self.split(name);
        self.schema.find_table_key(schema.as_deref(), &own)
    }

    /// The key of a table or view that must exist. In an open schema an unknown one is made.
    pub(super) fn table_key(&mut self, name: &Name) -> Step<ObjectName> {
        self.relation_key(name, TableKind::Table)
    }

    /// As [`Run::table_key`], with the kind that an unknown one takes.
    pub(super) fn relation_key(&mut self, name: &Name, kind: TableKind) -> Step<ObjectName> {
        if let Some(key) = self.find(name) {
            return Ok(key);
        }
        if self.schema.complete {
            return Err(errors::undefined_table(self.engine(), &written(name)));
        }
        let (schema, own) = self.split(name);
        let schema = match schema {
            Some(schema) => schema,
            None => self.creation_schema()?,
        };
        if self.postgres() && !self.schema.schemas.contains(&schema) {
            self.schema.schemas.push(schema.clone());
        }
        let item = Presupposed::Table(ObjectName::new(schema.clone(), own.clone()), kind);
        item.add_to(self.schema);
        self.presupposed.push(item);
        Ok(self.schema.key(&schema, &own))
    }

    /// The table under a key.
    pub(super) fn table(&self, key: &ObjectName) -> Step<&Table> {
        self.schema.tables.get(key).ok_or_else(|| errors::undefined_table(self.schema.dialect.engine, &key.name))
    }

    /// The table under a key, to change it.
    pub(super) fn table_mut(&mut self, key: &ObjectName) -> Step<&mut Table> {
        let engine = self.schema.dialect.engine;
        self.schema.tables.get_mut(key).ok_or_else(|| errors::undefined_table(engine, &key.name))
    }

    /// Position of a column that must exist, with the error of the caller. In an open table an unknown one is
    /// made.
    pub(super) fn column_at(&mut self, key: &ObjectName, column: &str, missing: impl Fn(Engine, &str, &str) -> EngineError) -> Step<usize> {
        let dialect = self.dialect();
        let table = self.table(key)?;
        if let Some(index) = table.column_index(dialect, column) {
            return Ok(index);
        }
        if !table.open {
            return Err(missing(dialect.engine, &table.name.name, column));
        }
        let name = table.name.clone();
        let id = self.schema.new_id();
        let table = self.table_mut(key)?;
        table.columns.push(open_column(id, column));
        let index = table.columns.len() - 1;
        self.presupposed.push(Presupposed::Column(name, column.to_string()));
        Ok(index)
    }

    /// The canonical type of a written one.
    pub(super) fn data_type(&self, ty: &TypeName) -> DataType {
        data_type(ty, self.schema)
    }

    /// The text at a span of the script.
    pub(super) fn source(&self, span: crate::model::span::Span) -> &str {
        span.slice(self.text).trim()
    }
}

/// A name as written, for messages.
pub(super) fn written(name: &Name) -> String {
    name.parts.iter().map(|p| p.value.as_str()).collect::<Vec<_>>().join(".")
}

/// The values of identifiers.
pub(super) fn values(idents: &[Ident]) -> Vec<String> {
    idents.iter().map(|i| i.value.clone()).collect()
}

/// The kind of object that a relation is, for changes.
pub(super) fn kind_of(table: &Table) -> ObjectKind {
    if table.view().is_some() { ObjectKind::View } else { ObjectKind::Table }
}
