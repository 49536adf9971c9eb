//! What is wrong with a grammar file, said so that its author finds the place and the right word.

use super::nearest::nearest;

/// A defect of a grammar file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}{}", help.as_ref().map(|h| format!("\nhelp: {h}")).unwrap_or_default())]
pub struct GrammarError {
    /// Path below `grammars/`, or of the user's file.
    pub file: String,
    /// 1-based line.
    pub line: usize,
    /// What is wrong, naming the word.
    pub message: String,
    /// What to write instead, where it is known.
    pub help: Option<String>,
}

impl GrammarError {
    /// An error at the first line of `text` that holds `word`.
    pub(super) fn at_word(file: &str, text: &str, word: &str, message: impl Into<String>) -> Self {
        let line = text.lines().position(|l| mentions(l, word)).map_or(1, |i| i + 1);
        GrammarError { file: file.to_string(), line, message: message.into(), help: None }
    }

    /// With the nearest of the words that would be right.
    pub(super) fn nearest_of<'a>(mut self, word: &str, valid: impl IntoIterator<Item = &'a str>) -> Self {
        self.help = nearest(word, valid).map(|w| format!("did you mean `{w}`?"));
        self
    }

    /// The error that reading a file as TOML gave.
    pub(super) fn from_toml(file: &str, text: &str, error: &toml::de::Error) -> Self {
        let at = error.span().map_or(0, |s| s.start.min(text.len()));
        let line = text.as_bytes().iter().take(at).filter(|&&b| b == b'\n').count() + 1;
        let message = error.message().to_string();
        let mut words = message.split('`').skip(1).step_by(2);
        let help = match (message.starts_with("unknown"), words.next()) {
            (true, Some(wrong)) => nearest(wrong, words).map(|w| format!("did you mean `{w}`?")),
            _ => None,
        };
        GrammarError { file: file.to_string(), line, message, help }
    }
}

/// Whether `word` stands in `line` as a whole word.
fn mentions(line: &str, word: &str) -> bool {
    let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-');
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|s| s.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|s| s.chars().next());
        !part(before) && !part(after)
    })
}
