//! The lowered code of a service as one program: what a name means, across files.
//!
//! Nothing here runs code or knows a library: imports, definitions and inheritance only.

mod commonjs;
mod folders;
mod lookup;

pub(in crate::index) use commonjs::required;
pub use lookup::Definition;

use super::resolve::modules::ModuleMap;
use crate::model::code::{Class, ClassId, Code, Function, FunctionId};
use crate::model::facts::{Import, Language};
use crate::model::statement::Scope;
use rustc_hash::FxHashMap as HashMap;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Index into [`Program::files`].
pub type FileId = u32;

/// A class of the program.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassRef {
    /// File.
    pub file: FileId,
    /// Class in it.
    pub class: ClassId,
}

/// A function of the program.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionRef {
    /// File.
    pub file: FileId,
    /// Function in it.
    pub function: FunctionId,
}

/// A file with what it says.
#[derive(Clone, Debug)]
pub struct ProgramFile<'a> {
    /// Path relative to the repository.
    pub path: &'a str,
    /// Language.
    pub language: Language,
    /// Production or test.
    pub scope: Scope,
    /// It belongs to the service itself, not to a library that it reaches.
    pub own: bool,
    /// Name of its package (Go).
    pub package: &'a str,
    /// Its imports.
    pub imports: &'a [Import],
    /// Its code.
    pub code: &'a Code,
}

/// The program of a service.
pub struct Program<'a> {
    /// Files, in a fixed order.
    pub files: Vec<ProgramFile<'a>>,
    modules: &'a ModuleMap,
    by_path: HashMap<&'a str, FileId>,
    tables: Vec<lookup::FileTable<'a>>,
    /// Files of a Go package by folder.
    packages: HashMap<String, Vec<FileId>>,
    /// Files of a schema language, with their text.
    schemas: Vec<(FileId, &'a str)>,
    /// Files by importing file and module.
    located: RefCell<HashMap<FileId, HashMap<String, Vec<FileId>>>>,
    /// What names mean that were looked up, by file.
    known: RefCell<HashMap<FileId, HashMap<Box<str>, lookup::Known>>>,
    wanted: RefCell<BTreeSet<String>>,
}

/// A file that defines models and holds no code (`schema.prisma`).
#[derive(Copy, Clone, Debug)]
pub struct SchemaFile<'a> {
    /// Path relative to the repository.
    pub path: &'a str,
    /// Production or test.
    pub scope: Scope,
    /// It belongs to the service itself.
    pub own: bool,
    /// Its text.
    pub text: &'a str,
}

/// The code of files without code.
static NO_CODE: LazyLock<Code> = LazyLock::new(Code::default);

impl<'a> Program<'a> {
    /// Adds a file of a schema language.
    pub fn add_schema(&mut self, file: SchemaFile<'a>) {
        let id = self.files.len() as FileId;
        let (language, code) = (Language::TypeScript, &*NO_CODE);
        self.files.push(ProgramFile { path: file.path, language, scope: file.scope, own: file.own, package: "", imports: &[], code });
        self.tables.push(lookup::FileTable::default());
        self.schemas.push((id, file.text));
    }

    /// Files of schema languages: id, path, text.
    pub fn schemas(&self) -> impl Iterator<Item = (FileId, &'a str, &'a str)> + '_ {
        self.schemas.iter().filter_map(|(id, text)| Some((*id, self.files.get(*id as usize)?.path, *text)))
    }

    /// The class.
    pub fn class(&self, at: ClassRef) -> Option<&'a Class> {
        self.files.get(at.file as usize)?.code.classes.get(at.class as usize)
    }

    /// The function.
    pub fn function(&self, at: FunctionRef) -> Option<&'a Function> {
        self.files.get(at.file as usize)?.code.functions.get(at.function as usize)
    }

    /// The file.
    pub fn file(&self, id: FileId) -> Option<&ProgramFile<'a>> {
        self.files.get(id as usize)
    }

    /// Paths of files that imports asked for but that are not part of the program, sorted.
    pub fn wanted(&self) -> Vec<String> {
        self.wanted.borrow().iter().cloned().collect()
    }
}
