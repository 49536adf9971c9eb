//! Which code is run, in which order, and with how much of a budget.

use super::interest::{self, Interest};
use super::send::{Harvest, inner};
use super::{ENTRY_STEPS, SERVICE_STEPS, classes};
use crate::grammar::PackSet;
use crate::index::mapping::{Models, Named, Origin};
use crate::index::program::{ClassRef, FileId, FunctionRef, Program};
use crate::index::trace::query::{FragmentPart, Query, SourceTable};
use crate::index::trace::value::{Object, Value};
use crate::index::trace::{Found, Open, RowUse, Sent, Traced, Tracer};
use crate::model::code::{ExprKind, Outer};
use crate::model::facts::Language;
use crate::model::statement::Scope;
use rustc_hash::FxHashMap as HashMap;
use rustc_hash::FxHashSet as HashSet;
use std::rc::Rc;

/// Subclasses for each of which an inherited method is run again.
const MAX_SUBCLASSES: usize = 200;

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
            kept: super::super::Kept::default(),
            state: super::State::default(),
        }
    }

    /// Evaluates every entry point.
    pub(in crate::index::trace) fn run(mut self) -> Traced {
        let mut in_force = interest::in_force(self.program, self.packs);
        in_force.extend(self.models.models.iter().map(|m| m.pack.to_string()));
        if in_force.is_empty() && self.models.models.is_empty() {
            return Traced::default();
        }
        let interest = interest::find(self.program, self.models, self.packs, &in_force);
        self.state.subclasses = subclasses(self.program);
        let mut harvest = Harvest::default();
        // what production code gives is known when tests ask for it
        let own: Vec<FileId> = (0..self.program.files.len() as FileId).filter(|f| self.program.file(*f).is_some_and(|f| f.own)).collect();
        let (production, tests): (Vec<FileId>, Vec<FileId>) = own.into_iter().partition(|f| self.is_production(*f));
        for files in [production, tests] {
            self.run_files(&files, &interest, &mut harvest);
        }
        self.finish(harvest)
    }

    fn run_files(&mut self, files: &[FileId], interest: &Interest, harvest: &mut Harvest) {
        for &file in files {
            self.run_entry(harvest, Origin { file, span: Default::default() }, |t| {
                t.module_frame(file);
            });
        }
        for &file in files {
            let Some(content) = self.program.file(file) else { continue };
            let code = content.code;
            for class in 0..code.classes.len() as u32 {
                self.class_entries(ClassRef { file, class }, interest, harvest);
                self.instance_entries(ClassRef { file, class }, interest, harvest);
            }
            for (i, function) in code.functions.iter().enumerate() {
                let at = FunctionRef { file, function: i as u32 };
                let method = content.language == Language::Go && function.receiver.is_some();
                if function.outer == Outer::Module || method {
                    self.function_entry(at, None, interest, harvest);
                }
            }
        }
    }

    fn class_entries(&mut self, class: ClassRef, interest: &Interest, harvest: &mut Harvest) {
        let Some(code) = self.program.class(class) else { return };
        if classes::is_type_only(code) {
            return;
        }
        for &function in &code.methods {
            self.function_entry(FunctionRef { file: class.file, function }, None, interest, harvest);
        }
        // queries that are attributes: the library's class sends them
        if !self.models.by_class.contains_key(&class) && code.fields.iter().any(|f| f.value.is_some()) {
            let place = Origin { file: class.file, span: code.name.span };
            self.run_entry(harvest, place, |t| drop(t.attributes_of(class)));
        }
        if !code.bases.is_empty() {
            let place = Origin { file: class.file, span: code.name.span };
            self.run_entry(harvest, place, |t| t.library_listed(class, place));
        }
        // functions that are values of fields
        for field in &code.fields {
            if let Some(ExprKind::Lambda(function)) = field.value.as_ref().map(|v| &v.kind)
                && interest.has(FunctionRef { file: class.file, function: *function })
            {
                let place = Origin { file: class.file, span: field.name.span };
                let name = Named { text: (&*field.name.text).into(), origin: Some(place) };
                self.run_entry(harvest, place, |t| {
                    let object = t.instance_of_class(class, place);
                    if let Value::Function { function, frame, receiver } = t.read_member(&object, &name, place) {
                        let value = t.run_function(function, receiver.map(|r| *r), frame, Vec::new(), Rc::from([]), place, true);
                        t.send_returned(&value, function, place);
                    }
                });
            }
        }
        // what a class inherits is its own, with its own attributes, models and type arguments
        let order = self.base_order(class);
        let mut names: HashSet<&'a str> = HashSet::default();
        names.extend(
            code.methods
                .iter()
                .filter_map(|&f| self.program.function(FunctionRef { file: class.file, function: f }))
                .map(|f| &*f.name.text),
        );
        for &base in order.iter().skip(1) {
            let many = self.state.subclasses.get(&base).is_some_and(|s| s.len() > MAX_SUBCLASSES);
            let Some(inherited) = self.program.class(base).filter(|b| !classes::is_type_only(b)) else { continue };
            for &function in &inherited.methods {
                let at = FunctionRef { file: base.file, function };
                let Some(method) = self.program.function(at) else { continue };
                if !names.insert(&method.name.text) || many || matches!(&*method.name.text, "__init__" | "constructor") {
                    continue;
                }
                self.function_entry(at, Some(class), interest, harvest);
            }
        }
    }

    /// Runs the methods of a class, its own and inherited ones, for the instances that modules make for a model each.
    fn instance_entries(&mut self, class: ClassRef, interest: &Interest, harvest: &mut Harvest) {
        let made: Vec<Value> = self.state.made.iter().filter(|(c, _)| *c == class).map(|(_, v)| v.clone()).collect();
        if made.is_empty() {
            return;
        }
        let mut names: HashSet<&'a str> = HashSet::default();
        for &base in self.base_order(class).iter() {
            let Some(code) = self.program.class(base) else { continue };
            for &function in &code.methods {
                let at = FunctionRef { file: base.file, function };
                let Some(method) = self.program.function(at) else { continue };
                if !names.insert(&method.name.text) || !interest.has(at) || matches!(&*method.name.text, "__init__" | "constructor") {
                    continue;
                }
                for instance in &made {
                    let site = Origin { file: at.file, span: method.span };
                    self.run_entry(harvest, site, |t| {
                        let value = t.run_function(at, Some(instance.clone()), None, Vec::new(), Rc::from([]), site, true);
                        t.send_returned(&value, at, site);
                    });
                }
            }
        }
    }

    /// Runs a function nobody is known to call; a method on an instance of `class`, or of its own.
    fn function_entry(&mut self, at: FunctionRef, class: Option<ClassRef>, interest: &Interest, harvest: &mut Harvest) {
        if !interest.has(at) {
            self.found.counts.skipped += 1;
            return;
        }
        let Some(code) = self.program.function(at) else { return };
        let site = Origin { file: at.file, span: code.span };
        self.run_entry(harvest, site, |t| {
            let class = class.or(t.class_of(at));
            let receiver = match class {
                Some(class) if t.program.file(at.file).is_none_or(|f| f.language != Language::Go) => Some(t.self_of(class, at)),
                _ => None,
            };
            let value = t.run_function(at, receiver, None, Vec::new(), Rc::from([]), site, true);
            if !t.state.testing {
                t.keep_general(at, class, &value);
            }
            t.send_returned(&value, at, site);
        });
    }

    /// Runs an entry point with a budget of its own and frees what it built.
    fn run_entry(&mut self, harvest: &mut Harvest, site: Origin, work: impl FnOnce(&mut Self)) {
        let left = SERVICE_STEPS.saturating_sub(self.found.counts.steps);
        if left == 0 {
            self.found.counts.unfinished += 1;
            return;
        }
        self.found.counts.entries += 1;
        let state = &mut self.state;
        state.steps = left.min(ENTRY_STEPS);
        state.testing = self.program.file(site.file).is_some_and(|f| f.scope != Scope::Production);
        state.stack.clear();
        state.pending.clear();
        state.given_away.clear();
        state.prototypes.clear();
        state.seeking.clear();
        (state.nesting, state.branches, state.module_depth) = (0, 0, 0);
        let frames = state.frames.len();
        let lasting = state.lasting();
        self.kept.objects = self.objects.len();
        self.kept.queries = self.queries.len();
        self.kept.frames = frames;
        self.forget_changes();
        self.state.begun = Some(site);
        work(self);
        self.run_pending();
        self.send_given_away();
        self.send_leftovers();
        self.keep_unsent();
        if self.state.steps == 0 {
            self.leave_unfinished();
        }
        self.harvest(harvest);
        if self.state.lasting() == lasting {
            // nothing that lasts was made: what the entry point built and changed goes
            for (id, object) in std::mem::take(&mut self.kept.changed_objects) {
                if let Some(place) = self.objects.get_mut(id as usize) {
                    *place = object;
                }
            }
            for (id, query) in std::mem::take(&mut self.kept.changed_queries) {
                if let Some(place) = self.queries.get_mut(id as usize) {
                    *place = query;
                }
            }
            self.objects.truncate(self.kept.objects);
            self.queries.truncate(self.kept.queries);
            self.state.frames.truncate(frames);
        } else {
            self.kept.changed_objects.clear();
            self.kept.changed_queries.clear();
        }
    }

    /// Says of the code that used up its budget that it was followed only in part.
    fn leave_unfinished(&mut self) {
        self.found.counts.unfinished += 1;
        if let Some(begun) = self.state.begun {
            self.open(begun, "the code that begins here is too large and was followed only in part");
        }
    }

    /// Runs what outlives the entry point that asks for it first, with a budget of its own: what is cut off here would be
    /// missing everywhere.
    pub(super) fn with_budget<T>(&mut self, place: Origin, work: impl FnOnce(&mut Self) -> T) -> T {
        let left = SERVICE_STEPS.saturating_sub(self.found.counts.steps);
        let steps = std::mem::replace(&mut self.state.steps, left.min(ENTRY_STEPS));
        let begun = self.state.begun.replace(place);
        let value = work(self);
        if self.state.steps == 0 && steps > 0 && begun != Some(place) {
            self.leave_unfinished();
        }
        // the entry point that only runs it has come to its end where this has
        self.state.steps = if begun == Some(place) { self.state.steps } else { steps };
        self.state.begun = begun;
        value
    }

    /// A budget for a function that the running entry point made but had no steps left to run. Tests make do without.
    pub(super) fn next_budget(&mut self, site: Origin) {
        let left = SERVICE_STEPS.saturating_sub(self.found.counts.steps);
        if left > 0 && !self.state.testing {
            self.leave_unfinished();
            self.state.begun = Some(site);
            self.state.steps = left.min(ENTRY_STEPS);
        }
    }

    fn finish(self, harvest: Harvest) -> Traced {
        let Harvest { mut sent, queries, uses, scans, row_uses, mut open, returned, returned_open, unsent, unsent_open, .. } = harvest;
        let sites: HashSet<Origin> = sent.iter().map(|s| s.site).collect();
        for (late, function) in returned {
            if !self.state.helpers.contains(&function) && !sites.contains(&late.site) {
                sent.push(late);
            }
        }
        let mut built = Built::of(&queries, &sent);
        for late in unsent {
            if !built.holds(&queries, &late) {
                built.add(&queries, &late);
                sent.push(late);
            }
        }
        let opened: HashSet<(FileId, u32)> = open.iter().map(|o| start(o.origin)).collect();
        open.extend(unsent_open.into_iter().filter(|o| !built.starts.contains(&start(o.origin)) && !opened.contains(&start(o.origin))));
        open.extend(returned_open.into_iter().filter(|(_, function)| !self.state.helpers.contains(function)).map(|(open, _)| open));
        let known: HashSet<Origin> = sent.iter().filter(|s| told(&queries, s)).map(|s| s.site).collect();
        // run by itself a helper may not know what its callers give it
        sent.retain(|s| told(&queries, s) || !known.contains(&s.site));
        sent.sort_by_key(|s| (s.site, s.statement, s.query));
        let mut open: Vec<Open> = open.into_iter().filter(|o| !known.contains(&o.origin)).collect();
        open.sort_by(|a, b| (a.origin, &a.reason).cmp(&(b.origin, &b.reason)));
        let mut row_uses: Vec<RowUse> = row_uses.into_iter().collect();
        row_uses.sort_by(|a, b| (a.origin, &a.column, &a.tables[..]).cmp(&(b.origin, &b.column, &b.tables[..])));
        let (uses, scans) = (uses.into_iter().collect(), scans.into_iter().collect());
        Traced { sent, queries, uses, scans, row_uses, open, counts: self.found.counts }
    }
}

/// Where calls that built what is sent begin.
#[derive(Default)]
struct Built {
    starts: HashSet<(FileId, u32)>,
}

impl Built {
    fn of(queries: &[Query], sent: &[Sent]) -> Self {
        let mut built = Built::default();
        sent.iter().for_each(|s| built.add(queries, s));
        built
    }

    /// Takes in a statement, with the queries inside it.
    fn add(&mut self, queries: &[Query], sent: &Sent) {
        let (mut waiting, mut seen) = (vec![sent.query], HashSet::default());
        self.starts.insert(start(sent.site));
        while let Some(id) = waiting.pop() {
            let Some(query) = queries.get(id as usize).filter(|_| seen.insert(id)) else { continue };
            self.starts.extend(query.parts.iter().map(|p| start(*p)));
            inner(&mut query.clone(), &mut |q| waiting.push(*q));
        }
    }

    fn holds(&self, queries: &[Query], sent: &Sent) -> bool {
        queries.get(sent.query as usize).is_none_or(|q| q.parts.iter().any(|p| self.starts.contains(&start(*p))))
    }
}

fn start(place: Origin) -> (FileId, u32) {
    (place.file, place.span.start)
}

/// Whether a statement's table is known, or all of its raw text.
fn told(queries: &[Query], sent: &Sent) -> bool {
    let Some(query) = queries.get(sent.query as usize) else { return false };
    if let Some(raw) = &query.raw {
        return !raw.parts.iter().any(|p| matches!(p, FragmentPart::Hole(..)));
    }
    !matches!(query.sources.first().map(|s| &s.table), Some(SourceTable::Unknown(..)))
}

fn subclasses(program: &Program<'_>) -> HashMap<ClassRef, Vec<ClassRef>> {
    let mut out: HashMap<ClassRef, Vec<ClassRef>> = HashMap::default();
    for (file, content) in program.files.iter().enumerate() {
        for class in 0..content.code.classes.len() as u32 {
            let at = ClassRef { file: file as u32, class };
            for base in classes::bases(program, at) {
                out.entry(base).or_default().push(at);
            }
        }
    }
    out
}

impl Tracer<'_> {
    /// Remembers an object that outlives the entry point before it is changed.
    pub(in crate::index::trace) fn keep_object(&mut self, id: u32) {
        if (id as usize) < self.kept.objects
            && !self.kept.changed_objects.contains_key(&id)
            && let Some(object) = self.objects.get(id as usize)
        {
            let object: Object = object.clone();
            self.kept.changed_objects.insert(id, object);
        }
    }

    /// Remembers a query that outlives the entry point before it is changed.
    pub(in crate::index::trace) fn keep_query(&mut self, id: u32) {
        if (id as usize) < self.kept.queries
            && !self.kept.changed_queries.contains_key(&id)
            && let Some(query) = self.queries.get(id as usize)
        {
            let query = query.clone();
            self.kept.changed_queries.insert(id, query);
        }
    }
}
