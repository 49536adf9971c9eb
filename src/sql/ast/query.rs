//! Queries: SELECT and what it is made of.

use super::{Expr, Ident, Name, Statement, TypeName};
use crate::model::span::Span;

/// WITH.
#[derive(Clone, Debug, PartialEq)]
pub struct With {
    /// RECURSIVE.
    pub recursive: bool,
    /// Its members in order.
    pub ctes: Vec<Cte>,
}

/// A member of WITH.
#[derive(Clone, Debug, PartialEq)]
pub struct Cte {
    /// Name.
    pub name: Ident,
    /// Column names.
    pub columns: Vec<Ident>,
    /// Query or data-modifying statement.
    pub statement: Box<Statement>,
}

/// A query with its outer clauses.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// WITH.
    pub with: Option<With>,
    /// SELECT, VALUES, set operation.
    pub body: SetExpr,
    /// ORDER BY.
    pub order_by: Vec<OrderItem>,
    /// LIMIT, OFFSET, FETCH expressions.
    pub limit: Vec<Expr>,
    /// `FOR UPDATE OF a, b`.
    pub lock_of: Vec<Name>,
    /// FOR UPDATE, FOR SHARE, ... is present.
    pub locking: bool,
    /// Whole query.
    pub span: Span,
}

impl Query {
    /// A query that has only a body.
    pub fn of(body: SetExpr, span: Span) -> Self {
        Query { with: None, body, order_by: Vec::new(), limit: Vec::new(), lock_of: Vec::new(), locking: false, span }
    }
}

/// The body of a query.
#[derive(Clone, Debug, PartialEq)]
pub enum SetExpr {
    /// SELECT.
    Select(Box<Select>),
    /// Parenthesised query.
    Query(Box<Query>),
    /// UNION, INTERSECT, EXCEPT.
    SetOp {
        /// `union`, `intersect`, `except`.
        op: String,
        /// ALL.
        all: bool,
        /// Left side.
        left: Box<SetExpr>,
        /// Right side.
        right: Box<SetExpr>,
    },
    /// VALUES.
    Values(Vec<Vec<Expr>>),
    /// TABLE name.
    Table(Name),
    /// Unknown.
    Hole(Span),
}

/// SELECT.
#[derive(Clone, Debug, PartialEq)]
pub struct Select {
    /// DISTINCT.
    pub distinct: bool,
    /// DISTINCT ON (...).
    pub distinct_on: Vec<Expr>,
    /// Items; empty with a fragment.
    pub items: Vec<SelectItem>,
    /// SELECT ... INTO table (PostgreSQL) creates one.
    pub into: Option<Name>,
    /// FROM; items joined by commas.
    pub from: Vec<FromItem>,
    /// WHERE.
    pub filter: Option<Expr>,
    /// GROUP BY, grouping sets flattened.
    pub group_by: Vec<Expr>,
    /// HAVING.
    pub having: Option<Expr>,
    /// WINDOW name AS (...).
    pub windows: Vec<(Ident, WindowSpec)>,
    /// From SELECT to its last clause.
    pub span: Span,
}

/// A select item.
#[derive(Clone, Debug, PartialEq)]
pub enum SelectItem {
    /// `*`, `t.*`.
    Star {
        /// Qualifier.
        qualifier: Option<Name>,
        /// Place.
        span: Span,
    },
    /// Expression with alias.
    Expr {
        /// Expression.
        expr: Expr,
        /// Alias, with or without AS.
        alias: Option<Ident>,
    },
}

/// A FROM item.
#[derive(Clone, Debug, PartialEq)]
pub enum FromItem {
    /// A table, view or CTE.
    Table {
        /// Name; may be a hole.
        name: Name,
        /// ONLY.
        only: bool,
        /// Alias.
        alias: Option<TableAlias>,
        /// Index names of USE/FORCE/IGNORE INDEX, INDEXED BY: those that must exist.
        index_hints: Vec<Ident>,
        /// PARTITION (names).
        partitions: Vec<Ident>,
    },
    /// A subquery or parenthesised VALUES.
    Derived {
        /// LATERAL.
        lateral: bool,
        /// Query.
        query: Box<Query>,
        /// Alias.
        alias: Option<TableAlias>,
    },
    /// A table function, ROWS FROM, UNNEST, JSON_TABLE.
    Function {
        /// LATERAL.
        lateral: bool,
        /// Call.
        call: Box<Expr>,
        /// WITH ORDINALITY.
        ordinality: bool,
        /// Alias.
        alias: Option<TableAlias>,
        /// Column definitions `AS t(a int, b text)` or of JSON_TABLE.
        columns: Vec<(Ident, TypeName)>,
    },
    /// A join.
    Join {
        /// Left.
        left: Box<FromItem>,
        /// Right.
        right: Box<FromItem>,
        /// Kind.
        kind: JoinKind,
        /// NATURAL.
        natural: bool,
        /// USING columns.
        using: Vec<Ident>,
        /// ON.
        on: Option<Expr>,
        /// `USING (...) AS alias`.
        using_alias: Option<Ident>,
    },
    /// Unknown.
    Hole(Span),
}

/// Join kinds.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum JoinKind {
    /// INNER, plain JOIN, STRAIGHT_JOIN.
    Inner,
    /// LEFT.
    Left,
    /// RIGHT.
    Right,
    /// FULL.
    Full,
    /// CROSS.
    Cross,
}

/// `AS alias (columns)`.
#[derive(Clone, Debug, PartialEq)]
pub struct TableAlias {
    /// Alias.
    pub name: Ident,
    /// Column aliases.
    pub columns: Vec<Ident>,
}

/// An ORDER BY item.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderItem {
    /// Expression.
    pub expr: Expr,
    /// DESC.
    pub descending: bool,
}

/// A window specification.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WindowSpec {
    /// Name that it refers to or builds on.
    pub name: Option<Ident>,
    /// PARTITION BY.
    pub partition_by: Vec<Expr>,
    /// ORDER BY.
    pub order_by: Vec<OrderItem>,
}
