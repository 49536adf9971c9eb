//! Bringing the index up to date: only what changed is read, parsed, resolved and bound again.

mod callers;
mod databases;
mod mapped;
mod mappers;
mod models;
mod reading;
mod services;

use self::mappers::Mappers;
use super::workspace::Workspace;
use crate::grammar::PackSet;
use crate::index::discover;
use crate::model::problem::{Problem, Stage};
use crate::model::project::{FileKind, Repository};
use crate::store::{FileRow, SnapshotInfo, SnapshotRow, Store, StoreError, WRITER_WAIT};
use std::collections::{HashMap, HashSet};
use std::time::{SystemTime, UNIX_EPOCH};

/// Fingerprint of the code that extracts, resolves and binds. Part of every cache key.
pub const EXTRACTOR: &str = env!("IMPACT_BUILD");

/// What to refresh, and how.
pub struct RefreshRequest<'a> {
    /// Repositories and configuration.
    pub workspace: &'a Workspace,
    /// Revision in place of the working tree.
    pub at: Option<&'a str>,
    /// Roots with revisions of their own, in place of the workspace's.
    pub roots: Option<Vec<discover::Root>>,
    /// Parse every source file.
    pub no_prefilter: bool,
    /// Called with repository name, files done and files in all.
    pub progress: &'a dyn Fn(&str, u64, u64),
}

/// What a refresh did.
#[derive(Clone, Debug, Default)]
pub struct Refreshed {
    /// Snapshots that the run is about.
    pub snapshots: Vec<i64>,
    /// Files read because they were new or changed.
    pub read: u64,
    /// Files parsed.
    pub parsed: u64,
    /// Units (services) resolved again.
    pub units: u64,
    /// Another process was writing; the answer rests on what was committed before.
    pub stale: bool,
    /// Problems of the store and of repositories that could not be read.
    pub problems: Vec<Problem>,
}

/// Why a refresh could not be done.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A repository.
    #[error("{error}{}", error.help().map(|h| format!("\nhelp: {h}")).unwrap_or_default())]
    Discover {
        /// What discovery says.
        error: discover::DiscoverError,
    },
    /// Grammar packs of the user.
    #[error("{0}")]
    Grammars(String),
}

impl From<discover::DiscoverError> for RefreshError {
    fn from(error: discover::DiscoverError) -> Self {
        RefreshError::Discover { error }
    }
}

/// Refreshes the index for the repositories of the workspace.
///
/// # Errors
/// [`RefreshError`] where a root is missing, the store can't be written or grammar packs are invalid.
pub fn refresh(store: &mut Store, request: &RefreshRequest) -> Result<Refreshed, RefreshError> {
    let mut done = Refreshed::default();
    let packs = load_packs(request.workspace)?;
    let settings = settings(request);
    let key = settings_key(request, &packs);
    let mut old: HashMap<(String, String), SnapshotRow> =
        store.snapshots()?.into_iter().map(|s| ((s.root.clone(), s.revision.clone()), s)).collect();
    // The usual case first: nothing changed since the last time.
    let glances = discover::glance(&settings)?;
    let same = |g: &discover::Glance| old.values().find(|s| is_of(s, g)).filter(|s| s.info.key == g.key && s.info.settings == key);
    let unchanged: Option<Vec<&SnapshotRow>> = glances.iter().map(same).collect();
    if let Some(unchanged) = unchanged.filter(|u| !u.is_empty()) {
        done.snapshots = unchanged.iter().map(|s| s.id).collect();
        return Ok(done);
    }
    if !store.lock_for_writing(WRITER_WAIT)? {
        done.stale = true;
        done.snapshots = glances.iter().filter_map(|g| old.values().find(|s| is_of(s, g))).map(|s| s.id).collect();
        return Ok(done);
    }
    let discovery = discover::discover(&settings)?;
    done.problems.extend(discovery.problems);
    let mut states = Vec::new();
    for repository in &discovery.repositories {
        states.push(RepositoryState::new(store, repository, &mut old, key)?);
    }
    let known = databases::read(store, request.workspace, &mut states)?;
    for state in &mut states {
        reading::read(state, &packs, request, &mut done);
        let units = services::resolve(store, state, &packs, &known, request, &mut done)?;
        let id = publish(store, state, &units)?;
        done.snapshots.push(id);
    }
    let needed: HashSet<[u8; 16]> = facts_in_use(store, &packs)?;
    store.collect_garbage(&|k| needed.contains(k))?;
    store.checkpoint()?;
    Ok(done)
}

/// The snapshots of what the store has of revisions, by root and commit, where it was made under the settings in force.
pub fn kept(store: &Store, request: &RefreshRequest, wanted: &[(String, String)]) -> Result<Option<Vec<i64>>, RefreshError> {
    let key = settings_key(request, &load_packs(request.workspace)?);
    let snapshots = store.snapshots()?;
    let of = |w: &(String, String)| snapshots.iter().find(|s| s.root == w.0 && s.revision == w.1 && s.info.settings == key).map(|s| s.id);
    Ok(wanted.iter().map(of).collect())
}

/// A repository on its way through a refresh.
pub(super) struct RepositoryState<'a> {
    pub repository: &'a Repository,
    /// Files as they were, by path; empty where other settings were in force.
    pub old_files: HashMap<String, FileRow>,
    /// Mappers that its services use; known when the files are read.
    mappers: Mappers,
    /// What will be published.
    pub info: SnapshotInfo,
    /// Kinds of the files, parallel to `repository.files`: what belongs to a history is schema, not code.
    pub kinds: Vec<FileKind>,
    /// Parallel to `repository.files`.
    pub rows: Vec<FileRow>,
    /// Facts of parsed files, by index of file, from the store for unchanged ones; here while some service that
    /// is still to be made needs them.
    pub facts: HashMap<usize, crate::model::facts::FileFacts>,
}

impl<'a> RepositoryState<'a> {
    fn new(
        store: &Store,
        repository: &'a Repository,
        old: &mut HashMap<(String, String), SnapshotRow>,
        key: [u8; 32],
    ) -> Result<Self, RefreshError> {
        let root = repository.root.display().to_string();
        let revision = repository.commit.clone().unwrap_or_default();
        let old = old.remove(&(root, revision));
        let usable = old.as_ref().filter(|o| o.info.settings == key);
        let old_rows = usable.map(|o| store.files(o.id)).transpose()?.unwrap_or_default();
        let info = SnapshotInfo {
            services: repository.services.clone(),
            skipped: repository.skipped.clone(),
            settings: key,
            key: discover::snapshot_key(repository),
            commit: repository.commit.clone(),
            file_owners: repository.files.iter().filter_map(|f| f.owners.clone().map(|o| (f.path.clone(), o))).collect(),
            ..SnapshotInfo::default()
        };
        let old_files = old_rows.into_iter().map(|r| (r.path.clone(), r)).collect();
        let mappers = Mappers::default();
        Ok(RepositoryState { repository, old_files, info, mappers, kinds: Vec::new(), rows: Vec::new(), facts: HashMap::new() })
    }
}

/// Whether a snapshot is of the root and revision that a walk has just looked at.
fn is_of(snapshot: &SnapshotRow, glance: &discover::Glance) -> bool {
    let revision = &snapshot.revision;
    snapshot.root == glance.root.display().to_string() && (*revision == glance.key || (revision.is_empty() && !is_commit(&glance.key)))
}

/// Keys of working trees are longer hashes than commit ids.
fn is_commit(key: &str) -> bool {
    key.len() == 40
}

fn publish(store: &Store, state: &RepositoryState, units: &[i64]) -> Result<i64, RefreshError> {
    let repository = state.repository;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs() as i64);
    let row = SnapshotRow {
        id: 0,
        repo: repository.name.clone(),
        root: repository.root.display().to_string(),
        revision: repository.commit.clone().unwrap_or_default(),
        head: String::new(),
        indexed_at: now,
        info: state.info.clone(),
    };
    Ok(store.publish(&row, &state.rows, units)?)
}

/// Keys of facts that some snapshot's parsed files need.
fn facts_in_use(store: &Store, packs: &PackSet) -> Result<HashSet<[u8; 16]>, RefreshError> {
    let mut out = HashSet::new();
    for snapshot in store.snapshots()? {
        for file in store.files(snapshot.id)? {
            if file.tier == 1
                && let Some(language) = packs.language_of(&file.path)
            {
                out.insert(reading::facts_key(&file.hash, language, &file.path, packs));
            }
        }
    }
    Ok(out)
}

/// The packs in force: the built-in ones, and those of a folder that the configuration names.
///
/// # Errors
/// [`RefreshError::Grammars`] with every defect of the files.
pub fn load_packs(workspace: &Workspace) -> Result<PackSet, RefreshError> {
    let loaded = match (&workspace.config.grammars.folder, &workspace.config_folder) {
        (Some(folder), Some(base)) => PackSet::load(&base.join(folder)),
        _ => PackSet::builtin(),
    };
    loaded.map_err(|errors| RefreshError::Grammars(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))
}

fn settings(request: &RefreshRequest) -> discover::Settings {
    let workspace = request.workspace;
    let config = &workspace.config;
    let at = request.at.map(str::to_string);
    let roots = workspace.roots.iter().map(|(path, name)| discover::Root { path: path.clone(), name: name.clone(), at: at.clone() });
    let services = config.services.iter().map(|s| discover::ServiceSetting {
        name: s.name.clone(),
        repository: s.repository.clone(),
        path: s.path.clone(),
        library: s.library.then_some(true),
        owners: s.owners.clone(),
        databases: s.databases.clone(),
    });
    discover::Settings {
        roots: request.roots.clone().unwrap_or_else(|| roots.collect()),
        services: services.collect(),
        ignore: config.discover.exclude.clone(),
        test: config.discover.tests.clone(),
        production: Vec::new(),
        max_file_size: Some(config.discover.max_file_size),
    }
}

/// Everything outside the files that decides what the index holds.
fn settings_key(request: &RefreshRequest, packs: &PackSet) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(EXTRACTOR.as_bytes());
    hasher.update(packs.fingerprint().as_bytes());
    hasher.update(&[u8::from(request.no_prefilter)]);
    hasher.update(format!("{:?}", request.workspace.config).as_bytes());
    *hasher.finalize().as_bytes()
}

/// Whether a file is source code.
fn is_source(kind: FileKind) -> bool {
    matches!(kind, FileKind::Source(_))
}

/// A problem of one repository's file.
fn file_problem(repo: &str, path: &str, message: String) -> Problem {
    Problem { repo: Some(repo.to_string()), ..Problem::new(Stage::Extract, message).at(path, None) }
}
