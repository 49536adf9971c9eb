//! Versions of migrations and their order.

/// A version: its parts compare one by one, numbers before words, missing parts as zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// Count of digits without leading zeros, then the digits: compares as the number of any size does.
    Number(usize, String),
    /// In lower case.
    Word(String),
}

impl Version {
    /// Reads numbers and words: `000012`, `1_2`, `1.10`, `20240131120000`, `v2`. A lone leading `v` is no part.
    pub fn numbers(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut rest = text.strip_prefix(['v', 'V']).filter(|r| r.starts_with(|c: char| c.is_ascii_digit())).unwrap_or(text);
        while let Some(first) = rest.chars().next() {
            let kind = |c: char| if c.is_ascii_digit() { 0 } else { u8::from(c.is_alphanumeric()) + 1 };
            let end = rest.find(|c| kind(c) != kind(first)).unwrap_or(rest.len());
            let (run, after) = rest.split_at(end);
            match kind(first) {
                0 => {
                    let digits = run.trim_start_matches('0');
                    parts.push(Part::Number(digits.len(), digits.to_string()));
                }
                2 => parts.push(Part::Word(run.to_lowercase())),
                _ => {}
            }
            rest = after;
        }
        // 1.0 is the version 1.
        while parts.len() > 1 && parts.last() == Some(&Part::Number(0, String::new())) {
            parts.pop();
        }
        Version(parts)
    }

    /// This version with a word below it; an empty word adds nothing.
    pub fn then(mut self, word: &str) -> Self {
        if !word.is_empty() {
            self.0.push(Part::Word(word.to_lowercase()));
        }
        self
    }

    /// The text as it is; compares by its characters.
    pub fn text(text: &str) -> Self {
        Version(vec![Part::Word(text.to_string())])
    }

    /// Nothing was read.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn order() {
        let ascending = ["1", "002", "2.1", "2_2", "10", "10.1", "20240101", "20240101T1200", "20240102"];
        for pair in ascending.windows(2) {
            assert!(Version::numbers(pair[0]) < Version::numbers(pair[1]), "{pair:?}");
        }
        assert_eq!(Version::numbers("1.0"), Version::numbers("v01"));
        assert!(Version::numbers("2.0/01") < Version::numbers("2.1/00"));
        assert!(Version::text("10") < Version::text("9"));
        assert!(Version::numbers("__").is_empty());
    }
}
