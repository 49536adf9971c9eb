//! Which repositories a run looks at, with which configuration and which store.

use crate::config::{Config, ConfigError};
use std::path::{Path, PathBuf};

/// A run's surroundings.
#[derive(Clone, Debug, Default)]
pub struct Workspace {
    /// Configuration in force.
    pub config: Config,
    /// Folder of the configuration file, which its paths are relative to.
    pub config_folder: Option<PathBuf>,
    /// Roots of repositories (or folders of repositories) to index, with the name that configuration gives them.
    pub roots: Vec<(PathBuf, Option<String>)>,
    /// The store.
    pub store: PathBuf,
}

/// How a workspace is found.
#[derive(Clone, Debug, Default)]
pub struct WorkspaceRequest<'a> {
    /// `--repo`, or the paths of `index`.
    pub repos: &'a [PathBuf],
    /// `--config`.
    pub config: Option<&'a Path>,
    /// `--store`.
    pub store: Option<&'a Path>,
    /// Migrations of the run: without `--repo` they say which workspace is meant.
    pub migrations: &'a [PathBuf],
}

impl Workspace {
    /// Finds configuration, repositories and store. A named store without a named repository means: that store
    /// as it stands, no repository.
    ///
    /// # Errors
    /// [`ConfigError`] where a configuration file can't be used.
    pub fn find(request: &WorkspaceRequest) -> Result<Workspace, ConfigError> {
        let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        let absolute = |p: &Path| -> PathBuf {
            let joined = here.join(p);
            joined.canonicalize().unwrap_or(joined)
        };
        let near: Vec<PathBuf> = request
            .repos
            .iter()
            .map(|p| absolute(p))
            .chain(request.migrations.iter().filter(|p| p.as_os_str() != "-").filter_map(|p| absolute(p).parent().map(Path::to_path_buf)))
            .chain([here.clone()])
            .collect();
        let only_store = request.store.is_some() && request.repos.is_empty();
        let file = match request.config {
            Some(path) => Some(absolute(path)),
            None if only_store => None,
            // With --repo only that repository's own file (or its parent workspace's, which names it) counts.
            None => near.iter().find_map(|folder| Config::find(folder)),
        };
        let config = file.as_deref().map(Config::read).transpose()?.unwrap_or_default();
        let config_folder = file.as_deref().and_then(Path::parent).map(Path::to_path_buf);
        let configured: Vec<(PathBuf, Option<String>)> = match &config_folder {
            Some(folder) => config.repositories.iter().map(|r| (absolute(&folder.join(&r.path)), r.name.clone())).collect(),
            None => Vec::new(),
        };
        let roots = if !request.repos.is_empty() {
            let named = |path: PathBuf| {
                let name = configured.iter().find(|c| c.0 == path).and_then(|c| c.1.clone());
                (path, name)
            };
            let given: Vec<PathBuf> = request.repos.iter().map(|p| absolute(p)).collect();
            let inside = |root: &PathBuf| given.iter().any(|g| root.starts_with(g) && root != g);
            if given.len() == 1 && config_folder.as_ref() == Some(&given[0]) && configured.iter().any(|c| inside(&c.0)) {
                configured.clone()
            } else {
                given.into_iter().map(named).collect()
            }
        } else if only_store {
            Vec::new()
        } else if !configured.is_empty() {
            configured.clone()
        } else {
            let start = near.first().cloned().unwrap_or_else(|| here.clone());
            let root = start.ancestors().find(|f| f.join(".git").exists()).map(Path::to_path_buf);
            vec![(root.or(config_folder.clone()).unwrap_or(here.clone()), None)]
        };
        let store = match request.store {
            Some(path) => here.join(path),
            None => default_store(config_folder.as_deref().filter(|_| roots.len() != 1), &roots),
        };
        Ok(Workspace { config, config_folder, roots, store })
    }
}

/// Where the store of a workspace lies: under the user's cache folder, by the paths of its roots.
fn default_store(folder: Option<&Path>, roots: &[(PathBuf, Option<String>)]) -> PathBuf {
    let mut hasher = blake3::Hasher::new();
    for (root, _) in roots {
        hasher.update(root.as_os_str().as_encoded_bytes());
        hasher.update(&[0]);
    }
    let name =
        folder.or(roots.first().map(|r| r.0.as_path())).and_then(Path::file_name).map_or("workspace".into(), |n| n.to_string_lossy());
    let name: String = name.chars().map(|c| if c.is_alphanumeric() || c == '-' || c == '_' { c } else { '-' }).collect();
    cache_folder().join(format!("{name}-{}.db", &hasher.finalize().to_hex()[..12]))
}

/// The user's cache folder for impact.
pub fn cache_folder() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    set("XDG_CACHE_HOME")
        .or_else(|| set("LOCALAPPDATA"))
        .or_else(|| set("HOME").map(|h| if cfg!(target_os = "macos") { h.join("Library/Caches") } else { h.join(".cache") }))
        .unwrap_or_else(std::env::temp_dir)
        .join("impact")
}
