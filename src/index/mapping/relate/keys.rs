//! Keys between two models: which columns of the one hold the key of the other.

use super::super::constants::made;
use super::super::fields::Pending;
use super::super::item::Item;
use super::super::{ModelField, ModelId, Named, Origin};
use super::{Known, Linker};
use crate::grammar::mapper::{RelationShape, Source};
use std::rc::Rc;

impl<'a, 'k> Linker<'_, '_, 'a, 'k> {
    /// Names of columns without their table, where the rule says that they come with it.
    pub(super) fn bare(k: &Known<'a, 'k>, names: Vec<Named>) -> Vec<Named> {
        if k.rule.qualified { names.into_iter().map(|n| split_column(&n).1).collect() } else { names }
    }

    pub(super) fn referenced(&self, k: &Known<'a, 'k>) -> Vec<Named> {
        let named = Self::bare(k, self.names(&k.rule.references, &k.item, k.own));
        if !named.is_empty() {
            return named.iter().map(|n| self.column(k.target, n)).collect();
        }
        let primary: Vec<Named> = self.primary_fields(k.target).into_iter().map(|p| p.1).collect();
        if primary.is_empty() { vec![made("id")] } else { primary }
    }

    pub(super) fn join_one(&mut self, mut k: Known<'a, 'k>) {
        self.vars(&mut k);
        let references = self.referenced(&k);
        let fields = self.names(&k.rule.field, &k.item, k.own);
        let known: Vec<Named> = fields
            .iter()
            .filter(|f| self.model(k.own).is_some_and(|m| m.field(&f.text).is_some()))
            .map(|f| self.column(k.own, f))
            .collect();
        let columns = match known.is_empty() {
            false => known,
            true => {
                let named = Self::bare(&k, self.names(&k.rule.column, &k.item, k.own));
                match (named.is_empty(), fields.is_empty()) {
                    (false, _) => named,
                    (true, false) if k.rule.on_model => fields.iter().map(|f| self.convention(k.own, f)).collect(),
                    (true, false) => fields.iter().map(|f| self.column(k.own, f)).collect(),
                    (true, true) => return self.keys_by_reference(k, references),
                }
            }
        };
        let nullable = self.finder.says(&k.rule.nullable, &k.item);
        let primary = self.finder.says(&k.rule.primary, &k.item);
        let key_name = self.text(&k.rule.key_field, &k.item, k.own);
        for (i, column) in columns.iter().enumerate() {
            // a call on the model has no field of its own: the key is one by its name
            let own = k.rule.on_model || k.rule.qualified;
            let name = if own { fields.get(i).unwrap_or(column) } else { &k.item.name };
            self.key_field(k.own, name, column, key_name.clone(), k.origin, Some(nullable), primary);
        }
        let keys: Vec<(Named, Named)> = columns.into_iter().zip(references).collect();
        self.add(k, RelationShape::ToOne, keys, None);
    }

    /// The key of a relation whose other model is not part of the program.
    pub(super) fn key_without_target(&mut self, own: ModelId, relation: &Pending<'a, 'k>) {
        if relation.rule.shape != RelationShape::ToOne {
            return;
        }
        let mut item = relation.item.clone();
        item.vars.primary = "id".to_string();
        let Some(column) = self.text(&relation.rule.column, &item, own) else { return };
        let nullable = self.finder.says(&relation.rule.nullable, &item);
        let primary = self.finder.says(&relation.rule.primary, &item);
        let key_name = self.text(&relation.rule.key_field, &item, own);
        let origin = Origin { file: relation.file, span: relation.span };
        self.key_field(own, &item.name, &column, key_name, origin, Some(nullable), primary);
    }

    #[allow(clippy::too_many_arguments)]
    pub(in crate::index::mapping) fn key_field(
        &mut self,
        own: ModelId,
        name: &Named,
        column: &Named,
        key: Option<Named>,
        origin: Origin,
        nullable: Option<bool>,
        primary: bool,
    ) {
        let declared =
            self.drafts.get(own as usize).and_then(|&d| self.finder.drafts.get(d)).and_then(|d| self.finder.declared(d, &name.text));
        let (origin, column) = match declared {
            Some((whole, at)) => (whole, &Named { text: column.text.clone(), origin: Some(at) }),
            None => (origin, column),
        };
        let Some(model) = self.models.models.get_mut(own as usize) else { return };
        let aliases: Vec<Rc<str>> = key.map(|k| k.text).into_iter().filter(|k| *k != name.text).collect();
        if model.fields.iter().any(|f| f.column.text == column.text) {
            return;
        }
        model.fields.push(ModelField {
            aliases,
            primary,
            nullable: if primary { Some(false) } else { nullable },
            ..ModelField::new(name.text.clone(), column.clone(), origin)
        });
    }

    /// Keys of a relation from the columns that refer to its target.
    pub(super) fn keys_by_reference(&mut self, k: Known<'a, 'k>, _: Vec<Named>) {
        let keys = self.foreign_keys(k.own, k.target);
        self.add(k, RelationShape::ToOne, keys, None);
    }

    /// Pairs of columns by which a model refers to another: (own, other).
    pub(in crate::index::mapping) fn foreign_keys(&self, from: ModelId, to: ModelId) -> Vec<(Named, Named)> {
        let mut found = Vec::new();
        let kin = |id: ModelId| {
            id == to || self.model(to).and_then(|m| m.shares) == Some(id) || self.model(id).and_then(|m| m.shares) == Some(to)
        };
        for (field, refers) in self.refers.get(from as usize).into_iter().flatten() {
            let Some((model, column)) = self.resolve(from, refers) else { continue };
            let parents = self.model(to).and_then(|m| m.parent).map(|p| p.0);
            if kin(model) || parents == Some(model) {
                let own = self.model(from).and_then(|m| m.fields.get(m.field(field)? as usize)).map(|f| f.column.clone());
                if let Some(own) = own {
                    found.push((Named { text: own.text, origin: own.origin }, column));
                }
            }
        }
        found
    }

    /// A relation whose key the other side holds.
    pub(super) fn join_other(&mut self, mut k: Known<'a, 'k>) {
        self.vars(&mut k);
        k.item.vars.primary = self.primary_fields(k.own).first().map(|f| f.0.to_string()).unwrap_or_else(|| "id".to_string());
        if self.mirror(&k) {
            return;
        }
        let own_key: Vec<Named> = match Self::bare(&k, self.names(&k.rule.references, &k.item, k.own)) {
            named if !named.is_empty() => named.iter().map(|n| self.column(k.own, n)).collect(),
            _ => self.primary_fields(k.own).into_iter().map(|p| p.1).collect(),
        };
        let fields = self.names(&k.rule.target_field, &k.item, k.own);
        let known: Vec<Named> = fields
            .iter()
            .filter(|f| self.model(k.target).is_some_and(|m| m.field(&f.text).is_some()))
            .map(|f| self.column(k.target, f))
            .collect();
        let columns = match known.is_empty() {
            false => known,
            true => {
                let by_reference = self.foreign_keys(k.target, k.own);
                if !by_reference.is_empty() {
                    let keys = by_reference.into_iter().map(|(a, b)| (b, a)).collect();
                    let shape = k.rule.shape;
                    return self.add(k, shape, keys, None);
                }
                let back = self
                    .model(k.target)
                    .filter(|_| !k.rule.qualified)
                    .and_then(|m| m.relations.iter().find(|r| r.target == k.own && r.shape == RelationShape::ToOne))
                    .cloned();
                if let Some(back) = back {
                    let keys = back.keys.into_iter().map(|(a, b)| (b, a)).collect();
                    let shape = k.rule.shape;
                    return self.add(k, shape, keys, None);
                }
                let named = Self::bare(&k, self.names(&k.rule.column, &k.item, k.own));
                if named.is_empty() && k.rule.on_model { fields.iter().map(|f| self.convention(k.target, f)).collect() } else { named }
            }
        };
        let shape = if k.rule.shape == RelationShape::Infer { RelationShape::ToMany } else { k.rule.shape };
        for (i, column) in columns.iter().enumerate() {
            let target = k.target;
            if self.model(target).is_some_and(|m| m.column(&column.text).is_none()) && k.rule.on_model {
                self.key_field(target, fields.get(i).unwrap_or(column), column, None, k.origin, None, false);
            }
        }
        let keys = own_key.into_iter().zip(columns).collect();
        self.add(k, shape, keys, None);
    }

    pub(super) fn infer(&mut self, mut k: Known<'a, 'k>) {
        if self.has_join_table(&k) {
            return self.many_to_many(k);
        }
        self.vars(&mut k);
        let own_of = |this: &Self, sources: &[Source], item: &Item<'a>, at: ModelId| {
            this.names(sources, item, k.own)
                .iter()
                .flat_map(columns_in)
                .filter(|f| this.model(at).is_some_and(|m| m.field(&f.text).is_some()))
                .collect::<Vec<_>>()
        };
        let own_fields = own_of(self, &k.rule.field, &k.item, k.own);
        let mut other = k.item.clone();
        other.vars.primary = self.primary_fields(k.own).first().map(|f| f.0.to_string()).unwrap_or_else(|| "id".to_string());
        let target_fields = own_of(self, &k.rule.target_field, &other, k.target);
        let own_keys = self.foreign_keys(k.own, k.target);
        let target_keys = self.foreign_keys(k.target, k.own);
        let back = !target_keys.is_empty() || !target_fields.is_empty();
        let forth = !own_keys.is_empty() || !own_fields.is_empty();
        let chosen = own_fields.iter().map(|f| self.column(k.own, f)).collect::<Vec<_>>();
        if k.many || (back && !(forth && (k.own == k.target || target_fields.is_empty()))) {
            let shape = if k.many { RelationShape::ToMany } else { RelationShape::OneFrom };
            let keys = if target_keys.is_empty() || !target_fields.is_empty() {
                let columns: Vec<Named> = target_fields.iter().map(|f| self.defined_column(k.target, f)).collect();
                self.primary_fields(k.own).into_iter().map(|p| p.1).zip(columns).collect()
            } else {
                // the key of the other side that is told, where it has several
                let told = own_of(self, &k.rule.field, &k.item, k.target);
                let told: Vec<Named> = told.iter().map(|f| self.column(k.target, f)).collect();
                let fitting: Vec<_> = target_keys.iter().filter(|(a, _)| told.iter().any(|t| t.text == a.text)).cloned().collect();
                let chosen = if fitting.is_empty() { target_keys } else { fitting };
                chosen.into_iter().map(|(a, b)| (b, a)).collect()
            };
            return self.add(k, shape, keys, None);
        }
        let keys = match (chosen.is_empty(), own_keys.is_empty()) {
            (false, false) => {
                let fitting: Vec<_> = own_keys.iter().filter(|(a, _)| chosen.iter().any(|c| c.text == a.text)).cloned().collect();
                if fitting.is_empty() { own_keys } else { fitting }
            }
            (false, true) => chosen.into_iter().zip(self.referenced(&k)).collect(),
            (true, _) => narrowed(own_keys, &k.item.name.text),
        };
        self.add(k, RelationShape::ToOne, keys, None);
    }
}

/// The columns that a text names: a name, `Model.field`, several of them in a list or a condition.
pub(super) fn columns_in(name: &Named) -> Vec<Named> {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    if name.text.chars().all(|c| is_name(c) && c != '.') {
        return vec![name.clone()];
    }
    let words = name.text.split(|c| !is_name(c)).filter(|w| w.contains('.'));
    words.filter_map(|w| w.rsplit('.').next()).map(|w| Named { text: w.into(), origin: name.origin }).collect()
}

/// Table and column of `table.column`.
pub(super) fn split_column(name: &Named) -> (Named, Named) {
    let Some(at) = name.text.rfind('.') else { return (name.clone(), name.clone()) };
    let part = |from: usize, to: usize| {
        let origin = name.origin.map(|o| match o.span.len() == name.text.len() {
            true => {
                Origin { file: o.file, span: crate::model::span::Span { start: o.span.start + from as u32, end: o.span.start + to as u32 } }
            }
            false => o,
        });
        Named { text: name.text.get(from..to).unwrap_or_default().into(), origin }
    };
    (part(0, at), part(at + 1, name.text.len()))
}

/// Of several keys to the same model that which is named after the relation.
pub(super) fn narrowed(keys: Vec<(Named, Named)>, name: &str) -> Vec<(Named, Named)> {
    if keys.len() < 2 {
        return keys;
    }
    let wanted = name.to_lowercase();
    let fitting: Vec<_> = keys.iter().filter(|(own, _)| own.text.to_lowercase().starts_with(&wanted)).cloned().collect();
    if fitting.is_empty() { keys.into_iter().take(1).collect() } else { fitting }
}
