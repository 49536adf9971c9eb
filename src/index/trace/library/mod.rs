//! What the packs say of a library's values and calls, carried out on values and queries.

mod acts;
mod calls;
mod cascade;
mod entities;
mod expressions;
mod form;
mod functions;
mod given;
mod includes;
mod joins;
mod kinds;
mod learnt;
mod listing;
mod members;
mod names;
mod nested;
mod objects;
mod read;
mod rows;
mod scan;
mod send;
mod set;
mod sql;
#[cfg(test)]
mod tests;
mod walk;
mod words;

pub(super) use learnt::Learnt;
pub(super) use words::Vocabulary;

use super::value::{Argument, Handle, ObjectId, Value};
use super::{Callee, Tracer};
use crate::index::mapping::{ModelId, Named, Origin};
use crate::index::program::FileId;
use crate::model::code::Type;

impl Tracer<'_> {
    /// An attribute of a model, handle, entity, expression, row, relation or something external; `None` where the
    /// packs know of none. Fields and relations of models come here before the program's own class is asked, all
    /// else after.
    pub(super) fn library_member(&mut self, object: &Value, name: &Named) -> Option<Value> {
        self.member(object, name)
    }

    /// What a model is called, where a member of that name says so.
    pub(super) fn library_name_of(&self, model: ModelId, member: &str) -> Option<std::rc::Rc<str>> {
        let pack = self.pack_of(model)?;
        let said = self.words.members(pack, "model", member).any(|m| m.gives == "model-name" && m.names.iter().any(|n| n == member));
        self.models.get(model).filter(|_| said).map(|m| m.name.text.clone())
    }

    /// A call of a library's function, of a method of a library's value (or of an unknown one), or of such a value
    /// itself; `None` where the packs know of none.
    pub(super) fn library_call(&mut self, callee: &Callee, args: &[Argument], site: Origin) -> Option<Value> {
        self.called(callee, args, site)
    }

    /// A query or rows whose type code names (`knex<Row>('items')`, `(row: Row) => ...`).
    pub(super) fn library_row_type(&mut self, given: &Value, types: &[Value]) {
        if let Value::Handle(Handle { query: Some(query), .. }) | Value::Row { query, .. } = given {
            self.row_type(*query, types);
        }
    }

    /// `Model(...)`, `Model{...}`, `new Model(...)`: an entity. `named` is where the call names the model.
    pub(super) fn library_construct(&mut self, model: ModelId, named: Option<Origin>, args: &[Argument], site: Origin) -> Value {
        self.constructed(model, named, args, site)
    }

    /// `function[Type]`, not called: what one of the types stands for, where the packs say so of the function.
    pub(super) fn library_instantiated(&self, function: &Value, types: &[Value], site: Origin) -> Option<Value> {
        let Value::External(name) = function else { return None };
        let rule = self.words.function(self.language_of(site.file), name, 0)?;
        let at = self.words.call(rule)?.gives.strip_prefix("type:")?.parse::<usize>().ok()?;
        types.get(at).cloned()
    }

    /// `entity.name = value`.
    pub(super) fn library_assign(&mut self, entity: ObjectId, name: &Named, value: Value, site: Origin) {
        self.assigned(entity, name, value, site);
    }

    /// `left op right`, where one side comes from a library.
    pub(super) fn library_binary(&mut self, op: &str, left: &Value, right: &Value, site: Origin) -> Option<Value> {
        self.binary(op, left, right, site)
    }

    /// `op value`.
    pub(super) fn library_unary(&mut self, op: &str, value: &Value, site: Origin) -> Option<Value> {
        self.unary(op, value, site)
    }

    /// `value[key]`; slices have an unknown key.
    pub(super) fn library_index(&mut self, value: &Value, key: &Value, site: Origin) -> Option<Value> {
        self.indexed(value, key, site)
    }

    /// One item of what a value gives when it is walked through (`for x in value`, `list(value)`, `await value` has
    /// [`Tracer::library_await`]); `None` where it is nothing of a library.
    pub(super) fn library_iterate(&mut self, value: &Value, site: Origin) -> Option<Value> {
        self.iterated(value, site)
    }

    /// `await value`, a statement that is a value of its own.
    pub(super) fn library_await(&mut self, value: &Value, site: Origin) -> Option<Value> {
        self.awaited(value, site)
    }

    /// A template with a tag of the library.
    pub(super) fn library_tagged(&mut self, tag: &Value, parts: &[super::value::TextPart], site: Origin) -> Option<Value> {
        self.tagged(tag, parts, site)
    }

    /// A value of a type that is a model's class or comes from a library (`Session`, `Repository<User>`, `*gorm.DB`,
    /// `[]Order`); [`Value::Unknown`] where the packs know of none.
    pub(super) fn value_of_type(&mut self, file: FileId, ty: &Type, site: Origin) -> Value {
        self.typed(file, ty, false, site, 0)
    }

    /// A value of the library that an interface of the program stands for (Go): its file imports the library, whose value
    /// has all of its methods.
    pub(super) fn library_interface(&self, interface: crate::index::program::ClassRef) -> Option<Value> {
        self.stands_for(interface)
    }

    /// Takes the fields that the attributes of a class list for uses.
    pub(super) fn library_listed(&mut self, class: crate::index::program::ClassRef, site: Origin) {
        self.listed(class, site);
    }

    /// Whether what is left of a library's queries is sent by what it is given to.
    pub(super) fn library_sends_leftovers(&self, pack: &str) -> bool {
        self.words.pack(pack).and_then(|p| self.words.mapper(p)).is_some_and(|m| m.sends_leftovers)
    }

    /// Sends a query, complete.
    pub(super) fn library_dispatch(&mut self, query: super::query::QueryId, site: Origin) {
        self.dispatch(query, site);
    }

    /// What a parameter or attribute of unknown type stands for by the names of models (`ticket`).
    pub(super) fn library_entity(&mut self, name: &str, site: Origin) -> Option<Value> {
        self.entity_named(name, site)
    }

    /// What a parameter of a function stands for by a decorator of it that was given `first`: an entity that something
    /// happens to (`@event.listens_for(Order, "load")`).
    pub(super) fn library_listened(&mut self, decorator: &str, first: &Value, parameter: &str, site: Origin) -> Option<Value> {
        self.listened(decorator, first, parameter, site)
    }

    /// What a name that nothing defines, or a parameter or attribute of unknown type, stands for by the packs' names
    /// of variables (`db`, `session`, `knex`).
    pub(super) fn library_variable(&mut self, file: FileId, name: &str, _site: Origin) -> Option<Value> {
        self.named_so(file, name)
    }
}
