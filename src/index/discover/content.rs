//! Which files are passed over for what is in them. The caller reads each file once and asks here.

use super::rules::Rules;
use std::fmt;

/// How much of a file is searched for a NUL byte. Bytes; git looks at as many.
const BINARY_HEAD: usize = 8000;
/// How much of a file is searched for a marker of generated code. Bytes and lines.
const HEAD: usize = 4096;
const HEAD_LINES: usize = 40;
/// Smaller files are never called minified. Bytes.
const MINIFIED_FLOOR: usize = 8 * 1024;
/// A line longer than this was not written by hand. Bytes.
const LONG_LINE: usize = 2000;
/// Mean line length above which a file is minified. Bytes.
const LONG_MEAN: usize = 300;

/// Why a file is passed over for its contents.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SkipReason {
    /// It holds NUL bytes.
    Binary,
    /// Its head says that a tool wrote it (and not one whose output holds the queries).
    Generated,
    /// JavaScript in very long lines.
    Minified,
}

impl SkipReason {
    /// The word under which [`Repository::skipped`](crate::model::project::Repository::skipped) counts it.
    pub fn as_str(self) -> &'static str {
        match self {
            SkipReason::Binary => "binary",
            SkipReason::Generated => "generated",
            SkipReason::Minified => "minified",
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Decides by contents whether a source file is passed over. `path` gives the language: only JavaScript and
/// TypeScript are minified, and SQL is never "generated" (dumps and migrations are what they are).
pub fn classify_content(bytes: &[u8], path: &str) -> Option<SkipReason> {
    if memchr::memchr(0, head(bytes, BINARY_HEAD)).is_some() {
        return Some(SkipReason::Binary);
    }
    let extension = path.rsplit_once('.').map_or("", |(_, e)| e);
    let script = matches!(extension, "js" | "jsx" | "mjs" | "cjs" | "ts" | "tsx" | "mts" | "cts");
    if script && is_minified(bytes) {
        return Some(SkipReason::Minified);
    }
    if (script || matches!(extension, "py" | "go")) && says_generated(head(bytes, HEAD)) {
        return Some(SkipReason::Generated);
    }
    None
}

fn head(bytes: &[u8], length: usize) -> &[u8] {
    bytes.get(..length).unwrap_or(bytes)
}

/// Whether most of a file stands in lines that nobody writes by hand.
fn is_minified(bytes: &[u8]) -> bool {
    if bytes.len() < MINIFIED_FLOOR {
        return false;
    }
    // Code written by hand has many line ends everywhere: three samples settle nearly every file.
    let sample = 2048;
    let middle = bytes.len() / 2;
    let ordinary = |from: usize| bytes.get(from..from + sample).is_some_and(|s| memchr::memchr_iter(b'\n', s).count() >= 8);
    if ordinary(0) && ordinary(middle) && ordinary(bytes.len() - sample) {
        return false;
    }
    let (mut start, mut lines, mut in_long) = (0, 1usize, 0);
    for end in memchr::memchr_iter(b'\n', bytes).chain([bytes.len()]) {
        let length = end - start;
        if length > LONG_LINE {
            in_long += length;
        }
        start = end + 1;
        lines += 1;
    }
    in_long * 2 > bytes.len() || bytes.len() / lines > LONG_MEAN
}

/// Whether a comment in the first lines says that the file is generated.
fn says_generated(head: &[u8]) -> bool {
    // Nearly every file ends here.
    if !contains_generated(head) {
        return false;
    }
    let text = String::from_utf8_lossy(head).to_lowercase();
    let rules = &Rules::embedded().generated;
    let comments = || text.lines().take(HEAD_LINES).filter(|line| is_comment(line));
    // A sentence may run over two lines, so two at a time are looked at.
    let lines: Vec<&str> = comments().collect();
    let pairs = lines.iter().enumerate().map(|(n, line)| format!("{line} {}", lines.get(n + 1).unwrap_or(&"")));
    let marked = pairs.clone().any(|pair| rules.markers.iter().any(|words| words.iter().all(|w| pair.contains(w.as_str()))));
    marked && !lines.iter().any(|line| rules.keep.iter().any(|tool| line.contains(tool.as_str())))
}

/// Whether the word "generated" stands there in any case.
fn contains_generated(head: &[u8]) -> bool {
    let word = b"generated";
    memchr::memchr2_iter(b'g', b'G', head).any(|at| head.get(at..at + word.len()).is_some_and(|found| found.eq_ignore_ascii_case(word)))
}

/// A line of a comment or docstring in any of the languages. A docstring's inner lines look like prose:
/// they neither assign nor call.
fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    ["//", "#", "/*", "*", "\"\"\"", "'''", "<!--", "--"].iter().any(|start| line.starts_with(start))
        || !line.contains(['=', '(', '{', ';', '@', ':'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents() {
        let long = format!("var a={};\n", "x".repeat(9000));
        let wrapped = "const a = 1;\n".repeat(1000);
        let data = format!("{}\nconst blob = \"{}\";\n", "const a = 1;\n".repeat(1000), "y".repeat(5000));
        for (path, text, expected) in [
            ("a.go", "// Code generated by protoc-gen-go. DO NOT EDIT.\npackage a\n", Some(SkipReason::Generated)),
            ("a.go", "//go:build x\n\n// Code generated by MockGen; DO NOT EDIT.\npackage a\n", Some(SkipReason::Generated)),
            ("a.go", "// Code generated by sqlc. DO NOT EDIT.\n// versions:\n//   sqlc v1.20.0\npackage db\n", None),
            // its calls are read by their form, not through the code behind them
            ("a.go", "// Code generated by ent, DO NOT EDIT.\npackage ent\n", Some(SkipReason::Generated)),
            ("a.go", "package a\n\n// generated holds what was generated.\nvar generated = 1\n", None),
            ("a.go", "package a\n\nconst marker = \"Code generated by x DO NOT EDIT\"\n", None),
            ("a.ts", "/* eslint-disable */\n/**\n * This file was automatically generated.\n */\nexport {}\n", Some(SkipReason::Generated)),
            ("a.ts", "/**\n * @generated SignedSource<<x>>\n */\n", Some(SkipReason::Generated)),
            ("a.ts", "import { Generated } from 'typeorm';\nexport class A {\n  @Column()\n  @Generated('uuid')\n  id: string;\n}\n", None),
            ("a.py", "# -*- coding: utf-8 -*-\n# Generated by the protocol buffer compiler.  DO NOT EDIT!\n", Some(SkipReason::Generated)),
            ("a.py", "\"\"\"\nThis file is auto-generated, do not touch\n\"\"\"\n", Some(SkipReason::Generated)),
            ("a.sql", "-- Code generated by x. DO NOT EDIT.\nSELECT 1;\n", None),
            ("a.py", "a\0b", Some(SkipReason::Binary)),
            ("a.js", &long, Some(SkipReason::Minified)),
            ("a.py", &long, None),
            ("a.js", &wrapped, None),
            ("a.js", &data, None),
            ("a.js", "", None),
        ] {
            let start: String = text.chars().take(60).collect();
            assert_eq!(classify_content(text.as_bytes(), path), expected, "{path} {start:?}");
        }
    }
}
