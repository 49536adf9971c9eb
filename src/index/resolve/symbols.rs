//! What the files of a service define, indexed by name.

use super::input::ResolveFile;
use super::modules::split;
use super::text::FileId;
use crate::model::facts::{AssignOp, Call, FileFacts, Import, Language, ScopeFact, ScopeId, ScopeKind, Value};
use crate::model::span::Span;
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use std::collections::BTreeSet;

/// Deepest nesting of values that is walked.
const MAX_DEPTH: u32 = 60;

/// A scope of a file.
pub(super) type Place = (FileId, ScopeId);

/// Several things to a name.
type ByName<'a, T> = HashMap<&'a str, Vec<T>>;

/// A call and the file that it stands in.
#[derive(Copy, Clone, Debug)]
pub(super) struct CallRef<'a> {
    pub file: FileId,
    pub call: &'a Call,
}

/// Names of one file.
#[derive(Default)]
pub(super) struct FileTable<'a> {
    /// Assignments by scope and first segment of the target, in source order.
    pub assigned: HashMap<ScopeId, HashMap<&'a str, Vec<u32>>>,
    /// Functions and classes by parent scope and name.
    pub defined: HashMap<ScopeId, HashMap<&'a str, ScopeId>>,
    /// Imports by local name.
    pub imports: HashMap<&'a str, &'a Import>,
    /// `from x import *`, `export * from`.
    pub stars: Vec<&'a Import>,
    /// Number of arms of each branch group.
    pub arms: HashMap<u32, u16>,
    /// Returns by function.
    pub returns: HashMap<ScopeId, Vec<u32>>,
    /// Functions that stand in no other function, by start.
    pub outermost: Vec<(Span, ScopeId)>,
}

impl FileTable<'_> {
    /// The function or class of that name inside a scope.
    pub fn definition(&self, parent: ScopeId, name: &str) -> Option<ScopeId> {
        self.defined.get(&parent)?.get(name).copied()
    }

    /// Assignments to a name of a scope, in source order.
    pub fn events(&self, scope: ScopeId, name: &str) -> Option<&Vec<u32>> {
        self.assigned.get(&scope)?.get(name)
    }
}

/// Names of the whole service.
pub(super) struct Symbols<'a> {
    pub files: &'a [ResolveFile<'a>],
    pub by_path: HashMap<&'a str, FileId>,
    pub tables: Vec<FileTable<'a>>,
    /// Functions and methods by name.
    pub functions: HashMap<&'a str, Vec<Place>>,
    /// All calls by the last segment of the callee, each once.
    pub calls: HashMap<&'a str, Vec<CallRef<'a>>>,
    /// Other names that imports and assignments give to a name; to `default` also those of whole modules.
    pub aliases: HashMap<&'a str, BTreeSet<&'a str>>,
    /// Classes that name this class as a base (last segment).
    pub subclasses: HashMap<&'a str, Vec<Place>>,
    /// Go files by folder.
    pub packages: HashMap<&'a str, Vec<FileId>>,
    /// Go methods by folder and receiver type, then name.
    pub go_methods: HashMap<(&'a str, &'a str), HashMap<&'a str, Place>>,
    /// Values given to attributes inside methods: class -> attribute -> (file, assignment).
    pub attributes: HashMap<Place, ByName<'a, (FileId, u32)>>,
    /// Values given to keys of struct literals, by Go folder and key.
    pub fields: HashMap<&'a str, ByName<'a, (FileId, ScopeId, &'a Value)>>,
}

impl<'a> Symbols<'a> {
    pub fn new(files: &'a [ResolveFile<'a>]) -> Self {
        let mut symbols = Symbols {
            files,
            by_path: HashMap::default(),
            tables: Vec::with_capacity(files.len()),
            functions: HashMap::default(),
            calls: HashMap::default(),
            aliases: HashMap::default(),
            subclasses: HashMap::default(),
            packages: HashMap::default(),
            go_methods: HashMap::default(),
            attributes: HashMap::default(),
            fields: HashMap::default(),
        };
        for (id, file) in files.iter().enumerate() {
            let id = id as FileId;
            symbols.by_path.insert(file.path, id);
            if file.language == Language::Go {
                symbols.packages.entry(split(file.path).0).or_default().push(id);
            }
            for import in file.facts.imports.iter().filter(|i| i.name != i.local && i.name != "*" && file.language != Language::Go) {
                let name = match import.name.as_str() {
                    // a module of Python is not called
                    "" if file.language == Language::Python => continue,
                    "" => "default",
                    name => name,
                };
                symbols.aliases.entry(name).or_default().insert(&import.local);
            }
            for a in &file.facts.assignments {
                // `const { page: paged } = db`
                if let (Value::Name(path, _), [local]) = (&a.value, a.target.as_slice())
                    && let Some(name) = path.last().filter(|n| *n != local)
                {
                    symbols.aliases.entry(name).or_default().insert(local);
                }
            }
            symbols.tables.push(table(file.facts));
            symbols.definitions(id, file);
            symbols.collect_calls(id, file.facts);
        }
        for (id, file) in files.iter().enumerate() {
            symbols.collect_attributes(id as FileId, file);
        }
        symbols
    }

    pub fn facts(&self, file: FileId) -> &'a FileFacts {
        self.files[file as usize].facts
    }

    pub fn table(&self, file: FileId) -> &FileTable<'a> {
        &self.tables[file as usize]
    }

    pub fn scope(&self, place: Place) -> Option<&'a ScopeFact> {
        self.facts(place.0).scopes.get(place.1 as usize)
    }

    /// The class that a method belongs to.
    pub fn class_of(&self, method: Place) -> Option<Place> {
        let scope = self.scope(method)?;
        if !scope.receiver_type.is_empty() {
            return self.go_type(method.0, &scope.receiver_type);
        }
        let parent = (method.0, scope.parent);
        (scope.parent != method.1 && self.scope(parent)?.kind == ScopeKind::Class).then_some(parent)
    }

    /// A struct of the package that a Go file belongs to.
    pub fn go_type(&self, file: FileId, name: &str) -> Option<Place> {
        let folder = split(self.files.get(file as usize)?.path).0;
        let name = name.trim_start_matches('*');
        let name = name.split('[').next().unwrap_or(name);
        self.packages.get(folder)?.iter().find_map(|&f| {
            let scope = self.table(f).definition(0, name)?;
            (self.scope((f, scope))?.kind == ScopeKind::Class).then_some((f, scope))
        })
    }

    /// The function that a scope stands in (itself, if it is one).
    pub fn function_of(&self, file: FileId, mut scope: ScopeId) -> Option<ScopeId> {
        loop {
            let fact = self.scope((file, scope))?;
            if fact.kind == ScopeKind::Function {
                return Some(scope);
            }
            if fact.parent == scope {
                return None;
            }
            scope = fact.parent;
        }
    }

    /// The outermost function around a place of a file.
    pub fn region(&self, file: FileId, at: u32) -> Option<ScopeId> {
        let outermost = &self.tables.get(file as usize)?.outermost;
        let i = outermost.partition_point(|(span, _)| span.start <= at).checked_sub(1)?;
        let (span, scope) = outermost[i];
        span.contains(at).then_some(scope)
    }

    fn definitions(&mut self, id: FileId, file: &ResolveFile<'a>) {
        for (i, scope) in file.facts.scopes.iter().enumerate() {
            let place = (id, i as ScopeId);
            match scope.kind {
                ScopeKind::Function if !scope.name.is_empty() => {
                    self.functions.entry(&scope.name).or_default().push(place);
                    if !scope.receiver_type.is_empty() {
                        let folder = split(file.path).0;
                        let ty = scope.receiver_type.trim_start_matches('*');
                        let ty = ty.split('[').next().unwrap_or(ty);
                        self.go_methods.entry((folder, ty)).or_default().insert(&scope.name, place);
                    }
                }
                ScopeKind::Class => {
                    for base in &scope.bases {
                        let last = base.rsplit('.').next().unwrap_or(base).trim_start_matches('*');
                        let last = last.split(['[', '<']).next().unwrap_or(last);
                        self.subclasses.entry(last).or_default().push(place);
                    }
                }
                _ => {}
            }
        }
    }

    fn collect_calls(&mut self, id: FileId, facts: &'a FileFacts) {
        let mut found = Vec::new();
        for call in &facts.calls {
            found.push(call);
            call.args.iter().for_each(|a| nested(&a.value, 0, &mut found));
        }
        facts.assignments.iter().for_each(|a| nested(&a.value, 0, &mut found));
        facts.returns.iter().for_each(|r| nested(&r.value, 0, &mut found));
        facts.strings.iter().for_each(|s| nested(&s.value, 0, &mut found));
        let mut seen = HashSet::default();
        for call in found {
            if let Some(name) = call.callee.last()
                && seen.insert((call.own_span, call.callee.len()))
            {
                self.calls.entry(name).or_default().push(CallRef { file: id, call });
            }
        }
    }

    /// `self.x = value` in methods, and the keys of struct literals in Go.
    fn collect_attributes(&mut self, id: FileId, file: &ResolveFile<'a>) {
        for (i, assignment) in file.facts.assignments.iter().enumerate() {
            let [head, attribute] = assignment.target.as_slice() else { continue };
            let mut scope = assignment.scope;
            let class = loop {
                let Some(function) = self.function_of(id, scope) else { break None };
                let Some(fact) = self.scope((id, function)) else { break None };
                if fact.receiver == *head {
                    break self.class_of((id, function));
                }
                scope = fact.parent;
            };
            if let Some(class) = class {
                self.attributes.entry(class).or_default().entry(attribute).or_default().push((id, i as u32));
            }
        }
        if file.language == Language::Go {
            let folder = split(file.path).0;
            let mut maps = Vec::new();
            file.facts.assignments.iter().for_each(|a| structs(&a.value, a.scope, 0, &mut maps));
            file.facts.returns.iter().for_each(|r| structs(&r.value, r.scope, 0, &mut maps));
            for (scope, key, value) in maps {
                self.fields.entry(folder).or_default().entry(key).or_default().push((id, scope, value));
            }
        }
    }
}

fn table(facts: &FileFacts) -> FileTable<'_> {
    let mut table = FileTable::default();
    for (i, scope) in facts.scopes.iter().enumerate().skip(1) {
        let id = i as ScopeId;
        if !scope.name.is_empty() && scope.receiver_type.is_empty() {
            table.defined.entry(scope.parent).or_default().entry(scope.name.as_str()).or_insert(id);
        }
        if scope.kind == ScopeKind::Function && !in_function(facts, scope.parent) {
            table.outermost.push((scope.span, id));
        }
    }
    table.outermost.sort();
    let set: HashSet<(ScopeId, &str)> =
        facts.assignments.iter().filter(|a| a.op == AssignOp::Set).filter_map(|a| Some((a.scope, a.target.first()?.as_str()))).collect();
    for (i, assignment) in facts.assignments.iter().enumerate() {
        let Some(head) = assignment.target.first() else { continue };
        // an append inside a closure belongs to the variable of the function around it
        let mut scope = assignment.scope;
        while assignment.op != AssignOp::Set && !set.contains(&(scope, head)) {
            let Some(fact) = facts.scopes.get(scope as usize) else { break };
            if fact.kind != ScopeKind::Function || fact.parent >= scope || fact.params.iter().any(|p| p.name == *head) {
                break;
            }
            scope = fact.parent;
        }
        if assignment.op != AssignOp::Set && !set.contains(&(scope, head)) {
            let owned = facts.scopes.get(scope as usize).is_some_and(|f| f.params.iter().any(|p| p.name == *head));
            scope = if owned { scope } else { assignment.scope };
        }
        table.assigned.entry(scope).or_default().entry(head.as_str()).or_default().push(i as u32);
    }
    for import in &facts.imports {
        if import.name == "*" && (import.local.is_empty() || import.local == "*") {
            table.stars.push(import);
        } else if !import.local.is_empty() {
            table.imports.entry(import.local.as_str()).or_insert(import);
        }
    }
    for branch in &facts.branches {
        let arms = table.arms.entry(branch.group).or_default();
        *arms = (*arms).max(branch.arm.saturating_add(1));
    }
    for (i, r) in facts.returns.iter().enumerate() {
        table.returns.entry(r.scope).or_default().push(i as u32);
    }
    table
}

fn in_function(facts: &FileFacts, mut scope: ScopeId) -> bool {
    while let Some(fact) = facts.scopes.get(scope as usize) {
        if fact.kind == ScopeKind::Function {
            return true;
        }
        if fact.parent >= scope {
            return false;
        }
        scope = fact.parent;
    }
    false
}

/// Values directly inside a value.
pub(super) fn children<'a>(value: &'a Value, visit: &mut dyn FnMut(&'a Value)) {
    match value {
        Value::Concat(all, _) | Value::List(all, _) | Value::Choice(all, _) => all.iter().for_each(visit),
        Value::Tagged { parts, .. } => parts.iter().for_each(visit),
        Value::Map(entries, _) => entries.iter().for_each(|(_, v)| visit(v)),
        Value::Format { template, args, .. } => {
            visit(template);
            args.iter().for_each(|a| visit(&a.value));
        }
        Value::Join { separator, items, .. } => {
            visit(separator);
            visit(items);
        }
        Value::Each { each, over, .. } => {
            visit(each);
            visit(over);
        }
        Value::Call(call) => call.args.iter().for_each(|a| visit(&a.value)),
        Value::File { path, .. } => visit(path),
        Value::Index { of, key, .. } => {
            visit(of);
            visit(key);
        }
        Value::Text(..) | Value::Name(..) | Value::Scalar(..) | Value::Opaque(..) => {}
    }
}

fn nested<'a>(value: &'a Value, depth: u32, found: &mut Vec<&'a Call>) {
    if depth > MAX_DEPTH {
        return;
    }
    if let Value::Call(call) = value {
        found.push(call);
    }
    children(value, &mut |v| nested(v, depth + 1, found));
}

fn structs<'a>(value: &'a Value, scope: ScopeId, depth: u32, found: &mut Vec<(ScopeId, &'a str, &'a Value)>) {
    if depth > MAX_DEPTH {
        return;
    }
    if let Value::Map(entries, _) = value {
        found.extend(entries.iter().map(|(k, v)| (scope, k.as_str(), v)));
    }
    children(value, &mut |v| structs(v, scope, depth + 1, found));
}
