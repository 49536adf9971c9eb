//! A model without a field for a column that every new row needs now.

use super::{Definition, Rule};
use crate::impact::bodies::filled_by_triggers;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::model::change::ChangeOp;
use crate::model::finding::Effect;
use crate::model::statement::Mapped;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        in: "definitions",
        source: "models.py",
        id: "model-lacks-required-column",
        title: "A model has no field for a column that is required now",
        why: "What is saved through the model leaves the column out, and a NOT NULL column without a default must be given a value.",
        fix: "Add the column nullable or with a default, deploy a model that writes it, then set NOT NULL.",
        misses: "Whether rows are ever inserted through this model.",
    },
    explain,
};

fn explain(cx: &Context, definition: &Definition) -> Vec<Explanation> {
    let Mapped::Table(columns) = definition.maps else { return Vec::new() };
    let Some(old) = definition.named.id.and_then(|id| cx.pairing.table_before(id)) else { return Vec::new() };
    let Some(new) = cx.pairing.successor(old).filter(|t| t.view().is_none()) else { return Vec::new() };
    let dialect = cx.dialect();
    let filled = filled_by_triggers(cx, new);
    let mut found = Vec::new();
    for column in &new.columns {
        let was = cx.pairing.column_was(column.id).map(|(_, c)| c);
        let written = columns.iter().any(|c| dialect.same_column(c, &column.name) || was.is_some_and(|w| dialect.same_column(c, &w.name)));
        let by_trigger = filled.iter().any(|f| dialect.same_column(f, &column.name));
        if written || by_trigger || column.has_value_when_omitted() || was.is_some_and(|w| !w.has_value_when_omitted()) {
            continue;
        }
        let object = cx.column_ref(&new.name, &column.name);
        let message = format!("{object} is required after the migration and has no default, but this model has no field for it.");
        let mut explanation = cx.explain(definition.before, Effect::MayBreak, message);
        let ops = [ChangeOp::AddColumn, ChangeOp::SetNotNull, ChangeOp::DropDefault, ChangeOp::AlterColumn, ChangeOp::CreateTable];
        explanation.change = cx
            .change_of_column(&ops, Some(column.id), &new.name.name, &column.name)
            .or_else(|| cx.any_change_of_table(Some(new.id), &new.name.name));
        explanation.object = Some(object);
        explanation.confidence = explanation.confidence.min(70);
        explanation.span = definition.named.span;
        found.push(explanation);
    }
    found
}
