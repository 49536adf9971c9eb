//! String literals: decoded text with the place of every run.

use crate::grammar::language::Escapes;
use crate::model::facts::TextRun;
use crate::model::span::Span;

/// Where the content of a literal lies, and how it is written.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(in crate::index) struct Literal {
    /// First byte of the content.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
    /// Backslashes mean nothing.
    pub raw: bool,
    /// Doubled braces stand for one (f-strings).
    pub braces: bool,
}

/// Reads prefix and quotes of the literal at `start..end` of `source`.
pub(in crate::index) fn literal(source: &[u8], start: usize, end: usize, escapes: Escapes) -> Literal {
    let bytes = source.get(start..end).unwrap_or(&[]);
    let prefix = bytes.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let has = |letter: u8| bytes.iter().take(prefix).any(|b| b.eq_ignore_ascii_case(&letter));
    let quote = bytes.get(prefix).copied().unwrap_or(0);
    let body = bytes.get(prefix..).unwrap_or(&[]);
    let triple = escapes == Escapes::Python && body.len() >= 3 && body.iter().take(3).all(|&b| b == quote);
    let open = if triple { 3 } else { usize::from(!body.is_empty()) };
    let closed = body.len() >= 2 * open && body.iter().rev().take(open).all(|&b| b == quote);
    let raw = match escapes {
        Escapes::Python => has(b'r'),
        Escapes::Go => quote == b'`',
        Escapes::Ecmascript => false,
    };
    let content = start + prefix + open;
    let last = if closed { end - open } else { end };
    Literal { start: content.min(last), end: last, raw, braces: escapes == Escapes::Python && (has(b'f') || has(b't')) }
}

/// Decodes the bytes `from..to` of `source` as content of a literal, adding runs to `runs`. Text without
/// escapes gives runs as long as their source; each escape, and each run of bytes that is no UTF-8, gives a
/// run of its own.
pub(in crate::index) fn decode(source: &[u8], from: usize, to: usize, how: Literal, escapes: Escapes, runs: &mut Vec<TextRun>) {
    let content = source.get(from..to).unwrap_or(&[]);
    let special = |b: u8| (b == b'\\' && !how.raw) || (how.braces && (b == b'{' || b == b'}'));
    let mut at = 0;
    while at < content.len() {
        let rest = content.get(at..).unwrap_or(&[]);
        let plain = rest.iter().position(|&b| special(b)).unwrap_or(rest.len());
        push_plain(rest.get(..plain).unwrap_or(&[]), from + at, runs);
        at += plain;
        let Some(escape) = content.get(at..).filter(|r| !r.is_empty()) else { return };
        let (text, len) = match escape {
            [b'{', b'{', ..] => ("{".to_string(), 2),
            [b'}', b'}', ..] => ("}".to_string(), 2),
            [b'\\', ..] => unescape(escape, escapes),
            _ => (char::from(escape.first().copied().unwrap_or(b' ')).to_string(), 1),
        };
        let len = len.clamp(1, escape.len());
        if !text.is_empty() {
            runs.push(TextRun { text, source: Span::new(from + at, from + at + len) });
        }
        at += len;
    }
}

/// Adds bytes without escapes; broken UTF-8 becomes replacement characters in runs of their own.
fn push_plain(bytes: &[u8], at: usize, runs: &mut Vec<TextRun>) {
    let mut at = at;
    for chunk in bytes.utf8_chunks() {
        let valid = chunk.valid();
        if !valid.is_empty() {
            runs.push(TextRun { text: valid.to_string(), source: Span::new(at, at + valid.len()) });
            at += valid.len();
        }
        let broken = chunk.invalid().len();
        if broken > 0 {
            runs.push(TextRun { text: char::REPLACEMENT_CHARACTER.to_string(), source: Span::new(at, at + broken) });
            at += broken;
        }
    }
}

/// The text of the escape at the start of `bytes` (which begin with a backslash), and its length.
fn unescape(bytes: &[u8], escapes: Escapes) -> (String, usize) {
    let Some(&letter) = bytes.get(1) else { return ("\\".into(), 1) };
    let simple = |c: char| (c.to_string(), 2);
    match letter {
        b'n' => simple('\n'),
        b't' => simple('\t'),
        b'r' => simple('\r'),
        b'a' if escapes != Escapes::Ecmascript => simple('\u{7}'),
        b'b' => simple('\u{8}'),
        b'f' => simple('\u{c}'),
        b'v' => simple('\u{b}'),
        b'\\' | b'\'' | b'"' | b'`' => simple(char::from(letter)),
        b'\n' => (String::new(), 2),
        b'\r' => (String::new(), if bytes.get(2) == Some(&b'\n') { 3 } else { 2 }),
        b'x' => number(bytes, 2, 2, 16),
        b'u' if escapes == Escapes::Ecmascript && bytes.get(2) == Some(&b'{') => {
            let digits = bytes.iter().skip(3).take_while(|b| b.is_ascii_hexdigit()).count();
            let (text, _) = number(bytes, 3, digits, 16);
            (text, 3 + digits + usize::from(bytes.get(3 + digits) == Some(&b'}')))
        }
        b'u' => surrogates(bytes).unwrap_or_else(|| number(bytes, 2, 4, 16)),
        b'U' if escapes != Escapes::Ecmascript => number(bytes, 2, 8, 16),
        b'N' if escapes == Escapes::Python && bytes.get(2) == Some(&b'{') => {
            let close = bytes.iter().position(|&b| b == b'}').map_or(2, |i| i + 1);
            (char::REPLACEMENT_CHARACTER.to_string(), close)
        }
        b'0'..=b'7' => {
            let digits = bytes.iter().skip(1).take(3).take_while(|b| (b'0'..=b'7').contains(b)).count();
            let (text, _) = number(bytes, 1, digits, 8);
            (text, 1 + digits)
        }
        _ if escapes == Escapes::Ecmascript => {
            let rest = bytes.get(1..).unwrap_or(&[]);
            let first = rest.utf8_chunks().next().and_then(|c| c.valid().chars().next());
            first.map_or((String::new(), 1), |c| (c.to_string(), 1 + c.len_utf8()))
        }
        // Python keeps the backslash of an escape that it does not know; the character after it is plain text.
        _ => ("\\".into(), 1),
    }
}

/// A character by number: `digits` digits from `at`, at most as many as there are.
fn number(bytes: &[u8], at: usize, digits: usize, radix: u32) -> (String, usize) {
    let found = bytes.iter().skip(at).take(digits).take_while(|b| char::from(**b).is_digit(radix)).count();
    let text = bytes.get(at..at + found).and_then(|d| std::str::from_utf8(d).ok()).unwrap_or("");
    let c = u32::from_str_radix(text, radix).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
    (c.to_string(), at + found)
}

/// Two `\uXXXX` that stand for one character.
fn surrogates(bytes: &[u8]) -> Option<(String, usize)> {
    let unit = |at: usize| {
        let digits = std::str::from_utf8(bytes.get(at..at + 4)?).ok()?;
        u16::from_str_radix(digits, 16).ok()
    };
    let (high, low) = (unit(2)?, unit(8)?);
    if bytes.get(6..8)? != b"\\u" || !(0xD800..0xDC00).contains(&high) {
        return None;
    }
    Some((String::from_utf16(&[high, low]).ok()?, 12))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(source: &str, escapes: Escapes) -> Vec<(String, u32, u32)> {
        let how = literal(source.as_bytes(), 0, source.len(), escapes);
        let mut runs = Vec::new();
        decode(source.as_bytes(), how.start, how.end, how, escapes, &mut runs);
        runs.into_iter().map(|r| (r.text, r.source.start, r.source.end)).collect()
    }

    #[test]
    fn decodes_with_places() {
        let run = |t: &str, a, b| (t.to_string(), a, b);
        for (source, escapes, expected) in [
            ("'ab'", Escapes::Python, vec![run("ab", 1, 3)]),
            ("\"\"\"a\\nb\"\"\"", Escapes::Python, vec![run("a", 3, 4), run("\n", 4, 6), run("b", 6, 7)]),
            ("r'a\\nb'", Escapes::Python, vec![run("a\\nb", 2, 6)]),
            ("f'{{x}}'", Escapes::Python, vec![run("{", 2, 4), run("x", 4, 5), run("}", 5, 7)]),
            ("'\\d'", Escapes::Python, vec![run("\\", 1, 2), run("d", 2, 3)]),
            ("'\\x41\\101\\U0001F600'", Escapes::Python, vec![run("A", 1, 5), run("A", 5, 9), run("😀", 9, 19)]),
            ("'a\\\nb'", Escapes::Ecmascript, vec![run("a", 1, 2), run("b", 4, 5)]),
            ("'\\u{41}\\q'", Escapes::Ecmascript, vec![run("A", 1, 7), run("q", 7, 9)]),
            ("'\\uD83D\\uDE00'", Escapes::Ecmascript, vec![run("😀", 1, 13)]),
            ("`a\\n`", Escapes::Go, vec![run("a\\n", 1, 4)]),
            ("\"a\\n\"", Escapes::Go, vec![run("a", 1, 2), run("\n", 2, 4)]),
            ("''", Escapes::Python, vec![]),
            ("'", Escapes::Python, vec![]),
            ("'\\", Escapes::Python, vec![run("\\", 1, 2)]),
        ] {
            assert_eq!(decoded(source, escapes), expected, "{source}");
        }
    }

    #[test]
    fn broken_utf8_keeps_byte_places() {
        let source = b"'a\xff\xfeb'";
        let how = literal(source, 0, source.len(), Escapes::Go);
        let mut runs = Vec::new();
        decode(source, how.start, how.end, how, Escapes::Go, &mut runs);
        let places: Vec<_> = runs.iter().map(|r| (r.text.as_str(), r.source.start, r.source.end)).collect();
        assert_eq!(places, [("a", 1, 2), ("\u{FFFD}", 2, 3), ("\u{FFFD}", 3, 4), ("b", 4, 5)]);
    }
}
