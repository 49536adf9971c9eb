//! Resolving the names of a statement against a schema, with the engine's scoping rules.

pub mod binding;
