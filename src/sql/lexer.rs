//! Tokens of SQL text, by engine. Never fails: what has no token is an [`TokenKind::Error`].
//!
//! Sources: PostgreSQL manual "Lexical Structure"; MySQL manual "Literal Values", "Comments"; SQLite "SQL
//! Language Expressions". Holes ([`HOLE`]) are word characters, so that `log_{year}` is one name.

use crate::model::dialect::{Dialect, Engine};
use crate::model::span::Span;
use crate::model::statement::HOLE;

/// Kinds of tokens.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// An unquoted word: keyword, name or hole; also `??`, the placeholder for an identifier.
    Word,
    /// A quoted name: `"a"`, `` `a` ``, `[a]`.
    QuotedName,
    /// A number.
    Number,
    /// `'text'`, `E'text'`, `N'text'`, `U&'text'`, dollar quotes.
    String,
    /// `"text"` where the engine takes it for a string (MySQL without ANSI_QUOTES).
    DoubleQuotedString,
    /// `B'01'`, `X'ff'`.
    Bits,
    /// `?`, `?1`, `$1`, `:name`, `%s`, `%(name)s`, `$name`, `@name` (SQLite).
    Param,
    /// `@name`, `@@name` (MySQL).
    Variable,
    /// An operator of one or more characters.
    Operator,
    /// One of `( ) [ ] { } , ; .` or a lone `:`.
    Punct,
    /// Lines of a `COPY ... FROM STDIN` block, without the closing `\.`.
    CopyData,
    /// An unterminated string or comment, or a character without meaning.
    Error,
    /// After the last token; empty.
    End,
}

/// A token and its place.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Kind.
    pub kind: TokenKind,
    /// Place in the text.
    pub span: Span,
}

/// Longest text that is read, in bytes (64 MiB); what is beyond is one error token.
pub const MAX_LEN: usize = 64 << 20;

/// All tokens of `text`; the last one is [`TokenKind::End`]. Comments and white space are left out, but the
/// body of a MySQL executable comment (`/*!40101 ... */`) is read as tokens.
pub fn tokens(text: &str, dialect: Dialect) -> Vec<Token> {
    let limit = text.len().min(MAX_LEN);
    let mut lexer = Lexer {
        text,
        bytes: text.as_bytes(),
        at: 0,
        dialect,
        out: Vec::with_capacity(limit / 5 + 1),
        statement: 0,
        delimiter: None,
        executable: false,
    };
    while lexer.at < limit {
        lexer.step();
    }
    if text.len() > limit {
        lexer.out.push(Token { kind: TokenKind::Error, span: Span::new(limit, text.len()) });
    }
    lexer.out.push(Token { kind: TokenKind::End, span: Span::new(text.len(), text.len()) });
    lexer.out
}

struct Lexer<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    dialect: Dialect,
    out: Vec<Token>,
    /// Index in `out` of the first token of the current statement.
    statement: usize,
    /// `DELIMITER` of the MySQL client, where it is not `;`.
    delimiter: Option<String>,
    /// Inside an executable comment.
    executable: bool,
}

impl Lexer<'_> {
    fn peek(&self, by: usize) -> u8 {
        self.bytes.get(self.at + by).copied().unwrap_or(0)
    }

    fn push(&mut self, kind: TokenKind, start: usize) {
        self.out.push(Token { kind, span: Span::new(start, self.at) });
    }

    fn mysql(&self) -> bool {
        self.dialect.engine.is_mysql_family()
    }

    fn step(&mut self) {
        let start = self.at;
        let c = self.bytes[start];
        if let Some(delimiter) = &self.delimiter
            && self.text[start..].starts_with(delimiter.as_str())
        {
            // A client delimiter ends the statement as a semicolon would.
            self.at += delimiter.len();
            self.push(TokenKind::Punct, start);
            self.statement = self.out.len();
            return;
        }
        match c {
            b' ' | b'\t' | b'\r' | b'\n' | 0x0c => self.at += 1,
            b'-' if self.peek(1) == b'-' && (!self.mysql() || matches!(self.peek(2), 0 | b' ' | b'\t' | b'\n' | b'\r')) => self.skip_line(),
            b'#' if self.mysql() => self.skip_line(),
            b'/' if self.peek(1) == b'*' => self.comment(),
            b'*' if self.executable && self.peek(1) == b'/' => {
                self.executable = false;
                self.at += 2;
            }
            b'\\' if self.dialect.engine == Engine::Postgres && self.line_start() => self.skip_line(),
            b'\'' => self.string(start, self.mysql()),
            b'"' if self.mysql() => {
                self.quoted(b'"', true);
                self.push_closed(TokenKind::DoubleQuotedString, start);
            }
            b'"' | b'`' => {
                self.quoted(c, false);
                self.push_closed(TokenKind::QuotedName, start);
            }
            b'[' if self.dialect.engine == Engine::Sqlite && self.bracket_name() => self.push(TokenKind::QuotedName, start),
            b'0'..=b'9' => self.number(start),
            b'.' if self.peek(1).is_ascii_digit() && !self.follows_name() => self.number(start),
            b'$' => self.dollar(start),
            b'?' if self.peek(1) == b'?' && self.peek(2) != b'?' => {
                self.at += 2;
                self.push(TokenKind::Word, start);
            }
            b'?' => {
                self.at += 1;
                while self.peek(0).is_ascii_digit() {
                    self.at += 1;
                }
                self.push(TokenKind::Param, start);
            }
            b':' => self.colon(start),
            b'@' => self.at_sign(start),
            b'%' => self.percent(start),
            b'(' | b')' | b'[' | b']' | b'{' | b'}' | b',' | b';' | b'.' => {
                self.at += 1;
                self.push(TokenKind::Punct, start);
                if c == b';' {
                    self.after_semicolon();
                }
            }
            _ if is_operator(c) => self.operator(start),
            _ => match self.text[start..].chars().next() {
                Some(ch) if is_word_start(ch) => self.word(start),
                Some(ch) if ch.is_whitespace() || ch == '\u{feff}' => self.at += ch.len_utf8(),
                Some(ch) => {
                    self.at += ch.len_utf8();
                    self.push(TokenKind::Error, start);
                }
                None => self.at += 1,
            },
        }
    }

    fn line_start(&self) -> bool {
        self.at == 0 || self.bytes[self.at - 1] == b'\n'
    }

    /// `1.5` after a name is `name.5`? Only `t.1` style digits directly after a word are a qualified name.
    fn follows_name(&self) -> bool {
        self.out.last().is_some_and(|t| t.span.end as usize == self.at && matches!(t.kind, TokenKind::Word | TokenKind::QuotedName))
    }

    fn skip_line(&mut self) {
        self.at = memchr::memchr(b'\n', &self.bytes[self.at..]).map_or(self.bytes.len(), |i| self.at + i + 1);
    }

    fn comment(&mut self) {
        let start = self.at;
        if self.mysql() && (self.peek(2) == b'!' || (self.peek(2) == b'M' && self.peek(3) == b'!')) {
            self.at += if self.peek(2) == b'!' { 3 } else { 4 };
            while self.peek(0).is_ascii_digit() {
                self.at += 1;
            }
            self.executable = true;
            return;
        }
        let nested = self.dialect.engine == Engine::Postgres;
        let mut depth = 0usize;
        while self.at < self.bytes.len() {
            if self.peek(0) == b'/' && self.peek(1) == b'*' && (nested || depth == 0) {
                depth += 1;
                self.at += 2;
            } else if self.peek(0) == b'*' && self.peek(1) == b'/' {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    return;
                }
            } else {
                self.at += 1;
            }
        }
        // SQLite takes an open comment as ending with the text; the others refuse it.
        if self.dialect.engine != Engine::Sqlite {
            self.push(TokenKind::Error, start);
        }
    }

    /// Reads to the closing quote; doubled quotes and, with `backslash`, escapes stay inside.
    fn quoted(&mut self, quote: u8, backslash: bool) {
        self.at += 1;
        while self.at < self.bytes.len() {
            let c = self.bytes[self.at];
            if backslash && c == b'\\' {
                self.at = (self.at + 2).min(self.bytes.len());
            } else if c == quote {
                self.at += 1;
                if self.peek(0) != quote {
                    return;
                }
                self.at += 1;
            } else {
                self.at += 1;
            }
        }
    }

    fn push_closed(&mut self, kind: TokenKind, start: usize) {
        // An escape may have ended inside a character.
        while !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
        let quote = self.bytes[start..self.at].iter().copied().find(|c| matches!(c, b'\'' | b'"' | b'`'));
        let closed = self.at > start + 1 && quote == Some(self.bytes[self.at - 1]);
        self.push(if closed { kind } else { TokenKind::Error }, start);
    }

    fn string(&mut self, start: usize, backslash: bool) {
        self.quoted(b'\'', backslash);
        self.push_closed(TokenKind::String, start);
    }

    /// SQLite's `[name]`, unless it is a subscript.
    fn bracket_name(&mut self) -> bool {
        match memchr::memchr2(b']', b'\n', &self.bytes[self.at..]) {
            Some(i) if self.bytes[self.at + i] == b']' && i > 1 => {
                self.at += i + 1;
                true
            }
            _ => false,
        }
    }

    fn number(&mut self, start: usize) {
        if self.peek(0) == b'0' && matches!(self.peek(1), b'x' | b'X') && self.peek(2).is_ascii_hexdigit() {
            self.at += 2;
            while self.peek(0).is_ascii_hexdigit() || self.peek(0) == b'_' {
                self.at += 1;
            }
            return self.push(TokenKind::Number, start);
        }
        while self.peek(0).is_ascii_digit() || (self.peek(0) == b'_' && self.peek(1).is_ascii_digit()) {
            self.at += 1;
        }
        if self.peek(0) == b'.' && self.peek(1) != b'.' {
            self.at += 1;
            while self.peek(0).is_ascii_digit() {
                self.at += 1;
            }
        }
        if matches!(self.peek(0), b'e' | b'E')
            && (self.peek(1).is_ascii_digit() || (matches!(self.peek(1), b'+' | b'-') && self.peek(2).is_ascii_digit()))
        {
            self.at += 2;
            while self.peek(0).is_ascii_digit() {
                self.at += 1;
            }
        }
        // MySQL names may start with a digit (`2fa_codes`).
        let mut chars = self.text[self.at..].chars();
        if self.mysql() && chars.next().is_some_and(is_word_start) {
            return self.word(start);
        }
        self.push(TokenKind::Number, start);
    }

    fn dollar(&mut self, start: usize) {
        if self.peek(1).is_ascii_digit() {
            self.at += 1;
            while self.peek(0).is_ascii_digit() {
                self.at += 1;
            }
            return self.push(TokenKind::Param, start);
        }
        let mut end = start + 1;
        while end < self.bytes.len() && (self.bytes[end].is_ascii_alphanumeric() || self.bytes[end] == b'_' || self.bytes[end] >= 0x80) {
            end += 1;
        }
        if self.dialect.engine == Engine::Postgres && self.bytes.get(end) == Some(&b'$') {
            let tag = &self.text[start..=end];
            self.at = memchr::memmem::find(&self.bytes[end + 1..], tag.as_bytes()).map_or(self.bytes.len(), |i| end + 1 + i + tag.len());
            let closed = self.at >= start + 2 * tag.len() && self.text[start..self.at].ends_with(tag);
            return self.push(if closed { TokenKind::String } else { TokenKind::Error }, start);
        }
        self.at = end;
        if end > start + 1 && self.text.is_char_boundary(end) {
            return self.push(TokenKind::Param, start);
        }
        while !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
        self.push(TokenKind::Error, start);
    }

    fn colon(&mut self, start: usize) {
        self.at += 1;
        match self.peek(0) {
            b':' | b'=' => {
                self.at += 1;
                self.push(TokenKind::Operator, start);
            }
            c if c.is_ascii_alphanumeric() || c == b'_' => {
                while self.peek(0).is_ascii_alphanumeric() || self.peek(0) == b'_' {
                    self.at += 1;
                }
                self.push(TokenKind::Param, start);
            }
            _ => self.push(TokenKind::Punct, start),
        }
    }

    fn at_sign(&mut self, start: usize) {
        let mysql = self.mysql();
        let prefix = if mysql && self.peek(1) == b'@' { 2 } else { 1 };
        let next = self.peek(prefix);
        if self.dialect.engine == Engine::Postgres && !(next.is_ascii_alphabetic() || next == b'_') {
            return self.operator(start);
        }
        self.at += prefix;
        if mysql && matches!(next, b'`' | b'\'' | b'"') {
            self.quoted(next, false);
            return self.push_closed(TokenKind::Variable, start);
        }
        while self.peek(0).is_ascii_alphanumeric() || matches!(self.peek(0), b'_' | b'$') || (mysql && self.peek(0) == b'.') {
            self.at += 1;
        }
        self.push(if mysql { TokenKind::Variable } else { TokenKind::Param }, start);
    }

    fn percent(&mut self, start: usize) {
        match self.percent_parameter() {
            Some(len) => {
                self.at += len;
                self.push(TokenKind::Param, start);
            }
            None => self.operator(start),
        }
    }

    /// Length of the `%s` or `%(name)s` that stands here.
    fn percent_parameter(&self) -> Option<usize> {
        let after = |c: u8| !(c.is_ascii_alphanumeric() || c == b'_');
        match (self.peek(0), self.peek(1)) {
            (b'%', b's') if after(self.peek(2)) => Some(2),
            (b'%', b'(') => {
                let i = memchr::memchr(b')', &self.bytes[self.at..])?;
                let name = &self.bytes[self.at + 2..self.at + i];
                let word = !name.is_empty() && name.iter().all(|c| c.is_ascii_alphanumeric() || *c == b'_');
                (word && self.peek(i + 1) == b's' && after(self.peek(i + 2))).then_some(i + 2)
            }
            _ => None,
        }
    }

    fn operator(&mut self, start: usize) {
        while self.at < self.bytes.len() && is_operator(self.bytes[self.at]) {
            let rest = &self.bytes[self.at..];
            // A comment ends an operator, and so does a parameter (`id=%s`).
            if self.at > start && (rest.starts_with(b"--") || rest.starts_with(b"/*") || rest.starts_with(b"*/")) {
                break;
            }
            if self.at > start && self.percent_parameter().is_some() {
                break;
            }
            self.at += 1;
            // Only PostgreSQL has operators of any length; elsewhere `=-1` is two tokens.
            let so_far = &self.text[start..self.at];
            if self.dialect.engine != Engine::Postgres {
                let longer = self.text.get(start..self.at + 1).is_some_and(|t| OPERATORS.contains(&t));
                if !longer {
                    break;
                }
            } else if matches!(so_far, "*" | "%") && self.bytes.get(self.at).is_some_and(|c| matches!(c, b'-' | b'+')) {
                break;
            }
        }
        // `a=-1`, `a<@-1`: an operator ends in + or - only if it holds one of ~ ! @ # % ^ & | ` ?
        while self.dialect.engine == Engine::Postgres && self.at > start + 1 && matches!(self.bytes[self.at - 1], b'+' | b'-') {
            if self.bytes[start..self.at].iter().any(|c| matches!(c, b'~' | b'!' | b'@' | b'#' | b'%' | b'^' | b'&' | b'|' | b'`')) {
                break;
            }
            if &self.text[start..self.at] == "->" {
                break;
            }
            self.at -= 1;
        }
        self.push(TokenKind::Operator, start);
    }

    fn word(&mut self, start: usize) {
        self.at = start;
        for ch in self.text[start..].chars() {
            if !(is_word_start(ch) || ch.is_ascii_digit() || ch == '$') {
                break;
            }
            self.at += ch.len_utf8();
        }
        let word = &self.text[start..self.at];
        let next = self.peek(0);
        if next == b'\'' {
            let (kind, backslash) = match word {
                "E" | "e" if self.dialect.engine == Engine::Postgres => (Some(TokenKind::String), true),
                "N" | "n" => (Some(TokenKind::String), self.mysql()),
                "B" | "b" | "X" | "x" => (Some(TokenKind::Bits), false),
                w if self.mysql() && w.starts_with('_') => (Some(TokenKind::String), true),
                _ => (None, false),
            };
            if let Some(kind) = kind {
                self.quoted(b'\'', backslash);
                return self.push_closed(kind, start);
            }
        }
        if matches!(word, "U" | "u") && next == b'&' && matches!(self.peek(1), b'\'' | b'"') {
            let quote = self.peek(1);
            self.at += 1;
            self.quoted(quote, false);
            return self.push_closed(if quote == b'\'' { TokenKind::String } else { TokenKind::QuotedName }, start);
        }
        if self.out.len() == self.statement && self.mysql() && word.eq_ignore_ascii_case("delimiter") && matches!(next, b' ' | b'\t') {
            let line = self.at;
            self.skip_line();
            let delimiter = self.text[line..self.at].trim();
            self.delimiter = (!delimiter.is_empty() && delimiter != ";").then(|| delimiter.to_string());
            return;
        }
        if word.contains(HOLE) {
            return self.word_with_hole(start);
        }
        self.push(TokenKind::Word, start);
    }

    /// A hole that touches an upper-case keyword (`WHERE{conditions}`) is a token of its own.
    fn word_with_hole(&mut self, start: usize) {
        let end = self.at;
        let word = &self.text[start..end];
        let before = word.find(HOLE).unwrap_or(0);
        let after = word.rfind(HOLE).map_or(word.len(), |i| i + HOLE.len_utf8());
        let before = if TOUCHING.contains(&&word[..before]) { before } else { 0 };
        let after = if TOUCHING.contains(&&word[after..]) { after } else { word.len() };
        for (from, to) in [(0, before), (before, after), (after, word.len())] {
            if from < to {
                self.out.push(Token { kind: TokenKind::Word, span: Span::new(start + from, start + to) });
            }
        }
    }

    /// After `COPY ... FROM STDIN;` come data lines up to `\.`.
    fn after_semicolon(&mut self) {
        let tokens = &self.out[self.statement..];
        let word = |t: &Token, w: &str| t.kind == TokenKind::Word && t.span.slice(self.text).eq_ignore_ascii_case(w);
        let copies = self.dialect.engine == Engine::Postgres
            && tokens.first().is_some_and(|t| word(t, "copy"))
            && tokens.windows(2).any(|t| word(&t[0], "from") && word(&t[1], "stdin"));
        if copies {
            let start = memchr::memchr(b'\n', &self.bytes[self.at..]).map_or(self.bytes.len(), |i| self.at + i + 1);
            let rest = &self.bytes[start..];
            let (end, next) = if rest.starts_with(b"\\.") {
                (start, start + 2)
            } else {
                match memchr::memmem::find(rest, b"\n\\.") {
                    Some(i) => (start + i + 1, start + i + 3),
                    None => (self.bytes.len(), self.bytes.len()),
                }
            };
            self.at = end;
            self.push(TokenKind::CopyData, start);
            self.at = next;
        }
        self.statement = self.out.len();
    }
}

const OPERATORS: &[&str] = &["<=", ">=", "<>", "!=", "||", "&&", "<<", ">>", "->", "->>", "==", "<=>", ":=", "%%"];

/// Keywords that are told apart from a hole that touches them.
const TOUCHING: &[&str] =
    &["AND", "BY", "FROM", "GROUP", "HAVING", "IN", "JOIN", "LIMIT", "ON", "OR", "ORDER", "SELECT", "SET", "UNION", "VALUES", "WHERE"];

fn is_operator(c: u8) -> bool {
    matches!(c, b'+' | b'-' | b'*' | b'/' | b'<' | b'>' | b'=' | b'~' | b'!' | b'@' | b'#' | b'%' | b'^' | b'&' | b'|')
}

fn is_word_start(ch: char) -> bool {
    ch == '_' || ch == HOLE || ch.is_alphabetic() || (!ch.is_ascii() && !ch.is_whitespace() && !ch.is_control() && ch != '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, engine: Engine) -> String {
        let all = tokens(text, Dialect::of(engine));
        all.iter()
            .filter(|t| t.kind != TokenKind::End)
            .map(|t| format!("{:?} {}", t.kind, t.span.slice(text)))
            .collect::<Vec<_>>()
            .join(" | ")
    }

    #[test]
    fn words_numbers_and_operators() {
        assert_eq!(shown("a.b>=1.5e3", Engine::Sqlite), "Word a | Punct . | Word b | Operator >= | Number 1.5e3");
        assert_eq!(shown("a=-1", Engine::Postgres), "Word a | Operator = | Operator - | Number 1");
        assert_eq!(shown("j->>'x' #>> '{a}'", Engine::Postgres), "Word j | Operator ->> | String 'x' | Operator #>> | String '{a}'");
    }

    #[test]
    fn quotes_by_engine() {
        assert_eq!(shown(r#""a" 'it''s' E'\'x'"#, Engine::Postgres), r#"QuotedName "a" | String 'it''s' | String E'\'x'"#);
        assert_eq!(shown(r#"`a` "s" 'it\'s'"#, Engine::MySql), r#"QuotedName `a` | DoubleQuotedString "s" | String 'it\'s'"#);
        assert_eq!(shown("[order] x", Engine::Sqlite), "QuotedName [order] | Word x");
        assert_eq!(shown("$f$ it's $f$ $1", Engine::Postgres), "String $f$ it's $f$ | Param $1");
        assert_eq!(shown("'open", Engine::Postgres), "Error 'open");
    }

    #[test]
    fn placeholders() {
        assert_eq!(
            shown("? $2 :name %s %(id)s a % b x::int", Engine::Postgres),
            "Param ? | Param $2 | Param :name | Param %s | Param %(id)s | Word a | Operator % | Word b | Word x | Operator :: | Word int"
        );
        assert_eq!(shown("a=%s b<>%(id)s", Engine::Postgres), "Word a | Operator = | Param %s | Word b | Operator <> | Param %(id)s");
    }

    #[test]
    fn comments() {
        assert_eq!(shown("a /* x /* y */ z */ b -- c\nd", Engine::Postgres), "Word a | Word b | Word d");
        assert_eq!(shown("a /*!40101 SET b */ # c\n--d", Engine::MySql), "Word a | Word SET | Word b | Operator - | Operator - | Word d");
    }

    #[test]
    fn copy_data_and_delimiters() {
        assert_eq!(
            shown("COPY t (a) FROM stdin;\n1\n2\n\\.\nSELECT 1", Engine::Postgres),
            "Word COPY | Word t | Punct ( | Word a | Punct ) | Word FROM | Word stdin | Punct ; | CopyData 1\n2\n | Word SELECT | Number 1"
        );
        assert_eq!(
            shown("DELIMITER ;;\na; b;;\nDELIMITER ;\nc;", Engine::MySql),
            "Word a | Punct ; | Word b | Punct ;; | Word c | Punct ;"
        );
    }

    #[test]
    fn holes_are_word_characters() {
        assert_eq!(shown("log_\u{e000} x", Engine::Postgres), "Word log_\u{e000} | Word x");
        assert_eq!(
            shown("WHERE\u{e000} AND\u{e000}OR s\u{e000}", Engine::Postgres),
            "Word WHERE | Word \u{e000} | Word AND | Word \u{e000} | Word OR | Word s\u{e000}"
        );
    }

    #[test]
    fn identifier_placeholders() {
        assert_eq!(shown("?? = ?", Engine::MySql), "Word ?? | Operator = | Param ?");
    }
}
