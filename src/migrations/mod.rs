//! Histories of migrations: where they are, what order they run in, what they leave behind.
//!
//! Formats are data (`grammars/migrations/<format>.toml`). [`histories`] finds the histories in a list of
//! files, [`place`] says where in them a migration belongs, [`replay`] runs the part before it on an empty
//! schema. Nothing here walks a disk: files are read through a function that the caller gives.

pub mod dialects;
pub mod dumps;
pub mod find;
pub mod formats;
pub mod place;
pub mod replay;
pub mod sections;
pub mod version;

#[cfg(test)]
mod find_tests;
mod naming;
mod pattern;
mod shape;

pub use dialects::dialect_by_syntax;
pub use find::{Configured, Found, Hints, histories, history_of_folder};
pub use formats::{Format, Formats};
pub use place::{Place, place, place_in};
pub use replay::{Replayed, Until, files_until, history_hash, read_migration, replay, replay_scripts};
pub use sections::{up_part, up_spans};

/// Reads a file by its path relative to the repository.
pub type Read<'a> = dyn Fn(&str) -> std::io::Result<Vec<u8>> + 'a;

/// Reads a file as text; bytes that are no UTF-8 are replaced.
fn read_text(read: &Read, path: &str) -> Option<String> {
    let bytes = read(path).ok()?;
    Some(String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes)).into_owned())
}

/// Joins a folder and a path below it, which may begin with `../`. `None`: it would leave the root.
fn join(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|p| !p.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// Folder of a path; empty for a file at the root.
fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The folder itself and those above it, nearest first, ending with the root (empty).
fn ancestors(folder: &str) -> impl Iterator<Item = &str> {
    let mut next = Some(folder);
    std::iter::from_fn(move || {
        let current = next?;
        next = if current.is_empty() { None } else { Some(parent(current)) };
        Some(current)
    })
}

/// `path` relative to `folder`, where it lies inside.
fn below<'p>(folder: &str, path: &'p str) -> Option<&'p str> {
    if folder.is_empty() {
        return Some(path);
    }
    path.strip_prefix(folder)?.strip_prefix('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        assert_eq!(join("a/b", "../c.toml").as_deref(), Some("a/c.toml"));
        assert_eq!(join("a", "../../c"), None);
        assert_eq!(join("", "meta/x").as_deref(), Some("meta/x"));
        assert_eq!(ancestors("a/b").collect::<Vec<_>>(), ["a/b", "a", ""]);
        assert_eq!(below("a/b", "a/b/c.sql"), Some("c.sql"));
        assert_eq!(below("a/b", "a/bc/c.sql"), None);
    }
}
