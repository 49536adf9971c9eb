//! Indexes.

use super::errors::{self, error};
use super::expression;
use super::names;
use super::run::{Run, Step};
use crate::model::change::ChangeOp;
use crate::model::dialect::Engine;
use crate::model::object::{ObjectId, ObjectKind, ObjectName, ObjectRef};
use crate::model::schema::{Constraint, ConstraintKind, Index, IndexKey};
use crate::sql::ast::ddl::{CreateIndex, IndexDef, KeyPart};

/// Keys as the schema keeps them.
pub(super) fn index_keys(keys: &[KeyPart]) -> Vec<IndexKey> {
    let key = |k: &KeyPart| IndexKey {
        column: k.column.as_ref().map(|c| c.value.clone()),
        expr: k.expr.clone(),
        prefix: k.prefix,
        collation: k.collation.clone(),
        opclass: k.opclass.clone(),
        descending: k.descending,
    };
    keys.iter().map(key).collect()
}

/// An index as short SQL.
pub(super) fn describe(index: &Index) -> String {
    let keys: Vec<&str> = index.keys.iter().map(|k| k.column.as_deref().or(k.expr.as_deref()).unwrap_or("")).collect();
    let unique = if index.unique { "UNIQUE " } else { "" };
    let predicate = index.predicate.as_ref().map(|p| format!(" WHERE {p}")).unwrap_or_default();
    format!("{unique}({}){predicate}", keys.join(", "))
}

impl Run<'_> {
    pub(super) fn create_index(&mut self, create: &CreateIndex) -> Step {
        if create.concurrently && self.in_transaction && !self.options.lenient {
            return Err(error("25001", "CREATE INDEX CONCURRENTLY cannot run inside a transaction block"));
        }
        let key = self.table_key(&create.table)?;
        let table = self.table(&key)?;
        if self.sqlite() && table.view().is_some() {
            return Err(error("SQLITE_ERROR", "views may not be indexed"));
        }
        let namespace = table.name.schema.clone();
        if let Some(name) = &create.index.name {
            let name = if self.postgres() { names::truncated(&name.value) } else { name.value.clone() };
            let exists = match self.engine() {
                Engine::Postgres => names::relation_exists(self.schema, &namespace, &name),
                Engine::Sqlite => {
                    let same = |i: &Index| i.name.eq_ignore_ascii_case(&name);
                    self.schema.tables.values().any(|t| t.indexes.iter().any(same))
                }
                _ => table.indexes.iter().any(|i| i.name.eq_ignore_ascii_case(&name)),
            };
            if exists {
                if create.if_not_exists {
                    return Ok(());
                }
                if create.or_replace {
                    let id = table.indexes.iter().find(|i| i.name.eq_ignore_ascii_case(&name)).map(|i| i.id);
                    if let Some(id) = id {
                        self.remove_index(&key, id, false)?;
                    }
                } else if self.sqlite() {
                    return Err(error("SQLITE_ERROR", format!("index {name} already exists")));
                } else {
                    return Err(errors::duplicate_index(self.engine(), &name));
                }
            }
        }
        self.add_index_change(&key, &create.index)
    }

    /// Adds an index to an existing table, with its change and demands on rows.
    pub(super) fn add_index_change(&mut self, key: &ObjectName, def: &IndexDef) -> Step {
        let id = self.add_index(key, def)?;
        let table = self.table(key)?;
        let (name, table_id) = (table.name.clone(), table.id);
        let Some(index) = table.indexes.iter().find(|i| i.id == id).cloned() else { return Ok(()) };
        let change = self.change(ChangeOp::CreateIndex, ObjectRef::part(ObjectKind::Index, &name, &index.name), Some(id), Some(table_id));
        change.after = Some(describe(&index));
        if index.unique {
            self.demand_unique(key, &index);
        }
        Ok(())
    }

    /// Adds an index without a change.
    pub(super) fn add_index(&mut self, key: &ObjectName, def: &IndexDef) -> Step<ObjectId> {
        let mut keys = index_keys(&def.keys);
        for part in &mut keys {
            let Some(column) = part.column.clone() else { continue };
            // SQLite takes a quoted name without a column for a string.
            let at = self.column_at(key, &column, |engine, table, column| match engine {
                Engine::Postgres => error("42703", format!("column \"{column}\" does not exist")),
                _ => errors::undefined_key_column(engine, table, column),
            })?;
            part.column = Some(self.table(key)?.columns[at].name.clone());
        }
        let dialect = self.dialect();
        let table = self.table(key)?;
        let own = table.name.clone();
        let first = keys.first().and_then(|k| k.column.clone());
        let name = match (&def.name, dialect.engine) {
            (Some(name), Engine::Postgres) => names::truncated(&name.value),
            (Some(name), _) => name.value.clone(),
            (None, Engine::Postgres) => {
                let columns: Vec<String> =
                    keys.iter().map(|k| k.column.clone().unwrap_or_else(|| expression_label(k.expr.as_deref()))).collect();
                names::choose(&own.name, &columns.join("_"), "idx", |n| names::relation_exists(self.schema, &own.schema, n))
            }
            (None, _) => {
                let base = first.unwrap_or_else(|| "functional_index".into());
                names::mysql_index_name(&base, |n| table.indexes.iter().any(|i| i.name.eq_ignore_ascii_case(n)))
            }
        };
        if dialect.engine.is_mysql_family() && table.indexes.iter().any(|i| i.name.eq_ignore_ascii_case(&name)) {
            return Err(errors::duplicate_index(dialect.engine, &name));
        }
        let columns: Vec<String> = keys.iter().filter_map(|k| k.column.clone()).collect();
        let id = self.schema.new_id();
        let constraint_id = self.schema.new_id();
        let table = self.table_mut(key)?;
        // MySQL knows no difference between a unique index and a unique constraint.
        let constraint = (def.unique && dialect.engine.is_mysql_family()).then_some(constraint_id);
        if constraint.is_some() {
            table.constraints.push(Constraint {
                id: constraint_id,
                name: name.clone(),
                kind: ConstraintKind::Unique { columns, nulls_not_distinct: false },
                not_valid: false,
                not_enforced: false,
                deferrable: false,
                deferred: false,
                inline: false,
            });
        }
        table.indexes.push(Index {
            id,
            name,
            keys,
            unique: def.unique,
            predicate: def.predicate.clone(),
            method: if def.method.is_empty() { "btree".into() } else { def.method.clone() },
            include: def.include.iter().map(|i| i.value.clone()).collect(),
            constraint,
            invisible: def.invisible,
            nulls_not_distinct: def.nulls_not_distinct,
        });
        Ok(id)
    }

    /// Removes an index (and the constraint that it is, in the MySQL family), with a change.
    pub(super) fn remove_index(&mut self, key: &ObjectName, id: ObjectId, cascaded: bool) -> Step {
        let table = self.table_mut(key)?;
        let Some(at) = table.indexes.iter().position(|i| i.id == id) else { return Ok(()) };
        let index = table.indexes.remove(at);
        if let Some(constraint) = index.constraint {
            table.constraints.retain(|c| c.id != constraint);
        }
        let (name, table_id) = (table.name.clone(), table.id);
        let change = self.change(ChangeOp::DropIndex, ObjectRef::part(ObjectKind::Index, &name, &index.name), Some(id), Some(table_id));
        change.before = Some(describe(&index));
        change.cascaded = cascaded;
        Ok(())
    }

    /// The table that has an index of that name: PostgreSQL and SQLite name indexes in the schema.
    pub(super) fn find_index(&self, schema: Option<&str>, name: &str) -> Option<(ObjectName, ObjectId)> {
        let sqlite = self.sqlite();
        self.schema.lookup(schema, move |s| {
            self.schema.tables.iter().filter(|(k, _)| k.schema == s).find_map(|(key, table)| {
                let same = |i: &&Index| if sqlite { i.name.eq_ignore_ascii_case(name) } else { i.name == name };
                table.indexes.iter().find(same).map(|i| (key.clone(), i.id))
            })
        })
    }

    /// Whether an index uses a column: as key, in an expression, predicate or INCLUDE.
    pub(super) fn index_uses(&self, index: &Index, table: &str, column: &str) -> bool {
        let dialect = self.dialect();
        let key = |k: &IndexKey| {
            k.column.as_deref().is_some_and(|c| dialect.same_column(c, column))
                || k.expr.as_deref().is_some_and(|e| expression::names_column(e, table, column, dialect))
        };
        index.keys.iter().any(key)
            || index.include.iter().any(|c| dialect.same_column(c, column))
            || index.predicate.as_deref().is_some_and(|p| expression::names_column(p, table, column, dialect))
    }
}

/// What PostgreSQL calls an expression key in an implied index name: the function, else `expr`.
fn expression_label(expr: Option<&str>) -> String {
    let name: String = expr.unwrap_or("").chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let called = expr.is_some_and(|e| e[name.len()..].trim_start().starts_with('('));
    if called && !name.is_empty() { name.to_lowercase() } else { "expr".into() }
}
