//! Comparisons and orderings that work in another way.

use super::Rule;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::impact::narrowing::{Class, Fit, class, fit};
use crate::impact::operations::{Against, Operand, Operation, operands};
use crate::model::change::Change;
use crate::model::change::ChangeOp;
use crate::model::dialect::Engine;
use crate::model::finding::Effect;
use crate::model::schema::{Column, Schema, Table, UserTypeKind};
use crate::sql::bind::binding::Binding;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "comparison-changed",
        title: "A comparison, an order or a calculation works in another way",
        why: "What is equal, what comes first and what a calculation gives depend on the types and collations of the columns.",
        fix: "Compare what the statement gives with the old and the new type, and cast where it matters.",
        misses: "Values that the two types write in the same way.",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    if before.error.is_some() || after.error.is_some() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for operand in operands(cx, before, after) {
        let judged = by_collation(cx, &operand).or_else(|| by_labels(cx, &operand)).or_else(|| by_type(cx, &operand));
        let Some((effect, what)) = judged else { continue };
        let (table, column) = operand.old;
        let mut explanation = cx.explain(before, effect, format!("{} {what}.", cx.column_ref(&table.name, &column.name)));
        explanation.object = Some(cx.column_ref(&table.name, &column.name));
        explanation.confidence = cx.confidence_of(before, column);
        let ops = [
            ChangeOp::AlterType,
            ChangeOp::AlterColumn,
            ChangeOp::RenameEnumValue,
            ChangeOp::AddEnumValue,
            ChangeOp::AlterTable,
            ChangeOp::AlterDomain,
        ];
        explanation.change = cx.change_to(&ops, Some(column.id)).or_else(|| cx.any_change_of_table(Some(table.id), &table.name.name));
        explanation.span = operand.span;
        found.push(explanation);
    }
    found
}

/// The collation that a column compares with, where one is known.
fn collation(table: &Table, column: &Column) -> Option<String> {
    let of_table = || table.options.get("collate").or_else(|| table.options.get("collation")).cloned();
    let charset = column.charset.clone().or_else(|| table.options.get("charset").cloned());
    column.collation.clone().or_else(of_table).or_else(|| charset.map(|c| format!("{c}_general_ci"))).map(|c| c.to_lowercase())
}

/// Whether a collation tells case apart.
fn exact(collation: &str) -> bool {
    collation.ends_with("_bin") || collation.ends_with("_cs") || collation == "binary"
}

/// PostgreSQL collations that compare equal only what is the same text; others are the schema's own.
fn builtin_collation(name: &str) -> bool {
    matches!(name, "c" | "posix" | "default" | "ucs_basic" | "unicode" | "c.utf-8" | "c.utf8")
        || name.contains("-x-icu")
        || name.contains("_")
}

fn by_collation(cx: &Context, operand: &Operand) -> Option<(Effect, String)> {
    let (was, is) = (collation(operand.old.0, operand.old.1), collation(operand.new.0, operand.new.1));
    if was == is {
        return None;
    }
    let (old, new) = (was.clone().unwrap_or_else(|| "the default".into()), is.clone().unwrap_or_else(|| "the default".into()));
    let changes = |what: &str| Some((Effect::ChangesResult, format!("changes its collation from {old} to {new}, so {what}")));
    match (cx.engine(), operand.operation) {
        (Engine::Postgres, Operation::Pattern) if is.as_deref().is_some_and(|c| !builtin_collation(c)) => {
            Some((Effect::Breaks, format!("gets collation {new}, which is not deterministic, and pattern matching is refused for it")))
        }
        (Engine::Postgres, Operation::Equality(Against::Column(_)) | Operation::Inequality(Against::Column(_)))
            if conflict(cx, operand) =>
        {
            Some((
                Effect::Breaks,
                format!("changes its collation to {new}, and the comparison with a column of another collation is refused"),
            ))
        }
        (Engine::Postgres, Operation::Equality(_) | Operation::Grouping) => {
            let folded = |c: &Option<String>| c.as_deref().is_some_and(|c| !builtin_collation(c));
            if folded(&was) != folded(&is) { changes("other values are equal") } else { None }
        }
        (_, Operation::Equality(Against::Column(_)) | Operation::Inequality(Against::Column(_)))
            if cx.engine().is_mysql_family() && conflict(cx, operand) =>
        {
            Some((
                Effect::Breaks,
                format!("changes its collation to {new}, and comparing it with a column of another collation is an illegal mix"),
            ))
        }
        (_, Operation::Equality(_) | Operation::Pattern) => {
            if was.as_deref().is_some_and(exact) != is.as_deref().is_some_and(exact) {
                changes("other values are equal")
            } else {
                None
            }
        }
        (_, Operation::Ordering | Operation::Inequality(_)) => changes("values sort differently"),
        (_, Operation::Grouping) => changes("other values are equal"),
        _ => None,
    }
}

/// The column meets another column, and their collations agreed before and do not now.
fn conflict(cx: &Context, operand: &Operand) -> bool {
    let (Operation::Equality(Against::Column(span)) | Operation::Inequality(Against::Column(span))) = operand.operation else {
        return false;
    };
    let other = cx.pairing.after.tables.values().filter(|t| t.view().is_none()).flat_map(|t| t.columns.iter().map(move |c| (t, c)));
    let name = span.slice(cx.input.text).rsplit('.').next().unwrap_or_default().trim_matches(|c| matches!(c, '"' | '`')).to_string();
    let mut others = other.filter(|(t, c)| cx.dialect().same_column(&c.name, &name) && c.id != operand.new.1.id && used(cx, t));
    let mine = collation(operand.new.0, operand.new.1);
    let explicit = |c: &Option<String>| c.as_deref().is_some_and(|c| c != "default");
    others.any(|(t, c)| {
        let theirs = collation(t, c);
        match cx.engine() {
            Engine::Postgres => explicit(&mine) && explicit(&theirs) && mine != theirs,
            _ => {
                let bin = |c: &Option<String>| c.as_deref().is_some_and(exact);
                mine != theirs && !bin(&mine) && !bin(&theirs)
            }
        }
    })
}

/// Whether the statement's text names the table.
fn used(cx: &Context, table: &Table) -> bool {
    cx.input.text.to_lowercase().contains(&table.name.name.to_lowercase())
}

/// The labels of an enum, in order.
fn labels<'s>(schema: &'s Schema, column: &'s Column) -> Option<&'s [String]> {
    if !column.ty.values.is_empty() {
        return Some(&column.ty.values);
    }
    let user = column.ty.user.as_ref()?;
    match &schema.find_type(Some(&user.schema), &user.name)?.kind {
        UserTypeKind::Enum(labels) => Some(labels),
        _ => None,
    }
}

fn by_labels(cx: &Context, operand: &Operand) -> Option<(Effect, String)> {
    let was = labels(cx.pairing.before, operand.old.1)?;
    let is = labels(cx.pairing.after, operand.new.1)?;
    if was == is {
        return None;
    }
    let gone: Vec<&String> = was.iter().filter(|l| !is.contains(l)).collect();
    let shifted = was.iter().enumerate().any(|(i, l)| is.get(i) != Some(l));
    match operand.operation {
        Operation::Equality(Against::Untyped) if cx.engine() == Engine::Postgres && !gone.is_empty() && !literal_at(cx, operand) => Some((
            Effect::MayBreak,
            format!("no longer has the value '{}': a parameter with it is refused", gone.first().map_or("", |l| l.as_str())),
        )),
        Operation::AsText(literal) => {
            let text = literal.slice(cx.input.text).trim_matches('\'');
            gone.iter()
                .any(|l| l.as_str() == text)
                .then(|| (Effect::ChangesResult, format!("no longer has the value '{text}': the comparison finds nothing")))
        }
        Operation::Arithmetic(_) if shifted => Some((Effect::ChangesResult, "numbers its values differently".into())),
        Operation::Ordering | Operation::Inequality(_) => {
            let kept: Vec<&String> = was.iter().filter(|l| is.contains(l)).collect();
            let order: Vec<&String> = is.iter().filter(|l| was.contains(l)).collect();
            (kept != order).then(|| (Effect::ChangesResult, "sorts its values differently".into()))
        }
        _ => None,
    }
}

/// The comparison is with a literal, which the engine has checked already.
fn literal_at(cx: &Context, operand: &Operand) -> bool {
    let rest = cx.input.text.get(operand.span.end as usize..).unwrap_or("");
    let rest = rest.trim_start().trim_start_matches(|c: char| "=<>!".contains(c)).trim_start();
    rest.starts_with('\'') || rest.get(..2).is_some_and(|w| w.eq_ignore_ascii_case("in")) && !rest.contains('$')
}

fn by_type(cx: &Context, operand: &Operand) -> Option<(Effect, String)> {
    let (old, new) = (&operand.old.1.ty, &operand.new.1.ty);
    if old == new || cx.engine() == Engine::Sqlite && crate::impact::difference::affinity(old) == crate::impact::difference::affinity(new) {
        return None;
    }
    if cx.only_named(operand.old.1) {
        let what = format!("becomes {new}, and which type it had is not known: values may compare and sort differently");
        return Some((Effect::ChangesResult, what));
    }
    let dialect = cx.dialect();
    let enums = (labels(cx.pairing.before, operand.old.1).is_some(), labels(cx.pairing.after, operand.new.1).is_some());
    let (was, is) = (class(old, dialect, enums.0), class(new, dialect, enums.1));
    let changes = |what: &str| Some((Effect::ChangesResult, format!("changes from {old} to {new}: {what}")));
    let textual = |c: Class| matches!(c, Class::Text | Class::PaddedText | Class::FoldedText);
    let numeric = |c: Class| matches!(c, Class::Integer | Class::Decimal | Class::Float);
    let moment = |c: Class| matches!(c, Class::Date | Class::Timestamp | Class::TimestampTz);
    match operand.operation {
        Operation::Equality(Against::Untyped) | Operation::Inequality(Against::Untyped) => match (was, is) {
            (Class::Text, Class::FoldedText) | (Class::FoldedText, Class::Text) => changes("case no longer counts in the same way"),
            (Class::Float, Class::Float) if old.name != new.name && matches!(operand.operation, Operation::Equality(_)) => {
                changes("the parameter has another precision")
            }
            (Class::Timestamp, Class::TimestampTz) | (Class::TimestampTz, Class::Timestamp) => {
                changes("the value compared is read in the time zone of the session")
            }
            (a, b) if dialect.engine == Engine::Postgres && textual(a) && !textual(b) && b != Class::Binary => {
                let refuses = matches!(fit(old, new, dialect, enums), Fit::Refuses(_));
                (refuses && !literal_at(cx, operand))
                    .then(|| (Effect::MayBreak, format!("changes from {old} to {new}, which refuses parameters that are no {new}")))
            }
            (a, b) if matches!(operand.operation, Operation::Inequality(_)) && textual(a) != textual(b) => {
                changes("text and numbers compare differently")
            }
            _ => None,
        },
        Operation::Ordering | Operation::Inequality(_) => match (was, is) {
            (a, b) if a == b || numeric(a) && numeric(b) || moment(a) && moment(b) => None,
            (Class::Text, Class::PaddedText) | (Class::PaddedText, Class::Text) => None,
            _ => changes("values compare and sort differently"),
        },
        Operation::Grouping | Operation::Equality(_) => match (was, is) {
            (Class::Text, Class::FoldedText) | (Class::FoldedText, Class::Text) if operand.operation == Operation::Grouping => {
                changes("case no longer tells values apart in the same way")
            }
            (Class::Decimal | Class::Float | Class::Timestamp | Class::TimestampTz, Class::Integer | Class::Date) => {
                changes("values that differed can be equal")
            }
            _ => None,
        },
        Operation::Pattern => match (was, is) {
            (Class::Text, Class::PaddedText) => changes("patterns see the padding"),
            (Class::Text, Class::FoldedText) | (Class::FoldedText, Class::Text) => changes("patterns no longer treat case in the same way"),
            _ => None,
        },
        Operation::Arithmetic(op) => match (was, is) {
            (Class::Integer, Class::Integer) if cx.engine().is_mysql_family() && new.unsigned && !old.unsigned && op == '-' => {
                Some((Effect::MayBreak, format!("changes to {new}, and subtracting below zero is an error for unsigned numbers")))
            }
            (a, b) if a != b && op == '/' => changes("the division gives another result"),
            _ => None,
        },
        Operation::Condition => (textual(was) != textual(is))
            .then(|| (Effect::ChangesResult, format!("changes from {old} to {new}, which is true for other values"))),
        Operation::Zone => match (was, is) {
            (a, b) if a != b => changes("AT TIME ZONE converts in the other direction"),
            _ => None,
        },
        Operation::AsText(_) => None,
    }
}
