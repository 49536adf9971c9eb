//! A difference that no other rule names.

use super::{Example, Meta, Rule};
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::model::change::Change;
use crate::sql::bind::binding::Binding;

/// There is no example of what has no rule.
const NONE: Example = Example { schema: "", migration: "", statement: "" };

/// The rule.
pub const RULE: Rule = Rule {
    meta: Meta {
        id: "unexplained-difference",
        title: "The statement behaves differently for a reason that has no rule",
        why: "The statement was bound against the schema before and after, and the two differ in a way that no rule explains.",
        fix: "Compare the statement with the migration by hand, and report the case.",
        misses: "",
        bad: NONE,
        good: NONE,
    },
    explain,
};

/// Nothing: `difference::unexplained` finds these when all rules have spoken.
fn explain(_cx: &Context, _before: &Binding, _after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    Vec::new()
}
