//! What the tests of the index share: the packs, the sources of a folder as a service, reviewed answers beside them.

use super::extract::extract_with;
use super::program::{Program, ProgramFile, SchemaFile};
use super::resolve::modules::ModuleMap;
use crate::grammar::PackSet;
use crate::grammar::mapper::SchemaLanguage;
use crate::model::code::Code;
use crate::model::facts::{FileFacts, Language};
use crate::model::statement::Scope;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The packs that ship.
pub fn packs() -> &'static PackSet {
    static PACKS: OnceLock<PackSet> = OnceLock::new();
    PACKS.get_or_init(|| PackSet::builtin().unwrap_or_else(|e| panic!("{}", e.iter().map(|e| format!("{e}\n")).collect::<String>())))
}

/// All files below a folder, in a fixed order.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    paths.sort();
    paths.into_iter().flat_map(|p| if p.is_dir() { files_below(&p) } else { vec![p] }).collect()
}

/// The sources of a service with what is read of each.
pub struct Sources {
    texts: Vec<(String, Vec<u8>)>,
    facts: Vec<(String, Language, FileFacts)>,
    modules: ModuleMap,
    nothing: Code,
}

impl Sources {
    /// The files of a folder.
    pub fn of_folder(folder: &Path) -> Sources {
        let name = |path: &Path| path.strip_prefix(folder).unwrap_or(path).to_string_lossy().into_owned();
        Sources::new(files_below(folder).iter().map(|p| (name(p), std::fs::read(p).unwrap_or_default())).collect(), packs())
    }

    /// Paths with their texts.
    pub fn of_texts(texts: &[(&str, &str)], packs: &PackSet) -> Sources {
        Sources::new(texts.iter().map(|(path, text)| (path.to_string(), text.as_bytes().to_vec())).collect(), packs)
    }

    fn new(texts: Vec<(String, Vec<u8>)>, packs: &PackSet) -> Sources {
        let read = |path: &str| texts.iter().find(|(p, _)| p == path).map(|(_, b)| b.clone());
        let modules = ModuleMap::read(texts.iter().map(|(p, _)| p.as_str()), &read);
        let facts = texts.iter().filter_map(|(path, bytes)| {
            let language = packs.language_of(path)?;
            Some((path.clone(), language, extract_with(bytes, language, path, packs, true)))
        });
        let facts = facts.collect();
        Sources { texts, facts, modules, nothing: Code::default() }
    }

    /// Its code as one program.
    pub fn program(&self) -> Program<'_> {
        let files = self.facts.iter().map(|(path, language, facts)| ProgramFile {
            path,
            language: *language,
            scope: Scope::Production,
            own: true,
            package: &facts.package,
            imports: facts.code.as_deref().map_or(&facts.imports, |c| &c.imports),
            code: facts.code.as_deref().unwrap_or(&self.nothing),
        });
        let mut program = Program::new(files.collect(), &self.modules);
        for (path, bytes) in self.texts.iter().filter(|(path, _)| SchemaLanguage::Prisma.is_of(path)) {
            program.add_schema(SchemaFile { path, scope: Scope::Production, own: true, text: str::from_utf8(bytes).unwrap_or_default() });
        }
        program
    }

    /// The text of a file, by its path.
    pub fn text(&self, path: &str) -> &[u8] {
        self.texts.iter().find(|(p, _)| p == path).map_or(&[][..], |(_, b)| b.as_slice())
    }
}

/// Compares answers with the reviewed ones beside them (`expected.snap` of each folder); `UPDATE_EXPECT=1` rewrites those.
pub fn expect(answers: impl IntoIterator<Item = (PathBuf, String)>) {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (folder, given) in answers {
        seen += 1;
        let snap = folder.join("expected.snap");
        let expected = std::fs::read_to_string(&snap).unwrap_or_default();
        if given != expected && update {
            std::fs::write(&snap, &given).unwrap_or_else(|e| panic!("{}: {e}", snap.display()));
        } else if given != expected {
            wrong.push(format!("{}\n--- expected\n{expected}--- given\n{given}", folder.display()));
        }
    }
    assert!(seen > 0, "no fixtures");
    assert!(wrong.is_empty(), "{}\n\nUPDATE_EXPECT=1 rewrites the snapshots", wrong.join("\n"));
}

/// The folders `<language>/<library>` of a folder of fixtures.
pub fn library_folders(name: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name);
    let below = |folder: &Path| -> Vec<PathBuf> { std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect() };
    let mut all: Vec<PathBuf> = below(&root).iter().flat_map(|language| below(language)).collect();
    all.sort();
    all
}

/// The source files of a folder of fixtures that hold one in each folder.
pub fn source_files(name: &str) -> Vec<PathBuf> {
    let all = files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name));
    let is_source =
        |p: &PathBuf| p.file_name().is_some_and(|n| n != "expected.snap") && packs().language_of(&p.to_string_lossy()).is_some();
    all.into_iter().filter(is_source).collect()
}
