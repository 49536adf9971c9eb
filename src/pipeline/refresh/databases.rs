//! The databases of a workspace: their histories found, replayed once and cached by hash.

use super::{RefreshError, RepositoryState};
use crate::migrations;
use crate::model::problem::{Problem, Stage};
use crate::model::project::Database;
use crate::model::schema::Schema;
use crate::pipeline::workspace::Workspace;
use crate::store::Store;

/// A database with its replayed schema.
pub struct KnownDatabase {
    /// Repository that migrates it.
    pub repo: String,
    /// The database.
    pub database: Database,
    /// Index of the history.
    pub history: usize,
    /// Schema after the whole history.
    pub schema: Schema,
    /// Hash of the history.
    pub hash: [u8; 32],
}

/// Whether every cached schema that the snapshots name is still there.
pub(super) fn still_hold(store: &Store, states: &[RepositoryState]) -> Result<bool, RefreshError> {
    for state in states {
        let Some(old) = &state.old else { return Ok(false) };
        for hash in old.info.schema_hashes.iter().flatten() {
            if !store.has_schema(hash)? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Finds the databases of all repositories and replays their histories, unless the store has the result.
pub(super) fn read(store: &Store, workspace: &Workspace, states: &mut [RepositoryState]) -> Result<Vec<KnownDatabase>, RefreshError> {
    let mut known = Vec::new();
    for state in states.iter_mut() {
        let repository = state.repository;
        let read = |path: &str| state.reader.read_path(path).map_err(|e| e.to_string());
        let found = migrations::databases(repository, &read, &configured(workspace, &repository.name));
        state.info.problems.extend(found.problems);
        state.info.databases = found.databases;
        for database in &state.info.databases {
            let mut hashes = Vec::new();
            for (index, history) in database.histories.iter().enumerate() {
                let hash = migrations::history_hash(history, &read);
                let schema = match store.schema(&hash) {
                    Ok(Some(schema)) => schema,
                    _ => {
                        let replayed = migrations::replay(history, &read, None);
                        store.put_schema(&hash, &replayed.schema, &replayed.problems)?;
                        replayed.schema
                    }
                };
                state.info.problems.extend(store.schema_problems(&hash)?);
                hashes.push(hash);
                known.push(KnownDatabase { repo: repository.name.clone(), database: database.clone(), history: index, schema, hash });
            }
            state.info.schema_hashes.push(hashes);
        }
    }
    for database in &workspace.config.databases {
        let there = known.iter().any(|k: &KnownDatabase| k.database.name == database.name);
        if !there && !database.migrations.is_empty() && let Some(state) = states.first_mut() {
            let text = format!("no migrations found for database {:?} in {}", database.name, database.migrations.join(", "));
            state.info.problems.push(Problem::new(Stage::Config, text).help("check `migrations` and `repository` in impact.toml"));
        }
    }
    Ok(known)
}

/// What configuration says of the databases of a repository.
fn configured(workspace: &Workspace, repository: &str) -> Vec<migrations::DatabaseSetting> {
    let here = workspace.config_folder.as_deref().and_then(|f| f.file_name()).map(|n| n.to_string_lossy().into_owned());
    workspace
        .config
        .databases
        .iter()
        .filter(|d| match &d.repository {
            Some(name) => name == repository,
            None => workspace.roots.len() == 1 || here.as_deref() == Some(repository),
        })
        .map(|d| migrations::DatabaseSetting {
            name: d.name.clone(),
            dialect: d.dialect.as_deref().and_then(|t| t.parse().ok()),
            folders: d.migrations.clone(),
            format: d.format.clone(),
            services: d.services.clone(),
        })
        .collect()
}
