//! Results of calls that are made again: the same function, called at the same place with arguments of the same
//! shape, gives the same and sends the same, so that its body is run once and not from every entry point anew.
//!
//! A call is kept where nothing that was there before it was changed, and where what it gives consists of what was
//! there before, what it was given and what it made. What it made is copied out of the heap, and put on the heap of
//! the entry point that makes the call again. What it sent is known already.

use super::MAX_CALLS;
use super::send::{self, expression};
use crate::index::mapping::Origin;
use crate::index::program::{ClassRef, FunctionRef};
use crate::index::trace::query::{Pending, Query, QueryId, SqlExpr};
use crate::index::trace::value::{Argument, Handle, MapKey, Object, ObjectId, TextPart, TextValue, Value};
use crate::index::trace::{Sent, Tracer};
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

/// Values and objects of the arguments of a call that is looked up.
const MAX_GIVEN: usize = 600;
/// Objects and queries of a result that is kept.
const MAX_NODES: usize = 2_000;
/// Calls whose results are kept, and objects and queries of all of them together.
const MAX_KEPT: (usize, usize) = (60_000, 1_000_000);
/// Values inside values that are followed.
const MAX_DEPTH: usize = 24;

/// What is known of calls.
#[derive(Default)]
pub(super) struct Memo {
    known: HashMap<Key, Rc<Outcome>>,
    /// What functions of production give whoever calls them, with the class of what they run on.
    general: HashMap<(FunctionRef, Option<ClassRef>), Rc<Outcome>>,
    /// Objects and queries of the results.
    nodes: usize,
    /// The oldest object and query that the running call has changed.
    lowest: (usize, usize),
    /// Outermost place on the stack of a function whose call inside of itself was not followed, while the running call
    /// runs; 0: something else that only holds here decided.
    cut: usize,
    /// Instances that entry points run on which code has changed.
    changed: HashSet<ObjectId>,
    /// Objects that hold too much to be compared.
    large: HashSet<ObjectId>,
}

/// Function, place of the call, shape of what it is given.
type Key = (FunctionRef, Origin, u64);

/// What a call gave.
struct Outcome {
    /// Its objects and queries are numbers of `objects` and `queries`.
    value: Value,
    objects: Vec<Place>,
    queries: Vec<Copied>,
    /// What loaded the entities that it gives: code may still say more of it.
    sent: Vec<Sent>,
    /// Calls were left out because they were nested too deep; how deep the call itself could go.
    deep: bool,
    room: usize,
}

/// An object of an outcome.
enum Place {
    /// It outlives entry points.
    Lasting(ObjectId),
    /// It was reached through the arguments, as the how manieth.
    Given(usize),
    /// The instance that entry points run on.
    Prototype(ClassRef),
    /// It was made.
    Made(Object),
}

/// A query of an outcome.
enum Copied {
    Lasting(QueryId),
    Made(Box<Query>),
}

/// A call that is being run, to be kept when it ends.
pub(super) struct Running {
    key: Key,
    /// Objects reached through the arguments, in order.
    given: HashMap<ObjectId, usize>,
    marks: (usize, usize),
    sent: usize,
    deep: u32,
    outer: ((usize, usize), usize),
}

impl Tracer<'_> {
    /// An object is changed.
    pub(in crate::index::trace) fn touch_object(&mut self, id: ObjectId) {
        let memo = &mut self.state.memo;
        memo.lowest.0 = memo.lowest.0.min(id as usize);
        if let Some(Object::Instance { .. }) = self.objects.get(id as usize) {
            memo.changed.insert(id);
        }
    }

    /// A query is changed.
    pub(in crate::index::trace) fn touch_query(&mut self, id: QueryId) {
        let memo = &mut self.state.memo;
        memo.lowest.1 = memo.lowest.1.min(id as usize);
    }

    /// What the running calls give holds only here: a function on the stack, or anything else, was not run again.
    pub(super) fn cut_at(&mut self, place: usize) {
        self.state.memo.cut = self.state.memo.cut.min(place);
    }

    /// A new entry point begins.
    pub(super) fn forget_changes(&mut self) {
        let memo = &mut self.state.memo;
        memo.changed.clear();
        memo.large.clear();
        memo.lowest = (usize::MAX, usize::MAX);
        memo.cut = usize::MAX;
    }

    /// The result of a call, where it is known; else what is needed to keep it when the call has ended.
    pub(super) fn known_call(
        &mut self,
        function: FunctionRef,
        receiver: Option<&Value>,
        args: &[Argument],
        types: &[Value],
        site: Origin,
    ) -> Result<Value, Option<Running>> {
        let mut shape = Shape { tracer: self, hash: DefaultHasher::new(), given: HashMap::default(), large: None, nodes: 0 };
        if !shape.call(receiver, args, types) {
            let large = shape.large;
            self.state.memo.large.extend(large);
            return Err(None);
        }
        let (key, given) = ((function, site, shape.hash.finish()), shape.given);
        let room = MAX_CALLS.saturating_sub(self.state.stack.len());
        if let Some(known) = self.state.memo.known.get(&key).filter(|k| !k.deep || k.room >= room).cloned()
            && let Some(value) = self.given_again(&known, &given, site)
        {
            self.found.counts.deep += u32::from(known.deep);
            self.state.last_run = Some(function);
            return Ok(value);
        }
        let memo = &mut self.state.memo;
        let outer = (memo.lowest, memo.cut);
        (memo.lowest, memo.cut) = ((usize::MAX, usize::MAX), usize::MAX);
        let marks = (self.objects.len(), self.queries.len());
        Err(Some(Running { key, given, marks, sent: self.found.sent.len(), deep: self.found.counts.deep, outer }))
    }

    /// Keeps what a call gave, where it would give the same again.
    pub(super) fn keep_call(&mut self, running: Running, value: &Value) {
        let memo = &mut self.state.memo;
        let (lowest, cut) = (memo.lowest, memo.cut);
        memo.lowest = (lowest.0.min(running.outer.0.0), lowest.1.min(running.outer.0.1));
        memo.cut = cut.min(running.outer.1);
        let unchanged = lowest.0 >= running.marks.0 && lowest.1 >= running.marks.1;
        if !unchanged || cut < self.state.stack.len() || self.state.steps == 0 || memo.known.len() >= MAX_KEPT.0 || memo.nodes >= MAX_KEPT.1
        {
            return;
        }
        let Some(outcome) = self.outcome(&running, value) else { return };
        self.state.memo.nodes += outcome.objects.len() + outcome.queries.len();
        self.state.memo.known.insert(running.key, Rc::new(outcome));
    }

    /// Keeps what a function gave that was run as an entry point: what it gives whoever calls it.
    pub(super) fn keep_general(&mut self, function: FunctionRef, class: Option<ClassRef>, value: &Value) {
        let memo = &self.state.memo;
        if self.state.steps == 0 || memo.known.len() + memo.general.len() >= MAX_KEPT.0 || memo.nodes >= MAX_KEPT.1 {
            return;
        }
        let running = Running {
            key: (function, Origin { file: function.file, span: Default::default() }, 0),
            given: HashMap::default(),
            marks: (self.kept.objects, self.kept.queries),
            sent: 0,
            deep: self.found.counts.deep,
            outer: ((usize::MAX, usize::MAX), usize::MAX),
        };
        let Some(outcome) = self.outcome(&running, value) else { return };
        self.state.memo.nodes += outcome.objects.len() + outcome.queries.len();
        self.state.memo.general.insert((function, class), Rc::new(outcome));
    }

    /// What a function gives whoever calls it, where it was run as an entry point.
    pub(super) fn known_in_general(&mut self, function: FunctionRef, class: Option<ClassRef>, site: Origin) -> Option<Value> {
        let known = self.state.memo.general.get(&(function, class))?.clone();
        let value = self.given_again(&known, &HashMap::default(), site)?;
        self.state.last_run = Some(function);
        Some(value)
    }

    fn outcome(&self, running: &Running, value: &Value) -> Option<Outcome> {
        let mut copy = Copying { tracer: self, running, objects: Vec::new(), queries: Vec::new(), done: Default::default() };
        let value = copy.value(value, 0)?;
        let mut sent: Vec<Sent> = Vec::new();
        let (mut objects, mut queries) = (Vec::new(), Vec::new());
        while objects.len() < copy.objects.len() || queries.len() < copy.queries.len() {
            while let Some(&id) = copy.objects.get(objects.len()) {
                let place = copy.place(id)?;
                if let Place::Made(Object::Entity { query: Some(_), origin, .. }) = &place
                    && let Some(loading) = self.found.sent.get(running.sent..)?.iter().rev().find(|s| s.site == *origin)
                    && !sent.iter().any(|s| s.site == loading.site)
                {
                    sent.push(Sent { query: copy.query(loading.query)?, ..loading.clone() });
                }
                objects.push(place);
            }
            while let Some(&id) = copy.queries.get(queries.len()) {
                queries.push(if (id as usize) < self.kept.queries {
                    Copied::Lasting(id)
                } else {
                    Copied::Made(Box::new(renumbered(self.query(id)?.clone(), &mut copy)?))
                });
            }
        }
        let deep = self.found.counts.deep > running.deep;
        Some(Outcome { value, objects, queries, sent, deep, room: MAX_CALLS.saturating_sub(self.state.stack.len()) })
    }

    /// Puts what a call gave on the heap once more.
    fn given_again(&mut self, known: &Outcome, given: &HashMap<ObjectId, usize>, site: Origin) -> Option<Value> {
        let mut ids = Ids::default();
        let mut reached = vec![None; given.len()];
        for (id, at) in given {
            if let Some(place) = reached.get_mut(*at) {
                *place = Some(*id);
            }
        }
        for place in &known.objects {
            let id = match place {
                Place::Lasting(id) => *id,
                Place::Given(at) => (*reached.get(*at)?)?,
                Place::Prototype(class) => {
                    let value = self.instance_of_class(*class, site);
                    self.instance_of(&value)?
                }
                Place::Made(_) => self.allocate(Object::List { items: Vec::new(), open: true }),
            };
            ids.objects.push(id);
        }
        for copied in &known.queries {
            let id = match copied {
                Copied::Lasting(id) => *id,
                Copied::Made(_) => self.begin(Query { used: true, ..Query::default() }),
            };
            ids.queries.push(id);
        }
        for (place, &id) in known.objects.iter().zip(&ids.objects.clone()) {
            if let Place::Made(object) = place {
                let object = ids.object(object, 0)?;
                *self.objects.get_mut(id as usize)? = object;
            }
        }
        for (copied, &id) in known.queries.iter().zip(&ids.queries.clone()) {
            if let Copied::Made(query) = copied {
                let query = renumbered((**query).clone(), &mut ids)?;
                *self.queries.get_mut(id as usize)? = query;
            }
        }
        for sent in &known.sent {
            let query = ids.query(sent.query)?;
            self.found.sent.push(Sent { query, ..sent.clone() });
        }
        ids.value(&known.value, 0)
    }

    /// Whether a frame outlives the entry point whatever it makes.
    pub(super) fn is_of_module(&self, frame: u32) -> bool {
        self.state.frames.get(frame as usize).is_some_and(|f| f.function.is_none() && f.class.is_none())
            && ((frame as usize) < self.kept.frames || self.state.modules.values().any(|m| *m == frame))
    }

    /// The class of the instance that entry points run on, where no code has changed it.
    fn prototype(&self, id: ObjectId) -> Option<ClassRef> {
        let Object::Instance { class, .. } = self.object(id)? else { return None };
        let known = self.state.prototypes.get(class)?;
        (self.instance_of(known) == Some(id) && !self.state.memo.changed.contains(&id)).then_some(*class)
    }
}

/// What a call is given, as a number; the same for what cannot be told apart.
struct Shape<'t, 'a> {
    tracer: &'t Tracer<'a>,
    hash: DefaultHasher,
    given: HashMap<ObjectId, usize>,
    /// The innermost object that holds too much.
    large: Option<ObjectId>,
    nodes: usize,
}

impl Shape<'_, '_> {
    /// `false`: it depends on more than can be compared.
    fn call(&mut self, receiver: Option<&Value>, args: &[Argument], types: &[Value]) -> bool {
        (args.len(), types.len(), receiver.is_some()).hash(&mut self.hash);
        receiver.is_none_or(|r| self.value(r, 0))
            && types.iter().all(|t| self.value(t, 0))
            && args.iter().all(|a| {
                (&a.name, a.spread, a.double, a.origin).hash(&mut self.hash);
                self.value(&a.value, 0)
            })
    }

    fn value(&mut self, value: &Value, depth: usize) -> bool {
        self.nodes += 1;
        if self.nodes > MAX_GIVEN || depth > MAX_DEPTH {
            return false;
        }
        std::mem::discriminant(value).hash(&mut self.hash);
        match value {
            Value::Unknown | Value::Null => true,
            Value::Scalar(text) | Value::External(text) => {
                text.hash(&mut self.hash);
                true
            }
            Value::Text(text) => self.text(text, depth),
            Value::Tuple(all) | Value::OneOf(all) => {
                all.len().hash(&mut self.hash);
                all.iter().all(|v| self.value(v, depth + 1))
            }
            Value::Object(id) => self.object(*id, depth),
            Value::Class(class) => self.plain(class),
            Value::Function { function, receiver, frame } => {
                function.hash(&mut self.hash);
                frame.is_none_or(|f| self.tracer.is_of_module(f)) && receiver.as_ref().is_none_or(|r| self.value(r, depth + 1))
            }
            Value::Module(files) => self.plain(files),
            Value::Handle(handle) => self.handle(handle, depth),
            Value::Model { model, alias, origin } => self.plain(&(model, alias, origin)),
            Value::Expr(expr) => self.plain(expr) && !has_query(expr),
            Value::Relation { model, alias, relation, origin } => self.plain(&(model, alias, relation, origin)),
            Value::Row { .. } => false,
            Value::Method { receiver, name } => {
                name.hash(&mut self.hash);
                self.value(receiver, depth + 1)
            }
            Value::Key(name) => self.plain(name),
        }
    }

    fn plain(&mut self, what: &impl Hash) -> bool {
        what.hash(&mut self.hash);
        true
    }

    fn text(&mut self, text: &TextValue, depth: usize) -> bool {
        text.parts.len().hash(&mut self.hash);
        text.parts.iter().all(|part| match part {
            TextPart::Text(text, at) => self.plain(&(0, text, at)),
            TextPart::Hole(text, at) => self.plain(&(1, text, at)),
            TextPart::Value(value) => self.value(value, depth + 1),
        })
    }

    fn handle(&mut self, handle: &Handle, depth: usize) -> bool {
        let Handle { pack, kind, model, query, of, instance } = handle;
        (pack, kind, model, of.is_some(), instance.is_some()).hash(&mut self.hash);
        let of_fits = of.is_none_or(|(id, relation, origin)| {
            (relation, origin).hash(&mut self.hash);
            self.object(id, depth)
        });
        query.is_none() && of_fits && instance.is_none_or(|id| self.object(id, depth))
    }

    fn object(&mut self, id: ObjectId, depth: usize) -> bool {
        if let Some(at) = self.given.get(&id) {
            let at = *at;
            return self.plain(&at);
        }
        self.given.insert(id, self.given.len());
        self.nodes += 1;
        let tracer = self.tracer;
        if let Some(class) = tracer.prototype(id) {
            return self.plain(&(0, class));
        }
        let before = self.nodes;
        let fits = !tracer.state.memo.large.contains(&id) && self.content(id, depth);
        if !fits && self.nodes > MAX_GIVEN && self.nodes - before > MAX_GIVEN / 2 {
            self.large.get_or_insert(id);
        }
        fits
    }

    fn content(&mut self, id: ObjectId, depth: usize) -> bool {
        let tracer = self.tracer;
        let Some(object) = tracer.object(id) else { return false };
        std::mem::discriminant(object).hash(&mut self.hash);
        match object {
            Object::List { items, open } => self.plain(&(items.len(), open)) && items.iter().all(|v| self.value(v, depth + 1)),
            Object::Map { entries, open } => {
                self.plain(&(entries.len(), open))
                    && entries.iter().all(|(key, value)| {
                        let key = match key {
                            MapKey::Name(name) => self.plain(name),
                            MapKey::Value(value) => self.value(value, depth + 1),
                            MapKey::Unknown(at) => self.plain(at),
                        };
                        key && self.value(value, depth + 1)
                    })
            }
            Object::Instance { class, fields, types } => {
                self.plain(&(class, fields.len()))
                    && fields.iter().chain(types).all(|(name, value)| self.plain(name) && self.value(value, depth + 1))
            }
            Object::Entity { model, many, fresh, written, query, origin } => {
                let loaded = query.map(|_| origin);
                self.plain(&(model, many, fresh, loaded, written.len()))
                    && written.iter().all(|(name, value, at)| self.plain(&(name, at)) && self.value(value, depth + 1))
            }
        }
    }
}

fn has_query(expr: &SqlExpr) -> bool {
    let mut found = false;
    expression(&mut expr.clone(), &mut |_| found = true, 0);
    found
}

/// Gives ids other numbers; `None` where one has none.
trait Renumber {
    fn object_id(&mut self, id: ObjectId) -> Option<ObjectId>;
    fn query(&mut self, id: QueryId) -> Option<QueryId>;
    /// Whether what was made in a frame can be kept.
    fn frame(&self, frame: u32) -> bool;

    fn value(&mut self, value: &Value, depth: usize) -> Option<Value> {
        if depth > MAX_DEPTH {
            return None;
        }
        let each = |this: &mut Self, all: &[Value]| -> Option<Rc<[Value]>> { all.iter().map(|v| this.value(v, depth + 1)).collect() };
        Some(match value {
            Value::Object(id) => Value::Object(self.object_id(*id)?),
            Value::Tuple(all) => Value::Tuple(each(self, all)?),
            Value::OneOf(all) => Value::OneOf(each(self, all)?),
            Value::Text(text) if text.parts.iter().any(|p| matches!(p, TextPart::Value(_))) => {
                let part = |p: &TextPart| match p {
                    TextPart::Value(value) => self.value(value, depth + 1).map(TextPart::Value),
                    other => Some(other.clone()),
                };
                Value::Text(TextValue { parts: text.parts.iter().map(part).collect::<Option<_>>()? })
            }
            Value::Function { function, receiver, frame } => {
                if frame.is_some_and(|f| !self.frame(f)) {
                    return None;
                }
                let receiver = match receiver {
                    Some(receiver) => Some(Box::new(self.value(receiver, depth + 1)?)),
                    None => None,
                };
                Value::Function { function: *function, receiver, frame: *frame }
            }
            Value::Handle(handle) => {
                let mut handle = handle.clone();
                if let Some(query) = &mut handle.query {
                    *query = self.query(*query)?;
                }
                if let Some(of) = &mut handle.of {
                    of.0 = self.object_id(of.0)?;
                }
                if let Some(instance) = &mut handle.instance {
                    *instance = self.object_id(*instance)?;
                }
                Value::Handle(handle)
            }
            Value::Expr(expr) if has_query(expr) => {
                let (mut expr, mut whole) = ((**expr).clone(), true);
                expression(&mut expr, &mut |id| self.query(*id).map_or_else(|| whole = false, |new| *id = new), 0);
                if !whole {
                    return None;
                }
                Value::Expr(Rc::new(expr))
            }
            Value::Row { query, many } => Value::Row { query: self.query(*query)?, many: *many },
            Value::Method { receiver, name } => Value::Method { receiver: Box::new(self.value(receiver, depth + 1)?), name: name.clone() },
            plain => plain.clone(),
        })
    }

    fn object(&mut self, object: &Object, depth: usize) -> Option<Object> {
        Some(match object {
            Object::List { items, open } => {
                Object::List { items: items.iter().map(|v| self.value(v, depth)).collect::<Option<_>>()?, open: *open }
            }
            Object::Map { entries, open } => {
                let mut all = Vec::with_capacity(entries.len());
                for (key, value) in entries {
                    let key = match key {
                        MapKey::Value(key) => MapKey::Value(self.value(key, depth)?),
                        other => other.clone(),
                    };
                    all.push((key, self.value(value, depth)?));
                }
                Object::Map { entries: all, open: *open }
            }
            Object::Instance { class, fields, types } => {
                let each = |this: &mut Self, all: &[(Rc<str>, Value)]| -> Option<Vec<(Rc<str>, Value)>> {
                    all.iter().map(|(name, value)| Some((name.clone(), this.value(value, depth)?))).collect()
                };
                Object::Instance { class: *class, fields: each(self, fields)?, types: each(self, types)? }
            }
            Object::Entity { model, many, fresh, written, query, origin } => {
                let query = match query {
                    Some(query) => Some(self.query(*query)?),
                    None => None,
                };
                let written: Option<Vec<_>> =
                    written.iter().map(|(name, value, at)| Some((name.clone(), self.value(value, depth)?, *at))).collect();
                Object::Entity { model: *model, many: *many, fresh: *fresh, written: written?, query, origin: *origin }
            }
        })
    }
}

/// A query whose ids have other numbers.
fn renumbered(mut query: Query, ids: &mut impl Renumber) -> Option<Query> {
    let mut whole = true;
    send::inner(&mut query, &mut |id| ids.query(*id).map_or_else(|| whole = false, |new| *id = new));
    if let Some(of) = &mut query.of {
        *of = ids.object_id(*of)?;
    }
    for pending in &mut query.pending {
        let args: Option<Vec<Argument>> =
            pending.args.iter().map(|a| Some(Argument { value: ids.value(&a.value, 0)?, ..a.clone() })).collect();
        *pending = Pending { args: args?.into(), ..pending.clone() };
    }
    whole.then_some(query)
}

/// Takes a result out of the heap: ids become numbers in the order in which they are met.
struct Copying<'t, 'a> {
    tracer: &'t Tracer<'a>,
    running: &'t Running,
    objects: Vec<ObjectId>,
    queries: Vec<QueryId>,
    done: (HashMap<ObjectId, u32>, HashMap<QueryId, u32>),
}

impl Copying<'_, '_> {
    fn place(&mut self, id: ObjectId) -> Option<Place> {
        let tracer = self.tracer;
        if (id as usize) < tracer.kept.objects {
            return Some(Place::Lasting(id));
        }
        if let Some(at) = self.running.given.get(&id) {
            return Some(Place::Given(*at));
        }
        if let Some(class) = tracer.prototype(id) {
            return Some(Place::Prototype(class));
        }
        if (id as usize) < self.running.marks.0 {
            return None;
        }
        self.object(tracer.object(id)?, 0).map(Place::Made)
    }
}

impl Renumber for Copying<'_, '_> {
    fn object_id(&mut self, id: ObjectId) -> Option<ObjectId> {
        if let Some(known) = self.done.0.get(&id) {
            return Some(*known);
        }
        let number = self.objects.len() as u32;
        self.done.0.insert(id, number);
        self.objects.push(id);
        (self.objects.len() + self.queries.len() < MAX_NODES).then_some(number)
    }

    fn query(&mut self, id: QueryId) -> Option<QueryId> {
        if let Some(known) = self.done.1.get(&id) {
            return Some(*known);
        }
        // one that the call was given is still under construction
        if (id as usize) < self.running.marks.1 && (id as usize) >= self.tracer.kept.queries {
            return None;
        }
        let number = self.queries.len() as u32;
        self.done.1.insert(id, number);
        self.queries.push(id);
        (self.objects.len() + self.queries.len() < MAX_NODES).then_some(number)
    }

    fn frame(&self, frame: u32) -> bool {
        self.tracer.is_of_module(frame)
    }
}

/// Ids of the heap, by number.
#[derive(Default)]
struct Ids {
    objects: Vec<ObjectId>,
    queries: Vec<QueryId>,
}

impl Renumber for Ids {
    fn object_id(&mut self, id: ObjectId) -> Option<ObjectId> {
        self.objects.get(id as usize).copied()
    }

    fn query(&mut self, id: QueryId) -> Option<QueryId> {
        self.queries.get(id as usize).copied()
    }

    fn frame(&self, _: u32) -> bool {
        true
    }
}
