//! The index as one run sees it: the snapshots it is about, their services, and how much was understood.

use super::refresh::{RefreshError, RefreshRequest, Refreshed, kept, refresh};
use super::workspace::{Workspace, cache_folder};
use crate::index::discover;
use crate::model::coverage::{Coverage, RepositoryCoverage};
use crate::model::problem::{Problem, Stage};
use crate::model::project::Service;
use crate::store::{SnapshotRow, Store, StoreError, UnitRow};
use std::collections::HashSet;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Key of the roots of a store's workspace, one a line.
const ROOTS: &str = "roots";

/// Revisions of a repository that a store keeps besides its working tree.
const MAX_REVISIONS: usize = 4;

/// Removes the stores beside a new one in the cache folder whose workspace is gone. Best effort: what can't be
/// read or removed stays.
fn remove_orphans(new: &Path) {
    let Some(folder) = new.parent().filter(|f| *f == cache_folder()) else { return };
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|e| e.path()).filter(|p| p != new && p.extension().is_some_and(|e| e == "db")) {
        let Ok(mut store) = Store::open_existing(&path) else { continue };
        let gone = store.meta(ROOTS).ok().flatten().is_some_and(|r| !r.is_empty() && r.lines().all(|root| !Path::new(root).exists()));
        if !gone || !store.lock_for_writing(std::time::Duration::ZERO).unwrap_or(false) {
            continue;
        }
        drop(store);
        for suffix in ["", "-wal", "-shm", ".lock"] {
            let mut name = path.clone().into_os_string();
            name.push(suffix);
            let _ = std::fs::remove_file(name);
        }
    }
}

/// A snapshot with its units.
pub struct SnapshotView {
    /// The snapshot.
    pub row: SnapshotRow,
    /// Its units, parallel to its services.
    pub units: Vec<UnitRow>,
}

impl SnapshotView {
    /// The service of a unit, by id.
    pub fn service_of(&self, unit: i64) -> Option<(&Service, &UnitRow)> {
        let at = self.units.iter().position(|u| u.id == unit)?;
        self.row.info.services.get(at).map(|s| (s, &self.units[at]))
    }

    /// Owners of a file: its own, else those of its service.
    pub fn owners(&self, service: &Service, path: &str) -> Vec<String> {
        let own = self.row.info.file_owners.binary_search_by(|o| o.0.as_str().cmp(path)).ok();
        own.map_or_else(|| service.owners.clone(), |i| self.row.info.file_owners[i].1.clone())
    }

    /// The name that a finding in a service carries: a library's is that of the services that reach it.
    pub fn shown_service(&self, service: &Service) -> String {
        if !service.library {
            return service.name.clone();
        }
        let services = &self.row.info.services;
        let reaches = |from: &Service| {
            let mut seen = vec![from.name.as_str()];
            let mut at = 0;
            while at < seen.len() {
                let depends = services.iter().filter(|s| s.name == seen[at]).flat_map(|s| &s.depends);
                for name in depends.map(String::as_str).collect::<Vec<_>>() {
                    if !seen.contains(&name) {
                        seen.push(name);
                    }
                }
                at += 1;
            }
            seen.contains(&service.name.as_str())
        };
        let users: Vec<&str> = services.iter().filter(|s| !s.library && reaches(s)).map(|s| s.name.as_str()).collect();
        if users.is_empty() { service.name.clone() } else { users.join(", ") }
    }
}

/// Snapshots that a look-up is about.
#[derive(Copy, Clone)]
pub struct Lens<'v> {
    /// The snapshots.
    pub snapshots: &'v [&'v SnapshotView],
    /// Units that are left out.
    pub without: &'v HashSet<i64>,
}

impl<'v> Lens<'v> {
    /// The snapshot and service of a unit.
    pub fn find(&self, unit: i64) -> Option<(&'v SnapshotView, &'v Service, &'v UnitRow)> {
        if self.without.contains(&unit) {
            return None;
        }
        self.snapshots.iter().find_map(|s| s.service_of(unit).map(|(service, row)| (*s, service, row)))
    }
}

/// The index as a run sees it.
pub struct IndexView {
    /// The store.
    pub store: Store,
    /// Snapshots in order of repository name.
    pub snapshots: Vec<SnapshotView>,
    /// Code that runs while a working tree is on a branch, with the name of its revision: the merge base with the default
    /// branch. Nothing for a repository whose working tree stands for what runs.
    pub running: Vec<(String, SnapshotView)>,
    /// What the refresh did, if there was one.
    pub refreshed: Option<Refreshed>,
    /// Problems of opening the store.
    pub problems: Vec<Problem>,
}

/// What a run needs of the index.
pub struct ViewRequest<'a> {
    /// Repositories, configuration and store.
    pub workspace: &'a Workspace,
    /// Revision in place of the working tree.
    pub at: Option<&'a str>,
    /// Bring it up to date first.
    pub refresh: bool,
    /// Look at what runs, too, where a working tree is on a branch.
    pub running: bool,
    /// Parse every source file.
    pub no_prefilter: bool,
    /// Called with repository name, files done and files in all.
    pub progress: &'a dyn Fn(&str, u64, u64),
}

impl IndexView {
    /// Opens the store, refreshes it if asked, and reads the snapshots.
    ///
    /// # Errors
    /// [`RefreshError`].
    pub fn open(request: &ViewRequest) -> Result<IndexView, RefreshError> {
        match IndexView::open_once(request, Vec::new()) {
            // Damage that shows only where it is read: the store is a cache, and made anew.
            Err(RefreshError::Store(e)) if request.refresh && e.is_damage() => IndexView::rebuild(request, &e),
            other => other,
        }
    }

    /// Makes a store anew that turned out to be damaged.
    ///
    /// # Errors
    /// [`RefreshError`].
    pub fn rebuild(request: &ViewRequest, damage: &StoreError) -> Result<IndexView, RefreshError> {
        let path = &request.workspace.store;
        Store::remove(path)?;
        let text = format!("the store was damaged ({damage}) and has been rebuilt");
        IndexView::open_once(request, vec![Problem::new(Stage::Store, text).at(path.display().to_string(), None)])
    }

    fn open_once(request: &ViewRequest, mut problems: Vec<Problem>) -> Result<IndexView, RefreshError> {
        let workspace = request.workspace;
        let (store, refreshed) = if request.refresh {
            let fresh = !workspace.store.exists();
            let (mut store, problem) = Store::open_or_create(&workspace.store)?;
            problems.extend(problem);
            if fresh {
                let roots: Vec<String> = workspace.roots.iter().map(|(r, _)| r.display().to_string()).collect();
                store.set_meta(ROOTS, &roots.join("\n"))?;
                remove_orphans(&workspace.store);
            }
            let refreshed = refresh(
                &mut store,
                &RefreshRequest { workspace, at: request.at, roots: None, no_prefilter: request.no_prefilter, progress: request.progress },
            )?;
            (store, Some(refreshed))
        } else {
            (Store::open_existing(&workspace.store)?, None)
        };
        let mut view = IndexView { store, snapshots: Vec::new(), running: Vec::new(), refreshed, problems };
        view.read(workspace)?;
        if request.running && request.at.is_none() && view.refreshed.as_ref().is_some_and(|r| !r.stale) {
            view.read_running(request)?;
        }
        Ok(view)
    }

    /// Indexes the revisions that run, of repositories whose working tree is on a branch.
    fn read_running(&mut self, request: &ViewRequest) -> Result<(), RefreshError> {
        let mut wanted: Vec<(String, String, String)> = Vec::new();
        let mut roots = Vec::new();
        for snapshot in self.snapshots.iter().filter(|s| s.row.revision.is_empty()) {
            let running = discover::git::open(Path::new(&snapshot.row.root)).ok().and_then(|git| git.running());
            if let Some(head) = &running {
                let short = head.commit.get(..10).unwrap_or(&head.commit);
                wanted.push((
                    snapshot.row.root.clone(),
                    head.commit.clone(),
                    format!("{} ({short})", head.branch.as_deref().unwrap_or("HEAD")),
                ));
            }
            roots.push(discover::Root {
                path: snapshot.row.root.clone().into(),
                at: running.map(|r| r.commit),
                name: Some(snapshot.row.repo.clone()),
            });
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let (workspace, progress) = (request.workspace, request.progress);
        let asked = RefreshRequest { workspace, at: None, roots: Some(roots), no_prefilter: request.no_prefilter, progress };
        let keys: Vec<(String, String)> = wanted.iter().map(|w| (w.0.clone(), w.1.clone())).collect();
        let ids = match kept(&self.store, &asked, &keys)? {
            Some(ids) => ids,
            None => match refresh(&mut self.store, &asked) {
                Ok(done) => {
                    self.problems.extend(done.problems);
                    self.forget_old_revisions()?;
                    done.snapshots
                }
                Err(RefreshError::Store(error)) => return Err(error.into()),
                // The working tree can be judged all the same.
                Err(error) => {
                    let text = format!("the code that runs could not be read, only the working tree is judged: {error}");
                    self.problems.push(Problem::new(Stage::Discover, text));
                    return Ok(());
                }
            },
        };
        for row in self.store.snapshots()?.into_iter().filter(|s| ids.contains(&s.id)) {
            let Some((.., label)) = wanted.iter().find(|w| w.0 == row.root && w.1 == row.revision) else { continue };
            let units = self.store.units(row.id)?;
            self.running.push((label.clone(), SnapshotView { row, units }));
        }
        Ok(())
    }

    /// Merge bases move on: of each repository the newest revisions are kept.
    fn forget_old_revisions(&self) -> Result<(), StoreError> {
        let all = self.store.snapshots()?;
        let newer = |s: &SnapshotRow| all.iter().filter(|o| o.root == s.root && !o.revision.is_empty() && o.id > s.id).count();
        let old: HashSet<i64> = all.iter().filter(|s| !s.revision.is_empty() && newer(s) >= MAX_REVISIONS).map(|s| s.id).collect();
        self.store.remove_snapshots(|s| old.contains(&s.id))?;
        Ok(())
    }

    fn read(&mut self, workspace: &Workspace) -> Result<(), StoreError> {
        let wanted = self.refreshed.as_ref().map(|r| r.snapshots.clone());
        for row in self.store.snapshots()? {
            let take = match &wanted {
                Some(ids) => ids.contains(&row.id),
                // A store as it stands: its working trees, and revisions of which there is no working tree.
                None => {
                    let root = std::path::Path::new(&row.root);
                    workspace.roots.is_empty() || workspace.roots.iter().any(|(r, _)| root.starts_with(r))
                }
            };
            if take {
                let units = self.store.units(row.id)?;
                self.snapshots.push(SnapshotView { row, units });
            }
        }
        if wanted.is_none() {
            let trees: Vec<String> = self.snapshots.iter().filter(|s| s.row.revision.is_empty()).map(|s| s.row.root.clone()).collect();
            self.snapshots.retain(|s| s.row.revision.is_empty() || !trees.contains(&s.row.root));
        }
        Ok(())
    }

    /// The snapshot and service of a unit.
    pub fn find(&self, unit: i64) -> Option<(&SnapshotView, &Service, &UnitRow)> {
        self.snapshots.iter().find_map(|s| s.service_of(unit).map(|(service, row)| (s, service, row)))
    }

    /// How much was understood, by repository, with `most` open sites of each (`None`: all).
    ///
    /// # Errors
    /// [`StoreError`] where the store can't be read.
    pub fn coverage(&self, most: Option<usize>) -> Result<Coverage, StoreError> {
        let most = most.unwrap_or(usize::MAX);
        let repository = |s: &SnapshotView| {
            let info = &s.row.info;
            let mut c = RepositoryCoverage {
                repo: s.row.repo.clone(),
                files: info.files,
                parsed: info.parsed,
                skipped: info.skipped.iter().cloned().collect(),
                ..RepositoryCoverage::default()
            };
            for unit in &s.units {
                c.sites += unit.info.sites;
                c.resolved += unit.info.resolved;
                c.statements += unit.info.statements;
                c.bound += unit.info.bound;
                c.unclear_uses += unit.info.unclear_uses;
                c.open_left_out += unit.info.open;
                if unit.info.open > 0 {
                    c.open.extend(self.store.open_sites(unit.id, most)?);
                }
            }
            // The sites of each unit are in order, so that the first of all are among the first of each.
            c.open.sort();
            c.open.truncate(most);
            c.open_left_out = c.open_left_out.saturating_sub(c.open.len() as u32);
            Ok(c)
        };
        Ok(Coverage { repositories: self.snapshots.iter().map(repository).collect::<Result<_, StoreError>>()? })
    }

    /// Problems of the refresh, of discovery and of services, in order.
    pub fn all_problems(&self) -> Vec<Problem> {
        let mut out = self.problems.clone();
        out.extend(self.refreshed.iter().flat_map(|r| r.problems.iter().cloned()));
        for s in &self.snapshots {
            let named = |p: &Problem| Problem {
                repo: Some(p.repo.clone().filter(|r| !r.is_empty()).unwrap_or_else(|| s.row.repo.clone())),
                ..p.clone()
            };
            out.extend(s.row.info.problems.iter().map(named));
            out.extend(s.units.iter().flat_map(|u| u.info.problems.iter()).map(named));
        }
        out.sort();
        out.dedup();
        out
    }

    /// Age in words of the oldest snapshot, for a store that was taken as it stands.
    pub fn age(&self) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs() as i64);
        let oldest = self.snapshots.iter().map(|s| s.row.indexed_at).min().unwrap_or(now);
        match (now - oldest).max(0) {
            s if s < 120 => format!("{s} seconds"),
            s if s < 7200 => format!("{} minutes", s / 60),
            s if s < 172_800 => format!("{} hours", s / 3600),
            s => format!("{} days", s / 86_400),
        }
    }
}
