//! Judging the statements of an SQL script: one finding each, in the order of the script.

use super::findings::{Origin, finding};
use super::judge::judge_paired;
use super::judgement::{Judgement, StatementInput};
use super::pairing::Pairing;
use super::untouched::Untouched;
use crate::model::change::Change;
use crate::model::finding::Finding;
use crate::model::schema::Schema;
use crate::model::span::{LineIndex, Span};
use crate::model::statement::{Consumer, Evidence, IndexedStatement, Scope, SqlText, Statement, StatementKind};
use crate::sql::ast;
use crate::sql::bind::SessionState;
use crate::sql::parse::parse_script;

/// A statement of a script with its verdict.
#[derive(Clone, Debug)]
pub struct JudgedStatement {
    /// Its place in the script.
    pub span: Span,
    /// Which statement of the script it is, from 0.
    pub number: u32,
    /// Earlier statements that set its session up.
    pub session: Vec<Span>,
    /// The verdict; spans are of the whole script.
    pub judgement: Judgement,
}

/// Judges every statement of `text`, safe ones included. Statements that set up a session (SET, PRAGMA, CREATE
/// TEMPORARY TABLE and those that fill it) give no finding and hold for those after them. `migrations` are the
/// paths of the run as given.
pub fn check_statements(
    text: &str,
    path: &str,
    before: &Schema,
    after: &Schema,
    changes: &[Change],
    migrations: &[String],
) -> Vec<Finding> {
    statement_findings(&judge_statements(text, before, after, changes), text, path, changes, migrations)
}

/// As [`check_statements`], the verdicts alone.
pub fn judge_statements(text: &str, before: &Schema, after: &Schema, changes: &[Change]) -> Vec<JudgedStatement> {
    let pairing = Pairing::new(before, after, changes);
    // Every statement is judged here, its confidence is asked for; what need not be is held against that.
    let mut untouched = cfg!(debug_assertions).then(|| Untouched::new(&pairing, changes));
    let script = parse_script(text, before.dialect);
    let mut setup = Vec::new();
    let (mut was, mut is) = (SessionState::default(), SessionState::default());
    let mut found = Vec::new();
    for (number, statement) in script.statements.iter().enumerate() {
        let session = was.run(statement, text, before);
        is.run(statement, text, after);
        if session {
            untouched = None;
            setup.push(statement.span);
        }
        if session || matches!(statement.kind, ast::StatementKind::Transaction(_)) {
            continue;
        }
        let input = StatementInput {
            statement,
            text,
            kind: StatementKind::SqlFile,
            consumer: Consumer::Unknown,
            any_integer: false,
            maps: None,
            holes: false,
            parts: &[],
        };
        let judgement = judge_paired(&pairing, changes, &input, &was, &is);
        let left = untouched.as_ref().is_some_and(|u| u.leaves(statement.span.slice(text), false, None));
        debug_assert!(!left || judgement.leaves(), "what is surely left alone is touched: {}: {judgement:?}", statement.span.slice(text));
        found.push(JudgedStatement { span: statement.span, number: number as u32, session: setup.clone(), judgement });
    }
    found
}

/// The findings of a script's statements.
pub fn statement_findings(judged: &[JudgedStatement], text: &str, path: &str, changes: &[Change], migrations: &[String]) -> Vec<Finding> {
    let lines = LineIndex::new(text.as_bytes());
    let origin = Origin { weight: 100, ..Origin::default() };
    let mut found = Vec::with_capacity(judged.len());
    for statement in judged {
        let start = lines.line_column(text.as_bytes(), 0);
        let indexed = IndexedStatement {
            statement: Statement {
                text: SqlText::verbatim(text, 0),
                files: vec![path.to_string()],
                span: statement.span,
                site: None,
                kind: StatementKind::SqlFile,
                library: String::new(),
                evidence: Evidence::File,
                consumer: Consumer::Unknown,
                any_integer: false,
                also: Vec::new(),
                maps: None,
                scope: Scope::Production,
                site_group: statement.number,
            },
            lines: (lines.line(statement.span.start), lines.line(statement.span.end.max(statement.span.start + 1) - 1)),
            site_lines: None,
            piece_starts: vec![start],
            also_starts: Vec::new(),
            hole_starts: Vec::new(),
            references: Vec::new(),
            objects: Vec::new(),
            unbound: None,
            dynamic_table: false,
        };
        let mut one = finding(&indexed, &statement.judgement, &origin, changes, migrations);
        one.statement = statement.span.slice(text).trim().to_string();
        found.push(one);
    }
    found
}
