//! From a type as written to the type as the engine's catalogue names it.

use crate::model::dialect::Engine;
use crate::model::object::ObjectName;
use crate::model::schema::Schema;
use crate::model::types::DataType;
use crate::sql::ast::TypeName;

/// The canonical type of a written one: PostgreSQL as `format_type` prints it (`int4` is `integer`, serial
/// types are their integer type, every array has one dimension), MySQL and MariaDB as `SHOW COLUMNS` prints it
/// without integer display widths (`tinyint(1)` keeps its own, clients read it as boolean), SQLite the declared
/// words in lower case. A user-defined type, or a table used as one, has `user` set.
pub fn data_type(ty: &TypeName, schema: &Schema) -> DataType {
    match schema.dialect.engine {
        Engine::Postgres => postgres(ty, schema),
        Engine::MySql | Engine::MariaDb => mysql(ty, schema.dialect.engine),
        Engine::Sqlite => sqlite(ty),
    }
}

/// Whether a PostgreSQL type is built in, by canonical name.
pub fn is_builtin(name: &str) -> bool {
    super::catalog::postgres::type_named(name).is_some()
}

fn postgres(ty: &TypeName, schema: &Schema) -> DataType {
    let last = ty.name.last();
    let qualifier = ty.name.qualifier().map(|q| q.value.as_str());
    let mut array = u8::from(ty.array > 0);
    if qualifier.is_none_or(|q| q != "pg_catalog") {
        // A user's type of a built-in name counts only where it is qualified: pg_catalog is searched first.
        let hidden = qualifier.is_none() && postgres_builtin(&last.value, &ty.args, last.quoted).is_some();
        if !hidden && let Some((name, user)) = user_type(schema, qualifier, &last.value) {
            return DataType { name, array, user: Some(user), ..DataType::default() };
        }
    }
    if let Some((name, args)) = postgres_builtin(&last.value, &ty.args, last.quoted) {
        return DataType { name, args, array, ..DataType::default() };
    }
    if let Some(element) = last.value.strip_prefix('_') {
        array = 1;
        if let Some((name, args)) = postgres_builtin(element, &ty.args, false) {
            return DataType { name, args, array, ..DataType::default() };
        }
        if let Some((name, user)) = user_type(schema, qualifier, element) {
            return DataType { name, array, user: Some(user), ..DataType::default() };
        }
    }
    let user = qualifier.map(|q| ObjectName::new(q, &last.value));
    DataType { name: last.value.clone(), args: ty.args.clone(), array, user, ..DataType::default() }
}

fn user_type(schema: &Schema, qualifier: Option<&str>, name: &str) -> Option<(String, ObjectName)> {
    if let Some(found) = schema.find_type(qualifier, name) {
        return Some((found.name.name.clone(), found.name.clone()));
    }
    schema.find_table(qualifier, name).map(|t| (t.name.name.clone(), t.name.clone()))
}

/// Canonical name and arguments of a built-in PostgreSQL type; `None` if there is none of that name.
fn postgres_builtin(written: &str, args: &[String], quoted: bool) -> Option<(String, Vec<String>)> {
    let first = args.first().map(|a| a.trim().to_string());
    let same = |name: &str| Some((name.to_string(), args.to_vec()));
    let plain = |name: &str| Some((name.to_string(), Vec::new()));
    if quoted && written == "char" {
        return plain("\"char\"");
    }
    match written {
        "int" | "int4" | "integer" | "serial" | "serial4" => plain("integer"),
        "int8" | "bigint" | "bigserial" | "serial8" => plain("bigint"),
        "int2" | "smallint" | "smallserial" | "serial2" => plain("smallint"),
        "bool" | "boolean" => plain("boolean"),
        "real" | "float4" => plain("real"),
        "double precision" | "double" | "float8" => plain("double precision"),
        // float(1..24) is real, float(25..53) and float are double precision.
        "float" => match first.and_then(|p| p.parse::<u32>().ok()) {
            Some(p) if p <= 24 => plain("real"),
            _ => plain("double precision"),
        },
        "numeric" | "decimal" | "dec" => match args {
            [p, s] if s.trim() == "0" => Some(("numeric".into(), vec![p.clone(), "0".into()])),
            [p] => Some(("numeric".into(), vec![p.clone(), "0".into()])),
            _ => same("numeric"),
        },
        "varchar" | "character varying" | "char varying" | "national character varying" | "national char varying" | "nchar varying" => {
            same("character varying")
        }
        "char" | "character" | "nchar" | "national character" | "national char" => {
            Some(("character".into(), if args.is_empty() { vec!["1".into()] } else { args.to_vec() }))
        }
        "bpchar" if args.is_empty() => plain("bpchar"),
        "bpchar" => same("character"),
        "timestamp" | "timestamp without time zone" => same("timestamp without time zone"),
        "timestamptz" | "timestamp with time zone" => same("timestamp with time zone"),
        "time" | "time without time zone" => same("time without time zone"),
        "timetz" | "time with time zone" => same("time with time zone"),
        "bit varying" | "varbit" => same("bit varying"),
        "bit" => Some(("bit".into(), if args.is_empty() { vec!["1".into()] } else { args.to_vec() })),
        _ => {
            if let Some(fields) = written.strip_prefix("interval ") {
                let mut all = vec![fields.to_string()];
                all.extend(args.iter().cloned());
                return Some(("interval".into(), all));
            }
            super::catalog::postgres::type_named(written).and_then(|_| same(written))
        }
    }
}

fn mysql(ty: &TypeName, engine: Engine) -> DataType {
    let written = ty.name.last().value.to_lowercase();
    let mut args: Vec<String> = ty.args.clone();
    let mut unsigned = ty.unsigned;
    let mut values = Vec::new();
    let mut name = written.as_str();
    if let Some(rest) = name.strip_suffix(" unsigned") {
        (name, unsigned) = (rest, true);
    } else if let Some(rest) = name.strip_suffix(" signed") {
        name = rest;
    }
    let name = match name {
        "int" | "integer" | "int4" => "int",
        "int8" | "bigint" => "bigint",
        "int2" | "smallint" => "smallint",
        "int3" | "middleint" | "mediumint" => "mediumint",
        "int1" | "tinyint" => "tinyint",
        "bool" | "boolean" => {
            args = vec!["1".into()];
            "tinyint"
        }
        "serial" => {
            unsigned = true;
            "bigint"
        }
        "signed" | "signed integer" => "bigint",
        "unsigned" | "unsigned integer" => {
            unsigned = true;
            "bigint"
        }
        "dec" | "numeric" | "fixed" | "decimal" | "number" => {
            match args.len() {
                0 => args = vec!["10".into(), "0".into()],
                1 => args.push("0".into()),
                _ => {}
            }
            "decimal"
        }
        "double precision" | "real" | "float8" | "double" => "double",
        "float4" => "float",
        "float" if args.len() == 1 => {
            let double = args.first().and_then(|a| a.trim().parse::<u32>().ok()).is_some_and(|p| p > 24);
            args.clear();
            if double { "double" } else { "float" }
        }
        "character varying"
        | "char varying"
        | "nvarchar"
        | "national varchar"
        | "national char varying"
        | "national character varying"
        | "varcharacter"
        | "nchar varchar"
        | "nchar varying"
        | "varchar2" => "varchar",
        "character" | "nchar" | "national char" | "national character" | "char" => {
            if args.is_empty() {
                args = vec!["1".into()];
            }
            "char"
        }
        "binary" => {
            if args.is_empty() {
                args = vec!["1".into()];
            }
            "binary"
        }
        "bit" => {
            if args.is_empty() {
                args = vec!["1".into()];
            }
            "bit"
        }
        "long" | "long varchar" => "mediumtext",
        "long varbinary" => "mediumblob",
        // MariaDB's JSON is an alias of LONGTEXT (with a CHECK).
        "json" if engine == Engine::MariaDb => "longtext",
        "year" => {
            args.clear();
            "year"
        }
        "text" | "blob" => {
            let text = name == "text";
            let length = args.first().and_then(|a| a.trim().parse::<u64>().ok());
            args.clear();
            match length {
                Some(0..=255) if text => "tinytext",
                Some(0..=255) => "tinyblob",
                None | Some(256..=65_535) => name,
                Some(65_536..=16_777_215) if text => "mediumtext",
                Some(65_536..=16_777_215) => "mediumblob",
                Some(_) if text => "longtext",
                Some(_) => "longblob",
            }
        }
        "enum" | "set" => {
            values = args.iter().map(|a| unquote(a)).collect();
            args.clear();
            name
        }
        other => other,
    };
    match name {
        "tinyint" if args.first().is_some_and(|a| a.trim() == "1") && !unsigned => args = vec!["1".into()],
        "int" | "bigint" | "smallint" | "mediumint" | "tinyint" => args.clear(),
        _ => {}
    }
    DataType { name: name.to_string(), args, unsigned, values, ..DataType::default() }
}

fn sqlite(ty: &TypeName) -> DataType {
    let name = ty.name.parts.iter().map(|p| p.value.to_lowercase()).collect::<Vec<_>>().join(".");
    DataType { name, args: ty.args.clone(), ..DataType::default() }
}

fn unquote(text: &str) -> String {
    let text = text.trim();
    for quote in ['\'', '"'] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|t| t.strip_suffix(quote)) {
            return inner.replace(&format!("{quote}{quote}"), &quote.to_string());
        }
    }
    text.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::dialect::Dialect;
    use crate::model::span::Span;
    use crate::sql::ast::{Ident, Name};

    fn show(engine: Engine, name: &str, args: &[&str], array: u8, unsigned: bool) -> String {
        let ident = Ident { value: name.into(), quoted: false, span: Span::default() };
        let written = TypeName {
            name: Name { parts: vec![ident] },
            args: args.iter().map(|a| a.to_string()).collect(),
            array,
            unsigned,
            span: Span::default(),
        };
        data_type(&written, &Schema::empty(Dialect::of(engine))).to_string()
    }

    #[test]
    fn spellings_of_one_type_are_equal() {
        use Engine::*;
        type Case<'a> = (Engine, &'a str, &'a [&'a str], u8, bool, &'a str);
        let cases: &[Case] = &[
            (Postgres, "int4", &[], 0, false, "integer"),
            (Postgres, "bigserial", &[], 0, false, "bigint"),
            (Postgres, "varchar", &["40"], 0, false, "character varying(40)"),
            (Postgres, "char", &[], 0, false, "character(1)"),
            (Postgres, "timestamptz", &[], 0, false, "timestamp with time zone"),
            (Postgres, "decimal", &["10", "2"], 0, false, "numeric(10,2)"),
            (Postgres, "float", &["20"], 0, false, "real"),
            (Postgres, "int8", &[], 2, false, "bigint[]"),
            (Postgres, "_text", &[], 0, false, "text[]"),
            (Postgres, "jsonb", &[], 0, false, "jsonb"),
            (MySql, "integer", &["11"], 0, true, "int unsigned"),
            (MySql, "boolean", &[], 0, false, "tinyint(1)"),
            (MySql, "numeric", &["8"], 0, false, "decimal(8,0)"),
            (MySql, "enum", &["'a'", "'it''s'"], 0, false, "enum('a','it''s')"),
            (MariaDb, "json", &[], 0, false, "longtext"),
            (MariaDb, "text", &["70000"], 0, false, "mediumtext"),
            (Sqlite, "VARCHAR", &["30"], 0, false, "varchar(30)"),
        ];
        for (engine, name, args, array, unsigned, expected) in cases {
            assert_eq!(show(*engine, name, args, *array, *unsigned), *expected, "{name}");
        }
    }
}
