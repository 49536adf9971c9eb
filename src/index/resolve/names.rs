//! What a dotted name means at a place: lookup through scopes, imports, classes and packages.

mod class;
mod imported;

use super::Resolver;
use super::evaluate::Val;
use super::modules::split;
use super::symbols::Place;
use super::text::FileId;
use crate::model::facts::{Assignment, Language, ScopeId, ScopeKind, Value};
use std::rc::Rc;

/// Longest chain of imports, bases and values that one name is followed through.
const MAX_HOPS: u32 = 24;

/// Where a value is evaluated.
#[derive(Clone)]
pub(super) struct Env<'a> {
    pub file: FileId,
    pub scope: ScopeId,
    /// Only what stands before this offset has happened; `u32::MAX`: everything.
    pub at: u32,
    /// The branch that the place stands in, as in the facts.
    pub branch: u32,
    /// What the parameters of the functions around are bound to.
    pub frames: Option<Rc<Frame<'a>>>,
}

/// Names bound by a caller or a comprehension.
pub(super) struct Frame<'a> {
    pub binding: Binding<'a>,
    pub up: Option<Rc<Frame<'a>>>,
}

/// See [`Frame`].
pub(super) enum Binding<'a> {
    /// The parameters of a function, as one call gives them.
    Call {
        function: Place,
        /// One per parameter; `None`: not given.
        given: Vec<Option<(&'a Value, Env<'a>)>>,
        /// What a rest parameter takes.
        rest: Vec<(&'a Value, Env<'a>)>,
        /// Names of the arguments that no parameter has.
        others: Vec<&'a str>,
    },
    /// The item of a comprehension.
    Item { file: FileId, scope: ScopeId, name: &'a str, value: Val<'a> },
}

/// What a name means.
#[derive(Clone)]
pub(super) enum Entity<'a> {
    /// A variable with the segments that name it.
    Variable {
        file: FileId,
        scope: ScopeId,
        path: &'a [String],
    },
    Param {
        function: Place,
        index: usize,
    },
    Function(Place),
    Class(Place),
    /// A value of a class.
    Instance(Place),
    Module(FileId),
    Package(Rc<Vec<FileId>>),
    Value(&'a Value, Env<'a>),
    /// One of these (attributes set in several places).
    Any(Rc<Vec<(&'a Value, Env<'a>)>>),
    /// A field of which only the type is known, and where that is written.
    Typed(&'a str, Env<'a>),
    /// The value that a comprehension gives its item.
    Item(Rc<Frame<'a>>),
    /// Something of a module outside the service.
    External(&'a str),
}

/// What is known of a member of a value.
pub(super) struct Member<'a> {
    found: Option<Entity<'a>>,
    /// No limit and no circle cut the lookup short.
    whole: bool,
    /// How far the lookup had come when it began.
    hops: u32,
}

/// A value (its address and the place that it is evaluated at) and a member of it.
pub(super) type MemberKey = ((usize, FileId, ScopeId, u32, u32), String);

impl<'a> Env<'a> {
    pub fn new(file: FileId, scope: ScopeId, at: u32, branch: u32) -> Self {
        Env { file, scope, at, branch, frames: None }
    }

    /// The end of a module: everything in it has happened.
    pub fn module(file: FileId) -> Self {
        Env::new(file, 0, u32::MAX, 0)
    }

    pub fn with(&self, binding: Binding<'a>) -> Self {
        Env { frames: Some(Rc::new(Frame { binding, up: self.frames.clone() })), ..self.clone() }
    }

    /// The frame that binds the parameters of `function`.
    pub fn frame_of(&self, function: Place) -> Option<Rc<Frame<'a>>> {
        let mut frame = self.frames.clone();
        while let Some(f) = frame {
            if matches!(&f.binding, Binding::Call { function: bound, .. } if *bound == function) {
                return Some(f);
            }
            frame = f.up.clone();
        }
        None
    }
}

impl<'a> Resolver<'a> {
    /// What the dotted name means; `None` where that is unknown.
    pub fn entity(&mut self, path: &'a [String], env: &Env<'a>) -> Option<Entity<'a>> {
        self.hops += 1;
        self.cut |= self.hops > MAX_HOPS;
        let found = if self.hops > MAX_HOPS { None } else { self.entity_within(path, env) };
        self.hops -= 1;
        found
    }

    fn entity_within(&mut self, path: &'a [String], env: &Env<'a>) -> Option<Entity<'a>> {
        let (head, rest) = path.split_first()?;
        let mut rest = rest;
        let mut entity = match self.dotted_import(path, env) {
            Some((module, len)) => {
                rest = path.get(len..)?;
                module
            }
            None => self.head(head, path, env)?,
        };
        // a variable may be named by several segments (`self.q`, `queries.a`)
        if let Entity::Variable { path: named, .. } = &entity {
            rest = path.get(named.len()..)?;
        }
        for segment in rest {
            if segment == "value" && matches!(entity, Entity::Variable { .. } | Entity::Value(..)) {
                // the value of an enumeration's member
                return self.step(&entity, segment, env).or(Some(entity));
            }
            entity = self.step(&entity, segment, env)?;
        }
        Some(entity)
    }

    fn head(&mut self, head: &'a str, path: &'a [String], env: &Env<'a>) -> Option<Entity<'a>> {
        let mut frame = env.frames.clone();
        while let Some(f) = frame {
            if let Binding::Item { file, scope, name, .. } = &f.binding
                && (*file, *scope, *name) == (env.file, env.scope, head)
            {
                return Some(Entity::Item(f));
            }
            frame = f.up.clone();
        }
        let symbols = self.symbols;
        let mut scope = env.scope;
        loop {
            let fact = symbols.scope((env.file, scope))?;
            let place = (env.file, scope);
            if fact.kind == ScopeKind::Function {
                if let Some(variable) = self.variable_named(env.file, scope, path, env) {
                    return Some(variable);
                }
                if let Some(index) = fact.params.iter().position(|p| p.name == head) {
                    return Some(Entity::Param { function: place, index });
                }
                if !fact.receiver.is_empty() && fact.receiver == head {
                    let class = symbols.class_of(place)?;
                    return Some(if fact.receiver == "cls" { Entity::Class(class) } else { Entity::Instance(class) });
                }
                if head == "super"
                    && let Some(class) = symbols.class_of(place)
                {
                    return self.bases(class).into_iter().next().map(Entity::Instance);
                }
            } else if (fact.kind == ScopeKind::Module || scope == env.scope)
                && let Some(variable) = self.variable_named(env.file, scope, path, env)
            {
                return Some(variable);
            }
            if (fact.kind != ScopeKind::Class || scope == env.scope)
                && let Some(inner) = symbols.table(env.file).definition(scope, head)
            {
                return Some(self.definition((env.file, inner)));
            }
            if fact.kind == ScopeKind::Module || fact.parent == scope {
                break;
            }
            scope = fact.parent;
        }
        if let Some(found) = self.imported(env.file, head) {
            return Some(found);
        }
        let file = symbols.files.get(env.file as usize)?;
        if file.language == Language::Go {
            let siblings = symbols.packages.get(split(file.path).0)?;
            return siblings.iter().filter(|&&f| f != env.file).find_map(|&f| self.module_name(f, head));
        }
        None
    }

    /// The longest variable of a scope that a path names.
    fn variable_named(&mut self, file: FileId, scope: ScopeId, path: &'a [String], env: &Env<'a>) -> Option<Entity<'a>> {
        let symbols = self.symbols;
        let events = symbols.table(file).events(scope, path.first()?)?;
        let facts = symbols.facts(file);
        let receiver = symbols.scope((file, scope)).is_some_and(|s| !s.receiver.is_empty() && Some(&s.receiver) == path.first());
        let longest = events
            .iter()
            .filter_map(|&i| facts.assignments.get(i as usize))
            .filter(|a| path.starts_with(&a.target))
            // an attribute that this method sets only later still has its old value
            .filter(|a| !receiver || (a.target.len() > 1 && a.value.span().end <= env.at))
            .map(|a| a.target.len())
            .max()?;
        Some(Entity::Variable { file, scope, path: path.get(..longest)? })
    }

    fn definition(&self, place: Place) -> Entity<'a> {
        match self.symbols.scope(place) {
            Some(scope) if scope.kind == ScopeKind::Class => Entity::Class(place),
            _ => Entity::Function(place),
        }
    }

    /// A member of what an entity means.
    pub fn step(&mut self, entity: &Entity<'a>, segment: &str, env: &Env<'a>) -> Option<Entity<'a>> {
        match entity {
            Entity::Module(file) => self
                .module_member(*file, segment)
                .or_else(|| {
                    // `module.exports = new Store()`
                    let exported = self.module_member(*file, "default").filter(|_| segment != "default");
                    exported.and_then(|e| self.step(&e, segment, env))
                })
                .or_else(|| {
                    // `package.module`
                    let path = self.symbols.files.get(*file as usize)?.path;
                    let folder = path.strip_suffix("/__init__.py")?;
                    let inner = [format!("{folder}/{segment}.py"), format!("{folder}/{segment}/__init__.py")];
                    inner.iter().find_map(|p| self.symbols.by_path.get(p.as_str()).copied()).map(Entity::Module)
                }),
            Entity::Package(files) => files.iter().find_map(|&f| self.module_name(f, segment)),
            Entity::Class(class) | Entity::Instance(class) => self.class_member(*class, segment, 0),
            Entity::Variable { file, scope, path } => {
                let assignment = self.last_set(*file, *scope, path, env);
                let inner = Env { frames: env.frames.clone(), ..Env::new(*file, *scope, assignment.map_or(u32::MAX, |a| a.span.start), 0) };
                if let Some(a) = assignment
                    && let Some(found) = self.value_step(&a.value, &Env { branch: a.branch, scope: a.scope, ..inner.clone() }, segment)
                {
                    return Some(found);
                }
                let ty = assignment.map(|a| a.ty.as_str()).filter(|t| !t.is_empty())?;
                let class = self.class_named(ty, &Env::new(*file, *scope, u32::MAX, 0))?;
                self.class_member(class, segment, 0)
            }
            Entity::Param { function, index } => {
                if let Some((value, inner)) = self.given(*function, *index, env)
                    && let Some(found) = self.value_step(value, &inner, segment)
                {
                    return Some(found);
                }
                let param = self.symbols.scope(*function)?.params.get(*index)?;
                let class = self.class_named(&param.ty, &Env::new(function.0, function.1, u32::MAX, 0))?;
                self.class_member(class, segment, 0)
            }
            Entity::Value(value, inner) => self.value_step(value, &inner.clone(), segment),
            Entity::Any(all) => all.clone().iter().find_map(|(value, inner)| self.value_step(value, inner, segment)),
            Entity::Item(frame) => match &frame.binding {
                Binding::Item { value: Val::Map(entries, inner), .. } => {
                    let (_, value) = entries.iter().find(|(k, _)| k == segment)?;
                    Some(Entity::Value(value, inner.clone()))
                }
                _ => None,
            },
            Entity::Typed(ty, inner) => {
                let class = self.class_named(ty, inner)?;
                self.class_member(class, segment, 0)
            }
            Entity::External(module) => Some(Entity::External(module)),
            Entity::Function(_) => None,
        }
    }

    /// What a name means, variables that merely stand for another name followed
    /// (`const { run } = db`, `query = db.query`).
    pub fn meaning(&mut self, path: &'a [String], env: &Env<'a>) -> Option<Entity<'a>> {
        let mut found = self.entity(path, env)?;
        for _ in 0..6 {
            let next = match &found {
                Entity::Variable { file, scope, path } => {
                    let set = self.last_set(*file, *scope, path, env);
                    set.and_then(|a| match &a.value {
                        Value::Name(other, _) if other != *path => {
                            let inner = Env { frames: env.frames.clone(), ..Env::new(*file, a.scope, a.span.start, a.branch) };
                            self.entity(other, &inner)
                        }
                        _ => None,
                    })
                }
                Entity::Value(Value::Name(other, _), inner) => self.entity(other, &inner.clone()),
                Entity::Param { function, index } => match self.given(*function, *index, env) {
                    Some((Value::Name(other, _), inner)) => self.entity(other, &inner),
                    _ => None,
                },
                _ => None,
            };
            match next {
                Some(next) => found = next,
                None => break,
            }
        }
        Some(found)
    }

    /// A value with names and calls followed to what they mean, as an entity.
    pub fn reduce(&mut self, value: &'a Value, env: Env<'a>) -> Entity<'a> {
        match value {
            Value::Name(path, _) => self.entity(path, &env).unwrap_or(Entity::Value(value, env)),
            _ => Entity::Value(value, env),
        }
    }

    /// A member of a value.
    ///
    /// Answers are kept: fields of the same name that are given each other's values (`a.id = b.id`) make a net
    /// in which the number of ways grows with the power of its depth. An answer that the limit of hops or a
    /// circle cut short holds for lookups that have come as far.
    fn value_step(&mut self, value: &'a Value, env: &Env<'a>, segment: &str) -> Option<Entity<'a>> {
        if self.hops >= MAX_HOPS {
            self.cut = true;
            return None;
        }
        let place = (std::ptr::from_ref(value) as usize, env.file, env.scope, env.at, env.branch);
        let key = env.frames.is_none().then(|| (place, segment.to_string()));
        if let Some(known) = key.as_ref().and_then(|k| self.members.get(k))
            && (known.found.is_some() || known.whole || known.hops <= self.hops)
        {
            self.cut |= !known.whole;
            return known.found.clone();
        }
        if let Some(key) = &key {
            self.members.insert(key.clone(), Member { found: None, whole: false, hops: self.hops });
        }
        let cut = std::mem::take(&mut self.cut);
        self.hops += 1;
        let found = self.value_step_within(value, env, segment);
        self.hops -= 1;
        if let Some(key) = key {
            self.members.insert(key, Member { found: found.clone(), whole: !self.cut, hops: self.hops });
        }
        self.cut |= cut;
        found
    }

    fn value_step_within(&mut self, value: &'a Value, env: &Env<'a>, segment: &str) -> Option<Entity<'a>> {
        match value {
            Value::Map(entries, _) => {
                let (_, value) = entries.iter().find(|(k, _)| k == segment)?;
                Some(self.reduce(value, env.clone()))
            }
            Value::Name(path, _) => {
                let entity = self.entity(path, env)?;
                self.step(&entity, segment, env)
            }
            Value::Call(call) => match self.entity(&call.callee, env)? {
                Entity::Class(class) => self.class_member(class, segment, 0),
                Entity::Function(function) => {
                    let (value, inner) = self.first_return(function)?;
                    self.value_step(value, &inner, segment)
                }
                Entity::External(module) => Some(Entity::External(module)),
                _ => None,
            },
            Value::Choice(all, _) => all.iter().find_map(|v| self.value_step(v, env, segment)),
            Value::Index { of, key, .. } => {
                let key = key.literal()?;
                let entity = self.value_step(of, env, &key)?;
                self.step(&entity, segment, env)
            }
            _ => None,
        }
    }

    fn first_return(&mut self, function: Place) -> Option<(&'a Value, Env<'a>)> {
        let facts = self.symbols.facts(function.0);
        let returns = self.symbols.table(function.0).returns.get(&function.1)?;
        let mut all = returns.iter().filter_map(|&i| facts.returns.get(i as usize));
        let found = all.rfind(|r| matches!(r.value, Value::Call(_) | Value::Map(..) | Value::Name(..)))?;
        Some((&found.value, Env::new(function.0, found.scope, found.value.span().start, found.branch)))
    }

    /// What a frame gives a parameter.
    pub fn given(&self, function: Place, index: usize, env: &Env<'a>) -> Option<(&'a Value, Env<'a>)> {
        let frame = env.frame_of(function)?;
        match &frame.binding {
            Binding::Call { given, .. } => given.get(index)?.clone(),
            Binding::Item { .. } => None,
        }
    }

    /// The last plain assignment of a variable that can have happened.
    fn last_set(&self, file: FileId, scope: ScopeId, path: &[String], env: &Env<'a>) -> Option<&'a Assignment> {
        let facts = self.symbols.facts(file);
        let events = self.symbols.table(file).events(scope, path.first()?)?;
        let all = || events.iter().filter_map(|&i| facts.assignments.get(i as usize)).filter(|a| a.target == path && !is_nothing(&a.value));
        let before = |a: &&Assignment| env.file != file || scope == 0 || a.value.span().end <= env.at;
        all().rfind(before).or_else(|| all().next())
    }
}

/// `None`, `null`, `nil`, `undefined`.
pub(super) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Scalar(text, _) | Value::Opaque(text, _) => matches!(text.trim(), "None" | "null" | "nil" | "undefined" | ""),
        _ => false,
    }
}
