//! Views, and what queries use: the one place where stored text is bound.

use super::errors::{self, error};
use super::expression;
use super::run::{Run, Step, values, written};
use crate::model::change::{ChangeOp, EngineError};
use crate::model::dialect::Engine;
use crate::model::object::{ObjectId, ObjectKind, ObjectName, ObjectRef};
use crate::model::schema::{Column, Table, TableKind, View};
use crate::model::span::Span;
use crate::sql::ast::ddl::CreateView;
use crate::sql::ast::{SelectItem, SetExpr, StatementKind};
use crate::sql::bind::binding::Binding;
use crate::sql::bind::{SessionState, bind};
use crate::sql::lexer::{TokenKind, tokens};
use crate::sql::parse::parse_statement;

/// A name in a stored text that is an object.
#[derive(Clone, Debug)]
pub(super) struct TextUse {
    /// The object.
    pub id: ObjectId,
    /// The name in the text; empty where it is not written.
    pub span: Span,
    /// It is not written.
    pub implicit: bool,
}

impl Run<'_> {
    /// Binds a stored query with the session's search path.
    fn bind_text(&self, text: &str) -> Binding {
        let statement = parse_statement(text, self.dialect());
        let session = SessionState { search_path: Some(self.schema.search_path.clone()), ..SessionState::default() };
        bind(&statement, text, self.schema, &session)
    }

    /// The objects that a query names. Where it does not bind, its tokens are matched with tables and their
    /// columns.
    pub(super) fn query_uses(&self, text: &str) -> Vec<TextUse> {
        let binding = self.bind_text(text);
        if binding.error.is_none() && !binding.uses.is_empty() {
            let uses = binding.uses.iter().filter(|u| u.through_view.is_none());
            return uses.filter_map(|u| u.id.map(|id| TextUse { id, span: u.span, implicit: u.implicit })).collect();
        }
        self.token_uses(text)
    }

    /// Tables and columns by name alone.
    fn token_uses(&self, text: &str) -> Vec<TextUse> {
        let dialect = self.dialect();
        let all = tokens(text, dialect);
        let mut found = Vec::new();
        let mut tables: Vec<&Table> = Vec::new();
        let name = |i: usize| -> Option<String> {
            let token = all.get(i)?;
            let source = token.span.slice(text);
            match token.kind {
                TokenKind::Word => Some(dialect.fold(source, false)),
                TokenKind::QuotedName => Some(source.trim_matches(['"', '`', '[', ']']).to_string()),
                _ => None,
            }
        };
        for (i, token) in all.iter().enumerate() {
            let Some(own) = name(i) else { continue };
            let after_dot = i > 0 && all[i - 1].span.slice(text) == ".";
            let schema = if after_dot { i.checked_sub(2).and_then(name) } else { None };
            if let Some(table) = self.schema.find_table(schema.as_deref(), &own) {
                if !tables.iter().any(|t| t.id == table.id) {
                    tables.push(table);
                }
                found.push(TextUse { id: table.id, span: token.span, implicit: false });
            }
        }
        let star = all.iter().enumerate().any(|(i, t)| {
            t.span.slice(text) == "*" && i > 0 && !matches!(all[i - 1].kind, TokenKind::Number) && all[i - 1].span.slice(text) != "("
        });
        for table in tables {
            for column in &table.columns {
                let written = (0..all.len()).filter(|&i| name(i).is_some_and(|n| dialect.same_column(&n, &column.name)));
                let before = found.len();
                found.extend(written.map(|i| TextUse { id: column.id, span: all[i].span, implicit: false }));
                if star && found.len() == before {
                    found.push(TextUse { id: column.id, span: Span::default(), implicit: true });
                }
            }
        }
        found
    }

    /// The objects that the statements of a trigger body name.
    pub(super) fn trigger_uses(&self, body: &str) -> Vec<TextUse> {
        let inner = body.trim();
        let inner_start = if inner.get(..5).is_some_and(|b| b.eq_ignore_ascii_case("begin")) { 5 } else { 0 };
        let offset = body.len() - body.trim_start().len() + inner_start;
        let mut found = Vec::new();
        let mut at = offset as u32;
        for statement in body.get(offset..).unwrap_or("").split(';') {
            if !statement.trim().is_empty() && !statement.trim().eq_ignore_ascii_case("end") {
                found.extend(self.token_uses(statement).into_iter().map(|u| TextUse { span: u.span.shift(at), ..u }));
            }
            at += statement.len() as u32 + 1;
        }
        found
    }

    pub(super) fn create_view(&mut self, create: &CreateView) -> Step {
        let name = self.new_name(&create.name)?;
        let key = self.schema.key(&name.schema, &name.name);
        let existing = self.schema.tables.get(&key).cloned();
        let existing = existing.filter(|t| !(t.open && !self.schema.complete && t.view().is_none()));
        if create.alter && existing.is_none() && self.schema.complete {
            return Err(errors::undefined_table(self.engine(), &written(&create.name)));
        }
        if let Some(existing) = &existing {
            if create.if_not_exists {
                return Ok(());
            }
            if !create.or_replace {
                return Err(errors::duplicate_table(self.engine(), &name.name));
            }
            if !matches!(existing.kind, TableKind::View(_)) {
                return Err(match self.engine() {
                    Engine::Postgres => error("42809", format!("\"{}\" is not a view", name.name)),
                    _ => error("1347", format!("'{}' is not of type 'VIEW'", name.name)),
                });
            }
        } else if self.postgres() && super::names::relation_exists(self.schema, &name.schema, &name.name) && self.schema.complete {
            return Err(errors::duplicate_table(self.engine(), &name.name));
        }
        let query = self.source(create.query).to_string();
        let given = values(&create.columns);
        let binding = self.bind_text(&query);
        // SQLite looks at the query only when the view is used.
        if let Some(bound) =
            binding.error.as_ref().filter(|_| !self.sqlite() && !self.options.lenient && self.schema.complete && !create.recursive)
        {
            return Err(EngineError { code: bound.code.clone(), message: bound.message.clone() });
        }
        let mut columns = self.output_columns(&binding, &given);
        if let (Some(existing), Engine::Postgres) = (&existing, self.engine()) {
            self.check_replacement(existing, &columns)?;
            for (new, old) in columns.iter_mut().zip(&existing.columns) {
                new.id = old.id;
            }
        } else if let Some(existing) = &existing {
            let dialect = self.dialect();
            for new in &mut columns {
                if let Some(old) = existing.column(dialect, &new.name) {
                    new.id = old.id;
                }
            }
        }
        let query = if self.sqlite() { query } else { self.expand_star(&query, &binding) };
        let uses = self.query_uses(&query);
        let mut depends: Vec<ObjectId> = uses.iter().map(|u| u.id).collect();
        depends.sort();
        depends.dedup();
        let view = View {
            query: query.clone(),
            column_names: given,
            check_option: create.check_option,
            depends,
            broken: None,
            invoker: create.invoker,
        };
        let id = match &existing {
            Some(existing) => existing.id,
            None => self.schema.new_id(),
        };
        let before = existing.as_ref().and_then(|t| t.view()).map(|v| v.query.clone());
        let open = columns.is_empty();
        let base = existing.clone().unwrap_or_default();
        let kind = if create.materialized { TableKind::MaterializedView(view) } else { TableKind::View(view) };
        let table = Table { id, name: name.clone(), kind, columns, open, temporary: create.temporary, ..base };
        self.schema.tables.insert(key, table);
        let op = if existing.is_some() { ChangeOp::ReplaceView } else { ChangeOp::CreateView };
        let change = self.change(op, ObjectRef::table(ObjectKind::View, &name), Some(id), Some(id));
        change.before = before;
        change.after = Some(query);
        Ok(())
    }

    fn output_columns(&mut self, binding: &Binding, given: &[String]) -> Vec<Column> {
        let outputs = binding.outputs.clone().unwrap_or_default();
        let mut columns = Vec::new();
        for (i, output) in outputs.iter().enumerate() {
            let name = given.get(i).cloned().unwrap_or_else(|| output.name.clone());
            let id = self.schema.new_id();
            let ty = output.ty.clone().unwrap_or_default();
            columns.push(Column { id, name, ty, nullable: output.nullable.unwrap_or(true), ..Column::default() });
        }
        if outputs.is_empty() {
            for name in given {
                let id = self.schema.new_id();
                columns.push(Column { id, name: name.clone(), nullable: true, ..Column::default() });
            }
        }
        columns
    }

    /// CREATE OR REPLACE VIEW may only add columns at the end (PostgreSQL).
    fn check_replacement(&self, existing: &Table, columns: &[Column]) -> Step {
        if columns.is_empty() || existing.columns.is_empty() {
            return Ok(());
        }
        if columns.len() < existing.columns.len() {
            return Err(error("42P16", "cannot drop columns from view"));
        }
        for (old, new) in existing.columns.iter().zip(columns) {
            if old.name != new.name {
                return Err(error("42P16", format!("cannot change name of view column \"{}\" to \"{}\"", old.name, new.name)));
            }
            if old.ty != new.ty && !old.ty.name.is_empty() && !new.ty.name.is_empty() {
                let message = format!("cannot change data type of view column \"{}\" from {} to {}", old.name, old.ty, new.ty);
                return Err(error("42P16", message));
            }
        }
        Ok(())
    }

    /// PostgreSQL and MySQL keep `*` as the columns that it stood for when the view was made. One star is
    /// followed; a query with several keeps them.
    fn expand_star(&self, query: &str, binding: &Binding) -> String {
        let statement = parse_statement(query, self.dialect());
        let StatementKind::Query(parsed) = &statement.kind else { return query.to_string() };
        let SetExpr::Select(select) = &parsed.body else { return query.to_string() };
        let mut stars = select.items.iter().filter_map(|i| match i {
            SelectItem::Star { qualifier, span } => Some((qualifier.as_ref(), *span)),
            SelectItem::Expr { .. } => None,
        });
        let (Some((qualifier, span)), None) = (stars.next(), stars.next()) else { return query.to_string() };
        let names: Vec<&str> = binding.outputs.iter().flatten().filter(|o| o.from_star).map(|o| o.name.as_str()).collect();
        if names.is_empty() {
            return query.to_string();
        }
        let prefix = qualifier.map(|q| format!("{}.", expression::quoted(&q.last().value, self.dialect()))).unwrap_or_default();
        let list: Vec<String> = names.iter().map(|n| format!("{prefix}{}", expression::quoted(n, self.dialect()))).collect();
        expression::replace(query, std::iter::once(span), &list.join(", "))
    }

    /// The columns of CREATE TABLE ... AS.
    pub(super) fn columns_of_query(&mut self, key: &ObjectName, query: Span, names: &[String]) {
        let text = self.source(query).to_string();
        let text = text.trim_start_matches('(').to_string();
        let binding = self.bind_text(&text);
        let nullable_kept = self.mysql();
        let mut columns = self.output_columns(&binding, names);
        if self.mysql() {
            // MariaDB knowledge base, "CREATE TABLE ... SELECT": columns keep their defaults, not their keys.
            let sources = binding.outputs.iter().flatten().map(|o| o.source);
            for (column, source) in columns.iter_mut().zip(sources) {
                let from = self.schema.tables.values().find_map(|t| t.columns.iter().find(|c| Some(c.id) == source));
                if let Some(from) = from {
                    column.default = from.default.clone();
                    column.collation = from.collation.clone();
                    column.charset = from.charset.clone();
                }
            }
        }
        let Some(table) = self.schema.tables.get_mut(key) else { return };
        table.open |= columns.is_empty();
        let dialect = self.schema.dialect;
        for mut column in columns {
            column.nullable |= !nullable_kept;
            if table.column(dialect, &column.name).is_none() {
                table.columns.push(column);
            }
        }
    }

    /// Writes a new name wherever a stored text names one of the objects, as PostgreSQL and SQLite do. The
    /// view's own columns keep their names.
    pub(super) fn follow_rename(&mut self, ids: &[ObjectId], to: &str) {
        if self.mysql() {
            return;
        }
        let replacement = expression::quoted(to, self.dialect());
        let postgres = self.postgres();
        let mut texts: Vec<(ObjectName, String)> = Vec::new();
        for (key, table) in &self.schema.tables {
            if let Some(view) = table.view()
                && (!postgres || view.depends.iter().any(|d| ids.contains(d)))
            {
                let spans = self.spans_to_rename(&view.query, &self.query_uses(&view.query), ids);
                if !spans.is_empty() {
                    texts.push((key.clone(), expression::replace(&view.query, spans.into_iter(), &replacement)));
                }
            }
        }
        for (key, text) in texts {
            let Some(table) = self.schema.tables.get_mut(&key) else { continue };
            let names: Vec<String> = table.columns.iter().map(|c| c.name.clone()).collect();
            if let TableKind::View(view) | TableKind::MaterializedView(view) = &mut table.kind {
                view.query = text;
                if view.column_names.is_empty() && postgres {
                    view.column_names = names;
                }
            }
        }
        self.follow_rename_in_bodies(ids, &replacement);
    }

    /// Where a text names one of the objects: the name itself without its schema, and a table's name in front
    /// of its columns.
    fn spans_to_rename(&self, text: &str, uses: &[TextUse], ids: &[ObjectId]) -> Vec<Span> {
        let dialect = self.dialect();
        let written = uses.iter().filter(|u| ids.contains(&u.id) && !u.span.is_empty());
        let own_part = |span: Span| match span.slice(text).rfind('.') {
            Some(dot) => Span { start: span.start + dot as u32 + 1, end: span.end },
            None => span,
        };
        let mut spans: Vec<Span> = written.map(|u| own_part(u.span)).collect();
        let tables: Vec<&str> = ids.iter().filter_map(|id| self.schema.table_by_id(*id)).map(|t| t.name.name.as_str()).collect();
        if !spans.is_empty() && !tables.is_empty() {
            let all = tokens(text, dialect);
            for (i, token) in all.iter().enumerate() {
                let name = token.span.slice(text).trim_matches(['"', '`', '[', ']']);
                let before = if i > 0 { all[i - 1].span.slice(text) } else { "" };
                let qualifies = before != "." && all.get(i + 1).is_some_and(|t| t.span.slice(text) == ".");
                if qualifies && token.kind != TokenKind::String && tables.iter().any(|t| dialect.same_table(t, name)) {
                    spans.push(token.span);
                }
            }
        }
        spans.sort();
        spans.dedup();
        spans
    }

    fn follow_rename_in_bodies(&mut self, ids: &[ObjectId], replacement: &str) {
        let rewritten = |run: &Self, body: &str| -> Option<String> {
            let spans = run.spans_to_rename(body, &run.trigger_uses(body), ids);
            (!spans.is_empty()).then(|| expression::replace(body, spans.into_iter(), replacement))
        };
        if self.sqlite() {
            let mut bodies = Vec::new();
            for (key, table) in &self.schema.tables {
                for trigger in &table.triggers {
                    if let Some(body) = rewritten(self, &trigger.body) {
                        bodies.push((key.clone(), trigger.id, body));
                    }
                }
            }
            for (key, id, body) in bodies {
                if let Some(trigger) = self.schema.tables.get_mut(&key).and_then(|t| t.triggers.iter_mut().find(|t| t.id == id)) {
                    trigger.body = body;
                }
            }
        } else {
            let parsed: Vec<(usize, String)> = self
                .schema
                .functions
                .iter()
                .enumerate()
                .filter(|(_, f)| f.has_parsed_body())
                .filter_map(|(i, f)| Some((i, rewritten(self, &f.body)?)))
                .collect();
            for (i, body) in parsed {
                self.schema.functions[i].body = body;
            }
        }
    }

    /// For MySQL and SQLite: whether each view still works, after the script.
    pub(super) fn mark_broken_views(&mut self) {
        if self.postgres() || self.options.lenient || !self.schema.complete {
            return;
        }
        let mut marks = Vec::new();
        for (key, table) in &self.schema.tables {
            if let Some(view) = table.view() {
                marks.push((key.clone(), self.bind_text(&view.query).error.map(|e| e.message)));
            }
        }
        for (key, broken) in marks {
            if let Some(TableKind::View(view)) = self.schema.tables.get_mut(&key).map(|t| &mut t.kind) {
                view.broken = broken;
            }
        }
    }
}
