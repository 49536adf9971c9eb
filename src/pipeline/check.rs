//! `check`: migrations and statements in, one report out.

mod candidates;
mod decide;
mod explain;
mod prove;
mod revisions;
mod sources;
mod suppress;

pub use prove::ProofRequest;
use sources::Sources;
pub use suppress::{Baseline, BaselineEntry, BaselineError};

use super::history::{HistoryError, SchemaRequest, World, opened, opened_problem, presupposes_more, worlds};
use super::inputs::{MigrationInput, nothing_to_run};
use super::program::{CodeMigration, Surroundings};
use super::view::IndexView;

use crate::impact::proved::Proved;
use crate::impact::{JudgedStatement, judge_statements, settle, statement_findings};
use crate::model::change::{Applied, Change, Outcome};
use crate::model::dialect::Engine;
use crate::model::finding::{Finding, Verdict};
use crate::model::problem::{Problem, Stage};
use crate::model::report::Report;
use crate::model::schema::Schema;
use crate::model::span::Span;
use crate::model::statement::Consumer;
use crate::proof::{Choice, Task};
use crate::sql::apply::{ApplyOptions, apply, presuppose};
use crate::store::StoreError;
use std::rc::Rc;

/// What to check.
#[derive(Clone, Debug, Default)]
pub struct CheckRequest {
    /// Migrations in order of application.
    pub inputs: Vec<MigrationInput>,
    /// The schema before.
    pub schema: SchemaRequest,
    /// Statements to judge: path and text.
    pub statements: Option<(String, String)>,
    /// Safe findings too.
    pub all: bool,
    /// Open sites listed of each repository; `None`: all.
    pub open_sites: Option<usize>,
    /// Say how each name was bound before and after.
    pub explain: bool,
    /// Only this service.
    pub service: Option<String>,
    /// Only this owner.
    pub owner: Option<String>,
    /// Findings that are known.
    pub baseline: Option<Baseline>,
    /// Whether and how verdicts are proved on an engine.
    pub proof: ProofRequest,
    /// What migrations in code are read with; without, they are taken for SQL.
    pub surroundings: Option<Rc<Surroundings>>,
}

/// Why a check can't be done.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The schema before.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A database before and after the migrations.
pub(crate) struct Run {
    pub world: World,
    pub before: Schema,
    pub after: Schema,
    /// Changes of all migrations in order.
    pub changes: Vec<Change>,
    /// By migration.
    pub applied: Vec<Applied>,
    /// What each migration sends to this database.
    pub scripts: Vec<Sent>,
}

/// What a migration sends to a database of one engine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sent {
    /// SQL; of a file of SQL its own text, with what does not run blanked.
    pub text: String,
    /// Of a migration in code: the line of the code for each line of the text.
    pub lines: Option<Vec<u32>>,
    /// Of a migration in code: the library.
    pub library: Option<String>,
    /// Parts of the code that were not read: line and reason.
    pub unread: Vec<(u32, String)>,
}

impl Sent {
    /// The line of the migration's file for a line of the text.
    fn line(&self, line: u32) -> u32 {
        let Some(lines) = &self.lines else { return line };
        lines.get(line.saturating_sub(1) as usize).copied().unwrap_or(line)
    }
}

/// Checks migrations against a view of the index (none: only the statements given).
///
/// # Errors
/// [`CheckError`].
pub fn check(request: &CheckRequest, view: Option<&IndexView>) -> Result<Report, CheckError> {
    let mut problems = Vec::new();
    let found = worlds(&request.schema, &request.inputs, view, &mut problems)?;
    let code: Vec<Option<CodeMigration>> = match &request.surroundings {
        Some(around) => request.inputs.iter().map(|i| CodeMigration::read(i, around)).collect(),
        None => Vec::new(),
    };
    let mut scripts = Scripts { request, code, known: Vec::new() };
    let mut runs: Vec<Run> = found.into_iter().map(|w| run_migrations(w, &request.inputs, &mut scripts, &mut problems)).collect();
    decide::keep_fitting(&mut runs);
    let mut report = decide::empty_report(request, &runs, view, problems)?;
    let mut findings = Vec::new();
    let mut sources = Sources::default();
    if let Some((path, text)) = &request.statements
        && let Some(run) = runs.first_mut()
    {
        let migrations = paths(&request.inputs);
        let mut judged = judge_statements(text, &run.before, &run.after, &run.changes);
        prove_statements(&mut judged, text, run, request, &mut report);
        findings.extend(statement_findings(&judged, text, path, &run.changes, &migrations));
        for f in findings.iter_mut().filter(|_| request.explain) {
            f.bindings = explain::bindings(&f.statement, &run.before, &run.after);
        }
    }
    // With nothing to ask about, the migration itself is still asked.
    if let (None, None, Some(run)) = (&request.statements, view, runs.first_mut()) {
        prove_statements(&mut [], "", run, request, &mut report);
    }
    if let Some(view) = view {
        revisions::judge(view, &mut runs, request, &mut sources, &mut findings, &mut report)?;
    }
    suppress::ignores(&mut findings, view, &request.inputs, &mut sources, &mut report);
    if let Some(baseline) = &request.baseline {
        baseline.apply(&mut findings, &mut report);
    }
    findings.retain(|f| request.service.as_ref().is_none_or(|s| f.service.split(", ").any(|n| n == s)));
    findings.retain(|f| request.owner.as_ref().is_none_or(|o| f.owners.contains(o)));
    decide::conclude(&mut report, findings, &runs, request, view);
    Ok(report)
}

/// Asks an engine about the statements given, and corrects their verdicts.
fn prove_statements(judged: &mut [JudgedStatement], text: &str, run: &mut Run, request: &CheckRequest, report: &mut Report) {
    let sql = |span: Span| span.slice(text).trim().to_string();
    let task = |s: &JudgedStatement| Task { text: sql(s.span), session: s.session.iter().map(|s| sql(*s)).collect() };
    let answers = prove::ask(&request.proof, run, judged.iter().map(task).collect());
    let mut account = prove::Account::of(&answers);
    for (statement, answer) in judged.iter_mut().zip(&answers.statements) {
        let slice = statement.span.slice(text);
        let on = Proved {
            text: slice,
            offset: statement.span.start,
            consumer: Consumer::Unknown,
            engine: run.before.dialect.engine,
            changes: &run.changes,
        };
        account.settled(slice, answer, |proof| settle(&mut statement.judgement, proof, on));
    }
    if request.proof.choice != Choice::Off {
        account.close(0, run, report, request.proof.cache.as_deref());
    }
}

/// What the migrations send, by engine.
struct Scripts<'r> {
    request: &'r CheckRequest,
    code: Vec<Option<CodeMigration>>,
    known: Vec<(Engine, Vec<Sent>)>,
}

impl Scripts<'_> {
    fn of(&mut self, engine: Engine) -> Vec<Sent> {
        if let Some((_, known)) = self.known.iter().find(|k| k.0 == engine) {
            return known.clone();
        }
        let sent: Vec<Sent> = self.request.inputs.iter().enumerate().map(|(i, input)| self.one(i, input, engine)).collect();
        self.known.push((engine, sent.clone()));
        sent
    }

    fn one(&self, at: usize, input: &MigrationInput, engine: Engine) -> Sent {
        let (Some(around), Some(Some(code))) = (&self.request.surroundings, self.code.get(at)) else {
            return Sent { text: input.runnable(), ..Sent::default() };
        };
        match code.script(engine, &around.packs) {
            Some(script) => Sent {
                text: script.text,
                lines: Some(script.lines),
                library: Some(script.title),
                unread: script.unread.into_iter().map(|u| (u.line, u.message)).collect(),
            },
            None => Sent {
                lines: Some(Vec::new()),
                unread: vec![(1, "no pack knows a migration of this form: nothing of it was read".into())],
                ..Sent::default()
            },
        }
    }
}

/// Applies the migrations in order to one database.
fn run_migrations(world: World, inputs: &[MigrationInput], scripts: &mut Scripts, problems: &mut Vec<Problem>) -> Run {
    let sent = scripts.of(world.before.dialect.engine);
    let mut run = apply_all(world, &sent);
    let lacking = run.applied.iter().find_map(|a| a.error.as_ref().filter(|e| a.outcome == Outcome::Fails && presupposes_more(&e.code)));
    let member = run.world.source.contains("it lies in");
    if let Some(error) = lacking.cloned()
        && run.world.repo.is_some()
        && (!member || run.world.incomplete)
    {
        let mut world = run.world;
        if world.certain {
            problems.push(opened_problem(&world, &error.message));
        }
        world.before = opened(&world.before);
        run = apply_all(world, &sent);
    }
    for ((input, applied), sent) in inputs.iter().zip(&run.applied).zip(&run.scripts) {
        problems.extend(applied.problems.iter().map(|p| Problem { path: p.path.clone().or(Some(input.path.clone())), ..p.clone() }));
        for (line, reason) in &sent.unread {
            problems.push(Problem::new(Stage::Migration, format!("not read: {reason}")).at(input.path.clone(), Some(*line)));
        }
        if applied.changes.is_empty() && applied.error.is_none() && applied.problems.is_empty() && sent.unread.is_empty() {
            problems.push(nothing_to_run(input));
        }
    }
    run
}

fn apply_all(world: World, sent: &[Sent]) -> Run {
    // What the migrations presuppose of an open schema was there before them, with the same identities.
    let before = if world.before.complete { world.before.clone() } else { presupposed(&world.before, sent) };
    let mut schema = before.clone();
    let mut changes = Vec::new();
    let mut all = Vec::new();
    for (i, script) in sent.iter().enumerate() {
        let code = script.lines.is_some();
        let options = ApplyOptions {
            migration: i as u32,
            // A library sends statement by statement, and does in steps of its own what SQLite's ALTER TABLE can't.
            autocommit: code,
            lenient: code && schema.dialect.engine == Engine::Sqlite,
            ..ApplyOptions::default()
        };
        let (next, mut applied) = apply(&schema, &script.text, &options);
        applied.changes.iter_mut().for_each(|c| c.line = script.line(c.line));
        applied.conditions.iter_mut().for_each(|c| c.line = script.line(c.line));
        applied.problems.iter_mut().for_each(|p| p.line = p.line.map(|l| script.line(l)));
        applied.error_line = applied.error_line.map(|l| script.line(l));
        schema = next;
        changes.extend(applied.changes.iter().cloned());
        all.push(applied);
    }
    Run { world, before, after: schema, changes, applied: all, scripts: sent.to_vec() }
}

/// An open schema with the tables and columns that the migrations, one after the other, presuppose.
fn presupposed(before: &Schema, sent: &[Sent]) -> Schema {
    let all: Vec<&str> = sent.iter().map(|s| s.text.as_str()).collect();
    presuppose(before, &all.join("\n;\n"), &ApplyOptions { lenient: true, ..ApplyOptions::default() })
}

/// The migrations as given, by their number in the run.
pub(crate) fn paths(inputs: &[MigrationInput]) -> Vec<String> {
    inputs.iter().map(|i| i.path.clone()).collect()
}

/// Whether a finding is listed: risks and breaks always, safe ones on demand.
pub(crate) fn listed(finding: &Finding, request: &CheckRequest) -> bool {
    finding.verdict != Verdict::Safe || request.all || request.statements.as_ref().is_some_and(|(p, _)| *p == finding.path)
}
