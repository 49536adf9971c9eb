//! SQL: reading statements, resolving their names, and applying changes to a schema.
//!
//! `lexer` and `parse` give the statement model of `ast`; nothing outside this folder sees a token. `bind`
//! resolves a statement against a schema with the engine's scoping rules; `apply` runs DDL on a schema.

pub mod apply;
pub mod ast;
pub mod bind;
pub mod lexer;
pub mod parse;
pub mod render;
pub mod routine;
