//! Which state of a repository an index belongs to, and whether it is still that state.

use super::{DiscoverError, Settings, list_places, selection};
use crate::model::project::Repository;

/// Identifies the state that was discovered: the commit, or for a working tree a hash over path, size and
/// modification time of every file that can matter. Two equal keys mean the same files.
pub fn snapshot_key(repository: &Repository) -> String {
    match &repository.commit {
        Some(commit) => commit.clone(),
        None => hash(repository.files.iter().map(|f| (f.path.as_str(), f.size, f.mtime))),
    }
}

/// The state of a root as a cheap walk sees it, for comparison with a repository discovered earlier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glance {
    /// As [`Repository::name`].
    pub name: String,
    /// As [`Repository::root`].
    pub root: std::path::PathBuf,
    /// As [`snapshot_key`] gives it for the repository discovered from this state.
    pub key: String,
    /// As [`Repository::skipped`], so far as names and sizes tell.
    pub skipped: Vec<(String, u32)>,
}

impl Glance {
    /// Whether a repository discovered with the same settings would be the same again.
    pub fn matches(&self, repository: &Repository) -> bool {
        let same = self.name == repository.name && self.root == repository.root && self.key == snapshot_key(repository);
        // A commit holds what it holds; in a working tree a file may have come that is passed over.
        same && (repository.commit.is_some() || self.skipped == repository.skipped)
    }
}

/// Looks at every root without reading any contents (one `stat` per file that can matter; for git one look-up
/// of the revision). Ordered as [`discover`](super::discover) orders repositories. From git, `skipped` is empty.
///
/// # Errors
/// As [`discover`](super::discover).
pub fn glance(settings: &Settings) -> Result<Vec<Glance>, DiscoverError> {
    let selection = selection(settings)?;
    let (places, _) = super::roots::resolve(&settings.roots)?;
    let listed = list_places(&places, |place, threads| match place.commit {
        Some(commit) => (commit.to_string(), Vec::new()),
        None => {
            let listing = super::walk::list(&place.root, &selection, threads);
            let key = hash(listing.files.iter().map(|f| (f.path.as_str(), f.size, f.mtime)));
            (key, listing.skipped.into_iter().collect())
        }
    });
    let glances = places.into_iter().zip(listed);
    Ok(glances.map(|(place, (key, skipped))| Glance { name: place.name, root: place.root, key, skipped }).collect())
}

fn hash<'a>(files: impl Iterator<Item = (&'a str, u64, i64)>) -> String {
    let mut hasher = blake3::Hasher::new();
    for (path, size, mtime) in files {
        hasher.update(&(path.len() as u64).to_le_bytes());
        hasher.update(path.as_bytes());
        hasher.update(&size.to_le_bytes());
        hasher.update(&mtime.to_le_bytes());
    }
    hasher.finalize().to_hex().to_string()
}
