//! Values without a column list that land in other columns.

use super::Rule;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::impact::writes::write_pairs;
use crate::model::change::Change;
use crate::model::change::ChangeOp;
use crate::model::finding::Effect;
use crate::sql::bind::binding::Binding;
use crate::sql::bind::binding::WriteKind;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "positional-insert-shifted",
        title: "Values of an INSERT land in other columns",
        why: "INSERT without a column list assigns values by the order of the columns of the table.",
        fix: "Write the column list.",
        misses: "",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    if after.error.is_some() || before.error.is_some() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for pair in write_pairs(cx, before, after).iter().filter(|p| p.write.kind == WriteKind::Insert && p.write.positional) {
        let Some(was) = before.writes.iter().find(|w| w.kind == WriteKind::Insert && w.positional && w.table_id == Some(pair.old.id))
        else {
            continue;
        };
        let now = |i: usize| pair.write.columns.get(i);
        let same = |a: &crate::sql::bind::binding::WrittenColumn, b: &crate::sql::bind::binding::WrittenColumn| {
            a.id.is_some() && a.id == b.id || (pair.old.id != pair.new.id || a.id.is_none()) && cx.dialect().same_column(&a.name, &b.name)
        };
        let shifted = was.columns.iter().enumerate().find(|(i, a)| now(*i).is_some_and(|b| !same(a, b)));
        let dropped = was.columns.iter().skip(pair.write.columns.len()).find(|a| pair.new.column(cx.dialect(), &a.name).is_some());
        let (column, message) = match (shifted, dropped) {
            (Some((i, a)), _) => {
                let to = now(i).map_or("", |b| b.name.as_str());
                (a, format!("This INSERT has no column list: the value for {} goes into {to} after the migration.", a.name))
            }
            (None, Some(a)) => (a, format!("This INSERT has no column list, and {} no longer gets a value.", a.name)),
            (None, None) => continue,
        };
        let mut explanation = cx.explain(before, Effect::ChangesResult, message);
        explanation.object = Some(cx.column_ref(&pair.new.name, &column.name));
        let ops = [ChangeOp::ReorderColumn, ChangeOp::AddColumn, ChangeOp::DropColumn, ChangeOp::RenameColumn, ChangeOp::CreateTable];
        explanation.change = cx
            .change_of_table(&ops, Some(pair.new.id), &pair.new.name.name)
            .or_else(|| cx.last_change(|c| matches!(c.op, ChangeOp::DropColumn | ChangeOp::AddColumn)));
        explanation.span = pair.write.span;
        found.push(explanation);
    }
    found
}
