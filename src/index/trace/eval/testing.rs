//! What tests get from production code.
//!
//! Tests set up whole applications, each of them anew: following that would cost many times what all the rest does, and
//! what production code sends is known from its own entry points. So a call of it from a test gives what it gives
//! whoever calls it, unless the arguments decide what is sent: models, classes, callbacks, queries.

use crate::index::mapping::Origin;
use crate::index::program::{ClassRef, FileId, FunctionRef};
use crate::index::trace::Tracer;
use crate::index::trace::value::{Argument, Object, Value};
use crate::model::statement::Scope;

/// Values inside values that are looked at.
const DEPTH: usize = 3;

impl Tracer<'_> {
    /// Whether a file holds production code.
    pub(super) fn is_production(&self, file: FileId) -> bool {
        self.program.file(file).is_some_and(|f| f.scope == Scope::Production)
    }

    /// What a call of production code from a test gives; `None` where it must be followed.
    pub(super) fn given_to_test(
        &mut self,
        function: FunctionRef,
        receiver: Option<&Value>,
        args: &[Argument],
        site: Origin,
    ) -> Option<Value> {
        if !self.state.testing || !self.is_production(function.file) {
            return None;
        }
        if receiver.is_some_and(|r| self.decides(r, 0)) || args.iter().any(|a| self.decides(&a.value, 0)) {
            return None;
        }
        let own = receiver.and_then(|r| self.class_of_value(r));
        let class = self.class_of(function);
        self.known_in_general(function, own.or(class), site).or_else(|| self.known_in_general(function, class, site))
    }

    /// What a test gets that makes an instance of a class of production code; `None` where that must be followed.
    pub(super) fn made_for_test(&mut self, class: ClassRef, args: &[Argument], site: Origin) -> Option<Value> {
        let simple = self.state.testing && self.is_production(class.file) && !args.iter().any(|a| self.decides(&a.value, 0));
        simple.then(|| self.instance_of_class(class, site))
    }

    fn class_of_value(&self, value: &Value) -> Option<ClassRef> {
        if let Value::Class(class) = value {
            return Some(*class);
        }
        match self.object(self.instance_of(value)?)? {
            Object::Instance { class, .. } => Some(*class),
            _ => None,
        }
    }

    /// Whether what is sent can depend on a value, as more than what it filters by or writes.
    fn decides(&self, value: &Value, depth: usize) -> bool {
        match value {
            Value::Unknown | Value::Null | Value::Scalar(_) | Value::Text(_) | Value::External(_) | Value::Module(_) => false,
            Value::Handle(handle) => handle.query.is_some() || handle.model.is_some() || handle.of.is_some(),
            Value::Tuple(all) | Value::OneOf(all) => all.iter().any(|v| self.decides(v, depth + 1)),
            Value::Function { .. } | Value::Class(_) => depth == 0,
            Value::Object(id) if depth < DEPTH => match self.object(*id) {
                Some(Object::List { items, .. }) => items.iter().any(|v| self.decides(v, depth + 1)),
                Some(Object::Map { entries, .. }) => entries.iter().any(|(_, v)| self.decides(v, depth + 1)),
                Some(Object::Instance { fields, .. }) => {
                    fields.iter().any(|(_, v)| matches!(v, Value::Model { .. } | Value::Relation { .. }))
                }
                Some(Object::Entity { .. }) | None => false,
            },
            Value::Object(_) => false,
            Value::Model { .. } | Value::Expr(_) | Value::Relation { .. } | Value::Row { .. } | Value::Method { .. } | Value::Key(_) => {
                true
            }
        }
    }
}
