//! CREATE TABLE.

use super::errors::{self, error};
use super::names;
use super::run::{Run, Step, values};
use crate::model::change::ChangeOp;
use crate::model::object::{ObjectKind, ObjectName, ObjectRef};
use crate::model::schema::{Column, ConstraintKind, Index, Table, TableKind, UserTypeKind};
use crate::sql::ast::Name;
use crate::sql::ast::ddl::{CreateTable, TableConstraint, TableElement};

impl Run<'_> {
    pub(super) fn create_table(&mut self, create: &CreateTable) -> Step {
        let name = self.new_name(&create.name)?;
        let key = self.schema.key(&name.schema, &name.name);
        let exists = self.schema.tables.contains_key(&key)
            || (self.postgres() && names::relation_exists(self.schema, &name.schema, &name.name))
            || (self.sqlite() && names::index_exists(self.schema, &name.schema, &name.name));
        if exists {
            if create.if_not_exists {
                return Ok(());
            }
            if create.or_replace {
                self.drop_relation(&key, false, false)?;
            } else if self.schema.tables.get(&key).is_some_and(|t| t.open) && !self.schema.complete {
                // An open schema guessed it; now it is known.
                self.schema.tables.remove(&key);
            } else {
                return Err(errors::duplicate_table(self.engine(), &name.name));
            }
        }
        let sequences = self.postgres().then(|| self.schema.sequences.clone());
        let result = self.fill_table(create, &name, &key);
        if let Err(error) = result {
            self.schema.tables.remove(&key);
            if let Some(sequences) = sequences {
                self.schema.sequences = sequences;
            }
            return Err(error);
        }
        let id = self.schema.tables.get(&key).map(|t| t.id);
        self.change(ChangeOp::CreateTable, ObjectRef::table(ObjectKind::Table, &name), id, id);
        Ok(())
    }

    fn fill_table(&mut self, create: &CreateTable, name: &ObjectName, key: &ObjectName) -> Step {
        let id = self.schema.new_id();
        let mut table = Table {
            id,
            name: name.clone(),
            temporary: create.temporary,
            partition_by: create.partition_by.clone(),
            options: create.options.iter().cloned().collect(),
            ..Table::default()
        };
        if create.foreign {
            table.kind = TableKind::Foreign;
        }
        if let Some((module, args)) = &create.module {
            table.kind = TableKind::Virtual(module.clone());
            table.options.insert("arguments".into(), args.join(", "));
            // What a module calls its columns is its own affair, except for those of full-text search.
            table.open = !module.starts_with("fts");
        }
        let mut constraints: Vec<(TableConstraint, Option<String>)> = Vec::new();
        self.inherit_columns(create, &mut table)?;
        if let Some(of) = &create.of_type {
            self.columns_of_type(of, &mut table);
        }
        self.schema.tables.insert(key.clone(), table);
        if let Some(query) = create.query {
            self.columns_of_query(key, query, &values(&create.query_columns));
        }
        let mut indexes = Vec::new();
        for element in &create.elements {
            match element {
                TableElement::Column(def) => {
                    let mut built = self.build_column(def, None)?;
                    if built.sequence {
                        self.make_column_sequence(name, &mut built.column);
                    }
                    let column_name = built.column.name.clone();
                    self.put_column(key, built.column)?;
                    constraints.extend(built.constraints.into_iter().map(|c| (c, Some(column_name.clone()))));
                }
                TableElement::Constraint(constraint) => constraints.push((constraint.clone(), None)),
                TableElement::Index(index) => indexes.push(index),
                TableElement::Like { table, including, excluding } => self.like(key, table, including, excluding)?,
            }
        }
        // Engines make the primary key first, then unique keys, then the rest; foreign keys last.
        constraints.sort_by_key(|(c, _)| super::constraint::rank(&c.kind));
        // Foreign keys use the indexes that are written.
        let (foreign, others): (Vec<_>, Vec<_>) = constraints.into_iter().partition(|(c, _)| super::constraint::rank(&c.kind) == 4);
        for (constraint, column) in &others {
            self.add_constraint(key, constraint, column.as_deref())?;
        }
        for index in indexes {
            self.add_index(key, index)?;
        }
        for (constraint, column) in &foreign {
            self.add_constraint(key, constraint, column.as_deref())?;
        }
        self.partition_constraints(create, key)?;
        let dialect = self.dialect();
        let table = self.table_mut(key)?;
        let strict = table.options.keys().any(|k| k.contains("without rowid"));
        if dialect.engine == crate::model::dialect::Engine::Sqlite && strict {
            let primary: Vec<String> = table.primary_key().map(<[String]>::to_vec).unwrap_or_default();
            for column in &mut table.columns {
                if primary.iter().any(|p| dialect.same_column(p, &column.name)) {
                    column.nullable = false;
                    column.auto_increment = false;
                }
            }
        }
        let names: Vec<String> = table.columns.iter().map(|c| c.name.clone()).collect();
        for (i, column) in names.iter().enumerate() {
            if names[..i].iter().any(|n| dialect.same_column(n, column)) {
                return Err(errors::duplicate_column(dialect.engine, &name.name, column));
            }
        }
        Ok(())
    }

    /// Adds a column, or merges it into one that is inherited.
    fn put_column(&mut self, key: &ObjectName, column: Column) -> Step {
        let dialect = self.dialect();
        let table = self.table_mut(key)?;
        let inherited = !table.inherits.is_empty() || table.partition_of.is_some() || table.options.contains_key("of");
        match table.column_index(dialect, &column.name).filter(|_| inherited) {
            Some(i) => {
                let own = &mut table.columns[i];
                own.nullable &= column.nullable;
                if column.default.is_some() {
                    own.default = column.default;
                }
            }
            None => table.columns.push(column),
        }
        Ok(())
    }

    /// Columns of INHERITS and PARTITION OF parents.
    fn inherit_columns(&mut self, create: &CreateTable, table: &mut Table) -> Step {
        let parents: Vec<&Name> = create.inherits.iter().chain(create.partition_of.iter().map(|(p, _)| p)).collect();
        for parent in parents {
            let parent_key = self.table_key(parent)?;
            let parent = self.table(&parent_key)?.clone();
            for column in &parent.columns {
                if table.column(self.dialect(), &column.name).is_none() {
                    let id = self.schema.new_id();
                    table.columns.push(Column { id, ..column.clone() });
                }
            }
            table.open |= parent.open;
            match &create.partition_of {
                Some((_, bound)) => {
                    if let Some(other) = self.overlapping(&parent_key, bound) {
                        let own = &table.name.name;
                        return Err(error("42P17", format!("partition \"{own}\" would overlap partition \"{other}\"")));
                    }
                    table.partition_of = Some((parent.name.clone(), bound.clone()));
                }
                None => table.inherits.push(parent.name.clone()),
            }
        }
        Ok(())
    }

    /// Constraints and indexes that a partition or child takes from its parent.
    fn partition_constraints(&mut self, create: &CreateTable, key: &ObjectName) -> Step {
        let parents: Vec<&Name> = create.inherits.iter().chain(create.partition_of.iter().map(|(p, _)| p)).collect();
        let partition = create.partition_of.is_some();
        for parent in parents {
            let Some(parent) = self.find(parent).and_then(|k| self.schema.tables.get(&k)).cloned() else { continue };
            let own = self.table(key)?.name.clone();
            for constraint in &parent.constraints {
                let copied = match &constraint.kind {
                    ConstraintKind::Check { .. } => true,
                    _ => partition,
                };
                if !copied {
                    continue;
                }
                let id = self.schema.new_id();
                let label = match &constraint.kind {
                    ConstraintKind::PrimaryKey { .. } => {
                        Some(names::choose(&own.name, "", "pkey", |n| names::relation_exists(self.schema, &own.schema, n)))
                    }
                    ConstraintKind::Unique { columns, .. } => {
                        Some(names::choose(&own.name, &columns.join("_"), "key", |n| names::relation_exists(self.schema, &own.schema, n)))
                    }
                    _ => None,
                };
                let mut copy = constraint.clone();
                copy.id = id;
                copy.name = label.unwrap_or(copy.name);
                let index = parent.indexes.iter().find(|i| i.constraint == Some(constraint.id)).cloned();
                let index_id = self.schema.new_id();
                let name = copy.name.clone();
                let table = self.table_mut(key)?;
                if table.constraints.iter().any(|c| c.kind == copy.kind) {
                    continue;
                }
                table.constraints.push(copy);
                table.indexes.extend(index.map(|i| Index { id: index_id, name, constraint: Some(id), ..i }));
            }
            for index in parent.indexes.iter().filter(|i| partition && i.constraint.is_none()) {
                let columns: Vec<&str> = index.keys.iter().map(|k| k.column.as_deref().unwrap_or("expr")).collect();
                let name = names::choose(&own.name, &columns.join("_"), "idx", |n| names::relation_exists(self.schema, &own.schema, n));
                let id = self.schema.new_id();
                let copy = Index { id, name, ..index.clone() };
                self.table_mut(key)?.indexes.push(copy);
            }
        }
        Ok(())
    }

    /// The sibling partition whose bound is the same, or whose plain range overlaps.
    pub(super) fn overlapping(&self, parent: &ObjectName, bound: &str) -> Option<String> {
        let parent = self.schema.tables.get(parent)?;
        let siblings = self.schema.tables.values().filter(|t| t.partition_of.as_ref().is_some_and(|(p, _)| *p == parent.name));
        for sibling in siblings {
            let (_, other) = sibling.partition_of.as_ref()?;
            let same = normal(other) == normal(bound);
            let overlap = match (range(other), range(bound)) {
                (Some((a, b)), Some((x, y))) => less(&a, &y) && less(&x, &b),
                _ => false,
            };
            if same || overlap {
                return Some(sibling.name.name.clone());
            }
        }
        None
    }

    fn columns_of_type(&mut self, of: &Name, table: &mut Table) {
        let (schema, own) = self.split(of);
        if let Some(ty) = self.schema.find_type(schema.as_deref(), &own)
            && let UserTypeKind::Composite(attributes) = ty.kind.clone()
        {
            for (name, ty) in attributes {
                let id = self.schema.new_id();
                table.columns.push(Column { id, name, ty, nullable: true, ..Column::default() });
            }
            table.options.insert("of".into(), own);
        }
    }

    /// LIKE: columns with NOT NULL always; the rest as INCLUDING says. MySQL's LIKE copies all but foreign
    /// keys.
    fn like(&mut self, key: &ObjectName, model: &Name, including: &[String], excluding: &[String]) -> Step {
        let model = self.table_key(model)?;
        let model = self.table(&model)?.clone();
        let all = self.mysql() || including.iter().any(|o| o == "all");
        let takes = |option: &str| (all || including.iter().any(|o| o == option)) && !excluding.iter().any(|o| o == option || o == "all");
        let own = self.table(key)?.name.clone();
        let mut columns = Vec::new();
        for column in &model.columns {
            let mut copy = Column { id: self.schema.new_id(), ..column.clone() };
            if !takes("defaults") {
                copy.default = None;
            }
            if !takes("generated") {
                copy.generated = None;
            }
            if takes("identity") && copy.identity.is_some() {
                self.make_column_sequence(&own, &mut copy);
            } else if !self.mysql() {
                copy.identity = None;
                copy.auto_increment &= copy.default.is_some();
            }
            columns.push(copy);
        }
        let mut constraints = Vec::new();
        let mut indexes = Vec::new();
        for constraint in &model.constraints {
            let (copied, label) = match &constraint.kind {
                ConstraintKind::PrimaryKey { .. } => (takes("indexes"), Some((String::new(), "pkey"))),
                ConstraintKind::Unique { columns, .. } => (takes("indexes"), Some((columns.join("_"), "key"))),
                ConstraintKind::Check { .. } => (takes("constraints"), None),
                ConstraintKind::Exclude { .. } => (takes("indexes"), None),
                ConstraintKind::ForeignKey { .. } => (false, None),
            };
            if !copied {
                continue;
            }
            let mut copy = constraint.clone();
            copy.id = self.schema.new_id();
            if let Some((columns, label)) = label.filter(|_| self.postgres()) {
                copy.name = names::choose(&own.name, &columns, label, |n| names::relation_exists(self.schema, &own.schema, n));
            }
            for index in model.indexes.iter().filter(|i| i.constraint == Some(constraint.id)) {
                let id = self.schema.new_id();
                let name = if self.postgres() { copy.name.clone() } else { index.name.clone() };
                indexes.push(Index { id, name, constraint: Some(copy.id), ..index.clone() });
            }
            constraints.push(copy);
        }
        for index in model.indexes.iter().filter(|i| i.constraint.is_none() && takes("indexes")) {
            let id = self.schema.new_id();
            let columns: Vec<&str> = index.keys.iter().map(|k| k.column.as_deref().unwrap_or("expr")).collect();
            let name = if self.postgres() {
                names::choose(&own.name, &columns.join("_"), "idx", |n| names::relation_exists(self.schema, &own.schema, n))
            } else {
                index.name.clone()
            };
            indexes.push(Index { id, name, ..index.clone() });
        }
        let table = self.table_mut(key)?;
        table.open |= model.open;
        table.columns.extend(columns);
        table.constraints.extend(constraints);
        table.indexes.extend(indexes);
        Ok(())
    }
}

fn normal(bound: &str) -> String {
    bound.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The ends of `FOR VALUES FROM (a) TO (b)` with one plain value each.
pub(super) fn range(bound: &str) -> Option<(String, String)> {
    let normal = normal(bound);
    let rest = normal.strip_prefix("for values from")?;
    let (from, to) = rest.split_once(" to ")?;
    let value = |text: &str| Some(text.trim().strip_prefix('(')?.strip_suffix(')')?.trim().to_string()).filter(|v| !v.contains(','));
    Some((value(from)?, value(to)?))
}

/// Whether one plain bound lies before another: numbers as numbers, dates as text.
pub(super) fn less(a: &str, b: &str) -> bool {
    if a == "minvalue" || b == "maxvalue" {
        return a != b;
    }
    if a == "maxvalue" || b == "minvalue" {
        return false;
    }
    match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(a), Ok(b)) => a < b,
        _ => a.trim_matches('\'') < b.trim_matches('\''),
    }
}
