//! From a verdict on a statement to a finding with its place in the source.

use super::judgement::{Cause, Judgement};
use super::rules::{dropped_column_still_read, dropped_table_still_used};
use crate::model::change::Change;
use crate::model::finding::{AlsoCause, CausingChange, Effect, Finding, FindingKind, SitePlace, Sites, Token, Verdict};
use crate::model::object::ObjectRef;
use crate::model::span::Span;
use crate::model::statement::{COMPUTED, Evidence, HOLE, IndexedStatement, Reference, Scope, SqlText, StatementKind};
use std::collections::{HashMap, HashSet};

/// What a statement belongs to.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// Repository name.
    pub repo: String,
    /// Service; for a library the names of the services that reach it, joined with `, `.
    pub service: String,
    /// Owners.
    pub owners: Vec<String>,
    /// Database, where known.
    pub database: Option<String>,
    /// How sure it is that the statement goes to that database: 0..=100.
    pub weight: u8,
    /// Revisions that the statement is in.
    pub revisions: Vec<String>,
}

/// The finding on one statement, safe ones included. `migrations` are the paths of the run as given, by
/// [`Change::migration`].
pub fn finding(indexed: &IndexedStatement, judgement: &Judgement, origin: &Origin, changes: &[Change], migrations: &[String]) -> Finding {
    let statement = &indexed.statement;
    let token = |cause: &Cause| {
        let (file, token) = indexed.place(cause.span).filter(|_| !cause.span.is_empty())?;
        (file == 0).then_some(token)
    };
    let caused = |index: Option<usize>| {
        let change = changes.get(index?)?;
        let migration = migrations.get(change.migration as usize).cloned().unwrap_or_default();
        Some(CausingChange { migration, index: change.index, op: change.op, line: change.line })
    };
    let cause = judgement.cause.as_ref();
    let path = statement.files.first().cloned().unwrap_or_default();
    let confidence = f32::from(judgement.confidence.min(100)) * f32::from(origin.weight.min(100)) / 10_000.0;
    let object = cause.and_then(|c| c.object.clone());
    let rule = cause.map_or("", |c| c.rule);
    Finding {
        id: fingerprint(
            &origin.repo,
            &path,
            rule,
            object.as_ref().map_or(String::new(), ToString::to_string).as_str(),
            &statement.text.text,
        ),
        repo: origin.repo.clone(),
        service: origin.service.clone(),
        owners: origin.owners.clone(),
        database: origin.database.clone(),
        path,
        line: indexed.lines.0,
        end_line: indexed.lines.1,
        token: cause.and_then(token),
        source_line: None,
        bindings: Vec::new(),
        kind: match statement.kind {
            StatementKind::Model => FindingKind::Definition,
            StatementKind::Use => FindingKind::Use,
            _ => FindingKind::Query,
        },
        scope: statement.scope,
        revisions: origin.revisions.clone(),
        verdict: judgement.effect.verdict(),
        effect: judgement.effect,
        prepared_effect: judgement.prepared_effect,
        basis: judgement.basis,
        rule: rule.to_string(),
        confidence: (confidence * 100.0).round() / 100.0,
        message: cause
            .map_or_else(|| "Bound to the same objects with the same result before and after.".to_string(), |c| c.message.clone()),
        help: cause.map_or(String::new(), |c| c.help.clone()),
        object,
        change: cause.and_then(|c| caused(c.change)),
        also: judgement
            .also
            .iter()
            .map(|c| AlsoCause {
                rule: c.rule.to_string(),
                object: c.object.clone(),
                change: caused(c.change),
                message: c.message.clone(),
                token: token(c),
            })
            .collect(),
        statement: shown(&statement.text),
        engine_error: judgement.engine_error.clone().filter(|_| judgement.cause.is_some()),
        sites: None,
    }
}

/// Sites that a finding on a shared text lists.
const MAX_SITES: usize = 5;

/// Where a finding belongs, for [`at_definition`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Belonging {
    /// It stays where it is.
    Here,
    /// The place at hand only repeats what another one says: a field does not name its table, an attribute whose
    /// column is written in the model stays as it is.
    Nowhere,
    /// It belongs to the text that names the object.
    At(Place),
}

/// The place of a name: path and token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Path relative to the repository.
    pub path: String,
    /// The name.
    pub token: Token,
}

/// Where a finding on a statement belongs. A name that stands in another file (a shared list of columns) or, where
/// calls put the statement together, outside its lines (a builder that another function began), or that the library
/// takes from a definition, is mended there, unless the statement also names the object itself: then the span of that
/// name is put in the judgement. Before what the library takes from a definition goes another cause that is as grave and
/// that the statement names. The statement must have its references.
pub fn belonging(indexed: &IndexedStatement, judgement: &mut Judgement) -> Belonging {
    let statement = &indexed.statement;
    let Some(cause) = judgement.cause.as_mut() else { return Belonging::Here };
    // An unknown part names nothing: the statement that takes it stays the place to look at.
    if cause.span.is_empty() || cause.span.slice(&statement.text.text).contains(HOLE) {
        return Belonging::Here;
    }
    let implied = statement.text.is_implied(cause.span) == Some(true);
    if implied && matches!(statement.kind, StatementKind::Model | StatementKind::Use) {
        // what an attribute or a relation stands for goes: then it can't stay as it is
        let goes = match statement.evidence {
            Evidence::Relation => [dropped_table_still_used::RULE.meta.id, dropped_column_still_read::RULE.meta.id].contains(&cause.rule),
            _ if statement.kind == StatementKind::Use => cause.rule == dropped_column_still_read::RULE.meta.id,
            _ => false,
        };
        cause.span = Span::default();
        return if goes { Belonging::Here } else { Belonging::Nowhere };
    }
    if let Some(span) = written(indexed, cause.span, cause.effect) {
        cause.span = span;
        return Belonging::Here;
    }
    for other in judgement.also.iter_mut().filter(|c| implied && c.effect == cause.effect && !c.span.is_empty()) {
        if let Some(span) = written(indexed, other.span, other.effect) {
            other.span = span;
            std::mem::swap(cause, other);
            judgement.confidence = cause.confidence;
            return Belonging::Here;
        }
    }
    // what code names elsewhere goes before what the library takes from a definition
    if implied && let Some(span) = written_where(indexed, cause.span, cause.effect, &|span| statement.text.is_implied(span) == Some(false))
    {
        cause.span = span;
    }
    let implied = statement.text.is_implied(cause.span) == Some(true);
    let named = |c: &&mut Cause| c.effect == cause.effect && statement.text.is_implied(c.span) == Some(false);
    if implied && let Some(other) = judgement.also.iter_mut().find(named) {
        std::mem::swap(cause, other);
        judgement.confidence = cause.confidence;
    }
    let Some((file, token)) = indexed.place(cause.span) else { return Belonging::Here };
    match statement.files.get(usize::from(file)) {
        Some(path) => Belonging::At(Place { path: path.clone(), token }),
        None => Belonging::Here,
    }
}

/// Where a statement itself names what a span of its text names. What becomes of a row that is read, short of an error, is
/// not said by a filter that names the column, too.
fn written(indexed: &IndexedStatement, span: Span, effect: Effect) -> Option<Span> {
    let statement = &indexed.statement;
    // SQL text stays where it is put together; of calls, each names what it adds where it stands.
    let within = |line| statement.evidence != Evidence::Composed || (indexed.lines.0..=indexed.lines.1).contains(&line);
    let here = |span| indexed.place(span).is_some_and(|(file, at)| file == 0 && within(at.line));
    if here(span) && statement.text.is_implied(span) != Some(true) {
        return Some(span);
    }
    written_where(indexed, span, effect, &here)
}

/// Where a statement names what a span of its text stands for, in a place that `fits`.
fn written_where(indexed: &IndexedStatement, span: Span, effect: Effect, fits: &dyn Fn(Span) -> bool) -> Option<Span> {
    let used = indexed
        .references
        .iter()
        .find(|r| r.span == span)
        .or_else(|| indexed.references.iter().find(|r| !r.span.is_empty() && r.span.start < span.end && span.start < r.span.end))?;
    let alike = |r: &Reference| effect == Effect::Breaks || r.mode == used.mode;
    let same = |r: &&Reference| !r.implicit && r.table == used.table && r.column == used.column && !r.span.is_empty() && alike(r);
    indexed.references.iter().filter(same).map(|r| r.span).find(|span| fits(*span))
}

/// Moves a finding to the place where it must be mended; the statement becomes its site.
pub fn at_definition(mut finding: Finding, place: &Place) -> Finding {
    let site = SitePlace { path: finding.path, line: finding.line, end_line: finding.end_line };
    finding.path = place.path.clone();
    (finding.line, finding.end_line) = (place.token.line, place.token.line);
    finding.token = Some(place.token);
    finding.kind = FindingKind::Definition;
    finding.sites = Some(Sites { count: 1, first: vec![site] });
    define(&mut finding);
    finding
}

/// A finding on a definition is about the object, whatever statements there are.
fn define(finding: &mut Finding) {
    let object = finding.object.as_ref().map_or(String::new(), ToString::to_string);
    finding.id = fingerprint(&finding.repo, &finding.path, &finding.rule, &object, "");
}

/// A finding on a model's definition, ready to take up the statements that rest on it.
pub fn on_definition(mut finding: Finding) -> Finding {
    finding.sites = Some(Sites { count: 0, first: Vec::new() });
    define(&mut finding);
    finding
}

/// Joins the findings on one text that several statements take up, as [`at_definition`] and [`on_definition`] give
/// them; `all` lists every site.
pub fn join_shared(findings: Vec<Finding>, all: bool) -> Vec<Finding> {
    type Key = (String, String, String, u32, Option<Token>, Option<ObjectRef>);
    let mut out: Vec<Finding> = Vec::new();
    let mut at: HashMap<Key, usize> = HashMap::new();
    // what a statement takes up is told there
    let place = |f: &Finding| (f.path.clone(), f.line, f.object.clone());
    let shared: HashSet<_> = findings.iter().filter(|f| f.sites.is_some()).map(place).collect();
    for finding in findings {
        if finding.kind == FindingKind::Use && shared.contains(&place(&finding)) {
            continue;
        }
        let Some(sites) = finding.sites.clone() else {
            out.push(finding);
            continue;
        };
        let key =
            (finding.repo.clone(), finding.service.clone(), finding.path.clone(), finding.line, finding.token, finding.object.clone());
        match at.get(&key).and_then(|i| out.get_mut(*i)) {
            Some(first) => {
                let mut joined = first.sites.take().unwrap_or(Sites { count: 0, first: Vec::new() });
                joined.count += sites.count;
                joined.first.extend(sites.first);
                let graver = (finding.effect, finding.scope == Scope::Production) > (first.effect, first.scope == Scope::Production);
                let (keep, other) = if graver { (finding, first.clone()) } else { (first.clone(), finding) };
                let mut also = keep.also.clone();
                if other.rule != keep.rule && !also.iter().any(|a| a.rule == other.rule && a.object == other.object) {
                    let (rule, object, change, message) = (other.rule, other.object, other.change, other.message);
                    also.push(AlsoCause { rule, object, change, message, token: other.token });
                }
                *first = Finding { sites: Some(joined), also, ..keep };
            }
            None => {
                at.insert(key, out.len());
                out.push(finding);
            }
        }
    }
    for finding in &mut out {
        if let Some(sites) = &mut finding.sites {
            sites.first.sort();
            sites.first.dedup();
            if !all {
                sites.first.truncate(MAX_SITES);
            }
        }
        finding.sites = finding.sites.take().filter(|s| s.count > 0);
    }
    out
}

/// One of the findings on the variants of a site (with and without a conditional fragment): the gravest, the
/// first of equals. `None` for none.
pub fn gravest(variants: Vec<Finding>) -> Option<Finding> {
    variants
        .into_iter()
        .reduce(|best, next| if (next.effect, next.prepared_effect) > (best.effect, best.prepared_effect) { next } else { best })
}

/// Puts findings in the order of the report and tells findings with the same fingerprint apart by an ordinal.
pub fn arrange(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        let key = |f: &Finding| (f.scope == Scope::Test, f.kind == FindingKind::Use, std::cmp::Reverse(f.verdict));
        let names = |a: &Finding, b: &Finding| (&a.service, &a.repo, &a.path).cmp(&(&b.service, &b.repo, &b.path));
        let place =
            |a: &Finding, b: &Finding| (a.line, a.end_line, a.token, &a.statement).cmp(&(b.line, b.end_line, b.token, &b.statement));
        key(a).cmp(&key(b)).then_with(|| names(a, b)).then_with(|| place(a, b))
    });
    let mut seen: HashMap<String, u32> = HashMap::new();
    for finding in findings.iter_mut() {
        let count = seen.entry(finding.id.clone()).or_default();
        *count += 1;
        if *count > 1 {
            finding.id = format!("{}-{count}", finding.id);
        }
    }
}

/// Whether a finding decides about recommendation and exit code: production code, and no mere use.
pub fn decides(finding: &Finding) -> bool {
    finding.scope == Scope::Production && finding.kind != FindingKind::Use && finding.verdict != Verdict::Safe
}

/// A fingerprint of what a finding is about, without line numbers: 16 hexadecimal digits.
fn fingerprint(repo: &str, path: &str, rule: &str, object: &str, statement: &str) -> String {
    let mut text = String::with_capacity(repo.len() + path.len() + rule.len() + object.len() + statement.len() + 4);
    for part in [repo, path, rule, object] {
        text.push_str(part);
        text.push('\0');
    }
    // Runs of white space are one blank; most statements have none.
    let mut before = b' ';
    let plain = |b: u8| {
        let blank = std::mem::replace(&mut before, b) == b' ';
        b.is_ascii_graphic() || b == b' ' && !blank
    };
    if statement.bytes().all(plain) && !statement.ends_with(' ') {
        text.push_str(statement);
    } else {
        for (i, word) in statement.split_whitespace().enumerate() {
            if i > 0 {
                text.push(' ');
            }
            text.push_str(word);
        }
    }
    blake3::hash(text.as_bytes()).to_hex().as_str().chars().take(16).collect()
}

/// The text of a statement with its holes as `{...}`, and what is computed in an unknown way as `…(...)`.
pub fn shown(text: &SqlText) -> String {
    if text.text.is_ascii() {
        return text.text.clone();
    }
    let mut holes = text.holes.iter();
    let mut out = String::with_capacity(text.text.len());
    for c in text.text.chars() {
        if c == HOLE {
            out.push('{');
            out.push_str(holes.next().map_or("...", |h| h.what.as_str()));
            out.push('}');
        } else if c == COMPUTED {
            out.push('…');
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::impact::check_statements;
    use crate::model::dialect::{Dialect, Engine};
    use crate::model::schema::Schema;

    fn plain() -> Finding {
        let schema = Schema::open(Dialect::of(Engine::Sqlite));
        check_statements("SELECT 1", "a.sql", &schema, &schema, &[], &[]).remove(0)
    }

    fn shared(token: u32, line: u32) -> Finding {
        let token = Some(Token { line: token, column: 1, end_column: 4 });
        let site = SitePlace { path: "a.py".into(), line, end_line: line };
        Finding { path: "columns.py".into(), token, sites: Some(Sites { count: 1, first: vec![site] }), ..plain() }
    }

    #[test]
    fn statements_that_share_a_text_are_its_sites() {
        let found = join_shared(vec![shared(3, 9), plain(), shared(3, 5), shared(4, 5)], false);
        let counts: Vec<_> = found.iter().map(|f| f.sites.as_ref().map(|s| (s.count, s.first.first().map(|p| p.line)))).collect();
        assert_eq!(counts, [Some((2, Some(5))), None, Some((1, Some(5)))]);
    }
}
