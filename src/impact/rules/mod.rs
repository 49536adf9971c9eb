//! The classes of difference between a statement's two bindings, one file each.
//!
//! The verdict is the difference of the bindings; a rule names and explains one class of it. To add one:
//! a file with `RULE`, a line in [`all`], and a fixture with a statement that breaks and one that is safe.

use super::context::Context;
use super::judgement::Explanation;
use crate::model::change::Change;
use crate::model::statement::HOLE;
use crate::sql::bind::binding::Binding;

/// What `impact explain RULE` prints.
#[derive(Copy, Clone, Debug)]
pub struct Meta {
    /// Id; says what breaks.
    pub id: &'static str,
    /// One line.
    pub title: &'static str,
    /// Why it breaks.
    pub why: &'static str,
    /// What to do.
    pub fix: &'static str,
    /// What the rule is known to miss; empty: nothing is known.
    pub misses: &'static str,
    /// A schema, a migration and a statement that it breaks.
    pub bad: Example,
    /// The same with a statement, or a migration, that is safe.
    pub good: Example,
}

/// An example: a folder of `fixtures/rules/<id>`, where the tests ask the engine about it.
#[derive(Copy, Clone, Debug)]
pub struct Example {
    /// The schema before; its first line names the dialect.
    pub schema: &'static str,
    /// The migration.
    pub migration: &'static str,
    /// The statement, or the source of the model.
    pub statement: &'static str,
}

/// A [`Meta`] whose examples are the fixtures of the rule.
macro_rules! meta {
    (id: $id:literal, $($field:ident: $value:expr),* $(,)?) => {
        meta! { in: "rules", source: "statement.sql", id: $id, $($field: $value),* }
    };
    (in: $folder:literal, source: $source:literal, id: $id:literal, $($field:ident: $value:expr),* $(,)?) => {
        $crate::impact::rules::Meta {
            id: $id,
            $($field: $value,)*
            bad: example!($folder, $id, "breaks", $source),
            good: example!($folder, $id, "safe", $source),
        }
    };
}

macro_rules! example {
    (@file $folder:literal, $id:literal, $kind:literal, $file:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/", $folder, "/", $id, "/", $kind, "/", $file))
    };
    ($folder:literal, $id:literal, $kind:literal, $source:literal) => {
        $crate::impact::rules::Example {
            schema: example!(@file $folder, $id, $kind, "schema.sql"),
            migration: example!(@file $folder, $id, $kind, "migration.sql"),
            statement: example!(@file $folder, $id, $kind, $source),
        }
    };
}

/// How a rule finds what it explains. A statement can differ in several places, so there can be several
/// explanations; the gravest is the finding, the others stand with it.
pub type Explain = fn(&Context, &Binding, &Binding, &[Change]) -> Vec<Explanation>;

/// A rule.
#[derive(Copy, Clone, Debug)]
pub struct Rule {
    /// Its documentation.
    pub meta: Meta,
    /// Its code.
    pub explain: Explain,
}

pub mod check_lost;
pub mod check_may_reject;
pub mod column_count_differs;
pub mod column_not_writable;
pub mod column_now_required;
pub mod comparison_changed;
pub mod conflict_handling_changed;
pub mod default_changed;
pub mod dropped_column_still_read;
pub mod dropped_function_still_called;
pub mod dropped_index_hint;
pub mod dropped_sequence_still_used;
pub mod dropped_table_still_used;
pub mod dropped_type_still_named;
pub mod engine_refuses;
pub mod enum_value_gone;
pub mod foreign_key_may_reject;
pub mod function_redefined;
pub mod grouping_lost_key;
#[cfg(test)]
mod matrix;
pub mod missing_arbiter;
pub mod name_binds_elsewhere;
pub mod name_now_ambiguous;
pub mod natural_join_changed;
pub mod not_null_may_reject;
pub mod numbering_restarted;
pub mod partition_may_reject;
pub mod permission_lost;
pub mod positional_insert_shifted;
pub mod referenced_row_guarded;
pub mod renamed_column_still_used;
pub mod renamed_table_still_used;
pub mod replaced_column_missing;
pub mod result_now_nullable;
pub mod result_shape_changed;
pub mod result_type_changed;
pub mod row_security_changed;
pub mod row_shape_changed;
pub mod rows_changed_by_migration;
pub mod schema_gone;
pub mod setting_changed;
pub mod table_members_changed;
#[cfg(test)]
mod tests;
pub mod trigger_broken;
pub mod trigger_changed;
pub mod truncate_refused;
pub mod type_may_reject;
pub mod type_no_longer_fits;
pub mod unexplained_difference;
pub mod unique_may_reject;
pub mod uniqueness_lost;
pub mod unknown_part_may_name_it;
pub mod values_lost;
pub mod view_broken;
pub mod view_check_may_reject;
pub mod view_redefined;

/// All rules, the more telling ones first: of causes of equal gravity the first one becomes the finding.
pub fn all() -> &'static [Rule] {
    const ALL: &[Rule] = &[
        dropped_column_still_read::RULE,
        renamed_column_still_used::RULE,
        replaced_column_missing::RULE,
        dropped_table_still_used::RULE,
        renamed_table_still_used::RULE,
        view_broken::RULE,
        name_now_ambiguous::RULE,
        dropped_function_still_called::RULE,
        type_no_longer_fits::RULE,
        enum_value_gone::RULE,
        dropped_type_still_named::RULE,
        dropped_sequence_still_used::RULE,
        dropped_index_hint::RULE,
        missing_arbiter::RULE,
        column_count_differs::RULE,
        column_not_writable::RULE,
        grouping_lost_key::RULE,
        schema_gone::RULE,
        permission_lost::RULE,
        name_binds_elsewhere::RULE,
        natural_join_changed::RULE,
        values_lost::RULE,
        rows_changed_by_migration::RULE,
        view_redefined::RULE,
        result_shape_changed::RULE,
        row_shape_changed::RULE,
        result_type_changed::RULE,
        result_now_nullable::RULE,
        comparison_changed::RULE,
        function_redefined::RULE,
        row_security_changed::RULE,
        table_members_changed::RULE,
        uniqueness_lost::RULE,
        check_lost::RULE,
        setting_changed::RULE,
        column_now_required::RULE,
        not_null_may_reject::RULE,
        unique_may_reject::RULE,
        check_may_reject::RULE,
        foreign_key_may_reject::RULE,
        referenced_row_guarded::RULE,
        type_may_reject::RULE,
        partition_may_reject::RULE,
        view_check_may_reject::RULE,
        truncate_refused::RULE,
        trigger_broken::RULE,
        trigger_changed::RULE,
        conflict_handling_changed::RULE,
        positional_insert_shifted::RULE,
        default_changed::RULE,
        numbering_restarted::RULE,
        unknown_part_may_name_it::RULE,
        unexplained_difference::RULE,
        engine_refuses::RULE,
    ];
    ALL
}

/// What `impact explain RULE` prints.
pub fn describe(meta: &Meta) -> String {
    let mut text = format!("{}\n{}\n\nWhy it breaks\n  {}\n\nWhat to do\n  {}\n", meta.id, meta.title, meta.why, meta.fix);
    for (title, example) in [("Breaks", &meta.bad), ("Safe", &meta.good)] {
        if example.statement.is_empty() {
            continue;
        }
        let (dialect, schema) = example.schema.split_once('\n').unwrap_or(("", example.schema));
        text.push_str(&format!("\n{title}, on {}\n", dialect.trim_start_matches("-- dialect: ")));
        for (name, sql) in [("schema", schema), ("migration", example.migration), ("statement", example.statement)] {
            text.push_str(&format!("  {name}\n"));
            for line in sql.replace(HOLE, "{...}").lines() {
                text.push_str(&format!("    {line}\n"));
            }
        }
    }
    if !meta.misses.is_empty() {
        text.push_str(&format!("\nKnown misses\n  {}\n", meta.misses));
    }
    text
}

/// The rule with an id.
pub fn find(id: &str) -> Option<&'static Rule> {
    all().iter().find(|r| r.meta.id == id)
}
