//! pyproject.toml (PEP 621, Poetry, uv), setup.py, setup.cfg, Pipfile and requirements files.

use super::Manifest;
use toml::{Table, Value};

/// Modules that a `setup.py` takes `setup` from.
const BUILD_TOOLS: [&str; 3] = ["setuptools", "distutils", "skbuild"];

/// Reads a pyproject.toml. Without a project in it, it only configures tools and makes no package.
pub(super) fn pyproject(text: &str) -> Result<Manifest, String> {
    let file: Table = text.parse().map_err(|e: toml::de::Error| e.message().to_string())?;
    let mut manifest = Manifest::default();
    let at = |keys: &[&str]| -> Option<&Value> {
        let (first, rest) = keys.split_first()?;
        rest.iter().try_fold(file.get(*first)?, |value, key| value.get(key))
    };
    for (section, from) in [(&["project"][..], "project.scripts"), (&["tool", "poetry"], "tool.poetry.scripts")] {
        let Some(table) = at(section) else { continue };
        manifest.package = true;
        if let (None, Some(name)) = (&manifest.name, table.get("name").and_then(Value::as_str)) {
            manifest.name = Some(normalise(name));
            manifest.short_name = Some(name.to_string());
        }
        if table.get("scripts").and_then(Value::as_table).is_some_and(|s| !s.is_empty()) {
            manifest.entry.get_or_insert(format!("pyproject.toml {from}"));
        }
    }
    for list in [at(&["project", "dependencies"])].into_iter().flatten().chain(values(at(&["project", "optional-dependencies"]))) {
        let names = list.as_array().into_iter().flatten().filter_map(Value::as_str);
        for requirement in names {
            add(&mut manifest, requirement);
        }
    }
    for group in values(at(&["dependency-groups"])) {
        let names = group.as_array().into_iter().flatten().filter_map(Value::as_str);
        manifest.development.extend(names.filter_map(requirement_name));
    }
    let poetry_groups = values(at(&["tool", "poetry", "group"])).filter_map(|g| g.get("dependencies"));
    for (table, development) in [
        (at(&["tool", "poetry", "dependencies"]), false),
        (at(&["tool", "uv", "sources"]), false),
        (at(&["tool", "poetry", "dev-dependencies"]), true),
        (at(&["tool", "pdm", "dev-dependencies"]), true),
    ]
    .into_iter()
    .filter_map(|(table, development)| Some((table?, development)))
    .chain(poetry_groups.map(|table| (table, true)))
    {
        for (name, value) in table.as_table().into_iter().flatten() {
            if let Some(folder) = value.get("path").and_then(Value::as_str) {
                manifest.folders.push(folder.to_string());
            }
            let list = if development { &mut manifest.development } else { &mut manifest.dependencies };
            if name != "python" {
                list.push(normalise(name));
            }
        }
    }
    manifest.workspace = at(&["tool", "uv", "workspace"]).is_some() || at(&["tool", "hatch", "workspace"]).is_some();
    Ok(manifest)
}

fn values(table: Option<&Value>) -> impl Iterator<Item = &Value> {
    table.and_then(Value::as_table).into_iter().flat_map(|t| t.values())
}

/// Reads a Pipfile.
pub(super) fn pipfile(text: &str) -> Result<Manifest, String> {
    let file: Table = text.parse().map_err(|e: toml::de::Error| e.message().to_string())?;
    let names = |key: &str| file.get(key).and_then(Value::as_table).into_iter().flat_map(|t| t.keys()).map(|k| normalise(k)).collect();
    Ok(Manifest { package: true, dependencies: names("packages"), development: names("dev-packages"), ..Manifest::default() })
}

/// Reads a requirements file. It makes no package by itself: documentation and tools have them, too.
pub(super) fn requirements(text: &str) -> Manifest {
    let mut manifest = Manifest::default();
    for line in text.lines() {
        let line = line.split(" #").next().unwrap_or_default().trim();
        let editable = line.strip_prefix("-e ").or_else(|| line.strip_prefix("--editable ")).map(str::trim);
        match editable.or_else(|| line.starts_with('.').then_some(line)) {
            Some(folder) if folder.starts_with('.') => manifest.folders.push(folder.split('[').next().unwrap_or(folder).to_string()),
            Some(_) => {}
            None => add(&mut manifest, line),
        }
    }
    manifest
}

/// Reads the parts of a setup.cfg that tell of a package.
pub(super) fn setup_cfg(text: &str) -> Manifest {
    let mut manifest = Manifest::default();
    let (mut section, mut key) = ("", "");
    for line in text.lines() {
        if line.trim_start().starts_with(['#', ';']) || line.trim().is_empty() {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.split(']').next()) {
            (section, key) = (name, "");
            continue;
        }
        let value = if line.starts_with([' ', '\t']) {
            line.trim()
        } else {
            let (k, v) = line.split_once('=').unwrap_or((line, ""));
            key = k.trim();
            v.trim()
        };
        match (section, key) {
            ("metadata", "name") if !value.is_empty() => name_it(&mut manifest, value),
            ("options", "install_requires") | ("options.extras_require", _) => add(&mut manifest, value),
            ("options.entry_points", "console_scripts") => manifest.entry = Some("setup.cfg console_scripts".into()),
            _ => {}
        }
    }
    manifest
}

/// Reads what a setup.py says in literals: `name=`, `install_requires=[...]`, console scripts. What it
/// computes stays unknown. A module of an application may have this name too: without the tools that build packages
/// it makes none.
pub(super) fn setup_py(text: &str) -> Manifest {
    let Some(call) = text.find("setup(").and_then(|at| text.get(at..)).filter(|_| BUILD_TOOLS.iter().any(|t| text.contains(t))) else {
        return Manifest::default();
    };
    let mut manifest = Manifest { package: true, ..Manifest::default() };
    if let Some(name) = keyword(call, "name").and_then(|rest| literals(rest, 1).into_iter().next()) {
        name_it(&mut manifest, &name);
    }
    for list in ["install_requires", "requires"] {
        if let Some(list) = keyword(call, list).filter(|rest| rest.starts_with('[')) {
            let inside = list.split(']').next().unwrap_or_default();
            for requirement in literals(inside, usize::MAX) {
                add(&mut manifest, &requirement);
            }
        }
    }
    if call.contains("console_scripts") {
        manifest.entry = Some("setup.py console_scripts".into());
    }
    manifest
}

/// What follows `word=` in a call.
fn keyword<'a>(call: &'a str, word: &str) -> Option<&'a str> {
    call.match_indices(word).find_map(|(at, _)| {
        let before = call.get(..at)?.chars().next_back()?;
        let rest = call.get(at + word.len()..)?.trim_start().strip_prefix('=')?;
        (!before.is_alphanumeric() && before != '_' && before != '.').then(|| rest.trim_start())
    })
}

/// The first string literals of a text, as long as one follows another.
fn literals(text: &str, limit: usize) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text.trim_start_matches(['[', '(', ' ', '\n', '\t', '\r']);
    while found.len() < limit {
        let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) else { break };
        let body = rest.get(1..).unwrap_or_default();
        let Some((literal, after)) = body.split_once(quote) else { break };
        found.push(literal.to_string());
        rest = after.trim_start_matches([',', ' ', '\n', '\t', '\r']);
    }
    found
}

fn name_it(manifest: &mut Manifest, name: &str) {
    manifest.name = Some(normalise(name));
    manifest.short_name = Some(name.to_string());
    manifest.package = true;
}

fn add(manifest: &mut Manifest, requirement: &str) {
    if let Some(folder) = requirement.split_once("@ file:").map(|(_, f)| f.trim_start_matches('/')) {
        manifest.folders.push(folder.to_string());
    }
    manifest.dependencies.extend(requirement_name(requirement));
}

/// The name in a requirement such as `psycopg[binary]>=3 ; python_version > "3.8"` (PEP 508).
fn requirement_name(requirement: &str) -> Option<String> {
    let requirement = requirement.trim();
    let end = requirement.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))).unwrap_or(requirement.len());
    let name = requirement.get(..end)?;
    name.starts_with(|c: char| c.is_ascii_alphanumeric()).then(|| normalise(name))
}

/// A name as PyPI compares it (PEP 503).
fn normalise(name: &str) -> String {
    name.to_lowercase().replace(['_', '.'], "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn projects() {
        let uv = "[project]\nname = \"Shop_API\"\ndependencies = [\"psycopg[binary]>=3.1\", \"shop-core\"]\n[project.scripts]\nshop = \"shop:main\"\n[project.optional-dependencies]\nx = [\"asyncpg\"]\n[tool.uv.sources]\nshop-core = { workspace = true }\nshop-db = { path = \"../db\" }\n[dependency-groups]\ndev = [\"pytest\", {include-group = \"x\"}]\n";
        let manifest = pyproject(uv).unwrap();
        assert_eq!((manifest.name.as_deref(), manifest.short_name.as_deref()), (Some("shop-api"), Some("Shop_API")));
        assert_eq!(manifest.dependencies, ["psycopg", "shop-core", "asyncpg", "shop-core", "shop-db"]);
        assert_eq!(manifest.folders, ["../db"]);
        assert_eq!(manifest.development, ["pytest"]);
        assert!(manifest.entry.is_some());

        let poetry = "[tool.poetry]\nname = \"a\"\n[tool.poetry.dependencies]\npython = \"^3.11\"\nSQLAlchemy = \"^2\"\ncore = {path = \"../core\", develop = true}\n[tool.poetry.group.dev.dependencies]\nblack = \"*\"\n";
        let manifest = pyproject(poetry).unwrap();
        assert_eq!(manifest.dependencies, ["sqlalchemy", "core"]);
        assert_eq!((manifest.folders, manifest.development), (vec!["../core".to_string()], vec!["black".to_string()]));

        assert!(!pyproject("[tool.ruff]\nline-length = 100\n").unwrap().package);
        assert!(pyproject("[project\n").is_err());
    }

    #[test]
    fn older_forms() {
        let manifest = setup_py(
            "from setuptools import setup\nsetup(\n  name='shop-core',\n  version=__version__,\n  install_requires=[\n    'psycopg2>=2.8',\n    \"requests\",\n  ],\n  entry_points={'console_scripts': ['a=b:c']},\n)\n",
        );
        assert_eq!((manifest.name.as_deref(), manifest.package), (Some("shop-core"), true));
        assert_eq!(manifest.dependencies, ["psycopg2", "requests"]);
        assert!(manifest.entry.is_some());
        assert!(!setup_py("from flask import request\n\ndef setup():\n    return request.form\n").package);

        let manifest = setup_cfg(
            "[metadata]\nname = shop\n[options]\ninstall_requires =\n    asyncpg>=0.2\n    # no\n    flask\n[flake8]\nname = no\n",
        );
        assert_eq!(manifest.name.as_deref(), Some("shop"));
        assert_eq!(manifest.dependencies, ["asyncpg", "flask"]);

        let manifest =
            requirements("# x\npsycopg2-binary==2.9 # driver\n-r base.txt\n-e ../shared[x]\n--hash=sha256:x\nDjango>=4\n./local\n");
        assert_eq!(manifest.dependencies, ["psycopg2-binary", "django"]);
        assert_eq!(manifest.folders, ["../shared", "./local"]);
    }
}
