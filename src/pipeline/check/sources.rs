//! Source files that findings lie in, read once for a check.

use crate::index::discover::Reader;
use crate::model::project::Repository;
use crate::store::SnapshotRow;
use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;

/// Root, revision and path of a file.
type FileKey = (String, String, String);

/// Texts of files that were asked for.
#[derive(Debug, Default)]
pub struct Sources {
    texts: HashMap<FileKey, Option<Rc<[u8]>>>,
    /// The file that was looked at last, and a line of it with its offset: findings come in order of their places.
    last: Option<(FileKey, Rc<[u8]>, u32, usize)>,
}

impl Sources {
    /// A file of a snapshot as it is now; `None`: it can't be read.
    pub fn bytes(&mut self, row: &SnapshotRow, path: &str) -> Option<Rc<[u8]>> {
        let key = (row.root.clone(), row.info.commit.clone().unwrap_or_default(), path.to_string());
        let read = || {
            let root = PathBuf::from(&row.root);
            let repository = Repository { name: row.repo.clone(), root, commit: row.info.commit.clone(), ..Repository::default() };
            Reader.read_path(&repository, path).ok().map(Rc::from)
        };
        self.texts.entry(key).or_insert_with(read).clone()
    }

    /// A line (1-based) of such a file.
    pub fn line(&mut self, row: &SnapshotRow, path: &str, line: u32) -> Option<String> {
        let commit = row.info.commit.as_deref().unwrap_or_default();
        let same = |(key, ..): &(FileKey, Rc<[u8]>, u32, usize)| key.2 == path && key.0 == row.root && key.1 == commit;
        let (key, bytes, from, mut at) = match self.last.take().filter(same) {
            Some((key, bytes, from, at)) if from <= line => (key, bytes, from, at),
            Some((key, bytes, ..)) => (key, bytes, 1, 0),
            None => ((row.root.clone(), commit.to_string(), path.to_string()), self.bytes(row, path)?, 1, 0),
        };
        for _ in from..line {
            at += memchr::memchr(b'\n', bytes.get(at..)?)? + 1;
        }
        self.last = Some((key, bytes.clone(), line.max(1), at));
        let rest = bytes.get(at..)?;
        if line == 0 || rest.is_empty() {
            return None;
        }
        let line = match memchr::memchr(b'\n', rest) {
            Some(end) => rest.get(..end).map(|l| l.strip_suffix(b"\r").unwrap_or(l))?,
            None => rest,
        };
        Some(String::from_utf8_lossy(line).into_owned())
    }
}
