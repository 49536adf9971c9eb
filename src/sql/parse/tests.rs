//! Statements of every engine, rendered.

use super::*;
use crate::model::dialect::Engine;

const PG: Engine = Engine::Postgres;

/// What `text` reads as; `⌂` in it stands for a hole.
fn shown(text: &str, engine: Engine) -> String {
    let text = text.replace('⌂', "\u{e000}");
    let script = parse_script(&text, Dialect::of(engine));
    script.statements.iter().map(render::statement).collect::<Vec<_>>().join("; ")
}

#[track_caller]
fn check(engine: Engine, cases: &[(&str, &str)]) {
    let mut wrong = String::new();
    for (text, expected) in cases {
        let got = shown(text, engine);
        if got != *expected {
            wrong.push_str(&format!("\n{text}\n  expected {expected}\n  got      {got}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn smoke() {
    check(PG, &[("SELECT a.b, c AS d FROM t x WHERE a = $1", "(select a.b, c as d from t x where (= a $1))")]);
}
