//! A view that refuses rows it would not show.

use super::Rule;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::impact::lost::is_table;
use crate::impact::visit::Role;
use crate::impact::visit::roots;
use crate::model::change::Change;
use crate::model::change::ChangeOp;
use crate::model::finding::Effect;
use crate::sql::bind::binding::Binding;
use crate::sql::bind::binding::WriteKind;
use crate::sql::parse::parse_statement;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "view-check-may-reject",
        title: "A view refuses rows that it would not show",
        why: "WITH CHECK OPTION makes a view refuse an INSERT or UPDATE whose row the view would not deliver.",
        fix: "Check what the writers store through the view.",
        misses: "",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    if after.error.is_some() || before.error.is_some() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for write in after.writes.iter().filter(|w| matches!(w.kind, WriteKind::Insert | WriteKind::Update)) {
        let named = after.uses.iter().find(|u| is_table(u) && !u.span.is_empty() && u.span == write.span).and_then(|u| u.id);
        let Some(new) = write.through_view.or(named).and_then(|id| cx.pairing.table_after(id)) else { continue };
        let Some(view) = new.view().filter(|v| v.check_option) else { continue };
        if cx.pairing.origin(new).and_then(|o| o.view()).is_some_and(|v| v.check_option && v.query == view.query) {
            continue;
        }
        let statement = parse_statement(&view.query, cx.dialect());
        let mut filter = String::new();
        roots(&statement, &mut |role, e| {
            if role == Role::Condition {
                filter.push_str(e.span.slice(&view.query));
                filter.push(' ');
            }
        });
        let lower = filter.to_lowercase();
        let words: Vec<&str> = lower.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
        let touched = write.kind == WriteKind::Insert || write.columns.iter().any(|c| words.contains(&c.name.to_lowercase().as_str()));
        if filter.is_empty() || !touched {
            continue;
        }
        let mut explanation =
            cx.explain(before, Effect::MayBreak, format!("View {} refuses rows without {}.", cx.shown(&new.name), filter.trim()));
        explanation.object = Some(cx.table_ref(&new.name));
        explanation.change = cx.change_of_table(&[ChangeOp::ReplaceView, ChangeOp::CreateView], Some(new.id), &new.name.name);
        explanation.span = write.span;
        found.push(explanation);
    }
    found
}
