//! What a mapper or query builder means, as data: its models, the kinds of values that its calls give, and what
//! each call does to the statement that will be sent. `grammars/README.md` explains every word with examples.

mod calls;
mod field;
mod model;
mod source;
mod take;

pub use calls::{Act, CallRule, Expression, KindRule, ListingRule, MemberRule, ReadAs, Step, Verb};
pub use field::{FieldRole, FieldRule, ImpliedField, RelationRule, RelationShape};
pub use model::{Inheritance, KnownModel, ModelRule, Naming, NamingBy, TagStyle};
pub use source::Source;
pub use take::{Take, Takes};

use super::values::ValueTypes;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The parts of a pack that describe a mapper or query builder.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Mapper {
    /// What its statements are reported as.
    #[serde(default)]
    pub statements: StatementsAre,
    /// Whole rows that are cut down to some fields keep the key.
    #[serde(default)]
    pub keeps_key: bool,
    /// Updates and deletions, too, leave out rows that are marked as deleted.
    #[serde(default)]
    pub guards_writes: bool,
    /// What it asks back of a row that it has inserted, where the engine has RETURNING.
    #[serde(default)]
    pub returns: Returns,
    /// Columns that are selected or left out before a write are those that it writes or leaves out
    /// (`db.Select("name").Updates(user)`).
    #[serde(default)]
    pub selection_limits_writes: bool,
    /// Writing a new entity writes the new entities that it holds along its relations.
    #[serde(default)]
    pub cascades: bool,
    /// Which columns an INSERT of given values lists.
    #[serde(default)]
    pub inserts: Inserts,
    /// Saving or removing an entity that is stored reads its row first, and a save writes what differs from it.
    #[serde(default)]
    pub compares_saved: bool,
    /// Saving an entity writes the rows of join tables for the relations that code has set.
    #[serde(default)]
    pub saves_links: bool,
    /// Marking rows as deleted, or no longer so, writes timestamps and versions as an update does.
    #[serde(default)]
    pub touches_marked: bool,
    /// Whole rows are those of all tables that take part, not of the first alone.
    #[serde(default)]
    pub joined_rows: bool,
    /// Whole rows are read with the key of the row that refers to them along a one-to-one relation.
    #[serde(default)]
    pub reads_one_from: bool,
    /// Which relations of an entity are read with the entity's own table joined.
    #[serde(default)]
    pub joins_owners: JoinsOwners,
    /// Relations that are loaded are chosen by the rows of the same statement, not by keys that were read before.
    #[serde(default)]
    pub correlated_loads: bool,
    /// How strings that name fields are meant, unless a step says otherwise.
    #[serde(default)]
    pub names: NamesMean,
    /// Separators of a path through relations: `__` (Django), `.` (Prisma-like strings, TypeORM).
    #[serde(default)]
    pub path_separator: String,
    /// Words at the end of a path that are operators, not fields: `icontains`, `gte`, `isnull`, `date`.
    #[serde(default)]
    pub lookups: Vec<String>,
    /// Name by which the key of any model goes (`pk`); empty: none.
    #[serde(default)]
    pub key_name: String,
    /// Placeholders with a name that the library fills in itself (`?TableAlias`), with what they stand for.
    #[serde(default)]
    pub placeholders: BTreeMap<String, Placeholder>,
    /// Keys of a filter object that are operators over one value: `contains`, `gte`, `not`, `in`.
    #[serde(default)]
    pub operators: Vec<String>,
    /// Keys of a filter object that hold further filters over the same model: `AND`, `OR`, `NOT`.
    #[serde(default)]
    pub logical: Vec<String>,
    /// Keys of a relation filter that hold a filter over its target: `some`, `every`, `none`, `is`, `isNot`.
    #[serde(default)]
    pub quantifiers: Vec<String>,
    /// How a class attribute assignment on a loaded entity is written.
    #[serde(default)]
    pub writes: EntityWrites,
    /// Tables stand in queries under the name of their model, joined ones under that of the relation.
    #[serde(default)]
    pub model_aliases: bool,
    /// Saving a loaded entity writes what was set since, not all columns.
    #[serde(default)]
    pub saves_changes: bool,
    /// An attribute of an entity that is a relation loads it when it is read.
    #[serde(default)]
    pub lazy: bool,
    /// A query that is built and that no call of the program sends is sent by what it is given to: a template, a
    /// serializer, a list of a view.
    #[serde(default)]
    pub sends_leftovers: bool,
    /// A new row is written with all columns of its table, whichever are given.
    #[serde(default)]
    pub inserts_all: bool,
    /// Rows that other tables may refer to are read before a query of them is deleted.
    #[serde(default)]
    pub reads_deleted: bool,
    /// Parameters and attributes of unknown type that are called like a model (`ticket`, `tickets`) are instances of it.
    #[serde(default)]
    pub entity_names: bool,
    /// A call of a method of models on a member of something unknown, with an object of options that the call takes, is one
    /// of this library.
    #[serde(default)]
    pub told_by_form: bool,
    /// Methods that hardly anything else has: called on something unknown in code that can be reached by the library, they
    /// are open places.
    #[serde(default)]
    pub telling_methods: Vec<String>,
    /// Methods of a builder change it; otherwise they give a new one and leave it as it is.
    #[serde(default)]
    pub mutable: bool,
    /// A query that is returned or awaited is sent, without a call that says so.
    #[serde(default)]
    pub thenable: bool,
    /// Kind of what functions are given that stand for an expression, condition or query (`(eb) => eb('a', '=', 1)`);
    /// empty: a query over the same tables.
    #[serde(default)]
    pub callbacks: String,
    /// Whole rows are read as `*`: with the columns that no field of the model names.
    #[serde(default)]
    pub stars: bool,
    /// Structs without a table stand for columns of the table that a query is about: whole rows that are read into one
    /// are its fields, and a row that is written from one has them.
    #[serde(default)]
    pub by_struct: bool,
    /// The root of a query may be named after what is asked of it (`db.Where(...).Find(&users)`).
    #[serde(default)]
    pub late_root: bool,
    /// What is selected besides aggregates is grouped by, though nobody says so (Django's `annotate`).
    #[serde(default)]
    pub implicit_grouping: bool,
    /// What types of fields hold of a database value, where the language does not tell.
    #[serde(default)]
    pub values: ValueTypes,
    /// Reading a NULL into a field that cannot be without a value is an error; otherwise the field gets some other value.
    #[serde(default)]
    pub refuses_null: bool,
    /// Packs whose kinds, members and calls hold here too, after the pack's own.
    #[serde(default)]
    pub extends: Vec<String>,
    /// Modules of the library that hand on names of another one's: `sqlmodel = "sqlalchemy"`.
    #[serde(default)]
    pub reexports: BTreeMap<String, String>,
    /// `a | b`, `a & b`, `a - b`, `a + b` of two queries are their UNION, INTERSECT, EXCEPT; otherwise the rows that both
    /// conditions are joined for.
    #[serde(default)]
    pub set_operators: bool,
    /// What the rows of a query are.
    #[serde(default)]
    pub rows: RowsAre,
    /// Modules whose functions make expressions of their arguments: `sqlalchemy.func`, `django.db.models`.
    #[serde(default)]
    pub expressions: Vec<String>,
    /// Text in those functions is a path of fields; otherwise it is a value.
    #[serde(default)]
    pub expression_paths: bool,
    /// Language of the files that hold its models in place of code.
    #[serde(default)]
    pub schema_language: Option<SchemaLanguage>,
    /// Keys of an object of data that write along a relation: `create`, `connect`, `disconnect`.
    #[serde(default)]
    pub nested: Vec<NestedWrite>,
    /// How a filter looks at the rows of relations with several.
    #[serde(default)]
    pub relation_filters: RelationFilters,
    /// How models look.
    #[serde(default)]
    pub model: Vec<ModelRule>,
    /// Kinds of values besides the built-in ones.
    #[serde(default)]
    pub kind: Vec<KindRule>,
    /// Members that are no calls.
    #[serde(default)]
    pub member: Vec<MemberRule>,
    /// Calls.
    #[serde(default)]
    pub call: Vec<CallRule>,
    /// Classes whose attributes list fields.
    #[serde(default)]
    pub listing: Vec<ListingRule>,
}

/// A language of schema files.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SchemaLanguage {
    /// `schema.prisma`.
    Prisma,
}

impl SchemaLanguage {
    /// Whether a file is written in it, by its name.
    pub fn is_of(self, path: &str) -> bool {
        match self {
            SchemaLanguage::Prisma => path.ends_with(".prisma"),
        }
    }
}

/// A key of an object of data that writes along a relation. Its value is an object or a list of them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NestedWrite {
    /// The keys.
    pub names: Vec<String>,
    /// Key of the data of new rows, `*`: the value itself; empty: none are made.
    #[serde(default)]
    pub create: String,
    /// Key of the data of existing rows, `*`: the value itself; several words: the first that is given.
    #[serde(default)]
    pub update: String,
    /// Key of the filter that chooses rows, `*`: the value itself.
    #[serde(default)]
    pub filter: String,
    /// Rows of the relation are removed.
    #[serde(default)]
    pub delete: bool,
    /// Rows are linked.
    #[serde(default)]
    pub link: bool,
    /// Links are removed.
    #[serde(default)]
    pub unlink: bool,
}

/// How a filter looks at the rows of a relation.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RelationFilters {
    /// They are joined.
    #[default]
    Joined,
    /// Relations with several rows are asked in a query of their own; all are where rows are written.
    Nested,
}

/// What the statements of a library are reported as.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StatementsAre {
    /// Sent by an object-relational mapper.
    #[default]
    Orm,
    /// Built by a query builder.
    Builder,
}

/// What a library asks back of a row that it has inserted.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Returns {
    /// Nothing but what the code asks for.
    #[default]
    Nothing,
    /// The key, where the database makes it.
    Key,
    /// All that the database makes.
    Generated,
    /// The whole row.
    Row,
}

/// What a placeholder of a library's own stands for: something of the table that the statement is about.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Placeholder {
    /// Its name in the statement.
    Alias,
    /// Its name.
    Table,
    /// The columns of its key.
    Key,
    /// All its columns.
    Columns,
}

/// Which relations of an entity are read with the table of the entity joined, whose key says which rows are meant.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JoinsOwners {
    /// None: the rows themselves, or those of the join table, have the key.
    #[default]
    Never,
    /// Those with a join table.
    Links,
    /// All with several rows.
    Always,
}

/// Which columns an INSERT of given values lists.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Inserts {
    /// Those that are given, and what the library adds.
    #[default]
    Given,
    /// All columns of the table, with DEFAULT where nothing is given.
    EveryColumn,
}

/// What the rows of a query over a model are.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowsAre {
    /// Entities where whole rows are read, else rows of what is selected.
    #[default]
    Selected,
    /// Entities, whatever is selected.
    Entities,
}

/// What a string that names something in the database is.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NamesMean {
    /// A field of the model; where it has none, a column.
    #[default]
    Fields,
    /// A column.
    Columns,
}

/// When the attributes of an entity are written.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntityWrites {
    /// Only by calls that say so.
    #[default]
    Explicit,
    /// A unit of work: an assignment to a field is written by a later flush, a new entity is inserted.
    OnFlush,
}
