//! From a judgement to a finding: place, fingerprint, service and change.

use super::Run;
use crate::impact::{Cause, Judgement};
use crate::model::change::Change;
use crate::model::finding::{AlsoCause, Basis, CausingChange, Finding, FindingKind, Token};
use crate::model::span::Span;
use crate::model::statement::{HOLE, IndexedStatement};
use crate::pipeline::inputs::MigrationInput;

/// Where a statement belongs.
pub struct Place<'a> {
    /// Repository name.
    pub repo: &'a str,
    /// Service as shown.
    pub service: &'a str,
    /// Owners.
    pub owners: Vec<String>,
    /// Database, where known.
    pub database: Option<String>,
    /// How sure it is that the statement is for that database, in hundredths.
    pub weight: u8,
    /// Why it is less than sure.
    pub note: Option<String>,
}

/// Makes the finding.
pub fn finding(indexed: &IndexedStatement, judgement: &Judgement, place: &Place, run: &Run, inputs: &[MigrationInput]) -> Finding {
    let statement = &indexed.statement;
    let cause = judgement.cause.as_ref();
    let token = cause.and_then(|c| token(indexed, c.span)).or_else(|| token(indexed, first_word(&statement.text.text)));
    let path = token.as_ref().map_or_else(|| statement.files.first().cloned().unwrap_or_default(), |t| t.0.clone());
    let (line, end_line) = lines(indexed, &path, token.as_ref().map(|t| t.1));
    let confidence = u32::from(judgement.confidence) * u32::from(place.weight) / 100;
    let mut message = cause.map_or_else(|| "bound to the same objects with the same result".to_string(), |c| c.message.clone());
    if let Some(note) = place.note.as_ref().filter(|_| cause.is_some()) {
        message = format!("{message} ({note})");
    }
    let mut out = Finding {
        id: String::new(),
        repo: place.repo.to_string(),
        service: place.service.to_string(),
        owners: place.owners.clone(),
        database: place.database.clone(),
        path,
        line,
        end_line,
        token: token.map(|t| t.1),
        kind: FindingKind::Query,
        scope: statement.scope,
        revisions: Vec::new(),
        verdict: judgement.effect.verdict(),
        effect: judgement.effect,
        prepared_effect: judgement.prepared_effect,
        basis: Basis::Analysis,
        rule: cause.map_or("unaffected", |c| c.rule).to_string(),
        confidence: confidence.min(100) as f32 / 100.0,
        message,
        help: cause.map_or_else(String::new, |c| c.help.clone()),
        object: cause.and_then(|c| c.object.clone()),
        change: cause.and_then(|c| causing(c, &run.changes, inputs)),
        also: judgement.also.iter().map(|c| also(c, indexed, &run.changes, inputs)).collect(),
        statement: shown(&statement.text.text, indexed),
        engine_error: judgement.engine_error.clone(),
        sites: None,
        source_line: None,
    };
    out.id = fingerprint(&out);
    out
}

fn token(indexed: &IndexedStatement, span: Span) -> Option<(String, Token)> {
    if span.is_empty() {
        return None;
    }
    let (file, token) = indexed.place(span)?;
    Some((indexed.statement.files.get(file as usize)?.clone(), token))
}

fn first_word(text: &str) -> Span {
    let start = text.len() - text.trim_start().len();
    let end = text[start..].find(|c: char| c.is_whitespace() || c == HOLE).map_or(text.len(), |i| start + i);
    Span::new(start, end)
}

/// Lines of the statement in the file of its token: all of it in its own file, the pieces there in another.
fn lines(indexed: &IndexedStatement, path: &str, token: Option<Token>) -> (u32, u32) {
    let statement = &indexed.statement;
    if statement.files.first().is_some_and(|f| f == path) {
        return indexed.lines;
    }
    token.map_or(indexed.lines, |t| (t.line, t.line))
}

fn causing(cause: &Cause, changes: &[Change], inputs: &[MigrationInput]) -> Option<CausingChange> {
    let change = changes.get(cause.change?)?;
    let migration = inputs.get(change.migration as usize).map(|i| i.path.clone()).unwrap_or_default();
    Some(CausingChange { migration, index: change.index, op: change.op, line: change.line })
}

fn also(cause: &Cause, indexed: &IndexedStatement, changes: &[Change], inputs: &[MigrationInput]) -> AlsoCause {
    AlsoCause {
        rule: cause.rule.to_string(),
        object: cause.object.clone(),
        change: causing(cause, changes, inputs),
        message: cause.message.clone(),
        token: token(indexed, cause.span).map(|t| t.1),
    }
}

/// The statement for people: holes say what is interpolated.
fn shown(text: &str, indexed: &IndexedStatement) -> String {
    let mut out = String::with_capacity(text.len());
    let mut holes = indexed.statement.text.holes.iter();
    for ch in text.chars() {
        if ch == HOLE {
            out.push_str(&format!("{{{}}}", holes.next().map_or("", |h| h.what.as_str())));
        } else {
            out.push(ch);
        }
    }
    out
}

/// A hash of what the finding is, not where: it survives moved lines and reformatting.
fn fingerprint(f: &Finding) -> String {
    let mut hasher = blake3::Hasher::new();
    let object = f.object.as_ref().map(ToString::to_string).unwrap_or_default();
    let statement = f.statement.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [f.repo.as_str(), f.path.as_str(), f.rule.as_str(), object.as_str(), statement.as_str()] {
        hasher.update(part.as_bytes());
        hasher.update(&[0]);
    }
    hasher.finalize().to_hex()[..16].to_string()
}

/// Gives findings with the same fingerprint an ordinal, in order of place.
pub fn number_duplicates(findings: &mut [Finding]) {
    let mut seen = std::collections::HashMap::new();
    for f in findings {
        let count = seen.entry(f.id.clone()).and_modify(|n| *n += 1).or_insert(1);
        if *count > 1 {
            f.id = format!("{}-{count}", f.id);
        }
    }
}
