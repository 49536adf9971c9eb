//! Which engine a history or a lone file is for, and how that is known.

use super::formats::{Format, Formats, toml_problem};
use super::pattern::Pattern;
use super::{Read, ancestors, join, read_text};
use crate::model::dialect::{Dialect, Engine};
use crate::model::problem::Problem;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What a word for an engine stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineWord {
    /// An engine that is supported.
    Known(Engine),
    /// One that is not, by its name.
    Unsupported(String),
}

/// Names and signs of engines, from `grammars/migrations/dialects.toml`.
#[derive(Debug, Default)]
pub struct Dialects {
    names: BTreeMap<String, EngineWord>,
    settings: Vec<(Vec<String>, Pattern)>,
    images: Vec<(Vec<String>, Pattern)>,
    signs: Vec<Sign>,
}

/// A piece of syntax that speaks for an engine.
#[derive(Debug)]
struct Sign {
    engine: Engine,
    weight: u32,
    pattern: Pattern,
    accepted_by: Vec<Engine>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    names: Names,
    settings: Vec<Lookup>,
    images: Vec<Lookup>,
    signs: Vec<SignSource>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Names {
    postgres: Vec<String>,
    mysql: Vec<String>,
    mariadb: Vec<String>,
    sqlite: Vec<String>,
    unsupported: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lookup {
    files: Vec<String>,
    pattern: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignSource {
    engine: Engine,
    weight: u32,
    pattern: String,
    /// Other engines that accept it, so that it does not speak against them.
    #[serde(default)]
    accepted_by: Vec<Engine>,
}

/// Bytes of a text that are searched for signs.
const SYNTAX_LIMIT: usize = 64 * 1024;

impl Dialects {
    /// Reads the data file.
    pub fn parse(path: &str, text: &str) -> Result<Dialects, Problem> {
        let source: Source = toml::from_str(text).map_err(|e| toml_problem(path, text, &e))?;
        let mut dialects = Dialects::default();
        let known = [
            (source.names.postgres, Engine::Postgres),
            (source.names.mysql, Engine::MySql),
            (source.names.mariadb, Engine::MariaDb),
            (source.names.sqlite, Engine::Sqlite),
        ];
        for (words, engine) in known {
            dialects.names.extend(words.into_iter().map(|w| (w, EngineWord::Known(engine))));
        }
        dialects.names.extend(source.names.unsupported.into_iter().map(|w| (w.clone(), EngineWord::Unsupported(w))));
        for lookup in source.settings {
            dialects.settings.push((lookup.files, Pattern::new(lookup.pattern)));
        }
        for lookup in source.images {
            dialects.images.push((lookup.files, Pattern::new(lookup.pattern)));
        }
        for sign in source.signs {
            let pattern = Pattern::new(sign.pattern);
            dialects.signs.push(Sign { engine: sign.engine, weight: sign.weight, pattern, accepted_by: sign.accepted_by });
        }
        Ok(dialects)
    }

    /// Patterns that do not compile.
    pub(super) fn broken(&self, path: &str) -> Vec<Problem> {
        let looked_up = self.settings.iter().chain(&self.images).map(|l| &l.1);
        looked_up.chain(self.signs.iter().map(|s| &s.pattern)).filter_map(|p| p.check(path).err()).collect()
    }

    /// The engine that a word names (any case).
    pub fn engine(&self, word: &str) -> Option<&EngineWord> {
        self.names.get(&word.to_ascii_lowercase())
    }

    /// The engine that a folder's or file's name holds as one of its words (`migrations-postgres`), with the
    /// name without it.
    pub fn engine_in_name(&self, name: &str) -> Option<(EngineWord, String)> {
        let words: Vec<&str> = name.split(['-', '_', '.', ' ']).collect();
        let at = words.iter().position(|w| self.engine(w).is_some())?;
        let engine = self.engine(words.get(at)?)?.clone();
        let rest: Vec<&str> = words.iter().enumerate().filter(|(i, w)| *i != at && !w.is_empty()).map(|(_, w)| *w).collect();
        Some((engine, rest.join("-")))
    }

    /// The engine that the SQL itself speaks of, with the signs seen; `None`: no sign, or a tie.
    pub fn by_syntax(&self, text: &str) -> Option<(Engine, String)> {
        self.by_signs(text, None)
    }

    /// The same, without the signs that `candidate` accepts too.
    fn by_signs(&self, text: &str, candidate: Option<Engine>) -> Option<(Engine, String)> {
        let mut end = text.len().min(SYNTAX_LIMIT);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let text = without_line_comments(text.get(..end).unwrap_or(""));
        let mut sums: BTreeMap<Engine, (u32, Vec<String>)> = BTreeMap::new();
        for sign in self.signs.iter().filter(|s| candidate.is_none_or(|c| !s.accepted_by.contains(&c))) {
            let entry = sums.entry(sign.engine).or_default();
            for found in sign.pattern.captures_iter(&text).take(5) {
                entry.0 += sign.weight;
                let shown = found.whole().split_whitespace().collect::<Vec<_>>().join(" ");
                if entry.1.len() < 3 && !entry.1.contains(&shown) {
                    entry.1.push(shown);
                }
            }
        }
        let mut sums: Vec<_> = sums.into_iter().filter(|(_, (sum, _))| *sum > 0).collect();
        sums.sort_by_key(|s| std::cmp::Reverse(s.1.0));
        let leads = sums.len() < 2 || sums[0].1.0 > sums[1].1.0;
        let (engine, (_, signs)) = sums.into_iter().next().filter(|_| leads)?;
        Some((engine, format!("syntax of the migrations ({})", signs.join(", "))))
    }

    /// What settings, compose files and manifests near `folder` say: the nearest folder decides.
    fn by_settings(&self, read: &Read, folder: &str) -> Option<(EngineWord, String)> {
        for at in ancestors(folder) {
            for (files, pattern) in &self.settings {
                for file in files {
                    let Some(path) = join(at, file) else { continue };
                    let Some(text) = read_text(read, &path) else { continue };
                    let word = pattern.captures_iter(&text).filter_map(|c| Some(c.name("engine")?.to_string()));
                    if let Some(engine) = word.filter_map(|w| self.engine(&w).cloned()).next() {
                        return Some((engine, path));
                    }
                }
            }
        }
        None
    }

    /// The image that compose files near `folder` name, where all of them name one engine.
    fn by_image(&self, read: &Read, folder: &str) -> Option<(Dialect, String)> {
        for at in ancestors(folder) {
            let mut found: Vec<(Dialect, String)> = Vec::new();
            for (files, pattern) in &self.images {
                for path in files.iter().filter_map(|f| join(at, f)) {
                    let Some(text) = read_text(read, &path) else { continue };
                    for image in pattern.captures_iter(&text) {
                        let Some(EngineWord::Known(engine)) = image.name("engine").and_then(|e| self.engine(e)) else { continue };
                        let official = matches!(image.name("engine"), Some("postgres" | "postgis" | "mysql" | "mariadb"));
                        let version = image.name("version").filter(|_| official).and_then(read_version);
                        let shown = image.whole().trim().trim_start_matches("- ").replace(['"', '\''], "");
                        found.push((Dialect { engine: *engine, version }, format!("{path}, {shown}")));
                    }
                }
            }
            if let Some(first) = found.first().cloned() {
                return found.iter().all(|f| f.0.engine == first.0.engine).then_some(first);
            }
        }
        None
    }
}

/// The engine of a lone migration by the SQL in it, with the signs seen.
pub fn dialect_by_syntax(text: &str) -> Option<(Engine, String)> {
    Formats::embedded().dialects.by_syntax(text)
}

/// The engine that a word names, where it is one that is not supported: `clickhouse`.
pub fn unsupported_engine(word: &str) -> Option<&'static str> {
    match Formats::embedded().dialects.engine(word)? {
        EngineWord::Unsupported(name) => Some(name),
        EngineWord::Known(_) => None,
    }
}

/// A dialect with the words for why.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Taken {
    /// It is supported.
    Dialect(Dialect, String),
    /// It is not: the engine's name and where that is written.
    Unsupported(String, String),
}

/// Everything that speaks for the dialect of one history.
pub(super) struct Question<'q> {
    pub formats: &'q Formats,
    pub format: &'q Format,
    pub folder: &'q str,
    /// Engine in the names of the files, where the history is a share of a folder.
    pub by_name: Option<&'q EngineWord>,
    /// Set by configuration.
    pub configured: Option<Dialect>,
    /// Engines of the drivers of the service that holds it.
    pub drivers: &'q [Dialect],
    pub service: &'q str,
    /// Text of its migrations, as much as is wanted.
    pub sample: &'q str,
}

/// Decides the dialect of a history: configuration, then what names it alone (its markers, its folder, its
/// tool), then what speaks for the surroundings (settings, images, drivers) as long as the SQL does not
/// plainly speak another dialect, last the SQL.
pub(super) fn decide(question: &Question, read: &Read) -> Taken {
    let dialects = &question.formats.dialects;
    let take = |word: &EngineWord, why: String| match word {
        EngineWord::Known(engine) => Taken::Dialect(with_image_version(dialects, read, question.folder, *engine), why),
        EngineWord::Unsupported(name) => Taken::Unsupported(name.clone(), why),
    };
    if let Some(dialect) = question.configured {
        return Taken::Dialect(dialect, "configuration".into());
    }
    if let Some(word) = question.by_name {
        return take(word, "the names of its files".into());
    }
    for (file, pattern) in &question.format.dialect {
        let Some(path) = join(question.folder, file) else { continue };
        let Some(text) = read_text(read, &path) else { continue };
        let word = pattern.captures(&text).and_then(|c| dialects.engine(c.name("engine")?));
        if let Some(word) = word {
            return take(word, path);
        }
    }
    if let Some(word) = question.format.engine.as_ref().and_then(|e| dialects.engine(e)) {
        return take(word, question.format.title.clone());
    }
    let parts: Vec<&str> = question.folder.split('/').collect();
    for part in parts.iter().rev().take(3) {
        if let Some((word, _)) = dialects.engine_in_name(part) {
            return take(&word, format!("folder {part}"));
        }
    }
    let syntax = dialects.by_syntax(question.sample);
    let fits = |engine: Engine| {
        let speaks = dialects.by_signs(question.sample, Some(engine));
        speaks.is_none_or(|(s, _)| s == engine || (s.is_mysql_family() && engine.is_mysql_family()))
    };
    match dialects.by_settings(read, question.folder) {
        Some((EngineWord::Known(engine), why)) if fits(engine) => return take(&EngineWord::Known(engine), why),
        Some((EngineWord::Unsupported(name), why)) if syntax.is_none() => return Taken::Unsupported(name, why),
        _ => {}
    }
    if let Some((dialect, why)) = dialects.by_image(read, question.folder).filter(|(d, _)| fits(d.engine)) {
        return Taken::Dialect(dialect, why);
    }
    if let [driver, rest @ ..] = question.drivers
        && rest.iter().all(|d| d.engine == driver.engine)
        && fits(driver.engine)
    {
        return Taken::Dialect(*driver, format!("driver of {}", question.service));
    }
    match syntax {
        Some((engine, why)) => Taken::Dialect(with_image_version(dialects, read, question.folder, engine), why),
        None => match question.drivers.first() {
            Some(driver) => Taken::Dialect(*driver, format!("first driver of {}", question.service)),
            None => Taken::Dialect(Dialect::of(Engine::Postgres), "nothing says which; PostgreSQL is assumed".into()),
        },
    }
}

/// The engine with the version of a compose file's image, where one of that engine is named.
fn with_image_version(dialects: &Dialects, read: &Read, folder: &str, engine: Engine) -> Dialect {
    match dialects.by_image(read, folder) {
        Some((image, _)) if image.engine == engine => image,
        _ => Dialect::of(engine),
    }
}

fn read_version(text: &str) -> Option<(u16, u16)> {
    let (major, minor) = text.split_once('.').unwrap_or((text, "0"));
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Comments can hold words of any dialect.
fn without_line_comments(text: &str) -> String {
    let lines = text.lines().map(|line| if line.trim_start().starts_with("--") { "" } else { line });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syntax() {
        let cases = [
            ("CREATE TABLE a (id BIGSERIAL PRIMARY KEY, at TIMESTAMPTZ)", Some(Engine::Postgres)),
            ("CREATE TABLE \"User\" (\"id\" TEXT NOT NULL, \"at\" TIMESTAMP(3));", Some(Engine::Postgres)),
            ("CREATE TABLE `a` (`id` int NOT NULL AUTO_INCREMENT) ENGINE=InnoDB", Some(Engine::MySql)),
            ("CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT)", Some(Engine::Sqlite)),
            ("CREATE TABLE a (id INTEGER PRIMARY KEY, at DATETIME DEFAULT (datetime('now')))", Some(Engine::Sqlite)),
            ("-- uses jsonb elsewhere\nALTER TABLE a DROP COLUMN b;", None),
            ("ALTER TABLE a ALTER COLUMN b TYPE text", Some(Engine::Postgres)),
            ("ALTER TABLE a MODIFY COLUMN b varchar(20)", Some(Engine::MySql)),
        ];
        for (text, engine) in cases {
            assert_eq!(dialect_by_syntax(text).map(|d| d.0), engine, "{text}");
        }
    }

    #[test]
    fn signs_that_another_engine_accepts() {
        let dialects = &Formats::embedded().dialects;
        for (text, candidate, speaks) in [
            ("CREATE TABLE a (`id` TEXT)", Engine::Sqlite, None),
            ("CREATE TABLE a (`id` TEXT)", Engine::Postgres, Some(Engine::MySql)),
            ("CREATE TABLE a (`id` INT AUTO_INCREMENT)", Engine::Sqlite, Some(Engine::MySql)),
        ] {
            assert_eq!(dialects.by_signs(text, Some(candidate)).map(|s| s.0), speaks, "{text}");
        }
    }

    #[test]
    fn engines_in_names() {
        let dialects = &Formats::embedded().dialects;
        let found = |name| dialects.engine_in_name(name);
        assert_eq!(found("migrations-postgres"), Some((EngineWord::Known(Engine::Postgres), "migrations".into())));
        assert_eq!(found("clickhouse").map(|f| f.0), Some(EngineWord::Unsupported("clickhouse".into())));
        assert_eq!(found("page"), None);
    }
}
