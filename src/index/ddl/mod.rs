//! What a migration that is written in code sends: its statements in the order of execution.
//!
//! Unlike [`super::trace`], which joins all that a service may send, this runs one migration as it would run: loops
//! over known lists are unrolled, conditions that are known (the engine among them) are decided, helpers of the program
//! are followed. Calls of the migration library stay as they were made ([`value::Term`]); the pack's rules
//! ([`crate::grammar::ddl`]) turn them into SQL. Everything is bounded, and what could not be read is said with its line.

mod builtin;
mod call;
mod entities;
mod expressions;
mod run;
mod script;
mod terms;
mod value;
mod write;

pub use script::{Request, Script, Unread, script};
