//! Fixtures under `fixtures/trace/<language>/<library>/`: the source files of one service, and `expected.snap`, the
//! statements that its lines send.

use crate::grammar::PackSet;
use crate::index::compose::Composer;
use crate::index::extract::extract_with;
use crate::index::mapping::models;
use crate::index::program::{Program, ProgramFile};
use crate::index::resolve::modules::ModuleMap;
use crate::index::trace::trace;
use crate::model::code::Code;
use crate::model::dialect::{Dialect, Engine};
use crate::model::facts::{FileFacts, Language};
use crate::model::statement::Scope;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

fn packs() -> &'static PackSet {
    static PACKS: OnceLock<PackSet> = OnceLock::new();
    PACKS.get_or_init(|| PackSet::builtin().unwrap_or_else(|e| panic!("{}", e.iter().map(|e| format!("{e}\n")).collect::<String>())))
}

fn files(folder: &Path, root: &Path, out: &mut Vec<(String, Vec<u8>)>) {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            files(&path, root, out);
        } else {
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            out.push((name, std::fs::read(&path).unwrap_or_default()));
        }
    }
}

/// The statements that the code of a folder sends, a line each, with what could not be told.
fn rendered(folder: &Path) -> String {
    let mut sources = Vec::new();
    files(folder, folder, &mut sources);
    let read = |path: &str| sources.iter().find(|(p, _)| p == path).map(|(_, b)| b.clone());
    let modules = ModuleMap::read(sources.iter().map(|(p, _)| p.as_str()), &read);
    let facts: Vec<(String, Language, FileFacts)> = sources
        .iter()
        .filter_map(|(path, bytes)| {
            let language = packs().language_of(path)?;
            Some((path.clone(), language, extract_with(bytes, language, path, packs(), true)))
        })
        .collect();
    let empty = Code::default();
    let files = facts
        .iter()
        .map(|(path, language, facts)| ProgramFile {
            path,
            language: *language,
            scope: Scope::Production,
            own: true,
            package: &facts.package,
            imports: facts.code.as_deref().map_or(&facts.imports, |c| &c.imports),
            code: facts.code.as_deref().unwrap_or(&empty),
        })
        .collect();
    let program = Program::new(files, &modules);
    let models = models(&program, packs());
    let traced = trace(&program, &models, packs());
    let composer = Composer { models: &models, queries: &traced.queries, packs: packs(), dialect: Dialect::of(Engine::Postgres) };
    let line = |file: u32, at: u32| {
        let path = program.file(file).map_or("", |f| f.path);
        let text = sources.iter().find(|(p, _)| p == path).map_or(&[][..], |(_, b)| b.as_slice());
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
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/trace");
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for language in std::fs::read_dir(&root).into_iter().flatten().flatten() {
        for library in std::fs::read_dir(language.path()).into_iter().flatten().flatten() {
            seen += 1;
            let given = rendered(&library.path());
            let snap = library.path().join("expected.snap");
            let expected = std::fs::read_to_string(&snap).unwrap_or_default();
            if given != expected && update {
                std::fs::write(&snap, &given).unwrap_or_else(|e| panic!("{}: {e}", snap.display()));
            } else if given != expected {
                wrong.push(format!("{}\n--- expected\n{expected}--- given\n{given}", library.path().display()));
            }
        }
    }
    assert!(seen > 0, "no fixtures under {}", root.display());
    assert!(wrong.is_empty(), "{}\n\nUPDATE_EXPECT=1 rewrites the snapshots", wrong.join("\n"));
}
