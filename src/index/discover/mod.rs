//! From folders to repositories, services, owners and the files that can matter.
//!
//! A working tree is walked with one `stat` per file, a git revision is read from the object database. Of
//! contents only manifests, owner files and the like are read here; extraction reads each source file once
//! and asks [`classify_content`] about it.

mod content;
mod drivers;
mod engines;
mod error;
pub mod git;
mod git_index;
mod listing;
mod manifest;
mod names;
mod owners;
mod paths;
mod reader;
mod roots;
mod rules;
mod services;
mod snapshot;
mod survey;
#[cfg(test)]
mod tests;
mod tree;
mod walk;

pub use content::{SkipReason, classify_content};
pub use error::DiscoverError;
pub use reader::Reader;
pub use snapshot::{Glance, glance, snapshot_key};

use crate::model::problem::Problem;
use crate::model::project::{FileKind, Repository, SourceFile};
use crate::model::statement::Scope;
use listing::{Found, Listing, Selection};
use rayon::prelude::*;
use roots::Place;
use rules::{FolderClass, NameClass, Rules};
use std::path::PathBuf;

/// What to discover, and what the configuration says about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Folders to read, in order.
    pub roots: Vec<Root>,
    /// Services that the configuration names.
    pub services: Vec<ServiceSetting>,
    /// Globs in the manner of `.gitignore`, relative to each repository: passed over and counted.
    pub ignore: Vec<String>,
    /// Globs of files that are test code besides those that the rules know.
    pub test: Vec<String>,
    /// Globs of files that are production code whatever the rules say.
    pub production: Vec<String>,
    /// Bigger files are passed over. Bytes; `None`: 1 MiB.
    pub max_file_size: Option<u64>,
}

/// A folder to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Root {
    /// The root of its paths, even inside a larger work tree; a bare repository; or a folder of repositories.
    pub path: PathBuf,
    /// A git revision to read instead of the working tree.
    pub at: Option<String>,
    /// Name to show, where the folder's does not do.
    pub name: Option<String>,
}

impl Root {
    /// The working tree (or the `HEAD` of a bare repository) at a path.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Root { path: path.into(), ..Root::default() }
    }
}

/// A service that the configuration names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceSetting {
    /// Repository name; `None`: whichever holds the path.
    pub repository: Option<String>,
    /// Name of the service.
    pub name: String,
    /// Folder relative to the repository; empty: the repository itself.
    pub path: String,
    /// Whether it is a library; `None`: a service.
    pub library: Option<bool>,
    /// Owners; empty: as found.
    pub owners: Vec<String>,
    /// Databases by name; empty: by evidence.
    pub databases: Vec<String>,
}

/// What discovery gives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Discovery {
    /// Repositories in the order of the roots; the children of one root by name.
    pub repositories: Vec<Repository>,
    /// What was passed over for a reason that a user should know.
    pub problems: Vec<Problem>,
}

/// Finds repositories, their files, services and owners. Databases stay empty: migrations tell of them.
///
/// # Errors
/// Where a root or revision cannot be read at all, or a glob of the settings is not valid. Whatever concerns
/// single files or one repository among several is a [`Problem`].
pub fn discover(settings: &Settings) -> Result<Discovery, DiscoverError> {
    let selection = selection(settings)?;
    let overrides =
        ScopeGlobs { test: listing::globs("test", &settings.test)?, production: listing::globs("production", &settings.production)? };
    let (places, mut problems) = roots::resolve(&settings.roots)?;
    let single = places.len() == 1;
    let listed = list_places(&places, |place, threads| {
        let listing = match place.commit {
            None => walk::list(&place.root, &selection, threads),
            Some(commit) => tree::list(&git::open(&place.root)?, commit, &selection)?,
        };
        Ok::<_, DiscoverError>(assemble(place, listing, settings, &overrides))
    });
    let mut repositories = Vec::new();
    for (place, result) in places.iter().zip(listed) {
        match result {
            Ok((repository, found)) => {
                problems.extend(found);
                repositories.push(repository);
            }
            Err(error) if single => return Err(error),
            Err(error) => {
                let mut problem = Problem::new(crate::model::problem::Stage::Discover, error.to_string());
                problem.repo = Some(place.name.clone());
                problem.help = error.help();
                problems.push(problem);
            }
        }
    }
    Ok(Discovery { repositories, problems })
}

fn selection(settings: &Settings) -> Result<Selection<'static>, DiscoverError> {
    Ok(Selection::new(Rules::embedded(), listing::globs("ignore", &settings.ignore)?, settings.max_file_size))
}

/// Runs over all places in parallel, with the threads that are left for each.
fn list_places<T: Send>(places: &[Place], job: impl Fn(&Place, usize) -> T + Sync) -> Vec<T> {
    let cores = rayon::current_num_threads();
    let threads = (cores / places.len().max(1)).max(1);
    places.par_iter().map(|place| job(place, threads)).collect()
}

/// Globs of the configuration that overrule the rules about tests.
struct ScopeGlobs {
    test: ignore::gitignore::Gitignore,
    production: ignore::gitignore::Gitignore,
}

/// Makes a repository of a listing: kinds, then services, then owners.
fn assemble(place: &Place, listing: Listing, settings: &Settings, overrides: &ScopeGlobs) -> (Repository, Vec<Problem>) {
    let Listing { files, skipped, mut problems } = listing;
    let rules = Rules::embedded();
    let mut repository = Repository {
        name: place.name.clone(),
        root: place.root.clone(),
        commit: place.commit.map(|c| c.to_string()),
        files: classify(files, rules, overrides),
        skipped: skipped.into_iter().collect(),
        ..Repository::default()
    };
    let (services, found) = services::detect(&repository, &settings.services, rules);
    repository.services = services;
    problems.extend(found);
    assign_services(&mut repository);
    problems.extend(owners::assign(&mut repository, &settings.services));
    for problem in &mut problems {
        problem.repo = Some(place.name.clone());
    }
    problems.sort_unstable();
    (repository, problems)
}

/// Gives each file its innermost service. Files come ordered by path, so a folder is looked up once.
fn assign_services(repository: &mut Repository) {
    let mut known: Option<(String, u32)> = None;
    for file in &mut repository.files {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        file.service = match &known {
            Some((at, service)) if at == folder => *service,
            _ => {
                let service = u32::try_from(services::innermost(&repository.services, &file.path)).unwrap_or(0);
                known = Some((folder.to_string(), service));
                service
            }
        };
    }
}

/// Gives each file its kind and scope. Files come ordered by path, so a folder is classified once.
fn classify(files: Vec<Found>, rules: &Rules, overrides: &ScopeGlobs) -> Vec<SourceFile> {
    let mut folder: Option<(String, FolderClass)> = None;
    let mut classified = Vec::with_capacity(files.len());
    for file in files {
        let (parent, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
        let class = match &folder {
            Some((known, class)) if known == parent => *class,
            _ => {
                let class = rules.folder_class(parent);
                folder = Some((parent.to_string(), class));
                class
            }
        };
        let kind = match file.class {
            any if rules.is_migration(name, any, class) => FileKind::Migration,
            NameClass::Source(language) => FileKind::Source(language),
            NameClass::Sql => FileKind::Sql,
            NameClass::Config | NameClass::MigrationData => FileKind::Config,
        };
        let matched =
            |globs: &ignore::gitignore::Gitignore| !globs.is_empty() && globs.matched_path_or_any_parents(&file.path, false).is_ignore();
        let test = !matched(&overrides.production) && (class.test || rules.is_test_file(name) || matched(&overrides.test));
        classified.push(SourceFile {
            kind,
            scope: if test { Scope::Test } else { Scope::Production },
            service: 0,
            size: file.size,
            mtime: file.mtime,
            blob: file.blob,
            owners: None,
            path: file.path,
        });
    }
    classified
}
