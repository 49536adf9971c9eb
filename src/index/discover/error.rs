//! Why discovery could not do its job. What can be passed over is a [`Problem`](crate::model::problem::Problem).

use std::path::PathBuf;

/// An input that cannot be used. `Display` names the object, [`DiscoverError::help`] says what to do.
#[derive(Debug, thiserror::Error)]
pub enum DiscoverError {
    /// A root that does not exist.
    #[error("cannot find the folder {}", .0.display())]
    Missing(PathBuf),
    /// A root that is a file.
    #[error("{} is not a folder", .0.display())]
    NotAFolder(PathBuf),
    /// A root or file that cannot be read.
    #[error("cannot read {}: {reason}", path.display())]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// The operating system's words.
        reason: String,
    },
    /// A revision was asked for outside git.
    #[error("{} is in no git repository", .0.display())]
    NotGit(PathBuf),
    /// A git repository without a single commit.
    #[error("the git repository {} has no commits yet", .0.display())]
    Unborn(PathBuf),
    /// A revision that names no commit.
    #[error("unknown revision {revision:?} in {}", path.display())]
    UnknownRevision {
        /// The repository.
        path: PathBuf,
        /// As given.
        revision: String,
        /// Branches that exist, at most five, for the help line.
        known: Vec<String>,
    },
    /// A path that the revision or working tree does not hold.
    #[error("{} has no file {file}", path.display())]
    NoFile {
        /// The repository.
        path: PathBuf,
        /// Path relative to it.
        file: String,
    },
    /// Two revisions without a common ancestor.
    #[error("{a} and {b} have no common ancestor in {}", path.display())]
    NoMergeBase {
        /// The repository.
        path: PathBuf,
        /// A revision.
        a: String,
        /// Another one.
        b: String,
    },
    /// The git repository belongs to another user, and git refuses to trust it.
    #[error("the git repository {} belongs to another user", .0.display())]
    ForeignOwner(PathBuf),
    /// Any other failure of git.
    #[error("cannot read the git repository {}: {reason}", path.display())]
    Git {
        /// The repository.
        path: PathBuf,
        /// libgit2's words.
        reason: String,
    },
    /// A glob in the configuration that cannot be compiled.
    #[error("the pattern {pattern:?} of `{key}` is not valid: {reason}")]
    Pattern {
        /// Configuration key.
        key: &'static str,
        /// As given.
        pattern: String,
        /// The matcher's words.
        reason: String,
    },
}

impl DiscoverError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<String> {
        Some(match self {
            DiscoverError::Missing(_) => "check the path; relative paths start at the current folder".into(),
            DiscoverError::NotAFolder(_) => "name the folder of the repository".into(),
            DiscoverError::Unreadable { .. } => "check its permissions".into(),
            DiscoverError::NotGit(_) => "leave out the revision to read the files as they are, or name a git repository".into(),
            DiscoverError::Unborn(_) => "commit something first, or read the working tree instead of a revision".into(),
            DiscoverError::UnknownRevision { known, .. } if known.is_empty() => {
                "fetch it first, or name another branch, tag or commit".into()
            }
            DiscoverError::UnknownRevision { known, .. } => format!("branches here: {}; fetch it first if it is missing", known.join(", ")),
            DiscoverError::NoFile { .. } => "paths are relative to the repository's root".into(),
            DiscoverError::NoMergeBase { .. } => "a shallow clone may lack the history: git fetch --unshallow".into(),
            DiscoverError::ForeignOwner(path) => format!("git config --global --add safe.directory {}", path.display()),
            DiscoverError::Git { .. } => "git fsck shows whether objects are missing".into(),
            DiscoverError::Pattern { .. } => "patterns are those of .gitignore".into(),
        })
    }
}
