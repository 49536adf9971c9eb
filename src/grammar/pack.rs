//! A pack: what the calls of one library mean, as data.

use super::ddl::Ddl;
use super::mapper::Mapper;
use crate::model::statement::Consumer;
use serde::Deserialize;

/// One `grammars/<language>/<library>.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pack {
    /// Name of the library in facts and reports.
    pub id: String,
    /// Versions that the rules were written for, for people.
    #[serde(default)]
    pub versions: String,
    /// When the pack is in force.
    #[serde(default)]
    pub detect: Detect,
    /// What its connections look like, for telling its calls from others of the same name.
    #[serde(default)]
    pub receivers: Receivers,
    /// Calls that send SQL.
    #[serde(default)]
    pub sink: Vec<SinkRule>,
    /// Template tags.
    #[serde(default)]
    pub tag: Vec<TagRule>,
    /// Calls that mark their argument as a piece of SQL.
    #[serde(default)]
    pub wrapper: Vec<WrapperRule>,
    /// Calls that join fragments.
    #[serde(default)]
    pub join: Vec<JoinRule>,
    /// Calls that give the content of a file.
    #[serde(default)]
    pub reader: Vec<ReaderRule>,
    /// Models, kinds and calls of a mapper or query builder.
    #[serde(default)]
    pub mapper: Option<Mapper>,
    /// What the calls of a migration library send.
    #[serde(default)]
    pub ddl: Option<Ddl>,
}

/// When a pack is in force for a file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Detect {
    /// Modules: the module itself and everything below it (`psycopg` covers `psycopg.rows`).
    #[serde(default)]
    pub imports: Vec<String>,
    /// An import alone is reason enough to read a file. Not so for mappers that half a project imports: there
    /// the calls and strings of raw SQL decide.
    #[serde(default = "yes")]
    pub enough: bool,
    /// Its calls count only in files whose imports detect it, unless they are certain: statements that are taken
    /// for another engine's are not judged, so a common method name must not be enough.
    #[serde(default)]
    pub only: bool,
    /// Words of a mapper's calls (`filter`, `findMany`): where the mapper is used, a file that calls one is read,
    /// whatever it imports.
    #[serde(default)]
    pub words: Vec<String>,
}

impl Pack {
    /// Whether files that use the library are lowered to code, for following its models and calls.
    pub fn lowers(&self) -> bool {
        self.mapper.is_some()
    }
}

/// What a library's connections, cursors and pools look like.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Receivers {
    /// Names of their types (`*sql.DB` as `sql.DB`, `Pool`).
    #[serde(default)]
    pub types: Vec<String>,
    /// Functions and constructors that give one (`psycopg2.connect`, `Pool`), and methods that give one from
    /// another (`cursor`, `begin`).
    #[serde(default)]
    pub calls: Vec<String>,
    /// Variable names that people give them (`cur`, `conn`).
    #[serde(default)]
    pub names: Vec<String>,
}

/// Calls that send SQL.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SinkRule {
    /// Method names; a dotted one (`$client.query`) matches the end of the callee.
    #[serde(default)]
    pub methods: Vec<String>,
    /// Functions called without a receiver, or with the module as one (`sqlx.Get`): matches the end of the callee.
    #[serde(default)]
    pub functions: Vec<String>,
    /// Zero-based positional index of the SQL.
    #[serde(default)]
    pub sql: u16,
    /// Keyword, or key of an object argument, under which the SQL can be given instead.
    #[serde(default)]
    pub keyword: String,
    /// What reads the rows.
    #[serde(default)]
    pub consumer: ConsumerWord,
    /// The name alone is proof, whatever the receiver; it also holds where the pack is not detected.
    #[serde(default)]
    pub certain: bool,
    /// The name is so common (`get`, `run`) that, where the pack is not detected, only an argument that looks
    /// like SQL makes it a sink.
    #[serde(default)]
    pub weak: bool,
}

/// [`Consumer`] as a word.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConsumerWord {
    /// Unknown.
    #[default]
    Unknown,
    /// By column name.
    ByName,
    /// By position.
    Positional,
    /// Into a struct that refuses unknown columns.
    Strict,
    /// No rows are read.
    None,
}

impl From<ConsumerWord> for Consumer {
    fn from(word: ConsumerWord) -> Consumer {
        match word {
            ConsumerWord::Unknown => Consumer::Unknown,
            ConsumerWord::ByName => Consumer::ByName,
            ConsumerWord::Positional => Consumer::Positional(None),
            ConsumerWord::Strict => Consumer::Strict,
            ConsumerWord::None => Consumer::None,
        }
    }
}

/// Template tags.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TagRule {
    /// Tags: each matches the end of the tag's path (`$queryRaw` matches `prisma.$queryRaw`); one that
    /// starts with `=` matches the whole path only.
    pub names: Vec<String>,
    /// Constants of the library that stand for an empty piece (`Prisma.empty`), matched as tags are.
    #[serde(default)]
    pub empty: Vec<String>,
    /// Interpolated values are sent as parameters.
    #[serde(default = "yes")]
    pub parameters: bool,
    /// It also holds where the pack is not detected.
    #[serde(default)]
    pub certain: bool,
}

fn yes() -> bool {
    true
}

/// Calls that mark their argument as a piece of SQL.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WrapperRule {
    /// Functions: each matches the end of the callee; one that starts with `=` matches the whole callee only.
    pub functions: Vec<String>,
    /// What the argument becomes.
    #[serde(default)]
    pub gives: Gives,
    /// Zero-based positional index of the text.
    #[serde(default)]
    pub sql: u16,
    /// It also holds where the pack is not detected.
    #[serde(default)]
    pub certain: bool,
}

/// What a wrapper makes of its argument.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gives {
    /// SQL text.
    #[default]
    Sql,
    /// SQL text whose `format` takes identifiers and placeholders (psycopg `sql.SQL`).
    Composable,
    /// An identifier, or several joined with dots.
    Identifier,
    /// A placeholder for a value.
    Parameter,
    /// What the tag itself makes of names, of lists of names, and of rows with the columns that are named behind them
    /// (postgres.js `sql(rows, 'a', 'b')`).
    Helper,
}

/// Calls that join fragments.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct JoinRule {
    /// Functions, matched as in [`WrapperRule`].
    pub functions: Vec<String>,
    /// Position of the items.
    #[serde(default)]
    pub items: u16,
    /// Position of the separator.
    #[serde(default = "one")]
    pub separator: u16,
}

fn one() -> u16 {
    1
}

/// Calls that give the content of a file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReaderRule {
    /// Functions, matched as in [`WrapperRule`].
    #[serde(default)]
    pub functions: Vec<String>,
    /// Methods whose receiver is the path (`Path(...).read_text()`).
    #[serde(default)]
    pub methods: Vec<String>,
    /// Position of the path among the arguments of a function.
    #[serde(default)]
    pub path: u16,
}
