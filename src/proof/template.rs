//! Data folders as a server's own tool makes them, made once and kept in the cache: making one takes seconds.

use super::server::{Folder, give};
use std::io;
use std::path::Path;

/// Fills `folder/data` with a fresh data folder: a copy of the one that the cache keeps under `key`, else one that `make`
/// makes there, which the cache keeps from then on.
pub fn data(folder: &Folder, cache: Option<&Path>, key: &str, make: impl FnOnce(&Path) -> Result<(), String>) -> Result<(), String> {
    let data = folder.path().join("data");
    let kept = cache.map(|c| c.join("engines").join(key));
    if let Some(kept) = kept.as_deref().filter(|k| k.is_dir()) {
        match copy(kept, &data, true) {
            Ok(()) => return Ok(()),
            // What can't be copied is made anew.
            Err(_) => drop(std::fs::remove_dir_all(&data)),
        }
    }
    make(&data)?;
    if let Some(kept) = kept {
        keep(&data, &kept);
    }
    Ok(())
}

/// Keeps a copy; without one, the next proof makes its own.
fn keep(data: &Path, kept: &Path) {
    let Some(parent) = kept.parent() else { return };
    let _ = std::fs::create_dir_all(parent);
    let Ok(part) = tempfile::Builder::new().prefix("part-").tempdir_in(parent) else { return };
    let whole = part.path().join("data");
    if copy(data, &whole, false).is_ok() {
        // Someone else may have been faster.
        let _ = std::fs::rename(&whole, kept);
    }
}

fn copy(from: &Path, to: &Path, hand_over: bool) -> io::Result<()> {
    std::fs::create_dir(to)?;
    std::fs::set_permissions(to, std::fs::metadata(from)?.permissions())?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy(&entry.path(), &target, hand_over)?;
        } else if kind.is_file() {
            std::fs::copy(entry.path(), &target)?;
            if hand_over {
                give(&target)?;
            }
        }
    }
    if hand_over {
        give(to)?;
    }
    Ok(())
}
