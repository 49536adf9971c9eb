//! Statements that are no query and yet need the objects that they name: CREATE TABLE AS, CLUSTER, SET
//! CONSTRAINTS, and PRAGMAs that list a table.

use super::binder::Binder;
use super::binding::{BindErrorKind, Binding};
use crate::model::dialect::Engine;
use crate::model::object::{ObjectKind, ObjectRef};
use crate::model::span::Span;
use crate::model::statement::Mode;
use crate::sql::ast::{Ddl, Session, Statement};
use crate::sql::parse::parse_statement;

/// Whether a setting is no setting but a question or an act: `PRAGMA table_info(t)`, `SET CONSTRAINTS`.
pub fn is_act(name: &str, value: &str) -> bool {
    let listing = ["table_info", "table_xinfo", "index_list", "index_info", "foreign_key_list", "foreign_key_check", "integrity_check"];
    name == "constraints" || (listing.contains(&name) && !value.is_empty())
}

impl<'s> Binder<'s> {
    /// Binds what a statement of the schema reads.
    pub fn ddl(&mut self, ddl: &'s Ddl, statement: &'s Statement) {
        match ddl {
            Ddl::CreateTable(create) => {
                let Some(query) = create.query else { return };
                let text = query.slice(self.text).trim_start_matches('(');
                let by = (query.slice(self.text).len() - text.len()) as u32 + query.start;
                let inner = self.bind_inner(text);
                if create.query_columns.is_empty() {
                    self.duplicate_output(&inner, query);
                }
                if let Some(mut error) = inner.error {
                    error.span = error.span.shift(by);
                    self.fail(error.kind, &error.code, error.message, error.span, error.object);
                }
                let shifted = inner.uses.into_iter().map(|mut u| {
                    if !u.span.is_empty() {
                        u.span = u.span.shift(by);
                    }
                    u
                });
                self.out.uses.extend(shifted);
            }
            Ddl::Harmless { what, table: Some(table), .. } if what.starts_with("cluster") => self.cluster(table, statement.span),
            _ => {}
        }
    }

    /// Binds a session statement that names an object.
    pub fn session(&mut self, session: &Session, span: Span) {
        let Session::Setting(name, value) = session else { return };
        match name.as_str() {
            "constraints" if self.pg() => {
                let names = value.split(|c: char| c == ',' || c.is_whitespace()).filter(|n| !n.is_empty());
                let names = names.take_while(|n| !n.eq_ignore_ascii_case("deferred") && !n.eq_ignore_ascii_case("immediate"));
                for name in names.filter(|n| !n.eq_ignore_ascii_case("all")) {
                    let own = name.rsplit('.').next().unwrap_or(name);
                    let folded = if own.starts_with('"') { own.trim_matches('"').to_string() } else { own.to_lowercase() };
                    let place = self.word_place(name, span);
                    let found = self.schema.tables.values().find_map(|t| t.constraints.iter().find(|c| c.name == folded).map(|c| (t, c)));
                    match found {
                        Some((table, constraint)) => {
                            let name = crate::model::object::ObjectName::new(table.name.schema.clone(), constraint.name.clone());
                            self.use_object(ObjectKind::Constraint, Some(constraint.id), &name, Some(table.id), place);
                        }
                        None if self.schema.complete => {
                            let message = format!("constraint \"{folded}\" does not exist");
                            self.fail(BindErrorKind::UnknownConstraint, "42704", message, place, None);
                        }
                        None => {}
                    }
                }
            }
            "table_info" | "table_xinfo" if self.lite() => {
                if let Some(table) = self.schema.find_table(None, value) {
                    let place = self.word_place(value, span);
                    self.use_table(table, Mode::Read, place);
                }
            }
            _ => {}
        }
    }

    /// `CLUSTER table USING index`.
    fn cluster(&mut self, table: &'s crate::sql::ast::Name, span: Span) {
        let qualifier = table.qualifier().map(|q| q.value.as_str());
        let Some(found) = self.schema.find_table(qualifier, &table.last().value) else { return };
        self.use_table(found, Mode::Read, table.last().span);
        let words: Vec<&str> = span.slice(self.text).split_whitespace().collect();
        let at = words.iter().position(|w| w.eq_ignore_ascii_case("using"));
        let Some(name) = at.and_then(|i| words.get(i + 1)) else { return };
        let own = name.trim_end_matches(';');
        let folded = if own.starts_with('"') { own.trim_matches('"').to_string() } else { own.to_lowercase() };
        if !found.open && !found.indexes.iter().any(|i| i.name == folded) {
            let place = self.word_place(own, span);
            let message = format!("index \"{folded}\" for table \"{}\" does not exist", found.name.name);
            let object = ObjectRef::part(ObjectKind::Index, &found.name, &folded);
            self.fail(BindErrorKind::UnknownIndex, "42704", message, place, Some(object));
        }
    }

    /// A table can't have a column twice; SQLite gives the second one another name.
    fn duplicate_output(&mut self, inner: &Binding, span: Span) {
        if self.lite() {
            return;
        }
        let outputs = inner.outputs.as_deref().unwrap_or_default();
        let twice = outputs.iter().enumerate().find(|(i, o)| outputs.iter().take(*i).any(|p| self.dialect.same_column(&p.name, &o.name)));
        let Some((_, output)) = twice else { return };
        let (code, message) = match self.engine {
            Engine::Postgres => ("42701", format!("column \"{}\" specified more than once", output.name)),
            _ => ("1060", format!("Duplicate column name '{}'", output.name)),
        };
        self.fail(BindErrorKind::Duplicate, code, message, span, None);
    }

    fn bind_inner(&self, text: &str) -> Binding {
        let statement = parse_statement(text, self.dialect);
        super::bind(&statement, text, self.schema, self.session)
    }

    /// The last place of a word within a statement.
    fn word_place(&self, word: &str, within: Span) -> Span {
        let slice = within.slice(self.text);
        slice.rfind(word).map_or_else(Span::default, |i| Span::new(within.start as usize + i, within.start as usize + i + word.len()))
    }
}
