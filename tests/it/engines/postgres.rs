//! Cases on PostgreSQL, each in a database of its own, through `psql`.

use super::case::{Asked, Case};
use super::{Run, Unasked};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// The folder of the server's socket.
pub fn server() -> Option<String> {
    std::env::var("IMPACT_TEST_POSTGRES").ok().filter(|v| !v.is_empty())
}

/// Roles that fixtures name; they belong to the server, not to a database.
pub fn prepare(at: &str) {
    for role in ["app_user", "app_reader"] {
        // An error means that it is there already.
        let _ = psql(at, "postgres").args(["-c", &format!("CREATE ROLE {role}")]).output();
    }
}

pub fn run(at: &str, case: &Case, after: bool, with: &Asked) -> Result<Run, Unasked> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!("impact_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    sent(psql(at, "postgres").args(["-c", &format!("CREATE DATABASE {name} TEMPLATE template0")]), "")??;
    let run = asked(at, case, &name, after, with);
    sent(psql(at, "postgres").args(["-c", &format!("DROP DATABASE {name} WITH (FORCE)")]), "")??;
    run
}

fn asked(at: &str, case: &Case, name: &str, after: bool, with: &Asked) -> Result<Run, Unasked> {
    // Every -c is sent at once, as tools send a migration: one implicit transaction.
    let mut setup = psql(at, name);
    let migration = case.migration_on(name);
    let migration = if after { [migration.as_str(), case.later.as_str()] } else { ["", ""] };
    for sql in [case.schema.as_str(), case.rows.as_str()].into_iter().chain(migration).filter(|s| !s.trim().is_empty()) {
        setup.args(["-c", sql]);
    }
    sent(&mut setup, "")??;
    let session = &case.session;
    let statement = &with.statement;
    let execute = if with.values.is_empty() { "EXECUTE asked".to_string() } else { format!("EXECUTE asked ({})", with.values.join(", ")) };
    let probe = if case.probe.is_empty() { String::new() } else { format!("RESET ROLE;\n{};\n", case.probe) };
    let script = format!("{session}\n{statement} \\gdesc\n\\echo\nPREPARE asked AS {statement};\n{execute};\n{probe}");
    Ok(match sent(&mut psql(at, name), &script)? {
        // The types of the columns stand before the empty line; a length or precision alone is no change.
        Ok(out) => Run::Ok(match out.split_once("\n\n") {
            Some((types, rows)) => format!("{}\n{rows}", without_lengths(types)),
            None => out,
        }),
        Err(message) => Run::Failed(message),
    })
}

fn psql(at: &str, database: &str) -> Command {
    let mut command = Command::new("psql");
    command.args(["-X", "-A", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose", "-P", "null=NULL"]);
    command.args(["-h", at, "-U", "postgres", "-d", database]).env("PGOPTIONS", "-c client_min_messages=error");
    command
}

/// What a client prints, or the first line of its errors.
pub fn sent(command: &mut Command, script: &str) -> Result<Result<String, String>, Unasked> {
    use std::io::Write;
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let program = command.get_program().display().to_string();
    let mut child = command.spawn().map_err(|e| format!("{program}: {e}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A client that stops at an error closes its end; its status tells.
        let _ = stdin.write_all(script.as_bytes());
    }
    let output = child.wait_with_output().map_err(|e| format!("{program}: {e}"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    let error = || errors.lines().find(|l| l.contains("ERROR")).or(errors.lines().next()).unwrap_or("").to_string();
    Ok(if output.status.success() { Ok(String::from_utf8_lossy(&output.stdout).into_owned()) } else { Err(error()) })
}

fn without_lengths(types: &str) -> String {
    let mut out = String::new();
    let mut depth = 0;
    for c in types.chars() {
        depth += i32::from(c == '(');
        if depth == 0 {
            out.push(c);
        }
        depth -= i32::from(c == ')');
    }
    out
}
