//! The rules' fixtures, asked of the engines themselves: `fixtures/rules/<rule>/{breaks,safe}/` is built on a real
//! server, the statement runs on the schema before and on the one after, and what changes must be what `impact` says.
//!
//! PostgreSQL and MariaDB are asked where `IMPACT_TEST_POSTGRES` and `IMPACT_TEST_MARIADB` name the sockets of scratch
//! servers (`scripts/test` starts them); SQLite always. With `IMPACT_TEST_REQUIRE_ENGINES=1` a missing server fails.

mod case;
mod mariadb;
mod postgres;
mod sqlite;

use case::{Asked, Case};
use impact::model::dialect::Engine;
use impact::model::finding::Effect;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// How the statement ended on one state of the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Run {
    /// Names and types of the columns, rows, counts, and what the probe shows.
    Ok(String),
    /// The engine's message.
    Failed(String),
}

/// Why a case can't be asked: its own SQL (not the statement) fails, or the client does not run.
type Unasked = String;

#[test]
fn rules_say_what_the_engines_do() {
    let cases = case::all();
    assert!(cases.len() > 80, "only {} cases found", cases.len());
    let servers = [(Engine::Postgres, postgres::server()), (Engine::MariaDb, mariadb::server())];
    let missing = |engine: Engine| servers.iter().any(|(e, at)| *e == engine && at.is_none());
    let (unasked, asked): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(|c| missing(c.engine()));
    if let Some(at) = &servers[0].1 {
        postgres::prepare(at);
    }
    let mut wrong: Vec<String> = asked.par_iter().filter_map(|case| disagreement(case, &servers)).collect();
    wrong.sort();
    for (word, cases) in [("asked", &asked), ("NOT ASKED", &unasked)] {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for case in cases {
            *counts.entry(case.dialect.engine.as_str()).or_default() += 1;
        }
        for (engine, count) in counts {
            // Not captured by the test harness: a run without a server says so aloud.
            let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("engines: {word} of {engine}: {count} cases\n").as_bytes());
        }
    }
    let required = std::env::var("IMPACT_TEST_REQUIRE_ENGINES").is_ok_and(|v| v == "1");
    assert!(unasked.is_empty() || !required, "{} cases were not asked of their engine; scripts/test starts the servers", unasked.len());
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), asked.len(), wrong.join("\n"));
}

/// Where engine, fixture and `impact` do not say the same.
fn disagreement(case: &Case, servers: &[(Engine, Option<String>)]) -> Option<String> {
    let at = servers.iter().find(|(e, _)| *e == case.engine()).and_then(|(_, at)| at.as_deref()).unwrap_or("");
    let ask = |after: bool, asked: &Asked| match case.engine() {
        Engine::Postgres => postgres::run(at, case, after, asked),
        Engine::MariaDb | Engine::MySql => mariadb::run(at, case, after, asked),
        Engine::Sqlite => sqlite::run(case, after, asked),
    };
    let runs = ask(false, &case.asked).and_then(|before| Ok((before, ask(true, &case.asked)?)));
    let (before, after) = match runs {
        Ok(runs) => runs,
        Err(why) => return Some(format!("{}: cannot be asked: {why}", case.name)),
    };
    let said = case.judged();
    let fits = match (said, &before, &after) {
        (Effect::Breaks | Effect::MayBreak, Run::Ok(_), Run::Failed(_)) => case.safe != Some(true),
        (Effect::ChangesResult, Run::Ok(a), Run::Ok(b)) => a != b && case.safe != Some(true),
        (Effect::Safe, Run::Ok(a), Run::Ok(b)) => a == b && case.safe != Some(false),
        _ => false,
    };
    if !fits {
        return Some(format!("{}: impact says {said:?}\n  before {before:?}\n  after  {after:?}", case.name));
    }
    // What only may fail passes with other values, or where it meets no row.
    if said == Effect::MayBreak {
        match case.passes.as_ref().map(|asked| ask(true, asked)) {
            Some(Ok(Run::Ok(_))) => {}
            other => return Some(format!("{}: impact says MayBreak, but with what `passes` says: {other:?}", case.name)),
        }
    }
    None
}
