//! Which statement begins here.

use super::cursor::Cursor;
use super::expr;
use super::{call, copy, ddl, fragment, from, insert, merge, modify, query, session};
use crate::model::span::Span;
use crate::sql::ast::{Name, Query, Select, SelectItem, SetExpr, Statement, StatementKind, With};
use crate::sql::lexer::TokenKind;

/// Words that begin a statement that reads or writes rows.
const VERBS: &[&str] = &["select", "insert", "update", "delete", "merge", "replace", "with", "values", "table"];

/// Levels of [`super::cursor::MAX_DEPTH`] that a statement costs.
pub const DEPTH: u32 = 2;

/// Reads the statement at the current token, without the delimiter after it. Errors stay in the cursor, so
/// that the outermost statement has them all.
pub fn parse_inner(c: &mut Cursor) -> Statement {
    let start = c.start();
    let kind = c.deeper(DEPTH, kind).unwrap_or_else(|| StatementKind::Unknown(String::new()));
    Statement { kind, span: c.span_from(start), errors: Vec::new() }
}

fn kind(c: &mut Cursor) -> StatementKind {
    while c.is_hole() && (c.is_hole_ahead(1) || c.is_any_ahead(1, VERBS)) {
        c.advance();
    }
    if c.is_hole() && query::hole_is_query(c, 0) {
        return StatementKind::Query(Box::new(query::parse_query(c)));
    }
    let token = c.token();
    match token.kind {
        TokenKind::Word => {}
        TokenKind::Punct if query::begins_in_parenthesis(c) || (c.is_symbol("(") && c.is_symbol_ahead(1, "(")) => {
            return StatementKind::Query(Box::new(query::parse_query(c)));
        }
        _ => return fragment::fragment(c).unwrap_or_else(|| unknown(c)),
    }
    let word = c.source(token).to_ascii_lowercase();
    match word.as_str() {
        "select" | "with" | "insert" | "replace" | "update" | "delete" | "merge" if !c.is_symbol_ahead(1, "(") || word == "select" => {
            rows_statement(c)
        }
        "values" => StatementKind::Query(Box::new(query::parse_query(c))),
        "table" if c.is_plain_name_ahead(1) => StatementKind::Query(Box::new(query::parse_query(c))),
        "copy" => copy::copy(c),
        "load" if c.is_any_ahead(1, &["data", "xml"]) => copy::load(c),
        "truncate" if !c.is_symbol_ahead(1, "(") => truncate(c),
        "lock" if !c.is_symbol_ahead(1, "(") => lock(c),
        "unlock" => session::transaction(c, 2),
        "call" | "exec" => call_procedure(c),
        "explain" | "desc" | "describe" | "analyze" => explain(c, &word).unwrap_or_else(|| defining(c)),
        "prepare" => prepare(c),
        "declare" => declare(c),
        "do" => do_block(c),
        "close" | "deallocate" | "execute" | "flush" | "handler" | "kill" | "listen" | "move" | "notify" | "unlisten" => unknown(c),
        "fetch"
            if !(c.is_any_ahead(1, &["first", "next"]) && (c.is_any_ahead(2, &["row", "rows"]) || c.is_any_ahead(3, &["row", "rows"]))) =>
        {
            unknown(c)
        }
        "set" | "reset" | "discard" | "pragma" | "use" | "show" => session::session(c, &word),
        "begin" if !session::begins_transaction(c) => block(c),
        "begin" | "start" | "commit" | "rollback" | "savepoint" | "release" | "abort" | "end" => session::control(c, &word),
        _ => defining(c),
    }
}

fn defining(c: &mut Cursor) -> StatementKind {
    if let Some(ddl) = ddl::parse_ddl(c) {
        return StatementKind::Ddl(Box::new(ddl));
    }
    fragment::fragment(c).unwrap_or_else(|| unknown(c))
}

fn unknown(c: &mut Cursor) -> StatementKind {
    let mut words = String::new();
    for by in 0..2 {
        let token = c.ahead(by);
        if token.kind == TokenKind::Word {
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(&c.source(token).to_lowercase());
        }
    }
    c.skip_statement();
    StatementKind::Unknown(words)
}

/// SELECT, INSERT, UPDATE, DELETE, MERGE, with or without WITH.
fn rows_statement(c: &mut Cursor) -> StatementKind {
    let start = c.start();
    let with = c.is_word("with").then(|| query::with_clause(c));
    while c.is_hole() && c.is_any_ahead(1, VERBS) {
        c.advance();
    }
    if c.is_any_word(&["insert", "replace"]) {
        StatementKind::Insert(Box::new(insert::insert(c, with)))
    } else if c.is_word("update") {
        StatementKind::Update(Box::new(modify::update(c, with)))
    } else if c.is_word("delete") {
        StatementKind::Delete(Box::new(modify::delete(c, with)))
    } else if c.is_word("merge") {
        merge::merge(c, with)
    } else {
        let mut query = query::parse_query(c);
        query.span = c.span_from(start);
        adopt(&mut query, with);
        StatementKind::Query(Box::new(query))
    }
}

fn adopt(query: &mut Query, with: Option<With>) {
    match (&mut query.with, with) {
        (Some(inner), Some(outer)) => {
            inner.recursive |= outer.recursive;
            let own = std::mem::replace(&mut inner.ctes, outer.ctes);
            inner.ctes.extend(own);
        }
        (slot @ None, with) => *slot = with,
        (Some(_), None) => {}
    }
}

fn names(c: &mut Cursor) -> Vec<Name> {
    let mut names = Vec::new();
    loop {
        if c.is_word("only") && c.is_plain_name_ahead(1) {
            c.advance();
        }
        match from::table_name(c) {
            Some(name) => names.push(name),
            None => {
                c.error_here("expected a table");
                return names;
            }
        }
        if c.is_symbol("*") {
            c.advance();
        }
        if c.is_word("as") {
            from::alias(c);
        }
        // `LOCK TABLES a READ LOCAL, b x LOW_PRIORITY WRITE`.
        while c.mysql() && c.token().kind == TokenKind::Word && !c.is_any_word(&["wait", "nowait"]) {
            c.advance();
        }
        if !c.eat_symbol(",") {
            return names;
        }
    }
}

fn truncate(c: &mut Cursor) -> StatementKind {
    c.advance();
    c.eat_word("table");
    let tables = names(c);
    let mut cascade = false;
    while let Some(word) = c.eat_any_word(&["restart", "continue", "identity", "cascade", "restrict", "wait", "nowait"]) {
        cascade |= word == "cascade";
        if word == "wait" {
            c.advance();
        }
    }
    StatementKind::Truncate { tables, cascade }
}

fn lock(c: &mut Cursor) -> StatementKind {
    c.advance();
    c.eat_any_word(&["table", "tables"]);
    let tables = names(c);
    if c.eat_word("in") {
        while c.token().kind == TokenKind::Word && !c.eat_word("mode") {
            c.advance();
        }
    }
    if c.eat_word("wait") {
        c.advance();
    }
    c.eat_word("nowait");
    StatementKind::Lock { tables }
}

fn call_procedure(c: &mut Cursor) -> StatementKind {
    let start = c.start();
    c.advance();
    let Some(name) = from::table_name(c) else {
        c.error_here("expected a procedure");
        return StatementKind::Unknown(c.span_from(start).slice(c.text).to_lowercase());
    };
    let args = if c.is_symbol("(") {
        // Named arguments and the rest are read as those of a function.
        let call_start = name.span().start;
        match call::arguments_of(c, name.clone(), call_start).kind {
            crate::sql::ast::ExprKind::Function(call) => call.args,
            _ => Vec::new(),
        }
    } else if c.at_statement_end() {
        Vec::new()
    } else {
        expr::list(c)
    };
    StatementKind::Call { name, args }
}

/// EXPLAIN with its options; `None`, with nothing taken, if it wraps no statement.
fn explain(c: &mut Cursor, word: &str) -> Option<StatementKind> {
    let mark = c.mark();
    c.advance();
    if c.eat_words(&["query", "plan"]) {
    } else if c.is_symbol("(") && !query::begins_in_parenthesis(c) && word == "explain" {
        c.advance();
        c.skip_parenthesis();
    } else {
        while c.is_any_word(&["analyze", "analyse", "verbose", "extended", "partitions"]) && !c.is_symbol_ahead(1, ".") {
            c.advance();
        }
        if c.is_word("format") && c.is_symbol_ahead(1, "=") {
            c.advance();
            c.advance();
            c.advance();
        }
    }
    let statement = c.is_any_word(VERBS) || query::begins_in_parenthesis(c) || c.is_any_word(&["create", "declare", "execute", "call"]);
    let inner = if statement {
        parse_inner(c)
    } else if word != "analyze" && (c.is_plain_name() || c.token().kind == TokenKind::Param) && !c.postgres() {
        described(c)
    } else {
        c.reset(mark);
        return None;
    };
    let how = if matches!(word, "desc" | "describe") { "describe" } else { "explain" };
    Some(StatementKind::Wrapped { how: how.into(), inner: Box::new(inner) })
}

/// A table whose columns are asked for, as `TABLE name`.
pub fn described(c: &mut Cursor) -> Statement {
    let start = c.start();
    let kind = match from::table_name(c) {
        Some(name) => StatementKind::Query(Box::new(Query::of(SetExpr::Table(name), c.span_from(start)))),
        None => StatementKind::Unknown(String::new()),
    };
    let span = c.span_from(start);
    // One column or a pattern.
    c.skip_statement();
    Statement { kind, span, errors: Vec::new() }
}

/// `PREPARE name (types) AS statement`.
fn prepare(c: &mut Cursor) -> StatementKind {
    if c.is_word_ahead(1, "transaction") {
        return session::transaction(c, 2);
    }
    let mark = c.mark();
    c.advance();
    c.ident();
    if c.eat_symbol("(") {
        c.skip_parenthesis();
    }
    if c.eat_word("as") {
        return StatementKind::Wrapped { how: "prepare".into(), inner: Box::new(parse_inner(c)) };
    }
    // MySQL prepares the text of a string or variable.
    c.reset(mark);
    unknown(c)
}

/// `DECLARE c CURSOR FOR query`.
fn declare(c: &mut Cursor) -> StatementKind {
    let mark = c.mark();
    c.advance();
    c.ident();
    while c.is_any_word(&["binary", "asensitive", "insensitive", "no", "scroll", "cursor", "with", "without", "hold"]) {
        c.advance();
    }
    if c.previous().is_some_and(|t| ["cursor", "hold"].iter().any(|w| c.source(t).eq_ignore_ascii_case(w))) && c.eat_word("for") {
        return StatementKind::Wrapped { how: "declare".into(), inner: Box::new(parse_inner(c)) };
    }
    c.reset(mark);
    unknown(c)
}

/// `DO [LANGUAGE x] $$ ... $$`; in MySQL expressions.
fn do_block(c: &mut Cursor) -> StatementKind {
    let (start, mark) = (c.start(), c.mark());
    c.advance();
    let mut language = String::from("plpgsql");
    let mut body = None;
    loop {
        if c.eat_word("language") {
            let token = c.advance();
            language = call::string_of(c, token).unwrap_or_else(|| c.source(token).to_lowercase());
        } else if body.is_none() && c.token().kind == TokenKind::String {
            let token = c.advance();
            body = call::string_of(c, token).map(|text| (text, inside(token.span, c.source(token))));
        } else {
            break;
        }
    }
    if let Some((body, body_span)) = body {
        return StatementKind::Block { language, body, body_span };
    }
    if !c.mysql() {
        c.reset(mark);
        return unknown(c);
    }
    let mut select: Select = super::select::empty(c);
    let exprs = if c.at_statement_end() { Vec::new() } else { expr::list(c) };
    select.items = exprs.into_iter().map(|expr| SelectItem::Expr { expr, alias: None }).collect();
    select.span = c.span_from(start);
    StatementKind::Query(Box::new(Query::of(SetExpr::Select(Box::new(select)), c.span_from(start))))
}

/// Span of the text between the quotes of a string.
fn inside(span: Span, source: &str) -> Span {
    let tag = match source.strip_prefix('$').and_then(|s| s.find('$')) {
        Some(end) => end as u32 + 2,
        None => source.find('\'').map_or(0, |i| i as u32 + 1),
    };
    let close = if source.starts_with('$') { tag } else { 1 };
    Span { start: span.start + tag, end: span.end.saturating_sub(close).max(span.start + tag) }
}

/// `BEGIN ... END` outside a routine, whose statements have semicolons of their own.
fn block(c: &mut Cursor) -> StatementKind {
    let first = c.advance();
    c.eat_words(&["not", "atomic"]);
    let body_start = c.start();
    let mut depth = 1u32;
    while !c.at_end() && depth > 0 {
        let openers = ["begin", "case", "loop", "while", "repeat"];
        if c.is_word("end") {
            depth -= 1;
            c.advance();
            if c.is_any_word(&["if", "case", "loop", "while", "repeat"]) {
                c.advance();
            }
            continue;
        }
        let opens = c.is_any_word(&openers) && !c.is_symbol_ahead(1, "(") || c.is_word("if") && statement_begins(c);
        depth += u32::from(opens);
        c.advance();
    }
    if depth > 0 {
        // Never closed: only the first word is the statement's own.
        c.error_here("expected END");
    }
    let end = c.previous().map_or(body_start, |t| t.span.start.max(body_start));
    let body_span = Span { start: body_start.max(first.span.end), end: end.max(body_start) };
    StatementKind::Block { language: "sql".into(), body: body_span.slice(c.text).to_string(), body_span }
}

/// IF as a statement, not as a function or as IF EXISTS.
fn statement_begins(c: &Cursor) -> bool {
    let after = c.previous().is_none_or(|t| {
        t.kind == TokenKind::Punct || ["begin", "atomic", "then", "else", "do", "loop"].iter().any(|w| c.source(t).eq_ignore_ascii_case(w))
    });
    after && !c.is_any_ahead(1, &["exists"])
}
