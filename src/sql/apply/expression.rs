//! Names inside stored expression texts: which columns they use, and how a rename is followed.
//!
//! Defaults, CHECK conditions, generation expressions, index keys and predicates belong to one table, so
//! tokens are enough to tell its columns apart from functions, casts and literals.

use crate::model::dialect::{Dialect, Engine};
use crate::model::schema::Table;
use crate::model::statement::HOLE;
use crate::sql::ast::ExprKind;
use crate::sql::lexer::{Token, TokenKind, tokens};
use crate::sql::parse::parse_expr;

/// Name tokens of an expression that can be columns: neither called, nor cast to, nor qualified by
/// anything else than `table`.
fn column_tokens(text: &str, dialect: Dialect, table: &str) -> Vec<(Token, String)> {
    let all = tokens(text, dialect);
    let mut found = Vec::new();
    let source = |i: usize| all.get(i).map_or("", |t| t.span.slice(text));
    for (i, token) in all.iter().enumerate() {
        if !matches!(token.kind, TokenKind::Word | TokenKind::QuotedName) {
            continue;
        }
        if matches!(source(i + 1), "(" | ".") {
            continue;
        }
        let previous = if i > 0 { source(i - 1) } else { "" };
        if previous == "::" || (i > 0 && previous.eq_ignore_ascii_case("as") && token.kind == TokenKind::Word) {
            continue;
        }
        if previous == "." {
            let qualifier = i.checked_sub(2).and_then(|q| all.get(q)).map(|q| unquote(*q, text, dialect));
            if !qualifier.is_some_and(|q| dialect.same_table(&q, table)) {
                continue;
            }
        }
        found.push((*token, unquote(*token, text, dialect)));
    }
    found
}

fn unquote(token: Token, text: &str, dialect: Dialect) -> String {
    let source = token.span.slice(text);
    if token.kind == TokenKind::Word {
        return dialect.fold(source, false);
    }
    let mut chars = source.chars();
    let quote = chars.next().unwrap_or('"');
    chars.next_back();
    let inner = chars.as_str();
    if quote == '[' { inner.to_string() } else { inner.replace(&format!("{quote}{quote}"), &quote.to_string()) }
}

/// The columns of `table` that an expression names, each once, in order.
pub(super) fn columns_of(text: &str, table: &Table, dialect: Dialect) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (_, name) in column_tokens(text, dialect, &table.name.name) {
        if let Some(column) = table.column(dialect, &name)
            && !found.contains(&column.name)
        {
            found.push(column.name.clone());
        }
    }
    found
}

/// The first column that an expression names and that is not `there`, and whether its table is written before it.
/// Names that may mean something else (a whole row, a system column, text in double quotes of SQLite) are passed over.
pub(super) fn unknown_column(text: &str, table: &Table, dialect: Dialect, there: &dyn Fn(&str) -> bool) -> Option<(bool, String)> {
    let expr = parse_expr(text, dialect)?;
    let mut open = vec![&expr];
    while let Some(expr) = open.pop() {
        // the first operand is looked at first
        let above = open.len();
        expr.each_child(&mut |e| open.push(e));
        open[above..].reverse();
        let ExprKind::Column(name) = &expr.kind else { continue };
        let (qualifier, column) = match name.parts.as_slice() {
            [column] => (None, column),
            [table, column] => (Some(table), column),
            _ => continue,
        };
        let other = qualifier.is_some_and(|q| !dialect.same_table(&q.value, &table.name.name));
        let row = qualifier.is_none() && dialect.engine == Engine::Postgres && dialect.same_table(&column.value, &table.name.name);
        let system = match dialect.engine {
            Engine::Postgres => matches!(column.value.as_str(), "tableoid" | "ctid" | "xmin" | "xmax" | "cmin" | "cmax" | "value"),
            Engine::Sqlite => ["rowid", "oid", "_rowid_", "true", "false"].iter().any(|w| column.value.eq_ignore_ascii_case(w)),
            _ => false,
        };
        let text = dialect.engine == Engine::Sqlite && column.quoted;
        if !(other || row || system || text || column.value.contains(HOLE) || there(&column.value)) {
            return Some((qualifier.is_some(), column.value.clone()));
        }
    }
    None
}

/// Whether an expression names the column.
pub(super) fn names_column(text: &str, table: &str, column: &str, dialect: Dialect) -> bool {
    column_tokens(text, dialect, table).iter().any(|(_, name)| dialect.same_column(name, column))
}

/// The text with a column renamed.
pub(super) fn rename_column(text: &str, table: &str, from: &str, to: &str, dialect: Dialect) -> String {
    let spans = column_tokens(text, dialect, table).into_iter().filter(|(_, name)| dialect.same_column(name, from));
    replace(text, spans.map(|(token, _)| token.span), &quoted(to, dialect))
}

/// The text with each span replaced.
pub(super) fn replace(text: &str, spans: impl Iterator<Item = crate::model::span::Span>, with: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for span in spans {
        out.push_str(text.get(at..span.start as usize).unwrap_or(""));
        out.push_str(with);
        at = span.end as usize;
    }
    out.push_str(text.get(at..).unwrap_or(""));
    out
}

/// A name as it has to be written: quoted where it would not read back as itself.
pub(super) fn quoted(name: &str, dialect: Dialect) -> String {
    let plain = !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name
            .chars()
            .all(|c| c == '_' || c.is_ascii_digit() || (c.is_alphabetic() && (dialect.engine != Engine::Postgres || !c.is_uppercase())))
        && !RESERVED.contains(&name.to_ascii_lowercase().as_str());
    match dialect.engine {
        _ if plain => name.to_string(),
        Engine::MySql | Engine::MariaDb => format!("`{}`", name.replace('`', "``")),
        _ => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

/// Words reserved by at least one engine that are likely names.
const RESERVED: &[&str] = &[
    "all",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "between",
    "both",
    "by",
    "case",
    "cast",
    "check",
    "collate",
    "column",
    "constraint",
    "create",
    "cross",
    "current_date",
    "current_time",
    "current_timestamp",
    "current_user",
    "default",
    "delete",
    "desc",
    "distinct",
    "do",
    "drop",
    "else",
    "end",
    "except",
    "exists",
    "false",
    "fetch",
    "for",
    "foreign",
    "from",
    "grant",
    "group",
    "having",
    "in",
    "index",
    "inner",
    "insert",
    "interval",
    "into",
    "is",
    "join",
    "key",
    "keys",
    "leading",
    "left",
    "like",
    "limit",
    "lock",
    "natural",
    "not",
    "null",
    "of",
    "offset",
    "on",
    "or",
    "order",
    "outer",
    "primary",
    "range",
    "rank",
    "read",
    "references",
    "right",
    "row",
    "rows",
    "select",
    "session_user",
    "set",
    "some",
    "table",
    "then",
    "to",
    "trailing",
    "trigger",
    "true",
    "union",
    "unique",
    "update",
    "user",
    "using",
    "values",
    "when",
    "where",
    "window",
    "with",
    "write",
];

/// A literal default: its decoded text, `Some(None)` for NULL; `None` where it is an expression.
pub(super) fn literal(text: &str, dialect: Dialect) -> Option<Option<String>> {
    let all = tokens(text.trim().trim_start_matches('(').trim_end_matches(')'), dialect);
    let text = text.trim().trim_start_matches('(').trim_end_matches(')');
    let source = |t: &Token| t.span.slice(text);
    let mut real: Vec<&Token> = all.iter().filter(|t| t.kind != TokenKind::End).collect();
    // A cast of a literal keeps its text.
    if let Some(cast) = real.iter().position(|t| source(t) == "::") {
        real.truncate(cast);
    }
    match real.as_slice() {
        [t] if t.kind == TokenKind::Number => Some(Some(source(t).to_string())),
        [sign, t] if t.kind == TokenKind::Number && matches!(source(sign), "-" | "+") => {
            Some(Some(format!("{}{}", if source(sign) == "-" { "-" } else { "" }, source(t))))
        }
        [t] if matches!(t.kind, TokenKind::String | TokenKind::DoubleQuotedString) => Some(Some(unquote_string(source(t)))),
        [t] if t.kind == TokenKind::Word => match source(t).to_ascii_lowercase().as_str() {
            "null" => Some(None),
            "true" => Some(Some("true".into())),
            "false" => Some(Some("false".into())),
            _ => None,
        },
        _ => None,
    }
}

fn unquote_string(source: &str) -> String {
    let Some(open) = source.find(['\'', '"']) else { return source.to_string() };
    let inner = source.get(open + 1..source.len().saturating_sub(1)).unwrap_or("");
    inner.replace("''", "'")
}

/// The operator of a comparison with a string literal, if the expression has one.
pub(super) fn comparison_with_text(text: &str, dialect: Dialect) -> Option<String> {
    let all = tokens(text, dialect);
    let source = |t: &Token| t.span.slice(text);
    let compares = |t: &Token| matches!(source(t), "=" | "<>" | "!=" | "<" | ">" | "<=" | ">=");
    let pair = all.windows(2).find(|w| compares(&w[0]) && w[1].kind == TokenKind::String)?;
    Some(if source(&pair[0]) == "!=" { "<>".into() } else { source(&pair[0]).to_string() })
}
