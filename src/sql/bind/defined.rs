//! What a change of the schema that code sends names: the tables and columns that it makes, changes or removes.

use crate::model::statement::{ColumnRef, Mode, Reference};
use crate::sql::ast::ddl::{AlterAction, DdlObject, IndexDef, TableElement};
use crate::sql::ast::{Ddl, Ident, Name};

/// How sure such a reference is, 0..=100: the object need not be there when the statement is sent.
const CONFIDENCE: u8 = 80;

/// The references of a change of the schema, in text order; changes of other objects than tables give none.
pub(super) fn references(ddl: &Ddl) -> Vec<Reference> {
    let mut out = Vec::new();
    match ddl {
        Ddl::CreateTable(create) => {
            table(&create.name, &mut out);
            for element in &create.elements {
                match element {
                    TableElement::Column(def) => column(&create.name, &def.name, &mut out),
                    TableElement::Index(def) => keys(&create.name, def, &mut out),
                    _ => {}
                }
            }
        }
        Ddl::AlterTable(alter) if matches!(alter.kind, DdlObject::Table | DdlObject::ForeignTable) => {
            table(&alter.name, &mut out);
            alter.actions.iter().for_each(|a| action(&alter.name, a, &mut out));
        }
        Ddl::RenameTables(pairs) => pairs.iter().for_each(|(from, _)| table(from, &mut out)),
        Ddl::CreateIndex(create) => {
            table(&create.table, &mut out);
            keys(&create.table, &create.index, &mut out);
        }
        Ddl::Drop(drop) if matches!(drop.kind, DdlObject::Table | DdlObject::ForeignTable) => {
            drop.targets.iter().for_each(|t| table(&t.name, &mut out));
        }
        _ => {}
    }
    out.retain(|r| !r.table.is_empty());
    out
}

fn action(of: &Name, action: &AlterAction, out: &mut Vec<Reference>) {
    match action {
        AlterAction::AddColumn { column: def, .. } => column(of, &def.name, out),
        AlterAction::AddIndex { index, .. } => keys(of, index, out),
        AlterAction::DropColumn { name, .. } | AlterAction::AlterColumn { name, .. } => column(of, name, out),
        AlterAction::ChangeColumn { old, .. } => column(of, old, out),
        AlterAction::RenameColumn { from, .. } => column(of, from, out),
        _ => {}
    }
}

fn keys(of: &Name, index: &IndexDef, out: &mut Vec<Reference>) {
    index.keys.iter().filter_map(|k| k.column.as_ref()).chain(&index.include).for_each(|c| column(of, c, out));
}

fn table(name: &Name, out: &mut Vec<Reference>) {
    out.extend(reference(name, ColumnRef::Table, name.last()));
}

fn column(of: &Name, name: &Ident, out: &mut Vec<Reference>) {
    if !name.is_hole() {
        out.extend(reference(of, ColumnRef::Named(name.value.clone()), name));
    }
}

/// `None` where a part of the table's name is unknown.
fn reference(of: &Name, column: ColumnRef, at: &Ident) -> Option<Reference> {
    if of.parts.iter().any(Ident::is_hole) {
        return None;
    }
    Some(Reference {
        schema: of.qualifier().map(|q| q.value.clone()).unwrap_or_default(),
        table: of.last().value.clone(),
        column,
        mode: Mode::Define,
        span: at.span,
        implicit: false,
        confidence: CONFIDENCE,
    })
}
