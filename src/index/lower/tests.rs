//! Fixtures under `fixtures/lower/<language>/<case>/` (a source file and `expected.snap`), and properties that
//! hold for all bytes.

use super::{lower, render::render};
use crate::index::fixtures::{expect, packs, source_files};
use crate::model::code::Code;
use crate::model::facts::Language;
use std::path::Path;

fn lowered(source: &[u8], language: Language, path: &str) -> Code {
    let rules = packs().language(language).unwrap_or_else(|| panic!("no rules"));
    let table = rules.table(path).unwrap_or_else(|| panic!("no table"));
    let mut parser = tree_sitter::Parser::new();
    parser.set_language(&table.parser).unwrap_or_else(|e| panic!("{e}"));
    let tree = parser.parse(source, None).unwrap_or_else(|| panic!("not parsed"));
    lower(source, &tree, rules, table)
}

#[test]
fn fixtures_give_the_expected_code() {
    expect(source_files("lower").into_iter().map(|path| {
        let name = path.to_string_lossy().into_owned();
        let source = std::fs::read(&path).unwrap_or_default();
        let code = lowered(&source, packs().language_of(&name).unwrap_or(Language::Python), &name);
        check_spans(&code, &source);
        (path.parent().map(Path::to_path_buf).unwrap_or_default(), render(&code))
    }));
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
    let sources: Vec<_> = source_files("lower").into_iter().chain(source_files("grammars")).collect();
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
