//! What a step takes of a call: a small language of words.

use crate::grammar::nearest::nearest;
use serde::Deserialize;

/// One thing that a step can take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Take {
    /// `2`: that positional argument; `1..`: those from there on; `1..3`: those before the second number.
    Positions(usize, usize),
    /// `keywords`: the keyword arguments that no other step of the call takes.
    Keywords,
    /// `keyword:defaults`.
    Keyword(String),
    /// `key:where`, `key:a.b`: entry of the first argument that is an object; `key:1:where`: of argument 1.
    Key(Option<usize>, Vec<String>),
    /// `conditions:0`: that argument where it is an object whose keys name fields or relations of the root, in the
    /// place of an object of options.
    Conditions(usize),
    /// `receiver`: what the call is made on.
    Receiver,
    /// `callback:0`: what the function given there returns for a value of the kind that `with` names.
    Callback(usize),
    /// `attribute:queryset`: an attribute of what the call is made on, where the statement is about no table yet.
    Attribute(String),
    /// `text:User`: this text.
    Text(String),
    /// `all`: positional arguments and keywords.
    All,
}

/// Words of [`Step::take`](super::Step): the first that is given is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Takes(pub Vec<Take>);

impl Take {
    /// First parts of the words, for messages.
    pub const WORDS: [&'static str; 9] = ["keywords", "keyword", "key", "conditions", "receiver", "callback", "attribute", "text", "all"];
}

impl TryFrom<String> for Takes {
    type Error = String;

    fn try_from(text: String) -> Result<Takes, String> {
        let words: Vec<Take> = text.split_whitespace().map(word).collect::<Result<_, _>>()?;
        if words.is_empty() {
            return Err(
                "`take` says nothing: a position (`0`, `1..`) or one of `keywords`, `keyword:`, `key:`, `conditions:`, `receiver`, `callback:`, `all`"
                    .to_string(),
            );
        }
        Ok(Takes(words))
    }
}

fn word(word: &str) -> Result<Take, String> {
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        return positions(word).ok_or_else(|| format!("`{word}` is no position: `0`, `1..` or `1..3`"));
    }
    let (head, rest) = match word.split_once(':') {
        Some((head, rest)) => (head, Some(rest)),
        None => (word, None),
    };
    match (head, rest) {
        ("keywords", None) => Ok(Take::Keywords),
        ("receiver", None) => Ok(Take::Receiver),
        ("all", None) => Ok(Take::All),
        ("keyword", Some(name)) if !name.is_empty() => Ok(Take::Keyword(name.to_string())),
        ("attribute", Some(name)) if !name.is_empty() => Ok(Take::Attribute(name.to_string())),
        ("text", Some(text)) if !text.is_empty() => Ok(Take::Text(text.to_string())),
        ("conditions", Some(at)) => at.parse().map(Take::Conditions).map_err(|_| format!("`{word}`: a number must follow `conditions:`")),
        ("callback", Some(at)) => at.parse().map(Take::Callback).map_err(|_| format!("`{word}`: a number must follow `callback:`")),
        ("key", Some(path)) if !path.is_empty() => {
            let (at, path) = match path.split_once(':') {
                Some((at, path)) => (Some(at.parse().map_err(|_| format!("`{word}`: `key:1:name` has a number in the middle"))?), path),
                None => (None, path),
            };
            Ok(Take::Key(at, path.split('.').map(str::to_string).collect()))
        }
        ("keyword" | "key" | "attribute" | "text", _) => Err(format!("`{word}`: a name must follow `{head}:`")),
        _ => {
            let help = nearest(head, Take::WORDS).map(|w| format!("; did you mean `{w}`?")).unwrap_or_default();
            Err(format!("nothing of a call is called `{word}`{help}"))
        }
    }
}

fn positions(word: &str) -> Option<Take> {
    let Some((from, to)) = word.split_once("..") else {
        let at: usize = word.parse().ok()?;
        return Some(Take::Positions(at, at.checked_add(1)?));
    };
    let from = from.parse().ok()?;
    let to = if to.is_empty() { usize::MAX } else { to.parse().ok()? };
    Some(Take::Positions(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_a_step_takes_and_names_the_word_that_was_meant() {
        let takes = Takes::try_from("0 1.. 1..3 keyword:a key:b.c key:1:d receiver callback:0 all keywords".to_string());
        let right = vec![
            Take::Positions(0, 1),
            Take::Positions(1, usize::MAX),
            Take::Positions(1, 3),
            Take::Keyword("a".into()),
            Take::Key(None, vec!["b".into(), "c".into()]),
            Take::Key(Some(1), vec!["d".into()]),
            Take::Receiver,
            Take::Callback(0),
            Take::All,
            Take::Keywords,
        ];
        assert_eq!(takes, Ok(Takes(right)));
        for (wrong, part) in
            [("keywrd:a", "`keyword`"), ("key:", "a name must follow"), ("callback:x", "a number"), ("0x", "no position"), ("", "nothing")]
        {
            let error = Takes::try_from(wrong.to_string()).err().unwrap_or_default();
            assert!(error.contains(part), "{wrong}: {error}");
        }
    }
}
