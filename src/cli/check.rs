//! `impact check`: the main job.

use super::args::{CheckArgs, FailOn, ReportFormat, Running};
use super::refs::schema_request;
use super::{index, output};
use crate::model::report::{Recommendation, Report};
use crate::pipeline::check::{Baseline, CheckError, CheckRequest, ProofRequest, check};
use crate::pipeline::inputs::{MigrationInput, is_sql, read_migration, read_text};
use crate::pipeline::program::Surroundings;
use crate::pipeline::refresh::load_packs;
use crate::pipeline::workspace::{Workspace, cache_folder};
use crate::proof::Choice;
use crate::report::{json, text};
use crate::store::Store;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Runs the command.
pub fn run(args: &CheckArgs) -> anyhow::Result<u8> {
    let proof = proof(args)?;
    let inputs = inputs(args)?;
    let statements = match &args.sql {
        Some(path) => Some((path.display().to_string(), read_text(path)?)),
        None => None,
    };
    // With a dump and nothing to look at, there is nothing to index.
    let alone = args.schema.schema.is_some() && args.source.repos.is_empty() && args.source.store.is_none();
    let mut fail_on = args.fail_on;
    let mut baseline_path = args.baseline.clone();
    let workspace: Option<Workspace> = if alone {
        None
    } else {
        let files: Vec<PathBuf> = inputs.iter().filter_map(|i| i.file.clone()).collect();
        let workspace = index::find(&args.source, &files)?;
        apply_defaults(&workspace, args, &mut fail_on, &mut baseline_path);
        Some(workspace)
    };
    let open = || workspace.as_ref().map(|w| index::open(&args.source, w, false, args.running == Running::MergeBase)).transpose();
    let view = open()?;
    let baseline = match &baseline_path {
        Some(path) if args.update_baseline && !path.exists() => None,
        Some(path) => Some(Baseline::read(path)?),
        None => None,
    };
    let surroundings = match inputs.iter().all(|i| is_sql(&i.path)) {
        true => None,
        false => {
            let here = Workspace::default();
            let workspace = workspace.as_ref().unwrap_or(&here);
            let roots = workspace.roots.iter().map(|r| r.0.clone()).collect();
            Some(Rc::new(Surroundings { roots, packs: load_packs(workspace)? }))
        }
    };
    let request = CheckRequest {
        surroundings,
        inputs,
        schema: schema_request(&args.schema)?,
        statements,
        all: args.all,
        open_sites: (args.format == ReportFormat::Text && !args.all).then_some(text::OPEN_SHOWN),
        explain: args.explain,
        service: args.service.clone(),
        owner: args.owner.clone(),
        proof,
        baseline: if args.update_baseline { None } else { baseline.clone() },
    };
    let report = match check(&request, view.as_ref()) {
        Err(CheckError::Store(e)) if e.is_damage() && view.as_ref().is_some_and(|v| v.refreshed.is_some()) => {
            output::note(args.source.quiet, &format!("{e}: it is rebuilt"));
            let path = view.as_ref().map(|v| v.store.path().to_path_buf());
            drop(view);
            path.as_deref().map_or(Ok(()), Store::remove)?;
            check(&request, open()?.as_ref())?
        }
        report => report?,
    };
    if let (true, Some(path)) = (args.update_baseline, &baseline_path) {
        let count = Baseline::write(path, &report, baseline.as_ref())?;
        output::note(args.source.quiet, &format!("wrote {count} findings to {}", path.display()));
    }
    let colour = std::io::stdout().is_terminal() && anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never;
    output::print(&match args.format {
        ReportFormat::Json => json::render(&report),
        ReportFormat::Text => text::render(&report, text::TextOptions { all: args.all, colour }),
    })?;
    Ok(exit_code(&report, fail_on))
}

/// Where findings are proved.
fn proof(args: &CheckArgs) -> anyhow::Result<ProofRequest> {
    let choice = match args.proof.as_deref() {
        _ if args.no_proof => Choice::Off,
        None | Some("" | "auto") => Choice::Auto,
        Some("off") => Choice::Off,
        Some("embedded") => Choice::Embedded,
        Some(other) => anyhow::bail!(
            "--proof {other:?} is neither auto, embedded nor off\nhelp: auto asks SQLite in memory, and PostgreSQL and MariaDB where they are installed"
        ),
    };
    Ok(ProofRequest { choice, cache: Some(cache_folder()), ..ProofRequest::default() })
}

/// What the configuration sets where the command line says nothing.
fn apply_defaults(workspace: &Workspace, args: &CheckArgs, fail_on: &mut FailOn, baseline: &mut Option<PathBuf>) {
    if args.fail_on == FailOn::Breaks {
        *fail_on = match workspace.config.check.fail_on.as_str() {
            "risk" => FailOn::Risk,
            "never" => FailOn::Never,
            _ => FailOn::Breaks,
        };
    }
    if baseline.is_none()
        && let (Some(path), Some(folder)) = (&workspace.config.check.baseline, &workspace.config_folder)
    {
        *baseline = Some(folder.join(path));
    }
}

fn exit_code(report: &Report, fail_on: FailOn) -> u8 {
    let failed = match fail_on {
        FailOn::Never => false,
        FailOn::Breaks => report.recommendation == Recommendation::Blocked,
        FailOn::Risk => report.recommendation >= Recommendation::RequiresChanges,
    };
    u8::from(failed)
}

/// The migrations of the command line: files, folders, standard input, or those added between revisions.
fn inputs(args: &CheckArgs) -> anyhow::Result<Vec<MigrationInput>> {
    let mut out = Vec::new();
    for path in &args.migrations {
        if path.as_os_str() != "-" && path.is_dir() {
            out.extend(crate::pipeline::inputs::read_folder(path)?);
        } else {
            out.push(read_migration(path)?);
        }
    }
    if let Some(range) =
        args.diff.as_deref().map(|d| d.split_once("..").map(|(b, h)| (b.to_string(), h.trim_start_matches('.').to_string())))
    {
        let Some((base, head)) = range else { anyhow::bail!("--diff wants BASE..HEAD\nhelp: for example --diff origin/main..HEAD") };
        let head = if head.is_empty() { "HEAD".to_string() } else { head };
        out.extend(added(args, &base, Some(&head))?);
    }
    if let Some(base) = &args.since {
        out.extend(added(args, base, None)?);
    }
    if out.is_empty() {
        if args.diff.is_some() || args.since.is_some() {
            output::note(args.source.quiet, "no migration was added");
            return Ok(out);
        }
        anyhow::bail!("nothing to check\nhelp: name a migration, or use --since REF or --diff BASE..HEAD");
    }
    Ok(out)
}

fn added(args: &CheckArgs, base: &str, head: Option<&str>) -> anyhow::Result<Vec<MigrationInput>> {
    let here = PathBuf::from(".");
    let roots: Vec<&Path> =
        if args.source.repos.is_empty() { vec![&here] } else { args.source.repos.iter().map(PathBuf::as_path).collect() };
    let mut out = Vec::new();
    for root in roots {
        out.extend(crate::pipeline::inputs::read_added(root, base, head)?);
    }
    Ok(out)
}
