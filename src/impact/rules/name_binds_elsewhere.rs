//! A name that means something else after the migration.

use super::Rule;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::impact::views::source_of;
use crate::model::change::Change;
use crate::model::change::ChangeOp;
use crate::model::dialect::Engine;
use crate::model::finding::Effect;
use crate::model::object::ObjectKind;
use crate::model::span::Span;
use crate::model::statement::ColumnRef;
use crate::sql::bind::binding::Binding;
use crate::sql::bind::binding::Use;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "name-binds-elsewhere",
        title: "A name silently means something else",
        why: "When a name disappears from the nearest scope, the engine goes on looking: in the outer query, in another schema, in another overload of a function. The statement still runs, on other data.",
        fix: "Qualify the name with its table and schema before the migration.",
        misses: "",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    if before.error.is_some() || after.error.is_some() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let written = |u: &&Use| !u.implicit && u.through_view.is_none() && !u.span.is_empty();
    let (places_before, places) = (places(&before.uses, |_| true), places(&after.uses, |u| written(&u)));
    for was in before.uses.iter().filter(written) {
        // A USING column means one column of either side: the same one first.
        let there = || at(&places, was.span).iter().filter_map(|p| after.uses.get(p.2));
        // A name that several open tables could supply was recorded for each of them.
        let same = |u: &&Use| u.id == was.id && (was.id.is_some() || u.table == was.table);
        let is = there().find(same).or_else(|| there().find(|u| u.table == was.table)).or_else(|| there().next());
        let Some(now) = elsewhere(cx, was, is) else { continue };
        let name = was.span.slice(cx.input.text);
        let then = described(cx, was);
        let mut explanation =
            cx.explain(before, Effect::ChangesResult, format!("{name} means {then} before the migration and {now} after it."));
        explanation.object = Some(cx.object_of(was));
        explanation.change = change_of(cx, was, is);
        explanation.span = was.span;
        found.push(explanation);
    }
    for is in after.uses.iter().filter(written).filter(|u| u.kind == ObjectKind::Column) {
        if !at(&places_before, is.span).is_empty() || before.uses.iter().any(|u| u.span.start < is.span.end && is.span.start < u.span.end) {
            continue;
        }
        let name = is.span.slice(cx.input.text);
        let mut explanation = cx.explain(
            before,
            Effect::ChangesResult,
            format!("{name} means {} after the migration and something else before it.", described(cx, is)),
        );
        explanation.object = Some(cx.object_of(is));
        explanation.change = cx.change_to(&[ChangeOp::AddColumn, ChangeOp::RenameColumn], is.id);
        explanation.span = is.span;
        found.push(explanation);
    }
    found
}

/// Start and end of a name, and its number among the uses.
type Place = (u32, u32, usize);

/// Where names stand, in order.
fn places(uses: &[Use], which: impl Fn(&Use) -> bool) -> Vec<Place> {
    let mut places: Vec<Place> = uses.iter().enumerate().filter(|(_, u)| which(u)).map(|(i, u)| (u.span.start, u.span.end, i)).collect();
    places.sort_unstable();
    places
}

/// The uses with this very span, in their order.
fn at(places: &[Place], span: Span) -> &[Place] {
    let start = places.partition_point(|p| (p.0, p.1) < (span.start, span.end));
    let rest = places.get(start..).unwrap_or_default();
    rest.get(..rest.partition_point(|p| (p.0, p.1) == (span.start, span.end))).unwrap_or_default()
}

/// What a name means now, if that is another thing than before.
fn elsewhere(cx: &Context, was: &Use, is: Option<&Use>) -> Option<String> {
    let Some(is) = is else {
        // No error and no name: SQLite reads a double-quoted word that fits nothing as a string.
        let quoted = was.span.slice(cx.input.text).starts_with('"');
        // PostgreSQL reads the name of a table that is no column as its whole row.
        let means = match cx.engine() {
            Engine::Postgres => Some("the whole row"),
            _ if quoted => Some("a string"),
            _ => None,
        };
        return means.filter(|_| was.kind == ObjectKind::Column && was.id.is_some()).map(str::to_string);
    };
    if was.kind == ObjectKind::Column && is.kind == ObjectKind::Column {
        return column_elsewhere(cx, was, is).then(|| described(cx, is));
    }
    let table = |u: &Use| matches!(u.kind, ObjectKind::Table | ObjectKind::View);
    if table(was) && table(is) {
        let (old, new) = (cx.pairing.table_before(was.id?)?, cx.pairing.table_after(is.id?)?);
        return (old.id != new.id && old.name != new.name).then(|| described(cx, is));
    }
    if was.kind == ObjectKind::Function && is.kind == ObjectKind::Function {
        if was.id == is.id {
            return None;
        }
        let redefined = match (was.id.and_then(|id| cx.pairing.function_before(id)), is.id.and_then(|id| cx.pairing.function_after(id))) {
            (Some(f), Some(g)) => {
                let types = |f: &crate::model::schema::Function| f.params.iter().map(|p| p.1.clone()).collect::<Vec<_>>();
                f.name == g.name && types(f) == types(g) && cx.pairing.function_after(f.id).is_none()
            }
            _ => false,
        };
        return (!redefined).then(|| "another function of that name".to_string());
    }
    (was.kind != is.kind).then(|| described(cx, is))
}

fn column_elsewhere(cx: &Context, was: &Use, is: &Use) -> bool {
    let (Some(a), Some(b)) = (was.id, is.id) else {
        return was.table != is.table && !was.table.is_empty() && !is.table.is_empty() && was.id.is_none() && is.id.is_none();
    };
    if a == b {
        return false;
    }
    let (Some((old_table, _)), Some((new_table, new_column))) = (cx.pairing.column_before(a), cx.pairing.column_after(b)) else {
        return false;
    };
    if old_table.id == new_table.id {
        // A column that was dropped and made again is the business of values-lost.
        return cx.pairing.column_before(b).is_some();
    }
    if new_table.view().is_some() && old_table.view().is_none() {
        let source = source_of(cx.pairing.after, new_table, &new_column.name);
        return match source {
            Some(id) => id != a && cx.pairing.column_now(a).is_some_and(|(_, c)| c.id != id && c.id != b),
            None => true,
        };
    }
    old_table.name != new_table.name
}

fn described(cx: &Context, used: &Use) -> String {
    match (used.kind, &used.column) {
        (ObjectKind::Column, ColumnRef::Named(_)) => format!("column {}", cx.object_of(used)),
        (ObjectKind::Table | ObjectKind::View, _) => {
            format!("{} {}", if used.kind == ObjectKind::View { "view" } else { "table" }, qualified(used))
        }
        (ObjectKind::Function, _) => format!("function {}", used.table),
        _ => cx.object_of(used).to_string(),
    }
}

fn qualified(used: &Use) -> String {
    if used.schema.is_empty() { used.table.clone() } else { format!("{}.{}", used.schema, used.table) }
}

fn change_of(cx: &Context, was: &Use, is: Option<&Use>) -> Option<usize> {
    use ChangeOp::*;
    let gone = [DropColumn, RenameColumn, DropTable, RenameTable, MoveTable, DropFunction, RenameFunction];
    let brings = [AddColumn, RenameColumn, CreateTable, CreateFunction, CreateView];
    cx.change_to(&gone, was.id)
        .or_else(|| cx.change_to(&brings, is.and_then(|u| u.id)))
        .or_else(|| cx.any_change_of_table(was.table_id.or(was.id), &was.table))
        .or_else(|| cx.last_change(|c| c.op == SearchPath))
}
