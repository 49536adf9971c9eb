//! Statements that change rows: what they write, and what becomes of the rows that are known.

use super::errors::error;
use super::evaluate::{Value, evaluate, holds};
use super::expression::literal;
use super::run::{Run, Step};
use crate::model::change::ChangeOp;
use crate::model::object::{ObjectKind, ObjectName, ObjectRef};
use crate::model::schema::{Row, Table};
use crate::sql::ast::{Copy, Delete, ExprKind, FromItem, Insert, InsertSource, Literal, Name, SetExpr, Statement, StatementKind, Update};

impl Run<'_> {
    /// INSERT, UPDATE, DELETE, COPY, TRUNCATE, and queries with effects.
    pub(super) fn data_statement(&mut self, statement: &Statement) -> Step {
        match &statement.kind {
            StatementKind::Insert(insert) => self.insert(insert),
            StatementKind::Update(update) => self.update(update),
            StatementKind::Delete(delete) => self.delete(delete),
            StatementKind::Copy(copy) => self.copy(copy),
            StatementKind::Truncate { tables, .. } => {
                for table in tables {
                    let key = self.table_key(table)?;
                    self.table_mut(&key)?.rows.clear();
                    self.rows_change(&key, ChangeOp::Truncate, String::new())?;
                }
                Ok(())
            }
            StatementKind::Query(query) => {
                self.query_effects(statement, &query.body)?;
                Ok(())
            }
            StatementKind::Merge(merge) => match &merge.target {
                FromItem::Table { name, .. } => {
                    let key = self.table_key(name)?;
                    self.table_mut(&key)?.rows.clear();
                    self.rows_change(&key, ChangeOp::UpdateRows, String::new())
                }
                _ => Ok(()),
            },
            StatementKind::Call { .. } | StatementKind::Lock { .. } | StatementKind::Wrapped { .. } => Ok(()),
            StatementKind::Unknown(words) => {
                if !words.is_empty() {
                    let words: String = words.chars().take(60).collect();
                    self.problem(format!("statement not understood: {words}"));
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// `SELECT ... INTO t`, `SELECT set_config('search_path', ...)`, `SELECT setval(...)`.
    fn query_effects(&mut self, statement: &Statement, body: &SetExpr) -> Step {
        let SetExpr::Select(select) = body else { return Ok(()) };
        for item in &select.items {
            let crate::sql::ast::SelectItem::Expr { expr, .. } = item else { continue };
            let ExprKind::Function(call) = &expr.kind else { continue };
            if self.postgres() && call.name.last().value == "set_config" {
                let argument = |i: usize| match call.args.get(i).map(|e| &e.kind) {
                    Some(ExprKind::Literal(Literal::String { value, .. })) => Some(value.clone()),
                    _ => None,
                };
                if argument(0).as_deref() == Some("search_path")
                    && let Some(path) = argument(1)
                {
                    let path = path.split(',').map(|s| s.trim().trim_matches('"').to_string());
                    self.schema.search_path = path.filter(|s| !s.is_empty() && s != "$user").collect();
                }
            }
        }
        let Some(into) = select.into.as_ref().filter(|_| self.postgres()) else { return Ok(()) };
        let name = self.new_name(into)?;
        let key = self.schema.key(&name.schema, &name.name);
        if self.schema.tables.contains_key(&key) {
            return Err(super::errors::duplicate_table(self.engine(), &name.name));
        }
        let id = self.schema.new_id();
        self.schema.tables.insert(key.clone(), Table { id, name: name.clone(), ..Table::default() });
        self.columns_of_query(&key, statement.span, &[]);
        self.change(ChangeOp::CreateTable, ObjectRef::table(ObjectKind::Table, &name), Some(id), Some(id));
        Ok(())
    }

    fn rows_change(&mut self, key: &ObjectName, op: ChangeOp, columns: String) -> Step {
        let table = self.table(key)?;
        let (name, id) = (table.name.clone(), table.id);
        let change = self.change(op, ObjectRef::table(ObjectKind::Table, &name), Some(id), Some(id));
        change.after = (!columns.is_empty()).then_some(columns);
        Ok(())
    }

    fn insert(&mut self, insert: &Insert) -> Step {
        let key = self.table_key(&insert.table)?;
        let dialect = self.dialect();
        let columns: Vec<String> = match (&insert.columns, &insert.source) {
            (Some(columns), _) => {
                let mut found = Vec::new();
                for target in columns {
                    let at = self.column_at(&key, &target.column.value, |engine, table, column| match engine {
                        crate::model::dialect::Engine::Sqlite => {
                            error("SQLITE_ERROR", format!("table {table} has no column named {column}"))
                        }
                        crate::model::dialect::Engine::Postgres => super::errors::undefined_column(engine, table, column),
                        _ => error("1054", format!("Unknown column '{column}' in 'field list'")),
                    })?;
                    found.push(self.table(&key)?.columns[at].name.clone());
                }
                found
            }
            (None, InsertSource::Set(set)) => set.iter().filter_map(|s| s.targets.first()).map(|t| t.last().value.clone()).collect(),
            (None, _) => self.table(&key)?.columns.iter().filter(|c| !c.invisible).map(|c| c.name.clone()).collect(),
        };
        self.check_new_labels(&key, &columns, insert)?;
        let mut rows: Vec<Row> = Vec::new();
        match &insert.source {
            InsertSource::Values(values) => {
                for value in values.iter().take(self.options.max_rows) {
                    let mut row = Row::new();
                    for (column, expr) in columns.iter().zip(value) {
                        if matches!(expr.kind, ExprKind::Default) {
                            continue;
                        }
                        if let Some(known) = evaluate(expr, &Row::new(), dialect) {
                            row.insert(column.clone(), known.literal());
                        } else {
                            row.insert(column.clone(), Some(UNKNOWN.to_string()));
                        }
                    }
                    rows.push(row);
                }
            }
            InsertSource::Default => rows.push(Row::new()),
            _ => {}
        }
        self.store_rows(&key, rows)?;
        self.rows_change(&key, ChangeOp::InsertRows, columns.join(", "))
    }

    /// PostgreSQL: a label added in the same transaction can't be stored yet.
    fn check_new_labels(&self, key: &ObjectName, columns: &[String], insert: &Insert) -> Step {
        if self.new_labels.is_empty() {
            return Ok(());
        }
        let InsertSource::Values(values) = &insert.source else { return Ok(()) };
        let table = self.table(key)?;
        for row in values {
            for (column, expr) in columns.iter().zip(row) {
                let ExprKind::Literal(Literal::String { value, .. }) = &expr.kind else { continue };
                let user = table.column(self.dialect(), column).and_then(|c| c.ty.user.as_ref());
                let Some(user) = user.and_then(|u| self.schema.types.get(u)) else { continue };
                if self.new_labels.iter().any(|(id, label)| *id == user.id && label == value) {
                    return Err(error("55P04", format!("unsafe use of new value \"{value}\" of enum type {}", user.name.name)));
                }
            }
        }
        Ok(())
    }

    /// Keeps rows as witnesses, with what omitted columns get.
    fn store_rows(&mut self, key: &ObjectName, rows: Vec<Row>) -> Step {
        let dialect = self.dialect();
        let limit = self.options.max_rows;
        let table = self.table_mut(key)?;
        for mut row in rows {
            if table.rows.len() >= limit {
                break;
            }
            row.retain(|_, v| v.as_deref() != Some(UNKNOWN));
            let mut number = table.rows.len() + 1;
            let written: Vec<String> = row.keys().cloned().collect();
            for column in &table.columns {
                let given = written.iter().any(|w| dialect.same_column(w, &column.name));
                if given || column.generated.is_some() {
                    continue;
                }
                if column.auto_increment || column.identity.is_some() {
                    row.insert(column.name.clone(), Some(number.to_string()));
                    number += 1;
                    continue;
                }
                match &column.default {
                    Some(default) => {
                        if let Some(value) = literal(default, dialect) {
                            row.insert(column.name.clone(), value);
                        }
                    }
                    None if column.nullable => {
                        row.insert(column.name.clone(), None);
                    }
                    None => {}
                }
            }
            table.rows.push(row);
        }
        Ok(())
    }

    fn update(&mut self, update: &Update) -> Step {
        let Some(FromItem::Table { name, .. }) = update.target.first() else { return Ok(()) };
        let key = self.table_key(name)?;
        let dialect = self.dialect();
        let mut columns = Vec::new();
        for set in &update.set {
            for target in &set.targets {
                let at = self.column_at(&key, &target.last().value, |engine, table, column| match engine {
                    crate::model::dialect::Engine::MySql | crate::model::dialect::Engine::MariaDb => {
                        error("1054", format!("Unknown column '{column}' in 'SET'"))
                    }
                    crate::model::dialect::Engine::Sqlite => error("SQLITE_ERROR", format!("no such column: {column}")),
                    _ => super::errors::undefined_column(engine, table, column),
                });
                match at {
                    Ok(at) => columns.push(self.table(&key)?.columns[at].name.clone()),
                    // A join may update a column of another table.
                    Err(_) if update.target.len() > 1 || update.from.len() > 1 => {}
                    Err(error) => return Err(error),
                }
            }
        }
        let joined = update.target.len() > 1 || !update.from.is_empty();
        let table = self.table_mut(&key)?;
        for row in &mut table.rows {
            let hit = match &update.filter {
                None => Some(Some(true)),
                Some(filter) => holds(filter, row, dialect),
            };
            let sure = hit == Some(Some(true)) && !joined;
            if !sure && matches!(hit, Some(Some(false) | None)) && !joined {
                continue;
            }
            let mut new: Vec<(String, Option<Value>)> = Vec::new();
            for set in &update.set {
                for target in &set.targets {
                    let value = (set.targets.len() == 1).then(|| evaluate(&set.value, row, dialect)).flatten();
                    new.push((target.last().value.clone(), value));
                }
            }
            for (column, value) in new {
                let key = row.keys().find(|k| dialect.same_column(k, &column)).cloned().unwrap_or(column);
                match value {
                    Some(value) if sure => {
                        row.insert(key, value.literal());
                    }
                    _ => {
                        row.remove(&key);
                    }
                }
            }
        }
        self.rows_change(&key, ChangeOp::UpdateRows, columns.join(", "))
    }

    fn delete(&mut self, delete: &Delete) -> Step {
        let target: Option<&Name> = match (delete.tables.first(), delete.from.first()) {
            (Some(name), _) => Some(name),
            (None, Some(FromItem::Table { name, .. })) => Some(name),
            _ => None,
        };
        let Some(target) = target else { return Ok(()) };
        // In MySQL's forms it may be an alias.
        if self.find(target).is_none() && !delete.tables.is_empty() {
            return Ok(());
        }
        let key = self.table_key(target)?;
        let dialect = self.dialect();
        let joined = !delete.using.is_empty() || !delete.tables.is_empty();
        let table = self.table_mut(&key)?;
        table.rows.retain(|row| match &delete.filter {
            Some(filter) if !joined => matches!(holds(filter, row, dialect), Some(Some(false) | None)),
            _ => false,
        });
        let chosen = delete.filter.as_ref().map(|f| f.span.slice(self.text).to_string());
        self.rows_change(&key, ChangeOp::DeleteRows, String::new())?;
        if let Some(change) = self.applied.changes.last_mut() {
            change.before = chosen;
        }
        Ok(())
    }

    fn copy(&mut self, copy: &Copy) -> Step {
        let Some(name) = copy.table.as_ref().filter(|_| copy.from) else { return Ok(()) };
        let key = self.table_key(name)?;
        let columns: Vec<String> = match &copy.columns {
            Some(columns) => columns.iter().map(|c| c.value.clone()).collect(),
            None => self.table(&key)?.columns.iter().filter(|c| c.generated.is_none()).map(|c| c.name.clone()).collect(),
        };
        let data = copy.data.map_or("", |d| d.slice(self.text));
        let mut rows = Vec::new();
        for line in data.lines().take(self.options.max_rows) {
            let values = line.split('\t').map(|v| if v == "\\N" { None } else { Some(unescape(v)) });
            rows.push(columns.iter().cloned().zip(values).collect());
        }
        self.store_rows(&key, rows)?;
        self.rows_change(&key, ChangeOp::InsertRows, columns.join(", "))
    }
}

/// Marks a value that is written but not known, while a row is being read.
const UNKNOWN: &str = "\u{e000}";

/// A field of COPY's text format.
fn unescape(field: &str) -> String {
    if !field.contains('\\') {
        return field.to_string();
    }
    let mut out = String::with_capacity(field.len());
    let mut chars = field.chars();
    while let Some(ch) = chars.next() {
        match (ch, ch == '\\') {
            (_, true) => match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('r') => out.push('\r'),
                Some(other) => out.push(other),
                None => out.push('\\'),
            },
            (ch, false) => out.push(ch),
        }
    }
    out
}
