//! go.mod and `package main`.

use super::Manifest;

/// Reads a go.mod: the module's path, what it requires, and replacements by folders. Lines that are not
/// understood are left out, as the file changes with Go's versions.
pub(super) fn go_mod(text: &str) -> Manifest {
    let mut manifest = Manifest { package: true, ..Manifest::default() };
    let mut block = None;
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or_default().trim();
        let mut words = line.split_whitespace().map(|w| w.trim_matches('"'));
        let Some(first) = words.next() else { continue };
        let verb = match block {
            Some(_) if first == ")" => {
                block = None;
                continue;
            }
            Some(verb) => verb,
            None => first,
        };
        let mut rest: Vec<&str> = words.collect();
        if block.is_some() {
            rest.insert(0, first);
        } else if rest.first() == Some(&"(") {
            block = Some(verb);
            continue;
        }
        match (verb, rest.as_slice()) {
            ("module", [path, ..]) => {
                manifest.short_name = Some(short_name(path));
                manifest.name = Some((*path).to_string());
            }
            ("require", [path, ..]) => manifest.dependencies.push((*path).to_string()),
            ("replace", words) => {
                let target = words.iter().position(|w| *w == "=>").and_then(|at| words.get(at + 1));
                if let Some(folder) = target.filter(|t| t.starts_with('.')) {
                    manifest.folders.push((*folder).to_string());
                }
            }
            _ => {}
        }
    }
    manifest
}

/// The last part of a module path that is no major version.
fn short_name(path: &str) -> String {
    let is_version = |part: &str| part.strip_prefix('v').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    let name = path.rsplit('/').find(|part| !is_version(part)).unwrap_or(path);
    name.to_string()
}

/// Whether a Go file belongs to a package that is a program. Files that only `go run` or `go generate` use
/// (`//go:build ignore`) do not.
pub(in crate::index::discover) fn is_main_package(text: &str) -> bool {
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with("//go:build") && line.split([' ', '(', ')']).any(|w| w == "ignore") {
            return false;
        }
        if let Some(name) = line.strip_prefix("package ") {
            return name.split_whitespace().next() == Some("main");
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules() {
        let manifest = go_mod(
            "module github.com/shop/orders/v2 // the shop\n\ngo 1.22\n\nrequire github.com/lib/pq v1.10.9\n\nrequire (\n\tgithub.com/shop/common v0.0.0\n\t\"golang.org/x/sync\" v0.1.0 // indirect\n)\n\nreplace github.com/shop/common => ../common\nreplace (\n\ta.b/c v1 => ./local\n\ta.b/d => a.b/e v2\n)\n",
        );
        assert_eq!(manifest.name.as_deref(), Some("github.com/shop/orders/v2"));
        assert_eq!(manifest.short_name.as_deref(), Some("orders"));
        assert_eq!(manifest.dependencies, ["github.com/lib/pq", "github.com/shop/common", "golang.org/x/sync"]);
        assert_eq!(manifest.folders, ["../common", "./local"]);
        assert_eq!(go_mod("require (").dependencies, Vec::<String>::new());
    }

    #[test]
    fn programs() {
        for (text, expected) in [
            ("// Package main runs.\npackage main\n", true),
            ("package main // x", true),
            ("package mainframe\n", false),
            ("//go:build ignore\n\npackage main\n", false),
            ("", false),
        ] {
            assert_eq!(is_main_package(text), expected, "{text}");
        }
    }
}
