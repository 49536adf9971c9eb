//! One proof from beginning to end: the schema before, the statements, the migrations, the statements again.

use super::choose::{Choice, open};
use super::limits::{Deadline, Limits};
use super::parameters;
use super::postgres::words;
use super::scratch::{Failed, Scratch};
use super::script::{Script, pieces};
use crate::model::change::EngineError;
use crate::model::dialect::Dialect;
use crate::model::proof::{Asked, StatementProof};
use std::path::Path;

/// A statement to ask about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// As the client writes it.
    pub text: String,
    /// Statements that set its session up.
    pub session: Vec<String>,
}

/// What to prove.
#[derive(Clone, Debug)]
pub struct Request<'r> {
    /// Engine and version.
    pub dialect: Dialect,
    /// Where.
    pub choice: &'r Choice,
    /// What makes the schema before, with its rows.
    pub before: Vec<Script>,
    /// The migrations in order.
    pub migrations: Vec<Script>,
    /// The statements.
    pub tasks: Vec<Task>,
    /// What may be used.
    pub limits: Limits,
    /// Where templates of servers are kept.
    pub cache: Option<&'r Path>,
}

/// What the engine answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Engine and version; `None`: none was asked.
    pub engine: Option<String>,
    /// Why none was asked, or why it stopped answering.
    pub reason: Option<String>,
    /// By task: the answers, or why there is none.
    pub statements: Vec<Result<StatementProof, String>>,
    /// By migration: how it ended; `None`: that proves nothing.
    pub migrations: Vec<Option<Result<(), EngineError>>>,
    /// Statements of the schema before that the engine refused: place and message.
    pub refused: Vec<String>,
}

/// Asks an engine. Never fails: what could not be asked says why.
pub fn prove(request: &Request) -> Outcome {
    let mut out = Outcome {
        statements: vec![Err("the engine was not asked".to_string()); request.tasks.len()],
        migrations: vec![None; request.migrations.len()],
        ..Outcome::default()
    };
    if *request.choice == Choice::Off {
        return out;
    }
    let mut scratch = match open(request.choice, request.dialect, &request.limits, request.cache) {
        Ok(scratch) => scratch,
        Err(reason) => return Outcome { reason: Some(reason), ..out },
    };
    out.engine = Some(scratch.name());
    let mut proof = Proof { scratch: scratch.as_mut(), request, deadline: Deadline::after(request.limits.total) };
    if let Err(reason) = proof.go(&mut out) {
        out.reason = Some(reason);
    }
    out
}

struct Proof<'p> {
    scratch: &'p mut dyn Scratch,
    request: &'p Request<'p>,
    deadline: Deadline,
}

impl Proof<'_> {
    /// `Err`: the engine answers no more.
    fn go(&mut self, out: &mut Outcome) -> Result<(), String> {
        for script in &self.request.before {
            self.build(script, &mut out.refused)?;
        }
        let own: Vec<Result<String, &str>> = self.request.tasks.iter().map(|t| parameters::own(&t.text, self.request.dialect)).collect();
        for ((task, own), answer) in self.request.tasks.iter().zip(&own).zip(&mut out.statements) {
            *answer = match own {
                Ok(sql) => self.ask(sql, task)?.map(|before| StatementProof { before, after: None }),
                Err(why) => Err((*why).to_string()),
            };
        }
        for (script, ended) in self.request.migrations.iter().zip(&mut out.migrations) {
            *ended = self.migrate(script)?;
            if ended.is_none() {
                let why = "the migration needs rights or extensions that a scratch database does not give";
                out.statements.iter_mut().filter(|s| s.is_ok()).for_each(|s| *s = Err(why.to_string()));
                return Ok(());
            }
        }
        for ((task, own), answer) in self.request.tasks.iter().zip(&own).zip(&mut out.statements) {
            let (Ok(proof), Ok(sql)) = (&mut *answer, own) else { continue };
            if proof.before.prepared.is_err() {
                continue;
            }
            match self.ask(sql, task)? {
                Ok(after) => proof.after = Some(after),
                Err(why) => *answer = Err(why),
            }
        }
        Ok(())
    }

    fn left(&self, times: u32) -> Result<std::time::Duration, String> {
        if self.deadline.over() {
            return Err(format!("the time for proof ({:.0?}) is over", self.request.limits.total));
        }
        Ok(self.deadline.left(self.request.limits.statement * times))
    }

    /// Runs a script of the schema before. What is refused is noted, and the rest goes on.
    fn build(&mut self, script: &Script, refused: &mut Vec<String>) -> Result<(), String> {
        let pieces = pieces(&script.text, self.request.dialect);
        for piece in &pieces {
            let limit = self.left(5)?;
            let done = if let Some(role) = &piece.role {
                self.scratch.role(role)
            } else if let Some(extension) = &piece.extension {
                self.scratch.extension(extension)
            } else if let Some(rows) = piece.rows {
                self.scratch.copy(piece.sql, rows, limit)
            } else {
                self.scratch.run(piece.sql, limit)
            };
            match done {
                Ok(()) => {}
                Err(Failed::Refused(error)) => refused.push(format!("{}:{}: {}", script.path, piece.line, error.message)),
                Err(Failed::Lost(why)) => return Err(why),
            }
        }
        Ok(())
    }

    /// Runs a migration. `None`: how it ended says nothing.
    fn migrate(&mut self, script: &Script) -> Result<Option<Result<(), EngineError>>, String> {
        let mut text = script.text.clone();
        let pieces = pieces(&script.text, self.request.dialect);
        let mut autocommit = script.autocommit;
        for piece in &pieces {
            // What only an administrator can do is done beforehand.
            let done = match (&piece.role, &piece.extension) {
                (Some(role), _) => self.scratch.role(role),
                (_, Some(extension)) => self.scratch.extension(extension),
                _ => {
                    autocommit |= piece.rows.is_some();
                    continue;
                }
            };
            match done {
                Ok(()) => text = text.replacen(piece.sql, &blank(piece.sql), 1),
                Err(Failed::Refused(_)) => return Ok(None),
                Err(Failed::Lost(why)) => return Err(why),
            }
        }
        let mut result = Ok(());
        if !autocommit {
            result = self.scratch.run(&text, self.left(10)?);
        } else {
            for piece in pieces.iter().filter(|p| p.role.is_none() && p.extension.is_none()) {
                let limit = self.left(10)?;
                result = match piece.rows {
                    Some(rows) => self.scratch.copy(piece.sql, rows, limit),
                    None => self.scratch.run(piece.sql, limit),
                };
                if result.is_err() {
                    break;
                }
            }
        }
        match result {
            Ok(()) => Ok(Some(Ok(()))),
            Err(Failed::Refused(error)) if self.scratch.is_own_limit(&error) => Ok(None),
            Err(Failed::Refused(error)) => {
                // A script that began a transaction of its own leaves it open.
                let _ = self.scratch.run("ROLLBACK", self.left(1)?);
                Ok(Some(Err(error)))
            }
            Err(Failed::Lost(why)) => Err(why),
        }
    }

    /// Prepares and executes a statement. The inner `Err`: the answer proves nothing.
    fn ask(&mut self, sql: &str, task: &Task) -> Result<Result<Asked, String>, String> {
        let lost = |failed: Failed| match failed {
            Failed::Lost(why) => Err(why),
            Failed::Refused(error) => Ok(error),
        };
        let limit = self.left(1)?;
        if let Err(failed) = self.scratch.enter(&task.session, limit) {
            let error = lost(failed)?;
            return Ok(Err(format!("its session can't be set up: {}", error.message)));
        }
        let described = self.scratch.prepare(sql, limit);
        let asked = match described {
            Err(failed) => Asked { prepared: Err(lost(failed)?), executed: None },
            Ok(described) => {
                let values: Vec<&str> = described.parameters.iter().map(|ty| self.scratch.value(ty)).collect();
                let mut executed = match self.scratch.execute(sql, &values, limit) {
                    Ok(count) => Ok(count),
                    Err(failed) => Err(lost(failed)?),
                };
                // Values that are made up refer to nothing.
                if executed.as_ref().is_err_and(|e| self.scratch.is_of_references(e)) {
                    let again = |s: &mut dyn Scratch| -> Result<Option<u64>, Failed> {
                        s.leave(limit)?;
                        s.enter(&task.session, limit)?;
                        if s.forget_references(limit)? { s.execute(sql, &values, limit).map(Some) } else { Ok(None) }
                    };
                    match again(self.scratch) {
                        Ok(Some(count)) => executed = Ok(count),
                        Ok(None) => {}
                        Err(failed) => executed = Err(lost(failed)?),
                    }
                }
                Asked { prepared: Ok(described.columns), executed: Some(executed) }
            }
        };
        if let Err(failed) = self.scratch.leave(limit) {
            return Err(words(&failed));
        }
        match asked.error() {
            Some(error) if self.scratch.is_own_limit(error) => Ok(Err(format!("the scratch database refuses it: {}", error.message))),
            _ => Ok(Ok(asked)),
        }
    }
}

/// White space of the same shape.
fn blank(text: &str) -> String {
    text.chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::dialect::Engine;

    /// On every engine that is at hand.
    #[test]
    fn engines_answer_before_and_after() {
        for engine in [Engine::Sqlite, Engine::Postgres, Engine::MariaDb] {
            let started = std::time::Instant::now();
            let task = |text: &str| Task { text: text.to_string(), session: Vec::new() };
            let script = |text: &str| Script { path: "a.sql".into(), text: text.into(), autocommit: false };
            let request = Request {
                dialect: Dialect::of(engine),
                choice: &Choice::Auto,
                before: vec![script("CREATE TABLE t (a int, b varchar(20)); INSERT INTO t VALUES (1, 'x');")],
                migrations: vec![script("ALTER TABLE t DROP COLUMN b;")],
                tasks: vec![task("SELECT a FROM t WHERE a = ?"), task("SELECT b FROM t"), task("SELECT c FROM t")],
                limits: Limits::default(),
                cache: None,
            };
            let out = prove(&request);
            if out.engine.is_none() {
                assert!(std::env::var_os("IMPACT_TEST_REQUIRE_ENGINES").is_none(), "{engine:?}: {:?}", out.reason);
                continue;
            }
            eprintln!("{engine:?} {:?} {out:#?}", started.elapsed());
            let [a, b, c] = &out.statements[..] else { panic!("{out:#?}") };
            let after = |s: &Result<StatementProof, String>| s.clone().unwrap().after;
            assert_eq!(after(a).and_then(|a| a.executed), Some(Ok(1)), "{out:#?}");
            assert!(after(b).is_some_and(|b| b.prepared.is_err()), "{out:#?}");
            assert!(after(c).is_none(), "{out:#?}");
            assert_eq!(out.migrations, [Some(Ok(()))]);
        }
    }
}
