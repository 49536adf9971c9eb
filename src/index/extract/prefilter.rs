//! The first tier of the byte filter: which files can hold SQL, a call that sends it, or a driver.
//!
//! One pass of an automaton over the raw bytes, then a look at the bytes around each hit. It must never drop a
//! file of which resolution could make a statement on its own; files that matter only together with others are
//! found by the second tier ([`super::learnt`]).

use crate::grammar::{LanguagePacks, PackSet};
use crate::model::facts::Language;
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

/// Bytes after `SELECT` within which `FROM` must come where the verb alone is no proof.
const FROM_WITHIN: usize = 3000;
/// Bytes after `DELETE` within which `FROM` must come (`DELETE a FROM a JOIN b`, a name put in between).
const FROM_NEAR: usize = 300;
/// Bytes after `UPDATE` within which `SET` must come, likewise.
const SET_WITHIN: usize = 600;

/// The filters of all languages.
#[derive(Clone, Debug)]
pub struct Prefilter {
    languages: Vec<Tier1>,
}

/// The filter of one language.
#[derive(Clone, Debug)]
pub struct Tier1 {
    language: Language,
    automaton: Option<AhoCorasick>,
    patterns: Vec<Hit>,
}

/// What a pattern stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Hit {
    Select,
    Insert,
    Update,
    Delete,
    /// `CREATE`, `ALTER`, `DROP`.
    Define,
    /// A verb that needs a blank after it.
    Other,
    With,
    Truncate,
    /// `.name(` of a sink: the name is proof, or its argument must look like text.
    Sink {
        certain: bool,
        weak: bool,
    },
    /// A template tag or wrapper: the name before a backquote or parenthesis.
    Tag,
    /// A function whose name is proof.
    Function,
    /// A driver's module.
    Import,
}

/// Words after `CREATE`, `ALTER` and `DROP`.
const OBJECTS: [&[u8]; 27] = [
    b"table",
    b"view",
    b"index",
    b"unique",
    b"temp",
    b"or",
    b"materialized",
    b"type",
    b"function",
    b"trigger",
    b"sequence",
    b"schema",
    b"extension",
    b"database",
    b"role",
    b"user",
    b"policy",
    b"column",
    b"virtual",
    b"foreign",
    b"procedure",
    b"constraint",
    b"event",
    b"domain",
    b"fulltext",
    b"global",
    b"unlogged",
];

/// First words of statements that name no table but are sent all the same; they count as argument of a sink.
const COMMANDS: [&[u8]; 16] = [
    b"pragma",
    b"vacuum",
    b"analyze",
    b"begin",
    b"commit",
    b"rollback",
    b"savepoint",
    b"set",
    b"show",
    b"explain",
    b"call",
    b"lock",
    b"refresh",
    b"reindex",
    b"attach",
    b"notify",
];

impl Prefilter {
    /// Compiles the filters for a set of packs.
    pub fn new(packs: &PackSet) -> Self {
        Prefilter { languages: packs.languages().iter().map(Tier1::new).collect() }
    }

    /// The filter of a language.
    pub fn tier1(&self, language: Language) -> Option<&Tier1> {
        self.languages.iter().find(|t| t.language == language)
    }
}

impl Tier1 {
    fn new(packs: &LanguagePacks) -> Self {
        let mut words: Vec<(String, Hit)> = Vec::new();
        let mut add = |word: &str, hit: Hit| {
            if !word.is_empty() && !words.iter().any(|(w, h)| w == word && *h == hit) {
                words.push((word.to_string(), hit));
            }
        };
        for (word, hit) in [
            ("select", Hit::Select),
            ("insert", Hit::Insert),
            ("update", Hit::Update),
            ("delete", Hit::Delete),
            ("create", Hit::Define),
            ("alter", Hit::Define),
            ("drop", Hit::Define),
            ("truncate", Hit::Truncate),
            ("merge into", Hit::Other),
            ("replace into", Hit::Other),
            ("comment on", Hit::Other),
            ("refresh materialized", Hit::Other),
            ("lock table", Hit::Other),
            ("with", Hit::With),
        ] {
            add(word, hit);
        }
        for pack in &packs.packs {
            if pack.detect.enough {
                pack.detect.imports.iter().for_each(|i| add(i, Hit::Import));
            }
            for sink in &pack.sink {
                for method in &sink.methods {
                    let last = method.rsplit('.').next().unwrap_or(method);
                    add(&format!(".{last}"), Hit::Sink { certain: sink.certain && !method.contains('.'), weak: sink.weak });
                }
                sink.functions.iter().for_each(|f| add(f.trim_start_matches('='), Hit::Function));
            }
            pack.tag.iter().flat_map(|t| &t.names).for_each(|n| add(n.trim_start_matches('=').rsplit('.').next().unwrap_or(n), Hit::Tag));
        }
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(words.iter().map(|(w, _)| w.as_bytes()))
            .ok();
        Tier1 { language: packs.language, automaton, patterns: words.into_iter().map(|(_, h)| h).collect() }
    }

    /// Whether a file must be parsed for its own sake.
    pub fn keep(&self, bytes: &[u8]) -> bool {
        // Without an automaton (it was too large to build) nothing may be dropped.
        let Some(automaton) = &self.automaton else { return true };
        let mut next = Next::default();
        automaton.find_overlapping_iter(bytes).any(|found| {
            let at = Around { bytes, start: found.start(), end: found.end() };
            match self.patterns.get(found.pattern().as_usize()) {
                Some(hit) => self.confirms(hit, &at, &mut next),
                None => false,
            }
        })
    }

    fn confirms(&self, hit: &Hit, at: &Around, next: &mut Next) -> bool {
        match hit {
            Hit::Select => {
                at.is_word()
                    && at.goes_on()
                    && (at.is_capital() || (at.begins_text() && next.from(at.bytes, at.end).is_some_and(|f| f - at.end < FROM_WITHIN)))
            }
            Hit::Insert => at.is_word() && (at.is_capital() || at.followed_by(&[b"into", b"ignore", b"or", b"overwrite"])),
            Hit::Update => {
                at.is_word()
                    && at.goes_on()
                    && (at.is_capital() || (at.begins_text() && next.set(at.bytes, at.end).is_some_and(|f| f - at.end < SET_WITHIN)))
            }
            Hit::Delete => {
                at.is_word()
                    && (at.followed_by(&[b"from"])
                        || (at.is_capital() && at.next_is_blank() && next.from(at.bytes, at.end).is_some_and(|f| f - at.end < FROM_NEAR)))
            }
            Hit::Define => at.is_word() && at.followed_by(&OBJECTS) && (at.is_capital() || at.begins_text()),
            Hit::Other => at.is_word() && at.next_is_blank() && (at.is_capital() || at.begins_text()),
            Hit::Truncate => at.is_word() && at.next_is_blank() && (at.is_capital() || (at.begins_text() && at.truncates())),
            Hit::With => at.is_word() && at.next_is_blank() && at.begins_text() && at.names_a_query(),
            Hit::Sink { certain, weak } => at.is_call() && (*certain || at.argument_is_text(*weak)),
            Hit::Tag => at.is_tag(),
            Hit::Function => !at.is_part_before() && at.is_call(),
            Hit::Import => is_import(self.language, at.bytes, at.start, at.end),
        }
    }
}

/// Next places of words, remembered so that the whole file is searched once.
#[derive(Default)]
struct Next {
    from: Option<Option<usize>>,
    set: Option<Option<usize>>,
}

impl Next {
    fn from(&mut self, bytes: &[u8], at: usize) -> Option<usize> {
        next_word(&mut self.from, bytes, at, b"from")
    }

    fn set(&mut self, bytes: &[u8], at: usize) -> Option<usize> {
        next_word(&mut self.set, bytes, at, b"set")
    }
}

/// Place of the next `word` at or after `at`, alone between other characters.
fn next_word(known: &mut Option<Option<usize>>, bytes: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    match *known {
        Some(None) => return None,
        Some(Some(place)) if place >= at => return Some(place),
        _ => {}
    }
    let (lower, upper) = (word.first().copied().unwrap_or(0), word.first().copied().unwrap_or(0).to_ascii_uppercase());
    let rest = bytes.get(at..).unwrap_or(&[]);
    let found = memchr::memchr2_iter(lower, upper, rest).map(|i| at + i).find(|&i| {
        let fits = bytes.get(i..i + word.len()).is_some_and(|w| w.eq_ignore_ascii_case(word));
        fits && !is_part(byte_before(bytes, i)) && !is_part(bytes.get(i + word.len()).copied())
    });
    *known = Some(found);
    found
}

/// A hit and what stands around it.
struct Around<'b> {
    bytes: &'b [u8],
    start: usize,
    end: usize,
}

impl Around<'_> {
    fn after(&self) -> &[u8] {
        self.bytes.get(self.end..).unwrap_or(&[])
    }

    fn is_part_before(&self) -> bool {
        is_part(byte_before(self.bytes, self.start))
    }

    /// Not part of a longer word; `updated_at` is no `update`.
    fn is_word(&self) -> bool {
        !self.is_part_before() && !is_part(self.after().first().copied())
    }

    /// Written in capitals, and not a key or a member (`"DELETE"`, `Op.SELECT`).
    fn is_capital(&self) -> bool {
        let word = self.bytes.get(self.start..self.end).unwrap_or(&[]);
        let dotted = byte_before(self.bytes, self.start) == Some(b'.');
        !word.iter().any(u8::is_ascii_lowercase)
            && !dotted
            && (self.next_is_blank() || matches!(self.after().first(), Some(b'(' | b'*' | b'\\')))
    }

    /// A blank follows, or what a list of columns can begin with.
    fn goes_on(&self) -> bool {
        self.next_is_blank() || matches!(self.after().first(), Some(b'(' | b'*' | b'\\' | b'/' | b'`' | b'"'))
    }

    /// `TABLE`, or one name and the end of the statement: no class of a style sheet.
    fn truncates(&self) -> bool {
        if self.followed_by(&[b"table", b"only"]) {
            return true;
        }
        let rest = skip_blank(self.after());
        let name = |b: &u8| is_part(Some(*b)) || matches!(b, b'.' | b'"' | b'`' | b'{' | b'}' | b'%' | b'[' | b']');
        let len = rest.iter().take_while(|b| name(b)).count();
        let (name, rest) = (rest.get(..len).unwrap_or(&[]), skip_blank(rest.get(len..).unwrap_or(&[])));
        let ends = |w: &&[u8]| rest.get(..w.len()).is_some_and(|r| r.eq_ignore_ascii_case(w));
        let quoted = name.iter().any(|b| matches!(b, b'"' | b'`' | b'{'));
        quoted
            || rest.first().is_none_or(|b| matches!(b, b'\'' | b';' | b','))
            || [&b"restart"[..], b"cascade", b"continue", b"restrict"].iter().any(ends)
    }

    fn next_is_blank(&self) -> bool {
        self.after().first().is_some_and(|b| b.is_ascii_whitespace()) || self.after().starts_with(b"\\n")
    }

    /// Begins a literal, a line of one, or follows a comment or an interpolation in one.
    fn begins_text(&self) -> bool {
        let before = self.bytes.get(..self.start).unwrap_or(&[]);
        let blank = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'(' | b';');
        let trimmed = before.iter().rposition(|b| !blank(b)).map_or(0, |i| i + 1);
        match before.get(..trimmed).and_then(|b| b.last()) {
            None => true,
            Some(b'"' | b'\'' | b'`' | b'}' | b')') => true,
            // the end of a comment; a line break or tab written as an escape
            Some(b'/') if before.get(..trimmed).is_some_and(|b| b.ends_with(b"*/")) => true,
            Some(b'n' | b't') if before.get(..trimmed).is_some_and(|b| b.ends_with(b"\\n") || b.ends_with(b"\\t")) => true,
            Some(_) => {
                // The line above is an SQL comment.
                let line = before.get(..trimmed).unwrap_or(&[]);
                let line = line.get(memchr::memrchr(b'\n', line).map_or(0, |i| i + 1)..).unwrap_or(&[]);
                line.windows(2).any(|w| w == b"--")
            }
        }
    }

    /// The next word is one of `words`.
    fn followed_by(&self, words: &[&[u8]]) -> bool {
        let rest = skip_blank(self.after());
        rest.len() < self.after().len()
            && words.iter().any(|w| rest.get(..w.len()).is_some_and(|r| r.eq_ignore_ascii_case(w)) && !is_letter(rest.get(w.len())))
    }

    /// `WITH name AS (`, `WITH RECURSIVE`.
    fn names_a_query(&self) -> bool {
        if self.followed_by(&[b"recursive"]) {
            return true;
        }
        let rest = self.after();
        let rest = rest.get(..rest.len().min(200)).unwrap_or(rest);
        let mut known = None;
        next_word(&mut known, rest, 0, b"as").is_some_and(|at| {
            let after = skip_blank(rest.get(at + 2..).unwrap_or(&[]));
            after.starts_with(b"(") || after.get(..3).is_some_and(|w| w.eq_ignore_ascii_case(b"mat") || w.eq_ignore_ascii_case(b"not"))
        })
    }

    /// Followed by a parenthesis, type arguments between them allowed.
    fn is_call(&self) -> bool {
        let rest = self.after();
        match rest.first() {
            Some(b'(') => true,
            Some(b'<') => rest.iter().take(200).any(|b| *b == b'('),
            Some(b'?') => rest.starts_with(b"?.("),
            _ => false,
        }
    }

    /// What the parentheses begin with can be the text of a statement.
    fn argument_is_text(&self, weak: bool) -> bool {
        let rest = self.after();
        let open = rest.iter().take(200).position(|b| *b == b'(').map_or(0, |i| i + 1);
        let inside = skip_blank(rest.get(open..).unwrap_or(&[]));
        let inside = inside.get(..inside.len().min(160)).unwrap_or(inside);
        if weak {
            let quoted = inside.first().is_some_and(|b| matches!(b, b'"' | b'\'' | b'`'));
            let text = skip_blank(inside.get(1..).unwrap_or(&[]));
            let command =
                |w: &&[u8]| text.get(..w.len()).is_some_and(|t| t.eq_ignore_ascii_case(w)) && !is_part(text.get(w.len()).copied());
            return quoted && COMMANDS.iter().any(command);
        }
        match inside.first() {
            Some(b'"' | b'\'' | b'`') => true,
            Some(b'{') => inside.windows(4).any(|w| w == b"text" || w.starts_with(b"sql")),
            Some(b) if b.is_ascii_alphabetic() || matches!(b, b'_' | b'$' | b'&') => {
                ![&b"async"[..], b"function", b"func"].iter().any(|w| inside.starts_with(w))
                    && !inside.windows(2).take(40).any(|w| w == b"=>")
            }
            _ => false,
        }
    }

    /// A name, then a template or type arguments before one.
    fn is_tag(&self) -> bool {
        let before = byte_before(self.bytes, self.start);
        if is_part(before) && before != Some(b'$') {
            return false;
        }
        let rest = self.after();
        match rest.first() {
            Some(b'`') => true,
            Some(b'<') => rest.iter().take(300).any(|b| *b == b'`'),
            Some(b'.') => {
                let rest = rest.get(1..).unwrap_or(&[]);
                let rest = rest.get(rest.iter().take_while(|b| is_part(Some(**b))).count()..).unwrap_or(&[]);
                match rest.first() {
                    Some(b'`') => true,
                    Some(b'<') => rest.iter().take(300).any(|b| *b == b'`'),
                    Some(b'(') => rest.windows(2).take(200).any(|w| w == b")`"),
                    _ => false,
                }
            }
            Some(b'(') => byte_before(self.bytes, self.start) == Some(b'{'),
            _ => false,
        }
    }

    /// `import x`, `from x import`.
    fn is_python_import(&self) -> bool {
        let line = self.bytes.get(..self.start).unwrap_or(&[]);
        let line = line.get(memchr::memrchr(b'\n', line).map_or(0, |i| i + 1)..).unwrap_or(&[]);
        let line = skip_blank(line);
        (line.starts_with(b"import ") || line.starts_with(b"from "))
            && !is_part(byte_before(self.bytes, self.start))
            && !is_part(self.after().first().copied())
    }

    /// `"x"`, `"x/y"`.
    fn is_quoted_module(&self) -> bool {
        let quoted = matches!(byte_before(self.bytes, self.start), Some(b'"' | b'\'' | b'`'));
        quoted && matches!(self.after().first(), Some(b'"' | b'\'' | b'`' | b'/'))
    }
}

fn byte_before(bytes: &[u8], at: usize) -> Option<u8> {
    at.checked_sub(1).and_then(|i| bytes.get(i)).copied()
}

/// Whether the name of a module at a place is imported there.
pub(super) fn is_import(language: Language, bytes: &[u8], start: usize, end: usize) -> bool {
    let at = Around { bytes, start, end };
    match language {
        Language::Python => at.is_python_import(),
        _ => at.is_quoted_module(),
    }
}

/// Part of a word.
pub(super) fn is_part(byte: Option<u8>) -> bool {
    byte.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'$' || b >= 0x80)
}

fn is_letter(byte: Option<&u8>) -> bool {
    byte.is_some_and(u8::is_ascii_lowercase)
}

fn skip_blank(bytes: &[u8]) -> &[u8] {
    let blanks = bytes.iter().take_while(|b| b.is_ascii_whitespace()).count();
    bytes.get(blanks..).unwrap_or(&[])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keeps(language: Language, source: &str) -> bool {
        let packs = PackSet::builtin().unwrap_or_else(|e| panic!("{e:?}"));
        let filter = Prefilter::new(&packs);
        filter.tier1(language).is_some_and(|t| t.keep(source.as_bytes()))
    }

    #[test]
    fn keeps_what_can_hold_sql_and_drops_the_rest() {
        use Language::{Go, Python, TypeScript};
        for (language, source, expected) in [
            (Python, "q = 'SELECT a FROM t'", true),
            (Python, "q = '''\n  select a\n  from t'''", true),
            (Python, "q = '''\n-- all\nselect a\nfrom t'''", true),
            (Python, "# select a file\nx = 1", false),
            (Python, "from os import path\nselected = 1", false),
            (Python, "# from a\nfrom b import select\n", false),
            (Python, "// update all\nd = set()", false),
            (Python, "q = 'a;\\n select a from t'", true),
            (Python, "q = '/* all */ select a from t'", true),
            (Python, "# DELETE is refused", false),
            (Python, "q = 'DELETE a FROM a'", true),
            (Python, "q = 'truncate users'", true),
            (Python, "q = 'truncate users cascade'", true),
            (TypeScript, "import Select from 'react-select'; x.from(y)", false),
            (TypeScript, "<p className=\"truncate text-sm/70\">", false),
            (TypeScript, "q(`truncate \"users\"`)", true),
            (TypeScript, "await db.$transaction(async (tx) => f(`a`))", false),
            (TypeScript, "sql.type(row)`x`", true),
            (Python, "import psycopg2\n", true),
            (Python, "from psycopg.rows import dict_row", true),
            (Python, "import psycopgx\n", false),
            (Python, "cur.execute(q)", true),
            (Python, "cur.executemany(q)", true),
            (Python, "w = 'update t set a = 1'", true),
            (Python, "d.update(x)\ns = set()", false),
            (Python, "c = 'with x as (select 1 from y) select 2 from x'", true),
            (Python, "with open(x) as f:\n  pass", false),
            (Python, "c = 'drop table t'", true),
            (Go, "db.Exec(\"VACUUM\")", true),
            (Go, "import \"database/sql\"", true),
            (Go, "x := select { }", false),
            (TypeScript, "import { select } from 'd3'\nfoo(select )", false),
            (TypeScript, "import { Pool } from 'pg'", true),
            (TypeScript, "const r = await sql<User[]>`x`", true),
            (TypeScript, "prisma.$queryRaw`x`", true),
            (TypeScript, "fetch(url, { method: 'DELETE' })", false),
            (TypeScript, "t.procedure.query(async () => 1)", false),
            (TypeScript, "db.exec('pragma foreign_keys = on')", true),
            (TypeScript, "map.get('key')", false),
        ] {
            assert_eq!(keeps(language, source), expected, "{source}");
        }
    }
}
