//! Extents of texts that a schema keeps as they are: expressions, options, strings, bodies.

use super::super::cursor::Cursor;
use super::super::types::parse_type;
use crate::model::span::Span;
use crate::sql::lexer::{Token, TokenKind};

/// Takes a token, or a whole parenthesis or bracket.
pub(super) fn take_group(c: &mut Cursor) {
    let closing = match c.source(c.token()) {
        "(" => ")",
        "[" => "]",
        _ => {
            c.advance();
            return;
        }
    };
    if closing == ")" {
        c.advance();
        c.skip_parenthesis();
        return;
    }
    c.advance();
    while !c.at_statement_end() && !c.is_symbol("]") {
        if c.is_symbol("(") {
            c.advance();
            c.skip_parenthesis();
        } else {
            c.advance();
        }
    }
    c.eat_symbol("]");
}

/// The trimmed text inside a parenthesis that opens at the current token; `None` if none does.
pub(super) fn parenthesis(c: &mut Cursor) -> Option<String> {
    parenthesis_span(c).map(|span| span.slice(c.text).trim().to_string())
}

/// The span inside a parenthesis that opens at the current token; `None` if none does.
pub(super) fn parenthesis_span(c: &mut Cursor) -> Option<Span> {
    if !c.is_symbol("(") {
        return None;
    }
    let open = c.advance().span.end;
    c.skip_parenthesis();
    let end = match c.previous() {
        Some(t) if c.source(t) == ")" && t.span.start >= open => t.span.start,
        _ => c.start().max(open),
    };
    Some(Span { start: open, end })
}

/// Takes tokens up to a comma, a closing parenthesis, the end of the statement or `stop`, at least one token
/// in any case; the trimmed text. The type after `::` is taken whole, whatever its words.
pub(super) fn until(c: &mut Cursor, stop: impl Fn(&Cursor) -> bool) -> String {
    let start = c.start();
    let mut first = true;
    while !c.at_statement_end() && !c.is_symbol(",") && !c.is_symbol(")") {
        if !first && stop(c) {
            break;
        }
        first = false;
        if c.eat_symbol("::") {
            parse_type(c);
        } else {
            take_group(c);
        }
    }
    c.span_from(start).slice(c.text).trim().to_string()
}

/// Takes the rest of the statement; its text.
pub(super) fn rest(c: &mut Cursor) -> String {
    let start = c.start();
    c.skip_statement();
    c.span_from(start).slice(c.text).trim().to_string()
}

/// The current token is a string.
pub(super) fn is_string(c: &Cursor) -> bool {
    matches!(c.token().kind, TokenKind::String | TokenKind::DoubleQuotedString)
}

/// Takes a string; its decoded text.
pub(super) fn string(c: &mut Cursor) -> Option<String> {
    if !is_string(c) {
        return None;
    }
    let token = c.advance();
    Some(decode(c, token))
}

/// The text that a string token stands for.
pub(super) fn decode(c: &Cursor, token: Token) -> String {
    let source = c.source(token);
    if let Some(body) = source.strip_prefix('$') {
        // $tag$ ... $tag$
        let tag = body.find('$').map_or(0, |i| i + 2);
        return source.get(tag..source.len().saturating_sub(tag)).unwrap_or("").to_string();
    }
    let Some(open) = source.find(['\'', '"']) else { return source.to_string() };
    let quote = if source.as_bytes().get(open) == Some(&b'"') { '"' } else { '\'' };
    let inner = source.get(open + 1..source.len().saturating_sub(1)).unwrap_or("");
    let escapes = matches!(source.get(..open), Some("E" | "e")) || c.dialect.engine.is_mysql_family();
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars().peekable();
    while let Some(ch) = chars.next() {
        if ch == quote && chars.peek() == Some(&quote) {
            chars.next();
            out.push(quote);
        } else if ch == '\\' && escapes {
            match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('r') => out.push('\r'),
                Some('0') => out.push('\0'),
                Some(other) => out.push(other),
                None => {}
            }
        } else {
            out.push(ch);
        }
    }
    out
}
