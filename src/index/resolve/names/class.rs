//! Classes that types name, and their members: own, inherited, or of subclasses.

use super::{Entity, Env, is_nothing};
use crate::index::resolve::Resolver;
use crate::index::resolve::modules::split;
use crate::index::resolve::symbols::Place;
use crate::model::facts::{Language, Value};
use std::rc::Rc;

impl<'a> Resolver<'a> {
    /// The class that a type annotation names.
    pub(super) fn class_named(&mut self, ty: &str, env: &Env<'a>) -> Option<Place> {
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
    pub(super) fn bases(&mut self, class: Place) -> Vec<Place> {
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
    pub(super) fn class_member(&mut self, class: Place, name: &str, depth: u32) -> Option<Entity<'a>> {
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
}
