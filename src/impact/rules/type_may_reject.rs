//! A stored value that the new type of its column may not take.

use super::Rule;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::impact::narrowing::{Class, Fit, class, fit, literal_fits};
use crate::impact::writes::write_pairs;
use crate::model::change::Change;
use crate::model::change::ChangeOp;
use crate::model::dialect::Engine;
use crate::model::finding::Effect;
use crate::model::object::ObjectRef;
use crate::model::schema::{Column, Schema, UserTypeKind};
use crate::sql::bind::binding::Binding;
use crate::sql::bind::binding::{WriteKind, WrittenValue};

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "type-may-reject",
        title: "A written value may not fit the new type",
        why: "A shorter, narrower or different type refuses values that the old one took; some are rounded or cut without an error.",
        fix: "Check the values that the code writes, then change the type.",
        misses: "Values that the code never lets be so long or so large.",
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
            let written = pair.written(cx, &column.name);
            let numbered = written.is_none() && pair.write.kind == WriteKind::Insert && column.auto_increment;
            if written.is_none() && !numbered {
                continue;
            }
            let Some(refusal) = refusal(cx, old, column) else { continue };
            let (effect, what) = match (written.map(|w| &w.value), &refusal) {
                (Some(WrittenValue::Null | WrittenValue::Default), _) => continue,
                (Some(WrittenValue::Literal(text, string)), Fit::Refuses(what)) => {
                    match literal_fits(text, *string, &column.ty, cx.dialect(), !column.ty.values.is_empty()) {
                        Some(true) => continue,
                        Some(false) => (Effect::Breaks, what),
                        None if class(&old.ty, cx.dialect(), false) == class(&column.ty, cx.dialect(), false) => continue,
                        None => (Effect::MayBreak, what),
                    }
                }
                (Some(WrittenValue::Expr(Some(ty), _)), Fit::Refuses(what)) => {
                    let narrow = matches!(fit(ty, &column.ty, cx.dialect(), (false, false)), Fit::All);
                    if narrow && column.charset == old.charset {
                        continue;
                    }
                    (Effect::MayBreak, what)
                }
                (_, Fit::Refuses(what)) => (Effect::MayBreak, what),
                (_, Fit::Alters(what)) => (Effect::ChangesResult, what),
                (_, Fit::All) => continue,
            };
            let verb = if effect == Effect::ChangesResult { "stores other values:" } else { "refuses" };
            let ops = [
                ChangeOp::AlterType,
                ChangeOp::AlterColumn,
                ChangeOp::AlterTable,
                ChangeOp::AlterDomain,
                ChangeOp::AlterGenerated,
                ChangeOp::DropType,
                ChangeOp::CreateTable,
            ];
            let message = |object: &ObjectRef| format!("{object} becomes {}, which {verb} {what}.", column.ty);
            let explanation = pair.explain(cx, before, (Some(old), column), &ops, (effect, message));
            found.push(Explanation { span: written.map_or(pair.write.span, |w| pair.place_of(w)), ..explanation });
        }
    }
    found
}

/// What the column took before and does not take now.
fn refusal(cx: &Context, old: &Column, new: &Column) -> Option<Fit> {
    if let Some(reason) = by_user_type(cx, old, new) {
        return Some(Fit::Refuses(reason));
    }
    if cx.engine().is_mysql_family() && narrower_charset(old, new) {
        return Some(Fit::Refuses(format!("characters that {} does not have", new.charset.as_deref().unwrap_or("its character set"))));
    }
    if cx.engine() == Engine::Sqlite {
        return None;
    }
    let enums = (is_enum(cx.pairing.before, old), is_enum(cx.pairing.after, new));
    if old.ty == new.ty {
        return None;
    }
    if cx.only_named(old) {
        let takes_all = class(&new.ty, cx.dialect(), enums.1) == Class::Text && new.ty.args.is_empty();
        return (!takes_all).then(|| Fit::Refuses(format!("what does not fit {}; which type it had is not known", new.ty)));
    }
    // A domain takes what its base type takes; its checks were looked at above.
    let (was, is) = (base(cx.pairing.before, old), base(cx.pairing.after, new));
    // Text given as a parameter for a type that reads text: what does not parse is refused.
    match fit(&was, &is, cx.dialect(), enums) {
        Fit::All => None,
        Fit::Refuses(_) if cx.engine() == Engine::Postgres && class(&is, cx.dialect(), enums.1) == Class::Enum && enums.0 => None,
        other => Some(other),
    }
}

fn base(schema: &Schema, column: &Column) -> crate::model::types::DataType {
    match column.ty.user.as_ref().and_then(|u| schema.find_type(Some(&u.schema), &u.name)).map(|t| &t.kind) {
        Some(UserTypeKind::Domain { base, .. }) => base.clone(),
        _ => column.ty.clone(),
    }
}

fn is_enum(schema: &Schema, column: &Column) -> bool {
    !column.ty.values.is_empty()
        || column
            .ty
            .user
            .as_ref()
            .and_then(|u| schema.find_type(Some(&u.schema), &u.name))
            .is_some_and(|t| matches!(t.kind, UserTypeKind::Enum(_)))
}

/// Labels that an enum lost, checks that a domain gained, fields that a composite gained or lost.
fn by_user_type(cx: &Context, old: &Column, new: &Column) -> Option<String> {
    let find =
        |schema: &Schema, c: &Column| c.ty.user.as_ref().and_then(|u| schema.find_type(Some(&u.schema), &u.name)).map(|t| t.kind.clone());
    match (find(cx.pairing.before, old), find(cx.pairing.after, new)) {
        (Some(UserTypeKind::Enum(was)), Some(UserTypeKind::Enum(is))) => {
            let gone = was.iter().find(|l| !is.contains(l))?;
            Some(format!("the value '{gone}'"))
        }
        (was, Some(UserTypeKind::Domain { checks, .. })) => {
            let had = match was {
                Some(UserTypeKind::Domain { checks, .. }) => checks,
                _ => Vec::new(),
            };
            let (_, text) = checks.iter().find(|(_, text)| !had.iter().any(|(_, h)| h == text))?;
            Some(format!("values without {text}"))
        }
        (Some(UserTypeKind::Composite(was)), Some(UserTypeKind::Composite(is))) if was.len() != is.len() => {
            Some(format!("a text value with {} fields instead of {}", was.len(), is.len()))
        }
        _ => None,
    }
}

/// Character sets of the MySQL family from those with few characters to those with all.
fn narrower_charset(old: &Column, new: &Column) -> bool {
    let rank = |c: &Column| match c.charset.as_deref().map(str::to_ascii_lowercase).as_deref() {
        Some("ascii") => 0,
        Some("latin1" | "latin2" | "cp1250" | "cp1251" | "koi8r" | "greek" | "hebrew" | "latin5" | "latin7") => 1,
        Some("utf8" | "utf8mb3" | "ucs2") => 2,
        _ => 3,
    };
    rank(new) < rank(old)
}
