//! `impact refs`: the references of a repository.

use super::args::{DataFormat, RefsArgs, SchemaArgs};
use super::{index, output};
use crate::index::placing::referred;
use crate::model::dialect::Dialect;
use crate::model::statement::StatementKind;
use crate::pipeline::history::{SchemaRequest, worlds};
use crate::pipeline::references::{References, names_elsewhere, rows_and_sites, without_definitions};
use crate::sql::bind::{self, SessionState};
use crate::sql::parse::parse_statement;
use std::fmt::Write;

/// Runs the command.
pub fn run(args: &RefsArgs) -> anyhow::Result<u8> {
    let request = schema_request(&args.schema)?;
    let workspace = index::find(&args.source, &[])?;
    let view = index::open(&args.source, &workspace, false, false)?;
    // A schema that is named is bound against in place of what the index found.
    let named = request.dump.is_some() || request.migrations.is_some() || request.database.is_some();
    let mut problems = Vec::new();
    let world = match named {
        true => worlds(&request, &[], Some(&view), &mut problems)?.into_iter().next(),
        false => None,
    };
    let (mut found, mut elsewhere) = (Vec::new(), Vec::new());
    for snapshot in &view.snapshots {
        for (unit, service) in snapshot.units.iter().zip(&snapshot.row.info.services) {
            let shown = snapshot.shown_service(service);
            for statement in view.store.statements_of(unit.id)? {
                let indexed = &statement.indexed;
                if indexed.statement.kind == StatementKind::Use && !args.uses {
                    continue;
                }
                let references = match &world {
                    None => indexed.references.clone(),
                    Some(world) => {
                        let text = &indexed.statement.text.text;
                        let parsed = parse_statement(text, world.before.dialect);
                        let binding = bind::bind(&parsed, text, &world.before, &SessionState::default());
                        referred(&indexed.statement, bind::references(&binding, &parsed))
                    }
                };
                elsewhere.extend(names_elsewhere(&snapshot.row.repo, &shown, indexed, &references));
                found.extend(rows_and_sites(&snapshot.row.repo, &shown, indexed, &references));
            }
        }
    }
    found.extend(without_definitions(elsewhere, &found));
    let answer = References::new(view.coverage(None)?, found);
    let text = match args.format {
        DataFormat::Json => format!("{}\n", serde_json::to_string_pretty(&answer)?),
        DataFormat::Text => {
            let mut text = String::new();
            for r in &answer.references {
                let column = r.column.as_ref().map(|c| format!(".{c}")).unwrap_or_default();
                let mode = serde_json::to_value(r.mode)?;
                let implied = if r.implicit { " (implied)" } else { "" };
                let _ = writeln!(text, "{}:{}  {} {}{column}{implied}", r.path, r.line, mode.as_str().unwrap_or(""), r.table);
            }
            text
        }
    };
    output::print(&text)?;
    Ok(0)
}

/// What the schema options say.
pub fn schema_request(args: &SchemaArgs) -> anyhow::Result<SchemaRequest> {
    let dialect: Option<Dialect> = args.dialect.as_deref().map(str::parse).transpose().map_err(|e: String| anyhow::anyhow!(e))?;
    Ok(SchemaRequest {
        dump: args.schema.clone(),
        migrations: args.migrations.clone(),
        format: args.migration_format.clone(),
        database: args.database.clone(),
        dialect,
    })
}
