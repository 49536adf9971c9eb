//! The schema before a migration: a dump, a folder of migrations, or the history that the migration belongs to.

mod concerned;

use super::inputs::{InputError, MigrationInput, is_sql, read_text};
use super::view::IndexView;
use crate::index::discover::{DiscoverError, Reader, Root, Settings, discover};
use crate::migrations::{self, Until};
use crate::model::dialect::{Dialect, Engine};
use crate::model::problem::{Problem, Stage};
use crate::model::project::{Database, History, Repository};
use crate::model::schema::Schema;
use crate::sql::apply::{detect_dialect_of_dump, schema_from_dump};
use crate::sql::bind::binding::BindErrorKind;
use crate::store::StoreError;
use concerned::Claims;
use std::cell::LazyCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// What the command line says about the schema before.
#[derive(Clone, Debug, Default)]
pub struct SchemaRequest {
    /// A dump.
    pub dump: Option<PathBuf>,
    /// A folder of migrations.
    pub migrations: Option<PathBuf>,
    /// Format of that folder.
    pub format: Option<String>,
    /// Name of the database.
    pub database: Option<String>,
    /// Engine.
    pub dialect: Option<Dialect>,
}

/// A database as it is before the migrations.
#[derive(Clone, Debug)]
pub struct World {
    /// Name, where one is known.
    pub database: Option<String>,
    /// Services that configuration or their own histories bind to it.
    pub services: Vec<String>,
    /// Repository that migrates it.
    pub repo: Option<String>,
    /// The schema before.
    pub before: Schema,
    /// What it was taken from, in words, for people.
    pub source: String,
    /// Why that dialect.
    pub dialect_evidence: String,
    /// Parts of its history could not be replayed: it may hold more than is known.
    pub incomplete: bool,
    /// The migration is known to belong to this database; otherwise it fits by its tables.
    pub certain: bool,
    /// The SQL that the schema was read from.
    pub built: Built,
}

/// The SQL that a schema was read from.
#[derive(Clone, Debug)]
pub enum Built {
    /// None is known.
    Unknown,
    /// A dump: path and text.
    Dump(String, Rc<str>),
    /// The first files of a history.
    History {
        /// Where they lie.
        repository: Box<Repository>,
        /// The history.
        history: Box<History>,
        /// How many.
        files: usize,
    },
}

impl Built {
    /// The scripts in order: path and text.
    ///
    /// # Errors
    /// Why there are none.
    pub fn scripts(&self) -> Result<Vec<(String, String)>, String> {
        match self {
            Built::Unknown => Err("the schema before is not known".into()),
            Built::Dump(path, text) => Ok(vec![(path.clone(), text.to_string())]),
            Built::History { repository, history, files } => {
                let read = |path: &str| Reader.read_path(repository, path).map_err(std::io::Error::other);
                migrations::replay_scripts(history, &read, Until::Position(*files))
            }
        }
    }
}

/// Why the schema before can't be had.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// An input file.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The folder of migrations.
    #[error("{error}{}", error.help().map(|h| format!("\nhelp: {h}")).unwrap_or_default())]
    Discover {
        /// What discovery says.
        error: DiscoverError,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No such database.
    #[error("there is no database {name:?}\nhelp: {known}")]
    UnknownDatabase {
        /// As asked.
        name: String,
        /// Those there are.
        known: String,
    },
    /// The folder holds no history.
    #[error("{folder}: {message}\nhelp: {help}")]
    NoHistory {
        /// The folder.
        folder: String,
        /// Why.
        message: String,
        /// What to do.
        help: String,
    },
}

/// The databases that the migrations may be for, each as it is before them. At least one.
///
/// # Errors
/// [`HistoryError`] for inputs that can't be used.
pub fn worlds(
    request: &SchemaRequest,
    inputs: &[MigrationInput],
    view: Option<&IndexView>,
    problems: &mut Vec<Problem>,
) -> Result<Vec<World>, HistoryError> {
    if let Some(dump) = &request.dump {
        return Ok(vec![from_dump(dump, request, inputs, problems)?]);
    }
    if let Some(folder) = &request.migrations {
        return Ok(vec![from_folder(folder, request, inputs, problems)?]);
    }
    let mut found = match view {
        Some(view) => from_index(view, request, inputs, problems)?,
        None => Vec::new(),
    };
    if found.is_empty() {
        if let Some(name) = &request.database {
            let known: Vec<String> = view.iter().flat_map(|v| databases(v)).map(|(_, d)| d.name.clone()).collect();
            let known = if known.is_empty() {
                "none is known; name its migrations in impact.toml".into()
            } else {
                format!("known: {}", known.join(", "))
            };
            return Err(HistoryError::UnknownDatabase { name: name.clone(), known });
        }
        let (dialect, dialect_evidence) = dialect_of(request, inputs, view);
        let source = "no schema is known: tables are open".to_string();
        found.push(World {
            database: None,
            services: Vec::new(),
            repo: None,
            before: Schema::open(dialect),
            source,
            dialect_evidence,
            incomplete: true,
            certain: true,
            built: Built::Unknown,
        });
    }
    Ok(found)
}

/// The engine that the SQL of a migration is written for. Code says nothing of the sort.
fn syntax(input: &MigrationInput) -> Option<(Engine, String)> {
    is_sql(&input.path).then(|| migrations::dialect_by_syntax(&input.text))?
}

fn dialect_of(request: &SchemaRequest, inputs: &[MigrationInput], view: Option<&IndexView>) -> (Dialect, String) {
    if let Some(dialect) = request.dialect {
        return (dialect, "--dialect".into());
    }
    for input in inputs {
        if let Some((engine, evidence)) = syntax(input) {
            return (Dialect::of(engine), evidence);
        }
    }
    let engines: Vec<Dialect> =
        view.iter().flat_map(|v| &v.snapshots).flat_map(|s| &s.row.info.services).flat_map(|s| s.engines.iter().copied()).collect();
    match engines.first() {
        Some(first) => (*first, "the drivers of the services".into()),
        None => (Dialect::of(Engine::Postgres), "nothing says which engine; PostgreSQL is assumed".into()),
    }
}

fn from_dump(path: &Path, request: &SchemaRequest, inputs: &[MigrationInput], problems: &mut Vec<Problem>) -> Result<World, HistoryError> {
    let text = read_text(path)?;
    let (dialect, dialect_evidence) = match (request.dialect, detect_dialect_of_dump(&text)) {
        (Some(dialect), _) => (dialect, "--dialect".to_string()),
        (None, Some((dialect, evidence))) => (dialect, evidence),
        (None, None) => match migrations::dialect_by_syntax(&text) {
            Some((engine, evidence)) => (Dialect::of(engine), evidence),
            None => dialect_of(request, inputs, None),
        },
    };
    let (before, found) = schema_from_dump(&text, dialect);
    let shown = path.display().to_string();
    problems.extend(found.into_iter().map(|p| Problem { path: p.path.or(Some(shown.clone())), ..p }));
    Ok(World {
        database: request.database.clone(),
        services: Vec::new(),
        repo: None,
        before,
        source: shown.clone(),
        dialect_evidence,
        incomplete: false,
        certain: true,
        built: Built::Dump(shown, text.into()),
    })
}

fn from_folder(
    folder: &Path,
    request: &SchemaRequest,
    inputs: &[MigrationInput],
    problems: &mut Vec<Problem>,
) -> Result<World, HistoryError> {
    let settings = Settings { roots: vec![Root::new(folder)], ..Settings::default() };
    let discovery = discover(&settings).map_err(|error| HistoryError::Discover { error })?;
    let none = |message: String, help: Option<String>| HistoryError::NoHistory {
        folder: folder.display().to_string(),
        message,
        help: help.unwrap_or_else(|| "name the folder that holds the migration files".into()),
    };
    let repository = discovery.repositories.first().ok_or_else(|| none("no migrations found".into(), None))?;
    let read = |path: &str| Reader.read_path(repository, path).map_err(std::io::Error::other);
    let (database, found) = migrations::history_of_folder(&repository.files, &read, request.format.as_deref(), request.dialect)
        .map_err(|p| none(p.message, p.help))?;
    problems.extend(found);
    let history = database.histories.iter().max_by_key(|h| h.files.len()).ok_or_else(|| none("no migrations found".into(), None))?;
    let root = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    let until = inputs
        .iter()
        .filter_map(|i| i.file.as_deref())
        .filter_map(|f| relative(f, &root))
        .filter_map(|f| history.files.iter().position(|h| *h == f))
        .min();
    let replayed = migrations::replay(history, &read, until.map_or(Until::End, Until::Position));
    problems.extend(replayed.problems);
    Ok(World {
        database: request.database.clone().or(Some(database.name.clone()).filter(|n| !n.is_empty())),
        services: Vec::new(),
        repo: None,
        before: replayed.schema,
        source: format!(
            "{} migrations of {}",
            migrations::files_until(history, until.map_or(Until::End, Until::Position)).len(),
            folder.display()
        ),
        dialect_evidence: database.dialect_evidence.clone(),
        incomplete: false,
        certain: true,
        built: Built::History {
            files: migrations::files_until(history, until.map_or(Until::End, Until::Position)).len(),
            repository: Box::new(repository.clone()),
            history: Box::new(history.clone()),
        },
    })
}

/// A file's path below a root, with `/`.
fn relative(file: &Path, root: &Path) -> Option<String> {
    let file = file.canonicalize().unwrap_or_else(|_| file.to_path_buf());
    let below = file.strip_prefix(root).ok()?;
    Some(below.components().map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/"))
}

/// All databases of a view with the index of their snapshot.
fn databases(view: &IndexView) -> Vec<(usize, &Database)> {
    view.snapshots.iter().enumerate().flat_map(|(i, s)| s.row.info.databases.iter().map(move |d| (i, d))).collect()
}

fn from_index(
    view: &IndexView,
    request: &SchemaRequest,
    inputs: &[MigrationInput],
    problems: &mut Vec<Problem>,
) -> Result<Vec<World>, HistoryError> {
    let all: Vec<(usize, &Database)> = databases(view)
        .into_iter()
        .filter(|(_, d)| request.database.as_ref().is_none_or(|n| *n == d.name))
        .filter(|(_, d)| !d.histories.is_empty())
        .collect();
    if all.is_empty() {
        return Ok(Vec::new());
    }
    // Searching a text for the signs of engines costs more than the rest: it waits for a place that hinges on it.
    let engine = LazyCell::new(|| request.dialect.map(|d| d.engine).or_else(|| inputs.iter().find_map(syntax).map(|f| f.0)));
    let engine: &dyn Fn() -> Option<Engine> = &|| *engine;
    // The first migration that has a place decides for all of them.
    for input in inputs {
        let Some(file) = &input.file else { continue };
        for (s, snapshot) in view.snapshots.iter().enumerate() {
            let Some(path) = relative(file, Path::new(&snapshot.row.root)) else { continue };
            let own: Vec<Database> = all.iter().filter(|(i, _)| *i == s).map(|(_, d)| (*d).clone()).collect();
            if let Some(place) = migrations::place_in(&path, &own, engine) {
                let until =
                    first_position(inputs, snapshot.row.root.as_ref(), &own[place.database].histories[place.history], place.position);
                return Ok(vec![world(view, s, &own[place.database], place.history, until, place.how, true, request, problems)?]);
            }
        }
        let flat: Vec<Database> = all.iter().map(|(_, d)| (*d).clone()).collect();
        let shown = file.display().to_string();
        let unique = |p: &migrations::Place| p.how.starts_with("its path ends like") || flat.len() == 1;
        if let Some(place) = migrations::place_in(&shown, &flat, engine).filter(unique) {
            let (s, database) = all[place.database];
            return Ok(vec![world(view, s, database, place.history, place.position, place.how, true, request, problems)?]);
        }
    }
    // Nothing says which: every database whose schema fits is one.
    let mut claims = Claims::of(inputs);
    let mut candidates = Vec::new();
    for (s, database) in &all {
        let of_engine = |h: &History| engine().is_none_or(|e| h.dialect.engine == e);
        let history = if database.histories.len() > 1 { database.histories.iter().position(of_engine).unwrap_or(0) } else { 0 };
        let names = schema_hash(view, *s, database, history).map(|hash| view.store.schema_names(hash)).transpose()?.flatten();
        let excluded = names.is_some_and(|names| claims.exclude(database.histories[history].dialect, &names));
        candidates.push((*s, *database, history, excluded));
    }
    // Where it fits none, any of them shows why.
    if candidates.iter().all(|c| c.3) {
        candidates.truncate(1);
    } else {
        candidates.retain(|c| !c.3);
    }
    let mut out = Vec::new();
    for (s, database, history, _) in candidates {
        let end = database.histories[history].files.len();
        out.push(world(view, s, database, history, end, "its tables fit".into(), all.len() == 1, request, problems)?);
    }
    Ok(out)
}

/// The earliest place that one of the inputs has in a history.
fn first_position(inputs: &[MigrationInput], root: &Path, history: &History, found: usize) -> usize {
    let members = inputs.iter().filter_map(|i| i.file.as_deref()).filter_map(|f| relative(f, root));
    members.filter_map(|m| history.files.iter().position(|h| *h == m)).chain([found]).min().unwrap_or(found)
}

/// The hash under which the store keeps the schema of a history.
fn schema_hash<'v>(view: &'v IndexView, snapshot: usize, database: &Database, history: usize) -> Option<&'v [u8; 32]> {
    let info = &view.snapshots.get(snapshot)?.row.info;
    let at = info.databases.iter().position(|d| d.name == database.name)?;
    info.schema_hashes.get(at)?.get(history)
}

#[allow(clippy::too_many_arguments)] // the parts of one place; a struct would only rename them
fn world(
    view: &IndexView,
    snapshot: usize,
    database: &Database,
    history: usize,
    position: usize,
    how: String,
    certain: bool,
    request: &SchemaRequest,
    problems: &mut Vec<Problem>,
) -> Result<World, HistoryError> {
    let row = &view.snapshots[snapshot].row;
    let files = &database.histories[history];
    let hash = schema_hash(view, snapshot, database, history);
    let whole = position >= files.files.len();
    let repository =
        Repository { name: row.repo.clone(), root: PathBuf::from(&row.root), commit: row.info.commit.clone(), ..Repository::default() };
    let cached = match hash.filter(|_| whole) {
        Some(hash) => view.store.schema(hash)?,
        None => None,
    };
    let (before, incomplete) = match cached {
        Some(schema) => (schema, hash.map(|h| view.store.schema_problems(h)).transpose()?.is_some_and(|p| !p.is_empty())),
        None => {
            let read = |path: &str| Reader.read_path(&repository, path).map_err(std::io::Error::other);
            let replayed = migrations::replay(files, &read, Until::Position(position));
            let incomplete = !replayed.problems.is_empty();
            problems.extend(replayed.problems.into_iter().map(|p| Problem { repo: Some(row.repo.clone()), ..p }));
            (replayed.schema, incomplete)
        }
    };
    let mut before = before;
    let mut dialect_evidence = database.dialect_evidence.clone();
    if let Some(dialect) = request
        .dialect
        .filter(|d| d.engine == before.dialect.engine || d.engine.is_mysql_family() && before.dialect.engine.is_mysql_family())
    {
        before.dialect = dialect;
        dialect_evidence = "--dialect".into();
    }
    Ok(World {
        database: Some(database.name.clone()),
        services: database.services.clone(),
        repo: Some(row.repo.clone()),
        before,
        source: format!(
            "{position} of {} migrations in {}: {how}",
            files.files.len(),
            if files.folder.is_empty() { "." } else { &files.folder }
        ),
        dialect_evidence,
        incomplete,
        certain,
        built: Built::History { repository: Box::new(repository), history: Box::new(files.clone()), files: position },
    })
}

/// The schema with nothing held for complete: tables that are not listed may exist, and tables may have more
/// columns. For histories that do not hold what a migration presupposes.
pub fn opened(schema: &Schema) -> Schema {
    let mut open = schema.clone();
    open.complete = false;
    for table in open.tables.values_mut() {
        table.open = table.view().is_none();
    }
    open
}

/// Whether an error of a migration says that the schema before lacks something.
pub fn presupposes_more(code: &str) -> bool {
    matches!(code, "42P01" | "42703" | "42704" | "3F000" | "42883" | "1146" | "1054" | "1091" | "1176" | "1051")
        || code.starts_with("SQLITE_ERROR")
}

/// A problem that says that a schema was opened.
pub fn opened_problem(world: &World, message: &str) -> Problem {
    let text =
        format!("the schema before ({}) lacks what the migration presupposes ({message}); its tables are taken as open", world.source);
    Problem::new(Stage::Migration, text).help("give a dump with --schema, or the right history with --migrations")
}

/// Errors that mean that a name is missing rather than wrong in use.
pub fn is_unknown_name(kind: BindErrorKind) -> bool {
    matches!(kind, BindErrorKind::UnknownTable | BindErrorKind::UnknownSchema | BindErrorKind::UnknownColumn)
}
