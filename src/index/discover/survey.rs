//! The first look at a repository: its manifests, and what says that something is started.

use super::Reader;
use super::drivers::Drivers;
use super::manifest::catalog::{self, Component};
use super::manifest::deploy;
use super::manifest::{self, Ecosystem, Manifest};
use super::paths::{is_below, join, split};
use super::rules::Rules;
use crate::model::dialect::Dialect;
use crate::model::facts::Language;
use crate::model::problem::{Problem, Stage};
use crate::model::project::{FileKind, Repository, SourceFile};
use crate::model::statement::Scope;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// How many files of one Go folder are read to see whether it is a program.
const MAIN_CANDIDATES: usize = 3;

/// A folder that is a service or a library.
#[derive(Clone, Debug, Default)]
pub(super) struct Unit {
    pub name: Option<String>,
    pub evidence: String,
    /// Said by the configuration or the catalogue: what lies below belongs to it.
    pub explicit: bool,
    pub library: Option<bool>,
    pub entry: Option<String>,
    pub owners: Vec<String>,
    pub databases: Vec<String>,
    pub manifests: Vec<(Ecosystem, Manifest)>,
    /// Names of other units that it is said to depend on.
    pub depends: Vec<String>,
}

/// What reading the manifests of a repository gave.
#[derive(Default)]
pub(super) struct Survey {
    /// Packages by folder.
    pub packages: BTreeMap<String, Unit>,
    /// Manifests that make no package, by folder: their dependencies count for the unit around them.
    pub loose: Vec<(String, Ecosystem, Manifest)>,
    /// Folders with files that say "deployed or started".
    pub entries: BTreeMap<String, String>,
    pub components: Vec<(String, String, Component)>,
    /// Engines beside the services, by folder of the compose file or settings.
    pub engines: Vec<(String, Dialect)>,
    /// Folders of Go programs, and those that Dockerfiles build one by one.
    pub programs: BTreeSet<String>,
    pub built: Vec<Vec<String>>,
    pub problems: Vec<Problem>,
}

/// Reads manifests and looks at entry points. Those of tests and examples make no service.
pub(super) fn survey(repository: &Repository, rules: &Rules) -> Survey {
    let mut survey = Survey::default();
    let drivers = Drivers::embedded();
    for file in &repository.files {
        if file.scope == Scope::Test {
            continue;
        }
        let (folder, name) = split(&file.path);
        if rules.entry_files.contains(name) {
            survey.entries.entry(folder.to_string()).or_insert_with(|| name.to_string());
        }
        let is_python_entry = rules.service.python_entry_files.iter().any(|n| n == name);
        if is_python_entry {
            survey.entries.entry(folder.to_string()).or_insert_with(|| format!("Python {name}"));
        }
        let is_manifest = matches!(file.kind, FileKind::Config) || name == "setup.py";
        if is_manifest {
            read_manifest(repository, file, folder, name, rules, drivers, &mut survey);
        }
    }
    rank_manifests(repository, &mut survey);
    find_programs(repository, &mut survey);
    survey
}

/// Puts the manifest of the language that most of a package is written in first: it gives the name.
fn rank_manifests(repository: &Repository, survey: &mut Survey) {
    let several: Vec<String> = survey.packages.iter().filter(|(_, u)| u.manifests.len() > 1).map(|(f, _)| f.clone()).collect();
    for folder in several {
        let mut count: HashMap<Ecosystem, u32> = HashMap::new();
        for file in files_below(repository, &folder) {
            let nearest = survey.packages.keys().filter(|p| is_below(&file.path, p)).max_by_key(|p| p.len());
            let ecosystem = match file.kind {
                FileKind::Source(Language::Python) => Ecosystem::Python,
                FileKind::Source(Language::TypeScript | Language::JavaScript) => Ecosystem::JavaScript,
                FileKind::Source(Language::Go) => Ecosystem::Go,
                _ => continue,
            };
            if nearest.is_some_and(|n| *n == folder) && file.scope == Scope::Production {
                *count.entry(ecosystem).or_default() += 1;
            }
        }
        if let Some(unit) = survey.packages.get_mut(&folder) {
            unit.manifests.sort_by_key(|(e, _)| std::cmp::Reverse(count.get(e).copied().unwrap_or(0)));
        }
    }
    for unit in survey.packages.values_mut() {
        unit.evidence = unit.manifests.first().map(|(_, m)| m.file.clone()).unwrap_or_default();
        unit.library = unit.manifests.iter().find_map(|(_, m)| m.library);
        unit.entry = unit.manifests.iter().find_map(|(_, m)| m.entry.clone());
    }
}

fn read_manifest(
    repository: &Repository,
    file: &SourceFile,
    folder: &str,
    name: &str,
    rules: &Rules,
    drivers: &Drivers,
    survey: &mut Survey,
) {
    let wanted = Wanted::of(folder, name);
    if wanted == Wanted::Nothing {
        return;
    }
    let text = match Reader.read(repository, file) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => {
            let mut problem = Problem::new(Stage::Discover, error.to_string()).at(&file.path, None);
            problem.help = error.help();
            survey.problems.push(problem);
            return;
        }
    };
    let text = text.trim_start_matches('\u{feff}');
    let mut invalid = |reason: String| {
        let reason = reason.lines().next().unwrap_or_default().to_string();
        let problem = Problem::new(Stage::Discover, format!("cannot read {}: {reason}", file.path)).at(&file.path, None);
        survey.problems.push(problem.help("correct it; until then nothing in it counts for services and their dependencies"));
    };
    match wanted {
        Wanted::Nothing => {}
        Wanted::Catalog => match catalog::read(text) {
            Ok(components) => survey.components.extend(components.into_iter().map(|c| (folder.to_string(), file.path.clone(), c))),
            Err(reason) => invalid(reason),
        },
        Wanted::Compose => match deploy::compose(text, drivers) {
            Ok(compose) => {
                survey.engines.extend(compose.engines.into_iter().map(|e| (folder.to_string(), e)));
                for build in compose.builds {
                    if let Some(built) = join(folder, &build).filter(|b| !b.is_empty()) {
                        survey.entries.entry(built).or_insert_with(|| name.to_string());
                    }
                }
            }
            Err(reason) => invalid(reason),
        },
        Wanted::Environment => survey.engines.extend(deploy::environment(text, drivers).into_iter().map(|e| (folder.to_string(), e))),
        Wanted::ToolSettings => survey.engines.extend(deploy::tool_settings(text, drivers).into_iter().map(|e| (folder.to_string(), e))),
        Wanted::Dockerfile => survey.built.push(deploy::built_programs(text)),
        Wanted::Manifest => match manifest::read(name, text, &rules.service) {
            None => {}
            Some((_, Err(reason))) => invalid(reason),
            Some((ecosystem, Ok(manifest))) => {
                // requirements/base.txt speaks for the folder above.
                let folder = match split(folder) {
                    (above, "requirements") if is_requirements(folder, name) => above,
                    _ => folder,
                };
                if manifest.package {
                    survey.packages.entry(folder.to_string()).or_default().manifests.push((ecosystem, manifest));
                } else {
                    survey.loose.push((folder.to_string(), ecosystem, manifest));
                }
            }
        },
    }
}

/// What a configuration file is read for.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Wanted {
    Nothing,
    Manifest,
    Catalog,
    Compose,
    Environment,
    ToolSettings,
    Dockerfile,
}

impl Wanted {
    fn of(folder: &str, name: &str) -> Wanted {
        let yaml = name.ends_with(".yml") || name.ends_with(".yaml");
        match name {
            "package.json"
            | "project.json"
            | "pnpm-workspace.yaml"
            | "pnpm-workspace.yml"
            | "lerna.json"
            | "go.mod"
            | "go.work"
            | "pyproject.toml"
            | "setup.py"
            | "setup.cfg"
            | "Pipfile" => Wanted::Manifest,
            "catalog-info.yaml" | "catalog-info.yml" => Wanted::Catalog,
            "sqlc.yaml" | "sqlc.yml" | "sqlc.json" => Wanted::ToolSettings,
            _ if name.ends_with(".prisma") => Wanted::ToolSettings,
            _ if yaml && (name.starts_with("docker-compose") || name.starts_with("compose.")) => Wanted::Compose,
            _ if name.contains("ockerfile") || name == "Containerfile" => Wanted::Dockerfile,
            _ if name.contains("env") => Wanted::Environment,
            _ if is_requirements(folder, name) => Wanted::Manifest,
            _ => Wanted::Nothing,
        }
    }
}

/// `requirements-prod.txt`, `requirements/base.txt`.
fn is_requirements(folder: &str, name: &str) -> bool {
    let is_list = name.ends_with(".txt") || name.ends_with(".in");
    is_list && (name.starts_with("requirements") || split(folder).1 == "requirements")
}

/// Finds the folders of Go programs: `main.go` anywhere, and the folders below `cmd`. One or a few files of
/// each folder are read.
fn find_programs(repository: &Repository, survey: &mut Survey) {
    let mut candidates: BTreeMap<&str, Vec<&SourceFile>> = BTreeMap::new();
    let modules: HashSet<&str> =
        survey.packages.iter().filter(|(_, u)| u.manifests.iter().any(|(e, _)| *e == Ecosystem::Go)).map(|(f, _)| f.as_str()).collect();
    for file in &repository.files {
        let (folder, name) = split(&file.path);
        let in_cmd = folder == "cmd" || folder.ends_with("/cmd") || split(folder).0.rsplit('/').next() == Some("cmd");
        if file.scope == Scope::Production && name.ends_with(".go") && (name == "main.go" || in_cmd || modules.contains(folder)) {
            let list = candidates.entry(folder).or_default();
            if name == "main.go" {
                list.insert(0, file);
            } else {
                list.push(file);
            }
        }
    }
    for (folder, files) in candidates {
        let is_program = files
            .iter()
            .take(MAIN_CANDIDATES)
            .any(|file| Reader.read(repository, file).is_ok_and(|bytes| manifest::is_main_package(&String::from_utf8_lossy(&bytes))));
        if is_program {
            survey.programs.insert(folder.to_string());
        }
    }
}

/// Whether a folder holds source code that runs in production.
pub(super) fn holds_code(repository: &Repository, folder: &str) -> bool {
    files_below(repository, folder).any(|f| f.scope == Scope::Production && matches!(f.kind, FileKind::Source(_)))
}

/// Files below a folder; they come ordered by path.
pub(super) fn files_below<'a>(repository: &'a Repository, folder: &'a str) -> impl Iterator<Item = &'a SourceFile> {
    let from = repository.files.partition_point(|f| f.path.as_str() < folder);
    let near = repository.files.iter().skip(from).take_while(move |f| f.path.starts_with(folder));
    near.filter(move |f| is_below(&f.path, folder))
}
