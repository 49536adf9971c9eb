//! Replaying a history on an empty schema.

use super::Read;
use super::formats::Formats;
use super::sections::up_part;
use crate::model::problem::{Problem, Stage};
use crate::model::project::History;
use crate::model::schema::Schema;

/// Grows when a replay gives another schema for the same files.
const VERSION: u32 = 1;

/// How far a history is replayed.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Until<'u> {
    /// To its end.
    #[default]
    End,
    /// The first so many files.
    Position(usize),
    /// Up to but without this file (path relative to the repository).
    File(&'u str),
}

/// The schema that a history leaves behind.
#[derive(Clone, Debug, PartialEq)]
pub struct Replayed {
    /// The schema.
    pub schema: Schema,
    /// Statements and files that were passed over, with file and line.
    pub problems: Vec<Problem>,
    /// See [`history_hash`].
    pub hash: [u8; 32],
}

/// The files of a history that run before `until`.
pub fn files_until<'h>(history: &'h History, until: Until) -> &'h [String] {
    let count = match until {
        Until::End => history.files.len(),
        Until::Position(count) => count,
        Until::File(path) => history.files.iter().position(|f| f == path).unwrap_or(history.files.len()),
    };
    history.files.get(..count).unwrap_or(&history.files)
}

/// What the replayed schema depends on: this version of the tool's rules, the dialect, the format, and the
/// ordered paths and contents of the files. Equal hashes give equal schemas.
pub fn history_hash(history: &History, read: &Read, until: Until) -> [u8; 32] {
    let mut hash = blake3::Hasher::new();
    let mut field = |bytes: &[u8]| {
        hash.update(&(bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    field(&VERSION.to_le_bytes());
    field(env!("CARGO_PKG_VERSION").as_bytes());
    field(history.dialect.to_string().as_bytes());
    field(history.format.as_bytes());
    for path in files_until(history, until) {
        field(path.as_bytes());
        match read(path) {
            Ok(bytes) => field(blake3::hash(&bytes).as_bytes()),
            Err(_) => field(b"unreadable"),
        }
    }
    *hash.finalize().as_bytes()
}

/// Text of a migration file with only the part that runs forwards, other parts blanked.
///
/// # Errors
/// A file that can't be read or is no UTF-8.
pub fn read_migration(history_format: &str, path: &str, read: &Read) -> Result<String, Problem> {
    let bytes = read(path).map_err(|e| Problem::new(Stage::Migration, format!("cannot read {path}: {e}")).at(path, None))?;
    let text = decode(bytes).map_err(|at| {
        let help = "convert it, or exclude it with `migrations.ignore` in impact.toml";
        Problem::new(Stage::Migration, format!("cannot read {path}: not valid UTF-8 at byte {at}")).at(path, None).help(help)
    })?;
    let formats = Formats::embedded();
    let format = formats.get(history_format).filter(|f| f.sections.is_some()).or_else(|| formats.by_content(&text));
    Ok(format.map_or_else(|| text.clone(), |f| up_part(&text, f)))
}

/// UTF-8, or UTF-16 with a byte order mark; the mark is blanked. The error is the byte that is neither.
fn decode(bytes: Vec<u8>) -> Result<String, usize> {
    let wide = |little: bool| -> Option<String> {
        let units = bytes.get(2..)?.chunks_exact(2).map(|c| match c {
            [a, b] if little => u16::from_le_bytes([*a, *b]),
            [a, b] => u16::from_be_bytes([*a, *b]),
            _ => 0,
        });
        char::decode_utf16(units).collect::<Result<String, _>>().ok()
    };
    match bytes.get(..2) {
        Some([0xff, 0xfe]) => return wide(true).ok_or(2),
        Some([0xfe, 0xff]) => return wide(false).ok_or(2),
        _ => {}
    }
    let text = String::from_utf8(bytes).map_err(|e| e.utf8_error().valid_up_to())?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => format!("   {rest}"),
        None => text,
    })
}
