//! Mutated schemas, migrations and statements: nothing that is read panics, hangs or overflows.
//!
//! A short run from a fixed seed is a test; `scripts/fuzz SECONDS [SEED]` makes long ones (`IMPACT_FUZZ_SECONDS`,
//! `IMPACT_FUZZ_SEED`). What fails is printed with its texts, so that it can become a case.

use crate::differential::random::Random;
use impact::impact::judge_statements;
use impact::migrations::{Formats, up_part};
use impact::model::dialect::{Dialect, Engine};
use impact::sql::apply::{ApplyOptions, apply, schema_from_dump};
use serde_json::Value;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What a mutation is made of.
struct Corpus {
    schemas: Vec<String>,
    migrations: Vec<String>,
    statements: Vec<String>,
}

/// Pieces that parsers trip over.
const PIECES: &[&str] = &[
    "(",
    ")",
    "((((((((",
    "'",
    "''",
    "\"",
    "`",
    "$$",
    "$a$",
    "--",
    "/*",
    "*/",
    ";",
    ",",
    ".",
    "..",
    "::",
    ":=",
    "?",
    "$1",
    ":name",
    "%s",
    "E'\\",
    "\0",
    "\u{e000}",
    "\u{feff}",
    "ß",
    "SELECT",
    "FROM",
    "WITH RECURSIVE",
    "AS (",
    "JOIN LATERAL",
    "CASE WHEN",
    "END",
    "IN (",
    "OVER (",
    "UNION",
    "ORDER BY",
    "DELIMITER //",
    "BEGIN",
    "COPY t FROM stdin;\n",
    "\\.\n",
    "CREATE TABLE",
    "ALTER TABLE",
    "DROP COLUMN",
    "RENAME TO",
    "CASCADE",
    "PARTITION BY",
    "GENERATED ALWAYS AS (",
    "-- +goose Up\n",
    "-- +goose Down\n",
    "/*!40101 ",
    "999999999999999999999999",
    "1e999",
    "[",
    "]",
    "{",
    "}",
];

impl Corpus {
    fn read() -> Corpus {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        let text = std::fs::read_to_string(root.join("catalogue/cases.jsonl")).expect("the catalogue");
        let mut corpus = Corpus { schemas: Vec::new(), migrations: Vec::new(), statements: Vec::new() };
        for case in text.lines().filter_map(|l| serde_json::from_str::<Value>(l).ok()) {
            for (field, into) in
                [("schema", &mut corpus.schemas), ("migration", &mut corpus.migrations), ("statement", &mut corpus.statements)]
            {
                let value = &case[field];
                into.extend(value.as_str().map(String::from));
                into.extend(value.as_object().into_iter().flat_map(|o| o.values()).filter_map(Value::as_str).map(String::from));
            }
        }
        let mut files = Vec::new();
        sql_files(&root.join("migrations"), &mut files);
        files.sort();
        corpus.migrations.extend(files.iter().filter_map(|f| std::fs::read_to_string(f).ok()));
        assert!(corpus.schemas.len() > 300 && corpus.migrations.len() > 300 && corpus.statements.len() > 300);
        corpus
    }
}

fn sql_files(folder: &Path, out: &mut Vec<PathBuf>) {
    for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()) {
        if path.is_dir() {
            sql_files(&path, out);
        } else if path.extension().is_some_and(|e| e == "sql") {
            out.push(path);
        }
    }
}

fn mutated(r: &mut Random, texts: &[String]) -> String {
    let mut text: Vec<char> = r.of(texts).chars().take(4000).collect();
    for _ in 0..r.below(5) {
        let at = r.below(text.len() + 1);
        let length = r.below(40).min(text.len() - at);
        match r.below(7) {
            0 => drop(text.drain(at..at + length)),
            1 => {
                let again: Vec<char> = text[at..at + length].to_vec();
                text.splice(at..at, again);
            }
            2 | 3 => {
                let piece = *r.of(PIECES);
                text.splice(at..at, piece.chars());
            }
            4 => {
                let other: Vec<char> = r.of(texts).chars().take(400).collect();
                let from = r.below(other.len() + 1);
                text.splice(at..at, other[from..].iter().copied());
            }
            5 => {
                // Deep nesting, long lists.
                let (piece, times) = (*r.of(PIECES), 1 + r.below(3000));
                text.splice(at..at, piece.repeat(times).chars());
            }
            _ => text.truncate(at),
        }
    }
    text.into_iter().collect()
}

#[test]
fn nothing_that_is_read_panics_or_hangs() {
    let number = |name: &str| std::env::var(name).ok().and_then(|v| v.parse::<u64>().ok());
    let seconds = number("IMPACT_FUZZ_SECONDS");
    let seed = number("IMPACT_FUZZ_SEED").unwrap_or(1);
    let corpus = Corpus::read();
    // As in the program: parsing runs on threads with a stack of this size.
    let run = move || {
        let started = Instant::now();
        let mut slowest = (Duration::ZERO, String::new());
        let mut rounds = 0u64;
        while seconds.map_or(rounds < 300, |s| started.elapsed() < Duration::from_secs(s)) {
            let mut r = Random::new(seed.wrapping_mul(7_919).wrapping_add(rounds));
            let engine = *r.of(&[Engine::Postgres, Engine::MariaDb, Engine::MySql, Engine::Sqlite]);
            let schema = if r.percent(50) { r.of(&corpus.schemas).clone() } else { mutated(&mut r, &corpus.schemas) };
            let (migration, statement) = (mutated(&mut r, &corpus.migrations), mutated(&mut r, &corpus.statements));
            let shown =
                || format!("-- {engine:?}, seed {seed}, round {rounds}\n{schema}\n-- migration\n{migration}\n-- statement\n{statement}\n");
            let before = Instant::now();
            let done = catch_unwind(AssertUnwindSafe(|| {
                for format in Formats::embedded().ids().iter().filter_map(|id| Formats::embedded().get(id)) {
                    let up = up_part(&migration, format);
                    assert_eq!(up.len(), migration.len(), "what does not run is blanked");
                }
                let dialect = Dialect::of(engine);
                let (before, _) = schema_from_dump(&schema, dialect);
                let options = ApplyOptions { autocommit: rounds.is_multiple_of(2), ..ApplyOptions::default() };
                let (after, applied) = apply(&before, &migration, &options);
                let judged = judge_statements(&statement, &before, &after, &applied.changes);
                for one in judged {
                    assert!(one.span.end as usize <= statement.len(), "a span beyond the text");
                }
            }));
            assert!(done.is_ok(), "it panics:\n{}", shown());
            let took = before.elapsed();
            assert!(took < Duration::from_secs(60), "{took:?}:\n{}", shown());
            if took > slowest.0 {
                slowest = (took, shown());
            }
            rounds += 1;
        }
        if seconds.is_some() {
            let text = format!("{rounds} rounds without a failure; the slowest took {:?}:\n{:.1500}\n", slowest.0, slowest.1);
            let _ = std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes());
        }
    };
    std::thread::Builder::new().stack_size(32 << 20).spawn(run).expect("a thread").join().expect("no failure");
}
