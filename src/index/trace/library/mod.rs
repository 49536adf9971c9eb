//! What the packs say of a library's values and calls, carried out on values and queries.

use super::value::{Argument, Object, ObjectId, Value};
use super::{Callee, Tracer};
use crate::index::mapping::{ModelId, Named, Origin};
use crate::index::program::FileId;
use crate::model::code::Type;

impl Tracer<'_> {
    /// An attribute of a model, handle, entity, expression, row, relation or something external; `None` where the
    /// packs know of none. Fields and relations of models come here before the program's own class is asked, all
    /// else after.
    pub(super) fn library_member(&mut self, _object: &Value, _name: &Named) -> Option<Value> {
        None
    }

    /// A call of a library's function, of a method of a library's value (or of an unknown one), or of such a value
    /// itself; `None` where the packs know of none.
    pub(super) fn library_call(&mut self, _callee: &Callee, _args: &[Argument], _site: Origin) -> Option<Value> {
        None
    }

    /// `Model(...)`, `Model{...}`, `new Model(...)`: an entity.
    pub(super) fn library_construct(&mut self, model: ModelId, args: &[Argument], site: Origin) -> Value {
        let written = args.iter().filter_map(|a| Some((a.name.clone()?, a.value.clone(), a.origin))).collect();
        Value::Object(self.allocate(Object::Entity { model, many: false, fresh: true, written, query: None, origin: site }))
    }

    /// `entity.name = value`.
    pub(super) fn library_assign(&mut self, entity: ObjectId, name: &Named, value: Value, site: Origin) {
        if let Some(Object::Entity { written, .. }) = self.object_mut(entity) {
            written.push((name.clone(), value, site));
        }
    }

    /// `left op right`, where one side comes from a library.
    pub(super) fn library_binary(&mut self, _op: &str, _left: &Value, _right: &Value, _site: Origin) -> Option<Value> {
        None
    }

    /// `op value`.
    pub(super) fn library_unary(&mut self, _op: &str, _value: &Value, _site: Origin) -> Option<Value> {
        None
    }

    /// `value[key]`; slices have an unknown key.
    pub(super) fn library_index(&mut self, _value: &Value, _key: &Value, _site: Origin) -> Option<Value> {
        None
    }

    /// One item of what a value gives when it is walked through (`for x in value`, `list(value)`, `await value` has
    /// [`Tracer::library_await`]); `None` where it is nothing of a library.
    pub(super) fn library_iterate(&mut self, _value: &Value, _site: Origin) -> Option<Value> {
        None
    }

    /// `await value`, a statement that is a value of its own.
    pub(super) fn library_await(&mut self, _value: &Value, _site: Origin) -> Option<Value> {
        None
    }

    /// A template with a tag of the library.
    pub(super) fn library_tagged(&mut self, _tag: &Value, _parts: &[super::value::TextPart], _site: Origin) -> Option<Value> {
        None
    }

    /// A value of a type that is a model's class or comes from a library (`Session`, `Repository<User>`, `*gorm.DB`,
    /// `[]Order`); [`Value::Unknown`] where the packs know of none.
    pub(super) fn value_of_type(&mut self, _file: FileId, _ty: &Type, _site: Origin) -> Value {
        Value::Unknown
    }

    /// What a name that nothing defines, or a parameter or attribute of unknown type, stands for by the packs' names
    /// of variables (`db`, `session`, `knex`).
    pub(super) fn library_variable(&mut self, _file: FileId, _name: &str, _site: Origin) -> Option<Value> {
        None
    }
}
