//! The script of a migration: its statements in order, with the lines of the source that they come from.

use super::entities::{Entities, Entity};
use super::run::Run;
use super::value::{Place, Scope, This, Value};
use super::write::{Env, MARK, Writer, term_of};
use crate::grammar::PackSet;
use crate::grammar::ddl::{Act, Ddl, Entry, Rule};
use crate::grammar::set::LanguagePacks;
use crate::index::mapping::Models;
use crate::index::program::{ClassRef, Definition, FileId, FunctionRef, Program};
use crate::model::code::Outer;
use crate::model::dialect::Engine;
use crate::model::span::LineIndex;
use crate::model::statement::HOLE;
use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

/// What to read.
pub struct Request<'a> {
    /// The program: the migration, and what it imports.
    pub program: &'a Program<'a>,
    /// The migration.
    pub file: FileId,
    /// Its bytes.
    pub source: &'a [u8],
    /// All packs.
    pub packs: &'a PackSet,
    /// The rules of its language.
    pub language: &'a LanguagePacks,
    /// Models of the program, made where they are asked for.
    pub models: OnceCell<Models>,
    /// The engine that it runs on.
    pub engine: Engine,
    /// Files that ran before it and say what entities are, in order.
    pub before: &'a [FileId],
    /// Files by application that say what its entities are, in order.
    pub applications: &'a [(String, Vec<FileId>)],
}

/// A part that was not read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unread {
    /// 1-based line of the migration.
    pub line: u32,
    /// Why.
    pub message: String,
}

/// What a migration sends.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// The library, by its name for people.
    pub title: String,
    /// Statements, each ended by `;` and a line break.
    pub text: String,
    /// The line of the source for each line of the text.
    pub lines: Vec<u32>,
    /// What was not read.
    pub unread: Vec<Unread>,
    /// Calls that send.
    pub operations: usize,
}

/// What a migration in code sends; `None`: no pack knows such a migration.
pub fn script<'a>(request: &'a Request<'a>) -> Option<Script> {
    let mut best: Option<(bool, Script)> = None;
    for pack in &request.language.packs {
        let Some(rules) = &pack.ddl else { continue };
        for entry in &rules.entry {
            let Some((sure, found)) = by_entry(request, rules, entry) else { continue };
            let score = |s: &(bool, Script)| (s.0, s.1.operations.saturating_sub(s.1.unread.len()), s.1.operations);
            let found = (sure, found);
            let whole = found.1.operations > 0;
            if best.as_ref().is_none_or(|b| score(&found) > score(b)) {
                best = Some(found);
            }
            // Later entries are for files that the first ones do not fit.
            if whole {
                break;
            }
        }
    }
    best.map(|b| b.1)
}

/// What an entry finds in the migration; first whether the file imports the library.
fn by_entry<'a>(request: &'a Request<'a>, rules: &'a Ddl, entry: &Entry) -> Option<(bool, Script)> {
    let file = request.program.file(request.file)?;
    let covers = |module: &str| {
        entry.imports.iter().any(|i| module.strip_prefix(i.as_str()).is_some_and(|r| r.is_empty() || r.starts_with(['.', '/'])))
    };
    let imported = file.imports.iter().any(|i| covers(&i.module));
    if entry.module && !imported && !entry.imports.is_empty() {
        return None;
    }
    let engine = family(request.engine);
    let mut run = Run::new(request, rules, engine, request.file);
    let mut entities = Entities::default();
    let app = application(rules, file.path);
    if entry.remembers_folder {
        for (name, files) in request.applications {
            for &file in files.iter().filter(|f| **f != request.file) {
                remember(request, rules, entry, file, name, &mut entities);
            }
        }
        for &file in request.before {
            remember(request, rules, entry, file, &app, &mut entities);
        }
    }
    let operations = start(&mut run, entry, request.file)?;
    let operations = operations.unwrap_or_else(|| std::mem::take(&mut run.sent).into_iter().map(Value::Term).collect());
    if !imported && operations.is_empty() && !run.notes.is_empty() {
        return None;
    }
    let mut script = Assembly::new(request.source);
    script.count = operations.len();
    perform(&run, &mut entities, &app, &operations, &mut script);
    for note in &run.notes {
        script.unread(note.place, &note.message);
    }
    Some((imported, script.finish(&rules.title)))
}

/// What files before say of entities.
fn remember<'a>(request: &'a Request<'a>, rules: &'a Ddl, entry: &Entry, file: FileId, app: &str, entities: &mut Entities) {
    let mut run = Run::new(request, rules, family(request.engine), file);
    if let Some(Some(operations)) = start(&mut run, entry, file) {
        for operation in &operations {
            learn(&run, entities, app, operation);
        }
    }
}

/// Runs what an entry says. `None`: the file has no such entry; `Some(None)`: what was sent is kept by the run.
fn start<'a>(run: &mut Run<'a>, entry: &Entry, file: FileId) -> Option<Option<Vec<Value>>> {
    let program = run.program;
    let args = |run: &Run| -> Vec<super::value::Argument> {
        entry.params.iter().map(|p| super::value::Argument { name: None, value: run.external(p) }).collect()
    };
    if entry.module {
        let code = program.file(file)?.code;
        let scope = Scope::new(None);
        run.block(&code.body, &scope);
        if !entry.function.is_empty() {
            for (id, _) in code.functions.iter().enumerate().filter(|(_, f)| {
                let name = f.name.text.to_ascii_lowercase();
                let any = entry.function == "*" && !name.is_empty() && !entry.except.iter().any(|e| name.starts_with(e.as_str()));
                f.outer == Outer::Module && f.receiver.is_none() && (any || *f.name.text == *entry.function)
            }) {
                run.call(FunctionRef { file, function: id as u32 }, None, None, Vec::new());
            }
        }
        return (!run.sent.is_empty()).then_some(None);
    }
    if !entry.function.is_empty() {
        let function = exported(run, file, &entry.function)?;
        let args = args(run);
        run.apply(function, args, 0);
        return Some(None);
    }
    let class = class_of(run, entry, file)?;
    if !entry.attribute.is_empty() {
        run.records = false;
        let Some(Value::List(operations)) = run.field(class, &entry.attribute) else {
            return Some(Some(Vec::new()));
        };
        let operations = operations.borrow().clone();
        return Some(Some(operations));
    }
    let method = run.method(class, &entry.method)?;
    let this = Rc::new(This { class, path: run.canonical(&entry.this).into(), fields: RefCell::default() });
    let args = args(run);
    run.call(method, None, Some(this), args);
    Some(None)
}

/// A function that a file has under a name, or exports.
fn exported<'a>(run: &mut Run<'a>, file: FileId, name: &str) -> Option<Value> {
    let function = |v: &Value| matches!(v, Value::Function(..));
    if let Some(definition) = run.program.lookup(file, name) {
        let value = run.defined(definition, name);
        if function(&value) {
            return Some(value);
        }
    }
    match run.exports(file)? {
        Value::Class(class) => run.method(class, name).map(|m| Value::Function(m, None, None)),
        value => value.entry(name).filter(function),
    }
}

/// The class of a migration.
fn class_of(run: &Run, entry: &Entry, file: FileId) -> Option<ClassRef> {
    let code = run.program.file(file)?.code;
    let fits = |(id, class): (usize, &crate::model::code::Class)| {
        let at = ClassRef { file, class: id as u32 };
        if class.outer != Outer::Module || (!entry.method.is_empty() && run.method(at, &entry.method).is_none()) {
            return None;
        }
        let based = |name: &str| entry.bases.iter().any(|b| crate::grammar::ddl::names(b, name));
        let extends =
            |class: &crate::model::code::Class| class.bases.iter().any(|b| run.program.qualified(file, b).is_some_and(|n| based(&n)));
        let above = || {
            class.bases.iter().any(|b| match b.path().and_then(|p| run.program.lookup_path(file, &p)) {
                Some(Definition::Class(base)) => run.program.class(base).is_some_and(extends),
                _ => false,
            })
        };
        (entry.bases.is_empty() || extends(class) || above()).then_some(at)
    };
    code.classes.iter().enumerate().find_map(fits)
}

fn family(engine: Engine) -> &'static str {
    match engine {
        Engine::Postgres => "postgres",
        Engine::Sqlite => "sqlite",
        _ => "mysql",
    }
}

/// The application of a file, by its folder.
pub(super) fn application(rules: &Ddl, path: &str) -> String {
    let Some(application) = &rules.application else { return String::new() };
    path.rsplit('/').nth(application.folder).unwrap_or("").to_string()
}

/// Sends operations in order.
fn perform(run: &Run, entities: &mut Entities, app: &str, operations: &[Value], out: &mut Assembly) {
    for operation in operations {
        let Some(term) = term_of(operation) else {
            out.unread(run.site, "an operation is not known");
            continue;
        };
        let Some(rules) = run.rules_in("operation", &term.callee) else {
            out.unread(term.place, &format!("{} is not known", super::call::last_parts(&term.callee)));
            continue;
        };
        let set = run.rules.set.get("operation");
        if rules.0.iter().any(|r| r.entity.as_ref().is_some_and(|e| e.act == Act::Create)) {
            // It may refer to itself.
            learn(run, entities, app, operation);
        }
        for rule in &rules.0 {
            let writer = Writer::new(run, entities, app);
            let mut env = Env::new(operation.clone(), Some(rule), set, None);
            env.extra = extra(&writer, rule, operation, &env);
            if let Some(when) = &rule.when
                && !matches!(writer.template(&when.pieces, &env), Ok(super::write::Written::Text(_)))
            {
                continue;
            }
            if !rule.unread.is_empty() {
                out.unread(term.place, &rule.unread);
                break;
            }
            let like = || run.rules_in("operation", &rule.like).and_then(|r| r.0.first()).map(|r| &r.sql);
            let sql = if rule.sql.is_empty() { like().or(set.map(|s| &s.sql)) } else { Some(&rule.sql) };
            match sql.map_or(Ok(Vec::new()), |s| writer.statements(s, &env)) {
                Ok(statements) => statements.iter().for_each(|s| out.statement(term.place, s)),
                Err(reason) => {
                    let name = super::call::last_parts(&term.callee);
                    out.unread(term.place, &format!("{name} is not read: {reason}"));
                }
            }
            break;
        }
        // Operations inside are performed on what is known now; only what says so is remembered.
        let inner = rules.0.iter().find_map(|r| Some((r, inner_operations(run, operation, r)?)));
        if let Some((_, inner)) = inner {
            let mut scratch = entities.clone();
            perform(run, &mut scratch, app, &inner, out);
        }
        learn(run, entities, app, operation);
    }
}

/// Operations that are among the arguments of one, to be performed.
fn inner_operations(run: &Run, operation: &Value, rule: &Rule) -> Option<Vec<Value>> {
    let term = term_of(operation)?;
    let name = rule.performs.as_str();
    if name.is_empty() {
        return None;
    }
    match run.argument(term, rule, name)? {
        Value::List(items) => Some(items.borrow().clone()),
        _ => None,
    }
}

/// What templates may say of the entity that an operation is about.
fn extra(writer: &Writer, rule: &Rule, operation: &Value, env: &Env) -> Vec<(Rc<str>, Value)> {
    let Some(act) = &rule.entity else { return Vec::new() };
    let mut out: Vec<(Rc<str>, Value)> = Vec::new();
    let Some(name) = term_of(operation).and_then(|t| writer.run.argument(t, rule, &act.name)) else { return out };
    let Ok(entity) = writer.entity(&name, env) else { return out };
    if let Some(entity) = entity {
        let fields = entity.fields.iter().map(|(name, value)| Value::list(vec![Value::text(name.clone()), value.clone()]));
        out.push(("known-fields".into(), Value::list(fields.collect())));
        out.extend(entity.table.as_ref().map(|t| ("own-table".into(), Value::text(t.as_str()))));
    }
    if let (Some(entity), Some(field)) = (entity, term_of(operation).and_then(|t| writer.run.argument(t, rule, &act.field)))
        && let Some(old) = field.as_text().and_then(|f| entity.field(f))
    {
        out.push(("old".into(), old.clone()));
    }
    out
}

/// What an operation says of entities.
fn learn(run: &Run, entities: &mut Entities, app: &str, operation: &Value) {
    let Some(term) = term_of(operation) else { return };
    let Some(rule) = run.rules_in("operation", &term.callee).and_then(|r| r.0.first()) else { return };
    if !rule.remembers.is_empty()
        && let Some(Value::List(inner)) = run.argument(term, rule, &rule.remembers)
    {
        let inner = inner.borrow().clone();
        inner.iter().for_each(|o| learn(run, entities, app, o));
    }
    let Some(act) = &rule.entity else { return };
    let argument = |name: &str| {
        let mut parts = name.split('.');
        let first = run.argument(term, rule, parts.next()?)?;
        parts.try_fold(first, |value, part| run.entry_of(&value, part))
    };
    let Some(name) = argument(&act.name) else { return };
    let found = {
        let writer = Writer::new(run, entities, app);
        let env = Env::new(operation.clone(), Some(rule), None, None);
        writer.entity_name(&name, &env)
    };
    let Ok((app, name)) = found else { return };
    let text = |name: &str| argument(name).and_then(|v| v.as_text().map(str::to_string));
    match act.act {
        Act::Look => {}
        Act::Create => {
            let mut fields = Vec::new();
            if let Some(Value::List(all)) = argument(&act.value) {
                for pair in all.borrow().iter() {
                    if let (Some(Value::Text(field, _)), Some(value)) = (run.entry_of(pair, "0"), run.entry_of(pair, "1")) {
                        fields.push((field, value));
                    }
                }
            }
            entities.add(Entity { app: app.into(), name: name.to_lowercase(), table: text(&act.to), fields });
        }
        Act::Drop => entities.remove(&app, &name),
        Act::Rename => {
            if let (Some(entity), Some(to)) = (entities.get_mut(&app, &name), text(&act.to)) {
                entity.name = to.to_lowercase();
            }
        }
        Act::SetTable => {
            if let Some(entity) = entities.get_mut(&app, &name) {
                entity.table = text(&act.to);
            }
        }
        Act::AddField | Act::AlterField => {
            let (Some(field), Some(value)) = (text(&act.field), argument(&act.value)) else { return };
            if let Some(entity) = entities.get_mut(&app, &name) {
                match entity.fields.iter_mut().find(|f| f.0.eq_ignore_ascii_case(&field)) {
                    Some(old) => old.1 = value,
                    None => entity.fields.push((field.into(), value)),
                }
            }
        }
        Act::RemoveField => {
            let Some(field) = text(&act.field) else { return };
            if let Some(entity) = entities.get_mut(&app, &name) {
                entity.fields.retain(|f| !f.0.eq_ignore_ascii_case(&field));
            }
        }
        Act::RenameField => {
            let (Some(field), Some(to)) = (text(&act.field), text(&act.to)) else { return };
            if let Some(entity) = entities.get_mut(&app, &name) {
                for f in entity.fields.iter_mut().filter(|f| f.0.eq_ignore_ascii_case(&field)) {
                    f.0 = to.as_str().into();
                }
            }
        }
    }
}

/// A script that is being put together.
struct Assembly<'s> {
    source: &'s [u8],
    index: LineIndex,
    script: Script,
    count: usize,
}

impl<'s> Assembly<'s> {
    fn new(source: &'s [u8]) -> Self {
        Assembly { source, index: LineIndex::new(source), script: Script::default(), count: 0 }
    }

    fn unread(&mut self, place: Place, message: &str) {
        let unread = Unread { line: self.index.line(place.at), message: message.to_string() };
        if !self.script.unread.contains(&unread) {
            self.script.unread.push(unread);
        }
    }

    /// Adds a statement, or several with `;` between them, that begins at a place.
    fn statement(&mut self, place: Place, text: &str) {
        let plain = super::write::unmarked(text);
        let first = plain.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or("").to_ascii_lowercase();
        let data = matches!(first.as_str(), "insert" | "update" | "delete" | "select" | "with" | "replace" | "merge");
        if plain.contains(HOLE) && !data && !known_but_values(&plain) {
            self.unread(place, "a part of its SQL is not known");
            return;
        }
        if plain.trim().is_empty() {
            return;
        }
        let mut line = self.index.line(place.at);
        let mut literal = false;
        let mut out = String::with_capacity(plain.len() + 2);
        let mut lines = vec![line];
        let mut fresh = true;
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            if c == MARK.0 {
                let word: String = chars.by_ref().take_while(|c| *c != MARK.1).collect();
                let (at, of_source) = word.split_once(',').unwrap_or((&word, "0"));
                if let Ok(at) = at.parse::<u32>() {
                    line = self.index.line(at);
                    literal = of_source == "1";
                    if fresh && let Some(last) = lines.last_mut() {
                        *last = line;
                    }
                }
                continue;
            }
            out.push(c);
            if c == '\n' {
                line += u32::from(literal);
                lines.push(line);
                fresh = true;
            } else if !c.is_whitespace() {
                fresh = false;
            }
        }
        if !out.trim_end().ends_with(';') {
            out.push(';');
        }
        out.push('\n');
        self.script.text.push_str(&out);
        self.script.lines.extend(lines);
    }

    fn finish(mut self, title: &str) -> Script {
        let last = self.index.line(u32::try_from(self.source.len()).unwrap_or(u32::MAX));
        for line in &mut self.script.lines {
            *line = (*line).clamp(1, last.max(1));
        }
        self.script.title = title.to_string();
        self.script.operations = self.count;
        self.script.unread.sort();
        self.script
    }
}

/// Whether the unknown parts of a statement are values: defaults, which do not matter for what it changes.
fn known_but_values(text: &str) -> bool {
    text.match_indices(HOLE).all(|(at, _)| text[..at].trim_end().to_ascii_uppercase().ends_with("DEFAULT"))
}
