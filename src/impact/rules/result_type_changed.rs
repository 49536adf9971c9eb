//! A result column of another type.

use super::Rule;
use crate::impact::context::Context;
use crate::impact::difference::{OutputDifference, outputs};
use crate::impact::judgement::Explanation;
use crate::impact::narrowing::integer_bits;
use crate::model::change::Change;
use crate::model::change::ChangeOp;
use crate::model::finding::Effect;
use crate::model::statement::Consumer;
use crate::sql::bind::binding::Binding;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "result-type-changed",
        title: "A result column has another type",
        why: "Drivers choose the value that the code gets by the type of the column; another type gives another value or an error when it is scanned.",
        fix: "Cast in the statement to the type that the code expects before the migration runs.",
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
        let OutputDifference::Type(i) = difference else { continue };
        let Some(is) = after.outputs.as_ref().and_then(|o| o.get(i)) else { continue };
        let was = before
            .outputs
            .as_ref()
            .and_then(|o| o.get(i).filter(|w| w.name == is.name).or_else(|| o.iter().find(|w| w.name == is.name)).or(o.get(i)));
        let (Some(was), Some(new)) = (was, &is.ty) else { continue };
        let widened = || was.ty.as_ref().and_then(integer_bits).zip(integer_bits(new)).is_some_and(|(o, n)| o <= n);
        if cx.input.any_integer && widened() {
            continue;
        }
        let old = was.ty.as_ref().map_or(String::new(), |t| t.to_string());
        let mut explanation = cx.explain(
            before,
            Effect::ChangesResult,
            format!("Result column {} is {old} before the migration and {new} after it.", is.name),
        );
        let source = was.source.and_then(|id| cx.pairing.column_before(id));
        explanation.object = source.map(|(t, c)| cx.column_ref(&t.name, &c.name));
        let retypes = |c: &Change| {
            matches!(
                c.op,
                ChangeOp::AlterType
                    | ChangeOp::RenameType
                    | ChangeOp::ReplaceFunction
                    | ChangeOp::CreateFunction
                    | ChangeOp::ReplaceView
                    | ChangeOp::AlterColumn
            )
        };
        let ids: Vec<_> = before.uses.iter().chain(&after.uses).filter_map(|u| u.id).collect();
        explanation.change = cx
            .last_change(|c| retypes(c) && c.id.is_some() && c.id == was.source)
            .or_else(|| cx.last_change(|c| retypes(c) && c.id.is_some_and(|id| ids.contains(&id))))
            .or_else(|| cx.last_change(retypes));
        explanation.span = before
            .uses
            .iter()
            .find(|u| u.id.is_some() && u.id == was.source && !u.span.is_empty())
            .map_or_else(Default::default, |u| u.span);
        found.push(explanation);
    }
    found.extend(relabelled(cx, before));
    found.extend(typed_anew(cx, before));
    found
}

/// Result columns that get a type where none was known before.
fn typed_anew(cx: &Context, before: &Binding) -> Vec<Explanation> {
    let mut found = Vec::new();
    for output in before.outputs.iter().flatten() {
        let Some((table, column)) = output.source.and_then(|id| cx.pairing.column_before(id)).filter(|(_, c)| cx.only_named(c)) else {
            continue;
        };
        let Some((_, is)) = cx.pairing.column_after(column.id).filter(|(_, c)| !cx.only_named(c)) else { continue };
        let Some(index) = cx.change_to(&[ChangeOp::AlterType], Some(column.id)) else { continue };
        let object = cx.column_ref(&table.name, &column.name);
        let message = format!("{object} is {} after the migration, and which type it had is not known.", is.ty);
        let mut explanation = cx.explain(before, Effect::ChangesResult, message);
        explanation.object = Some(object);
        explanation.change = Some(index);
        explanation.confidence = cx.confidence_of(before, column);
        explanation.span =
            before.uses.iter().find(|u| u.id == output.source && !u.span.is_empty()).map_or_else(Default::default, |u| u.span);
        found.push(explanation);
    }
    found
}

/// Result columns that deliver a renamed value of their enum.
fn relabelled(cx: &Context, before: &Binding) -> Vec<Explanation> {
    let mut found = Vec::new();
    for output in before.outputs.iter().flatten() {
        let Some((table, column)) = output.source.and_then(|id| cx.pairing.column_before(id)) else { continue };
        let Some(user) = &column.ty.user else { continue };
        let id = cx.pairing.before.find_type(Some(&user.schema), &user.name).map(|t| t.id);
        let Some(index) = cx.change_to(&[ChangeOp::RenameEnumValue], id) else { continue };
        let object = cx.column_ref(&table.name, &column.name);
        let mut explanation = cx.explain(before, Effect::ChangesResult, format!("{object} delivers a renamed value of {}.", user.name));
        explanation.object = Some(object);
        explanation.change = Some(index);
        explanation.span =
            before.uses.iter().find(|u| u.id == output.source && !u.span.is_empty()).map_or_else(Default::default, |u| u.span);
        found.push(explanation);
    }
    found
}
