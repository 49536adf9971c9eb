//! `impact schema show`: the schema that a history or dump gives.

use super::args::{DataFormat, SchemaShowArgs};
use super::refs::schema_request;
use super::{index, output};
use crate::model::schema::Schema;
use crate::pipeline::history::worlds;
use std::fmt::Write;

/// Runs the command.
pub fn show(args: &SchemaShowArgs) -> anyhow::Result<u8> {
    let request = schema_request(&args.schema)?;
    let mut problems = Vec::new();
    let found = if request.dump.is_some() || request.migrations.is_some() {
        worlds(&request, &[], None, &mut problems)?
    } else {
        let workspace = index::find(&args.source, &[])?;
        let view = index::open(&args.source, &workspace, false, false)?;
        let known: Vec<String> = view.snapshots.iter().flat_map(|s| &s.row.info.databases).map(|d| d.name.clone()).collect();
        if known.is_empty() {
            anyhow::bail!("no history of migrations found\nhelp: name a dump with --schema or a folder with --migrations");
        }
        if known.len() > 1 && request.database.is_none() {
            anyhow::bail!("there are several databases: {}\nhelp: choose one with --database", known.join(", "));
        }
        problems.extend(view.all_problems().into_iter().filter(|p| p.stage == crate::model::problem::Stage::Migration));
        worlds(&request, &[], Some(&view), &mut problems)?
    };
    for p in &problems {
        let place = match (&p.path, p.line) {
            (Some(path), Some(line)) => format!("{path}:{line}: "),
            (Some(path), None) => format!("{path}: "),
            _ => String::new(),
        };
        output::note(args.source.quiet, &format!("{place}{}", p.message));
    }
    let Some(world) = found.into_iter().next() else { return Ok(0) };
    let mut schema = world.before;
    if let Some(name) = &args.table {
        let wanted = name.rsplit('.').next().unwrap_or(name);
        schema.tables.retain(|_, t| t.name.name.eq_ignore_ascii_case(wanted));
        if schema.tables.is_empty() {
            anyhow::bail!("there is no table {name} in {}", world.source);
        }
        schema.types.clear();
        schema.sequences.clear();
        schema.functions.clear();
    }
    match args.format {
        DataFormat::Json => {
            let tables: Vec<_> = schema.tables.values().collect();
            let value = serde_json::json!({
                "schema_version": 1, "dialect": schema.dialect.to_string(), "source": world.source, "tables": tables,
                "types": schema.types.values().collect::<Vec<_>>(), "sequences": schema.sequences.values().collect::<Vec<_>>(),
                "functions": schema.functions, "problems": problems,
            });
            output::print(&format!("{}\n", serde_json::to_string_pretty(&value)?))?;
        }
        DataFormat::Text => {
            let dialect = format!("-- {} ({}); {}\n", schema.dialect, world.dialect_evidence, world.source);
            output::print(&(dialect + &schema_sql(&schema)))?;
        }
    }
    Ok(0)
}

/// Tables with their columns, one line each.
fn schema_sql(schema: &Schema) -> String {
    let mut out = String::new();
    for table in schema.tables.values() {
        let _ = writeln!(out, "{}", table.name);
        for c in &table.columns {
            let null = if c.nullable { "" } else { " not null" };
            let default = c.default.as_ref().map(|d| format!(" default {d}")).unwrap_or_default();
            let _ = writeln!(out, "  {} {}{null}{default}", c.name, c.ty);
        }
    }
    out
}
