//! Migrations by engine: schema before, migration, and what comes out as one line of changes.

use super::*;
use crate::model::change::Outcome;
use crate::model::dialect::Dialect;
use crate::sql::render::schema_sql;

fn before(engine: &str, ddl: &str) -> Schema {
    let dialect: Dialect = engine.parse().expect("a dialect");
    let mut schema = Schema::empty(dialect);
    let applied = apply_in_place(&mut schema, ddl, &ApplyOptions::default());
    assert_eq!(applied.error, None, "{engine}: {ddl}");
    assert_eq!(applied.problems, [], "{engine}: {ddl}");
    schema
}

/// The changes of a migration in short, then its error.
fn shown(engine: &str, ddl: &str, migration: &str) -> String {
    let (_, applied) = apply(&before(engine, ddl), migration, &ApplyOptions::default());
    summary(&applied)
}

fn summary(applied: &Applied) -> String {
    let mut parts: Vec<String> = Vec::new();
    for change in &applied.changes {
        let op = serde_json::to_value(change.op).ok().and_then(|v| v.as_str().map(str::to_string)).unwrap_or_default();
        let to = change.new_name.as_ref().map(|n| format!(" to {}", n.name)).unwrap_or_default();
        parts.push(format!("{op} {}{to}{}", change.object, if change.cascaded { " (cascaded)" } else { "" }));
    }
    match (&applied.outcome, &applied.error) {
        (Outcome::Ok, _) if applied.data_dependent => parts.push("depends on data".into()),
        (Outcome::MayFail, Some(error)) => parts.push(format!("may fail {} {}", error.code, error.message)),
        (Outcome::Fails, Some(error)) => parts.push(format!("fails {} {}", error.code, error.message)),
        _ => {}
    }
    parts.join("; ")
}

fn check(cases: &[(&str, &str, &str, &str)]) {
    for (engine, ddl, migration, expected) in cases {
        assert_eq!(shown(engine, ddl, migration), *expected, "{engine}: {ddl}\n{migration}");
    }
}

#[test]
fn columns() {
    let t = "CREATE TABLE t (a int PRIMARY KEY, b varchar(20), c int)";
    check(&[
        ("postgres", t, "ALTER TABLE t DROP COLUMN b, ADD d text NOT NULL DEFAULT ''", "drop_column t.b; add_column t.d"),
        ("postgres", t, "ALTER TABLE t DROP COLUMN x", "fails 42703 column \"x\" of relation \"t\" does not exist"),
        ("postgres", t, "ALTER TABLE t ADD COLUMN b int", "fails 42701 column \"b\" of relation \"t\" already exists"),
        ("postgres", t, "ALTER TABLE t ADD COLUMN IF NOT EXISTS b int", ""),
        ("postgres", t, "ALTER TABLE t RENAME b TO d", "rename_column t.b to d"),
        ("postgres", t, "ALTER TABLE t ALTER b TYPE varchar(5)", "alter_type t.b; depends on data"),
        ("postgres", t, "ALTER TABLE t ALTER b TYPE text", "alter_type t.b"),
        ("postgres", t, "ALTER TABLE t ALTER b TYPE int", "fails 42804 column \"b\" cannot be cast automatically to type integer"),
        ("postgres", t, "ALTER TABLE t ALTER c SET NOT NULL", "set_not_null t.c; depends on data"),
        ("postgres", t, "ALTER TABLE u ADD x int", "fails 42P01 relation \"u\" does not exist"),
        ("mariadb", t, "ALTER TABLE t DROP x", "fails 1091 Can't DROP COLUMN `x`; check that it exists"),
        (
            "mariadb",
            t,
            "ALTER TABLE t MODIFY c bigint NOT NULL FIRST",
            "alter_type t.c; set_not_null t.c; reorder_column t.c; depends on data",
        ),
        ("mariadb", t, "ALTER TABLE t CHANGE b d varchar(40)", "rename_column t.b to d; alter_type t.d"),
        ("sqlite", t, "ALTER TABLE t ADD b int", "fails SQLITE_ERROR duplicate column name: b"),
        ("sqlite", t, "ALTER TABLE t DROP COLUMN a", "fails SQLITE_ERROR cannot drop PRIMARY KEY column: \"a\""),
        ("sqlite:3.40", t, "ALTER TABLE t ALTER COLUMN b TYPE text", "fails SQLITE_ERROR near \"ALTER\": syntax error"),
        ("sqlite:3.40", t, "ALTER TABLE t ALTER b SET NOT NULL", "fails SQLITE_ERROR near \"ALTER\": syntax error"),
        ("sqlite", t, "ALTER TABLE t ALTER b SET NOT NULL", "set_not_null t.b; depends on data"),
        ("sqlite:3.53", t, "ALTER TABLE t ALTER COLUMN b TYPE text", "fails SQLITE_ERROR near \"TYPE\": syntax error"),
        ("sqlite:3.53", t, "ALTER TABLE t ALTER b SET NOT NULL", "set_not_null t.b; depends on data"),
    ]);
}

/// As PostgreSQL 15, MariaDB 10.11 and SQLite 3.40 answered; MySQL by its manual.
#[test]
fn checks_name_columns() {
    let t = "CREATE TABLE t (a int, b int)";
    let unknown = "fails 42703 column \"nope\" does not exist";
    let mariadb = "fails 1054 Unknown column 'nope' in 'CHECK'";
    check(&[
        ("postgres", t, "ALTER TABLE t ADD CHECK (nope > 0)", unknown),
        ("postgres", t, "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0 AND abs(\"nope\") > 0)", unknown),
        ("postgres", t, "ALTER TABLE t ADD CONSTRAINT c CHECK (t.nope > 0) NOT VALID", "fails 42703 column t.nope does not exist"),
        ("postgres", t, "ALTER TABLE t ADD COLUMN d int CHECK (nope > 0)", unknown),
        ("postgres", t, "CREATE TABLE u (a int, CHECK (nope > 0))", unknown),
        ("postgres", t, "CREATE TABLE u (a int CHECK (nope > 0), nope int)", "create_table u"),
        (
            "postgres",
            t,
            "ALTER TABLE t ADD CONSTRAINT n CHECK (c > 0), ADD COLUMN c int",
            "add_constraint t.n; add_column t.c; depends on data",
        ),
        ("postgres", t, "ALTER TABLE t ADD CONSTRAINT c CHECK (t IS NOT NULL)", "add_constraint t.c; depends on data"),
        (
            "postgres",
            t,
            "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0 AND current_date > '2020-01-01')",
            "add_constraint t.c; depends on data",
        ),
        (
            "postgres",
            t,
            "ALTER TABLE t ADD CONSTRAINT c CHECK (extract(year from current_date) > a)",
            "add_constraint t.c; depends on data",
        ),
        ("postgres", "", "CREATE DOMAIN d AS int CHECK (VALUE > 0)", "create_type d"),
        ("mariadb", t, "ALTER TABLE t ADD CONSTRAINT c CHECK (nope > 0)", mariadb),
        ("mariadb", t, "ALTER TABLE t ADD COLUMN d int CHECK (nope > 0)", mariadb),
        ("mariadb", t, "ALTER TABLE t ADD CONSTRAINT c CHECK (\"nope\" > 0)", "add_constraint t.c; depends on data"),
        (
            "mysql",
            t,
            "ALTER TABLE t ADD CONSTRAINT c CHECK (nope > 0)",
            "fails 3820 Check constraint 'c' refers to non-existing column 'nope'.",
        ),
        ("sqlite", t, "CREATE TABLE u (a int, CHECK (nope > 0))", "fails SQLITE_ERROR no such column: nope"),
        ("sqlite", t, "CREATE TABLE u (a int, CHECK (a > \"nope\" AND rowid > 0))", "create_table u"),
    ]);
}

#[test]
fn constraints_of_sqlite() {
    let t = "CREATE TABLE t (a int CONSTRAINT pos CHECK (a > 0), b int CONSTRAINT once UNIQUE)";
    let new = "sqlite:3.53";
    check(&[
        ("sqlite:3.52", t, "ALTER TABLE t ADD CONSTRAINT c CHECK (b > 0)", "fails SQLITE_ERROR near \"CONSTRAINT\": syntax error"),
        ("sqlite", t, "ALTER TABLE t ADD CONSTRAINT c CHECK (b > 0)", "add_constraint t.c; depends on data"),
        (new, t, "ALTER TABLE t ADD CONSTRAINT c CHECK (b > 0)", "add_constraint t.c; depends on data"),
        (new, t, "ALTER TABLE t ADD CONSTRAINT c UNIQUE (a)", "fails SQLITE_ERROR near \"UNIQUE\": syntax error"),
        (new, "", "CREATE TABLE u (a int CONSTRAINT same CHECK (a > 0), b int CONSTRAINT same CHECK (b > 0))", "create_table u"),
        (new, t, "ALTER TABLE t ADD CONSTRAINT pos CHECK (b > 0)", "fails SQLITE_ERROR constraint pos already exists"),
        (new, t, "ALTER TABLE t DROP CONSTRAINT pos", "drop_constraint t.pos"),
        (new, t, "ALTER TABLE t DROP CONSTRAINT once", "fails SQLITE_ERROR constraint may not be dropped: once"),
        (new, t, "ALTER TABLE t DROP CONSTRAINT nix", "fails SQLITE_ERROR no such constraint: nix"),
    ]);
}

#[test]
fn what_depends_on_it() {
    let view =
        "CREATE TABLE t (a int PRIMARY KEY, b text, c int); CREATE VIEW v AS SELECT a, b FROM t; CREATE TABLE u (t_a int REFERENCES t)";
    check(&[
        ("postgres", view, "ALTER TABLE t DROP COLUMN b", "fails 2BP01 cannot drop column b of table t because other objects depend on it"),
        ("postgres", view, "ALTER TABLE t DROP COLUMN c", "drop_column t.c"),
        ("postgres", view, "ALTER TABLE t DROP COLUMN b CASCADE", "drop_view v (cascaded); drop_column t.b"),
        ("postgres", view, "DROP TABLE t", "fails 2BP01 cannot drop table t because other objects depend on it"),
        ("postgres", view, "DROP TABLE t CASCADE", "drop_view v (cascaded); drop_constraint u.u_t_a_fkey (cascaded); drop_table t"),
        ("postgres", view, "ALTER TABLE t ALTER b TYPE varchar(9)", "fails 0A000 cannot alter type of a column used by a view or rule"),
        ("mysql", view, "DROP VIEW w", "fails 4092 Unknown VIEW: 'w'"),
        ("sqlite", view, "ALTER TABLE t DROP COLUMN b", "fails SQLITE_ERROR error in view v after drop column: no such column: b"),
    ]);
}

#[test]
fn transactions() {
    let t = "CREATE TABLE t (a int, b int)";
    let half = "ALTER TABLE t DROP COLUMN b; ALTER TABLE nowhere ADD c int";
    check(&[
        ("postgres", t, half, "fails 42P01 relation \"nowhere\" does not exist"),
        ("mariadb", t, half, "drop_column t.b; fails 1146 Table 'nowhere' doesn't exist"),
        ("sqlite", t, half, "drop_column t.b; fails SQLITE_ERROR no such table: nowhere"),
        (
            "sqlite",
            t,
            "BEGIN; ALTER TABLE t DROP COLUMN b; ALTER TABLE nowhere ADD c int; COMMIT",
            "fails SQLITE_ERROR no such table: nowhere",
        ),
        ("postgres", t, "BEGIN; DROP TABLE t; ROLLBACK", ""),
        (
            "postgres",
            t,
            "BEGIN; ALTER TABLE t DROP b; COMMIT; DROP TABLE nowhere",
            "drop_column t.b; fails 42P01 table \"nowhere\" does not exist",
        ),
        ("postgres", t, "CREATE INDEX CONCURRENTLY i ON t (a)", "create_index t.i"),
        (
            "postgres",
            t,
            "SELECT 1; CREATE INDEX CONCURRENTLY i ON t (a)",
            "fails 25001 CREATE INDEX CONCURRENTLY cannot run inside a transaction block",
        ),
    ]);
    let options = ApplyOptions { autocommit: true, ..ApplyOptions::default() };
    let (after, applied) = apply(&before("postgres", t), half, &options);
    assert_eq!(summary(&applied), "drop_column t.b; fails 42P01 relation \"nowhere\" does not exist");
    assert_eq!(after.find_table(None, "t").map(|t| t.columns.len()), Some(1));
}

#[test]
fn rows_are_witnesses() {
    let t = "CREATE TABLE t (a int PRIMARY KEY, b varchar(9), c int); INSERT INTO t VALUES (1, 'x', 5), (2, NULL, 5)";
    check(&[
        (
            "postgres",
            t,
            "ALTER TABLE t ALTER b SET NOT NULL",
            "set_not_null t.b; may fail 23502 column \"b\" of relation \"t\" contains null values",
        ),
        (
            "postgres",
            t,
            "UPDATE t SET b = '?' WHERE b IS NULL; ALTER TABLE t ALTER b SET NOT NULL",
            "update_rows t; set_not_null t.b; depends on data",
        ),
        ("postgres", t, "CREATE UNIQUE INDEX u ON t (c)", "create_index t.u; may fail 23505 could not create unique index \"u\""),
        (
            "postgres",
            t,
            "ALTER TABLE t ADD CHECK (c > 9)",
            "add_constraint t.t_c_check; may fail 23514 check constraint \"t_c_check\" of relation \"t\" is violated by some row",
        ),
        (
            "sqlite",
            t,
            "CREATE UNIQUE INDEX u ON t (c)",
            "create_index t.u; may fail SQLITE_CONSTRAINT_UNIQUE UNIQUE constraint failed: t.c",
        ),
        (
            "postgres",
            t,
            "ALTER TABLE t ADD d int NOT NULL",
            "add_column t.d; may fail 23502 column \"d\" of relation \"t\" contains null values",
        ),
        ("mariadb", t, "ALTER TABLE t ADD d int NOT NULL", "add_column t.d"),
    ]);
}

#[test]
fn implied_names() {
    let ddl = "CREATE TABLE t (id serial PRIMARY KEY, a int UNIQUE CHECK (a > 0), b int REFERENCES t, CHECK (a < b), UNIQUE (a, b)); CREATE INDEX ON t (a); CREATE INDEX ON t (lower(a::text))";
    let schema = before("postgres", ddl);
    let t = schema.find_table(None, "t").expect("t");
    let constraints: Vec<&str> = t.constraints.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(constraints, ["t_pkey", "t_a_key", "t_a_b_key", "t_a_check", "t_check", "t_b_fkey"]);
    let indexes: Vec<&str> = t.indexes.iter().map(|i| i.name.as_str()).collect();
    assert_eq!(indexes, ["t_pkey", "t_a_key", "t_a_b_key", "t_a_idx", "t_lower_idx"]);
    assert_eq!(t.columns[0].default.as_deref(), Some("nextval('t_id_seq'::regclass)"));
    let schema = before(
        "mariadb",
        "CREATE TABLE t (id int PRIMARY KEY, a int, b int, KEY (a), KEY (a, b), CHECK (a > 0), FOREIGN KEY (b) REFERENCES t (id))",
    );
    let t = schema.find_table(None, "t").expect("t");
    let indexes: Vec<&str> = t.indexes.iter().map(|i| i.name.as_str()).collect();
    assert_eq!(indexes, ["PRIMARY", "a", "a_2", "b"]);
    assert!(t.constraints.iter().any(|c| c.name == "CONSTRAINT_1"));
}

#[test]
fn renames_are_followed_where_the_engine_follows_them() {
    let ddl = "CREATE TABLE t (a int PRIMARY KEY, b int CHECK (b > 0)); CREATE VIEW v AS SELECT b FROM t WHERE t.b > 1";
    let migration = "ALTER TABLE t RENAME COLUMN b TO c; ALTER TABLE t RENAME TO u";
    let view = |engine: &str| {
        let (after, applied) = apply(&before(engine, ddl), migration, &ApplyOptions::default());
        assert_eq!(applied.error, None, "{engine}");
        let view = after.find_table(None, "v").and_then(|t| t.view().cloned()).expect("v");
        (view.query, view.column_names, view.broken)
    };
    let (query, names, broken) = view("postgres");
    assert_eq!((query.as_str(), names, broken), ("SELECT c FROM u WHERE u.c > 1", vec!["b".to_string()], None));
    assert_eq!(view("sqlite").0, "SELECT c FROM u WHERE u.c > 1");
    let (query, _, broken) = view("mariadb");
    assert_eq!(query, "SELECT b FROM t WHERE t.b > 1");
    assert!(broken.is_some());
}

#[test]
fn identities_survive_renames_and_not_re_creation() {
    let schema = before("postgres", "CREATE TABLE t (a int, b int)");
    let id = |s: &Schema, t: &str, c: &str| s.find_table(None, t).and_then(|t| t.column(s.dialect, c)).map(|c| c.id);
    let (after, _) = apply(
        &schema,
        "ALTER TABLE t RENAME a TO z; ALTER TABLE t RENAME TO u; ALTER TABLE u ALTER z TYPE bigint",
        &ApplyOptions::default(),
    );
    assert_eq!(id(&schema, "t", "a"), id(&after, "u", "z"));
    let (after, _) = apply(&schema, "ALTER TABLE t DROP b; ALTER TABLE t ADD b int", &ApplyOptions::default());
    assert_ne!(id(&schema, "t", "b"), id(&after, "t", "b"));
}

#[test]
fn an_open_schema_has_what_the_migration_takes_for_granted() {
    let open = Schema::open("postgres".parse().expect("a dialect"));
    let migration =
        "ALTER TABLE users DROP COLUMN email; ALTER TABLE users RENAME COLUMN a TO b; DROP TABLE old; CREATE TABLE fresh (id int)";
    let (_, applied) = apply(&open, migration, &ApplyOptions::default());
    assert_eq!(summary(&applied), "drop_column users.email; rename_column users.a to b; drop_table old; create_table fresh");
    let before = presuppose(&open, migration, &ApplyOptions::default());
    let users = before.find_table(None, "users").expect("users");
    assert!(users.open);
    assert_eq!(users.columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["email", "a"]);
    assert!(before.find_table(None, "old").is_some() && before.find_table(None, "fresh").is_none());
    let (_, again) = apply(&before, migration, &ApplyOptions::default());
    assert_eq!(summary(&again), summary(&applied));
}

#[test]
fn errors_of_a_history_are_problems() {
    let mut schema = Schema::empty("postgres".parse().expect("a dialect"));
    let options = ApplyOptions { lenient: true, ..ApplyOptions::default() };
    let applied = apply_in_place(&mut schema, "CREATE TABLE a (x int);\nDROP TABLE b;\nCREATE TABLE c (y int);", &options);
    assert_eq!(applied.outcome, Outcome::Ok);
    assert_eq!(
        applied.problems.iter().map(|p| (p.line, p.message.as_str())).collect::<Vec<_>>(),
        [(Some(2), "table \"b\" does not exist")]
    );
    assert!(schema.find_table(None, "c").is_some());

    let script = "CREATE TABLE d (x int REFERENCES gone (id), CHECK (nope > 0));\nALTER TABLE d ADD y int;";
    for (engine, expected) in [
        (
            "postgres",
            &["a foreign key of d refers to gone, which does not exist; the engine refuses it", "column \"nope\" does not exist"][..],
        ),
        ("sqlite", &["no such column: nope"][..]),
    ] {
        let mut schema = Schema::empty(engine.parse().expect("a dialect"));
        let applied = apply_in_place(&mut schema, script, &options);
        let mut found: Vec<&str> = applied.problems.iter().map(|p| p.message.as_str()).collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{engine}");
        assert_eq!(schema.find_table(None, "d").map(|t| t.columns.len()), Some(2), "{engine}");
        let mut open = Schema::open(engine.parse().expect("a dialect"));
        let applied = apply_in_place(&mut open, "CREATE TABLE d (x int REFERENCES gone (id));", &options);
        assert_eq!(applied.problems, [], "{engine}");
    }
}

#[test]
fn a_schema_reads_as_ddl() {
    let ddl = "CREATE TYPE mood AS ENUM ('a', 'b''c'); CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \"Odd\" mood DEFAULT 'a', n numeric(10,2) NOT NULL);
        CREATE UNIQUE INDEX i ON t (n DESC) WHERE n > 0; CREATE VIEW v AS SELECT * FROM t";
    let expected = "\
-- postgres
CREATE TYPE mood AS ENUM ('a', 'b''c');
CREATE TABLE t (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    \"Odd\" mood DEFAULT 'a',
    n numeric(10,2) NOT NULL,
    CONSTRAINT t_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX i ON t (n DESC) WHERE n > 0;
CREATE VIEW v AS SELECT id, \"Odd\", n FROM t;
";
    assert_eq!(schema_sql(&before("postgres", ddl)).replace("public.", ""), expected);
}

#[test]
fn bodies_with_semicolons_are_one_statement() {
    let mysql = "DELIMITER ;;\nCREATE TABLE t (a int)\n;;\nCREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW BEGIN IF NEW.a > 1 THEN SET NEW.a = 1; END IF; SET @x = IF(1, 2, 3); END ;;\nDELIMITER ;\nCREATE TABLE u (b int);";
    let schema = before("mariadb", mysql);
    assert_eq!(schema.find_table(None, "t").map(|t| t.triggers.len()), Some(1));
    assert!(schema.find_table(None, "u").is_some());
    let sqlite = "CREATE TABLE t (a int); CREATE TRIGGER tr AFTER UPDATE ON t BEGIN UPDATE t SET a = CASE WHEN a > 1 THEN 1 ELSE 2 END; DELETE FROM t; END; CREATE TABLE u (b int)";
    assert!(before("sqlite", sqlite).find_table(None, "u").is_some());
    let postgres = "CREATE TABLE t (a int); CREATE FUNCTION f(i int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT a FROM t WHERE a = i; SELECT 2; END; CREATE TABLE u (b int)";
    assert!(before("postgres", postgres).find_table(None, "u").is_some());
}

#[test]
fn nothing_panics_on_broken_text() {
    let texts = [
        "ALTER TABLE",
        "CREATE TABLE t (",
        "CREATE TABLE t (a int, ,",
        "ALTER TABLE t ADD",
        "ALTER TABLE t ALTER COLUMN",
        "CREATE INDEX ON",
        "DROP",
        "DROP TABLE",
        "GRANT",
        "REVOKE ALL ON",
        "CREATE TRIGGER x",
        "CREATE FUNCTION f(",
        "CREATE VIEW v AS",
        "CREATE TYPE t AS ENUM (",
        "COMMENT ON",
        "RENAME TABLE a",
        "ALTER TYPE s ADD VALUE",
        "CREATE POLICY p ON",
        "CREATE TABLE \u{e000} (a int)",
        "ALTER TABLE t DROP \u{e000}",
        "CREATE TABLE t (a é 'x') é",
        "CREATE TABLE t PARTITION OF",
        "ALTER SEQUENCE",
        "CREATE TABLE a (b int DEFAULT",
        "ALTER TABLE a RENAME",
        "CREATE DOMAIN d",
        "DO $$",
        "COPY t FROM stdin;",
    ];
    for engine in ["postgres", "mysql", "mariadb", "sqlite"] {
        for text in texts {
            for base in [Schema::empty(engine.parse().expect("a dialect")), Schema::open(engine.parse().expect("a dialect"))] {
                let (after, _) = apply(&base, text, &ApplyOptions::default());
                let _ = schema_sql(&after);
            }
        }
    }
}
