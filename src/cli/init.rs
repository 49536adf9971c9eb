//! `impact init`: find repositories, services, owners and migrations, and write them as impact.toml.

use super::args::{InitArgs, SourceArgs};
use super::{index, output};
use crate::config::FILE_NAME;
use std::fmt::Write;
use std::path::PathBuf;

/// Runs the command.
pub fn run(args: &InitArgs) -> anyhow::Result<u8> {
    let here = std::env::current_dir()?;
    let folder: PathBuf = match args.paths.as_slice() {
        [only] => {
            here.join(only).canonicalize().map_err(|e| anyhow::anyhow!("cannot read {}: {e}\nhelp: check the path", only.display()))?
        }
        _ => here.clone(),
    };
    let target = folder.join(FILE_NAME);
    if target.exists() && !args.force && !args.dry_run {
        anyhow::bail!("{} is there already\nhelp: --force writes over it, --dry-run prints what would be written", target.display());
    }
    // A scratch store: nothing is remembered of a look around.
    let scratch = std::env::temp_dir().join(format!("impact-init-{}.db", std::process::id()));
    let source = SourceArgs { repos: args.paths.clone(), store: Some(scratch.clone()), ..SourceArgs::default() };
    let view = index::find(&source, &[]).and_then(|w| index::open(&source, &w, false, false));
    for suffix in ["", "-wal", "-shm", ".lock"] {
        let mut name = scratch.clone().into_os_string();
        name.push(suffix);
        // Best effort: the folder is a temporary one.
        let _ = std::fs::remove_file(name);
    }
    let view = view?;
    let mut out = String::from("# Written by `impact init`; everything here was found by evidence and may be left out.\n");
    let several = view.snapshots.len() > 1;
    for s in &view.snapshots {
        if several {
            let path = std::path::Path::new(&s.row.root);
            let path = path.strip_prefix(&folder).unwrap_or(path);
            let _ = write!(out, "\n[[repositories]]\npath = {}\nname = {}\n", quoted(&path.display().to_string()), quoted(&s.row.repo));
        }
    }
    for s in &view.snapshots {
        for service in &s.row.info.services {
            let _ = write!(out, "\n[[services]] # {}\nname = {}\n", service.evidence, quoted(&service.name));
            if several {
                let _ = writeln!(out, "repository = {}", quoted(&s.row.repo));
            }
            let _ = writeln!(out, "path = {}", quoted(&service.path));
            if service.library {
                out.push_str("library = true\n");
            }
            if !service.owners.is_empty() {
                let _ = writeln!(out, "owners = {}", list(&service.owners));
            }
            let unit = s.units.iter().find(|u| u.service == service.name);
            if let Some((database, why)) = unit.and_then(|u| u.info.database.as_ref()) {
                let _ = writeln!(out, "databases = {} # {why}", list(std::slice::from_ref(database)));
            }
        }
    }
    for s in &view.snapshots {
        for database in &s.row.info.databases {
            let _ = write!(out, "\n[[databases]]\nname = {}\n", quoted(&database.name));
            let _ = writeln!(out, "dialect = {} # {}", quoted(&database.dialect.to_string()), database.dialect_evidence);
            if several {
                let _ = writeln!(out, "repository = {}", quoted(&s.row.repo));
            }
            let folders: Vec<String> = database.histories.iter().map(|h| h.folder.clone()).collect();
            let _ = writeln!(out, "migrations = {}", list(&folders));
        }
    }
    if args.dry_run {
        output::print(&out)?;
    } else {
        std::fs::write(&target, &out).map_err(|e| anyhow::anyhow!("cannot write {}: {e}", target.display()))?;
        output::print(&format!("wrote {}\nnext: impact check path/to/migration.sql\n", target.display()))?;
    }
    Ok(0)
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_string()).to_string()
}

fn list(items: &[String]) -> String {
    format!("[{}]", items.iter().map(|i| quoted(i)).collect::<Vec<_>>().join(", "))
}
