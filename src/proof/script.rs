//! Scripts in pieces that an engine takes one by one.

use crate::model::dialect::Dialect;
use crate::model::span::LineIndex;
use crate::sql::ast::StatementKind;
use crate::sql::lexer::{TokenKind, tokens};
use crate::sql::parse::parse_script;

/// SQL that is run for good.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// Where it comes from, for messages.
    pub path: String,
    /// SQL.
    pub text: String,
    /// It is sent statement by statement rather than at once.
    pub autocommit: bool,
}

/// A statement of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece<'t> {
    pub sql: &'t str,
    /// Lines of a `COPY ... FROM STDIN` block behind it.
    pub rows: Option<&'t str>,
    /// 1-based line in the script.
    pub line: u32,
    /// A role that it creates.
    pub role: Option<String>,
    /// An extension that it installs.
    pub extension: Option<String>,
    /// It begins or ends a transaction.
    pub transaction: bool,
}

/// The statements of a script in order.
pub fn pieces(text: &str, dialect: Dialect) -> Vec<Piece<'_>> {
    let lines = LineIndex::new(text.as_bytes());
    let script = parse_script(text, dialect);
    let words = tokens(text, dialect);
    let mut out = Vec::new();
    for statement in &script.statements {
        let mut sql = statement.span.slice(text).trim();
        let mut rows = None;
        if matches!(statement.kind, StatementKind::Copy(_)) {
            // The block stands between this statement and the next one.
            let next = script.statements.iter().map(|s| s.span.start).find(|s| *s > statement.span.start).unwrap_or(u32::MAX);
            let within = |start: u32| statement.span.start <= start && start < next;
            if let Some(data) = words.iter().find(|t| t.kind == TokenKind::CopyData && within(t.span.start)) {
                rows = Some(data.span.slice(text));
                let head = text.get(statement.span.start as usize..data.span.start as usize);
                sql = head.unwrap_or(sql).trim().trim_end_matches(';');
            }
        }
        if sql.is_empty() {
            continue;
        }
        out.push(Piece {
            sql,
            rows,
            line: lines.line(statement.span.start),
            role: created(sql, &["role", "user", "group"]),
            extension: created(sql, &["extension"]),
            transaction: matches!(statement.kind, StatementKind::Transaction(_)),
        });
    }
    out
}

/// The name in `CREATE <kind> [IF NOT EXISTS] name`.
fn created(sql: &str, kinds: &[&str]) -> Option<String> {
    let mut words = sql.split(|c: char| c.is_whitespace() || c == ';').filter(|w| !w.is_empty());
    let create = words.next()?.eq_ignore_ascii_case("create");
    let kind = words.next()?.to_ascii_lowercase();
    if !create || !kinds.contains(&kind.as_str()) {
        return None;
    }
    let mut name = words.next()?;
    if name.eq_ignore_ascii_case("if") {
        name = words.nth(2)?;
    }
    let plain = name.trim_matches('"');
    let folded = if plain.len() == name.len() { plain.to_lowercase() } else { plain.to_string() };
    let mapping = kind == "user" && folded == "mapping";
    (!folded.is_empty() && !mapping).then_some(folded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::dialect::Engine;

    #[test]
    fn scripts_come_in_pieces() {
        let text = "CREATE TABLE t (a int);\nCOPY t (a) FROM stdin;\n1\n2\n\\.\n\nCREATE ROLE app_user;\nBEGIN;\nCREATE EXTENSION IF NOT EXISTS \"uuid-ossp\";";
        let found = pieces(text, Dialect::of(Engine::Postgres));
        let shown: Vec<_> =
            found.iter().map(|p| (p.sql, p.rows, p.line, p.role.as_deref().or(p.extension.as_deref()), p.transaction)).collect();
        assert_eq!(
            shown,
            [
                ("CREATE TABLE t (a int)", None, 1, None, false),
                ("COPY t (a) FROM stdin", Some("1\n2\n"), 2, None, false),
                ("CREATE ROLE app_user", None, 7, Some("app_user"), false),
                ("BEGIN", None, 8, None, true),
                ("CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\"", None, 9, Some("uuid-ossp"), false),
            ]
        );
    }
}
