//! Numbers that the engine gives from another start.

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
        id: "numbering-restarted",
        title: "The engine numbers new rows from another start",
        why: "ALTER SEQUENCE ... RESTART and AUTO_INCREMENT = n change the number that the next row gets; numbers that exist already are refused by the key.",
        fix: "Restart above the greatest number in use.",
        misses: "",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    if after.error.is_some() || before.error.is_some() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let start = |t: &Table| t.options.get("auto_increment").cloned();
    for pair in write_pairs(cx, before, after).iter().filter(|p| p.write.kind == WriteKind::Insert) {
        for column in pair.new.columns.iter().filter(|c| (c.auto_increment || c.identity.is_some()) && pair.omits(cx, &c.name)) {
            let owns = |name: &str| {
                cx.pairing
                    .after
                    .sequences
                    .values()
                    .any(|s| s.name.name == name && s.owned_by.as_ref().is_some_and(|(t, c)| *t == pair.new.name && *c == column.name))
            };
            let sequence = cx.last_change(|c| c.op == ChangeOp::AlterSequence && c.object.name.as_deref().is_some_and(owns));
            let table = (start(pair.old) != start(pair.new))
                .then(|| cx.change_of_table(&[ChangeOp::AlterTable], Some(pair.new.id), &pair.new.name.name))
                .flatten();
            let Some(change) = sequence.or(table) else { continue };
            let object = cx.column_ref(&pair.new.name, &column.name);
            let mut explanation =
                cx.explain(before, Effect::ChangesResult, format!("{object} is numbered from another start after the migration."));
            explanation.object = Some(object);
            explanation.change = Some(change);
            explanation.span = pair.write.span;
            found.push(explanation);
        }
    }
    found
}
