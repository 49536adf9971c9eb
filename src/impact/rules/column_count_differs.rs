//! Lists that had the same length no longer have.

use super::{Example, Meta, Rule};
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::model::change::Change;
use crate::sql::bind::binding::BindErrorKind;
use crate::sql::bind::binding::Binding;

/// The rule.
pub const RULE: Rule = Rule {
    meta: Meta {
        id: "column-count-differs",
        title: "The number of columns no longer fits",
        why: "An INSERT without column list, the arms of a set operation, IN with a subquery and row comparisons need lists of equal length. `*` follows the table, the other side does not.",
        fix: "Write the columns out.",
        misses: "",
        bad: Example { migration: "-- mariadb\\nALTER TABLE hist ADD COLUMN note text", statement: "INSERT INTO hist SELECT * FROM live" },
        good: Example {
            migration: "-- mariadb\\nALTER TABLE hist ADD COLUMN note text",
            statement: "INSERT INTO hist (id, a) SELECT id, a FROM live",
        },
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    let Some((error, mut explanation)) = cx.on_error(before, after, &[BindErrorKind::ColumnCount]) else { return Vec::new() };
    explanation.message = format!("The number of columns in this {} no longer fits{}.", cx.verb(), cx.says(error));
    vec![explanation]
}
