//! Kinds of values, their members and their calls.

use super::take::Takes;
use super::{NamesMean, Naming};
use serde::Deserialize;

/// A kind of value besides the built-in ones ([`KindRule::BUILT_IN`]). A rule for a built-in kind adds types, calls and
/// variables to it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KindRule {
    /// Its name.
    pub name: String,
    /// Types of it, by the end of the qualified name: annotations, constructors.
    #[serde(default)]
    pub types: Vec<String>,
    /// Functions, constructors and methods that give one.
    #[serde(default)]
    pub calls: Vec<String>,
    /// Names that people give such values, taken where nothing else is known and the file or service uses the
    /// library.
    #[serde(default)]
    pub variables: Vec<String>,
    /// Things of the library that are of it, by qualified name (`peewee.EXCLUDED`).
    #[serde(default)]
    pub values: Vec<String>,
    /// Where its model comes from: `type-argument:0`, `argument:0`.
    #[serde(default)]
    pub model: String,
    /// It is a query under construction.
    #[serde(default)]
    pub query: bool,
    /// Kind whose calls it has besides its own, with the model as their first argument (`manager.find(User, ...)`).
    #[serde(default)]
    pub model_first: String,
    /// Method of the program's own classes of this kind from whose query every call begins (`get_queryset`).
    #[serde(default)]
    pub begins: String,
}

impl KindRule {
    /// Kinds that every pack has: a mapped class or table; an instance of one; several; a column; a relation of a
    /// model; an expression; a query under construction; one as a table whose members are columns; one as a truth; tables joined
    /// without a selection; what relations are loaded; rows; text; the new row of a
    /// conflict, whose members are columns.
    pub const BUILT_IN: [&'static str; 15] = [
        "model",
        "entity",
        "entities",
        "column",
        "relation",
        "expression",
        "query",
        "subquery",
        "exists",
        "sources",
        "load",
        "row",
        "rows",
        "text",
        "excluded",
    ];
    /// Other words that `gives` may be.
    pub const GIVES: [&'static str; 6] = ["same", "result", "nothing", "new", "through", "model-name"];
    /// Words that `gives` may be with the number of an argument: that argument; a new entity with the fields that it
    /// names; an instance of the class that it is; what the type argument of that number stands for, though the function
    /// is not called (`RowToStructByName[User]`).
    pub const GIVES_OF: [&'static str; 4] = ["argument", "new", "instance", "type"];
}

/// A member that gives a value of the library.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MemberRule {
    /// Kinds of the object.
    pub on: Vec<String>,
    /// Names; `*models*`: any name that a model answers to under `naming`; `*to-one*`, `*to-many*`: relations of the
    /// object.
    pub names: Vec<String>,
    /// How a model's name becomes the member (`camel`, `same`, `snake-plural`).
    #[serde(default)]
    pub naming: Naming,
    /// Kind of the value; `same`: the object itself; `through`: the join table of the relation; `model-name`: what the
    /// model is called.
    pub gives: String,
    /// Reading it loads the rows that it stands for.
    #[serde(default)]
    pub loads: bool,
    /// Something unknown, or a class of a package that is not here, has it too where a method of the value is called
    /// on it: a query of an unknown table.
    #[serde(default)]
    pub by_form: bool,
    /// For relations: the value has the methods of the other model's first attribute of this kind (`manager`).
    #[serde(default)]
    pub like: String,
}

/// Classes whose attributes list fields of a model: forms, admins, serializers. Those fields are uses.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ListingRule {
    /// Base classes, by the end (or begin and end) of their qualified name.
    pub bases: Vec<String>,
    /// Where the model is: an attribute (`Meta.model`); `self`: the class itself; `type-argument`: that of its base;
    /// `register`: the argument of a decorator or call of that name that registers the class.
    pub model: Vec<String>,
    /// Attributes that list fields, with dots for those of classes inside.
    pub attributes: Vec<String>,
}

/// What a call makes of its arguments, where it gives an expression.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expression {
    /// A function of them.
    #[default]
    Call,
    /// A function that the first one names (`fn('count', col('id'))`).
    NamedCall,
    /// All hold.
    And,
    /// One holds.
    Or,
    /// It does not hold.
    Not,
    /// The first (or the receiver) compared with the others.
    Compare,
    /// The first (or the receiver), under the name that follows.
    Label,
    /// Descending.
    Desc,
    /// Ascending, or another mark that changes nothing.
    Same,
    /// Text is a path of fields of the query that it ends up in.
    Path,
    /// The same of the query around that.
    OuterPath,
    /// A value.
    Value,
    /// A query or relation has a row.
    Exists,
    /// A query as a value.
    Query,
    /// A piece of SQL, with values for its placeholders.
    Raw,
    /// A column by its name.
    Column,
    /// A new row in a conflict (`excluded.name`).
    Excluded,
    /// A name that is quoted by the library.
    Identifier,
    /// Pieces of SQL one after the other.
    Joined,
}

/// A call of the library: which, what it takes, what it does to the statement, what it gives.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CallRule {
    /// Kinds of the receiver; empty: a function or constructor.
    #[serde(default)]
    pub on: Vec<String>,
    /// Names of the methods; functions by the end of their qualified name (`sqlalchemy.select`).
    #[serde(default)]
    pub names: Vec<String>,
    /// The value of the kind itself is called (`knex('items')`): `names` is empty.
    #[serde(default)]
    pub itself: bool,
    /// It holds only for this number of positional arguments: `2`, `1..`, `..3`.
    #[serde(default)]
    pub arity: String,
    /// What the statement becomes.
    #[serde(default)]
    pub verb: Option<Verb>,
    /// It begins a new statement instead of adding to the receiver's.
    #[serde(default)]
    pub fresh: bool,
    /// What models say is loaded with every read is not loaded with the rows of this query.
    #[serde(default)]
    pub without_eager: bool,
    /// What is done, in order.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// The statement is sent here.
    #[serde(default)]
    pub sends: bool,
    /// It writes what is given and nothing that the library keeps by itself (timestamps, versions, defaults).
    #[serde(default)]
    pub plain: bool,
    /// It gives an expression.
    #[serde(default)]
    pub expression: Option<Expression>,
    /// Operator or function of the expression; empty: by the call's name.
    #[serde(default)]
    pub operator: String,
    /// What it gives: a kind, `same` (the receiver), `result` (what its callback returned), `nothing`, `new` (an entity that is not
    /// stored yet), `through` (the join table of the relation that it is called on, as a model);
    /// `argument:0`, `new:0`, `instance:0` (see [`KindRule::GIVES_OF`]); several separated by commas: a tuple of them.
    /// Empty: nothing that matters.
    #[serde(default)]
    pub gives: String,
    /// With text as its first argument it is a call of something else that goes by the same name (`session.get("user_id")`).
    #[serde(default)]
    pub never_text: bool,
    /// Statements that are sent besides (`get_or_create`: `select` and `insert`), with the steps marked for them.
    #[serde(default)]
    pub also: Vec<Verb>,
}

/// What a statement does.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// Reads rows.
    #[default]
    Select,
    /// Reads a number, a truth or an aggregate: no column of the row but those that the steps name.
    Aggregate,
    /// Writes new rows.
    Insert,
    /// Writes new rows or the existing ones.
    Upsert,
    /// Changes rows.
    Update,
    /// Removes rows; where the model marks deleted rows, that mark is written.
    Delete,
    /// Removes rows whatever the model says.
    HardDelete,
    /// Clears the mark of deleted rows.
    Restore,
    /// Writes an entity: inserts it or writes all its columns.
    Save,
    /// Empties a table.
    Truncate,
    /// Makes a table with the columns that are written.
    Create,
    /// Changes a table: adds the columns that are written, changes or removes those in `only`.
    Alter,
    /// Removes a table.
    Drop,
    /// Asks whether a table and its columns are there.
    Look,
    /// Raw SQL.
    Raw,
}

/// One thing that a call does.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Step {
    /// What it takes, see [`Take`](super::Take). Several words separated by spaces: the first that is given.
    pub take: Takes,
    /// How it is read.
    #[serde(rename = "as", default)]
    pub read: ReadAs,
    /// What is done with it.
    #[serde(rename = "do", default)]
    pub act: Act,
    /// Kind of the value that a callback is given, against the library's rule.
    #[serde(default)]
    pub with: String,
    /// The parameter of a callback that gets the value, in place of the first. Of a call that is a function's decorator
    /// (`@event.listens_for(Order, "load")`) it is that function's.
    #[serde(default)]
    pub parameter: String,
    /// It is not done where one of these is given.
    #[serde(default)]
    pub unless: Option<Takes>,
    /// For which verbs of the statement it holds; empty: for all.
    #[serde(default)]
    pub only: Vec<Verb>,
    /// Strings here name columns or fields, against the library's rule.
    #[serde(default)]
    pub names: Option<NamesMean>,
    /// The argument that names what this step adds.
    #[serde(default)]
    pub alias: Option<Takes>,
    /// Function around each expression that is added (`count`, `sum`), or the operator between a column and the
    /// value that it is changed by (`+`).
    #[serde(default)]
    pub wrap: String,
    /// What is added excludes the rows (`exclude`, `whereNot`).
    #[serde(default)]
    pub negate: bool,
    /// What is added is joined to the condition before it by OR.
    #[serde(default)]
    pub or: bool,
    /// The join keeps the rows without a partner.
    #[serde(default)]
    pub outer: bool,
}

/// How an argument is read.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadAs {
    /// Column expressions, conditions, other queries; a map gives equalities; text is as `names` says.
    #[default]
    Expressions,
    /// Keywords or entries `field__lookup: value` with paths through relations.
    Lookups,
    /// Text or lists of text that name fields, with paths, `-` for descending, `alias.field`, `field AS alias`;
    /// keys of a map whose values are true (or nested selections).
    Paths,
    /// Keywords, entries or fields of a struct: field and value.
    Values,
    /// A text, then its operator, then a value: `where('a', '>', 1)`, `where({a: 1})`, `where('a', 1)`.
    Comparison,
    /// The same with a column in the place of the value: `on('a.x', '=', 'b.y')`.
    ColumnComparison,
    /// A nested filter object of operators, quantifiers and logical keys.
    Filter,
    /// A nested object that selects fields and relations.
    Selection,
    /// A nested object or a list of fields, also of relations that other steps load.
    Fields,
    /// A nested object of values to write, with nested writes of relations.
    Data,
    /// An object or list that orders: `{ field: 'asc' }`, `[{ column, order }]`, text.
    Order,
    /// A piece of SQL with the values of its placeholders after it; in its place: entries that are equal, a query,
    /// a key.
    Sql,
    /// The same; names in it may be `alias.property`.
    PropertySql,
    /// A model class, or an instance or list of one, or a pointer to one.
    Model,
    /// The name of a table, `table as alias`, `{ alias: 'table' }`, a model, a query.
    Table,
    /// Paths of relations: text, attributes, a nested object.
    Relations,
    /// A join: table, then what it is joined on (`'a.x', '=', 'b.y'`; a callback; expressions).
    Join,
    /// An entity or a list of them.
    Entity,
    /// The same; of a new row what is set and what has a default.
    Given,
    /// The fields that an instance of another class shares with the model (`Doctor.model_validate(data)`).
    Like,
    /// A primary key value.
    Key,
    /// Whatever is taken: the primary key of the root.
    KeyColumn,
    /// Whatever is taken: all columns of the tables.
    WholeRow,
    /// Names or aliases of tables of the query: all their columns.
    Stars,
    /// A list of fields and of pairs of an expression and its name.
    Attributes,
    /// Models and relations to load, also as `{ model, as, where, attributes, include }`.
    Includes,
    /// A name for what is built (alias, CTE).
    Name,
    /// A query or a callback that builds one.
    Query,
    /// Functions that take the query and give it back (scopes).
    Functions,
}

/// What is done with what was read.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// Nothing: it is read only.
    #[default]
    Nothing,
    /// The table or model that the statement is about.
    From,
    /// The tables that it reads, in place of what it was about.
    FromOnly,
    /// A condition.
    Where,
    /// A condition on the primary key.
    WhereKey,
    /// What is selected, in place of what was.
    Select,
    /// What is selected besides, and besides the whole row where nothing else was selected (`annotate`).
    SelectAlso,
    /// What is selected besides; the whole row is not (Knex's `select`).
    SelectMore,
    /// What whole rows are cut down to.
    Only,
    /// What whole rows leave out.
    Defer,
    /// GROUP BY.
    Group,
    /// HAVING.
    Having,
    /// ORDER BY.
    Order,
    /// Values written.
    Set,
    /// Columns written, without values.
    Columns,
    /// What an update may write (Django's `update_fields`), a choice among the entity's fields.
    Limit,
    /// A join.
    Join,
    /// The condition of the join before it.
    On,
    /// A relation that is loaded with the rows, in the same statement.
    LoadJoined,
    /// A relation that is loaded with the rows, by a statement of its own.
    LoadApart,
    /// The same for rows that are at hand: they are not read again.
    LoadNow,
    /// A relation whose rows are counted, by a statement of its own.
    CountApart,
    /// A relation that is joined without being loaded.
    JoinRelation,
    /// Columns of a conflict (`ON CONFLICT (...)`).
    Conflict,
    /// What is written on conflict.
    ConflictSet,
    /// RETURNING.
    Returning,
    /// SQL behind the statement.
    Append,
    /// DISTINCT ON.
    DistinctOn,
    /// Names what is built.
    Alias,
    /// A query that is combined with this one.
    Union,
    /// A common table expression.
    With,
    /// Takes over all of another query.
    Merge,
    /// Rows whose columns come from a query (`INSERT ... SELECT`).
    FromQuery,
    /// Links rows along the relation that the receiver is (`ticket.labels.add(label)`): writes rows of the join table,
    /// else the key on the other side.
    Link,
    /// Removes such links.
    Unlink,
    /// Removes all links of the entity.
    UnlinkAll,
    /// Removes those to the rows that the relation's query finds: with the conditions of the query, or of the manager that it
    /// begins from; all where there are none.
    UnlinkFound,
    /// Begins with the rows of a relation of the receiver: of an entity, or of the model's rows around.
    Related,
    /// Names the table that the statement is about.
    AliasRoot,
    /// The new row belongs to the entity whose relation the receiver is.
    LinkNew,
    /// What the call gives is of this relation of the root's entity (`Association("Languages")`).
    Along,
    /// What the deletion of an entity does along its relations: their rows are loaded, and deleted where the relation
    /// says so.
    Cascade,
    /// Switches off the default order.
    Unordered,
    /// Switches off the marks of deleted rows; by an entry of an object only where that is true, or false with
    /// `negate`.
    Unscoped,
    /// Raw SQL that is sent as it is.
    Raw,
    /// Sends the queries that were read.
    Send,
    /// The struct that the rows are read into by the names of its columns, or whose fields are the statement's named
    /// parameters; the statement is that of the receiver, of the arguments or of the call itself.
    Scan,
}
