//! An INSERT that leaves out a column that must have a value now.

use super::Rule;
use crate::impact::bodies::filled_by_triggers;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::impact::writes::{WritePair, write_pairs};
use crate::model::change::Change;
use crate::model::change::ChangeOp;
use crate::model::dialect::Engine;
use crate::model::finding::Effect;
use crate::model::object::ObjectRef;
use crate::model::schema::Column;
use crate::sql::bind::binding::Binding;
use crate::sql::bind::binding::WriteKind;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "column-now-required",
        title: "INSERT leaves out a column that is required now",
        why: "A NOT NULL column without a default must be given a value by every INSERT.",
        fix: "Give the column a default, or add it nullable, deploy code that fills it, then set NOT NULL.",
        misses: "Triggers that fill the column are seen only where they assign it directly.",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    if after.error.is_some() || before.error.is_some() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for pair in write_pairs(cx, before, after).iter().filter(|p| p.write.kind == WriteKind::Insert && p.new.view().is_none()) {
        let filled = filled_by_triggers(cx, pair.new);
        for column in &pair.new.columns {
            let supplied = |c: &Column| c.has_value_when_omitted() || domain_default(cx, c);
            if supplied(column) || !pair.omits(cx, &column.name) || filled.iter().any(|f| cx.dialect().same_column(f, &column.name)) {
                continue;
            }
            // It was required before, too: nothing changed for this statement.
            if pair.old_column(cx, column).is_some_and(|o| !supplied(o) && omitted_before(cx, before, pair, o)) {
                continue;
            }
            let ignores = insert_ignores(cx);
            let effect = match cx.engine() {
                Engine::MySql | Engine::MariaDb if ignores => continue,
                Engine::Sqlite if ignores => Effect::ChangesResult,
                _ => Effect::Breaks,
            };
            let ops = [
                ChangeOp::AddColumn,
                ChangeOp::SetNotNull,
                ChangeOp::DropDefault,
                ChangeOp::AlterGenerated,
                ChangeOp::AlterColumn,
                ChangeOp::AlterType,
                ChangeOp::CreateTable,
            ];
            let message =
                |object: &ObjectRef| format!("{object} is required after the migration and has no default, but this INSERT leaves it out.");
            found.push(pair.explain(cx, before, (None, column), &ops, (effect, message)));
        }
    }
    found
}

/// The column's domain has a default.
fn domain_default(cx: &Context, column: &Column) -> bool {
    use crate::model::schema::UserTypeKind;
    let domain = column.ty.user.as_ref().and_then(|u| cx.pairing.after.find_type(Some(&u.schema), &u.name));
    domain.is_some_and(|d| matches!(&d.kind, UserTypeKind::Domain { default: Some(_), .. }))
}

/// Whether the statement left the column out before the migration as well.
fn omitted_before(cx: &Context, before: &Binding, pair: &WritePair, column: &Column) -> bool {
    let write = before.writes.iter().find(|w| w.kind == WriteKind::Insert && w.table_id == Some(pair.old.id));
    write.is_none_or(|w| !w.columns.iter().any(|c| cx.dialect().same_column(&c.name, &column.name)))
}

/// INSERT IGNORE, INSERT OR IGNORE.
fn insert_ignores(cx: &Context) -> bool {
    matches!(&cx.input.statement.kind, crate::sql::ast::StatementKind::Insert(i) if i.ignore)
}
