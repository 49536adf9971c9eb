//! The statement model: one shape for all engines, with byte spans into the text that was parsed.
//!
//! Unknown parts ([`crate::model::statement::HOLE`]) are nodes of their own, so that a statement with holes
//! is parsed and bound as far as it goes.

mod children;
pub mod ddl;
mod expr;
mod modify;
mod query;

use crate::model::span::Span;
pub use ddl::Ddl;
pub use expr::{Expr, ExprKind, FunctionCall, Literal, TypeName};
pub use modify::{Copy, Delete, Insert, InsertSource, InsertTarget, Merge, MergeAction, MergeClause, OnConflict, SetClause, Update};
pub use query::{Cte, FromItem, JoinKind, OrderItem, Query, Select, SelectItem, SetExpr, TableAlias, WindowSpec, With};

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
