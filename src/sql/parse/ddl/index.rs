//! Indexes: CREATE INDEX, and the index definitions inside MySQL's CREATE and ALTER TABLE.

use super::super::cursor::Cursor;
use super::{expect_name, ident, ident_list, if_not_exists, lower, mysql, postgres, sqlite, text};
use crate::sql::ast::Ddl;
use crate::sql::ast::ddl::*;
use crate::sql::lexer::TokenKind;

/// CREATE [UNIQUE|FULLTEXT|SPATIAL] INDEX from the first of these words on.
pub(super) fn create_index(c: &mut Cursor, or_replace: bool) -> Ddl {
    let mut index = IndexDef { unique: c.eat_word("unique"), ..IndexDef::default() };
    if let Some(kind) = c.eat_any_word(&["fulltext", "spatial"]) {
        index.method = kind;
    }
    c.expect_word("index");
    let concurrently = c.eat_word("concurrently");
    let if_not_exists = if_not_exists(c);
    let mut schema = None;
    if !c.is_word("on")
        && let Some(mut name) = super::name(c)
    {
        schema = name.qualifier().cloned();
        index.name = name.parts.pop();
    }
    if let Some(method) = eat_method(c) {
        index.method = method;
    }
    c.expect_word("on");
    c.eat_word("only");
    let table = expect_name(c);
    if let Some(method) = eat_method(c) {
        index.method = method;
    }
    index.keys = keys(c);
    options_after_keys(c, Some(&mut index));
    Ddl::CreateIndex(Box::new(CreateIndex { schema, table, index, if_not_exists, or_replace, concurrently }))
}

/// `KEY name (...)`, `FULLTEXT INDEX name (...)` in a MySQL table definition; `None`, with the cursor where it
/// was, if it is none (a column may be named `key` only in quotes, but `index` types follow some names).
pub(super) fn inline_index(c: &mut Cursor) -> Option<IndexDef> {
    let mut index = IndexDef::default();
    match lower(c).as_str() {
        "fulltext" | "spatial" => {
            index.method = lower(c);
            c.advance();
            c.eat_any_word(&["key", "index"]);
        }
        "key" | "index" => {
            c.advance();
        }
        _ => return None,
    }
    if_not_exists(c);
    if !c.is_symbol("(") && !c.is_word("using") {
        index.name = ident(c);
    }
    if let Some(method) = eat_method(c) {
        index.method = method;
    }
    index.keys = keys(c);
    options_after_keys(c, Some(&mut index));
    Some(index)
}

/// Takes USING method (but not USING INDEX).
pub(super) fn eat_method(c: &mut Cursor) -> Option<String> {
    if c.is_word("using") && !c.is_word_ahead(1, "index") {
        c.advance();
        return ident(c).map(|i| i.value.to_lowercase());
    }
    None
}

/// `(key, key)`.
pub(super) fn keys(c: &mut Cursor) -> Vec<KeyPart> {
    let mut keys = Vec::new();
    if !c.expect_symbol("(") {
        return keys;
    }
    while !c.at_statement_end() && !c.eat_symbol(")") {
        if c.eat_symbol(",") {
            continue;
        }
        let before = c.mark();
        keys.push(key(c));
        if c.mark() == before {
            c.advance();
        }
    }
    keys
}

/// One key: a column or an expression with COLLATE, operator class, order.
pub(super) fn key(c: &mut Cursor) -> KeyPart {
    let mut key = KeyPart::default();
    let name_like = matches!(c.token().kind, TokenKind::Word | TokenKind::QuotedName)
        || (!postgres(c) && matches!(c.token().kind, TokenKind::String | TokenKind::DoubleQuotedString));
    let ends = |by: usize, c: &Cursor| {
        c.is_symbol_ahead(by, ",")
            || c.is_symbol_ahead(by, ")")
            || matches!(c.ahead(by).kind, TokenKind::Word | TokenKind::QuotedName | TokenKind::End)
    };
    if name_like && ends(1, c) {
        key.column = ident(c);
    } else if name_like && mysql(c) && c.is_symbol_ahead(1, "(") && c.ahead(2).kind == TokenKind::Number && c.is_symbol_ahead(3, ")") {
        key.column = ident(c);
        key.prefix = text::parenthesis(c).and_then(|n| n.parse().ok());
    } else {
        let expr = text::until(c, |c| {
            let parenthesised = c.previous().is_some_and(|t| c.source(t) == ")");
            c.is_any_word(&["asc", "desc", "nulls", "with"])
                || (c.is_word("collate") && parenthesised)
                // An operator class follows the expression.
                || (postgres(c) && parenthesised && matches!(c.token().kind, TokenKind::Word | TokenKind::QuotedName)
                    && !super::any_word_ahead(c, 0, &["and", "or", "is", "in", "like", "between", "at", "not", "over", "filter"]))
        });
        key.expr = Some(strip_parentheses(&expr).to_string());
    }
    loop {
        if c.eat_word("collate") {
            key.collation = super::name(c).map(|n| n.last().value.clone());
        } else if c.eat_word("desc") {
            key.descending = true;
        } else if c.eat_word("asc") {
        } else if c.eat_word("nulls") {
            c.eat_any_word(&["first", "last"]);
        } else if postgres(c) && matches!(c.token().kind, TokenKind::Word | TokenKind::QuotedName) && !c.is_word("with") {
            key.opclass = super::name(c).map(|n| n.last().value.clone());
            if c.is_symbol("(") {
                text::take_group(c);
            }
        } else {
            return key;
        }
    }
}

/// The text without the parentheses around all of it.
fn strip_parentheses(expr: &str) -> &str {
    let mut expr = expr.trim();
    while let Some(inner) = expr.strip_prefix('(').and_then(|e| e.strip_suffix(')')) {
        let mut depth = 0i32;
        let mut quote = None;
        for ch in inner.chars() {
            match (quote, ch) {
                (Some(q), _) if q == ch => quote = None,
                (Some(_), _) => {}
                (None, '\'' | '"' | '`') => quote = Some(ch),
                (None, '(') => depth += 1,
                (None, ')') => depth -= 1,
                _ => {}
            }
            if depth < 0 {
                return expr;
            }
        }
        expr = inner.trim();
    }
    expr
}

/// INCLUDE, NULLS NOT DISTINCT, WITH, TABLESPACE, WHERE, and MySQL's index options. Without an index the
/// options are only passed over (behind the key of a constraint).
pub(super) fn options_after_keys(c: &mut Cursor, index: Option<&mut IndexDef>) {
    let mut none = IndexDef::default();
    let standalone = index.is_some();
    let index = index.unwrap_or(&mut none);
    loop {
        if c.is_word("include") && c.is_symbol_ahead(1, "(") {
            c.advance();
            index.include = ident_list(c);
        } else if c.is_word("nulls") {
            index.nulls_not_distinct = super::table::nulls_not_distinct(c);
        } else if c.is_word("with") && c.is_symbol_ahead(1, "(") {
            c.advance();
            text::take_group(c);
        } else if c.eat_words(&["with", "parser"]) || c.eat_words(&["using", "index", "tablespace"]) || c.eat_word("tablespace") {
            c.advance();
        } else if standalone && c.eat_word("where") {
            let start = c.start();
            while !c.at_statement_end() {
                text::take_group(c);
            }
            index.predicate = Some(strip_parentheses(c.span_from(start).slice(c.text)).to_string());
        } else if let Some(method) = eat_method(c) {
            index.method = method;
        } else if mysql(c) && c.is_any_word(&["key_block_size", "comment", "clustering", "algorithm", "lock", "engine_attribute"]) {
            c.advance();
            c.eat_symbol("=");
            c.advance();
        } else if mysql(c) && c.is_any_word(&["invisible", "ignored", "visible"]) {
            index.invisible = !c.is_word("visible");
            c.advance();
        } else if mysql(c) && c.eat_words(&["not", "ignored"]) {
            index.invisible = false;
        } else if sqlite(c) && c.eat_words(&["on", "conflict"]) {
            c.advance();
        } else {
            return;
        }
    }
}
