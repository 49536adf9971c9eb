//! Expressions, types and literals.

use super::{Ident, Name, OrderItem, Query, WindowSpec};
use crate::model::span::Span;

/// A type as written.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeName {
    /// Words of the name in lower case (`double precision`, `timestamp with time zone`), or the folded name
    /// of a user-defined type.
    pub name: Name,
    /// Arguments as written.
    pub args: Vec<String>,
    /// Array dimensions.
    pub array: u8,
    /// UNSIGNED.
    pub unsigned: bool,
    /// Place.
    pub span: Span,
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Place.
    pub span: Span,
}

/// Kinds of expressions.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A column, or whatever else the name turns out to be (a whole-row table name, a parameterless function
    /// such as CURRENT_DATE is `Function`).
    Column(Name),
    /// `t.*` inside an expression (`count(t.*)`, `row(t.*)`).
    QualifiedStar(Name),
    /// A literal.
    Literal(Literal),
    /// A placeholder: `?`, `$1`, `:name`, `%s`, `@p`. As written.
    Param(String),
    /// A session or user variable (`@x`, `@@x`).
    Variable(String),
    /// An unknown part.
    Hole,
    /// Prefix operator in lower case: `-`, `+`, `not`, `~`, `exists` is [`ExprKind::Exists`].
    Unary {
        /// Operator.
        op: String,
        /// Operand.
        expr: Box<Expr>,
    },
    /// Infix operator in lower case: `=`, `and`, `or`, `||`, `->>`, `is distinct from`, `is` (with an operand
    /// that is no test), ... One spelling each: `<>` for `!=`, `=` for `==`, `%` for `%%` and MOD, and in MySQL
    /// `and`, `or` for `&&`, `||`. An unknown operator or connective is the text of a hole.
    Binary {
        /// Operator.
        op: String,
        /// Left operand.
        left: Box<Expr>,
        /// Right operand.
        right: Box<Expr>,
    },
    /// `x::type`, `CAST(x AS type)`, `type 'literal'`, CONVERT.
    Cast {
        /// Operand.
        expr: Box<Expr>,
        /// Type.
        ty: TypeName,
    },
    /// A function call, also those with special syntax (EXTRACT, TRIM, SUBSTRING, POSITION, CURRENT_DATE).
    Function(Box<FunctionCall>),
    /// CASE.
    Case {
        /// Operand.
        operand: Option<Box<Expr>>,
        /// WHEN, THEN pairs.
        arms: Vec<(Expr, Expr)>,
        /// ELSE.
        otherwise: Option<Box<Expr>>,
    },
    /// EXISTS (query).
    Exists(Box<Query>),
    /// Scalar subquery.
    Subquery(Box<Query>),
    /// ARRAY(query).
    ArraySubquery(Box<Query>),
    /// `x [NOT] IN (list)`.
    InList {
        /// Operand.
        expr: Box<Expr>,
        /// Items.
        list: Vec<Expr>,
        /// NOT.
        negated: bool,
    },
    /// `x [NOT] IN (query)`.
    InSubquery {
        /// Operand.
        expr: Box<Expr>,
        /// Query.
        query: Box<Query>,
        /// NOT.
        negated: bool,
    },
    /// `x op ANY|SOME|ALL (query or array)`.
    Quantified {
        /// Operand.
        expr: Box<Expr>,
        /// Operator.
        op: String,
        /// ALL rather than ANY.
        all: bool,
        /// Array expression or `Subquery`.
        right: Box<Expr>,
    },
    /// BETWEEN.
    Between {
        /// Operand.
        expr: Box<Expr>,
        /// Lower bound.
        low: Box<Expr>,
        /// Upper bound.
        high: Box<Expr>,
        /// NOT.
        negated: bool,
    },
    /// LIKE, ILIKE, SIMILAR TO, GLOB, REGEXP, MATCH: operator in lower case.
    Like {
        /// Operand.
        expr: Box<Expr>,
        /// Operator.
        op: String,
        /// Pattern.
        pattern: Box<Expr>,
        /// ESCAPE.
        escape: Option<Box<Expr>>,
        /// NOT.
        negated: bool,
    },
    /// `IS [NOT] NULL|TRUE|FALSE|UNKNOWN|JSON...`: the test in lower case without NOT.
    Is {
        /// Operand.
        expr: Box<Expr>,
        /// `null`, `true`, `false`, `unknown`, ...
        test: String,
        /// NOT.
        negated: bool,
    },
    /// `ARRAY[...]`.
    Array(Vec<Expr>),
    /// `(a, b)`, `ROW(a, b)`.
    Row(Vec<Expr>),
    /// Parentheses around one expression.
    Paren(Box<Expr>),
    /// `x[i]`, `x[a:b]`.
    Subscript {
        /// Container.
        expr: Box<Expr>,
        /// Index expressions.
        index: Vec<Expr>,
    },
    /// `(x).field`.
    Field {
        /// Composite.
        expr: Box<Expr>,
        /// Field; `None`: `(x).*`.
        field: Option<Ident>,
    },
    /// `x COLLATE c`.
    Collate {
        /// Operand.
        expr: Box<Expr>,
        /// Collation.
        collation: Name,
    },
    /// `x AT TIME ZONE z`.
    AtTimeZone {
        /// Operand.
        expr: Box<Expr>,
        /// Zone.
        zone: Box<Expr>,
    },
    /// `INTERVAL expr UNIT` (MySQL), `INTERVAL '1 day'`: value and unit in lower case (may be empty).
    Interval {
        /// Value.
        value: Box<Expr>,
        /// Unit.
        unit: String,
    },
    /// `MATCH (a, b) AGAINST (expr ...)` (MySQL).
    MatchAgainst {
        /// Columns.
        columns: Vec<Expr>,
        /// Search expression.
        against: Box<Expr>,
    },
    /// DEFAULT in VALUES or SET.
    Default,
    /// `*` as an argument outside `count(*)`; kept for tolerance.
    Star,
    /// Tokens that no expression grammar explains; the names in it.
    Unparsed(Vec<Name>),
}

/// Literals.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// NULL.
    Null,
    /// TRUE or FALSE.
    Bool(bool),
    /// Integer or decimal, as written.
    Number(String),
    /// String, decoded. `double_quoted`: written with double quotes (MySQL; SQLite's misfeature).
    String {
        /// Decoded text.
        value: String,
        /// Written with double quotes.
        double_quoted: bool,
    },
    /// Bit or hexadecimal string, as written.
    Bits(String),
}

/// A function call.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionCall {
    /// Name, lower case where unquoted.
    pub name: Name,
    /// Arguments, in order; named ones by value.
    pub args: Vec<Expr>,
    /// Names of named arguments (`a => 1`), parallel to `args`.
    pub arg_names: Vec<Option<Ident>>,
    /// `(*)`.
    pub star: bool,
    /// DISTINCT.
    pub distinct: bool,
    /// VARIADIC before the last argument.
    pub variadic: bool,
    /// ORDER BY within the arguments or WITHIN GROUP.
    pub order_by: Vec<OrderItem>,
    /// WITHIN GROUP was used.
    pub within_group: bool,
    /// FILTER (WHERE ...).
    pub filter: Option<Expr>,
    /// OVER.
    pub over: Option<WindowSpec>,
    /// Written without parentheses (CURRENT_DATE).
    pub bare: bool,
}
