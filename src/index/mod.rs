//! The index: repositories and services, the facts of their files, and the statements that these amount to.

pub mod compose;
pub mod databases;
pub mod ddl;
pub mod discover;
pub mod extract;
#[cfg(test)]
mod fixtures;
pub mod lower;
pub mod mapping;
pub mod placing;
pub mod program;
pub mod resolve;
pub mod trace;
