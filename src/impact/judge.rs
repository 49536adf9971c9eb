//! Judging one statement: bound against both schemas, the difference explained by the rules.

use super::context::Context;
use super::definitions;
use super::difference;
use super::judgement::{Cause, Judgement, StatementInput};
use super::pairing::Pairing;
use super::prepared;
use super::rules;
use crate::model::change::{Change, ChangeOp};
use crate::model::finding::{Basis, Effect, EngineErrors};
use crate::model::schema::Schema;
use crate::sql::bind::binding::Binding;
use crate::sql::bind::{SessionState, bind};
use std::cell::OnceCell;

/// A schema with the state of the session that sends the statement.
#[derive(Copy, Clone, Debug)]
pub struct SchemaSide<'a> {
    /// The schema.
    pub schema: &'a Schema,
    /// State of the session.
    pub session: &'a SessionState,
}

/// Judges a statement by the difference of its two bindings. For many statements, build the [`Pairing`] once
/// and call [`judge_paired`].
pub fn judge(input: &StatementInput, before: &SchemaSide, after: &SchemaSide, changes: &[Change]) -> Judgement {
    let pairing = Pairing::new(before.schema, after.schema, changes);
    judge_paired(&pairing, changes, input, before.session, after.session)
}

/// Judges a statement against two schemas that are paired already.
pub fn judge_paired(
    pairing: &Pairing,
    changes: &[Change],
    input: &StatementInput,
    before: &SessionState,
    after: &SessionState,
) -> Judgement {
    judge_within(pairing, changes, input, (before, after), 0)
}

/// Judges a statement that stands `depth` routine bodies deep.
pub(super) fn judge_within(
    pairing: &Pairing,
    changes: &[Change],
    input: &StatementInput,
    sessions: (&SessionState, &SessionState),
    depth: usize,
) -> Judgement {
    let before = bind(input.statement, input.text, pairing.before, sessions.0);
    let after = bind(input.statement, input.text, pairing.after, sessions.1);
    let operands = OnceCell::new();
    let cx = Context { input: *input, pairing, changes, session: sessions.1, depth, operands: &operands };
    let mut causes = Vec::new();
    for rule in rules::all() {
        for e in (rule.explain)(&cx, &before, &after, changes) {
            if e.effect == Effect::Safe {
                continue;
            }
            causes.push(Cause::of(&rule.meta, e));
        }
    }
    causes.extend(definitions::causes(&cx, &before));
    if let Some(cause) = difference::unexplained(&cx, &before, &after, &causes) {
        causes.push(cause);
    }
    // Stable: rules stand in their registry from the most to the least telling.
    causes.sort_by_key(|c| std::cmp::Reverse((c.effect, c.confidence)));
    let mut seen: Vec<Cause> = Vec::new();
    for cause in causes {
        let same = |s: &Cause| s.rule == cause.rule && s.object == cause.object && s.change == cause.change && s.message == cause.message;
        if !seen.iter().any(same) {
            seen.push(cause);
        }
    }
    let effect = seen.first().map_or(Effect::Safe, |c| c.effect);
    let confidence = seen.first().map_or_else(|| cx.confidence(&before), |c| c.confidence);
    let prepared_effect = if depth == 0 { prepared::effect(&cx, &before, &after, effect) } else { effect };
    let mut seen = seen.into_iter();
    Judgement {
        effect,
        prepared_effect,
        cause: seen.next(),
        also: seen.collect(),
        confidence,
        engine_error: engine_errors(&before, &after),
        basis: Basis::Analysis,
        bound: before.error.is_none() && before.opaque.is_empty(),
        waits_for: waits_for(&cx, &before, &after),
    }
}

fn engine_errors(before: &Binding, after: &Binding) -> Option<EngineErrors> {
    let text =
        |b: &Binding| b.error.as_ref().map(|e| if e.code.is_empty() { e.message.clone() } else { format!("{}: {}", e.code, e.message) });
    let (before, after) = (text(before), text(after));
    (before.is_some() || after.is_some()).then_some(EngineErrors { before, after })
}

/// The statement fails before and no longer after: the change that brings what it needs.
fn waits_for(cx: &Context, before: &Binding, after: &Binding) -> Option<Option<usize>> {
    use ChangeOp::*;
    let error = before.error.as_ref()?;
    if after.error.is_some() {
        return None;
    }
    let used = cx.use_at(after, error.span)?;
    let brings = [CreateTable, AddColumn, CreateView, ReplaceView, RenameColumn, RenameTable, CreateFunction, CreateIndex, AddConstraint];
    Some(cx.change_to(&brings, used.id).or_else(|| cx.change_to(&brings, used.table_id)))
}
