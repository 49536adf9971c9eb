//! Rules: what a call is given, what it sends, what methods called on its value add.

use super::template::Template;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

/// Rules that say how one sort of part is written: the first whose key names the value and whose `when` holds.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PartSet {
    /// By qualified name of the call, or for other values `*text`, `=word` (that text), `*number`, `*bool`, `*null`,
    /// `*map`, `*list`, `*function`, `*any`.
    pub rules: BTreeMap<String, Rules>,
    /// How a part is written whose rule does not say it.
    #[serde(default)]
    pub sql: Sql,
    /// Templates that all rules of the set may use by name.
    #[serde(default)]
    pub texts: BTreeMap<String, Sql>,
    /// Methods of all parts.
    #[serde(default)]
    pub links: String,
    /// What stands between parts; a comma where nothing is said.
    #[serde(default)]
    pub join: Option<String>,
    /// An object is taken entry by entry: its key is `key`.
    #[serde(default)]
    pub entries: bool,
    /// A part that no rule knows is left out; otherwise it is an unread part.
    #[serde(default)]
    pub lenient: bool,
}

impl PartSet {
    /// All templates of the set.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        let rules = self.rules.values().flat_map(|r| &r.0);
        let own = rules.flat_map(|r| r.texts.values().chain([&r.sql]).flat_map(Sql::all).chain(&r.when));
        own.chain(self.texts.values().chain([&self.sql]).flat_map(Sql::all))
    }
}

/// What one call means.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rule {
    /// Names of its arguments by position; `*rest` takes the rest.
    #[serde(default)]
    pub params: Vec<String>,
    /// Arguments whose entries count as arguments, too.
    #[serde(default)]
    pub options: Vec<String>,
    /// It is meant only where this template is complete.
    #[serde(default)]
    pub when: Option<Template>,
    /// What is written: statements, or the text of a part.
    #[serde(default)]
    pub sql: Sql,
    /// What is sent is what the rule of this name sends.
    #[serde(default)]
    pub like: String,
    /// Values for templates, by name.
    #[serde(default)]
    pub texts: BTreeMap<String, Sql>,
    /// Methods of what it gives that add to it, by the name of the set.
    #[serde(default)]
    pub links: String,
    /// What its value is: methods called on it are calls of that path.
    #[serde(default)]
    pub gives: String,
    /// Arguments that calls on what it gives, or gives to functions, have too.
    #[serde(default)]
    pub carries: Vec<String>,
    /// Functions among its arguments that it runs.
    #[serde(default)]
    pub callback: Vec<CallbackRule>,
    /// Calls on what it gives are its `items`, and send nothing themselves.
    #[serde(default)]
    pub collects: bool,
    /// As an argument of another call of the library it is a part of that, and sends nothing itself.
    #[serde(default)]
    pub also_part: bool,
    /// Why what it does can't be read.
    #[serde(default)]
    pub unread: String,
    /// What it does to the entities that are remembered.
    #[serde(default)]
    pub entity: Option<EntityAct>,
    /// Argument with operations that it performs.
    #[serde(default)]
    pub performs: String,
    /// Argument with operations that change what is remembered, and nothing else.
    #[serde(default)]
    pub remembers: String,
}

/// A function among the arguments of a call that the call runs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CallbackRule {
    /// The argument.
    pub param: String,
    /// What it is given, as paths.
    #[serde(default)]
    pub with: Vec<String>,
}

/// What an operation does to an entity that is remembered from one operation to the next.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct EntityAct {
    /// `create`, `drop`, `rename`, `add-field`, `remove-field`, `alter-field`, `rename-field`, `set-table`, `look`.
    pub act: Act,
    /// Argument with the entity's name.
    pub name: String,
    /// Argument with the field's name.
    #[serde(default)]
    pub field: String,
    /// Argument with the definition of the field, or of all fields.
    #[serde(default)]
    pub value: String,
    /// Argument with a new name, or the name of the table.
    #[serde(default)]
    pub to: String,
}

/// See [`EntityAct::act`].
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// Nothing changes.
    #[default]
    Look,
    /// A new entity.
    Create,
    /// It is gone.
    Drop,
    /// It has another name.
    Rename,
    /// A new field.
    AddField,
    /// A field is gone.
    RemoveField,
    /// Another definition.
    AlterField,
    /// Another name.
    RenameField,
    /// Another table.
    SetTable,
}

/// A method that adds to what it is called on.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Link {
    /// Names of its arguments.
    #[serde(default)]
    pub params: Vec<String>,
    /// Values that it sets: `true`, `false`, or a word.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// Functions among its arguments that it runs.
    #[serde(default)]
    pub callback: Vec<CallbackRule>,
}

/// Templates, one set for all engines or one for each.
#[derive(Clone, Debug, Default)]
pub struct Sql {
    any: Option<Vec<Template>>,
    engines: BTreeMap<String, Vec<Template>>,
}

impl Sql {
    /// Templates for an engine, by the family's name (`postgres`, `mysql`, `sqlite`); `None`: nothing is said.
    pub fn of(&self, engine: &str) -> Option<&[Template]> {
        self.engines.get(engine).or(self.any.as_ref()).map(Vec::as_slice)
    }

    /// Nothing is said for any engine.
    pub fn is_empty(&self) -> bool {
        self.any.is_none() && self.engines.is_empty()
    }

    /// All templates.
    pub fn all(&self) -> impl Iterator<Item = &Template> {
        self.any.iter().chain(self.engines.values()).flatten()
    }
}

/// A text, several, or a table of them by engine (`any`, `postgres`, `mysql`, `sqlite`).
impl<'de> Deserialize<'de> for Sql {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;
        impl<'de> Visitor<'de> for Words {
            type Value = Sql;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a template, a list of templates, or a table of them by engine")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Sql, E> {
                let template = Template::try_from(text.to_string()).map_err(E::custom)?;
                Ok(Sql { any: Some(vec![template]), ..Sql::default() })
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Sql, A::Error> {
                Ok(Sql { any: Some(Vec::deserialize(SeqAccessDeserializer::new(seq))?), ..Sql::default() })
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Sql, A::Error> {
                let by: BTreeMap<String, Sql> = BTreeMap::deserialize(MapAccessDeserializer::new(map))?;
                let mut sql = Sql::default();
                for (engine, templates) in by {
                    let templates = templates.any.unwrap_or_default();
                    match engine.as_str() {
                        "any" => sql.any = Some(templates),
                        "postgres" | "mysql" | "sqlite" => drop(sql.engines.insert(engine, templates)),
                        _ => return Err(serde::de::Error::unknown_variant(&engine, &["any", "postgres", "mysql", "sqlite"])),
                    }
                }
                Ok(sql)
            }
        }
        deserializer.deserialize_any(Words)
    }
}

/// Rules for one name, tried in order. Written as a template, a rule, or a list of rules.
#[derive(Clone, Debug, Default)]
pub struct Rules(pub Vec<Rule>);

impl<'de> Deserialize<'de> for Rules {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;
        impl<'de> Visitor<'de> for Words {
            type Value = Rules;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a template, a rule, or a list of rules")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Rules, E> {
                let template = Template::try_from(text.to_string()).map_err(E::custom)?;
                Ok(Rules(vec![Rule { sql: Sql { any: Some(vec![template]), ..Sql::default() }, ..Rule::default() }]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Rules, A::Error> {
                Ok(Rules(Vec::deserialize(SeqAccessDeserializer::new(seq))?))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Rules, A::Error> {
                Ok(Rules(vec![Rule::deserialize(MapAccessDeserializer::new(map))?]))
            }
        }
        deserializer.deserialize_any(Words)
    }
}
