//! Which infix and postfix operators there are, and how tightly each engine binds them.
//!
//! Sources: PostgreSQL manual "Operator Precedence"; MySQL manual "Operator Precedence"; SQLite "SQL Language
//! Expressions", "Operators, and Parse-Affecting Attributes".

use super::cursor::Cursor;
use crate::model::statement::HOLE;
use crate::sql::ast::{Expr, ExprKind};
use crate::sql::lexer::TokenKind;

/// Binding powers, weakest first. Gaps between engines are filled in [`peek`].
pub mod power {
    /// `@x := 1`.
    pub const ASSIGN: u8 = 1;
    /// OR.
    pub const OR: u8 = 2;
    /// XOR.
    pub const XOR: u8 = 3;
    /// AND.
    pub const AND: u8 = 4;
    /// NOT as a prefix.
    pub const NOT: u8 = 5;
    /// IS in PostgreSQL; BETWEEN in MySQL.
    pub const IS: u8 = 6;
    /// Comparisons.
    pub const COMPARE: u8 = 7;
    /// LIKE, IN and BETWEEN in PostgreSQL; `<` in SQLite.
    pub const LIKE: u8 = 8;
    /// Operators without a level of their own.
    pub const OTHER: u8 = 9;
    /// `&` in MySQL, where `|` is [`OTHER`].
    pub const BIT_AND: u8 = 10;
    /// `<<`, `>>` in MySQL.
    pub const SHIFT: u8 = 11;
    /// `+`, `-`.
    pub const ADD: u8 = 12;
    /// `*`, `/`, `%`.
    pub const MULTIPLY: u8 = 13;
    /// `^` in PostgreSQL and MySQL; `||` in SQLite.
    pub const POWER: u8 = 14;
    /// AT TIME ZONE.
    pub const AT: u8 = 15;
    /// COLLATE.
    pub const COLLATE: u8 = 16;
    /// Prefix `-`, `+`, `~`, `!`.
    pub const SIGN: u8 = 17;
    /// `::`, `[ ]`, `.`, and `->` of MySQL.
    pub const POSTFIX: u8 = 18;
}

/// An operator at the current token; nothing is taken yet.
pub struct Infix {
    /// How tightly it binds.
    pub power: u8,
    /// What follows it.
    pub shape: Shape,
}

/// What an operator is followed by.
pub enum Shape {
    /// An operand: the operator's canonical text, and how many tokens it has.
    Binary(String, usize),
    /// `OPERATOR(schema.op)`.
    Named,
    /// `::`.
    Cast,
    /// `[`.
    Subscript,
    /// `.`.
    Field,
    /// COLLATE.
    Collate,
    /// AT TIME ZONE, AT LOCAL.
    AtTimeZone,
    /// IS.
    Is,
    /// ISNULL, NOTNULL, NOT NULL: number of tokens, negated.
    NullTest(usize, bool),
    /// IN.
    In(bool),
    /// BETWEEN.
    Between(bool),
    /// LIKE and its relatives: operator text, number of tokens after NOT.
    Like(&'static str, usize, bool),
    /// A hole that is neither an operator nor an operand.
    Skip,
}

/// The operator at the current token; `left` is what stands before it.
pub fn peek(c: &Cursor, left: &Expr) -> Option<Infix> {
    let token = c.token();
    match token.kind {
        TokenKind::Operator => symbol(c),
        TokenKind::Word => word(c, left),
        TokenKind::Param => question_mark(c),
        TokenKind::Punct => match c.source(token) {
            "[" => Some(Infix { power: power::POSTFIX, shape: Shape::Subscript }),
            "." if composite(left) => Some(Infix { power: power::POSTFIX, shape: Shape::Field }),
            _ => None,
        },
        _ => None,
    }
}

fn composite(left: &Expr) -> bool {
    !matches!(left.kind, ExprKind::Literal(_) | ExprKind::Column(_) | ExprKind::Unparsed(_))
}

fn binary(power: u8, op: &str) -> Option<Infix> {
    Some(Infix { power, shape: Shape::Binary(op.to_string(), 1) })
}

fn symbol(c: &Cursor) -> Option<Infix> {
    let op = c.source(c.token());
    let (mysql, sqlite) = (c.mysql(), c.sqlite());
    let power = match op {
        "::" => return Some(Infix { power: power::POSTFIX, shape: Shape::Cast }),
        "=>" => return None,
        ":=" if !mysql => return None,
        ":=" => power::ASSIGN,
        "==" => return binary(power::COMPARE, "="),
        "!=" => return binary(power::COMPARE, "<>"),
        "=" | "<>" | "<=>" => power::COMPARE,
        "<" | ">" | "<=" | ">=" if sqlite => power::LIKE,
        "<" | ">" | "<=" | ">=" => power::COMPARE,
        "||" if mysql => return binary(power::OR, "or"),
        "&&" if mysql => return binary(power::AND, "and"),
        "||" if sqlite => power::POWER,
        "->" | "->>" if sqlite => power::POWER,
        "->" | "->>" if mysql => power::POSTFIX,
        "+" | "-" => power::ADD,
        "%%" => return binary(power::MULTIPLY, "%"),
        "*" | "/" | "%" => power::MULTIPLY,
        "^" if !sqlite => power::POWER,
        "&" if mysql => power::BIT_AND,
        "<<" | ">>" if mysql => power::SHIFT,
        "!" if !c.postgres() => return None,
        _ => power::OTHER,
    };
    binary(power, op)
}

/// PostgreSQL's `?`, `?|` and `?&` look like placeholders.
fn question_mark(c: &Cursor) -> Option<Infix> {
    if !c.postgres() || c.source(c.token()) != "?" {
        return None;
    }
    let next = c.ahead(1);
    let adjoins = next.kind == TokenKind::Operator && next.span.start == c.token().span.end;
    if adjoins && matches!(c.source(next), "|" | "&") && begins_operand(c, 2) {
        let op = format!("?{}", c.source(next));
        return Some(Infix { power: power::OTHER, shape: Shape::Binary(op, 2) });
    }
    begins_operand(c, 1).then(|| Infix { power: power::OTHER, shape: Shape::Binary("?".into(), 1) })
}

/// The token `by` ahead can begin an operand; words that only end an expression can't.
pub fn begins_operand(c: &Cursor, by: usize) -> bool {
    let token = c.ahead(by);
    match token.kind {
        TokenKind::Number
        | TokenKind::String
        | TokenKind::DoubleQuotedString
        | TokenKind::Bits
        | TokenKind::Param
        | TokenKind::Variable
        | TokenKind::QuotedName => true,
        TokenKind::Punct => c.source(token) == "(",
        TokenKind::Word => {
            let word = c.source(token);
            let starts = ["case", "exists", "null", "true", "false", "cast", "interval", "array", "any", "convert"];
            let ends = ["nulls", "asc", "desc", "offset", "window", "returning", "end", "qualify", "fetch", "lock", "for", "with"];
            let is = |list: &[&str]| list.iter().any(|w| word.eq_ignore_ascii_case(w));
            is(&starts) || (c.is_plain_name_ahead(by) && !is(&ends) && word_operator_power(c, by).is_none())
        }
        _ => false,
    }
}

fn hole(c: &Cursor, left: &Expr) -> Infix {
    if c.source(c.token()) == "??" && c.postgres() && begins_operand(c, 1) {
        return Infix { power: power::OTHER, shape: Shape::Binary("?".into(), 1) };
    }
    if !begins_operand(c, 1) || c.is_hole_ahead(1) {
        return Infix { power: u8::MAX, shape: Shape::Skip };
    }
    // After a complete condition the hole joins it with another one; else it is a comparison.
    let condition = match &left.kind {
        ExprKind::Binary { op, .. } => op.starts_with(['=', '<', '>']) || matches!(op.as_str(), "and" | "or"),
        ExprKind::Is { .. }
        | ExprKind::InList { .. }
        | ExprKind::InSubquery { .. }
        | ExprKind::Like { .. }
        | ExprKind::Between { .. }
        | ExprKind::Quantified { .. }
        | ExprKind::Exists(_)
        | ExprKind::Paren(_) => true,
        _ => false,
    };
    let power = if condition { power::AND } else { power::COMPARE };
    Infix { power, shape: Shape::Binary(HOLE.to_string(), 1) }
}

/// Whether a word at `by` is an operator between operands.
fn word_operator_power(c: &Cursor, by: usize) -> Option<u8> {
    let list = ["and", "or", "xor", "is", "in", "like", "ilike", "between", "not", "glob", "regexp", "rlike", "similar", "collate"];
    list.iter().any(|w| c.is_word_ahead(by, w)).then_some(power::AND)
}

fn word(c: &Cursor, left: &Expr) -> Option<Infix> {
    let source = c.source(c.token());
    let first = source.as_bytes().first()?.to_ascii_lowercase();
    let (mysql, sqlite) = (c.mysql(), c.sqlite());
    let of = |power, shape| Some(Infix { power, shape });
    match first {
        b'a' if c.is_word("and") => binary(power::AND, "and"),
        b'a' if c.is_word("at") && (c.is_word_ahead(1, "time") || c.is_word_ahead(1, "local")) => of(power::AT, Shape::AtTimeZone),
        b'o' if c.is_word("or") => binary(power::OR, "or"),
        b'o' if c.is_word("overlaps") => binary(power::OTHER, "overlaps"),
        b'o' if c.is_word("operator") && c.is_symbol_ahead(1, "(") => of(power::OTHER, Shape::Named),
        b'x' if mysql && c.is_word("xor") => binary(power::XOR, "xor"),
        b'd' if mysql && c.is_word("div") => binary(power::MULTIPLY, "div"),
        b'm' if mysql && c.is_word("mod") => binary(power::MULTIPLY, "%"),
        b'm' if mysql && c.are_words(&["member", "of"]) => of(power::COMPARE, Shape::Binary("member of".into(), 2)),
        b's' if mysql && c.are_words(&["sounds", "like"]) => of(power::COMPARE, Shape::Binary("sounds like".into(), 2)),
        b'c' if c.is_word("collate") => of(power::COLLATE, Shape::Collate),
        b'i' if c.is_word("is") => of(if c.postgres() { power::IS } else { power::COMPARE }, Shape::Is),
        b'i' if !mysql && c.is_word("isnull") => of(if c.postgres() { power::IS } else { power::COMPARE }, Shape::NullTest(1, false)),
        b'n' if !mysql && c.is_word("notnull") => of(if c.postgres() { power::IS } else { power::COMPARE }, Shape::NullTest(1, true)),
        b'n' if sqlite && c.are_words(&["not", "null"]) => of(power::COMPARE, Shape::NullTest(2, true)),
        b'n' if c.is_word("not") => pattern(c, 1),
        b'i' | b'b' | b'l' | b's' | b'g' | b'r' | b'm' => pattern(c, 0),
        _ if c.is_hole() => Some(hole(c, left)),
        b'?' => Some(hole(c, left)),
        _ => None,
    }
}

/// `[NOT] IN | BETWEEN | LIKE ...`, with `by` = 1 after NOT.
fn pattern(c: &Cursor, by: usize) -> Option<Infix> {
    let is = |word| c.is_word_ahead(by, word);
    let negated = by == 1;
    let level = if c.postgres() { power::LIKE } else { power::COMPARE };
    if is("in") {
        return Some(Infix { power: level, shape: Shape::In(negated) });
    }
    if is("between") {
        return Some(Infix { power: if c.mysql() { power::IS } else { level }, shape: Shape::Between(negated) });
    }
    let (op, tokens) = if is("like") {
        ("like", 1)
    } else if is("ilike") && c.postgres() {
        ("ilike", 1)
    } else if is("similar") && c.is_word_ahead(by + 1, "to") {
        ("similar to", 2)
    } else if is("glob") && c.sqlite() {
        ("glob", 1)
    } else if is("regexp") && !c.postgres() || is("rlike") && c.mysql() {
        ("regexp", 1)
    } else if is("match") && c.sqlite() {
        ("match", 1)
    } else {
        return None;
    };
    Some(Infix { power: level, shape: Shape::Like(op, tokens, negated) })
}
