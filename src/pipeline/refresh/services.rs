//! Resolving and binding the services of a repository into units of the store.

use super::callers::{read_callers, read_rest};
use super::databases::KnownDatabase;
use super::mapped;
use super::models::{KnownModels, read_asked, read_users};
use super::reading::{counts, load, read_more};
use super::{RefreshError, RefreshRequest, Refreshed, RepositoryState};
use crate::grammar::PackSet;
use crate::impact::findings::shown;
use crate::index::databases::{Candidate, choose, driver_dialect};
use crate::index::discover::Reader;
use crate::index::extract::learnt::Learnt;
use crate::index::placing::{Bound, SourceLines, bind_text, index_statement, table_names};
use crate::index::resolve::modules::ModuleMap;
use crate::index::resolve::{ResolveFile, Resolved, ServiceInput, SqlFile, resolve as resolve_service};
use crate::model::coverage::OpenSite;
use crate::model::dialect::Dialect;
use crate::model::project::FileKind;
use crate::model::schema::Schema;
use crate::model::statement::{IndexedStatement, Statement, StatementKind};
use crate::store::{Store, UnitContent, UnitInfo};
use rayon::prelude::*;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Rounds of the second tier: each parses the files that the round before asked for.
const ROUNDS: usize = 8;

/// Makes the units of all services and returns their ids in order; also fills coverage counts of the snapshot.
pub(super) fn resolve(
    store: &Store,
    state: &mut RepositoryState,
    packs: &PackSet,
    known: &[KnownDatabase],
    request: &RefreshRequest,
    done: &mut Refreshed,
) -> Result<Vec<i64>, RefreshError> {
    let repository = state.repository;
    let paths: Vec<&str> = repository.files.iter().map(|f| f.path.as_str()).collect();
    let read = |path: &str| Reader.read_path(repository, path).ok();
    let modules = ModuleMap::read(paths.iter().copied(), &read);
    let mut units = Vec::new();
    for service in 0..repository.services.len() {
        let members = members(state, service);
        let key = unit_key(state, service, &members, known);
        let unit = match store.unit_by_key(&key)? {
            Some(unit) => unit,
            None => {
                done.units += 1;
                let content = make_unit(store, state, packs, known, request, service, members, &modules, done)?;
                store.put_unit(&key, &repository.services[service].name, &content)?
            }
        };
        units.push(unit);
        // What no later service needs is dropped: memory does not grow with the repository.
        let mappers = &state.mappers;
        state.facts.retain(|&i, _| mappers.last_use(repository.files[i].service).is_some_and(|last| last > service));
    }
    (state.info.files, state.info.parsed) = counts(state);
    Ok(units)
}

/// Indexes of the files that a service's statements can be made of: its own, then those of the libraries that
/// it depends on.
pub(super) struct Members {
    pub own: Vec<usize>,
    pub libraries: Vec<usize>,
}

fn members(state: &RepositoryState, service: usize) -> Members {
    let repository = state.repository;
    let reached = state.mappers.reached(service);
    let of = |wanted: &dyn Fn(usize) -> bool| -> Vec<usize> {
        (0..repository.files.len()).filter(|&i| wanted(repository.files[i].service as usize)).collect()
    };
    let own = of(&|s| s == service);
    let mut libraries = of(&|s| s != service && reached.contains(&s));
    let is_schema = |i: &usize| mapped::is_schema(&repository.files[*i].path);
    if state.mappers.reads_schemas(service) && !own.iter().chain(&libraries).any(is_schema) {
        // A client whose schema lies elsewhere in the repository.
        libraries.extend((0..repository.files.len()).filter(is_schema));
    }
    Members { own, libraries }
}

fn unit_key(state: &RepositoryState, service: usize, members: &Members, known: &[KnownDatabase]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&state.info.settings);
    let described = format!("{:?}", state.repository.services[service]);
    hasher.update(described.as_bytes());
    for database in known {
        hasher.update(database.repo.as_bytes());
        hasher.update(database.database.name.as_bytes());
        hasher.update(&database.hash);
    }
    hasher.update(format!("{:?}", state.mappers.of_service(service)).as_bytes());
    for (list, &i) in members.own.iter().map(|i| (0u8, i)).chain(members.libraries.iter().map(|i| (1, i))) {
        let file = &state.repository.files[i];
        hasher.update(&[list, file.scope as u8]);
        hasher.update(file.path.as_bytes());
        hasher.update(&[0]);
        hasher.update(&state.rows[i].hash);
    }
    *hasher.finalize().as_bytes()
}

#[allow(clippy::too_many_arguments)] // one call site; a struct would only rename the arguments
fn make_unit(
    store: &Store,
    state: &mut RepositoryState,
    packs: &PackSet,
    known: &[KnownDatabase],
    request: &RefreshRequest,
    service: usize,
    members: Members,
    modules: &ModuleMap,
    done: &mut Refreshed,
) -> Result<UnitContent, RefreshError> {
    let all: Vec<usize> = members.own.iter().chain(&members.libraries).copied().collect();
    done.parsed += load(store, state, packs, &all)? as u64;
    let dialects = dialects(state, service, known);
    let (mut learnt, mut models) = (Learnt::default(), KnownModels::default());
    if !request.no_prefilter {
        done.parsed += read_users(store, state, packs, &members, modules, &mut models)? as u64;
        done.parsed += read_callers(store, state, packs, &members, modules)? as u64;
        // What kept files say themselves is followed before the first resolution.
        let names = learn(state, &all, &[], &mut learnt);
        if !names.is_empty() {
            let unread = unread(state, &all, &|_| true);
            let names = names.filter();
            done.parsed += read_more(store, state, packs, &unread, &|_, bytes| names.keep(bytes))?.len() as u64;
        }
        done.parsed += read_rest(store, state, packs, &all)? as u64;
    }
    let mut resolved = run(state, &members, modules, &dialects);
    for _ in 0..ROUNDS {
        if request.no_prefilter {
            break;
        }
        let wanted: HashSet<&str> = resolved.wanted.iter().map(String::as_str).collect();
        let names = learn(state, &all, &resolved.helpers, &mut learnt);
        let unknown = unknown_names(&resolved);
        let unread = unread(state, &all, &|path| !names.is_empty() || wanted.contains(path) || unknown.may_be_in(path));
        if unread.is_empty() {
            break;
        }
        let names = names.filter();
        let keep = |path: &str, bytes: &[u8]| wanted.contains(path) || names.keep(bytes) || unknown.defined_in(path, bytes);
        let read = read_more(store, state, packs, &unread, &keep)?.len() + read_rest(store, state, packs, &all)?;
        done.parsed += read as u64;
        if read == 0 {
            break;
        }
        resolved = run(state, &members, modules, &dialects);
    }
    let dialect = dialects.first().copied().unwrap_or_default();
    done.parsed += read_asked(store, state, packs, &members, modules, &mut models)? as u64;
    let rest = if request.no_prefilter { 0 } else { read_rest(store, state, packs, &all)? };
    if rest > 0 {
        done.parsed += rest as u64;
        resolved = run(state, &members, modules, &dialects);
    }
    let tables = mapped::follow(state, &members, modules, packs, dialect, &mut models, &mut resolved);
    for statement in &mut resolved.statements {
        let path = statement.site.as_ref().map(|s| &s.0).or(statement.files.first());
        let language = path.and_then(|p| packs.language_of(p)).and_then(|l| packs.language(l));
        statement.any_integer = language.is_some_and(|l| l.values.any_integer);
    }
    Ok(bind(state, known, service, resolved, tables))
}

/// Names that the facts read so far teach, and functions whose callers decide what is sent, as far as `known`
/// does not hold them yet; adds them to it.
fn learn(state: &RepositoryState, files: &[usize], helpers: &[String], known: &mut Learnt) -> Learnt {
    let mut all = Learnt::default();
    all.add_builders(helpers);
    files.iter().filter_map(|i| state.facts.get(i)).for_each(|facts| all.learn(facts));
    let new = all.without(known);
    *known = all;
    new
}

/// Files of the first tier's rest for which `may` says so.
pub(super) fn unread(state: &RepositoryState, files: &[usize], may: &dyn Fn(&str) -> bool) -> Vec<usize> {
    files.iter().copied().filter(|&i| state.rows[i].tier == 0 && may(&state.repository.files[i].path)).collect()
}

/// Names and functions that stand in holes of Go, by folder: a file of the same package that was not parsed may
/// define them, and no import asks for it. Other languages import what they name.
#[derive(Default)]
struct UnknownNames {
    by_folder: HashMap<String, BTreeSet<String>>,
}

impl UnknownNames {
    fn may_be_in(&self, path: &str) -> bool {
        path.ends_with(".go") && self.by_folder.contains_key(folder_of(path))
    }

    /// Whether a file of the package defines one of the names: `name = `, `const name`, alone on its line;
    /// `func name(`, `func (r *T) name(`.
    fn defined_in(&self, path: &str, bytes: &[u8]) -> bool {
        let Some(names) = self.by_folder.get(folder_of(path)).filter(|_| path.ends_with(".go")) else { return false };
        bytes.split(|b| *b == b'\n').any(|line| {
            let line = line.trim_ascii_start();
            if let Some(function) = line.strip_prefix(b"func ") {
                return function_name(function).is_some_and(|n| names.contains(n));
            }
            let line = [&b"const "[..], b"var "].iter().find_map(|w| line.strip_prefix(*w)).unwrap_or(line).trim_ascii_start();
            let len = line.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
            let (name, rest) = line.split_at(len);
            len > 2
                && rest.first().is_none_or(|b| matches!(b, b' ' | b'\t' | b'=' | b',' | b'\r'))
                && str::from_utf8(name).is_ok_and(|n| names.contains(n))
        })
    }
}

/// The name behind `func` and a receiver.
fn function_name(line: &[u8]) -> Option<&str> {
    let line = match line.first() {
        Some(b'(') => line.get(memchr::memchr(b')', line)? + 1..)?.trim_ascii_start(),
        _ => line,
    };
    let len = line.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    let (name, rest) = line.split_at(len);
    matches!(rest.first(), Some(b'(' | b'[')).then(|| str::from_utf8(name).ok()).flatten()
}

fn unknown_names(resolved: &Resolved) -> UnknownNames {
    let simple = |c: char| c.is_alphanumeric() || c == '_';
    let mut out = UnknownNames::default();
    for statement in &resolved.statements {
        for hole in &statement.text.holes {
            // `name`, or what a function gives: `name(…)`, `receiver.name(…)`
            let name = hole.what.strip_suffix("(…)").map_or(hole.what.as_str(), |n| n.rsplit('.').next().unwrap_or(n));
            let Some(path) = statement.files.get(hole.file as usize).filter(|p| p.ends_with(".go")) else { continue };
            if name.len() > 2 && name.chars().all(simple) && !name.starts_with(|c: char| c.is_ascii_digit()) {
                out.by_folder.entry(folder_of(path).to_string()).or_default().insert(name.to_string());
            }
        }
    }
    out
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |p| p.0)
}

fn run(state: &RepositoryState, members: &Members, modules: &ModuleMap, dialects: &[Dialect]) -> Resolved {
    let repository = state.repository;
    let file = |own: bool| {
        move |&i: &usize| {
            let file = &repository.files[i];
            let FileKind::Source(language) = state.kinds[i] else { return None };
            let facts = state.facts.get(&i)?;
            Some(ResolveFile { path: &file.path, language, scope: file.scope, own, facts })
        }
    };
    let files: Vec<ResolveFile> =
        members.own.iter().filter_map(file(true)).chain(members.libraries.iter().filter_map(file(false))).collect();
    let sql_files: Vec<SqlFile> = members
        .own
        .iter()
        .filter(|&&i| state.kinds[i] == FileKind::Sql)
        .map(|&i| &repository.files[i])
        .map(|f| SqlFile { path: &f.path, scope: f.scope })
        .collect();
    let read = |path: &str| Reader.read_path(state.repository, path).ok();
    resolve_service(&ServiceInput { files: &files, dialects, read: &read, sql_files: &sql_files, modules })
}

/// Engines of a service, best first: those of its databases, else of its drivers.
fn dialects(state: &RepositoryState, service: usize, known: &[KnownDatabase]) -> Vec<Dialect> {
    let service = &state.repository.services[service];
    let mut out: Vec<Dialect> = Vec::new();
    let bound = known.iter().filter(|k| {
        service.databases.contains(&k.database.name) || (k.repo == state.repository.name && k.database.services.contains(&service.name))
    });
    for dialect in bound.map(|k| k.schema.dialect).chain(service.engines.iter().copied()) {
        if !out.contains(&dialect) {
            out.push(dialect);
        }
    }
    out
}

fn bind(
    state: &RepositoryState,
    known: &[KnownDatabase],
    index: usize,
    resolved: Resolved,
    tables: Vec<(String, Vec<String>)>,
) -> UnitContent {
    let service = &state.repository.services[index];
    let fallback = Schema::open(driver_dialect(service));
    let mut used = tables;
    // What a mapper sends names what its models say.
    let own = |s: &&Statement| !matches!(s.kind, StatementKind::Orm | StatementKind::Model | StatementKind::Use);
    for statement in resolved.statements.iter().filter(own) {
        for (table, columns) in table_names(&statement.text.text, fallback.dialect) {
            match used.iter_mut().find(|u| u.0 == table) {
                Some(found) => found.1.extend(columns),
                None => used.push((table, columns)),
            }
        }
    }
    for (_, columns) in &mut used {
        columns.sort();
        columns.dedup();
    }
    used.sort();
    let candidates: Vec<Candidate> = known.iter().map(|k| Candidate { repo: &k.repo, database: &k.database, schema: &k.schema }).collect();
    let choice = choose(&state.repository.name, service, &used, &candidates);
    let schema = choice.as_ref().map_or(&fallback, |c| &known[c.candidate].schema);
    let read = |path: &str| Reader.read_path(state.repository, path).ok();
    let mut sources = SourceLines::new(&read);
    // Definitions, uses and simple reads have the same few texts all over a service.
    let texts: HashSet<&str> = resolved.statements.iter().map(|s| s.text.text.as_str()).collect();
    let bound: HashMap<String, Bound> = texts.into_par_iter().map(|text| (text.to_string(), bind_text(text, schema))).collect();
    let index = |statement: Statement| {
        let bound = bound.get(&statement.text.text).cloned().unwrap_or_default();
        index_statement(statement, &mut sources, bound)
    };
    let statements: Vec<_> = resolved.statements.into_iter().map(index).collect();
    let mut open = resolved.open;
    open.extend(statements.iter().filter(|s| is_sent(s)).filter_map(unbound));
    open.sort();
    let info = UnitInfo {
        sites: resolved.sites,
        resolved: resolved.resolved,
        open: open.len() as u32,
        tables: used.len() as u32,
        problems: resolved.problems,
        database: choice.map(|c| (known[c.candidate].database.name.clone(), c.evidence)),
        dynamic: statements.iter().filter(|s| s.dynamic_table).count() as u32,
        statements: statements.iter().filter(|s| is_sent(s)).count() as u32,
        unclear_uses: resolved.unclear_uses,
        bound: statements.iter().filter(|s| is_sent(s) && s.unbound.is_none()).count() as u32,
    };
    UnitContent { statements, open, tables: used, info }
}

/// Whether the database is sent the statement: definitions and uses only stand for what they name.
fn is_sent(indexed: &IndexedStatement) -> bool {
    !matches!(indexed.statement.kind, StatementKind::Model | StatementKind::Use)
}

/// A statement that did not bind, as an open site.
fn unbound(indexed: &IndexedStatement) -> Option<OpenSite> {
    let reason = indexed.unbound.as_ref()?;
    let text = shown(&indexed.statement.text);
    let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = text.char_indices().nth(100) {
        text.truncate(end);
        text.push('…');
    }
    let path = indexed.statement.files.first().cloned().unwrap_or_default();
    Some(OpenSite { path, line: indexed.lines.0, reason: format!("does not bind: {reason}"), text })
}
