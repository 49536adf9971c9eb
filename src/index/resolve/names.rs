//! What a dotted name means at a place: lookup through scopes, imports, classes and packages.

use super::Resolver;
use super::evaluate::Val;
use super::modules::split;
use super::symbols::Place;
use super::text::FileId;
use crate::model::facts::{Assignment, Import, Language, ScopeId, ScopeKind, Value};
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

    /// `import a.b` binds `a`, and `a.b` is the module: how many segments of the path name it.
    fn dotted_import(&mut self, path: &'a [String], env: &Env<'a>) -> Option<(Entity<'a>, usize)> {
        let symbols = self.symbols;
        let first = path.first()?;
        if path.len() < 3
            || !symbols.table(env.file).imports.get(first.as_str()).is_some_and(|i| i.module.contains('.') && i.name.is_empty())
        {
            return None;
        }
        let names = |i: &&'a Import| {
            i.name.is_empty()
                && i.local == *first
                && i.module.split('.').count() < path.len()
                && i.module.split('.').eq(path.iter().map(String::as_str).take(i.module.split('.').count()))
        };
        let import = symbols.facts(env.file).imports.iter().filter(names).max_by_key(|i| i.module.len())?;
        let target = self.locate(env.file, &import.module).first().copied()?;
        Some((Entity::Module(target), import.module.split('.').count()))
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

    /// What an import of the file binds a local name to.
    fn imported(&mut self, file: FileId, local: &str) -> Option<Entity<'a>> {
        let symbols = self.symbols;
        if let Some(import) = symbols.table(file).imports.get(local) {
            return self.import_target(file, import);
        }
        for star in &symbols.table(file).stars {
            for target in self.locate(file, &star.module).iter() {
                if let Some(found) = self.module_member(*target, local) {
                    return Some(found);
                }
            }
        }
        None
    }

    fn import_target(&mut self, file: FileId, import: &'a Import) -> Option<Entity<'a>> {
        self.hops += 1;
        let found = if self.hops > MAX_HOPS { None } else { self.import_target_within(file, import) };
        self.hops -= 1;
        found
    }

    fn import_target_within(&mut self, file: FileId, import: &'a Import) -> Option<Entity<'a>> {
        let language = self.symbols.files.get(file as usize)?.language;
        if import.module.is_empty() {
            // `export { a as b }`
            return self.module_name(file, &import.name).or_else(|| {
                let other = self.symbols.table(file).imports.get(import.name.as_str()).copied();
                other.filter(|i| !i.module.is_empty()).and_then(|i| self.import_target(file, i))
            });
        }
        let targets = self.locate(file, &import.module);
        if language == Language::Go {
            return Some(if targets.is_empty() { Entity::External(&import.module) } else { Entity::Package(targets) });
        }
        let target = targets.first().copied();
        if import.name.is_empty() || import.name == "*" {
            return Some(target.map_or(Entity::External(&import.module), Entity::Module));
        }
        if let Some(target) = target
            && let Some(found) = self.module_member(target, &import.name)
        {
            return Some(found);
        }
        if language == Language::Python {
            // `from package import module`
            let dots = if import.module.ends_with('.') { "" } else { "." };
            if let Some(&target) = self.locate(file, &format!("{}{dots}{}", import.module, import.name)).first() {
                return Some(Entity::Module(target));
            }
        }
        if target.is_some() { None } else { Some(Entity::External(&import.module)) }
    }

    /// A name that the file itself defines at its top.
    fn module_name(&mut self, file: FileId, name: &str) -> Option<Entity<'a>> {
        let symbols = self.symbols;
        let table = symbols.table(file);
        if let Some(inner) = table.definition(0, name) {
            return Some(self.definition((file, inner)));
        }
        let events = table.events(0, name)?;
        let first: &'a Assignment =
            events.iter().find_map(|&i| symbols.facts(file).assignments.get(i as usize).filter(|a| a.target.len() == 1))?;
        Some(Entity::Variable { file, scope: 0, path: &first.target })
    }

    /// A name that other files can take from the file: its own, or one that it imported.
    fn module_member(&mut self, file: FileId, name: &str) -> Option<Entity<'a>> {
        self.hops += 1;
        let found = if self.hops > MAX_HOPS { None } else { self.module_member_within(file, name) };
        self.hops -= 1;
        found
    }

    fn module_member_within(&mut self, file: FileId, name: &str) -> Option<Entity<'a>> {
        if let Some(found) = self.module_name(file, name) {
            return Some(found);
        }
        let symbols = self.symbols;
        let facts = symbols.facts(file);
        // CommonJS: `exports.name = ...`, `module.exports = { name }`
        for assignment in &facts.assignments {
            let target: Vec<&str> = assignment.target.iter().map(String::as_str).collect();
            let env = Env::new(file, assignment.scope, u32::MAX, 0);
            match target.as_slice() {
                ["exports", n] | ["module", "exports", n] if *n == name => return Some(self.reduce(&assignment.value, env)),
                ["module", "exports"] if name == "default" => return Some(self.reduce(&assignment.value, env)),
                ["module", "exports"] => {
                    if let Some(found) = self.value_step(&assignment.value, &env, name) {
                        return Some(found);
                    }
                }
                _ => {}
            }
        }
        if let Some(found) = self.imported(file, name) {
            return Some(found);
        }
        if name == "default" {
            return self.sole_export(file);
        }
        None
    }

    /// What a file exports as a whole.
    pub fn default_export(&mut self, file: FileId) -> Option<Entity<'a>> {
        self.module_member(file, "default")
    }

    /// The default export of a file whose facts do not name it: its only export.
    fn sole_export(&mut self, file: FileId) -> Option<Entity<'a>> {
        let facts = self.symbols.facts(file);
        let mut scopes = facts.scopes.iter().enumerate().skip(1).filter(|(_, s)| s.exported && s.parent == 0);
        let values: Vec<_> = facts.assignments.iter().filter(|a| a.exported && a.scope == 0 && a.target.len() == 1).collect();
        match (scopes.next(), scopes.next(), values.as_slice()) {
            (Some((id, _)), None, []) => Some(self.definition((file, id as ScopeId))),
            (None, None, [only]) => Some(Entity::Variable { file, scope: 0, path: &only.target }),
            _ => None,
        }
    }

    /// The files that an import means, as far as they are part of the input.
    pub fn locate(&mut self, from: FileId, module: &str) -> Rc<Vec<FileId>> {
        let Some(file) = self.symbols.files.get(from as usize) else { return Rc::default() };
        let key = (split(file.path).0.to_string(), module.to_string());
        if let Some(found) = self.located.get(&key) {
            return Rc::clone(found);
        }
        let mut ids = Vec::new();
        for path in self.input.modules.locate(file.path, file.language, module) {
            match self.symbols.by_path.get(path.as_str()) {
                Some(&id) => ids.push(id),
                None => drop(self.wanted.insert(path)),
            }
        }
        let ids = Rc::new(ids);
        self.located.insert(key, Rc::clone(&ids));
        ids
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

    /// The class that a type annotation names.
    fn class_named(&mut self, ty: &str, env: &Env<'a>) -> Option<Place> {
        let ty = ty.trim().trim_matches(['"', '\'']).trim_start_matches(['*', '&', '[', ']', ':', ' ']);
        let ty = ["Optional[", "Annotated[", "Promise<", "Readonly<"].iter().find_map(|w| ty.strip_prefix(w)).unwrap_or(ty);
        let name: String = ty.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '.')).collect();
        if name.is_empty() {
            return None;
        }
        // types live as long as the facts: look the name up in what files define
        let mut entity: Option<Entity<'a>> = None;
        for segment in name.split('.') {
            entity = match entity {
                None => self.type_head(segment, env),
                Some(e) => self.step(&e, segment, env),
            };
            entity.as_ref()?;
        }
        match entity? {
            Entity::Class(class) => Some(class),
            _ => None,
        }
    }

    fn type_head(&mut self, name: &str, env: &Env<'a>) -> Option<Entity<'a>> {
        if let Some(found) = self.module_name(env.file, name).or_else(|| self.imported(env.file, name)) {
            return Some(found);
        }
        self.symbols.go_type(env.file, name).map(Entity::Class)
    }

    /// Base classes, as far as they are part of the input.
    fn bases(&mut self, class: Place) -> Vec<Place> {
        let Some(scope) = self.symbols.scope(class) else { return Vec::new() };
        scope.bases.iter().filter_map(|b| self.class_named(b, &Env::module(class.0))).filter(|b| *b != class).collect()
    }

    /// Whether one class is the other or derives from it.
    pub fn related(&mut self, a: Place, b: Place) -> bool {
        self.derives(a, b, 0) || self.derives(b, a, 0)
    }

    fn derives(&mut self, a: Place, b: Place, depth: u32) -> bool {
        a == b || (depth < 6 && self.bases(a).into_iter().any(|base| self.derives(base, b, depth + 1)))
    }

    /// A method or attribute of a class, its bases, or (of an abstract one) its subclasses.
    fn class_member(&mut self, class: Place, name: &str, depth: u32) -> Option<Entity<'a>> {
        if depth > 6 {
            return None;
        }
        if let Some(found) = self.own_member(class, name) {
            return Some(found);
        }
        for base in self.bases(class) {
            if let Some(found) = self.class_member(base, name, depth + 1) {
                return Some(found);
            }
        }
        if depth > 0 {
            return None;
        }
        let own = self.symbols.scope(class)?.name.as_str();
        let below = self.symbols.subclasses.get(own)?;
        let mut values = Vec::new();
        for &sub in below {
            if self.bases(sub).contains(&class) {
                match self.own_member(sub, name) {
                    Some(Entity::Any(all)) => values.extend(all.iter().cloned()),
                    Some(Entity::Value(v, env)) => values.push((v, env)),
                    _ => {}
                }
            }
        }
        (!values.is_empty()).then(|| Entity::Any(Rc::new(values)))
    }

    fn own_member(&mut self, class: Place, name: &str) -> Option<Entity<'a>> {
        let symbols = self.symbols;
        let scope = symbols.scope(class)?;
        if let Some(inner) = symbols.table(class.0).definition(class.1, name) {
            return Some(self.definition((class.0, inner)));
        }
        let file = symbols.files.get(class.0 as usize)?;
        if file.language == Language::Go
            && let Some(&method) = symbols.go_methods.get(&(split(file.path).0, scope.name.as_str())).and_then(|m| m.get(name))
        {
            return Some(Entity::Function(method));
        }
        let mut values: Vec<(&'a Value, Env<'a>)> = Vec::new();
        let facts = symbols.facts(class.0);
        for &i in symbols.table(class.0).events(class.1, name).into_iter().flatten() {
            if let Some(a) = facts.assignments.get(i as usize)
                && a.target.len() == 1
            {
                values.push((&a.value, Env::new(class.0, class.1, a.span.start, a.branch)));
            }
        }
        for &(file, i) in symbols.attributes.get(&class).and_then(|by_name| by_name.get(name)).into_iter().flatten() {
            if let Some(a) = symbols.facts(file).assignments.get(i as usize) {
                values.push((&a.value, Env::new(file, a.scope, a.span.start, a.branch)));
            }
        }
        if file.language == Language::Go {
            for &(file, scope, value) in symbols.fields.get(split(file.path).0).and_then(|f| f.get(name)).into_iter().flatten() {
                values.push((value, Env::new(file, scope, value.span().start, 0)));
            }
        }
        values.retain(|(v, _)| !is_nothing(v));
        match values.len() {
            0 => {
                let mut typed =
                    symbols.table(class.0).events(class.1, name).into_iter().flatten().filter_map(|&i| facts.assignments.get(i as usize));
                let ty = typed.find(|a| !a.ty.is_empty())?;
                Some(Entity::Typed(&ty.ty, Env::module(class.0)))
            }
            1 => values.pop().map(|(v, env)| Entity::Value(v, env)),
            _ => Some(Entity::Any(Rc::new(values))),
        }
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
