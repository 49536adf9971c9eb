//! The migrations of a run: files, folders, standard input, or what was added between two revisions.

use crate::index::discover::{DiscoverError, Reader, Root, Settings, discover, git};
use crate::migrations::{self, Hints};
use crate::model::problem::{Problem, Stage};
use crate::model::project::Repository;
use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

/// A migration to check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationInput {
    /// Path as given (or found), for people.
    pub path: String,
    /// The file, where there is one.
    pub file: Option<PathBuf>,
    /// Its text; what is not to run (down sections, directives) is blanked later, by format.
    pub text: String,
}

impl MigrationInput {
    /// The part that runs forwards; down sections and directives blanked.
    pub fn runnable(&self) -> String {
        let format = migrations::Formats::embedded().by_content(&self.text);
        format.map_or_else(|| self.text.clone(), |f| migrations::up_part(&self.text, f))
    }
}

/// Largest migration read, in bytes.
pub const MAX_MIGRATION: u64 = 64 << 20;

/// What is wrong with an input.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The file can't be read.
    #[error("cannot read {path}: {reason}\nhelp: {help}")]
    Read {
        /// As given.
        path: String,
        /// Why.
        reason: String,
        /// What to do.
        help: String,
    },
    /// A folder holds no migration.
    #[error("{0} holds no migration that impact can read\nhelp: name the .sql files themselves")]
    Empty(String),
}

/// Reads a text file with a clear error for what is no text.
///
/// # Errors
/// [`InputError::Read`] for a missing, unreadable, over-long or non-UTF-8 file.
pub fn read_text(path: &Path) -> Result<String, InputError> {
    let shown = path.display().to_string();
    let fail = |reason: String, help: &str| InputError::Read { path: shown.clone(), reason, help: help.into() };
    let meta = std::fs::metadata(path).map_err(|e| fail(e.to_string(), "check the path"))?;
    if meta.is_dir() {
        return Err(fail("it is a folder".into(), "name a file"));
    }
    if meta.len() > MAX_MIGRATION {
        return Err(fail(
            format!("it has {} bytes, more than {MAX_MIGRATION}", meta.len()),
            "a migration or schema of that size is data; leave its rows out",
        ));
    }
    let bytes = std::fs::read(path).map_err(|e| fail(e.to_string(), "check the permissions"))?;
    text_of(bytes).map_err(|reason| fail(reason, "convert it to UTF-8"))
}

/// UTF-8 text, without a byte order mark. UTF-16 and other encodings are errors that say where.
fn text_of(bytes: Vec<u8>) -> Result<String, String> {
    let text = String::from_utf8(bytes).map_err(|e| format!("not valid UTF-8 at byte {}", e.utf8_error().valid_up_to()))?;
    Ok(match text.strip_prefix('\u{feff}') {
        // The mark is blanked rather than removed, so that offsets stay those of the file.
        Some(rest) => format!("   {rest}"),
        None => text,
    })
}

/// Reads one argument: a file, or `-` for standard input.
///
/// # Errors
/// As [`read_text`].
pub fn read_migration(path: &Path) -> Result<MigrationInput, InputError> {
    if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        let fail =
            |reason: String| InputError::Read { path: "standard input".into(), reason, help: "pipe the SQL of one migration".into() };
        std::io::stdin().lock().take(MAX_MIGRATION + 1).read_to_end(&mut bytes).map_err(|e| fail(e.to_string()))?;
        if bytes.len() as u64 > MAX_MIGRATION {
            return Err(fail(format!("more than {MAX_MIGRATION} bytes")));
        }
        return Ok(MigrationInput { path: "-".into(), file: None, text: text_of(bytes).map_err(fail)? });
    }
    Ok(MigrationInput { path: path.display().to_string(), file: Some(path.to_path_buf()), text: read_text(path)? })
}

/// Whether a migration is SQL by its name; standard input is.
pub fn is_sql(path: &str) -> bool {
    let extension = path.rsplit('/').next().and_then(|n| n.rsplit_once('.')).map_or("sql", |p| p.1);
    ["sql", "psql", "pgsql", "mysql", "ddl", "txt"].iter().any(|e| e.eq_ignore_ascii_case(extension))
}

/// A problem for a migration in which nothing was found to run.
pub fn nothing_to_run(input: &MigrationInput) -> Problem {
    Problem::new(Stage::Migration, "holds no statement that changes anything").at(input.path.clone(), None)
}

/// All migrations of a folder that run forwards, in the order of its format.
///
/// # Errors
/// [`InputError::Empty`] where there is none, [`InputError::Read`] where one can't be read.
pub fn read_folder(folder: &Path) -> Result<Vec<MigrationInput>, InputError> {
    let shown = folder.display().to_string();
    let settings = Settings { roots: vec![Root::new(folder)], ..Settings::default() };
    let fail = |reason: String| InputError::Read { path: shown.clone(), reason, help: "check the path".into() };
    let discovery = discover(&settings).map_err(|e| fail(e.to_string()))?;
    let repository = discovery.repositories.first().ok_or_else(|| InputError::Empty(shown.clone()))?;
    let read = |path: &str| Reader.read_path(repository, path).map_err(std::io::Error::other);
    let (database, _) =
        migrations::history_of_folder(&repository.files, &read, None, None).map_err(|_| InputError::Empty(shown.clone()))?;
    let history = database.histories.into_iter().max_by_key(|h| h.files.len()).ok_or_else(|| InputError::Empty(shown.clone()))?;
    history.files.iter().map(|f| read_migration(&folder.join(f))).collect()
}

/// The migrations that were added between two revisions of the repository around `root`, in order of path;
/// without `head` those that the working tree has and `base` has not.
///
/// # Errors
/// [`InputError::Read`] where `root` is in no git repository or a revision is unknown.
pub fn read_added(root: &Path, base: &str, head: Option<&str>) -> Result<Vec<MigrationInput>, InputError> {
    let shown = root.display().to_string();
    let fail = |e: DiscoverError| InputError::Read {
        path: shown.clone(),
        reason: e.to_string(),
        help: e.help().unwrap_or_else(|| "run it in a git repository, with revisions that exist".into()),
    };
    let absolute = root.canonicalize().unwrap_or_else(|_| root.to_path_buf());
    let top = absolute.ancestors().find(|f| f.join(".git").exists() || git::is_git_directory(f)).unwrap_or(&absolute).to_path_buf();
    let settings =
        |at: Option<&str>| Settings { roots: vec![Root { at: at.map(str::to_string), ..Root::new(&top) }], ..Settings::default() };
    let list = |at: Option<&str>| -> Result<Vec<(Repository, Vec<String>)>, InputError> {
        let discovery = discover(&settings(at)).map_err(fail)?;
        let each = |repository: Repository| {
            let read = |path: &str| Reader.read_path(&repository, path).map_err(std::io::Error::other);
            let hints = Hints { repository: &repository.name, services: &repository.services, ..Hints::default() };
            let found = migrations::histories(&repository.files, &read, &hints);
            let ordered: Vec<String> = found.databases.iter().flat_map(|d| &d.histories).flat_map(|h| h.files.iter().cloned()).collect();
            (repository, ordered)
        };
        Ok(discovery.repositories.into_iter().map(each).collect())
    };
    // What a branch adds is measured from where it left the base.
    let opened = git::open(&top).map_err(fail)?;
    let start = opened.merge_base(base, head.unwrap_or("HEAD")).map(|id| id.to_string()).map_err(fail)?;
    let old: BTreeSet<String> = list(Some(&start))?.into_iter().flat_map(|r| r.1).collect();
    let mut out = Vec::new();
    for (repository, ordered) in list(head)? {
        for path in ordered.into_iter().filter(|p| !old.contains(p)) {
            let bytes = Reader.read_path(&repository, &path).map_err(fail)?;
            let text =
                text_of(bytes).map_err(|reason| InputError::Read { path: path.clone(), reason, help: "convert it to UTF-8".into() })?;
            out.push(MigrationInput { file: Some(top.join(&path)), path, text });
        }
    }
    Ok(out)
}
