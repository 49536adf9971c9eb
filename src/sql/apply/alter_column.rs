//! DROP COLUMN and ALTER COLUMN.

use super::depend::Dependent;
use super::errors::{self, error};
use super::expression::{self, names_column};
use super::run::{Run, Step};
use crate::model::change::ChangeOp;
use crate::model::dialect::Engine;
use crate::model::object::{ObjectKind, ObjectName, ObjectRef};
use crate::model::schema::{Column, ConstraintKind, Generated, Identity, Table};
use crate::model::types::DataType;
use crate::sql::ast::ddl::ColumnOp;

impl Run<'_> {
    pub(super) fn drop_column(&mut self, key: &ObjectName, column: &str, if_exists: bool, cascade: bool) -> Step {
        let dialect = self.dialect();
        let table = self.table(key)?;
        if if_exists && !table.open && table.column(dialect, column).is_none() {
            return Ok(());
        }
        let at = self.column_at(key, column, errors::undefined_column_in_drop)?;
        let table = self.table(key)?;
        let column = table.columns[at].clone();
        let (name, table_id) = (table.name.clone(), table.id);
        match dialect.engine {
            Engine::Postgres => self.drop_postgres_column(key, &column, cascade)?,
            Engine::Sqlite => self.check_sqlite_column_drop(key, &column)?,
            _ => self.drop_mysql_column_parts(key, &column)?,
        }
        let table = self.table_mut(key)?;
        table.columns.retain(|c| c.id != column.id);
        for row in &mut table.rows {
            row.remove(&column.name);
        }
        // What was written with the column goes with it.
        let gone: Vec<_> =
            table.constraints.iter().filter(|c| constraint_names(c.kind_columns(), &column.name, dialect)).map(|c| c.id).collect();
        for id in gone {
            self.remove_constraint(key, id, true)?;
        }
        self.schema.sequences.retain(|_, s| s.owned_by.as_ref().is_none_or(|(t, c)| !(*t == name && *c == column.name)));
        let change = self.change(ChangeOp::DropColumn, ObjectRef::column(&name, &column.name), Some(column.id), Some(table_id));
        change.before = Some(super::add_column::describe(&column));
        Ok(())
    }

    /// PostgreSQL: what hangs on the column alone goes with it; everything else needs CASCADE.
    fn drop_postgres_column(&mut self, key: &ObjectName, column: &Column, cascade: bool) -> Step {
        let table = self.table(key)?;
        let name = table.name.clone();
        if let Some(by) = &table.partition_by
            && names_column(by, &name.name, &column.name, self.dialect())
        {
            let message =
                format!("cannot drop column \"{}\" because it is part of the partition key of relation \"{}\"", column.name, name.name);
            return Err(error("42P16", message));
        }
        let dependents = self.dependents_of_column(key, column);
        if !dependents.is_empty() && !cascade {
            return Err(errors::dependents(&format!("column {} of table {}", column.name, name.name)));
        }
        self.drop_dependents(dependents)?;
        let table = self.table(key)?;
        let constraints: Vec<_> =
            table.constraints.iter().filter(|c| constraint_names(c.kind_columns(), &column.name, self.dialect())).map(|c| c.id).collect();
        let indexes: Vec<_> = table
            .indexes
            .iter()
            .filter(|i| i.constraint.is_none_or(|c| !constraints.contains(&c)) && self.index_uses(i, &name.name, &column.name))
            .map(|i| (i.id, i.constraint))
            .collect();
        for id in constraints {
            self.remove_constraint(key, id, true)?;
        }
        for (id, constraint) in indexes {
            match constraint {
                Some(constraint) => self.remove_constraint(key, constraint, true)?,
                None => self.remove_index(key, id, true)?,
            }
        }
        Ok(())
    }

    /// MySQL family: the column leaves its indexes; keys of one column go.
    fn drop_mysql_column_parts(&mut self, key: &ObjectName, column: &Column) -> Step {
        let dialect = self.dialect();
        let table = self.table(key)?;
        let own = table.name.clone();
        let same = |c: &String| dialect.same_column(c, &column.name);
        if table.columns.len() == 1 && !table.open {
            return Err(error("1090", "You can't delete all columns with ALTER TABLE; use DROP TABLE instead"));
        }
        for other in table.columns.iter().filter(|c| c.id != column.id) {
            if let Some(generated) = &other.generated
                && names_column(&generated.expr, &own.name, &column.name, dialect)
            {
                return Err(match dialect.engine {
                    Engine::MySql => error("3108", format!("Column '{}' has a generated column dependency.", column.name)),
                    _ => error("1054", format!("Unknown column '{}' in 'GENERATED ALWAYS AS'", column.name)),
                });
            }
        }
        for constraint in &table.constraints {
            match &constraint.kind {
                ConstraintKind::Check { expr, columns } if !constraint.inline && columns.iter().any(same) => {
                    if dialect.engine == Engine::MySql && columns.len() > 1 {
                        let message = format!(
                            "Check constraint '{}' uses column '{}', hence column cannot be dropped or renamed.",
                            constraint.name, column.name
                        );
                        return Err(error("3959", message));
                    }
                    if dialect.engine == Engine::MariaDb && names_column(expr, &own.name, &column.name, dialect) {
                        return Err(error("1054", format!("Unknown column '{}' in 'CHECK'", column.name)));
                    }
                }
                ConstraintKind::ForeignKey { columns, .. } if columns.iter().any(same) && self.settings.foreign_keys => {
                    return Err(match dialect.engine {
                        Engine::MySql => error(
                            "1828",
                            format!("Cannot drop column '{}': needed in a foreign key constraint '{}'", column.name, constraint.name),
                        ),
                        _ => error("1553", format!("Cannot drop index '{}': needed in a foreign key constraint", constraint.name)),
                    });
                }
                ConstraintKind::Unique { columns, .. } | ConstraintKind::PrimaryKey { columns }
                    if columns.len() > 1 && columns.iter().any(same) && dialect.engine == Engine::MariaDb =>
                {
                    return Err(error("1072", format!("Key column '{}' doesn't exist in table", column.name)));
                }
                _ => {}
            }
        }
        let referencing = self.schema.tables.values().flat_map(|t| t.constraints.iter().map(move |c| (t, c)));
        for (other, constraint) in referencing {
            if let ConstraintKind::ForeignKey { table, references, .. } = &constraint.kind
                && *table == own
                && references.iter().any(same)
                && self.settings.foreign_keys
            {
                let message = format!(
                    "Cannot drop column '{}': needed in a foreign key constraint '{}' of table '{}'",
                    column.name, constraint.name, other.name
                );
                return Err(error("1829", message));
            }
        }
        let table_id = self.table(key)?.id;
        let table = self.table_mut(key)?;
        let mut gone = Vec::new();
        for index in &mut table.indexes {
            let before = index.keys.len();
            index.keys.retain(|k| !k.column.as_ref().is_some_and(same));
            if index.keys.is_empty() && before > 0 {
                gone.push((index.id, index.name.clone()));
            }
        }
        let ids: Vec<_> = table.indexes.iter().filter(|i| gone.iter().any(|(id, _)| *id == i.id)).filter_map(|i| i.constraint).collect();
        table.indexes.retain(|i| !gone.iter().any(|(id, _)| *id == i.id));
        for constraint in &mut table.constraints {
            if let ConstraintKind::Unique { columns, .. } | ConstraintKind::PrimaryKey { columns } = &mut constraint.kind
                && columns.len() > 1
            {
                columns.retain(|c| !same(c));
            }
        }
        for id in ids {
            self.remove_constraint(key, id, true)?;
        }
        for (id, index) in gone {
            let change = self.change(ChangeOp::DropIndex, ObjectRef::part(ObjectKind::Index, &own, &index), Some(id), Some(table_id));
            change.cascaded = true;
        }
        Ok(())
    }

    /// SQLite refuses when anything else names the column.
    fn check_sqlite_column_drop(&mut self, key: &ObjectName, column: &Column) -> Step {
        let dialect = self.dialect();
        let table = self.table(key)?;
        let own = &table.name.name;
        let refuse = |message: String| Err(error("SQLITE_ERROR", message));
        if let Some(message) = self.sqlite_broken_text() {
            return refuse(message);
        }
        let same = |c: &String| dialect.same_column(c, &column.name);
        if table.primary_key().is_some_and(|p| p.iter().any(same)) {
            return refuse(format!("cannot drop PRIMARY KEY column: \"{}\"", column.name));
        }
        let unique =
            |k: &ConstraintKind| matches!(k, ConstraintKind::Unique { columns, .. } if columns.len() == 1 && columns.iter().any(same));
        if table.constraints.iter().any(|c| unique(&c.kind)) {
            return refuse(format!("cannot drop UNIQUE column: \"{}\"", column.name));
        }
        if table.columns.len() == 1 && !table.open {
            return refuse(format!("cannot drop column \"{}\": no other columns exist", column.name));
        }
        for constraint in table.constraints.iter().filter(|c| !c.inline) {
            match &constraint.kind {
                ConstraintKind::Check { columns, .. } if columns.iter().any(same) => {
                    return refuse(format!("error in table {own} after drop column: no such column: {}", column.name));
                }
                ConstraintKind::ForeignKey { columns, .. } if columns.iter().any(same) => {
                    return refuse(format!(
                        "error in table {own} after drop column: unknown column \"{}\" in foreign key definition",
                        column.name
                    ));
                }
                ConstraintKind::Unique { columns, .. } if columns.iter().any(same) => {
                    return refuse(format!("error in table {own} after drop column: no such column: {}", column.name));
                }
                _ => {}
            }
        }
        for constraint in table.constraints.iter().filter(|c| c.inline) {
            // A check written with another column names this one.
            if let ConstraintKind::Check { columns, .. } = &constraint.kind
                && columns.iter().any(same)
                && columns.len() > 1
            {
                return refuse(format!("error in table {own} after drop column: no such column: {}", column.name));
            }
        }
        for other in table.columns.iter().filter(|c| c.id != column.id) {
            if other.generated.as_ref().is_some_and(|g| names_column(&g.expr, own, &column.name, dialect)) {
                return refuse(format!("error in table {own} after drop column: no such column: {}", column.name));
            }
        }
        for index in table.indexes.iter().filter(|i| i.constraint.is_none()) {
            if self.index_uses(index, own, &column.name) {
                return refuse(format!("error in index {} after drop column: no such column: {}", index.name, column.name));
            }
        }
        if let Some((kind, name)) = self.sqlite_text_user(key, &column.name) {
            if kind == "trigger of a row" {
                return refuse(format!("error in trigger {name} after drop column: no such column: NEW.{}", column.name));
            }
            return refuse(format!("error in {kind} {name} after drop column: no such column: {}", column.name));
        }
        Ok(())
    }

    pub(super) fn alter_column(&mut self, key: &ObjectName, column: &str, op: &ColumnOp, if_exists: bool) -> Step {
        let dialect = self.dialect();
        if if_exists && !self.table(key)?.open && self.table(key)?.column(dialect, column).is_none() {
            return Ok(());
        }
        let at = self.column_at(key, column, errors::undefined_column)?;
        let table = self.table(key)?;
        let before = table.columns[at].clone();
        let (name, table_id, in_primary) =
            (table.name.clone(), table.id, table.primary_key().is_some_and(|p| p.iter().any(|c| dialect.same_column(c, column))));
        let open = table.open && before.ty.name.is_empty();
        let mut after = before.clone();
        let refuse = |code: &str, message: String| Err(error(code, message));
        let of = format!("column \"{}\" of relation \"{}\"", before.name, name.name);
        match op {
            ColumnOp::Type { ty, collation, using } => {
                self.check_type_exists(ty)?;
                after.ty = self.data_type(ty);
                after.collation.clone_from(collation);
                if !open {
                    self.check_type_change(key, &before, &after, using.is_some())?;
                }
            }
            ColumnOp::SetDefault(expr) => {
                if before.generated.is_some() {
                    return refuse("42601", format!("{of} is a generated column"));
                }
                if before.identity.is_some() {
                    return refuse("42601", format!("{of} is an identity column"));
                }
                after.default = (!expr.eq_ignore_ascii_case("null")).then(|| expr.clone());
            }
            ColumnOp::DropDefault => {
                if before.generated.is_some() && self.postgres() {
                    return refuse("42601", format!("{of} is a generated column"));
                }
                after.default = None;
                after.auto_increment &= !self.postgres();
            }
            ColumnOp::SetNotNull => after.nullable = false,
            ColumnOp::DropNotNull => {
                if in_primary {
                    return refuse("42P16", format!("column \"{}\" is in a primary key", before.name));
                }
                if before.identity.is_some() {
                    return refuse("42601", format!("{of} is an identity column"));
                }
                after.nullable = true;
            }
            ColumnOp::SetExpression(expr) => match &mut after.generated {
                Some(generated) => generated.expr.clone_from(expr),
                None if open => after.generated = Some(Generated { expr: expr.clone(), stored: true }),
                None => return refuse("55000", format!("{of} is not a generated column")),
            },
            ColumnOp::DropExpression(if_exists) => {
                if after.generated.take().is_none() && !if_exists && !open {
                    return refuse("55000", format!("{of} is not a stored generated column"));
                }
            }
            ColumnOp::AddIdentity(always) => {
                if before.nullable && !open {
                    return refuse("55000", format!("{of} must be declared NOT NULL before identity can be added"));
                }
                if before.identity.is_some() {
                    return refuse("55000", format!("{of} is already an identity column"));
                }
                if before.default.is_some() {
                    return refuse("55000", format!("{of} already has a default value"));
                }
                after.identity = Some(if *always { Identity::Always } else { Identity::ByDefault });
                self.make_column_sequence(&name, &mut after);
            }
            ColumnOp::SetIdentity(always) => {
                if before.identity.is_none() && !open {
                    return refuse("55000", format!("{of} is not an identity column"));
                }
                if let Some(always) = always {
                    after.identity = Some(if *always { Identity::Always } else { Identity::ByDefault });
                }
            }
            ColumnOp::DropIdentity(if_exists) => {
                if after.identity.take().is_none() {
                    if !if_exists && !open {
                        return refuse("55000", format!("{of} is not an identity column"));
                    }
                } else {
                    self.schema.sequences.retain(|_, s| s.owned_by.as_ref().is_none_or(|(t, c)| !(*t == name && *c == before.name)));
                }
            }
            ColumnOp::Invisible(invisible) => after.invisible = *invisible,
            ColumnOp::Ignored(words) => {
                let change = self.change(ChangeOp::AlterColumn, ObjectRef::column(&name, &before.name), Some(before.id), Some(table_id));
                change.after = Some(words.clone());
                return Ok(());
            }
        }
        self.table_mut(key)?.columns[at] = after.clone();
        if open {
            self.open_column_change(&name, table_id, &after, op);
        } else {
            self.column_differences(&name, table_id, &before, &after);
        }
        if matches!(op, ColumnOp::Type { .. }) && !open {
            self.demand_type(key, &before, &after);
        }
        if matches!(op, ColumnOp::SetNotNull) && (before.nullable || open) {
            self.demand_not_null(key, &after.name);
        }
        Ok(())
    }

    /// The change of a column of which only the name was known.
    fn open_column_change(&mut self, name: &ObjectName, table_id: crate::model::object::ObjectId, after: &Column, op: &ColumnOp) {
        let (kind, text) = match op {
            ColumnOp::Type { .. } => (ChangeOp::AlterType, Some(after.ty.to_string())),
            ColumnOp::SetDefault(expr) => (ChangeOp::SetDefault, Some(expr.clone())),
            ColumnOp::DropDefault => (ChangeOp::DropDefault, None),
            ColumnOp::SetNotNull => (ChangeOp::SetNotNull, None),
            ColumnOp::DropNotNull => (ChangeOp::DropNotNull, None),
            _ => (ChangeOp::AlterGenerated, None),
        };
        self.change(kind, ObjectRef::column(name, &after.name), Some(after.id), Some(table_id)).after = text;
    }

    /// What PostgreSQL refuses of ALTER COLUMN TYPE.
    fn check_type_change(&self, key: &ObjectName, before: &Column, after: &Column, using: bool) -> Step {
        let table = self.table(key)?;
        let dialect = self.dialect();
        let own = &table.name.name;
        let uses = |text: &str| names_column(text, own, &before.name, dialect);
        if table.partition_by.as_deref().is_some_and(uses) {
            let message = format!("cannot alter column \"{}\" because it is part of the partition key of relation \"{own}\"", before.name);
            return Err(error("42P16", message));
        }
        let refused = |what: &str| Err(error("0A000", format!("cannot alter type of a column used by {what}")));
        for dependent in self.dependents_of_column(key, before) {
            match dependent {
                Dependent::View(_) => return refused("a view or rule"),
                Dependent::GeneratedColumn(..) => return refused("a generated column"),
                Dependent::Policy(..) => return refused("a policy definition"),
                Dependent::Trigger(..) => return refused("a trigger definition"),
                Dependent::Function(_) => return refused("a function or procedure"),
                _ => {}
            }
        }
        if before.generated.is_some() && using {
            return Err(error("42611", "cannot specify USING when altering type of generated column"));
        }
        let castable = castable(&self.base_type(&before.ty), &self.base_type(&after.ty));
        if !using && !castable {
            return Err(error("42804", format!("column \"{}\" cannot be cast automatically to type {}", before.name, after.ty)));
        }
        if before.default.is_some() && !before.auto_increment && !castable {
            return Err(error(
                "42804",
                format!("default for column \"{}\" cannot be cast automatically to type {}", before.name, after.ty),
            ));
        }
        self.check_texts_of_type(table, before, after)?;
        // Foreign keys from here and to here, with the type as it will be.
        for (owner, other) in &self.schema.tables {
            for constraint in &other.constraints {
                if let ConstraintKind::ForeignKey { columns, table: to, references, .. } = &constraint.kind {
                    let pairs = columns.iter().zip(references);
                    let outgoing = *owner == *key;
                    let incoming = *to == table.name;
                    for (column, reference) in pairs {
                        let target = self.schema.tables.get(to);
                        let theirs =
                            |t: Option<&Table>, c: &str| t.and_then(|t| t.column(dialect, c)).map(|c| c.ty.clone()).unwrap_or_default();
                        let broken =
                            (outgoing && *column == before.name && !super::constraint::comparable(&after.ty, &theirs(target, reference)))
                                || (incoming
                                    && *reference == before.name
                                    && !super::constraint::comparable(&theirs(Some(other), column), &after.ty));
                        if broken {
                            return Err(error("42804", format!("foreign key constraint \"{}\" cannot be implemented", constraint.name)));
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Predicates and checks are parsed again: a comparison of a former text column with a text no longer is
    /// one.
    fn check_texts_of_type(&self, table: &Table, before: &Column, after: &Column) -> Step {
        if family(&before.ty) != Family::Text || matches!(family(&after.ty), Family::Text | Family::Other) {
            return Ok(());
        }
        let dialect = self.dialect();
        let checks = table
            .constraints
            .iter()
            .filter_map(|c| if let ConstraintKind::Check { expr, .. } = &c.kind { Some(expr.as_str()) } else { None });
        let texts = checks.chain(table.indexes.iter().filter_map(|i| i.predicate.as_deref()));
        for text in texts.filter(|t| names_column(t, &table.name.name, &before.name, dialect)) {
            if let Some(operator) = expression::comparison_with_text(text, dialect) {
                return Err(error("42883", format!("operator does not exist: {} {operator} text", after.ty)));
            }
        }
        Ok(())
    }
}

/// Whether one of the columns is that column.
fn constraint_names(columns: &[String], column: &str, dialect: crate::model::dialect::Dialect) -> bool {
    columns.iter().any(|c| dialect.same_column(c, column))
}

impl crate::model::schema::Constraint {
    /// Columns of its own table that it names.
    fn kind_columns(&self) -> &[String] {
        match &self.kind {
            ConstraintKind::PrimaryKey { columns }
            | ConstraintKind::Unique { columns, .. }
            | ConstraintKind::ForeignKey { columns, .. }
            | ConstraintKind::Check { columns, .. }
            | ConstraintKind::Exclude { columns, .. } => columns,
        }
    }
}

/// Families of PostgreSQL types within which assignment casts exist.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Family {
    Number,
    Text,
    Time,
    Json,
    Bits,
    Network,
    Other,
}

fn family(ty: &DataType) -> Family {
    if ty.array > 0 || ty.user.is_some() {
        return Family::Other;
    }
    match ty.name.as_str() {
        "smallint" | "integer" | "bigint" | "numeric" | "real" | "double precision" => Family::Number,
        "text" | "character varying" | "character" | "name" | "citext" | "\"char\"" => Family::Text,
        "json" | "jsonb" => Family::Json,
        "bit" | "bit varying" => Family::Bits,
        "inet" | "cidr" => Family::Network,
        name if name == "date" || name.starts_with("timestamp") || name.starts_with("time ") || name == "time" => Family::Time,
        _ => Family::Other,
    }
}

/// Whether PostgreSQL has an assignment cast (pg_cast, castcontext `a` or `i`); every type can be assigned to
/// text types through its output.
fn castable(from: &DataType, to: &DataType) -> bool {
    if from.same_base(to) || from.name.is_empty() || to.name.is_empty() {
        return true;
    }
    if from.array > 0 && to.array > 0 {
        let element = |t: &DataType| DataType { array: 0, ..t.clone() };
        return castable(&element(from), &element(to));
    }
    let (a, b) = (family(from), family(to));
    if b == Family::Text {
        return true;
    }
    a == b && a != Family::Other
}
