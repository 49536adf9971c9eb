//! Reading files: hashes and the prefilter of what is new or changed, then the facts of what is needed, on all cores.

use super::mappers::Mappers;
use super::{RefreshError, RefreshRequest, Refreshed, RepositoryState, file_problem, is_source};
use crate::grammar::PackSet;
use crate::index::discover::{Reader, classify_content};
use crate::index::extract::extract_with;
use crate::index::extract::marks::MapperScan;
use crate::index::extract::prefilter::Prefilter;
use crate::model::facts::{FileFacts, Language};
use crate::model::problem::Problem;
use crate::model::project::{FileKind, SourceFile};
use crate::store::{FileRow, Store};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// What reading one file gave.
struct ReadFile {
    row: FileRow,
    skipped: Option<String>,
    problem: Option<Problem>,
    fresh: bool,
}

/// Fills `state.rows`; files are parsed when a service needs them.
pub(super) fn read(state: &mut RepositoryState, packs: &PackSet, request: &RefreshRequest, done: &mut Refreshed) {
    let files = &state.repository.files;
    let repo = state.repository.name.as_str();
    let filters = (Prefilter::new(packs), MapperScan::new(packs));
    let repository = state.repository;
    let old = &state.old_files;
    let (kinds, no_prefilter) = (&state.kinds, request.no_prefilter);
    let results: Vec<ReadFile> = (0..files.len())
        .into_par_iter()
        .with_max_len(16)
        .map(|i| {
            let file = &files[i];
            if let Some(row) = old.get(&file.path).filter(|r| r.size == file.size && r.mtime == file.mtime && file.blob.is_none()) {
                return ReadFile { row: row.clone(), skipped: None, problem: None, fresh: false };
            }
            match Reader.read(repository, file) {
                Ok(bytes) => read_one(file, kinds[i], &bytes, &filters, no_prefilter),
                Err(e) => {
                    let problem = file_problem(repo, &file.path, e.to_string());
                    ReadFile { row: row_of(file, [0; 16], 3), skipped: Some("unreadable".into()), problem: Some(problem), fresh: true }
                }
            }
        })
        .collect();
    (request.progress)(repo, files.len() as u64, files.len() as u64);
    let mut skipped: BTreeMap<String, u32> = state.info.skipped.iter().cloned().collect();
    for result in results {
        done.read += u64::from(result.fresh);
        if let Some(reason) = result.skipped.or_else(|| (result.row.tier == 3).then(|| "generated or minified".into())) {
            *skipped.entry(reason).or_default() += 1;
        }
        state.info.problems.extend(result.problem);
        state.rows.push(result.row);
    }
    state.info.skipped = skipped.into_iter().collect();
    state.mappers = Mappers::of(repository, &state.kinds, &state.rows, &filters.1);
    for ((file, kind), row) in files.iter().zip(&state.kinds).zip(&mut state.rows) {
        if row.tier == 0 && state.mappers.keep(file.service, *kind, row) {
            row.tier = 1;
        }
    }
}

fn row_of(file: &SourceFile, hash: [u8; 16], tier: u8) -> FileRow {
    FileRow { path: file.path.clone(), size: file.size, mtime: file.mtime, hash, tier, marks: 0 }
}

fn read_one(file: &SourceFile, kind: FileKind, bytes: &[u8], filters: &(Prefilter, MapperScan), all: bool) -> ReadFile {
    let hash = content_hash(bytes);
    let plain = |tier| ReadFile { row: row_of(file, hash, tier), skipped: None, problem: None, fresh: true };
    let FileKind::Source(language) = kind else { return plain(2) };
    if let Some(reason) = classify_content(bytes, &file.path) {
        return ReadFile { skipped: Some(reason.to_string()), ..plain(3) };
    }
    let (prefilter, scan) = filters;
    let keep = all || prefilter.tier1(language).is_none_or(|t| t.keep(bytes));
    let mut read = plain(u8::from(keep));
    read.row.marks = scan.marks(language, bytes).to_number();
    read
}

/// Parses files now, and lowers them where their service uses a mapper; gives those that could be read.
pub(super) fn read_more(
    store: &Store,
    state: &mut RepositoryState,
    packs: &PackSet,
    wanted: &[usize],
    keep: &(dyn Fn(&str, &[u8]) -> bool + Sync),
) -> Result<Vec<usize>, RefreshError> {
    let repository = state.repository;
    let files = &repository.files;
    let (kinds, mappers) = (&state.kinds, &state.mappers);
    let found: Vec<(usize, FileFacts, Option<Vec<u8>>)> = biggest_first(wanted, files)
        .into_par_iter()
        .with_max_len(16)
        .filter_map(|i| {
            let file = &files[i];
            let FileKind::Source(language) = kinds[i] else { return None };
            let bytes = Reader.read(repository, file).ok()?;
            if !keep(&file.path, &bytes) || classify_content(&bytes, &file.path).is_some() {
                return None;
            }
            let lower = mappers.lower(file.service, language);
            let facts = extract_with(&bytes, language, &file.path, packs, lower);
            // what is lowered is read again with any other file of its service: its facts are not worth keeping
            let encoded = if lower { None } else { Some(Store::encode_facts(&facts).ok()?) };
            Some((i, facts, encoded))
        })
        .collect();
    let mut out = Vec::new();
    if found.is_empty() {
        return Ok(out);
    }
    store.begin()?;
    for (i, facts, encoded) in found {
        if let (FileKind::Source(language), Some(encoded)) = (state.kinds[i], encoded) {
            store.put_facts(&facts_key(&state.rows[i].hash, language, &files[i].path, packs), &encoded)?;
        }
        state.rows[i].tier = 1;
        state.facts.insert(i, facts);
        out.push(i);
    }
    store.commit()?;
    out.sort_unstable();
    Ok(out)
}

/// So that no core is left with a big one at the end.
fn biggest_first(wanted: &[usize], files: &[SourceFile]) -> Vec<usize> {
    let mut order = wanted.to_vec();
    order.sort_by_key(|&i| std::cmp::Reverse(files[i].size));
    order
}

/// Sees to it that the facts of parsed files are in memory: from the store, else parsed now, with code where their
/// service uses a mapper. Gives the number of files parsed.
pub(super) fn load(store: &Store, state: &mut RepositoryState, packs: &PackSet, wanted: &[usize]) -> Result<usize, RefreshError> {
    let mut missing = Vec::new();
    for &i in wanted {
        let file = &state.repository.files[i];
        let FileKind::Source(language) = state.kinds[i] else { continue };
        if state.rows[i].tier != 1 || state.facts.contains_key(&i) {
            continue;
        }
        let stored = match state.mappers.lower(file.service, language) {
            true => None,
            false => store.facts(&facts_key(&state.rows[i].hash, language, &file.path, packs)).ok().flatten(),
        };
        match stored {
            Some(facts) => drop(state.facts.insert(i, facts)),
            None => missing.push(i),
        }
    }
    Ok(read_more(store, state, packs, &missing, &|_, _| true)?.len())
}

/// First 16 bytes of BLAKE3.
pub(super) fn content_hash(bytes: &[u8]) -> [u8; 16] {
    let mut out = [0; 16];
    out.copy_from_slice(&blake3::hash(bytes).as_bytes()[..16]);
    out
}

/// Key of a file's facts: its content, how it is parsed, and the packs and code that read it. The extension
/// decides the grammar variant (TSX).
pub(super) fn facts_key(hash: &[u8; 16], language: Language, path: &str, packs: &PackSet) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(hash);
    hasher.update(&[language as u8]);
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
