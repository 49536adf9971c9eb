//! Looking up dotted callees in rules that name their ends.

use rustc_hash::FxHashMap as HashMap;

/// Rules keyed by the end of a dotted path.
#[derive(Clone, Debug)]
pub struct Paths<T> {
    by_last: HashMap<String, Vec<Entry<T>>>,
}

#[derive(Clone, Debug)]
struct Entry<T> {
    /// Segments before the last one, as the rule gives them.
    before: Vec<String>,
    whole: bool,
    value: T,
}

impl<T> Default for Paths<T> {
    fn default() -> Self {
        Paths { by_last: HashMap::default() }
    }
}

impl<T> Paths<T> {
    /// Adds a rule. `a.b` matches every path that ends with these segments; `=a.b` that path alone.
    pub fn insert(&mut self, pattern: &str, value: T) {
        let (whole, path) = match pattern.strip_prefix('=') {
            Some(rest) => (true, rest),
            None => (false, pattern),
        };
        let mut before: Vec<String> = path.split('.').map(str::to_string).collect();
        let last = before.pop().unwrap_or_default();
        self.by_last.entry(last).or_default().push(Entry { before, whole, value });
    }

    /// All rules that match, in the order of insertion.
    pub fn matching<'s, 'p>(&'s self, path: &'p [String]) -> impl Iterator<Item = &'s T> + use<'s, 'p, T> {
        let (last, before) = path.split_last().map_or((None, path), |(l, b)| (Some(l), b));
        let entries = last.and_then(|l| self.by_last.get(l)).map_or(&[][..], Vec::as_slice);
        entries.iter().filter(move |e| if e.whole { before == e.before } else { before.ends_with(&e.before) }).map(|e| &e.value)
    }

    /// The first rule that matches.
    pub fn get(&self, path: &[String]) -> Option<&T> {
        self.matching(path).next()
    }

    /// The last segments of all rules.
    pub fn last_segments(&self) -> impl Iterator<Item = &str> {
        self.by_last.keys().map(String::as_str)
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.by_last.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_ends_and_whole_paths() {
        let mut paths = Paths::default();
        for (i, pattern) in ["execute", "sql.SQL", "=text", "$client.query"].iter().enumerate() {
            paths.insert(pattern, i);
        }
        for (path, expected) in [
            ("cur.execute", Some(0)),
            ("execute", Some(0)),
            ("psycopg.sql.SQL", Some(1)),
            ("SQL", None),
            ("text", Some(2)),
            ("self.text", None),
            ("db.$client.query", Some(3)),
            ("db.query", None),
            ("", None),
        ] {
            let path: Vec<String> = path.split('.').map(str::to_string).collect();
            assert_eq!(paths.get(&path).copied(), expected, "{path:?}");
        }
    }
}
