//! The paths in git's index, read directly: what a work tree tracks, at a tenth of the cost of loading it.
//!
//! Format: <https://git-scm.com/docs/index-format>, versions 2 to 4 with SHA-1 names. Anything else (SHA-256,
//! a split index, a damaged file) gives fewer or no paths; nobody relies on the list being complete.

use std::path::Path;

/// Bytes of an entry before its flags: ten 32-bit fields and the object's name.
const BEFORE_FLAGS: usize = 60;
/// The flag of an entry with a second pair of flag bytes.
const EXTENDED: u16 = 0x4000;
/// File type bits of the mode, and their value for regular files.
const TYPE: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;

/// Calls `each` with the path of every regular file that the work tree at `root` tracks.
pub(super) fn tracked(root: &Path, mut each: impl FnMut(&str)) {
    let Some(bytes) = read(root) else { return };
    let number = |at: usize| bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_be_bytes);
    let (Some(version), Some(count)) = (number(4), number(8)) else { return };
    if !bytes.starts_with(b"DIRC") || !(2..=4).contains(&version) {
        return;
    }
    let mut path: Vec<u8> = Vec::new();
    let mut at = 12;
    for _ in 0..count {
        let Some(mode) = number(at + 24) else { return };
        let Some(flags) = bytes.get(at + BEFORE_FLAGS..at + BEFORE_FLAGS + 2).and_then(|b| b.try_into().ok()).map(u16::from_be_bytes)
        else {
            return;
        };
        let mut name = at + BEFORE_FLAGS + 2 + if flags & EXTENDED != 0 { 2 } else { 0 };
        if version == 4 {
            // How many bytes of the path before are dropped, then what follows the rest of it.
            let Some((drop, after)) = offset(&bytes, name) else { return };
            let Some(kept) = path.len().checked_sub(drop) else { return };
            path.truncate(kept);
            name = after;
        } else {
            path.clear();
        }
        let Some(rest) = bytes.get(name..) else { return };
        let Some(length) = memchr::memchr(0, rest) else { return };
        path.extend_from_slice(rest.get(..length).unwrap_or_default());
        // Before version 4 entries are padded with one to eight NULs to a multiple of eight.
        at = if version == 4 { name + length + 1 } else { at + ((name - at + length + 8) & !7) };
        if !matches!(mode & TYPE, REGULAR | 0o120_000 | 0o160_000 | 0o040_000) {
            return; // not the format that it looked like
        }
        if mode & TYPE == REGULAR
            && let Ok(path) = std::str::from_utf8(&path)
        {
            each(path);
        }
    }
}

/// The index of a work tree; in a linked one `.git` is a file that names the folder.
fn read(root: &Path) -> Option<Vec<u8>> {
    let git = root.join(".git");
    if git.symlink_metadata().ok()?.is_dir() {
        return std::fs::read(git.join("index")).ok();
    }
    let text = std::fs::read_to_string(&git).ok()?;
    let folder = text.strip_prefix("gitdir:")?.trim();
    std::fs::read(root.join(folder).join("index")).ok()
}

/// A number of variable length as in pack files, and the position after it.
fn offset(bytes: &[u8], mut at: usize) -> Option<(usize, usize)> {
    let mut byte = *bytes.get(at)?;
    let mut value = usize::from(byte & 0x7f);
    while byte & 0x80 != 0 {
        at += 1;
        byte = *bytes.get(at)?;
        value = value.checked_add(1)?.checked_mul(128)?.checked_add(usize::from(byte & 0x7f))?;
    }
    Some((value, at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn versions_of_the_format() {
        let folder = tempfile::tempdir().unwrap();
        let git = |arguments: &[&str]| assert!(Command::new("git").current_dir(folder.path()).args(arguments).status().unwrap().success());
        let names =
            ["a", "a-very/long/path/to/some/file.go", "a-very/long/path/to/some/other.go", "b12", "b123", "b1234567", "\u{e9}/x.py"];
        git(&["init", "-q"]);
        for name in names {
            let place = folder.path().join(name);
            std::fs::create_dir_all(place.parent().unwrap()).unwrap();
            std::fs::write(place, "x").unwrap();
        }
        git(&["add", "-A"]);
        for version in ["2", "3", "4"] {
            git(&["update-index", "--index-version", version]);
            let mut found = Vec::new();
            tracked(folder.path(), |path| found.push(path.to_string()));
            assert_eq!(found, names, "version {version}");
        }
        // An entry with extended flags.
        git(&["update-index", "--index-version", "2"]);
        git(&["update-index", "--skip-worktree", "b12"]);
        let mut count = 0;
        tracked(folder.path(), |_| count += 1);
        assert_eq!(count, names.len());
        // Cut or damaged anywhere, it ends without a word.
        let index = folder.path().join(".git/index");
        let whole = std::fs::read(&index).unwrap();
        for at in 0..whole.len() {
            std::fs::write(&index, &whole[..at]).unwrap();
            tracked(folder.path(), |_| ());
            let mut damaged = whole.clone();
            damaged[at] ^= 0xff;
            std::fs::write(&index, damaged).unwrap();
            tracked(folder.path(), |_| ());
        }
    }
}
