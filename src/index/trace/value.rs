//! What an expression of a program can be, as far as statements depend on it.

use super::query::{QueryId, SqlExpr};
use crate::grammar::mapper::NamesMean;
use crate::index::mapping::{ModelId, Named, Origin, RelationId};
use crate::index::program::{ClassRef, FileId, FunctionRef};
use std::rc::Rc;

/// Index into the tracer's objects: lists, maps, instances and entities that code changes in place.
pub type ObjectId = u32;

/// A value.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// Nothing is known.
    #[default]
    Unknown,
    /// None, null, nil.
    Null,
    /// Number or boolean as written.
    Scalar(Rc<str>),
    /// Text.
    Text(TextValue),
    /// Several values side by side.
    Tuple(Rc<[Value]>),
    /// One of several, from branches or tables that are indexed by something unknown; at most
    /// [`Value::MAX_CHOICES`].
    OneOf(Rc<[Value]>),
    /// A list, map, instance or entity that code can change.
    Object(ObjectId),
    /// A class of the program that is no model.
    Class(ClassRef),
    /// A function, with what it was taken from (`self`) and the frame that it was made in.
    Function { function: FunctionRef, receiver: Option<Box<Value>>, frame: Option<u32> },
    /// A module of the program.
    Module(Rc<[FileId]>),
    /// Something of a library, by its qualified name.
    External(Rc<str>),
    /// A value of a kind that a pack names: a session, manager, repository, builder.
    Handle(Handle),
    /// A model as a class or table; with the alias that was given to it.
    Model { model: ModelId, alias: Option<Named>, origin: Option<Origin> },
    /// An expression over columns.
    Expr(Rc<SqlExpr>),
    /// A relation of a model (`User.orders`), from a model or alias.
    Relation { model: ModelId, alias: Option<Named>, relation: RelationId, origin: Option<Origin> },
    /// A row that a query gave, not an entity: its members are the query's output columns.
    Row { query: QueryId, many: bool },
    /// A method of a library's value that was taken off it (`({ fn, exists }) => ...`).
    Method {
        /// What it is a method of.
        receiver: Box<Value>,
        /// Its name.
        name: Named,
    },
    /// A name of a field, relation or column that stands for itself (keys of `**kwargs`).
    Key(Named),
}

/// A value of a kind that a pack names.
#[derive(Clone, Debug, Default)]
pub struct Handle {
    /// Pack, by id.
    pub pack: Rc<str>,
    /// Kind, a name of the pack's, or `query`.
    pub kind: Rc<str>,
    /// The model that it is of.
    pub model: Option<ModelId>,
    /// What has been built.
    pub query: Option<QueryId>,
    /// The entity whose relation it is (`org.tickets`), and where the relation is named.
    pub of: Option<(ObjectId, RelationId, Option<Origin>)>,
    /// The instance of the program's own class that extends the library's (a manager, repository, query set with
    /// methods of its own); calls that give the same sort of value keep it.
    pub instance: Option<ObjectId>,
}

/// Text in pieces.
#[derive(Clone, Debug, Default)]
pub struct TextValue {
    /// Pieces in order.
    pub parts: Rc<[TextPart]>,
}

/// A piece of text.
#[derive(Clone, Debug)]
pub enum TextPart {
    /// Literal text with its place.
    Text(Rc<str>, Origin),
    /// An unknown part, as written, with its place.
    Hole(Rc<str>, Origin),
    /// An expression or query that was formatted into it (`${table}`, a subquery's text).
    Value(Value),
}

/// What an [`ObjectId`] stands for.
#[derive(Clone, Debug)]
pub enum Object {
    /// A list; what is added in branches and loops is all there.
    List {
        /// Items.
        items: Vec<Value>,
        /// There may be more.
        open: bool,
    },
    /// A dictionary, object.
    Map {
        /// Entries in the order of their making.
        entries: Vec<(MapKey, Value)>,
        /// There may be more.
        open: bool,
    },
    /// An instance of a class of the program.
    Instance {
        /// Its class.
        class: ClassRef,
        /// Its attributes.
        fields: Vec<(Rc<str>, Value)>,
        /// What its type parameters stand for.
        types: Vec<(Rc<str>, Value)>,
    },
    /// An instance of a model, or several.
    Entity {
        /// Model.
        model: ModelId,
        /// It stands for many (a list, a loop's item is one).
        many: bool,
        /// It was made by code and is not known to be stored.
        fresh: bool,
        /// Attributes that code has set, with the place of the assignment.
        written: Vec<(Named, Value, Origin)>,
        /// Query that loaded it.
        query: Option<QueryId>,
        /// Where it was made or loaded.
        origin: Origin,
    },
}

/// A key of a map.
#[derive(Clone, Debug)]
pub enum MapKey {
    /// Text with its place.
    Name(Named),
    /// A column, model or other value.
    Value(Value),
    /// Unknown.
    Unknown(Origin),
}

/// An evaluated argument.
#[derive(Clone, Debug)]
pub struct Argument {
    /// Keyword.
    pub name: Option<Named>,
    /// Value; a spread is taken apart before, or is `spread`.
    pub value: Value,
    /// Its items (or entries, `double`) are arguments, and which they are is not known.
    pub spread: bool,
    /// `**kwargs`.
    pub double: bool,
    /// Place.
    pub origin: Origin,
    /// The expression as written, for people, at most 80 characters.
    pub text: Rc<str>,
}

impl Value {
    /// Most values that one may be.
    pub const MAX_CHOICES: usize = 16;

    /// The text, where all of it is known, with the place of its first piece.
    pub fn text(&self) -> Option<Named> {
        match self {
            Value::Key(name) => Some(name.clone()),
            Value::Text(text) => {
                let mut out = String::new();
                let mut origin = None;
                for part in text.parts.iter() {
                    let TextPart::Text(piece, place) = part else { return None };
                    out.push_str(piece);
                    origin = origin.or(Some(*place));
                }
                Some(Named { text: out.into(), origin })
            }
            _ => None,
        }
    }
}

/// What strings mean in a call, by the pack or the step.
pub type Names = NamesMean;
