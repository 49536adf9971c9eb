//! Names that come from other files: imports, exports, packages.

use super::{Entity, Env, MAX_HOPS};
use crate::index::resolve::Resolver;
use crate::index::resolve::modules::split;
use crate::index::resolve::text::FileId;
use crate::model::facts::{Assignment, Import, Language, ScopeId};
use std::rc::Rc;

impl<'a> Resolver<'a> {
    /// `import a.b` binds `a`, and `a.b` is the module: how many segments of the path name it.
    pub(super) fn dotted_import(&mut self, path: &'a [String], env: &Env<'a>) -> Option<(Entity<'a>, usize)> {
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

    /// What an import of the file binds a local name to.
    pub(super) fn imported(&mut self, file: FileId, local: &str) -> Option<Entity<'a>> {
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
    pub(super) fn module_name(&mut self, file: FileId, name: &str) -> Option<Entity<'a>> {
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
    pub(super) fn module_member(&mut self, file: FileId, name: &str) -> Option<Entity<'a>> {
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
}
