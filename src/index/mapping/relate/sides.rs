//! The other side of a relation.

use super::super::{ModelId, Named, Relation, Through};
use super::{Known, Linker};
use crate::grammar::mapper::RelationShape;
use std::rc::Rc;

impl<'a, 'k> Linker<'_, '_, 'a, 'k> {
    /// Takes over the keys of the relation that this one mirrors.
    pub(super) fn mirror(&mut self, k: &Known<'a, 'k>) -> bool {
        let Some(name) = self.text(&k.rule.mirrors, &k.item, k.own) else { return false };
        let found = self.model(k.target).and_then(|m| m.relation(&name.text).and_then(|r| m.relations.get(r as usize))).cloned();
        let Some(other) = found.filter(|o| o.target == k.own || self.model(k.own).is_some_and(|m| m.shares == Some(o.target))) else {
            return false;
        };
        let reversed = reverse_of(&other, k.own, k.target, k.item.name.text.clone(), k.rule.unique);
        let shape = match k.rule.shape {
            RelationShape::Infer | RelationShape::ManyToMany => reversed.shape,
            said => said,
        };
        let relation = Relation { origin: Some(k.origin), target: k.target, shape, ..reversed };
        if let Some(model) = self.models.models.get_mut(k.own as usize) {
            model.relations.push(relation);
        }
        true
    }

    pub(super) fn reverse(&mut self, k: &Known<'a, 'k>, relation: &Relation) {
        let Some(own) = self.model(k.own) else { return };
        if own.is_abstract || own.shares.is_some() || relation.keys.is_empty() {
            return;
        }
        let class = own.name.text.to_lowercase();
        let fill =
            |n: Named| n.text.replace("%(class)s", &class).replace("%(app_label)s", &k.item.vars.app).replace("%(model_name)s", &class);
        let Some(name) = self.text(&k.rule.reverse, &k.item, k.own).map(&fill) else { return };
        if name.ends_with('+') {
            return;
        }
        let query_name = self.text(&k.rule.reverse_query, &k.item, k.own).map(&fill).filter(|q| *q != name);
        let mut other = reverse_of(relation, k.own, k.target, name.as_str().into(), k.rule.unique);
        other.query_name = query_name.map(|q| q.as_str().into());
        if let Some(target) = self.models.models.get_mut(k.target as usize)
            && !target.relations.iter().any(|r| *r.name == *name)
        {
            target.relations.push(other);
        }
    }
}

/// The other side of a relation of `own`: one of `target`.
pub(super) fn reverse_of(relation: &Relation, own: ModelId, _: ModelId, name: Rc<str>, unique: bool) -> Relation {
    let swapped = |keys: &[(Named, Named)]| keys.iter().map(|(a, b)| (b.clone(), a.clone())).collect::<Vec<_>>();
    let (keys, through) = match &relation.through {
        Some(through) => {
            let back = Through { keys: swapped(&relation.keys), ..through.clone() };
            (swapped(&through.keys), Some(back))
        }
        None => (swapped(&relation.keys), None),
    };
    let shape = match relation.shape {
        RelationShape::ToOne if unique => RelationShape::OneFrom,
        RelationShape::ToOne => RelationShape::ToMany,
        RelationShape::ToMany | RelationShape::OneFrom => RelationShape::ToOne,
        other => other,
    };
    Relation { through, ..Relation::new(name, shape, own, keys) }
}
