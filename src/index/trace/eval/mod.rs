//! Runs lowered code on values.

mod arguments;
mod builtin;
mod calls;
mod classes;
mod closures;
mod driver;
mod expressions;
mod folders;
mod globals;
mod instances;
mod interest;
mod join;
mod join_queries;
mod known;
mod literals;
mod members;
mod memo;
mod names;
mod render;
mod send;
#[cfg(test)]
mod sent_tests;
mod statements;
mod targets;
mod testing;
#[cfg(test)]
mod tests;
mod texts;
mod types;

pub(super) use interest::look_up;

use super::Tracer;
use super::carried::Drawn;
use super::value::{Object, ObjectId, TextPart, Value};
use crate::index::mapping::{Named, Origin};
use crate::index::program::{ClassRef, FileId, FunctionRef};
use crate::model::facts::Language;
use crate::model::span::Span;
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use std::cell::RefCell;
use std::rc::Rc;

/// Calls inside calls that are followed.
const MAX_CALLS: usize = 8;
/// Expressions inside expressions that are followed.
const MAX_NESTING: usize = 200;
/// Steps of one entry point.
const ENTRY_STEPS: u64 = 30_000;
/// Steps of a whole service.
const SERVICE_STEPS: u64 = 30_000_000;
/// Items of a list, entries of a map that are kept.
const MAX_ITEMS: usize = 400;

/// Index into [`State::frames`].
type FrameId = u32;

/// What only the evaluator keeps.
#[derive(Default)]
pub(super) struct State<'a> {
    /// Frames of modules, then those of the running entry point.
    frames: Vec<Frame<'a>>,
    /// The running frame.
    at: FrameId,
    /// Frames of modules that were begun.
    modules: HashMap<FileId, FrameId>,
    /// Functions that are running, outermost first.
    stack: Vec<FunctionRef>,
    /// Expressions that are being evaluated inside each other.
    nesting: usize,
    /// Modules whose bodies are being run, inside each other.
    module_depth: usize,
    /// Branches and loops that are being run, inside each other.
    branches: usize,
    /// Steps that the running entry point may still make.
    steps: u64,
    /// Where the code begins that these steps are for.
    begun: Option<Origin>,
    /// Queries that functions of something else were given.
    given_away: Vec<Value>,
    /// Functions that were run at least once, to their end.
    ran: HashSet<FunctionRef>,
    /// The function of the program that was run last, of the call that was evaluated last.
    last_run: Option<FunctionRef>,
    /// Functions whose results callers build on.
    helpers: HashSet<FunctionRef>,
    /// Closures that were made and not yet run.
    pending: Vec<(FunctionRef, FrameId)>,
    /// Class attributes that are known or (`None`) being evaluated.
    attributes: HashMap<(ClassRef, Rc<str>), Option<Value>>,
    /// What code hangs on the object of all globals (`global.app = ...`), once it was asked for.
    assigned: Option<Rc<globals::Assignments<'a>>>,
    /// Its values, by name.
    globals: HashMap<Rc<str>, Value>,
    /// Objects that modules export and whose methods were called.
    exports: HashMap<FileId, Value>,
    /// Base classes, nearest first.
    orders: HashMap<ClassRef, Rc<[ClassRef]>>,
    /// Methods of Go types by receiver type.
    receivers: Option<classes::Receivers<'a>>,
    /// Which methods of a class assign which attribute of its instances.
    setters: HashMap<ClassRef, Rc<classes::Setters<'a>>>,
    /// Attributes that are being looked for by running the methods that assign them.
    seeking: Vec<(ClassRef, Rc<str>)>,
    /// Attributes that constructors leave empty and in which no method puts anything known.
    never_filled: HashSet<(ClassRef, Rc<str>)>,
    /// Instances of the program's classes that modules make for a model each (`users = Crud(User)`).
    pub(in crate::index::trace) made: Vec<(ClassRef, Value)>,
    /// Instances that entry points run on.
    prototypes: HashMap<ClassRef, Value>,
    /// What the names and types of the program say, once it was asked for.
    known: known::Known<'a>,
    /// Entries of literals that code reads.
    pub(in crate::index::trace) drawn: Rc<RefCell<Drawn>>,
    /// What calls gave.
    memo: memo::Memo,
    /// The running entry point is a test.
    testing: bool,
    /// Subclasses of each class.
    subclasses: HashMap<ClassRef, Vec<ClassRef>>,
}

impl State<'_> {
    /// How much there is that outlives entry points.
    fn lasting(&self) -> [usize; 4] {
        [self.modules.len(), self.attributes.len(), self.globals.len(), self.exports.len()]
    }
}

/// Variables of a running (or finished, but captured) function or module.
#[derive(Clone, Debug, Default)]
struct Frame<'a> {
    file: FileId,
    /// The function; `None`: a module or class body.
    function: Option<FunctionRef>,
    /// Class in whose method or body the code stands.
    class: Option<ClassRef>,
    /// `self`, `this`, the receiver.
    receiver: Option<Value>,
    vars: HashMap<&'a str, Value>,
    /// Frame that the function was made in.
    parent: Option<FrameId>,
    /// What type parameters stand for.
    types: Rc<[(Rc<str>, Value)]>,
    /// What was returned so far.
    returned: Option<Value>,
    /// The rest of the block is not reached.
    left: bool,
}

impl<'a> Tracer<'a> {
    /// The text of a value, where all of it is known, with the place of its first piece.
    pub(super) fn text_of(&self, value: &Value) -> Option<Named> {
        if let Value::Text(text) = value
            && let [TextPart::Value(inner)] = &*text.parts
        {
            return self.text_of(inner);
        }
        value.text()
    }

    fn current_frame(&mut self) -> &mut Frame<'a> {
        if self.state.frames.is_empty() {
            self.state.frames.push(Frame::default());
        }
        let at = (self.state.at as usize).min(self.state.frames.len() - 1);
        &mut self.state.frames[at]
    }

    fn file_here(&self) -> FileId {
        self.state.frames.get(self.state.at as usize).map_or(0, |f| f.file)
    }

    fn class_here(&self) -> Option<ClassRef> {
        let mut at = Some(self.state.at);
        for _ in 0..MAX_NESTING {
            let frame = self.state.frames.get(at? as usize)?;
            if frame.class.is_some() {
                return frame.class;
            }
            at = frame.parent;
        }
        None
    }

    fn language_here(&self) -> Language {
        self.program.file(self.file_here()).map_or(Language::Python, |f| f.language)
    }

    fn origin_here(&self, span: Span) -> Origin {
        Origin { file: self.file_here(), span }
    }

    fn push_frame(&mut self, frame: Frame<'a>) -> FrameId {
        self.state.frames.push(frame);
        (self.state.frames.len() - 1) as FrameId
    }

    /// Runs `work` in another frame.
    fn inside<T>(&mut self, frame: FrameId, work: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.state.at, frame);
        let value = work(self);
        self.state.at = before;
        value
    }

    /// Whether there are steps left; counts one.
    fn count_step(&mut self) -> bool {
        if self.state.steps == 0 {
            return false;
        }
        self.state.steps -= 1;
        self.found.counts.steps += 1;
        true
    }

    fn new_list(&mut self, items: Vec<Value>, open: bool) -> Value {
        Value::Object(self.allocate(Object::List { items, open }))
    }

    fn new_map(&mut self, entries: Vec<(super::value::MapKey, Value)>, open: bool) -> Value {
        Value::Object(self.allocate(Object::Map { entries, open }))
    }

    /// The object that a value stands for: itself, or the instance of a handle.
    fn instance_of(&self, value: &Value) -> Option<ObjectId> {
        match value {
            Value::Object(id) => Some(*id),
            Value::Handle(handle) => handle.instance,
            _ => None,
        }
    }

    /// Values one by one: those of a choice that can hold something, else the value itself.
    fn choices(&self, value: &Value) -> Vec<Value> {
        match value {
            Value::OneOf(all) => {
                let known: Vec<Value> = all.iter().filter(|v| !matches!(v, Value::Unknown | Value::Null)).cloned().collect();
                if known.is_empty() { vec![Value::Unknown] } else { known }
            }
            other => vec![other.clone()],
        }
    }
}
