//! `impact explain RULE` and `impact explain PATH:LINE`.

use super::args::ExplainArgs;
use super::refs::schema_request;
use super::{index, output};
use crate::impact::definitions;
use crate::impact::findings::shown;
use crate::impact::rules;
use crate::model::dialect::Dialect;
use crate::model::schema::Schema;
use crate::model::statement::{ColumnRef, HOLE, IndexedStatement};
use crate::pipeline::history::worlds;
use crate::pipeline::view::{IndexView, SnapshotView};
use crate::sql::bind::{self, SessionState};
use crate::sql::parse::parse_statement;
use crate::store::UnitRow;
use std::fmt::Write;

/// Runs the command.
pub fn run(args: &ExplainArgs) -> anyhow::Result<u8> {
    let Some(what) = &args.what else {
        let mut text = String::new();
        for meta in metas() {
            let _ = writeln!(text, "{:28} {}", meta.id, meta.title);
        }
        output::print(&text)?;
        return Ok(0);
    };
    if let Some(meta) = metas().find(|m| m.id == what.as_str()) {
        output::print(&rules::describe(meta))?;
        return Ok(0);
    }
    match what.rsplit_once(':').and_then(|(path, line)| Some((path, line.parse::<u32>().ok()?))) {
        Some((path, line)) => place(args, path, line),
        None => anyhow::bail!(
            "{what:?} is neither a rule nor PATH:LINE\nhelp: `impact explain` lists the rules; a place is written like app/repo.py:42"
        ),
    }
}

/// All rules: about statements, then about definitions of models.
fn metas() -> impl Iterator<Item = &'static rules::Meta> {
    rules::all().iter().map(|r| &r.meta).chain(definitions::all().iter().map(|r| &r.meta))
}

fn place(args: &ExplainArgs, path: &str, line: u32) -> anyhow::Result<u8> {
    let workspace = index::find(&args.source, &[std::path::PathBuf::from(path)])?;
    let view = index::open(&args.source, &workspace, false, false)?;
    let request = schema_request(&args.schema)?;
    let given = match request.dump.is_some() || request.migrations.is_some() || request.database.is_some() {
        true => worlds(&request, &[], Some(&view), &mut Vec::new())?.into_iter().next().map(|w| w.before),
        false => None,
    };
    let mut out = String::new();
    let mut known_file = false;
    for snapshot in &view.snapshots {
        let wanted = relative(path, &snapshot.row.root);
        let files = view.store.files(snapshot.row.id)?;
        let file = files.iter().find(|f| f.path == wanted);
        known_file |= file.is_some();
        for unit in &snapshot.units {
            explain_unit(&mut out, &view, snapshot, unit, &wanted, line, given.as_ref())?;
        }
        if let Some(file) = file.filter(|_| out.is_empty()) {
            let why = match file.tier {
                0 => {
                    "the file was not parsed: it holds no SQL keyword, import or name that could matter (`impact index --no-prefilter` parses all)"
                }
                1 => "the file was parsed; nothing at this line sends SQL or reads as SQL",
                2 => "the file is not source code: a migration, SQL or configuration file",
                _ => "the file was passed over: generated, minified, binary or unreadable",
            };
            let _ = writeln!(out, "{wanted}:{line}: {why}");
        }
    }
    if out.is_empty() {
        let hint = if known_file { "nothing was extracted there" } else { "no such file in the index" };
        anyhow::bail!("{path}:{line}: {hint}\nhelp: give the path relative to its repository");
    }
    output::print(&out)?;
    Ok(0)
}

fn relative(path: &str, root: &str) -> String {
    let here = std::env::current_dir().unwrap_or_default().join(path);
    let full = here.canonicalize().unwrap_or(here);
    match full.strip_prefix(root) {
        Ok(below) => below.components().map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/"),
        Err(_) => path.trim_start_matches("./").to_string(),
    }
}

fn explain_unit(
    out: &mut String,
    view: &IndexView,
    snapshot: &SnapshotView,
    unit: &UnitRow,
    path: &str,
    line: u32,
    given: Option<&Schema>,
) -> anyhow::Result<()> {
    let inside = |lines: (u32, u32)| lines.0 <= line && line <= lines.1;
    for found in view.store.statements_of(unit.id)? {
        let s = &found.indexed;
        let here = s.statement.files.first().is_some_and(|f| f == path) && inside(s.lines);
        let sent = s.statement.site.as_ref().is_some_and(|(f, _)| f == path) && s.site_lines.is_some_and(inside);
        if !here && !sent {
            continue;
        }
        let schema = match given {
            Some(schema) => schema.clone(),
            None => schema_of(view, snapshot, unit)?,
        };
        statement(out, unit, s, &schema);
    }
    for site in view.store.open_sites(unit.id, usize::MAX)?.iter().filter(|s| s.path == path && s.line == line) {
        let _ = writeln!(out, "{path}:{line}: {}: lost: {}\n  {}", unit.service, site.reason, site.text);
    }
    Ok(())
}

/// The schema that a unit's statements were bound against.
fn schema_of(view: &IndexView, snapshot: &SnapshotView, unit: &UnitRow) -> anyhow::Result<Schema> {
    if let Some((name, _)) = &unit.info.database {
        for s in std::iter::once(snapshot).chain(&view.snapshots) {
            for (database, hashes) in s.row.info.databases.iter().zip(&s.row.info.schema_hashes) {
                if let (true, Some(hash)) = (database.name == *name, hashes.first())
                    && let Some(schema) = view.store.schema(hash)?
                {
                    return Ok(schema);
                }
            }
        }
    }
    let engine = snapshot.row.info.services.iter().find(|s| s.name == unit.service).and_then(|s| s.engines.first().copied());
    Ok(Schema::open(engine.unwrap_or(Dialect::default())))
}

fn statement(out: &mut String, unit: &UnitRow, s: &IndexedStatement, schema: &Schema) {
    let text = &s.statement.text.text;
    let path = s.statement.files.first().map_or("", String::as_str);
    let library = if s.statement.library.is_empty() { String::new() } else { format!(" via {}", s.statement.library) };
    let _ = writeln!(out, "{path}:{}-{}  {}{library}", s.lines.0, s.lines.1, unit.service);
    if let (Some((file, _)), Some(lines)) = (&s.statement.site, s.site_lines) {
        let _ = writeln!(out, "  sent at {file}:{}", lines.0);
    }
    match &unit.info.database {
        Some((name, why)) => drop(writeln!(out, "  database {name} ({why}), {}", schema.dialect)),
        None => drop(writeln!(out, "  database unknown: tables are open, {}", schema.dialect)),
    }
    let shown = shown(&s.statement.text);
    for l in shown.trim().lines() {
        let _ = writeln!(out, "  | {l}");
    }
    let parsed = parse_statement(text, schema.dialect);
    for e in &parsed.errors {
        let _ = writeln!(out, "  syntax: {} at {:?}", e.message, e.span.slice(text));
    }
    let binding = bind::bind(&parsed, text, schema, &SessionState::default());
    for used in &binding.uses {
        let object = match &used.column {
            ColumnRef::Table => used.table.clone(),
            ColumnRef::All => format!("{}.*", used.table),
            ColumnRef::Named(column) => format!("{}.{column}", used.table),
        };
        let written = used.span.slice(text);
        let written = if written.is_empty() { "(implied)" } else { written };
        let place = s.place(used.span).map(|(_, t)| format!(" at {}:{}", t.line, t.column)).unwrap_or_default();
        let mode = format!("{:?}", used.mode).to_lowercase();
        let sure = if used.confidence < 100 { format!(", confidence {:.2}", f64::from(used.confidence) / 100.0) } else { String::new() };
        let _ = writeln!(out, "  {written}{place} -> {object} ({mode}{sure})");
    }
    for opaque in &binding.opaque {
        let _ = writeln!(out, "  {} -> open: {}", opaque.span.slice(text).replace(HOLE, "{...}"), opaque.reason);
    }
    if let Some(error) = &binding.error {
        let _ = writeln!(out, "  does not bind: {} ({})", error.message, error.code);
    }
}
