//! From texts that arrived at a site to statements: where they are reported, split, and each only once.

use super::Resolver;
use super::sites::Arrival;
use super::symbols::CallRef;
use super::text::{FileId, Part, Text};
use crate::model::dialect::Engine;
use crate::model::span::{LineIndex, Span};
use crate::model::statement::{Consumer, Evidence, Scope, SqlText, Statement, StatementKind};
use crate::sql::parse::{parse_script, recognise};
use rustc_hash::FxHashMap as HashMap;
use std::rc::Rc;

/// Longest call, in lines, that is reported whole.
const MAX_LINES: u32 = 40;
/// A call of fewer bytes than this has no more lines than [`MAX_LINES`] in code that people write.
const SHORT_CALL: usize = 400;
/// Most bytes between two pieces of one statement that its span runs over (some twenty lines).
const MAX_GAP: u32 = 800;
/// Most values that a hole lists.
const MAX_VALUES: usize = 200;

/// What is known about the sender of a statement.
#[derive(Copy, Clone)]
pub(super) struct Sender<'a> {
    /// File and span of the call or template.
    pub file: FileId,
    pub span: Span,
    pub library: &'a str,
    pub evidence: Evidence,
    pub consumer: Consumer,
}

/// Statements so far.
#[derive(Default)]
pub(super) struct Emitted {
    pub statements: Vec<Statement>,
    /// What was emitted: path, place of the first piece, text.
    seen: HashMap<(String, u32, String), usize>,
    /// Numbers of site groups, by the site and the place of the first piece.
    groups: HashMap<(FileId, Span, FileId, u32), u32>,
    /// Source spans that became part of a statement, by file.
    pub covered: HashMap<FileId, Vec<Span>>,
    lines: HashMap<FileId, Option<Rc<LineIndex>>>,
}

impl<'a> Resolver<'a> {
    /// Emits what a text amounts to: one statement, or each of a script. Returns how many.
    pub fn emit(&mut self, arrival: &Arrival<'a>, sender: Sender<'a>) -> usize {
        let text = arrival.text.clone().trim();
        let plain = text.plain();
        if text.is_empty() {
            return 0;
        }
        if !plain.trim_end_matches(';').contains(';') {
            return usize::from(self.emit_one(text, arrival, sender));
        }
        let script = parse_script(&plain, self.dialect);
        let mut count = 0;
        for statement in &script.statements {
            let part = text.slice(statement.span.start as usize, statement.span.end as usize);
            let sensible = script.statements.len() == 1 || recognise(&part.plain(), self.dialect) > crate::sql::parse::Recognition::No;
            if sensible && !part.is_unknown() {
                count += usize::from(self.emit_one(part, arrival, sender));
            }
        }
        count
    }

    fn emit_one(&mut self, text: Text<'a>, arrival: &Arrival<'a>, sender: Sender<'a>) -> bool {
        let Some((file, at)) = primary(&text, self, arrival) else { return false };
        let (own, scope, kind) = match self.symbols.files.get(file as usize) {
            Some(f) => (f.own, f.scope, StatementKind::RawSql),
            None => {
                let path = self.path_of(file);
                let scope = self.input.sql_files.iter().find(|f| f.path == path).map_or(Scope::Production, |f| f.scope);
                (true, scope, StatementKind::SqlFile)
            }
        };
        for part in &text.parts {
            if let Part::Run { file, source, .. } = part {
                self.emitted.covered.entry(*file).or_default().push(*source);
            }
        }
        if !own {
            return true;
        }
        let mut span = self.region_span(&text, file, at);
        // the innermost call that holds all of it, from the sender outwards
        let calls = std::iter::once((sender.file, sender.span)).chain(arrival.chain.iter().map(|c| (c.file, c.call.own_span)));
        let calls: Vec<_> = calls.collect();
        let around = calls.iter().position(|(f, s)| *f == file && s.covers(span));
        if let Some(i) = around
            && let Some((_, whole)) = calls.get(i)
            && self.is_short(file, *whole)
        {
            span = *whole;
        }
        let mut files = vec![self.path_of(file).to_string()];
        let mut ids = vec![file];
        let sql = self.assemble(&text, &mut ids, &mut files);
        let key = (files[0].clone(), at, sql.text.clone());
        if let Some(&i) = self.emitted.seen.get(&key) {
            if let Some(before) = self.emitted.statements.get_mut(i) {
                merge(before, sender);
            }
            return true;
        }
        let site = match around {
            Some(0) => None,
            _ => Some((self.path_of(sender.file).to_string(), sender.span)).filter(|_| sender.evidence == Evidence::Sink),
        };
        // variants of one site belong together: the site is the call in whose function they are reported
        let home = self.symbols.region(file, at);
        let near = |f: FileId, s: Span| f == file && self.symbols.region(f, s.start) == home;
        let group = calls.iter().copied().find(|(f, s)| near(*f, *s)).unwrap_or((sender.file, sender.span));
        let next = self.emitted.groups.len() as u32;
        let site_group = *self.emitted.groups.entry((group.0, group.1, file, at)).or_insert(next);
        self.emitted.seen.insert(key, self.emitted.statements.len());
        self.emitted.statements.push(Statement {
            text: sql,
            files,
            span,
            site,
            kind,
            library: sender.library.to_string(),
            evidence: sender.evidence,
            consumer: sender.consumer,
            any_integer: false,
            also: Vec::new(),
            maps: None,
            scope,
            site_group,
        });
        true
    }

    /// All places of the text that belong together with the one at `at`: those in the same function, or in
    /// the same statement at the top of the module.
    fn region_span(&self, text: &Text<'a>, file: FileId, at: u32) -> Span {
        let region = self.symbols.region(file, at);
        let within: Option<Span> = match (region, self.symbols.files.get(file as usize)) {
            (Some(scope), _) => self.symbols.scope((file, scope)).map(|s| s.span),
            (None, Some(f)) => {
                let around = |s: Span| s.contains(at);
                let assigned = f.facts.assignments.iter().map(|a| a.span).filter(|s| around(*s)).min_by_key(|s| s.len());
                let called = f.facts.calls.iter().map(|c| c.span).filter(|s| around(*s)).max_by_key(|s| s.len());
                assigned.or(called)
            }
            (None, None) => None,
        };
        let mut places: Vec<Span> = Vec::new();
        for part in &text.parts {
            let (f, source) = match part {
                Part::Run { file, source, .. } | Part::Hole { file, source, .. } | Part::Parameter { file, source } => (*file, *source),
                Part::Synthetic(_) => continue,
            };
            if f == file && within.is_none_or(|w| w.covers(source)) {
                places.push(source);
            }
        }
        places.sort();
        let first = places.iter().position(|p| p.start >= at).unwrap_or(0);
        let mut span = places.get(first).copied().unwrap_or(Span { start: at, end: at });
        // a fragment that is set far away does not make everything between it and its use the statement
        for place in places.iter().skip(first).filter(|_| !places.is_empty()) {
            if place.start <= span.end.saturating_add(MAX_GAP) {
                span = span.to(*place);
            }
        }
        for place in places.iter().take(first).rev() {
            if span.start <= place.end.saturating_add(MAX_GAP) {
                span = span.to(*place);
            }
        }
        span
    }

    fn is_short(&mut self, file: FileId, span: Span) -> bool {
        if span.len() <= SHORT_CALL {
            return true;
        }
        let Some(lines) = self.lines(file) else { return true };
        lines.line(span.end.saturating_sub(1)).saturating_sub(lines.line(span.start)) < MAX_LINES
    }

    /// Line starts of a file.
    pub fn lines(&mut self, file: FileId) -> Option<Rc<LineIndex>> {
        if let Some(known) = self.emitted.lines.get(&file) {
            return known.clone();
        }
        let path = self.path_of(file).to_string();
        let lines = (self.input.read)(&path).map(|bytes| Rc::new(LineIndex::new(&bytes)));
        self.emitted.lines.insert(file, lines.clone());
        lines
    }

    fn assemble(&self, text: &Text<'a>, ids: &mut Vec<FileId>, files: &mut Vec<String>) -> SqlText {
        let mut sql = SqlText::default();
        let mut number = |file: FileId| {
            let known = ids.iter().position(|i| *i == file);
            known.unwrap_or_else(|| {
                ids.push(file);
                files.push(self.path_of(file).to_string());
                ids.len() - 1
            }) as u16
        };
        let numbered = !self.dialect.engine.is_mysql_family() && self.dialect.engine != Engine::Sqlite;
        let mut parameters = 0;
        for part in &text.parts {
            match part {
                Part::Run { text, file, source } => sql.push(text, number(*file), *source),
                Part::Synthetic(text) => sql.push_synthetic(text),
                // `$${n}`: the number of a parameter
                Part::Hole { .. } if sql.text.ends_with('$') => sql.push_synthetic("1"),
                Part::Hole { what, file, source, values } => {
                    // A list that is cut short would say that the rest is impossible.
                    let values = if values.len() > MAX_VALUES { Vec::new() } else { values.clone() };
                    sql.push_hole(what, number(*file), *source, values);
                }
                Part::Parameter { .. } => {
                    parameters += 1;
                    if numbered { sql.push_synthetic(&format!("${parameters}")) } else { sql.push_synthetic("?") }
                }
            }
        }
        sql
    }
}

/// A statement that is sent from several places: what one of them knows.
fn merge(before: &mut Statement, sender: Sender<'_>) {
    if before.library.is_empty() {
        before.library = sender.library.to_string();
    }
    if sender.evidence == Evidence::Sink {
        before.evidence = Evidence::Sink;
    }
    if before.consumer != sender.consumer && sender.evidence == Evidence::Sink {
        before.consumer = match (before.consumer, sender.consumer) {
            (Consumer::Unknown, known) | (known, Consumer::Unknown) => known,
            (Consumer::None, other) | (other, Consumer::None) => other,
            (Consumer::ByName, strict) | (strict, Consumer::ByName) => strict,
            (first, _) => first,
        };
    }
}

/// File and offset at which a statement is reported: its first piece, or, where a caller names the table of a
/// text that a helper formats, that caller's piece.
fn primary(text: &Text<'_>, resolver: &Resolver<'_>, arrival: &Arrival<'_>) -> Option<(FileId, u32)> {
    let mut first = None;
    let mut before = String::new();
    for part in &text.parts {
        match part {
            Part::Run { text, file, source } => {
                let here = (*file, source.start);
                if first.is_none() && !is_comment(text) {
                    first = Some((*file, source.start, resolver.symbols.region(*file, source.start)));
                }
                if let Some((f, start, region)) = first
                    && names_table(&before)
                    && (f != *file || resolver.symbols.region(*file, source.start) != region)
                    && arrival.chain.iter().any(|c| near(resolver, c, here))
                {
                    let _ = start;
                    return Some(here);
                }
                before.push_str(text);
            }
            Part::Synthetic(text) => before.push_str(text),
            Part::Hole { file, source, .. } => {
                if first.is_none() && text.is_unknown() {
                    first = Some((*file, source.start, None));
                }
                before.push('?');
            }
            Part::Parameter { .. } => before.push('?'),
        }
        if before.len() > 4096 {
            break;
        }
    }
    let (file, start, region) = first?;
    // a helper that wraps what it is given (`SELECT count(*) FROM ({query}) t`): the caller wrote most of it
    let mut given: Option<(FileId, u32)> = None;
    let (mut own, mut theirs) = (0, 0);
    for part in &text.parts {
        let Part::Run { text, file: f, source } = part else { continue };
        let here = (*f, source.start);
        if *f == file && resolver.symbols.region(*f, source.start) == region {
            own += text.trim().len();
        } else if arrival.chain.iter().any(|c| near(resolver, c, here)) {
            theirs += text.trim().len();
            given = given.or(Some(here).filter(|_| !is_comment(text)));
        }
    }
    Some(given.filter(|_| theirs > own).unwrap_or((file, start)))
}

/// Nothing but white space and a comment (`/* who asks */`).
fn is_comment(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || (text.starts_with("/*") && text.ends_with("*/")) || (text.starts_with("--") && !text.contains('\n'))
}

/// The place stands in the function that makes the call.
fn near(resolver: &Resolver<'_>, call: &CallRef<'_>, (file, at): (FileId, u32)) -> bool {
    call.file == file && resolver.symbols.region(file, at) == resolver.symbols.region(file, call.call.own_span.start)
}

/// Whether the text asks for a table's name next.
fn names_table(before: &str) -> bool {
    let trimmed = before.trim_end().trim_end_matches(['"', '`', '[']).trim_end();
    let word = trimmed.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or("");
    ["from", "into", "update", "table"].iter().any(|w| word.eq_ignore_ascii_case(w))
}
