//! Random schemas, changes and statements, bound by the analysis and asked of the engines: what the two say differently.
//!
//! A short run from a fixed seed is a test. `scripts/differential` makes long ones and prints what differs:
//! `IMPACT_DIFFERENTIAL` is the number of statements, `IMPACT_DIFFERENTIAL_SEED` where they begin.

pub mod random;
mod schema;
mod statement;

use crate::proof::{cache, required};
use impact::model::change::{EngineError, Outcome};
use impact::model::dialect::{Dialect, Engine};
use impact::model::proof::{Asked, EngineColumn};
use impact::model::schema::Schema;
use impact::proof::{Choice, Limits, Request, Script, Task, prove};
use impact::sql::apply::{ApplyOptions, apply, schema_from_dump};
use impact::sql::bind::{Binding, SessionState, bind};
use impact::sql::parse::parse_statement;
use random::Random;
use statement::Writer;
use std::collections::BTreeMap;
use std::time::Duration;

/// Statements on one schema: a server is started for each.
const BATCH: usize = 100;

/// What the analysis is known to say differently: engine and the beginning of the kind.
const KNOWN: &[(Engine, &str)] = &[
    // A parameter that comes twice with operands of two types: what branches of code build stands side by side in one
    // statement, so a number says nothing.
    (Engine::Postgres, "accepted, but refused: 42883"),
    // UPDATE and DELETE of a view need only those of its columns that they name.
    (Engine::MariaDb, "refused, but accepted: 1356"),
    // The name of a column of a subquery that SQLite merged into its outer query.
    (Engine::Sqlite, "other columns"),
];

/// What analysis and engine say differently.
struct Difference {
    kind: String,
    text: String,
}

#[test]
fn analysis_and_engines_say_the_same() {
    let number = |name: &str| std::env::var(name).ok().and_then(|v| v.parse::<usize>().ok());
    let wanted = number("IMPACT_DIFFERENTIAL");
    let seed = number("IMPACT_DIFFERENTIAL_SEED").unwrap_or(1) as u64;
    let only = std::env::var("IMPACT_DIFFERENTIAL_ENGINE").ok();
    for engine in [Engine::Sqlite, Engine::Postgres, Engine::MariaDb] {
        if only.as_ref().is_some_and(|o| o != engine.as_str()) {
            continue;
        }
        let statements = wanted.unwrap_or(if engine == Engine::Sqlite { 2000 } else { 500 });
        let mut differences = Vec::new();
        let (mut asked, mut batch) = (0, 0);
        while asked < statements {
            match one_batch(engine, seed.wrapping_mul(1_000_003) + batch, &mut differences) {
                Some(count) => asked += count,
                None => break,
            }
            batch += 1;
        }
        if asked == 0 {
            assert!(!required(), "{engine:?} was not asked");
            continue;
        }
        let mut kinds: BTreeMap<&str, Vec<&Difference>> = BTreeMap::new();
        for d in &differences {
            kinds.entry(&d.kind).or_default().push(d);
        }
        let mut report = format!("{}: {} differences in {asked} statements on both sides\n", engine.as_str(), differences.len());
        for (kind, found) in &kinds {
            report.push_str(&format!("{:5} {kind}\n", found.len()));
            for d in found.iter().take(if wanted.is_some() { 4 } else { 2 }) {
                report.push_str(&d.text);
            }
        }
        if wanted.is_some() {
            // Not captured by the test harness.
            let _ = std::io::Write::write_all(&mut std::io::stderr(), report.as_bytes());
        } else {
            let known = |d: &Difference| KNOWN.iter().any(|k| k.0 == engine && d.kind.starts_with(k.1));
            assert!(differences.iter().all(known), "{report}");
        }
    }
}

/// Statements asked; `None` where there is no engine.
fn one_batch(engine: Engine, seed: u64, differences: &mut Vec<Difference>) -> Option<usize> {
    let mut r = Random::new(seed);
    let (tables, before_sql) = schema::schema(&mut r, engine);
    let migration = schema::migration(&mut r, &tables, engine);
    let statements: Vec<String> = (0..BATCH).map(|_| Writer { r: &mut r, tables: &tables, engine }.statement()).collect();
    let dialect = Dialect::of(engine);
    let (before, _) = schema_from_dump(&before_sql, dialect);
    let autocommit = engine != Engine::Postgres;
    let (after, applied) = apply(&before, &migration, &ApplyOptions { autocommit, ..ApplyOptions::default() });
    let script = |text: &str, autocommit| Script { path: "schema.sql".into(), text: text.into(), autocommit };
    let outcome = prove(&Request {
        dialect,
        choice: &Choice::Auto,
        before: vec![script(&before_sql, true)],
        migrations: vec![script(&migration, autocommit)],
        tasks: statements.iter().map(|t| Task { text: t.clone(), session: Vec::new() }).collect(),
        limits: Limits { total: Duration::from_secs(60), ..Limits::default() },
        cache: Some(cache()),
    });
    outcome.engine.as_ref()?;
    let head = format!("      seed {seed}\n{}      --\n{}", indented(&before_sql), indented(&migration));
    if let Some(refused) = outcome.refused.first() {
        differences.push(Difference { kind: "the schema is refused".into(), text: format!("      {refused}\n{head}") });
        return Some(BATCH);
    }
    match outcome.migrations.first().cloned().flatten() {
        Some(ended) if ended.is_err() != (applied.outcome == Outcome::Fails) => {
            let text = format!("      analysis: {:?} {:?}\n      engine: {ended:?}\n{head}", applied.outcome, applied.error);
            differences.push(Difference { kind: "the migration ends differently".into(), text });
            return Some(BATCH);
        }
        None => return Some(BATCH),
        _ => {}
    }
    for (text, answer) in statements.iter().zip(&outcome.statements) {
        let Ok(answer) = answer else { continue };
        let mut compare = |side: &str, schema: &Schema, asked: &Asked| {
            let binding = bind(&parse_statement(text, dialect), text, schema, &SessionState::default());
            if let Some((kind, detail)) = differing(&binding, asked, engine) {
                let text = format!("      {text}\n      {side}: {detail}\n{head}");
                differences.push(Difference { kind, text });
                return false;
            }
            true
        };
        if compare("before", &before, &answer.before)
            && let Some(asked) = &answer.after
        {
            compare("after", &after, asked);
        }
    }
    Some(BATCH)
}

fn indented(text: &str) -> String {
    text.lines().map(|l| format!("      {l}\n")).collect()
}

fn differing(binding: &Binding, asked: &Asked, engine: Engine) -> Option<(String, String)> {
    let refused = match (&asked.prepared, &asked.executed) {
        (Err(error), _) => Some(error),
        (_, Some(Err(error))) if !of_data(error, engine) => Some(error),
        _ => None,
    };
    let shown = |e: &EngineError| format!("{} {}", e.code, e.message);
    match (&binding.error, refused) {
        (None, Some(error)) => {
            let detail = format!("the engine refuses it: {}", shown(error));
            Some((format!("accepted, but refused: {} {}", error.code, masked(&error.message)), detail))
        }
        (Some(error), None) => {
            let detail = format!("the analysis refuses it: {} {}", error.code, error.message);
            Some((format!("refused, but accepted: {} {}", error.code, masked(&error.message)), detail))
        }
        (None, None) => {
            let (Some(outputs), Ok(columns)) = (&binding.outputs, &asked.prepared) else { return None };
            let ours: Vec<String> = outputs.iter().map(|o| o.name.clone()).collect();
            let theirs: Vec<String> = columns.iter().map(|c| c.name.clone()).collect();
            if ours != theirs {
                return Some(("other columns".into(), format!("columns: analysis {ours:?}, engine {theirs:?}")));
            }
            if engine != Engine::Postgres {
                return None;
            }
            let wrong = outputs.iter().zip(columns).find(|(o, c)| o.ty.as_ref().is_some_and(|t| canonical(c) != t.name))?;
            let ours = wrong.0.ty.as_ref().map(ToString::to_string).unwrap_or_default();
            Some((format!("other types: analysis {ours}, engine {}", wrong.1.ty), format!("column {}", wrong.1.name)))
        }
        (Some(_), Some(_)) => None,
    }
}

/// The name that the analysis has for a type of the driver.
fn canonical(column: &EngineColumn) -> &str {
    match column.ty.as_str() {
        "int2" => "smallint",
        "int4" => "integer",
        "int8" => "bigint",
        "bool" => "boolean",
        "varchar" => "character varying",
        "bpchar" | "char" => "character",
        "timestamptz" => "timestamp with time zone",
        "timestamp" => "timestamp without time zone",
        "float8" => "double precision",
        "float4" => "real",
        other => other,
    }
}

/// A message without its names.
fn masked(message: &str) -> String {
    let mut out = String::new();
    for (i, part) in message.split(['"', '\'', '`']).enumerate() {
        out.push_str(if i % 2 == 0 { part } else { "_" });
    }
    out.split(':').next().unwrap_or("").to_string()
}

fn of_data(error: &EngineError, engine: Engine) -> bool {
    match engine {
        Engine::Postgres => ["21", "22", "23"].iter().any(|c| error.code.starts_with(c)),
        Engine::Sqlite => matches!(error.code.as_str(), "SQLITE_CONSTRAINT" | "SQLITE_MISMATCH"),
        _ => matches!(
            error.code.as_str(),
            "1048" | "1062" | "1242" | "1264" | "1265" | "1292" | "1366" | "1364" | "1406" | "1411" | "1423" | "1365" | "1690"
        ),
    }
}
