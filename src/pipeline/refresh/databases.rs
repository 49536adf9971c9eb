//! The databases of a workspace: their histories found, replayed once and cached by hash.

use super::{RefreshError, RepositoryState};
use crate::index::discover::Reader;
use crate::migrations::{self, Configured, Hints, Until};
use crate::model::problem::{Problem, Stage};
use crate::model::project::{Database, FileKind};
use crate::model::schema::Schema;
use crate::pipeline::workspace::Workspace;
use crate::store::Store;
use std::collections::HashSet;

/// A database with its replayed schema.
pub struct KnownDatabase {
    /// Repository that migrates it.
    pub repo: String,
    /// The database.
    pub database: Database,
    /// Schema after the whole history.
    pub schema: Schema,
    /// Hash of the history.
    pub hash: [u8; 32],
}

/// Finds the databases of all repositories and replays their histories, unless the store has the result.
pub(super) fn read(store: &Store, workspace: &Workspace, states: &mut [RepositoryState]) -> Result<Vec<KnownDatabase>, RefreshError> {
    let mut known = Vec::new();
    for state in states.iter_mut() {
        let repository = state.repository;
        let read = |path: &str| Reader.read_path(repository, path).map_err(std::io::Error::other);
        let configured = configured(workspace, &repository.name);
        let hints = Hints { repository: &repository.name, services: &repository.services, configured: &configured, dialect: None };
        let found = migrations::histories(&repository.files, &read, &hints);
        let members: HashSet<&str> = found.files.iter().map(String::as_str).collect();
        state.kinds =
            repository.files.iter().map(|f| if members.contains(f.path.as_str()) { FileKind::Migration } else { f.kind }).collect();
        state.info.problems.extend(found.problems);
        state.info.databases = found.databases;
        for database in &mut state.info.databases {
            let configured = workspace.config.databases.iter().find(|d| d.name == database.name);
            database.services.extend(configured.iter().flat_map(|d| d.services.iter().cloned()));
        }
        for database in &state.info.databases {
            let mut hashes = Vec::new();
            for history in &database.histories {
                let hash = migrations::history_hash(history, &read, Until::End);
                let schema = match store.schema(&hash) {
                    Ok(Some(schema)) => schema,
                    _ => {
                        let replayed = migrations::replay(history, &read, Until::End);
                        store.put_schema(&hash, &replayed.schema, &replayed.problems)?;
                        replayed.schema
                    }
                };
                state.info.problems.extend(store.schema_problems(&hash)?);
                hashes.push(hash);
                known.push(KnownDatabase { repo: repository.name.clone(), database: database.clone(), schema, hash });
            }
            state.info.schema_hashes.push(hashes);
        }
    }
    for database in &workspace.config.databases {
        let there = known.iter().any(|k: &KnownDatabase| k.database.name == database.name);
        if !there
            && !database.migrations.is_empty()
            && let Some(state) = states.first_mut()
        {
            let text = format!("no migrations found for database {:?} in {}", database.name, database.migrations.join(", "));
            state.info.problems.push(Problem::new(Stage::Config, text).help("check `migrations` and `repository` in impact.toml"));
        }
    }
    Ok(known)
}

/// What configuration says of the migration folders of a repository.
fn configured(workspace: &Workspace, repository: &str) -> Vec<Configured> {
    let here = workspace.config_folder.as_deref().and_then(|f| f.file_name()).map(|n| n.to_string_lossy().into_owned());
    let of_repository = |name: &Option<String>| match name {
        Some(name) => name == repository,
        None => workspace.roots.len() == 1 || here.as_deref() == Some(repository),
    };
    let databases = workspace.config.databases.iter().filter(|d| of_repository(&d.repository));
    let folders = databases.flat_map(|d| {
        d.migrations.iter().map(|folder| Configured {
            database: d.name.clone(),
            folder: folder.trim_end_matches('/').to_string(),
            format: d.format.clone(),
            dialect: d.dialect.as_deref().and_then(|t| t.parse().ok()),
        })
    });
    folders.collect()
}
