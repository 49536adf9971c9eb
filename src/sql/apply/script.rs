//! The statements of a script in order: dispatch, transactions, and what is left when one fails.

use super::ApplyOptions;
use super::errors;
use super::run::{Presupposed, Run, Settings, Step};
use crate::model::change::{Applied, ChangeOp, EngineError, Outcome};
use crate::model::dialect::Engine;
use crate::model::object::{ObjectKind, ObjectRef};
use crate::model::schema::Schema;
use crate::model::span::LineIndex;
use crate::sql::ast::{Ddl, Session, Statement, StatementKind};
use crate::sql::parse::parse_script;

/// The state to which a failure or ROLLBACK returns.
struct Snapshot {
    schema: Schema,
    changes: usize,
    conditions: usize,
}

/// Runs a script; also what it took for granted of an open schema.
pub(super) fn run(schema: &mut Schema, text: &str, options: &ApplyOptions) -> (Applied, Vec<Presupposed>) {
    let dialect = schema.dialect;
    let script = parse_script(text, dialect);
    let lines = LineIndex::new(text.as_bytes());
    let database_search_path = schema.search_path.clone();
    let postgres = dialect.engine == Engine::Postgres;
    let mut run = Run {
        schema,
        options,
        text,
        line: 1,
        applied: Applied::default(),
        settings: Settings { foreign_keys: dialect.engine.is_mysql_family(), check_function_bodies: true, ..Settings::default() },
        // A single statement is its own transaction, which refuses nothing.
        in_transaction: postgres && !options.autocommit && script.statements.len() > 1,
        new_labels: Vec::new(),
        presupposed: Vec::new(),
        coming: Vec::new(),
        database_search_path,
    };
    let mut transactions = Transactions {
        implicit: postgres && !options.autocommit,
        // Histories and dumps are not rolled back unless they say so themselves.
        keep: !options.lenient
            || script.statements.iter().any(|s| matches!(&s.kind, StatementKind::Transaction(w) if w.starts_with("rollback"))),
        committed: None,
        savepoints: Vec::new(),
        explicit: false,
    };
    if transactions.implicit && transactions.keep && script.statements.len() > 1 {
        transactions.committed = Some(run.snapshot());
    }
    for statement in &script.statements {
        run.line = lines.line(statement.span.start);
        let result = match &statement.kind {
            StatementKind::Transaction(word) => {
                let words = statement.span.slice(text).to_ascii_lowercase();
                transactions.step(&mut run, word, &words);
                Ok(())
            }
            _ => run.statement(statement, options.lenient),
        };
        if let Err(error) = result {
            if options.lenient {
                run.problem(error.message);
                continue;
            }
            transactions.fail(&mut run, error);
            break;
        }
    }
    run.finish(transactions.explicit);
    let Run { applied, presupposed, .. } = run;
    (applied, presupposed)
}

/// Where the script stands in its transactions.
struct Transactions {
    /// PostgreSQL runs the script as one transaction.
    implicit: bool,
    /// Snapshots are taken.
    keep: bool,
    /// What a failure returns to.
    committed: Option<Snapshot>,
    savepoints: Vec<Snapshot>,
    /// After BEGIN.
    explicit: bool,
}

impl Transactions {
    fn step(&mut self, run: &mut Run, word: &str, words: &str) {
        let first = word.split_whitespace().next().unwrap_or("");
        let to_savepoint = words.split_whitespace().any(|w| w == "to");
        match first {
            "begin" | "start" => {
                self.explicit = true;
                run.in_transaction = run.postgres() || run.sqlite();
                // MySQL's DDL commits; a rollback undoes rows only.
                if self.keep && !run.mysql() && (self.committed.is_none() || !self.implicit) {
                    self.committed = Some(run.snapshot());
                }
            }
            "commit" | "end" => {
                self.explicit = false;
                run.new_labels.clear();
                self.savepoints.clear();
                self.committed = (self.keep && self.implicit).then(|| run.snapshot());
            }
            "rollback" | "abort" if to_savepoint => {
                if let Some(snapshot) = self.savepoints.pop() {
                    run.restore(snapshot);
                }
            }
            "rollback" | "abort" => {
                self.explicit = false;
                if let Some(snapshot) = self.committed.take() {
                    run.restore(snapshot);
                    self.committed = (self.keep && self.implicit).then(|| run.snapshot());
                }
            }
            "savepoint" if self.keep && !run.mysql() => self.savepoints.push(run.snapshot()),
            _ => {}
        }
    }

    /// The script ends at an error: an open transaction is undone.
    fn fail(&mut self, run: &mut Run, error: EngineError) {
        let undone = self.explicit || self.implicit;
        if let Some(snapshot) = self.committed.take().filter(|_| undone) {
            run.restore(snapshot);
        }
        self.explicit = false;
        run.applied.outcome = Outcome::Fails;
        run.applied.error = Some(error);
        run.applied.error_line = Some(run.line);
    }
}

impl Run<'_> {
    fn snapshot(&self) -> Snapshot {
        Snapshot { schema: self.schema.clone(), changes: self.applied.changes.len(), conditions: self.applied.conditions.len() }
    }

    fn restore(&mut self, snapshot: Snapshot) {
        // Identities are never reused, not even those of objects that are gone.
        let next_id = self.schema.next_id;
        *self.schema = snapshot.schema;
        self.schema.next_id = next_id;
        self.applied.changes.truncate(snapshot.changes);
        self.applied.conditions.truncate(snapshot.conditions);
        self.new_labels.clear();
    }

    /// After the last statement: the session and its temporary tables are gone.
    fn finish(&mut self, _open_transaction: bool) {
        self.schema.search_path = std::mem::take(&mut self.database_search_path);
        self.schema.tables.retain(|_, t| !t.temporary);
        self.mark_broken_views();
    }

    /// Runs a statement. `fragile` statements of histories are kept whole by a copy of what they change.
    pub(super) fn statement(&mut self, statement: &Statement, lenient: bool) -> Step {
        match &statement.kind {
            StatementKind::Ddl(ddl) => {
                if !statement.errors.is_empty() && !matches!(**ddl, Ddl::Refused { .. } | Ddl::Other(_)) {
                    let error = &statement.errors[0];
                    let near: String = error.span.slice(self.text).chars().take(40).collect();
                    self.problem(format!("a part of the statement was not understood near \"{near}\": {}", error.message));
                }
                // Several actions are one: an error in the last one undoes the first.
                let several = matches!(&**ddl, Ddl::AlterTable(a) if a.actions.len() > 1);
                if !several {
                    return self.ddl(ddl);
                }
                let before = if lenient { None } else { Some(self.snapshot()) };
                let table = match (&**ddl, lenient) {
                    (Ddl::AlterTable(a), true) => self.find(&a.name).and_then(|k| self.schema.tables.get(&k).cloned().map(|t| (k, t))),
                    _ => None,
                };
                let changes = self.applied.changes.len();
                let result = self.ddl(ddl);
                if result.is_err() {
                    if let Some(before) = before {
                        self.restore(before);
                    } else if let Some((key, table)) = table {
                        self.schema.tables.insert(key, table);
                        self.applied.changes.truncate(changes);
                    }
                }
                result
            }
            StatementKind::Session(session) => {
                self.session(session);
                Ok(())
            }
            StatementKind::Block { body, .. } => {
                self.block(body);
                Ok(())
            }
            _ => self.data_statement(statement),
        }
    }

    fn ddl(&mut self, ddl: &Ddl) -> Step {
        match ddl {
            Ddl::CreateTable(create) => self.create_table(create),
            Ddl::AlterTable(alter) => self.alter_table(alter),
            Ddl::RenameTables(renames) => renames.iter().try_for_each(|(from, to)| self.rename_table_statement(from, to)),
            Ddl::CreateIndex(create) => self.create_index(create),
            Ddl::CreateView(create) => self.create_view(create),
            Ddl::CreateType { name, definition } => self.create_type(name, definition),
            Ddl::AlterType { name, actions } => actions.iter().try_for_each(|a| self.alter_type(name, a)),
            Ddl::CreateDomain(create) => self.create_domain(create),
            Ddl::AlterDomain { name, action } => self.alter_domain(name, action),
            Ddl::CreateSequence { name, if_not_exists, or_replace, owned_by, temporary: _ } => {
                self.create_sequence(name, *if_not_exists, *or_replace, owned_by.as_ref())
            }
            Ddl::AlterSequence { name, if_exists, owned_by } => self.alter_sequence(name, *if_exists, owned_by.as_ref()),
            Ddl::CreateFunction(create) => self.create_function(create),
            Ddl::AlterFunction { target, procedure, definer, strict, settings } => {
                self.alter_function(target, *procedure, *definer, *strict, settings)
            }
            Ddl::CreateTrigger(create) => self.create_trigger(create),
            Ddl::CreatePolicy(policy) => self.create_policy(policy),
            Ddl::AlterPolicy(policy) => self.alter_policy(policy),
            Ddl::CreateSchema { name, if_not_exists, database } => self.create_schema(&name.value, *if_not_exists, *database),
            Ddl::CreateExtension { name, if_not_exists, schema } => {
                self.create_extension(&name.value, *if_not_exists, schema.as_ref().map(|s| s.value.as_str()))
            }
            Ddl::CreateRole { names, if_not_exists } => self.create_roles(names, *if_not_exists),
            Ddl::Rename { kind, target, table, to, if_exists } => self.rename_object(*kind, target, table.as_ref(), to, *if_exists),
            Ddl::SetSchema { kind, target, schema, if_exists } => self.set_object_schema(*kind, target, &schema.value, *if_exists),
            Ddl::Drop(drop) => self.drop_objects(drop),
            Ddl::Grant(grant) => self.grant(grant),
            Ddl::DatabaseSetting { of, name, value } => {
                self.database_setting(of, name, value);
                Ok(())
            }
            Ddl::Comment { .. } => Ok(()),
            Ddl::Harmless { what, no_transaction, table } => {
                if *no_transaction && self.in_transaction && !self.options.lenient {
                    let first = what.split_whitespace().next().unwrap_or("").to_uppercase();
                    return Err(errors::error("25001", format!("{first} cannot run inside a transaction block")));
                }
                match table {
                    Some(table) => self.table_key(table).map(|_| ()),
                    None => Ok(()),
                }
            }
            Ddl::Other(words) => {
                let object = ObjectRef { kind: ObjectKind::Other, schema: None, table: None, column: None, name: Some(words.clone()) };
                self.change(ChangeOp::Other, object, None, None);
                Ok(())
            }
            Ddl::Refused { near, .. } => Err(errors::syntax(self.engine(), near)),
        }
    }

    fn session(&mut self, session: &Session) {
        match session {
            Session::SearchPath(path) if self.postgres() => {
                self.schema.search_path = path.iter().filter(|s| *s != "$user").cloned().collect();
            }
            Session::Use(database) => match &self.settings.current_database {
                None => self.settings.current_database = Some(database.clone()),
                Some(current) if current == database => self.schema.search_path = vec![String::new()],
                Some(_) => self.schema.search_path = vec![database.clone()],
            },
            Session::Setting(name, value) => {
                let on = matches!(value.trim_matches('\'').to_ascii_lowercase().as_str(), "1" | "on" | "true" | "yes" | "default");
                match name.trim_start_matches('@').trim_start_matches("session.").trim_start_matches("global.") {
                    "foreign_keys" | "foreign_key_checks" => self.settings.foreign_keys = on || value.contains("@OLD"),
                    "legacy_alter_table" => self.settings.legacy_alter_table = on,
                    "check_function_bodies" => self.settings.check_function_bodies = on,
                    _ => {}
                }
            }
            Session::Reset(name) if name == "search_path" || name == "all" => self.schema.search_path = self.database_search_path.clone(),
            _ => {}
        }
    }

    /// `ALTER DATABASE ... SET name = value`: holds for connections to come.
    fn database_setting(&mut self, of: &str, name: &str, value: &str) {
        let object = ObjectRef { kind: ObjectKind::Setting, schema: None, table: None, column: None, name: Some(name.to_string()) };
        if name == "search_path" && of != "role" {
            let path = value.split(',').map(|s| s.trim().trim_matches(['"', '\'']).to_string());
            let path: Vec<String> = path.filter(|s| s != "$user" && !s.is_empty()).collect();
            let before = std::mem::replace(&mut self.database_search_path, path.clone());
            let change = self.change(ChangeOp::SearchPath, object, None, None);
            change.before = Some(before.join(", "));
            change.after = Some(path.join(", "));
        } else {
            self.change(ChangeOp::Other, object, None, None).after = Some(value.to_string());
        }
    }

    /// The statements inside a DO block, as far as they are DDL. What guards them is not evaluated: a
    /// statement that fails is taken to be guarded.
    fn block(&mut self, body: &str) {
        for text in super::routine::block_statements(body, self.dialect()) {
            let script = parse_script(&text, self.dialect());
            let outer = std::mem::take(&mut self.applied.problems);
            for statement in &script.statements {
                let result = match &statement.kind {
                    StatementKind::Ddl(ddl) if !matches!(**ddl, Ddl::Other(_)) => self.nested(&text, statement),
                    _ => Ok(()),
                };
                // What is there already is what the guard asks for.
                let guarded = |code: &str| matches!(code, "42701" | "42P07" | "42710" | "42P06" | "42723");
                if let Err(error) = result
                    && !guarded(&error.code)
                {
                    self.applied.problems.push(crate::model::problem::Problem {
                        line: Some(self.line),
                        ..crate::model::problem::Problem::new(
                            crate::model::problem::Stage::Migration,
                            format!("a statement in a DO block was passed over: {}", error.message),
                        )
                    });
                }
            }
            let inner = std::mem::replace(&mut self.applied.problems, outer);
            self.applied.problems.extend(inner);
        }
    }

    /// Runs a statement whose spans point into another text than the script's.
    fn nested(&mut self, text: &str, statement: &Statement) -> Step {
        let mut inner = Run {
            schema: self.schema,
            options: self.options,
            text,
            line: self.line,
            applied: std::mem::take(&mut self.applied),
            settings: self.settings.clone(),
            in_transaction: self.in_transaction,
            new_labels: std::mem::take(&mut self.new_labels),
            presupposed: std::mem::take(&mut self.presupposed),
            coming: Vec::new(),
            database_search_path: std::mem::take(&mut self.database_search_path),
        };
        let result = inner.statement(statement, false);
        let Run { applied, new_labels, presupposed, database_search_path, .. } = inner;
        self.applied = applied;
        self.new_labels = new_labels;
        self.presupposed = presupposed;
        self.database_search_path = database_search_path;
        result
    }
}
