//! Whatever the text is, lexer, parser, splitter and `apply` end, do not panic, and give spans that lie in it.
//!
//! The statements of the catalogue are cut, joined and changed by a generator of fixed seed: `IMPACT_MUTATIONS` says how
//! many texts are tried (default 4000), `IMPACT_MUTATIONS_SEED` with which seed. A failure prints the text.

use impact::migrations::{Formats, up_part, up_spans};
use impact::model::dialect::{Dialect, Engine};
use impact::model::schema::Schema;
use impact::model::span::Span;
use impact::sql::apply::{ApplyOptions, apply_in_place, presuppose};
use impact::sql::bind::{SessionState, bind};
use impact::sql::lexer::{TokenKind, tokens};
use impact::sql::parse::{foreign_engine, parse_expr, parse_script, parse_statement, recognise};
use serde_json::Value;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Marsaglia's xorshift with 64 bits of state.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides.max(1) as u64) as usize
    }
}

/// Pieces that are hard on readers: quotes and comments that stay open, holes, other scripts, deep nesting.
const PIECES: &[&str] = &[
    "'",
    "\"",
    "`",
    "[",
    "]",
    "$$",
    "$a$",
    "/*",
    "*/",
    "/*!40000",
    "--",
    "#",
    ";",
    ";;",
    "\\",
    "\0",
    "\u{feff}",
    "\u{fffc}",
    "é",
    "𝄞",
    "(",
    ")",
    "((((((((",
    "))))))))",
    "{",
    "}",
    "{a: String}",
    "{{x}}",
    "?",
    "$1",
    ":a",
    "::",
    "%s",
    "%(a)s",
    "@a",
    "@@a",
    "E'\\'",
    "U&'\\00",
    "x'",
    "0x",
    "1e",
    "1.",
    ".1",
    "..",
    "DELIMITER //",
    "//",
    "\nGO\n",
    "COPY t FROM stdin;\n1\t2\n\\.\n",
    "BEGIN",
    "END",
    "CASE",
    "WITH RECURSIVE",
    "-- +goose Up\n",
    "-- +goose Down\n",
    "-- +goose StatementBegin\n",
    "-- +migrate Up\n",
    "-- +migrate Down\n",
    "--//@UNDO\n",
    "AS",
    "NOT",
    "ON",
    "SELECT",
    "FROM",
    "CHECK (",
    "ALTER TABLE t ADD CHECK (a > 0), ADD COLUMN c int",
    "CREATE TABLE",
    "ALTER COLUMN",
    "TYPE",
    "USING",
    ",",
    "\r\n",
    "\t",
    "INTERVAL '1 day'",
    "OVER (PARTITION BY",
    "LATERAL",
    "ARRAY[",
    "ROW(",
    "IS DISTINCT FROM",
    "BETWEEN",
    "IN (",
    "EXISTS (",
];

fn texts() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/catalogue/cases.jsonl");
    let cases = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut texts = Vec::new();
    for case in cases.lines().filter_map(|l| serde_json::from_str::<Value>(l).ok()) {
        for field in ["schema", "migration", "statement"] {
            match &case[field] {
                Value::String(text) => texts.push(text.clone()),
                Value::Object(by_engine) => texts.extend(by_engine.values().filter_map(Value::as_str).map(String::from)),
                _ => {}
            }
        }
    }
    texts.sort();
    texts.dedup();
    texts
}

fn place(text: &str, dice: &mut Dice) -> usize {
    let mut at = dice.roll(text.len() + 1);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn mutated(texts: &[String], dice: &mut Dice) -> String {
    let mut text = texts[dice.roll(texts.len())].clone();
    for _ in 0..=dice.roll(4) {
        let (a, b) = (place(&text, dice), place(&text, dice));
        let (from, to) = (a.min(b), a.max(b));
        match dice.roll(6) {
            0 => text.truncate(to),
            1 => text.replace_range(from..to, ""),
            2 => text.insert_str(a, PIECES[dice.roll(PIECES.len())]),
            3 => text.replace_range(from..to.min(from + 8).max(from), ""),
            4 => {
                let other = &texts[dice.roll(texts.len())];
                let part = other[place(other, dice)..].to_string();
                text.insert_str(a, &part);
            }
            _ => {
                let part = text[from..to].to_string();
                text.insert_str(b, &part);
            }
        }
        // A cut in the middle of a character of several bytes can't happen in a `String`; long texts only cost time.
        if text.len() > 4000 {
            let mut end = 4000;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end);
        }
    }
    text
}

fn inside(span: Span, text: &str) -> bool {
    let (start, end) = (span.start as usize, span.end as usize);
    start <= end && end <= text.len() && text.is_char_boundary(start) && text.is_char_boundary(end)
}

/// What must hold of any text.
fn holds(text: &str, dialect: Dialect) {
    let all = tokens(text, dialect);
    assert!(all.iter().all(|t| inside(t.span, text)), "a token lies outside");
    assert!(all.windows(2).all(|w| w[0].span.end <= w[1].span.start), "tokens overlap");
    assert_eq!(all.last().map(|t| t.kind), Some(TokenKind::End));
    let script = parse_script(text, dialect);
    assert!(script.statements.iter().all(|s| inside(s.span, text)), "a statement lies outside");
    assert!(script.statements.windows(2).all(|w| w[0].span.end <= w[1].span.start), "statements overlap");
    let statement = parse_statement(text, dialect);
    let _ = (parse_expr(text, dialect), recognise(text, dialect), foreign_engine(text, dialect));
    let mut schema = Schema::empty(dialect);
    apply_in_place(&mut schema, "CREATE TABLE t (a int, b int)", &ApplyOptions::default());
    let binding = bind(&statement, text, &schema, &SessionState::default());
    assert!(binding.uses.iter().all(|u| inside(u.span, text)), "a use lies outside");
    apply_in_place(&mut schema, text, &ApplyOptions { lenient: true, ..ApplyOptions::default() });
    let _ = presuppose(&Schema::open(dialect), text, &ApplyOptions::default());
}

/// What must hold of any migration: what runs stays on its lines.
fn splits(text: &str) {
    for format in Formats::embedded().list.iter().filter(|f| !f.code) {
        let up = up_part(text, format);
        assert_eq!((up.len(), up.lines().count()), (text.len(), text.lines().count()), "{}: the text has another length", format.id);
        let spans = up_spans(text, format);
        assert!(spans.iter().all(|s| inside(*s, text)), "{}: a part lies outside", format.id);
    }
}

#[test]
fn no_text_breaks_the_readers() {
    let number = |name: &str, default: u64| std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default);
    let (rounds, seed) = (number("IMPACT_MUTATIONS", 4000), number("IMPACT_MUTATIONS_SEED", 0x9e37_79b9_7f4a_7c15).max(1));
    let texts = texts();
    assert!(texts.len() > 300, "only {} statements in the catalogue", texts.len());
    let mut dice = Dice(seed);
    let mut broken = Vec::new();
    for round in 0..rounds {
        let text = mutated(&texts, &mut dice);
        let engine = [Engine::Postgres, Engine::MySql, Engine::MariaDb, Engine::Sqlite][dice.roll(4)];
        let ran = catch_unwind(AssertUnwindSafe(|| {
            holds(&text, Dialect::of(engine));
            splits(&text);
        }));
        if ran.is_err() {
            broken.push(format!("round {round}, {engine:?}: {text:?}"));
            if broken.len() > 9 {
                break;
            }
        }
    }
    assert!(broken.is_empty(), "{} texts break a reader:\n{}", broken.len(), broken.join("\n"));
}
