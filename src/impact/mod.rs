//! The verdict: a statement bound against the schema before and after, and the difference explained.
//!
//! [`judge::judge_paired`] binds twice and asks every rule of [`rules`]; `findings` turns what they say into
//! findings with places in the source, `recommend` sums the findings up. Nothing here reads files or writes.

#[macro_use]
pub mod rules;

mod bodies;
mod constraints;
mod context;
pub mod definitions;
mod difference;
pub mod findings;
pub mod judge;
pub mod judgement;
mod literals;
mod lost;
mod narrowing;
mod operations;
pub mod pairing;
mod prepared;
pub mod proved;
pub mod recommend;
mod statements;
mod triggers;
mod untouched;
mod views;
mod visit;
mod writes;

pub use context::Context;
pub use judge::{SchemaSide, judge, judge_paired};
pub use judgement::{Cause, Explanation, Judgement, StatementInput};
pub use pairing::Pairing;
pub use proved::{Settled, settle};
pub use recommend::{order, recommend};
pub use statements::{JudgedStatement, check_statements, judge_statements, statement_findings};
pub use untouched::Untouched;
