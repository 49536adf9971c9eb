//! Embeds every file under `grammars/`, so that a pack is added by dropping a file.

use std::fmt::Write as _;
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
    let target = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default()).join("grammars.rs");
    if let Err(error) = std::fs::write(&target, out) {
        println!("cargo::error=cannot write {}: {error}", target.display());
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
