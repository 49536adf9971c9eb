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
        let bytes = self.bytes(row, path)?;
        let mut rest = &bytes[..];
        for _ in 1..line {
            rest = rest.get(memchr::memchr(b'\n', rest)? + 1..)?;
        }
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
