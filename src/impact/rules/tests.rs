//! Every rule has a fixture that it explains and one that is safe.

use super::all;
use crate::impact::check_statements;
use crate::model::dialect::Dialect;
use crate::model::finding::{Finding, Verdict};
use crate::model::schema::Schema;
use crate::sql::apply::{ApplyOptions, apply};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rules")
}

/// The finding on the last statement of a fixture.
fn judged(folder: &Path) -> Finding {
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap_or_else(|e| panic!("{}/{name}: {e}", folder.display()));
    let schema = read("schema.sql");
    let dialect: Dialect = schema.lines().next().and_then(|l| l.strip_prefix("-- dialect: ")).unwrap_or("postgres").trim().parse().unwrap();
    let (before, built) = apply(&Schema::empty(dialect), &schema, &ApplyOptions::default());
    assert_eq!(built.error, None, "{}", folder.display());
    let (after, applied) = apply(&before, &read("migration.sql"), &ApplyOptions::default());
    let findings =
        check_statements(&read("statement.sql"), "statement.sql", &before, &after, &applied.changes, &["migration.sql".to_string()]);
    findings.into_iter().next_back().unwrap_or_else(|| panic!("no finding for {}", folder.display()))
}

#[test]
fn every_rule_explains_its_fixture_and_leaves_the_safe_one() {
    let mut wrong = Vec::new();
    for rule in all().iter().filter(|r| !r.meta.bad.statement.is_empty()) {
        let folder = root().join(rule.meta.id);
        let breaks = judged(&folder.join("breaks"));
        let named = breaks.rule == rule.meta.id || breaks.also.iter().any(|a| a.rule == rule.meta.id);
        if !named || breaks.verdict == Verdict::Safe || breaks.change.is_none() {
            wrong.push(format!(
                "{}: breaks gives {:?} {}: {} (change {:?})",
                rule.meta.id, breaks.effect, breaks.rule, breaks.message, breaks.change
            ));
        }
        let safe = judged(&folder.join("safe"));
        if safe.verdict != Verdict::Safe {
            wrong.push(format!("{}: safe gives {:?} {}: {}", rule.meta.id, safe.effect, safe.rule, safe.message));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn rules_are_documented_and_named_once() {
    let metas = || all().iter().map(|r| &r.meta).chain(crate::impact::definitions::all().iter().map(|r| &r.meta));
    let mut ids: Vec<&str> = metas().map(|m| m.id).collect();
    ids.sort_unstable();
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count, "a rule id stands twice");
    for meta in metas() {
        assert!(!meta.title.is_empty() && !meta.why.is_empty() && !meta.fix.is_empty(), "{}", meta.id);
        assert!(meta.id.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", meta.id);
    }
}

/// Where no schema is known, what the migration takes for granted is all that is known of it.
#[test]
fn open_schemas_are_judged_by_what_the_migration_presupposes() {
    use crate::sql::apply::presuppose;
    let cases = [
        ("ALTER TABLE users DROP COLUMN city", "SELECT id, city FROM users", "dropped-column-still-read"),
        ("ALTER TABLE users DROP COLUMN city", "INSERT INTO users (id, city) VALUES (1, 2)", "dropped-column-still-read"),
        ("ALTER TABLE users DROP COLUMN city", "SELECT id, email FROM users", ""),
        ("ALTER TABLE users DROP COLUMN city", "SELECT city FROM shops", ""),
        ("ALTER TABLE users RENAME COLUMN city TO town", "UPDATE users SET city = $1", "renamed-column-still-used"),
        ("DROP TABLE users", "SELECT city FROM users", "dropped-table-still-used"),
        ("DROP TABLE users", "SELECT city FROM shops", ""),
        ("ALTER TABLE users RENAME TO people", "DELETE FROM users WHERE id = $1", "renamed-table-still-used"),
        ("ALTER TABLE users ADD COLUMN tier text NOT NULL", "INSERT INTO users (id) VALUES ($1)", "column-now-required"),
        ("ALTER TABLE users ADD COLUMN tier text", "SELECT id FROM users", ""),
        ("CREATE INDEX i ON users (city)", "SELECT city FROM users WHERE city = $1", ""),
    ];
    let changed = [
        ("ALTER TABLE users ALTER COLUMN city TYPE varchar(20)", "UPDATE users SET city = $1", "type-may-reject"),
        ("ALTER TABLE users ALTER COLUMN city TYPE varchar(20)", "INSERT INTO users (id, city) VALUES ($1, $2)", "type-may-reject"),
        ("ALTER TABLE users ALTER COLUMN city TYPE bigint", "SELECT id, city FROM users", "result-type-changed"),
        ("ALTER TABLE users ALTER COLUMN city TYPE bigint", "SELECT id FROM users WHERE city = $1", "comparison-changed"),
        ("ALTER TABLE users ALTER COLUMN city TYPE bigint", "SELECT id FROM users WHERE name = $1", ""),
        ("ALTER TABLE users ALTER COLUMN city TYPE bigint", "SELECT city FROM shops", ""),
        ("ALTER TABLE users ALTER COLUMN city TYPE text", "UPDATE users SET city = $1", ""),
        ("ALTER TABLE users ALTER COLUMN city SET NOT NULL", "UPDATE users SET city = $1", "not-null-may-reject"),
        ("ALTER TABLE users DROP COLUMN IF EXISTS city", "SELECT city FROM users", "dropped-column-still-read"),
        ("DROP TABLE IF EXISTS users", "SELECT city FROM users", "dropped-table-still-used"),
    ];
    let modified = [
        ("ALTER TABLE users MODIFY city varchar(20)", "UPDATE users SET city = ?", "type-may-reject"),
        ("ALTER TABLE users MODIFY COLUMN city bigint NOT NULL", "SELECT id, city FROM users", "result-type-changed"),
        ("ALTER TABLE users CHANGE city town varchar(20)", "SELECT city FROM users", "renamed-column-still-used"),
        ("ALTER TABLE users MODIFY city varchar(20)", "SELECT id FROM users", ""),
    ];
    let mut wrong = Vec::new();
    let sure = cases.iter().map(|c| (crate::model::dialect::Engine::Postgres, *c, false));
    let unsure = changed.iter().map(|c| (crate::model::dialect::Engine::Postgres, *c, true));
    for (engine, (migration, statement, want), unsure) in
        sure.chain(unsure).chain(modified.iter().map(|c| (crate::model::dialect::Engine::MySql, *c, true)))
    {
        let open = Schema::open(Dialect::of(engine));
        let before = presuppose(&open, migration, &ApplyOptions::default());
        let (after, applied) = apply(&before, migration, &ApplyOptions::default());
        let findings = check_statements(statement, "s.sql", &before, &after, &applied.changes, &[]);
        let got = findings.first().map_or("none", |f| f.rule.as_str());
        // What a column was matters only where it is changed, not where it goes.
        let unsure = unsure && !want.is_empty() && !want.starts_with("dropped") && !want.starts_with("renamed");
        if got != want || findings.first().is_some_and(|f| unsure && f.confidence > 0.5) {
            wrong.push(format!(
                "{migration}; {statement}: {got:?} ({:?}) instead of {want:?} ({:?}, {:?})",
                findings.first().map(|f| f.confidence),
                findings.first().map(|f| &f.message),
                applied.error
            ));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What data that a migration changes means to code: what chooses rows by it is concerned, what merely delivers it is not;
/// a script has no reader of its own.
#[test]
fn changed_rows_concern_what_chooses_rows_by_them() {
    use crate::impact::judge::judge_paired;
    use crate::impact::judgement::StatementInput;
    use crate::impact::pairing::Pairing;
    use crate::model::statement::{Consumer, StatementKind};
    use crate::sql::bind::SessionState;
    use crate::sql::parse::parse_statement;
    let dialect = Dialect::of(crate::model::dialect::Engine::Postgres);
    let schema = "CREATE TABLE users (id integer PRIMARY KEY, city text, status text NOT NULL);";
    let child = "CREATE TABLE notes (id integer PRIMARY KEY, user_id integer REFERENCES users (id) ON DELETE CASCADE)";
    let guarded = "CREATE TABLE notes (id integer PRIMARY KEY, user_id integer REFERENCES users (id))";
    let update = "UPDATE users SET city = 'Ulm' WHERE city IS NULL";
    let (orm, script, model) = (StatementKind::Orm, StatementKind::SqlFile, StatementKind::Model);
    let rows = "rows-changed-by-migration";
    let cases = [
        (orm, update, "SELECT id, city FROM users", ""),
        (script, update, "SELECT id, city FROM users", rows),
        (orm, update, "SELECT id FROM users WHERE city = $1", rows),
        (model, update, "SELECT city FROM users", ""),
        (orm, "DELETE FROM users WHERE city IS NULL", "SELECT id FROM users", ""),
        (orm, "DELETE FROM users", "SELECT id FROM users", rows),
        (orm, "TRUNCATE users", "SELECT id FROM users", rows),
        (script, "DELETE FROM users WHERE city IS NULL", "SELECT id FROM users", rows),
        (orm, child, "DELETE FROM users WHERE id = $1", ""),
        (orm, guarded, "DELETE FROM users WHERE id = $1", "referenced-row-guarded"),
    ];
    let (before, _) = apply(&Schema::empty(dialect), schema, &ApplyOptions::default());
    for (kind, migration, text, want) in cases {
        let (after, applied) = apply(&before, migration, &ApplyOptions::default());
        let statement = parse_statement(text, dialect);
        let input = StatementInput {
            statement: &statement,
            text,
            kind,
            consumer: Consumer::ByName,
            any_integer: false,
            maps: None,
            holes: false,
            parts: &[],
        };
        let pairing = Pairing::new(&before, &after, &applied.changes);
        let session = SessionState::default();
        let judged = judge_paired(&pairing, &applied.changes, &input, &session, &session);
        assert_eq!(judged.cause.as_ref().map_or("", |c| c.rule), want, "{kind:?} {migration}; {text}");
    }
}
