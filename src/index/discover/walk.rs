//! The walk over a working tree: one `stat` per file that can matter, no contents read.

use super::git_index;
use super::listing::{Choice, Found, Listing, Selection};
use super::names::NameSet;
use super::rules::{NameClass, Surroundings};
use ignore::{DirEntry, WalkBuilder, WalkState};
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::UNIX_EPOCH;

/// Lists a working tree. `.gitignore` files below `root` are honoured (also without `.git`), those above,
/// the user's global ones and `.ignore` files are not: the answer depends on the repository alone.
/// Symbolic links are not followed, so there are no loops.
pub(super) fn list(root: &Path, selection: &Selection, threads: usize) -> Listing {
    let walker = WalkBuilder::new(root)
        .hidden(false) // handled below: a few hidden files are wanted
        .parents(false)
        .ignore(false)
        .git_global(false)
        .git_ignore(true)
        .git_exclude(true)
        .require_git(false)
        .follow_links(false)
        .threads(threads.max(1))
        .build_parallel();
    let total = Mutex::new(Listing::default());
    walker.run(|| {
        let mut local = Local { root, selection, listing: Listing::default(), total: &total };
        Box::new(move |entry| local.visit(entry))
    });
    let mut listing = total.into_inner().unwrap_or_else(PoisonError::into_inner);
    for path in &selection.rules.hidden_files {
        add_file(&mut listing, selection, path.clone(), &root.join(path));
    }
    listing.finish();
    add_tracked(root, selection, &mut listing);
    listing
}

/// Adds files that git tracks though an ignore rule covers them: to git, ignore rules are for untracked files
/// only. Where the index cannot be read, the files stay out.
fn add_tracked(root: &Path, selection: &Selection, listing: &mut Listing) {
    let mut entered: HashMap<String, bool> = HashMap::new();
    let mut added = Vec::new();
    git_index::tracked(root, |path| {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let known = || listing.files.binary_search_by(|f| f.path.as_str().cmp(path)).is_ok();
        let wanted = selection.rules.name_class(name).is_some_and(|class| class != NameClass::MigrationData);
        if !wanted || known() {
            return;
        }
        let enters = match entered.get(folder) {
            Some(enters) => *enters,
            None => {
                let enters = enters(root, folder, selection);
                entered.insert(folder.to_string(), enters);
                enters
            }
        };
        if let (true, Choice::Keep(class)) = (enters, selection.file(path, folder, name))
            && let Ok(data) = root.join(path).symlink_metadata()
            && data.is_file()
            && data.len() <= selection.max_file_size
        {
            added.push(Found { path: path.to_string(), size: data.len(), mtime: modified(&data), blob: None, class });
        }
    });
    if !added.is_empty() {
        listing.files.extend(added);
        listing.finish();
        // While a merge is open, the index holds a path several times.
        listing.files.dedup_by(|a, b| a.path == b.path);
    }
}

/// Whether the walk enters a folder, ignore rules of the repository aside.
fn enters(root: &Path, folder: &str, selection: &Selection) -> bool {
    let ends = folder.match_indices('/').map(|(at, _)| at).chain((!folder.is_empty()).then_some(folder.len()));
    ends.filter_map(|end| folder.get(..end)).all(|path| {
        let name = path.rsplit('/').next().unwrap_or(path);
        let place = root.join(path);
        !name.starts_with('.')
            && !selection.is_ignored(path, true)
            && selection.rules.skip_folder(name, &OnDisk(&place)).is_none()
            && place.symlink_metadata().is_ok_and(|data| data.is_dir())
    })
}

/// One thread's part, given to the whole when the thread ends.
struct Local<'a> {
    root: &'a Path,
    selection: &'a Selection<'a>,
    listing: Listing,
    total: &'a Mutex<Listing>,
}

impl Drop for Local<'_> {
    fn drop(&mut self) {
        let part = std::mem::take(&mut self.listing);
        self.total.lock().unwrap_or_else(PoisonError::into_inner).merge(part);
    }
}

impl Local<'_> {
    fn visit(&mut self, entry: Result<DirEntry, ignore::Error>) -> WalkState {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = path_of(&error).map(|p| relative(self.root, p).0).unwrap_or_default();
                self.listing.problem(&path, format!("cannot read {}: {}", or_root(&path), reason(&error)), "check its permissions");
                return WalkState::Continue;
            }
        };
        if entry.depth() == 0 {
            return WalkState::Continue;
        }
        let Some(kind) = entry.file_type() else { return WalkState::Continue };
        let name = entry.file_name().to_string_lossy();
        if kind.is_dir() {
            return self.folder(&entry, &name);
        }
        if name.starts_with('.') && self.selection.rules.name_class(&name).is_none() {
            return WalkState::Continue;
        }
        let (path, exact) = relative(self.root, entry.path());
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        if kind.is_symlink() {
            if self.selection.counts(&name) || entry.path().is_dir() {
                self.listing.skip("symbolic link", 1);
            }
            return WalkState::Continue;
        }
        if !kind.is_file() {
            return WalkState::Continue; // sockets, pipes, devices
        }
        match self.selection.file(&path, folder, &name) {
            Choice::Nothing => {}
            Choice::Skip(reason) => self.listing.skip(reason, 1),
            Choice::Keep(class) => {
                if !exact {
                    self.listing.not_utf8(&path);
                }
                match entry.metadata() {
                    Ok(data) if data.len() > self.selection.max_file_size => self.listing.skip("too large", 1),
                    Ok(data) => {
                        let mtime = modified(&data);
                        self.listing.files.push(Found { path, size: data.len(), mtime, blob: None, class });
                    }
                    Err(error) => {
                        let message = format!("cannot read {path}: {}", reason(&error));
                        self.listing.problem(&path, message, "check its permissions");
                    }
                }
            }
        }
        WalkState::Continue
    }

    fn folder(&mut self, entry: &DirEntry, name: &str) -> WalkState {
        if name.starts_with('.') {
            return WalkState::Skip;
        }
        let path = entry.path();
        let why = if let Ok(git) = path.join(".git").symlink_metadata() {
            Some(if git.is_dir() { "nested repository" } else { "submodule" })
        } else if let Some(reason) = self.selection.rules.skip_folder(name, &OnDisk(path)) {
            Some(reason)
        } else if self.selection.is_ignored(&relative(self.root, path).0, true) {
            Some("ignored by configuration")
        } else {
            None
        };
        match why {
            None => WalkState::Continue,
            Some(reason) => {
                let count = count_files(path, self.selection);
                self.listing.skip(reason, count);
                WalkState::Skip
            }
        }
    }
}

/// Adds one file that the walk does not reach.
fn add_file(listing: &mut Listing, selection: &Selection, path: String, place: &Path) {
    let Ok(data) = place.symlink_metadata() else { return };
    let name = path.rsplit('/').next().unwrap_or(&path);
    if let (true, Some(class)) = (data.is_file() && data.len() <= selection.max_file_size, selection.rules.name_class(name)) {
        listing.files.push(Found { size: data.len(), mtime: modified(&data), blob: None, class, path });
    }
}

/// How many source files a folder holds that is not entered. Links are not followed; a tree deeper than
/// any file system allows cannot occur, so the stack is bounded by the disk.
fn count_files(folder: &Path, selection: &Selection) -> u32 {
    let mut count = 0u32;
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                open.push(entry.path());
            } else if kind.is_file() && entry.file_name().to_str().is_some_and(|name| selection.counts(name)) {
                count = count.saturating_add(1);
            }
        }
    }
    count
}

/// Evidence for folder rules, from the disk; asked only for the few folders with a suspicious name.
struct OnDisk<'a>(&'a Path);

impl Surroundings for OnDisk<'_> {
    fn holds(&self, name: &str) -> bool {
        exists(self.0, name)
    }

    fn beside(&self, name: &str) -> bool {
        self.0.parent().is_some_and(|parent| exists(parent, name))
    }
}

fn exists(folder: &Path, name: &str) -> bool {
    if !name.contains('*') {
        return folder.join(name).symlink_metadata().is_ok();
    }
    let names = NameSet::new(&[name.to_string()]);
    let Ok(mut entries) = std::fs::read_dir(folder) else { return false };
    entries.any(|entry| entry.is_ok_and(|e| e.file_name().to_str().is_some_and(|n| names.contains(n))))
}

/// Path relative to the root with `/`, and whether it is exact (valid UTF-8).
fn relative(root: &Path, path: &Path) -> (String, bool) {
    let path = path.strip_prefix(root).unwrap_or(path);
    let (text, exact) = match path.to_str() {
        Some(text) => (text.to_string(), true),
        None => (path.to_string_lossy().into_owned(), false),
    };
    (if std::path::MAIN_SEPARATOR == '/' { text } else { text.replace(std::path::MAIN_SEPARATOR, "/") }, exact)
}

fn or_root(path: &str) -> &str {
    if path.is_empty() { "the repository's folder" } else { path }
}

/// Nanoseconds since the epoch; negative before it, 0 where the file system keeps no time.
pub(super) fn modified(data: &std::fs::Metadata) -> i64 {
    let Ok(time) = data.modified() else { return 0 };
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |n| -n),
    }
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        ignore::Error::Loop { child, .. } => Some(child),
        ignore::Error::Partial(all) => all.iter().find_map(path_of),
        _ => None,
    }
}

/// The cause without the path, which the message names already.
fn reason(error: &ignore::Error) -> String {
    match error {
        ignore::Error::WithPath { err, .. } | ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            reason(err)
        }
        other => other.to_string(),
    }
}
