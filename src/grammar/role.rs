//! The closed vocabulary of node roles: what a node kind of a tree-sitter grammar means to extraction.

/// What a node of some kind is. `grammars/README.md` explains each in words.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Role {
    /// Nothing that extraction cares about; its children are walked.
    #[default]
    Plain,
    /// Not walked at all (types, comments that carry nothing).
    Skip,
    /// A comment that may carry a directive.
    Comment,
    /// A statement list; its presence tells a body of statements from one of an expression.
    Block,
    /// `package x`.
    Package,
    /// `import a.b as c`.
    Import,
    /// `from a import b as c`.
    ImportFrom,
    /// ECMAScript `import`.
    ImportEs,
    /// ECMAScript `export`.
    Export,
    /// One Go import.
    ImportPath,
    /// A class or interface.
    Class,
    /// The base classes of a class, as a child of it.
    Bases,
    /// A named type whose body may be a struct.
    TypeDefinition,
    /// A function, method, lambda.
    Function,
    /// A parameter.
    Param,
    /// A parameter that takes the rest.
    RestParam,
    /// A wrapper around a definition (decorators).
    Decorated,
    /// `x = value`, declarations with a value, fields with a value.
    Assign,
    /// A constant declaration; otherwise as `assign`.
    Constant,
    /// A class field with a value.
    Field,
    /// `x += value`.
    Append,
    /// `value as name`.
    Alias,
    /// `if`.
    If,
    /// `elif`, `else`: an arm of an `if`.
    Else,
    /// `switch`, `match`, `select`.
    Switch,
    /// One arm of a switch.
    Case,
    /// The arm taken when no other is.
    Default,
    /// `try`.
    Try,
    /// `except`, `catch`.
    Handler,
    /// Any loop.
    Loop,
    /// `return`.
    Return,
    /// A string literal.
    String,
    /// Literal text within a string.
    StringText,
    /// An interpolated expression.
    Interpolation,
    /// Adjacent literals.
    ImplicitConcat,
    /// A template literal.
    Template,
    /// `a + b`, `a % b`, `a or b`.
    Binary,
    /// `a if c else b`, `c ? a : b`.
    Conditional,
    /// A call.
    Call,
    /// `new X(...)`.
    New,
    /// `a.b`.
    Member,
    /// `a[b]`.
    Index,
    /// A list, tuple, set or array.
    List,
    /// Several values side by side (`return a, b`, `x, y = ...`); otherwise as `list`.
    Tuple,
    /// A dictionary or object.
    Map,
    /// A literal with a type (Go).
    Composite,
    /// A key with its value.
    Pair,
    /// `*xs`, `...xs`.
    Spread,
    /// `name=value` in a call.
    KeywordArg,
    /// A comprehension.
    Comprehension,
    /// The `for ... in ...` of a comprehension.
    Iteration,
    /// Stands for its (first) child: parentheses, `await`, casts.
    Transparent,
    /// A name.
    Identifier,
    /// A number, boolean, null.
    Scalar,
    /// A decorator: its first child is called with what it decorates.
    Decorator,
    /// An interface, or a type that lists its fields.
    Interface,
    /// An enumeration.
    Enum,
    /// Another name for a type.
    TypeAlias,
    /// A method of an interface: a field whose type is a function.
    Signature,
    /// `with`: bindings, then a body that has no scope of its own.
    With,
    /// `finally`: what runs in any case after its statement.
    Finally,
    /// Leaves the block: `raise`, `break`, `continue`.
    Leave,
    /// Comparisons in a row: operands are the named children, operators stand between them.
    Comparison,
    /// An operator before its operand.
    Unary,
    /// A value taken as another type.
    Cast,
    /// A generic with its type arguments, not called.
    Instantiate,
    /// A part of a list.
    Slice,
    /// The value that is none.
    Null,
    /// A name of a pattern with the value it has where nothing is given.
    WithDefault,
    /// A wrapper of a type: it stands for its first child.
    Type,
    /// The name of a type.
    TypeName,
    /// A dotted name of a type.
    TypePath,
    /// A type with arguments.
    TypeGeneric,
    /// Arguments of a type or call.
    TypeArguments,
    /// Parameters of a generic definition.
    TypeParameters,
    /// A pointer type.
    TypePointer,
    /// A list type.
    TypeSlice,
    /// A map type.
    TypeMap,
    /// One of several types, or all of them at once.
    TypeUnion,
    /// A tuple type.
    TypeTuple,
    /// A literal as a type.
    TypeLiteral,
    /// A type that lists its fields, without a name.
    TypeObject,
    /// The type of a value.
    TypeOf,
    /// A function type.
    TypeFunction,
}

/// A part of a node that a role needs.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Slot {
    /// Name of what is defined.
    Name,
    /// Parameter list.
    Params,
    /// Body.
    Body,
    /// Receiver of a method (Go).
    Receiver,
    /// Base classes.
    Bases,
    /// Target of an assignment, left operand, loop variable.
    Left,
    /// Value of an assignment, right operand, what is looped over.
    Right,
    /// Operator.
    Operator,
    /// Type annotation.
    Type,
    /// A value that is not the right side of something.
    Value,
    /// First arm.
    Then,
    /// Other arm.
    Else,
    /// Object of a member access, container of a subscript.
    Object,
    /// Member name.
    Property,
    /// Key or subscript.
    Key,
    /// Callee.
    Function,
    /// Arguments.
    Arguments,
    /// Module of an import.
    Source,
    /// Alias.
    Alias,
    /// Condition of an arm or loop.
    Condition,
    /// Statement before a condition; what a loop starts with.
    Init,
    /// What a loop does after each round.
    Next,
    /// Type of the result.
    Returns,
    /// Struct tag.
    Tag,
    /// Condition of a case besides its pattern.
    Guard,
}

impl Slot {
    /// Number of slots.
    pub const COUNT: usize = 25;

    /// Every slot with its word.
    pub const WORDS: [(&'static str, Slot); Slot::COUNT] = [
        ("name", Slot::Name),
        ("params", Slot::Params),
        ("body", Slot::Body),
        ("receiver", Slot::Receiver),
        ("bases", Slot::Bases),
        ("left", Slot::Left),
        ("right", Slot::Right),
        ("operator", Slot::Operator),
        ("type", Slot::Type),
        ("value", Slot::Value),
        ("then", Slot::Then),
        ("else", Slot::Else),
        ("object", Slot::Object),
        ("property", Slot::Property),
        ("key", Slot::Key),
        ("function", Slot::Function),
        ("arguments", Slot::Arguments),
        ("source", Slot::Source),
        ("alias", Slot::Alias),
        ("condition", Slot::Condition),
        ("init", Slot::Init),
        ("next", Slot::Next),
        ("returns", Slot::Returns),
        ("tag", Slot::Tag),
        ("guard", Slot::Guard),
    ];

    /// The slot of a word.
    pub fn named(word: &str) -> Option<Slot> {
        Slot::WORDS.iter().find(|(w, _)| *w == word).map(|&(_, s)| s)
    }
}

impl Role {
    /// Every role with its word.
    pub const WORDS: &'static [(&'static str, Role)] = &[
        ("plain", Role::Plain),
        ("skip", Role::Skip),
        ("comment", Role::Comment),
        ("block", Role::Block),
        ("package", Role::Package),
        ("import", Role::Import),
        ("import-from", Role::ImportFrom),
        ("import-es", Role::ImportEs),
        ("export", Role::Export),
        ("import-path", Role::ImportPath),
        ("class", Role::Class),
        ("bases", Role::Bases),
        ("type-definition", Role::TypeDefinition),
        ("function", Role::Function),
        ("param", Role::Param),
        ("rest-param", Role::RestParam),
        ("decorated", Role::Decorated),
        ("assign", Role::Assign),
        ("constant", Role::Constant),
        ("field", Role::Field),
        ("append", Role::Append),
        ("alias", Role::Alias),
        ("if", Role::If),
        ("else", Role::Else),
        ("switch", Role::Switch),
        ("case", Role::Case),
        ("default", Role::Default),
        ("try", Role::Try),
        ("handler", Role::Handler),
        ("loop", Role::Loop),
        ("return", Role::Return),
        ("string", Role::String),
        ("string-text", Role::StringText),
        ("interpolation", Role::Interpolation),
        ("implicit-concat", Role::ImplicitConcat),
        ("template", Role::Template),
        ("binary", Role::Binary),
        ("conditional", Role::Conditional),
        ("call", Role::Call),
        ("new", Role::New),
        ("member", Role::Member),
        ("index", Role::Index),
        ("list", Role::List),
        ("tuple", Role::Tuple),
        ("map", Role::Map),
        ("composite", Role::Composite),
        ("pair", Role::Pair),
        ("spread", Role::Spread),
        ("keyword-arg", Role::KeywordArg),
        ("comprehension", Role::Comprehension),
        ("iteration", Role::Iteration),
        ("transparent", Role::Transparent),
        ("identifier", Role::Identifier),
        ("scalar", Role::Scalar),
        ("decorator", Role::Decorator),
        ("interface", Role::Interface),
        ("enum", Role::Enum),
        ("type-alias", Role::TypeAlias),
        ("signature", Role::Signature),
        ("with", Role::With),
        ("finally", Role::Finally),
        ("leave", Role::Leave),
        ("comparison", Role::Comparison),
        ("unary", Role::Unary),
        ("cast", Role::Cast),
        ("instantiate", Role::Instantiate),
        ("slice", Role::Slice),
        ("null", Role::Null),
        ("with-default", Role::WithDefault),
        ("type", Role::Type),
        ("type-name", Role::TypeName),
        ("type-path", Role::TypePath),
        ("type-generic", Role::TypeGeneric),
        ("type-arguments", Role::TypeArguments),
        ("type-parameters", Role::TypeParameters),
        ("type-pointer", Role::TypePointer),
        ("type-slice", Role::TypeSlice),
        ("type-map", Role::TypeMap),
        ("type-union", Role::TypeUnion),
        ("type-tuple", Role::TypeTuple),
        ("type-literal", Role::TypeLiteral),
        ("type-object", Role::TypeObject),
        ("type-of", Role::TypeOf),
        ("type-function", Role::TypeFunction),
    ];

    /// The role of a word.
    pub fn named(word: &str) -> Option<Role> {
        Role::WORDS.iter().find(|(w, _)| *w == word).map(|&(_, r)| r)
    }
}
