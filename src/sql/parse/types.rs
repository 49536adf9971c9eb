//! Type names.

use super::cursor::Cursor;
use super::keywords;
use crate::sql::ast::{Ident, Name, TypeName};
use crate::sql::lexer::TokenKind;

/// Type names of more than one word, longest first.
const COMPOUND: &[&[&str]] = &[
    &["national", "character", "varying"],
    &["national", "char", "varying"],
    &["national", "character"],
    &["national", "varchar"],
    &["national", "char"],
    &["character", "varying"],
    &["char", "varying"],
    &["binary", "varying"],
    &["bit", "varying"],
    &["double", "precision"],
    &["long", "varchar"],
    &["long", "varbinary"],
    &["signed", "integer"],
    &["unsigned", "integer"],
    &["signed", "int"],
    &["unsigned", "int"],
];

/// Words that end a type in a column definition of SQLite, whose types are any run of words.
const AFTER_TYPE: &[&str] = &["generated", "always", "hidden", "strict", "without", "autoincrement", "conflict", "key"];

/// Units after INTERVAL as a type (PostgreSQL).
const INTERVAL_FIELDS: &[&str] = &["year", "month", "day", "hour", "minute", "second"];

/// Reads a type; `None`, with nothing taken, if the current token begins none.
pub fn parse_type(c: &mut Cursor) -> Option<TypeName> {
    let start = c.start();
    let mut array = 0u8;
    if c.is_word("setof") && c.is_plain_name_ahead(1) {
        c.advance();
    }
    let reserved_type = ["set", "binary", "interval", "unsigned", "precision"];
    let is_type = c.is_plain_name() || (c.is_any_word(&reserved_type) && (c.mysql() || c.is_word("interval")));
    if !is_type {
        return None;
    }
    let mut name = type_name(c)?;
    let mut args = arguments(c);
    let word = if name.parts.len() == 1 && !name.last().quoted { name.last().value.clone() } else { String::new() };
    if matches!(word.as_str(), "time" | "timestamp") {
        let zone = if c.eat_words(&["with", "time", "zone"]) {
            " with time zone"
        } else if c.eat_words(&["without", "time", "zone"]) {
            " without time zone"
        } else {
            ""
        };
        extend(c, &mut name, zone);
    } else if word == "interval" && c.postgres() {
        interval_fields(c, &mut args);
    }
    let mut unsigned = word.starts_with("unsigned") && c.mysql();
    if c.mysql() {
        while let Some(attribute) = c.eat_any_word(&["unsigned", "signed", "zerofill"]) {
            unsigned |= attribute != "signed";
        }
    }
    while c.is_symbol("[") {
        c.advance();
        if c.token().kind == TokenKind::Number {
            c.advance();
        }
        if !c.eat_symbol("]") {
            c.error_here("expected \"]\"");
            break;
        }
        array = array.saturating_add(1);
    }
    if c.postgres() && c.eat_word("array") {
        array = 1;
        if c.eat_symbol("[") {
            c.advance();
            c.expect_symbol("]");
        }
    }
    Some(TypeName { name, args, array, unsigned, span: c.span_from(start) })
}

fn type_name(c: &mut Cursor) -> Option<Name> {
    let start = c.start();
    if let Some(words) = COMPOUND.iter().find(|words| c.are_words(words)) {
        c.eat_words(words);
        return Some(single(words.join(" "), c, start));
    }
    let mut name = c.name()?;
    if name.parts.len() > 1 || name.last().quoted {
        // `table.column%TYPE` in routine bodies.
        if c.is_symbol("%") && c.is_word_ahead(1, "type") {
            c.advance();
            c.advance();
        }
        return Some(name);
    }
    let mut words = name.last().value.to_lowercase();
    if c.sqlite() {
        while c.token().kind == TokenKind::Word && c.is_plain_name() && !c.is_any_word(AFTER_TYPE) {
            words.push(' ');
            words.push_str(&c.source(c.token()).to_lowercase());
            c.advance();
        }
    }
    name = single(words, c, start);
    Some(name)
}

fn single(value: String, c: &Cursor, start: u32) -> Name {
    Name { parts: vec![Ident { value, quoted: false, span: c.span_from(start) }] }
}

/// `timestamp(3) with time zone`: the words after the precision belong to the name.
fn extend(c: &Cursor, name: &mut Name, words: &str) {
    if words.is_empty() {
        return;
    }
    if let Some(part) = name.parts.last_mut() {
        part.value.push_str(words);
        part.span = c.span_from(part.span.start);
    }
}

fn interval_fields(c: &mut Cursor, args: &mut Vec<String>) {
    if c.eat_any_word(INTERVAL_FIELDS).is_none() {
        return;
    }
    if c.is_word("to") && INTERVAL_FIELDS.iter().any(|f| c.is_word_ahead(1, f)) {
        c.advance();
        c.advance();
    }
    if args.is_empty() {
        *args = arguments(c);
    }
}

/// `(10, 2)`, `('a', 'b')`: each as written.
fn arguments(c: &mut Cursor) -> Vec<String> {
    let mut args = Vec::new();
    if !c.is_symbol("(") {
        return args;
    }
    c.advance();
    let mut start = c.start();
    let mut depth = 0u32;
    while !c.at_statement_end() {
        if c.is_symbol("(") {
            depth += 1;
        } else if depth > 0 && c.is_symbol(")") {
            depth -= 1;
        } else if depth == 0 && (c.is_symbol(",") || c.is_symbol(")")) {
            let text = c.span_from(start).slice(c.text).trim();
            if c.start() > start && !text.is_empty() {
                args.push(text.to_string());
            }
            let last = c.is_symbol(")");
            c.advance();
            if last {
                return args;
            }
            start = c.start();
            continue;
        } else if c.token().kind == TokenKind::Word && keywords::begins_clause(c.source(c.token())) {
            break;
        }
        c.advance();
    }
    c.error_here("expected \")\"");
    args
}
