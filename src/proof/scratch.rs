//! What every scratch database can do.

use crate::model::change::EngineError;
use crate::model::proof::EngineColumn;
use std::time::Duration;

/// Why a scratch database gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failed {
    /// The engine refused it.
    Refused(EngineError),
    /// It was not done in time, or the engine is gone: nothing more can be asked.
    Lost(String),
}

impl Failed {
    pub fn refused(code: impl Into<String>, message: impl Into<String>) -> Self {
        Failed::Refused(EngineError { code: code.into(), message: message.into() })
    }
}

/// What preparing a statement tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Described {
    pub columns: Vec<EngineColumn>,
    /// Types of the parameters in order, lower case; empty words where the engine does not tell.
    pub parameters: Vec<String>,
}

/// A scratch database, with one session that statements are asked in.
pub trait Scratch {
    /// Engine and version, for people.
    fn name(&self) -> String;

    /// Runs SQL for good: a statement, or where the engine takes it a whole script at once.
    fn run(&mut self, sql: &str, limit: Duration) -> Result<(), Failed>;

    /// Loads the lines of a `COPY ... FROM STDIN` block.
    fn copy(&mut self, head: &str, _lines: &str, _limit: Duration) -> Result<(), Failed> {
        Err(Failed::refused("", format!("no rows are loaded by {head}")))
    }

    /// Makes a role, as an administrator would.
    fn role(&mut self, _name: &str) -> Result<(), Failed> {
        Ok(())
    }

    /// Installs an extension, as an administrator would.
    fn extension(&mut self, name: &str) -> Result<(), Failed> {
        Err(Failed::refused("", format!("there is no extension {name}")))
    }

    /// Starts what [`Scratch::leave`] undoes: a transaction, or a session of its own where `setup` must not stay. Runs
    /// the statements that set the session up.
    fn enter(&mut self, setup: &[String], limit: Duration) -> Result<(), Failed>;

    /// Until [`Scratch::leave`], rows need not refer to rows that are there. Returns whether the engine can do that.
    fn forget_references(&mut self, _limit: Duration) -> Result<bool, Failed> {
        Ok(false)
    }

    /// Whether an error says that a row refers to none, or is referred to.
    fn is_of_references(&self, _error: &EngineError) -> bool {
        false
    }

    /// Prepares a statement.
    fn prepare(&mut self, sql: &str, limit: Duration) -> Result<Described, Failed>;

    /// Executes a statement with these values, each an SQL expression: rows returned or written.
    fn execute(&mut self, sql: &str, values: &[&str], limit: Duration) -> Result<u64, Failed>;

    /// Undoes what was done since [`Scratch::enter`].
    fn leave(&mut self, limit: Duration) -> Result<(), Failed>;

    /// A value of a parameter's type, as an SQL expression.
    fn value(&self, ty: &str) -> &'static str;

    /// Whether an error says no more than that the scratch database's role lacks a right that only an administrator
    /// has, or that something is not installed: it proves nothing.
    fn is_own_limit(&self, error: &EngineError) -> bool;
}
