//! Relations that every database of an engine has.

use super::postgres::catalog;
use crate::model::dialect::Engine;
use crate::model::schema::Schema;

/// Whether a relation is one that the engine itself brings. `schema` is the qualifier, folded.
pub fn is_system_relation(schema: &Schema, qualifier: Option<&str>, name: &str) -> bool {
    match schema.dialect.engine {
        Engine::Postgres => match qualifier {
            Some(q) => is_system_schema(Engine::Postgres, q),
            None => {
                name.starts_with("pg_") && catalog().relation(name).is_none_or(|e| schema.extensions.iter().any(|x| x == e))
                    || POSTGIS.contains(&name) && schema.extensions.iter().any(|x| x.starts_with("postgis"))
            }
        },
        Engine::MySql | Engine::MariaDb => {
            qualifier.is_some_and(|q| is_system_schema(schema.dialect.engine, q)) || name.eq_ignore_ascii_case("dual")
        }
        Engine::Sqlite => {
            let name = name.to_ascii_lowercase();
            name.starts_with("sqlite_") || name.starts_with("pragma_") || SQLITE_TABLES.contains(&name.as_str())
        }
    }
}

const POSTGIS: &[&str] = &["spatial_ref_sys", "geometry_columns", "geography_columns"];
const SQLITE_TABLES: &[&str] = &["json_each", "json_tree", "generate_series", "dbstat", "bytecode", "tables_used"];

/// Whether a schema or database is the engine's own.
pub fn is_system_schema(engine: Engine, name: &str) -> bool {
    match engine {
        Engine::Postgres => matches!(name, "pg_catalog" | "information_schema" | "pg_toast") || name.starts_with("pg_temp"),
        Engine::MySql | Engine::MariaDb => {
            ["mysql", "information_schema", "performance_schema", "sys"].iter().any(|s| s.eq_ignore_ascii_case(name))
        }
        Engine::Sqlite => false,
    }
}

/// System columns of PostgreSQL tables, with their types.
pub fn postgres_system_column(name: &str) -> Option<&'static str> {
    Some(match name {
        "ctid" => "tid",
        "xmin" | "xmax" => "xid",
        "cmin" | "cmax" => "cid",
        "tableoid" => "oid",
        _ => return None,
    })
}

/// Names that stand for the rowid of an SQLite table.
pub fn is_sqlite_rowid(name: &str) -> bool {
    ["rowid", "oid", "_rowid_"].iter().any(|n| n.eq_ignore_ascii_case(name))
}
