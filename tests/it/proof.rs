//! Proof on the engines themselves: what they answer stands on the findings, and hostile SQL gets nowhere.

use crate::project::impact;
use crate::shop;
use impact::model::dialect::{Dialect, Engine};
use impact::proof::{Choice, Limits, Outcome, Request, Script, Task, prove};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub fn required() -> bool {
    std::env::var("IMPACT_TEST_REQUIRE_ENGINES").is_ok_and(|v| v == "1")
}

fn engine(name: &str) -> Engine {
    name.parse::<Dialect>().unwrap_or_else(|e| panic!("{name}: {e}")).engine
}

/// Templates of servers, made once for all tests.
pub fn cache() -> &'static Path {
    static CACHE: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    CACHE.get_or_init(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("proof"))
}

/// A proof of one migration; `None` where the engine is not installed.
fn proof(engine: Engine, before: &str, migration: &str, tasks: &[&str], limits: Limits) -> Option<Outcome> {
    let script = |text: &str| Script { path: "a.sql".into(), text: text.into(), autocommit: false };
    let outcome = prove(&Request {
        dialect: Dialect::of(engine),
        choice: &Choice::Auto,
        before: vec![script(before)],
        migrations: vec![script(migration)],
        tasks: tasks.iter().map(|t| Task { text: (*t).to_string(), session: Vec::new() }).collect(),
        limits,
        cache: Some(cache()),
    });
    assert!(outcome.engine.is_some() || !required(), "{engine:?}: {:?}", outcome.reason);
    outcome.engine.is_some().then_some(outcome)
}

#[test]
fn hostile_sql_gets_nowhere() {
    let secret = tempfile::NamedTempFile::new().expect("a file");
    let word = "not-for-migrations";
    std::fs::write(secret.path(), word).expect("a secret");
    let limits = Limits { statement: Duration::from_millis(300), total: Duration::from_secs(4), disk: 200 << 20, ..Limits::default() };
    let mut count = 0;
    for name in ["sqlite", "postgres", "mariadb"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hostile").join(name);
        for path in std::fs::read_dir(&folder).expect("a folder").flatten().map(|e| e.path()) {
            // Where every user may write.
            let marker = std::env::temp_dir().join(format!("impact-marker-{}-{count}", std::process::id()));
            count += 1;
            let text = std::fs::read_to_string(&path).expect("a migration");
            let text = text.replace("MARKER", &marker.to_string_lossy()).replace("SECRET", &secret.path().to_string_lossy());
            let started = Instant::now();
            let leak = "SELECT * FROM leak WHERE line LIKE '%not-for%'";
            let Some(outcome) = proof(engine(name), "CREATE TABLE t0 (a int);", &text, &["SELECT a FROM t0", leak], limits) else { break };
            let shown = path.display();
            assert!(started.elapsed() < Duration::from_secs(25), "{shown}: {:?}", started.elapsed());
            assert!(!marker.exists(), "{shown}: it wrote a file");
            let away = ["away.MYD", "impact/away.ibd"].map(|f| std::env::temp_dir().join(f));
            assert!(!away.iter().any(|f| f.exists()), "{shown}: it made a table elsewhere");
            assert!(!format!("{outcome:?}").contains(word), "{shown}: it read a file: {outcome:?}");
            // Refused by the engine or by its limits; nothing of it ran to its end, or it had no effect.
            let ended = outcome.migrations.first().cloned().flatten();
            let harmless = ["writable_schema", "heap_of_the_program", "deep_nesting", "load_file", "data_directory"];
            let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
            assert!(!matches!(ended, Some(Ok(()))) || harmless.contains(&stem.as_str()), "{shown}: it ran: {outcome:?}");
        }
    }
    assert!(count > 10, "{count} hostile migrations");
}

#[test]
fn what_is_proved_stands_on_the_finding() {
    let store = shop::store(true);
    let migration = "fixtures/worlds/shop/pending/migrations/000019_drop_order_coupon_code.up.sql";
    let args = [
        "check",
        "--config",
        "fixtures/worlds/shop/impact.toml",
        "--store",
        store,
        "--quiet",
        "--format",
        "json",
        "--proof",
        "auto",
        migration,
    ];
    let ran = impact(Path::new(env!("CARGO_MANIFEST_DIR")), cache(), &args, b"").exits(1);
    let answer = ran.json();
    let proof = &answer["proof"];
    if proof["engine"].is_null() {
        assert!(!required(), "{proof}");
        return;
    }
    assert_eq!(proof["disagreed"], 0, "{proof}");
    assert!(proof["agreed"].as_u64() > Some(10), "{proof}");
    let breaks: Vec<_> = answer["findings"].as_array().into_iter().flatten().filter(|f| f["verdict"] == "breaks").collect();
    let proved: Vec<_> = breaks.iter().filter(|f| f["basis"] == "proof").collect();
    assert!(!proved.is_empty(), "{breaks:#?}");
    for finding in proved {
        let after = finding["engine_error"]["after"].as_str().unwrap_or_default();
        assert!(after.starts_with("42703: ") && finding["engine_error"]["before"].is_null(), "{finding:#}");
    }
}

/// What each engine says of statements of one kind, through the command line.
#[test]
fn engines_overrule_and_confirm() {
    let cases = [
        ("sqlite", "CREATE TABLE t (a int, b int);", "ALTER TABLE t DROP COLUMN b;", "SELECT b FROM t WHERE a = ?;", "breaks", "proof"),
        ("postgres", "CREATE TABLE t (a int, b int);", "ALTER TABLE t DROP COLUMN b;", "SELECT b FROM t WHERE a = :x;", "breaks", "proof"),
        ("mariadb", "CREATE TABLE t (a int, b int);", "ALTER TABLE t DROP COLUMN b;", "SELECT b FROM t WHERE a = %s;", "breaks", "proof"),
        // Only the engine knows the name of the sequence.
        (
            "postgres",
            "CREATE TABLE t (id serial, a int);",
            "ALTER TABLE t ALTER id DROP DEFAULT; DROP SEQUENCE t_id_seq; ALTER TABLE t ALTER id ADD GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME t_ids);",
            "SELECT setval('t_id_seq', 7);",
            "breaks",
            "proof",
        ),
        // It fails at run time, with the values that the engine is given.
        ("mariadb", "CREATE TABLE t (a int);", "ALTER TABLE t ADD b int NOT NULL;", "INSERT INTO t (a) VALUES (?);", "breaks", "proof"),
        // Made-up values refer to no row.
        (
            "postgres",
            "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (a int REFERENCES p);",
            "ALTER TABLE t ADD b int NOT NULL;",
            "INSERT INTO t (a) VALUES ($1);",
            "breaks",
            "proof",
        ),
        (
            "mariadb",
            "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (a int, FOREIGN KEY (a) REFERENCES p (id));",
            "ALTER TABLE t ADD b int NOT NULL;",
            "INSERT INTO t (a) VALUES (?);",
            "breaks",
            "proof",
        ),
        ("sqlite", "CREATE TABLE t (a int, b int);", "ALTER TABLE t DROP COLUMN b;", "SELECT a FROM t;", "safe", "analysis"),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    for (engine, schema, migration, statement, effect, basis) in cases {
        for (name, text) in [("schema.sql", schema), ("migration.sql", migration), ("statement.sql", statement)] {
            std::fs::write(folder.path().join(name), text).expect(name);
        }
        let args = [
            "check",
            "--schema",
            "schema.sql",
            "--sql",
            "statement.sql",
            "--dialect",
            engine,
            "--format",
            "json",
            "--proof",
            "auto",
            "migration.sql",
        ];
        let answer = impact(folder.path(), cache(), &args, b"").json();
        if answer["proof"]["engine"].is_null() {
            assert!(!required(), "{}", answer["proof"]);
            continue;
        }
        let finding = &answer["findings"][0];
        assert_eq!(
            (finding["effect"].as_str(), finding["basis"].as_str()),
            (Some(effect), Some(basis)),
            "{engine}: {statement}: {answer:#}"
        );
    }
}

#[test]
fn a_disagreement_is_shown_and_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let own = tempfile::tempdir().expect("a cache");
    // UPDATE of a view needs only the columns that it names; the analysis takes the view for broken.
    for (name, text) in [
        ("schema.sql", "CREATE TABLE t (id int PRIMARY KEY, a int, b int); CREATE VIEW v AS SELECT id, a, b FROM t;"),
        ("migration.sql", "ALTER TABLE t DROP COLUMN b;"),
        ("statement.sql", "UPDATE v SET a = 2 WHERE id = 1;"),
    ] {
        std::fs::write(folder.path().join(name), text).expect(name);
    }
    let args = [
        "check",
        "--schema",
        "schema.sql",
        "--sql",
        "statement.sql",
        "--dialect",
        "mariadb",
        "--format",
        "json",
        "--proof",
        "auto",
        "migration.sql",
    ];
    let mut answer = impact(folder.path(), own.path(), &args, b"").json();
    // A machine that is busy may not answer in time; then it says so.
    for _ in 0..3 {
        if answer["proof"]["reason"].is_null() {
            break;
        }
        answer = impact(folder.path(), own.path(), &args, b"").json();
    }
    if answer["proof"]["engine"].is_null() {
        assert!(!required(), "{}", answer["proof"]);
        return;
    }
    assert_eq!(answer["proof"]["disagreed"], 1, "{answer:#}");
    assert_eq!((&answer["findings"][0]["effect"], &answer["findings"][0]["basis"]), (&"safe".into(), &"proof".into()), "{answer:#}");
    let kept: Vec<PathBuf> =
        std::fs::read_dir(own.path().join("impact/disagreements")).expect("kept").flatten().map(|e| e.path()).collect();
    let [kept] = kept.as_slice() else { panic!("{kept:?}") };
    let kept: serde_json::Value = serde_json::from_slice(&std::fs::read(kept).expect("a case")).expect("JSON");
    assert_eq!(kept["statement"], "UPDATE v SET a = 2 WHERE id = 1", "{kept:#}");
}

#[test]
fn a_migration_that_the_engine_refuses_is_blocked() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("schema.sql"), "CREATE TABLE t (a int);").expect("a schema");
    // Neither side knows such a type; SQLite takes any word for one.
    std::fs::write(folder.path().join("migration.sql"), "ALTER TABLE t ADD CONSTRAINT c CHECK (nothing_of_that_name(a));")
        .expect("a migration");
    let args = ["check", "--schema", "schema.sql", "--dialect", "postgres", "--format", "json", "--proof", "auto", "migration.sql"];
    let answer = impact(folder.path(), cache(), &args, b"").json();
    if answer["proof"]["engine"].is_null() {
        assert!(!required(), "{}", answer["proof"]);
        return;
    }
    assert_eq!(answer["migrations"][0]["outcome"], "fails", "{answer:#}");
    assert_eq!(answer["migrations"][0]["error"]["code"], "42883", "{answer:#}");
    assert_eq!(answer["recommendation"], "BLOCKED");
}

#[test]
fn a_proof_leaves_nothing_behind() {
    let ours = || {
        let entries = std::fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten();
        entries
            .filter(|e| e.path().join("data").is_dir() && e.file_name().to_string_lossy().starts_with("impact-"))
            .map(|e| e.path())
            .collect::<Vec<_>>()
    };
    let before = ours();
    for engine in [Engine::Postgres, Engine::MariaDb] {
        proof(engine, "CREATE TABLE t (a int);", "DROP TABLE t;", &["SELECT a FROM t"], Limits::default());
    }
    // Other tests have proofs of their own under way: those end.
    let end = Instant::now() + Duration::from_secs(60);
    while ours().iter().any(|p| !before.contains(p)) && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(50));
    }
    let left: Vec<PathBuf> = ours().into_iter().filter(|p| !before.contains(p)).collect();
    assert!(left.is_empty(), "{left:?}");
}
