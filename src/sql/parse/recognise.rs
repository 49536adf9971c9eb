//! Whether a string found in source code is SQL, judged by its text alone.
//!
//! English begins with the same verbs ("Select a file to update from the list"), so a parse without errors is
//! not enough: what counts beside it are upper-case keywords and marks that prose does not have (operators,
//! placeholders, dotted names, calls). A first look at the leading word rejects most strings before anything
//! is tokenised.

use super::cursor::Cursor;
use super::{keywords, statement};
use crate::model::dialect::Dialect;
use crate::model::statement::HOLE;
use crate::sql::ast::{Expr, ExprKind, FromItem, Name, Query, Select, SetExpr, Statement, StatementKind};
use crate::sql::lexer::{Token, TokenKind};

/// How much a string looks like SQL; the variants are ordered.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recognition {
    /// Text of another kind.
    No,
    /// A clause that starts in the middle of a statement (`WHERE a = $1`, `ORDER BY x`).
    Fragment,
    /// A verb comes first and structure follows, but the text has syntax errors or little evidence.
    Likely,
    /// A complete statement that names a table.
    Statement,
}

/// Objects that CREATE, ALTER and DROP are about.
const OBJECTS: &[&str] = &[
    "aggregate",
    "collation",
    "column",
    "constraint",
    "database",
    "default",
    "domain",
    "event",
    "extension",
    "foreign",
    "fulltext",
    "function",
    "global",
    "index",
    "language",
    "local",
    "materialized",
    "operator",
    "or",
    "policy",
    "procedure",
    "publication",
    "role",
    "rule",
    "schema",
    "sequence",
    "server",
    "spatial",
    "statistics",
    "subscription",
    "table",
    "temp",
    "temporary",
    "text",
    "trigger",
    "type",
    "unique",
    "unlogged",
    "user",
    "view",
    "virtual",
];

/// Words that prose has where SQL has a table.
const PROSE: &[&str] = &[
    "a",
    "above",
    "all",
    "an",
    "another",
    "any",
    "available",
    "below",
    "each",
    "every",
    "existing",
    "here",
    "his",
    "it",
    "its",
    "my",
    "new",
    "one",
    "other",
    "our",
    "scratch",
    "some",
    "such",
    "that",
    "the",
    "their",
    "them",
    "there",
    "these",
    "this",
    "those",
    "which",
    "within",
    "your",
];

/// Most tokens that are looked at for evidence.
const MAX_TOKENS: usize = 600;

/// How the first word is written.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Case {
    Upper,
    Lower,
    Mixed,
}

/// Judges a bare string. Costs a few nanoseconds where the first word is none of SQL.
pub fn recognise(text: &str, dialect: Dialect) -> Recognition {
    let Some(first) = leading_word(text) else { return Recognition::No };
    if first.verb {
        let next = text.as_bytes().get(first.end).copied().unwrap_or(b' ');
        let hole = text.get(first.end..).is_some_and(|rest| rest.starts_with(HOLE));
        if next.is_ascii_whitespace() || matches!(next, b'(' | b'*' | b'"' | b'`' | b'/' | b';' | b'-' | b'\'') || hole {
            return whole(text, dialect, first);
        }
        return Recognition::No;
    }
    if first.clause {
        return clause(text, dialect, first);
    }
    bare_condition(text, dialect)
}

/// The first word and what it may begin.
#[derive(Copy, Clone)]
struct First {
    end: usize,
    case: Case,
    verb: bool,
    clause: bool,
}

/// Skips white space, comments, holes and opening parentheses, and reads the word after them.
fn leading_word(text: &str) -> Option<First> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let rest = bytes.get(at..).unwrap_or_default();
        if byte.is_ascii_whitespace() || matches!(byte, b'(' | b')' | b',' | b';') {
            at += 1;
        } else if rest.starts_with(b"--") || (*byte == b'#' && rest.get(1) == Some(&b' ')) {
            at += memchr::memchr(b'\n', rest)?;
        } else if rest.starts_with(b"/*") {
            at += memchr::memmem::find(rest, b"*/")? + 2;
        } else if text.get(at..).is_some_and(|r| r.starts_with(HOLE)) {
            at += HOLE.len_utf8();
        } else {
            break;
        }
    }
    let word = bytes.get(at..)?.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let end = at + word;
    let source = text.get(at..end)?;
    let joined = bytes.get(end).is_some_and(|b| b.is_ascii_digit() || matches!(b, b'_' | b'.' | b'$'));
    let known = (2..=9).contains(&word) && !joined;
    let case = if source.bytes().all(|b| b.is_ascii_uppercase()) {
        Case::Upper
    } else if source.bytes().all(|b| b.is_ascii_lowercase()) {
        Case::Lower
    } else {
        Case::Mixed
    };
    let verb = known && keywords::begins_statement(source);
    Some(First { end, case, verb, clause: !verb && known && keywords::begins_fragment(source) })
}

/// Marks of SQL among the tokens.
#[derive(Default)]
struct Evidence {
    /// Operators, placeholders, calls, `*`, IS NULL.
    strong: u32,
    /// Commas, dotted names, quoted names, literals.
    weak: u32,
    /// Upper-case keywords after the first word.
    keywords: u32,
    /// FROM, INTO, SET, VALUES, USING or AS, in any case.
    structure: bool,
}

fn evidence(c: &Cursor) -> Evidence {
    let mut found = Evidence::default();
    let mut before: Option<Token> = None;
    for by in 0..MAX_TOKENS {
        let token = c.ahead(by);
        let source = c.source(token);
        let apart = before.is_none_or(|b| b.span.end < token.span.start);
        match token.kind {
            TokenKind::End => break,
            TokenKind::Operator => found.strong += u32::from(!matches!(source, "-" | "/" | "!" | "#" | "&" | "--" | ">" | "*" | "%")),
            TokenKind::Param => {
                let after_mark = before.is_some_and(|b| {
                    matches!(b.kind, TokenKind::Operator | TokenKind::Punct) || keywords::is_reserved(c.source(b), c.dialect.engine)
                });
                found.strong += u32::from(after_mark && (apart || before.is_some_and(|b| b.kind != TokenKind::Word)));
            }
            TokenKind::Punct => match source {
                "," => found.weak += 1,
                "(" if by > 0 => {
                    found.strong += u32::from(!apart || before.is_some_and(|b| keywords::is_reserved(c.source(b), c.dialect.engine)));
                }
                "." => {
                    let tight = !apart && c.ahead(by + 1).span.start == token.span.end && c.ahead(by + 1).kind != TokenKind::End;
                    found.weak += u32::from(tight);
                }
                ";" => found.weak += u32::from(by > 2),
                _ => {}
            },
            TokenKind::Word => word_evidence(c, by, source, &mut found),
            TokenKind::QuotedName | TokenKind::Number => found.weak += 1,
            TokenKind::String => found.weak += u32::from(apart || before.is_some_and(|b| b.kind != TokenKind::Word)),
            _ => {}
        }
        before = Some(token);
    }
    found
}

fn word_evidence(c: &Cursor, by: usize, source: &str, found: &mut Evidence) {
    if by == 0 {
        return;
    }
    let reserved = keywords::is_reserved(source, c.dialect.engine);
    if !reserved && !source.eq_ignore_ascii_case("by") {
        return;
    }
    found.keywords += u32::from(source.bytes().all(|b| b.is_ascii_uppercase()) && source.len() > 1);
    found.structure |= ["from", "into", "set", "values", "using", "as"].iter().any(|w| source.eq_ignore_ascii_case(w));
    if source.eq_ignore_ascii_case("is") && (c.is_word_ahead(by + 1, "null") || c.is_word_ahead(by + 2, "null")) {
        found.strong += 1;
    }
    // `select *`, `count(*)`, `t.*`.
    if c.is_symbol_ahead(by + 1, "*") && source.eq_ignore_ascii_case("select") {
        found.strong += 1;
    }
}

/// A text that begins with a verb.
fn whole(text: &str, dialect: Dialect, first: First) -> Recognition {
    let mut c = Cursor::new(text, dialect);
    while !c.at_end() && (c.at_statement_end() || c.is_symbol(")")) {
        c.advance();
    }
    let mut found = evidence(&c);
    if c.is_symbol_ahead(1, "*") && c.is_word("select") {
        found.strong += 1;
    }
    if c.is_any_word(&["create", "alter", "drop"]) && !c.is_any_ahead(1, OBJECTS) && !c.is_hole_ahead(1) {
        return Recognition::No;
    }
    if c.mysql() && c.is_word("do") && found.strong == 0 {
        return Recognition::No;
    }
    let mark = c.mark();
    let statement = statement::parse_inner(&mut c);
    let used = c.mark() > mark;
    let clean = c.errors.is_empty() && c.at_statement_end() && used;
    if !clean {
        return incomplete(&statement, first, &found);
    }
    complete(&c, &statement, first, &found)
}

/// A statement that parsed without errors.
fn complete(c: &Cursor, statement: &Statement, first: First, found: &Evidence) -> Recognition {
    let marks = found.strong + found.weak;
    let named = table_of(&statement.kind);
    let prose = named.as_ref().is_some_and(is_prose);
    if prose && found.strong < 2 {
        return Recognition::No;
    }
    match &statement.kind {
        StatementKind::Unknown(_) | StatementKind::Fragment(_) => Recognition::No,
        StatementKind::Update(update) if update.set.is_empty() => Recognition::No,
        StatementKind::Transaction(words) => {
            if first.case == Case::Upper && words.contains(' ') {
                Recognition::Likely
            } else {
                Recognition::No
            }
        }
        StatementKind::Session(_) => {
            let enough = first.case == Case::Upper && (marks > 0 || found.keywords > 0 || c.mark() > 1 && c.is_word("to"));
            if enough || (first.case == Case::Lower && found.strong > 0) { Recognition::Likely } else { Recognition::No }
        }
        StatementKind::Block { .. } => Recognition::Statement,
        StatementKind::Query(query) if matches!(query.body, SetExpr::Values(_)) && query.with.is_none() => {
            if first.case == Case::Upper || found.strong > 0 { Recognition::Fragment } else { Recognition::No }
        }
        // What they are about is no table that the text could prove.
        StatementKind::Call { .. } | StatementKind::Copy(_) | StatementKind::Lock { .. } | StatementKind::Truncate { .. } => {
            match first.case {
                Case::Upper => Recognition::Statement,
                Case::Lower if found.strong > 0 => Recognition::Statement,
                _ => Recognition::No,
            }
        }
        StatementKind::Ddl(_) => match first.case {
            Case::Upper => Recognition::Statement,
            Case::Lower | Case::Mixed if found.strong > 0 => Recognition::Statement,
            Case::Lower if marks > 0 => Recognition::Likely,
            _ => Recognition::No,
        },
        _ => match (first.case, named.is_some()) {
            (Case::Upper, true) => Recognition::Statement,
            (Case::Upper, false) => Recognition::Likely,
            (Case::Lower, true) if marks > 0 => Recognition::Statement,
            (Case::Lower, true) => Recognition::Likely,
            (Case::Lower, false) if found.strong > 1 => Recognition::Likely,
            (Case::Mixed, true) if found.strong > 1 => Recognition::Statement,
            (Case::Mixed, true) if found.strong > 0 => Recognition::Likely,
            _ => Recognition::No,
        },
    }
}

/// A statement with syntax errors.
fn incomplete(statement: &Statement, first: First, found: &Evidence) -> Recognition {
    let structured = match &statement.kind {
        StatementKind::Update(update) => !update.set.is_empty(),
        StatementKind::Insert(_) | StatementKind::Query(_) | StatementKind::Delete(_) | StatementKind::Merge(_) => found.structure,
        StatementKind::Ddl(_) => true,
        StatementKind::Wrapped { .. } | StatementKind::Call { .. } => found.structure,
        _ => false,
    };
    if !structured || table_of(&statement.kind).is_some_and(|name| is_prose(&name)) && found.strong < 3 {
        return Recognition::No;
    }
    let enough = match first.case {
        Case::Upper => found.keywords > 0 && (found.strong + found.weak > 0 || found.keywords > 1),
        Case::Lower => found.strong > 1 && found.strong + found.weak > 2,
        Case::Mixed => found.strong > 2,
    };
    if enough { Recognition::Likely } else { Recognition::No }
}

/// A text that begins with a clause.
fn clause(text: &str, dialect: Dialect, first: First) -> Recognition {
    let mut c = Cursor::new(text, dialect);
    let found = evidence(&c);
    while c.is_symbol(")") || c.is_symbol(",") || c.is_symbol("(") {
        c.advance();
    }
    let by = c.is_any_word(&["group", "order"]) && c.is_word_ahead(1, "by");
    let table = c.is_any_word(&["from", "join"]) || c.is_word_ahead(1, "join") || c.is_word_ahead(2, "join");
    let set = c.is_any_word(&["union", "intersect", "except"]);
    let condition = c.is_any_word(&["and", "or", "on", "where", "having"]);
    let exact = c.is_word("for") && c.is_any_ahead(1, &["update", "share", "no"])
        || c.is_word("on") && c.is_any_ahead(1, &["conflict", "duplicate"])
        || c.is_word("returning");
    let values = c.is_any_word(&["limit", "offset", "fetch"]);
    if condition && c.ahead(1).kind == TokenKind::End {
        return Recognition::No;
    }
    let holes = text.contains(HOLE);
    let statement = statement::parse_inner(&mut c);
    let StatementKind::Fragment(query) = &statement.kind else { return Recognition::No };
    if !c.errors.is_empty() || !c.at_statement_end() || first_table(query).is_some_and(|name| is_prose(&name)) {
        return Recognition::No;
    }
    let marked = found.strong > 0;
    let enough = match first.case {
        Case::Upper => marked || by || table || set || exact || found.weak > 0 && !condition || holes && (condition || values),
        Case::Lower => marked || by || exact && found.weak == 0 || set && found.structure,
        Case::Mixed => marked && found.strong > 1,
    };
    if enough { Recognition::Fragment } else { Recognition::No }
}

/// `user_id = ? AND deleted_at IS NULL`: a comparison of a column with a placeholder. `%s` proves nothing, as
/// log messages have it.
fn bare_condition(text: &str, dialect: Dialect) -> Recognition {
    let bytes = text.as_bytes();
    let comparison =
        memchr::memchr3(b'=', b'<', b'>', bytes).is_some() || bytes.windows(4).any(|w| w == b" IN " || w == b" in " || w == b"LIKE");
    let placeholder = memchr::memchr3(b'?', b'$', b':', bytes).is_some() || memchr::memchr(b'@', bytes).is_some();
    if !comparison
        || !placeholder
        || text.len() > 4096
        || !bytes.first().is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'"' | b'`' | b'('))
    {
        return Recognition::No;
    }
    let mut c = Cursor::new(text, dialect);
    let expr = super::expr::parse_expression(&mut c);
    if c.errors.is_empty() && c.at_end() && compares_placeholder(&expr, 0) { Recognition::Fragment } else { Recognition::No }
}

fn compares_placeholder(expr: &Expr, depth: u32) -> bool {
    let column = |e: &Expr| matches!(&e.kind, ExprKind::Column(_) | ExprKind::Function(_) | ExprKind::Cast { .. });
    let placeholder = |e: &Expr| matches!(&e.kind, ExprKind::Param(p) if !p.starts_with('%'));
    match &expr.kind {
        _ if depth > 64 => false,
        ExprKind::Binary { op, left, right } if matches!(op.as_str(), "and" | "or") => {
            compares_placeholder(left, depth + 1) || compares_placeholder(right, depth + 1)
        }
        ExprKind::Binary { left, right, .. } => column(left) && placeholder(right) || placeholder(left) && column(right),
        ExprKind::InList { expr, list, .. } => column(expr) && list.iter().any(placeholder),
        ExprKind::Like { expr, pattern, .. } => column(expr) && placeholder(pattern),
        ExprKind::Between { expr, low, .. } => column(expr) && placeholder(low),
        ExprKind::Paren(inner) => compares_placeholder(inner, depth + 1),
        _ => false,
    }
}

fn is_prose(name: &Name) -> bool {
    name.parts.len() == 1 && !name.last().quoted && PROSE.iter().any(|w| name.last().value.eq_ignore_ascii_case(w))
}

/// The first table that a statement names.
fn table_of(kind: &StatementKind) -> Option<Name> {
    match kind {
        StatementKind::Query(query) | StatementKind::Fragment(query) => first_table(query),
        StatementKind::Insert(insert) => Some(insert.table.clone()),
        StatementKind::Update(update) => update.target.first().and_then(|item| item_table(item, 0)),
        StatementKind::Delete(delete) => delete.from.first().and_then(|item| item_table(item, 0)),
        StatementKind::Merge(merge) => item_table(&merge.target, 0),
        StatementKind::Copy(copy) => copy.table.clone(),
        StatementKind::Truncate { tables, .. } | StatementKind::Lock { tables } => tables.first().cloned(),
        StatementKind::Call { name, .. } => Some(name.clone()),
        StatementKind::Wrapped { inner, .. } => table_of(&inner.kind),
        _ => None,
    }
}

fn first_table(query: &Query) -> Option<Name> {
    let ctes = query.with.iter().flat_map(|with| &with.ctes);
    body_table(&query.body, 0).or_else(|| ctes.filter_map(|cte| table_of(&cte.statement.kind)).next())
}

fn body_table(body: &SetExpr, depth: u32) -> Option<Name> {
    match body {
        _ if depth > 64 => None,
        SetExpr::Select(select) => select_table(select, depth),
        SetExpr::Query(query) => body_table(&query.body, depth + 1),
        SetExpr::SetOp { left, right, .. } => body_table(left, depth + 1).or_else(|| body_table(right, depth + 1)),
        SetExpr::Table(name) => Some(name.clone()),
        SetExpr::Values(_) | SetExpr::Hole(_) => None,
    }
}

fn select_table(select: &Select, depth: u32) -> Option<Name> {
    select.from.iter().find_map(|item| item_table(item, depth))
}

fn item_table(item: &FromItem, depth: u32) -> Option<Name> {
    match item {
        _ if depth > 64 => None,
        FromItem::Table { name, .. } => Some(name.clone()),
        FromItem::Derived { query, .. } => body_table(&query.body, depth + 1),
        FromItem::Function { call, .. } => match &call.kind {
            ExprKind::Function(call) => Some(call.name.clone()),
            _ => None,
        },
        FromItem::Join { left, right, .. } => item_table(left, depth + 1).or_else(|| item_table(right, depth + 1)),
        FromItem::Hole(_) => None,
    }
}
