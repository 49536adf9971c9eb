//! The walk over a git tree: the same selection as in a working tree, straight from the object database.

use super::DiscoverError;
use super::git::Opened;
use super::listing::{Choice, Found, Listing, Selection};
use super::names::NameSet;
use super::rules::Surroundings;
use git2::{ObjectType, Oid, Tree};

/// Folders nested deeper than this are reported, not read. Real trees stay below 40.
const MAX_DEPTH: usize = 200;
/// File mode of a symbolic link in git.
const LINK: i32 = 0o120_000;

/// Lists the tree of a commit below the prefix of `opened`. All files are tracked, so ignore rules of the
/// repository play no part. Fails where the commit or the folder cannot be read; unreadable subtrees are problems.
pub(super) fn list(opened: &Opened, commit: Oid, selection: &Selection) -> Result<Listing, DiscoverError> {
    let root = opened.tree(commit)?;
    let odb = opened.repository.odb().map_err(|e| opened.error(&e))?;
    let mut listing = Listing::default();
    let mut open: Vec<(Tree, String)> = vec![(root, String::new())];
    while let Some((tree, folder)) = open.pop() {
        if folder.split('/').count() > MAX_DEPTH {
            listing.problem(&folder, format!("{folder} is nested more than {MAX_DEPTH} folders deep"), "move it up to have it read");
            continue;
        }
        for entry in tree.iter() {
            let bytes = entry.name_bytes();
            let name = String::from_utf8_lossy(bytes);
            let path = if folder.is_empty() { name.to_string() } else { format!("{folder}/{name}") };
            match entry.kind() {
                Some(ObjectType::Tree) => {
                    let hidden = name.starts_with('.') && !is_wanted_hidden(selection, &path);
                    if hidden {
                        continue;
                    }
                    let subtree = match opened.repository.find_tree(entry.id()) {
                        Ok(subtree) => subtree,
                        Err(error) => {
                            listing.problem(
                                &path,
                                format!("cannot read {path}: {}", error.message()),
                                "git fsck shows whether objects are missing",
                            );
                            continue;
                        }
                    };
                    let reason = selection
                        .rules
                        .skip_folder(&name, &InTree { folder: &subtree, parent: &tree })
                        .or_else(|| selection.is_ignored(&path, true).then_some("ignored by configuration"));
                    match reason {
                        Some(reason) => {
                            let count = count_files(opened, subtree, selection);
                            listing.skip(reason, count);
                        }
                        None => open.push((subtree, path)),
                    }
                }
                Some(ObjectType::Blob) => {
                    if folder.starts_with('.') && !selection.rules.hidden_files.contains(&path) {
                        continue;
                    }
                    if entry.filemode() == LINK {
                        if selection.counts(&name) {
                            listing.skip("symbolic link", 1);
                        }
                        continue;
                    }
                    match selection.file(&path, &folder, &name) {
                        Choice::Nothing => {}
                        Choice::Skip(reason) => listing.skip(reason, 1),
                        Choice::Keep(class) => {
                            if std::str::from_utf8(bytes).is_err() {
                                listing.not_utf8(&path);
                            }
                            match odb.read_header(entry.id()) {
                                Ok((size, _)) if size as u64 > selection.max_file_size => listing.skip("too large", 1),
                                Ok((size, _)) => listing.files.push(Found {
                                    path,
                                    size: size as u64,
                                    mtime: 0,
                                    blob: Some(entry.id().to_string()),
                                    class,
                                }),
                                Err(error) => listing.problem(
                                    &path,
                                    format!("cannot read {path}: {}", error.message()),
                                    "git fsck shows whether objects are missing",
                                ),
                            }
                        }
                    }
                }
                Some(ObjectType::Commit) => listing.skip("submodule", 1),
                _ => {}
            }
        }
    }
    listing.finish();
    Ok(listing)
}

/// Whether a hidden folder holds one of the hidden files that are read.
fn is_wanted_hidden(selection: &Selection, folder: &str) -> bool {
    selection.rules.hidden_files.iter().any(|file| file.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')))
}

/// How many source files a subtree holds that is not entered.
fn count_files(opened: &Opened, tree: Tree, selection: &Selection) -> u32 {
    let mut count = 0u32;
    let mut open = vec![(tree, 0usize)];
    while let Some((tree, depth)) = open.pop() {
        for entry in tree.iter() {
            match entry.kind() {
                Some(ObjectType::Tree) if depth < MAX_DEPTH => {
                    if let Ok(subtree) = opened.repository.find_tree(entry.id()) {
                        open.push((subtree, depth + 1));
                    }
                }
                Some(ObjectType::Blob) if entry.name().is_ok_and(|name| selection.counts(name)) => count = count.saturating_add(1),
                _ => {}
            }
        }
    }
    count
}

/// Evidence for folder rules, from the tree and the one above it.
struct InTree<'a, 'r> {
    folder: &'a Tree<'r>,
    parent: &'a Tree<'r>,
}

impl Surroundings for InTree<'_, '_> {
    fn holds(&self, name: &str) -> bool {
        has(self.folder, name)
    }

    fn beside(&self, name: &str) -> bool {
        has(self.parent, name)
    }
}

fn has(tree: &Tree, name: &str) -> bool {
    if !name.contains('*') {
        return tree.get_name(name).is_some();
    }
    let names = NameSet::new(&[name.to_string()]);
    tree.iter().any(|entry| entry.name().is_ok_and(|n| names.contains(n)))
}
