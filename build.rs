//! Embeds every file under `grammars/`, so that a pack is added by dropping a file, and gives the sources a
//! fingerprint: what the index caches was made by this very code, and is made again by any other.

use std::fmt::Write as _;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

fn main() {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let grammars = root.join("grammars");
    println!("cargo::rerun-if-changed={}", grammars.display());
    let mut files = Vec::new();
    walk(&grammars, &mut files);
    files.sort();
    let mut out = String::from(
        "/// Path below `grammars/`, with `/` as separator, and text; ordered by path.\npub static GRAMMARS: &[(&str, &str)] = &[\n",
    );
    for file in &files {
        let name = file.strip_prefix(&grammars).unwrap_or(file).to_string_lossy().replace('\\', "/");
        let _ = writeln!(out, "    ({name:?}, include_str!({:?})),", file.display().to_string());
    }
    out.push_str("];\n");
    let mut sources = Vec::new();
    walk_sources(&root.join("src"), &mut sources);
    sources.sort();
    let mut hasher = std::hash::DefaultHasher::new();
    for file in &sources {
        std::fs::read(file).unwrap_or_default().hash(&mut hasher);
    }
    println!("cargo::rustc-env=IMPACT_BUILD={:016x}", hasher.finish());
    let target = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default()).join("grammars.rs");
    if let Err(error) = std::fs::write(&target, out) {
        println!("cargo::error=cannot write {}: {error}", target.display());
    }
}

fn walk_sources(folder: &Path, files: &mut Vec<PathBuf>) {
    println!("cargo::rerun-if-changed={}", folder.display());
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|e| e.path()) {
        if path.is_dir() {
            walk_sources(&path, files);
        } else {
            files.push(path);
        }
    }
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    println!("cargo::rerun-if-changed={}", folder.display());
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|e| e.path()) {
        let extension = path.extension().and_then(|e| e.to_str());
        if path.is_dir() {
            walk(&path, files);
        } else if matches!(extension, Some("toml" | "scm")) {
            files.push(path);
        }
    }
}
