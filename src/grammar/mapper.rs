//! What a mapper or query builder means, as data: its models, the kinds of values that its calls give, and what
//! each call does to the statement that will be sent. `grammars/README.md` explains every word with examples.

mod calls;
mod take;

pub use calls::{Act, CallRule, Expression, KindRule, ListingRule, MemberRule, ReadAs, Step, Verb};
pub use take::{Take, Takes};

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
    /// The root of a query may be named after what is asked of it (`db.Where(...).Find(&users)`).
    #[serde(default)]
    pub late_root: bool,
    /// What is selected besides aggregates is grouped by, though nobody says so (Django's `annotate`).
    #[serde(default)]
    pub implicit_grouping: bool,
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

/// How one sort of model looks.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ModelRule {
    /// Base classes, by qualified name; a class that inherits from one is a model. A base made by a call is
    /// written with `()`: `sqlalchemy.orm.declarative_base()`.
    #[serde(default)]
    pub bases: Vec<String>,
    /// Those of the bases whose direct subclasses are no models but what all models extend.
    #[serde(default)]
    pub roots: Vec<String>,
    /// Keyword of the class statement that must be true (`table`).
    #[serde(default)]
    pub class_keyword: String,
    /// Decorators that make a class a model.
    #[serde(default)]
    pub decorators: Vec<String>,
    /// Calls whose value is a model: `pgTable`, `sequelize.define`, `Table`. Fields are the entries of the
    /// argument that `fields` names, or the arguments from there on that are field calls.
    #[serde(default)]
    pub calls: Vec<String>,
    /// Static method that makes its class a model when it is called: `User.init({...})`.
    #[serde(default)]
    pub init_calls: Vec<String>,
    /// Where the fields of `calls` and `init-calls` are: `argument:1`, `arguments:1..` (field calls), else the
    /// class body.
    #[serde(default)]
    pub fields: String,
    /// Key of struct tags (Go). A struct with such a tag is a model.
    #[serde(default)]
    pub tag: String,
    /// How the text of a tag is written: `first` (`db:"name,opt"`), `keys` (`gorm:"column:x;size:2"`), `xorm`.
    #[serde(default)]
    pub tag_style: TagStyle,
    /// Embedding one of these structs makes a struct a model; their fields are in `[[mapper.model.embedded]]`.
    #[serde(default)]
    pub embeds: Vec<String>,
    /// Methods of the library that take a model (`AutoMigrate`, `Create`): a struct that is given to one is a model
    /// without any tag.
    #[serde(default)]
    pub by_use: Vec<String>,
    /// Types whose argument is an interface of tables: `Kysely<Database>`.
    #[serde(default)]
    pub tables_of: Vec<String>,
    /// Attribute whose value is a table made by a call (`__table__`).
    #[serde(default)]
    pub table_value: String,
    /// Decorators of methods that return a field (`declared_attr`).
    #[serde(default)]
    pub method_fields: Vec<String>,
    /// Attribute that holds an object of relations (`relationMappings`).
    #[serde(default)]
    pub relation_map: String,
    /// Calls that give the relations of their first argument: `relations(users, ({ many }) => ({ ... }))`.
    #[serde(default)]
    pub relation_calls: Vec<String>,
    /// Says that a class is abstract: it has no table, its fields belong to its subclasses.
    #[serde(default)]
    pub is_abstract: Vec<Source>,
    /// Says that a class has no table of its own but shares that of its base.
    #[serde(default)]
    pub is_proxy: Vec<Source>,
    /// Name of the model, where it is not that of its class or variable.
    #[serde(default)]
    pub name: Vec<Source>,
    /// Table name: the first that applies.
    #[serde(default)]
    pub table: Vec<Source>,
    /// Schema of the table.
    #[serde(default)]
    pub schema: Vec<Source>,
    /// Name that the table has in statements, where that is another one.
    #[serde(default)]
    pub alias: Vec<Source>,
    /// Table name where none is written.
    #[serde(default)]
    pub table_naming: Naming,
    /// Column name where none is written.
    #[serde(default)]
    pub column_naming: Naming,
    /// What a subclass of a model is.
    #[serde(default)]
    pub inheritance: Inheritance,
    /// Says that subclasses share the table of the class (single table), where it is not the rule.
    #[serde(default)]
    pub single_table: Vec<Source>,
    /// Column that tells the classes of a shared table apart.
    #[serde(default)]
    pub discriminator: Vec<Source>,
    /// Names of fields that whole-row reads leave out.
    #[serde(default)]
    pub left_out: Vec<Source>,
    /// Default order: strings of field paths with `-` for descending.
    #[serde(default)]
    pub order: Vec<Source>,
    /// Class inside the class that holds settings (`Meta`).
    #[serde(default)]
    pub settings_class: String,
    /// Settings that a class has from its bases though it has a class of settings of its own.
    #[serde(default)]
    pub settings_inherited: Vec<String>,
    /// Fields of the primary key, where the model lists them (`CompositeKey("book", "member")`); false: it has none.
    #[serde(default)]
    pub primary: Vec<Source>,
    /// The library knows no abstract models: a class that others inherit from is one if code names it nowhere else.
    #[serde(default)]
    pub abstract_unless_used: bool,
    /// Fields.
    #[serde(default)]
    pub field: Vec<FieldRule>,
    /// Relations.
    #[serde(default)]
    pub relation: Vec<RelationRule>,
    /// Fields that a model has though none are written.
    #[serde(default)]
    pub implied: Vec<ImpliedField>,
    /// Name of the application, for `{app}` and `app-lower`; else by `app-config` and the folder.
    #[serde(default)]
    pub app: Vec<Source>,
    /// Bases of classes that describe an application by their attributes `label` and `name`.
    #[serde(default)]
    pub app_config: Vec<String>,
    /// Column of the key to the table of the base (joined inheritance).
    #[serde(default)]
    pub parent_key: Vec<Source>,
    /// Name of the base's relation to the subclass (joined inheritance).
    #[serde(default)]
    pub child_link: Vec<Source>,
    /// Says that names of columns, and of tables by convention, are in snake case.
    #[serde(default)]
    pub snake_when: Vec<Source>,
    /// Says that names of tables by convention are in snake case, those of columns as they are.
    #[serde(default)]
    pub table_snake_when: Vec<Source>,
    /// Says that the name of the model is that of the table.
    #[serde(default)]
    pub same_table_when: Vec<Source>,
    /// Conventions that a call of the service sets for all models.
    #[serde(default)]
    pub naming_by: Vec<NamingBy>,
    /// Models that the library brings.
    #[serde(default)]
    pub known: Vec<KnownModel>,
}

/// Conventions that a call sets for all models of a service: `drizzle({ casing: 'snake_case' })`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NamingBy {
    /// The calls, by the end of the callee.
    pub calls: Vec<String>,
    /// Key or keyword of the value, at any depth; empty: any argument.
    #[serde(default)]
    pub key: String,
    /// The value is or names this.
    pub holds: String,
    /// Convention of tables from then on.
    #[serde(default)]
    pub table: Option<Naming>,
    /// Convention of columns from then on.
    #[serde(default)]
    pub column: Option<Naming>,
}

/// A model that the library brings.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KnownModel {
    /// Qualified name of its class.
    pub name: String,
    /// Table; empty: it is abstract, its fields belong to its subclasses.
    #[serde(default)]
    pub table: String,
    /// Fields: a name, then what it is: `id primary`, `group_id`.
    #[serde(default)]
    pub fields: Vec<String>,
    /// What code calls the service's model of this sort: its own one that inherits from this, else this one
    /// (`AUTH_USER_MODEL`, `get_user_model()`).
    #[serde(default)]
    pub called: Vec<String>,
}

/// How a struct tag is written.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TagStyle {
    /// `db:"name,option,option"`; `-` is no field.
    #[default]
    First,
    /// `gorm:"column:name;primaryKey;foreignKey:X"`.
    Keys,
    /// `bun:"name,pk,rel:has-many,join:id=user_id"`, first part the name, then options with `:`.
    Options,
    /// `xorm:"'name' varchar(20) notnull pk"`: words, the quoted one is the name.
    Words,
}

/// What a subclass of a model is.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Inheritance {
    /// It has a table with all fields.
    #[default]
    Copy,
    /// It has a table with its own fields and a key to its base's table.
    Joined,
    /// It shares its base's table, unless it names one of its own; then it is joined.
    Single,
}

/// A naming convention.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Naming {
    /// The name as it is.
    #[default]
    Same,
    /// `OrderLine` -> `order_line`.
    Snake,
    /// `OrderLine` -> `order_lines`.
    SnakePlural,
    /// `OrderLine` -> `orderline`.
    Lower,
    /// `OrderLine` -> `OrderLines` (Sequelize).
    Plural,
    /// `OrderLine` -> `orderLine`.
    Camel,
    /// `order_line` -> `OrderLine`.
    Pascal,
    /// `UserID` -> `user_i_d`: each capital begins a word.
    LetterSnake,
    /// `OrderLine` -> `app_orderline`, with the name of the Django application.
    AppLower,
    /// GORM's: snake case with its list of initialisms (`ID`, `URL`, `HTTP`).
    GoSnake,
    /// GORM's, in the plural.
    GoSnakePlural,
}

/// Where a name or a truth is written. In TOML one word:
///
/// * `argument:0`: positional argument of the field's or model's call or decorator, if it is text;
/// * `keyword:db_column`: keyword argument, or key of an object argument; dotted for nested objects;
/// * `setting:db_table`: attribute of the settings class (`Meta`), or key of the settings object;
/// * `not-setting:legacy_table_names`: that setting says no;
/// * `attribute:__tablename__`: class attribute;
/// * `method:TableName`: what a method of that name returns;
/// * `tag:column`: key of the struct tag; `tag:` alone its name part;
/// * `decorator:JoinColumn.name`: keyword of another decorator of the field; `decorator:PrimaryColumn` its presence;
/// * `chain:primaryKey`: a method called on the field's call (`serial().primaryKey()`); `chain:references.0` an
///   argument of it;
/// * `annotation`: the annotated type; `annotation-null`: whether it admits null;
/// * `{name}_id`: a template; it may use `name`, `model`, `table`, `target`, `target-table`, `app`, `column`, `primary`,
///   `parent`, `prefix`, also several joined by `_` (`{camel:name primary}`), with `snake:`, `go-snake:`, `lower:`,
///   `plural:`, `singular:`, `camel:`, `pascal:`, `title:`, `letter-snake:`, `id:` (with `_id`, unless it ends so)
///   before them;
/// * `receiver:0`: argument of the call that the callee's object was made by (`schema.table()` of `pgSchema('x')`);
/// * `inner:ForeignKey.0`: argument of a call of that name that stands among the arguments, or among those of a call
///   there; without number its presence;
/// * `value`: the field's value, where that is no call that the pack knows;
/// * `text:id`: this text; `naming`: the model's convention; `true`;
/// * `keyword:lazy=joined|selectin`: a truth: the source before `=` finds one of the words behind it, as text or as a
///   constant of the language (`False`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Source {
    /// `argument:N`.
    Argument(u16),
    /// `keyword:a.b`.
    Keyword(Vec<String>),
    /// `setting:x`.
    Setting(String),
    /// `not-setting:x`.
    NotSetting(String),
    /// `attribute:x`.
    Attribute(String),
    /// `method:x`.
    Method(String),
    /// `tag:x`.
    Tag(String),
    /// `decorator:Name.key`, `decorator:Name.0`, `decorator:Name`.
    Decorator(String, Option<String>),
    /// `chain:name.0`.
    Chain(String, Option<String>),
    /// `annotation`.
    Annotation,
    /// `annotation-null`.
    AnnotationNull,
    /// `receiver:N`.
    Receiver(u16),
    /// `inner:Name.0`.
    Inner(String, Option<String>),
    /// A template.
    Template(String),
    /// `text:x`.
    Literal(String),
    /// `value`.
    Value,
    /// `naming`.
    Naming,
    /// `true`.
    Always,
    /// `keyword:lazy=joined|selectin`: the source finds one of these words.
    Is(Box<Source>, Vec<String>),
}

impl Source {
    /// First words of sources, for messages.
    pub const WORDS: [&'static str; 17] = [
        "argument:",
        "keyword:",
        "setting:",
        "not-setting:",
        "attribute:",
        "method:",
        "tag:",
        "decorator:",
        "chain:",
        "annotation",
        "annotation-null",
        "receiver:",
        "inner:",
        "text:",
        "value",
        "naming",
        "true",
    ];
    /// Names that a template may use.
    pub const NAMES: [&'static str; 10] =
        ["name", "model", "table", "target", "target-table", "app", "column", "primary", "parent", "prefix"];
    /// Functions that a template may put before names.
    pub const FUNCTIONS: [&'static str; 10] =
        ["snake", "go-snake", "lower", "plural", "singular", "camel", "pascal", "title", "letter-snake", "id"];
}

impl TryFrom<String> for Source {
    type Error = String;

    fn try_from(text: String) -> Result<Source, String> {
        if text.contains('{') {
            for inner in text.split('{').skip(1) {
                let Some((inner, _)) = inner.split_once('}') else { return Err(format!("unknown source `{text}`: a brace is open")) };
                let (function, names) = inner.split_once(':').map_or((None, inner), |(f, n)| (Some(f), n));
                if let Some(wrong) = function.filter(|f| !Source::FUNCTIONS.contains(f)) {
                    return Err(format!("unknown function `{wrong}` of a template, expected one of {}", quoted(&Source::FUNCTIONS)));
                }
                if let Some(wrong) = names.split(' ').find(|n| !Source::NAMES.contains(n)) {
                    return Err(format!("unknown name `{wrong}` of a template, expected one of {}", quoted(&Source::NAMES)));
                }
            }
            return Ok(Source::Template(text));
        }
        if let Some((of, words)) = text.split_once('=') {
            let of = Source::try_from(of.to_string())?;
            return Ok(Source::Is(Box::new(of), words.split('|').map(str::to_string).collect()));
        }
        let (word, rest) = text.split_once(':').unwrap_or((&text, ""));
        let pair = || match rest.split_once('.') {
            Some((name, key)) => (name.to_string(), Some(key.to_string())),
            None => (rest.to_string(), None),
        };
        Ok(match word {
            "argument" => Source::Argument(rest.parse().map_err(|_| format!("`{text}`: a number must follow `argument:`"))?),
            "receiver" => Source::Receiver(rest.parse().map_err(|_| format!("`{text}`: a number must follow `receiver:`"))?),
            "keyword" => Source::Keyword(rest.split('.').map(str::to_string).collect()),
            "setting" => Source::Setting(rest.to_string()),
            "not-setting" => Source::NotSetting(rest.to_string()),
            "attribute" => Source::Attribute(rest.to_string()),
            "method" => Source::Method(rest.to_string()),
            "tag" => Source::Tag(rest.to_string()),
            "decorator" => {
                let (name, key) = pair();
                Source::Decorator(name, key)
            }
            "chain" => {
                let (name, key) = pair();
                Source::Chain(name, key)
            }
            "inner" => {
                let (name, key) = pair();
                Source::Inner(name, key)
            }
            "annotation" => Source::Annotation,
            "annotation-null" => Source::AnnotationNull,
            "text" => Source::Literal(rest.to_string()),
            "value" => Source::Value,
            "naming" => Source::Naming,
            "true" => Source::Always,
            _ => return Err(format!("unknown source `{word}`, expected one of {}", quoted(&Source::WORDS))),
        })
    }
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|w| format!("`{}`", w.trim_end_matches(':'))).collect::<Vec<_>>().join(", ")
}

/// What a field is, besides a column.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldRole {
    /// A column.
    #[default]
    Column,
    /// Part of the primary key.
    Primary,
    /// Set when a row is made, by the library.
    Created,
    /// Set at every write, by the library.
    Updated,
    /// Marks deleted rows; reads leave them out.
    Deleted,
    /// Counts versions; read and written by every update.
    Version,
    /// Several columns of another class under a prefix.
    Embedded,
    /// Not a column.
    Ignored,
    /// An expression or another name of a field.
    Synonym,
}

/// How one sort of field looks. All of the given conditions must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FieldRule {
    /// Its value is such a call; matched by the end of the callee, `*Field` by the end of the name.
    #[serde(default)]
    pub calls: Vec<String>,
    /// Key of an object that holds the call, where the value is no call itself (`{ type: DataTypes.VIRTUAL }`).
    #[serde(default)]
    pub within: String,
    /// It has such a decorator.
    #[serde(default)]
    pub decorators: Vec<String>,
    /// Its type is written as one of these (`Mapped`), or `*`: any type.
    #[serde(default)]
    pub annotations: Vec<String>,
    /// Words of its tag (Go).
    #[serde(default)]
    pub tag_words: Vec<String>,
    /// It is an embedded struct (Go).
    #[serde(default)]
    pub anonymous: bool,
    /// Says that the rule holds.
    #[serde(default)]
    pub when: Vec<Source>,
    /// The embedded class (role `embedded`); without one the rule does not hold.
    #[serde(default)]
    pub target: Vec<Source>,
    /// Its name, where that alone says it (`DeletedAt` of a given type).
    #[serde(default)]
    pub named: Vec<String>,
    /// What it is.
    #[serde(default)]
    pub role: FieldRole,
    /// Column name.
    #[serde(default)]
    pub column: Vec<Source>,
    /// Key under which code names the field, where it is not its own name.
    #[serde(default)]
    pub key: Vec<Source>,
    /// Says that it is (part of) the primary key.
    #[serde(default)]
    pub primary: Vec<Source>,
    /// Says that null is allowed.
    #[serde(default)]
    pub nullable: Vec<Source>,
    /// Says that it is never null.
    #[serde(default)]
    pub not_null: Vec<Source>,
    /// Says that the library writes a value of its own when none is given.
    #[serde(default)]
    pub default: Vec<Source>,
    /// Says that the database makes the value (serial, identity, server default).
    #[serde(default)]
    pub generated: Vec<Source>,
    /// Says that the library writes it at each update.
    #[serde(default)]
    pub on_update: Vec<Source>,
    /// Says that whole-row reads leave it out (`deferred`, `select: false`).
    #[serde(default)]
    pub deferred: Vec<Source>,
    /// Says that it refers to another model's field: text `table.column`, or a column of a class.
    #[serde(default)]
    pub references: Vec<Source>,
    /// Prefix of an embedded class's columns.
    #[serde(default)]
    pub prefix: Vec<Source>,
    /// Column of an embedded class's field, from `prefix` and `column`; empty: one after the other.
    #[serde(default)]
    pub embedded_column: Vec<Source>,
    /// Field that it is another name of (role `synonym`).
    #[serde(default)]
    pub synonym: Vec<Source>,
    /// Database type, as far as the call says: the callee's last word or this source.
    #[serde(default)]
    pub sql_type: Vec<Source>,
}

/// Shape of a relation.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RelationShape {
    /// The model holds the key.
    #[default]
    ToOne,
    /// The other model holds the key; there is at most one.
    OneFrom,
    /// The other model holds the key.
    ToMany,
    /// A join table holds both keys.
    ManyToMany,
    /// By the annotation or by which side has the foreign key.
    Infer,
    /// To any model (generic keys); nothing to join.
    Any,
}

/// How one sort of relation looks.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RelationRule {
    /// Its value is such a call.
    #[serde(default)]
    pub calls: Vec<String>,
    /// Key of an object that holds the call or name (`{ relation: Model.HasManyRelation }`).
    #[serde(default)]
    pub within: String,
    /// Names of columns come with their table (`orders.customer_id`), of join tables too.
    #[serde(default)]
    pub qualified: bool,
    /// It has such a decorator.
    #[serde(default)]
    pub decorators: Vec<String>,
    /// Words of its tag (Go).
    #[serde(default)]
    pub tag_words: Vec<String>,
    /// A field whose type is another model (Go structs).
    #[serde(default)]
    pub by_type: bool,
    /// It is a call on the model itself, anywhere: `User.hasMany(Post)`.
    #[serde(default)]
    pub on_model: bool,
    /// Says that the rule holds.
    #[serde(default)]
    pub when: Vec<Source>,
    /// Its name, where it is not that of a field.
    #[serde(default)]
    pub name: Vec<Source>,
    /// At most one row of this model refers to a row of the other.
    #[serde(default)]
    pub unique: bool,
    /// Field of the other side that holds the key (`to-many`, `one-from`), where code names the field.
    #[serde(default)]
    pub target_field: Vec<Source>,
    /// Shape.
    #[serde(default)]
    pub shape: RelationShape,
    /// The other model: a class, its name, or a function that gives it.
    #[serde(default)]
    pub target: Vec<Source>,
    /// Column that holds the key (on the model for `to-one`, on the target otherwise).
    #[serde(default)]
    pub column: Vec<Source>,
    /// Field that holds the key, where code names the field.
    #[serde(default)]
    pub field: Vec<Source>,
    /// Column of the other side that the key refers to.
    #[serde(default)]
    pub references: Vec<Source>,
    /// Field of the key under its own name (`author_id` of Django's `author`).
    #[serde(default)]
    pub key_field: Vec<Source>,
    /// Name of the relation on the other model.
    #[serde(default)]
    pub reverse: Vec<Source>,
    /// Its name in queries, where that differs.
    #[serde(default)]
    pub reverse_query: Vec<Source>,
    /// Field on the other side that this relation mirrors; its key is used.
    #[serde(default)]
    pub mirrors: Vec<Source>,
    /// Join table: a name or a model.
    #[serde(default)]
    pub through: Vec<Source>,
    /// Column of the join table that refers to this model.
    #[serde(default)]
    pub through_own: Vec<Source>,
    /// Column of the join table that refers to the other model.
    #[serde(default)]
    pub through_other: Vec<Source>,
    /// Field of the join table's model that refers to this model, where the library makes such a model; code reaches it
    /// by what gives `through`.
    #[serde(default)]
    pub through_own_field: Vec<Source>,
    /// Field of that model that refers to the other model.
    #[serde(default)]
    pub through_other_field: Vec<Source>,
    /// As `through-own`, where both sides are the same model; empty: as there.
    #[serde(default)]
    pub through_own_self: Vec<Source>,
    /// As `through-other`, where both sides are the same model.
    #[serde(default)]
    pub through_other_self: Vec<Source>,
    /// Says that it is loaded with every read.
    #[serde(default)]
    pub eager: Vec<Source>,
    /// Says that an entity's attribute of it is a query, which loads nothing until it is asked.
    #[serde(default)]
    pub dynamic: Vec<Source>,
    /// Words, of which `all` or `delete` says that rows of the other side are deleted with those of this model.
    #[serde(default)]
    pub cascade: Vec<Source>,
    /// Order of its items.
    #[serde(default)]
    pub order: Vec<Source>,
    /// Says that the key admits null.
    #[serde(default)]
    pub nullable: Vec<Source>,
    /// Says that the key is (part of) the primary key.
    #[serde(default)]
    pub primary: Vec<Source>,
    /// Says that there are several on the other side (`infer`); else the type does.
    #[serde(default)]
    pub many: Vec<Source>,
    /// Column of the other side that names the model (polymorphic relations).
    #[serde(default)]
    pub type_field: Vec<Source>,
}

/// A field that a model has though none is written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ImpliedField {
    /// Name in code.
    pub name: String,
    /// Column; empty: by convention.
    #[serde(default)]
    pub column: String,
    /// Where another column is written.
    #[serde(default)]
    pub column_from: Vec<Source>,
    /// It is (part of) the primary key.
    #[serde(default)]
    pub primary: bool,
    /// What it is.
    #[serde(default)]
    pub role: FieldRole,
    /// When: `no-primary`, `always`, `embeds:gorm.Model`, `setting:timestamps`, `not-setting:timestamps=false`.
    #[serde(default)]
    pub when: String,
}
