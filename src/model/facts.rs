//! Symbolic facts of one source file: what extraction gives and resolution joins.
//!
//! Facts depend only on the bytes of the file and the grammar packs in force. Nothing here has looked at
//! another file. All spans are byte spans of the file.

use super::problem::Problem;
use super::span::Span;
use serde::{Deserialize, Serialize};

/// A source language with a grammar.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Python.
    Python,
    /// TypeScript (and its TSX variant).
    TypeScript,
    /// JavaScript (JSX, MJS, CJS).
    JavaScript,
    /// Go.
    Go,
}

/// What one file says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FileFacts {
    /// Name that the file gives its package (Go `package store`); empty elsewhere.
    pub package: String,
    /// Imports and re-exports, in source order.
    pub imports: Vec<Import>,
    /// Scopes; the first one is the module. A scope's parent stands before it.
    pub scopes: Vec<ScopeFact>,
    /// Conditional regions, see [`Branch`]. Number 0 means "unconditional" and is not stored.
    pub branches: Vec<Branch>,
    /// Assignments, definitions and appends, in source order.
    pub assignments: Vec<Assignment>,
    /// Calls that may send SQL or carry a piece of it, in source order.
    pub calls: Vec<Call>,
    /// `return` values of functions, in source order.
    pub returns: Vec<Return>,
    /// String values that look like SQL and stand in no assignment, call argument or return.
    pub strings: Vec<LooseString>,
    /// Ids of the grammar packs that the file's imports detect (`psycopg`, `pg`).
    pub packs: Vec<String>,
    /// What could not be read (syntax errors that hide code, limits reached).
    pub problems: Vec<Problem>,
    /// Lowered code, where models or calls of mappers may stand in the file. It is not stored: it is about as large
    /// as the source, and lowering costs little more than parsing.
    #[serde(skip)]
    pub code: Option<Box<super::code::Code>>,
}

/// `from module import name as local`, `import module as local`, `import { name as local } from "module"`,
/// `const { name: local } = require("module")`, Go `local "module"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// Module path as written (`.queries`, `@app/db`, `github.com/x/y/store`).
    pub module: String,
    /// Imported name; empty: the module itself (namespace); `default` and `*` as in ECMAScript.
    pub name: String,
    /// Name in this file; empty for a side-effect import; equals the exported name for a re-export.
    pub local: String,
    /// It is exported again (`export { x } from "./y"`, `export * from`, Python `__init__` imports).
    pub reexport: bool,
    /// Where.
    pub span: Span,
}

/// Index into [`FileFacts::scopes`].
pub type ScopeId = u32;

/// A module, class or function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScopeFact {
    /// Enclosing scope; the module's own index (0) for the module.
    pub parent: ScopeId,
    /// What it is.
    pub kind: ScopeKind,
    /// Its name; empty for an anonymous function. Go methods: the method's name.
    pub name: String,
    /// Go methods: the receiver's type; Python, TypeScript: empty (the parent is the class).
    pub receiver_type: String,
    /// Go methods: the receiver's variable; Python methods: `self`/`cls`; TypeScript: `this`.
    pub receiver: String,
    /// Parameters in order, without the receiver.
    pub params: Vec<Param>,
    /// Names of base classes (class scopes), or of embedded structs.
    pub bases: Vec<String>,
    /// It can be reached from other files.
    pub exported: bool,
    /// The whole definition.
    pub span: Span,
}

/// Kind of a scope.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScopeKind {
    /// The file.
    Module,
    /// A class; or a Go struct.
    Class,
    /// A function, method, lambda or closure.
    Function,
}

/// A parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// Its type annotation as written; empty where there is none.
    pub ty: String,
    /// Its default.
    pub default: Option<Value>,
    /// `*args`, `...rest`, variadic.
    pub rest: bool,
}

/// A region that runs only sometimes. Two branches with the same `group` and different `arm` exclude each
/// other (`if`/`elif`/`else`, `switch` cases). A loop body is a branch alone in its group.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Branch {
    /// Enclosing branch; 0: none.
    pub parent: u32,
    /// Number of the `if`, `switch`, `try` or loop that it belongs to.
    pub group: u32,
    /// Zero-based arm within the group.
    pub arm: u16,
    /// The group has an arm that is taken when no other is (`else`, `default`).
    pub exhaustive: bool,
    /// It is a loop body.
    pub is_loop: bool,
}

/// A name given a value, or a value added to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assignment {
    /// The scope that the statement stands in.
    pub scope: ScopeId,
    /// The branch that it stands in: 0, or 1 + index into [`FileFacts::branches`].
    pub branch: u32,
    /// What is assigned: `q`, `self.table`, `b`, a class attribute (in class scope), an object key path.
    pub target: Vec<String>,
    /// How.
    pub op: AssignOp,
    /// The value.
    pub value: Value,
    /// Type annotation as written; empty where there is none.
    pub ty: String,
    /// Constant (`const`, Go const, an all-caps Python module name that is assigned once).
    pub constant: bool,
    /// It can be reached from other files.
    pub exported: bool,
    /// The whole statement.
    pub span: Span,
}

/// How a value reaches its target.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AssignOp {
    /// `x = value`.
    Set,
    /// `x += value`, `b.WriteString(value)`, `x = x + value`: text is added at the end.
    AppendText,
    /// `xs.append(value)`, `xs.push(value)`, `xs = append(xs, value)`: one element per item of a `List` value.
    AppendItem,
}

/// A call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The scope that it stands in.
    pub scope: ScopeId,
    /// See [`Assignment::branch`].
    pub branch: u32,
    /// The dotted callee: `["conn", "execute"]`, `["db", "cursor", "execute"]` for `db.cursor().execute`
    /// (calls within the chain are dropped, subscripts too), `["fetch_user"]`.
    pub callee: Vec<String>,
    /// Arguments in order.
    pub args: Vec<Arg>,
    /// The pack rule that it matches, if any.
    pub sink: Option<Sink>,
    /// Names that the result is assigned to (`rows`, `err`), for following it to its consumer.
    pub assigned: Vec<String>,
    /// Methods called on the result in the same expression, in order (`fetchone`, `Scan`), with the number
    /// of their arguments.
    pub chained: Vec<(String, u16)>,
    /// The whole call expression, the chain included.
    pub span: Span,
    /// The call from callee to closing parenthesis of its own arguments.
    pub own_span: Span,
}

/// A call rule of a pack that matched by method name. Whether the receiver really is of that library is for
/// resolution to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sink {
    /// Pack id.
    pub pack: String,
    /// Zero-based positional index of the SQL argument.
    pub sql: u16,
    /// Keyword under which the SQL can be given instead.
    pub sql_keyword: String,
    /// What reads the rows, as far as the method tells.
    pub consumer: super::statement::Consumer,
    /// The method name alone is proof (`QueryRowContext`, `executemany`); otherwise the receiver or the text
    /// must agree (`get`, `run`, `all`, `query`).
    pub certain: bool,
    /// Other libraries that the file imports and that have such a call: the receiver tells.
    pub rivals: Vec<String>,
    /// The file imports the library, and the receiver is called as people call its connections.
    pub likely: bool,
}

/// An argument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arg {
    /// Keyword; empty for a positional one.
    pub name: String,
    /// `*xs`, `...xs`, `xs...`.
    pub spread: bool,
    /// Value.
    pub value: Value,
}

/// A returned value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Return {
    /// The function's scope.
    pub scope: ScopeId,
    /// See [`Assignment::branch`].
    pub branch: u32,
    /// First value where several are returned.
    pub value: Value,
}

/// A string that looks like SQL outside any other fact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LooseString {
    /// The scope that it stands in.
    pub scope: ScopeId,
    /// The string.
    pub value: Value,
    /// Its span.
    pub span: Span,
}

/// An expression as far as it can carry text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// A string literal, decoded: runs of text, each with its place. A run whose source has the same length
    /// maps byte by byte, another one (an escape) maps as a whole. Adjacent literals are joined.
    Text(Vec<TextRun>, Span),
    /// A name or dotted path: `q`, `self.table`, `queries.GET_USER`.
    Name(Vec<String>, Span),
    /// Pieces one after the other: `a + b`, template strings, f-strings.
    Concat(Vec<Value>, Span),
    /// A format: the template with its arguments.
    Format {
        /// How the template names its arguments.
        style: FormatStyle,
        /// Template.
        template: Box<Value>,
        /// Arguments.
        args: Vec<Arg>,
        /// Whole expression.
        span: Span,
    },
    /// `separator.join(items)`, `items.join(separator)`, `strings.Join(items, separator)`.
    Join {
        /// Separator.
        separator: Box<Value>,
        /// Items: a list, or a name that holds one.
        items: Box<Value>,
        /// Whole expression.
        span: Span,
    },
    /// A list, tuple, array or slice literal.
    List(Vec<Value>, Span),
    /// A dictionary, object or struct literal: keys as written (text), values.
    Map(Vec<(String, Value)>, Span),
    /// A comprehension or `.map(...)`: each item of `over` gives `each` (which names it `item`).
    Each {
        /// Name of the item in `each`.
        item: String,
        /// One result.
        each: Box<Value>,
        /// What is iterated.
        over: Box<Value>,
        /// Whole expression.
        span: Span,
    },
    /// One of several: `a if c else b`, `c ? a : b`, `a or b`, `a ?? b`.
    Choice(Vec<Value>, Span),
    /// A call.
    Call(Box<Call>),
    /// A template with a tag: `` sql`...` ``. Parts alternate text and interpolated values.
    Tagged {
        /// Tag path.
        tag: Vec<String>,
        /// Text and values in order; values are those that are not `Text`.
        parts: Vec<Value>,
        /// Interpolated values are sent as parameters, unless they are fragments themselves.
        parameters: bool,
        /// The pack whose tag it is, if any; then the template is sent, or is a fragment of what is sent.
        pack: String,
        /// Whole expression.
        span: Span,
    },
    /// The content of a file named by a literal: `open("q.sql").read()`, `readFileSync(join(__dirname, "q.sql"))`,
    /// `//go:embed q.sql`. The path is relative to the source file's folder unless it is absolute in the
    /// repository.
    File {
        /// Path as written.
        path: Box<Value>,
        /// Whole expression.
        span: Span,
    },
    /// `xs[i]`, `m["k"]`, a member of an expression that is no path.
    Index {
        /// Container.
        of: Box<Value>,
        /// Key.
        key: Box<Value>,
        /// Whole expression.
        span: Span,
    },
    /// A number, boolean or null literal as written.
    Scalar(String, Span),
    /// Anything else: its source text (at most 80 characters).
    Opaque(String, Span),
}

/// A run of decoded literal text and its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextRun {
    /// Decoded text.
    pub text: String,
    /// Place in the file.
    pub source: Span,
}

/// How a format template names its arguments.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FormatStyle {
    /// Python `%`: `%s`, `%d`, `%(name)s`, `%%`.
    Percent,
    /// `str.format`: `{}`, `{0}`, `{name}`, `{{`.
    Braces,
    /// `fmt.Sprintf`, `util.format`: `%s`, `%d`, `%v`, `%[1]s`, `%q`, `%%`.
    Printf,
    /// psycopg `sql.SQL("...{}...").format(...)`: arguments are identifiers, literals or placeholders.
    Composed,
    /// `text.replace(a, b)`: the first argument in the template stands for the second.
    Replace,
}

impl Value {
    /// The span of the whole expression.
    pub fn span(&self) -> Span {
        match self {
            Value::Text(_, s)
            | Value::Name(_, s)
            | Value::Concat(_, s)
            | Value::List(_, s)
            | Value::Map(_, s)
            | Value::Choice(_, s)
            | Value::Scalar(_, s)
            | Value::Opaque(_, s) => *s,
            Value::Format { span, .. }
            | Value::Join { span, .. }
            | Value::Each { span, .. }
            | Value::Tagged { span, .. }
            | Value::File { span, .. }
            | Value::Index { span, .. } => *span,
            Value::Call(call) => call.span,
        }
    }

    /// The text of a plain literal.
    pub fn literal(&self) -> Option<String> {
        match self {
            Value::Text(runs, _) => Some(runs.iter().map(|r| r.text.as_str()).collect()),
            _ => None,
        }
    }
}
