//! Partitions or child tables that come or go.

use super::Rule;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::impact::lost::is_table;
use crate::model::change::Change;
use crate::model::change::ChangeOp;
use crate::model::finding::Effect;
use crate::model::object::ObjectId;
use crate::model::schema::{Schema, Table};
use crate::model::span::Span;
use crate::model::statement::Mode;
use crate::sql::bind::binding::Binding;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "table-members-changed",
        title: "A table has other partitions or child tables",
        why: "A partitioned table and a table with children deliver the rows of all of them.",
        fix: "Check that no reader needs the rows that go.",
        misses: "",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    if before.error.is_some() || after.error.is_some() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for used in before.uses.iter().filter(|u| is_table(u) && u.mode != Mode::Write) {
        let Some(old) = used.id.and_then(|id| cx.pairing.table_before(id)) else { continue };
        let Some(new) = cx.pairing.table_after(old.id) else { continue };
        if only(cx, used.span) {
            continue;
        }
        let of = |schema, table| if cx.pairing.has_members() { members(schema, table) } else { Vec::new() };
        let (was, is) = (of(cx.pairing.before, old), of(cx.pairing.after, new));
        let gone = was.iter().find(|id| !is.contains(id));
        // A member that the migration creates starts empty.
        let come = is.iter().find(|id| !was.contains(id) && cx.pairing.table_before(**id).is_some());
        let dropped = cx.last_change(|c| c.op == ChangeOp::Partition && c.table.or(c.id) == Some(old.id) && removes_rows(c));
        if gone.is_none() && come.is_none() && dropped.is_none() {
            continue;
        }
        let what = if come.is_some() && gone.is_none() {
            "includes the rows of another table"
        } else {
            "loses the rows of a partition or child table"
        };
        let mut explanation = cx.explain(before, Effect::ChangesResult, format!("{} {what}.", cx.shown(&old.name)));
        explanation.object = Some(cx.table_ref(&old.name));
        let member = gone.or(come).copied();
        explanation.change = dropped
            .or_else(|| cx.last_change(|c| [c.id, c.table].contains(&member) && member.is_some()))
            .or_else(|| cx.any_change_of_table(Some(old.id), &old.name.name));
        explanation.span = used.span;
        found.push(explanation);
    }
    found
}

/// DROP PARTITION and TRUNCATE PARTITION of the MySQL family.
fn removes_rows(change: &Change) -> bool {
    let text = format!("{} {}", change.before.as_deref().unwrap_or(""), change.after.as_deref().unwrap_or("")).to_lowercase();
    change.before.is_some() && change.after.is_none() || text.contains("drop") || text.contains("truncate")
}

/// Child tables and partitions, theirs included.
fn members(schema: &Schema, table: &Table) -> Vec<ObjectId> {
    let mut all = Vec::new();
    let mut open = vec![table.name.clone()];
    while let Some(parent) = open.pop() {
        for child in schema.tables.values() {
            let belongs = child.inherits.contains(&parent) || child.partition_of.as_ref().is_some_and(|(p, _)| *p == parent);
            if belongs && !all.contains(&child.id) {
                all.push(child.id);
                open.push(child.name.clone());
            }
        }
    }
    all
}

/// `ONLY table`.
fn only(cx: &Context, span: Span) -> bool {
    let ahead = cx.input.text.get(..span.start as usize).unwrap_or("").trim_end().trim_end_matches('(').trim_end();
    ahead.len() >= 4 && ahead.get(ahead.len() - 4..).is_some_and(|w| w.eq_ignore_ascii_case("only"))
}
