//! Grammar packs: what the node kinds of a language and the calls of a library mean, as data.
//!
//! Every file under `grammars/<language>/` is read and checked when the set is loaded: `language.toml` gives
//! each node kind of the tree-sitter grammar a role, every other file says what the calls of one library mean.
//! `grammars/README.md` explains the vocabulary; it is closed, and a word outside it is an error that names
//! file, line and the nearest valid word.

mod check;
pub mod ddl;
pub mod error;
pub mod language;
pub mod languages;
pub mod mapper;
mod nearest;
pub mod pack;
pub mod paths;
pub mod role;
pub mod set;
pub mod table;
pub mod values;

pub use error::GrammarError;
pub use set::{LanguagePacks, PackSet};

#[cfg(test)]
mod tests;
