//! Code of one source file, lowered to one small tree for all languages: what following values through a
//! program needs, and nothing else.
//!
//! It depends only on the bytes of the file. Names are as written; nothing here has looked at another file.
//! All spans are byte spans of the file. Where a language has no such thing the part is empty. Extraction
//! ([`super::facts`]) keeps what can carry SQL text; this keeps whole expressions, for models and calls of
//! mappers and query builders, whose meaning lies in the shape of the expression.

use super::facts::Import;
use super::span::Span;
use serde::{Deserialize, Serialize};
use std::hash::{Hash, Hasher};

/// The lowered code of one file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Code {
    /// Classes, structs, interfaces, enums, type aliases, in source order; nested and local ones too.
    pub classes: Vec<Class>,
    /// Functions, methods, lambdas, in source order of their start.
    pub functions: Vec<Function>,
    /// Statements of the module itself.
    pub body: Vec<Stmt>,
    /// All imports, also those that no fact of the file mentions.
    pub imports: Vec<Import>,
    /// Code that was left out: nesting too deep, size limits, syntax errors.
    pub gaps: u32,
    /// The names that all of it mentions.
    #[serde(skip)]
    pub mentions: Mentions,
}

/// The names that the code of a file mentions, for questions that are asked again and again of whole programs:
/// which functions can matter, which files hold a call of a name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mentions {
    /// By function, parallel to [`Code::functions`].
    pub functions: Vec<Mentioned>,
    /// Statements of the module itself, and its classes without their methods.
    pub module: Mentioned,
    /// Names of all code, of its types and decorators, and those that its imports have where they come from.
    pub all: NameSet,
    /// Types that are made of values (`ReturnType<typeof load>`), by name, with what they mention.
    pub types: Vec<(Box<str>, NameSet)>,
    /// Names that the module gives to what calls make of functions (`const load = cache(() => ...)`), with those.
    pub made: Vec<(Box<str>, Box<[FunctionId]>)>,
    /// Names of whose members one is assigned: `name.member = value`.
    pub assigned: Box<[Box<str>]>,
}

/// What a function or module mentions, apart from the functions inside.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mentioned {
    /// Names, members, parameters, types.
    pub names: NameSet,
    /// Functions inside.
    pub inner: Box<[FunctionId]>,
    /// Names that imports may bring, with the member that is taken of them (empty: the name itself).
    pub outside: Box<[(Box<str>, Box<str>)]>,
}

/// A set of names, by their numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NameSet(Box<[u64]>);

/// The number of a name: names with different numbers differ.
pub fn name_number(name: &str) -> u64 {
    let mut hasher = rustc_hash::FxHasher::default();
    name.hash(&mut hasher);
    hasher.finish()
}

impl NameSet {
    /// The set of some names.
    pub fn of<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut all: Vec<u64> = names.map(name_number).collect();
        all.sort_unstable();
        all.dedup();
        NameSet(all.into())
    }

    /// Whether it may hold the name of a number.
    pub fn has(&self, number: u64) -> bool {
        self.0.binary_search(&number).is_ok()
    }

    /// Numbers of its names.
    pub fn numbers(&self) -> impl Iterator<Item = u64> + '_ {
        self.0.iter().copied()
    }
}

/// Index into [`Code::classes`].
pub type ClassId = u32;
/// Index into [`Code::functions`].
pub type FunctionId = u32;

/// A name and its place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Word {
    /// As written, without quotes.
    pub text: Box<str>,
    /// Place.
    pub span: Span,
}

/// What a [`Class`] is.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClassKind {
    /// A class.
    #[default]
    Class,
    /// A Go struct.
    Struct,
    /// An interface (or a TypeScript type literal with a name).
    Interface,
    /// An enumeration; members are its fields.
    Enum,
    /// Another name for a type, or a type made of one (Go `type ID int64`): its only base is that type, where it
    /// has a name; [`Class::alias`] is the whole type.
    Alias,
}

/// A class or the like.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Class {
    /// Its name; empty for an anonymous class or struct.
    pub name: Word,
    /// What it is.
    pub kind: ClassKind,
    /// Class or function that it stands in.
    pub outer: Outer,
    /// Base classes; embedded structs are fields, not bases. `Generic[T]`, `Repository<User>` are [`Expr::Index`]
    /// or [`ExprKind::Instantiate`] of the name.
    pub bases: Vec<Expr>,
    /// Keywords of the class statement (Python `table=True`).
    pub keywords: Vec<Arg>,
    /// Decorators, outermost first.
    pub decorators: Vec<Expr>,
    /// Type parameters.
    pub type_params: Vec<Word>,
    /// Fields and class attributes, in order: annotated names, assigned names, struct fields, properties,
    /// members of an enum. Constructor parameters with an accessibility word (TypeScript) are fields too.
    pub fields: Vec<Field>,
    /// Methods (also accessors); Go methods are found by [`Function::receiver`].
    pub methods: Vec<FunctionId>,
    /// Other statements of the body.
    pub body: Vec<Stmt>,
    /// It can be reached from other files.
    pub exported: bool,
    /// It was declared with `abstract`.
    pub is_abstract: bool,
    /// What an alias stands for (`type X = A | B`, Go `type IDs []int64`).
    pub alias: Option<Type>,
    /// The whole definition with its decorators.
    pub span: Span,
}

/// What a definition stands in.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outer {
    /// The file.
    #[default]
    Module,
    /// A class.
    Class(ClassId),
    /// A function.
    Function(FunctionId),
}

/// A field or class attribute.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Its name. An embedded struct has the last segment of its type.
    pub name: Word,
    /// Type, as far as it is written.
    pub ty: Option<Type>,
    /// Its value or default.
    pub value: Option<Expr>,
    /// Decorators.
    pub decorators: Vec<Expr>,
    /// Struct tag (Go), decoded: the text between the backquotes, with its place.
    pub tag: Option<Word>,
    /// An embedded struct (Go).
    pub embedded: bool,
    /// `static`, `ClassVar`.
    pub is_static: bool,
    /// The whole field with decorators.
    pub span: Span,
}

/// A function, method, lambda.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Function {
    /// Its name; empty for a lambda.
    pub name: Word,
    /// Class or function that it stands in (methods: the class).
    pub outer: Outer,
    /// Go: receiver. Python methods: the first parameter (`self`, `cls`), TypeScript methods: `this`; with
    /// their type empty.
    pub receiver: Option<Param>,
    /// Parameters without the receiver.
    pub params: Vec<Param>,
    /// Type of what it returns; several in Go ([`Type::Tuple`]). Named results are in `results`.
    pub returns: Option<Type>,
    /// Named results (Go).
    pub results: Vec<Word>,
    /// Decorators, outermost first.
    pub decorators: Vec<Expr>,
    /// Statements; a lambda of one expression has one [`Stmt::Return`].
    pub body: Vec<Stmt>,
    /// A getter (`get x()`); Python properties are seen by their decorator.
    pub is_getter: bool,
    /// `static`.
    pub is_static: bool,
    /// It can be reached from other files.
    pub exported: bool,
    /// The whole definition.
    pub span: Span,
}

/// A parameter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Param {
    /// Its name; a pattern of several names is in `pattern`.
    pub name: Word,
    /// `{ a, b: c }`, `[a, b]` in its place.
    pub pattern: Option<Box<Expr>>,
    /// Type.
    pub ty: Option<Type>,
    /// Default.
    pub default: Option<Expr>,
    /// `*args`, `...rest`, variadic.
    pub rest: bool,
    /// `**kwargs`.
    pub keywords: bool,
}

/// A type as written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Type {
    /// `models.User`, `Repository<User>`, `Mapped[list["Order"]]`: path and arguments. A Python annotation in
    /// quotes is read as what it says.
    Named { path: Vec<Word>, args: Vec<Type> },
    /// `*T`, `&T`.
    Pointer(Box<Type>),
    /// `[]T`, `T[]`.
    Slice(Box<Type>),
    /// `map[K]V`.
    Map(Box<Type>, Box<Type>),
    /// `A | B`, `Optional[A]` is `A | None`; also `A & B`, which has the members of each.
    Union(Vec<Type>),
    /// Several results, a tuple type.
    Tuple(Vec<Type>),
    /// A string or number literal type.
    Literal(Word),
    /// `{ a: T; b: U }`, an anonymous struct.
    Object(Vec<(Word, Type)>),
    /// `typeof x`: the type of a value.
    Of(Box<Expr>),
    /// `null`, `undefined`, `None`.
    Null,
    /// A function type: its result.
    Function(Box<Type>),
    /// Anything else.
    Other,
}

/// A statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Stmt {
    /// `target = value`, `var target T = value`, `target := value`, `x += value` (with its operator), a `with`
    /// or `for` clause's binding. Several targets are one [`ExprKind::Tuple`].
    Assign { target: Expr, ty: Option<Type>, op: AssignOp, value: Option<Expr>, exported: bool, span: Span },
    /// An expression.
    Expr(Expr),
    /// `return value`, `yield value`; several values are one [`ExprKind::Tuple`].
    Return(Option<Expr>, Span),
    /// Arms of which at most one runs: conditions (empty for `else`, `default`) and bodies. `if`, `switch`,
    /// `match`, `try` (the body is the first arm, and its condition is absent; handlers follow).
    Branch { arms: Vec<(Option<Expr>, Vec<Stmt>)>, exhaustive: bool },
    /// A loop: what each item is bound to, what it comes from, and the body.
    Loop { target: Option<Expr>, over: Option<Expr>, body: Vec<Stmt> },
    /// Statements in a row that have no scope of their own (`with`, `defer`, blocks).
    Block(Vec<Stmt>),
    /// A function with a name, also of the module; not methods.
    Function(FunctionId),
    /// A class, also of the module, or one nested in a class.
    Class(ClassId),
    /// `raise`, `throw`, `panic`, `break`, `continue`: what follows in the block is not reached.
    Leave,
    /// `export { a as b }`, `export default class a` (as `default`). `module.exports = value` is an assignment to
    /// the name `exports`, `module.exports.a = value`, `exports.a = value` to its member; `export default value` to
    /// its member `default`.
    Export { local: Word, name: Word },
}

/// How a value reaches its target.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AssignOp {
    /// `=`.
    #[default]
    Set,
    /// `+=`, `|=`, `&=` and the like.
    Add,
    /// The target is one of the items of the value (`for`).
    Item,
}

/// An argument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arg {
    /// Keyword, where there is one.
    pub name: Option<Word>,
    /// `*xs`, `...xs`, `xs...`; with `**` it is `double`.
    pub spread: bool,
    /// `**kwargs`.
    pub double: bool,
    /// Value.
    pub value: Expr,
}

/// An entry of a dictionary, object, or literal with fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Entry {
    /// `name: value`, `"name": value`, `Name: value`; shorthand `{ name }` has the name as its value.
    Named(Word, Expr),
    /// `[expr]: value`, `{expr: value}`, `map[...]{ Const: value }`.
    Computed(Expr, Expr),
    /// `...value`, `**value`.
    Spread(Expr),
    /// A value without key (Go positional fields).
    Item(Expr),
    /// `name() {}`: a method of an object.
    Method(FunctionId),
}

/// An expression with its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Place: the whole expression.
    pub span: Span,
}

/// A run of decoded literal text with its place (as [`super::facts::TextRun`]) or an interpolated value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Part {
    /// Text: decoded, and the place it stands at. Maps byte by byte where the lengths are equal.
    Text(Box<str>, Span),
    /// A value.
    Value(Expr),
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ExprKind {
    /// A name; `self`, `this`, `super` too.
    Name(Box<str>),
    /// A string, template or f-string. Adjacent literals are joined.
    Text(Vec<Part>),
    /// A template with a tag.
    Tagged { tag: Box<Expr>, types: Vec<Type>, parts: Vec<Part> },
    /// Number as written, `true`, `false`.
    Scalar(Box<str>),
    /// `None`, `null`, `nil`, `undefined`.
    Null,
    /// `object.name`; optional chaining and non-null marks are dropped.
    Member(Box<Expr>, Word),
    /// `object[key]`; a slice has a [`ExprKind::Opaque`] key with its bounds dropped.
    Index(Box<Expr>, Box<Expr>),
    /// `f(args)`, `new F(args)` (`new`), with type arguments.
    Call { function: Box<Expr>, types: Vec<Type>, args: Vec<Arg>, new: bool },
    /// `[a, b]`, `{a, b}`, `[]T{a, b}` (with the element type).
    List(Vec<Expr>, Option<Type>),
    /// `(a, b)`, several values side by side; also an array pattern.
    Tuple(Vec<Expr>),
    /// A dictionary, object, object pattern.
    Map(Vec<Entry>),
    /// A literal of a named type: `T{...}`, `map[K]V{...}`.
    Composite(Type, Vec<Entry>),
    /// `&x`, `*x` (Go): the same value.
    Reference(Box<Expr>),
    /// `left op right`; comparisons chained in Python are joined by `and`. Operators as written (`==`, `in`,
    /// `not in`, `is`, `is not`, `and`, `||`, `??`, `-`).
    Binary { op: Box<str>, left: Box<Expr>, right: Box<Expr> },
    /// `not x`, `!x`, `-x`, `~x`, `await x`.
    Unary { op: Box<str>, value: Box<Expr> },
    /// `a if c else b`, `c ? a : b`.
    Choice { condition: Box<Expr>, then: Box<Expr>, other: Box<Expr> },
    /// A lambda, closure, function expression.
    Lambda(FunctionId),
    /// A class expression.
    Class(ClassId),
    /// `[body for target in over if condition]` (`pairs`: a dictionary; the body is a tuple of two).
    Each { target: Box<Expr>, over: Box<Expr>, conditions: Vec<Expr>, body: Box<Expr>, pairs: bool },
    /// `*x`, `...x`.
    Spread(Box<Expr>),
    /// `x as T`, `<T>x`, `x.(T)`, `x satisfies T`, `cast(T, x)` stays a call.
    Cast(Box<Expr>, Type),
    /// A named expression `x := value`.
    Bind(Box<Expr>, Box<Expr>),
    /// A generic with its arguments, where it is not called: `Repository<User>` as a base.
    Instantiate(Box<Expr>, Vec<Type>),
    /// Anything else; its parts that may hold calls.
    Opaque(Vec<Expr>),
}

impl Expr {
    /// The dotted path of names and members, if it is one: `a.b.c`.
    pub fn path(&self) -> Option<Vec<&str>> {
        match &self.kind {
            ExprKind::Name(name) => Some(vec![name]),
            ExprKind::Member(object, name) => {
                let mut path = object.path()?;
                path.push(&name.text);
                Some(path)
            }
            _ => None,
        }
    }

    /// The text of a literal without values.
    pub fn literal(&self) -> Option<String> {
        let ExprKind::Text(parts) = &self.kind else { return None };
        let mut out = String::new();
        for part in parts {
            match part {
                Part::Text(text, _) => out.push_str(text),
                Part::Value(_) => return None,
            }
        }
        Some(out)
    }
}

impl Type {
    /// The last segment of a named type, through pointers, lists, optionals: `*models.User`, `User[]`,
    /// `Promise<User | null>` (only the first argument) give `User` when `through` holds the wrapper's name.
    pub fn name(&self) -> Option<&str> {
        match self {
            Type::Named { path, .. } => path.last().map(|w| &*w.text),
            Type::Pointer(inner) | Type::Slice(inner) => inner.name(),
            Type::Union(all) => all.iter().find_map(Type::name),
            _ => None,
        }
    }
}
