//! A result column that can deliver NULL now.

use super::Rule;
use crate::impact::context::Context;
use crate::impact::difference::{OutputDifference, outputs};
use crate::impact::judgement::Explanation;
use crate::model::change::Change;
use crate::model::change::ChangeOp;
use crate::model::finding::Effect;
use crate::model::object::ObjectKind;
use crate::model::statement::{Consumer, Mode};
use crate::sql::bind::binding::{Binding, Use};

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "result-now-nullable",
        title: "A result column can be NULL now",
        why: "Code that was never given a NULL may not take one: scanning into a plain Go string, a non-optional field.",
        fix: "Make the code accept NULL first, or wrap the column in COALESCE.",
        misses: "",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    if cx.depth > 0 || cx.input.consumer == Consumer::None || before.error.is_some() || after.error.is_some() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for difference in outputs(before, after, cx.dialect()) {
        let OutputDifference::Nullable(i) = difference else { continue };
        let Some(is) = after.outputs.as_ref().and_then(|o| o.get(i)) else { continue };
        let source = is.source.or_else(|| loosened(cx, before));
        let mut explanation =
            cx.explain(before, Effect::ChangesResult, format!("Result column {} can be NULL after the migration.", is.name));
        explanation.object = source.and_then(|id| cx.pairing.column_after(id)).map(|(t, c)| cx.column_ref(&t.name, &c.name));
        explanation.change = cx.change_to(&[ChangeOp::DropNotNull, ChangeOp::AlterColumn, ChangeOp::AlterType], source);
        explanation.span =
            before.uses.iter().find(|u| u.id.is_some() && u.id == source && !u.span.is_empty()).map_or_else(Default::default, |u| u.span);
        found.push(explanation);
    }
    if found.is_empty() {
        found.extend(counted(cx, before));
    }
    found
}

/// The first column of the statement that lost its NOT NULL.
fn loosened(cx: &Context, before: &Binding) -> Option<crate::model::object::ObjectId> {
    before
        .uses
        .iter()
        .filter(|u| u.kind == ObjectKind::Column && u.mode == Mode::Read)
        .filter_map(|u| u.id)
        .find(|&id| lost_not_null(cx, id))
}

fn lost_not_null(cx: &Context, id: crate::model::object::ObjectId) -> bool {
    let (Some((_, old)), Some((_, new))) = (cx.pairing.column_before(id), cx.pairing.column_now(id)) else { return false };
    !old.nullable && new.nullable
}

/// `count(column)` leaves NULLs out.
fn counted(cx: &Context, before: &Binding) -> Option<Explanation> {
    use crate::impact::visit::roots;
    use crate::sql::ast::ExprKind;
    let lost = |u: &&Use| u.kind == ObjectKind::Column && u.id.is_some_and(|id| lost_not_null(cx, id));
    before.uses.iter().find(lost)?;
    let mut spans = Vec::new();
    roots(cx.input.statement, &mut |_, expr| {
        let mut open = vec![expr];
        while let Some(e) = open.pop() {
            if let ExprKind::Function(call) = &e.kind
                && call.name.last().value.eq_ignore_ascii_case("count")
            {
                spans.extend(call.args.iter().map(|a| a.span));
            }
            e.each_child(&mut |c| open.push(c));
        }
    });
    let used = before.uses.iter().filter(lost).find(|u| spans.iter().any(|s| s.covers(u.span)))?;
    let mut explanation = cx.explain(
        before,
        Effect::ChangesResult,
        format!("{} can be NULL after the migration, and COUNT leaves NULLs out.", cx.object_of(used)),
    );
    explanation.object = Some(cx.object_of(used));
    explanation.change = cx.change_to(&[ChangeOp::DropNotNull, ChangeOp::AlterColumn, ChangeOp::AlterType], used.id);
    explanation.span = used.span;
    Some(explanation)
}
