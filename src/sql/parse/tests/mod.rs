//! Statements of every engine, rendered.

use super::*;
use crate::model::dialect::Engine;

mod expressions;
mod holes;
mod recognise;
mod robust;
mod statements;

const PG: Engine = Engine::Postgres;
const MY: Engine = Engine::MySql;
const MARIA: Engine = Engine::MariaDb;
const LITE: Engine = Engine::Sqlite;

/// What `text` reads as; `⌂` in it stands for a hole.
fn shown(text: &str, engine: Engine) -> String {
    let text = text.replace('⌂', "\u{e000}");
    let script = parse_script(&text, Dialect::of(engine));
    script.statements.iter().map(render::statement).collect::<Vec<_>>().join("; ").replace('\u{e000}', "⌂")
}

/// What `text` reads as where a list of expressions is expected; after `~` what is left over.
fn shown_expressions(text: &str, engine: Engine) -> String {
    let text = text.replace('⌂', "\u{e000}");
    let mut c = Cursor::new(&text, Dialect::of(engine));
    let mut out = expr::list(&mut c).iter().map(render::expr).collect::<Vec<_>>().join(", ");
    if !c.at_end() {
        out.push_str(" ~ ");
        out.push_str(text.get(c.start() as usize..).unwrap_or_default());
    }
    for error in &c.errors {
        out.push_str(" !");
        out.push_str(&error.message);
    }
    out.replace('\u{e000}', "⌂")
}

#[track_caller]
fn check_expressions(engine: Engine, cases: &[(&str, &str)]) {
    compare(cases, |text| shown_expressions(text, engine));
}

#[track_caller]
fn check(engine: Engine, cases: &[(&str, &str)]) {
    compare(cases, |text| shown(text, engine));
}

#[track_caller]
fn compare(cases: &[(&str, &str)], show: impl Fn(&str) -> String) {
    let mut wrong = String::new();
    for (text, expected) in cases {
        let got = show(text);
        if got != *expected {
            wrong.push_str(&format!("\n{text}\n  expected {expected}\n  got      {got}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
