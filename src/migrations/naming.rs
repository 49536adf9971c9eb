//! Names of databases: what a person would call them, from the service or folder that holds the history.

use super::below;
use super::dialects::Dialects;
use crate::model::project::Service;

/// Folder names that say nothing about which database is meant.
const GENERIC: &[&str] = &[
    "migrations",
    "migration",
    "migrate",
    "migrator",
    "db",
    "dbs",
    "database",
    "databases",
    "sql",
    "sqls",
    "schema",
    "schemas",
    "prisma",
    "drizzle",
    "versions",
    "revisions",
    "deploy",
    "src",
    "internal",
    "pkg",
    "resources",
    "main",
    "store",
    "storage",
    "datastore",
    "data",
    "app",
    "apps",
    "packages",
    "lib",
    "libs",
    "server",
    "backend",
    "api",
    "services",
    "service",
    "cmd",
    "scripts",
    "config",
    "alembic",
    "changes",
    "patches",
    "ddl",
    "upgrades",
    "repository",
    "repositories",
    "persistence",
    "postgresql",
    "core",
    "shared",
    "common",
    "infra",
    "infrastructure",
    "assets",
    "files",
    "embed",
    "resource",
    "changelog",
    "up",
    "default",
    "supabase",
    "sqlx",
    "goose",
    "flyway",
];

/// Names for histories in these folders, in their order, all different.
pub(super) fn database_names(folders: &[String], repository: &str, services: &[Service], dialects: &Dialects) -> Vec<String> {
    let parts: Vec<(String, Vec<String>)> = folders.iter().map(|f| name_parts(f, repository, services, dialects)).collect();
    let mut names: Vec<String> = Vec::new();
    for (at, (base, rest)) in parts.iter().enumerate() {
        let alone = parts.iter().enumerate().all(|(i, (other, _))| i == at || other != base);
        let name = match rest.last() {
            Some(own) if !alone => own.clone(),
            _ => base.clone(),
        };
        names.push(name);
    }
    for at in 0..names.len() {
        let Some(name) = names.get(at).cloned() else { continue };
        let taken = |name: &str, names: &[String]| names.iter().take(at).any(|n| n == name);
        if !taken(&name, &names) {
            continue;
        }
        let (base, rest) = &parts[at];
        let mut unique = if name == *base { name.clone() } else { format!("{base}-{name}") };
        if taken(&unique, &names) && !rest.is_empty() {
            unique = format!("{base}-{}", rest.join("-"));
        }
        let mut number = 2;
        let stem = unique.clone();
        while taken(&unique, &names) {
            unique = format!("{stem}-{number}");
            number += 1;
        }
        names[at] = unique;
    }
    names
}

/// The innermost service that holds a folder.
pub(super) fn holder<'s>(folder: &str, services: &'s [Service]) -> Option<&'s Service> {
    let holds = |s: &&Service| s.path == folder || below(&s.path, folder).is_some();
    services.iter().filter(holds).max_by_key(|s| s.path.len())
}

/// The name by service or repository, and the meaningful folders below it.
fn name_parts(folder: &str, repository: &str, services: &[Service], dialects: &Dialects) -> (String, Vec<String>) {
    let service = holder(folder, services).filter(|s| !s.path.is_empty() && !is_generic(&s.name, dialects));
    let (base, path) = match service {
        Some(service) => (service.name.clone(), below(&service.path, folder).unwrap_or("")),
        None => (repository.to_string(), folder),
    };
    let base = if base.is_empty() { "main".to_string() } else { base };
    let rest = path.split('/').filter_map(|part| meaningful(part, dialects)).collect();
    (base, rest)
}

/// A folder's name without engine and filler words; `None`: nothing is left.
fn meaningful(part: &str, dialects: &Dialects) -> Option<String> {
    let words: Vec<&str> =
        part.split(['-', '_', '.', ' ']).filter(|w| !w.is_empty() && dialects.engine(w).is_none() && !generic_word(w)).collect();
    (!words.is_empty()).then(|| words.join("-"))
}

fn generic_word(word: &str) -> bool {
    GENERIC.iter().any(|g| g.eq_ignore_ascii_case(word))
}

fn is_generic(name: &str, dialects: &Dialects) -> bool {
    meaningful(name.rsplit('/').next().unwrap_or(name), dialects).is_none()
}

/// The folder with its engine word taken out: equal for the variants of one history.
pub(super) fn without_engine(folder: &str, dialects: &Dialects) -> String {
    let parts: Vec<String> = folder
        .split('/')
        .map(|part| match dialects.engine_in_name(part) {
            Some((_, rest)) => rest,
            None => part.to_string(),
        })
        .collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::super::formats::Formats;
    use super::*;

    #[test]
    fn names() {
        let service = |name: &str, path: &str| Service { name: name.into(), path: path.into(), ..Service::default() };
        let services = [service("shop", ""), service("orders", "services/orders"), service("prisma", "packages/prisma")];
        let cases: &[(&[&str], &[&str])] = &[
            (&["migrations"], &["shop-db"]),
            (&["services/orders/db/migrations"], &["orders"]),
            (&["packages/prisma/migrations"], &["shop-db"]),
            (&["db/migrations/main", "db/migrations/analytics"], &["shop-db", "analytics"]),
            (&["a/x/migrations", "b/x/migrations"], &["x", "shop-db-x"]),
            (&["migrations/postgres"], &["shop-db"]),
        ];
        for (folders, expected) in cases {
            let folders: Vec<String> = folders.iter().map(|f| f.to_string()).collect();
            let found = database_names(&folders, "shop-db", &services, &Formats::embedded().dialects);
            assert_eq!(found, *expected, "{folders:?}");
        }
    }

    #[test]
    fn variants() {
        let dialects = &Formats::embedded().dialects;
        assert_eq!(without_engine("db/migrations/postgres", dialects), without_engine("db/migrations/sqlite3", dialects));
        assert_eq!(without_engine("db/migrations-pg", dialects), "db/migrations");
    }
}
