//! Which statements are asked of an engine, and what becomes of the verdicts and migrations by its answers.

use super::Run;
use crate::impact::Settled;
use crate::model::change::{EngineError, Outcome};
use crate::model::proof::{Disagreement, ProofSummary, StatementProof, Undecided};
use crate::model::report::Report;
use crate::proof::{Choice, Limits, Outcome as Answers, Request, Script, Task, prove};
use std::path::{Path, PathBuf};

/// Most statements that are asked of one database.
pub const MAX_STATEMENTS: usize = 2000;

/// Most disagreements that are kept, and most bytes of one.
const MAX_KEPT: usize = 200;
const MAX_CASE: usize = 4 << 20;

/// Refusals of the schema before that are shown.
const SHOWN: usize = 5;

/// Whether and how verdicts are proved.
#[derive(Clone, Debug)]
pub struct ProofRequest {
    /// Where.
    pub choice: Choice,
    /// What may be used.
    pub limits: Limits,
    /// Where templates of servers are kept.
    pub cache: Option<PathBuf>,
}

impl Default for ProofRequest {
    fn default() -> Self {
        ProofRequest { choice: Choice::Off, limits: Limits::default(), cache: None }
    }
}

/// Asks about the statements on a run's schema before and after. What is not asked says why.
pub fn ask(request: &ProofRequest, run: &Run, mut tasks: Vec<Task>) -> Answers {
    let all = tasks.len();
    let nothing = |reason: Option<String>| {
        let why = "the engine was not asked".to_string();
        Answers { reason, statements: vec![Err(why); all], migrations: vec![None; run.scripts.len()], ..Answers::default() }
    };
    if request.choice == Choice::Off {
        return nothing(None);
    }
    if !run.before.complete {
        return nothing(Some("the schema before is not known in full".into()));
    }
    if run.scripts.iter().any(|s| !s.unread.is_empty()) {
        return nothing(Some("a part of the migration was not read".into()));
    }
    let before = match run.world.built.scripts() {
        Ok(scripts) => scripts.into_iter().map(|(path, text)| Script { path, text, autocommit: true }).collect(),
        Err(reason) => return nothing(Some(reason)),
    };
    tasks.truncate(MAX_STATEMENTS);
    let migrations = run.scripts.iter().map(|s| Script { path: String::new(), text: s.text.clone(), autocommit: s.lines.is_some() });
    let mut answers = prove(&Request {
        dialect: run.before.dialect,
        choice: &request.choice,
        before,
        migrations: migrations.collect(),
        tasks,
        limits: request.limits,
        cache: request.cache.as_deref(),
    });
    answers.statements.resize(all, Err(format!("only the first {MAX_STATEMENTS} statements are asked")));
    answers
}

/// Keeps count of how verdicts came out of their proof.
#[derive(Default)]
pub struct Account {
    summary: ProofSummary,
    /// By migration; `None`: nothing is proved.
    migrations: Vec<Option<Result<(), EngineError>>>,
}

impl Account {
    /// What an engine answered; each statement is counted by [`Account::settled`].
    pub fn of(answers: &Answers) -> Self {
        let mut refused = answers.refused.clone();
        let more = refused.len().saturating_sub(SHOWN);
        refused.truncate(SHOWN);
        if more > 0 {
            refused.push(format!("... and {more} more"));
        }
        let summary = ProofSummary { engine: answers.engine.clone(), reason: answers.reason.clone(), refused, ..ProofSummary::default() };
        Account { summary, migrations: answers.migrations.clone() }
    }

    /// Counts a statement, after `settle` has held its verdict against the answer.
    pub fn settled(&mut self, statement: &str, answer: &Result<StatementProof, String>, settle: impl FnOnce(&StatementProof) -> Settled) {
        self.summary.statements += 1;
        let undecided = match answer {
            Err(why) => why.clone(),
            Ok(proof) => match settle(proof) {
                Settled::Agreed => {
                    self.summary.agreed += 1;
                    return;
                }
                Settled::Disagreed(analysis, engine) => {
                    self.summary.disagreed += 1;
                    let statement = statement.trim().to_string();
                    self.summary.disagreements.push(Disagreement { statement, analysis, engine });
                    return;
                }
                Settled::Undecided(why) => why.to_string(),
            },
        };
        match self.summary.undecided.iter_mut().find(|u| u.reason == undecided) {
            Some(known) => known.count += 1,
            None => self.summary.undecided.push(Undecided { reason: undecided, count: 1 }),
        }
    }

    /// Corrects what was said of the migrations, and adds the counts to the report's.
    pub fn close(mut self, number: usize, run: &mut Run, report: &mut Report, cache: Option<&Path>) {
        for (i, (applied, ended)) in run.applied.iter_mut().zip(&self.migrations).enumerate() {
            let Some(ended) = ended else { continue };
            let analysis = applied.outcome;
            match ended {
                // What a scratch schema lacks is no fault of the migration.
                Err(_) if !self.summary.refused.is_empty() && analysis != Outcome::Fails => continue,
                Err(error) => {
                    // What the analysis knows to hinge on rows hinges on those that are there.
                    let rows = of_data(&error.code) || analysis == Outcome::MayFail;
                    applied.outcome = if rows && analysis != Outcome::Fails { Outcome::MayFail } else { Outcome::Fails };
                    applied.error = Some(error.clone());
                }
                Ok(()) if analysis == Outcome::Fails => {
                    applied.outcome = Outcome::Ok;
                    applied.error = None;
                }
                Ok(()) => {}
            }
            if (applied.outcome == Outcome::Ok) != (analysis == Outcome::Ok) {
                let engine = ended.as_ref().err().map_or("the engine runs it".to_string(), |e| format!("{}: {}", e.code, e.message));
                let statement = run.scripts.get(i).map_or(String::new(), |s| s.text.trim().to_string());
                self.summary.disagreements.push(Disagreement { statement, analysis: format!("the migration: {analysis:?}"), engine });
            }
            if let Some(shown) = report.migrations.get_mut(i).filter(|_| number == 0) {
                shown.outcome = applied.outcome;
                shown.error = applied.error.clone();
            }
        }
        if let Some(cache) = cache.filter(|_| !self.summary.disagreements.is_empty()) {
            keep(cache, run, &self.summary);
        }
        let all = &mut report.proof;
        all.engine = all.engine.take().or(self.summary.engine);
        all.reason = all.reason.take().or(self.summary.reason);
        all.statements += self.summary.statements;
        all.agreed += self.summary.agreed;
        all.disagreed += self.summary.disagreed;
        for undecided in self.summary.undecided {
            match all.undecided.iter_mut().find(|u| u.reason == undecided.reason) {
                Some(known) => known.count += undecided.count,
                None => all.undecided.push(undecided),
            }
        }
        all.undecided.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.reason.cmp(&b.reason)));
        all.disagreements.extend(self.summary.disagreements);
        all.disagreements.sort();
        all.disagreements.dedup();
        all.refused.extend(self.summary.refused);
    }
}

/// Keeps the disagreements with all that is needed to see them again, one file each. Best effort: they stand in the report, too.
fn keep(cache: &Path, run: &Run, summary: &ProofSummary) {
    let folder = cache.join("disagreements");
    let Ok(before) = run.world.built.scripts() else { return };
    let before: Vec<&str> = before.iter().map(|s| s.1.as_str()).collect();
    let migration: Vec<&str> = run.scripts.iter().map(|s| s.text.as_str()).collect();
    let known = std::fs::create_dir_all(&folder).and_then(|()| std::fs::read_dir(&folder)).map_or(MAX_KEPT, |found| found.count());
    for disagreement in summary.disagreements.iter().take(MAX_KEPT.saturating_sub(known)) {
        let case = serde_json::json!({
            "dialect": run.before.dialect.to_string(),
            "asked": summary.engine,
            "schema": before.join("\n"),
            "migration": migration.join("\n"),
            "statement": disagreement.statement,
            "analysis": disagreement.analysis,
            "engine": disagreement.engine,
        });
        let text = case.to_string();
        let name = blake3::hash(text.as_bytes()).to_hex();
        if text.len() <= MAX_CASE {
            let _ = std::fs::write(folder.join(format!("{}.json", name.get(..16).unwrap_or(&name))), text);
        }
    }
}

/// Codes of errors that other rows would not cause (PostgreSQL classes 21, 22, 23, 44; MariaDB; SQLite).
fn of_data(code: &str) -> bool {
    let postgres = code.len() == 5 && ["21", "22", "23", "44"].iter().any(|class| code.starts_with(class));
    postgres
        || code == "SQLITE_CONSTRAINT"
        || matches!(code, "1062" | "1048" | "1138" | "1264" | "1265" | "1292" | "1366" | "1406" | "1451" | "1452" | "4025")
}
