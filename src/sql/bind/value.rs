//! What is known of an expression's value and of the columns of a row.

use crate::model::object::ObjectId;
use crate::model::schema::{Column as TableColumn, Table};
use crate::model::types::DataType;
use std::borrow::Cow;

/// Type of an expression.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Ty<'s> {
    /// Opaque: a hole, a column of an open table, a function of unknown result. Fits everything.
    #[default]
    Any,
    /// A parameter whose type the client decides. Takes the other side's type, and never fails.
    Param,
    /// PostgreSQL's `unknown`: a string literal, NULL or `$1`. Takes the other side's type.
    Literal,
    /// A known type.
    Known(Cow<'s, DataType>),
}

impl<'s> Ty<'s> {
    /// A type of the schema or catalogue.
    pub fn of(ty: &'s DataType) -> Self {
        Ty::Known(Cow::Borrowed(ty))
    }

    /// A type made up.
    pub fn owned(ty: DataType) -> Self {
        Ty::Known(Cow::Owned(ty))
    }

    /// The type, where it is known.
    pub fn known(&self) -> Option<&DataType> {
        match self {
            Ty::Known(ty) => Some(ty),
            _ => None,
        }
    }
}

/// A column of the schema that a value comes from.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Origin<'s> {
    /// Table or view.
    pub table: &'s Table,
    /// Column.
    pub column: &'s TableColumn,
}

/// What is known of a value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Value<'s> {
    /// Its type.
    pub ty: Ty<'s>,
    /// Whether it can be NULL; `None`: not derivable.
    pub nullable: Option<bool>,
    /// The column that it is, unchanged.
    pub source: Option<ObjectId>,
    /// The same, as it stands in the schema.
    pub origin: Option<Origin<'s>>,
    /// Collation that comparisons of it use, where one is named by its column.
    pub collation: Option<Cow<'s, str>>,
    /// Text of the string literal that it is.
    pub literal: Option<&'s str>,
}

impl<'s> Value<'s> {
    /// A value of which nothing is known.
    pub fn any() -> Self {
        Value::default()
    }

    /// A value of a known type.
    pub fn new(ty: Ty<'s>, nullable: Option<bool>) -> Self {
        Value { ty, nullable, ..Value::default() }
    }
}

/// A column of a row: of a derived table, a CTE, a result.
#[derive(Clone, Debug, PartialEq)]
pub struct Column<'s> {
    /// Name.
    pub name: Cow<'s, str>,
    /// Value.
    pub value: Value<'s>,
    /// Came from `*`.
    pub from_star: bool,
}

/// The rows of a query.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows<'s> {
    /// Columns in order.
    pub columns: Vec<Column<'s>>,
    /// There may be more: `*` over a table that is not wholly known, a hole.
    pub open: bool,
}
