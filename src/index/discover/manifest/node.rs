//! package.json and the project files of its monorepo tools.

use super::{Manifest, ServiceRules};
use serde_json::{Map, Value};

/// Words of a script that run another program, which stands after them.
const RUNNERS: [&str; 22] = [
    "cross-env",
    "dotenv",
    "env-cmd",
    "npx",
    "bunx",
    "pnpm",
    "yarn",
    "npm",
    "bun",
    "run",
    "exec",
    "dlx",
    "sh",
    "bash",
    "-c",
    "--",
    "sudo",
    "exec",
    "wait-on",
    "doppler",
    "infisical",
    "op",
];

/// Reads a package.json.
pub(super) fn package_json(text: &str, rules: &ServiceRules) -> Result<Manifest, String> {
    let value: Value = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let package = value.as_object().ok_or("it is not a JSON object")?;
    let table = |key: &str| package.get(key).and_then(Value::as_object);
    let name = package.get("name").and_then(Value::as_str).filter(|n| !n.is_empty()).map(str::to_string);
    let mut manifest = Manifest { workspace: package.contains_key("workspaces"), ..Manifest::default() };
    for (key, development) in
        [("dependencies", false), ("optionalDependencies", false), ("peerDependencies", false), ("devDependencies", true)]
    {
        for (name, version) in table(key).into_iter().flatten() {
            let version = version.as_str().unwrap_or_default();
            if let Some(folder) = ["file:", "link:", "portal:"].iter().find_map(|p| version.strip_prefix(p)) {
                manifest.folders.push(folder.to_string());
            }
            let list = if development { &mut manifest.development } else { &mut manifest.dependencies };
            list.push(name.clone());
        }
    }
    let scripts = table("scripts");
    // `{"type": "module"}` in a folder of sources is no package.
    manifest.package = name.is_some() || scripts.is_some() || !manifest.dependencies.is_empty();
    manifest.entry = entry(package, scripts, rules);
    manifest.name = name;
    Ok(manifest)
}

fn entry(package: &Map<String, Value>, scripts: Option<&Map<String, Value>>, rules: &ServiceRules) -> Option<String> {
    let script = |key: &str| scripts.and_then(|s| s.get(key)).and_then(Value::as_str);
    for key in &rules.start_scripts {
        if script(key).and_then(program).is_some_and(|p| !rules.build_commands.contains(&p)) {
            return Some(format!("package.json script {key}"));
        }
    }
    // A library's `dev` shows its parts to developers.
    let is_consumed = ["main", "module", "exports", "types"].iter().any(|key| package.contains_key(*key));
    if !is_consumed && script("dev").and_then(program).is_some_and(|p| rules.application_commands.contains(&p)) {
        return Some("package.json script dev".into());
    }
    package.contains_key("bin").then(|| "package.json bin".into())
}

/// The program that a script starts, without the wrappers around it; the last of several commands, since
/// those before it prepare.
fn program(script: &str) -> Option<String> {
    let last = script.rsplit(['&', '|', ';']).find(|part| !part.trim().is_empty())?;
    let mut after_runner = false;
    for word in last.split_whitespace() {
        let word = word.trim_matches(['\'', '"', '(', ')']);
        let name = word.rsplit('/').next().unwrap_or(word);
        if word.is_empty() || RUNNERS.contains(&name) {
            after_runner = true;
            continue;
        }
        let is_argument =
            word.starts_with('-') || word.contains('=') || (after_runner && (word.starts_with('.') || name.starts_with(".env")));
        if !is_argument {
            return Some(name.to_string());
        }
    }
    None
}

/// Reads a pnpm-workspace.yaml, which makes a workspace only where it lists packages.
pub(super) fn pnpm_workspace(text: &str) -> Result<Manifest, String> {
    if text.trim().is_empty() {
        return Ok(Manifest::default());
    }
    let value: Value = serde_saphyr::from_str(text).map_err(|e| e.to_string())?;
    let workspace = value.get("packages").and_then(Value::as_array).is_some_and(|p| !p.is_empty());
    Ok(Manifest { workspace, ..Manifest::default() })
}

/// Reads the project.json of an Nx workspace.
pub(super) fn project_json(text: &str) -> Result<Manifest, String> {
    let value: Value = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let library = match value.get("projectType").and_then(Value::as_str) {
        Some("library") => Some(true),
        Some("application") => Some(false),
        _ => None,
    };
    let served = value.get("targets").and_then(Value::as_object).is_some_and(|t| t.contains_key("serve"));
    let folders = value.get("implicitDependencies").and_then(Value::as_array);
    Ok(Manifest {
        name: value.get("name").and_then(Value::as_str).map(str::to_string),
        package: library.is_some() || value.get("sourceRoot").is_some(),
        dependencies: folders.into_iter().flatten().filter_map(|v| v.as_str().map(str::to_string)).collect(),
        entry: (library == Some(false) || served).then(|| "project.json".into()),
        library,
        ..Manifest::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::discover::rules::Rules;

    #[test]
    fn entry_points() {
        let rules = &Rules::embedded().service;
        for (text, expected) in [
            (r#"{"name":"a","scripts":{"start":"dotenv -e ../.env -- node dist/index.js"}}"#, Some("package.json script start")),
            (r#"{"name":"a","scripts":{"start":"sh -c 'X=true next start'"}}"#, Some("package.json script start")),
            (r#"{"name":"a","scripts":{"start":"tsc --watch"}}"#, None),
            (r#"{"name":"a","scripts":{"start":"yarn tsdx watch"}}"#, None),
            (r#"{"name":"a","scripts":{"dev":"next dev"}}"#, Some("package.json script dev")),
            (r#"{"name":"a","scripts":{"dev":"vite"}}"#, Some("package.json script dev")),
            (r#"{"name":"a","main":"dist/a.js","scripts":{"dev":"vite"}}"#, None),
            (r#"{"name":"a","scripts":{"dev":"tsc --watch"}}"#, None),
            (r#"{"name":"a","bin":{"a":"a.js"}}"#, Some("package.json bin")),
            (r#"{"name":"a"}"#, None),
        ] {
            assert_eq!(package_json(text, rules).unwrap().entry.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn packages() {
        let rules = &Rules::embedded().service;
        assert!(!package_json(r#"{"type":"module"}"#, rules).unwrap().package);
        assert!(package_json("[]", rules).is_err());
        assert!(package_json("{", rules).is_err());
        let manifest = package_json(r#"{"dependencies":{"pg":"^8","@x/db":"file:../db"},"workspaces":["packages/*"]}"#, rules).unwrap();
        assert_eq!(manifest.dependencies, ["pg", "@x/db"]);
        assert_eq!(manifest.folders, ["../db"]);
        assert!(manifest.workspace);
    }
}
