//! Functions as values, and those that nobody was seen to call.

use crate::index::program::FunctionRef;
use crate::index::trace::Tracer;
use crate::index::trace::value::Value;

/// Closures of one entry point that are run though nobody was seen to call them.
const MAX_PENDING: usize = 400;

impl<'a> Tracer<'a> {
    /// A function made in the running frame.
    pub(super) fn closure(&mut self, function: FunctionRef) -> Value {
        let frame = self.state.at;
        // functions of the module are entry points of their own
        let inner = self.frame().function.is_some();
        if inner && self.state.pending.len() < MAX_PENDING && !self.state.pending.iter().any(|p| p.0 == function) {
            self.state.pending.push((function, frame));
        }
        Value::Function { function, receiver: None, frame: Some(frame) }
    }

    /// Runs the functions that were made since, but that nothing has called: handlers, callbacks of libraries.
    pub(super) fn run_pending(&mut self) {
        let mut rounds = 0;
        while rounds < MAX_PENDING {
            let Some((function, frame)) = self.state.pending.pop() else { return };
            rounds += 1;
            if self.state.ran.contains(&function) {
                continue;
            }
            let Some(code) = self.program.function(function) else { continue };
            let site = crate::index::mapping::Origin { file: function.file, span: code.span };
            self.state.stack.clear();
            self.run_function(function, None, Some(frame), Vec::new(), std::rc::Rc::from([]), site, true);
        }
        self.state.pending.clear();
    }
}
