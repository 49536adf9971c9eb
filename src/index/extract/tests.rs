//! Fixtures under `fixtures/grammars/<language>/<pack>/<case>/` (any source file and `expected.snap`), and
//! properties that hold for all bytes.

use super::{extract, render::render};
use crate::index::fixtures::{expect, packs, source_files};
use crate::model::facts::{FileFacts, Language, Value};
use crate::model::span::Span;
use std::path::Path;

#[test]
fn fixtures_give_the_expected_facts() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/grammars");
    expect(source_files("grammars").into_iter().map(|path| {
        let source = std::fs::read(&path).unwrap_or_default();
        let name = path.strip_prefix(&root).unwrap_or(&path).to_string_lossy().into_owned();
        let facts = extract(&source, packs().language_of(&name).unwrap_or(Language::Python), &name, packs());
        check_spans(&facts, &source);
        (path.parent().map(Path::to_path_buf).unwrap_or_default(), render(&facts, &source))
    }));
}

/// All spans lie in the file, and text that is as long as its source is its source.
fn check_spans(facts: &FileFacts, source: &[u8]) {
    let inside = |s: Span| assert!(s.start <= s.end && s.end as usize <= source.len(), "{s:?} in {}", source.len());
    facts.imports.iter().for_each(|i| inside(i.span));
    facts.scopes.iter().for_each(|s| {
        inside(s.span);
        assert!((s.parent as usize) < facts.scopes.len());
        s.params.iter().filter_map(|p| p.default.as_ref()).for_each(|v| check_value(v, source));
    });
    for a in &facts.assignments {
        inside(a.span);
        assert!((a.scope as usize) < facts.scopes.len() && (a.branch as usize) <= facts.branches.len());
        check_value(&a.value, source);
    }
    for c in &facts.calls {
        inside(c.span);
        inside(c.own_span);
        assert!((c.scope as usize) < facts.scopes.len() && (c.branch as usize) <= facts.branches.len());
        c.args.iter().for_each(|a| check_value(&a.value, source));
    }
    facts.returns.iter().for_each(|r| check_value(&r.value, source));
    facts.strings.iter().for_each(|s| check_value(&s.value, source));
    for (i, b) in facts.branches.iter().enumerate() {
        assert!(b.parent as usize <= i, "a branch stands after its parent");
    }
}

fn check_value(value: &Value, source: &[u8]) {
    let span = value.span();
    assert!(span.start <= span.end && span.end as usize <= source.len(), "{value:?}");
    match value {
        Value::Text(runs, _) => {
            for run in runs {
                let bytes = source.get(run.source.start as usize..run.source.end as usize);
                assert!(bytes.is_some(), "{run:?}");
                let escaped = run.text == char::REPLACEMENT_CHARACTER.to_string() || bytes.is_some_and(|b| b.first() == Some(&b'\\'));
                if run.text.len() == run.source.len() && !escaped && run.text != "%s" {
                    assert_eq!(bytes, Some(run.text.as_bytes()));
                }
            }
        }
        Value::Concat(parts, _) | Value::List(parts, _) | Value::Choice(parts, _) | Value::Tagged { parts, .. } => {
            parts.iter().for_each(|p| check_value(p, source));
        }
        Value::Format { template, args, .. } => {
            check_value(template, source);
            args.iter().for_each(|a| check_value(&a.value, source));
        }
        Value::Join { separator, items, .. } => {
            check_value(separator, source);
            check_value(items, source);
        }
        Value::Map(pairs, _) => pairs.iter().for_each(|(_, v)| check_value(v, source)),
        Value::Each { each, over, .. } => {
            check_value(each, source);
            check_value(over, source);
        }
        Value::Index { of, key, .. } => {
            check_value(of, source);
            check_value(key, source);
        }
        Value::Call(call) => call.args.iter().for_each(|a| check_value(&a.value, source)),
        Value::File { path, .. } => check_value(path, source),
        Value::Name(..) | Value::Scalar(..) | Value::Opaque(..) => {}
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
fn hostile_input_gives_facts_or_problems() {
    let deep = |open: &str, close: &str| format!("x = {}1{}\n", open.repeat(10_000), close.repeat(10_000));
    let chain = format!("x = a{}\n", ".b(\"select 1 from t\")".repeat(500));
    let sum = format!("x = \"select\"{}\n", " + \"a\"".repeat(3_000));
    let calls = format!("{}{}\n", "f(".repeat(2_000), ")".repeat(2_000));
    let sources = [
        deep("[", "]"),
        deep("(", ")"),
        deep("{", "}"),
        chain,
        sum,
        calls,
        "if x {".repeat(5_000),
        "\"".repeat(9_999),
        "${`".repeat(3_000),
    ];
    for source in &sources {
        for (language, path) in ALL {
            let facts = extract(source.as_bytes(), language, path, packs());
            check_spans(&facts, source.as_bytes());
        }
    }
    let huge = vec![b'a'; 20 << 20];
    let facts = extract(&huge, Language::Go, "a.go", packs());
    assert_eq!(facts.problems.len(), 1);
    assert!(facts.problems.iter().all(|p| p.message.starts_with("not analysed")), "{:?}", facts.problems);
}

#[test]
fn broken_utf8_keeps_byte_offsets() {
    let source = b"cur.execute('SELECT \xff\xc3 a FROM t')\n";
    let facts = extract(source, Language::Python, "a.py", packs());
    check_spans(&facts, source);
    let call = facts.calls.first().unwrap_or_else(|| panic!("no call"));
    let text = call.args.first().and_then(|a| a.value.literal()).unwrap_or_default();
    assert!(text.ends_with(" a FROM t"), "{text:?}");
}

/// Pieces of programs, so that random input reaches more than error nodes.
const PIECES: [&str; 40] = [
    "def f(a, b='x'):\n",
    "  q = ",
    "\"SELECT a FROM t\"",
    "'",
    "\"\"\"",
    "f\"{a}\"",
    " + ",
    " % (a, b)",
    ".format(",
    ")",
    "(",
    "{",
    "}",
    "[",
    "]",
    "\n",
    "if x:",
    "else:",
    "for a in b",
    "return ",
    "class A(B):",
    "import a.b as c\n",
    "from . import d\n",
    "const x = ",
    "`SELECT ${a} FROM t`",
    "=> ",
    "async ",
    "await ",
    "func (s *T) F(a string) {",
    "x := ",
    "fmt.Sprintf(",
    "db.Query(",
    ",",
    ";",
    "package p\n",
    "\\",
    "é",
    "\u{FEFF}",
    "export ",
    "//go:embed a.sql\nvar q string\n",
];

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(60))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        for (language, path) in ALL {
            check_spans(&extract(&bytes, language, path, packs()), &bytes);
        }
    }

    #[test]
    fn arbitrary_programs_never_panic(pieces in proptest::collection::vec(0..PIECES.len(), 0..60)) {
        let source: String = pieces.iter().filter_map(|&i| PIECES.get(i).copied()).collect();
        for (language, path) in ALL {
            check_spans(&extract(source.as_bytes(), language, path, packs()), source.as_bytes());
        }
    }
}
