//! A verdict held against what an engine answered.
//!
//! Only an engine's error, or its success at the stage where the analysis foresaw the failure, overrules the analysis. What
//! fails before the migration proves nothing, and what depends on rows or values is not proved by those at hand.

use super::definitions;
use super::judgement::{Cause, Judgement};
use super::rules::{engine_refuses, result_shape_changed, result_type_changed, row_shape_changed};
use crate::model::change::{Change, EngineError};
use crate::model::dialect::Engine;
use crate::model::finding::{Basis, Effect, EngineErrors};
use crate::model::proof::{EngineColumn, StatementProof};
use crate::model::span::Span;
use crate::model::statement::Consumer;

/// How a verdict came out of its proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Engine and analysis say the same.
    Agreed,
    /// They don't, and the verdict is the engine's now: what the analysis said, and what the engine.
    Disagreed(String, String),
    /// The answer proves nothing, and why.
    Undecided(&'static str),
}

/// The statement that a verdict is about.
#[derive(Copy, Clone, Debug)]
pub struct Proved<'p> {
    /// Its text.
    pub text: &'p str,
    /// Where that begins in the text that was judged.
    pub offset: u32,
    /// What reads its rows.
    pub consumer: Consumer,
    /// The engine.
    pub engine: Engine,
    /// All changes of the run.
    pub changes: &'p [Change],
}

/// Holds a verdict against the engine's answers, and corrects it where they say otherwise.
pub fn settle(judgement: &mut Judgement, proof: &StatementProof, on: Proved) -> Settled {
    let (Ok(was), Some(after)) = (&proof.before.prepared, &proof.after) else {
        return Settled::Undecided("the engine refuses it before the migration, too");
    };
    let is = match &after.prepared {
        Err(error) => return refused(judgement, error, Effect::Breaks, on),
        Ok(columns) => columns,
    };
    match (&proof.before.executed, &after.executed) {
        // What other rows or values may have caused before says nothing of what no row or value can mend.
        (Some(before), Some(Err(error))) if before.is_ok() || by_data(before, on) && !depends_on_data(error, on.engine) => {
            let effect = if depends_on_data(error, on.engine) { Effect::MayBreak } else { Effect::Breaks };
            // What fails for one row may not for another.
            let effect = if judgement.effect >= Effect::MayBreak { judgement.effect } else { effect };
            return refused(judgement, error, effect, on);
        }
        // It is planned by then, whatever rows there are.
        (_, Some(Ok(_))) if judgement.effect == Effect::Breaks && foresaw_refusal(judgement) => {
            return accepted(judgement, "accepts the statement");
        }
        (Some(Ok(before)), Some(Ok(now))) if *before > 0 && *now > 0 && judgement.effect == Effect::Breaks && !of_consumer(judgement) => {
            return accepted(judgement, "runs the statement");
        }
        _ => {}
    }
    let differ = shape(was) != shape(is);
    match judgement.effect {
        Effect::Breaks if of_consumer(judgement) => Settled::Undecided("what reads the rows decides, not the engine"),
        Effect::Breaks => Settled::Undecided("it fails when it meets a row, and none was at hand to show it"),
        Effect::MayBreak => Settled::Undecided("it depends on rows or values"),
        Effect::ChangesResult if differ => {
            judgement.basis = Basis::Proof;
            Settled::Agreed
        }
        Effect::ChangesResult => Settled::Undecided("it runs, and the result differs in what preparing does not show"),
        Effect::Safe if differ && on.consumer == Consumer::Unknown => {
            let message = format!("The engine describes another result: {} before, {} after.", listed(was), listed(is));
            raise(judgement, Effect::ChangesResult, message, None, on);
            Settled::Disagreed("safe".into(), "another result".into())
        }
        Effect::Safe => Settled::Agreed,
    }
}

/// The engine refuses what it took before.
fn refused(judgement: &mut Judgement, error: &EngineError, effect: Effect, on: Proved) -> Settled {
    let said = match error.code.as_str() {
        "" => error.message.clone(),
        code => format!("{code}: {}", error.message),
    };
    let analysis = judgement.effect;
    let agrees = analysis >= effect || (analysis == Effect::MayBreak && effect == Effect::Breaks && unknown_part(judgement));
    if agrees {
        if analysis == Effect::Breaks {
            judgement.confidence = judgement.confidence.max(99);
        }
    } else {
        let message = format!("The engine refuses it after the migration: {}.", error.message);
        raise(judgement, effect, message, name_in(&error.message, on), on);
    }
    judgement.basis = Basis::Proof;
    judgement.engine_error = Some(EngineErrors { before: None, after: Some(said.clone()) });
    if agrees { Settled::Agreed } else { Settled::Disagreed(word(analysis).into(), said) }
}

/// The engine takes what the analysis said it would refuse.
fn accepted(judgement: &mut Judgement, does: &str) -> Settled {
    let analysis = judgement.cause.as_ref().map_or_else(|| word(judgement.effect).to_string(), |c| format!("{}: {}", c.rule, c.message));
    judgement.retain(|cause| cause.effect != Effect::Breaks || decided_by_consumer(cause));
    if judgement.cause.is_none() {
        judgement.prepared_effect = Effect::Safe;
    }
    judgement.basis = Basis::Proof;
    judgement.engine_error = None;
    Settled::Disagreed(analysis, format!("the engine {does}"))
}

fn raise(judgement: &mut Judgement, effect: Effect, message: String, span: Option<Span>, on: Proved) {
    let meta = &engine_refuses::RULE.meta;
    let names = |c: &Change| {
        let object = &c.object;
        [&object.column, &object.table, &object.name].into_iter().flatten().any(|n| message.contains(n.as_str()))
    };
    let change = if on.changes.len() == 1 { Some(0) } else { on.changes.iter().position(names) };
    let object = change.and_then(|i| on.changes.get(i)).map(|c| c.object.clone());
    let span = span.unwrap_or_default();
    let cause = Cause { rule: meta.id, effect, message, help: meta.fix.to_string(), object, change, span, confidence: 95 };
    let earlier = judgement.cause.replace(cause);
    judgement.also = earlier.into_iter().chain(std::mem::take(&mut judgement.also)).collect();
    judgement.effect = effect;
    judgement.prepared_effect = judgement.prepared_effect.max(effect);
    judgement.confidence = 95;
    judgement.basis = Basis::Proof;
}

/// The analysis said that the engine refuses it when it is prepared.
fn foresaw_refusal(judgement: &Judgement) -> bool {
    judgement.engine_error.as_ref().is_some_and(|e| e.before.is_none() && e.after.is_some()) && !of_consumer(judgement)
}

fn unknown_part(judgement: &Judgement) -> bool {
    judgement.cause.as_ref().is_some_and(|c| c.rule == "unknown-part-may-name-it")
}

/// What breaks is the code that reads the rows.
fn of_consumer(judgement: &Judgement) -> bool {
    judgement.cause.as_ref().is_some_and(decided_by_consumer)
}

fn decided_by_consumer(cause: &Cause) -> bool {
    let rules = [result_shape_changed::RULE, row_shape_changed::RULE, result_type_changed::RULE];
    rules.iter().any(|r| r.meta.id == cause.rule) || definitions::all().iter().any(|r| r.meta.id == cause.rule)
}

/// Whether other rows or values would pass (PostgreSQL manual, "Error Codes": classes 21, 22, 23, 44; MariaDB "Error
/// Codes"; SQLite "Result Codes").
fn depends_on_data(error: &EngineError, engine: Engine) -> bool {
    let code = error.code.as_str();
    match engine {
        Engine::Postgres => matches!(code.get(..2), Some("21" | "22" | "23" | "44" | "P0")),
        Engine::Sqlite => matches!(code, "SQLITE_CONSTRAINT" | "SQLITE_MISMATCH" | "SQLITE_RANGE"),
        Engine::MySql | Engine::MariaDb => {
            let of_data = [
                167, 1048, 1062, 1216, 1217, 1242, 1264, 1265, 1292, 1365, 1366, 1369, 1406, 1411, 1451, 1452, 1467, 1526, 1557, 1586,
                1644, 1690, 1748, 3819, 4025,
            ];
            code.parse::<u32>().is_ok_and(|c| of_data.contains(&c))
        }
    }
}

fn by_data(executed: &Result<u64, EngineError>, on: Proved) -> bool {
    executed.as_ref().is_err_and(|e| depends_on_data(e, on.engine))
}

/// The columns of a result, as far as they count: a type that has only another name is none of another kind.
fn shape(columns: &[EngineColumn]) -> Vec<(&str, &str)> {
    columns.iter().map(|c| (c.name.as_str(), c.ty.as_str())).collect()
}

fn listed(columns: &[EngineColumn]) -> String {
    let shown: Vec<String> = columns.iter().take(12).map(|c| format!("{} {}", c.name, c.ty).trim().to_string()).collect();
    format!("({}{})", shown.join(", "), if columns.len() > 12 { ", ..." } else { "" })
}

fn word(effect: Effect) -> &'static str {
    match effect {
        Effect::Safe => "safe",
        Effect::ChangesResult => "changes its result",
        Effect::MayBreak => "may break",
        Effect::Breaks => "breaks",
    }
}

/// Where the statement has the name that a message quotes.
fn name_in(message: &str, on: Proved) -> Option<Span> {
    let text = on.text;
    let quoted = message.split(['"', '\'', '`']).nth(1)?;
    let name = quoted.rsplit('.').next().filter(|n| !n.is_empty())?;
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let whole = |at: &usize| !letter(text[..*at].chars().next_back()) && !letter(text[at + name.len()..].chars().next());
    let at = text.match_indices(name).map(|m| m.0).find(whole)?;
    let at = at + on.offset as usize;
    Some(Span::new(at, at + name.len()))
}
