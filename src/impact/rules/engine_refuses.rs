//! What an engine refuses, or answers differently, though the analysis saw no reason.

use super::{Example, Meta, Rule};
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::model::change::Change;
use crate::sql::bind::binding::Binding;

/// There is no example of what the analysis does not see.
const NONE: Example = Example { schema: "", migration: "", statement: "" };

/// The rule.
pub const RULE: Rule = Rule {
    meta: Meta {
        id: "engine-refuses",
        title: "The engine answers differently after the migration, and the analysis saw no reason",
        why: "The statement was asked of a scratch database before and after the migration. Its answers differ, and the engine's answer holds.",
        fix: "Read the engine's message, and report the case: the analysis should have seen it.",
        misses: "",
        bad: NONE,
        good: NONE,
    },
    explain,
};

/// Nothing: `proved::settle` finds these when the engine has spoken.
fn explain(_cx: &Context, _before: &Binding, _after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    Vec::new()
}
