//! From the facts of single files to the statements of a service.
//!
//! A text that reaches a call which sends SQL is followed back through names, imports, functions and callers
//! until it consists of literals and holes. Nothing here reads source code; `index::extract` did.
//!
//! `symbols` indexes what files define, `names` says what a dotted name means at a place, `evaluate` turns a
//! symbolic value into text under one assumption about branches (`variables`, `calls`, `tagged`, `load` with it), `sites` finds all texts that arrive at a
//! call, `emit` makes statements of them, `loose` takes what reaches no call, `scripts` the `.sql` files.

mod calls;
mod emit;
mod evaluate;
mod input;
mod inserts;
mod load;
mod loose;
pub mod modules;
mod names;
mod scripts;
mod sites;
mod symbols;
mod tagged;
mod template;
mod text;
mod variables;

#[cfg(test)]
mod tests;

pub use input::{ResolveFile, Resolved, ServiceInput, SqlFile};

use crate::model::coverage::OpenSite;
use crate::model::dialect::Dialect;
use crate::model::facts::{Call, Sink, Value};
use crate::model::span::Span;
use crate::model::statement::{Consumer, Evidence, HOLE, Statement};
use crate::sql::ast::StatementKind as Kind;
use crate::sql::parse::{Recognition, parse_statement, recognise};
use emit::{Emitted, Sender};
use evaluate::{Mode, Notes};
use names::{Member, MemberKey};
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use sites::{Arrival, Receiver};
use std::collections::BTreeSet;
use std::rc::Rc;
use symbols::{CallRef, Place, Symbols};
use text::FileId;

/// Joins the facts of a service. Never fails: what cannot be told is an open site or a hole.
pub fn resolve(input: &ServiceInput<'_>) -> Resolved {
    let symbols = Symbols::new(input.files);
    let mut resolver = Resolver {
        input,
        symbols: &symbols,
        dialect: input.dialects.first().copied().unwrap_or_default(),
        out: Resolved::default(),
        emitted: Emitted::default(),
        located: HashMap::default(),
        contents: HashMap::default(),
        loaded: Vec::new(),
        wanted: BTreeSet::new(),
        callers: HashMap::default(),
        guessed: HashSet::default(),
        helpers: BTreeSet::new(),
        asked: BTreeSet::new(),
        mode: Mode::All(0),
        notes: Notes::default(),
        hops: 0,
        members: HashMap::default(),
        cut: false,
        visits: 0,
        calling: 0,
    };
    let mut forwarding = Vec::new();
    for file in 0..input.files.len() as FileId {
        resolver.sites_of(file, &mut forwarding);
    }
    // a method of the service with the name of a library's: what it sends was found from its body, if it has one
    for (site, sink, function) in forwarding {
        if !resolver.helpers.contains(&function) {
            resolver.site(site, sink);
        }
    }
    for file in 0..input.files.len() as FileId {
        resolver.inserts(file);
        resolver.loose(file);
    }
    let named: BTreeSet<String> = resolver.loaded.iter().cloned().collect();
    for file in input.sql_files {
        resolver.script(file);
    }
    resolver.finish(named)
}

/// The state of one resolution.
struct Resolver<'a> {
    input: &'a ServiceInput<'a>,
    symbols: &'a Symbols<'a>,
    dialect: Dialect,
    out: Resolved,
    emitted: Emitted,
    /// Files that an import means, by folder and module path.
    located: HashMap<(String, String), Rc<Vec<FileId>>>,
    /// SQL files read so far.
    contents: HashMap<String, Option<(FileId, Rc<str>)>>,
    /// Their paths; their numbers follow those of the source files.
    loaded: Vec<String>,
    wanted: BTreeSet<String>,
    callers: HashMap<Place, Rc<Vec<CallRef<'a>>>>,
    /// Calls taken for callers by the name of the method alone (addresses).
    guessed: HashSet<usize>,
    /// Functions whose callers decide about a text, and are known.
    helpers: BTreeSet<Place>,
    /// Functions whose callers would decide about a text, known or not.
    asked: BTreeSet<Place>,
    mode: Mode,
    notes: Notes,
    /// Length of the chain of names that is being followed.
    hops: u32,
    /// Members of values looked up so far.
    members: HashMap<MemberKey, Member<'a>>,
    /// The lookup under way met a limit or itself.
    cut: bool,
    /// Number of calls that the current site was followed through.
    visits: usize,
    /// Number of functions whose return values are being followed.
    calling: u32,
}

impl<'a> Resolver<'a> {
    /// All calls of a file that may send SQL.
    fn sites_of(&mut self, file: FileId, forwarding: &mut Vec<(CallRef<'a>, &'a Sink, Place)>) {
        let facts = self.symbols.facts(file);
        let mut sinks: Vec<(&'a Call, &'a Sink)> = Vec::new();
        let mut note = |call: &'a Call| sinks.extend(call.sink.as_ref().map(|s| (call, s)));
        for call in &facts.calls {
            note(call);
            call.args.iter().for_each(|a| each_call(&a.value, 0, &mut note));
        }
        facts.assignments.iter().for_each(|a| each_call(&a.value, 0, &mut note));
        facts.returns.iter().for_each(|r| each_call(&r.value, 0, &mut note));
        facts.strings.iter().for_each(|s| each_call(&s.value, 0, &mut note));
        let mut seen: HashSet<Span> = HashSet::default();
        sinks.retain(|(call, _)| seen.insert(call.own_span));
        sinks.sort_by_key(|(call, _)| (call.own_span.start, call.own_span.end));
        for (call, sink) in sinks {
            let site = CallRef { file, call };
            let env = self.env_of(site, None);
            self.hops = 0;
            match self.called(&call.callee, &env) {
                Some(function) => forwarding.push((site, sink, function)),
                None => self.site(site, sink),
            }
        }
    }

    /// One call that may send SQL.
    fn site(&mut self, site: CallRef<'a>, sink: &'a Sink) {
        let Some(value) = Self::sql_argument(site.call, sink) else { return };
        let env = self.env_of(site, None);
        let arrivals = self.arrivals(value, &env);
        let judged: Vec<(Arrival<'a>, Recognition)> = arrivals
            .into_iter()
            .map(|a| {
                let recognition = if a.text.is_unknown() { Recognition::No } else { recognise(&a.text.plain(), self.dialect) };
                (a, recognition)
            })
            .collect();
        // a variant that does not parse, beside one that does, is a combination of branches that no one wrote
        let mut whole: HashSet<usize> = HashSet::default();
        let key = |a: &Arrival<'a>| a.chain.last().map_or(0, |c| std::ptr::from_ref(c.call) as usize);
        whole.extend(judged.iter().filter(|(_, r)| *r == Recognition::Statement).map(|(a, _)| key(a)));
        let asked = !sink.certain || judged.iter().any(|(_, r)| *r != Recognition::Statement);
        let mut pack = &sink.pack;
        let mut receiver = asked.then(|| self.receiver(site, pack)).flatten();
        if receiver == Some(Receiver::Other)
            && let Some(rival) = sink.rivals.iter().find(|r| self.receiver(site, r) == Some(Receiver::Library))
        {
            (pack, receiver) = (rival, Some(Receiver::Library));
        }
        let library = receiver.map(|r| r == Receiver::Library);
        let certain = sink.certain && receiver != Some(Receiver::Prepared);
        let consumer = self.consumer(site, sink);
        let mut sites: Vec<(FileId, Span, bool)> = Vec::new();
        for (arrival, recognition) in judged {
            if recognition < Recognition::Statement && whole.contains(&key(&arrival)) {
                continue;
            }
            let place = arrival.chain.last().map_or((site.file, site.call.own_span), |c| (c.file, c.call.own_span));
            let begins_open = arrival.text.plain().trim_start().starts_with(HOLE) && recognition < Recognition::Likely;
            let known = !arrival.text.is_unknown() && !begins_open;
            let guessed = arrival.chain.iter().any(|c| self.guessed.contains(&(std::ptr::from_ref(c.call) as usize)));
            let sent = match (certain, recognition) {
                (_, Recognition::Statement) => true,
                // the caller is one by the name of a method alone: `c.Query("filter")` may be anything
                (_, Recognition::No | Recognition::Fragment) if guessed => false,
                (true, Recognition::Fragment) => false,
                (true, _) => known,
                (false, Recognition::Likely) => library != Some(false),
                // short or unusual statements (`TRUNCATE a`), sent by a value that is of the library
                (false, _) => known && library == Some(true) && self.is_statement(&arrival.text.plain()),
            };
            if sent {
                let sender = Sender { file: site.file, span: site.call.own_span, library: pack, evidence: Evidence::Sink, consumer };
                if self.emit(&arrival, sender) > 0 {
                    sites.push((place.0, place.1, true));
                    continue;
                }
            }
            // of a call that may be something else, only a receiver of the library makes a site, or one that is called so
            let of_library = certain || library.unwrap_or(sink.likely);
            let read = known && !sent && (recognition >= Recognition::Likely || self.is_statement(&arrival.text.plain()));
            if of_library && !read && !guessed {
                sites.push((place.0, place.1, false));
                self.open(&arrival, site);
            }
        }
        sites.sort();
        sites.dedup();
        let own = |f: FileId| self.symbols.files.get(f as usize).is_some_and(|f| f.own);
        let mut counted: Vec<(FileId, Span)> = sites.iter().filter(|s| own(s.0)).map(|s| (s.0, s.1)).collect();
        counted.dedup();
        self.out.sites += counted.len() as u32;
        self.out.resolved += counted.iter().filter(|c| sites.contains(&(c.0, c.1, true))).count() as u32;
    }

    fn is_statement(&self, text: &str) -> bool {
        let statement = parse_statement(text, self.dialect);
        statement.errors.is_empty() && !matches!(statement.kind, Kind::Unknown(_) | Kind::Fragment(_))
    }

    /// What reads the rows: the sink's own word, made precise by a `Scan` on its result.
    fn consumer(&self, site: CallRef<'a>, sink: &Sink) -> Consumer {
        if !matches!(sink.consumer, Consumer::Unknown | Consumer::Positional(None)) {
            return sink.consumer;
        }
        if let Some((_, n)) = site.call.chained.iter().find(|(m, _)| m == "Scan") {
            return Consumer::Positional(Some(*n));
        }
        let Some(rows) = site.call.assigned.first() else { return sink.consumer };
        let scans = self.symbols.calls.get("Scan").into_iter().flatten();
        let mut counts = scans
            .filter(|c| c.file == site.file && c.call.scope == site.call.scope && c.call.span.start > site.call.span.start)
            .filter(|c| c.call.callee.len() == 2 && c.call.callee.first() == Some(rows))
            .map(|c| (c.call.args.len() as u16, c.call.args.iter().any(|a| a.spread)));
        match counts.next() {
            Some((_, true)) => Consumer::Positional(None),
            Some((n, false)) => Consumer::Positional(Some(n)),
            None => sink.consumer,
        }
    }

    /// Records a site whose text is not known.
    fn open(&mut self, arrival: &Arrival<'a>, site: CallRef<'a>) {
        let place = arrival.chain.last().copied().unwrap_or(site);
        if !self.symbols.files.get(place.file as usize).is_some_and(|f| f.own) {
            return;
        }
        let reason = self.reason(arrival, site);
        let path = self.path_of(place.file).to_string();
        let line = self.lines(place.file).map_or(1, |l| l.line(place.call.own_span.start));
        let bytes = (self.input.read)(&path).unwrap_or_default();
        let span = place.call.own_span;
        let source = bytes.get(span.start as usize..span.end as usize).map(String::from_utf8_lossy);
        let text = source.map_or_else(|| format!("{}(…)", place.call.callee.join(".")), |s| shortened(&s));
        let open = OpenSite { path, line, reason, text };
        if !self.out.open.contains(&open) {
            self.out.open.push(open);
        }
    }

    fn finish(self, named: BTreeSet<String>) -> Resolved {
        let mut out = self.out;
        let mut statements = self.emitted.statements;
        statements.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| a.text.text.cmp(&b.text.text)));
        let mut numbers: HashMap<u32, u32> = HashMap::default();
        let mut next = 0;
        for statement in &mut statements {
            let mut fresh = || {
                next += 1;
                next - 1
            };
            statement.site_group = match statement.site_group {
                u32::MAX => fresh(),
                group => *numbers.entry(group).or_insert_with(fresh),
            };
        }
        out.statements = statements;
        out.open.sort();
        let mut names: BTreeSet<String> = BTreeSet::new();
        for &function in &self.asked {
            let Some(scope) = self.symbols.scope(function) else { continue };
            // who makes a value of a class calls its constructor
            let class = self.symbols.class_of(function).filter(|_| matches!(scope.name.as_str(), "__init__" | "constructor"));
            names.extend(class.and_then(|c| self.symbols.scope(c)).or(Some(scope)).map(|s| s.name.clone()));
        }
        names.remove("");
        out.helpers = names.into_iter().collect();
        out.wanted = self.wanted.into_iter().collect();
        out.loaded_sql_files = named.into_iter().collect();
        out
    }
}

fn place(statement: &Statement) -> (&str, Span) {
    (statement.files.first().map_or("", String::as_str), statement.span)
}

fn each_call<'a>(value: &'a Value, depth: u32, visit: &mut dyn FnMut(&'a Call)) {
    if depth > 60 {
        return;
    }
    if let Value::Call(call) = value {
        visit(call);
    }
    symbols::children(value, &mut |v| each_call(v, depth + 1, visit));
}

/// One line of at most 120 characters.
fn shortened(source: &str) -> String {
    let line = source.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(119) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}
