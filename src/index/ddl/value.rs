//! Values of a migration's code: what is known of them when it runs, and calls of the library as they were made.

use crate::index::program::{ClassRef, FileId, FunctionRef};
use std::cell::RefCell;
use std::rc::Rc;

/// A place in the code: file and byte offset.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// File of the program.
    pub file: FileId,
    /// Byte offset.
    pub at: u32,
    /// The text begins here and has the lines of the source.
    pub literal: bool,
}

/// A name with its value.
pub type Entry = (Rc<str>, Value);

/// A value.
#[derive(Clone, Debug)]
pub enum Value {
    /// Not known; as written, for messages.
    Unknown(Rc<str>),
    /// None, null, nil, undefined.
    Null,
    /// A truth.
    Bool(bool),
    /// A number as written.
    Number(Rc<str>),
    /// Text; unknown parts are holes.
    Text(Rc<str>, Place),
    /// A list or tuple.
    List(Rc<RefCell<Vec<Value>>>),
    /// A dictionary, object, struct.
    Map(Rc<RefCell<Vec<Entry>>>),
    /// A function with the scope that it was made in, and the instance that it was taken from.
    Function(FunctionRef, Option<Scope>, Option<Rc<This>>),
    /// A class.
    Class(ClassRef),
    /// An instance.
    This(Rc<This>),
    /// A module of the program.
    Module(Rc<[FileId]>),
    /// Something of a library.
    Path(Rc<Path>),
    /// A call of a library.
    Term(Rc<Term>),
    /// A name that stands for an engine.
    Engine(Rc<str>),
}

/// An instance of a class of the migration.
#[derive(Debug)]
pub struct This {
    /// Its class.
    pub class: ClassRef,
    /// What the library's base class makes of it.
    pub path: Rc<str>,
    /// Its attributes.
    pub fields: RefCell<Vec<(Rc<str>, Value)>>,
}

/// Something of a library: a module, function, class, or what a call gave.
#[derive(Clone, Debug)]
pub struct Path {
    /// Its qualified name.
    pub name: Rc<str>,
    /// Arguments that calls on it have besides their own.
    pub carried: Rc<[(Rc<str>, Value)]>,
    /// Calls on it are kept here, and send nothing themselves.
    pub collector: Option<Rc<Term>>,
}

/// An argument of a call.
#[derive(Clone, Debug)]
pub struct Argument {
    /// Keyword.
    pub name: Option<Rc<str>>,
    /// Value.
    pub value: Value,
}

/// A call of a library, with what was called on its value.
#[derive(Debug)]
pub struct Term {
    /// Qualified name of what is called.
    pub callee: Rc<str>,
    /// Arguments.
    pub args: Vec<Argument>,
    /// Arguments from what it is called on.
    pub carried: Rc<[(Rc<str>, Value)]>,
    /// Methods called on its value.
    pub links: RefCell<Vec<LinkCall>>,
    /// Calls in functions that it runs, and calls on its value that are parts of it.
    pub items: Rc<RefCell<Vec<Value>>>,
    /// What functions among its arguments gave, by the argument's name.
    pub results: RefCell<Vec<(Rc<str>, Value)>>,
    /// Where it stands: in the migration's own file, where it is reached from there.
    pub place: Place,
}

/// A method called on the value of a call.
#[derive(Clone, Debug)]
pub struct LinkCall {
    /// Its name.
    pub name: Rc<str>,
    /// Arguments.
    pub args: Vec<Argument>,
    /// What functions among its arguments gave.
    pub results: Vec<(Rc<str>, Value)>,
}

/// Names of a function's run, with those around it.
#[derive(Clone, Debug)]
pub struct Scope(Rc<ScopeNames>);

#[derive(Debug)]
struct ScopeNames {
    names: RefCell<Vec<(Rc<str>, Value)>>,
    outer: Option<Scope>,
}

impl Scope {
    /// An empty scope.
    pub fn new(outer: Option<Scope>) -> Scope {
        Scope(Rc::new(ScopeNames { names: RefCell::default(), outer }))
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<Value> {
        let own = self.0.names.borrow().iter().rev().find(|n| &*n.0 == name).map(|n| n.1.clone());
        own.or_else(|| self.0.outer.as_ref()?.get(name))
    }

    /// Sets a name: where it is known, else here.
    pub fn set(&self, name: &str, value: Value) {
        if !self.replace(name, &value) {
            self.declare(name, value);
        }
    }

    /// Sets a name here.
    pub fn declare(&self, name: &str, value: Value) {
        let mut names = self.0.names.borrow_mut();
        match names.iter_mut().find(|n| &*n.0 == name) {
            Some(entry) => entry.1 = value,
            None => names.push((name.into(), value)),
        }
    }

    fn replace(&self, name: &str, value: &Value) -> bool {
        if let Some(entry) = self.0.names.borrow_mut().iter_mut().find(|n| &*n.0 == name) {
            entry.1 = value.clone();
            return true;
        }
        self.0.outer.as_ref().is_some_and(|o| o.replace(name, value))
    }
}

impl Value {
    /// Known text without a place.
    pub fn text(text: impl Into<Rc<str>>) -> Value {
        Value::Text(text.into(), Place::default())
    }

    /// A list.
    pub fn list(items: Vec<Value>) -> Value {
        Value::List(Rc::new(RefCell::new(items)))
    }

    /// An object.
    pub fn map(entries: Vec<(Rc<str>, Value)>) -> Value {
        Value::Map(Rc::new(RefCell::new(entries)))
    }

    /// Something of a library.
    pub fn path(name: impl Into<Rc<str>>) -> Value {
        Value::Path(Rc::new(Path { name: name.into(), carried: Rc::new([]), collector: None }))
    }

    /// Its text, where it is text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text, _) => Some(text),
            _ => None,
        }
    }

    /// Whether it counts as true; `None`: not known.
    pub fn truth(&self) -> Option<bool> {
        Some(match self {
            Value::Unknown(_) | Value::Path(_) | Value::Term(_) | Value::Engine(_) => return None,
            Value::Null => false,
            Value::Bool(b) => *b,
            Value::Number(n) => n.parse::<f64>().is_ok_and(|n| n != 0.0),
            Value::Text(text, _) => !text.is_empty(),
            Value::List(items) => !items.borrow().is_empty(),
            Value::Map(_) | Value::Function(..) | Value::Class(_) | Value::This(_) | Value::Module(_) => true,
        })
    }

    /// An entry of an object.
    pub fn entry(&self, key: &str) -> Option<Value> {
        match self {
            Value::Map(entries) => entries.borrow().iter().rev().find(|e| &*e.0 == key).map(|e| e.1.clone()),
            _ => None,
        }
    }
}
