//! Reading files: hash, prefilter and extraction of what is new or changed, on all cores.

use super::mappers::Mappers;
use super::{RefreshError, RefreshRequest, Refreshed, RepositoryState, file_problem, is_source};
use crate::grammar::PackSet;
use crate::index::discover::{Reader, classify_content};
use crate::index::extract::extract_with;
use crate::index::extract::prefilter::Prefilter;
use crate::model::facts::{FileFacts, Language};
use crate::model::problem::Problem;
use crate::model::project::{FileKind, SourceFile};
use crate::store::{FileRow, Store};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// What reading one file gave.
struct ReadFile {
    row: FileRow,
    facts: Option<(FileFacts, Vec<u8>)>,
    skipped: Option<String>,
    problem: Option<Problem>,
    fresh: bool,
}

/// Fills `state.rows` and the facts of files that were parsed now.
pub(super) fn read(
    store: &Store,
    state: &mut RepositoryState,
    packs: &PackSet,
    request: &RefreshRequest,
    done: &mut Refreshed,
) -> Result<(), RefreshError> {
    let files = &state.repository.files;
    let repo = state.repository.name.as_str();
    let prefilter = Prefilter::new(packs);
    // The biggest first, so that no core is left with one at the end.
    let mut order: Vec<usize> = (0..files.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(files[i].size));
    let count = AtomicU64::new(0);
    let repository = state.repository;
    let old = &state.old_files;
    let (kinds, mappers, no_prefilter) = (&state.kinds, &state.mappers, request.no_prefilter);
    let mut results: Vec<(usize, ReadFile)> = order
        .into_par_iter()
        .with_max_len(16)
        .map(|i| {
            let file = &files[i];
            count.fetch_add(1, Ordering::Relaxed);
            if let Some(row) = old.get(&file.path).filter(|r| r.size == file.size && r.mtime == file.mtime && file.blob.is_none()) {
                return (i, ReadFile { row: row.clone(), facts: None, skipped: None, problem: None, fresh: false });
            }
            let bytes = match Reader.read(repository, file) {
                Ok(bytes) => bytes,
                Err(e) => {
                    let row = row_of(file, [0; 16], 3);
                    let problem = file_problem(repo, &file.path, e.to_string());
                    return (i, ReadFile { row, facts: None, skipped: Some("unreadable".into()), problem: Some(problem), fresh: true });
                }
            };
            (i, read_one(file, kinds[i], &bytes, packs, (&prefilter, mappers), no_prefilter))
        })
        .collect();
    (request.progress)(repo, count.load(Ordering::Relaxed), files.len() as u64);
    results.sort_by_key(|r| r.0);
    let mut skipped: BTreeMap<String, u32> = state.info.skipped.iter().cloned().collect();
    let mut problems = Vec::new();
    store.begin()?;
    for (i, result) in results {
        done.read += u64::from(result.fresh);
        if let Some(reason) = result.skipped.or_else(|| (result.row.tier == 3).then(|| "generated or minified".into())) {
            *skipped.entry(reason).or_default() += 1;
        }
        problems.extend(result.problem);
        if let Some((facts, encoded)) = result.facts {
            done.parsed += 1;
            if let FileKind::Source(language) = state.kinds[i] {
                store.put_facts(&facts_key(&result.row.hash, language, &files[i].path, packs, &state.mappers), &encoded)?;
            }
            state.facts.insert(i, facts);
        }
        state.rows.push(result.row);
    }
    store.commit()?;
    state.info.skipped = skipped.into_iter().collect();
    state.info.problems.extend(problems);
    Ok(())
}

fn row_of(file: &SourceFile, hash: [u8; 16], tier: u8) -> FileRow {
    FileRow { path: file.path.clone(), size: file.size, mtime: file.mtime, hash, tier }
}

fn read_one(file: &SourceFile, kind: FileKind, bytes: &[u8], packs: &PackSet, filters: (&Prefilter, &Mappers), all: bool) -> ReadFile {
    let hash = content_hash(bytes);
    let plain = |tier| ReadFile { row: row_of(file, hash, tier), facts: None, skipped: None, problem: None, fresh: true };
    let FileKind::Source(language) = kind else { return plain(2) };
    if let Some(reason) = classify_content(bytes, &file.path) {
        return ReadFile { skipped: Some(reason.to_string()), ..plain(3) };
    }
    let (prefilter, mappers) = filters;
    if !all && !prefilter.tier1(language).is_none_or(|t| t.keep(bytes)) && !mappers.keep(language, bytes) {
        return plain(0);
    }
    let facts = extract_with(bytes, language, &file.path, packs, mappers.lower(language));
    match Store::encode_facts(&facts) {
        Ok(encoded) => ReadFile { facts: Some((facts, encoded)), ..plain(1) },
        Err(e) => ReadFile { problem: Some(file_problem("", &file.path, e.to_string())), ..plain(3) },
    }
}

/// Parses files of the second tier now; gives those that could be read.
pub(super) fn read_more(
    store: &Store,
    state: &mut RepositoryState,
    packs: &PackSet,
    wanted: &[usize],
    keep: &(dyn Fn(&str, &[u8]) -> bool + Sync),
) -> Result<Vec<usize>, RefreshError> {
    let files = &state.repository.files;
    let repository = state.repository;
    let found: Vec<(usize, FileFacts, Vec<u8>)> = wanted
        .par_iter()
        .with_max_len(16)
        .filter_map(|&i| {
            let file = &files[i];
            let FileKind::Source(language) = state.kinds[i] else { return None };
            let bytes = Reader.read(repository, file).ok()?;
            if !keep(&file.path, &bytes) || classify_content(&bytes, &file.path).is_some() {
                return None;
            }
            let facts = extract_with(&bytes, language, &file.path, packs, state.mappers.lower(language));
            let encoded = Store::encode_facts(&facts).ok()?;
            Some((i, facts, encoded))
        })
        .collect();
    let mut out = Vec::new();
    if found.is_empty() {
        return Ok(out);
    }
    store.begin()?;
    for (i, facts, encoded) in found {
        if let FileKind::Source(language) = state.kinds[i] {
            store.put_facts(&facts_key(&state.rows[i].hash, language, &files[i].path, packs, &state.mappers), &encoded)?;
        }
        state.rows[i].tier = 1;
        state.facts.insert(i, facts);
        out.push(i);
    }
    store.commit()?;
    Ok(out)
}

/// Loads the facts of parsed files that are not in memory; files whose facts are missing are parsed again.
pub(super) fn load(store: &Store, state: &mut RepositoryState, packs: &PackSet, wanted: &[usize]) -> Result<(), RefreshError> {
    let mut missing = Vec::new();
    for &i in wanted {
        if state.rows[i].tier != 1 || state.facts.contains_key(&i) {
            continue;
        }
        let file = &state.repository.files[i];
        let FileKind::Source(language) = state.kinds[i] else { continue };
        match store.facts(&facts_key(&state.rows[i].hash, language, &file.path, packs, &state.mappers)) {
            Ok(Some(facts)) => drop(state.facts.insert(i, facts)),
            _ => missing.push(i),
        }
    }
    read_more(store, state, packs, &missing, &|_, _| true)?;
    Ok(())
}

/// First 16 bytes of BLAKE3.
pub(super) fn content_hash(bytes: &[u8]) -> [u8; 16] {
    let mut out = [0; 16];
    out.copy_from_slice(&blake3::hash(bytes).as_bytes()[..16]);
    out
}

/// Key of a file's facts: its content, how it is parsed, and the packs and code that read it. The extension
/// decides the grammar variant (TSX), the mappers whether the facts hold code.
pub(super) fn facts_key(hash: &[u8; 16], language: Language, path: &str, packs: &PackSet, mappers: &Mappers) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(hash);
    hasher.update(&[language as u8, u8::from(mappers.lower(language))]);
    hasher.update(path.rsplit('.').next().unwrap_or("").as_bytes());
    hasher.update(super::EXTRACTOR.as_bytes());
    hasher.update(packs.fingerprint().as_bytes());
    let mut out = [0; 16];
    out.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    out
}

/// Number of source files, and of those parsed.
pub(super) fn counts(state: &RepositoryState) -> (u32, u32) {
    let sources = state.kinds.iter().zip(&state.rows).filter(|(k, _)| is_source(**k));
    let (mut all, mut parsed) = (0, 0);
    for (_, row) in sources {
        all += 1;
        parsed += u32::from(row.tier == 1);
    }
    (all, parsed)
}
