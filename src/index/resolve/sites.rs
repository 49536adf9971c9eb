//! Sites: calls that send SQL, followed back to the texts that reach them.

use super::Resolver;
use super::evaluate::{Mode, Notes, Unbound};
use super::names::{Entity, Env};
use super::symbols::{CallRef, Place};
use super::text::{FileId, Part, Text};
use crate::model::facts::{Arg, Assignment, Call, Language, ScopeKind, Sink, Value};
use crate::model::span::Span;
use crate::model::statement::HOLE;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Most variants of one site.
const MAX_VARIANTS: usize = 16;
/// Most assumptions about branches that are tried for one site.
const MAX_MODES: usize = 16;
/// Most callers that the function of a site is followed back to.
const MAX_CALLERS: usize = 4000;
/// Most callers of functions further out.
const MAX_FORWARDED: usize = 64;
/// Most calls that one site is followed through.
const MAX_VISITS: usize = 6000;
/// Most texts that arrive at one site.
const MAX_TEXTS: usize = 8000;
/// Longest chain of callers.
const MAX_CHAIN: usize = 4;
/// Most definitions of a method name that an unknown receiver may mean.
const MAX_NAMESAKES: usize = 6;

/// A text that reaches a site, and the calls that brought it there (the outermost one last).
#[derive(Clone, Debug)]
pub(super) struct Arrival<'a> {
    pub text: Text<'a>,
    pub chain: Vec<CallRef<'a>>,
}

/// What is evaluated for its texts.
#[derive(Copy, Clone)]
pub(super) enum Subject<'a> {
    Value(&'a Value),
    /// The variable that an assignment sets, with what is added to it later.
    Variable(&'a Assignment),
}

impl<'a> Resolver<'a> {
    /// The argument of a call that holds the SQL.
    pub fn sql_argument(call: &'a Call, sink: &Sink) -> Option<&'a Value> {
        let keyword = call.args.iter().find(|a| !a.name.is_empty() && a.name == sink.sql_keyword);
        let mut positional = call.args.iter().filter(|a| a.name.is_empty());
        let nth = || positional.nth(usize::from(sink.sql)).filter(|a: &&Arg| !a.spread);
        keyword.or_else(nth).map(|a| &a.value)
    }

    /// All texts of a value at a place: a variant for every way through its branches, for every caller that
    /// gives the parameters on which it depends.
    pub fn arrivals(&mut self, value: &'a Value, env: &Env<'a>) -> Vec<Arrival<'a>> {
        let mut out = Vec::new();
        self.visits = 0;
        self.arrive(value, env, &mut Vec::new(), &mut out);
        out
    }

    fn arrive(&mut self, value: &'a Value, env: &Env<'a>, chain: &mut Vec<(Place, CallRef<'a>)>, out: &mut Vec<Arrival<'a>>) {
        // the outermost call is bound first: its arguments are what the inner ones pass on
        let mut frames = env.frames.clone();
        for &(function, caller) in chain.iter().rev() {
            let home = self.env_of(caller, frames.clone());
            let binding = self.bind(function, caller, &home);
            frames = home.with(binding).frames;
        }
        let bound = Env { frames, ..env.clone() };
        let (texts, unbound) = self.variants(Subject::Value(value), &bound);
        let needed = if chain.len() < MAX_CHAIN { self.needed(&texts, &unbound) } else { None };
        // their files may not be among the input yet
        self.asked.extend(needed.map(|n| n.function));
        let callers = needed.map(|n| (n.function, self.callers_giving(n.function, n.index, chain)));
        if let Some((function, callers)) = callers
            && !callers.is_empty()
        {
            self.helpers.insert(function);
            for caller in callers {
                if self.visits >= MAX_VISITS {
                    return;
                }
                self.visits += 1;
                chain.push((function, caller));
                self.arrive(value, env, chain, out);
                chain.pop();
                if out.len() > MAX_TEXTS {
                    return;
                }
            }
            return;
        }
        for text in texts {
            out.push(Arrival { text, chain: chain.iter().map(|c| c.1).collect() });
        }
    }

    /// The texts of a value under all assumptions, each once, and the parameters met on the way.
    pub fn variants(&mut self, subject: Subject<'a>, env: &Env<'a>) -> (Vec<Text<'a>>, Vec<Unbound>) {
        let mut texts: Vec<Text<'a>> = Vec::new();
        let mut unbound = Vec::new();
        let mut modes = vec![Mode::All(0)];
        let mut spare = None;
        let mut at = 0;
        while let Some(&mode) = modes.get(at) {
            self.mode = mode;
            self.notes = Notes::default();
            self.hops = 0;
            self.calling = 0;
            let text = match subject {
                Subject::Value(value) => self.text_of(value, env),
                Subject::Variable(a) => self.variable_text(env.file, a, env),
            };
            let notes = std::mem::take(&mut self.notes);
            if at == 0 {
                let wide = notes.widest.min(MAX_MODES);
                modes.extend((1..wide).map(Mode::All));
                if notes.conditional {
                    modes.push(Mode::Least);
                }
            }
            at += 1;
            unbound.extend(notes.unbound);
            if notes.impossible {
                spare = spare.or(Some(text));
            } else if !texts.contains(&text) && texts.len() < MAX_VARIANTS {
                texts.push(text);
            }
        }
        if texts.is_empty() {
            texts.extend(spare);
        }
        unbound.sort();
        unbound.dedup();
        (texts, unbound)
    }

    /// The function whose callers decide about a hole that matters.
    fn needed(&self, texts: &[Text<'a>], unbound: &[Unbound]) -> Option<Unbound> {
        for text in texts {
            let mut before = String::new();
            for part in &text.parts {
                match part {
                    Part::Run { text, .. } | Part::Synthetic(text) => before.push_str(text),
                    Part::Parameter { .. } => before.push('?'),
                    Part::Hole { file, source, .. } => {
                        if !is_value_position(&before)
                            && let Some(found) = unbound.iter().find(|u| u.file == *file && u.source == *source)
                        {
                            return Some(*found);
                        }
                        before.push(HOLE);
                    }
                }
            }
        }
        // a parameter with a text as default leaves no hole: its callers may give something else
        let open = |u: &&Unbound| {
            let param = self.symbols.scope(u.function).and_then(|s| s.params.get(u.index));
            let text = param.is_some_and(|p| matches!(p.default, Some(Value::Text(..) | Value::List(..))));
            text && !texts.iter().any(|t| has_hole(t, u.file, u.source))
        };
        unbound.iter().copied().find(|u| u.chooses || open(&u))
    }

    /// Calls of a function that say what a parameter is, by an argument or by leaving it to its default.
    fn callers_giving(&mut self, function: Place, index: usize, chain: &[(Place, CallRef<'a>)]) -> Vec<CallRef<'a>> {
        let params = self.symbols.scope(function).map_or(&[][..], |s| s.params.as_slice());
        let Some(param) = params.get(index) else { return Vec::new() };
        let limit = if chain.is_empty() { MAX_CALLERS } else { MAX_FORWARDED };
        let gives = |c: &&CallRef<'a>| {
            let args = &c.call.args;
            let positional = args.iter().filter(|a| a.name.is_empty()).count();
            let given = positional > index || args.iter().any(|a| a.name == param.name || a.spread);
            // functions that call each other in a circle give nothing new
            (given || param.default.is_some()) && !chain.iter().any(|(_, known)| std::ptr::eq(known.call, c.call))
        };
        self.callers(function).iter().filter(gives).take(limit).copied().collect()
    }

    /// Calls of a function within the service.
    pub fn callers(&mut self, function: Place) -> Rc<Vec<CallRef<'a>>> {
        if let Some(known) = self.callers.get(&function) {
            return Rc::clone(known);
        }
        let symbols = self.symbols;
        let Some(scope) = symbols.scope(function) else { return Rc::default() };
        let class = symbols.class_of(function);
        let constructs = matches!(scope.name.as_str(), "__init__" | "constructor");
        let mut found = Vec::new();
        let own = class.filter(|_| constructs).and_then(|c| symbols.scope(c)).map_or(scope.name.as_str(), |c| c.name.as_str());
        let mut names = if constructs { vec![own, scope.name.as_str(), "super"] } else { vec![own] };
        names.extend(symbols.aliases.get(own).into_iter().flatten());
        names.sort_unstable();
        names.dedup();
        let names = names.into_iter().filter(|n| !n.is_empty()).map(|n| (n, true));
        // a default export has any name where it is imported, and that name says nothing of other calls
        let any = symbols.aliases.get("default").filter(|_| scope.exported && own != "default");
        let names: BTreeMap<&str, bool> = any.into_iter().flatten().map(|n| (*n, false)).chain(names).collect();
        let namesakes =
            symbols.functions.get(scope.name.as_str()).map_or(0, |f| f.iter().filter(|p| symbols.class_of(**p).is_some()).count());
        // functions of an object literal have no class; one of a kind is found by its name
        let script =
            matches!(symbols.files.get(function.0 as usize).map(|f| f.language), Some(Language::JavaScript | Language::TypeScript));
        let sole = script && symbols.functions.get(scope.name.as_str()).is_some_and(|f| f.len() == 1);
        for (name, telling) in names {
            for &call in symbols.calls.get(name).into_iter().flatten() {
                let env = self.env_of(call, None);
                self.hops = 0;
                self.notes = Notes::default();
                let mut entity = self.meaning(&call.call.callee, &env);
                if let Some(Entity::Module(file)) = entity {
                    entity = self.default_export(file);
                }
                let by_name = entity.is_none();
                let reaches = match entity {
                    Some(Entity::Function(f)) if f == function => true,
                    Some(Entity::Function(f)) => match (class, symbols.class_of(f)) {
                        (Some(a), Some(b)) => symbols.scope(f).map(|s| &s.name) == Some(&scope.name) && self.related(a, b),
                        _ => false,
                    },
                    Some(Entity::Class(c)) => constructs && class == Some(c),
                    Some(_) => false,
                    // an unknown receiver, or one that is no path (`(conn or db).run`): the name decides where it is rare
                    None => {
                        let rare = class.is_some() && namesakes <= MAX_NAMESAKES || sole && call.call.callee.len() > 1;
                        telling && rare && !constructs
                    }
                };
                // a function that calls itself gives nothing new
                if reaches && !self.inside(call, function) {
                    if by_name {
                        self.guessed.insert(std::ptr::from_ref(call.call) as usize);
                    }
                    found.push(call);
                }
            }
        }
        let found = Rc::new(found);
        self.callers.insert(function, Rc::clone(&found));
        found
    }

    /// Whether a call stands inside a function.
    fn inside(&self, call: CallRef<'a>, function: Place) -> bool {
        let mut at = Some((call.file, call.call.scope));
        while let Some(scope) = at {
            if scope == function {
                return true;
            }
            at = self.symbols.scope(scope).filter(|f| f.parent < scope.1).map(|f| (scope.0, f.parent));
        }
        false
    }

    /// Whether the receiver of a call comes from the library of the sink: imported from it, constructed by
    /// it, or annotated with one of its types. `None`: nothing is known about it.
    pub fn receiver(&mut self, call: CallRef<'a>, pack: &str) -> Option<Receiver> {
        let env = self.env_of(call, None);
        self.hops = 0;
        self.notes = Notes::default();
        let path = call.call.callee.get(..call.call.callee.len().saturating_sub(1))?;
        if path.is_empty() {
            return None;
        }
        self.of_library(path, &env, pack, 0)
    }

    fn of_library(&mut self, path: &'a [String], env: &Env<'a>, pack: &str, depth: u32) -> Option<Receiver> {
        if depth > 6 {
            return None;
        }
        let mut entity = None;
        for len in (1..=path.len()).rev() {
            entity = self.entity(path.get(..len)?, env);
            if entity.is_some() {
                break;
            }
        }
        match entity? {
            Entity::External(module) => Some(if names_library(module, pack) { Receiver::Library } else { Receiver::Other }),
            Entity::Variable { file, scope, path } => {
                let facts = self.symbols.facts(file);
                let events = self.symbols.table(file).events(scope, path.first()?)?;
                let all: Vec<_> = events.iter().filter_map(|&i| facts.assignments.get(i as usize)).filter(|a| a.target == path).collect();
                for a in all.into_iter().rev() {
                    let inner = Env::new(file, a.scope, a.span.start, a.branch);
                    if let Some(known) = self.value_of_library(&a.value, &a.ty, &inner, pack, depth) {
                        return Some(known);
                    }
                }
                None
            }
            Entity::Value(value, inner) => self.value_of_library(value, "", &inner, pack, depth),
            Entity::Any(all) => all.iter().find_map(|(v, inner)| self.value_of_library(v, "", inner, pack, depth)),
            Entity::Param { function, index } => {
                let param = self.symbols.scope(function)?.params.get(index)?;
                receiver_type(&param.ty, pack)
            }
            Entity::Typed(ty, _) => receiver_type(ty, pack),
            // a class of the service itself wraps the library or is something else; its methods were looked at
            Entity::Class(_) | Entity::Instance(_) | Entity::Function(_) | Entity::Module(_) | Entity::Package(_) | Entity::Item(_) => None,
        }
    }

    fn value_of_library(&mut self, value: &'a Value, ty: &str, env: &Env<'a>, pack: &str, depth: u32) -> Option<Receiver> {
        if let Some(known) = receiver_type(ty, pack) {
            return Some(known);
        }
        match value {
            // the methods of a prepared statement take parameters, no SQL
            Value::Call(call) if call.callee.last().is_some_and(|n| n.to_ascii_lowercase().starts_with("prepare")) => {
                Some(Receiver::Prepared)
            }
            Value::Call(call) => self.of_library(&call.callee, env, pack, depth + 1),
            Value::Name(path, _) => self.of_library(path, env, pack, depth + 1),
            Value::Choice(all, _) => all.iter().find_map(|v| self.value_of_library(v, "", env, pack, depth + 1)),
            _ => None,
        }
    }

    /// Why a text stayed unknown, for people.
    pub fn reason(&self, arrival: &Arrival<'a>, site: CallRef<'a>) -> String {
        let mut holes = arrival.text.parts.iter().filter_map(|p| match p {
            Part::Hole { what, file, source, .. } => Some((what, *file, *source)),
            _ => None,
        });
        let Some((what, file, source)) = holes.next() else {
            let known = !arrival.text.is_unknown();
            return if known { "its text is no statement that the parser knows".into() } else { "no text reaches it".into() };
        };
        let scope = arrival.chain.last().map_or((site.file, site.call.scope), |c| (c.file, c.call.scope));
        let function = self.enclosing_parameter(file, source, scope, what);
        match function {
            Some(name) => format!("the SQL is the parameter {what} of {name}, no caller found"),
            None => format!("the SQL is {what}, which is not known"),
        }
    }

    fn enclosing_parameter(&self, file: FileId, source: Span, scope: Place, what: &str) -> Option<String> {
        let mut at = if scope.0 == file { scope } else { (file, self.symbols.region(file, source.start)?) };
        loop {
            let fact = self.symbols.scope(at)?;
            if fact.kind == ScopeKind::Function && fact.params.iter().any(|p| p.name == what) {
                return Some(if fact.name.is_empty() { "an anonymous function".into() } else { format!("function {}", fact.name) });
            }
            if fact.parent == at.1 {
                return None;
            }
            at.1 = fact.parent;
        }
    }
}

fn has_hole(text: &Text<'_>, file: FileId, span: Span) -> bool {
    text.parts.iter().any(|p| matches!(p, Part::Hole { file: f, source, .. } if *f == file && *source == span))
}

/// Whether what follows `before` is a value rather than a name or clause: behind a comparison, inside quotes,
/// behind LIMIT or OFFSET.
fn is_value_position(before: &str) -> bool {
    let trimmed = before.trim_end();
    if before.matches('\'').count() % 2 == 1 {
        return true;
    }
    if trimmed.ends_with(['=', '<', '>', '$', ':', '@', '%']) {
        return true;
    }
    let word = trimmed.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or("");
    trimmed.len() < before.len() && ["LIMIT", "OFFSET", "LIKE", "ILIKE", "INTERVAL"].iter().any(|w| word.eq_ignore_ascii_case(w))
}

/// What a call that may send SQL is made on.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Receiver {
    /// A value of the library.
    Library,
    /// A prepared statement: its methods take parameters, no SQL.
    Prepared,
    /// Something else.
    Other,
}

/// What a type annotation says: `*sqlx.DB`, `*sql.Stmt`.
fn receiver_type(ty: &str, pack: &str) -> Option<Receiver> {
    let lower = ty.trim_end_matches([']', '>', ' ']).to_ascii_lowercase();
    if lower.ends_with("stmt") || lower.ends_with("preparedstatement") {
        return Some(Receiver::Prepared);
    }
    (!ty.is_empty() && names_library(ty, pack)).then_some(Receiver::Library)
}

/// Whether a module path or type name belongs to a library: `pgx` to `github.com/jackc/pgx/v5`,
/// `database-sql` to `database/sql` and `*sql.DB`, `better-sqlite3` to `Database`.
fn names_library(name: &str, pack: &str) -> bool {
    let fold = |t: &str| t.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>().to_ascii_lowercase();
    let (name, pack) = (name.to_ascii_lowercase(), pack.to_ascii_lowercase());
    let whole = fold(&name);
    if whole.contains(&fold(&pack)) {
        return true;
    }
    // types of database/sql are written `sql.DB`
    let last = pack.rsplit(['/', '-', '.']).next().unwrap_or(&pack);
    name.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == last)
        || ["connection", "cursor", "pool", "session"].iter().any(|w| whole.ends_with(w))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_from_names() {
        for (before, value) in [
            ("SELECT a FROM ", false),
            ("SELECT a FROM t WHERE a = ", true),
            ("SELECT a FROM t WHERE ", false),
            ("SELECT a FROM t WHERE a = '", true),
            ("SELECT a FROM t LIMIT ", true),
            ("SELECT ", false),
            ("ORDER BY a ", false),
        ] {
            assert_eq!(is_value_position(before), value, "{before}");
        }
        for (name, pack, same) in [
            ("github.com/jackc/pgx/v5", "pgx", true),
            ("*sql.DB", "database/sql", true),
            ("axios", "pg", false),
            ("requests", "psycopg", false),
            ("mysql2/promise", "mysql2", true),
        ] {
            assert_eq!(names_library(name, pack), same, "{name} {pack}");
        }
        for (ty, receiver) in [
            ("*sqlx.Stmt", Some(Receiver::Prepared)),
            ("*sqlx.NamedStmt", Some(Receiver::Prepared)),
            ("*sqlx.DB", Some(Receiver::Library)),
            ("*Statements", None),
            ("", None),
        ] {
            assert_eq!(receiver_type(ty, "sqlx"), receiver, "{ty}");
        }
    }
}
