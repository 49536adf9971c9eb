//! Renames and moves: identities stay, and each engine follows them where it does.

use super::errors::{self, error};
use super::expression::rename_column as rename_in;
use super::names::{self, truncated};
use super::run::{Run, Step, kind_of};
use crate::model::change::ChangeOp;
use crate::model::dialect::Engine;
use crate::model::object::{ObjectId, ObjectKind, ObjectName, ObjectRef};
use crate::model::schema::{ConstraintKind, Table};
use crate::sql::ast::Name;

impl Run<'_> {
    /// One pair of RENAME TABLE.
    pub(super) fn rename_table_statement(&mut self, from: &Name, to: &Name) -> Step {
        let key = self.table_key(from)?;
        self.rename_table(&key, to).map(|_| ())
    }

    /// Renames a table or view; the key under which it stands now.
    pub(super) fn rename_table(&mut self, key: &ObjectName, to: &Name) -> Step<ObjectName> {
        let table = self.table(key)?;
        let (old, id, kind) = (table.name.clone(), table.id, kind_of(table));
        let (schema, own) = self.split(to);
        let new = ObjectName::new(schema.unwrap_or_else(|| old.schema.clone()), own);
        let new_key = self.schema.key(&new.schema, &new.name);
        let taken = new_key != *key
            && (self.schema.tables.contains_key(&new_key)
                || (self.postgres() && names::relation_exists(self.schema, &new.schema, &new.name))
                || (self.sqlite() && names::index_exists(self.schema, &new.schema, &new.name)));
        if taken {
            return Err(match self.engine() {
                Engine::Sqlite => error("SQLITE_ERROR", format!("there is already another table or index with this name: {}", new.name)),
                engine => errors::duplicate_table(engine, &new.name),
            });
        }
        if self.sqlite() {
            if kind == ObjectKind::View {
                return Err(error("SQLITE_ERROR", format!("view {} may not be altered", old.name)));
            }
            if let Some(message) = self.sqlite_broken_text() {
                return Err(error("SQLITE_ERROR", message));
            }
        }
        // Texts are bound while the old name still holds.
        self.follow_rename(&[id], &new.name);
        self.file_under(key, &new_key, &new);
        let op = match (old.schema != new.schema, kind) {
            (true, _) => ChangeOp::MoveTable,
            (false, ObjectKind::View) => ChangeOp::RenameView,
            _ => ChangeOp::RenameTable,
        };
        let change = self.change(op, ObjectRef::table(kind, &old), Some(id), Some(id));
        change.new_name = Some(new);
        Ok(new_key)
    }

    /// ALTER TABLE ... SET SCHEMA; indexes, constraints and owned sequences go along.
    pub(super) fn move_table(&mut self, key: &ObjectName, schema: &str) -> Step<ObjectName> {
        let table = self.table(key)?;
        let (old, id, kind) = (table.name.clone(), table.id, kind_of(table));
        if !self.schema.schemas.iter().any(|s| s == schema) {
            if self.schema.complete {
                return Err(error("3F000", format!("schema \"{schema}\" does not exist")));
            }
            self.schema.schemas.push(schema.to_string());
        }
        let new = ObjectName::new(schema, old.name.clone());
        let new_key = self.schema.key(schema, &old.name);
        if self.schema.tables.contains_key(&new_key) {
            return Err(error("42P07", format!("relation \"{}\" already exists in schema \"{schema}\"", old.name)));
        }
        let owned: Vec<ObjectName> = self
            .schema
            .sequences
            .values()
            .filter(|s| s.owned_by.as_ref().is_some_and(|(t, _)| *t == old))
            .map(|s| s.name.clone())
            .collect();
        for name in owned {
            if let Some(mut sequence) = self.schema.sequences.remove(&name) {
                sequence.name.schema = schema.to_string();
                self.schema.sequences.insert(sequence.name.clone(), sequence);
            }
        }
        self.qualify_in_texts(id, &new);
        self.file_under(key, &new_key, &new);
        self.change(ChangeOp::MoveTable, ObjectRef::table(kind, &old), Some(id), Some(id)).new_name = Some(new);
        Ok(new_key)
    }

    /// Views name a moved table with its schema from then on.
    fn qualify_in_texts(&mut self, id: ObjectId, new: &ObjectName) {
        let dialect = self.dialect();
        let with = format!("{}.{}", super::expression::quoted(&new.schema, dialect), super::expression::quoted(&new.name, dialect));
        let mut texts = Vec::new();
        for key in self.views_on(id) {
            let Some(view) = self.schema.tables.get(&key).and_then(Table::view) else { continue };
            let spans: Vec<_> =
                self.query_uses(&view.query).into_iter().filter(|u| u.id == id && !u.span.is_empty()).map(|u| u.span).collect();
            texts.push((key, super::expression::replace(&view.query, spans.into_iter(), &with)));
        }
        for (key, text) in texts {
            if let Some(crate::model::schema::TableKind::View(view) | crate::model::schema::TableKind::MaterializedView(view)) =
                self.schema.tables.get_mut(&key).map(|t| &mut t.kind)
            {
                view.query = text;
            }
        }
    }

    /// Files a table under another key and name, and tells everything that names it.
    fn file_under(&mut self, key: &ObjectName, new_key: &ObjectName, new: &ObjectName) {
        let Some(mut table) = self.schema.tables.remove(key) else { return };
        let old = std::mem::replace(&mut table.name, new.clone());
        self.schema.tables.insert(new_key.clone(), table);
        for other in self.schema.tables.values_mut() {
            for constraint in &mut other.constraints {
                if let ConstraintKind::ForeignKey { table, .. } = &mut constraint.kind
                    && *table == old
                {
                    table.clone_from(new);
                }
            }
            for parent in &mut other.inherits {
                if *parent == old {
                    parent.clone_from(new);
                }
            }
            if let Some((parent, _)) = &mut other.partition_of
                && *parent == old
            {
                parent.clone_from(new);
            }
            for column in &mut other.columns {
                if column.ty.user.as_ref() == Some(&old) {
                    column.ty.user = Some(new.clone());
                    column.ty.name.clone_from(&new.name);
                }
            }
        }
        for sequence in self.schema.sequences.values_mut() {
            if let Some((table, _)) = &mut sequence.owned_by
                && *table == old
            {
                table.clone_from(new);
            }
        }
        for grant in &mut self.schema.grants {
            if grant.on == "table" && grant.object == old {
                grant.object.clone_from(new);
            }
        }
        // PostgreSQL's function types follow; so do MariaDB's foreign keys above.
        for function in &mut self.schema.functions {
            for ty in function.params.iter_mut().map(|(_, t, _)| t).chain(function.returns.iter_mut()) {
                if ty.user.as_ref() == Some(&old) {
                    ty.user = Some(new.clone());
                }
            }
        }
    }

    /// SQLite reads all views and triggers again on a rename; one that does not parse refuses it.
    pub(super) fn sqlite_broken_text(&self) -> Option<String> {
        if self.options.lenient || self.settings.legacy_alter_table {
            return None;
        }
        for table in self.schema.tables.values() {
            if let Some(view) = table.view()
                && let Some(missing) = self.missing_table(&view.query)
            {
                return Some(format!("error in view {}: no such table: main.{missing}", table.name.name));
            }
        }
        None
    }

    /// A table that a query names after FROM or JOIN and that does not exist.
    fn missing_table(&self, query: &str) -> Option<String> {
        use crate::sql::lexer::{TokenKind, tokens};
        let all = tokens(query, self.dialect());
        let source = |i: usize| all.get(i).map_or("", |t| t.span.slice(query));
        if all.first().is_some_and(|t| t.span.slice(query).eq_ignore_ascii_case("with")) || !self.schema.complete {
            return None;
        }
        for i in 0..all.len().saturating_sub(1) {
            let from = source(i).eq_ignore_ascii_case("from") || source(i).eq_ignore_ascii_case("join");
            let plain = matches!(all[i + 1].kind, TokenKind::Word | TokenKind::QuotedName) && !matches!(source(i + 2), "." | "(");
            let name = source(i + 1).trim_matches(['"', '`', '[', ']']);
            if from && plain && self.schema.find_table(None, name).is_none() && !name.to_ascii_lowercase().starts_with("sqlite_") {
                return Some(name.to_string());
            }
        }
        None
    }

    pub(super) fn rename_column(&mut self, key: &ObjectName, from: &str, to: &str) -> Step {
        let dialect = self.dialect();
        let to = if self.postgres() { truncated(to) } else { to.to_string() };
        let at = self.column_at(key, from, |engine, table, column| match engine {
            Engine::Postgres => error("42703", format!("column \"{column}\" does not exist")),
            Engine::Sqlite => error("SQLITE_ERROR", format!("no such column: \"{column}\"")),
            _ => errors::undefined_column(engine, table, column),
        })?;
        let table = self.table(key)?;
        let column = table.columns[at].clone();
        let (name, table_id, is_view) = (table.name.clone(), table.id, table.view().is_some());
        // PostgreSQL refuses even the name that it has.
        let itself = self.postgres() && column.name == to;
        let table = self.table(key)?;
        if itself || table.columns.iter().any(|c| c.id != column.id && dialect.same_column(&c.name, &to)) {
            return Err(errors::duplicate_column(dialect.engine, &name.name, &to));
        }
        if self.sqlite()
            && let Some(message) = self.sqlite_broken_text()
        {
            return Err(error("SQLITE_ERROR", message));
        }
        self.follow_rename(&[column.id], &to);
        if is_view {
            let table = self.table_mut(key)?;
            table.columns[at].name.clone_from(&to);
            let names = table.columns.iter().map(|c| c.name.clone()).collect();
            if let crate::model::schema::TableKind::View(view) | crate::model::schema::TableKind::MaterializedView(view) = &mut table.kind {
                view.column_names = names;
            }
        } else {
            self.rename_in_table(key, at, &column.name, &to)?;
        }
        for other in self.schema.tables.values_mut() {
            for constraint in &mut other.constraints {
                if let ConstraintKind::ForeignKey { table, references, .. } = &mut constraint.kind
                    && *table == name
                {
                    replace(references, &column.name, &to, dialect);
                }
            }
        }
        for sequence in self.schema.sequences.values_mut() {
            if let Some((table, owner)) = &mut sequence.owned_by
                && *table == name
                && *owner == column.name
            {
                owner.clone_from(&to);
            }
        }
        for grant in self.schema.grants.iter_mut().filter(|g| g.object == name) {
            replace(&mut grant.columns, &column.name, &to, dialect);
        }
        let change = self.change(ChangeOp::RenameColumn, ObjectRef::column(&name, &column.name), Some(column.id), Some(table_id));
        change.new_name = Some(ObjectName::new("", to));
        Ok(())
    }

    /// The column's name in everything that belongs to its table.
    fn rename_in_table(&mut self, key: &ObjectName, at: usize, from: &str, to: &str) -> Step {
        let dialect = self.dialect();
        let sqlite = self.sqlite();
        let table = self.table_mut(key)?;
        let own = table.name.name.clone();
        let text = |t: &mut String| *t = rename_in(t, &own, from, to, dialect);
        table.columns[at].name = to.to_string();
        for column in &mut table.columns {
            if let Some(generated) = &mut column.generated {
                text(&mut generated.expr);
            }
        }
        for constraint in &mut table.constraints {
            match &mut constraint.kind {
                ConstraintKind::PrimaryKey { columns }
                | ConstraintKind::Unique { columns, .. }
                | ConstraintKind::ForeignKey { columns, .. } => {
                    replace(columns, from, to, dialect);
                }
                ConstraintKind::Check { expr, columns } => {
                    text(expr);
                    replace(columns, from, to, dialect);
                }
                ConstraintKind::Exclude { definition, columns } => {
                    text(definition);
                    replace(columns, from, to, dialect);
                }
            }
        }
        for index in &mut table.indexes {
            for part in &mut index.keys {
                if let Some(column) = part.column.as_mut().filter(|c| dialect.same_column(c, from)) {
                    *column = to.to_string();
                }
                if let Some(expr) = &mut part.expr {
                    text(expr);
                }
            }
            replace(&mut index.include, from, to, dialect);
            if let Some(predicate) = &mut index.predicate {
                text(predicate);
            }
        }
        if !dialect.engine.is_mysql_family() {
            for policy in &mut table.policies {
                if let Some(using) = &mut policy.using {
                    text(using);
                }
                if let Some(check) = &mut policy.check {
                    text(check);
                }
            }
            for trigger in &mut table.triggers {
                replace(&mut trigger.columns, from, to, dialect);
                if let Some(when) = &mut trigger.when {
                    *when = rename_row_field(when, from, to, dialect);
                }
                if sqlite {
                    trigger.body = rename_row_field(&trigger.body, from, to, dialect);
                }
            }
            if let Some(by) = &mut table.partition_by {
                text(by);
            }
        }
        for row in &mut table.rows {
            if let Some(value) = row.remove(from) {
                row.insert(to.to_string(), value);
            }
        }
        Ok(())
    }

    pub(super) fn rename_constraint(&mut self, key: &ObjectName, from: &str, to: &str) -> Step {
        let table = self.table_mut(key)?;
        let (name, table_id, open) = (table.name.clone(), table.id, table.open);
        if table.constraints.iter().any(|c| c.name == to) {
            return Err(errors::duplicate_constraint(Engine::Postgres, &name.name, to));
        }
        let Some(constraint) = table.constraints.iter_mut().find(|c| c.name == from) else {
            if open || from.ends_with("_not_null") {
                return Ok(());
            }
            return Err(error("42704", format!("constraint \"{from}\" for table \"{}\" does not exist", name.name)));
        };
        constraint.name = to.to_string();
        let id = constraint.id;
        for index in table.indexes.iter_mut().filter(|i| i.constraint == Some(id)) {
            index.name = to.to_string();
        }
        let change =
            self.change(ChangeOp::RenameConstraint, ObjectRef::part(ObjectKind::Constraint, &name, from), Some(id), Some(table_id));
        change.new_name = Some(ObjectName::new("", to));
        Ok(())
    }

    pub(super) fn rename_index(&mut self, key: &ObjectName, id: ObjectId, to: &str) -> Step {
        let namespace = self.table(key)?.name.schema.clone();
        if self.postgres() && names::relation_exists(self.schema, &namespace, to) {
            return Err(errors::duplicate_table(Engine::Postgres, to));
        }
        if self.mysql() && self.table(key)?.indexes.iter().any(|i| i.id != id && i.name.eq_ignore_ascii_case(to)) {
            return Err(errors::duplicate_index(self.engine(), to));
        }
        let table = self.table_mut(key)?;
        let (name, table_id) = (table.name.clone(), table.id);
        let Some(index) = table.indexes.iter_mut().find(|i| i.id == id) else { return Ok(()) };
        let from = std::mem::replace(&mut index.name, to.to_string());
        if let Some(constraint) = index.constraint
            && let Some(found) = table.constraints.iter_mut().find(|c| c.id == constraint)
        {
            found.name = to.to_string();
        }
        let change = self.change(ChangeOp::RenameIndex, ObjectRef::part(ObjectKind::Index, &name, &from), Some(id), Some(table_id));
        change.new_name = Some(ObjectName::new("", to));
        Ok(())
    }

    pub(super) fn rename_sequence(&mut self, name: &Name, to: &str) -> Step {
        let (schema, own) = self.split(name);
        let Some(found) = self.schema.find_sequence(schema.as_deref(), &own).map(|s| s.name.clone()) else {
            return if self.schema.complete { Err(errors::undefined_table(self.engine(), &own)) } else { Ok(()) };
        };
        let new = ObjectName::new(found.schema.clone(), to);
        if names::relation_exists(self.schema, &new.schema, &new.name) {
            return Err(errors::duplicate_table(self.engine(), to));
        }
        let Some(mut sequence) = self.schema.sequences.remove(&found) else { return Ok(()) };
        sequence.name = new.clone();
        let id = sequence.id;
        self.schema.sequences.insert(new.clone(), sequence);
        // Defaults name the sequence by identity: their text follows.
        for table in self.schema.tables.values_mut() {
            for default in table.columns.iter_mut().filter_map(|c| c.default.as_mut()) {
                if default.starts_with("nextval(") {
                    *default = default
                        .replace(&format!("'{}'", found.name), &format!("'{to}'"))
                        .replace(&format!(".{}'", found.name), &format!(".{to}'"));
                }
            }
        }
        self.change(ChangeOp::RenameSequence, ObjectRef::named(ObjectKind::Sequence, &found), Some(id), None).new_name = Some(new);
        Ok(())
    }
}

fn replace(columns: &mut [String], from: &str, to: &str, dialect: crate::model::dialect::Dialect) {
    for column in columns.iter_mut().filter(|c| dialect.same_column(c, from)) {
        *column = to.to_string();
    }
}

/// `NEW.a` and `OLD.a` with the column renamed.
fn rename_row_field(text: &str, from: &str, to: &str, dialect: crate::model::dialect::Dialect) -> String {
    use crate::sql::lexer::tokens;
    let all = tokens(text, dialect);
    let source = |i: usize| all.get(i).map_or("", |t| t.span.slice(text));
    let field = |i: &usize| {
        *i >= 2
            && source(i - 1) == "."
            && (source(i - 2).eq_ignore_ascii_case("new") || source(i - 2).eq_ignore_ascii_case("old"))
            && dialect.same_column(source(*i).trim_matches(['"', '`', '[', ']']), from)
    };
    let spans = (0..all.len()).filter(field).map(|i| all[i].span);
    super::expression::replace(text, spans, &super::expression::quoted(to, dialect))
}
