//! The lowered code of a service as one program: what a name means, across files.
//!
//! Nothing here runs code or knows a library: imports, definitions and inheritance only.

mod lookup;

pub use lookup::Definition;

use super::resolve::modules::ModuleMap;
use crate::model::code::{Class, ClassId, Code, Function, FunctionId};
use crate::model::facts::{Import, Language};
use crate::model::statement::Scope;
use rustc_hash::FxHashMap as HashMap;
use std::cell::RefCell;
use std::collections::BTreeSet;

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
    located: RefCell<HashMap<(FileId, String), Vec<FileId>>>,
    wanted: RefCell<BTreeSet<String>>,
}

impl<'a> Program<'a> {
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
