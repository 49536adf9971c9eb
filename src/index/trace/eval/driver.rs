//! Which code is evaluated, in which order.

use crate::grammar::PackSet;
use crate::index::mapping::Models;
use crate::index::program::Program;
use crate::index::trace::{Found, Traced, Tracer};

impl<'a> Tracer<'a> {
    /// A tracer that has evaluated nothing.
    pub(in crate::index::trace) fn new(program: &'a Program<'a>, models: &'a Models, packs: &'a PackSet) -> Self {
        Tracer {
            program,
            models,
            packs,
            objects: Vec::new(),
            queries: Vec::new(),
            found: Found::default(),
            words: std::rc::Rc::new(crate::index::trace::library::Vocabulary::new(packs)),
            state: super::State::default(),
        }
    }

    /// Evaluates every entry point.
    pub(in crate::index::trace) fn run(self) -> Traced {
        let Found { sent, uses, open, counts } = self.found;
        Traced { sent, queries: self.queries, uses, open, counts }
    }
}
