//! Replaying a history on an empty schema.

use super::formats::Formats;
use super::sections::up_part;
use super::{Read, dumps, join};
use crate::model::change::{Change, ChangeOp};
use crate::model::problem::{Problem, Stage};
use crate::model::project::History;
use crate::model::schema::Schema;
use crate::sql::apply::{ApplyOptions, apply_in_place, schema_from_dump};

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

/// Runs a history on an empty schema, forwards and in order. What fails or can't be read is a problem that
/// names file and line, and the rest goes on.
///
/// A history that changes tables which it does not create began with an existing schema. Then the dump that
/// stands beside it (`schema.sql`, `LATEST.sql`) is taken, or the schema stays open.
pub fn replay(history: &History, read: &Read, until: Until) -> Replayed {
    let hash = history_hash(history, read, until);
    let files = files_until(history, until);
    if history.format == dumps::FORMAT {
        let (schema, problems) = from_dump(history, files.first().map_or("", String::as_str), read);
        return Replayed { schema, problems, hash };
    }
    if let Some(problem) = code_problem(history) {
        return Replayed { schema: Schema::open(history.dialect), problems: vec![problem], hash };
    }
    let mut schema = Schema::empty(history.dialect);
    let (mut problems, mut missing) = run(&mut schema, history, files, read);
    let dump = dump_beside(history, read);
    if missing.is_none() && dump.is_some() {
        // What runs later may show that the history began with an existing schema.
        let rest = history.files.get(files.len()..).unwrap_or(&[]);
        missing = run(&mut schema.clone(), history, rest, read).1;
    }
    let Some(missing) = missing else { return Replayed { schema, problems, hash } };
    if let Some(path) = dump {
        let (mut dumped, mut dump_problems) = from_dump(history, &path, read);
        if !dumped.tables.is_empty() {
            take_back(&mut dumped, history, files.len(), read);
            let message = format!("{missing}: a table that the history does not create; {path} is taken for the schema");
            dump_problems.push(Problem::new(Stage::Migration, message).at(path, None));
            return Replayed { schema: dumped, problems: dump_problems, hash };
        }
    }
    schema = Schema::open(history.dialect);
    problems = run(&mut schema, history, files, read).0;
    let message = format!("{missing}: a table that the history does not create; the schema stays open");
    let help = "give a dump of the schema with --schema";
    problems.push(Problem::new(Stage::Migration, message).at(history.folder.clone(), None).help(help));
    Replayed { schema, problems, hash }
}

/// The scripts that make the schema of [`replay`], in order: path and text.
///
/// # Errors
/// Why no scripts make it.
pub fn replay_scripts(history: &History, read: &Read, until: Until) -> Result<Vec<(String, String)>, String> {
    let files = files_until(history, until);
    let text = |path: &String| read_migration(&history.format, path, read).map(|text| (path.clone(), text)).map_err(|p| p.message);
    if history.format == dumps::FORMAT {
        return files.iter().take(1).map(text).collect();
    }
    if let Some(problem) = code_problem(history) {
        return Err(problem.message);
    }
    let whole = files.len() == history.files.len();
    if run(&mut Schema::empty(history.dialect), history, &history.files, read).1.is_none() {
        return files.iter().map(text).collect();
    }
    match dump_beside(history, read) {
        Some(dump) if whole => text(&dump).map(|t| vec![t]),
        Some(_) => Err("the history began with an existing schema, and the dump beside it shows a later one".into()),
        None => Err("the history began with an existing schema that is not known".into()),
    }
}

/// Runs files one after the other. Also returns the first place where a table was missing, as `path:line`.
fn run(schema: &mut Schema, history: &History, files: &[String], read: &Read) -> (Vec<Problem>, Option<String>) {
    let mut problems = Vec::new();
    let mut missing = None;
    let own = Formats::embedded().get(&history.format).map_or(&[][..], |f| f.tables.as_slice());
    for (number, path) in files.iter().enumerate() {
        let text = match read_migration(&history.format, path, read) {
            Ok(text) => text,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        let options = ApplyOptions { migration: number as u32, autocommit: true, lenient: true, ..ApplyOptions::default() };
        let applied = apply_in_place(schema, &text, &options);
        for mut problem in applied.problems {
            problem.path = Some(path.clone());
            let of_the_tool = |message: &str| own.iter().any(|table| message.contains(table.as_str()));
            if missing.is_none() && says_missing_table(&problem.message) && !of_the_tool(&problem.message) {
                missing = Some(problem.line.map_or(path.clone(), |line| format!("{path}:{line}")));
            }
            problems.push(problem);
        }
    }
    (problems, missing)
}

/// The engines' words for a table that does not exist (SQLSTATE 42P01, errno 1146, SQLITE_ERROR).
fn says_missing_table(message: &str) -> bool {
    message.contains("no such table")
        || (message.contains("relation \"") && message.contains("does not exist") && !message.contains("column \""))
        || (message.contains("Table '") && message.contains("doesn't exist"))
}

fn code_problem(history: &History) -> Option<Problem> {
    let format = Formats::embedded().get(&history.format).filter(|f| f.code)?;
    let message = format!("a history of code migrations ({}) is not replayed", format.title);
    Some(Problem::new(Stage::Migration, message).at(history.folder.clone(), None))
}

fn from_dump(history: &History, path: &str, read: &Read) -> (Schema, Vec<Problem>) {
    match read_migration(&history.format, path, read) {
        Ok(text) => {
            let (schema, mut problems) = schema_from_dump(&text, history.dialect);
            for problem in &mut problems {
                problem.path = Some(path.to_string());
            }
            (schema, problems)
        }
        Err(problem) => (Schema::open(history.dialect), vec![problem]),
    }
}

/// Names of dumps beside a history, and in the folder above it.
const BESIDE: &[&str] = &["LATEST.sql", "latest.sql", "schema.sql", "structure.sql", "../schema.sql", "../structure.sql"];

fn dump_beside(history: &History, read: &Read) -> Option<String> {
    let engine = history.dialect.engine.as_str();
    let own = [format!("current_schema_{engine}.sql"), format!("schema_{engine}.sql"), format!("schema-{engine}.sql")];
    let names = own.iter().map(String::as_str).chain(BESIDE.iter().copied());
    names.filter_map(|name| join(&history.folder, name)).find(|path| !history.files.contains(path) && read(path).is_ok())
}

/// A dump shows the schema after all migrations. What those after `from` have done is taken back as far as
/// their statements tell it: added columns and tables go, renames are undone. Tables changed in any other
/// way may have looked different and become open.
fn take_back(schema: &mut Schema, history: &History, from: usize, read: &Read) {
    let mut later = Schema::open(history.dialect);
    let mut changes: Vec<Change> = Vec::new();
    for path in history.files.iter().skip(from) {
        let Ok(text) = read_migration(&history.format, path, read) else { continue };
        let options = ApplyOptions { autocommit: true, lenient: true, ..ApplyOptions::default() };
        changes.extend(apply_in_place(&mut later, &text, &options).changes);
    }
    for change in changes.iter().rev() {
        let Some(name) = &change.object.table else { continue };
        let new_table = change.new_name.as_ref().filter(|_| change.op == ChangeOp::RenameTable).map(|n| n.name.as_str());
        let Some(key) = schema.find_table_key(change.object.schema.as_deref(), new_table.unwrap_or(name)) else { continue };
        if change.op == ChangeOp::CreateTable {
            schema.tables.remove(&key);
            continue;
        }
        let dialect = schema.dialect;
        if change.op == ChangeOp::RenameTable {
            if let Some(mut table) = schema.tables.remove(&key) {
                table.name.name = name.clone();
                let key = schema.key(&key.schema, name);
                schema.tables.insert(key, table);
            }
            continue;
        }
        let Some(table) = schema.tables.get_mut(&key) else { continue };
        match (change.op, &change.object.column, &change.new_name) {
            (ChangeOp::AddColumn, Some(column), _) => table.columns.retain(|c| !dialect.same_column(&c.name, column)),
            (ChangeOp::RenameColumn, Some(column), Some(new)) => {
                for c in table.columns.iter_mut().filter(|c| dialect.same_column(&c.name, &new.name)) {
                    c.name = column.clone();
                }
            }
            (ChangeOp::InsertRows | ChangeOp::UpdateRows | ChangeOp::DeleteRows | ChangeOp::CreateIndex, ..) => {}
            _ => table.open = true,
        }
    }
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
/// ordered paths and contents of the files, also of a dump beside them. Equal hashes give equal schemas.
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
    let dump = dump_beside(history, read).filter(|_| history.format != dumps::FORMAT);
    // With a dump, what runs later decides whether it counts and what is taken back from it.
    let later = if dump.is_some() { history.files.get(files_until(history, until).len()..).unwrap_or(&[]) } else { &[] };
    field(&(later.len() as u64).to_le_bytes());
    for path in files_until(history, until).iter().chain(later).chain(&dump) {
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
