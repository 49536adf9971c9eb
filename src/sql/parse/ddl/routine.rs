//! Functions, procedures, triggers and events, with bodies that hold statements of their own.

use super::super::cursor::Cursor;
use super::super::types::parse_type;
use super::{any_word_ahead, expect_ident, expect_name, ident, if_exists, if_not_exists, lower, mysql, other, postgres, text};
use crate::model::span::Span;
use crate::sql::ast::Ddl;
use crate::sql::ast::ddl::*;
use crate::sql::lexer::TokenKind;

/// CREATE FUNCTION, PROCEDURE, AGGREGATE from that word on. MySQL's DEFINER and the like stand in `prefix`.
pub(super) fn create_function(c: &mut Cursor, or_replace: bool, prefix: &str) -> Ddl {
    let mut kind = lower(c);
    c.advance();
    if mysql(c) && kind == "aggregate" && c.eat_word("function") {
        kind = "function".into();
    }
    let if_not_exists = if_not_exists(c);
    let mut function = CreateFunction {
        name: expect_name(c),
        or_replace,
        if_not_exists,
        procedure: kind == "procedure",
        aggregate: kind == "aggregate",
        params: Vec::new(),
        returns: None,
        returns_set: false,
        columns: Vec::new(),
        language: if postgres(c) { String::new() } else { "sql".into() },
        body: String::new(),
        strict: false,
        // MySQL's routines run as their definer unless they say otherwise.
        definer: mysql(c),
        settings: Vec::new(),
        sql_body: false,
    };
    if prefix.contains("invoker") {
        function.definer = false;
    }
    function.params = parameters(c);
    if function.aggregate {
        if c.is_symbol("(") {
            function.body = text::parenthesis(c).unwrap_or_default();
            let mut options = function.body.split(',').filter_map(|o| o.split_once('='));
            let transition = options.find(|(k, _)| k.trim().eq_ignore_ascii_case("stype")).map(|(_, v)| v.trim().to_string());
            if let Some(ty) = transition {
                let mut inner = Cursor::new(&ty, c.dialect);
                function.returns = parse_type(&mut inner);
            }
        }
        return Ddl::CreateFunction(Box::new(function));
    }
    characteristics(c, &mut function);
    Ddl::CreateFunction(Box::new(function))
}

/// `(IN a int DEFAULT 1, ...)`.
fn parameters(c: &mut Cursor) -> Vec<Parameter> {
    let mut params = Vec::new();
    if !c.eat_symbol("(") {
        return params;
    }
    while !c.at_statement_end() && !c.eat_symbol(")") {
        if c.eat_symbol(",") || c.eat_words(&["order", "by"]) {
            continue;
        }
        let before = c.mark();
        match parameter(c) {
            Some(parameter) => params.push(parameter),
            None if c.mark() == before => text::take_group(c),
            None => {}
        }
    }
    params
}

fn parameter(c: &mut Cursor) -> Option<Parameter> {
    let mut mode = String::from("in");
    let ends_after = |c: &Cursor, by: usize| c.is_symbol_ahead(by, ",") || c.is_symbol_ahead(by, ")");
    if c.is_any_word(&["in", "out", "inout", "variadic"]) && !ends_after(c, 1) {
        mode = lower(c);
        c.advance();
        if mode == "in" && c.eat_word("out") {
            mode = "inout".into();
        }
    }
    // `name type` or `type` alone: with one word (or a known pair of words) left before the end it is a type.
    let mark = c.mark();
    let errors = c.errors.len();
    let name = ident(c);
    let at_end = |c: &Cursor| c.is_symbol(",") || c.is_symbol(")") || c.is_symbol("=") || c.is_symbol(":=") || c.is_word("default");
    let mut named = name.is_some() && !at_end(c) && !c.is_symbol("(") && !c.is_symbol("[") && !c.is_symbol(".");
    let mut ty = None;
    if named {
        ty = parse_type(c);
        named = ty.is_some() && (at_end(c) || mysql(c) || c.at_statement_end());
    }
    let first = name.as_ref().map(|n| n.value.to_lowercase()).unwrap_or_default();
    let two_words = !name.as_ref().is_some_and(|n| n.quoted)
        && ty.as_ref().is_some_and(|t| {
            matches!(
                (first.as_str(), t.name.last().value.as_str()),
                ("double", "precision") | ("character" | "bit", "varying") | ("national", "character" | "char")
            )
        });
    let timestamp = matches!(first.as_str(), "timestamp" | "time") && ty.as_ref().is_some_and(|t| t.name.last().value.starts_with("with"));
    if !named || two_words || timestamp {
        c.reset(mark);
        c.errors.truncate(errors);
        ty = parse_type(c);
    }
    let name = if named && !two_words && !timestamp { name } else { None };
    if c.eat_word("collate") {
        ident(c);
    }
    if mysql(c) {
        while !at_end(c) && !c.at_statement_end() {
            // CHARACTER SET and the like.
            text::take_group(c);
        }
    }
    let has_default = c.eat_word("default") || c.eat_symbol("=") || c.eat_symbol(":=");
    let default = has_default.then(|| text::until(c, |_| false));
    Some(Parameter { mode, name, ty: ty?, default })
}

/// RETURNS, LANGUAGE, AS, ... in any order, and the body.
fn characteristics(c: &mut Cursor, f: &mut CreateFunction) {
    while !c.at_statement_end() {
        let before = c.mark();
        match lower(c).as_str() {
            "returns" if c.eat_words(&["returns", "null", "on", "null", "input"]) => f.strict = true,
            "returns" => {
                c.advance();
                returns(c, f);
            }
            "language" => {
                c.advance();
                f.language = text::string(c).or_else(|| ident(c).map(|i| i.value)).unwrap_or_default().to_lowercase();
            }
            "strict" => {
                c.advance();
                f.strict = true;
            }
            "called" => {
                c.eat_words(&["called", "on", "null", "input"]);
            }
            "security" | "external" | "sql" if c.is_word_ahead(1, "security") || c.is_word("security") => {
                c.eat_any_word(&["external", "sql"]);
                c.eat_word("security");
                f.definer = c.is_word("definer");
                c.advance();
            }
            "set" if postgres(c) => f.settings.extend(setting(c)),
            "as" if postgres(c) => {
                c.advance();
                f.body = text::string(c).unwrap_or_default();
                if c.eat_symbol(",") {
                    text::string(c);
                }
            }
            "return" => {
                f.sql_body = postgres(c);
                f.body = text::rest(c);
            }
            "begin" if postgres(c) => {
                f.sql_body = true;
                f.body = compound(c).slice(c.text).to_string();
            }
            "comment" => {
                c.advance();
                text::string(c);
            }
            "immutable" | "stable" | "volatile" | "leakproof" | "window" | "deterministic" => {
                c.advance();
            }
            "not" | "parallel" | "cost" | "rows" | "support" | "transform" => {
                c.advance();
                text::take_group(c);
            }
            "contains" | "no" | "reads" | "modifies" if mysql(c) => {
                c.advance();
                c.eat_word("sql");
                c.eat_word("data");
            }
            _ if mysql(c) => {
                f.body = body(c).slice(c.text).to_string();
                return;
            }
            _ => {
                c.error_here("not understood in a function definition");
                text::take_group(c);
            }
        }
        if c.mark() == before {
            c.advance();
        }
    }
    if f.sql_body && f.language.is_empty() {
        f.language = "sql".into();
    }
}

fn returns(c: &mut Cursor, f: &mut CreateFunction) {
    if c.is_word("table") && c.is_symbol_ahead(1, "(") {
        c.eat_word("table");
        c.eat_symbol("(");
        f.returns_set = true;
        while !c.at_statement_end() && !c.eat_symbol(")") {
            if c.eat_symbol(",") {
                continue;
            }
            match (ident(c), parse_type(c)) {
                (Some(name), Some(ty)) => f.columns.push((name, ty)),
                _ => text::take_group(c),
            }
        }
        return;
    }
    f.returns_set = c.eat_word("setof");
    f.returns = parse_type(c);
    if c.eat_symbol("%") {
        c.eat_word("type");
    }
    if mysql(c) {
        while c.is_any_word(&["character", "charset", "collate"]) {
            c.eat_words(&["character", "set"]);
            c.eat_any_word(&["charset", "collate"]);
            c.advance();
        }
    }
}

/// `SET name = value`, `SET name TO value`.
fn setting(c: &mut Cursor) -> Option<(String, String)> {
    c.eat_word("set");
    let name = super::name(c)?.parts.iter().map(|p| p.value.to_lowercase()).collect::<Vec<_>>().join(".");
    if c.eat_words(&["from", "current"]) {
        return Some((name, String::new()));
    }
    let _ = c.eat_word("to") || c.eat_symbol("=");
    let start = c.start();
    text::take_group(c);
    while c.eat_symbol(",") {
        text::take_group(c);
    }
    Some((name, c.span_from(start).slice(c.text).to_string()))
}

/// The body of a routine, trigger or event of the MySQL family, or of an SQLite trigger.
fn body(c: &mut Cursor) -> Span {
    let labelled = c.token().kind == TokenKind::Word && c.is_symbol_ahead(1, ":");
    let first = if labelled { 2 } else { 0 };
    if any_word_ahead(c, first, &["begin", "if", "case", "loop", "repeat", "while", "for"]) {
        return compound(c);
    }
    let start = c.start();
    c.skip_statement();
    c.span_from(start)
}

/// A compound statement to its END, over the semicolons inside.
///
/// IF, LOOP, REPEAT, WHILE and FOR open a block only where a statement starts (IF and REPEAT are functions
/// too); CASE and BEGIN open one anywhere.
fn compound(c: &mut Cursor) -> Span {
    let start = c.start();
    let mut depth = 0u32;
    let mut statement_start = true;
    while !c.at_end() {
        let word = lower(c);
        let opens = match word.as_str() {
            "begin" | "case" => true,
            "if" | "loop" | "repeat" | "while" | "for" => statement_start && mysql(c),
            _ => false,
        };
        if word == "end" {
            c.advance();
            c.eat_any_word(&["if", "case", "loop", "repeat", "while", "for"]);
            depth = depth.saturating_sub(1);
            if depth == 0 {
                // An end label.
                if mysql(c) && c.token().kind == TokenKind::Word {
                    c.advance();
                }
                break;
            }
            statement_start = false;
            continue;
        }
        if opens {
            depth += 1;
        } else if depth == 0 && c.is_symbol(";") {
            break;
        }
        let in_do_loop = matches!(word.as_str(), "while" | "for") && opens;
        statement_start =
            c.is_symbol(";") || c.is_symbol(":") || matches!(word.as_str(), "begin" | "then" | "else" | "do" | "loop" | "repeat");
        if in_do_loop {
            statement_start = false;
        }
        c.advance();
    }
    c.span_from(start)
}

/// CREATE TRIGGER from TRIGGER on.
pub(super) fn create_trigger(c: &mut Cursor, or_replace: bool) -> Ddl {
    c.advance();
    let if_not_exists = if_not_exists(c);
    let name = expect_name(c);
    let mut timing = if postgres(c) { String::new() } else { "before".into() };
    if c.eat_words(&["instead", "of"]) {
        timing = "instead of".into();
    } else if let Some(word) = c.eat_any_word(&["before", "after"]) {
        timing = word;
    }
    let mut events = Vec::new();
    let mut columns = Vec::new();
    while let Some(event) = c.eat_any_word(&["insert", "update", "delete", "truncate"]) {
        if event == "update" && c.eat_word("of") {
            while let Some(column) = ident(c) {
                columns.push(column);
                if !c.eat_symbol(",") {
                    break;
                }
            }
        }
        events.push(event);
        c.eat_word("or");
    }
    c.expect_word("on");
    let table = expect_name(c);
    let mut trigger = CreateTrigger {
        name,
        table,
        or_replace,
        if_not_exists,
        timing,
        events,
        columns,
        // SQLite's and MySQL's triggers are for each row always.
        for_each_row: !postgres(c),
        when: None,
        function: None,
        body: String::new(),
    };
    trigger_tail(c, &mut trigger);
    Ddl::CreateTrigger(Box::new(trigger))
}

fn trigger_tail(c: &mut Cursor, trigger: &mut CreateTrigger) {
    while !c.at_statement_end() {
        if c.eat_word("for") {
            c.eat_word("each");
            trigger.for_each_row = c.eat_word("row");
            if !trigger.for_each_row {
                c.eat_word("statement");
            }
        } else if c.is_word("when") {
            c.advance();
            let when = if postgres(c) {
                text::parenthesis(c)
            } else {
                let start = c.start();
                while !c.at_statement_end() && !c.is_word("begin") {
                    text::take_group(c);
                }
                Some(c.span_from(start).slice(c.text).trim().to_string())
            };
            trigger.when = when;
        } else if postgres(c) && c.eat_word("execute") {
            c.eat_any_word(&["function", "procedure"]);
            trigger.function = super::name(c);
            if c.is_symbol("(") {
                text::take_group(c);
            }
        } else if postgres(c) {
            // FROM table, DEFERRABLE, REFERENCING ...
            text::take_group(c);
        } else {
            if c.eat_any_word(&["follows", "precedes"]).is_some() {
                ident(c);
            }
            trigger.body = body(c).slice(c.text).to_string();
            return;
        }
    }
}

/// CREATE EVENT: its body may hold semicolons.
pub(super) fn create_event(c: &mut Cursor) -> Ddl {
    while !c.at_statement_end() && !c.is_word("do") {
        text::take_group(c);
    }
    if c.eat_word("do") {
        body(c);
    }
    Ddl::Other("create event".into())
}

/// The argument types that DROP and ALTER FUNCTION name.
pub(super) fn signature(c: &mut Cursor) -> Option<Signature> {
    let name = super::name(c)?;
    if !c.is_symbol("(") {
        return Some(Signature { name, args: None });
    }
    if c.is_symbol_ahead(1, "*") {
        text::take_group(c);
        return Some(Signature { name, args: Some(Vec::new()) });
    }
    let args = parameters(c).into_iter().filter(|p| p.mode != "out").map(|p| p.ty).collect();
    Some(Signature { name, args: Some(args) })
}

/// ALTER FUNCTION, PROCEDURE, ROUTINE, AGGREGATE from that word on.
pub(super) fn alter_function(c: &mut Cursor) -> Ddl {
    let kind = match lower(c).as_str() {
        "procedure" => DdlObject::Procedure,
        "aggregate" => DdlObject::Aggregate,
        "routine" => DdlObject::Routine,
        _ => DdlObject::Function,
    };
    c.advance();
    let if_exists = if_exists(c);
    let Some(target) = signature(c) else { return other(c) };
    if c.eat_words(&["rename", "to"]) {
        return Ddl::Rename { kind, target, table: None, to: expect_ident(c), if_exists };
    }
    if c.eat_words(&["set", "schema"]) {
        return Ddl::SetSchema { kind, target, schema: expect_ident(c), if_exists };
    }
    let (mut definer, mut strict, mut settings) = (None, None, Vec::new());
    while !c.at_statement_end() {
        if c.eat_word("security") {
            definer = Some(c.is_word("definer"));
            c.advance();
        } else if c.eat_word("strict") || c.eat_words(&["returns", "null", "on", "null", "input"]) {
            strict = Some(true);
        } else if c.eat_words(&["called", "on", "null", "input"]) {
            strict = Some(false);
        } else if c.is_word("set") {
            settings.extend(setting(c));
        } else {
            text::take_group(c);
        }
    }
    Ddl::AlterFunction { target, procedure: kind == DdlObject::Procedure, definer, strict, settings }
}
