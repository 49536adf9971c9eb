//! Statements that no supported engine reads, because parameters of another engine stand in them.

use crate::model::dialect::Dialect;
use crate::sql::lexer::{TokenKind, tokens};

/// The engine whose parameters stand in a statement; `None`: nothing speaks for another engine.
///
/// ClickHouse writes `{name: Type}` (ClickHouse documentation, "SQL syntax", "Defining and using query
/// parameters"), with types in camel case; nothing that PostgreSQL, MySQL or SQLite reads looks like it.
pub fn foreign_engine(text: &str, dialect: Dialect) -> Option<&'static str> {
    if !text.contains('{') {
        return None;
    }
    let tokens = tokens(text, dialect);
    let capital = |text: &str| text.starts_with(|c: char| c.is_ascii_uppercase());
    let parameter = tokens.windows(4).any(|w| {
        let [open, name, third, fourth] = w else { return false };
        if open.span.slice(text) != "{" || name.kind != TokenKind::Word {
            return false;
        }
        match (third.kind, third.span.slice(text)) {
            (TokenKind::Punct, ":") => fourth.kind == TokenKind::Word && capital(fourth.span.slice(text)),
            (TokenKind::Param, word) => word.strip_prefix(':').is_some_and(capital),
            _ => false,
        }
    });
    parameter.then_some("clickhouse")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::dialect::Engine;

    #[test]
    fn parameters_of_other_engines() {
        let cases = [
            ("SELECT a FROM t WHERE id = {id: String}", Some("clickhouse")),
            ("SELECT a FROM t WHERE id IN {ids:Array(UInt64)} AND b = 'x'", Some("clickhouse")),
            ("SELECT a FROM t WHERE id = {id}", None),
            ("SELECT '{id: String}'", None),
            ("SELECT a /* {id: String} */ FROM t", None),
            ("SELECT a FROM t WHERE id = {id:s}", None),
            ("SELECT '{}'::text[], b FROM t", None),
        ];
        for (text, expected) in cases {
            for engine in [Engine::Postgres, Engine::MySql, Engine::Sqlite] {
                assert_eq!(foreign_engine(text, Dialect::of(engine)), expected, "{engine:?} {text}");
            }
        }
    }
}
