//! An application with what the real library sent for each of its lines.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// An application.
#[derive(Clone)]
pub struct Application {
    /// Source files by path, the schema too.
    pub files: BTreeMap<String, String>,
    /// Engine, as `--dialect` takes it.
    pub dialect: String,
    /// What was sent.
    pub sites: Vec<Site>,
}

/// Lines that sent, built, or defined something.
#[derive(Clone, Debug, Deserialize)]
pub struct Site {
    pub id: u32,
    pub file: String,
    /// First and last line of each part.
    pub parts: Vec<(u32, u32)>,
    pub function: Option<String>,
    pub kind: String,
    pub refs: Vec<Ref>,
    /// Sites that this one contributed to.
    #[serde(default)]
    pub of: Vec<u32>,
}

/// A table or column that was touched.
#[derive(Clone, Debug, Deserialize)]
pub struct Ref {
    pub table: String,
    pub column: Option<String>,
    pub mode: String,
    /// It is written in the site's text.
    pub named: bool,
}

impl Application {
    /// Reads a folder.
    pub fn read(folder: &Path) -> Application {
        let mut files = BTreeMap::new();
        collect(folder, folder, &mut files);
        let truth = files.remove("truth.jsonl").expect("truth.jsonl");
        let settings: serde_json::Value = serde_json::from_str(&files.remove("app.json").expect("app.json")).expect("app.json");
        let dialect = match settings["dialect"].as_str().unwrap_or("") {
            "postgresql" => "postgres".to_string(),
            other => other.to_string(),
        };
        let sites = truth.lines().map(|l| serde_json::from_str(l).expect(l)).collect();
        Application { files, dialect, sites }
    }
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, String>) {
    for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()) {
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            let name = path.strip_prefix(root).expect("below").to_string_lossy().replace('\\', "/");
            files.insert(name, std::fs::read_to_string(&path).expect("text"));
        }
    }
}
