//! Patterns of data files, compiled when they are first needed.
//!
//! Compiling all patterns of all formats costs far more than a check. A pattern is compiled when a text holds
//! one of the words that every match of it holds, and for ASCII text without the Unicode tables, which gives the
//! same matches there.

use crate::model::problem::{Problem, Stage};
use regex_automata::{meta, util};
use regex_syntax::ast::{Ast, RepetitionKind, RepetitionRange, parse::Parser};
use std::sync::OnceLock;

/// Bytes of the largest compiled pattern.
const SIZE_LIMIT: usize = 4 << 20;

/// Bytes of a text in which the search costs less than what compiling spends on a fast search.
const SHORT: usize = 2 << 10;

/// Letters outside of ASCII that are equal to an ASCII letter where case does not count.
const FOLDED: [char; 2] = ['\u{17f}', '\u{212a}'];

/// A regular expression of a data file.
#[derive(Debug)]
pub struct Pattern {
    source: String,
    words: OnceLock<Vec<String>>,
    /// For short ASCII texts, for longer ones, and for any text.
    compiled: [OnceLock<Option<meta::Regex>>; 3],
}

impl Pattern {
    /// A pattern that is compiled when it is needed. One that does not compile matches nothing: see
    /// [`Pattern::check`].
    pub fn new(source: impl Into<String>) -> Pattern {
        Pattern { source: source.into(), words: OnceLock::new(), compiled: [const { OnceLock::new() }; 3] }
    }

    /// Whether it compiles. `path` names the data file in the error.
    ///
    /// # Errors
    /// A problem that says what is wrong with the expression.
    pub fn check(&self, path: &str) -> Result<(), Problem> {
        let wrong = |e: &dyn std::fmt::Display| {
            Problem::new(Stage::Config, format!("{path}: pattern {:?} is no regular expression: {e}", self.source)).at(path, None)
        };
        Parser::new().parse(&self.source).map_err(|e| wrong(&e))?;
        compile(&self.source, true, false).map(|_| ()).map_err(|e| wrong(&e))
    }

    /// Whether it matches somewhere in a text.
    pub fn is_match(&self, text: &str) -> bool {
        self.compiled(text).is_some_and(|regex| regex.is_match(text))
    }

    /// Its first match.
    pub fn captures<'t>(&self, text: &'t str) -> Option<Captures<'t>> {
        self.captures_iter(text).next()
    }

    /// Its matches in order.
    pub fn captures_iter<'p, 't: 'p>(&'p self, text: &'t str) -> impl Iterator<Item = Captures<'t>> + 'p {
        let found = self.compiled(text).map(|regex| regex.captures_iter(text));
        found.into_iter().flatten().map(|found| Captures { text, found })
    }

    /// The expression for a text; `None`: it can't match there.
    fn compiled(&self, text: &str) -> Option<&meta::Regex> {
        if !self.may_match(text) {
            return None;
        }
        let [short, long, unicode] = &self.compiled;
        let build = |unicode: bool, short: bool| move || compile(&self.source, unicode, short).ok();
        let ascii = match (text.is_ascii(), text.len() <= SHORT) {
            (true, true) => short.get_or_init(build(false, true)),
            (true, false) => long.get_or_init(build(false, false)),
            (false, _) => &None,
        };
        // An expression that needs Unicode compiles only with it.
        ascii.as_ref().or_else(|| unicode.get_or_init(build(true, false)).as_ref())
    }

    /// Whether a text holds what every match holds.
    fn may_match(&self, text: &str) -> bool {
        let words = self.words.get_or_init(|| Parser::new().parse(&self.source).ok().and_then(|ast| words_of(&ast)).unwrap_or_default());
        words.is_empty() || words.iter().any(|w| holds(text.as_bytes(), w.as_bytes())) || (!text.is_ascii() && text.contains(FOLDED))
    }
}

/// Compiles an expression: with the Unicode tables or without, for short texts only or for any.
fn compile(source: &str, unicode: bool, short: bool) -> Result<meta::Regex, Box<meta::BuildError>> {
    let config = meta::Config::new().nfa_size_limit(Some(SIZE_LIMIT)).utf8_empty(unicode);
    let config = if short { config.auto_prefilter(false).hybrid(false).dfa(false).onepass(false) } else { config };
    let syntax = util::syntax::Config::new().unicode(unicode).utf8(unicode);
    meta::Builder::new().configure(config).syntax(syntax).build(source).map_err(Box::new)
}

/// A match with its groups.
#[derive(Debug)]
pub struct Captures<'t> {
    text: &'t str,
    found: util::captures::Captures,
}

impl<'t> Captures<'t> {
    /// The whole match.
    pub fn whole(&self) -> &'t str {
        self.found.get_match().and_then(|m| self.text.get(m.range())).unwrap_or("")
    }

    /// A group by name; `None`: it took no part in the match.
    pub fn name(&self, name: &str) -> Option<&'t str> {
        self.found.get_group_by_name(name).and_then(|span| self.text.get(span.range()))
    }
}

/// Whether `text` holds an ASCII word in any case.
fn holds(text: &[u8], word: &[u8]) -> bool {
    let Some(first) = word.first() else { return true };
    let mut starts = memchr::memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), text);
    starts.any(|at| text.get(at..at + word.len()).is_some_and(|t| t.eq_ignore_ascii_case(word)))
}

/// Words of which each match holds at least one, in any case; `None`: nothing is known.
fn words_of(ast: &Ast) -> Option<Vec<String>> {
    match ast {
        Ast::Literal(literal) if literal.c.is_ascii() => Some(vec![literal.c.to_string()]),
        Ast::Group(group) => words_of(&group.ast),
        Ast::Repetition(repetition) => match repetition.op.kind {
            RepetitionKind::OneOrMore => words_of(&repetition.ast),
            RepetitionKind::Range(RepetitionRange::Exactly(n) | RepetitionRange::AtLeast(n) | RepetitionRange::Bounded(n, _)) if n > 0 => {
                words_of(&repetition.ast)
            }
            _ => None,
        },
        Ast::Alternation(alternation) => {
            let mut all = Vec::new();
            for branch in &alternation.asts {
                all.extend(words_of(branch)?);
            }
            Some(all)
        }
        Ast::Concat(concat) => {
            let mut candidates: Vec<Vec<String>> = Vec::new();
            let mut run = String::new();
            for part in &concat.asts {
                match part {
                    Ast::Literal(literal) if literal.c.is_ascii() => run.push(literal.c),
                    other => {
                        candidates.extend((!run.is_empty()).then(|| vec![std::mem::take(&mut run)]));
                        candidates.extend(words_of(other));
                    }
                }
            }
            candidates.extend((!run.is_empty()).then(|| vec![run]));
            // The rarest: long words.
            candidates.into_iter().max_by_key(|words| words.iter().map(String::len).min().unwrap_or(0))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_every_match_holds() {
        let cases: [(&str, Option<&[&str]>); 9] = [
            (r"(?i)\bauto_increment\b|\bengine\s*=\s*\w+", Some(&["auto_increment", "engine"])),
            (r"(?mi)^\s*--\s*\+goose\s+Up\b", Some(&["+goose"])),
            (r"(?i)\b(?:small|big)?serial\b", Some(&["serial"])),
            (r"a|\w+", None),
            (r"colou?r", Some(&["colo"])),
            (r"(?:ab){0,2}", None),
            (r"x(?:ab){2}", Some(&["ab"])),
            (r"\d{14}_[^/]+/migration\.sql", Some(&["/migration.sql"])),
            (r"é", None),
        ];
        for (source, expected) in cases {
            let found = Parser::new().parse(source).ok().and_then(|ast| words_of(&ast));
            let expected = expected.map(|e| e.iter().map(ToString::to_string).collect::<Vec<_>>());
            assert_eq!(found, expected, "{source}");
        }
    }

    #[test]
    fn matches_are_those_of_the_expression() {
        let sources = [r"(?i)\bserial\b|\bkey\s+(?<n>\w+)", r"(?m)^\s*(?<n>\S+)\s*$", r"'[^']*'", r"(?i)k{2,}"];
        let long = "a serial key of many\n".repeat(SHORT / 8);
        let texts = [long.as_str(), "KEY ab serial", "x\n  y \n", "'é' 'b' key ü", "\u{17f}erial \u{212a}ey b", "kK \u{212a}k", ""];
        for source in sources {
            let plain = regex::Regex::new(source).expect(source);
            let pattern = Pattern::new(source);
            for text in texts {
                let expected: Vec<_> = plain.captures_iter(text).map(|c| (c[0].to_string(), c.name("n").map(|m| m.as_str()))).collect();
                let found: Vec<_> = pattern.captures_iter(text).map(|c| (c.whole().to_string(), c.name("n"))).collect();
                assert_eq!(found, expected, "{source} on {text}");
                assert_eq!(pattern.is_match(text), plain.is_match(text), "{source} on {text}");
            }
        }
        assert!(Pattern::new("(").check("x.toml").is_err());
    }
}
