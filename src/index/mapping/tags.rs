//! Struct tags of Go: `gorm:"column:name;size:2" json:"name"`.

use super::{Named, Origin};
use crate::grammar::mapper::TagStyle;
use crate::index::program::FileId;
use crate::model::code::Word;
use crate::model::span::Span;

/// The words of one key of a tag.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tag {
    /// Key in small letters (empty: the name part), value; an option without value has its own text.
    pub words: Vec<(String, Named)>,
}

impl Tag {
    /// The value of a word.
    pub fn get(&self, key: &str) -> Option<&Named> {
        self.words.iter().find(|(k, _)| k.eq_ignore_ascii_case(key)).map(|(_, v)| v).filter(|v| !v.text.is_empty())
    }

    /// Whether a word is there; one ending in `:` asks for a value that follows.
    pub fn has(&self, key: &str) -> bool {
        match key.split_once(':') {
            Some((key, value)) if !value.is_empty() => self.get(key).is_some_and(|v| &*v.text == value),
            Some((key, _)) => self.get(key).is_some(),
            None if key == "-" => self.words.iter().any(|(k, v)| (k.is_empty() || k == "-") && v.text.starts_with('-')),
            None => self.words.iter().any(|(k, _)| k.eq_ignore_ascii_case(key)),
        }
    }
}

/// The text of a key in a tag, with the byte that it starts at.
fn value_of<'t>(text: &'t str, key: &str) -> Option<(&'t str, usize)> {
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        let start = at + rest.len() - rest.trim_start().len();
        let rest = text.get(start..)?;
        let colon = rest.find(':')?;
        let name = rest.get(..colon)?;
        let quoted = rest.get(colon + 1..)?.strip_prefix('"')?;
        let mut end = None;
        let mut escaped = false;
        for (i, c) in quoted.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => {
                    end = Some(i);
                    break;
                }
                _ => {}
            }
        }
        let end = end?;
        let from = start + colon + 2;
        if name == key {
            return Some((quoted.get(..end)?, from));
        }
        at = from + end + 1;
    }
    None
}

/// Reads one key of a tag.
///
/// `known` are the words that are no column name where a name may stand first (`TagStyle::Words`).
pub(super) fn read(file: FileId, tag: &Word, key: &str, style: TagStyle, known: &[String]) -> Option<Tag> {
    let (text, from) = value_of(&tag.text, key)?;
    let exact = tag.text.len() == tag.span.len();
    let named = |piece: &str, at: usize| {
        let start = tag.span.start as usize + from + at;
        let span = if exact { Span::new(start, start + piece.len()) } else { tag.span };
        Named { text: piece.into(), origin: Some(Origin { file, span }) }
    };
    let mut words: Vec<(String, Named)> = Vec::new();
    let mut is_value = false;
    let pieces: Vec<(&str, usize)> = match style {
        TagStyle::First | TagStyle::Options => split(text, ',', false),
        TagStyle::Keys => split(text, ';', false),
        TagStyle::Words => split(text, ' ', true),
    };
    for (i, (piece, at)) in pieces.into_iter().enumerate() {
        let lead = piece.len() - piece.trim_start().len();
        let (piece, at) = (piece.trim(), at + lead);
        if piece.is_empty() {
            continue;
        }
        let name = match style {
            TagStyle::First | TagStyle::Options => i == 0 && !(style == TagStyle::Options && piece.contains(':')),
            // the word after `default` is its value
            TagStyle::Words if std::mem::take(&mut is_value) => continue,
            TagStyle::Words => piece.starts_with('\'') || (!piece.contains('(') && !is_known(piece, known)),
            TagStyle::Keys => false,
        };
        if name {
            let bare = piece.trim_matches('\'');
            let shift = usize::from(piece.starts_with('\''));
            // the last of several names holds
            words.retain(|(key, _)| style != TagStyle::Words || !key.is_empty());
            words.push((String::new(), named(bare, at + shift)));
            continue;
        }
        match piece.split_once(':') {
            Some((key, value)) if style != TagStyle::Words => {
                let lead = value.len() - value.trim_start().len();
                words.push((key.trim().to_lowercase(), named(value.trim(), at + key.len() + 1 + lead)));
            }
            _ => {
                is_value = style == TagStyle::Words && piece.eq_ignore_ascii_case("default");
                let key = piece.split('(').next().unwrap_or(piece);
                words.push((key.to_lowercase(), named(piece, at)));
            }
        }
    }
    Some(Tag { words })
}

/// Pieces between separators outside of parentheses (and quotes) with their starts.
fn split(text: &str, separator: char, quotes: bool) -> Vec<(&str, usize)> {
    let mut out = Vec::new();
    let (mut depth, mut start, mut quoted) = (0i32, 0, false);
    for (i, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            '\'' if quotes => quoted = !quoted,
            c if c == separator && depth <= 0 && !quoted => {
                out.extend(text.get(start..i).map(|t| (t, start)));
                start = i + c.len_utf8();
            }
            _ => {}
        }
    }
    out.extend(text.get(start..).map(|t| (t, start)));
    out
}

/// Whether a word of a tag, without its length, is one that the pack knows: then it is no column name.
fn is_known(word: &str, known: &[String]) -> bool {
    let word = word.split('(').next().unwrap_or(word);
    known.iter().any(|k| k.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str, key: &str, style: TagStyle) -> String {
        let word = Word { text: text.into(), span: Span::new(100, 100 + text.len()) };
        let known: Vec<String> = ["pk", "autoincr", "notnull", "varchar", "default"].iter().map(|w| w.to_string()).collect();
        let tag = read(0, &word, key, style, &known).unwrap_or_default();
        let one = |(k, v): &(String, Named)| format!("{k}={}@{}", v.text, v.origin.map_or(0, |o| o.span.start));
        tag.words.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn tags_of_each_style() {
        for (text, key, style, expected) in [
            (r#"json:"n" gorm:"column:vat_no;size:2""#, "gorm", TagStyle::Keys, "column=vat_no@122 size=2@134"),
            (r#"db:"name,omitempty""#, "db", TagStyle::First, "=name@104 omitempty=omitempty@109"),
            (r#"bun:"table:users,alias:u""#, "bun", TagStyle::Options, "table=users@111 alias=u@123"),
            (r#"bun:"rel:has-many,join:id=user_id""#, "bun", TagStyle::Options, "rel=has-many@109 join=id=user_id@123"),
            (
                r#"xorm:"'name' varchar(20) notnull pk""#,
                "xorm",
                TagStyle::Words,
                "=name@107 varchar=varchar(20)@113 notnull=notnull@125 pk=pk@133",
            ),
            (r#"xorm:"pk autoincr""#, "xorm", TagStyle::Words, "pk=pk@106 autoincr=autoincr@109"),
            (r#"xorm:"default(',') 'x'""#, "xorm", TagStyle::Words, "default=default(',')@106 =x@120"),
            (
                r#"xorm:"notnull default 0 VARCHAR(20) user_id""#,
                "xorm",
                TagStyle::Words,
                "notnull=notnull@106 default=default@114 varchar=VARCHAR(20)@124 =user_id@136",
            ),
            (r#"xorm:"default 'a b' notnull""#, "xorm", TagStyle::Words, "default=default@106 notnull=notnull@120"),
            (r#"xorm:"pk 'a' b""#, "xorm", TagStyle::Words, "pk=pk@106 =b@113"),
            ("broken", "gorm", TagStyle::Keys, ""),
        ] {
            assert_eq!(words(text, key, style), expected, "{text}");
        }
    }
}
