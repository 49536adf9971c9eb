//! Formats of migration files, read from `grammars/migrations/`.

use super::dialects::Dialects;
use super::pattern::Pattern;
use super::version::Version;
use crate::model::problem::{Problem, Stage};
use serde::Deserialize;
use std::sync::OnceLock;

/// What a file of a history does.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Runs once, in the order of versions.
    #[default]
    Up,
    /// Undoes a migration; never run.
    Down,
    /// Runs after all versions, each time that it changes.
    Repeatable,
    /// The state that the versions up to its own would leave; stands for them on a fresh database.
    Baseline,
    /// The whole schema as it is now.
    Dump,
    /// Has no version: counts only in a folder whose files have none.
    Unversioned,
}

/// A sign by which a folder is known to be of a format. One of those a format requires is enough.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sign {
    /// A marker file stands in it.
    Marker,
    /// A file holds the tool's own directive.
    Content,
    /// A manifest above it names the tool.
    Dependency,
    /// A settings file of the tool stands in it or above.
    Setting,
    /// The files' names say enough.
    Shape,
    /// A file changes a schema.
    Ddl,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Source {
    id: String,
    title: String,
    reference: String,
    rank: u32,
    requires: Vec<Sign>,
    #[serde(default)]
    code: bool,
    #[serde(default)]
    recursive: bool,
    #[serde(default)]
    unique_versions: bool,
    #[serde(default)]
    version: VersionKind,
    #[serde(default)]
    engine: Option<String>,
    #[serde(default)]
    tables: Vec<String>,
    #[serde(default)]
    folders: Vec<String>,
    #[serde(default)]
    markers: Vec<String>,
    #[serde(default)]
    settings: Vec<String>,
    #[serde(default)]
    dependencies: Vec<String>,
    #[serde(default = "manifests")]
    manifests: Vec<String>,
    #[serde(default)]
    content: Option<String>,
    file: Vec<FileSource>,
    #[serde(default)]
    direction: DirectionWords,
    #[serde(default)]
    listing: Option<ListingSource>,
    #[serde(default)]
    sections: Option<SectionsSource>,
    #[serde(default)]
    dialect: Vec<DialectSource>,
}

/// How the versions of a format compare.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VersionKind {
    /// By their numbers.
    #[default]
    Numbers,
    /// By their characters.
    Text,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct FileSource {
    pattern: String,
    #[serde(default)]
    role: Role,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct DirectionWords {
    down: Vec<String>,
}

impl Default for DirectionWords {
    fn default() -> Self {
        DirectionWords { down: vec!["down".into()] }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ListingSource {
    file: String,
    pattern: String,
    path: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct SectionsSource {
    #[serde(default)]
    up: Option<String>,
    down: String,
    directive: String,
    before: Before,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Before {
    Up,
    Skip,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct DialectSource {
    file: String,
    pattern: String,
}

fn manifests() -> Vec<String> {
    ["package.json", "go.mod", "Cargo.toml", "pyproject.toml", "requirements.txt", "pom.xml", "build.gradle", "build.gradle.kts"]
        .map(String::from)
        .to_vec()
}

/// A format of migrations.
#[derive(Debug)]
pub struct Format {
    /// Its id, as in [`crate::model::project::History::format`] and `--migration-format`.
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// Where its rules are written.
    pub reference: String,
    /// Lower is tried first between formats that fit equally.
    pub rank: u32,
    /// One of these signs must be seen.
    pub requires: Vec<Sign>,
    /// Migrations are programs: known, not replayed.
    pub code: bool,
    /// Files are found in all folders below.
    pub recursive: bool,
    /// Two files of one version are an error.
    pub unique_versions: bool,
    /// How versions compare.
    pub version: VersionKind,
    /// The only engine that the tool knows, as a word of `dialects.toml`.
    pub engine: Option<String>,
    /// Tables in which the tool keeps its own state.
    pub tables: Vec<String>,
    /// Names that folders of this format usually have.
    pub folders: Vec<String>,
    /// Files relative to the history that prove it; `*` is the folder of its first file.
    pub markers: Vec<String>,
    /// Files in it or above that speak for it.
    pub settings: Vec<String>,
    /// Names of the tool in manifests.
    pub dependencies: Vec<String>,
    /// Manifests looked into.
    pub manifests: Vec<String>,
    /// The directive that proves it.
    pub content: Option<Pattern>,
    /// Names of its files.
    pub files: Vec<FilePattern>,
    /// A file that lists the migrations in order.
    pub listing: Option<Listing>,
    /// Parts of a file.
    pub sections: Option<Sections>,
    /// Files that say the engine, and how (group `engine`).
    pub dialect: Vec<(String, Pattern)>,
    down_words: Vec<String>,
}

/// How a file of a format is named.
#[derive(Debug)]
pub struct FilePattern {
    /// Matches the path relative to the history's folder. Groups: `version`, `minor`, `name`, `direction`.
    pub pattern: Pattern,
    /// What such a file does, unless its direction says `down`.
    pub role: Role,
    /// Folders between the history's and the file.
    pub depth: usize,
}

/// A file that lists the migrations of a history.
#[derive(Debug)]
pub struct Listing {
    /// Relative to the history.
    pub file: String,
    /// Each match names one migration in its group `item`.
    pub pattern: Pattern,
    /// Path of an item's file; `{item}` is replaced.
    pub path: String,
}

/// Lines that part a file.
#[derive(Debug)]
pub struct Sections {
    /// Begins what is run.
    pub up: Option<Pattern>,
    /// Begins what is not run.
    pub down: Pattern,
    /// Any directive of the tool.
    pub directive: Pattern,
    /// Text before the first of them is run.
    pub before_is_up: bool,
}

/// What a file's name says.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// Its version; empty where there is none.
    pub version: Version,
    /// Its description; empty where there is none.
    pub name: String,
    /// What it does.
    pub role: Role,
}

impl Format {
    /// Reads one format. `path` names the file in errors.
    pub fn parse(path: &str, text: &str) -> Result<Format, Problem> {
        let source: Source = toml::from_str(text).map_err(|e| toml_problem(path, text, &e))?;
        let stem = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".toml");
        if source.id != stem {
            return Err(Problem::new(Stage::Config, format!("{path}: id {:?} differs from the file's name", source.id)).at(path, None));
        }
        let mut files = Vec::new();
        for file in &source.file {
            files.push(FilePattern { pattern: Pattern::new(&file.pattern), role: file.role, depth: depth(&file.pattern) });
        }
        let mut dialect = Vec::new();
        for hint in &source.dialect {
            dialect.push((hint.file.clone(), Pattern::new(&hint.pattern)));
        }
        let listing =
            source.listing.as_ref().map(|l| Listing { file: l.file.clone(), pattern: Pattern::new(&l.pattern), path: l.path.clone() });
        let sections = source.sections.as_ref().map(|s| Sections {
            up: s.up.as_deref().map(Pattern::new),
            down: Pattern::new(&s.down),
            directive: Pattern::new(&s.directive),
            before_is_up: s.before == Before::Up,
        });
        Ok(Format {
            content: source.content.as_deref().map(Pattern::new),
            files,
            listing,
            sections,
            dialect,
            down_words: source.direction.down,
            id: source.id,
            title: source.title,
            reference: source.reference,
            rank: source.rank,
            requires: source.requires,
            code: source.code,
            recursive: source.recursive,
            unique_versions: source.unique_versions,
            version: source.version,
            engine: source.engine,
            tables: source.tables,
            folders: source.folders,
            markers: source.markers,
            settings: source.settings,
            dependencies: source.dependencies,
            manifests: source.manifests,
        })
    }

    /// Patterns that do not compile.
    fn broken(&self) -> Vec<Problem> {
        let path = format!("migrations/{}.toml", self.id);
        let files = self.files.iter().map(|f| &f.pattern);
        let listing = self.listing.iter().map(|l| &l.pattern);
        let sections = self.sections.iter().flat_map(|s| s.up.iter().chain([&s.down, &s.directive]));
        let all = files.chain(listing).chain(sections).chain(&self.content).chain(self.dialect.iter().map(|d| &d.1));
        all.filter_map(|p| p.check(&path).err()).collect()
    }

    /// What the path of a file, relative to its history, says; `None`: it is none of the format's files.
    pub fn named(&self, relative: &str) -> Option<Named> {
        self.files.iter().find_map(|pattern| self.named_by(pattern, relative))
    }

    /// As [`Format::named`], by one pattern.
    pub fn named_by(&self, pattern: &FilePattern, relative: &str) -> Option<Named> {
        let found = pattern.pattern.captures(relative)?;
        let group = |name: &str| found.name(name).unwrap_or("");
        let mut role = pattern.role;
        let direction = group("direction").to_ascii_lowercase();
        if self.down_words.contains(&direction) {
            role = Role::Down;
        }
        let version = match (self.version, group("version")) {
            (_, "") => Version::default(),
            // Files of one version run in the order of their names, numbered ones first.
            (VersionKind::Numbers, text) if group("minor").is_empty() && found.name("minor").is_some() => {
                Version::numbers(text).then(group("name"))
            }
            (VersionKind::Numbers, text) => Version::numbers(&format!("{text}/{}", group("minor"))),
            (VersionKind::Text, text) => Version::text(text),
        };
        Some(Named { version, name: group("name").to_string(), role })
    }

    /// Whether a folder has a name that is usual for the format.
    pub fn usual_folder(&self, folder: &str) -> bool {
        let last = folder.rsplit('/').next().unwrap_or("");
        self.folders.iter().any(|f| f.eq_ignore_ascii_case(last))
    }
}

/// All formats, with what is known of dialects.
#[derive(Debug)]
pub struct Formats {
    /// Ordered by rank, then id.
    pub list: Vec<Format>,
    /// Names and signs of engines.
    pub dialects: Dialects,
    /// Files that could not be read.
    pub problems: Vec<Problem>,
}

impl Formats {
    /// The formats that come with the tool.
    pub fn embedded() -> &'static Formats {
        static FORMATS: OnceLock<Formats> = OnceLock::new();
        FORMATS.get_or_init(|| Formats::parse(crate::embedded::GRAMMARS))
    }

    /// Reads formats from files (path below `grammars/`, text); those outside `migrations/` are passed over.
    pub fn parse(files: &[(&str, &str)]) -> Formats {
        let mut formats = Formats { list: Vec::new(), dialects: Dialects::default(), problems: Vec::new() };
        for (path, text) in files {
            let Some(name) = path.strip_prefix("migrations/").filter(|n| n.ends_with(".toml") && !n.contains('/')) else { continue };
            if name == "dialects.toml" {
                match Dialects::parse(path, text) {
                    Ok(dialects) => formats.dialects = dialects,
                    Err(problem) => formats.problems.push(problem),
                }
                continue;
            }
            match Format::parse(path, text) {
                Ok(format) => formats.list.push(format),
                Err(problem) => formats.problems.push(problem),
            }
        }
        formats.list.sort_by(|a, b| (a.rank, &a.id).cmp(&(b.rank, &b.id)));
        formats
    }

    /// What is wrong with the data files, their patterns included.
    pub fn defects(&self) -> Vec<Problem> {
        let patterns = self.list.iter().flat_map(Format::broken).chain(self.dialects.broken("migrations/dialects.toml"));
        self.problems.iter().cloned().chain(patterns).collect()
    }

    /// The format of that id.
    pub fn get(&self, id: &str) -> Option<&Format> {
        self.list.iter().find(|f| f.id == id)
    }

    /// Ids of all formats that can be replayed, for messages.
    pub fn ids(&self) -> Vec<&str> {
        let mut ids: Vec<&str> = self.list.iter().filter(|f| !f.code).map(|f| f.id.as_str()).collect();
        ids.sort_unstable();
        ids
    }

    /// The format whose directive stands in a text: for a migration that is in no known folder.
    pub fn by_content(&self, text: &str) -> Option<&Format> {
        self.list.iter().find(|f| !f.code && f.content.as_ref().is_some_and(|c| c.is_match(text)))
    }
}

/// An error of a data file: file, line, and for an unknown word the nearest valid one.
pub(super) fn toml_problem(path: &str, text: &str, error: &toml::de::Error) -> Problem {
    let line = error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() as u32 + 1);
    let message = error.message().lines().collect::<Vec<_>>().join(" ");
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let unknown = message.starts_with("unknown field") || message.starts_with("unknown variant");
    let nearest = quoted.split_first().filter(|_| unknown).and_then(|(word, valid)| nearest(word, valid.iter().copied()));
    let place = line.map_or(path.to_string(), |l| format!("{path}:{l}"));
    let short = if unknown { message.split(", expected").next().unwrap_or(&message).to_string() } else { message.clone() };
    let problem = Problem::new(Stage::Config, format!("{place}: {short}")).at(path, line);
    match nearest {
        Some(word) => problem.help(format!("did you mean `{word}`?")),
        None => problem,
    }
}

/// The word with the fewest edits to `word`.
pub(super) fn nearest<'w>(word: &str, words: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    words.min_by_key(|w| edits(word, w))
}

fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().take(64).enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let above = row.get(j + 1).copied().unwrap_or(0);
            let cost = (diagonal + usize::from(ca != *cb)).min(above + 1).min(left + 1);
            diagonal = above;
            if let Some(cell) = row.get_mut(j) {
                *cell = left;
            }
            left = cost;
        }
        if let Some(cell) = row.last_mut() {
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(0)
}

/// Slashes of a pattern outside brackets: how many folders deep its files lie.
fn depth(pattern: &str) -> usize {
    let (mut depth, mut bracket) = (0, false);
    for c in pattern.chars() {
        match c {
            '[' => bracket = true,
            ']' => bracket = false,
            '/' if !bracket => depth += 1,
            _ => {}
        }
    }
    depth
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embedded_formats_are_valid() {
        let formats = Formats::embedded();
        assert_eq!(formats.defects(), []);
        assert!(formats.get("flyway").is_some() && formats.get("plain").is_some());
    }

    #[test]
    fn names_of_files() {
        let cases = [
            ("golang-migrate", "000012_add_x.up.sql", "12", Role::Up),
            ("golang-migrate", "000012_add_x.down.sql", "12", Role::Down),
            ("flyway", "V1_2__x.sql", "1.2", Role::Up),
            ("flyway", "U1_2__x.sql", "1.2", Role::Down),
            ("flyway", "R__views.sql", "", Role::Repeatable),
            ("sqlx", "20240101120000_x.sql", "20240101120000", Role::Up),
            ("sqlx", "20240101120000_x.down.sql", "20240101120000", Role::Down),
            ("goose", "00003_x.sql", "3", Role::Up),
            ("refinery", "U3__x.sql", "3", Role::Up),
            ("plain", "2021-04-02-1-cluster-paths.sql", "2021-04-02-1", Role::Up),
            ("plain", "0.21/01__rename_uid.sql", "0.21.1", Role::Up),
            ("plain", "54/08_b.sql", "54.8", Role::Up),
            ("plain", "54/08_b.down.sql", "54.8", Role::Down),
            ("plain", "54/up.sql", "54", Role::Up),
            ("plain", "54/down.sql", "54", Role::Down),
            ("plain", "0001_init.rollback.sql", "1", Role::Down),
            ("plain", "V0001.Initial_Schema.down.sql", "1", Role::Down),
            ("plain", "V0001.Initial_Schema.up.sql", "1", Role::Up),
            ("plain", "add_users.sql", "", Role::Unversioned),
            ("postgrator", "004.undo.x.sql", "4", Role::Down),
            ("db-migrate", "20240101120000-add-x-down.sql", "20240101120000", Role::Down),
        ];
        for (format, path, version, role) in cases {
            let named = Formats::embedded().get(format).and_then(|f| f.named(path));
            let expected = Version::numbers(version);
            assert_eq!(named.map(|n| (n.version, n.role)), Some((expected, role)), "{format} {path}");
        }
    }

    #[test]
    fn unknown_keys_name_the_nearest_word() {
        let text =
            "id = \"x\"\ntitle = \"x\"\nreference = \"\"\nrank = 1\nrequires = [\"shape\"]\nrecursiv = true\n[[file]]\npattern = \"x\"\n";
        let problem = Format::parse("migrations/x.toml", text).err().map(|p| (p.message, p.help));
        let expected = ("migrations/x.toml:6: unknown field `recursiv`".to_string(), Some("did you mean `recursive`?".to_string()));
        assert_eq!(problem, Some(expected));
    }
}
