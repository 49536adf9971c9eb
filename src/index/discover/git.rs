//! Git, read-only and straight from its object database: no checkout, hooks, filters or fsmonitor.

use super::DiscoverError;
use git2::{BranchType, Delta, DiffFindOptions, DiffOptions, ErrorCode, ObjectType, Oid, Repository, RepositoryOpenFlags, Tree};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// How many branches an error message lists.
const KNOWN_BRANCHES: usize = 5;
/// Branch names tried when the remote names no default.
const DEFAULT_BRANCHES: [&str; 4] = ["main", "master", "trunk", "develop"];

/// A git repository opened for reading, seen from a folder that may lie below its root.
pub struct Opened {
    pub(super) repository: Repository,
    place: PathBuf,
    /// Path of `place` inside the work tree; empty at its root and in a bare repository.
    prefix: String,
}

/// What is checked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Branch name; `None` when detached.
    pub branch: Option<String>,
    /// Commit id.
    pub commit: String,
}

/// How a path differs between two revisions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// Only in the later one.
    Added,
    /// In both, with other contents.
    Modified,
    /// Only in the earlier one.
    Deleted,
    /// Moved from that path, contents alike.
    Renamed(String),
}

/// A path that differs between two revisions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChangedFile {
    /// Path (in the later revision, if it is there), relative to the opened folder.
    pub path: String,
    /// How.
    pub difference: Difference,
}

/// Opens the git repository that `place` is, or lies in. Environment variables such as `GIT_DIR` play no part.
///
/// # Errors
/// [`DiscoverError::NotGit`] outside git, [`DiscoverError::ForeignOwner`] where git's ownership check refuses it.
pub fn open(place: &Path) -> Result<Opened, DiscoverError> {
    let none: &[&OsStr] = &[];
    let repository = Repository::open_ext(place, RepositoryOpenFlags::empty(), none).map_err(|error| match error.code() {
        ErrorCode::NotFound => DiscoverError::NotGit(place.to_path_buf()),
        ErrorCode::Owner => DiscoverError::ForeignOwner(place.to_path_buf()),
        _ => DiscoverError::Git { path: place.to_path_buf(), reason: error.message().to_string() },
    })?;
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let folder = real(place);
    // A git directory without a setting says nothing of a work tree; libgit2 then takes its parent for one.
    let prefix = match repository.workdir() {
        Some(workdir) if !folder.starts_with(real(repository.path())) => {
            folder.strip_prefix(real(workdir)).map(slashes).unwrap_or_default()
        }
        _ => String::new(),
    };
    Ok(Opened { repository, place: place.to_path_buf(), prefix })
}

/// Whether a folder is a git directory itself: a bare repository, or the `.git` of a work tree.
pub fn is_git_directory(folder: &Path) -> bool {
    folder.join("HEAD").is_file() && folder.join("objects").is_dir() && folder.join("refs").is_dir()
}

impl Opened {
    /// The commit that a revision (branch, tag, id, `HEAD~2`, ...) names.
    ///
    /// # Errors
    /// [`DiscoverError::Unborn`] without any commit, [`DiscoverError::UnknownRevision`].
    pub fn commit(&self, revision: &str) -> Result<Oid, DiscoverError> {
        let found = self.repository.revparse_single(revision).or_else(|error| {
            // A fresh clone knows a branch by its remote name only.
            self.repository.revparse_single(&format!("origin/{revision}")).map_err(|_| error)
        });
        match found.and_then(|object| object.peel_to_commit()) {
            Ok(commit) => Ok(commit.id()),
            Err(error) if error.code() == ErrorCode::UnbornBranch || (revision == "HEAD" && self.is_unborn()) => {
                Err(DiscoverError::Unborn(self.place.clone()))
            }
            Err(_) => Err(DiscoverError::UnknownRevision { path: self.place.clone(), revision: revision.into(), known: self.branches() }),
        }
    }

    /// Whether `HEAD` names a branch without commits.
    pub fn is_unborn(&self) -> bool {
        self.repository.head().is_err_and(|e| matches!(e.code(), ErrorCode::UnbornBranch | ErrorCode::NotFound))
    }

    /// What is checked out; `None` without any commit.
    pub fn head(&self) -> Option<Head> {
        let head = self.repository.head().ok()?;
        let commit = head.peel_to_commit().ok()?.id().to_string();
        let branch = if head.is_branch() { head.shorthand().ok().map(str::to_string) } else { None };
        Some(Head { branch, commit })
    }

    /// The default branch: what `origin/HEAD` names, else the first of main, master, trunk, develop that
    /// exists (locally, else at `origin`), else the branch of a bare repository's `HEAD`. With its commit,
    /// of the remote-tracking branch where there is one: that is what others see.
    pub fn default_branch(&self) -> Option<Head> {
        let named = self
            .repository
            .find_reference("refs/remotes/origin/HEAD")
            .ok()
            .and_then(|r| r.symbolic_target().ok().flatten().and_then(|t| t.strip_prefix("refs/remotes/origin/").map(str::to_string)));
        let head = || self.repository.is_bare().then(|| self.head()).flatten().and_then(|h| h.branch);
        named.into_iter().chain(head()).chain(DEFAULT_BRANCHES.map(String::from)).find_map(|branch| {
            let commit = self.branch_commit(&branch)?.to_string();
            Some(Head { branch: Some(branch), commit })
        })
    }

    /// The revision that stands for what runs while the working tree is on a branch: the merge base with the default
    /// branch. `None` on the default branch, in its history, and where there is none.
    pub fn running(&self) -> Option<Head> {
        if self.repository.is_bare() {
            return None;
        }
        let (head, default) = (self.head()?, self.default_branch()?);
        if head.branch.is_some() && head.branch == default.branch {
            return None;
        }
        let base = self.merge_base(&head.commit, &default.commit).ok()?.to_string();
        // Detached in the history of the default branch, as a build server checks it out.
        let detached = head.branch.is_none() && base == head.commit;
        (!detached).then_some(Head { branch: default.branch, commit: base })
    }

    fn branch_commit(&self, branch: &str) -> Option<Oid> {
        let remote = self.repository.find_branch(&format!("origin/{branch}"), BranchType::Remote);
        let found = remote.or_else(|_| self.repository.find_branch(branch, BranchType::Local)).ok()?;
        Some(found.get().peel_to_commit().ok()?.id())
    }

    /// The best common ancestor of two revisions.
    ///
    /// # Errors
    /// As [`Opened::commit`], and [`DiscoverError::NoMergeBase`].
    pub fn merge_base(&self, a: &str, b: &str) -> Result<Oid, DiscoverError> {
        let (x, y) = (self.commit(a)?, self.commit(b)?);
        self.repository.merge_base(x, y).map_err(|_| DiscoverError::NoMergeBase { path: self.place.clone(), a: a.into(), b: b.into() })
    }

    /// Paths that differ between two revisions, ordered by path; exact and similar renames are found.
    ///
    /// # Errors
    /// As [`Opened::commit`], and [`DiscoverError::Git`] where objects are missing.
    pub fn changed_files(&self, base: &str, head: &str) -> Result<Vec<ChangedFile>, DiscoverError> {
        let (old, new) = (self.tree(self.commit(base)?)?, self.tree(self.commit(head)?)?);
        let mut options = DiffOptions::new();
        options.skip_binary_check(true).ignore_submodules(true);
        let mut diff = self.repository.diff_tree_to_tree(Some(&old), Some(&new), Some(&mut options)).map_err(|e| self.error(&e))?;
        diff.find_similar(Some(DiffFindOptions::new().renames(true))).map_err(|e| self.error(&e))?;
        let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
        let mut changed: Vec<ChangedFile> = diff
            .deltas()
            .filter_map(|delta| {
                let (before, after) = (text(delta.old_file().path_bytes()), text(delta.new_file().path_bytes()));
                let difference = match delta.status() {
                    Delta::Added | Delta::Copied => Difference::Added,
                    Delta::Modified | Delta::Typechange => Difference::Modified,
                    Delta::Deleted => return Some(ChangedFile { path: before, difference: Difference::Deleted }),
                    Delta::Renamed => Difference::Renamed(before),
                    _ => return None,
                };
                Some(ChangedFile { path: after, difference })
            })
            .collect();
        changed.sort_unstable();
        Ok(changed)
    }

    /// The id of the blob at a path in a revision; `None` where it has no such file.
    ///
    /// # Errors
    /// As [`Opened::commit`].
    pub fn blob_at(&self, revision: &str, path: &str) -> Result<Option<Oid>, DiscoverError> {
        let tree = self.tree(self.commit(revision)?)?;
        Ok(tree.get_path(Path::new(path)).ok().filter(|entry| entry.kind() == Some(ObjectType::Blob)).map(|entry| entry.id()))
    }

    /// The contents of a path in a revision, as git stores them.
    ///
    /// # Errors
    /// As [`Opened::commit`], and [`DiscoverError::NoFile`].
    pub fn content_at(&self, revision: &str, path: &str) -> Result<Vec<u8>, DiscoverError> {
        match self.blob_at(revision, path)? {
            Some(id) => self.blob(id),
            None => Err(DiscoverError::NoFile { path: self.place.clone(), file: path.into() }),
        }
    }

    /// The contents of a blob.
    pub(super) fn blob(&self, id: Oid) -> Result<Vec<u8>, DiscoverError> {
        let blob = self.repository.find_blob(id).map_err(|e| self.error(&e))?;
        Ok(blob.content().to_vec())
    }

    /// The tree of a commit, from the opened folder on.
    pub(super) fn tree(&self, commit: Oid) -> Result<Tree<'_>, DiscoverError> {
        let root = self.repository.find_commit(commit).and_then(|c| c.tree()).map_err(|e| self.error(&e))?;
        if self.prefix.is_empty() {
            return Ok(root);
        }
        let entry = root.get_path(Path::new(&self.prefix));
        let below = entry.ok().and_then(|e| e.to_object(&self.repository).ok()).and_then(|o| o.into_tree().ok());
        below.ok_or_else(|| DiscoverError::NoFile { path: self.place.clone(), file: format!("{} at {commit}", self.prefix) })
    }

    pub(super) fn error(&self, error: &git2::Error) -> DiscoverError {
        DiscoverError::Git { path: self.place.clone(), reason: error.message().to_string() }
    }

    /// Names of branches for an error message: local ones first.
    fn branches(&self) -> Vec<String> {
        let names = |kind| {
            let branches = self.repository.branches(Some(kind)).into_iter().flatten().flatten();
            let mut names: Vec<String> =
                branches.filter_map(|(b, _)| b.name_bytes().ok().map(|n| String::from_utf8_lossy(n).into_owned())).collect();
            names.sort_unstable();
            names
        };
        names(BranchType::Local).into_iter().chain(names(BranchType::Remote)).take(KNOWN_BRANCHES).collect()
    }
}

fn slashes(path: &Path) -> String {
    let text = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' { text.into_owned() } else { text.replace(std::path::MAIN_SEPARATOR, "/") }
}
