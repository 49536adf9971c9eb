//! Follows values through the code of a service, by what the packs say of the libraries' kinds and calls, to the
//! statements that will be sent.
//!
//! `eval` runs the code of functions on [`value::Value`]s: names, assignments, branches (what is built in each is
//! joined), loops, calls of the program's own functions. What comes from a library is for `library`: it looks the
//! call up in the packs, reads the arguments as the steps say and changes the [`query::Query`]. Statements that
//! are sent are handed to [`crate::index::compose`]. Everything is bounded: depth of calls, steps of a function,
//! choices of a value; what was cut is counted.

pub mod query;
pub mod value;
