//! What follows from names and types of the program alone, so that it is the same whenever it is asked for: kept
//! when it was found out once.

use super::render;
use crate::index::mapping::ModelId;
use crate::index::program::{ClassRef, FileId, FunctionRef};
use crate::index::trace::Tracer;
use crate::index::trace::library::Learnt;
use crate::index::trace::value::Value;
use crate::model::code::Expr;
use rustc_hash::FxHashMap as HashMap;
use std::cell::RefCell;
use std::rc::Rc;

/// Type parameters with what they stand for.
type Types = Rc<[(Rc<str>, Value)]>;
/// Pack, kind and model.
type Kind = Option<(usize, Rc<str>, Option<ModelId>)>;

/// What is known of the program.
#[derive(Default)]
pub(super) struct Known<'a> {
    /// What type parameters of a class's bases stand for.
    types: HashMap<ClassRef, Types>,
    /// The library's class that a class extends, as a value of it.
    library_bases: HashMap<ClassRef, Value>,
    /// The same by its name.
    base_names: HashMap<ClassRef, Value>,
    /// The kind that a class of the program extends.
    kinds: RefCell<HashMap<ClassRef, Kind>>,
    /// Classes of methods.
    owners: RefCell<HashMap<FunctionRef, Option<ClassRef>>>,
    /// Whether reading an attribute runs the function.
    properties: RefCell<HashMap<FunctionRef, bool>>,
    /// Expressions as people read them. By place in memory: the program stays where it is.
    shown: HashMap<*const Expr, Rc<str>>,
    /// Models of names by what their files do with them.
    learnt: RefCell<HashMap<FileId, Rc<Learnt>>>,
    /// Names that values of modules are assigned to.
    assigned: HashMap<*const Expr, Option<&'a str>>,
}

impl<'a> Tracer<'a> {
    /// What the type parameters of a class's bases stand for.
    pub(super) fn class_types(&mut self, class: ClassRef) -> Types {
        if let Some(known) = self.state.known.types.get(&class) {
            return known.clone();
        }
        let types = self.find_class_types(class);
        self.state.known.types.insert(class, types.clone());
        types
    }

    /// What the library's class is that a class of the program extends, as a value of it.
    pub(super) fn library_base(&mut self, class: ClassRef) -> Value {
        if let Some(known) = self.state.known.library_bases.get(&class) {
            return known.clone();
        }
        let value = self.find_library_base(class);
        self.state.known.library_bases.insert(class, value.clone());
        value
    }

    /// The library's class that a class of the program extends, by its name.
    pub(super) fn base_of_class(&mut self, class: ClassRef) -> Value {
        if let Some(known) = self.state.known.base_names.get(&class) {
            return known.clone();
        }
        let value = self.find_base_of_class(class);
        self.state.known.base_names.insert(class, value.clone());
        value
    }

    /// The class that a method belongs to.
    pub(super) fn class_of(&self, function: FunctionRef) -> Option<ClassRef> {
        if let Some(known) = self.state.known.owners.borrow().get(&function) {
            return *known;
        }
        let class = self.find_class_of(function);
        self.state.known.owners.borrow_mut().insert(function, class);
        class
    }

    /// Whether reading the attribute runs the function.
    pub(super) fn is_property(&self, function: FunctionRef) -> bool {
        if let Some(known) = self.state.known.properties.borrow().get(&function) {
            return *known;
        }
        let property = self.find_is_property(function);
        self.state.known.properties.borrow_mut().insert(function, property);
        property
    }

    /// The kind that a class of the program extends, with the model that its base is of.
    pub(in crate::index::trace) fn kind_of_class(&self, class: ClassRef) -> Kind {
        if let Some(known) = self.state.known.kinds.borrow().get(&class) {
            return known.clone();
        }
        let kind = self.find_kind_of_class(class);
        self.state.known.kinds.borrow_mut().insert(class, kind.clone());
        kind
    }

    /// Models of names by what a file does with them, which `find` tells.
    pub(in crate::index::trace) fn learnt_names(&self, file: FileId, find: impl FnOnce(&Self) -> Learnt) -> Rc<Learnt> {
        if let Some(known) = self.state.known.learnt.borrow().get(&file) {
            return known.clone();
        }
        let learnt = Rc::new(find(self));
        self.state.known.learnt.borrow_mut().insert(file, learnt.clone());
        learnt
    }

    /// An expression as it is written, shortened.
    pub(super) fn shown(&mut self, expr: &'a Expr) -> Rc<str> {
        self.state.known.shown.entry(std::ptr::from_ref(expr)).or_insert_with(|| render::expression(expr)).clone()
    }

    /// The name that a value of a module is assigned to, once `find` has told it.
    pub(super) fn assigned_name(&mut self, value: &'a Expr, find: impl FnOnce() -> Option<&'a str>) -> Option<&'a str> {
        *self.state.known.assigned.entry(std::ptr::from_ref(value)).or_insert_with(find)
    }
}
