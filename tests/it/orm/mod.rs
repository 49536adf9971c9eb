//! `fixtures/orm/<language>/<library>/`: applications with the tables and columns that the real library sent for
//! each line. What `impact refs` finds of them, as they are and in variations that mean the same, stands in
//! `agreement.snap`; `UPDATE_EXPECT=1` rewrites it.

mod mutate;
mod score;
mod truth;

use mutate::Mutation;
use rayon::prelude::*;
use score::{Found, Score};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use truth::Application;

#[test]
fn applications() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/orm");
    let mut runs: Vec<(String, Application, Option<Mutation>, bool)> = Vec::new();
    for path in applications_below(&folder) {
        let name = path.strip_prefix(&folder).expect("below").display().to_string();
        let application = Application::read(&path);
        runs.push((name.clone(), application.clone(), None, true));
        runs.push((name.clone(), application.clone(), None, false));
        for mutation in Mutation::ALL {
            runs.push((name.clone(), application.clone(), Some(mutation), true));
        }
    }
    let lines: Vec<(String, String)> = runs
        .into_par_iter()
        .map(|(name, application, mutation, schema)| {
            let application = match mutation {
                Some(mutation) => mutation.apply(&application),
                None => application,
            };
            let score = Score::of(&application, &references(&application, schema));
            let variant = match (mutation, schema) {
                (Some(mutation), _) => mutation.name(),
                (None, true) => "as it is",
                (None, false) => "no schema",
            };
            if std::env::var("SHOW").is_ok_and(|wanted| format!("{name} {variant}").contains(&wanted)) {
                eprintln!("{}", score.details());
            }
            (format!("{name} {variant}"), score.line(variant))
        })
        .collect();
    let mut shown = String::from(
        "# found of those that the real libraries sent: tables, named and implied columns, definitions; right of those given; modes\n",
    );
    let mut last = "";
    for (name, line) in &lines {
        let name = name.split(' ').next().unwrap_or(name);
        if name != last {
            let _ = writeln!(shown, "\n{name}");
            last = name;
        }
        let _ = writeln!(shown, "  {line}");
    }
    let expected = folder.join("agreement.snap");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&expected, &shown).expect("agreement.snap");
    }
    let known = std::fs::read_to_string(&expected).unwrap_or_default();
    assert!(known == shown, "{} differs (UPDATE_EXPECT=1 rewrites; SHOW='python/django as' shows misses):\n{shown}", expected.display());
}

fn applications_below(folder: &Path) -> Vec<PathBuf> {
    let list = |path: &Path| -> Vec<PathBuf> {
        let mut paths: Vec<_> = std::fs::read_dir(path).into_iter().flatten().flatten().map(|e| e.path()).filter(|p| p.is_dir()).collect();
        paths.sort();
        paths
    };
    list(folder).iter().flat_map(|language| list(language)).filter(|p| p.join("truth.jsonl").is_file()).collect()
}

/// What `impact refs` says of an application that is written to a folder of its own.
fn references(application: &Application, schema: bool) -> Vec<Found> {
    let folder = tempfile::tempdir().expect("folder");
    for (path, text) in &application.files {
        let at = folder.path().join("app").join(path);
        std::fs::create_dir_all(at.parent().expect("parent")).expect("folder");
        std::fs::write(at, text).expect("file");
    }
    let mut command = assert_cmd::Command::cargo_bin("impact").expect("binary");
    command.current_dir(folder.path().join("app")).args(["refs", "--repo", ".", "--format", "json"]);
    command.arg("--store").arg(folder.path().join("index.db")).args(["--dialect", &application.dialect]);
    if schema {
        command.args(["--schema", "schema.sql"]);
    }
    let output = command.output().expect("run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    json["references"].as_array().expect("references").iter().map(Found::new).collect()
}
