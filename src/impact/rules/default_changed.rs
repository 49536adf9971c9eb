//! A column that is left out and gets another value.

use super::Rule;
use crate::impact::constraints::squeeze;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::impact::writes::write_pairs;
use crate::model::change::Change;
use crate::model::change::ChangeOp;
use crate::model::finding::Effect;
use crate::model::object::ObjectRef;
use crate::model::schema::Column;
use crate::sql::bind::binding::Binding;
use crate::sql::bind::binding::WriteKind;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "default-changed",
        title: "A left-out column gets another value",
        why: "A column that an INSERT leaves out gets its default, its number or its expression.",
        fix: "Write the value in the statement if the code depends on it.",
        misses: "Defaults that are written differently and mean the same.",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    if after.error.is_some() || before.error.is_some() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for pair in &write_pairs(cx, before, after) {
        for column in &pair.new.columns {
            let Some(old) = pair.old_column(cx, column) else { continue };
            let what = match pair.write.kind {
                WriteKind::Insert if pair.omits(cx, &column.name) => left_out(old, column),
                WriteKind::Update if old.on_update != column.on_update && pair.written(cx, &column.name).is_none() => {
                    Some(("is no longer, or newly, set by every UPDATE".to_string(), Effect::ChangesResult))
                }
                _ => None,
            };
            let generated = || match (&old.generated, &column.generated) {
                (Some(a), b)
                    if b.as_ref().is_none_or(|b| squeeze(&a.expr) != squeeze(&b.expr))
                        && matches!(pair.write.kind, WriteKind::Insert | WriteKind::Update) =>
                {
                    let renamed = b.is_some()
                        && old.id == column.id
                        && pair.old.columns.iter().any(|c| pair.new.columns.iter().any(|n| n.id == c.id && n.name != c.name));
                    (!renamed).then(|| ("is no longer computed as before".to_string(), Effect::ChangesResult))
                }
                _ => None,
            };
            let Some((what, effect)) = what.or_else(generated) else { continue };
            let ops = [
                ChangeOp::SetDefault,
                ChangeOp::DropDefault,
                ChangeOp::AlterGenerated,
                ChangeOp::AlterColumn,
                ChangeOp::AlterType,
                ChangeOp::CreateTable,
            ];
            let message = |object: &ObjectRef| format!("{object}, which this {} leaves out, {what}.", pair.verb());
            found.push(pair.explain(cx, before, (Some(old), column), &ops, (effect, message)));
        }
    }
    found
}

/// What a left-out column gets now, if that is something else.
fn left_out(old: &Column, new: &Column) -> Option<(String, Effect)> {
    let numbers = |c: &Column| {
        c.auto_increment || c.identity.is_some() || c.default.as_deref().is_some_and(|d| d.to_lowercase().contains("nextval("))
    };
    if numbers(old) && numbers(new) || new.generated.is_some() || old.generated.is_some() {
        return None;
    }
    if numbers(new) {
        return Some(("is numbered by the engine from its start value, which may exist already".into(), Effect::MayBreak));
    }
    if numbers(old) {
        return new.nullable.then(|| ("is no longer numbered by the engine".into(), Effect::ChangesResult));
    }
    let plain = |c: &Column| c.default.as_deref().map(plain_default).filter(|d| !d.eq_ignore_ascii_case("null"));
    match (plain(old), plain(new)) {
        (a, b) if a == b => None,
        // Required now and without default: column-now-required says so.
        (_, None) if !new.nullable => None,
        (a, b) => {
            let (a, b) = (a.unwrap_or_else(|| "NULL".into()), b.unwrap_or_else(|| "NULL".into()));
            Some((format!("gets {b} instead of {a}"), Effect::ChangesResult))
        }
    }
}

/// A default without casts, as engines print them differently.
fn plain_default(text: &str) -> String {
    let text = squeeze(text);
    let text = text.split("::").next().unwrap_or(&text).trim().to_string();
    match text.to_lowercase().trim_end_matches("()") {
        "now" | "current_timestamp" => "current_timestamp".into(),
        "true" => "true".into(),
        "false" => "false".into(),
        _ => text,
    }
}
