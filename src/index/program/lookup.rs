//! Names: of a module, through imports and re-exports, to definitions of the program or of libraries.

use super::commonjs::{Given, is_import};
use super::{ClassRef, FileId, FunctionRef, Program, ProgramFile};
use crate::index::resolve::modules::ModuleMap;
use crate::model::code::{AssignOp, ClassKind, Expr, ExprKind, Outer, Stmt, Type};
use crate::model::facts::{Import, Language};
use rustc_hash::FxHashMap as HashMap;
use std::cell::RefCell;
use std::collections::BTreeSet;

/// Imports that are followed one after the other.
pub(super) const MAX_HOPS: usize = 24;

/// What a name means.
#[derive(Clone, Debug)]
pub enum Definition<'a> {
    /// A class of the program.
    Class(ClassRef),
    /// A function of the program.
    Function(FunctionRef),
    /// A variable of a module: the file, its values in order (an assignment each), its type.
    Variable { file: FileId, values: Vec<&'a Expr>, ty: Option<&'a Type> },
    /// An entry of what a module of ECMAScript exports as a whole, where only running it tells: the file, the value
    /// of `module.exports`, the name.
    Entry { file: FileId, of: &'a Expr, name: String },
    /// A module or package of the program.
    Module(Vec<FileId>),
    /// Something of a library, by its qualified name with dots: `sqlalchemy.orm.Session`,
    /// `gorm.io/gorm.DB`, `@prisma/client.PrismaClient`. The module's path keeps its slashes.
    External(String),
}

/// What a name was found to mean; variables are looked up each time.
#[derive(Clone, Debug)]
pub(super) enum Known {
    Nothing,
    Class(ClassRef),
    Function(FunctionRef),
    Module(Vec<FileId>),
    External(String),
}

/// What a file defines at its top level.
#[derive(Clone, Debug, Default)]
pub(super) struct FileTable<'a> {
    classes: HashMap<&'a str, ClassRef>,
    functions: HashMap<&'a str, FunctionRef>,
    variables: HashMap<&'a str, (Vec<&'a Expr>, Option<&'a Type>)>,
    imports: HashMap<&'a str, &'a Import>,
    /// `from x import *`, `export * from`.
    stars: Vec<&'a Import>,
    /// `export { a as b }`: exported name -> local name.
    exports: HashMap<&'a str, &'a str>,
    /// What it exports by assignments.
    pub(super) given: Given<'a>,
}

impl<'a> Program<'a> {
    /// Joins files to a program.
    pub fn new(files: Vec<ProgramFile<'a>>, modules: &'a ModuleMap) -> Self {
        let mut by_path = HashMap::default();
        let mut packages: HashMap<String, Vec<FileId>> = HashMap::default();
        let mut tables = Vec::with_capacity(files.len());
        for (id, file) in files.iter().enumerate() {
            let id = id as FileId;
            by_path.insert(file.path, id);
            if file.language == Language::Go {
                let folder = file.path.rsplit_once('/').map_or("", |p| p.0);
                packages.entry(folder.to_string()).or_default().push(id);
            }
            tables.push(table(id, file));
        }
        Program {
            files,
            modules,
            by_path,
            tables,
            packages,
            schemas: Vec::new(),
            located: RefCell::new(HashMap::default()),
            known: RefCell::new(HashMap::default()),
            wanted: RefCell::new(BTreeSet::new()),
        }
    }

    /// What a name of the module scope of a file means. Names of functions and classes inside others are for the
    /// caller, who knows where it stands.
    pub fn lookup(&self, file: FileId, name: &str) -> Option<Definition<'a>> {
        if let Some(known) = self.known.borrow().get(&file).and_then(|names| names.get(name)) {
            return match known {
                Known::Nothing => None,
                Known::Class(class) => Some(Definition::Class(*class)),
                Known::Function(function) => Some(Definition::Function(*function)),
                Known::Module(files) => Some(Definition::Module(files.clone())),
                Known::External(name) => Some(Definition::External(name.clone())),
            };
        }
        let found = self.named(file, name, 0);
        let known = match &found {
            None => Known::Nothing,
            Some(Definition::Class(class)) => Known::Class(*class),
            Some(Definition::Function(function)) => Known::Function(*function),
            Some(Definition::Module(files)) => Known::Module(files.clone()),
            Some(Definition::External(name)) => Known::External(name.clone()),
            Some(Definition::Variable { .. } | Definition::Entry { .. }) => return found,
        };
        self.known.borrow_mut().entry(file).or_default().insert(name.into(), known);
        found
    }

    /// The name that a name of a file has where it is imported from; the name itself where it is not imported by name.
    pub fn imported_name<'n>(&'n self, file: FileId, local: &'n str) -> &'n str {
        let import = self.tables.get(file as usize).and_then(|t| t.imports.get(local));
        import.filter(|i| !matches!(i.name.as_str(), "" | "*" | "default")).map_or(local, |i| i.name.as_str())
    }

    /// Whether a name of a file may come from another one by an import.
    pub fn comes_from_outside(&self, file: FileId, name: &str) -> bool {
        self.tables.get(file as usize).is_some_and(|t| t.imports.contains_key(name) || !t.stars.is_empty())
    }

    /// What a member of a definition is, as far as names alone say it: of modules and libraries.
    pub fn member(&self, of: &Definition<'a>, name: &str) -> Option<Definition<'a>> {
        match of {
            Definition::Module(files) => files.iter().find_map(|&f| self.exported(f, name, 0)).or_else(|| self.submodule(files, name)),
            Definition::External(path) => Some(Definition::External(format!("{path}.{name}"))),
            Definition::Class(class) => {
                let inner = self
                    .files
                    .get(class.file as usize)?
                    .code
                    .classes
                    .iter()
                    .position(|c| c.outer == Outer::Class(class.class) && &*c.name.text == name)?;
                Some(Definition::Class(ClassRef { file: class.file, class: inner as u32 }))
            }
            _ => None,
        }
    }

    /// What a dotted path means in a file; `None` where its first name is unknown or a part is no module.
    pub fn lookup_path(&self, file: FileId, path: &[&str]) -> Option<Definition<'a>> {
        let (first, rest) = path.split_first()?;
        let mut at = self.lookup(file, first)?;
        for name in rest {
            at = self.member(&at, name)?;
        }
        Some(at)
    }

    /// The files of a module as a file imports it; `None`: it is none of the program's.
    pub fn module(&self, file: FileId, module: &str) -> Option<Vec<FileId>> {
        Some(self.located(file, module)).filter(|files| !files.is_empty())
    }

    /// The qualified name of what an expression means, if it comes from a library: `sa.Column` ->
    /// `sqlalchemy.Column`. Names that nothing defines are given as they are (builtins, globals).
    pub fn qualified(&self, file: FileId, expr: &Expr) -> Option<String> {
        let path = match &expr.kind {
            ExprKind::Index(of, _) | ExprKind::Instantiate(of, _) => return self.qualified(file, of),
            _ => expr.path()?,
        };
        self.qualified_path(file, &path)
    }

    /// As [`Program::qualified`], for a path.
    pub fn qualified_path(&self, file: FileId, path: &[&str]) -> Option<String> {
        match self.lookup_path(file, path) {
            Some(Definition::External(name)) => Some(name),
            Some(_) => None,
            None => match self.lookup(file, path.first()?) {
                None => Some(path.join(".")),
                Some(_) => None,
            },
        }
    }

    /// The class that a type names.
    pub fn class_of_type(&self, file: FileId, ty: &Type) -> Option<ClassRef> {
        match ty {
            Type::Named { path, .. } => {
                let path: Vec<&str> = path.iter().map(|w| &*w.text).collect();
                match self.lookup_path(file, &path)? {
                    Definition::Class(class) => Some(class),
                    // a type and a value of one name
                    Definition::Variable { file, .. } => self.tables.get(file as usize)?.classes.get(*path.last()?).copied(),
                    _ => None,
                }
            }
            Type::Pointer(inner) | Type::Slice(inner) => self.class_of_type(file, inner),
            Type::Union(all) => all.iter().find_map(|t| self.class_of_type(file, t)),
            _ => None,
        }
    }

    pub(super) fn named(&self, file: FileId, name: &str, hops: usize) -> Option<Definition<'a>> {
        if hops > MAX_HOPS {
            return None;
        }
        let table = self.tables.get(file as usize)?;
        if let Some(found) = self.own(table, file, name) {
            return Some(found);
        }
        let language = self.files.get(file as usize)?.language;
        if language == Language::Go
            && let Some(found) = self.siblings(file).iter().filter(|&&f| f != file).find_map(|&f| {
                let table = self.tables.get(f as usize)?;
                self.own(table, f, name)
            })
        {
            return Some(found);
        }
        if let Some(import) = table.imports.get(name) {
            return self.imported(file, import, hops);
        }
        let inside =
            table.stars.iter().find_map(|star| self.located(file, &star.module).iter().find_map(|&f| self.exported(f, name, hops + 1)));
        inside.or_else(|| self.dotted(file, table, name, language)).or_else(|| self.reexported(file, table, name, language, hops))
    }

    /// An exported name that nothing here defines, where a Go file has the names of just one library without its name:
    /// `import . "github.com/Masterminds/squirrel"`.
    fn dotted(&self, file: FileId, table: &FileTable<'a>, name: &str, language: Language) -> Option<Definition<'a>> {
        if language != Language::Go || !name.starts_with(char::is_uppercase) {
            return None;
        }
        let mut outside = table.stars.iter().filter(|s| self.located(file, &s.module).is_empty());
        let star = outside.next()?;
        outside.next().is_none().then(|| Definition::External(format!("{}.{name}", without_version(&star.module))))
    }

    /// A name that a file of ECMAScript gives on from a library: `export * from '@prisma/client'`. Only other files
    /// ask for such names.
    fn reexported(&self, file: FileId, table: &FileTable<'a>, name: &str, language: Language, hops: usize) -> Option<Definition<'a>> {
        if hops == 0 || !matches!(language, Language::TypeScript | Language::JavaScript) {
            return None;
        }
        let mut outside = table.stars.iter().filter(|s| !s.module.starts_with('.') && self.located(file, &s.module).is_empty());
        outside.next().map(|star| Definition::External(format!("{}.{name}", star.module)))
    }

    fn own(&self, table: &FileTable<'a>, file: FileId, name: &str) -> Option<Definition<'a>> {
        if let Some(class) = table.classes.get(name) {
            let is_type = || self.class(*class).is_some_and(|c| matches!(c.kind, ClassKind::Alias | ClassKind::Interface));
            if !table.variables.contains_key(name) || !is_type() {
                return Some(Definition::Class(*class));
            }
        }
        if let Some(function) = table.functions.get(name) {
            return Some(Definition::Function(*function));
        }
        let (values, ty) = table.variables.get(name)?;
        Some(Definition::Variable { file, values: values.clone(), ty: *ty })
    }

    /// What a file gives to others under a name.
    fn exported(&self, file: FileId, name: &str, hops: usize) -> Option<Definition<'a>> {
        let table = self.tables.get(file as usize)?;
        let local = table.exports.get(name).copied().unwrap_or(name);
        self.assigned_export(file, name, hops + 1).or_else(|| self.named(file, local, hops + 1))
    }

    fn imported(&self, file: FileId, import: &Import, hops: usize) -> Option<Definition<'a>> {
        let files = self.located(file, &import.module);
        let language = self.files.get(file as usize)?.language;
        let whole = import.name.is_empty() || import.name == "*";
        if files.is_empty() {
            if whole {
                let module = if language == Language::Go { without_version(&import.module) } else { &import.module };
                return Some(Definition::External(module.to_string()));
            }
            // `from . import models`: a module of the package whose own file says nothing
            if language == Language::Python {
                let joined = if import.module.ends_with('.') {
                    format!("{}{}", import.module, import.name)
                } else {
                    format!("{}.{}", import.module, import.name)
                };
                let inner = self.located(file, &joined);
                if !inner.is_empty() {
                    return Some(Definition::Module(inner));
                }
                if import.module.starts_with('.') {
                    return None;
                }
            }
            // what a library written with `module.exports` gives by default is itself
            let is_ecmascript = matches!(language, Language::TypeScript | Language::JavaScript);
            if is_ecmascript && import.name == "default" {
                return Some(Definition::External(import.module.clone()));
            }
            return Some(Definition::External(format!("{}.{}", import.module, import.name)));
        }
        if whole {
            return Some(self.whole_value(&files, hops).unwrap_or(Definition::Module(files)));
        }
        let found = files.iter().find_map(|&f| self.exported(f, &import.name, hops + 1));
        found.or_else(|| self.submodule(&files, &import.name)).or_else(|| {
            if language != Language::Python {
                return self.entry_of_whole(&files, &import.name);
            }
            let dot = if import.module.ends_with('.') { "" } else { "." };
            let inner = self.located(file, &format!("{}{dot}{}", import.module, import.name));
            (!inner.is_empty()).then_some(Definition::Module(inner))
        })
    }

    /// A module inside a Python package.
    fn submodule(&self, files: &[FileId], name: &str) -> Option<Definition<'a>> {
        files.iter().find_map(|&f| {
            let folder = self.files.get(f as usize)?.path.strip_suffix("/__init__.py")?;
            let inner = [format!("{folder}/{name}.py"), format!("{folder}/{name}/__init__.py")];
            let id = inner.iter().find_map(|p| self.by_path.get(p.as_str()).copied())?;
            Some(Definition::Module(vec![id]))
        })
    }

    fn siblings(&self, file: FileId) -> &[FileId] {
        let folder = self.files.get(file as usize).and_then(|f| f.path.rsplit_once('/')).map_or("", |p| p.0);
        self.packages.get(folder).map_or(&[], Vec::as_slice)
    }

    pub(super) fn located(&self, file: FileId, module: &str) -> Vec<FileId> {
        if let Some(found) = self.located.borrow().get(&file).and_then(|modules| modules.get(module)) {
            return found.clone();
        }
        let mut ids = Vec::new();
        if let Some(from) = self.files.get(file as usize) {
            for path in self.modules.locate(from.path, from.language, module) {
                match self.by_path.get(path.as_str()) {
                    Some(&id) => ids.push(id),
                    None => drop(self.wanted.borrow_mut().insert(path)),
                }
            }
        }
        self.located.borrow_mut().entry(file).or_default().insert(module.to_string(), ids.clone());
        ids
    }
}

fn table<'a>(id: FileId, file: &ProgramFile<'a>) -> FileTable<'a> {
    let mut table = FileTable::default();
    for (i, class) in file.code.classes.iter().enumerate().filter(|(_, c)| c.outer == Outer::Module && !c.name.text.is_empty()) {
        table.classes.insert(&class.name.text, ClassRef { file: id, class: i as u32 });
    }
    for (i, function) in file.code.functions.iter().enumerate() {
        // a Go method stands in the module too, but is no name of it
        let method = file.language == Language::Go && function.receiver.is_some();
        if function.outer == Outer::Module && !function.name.text.is_empty() && !method {
            table.functions.insert(&function.name.text, FunctionRef { file: id, function: i as u32 });
        }
    }
    collect(&file.code.body, &mut table);
    let is_ecmascript = matches!(file.language, Language::TypeScript | Language::JavaScript);
    if is_ecmascript {
        file.code.body.iter().for_each(|stmt| table.given.take(stmt));
    }
    // an import of the file itself is an export of it
    for import in file.imports.iter().filter(|i| !(is_ecmascript && i.module.is_empty())) {
        if import.name == "*" && (import.local.is_empty() || import.local == "*") {
            table.stars.push(import);
        } else if !import.local.is_empty() {
            // `const x = require("m")`, `const x = require("m").x` are imports, not variables
            let is_required = |values: &(Vec<&Expr>, _)| values.0.iter().all(|v| is_import(v));
            if is_ecmascript && table.variables.get(import.local.as_str()).is_some_and(is_required) {
                table.variables.remove(import.local.as_str());
            }
            table.imports.insert(&import.local, import);
        }
    }
    table
}

fn collect<'a>(body: &'a [Stmt], table: &mut FileTable<'a>) {
    for stmt in body {
        match stmt {
            Stmt::Assign { target, ty, op, value, .. } if *op != AssignOp::Item => {
                if let ExprKind::Name(name) = &target.kind {
                    let entry = table.variables.entry(name).or_default();
                    entry.0.extend(value);
                    entry.1 = entry.1.or(ty.as_ref());
                }
            }
            Stmt::Branch { arms, .. } => arms.iter().for_each(|(_, body)| collect(body, table)),
            Stmt::Block(body) | Stmt::Loop { body, .. } => collect(body, table),
            Stmt::Export { local, name } => drop(table.exports.insert(&name.text, &local.text)),
            _ => {}
        }
    }
}

/// The path of a Go module without its major version: `github.com/jackc/pgx/v5`, `gopkg.in/gorp.v2`.
fn without_version(path: &str) -> &str {
    let digits = |d: &str| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit());
    ["/v", ".v"].iter().find_map(|mark| path.rsplit_once(mark).filter(|(_, version)| digits(version))).map_or(path, |(name, _)| name)
}
