//! What runs while the migration does: on a branch the code of the merge base, and the working tree is the code after it.

use crate::project::{DROP_CITY, Project};
use serde_json::Value;

const APP: &str = "app/__main__.py";

/// The project on a branch of `main`, with what `change` does to it and a migration that drops the column.
fn on_a_branch(change: impl Fn(&Project)) -> (Project, Value) {
    let project = Project::users();
    let repository = project.git();
    let base = project.commit(&repository);
    let commit = repository.find_commit(git2::Oid::from_str(&base).expect("an id")).expect("the commit");
    repository.branch("drop-city", &commit, false).expect("a branch");
    repository.set_head("refs/heads/drop-city").expect("the branch");
    change(&project);
    project.write(DROP_CITY, "ALTER TABLE users DROP COLUMN city;\n");
    project.commit(&repository);
    let answer = project.impact(&["check", DROP_CITY, "--format", "json"]).json();
    (project, answer)
}

fn shown(answer: &Value) -> Vec<String> {
    let findings = answer["findings"].as_array().cloned().unwrap_or_default();
    let one = |f: &Value| {
        let revisions: Vec<String> = f["revisions"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|r| r.as_str().unwrap_or("").split(" (").next().unwrap_or("").into())
            .collect();
        format!("{}:{} {} in {}", f["path"].as_str().unwrap_or(""), f["line"], f["verdict"].as_str().unwrap_or(""), revisions.join(" and "))
    };
    findings.iter().map(one).collect()
}

#[test]
fn code_that_runs_breaks_though_the_branch_has_mended_it() {
    let (project, answer) = on_a_branch(|p| {
        let code = p.read(APP).replace("SELECT city FROM", "SELECT email FROM");
        p.write(APP, format!("# Cities are gone.\n{code}"));
    });
    assert_eq!(shown(&answer), ["app/__main__.py:9 breaks in main"]);
    assert_eq!(answer["recommendation"], "BLOCKED");
    assert_eq!(answer["order"], "code_first");
    let message = answer["findings"][0]["message"].as_str().unwrap_or_default();
    assert!(message.ends_with("(fixed in your working tree; deploy code first)"), "{message}");
    // The same again from the store, and as if the working tree were deployed.
    assert_eq!(project.impact(&["check", DROP_CITY, "--format", "json"]).json(), answer);
    let tree = project.impact(&["check", DROP_CITY, "--format", "json", "--running", "tree"]).json();
    assert_eq!((shown(&tree).len(), tree["recommendation"].as_str()), (0, Some("SAFE_TO_DEPLOY")), "{tree:#}");
}

#[test]
fn what_both_have_holds_in_both() {
    let (_, answer) = on_a_branch(|p| p.write(APP, format!("import os\n{}", p.read(APP))));
    assert_eq!(shown(&answer), ["app/__main__.py:10 breaks in main and working tree"]);
    let (_, answer) = on_a_branch(|p| p.write("README.md", "Nothing of the service has changed."));
    assert_eq!(shown(&answer), ["app/__main__.py:9 breaks in main and working tree"]);
}

#[test]
fn new_code_that_needs_what_goes_is_said_to_be_new() {
    let (_, answer) = on_a_branch(|p| {
        let code = p.read(APP);
        let more = "\n\ndef towns(connection: psycopg.Connection):\n    return connection.execute(\"SELECT DISTINCT city FROM users\").fetchall()\n";
        p.write(APP, format!("{code}{more}"));
    });
    assert_eq!(shown(&answer), ["app/__main__.py:9 breaks in main and working tree", "app/__main__.py:13 breaks in working tree"]);
}

/// The branch uses the new name already: neither can go first.
#[test]
fn a_rename_with_its_code_has_no_safe_order() {
    let project = Project::users();
    let repository = project.git();
    let base = project.commit(&repository);
    let commit = repository.find_commit(git2::Oid::from_str(&base).expect("an id")).expect("the commit");
    repository.branch("rename", &commit, false).expect("a branch");
    repository.set_head("refs/heads/rename").expect("the branch");
    project.write(APP, project.read(APP).replace("SELECT city FROM", "SELECT town FROM"));
    project.write("migrations/000002_town.up.sql", "ALTER TABLE users RENAME COLUMN city TO town;\n");
    let answer = project.impact(&["check", "migrations/000002_town.up.sql", "--format", "json"]).json();
    assert_eq!(shown(&answer), ["app/__main__.py:9 breaks in main"]);
    assert_eq!(answer["order"], "neither");
}

#[test]
fn the_working_tree_stands_for_what_runs_on_the_default_branch() {
    let project = Project::dropping();
    let repository = project.git();
    project.commit(&repository);
    project.write(APP, project.read(APP).replace("SELECT city FROM", "SELECT email FROM"));
    let answer = project.impact(&["check", DROP_CITY, "--format", "json"]).json();
    assert_eq!((shown(&answer).len(), answer["recommendation"].as_str()), (0, Some("SAFE_TO_DEPLOY")), "{answer:#}");
}
