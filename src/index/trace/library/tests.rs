//! Fixtures under `fixtures/trace/<language>/<library>/`: the source files of one service, and `expected.snap`, the
//! statements that its lines send. Fixtures under `fixtures/uses/<language>/<case>/`: the fields and columns that lines
//! of a service name without sending anything.

use crate::index::compose::Composer;
use crate::index::fixtures::{Sources, expect, library_folders, packs};
use crate::index::mapping::{Origin, models};
use crate::index::trace::trace;
use crate::model::dialect::{Dialect, Engine};
use std::collections::BTreeSet;
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

/// The fields and columns that the code of a folder uses, a line each.
fn used(folder: &Path) -> String {
    let sources = Sources::of_folder(folder);
    let program = sources.program();
    let models = models(&program, packs());
    let traced = trace(&program, &models, packs());
    let line = |at: Origin| {
        let path = program.file(at.file).map_or("", |f| f.path);
        let text = sources.text(path);
        (path, text.iter().take(at.span.start as usize).filter(|&&b| b == b'\n').count() + 1)
    };
    let mut out: BTreeSet<(&str, usize, String)> = BTreeSet::new();
    for used in &traced.uses {
        let Some(model) = models.get(used.model) else { continue };
        let field = model.fields.get(used.field as usize).map_or("", |f| &f.name);
        let (path, line) = line(used.origin);
        out.insert((path, line, format!("{}.{field}{}", model.name.text, if used.carried { " carried" } else { "" })));
    }
    for used in &traced.row_uses {
        let tables: Vec<&str> = used.tables.iter().map(|(_, t)| &*t.text).collect();
        let (path, line) = line(used.origin);
        out.insert((path, line, format!("{}.{}", tables.join("|"), used.column)));
    }
    for scan in &traced.scans {
        let Some((path, line)) = scan.calls.last().map(|c| line(*c)) else { continue };
        out.insert((path, line, format!("rows are read into {}", models.get(scan.model).map_or("", |m| &m.name.text))));
    }
    out.iter().map(|(path, line, what)| format!("{path}:{line} {what}\n")).collect()
}

#[test]
fn fixtures_use_the_expected_fields() {
    expect(library_folders("uses").into_iter().map(|folder| {
        let given = used(&folder);
        (folder, given)
    }));
}
