//! Migrations written in code, under `fixtures/programs/<library>`: what `impact sql` says that each sends, on each engine
//! that has a snapshot `expected.<engine>.snap` there. `UPDATE_EXPECT=1 cargo test` rewrites the snapshots.

use crate::project::{Project, impact};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/programs")
}

/// Files below a folder, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()) {
        if path.is_dir() {
            out.extend(files(&path));
        } else {
            out.push(path);
        }
    }
    out.sort();
    out
}

/// A migration: its name begins with a number.
fn is_migration(path: &Path) -> bool {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    name.starts_with(|c: char| c.is_ascii_digit())
}

#[test]
fn migrations_in_code_are_read() {
    let cache = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let mut wrong = Vec::new();
    let mut read = 0;
    for app in std::fs::read_dir(root()).into_iter().flatten().flatten().map(|e| e.path()) {
        let all = files(&app);
        for snapshot in all.iter().filter(|f| f.extension().is_some_and(|e| e == "snap")) {
            let name = snapshot.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            let engine = name.split('.').nth(1).unwrap_or("postgres").to_string();
            let mut shown = String::new();
            for migration in all.iter().filter(|f| is_migration(f)) {
                read += 1;
                let relative = migration.strip_prefix(&app).unwrap_or(migration).display().to_string();
                let ran = impact(&app, cache.path(), &["sql", "--repo", ".", "--lines", "--dialect", &engine, &relative], b"");
                assert!(ran.code < 2, "{relative}: {}", ran.stderr);
                shown.push_str(&format!("## {relative}\n{}\n", ran.stdout));
            }
            let known = std::fs::read_to_string(snapshot).unwrap_or_default();
            if known == shown {
                continue;
            }
            if std::env::var_os("UPDATE_EXPECT").is_some() {
                std::fs::write(snapshot, &shown).unwrap_or_else(|e| panic!("{e}"));
            } else {
                let line = known.lines().zip(shown.lines()).find(|(a, b)| a != b);
                wrong.push(format!("{}: first difference {line:?}", snapshot.display()));
            }
        }
    }
    assert!(read > 0, "no migration under {}", root().display());
    assert!(wrong.is_empty(), "not as expected (UPDATE_EXPECT=1 rewrites):\n{}", wrong.join("\n"));
}

#[test]
fn a_migration_in_code_is_checked_at_its_own_lines() {
    let project = Project::users();
    project.write(
        "versions/0002_drop.py",
        concat!(
            "from alembic import op\n\nrevision = \"2\"\ndown_revision = \"1\"\n\n\n",
            "def upgrade():\n    op.drop_column(\"users\", \"city\")\n    op.execute(\"SELEKT 1\")\n",
        ),
    );
    let answer = project.impact(&["check", "versions/0002_drop.py", "--format", "json"]).exits(1).json();
    assert_eq!(answer["findings"][0]["rule"], "dropped-column-still-read");
    assert_eq!(answer["migrations"][0]["changes"][0]["line"], 8);
    let problems: Vec<&Value> = answer["problems"].as_array().into_iter().flatten().filter(|p| p["line"] == 9).collect();
    assert_eq!(problems.len(), 1, "{}", answer["problems"]);
}

#[test]
fn a_form_that_no_pack_knows_is_said_to_be_unread() {
    let project = Project::users();
    project.write("migrations/000003_odd.py", "from somewhere import steps\n\nsteps.drop(\"users\")\n");
    let ran = project.impact(&["check", "migrations/000003_odd.py"]).exits(0);
    assert!(ran.stdout.contains("no pack knows a migration of this form"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("SAFE"), "{}", ran.stdout);
}

/// A folder of migrations is often called like its library; its `__init__.py` is not that library.
#[test]
fn a_folder_called_like_the_library_does_not_hide_it() {
    let project = Project::users();
    project.write("alembic/__init__.py", "");
    project.write("alembic/versions/0002_drop.py", "from alembic import op\n\n\ndef upgrade():\n    op.drop_column(\"users\", \"city\")\n");
    let answer = project.impact(&["check", "alembic/versions/0002_drop.py", "--format", "json"]).exits(1).json();
    assert_eq!(answer["findings"][0]["rule"], "dropped-column-still-read");
}
