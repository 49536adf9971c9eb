//! How fields and relations of models look.

use super::Source;
use serde::Deserialize;

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
    /// Whether null is allowed where nothing says so.
    #[serde(default)]
    pub otherwise_nullable: Option<bool>,
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
    /// It is none where the other model is defined above it in the same file: then a field of its own name is all there is
    /// (peewee's deferred keys are resolved by what is defined after them).
    #[serde(default)]
    pub only_ahead: bool,
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
    /// Says that the library deletes the rows that refer to a row that it deletes.
    #[serde(default)]
    pub deletes: Vec<Source>,
    /// Says that the library clears the key of rows that refer to a row that it deletes.
    #[serde(default)]
    pub clears: Vec<Source>,
    /// Says that the library looks for rows that refer to a row before it deletes that.
    #[serde(default)]
    pub guards: Vec<Source>,
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
