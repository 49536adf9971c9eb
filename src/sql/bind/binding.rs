//! What binding a statement gives.

use crate::model::object::{ObjectId, ObjectRef};
use crate::model::span::Span;
use crate::model::statement::{ColumnRef, Mode};
use crate::model::types::DataType;

/// A statement bound against one schema.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Binding {
    /// The error that the engine would give at parse or plan time; the first one.
    pub error: Option<BindError>,
    /// Result columns; `None`: no result, or not known.
    pub outputs: Option<Vec<Output>>,
    /// Every name of the statement that was resolved, in text order.
    pub uses: Vec<Use>,
    /// What the statement writes.
    pub writes: Vec<Write>,
    /// Names that could not be resolved because the schema or the text is open (holes, unknown tables).
    pub opaque: Vec<Opaque>,
    /// Types of expressions whose type can matter to the outcome (comparisons, concatenations, function
    /// arguments), as short text in evaluation order; compared between two bindings of the same text.
    pub shapes: Vec<Shape>,
}

/// The error that an engine gives for a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindError {
    /// What class of error.
    pub kind: BindErrorKind,
    /// SQLSTATE (PostgreSQL), errno (MySQL family) or result code name (SQLite).
    pub code: String,
    /// Message in the engine's words.
    pub message: String,
    /// The name or expression concerned, in the text.
    pub span: Span,
    /// The object concerned, as far as it is known.
    pub object: Option<ObjectRef>,
}

/// Classes of bind errors.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum BindErrorKind {
    /// No such table or view.
    UnknownTable,
    /// No such schema or database.
    UnknownSchema,
    /// No such column.
    UnknownColumn,
    /// Several columns of that name.
    AmbiguousColumn,
    /// No such function, or none for those argument types.
    UnknownFunction,
    /// Several functions fit.
    AmbiguousFunction,
    /// No such type.
    UnknownType,
    /// No such sequence.
    UnknownSequence,
    /// No such index (hint).
    UnknownIndex,
    /// No such constraint (ON CONSTRAINT).
    UnknownConstraint,
    /// No unique index fits ON CONFLICT.
    NoArbiter,
    /// No operator for the operand types, or types that can't be converted.
    TypeMismatch,
    /// A literal that the type does not take (an enum label).
    InvalidLiteral,
    /// More or fewer values than columns, set operation arms, row comparisons, column aliases.
    ColumnCount,
    /// A column that can't be written: generated, identity, view.
    NotWritable,
    /// A view whose own text no longer binds.
    BrokenView,
    /// A column that must be grouped.
    Grouping,
    /// A duplicate alias or target column.
    Duplicate,
    /// No privilege.
    Permission,
    /// The grammar of the engine refuses it.
    Syntax,
    /// Anything else.
    Other,
}

/// A result column.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// Name that the client sees.
    pub name: String,
    /// Type; `None`: not derivable.
    pub ty: Option<DataType>,
    /// Whether NULL can be delivered; `None`: not derivable.
    pub nullable: Option<bool>,
    /// The column that it delivers unchanged.
    pub source: Option<ObjectId>,
    /// It stands in the result because of `*` or `t.*`.
    pub from_star: bool,
}

/// A name resolved to an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Use {
    /// The object's identity; `None` for open tables and their columns, and for built-in functions.
    pub id: Option<ObjectId>,
    /// Its table's identity, for a column.
    pub table_id: Option<ObjectId>,
    /// Schema of the object; empty: the default one.
    pub schema: String,
    /// Table (the real one behind aliases), or the object's name if it is no table or column.
    pub table: String,
    /// Column, the table itself, or all.
    pub column: ColumnRef,
    /// What kind of object.
    pub kind: crate::model::object::ObjectKind,
    /// Role in the statement.
    pub mode: Mode,
    /// The name in the text; empty where it is not written (`*`, natural joins, positional inserts).
    pub span: Span,
    /// Not written: follows from `*`, NATURAL, a positional insert, a view's definition.
    pub implicit: bool,
    /// Reached through this view's definition rather than named by the statement.
    pub through_view: Option<ObjectId>,
    /// 0..=100: 100 resolved against a known column, less where the table is open.
    pub confidence: u8,
}

/// A table that a statement writes, after updatable views have been followed to their base table.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// `insert`, `update`, `delete`, `merge`, `truncate`.
    pub kind: WriteKind,
    /// Identity of the base table, where known.
    pub table_id: Option<ObjectId>,
    /// Its name.
    pub table: String,
    /// Columns given a value, with what is known of it.
    pub columns: Vec<WrittenColumn>,
    /// INSERT without a column list.
    pub positional: bool,
    /// INSERT ... SELECT, or rows of unknown number; zero rows are possible.
    pub from_query: bool,
    /// The target in the text.
    pub span: Span,
    /// ON CONFLICT DO NOTHING / IGNORE / REPLACE: unique violations do not fail.
    pub tolerates_conflict: bool,
    /// View that the statement names in place of the base table.
    pub through_view: Option<ObjectId>,
}

/// Kinds of writes.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum WriteKind {
    /// INSERT, REPLACE, COPY FROM, the insert arm of MERGE.
    Insert,
    /// UPDATE, DO UPDATE, ON DUPLICATE KEY UPDATE.
    Update,
    /// DELETE.
    Delete,
    /// TRUNCATE.
    Truncate,
}

/// A column that is given a value.
#[derive(Clone, Debug, PartialEq)]
pub struct WrittenColumn {
    /// Column identity.
    pub id: Option<ObjectId>,
    /// Name.
    pub name: String,
    /// What is stored.
    pub value: WrittenValue,
    /// The column's name in the text; empty where it is not written.
    pub span: Span,
}

/// What is known of a stored value.
#[derive(Clone, Debug, PartialEq)]
pub enum WrittenValue {
    /// NULL literal.
    Null,
    /// DEFAULT.
    Default,
    /// A literal: its text, and whether it is a string.
    Literal(String, bool),
    /// An expression with this type and nullability, where derivable.
    Expr(Option<DataType>, Option<bool>),
    /// A placeholder or hole.
    Unknown,
}

/// A name that is neither resolved nor an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opaque {
    /// The name or hole.
    pub span: Span,
    /// What it would be.
    pub kind: crate::model::object::ObjectKind,
    /// Why it is open, in words.
    pub reason: String,
}

/// The type of an operation in the statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The expression in the text.
    pub span: Span,
    /// Operator or function with the operand types it resolved to, collations and semantics included
    /// (`numeric = numeric`, `text || unknown -> text`).
    pub text: String,
    /// Columns (identities) whose types decide it.
    pub columns: Vec<ObjectId>,
}
