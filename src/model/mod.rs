//! Plain facts: the types that every stage hands to the next. No I/O, no parsing, no policy.

pub mod change;
pub mod code;
pub mod coverage;
pub mod dialect;
pub mod facts;
pub mod finding;
pub mod object;
pub mod problem;
pub mod project;
pub mod proof;
pub mod report;
pub mod schema;
pub mod span;
pub mod statement;
pub mod tables;
pub mod types;
