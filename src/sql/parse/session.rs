//! Statements about the session: settings, roles, transactions, and questions to the server.

use super::cursor::Cursor;
use super::{call, fragment, statement};
use crate::sql::ast::{Session, Statement, StatementKind};
use crate::sql::lexer::{Token, TokenKind};

/// Reads SET, RESET, DISCARD, PRAGMA, USE or SHOW (`word`, in lower case).
pub fn session(c: &mut Cursor, word: &str) -> StatementKind {
    let mark = c.mark();
    c.advance();
    let session = match word {
        "set" => {
            if c.is_word("transaction")
                || c.are_words(&["session", "characteristics"])
                || c.is_any_word(&["global", "session"]) && c.is_word_ahead(1, "transaction")
            {
                c.skip_statement();
                return StatementKind::Transaction("set transaction".into());
            }
            c.reset(mark);
            // SQLite has no settings of this form.
            if (c.sqlite() || is_set_clause(c))
                && let Some(fragment) = fragment::fragment(c)
            {
                return fragment;
            }
            c.advance();
            set(c)
        }
        "reset" if c.eat_word("role") || c.eat_words(&["session", "authorization"]) => Some(Session::Role(None)),
        "reset" | "discard" => Some(Session::Reset(rest(c).to_lowercase())),
        "pragma" => pragma(c),
        "use" => c.ident().map(|name| Session::Use(name.value)),
        _ => return show(c, mark),
    };
    match session {
        Some(session) => StatementKind::Session(session),
        None => {
            c.error_here("expected a name");
            c.skip_statement();
            StatementKind::Unknown(word.to_string())
        }
    }
}

/// `SET a = 1 WHERE ...` is the middle of an UPDATE; at SET.
fn is_set_clause(c: &Cursor) -> bool {
    let mut depth = 0i32;
    let mut by = 1;
    let mut after_equals = false;
    loop {
        let token = c.ahead(by);
        let source = c.source(token);
        match token.kind {
            TokenKind::End | TokenKind::CopyData => return false,
            TokenKind::Punct => match source {
                "(" if after_equals && c.postgres() => return true,
                "(" if by == 1 => return true,
                "(" => depth += 1,
                ")" => depth -= 1,
                ";" => return false,
                "," if !c.mysql() && c.is_symbol_ahead(by + 2, "=") => return true,
                _ => {}
            },
            TokenKind::Word if depth == 0 && by > 1 && c.is_any_ahead(by, &["where", "from", "returning"]) => return true,
            TokenKind::Operator if source == "=" => after_equals = true,
            TokenKind::Operator if after_equals && c.postgres() => {
                let binary = c.is_symbol_ahead(by - 1, "=");
                if !binary && !c.is_symbol_ahead(by - 1, ",") {
                    return true;
                }
            }
            _ => {}
        }
        by += 1;
    }
}

/// After SET.
fn set(c: &mut Cursor) -> Option<Session> {
    if c.eat_words(&["session", "authorization"]) {
        return Some(Session::Role(role(c)));
    }
    if !c.is_symbol_ahead(1, "=") && !c.is_symbol_ahead(1, ".") {
        c.eat_any_word(&["session", "local", "global", "persist", "persist_only"]);
    }
    if c.is_word("role") && !c.is_symbol_ahead(1, "=") && !c.is_word_ahead(1, "to") {
        c.advance();
        return Some(Session::Role(role(c)));
    }
    if c.eat_words(&["time", "zone"]) {
        return Some(Session::Setting("timezone".into(), value(c)));
    }
    if c.is_any_word(&["names", "constraints", "schema", "charset", "character"]) && !c.is_symbol_ahead(1, "=") && !c.is_word_ahead(1, "to")
    {
        let name = c.take().to_lowercase();
        if name == "character" {
            c.eat_word("set");
        }
        let value = if name == "schema" { value(c) } else { rest(c) };
        return Some(if name == "schema" { Session::SearchPath(vec![value]) } else { Session::Setting(name, value) });
    }
    let mut first = None;
    loop {
        let name = setting_name(c)?;
        if !c.eat_symbol("=") && !c.eat_symbol(":=") && !c.eat_word("to") {
            return Some(Session::Setting(name, rest(c)));
        }
        if name == "search_path" {
            return Some(Session::SearchPath(path(c)));
        }
        // Of several assignments the first one to a setting of the server counts.
        let user_variable = name.starts_with('@') && !name.starts_with("@@");
        let setting = Session::Setting(name.trim_start_matches("@@").to_string(), value(c));
        if !user_variable {
            c.skip_statement();
            return Some(setting);
        }
        first.get_or_insert(setting);
        if !c.eat_symbol(",") {
            return first;
        }
        c.eat_any_word(&["session", "local", "global", "persist", "persist_only"]);
    }
}

fn setting_name(c: &mut Cursor) -> Option<String> {
    if c.token().kind == TokenKind::Variable {
        let name = c.take().to_lowercase();
        let scopes = ["@@session.", "@@local.", "@@global."];
        let bare = scopes.iter().find_map(|scope| name.strip_prefix(scope));
        return Some(bare.map_or(name.clone(), |bare| format!("@@{bare}")));
    }
    let name = c.name()?;
    Some(name.parts.iter().map(|p| p.value.to_lowercase()).collect::<Vec<_>>().join("."))
}

fn role(c: &mut Cursor) -> Option<String> {
    let none = c.is_any_word(&["none", "default"]);
    let token = c.advance();
    if none { None } else { Some(plain(c, token)) }
}

/// A token as a plain value: strings decoded, names folded.
fn plain(c: &Cursor, token: Token) -> String {
    match token.kind {
        TokenKind::Word | TokenKind::QuotedName => c.ident_of(token).value,
        _ => call::string_of(c, token).unwrap_or_else(|| c.source(token).to_string()),
    }
}

/// The folded names of a search path.
fn path(c: &mut Cursor) -> Vec<String> {
    let mut names = Vec::new();
    while !c.at_statement_end() {
        let token = c.advance();
        if !c.source(token).starts_with(',') {
            // A string holds one name.
            let name = plain(c, token);
            if !name.is_empty() {
                names.push(name);
            }
        }
    }
    names
}

/// One value: up to the comma or the end.
fn value(c: &mut Cursor) -> String {
    let start = c.start();
    let first = c.token();
    let mut depth = 0i32;
    let mut count = 0;
    while !(c.at_statement_end() || depth == 0 && c.is_symbol(",")) {
        depth += i32::from(c.is_symbol("(")) - i32::from(c.is_symbol(")"));
        c.advance();
        count += 1;
    }
    match (count, call::string_of(c, first)) {
        (1, Some(text)) => text,
        _ => c.span_from(start).slice(c.text).to_string(),
    }
}

/// The rest of the statement as text.
fn rest(c: &mut Cursor) -> String {
    let (start, first) = (c.start(), c.token());
    if c.at_statement_end() {
        return String::new();
    }
    c.advance();
    if c.at_statement_end()
        && let Some(text) = call::string_of(c, first)
    {
        return text;
    }
    c.skip_statement();
    c.span_from(start).slice(c.text).to_string()
}

/// `PRAGMA schema.name = value`, `PRAGMA name(value)`.
fn pragma(c: &mut Cursor) -> Option<Session> {
    let name = c.name()?.last().value.to_lowercase();
    let parenthesised = c.eat_symbol("(");
    if !parenthesised && !c.eat_symbol("=") {
        return Some(Session::Setting(name, String::new()));
    }
    let mut text = String::new();
    while !c.at_statement_end() && !c.is_symbol(")") {
        let token = c.advance();
        text.push_str(&plain(c, token));
    }
    if parenthesised {
        c.expect_symbol(")");
    }
    Some(Session::Setting(name, text))
}

/// SHOW; those about one table name it.
fn show(c: &mut Cursor, mark: usize) -> StatementKind {
    c.eat_any_word(&["full", "extended"]);
    let columns = c.eat_any_word(&["columns", "fields", "index", "indexes", "keys"]).is_some() && c.eat_any_word(&["from", "in"]).is_some();
    if columns || c.eat_words(&["create", "table"]) || c.eat_words(&["create", "view"]) {
        let inner: Statement = statement::described(c);
        return StatementKind::Wrapped { how: "show".into(), inner: Box::new(inner) };
    }
    c.reset(mark);
    c.advance();
    let mut words = String::from("show");
    if c.token().kind == TokenKind::Word {
        words.push(' ');
        words.push_str(&c.source(c.token()).to_lowercase());
    }
    c.skip_statement();
    StatementKind::Unknown(words)
}

/// BEGIN of a transaction rather than of a block.
pub fn begins_transaction(c: &Cursor) -> bool {
    let next = c.ahead(1);
    let words = ["transaction", "work", "isolation", "deferred", "immediate", "exclusive", "read", "concurrent", "deferrable", "tran"];
    next.kind == TokenKind::End
        || next.kind == TokenKind::Punct && c.source(next) != "("
        || words.iter().any(|w| c.is_word_ahead(1, w))
        || c.is_word_ahead(1, "not") && c.is_word_ahead(2, "deferrable")
}

/// Takes a statement of transaction control whose first `words` words name it.
pub fn transaction(c: &mut Cursor, words: usize) -> StatementKind {
    let mut name = String::new();
    for _ in 0..words {
        if c.token().kind == TokenKind::Word {
            if !name.is_empty() {
                name.push(' ');
            }
            name.push_str(&c.take().to_lowercase());
        }
    }
    c.skip_statement();
    StatementKind::Transaction(name)
}

/// BEGIN, START TRANSACTION, COMMIT, ROLLBACK [TO], SAVEPOINT, RELEASE, END; `word` is the first one.
pub fn control(c: &mut Cursor, word: &str) -> StatementKind {
    let simple = ["transaction", "work", "and", "tran", "to", "prepared", "savepoint"];
    let next = c.ahead(1);
    let ends = next.kind == TokenKind::End || next.kind == TokenKind::Punct;
    let known = match word {
        "begin" => true,
        "start" => c.is_any_ahead(1, &["transaction", "slave", "replica"]),
        "savepoint" | "release" => matches!(next.kind, TokenKind::Word | TokenKind::QuotedName | TokenKind::Param),
        _ => ends || c.is_any_ahead(1, &simple),
    };
    if !known {
        c.skip_statement();
        return StatementKind::Unknown(word.to_string());
    }
    let words = match word {
        "start" => 2,
        "rollback" if c.is_word_ahead(1, "to") => 2,
        _ => 1,
    };
    transaction(c, words)
}
