//! Lines of a data file by the name that they begin with, read name by name.

use std::ops::Range;
use std::sync::OnceLock;

/// What lines give, by name.
pub struct Entries<T> {
    /// What follows the name, and the extension that brings it; those of one name stand together.
    lines: Vec<(&'static str, &'static str)>,
    /// Sorted by name.
    names: Vec<Name<T>>,
}

/// The lines of one name, and what they give once it was asked for.
struct Name<T> {
    name: &'static str,
    lines: Range<usize>,
    read: OnceLock<Vec<T>>,
}

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Entries { lines: Vec::new(), names: Vec::new() }
    }
}

impl<T> Entries<T> {
    /// Files lines (`name<TAB>rest`, with an extension) by their names; those of one name keep their order.
    pub fn new(lines: impl IntoIterator<Item = (&'static str, &'static str)>) -> Self {
        let parted = lines.into_iter().filter_map(|(line, extension)| line.split_once('\t').map(|(name, rest)| (name, rest, extension)));
        let mut sorted: Vec<_> = parted.collect();
        sorted.sort_by_key(|line| line.0);
        let mut entries = Entries { lines: Vec::with_capacity(sorted.len()), names: Vec::new() };
        for of_name in sorted.chunk_by(|a, b| a.0 == b.0) {
            let start = entries.lines.len();
            entries.lines.extend(of_name.iter().map(|(_, rest, extension)| (*rest, *extension)));
            let name = of_name.first().map_or("", |line| line.0);
            entries.names.push(Name { name, lines: start..entries.lines.len(), read: OnceLock::new() });
        }
        entries
    }

    /// What the lines of a name give; lines that `read` can't use are left out.
    pub fn get(&self, name: &str, read: impl Fn(&'static str, &'static str) -> Option<T>) -> &[T] {
        let Some(found) = self.names.binary_search_by(|n| n.name.cmp(name)).ok().and_then(|i| self.names.get(i)) else { return &[] };
        found.read.get_or_init(|| {
            let lines = self.lines.get(found.lines.clone()).unwrap_or_default();
            lines.iter().filter_map(|(rest, extension)| read(rest, extension)).collect()
        })
    }
}
