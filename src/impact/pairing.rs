//! Which object of the schema after is which object of the schema before.
//!
//! Identity decides; a table that was rebuilt (new table, rows copied, old one dropped, new one renamed) has
//! a new identity under the old name, and its columns are paired by name.

use super::constraints::ReferencesChanged;
use crate::model::change::{Change, ChangeOp};
use crate::model::object::{ObjectId, ObjectName};
use crate::model::schema::{Column, Function, Schema, Table};
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use std::cell::RefCell;
use std::rc::Rc;

/// The two schemas with the links between their objects.
#[derive(Debug)]
pub struct Pairing<'a> {
    /// Schema before.
    pub before: &'a Schema,
    /// Schema after.
    pub after: &'a Schema,
    tables_before: HashMap<ObjectId, &'a Table>,
    tables_after: HashMap<ObjectId, &'a Table>,
    columns_before: HashMap<ObjectId, (&'a Table, &'a Column)>,
    columns_after: HashMap<ObjectId, (&'a Table, &'a Column)>,
    filled: HashSet<ObjectId>,
    references: RefCell<HashMap<(ObjectId, ObjectId), Rc<ReferencesChanged>>>,
    members: bool,
}

impl<'a> Pairing<'a> {
    /// Links the two schemas.
    pub fn new(before: &'a Schema, after: &'a Schema, changes: &[Change]) -> Self {
        Pairing {
            before,
            after,
            tables_before: tables(before),
            tables_after: tables(after),
            columns_before: columns(before),
            columns_after: columns(after),
            references: RefCell::default(),
            members: [before, after].iter().any(|s| s.tables.values().any(|t| !t.inherits.is_empty() || t.partition_of.is_some())),
            filled: changes.iter().filter(|c| c.op == ChangeOp::InsertRows).filter_map(|c| c.table.or(c.id)).collect(),
        }
    }

    /// A table of the schema before.
    pub fn table_before(&self, id: ObjectId) -> Option<&'a Table> {
        self.tables_before.get(&id).copied()
    }

    /// A table of the schema after.
    pub fn table_after(&self, id: ObjectId) -> Option<&'a Table> {
        self.tables_after.get(&id).copied()
    }

    /// A column of the schema before, with its table.
    pub fn column_before(&self, id: ObjectId) -> Option<(&'a Table, &'a Column)> {
        self.columns_before.get(&id).copied()
    }

    /// A column of the schema after, with its table.
    pub fn column_after(&self, id: ObjectId) -> Option<(&'a Table, &'a Column)> {
        self.columns_after.get(&id).copied()
    }

    /// The table before that a table of the schema after stands for: itself, or the one that had its name.
    pub fn origin(&self, after: &Table) -> Option<&'a Table> {
        self.table_before(after.id).or_else(|| self.named_before(&after.name).filter(|t| t.view().is_none() == after.view().is_none()))
    }

    /// What stands after the migration where `before` stood: itself under whatever name, or, where it is gone,
    /// the table that took its name.
    pub fn successor(&self, before: &Table) -> Option<&'a Table> {
        self.table_after(before.id).or_else(|| self.named_after(&before.name))
    }

    /// The table or view that has the name of a table before.
    pub fn named_after(&self, name: &ObjectName) -> Option<&'a Table> {
        self.after.tables.get(&self.after.key(&name.schema, &name.name))
    }

    /// The table or view that had a name before.
    pub fn named_before(&self, name: &ObjectName) -> Option<&'a Table> {
        self.before.tables.get(&self.before.key(&name.schema, &name.name))
    }

    /// How the foreign keys that point to a table differ.
    pub fn references_changed(&self, old: &Table, new: &Table) -> Rc<ReferencesChanged> {
        let found = || Rc::new(ReferencesChanged::of((self.before, old), (self.after, new)));
        self.references.borrow_mut().entry((old.id, new.id)).or_insert_with(found).clone()
    }

    /// Whether any table has partitions or children, before or after.
    pub fn has_members(&self) -> bool {
        self.members
    }

    /// Whether the migration stored rows in this table of the schema after.
    pub fn filled(&self, after: &Table) -> bool {
        self.filled.contains(&after.id)
    }

    /// The column of the schema after that stands for a column before: itself, or the one of that name in the
    /// table that was rebuilt in place of its table.
    pub fn column_now(&self, id: ObjectId) -> Option<(&'a Table, &'a Column)> {
        if let Some(found) = self.column_after(id) {
            return Some(found);
        }
        let (table, column) = self.column_before(id)?;
        if self.table_after(table.id).is_some() {
            return None;
        }
        let now = self.named_after(&table.name)?;
        now.column(self.after.dialect, &column.name).map(|c| (now, c))
    }

    /// The column before that a column after stands for.
    pub fn column_was(&self, id: ObjectId) -> Option<(&'a Table, &'a Column)> {
        if let Some(found) = self.column_before(id) {
            return Some(found);
        }
        let (table, column) = self.column_after(id)?;
        if self.table_before(table.id).is_some() {
            return None;
        }
        let was = self.named_before(&table.name)?;
        was.column(self.before.dialect, &column.name).map(|c| (was, c))
    }

    /// A function of the schema before.
    pub fn function_before(&self, id: ObjectId) -> Option<&'a Function> {
        self.before.functions.iter().find(|f| f.id == id)
    }

    /// A function of the schema after.
    pub fn function_after(&self, id: ObjectId) -> Option<&'a Function> {
        self.after.functions.iter().find(|f| f.id == id)
    }
}

fn tables(schema: &Schema) -> HashMap<ObjectId, &Table> {
    schema.tables.values().map(|t| (t.id, t)).collect()
}

fn columns(schema: &Schema) -> HashMap<ObjectId, (&Table, &Column)> {
    schema.tables.values().flat_map(|t| t.columns.iter().map(move |c| (c.id, (t, c)))).collect()
}
