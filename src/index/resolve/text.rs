//! Text under assembly: runs of source, synthetic text and holes.

use crate::model::facts::TextRun;
use crate::model::span::Span;
use crate::model::statement::HOLE;
use std::borrow::Cow;

/// Index of a file: first those of the input, then SQL files loaded by name.
pub(super) type FileId = u32;

/// Most parts of one text; what is longer ends in a hole.
const MAX_PARTS: usize = 4000;

/// A piece of a [`Text`].
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part<'a> {
    /// Text that stands in a file. Same length as its source: it maps byte by byte.
    Run { text: Cow<'a, str>, file: FileId, source: Span },
    /// Text that stands nowhere.
    Synthetic(Cow<'a, str>),
    /// An unknown part.
    Hole { what: Cow<'a, str>, file: FileId, source: Span, values: Vec<String> },
    /// A value that the library sends as a parameter.
    Parameter { file: FileId, source: Span },
}

/// Text with the places it comes from.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Text<'a> {
    pub parts: Vec<Part<'a>>,
}

impl<'a> Text<'a> {
    pub fn literal(runs: &'a [TextRun], file: FileId) -> Self {
        let run = |r: &'a TextRun| Part::Run { text: Cow::Borrowed(&r.text), file, source: r.source };
        Text { parts: runs.iter().map(run).collect() }
    }

    pub fn synthetic(text: impl Into<Cow<'a, str>>) -> Self {
        Text { parts: vec![Part::Synthetic(text.into())] }
    }

    pub fn hole(what: impl Into<Cow<'a, str>>, file: FileId, source: Span) -> Self {
        Text { parts: vec![Part::Hole { what: what.into(), file, source, values: Vec::new() }] }
    }

    pub fn parameter(file: FileId, source: Span) -> Self {
        Text { parts: vec![Part::Parameter { file, source }] }
    }

    pub fn append(&mut self, other: Text<'a>) {
        if self.parts.len() + other.parts.len() > MAX_PARTS {
            return;
        }
        self.parts.extend(other.parts);
    }

    /// No part has any text.
    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(|p| matches!(p, Part::Run { text, .. } | Part::Synthetic(text) if text.is_empty()))
    }

    /// Nothing but holes, white space and punctuation: no word is known.
    pub fn is_unknown(&self) -> bool {
        let silent = |t: &str| !t.bytes().any(|b| b.is_ascii_alphabetic());
        self.parts.iter().all(|p| match p {
            Part::Run { text, .. } | Part::Synthetic(text) => silent(text),
            Part::Hole { .. } | Part::Parameter { .. } => true,
        })
    }

    /// Placeholders, numbers and separators only: `?`, `$1`, `(%s, %s)`, `:p{n}`.
    pub fn is_marks(&self) -> bool {
        let plain = self.plain();
        let plain = plain.replace("%s", "?");
        let mut named = false;
        let marks = plain.chars().all(|c| {
            let part = named && (c.is_alphanumeric() || c == '_' || c == HOLE);
            named = part || matches!(c, '$' | ':' | '@');
            part || !(c.is_alphabetic() || c == HOLE)
        });
        marks && plain.contains(['?', '$', ':', '@'])
    }

    /// The plain text, a hole as [`HOLE`] and a parameter as `?`.
    pub fn plain(&self) -> String {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Run { text, .. } | Part::Synthetic(text) => out.push_str(text),
                Part::Hole { .. } => out.push(HOLE),
                Part::Parameter { .. } => out.push('?'),
            }
        }
        out
    }

    /// The text without holes; `None` if there are any.
    pub fn known(&self) -> Option<String> {
        let whole = |p: &Part| matches!(p, Part::Run { .. } | Part::Synthetic(_));
        self.parts.iter().all(whole).then(|| self.plain())
    }

    /// The part of [`Text::plain`] between two byte offsets (on character boundaries).
    pub fn slice(&self, start: usize, end: usize) -> Text<'a> {
        let mut out = Text::default();
        let mut at = 0;
        for part in &self.parts {
            let len = match part {
                Part::Run { text, .. } | Part::Synthetic(text) => text.len(),
                Part::Hole { .. } => HOLE.len_utf8(),
                Part::Parameter { .. } => 1,
            };
            let (from, to) = (start.clamp(at, at + len) - at, end.clamp(at, at + len) - at);
            at += len;
            if from >= to {
                continue;
            }
            match part {
                Part::Run { text, file, source } => {
                    let Some(cut) = cut(text, from, to) else { continue };
                    let linear = text.len() == source.len();
                    let by = source.start;
                    let source = if linear { Span { start: by + from as u32, end: by + to as u32 } } else { *source };
                    out.parts.push(Part::Run { text: cut, file: *file, source });
                }
                Part::Synthetic(text) => out.parts.extend(cut(text, from, to).map(Part::Synthetic)),
                Part::Hole { .. } | Part::Parameter { .. } => out.parts.push(part.clone()),
            }
        }
        out
    }

    /// Without white space at both ends.
    pub fn trim(self) -> Text<'a> {
        let plain = self.plain();
        let start = plain.len() - plain.trim_start().len();
        self.slice(start, plain.trim_end().len().max(start))
    }
}

fn cut<'a>(text: &Cow<'a, str>, from: usize, to: usize) -> Option<Cow<'a, str>> {
    match text {
        Cow::Borrowed(t) => t.get(from..to).map(Cow::Borrowed),
        Cow::Owned(t) => t.get(from..to).map(|t| Cow::Owned(t.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_keep_their_places() {
        let run = |t: &'static str, s, e| Part::Run { text: t.into(), file: 0, source: Span::new(s, e) };
        let text = Text { parts: vec![run("abc", 10, 13), run("\n", 13, 15), Part::Synthetic("--".into()), run("def", 20, 23)] };
        let cut = text.slice(1, 7);
        assert_eq!(cut.plain(), "bc\n--d");
        assert_eq!(cut.parts.first(), Some(&run("bc", 11, 13)));
        assert_eq!(cut.parts.last(), Some(&run("d", 20, 21)));
        assert_eq!(text.slice(5, 5).plain(), "");
        assert!(Text::hole("x", 0, Span::default()).is_unknown());
    }
}
