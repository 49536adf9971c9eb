//! `fixtures/catalogue/cases.jsonl`: schema changes and statements with what the engines answered. The counts of labels
//! that `impact` gives too, and every disagreement, stand in `agreement.snap`; `UPDATE_EXPECT=1` rewrites it.

use impact::impact::check_statements;
use impact::model::change::Outcome;
use impact::model::dialect::Dialect;
use impact::sql::apply::{ApplyOptions, apply, schema_from_dump};
use rayon::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// What is said of one case on one engine.
struct Answer {
    /// Group that it is counted in.
    group: String,
    id: String,
    want: String,
    got: String,
}

#[test]
fn catalogue() {
    let text = std::fs::read_to_string(folder().join("cases.jsonl")).expect("cases.jsonl");
    let cases: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).expect(l)).collect();
    let answers: Vec<Answer> = cases.par_iter().flat_map_iter(|case| engines(case).map(|e| answer(case, e))).collect();
    let expected = folder().join("agreement.snap");
    let shown = shown(&answers);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&expected, &shown).expect("agreement.snap");
    }
    let known = std::fs::read_to_string(&expected).unwrap_or_default();
    assert!(known == shown, "{} differs (UPDATE_EXPECT=1 rewrites):\n{}", expected.display(), changed(&known, &shown));
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/catalogue")
}

fn engines(case: &Value) -> impl Iterator<Item = &str> {
    case["engines"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// A field that is one text for all engines or one per engine.
fn field<'a>(case: &'a Value, name: &str, engine: &str) -> &'a str {
    let value = &case[name];
    value.as_str().or_else(|| value[engine].as_str()).unwrap_or("")
}

fn answer(case: &Value, engine: &str) -> Answer {
    let want = case["effect_by_engine"][engine].as_str().or_else(|| case["effect"].as_str()).unwrap_or("");
    let statement = case["kind"] == "statement";
    let prepared = case["mode"] == "prepared";
    let group = match (statement, prepared, case["static"] == true) {
        (false, ..) => "migration",
        (_, true, _) => "prepared",
        (_, _, true) => "static",
        _ => "data-dependent",
    };
    let id = case["id"].as_str().unwrap_or("").to_string();
    Answer { group: format!("{group} {engine}"), id, want: want.to_string(), got: said(case, engine, statement, prepared) }
}

/// The label that `impact check --schema --sql` gives.
fn said(case: &Value, engine: &str, statement: bool, prepared: bool) -> String {
    // The versions that gave the answers.
    let version = match engine {
        "postgres" => ":15",
        "mariadb" => ":10.11",
        "sqlite" => ":3.40",
        _ => "",
    };
    let dialect: Dialect = format!("{engine}{version}").parse().unwrap_or_else(|e| panic!("{engine}: {e}"));
    let (before, _) = schema_from_dump(field(case, "schema", engine), dialect);
    let options = ApplyOptions { autocommit: case["autocommit"] == true, ..ApplyOptions::default() };
    let (after, applied) = apply(&before, field(case, "migration", engine), &options);
    if !statement {
        let outcome = match applied.outcome {
            Outcome::Ok => "ok",
            Outcome::MayFail => "may_fail",
            Outcome::Fails => "fails",
        };
        return outcome.to_string();
    }
    let session = field(case, "session", engine).trim().trim_end_matches(';');
    let session = if session.is_empty() { String::new() } else { format!("{session};\n") };
    let sql = format!("{session}{}", field(case, "statement", engine));
    let findings = check_statements(&sql, "statement.sql", &before, &after, &applied.changes, &["migration.sql".to_string()]);
    let effect = findings.last().map(|f| if prepared { f.prepared_effect } else { f.effect }).unwrap_or_default();
    serde_json::to_value(effect).ok().and_then(|v| v.as_str().map(String::from)).unwrap_or_default()
}

fn shown(answers: &[Answer]) -> String {
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for answer in answers {
        let count = counts.entry(&answer.group).or_default();
        count.0 += usize::from(answer.want == answer.got);
        count.1 += 1;
    }
    let mut out = String::new();
    for (group, (agree, all)) in counts {
        let _ = writeln!(out, "{group}: {agree} of {all}");
    }
    let mut differing: Vec<&Answer> = answers.iter().filter(|a| a.want != a.got).collect();
    differing.sort_by_key(|a| (&a.group, &a.id));
    for a in differing {
        let _ = writeln!(out, "{} {}: want {}, got {}", a.group, a.id, a.want, a.got);
    }
    out
}

/// The lines that only one of two texts has.
fn changed(old: &str, new: &str) -> String {
    let only = |sign: char, of: &str, other: &str| -> String {
        of.lines().filter(|l| !other.lines().any(|o| o == *l)).map(|l| format!("{sign} {l}\n")).collect()
    };
    only('-', old, new) + &only('+', new, old)
}
