//! What the calls of a migration library send to the database, as data: `[ddl]` of a pack.
//!
//! A migration is code that is run once, so its calls are taken one by one, in order. A rule says by templates
//! ([`Template`]) which statements a call sends; sets of rules ([`PartSet`]) say how parts of it are written:
//! columns, types, defaults, constraints. `grammars/README.md` explains every word.

mod rule;
mod template;

pub use rule::{Act, CallbackRule, EntityAct, Link, PartSet, Rule, Rules, Sql};
pub use template::{Filter, Piece, Slot, Template, Test};

use super::error::GrammarError;
use serde::Deserialize;
use std::collections::BTreeMap;

/// `[ddl]` of a pack.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Ddl {
    /// Name for people.
    pub title: String,
    /// Where the code of a migration begins.
    #[serde(default)]
    pub entry: Vec<Entry>,
    /// Packs whose sets, links and names hold here too, after the pack's own.
    #[serde(default)]
    pub extends: Vec<String>,
    /// Other names of things: path -> the path that the rules use.
    #[serde(default)]
    pub alias: BTreeMap<String, String>,
    /// Beginnings of paths whose calls matter: one that no rule knows is an unread part.
    #[serde(default)]
    pub tracked: Vec<String>,
    /// Calls below `tracked` that change nothing.
    #[serde(default)]
    pub harmless: Vec<String>,
    /// Calls whose value is their first argument.
    #[serde(default)]
    pub same: Vec<String>,
    /// Paths and calls whose value is the engine's name: how each engine is called there.
    #[serde(default)]
    pub engine: BTreeMap<String, BTreeMap<String, String>>,
    /// Constants that stand for an engine: path -> engine.
    #[serde(default)]
    pub engine_constant: BTreeMap<String, String>,
    /// Sets of rules by name; `operation` holds the calls that send.
    #[serde(default)]
    pub set: BTreeMap<String, PartSet>,
    /// Methods called on what a call gave, that add to it: set -> method.
    #[serde(default)]
    pub links: BTreeMap<String, BTreeMap<String, Link>>,
    /// How the tables of entities are called where no operation has said so.
    #[serde(default)]
    pub entity_table: Option<Template>,
    /// Attributes of the program's own classes that say what of the library they stand for.
    #[serde(default)]
    pub stands_for: Vec<String>,
    /// How an entity is named: its app, or nothing.
    #[serde(default)]
    pub application: Option<Application>,
}

/// Which entities of several applications are meant by a name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Application {
    /// The application is the name of the folder so many above the file.
    pub folder: usize,
    /// Stands between the application and the name of an entity.
    #[serde(default)]
    pub separator: String,
}

/// Where the code of a migration begins.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Entry {
    /// A function of the module, or one that it exports.
    #[serde(default)]
    pub function: String,
    /// A class with one of these bases; without, any class that is exported.
    #[serde(default)]
    pub bases: Vec<String>,
    /// Its method that runs.
    #[serde(default)]
    pub method: String,
    /// Its attribute that lists the operations.
    #[serde(default)]
    pub attribute: String,
    /// The module itself runs, and then its functions called `function` (Go's `init`; `*`: all).
    #[serde(default)]
    pub module: bool,
    /// Beginnings of names of functions that `*` leaves out, in small letters.
    #[serde(default)]
    pub except: Vec<String>,
    /// What the function or method is given.
    #[serde(default)]
    pub params: Vec<String>,
    /// What `this` is, besides an instance of the class.
    #[serde(default)]
    pub this: String,
    /// The file imports one of these modules; empty: whatever it imports.
    #[serde(default)]
    pub imports: Vec<String>,
    /// Files before this one in the same folder say what it does not: what entities are called, which fields they have.
    #[serde(default)]
    pub remembers_folder: bool,
}

impl Ddl {
    /// Adds an error for each word that means nothing. `others` are the packs that it may extend, by id.
    pub(super) fn check(&self, file: &str, text: &str, others: &[(String, Ddl)], errors: &mut Vec<GrammarError>) {
        for id in self.extends.iter().filter(|e| !others.iter().any(|o| o.0 == **e)) {
            let error = GrammarError::at_word(file, text, id, format!("no pack `{id}` with [ddl] that could be extended"));
            errors.push(error.nearest_of(id, others.iter().map(|o| o.0.as_str())));
        }
        let base: Vec<&Ddl> = others.iter().filter(|o| self.extends.contains(&o.0)).map(|o| &o.1).collect();
        let sets: Vec<&str> = base.iter().copied().chain([self]).flat_map(|d| d.set.keys()).map(String::as_str).collect();
        let links: Vec<&str> = base.iter().copied().chain([self]).flat_map(|d| d.links.keys()).map(String::as_str).collect();
        let mut wrong = |word: &str, what: &str, valid: &[&str]| {
            let error = GrammarError::at_word(file, text, word, format!("there is no {what} `{word}`"));
            errors.push(error.nearest_of(word, valid.iter().copied()));
        };
        for template in self.set.values().flat_map(PartSet::templates) {
            template.slots(&mut |slot| {
                if let Filter::Set(name) = &slot.filter
                    && !sets.contains(&name.as_str())
                {
                    wrong(name, "set or filter", &sets);
                }
            });
        }
        let named = self.set.values().flat_map(|s| s.rules.values()).flat_map(|r| &r.0).map(|r| &r.links);
        for name in named.chain(self.set.values().map(|s| &s.links)).filter(|l| !l.is_empty() && !links.contains(&l.as_str())) {
            wrong(name, "set of links", &links);
        }
    }

    /// Takes over what another pack says and this one does not.
    pub(super) fn extend(&mut self, other: &Ddl) {
        for (name, set) in &other.set {
            let own = self.set.entry(name.clone()).or_insert_with(|| PartSet { rules: BTreeMap::new(), ..set.clone() });
            for (key, rules) in &set.rules {
                own.rules.entry(key.clone()).or_insert_with(|| rules.clone());
            }
        }
        for (name, links) in &other.links {
            let own = self.links.entry(name.clone()).or_default();
            for (key, link) in links {
                own.entry(key.clone()).or_insert_with(|| link.clone());
            }
        }
        for (key, value) in &other.alias {
            self.alias.entry(key.clone()).or_insert_with(|| value.clone());
        }
        for (key, value) in &other.engine {
            self.engine.entry(key.clone()).or_insert_with(|| value.clone());
        }
        for (key, value) in &other.engine_constant {
            self.engine_constant.entry(key.clone()).or_insert_with(|| value.clone());
        }
        self.tracked.extend(other.tracked.iter().cloned());
        self.harmless.extend(other.harmless.iter().cloned());
        self.same.extend(other.same.iter().cloned());
    }
}

/// Whether the qualified name of a thing is meant by the key of a rule: the end of the name, or its begin and end
/// (`sqlalchemy.Column` is `sqlalchemy.sql.schema.Column` too); `knex.table.*` is all methods of one thing.
pub fn names(key: &str, path: &str) -> bool {
    let ends = |end: &str| path.strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with(['.', '/']));
    if let Some(start) = key.strip_suffix('*') {
        return path.strip_prefix(start).is_some_and(|rest| !rest.contains('.'));
    }
    if ends(key) {
        return true;
    }
    let Some((first, rest)) = key.split_once('.') else { return false };
    path.strip_prefix(first).is_some_and(|p| p.starts_with('.')) && path.len() > key.len() && ends(rest)
}
