//! Migrations written in code: the files that one needs, and the script that it sends.

use super::inputs::MigrationInput;
use crate::grammar::PackSet;
use crate::index::ddl::{self, Request, Script};
use crate::index::extract;
use crate::index::program::{FileId, Program, ProgramFile};
use crate::index::resolve::modules::ModuleMap;
use crate::model::code::Code;
use crate::model::dialect::Engine;
use crate::model::facts::Language;
use crate::model::statement::Scope;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Most files that are read for one migration.
const MAX_FILES: usize = 1500;
/// Rounds of following imports.
const MAX_ROUNDS: usize = 4;

/// Where the code around migrations is, and how it is read.
#[derive(Debug)]
pub struct Surroundings {
    /// Roots of the repositories of the run.
    pub roots: Vec<PathBuf>,
    /// Packs in force.
    pub packs: PackSet,
}

/// A migration in code with the files that it needs.
pub struct CodeMigration {
    language: Language,
    files: BTreeMap<String, (Vec<u8>, Code)>,
    modules: ModuleMap,
    path: String,
    /// Files that ran before it.
    before: Vec<String>,
    applications: Vec<(String, Vec<String>)>,
}

impl CodeMigration {
    /// Reads a migration and the files around it that may say what it does: what it imports, its package, those that ran
    /// before it. `None`: its name is not that of code.
    pub fn read(input: &MigrationInput, around: &Surroundings) -> Option<CodeMigration> {
        let language = around.packs.language_of(&input.path)?;
        let file = input.file.clone().unwrap_or_else(|| PathBuf::from(&input.path));
        let (root, path) = located(&file, &around.roots);
        let mut migration = CodeMigration {
            language,
            files: BTreeMap::new(),
            modules: ModuleMap::default(),
            path: path.clone(),
            before: Vec::new(),
            applications: Vec::new(),
        };
        let code = extract::code(input.text.as_bytes(), language, &path, &around.packs);
        migration.files.insert(path.clone(), (input.text.clone().into_bytes(), code));
        migration.earlier(&root, around);
        let mut known: BTreeSet<String> = manifests(&root, &path);
        for round in 0..MAX_ROUNDS {
            let mut found = BTreeSet::new();
            for (path, (_, code)) in &migration.files {
                // What files before say of entities stands in themselves.
                if migration.before.contains(path) || migration.applications.iter().any(|a| a.1.contains(path)) {
                    continue;
                }
                // A package is followed no further: helpers of a migration stand in it or beside it.
                if language == Language::Go && (round > 0 || *path != migration.path) {
                    continue;
                }
                if language == Language::Go {
                    found.extend(siblings(&root, path));
                }
                for import in code.imports.iter().filter(|i| !migration.of_library(&i.module, around)) {
                    found.extend(candidates(&root, path, language, &import.module));
                    if language == Language::Python && !import.name.is_empty() {
                        let dot = if import.module.ends_with('.') { "" } else { "." };
                        found.extend(candidates(&root, path, language, &format!("{}{dot}{}", import.module, import.name)));
                    }
                }
            }
            let fresh: Vec<String> = found.into_iter().filter(|p| !migration.files.contains_key(p)).collect();
            if fresh.is_empty() {
                break;
            }
            for path in fresh {
                migration.add(&root, &path, around);
            }
        }
        known.extend(migration.files.keys().cloned());
        let read = |path: &str| std::fs::read(root.join(path)).ok();
        migration.modules = ModuleMap::read(known.iter().map(String::as_str), &read);
        Some(migration)
    }

    /// Whether a module is that of a library of migrations: a folder of its name is none of its files.
    fn of_library(&self, module: &str, around: &Surroundings) -> bool {
        let packs = around.packs.language(self.language).map(|l| l.packs.as_slice()).unwrap_or_default();
        let covers = |i: &String| module.strip_prefix(i.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '/']));
        packs.iter().filter_map(|p| p.ddl.as_ref()).flat_map(|d| &d.entry).flat_map(|e| &e.imports).any(covers)
    }

    fn add(&mut self, root: &Path, path: &str, around: &Surroundings) {
        if self.files.len() >= MAX_FILES || self.files.contains_key(path) {
            return;
        }
        let Some(language) = around.packs.language_of(path) else { return };
        let Ok(bytes) = std::fs::read(root.join(path)) else { return };
        let code = extract::code(&bytes, language, path, &around.packs);
        self.files.insert(path.to_string(), (bytes, code));
    }

    /// Files that ran before it in its folder, and those of applications that its text names.
    fn earlier(&mut self, root: &Path, around: &Surroundings) {
        let rules = around.packs.language(self.language).map(|l| &l.packs).into_iter().flatten().filter_map(|p| p.ddl.as_ref());
        let Some(rules) = rules.into_iter().find(|r| {
            let imports = |m: &str| {
                r.entry.iter().filter(|e| e.remembers_folder).flat_map(|e| &e.imports).any(|i| m == i || m.starts_with(&format!("{i}.")))
            };
            self.files.values().any(|f| f.1.imports.iter().any(|m| imports(&m.module)))
        }) else {
            return;
        };
        let (folder, name) = self.path.rsplit_once('/').unwrap_or(("", &self.path));
        let (folder, name) = (folder.to_string(), name.to_string());
        let listed = listing(root, &folder, around, self.language);
        self.before = listed.into_iter().filter(|p| p.rsplit('/').next().unwrap_or("") < name.as_str()).collect();
        let mut wanted = self.before.clone();
        if let Some(application) = &rules.application {
            let parts: Vec<&str> = folder.split('/').collect();
            // The part of the path that is the application, counted from the file.
            if let Some(at) = parts.len().checked_sub(application.folder) {
                let above = parts[..at].join("/");
                let below = parts.get(at + 1..).map(|p| p.join("/")).unwrap_or_default();
                let own = parts.get(at).copied().unwrap_or("");
                let text = self.files.get(&self.path).map(|f| String::from_utf8_lossy(&f.0).into_owned()).unwrap_or_default();
                let names = std::fs::read_dir(root.join(&above)).into_iter().flatten().flatten().filter(|e| e.path().is_dir());
                let mut names: Vec<String> = names.filter_map(|e| e.file_name().into_string().ok()).collect();
                names.sort();
                for app in names.into_iter().filter(|n| n != own && (text.contains(&format!("\"{n}")) || text.contains(&format!("'{n}")))) {
                    let folder = [above.as_str(), &app, &below].into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join("/");
                    let files = listing(root, &folder, around, self.language);
                    if !files.is_empty() {
                        wanted.extend(files.iter().cloned());
                        self.applications.push((app, files));
                    }
                }
            }
        }
        wanted.iter().for_each(|path| self.add(root, path, around));
    }

    /// Its script for an engine. `None`: no pack knows such a migration.
    pub fn script(&self, engine: Engine, packs: &PackSet) -> Option<Script> {
        let languages: Vec<_> = self.files.iter().filter_map(|(path, file)| Some((path, file, packs.language_of(path)?))).collect();
        let files = languages.iter().map(|(path, file, language)| ProgramFile {
            path,
            language: *language,
            scope: Scope::Production,
            own: true,
            package: "",
            imports: &file.1.imports,
            code: &file.1,
        });
        let program = Program::new(files.collect(), &self.modules);
        let id = |path: &String| languages.iter().position(|l| l.0 == path).map(|i| i as FileId);
        let before: Vec<FileId> = self.before.iter().filter_map(id).collect();
        let applications: Vec<(String, Vec<FileId>)> =
            self.applications.iter().map(|(app, files)| (app.clone(), files.iter().filter_map(id).collect())).collect();
        let file = id(&self.path)?;
        let source = self.files.get(&self.path).map_or(&[][..], |f| f.0.as_slice());
        let rules = packs.language(self.language)?;
        let request = Request {
            program: &program,
            file,
            source,
            packs,
            language: rules,
            models: OnceCell::new(),
            engine,
            before: &before,
            applications: &applications,
        };
        ddl::script(&request)
    }
}

/// The repository of a file and its path there. A file outside all of them stands where its path ends like a folder of one.
fn located(file: &Path, roots: &[PathBuf]) -> (PathBuf, String) {
    let absolute = file.canonicalize().unwrap_or_else(|_| file.to_path_buf());
    let slashes = |p: &Path| p.components().map(|c| c.as_os_str().to_string_lossy().into_owned()).collect::<Vec<_>>();
    for root in roots {
        let root = root.canonicalize().unwrap_or_else(|_| root.clone());
        if let Ok(below) = absolute.strip_prefix(&root) {
            return (root, slashes(below).join("/"));
        }
    }
    let parts = slashes(&absolute);
    let folders = parts.len().saturating_sub(1);
    for root in roots {
        for start in 1..folders {
            let tail = parts.get(start..folders).unwrap_or(&[]).join("/");
            if root.join(&tail).is_dir() {
                return (root.clone(), format!("{tail}/{}", parts.last().map_or("", String::as_str)));
            }
        }
    }
    let own = absolute.ancestors().skip(1).find(|f| f.join(".git").exists()).or(absolute.ancestors().nth(4)).unwrap_or(Path::new("/"));
    let below = absolute.strip_prefix(own).unwrap_or(&absolute);
    (own.to_path_buf(), slashes(below).join("/"))
}

/// Source files of a folder in the order of their names.
fn listing(root: &Path, folder: &str, around: &Surroundings, language: Language) -> Vec<String> {
    let entries = std::fs::read_dir(root.join(folder)).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|e| e.file_name().into_string().ok()).collect();
    names.sort();
    let path = |name: String| if folder.is_empty() { name } else { format!("{folder}/{name}") };
    names.into_iter().filter(|n| around.packs.language_of(n) == Some(language) && !n.starts_with("__")).map(path).collect()
}

/// Go files of the same package.
fn siblings(root: &Path, path: &str) -> Vec<String> {
    let folder = path.rsplit_once('/').map_or("", |p| p.0);
    go_files(root, folder)
}

fn go_files(root: &Path, folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(root.join(folder)).into_iter().flatten().flatten();
    let names = entries.filter_map(|e| e.file_name().into_string().ok()).filter(|n| n.ends_with(".go") && !n.ends_with("_test.go"));
    names.map(|n| if folder.is_empty() { n } else { format!("{folder}/{n}") }).collect()
}

/// Manifests in the folders above a file.
fn manifests(root: &Path, path: &str) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let mut folder = path;
    loop {
        folder = folder.rsplit_once('/').map_or("", |p| p.0);
        for name in ["go.mod", "package.json", "tsconfig.json", "pyproject.toml", "setup.py", "setup.cfg"] {
            let at = if folder.is_empty() { name.to_string() } else { format!("{folder}/{name}") };
            if root.join(&at).is_file() {
                out.insert(at);
            }
        }
        if folder.is_empty() {
            return out;
        }
    }
}

/// Files that an import may mean and that are there.
fn candidates(root: &Path, from: &str, language: Language, module: &str) -> Vec<String> {
    let folder = from.rsplit_once('/').map_or("", |p| p.0);
    let join = |folder: &str, rest: &str| -> Option<String> {
        let mut parts: Vec<&str> = folder.split('/').filter(|p| !p.is_empty()).collect();
        for part in rest.split('/') {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()?),
                name => parts.push(name),
            }
        }
        Some(parts.join("/"))
    };
    let there = |path: &String| root.join(path).is_file();
    match language {
        Language::Python => {
            let dots = module.len() - module.trim_start_matches('.').len();
            let rest = module.trim_start_matches('.').replace('.', "/");
            if rest.is_empty() && dots == 0 {
                return Vec::new();
            }
            let mut bases = Vec::new();
            if dots > 0 {
                bases.extend(join(folder, &"../".repeat(dots - 1)));
            } else {
                let mut at = folder;
                loop {
                    // A folder inside a package is no root of absolute imports.
                    let inner = if at.is_empty() { "__init__.py".to_string() } else { format!("{at}/__init__.py") };
                    if !root.join(inner).is_file() {
                        bases.push(at.to_string());
                    }
                    if at.is_empty() {
                        break;
                    }
                    at = at.rsplit_once('/').map_or("", |p| p.0);
                }
                bases.push("src".into());
            }
            let each = |base: &String| [join(base, &format!("{rest}.py")), join(base, &format!("{rest}/__init__.py"))];
            bases.iter().flat_map(each).flatten().filter(|p| there(p)).collect()
        }
        Language::TypeScript | Language::JavaScript => {
            if !module.starts_with('.') {
                return Vec::new();
            }
            let Some(base) = join(folder, module) else { return Vec::new() };
            let stem = base.strip_suffix(".js").unwrap_or(&base);
            let ends = ["", ".ts", ".js", ".mts", ".mjs", ".cjs", "/index.ts", "/index.js"];
            ends.iter().map(|e| format!("{stem}{e}")).chain([base.clone()]).filter(there).collect()
        }
        Language::Go => {
            let mut at = folder;
            loop {
                let manifest = if at.is_empty() { "go.mod".to_string() } else { format!("{at}/go.mod") };
                if let Ok(text) = std::fs::read_to_string(root.join(&manifest)) {
                    let own = text.lines().find_map(|l| l.strip_prefix("module ")).map_or("", str::trim);
                    let below = module.strip_prefix(own).filter(|r| !own.is_empty() && r.starts_with('/'));
                    return below.and_then(|b| join(at, b)).map(|folder| go_files(root, &folder)).unwrap_or_default();
                }
                if at.is_empty() {
                    return Vec::new();
                }
                at = at.rsplit_once('/').map_or("", |p| p.0);
            }
        }
    }
}
