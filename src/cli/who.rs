//! `impact who TABLE[.COLUMN]`: who reads, writes, filters on, maps it.

use super::args::{DataFormat, WhoArgs};
use super::{index, output};
use crate::model::statement::{ColumnRef, Mode, Scope, StatementKind};
use crate::pipeline::references::{ReferenceRow, References, rows};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Runs the command.
pub fn run(args: &WhoArgs) -> anyhow::Result<u8> {
    let workspace = index::find(&args.source, &[])?;
    let view = index::open(&args.source, &workspace, false, false)?;
    let (schema, table, column) = parts(&args.object);
    let mut found = Vec::new();
    let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
    // `a.b` may be table.column or schema.table: a table of that name decides.
    let candidates: Vec<(Option<&str>, &str, Option<&str>)> = match (schema, column) {
        (None, Some(column)) => vec![(None, table, Some(column)), (Some(table), column, None)],
        other => vec![(other.0, table, other.1)],
    };
    for (schema, table, column) in candidates {
        let mut reader = view.store.statement_reader();
        for occurrence in view.store.statements_naming(&[table.to_string()], &mut |unit| view.find(unit).is_some())? {
            let Some((snapshot, service, _)) = view.find(occurrence.unit) else { continue };
            if occurrence.form.kind == StatementKind::Use {
                continue;
            }
            let statement = reader.read(&occurrence)?;
            let references: Vec<_> = statement
                .indexed
                .references
                .iter()
                .filter(|r| same(&r.table, table) && schema.is_none_or(|s| same(&r.schema, s)))
                .filter(|r| match (column, &r.column) {
                    (None, ColumnRef::Table) => true,
                    (None, _) => false,
                    (Some(column), ColumnRef::Named(name)) => same(name, column),
                    (Some(_), ColumnRef::All) => true,
                    (Some(_), ColumnRef::Table) => false,
                })
                .cloned()
                .collect();
            found.extend(rows(&snapshot.row.repo, &snapshot.shown_service(service), &statement.indexed, &references));
        }
    }
    let answer = References::new(view.coverage(None)?, found);
    let text = match args.format {
        DataFormat::Json => format!("{}\n", serde_json::to_string_pretty(&answer)?),
        DataFormat::Text => text(&args.object, &answer),
    };
    output::print(&text)?;
    Ok(0)
}

/// Schema, table, column of what was asked.
fn parts(object: &str) -> (Option<&str>, &str, Option<&str>) {
    let parts: Vec<&str> = object.split('.').map(|p| p.trim_matches(['"', '`', '[', ']'])).filter(|p| !p.is_empty()).collect();
    match parts.as_slice() {
        [schema, table, column, ..] => (Some(schema), table, Some(column)),
        [table, column] => (None, table, Some(column)),
        [table] => (None, table, None),
        [] => (None, "", None),
    }
}

fn word(mode: Mode) -> &'static str {
    match mode {
        Mode::Read => "reads",
        Mode::Write => "writes",
        Mode::Filter => "filters on",
        Mode::Order => "orders by",
        Mode::Join => "joins on",
        Mode::Define => "maps",
    }
}

/// Repository, service, path, lines and scope of a statement.
type Site<'a> = (&'a str, &'a str, &'a str, u32, u32, Scope);

fn text(object: &str, answer: &References) -> String {
    let mut out = String::new();
    if answer.references.is_empty() {
        let open: u32 = answer.coverage.repositories.iter().map(|c| c.sites.saturating_sub(c.resolved)).sum();
        let _ = writeln!(out, "no reference to {object}; {open} data-access sites are not resolved");
        return out;
    }
    let mut by_place: BTreeMap<Site, Vec<&ReferenceRow>> = BTreeMap::new();
    for r in &answer.references {
        by_place.entry((&r.repo, &r.service, &r.path, r.line, r.end_line, r.scope)).or_default().push(r);
    }
    let mut group = None;
    for ((repo, service, path, line, _, scope), rows) in &by_place {
        if group != Some((*repo, *service)) {
            let _ = writeln!(out, "{}", if repo == service { (*service).to_string() } else { format!("{repo} / {service}") });
            group = Some((*repo, *service));
        }
        let mut modes: Vec<String> = Vec::new();
        for r in rows {
            let mut text = word(r.mode).to_string();
            if r.implicit {
                text.push_str(" (implied)");
            }
            if r.confidence.0 < 70 {
                let _ = write!(text, " (confidence {:.2})", f64::from(r.confidence.0) / 100.0);
            }
            if !modes.contains(&text) {
                modes.push(text);
            }
        }
        let test = if *scope == Scope::Test { "  [test]" } else { "" };
        let _ = writeln!(out, "  {path}:{line}  {}{test}", modes.join(", "));
    }
    out
}
