//! `impact`: which services and which queries, on which lines, a database migration breaks or silently
//! changes, and how to roll it out so that nothing does.
//!
//! The folders follow the data: `index` (discover, extract, resolve) fills the `store`; `migrations` gives
//! the schema before and after; `impact` binds every statement against both and gives verdicts; `report`
//! renders them. `ARCHITECTURE.md` says which module may import which.

pub mod cli;
pub mod config;
pub mod embedded;
pub mod grammar;
pub mod impact;
pub mod index;
pub mod migrations;
pub mod model;
pub mod pipeline;
pub mod proof;
pub mod report;
pub mod sql;
pub mod store;
