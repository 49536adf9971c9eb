//! `impact index`: index or refresh repositories.

use super::args::{DataFormat, IndexArgs, SourceArgs};
use super::output;
use crate::pipeline::view::{IndexView, ViewRequest};
use crate::pipeline::workspace::{Workspace, WorkspaceRequest};
use std::fmt::Write;

/// Runs the command.
pub fn run(args: &IndexArgs) -> anyhow::Result<u8> {
    let repos: Vec<_> = args.source.repos.iter().chain(&args.paths).cloned().collect();
    let source = SourceArgs { repos, refresh: true, no_refresh: false, ..args.source.clone() };
    let mut workspace = find(&source, &[])?;
    if source.repos.is_empty() && source.store.is_some() {
        // A store alone says nothing of what to index: here is meant.
        workspace = Workspace { store: workspace.store, ..find(&SourceArgs { store: None, ..source.clone() }, &[])? };
    }
    let view = open(&source, &workspace, args.no_prefilter, false)?;
    let coverage = view.coverage(None)?;
    match args.format {
        DataFormat::Json => {
            let value = serde_json::json!({ "schema_version": 1, "coverage": coverage, "problems": view.all_problems() });
            output::print(&format!("{}\n", serde_json::to_string_pretty(&value)?))?;
        }
        DataFormat::Text if !source.quiet => {
            let mut text = String::new();
            for (c, s) in coverage.repositories.iter().zip(&view.snapshots) {
                let skipped: u32 = c.skipped.values().sum();
                let _ = writeln!(
                    text,
                    "{}: {}, {}; {} source files, {} parsed, {skipped} skipped; {} of {} sites resolved, {} of {} statements bound",
                    c.repo,
                    counted(s.row.info.services.len(), "service"),
                    counted(s.row.info.databases.len(), "database"),
                    c.files,
                    c.parsed,
                    c.resolved,
                    c.sites,
                    c.bound,
                    c.statements
                );
            }
            let problems = view.all_problems();
            if !problems.is_empty() {
                let _ = writeln!(text, "{}; --format json lists them", counted(problems.len(), "problem"));
            }
            output::print(&text)?;
        }
        DataFormat::Text => {}
    }
    Ok(0)
}

/// A number with its noun.
fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Finds the workspace of a command.
pub fn find(source: &SourceArgs, migrations: &[std::path::PathBuf]) -> anyhow::Result<Workspace> {
    let request = WorkspaceRequest { repos: &source.repos, config: source.config.as_deref(), store: source.store.as_deref(), migrations };
    Ok(Workspace::find(&request)?)
}

/// Opens the index, refreshing it as the options say, with a progress bar and notes on stderr. `running`: also what runs
/// where a working tree is on a branch.
pub fn open(source: &SourceArgs, workspace: &Workspace, no_prefilter: bool, running: bool) -> anyhow::Result<IndexView> {
    let refresh = !source.no_refresh && (source.refresh || !workspace.roots.is_empty());
    let bar = output::progress(source.quiet, "indexing");
    let progress = |repo: &str, done: u64, all: u64| {
        bar.set_length(all);
        bar.set_position(done);
        bar.set_message(repo.to_string());
    };
    let request = ViewRequest { workspace, at: source.at.as_deref(), running, refresh, no_prefilter, progress: &progress };
    let view = IndexView::open(&request);
    bar.finish_and_clear();
    let view = view?;
    match &view.refreshed {
        None => output::note(source.quiet, &format!("answering from {} as it stands, {} old", workspace.store.display(), view.age())),
        Some(r) if r.stale => output::note(
            source.quiet,
            &format!("another process is writing {}; answering from what it last committed, {} old", workspace.store.display(), view.age()),
        ),
        Some(_) => {}
    }
    Ok(view)
}
