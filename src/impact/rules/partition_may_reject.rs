//! A row for which there is no partition.

use super::Rule;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::impact::literals::Value;
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
        id: "partition-may-reject",
        title: "A row can have no partition now",
        why: "A partitioned table without a default partition refuses a row that fits none of its partitions.",
        fix: "Create a default partition, or the partitions ahead of time.",
        misses: "Bounds are compared only with literals.",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    if after.error.is_some() || before.error.is_some() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for pair in write_pairs(cx, before, after).iter().filter(|p| matches!(p.write.kind, WriteKind::Insert | WriteKind::Update)) {
        let Some(by) = pair.new.partition_by.as_deref() else { continue };
        let parts = |t: &Table, schema: &crate::model::schema::Schema| -> Vec<(crate::model::object::ObjectId, String)> {
            schema
                .tables
                .values()
                .filter_map(|p| p.partition_of.as_ref().filter(|(parent, _)| *parent == t.name).map(|(_, bound)| (p.id, bound.clone())))
                .collect()
        };
        let is = parts(pair.new, cx.pairing.after);
        let was = parts(pair.old, cx.pairing.before);
        let fewer = pair.old.partition_by.is_some() && was.iter().any(|p| !is.contains(p));
        let hash = by.trim_start().get(..4).is_some_and(|w| w.eq_ignore_ascii_case("hash"));
        let default = is.iter().any(|(_, bound)| bound.to_lowercase().contains("default"));
        let newly = pair.old.partition_by.is_none() && cx.engine() == crate::model::dialect::Engine::Postgres;
        if !(newly || fewer) || default || hash {
            continue;
        }
        let text = by.to_lowercase();
        let words: Vec<&str> = text.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
        let keys: Vec<String> =
            pair.new.columns.iter().map(|c| c.name.clone()).filter(|n| words.contains(&n.to_lowercase().as_str())).collect();
        if !pair.touches(cx, &keys) {
            continue;
        }
        let literal = |k: &String| match pair.value(cx, k) {
            Value::Text(t) => is.iter().any(|(_, bound)| within(bound, &t)),
            _ => false,
        };
        if keys.len() == 1 && keys.iter().all(literal) {
            continue;
        }
        let mut explanation =
            cx.explain(before, Effect::MayBreak, format!("{} refuses a row for which it has no partition.", cx.shown(&pair.new.name)));
        explanation.object = Some(cx.table_ref(&pair.new.name));
        explanation.change = cx
            .change_of_table(&[ChangeOp::Partition, ChangeOp::CreateTable, ChangeOp::DropTable], Some(pair.new.id), &pair.new.name.name)
            .or_else(|| cx.any_change_of_table(Some(pair.old.id), &pair.old.name.name));
        explanation.span = pair.span_of(cx, &keys);
        found.push(explanation);
    }
    found
}

/// Whether a literal lies in a range bound `FROM ('a') TO ('b')` whose values sort as text.
fn within(bound: &str, value: &str) -> bool {
    let mut quoted = bound.split('\'').skip(1).step_by(2);
    match (quoted.next(), quoted.next()) {
        (Some(low), Some(high)) => low <= value && value < high,
        _ => false,
    }
}
