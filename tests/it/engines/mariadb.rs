//! Cases on MariaDB, each in a database of its own, through `mariadb`.

use super::case::{Asked, Case};
use super::postgres::sent;
use super::{Run, Unasked};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// The server's socket.
pub fn server() -> Option<String> {
    std::env::var("IMPACT_TEST_MARIADB").ok().filter(|v| !v.is_empty())
}

pub fn run(at: &str, case: &Case, after: bool, with: &Asked) -> Result<Run, Unasked> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!("impact_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    sent(&mut mariadb(at, ""), &format!("CREATE DATABASE {name};"))??;
    let run = asked(at, case, &name, after, with);
    sent(&mut mariadb(at, ""), &format!("DROP DATABASE {name};"))??;
    run
}

fn asked(at: &str, case: &Case, name: &str, after: bool, with: &Asked) -> Result<Run, Unasked> {
    let migration = case.migration_on(name);
    let migration = if after { format!("{migration}\n{}", case.later) } else { String::new() };
    sent(&mut mariadb(at, name), &format!("{}\n{}\n{migration}", case.schema, case.rows))??;
    let text = with.statement.replace('\\', "\\\\").replace('\'', "\\'");
    let values = if with.values.is_empty() { String::new() } else { format!(" USING {}", with.values.join(", ")) };
    let probe = if case.probe.is_empty() { String::new() } else { format!("{};\n", case.probe) };
    let count = "SELECT row_count() AS affected;";
    let script = format!("{}\nPREPARE asked FROM '{text}';\nEXECUTE asked{values};\n{count}\n{probe}", case.session);
    Ok(match sent(mariadb(at, name).arg("--column-type-info"), &script)? {
        Ok(out) => Run::Ok(told(&out)),
        Err(message) => Run::Failed(message),
    })
}

fn mariadb(at: &str, database: &str) -> Command {
    let mut command = Command::new("mariadb");
    command.args(["--no-defaults", "--batch", "-u", "root", "-S", at]);
    if !database.is_empty() {
        command.arg(database);
    }
    command
}

/// Rows, and of the columns' descriptions the name, the type and whether they can be null.
fn told(out: &str) -> String {
    let mut kept = Vec::new();
    for line in out.lines() {
        let (key, value) = line.split_once(':').unwrap_or((line, ""));
        match key.trim() {
            "Flags" => kept.push(if value.contains("NOT_NULL") { "not null" } else { "nullable" }),
            "Catalog" | "Database" | "Table" | "Org_table" | "Org_name" | "Collation" | "Length" | "Max_length" | "Decimals" => {}
            _ => kept.push(line),
        }
    }
    kept.join("\n")
}
