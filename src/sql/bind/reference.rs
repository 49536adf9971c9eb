//! References of a bound statement, as the index keeps them.

use super::binding::Binding;
use crate::model::object::ObjectKind;
use crate::model::statement::{ColumnRef, Reference};
use crate::sql::ast::{Statement, StatementKind};
use std::collections::HashSet;

/// What a statement refers to: tables (column [`ColumnRef::Table`]), columns, and for `*` the columns that it
/// stands for, or [`ColumnRef::All`] where those are not known. What a view's own definition uses is left to
/// the view. Each table, column, mode and place once, in text order. A change of the schema refers to what it defines.
pub fn references(binding: &Binding, statement: &Statement) -> Vec<Reference> {
    let mut seen: HashSet<Reference> = HashSet::new();
    let mut found = Vec::new();
    for used in &binding.uses {
        let table = matches!(used.kind, ObjectKind::Table | ObjectKind::View | ObjectKind::Column);
        if !table || used.through_view.is_some() || used.table.is_empty() {
            continue;
        }
        let reference = Reference {
            schema: used.schema.clone(),
            table: used.table.clone(),
            column: if used.kind == ObjectKind::Column { used.column.clone() } else { ColumnRef::Table },
            mode: used.mode,
            span: used.span,
            implicit: used.implicit,
            confidence: used.confidence,
        };
        if seen.insert(reference.clone()) {
            found.push(reference);
        }
    }
    if let StatementKind::Ddl(ddl) = &statement.kind {
        found.extend(super::defined::references(ddl).into_iter().filter(|r| seen.insert(r.clone())));
    }
    found
}
