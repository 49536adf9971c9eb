//! Which engines and grammar packs a service needs, from the dependencies that its manifests list.

use super::Reader;
use super::drivers::Drivers;
use super::manifest::{Ecosystem, Manifest};
use super::paths::is_below;
use super::survey::{Survey, Unit, files_below};
use crate::model::dialect::{Dialect, Engine};
use crate::model::facts::Language;
use crate::model::project::{FileKind, Repository, Service, SourceFile};
use crate::model::statement::Scope;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Packs and engines that the dependencies of a unit stand for; the version of an engine from compose files
/// beside it or at the root.
pub(super) fn of_unit(folder: &str, unit: &Unit, survey: &Survey, units: &BTreeMap<String, Unit>) -> (Vec<String>, Vec<Dialect>) {
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
    let mut reaches_databases = false;
    for (ecosystem, name) in names {
        for row in drivers.dependency(ecosystem, name) {
            reaches_databases = true;
            packs.extend(row.packs.iter().cloned());
            engines.extend(row.engine);
        }
    }
    let near = |path: &str| path.is_empty() || path == folder || is_below(folder, path) || innermost(path).is_some_and(|u| u == folder);
    let beside: Vec<Dialect> = survey.engines.iter().filter(|(f, _)| near(f)).map(|(_, d)| *d).collect();
    // A library for several engines says nothing; the servers beside it do.
    if engines.is_empty() && reaches_databases {
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

/// Drivers of the standard library, which no manifest lists, for services that name no engine: looked for in the
/// imports of their production code.
pub(super) fn standard(repository: &Repository, services: &mut [Service], library: bool) {
    let folders: Vec<String> = services.iter().map(|s| s.path.clone()).collect();
    for service in services.iter_mut().filter(|s| s.library == library && s.engines.is_empty()) {
        let innermost = |path: &str| folders.iter().filter(|f| is_below(path, f)).max_by_key(|f| f.len());
        let python = |f: &&SourceFile| f.scope == Scope::Production && f.kind == FileKind::Source(Language::Python);
        let mut open: Vec<_> = Drivers::embedded().standard().collect();
        for file in files_below(repository, &service.path).filter(python).filter(|f| innermost(&f.path) == Some(&service.path)) {
            if open.is_empty() {
                break;
            }
            // What can't be read is reported where files are read for their SQL.
            let Ok(bytes) = Reader.read(repository, file) else { continue };
            open.retain(|(module, row)| {
                let imported = imports(&bytes, module);
                if imported {
                    service.engines.extend(row.engine.map(Dialect::of));
                    service.packs.extend(row.packs.iter().filter(|p| !service.packs.contains(p)).cloned().collect::<Vec<_>>());
                }
                !imported
            });
        }
        service.packs.sort();
    }
}

/// Whether a line of Python imports a module.
fn imports(text: &[u8], module: &str) -> bool {
    let module = module.as_bytes();
    memchr::memmem::find_iter(text, module).any(|at| {
        let start = memchr::memrchr(b'\n', &text[..at]).map_or(0, |n| n + 1);
        let word = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
        let line = text[start..at].trim_ascii_start();
        let whole = !word(text.get(at + module.len())) && !word(text[..at].last());
        whole && (line.trim_ascii_end() == b"from" || line.starts_with(b"import ") && !line.contains(&b'#'))
    })
}

/// A service that reaches a database through a library of the repository uses that library's packs, and its
/// engines if it names none itself.
pub(super) fn inherit(services: &mut [Service]) {
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

#[cfg(test)]
mod tests {
    use super::imports;

    #[test]
    fn imports_of_a_module() {
        for text in ["import sqlite3\n", "x = 1\n    from sqlite3 import connect", "import os, sqlite3 as s", "import sqlite3.dbapi2"] {
            assert!(imports(text.as_bytes(), "sqlite3"), "{text}");
        }
        for text in ["# import sqlite3", "import pysqlite3", "from sqlite3x import a", "import os  # not sqlite3", "s = 'sqlite3'"] {
            assert!(!imports(text.as_bytes(), "sqlite3"), "{text}");
        }
    }
}
