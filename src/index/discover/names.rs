//! Sets of file and folder names with `*`, fast enough to ask for every file of a large tree.

use aho_corasick::AhoCorasick;
use std::collections::HashSet;

/// A compiled list of names and patterns. `*` stands for any run of characters, also none.
#[derive(Debug, Default)]
pub(super) struct NameSet {
    exact: HashSet<String>,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
    infixes: Option<AhoCorasick>,
    both: Vec<(String, String)>,
}

impl NameSet {
    /// Compiles a list. A pattern with more than two stars, or two that are not at both ends, keeps only
    /// its first and last part; the embedded rules hold none.
    pub(super) fn new(names: &[String]) -> Self {
        let mut set = NameSet::default();
        let mut infixes = Vec::new();
        for name in names {
            let parts: Vec<&str> = name.split('*').collect();
            match parts.as_slice() {
                [exact] => {
                    set.exact.insert((*exact).to_string());
                }
                ["", suffix] => set.suffixes.push((*suffix).to_string()),
                [prefix, ""] => set.prefixes.push((*prefix).to_string()),
                ["", infix, ""] => infixes.push((*infix).to_string()),
                [first, .., last] => set.both.push(((*first).to_string(), (*last).to_string())),
                [] => {}
            }
        }
        if !infixes.is_empty() {
            set.infixes = AhoCorasick::new(&infixes).ok();
        }
        set
    }

    /// Whether a name is in the set.
    pub(super) fn contains(&self, name: &str) -> bool {
        self.exact.contains(name)
            || self.suffixes.iter().any(|s| name.ends_with(s.as_str()))
            || self.prefixes.iter().any(|p| name.starts_with(p.as_str()))
            || self.both.iter().any(|(p, s)| name.len() >= p.len() + s.len() && name.starts_with(p.as_str()) && name.ends_with(s.as_str()))
            || self.infixes.as_ref().is_some_and(|i| i.is_match(name))
    }
}

/// Whether a name fits a pattern in which `#` is a digit, `?` any character and a final `*` the rest.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    let (body, open) = match pattern.strip_suffix('*') {
        Some(body) => (body, true),
        None => (pattern, false),
    };
    let mut rest = name.chars();
    for wanted in body.chars() {
        let Some(found) = rest.next() else { return false };
        let same = match wanted {
            '#' => found.is_ascii_digit(),
            '?' => true,
            exact => exact == found,
        };
        if !same {
            return false;
        }
    }
    open || rest.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_patterns() {
        let names: Vec<String> =
            ["tests", "*_test.go", "test_*.py", "*.spec.*", "conftest.py", "jest.*", "V*__*.sql"].iter().map(|s| s.to_string()).collect();
        let set = NameSet::new(&names);
        for (name, expected) in [
            ("tests", true),
            ("Tests", false),
            ("latests", false),
            ("store_test.go", true),
            ("test.go", false),
            ("test_store.py", true),
            ("contest_store.py", false),
            ("a.spec.ts", true),
            ("aspec.ts", false),
            ("jest.config.js", true),
            ("V1__a.sql", true),
            ("V1__a.txt", false),
            ("", false),
        ] {
            assert_eq!(set.contains(name), expected, "{name}");
        }
    }

    #[test]
    fn digits() {
        for (pattern, name, expected) in [
            ("###*", "0001_initial.py", true),
            ("###*", "001", true),
            ("###*", "00_x.py", false),
            ("V#*", "V1.go", true),
            ("V#*", "Vendor.go", false),
            ("a?c", "abc", true),
            ("a?c", "abcd", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }
}
