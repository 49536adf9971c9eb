//! Statements of small services: `fixtures/resolve/<language>/<case>/` holds sources and `expected.snap`.

use impact::grammar::PackSet;
use impact::index::extract::extract;
use impact::index::resolve::modules::ModuleMap;
use impact::index::resolve::{ResolveFile, ServiceInput, SqlFile, resolve};
use impact::model::dialect::Dialect;
use impact::model::facts::FileFacts;
use impact::model::span::{LineIndex, Span};
use impact::model::statement::{Consumer, Evidence, HOLE, Scope, Statement, StatementKind};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Files of a case by path relative to it.
fn files_of(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(at) = open.pop() {
        for entry in std::fs::read_dir(&at).into_iter().flatten().filter_map(Result::ok) {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.file_name().is_some_and(|n| n != "expected.snap") {
                let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                found.insert(name, std::fs::read(&path).unwrap_or_default());
            }
        }
    }
    found
}

fn statements(files: &BTreeMap<String, Vec<u8>>, packs: &PackSet) -> String {
    let facts: Vec<(&str, FileFacts)> = files
        .iter()
        .filter_map(|(path, bytes)| {
            let language = packs.language_of(path)?;
            Some((path.as_str(), extract(bytes, language, path, packs)))
        })
        .collect();
    let input: Vec<ResolveFile> = facts
        .iter()
        .filter_map(|(path, facts)| {
            Some(ResolveFile { path, language: packs.language_of(path)?, scope: Scope::Production, own: true, facts })
        })
        .collect();
    let read = |path: &str| files.get(path).cloned();
    let modules = ModuleMap::read(files.keys().map(String::as_str), &read);
    let sql: Vec<SqlFile> = files.keys().filter(|p| p.ends_with(".sql")).map(|path| SqlFile { path, scope: Scope::Production }).collect();
    let dialects = [Dialect::default()];
    let resolved = resolve(&ServiceInput { files: &input, dialects: &dialects, read: &read, sql_files: &sql, modules: &modules });
    let lines: HashMap<&str, LineIndex> = files.iter().map(|(p, b)| (p.as_str(), LineIndex::new(b))).collect();
    let at = |path: &str, span: Span| {
        let Some(index) = lines.get(path) else { return format!("{path}:?") };
        let (from, to) = (index.line(span.start), index.line(span.end.saturating_sub(1).max(span.start)));
        if from == to { format!("{path}:{from}") } else { format!("{path}:{from}-{to}") }
    };
    let mut out = String::new();
    for s in &resolved.statements {
        check_places(s, files);
        let path = s.files.first().map_or("", String::as_str);
        let _ = write!(out, "{} {:?}", at(path, s.span), shown(s));
        match s.evidence {
            Evidence::Sink => write!(out, " via {}", s.library),
            Evidence::Parsed => write!(out, " because it parses"),
            Evidence::File | Evidence::Composed | Evidence::Name | Evidence::Definition | Evidence::Relation => {
                write!(out, " in a file{}", if s.library.is_empty() { String::new() } else { format!(" of {}", s.library) })
            }
        }
        .unwrap_or_default();
        if s.kind != StatementKind::RawSql && s.evidence != Evidence::File {
            out.push_str(" from a file");
        }
        if let Some((file, span)) = &s.site {
            let _ = write!(out, ", sent at {}", at(file, *span));
        }
        if s.files.len() > 1 {
            let _ = write!(out, ", pieces of {}", s.files[1..].join(" "));
        }
        let group: Vec<&Statement> = resolved.statements.iter().filter(|o| o.site_group == s.site_group).collect();
        if group.len() > 1 {
            let _ = write!(out, " [variant {}/{}]", group.iter().position(|o| std::ptr::eq(*o, s)).unwrap_or(0) + 1, group.len());
        }
        match s.consumer {
            Consumer::Unknown => {}
            consumer => drop(write!(out, " rows {consumer:?}")),
        }
        out.push('\n');
        for hole in s.text.holes.iter().filter(|h| !h.values.is_empty()) {
            let _ = writeln!(out, "    {{{}}} is one of {}", hole.what, hole.values.join(", "));
        }
    }
    for o in &resolved.open {
        let _ = writeln!(out, "open: {}:{} {} -- {}", o.path, o.line, o.text, o.reason);
    }
    let _ = writeln!(out, "sites {}, resolved {}", resolved.sites, resolved.resolved);
    if !resolved.helpers.is_empty() {
        let _ = writeln!(out, "helpers {}", resolved.helpers.join(" "));
    }
    if !resolved.loaded_sql_files.is_empty() {
        let _ = writeln!(out, "loaded {}", resolved.loaded_sql_files.join(" "));
    }
    out
}

/// One line of SQL with holes as `{what}`.
fn shown(s: &Statement) -> String {
    let mut holes = s.text.holes.iter();
    let mut text = String::new();
    for c in s.text.text.chars() {
        match c {
            HOLE => drop(write!(text, "{{{}}}", holes.next().map_or("", |h| h.what.as_str()))),
            c => text.push(c),
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Pieces lie in their files, and what maps byte by byte is the same text there.
fn check_places(s: &Statement, files: &BTreeMap<String, Vec<u8>>) {
    for piece in &s.text.pieces {
        let path = &s.files[piece.file as usize];
        let source = &files[path][piece.source.start as usize..piece.source.end as usize];
        let text = &s.text.text[piece.at as usize..(piece.at + piece.len) as usize];
        let escape = source.first() == Some(&b'\\') || text == "%s";
        if text.len() == source.len() && !escape {
            assert_eq!(String::from_utf8_lossy(source), text, "in {path}");
        }
    }
    let whole = files[&s.files[0]].len() as u32;
    assert!(s.span.start <= s.span.end && s.span.end <= whole, "{s:?}");
}

#[test]
fn services_give_the_expected_statements() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/resolve");
    let packs = PackSet::builtin().unwrap_or_else(|e| panic!("{e:?}"));
    let folders = |at: &Path| -> Vec<PathBuf> {
        let mut found: Vec<PathBuf> = std::fs::read_dir(at).into_iter().flatten().filter_map(Result::ok).map(|e| e.path()).collect();
        found.retain(|p| p.is_dir());
        found.sort();
        found
    };
    let cases: Vec<PathBuf> = folders(&root).iter().flat_map(|language| folders(language)).collect();
    assert!(!cases.is_empty(), "no fixtures under {}", root.display());
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut wrong = Vec::new();
    for case in cases {
        let given = statements(&files_of(&case), &packs);
        let snap = case.join("expected.snap");
        let expected = std::fs::read_to_string(&snap).unwrap_or_default();
        if given != expected {
            if update {
                std::fs::write(&snap, &given).unwrap_or_else(|e| panic!("{}: {e}", snap.display()));
            } else {
                let name = case.strip_prefix(&root).unwrap_or(&case).display();
                wrong.push(format!("{name}\n--- expected\n{expected}--- given\n{given}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n\nUPDATE_EXPECT=1 rewrites the snapshots", wrong.join("\n"));
}
