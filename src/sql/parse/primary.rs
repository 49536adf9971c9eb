//! Operands: literals, names, parentheses, CASE, and what stands before an operand.

use super::cursor::Cursor;
use super::expr::{self, above, close, parse_expression, unparsed};
use super::operator::power;
use super::{call, keywords, literal, query, types};
use crate::sql::ast::{Expr, ExprKind, Literal, Name};
use crate::sql::lexer::TokenKind;

/// Names that are read as a call without parentheses.
const BARE_CALLS: &[&str] = &[
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "localtime",
    "localtimestamp",
    "session_user",
    "system_user",
    "utc_date",
    "utc_time",
    "utc_timestamp",
];

/// Reads an operand with its prefix operators.
pub fn prefix(c: &mut Cursor) -> Expr {
    let start = c.start();
    let token = c.token();
    let (op, bound) = match token.kind {
        TokenKind::Operator => match c.source(token) {
            "*" => {
                c.advance();
                return Expr { kind: ExprKind::Star, span: token.span };
            }
            op @ ("-" | "+") => (op, power::SIGN),
            op @ ("~" | "!") if !c.postgres() => (op, power::SIGN),
            "=" | "<>" | "!=" | "<" | ">" | "<=" | ">=" | "::" | "||" | "/" | "%" | "%%" => return primary(c),
            op if c.postgres() => (op, power::OTHER),
            _ => return primary(c),
        },
        TokenKind::Word if c.is_word("not") => ("not", power::NOT),
        TokenKind::Word if c.mysql() && c.is_word("binary") && !c.is_symbol_ahead(1, ".") && !c.is_symbol_ahead(1, ",") => {
            ("binary", power::SIGN)
        }
        TokenKind::Word if c.postgres() && c.is_word("prior") && c.is_plain_name_ahead(1) => ("prior", power::SIGN),
        _ => return primary(c),
    };
    c.advance();
    let expr = Box::new(above(c, bound));
    Expr { kind: ExprKind::Unary { op: op.to_string(), expr }, span: c.span_from(start) }
}

/// Reads an operand without prefix and infix operators.
pub fn primary(c: &mut Cursor) -> Expr {
    let token = c.token();
    let literal = match token.kind {
        TokenKind::Word => return word(c),
        TokenKind::QuotedName => return call::name_or_call(c),
        TokenKind::Punct => return punctuation(c),
        TokenKind::Number => Literal::Number(c.source(token).to_string()),
        TokenKind::Bits => Literal::Bits(c.source(token).to_string()),
        TokenKind::String | TokenKind::DoubleQuotedString => return string(c),
        TokenKind::Param => {
            c.advance();
            return Expr { kind: ExprKind::Param(c.source(token).to_string()), span: token.span };
        }
        TokenKind::Variable => {
            c.advance();
            return Expr { kind: ExprKind::Variable(c.source(token).to_string()), span: token.span };
        }
        TokenKind::Error => {
            c.error_here("not a token of the language");
            c.advance();
            return unparsed(c, token.span.start);
        }
        TokenKind::Operator | TokenKind::CopyData | TokenKind::End => return missing(c),
    };
    c.advance();
    Expr { kind: ExprKind::Literal(literal), span: token.span }
}

fn missing(c: &mut Cursor) -> Expr {
    c.error_here("expected an expression");
    let start = c.start();
    unparsed(c, start)
}

/// A string; neighbouring strings are one.
fn string(c: &mut Cursor) -> Expr {
    let first = c.advance();
    let mut value = literal::decode(c.source(first), c.dialect);
    let mut span = first.span;
    while !c.sqlite() && c.token().kind == first.kind {
        let between = crate::model::span::Span { start: span.end, end: c.start() };
        if c.postgres() && !between.slice(c.text).contains('\n') {
            break;
        }
        let next = c.advance();
        value.push_str(&literal::decode(c.source(next), c.dialect));
        span = span.to(next.span);
    }
    let double_quoted = first.kind == TokenKind::DoubleQuotedString;
    Expr { kind: ExprKind::Literal(Literal::String { value, double_quoted }), span }
}

fn punctuation(c: &mut Cursor) -> Expr {
    let token = c.token();
    match c.source(token) {
        "(" => parenthesis(c),
        // An unreplaced part of a format string or an ODBC escape.
        "{" => {
            while !c.at_statement_end() && !c.is_symbol("}") && !c.is_symbol(")") {
                c.advance();
            }
            c.expect_symbol("}");
            Expr { kind: ExprKind::Hole, span: c.span_from(token.span.start) }
        }
        // A variable of psql: :'name'.
        ":" if matches!(c.ahead(1).kind, TokenKind::String | TokenKind::QuotedName) => {
            c.advance();
            c.advance();
            let span = c.span_from(token.span.start);
            Expr { kind: ExprKind::Param(span.slice(c.text).to_string()), span }
        }
        ":" if c.is_hole_ahead(1) => {
            c.advance();
            c.advance();
            Expr { kind: ExprKind::Hole, span: c.span_from(token.span.start) }
        }
        _ => missing(c),
    }
}

/// `(query)`, `(a)`, `(a, b)`.
fn parenthesis(c: &mut Cursor) -> Expr {
    let start = c.start();
    if query::begins_in_parenthesis(c) {
        let query = query::parenthesised(c);
        return Expr { kind: ExprKind::Subquery(Box::new(query)), span: c.span_from(start) };
    }
    c.advance();
    if c.eat_symbol(")") {
        return Expr { kind: ExprKind::Row(Vec::new()), span: c.span_from(start) };
    }
    let mut items = expr::list(c);
    if items.len() == 1 && matches!(items[0].kind, ExprKind::Subquery(_)) {
        // `((SELECT a) UNION SELECT b)`, `((SELECT a))`.
        if let Some(Expr { kind: ExprKind::Subquery(inner), span }) = items.pop() {
            let query = query::continued(c, *inner, span);
            close(c);
            return Expr { kind: ExprKind::Subquery(Box::new(query)), span: c.span_from(start) };
        }
    }
    close(c);
    let kind = match items.pop() {
        Some(only) if items.is_empty() => ExprKind::Paren(Box::new(only)),
        last => {
            items.extend(last);
            ExprKind::Row(items)
        }
    };
    Expr { kind, span: c.span_from(start) }
}

fn word(c: &mut Cursor) -> Expr {
    let token = c.token();
    let source = c.source(token);
    let start = token.span.start;
    if c.is_hole() && !c.is_symbol_ahead(1, ".") && !c.is_symbol_ahead(1, "(") {
        c.advance();
        return Expr { kind: ExprKind::Hole, span: token.span };
    }
    let dotted = c.is_symbol_ahead(1, ".");
    let called = c.is_symbol_ahead(1, "(");
    let first = source.as_bytes().first().map_or(0, u8::to_ascii_lowercase);
    let simple = |c: &mut Cursor, kind| {
        c.advance();
        Expr { kind, span: token.span }
    };
    if dotted && !keywords::begins_clause(source) {
        return call::name_or_call(c);
    }
    match first {
        b'n' if c.is_word("null") => simple(c, ExprKind::Literal(Literal::Null)),
        b't' if c.is_word("true") => simple(c, ExprKind::Literal(Literal::Bool(true))),
        b'f' if c.is_word("false") => simple(c, ExprKind::Literal(Literal::Bool(false))),
        b'd' if c.is_word("default") && !called => simple(c, ExprKind::Default),
        b'c' if c.is_word("case") => case(c),
        b'e' if c.is_word("exists") && called => {
            c.advance();
            let kind = if c.is_hole_ahead(1) && c.is_symbol_ahead(2, ")") || query::begins_in_parenthesis(c) {
                ExprKind::Exists(Box::new(query::parenthesised(c)))
            } else {
                let inner = parenthesis(c);
                match inner.kind {
                    ExprKind::Subquery(query) => ExprKind::Exists(query),
                    _ => ExprKind::Unary { op: "exists".into(), expr: Box::new(inner) },
                }
            };
            Expr { kind, span: c.span_from(start) }
        }
        b'a' if c.is_word("array") && c.is_symbol_ahead(1, "[") => {
            c.advance();
            array(c)
        }
        b'a' if c.is_word("array") && called => {
            c.advance();
            if query::begins_in_parenthesis(c) {
                let query = query::parenthesised(c);
                return Expr { kind: ExprKind::ArraySubquery(Box::new(query)), span: c.span_from(start) };
            }
            parenthesis(c)
        }
        b'r' if c.is_word("row") && called => {
            c.advance();
            let inner = parenthesis(c);
            let items = match inner.kind {
                ExprKind::Row(items) => items,
                ExprKind::Paren(only) => vec![*only],
                _ => vec![inner],
            };
            Expr { kind: ExprKind::Row(items), span: c.span_from(start) }
        }
        b'i' if c.is_word("interval") => interval(c),
        b's' if c.is_word("select") => {
            // A subquery that lost its parentheses.
            c.error_here("expected \"(\" before SELECT");
            let query = query::parse_query(c);
            Expr { kind: ExprKind::Subquery(Box::new(query)), span: c.span_from(start) }
        }
        b'n' if c.are_words(&["next", "value", "for"]) || c.are_words(&["nextval", "for"]) => sequence_value(c),
        b'c' if c.are_words(&["collation", "for"]) && c.is_symbol_ahead(2, "(") => {
            let name = c.name();
            c.advance();
            match name {
                Some(name) => call::arguments_of(c, name, start),
                None => missing(c),
            }
        }
        b'c' | b'l' | b's' | b'u' if !called && is_bare_call(c, source) => bare_call(c),
        _ => named(c),
    }
}

fn is_bare_call(c: &Cursor, source: &str) -> bool {
    (source.contains('_') || !c.sqlite()) && BARE_CALLS.iter().any(|name| source.eq_ignore_ascii_case(name))
        || c.postgres() && source.eq_ignore_ascii_case("user")
}

fn bare_call(c: &mut Cursor) -> Expr {
    let start = c.start();
    let token = c.advance();
    let mut ident = c.ident_of(token);
    ident.value = ident.value.to_lowercase();
    let mut function = expr::call(Name { parts: vec![ident] }, Vec::new());
    function.bare = true;
    Expr { kind: ExprKind::Function(Box::new(function)), span: c.span_from(start) }
}

/// A column, a call, or `type 'literal'`.
fn named(c: &mut Cursor) -> Expr {
    let start = c.start();
    let source = c.source(c.token());
    let called = c.is_symbol_ahead(1, "(");
    if keywords::is_reserved(source, c.dialect.engine) && !(called && call::may_be_called(source)) {
        return missing(c);
    }
    if let Some(cast) = typed_literal(c, start) {
        return cast;
    }
    call::name_or_call(c)
}

/// `DATE '2024-01-01'`, `timestamp with time zone '...'`, `float8 '1'`.
fn typed_literal(c: &mut Cursor, start: u32) -> Option<Expr> {
    let next = c.ahead(1);
    let words = match next.kind {
        TokenKind::String => c.postgres() || c.mysql() && ["date", "time", "timestamp"].iter().any(|w| c.is_word(w)),
        TokenKind::Word => c.postgres() && (c.are_words(&["double", "precision"]) || c.are_words(&["character", "varying"]) || zoned(c)),
        TokenKind::Punct => c.postgres() && zoned(c),
        _ => false,
    };
    if !words {
        return None;
    }
    let (mark, errors) = (c.mark(), c.errors.len());
    if let Some(ty) = types::parse_type(c)
        && c.token().kind == TokenKind::String
    {
        let expr = Box::new(string(c));
        return Some(Expr { kind: ExprKind::Cast { expr, ty }, span: c.span_from(start) });
    }
    c.reset(mark);
    c.errors.truncate(errors);
    None
}

fn zoned(c: &Cursor) -> bool {
    c.is_any_word(&["time", "timestamp"]) && (c.is_word_ahead(1, "with") || c.is_word_ahead(1, "without") || c.is_symbol_ahead(1, "("))
}

/// `INTERVAL '1 day'`, `INTERVAL '1' DAY`, `INTERVAL ? DAY`, `INTERVAL(3) '...'`; else a name.
fn interval(c: &mut Cursor) -> Expr {
    let start = c.start();
    let next = c.ahead(1);
    let begins = match next.kind {
        TokenKind::String | TokenKind::DoubleQuotedString | TokenKind::Number | TokenKind::Param | TokenKind::Variable => true,
        TokenKind::Word | TokenKind::QuotedName => c.mysql() && !keywords::begins_clause(c.source(next)) || c.is_hole_ahead(1),
        TokenKind::Operator => matches!(c.source(next), "-" | "+"),
        TokenKind::Punct => c.source(next) == "(" && (c.mysql() || c.postgres()),
        _ => false,
    };
    if !begins {
        return call::name_or_call(c);
    }
    c.advance();
    if c.postgres() && c.is_symbol("(") && c.ahead(3).kind == TokenKind::String {
        c.advance();
        c.skip_parenthesis();
    }
    let value = Box::new(if c.mysql() { above(c, power::ADD) } else { prefix(c) });
    let mut unit = String::new();
    let is_unit = |c: &Cursor| {
        c.token().kind == TokenKind::Word
            && ["year", "quarter", "month", "week", "day", "hour", "minute", "second", "microsecond"]
                .iter()
                .any(|u| c.source(c.token()).get(..u.len()).is_some_and(|s| s.eq_ignore_ascii_case(u)))
    };
    if c.is_hole() && !super::operator::begins_operand(c, 1) {
        c.advance();
    } else if is_unit(c) {
        unit = c.take().to_lowercase();
        if c.is_word("to") {
            c.advance();
            unit.push_str(" to ");
            unit.push_str(&c.take().to_lowercase());
        }
        if c.postgres() && c.eat_symbol("(") {
            c.skip_parenthesis();
        }
    }
    Expr { kind: ExprKind::Interval { value, unit }, span: c.span_from(start) }
}

/// `NEXT VALUE FOR seq` (MariaDB, standard): nextval of the sequence's name.
fn sequence_value(c: &mut Cursor) -> Expr {
    let start = c.start();
    let first = c.advance();
    while !c.eat_word("for") && !c.at_statement_end() {
        c.advance();
    }
    let mut ident = c.ident_of(first);
    ident.value = "nextval".into();
    let at = c.start();
    let args = match c.name() {
        Some(name) => {
            let value = name.parts.iter().map(|p| p.value.as_str()).collect::<Vec<_>>().join(".");
            vec![Expr { kind: ExprKind::Literal(Literal::String { value, double_quoted: false }), span: c.span_from(at) }]
        }
        None => vec![missing(c)],
    };
    let function = expr::call(Name { parts: vec![ident] }, args);
    Expr { kind: ExprKind::Function(Box::new(function)), span: c.span_from(start) }
}

/// After ARRAY, or inside another array: `[a, [b]]`.
fn array(c: &mut Cursor) -> Expr {
    let start = c.previous().filter(|t| c.source(*t).eq_ignore_ascii_case("array")).map_or(c.start(), |t| t.span.start);
    c.advance();
    let mut items = Vec::new();
    while !c.is_symbol("]") && !c.at_statement_end() {
        let before = c.mark();
        if c.is_symbol("[") {
            let inner = c.deeper(1, array);
            items.extend(inner);
        } else {
            let item = parse_expression(c);
            items.push(expr::rest_of_item(c, item, false));
        }
        if !c.eat_symbol(",") || c.mark() == before {
            break;
        }
    }
    c.expect_symbol("]");
    Expr { kind: ExprKind::Array(items), span: c.span_from(start) }
}

fn case(c: &mut Cursor) -> Expr {
    let start = c.start();
    c.advance();
    let operand = (!c.is_word("when")).then(|| Box::new(parse_expression(c)));
    let mut arms = Vec::new();
    loop {
        if c.eat_word("when") {
            let when = parse_expression(c);
            let when = expr::rest_of_item(c, when, true);
            c.expect_word("then");
            let then = parse_expression(c);
            arms.push((when, expr::rest_of_item(c, then, true)));
        } else if c.is_hole() {
            c.advance();
        } else {
            break;
        }
    }
    let otherwise = c.eat_word("else").then(|| {
        let value = parse_expression(c);
        Box::new(expr::rest_of_item(c, value, true))
    });
    if !c.eat_word("end") {
        c.error_here("expected END");
    }
    Expr { kind: ExprKind::Case { operand, arms, otherwise }, span: c.span_from(start) }
}
