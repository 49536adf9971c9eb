//! Result columns that are more, fewer, renamed or in another order.

use super::Rule;
use crate::impact::context::Context;
use crate::impact::difference::{OutputDifference, outputs};
use crate::impact::judgement::Explanation;
use crate::model::change::Change;
use crate::model::change::ChangeOp;
use crate::model::finding::Effect;
use crate::model::schema::Table;
use crate::model::statement::Consumer;
use crate::sql::ast::{Session, StatementKind};
use crate::sql::bind::binding::Binding;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "result-shape-changed",
        title: "The result has other columns",
        why: "`*` and the columns of a view follow the schema. Code that reads by position or scans into a fixed set of targets fails or mixes columns up; code that reads by name misses what was renamed or dropped.",
        fix: "Write the columns out, and read them by name.",
        misses: "What the code does with the rows is known only where the call that reads them was resolved.",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    if cx.depth > 0 || before.error.is_some() || after.error.is_some() {
        return Vec::new();
    }
    let name = |b: &Binding, i: usize| b.outputs.as_ref().and_then(|o| o.get(i)).map_or(String::new(), |o| o.name.clone());
    let mut found: Vec<Explanation> = listed(cx, before).into_iter().collect();
    for difference in outputs(before, after, cx.dialect()) {
        let (effect, what, ops): (Effect, String, &[ChangeOp]) = match &difference {
            OutputDifference::Added(at) => {
                let last = at.iter().all(|&i| i >= before.outputs.as_ref().map_or(0, Vec::len));
                let names: Vec<String> = at.iter().map(|&i| name(after, i)).collect();
                let what = format!("gains {}{}", names.join(", "), if last { "" } else { ", which shifts the columns after it" });
                (added(cx.input.consumer, last), what, &[ChangeOp::AddColumn, ChangeOp::ReplaceView])
            }
            OutputDifference::Removed(at) => {
                let names: Vec<String> = at.iter().map(|&i| name(before, i)).collect();
                (changed(cx.input.consumer), format!("loses {}", names.join(", ")), &[ChangeOp::DropColumn, ChangeOp::ReplaceView])
            }
            OutputDifference::Renamed(i) => {
                let effect = if matches!(cx.input.consumer, Consumer::Positional(_) | Consumer::None) {
                    Effect::Safe
                } else {
                    changed(cx.input.consumer)
                };
                (effect, format!("calls {} {} now", name(before, *i), name(after, *i)), &[ChangeOp::RenameColumn, ChangeOp::ReplaceView])
            }
            OutputDifference::Reordered => {
                let effect = match cx.input.consumer {
                    Consumer::ByName | Consumer::None => Effect::Safe,
                    _ => Effect::ChangesResult,
                };
                (
                    effect,
                    "delivers its columns in another order".into(),
                    &[ChangeOp::ReorderColumn, ChangeOp::AddColumn, ChangeOp::CreateTable],
                )
            }
            OutputDifference::Type(_) | OutputDifference::Nullable(_) => continue,
        };
        let tables: Vec<_> = before.uses.iter().chain(&after.uses).flat_map(|u| [u.table_id, u.id]).flatten().collect();
        let touches = |c: &Change| [c.table, c.id].into_iter().flatten().any(|id| tables.contains(&id));
        let mut explanation = cx.explain(before, effect, format!("The result of this {} {what}.", cx.verb()));
        explanation.change = cx.last_change(|c| ops.contains(&c.op) && touches(c)).or_else(|| cx.last_change(touches));
        explanation.object = explanation.change.and_then(|i| cx.changes.get(i)).map(|c| c.object.clone());
        explanation.span = star(cx);
        found.push(explanation);
    }
    found
}

/// What an added column does to the code that reads the rows.
fn added(consumer: Consumer, last: bool) -> Effect {
    match consumer {
        Consumer::ByName | Consumer::None => Effect::Safe,
        Consumer::Strict | Consumer::Fields | Consumer::Positional(Some(_)) => Effect::Breaks,
        Consumer::Positional(None) if last => Effect::ChangesResult,
        Consumer::Positional(None) => Effect::MayBreak,
        Consumer::Unknown => Effect::ChangesResult,
    }
}

fn changed(consumer: Consumer) -> Effect {
    match consumer {
        // the fields say themselves what they lose
        Consumer::None | Consumer::Fields => Effect::Safe,
        Consumer::Positional(Some(_)) => Effect::Breaks,
        Consumer::Positional(None) | Consumer::Strict => Effect::MayBreak,
        Consumer::ByName | Consumer::Unknown => Effect::ChangesResult,
    }
}

/// The first `*` of the statement.
fn star(cx: &Context) -> crate::model::span::Span {
    let text = cx.input.text;
    text.find('*').map_or_else(Default::default, |i| crate::model::span::Span::new(i, i + 1))
}

/// `PRAGMA table_info(t)` lists the columns of a table.
fn listed(cx: &Context, before: &Binding) -> Option<Explanation> {
    let StatementKind::Session(Session::Setting(name, _)) = &cx.input.statement.kind else { return None };
    let used = before.uses.first().filter(|_| name.starts_with("table_"))?;
    let old = used.id.and_then(|id| cx.pairing.table_before(id))?;
    let new = cx.pairing.successor(old)?;
    let columns = |t: &Table| t.columns.iter().map(|c| (c.name.clone(), c.ty.clone(), c.nullable, c.default.clone())).collect::<Vec<_>>();
    if columns(old) == columns(new) {
        return None;
    }
    let mut explanation = cx.explain(before, Effect::ChangesResult, format!("{} has other columns to list.", cx.shown(&old.name)));
    explanation.object = Some(cx.table_ref(&old.name));
    let ops = [ChangeOp::AddColumn, ChangeOp::DropColumn, ChangeOp::RenameColumn];
    explanation.change =
        cx.change_of_table(&ops, Some(old.id), &old.name.name).or_else(|| cx.any_change_of_table(Some(old.id), &old.name.name));
    explanation.span = used.span;
    Some(explanation)
}
