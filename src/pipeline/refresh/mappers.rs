//! Which files of a repository are lowered to code: those in the languages of the mappers that its services use.

use crate::grammar::{LanguagePacks, PackSet};
use crate::model::facts::Language;
use crate::model::project::Service;
use aho_corasick::AhoCorasick;
use std::collections::BTreeSet;

/// The mappers that a repository's services use, by what their manifests list.
#[derive(Clone, Debug, Default)]
pub(super) struct Mappers {
    languages: Vec<Marks>,
}

/// What tells the files of one language that may use its mappers.
#[derive(Clone, Debug)]
struct Marks {
    language: Language,
    words: BTreeSet<String>,
    automaton: Option<AhoCorasick>,
}

impl Mappers {
    /// The mappers of some services.
    pub(super) fn of(services: &[Service], packs: &PackSet) -> Self {
        let named: BTreeSet<&str> = services.iter().flat_map(|s| &s.packs).map(String::as_str).collect();
        Mappers { languages: packs.languages().iter().filter_map(|language| Marks::of(language, &named)).collect() }
    }

    /// Whether the same files are read and lowered.
    pub(super) fn reads_as(&self, other: &Mappers) -> bool {
        let all = |m: &Mappers| m.languages.iter().map(|l| (l.language, l.words.clone())).collect::<Vec<_>>();
        all(self) == all(other)
    }

    /// Whether parsed files of a language are lowered.
    pub(super) fn lower(&self, language: Language) -> bool {
        self.languages.iter().any(|m| m.language == language)
    }

    /// Whether a file must be parsed because it may use a mapper: it names its module, or one of its words.
    pub(super) fn keep(&self, language: Language, bytes: &[u8]) -> bool {
        let found = self.languages.iter().find(|m| m.language == language);
        // Without an automaton (it was too large to build) nothing may be dropped.
        found.is_some_and(|m| m.automaton.as_ref().is_none_or(|a| has_word(a, bytes)))
    }
}

impl Marks {
    /// Modules and words of the mappers among `named`; `None` where no mapper is.
    fn of(language: &LanguagePacks, named: &BTreeSet<&str>) -> Option<Marks> {
        let mappers: Vec<_> = language.packs.iter().filter(|p| p.lowers() && named.contains(p.id.as_str())).collect();
        if mappers.is_empty() {
            return None;
        }
        let words = mappers.iter().flat_map(|p| p.detect.imports.iter().chain(&p.detect.words)).filter(|w| !w.is_empty());
        let words: BTreeSet<String> = words.cloned().collect();
        let automaton = AhoCorasick::new(&words).ok();
        Some(Marks { language: language.language, words, automaton })
    }
}

/// Whether one of the marks stands alone between other characters.
fn has_word(marks: &AhoCorasick, bytes: &[u8]) -> bool {
    let is_part = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    marks.find_overlapping_iter(bytes).any(|found| {
        let (start, end) = (found.start(), found.end());
        let before = start.checked_sub(1).and_then(|i| bytes.get(i));
        !is_part(before) && !is_part(bytes.get(end))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACK: &str = "id = \"mapper\"\n[detect]\nimports = [\"acme.orm\"]\nwords = [\"filter\"]\n[mapper]\n";

    #[test]
    fn only_mappers_that_a_service_uses_count() {
        let mut files: std::collections::BTreeMap<String, String> =
            crate::embedded::GRAMMARS.iter().map(|&(n, t)| (n.to_string(), t.to_string())).collect();
        files.insert("python/mapper.toml".into(), PACK.into());
        let packs = PackSet::from_files(files).unwrap_or_else(|e| panic!("{e:?}"));
        assert!(!Mappers::of(&[], &packs).lower(Language::Python));
        let service = Service { packs: vec!["mapper".into()], ..Service::default() };
        let mappers = Mappers::of(&[service], &packs);
        assert!(!mappers.reads_as(&Mappers::default()));
        assert!(mappers.lower(Language::Python) && !mappers.lower(Language::Go));
        for (source, expected) in
            [("from acme.orm import X", true), ("import acme.orm2", false), ("a.filter(b)", true), ("filtered = prefilter", false)]
        {
            assert_eq!(mappers.keep(Language::Python, source.as_bytes()), expected, "{source}");
        }
        assert!(!mappers.keep(Language::Go, b"filter"));
    }
}
