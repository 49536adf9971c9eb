//! What a class is among its kin: a table of its own, a part of its base's, or none; and which members it has.

use super::constants::Scope;
use super::find::{Finder, Member};
use super::item::{Hit, matches};
use super::{Named, Origin, naming};
use crate::grammar::mapper::{Inheritance, KnownModel, ModelRule, Naming, Source};
use crate::index::program::ClassRef;
use crate::model::code::{ExprKind, Outer};
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

/// What is known of the table of a class.
enum TableName {
    /// It is written.
    Written(Named),
    /// The library's convention makes it.
    Made(Named),
    /// There is none.
    None,
}

impl<'a, 'k> Finder<'_, 'a, 'k> {
    /// Decides for every class whether it has a table, and gathers its members.
    pub(super) fn standing(&mut self) {
        let mut index: HashMap<ClassRef, usize> = HashMap::default();
        for (i, draft) in self.drafts.iter().enumerate() {
            if let Some(class) = draft.class {
                index.entry(class).or_insert(i);
            }
        }
        let mut inherited: HashSet<ClassRef> = HashSet::default();
        for class in self.drafts.iter().filter_map(|d| d.class).collect::<Vec<_>>() {
            inherited.extend(self.bases(class));
        }
        let mut done = vec![false; self.drafts.len()];
        for i in 0..self.drafts.len() {
            self.stand(i, &index, &inherited, &mut done, 0);
        }
    }

    fn stand(&mut self, at: usize, index: &HashMap<ClassRef, usize>, inherited: &HashSet<ClassRef>, done: &mut Vec<bool>, depth: u32) {
        if depth > 24 || done.get(at).copied().unwrap_or(true) {
            return;
        }
        if let Some(flag) = done.get_mut(at) {
            *flag = true;
        }
        let Some(class) = self.drafts.get(at).and_then(|d| d.class) else {
            self.name_value(at);
            return;
        };
        let bases = self.bases(class);
        for base in &bases {
            if let Some(&i) = index.get(base) {
                self.stand(i, index, inherited, done, depth + 1);
            }
        }
        if self.drafts.get(at).is_some_and(|d| !d.values.is_empty()) {
            self.name_value(at);
            return;
        }
        let app = self.app(at);
        let Some(draft) = self.drafts.get(at) else { return };
        let rule = draft.rule.model;
        let known = self.known(class, rule, 0);
        let concrete = self.concrete_base(class, index, 0);
        let own = |f: &Self, sources: &[Source]| f.own_truth(at, class, sources);
        // what a call of the class makes a model is none without it
        let mut is_abstract = draft.is_abstract || !rule.init_calls.is_empty() || own(self, &rule.is_abstract) || self.is_root(class, rule);
        if !rule.class_keyword.is_empty() {
            let keywords = self.constants.program.class(class).map(|c| c.keywords.as_slice()).unwrap_or_default();
            let given = keywords.iter().find(|k| k.name.as_ref().is_some_and(|n| *n.text == *rule.class_keyword));
            is_abstract |= given.is_none_or(|k| self.constants.truth(Scope::of(class.file), &k.value) == Some(false));
        }
        if let Some(draft) = self.drafts.get_mut(at) {
            draft.item.vars.app = app;
            draft.item.vars.model = draft.item.name.text.to_string();
            draft.known = known;
        }
        let table = match self.drafts.get(at).and_then(|d| d.table.clone()) {
            Some(table) => TableName::Written(table),
            None => self.table_name(at, class, index),
        };
        let (mut shares, mut parent) = (None, None);
        if !is_abstract {
            let proxy = own(self, &rule.is_proxy);
            match (concrete, rule.inheritance) {
                (Some(base), _) if proxy => shares = Some(base),
                (Some(base), Inheritance::Joined) => parent = Some(base),
                (Some(base), Inheritance::Single) => match table {
                    TableName::Written(_) => parent = Some(base),
                    _ => shares = Some(base),
                },
                (Some(base), Inheritance::Copy) if self.is_single(base, index) => shares = Some(base),
                _ => {}
            }
            let empty = self
                .constants
                .program
                .class(class)
                .is_some_and(|c| c.fields.iter().all(|f| f.is_static || f.ty.is_none() && f.value.is_none()));
            let unnamed = empty || rule.abstract_unless_used && !self.is_named(class);
            let unused = rule.inheritance != Inheritance::Joined && inherited.contains(&class) && unnamed;
            match &table {
                TableName::None if shares.is_none() => is_abstract = true,
                TableName::Made(_) if shares.is_none() && (unused || self.only_embedded(class)) => is_abstract = true,
                _ => {}
            }
        }
        let members = self.gather(class, parent, &mut HashSet::default(), 0);
        let table_call = self.table_value(class, rule);
        let Some(draft) = self.drafts.get_mut(at) else { return };
        draft.is_abstract = is_abstract;
        draft.shares = shares;
        draft.parent = parent;
        draft.members = members;
        draft.table = match table {
            TableName::Written(name) | TableName::Made(name) => Some(name),
            TableName::None => None,
        };
        if let Some((name, members)) = table_call {
            draft.table = Some(name);
            draft.is_abstract = false;
            draft.members.extend(members);
        }
    }

    /// Whether a class is what all models extend.
    fn is_root(&self, class: ClassRef, rule: &ModelRule) -> bool {
        let Some(def) = self.constants.program.class(class).filter(|_| !rule.roots.is_empty()) else { return false };
        let scope = Scope::of(class.file);
        def.bases.iter().any(|b| self.constants.qualified(scope, b).is_some_and(|n| super::item::matches_any(&rule.roots, &n)))
    }

    /// Name and schema vars of a model that a call makes.
    fn name_value(&mut self, at: usize) {
        let app = self.app(at);
        let Some(draft) = self.drafts.get_mut(at) else { return };
        draft.item.vars.app = app;
        draft.item.vars.model = draft.item.name.text.to_string();
        let rule = draft.rule.model;
        let mut item = draft.item.clone();
        if let Some(name) = self.first_text(&rule.name, &item, rule) {
            item.vars.model = name.text.to_string();
            item.name = name;
            if let Some(draft) = self.drafts.get_mut(at) {
                draft.called = Some(std::mem::replace(&mut draft.item.name, item.name.clone()));
                draft.item.vars.model = item.vars.model.clone();
            }
        }
        let found = self.first_text(&rule.table, &item, rule);
        let name = found.or_else(|| {
            item.call.as_ref().and_then(|c| self.constants.text(c.scope, &c.args.first()?.value, &super::constants::Given::default()))
        });
        if let Some(draft) = self.drafts.get_mut(at) {
            draft.table = name;
        }
    }

    /// The first text that sources find.
    pub fn first_text(&self, sources: &[Source], item: &super::item::Item<'a>, rule: &ModelRule) -> Option<Named> {
        let given = super::constants::Given { model: item.vars.model.clone(), names: Vec::new() };
        let convention = |name: &str| self.table_convention(item, rule, name);
        sources
            .iter()
            .find_map(|s| self.constants.hit_text(&self.constants.hit(s, item, &convention)?, &given).filter(|t| !t.text.is_empty()))
    }

    fn table_convention(&self, item: &super::item::Item<'a>, rule: &ModelRule, name: &str) -> String {
        let says = |sources: &[Source]| {
            sources.iter().any(|s| self.constants.hit(s, item, &|n| n.to_string()).and_then(|h| self.constants.hit_truth(&h)) == Some(true))
        };
        if says(&rule.same_table_when) {
            return name.to_string();
        }
        let naming_by = self.set_by_call(rule).0.unwrap_or(rule.table_naming);
        let made = naming::under(naming_by, name, &item.vars.app);
        match (says(&rule.snake_when) || says(&rule.table_snake_when), naming_by) {
            (false, _) => made,
            // there would be no words left in `orderline`
            (true, Naming::Lower) => naming::snake(name),
            (true, _) => naming::snake(&made),
        }
    }

    /// The application's name of a model: written, by its configuration, else by the folder.
    fn app(&self, at: usize) -> String {
        let Some(draft) = self.drafts.get(at) else { return String::new() };
        let rule = draft.rule.model;
        if rule.app.is_empty() && rule.app_config.is_empty() {
            return String::new();
        }
        if let Some(app) = self.first_text(&rule.app, &draft.item, rule) {
            return app.text.to_string();
        }
        let path = self.constants.program.file(draft.item.scope.file).map_or("", |f| f.path);
        self.app_of_file(path, rule)
    }

    fn app_of_file(&self, path: &str, rule: &ModelRule) -> String {
        let program = self.constants.program;
        let mut best: Option<(usize, String)> = None;
        for (id, file) in program.files.iter().enumerate() {
            let Some((folder, _)) = file.path.rsplit_once('/') else { continue };
            let inside = path.strip_prefix(folder).is_some_and(|r| r.starts_with('/'));
            if !inside || best.as_ref().is_some_and(|(n, _)| *n >= folder.len()) {
                continue;
            }
            for class in 0..file.code.classes.len() as u32 {
                let at = ClassRef { file: id as u32, class };
                if self.constants.inherits(at, &rule.app_config, 0).is_none() {
                    continue;
                }
                let given = super::constants::Given::default();
                let attribute = |name: &str| self.constants.attribute(at, name, 0).and_then(|(s, e)| self.constants.text(s, e, &given));
                let label = attribute("label").map(|l| l.text.to_string());
                let label = label.or_else(|| attribute("name").and_then(|n| n.text.rsplit('.').next().map(str::to_string)));
                if let Some(label) = label {
                    best = Some((folder.len(), label));
                }
            }
        }
        if let Some((_, label)) = best {
            return label;
        }
        // the folder that holds `models.py` or the package `models`
        let parts: Vec<&str> = path.split('/').collect();
        let folders = parts.split_last().map_or(&[][..], |(_, f)| f);
        let models = folders.iter().rposition(|p| *p == "models");
        let app = match models {
            Some(at) if at > 0 => folders.get(at - 1),
            _ => folders.last(),
        };
        app.map(|a| a.to_string()).unwrap_or_default()
    }

    /// Whether sources say yes in the class itself, not in what it inherits.
    fn own_truth(&self, at: usize, class: ClassRef, sources: &[Source]) -> bool {
        let Some(draft) = self.drafts.get(at) else { return false };
        sources.iter().any(|s| match self.constants.hit(s, &draft.item, &|n| n.to_string()) {
            Some(hit) => self.owner(&hit).is_none_or(|o| o == class) && self.constants.hit_truth(&hit) == Some(true),
            None => false,
        })
    }

    /// The class that a hit stands in; that around a class of settings.
    fn owner(&self, hit: &Hit<'a>) -> Option<ClassRef> {
        let Hit::Expr(scope, _) = hit else { return None };
        let class = scope.class?;
        match self.constants.program.class(class)?.outer {
            Outer::Class(outer) => Some(ClassRef { file: class.file, class: outer }),
            _ => Some(class),
        }
    }

    fn table_name(&self, at: usize, class: ClassRef, index: &HashMap<ClassRef, usize>) -> TableName {
        let Some(draft) = self.drafts.get(at) else { return TableName::None };
        let rule = draft.rule.model;
        let given = super::constants::Given { model: draft.item.vars.model.clone(), names: Vec::new() };
        let convention = |name: &str| self.table_convention(&draft.item, rule, name);
        for source in &rule.table {
            let Some(hit) = self.constants.hit(source, &draft.item, &convention) else { continue };
            let foreign = self
                .owner(&hit)
                .is_some_and(|o| o != class && index.get(&o).and_then(|&i| self.drafts.get(i)).is_some_and(|d| !d.is_abstract));
            if foreign {
                continue;
            }
            if let Hit::Expr(_, expr) = &hit
                && matches!(expr.kind, ExprKind::Null)
            {
                return TableName::None;
            }
            if let Some(name) = self.constants.hit_text(&hit, &given).filter(|n| !n.text.is_empty()) {
                return match source {
                    Source::Naming | Source::Template(_) => TableName::Made(name),
                    _ => TableName::Written(name),
                };
            }
        }
        TableName::None
    }

    /// The nearest base with a table.
    fn concrete_base(&self, class: ClassRef, index: &HashMap<ClassRef, usize>, depth: u32) -> Option<ClassRef> {
        if depth > 24 {
            return None;
        }
        self.bases(class).into_iter().find_map(|base| match index.get(&base).and_then(|&i| self.drafts.get(i)) {
            Some(draft) if !draft.is_abstract => Some(base),
            _ => self.concrete_base(base, index, depth + 1),
        })
    }

    /// Whether a class or one that it shares its table with says that subclasses do.
    fn is_single(&self, class: ClassRef, index: &HashMap<ClassRef, usize>) -> bool {
        let Some(draft) = index.get(&class).and_then(|&i| self.drafts.get(i)) else { return false };
        draft.shares.is_some()
            || draft
                .rule
                .model
                .single_table
                .iter()
                .any(|s| self.constants.hit(s, &draft.item, &|n| n.to_string()).and_then(|h| self.constants.hit_truth(&h)) == Some(true))
    }

    /// Classes of the library that a class inherits from.
    fn known(&self, class: ClassRef, rule: &'k ModelRule, depth: u32) -> Vec<&'k KnownModel> {
        let Some(def) = self.constants.program.class(class).filter(|_| depth < 12 && !rule.known.is_empty()) else { return Vec::new() };
        let scope = Scope::of(class.file);
        let mut found = Vec::new();
        for base in &def.bases {
            match self.constants.qualified(scope, base) {
                Some(name) => found.extend(rule.known.iter().filter(|k| matches(&k.name, &name))),
                None => {
                    if let Some(inner) = self.constants.class(scope, base).filter(|b| *b != class) {
                        found.extend(self.known(inner, rule, depth + 1));
                    }
                }
            }
        }
        found
    }

    /// Members of a class with those of its bases, which come first; a member replaces an inherited one.
    pub(super) fn gather(&self, at: ClassRef, without: Option<ClassRef>, seen: &mut HashSet<ClassRef>, depth: u32) -> Vec<Member<'a>> {
        if depth > 24 || !seen.insert(at) {
            return Vec::new();
        }
        let mut members: Vec<Member<'a>> = Vec::new();
        for base in self.bases(at).into_iter().rev().filter(|b| Some(*b) != without) {
            for member in self.gather(base, without, seen, depth + 1) {
                members.retain(|m| m.name.text != member.name.text);
                members.push(member);
            }
        }
        for member in self.own_members(at) {
            if !member.anonymous {
                members.retain(|m| m.name.text != member.name.text);
            }
            members.push(member);
        }
        members
    }

    /// Members that a class writes itself.
    pub(super) fn own_members(&self, at: ClassRef) -> Vec<Member<'a>> {
        let Some(class) = self.constants.program.class(at) else { return Vec::new() };
        let Some(file) = self.constants.program.file(at.file) else { return Vec::new() };
        let scope = Scope { class: Some(at), ..Scope::of(at.file) };
        let mut members: Vec<Member<'a>> = Vec::new();
        for field in &class.fields {
            let member = Member {
                scope,
                name: super::item::word(scope, &field.name),
                ty: field.ty.as_ref(),
                value: field.value.as_ref(),
                decorators: &field.decorators,
                tag: field.tag.as_ref(),
                anonymous: field.embedded,
                span: field.span,
            };
            if !field.is_static || member.value.is_some() {
                members.push(member);
            }
        }
        let decorators: Vec<String> =
            self.drafts.iter().filter(|d| d.class == Some(at)).flat_map(|d| d.rule.model.method_fields.clone()).collect();
        for &method in &class.methods {
            let Some(function) = file.code.functions.get(method as usize) else { continue };
            let fits = function.decorators.iter().any(|d| {
                self.constants
                    .qualified(Scope::of(at.file), d)
                    .is_some_and(|n| decorators.iter().any(|p| matches(p, &n) || n.split('.').any(|s| s == p)))
            });
            if fits && let Some(value) = super::constants::returned(function) {
                members.push(Member {
                    scope,
                    name: super::item::word(scope, &function.name),
                    ty: function.returns.as_ref(),
                    value: Some(value),
                    decorators: &[],
                    tag: None,
                    anonymous: false,
                    span: function.span,
                });
            } else if function.is_getter && !function.decorators.is_empty() {
                members.push(Member {
                    scope,
                    name: super::item::word(scope, &function.name),
                    ty: function.returns.as_ref(),
                    value: None,
                    decorators: &function.decorators,
                    tag: None,
                    anonymous: false,
                    span: function.span,
                });
            }
        }
        members.extend(self.added(at).iter().cloned());
        members
    }

    /// Table and columns of a class that is mapped to a table value (`__table__ = Table(...)`).
    fn table_value(&self, class: ClassRef, rule: &ModelRule) -> Option<(Named, Vec<Member<'a>>)> {
        if rule.table_value.is_empty() {
            return None;
        }
        let (scope, value) = self.constants.attribute(class, &rule.table_value, 0)?;
        let (_, value) = self.constants.follow(scope, value);
        let made_of = self.drafts.iter().find(|d| d.values.iter().any(|o| o.span == value.span))?;
        let item = &made_of.item;
        Some((self.first_text(&made_of.rule.model.table, item, made_of.rule.model)?, made_of.members.clone()))
    }

    /// Conventions of tables and columns that a call of the service sets.
    pub(super) fn set_by_call(&self, rule: &ModelRule) -> (Option<crate::grammar::mapper::Naming>, Option<crate::grammar::mapper::Naming>) {
        let mut out = (None, None);
        for by in &rule.naming_by {
            if self.settings.iter().any(|(callee, key, value)| {
                super::item::matches_any(&by.calls, callee)
                    && (by.key.is_empty() || by.key == *key)
                    && (by.holds.is_empty() || value.rsplit('.').next() == Some(&by.holds))
            }) {
                out = (by.table.or(out.0), by.column.or(out.1));
            }
        }
        out
    }

    /// The origin of a member.
    pub(super) fn origin(member: &Member<'a>) -> Origin {
        Origin { file: member.scope.file, span: member.span }
    }
}
