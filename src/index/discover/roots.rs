//! From the folders given to the repositories they are.

use super::git::{self, is_git_directory};
use super::{DiscoverError, Root};
use crate::model::problem::{Problem, Stage};
use git2::Oid;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

/// One repository to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Unique name.
    pub name: String,
    /// Absolute folder, or git directory of a bare repository.
    pub root: PathBuf,
    /// The commit to read; `None`: the working tree.
    pub commit: Option<Oid>,
}

/// Finds the repositories behind the given roots, in the order given, each once. A folder without `.git`
/// whose children have one stands for these children; a child that cannot be used is a problem then.
pub(super) fn resolve(roots: &[Root]) -> Result<(Vec<Place>, Vec<Problem>), DiscoverError> {
    let mut places = Vec::new();
    let mut problems = Vec::new();
    for root in roots {
        let folder = canonical(&root.path)?;
        let at = root.at.as_deref();
        let children = if is_repository(&folder) { Vec::new() } else { repositories_below(&folder)? };
        if children.is_empty() {
            places.push((root.name.clone(), at, place(folder, at)?));
            continue;
        }
        let mut first_error = None;
        let before = places.len();
        for child in children {
            match place(child, at) {
                Ok(found) => places.push((None, at, found)),
                Err(error) => {
                    let mut problem = Problem::new(Stage::Discover, error.to_string());
                    problem.help = error.help();
                    problems.push(problem);
                    first_error.get_or_insert(error);
                }
            }
        }
        if let (true, Some(error)) = (places.len() == before, first_error) {
            return Err(error);
        }
    }
    let mut seen = HashSet::new();
    places.retain(|(_, _, (folder, commit))| seen.insert((folder.clone(), *commit)));
    Ok((name_all(places), problems))
}

type Unnamed<'a> = (Option<String>, Option<&'a str>, (PathBuf, Option<Oid>));

fn canonical(path: &Path) -> Result<PathBuf, DiscoverError> {
    let found = path.canonicalize().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => DiscoverError::Missing(path.to_path_buf()),
        _ => DiscoverError::Unreadable { path: path.to_path_buf(), reason: error.to_string() },
    })?;
    if found.is_dir() { Ok(found) } else { Err(DiscoverError::NotAFolder(path.to_path_buf())) }
}

fn is_repository(folder: &Path) -> bool {
    folder.join(".git").symlink_metadata().is_ok() || is_git_directory(folder)
}

/// Children that are repositories, ordered by name; hidden ones are not looked at.
fn repositories_below(folder: &Path) -> Result<Vec<PathBuf>, DiscoverError> {
    let unreadable = |error: std::io::Error| DiscoverError::Unreadable { path: folder.to_path_buf(), reason: error.to_string() };
    let mut children: Vec<PathBuf> = std::fs::read_dir(folder)
        .map_err(unreadable)?
        .flatten()
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
        .map(|entry| entry.path())
        .filter(|path| path.is_dir() && is_repository(path))
        .filter_map(|path| path.canonicalize().ok())
        .collect();
    children.sort_unstable();
    Ok(children)
}

/// The folder and the commit to read: one if a revision is asked for, or nothing is checked out.
fn place(folder: PathBuf, at: Option<&str>) -> Result<(PathBuf, Option<Oid>), DiscoverError> {
    let bare = is_git_directory(&folder) && folder.join(".git").symlink_metadata().is_err();
    let revision = match at {
        Some(revision) => Some(revision),
        None => bare.then_some("HEAD"),
    };
    let commit = match revision {
        Some(revision) => Some(git::open(&folder)?.commit(revision)?),
        None => None,
    };
    Ok((folder, commit))
}

/// Gives unique names: the folder's, with as many parents as it takes, then the revision, then a number.
fn name_all(places: Vec<Unnamed>) -> Vec<Place> {
    let mut depth = vec![1usize; places.len()];
    let name = |(given, _, (folder, _)): &Unnamed, depth: usize| given.clone().unwrap_or_else(|| folder_name(folder, depth));
    // Each round lengthens the names that clash; a path has an end, so few rounds do.
    for _ in 0..8 {
        let names: Vec<String> = places.iter().zip(&depth).map(|(p, d)| name(p, *d)).collect();
        let mut count: HashMap<&str, usize> = HashMap::new();
        for n in &names {
            *count.entry(n).or_default() += 1;
        }
        if count.values().all(|n| *n == 1) {
            break;
        }
        for (d, n) in depth.iter_mut().zip(&names) {
            *d += usize::from(count.get(n.as_str()).is_some_and(|c| *c > 1));
        }
    }
    let mut used = HashSet::new();
    let mut named = Vec::new();
    for (unnamed, depth) in places.into_iter().zip(depth) {
        let base = name(&unnamed, depth);
        let (_, at, (root, commit)) = unnamed;
        let mut candidate = base.clone();
        if let (true, Some(at)) = (used.contains(&candidate), at) {
            candidate = format!("{base}@{at}");
        }
        let mut number = 2;
        while !used.insert(candidate.clone()) {
            candidate = format!("{base}-{number}");
            number += 1;
        }
        named.push(Place { name: candidate, root, commit });
    }
    named
}

/// The last `depth` parts of a path, without the `.git` of git directories.
fn folder_name(folder: &Path, depth: usize) -> String {
    let mut parts: Vec<String> = folder
        .components()
        .filter_map(|c| match c {
            std::path::Component::Normal(part) => Some(part.to_string_lossy().into_owned()),
            _ => None,
        })
        .collect();
    if parts.last().is_some_and(|last| last == ".git") {
        parts.pop();
    }
    if let Some(last) = parts.last_mut()
        && let Some(stem) = last.strip_suffix(".git")
    {
        *last = stem.to_string();
    }
    let from = parts.len().saturating_sub(depth);
    let name = parts.get(from..).unwrap_or_default().join("/");
    if name.is_empty() { "repository".into() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unique_names() {
        let unnamed = |path: &str, at: Option<&'static str>| (None, at, (PathBuf::from(path), None));
        for (paths, expected) in [
            (vec![unnamed("/w/shop", None), unnamed("/w/billing.git", None)], vec!["shop", "billing"]),
            (vec![unnamed("/w/a/repo", None), unnamed("/w/b/repo", None), unnamed("/w/c", None)], vec!["a/repo", "b/repo", "c"]),
            (vec![unnamed("/w/shop", Some("v1")), unnamed("/w/shop", Some("v2"))], vec!["w/shop", "w/shop@v2"]),
            (vec![unnamed("/", None)], vec!["repository"]),
        ] {
            let names: Vec<String> = name_all(paths).into_iter().map(|p| p.name).collect();
            if names.len() == 2 && names[1].contains('@') {
                assert!(names[1].ends_with("shop@v2"), "{names:?}");
            } else {
                assert_eq!(names, expected);
            }
        }
    }
}
