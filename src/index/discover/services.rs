//! From manifests and entry points to services and libraries.

use super::drivers::Drivers;
use super::manifest::catalog::{self, Component};
use super::manifest::deploy;
use super::manifest::{self, Ecosystem, Manifest};
use super::rules::Rules;
use super::{Reader, ServiceSetting};
use crate::model::dialect::{Dialect, Engine};
use crate::model::facts::Language;
use crate::model::problem::{Problem, Stage};
use crate::model::project::{FileKind, Repository, Service, SourceFile};
use crate::model::statement::Scope;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// How many files of one Go folder are read to see whether it is a program.
const MAIN_CANDIDATES: usize = 3;

/// A folder that is a service or a library.
#[derive(Clone, Debug, Default)]
struct Unit {
    name: Option<String>,
    evidence: String,
    /// Said by the configuration or the catalogue: what lies below belongs to it.
    explicit: bool,
    library: Option<bool>,
    entry: Option<String>,
    owners: Vec<String>,
    databases: Vec<String>,
    manifests: Vec<(Ecosystem, Manifest)>,
    /// Names of other units that it is said to depend on.
    depends: Vec<String>,
}

/// What reading the manifests of a repository gave.
#[derive(Default)]
struct Survey {
    /// Packages by folder.
    packages: BTreeMap<String, Unit>,
    /// Manifests that make no package, by folder: their dependencies count for the unit around them.
    loose: Vec<(String, Ecosystem, Manifest)>,
    /// Folders with files that say "deployed or started".
    entries: BTreeMap<String, String>,
    components: Vec<(String, String, Component)>,
    /// Engines beside the services, by folder of the compose file or settings.
    engines: Vec<(String, Dialect)>,
    /// Folders of Go programs, and those that Dockerfiles build one by one.
    programs: BTreeSet<String>,
    built: Vec<Vec<String>>,
    problems: Vec<Problem>,
}

/// Services and libraries of a repository, ordered by path, never empty; the first one's path is empty if
/// anything lies outside the others.
pub(super) fn detect(repository: &Repository, settings: &[ServiceSetting], rules: &Rules) -> (Vec<Service>, Vec<Problem>) {
    let mut survey = survey(repository, rules);
    let units = units(repository, settings, &mut survey, rules);
    let services = finish(repository, units, &survey, rules);
    (services, survey.problems)
}

/// The number of the innermost service that holds a path, given services ordered by path.
pub(super) fn innermost(services: &[Service], path: &str) -> usize {
    let holds = |folder: &str| folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    services.iter().enumerate().filter(|(_, s)| holds(&s.path)).max_by_key(|(_, s)| s.path.len()).map_or(0, |(at, _)| at)
}

/// Reads manifests and looks at entry points. Those of tests and examples make no service.
fn survey(repository: &Repository, rules: &Rules) -> Survey {
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

/// Decides which folders are units. Order of precedence for one folder: configuration, catalogue, manifests,
/// deployment files.
fn units(repository: &Repository, settings: &[ServiceSetting], survey: &mut Survey, rules: &Rules) -> BTreeMap<String, Unit> {
    let mut units: BTreeMap<String, Unit> = std::mem::take(&mut survey.packages);
    for folder in split_programs(survey, &units) {
        let name = split(&folder).1.to_string();
        let around = units.keys().filter(|u| is_below(&folder, u)).max_by_key(|u| u.len()).cloned();
        let depends = around.and_then(|a| units.get(&a)).and_then(|u| u.manifests.first()).and_then(|(_, m)| m.name.clone());
        let unit = Unit { name: Some(name), evidence: "Dockerfile".into(), entry: Some("package main".into()), ..Unit::default() };
        units.insert(folder, Unit { depends: depends.into_iter().collect(), ..unit });
    }
    for (folder, evidence) in &survey.entries {
        let alone = !units.contains_key(folder) && !folder.is_empty() && !evidence.starts_with("Python ") && evidence != "manage.py";
        let inside = units.keys().any(|u| !u.is_empty() && is_below(folder, u));
        if alone && !inside && !is_tool_folder(folder, rules) && holds_code(repository, folder) {
            units.insert(folder.clone(), Unit { evidence: evidence.clone(), entry: Some(evidence.clone()), ..Unit::default() });
        }
    }
    for (folder, file, component) in &survey.components {
        let folder = match (&component.path, &component.folder) {
            (Some(path), _) => path.clone(),
            (None, Some(below)) => join(folder, below).unwrap_or_else(|| folder.clone()),
            (None, None) => folder.clone(),
        };
        let unit = units.entry(folder).or_default();
        if unit.explicit {
            continue; // two components of one folder: the first gives the name
        }
        unit.explicit = true;
        unit.name = Some(component.name.clone());
        unit.library = Some(component.library);
        unit.evidence.clone_from(file);
        unit.owners = component.owner.iter().cloned().collect();
        unit.depends.clone_from(&component.depends);
    }
    for setting in settings.iter().filter(|s| s.repository.as_ref().is_none_or(|r| *r == repository.name)) {
        let Some(folder) = join("", &setting.path) else { continue };
        if setting.repository.is_none() && !folder.is_empty() && !repository.files.iter().any(|f| is_below(&f.path, &folder)) {
            continue; // the folder of another repository
        }
        let unit = units.entry(folder).or_default();
        unit.explicit = true;
        unit.name = Some(setting.name.clone());
        unit.library = Some(setting.library.unwrap_or(false));
        unit.evidence = super::owners::CONFIGURED.into();
        if !setting.owners.is_empty() {
            unit.owners.clone_from(&setting.owners);
        }
        unit.databases.clone_from(&setting.databases);
    }
    // What lies below a folder that was named belongs to it, unless it was named itself.
    let explicit: Vec<String> = units.iter().filter(|(_, u)| u.explicit).map(|(f, _)| f.clone()).collect();
    let swallowed: Vec<String> =
        units.iter().filter(|(f, u)| !u.explicit && explicit.iter().any(|e| is_below(f, e))).map(|(f, _)| f.clone()).collect();
    for folder in swallowed {
        if let Some(unit) = units.remove(&folder) {
            survey.loose.extend(unit.manifests.into_iter().map(|(e, m)| (folder.clone(), e, m)));
        }
    }
    units
}

/// Whether a folder has a file that lists the members of a workspace.
fn is_root_of_workspace(folder: &str, survey: &Survey) -> bool {
    survey.loose.iter().any(|(f, _, m)| f == folder && m.workspace)
}

/// Whether a folder or one above it holds tools.
fn is_tool_folder(folder: &str, rules: &Rules) -> bool {
    folder.split('/').any(|part| rules.service.tool_folders.iter().any(|t| t == part))
}

/// Folders of Go programs that are services of their own: each is built by a Dockerfile of its own, or has
/// one beside it, and there are several. Otherwise a module is one service.
fn split_programs(survey: &Survey, units: &BTreeMap<String, Unit>) -> Vec<String> {
    let module_of = |folder: &str| units.keys().filter(|u| is_below(folder, u)).max_by_key(|u| u.len()).cloned().unwrap_or_default();
    let mut by_module: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for folder in survey.programs.iter().filter(|f| !units.contains_key(*f)) {
        let has_own = survey.entries.get(folder).is_some_and(|e| !e.starts_with("Python "));
        let module = module_of(folder);
        let relative = folder.strip_prefix(module.as_str()).unwrap_or(folder).trim_start_matches('/');
        let built_alone = survey.built.iter().any(|programs| matches!(programs.as_slice(), [one] if one == folder || one == relative));
        if has_own || built_alone {
            by_module.entry(module).or_default().insert(folder.clone());
        }
    }
    by_module.into_values().filter(|programs| programs.len() > 1).flatten().collect()
}

/// Names the units, tells services from libraries, joins their dependencies.
fn finish(repository: &Repository, mut units: BTreeMap<String, Unit>, survey: &Survey, rules: &Rules) -> Vec<Service> {
    // One package in a subfolder and nothing of its own at the root: it is the repository.
    if units.len() == 1 && !units.contains_key("") {
        let only = units.pop_first().filter(|(_, u)| !u.explicit);
        units.extend(only.map(|(_, unit)| (String::new(), unit)));
    }
    let folders: Vec<String> = units.keys().cloned().collect();
    let held = |path: &str| folders.iter().any(|f| !f.is_empty() && is_below(path, f));
    let outside = repository.files.iter().any(|f| !held(&f.path));
    if outside || units.is_empty() {
        units.entry(String::new()).or_insert_with(|| Unit { evidence: "the repository itself".into(), ..Unit::default() });
    }
    let single = units.len() == 1;
    // Settings of tools lie at the root itself; what runs lies in a folder. A program may be one file, though.
    let at_root = |f: &SourceFile| f.scope == Scope::Production && matches!(f.kind, FileKind::Source(_)) && !held(&f.path);
    let code_at_root = repository.files.iter().any(at_root);
    let program_at_root = repository.files.iter().any(|f| at_root(f) && f.path.contains('/') && !is_tool_folder(split(&f.path).0, rules));
    let is_workspace = |folder: &str, unit: &Unit| is_root_of_workspace(folder, survey) || unit.manifests.iter().any(|(_, m)| m.workspace);
    let mut services = Vec::new();
    let mut used = HashSet::new();
    for (folder, unit) in &units {
        let workspace = is_workspace(folder, unit);
        let entry = entry_of(folder, unit, survey, &folders, workspace, rules);
        let library = match unit.library {
            Some(library) => library,
            None if single => false,
            None if folder.is_empty() => entry.is_none() || !(if workspace { program_at_root } else { code_at_root }),
            None => entry.is_none(),
        };
        let evidence = match (&entry, unit.explicit || library) {
            (Some(entry), false) if *entry != unit.evidence && !entry.starts_with(&unit.evidence) => format!("{}, {entry}", unit.evidence),
            (Some(entry), false) => entry.clone(),
            _ => unit.evidence.clone(),
        };
        let mut name = name_of(repository, folder, unit, single, rules);
        if !used.insert(name.clone()) {
            name = if folder.is_empty() { format!("{name} (root)") } else { folder.clone() };
            used.insert(name.clone());
        }
        let (packs, engines) = evidence_of_drivers(folder, unit, survey, &units);
        services.push(Service {
            name,
            path: folder.clone(),
            library,
            depends: Vec::new(),
            owners: unit.owners.clone(),
            databases: unit.databases.clone(),
            evidence,
            packs,
            engines,
        });
    }
    // Where nothing starts, everything is used from outside: each package stands for itself.
    if services.iter().all(|s| s.library) {
        for (service, unit) in services.iter_mut().zip(units.values()) {
            service.library = unit.library == Some(true);
        }
        if services.iter().all(|s| s.library)
            && let Some(root) = services.iter_mut().find(|s| s.path.is_empty())
        {
            root.library = false;
        }
    }
    let depends = dependencies(&units, survey, &services);
    for (service, depends) in services.iter_mut().zip(depends) {
        service.depends = depends;
    }
    inherit(&mut services);
    services
}

/// A service that reaches a database through a library of the repository uses that library's packs, and its
/// engines if it names none itself.
fn inherit(services: &mut [Service]) {
    let by_name: HashMap<String, usize> = services.iter().enumerate().map(|(at, s)| (s.name.clone(), at)).collect();
    let mut inherited = Vec::with_capacity(services.len());
    for service in services.iter() {
        let mut seen: BTreeSet<usize> = BTreeSet::new();
        let mut open: Vec<&String> = service.depends.iter().collect();
        while let Some(name) = open.pop() {
            if let Some((at, other)) = by_name.get(name).and_then(|at| Some((*at, services.get(*at)?)))
                && other.library
                && seen.insert(at)
            {
                open.extend(&other.depends);
            }
        }
        let reached: Vec<&Service> = seen.into_iter().filter_map(|at| services.get(at)).collect();
        let packs: BTreeSet<String> = reached.iter().flat_map(|s| s.packs.iter().cloned()).chain(service.packs.iter().cloned()).collect();
        let mut engines = service.engines.clone();
        for engine in reached.iter().flat_map(|s| &s.engines) {
            if service.engines.is_empty() && !engines.contains(engine) {
                engines.push(*engine);
            }
        }
        inherited.push((packs, engines));
    }
    for (service, (packs, mut engines)) in services.iter_mut().zip(inherited) {
        engines.sort_by_key(|d| (d.engine, d.version));
        service.packs = packs.into_iter().collect();
        service.engines = engines;
    }
}

/// What says that a unit is started.
fn entry_of(folder: &str, unit: &Unit, survey: &Survey, folders: &[String], workspace: bool, rules: &Rules) -> Option<String> {
    if let (Some(entry), false) = (&unit.entry, workspace) {
        return Some(entry.clone());
    }
    let own = |path: &str| {
        let innermost = folders.iter().filter(|f| is_below(path, f) || *f == path).max_by_key(|f| f.len());
        innermost.is_some_and(|f| f == folder)
    };
    let depth = |path: &str| path.strip_prefix(folder).unwrap_or(path).split('/').filter(|p| !p.is_empty()).count();
    let beside = survey.entries.iter().filter(|(f, _)| own(f)).find(|(f, evidence)| match evidence.strip_prefix("Python ") {
        // The package of that name, or the one below `src`.
        Some(_) => depth(f) <= 2,
        None => depth(f) == 0 || (depth(f) == 1 && evidence.contains("ockerfile") && is_tool_folder(split(f).1, rules)),
    });
    if let Some((at, evidence)) = beside {
        let name = evidence.strip_prefix("Python ").unwrap_or(evidence);
        let within = at.strip_prefix(folder).unwrap_or(at).trim_start_matches('/');
        return Some(if within.is_empty() { name.to_string() } else { format!("{within}/{name}") });
    }
    let go = unit.manifests.iter().any(|(e, _)| *e == Ecosystem::Go);
    let program = survey.programs.iter().find(|p| go && own(p))?;
    let within = program.strip_prefix(folder).unwrap_or(program).trim_start_matches('/');
    Some(if within.is_empty() { "package main".into() } else { format!("package main in {within}") })
}

/// The name: configured or in the catalogue, else the manifest's if it says anything, else the folder's.
fn name_of(repository: &Repository, folder: &str, unit: &Unit, single: bool, rules: &Rules) -> String {
    if let Some(name) = &unit.name {
        return name.clone();
    }
    let own = unit.manifests.iter().find_map(|(_, m)| m.short_name.clone().or_else(|| m.name.clone()));
    let generic = |name: &str| rules.service.generic_names.iter().any(|g| g.eq_ignore_ascii_case(name));
    let fallback = if folder.is_empty() { repository.name.clone() } else { split(folder).1.to_string() };
    match own {
        // In a repository of one package, "web" or "api" says less than the repository's name.
        Some(name) if !generic(&name) && !(single && rules.service.part_names.iter().any(|p| p.eq_ignore_ascii_case(&name))) => name,
        _ => fallback,
    }
}

/// Packs and engines that the dependencies of a unit stand for; the version of an engine from compose files
/// beside it or at the root.
fn evidence_of_drivers(folder: &str, unit: &Unit, survey: &Survey, units: &BTreeMap<String, Unit>) -> (Vec<String>, Vec<Dialect>) {
    let drivers = Drivers::embedded();
    let innermost = |path: &str| units.keys().filter(|u| is_below(path, u) || *u == path).max_by_key(|u| u.len());
    let loose = survey.loose.iter().filter(|(f, _, _)| innermost(f).is_some_and(|u| u == folder)).map(|(_, e, m)| (*e, m));
    let own: Vec<(Ecosystem, &Manifest)> = unit.manifests.iter().map(|(e, m)| (*e, m)).chain(loose).collect();
    let names = own.iter().flat_map(|(e, m)| m.dependencies.iter().map(move |d| (*e, d)));
    let mut names: Vec<(Ecosystem, &String)> = names.collect();
    // A unit that lists nothing uses what the repository's root lists.
    if names.is_empty() && !folder.is_empty() {
        let root = units.get("").into_iter().flat_map(|u| u.manifests.iter().map(|(e, m)| (*e, m)));
        let loose = survey.loose.iter().filter(|(f, _, _)| f.is_empty()).map(|(_, e, m)| (*e, m));
        names.extend(root.chain(loose).flat_map(|(e, m)| m.dependencies.iter().map(move |d| (e, d))));
    }
    let mut packs = BTreeSet::new();
    let mut engines: BTreeSet<Engine> = BTreeSet::new();
    for (ecosystem, name) in names {
        for row in drivers.dependency(ecosystem, name) {
            packs.extend(row.packs.iter().cloned());
            engines.extend(row.engine);
        }
    }
    let near = |path: &str| path.is_empty() || path == folder || is_below(folder, path) || innermost(path).is_some_and(|u| u == folder);
    let beside: Vec<Dialect> = survey.engines.iter().filter(|(f, _)| near(f)).map(|(_, d)| *d).collect();
    // A library for several engines says nothing; the servers beside it do.
    if engines.is_empty() && !packs.is_empty() {
        engines.extend(beside.iter().map(|d| d.engine));
    }
    // MariaDB is reached through MySQL's drivers.
    if engines.contains(&Engine::MySql)
        && !beside.iter().any(|d| d.engine == Engine::MySql)
        && beside.iter().any(|d| d.engine == Engine::MariaDb)
    {
        engines.remove(&Engine::MySql);
        engines.insert(Engine::MariaDb);
    }
    let version = |engine: Engine| {
        let versions: BTreeSet<(u16, u16)> = beside.iter().filter(|d| d.engine == engine).filter_map(|d| d.version).collect();
        // Several versions side by side leave it open.
        if versions.len() == 1 { versions.first().copied() } else { None }
    };
    (packs.into_iter().collect(), engines.into_iter().map(|engine| Dialect { engine, version: version(engine) }).collect())
}

/// For each unit the names of those that its manifests name.
fn dependencies(units: &BTreeMap<String, Unit>, survey: &Survey, services: &[Service]) -> Vec<Vec<String>> {
    let mut by_name: HashMap<(Ecosystem, &str), usize> = HashMap::new();
    let mut by_plain: HashMap<&str, usize> = HashMap::new();
    let folders: Vec<&String> = units.keys().collect();
    for (at, unit) in units.values().enumerate() {
        for (ecosystem, manifest) in &unit.manifests {
            // Members do not depend on the root of their workspace; a published package may have its name.
            if let (Some(name), false) =
                (&manifest.name, manifest.workspace || folders.get(at).is_some_and(|f| is_root_of_workspace(f, survey)))
            {
                by_name.entry((*ecosystem, name)).or_insert(at);
                by_plain.entry(name).or_insert(at);
            }
        }
        if let Some(name) = &unit.name {
            by_plain.insert(name, at);
        }
    }
    let holding = |path: &str| {
        (0..folders.len())
            .filter(|at| folders.get(*at).is_some_and(|f| is_below(path, f) || **f == path))
            .max_by_key(|at| folders.get(*at).map_or(0, |f| f.len()))
    };
    let mut all = Vec::new();
    for (at, (folder, unit)) in units.iter().enumerate() {
        let loose = survey.loose.iter().filter(|(f, _, _)| holding(f) == Some(at)).map(|(f, e, m)| (f, *e, m));
        let manifests = unit.manifests.iter().map(|(e, m)| (folder, *e, m)).chain(loose);
        let mut found = BTreeSet::new();
        for (from, ecosystem, manifest) in manifests {
            let names = manifest.dependencies.iter().chain(&manifest.development);
            found.extend(names.filter_map(|n| by_name.get(&(ecosystem, n.as_str()))));
            let paths = manifest.folders.iter().filter_map(|f| join(from, f)).filter(|p| !p.is_empty());
            found.extend(paths.filter_map(|p| holding(&p)));
        }
        found.extend(unit.depends.iter().filter_map(|n| by_plain.get(n.as_str())));
        let others = found.into_iter().filter(|other| *other != at);
        all.push(others.filter_map(|other| services.get(other).map(|s| s.name.clone())).collect());
    }
    all
}

/// Whether a folder holds source code that runs in production.
fn holds_code(repository: &Repository, folder: &str) -> bool {
    files_below(repository, folder).any(|f| f.scope == Scope::Production && matches!(f.kind, FileKind::Source(_)))
}

/// Files below a folder; they come ordered by path.
fn files_below<'a>(repository: &'a Repository, folder: &'a str) -> impl Iterator<Item = &'a SourceFile> {
    let from = repository.files.partition_point(|f| f.path.as_str() < folder);
    let near = repository.files.iter().skip(from).take_while(move |f| f.path.starts_with(folder));
    near.filter(move |f| is_below(&f.path, folder))
}

/// Whether a path lies below a folder; everything lies below the root, except the root.
fn is_below(path: &str, folder: &str) -> bool {
    if folder.is_empty() { !path.is_empty() } else { path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')) }
}

/// Folder and name of a path.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// A relative path as written in a file of `folder`, as a path of the repository; `None` outside of it.
fn join(folder: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = if relative.starts_with('/') { Vec::new() } else { folder.split('/').filter(|p| !p.is_empty()).collect() };
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            other => parts.push(other),
        }
    }
    Some(parts.join("/"))
}
