//! What a step demands of stored rows, and whether a known row violates it.

use super::errors::error;
use super::evaluate::{Value, compare, evaluate, holds};
use super::expression::quoted;
use super::run::Run;
use crate::model::change::EngineError;
use crate::model::dialect::Engine;
use crate::model::object::ObjectName;
use crate::model::schema::{Column, Constraint, ConstraintKind, Index, Row};
use crate::model::types::DataType;
use crate::sql::parse::parse_expr;

impl Run<'_> {
    /// A table's name for a query.
    pub(super) fn shown(&self, name: &ObjectName) -> String {
        let own = quoted(&name.name, self.dialect());
        let default = name.schema.is_empty() || (self.postgres() && name.schema == "public");
        if default { own } else { format!("{}.{own}", quoted(&name.schema, self.dialect())) }
    }

    fn rows(&self, key: &ObjectName) -> Vec<Row> {
        self.schema.tables.get(key).map(|t| t.rows.clone()).unwrap_or_default()
    }

    fn table_name(&self, key: &ObjectName) -> ObjectName {
        self.schema.tables.get(key).map_or_else(|| key.clone(), |t| t.name.clone())
    }

    pub(super) fn demand_not_null(&mut self, key: &ObjectName, column: &str) {
        let name = self.table_name(key);
        let dialect = self.dialect();
        // A validated CHECK (column IS NOT NULL) proves it already.
        let proved = self.schema.tables.get(key).is_some_and(|t| {
            t.constraints.iter().any(|c| match &c.kind {
                ConstraintKind::Check { expr, columns }
                    if !c.not_valid && columns.len() == 1 && dialect.same_column(&columns[0], column) =>
                {
                    let words: Vec<String> = expr.split_whitespace().map(|w| w.trim_matches(['(', ')']).to_ascii_lowercase()).collect();
                    words.len() == 4 && words[1..] == ["is", "not", "null"]
                }
                _ => false,
            })
        });
        if proved && self.postgres() {
            return;
        }
        let query = format!("SELECT * FROM {} WHERE {} IS NULL", self.shown(&name), quoted(column, dialect));
        self.condition(format!("{name}.{column} holds no NULL"), query);
        let at = self.rows(key).iter().position(|r| r.get(column) == Some(&None));
        if let Some(at) = at {
            self.violated(match dialect.engine {
                Engine::MySql => error("1138", "Invalid use of NULL value"),
                Engine::MariaDb => error("1265", format!("Data truncated for column '{column}' at row {}", at + 1)),
                Engine::Sqlite => error("SQLITE_CONSTRAINT_NOTNULL", format!("NOT NULL constraint failed: {}.{column}", name.name)),
                Engine::Postgres => error("23502", format!("column \"{column}\" of relation \"{}\" contains null values", name.name)),
            });
        }
    }

    pub(super) fn demand_constraint(&mut self, key: &ObjectName, constraint: &Constraint) {
        match &constraint.kind {
            ConstraintKind::PrimaryKey { .. } | ConstraintKind::Unique { .. } => {
                let index =
                    self.schema.tables.get(key).and_then(|t| t.indexes.iter().find(|i| i.constraint == Some(constraint.id))).cloned();
                if let Some(index) = index {
                    self.demand_unique(key, &index);
                }
            }
            ConstraintKind::Check { expr, .. } => self.demand_check(key, &constraint.name, expr),
            ConstraintKind::ForeignKey { columns, table, references, .. } => {
                self.demand_foreign_key(key, &constraint.name, columns, table, references)
            }
            ConstraintKind::Exclude { definition, .. } => {
                let name = self.table_name(key);
                let query = format!("SELECT * FROM {}", self.shown(&name));
                self.condition(format!("no two rows of {name} conflict under EXCLUDE {definition}"), query);
            }
        }
    }

    /// No two rows have the same key, with the index's predicate and expressions.
    pub(super) fn demand_unique(&mut self, key: &ObjectName, index: &Index) {
        let name = self.table_name(key);
        let dialect = self.dialect();
        let texts: Vec<String> = index
            .keys
            .iter()
            .map(|k| k.column.as_ref().map_or_else(|| k.expr.clone().unwrap_or_default(), |c| quoted(c, dialect)))
            .collect();
        let list = texts.join(", ");
        let filter = index.predicate.as_ref().map(|p| format!(" WHERE {p}")).unwrap_or_default();
        let query = format!("SELECT {list}, count(*) FROM {}{filter} GROUP BY {list} HAVING count(*) > 1", self.shown(&name));
        self.condition(format!("no two rows of {name} have the same ({list})"), query);
        let exprs: Vec<_> = texts.iter().map(|t| parse_expr(t, dialect)).collect();
        let predicate = index.predicate.as_ref().map(|p| parse_expr(p, dialect));
        let mut seen: Vec<Vec<Value>> = Vec::new();
        for row in self.rows(key) {
            match &predicate {
                Some(Some(predicate)) if holds(predicate, &row, dialect) != Some(Some(true)) => continue,
                Some(None) => continue,
                _ => {}
            }
            let values: Option<Vec<Value>> = exprs.iter().map(|e| evaluate(e.as_ref()?, &row, dialect)).collect();
            let Some(values) = values else { continue };
            if values.contains(&Value::Null) && !index.nulls_not_distinct {
                continue;
            }
            let same =
                |other: &Vec<Value>| other.iter().zip(&values).all(|(a, b)| a == b || compare(a, b, dialect).is_some_and(|o| o.is_eq()));
            if seen.iter().any(same) {
                let entry: Vec<String> = values.into_iter().map(|v| v.literal().unwrap_or_else(|| "NULL".into())).collect();
                let columns: Vec<&str> = index.keys.iter().filter_map(|k| k.column.as_deref()).collect();
                self.violated(duplicate(dialect.engine, &name, index, &entry.join("-"), &columns));
                return;
            }
            seen.push(values);
        }
    }

    fn demand_check(&mut self, key: &ObjectName, constraint: &str, expr: &str) {
        let name = self.table_name(key);
        let query = format!("SELECT * FROM {} WHERE NOT ({expr})", self.shown(&name));
        self.condition(format!("all rows of {name} satisfy CHECK ({expr})"), query);
        let dialect = self.dialect();
        let Some(parsed) = parse_expr(expr, dialect) else { return };
        if self.rows(key).iter().any(|r| holds(&parsed, r, dialect) == Some(Some(false))) {
            self.violated(match dialect.engine {
                Engine::Postgres => {
                    error("23514", format!("check constraint \"{constraint}\" of relation \"{}\" is violated by some row", name.name))
                }
                Engine::MySql => error("3819", format!("Check constraint '{constraint}' is violated.")),
                Engine::MariaDb => error("4025", format!("CONSTRAINT `{constraint}` failed for `{}`", name.name)),
                Engine::Sqlite => error("SQLITE_ERROR", "CHECK constraint failed"),
            });
        }
    }

    fn demand_foreign_key(&mut self, key: &ObjectName, constraint: &str, columns: &[String], target: &ObjectName, references: &[String]) {
        if self.sqlite() || !self.settings.foreign_keys && self.mysql() || columns.len() != references.len() {
            return;
        }
        let name = self.table_name(key);
        let dialect = self.dialect();
        let q = |c: &String| quoted(c, dialect);
        let present = columns.iter().map(|c| format!("c.{} IS NOT NULL", q(c))).collect::<Vec<_>>().join(" AND ");
        let joined = columns.iter().zip(references).map(|(a, b)| format!("p.{} = c.{}", q(b), q(a))).collect::<Vec<_>>().join(" AND ");
        let query = format!(
            "SELECT c.* FROM {} c WHERE {present} AND NOT EXISTS (SELECT 1 FROM {} p WHERE {joined})",
            self.shown(&name),
            self.shown(target)
        );
        self.condition(format!("every ({}) of {name} exists in {target}", columns.join(", ")), query);
        let target_key = self.schema.key(&target.schema, &target.name);
        let parents = self.rows(&target_key);
        // The list of parents must be whole and known for a missing one to mean something.
        if parents.len() >= self.options.max_rows || parents.iter().any(|p| references.iter().any(|r| !p.contains_key(r))) {
            return;
        }
        for row in self.rows(key) {
            let values: Option<Vec<&String>> = columns.iter().map(|c| row.get(c).and_then(Option::as_ref)).collect();
            let Some(values) = values else { continue };
            let matches = |parent: &Row| {
                references.iter().zip(&values).all(|(r, v)| {
                    let theirs = parent.get(r).cloned().flatten().map_or(Value::Null, Value::Text);
                    compare(&theirs, &Value::Text((*v).clone()), dialect).is_some_and(|o| o.is_eq())
                })
            };
            if !parents.iter().any(matches) {
                self.violated(match dialect.engine {
                    Engine::Postgres => error(
                        "23503",
                        format!("insert or update on table \"{}\" violates foreign key constraint \"{constraint}\"", name.name),
                    ),
                    _ => error("1452", "Cannot add or update a child row: a foreign key constraint fails"),
                });
                return;
            }
        }
    }

    /// Rows of a table that becomes a partition must lie inside its bound. A CHECK on the key column is taken
    /// to prove it: PostgreSQL then skips the scan.
    pub(super) fn demand_bound(&mut self, parent: &ObjectName, partition: &ObjectName, bound: &str) {
        let (Some(parent), Some(table)) = (self.schema.tables.get(parent), self.schema.tables.get(partition)) else { return };
        let columns = parent.partition_by.as_ref().map(|by| super::expression::columns_of(by, parent, self.dialect())).unwrap_or_default();
        let proves = |c: &Constraint| matches!(&c.kind, ConstraintKind::Check { columns: checked, .. } if columns.iter().any(|k| checked.contains(k)));
        if table.constraints.iter().any(proves) {
            return;
        }
        let name = table.name.clone();
        let query = format!("SELECT * FROM {}", self.shown(&name));
        self.condition(format!("all rows of {name} lie in {bound}"), query);
        let (Some((low, high)), [column]) = (super::create::range(bound), columns.as_slice()) else { return };
        let outside = |row: &Row| match row.get(column) {
            Some(Some(value)) => super::create::less(value, &low) || !super::create::less(value, &high),
            _ => false,
        };
        if self.rows(partition).iter().any(outside) {
            self.violated(error("23514", format!("partition constraint of relation \"{}\" is violated by some row", name.name)));
        }
    }

    /// A new type must take the stored values.
    pub(super) fn demand_type(&mut self, key: &ObjectName, before: &Column, after: &Column) {
        let (from, to) = (self.base_type(&before.ty), self.base_type(&after.ty));
        let charset_narrows = before.charset != after.charset
            && after.charset.as_deref().is_some_and(|c| c.starts_with("latin") || c == "ascii" || c.starts_with("utf8mb3"));
        let unique: Vec<Index> = match self.schema.tables.get(key) {
            Some(table) if before.collation != after.collation && self.mysql() => table
                .indexes
                .iter()
                .filter(|i| i.unique && i.keys.iter().any(|k| k.column.as_ref() == Some(&after.name)))
                .cloned()
                .collect(),
            _ => Vec::new(),
        };
        let collation_unique = !unique.is_empty();
        for index in &unique {
            self.demand_unique(key, index);
        }
        let enum_labels = self.enum_labels(&after.ty).map(<[String]>::to_vec);
        if !narrows(&from, &to, self.dialect().engine) && enum_labels.is_none() && !charset_narrows && !collation_unique {
            return;
        }
        if before.ty == after.ty && !charset_narrows && !collation_unique {
            return;
        }
        let name = self.table_name(key);
        let column = quoted(&after.name, self.dialect());
        let query = match (to.args.first(), is_text(&to)) {
            (Some(length), true) => format!("SELECT * FROM {} WHERE char_length({column}) > {length}", self.shown(&name)),
            _ => format!("SELECT * FROM {} WHERE {column} IS NOT NULL", self.shown(&name)),
        };
        self.condition(format!("every {name}.{} fits {}", after.name, after.ty), query);
        for (at, row) in self.rows(key).into_iter().enumerate() {
            let Some(Some(value)) = row.get(&after.name).cloned() else { continue };
            if let Some(labels) = &enum_labels {
                if !labels.contains(&value) {
                    self.violated(error("22P02", format!("invalid input value for enum {}: \"{value}\"", after.ty.name)));
                    return;
                }
                continue;
            }
            if charset_narrows && value.chars().any(|c| !representable(c, after.charset.as_deref().unwrap_or(""))) {
                self.violated(error(
                    "1366",
                    format!("Incorrect string value: '{value}' for column `{}`.`{}` at row {}", name.name, after.name, at + 1),
                ));
                return;
            }
            if let Some(violation) = misfit(&value, &from, &to, &after.name, at + 1, self.dialect().engine) {
                self.violated(violation);
                return;
            }
        }
    }
}

fn duplicate(engine: Engine, table: &ObjectName, index: &Index, entry: &str, columns: &[&str]) -> EngineError {
    match engine {
        Engine::Postgres => error("23505", format!("could not create unique index \"{}\"", index.name)),
        Engine::Sqlite => {
            let names: Vec<String> = columns.iter().map(|c| format!("{}.{c}", table.name)).collect();
            error("SQLITE_CONSTRAINT_UNIQUE", format!("UNIQUE constraint failed: {}", names.join(", ")))
        }
        Engine::MySql => error("1062", format!("Duplicate entry '{entry}' for key '{}.{}'", table.name, index.name)),
        Engine::MariaDb => error("1062", format!("Duplicate entry '{entry}' for key '{}'", index.name)),
    }
}

/// Whether a character set of the MySQL family has the character; latin1 is Windows-1252 there.
fn representable(c: char, charset: &str) -> bool {
    match charset {
        "ascii" => c.is_ascii(),
        "utf8mb3" | "utf8" => (c as u32) < 0x1_0000,
        "latin1" => (c as u32) < 0x100 || "€‚ƒ„…†‡ˆ‰Š‹Œ\u{17d}‘’“”•–—˜™š›œžŸ".contains(c),
        _ => true,
    }
}

fn is_text(ty: &DataType) -> bool {
    ty.name.contains("char") || ty.name.contains("text")
}

/// Bytes of an integer type, and whether it is unsigned.
fn integer(ty: &DataType) -> Option<(u32, bool)> {
    let bytes = match ty.name.as_str() {
        "tinyint" => 1,
        "smallint" => 2,
        "mediumint" => 3,
        "int" | "integer" => 4,
        "bigint" => 8,
        _ => return None,
    };
    Some((bytes, ty.unsigned))
}

fn length(ty: &DataType) -> Option<u64> {
    ty.args.first().and_then(|a| a.trim().parse().ok())
}

/// Longest text of a type, in characters or bytes as the type counts.
fn capacity(ty: &DataType) -> Option<u64> {
    match ty.name.as_str() {
        "tinytext" => Some(255),
        "text" => Some(65_535),
        "mediumtext" => Some((1 << 24) - 1),
        "longtext" => Some(u64::from(u32::MAX)),
        "char" | "character" => Some(length(ty).unwrap_or(1)),
        _ => length(ty),
    }
}

/// Whether a stored value may not fit the new type.
fn narrows(from: &DataType, to: &DataType, engine: Engine) -> bool {
    if engine == Engine::Sqlite || from == to {
        return false;
    }
    if let (Some((a, ua)), Some((b, ub))) = (integer(from), integer(to)) {
        return b < a || (ub && !ua) || (ua && !ub && b <= a);
    }
    let number = |t: &DataType| {
        integer(t).is_some() || matches!(t.name.as_str(), "numeric" | "decimal" | "real" | "double precision" | "float" | "double")
    };
    if number(from) && matches!(to.name.as_str(), "numeric" | "decimal") {
        if to.args.is_empty() && engine == Engine::Postgres {
            return false;
        }
        let parts = |t: &DataType| {
            let precision = length(t).unwrap_or(10);
            let scale = t.args.get(1).and_then(|a| a.trim().parse().ok()).unwrap_or(0u64);
            precision.saturating_sub(scale)
        };
        let room = match integer(from) {
            Some((1, _)) => 3,
            Some((2, _)) => 5,
            Some((3 | 4, _)) => 10,
            Some(_) => 19,
            None if from.args.is_empty() => u64::MAX,
            None => parts(from),
        };
        return parts(to) < room;
    }
    if number(from) && number(to) {
        return integer(to).is_some() || matches!(to.name.as_str(), "real" | "float");
    }
    if is_text(to) {
        if engine == Engine::Postgres && (to.name == "text" || (to.name == "character varying" && to.args.is_empty())) {
            return false;
        }
        let postgres_unlimited = engine == Engine::Postgres && is_text(from) && from.args.is_empty() && from.name != "character";
        return match (capacity(from).filter(|_| !postgres_unlimited), capacity(to)) {
            (Some(a), Some(b)) if is_text(from) => b < a,
            (_, Some(b)) if !is_text(from) => b < 40,
            (None, Some(_)) => true,
            _ => false,
        };
    }
    if !to.values.is_empty() {
        return !from.values.iter().all(|v| to.values.contains(v)) || from.values.is_empty();
    }
    let time = |t: &DataType| t.name.starts_with("timestamp") || t.name == "date" || t.name == "datetime" || t.name.starts_with("time");
    let related = time(from) && time(to) || from.same_base(to);
    !related && from.user.is_none()
}

/// The error for a value that does not fit; `None` where it fits or that is not known.
fn misfit(value: &str, from: &DataType, to: &DataType, column: &str, row: usize, engine: Engine) -> Option<EngineError> {
    let mysql = engine.is_mysql_family();
    if let Some((bytes, unsigned)) = integer(to) {
        let bits = bytes * 8;
        let (low, high) =
            if unsigned { (0.0, 2f64.powi(bits as i32)) } else { (-(2f64.powi(bits as i32 - 1)), 2f64.powi(bits as i32 - 1)) };
        return match value.trim().parse::<f64>() {
            Ok(n) if n.round() < low || n.round() >= high => Some(match mysql {
                true => error("1264", format!("Out of range value for column '{column}' at row {row}")),
                false => error("22003", format!("{} out of range", to.name)),
            }),
            Ok(_) => None,
            Err(_) if mysql && is_text(from) => Some(error("1292", format!("Truncated incorrect INTEGER value: '{value}'"))),
            Err(_) if is_text(from) => Some(error("22P02", format!("invalid input syntax for type {}: \"{value}\"", to.name))),
            Err(_) => None,
        };
    }
    if matches!(to.name.as_str(), "numeric" | "decimal") && !to.args.is_empty() {
        let precision = length(to)?;
        let scale: u64 = to.args.get(1).and_then(|a| a.trim().parse().ok()).unwrap_or(0);
        let n: f64 = value.trim().parse().ok()?;
        let fits = n.abs() < 10f64.powi(precision.saturating_sub(scale) as i32);
        return (!fits).then(|| match mysql {
            true => error("1264", format!("Out of range value for column '{column}' at row {row}")),
            false => error("22003", "numeric field overflow"),
        });
    }
    if is_text(to) {
        let limit = capacity(to).filter(|_| !(engine == Engine::Postgres && to.name == "text"))?;
        let stripped = if engine == Engine::Postgres { value.trim_end_matches(' ') } else { value };
        return (stripped.chars().count() as u64 > limit).then(|| match mysql {
            true => error("1406", format!("Data too long for column '{column}' at row {row}")),
            false => error("22001", format!("value too long for type {to}")),
        });
    }
    if !to.values.is_empty() && is_text(from) | !from.values.is_empty() {
        return (!to.values.iter().any(|v| v.eq_ignore_ascii_case(value)))
            .then(|| error("1265", format!("Data truncated for column '{column}' at row {row}")));
    }
    if to.name == "uuid" && is_text(from) {
        let hex = value.chars().filter(char::is_ascii_hexdigit).count();
        return (hex != 32).then(|| error("22P02", format!("invalid input syntax for type uuid: \"{value}\"")));
    }
    None
}
