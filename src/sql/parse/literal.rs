//! The values of string tokens.

use crate::model::dialect::Dialect;
use std::borrow::Cow;

/// Text of a string token: quotes and prefix removed, escapes decoded.
pub fn decode(source: &str, dialect: Dialect) -> String {
    let mysql = dialect.engine.is_mysql_family();
    if let Some(text) = dollar_quoted(source) {
        return text.to_string();
    }
    let Some(quote_at) = source.find(['\'', '"']) else { return source.to_string() };
    let (prefix, quoted) = source.split_at(quote_at);
    let quote = if quoted.starts_with('"') { '"' } else { '\'' };
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or("");
    let escapes = mysql || prefix.eq_ignore_ascii_case("e");
    let unicode = prefix.eq_ignore_ascii_case("u&");
    if escapes && inner.contains('\\') {
        return backslashes(inner, quote);
    }
    let doubled: Cow<str> = match (inner.contains(quote), quote) {
        (false, _) => inner.into(),
        (true, '"') => inner.replace("\"\"", "\"").into(),
        (true, _) => inner.replace("''", "'").into(),
    };
    if unicode && doubled.contains('\\') { unicode_escapes(&doubled) } else { doubled.into_owned() }
}

/// Byte offset of the decoded text in the source of a dollar-quoted string, and that text.
fn dollar_quoted(source: &str) -> Option<&str> {
    let tag_end = source.strip_prefix('$')?.find('$')? + 2;
    source.get(tag_end..source.len().checked_sub(tag_end)?)
}

fn backslashes(inner: &str, quote: char) -> String {
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars().peekable();
    while let Some(ch) = chars.next() {
        if ch == quote {
            // Doubled, or else the text would have ended here.
            chars.next_if_eq(&quote);
            out.push(quote);
        } else if ch == '\\' {
            match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('r') => out.push('\r'),
                Some('0') => out.push('\0'),
                Some('b') => out.push('\u{8}'),
                // The engine keeps the backslash so that LIKE sees it.
                Some(c @ ('%' | '_')) => out.extend(['\\', c]),
                Some(c) => out.push(c),
                None => {}
            }
        } else {
            out.push(ch);
        }
    }
    out
}

/// `\0041` and `\+01F600` of `U&'...'`.
fn unicode_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let (digits, len) = match rest.strip_prefix('+') {
            Some(r) => (r.get(..6), 7),
            None => (rest.get(..4), 4),
        };
        let decoded = digits.and_then(|d| u32::from_str_radix(d, 16).ok()).and_then(char::from_u32);
        match decoded {
            Some(ch) => {
                out.push(ch);
                rest = &rest[len..];
            }
            None => {
                out.push('\\');
                rest = rest.strip_prefix('\\').unwrap_or(rest);
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::dialect::Engine;

    #[test]
    fn strings_of_every_form() {
        for (source, engine, value) in [
            ("'it''s'", Engine::Postgres, "it's"),
            (r"'a\n'", Engine::Postgres, r"a\n"),
            (r"E'a\n\'x''y'", Engine::Postgres, "a\n'x'y"),
            (r"'a\n\%'", Engine::MySql, "a\n\\%"),
            (r#""say ""hi""""#, Engine::MySql, r#"say "hi""#),
            ("$f$ it's $f$", Engine::Postgres, " it's "),
            ("$$x$$", Engine::Postgres, "x"),
            (r"U&'d\0061t\+000061\\'", Engine::Postgres, r"data\"),
            ("N'x'", Engine::Sqlite, "x"),
            ("_utf8mb4'x'", Engine::MySql, "x"),
        ] {
            assert_eq!(decode(source, Dialect::of(engine)), value, "{source}");
        }
    }
}
