//! Cheap tests on text: could it be SQL, a piece of SQL, or a name in SQL? They decide what is worth keeping;
//! whether a string really is SQL is for resolution to say, with a parser.

/// First words of statements that carry names of tables, or that an application sends.
const VERBS: [&str; 30] = [
    "select", "insert", "update", "delete", "with", "create", "alter", "drop", "truncate", "merge", "replace", "grant", "revoke", "lock",
    "copy", "call", "refresh", "vacuum", "analyze", "reindex", "explain", "comment", "rename", "values", "pragma", "do", "set", "show",
    "declare", "listen",
];

/// Words that begin a piece of a statement, or stand within one.
const PIECES: [&str; 24] = [
    "where",
    "and",
    "or",
    "from",
    "join",
    "left",
    "inner",
    "right",
    "cross",
    "order",
    "group",
    "having",
    "limit",
    "offset",
    "union",
    "returning",
    "on",
    "set",
    "values",
    "using",
    "into",
    "as",
    "not",
    "in",
];

/// Capital words that make text SQL-ish wherever they stand.
const CAPITALS: [&str; 16] = [
    "SELECT",
    "FROM",
    "WHERE",
    "JOIN",
    "INSERT",
    "UPDATE",
    "DELETE",
    "VALUES",
    "ORDER",
    "GROUP",
    "LIMIT",
    "RETURNING",
    "AND",
    "CREATE",
    "ALTER",
    "UNION",
];

/// The text after leading blanks, parentheses and SQL comments.
fn body(text: &str) -> &str {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '(' || c == ';');
        if let Some(after) = rest.strip_prefix("--").or_else(|| rest.strip_prefix('#')) {
            rest = after.split_once('\n').map_or("", |p| p.1);
        } else if let Some(after) = rest.strip_prefix("/*") {
            rest = after.split_once("*/").map_or("", |p| p.1);
        } else {
            return rest;
        }
    }
}

fn first_word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    text.get(..end).unwrap_or("")
}

fn is_one_of(word: &str, words: &[&str]) -> bool {
    !word.is_empty() && words.iter().any(|w| w.eq_ignore_ascii_case(word))
}

/// Whether text begins like a statement: a verb, and after it more than nothing.
pub fn like_statement(text: &str) -> bool {
    let text = body(text);
    let word = first_word(text);
    let rest = text.get(word.len()..).unwrap_or("");
    if !is_one_of(word, &VERBS) || !(rest.starts_with(|c: char| c.is_whitespace() || c == '(' || c == '*' || c == '"' || c == '\'')) {
        return false;
    }
    // A verb in a sentence ("Select a file from the list") is for the parser to refuse; a lone word is not SQL.
    !rest.trim().is_empty()
}

/// Whether the raw bytes of a literal, quotes and escapes included, may begin a statement. A cheap test: it says
/// yes where a comment or an interpolation comes first.
pub(super) fn like_statement_start(literal: &[u8]) -> bool {
    let text = literal.iter().position(|b| !matches!(b, b'"' | b'\'' | b'`' | b'(' | b';') && !b.is_ascii_whitespace());
    let rest = literal.get(text.unwrap_or(literal.len())..).unwrap_or(&[]);
    let rest = rest.strip_prefix(b"\\n").or_else(|| rest.strip_prefix(b"\\\n")).unwrap_or(rest);
    let rest = rest.get(rest.iter().take_while(|b| b.is_ascii_whitespace()).count()..).unwrap_or(&[]);
    let len = rest.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    match std::str::from_utf8(rest.get(..len).unwrap_or(&[])) {
        Ok("") => rest.starts_with(b"-") || rest.starts_with(b"/*") || rest.starts_with(b"#") || rest.starts_with(b"\\"),
        Ok(word) => is_one_of(word, &VERBS),
        Err(_) => false,
    }
}

/// Whether text is like a statement or a piece of one (`WHERE a = 1`, ` AND b`, `ORDER BY x`).
pub fn like_sql(text: &str) -> bool {
    if like_statement(text) {
        return true;
    }
    let start = body(text);
    let word = first_word(start);
    let after = start.get(word.len()..).unwrap_or("");
    if is_one_of(word, &PIECES) && (after.starts_with(|c: char| c.is_whitespace() || c == '(')) {
        return true;
    }
    text.split(|c: char| !c.is_ascii_alphabetic()).any(|w| w.len() > 2 && CAPITALS.contains(&w)) || comparison(text)
}

/// A comparison with a placeholder: `name = ?`, `id = $1`, `x LIKE %s`, `tenant = :tenant`.
fn comparison(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'=', bytes).any(|at| {
        let rest = text.get(at + 1..).unwrap_or("").trim_start();
        let placeholder = rest.starts_with(['?', '$', ':', '@', '\'']) || rest.starts_with("%s") || rest.starts_with("%(");
        let before = bytes.get(..at).unwrap_or(&[]);
        placeholder && before.last().is_some_and(|b| *b == b' ' || b.is_ascii_alphanumeric() || b"<>!_\"`]".contains(b))
    })
}

/// Whether text could be the name of a table or column, or a short list of them: `users`, `app.users`,
/// `id, name`, `created_at DESC`.
pub fn like_names(text: &str) -> bool {
    let text = text.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ',' | ' ' | '"' | '`' | '*' | '\n' | '\t' | '\r');
    (1..=400).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '"' | '`'))
        && text.chars().all(plain)
        && (!text.contains(' ') || text.contains(',') || text.split_whitespace().count() <= 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_statements_pieces_and_names() {
        for (text, statement, sql, names) in [
            ("SELECT id FROM t", true, true, false),
            ("\n  -- all\n select *\nfrom t", true, true, false),
            ("(SELECT 1)", true, true, false),
            ("select", false, false, true),
            ("selected", false, false, true),
            (" WHERE a = 1", false, true, false),
            (" and b", false, true, true),
            ("tenant = $1", false, true, false),
            ("/api/users?id=1", false, false, false),
            ("id, name", false, false, true),
            ("users", false, false, true),
            ("Hello, world!", false, false, false),
            ("", false, false, false),
        ] {
            assert_eq!((like_statement(text), like_sql(text), like_names(text)), (statement, sql, names), "{text:?}");
        }
    }
}
