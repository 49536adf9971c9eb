//! Sequences, tables and columns that functions are given by the text of a literal.

use crate::model::object::{ObjectKind, ObjectName, ObjectRef};
use crate::model::span::Span;
use crate::model::statement::Mode;
use crate::sql::ast::{ExprKind, FunctionCall, Literal};
use crate::sql::bind::binder::Binder;
use crate::sql::bind::binding::BindErrorKind;
use crate::sql::bind::value::Ty;

impl<'s> Binder<'s> {
    /// The sequence that a function of MariaDB is given as a name or text.
    pub(super) fn mysql_sequence(&mut self, call: &'s FunctionCall) {
        let Some(arg) = call.args.first() else { return };
        let (qualifier, name, span) = match &arg.kind {
            ExprKind::Column(name) if !name.is_hole() => {
                (name.qualifier().map(|q| q.value.as_str()), name.last().value.as_str(), name.last().span)
            }
            ExprKind::Literal(Literal::String { value, .. }) => match value.rsplit_once('.') {
                Some((q, name)) => (Some(q), name, arg.span),
                None => (None, value.as_str(), arg.span),
            },
            _ => return,
        };
        match self.schema.find_sequence(qualifier, name) {
            Some(sequence) => self.use_object(ObjectKind::Sequence, Some(sequence.id), &sequence.name, None, span),
            None if self.schema.complete => self.unknown_table(qualifier, name, span),
            None => {}
        }
    }

    /// A sequence, table or index named by the text of a literal.
    pub fn sequence_named(&mut self, text: &str, span: Span, must_be_sequence: bool) {
        let parts = crate::sql::bind::view::name_parts(text);
        let Some(name) = parts.last() else { return };
        let qualifier = parts.len().checked_sub(2).and_then(|i| parts.get(i)).map(String::as_str);
        let schema = self.schema;
        let path = self.search_path();
        let found = match qualifier {
            Some(q) => schema.find_sequence(Some(q), name),
            None => path.iter().find_map(|s| schema.find_sequence(Some(s), name)),
        };
        if let Some(sequence) = found {
            self.use_object(ObjectKind::Sequence, Some(sequence.id), &sequence.name, None, span);
            return;
        }
        let table = self.lookup_table(qualifier, name);
        if let Some(table) = table
            && !must_be_sequence
        {
            self.use_table(table, Mode::Read, span);
            return;
        }
        let index = !must_be_sequence && schema.tables.values().any(|t| t.indexes.iter().any(|i| i.name == *name));
        let system = crate::sql::bind::catalog::system::is_system_relation(schema, qualifier, name);
        if !schema.complete || index || system || text.contains(crate::model::statement::HOLE) || text.bytes().all(|b| b.is_ascii_digit()) {
            return;
        }
        let object = ObjectRef::named(ObjectKind::Sequence, &ObjectName::new(qualifier.unwrap_or(""), name.as_str()));
        if table.is_some() {
            self.fail(BindErrorKind::UnknownSequence, "42809", format!("\"{name}\" is not a sequence"), span, Some(object));
            return;
        }
        let shown = qualifier.map_or_else(|| name.clone(), |q| format!("{q}.{name}"));
        self.fail(BindErrorKind::UnknownSequence, "42P01", format!("relation \"{shown}\" does not exist"), span, Some(object));
    }

    /// A literal cast to `regclass` and its kin.
    pub fn regclass(&mut self, target: &Ty<'s>, text: &str, span: Span) {
        if target.known().is_some_and(|t| t.name == "regclass" && t.array == 0) {
            self.sequence_named(text, span, false);
        }
    }

    /// The column that `pg_get_serial_sequence` is asked about.
    pub(super) fn serial_column(&mut self, table: &str, column: &str, span: Span) {
        let parts = crate::sql::bind::view::name_parts(table);
        let Some(name) = parts.last() else { return };
        let qualifier = parts.len().checked_sub(2).and_then(|i| parts.get(i)).map(String::as_str);
        match self.lookup_table(qualifier, name) {
            Some(table) => match table.columns.iter().find(|c| c.name == column) {
                Some(found) => self.use_column(crate::sql::bind::value::Origin { table, column: found }, span, false),
                None if !table.open => {
                    let message = format!("column \"{column}\" of relation \"{}\" does not exist", table.name.name);
                    self.fail(BindErrorKind::UnknownColumn, "42703", message, span, Some(ObjectRef::column(&table.name, column)));
                }
                None => {}
            },
            None if self.schema.complete => self.unknown_table(qualifier, name, span),
            None => {}
        }
    }
}
