//! Fixtures under `fixtures/lower/<language>/<case>/` (a source file and `expected.snap`), and properties that
//! hold for all bytes.

use super::{lower, render::render};
use crate::grammar::PackSet;
use crate::model::code::Code;
use crate::model::facts::Language;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

fn packs() -> &'static PackSet {
    static PACKS: OnceLock<PackSet> = OnceLock::new();
    PACKS.get_or_init(|| PackSet::builtin().unwrap_or_else(|e| panic!("{}", e.iter().map(|e| format!("{e}\n")).collect::<String>())))
}

fn lowered(source: &[u8], language: Language, path: &str) -> Code {
    let rules = packs().language(language).unwrap_or_else(|| panic!("no rules"));
    let table = rules.table(path).unwrap_or_else(|| panic!("no table"));
    let mut parser = tree_sitter::Parser::new();
    parser.set_language(&table.parser).unwrap_or_else(|e| panic!("{e}"));
    let tree = parser.parse(source, None).unwrap_or_else(|| panic!("not parsed"));
    lower(source, &tree, rules, table)
}

fn cases(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            cases(&path, found);
        } else if packs().language_of(&path.to_string_lossy()).is_some() {
            found.push(path);
        }
    }
}

#[test]
fn fixtures_give_the_expected_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lower");
    let mut sources = Vec::new();
    cases(&root, &mut sources);
    assert!(!sources.is_empty(), "no fixtures under {}", root.display());
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut wrong = Vec::new();
    for path in sources {
        let name = path.strip_prefix(&root).unwrap_or(&path).to_string_lossy().into_owned();
        let source = std::fs::read(&path).unwrap_or_default();
        let code = lowered(&source, packs().language_of(&name).unwrap_or(Language::Python), &name);
        check_spans(&code, &source);
        let given = render(&code);
        let snap = path.with_file_name("expected.snap");
        let expected = std::fs::read_to_string(&snap).unwrap_or_default();
        if given != expected {
            if update {
                std::fs::write(&snap, &given).unwrap_or_else(|e| panic!("{}: {e}", snap.display()));
            } else {
                wrong.push(format!("{name}\n--- expected\n{expected}--- given\n{given}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n\nUPDATE_EXPECT=1 rewrites the snapshots", wrong.join("\n"));
}

/// Every span lies in the file, and a word whose place is as long as its text is its source. Spans and words
/// are found in the serialised form, so that none is missed.
fn check_spans(code: &Code, source: &[u8]) {
    let value = serde_json::to_value(code).unwrap_or_else(|e| panic!("{e}"));
    check(&value, source);
    let functions = code.functions.len() as u32;
    assert!(code.classes.iter().flat_map(|c| &c.methods).all(|m| *m < functions));
}

fn check(value: &serde_json::Value, source: &[u8]) {
    if let serde_json::Value::Object(fields) = value {
        let at = |span: &serde_json::Value| Some((span.get("start")?.as_u64()? as usize, span.get("end")?.as_u64()? as usize));
        if let Some((start, end)) = at(value) {
            assert!(start <= end && end <= source.len(), "{start}..{end} of {}", source.len());
        }
        if let (Some(text), Some((start, end))) = (fields.get("text").and_then(|t| t.as_str()), fields.get("span").and_then(at)) {
            let bytes = source.get(start..end).unwrap_or(&[]);
            let plain = !bytes.contains(&b'\\') && !text.contains(char::REPLACEMENT_CHARACTER) && !bytes.is_empty();
            if plain && text.len() == bytes.len() && text != "default" {
                assert_eq!(text.as_bytes(), bytes);
            }
        }
        fields.values().for_each(|v| check(v, source));
    }
    if let serde_json::Value::Array(items) = value {
        items.iter().for_each(|v| check(v, source));
    }
}

const ALL: [(Language, &str); 5] = [
    (Language::Python, "a.py"),
    (Language::TypeScript, "a.ts"),
    (Language::TypeScript, "a.tsx"),
    (Language::JavaScript, "a.js"),
    (Language::Go, "a.go"),
];

#[test]
fn hostile_input_gives_code_with_gaps() {
    let deep = |open: &str, close: &str| format!("x = {}1{}\n", open.repeat(10_000), close.repeat(10_000));
    let sources = [
        deep("[", "]"),
        deep("(", ")"),
        deep("{", "}"),
        format!("x = a{}\n", ".b(\"x\")".repeat(500)),
        format!("x = \"a\"{}\n", " + \"a\"".repeat(3_000)),
        format!("{}{}\n", "f(".repeat(2_000), ")".repeat(2_000)),
        "if x {".repeat(5_000),
        "class A { b = ".repeat(3_000),
        "${`".repeat(3_000),
        format!("package p\nconst (\nA = f({})\n{}\n)\n", "1,".repeat(1_000), "B\n".repeat(2_000)),
        format!("x: \"{}int{}\" = 1\n", "List[".repeat(2_000), "]".repeat(2_000)),
    ];
    for source in &sources {
        for (language, path) in ALL {
            // Trees as deep as the cap allows are too deep for a JSON value to be built of: not looked at further.
            let _ = lowered(source.as_bytes(), language, path);
        }
    }
    assert!(lowered(deep("[", "]").as_bytes(), Language::Python, "a.py").gaps > 0);
}

/// Every fixture of the repository, cut at many places: broken trees of real programs.
#[test]
fn truncated_sources_give_code() {
    let mut sources = Vec::new();
    cases(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lower"), &mut sources);
    cases(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/grammars"), &mut sources);
    for path in sources {
        let name = path.to_string_lossy().into_owned();
        let source = std::fs::read(&path).unwrap_or_default();
        let language = packs().language_of(&name).unwrap_or(Language::Python);
        for tenth in 1..=5 {
            let cut = source.get(..source.len() * tenth / 5).unwrap_or(&source);
            check_spans(&lowered(cut, language, &name), cut);
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(60))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        for (language, path) in ALL {
            check_spans(&lowered(&bytes, language, path), &bytes);
        }
    }
}
