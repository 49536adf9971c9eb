//! `impact sql`: what migrations in code send, as SQL.

use super::args::SqlArgs;
use super::output;
use crate::model::dialect::Dialect;
use crate::model::statement::HOLE;
use crate::pipeline::inputs::{is_sql, read_migration};
use crate::pipeline::program::{CodeMigration, Surroundings};
use crate::pipeline::refresh::load_packs;
use crate::pipeline::workspace::{Workspace, WorkspaceRequest};
use std::fmt::Write;

/// Runs the command. What was not read is a comment with its line; the exit code is 1 where there is such a part.
pub fn run(args: &SqlArgs) -> anyhow::Result<u8> {
    let dialect: Dialect = args.dialect.parse().map_err(|e: String| anyhow::anyhow!(e))?;
    let request = WorkspaceRequest {
        repos: &args.repos,
        config: args.config.as_deref(),
        migrations: &args.migrations,
        ..WorkspaceRequest::default()
    };
    let workspace = Workspace::find(&request)?;
    let around = Surroundings { roots: workspace.roots.iter().map(|r| r.0.clone()).collect(), packs: load_packs(&workspace)? };
    let mut out = String::new();
    let mut whole = true;
    for path in &args.migrations {
        let input = read_migration(path)?;
        if args.migrations.len() > 1 {
            let _ = writeln!(out, "-- {}", input.path);
        }
        if is_sql(&input.path) {
            out.push_str(&input.runnable());
            continue;
        }
        let script = CodeMigration::read(&input, &around).and_then(|m| m.script(dialect.engine, &around.packs));
        let Some(script) = script else {
            let _ = writeln!(out, "-- not read: no pack knows a migration of this form");
            whole = false;
            continue;
        };
        whole &= script.unread.is_empty();
        let mut last = 0;
        for (i, text) in script.text.lines().enumerate() {
            let line = script.lines.get(i).copied().unwrap_or(0);
            if args.lines && line != last {
                let _ = writeln!(out, "-- line {line}");
                last = line;
            }
            let _ = writeln!(out, "{}", text.replace(HOLE, "{...}"));
        }
        for unread in &script.unread {
            let _ = writeln!(out, "-- not read, line {}: {}", unread.line, unread.message);
        }
    }
    output::print(&out)?;
    Ok(u8::from(!whole))
}
