//! Relations that are not written as such: between the two sides of joined inheritance, to any model.

use super::constants::made;
use super::fields::Pending;
use super::relate::Linker;
use super::{FieldId, Model, ModelId, Named, Relation};
use crate::grammar::mapper::RelationShape;

/// Bases of bases that are looked through.
const MAX_PARENTS: usize = 16;

impl Linker<'_, '_, '_, '_> {
    /// The key of a model to its parent's table (joined inheritance).
    pub fn parents(&mut self) {
        for id in 0..self.models.models.len() {
            let Some((draft, parent)) = self.drafts.get(id).and_then(|&d| self.finder.drafts.get(d)).and_then(|d| Some((d, d.parent?)))
            else {
                continue;
            };
            let Some(parent) = self.models.by_class.get(&parent).copied() else { continue };
            let own_key = self.foreign_keys(id as ModelId, parent).into_iter().next();
            let found = own_key.and_then(|(own, _)| self.model(id as ModelId)?.column(&own.text));
            let key: FieldId = match found {
                Some(field) => field,
                None => {
                    let mut item = draft.item.clone();
                    item.vars.parent = self.model(parent).map(|m| m.name.text.to_string()).unwrap_or_default();
                    let Some(column) = self.text(&draft.rule.model.parent_key, &item, id as ModelId) else {
                        let own = self.models.models.get(id).and_then(|m| m.primary().next());
                        if let (Some(own), Some(model)) = (own, self.models.models.get_mut(id)) {
                            model.parent = Some((parent, own));
                        }
                        continue;
                    };
                    let origin = draft.origin;
                    let name = column.text.strip_suffix("_id").map_or_else(|| column.clone(), made);
                    let column = Named { text: column.text.clone(), origin: draft.item.name.origin };
                    let at = self.models.models.get(id).map_or(0, |m| m.fields.len());
                    self.key_field(id as ModelId, &name, &column, Some(column.clone()), origin, Some(false), true);
                    at as FieldId
                }
            };
            if let Some(model) = self.models.models.get_mut(id) {
                model.parent = Some((parent, key));
            }
        }
    }

    /// A relation to any model: to the only one that has a relation to this one by the same key.
    pub(super) fn join_any(&mut self, own: ModelId, relation: &Pending) {
        let Some(field) = self.text(&relation.rule.field, &relation.item, own) else { return };
        let Some(key) = self.model(own).and_then(|m| m.fields.get(m.field(&field.text)? as usize)).map(|f| f.column.clone()) else {
            return;
        };
        let back = |r: &Relation| r.target == own && r.shape == RelationShape::ToMany && r.keys.iter().any(|(_, k)| k.text == key.text);
        let own_table = |m: &Model| m.shares.is_none() && !m.is_abstract;
        let all = self.models.models.iter().enumerate().filter(|(_, m)| own_table(m));
        let mut targets = all.filter_map(|(id, m)| Some((id, m.relations.iter().find(|r| back(r))?)));
        let (Some((target, found)), None) = (targets.next(), targets.next()) else { return };
        let keys = found.keys.iter().map(|(a, b)| (b.clone(), a.clone())).collect();
        let joined = Relation::new(relation.item.name.text.clone(), RelationShape::ToOne, target as ModelId, keys);
        if let Some(model) = self.models.models.get_mut(own as usize) {
            model.relations.push(joined);
        }
    }

    /// Gives each base a relation to its subclasses, and each subclass the relations of its bases. A relation that is
    /// inherited has no place of its own: it is defined once.
    pub(super) fn share_relations(&mut self) {
        for id in 0..self.models.models.len() {
            let Some((parent, key)) = self.models.models.get(id).and_then(|m| m.parent) else { continue };
            let Some(draft) = self.drafts.get(id).and_then(|&d| self.finder.drafts.get(d)) else { continue };
            let Some(name) = self.text(&draft.rule.model.child_link, &draft.item, id as ModelId) else { continue };
            let own = self.model(id as ModelId).and_then(|m| m.fields.get(key as usize)).map(|f| f.column.clone());
            let base = self.model(parent);
            let taken = base.is_none_or(|m| m.relation(&name.text).is_some() || m.field(&name.text).is_some());
            let other = base.and_then(|m| m.fields.iter().find(|f| f.primary)).map(|f| f.column.clone());
            let (Some(own), Some(other), false) = (own, other, taken) else { continue };
            let unplaced = |name: Named| Named { text: name.text, origin: None };
            let link = Relation::new(name.text, RelationShape::OneFrom, id as ModelId, vec![(unplaced(other), unplaced(own))]);
            if let Some(model) = self.models.models.get_mut(parent as usize) {
                model.relations.push(link);
            }
        }
        for id in 0..self.models.models.len() {
            let mut at = id as ModelId;
            for _ in 0..MAX_PARENTS {
                let Some((parent, _)) = self.model(at).and_then(|m| m.parent).filter(|p| p.0 != at) else { break };
                at = parent;
                let shared = self.model(parent).map(|m| m.relations.clone()).unwrap_or_default();
                let Some(model) = self.models.models.get_mut(id) else { break };
                for relation in shared {
                    let known = model.relation(&relation.name).is_some();
                    if !known && (relation.target != id as ModelId || relation.shape != RelationShape::OneFrom) {
                        model.relations.push(Relation { origin: None, ..relation });
                    }
                }
            }
        }
    }
}
