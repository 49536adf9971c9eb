//! Follows values through the code of a service, by what the packs say of the libraries' kinds and calls, to the
//! statements that will be sent.
//!
//! `eval` runs the code of functions on [`value::Value`]s: names, assignments, branches (what is built in each is
//! joined), loops, calls of the program's own functions. What comes from a library is for `library`: it looks the
//! call up in the packs, reads the arguments as the steps say and changes the [`query::Query`]. Statements that
//! are sent are handed to [`crate::index::compose`]. Everything is bounded: depth of calls, steps of a function,
//! choices of a value; what was cut is counted.

mod carried;
mod eval;
mod library;
pub mod query;
pub mod value;

use crate::grammar::PackSet;
use crate::index::mapping::{FieldId, ModelId, Models, Named, Origin};
use crate::index::program::{FunctionRef, Program};
use crate::model::statement::Scope;
use query::{Query, QueryId};
use rustc_hash::FxHashMap as HashMap;
use std::rc::Rc;
use value::{Object, ObjectId, Value};

/// What the code of a service sends.
#[derive(Clone, Debug, Default)]
pub struct Traced {
    /// Statements, by file and place; the same statement at the same place is there once.
    pub sent: Vec<Sent>,
    /// The queries that they are made of.
    pub queries: Vec<Query>,
    /// Attributes of entities that code reads, by file and place.
    pub uses: Vec<Use>,
    /// Structs that rows are read into.
    pub scans: Vec<Scan>,
    /// Columns that code reads off rows that are no entities, by file and place.
    pub row_uses: Vec<RowUse>,
    /// Places where something is sent that could not be told.
    pub open: Vec<Open>,
    /// What was done and what was cut.
    pub counts: Counts,
}

/// A statement that is sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The statement.
    pub query: QueryId,
    /// The call, assignment or attribute that sends it.
    pub site: Origin,
    /// The whole statement within the function: from its first part to the end of the sending call.
    pub statement: Origin,
    /// The function that sends it; `None`: the module itself.
    pub function: Option<FunctionRef>,
    /// Production or test.
    pub scope: Scope,
}

/// An attribute of a loaded entity, or of a model, that code reads.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Use {
    /// The attribute's place.
    pub origin: Origin,
    /// Model.
    pub model: ModelId,
    /// Field.
    pub field: FieldId,
    /// It is read off an object that code made of the entity's attributes, under the same name.
    pub carried: bool,
}

/// A struct that the rows of a statement are read into, or whose fields are its named parameters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scan {
    /// The calls that make and send the statement.
    pub calls: Vec<Origin>,
    /// The struct.
    pub model: ModelId,
}

/// A column that code reads off a row of a builder's query, or lists in the type of such rows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RowUse {
    /// The place of the name.
    pub origin: Origin,
    /// Tables, one of which has the column: schema and name; empty where the text of a statement says so.
    pub tables: Vec<(Option<Named>, Named)>,
    /// Where that text begins.
    pub text: Option<Origin>,
    /// The column.
    pub column: Rc<str>,
    /// Pack whose query it is, by id.
    pub pack: Rc<str>,
}

/// A place where something is sent or built that could not be told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Open {
    /// The place.
    pub origin: Origin,
    /// Why, for people.
    pub reason: Rc<str>,
}

/// What the evaluation did and what it cut.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Functions, methods and modules that were evaluated as entry points.
    pub entries: u32,
    /// Functions that hold nothing of interest.
    pub skipped: u32,
    /// Expressions and statements evaluated.
    pub steps: u64,
    /// Calls that were not followed because they were nested too deep.
    pub deep: u32,
    /// Entry points that were left before their end.
    pub unfinished: u32,
    /// Values of which some choices were dropped.
    pub narrowed: u32,
}

/// What is called.
#[derive(Clone, Debug)]
pub enum Callee {
    /// A function or class of a library, by its qualified name with dots (`sqlalchemy.select`), with the type
    /// arguments of the call.
    Function { name: Rc<str>, types: Rc<[Value]> },
    /// A method of a value.
    Method { receiver: Value, name: Named, types: Rc<[Value]> },
    /// The value itself (`knex('items')`).
    Itself(Value),
}

/// Evaluates the code of one service.
pub struct Tracer<'a> {
    program: &'a Program<'a>,
    models: &'a Models,
    packs: &'a PackSet,
    /// Lists, maps, instances, entities. Library code uses [`Tracer::object`], [`Tracer::object_mut`],
    /// [`Tracer::allocate`].
    objects: Vec<Object>,
    /// Queries under construction.
    queries: Vec<Query>,
    /// What was sent and found while the current entry point runs.
    found: Found,
    /// What the packs say.
    words: Rc<library::Vocabulary>,
    /// What outlives the current entry point, as it was before.
    kept: Kept,
    /// The evaluator's own state.
    state: eval::State<'a>,
}

/// What an entry point brought to light, before it is merged.
#[derive(Default)]
struct Found {
    sent: Vec<Sent>,
    /// What functions return that is sent where it is awaited, unless callers build on it.
    returned: Vec<(Sent, FunctionRef)>,
    /// What was built and not sent by the running entry point.
    unsent: Vec<Sent>,
    /// The same of which not even the table is known.
    unsent_open: Vec<Open>,
    /// Calls that only a library can mean, on something unknown.
    untold: Vec<Open>,
    /// What could not be told of that.
    returned_open: Vec<(Open, FunctionRef)>,
    uses: Vec<Use>,
    scans: Vec<Scan>,
    row_uses: Vec<RowUse>,
    open: Vec<Open>,
    counts: Counts,
}

/// How far the heaps reached before the current entry point, and what it changed below.
#[derive(Default)]
struct Kept {
    objects: usize,
    queries: usize,
    frames: usize,
    changed_objects: HashMap<ObjectId, Object>,
    changed_queries: HashMap<QueryId, Query>,
}

/// Evaluates the code of a service and gives what it sends.
pub fn trace(program: &Program<'_>, models: &Models, packs: &PackSet) -> Traced {
    let tracer = Tracer::new(program, models, packs);
    let drawn = tracer.state.drawn.clone();
    let mut traced = tracer.run();
    carried::add(program, models, &mut traced, &drawn.borrow());
    traced.row_uses.sort_by(|a, b| (a.origin, &a.column, &a.tables[..], a.text).cmp(&(b.origin, &b.column, &b.tables[..], b.text)));
    traced
}

/// Looks up what the code that [`trace`] will run mentions: [`Program::wanted`] then names the files that are
/// missing. Costs a walk over the code, no evaluation.
pub fn look_up(program: &Program<'_>, models: &Models, packs: &PackSet) {
    eval::look_up(program, models, packs);
}

impl<'a> Tracer<'a> {
    /// An object; `None` for an id of another heap.
    fn object(&self, id: ObjectId) -> Option<&Object> {
        self.objects.get(id as usize)
    }

    /// An object to change.
    fn object_mut(&mut self, id: ObjectId) -> Option<&mut Object> {
        self.keep_object(id);
        self.touch_object(id);
        self.objects.get_mut(id as usize)
    }

    /// An object to note in what would be found out about it again at any time.
    fn object_to_note(&mut self, id: ObjectId) -> Option<&mut Object> {
        self.keep_object(id);
        self.objects.get_mut(id as usize)
    }

    /// Puts an object on the heap.
    fn allocate(&mut self, object: Object) -> ObjectId {
        self.objects.push(object);
        (self.objects.len() - 1) as ObjectId
    }

    /// A query; `None` for an id of another heap.
    fn query(&self, id: QueryId) -> Option<&Query> {
        self.queries.get(id as usize)
    }

    /// A query to change.
    fn query_mut(&mut self, id: QueryId) -> Option<&mut Query> {
        self.keep_query(id);
        self.touch_query(id);
        self.queries.get_mut(id as usize)
    }

    /// Begins a query.
    fn begin(&mut self, query: Query) -> QueryId {
        self.queries.push(query);
        (self.queries.len() - 1) as QueryId
    }

    /// Counts a place where something is sent that could not be told.
    fn open(&mut self, origin: Origin, reason: &str) {
        self.found.open.push(Open { origin, reason: reason.into() });
    }
}
