//! From manifests and entry points to services and libraries.

use super::ServiceSetting;
use super::engines;
use super::manifest::Ecosystem;
use super::owners::CONFIGURED;
use super::paths::{is_below, join, split};
use super::rules::Rules;
use super::survey::{Survey, Unit, files_below, holds_code, survey};
use crate::model::problem::Problem;
use crate::model::project::{FileKind, Repository, Service, SourceFile};
use crate::model::statement::Scope;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

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
            // without a manifest it is code of the package at the root, which is built with it
            let root = units.get("").filter(|root| !root.manifests.iter().any(|(_, m)| m.workspace) && !is_root_of_workspace("", survey));
            let depends = root.and_then(|root| root.manifests.first()).and_then(|(_, m)| m.name.clone());
            let unit = Unit { evidence: evidence.clone(), entry: Some(evidence.clone()), ..Unit::default() };
            units.insert(folder.clone(), Unit { depends: depends.into_iter().collect(), ..unit });
        }
    }
    for (folder, file, component) in &survey.components {
        let folder = match (&component.path, &component.folder) {
            (Some(path), _) if files_below(repository, path).next().is_some() => path.clone(),
            (_, Some(below)) => join(folder, below).unwrap_or_else(|| folder.clone()),
            _ => folder.clone(),
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
        if setting.repository.is_none() && !folder.is_empty() && files_below(repository, &folder).next().is_none() {
            continue; // the folder of another repository
        }
        let unit = units.entry(folder).or_default();
        unit.explicit = true;
        unit.name = Some(setting.name.clone());
        unit.library = Some(setting.library.unwrap_or(false));
        unit.evidence = CONFIGURED.into();
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
        let (packs, engines) = engines::of_unit(folder, unit, survey, &units);
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
    engines::standard(repository, &mut services, true);
    engines::inherit(&mut services);
    engines::standard(repository, &mut services, false);
    services
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
    let part = |name: &str| rules.service.part_names.iter().any(|p| p.eq_ignore_ascii_case(name));
    let fallback = if folder.is_empty() { repository.name.clone() } else { split(folder).1.to_string() };
    match own {
        // In a repository of one package, "web" or "api" says less than the repository's name.
        Some(name) if generic(&name) || (single && part(&name)) => fallback,
        Some(name) => name,
        None => fallback,
    }
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
