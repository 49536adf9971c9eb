//! Random schemas, and random changes of them.

use super::random::Random;
use impact::model::dialect::Engine;
use std::fmt::Write;

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Int,
    Big,
    Text,
    Short,
    Flag,
    Amount,
    Moment,
    Day,
    Choice,
}

pub const KINDS: &[Kind] =
    &[Kind::Int, Kind::Big, Kind::Text, Kind::Short, Kind::Flag, Kind::Amount, Kind::Moment, Kind::Day, Kind::Choice];

impl Kind {
    pub fn sql(self, engine: Engine) -> &'static str {
        let postgres = engine == Engine::Postgres;
        match self {
            Kind::Int => "integer",
            Kind::Big => "bigint",
            Kind::Text => "text",
            Kind::Short => "varchar(40)",
            Kind::Flag => "boolean",
            Kind::Amount => "numeric(10,2)",
            Kind::Moment if postgres => "timestamptz",
            Kind::Moment => "datetime",
            Kind::Day => "date",
            Kind::Choice if postgres => "mood",
            Kind::Choice if engine == Engine::MariaDb => "enum('low','high')",
            Kind::Choice => "varchar(10)",
        }
    }

    pub fn literal(self) -> &'static str {
        match self {
            Kind::Int | Kind::Big => "7",
            Kind::Text | Kind::Short => "'seven'",
            Kind::Flag => "true",
            Kind::Amount => "7.5",
            Kind::Moment => "'2024-02-03 04:05:06'",
            Kind::Day => "'2024-02-03'",
            Kind::Choice => "'low'",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Column {
    pub name: &'static str,
    pub kind: Kind,
    pub required: bool,
    pub default: bool,
}

#[derive(Clone, Debug)]
pub struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    pub unique: Option<&'static str>,
    /// The query of a view.
    pub view: Option<String>,
}

pub const COLUMNS: &[&str] = &["id", "name", "note", "total", "state", "made_at", "owner_id", "code", "active", "day"];

pub fn schema(r: &mut Random, engine: Engine) -> (Vec<Table>, String) {
    let mut tables: Vec<Table> = Vec::new();
    let mut sql = String::new();
    if engine == Engine::Postgres {
        sql.push_str("CREATE TYPE mood AS ENUM ('low', 'high');\n");
    }
    for name in ["people", "orders", "parts", "tags"].iter().take(2 + r.below(3)) {
        let mut columns =
            vec![Column { name: "id", kind: if r.percent(50) { Kind::Int } else { Kind::Big }, required: true, default: false }];
        for column in &COLUMNS[1..] {
            if r.percent(50) {
                columns.push(Column { name: column, kind: *r.of(KINDS), required: r.percent(30), default: r.percent(30) });
            }
        }
        let unique = r.percent(40).then(|| r.of(&columns).name).filter(|u| {
            let kind = columns.iter().find(|c| c.name == *u).map(|c| c.kind);
            *u != "id" && kind != Some(Kind::Text)
        });
        let _ = write!(sql, "CREATE TABLE {name} (");
        for (i, c) in columns.iter().enumerate() {
            let _ = write!(sql, "{}{}", if i > 0 { ", " } else { "" }, definition(c, engine));
        }
        sql.push_str(", PRIMARY KEY (id)");
        if let Some(unique) = unique {
            let _ = write!(sql, ", CONSTRAINT {name}_{unique}_key UNIQUE ({unique})");
        }
        sql.push_str(");\n");
        tables.push(Table { name: name.to_string(), columns, unique, view: None });
    }
    if r.percent(40) {
        let of = r.of(&tables).clone();
        let columns: Vec<Column> = of.columns.iter().filter(|_| r.percent(70)).cloned().collect();
        let list: Vec<&str> = columns.iter().map(|c| c.name).collect();
        if !list.is_empty() {
            let query = format!("SELECT {} FROM {}", list.join(", "), of.name);
            let _ = writeln!(sql, "CREATE VIEW recent AS {query};");
            tables.push(Table { name: "recent".into(), columns, unique: None, view: Some(query) });
        }
    }
    (tables, sql)
}

fn definition(c: &Column, engine: Engine) -> String {
    let required = if c.required { " NOT NULL" } else { "" };
    // MariaDB gives TEXT no literal default before 10.2, and PostgreSQL wants the enum's own.
    let default = if c.default { format!(" DEFAULT {}", c.kind.literal()) } else { String::new() };
    format!("{} {}{default}{required}", c.name, c.kind.sql(engine))
}

/// One or two changes.
pub fn migration(r: &mut Random, tables: &[Table], engine: Engine) -> String {
    let mut sql = String::new();
    for _ in 0..1 + usize::from(r.percent(30)) {
        let real: Vec<&Table> = tables.iter().filter(|t| t.view.is_none()).collect();
        let table = *r.of(&real);
        let t = &table.name;
        let column = r.of(&table.columns).clone();
        let c = column.name;
        let new = *r.of(COLUMNS);
        let kind = r.of(KINDS).sql(engine);
        let line = match (r.below(14), engine) {
            (0..=2, _) => {
                format!("ALTER TABLE {t} DROP COLUMN {c}{}", if engine == Engine::Postgres && r.percent(40) { " CASCADE" } else { "" })
            }
            (3 | 4, _) => format!("ALTER TABLE {t} RENAME COLUMN {c} TO {new}"),
            (5, _) => format!("ALTER TABLE {t} RENAME TO moved"),
            (6 | 7, _) => {
                let column = Column { name: new, kind: *r.of(KINDS), required: r.percent(40), default: r.percent(60) };
                format!("ALTER TABLE {t} ADD COLUMN {}", definition(&column, engine))
            }
            (8, Engine::Postgres) => format!("DROP TABLE {t} CASCADE"),
            (8, _) => format!("DROP TABLE {t}"),
            (9, Engine::Postgres) => format!("ALTER TABLE {t} ALTER COLUMN {c} TYPE {kind} USING {c}::text::{kind}"),
            (9, Engine::MariaDb) => format!("ALTER TABLE {t} MODIFY COLUMN {c} {kind}"),
            (10, Engine::Postgres) => format!("ALTER TABLE {t} ALTER COLUMN {c} {} NOT NULL", if column.required { "DROP" } else { "SET" }),
            (11, Engine::Postgres) if table.unique.is_some() => {
                format!("ALTER TABLE {t} DROP CONSTRAINT {t}_{}_key", table.unique.unwrap_or_default())
            }
            (11, Engine::MariaDb) if table.unique.is_some() => {
                format!("ALTER TABLE {t} DROP INDEX {t}_{}_key", table.unique.unwrap_or_default())
            }
            (12, _) => format!(
                "CREATE UNIQUE INDEX {t}_added ON {t} ({c}{})",
                if engine == Engine::MariaDb && column.kind == Kind::Text { "(20)" } else { "" }
            ),
            (13, _) if tables.iter().any(|t| t.view.is_some()) => "DROP VIEW recent".to_string(),
            _ => format!("ALTER TABLE {t} RENAME COLUMN {c} TO {c}_new"),
        };
        let _ = writeln!(sql, "{line};");
    }
    sql
}
