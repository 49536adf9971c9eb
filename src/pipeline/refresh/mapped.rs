//! What the mappers and query builders of a service send: its lowered code followed to statements.

use super::RepositoryState;
use super::models::{KnownModels, program};
use super::services::Members;
use crate::grammar::PackSet;
use crate::grammar::mapper::SchemaLanguage;
use crate::index::compose::Composer;
use crate::index::compose::place::{Placed, place};
use crate::index::compose::raw::RawPlaces;
use crate::index::compose::scanned::scanned;
use crate::index::discover::Reader;
use crate::index::resolve::Resolved;
use crate::index::resolve::modules::ModuleMap;
use crate::index::trace::trace;
use crate::model::coverage::OpenSite;
use crate::model::dialect::Dialect;
use crate::model::span::{LineIndex, Span};
use crate::model::statement::{Scope, Statement, StatementKind};
use std::collections::{HashMap, HashSet};

/// Follows the code of a service and joins what its mappers send with the statements of raw SQL; gives the tables of
/// its models with their columns. Nothing is done where no file was lowered.
pub(super) fn follow(
    state: &RepositoryState,
    members: &Members,
    modules: &ModuleMap,
    packs: &PackSet,
    dialect: Dialect,
    known_models: &mut KnownModels,
    resolved: &mut Resolved,
) -> Vec<(String, Vec<String>)> {
    let schemas = schemas(state, members);
    let program = program(state, members, modules, &schemas);
    if program.files.is_empty() && schemas.is_empty() {
        return Vec::new();
    }
    let models = known_models.of(&program, packs);
    let traced = trace(&program, models, packs);
    let composer = Composer { models, queries: &traced.queries, packs, dialect };
    let read = |path: &str| Reader.read_path(state.repository, path).ok();
    join(resolved, place(&composer, &program, &traced), &read);
    let scanned = scanned(&composer, &program, &traced, &mut resolved.statements);
    add(resolved, scanned);
    composer.tables()
}

/// A file of a schema language: path, production or test, whether the service itself holds it, text.
pub(super) type SchemaText<'s> = (&'s str, Scope, bool, String);

/// Files of schema languages.
pub(super) fn schemas<'s>(state: &'s RepositoryState, members: &Members) -> Vec<SchemaText<'s>> {
    let repository = state.repository;
    let all = members.own.iter().map(|i| (i, true)).chain(members.libraries.iter().map(|i| (i, false)));
    all.filter_map(|(&i, own)| {
        let file = repository.files.get(i).filter(|f| is_schema(&f.path))?;
        let bytes = Reader.read(repository, file).ok()?;
        Some((file.path.as_str(), file.scope, own, String::from_utf8(bytes).ok()?))
    })
    .collect()
}

/// Whether a file holds models in a schema language.
pub(super) fn is_schema(path: &str) -> bool {
    SchemaLanguage::Prisma.is_of(path)
}

/// Adds statements with groups of their own, in order.
fn add(resolved: &mut Resolved, new: Vec<Statement>) {
    let first = resolved.statements.iter().map(|s| s.site_group + 1).max().unwrap_or(0);
    resolved.statements.extend(new.into_iter().map(|s| Statement { site_group: s.site_group + first, ..s }));
    resolved
        .statements
        .sort_by(|a, b| (a.files.first(), a.span, a.kind, &a.text.text).cmp(&(b.files.first(), b.span, b.kind, &b.text.text)));
}

/// Joins the statements of mappers with those of raw SQL. A raw statement that both found is kept once, as the
/// resolution of texts gives it, unless a part of it is unknown there alone. A place that both found counts once.
fn join(resolved: &mut Resolved, placed: Placed, read: &dyn Fn(&str) -> Option<Vec<u8>>) {
    let raw = RawPlaces::of(&resolved.statements);
    let has_holes = |i: &usize| resolved.statements.get(*i).is_some_and(|r| !r.text.holes.is_empty());
    let at = |s: &Statement| s.files.first().into_iter().flat_map(|f| raw.near(f, s.span)).collect::<Vec<_>>();
    let mut replaced: HashSet<usize> = HashSet::new();
    let mut kept: HashSet<usize> = HashSet::new();
    let mut new = Vec::new();
    let mut sites: HashMap<usize, (String, Span)> = HashMap::new();
    for statement in placed.statements {
        if statement.kind != StatementKind::RawSql {
            new.push(statement);
            continue;
        }
        let known = at(&statement);
        let whole = statement.text.holes.is_empty();
        if known.is_empty() || whole && known.iter().all(has_holes) {
            replaced.extend(known);
            new.push(statement);
        } else {
            // what is prepared is sent by another call
            let same = |i: &usize| {
                resolved.statements.get(*i).is_some_and(|r| r.text.text.trim() == statement.text.text.trim() && r.site.is_some())
            };
            if let (Some(same), Some(file)) = (known.iter().copied().find(same), statement.files.first()) {
                sites.insert(same, (file.clone(), statement.span));
            }
            kept.extend(known.into_iter().filter(|_| !whole));
        }
    }
    for (i, (file, span)) in sites {
        let site = resolved.statements.get_mut(i).and_then(|r| r.site.as_mut());
        if let Some((_, before)) = site.filter(|(f, before)| *f == file && span.covers(*before)) {
            *before = span;
        }
    }
    let mut index = 0;
    resolved.statements.retain(|_| {
        index += 1;
        !replaced.contains(&(index - 1)) || kept.contains(&(index - 1))
    });
    add(resolved, new);
    resolved.unclear_uses += placed.unclear_uses;
    let mut sources: HashMap<String, Option<(Vec<u8>, LineIndex)>> = HashMap::new();
    for (path, span, known) in placed.sites {
        if raw.near(&path, span).next().is_some() {
            continue;
        }
        let line = line_of(&mut sources, read, &path, span);
        match resolved.open.iter().position(|o| o.path == path && o.line == line) {
            Some(open) if known => {
                resolved.open.remove(open);
                resolved.resolved += 1;
            }
            Some(_) => {}
            None => {
                resolved.sites += 1;
                resolved.resolved += u32::from(known);
            }
        }
    }
    for (path, span, reason) in placed.open {
        let line = line_of(&mut sources, read, &path, span);
        if resolved.open.iter().any(|o| o.path == path && o.line == line) || raw.near(&path, span).next().is_some() {
            continue;
        }
        let source = sources.get(&path).and_then(Option::as_ref);
        let text = source.and_then(|(bytes, _)| bytes.get(span.start as usize..span.end as usize));
        let text = text.map(|t| String::from_utf8_lossy(t).split_whitespace().collect::<Vec<_>>().join(" ")).unwrap_or_default();
        let text = text.chars().take(120).collect();
        resolved.open.push(OpenSite { path, line, reason, text });
    }
}

/// The line of a place; 1 where the file can't be read.
fn line_of(
    sources: &mut HashMap<String, Option<(Vec<u8>, LineIndex)>>,
    read: &dyn Fn(&str) -> Option<Vec<u8>>,
    path: &str,
    span: Span,
) -> u32 {
    let source = sources.entry(path.to_string()).or_insert_with(|| {
        read(path).map(|bytes| {
            let lines = LineIndex::new(&bytes);
            (bytes, lines)
        })
    });
    source.as_ref().map_or(1, |(_, lines)| lines.line(span.start))
}
