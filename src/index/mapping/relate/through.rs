//! Join tables: the models that stand for them and their keys.

use super::super::constants::{Given, made};
use super::super::item::{Hit, Item};
use super::super::{Model, ModelField, ModelId, Named, Relation, Through};
use super::keys::split_column;
use super::{Known, Linker};
use crate::grammar::mapper::{RelationShape, Source};
use std::rc::Rc;

impl<'a, 'k> Linker<'_, '_, 'a, 'k> {
    pub(super) fn has_join_table(&self, k: &Known<'a, 'k>) -> bool {
        k.rule.through.iter().any(|s| !matches!(s, Source::Template(_)) && self.hit(s, &k.item, k.own).is_some())
    }

    pub(super) fn many_to_many(&mut self, mut k: Known<'a, 'k>) {
        self.vars(&mut k);
        let own_primary = self.primary_fields(k.own);
        let target_primary = self.primary_fields(k.target);
        let mut through_model = None;
        let mut table = None;
        for source in &k.rule.through {
            let Some(hit) = self.hit(source, &k.item, k.own) else { continue };
            if let Hit::Expr(scope, expr) = &hit {
                let (scope, value) = self.finder.constants.through_lambda(*scope, expr);
                through_model = self.model_of(k.own, scope, value);
            }
            let given = Given { model: k.item.vars.model.clone(), names: Vec::new() };
            let text = self.finder.constants.hit_text(&hit, &given);
            if through_model.is_none() && !matches!(source, Source::Template(_)) {
                through_model = text
                    .as_ref()
                    .and_then(|t| self.models.models.iter().position(|m| !m.is_abstract && m.table.text == t.text))
                    .map(|m| m as ModelId);
            }
            table = if k.rule.qualified { text.map(|t| split_column(&t).0) } else { text };
            if through_model.is_some() || table.is_some() {
                break;
            }
        }
        let self_reference = k.own == k.target;
        let mut own_item = k.item.clone();
        own_item.vars.primary = own_primary.first().map(|f| f.0.to_string()).unwrap_or_else(|| "id".to_string());
        let columns = |this: &Self, sources: &[Source], item: &Item<'a>, keys: Vec<(Rc<str>, Named)>| {
            let named = Self::bare(&k, this.names(sources, item, k.own));
            let keys: Vec<Named> = if keys.is_empty() { vec![made("id")] } else { keys.into_iter().map(|p| p.1).collect() };
            keys.into_iter().zip(named).collect::<Vec<(Named, Named)>>()
        };
        let (mut own_keys, mut other_keys) = match through_model {
            Some(through) => {
                let to_own: Vec<_> = self.foreign_or_related(through, k.own);
                let to_other: Vec<_> = self.foreign_or_related(through, k.target);
                if self_reference && to_own.len() > 1 {
                    (to_own.first().cloned().into_iter().collect(), to_own.get(1).cloned().into_iter().collect())
                } else {
                    (to_own, to_other)
                }
            }
            None => (Vec::new(), Vec::new()),
        };
        let flip = |keys: Vec<(Named, Named)>| keys.into_iter().map(|(a, b)| (b, a)).collect::<Vec<_>>();
        let side = |same: &'k Vec<Source>, other: &'k Vec<Source>| if self_reference && !same.is_empty() { same } else { other };
        if own_keys.is_empty() {
            own_keys = flip(columns(self, side(&k.rule.through_own_self, &k.rule.through_own), &own_item, own_primary));
        }
        if other_keys.is_empty() {
            other_keys = flip(columns(self, side(&k.rule.through_other_self, &k.rule.through_other), &k.item, target_primary));
        }
        let (table, schema) = match through_model.and_then(|t| self.model(t)) {
            Some(model) => (model.table.clone(), model.schema.clone()),
            None => match table {
                Some(table) => (table, self.model(k.own).and_then(|m| m.schema.clone())),
                None => {
                    self.unknown.push((k.origin, k.item.name.text.to_string()));
                    return;
                }
            },
        };
        let through_model = through_model.or_else(|| self.implied_through(&k, &table, schema.as_ref(), &own_keys, &other_keys));
        let through = Through { table, schema, model: through_model, keys: other_keys };
        self.add(k, RelationShape::ManyToMany, flip(own_keys), Some(through));
    }

    /// The model that the library makes of a join table that the program has no model for; its keys are (its column, the
    /// other model's).
    pub(super) fn implied_through(
        &mut self,
        k: &Known<'a, 'k>,
        table: &Named,
        schema: Option<&Named>,
        own_keys: &[(Named, Named)],
        other_keys: &[(Named, Named)],
    ) -> Option<ModelId> {
        let own_name = self.text(&k.rule.through_own_field, &k.item, k.own)?;
        let other_name = self.text(&k.rule.through_other_field, &k.item, k.own)?;
        let near = self.model(k.own).filter(|m| !m.is_abstract)?;
        let key_name = self.key_name(k.own);
        let field = |name: &str, column: Named, primary: bool| ModelField {
            aliases: if primary { key_name.map(Rc::from).into_iter().collect() } else { vec![column.text.clone()] },
            primary,
            nullable: Some(false),
            generated: primary,
            ..ModelField::new(name, column, k.origin)
        };
        let relation = |name: &Named, target: ModelId, keys: &[(Named, Named)]| {
            Relation::new(name.text.clone(), RelationShape::ToOne, target, keys.to_vec())
        };
        let mut fields = vec![field("id", made("id"), true)];
        fields.extend(own_keys.iter().map(|key| field(&own_name.text, key.0.clone(), false)));
        fields.extend(other_keys.iter().map(|key| field(&other_name.text, key.0.clone(), false)));
        let model = Model {
            apart: None,
            pack: near.pack.clone(),
            name: Named { text: format!("{}.{}", near.name.text, k.item.name.text).into(), origin: None },
            class: None,
            origin: k.origin,
            table: table.clone(),
            schema: schema.cloned(),
            is_abstract: false,
            shares: None,
            parent: None,
            fields,
            relations: vec![relation(&own_name, k.own, own_keys), relation(&other_name, k.target, other_keys)],
            order: Vec::new(),
            alias: None,
            indexes: Default::default(),
            discriminator: None,
        };
        self.models.models.push(model);
        Some((self.models.models.len() - 1) as ModelId)
    }

    /// Pairs by which a join table's model refers to another one: by keys, else by its relations.
    pub(super) fn foreign_or_related(&self, from: ModelId, to: ModelId) -> Vec<(Named, Named)> {
        let keys = self.foreign_keys(from, to);
        if !keys.is_empty() {
            return keys;
        }
        let base = self.model(to).and_then(|m| m.shares.or(m.parent.map(|p| p.0)));
        let relations = self.model(from).map(|m| m.relations.as_slice()).unwrap_or_default();
        let fits = |r: &&Relation| r.shape == RelationShape::ToOne && r.origin.is_some() && (r.target == to || Some(r.target) == base);
        relations.iter().filter(fits).flat_map(|r| r.keys.clone()).collect()
    }
}
