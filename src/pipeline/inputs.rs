//! The migrations of a run: files, folders, standard input, or what was added between two revisions.

use crate::model::problem::{Problem, Stage};
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
        return Err(fail(format!("it has {} bytes, more than {MAX_MIGRATION}", meta.len()), "a migration or schema of that size is data; leave its rows out"));
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
        let fail = |reason: String| InputError::Read { path: "standard input".into(), reason, help: "pipe the SQL of one migration".into() };
        std::io::stdin().lock().take(MAX_MIGRATION + 1).read_to_end(&mut bytes).map_err(|e| fail(e.to_string()))?;
        if bytes.len() as u64 > MAX_MIGRATION {
            return Err(fail(format!("more than {MAX_MIGRATION} bytes")));
        }
        return Ok(MigrationInput { path: "-".into(), file: None, text: text_of(bytes).map_err(fail)? });
    }
    Ok(MigrationInput { path: path.display().to_string(), file: Some(path.to_path_buf()), text: read_text(path)? })
}

/// A problem for a migration in which nothing was found to run.
pub fn nothing_to_run(input: &MigrationInput) -> Problem {
    Problem::new(Stage::Migration, "holds no statement that changes anything").at(input.path.clone(), None)
}
