//! Which module imports which: data flows one way, and the arrows stay as they are drawn.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A module and the modules that it may import, besides itself. `embedded` holds the files of `grammars/`.
const ARROWS: &[(&str, &[&str])] = &[
    ("embedded", &[]),
    ("model", &[]),
    ("sql", &["model"]),
    ("grammar", &["embedded", "model"]),
    ("index", &["grammar", "model", "sql"]),
    ("migrations", &["embedded", "grammar", "model", "sql"]),
    ("impact", &["model", "sql"]),
    ("proof", &["model", "sql"]),
    ("store", &["model"]),
    ("report", &["model"]),
    ("config", &["model"]),
    ("pipeline", &["config", "grammar", "impact", "index", "migrations", "model", "proof", "sql", "store"]),
    ("cli", &["config", "impact", "index", "migrations", "model", "pipeline", "proof", "report", "sql", "store"]),
    ("main", &["cli"]),
];

fn sources(at: &Path, out: &mut Vec<PathBuf>) {
    for path in std::fs::read_dir(at).into_iter().flatten().flatten().map(|e| e.path()) {
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

/// Top modules that a file names: `crate::x`, each of `crate::{x, y}`, and `impact::x` in the binary.
fn imported(text: &str, binary: bool) -> BTreeSet<String> {
    let word = |t: &str| t.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect::<String>();
    let mut found = BTreeSet::new();
    for line in text.lines().filter(|l| !l.trim_start().starts_with("//")) {
        let prefix = if binary { "impact::" } else { "crate::" };
        for (at, _) in line.match_indices(prefix) {
            let rest = &line[at + prefix.len()..];
            match rest.strip_prefix('{') {
                Some(group) => {
                    // The first words of a group at its own level.
                    let mut depth = 0;
                    let mut start = true;
                    for (i, c) in group.char_indices() {
                        match c {
                            '{' => depth += 1,
                            '}' => depth -= 1,
                            ',' if depth == 0 => start = true,
                            c if start && c.is_ascii_lowercase() => {
                                found.insert(word(&group[i..]));
                                start = false;
                            }
                            _ => {}
                        }
                        if depth < 0 {
                            break;
                        }
                    }
                }
                None => drop(found.insert(word(rest))),
            }
        }
    }
    found.remove("");
    found
}

#[test]
fn imports_follow_the_arrows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 100, "only {} files", files.len());
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for file in files {
        let path = file.strip_prefix(&root).unwrap_or(&file);
        let top = path.components().next().map(|c| c.as_os_str().to_string_lossy().trim_end_matches(".rs").to_string());
        let module = top.unwrap_or_default();
        if module == "lib" {
            continue;
        }
        let Some((_, allowed)) = ARROWS.iter().find(|(m, _)| *m == module) else {
            wrong.push(format!("{}: say in this test what {module} may import", path.display()));
            continue;
        };
        seen.insert(module.clone());
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        for other in imported(&text, module == "main").into_iter().filter(|o| *o != module && !allowed.contains(&o.as_str())) {
            wrong.push(format!("{}: {module} must not import {other}", path.display()));
        }
    }
    assert_eq!(seen.len(), ARROWS.len(), "modules that are gone: {:?}", ARROWS.iter().filter(|a| !seen.contains(a.0)).collect::<Vec<_>>());
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn imports_are_read_in_all_their_forms() {
    let cases = [
        ("use crate::model::span::Span;", "model"),
        ("    use crate::{model::{a, b}, sql, store::Store};", "model sql store"),
        ("fn f() -> crate::report::X { crate::sql::y() }", "report sql"),
        ("// use crate::cli::x", ""),
        ("pub(crate) fn f() {}", ""),
    ];
    for (line, expected) in cases {
        assert_eq!(imported(line, false).into_iter().collect::<Vec<_>>().join(" "), expected, "{line}");
    }
}
