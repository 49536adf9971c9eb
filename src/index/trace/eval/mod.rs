//! Runs lowered code on values.

mod driver;
mod send;

use super::Tracer;
use super::value::{Argument, TextPart, Value};
use crate::index::mapping::{Named, Origin};
use std::marker::PhantomData;

/// What only the evaluator keeps.
#[derive(Default)]
pub(super) struct State<'a> {
    code: PhantomData<&'a ()>,
}

impl Tracer<'_> {
    /// Runs a function, method or closure of the program with these arguments, or calls what comes from a library,
    /// and gives what it returns. [`Value::Unknown`] where it is neither, or calls are nested too deep.
    pub(super) fn call_function(&mut self, _function: &Value, _args: Vec<Argument>, _site: Origin) -> Value {
        Value::Unknown
    }

    /// A method of the program that a value has (the class of an instance, entity, model, or handle with a class of
    /// its own), called; `None` where the program defines none of this name.
    pub(super) fn call_own_method(&mut self, _receiver: &Value, _name: &str, _args: Vec<Argument>, _site: Origin) -> Option<Value> {
        None
    }

    /// The text of a value, where all of it is known, with the place of its first piece.
    pub(super) fn text_of(&self, value: &Value) -> Option<Named> {
        if let Value::Text(text) = value
            && let [TextPart::Value(inner)] = &*text.parts
        {
            return self.text_of(inner);
        }
        value.text()
    }
}
