//! Folders whose files could be a history of some format, with the signs that speak for it.

use super::formats::{FilePattern, Format, Formats, Named, Role, Sign};
use super::pattern::Pattern;
use super::{Read, ancestors, join, parent, read_text};
use crate::model::project::{FileKind, SourceFile};
use crate::model::statement::Scope;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::OnceLock;

/// One file of a candidate.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// Path relative to the repository.
    pub path: String,
    /// What its name says.
    pub named: Named,
    /// It stands among tests.
    pub test: bool,
    /// Folders between the history's and the file.
    pub depth: usize,
}

impl Member {
    /// It can run when the history is replayed.
    pub fn runs(&self) -> bool {
        matches!(self.named.role, Role::Up | Role::Repeatable | Role::Baseline | Role::Unversioned)
    }
}

/// A folder read as one format.
#[derive(Clone, Debug)]
pub(super) struct Candidate<'f> {
    /// Folder relative to the repository.
    pub root: String,
    pub format: &'f Format,
    pub members: Vec<Member>,
    /// How much speaks for it; higher wins.
    pub score: u32,
    /// Only numbered names in a folder that is not named for migrations.
    pub weak: bool,
}

/// Text files read while looking for signs, each once.
pub(super) struct Cache<'r> {
    read: &'r Read<'r>,
    texts: RefCell<HashMap<String, Option<String>>>,
}

impl<'r> Cache<'r> {
    pub fn new(read: &'r Read<'r>) -> Self {
        Cache { read, texts: RefCell::default() }
    }

    /// Text of a file, if it can be read, handed to `with`.
    pub fn with<T>(&self, path: &str, with: impl FnOnce(&str) -> T) -> Option<T> {
        let mut texts = self.texts.borrow_mut();
        let text = texts.entry(path.to_string()).or_insert_with(|| read_text(self.read, path));
        text.as_deref().map(with)
    }

    pub fn exists(&self, path: &str) -> bool {
        self.with(path, |_| ()).is_some()
    }
}

/// Every folder that has the shape of a format and one of the signs that the format requires.
pub(super) fn candidates<'f>(files: &[SourceFile], cache: &Cache, formats: &'f Formats) -> Vec<Candidate<'f>> {
    let mut groups: BTreeMap<(String, usize), Vec<Member>> = BTreeMap::new();
    for file in files {
        let code = is_code(file);
        if !code && !is_sql(&file.path) {
            continue;
        }
        for (index, format) in formats.list.iter().enumerate().filter(|(_, f)| f.code == code) {
            let mut roots = BTreeSet::new();
            for pattern in &format.files {
                let Some((root, named)) = fits(format, pattern, &file.path) else { continue };
                let root = if format.recursive { topmost(formats, format, root) } else { root };
                if roots.insert(root.to_string()) {
                    let member = Member { path: file.path.clone(), named, test: file.scope == Scope::Test, depth: pattern.depth };
                    groups.entry((root.to_string(), index)).or_default().push(member);
                }
            }
        }
    }
    let mut found = Vec::new();
    for ((root, index), members) in groups {
        let Some(format) = formats.list.get(index) else { continue };
        if let Some(candidate) = weigh(root, format, members, cache) {
            found.push(candidate);
        }
    }
    found
}

/// The folder of the history and what the name says, where the end of a path fits a pattern.
fn fits<'p>(format: &Format, pattern: &FilePattern, path: &'p str) -> Option<(&'p str, Named)> {
    let mut root = path;
    for _ in 0..=pattern.depth {
        if root.is_empty() {
            return None;
        }
        root = parent(root);
    }
    let relative = path.get(root.len()..)?.trim_start_matches('/');
    Some((root, format.named_by(pattern, relative)?))
}

/// For formats that look into all folders below: the highest folder with a usual name, unless a folder
/// between names an engine.
fn topmost<'p>(formats: &Formats, format: &Format, folder: &'p str) -> &'p str {
    let mut top = folder;
    for at in ancestors(folder) {
        if format.usual_folder(at) {
            top = at;
        }
        let last = at.rsplit('/').next().unwrap_or("");
        if formats.dialects.engine_in_name(last).is_some() {
            break;
        }
    }
    top
}

fn weigh<'f>(root: String, format: &'f Format, mut members: Vec<Member>, cache: &Cache) -> Option<Candidate<'f>> {
    let versioned = members.iter().any(|m| m.named.role == Role::Up);
    let by_engine = |name: &str| Formats::embedded().dialects.engine(name).is_some();
    let own_name = ancestors(&root).find(|a| !by_engine(folder_name(a))).is_some_and(|a| format.usual_folder(a));
    let named_for_it = ancestors(&root).take(3).any(|a| format.usual_folder(a) || folder_name(a).to_ascii_lowercase().contains("migrat"));
    if !versioned && !own_name {
        members.retain(|m| m.named.role != Role::Unversioned);
    }
    if !members.iter().any(Member::runs) {
        return None;
    }
    // A folder that is a number alone is a version only in a folder that is named for migrations.
    if format.requires == [Sign::Ddl] && !named_for_it {
        members.retain(|m| m.depth == 0 || !folder_name(parent(&m.path)).bytes().all(|b| b.is_ascii_digit()));
        if !members.iter().any(Member::runs) {
            return None;
        }
    }
    // A release folder that stands alone is a folder, not a release.
    let folders: BTreeSet<String> = members.iter().filter(|m| m.depth > 0).map(|m| parent(&m.path).to_string()).collect();
    if format.requires == [Sign::Ddl] && folders.len() == 1 {
        members.retain(|m| m.depth == 0);
        if !members.iter().any(Member::runs) {
            return None;
        }
    }
    let mut seen: Vec<Sign> = Vec::new();
    let sample = sample(&members);
    if format.markers.iter().any(|marker| has_marker(&root, marker, &sample, cache)) {
        seen.push(Sign::Marker);
    }
    if let Some(content) = &format.content
        && sample.iter().any(|path| cache.with(path, |text| content.is_match(text)).unwrap_or(false))
    {
        seen.push(Sign::Content);
    }
    if format.settings.iter().any(|s| ancestors(&root).filter_map(|a| join(a, s)).any(|p| cache.exists(&p))) {
        seen.push(Sign::Setting);
    }
    if !format.dependencies.is_empty() && ancestors(&root).any(|a| format.manifests.iter().any(|m| depends(format, a, m, cache))) {
        seen.push(Sign::Dependency);
    }
    if format.requires.contains(&Sign::Shape) {
        seen.push(Sign::Shape);
    }
    if format.requires.contains(&Sign::Ddl) && sample.iter().any(|path| cache.with(path, changes_schema).unwrap_or(false)) {
        seen.push(Sign::Ddl);
    }
    if !format.requires.iter().any(|sign| seen.contains(sign)) {
        return None;
    }
    let weight = |sign: &Sign| match sign {
        Sign::Marker => 100,
        Sign::Content => 90,
        Sign::Setting => 60,
        Sign::Dependency => 50,
        Sign::Shape => 40,
        Sign::Ddl => 10,
    };
    let sum: u32 = seen.iter().map(weight).sum();
    let releases = 15 * u32::from(folders.len() > 1);
    let weak = format.requires == [Sign::Ddl] && !named_for_it;
    if weak && members.iter().filter(|m| m.named.role == Role::Up).count() < 2 {
        return None;
    }
    let score = 10 * (sum + releases + 5 * u32::from(named_for_it)) + 99u32.saturating_sub(format.rank) / 10;
    Some(Candidate { root, format, members, score, weak })
}

/// First, last and some between: a tool's directive or DDL stands in nearly every file.
fn sample(members: &[Member]) -> Vec<String> {
    let running: Vec<&Member> = members.iter().filter(|m| m.runs()).collect();
    let mut picked: Vec<String> = running.iter().take(4).map(|m| m.path.clone()).collect();
    picked.extend(running.iter().rev().take(2).map(|m| m.path.clone()));
    picked.dedup();
    picked
}

fn has_marker(root: &str, marker: &str, sample: &[String], cache: &Cache) -> bool {
    match marker.strip_prefix("*/") {
        Some(file) => sample.first().and_then(|path| join(parent(path), file)).is_some_and(|p| p != root && cache.exists(&p)),
        None => join(root, marker).is_some_and(|p| cache.exists(&p)),
    }
}

fn depends(format: &Format, folder: &str, manifest: &str, cache: &Cache) -> bool {
    let Some(path) = join(folder, manifest) else { return false };
    cache.with(&path, |text| format.dependencies.iter().any(|d| names_word(text, d))).unwrap_or(false)
}

/// Whether `word` stands in a manifest as a whole name.
fn names_word(text: &str, word: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '@');
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|t| t.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|t| t.chars().next());
        !before.is_some_and(|c| inside(c) || c == '/') && !after.is_some_and(inside)
    })
}

/// Whether a text creates, alters or drops something.
pub(super) fn changes_schema(text: &str) -> bool {
    static DDL: OnceLock<Pattern> = OnceLock::new();
    let pattern = r"(?i)\b(?:create|alter|drop|rename)\s+(?:or\s+replace\s+|unique\s+|unlogged\s+|materialized\s+|temporary\s+|temp\s+|foreign\s+|virtual\s+)*(?:table|view|index|type|schema|function|procedure|trigger|sequence|extension|domain|policy|database)\b";
    let ddl = DDL.get_or_init(|| Pattern::new(pattern));
    ddl.is_match(text)
}

fn is_sql(path: &str) -> bool {
    let extension = path.rsplit_once('.').map_or("", |(_, e)| e);
    ["sql", "psql", "pgsql", "mysql"].iter().any(|e| e.eq_ignore_ascii_case(extension))
}

/// Source that can be a migration: its folder says so.
fn is_code(file: &SourceFile) -> bool {
    matches!(file.kind, FileKind::Source(_) | FileKind::Migration)
        && !is_sql(&file.path)
        && ancestors(parent(&file.path)).take(2).any(|a| {
            let name = folder_name(a).to_ascii_lowercase();
            name.contains("migrat") || name == "versions"
        })
}

fn folder_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ddl_and_manifests() {
        assert!(changes_schema("create or replace view a as select 1"));
        assert!(changes_schema("CREATE UNIQUE INDEX a ON b (c)"));
        assert!(!changes_schema("insert into a values ('table')"));
        assert!(names_word("sqlx = { version = \"0.8\" }", "sqlx"));
        assert!(!names_word("github.com/jmoiron/sqlx v1.3", "sqlx"));
        assert!(!names_word("sqlx-cli = 1", "sqlx"));
    }
}
