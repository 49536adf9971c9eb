//! Fixtures under `fixtures/trace/<language>/<library>/`: the source files of one service, and `expected.snap`, the
//! statements that its lines send.

use crate::index::compose::Composer;
use crate::index::fixtures::{Sources, expect, library_folders, packs};
use crate::index::mapping::models;
use crate::index::trace::trace;
use crate::model::dialect::{Dialect, Engine};
use std::path::Path;

/// The statements that the code of a folder sends, a line each, with what could not be told.
fn rendered(folder: &Path) -> String {
    let sources = Sources::of_folder(folder);
    let program = sources.program();
    let models = models(&program, packs());
    let traced = trace(&program, &models, packs());
    let composer = Composer { models: &models, queries: &traced.queries, packs: packs(), dialect: Dialect::of(Engine::Postgres) };
    let line = |file: u32, at: u32| {
        let path = program.file(file).map_or("", |f| f.path);
        let text = sources.text(path);
        let line = text.iter().take(at as usize).filter(|&&b| b == b'\n').count() + 1;
        format!("{path}:{line}")
    };
    let mut out = String::new();
    for sent in &traced.sent {
        let place = line(sent.site.file, sent.site.span.end.saturating_sub(1));
        for composed in composer.compose(sent.query, sent.site.file) {
            out.push_str(&format!("{place} {}\n", composed.text.text.replace('\n', " ")));
        }
        for (what, at) in traced.queries.get(sent.query as usize).map_or(&[][..], |q| &q.unknown) {
            out.push_str(&format!("{} unknown: {what}\n", line(at.file, at.span.start)));
        }
    }
    for open in &traced.open {
        out.push_str(&format!("{} open: {}\n", line(open.origin.file, open.origin.span.start), open.reason));
    }
    out
}

#[test]
fn fixtures_send_the_expected_statements() {
    expect(library_folders("trace").into_iter().map(|folder| {
        let given = rendered(&folder);
        (folder, given)
    }));
}
