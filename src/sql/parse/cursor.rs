//! The parser's view of the tokens: look ahead, take, and record what was not understood.

use super::keywords;
use crate::model::dialect::{Dialect, Engine};
use crate::model::span::Span;
use crate::model::statement::HOLE;
use crate::sql::ast::{Ident, Name, SyntaxError};
use crate::sql::lexer::{Token, TokenKind, tokens};

/// Deepest nesting of expressions and queries that is followed; what is deeper is one syntax error.
pub const MAX_DEPTH: u32 = 120;

/// Most errors that are kept of one statement.
pub const MAX_ERRORS: usize = 32;

/// A position in the tokens of one text.
pub struct Cursor<'t> {
    /// The text.
    pub text: &'t str,
    /// Engine whose grammar is read.
    pub dialect: Dialect,
    tokens: Vec<Token>,
    at: usize,
    /// Current nesting; see [`MAX_DEPTH`].
    pub depth: u32,
    /// What was not understood in the current statement.
    pub errors: Vec<SyntaxError>,
}

impl<'t> Cursor<'t> {
    /// Reads the tokens of `text`.
    pub fn new(text: &'t str, dialect: Dialect) -> Self {
        Cursor { text, dialect, tokens: tokens(text, dialect), at: 0, depth: 0, errors: Vec::new() }
    }

    /// Number of the current token; for going back with [`Cursor::reset`].
    pub fn mark(&self) -> usize {
        self.at
    }

    /// Goes back to a mark. Errors recorded since stay; truncate `errors` if they should not.
    pub fn reset(&mut self, mark: usize) {
        self.at = mark;
    }

    /// The current token.
    pub fn token(&self) -> Token {
        self.tokens[self.at]
    }

    /// The token `by` places ahead.
    pub fn ahead(&self, by: usize) -> Token {
        self.tokens[(self.at + by).min(self.tokens.len() - 1)]
    }

    /// The token before the current one.
    pub fn previous(&self) -> Option<Token> {
        self.at.checked_sub(1).map(|i| self.tokens[i])
    }

    /// Source of a token.
    pub fn source(&self, token: Token) -> &'t str {
        token.span.slice(self.text)
    }

    /// Takes the current token.
    pub fn advance(&mut self) -> Token {
        let token = self.tokens[self.at];
        if token.kind != TokenKind::End {
            self.at += 1;
        }
        token
    }

    /// Takes the current token and gives its source.
    pub fn take(&mut self) -> &'t str {
        let token = self.advance();
        self.source(token)
    }

    /// No token left.
    pub fn at_end(&self) -> bool {
        self.token().kind == TokenKind::End
    }

    /// At a semicolon (or client delimiter) or the end.
    pub fn at_statement_end(&self) -> bool {
        let token = self.token();
        match token.kind {
            TokenKind::End | TokenKind::CopyData => true,
            TokenKind::Punct => !matches!(self.source(token), "(" | ")" | "[" | "]" | "{" | "}" | "," | "." | ":"),
            _ => false,
        }
    }

    /// The token `by` ahead is the unquoted word `word` (any case).
    pub fn is_word_ahead(&self, by: usize, word: &str) -> bool {
        let token = self.ahead(by);
        // Most tokens differ in length, which costs less to see than the text.
        token.kind == TokenKind::Word && token.span.len() == word.len() && self.source(token).eq_ignore_ascii_case(word)
    }

    /// The current token is the unquoted word `word`.
    pub fn is_word(&self, word: &str) -> bool {
        self.is_word_ahead(0, word)
    }

    /// The next tokens are these words.
    pub fn are_words(&self, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(i, w)| self.is_word_ahead(i, w))
    }

    /// The current token is one of these words.
    pub fn is_any_word(&self, words: &[&str]) -> bool {
        words.iter().any(|w| self.is_word(w))
    }

    /// The token `by` ahead is one of these words.
    pub fn is_any_ahead(&self, by: usize, words: &[&str]) -> bool {
        words.iter().any(|w| self.is_word_ahead(by, w))
    }

    /// Takes the word if it is there.
    pub fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.advance();
        }
        found
    }

    /// Takes the words if all are there in a row.
    pub fn eat_words(&mut self, words: &[&str]) -> bool {
        let found = self.are_words(words);
        if found {
            self.at += words.len();
        }
        found
    }

    /// Takes whichever of the words is there and returns it in lower case.
    pub fn eat_any_word(&mut self, words: &[&str]) -> Option<String> {
        let found = words.iter().find(|w| self.is_word(w))?;
        self.advance();
        Some(found.to_ascii_lowercase())
    }

    /// Takes the word or records an error.
    pub fn expect_word(&mut self, word: &str) -> bool {
        let found = self.eat_word(word);
        if !found {
            self.error_here(format!("expected {}", word.to_uppercase()));
        }
        found
    }

    /// The token `by` ahead is this punctuation or operator.
    pub fn is_symbol_ahead(&self, by: usize, symbol: &str) -> bool {
        let token = self.ahead(by);
        matches!(token.kind, TokenKind::Punct | TokenKind::Operator) && token.span.len() == symbol.len() && self.source(token) == symbol
    }

    /// The current token is this punctuation or operator.
    pub fn is_symbol(&self, symbol: &str) -> bool {
        self.is_symbol_ahead(0, symbol)
    }

    /// Takes the punctuation or operator if it is there.
    pub fn eat_symbol(&mut self, symbol: &str) -> bool {
        let found = self.is_symbol(symbol);
        if found {
            self.advance();
        }
        found
    }

    /// Takes the punctuation or operator or records an error.
    pub fn expect_symbol(&mut self, symbol: &str) -> bool {
        let found = self.eat_symbol(symbol);
        if !found {
            self.error_here(format!("expected {symbol:?}"));
        }
        found
    }

    /// Records that the current token was not expected. Only the first [`MAX_ERRORS`] are kept.
    pub fn error_here(&mut self, message: impl Into<String>) {
        let span = self.token().span;
        if self.errors.len() < MAX_ERRORS && self.errors.last().is_none_or(|e| e.span != span) {
            self.errors.push(SyntaxError { span, message: message.into() });
        }
    }

    /// Span from a start offset to the end of the last token taken.
    pub fn span_from(&self, start: u32) -> Span {
        let end = self.previous().map_or(start, |t| t.span.end).max(start);
        Span { start, end }
    }

    /// Start of the current token.
    pub fn start(&self) -> u32 {
        self.token().span.start
    }

    /// The current token can be a name: a word (also a keyword; the caller decides), a quoted name, or a
    /// word that is a hole.
    pub fn is_name(&self) -> bool {
        matches!(self.token().kind, TokenKind::Word | TokenKind::QuotedName)
    }

    /// The current token is a lone hole (or several in a row).
    pub fn is_hole(&self) -> bool {
        self.is_hole_ahead(0)
    }

    /// The token `by` ahead is a lone hole.
    pub fn is_hole_ahead(&self, by: usize) -> bool {
        let token = self.ahead(by);
        token.kind == TokenKind::Word && {
            let source = self.source(token);
            source == "??" || (source.as_bytes().first().is_some_and(|b| *b >= 0x80) && source.chars().all(|c| c == HOLE))
        }
    }

    /// The current token may stand for a column or table: a word that is not reserved, a quoted name, a hole.
    pub fn is_plain_name(&self) -> bool {
        self.is_plain_name_ahead(0)
    }

    /// The token `by` ahead may stand for a column or table.
    pub fn is_plain_name_ahead(&self, by: usize) -> bool {
        let token = self.ahead(by);
        match token.kind {
            TokenKind::QuotedName => true,
            TokenKind::Word => !keywords::is_reserved(self.source(token), self.dialect.engine),
            _ => false,
        }
    }

    /// The dialect is MySQL or MariaDB.
    pub fn mysql(&self) -> bool {
        self.dialect.engine.is_mysql_family()
    }

    /// The dialect is PostgreSQL.
    pub fn postgres(&self) -> bool {
        self.dialect.engine == Engine::Postgres
    }

    /// The dialect is SQLite.
    pub fn sqlite(&self) -> bool {
        self.dialect.engine == Engine::Sqlite
    }

    /// Runs `inside` `by` levels deeper; where that is deeper than [`MAX_DEPTH`], records an error, skips to
    /// the end of the enclosing parenthesis or statement, and gives `None`.
    pub fn deeper<T>(&mut self, by: u32, inside: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth + by > MAX_DEPTH {
            self.error_here("nested too deeply");
            self.skip_to_close();
            return None;
        }
        self.depth += by;
        let result = inside(self);
        self.depth -= by;
        Some(result)
    }

    /// Skips to the parenthesis that closes the one around the current token (it is not taken), or to the
    /// end of the statement.
    pub fn skip_to_close(&mut self) {
        let mut depth = 0u32;
        while !self.at_statement_end() {
            if self.is_symbol("(") {
                depth += 1;
            } else if self.is_symbol(")") {
                if depth == 0 {
                    return;
                }
                depth -= 1;
            }
            self.advance();
        }
    }

    /// Takes a name token as identifier.
    pub fn ident(&mut self) -> Option<Ident> {
        if !self.is_name() {
            return None;
        }
        let token = self.advance();
        Some(self.ident_of(token))
    }

    /// The identifier that a word or quoted-name token stands for.
    pub fn ident_of(&self, token: Token) -> Ident {
        let source = self.source(token);
        let quoted = token.kind != TokenKind::Word;
        let value = if source == "??" {
            // A placeholder for an identifier.
            HOLE.to_string()
        } else if !quoted {
            self.dialect.fold(source, false)
        } else {
            let source = source.strip_prefix("U&").or_else(|| source.strip_prefix("u&")).unwrap_or(source);
            let quote = source.chars().next().unwrap_or('"');
            let inner = source.get(1..source.len().saturating_sub(1)).unwrap_or("");
            if quote == '[' { inner.to_string() } else { inner.replace(&format!("{quote}{quote}"), &quote.to_string()) }
        };
        Ident { value, quoted, span: token.span }
    }

    /// Takes a dotted name. After a dot any word is a name. `None` if the current token is no name.
    pub fn name(&mut self) -> Option<Name> {
        let mut parts = vec![self.ident()?];
        while self.is_symbol(".") && matches!(self.ahead(1).kind, TokenKind::Word | TokenKind::QuotedName) {
            self.advance();
            if let Some(part) = self.ident() {
                parts.push(part);
            }
        }
        Some(Name { parts })
    }

    /// Skips to the end of the parenthesis that is open at the current token (which is the first one inside),
    /// taking the closing one; or to the end of the statement.
    pub fn skip_parenthesis(&mut self) {
        let mut depth = 1;
        while !self.at_end() {
            if self.is_symbol("(") {
                depth += 1;
            } else if self.is_symbol(")") {
                depth -= 1;
            } else if depth > 0 && self.at_statement_end() {
                return;
            }
            self.advance();
            if depth == 0 {
                return;
            }
        }
    }

    /// Skips to the end of the statement (the delimiter is not taken).
    pub fn skip_statement(&mut self) {
        while !self.at_statement_end() {
            self.advance();
        }
    }
}
