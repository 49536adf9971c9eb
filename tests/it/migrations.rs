//! `fixtures/migrations/<format>/<case>/`: what is found in the files of a case, and what they change, against
//! `expected.snap`. `UPDATE_EXPECT=1 cargo test` rewrites the snapshots.

use impact::migrations::{Hints, Read, Until, files_until, histories, read_migration, replay};
use impact::model::change::Change;
use impact::model::facts::Language;
use impact::model::project::{FileKind, History, SourceFile};
use impact::model::schema::Schema;
use impact::model::statement::Scope;
use impact::sql::apply::{ApplyOptions, apply};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

#[test]
fn formats() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/migrations");
    let mut differences = Vec::new();
    let mut cases = 0;
    for case in folders(&root).iter().flat_map(|format| folders(format)) {
        cases += 1;
        let format = case.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
        let shown = shown(&case);
        let first = shown.lines().find(|l| l.starts_with("history ")).unwrap_or(&shown);
        let code = shown.contains("code migrations");
        assert!(code || first.contains(&format!(" {format} ")), "{}: not read as {format}:\n{shown}", case.display());
        let expected = case.join("expected.snap");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&expected, &shown).unwrap_or_else(|e| panic!("{}: {e}", expected.display()));
        } else if std::fs::read_to_string(&expected).unwrap_or_default() != shown {
            differences.push(format!("{}:\n{shown}", expected.display()));
        }
    }
    assert!(cases > 20, "only {cases} cases found");
    assert!(differences.is_empty(), "not as expected (UPDATE_EXPECT=1 rewrites):\n{}", differences.join("\n"));
}

/// Everything that is found in a case, one line each.
fn shown(case: &Path) -> String {
    let mut files = Vec::new();
    walk(case, case, &mut files);
    files.sort();
    let read = |path: &str| std::fs::read(case.join(path));
    let found = histories(&files, &read, &Hints { repository: "example", ..Hints::default() });
    let mut out = String::new();
    for database in &found.databases {
        let _ = writeln!(out, "database {} {} by {}", database.name, database.dialect, database.dialect_evidence);
        for history in &database.histories {
            let folder = if history.folder.is_empty() { "." } else { &history.folder };
            let _ = writeln!(out, "history {} {} in {folder}", history.format, history.dialect);
            changes(history, &read, &mut out);
            tables(&replay(history, &read, Until::End).schema, &mut out);
        }
    }
    for problem in &found.problems {
        let _ = writeln!(out, "problem {}", problem.message);
    }
    out
}

/// The changes of each file on what the files before it leave.
fn changes(history: &History, read: &Read, out: &mut String) {
    for (number, path) in history.files.iter().enumerate() {
        let _ = writeln!(out, "  {path}");
        let before = replay(history, read, Until::Position(number));
        assert_eq!(files_until(history, Until::Position(number)).len(), number);
        let text = match read_migration(&history.format, path, read) {
            Ok(text) => text,
            Err(problem) => {
                let _ = writeln!(out, "    problem {}", problem.message);
                continue;
            }
        };
        let (_, applied) = apply(&before.schema, &text, &ApplyOptions { autocommit: true, lenient: true, ..ApplyOptions::default() });
        for change in applied.changes.iter().filter(|c| !c.cascaded) {
            let _ = writeln!(out, "    {}", sentence(change));
        }
        for problem in &applied.problems {
            let line = problem.line.map_or(String::new(), |l| format!(":{l}"));
            let _ = writeln!(out, "    problem{line} {}", problem.message);
        }
    }
}

fn sentence(change: &Change) -> String {
    let op = serde_json::to_value(change.op).ok().and_then(|v| v.as_str().map(String::from)).unwrap_or_default();
    let mut line = format!("{}: {op} {}", change.line, change.object);
    if let Some(name) = &change.new_name {
        let _ = write!(line, " -> {name}");
    }
    line
}

/// The tables that are left, with their columns.
fn tables(schema: &Schema, out: &mut String) {
    for table in schema.tables.values() {
        let columns: Vec<String> =
            table.columns.iter().map(|c| format!("{} {}{}", c.name, c.ty, if c.nullable { "" } else { "!" })).collect();
        let open = if table.open { " open" } else { "" };
        let kind = if table.view().is_some() { "view" } else { "table" };
        let _ = writeln!(out, "  {kind} {}{open}: {}", table.name, columns.join(", "));
    }
    if !schema.complete {
        let _ = writeln!(out, "  other tables may exist");
    }
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(path).into_iter().flatten().flatten().map(|e| e.path()).filter(|p| p.is_dir()).collect();
    found.sort();
    found
}

fn walk(root: &Path, at: &Path, files: &mut Vec<SourceFile>) {
    for path in std::fs::read_dir(at).into_iter().flatten().flatten().map(|e| e.path()) {
        if path.is_dir() {
            walk(root, &path, files);
            continue;
        }
        let relative = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        let kind = match path.extension().and_then(|e| e.to_str()) {
            Some("sql") => FileKind::Sql,
            Some("py") => FileKind::Source(Language::Python),
            Some("js") => FileKind::Source(Language::JavaScript),
            _ => FileKind::Config,
        };
        files.push(SourceFile { path: relative, kind, scope: Scope::Production, service: 0, size: 1, mtime: 0, blob: None, owners: None });
    }
}
