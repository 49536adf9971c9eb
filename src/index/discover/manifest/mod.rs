//! Manifests: what packages a repository is made of, what they depend on and how they start.

pub(super) mod catalog;
pub(super) mod deploy;
mod go;
mod node;
mod python;

pub(super) use go::is_main_package;

use super::rules::ServiceRules;

/// Whose names a dependency is written in.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Ecosystem {
    /// npm names.
    JavaScript,
    /// PyPI names, normalised.
    Python,
    /// Go module paths.
    Go,
}

/// What one manifest says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Manifest {
    /// File name of the manifest.
    pub file: String,
    /// Name of the package, as its dependents write it.
    pub name: Option<String>,
    /// Name for people, where it is another (the last part of a Go module path).
    pub short_name: Option<String>,
    /// It makes a package of its folder; otherwise it only tells of dependencies or tools.
    pub package: bool,
    /// It is the root of a workspace: its scripts run those of the members.
    pub workspace: bool,
    /// Names that it depends on.
    pub dependencies: Vec<String>,
    /// Of those, the ones needed only to build and test it.
    pub development: Vec<String>,
    /// Folders that it depends on, as written, relative to its own.
    pub folders: Vec<String>,
    /// What says that it is started: a script, a binary.
    pub entry: Option<String>,
    /// It is declared a library or an application.
    pub library: Option<bool>,
}

/// Reads a manifest by its file name; `None`: no manifest. An error says what is wrong with it.
pub(super) fn read(name: &str, text: &str, rules: &ServiceRules) -> Option<(Ecosystem, Result<Manifest, String>)> {
    let (ecosystem, manifest) = match name {
        "package.json" => (Ecosystem::JavaScript, node::package_json(text, rules)),
        "project.json" => (Ecosystem::JavaScript, node::project_json(text)),
        "pnpm-workspace.yaml" | "pnpm-workspace.yml" => (Ecosystem::JavaScript, node::pnpm_workspace(text)),
        "lerna.json" | "nx.json" => (Ecosystem::JavaScript, Ok(Manifest { workspace: true, ..Manifest::default() })),
        "go.mod" => (Ecosystem::Go, Ok(go::go_mod(text))),
        "go.work" => (Ecosystem::Go, Ok(Manifest { workspace: true, ..Manifest::default() })),
        "pyproject.toml" => (Ecosystem::Python, python::pyproject(text)),
        "setup.py" => (Ecosystem::Python, Ok(python::setup_py(text))),
        "setup.cfg" => (Ecosystem::Python, Ok(python::setup_cfg(text))),
        "Pipfile" => (Ecosystem::Python, python::pipfile(text)),
        _ if name.ends_with(".txt") || name.ends_with(".in") => (Ecosystem::Python, Ok(python::requirements(text))),
        _ => return None,
    };
    Some((ecosystem, manifest.map(|manifest| Manifest { file: name.to_string(), ..manifest })))
}
