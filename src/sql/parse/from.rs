//! FROM: tables, subqueries, table functions, and joins.

use super::cursor::Cursor;
use super::expr::{self, binary, close, parse_expression};
use super::{call, keywords, literal, query, types};
use crate::model::span::Span;
use crate::sql::ast::{Expr, ExprKind, FromItem, Ident, JoinKind, Name, Query, Select, SelectItem, SetExpr, TableAlias, TypeName};
use crate::sql::lexer::TokenKind;

/// Most joins in a row; what follows begins a new item.
const MAX_JOINS: usize = 64;

/// Levels of [`super::cursor::MAX_DEPTH`] that a parenthesis around joins costs.
const PARENTHESIS_DEPTH: u32 = 6;

/// Reads the items of FROM, USING or a multi-table UPDATE.
pub fn from_list(c: &mut Cursor) -> Vec<FromItem> {
    let mut items = Vec::new();
    // The table of MySQL and MariaDB that is none.
    if c.mysql() && c.eat_word("dual") {
        return items;
    }
    loop {
        if c.at_statement_end() || c.is_symbol(")") || at_clause(c) {
            c.error_here("expected a table");
            return items;
        }
        let before = c.mark();
        items.push(from_item(c));
        while begins_join(c) {
            // More joins than one tree should hold.
            more_joins(c, &mut items, true);
        }
        if !c.eat_symbol(",") || c.mark() == before {
            return items;
        }
    }
}

fn at_clause(c: &Cursor) -> bool {
    let token = c.token();
    token.kind == TokenKind::Word && keywords::begins_clause(c.source(token)) && !c.is_plain_name() && !c.is_symbol_ahead(1, "(")
}

/// Reads an item with its joins.
pub fn from_item(c: &mut Cursor) -> FromItem {
    let left = table(c);
    joins(c, left, false)
}

/// At a word that begins a join.
pub fn begins_join(c: &Cursor) -> bool {
    let by = usize::from(c.is_word("natural"));
    let is = |by, word| c.is_word_ahead(by, word);
    is(by, "join")
        || is(by, "straight_join")
        || (is(by, "inner") || is(by, "cross")) && is(by + 1, "join")
        || (is(by, "left") || is(by, "right") || is(by, "full")) && (is(by + 1, "join") || is(by + 1, "outer"))
}

/// Reads joins that continue the last item of a list, or with `apart` make a new one.
pub fn more_joins(c: &mut Cursor, from: &mut Vec<FromItem>, apart: bool) {
    let last = if apart { None } else { from.pop() };
    let left = last.unwrap_or(FromItem::Hole(Span { start: c.start(), end: c.start() }));
    from.push(joins(c, left, false));
}

/// `nested`: on the right of a join whose ON is still to come.
fn joins(c: &mut Cursor, mut left: FromItem, nested: bool) -> FromItem {
    for _ in 0..MAX_JOINS {
        if c.is_hole() && !c.is_word_ahead(1, "select") {
            let span = c.token().span;
            c.advance();
            if c.is_word("on") && !nested {
                // The hole is `JOIN table`.
                left = join(c, left, FromItem::Hole(span), JoinKind::Inner, false);
            } else if c.is_plain_name() && !c.is_hole() && !keywords::ends_table(c.source(c.token()), c.dialect.engine) {
                // The hole is `JOIN`, or a whole one.
                let right = table(c);
                left = join(c, left, right, JoinKind::Inner, false);
            }
            continue;
        }
        if !begins_join(c) {
            return left;
        }
        let natural = c.eat_word("natural");
        let kind = match c.eat_any_word(&["inner", "cross", "left", "right", "full"]).as_deref() {
            Some("left") => JoinKind::Left,
            Some("right") => JoinKind::Right,
            Some("full") => JoinKind::Full,
            Some("cross") => JoinKind::Cross,
            _ => JoinKind::Inner,
        };
        c.eat_word("outer");
        if c.eat_any_word(&["join", "straight_join"]).is_none() {
            c.error_here("expected JOIN");
        }
        let mut right = table(c);
        let conditional = !natural && kind != JoinKind::Cross;
        if conditional && begins_join(c) && c.postgres() {
            // `a JOIN b JOIN c ON ... ON ...`: the ON of the outer join comes last.
            let from = c.start();
            right = c.deeper(PARENTHESIS_DEPTH, |c| joins(c, right, true)).unwrap_or(FromItem::Hole(Span { start: from, end: from }));
        }
        left = join(c, left, right, kind, natural);
        if nested && at_condition(c) {
            return left;
        }
        if at_condition(c) {
            second_condition(c, &mut left);
        }
    }
    if begins_join(c) {
        c.error_here("too many joins");
    }
    left
}

/// At an ON that belongs to a join: ON CONFLICT and ON DUPLICATE KEY are the statement's.
fn at_condition(c: &Cursor) -> bool {
    let conflict = c.is_word_ahead(1, "conflict") && !c.is_symbol_ahead(2, ".");
    let duplicate = c.is_word_ahead(1, "duplicate") && c.is_word_ahead(2, "key");
    c.is_word("on") && !conflict && !duplicate
}

/// A join with its ON or USING.
fn join(c: &mut Cursor, left: FromItem, right: FromItem, kind: JoinKind, natural: bool) -> FromItem {
    let mut on = None;
    let mut using = Vec::new();
    let mut using_alias = None;
    if c.is_hole() && c.is_word_ahead(1, "on") {
        c.advance();
    }
    if c.eat_word("on") {
        on = Some(expr::condition(c));
    } else if c.is_word("using") && (c.is_symbol_ahead(1, "(") || c.is_hole_ahead(1)) {
        c.advance();
        using = column_names(c);
        if c.eat_word("as") {
            using_alias = c.ident();
        }
    }
    FromItem::Join { left: Box::new(left), right: Box::new(right), kind, natural, using, on, using_alias }
}

/// `a JOIN b JOIN c ON x ON y` where the engine takes a join without ON: both conditions hold.
fn second_condition(c: &mut Cursor, join: &mut FromItem) {
    c.advance();
    let more = expr::condition(c);
    if let FromItem::Join { on, .. } = join {
        *on = Some(match on.take() {
            Some(first) => binary("and".into(), first, more),
            None => more,
        });
    }
}

fn table(c: &mut Cursor) -> FromItem {
    let start = c.start();
    let lateral = c.is_word("lateral") && c.ahead(1).kind != TokenKind::Operator && c.eat_word("lateral");
    if c.is_symbol("(") {
        return parenthesis(c, lateral);
    }
    if c.is_word("rows") && c.is_word_ahead(1, "from") && c.is_symbol_ahead(2, "(") {
        c.advance();
        c.advance();
        let calls = rows_from(c);
        let call = Expr { kind: ExprKind::Row(calls), span: c.span_from(start) };
        return function(c, lateral, call, Vec::new());
    }
    if c.is_any_word(&["json_table", "xmltable"]) && c.is_symbol_ahead(1, "(") {
        return document_table(c, lateral);
    }
    let only = c.is_word("only") && !c.is_symbol_ahead(1, ",") && c.eat_word("only");
    if only && c.eat_symbol("(") {
        let name = table_name(c);
        close(c);
        return named(c, name, true, start);
    }
    let mark = c.mark();
    let name = table_name(c);
    let keyword = name.as_ref().is_some_and(|n| n.parts.len() == 1 && n.last().value.eq_ignore_ascii_case("values"));
    if c.is_symbol("(") && name.is_some() && !keyword {
        c.reset(mark);
        let call = call::name_or_call(c);
        return function(c, lateral, call, Vec::new());
    }
    named(c, name, only, start)
}

/// The name was read (or not found): what follows a table.
fn named(c: &mut Cursor, name: Option<Name>, only: bool, start: u32) -> FromItem {
    let Some(name) = name else {
        if is_value_function(c) {
            let call = super::primary::primary(c);
            return function(c, false, call, Vec::new());
        }
        c.error_here("expected a table");
        return FromItem::Hole(Span { start, end: start });
    };
    if c.is_symbol("*") && c.postgres() {
        c.advance();
    }
    let partitions = if c.is_word("partition") && c.is_symbol_ahead(1, "(") {
        c.advance();
        column_names(c)
    } else {
        Vec::new()
    };
    system_time(c);
    sample(c);
    let alias = alias(c);
    sample(c);
    let index_hints = index_hints(c);
    FromItem::Table { name, only, alias, index_hints, partitions }
}

/// `FROM current_date`.
fn is_value_function(c: &Cursor) -> bool {
    c.token().kind == TokenKind::Word && c.source(c.token()).get(..8).is_some_and(|w| w.eq_ignore_ascii_case("current_"))
}

/// Reads the name of a table; placeholders stand for unknown names.
pub fn table_name(c: &mut Cursor) -> Option<Name> {
    let token = c.token();
    let mut name = match token.kind {
        TokenKind::Word if keywords::is_reserved(c.source(token), c.dialect.engine) && !c.is_symbol_ahead(1, ".") => return None,
        TokenKind::Word | TokenKind::QuotedName => c.name()?,
        TokenKind::Param => {
            c.advance();
            Name { parts: vec![query::hole_ident(token.span)] }
        }
        TokenKind::Punct if c.source(token) == "{" => Name { parts: vec![braces(c)?] },
        TokenKind::String | TokenKind::DoubleQuotedString => {
            // SQLite takes a string for a name where only a name can stand.
            if !c.sqlite() {
                c.error_here("expected a table");
            }
            c.advance();
            let value = literal::decode(c.source(token), c.dialect);
            Name { parts: vec![Ident { value, quoted: true, span: token.span }] }
        }
        _ => return None,
    };
    while c.is_symbol(".") && name.parts.len() < 4 {
        if c.ahead(1).kind == TokenKind::Param {
            c.advance();
            name.parts.push(query::hole_ident(c.token().span));
            c.advance();
        } else if c.is_symbol_ahead(1, "{") {
            c.advance();
            name.parts.extend(braces(c));
        } else if matches!(c.ahead(1).kind, TokenKind::Word | TokenKind::QuotedName) {
            c.advance();
            name.parts.extend(c.ident());
        } else {
            c.error_here("expected a name after \".\"");
            c.advance();
        }
    }
    Some(name)
}

/// `{name}`: an unreplaced part of a format string.
fn braces(c: &mut Cursor) -> Option<Ident> {
    let start = c.start();
    if !(c.is_symbol_ahead(1, "}") || c.is_symbol_ahead(2, "}")) {
        return None;
    }
    while !c.eat_symbol("}") {
        c.advance();
    }
    Some(query::hole_ident(c.span_from(start)))
}

/// `(query)`, `(a JOIN b ...)`, `((...))`.
fn parenthesis(c: &mut Cursor, lateral: bool) -> FromItem {
    let start = c.start();
    let values = c.is_word_ahead(1, "values") && (c.is_symbol_ahead(2, "(") || c.is_word_ahead(2, "row"));
    let lone_hole = c.is_hole_ahead(1) && query::hole_is_query(c, 1);
    if values || lone_hole || query::begins_in_parenthesis(c) {
        let query = query::parenthesised(c);
        return derived(c, lateral, query);
    }
    c.advance();
    let inner = c.deeper(PARENTHESIS_DEPTH, from_item);
    let Some(mut inner) = inner else {
        close(c);
        return FromItem::Hole(c.span_from(start));
    };
    while c.eat_symbol(",") {
        let right = from_item(c);
        inner = FromItem::Join {
            left: Box::new(inner),
            right: Box::new(right),
            kind: JoinKind::Cross,
            natural: false,
            using: Vec::new(),
            on: None,
            using_alias: None,
        };
    }
    if let FromItem::Derived { lateral: false, query, alias: None } = inner {
        // `((SELECT ...) UNION ...)`, `((SELECT ...))`.
        let span = query.span;
        let query = query::continued(c, *query, span);
        close(c);
        return derived(c, lateral, query);
    }
    close(c);
    match alias(c) {
        Some(alias) => {
            // An alias hides the names inside, as for `(SELECT * FROM ...) alias`.
            let span = c.span_from(start);
            let star = SelectItem::Star { qualifier: None, span: Span { start: span.start, end: span.start } };
            let mut select: Select = super::select::empty(c);
            select.items = vec![star];
            select.from = vec![inner];
            select.span = span;
            let query = Query::of(SetExpr::Select(Box::new(select)), span);
            FromItem::Derived { lateral, query: Box::new(query), alias: Some(alias) }
        }
        None => inner,
    }
}

fn derived(c: &mut Cursor, lateral: bool, query: Query) -> FromItem {
    sample(c);
    let alias = alias(c);
    FromItem::Derived { lateral, query: Box::new(query), alias }
}

/// What follows a table function.
fn function(c: &mut Cursor, lateral: bool, call: Expr, mut columns: Vec<(Ident, TypeName)>) -> FromItem {
    let ordinality = c.eat_words(&["with", "ordinality"]);
    let definitions = c.is_word("as") && c.is_symbol_ahead(1, "(");
    if definitions {
        c.advance();
        columns = column_definitions(c);
        return FromItem::Function { lateral, call: Box::new(call), ordinality, alias: None, columns };
    }
    let mut alias = alias_name(c).map(|name| TableAlias { name, columns: Vec::new() });
    if let Some(alias) = &mut alias
        && c.is_symbol("(")
    {
        if c.is_symbol_ahead(2, ",") || c.is_symbol_ahead(2, ")") {
            alias.columns = column_names(c);
        } else {
            columns = column_definitions(c);
        }
    }
    FromItem::Function { lateral, call: Box::new(call), ordinality, alias, columns }
}

fn rows_from(c: &mut Cursor) -> Vec<Expr> {
    c.advance();
    let mut calls = Vec::new();
    loop {
        calls.push(parse_expression(c));
        if c.is_word("as") && c.is_symbol_ahead(1, "(") {
            c.advance();
            column_definitions(c);
        }
        if !c.eat_symbol(",") {
            break;
        }
    }
    close(c);
    calls
}

/// `(a int, b text COLLATE x)`.
fn column_definitions(c: &mut Cursor) -> Vec<(Ident, TypeName)> {
    let mut columns = Vec::new();
    c.advance();
    while let Some(name) = c.ident() {
        let Some(ty) = types::parse_type(c) else {
            c.error_here("expected a type");
            break;
        };
        columns.push((name, ty));
        if c.eat_word("collate") {
            c.name();
        }
        if !c.eat_symbol(",") {
            break;
        }
    }
    close(c);
    columns
}

/// `JSON_TABLE(doc, path COLUMNS (a INT PATH '$.a', NESTED PATH '$.b' COLUMNS (...)))`, and XMLTABLE.
fn document_table(c: &mut Cursor, lateral: bool) -> FromItem {
    let start = c.start();
    let mut ident = c.ident_of(c.token());
    ident.value = ident.value.to_lowercase();
    c.advance();
    c.advance();
    let mut args = Vec::new();
    let mut columns = Vec::new();
    while !c.is_symbol(")") && !c.at_statement_end() {
        if c.eat_word("columns") {
            document_columns(c, &mut columns);
        } else if c.eat_any_word(&["passing", "by", "ref", "value", "as"]).is_some() || c.eat_symbol(",") {
        } else {
            let before = c.mark();
            args.push(parse_expression(c));
            if c.mark() == before {
                c.errors.pop();
                args.pop();
                c.advance();
            }
        }
    }
    close(c);
    let call = expr::call(Name { parts: vec![ident] }, args);
    let call = Expr { kind: ExprKind::Function(Box::new(call)), span: c.span_from(start) };
    let mut item = function(c, lateral, call, Vec::new());
    if let FromItem::Function { columns: defined, .. } = &mut item
        && defined.is_empty()
    {
        *defined = columns;
    }
    item
}

fn document_columns(c: &mut Cursor, columns: &mut Vec<(Ident, TypeName)>) {
    let parenthesised = c.eat_symbol("(");
    loop {
        if c.eat_word("nested") {
            c.eat_word("path");
            c.advance();
            if c.eat_word("as") {
                c.ident();
            }
            if c.eat_word("columns") {
                c.deeper(1, |c| document_columns(c, columns));
            }
        } else {
            let Some(name) = c.ident() else { break };
            if c.is_word("for") && c.is_word_ahead(1, "ordinality") {
                let ordinality = Ident { value: "bigint".into(), quoted: false, span: c.token().span };
                let span = ordinality.span;
                columns
                    .push((name, TypeName { name: Name { parts: vec![ordinality] }, args: Vec::new(), array: 0, unsigned: false, span }));
            } else if let Some(ty) = types::parse_type(c) {
                columns.push((name, ty));
            }
            // PATH, DEFAULT ... ON EMPTY, NOT NULL, EXISTS.
            let mut depth = 0u32;
            while !c.at_statement_end() && (depth > 0 || !(c.is_symbol(",") || c.is_symbol(")"))) {
                if c.is_symbol("(") {
                    depth += 1;
                } else if c.is_symbol(")") {
                    depth -= 1;
                }
                c.advance();
            }
        }
        if !c.eat_symbol(",") {
            break;
        }
    }
    if parenthesised {
        close(c);
    }
}

/// Reads `(a, b)` as names; placeholders stand for unknown ones.
pub fn column_names(c: &mut Cursor) -> Vec<Ident> {
    let mut names = Vec::new();
    if !c.eat_symbol("(") {
        // `USING ⌂`.
        if c.is_hole() {
            names.extend(c.ident());
        }
        return names;
    }
    while !c.is_symbol(")") && !c.at_statement_end() {
        let before = c.mark();
        match c.token().kind {
            TokenKind::Word | TokenKind::QuotedName => names.extend(c.ident()),
            TokenKind::Param => {
                names.push(query::hole_ident(c.token().span));
                c.advance();
            }
            TokenKind::String | TokenKind::DoubleQuotedString => {
                c.advance();
            }
            _ => {}
        }
        if !c.eat_symbol(",") || c.mark() == before {
            break;
        }
    }
    close(c);
    names
}

/// `[AS] alias [(columns)]`.
pub fn alias(c: &mut Cursor) -> Option<TableAlias> {
    let name = alias_name(c)?;
    let columns = if c.is_symbol("(") { column_names(c) } else { Vec::new() };
    Some(TableAlias { name, columns })
}

/// `[AS] alias`. A hole is an alias only after AS.
pub fn alias_name(c: &mut Cursor) -> Option<Ident> {
    let token = c.token();
    if c.is_word("as") && !c.is_word_ahead(1, "of") {
        c.advance();
        if matches!(c.token().kind, TokenKind::String | TokenKind::DoubleQuotedString) {
            let token = c.advance();
            let value = literal::decode(c.source(token), c.dialect);
            return Some(Ident { value, quoted: true, span: token.span });
        }
        let name = c.ident();
        if name.is_none() {
            c.error_here("expected an alias");
        }
        return name;
    }
    match token.kind {
        TokenKind::QuotedName => c.ident(),
        TokenKind::Word if !keywords::ends_table(c.source(token), c.dialect.engine) && !c.is_hole() => c.ident(),
        _ => None,
    }
}

/// MariaDB's `FOR SYSTEM_TIME ...`.
fn system_time(c: &mut Cursor) {
    if !(c.is_word("for") && c.is_word_ahead(1, "system_time")) {
        return;
    }
    c.advance();
    c.advance();
    if c.eat_words(&["as", "of"]) {
        c.eat_word("timestamp");
        parse_expression(c);
    } else if c.eat_any_word(&["between", "from"]).is_some() {
        expr::above(c, super::operator::power::LIKE);
        c.eat_any_word(&["and", "to"]);
        expr::above(c, super::operator::power::LIKE);
    } else {
        c.eat_word("all");
    }
}

fn sample(c: &mut Cursor) {
    if c.eat_word("tablesample") {
        c.name();
        if c.eat_symbol("(") {
            c.skip_parenthesis();
        }
        if c.eat_word("repeatable") && c.eat_symbol("(") {
            c.skip_parenthesis();
        }
    }
}

/// `USE INDEX FOR JOIN (a, b)`, `INDEXED BY a`, `NOT INDEXED`.
fn index_hints(c: &mut Cursor) -> Vec<Ident> {
    let mut hints = Vec::new();
    if c.is_word("indexed") && c.is_word_ahead(1, "by") {
        c.advance();
        c.advance();
        hints.extend(c.ident());
    } else if c.is_word("not") && c.is_word_ahead(1, "indexed") {
        c.advance();
        c.advance();
    }
    while c.is_any_word(&["use", "force", "ignore"]) && (c.is_word_ahead(1, "index") || c.is_word_ahead(1, "key")) {
        c.advance();
        c.advance();
        if c.eat_word("for") {
            c.eat_any_word(&["join", "order", "group"]);
            c.eat_word("by");
        }
        hints.extend(column_names(c));
        if c.is_symbol(",") && c.is_any_ahead(1, &["use", "force", "ignore"]) {
            c.advance();
        }
    }
    hints
}

#[cfg(test)]
mod tests {
    use crate::model::dialect::{Dialect, Engine};
    use crate::sql::parse::parse_statement;

    #[test]
    fn what_follows_from() {
        let cases = [
            (Engine::Postgres, "INSERT INTO a (x) SELECT b.x FROM b JOIN c ON c.id = b.id ON CONFLICT (x) DO NOTHING"),
            (Engine::MySql, "INSERT INTO a (x) SELECT b.x FROM b JOIN c ON c.id = b.id ON DUPLICATE KEY UPDATE x = 1"),
            (Engine::Postgres, "SELECT 1 FROM a JOIN b JOIN c ON b.id = c.id ON a.id = b.id"),
            (Engine::MySql, "INSERT INTO a (x) SELECT 1 FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM a)"),
        ];
        for (engine, text) in cases {
            assert_eq!(parse_statement(text, Dialect::of(engine)).errors, [], "{text}");
        }
    }
}
