//! The statement model: one shape for all engines, with byte spans into the text that was parsed.
//!
//! Unknown parts ([`crate::model::statement::HOLE`]) are nodes of their own, so that a statement with holes
//! is parsed and bound as far as it goes.

mod children;
pub mod ddl;

use crate::model::span::Span;
pub use ddl::Ddl;

/// An identifier.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ident {
    /// Folded value: lower case for unquoted PostgreSQL names, as written otherwise, quotes removed. A hole
    /// is the text with [`crate::model::statement::HOLE`] in it, possibly with literal text around (`log_{x}`).
    pub value: String,
    /// Was quoted.
    pub quoted: bool,
    /// Place in the text, quotes included.
    pub span: Span,
}

impl Ident {
    /// Whether a part of it is unknown.
    pub fn is_hole(&self) -> bool {
        self.value.contains(crate::model::statement::HOLE)
    }
}

/// A possibly qualified name: `a`, `s.a`, `db.s.a`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    /// At least one part; the last one is the object's own name.
    pub parts: Vec<Ident>,
}

impl Name {
    /// The last part.
    pub fn last(&self) -> &Ident {
        &self.parts[self.parts.len() - 1]
    }

    /// The part before the last one.
    pub fn qualifier(&self) -> Option<&Ident> {
        self.parts.len().checked_sub(2).map(|i| &self.parts[i])
    }

    /// From the first to the last part.
    pub fn span(&self) -> Span {
        self.parts[0].span.to(self.last().span)
    }

    /// Whether a part of it is unknown.
    pub fn is_hole(&self) -> bool {
        self.parts.iter().any(Ident::is_hole)
    }
}

/// A place where the grammar was left. The parser goes on after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The token or run of tokens that was not understood.
    pub span: Span,
    /// What was expected.
    pub message: String,
}

/// A parsed script.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Script {
    /// Its statements in order.
    pub statements: Vec<Statement>,
}

/// A statement with the places where its grammar was left.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// What it is.
    pub kind: StatementKind,
    /// From its first to its last token, without the semicolon.
    pub span: Span,
    /// Empty: it parsed completely. Otherwise the rest was read as far as it could be.
    pub errors: Vec<SyntaxError>,
}

/// Kinds of statements.
#[derive(Clone, Debug, PartialEq)]
pub enum StatementKind {
    /// SELECT, VALUES, TABLE, with or without WITH.
    Query(Box<Query>),
    /// INSERT, REPLACE.
    Insert(Box<Insert>),
    /// UPDATE.
    Update(Box<Update>),
    /// DELETE.
    Delete(Box<Delete>),
    /// MERGE.
    Merge(Box<Merge>),
    /// COPY table FROM/TO, LOAD DATA.
    Copy(Box<Copy>),
    /// TRUNCATE.
    Truncate {
        /// Tables.
        tables: Vec<Name>,
        /// CASCADE.
        cascade: bool,
    },
    /// LOCK TABLE.
    Lock {
        /// Tables.
        tables: Vec<Name>,
    },
    /// CALL, EXEC: a procedure.
    Call {
        /// Procedure.
        name: Name,
        /// Arguments.
        args: Vec<Expr>,
    },
    /// EXPLAIN, PREPARE x AS, DECLARE c CURSOR FOR: the statement within.
    Wrapped {
        /// `explain`, `prepare`, `declare`.
        how: String,
        /// The statement.
        inner: Box<Statement>,
    },
    /// A change of the schema.
    Ddl(Box<Ddl>),
    /// SET, RESET, PRAGMA, USE: session state.
    Session(Session),
    /// BEGIN, COMMIT, ROLLBACK, SAVEPOINT, ...: lower-case first word(s).
    Transaction(String),
    /// A piece of a statement that starts in the middle (`WHERE id = $1`, `ORDER BY x`): parsed as the
    /// clauses of a query without FROM.
    Fragment(Box<Query>),
    /// A procedural block (DO, anonymous block, BEGIN ... END): its language and body text.
    Block {
        /// Language in lower case.
        language: String,
        /// Body and its place.
        body: String,
        /// Place of the body.
        body_span: Span,
    },
    /// Nothing that the parser knows; its first words in lower case.
    Unknown(String),
}

/// A change of session state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Session {
    /// `SET search_path = a, b` (folded names).
    SearchPath(Vec<String>),
    /// `SET ROLE x`, `SET SESSION AUTHORIZATION x`; `None`: reset.
    Role(Option<String>),
    /// `USE database`.
    Use(String),
    /// `PRAGMA name = value`, `SET name = value`: lower-case name, value as text.
    Setting(String, String),
    /// `RESET name`, `RESET ALL`, `DISCARD ...`: lower-case name.
    Reset(String),
}

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

/// INSERT or REPLACE.
#[derive(Clone, Debug, PartialEq)]
pub struct Insert {
    /// WITH.
    pub with: Option<With>,
    /// REPLACE or INSERT OR REPLACE.
    pub replace: bool,
    /// INSERT IGNORE, INSERT OR IGNORE.
    pub ignore: bool,
    /// Target.
    pub table: Name,
    /// Alias.
    pub alias: Option<Ident>,
    /// Column list; `None`: not written (positional).
    pub columns: Option<Vec<InsertTarget>>,
    /// `OVERRIDING SYSTEM|USER VALUE`: `system` or `user`.
    pub overriding: Option<String>,
    /// Rows.
    pub source: InsertSource,
    /// Row alias `AS new(a, b)` (MySQL).
    pub row_alias: Option<TableAlias>,
    /// ON CONFLICT, ON DUPLICATE KEY UPDATE.
    pub on_conflict: Option<OnConflict>,
    /// RETURNING.
    pub returning: Vec<SelectItem>,
}

/// A column of an INSERT list.
#[derive(Clone, Debug, PartialEq)]
pub struct InsertTarget {
    /// Column; may be a hole.
    pub column: Ident,
    /// `col[1]`, `col.field` follow.
    pub indirection: bool,
}

/// Rows of an INSERT.
#[derive(Clone, Debug, PartialEq)]
pub enum InsertSource {
    /// VALUES rows.
    Values(Vec<Vec<Expr>>),
    /// SELECT.
    Query(Box<Query>),
    /// DEFAULT VALUES, `()`.
    Default,
    /// MySQL `INSERT ... SET a = 1`.
    Set(Vec<SetClause>),
    /// Unknown.
    Hole(Span),
}

/// ON CONFLICT or ON DUPLICATE KEY UPDATE.
#[derive(Clone, Debug, PartialEq)]
pub struct OnConflict {
    /// MySQL's ON DUPLICATE KEY UPDATE.
    pub duplicate_key: bool,
    /// Arbiter expressions `(a, lower(b))`; empty where none are given.
    pub target: Vec<Expr>,
    /// WHERE of the arbiter.
    pub target_filter: Option<Expr>,
    /// ON CONSTRAINT name.
    pub constraint: Option<Ident>,
    /// DO UPDATE SET; `None`: DO NOTHING.
    pub update: Option<Vec<SetClause>>,
    /// WHERE of DO UPDATE.
    pub filter: Option<Expr>,
    /// From ON to its end.
    pub span: Span,
}

/// `a = expr`, `(a, b) = (...)`.
#[derive(Clone, Debug, PartialEq)]
pub struct SetClause {
    /// Columns, possibly qualified (`t.a`).
    pub targets: Vec<Name>,
    /// Value; a row or subquery for several targets.
    pub value: Expr,
}

/// UPDATE.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// WITH.
    pub with: Option<With>,
    /// Target; MySQL allows joins and several tables here.
    pub target: Vec<FromItem>,
    /// SET.
    pub set: Vec<SetClause>,
    /// FROM.
    pub from: Vec<FromItem>,
    /// WHERE.
    pub filter: Option<Expr>,
    /// ORDER BY (MySQL, SQLite).
    pub order_by: Vec<OrderItem>,
    /// LIMIT (MySQL, SQLite).
    pub limit: Vec<Expr>,
    /// RETURNING.
    pub returning: Vec<SelectItem>,
}

/// DELETE.
#[derive(Clone, Debug, PartialEq)]
pub struct Delete {
    /// WITH.
    pub with: Option<With>,
    /// Names of the tables deleted from in MySQL's multi-table forms; empty for the plain form.
    pub tables: Vec<Name>,
    /// FROM: the target (first item in the plain form).
    pub from: Vec<FromItem>,
    /// USING.
    pub using: Vec<FromItem>,
    /// WHERE.
    pub filter: Option<Expr>,
    /// ORDER BY (MySQL, SQLite).
    pub order_by: Vec<OrderItem>,
    /// LIMIT (MySQL, SQLite).
    pub limit: Vec<Expr>,
    /// RETURNING.
    pub returning: Vec<SelectItem>,
}

/// MERGE.
#[derive(Clone, Debug, PartialEq)]
pub struct Merge {
    /// WITH.
    pub with: Option<With>,
    /// Target table.
    pub target: FromItem,
    /// Source.
    pub source: FromItem,
    /// ON.
    pub on: Expr,
    /// WHEN clauses.
    pub clauses: Vec<MergeClause>,
    /// RETURNING.
    pub returning: Vec<SelectItem>,
}

/// WHEN [NOT] MATCHED.
#[derive(Clone, Debug, PartialEq)]
pub struct MergeClause {
    /// AND condition.
    pub condition: Option<Expr>,
    /// Action.
    pub action: MergeAction,
}

/// What a MERGE clause does.
#[derive(Clone, Debug, PartialEq)]
pub enum MergeAction {
    /// UPDATE SET.
    Update(Vec<SetClause>),
    /// DELETE.
    Delete,
    /// INSERT; `None` columns: positional.
    Insert {
        /// Column list.
        columns: Option<Vec<InsertTarget>>,
        /// Values; empty: DEFAULT VALUES.
        values: Vec<Expr>,
    },
    /// DO NOTHING.
    Nothing,
}

/// COPY or LOAD DATA.
#[derive(Clone, Debug, PartialEq)]
pub struct Copy {
    /// Table, unless a query is copied.
    pub table: Option<Name>,
    /// Query copied out.
    pub query: Option<Box<Statement>>,
    /// Columns; `None`: all, in order.
    pub columns: Option<Vec<Ident>>,
    /// FROM (into the table).
    pub from: bool,
    /// Inline data that follows `FROM STDIN;` in a dump: its lines' span.
    pub data: Option<Span>,
}

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
