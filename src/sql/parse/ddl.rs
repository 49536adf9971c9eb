//! Statements that change the schema.
//!
//! Sources: PostgreSQL manual "SQL Commands"; MySQL manual "Data Definition Statements"; MariaDB knowledge base
//! "Data Definition"; SQLite "SQL As Understood By SQLite". Options that no statement can notice are skipped;
//! what an engine's grammar refuses though another takes it becomes [`Ddl::Refused`].

mod alter;
mod column;
mod grant;
mod index;
mod object;
mod routine;
mod table;
mod text;
mod types;
mod view;

use super::cursor::Cursor;
use crate::model::dialect::Engine;
use crate::sql::ast::{Ddl, Ident, Name};
use crate::sql::lexer::TokenKind;

/// Reads a statement that changes the schema; `None`, with the cursor where it was, if it is none.
///
/// Statements without effect on the schema (VACUUM, REINDEX, ...) are [`Ddl::Harmless`]; what begins like DDL
/// but is not understood is [`Ddl::Other`].
pub fn parse_ddl(c: &mut Cursor) -> Option<Ddl> {
    let mark = c.mark();
    let ddl = match lower(c).as_str() {
        "create" => Some(create(c)),
        "alter" => Some(alter::alter(c)),
        "drop" => Some(object::drop(c)),
        "rename" => object::rename(c),
        "comment" if c.is_word_ahead(1, "on") => Some(object::comment(c)),
        "grant" | "revoke" => Some(grant::grant(c)),
        "import" if c.is_word_ahead(1, "foreign") => Some(other(c)),
        "security" if c.is_word_ahead(1, "label") => Some(object::harmless(c)),
        "reassign" | "reindex" | "analyze" | "analyse" | "vacuum" | "cluster" | "refresh" | "optimize" | "repair" | "checkpoint" => {
            Some(object::harmless(c))
        }
        "check" | "checksum" if c.is_word_ahead(1, "table") => Some(object::harmless(c)),
        _ => None,
    };
    if ddl.is_none() {
        c.reset(mark);
    }
    ddl
}

fn create(c: &mut Cursor) -> Ddl {
    let mark = c.mark();
    c.advance();
    let or_replace = c.eat_words(&["or", "replace"]);
    let mut temporary = false;
    let mut prefix = String::new();
    loop {
        // Words between CREATE and the kind of object.
        if c.eat_any_word(&["global", "local", "unlogged", "online", "offline", "constraint", "trusted", "procedural"]).is_some() {
            continue;
        }
        if c.eat_any_word(&["temporary", "temp"]).is_some() {
            temporary = true;
        } else if c.is_any_word(&["algorithm", "definer", "sql"]) {
            // ALGORITHM = MERGE DEFINER = `a`@`b` SQL SECURITY INVOKER
            prefix.push_str(&view_or_routine_prefix(c));
        } else {
            break;
        }
    }
    match lower(c).as_str() {
        "table" => table::create_table(c, or_replace, temporary, false),
        "foreign" if c.is_word_ahead(1, "table") => {
            c.advance();
            table::create_table(c, or_replace, temporary, true)
        }
        "virtual" if c.is_word_ahead(1, "table") => table::create_virtual(c),
        "unique" | "fulltext" | "spatial" | "index" => index::create_index(c, or_replace),
        "view" | "materialized" | "recursive" => view::create_view(c, or_replace, temporary, prefix.contains("invoker")),
        "type" => types::create_type(c),
        "domain" => types::create_domain(c),
        "sequence" => object::create_sequence(c, or_replace, temporary),
        "function" | "procedure" | "aggregate" => routine::create_function(c, or_replace, &prefix),
        "trigger" => routine::create_trigger(c, or_replace),
        "policy" => object::policy(c, false),
        "schema" | "database" => object::create_schema(c),
        "extension" => object::create_extension(c),
        "role" | "user" | "group" if !c.is_word_ahead(1, "mapping") => object::create_role(c),
        "event" if !c.is_word_ahead(1, "trigger") => routine::create_event(c),
        _ => {
            c.reset(mark);
            other(c)
        }
    }
}

/// Skips `ALGORITHM = x`, `DEFINER = user@host`, `SQL SECURITY x` and gives its lower-case words.
fn view_or_routine_prefix(c: &mut Cursor) -> String {
    let start = c.start();
    if c.eat_word("sql") {
        c.eat_word("security");
        c.advance();
    } else {
        c.advance();
        c.eat_symbol("=");
        c.advance();
        // `user`@`host`: the host is a variable token; CURRENT_USER() has parentheses.
        while c.token().kind == TokenKind::Variable || c.is_symbol("@") {
            c.advance();
        }
        if c.eat_symbol("(") {
            c.skip_parenthesis();
        }
    }
    let words = c.span_from(start).slice(c.text).to_lowercase();
    format!("{words} ")
}

/// Takes the rest of a statement that begins like DDL.
fn other(c: &mut Cursor) -> Ddl {
    let words = first_words(c, 3);
    skip_rest(c);
    Ddl::Other(words)
}

/// Stops at what the engine's grammar refuses; the rest of the statement is skipped.
fn refused(c: &mut Cursor) -> Ddl {
    let token = c.token();
    let near = if token.kind == TokenKind::End { String::new() } else { c.source(token).to_string() };
    c.error_here("not in this engine's grammar");
    skip_rest(c);
    Ddl::Refused { near, span: token.span }
}

/// Lower-case first words of the statement, without moving.
fn first_words(c: &Cursor, count: usize) -> String {
    let words = (0..count).map(|i| c.ahead(i)).take_while(|t| t.kind == TokenKind::Word);
    words.map(|t| c.source(t).to_lowercase()).collect::<Vec<_>>().join(" ")
}

/// The current word in lower case; empty if it is none.
fn lower(c: &Cursor) -> String {
    let token = c.token();
    if token.kind == TokenKind::Word { c.source(token).to_ascii_lowercase() } else { String::new() }
}

/// Skips to the end of the statement, passing over bodies with inner semicolons only if they are quoted.
fn skip_rest(c: &mut Cursor) {
    c.skip_statement();
}

/// An identifier; SQLite and MySQL also take a string in its place.
fn ident(c: &mut Cursor) -> Option<Ident> {
    if let Some(ident) = c.ident() {
        return Some(ident);
    }
    let string = matches!(c.token().kind, TokenKind::String | TokenKind::DoubleQuotedString);
    if string && c.dialect.engine != Engine::Postgres {
        let token = c.advance();
        return Some(c.ident_of(token));
    }
    None
}

/// An identifier, or an error and a nameless one in its place.
fn expect_ident(c: &mut Cursor) -> Ident {
    ident(c).unwrap_or_else(|| {
        c.error_here("expected a name");
        Ident { value: String::new(), quoted: false, span: c.token().span }
    })
}

/// A dotted name; SQLite and MySQL also take strings as parts.
fn name(c: &mut Cursor) -> Option<Name> {
    let mut parts = vec![ident(c)?];
    while c.is_symbol(".") && parts.len() < 4 {
        c.advance();
        match ident(c) {
            Some(part) => parts.push(part),
            None => break,
        }
    }
    Some(Name { parts })
}

/// A dotted name, or an error and a nameless one in its place.
fn expect_name(c: &mut Cursor) -> Name {
    name(c).unwrap_or_else(|| {
        c.error_here("expected a name");
        Name { parts: vec![Ident { value: String::new(), quoted: false, span: c.token().span }] }
    })
}

/// `(a, b)`; empty if no parenthesis follows. Anything else inside is skipped.
fn ident_list(c: &mut Cursor) -> Vec<Ident> {
    let mut list = Vec::new();
    if !c.eat_symbol("(") {
        return list;
    }
    while !c.at_statement_end() {
        if c.eat_symbol(")") {
            return list;
        }
        if c.eat_symbol(",") {
            continue;
        }
        match ident(c) {
            Some(i) => list.push(i),
            None if c.eat_symbol("(") => c.skip_parenthesis(),
            None => {
                c.advance();
            }
        }
    }
    list
}

/// Takes IF EXISTS.
fn if_exists(c: &mut Cursor) -> bool {
    c.eat_words(&["if", "exists"])
}

/// Takes IF NOT EXISTS.
fn if_not_exists(c: &mut Cursor) -> bool {
    c.eat_words(&["if", "not", "exists"])
}

/// Takes CASCADE or RESTRICT; whether it was CASCADE.
fn cascade(c: &mut Cursor) -> bool {
    let cascade = c.eat_word("cascade");
    if c.eat_word("constraints") || c.eat_word("restrict") {
        return cascade;
    }
    cascade
}

fn mysql(c: &Cursor) -> bool {
    c.dialect.engine.is_mysql_family()
}

fn postgres(c: &Cursor) -> bool {
    c.dialect.engine == Engine::Postgres
}

fn sqlite(c: &Cursor) -> bool {
    c.dialect.engine == Engine::Sqlite
}

/// The token `by` ahead is one of these words.
fn any_word_ahead(c: &Cursor, by: usize, words: &[&str]) -> bool {
    words.iter().any(|w| c.is_word_ahead(by, w))
}
