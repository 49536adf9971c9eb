//! TRUNCATE of a table that can no longer be truncated.

use super::Rule;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::impact::writes::write_pairs;
use crate::model::change::Change;
use crate::model::change::ChangeOp;
use crate::model::finding::Effect;
use crate::model::schema::Table;
use crate::sql::bind::binding::Binding;
use crate::sql::bind::binding::WriteKind;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "truncate-refused",
        title: "A table can no longer be truncated",
        why: "System-versioned tables of MariaDB refuse TRUNCATE.",
        fix: "Use DELETE.",
        misses: "",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    if after.error.is_some() || before.error.is_some() {
        return Vec::new();
    }
    let versioned = |t: &Table| t.options.keys().any(|k| k.contains("versioning"));
    let mut found = Vec::new();
    for pair in
        write_pairs(cx, before, after).iter().filter(|p| p.write.kind == WriteKind::Truncate && versioned(p.new) && !versioned(p.old))
    {
        let mut explanation = cx.explain(
            before,
            Effect::Breaks,
            format!("{} is system-versioned after the migration, and TRUNCATE is refused for it.", cx.shown(&pair.new.name)),
        );
        explanation.object = Some(cx.table_ref(&pair.new.name));
        explanation.change = cx.change_of_table(&[ChangeOp::AlterTable, ChangeOp::Other], Some(pair.new.id), &pair.new.name.name);
        explanation.span = pair.write.span;
        found.push(explanation);
    }
    found
}
