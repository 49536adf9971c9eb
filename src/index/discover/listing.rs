//! What walking a working tree or a git tree gives: the files that can matter, and counts of the others.

use super::rules::{NameClass, Rules};
use crate::model::problem::{Problem, Stage};
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::collections::BTreeMap;

/// A file that can matter, before it belongs to a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Relative to the repository, `/` as separator.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Nanoseconds since the epoch; 0 from git.
    pub mtime: i64,
    /// Blob id from git.
    pub blob: Option<String>,
    /// What it is by its name.
    pub class: NameClass,
}

/// The result of a walk.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Ordered by path once [`Listing::finish`] ran.
    pub files: Vec<Found>,
    /// Files passed over, by reason.
    pub skipped: BTreeMap<String, u32>,
    /// Unreadable folders, names that are not UTF-8.
    pub problems: Vec<Problem>,
}

impl Listing {
    pub(super) fn skip(&mut self, reason: &str, count: u32) {
        if count == 0 {
            return;
        }
        match self.skipped.get_mut(reason) {
            Some(n) => *n = n.saturating_add(count),
            None => {
                self.skipped.insert(reason.to_string(), count);
            }
        }
    }

    pub(super) fn problem(&mut self, path: &str, message: String, help: &str) {
        self.problems.push(Problem::new(Stage::Discover, message).at(path, None).help(help));
    }

    /// Reports a path that is not UTF-8; it is kept under a name with replaced characters.
    pub(super) fn not_utf8(&mut self, path: &str) {
        self.problem(path, format!("the name of {path} is not valid UTF-8"), "findings show it with replaced characters; rename it");
    }

    pub(super) fn merge(&mut self, other: Listing) {
        self.files.extend(other.files);
        self.problems.extend(other.problems);
        for (reason, count) in other.skipped {
            self.skip(&reason, count);
        }
    }

    /// Puts everything in order, so that the result does not depend on the order of the walk.
    pub(super) fn finish(&mut self) {
        self.files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        self.problems.sort_unstable();
    }
}

/// The decisions that both kinds of walk share.
pub(super) struct Selection<'a> {
    /// The embedded rules.
    pub rules: &'a Rules,
    /// Globs of the configuration.
    pub ignored: Gitignore,
    /// Bigger files are passed over. Bytes.
    pub max_file_size: u64,
}

/// What to do with a file.
pub(super) enum Choice<'a> {
    /// Keep it, if it is not too large.
    Keep(NameClass),
    /// Count it.
    Skip(&'a str),
    /// Say nothing: no grammar reads it.
    Nothing,
}

impl<'a> Selection<'a> {
    pub(super) fn new(rules: &'a Rules, ignored: Gitignore, max_file_size: Option<u64>) -> Self {
        Selection { rules, ignored, max_file_size: max_file_size.unwrap_or(rules.max_file_size) }
    }

    /// Decides about a file by its path. `folder` is the part of `path` before `name`.
    pub(super) fn file(&self, path: &str, folder: &str, name: &str) -> Choice<'a> {
        let Some(class) = self.rules.name_class(name) else { return Choice::Nothing };
        if class == NameClass::MigrationData && !self.rules.folder_class(folder).migration {
            return Choice::Nothing;
        }
        if self.is_ignored(path, false) {
            return Choice::Skip("ignored by configuration");
        }
        match (class, self.rules.skip_file(name)) {
            (NameClass::Source(_), Some(reason)) => Choice::Skip(reason),
            _ => Choice::Keep(class),
        }
    }

    /// Whether the configuration leaves a path out.
    pub(super) fn is_ignored(&self, path: &str, is_folder: bool) -> bool {
        !self.ignored.is_empty() && self.ignored.matched(path, is_folder).is_ignore()
    }

    /// Whether a file counts among those passed over in a folder that is.
    pub(super) fn counts(&self, name: &str) -> bool {
        matches!(self.rules.name_class(name), Some(NameClass::Source(_) | NameClass::Sql))
    }
}

/// Compiles globs of the configuration, relative to the repository.
pub(super) fn globs(key: &'static str, patterns: &[String]) -> Result<Gitignore, super::DiscoverError> {
    let invalid =
        |pattern: &str, error: ignore::Error| super::DiscoverError::Pattern { key, pattern: pattern.into(), reason: error.to_string() };
    let mut builder = GitignoreBuilder::new("");
    for pattern in patterns {
        builder.add_line(None, pattern).map_err(|e| invalid(pattern, e))?;
    }
    builder.build().map_err(|e| invalid(&patterns.join(", "), e))
}
