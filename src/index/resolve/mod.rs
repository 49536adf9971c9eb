//! From the facts of single files to the statements of a service.
//!
//! A text that reaches a call which sends SQL is followed back through names, imports, functions and callers
//! until it consists of literals and holes. Nothing here reads source code; `index::extract` did.

mod input;
pub mod modules;

pub use input::{ResolveFile, Resolved, ServiceInput, SqlFile};
