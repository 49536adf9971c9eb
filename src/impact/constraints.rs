//! Which demands on stored rows a table gained and lost.

use crate::model::dialect::{Dialect, Engine};
use crate::model::object::{ObjectId, ObjectName};
use crate::model::schema::{Constraint, ConstraintKind, Schema, Table};

/// A set of columns or expressions that no two rows may share, whatever enforces it.
#[derive(Clone, Debug)]
pub struct UniqueKey {
    /// Name of the constraint or index.
    pub name: String,
    /// Identity of the constraint, else of the index.
    pub id: ObjectId,
    /// Columns, or the text of expressions, in key order; names in lower case where the engine ignores case.
    pub keys: Vec<String>,
    /// All keys are columns.
    pub plain: bool,
    /// It is the primary key.
    pub primary: bool,
    /// Condition of a partial index.
    pub predicate: Option<String>,
    /// NULLs are equal to each other.
    pub nulls_equal: bool,
    /// The check can wait until the end of the transaction.
    pub deferrable: bool,
}

impl UniqueKey {
    /// Whether both demand the same.
    pub fn same_demand(&self, other: &UniqueKey) -> bool {
        let set = |k: &UniqueKey| {
            let mut keys = k.keys.clone();
            keys.sort();
            keys
        };
        set(self) == set(other) && self.predicate == other.predicate && self.nulls_equal == other.nulls_equal
    }

    /// Whether rows that meet `self` always meet `other`: its keys are a subset and its rows are all rows.
    pub fn implies(&self, other: &UniqueKey) -> bool {
        self.keys.iter().all(|k| other.keys.contains(k))
            && (self.predicate.is_none() || self.predicate == other.predicate)
            && (self.nulls_equal || !other.nulls_equal || self.primary)
    }
}

/// A foreign key, seen from either side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// Name of the constraint.
    pub name: String,
    /// Identity of the constraint.
    pub id: ObjectId,
    /// The referencing table.
    pub child: ObjectName,
    /// The referencing table's identity.
    pub child_id: ObjectId,
    /// Referencing columns.
    pub columns: Vec<String>,
    /// Referenced table.
    pub parent: ObjectName,
    /// Referenced columns; the primary key where none are written.
    pub references: Vec<String>,
    /// Action on DELETE in lower case; `no action` where none is written.
    pub on_delete: String,
    /// Action on UPDATE in lower case.
    pub on_update: String,
}

impl ForeignKey {
    /// Whether both tie the same columns together, whatever their actions are.
    pub fn same_link(&self, other: &ForeignKey) -> bool {
        self.columns == other.columns
            && self.references == other.references
            && (self.child_id == other.child_id || self.child == other.child)
    }
}

/// All unique keys of a table.
pub fn unique_keys(table: &Table, dialect: Dialect) -> Vec<UniqueKey> {
    let fold = |name: &str| if dialect.engine == Engine::Postgres { name.to_string() } else { name.to_lowercase() };
    let mut keys: Vec<UniqueKey> = Vec::new();
    for c in &table.constraints {
        let (columns, primary, nulls_equal) = match &c.kind {
            ConstraintKind::PrimaryKey { columns } => (columns, true, false),
            ConstraintKind::Unique { columns, nulls_not_distinct } => (columns, false, *nulls_not_distinct),
            _ => continue,
        };
        keys.push(UniqueKey {
            name: c.name.clone(),
            id: c.id,
            keys: columns.iter().map(|n| fold(n)).collect(),
            plain: true,
            primary,
            predicate: None,
            nulls_equal,
            deferrable: c.deferrable,
        });
    }
    for index in table.indexes.iter().filter(|i| i.unique && i.constraint.is_none()) {
        let key = UniqueKey {
            name: index.name.clone(),
            id: index.id,
            keys: index
                .keys
                .iter()
                .map(|k| match (&k.column, &k.expr) {
                    (Some(column), _) => fold(column),
                    (None, Some(expr)) => squeeze(expr),
                    _ => String::new(),
                })
                .collect(),
            plain: index.keys.iter().all(|k| k.column.is_some()),
            primary: false,
            predicate: index.predicate.as_deref().map(squeeze),
            nulls_equal: index.nulls_not_distinct,
            deferrable: false,
        };
        if !keys.iter().any(|k| k.name == key.name && k.same_demand(&key)) {
            keys.push(key);
        }
    }
    keys
}

/// Unique keys of `new` that nothing in `old` demanded already.
pub fn added_unique_keys(old: &Table, new: &Table, dialect: Dialect) -> Vec<UniqueKey> {
    let had = unique_keys(old, dialect);
    unique_keys(new, dialect).into_iter().filter(|k| !had.iter().any(|h| h.implies(k))).collect()
}

/// Unique keys of `old` that nothing in `new` demands any more.
pub fn lost_unique_keys(old: &Table, new: &Table, dialect: Dialect) -> Vec<UniqueKey> {
    added_unique_keys(new, old, dialect)
}

/// CHECK and EXCLUDE constraints of `new` that `old` did not have.
pub fn added_checks<'a>(old: &Table, new: &'a Table) -> Vec<&'a Constraint> {
    let demand = |c: &Constraint| match &c.kind {
        ConstraintKind::Check { expr, .. } => Some(squeeze(expr)),
        ConstraintKind::Exclude { definition, .. } => Some(squeeze(definition)),
        _ => None,
    };
    let had: Vec<String> = old.constraints.iter().filter(|c| !c.not_enforced).filter_map(demand).collect();
    new.constraints.iter().filter(|c| !c.not_enforced && demand(c).is_some_and(|d| !had.contains(&d))).collect()
}

/// CHECK and EXCLUDE constraints of `old` that `new` does not have.
pub fn lost_checks<'a>(old: &'a Table, new: &Table) -> Vec<&'a Constraint> {
    added_checks(new, old)
}

/// The foreign keys that a table declares.
pub fn foreign_keys(schema: &Schema, table: &Table) -> Vec<ForeignKey> {
    table.constraints.iter().filter_map(|c| foreign_key(schema, table, c)).collect()
}

fn foreign_key(schema: &Schema, table: &Table, constraint: &Constraint) -> Option<ForeignKey> {
    let ConstraintKind::ForeignKey { columns, table: parent, references, on_delete, on_update } = &constraint.kind else { return None };
    if constraint.not_enforced {
        return None;
    }
    let action = |a: &str| if a.is_empty() { "no action".to_string() } else { a.to_string() };
    let references = if references.is_empty() {
        let key = schema.find_table((!parent.schema.is_empty()).then_some(parent.schema.as_str()), &parent.name);
        key.and_then(Table::primary_key).map(<[String]>::to_vec).unwrap_or_default()
    } else {
        references.clone()
    };
    Some(ForeignKey {
        name: constraint.name.clone(),
        id: constraint.id,
        child: table.name.clone(),
        child_id: table.id,
        columns: columns.clone(),
        parent: parent.clone(),
        references,
        on_delete: action(on_delete),
        on_update: action(on_update),
    })
}

/// How the foreign keys that point to a table differ between two schemas.
#[derive(Debug)]
pub struct ReferencesChanged {
    /// Those after that are new or act in another way, with what they were.
    pub now: Vec<(ForeignKey, Option<ForeignKey>)>,
    /// Those before that are gone.
    pub gone: Vec<ForeignKey>,
}

impl ReferencesChanged {
    /// Compares the keys that point to `old` in the schema before with those that point to `new` in the one after.
    pub fn of((before, old): (&Schema, &Table), (after, new): (&Schema, &Table)) -> Self {
        let (was, is) = (references_to(before, old), references_to(after, new));
        let gone = was.iter().filter(|w| !is.iter().any(|k| k.same_link(w))).cloned().collect();
        let with_old = |key: ForeignKey| {
            let old = was.iter().find(|w| w.same_link(&key)).cloned();
            let same = old.as_ref().is_some_and(|o| o.on_delete == key.on_delete && o.on_update == key.on_update);
            (!same).then_some((key, old))
        };
        ReferencesChanged { now: is.iter().cloned().filter_map(with_old).collect(), gone }
    }
}

/// The foreign keys of all tables that point to `parent`.
pub fn references_to(schema: &Schema, parent: &Table) -> Vec<ForeignKey> {
    let dialect = schema.dialect;
    let refers = |c: &&Constraint| match &c.kind {
        ConstraintKind::ForeignKey { table, .. } => {
            dialect.same_table(&table.name, &parent.name.name) && (table.schema == parent.name.schema || table.schema.is_empty())
        }
        _ => false,
    };
    let mut found = Vec::new();
    for child in schema.tables.values() {
        found.extend(child.constraints.iter().filter(refers).filter_map(|c| foreign_key(schema, child, c)));
    }
    found
}

/// SQL text with runs of white space made one, for comparison.
pub fn squeeze(sql: &str) -> String {
    let mut text: String = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    while text.starts_with('(') && text.ends_with(')') && outer_parens(&text) {
        text = text[1..text.len() - 1].trim().to_string();
    }
    text
}

/// Whether the first and the last character are one pair of parentheses.
fn outer_parens(text: &str) -> bool {
    let mut depth = 0usize;
    for (i, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 && i + 1 < text.len() {
                    return false;
                }
            }
            _ => {}
        }
    }
    true
}
