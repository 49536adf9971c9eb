//! Reading files of a discovered repository, from the working tree or from git, on any thread.

use super::DiscoverError;
use super::git::{self, Opened};
use crate::model::project::{Repository, SourceFile};
use git2::Oid;
use std::cell::RefCell;
use std::collections::HashMap;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

/// Git repositories kept open per thread: libgit2's handles are not shared, and opening one costs more
/// than reading a file. More than this many at once are closed and opened again.
const MAX_OPEN: usize = 32;

thread_local! {
    static OPEN: RefCell<HashMap<PathBuf, Rc<Opened>>> = RefCell::new(HashMap::new());
}

/// Reads files; holds no state of its own and can be copied to every thread.
#[derive(Copy, Clone, Debug, Default)]
pub struct Reader;

impl Reader {
    /// The contents of a discovered file.
    ///
    /// # Errors
    /// [`DiscoverError::Unreadable`] or [`DiscoverError::NoFile`] where the file changed since discovery,
    /// [`DiscoverError::Git`] where objects are missing.
    pub fn read(&self, repository: &Repository, file: &SourceFile) -> Result<Vec<u8>, DiscoverError> {
        let mut bytes = Vec::new();
        self.read_into(repository, file, &mut bytes)?;
        Ok(bytes)
    }

    /// As [`Reader::read`], into a buffer that is cleared first and can be used again.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub fn read_into(&self, repository: &Repository, file: &SourceFile, buffer: &mut Vec<u8>) -> Result<(), DiscoverError> {
        buffer.clear();
        match &file.blob {
            Some(blob) => {
                let opened = opened(&repository.root)?;
                let id = Oid::from_str(blob).map_err(|e| opened.error(&e))?;
                buffer.extend_from_slice(&opened.blob(id)?);
                Ok(())
            }
            None => {
                buffer.reserve(usize::try_from(file.size).unwrap_or(0).saturating_add(1));
                let place = exact_place(&repository.root, &file.path);
                read_file(&repository.root, &file.path, &place, buffer)
            }
        }
    }

    /// The contents of any file of the repository by its path relative to the root: SQL loaded by name,
    /// embedded files. Paths that leave the repository, also through links, are [`DiscoverError::NoFile`].
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub fn read_path(&self, repository: &Repository, path: &str) -> Result<Vec<u8>, DiscoverError> {
        let no_file = || DiscoverError::NoFile { path: repository.root.clone(), file: path.to_string() };
        let inside = Path::new(path).components().all(|c| matches!(c, Component::Normal(_)));
        if !inside || path.is_empty() {
            return Err(no_file());
        }
        if let Some(commit) = &repository.commit {
            return opened(&repository.root)?.content_at(commit, path);
        }
        let place = exact_place(&repository.root, path);
        let (Ok(root), Ok(real)) = (repository.root.canonicalize(), place.canonicalize()) else { return Err(no_file()) };
        // A pipe or device would block.
        if !real.starts_with(&root) || !real.is_file() {
            return Err(no_file());
        }
        let mut bytes = Vec::new();
        read_file(&repository.root, path, &real, &mut bytes)?;
        Ok(bytes)
    }
}

fn read_file(root: &Path, path: &str, place: &Path, buffer: &mut Vec<u8>) -> Result<(), DiscoverError> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => DiscoverError::NoFile { path: root.to_path_buf(), file: path.to_string() },
        _ => DiscoverError::Unreadable { path: place.to_path_buf(), reason: error.to_string() },
    };
    let mut file = std::fs::File::open(place).map_err(failed)?;
    file.read_to_end(buffer).map_err(failed)?;
    Ok(())
}

/// The place of a path on disk. A path with replaced characters stands for the entry whose name becomes
/// that text; the first in byte order if several do.
fn exact_place(root: &Path, path: &str) -> PathBuf {
    let plain = root.join(path);
    if !path.contains(char::REPLACEMENT_CHARACTER) || plain.symlink_metadata().is_ok() {
        return plain;
    }
    let mut place = root.to_path_buf();
    for part in path.split('/') {
        let next = place.join(part);
        if !part.contains(char::REPLACEMENT_CHARACTER) || next.symlink_metadata().is_ok() {
            place = next;
            continue;
        }
        let entries = std::fs::read_dir(&place).into_iter().flatten().flatten().map(|e| e.file_name());
        match entries.filter(|name| name.to_string_lossy() == part).min() {
            Some(name) => place.push(name),
            None => return plain,
        }
    }
    place
}

/// The git repository of a root, opened once per thread.
fn opened(root: &Path) -> Result<Rc<Opened>, DiscoverError> {
    OPEN.with_borrow_mut(|open| {
        if let Some(opened) = open.get(root) {
            return Ok(Rc::clone(opened));
        }
        if open.len() >= MAX_OPEN {
            open.clear();
        }
        let opened = Rc::new(git::open(root)?);
        open.insert(root.to_path_buf(), Rc::clone(&opened));
        Ok(opened)
    })
}
