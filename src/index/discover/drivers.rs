//! The table of `config/drivers.toml`: which engines and grammar packs dependencies and images stand for.

use super::manifest::Ecosystem;
use crate::model::dialect::{Dialect, Engine};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

const TEXT: &str = include_str!("../../../config/drivers.toml");

/// The compiled table.
#[derive(Debug, Default)]
pub(super) struct Drivers {
    rows: Vec<Row>,
    by_name: HashMap<(Ecosystem, String), Vec<usize>>,
    standard: Vec<(String, usize)>,
    images: HashMap<String, (Engine, bool)>,
    schemes: HashMap<String, Engine>,
}

/// What a dependency stands for.
#[derive(Debug)]
pub(super) struct Row {
    /// Engine of a driver; `None`: a library for several.
    pub engine: Option<Engine>,
    /// Ids of grammar packs.
    pub packs: Vec<String>,
}

impl Drivers {
    /// The table in the binary.
    pub(super) fn embedded() -> &'static Drivers {
        static DRIVERS: OnceLock<Drivers> = OnceLock::new();
        DRIVERS.get_or_init(|| Drivers::compile(toml::from_str(TEXT).expect("config/drivers.toml is part of the binary and tested")))
    }

    fn compile(file: DriversFile) -> Drivers {
        let mut drivers = Drivers::default();
        for row in file.driver {
            let index = drivers.rows.len();
            for (ecosystem, names) in [(Ecosystem::Python, row.python), (Ecosystem::JavaScript, row.javascript), (Ecosystem::Go, row.go)] {
                for name in names {
                    drivers.by_name.entry((ecosystem, name)).or_default().push(index);
                }
            }
            drivers.standard.extend(row.python_standard.into_iter().map(|module| (module, index)));
            drivers.rows.push(Row { engine: row.engine, packs: row.packs });
        }
        for image in file.image {
            drivers.images.extend(image.names.into_iter().map(|name| (name, (image.engine, image.version))));
        }
        for (engine, names) in file.schemes {
            drivers.schemes.extend(names.into_iter().map(|name| (name, engine)));
        }
        drivers
    }

    /// What a dependency stands for; a Go module path also by its parents (`github.com/jackc/pgx/v5`).
    pub(super) fn dependency(&self, ecosystem: Ecosystem, name: &str) -> impl Iterator<Item = &Row> {
        let mut found = self.by_name.get(&(ecosystem, name.to_string()));
        let mut rest = name;
        while let (None, Ecosystem::Go, Some((parent, _))) = (found, ecosystem, rest.rsplit_once('/')) {
            found = self.by_name.get(&(ecosystem, parent.to_string()));
            rest = parent;
        }
        found.into_iter().flatten().filter_map(|row| self.rows.get(*row))
    }

    /// Drivers in Python's standard library, by module.
    pub(super) fn standard(&self) -> impl Iterator<Item = (&str, &Row)> {
        self.standard.iter().filter_map(|(module, row)| Some((module.as_str(), self.rows.get(*row)?)))
    }

    /// The engine of a container image, with the version that its tag names.
    pub(super) fn image(&self, image: &str) -> Option<Dialect> {
        let image = with_defaults(image);
        let image = image.split('@').next().unwrap_or(&image);
        let (name, tag) = match image.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, tag),
            _ => (image, ""),
        };
        let name = name.strip_prefix("docker.io/").unwrap_or(name);
        let name = name.strip_prefix("library/").unwrap_or(name);
        let (engine, tagged) = self.images.get(name)?;
        let tag = tag.trim_start_matches("pg");
        Some(Dialect { engine: *engine, version: if *tagged { version(tag) } else { None } })
    }

    /// The engine that a URL scheme or a tool's setting names.
    pub(super) fn scheme(&self, scheme: &str) -> Option<Dialect> {
        self.schemes.get(scheme.to_ascii_lowercase().as_str()).map(|engine| Dialect::of(*engine))
    }
}

/// Text in which `${NAME:-default}` stands for its default.
fn with_defaults(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        plain.push_str(before);
        let (inside, tail) = after.split_once('}').unwrap_or((after, ""));
        plain.push_str(inside.split_once('-').map_or("", |(_, default)| default));
        rest = tail;
    }
    plain + rest
}

/// The leading `15` or `10.11` of a tag.
fn version(tag: &str) -> Option<(u16, u16)> {
    let end = tag.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(tag.len());
    let mut numbers = tag.get(..end)?.split('.');
    let major = numbers.next()?.parse().ok()?;
    let minor = numbers.next().and_then(|n| n.parse().ok()).unwrap_or(0);
    Some((major, minor))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DriversFile {
    driver: Vec<DriverRow>,
    image: Vec<ImageRow>,
    schemes: BTreeMap<Engine, Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct DriverRow {
    engine: Option<Engine>,
    python: Vec<String>,
    python_standard: Vec<String>,
    javascript: Vec<String>,
    go: Vec<String>,
    packs: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ImageRow {
    engine: Engine,
    names: Vec<String>,
    #[serde(default = "yes")]
    version: bool,
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::facts::Language;

    #[test]
    fn packs_exist() {
        let packs = crate::grammar::set::PackSet::builtin().unwrap();
        let drivers = Drivers::embedded();
        for ((ecosystem, name), rows) in &drivers.by_name {
            let language = match ecosystem {
                Ecosystem::Python => Language::Python,
                Ecosystem::JavaScript => Language::TypeScript,
                Ecosystem::Go => Language::Go,
            };
            for id in rows.iter().flat_map(|r| &drivers.rows[*r].packs) {
                assert!(packs.language(language).unwrap().pack(id).is_some(), "{name} names the pack {id}, which is not in grammars/");
            }
        }
    }

    #[test]
    fn dependencies_and_images() {
        let drivers = Drivers::embedded();
        let engines = |ecosystem, name: &str| drivers.dependency(ecosystem, name).filter_map(|r| r.engine).collect::<Vec<_>>();
        assert_eq!(engines(Ecosystem::Python, "psycopg2-binary"), [Engine::Postgres]);
        assert_eq!(engines(Ecosystem::Go, "github.com/jackc/pgx/v5"), [Engine::Postgres]);
        assert_eq!(engines(Ecosystem::JavaScript, "better-sqlite3"), [Engine::Sqlite]);
        assert_eq!(engines(Ecosystem::JavaScript, "left-pad"), []);
        for (image, expected) in [
            ("postgres:15-alpine", Some("postgres:15")),
            ("docker.io/postgres:${POSTGRES_VERSION:-17}", Some("postgres:17")),
            ("${IMAGE:-mysql:8.4}", Some("mysql:8.4")),
            ("postgres", Some("postgres")),
            ("mariadb:10.11.6", Some("mariadb:10.11")),
            ("pgvector/pgvector:pg16", Some("postgres:16")),
            ("timescale/timescaledb:2.11.0-pg15", Some("postgres")),
            ("localhost:5000/x", None),
            ("postgres@sha256:abc", Some("postgres")),
        ] {
            assert_eq!(drivers.image(image).map(|d| d.to_string()).as_deref(), expected, "{image}");
        }
    }
}
