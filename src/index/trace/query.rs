//! A statement under construction: what calls of a mapper or query builder have put together so far.

use super::value::{Argument, ObjectId};
use crate::grammar::mapper::Verb;
use crate::index::mapping::{FieldId, ModelId, Named, Origin, RelationId};
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// Index into the tracer's queries.
pub type QueryId = u32;
/// Index into [`Query::sources`].
pub type SourceId = u32;

/// A statement under construction. Clauses of branches that exclude each other stand side by side: what is sent
/// is one of several subsets of it.
#[derive(Clone, Debug, Default, PartialEq, Hash)]
pub struct Query {
    /// Pack that builds it, by id.
    pub pack: Rc<str>,
    /// What it does; `None`: not said yet, it reads when it is sent.
    pub verb: Option<Verb>,
    /// Tables: the first one is the root, the others are joined.
    pub sources: Vec<Source>,
    /// The entity that the root stands for (`db.Model(user)`).
    pub of: Option<ObjectId>,
    /// What is selected; empty: the whole root (unless [`Query::columns_only`]).
    pub select: Vec<SqlExpr>,
    /// `select` adds to the whole root instead of taking its place.
    pub select_also: bool,
    /// No row is selected by default (Core queries, `select(func.count())`).
    pub columns_only: bool,
    /// Fields that whole rows are cut down to.
    pub only: Vec<SqlExpr>,
    /// Fields that whole rows leave out.
    pub defer: Vec<SqlExpr>,
    /// Conditions, all of which may be used.
    pub filters: Vec<SqlExpr>,
    /// GROUP BY.
    pub group: Vec<SqlExpr>,
    /// Whole rows were grouped before the selection was cut down.
    pub groups_rows: bool,
    /// HAVING.
    pub having: Vec<SqlExpr>,
    /// ORDER BY.
    pub order: Vec<SqlExpr>,
    /// DISTINCT ON.
    pub distinct_on: Vec<SqlExpr>,
    /// Written columns with their values.
    pub set: Vec<(SqlExpr, SqlExpr)>,
    /// The written columns are those of whole entities: all, or the changed ones that are in `set`.
    pub entity: Option<EntityWrite>,
    /// Conflict columns.
    pub conflict: Vec<SqlExpr>,
    /// Written on conflict.
    pub conflict_set: Vec<(SqlExpr, SqlExpr)>,
    /// An upsert without a written conflict list.
    pub conflict_any: bool,
    /// RETURNING; `Star` for whole rows.
    pub returning: Vec<SqlExpr>,
    /// SQL behind the statement (`Suffix("FOR UPDATE")`).
    pub tail: Vec<SqlExpr>,
    /// Common table expressions.
    pub with: Vec<(Named, QueryId)>,
    /// Queries combined with this one.
    pub unions: Vec<QueryId>,
    /// Rows come from this query.
    pub from_query: Option<QueryId>,
    /// Relations loaded with the rows.
    pub loads: Vec<Load>,
    /// The rows themselves are at hand: only what is loaded with them is read.
    pub loads_only: bool,
    /// Relations that models load with every read are left out.
    pub without_eager: bool,
    /// No default order.
    pub unordered: bool,
    /// Deleted rows are not left out.
    pub unscoped: bool,
    /// Name under which it is used in other queries.
    pub alias: Option<Named>,
    /// A raw statement: text with what is built in.
    pub raw: Option<Fragment>,
    /// Steps that wait for the root to be known.
    pub pending: Vec<Pending>,
    /// It is part of another query, or has gone over into another one, or has been sent.
    pub used: bool,
    /// Where it became text, which is sent by what it is given to.
    pub rendered: Option<Origin>,
    /// The calls and values that contributed, in the order of evaluation.
    pub parts: Vec<Origin>,
    /// What could not be told, for people.
    pub unknown: Vec<(Rc<str>, Origin)>,
}

/// A step of a call that can be done only when the root of the query is known.
#[derive(Clone, Debug)]
pub struct Pending {
    /// Pack, its call and the step of it, by index.
    pub rule: (usize, usize, usize),
    /// Arguments of the call.
    pub args: Rc<[Argument]>,
    /// The call.
    pub site: Origin,
}

impl PartialEq for Pending {
    /// The same step of the same call in the code.
    fn eq(&self, other: &Pending) -> bool {
        self.rule == other.rule && self.site == other.site
    }
}

impl Hash for Pending {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.rule.hash(state);
        self.site.hash(state);
    }
}

/// Which columns an entity write writes.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum EntityWrite {
    /// All columns but the key (`save()`).
    All,
    /// Those in `set` and what the library adds (timestamps, version).
    Changed,
    /// A new row: those in `set`, defaults and what the library adds.
    New,
    /// A new row with all columns (Django, GORM).
    NewAll,
}

/// A table in a query.
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct Source {
    /// What it is.
    pub table: SourceTable,
    /// Its name in the query.
    pub alias: Option<Named>,
    /// How it is joined; `None` for the root, or a cross join.
    pub join: Option<Join>,
    /// Where it is named: the relation, the model, the text.
    pub origin: Option<Origin>,
}

/// What a source is.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum SourceTable {
    /// The table of a model.
    Model(ModelId),
    /// A table by name, with its schema.
    Table { schema: Option<Named>, name: Named },
    /// A query.
    Query(QueryId),
    /// A join table of a relation (or a foreign one that no model maps).
    Implied { schema: Option<Named>, name: Named },
    /// A piece of SQL: a table with its alias, or a whole join clause.
    Raw(Fragment),
    /// Unknown: the text that stands there, for people.
    Unknown(Rc<str>, Origin),
}

/// How a source is joined.
#[derive(Clone, Debug, Default, PartialEq, Hash)]
pub struct Join {
    /// It keeps the rows without a partner.
    pub outer: bool,
    /// Condition, besides the keys of the relation.
    pub on: Vec<SqlExpr>,
    /// The relation that it follows, from which source: its keys are the condition, its join table is joined too.
    pub relation: Option<(SourceId, RelationId)>,
}

/// A relation loaded with the rows.
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct Load {
    /// Path of relations from the root.
    pub path: Vec<(RelationId, Option<Origin>)>,
    /// In the same statement (else by a statement of its own).
    pub joined: bool,
    /// What the loading statement is cut down to or filtered by.
    pub query: Option<QueryId>,
}

/// Which source a column belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SourceRef {
    /// This one of the query under construction.
    Id(SourceId),
    /// The source of this model, wherever the expression ends up; an alias where one was made of it.
    Model(ModelId, Option<Rc<str>>),
    /// The source with this alias or table name.
    Named(Named),
    /// A column of a query's result.
    Query(QueryId),
    /// The query's only or fitting source.
    Root,
}

/// An SQL expression as far as its columns matter.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum SqlExpr {
    /// A field of a model. Its model may be a joined parent of the source's model (`Model::parent`), whose table
    /// is joined by the key.
    Field { source: SourceRef, model: ModelId, field: FieldId, origin: Option<Origin> },
    /// A column by its name.
    Column { source: SourceRef, name: Named },
    /// All columns of a source.
    Star(SourceRef),
    /// A value that is sent as a parameter or literal; its text where it is known text.
    Value(Option<Rc<str>>),
    /// NULL.
    Null,
    /// A comparison: operator as in SQL (`=`, `<>`, `<`, `LIKE`, `IN`, `IS`, `IS NOT`, `BETWEEN`).
    Compare(Rc<str>, Box<SqlExpr>, Vec<SqlExpr>),
    /// AND of all.
    And(Vec<SqlExpr>),
    /// OR of all.
    Or(Vec<SqlExpr>),
    /// NOT.
    Not(Box<SqlExpr>),
    /// EXISTS.
    Exists(QueryId),
    /// A query as a value.
    Query(QueryId),
    /// A function with what it is computed of; the name is empty where only the columns are known.
    Call(Rc<str>, Vec<SqlExpr>),
    /// A name for an expression.
    Label(Box<SqlExpr>, Named),
    /// ORDER BY direction.
    Descending(Box<SqlExpr>),
    /// SQL text with what is built in.
    Raw(Fragment),
    /// A name that another clause of the query defined (a label, an output column).
    Output(Named),
    /// A path of names that is looked up in the query that the expression ends up in (`F("a__b")`, `Count("a")`),
    /// or in the one around that (`OuterRef("a")`). It is gone when the query is sent.
    Path {
        /// The path as written, with the separators of the library.
        name: Named,
        /// It is looked up in the query around the one that holds it.
        outer: bool,
        /// Pack whose paths these are, by id.
        pack: Rc<str>,
    },
    /// What is unknown: the text that stands there.
    Unknown(Rc<str>, Origin),
}

/// A piece of SQL text with expressions built in.
#[derive(Clone, Debug, Default, PartialEq, Hash)]
pub struct Fragment {
    /// Text with its place, values, holes, in order.
    pub parts: Vec<FragmentPart>,
    /// Names in it may be `alias.property` and are translated (TypeORM, MikroORM, Objection).
    pub properties: bool,
}

/// A part of a fragment.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum FragmentPart {
    /// Text: decoded, with its place where it stands in the source.
    Text(Rc<str>, Option<Origin>),
    /// An identifier that is quoted by the library.
    Identifier(Named),
    /// A column, table, query or other expression.
    Expr(Box<SqlExpr>),
    /// The table of a model.
    Table(ModelId, Option<Origin>),
    /// A value that is sent as a parameter.
    Parameter,
    /// Unknown text.
    Hole(Rc<str>, Origin),
}
