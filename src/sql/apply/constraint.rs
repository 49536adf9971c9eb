//! Constraints: adding, dropping, validating, and the names that engines give them.

use super::errors::{self, error};
use super::expression;
use super::names;
use super::run::{Run, Step, values, written};
use crate::model::change::{ChangeOp, EngineError};
use crate::model::dialect::Engine;
use crate::model::object::{ObjectId, ObjectKind, ObjectName, ObjectRef};
use crate::model::schema::{Constraint, ConstraintKind, Index, IndexKey, Table};
use crate::model::types::DataType;
use crate::sql::ast::Ident;
use crate::sql::ast::ddl::{ConstraintState, ForeignTarget, KeyPart, TableConstraint, TableConstraintKind as K};

/// The order in which engines make the constraints of a new table.
pub(super) fn rank(kind: &K) -> u8 {
    match kind {
        K::PrimaryKey(_) => 0,
        K::NotNull(_) => 1,
        K::Unique { .. } | K::UsingIndex { .. } | K::Exclude { .. } => 2,
        K::Check(_) => 3,
        K::ForeignKey { .. } => 4,
    }
}

/// The words for a constraint's state.
fn stated(id: ObjectId, name: String, kind: ConstraintKind, state: ConstraintState) -> Constraint {
    Constraint {
        id,
        name,
        kind,
        not_valid: state.not_valid,
        not_enforced: state.enforced == Some(false),
        deferrable: state.deferrable.unwrap_or(false),
        deferred: state.deferred.unwrap_or(false),
        inline: false,
    }
}

/// A constraint as short SQL.
pub(super) fn describe(kind: &ConstraintKind) -> String {
    match kind {
        ConstraintKind::PrimaryKey { columns } => format!("PRIMARY KEY ({})", columns.join(", ")),
        ConstraintKind::Unique { columns, .. } => format!("UNIQUE ({})", columns.join(", ")),
        ConstraintKind::ForeignKey { columns, table, references, .. } => {
            format!("FOREIGN KEY ({}) REFERENCES {table} ({})", columns.join(", "), references.join(", "))
        }
        ConstraintKind::Check { expr, .. } => format!("CHECK ({expr})"),
        ConstraintKind::Exclude { definition, .. } => format!("EXCLUDE {definition}"),
    }
}

impl Run<'_> {
    /// Adds a constraint that a definition holds, without recording a change. `column`: it is written with
    /// that column.
    pub(super) fn add_constraint(&mut self, key: &ObjectName, def: &TableConstraint, column: Option<&str>) -> Step<Option<ObjectId>> {
        let name = def.name.as_ref().map(|n| if self.postgres() { names::truncated(&n.value) } else { n.value.clone() });
        let name = name.filter(|n| !n.is_empty());
        if let Some(name) = &name {
            // CREATE TABLE of SQLite takes the same name twice.
            if !self.sqlite() {
                self.check_constraint_name(key, name, &def.kind)?;
            }
        }
        let before = self.table(key)?.constraints.len();
        let id = self.add_constraint_kind(key, def, name, column)?;
        if column.is_some() {
            for constraint in self.table_mut(key)?.constraints.iter_mut().skip(before) {
                constraint.inline = true;
            }
        }
        Ok(id)
    }

    fn add_constraint_kind(
        &mut self,
        key: &ObjectName,
        def: &TableConstraint,
        name: Option<String>,
        column: Option<&str>,
    ) -> Step<Option<ObjectId>> {
        match &def.kind {
            K::PrimaryKey(keys) => self.add_key(key, name, keys, true, false, def.state).map(Some),
            K::Unique { index, keys, nulls_not_distinct } => {
                let name = index.as_ref().map(|i| i.value.clone()).or(name);
                self.add_key(key, name, keys, false, *nulls_not_distinct, def.state).map(Some)
            }
            K::UsingIndex { primary, index } => self.key_from_index(key, name, *primary, &index.value, def.state).map(Some),
            K::ForeignKey { index, columns, target } => {
                self.add_foreign_key(key, name, index.as_ref(), columns, target, def.state).map(Some)
            }
            K::Check(expr) => self.add_check(key, name, expr, column, def.state).map(Some),
            K::Exclude { definition, method, keys } => self.add_exclusion(key, name, definition, method, keys, def.state).map(Some),
            K::NotNull(column) => {
                let index = self.column_at(key, &column.value, errors::undefined_column)?;
                self.table_mut(key)?.columns[index].nullable = false;
                Ok(None)
            }
        }
    }

    pub(super) fn check_constraint_name(&self, key: &ObjectName, name: &str, kind: &K) -> Step {
        let table = self.table(key)?;
        let same = |n: &str| self.dialect().same_column(n, name);
        if table.constraints.iter().any(|c| same(&c.name) && !c.name.is_empty()) {
            return Err(match (self.engine(), kind) {
                (Engine::MySql | Engine::MariaDb, K::Unique { .. }) => errors::duplicate_index(self.engine(), name),
                (Engine::MySql | Engine::MariaDb, K::Check(_)) => errors::duplicate_object(self.engine(), "constraint", name),
                _ => errors::duplicate_constraint(self.engine(), &table.name.name, name),
            });
        }
        let index_behind = matches!(kind, K::PrimaryKey(_) | K::Unique { .. } | K::Exclude { .. });
        if self.postgres() && index_behind && names::relation_exists(self.schema, &table.name.schema, name) {
            return Err(errors::duplicate_table(self.engine(), name));
        }
        Ok(())
    }

    /// The column names of a key, which must exist.
    fn key_columns(&mut self, key: &ObjectName, keys: &[KeyPart]) -> Step<Vec<String>> {
        let mut columns = Vec::new();
        for part in keys {
            let Some(column) = &part.column else { continue };
            let index = self.column_at(key, &column.value, errors::undefined_key_column)?;
            columns.push(self.table(key)?.columns[index].name.clone());
        }
        Ok(columns)
    }

    fn add_key(
        &mut self,
        key: &ObjectName,
        name: Option<String>,
        keys: &[KeyPart],
        primary: bool,
        nulls_not_distinct: bool,
        state: ConstraintState,
    ) -> Step<ObjectId> {
        let columns = self.key_columns(key, keys)?;
        let dialect = self.dialect();
        let engine = self.engine();
        let table = self.table(key)?;
        let own = table.name.clone();
        if primary && table.primary_key().is_some() {
            return Err(match engine {
                Engine::Postgres => error("42P16", format!("multiple primary keys for table \"{}\" are not allowed", own.name)),
                Engine::Sqlite => error("SQLITE_ERROR", format!("table \"{}\" has more than one primary key", own.name)),
                _ => error("1068", "Multiple primary key defined"),
            });
        }
        if let Some(by) = table.partition_by.as_ref().filter(|_| engine == Engine::Postgres) {
            let needed = expression::columns_of(by, table, dialect);
            if !needed.iter().all(|n| columns.iter().any(|c| c == n)) {
                let what = if primary { "primary key" } else { "unique constraint" };
                let _ = what;
                return Err(error("0A000", "unique constraint on partitioned table must include all partitioning columns"));
            }
        }
        let name = match (name, engine) {
            (_, Engine::MySql | Engine::MariaDb) if primary => "PRIMARY".to_string(),
            (Some(name), _) => name,
            (None, Engine::Postgres) => {
                let (second, label) = if primary { (String::new(), "pkey") } else { (columns.join("_"), "key") };
                names::choose(&own.name, &second, label, |n| names::relation_exists(self.schema, &own.schema, n))
            }
            (None, Engine::MySql | Engine::MariaDb) => {
                let first = columns.first().cloned().unwrap_or_else(|| "functional_index".into());
                let table = self.table(key)?;
                names::mysql_index_name(&first, |n| table.indexes.iter().any(|i| i.name.eq_ignore_ascii_case(n)))
            }
            (None, Engine::Sqlite) => String::new(),
        };
        let id = self.schema.new_id();
        let index_id = self.schema.new_id();
        let rowid_alias = primary && engine == Engine::Sqlite && columns.len() == 1 && {
            let table = self.table(key)?;
            table.column(dialect, &columns[0]).is_some_and(|c| c.ty.name.eq_ignore_ascii_case("integer"))
        };
        let table = self.table_mut(key)?;
        if primary {
            for column in table.columns.iter_mut().filter(|c| columns.iter().any(|k| dialect.same_column(k, &c.name))) {
                if engine != Engine::Sqlite || rowid_alias {
                    column.nullable = false;
                }
                column.auto_increment |= rowid_alias;
            }
        }
        let kind = if primary {
            ConstraintKind::PrimaryKey { columns: columns.clone() }
        } else {
            ConstraintKind::Unique { columns: columns.clone(), nulls_not_distinct }
        };
        table.constraints.push(stated(id, name.clone(), kind, state));
        if !rowid_alias {
            let index_name = if engine == Engine::Sqlite {
                let number = table.indexes.iter().filter(|i| i.name.starts_with("sqlite_autoindex_")).count() + 1;
                format!("sqlite_autoindex_{}_{number}", own.name)
            } else {
                name
            };
            table.indexes.push(Index {
                id: index_id,
                name: index_name,
                keys: super::index::index_keys(keys),
                unique: true,
                method: "btree".into(),
                constraint: Some(id),
                nulls_not_distinct,
                ..Index::default()
            });
        }
        Ok(id)
    }

    /// ADD ... USING INDEX: the index takes the constraint's name.
    fn key_from_index(
        &mut self,
        key: &ObjectName,
        name: Option<String>,
        primary: bool,
        index: &str,
        state: ConstraintState,
    ) -> Step<ObjectId> {
        let id = self.schema.new_id();
        let table = self.table_mut(key)?;
        let Some(found) = table.indexes.iter_mut().find(|i| i.name == index) else {
            return Err(error("42704", format!("index \"{index}\" does not exist")));
        };
        if !found.unique || found.predicate.is_some() || found.keys.iter().any(|k| k.column.is_none()) {
            return Err(error("42809", format!("\"{index}\" is not a unique index")));
        }
        let name = name.unwrap_or_else(|| index.to_string());
        found.name.clone_from(&name);
        found.constraint = Some(id);
        let nulls_not_distinct = found.nulls_not_distinct;
        let columns: Vec<String> = found.keys.iter().filter_map(|k| k.column.clone()).collect();
        if primary {
            for column in table.columns.iter_mut().filter(|c| columns.contains(&c.name)) {
                column.nullable = false;
            }
        }
        let kind = if primary { ConstraintKind::PrimaryKey { columns } } else { ConstraintKind::Unique { columns, nulls_not_distinct } };
        table.constraints.push(stated(id, name, kind, state));
        Ok(id)
    }

    fn add_foreign_key(
        &mut self,
        key: &ObjectName,
        name: Option<String>,
        index: Option<&Ident>,
        columns: &[Ident],
        target: &ForeignTarget,
        state: ConstraintState,
    ) -> Step<ObjectId> {
        let mut own_columns = Vec::new();
        for column in columns {
            let at = self.column_at(key, &column.value, |engine, table, column| match engine {
                Engine::Postgres => error("42703", format!("column \"{column}\" referenced in foreign key constraint does not exist")),
                Engine::Sqlite => error("SQLITE_ERROR", format!("unknown column \"{column}\" in foreign key definition")),
                _ => errors::undefined_key_column(engine, table, column),
            })?;
            own_columns.push(self.table(key)?.columns[at].name.clone());
        }
        let (target_name, references) = self.foreign_target(key, &own_columns, target, name.as_deref())?;
        let own = self.table(key)?.name.clone();
        let name = name.unwrap_or_else(|| match self.engine() {
            Engine::Postgres => {
                names::choose(&own.name, &own_columns.join("_"), "fkey", |n| names::constraint_exists(self.schema, &own.schema, n))
            }
            Engine::MySql | Engine::MariaDb => {
                let taken = |n: &str| names::constraint_exists(self.schema, &own.schema, n);
                (1u32..).map(|i| format!("{}_ibfk_{i}", own.name)).find(|n| !taken(n)).unwrap_or_default()
            }
            Engine::Sqlite => String::new(),
        });
        let id = self.schema.new_id();
        let action =
            |text: &str| if text.is_empty() { if self.mysql() { "restrict" } else { "no action" }.to_string() } else { text.to_string() };
        let kind = ConstraintKind::ForeignKey {
            columns: own_columns.clone(),
            table: target_name,
            references,
            on_delete: action(&target.on_delete),
            on_update: action(&target.on_update),
        };
        self.table_mut(key)?.constraints.push(stated(id, name.clone(), kind, state));
        if self.mysql() {
            self.index_for_foreign_key(key, index.map_or(name, |i| i.value.clone()), &own_columns)?;
        }
        Ok(id)
    }

    /// The referenced table and columns, checked as the engine does.
    fn foreign_target(
        &mut self,
        key: &ObjectName,
        columns: &[String],
        target: &ForeignTarget,
        name: Option<&str>,
    ) -> Step<(ObjectName, Vec<String>)> {
        let written_columns = values(&target.columns);
        let engine = self.engine();
        // SQLite, and MySQL without checks, take targets that do not exist yet.
        if engine == Engine::Sqlite
            || (engine.is_mysql_family() && !self.settings.foreign_keys)
            || (self.options.lenient && self.find(&target.table).is_none())
        {
            if let Some(found) = self.find(&target.table) {
                let table = self.table(&found)?;
                let references = if written_columns.is_empty() {
                    table.primary_key().map(<[String]>::to_vec).unwrap_or_default()
                } else {
                    written_columns
                };
                return Ok((table.name.clone(), references));
            }
            let (schema, own) = self.split(&target.table);
            let schema = schema.unwrap_or_else(|| key.schema.clone());
            if (engine == Engine::Postgres || engine.is_mysql_family() && self.settings.foreign_keys) && self.schema.complete {
                let owner = self.table(key)?.name.name.clone();
                self.problem(format!(
                    "a foreign key of {owner} refers to {}, which does not exist; the engine refuses it",
                    written(&target.table)
                ));
            }
            return Ok((ObjectName::new(schema, own), written_columns));
        }
        let target_key = match self.table_key(&target.table) {
            Ok(key) => key,
            Err(_) if engine == Engine::MySql => {
                return Err(error("1824", format!("Failed to open the referenced table '{}'", written(&target.table))));
            }
            Err(_) if engine == Engine::MariaDb => {
                let own = &self.table(key)?.name.name;
                return Err(error(
                    "1005",
                    format!("Can't create table `{own}` (errno: 150 \"Foreign key constraint is incorrectly formed\")"),
                ));
            }
            Err(error) => return Err(error),
        };
        let mut references = written_columns;
        let open = self.table(&target_key)?.open;
        for column in &mut references {
            let at = self.column_at(&target_key, column, |engine, table, column| match engine {
                Engine::Postgres => error("42703", format!("column \"{column}\" referenced in foreign key constraint does not exist")),
                Engine::MySql => error(
                    "3734",
                    format!("Failed to add the foreign key constraint. Missing column '{column}' in the referenced table '{table}'"),
                ),
                _ => error("1005", format!("Can't create table `{table}` (errno: 150 \"Foreign key constraint is incorrectly formed\")")),
            })?;
            column.clone_from(&self.table(&target_key)?.columns[at].name);
        }
        let table = self.table(&target_key)?;
        if references.is_empty() {
            match table.primary_key() {
                Some(primary) => references = primary.to_vec(),
                None if open => {}
                None => return Err(error("42704", format!("there is no primary key for referenced table \"{}\"", table.name.name))),
            }
        }
        if engine == Engine::Postgres && !open {
            if !is_unique_key(table, &references) {
                let own = &table.name.name;
                return Err(error("42830", format!("there is no unique constraint matching given keys for referenced table \"{own}\"")));
            }
            self.check_foreign_types(key, columns, &target_key, &references, name)?;
        }
        Ok((self.table(&target_key)?.name.clone(), references))
    }

    /// PostgreSQL needs an equality operator between the two types.
    fn check_foreign_types(
        &self,
        key: &ObjectName,
        columns: &[String],
        target: &ObjectName,
        references: &[String],
        name: Option<&str>,
    ) -> Step {
        let dialect = self.dialect();
        let (own, other) = (self.table(key)?, self.table(target)?);
        for (column, reference) in columns.iter().zip(references) {
            let (Some(a), Some(b)) = (own.column(dialect, column), other.column(dialect, reference)) else { continue };
            if !comparable(&a.ty, &b.ty) {
                let chosen = name.map_or_else(|| format!("{}_{}_fkey", own.name.name, columns.join("_")), str::to_string);
                return Err(error("42804", format!("foreign key constraint \"{chosen}\" cannot be implemented")));
            }
        }
        Ok(())
    }

    /// InnoDB makes an index for a foreign key unless one begins with its columns.
    fn index_for_foreign_key(&mut self, key: &ObjectName, name: String, columns: &[String]) -> Step {
        let dialect = self.dialect();
        let id = self.schema.new_id();
        let table = self.table_mut(key)?;
        if covering_index(table, columns, dialect).is_some() {
            return Ok(());
        }
        let keys = columns.iter().map(|c| IndexKey { column: Some(c.clone()), ..IndexKey::default() }).collect();
        // An implied foreign key name is not the index's: that one is named after its first column.
        let implied = name.contains("_ibfk_");
        let base = if implied { columns.first().cloned().unwrap_or_default() } else { name };
        let name = names::mysql_index_name(&base, |n| table.indexes.iter().any(|i| i.name.eq_ignore_ascii_case(n)));
        table.indexes.push(Index { id, name, keys, method: "btree".into(), ..Index::default() });
        Ok(())
    }

    fn add_check(
        &mut self,
        key: &ObjectName,
        name: Option<String>,
        expr: &str,
        column: Option<&str>,
        state: ConstraintState,
    ) -> Step<ObjectId> {
        let dialect = self.dialect();
        let table = self.table(key)?;
        if let Some(error) = self.unknown_in_check(table, name.as_deref(), expr) {
            // A history goes on: the table is there all the same.
            if !self.options.lenient {
                return Err(error);
            }
            self.problem(error.message);
        }
        let table = self.table(key)?;
        let own = table.name.clone();
        let columns = expression::columns_of(expr, table, dialect);
        let name = match (name, self.engine()) {
            (Some(name), _) => name,
            (None, Engine::Postgres) => {
                let second = match (column, columns.as_slice()) {
                    (Some(column), _) => column.to_string(),
                    (None, [one]) => one.clone(),
                    _ => String::new(),
                };
                names::choose(&own.name, &second, "check", |n| names::constraint_exists(self.schema, &own.schema, n))
            }
            (None, Engine::MariaDb) => match column {
                Some(column) => column.to_string(),
                None => {
                    let taken = |n: &str| table.constraints.iter().any(|c| c.name == n);
                    (1u32..).map(|i| format!("CONSTRAINT_{i}")).find(|n| !taken(n)).unwrap_or_default()
                }
            },
            (None, Engine::MySql) => {
                let taken = |n: &str| table.constraints.iter().any(|c| c.name == n);
                (1u32..).map(|i| format!("{}_chk_{i}", own.name)).find(|n| !taken(n)).unwrap_or_default()
            }
            (None, Engine::Sqlite) => String::new(),
        };
        let id = self.schema.new_id();
        let kind = ConstraintKind::Check { expr: expr.to_string(), columns };
        self.table_mut(key)?.constraints.push(stated(id, name, kind, state));
        Ok(id)
    }

    /// The error of an engine that looks up the columns of a condition; `None`: all are there, or the table may have
    /// more.
    fn unknown_in_check(&self, table: &Table, name: Option<&str>, expr: &str) -> Option<EngineError> {
        if table.open {
            return None;
        }
        let dialect = self.dialect();
        let there = |c: &str| table.column(dialect, c).is_some() || self.coming.iter().any(|n| dialect.same_column(n, c));
        let (qualified, unknown) = expression::unknown_column(expr, table, dialect, &there)?;
        Some(match self.engine() {
            Engine::Postgres if qualified => error("42703", format!("column {}.{unknown} does not exist", table.name.name)),
            Engine::Postgres => error("42703", format!("column \"{unknown}\" does not exist")),
            Engine::MariaDb => error("1054", format!("Unknown column '{unknown}' in 'CHECK'")),
            // MySQL manual, "Server Error Message Reference", ER_CHECK_CONSTRAINT_REFERS_UNKNOWN_COLUMN.
            Engine::MySql => {
                error("3820", format!("Check constraint '{}' refers to non-existing column '{unknown}'.", name.unwrap_or_default()))
            }
            Engine::Sqlite => error("SQLITE_ERROR", format!("no such column: {unknown}")),
        })
    }

    fn add_exclusion(
        &mut self,
        key: &ObjectName,
        name: Option<String>,
        definition: &str,
        method: &str,
        keys: &[KeyPart],
        state: ConstraintState,
    ) -> Step<ObjectId> {
        let columns = self.key_columns(key, keys)?;
        let own = self.table(key)?.name.clone();
        let name = name.unwrap_or_else(|| {
            names::choose(&own.name, &columns.join("_"), "excl", |n| names::relation_exists(self.schema, &own.schema, n))
        });
        let id = self.schema.new_id();
        let index_id = self.schema.new_id();
        let table = self.table_mut(key)?;
        table.constraints.push(stated(id, name.clone(), ConstraintKind::Exclude { definition: definition.to_string(), columns }, state));
        let keys = super::index::index_keys(keys);
        table.indexes.push(Index { id: index_id, name, keys, method: method.to_string(), constraint: Some(id), ..Index::default() });
        Ok(id)
    }

    /// Removes a constraint and the index behind it, with a change.
    pub(super) fn remove_constraint(&mut self, key: &ObjectName, id: ObjectId, cascaded: bool) -> Step {
        let table = self.table_mut(key)?;
        let Some(at) = table.constraints.iter().position(|c| c.id == id) else { return Ok(()) };
        let constraint = table.constraints.remove(at);
        let indexes: Vec<Index> = table.indexes.iter().filter(|i| i.constraint == Some(id)).cloned().collect();
        table.indexes.retain(|i| i.constraint != Some(id));
        let (name, table_id) = (table.name.clone(), table.id);
        let change = self.change(
            ChangeOp::DropConstraint,
            ObjectRef::part(ObjectKind::Constraint, &name, &constraint.name),
            Some(id),
            Some(table_id),
        );
        change.before = Some(describe(&constraint.kind));
        change.cascaded = cascaded;
        for index in indexes {
            let change =
                self.change(ChangeOp::DropIndex, ObjectRef::part(ObjectKind::Index, &name, &index.name), Some(index.id), Some(table_id));
            change.cascaded = true;
        }
        Ok(())
    }

    /// Foreign keys of other tables (and of the table itself) that need this key.
    pub(super) fn foreign_keys_on(&self, target: &ObjectName, columns: &[String]) -> Vec<(ObjectName, ObjectId, String)> {
        let mut found = Vec::new();
        for (owner, table) in &self.schema.tables {
            for constraint in &table.constraints {
                if let ConstraintKind::ForeignKey { table: to, references, .. } = &constraint.kind
                    && to == target
                    && references.len() == columns.len()
                    && references.iter().all(|r| columns.contains(r))
                {
                    found.push((owner.clone(), constraint.id, constraint.name.clone()));
                }
            }
        }
        found
    }
}

/// The first index that begins with these columns, in any order.
pub(super) fn covering_index<'t>(table: &'t Table, columns: &[String], dialect: crate::model::dialect::Dialect) -> Option<&'t Index> {
    table.indexes.iter().find(|i| {
        let leading = i.keys.iter().take(columns.len()).filter_map(|k| k.column.as_deref());
        i.keys.len() >= columns.len()
            && leading.clone().count() == columns.len()
            && leading.into_iter().zip(columns).all(|(a, b)| dialect.same_column(a, b))
    })
}

/// Whether a primary key, unique constraint or plain unique index has exactly these columns.
fn is_unique_key(table: &Table, columns: &[String]) -> bool {
    table.indexes.iter().any(|i| {
        i.unique
            && i.predicate.is_none()
            && i.keys.len() == columns.len()
            && i.keys.iter().all(|k| k.column.as_ref().is_some_and(|c| columns.contains(c)))
    })
}

/// Whether PostgreSQL has an equality between the types: of one family, or the same.
pub(super) fn comparable(a: &DataType, b: &DataType) -> bool {
    fn family(ty: &DataType) -> &str {
        match ty.name.as_str() {
            "smallint" | "integer" | "bigint" | "numeric" | "real" | "double precision" | "oid" => "number",
            "text" | "character varying" | "character" | "name" | "bpchar" | "citext" => "text",
            "date" | "timestamp without time zone" | "timestamp with time zone" => "time",
            other => other,
        }
    }
    if a.name.is_empty() || b.name.is_empty() {
        return true;
    }
    if a.user.is_some() || b.user.is_some() {
        // A domain compares as its base type, which is not looked up here.
        return a.user == b.user || a.user.is_none() != b.user.is_none();
    }
    a.array == b.array && family(a) == family(b)
}
