//! Expressions: operator-precedence climbing over the operators of [`super::operator`].

use super::cursor::Cursor;
use super::operator::{self, Shape, power};
use super::{keywords, primary, query, types};
use crate::model::span::Span;
use crate::model::statement::HOLE;
use crate::sql::ast::{Expr, ExprKind, FunctionCall, Ident, Name, Query, SetExpr, TypeName};
use crate::sql::lexer::TokenKind;

/// Longest run of operators of one level that becomes a left-deep tree; a longer one becomes a balanced tree,
/// so that no one who walks the tree needs a deep stack.
const LEFT_DEEP: usize = 16;

/// Most postfix operators (`::a::b`, `[1][2]`) in a row.
const MAX_POSTFIX: usize = 32;

/// Reads an expression. Where none begins, an error is recorded, nothing is taken, and the expression is
/// [`ExprKind::Unparsed`] without names.
pub fn parse_expression(c: &mut Cursor) -> Expr {
    above(c, 0)
}

/// Reads an expression of operators that bind at least as tightly as `min`.
pub fn above(c: &mut Cursor, min: u8) -> Expr {
    let start = c.start();
    c.deeper(1, |c| climb(c, min)).unwrap_or_else(|| unparsed(c, start))
}

/// An empty expression from `start` to the last token taken.
pub fn unparsed(c: &Cursor, start: u32) -> Expr {
    Expr { kind: ExprKind::Unparsed(Vec::new()), span: Span { start, end: c.span_from(start).end } }
}

/// Reads expressions separated by commas.
pub fn list(c: &mut Cursor) -> Vec<Expr> {
    let mut items = Vec::new();
    loop {
        let item = parse_expression(c);
        items.push(rest_of_item(c, item, false));
        if !c.eat_symbol(",") || c.at_statement_end() {
            return items;
        }
    }
}

/// Reads a condition (WHERE, ON, HAVING): an expression that a hole may precede or extend.
pub fn condition(c: &mut Cursor) -> Expr {
    let mut left = parse_expression(c);
    for _ in 0..LEFT_DEEP {
        let hole = c.previous().is_some_and(|t| c.source(t).ends_with(HOLE));
        if !hole || !operator::begins_operand(c, 0) {
            break;
        }
        let right = parse_expression(c);
        left = binary(HOLE.to_string(), left, right);
    }
    rest_of_item(c, left, false)
}

/// After an item of a list or a condition: where something else than the end of it follows, records an error,
/// skips to that end, and keeps the names on the way. `commas`: a comma does not end it.
pub fn rest_of_item(c: &mut Cursor, item: Expr, commas: bool) -> Expr {
    if ends_item(c, commas) {
        return item;
    }
    if !c.previous().is_some_and(|t| c.source(t).ends_with(HOLE)) {
        c.error_here("unexpected here");
    }
    let start = c.start();
    let names = skip_names(c, commas);
    if names.is_empty() {
        return item;
    }
    let rest = Expr { kind: ExprKind::Unparsed(names), span: c.span_from(start) };
    binary(HOLE.to_string(), item, rest)
}

fn ends_item(c: &Cursor, commas: bool) -> bool {
    let token = c.token();
    match token.kind {
        TokenKind::Punct => matches!(c.source(token), ")" | "]" | "}") || (!commas && c.source(token) == ",") || c.at_statement_end(),
        TokenKind::Word => ends_softly(c),
        TokenKind::End | TokenKind::CopyData => true,
        _ => false,
    }
}

/// Words that are no reserved ones and end an expression where they stand after a complete one.
fn ends_softly(c: &Cursor) -> bool {
    let word = c.source(c.token());
    keywords::begins_clause(word)
        || keywords::ends_item(word, c.dialect.engine)
        || c.is_any_word(&[
            "as",
            "nulls",
            "asc",
            "desc",
            "rows",
            "range",
            "groups",
            "and",
            "separator",
            "when",
            "then",
            "against",
            "absent",
        ])
        || c.is_hole()
}

/// Skips to the end of the item and gives the names on the way: words that are neither reserved nor
/// functions.
pub fn skip_names(c: &mut Cursor, commas: bool) -> Vec<Name> {
    let mut names = Vec::new();
    let mut depth = 0u32;
    while !c.at_statement_end() {
        if c.is_symbol("(") {
            depth += 1;
        } else if c.is_symbol(")") {
            if depth == 0 {
                break;
            }
            depth -= 1;
        } else if depth == 0
            && (!commas && c.is_symbol(",") || c.token().kind == TokenKind::Word && keywords::begins_clause(c.source(c.token())))
        {
            break;
        } else if c.is_plain_name() {
            let name = c.name();
            if !c.is_symbol("(") && names.len() < 64 {
                names.extend(name);
            }
            continue;
        }
        c.advance();
    }
    names
}

/// `left op right`.
pub fn binary(op: String, left: Expr, right: Expr) -> Expr {
    let span = left.span.to(right.span);
    Expr { kind: ExprKind::Binary { op, left: Box::new(left), right: Box::new(right) }, span }
}

fn climb(c: &mut Cursor, min: u8) -> Expr {
    let mut left = primary::prefix(c);
    for _ in 0..MAX_POSTFIX {
        let Some(infix) = operator::peek(c, &left) else { return left };
        if infix.power < min {
            return left;
        }
        left = match infix.shape {
            Shape::Binary(op, tokens) => chain(c, left, op, tokens, infix.power),
            Shape::Named => named_operator(c, left),
            Shape::Skip => {
                c.advance();
                left
            }
            shape => postfix(c, left, shape),
        };
    }
    c.error_here("too many operators in a row");
    c.skip_to_close();
    left
}

/// Operators of one level, from the first one on. Right operands bind more tightly.
fn chain(c: &mut Cursor, first: Expr, op: String, tokens: usize, level: u8) -> Expr {
    let mut ops = Vec::new();
    let mut operands = vec![first];
    let mut next = Some((op, tokens));
    while let Some((op, tokens)) = next.take() {
        for _ in 0..tokens {
            c.advance();
        }
        if at_quantifier(c) {
            let left = fold(ops, operands, c);
            return quantified(c, left, op);
        }
        if level == power::POSTFIX {
            operands.push(above(c, power::POSTFIX + 1));
        } else {
            operands.push(above(c, if level == power::ASSIGN { level } else { level + 1 }));
        }
        ops.push(op);
        let last = operands.last().unwrap_or(&operands[0]);
        if let Some(infix) = operator::peek(c, last)
            && infix.power == level
            && let Shape::Binary(op, tokens) = infix.shape
            && !op.starts_with(HOLE)
        {
            next = Some((op, tokens));
        }
    }
    fold(ops, operands, c)
}

fn fold(ops: Vec<String>, operands: Vec<Expr>, c: &Cursor) -> Expr {
    if operands.len() <= LEFT_DEEP {
        let mut operands = operands.into_iter();
        let first = operands.next().unwrap_or_else(|| unparsed(c, c.start()));
        return ops.into_iter().zip(operands).fold(first, |left, (op, right)| binary(op, left, right));
    }
    // Pairs of neighbours, until one is left: the depth is the logarithm of the length.
    let (mut ops, mut operands) = (ops, operands);
    while operands.len() > 1 {
        let mut next_ops = Vec::with_capacity(ops.len() / 2);
        let mut next_operands = Vec::with_capacity(operands.len() / 2 + 1);
        let mut ops_left = ops.into_iter();
        let mut operands_left = operands.into_iter();
        while let Some(left) = operands_left.next() {
            match (ops_left.next(), operands_left.next()) {
                (Some(op), Some(right)) => next_operands.push(binary(op, left, right)),
                _ => next_operands.push(left),
            }
            next_ops.extend(ops_left.next());
        }
        (ops, operands) = (next_ops, next_operands);
    }
    operands.pop().unwrap_or_else(|| unparsed(c, c.start()))
}

fn at_quantifier(c: &Cursor) -> bool {
    let follows = c.is_symbol_ahead(1, "(") || c.is_hole_ahead(1) || c.ahead(1).kind == TokenKind::Param;
    follows && c.is_any_word(&["any", "some", "all"])
}

fn quantified(c: &mut Cursor, left: Expr, op: String) -> Expr {
    let all = c.is_word("all");
    c.advance();
    let right = Box::new(primary::primary(c));
    let span = c.span_from(left.span.start);
    Expr { kind: ExprKind::Quantified { expr: Box::new(left), op, all, right }, span }
}

/// `OPERATOR(schema.+)`.
fn named_operator(c: &mut Cursor, left: Expr) -> Expr {
    c.advance();
    c.advance();
    let mut op = String::new();
    while !c.at_statement_end() && !c.is_symbol(")") {
        let token = c.advance();
        if token.kind == TokenKind::Operator {
            op = c.source(token).to_string();
        }
    }
    c.expect_symbol(")");
    if at_quantifier(c) {
        return quantified(c, left, op);
    }
    let right = above(c, power::OTHER + 1);
    binary(op, left, right)
}

fn postfix(c: &mut Cursor, left: Expr, shape: Shape) -> Expr {
    let start = left.span.start;
    let expr = Box::new(left);
    let kind = match shape {
        Shape::Cast => {
            c.advance();
            let ty = types::parse_type(c).unwrap_or_else(|| {
                c.error_here("expected a type");
                missing_type(c)
            });
            ExprKind::Cast { expr, ty }
        }
        Shape::Subscript => subscript(c, expr),
        Shape::Field => field(c, expr),
        Shape::Collate => {
            c.advance();
            match collation(c) {
                Some(collation) => ExprKind::Collate { expr, collation },
                None => {
                    c.error_here("expected a collation");
                    return *expr;
                }
            }
        }
        Shape::AtTimeZone => {
            c.advance();
            let zone = if c.eat_word("local") {
                unparsed(c, c.start())
            } else {
                c.eat_words(&["time", "zone"]);
                above(c, power::AT + 1)
            };
            ExprKind::AtTimeZone { expr, zone: Box::new(zone) }
        }
        Shape::NullTest(tokens, negated) => {
            for _ in 0..tokens {
                c.advance();
            }
            ExprKind::Is { expr, test: "null".into(), negated }
        }
        Shape::Is => is_test(c, expr),
        Shape::In(negated) => in_test(c, expr, negated),
        Shape::Between(negated) => {
            skip_not(c, negated);
            c.advance();
            c.eat_any_word(&["symmetric", "asymmetric"]);
            let bound = if c.postgres() { power::LIKE + 1 } else { power::COMPARE + 1 };
            let low = Box::new(above(c, bound));
            c.expect_word("and");
            let high = Box::new(above(c, bound));
            ExprKind::Between { expr, low, high, negated }
        }
        Shape::Like(op, tokens, negated) => {
            skip_not(c, negated);
            for _ in 0..tokens {
                c.advance();
            }
            return like(c, expr, op, negated);
        }
        Shape::Binary(..) | Shape::Named | Shape::Skip => return *expr,
    };
    Expr { kind, span: c.span_from(start) }
}

fn skip_not(c: &mut Cursor, negated: bool) {
    if negated {
        c.advance();
    }
}

/// A collation is a name, or a string in MySQL.
fn collation(c: &mut Cursor) -> Option<Name> {
    let token = c.token();
    match token.kind {
        TokenKind::String | TokenKind::DoubleQuotedString => {
            c.advance();
            let value = super::literal::decode(c.source(token), c.dialect);
            Some(Name { parts: vec![Ident { value, quoted: true, span: token.span }] })
        }
        _ => c.name(),
    }
}

fn missing_type(c: &Cursor) -> TypeName {
    let at = Span { start: c.start(), end: c.start() };
    let name = Name { parts: vec![Ident { value: String::new(), quoted: false, span: at }] };
    TypeName { name, args: Vec::new(), array: 0, unsigned: false, span: at }
}

fn subscript(c: &mut Cursor, expr: Box<Expr>) -> ExprKind {
    c.advance();
    let mut index = Vec::new();
    while !c.is_symbol("]") && !c.at_statement_end() {
        if c.eat_symbol(":") {
            continue;
        }
        let before = c.mark();
        index.push(parse_expression(c));
        // The upper bound of `a[1:2]` reads like a placeholder.
        let bound = c.token().kind == TokenKind::Param && c.source(c.token()).starts_with(':');
        if c.mark() == before || !(bound || c.is_symbol(":") || c.is_symbol("]")) {
            break;
        }
    }
    c.expect_symbol("]");
    ExprKind::Subscript { expr, index }
}

fn field(c: &mut Cursor, expr: Box<Expr>) -> ExprKind {
    c.advance();
    let field = if c.eat_symbol("*") {
        None
    } else {
        let field = c.ident();
        if field.is_none() {
            c.error_here("expected a field");
            return ExprKind::Paren(expr);
        }
        field
    };
    ExprKind::Field { expr, field }
}

fn is_test(c: &mut Cursor, expr: Box<Expr>) -> ExprKind {
    c.advance();
    let negated = c.eat_word("not");
    if c.eat_words(&["distinct", "from"]) {
        let op = if negated { "is not distinct from" } else { "is distinct from" };
        let right = Box::new(above(c, power::IS + 1));
        return ExprKind::Binary { op: op.into(), left: expr, right };
    }
    if c.is_hole() {
        c.advance();
        return ExprKind::Is { expr, test: HOLE.to_string(), negated };
    }
    // In SQLite `IS` compares any two values, and TRUE and FALSE are tests only there.
    if let Some(test) = c.eat_any_word(&["null", "true", "false", "unknown", "document", "normalized"]) {
        return ExprKind::Is { expr, test, negated };
    }
    if c.is_word_ahead(1, "normalized") {
        c.advance();
        c.advance();
        return ExprKind::Is { expr, test: "normalized".into(), negated };
    }
    if c.postgres() && c.eat_word("json") {
        c.eat_any_word(&["value", "array", "object", "scalar"]);
        if c.eat_any_word(&["with", "without"]).is_some() {
            c.eat_word("unique");
            c.eat_word("keys");
        }
        return ExprKind::Is { expr, test: "json".into(), negated };
    }
    let op = if negated { "is not" } else { "is" };
    let right = Box::new(above(c, power::COMPARE + 1));
    ExprKind::Binary { op: op.into(), left: expr, right }
}

fn in_test(c: &mut Cursor, expr: Box<Expr>, negated: bool) -> ExprKind {
    skip_not(c, negated);
    c.advance();
    if c.is_symbol("(") {
        if query::begins_in_parenthesis(c) {
            let query = Box::new(query::parenthesised(c));
            return ExprKind::InSubquery { expr, query, negated };
        }
        c.advance();
        let mut list = if c.is_symbol(")") { Vec::new() } else { list(c) };
        close(c);
        if let [Expr { kind: ExprKind::Subquery(_), .. }] = list.as_slice()
            && let Some(Expr { kind: ExprKind::Subquery(query), .. }) = list.pop()
        {
            return ExprKind::InSubquery { expr, query, negated };
        }
        return ExprKind::InList { expr, list, negated };
    }
    if c.sqlite() && c.is_plain_name() && !c.is_hole() && !c.is_symbol_ahead(1, "(") {
        let start = c.start();
        if let Some(name) = c.name() {
            let span = c.span_from(start);
            let query = Query::of(SetExpr::Table(name), span);
            return ExprKind::InSubquery { expr, query: Box::new(query), negated };
        }
    }
    let item = above(c, power::OTHER);
    ExprKind::InList { expr, list: vec![item], negated }
}

/// Takes the closing parenthesis, skipping what stands before it as one error.
pub fn close(c: &mut Cursor) {
    if !c.is_symbol(")") {
        c.error_here("expected \")\"");
        let before = c.mark();
        c.skip_to_close();
        if !c.is_symbol(")") {
            // Nothing closes it: the clauses that follow belong to the query around it.
            c.reset(before);
            skip_names(c, true);
            return;
        }
    }
    c.advance();
}

fn like(c: &mut Cursor, expr: Box<Expr>, op: &str, negated: bool) -> Expr {
    let start = expr.span.start;
    if at_quantifier(c) {
        let op = if negated { format!("not {op}") } else { op.to_string() };
        return quantified(c, *expr, op);
    }
    let bound = if c.postgres() { power::LIKE + 1 } else { power::COMPARE + 1 };
    let pattern = Box::new(above(c, bound));
    let escape = c.eat_word("escape").then(|| Box::new(above(c, bound)));
    let kind = ExprKind::Like { expr, op: op.to_string(), pattern, escape, negated };
    Expr { kind, span: c.span_from(start) }
}

/// A call without window, order and filter.
pub fn call(name: Name, args: Vec<Expr>) -> FunctionCall {
    let arg_names = vec![None; args.len()];
    FunctionCall {
        name,
        args,
        arg_names,
        star: false,
        distinct: false,
        variadic: false,
        order_by: Vec::new(),
        within_group: false,
        filter: None,
        over: None,
        bare: false,
    }
}
