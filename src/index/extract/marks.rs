//! What the bytes of a file say of mappers: which ones it imports, and which ones' words it uses.
//!
//! A scan of the bytes that depends on the file and the packs alone, so that what it finds is kept with the file
//! and decides later, when it is known which mappers a service uses.

use super::prefilter::{is_import, is_part};
use crate::grammar::{LanguagePacks, PackSet};
use crate::model::facts::Language;
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

/// Mappers of one language that have a bit each; those beyond share the last one.
const BITS: usize = 32;

/// A set of the mappers of one language: a bit each, in the order of their packs.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct MapperBits(u32);

impl MapperBits {
    fn one(index: usize) -> Self {
        MapperBits(1 << index.min(BITS - 1))
    }

    /// No mapper.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Adds those of another set.
    pub fn add(&mut self, other: MapperBits) {
        self.0 |= other.0;
    }

    /// Those that another set lacks.
    pub fn without(self, other: MapperBits) -> MapperBits {
        MapperBits(self.0 & !other.0)
    }

    /// Whether the sets have one in common.
    pub fn meets(self, other: MapperBits) -> bool {
        self.0 & other.0 != 0
    }
}

/// What the bytes of one file say.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct FileMarks {
    /// Mappers that it imports.
    pub imports: MapperBits,
    /// Mappers of which it uses a word.
    pub words: MapperBits,
}

impl FileMarks {
    /// As one number, for the store.
    pub fn to_number(self) -> i64 {
        i64::from_ne_bytes((u64::from(self.imports.0) | u64::from(self.words.0) << BITS).to_ne_bytes())
    }

    /// From the store.
    pub fn from_number(number: i64) -> Self {
        let bits = u64::from_ne_bytes(number.to_ne_bytes());
        FileMarks { imports: MapperBits(bits as u32), words: MapperBits((bits >> BITS) as u32) }
    }
}

/// The scans of all languages.
#[derive(Clone, Debug)]
pub struct MapperScan {
    languages: Vec<LanguageScan>,
}

#[derive(Clone, Debug)]
struct LanguageScan {
    language: Language,
    /// Ids of the mappers, in the order of their bits.
    mappers: Vec<String>,
    /// Those whose models stand in files of a schema language.
    by_schema: MapperBits,
    /// `None`: too large to build.
    automaton: Option<AhoCorasick>,
    /// What each pattern of the automaton marks, and of which mapper.
    patterns: Vec<(Mark, MapperBits)>,
}

/// What a pattern stands for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Mark {
    /// A module of a mapper.
    Module,
    /// A word of its calls.
    Word,
    /// The object of all globals: what code hangs on it, files of any mapper may use.
    Globals,
}

impl MapperScan {
    /// Compiles the scans for a set of packs.
    pub fn new(packs: &PackSet) -> Self {
        MapperScan { languages: packs.languages().iter().filter_map(LanguageScan::new).collect() }
    }

    fn language(&self, language: Language) -> Option<&LanguageScan> {
        self.languages.iter().find(|l| l.language == language)
    }

    /// What the bytes of a file say.
    pub fn marks(&self, language: Language, bytes: &[u8]) -> FileMarks {
        self.language(language).map_or(FileMarks::default(), |scan| scan.marks(bytes))
    }

    /// The mappers of a language whose models stand in files of a schema language.
    pub fn by_schema(&self, language: Language) -> MapperBits {
        self.language(language).map_or(MapperBits::default(), |l| l.by_schema)
    }

    /// The mappers of a language among packs named by id.
    pub fn named(&self, language: Language, ids: &[String]) -> MapperBits {
        let mut bits = MapperBits::default();
        let mappers = self.language(language).map_or(&[][..], |l| l.mappers.as_slice());
        mappers.iter().enumerate().filter(|(_, m)| ids.contains(m)).for_each(|(i, _)| bits.add(MapperBits::one(i)));
        bits
    }
}

impl LanguageScan {
    fn new(packs: &LanguagePacks) -> Option<LanguageScan> {
        let mappers: Vec<_> = packs.packs.iter().filter(|p| p.lowers()).collect();
        let mut words: Vec<(&str, Mark, MapperBits)> = Vec::new();
        for (i, pack) in mappers.iter().enumerate() {
            let globals = &packs.text.rules.globals;
            let listed = [(Mark::Module, &pack.detect.imports), (Mark::Word, &pack.detect.words), (Mark::Globals, globals)];
            for (mark, word) in listed.into_iter().flat_map(|(is, all)| all.iter().map(move |w| (is, w))).filter(|w| !w.1.is_empty()) {
                match words.iter_mut().find(|w| w.0 == word && w.1 == mark) {
                    Some(found) => found.2.add(MapperBits::one(i)),
                    None => words.push((word, mark, MapperBits::one(i))),
                }
            }
        }
        let automaton =
            AhoCorasick::builder().match_kind(MatchKind::Standard).kind(Some(AhoCorasickKind::DFA)).build(words.iter().map(|w| w.0)).ok();
        let patterns = words.iter().map(|w| (w.1, w.2)).collect();
        let ids = mappers.iter().map(|p| p.id.clone()).collect();
        let mut by_schema = MapperBits::default();
        let has_schema = |p: &&crate::grammar::pack::Pack| p.mapper.as_ref().is_some_and(|m| m.schema_language.is_some());
        mappers.iter().enumerate().filter(|(_, p)| has_schema(p)).for_each(|(i, _)| by_schema.add(MapperBits::one(i)));
        (!mappers.is_empty()).then_some(LanguageScan { language: packs.language, mappers: ids, by_schema, automaton, patterns })
    }

    fn marks(&self, bytes: &[u8]) -> FileMarks {
        let mut marks = FileMarks::default();
        let Some(automaton) = &self.automaton else {
            // Nothing may be dropped.
            (0..self.mappers.len()).for_each(|i| marks.words.add(MapperBits::one(i)));
            return marks;
        };
        for found in automaton.find_overlapping_iter(bytes) {
            let Some(&(mark, bits)) = self.patterns.get(found.pattern().as_usize()) else { continue };
            let place = if mark == Mark::Module { &mut marks.imports } else { &mut marks.words };
            if place.0 & bits.0 == bits.0 {
                continue;
            }
            let (start, end) = (found.start(), found.end());
            let meant = match mark {
                Mark::Module => is_import(self.language, bytes, start, end),
                Mark::Word => is_used(bytes, start, end),
                Mark::Globals => makes_global(bytes, start, end),
            };
            if meant {
                place.add(bits);
            }
        }
        marks
    }
}

/// A whole word that is a member or is called.
fn is_used(bytes: &[u8], start: usize, end: usize) -> bool {
    let before = start.checked_sub(1).and_then(|i| bytes.get(i)).copied();
    let after = bytes.get(end).copied();
    !is_part(before) && !is_part(after) && (before == Some(b'.') || matches!(after, Some(b'(' | b'<' | b'`')))
}

/// The object of all globals, to a member of which something is assigned: `global.app = ...`.
fn makes_global(bytes: &[u8], start: usize, end: usize) -> bool {
    let before = start.checked_sub(1).and_then(|i| bytes.get(i)).copied();
    let Some(member) = bytes.get(end..).and_then(|rest| rest.strip_prefix(b".")) else { return false };
    let name = member.iter().take_while(|b| is_part(Some(**b))).count();
    let after = member.get(name..).map_or(&b""[..], |rest| rest.trim_ascii_start());
    !is_part(before) && before != Some(b'.') && name > 0 && after.first() == Some(&b'=') && after.get(1) != Some(&b'=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_makes_a_global() {
        for (source, makes) in [
            ("global.app = x", true),
            ("  globalThis.app=x", false),
            ("global.app == x", false),
            ("a.global.app = x", false),
            ("global.app.x = y", false),
            ("myglobal.app = x", false),
        ] {
            let at = source.find("global").unwrap_or_default();
            assert_eq!(makes_global(source.as_bytes(), at, at + "global".len()), makes, "{source}");
        }
    }

    const PACK: &str = "id = \"mapper\"\n[detect]\nimports = [\"acme.orm\"]\nwords = [\"filter\"]\n[mapper]\n";

    #[test]
    fn finds_imports_and_words_of_mappers() {
        let own = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
        std::fs::create_dir(own.path().join("python")).unwrap_or_else(|e| panic!("{e}"));
        std::fs::write(own.path().join("python/mapper.toml"), PACK).unwrap_or_else(|e| panic!("{e}"));
        let packs = PackSet::load(own.path()).unwrap_or_else(|e| panic!("{e:?}"));
        let scan = MapperScan::new(&packs);
        let mapper = scan.named(Language::Python, &["mapper".to_string()]);
        assert!(!mapper.is_empty() && scan.named(Language::Go, &["mapper".to_string()]).is_empty());
        for (source, imports, words) in [
            ("from acme.orm import X", true, false),
            ("import a, acme.orm.fields", true, false),
            ("import acme.orm2", false, false),
            ("# acme.orm", false, false),
            ("a.filter(b)", false, true),
            ("a.\\\n  filter(b)", false, true),
            ("x = a.filter", false, true),
            ("filter = prefilter + a.filtered", false, false),
        ] {
            let marks = scan.marks(Language::Python, source.as_bytes());
            assert_eq!((marks.imports.meets(mapper), marks.words.meets(mapper)), (imports, words), "{source}");
            assert_eq!(FileMarks::from_number(marks.to_number()), marks);
        }
        let last = FileMarks { imports: MapperBits::one(99), words: MapperBits::one(31) };
        assert_eq!(FileMarks::from_number(last.to_number()), last);
    }
}
