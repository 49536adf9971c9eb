//! A column or table that was dropped and made again, without its values.

use super::Rule;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::impact::lost::is_table;
use crate::model::change::Change;
use crate::model::change::ChangeOp;
use crate::model::finding::Effect;
use crate::model::object::ObjectKind;
use crate::model::statement::{ColumnRef, Mode};
use crate::sql::bind::binding::Binding;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "values-lost",
        title: "The values of a recreated column or table are gone",
        why: "A column or table that is dropped and created again under the same name still resolves, but it starts empty.",
        fix: "Change the column in place, or copy the values within the migration.",
        misses: "Values copied by other means than INSERT, UPDATE or CREATE TABLE AS.",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    if after.error.is_some() || before.error.is_some() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for used in before.uses.iter().filter(|u| u.mode != Mode::Write) {
        let Some(id) = used.id else { continue };
        if is_table(used) {
            let Some(old) = cx.pairing.table_before(id) else { continue };
            let Some(new) = cx.pairing.successor(old).filter(|n| n.id != old.id && n.view().is_none()) else { continue };
            if cx.pairing.table_after(old.id).is_some() || cx.pairing.filled(new) || cx.pairing.table_before(new.id).is_some() {
                continue;
            }
            let mut explanation = cx.explain(
                before,
                Effect::ChangesResult,
                format!("{} is dropped and created again, so its rows are gone.", cx.shown(&old.name)),
            );
            explanation.object = Some(cx.table_ref(&old.name));
            explanation.change = cx.any_change_of_table(Some(old.id), &old.name.name);
            explanation.span = used.span;
            found.push(explanation);
        } else if used.kind == ObjectKind::Column && matches!(used.column, ColumnRef::Named(_)) {
            let Some((table, column)) = cx.pairing.column_before(id) else { continue };
            let Some(now) = cx.pairing.table_after(table.id) else { continue };
            let Some(new) = now.column(cx.dialect(), &column.name) else { continue };
            if cx.pairing.column_after(id).is_some() || cx.pairing.column_before(new.id).is_some() {
                continue;
            }
            let mut explanation = cx.explain(
                before,
                Effect::ChangesResult,
                format!("{} is dropped and added again, so its values are gone.", cx.column_ref(&table.name, &column.name)),
            );
            explanation.object = Some(cx.column_ref(&table.name, &column.name));
            explanation.change =
                cx.change_to(&[ChangeOp::DropColumn], Some(id)).or_else(|| cx.change_to(&[ChangeOp::AddColumn], Some(new.id)));
            explanation.span = used.span;
            found.push(explanation);
        }
    }
    found
}
