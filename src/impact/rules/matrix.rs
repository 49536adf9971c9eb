//! Kinds of change by kinds of statement: what each pair gives, as a reviewed table.

use crate::impact::check_statements;
use crate::model::dialect::{Dialect, Engine};
use crate::model::schema::Schema;
use crate::sql::apply::{ApplyOptions, apply};
use std::fmt::Write;
use std::path::Path;

const SCHEMA: &str = "
CREATE TYPE state AS ENUM ('new', 'paid', 'sent');
CREATE TABLE users (id integer PRIMARY KEY, email text NOT NULL, name text, city varchar(40), active boolean NOT NULL DEFAULT true);
CREATE TABLE orders (id integer PRIMARY KEY, user_id integer NOT NULL, total numeric(10,2) NOT NULL, st state NOT NULL DEFAULT 'new', note text, CONSTRAINT total_pos CHECK (total >= 0), CONSTRAINT orders_note_key UNIQUE (note));
CREATE VIEW rich AS SELECT id, email, city FROM users WHERE active;
";

const CHANGES: &[&str] = &[
    "ALTER TABLE users DROP COLUMN name",
    "ALTER TABLE users RENAME COLUMN city TO town",
    "ALTER TABLE users RENAME TO people",
    "ALTER TABLE users RENAME TO people; CREATE VIEW users AS SELECT * FROM people",
    "DROP TABLE orders",
    "ALTER TABLE users ADD COLUMN phone text",
    "ALTER TABLE users ADD COLUMN phone text NOT NULL",
    "ALTER TABLE users ADD COLUMN total integer NOT NULL DEFAULT 0",
    "ALTER TABLE users ALTER COLUMN name SET NOT NULL",
    "ALTER TABLE users ALTER COLUMN email DROP NOT NULL",
    "ALTER TABLE users ALTER COLUMN active DROP DEFAULT",
    "ALTER TABLE orders ALTER COLUMN user_id TYPE bigint",
    "ALTER TABLE orders ALTER COLUMN total TYPE numeric(12,4)",
    "ALTER TABLE orders ALTER COLUMN note TYPE varchar(20)",
    "ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE (email)",
    "ALTER TABLE orders DROP CONSTRAINT orders_note_key",
    "ALTER TABLE orders ADD CONSTRAINT small CHECK (total < 1000)",
    "ALTER TABLE orders DROP CONSTRAINT total_pos",
    "ALTER TABLE orders ADD CONSTRAINT fk FOREIGN KEY (user_id) REFERENCES users (id)",
    "ALTER TYPE state RENAME VALUE 'sent' TO 'shipped'",
    "ALTER TYPE state ADD VALUE 'lost'",
    "CREATE INDEX users_city ON users (city)",
    "DROP VIEW rich; CREATE VIEW rich AS SELECT id, email, city FROM users",
    "UPDATE users SET city = 'x' WHERE city IS NULL",
    "ALTER TABLE users ALTER COLUMN city SET DEFAULT 'x'",
    "COMMENT ON TABLE users IS 'x'",
];

const STATEMENTS: &[&str] = &[
    "SELECT id, email FROM users WHERE id = $1",
    "SELECT * FROM users",
    "SELECT u.name, u.city FROM users u ORDER BY u.name",
    "SELECT u.id, total FROM users u JOIN orders o ON o.user_id = u.id",
    "SELECT count(*) AS n FROM orders WHERE note = $1",
    "SELECT sum(total) AS s FROM orders WHERE st = 'sent'",
    "SELECT email FROM rich WHERE city = $1",
    "INSERT INTO users (id, email) VALUES ($1, $2)",
    "INSERT INTO users VALUES ($1, $2, $3, $4, true)",
    "INSERT INTO orders (id, user_id, total, note) VALUES ($1, $2, 5, $3) ON CONFLICT (note) DO NOTHING",
    "UPDATE users SET name = $1, city = NULL WHERE id = $2",
    "UPDATE orders SET total = total + 1 WHERE id = $1 RETURNING total",
    "DELETE FROM users WHERE id = $1",
];

#[test]
fn changes_by_statements() {
    let dialect = Dialect::of(Engine::Postgres);
    let (before, built) = apply(&Schema::empty(dialect), SCHEMA, &ApplyOptions::default());
    assert_eq!(built.error, None);
    let mut table = String::from("# What each change does to each statement; safe pairs are left out. UPDATE_EXPECT=1 writes this file.\n");
    for change in CHANGES {
        let (after, applied) = apply(&before, change, &ApplyOptions::default());
        let _ = writeln!(table, "\n{change}");
        if let Some(error) = &applied.error {
            let _ = writeln!(table, "  ! {:?}: {}", applied.outcome, error.message);
        }
        for statement in STATEMENTS {
            for finding in check_statements(statement, "s.sql", &before, &after, &applied.changes, &["m.sql".to_string()]) {
                if finding.rule.is_empty() {
                    continue;
                }
                let effect = format!("{:?}", finding.effect);
                let also: Vec<&str> = finding.also.iter().map(|a| a.rule.as_str()).collect();
                let also = if also.is_empty() { String::new() } else { format!(" (also {})", also.join(", ")) };
                let prepared = if finding.prepared_effect == finding.effect {
                    String::new()
                } else {
                    format!(", prepared {:?}", finding.prepared_effect)
                };
                let _ = writeln!(table, "  {effect:13} {statement}\n                {}{also}{prepared}: {}", finding.rule, finding.message);
            }
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rules/matrix.snap");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &table).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == table, "{} differs; UPDATE_EXPECT=1 rewrites it\n{table}", path.display());
}
