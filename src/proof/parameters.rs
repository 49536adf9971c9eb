//! Placeholders of clients as the engine's own, with types left to the engine.

use crate::model::dialect::{Dialect, Engine};
use crate::model::statement::{COMPUTED, HOLE};
use crate::sql::lexer::{TokenKind, tokens};
use std::collections::HashMap;

/// A statement with the engine's own placeholders, or why it can't be asked.
pub fn own(text: &str, dialect: Dialect) -> Result<String, &'static str> {
    if text.contains(HOLE) {
        return Err("a part of the statement is unknown");
    }
    if text.contains(COMPUTED) {
        return Err("an expression of the statement is not known in full");
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut end = 0;
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let mut count = 0;
    for token in tokens(text, dialect) {
        let word = token.span.slice(text);
        if token.kind == TokenKind::Word && word == "??" {
            return Err("a name in it is a parameter");
        }
        if token.kind != TokenKind::Param {
            continue;
        }
        out.push_str(text.get(end..token.span.start as usize).unwrap_or(""));
        end = token.span.end as usize;
        let numbered = word.strip_prefix(['$', '?']).is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
        match dialect.engine {
            // `?1`, `:a`, `@a` and `$a` are SQLite's own.
            Engine::Sqlite if !word.starts_with('%') => out.push_str(word),
            Engine::Sqlite | Engine::MySql | Engine::MariaDb => out.push('?'),
            Engine::Postgres if numbered => {
                out.push('$');
                out.push_str(&word[1..]);
            }
            Engine::Postgres => {
                // A name that comes again is the same parameter.
                let anonymous = matches!(word, "?" | "%s");
                let number = if anonymous { None } else { numbers.get(word).copied() };
                let number = number.unwrap_or_else(|| {
                    count += 1;
                    if !anonymous {
                        numbers.insert(word, count);
                    }
                    count
                });
                out.push('$');
                out.push_str(&number.to_string());
            }
        }
    }
    out.push_str(text.get(end..).unwrap_or(""));
    Ok(out.trim().trim_end_matches(';').to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_become_the_engines_own() {
        let cases = [
            (Engine::Postgres, "a = ? AND b = %s", "a = $1 AND b = $2"),
            (Engine::Postgres, "a = :id AND b = :other OR c = :id;", "a = $1 AND b = $2 OR c = $1"),
            (Engine::Postgres, "a = %(x)s AND b = $2 AND c::text = '?'", "a = $1 AND b = $2 AND c::text = '?'"),
            (Engine::MariaDb, "a = :id AND b = %s AND c = ?", "a = ? AND b = ? AND c = ?"),
            (Engine::Sqlite, "a = ?1 AND b = :x AND c = %s", "a = ?1 AND b = :x AND c = ?"),
        ];
        for (engine, text, expected) in cases {
            let sql = format!("SELECT 1 FROM t WHERE {text}");
            assert_eq!(own(&sql, Dialect::of(engine)), Ok(format!("SELECT 1 FROM t WHERE {expected}")), "{text}");
        }
        assert!(own(&format!("SELECT {HOLE}"), Dialect::of(Engine::Postgres)).is_err());
    }
}
