//! A fixture of a rule, as it is asked of an engine.

use impact::impact::check_statements;
use impact::model::dialect::{Dialect, Engine};
use impact::model::finding::Effect;
use impact::model::statement::HOLE;
use impact::sql::apply::{ApplyOptions, apply, schema_from_dump};
use impact::sql::parse::parse_script;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// `schema.sql` (its first line names the dialect), `migration.sql`, `statement.sql` and `engine.toml` of a folder.
pub struct Case {
    /// `<rule>/<breaks or safe>`.
    pub name: String,
    pub dialect: Dialect,
    pub schema: String,
    pub migration: String,
    /// What the service's connection runs before the statement.
    pub session: String,
    /// Whether it lies in `safe/`; not said of an engine that it was not written for.
    pub safe: Option<bool>,
    /// The session and the statement as they lie in the file.
    text: String,
    /// What an engine needs and `impact` does not see.
    pub rows: String,
    pub later: String,
    pub asked: Asked,
    /// With which a statement that may fail passes.
    pub passes: Option<Asked>,
    pub probe: String,
    pub database: Option<String>,
}

/// The statement as it is sent.
pub struct Asked {
    /// Unknown parts filled in.
    pub statement: String,
    /// SQL literals of the placeholders.
    pub values: Vec<String>,
}

/// `engine.toml`; a case without one runs on empty tables and has no placeholders.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Needs {
    /// Other engines that run the same SQL, `$1` written as they do. Whatever they answer, `impact` must say the same.
    also: Vec<String>,
    /// SQL that stores rows before the migration.
    rows: String,
    /// SQL of another writer after the migration that the schema before refuses; its rows show what may come now.
    later: String,
    /// SQL literals of the placeholders, in the order of their numbers.
    values: Vec<String>,
    /// What stands in the parts of the statement that are not known to `impact`.
    parts: Vec<String>,
    /// Values with which a statement that may fail passes.
    passes: Option<Vec<String>>,
    /// Parts with which it passes.
    passes_parts: Option<Vec<String>>,
    /// A query that shows what the statement stored.
    probe: String,
    /// The name by which the migration knows the database.
    database: Option<String>,
}

pub fn all() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rules");
    let mut rules: Vec<PathBuf> = std::fs::read_dir(&root).expect("fixtures/rules").flatten().map(|e| e.path()).collect();
    rules.retain(|p| p.is_dir());
    rules.sort();
    let kinds = rules.iter().flat_map(|r| [r.join("breaks"), r.join("safe")]);
    kinds.filter(|p| p.is_dir()).flat_map(|folder| read(&root, &folder)).collect()
}

/// The case on the engine that it was written for, then on those that it asks too.
fn read(root: &Path, folder: &Path) -> Vec<Case> {
    let name = folder.strip_prefix(root).unwrap_or(folder).display().to_string();
    let text = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap_or_else(|e| panic!("{name}/{file}: {e}"));
    let schema = text("schema.sql");
    let dialect = schema.lines().next().and_then(|l| l.strip_prefix("-- dialect: ")).unwrap_or("postgres");
    let dialect: Dialect = dialect.trim().parse().unwrap_or_else(|e| panic!("{name}/schema.sql: {e}"));
    let needs: Needs = match std::fs::read_to_string(folder.join("engine.toml")) {
        Ok(toml) => toml::from_str(&toml).unwrap_or_else(|e| panic!("{name}/engine.toml: {e}")),
        Err(_) => Needs::default(),
    };
    let also = needs.also.iter().map(|e| e.parse().unwrap_or_else(|e| panic!("{name}/engine.toml: {e}")));
    let mut cases = vec![case(&name, dialect, Some(name.ends_with("safe")), &text, &needs)];
    cases.extend(also.map(|dialect| case(&format!("{name} on {dialect}"), dialect, None, &text, &needs)));
    cases
}

fn case(name: &str, dialect: Dialect, safe: Option<bool>, text: &dyn Fn(&str) -> String, needs: &Needs) -> Case {
    let dialect = match dialect.engine {
        Engine::Sqlite => Dialect { version: dialect.version.or(super::sqlite::version()), ..dialect },
        _ => dialect,
    };
    let sql = placeholders(&text("statement.sql"), dialect.engine);
    let last = parse_script(&sql, dialect).statements.last().map(|s| s.span).unwrap_or_else(|| panic!("{name}: no statement"));
    let statement = last.slice(&sql).trim().trim_end_matches(';').to_string();
    let asked = |parts: &[String], values: &[String]| Asked { statement: filled(&statement, parts), values: values.to_vec() };
    let passes = (needs.passes.is_some() || needs.passes_parts.is_some())
        .then(|| asked(needs.passes_parts.as_ref().unwrap_or(&needs.parts), needs.passes.as_ref().unwrap_or(&needs.values)));
    let session = sql[..last.start as usize].trim().to_string();
    Case {
        name: name.to_string(),
        dialect,
        schema: text("schema.sql"),
        migration: text("migration.sql"),
        session,
        safe,
        asked: asked(&needs.parts, &needs.values),
        passes,
        text: sql,
        rows: needs.rows.clone(),
        later: needs.later.clone(),
        probe: needs.probe.trim().trim_end_matches(';').to_string(),
        database: needs.database.clone(),
    }
}

/// `$1` as it is written for an engine; the values follow the order of the numbers.
fn placeholders(sql: &str, engine: Engine) -> String {
    if engine == Engine::Postgres {
        return sql.to_string();
    }
    (1..10).fold(sql.to_string(), |text, n| text.replace(&format!("${n}"), "?"))
}

/// The statement with its unknown parts filled in, in order.
fn filled(statement: &str, parts: &[String]) -> String {
    parts.iter().fold(statement.to_string(), |text, part| text.replacen(HOLE, part, 1))
}

impl Case {
    pub fn engine(&self) -> Engine {
        self.dialect.engine
    }

    /// The migration, and what others store after it, for a database of this name.
    pub fn migration_on(&self, database: &str) -> String {
        match &self.database {
            Some(name) => self.migration.replace(&format!("DATABASE {name} "), &format!("DATABASE {database} ")),
            None => self.migration.clone(),
        }
    }

    /// What `impact check --schema schema.sql --sql statement.sql migration.sql` says.
    pub fn judged(&self) -> Effect {
        let (before, _) = schema_from_dump(&self.schema, self.dialect);
        let (after, applied) = apply(&before, &self.migration, &ApplyOptions::default());
        let findings = check_statements(&self.text, "statement.sql", &before, &after, &applied.changes, &["migration.sql".to_string()]);
        findings.last().map(|f| f.effect).unwrap_or_default()
    }
}
