//! Rules about the definitions of models: what a field or model takes of its column or table that the database no longer
//! gives. The engine accepts the statements of such a model; its rows or values are refused, so these are risks.
//!
//! To add one: a file with `RULE`, a line in [`all`], and a fixture under `fixtures/definitions/<id>` with a model that is
//! hit and one that is safe.

pub mod field_cannot_hold_null;
pub mod field_too_narrow;
pub mod model_allows_null;
pub mod model_lacks_required_column;

use super::context::Context;
use super::judgement::{Cause, Explanation};
use super::narrowing::integer_bits;
use super::pairing::Pairing;
use super::rules::{Meta, result_now_nullable, result_type_changed};
use crate::model::schema::{Column, Table};
use crate::model::statement::{ColumnRef, Mapped, MappedField};
use crate::model::tables::Tables;
use crate::sql::bind::binding::{Binding, Use};

/// How a rule looks at one definition.
pub type Explain = fn(&Context, &Definition) -> Vec<Explanation>;

/// A rule about definitions.
#[derive(Copy, Clone, Debug)]
pub struct Rule {
    /// Its documentation; the statements of its examples are models.
    pub meta: Meta,
    /// Its code.
    pub explain: Explain,
}

/// A definition that is bound to what it maps.
#[derive(Copy, Clone, Debug)]
pub struct Definition<'a> {
    /// What it takes.
    pub maps: &'a Mapped,
    /// The statement that stands for it, bound before the migration.
    pub before: &'a Binding,
    /// The name of the table or column that it maps.
    pub named: &'a Use,
}

/// All rules, the more telling ones first.
pub fn all() -> &'static [Rule] {
    const ALL: &[Rule] =
        &[model_lacks_required_column::RULE, model_allows_null::RULE, field_cannot_hold_null::RULE, field_too_narrow::RULE];
    ALL
}

/// What the rules say about the definition that a statement stands for.
pub(super) fn causes(cx: &Context, before: &Binding) -> Vec<Cause> {
    let Some(maps) = cx.input.maps.filter(|_| before.error.is_none()) else { return Vec::new() };
    let mapped = |u: &&Use| match maps {
        Mapped::Table(_) => u.column == ColumnRef::Table,
        Mapped::Field(_) => matches!(u.column, ColumnRef::Named(_)),
    };
    let Some(named) = before.uses.iter().filter(|u| !u.span.is_empty()).find(mapped) else { return Vec::new() };
    let definition = Definition { maps, before, named };
    all().iter().flat_map(|rule| (rule.explain)(cx, &definition).into_iter().map(|e| Cause::of(&rule.meta, e))).collect()
}

/// A column with its table.
type ColumnOf<'p> = (&'p Table, &'p Column);

impl Definition<'_> {
    /// The field, with its column before and after the migration.
    fn field<'p>(&self, cx: &Context<'p>) -> Option<(&MappedField, ColumnOf<'p>, ColumnOf<'p>)> {
        let Mapped::Field(field) = self.maps else { return None };
        let id = self.named.id?;
        Some((field, cx.pairing.column_before(id)?, cx.pairing.column_now(id)?))
    }
}

/// Whether a field can take what a rule says: [`takes`] answers for no other.
pub fn may_take(rule: &str) -> bool {
    rule == result_now_nullable::RULE.meta.id || rule == result_type_changed::RULE.meta.id
}

/// Whether a field takes what became of its column, so that a cause about rows read into it is none.
pub fn takes(field: &MappedField, pairing: &Pairing, cause: &Cause) -> bool {
    let Some((table, name)) = cause.object.as_ref().and_then(|o| Some((o.table.as_deref()?, o.column.as_deref()?))) else { return false };
    let dialect = pairing.after.dialect;
    let column =
        |tables: &Tables| tables.values().find(|t| dialect.same_table(&t.name.name, table)).and_then(|t| t.column(dialect, name).cloned());
    match cause.rule {
        rule if rule == result_now_nullable::RULE.meta.id => field.nullable == Some(true),
        rule if rule == result_type_changed::RULE.meta.id => {
            let (Some(old), Some(new)) = (column(&pairing.before.tables), column(&pairing.after.tables)) else { return false };
            let widened = integer_bits(&old.ty).zip(integer_bits(&new.ty)).filter(|(o, n)| o <= n);
            widened.zip(field.integer_bits).is_some_and(|((_, needed), held)| needed <= held)
        }
        _ => false,
    }
}
