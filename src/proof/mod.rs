//! Asking a database engine: a scratch database is created, used and dropped, and what it answers about statements
//! before and after a migration is the proof of a verdict.
//!
//! A migration, a schema and a statement are untrusted text. They run as a role without rights over programs, files or
//! other databases, in a server of its own on a private socket, under limits of time, memory and disk.

mod choose;
mod limits;
mod mariadb;
mod parameters;
mod postgres;
mod run;
mod scratch;
mod script;
mod server;
mod sqlite;
mod template;

pub use choose::Choice;
pub use limits::Limits;
pub use run::{Outcome, Request, Task, prove};
pub use script::Script;
