//! The command line: reads arguments, calls the pipeline, prints, and chooses the exit code.

pub mod args;
mod check;
mod explain;
mod index;
mod init;
mod output;
mod refs;
mod schema;
mod sql;
mod who;

use args::{Cli, Command};
use clap::Parser;
use std::process::ExitCode;

/// Exit code for usage, configuration and input errors.
pub const EXIT_INPUT: u8 = 2;

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            // Help and version go to stdout with success; a closed pipe is nobody's error.
            let _ = e.print();
            return ExitCode::from(if e.use_stderr() { EXIT_INPUT } else { 0 });
        }
    };
    let result = match cli.command {
        Command::Init(args) => init::run(&args),
        Command::Index(args) => index::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Who(args) => who::run(&args),
        Command::Refs(args) => refs::run(&args),
        Command::Schema(args::SchemaCommand::Show(args)) => schema::show(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Sql(args) => sql::run(&args),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            output::error(&error);
            ExitCode::from(EXIT_INPUT)
        }
    }
}
