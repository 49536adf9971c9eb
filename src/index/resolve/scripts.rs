//! `.sql` files that are no migrations: queries and scripts.

use super::Resolver;
use super::input::SqlFile;
use crate::model::statement::{Consumer, Evidence, SqlText, Statement, StatementKind};
use crate::sql::ast::StatementKind as Kind;
use crate::sql::parse::parse_script;

impl<'a> Resolver<'a> {
    /// Emits the statements of an SQL file that no code has sent. A file of definitions alone (a dump) gives
    /// none.
    pub fn script(&mut self, file: &SqlFile<'a>) {
        let Some((id, content)) = self.content(file.path) else { return };
        let script = parse_script(&content, self.dialect);
        let library = named_query_library(&content);
        for statement in &script.statements {
            let kind = match &statement.kind {
                Kind::Wrapped { inner, .. } => &inner.kind,
                kind => kind,
            };
            if !matches!(
                kind,
                Kind::Query(_)
                    | Kind::Insert(_)
                    | Kind::Update(_)
                    | Kind::Delete(_)
                    | Kind::Merge(_)
                    | Kind::Truncate { .. }
                    | Kind::Call { .. }
            ) {
                continue;
            }
            let span = statement.span;
            if self.is_covered(id, span) {
                continue;
            }
            self.out.sites += 1;
            self.out.resolved += 1;
            self.emitted.statements.push(Statement {
                text: SqlText::verbatim(span.slice(&content), span.start),
                files: vec![file.path.to_string()],
                span,
                site: None,
                kind: StatementKind::SqlFile,
                library: library.to_string(),
                evidence: Evidence::File,
                consumer: Consumer::Unknown,
                any_integer: false,
                also: Vec::new(),
                maps: None,
                scope: file.scope,
                site_group: u32::MAX,
            });
        }
    }
}

/// The name in a line `-- name: get_user^` (aiosql, yesql, dotsql) or `-- name: GetUser :one` (sqlc).
fn query_name(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("--")?.trim_start().strip_prefix("name:")?.trim();
    let name = rest.split_whitespace().next()?.trim_end_matches(['^', '!', '$', '<', '*', '#', '?']);
    (!name.is_empty()).then_some(name)
}

/// Which kind of named queries a file holds.
fn named_query_library(content: &str) -> &'static str {
    let names: Vec<&str> = content.lines().filter(|l| query_name(l).is_some()).take(1).collect();
    match names.first() {
        Some(line) if [":one", ":many", ":exec", ":batch", ":copyfrom"].iter().any(|k| line.contains(k)) => "sqlc",
        Some(_) => "named-queries",
        None => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_queries_are_known_by_their_comments() {
        for (line, name) in
            [("-- name: GetUser :one", Some("GetUser")), ("--name: get_user^", Some("get_user")), ("-- names: x", None), ("select 1", None)]
        {
            assert_eq!(query_name(line), name, "{line}");
        }
        assert_eq!(named_query_library("-- a\n-- name: GetUser :one\nselect 1"), "sqlc");
        assert_eq!(named_query_library("-- name: get_user^\nselect 1"), "named-queries");
        assert_eq!(named_query_library("select 1"), "");
    }
}
