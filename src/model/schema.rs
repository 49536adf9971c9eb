//! The schema of one database at one moment: what `apply` changes and `bind` resolves against.

use super::dialect::Dialect;
use super::object::{ObjectId, ObjectName};
use super::tables::Tables;
use super::types::DataType;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All objects of one database.
///
/// Names are filed by `(schema, Dialect::table_key(name))`. For PostgreSQL `schema` is always set (`public`,
/// `pg_catalog`, ...); for MySQL the current database and for SQLite `main` are the empty string.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    /// Engine and version.
    pub dialect: Dialect,
    /// Schemas searched for unqualified names, in order. PostgreSQL: `["public"]` unless set.
    pub search_path: Vec<String>,
    /// Schemas that exist (PostgreSQL) or databases named (MySQL).
    pub schemas: Vec<String>,
    /// Tables, views, materialized views, foreign tables.
    pub tables: Tables,
    /// Enums, domains, composites, ranges.
    pub types: BTreeMap<ObjectName, UserType>,
    /// Sequences, also those that serial and identity columns own.
    pub sequences: BTreeMap<ObjectName, Sequence>,
    /// Functions, procedures and aggregates; overloads are separate entries.
    pub functions: Vec<Function>,
    /// Extensions that the schema creates.
    pub extensions: Vec<String>,
    /// Privileges granted, as far as they matter to statements.
    pub grants: Vec<Grant>,
    /// Roles the schema creates. Others exist and own nothing.
    pub roles: Vec<String>,
    /// `false` where tables that are not listed may exist all the same (no full schema is known).
    pub complete: bool,
    /// Next identity to give out; see [`Schema::new_id`].
    pub next_id: u32,
}

impl Schema {
    /// An empty schema of a fresh database: nothing in it, and everything that will be is known.
    pub fn empty(dialect: Dialect) -> Self {
        use super::dialect::Engine;
        let postgres = dialect.engine == Engine::Postgres;
        Schema {
            dialect,
            search_path: if postgres { vec!["public".into()] } else { vec![String::new()] },
            schemas: if postgres { vec!["public".into()] } else { vec![String::new()] },
            complete: true,
            next_id: 1,
            ..Schema::default()
        }
    }

    /// A schema of which nothing is known: every table is open.
    pub fn open(dialect: Dialect) -> Self {
        Schema { complete: false, ..Schema::empty(dialect) }
    }

    /// A fresh identity.
    pub fn new_id(&mut self) -> ObjectId {
        let id = ObjectId(self.next_id);
        self.next_id += 1;
        id
    }

    /// The key of a table in `tables` given its folded schema and name.
    pub fn key(&self, schema: &str, name: &str) -> ObjectName {
        ObjectName { schema: schema.to_string(), name: self.dialect.table_key(name) }
    }

    /// Finds a table or view by folded name: in `schema` if given, else along the search path.
    pub fn find_table(&self, schema: Option<&str>, name: &str) -> Option<&Table> {
        self.find_table_key(schema, name).and_then(|k| self.tables.get(&k))
    }

    /// The key under which [`Schema::find_table`] finds its table.
    pub fn find_table_key(&self, schema: Option<&str>, name: &str) -> Option<ObjectName> {
        let name = self.dialect.table_key(name);
        self.lookup(schema, |schema| {
            let key = ObjectName { schema: schema.to_string(), name: name.clone() };
            self.tables.contains_key(&key).then_some(key)
        })
    }

    /// Finds a user-defined type by folded name along the search path.
    pub fn find_type(&self, schema: Option<&str>, name: &str) -> Option<&UserType> {
        self.lookup(schema, |schema| self.types.get(&ObjectName::new(schema, name)))
    }

    /// Finds a sequence by folded name along the search path.
    pub fn find_sequence(&self, schema: Option<&str>, name: &str) -> Option<&Sequence> {
        self.lookup(schema, |schema| self.sequences.get(&ObjectName::new(schema, name)))
    }

    /// Tries `found` in `schema` if given, else in each schema of the search path.
    pub fn lookup<'s, T>(&'s self, schema: Option<&str>, found: impl Fn(&str) -> Option<T> + 's) -> Option<T> {
        match schema {
            // SQLite's `main` is the empty schema.
            Some(schema) if self.dialect.engine == super::dialect::Engine::Sqlite && schema.eq_ignore_ascii_case("main") => found(""),
            Some(schema) => found(schema),
            None => self.search_path.iter().find_map(|s| found(s)),
        }
    }

    /// Own names of everything that stands in its schemas.
    pub fn object_names(&self) -> impl Iterator<Item = &str> {
        let tables = self.tables.values().flat_map(|t| {
            let parts =
                t.indexes.iter().map(|i| &i.name).chain(t.constraints.iter().map(|c| &c.name)).chain(t.triggers.iter().map(|t| &t.name));
            std::iter::once(&t.name.name).chain(parts)
        });
        let others = self.types.keys().map(|n| &n.name).chain(self.sequences.keys().map(|n| &n.name));
        let functions = self.functions.iter().map(|f| &f.name.name);
        tables.chain(others).chain(functions).chain(&self.extensions).map(String::as_str)
    }

    /// The table with an identity.
    pub fn table_by_id(&self, id: ObjectId) -> Option<&Table> {
        self.tables.values().find(|t| t.id == id)
    }
}

/// What kind of relation a [`Table`] is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TableKind {
    /// An ordinary table.
    #[default]
    Table,
    /// A view; the definition is the text of its query.
    View(View),
    /// A materialized view.
    MaterializedView(View),
    /// A foreign table.
    Foreign,
    /// An SQLite virtual table; the module's name.
    Virtual(String),
}

/// What a view is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// Its query, as the engine would show it now: where the engine follows renames (PostgreSQL, SQLite's
    /// tables and columns), the text has been rewritten.
    pub query: String,
    /// Column names given in the definition, in order; empty: those of the query.
    pub column_names: Vec<String>,
    /// `WITH CHECK OPTION`.
    pub check_option: bool,
    /// Identities of the tables, columns, functions and types that the query names (PostgreSQL's pg_depend).
    pub depends: Vec<ObjectId>,
    /// The error that the engine gives when the view is used, where its text no longer binds (MySQL, SQLite).
    pub broken: Option<String>,
    /// `security_invoker`/`SQL SECURITY INVOKER`.
    pub invoker: bool,
}

/// A table, view or other relation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Identity across renames.
    pub id: ObjectId,
    /// Schema and name as written (folded).
    pub name: ObjectName,
    /// Table, view, ...
    pub kind: TableKind,
    /// Columns in the order of the engine.
    pub columns: Vec<Column>,
    /// Primary key, unique, foreign key, check and exclusion constraints. NOT NULL is in [`Column`].
    pub constraints: Vec<Constraint>,
    /// Indexes, also those behind primary keys and unique constraints.
    pub indexes: Vec<Index>,
    /// Triggers.
    pub triggers: Vec<Trigger>,
    /// Row security policies.
    pub policies: Vec<Policy>,
    /// Row level security is enabled.
    pub row_security: bool,
    /// `FORCE ROW LEVEL SECURITY`.
    pub force_row_security: bool,
    /// Tables inherited from (PostgreSQL).
    pub inherits: Vec<ObjectName>,
    /// `PARTITION OF parent` with its bound as text.
    pub partition_of: Option<(ObjectName, String)>,
    /// `PARTITION BY ...` as text.
    pub partition_by: Option<String>,
    /// `ENGINE=`, `WITHOUT ROWID`, `STRICT`, charset, ...: lower-case key -> value.
    pub options: BTreeMap<String, String>,
    /// Owner, where one is named.
    pub owner: Option<String>,
    /// There may be more columns than listed (no full definition is known).
    pub open: bool,
    /// Rows of a dump, in column order of `row_columns`; witnesses for what data can violate.
    pub rows: Vec<Row>,
    /// Created as TEMPORARY.
    pub temporary: bool,
}

/// A row of a dump: column name -> literal text (`None`: NULL; expressions are left out).
pub type Row = BTreeMap<String, Option<String>>;

impl Table {
    /// The column of that folded name.
    pub fn column(&self, dialect: Dialect, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| dialect.same_column(&c.name, name))
    }

    /// Position of the column of that folded name.
    pub fn column_index(&self, dialect: Dialect, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| dialect.same_column(&c.name, name))
    }

    /// Whether it is a view or a materialized view.
    pub fn view(&self) -> Option<&View> {
        match &self.kind {
            TableKind::View(v) | TableKind::MaterializedView(v) => Some(v),
            _ => None,
        }
    }

    /// Columns of the primary key, in key order.
    pub fn primary_key(&self) -> Option<&[String]> {
        self.constraints.iter().find_map(|c| match &c.kind {
            ConstraintKind::PrimaryKey { columns } => Some(columns.as_slice()),
            _ => None,
        })
    }
}

/// A column.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Identity across renames.
    pub id: ObjectId,
    /// Name as written (folded).
    pub name: String,
    /// Type.
    pub ty: DataType,
    /// Whether NULL can be stored. A primary key makes it false.
    pub nullable: bool,
    /// Default expression as text.
    pub default: Option<String>,
    /// `GENERATED ALWAYS AS (expr)`.
    pub generated: Option<Generated>,
    /// `GENERATED ... AS IDENTITY`.
    pub identity: Option<Identity>,
    /// `AUTO_INCREMENT`, SQLite rowid alias, or serial.
    pub auto_increment: bool,
    /// Collation, where one is named.
    pub collation: Option<String>,
    /// Character set, where one is named (MySQL family).
    pub charset: Option<String>,
    /// `ON UPDATE CURRENT_TIMESTAMP` (MySQL family) as text.
    pub on_update: Option<String>,
    /// `INVISIBLE` (MySQL, MariaDB) or SQLite hidden: left out of `*` and of positional inserts.
    pub invisible: bool,
}

impl Column {
    /// Whether an INSERT that leaves the column out still succeeds, whatever the data (sql_mode strict).
    pub fn has_value_when_omitted(&self) -> bool {
        self.nullable || self.default.is_some() || self.generated.is_some() || self.identity.is_some() || self.auto_increment
    }
}

/// A generated column's expression.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generated {
    /// The expression as text.
    pub expr: String,
    /// STORED rather than VIRTUAL.
    pub stored: bool,
}

/// `GENERATED ALWAYS|BY DEFAULT AS IDENTITY`.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Identity {
    /// Explicit values are refused.
    Always,
    /// Explicit values are taken.
    ByDefault,
}

/// A table constraint other than NOT NULL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Constraint {
    /// Identity across renames.
    pub id: ObjectId,
    /// Name: as written, else the one that the engine would choose; empty where it has none (SQLite).
    pub name: String,
    /// What it demands.
    pub kind: ConstraintKind,
    /// `NOT VALID` (PostgreSQL): not checked for rows that exist.
    pub not_valid: bool,
    /// `NOT ENFORCED` (MySQL).
    pub not_enforced: bool,
    /// `DEFERRABLE`.
    pub deferrable: bool,
    /// `INITIALLY DEFERRED`.
    pub deferred: bool,
    /// Written with its column: SQLite and MariaDB drop it together with that column.
    pub inline: bool,
}

/// What a constraint demands. Columns are folded names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConstraintKind {
    /// PRIMARY KEY.
    PrimaryKey {
        /// Key columns in order.
        columns: Vec<String>,
    },
    /// UNIQUE.
    Unique {
        /// Key columns in order.
        columns: Vec<String>,
        /// `NULLS NOT DISTINCT`.
        nulls_not_distinct: bool,
    },
    /// FOREIGN KEY.
    ForeignKey {
        /// Referencing columns.
        columns: Vec<String>,
        /// Referenced table.
        table: ObjectName,
        /// Referenced columns; empty: its primary key.
        references: Vec<String>,
        /// `ON DELETE` action in lower case: `no action`, `cascade`, `set null`, ...
        on_delete: String,
        /// `ON UPDATE` action in lower case.
        on_update: String,
    },
    /// CHECK.
    Check {
        /// The condition as text, without the outer parentheses.
        expr: String,
        /// Columns that it names.
        columns: Vec<String>,
    },
    /// EXCLUDE (PostgreSQL).
    Exclude {
        /// Its text.
        definition: String,
        /// Columns that it names.
        columns: Vec<String>,
    },
}

/// An index.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Identity across renames.
    pub id: ObjectId,
    /// Name; the engine's choice where none is written.
    pub name: String,
    /// Keys in order.
    pub keys: Vec<IndexKey>,
    /// UNIQUE.
    pub unique: bool,
    /// `WHERE` of a partial index, as text.
    pub predicate: Option<String>,
    /// Access method in lower case (`btree`, `gin`, `fulltext`, `spatial`, `hash`).
    pub method: String,
    /// `INCLUDE` columns.
    pub include: Vec<String>,
    /// The constraint that it backs.
    pub constraint: Option<ObjectId>,
    /// `INVISIBLE`/`IGNORED` (MySQL, MariaDB), or not valid.
    pub invisible: bool,
    /// `NULLS NOT DISTINCT`.
    pub nulls_not_distinct: bool,
}

/// One key of an index: a column or an expression.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexKey {
    /// The column, if it is one.
    pub column: Option<String>,
    /// The expression as text, if it is one.
    pub expr: Option<String>,
    /// Prefix length (MySQL family).
    pub prefix: Option<u32>,
    /// Collation, where one is named.
    pub collation: Option<String>,
    /// Operator class, where one is named.
    pub opclass: Option<String>,
    /// Descending.
    pub descending: bool,
}

/// A trigger.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// Identity.
    pub id: ObjectId,
    /// Name.
    pub name: String,
    /// `before`, `after`, `instead of`.
    pub timing: String,
    /// `insert`, `update`, `delete`, `truncate`.
    pub events: Vec<String>,
    /// `UPDATE OF` columns.
    pub columns: Vec<String>,
    /// `FOR EACH ROW`.
    pub for_each_row: bool,
    /// `WHEN` condition as text.
    pub when: Option<String>,
    /// The function that it executes (PostgreSQL).
    pub function: Option<ObjectName>,
    /// Its body (MySQL family, SQLite).
    pub body: String,
    /// Disabled.
    pub disabled: bool,
}

/// A row security policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Identity.
    pub id: ObjectId,
    /// Name.
    pub name: String,
    /// `all`, `select`, `insert`, `update`, `delete`.
    pub command: String,
    /// Roles; empty: PUBLIC.
    pub roles: Vec<String>,
    /// `USING` as text.
    pub using: Option<String>,
    /// `WITH CHECK` as text.
    pub check: Option<String>,
    /// RESTRICTIVE rather than PERMISSIVE.
    pub restrictive: bool,
}

/// A user-defined type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserType {
    /// Identity.
    pub id: ObjectId,
    /// Name.
    pub name: ObjectName,
    /// What it is.
    pub kind: UserTypeKind,
}

/// Kinds of user-defined types.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UserTypeKind {
    /// `CREATE TYPE ... AS ENUM`; labels in sort order.
    Enum(Vec<String>),
    /// `CREATE DOMAIN`.
    Domain {
        /// Underlying type.
        base: DataType,
        /// NOT NULL.
        not_null: bool,
        /// Default as text.
        default: Option<String>,
        /// CHECK constraints: name and text.
        checks: Vec<(String, String)>,
    },
    /// `CREATE TYPE ... AS (...)`.
    Composite(Vec<(String, DataType)>),
    /// Range or base type; nothing more is known.
    Opaque,
}

/// A sequence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sequence {
    /// Identity.
    pub id: ObjectId,
    /// Name.
    pub name: ObjectName,
    /// Owning table and column (`OWNED BY`, serial, identity).
    pub owned_by: Option<(ObjectName, String)>,
}

/// A function, procedure or aggregate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// Identity.
    pub id: ObjectId,
    /// Name.
    pub name: ObjectName,
    /// Input parameters: name (may be empty), type, has a default.
    pub params: Vec<(String, DataType, bool)>,
    /// The last input parameter is VARIADIC.
    pub variadic: bool,
    /// Result type; `None`: procedure or unknown.
    pub returns: Option<DataType>,
    /// `RETURNS SETOF`/`TABLE`.
    pub returns_set: bool,
    /// Columns of `RETURNS TABLE` or OUT parameters.
    pub columns: Vec<(String, DataType)>,
    /// Language in lower case (`sql`, `plpgsql`).
    pub language: String,
    /// Body text.
    pub body: String,
    /// It is a procedure.
    pub procedure: bool,
    /// It is an aggregate or window function.
    pub aggregate: bool,
    /// STRICT / RETURNS NULL ON NULL INPUT.
    pub strict: bool,
    /// `SET search_path` and other settings.
    pub settings: Vec<(String, String)>,
    /// SECURITY DEFINER.
    pub definer: bool,
}

/// A privilege granted to a role on a table, columns of it, or another object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Lower-case privilege: `select`, `insert`, `update`, `delete`, `execute`, `usage`, `all`.
    pub privilege: String,
    /// `table`, `schema`, `function`, `sequence`.
    pub on: String,
    /// The object.
    pub object: ObjectName,
    /// Columns; empty: all.
    pub columns: Vec<String>,
    /// Role; `public` for everyone.
    pub role: String,
}

impl Function {
    /// Whether its body was parsed when it was made (`BEGIN ATOMIC`, `RETURN`): then the engine knows what it
    /// depends on and follows renames into it.
    pub fn has_parsed_body(&self) -> bool {
        let start: String = self.body.trim_start().chars().take(12).collect::<String>().to_ascii_lowercase();
        self.language == "sql" && (start.starts_with("begin atomic") || start.starts_with("return "))
    }
}
