//! The part of a migration file that is run forwards.

use super::formats::{Format, Sections};
use crate::model::span::Span;

/// Spans of the text that runs when the migration is applied, in order. Directives are outside of them.
pub fn up_spans(text: &str, format: &Format) -> Vec<Span> {
    let whole = Span { start: 0, end: text.len() as u32 };
    let Some(sections) = &format.sections else { return vec![whole] };
    let mut spans: Vec<Span> = Vec::new();
    let mut on = sections.before_is_up || !has_markers(text, sections);
    let mut at = 0u32;
    for line in text.split_inclusive('\n') {
        let span = Span { start: at, end: at + line.len() as u32 };
        at = span.end;
        let bare = line.trim_end();
        if sections.directive.is_match(bare) {
            if sections.down.is_match(bare) {
                on = false;
            } else if sections.up.as_ref().is_some_and(|up| up.is_match(bare)) {
                on = true;
            }
            continue;
        }
        if on {
            match spans.last_mut() {
                Some(last) if last.end == span.start => last.end = span.end,
                _ => spans.push(span),
            }
        }
    }
    spans
}

/// The text with everything blanked that does not run when the migration is applied: of the same length,
/// with the same lines, so that spans and lines are those of the file.
pub fn up_part(text: &str, format: &Format) -> String {
    if format.sections.is_none() {
        return text.to_string();
    }
    let spans = up_spans(text, format);
    let mut out = String::with_capacity(text.len());
    let mut at = 0usize;
    for span in spans {
        blank(text.get(at..span.start as usize).unwrap_or(""), &mut out);
        out.push_str(span.slice(text));
        at = span.end as usize;
    }
    blank(text.get(at..).unwrap_or(""), &mut out);
    out
}

fn has_markers(text: &str, sections: &Sections) -> bool {
    text.lines().any(|line| sections.down.is_match(line) || sections.up.as_ref().is_some_and(|up| up.is_match(line)))
}

fn blank(text: &str, out: &mut String) {
    out.extend(text.bytes().map(|b| if b == b'\n' || b == b'\r' { b as char } else { ' ' }));
}

#[cfg(test)]
mod tests {
    use super::super::formats::Formats;
    use super::*;

    fn squeezed(format: &str, text: &str) -> String {
        let format = Formats::embedded().get(format);
        let up = format.map(|f| up_part(text, f)).unwrap_or_default();
        assert_eq!(up.len(), text.len());
        assert_eq!(up.matches('\n').count(), text.matches('\n').count());
        up.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn only_the_up_part_is_left() {
        let cases = [
            ("goose", "-- +goose Up\nA;\n-- +goose Down\nB;\n", "A;"),
            (
                "goose",
                "-- +goose NO TRANSACTION\n-- +goose up\n-- +goose StatementBegin\nA; é\n-- +goose StatementEnd\n-- +goose Down\nB;",
                "A; é",
            ),
            ("goose", "-- +goose Down\nB;\n-- +goose Up\nA;", "A;"),
            ("goose", "A;", "A;"),
            ("dbmate", "-- migrate:up transaction:false\nA;\r\n\n-- migrate:down\nB;", "A;"),
            ("sql-migrate", "-- +migrate Up notransaction\nA;\n-- +migrate Down\nB;", "A;"),
            ("tern", "A;\n---- create above / drop below ----\nB;", "A;"),
            ("node-pg-migrate", "-- Up Migration\nA;\n-- Down Migration\nB;", "A;"),
            ("plain", "A;\n-- Down\nB;", "A; -- Down B;"),
        ];
        for (format, text, expected) in cases {
            assert_eq!(squeezed(format, text), expected, "{format}: {text}");
        }
    }

    #[test]
    fn lines_stay() {
        let format = Formats::embedded().get("goose");
        let up = format.map(|f| up_part("-- é\n-- +goose Up\nA\n", f)).unwrap_or_default();
        assert_eq!(up.lines().nth(2), Some("A"));
    }
}
