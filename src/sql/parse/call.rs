//! Names, calls, and the functions with a grammar of their own.

use super::cursor::Cursor;
use super::expr::{self, above, close, parse_expression};
use super::operator::power;
use super::query;
use super::select;
use super::{keywords, literal, types};
use crate::sql::ast::{Expr, ExprKind, FunctionCall, Ident, Literal, Name};
use crate::sql::lexer::{Token, TokenKind};

/// A reserved word that is a function where a parenthesis follows.
pub fn may_be_called(word: &str) -> bool {
    let called = ["left", "right", "values"];
    let never = ["all", "and", "as", "between", "by", "distinct", "in", "into", "is", "like", "not", "or", "select", "to", "with"];
    let is = |list: &[&str]| list.iter().any(|w| word.eq_ignore_ascii_case(w));
    is(&called) || !(keywords::begins_clause(word) || is(&never))
}

/// Reads a column, `t.*`, a hole in a name, or a call.
pub fn name_or_call(c: &mut Cursor) -> Expr {
    let start = c.start();
    let Some(name) = c.name() else {
        c.error_here("expected a name");
        return expr::unparsed(c, start);
    };
    if c.is_symbol(".") {
        if c.is_symbol_ahead(1, "*") {
            c.advance();
            c.advance();
            return Expr { kind: ExprKind::QualifiedStar(name), span: c.span_from(start) };
        }
        let next = c.ahead(1);
        if next.kind == TokenKind::Operator && c.source(next).starts_with('*') || next.kind == TokenKind::Param {
            // `t.?`: an unknown column.
            c.advance();
            c.advance();
            return Expr { kind: ExprKind::Hole, span: c.span_from(start) };
        }
        // An unfinished name.
        c.advance();
        c.error_here("expected a name after \".\"");
    }
    if c.is_symbol("(") {
        return call(c, name, start);
    }
    Expr { kind: ExprKind::Column(name), span: c.span_from(start) }
}

/// Reads the arguments of a call whose name was read; at the opening parenthesis.
pub fn arguments_of(c: &mut Cursor, name: Name, start: u32) -> Expr {
    call(c, name, start)
}

fn call(c: &mut Cursor, mut name: Name, start: u32) -> Expr {
    if let Some(last) = name.parts.last_mut()
        && !last.quoted
    {
        last.value = last.value.to_lowercase();
    }
    let own = if name.parts.len() == 1 && !name.last().quoted { name.last().value.clone() } else { String::new() };
    c.advance();
    if let Some(stands_for) = generated(c, &name, start) {
        return stands_for;
    }
    if let Some(special) = special(c, &name, &own, start) {
        return special;
    }
    let mut function = expr::call(name, Vec::new());
    arguments(c, &mut function, &own);
    close(c);
    suffixes(c, &mut function);
    Expr { kind: ExprKind::Function(Box::new(function)), span: c.span_from(start) }
}

/// What sqlc writes something else for when it generates code: `sqlc.arg(id)`, `sqlc.narg('id')` and `sqlc.slice('ids')`
/// are parameters, `sqlc.embed(users)` is `users.*`. The opening parenthesis is taken.
fn generated(c: &mut Cursor, name: &Name, start: u32) -> Option<Expr> {
    let [owner, function] = name.parts.as_slice() else { return None };
    if owner.quoted || !owner.value.eq_ignore_ascii_case("sqlc") {
        return None;
    }
    let is_parameter = match function.value.as_str() {
        "arg" | "narg" | "slice" => true,
        "embed" => false,
        _ => return None,
    };
    let argument = parse_expression(c);
    close(c);
    let span = c.span_from(start);
    let kind = match argument.kind {
        _ if is_parameter => ExprKind::Param(span.slice(c.text).to_string()),
        ExprKind::Column(table) => ExprKind::QualifiedStar(table),
        _ => ExprKind::Hole,
    };
    Some(Expr { kind, span })
}

/// Functions whose arguments are separated by words. The opening parenthesis is taken.
fn special(c: &mut Cursor, name: &Name, own: &str, start: u32) -> Option<Expr> {
    let args = match own {
        "cast" | "try_cast" => return Some(cast(c, start)),
        "convert" if c.mysql() => return Some(convert(c, name, start)),
        "match" if c.mysql() => return match_against(c, start),
        "extract" => extract(c)?,
        "trim" => trim(c),
        "substring" | "substr" | "mid" => {
            let mut args = vec![parse_expression(c)];
            if !c.is_any_word(&["from", "for", "similar"]) {
                return Some(finish(c, name, args, start));
            }
            while c.eat_any_word(&["from", "for", "similar", "escape"]).is_some() {
                args.push(parse_expression(c));
            }
            args
        }
        "position" => {
            let mut args = vec![above(c, power::OTHER)];
            if c.eat_word("in") {
                args.push(parse_expression(c));
            }
            args
        }
        "overlay" => {
            let mut args = vec![parse_expression(c)];
            while c.eat_any_word(&["placing", "from", "for"]).is_some() {
                args.push(parse_expression(c));
            }
            args
        }
        "timestampdiff" | "timestampadd" | "get_format" if c.mysql() => vec![word_as_text(c)?],
        "raise" if c.sqlite() => vec![word_as_text(c)?],
        _ => return None,
    };
    Some(finish(c, name, args, start))
}

/// The rest of a call whose first arguments were read.
fn finish(c: &mut Cursor, name: &Name, args: Vec<Expr>, start: u32) -> Expr {
    let mut function = expr::call(name.clone(), args);
    if c.eat_symbol(",") {
        arguments(c, &mut function, "");
    }
    close(c);
    suffixes(c, &mut function);
    Expr { kind: ExprKind::Function(Box::new(function)), span: c.span_from(start) }
}

fn cast(c: &mut Cursor, start: u32) -> Expr {
    let value = Box::new(parse_expression(c));
    let ty = if c.expect_word("as") { types::parse_type(c) } else { None };
    // `CHAR CHARACTER SET utf8mb4`, `CAST(... AS JSON ARRAY)`, FORMAT.
    if c.mysql() && (c.eat_words(&["character", "set"]) || c.eat_word("charset") || c.eat_word("array")) && !c.is_symbol(")") {
        c.advance();
    }
    close(c);
    let span = c.span_from(start);
    match ty {
        Some(ty) => Expr { kind: ExprKind::Cast { expr: value, ty }, span },
        None => Expr { kind: ExprKind::Paren(value), span },
    }
}

/// `CONVERT(x, type)`, `CONVERT(x USING charset)`.
fn convert(c: &mut Cursor, name: &Name, start: u32) -> Expr {
    let value = parse_expression(c);
    if c.eat_symbol(",")
        && let Some(ty) = types::parse_type(c)
    {
        close(c);
        return Expr { kind: ExprKind::Cast { expr: Box::new(value), ty }, span: c.span_from(start) };
    }
    if c.eat_word("using") {
        c.advance();
    }
    finish(c, name, vec![value], start)
}

/// `MATCH (a, b) AGAINST (x IN BOOLEAN MODE)`; the parenthesis after MATCH is taken.
fn match_against(c: &mut Cursor, start: u32) -> Option<Expr> {
    let columns = expr::list(c);
    close(c);
    if !c.eat_word("against") {
        c.error_here("expected AGAINST");
        return Some(Expr { kind: ExprKind::Row(columns), span: c.span_from(start) });
    }
    c.expect_symbol("(");
    let against = Box::new(above(c, power::OTHER));
    if c.is_any_word(&["in", "with"]) {
        while !c.at_statement_end() && !c.is_symbol(")") {
            c.advance();
        }
    }
    close(c);
    Some(Expr { kind: ExprKind::MatchAgainst { columns, against }, span: c.span_from(start) })
}

fn extract(c: &mut Cursor) -> Option<Vec<Expr>> {
    let is_field = matches!(c.token().kind, TokenKind::Word | TokenKind::String | TokenKind::Param) && c.is_word_ahead(1, "from");
    if !is_field {
        return None;
    }
    let field = if c.token().kind == TokenKind::Word && !c.is_hole() { word_as_text(c)? } else { parse_expression(c) };
    c.eat_word("from");
    Some(vec![field, parse_expression(c)])
}

/// A word that is no name (`DAY`, `ABORT`) as a string.
fn word_as_text(c: &mut Cursor) -> Option<Expr> {
    if c.token().kind != TokenKind::Word {
        return None;
    }
    let token = c.advance();
    let value = c.source(token).to_lowercase();
    Some(Expr { kind: ExprKind::Literal(Literal::String { value, double_quoted: false }), span: token.span })
}

fn trim(c: &mut Cursor) -> Vec<Expr> {
    let sided = c.eat_any_word(&["both", "leading", "trailing"]).is_some();
    let mut args = Vec::new();
    if !(sided && c.is_word("from")) {
        args.push(parse_expression(c));
    }
    if c.eat_word("from") {
        // The string comes first, as in `btrim(string, characters)`.
        args.insert(0, parse_expression(c));
    }
    args
}

/// Arguments up to the closing parenthesis.
fn arguments(c: &mut Cursor, function: &mut FunctionCall, own: &str) {
    if c.is_symbol("*") && c.is_symbol_ahead(1, ")") {
        c.advance();
        function.star = true;
        return;
    }
    if c.eat_word("distinct") {
        function.distinct = true;
    } else if c.is_word("all") && !c.is_symbol_ahead(1, "(") {
        c.advance();
    }
    let special = own.starts_with("json") || own.starts_with("xml");
    while !c.is_symbol(")") && !c.at_statement_end() {
        let before = c.mark();
        if own == "xmlelement" || own == "xmlpi" {
            c.eat_word("name");
        }
        if special && c.is_any_word(&["document", "content", "key"]) && !c.is_symbol_ahead(1, ",") && !c.is_symbol_ahead(1, ")") {
            c.advance();
        }
        function.variadic |= c.eat_word("variadic");
        let label = argument_name(c);
        let value = if query::begins_here(c) {
            let start = c.start();
            let query = query::parse_query(c);
            Expr { kind: ExprKind::Subquery(Box::new(query)), span: c.span_from(start) }
        } else {
            parse_expression(c)
        };
        function.args.push(value);
        function.arg_names.push(label);
        after_argument(c, function, special);
        if !c.eat_symbol(",") || c.mark() == before {
            break;
        }
    }
}

/// `name =>`, `name :=`.
fn argument_name(c: &mut Cursor) -> Option<Ident> {
    if !(c.is_name() && (c.is_symbol_ahead(1, "=>") || (!c.mysql() && c.is_symbol_ahead(1, ":=")))) {
        return None;
    }
    let name = c.ident();
    c.advance();
    name
}

/// What may stand between an argument and the comma after it.
fn after_argument(c: &mut Cursor, function: &mut FunctionCall, special: bool) {
    if c.eat_words(&["order", "by"]) {
        function.order_by = select::order_items(c);
    }
    if c.eat_word("separator") {
        parse_expression(c);
    }
    if c.is_word("limit") && c.mysql() {
        c.advance();
        parse_expression(c);
        if c.eat_symbol(",") || c.eat_word("offset") {
            parse_expression(c);
        }
    }
    // `CHAR(77 USING utf8mb4)`, `WEIGHT_STRING(a AS CHAR(3))`, `xmlforest(a AS b)`, `IGNORE NULLS`.
    if c.eat_word("using") || (special && c.eat_word("as")) {
        c.advance();
    } else if c.eat_word("as") {
        types::parse_type(c);
    }
    if c.eat_words(&["ignore", "nulls"]) || c.eat_words(&["respect", "nulls"]) {
        return;
    }
    if special && (c.eat_symbol(":") || c.eat_word("value")) {
        // JSON_OBJECT(k VALUE v), JSON_OBJECT(k : v).
        let value = parse_expression(c);
        function.args.push(value);
        function.arg_names.push(None);
    }
    if special {
        while c.token().kind == TokenKind::Word || c.token().kind == TokenKind::String {
            c.advance();
            if c.is_symbol("(") {
                c.advance();
                c.skip_parenthesis();
            }
        }
    } else if !c.is_symbol(",") && !c.is_symbol(")") {
        let Some(last) = function.args.pop() else { return };
        function.args.push(expr::rest_of_item(c, last, false));
    }
}

/// WITHIN GROUP, FILTER, null treatment, OVER.
fn suffixes(c: &mut Cursor, function: &mut FunctionCall) {
    loop {
        if c.are_words(&["within", "group"]) && c.is_symbol_ahead(2, "(") {
            c.advance();
            c.advance();
            c.advance();
            function.within_group = true;
            if c.eat_words(&["order", "by"]) {
                function.order_by = select::order_items(c);
            }
            close(c);
        } else if c.is_word("filter") && c.is_symbol_ahead(1, "(") {
            c.advance();
            c.advance();
            c.expect_word("where");
            function.filter = Some(expr::condition(c));
            close(c);
        } else if c.is_any_word(&["ignore", "respect"]) && c.is_word_ahead(1, "nulls")
            || c.is_word("from") && c.is_any_ahead(1, &["first", "last"]) && c.is_word_ahead(2, "over")
        {
            c.advance();
            c.advance();
        } else if c.is_word("over") && (c.is_symbol_ahead(1, "(") || c.is_plain_name_ahead(1)) {
            c.advance();
            function.over = Some(select::window(c));
            return;
        } else {
            return;
        }
    }
}

/// Text of the string at the current token, without taking it.
pub fn string_here(c: &Cursor) -> Option<String> {
    string_of(c, c.token())
}

/// Text of a string token; `None` for other tokens.
pub fn string_of(c: &Cursor, token: Token) -> Option<String> {
    let is_string = matches!(token.kind, TokenKind::String | TokenKind::DoubleQuotedString);
    is_string.then(|| literal::decode(c.source(token), c.dialect))
}
