//! Whole repositories as lists of files.

use super::find::{Found, Hints, histories};
use crate::model::project::{FileKind, Service, SourceFile};
use crate::model::statement::Scope;
use std::collections::BTreeMap;

/// The histories among files given as (path, text).
fn found(files: &[(&str, &str)], services: &[Service]) -> Found {
    let texts: BTreeMap<String, String> = files.iter().map(|(p, t)| (p.to_string(), t.to_string())).collect();
    let list: Vec<SourceFile> = texts
        .keys()
        .map(|path| SourceFile {
            path: path.clone(),
            kind: if path.ends_with(".sql") { FileKind::Sql } else { FileKind::Source(crate::model::facts::Language::Python) },
            scope: if path.starts_with("tests/") { Scope::Test } else { Scope::Production },
            service: 0,
            size: 1,
            mtime: 0,
            blob: None,
            owners: None,
        })
        .collect();
    let read =
        |path: &str| texts.get(path).map(|t| t.clone().into_bytes()).ok_or_else(|| std::io::Error::from(std::io::ErrorKind::NotFound));
    histories(&list, &read, &Hints { repository: "shop", services, ..Hints::default() })
}

/// `name engine format folder: files` per history, and problems.
fn shown(files: &[(&str, &str)]) -> Vec<String> {
    let found = found(files, &[]);
    let mut lines = Vec::new();
    for database in &found.databases {
        for history in &database.histories {
            let files: Vec<&str> =
                history.files.iter().map(|f| f.strip_prefix(&history.folder).unwrap_or(f).trim_start_matches('/')).collect();
            lines.push(format!("{} {} {} {}: {}", database.name, history.dialect, history.format, history.folder, files.join(" ")));
        }
    }
    lines.extend(found.problems.into_iter().map(|p| p.message));
    lines
}

const DDL: &str = "CREATE TABLE a (b int);";

#[test]
fn formats_are_told_apart() {
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);
    let cases: &[Case] = &[
        (
            &[("db/migrations/10_b.up.sql", DDL), ("db/migrations/9_a.up.sql", DDL), ("db/migrations/9_a.down.sql", DDL)],
            &["shop postgres golang-migrate db/migrations: 9_a.up.sql 10_b.up.sql"],
        ),
        (
            &[("prisma/migrations/20240101000000_a/migration.sql", DDL), ("prisma/migrations/migration_lock.toml", "provider = \"mysql\"")],
            &["shop mysql prisma prisma/migrations: 20240101000000_a/migration.sql"],
        ),
        (
            &[
                ("drizzle/0001_b.sql", DDL),
                ("drizzle/0000_a.sql", DDL),
                ("drizzle/0002_gone.sql", DDL),
                ("drizzle/meta/_journal.json", r#"{"dialect": "sqlite", "entries": [{"tag": "0000_a"}, {"tag": "0001_b"}]}"#),
            ],
            &[
                "shop sqlite drizzle drizzle: 0000_a.sql 0001_b.sql",
                "drizzle/0002_gone.sql is not in meta/_journal.json; it is left out of the history",
            ],
        ),
        (
            &[("m/migrations/00001_a.sql", "-- +goose Up\nCREATE TABLE a (b int);\n-- +goose Down\nDROP TABLE a;")],
            &["shop postgres goose m/migrations: 00001_a.sql"],
        ),
        (
            &[
                ("db/migration/V2__b.sql", DDL),
                ("db/migration/V1_1__a.sql", DDL),
                ("db/migration/R__v.sql", DDL),
                ("db/migration/x/V10__c.sql", DDL),
            ],
            &["shop postgres flyway db/migration: V1_1__a.sql V2__b.sql x/V10__c.sql R__v.sql"],
        ),
        (
            &[("Cargo.toml", "[dependencies]\nrefinery = \"0.8\""), ("migrations/V1__a.sql", DDL), ("migrations/U2__b.sql", DDL)],
            &["shop postgres refinery migrations: V1__a.sql U2__b.sql"],
        ),
        (
            &[("Cargo.toml", "[dependencies]\nsqlx = \"0.8\""), ("migrations/20240101_a.sql", DDL), ("migrations/20240102_b.up.sql", DDL)],
            &["shop postgres sqlx migrations: 20240101_a.sql 20240102_b.up.sql"],
        ),
        (
            &[
                ("sqitch.plan", "%project=x\n\nb 2024-01-01T00:00:00Z A <a@b> # b\na [b] 2024-01-02T00:00:00Z A <a@b> # a\n"),
                ("deploy/a.sql", DDL),
                ("deploy/b.sql", DDL),
                ("revert/a.sql", DDL),
            ],
            &["shop postgres sqitch : deploy/b.sql deploy/a.sql"],
        ),
        (
            &[
                ("store/migration/mysql/0.9/01__b.sql", DDL),
                ("store/migration/mysql/0.10/00__c.sql", DDL),
                ("store/migration/sqlite/0.9/01__b.sql", DDL),
                ("store/migration/sqlite/0.10/00__c.sql", DDL),
            ],
            &[
                "shop mysql plain store/migration/mysql: 0.9/01__b.sql 0.10/00__c.sql",
                "shop sqlite plain store/migration/sqlite: 0.9/01__b.sql 0.10/00__c.sql",
            ],
        ),
        (
            &[("db/migrate/1-a.sql", DDL), ("db/migrate/2-b-postgres.sql", DDL), ("db/migrate/2-b-sqlite.sql", DDL)],
            &["shop postgres plain db/migrate: 1-a.sql 2-b-postgres.sql", "shop sqlite plain db/migrate: 1-a.sql 2-b-sqlite.sql"],
        ),
        (&[("src/migrations/readme.sql", "SELECT 1;"), ("queries/01_a.sql", "SELECT 1;"), ("queries/02_b.sql", "SELECT 2;")], &[]),
        (
            &[("ch/migrations/clickhouse/0001_a.up.sql", DDL)],
            &["ch/migrations/clickhouse: a history for clickhouse (folder clickhouse) is left out; that engine is not supported"],
        ),
        (
            &[("app/migrations/0001_initial.py", "class Migration(migrations.Migration):\n    pass"), ("app/migrations/__init__.py", "")],
            &["a history of code migrations (Django migrations, 1 file) is not replayed"],
        ),
        (
            &[
                ("a/migrations/0001_initial.py", "class Migration(migrations.Migration):\n    pass"),
                ("a/migrations/0002_more.py", "class Migration(migrations.Migration):\n    pass"),
                ("b/migrations/0001_initial.py", "class Migration(migrations.Migration):\n    pass"),
                ("c/migrations/0001_initial.py", "class Migration(migrations.Migration):\n    pass"),
                ("d/migrations/0001_initial.py", "class Migration(migrations.Migration):\n    pass"),
            ],
            &[
                "4 histories of code migrations (Django migrations, 5 files) are not replayed: a/migrations, b/migrations, c/migrations, 1 more",
            ],
        ),
        (
            &[
                ("schema/delta/9/00_b.sql", DDL),
                ("schema/delta/9/01_a.sql", DDL),
                ("schema/delta/54/users.sql", DDL),
                ("schema/delta/54/drop_user.sql", DDL),
                ("schema/delta/54/2_first.sql", DDL),
                ("schema/delta/100/a.sql", DDL),
            ],
            &["shop postgres plain schema/delta: 9/00_b.sql 9/01_a.sql 54/2_first.sql 54/drop_user.sql 54/users.sql 100/a.sql"],
        ),
        (
            &[("examples/1/schema_a.sql", DDL), ("examples/2/schema_b.sql", DDL), ("migrations/1_a.sql", DDL)],
            &["shop postgres plain migrations: 1_a.sql"],
        ),
        (&[("tests/migrations/1_a.sql", DDL), ("migrations/1_a.sql", DDL)], &["shop postgres plain migrations: 1_a.sql"]),
        (&[("db/schema.sql", "CREATE TABLE a (id bigserial);")], &["shop postgres dump db: schema.sql"]),
        (&[("migrations/a.sql", DDL), ("migrations/b.sql", DDL)], &["shop postgres plain migrations: a.sql b.sql"]),
    ];
    for (files, expected) in cases {
        assert_eq!(shown(files), *expected, "{files:?}");
    }
}

#[test]
fn databases_are_named_by_their_service() {
    let service = |name: &str, path: &str| Service { name: name.into(), path: path.into(), ..Service::default() };
    let services = [service("orders", "services/orders"), service("billing", "services/billing")];
    let files = [("services/orders/migrations/1_a.sql", DDL), ("services/billing/db/migrations/1_a.sql", DDL)];
    let found = found(&files, &services);
    let names: Vec<(&str, &[String])> = found.databases.iter().map(|d| (d.name.as_str(), d.services.as_slice())).collect();
    assert_eq!(names, [("billing", &["billing".to_string()][..]), ("orders", &["orders".to_string()][..])]);
}
