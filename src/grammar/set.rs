//! Loading: all packs of all languages, checked and indexed by name.

use super::ddl::Ddl;
use super::error::GrammarError;
use super::language::{CallRules, Escapes, LanguageFile, TextRules};
use super::languages::{LANGUAGES, parsers};
use super::mapper::Mapper;
use super::pack::{Gives, Pack, ReaderRule, SinkRule};
use super::paths::Paths;
use super::table::{KindTable, KindWords};
use super::values::ValueTypes;
use crate::model::facts::Language;
use rustc_hash::FxHashSet as HashSet;
use std::collections::BTreeMap;
use std::path::Path;

/// All packs in force.
#[derive(Clone, Debug)]
pub struct PackSet {
    languages: Vec<LanguagePacks>,
    fingerprint: String,
}

/// The rules of one language.
#[derive(Clone, Debug)]
pub struct LanguagePacks {
    /// The language.
    pub language: Language,
    /// File name extensions, without dot.
    pub extensions: Vec<String>,
    /// How escapes are written.
    pub escapes: Escapes,
    /// Text functions.
    pub text: TextIndex,
    /// What the types of the language hold of a database value.
    pub values: ValueTypes,
    /// Packs, ordered by file name.
    pub packs: Vec<Pack>,
    /// Call rules: pack and rule of it. Names of methods match calls with a receiver only.
    pub sinks: Paths<SinkRef>,
    /// Template tags: pack and rule.
    pub tags: Paths<(usize, usize)>,
    /// Constants that stand for an empty piece: pack.
    pub empties: Paths<usize>,
    /// Wrappers: pack and rule.
    pub wrappers: Paths<(usize, usize)>,
    /// Joins: pack and rule.
    pub joins: Paths<(usize, usize)>,
    tables: Vec<(Option<&'static str>, KindTable)>,
}

/// Which call rule of which pack.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct SinkRef {
    /// Index into [`LanguagePacks::packs`].
    pub pack: usize,
    /// Index into [`Pack::sink`].
    pub rule: usize,
    /// It is a method: the callee needs a receiver.
    pub method: bool,
}

/// [`TextRules`] for looking up.
#[derive(Clone, Debug, Default)]
pub struct TextIndex {
    /// As written; operators, `here` and types are looked up in it.
    pub rules: TextRules,
    /// What the methods do.
    pub methods: rustc_hash::FxHashMap<String, TextMethod>,
    /// What the functions do.
    pub functions: Paths<TextFunction>,
    /// Calls that never matter.
    pub ignored: Paths<()>,
    /// First segments of calls that never matter.
    pub ignored_heads: HashSet<String>,
    /// Calls whose text is for people.
    pub muted: Paths<()>,
    /// First segments of calls whose text is for people.
    pub muted_heads: HashSet<String>,
    /// Names that never give text.
    pub never_text: HashSet<String>,
    /// Calls that read a file: position of the path.
    pub readers: Paths<u16>,
    /// Methods of a path that read the file.
    pub reader_methods: HashSet<String>,
}

/// What a method does with text.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum TextMethod {
    /// Gives the receiver's text again.
    Same,
    /// Formats the receiver.
    Format,
    /// The receiver separates the items given.
    SeparatorJoin,
    /// The receiver's items are joined.
    ItemsJoin,
    /// Adds the arguments.
    Concat,
    /// Replaces.
    Replace,
    /// Applies a function to each item.
    Map,
    /// Adds text to the receiver.
    Append,
    /// Adds items to the receiver.
    Push,
    /// Adds a list of items to the receiver.
    Extend,
}

/// What a function does with text.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum TextFunction {
    /// Gives its first argument again.
    Same,
    /// Formats the template at this position.
    Format(u16),
    /// Joins items with a separator.
    Join,
    /// Replaces: subject, old, new.
    Replace,
    /// Makes a replacer.
    Replacer,
    /// First argument with the others added.
    Push,
    /// Prints into its first argument, with a template or not.
    Print(bool),
    /// Joins parts of a path.
    Path,
    /// Walks with a position.
    Counting,
    /// Calls its first argument for each item of the second.
    Apply,
    /// Reads an attribute by its name.
    Attribute,
    /// Loads a module.
    Require,
    /// Lists the names in a folder.
    Listing,
    /// Loads all modules of a folder.
    Folder,
}

impl PackSet {
    /// The packs that the binary carries.
    ///
    /// # Errors
    /// Every defect of the grammar files. A test keeps the built-in ones free of them.
    pub fn builtin() -> Result<PackSet, Vec<GrammarError>> {
        PackSet::from_files(crate::embedded::GRAMMARS.iter().map(|&(n, t)| (n.to_string(), t.to_string())).collect())
    }

    /// The built-in packs and those of a folder with the same layout; a file of the same name replaces the
    /// built-in one.
    ///
    /// # Errors
    /// Every defect of the grammar files, and files that cannot be read.
    pub fn load(user: &Path) -> Result<PackSet, Vec<GrammarError>> {
        let mut files: BTreeMap<String, String> = crate::embedded::GRAMMARS.iter().map(|&(n, t)| (n.to_string(), t.to_string())).collect();
        let mut errors = Vec::new();
        for (_, folder) in LANGUAGES {
            let Ok(entries) = std::fs::read_dir(user.join(folder)) else { continue };
            let paths = entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "toml"));
            for path in paths {
                let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
                match std::fs::read_to_string(&path) {
                    Ok(text) => drop(files.insert(format!("{folder}/{name}"), text)),
                    Err(error) => errors.push(GrammarError {
                        file: path.display().to_string(),
                        line: 1,
                        message: format!("cannot be read: {error}"),
                        help: None,
                    }),
                }
            }
        }
        match PackSet::from_files(files) {
            Ok(set) if errors.is_empty() => Ok(set),
            Ok(_) => Err(errors),
            Err(more) => Err(errors.into_iter().chain(more).collect()),
        }
    }

    /// Packs from files: path below `grammars/` -> text. Other folders than those of languages are passed over.
    ///
    /// # Errors
    /// Every defect of the files.
    pub fn from_files(files: BTreeMap<String, String>) -> Result<PackSet, Vec<GrammarError>> {
        let mut errors = Vec::new();
        let mut hash = blake3::Hasher::new();
        let mut read = Vec::new();
        let mut mappers = Vec::new();
        let mut migrations: Vec<(&String, &String, String, Ddl)> = Vec::new();
        for (language, folder) in LANGUAGES {
            let mut file = (format!("{folder}/language.toml"), String::new(), LanguageFile::default());
            let mut packs = Vec::new();
            for (name, text) in files.iter().filter(|(n, _)| n.strip_prefix(folder).is_some_and(|r| r.starts_with('/'))) {
                hash.update(name.as_bytes()).update(&[0]).update(text.as_bytes()).update(&[0]);
                if !name.ends_with(".toml") {
                    continue;
                }
                if *name == file.0 {
                    match toml::from_str(text) {
                        Ok(parsed) => file = (name.clone(), text.clone(), parsed),
                        Err(error) => errors.push(GrammarError::from_toml(name, text, &error)),
                    }
                } else {
                    match toml::from_str::<Pack>(text) {
                        Ok(pack) => {
                            mappers.extend(pack.mapper.clone().map(|m| (name, text, pack.id.clone(), m)));
                            migrations.extend(pack.ddl.clone().map(|d| (name, text, pack.id.clone(), d)));
                            packs.push(pack);
                        }
                        Err(error) => errors.push(GrammarError::from_toml(name, text, &error)),
                    }
                }
            }
            read.push((language, folder, file, packs));
        }
        let known: Vec<(&str, &Mapper)> = mappers.iter().map(|(_, _, id, m)| (id.as_str(), m)).collect();
        for (name, text, _, mapper) in &mappers {
            super::check::check(name, text, mapper, &known, &mut errors);
        }
        let ddl: Vec<(String, Ddl)> = migrations.iter().map(|m| (m.2.clone(), m.3.clone())).collect();
        for (name, text, _, rules) in &migrations {
            rules.check(name, text, &ddl, &mut errors);
        }
        for pack in read.iter_mut().flat_map(|r| &mut r.3) {
            let extended = |d: &Ddl| ddl.iter().filter(|o| d.extends.contains(&o.0)).map(|o| o.1.clone()).collect::<Vec<_>>();
            if let Some(own) = &mut pack.ddl {
                extended(own).iter().for_each(|other| own.extend(other));
            }
        }
        let mut languages = Vec::new();
        for (language, _, (name, text, file), packs) in &read {
            let base = file.inherits.as_ref().and_then(|i| read.iter().find(|r| r.1 == i));
            if let (Some(wanted), None) = (&file.inherits, base) {
                let error = GrammarError::at_word(name, text, wanted, format!("unknown language `{wanted}`"));
                errors.push(error.nearest_of(wanted, LANGUAGES.iter().map(|l| l.1)));
            }
            let inherited = base.map(|b| KindWords { nodes: &b.2.2.nodes, lower: &b.2.2.lower });
            let own = KindWords { nodes: &file.nodes, lower: &file.lower };
            let tables: Vec<_> = parsers(*language)
                .into_iter()
                .map(|(extension, p)| (extension, KindTable::compile(p, extension.is_some(), name, text, own, inherited, &mut errors)))
                .collect();
            let base_packs = base.map_or(&[][..], |b| b.3.as_slice());
            let own = |p: &&Pack| !packs.iter().any(|q| q.id == p.id);
            let all: Vec<Pack> = base_packs.iter().filter(own).chain(packs).cloned().collect();
            let rules = file.text.clone().or_else(|| base.and_then(|b| b.2.2.text.clone())).unwrap_or_default();
            let calls = file.calls.clone().or_else(|| base.and_then(|b| b.2.2.calls.clone())).unwrap_or_default();
            let readers: Vec<ReaderRule> = base.map_or(&[][..], |b| &b.2.2.reader).iter().chain(&file.reader).cloned().collect();
            languages.push(LanguagePacks::new(*language, file, tables, all, rules, calls, &readers));
        }
        if errors.is_empty() { Ok(PackSet { languages, fingerprint: hash.finalize().to_hex().to_string() }) } else { Err(errors) }
    }

    /// The rules of a language.
    pub fn language(&self, language: Language) -> Option<&LanguagePacks> {
        self.languages.iter().find(|l| l.language == language)
    }

    /// All languages.
    pub fn languages(&self) -> &[LanguagePacks] {
        &self.languages
    }

    /// The language of a file name, by extension.
    pub fn language_of(&self, path: &str) -> Option<Language> {
        let extension = path.rsplit_once('.')?.1;
        self.languages.iter().find(|l| l.extensions.iter().any(|e| e == extension)).map(|l| l.language)
    }

    /// A hash of every grammar file in force, for cache keys.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

impl LanguagePacks {
    fn new(
        language: Language,
        file: &LanguageFile,
        tables: Vec<(Option<&'static str>, KindTable)>,
        packs: Vec<Pack>,
        rules: TextRules,
        calls: CallRules,
        readers: &[ReaderRule],
    ) -> Self {
        let mut all = LanguagePacks {
            language,
            extensions: file.extensions.clone(),
            escapes: file.escapes,
            text: TextIndex::new(rules, calls, readers),
            values: file.values.clone(),
            packs: Vec::new(),
            sinks: Paths::default(),
            tags: Paths::default(),
            empties: Paths::default(),
            wrappers: Paths::default(),
            joins: Paths::default(),
            tables,
        };
        for (p, pack) in packs.iter().enumerate() {
            for (rule, sink) in pack.sink.iter().enumerate() {
                sink.methods.iter().for_each(|m| all.sinks.insert(m, SinkRef { pack: p, rule, method: true }));
                sink.functions.iter().for_each(|m| all.sinks.insert(m, SinkRef { pack: p, rule, method: false }));
            }
            for (i, rule) in pack.tag.iter().enumerate() {
                rule.names.iter().for_each(|n| all.tags.insert(n, (p, i)));
                rule.empty.iter().for_each(|n| all.empties.insert(n, p));
            }
            for (i, rule) in pack.wrapper.iter().enumerate() {
                rule.functions.iter().for_each(|n| all.wrappers.insert(n, (p, i)));
            }
            for (i, rule) in pack.join.iter().enumerate() {
                rule.functions.iter().for_each(|n| all.joins.insert(n, (p, i)));
            }
            for rule in &pack.reader {
                all.text.add_reader(rule);
            }
        }
        all.packs = packs;
        all
    }

    /// The kind table for a file name.
    pub fn table(&self, path: &str) -> Option<&KindTable> {
        let extension = path.rsplit_once('.').map(|p| p.1);
        let own = self.tables.iter().find(|(e, _)| e.is_some() && *e == extension);
        own.or_else(|| self.tables.iter().find(|(e, _)| e.is_none())).map(|(_, t)| t)
    }

    /// The packs whose imports cover `module`, by index.
    pub fn detected_by<'s>(&'s self, module: &'s str) -> impl Iterator<Item = usize> + 's {
        let covers = move |i: &String| module.strip_prefix(i.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '/']));
        self.packs.iter().enumerate().filter(move |(_, p)| p.detect.imports.iter().any(covers)).map(|(i, _)| i)
    }

    /// A pack by its id.
    pub fn pack(&self, id: &str) -> Option<&Pack> {
        self.packs.iter().find(|p| p.id == id)
    }

    /// A call rule.
    pub fn sink(&self, at: SinkRef) -> Option<(&Pack, &SinkRule)> {
        let pack = self.packs.get(at.pack)?;
        Some((pack, pack.sink.get(at.rule)?))
    }

    /// What a wrapper gives, with its pack and the position of its text.
    pub fn wrapper(&self, (pack, rule): (usize, usize)) -> Option<(&Pack, Gives, u16, bool)> {
        let pack = self.packs.get(pack)?;
        pack.wrapper.get(rule).map(|r| (pack, r.gives, r.sql, r.certain))
    }
}

impl TextIndex {
    fn new(rules: TextRules, calls: CallRules, readers: &[ReaderRule]) -> Self {
        let mut index = TextIndex::default();
        let methods: [(&[String], TextMethod); 10] = [
            (&rules.same_methods, TextMethod::Same),
            (&rules.format_methods, TextMethod::Format),
            (&rules.separator_join_methods, TextMethod::SeparatorJoin),
            (&rules.items_join_methods, TextMethod::ItemsJoin),
            (&rules.concat_methods, TextMethod::Concat),
            (&rules.replace_methods, TextMethod::Replace),
            (&rules.map_methods, TextMethod::Map),
            (&rules.append_methods, TextMethod::Append),
            (&rules.push_methods, TextMethod::Push),
            (&rules.extend_methods, TextMethod::Extend),
        ];
        for (names, method) in methods {
            index.methods.extend(names.iter().map(|n| (n.clone(), method)));
        }
        let functions: [(&[String], TextFunction); 12] = [
            (&rules.same_functions, TextFunction::Same),
            (&rules.join_functions, TextFunction::Join),
            (&rules.replace_functions, TextFunction::Replace),
            (&rules.replacer_functions, TextFunction::Replacer),
            (&rules.push_functions, TextFunction::Push),
            (&rules.path_functions, TextFunction::Path),
            (&rules.counting_functions, TextFunction::Counting),
            (&rules.apply_functions, TextFunction::Apply),
            (&rules.attribute_functions, TextFunction::Attribute),
            (&rules.require_functions, TextFunction::Require),
            (&rules.listing_functions, TextFunction::Listing),
            (&rules.folder_functions, TextFunction::Folder),
        ];
        for (names, function) in functions {
            names.iter().for_each(|n| index.functions.insert(n, function));
        }
        rules.format_functions.iter().for_each(|(n, at)| index.functions.insert(n, TextFunction::Format(*at)));
        rules.print_functions.iter().for_each(|(n, template)| index.functions.insert(n, TextFunction::Print(*template)));
        for name in &calls.ignore {
            match name.strip_suffix('.') {
                Some(head) => index.ignored_heads.extend([head.to_string()]),
                None => index.ignored.insert(name, ()),
            }
        }
        for name in &calls.mute {
            match name.strip_suffix('.') {
                Some(head) => index.muted_heads.extend([head.to_string()]),
                None => index.muted.insert(name, ()),
            }
        }
        index.never_text = calls.never_text.into_iter().collect();
        readers.iter().for_each(|r| index.add_reader(r));
        index.rules = rules;
        index
    }

    fn add_reader(&mut self, rule: &ReaderRule) {
        rule.functions.iter().for_each(|f| self.readers.insert(f, rule.path));
        self.reader_methods.extend(rule.methods.iter().cloned());
    }

    /// Whether a callee never matters.
    pub fn is_ignored(&self, callee: &[String]) -> bool {
        self.ignored.get(callee).is_some() || callee.first().is_some_and(|h| callee.len() > 1 && self.ignored_heads.contains(h))
    }

    /// Whether the text of a call is for people.
    pub fn is_muted(&self, callee: &[String]) -> bool {
        self.muted.get(callee).is_some() || callee.first().is_some_and(|h| callee.len() > 1 && self.muted_heads.contains(h))
    }

    /// Whether a value of this type annotation can hold text.
    pub fn type_holds_text(&self, ty: &str) -> bool {
        if ty.is_empty() || self.rules.text_types.is_empty() {
            return true;
        }
        ty.split(|c: char| !c.is_alphanumeric() && c != '_').any(|w| self.rules.text_types.iter().any(|t| t == w))
    }
}
