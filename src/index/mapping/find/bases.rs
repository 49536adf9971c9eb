//! Bases of models, classes that only lie inside of others, and which rule a class falls under.

use super::super::constants::{Scope, method};
use super::super::item::{matches, matches_any};
use super::{Finder, Member, Rule, tag_of, type_name};
use crate::grammar::mapper::FieldRole;
use crate::index::program::ClassRef;
use crate::model::code::{ClassKind, Expr, Field};

impl<'p, 'a, 'k> Finder<'p, 'a, 'k> {
    /// The rule that makes a class a model, by its decorators, bases, tags, uses.
    pub(super) fn rule_of(&mut self, class: ClassRef, depth: u32) -> Option<Rule<'k>> {
        if let Some(known) = self.kin.get(&class) {
            return *known;
        }
        if depth > 24 {
            return None;
        }
        self.kin.insert(class, None);
        let found = self.find_rule(class, depth);
        self.kin.insert(class, found);
        found
    }

    pub(super) fn find_rule(&mut self, at: ClassRef, depth: u32) -> Option<Rule<'k>> {
        let class = self.constants.program.class(at)?;
        let scope = Scope::of(at.file);
        let rules = self.rules(at.file);
        if rules.is_empty() {
            return None;
        }
        for rule in rules.iter() {
            let decorated = |d: &'a Expr| self.constants.call_of(scope, d, &rule.model.decorators).is_some();
            if !rule.model.decorators.is_empty() && class.decorators.iter().any(decorated) {
                return Some(*rule);
            }
            if class.kind == ClassKind::Struct {
                let by_tag = !rule.model.tag.is_empty() && class.fields.iter().any(|f| tag_of(at.file, f, rule.model).is_some());
                let embeds = |f: &'a Field| {
                    f.embedded
                        && matches!(f.ty.as_ref(), Some(ty) if type_name(self.constants, scope, ty).is_some_and(|n| matches_any(&rule.model.embeds, &n)))
                };
                let by_use = !rule.model.by_use.is_empty() && self.used.contains(&at);
                if by_tag || by_use || class.fields.iter().any(embeds) {
                    return Some(*rule);
                }
            }
        }
        for base in &class.bases {
            if let Some(name) = self.constants.qualified(scope, base) {
                let by_name =
                    rules.iter().find(|r| matches_any(&r.model.bases, &name) || r.model.known.iter().any(|k| matches(&k.name, &name)));
                if let Some(rule) = by_name {
                    return Some(*rule);
                }
                continue;
            }
            if let Some(inner) = self.constants.class(scope, base).filter(|b| *b != at)
                && let Some(rule) = self.rule_of(inner, depth + 1)
                && !rule.model.bases.is_empty()
            {
                return Some(rule);
            }
        }
        let packaged = class.bases.iter().filter_map(|b| self.constants.qualified(scope, b)).any(|name| name.contains('.'));
        rules.iter().copied().filter(|_| packaged).find(|rule| {
            class.fields.iter().any(|f| {
                let telling = f.value.as_ref().and_then(|v| self.constants.call_of(scope, v, &rule.model.telling_calls));
                telling.is_some() || rule.model.telling_attributes.iter().any(|a| **a == *f.name.text)
            })
        })
    }

    pub(super) fn interface_fields(&self, at: ClassRef, out: &mut Vec<(ClassRef, &'a Field)>, depth: u32) {
        let Some(class) = self.constants.program.class(at).filter(|_| depth < 8) else { return };
        out.extend(class.fields.iter().map(|f| (at, f)));
        let scope = Scope::of(at.file);
        for base in class.bases.iter().filter_map(|b| self.constants.class(scope, b)).filter(|b| *b != at) {
            self.interface_fields(base, out, depth + 1);
        }
    }

    /// Classes of the program that models inherit fields from are abstract models.
    pub(super) fn bases_of_models(&mut self) {
        let mut at = 0;
        while let Some((Some(class), rule)) = self.drafts.get(at).map(|d| (d.class, d.rule)) {
            at += 1;
            if self.drafts.get(at - 1).is_some_and(|d| d.item.call.as_ref().is_some_and(|c| rule.model.init_calls.contains(&c.callee))) {
                continue;
            }
            let bases = self.bases(class);
            for (other, is_abstract) in self.related(class, rule) {
                if !self.drafts.iter().any(|d| d.class == Some(other)) {
                    self.add_class(other, rule, is_abstract);
                }
            }
            let embedded = self.embedded_in(class);
            for base in bases.into_iter().chain(embedded) {
                if !self.drafts.iter().any(|d| d.class == Some(base)) {
                    self.add_class(base, rule, true);
                }
            }
        }
        // values come after the classes: those behind them have been seen
        let rest: Vec<(Rule<'k>, ClassRef)> = self.drafts.iter().skip(at).filter_map(|d| d.class.map(|c| (d.rule, c))).collect();
        for (rule, class) in rest {
            for base in self.bases(class) {
                if !self.drafts.iter().any(|d| d.class == Some(base)) {
                    self.add_class(base, rule, true);
                }
            }
        }
    }

    /// Structs that the fields of a struct relate to, where a rule takes types for relations; abstract ones are
    /// embedded.
    pub(super) fn related(&self, at: ClassRef, rule: Rule<'k>) -> Vec<(ClassRef, bool)> {
        if !rule.model.relation.iter().any(|r| r.by_type) {
            return Vec::new();
        }
        let Some(class) = self.constants.program.class(at) else { return Vec::new() };
        let scope = Scope::of(at.file);
        let words = |role: FieldRole| rule.model.field.iter().filter(move |m| m.role == role).flat_map(|m| &m.tag_words);
        let mut found = Vec::new();
        for field in class.fields.iter().filter(|f| !f.embedded) {
            let tag = tag_of(at.file, field, rule.model);
            let has = |role: FieldRole| tag.as_ref().is_some_and(|t| words(role).any(|w| t.has(w)));
            let Some(other) = field.ty.as_ref().and_then(|t| self.constants.class_of_type(scope, t)) else { continue };
            let is_struct = self.constants.program.class(other).is_some_and(|c| c.kind == ClassKind::Struct);
            let stores_itself = ["Value", "Scan", "GormDataType", "FromDB", "MarshalText"]
                .iter()
                .any(|m| method(self.constants.program, other, m).is_some());
            let as_text = tag.as_ref().is_some_and(|t| ["serializer", "json", "jsonb", "type"].iter().any(|w| t.has(w)));
            if is_struct && !stores_itself && !as_text && !has(FieldRole::Ignored) {
                found.push((other, has(FieldRole::Embedded)));
            }
        }
        found
    }

    /// Base classes of the program.
    pub fn bases(&self, at: ClassRef) -> Vec<ClassRef> {
        let Some(class) = self.constants.program.class(at) else { return Vec::new() };
        let scope = Scope::of(at.file);
        class.bases.iter().filter_map(|b| self.constants.base(scope, b)).filter(|b| *b != at).collect()
    }

    /// Structs that a struct embeds.
    pub(super) fn embedded_in(&self, at: ClassRef) -> Vec<ClassRef> {
        let Some(class) = self.constants.program.class(at) else { return Vec::new() };
        let scope = Scope::of(at.file);
        class.fields.iter().filter(|f| f.embedded).filter_map(|f| self.constants.class_of_type(scope, f.ty.as_ref()?)).collect()
    }

    /// Members that code adds to a class from outside.
    pub fn added(&self, class: ClassRef) -> &[Member<'a>] {
        self.added.get(&class).map_or(&[], Vec::as_slice)
    }

    /// Whether a struct is only ever embedded.
    pub fn only_embedded(&self, class: ClassRef) -> bool {
        self.embedded.contains(&class) && !self.used.contains(&class)
    }
}
