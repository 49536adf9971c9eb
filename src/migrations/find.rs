//! Finding the histories of a repository and the databases that they migrate.

use super::dialects::{Dialects, EngineWord, Question, Taken, decide};
use super::formats::{Format, Formats, Named, Role};
use super::naming::{database_names, holder, without_engine};
use super::shape::{Cache, Candidate, Member, candidates};
use super::version::Version;
use super::{Read, below, dumps, join, read_text};
use crate::model::dialect::{Dialect, Engine};
use crate::model::problem::{Problem, Stage};
use crate::model::project::{Database, History, Service, SourceFile};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// What is known besides the files.
#[derive(Copy, Clone, Debug, Default)]
pub struct Hints<'h> {
    /// Name of the repository.
    pub repository: &'h str,
    /// Its services, by path.
    pub services: &'h [Service],
    /// Databases set by configuration.
    pub configured: &'h [Configured],
    /// Dialect for all histories, where the user gave one.
    pub dialect: Option<Dialect>,
}

/// A folder of migrations named by configuration.
#[derive(Clone, Debug, Default)]
pub struct Configured {
    /// Name of the database.
    pub database: String,
    /// Folder relative to the repository.
    pub folder: String,
    /// Format id; `None`: found out.
    pub format: Option<String>,
    /// Engine and version; `None`: found out.
    pub dialect: Option<Dialect>,
}

/// What [`histories`] finds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// Databases, ordered by name.
    pub databases: Vec<Database>,
    /// Every file that belongs to a history, down files, code migrations and dumps too; ordered.
    pub files: Vec<String>,
    /// What was passed over.
    pub problems: Vec<Problem>,
}

/// A history with what is needed to group it into a database.
struct Piece {
    history: History,
    evidence: String,
    configured: Option<String>,
    weak: bool,
    test: bool,
}

/// Groups the migration files among `files` into histories and databases.
pub fn histories(files: &[SourceFile], read: &Read, hints: &Hints) -> Found {
    let formats = Formats::embedded();
    let mut found = Found { problems: formats.problems.clone(), ..Found::default() };
    let cache = Cache::new(read);
    let chosen = choose(candidates(files, &cache, formats), hints, &mut found);
    let mut pieces = Vec::new();
    let mut code: BTreeMap<&str, Vec<(String, usize)>> = BTreeMap::new();
    for candidate in chosen {
        found.files.extend(candidate.members.iter().map(|m| m.path.clone()));
        if candidate.format.code {
            let folders: &mut Vec<(String, usize)> = code.entry(candidate.format.title.as_str()).or_default();
            folders.push((candidate.root, candidate.members.len()));
            continue;
        }
        pieces.extend(read_history(&candidate, formats, read, hints, &mut found.problems));
    }
    found.problems.extend(code.into_iter().map(|(title, folders)| code_problem(title, folders)));
    if pieces.iter().any(|p| !p.weak) {
        let weak: HashSet<String> = pieces.iter().filter(|p| p.weak).map(|p| p.history.folder.clone()).collect();
        found.files.retain(|f| !weak.iter().any(|w| below(w, f).is_some()));
        pieces.retain(|p| !p.weak);
    }
    if pieces.iter().any(|p| !p.test) {
        pieces.retain(|p| !p.test);
    }
    if pieces.is_empty() {
        pieces.extend(dump_pieces(files, formats, read, hints));
        found.files.extend(pieces.iter().flat_map(|p| p.history.files.iter().cloned()));
    }
    found.databases = group(pieces, &formats.dialects, hints);
    found.files.sort();
    found.files.dedup();
    found
}

/// Folders of code migrations that a problem names.
const SHOWN_FOLDERS: usize = 3;

/// What is said of code migrations of one format, by their folders with the numbers of files.
fn code_problem(title: &str, mut folders: Vec<(String, usize)>) -> Problem {
    folders.sort();
    let count: usize = folders.iter().map(|f| f.1).sum();
    let files = if count == 1 { "file" } else { "files" };
    let problem = match folders.as_slice() {
        [(root, _)] => {
            let message = format!("a history of code migrations ({title}, {count} {files}) is not replayed");
            Problem::new(Stage::Migration, message).at(shown(root), None)
        }
        all => {
            let mut names: Vec<&str> = all.iter().take(SHOWN_FOLDERS).map(|f| shown(&f.0)).collect();
            let more = format!("{} more", all.len() - names.len());
            if all.len() > names.len() {
                names.push(&more);
            }
            let message =
                format!("{} histories of code migrations ({title}, {count} {files}) are not replayed: {}", all.len(), names.join(", "));
            Problem::new(Stage::Migration, message)
        }
    };
    problem.help("the schema stays open; give a dump with --schema")
}

/// The history in one folder that the user named, whatever the folder is called; paths are relative to it.
///
/// # Errors
/// An unknown format id, or a folder without migrations.
pub fn history_of_folder(
    files: &[SourceFile],
    read: &Read,
    format: Option<&str>,
    dialect: Option<Dialect>,
) -> Result<(Database, Vec<Problem>), Problem> {
    let configured = [Configured { database: String::new(), folder: String::new(), format: format.map(String::from), dialect }];
    let found = histories(files, read, &Hints { configured: &configured, ..Hints::default() });
    if let Some(format) = format.filter(|f| Formats::embedded().get(f).is_none()) {
        return Err(unknown_format(format));
    }
    let most = found.databases.into_iter().max_by_key(|d| d.histories.iter().map(|h| h.files.len()).max());
    most.map(|d| (d, found.problems)).ok_or_else(|| Problem::new(Stage::Migration, "no migrations found in the folder"))
}

fn unknown_format(format: &str) -> Problem {
    let ids = Formats::embedded().ids().join(", ");
    Problem::new(Stage::Config, format!("unknown migration format {format:?}")).help(format!("use one of {ids}"))
}

fn shown(folder: &str) -> &str {
    if folder.is_empty() { "." } else { folder }
}

/// Takes the candidates that have most to say for them; each file belongs to one.
fn choose<'f>(mut all: Vec<Candidate<'f>>, hints: &Hints, found: &mut Found) -> Vec<Candidate<'f>> {
    let formats = Formats::embedded();
    for configured in hints.configured {
        if let Some(id) = &configured.format
            && formats.get(id).is_none()
        {
            found.problems.push(unknown_format(id));
        }
    }
    for candidate in &mut all {
        let configured = configured_for(hints, &candidate.root);
        if configured.and_then(|c| c.format.as_deref()).is_some_and(|f| f == candidate.format.id) {
            candidate.score += 10_000;
        }
        candidate.weak &= configured.is_none();
    }
    all.sort_by(|a, b| (b.score, a.root.len(), &a.root, &a.format.id).cmp(&(a.score, b.root.len(), &b.root, &b.format.id)));
    let mut claimed: HashSet<String> = HashSet::new();
    let mut chosen: Vec<Candidate> = Vec::new();
    for mut candidate in all {
        let before = candidate.members.len();
        candidate.members.retain(|m| !claimed.contains(&m.path));
        // What another format left over is no history of its own unless most of it is left.
        if !candidate.members.iter().any(Member::runs) || candidate.members.len() * 2 < before {
            continue;
        }
        if chosen.iter().any(|c| c.root == candidate.root && !c.format.code && !candidate.format.code) {
            let left: Vec<String> = candidate.members.iter().filter(|m| m.named.role == Role::Up).map(|m| m.path.clone()).collect();
            found.problems.extend(left.iter().map(|path| left_out(path, "is of another format than the files beside it")));
            continue;
        }
        claimed.extend(candidate.members.iter().map(|m| m.path.clone()));
        chosen.push(candidate);
    }
    chosen.sort_by(|a, b| a.root.cmp(&b.root));
    chosen
}

fn left_out(path: &str, why: &str) -> Problem {
    Problem::new(Stage::Migration, format!("{path} {why}; it is left out of the history")).at(path, None)
}

fn configured_for<'h>(hints: &Hints<'h>, folder: &str) -> Option<&'h Configured> {
    let holds = |c: &&Configured| c.folder.trim_matches('/') == folder || below(c.folder.trim_matches('/'), folder).is_some();
    hints.configured.iter().filter(holds).max_by_key(|c| c.folder.len())
}

/// Orders the files of a candidate and decides its dialect; one piece per engine named in the files' names.
fn read_history(candidate: &Candidate, formats: &Formats, read: &Read, hints: &Hints, problems: &mut Vec<Problem>) -> Vec<Piece> {
    let format = candidate.format;
    let mut members: Vec<&Member> = candidate.members.iter().filter(|m| m.runs()).collect();
    if members.iter().any(|m| m.named.role != Role::Unversioned) {
        for member in members.iter().filter(|m| m.named.role == Role::Unversioned && m.depth == 0) {
            problems.push(left_out(&member.path, "has no version"));
        }
        members.retain(|m| m.named.role != Role::Unversioned);
    }
    let engines = engines_by_name(&members, &formats.dialects);
    let shares: Vec<Option<EngineWord>> = if engines.len() < 2 { vec![None] } else { engines.into_iter().map(Some).collect() };
    let mut pieces = Vec::new();
    for share in shares {
        let own = |m: &&&Member| share.is_none() || engine_of_file(&m.path, &formats.dialects).is_none_or(|e| share.as_ref() == Some(&e));
        let own: Vec<&Member> = members.iter().filter(own).copied().collect();
        let files = ordered(format, &candidate.root, &own, read, problems);
        if files.is_empty() {
            continue;
        }
        let service = holder(&candidate.root, hints.services);
        let configured = configured_for(hints, &candidate.root);
        let dumps = candidate.members.iter().filter(|m| m.named.role == Role::Dump).map(|m| m.path.clone());
        let sample = sample_text(&files.iter().cloned().chain(dumps).collect::<Vec<_>>(), read);
        let question = Question {
            formats,
            format,
            folder: &candidate.root,
            by_name: share.as_ref(),
            configured: configured.and_then(|c| c.dialect).or(hints.dialect),
            drivers: service.map_or(&[], |s| s.engines.as_slice()),
            service: service.map_or("", |s| s.name.as_str()),
            sample: &sample,
        };
        match decide(&question, read) {
            Taken::Dialect(dialect, evidence) => pieces.push(Piece {
                history: History { folder: candidate.root.clone(), format: format.id.clone(), dialect, files },
                evidence,
                configured: configured.map(|c| c.database.clone()).filter(|n| !n.is_empty()),
                weak: candidate.weak,
                test: own.iter().all(|m| m.test),
            }),
            Taken::Unsupported(engine, why) => {
                let message =
                    format!("{}: a history for {engine} ({why}) is left out; that engine is not supported", shown(&candidate.root));
                problems.push(Problem::new(Stage::Migration, message).at(candidate.root.clone(), None));
            }
        }
    }
    pieces
}

/// The engine at the end of a file's name: `1_view-postgres.sql`, `init_mysql.up.sql`.
fn engine_of_file(path: &str, dialects: &Dialects) -> Option<EngineWord> {
    let name = path.rsplit('/').next()?;
    let stem = name.split('.').next()?;
    let word = stem.rsplit(['-', '_']).next()?;
    dialects.engine(word).cloned()
}

fn engines_by_name(members: &[&Member], dialects: &Dialects) -> Vec<EngineWord> {
    let mut engines: Vec<EngineWord> = Vec::new();
    for engine in members.iter().filter_map(|m| engine_of_file(&m.path, dialects)) {
        if !engines.contains(&engine) {
            engines.push(engine);
        }
    }
    engines
}

/// The files that run, in the order in which they run.
fn ordered(format: &Format, root: &str, members: &[&Member], read: &Read, problems: &mut Vec<Problem>) -> Vec<String> {
    if let Some(listed) = listed(format, root, members, read, problems) {
        return listed;
    }
    let mut sorted: Vec<&Member> = members.to_vec();
    sorted.sort_by(|a, b| sort_key(&a.named, &a.path).cmp(&sort_key(&b.named, &b.path)));
    // A fresh database starts from the newest baseline.
    if let Some(baseline) = sorted.iter().filter(|m| m.named.role == Role::Baseline).map(|m| m.named.version.clone()).max() {
        sorted.retain(|m| match m.named.role {
            Role::Baseline => m.named.version == baseline,
            Role::Up => m.named.version > baseline,
            _ => true,
        });
    }
    if format.unique_versions {
        for pair in sorted.windows(2) {
            if let [a, b] = pair
                && a.named.role == Role::Up
                && b.named.role == Role::Up
                && a.named.version == b.named.version
                && !a.named.version.is_empty()
            {
                let message = format!("{} and {} have the same version; both are replayed in the order of their names", a.path, b.path);
                problems.push(Problem::new(Stage::Migration, message).at(b.path.clone(), None));
            }
        }
    }
    sorted.into_iter().map(|m| m.path.clone()).collect()
}

/// What files of a history are ordered by: repeatable ones last, then version, name, path.
pub(super) fn sort_key<'k>(named: &'k Named, path: &'k str) -> (bool, &'k Version, &'k str, &'k str) {
    (named.role == Role::Repeatable, &named.version, named.name.as_str(), path)
}

/// The order that a listing of the tool gives; `None`: the format has none or it can't be read.
fn listed(format: &Format, root: &str, members: &[&Member], read: &Read, problems: &mut Vec<Problem>) -> Option<Vec<String>> {
    let listing = format.listing.as_ref()?;
    let text = read_text(read, &join(root, &listing.file)?)?;
    let existing: BTreeSet<&str> = members.iter().map(|m| m.path.as_str()).collect();
    let mut files: Vec<String> = Vec::new();
    for item in listing.pattern.captures_iter(&text).filter_map(|c| c.name("item")) {
        let Some(path) = join(root, &listing.path.replace("{item}", item)) else { continue };
        if !existing.contains(path.as_str()) {
            let message = format!("{path} stands in {} but there is no such file", listing.file);
            problems.push(Problem::new(Stage::Migration, message).at(path, None));
        } else if !files.contains(&path) {
            files.push(path);
        }
    }
    for path in existing.iter().filter(|p| !files.iter().any(|f| f == *p)) {
        problems.push(left_out(path, &format!("is not in {}", listing.file)));
    }
    Some(files)
}

fn sample_text(files: &[String], read: &Read) -> String {
    let mut text = String::new();
    for path in files.iter().take(6).chain(files.iter().rev().take(4)) {
        text.push_str(&read_text(read, path).unwrap_or_default());
        text.push('\n');
        if text.len() > 256 * 1024 {
            break;
        }
    }
    text
}

/// Dumps count where no history does.
fn dump_pieces(files: &[SourceFile], formats: &Formats, read: &Read, hints: &Hints) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (path, text) in dumps::find(files, read) {
        let folder = super::parent(&path).to_string();
        let service = holder(&folder, hints.services);
        let drivers = service.map_or(&[][..], |s| s.engines.as_slice());
        let configured = configured_for(hints, &folder);
        let Some(plain) = formats.get("plain") else { continue };
        let question = Question {
            formats,
            format: plain,
            folder: &folder,
            by_name: None,
            configured: configured.and_then(|c| c.dialect).or(hints.dialect),
            drivers,
            service: service.map_or("", |s| s.name.as_str()),
            sample: &text,
        };
        if let Taken::Dialect(dialect, evidence) = decide(&question, read) {
            let header = dumps::header(&text);
            let (dialect, evidence) = header.map_or((dialect, evidence), |d| (d, format!("header of {path}")));
            pieces.push(Piece {
                history: History { folder, format: dumps::FORMAT.into(), dialect, files: vec![path] },
                evidence,
                configured: configured.map(|c| c.database.clone()).filter(|n| !n.is_empty()),
                weak: false,
                test: false,
            });
        }
    }
    pieces
}

/// Joins histories that differ in nothing but the engine, and gives names.
fn group(pieces: Vec<Piece>, dialects: &Dialects, hints: &Hints) -> Vec<Database> {
    let mut groups: BTreeMap<(Option<String>, String), Vec<Piece>> = BTreeMap::new();
    let mut taken: BTreeSet<(String, Engine)> = BTreeSet::new();
    for piece in pieces {
        let mut key = without_engine(&piece.history.folder, dialects);
        if piece.configured.is_none() && !taken.insert((key.clone(), piece.history.dialect.engine)) {
            key = piece.history.folder.clone();
        }
        let key = piece.configured.clone().map_or((None, key), |name| (Some(name), String::new()));
        groups.entry(key).or_default().push(piece);
    }
    let folders: Vec<String> = groups.values().map(|g| g.first().map(|p| p.history.folder.clone()).unwrap_or_default()).collect();
    let names = database_names(&folders, hints.repository, hints.services, dialects);
    let mut databases = Vec::new();
    for (((configured, _), mut group), name) in groups.into_iter().zip(names) {
        group.sort_by(|a, b| (a.history.dialect.engine, &a.history.folder).cmp(&(b.history.dialect.engine, &b.history.folder)));
        let name = configured.unwrap_or(name);
        let mut services: BTreeSet<String> =
            group.iter().filter_map(|p| holder(&p.history.folder, hints.services)).map(|s| s.name.clone()).collect();
        services.extend(hints.services.iter().filter(|s| s.databases.contains(&name)).map(|s| s.name.clone()));
        let Some(first) = group.first() else { continue };
        databases.push(Database {
            dialect: first.history.dialect,
            dialect_evidence: first.evidence.clone(),
            services: services.into_iter().collect(),
            histories: group.into_iter().map(|p| p.history).collect(),
            name,
        });
    }
    databases.sort_by(|a, b| a.name.cmp(&b.name));
    databases
}

/// What the name of a file says by a format, for a path inside or outside the history's folder: the last
/// parts of the path, with at most `folders` folders, are tried until they fit.
pub(super) fn named_at_end(format: &Format, path: &str, folders: usize) -> Option<Named> {
    let whole = format.files.iter().map(|f| f.depth).max().unwrap_or(0).min(folders);
    let tails: Vec<&str> = tails(path).take(whole + 1).collect();
    tails.iter().rev().find_map(|tail| format.named(tail))
}

/// `c`, `b/c`, `a/b/c` of `a/b/c`.
fn tails(path: &str) -> impl Iterator<Item = &str> {
    let mut at = Some(path.len());
    std::iter::from_fn(move || {
        let end = at?;
        let slash = path.get(..end)?.rfind('/');
        at = slash;
        Some(path.get(slash.map_or(0, |s| s + 1)..).unwrap_or(""))
    })
}
