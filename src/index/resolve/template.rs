//! Format templates: which part of a template is replaced by which argument.

use super::text::Text;
use crate::model::facts::FormatStyle;

/// An argument that a template asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// By position.
    Index(usize),
    /// By keyword.
    Name(String),
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    /// Bytes `start..end` of the template as they are.
    Literal(usize, usize),
    /// An argument; `quoted`: printed in double quotes (`%q`).
    Argument { wanted: Wanted, quoted: bool },
}

/// Reads a template. `Composed` reads like `Braces`; `Replace` is no template.
pub(super) fn segments(style: FormatStyle, template: &Text<'_>) -> Vec<Segment> {
    let plain = template.plain();
    match style {
        FormatStyle::Percent => percent(&plain, false),
        FormatStyle::Printf => percent(&plain, true),
        FormatStyle::Braces | FormatStyle::Composed => braces(&plain),
        FormatStyle::Replace => vec![Segment::Literal(0, plain.len())],
    }
}

/// Python's `%` ("printf-style String Formatting") and, with `printf`, Go's package fmt and Node's
/// `util.format`. Flags, width and precision are skipped; a `*` width takes an argument.
fn percent(text: &str, printf: bool) -> Vec<Segment> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let (mut from, mut at, mut next) = (0, 0, 0);
    while at < bytes.len() {
        if bytes[at] != b'%' {
            at += 1;
            continue;
        }
        let start = at;
        at += 1;
        let mut wanted = None;
        if !printf && bytes.get(at) == Some(&b'(') {
            let Some(close) = text[at..].find(')') else { break };
            wanted = Some(Wanted::Name(text[at + 1..at + close].to_string()));
            at += close + 1;
        }
        while let Some(&b) = bytes.get(at) {
            match b {
                b'+' | b'-' | b'#' | b'0' | b' ' | b'.' | b'1'..=b'9' => at += 1,
                b'*' => {
                    next += 1;
                    at += 1;
                }
                b'[' if printf => {
                    let Some(close) = text[at..].find(']') else { break };
                    if let Ok(n) = text[at + 1..at + close].parse::<usize>() {
                        next = n.saturating_sub(1);
                    }
                    at += close + 1;
                }
                _ => break,
            }
        }
        let Some(&verb) = bytes.get(at) else { break };
        if verb == b'%' && at == start + 1 {
            out.push(Segment::Literal(from, start + 1));
            at += 1;
            from = at;
            continue;
        }
        let known = if printf { b"svdqtxXcbeEfFgGoOTUijp".as_slice() } else { b"srdiuxXofFeEgGca".as_slice() };
        // `LIKE 'a% b'`: a percent sign that formats nothing stays
        if !known.contains(&verb) || bytes[start + 1..at].contains(&b' ') {
            continue;
        }
        at += 1;
        out.push(Segment::Literal(from, start));
        from = at;
        let wanted = wanted.unwrap_or_else(|| {
            next += 1;
            Wanted::Index(next - 1)
        });
        out.push(Segment::Argument { wanted, quoted: printf && verb == b'q' });
    }
    out.push(Segment::Literal(from, bytes.len()));
    out
}

/// Python's `str.format` ("Format String Syntax"): conversions and formats are skipped, of `{a.b[0]}` the
/// name `a.b[0]` is kept.
fn braces(text: &str) -> Vec<Segment> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let (mut from, mut at, mut next) = (0, 0, 0);
    while at < bytes.len() {
        match bytes[at] {
            b @ (b'{' | b'}') if bytes.get(at + 1) == Some(&b) => {
                out.push(Segment::Literal(from, at + 1));
                at += 2;
                from = at;
            }
            b'{' => {
                let Some(close) = text[at..].find('}') else { break };
                let field = &text[at + 1..at + close];
                let name = field.split(['!', ':']).next().unwrap_or("").trim();
                out.push(Segment::Literal(from, at));
                at += close + 1;
                from = at;
                let wanted = match name.parse::<usize>() {
                    Ok(n) => Wanted::Index(n),
                    Err(_) if name.is_empty() => {
                        next += 1;
                        Wanted::Index(next - 1)
                    }
                    Err(_) => Wanted::Name(name.to_string()),
                };
                out.push(Segment::Argument { wanted, quoted: false });
            }
            _ => at += 1,
        }
    }
    out.push(Segment::Literal(from, bytes.len()));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_ask_for_arguments() {
        let cases = [
            (FormatStyle::Percent, "a %s b %d%%", "'a ' 0 ' b ' 1 '%' ''"),
            (FormatStyle::Percent, "%(t)s.%(c)s", "'' t '.' c ''"),
            (FormatStyle::Percent, "x LIKE 'a%'", "'x LIKE 'a%''"),
            (FormatStyle::Printf, "%[2]s %[1]s %s", "'' 1 ' ' 0 ' ' 1 ''"),
            (FormatStyle::Printf, "%q=%v %-5d", "'' \"0\" '=' 1 ' ' 2 ''"),
            (FormatStyle::Braces, "{} {x!r} {1:>3} {{}}", "'' 0 ' ' x ' ' 1 ' {' '}' ''"),
            (FormatStyle::Braces, "{", "'{'"),
            (FormatStyle::Percent, "%", "'%'"),
        ];
        for (style, text, expected) in cases {
            let shown: Vec<String> = segments(style, &Text::synthetic(text))
                .into_iter()
                .map(|s| match s {
                    Segment::Literal(a, b) => format!("'{}'", &text[a..b]),
                    Segment::Argument { wanted: Wanted::Index(i), quoted: true } => format!("\"{i}\""),
                    Segment::Argument { wanted: Wanted::Index(i), .. } => i.to_string(),
                    Segment::Argument { wanted: Wanted::Name(n), .. } => n,
                })
                .collect();
            assert_eq!(shown.join(" "), expected, "{text}");
        }
    }
}
