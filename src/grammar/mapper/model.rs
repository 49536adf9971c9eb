//! How models look: where their tables' names are written, their conventions, tags and inheritance.

use super::{FieldRule, ImpliedField, RelationRule, Source};
use serde::Deserialize;

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
    /// Calls that tell a model whose base is in a package that is not here: the values of its attributes.
    #[serde(default)]
    pub telling_calls: Vec<String>,
    /// Attributes that tell such a model by being there: `__tablename__`.
    #[serde(default)]
    pub telling_attributes: Vec<String>,
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
    /// Words of a tag of the style `words` that are no column name, besides those with parentheses.
    #[serde(default)]
    pub tag_known: Vec<String>,
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
    /// The value is or names this; empty: the call alone says so.
    #[serde(default)]
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
    /// `xorm:"'name' varchar(20) notnull pk"`: words; the name is quoted, or no word that is known.
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
