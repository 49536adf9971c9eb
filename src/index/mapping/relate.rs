//! Relations between models: their targets, keys, join tables and other sides.

mod keys;
mod sides;
mod target;
mod through;

use super::fields::{Pending, Refers};
use super::find::Finder;
use super::item::{Hit, Item};
use super::{Model, ModelField, ModelId, Models, Named, OnDelete, Origin, Relation, Through};
use crate::grammar::mapper::{RelationRule, RelationShape, Source};
use std::rc::Rc;

/// Joins models by their relations.
pub(super) struct Linker<'f, 'p, 'a, 'k> {
    pub finder: &'f Finder<'p, 'a, 'k>,
    /// Draft of each model.
    pub drafts: Vec<usize>,
    pub models: Models,
    /// What fields refer to, by model.
    pub refers: Vec<Vec<(Rc<str>, Refers<'a>)>>,
    /// What could not be told: place and what was looked for.
    pub unknown: Vec<(Origin, String)>,
}

/// A relation whose target is known.
struct Known<'a, 'k> {
    own: ModelId,
    target: ModelId,
    rule: &'k RelationRule,
    item: Item<'a>,
    origin: Origin,
    many: bool,
}

impl<'a, 'k> Linker<'_, '_, 'a, 'k> {
    /// Resolves all relations: those that hold keys first, then those that use the keys of others.
    pub fn run(&mut self, pending: Vec<(ModelId, Pending<'a, 'k>)>) {
        let mut known = Vec::new();
        let mut any = Vec::new();
        for (own, relation) in pending {
            let place = Origin { file: relation.file, span: relation.span };
            if relation.rule.shape == RelationShape::Any {
                any.push((own, relation));
                continue;
            }
            match self.target(own, &relation) {
                Some(target) if relation.rule.only_ahead && self.stands_before(target, place) => {
                    let named = self.text(relation.rule.column.get(..1).unwrap_or_default(), &relation.item, own);
                    let column =
                        named.unwrap_or_else(|| Named { text: relation.item.name.text.clone(), origin: relation.item.name.origin });
                    let nullable = self.finder.says(&relation.rule.nullable, &relation.item);
                    self.key_field(own, &relation.item.name, &column, None, place, Some(nullable), false);
                    let fields = self.models.models.get_mut(own as usize).into_iter().flat_map(|m| &mut m.fields);
                    fields.filter(|f| f.column.text == column.text).for_each(|f| f.deferred = true);
                }
                Some(target) => {
                    let many = self.is_many(&relation);
                    known.push(Known { own, target, rule: relation.rule, item: relation.item, origin: place, many });
                }
                None => {
                    self.key_without_target(own, &relation);
                    self.unknown.push((place, relation.item.name.text.to_string()));
                }
            }
        }
        let primary = |k: &Known| self.finder.says(&k.rule.primary, &k.item);
        let (first, rest): (Vec<_>, Vec<_>) = known.into_iter().partition(primary);
        let (holders, others): (Vec<_>, Vec<_>) = first.into_iter().chain(rest).partition(|k| matches!(k.rule.shape, RelationShape::ToOne));
        holders.into_iter().for_each(|k| self.join_one(k));
        let (joined, rest): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|k| k.rule.shape == RelationShape::ManyToMany && k.rule.mirrors.is_empty());
        joined.into_iter().for_each(|k| self.many_to_many(k));
        let mut waiting = Vec::new();
        for k in rest {
            match k.rule.shape {
                RelationShape::ManyToMany => match self.has_join_table(&k) {
                    true => self.many_to_many(k),
                    false => waiting.push(k),
                },
                RelationShape::Infer => self.infer(k),
                _ => self.join_other(k),
            }
        }
        for k in waiting {
            if !self.mirror(&k) {
                self.many_to_many(k);
            }
        }
        any.into_iter().for_each(|(own, relation)| self.join_any(own, &relation));
    }

    /// The name by which the library calls the key of any model.
    pub(super) fn key_name(&self, model: ModelId) -> Option<&'k str> {
        let draft = self.drafts.get(model as usize).and_then(|&d| self.finder.drafts.get(d))?;
        draft.rule.pack.mapper.as_ref().map(|m| m.key_name.as_str()).filter(|n| !n.is_empty())
    }

    /// Whether a model is defined above a place of the same file.
    fn stands_before(&self, model: ModelId, place: Origin) -> bool {
        self.model(model).is_some_and(|m| m.origin.file == place.file && m.origin.span.end <= place.span.start)
    }

    fn hit(&self, source: &Source, k: &Item<'a>, own: ModelId) -> Option<Hit<'a>> {
        let draft = self.drafts.get(own as usize).and_then(|&d| self.finder.drafts.get(d));
        self.finder
            .constants
            .hit(source, k, &|name: &str| draft.map_or_else(|| name.to_string(), |d| self.finder.column_convention(d, name)))
    }

    pub(super) fn text(&self, sources: &[Source], item: &Item<'a>, own: ModelId) -> Option<Named> {
        self.names(sources, item, own).into_iter().next()
    }

    fn names(&self, sources: &[Source], item: &Item<'a>, own: ModelId) -> Vec<Named> {
        let given = super::constants::Given { model: item.vars.model.clone(), names: Vec::new() };
        let found = sources.iter().map(|s| match self.hit(s, item, own) {
            Some(hit) => self.finder.constants.hit_names(&hit, &given),
            None => Vec::new(),
        });
        found.into_iter().find(|n| !n.is_empty()).unwrap_or_default()
    }

    pub(super) fn model(&self, id: ModelId) -> Option<&Model> {
        self.models.models.get(id as usize)
    }

    /// Templates know the other model and its key.
    fn vars(&self, k: &mut Known<'a, 'k>) {
        if let Some(target) = self.models.models.get(k.target as usize) {
            k.item.vars.target = target.name.text.to_string();
            k.item.vars.target_table = target.table.text.to_string();
        }
        let primary = self.primary_fields(k.target);
        k.item.vars.primary = primary.first().map(|f| f.0.to_string()).unwrap_or_else(|| "id".to_string());
        if let Some(own) = self.models.models.get(k.own as usize) {
            k.item.vars.table = own.table.text.to_string();
            let named = own.shares.and_then(|s| self.models.models.get(s as usize)).unwrap_or(own);
            k.item.vars.model = named.name.text.to_string();
        }
    }

    /// Names and columns of a model's primary key; a shared or parent's one where it has none.
    fn primary_fields(&self, id: ModelId) -> Vec<(Rc<str>, Named)> {
        let Some(model) = self.model(id) else { return Vec::new() };
        let own: Vec<_> = model.fields.iter().filter(|f| f.primary).map(|f| (f.name.clone(), f.column.clone())).collect();
        if !own.is_empty() {
            return own;
        }
        match model.shares.filter(|s| *s != id) {
            Some(shared) => self.primary_fields(shared),
            None => Vec::new(),
        }
    }

    /// The column that a name means in a model: a field, a column, else the name itself.
    fn column(&self, id: ModelId, name: &Named) -> Named {
        let Some(model) = self.model(id) else { return name.clone() };
        let field = model.field(&name.text).or_else(|| model.column(&name.text));
        let column = field.and_then(|f| model.fields.get(f as usize)).map(|f| f.column.text.clone());
        Named { text: column.unwrap_or_else(|| name.text.clone()), origin: name.origin }
    }

    /// The same; a column that its field is called otherwise than is written where the field is defined.
    fn defined_column(&self, id: ModelId, name: &Named) -> Named {
        let Some(model) = self.model(id) else { return name.clone() };
        let field = model.field(&name.text).and_then(|f| model.fields.get(f as usize));
        match field.filter(|f| f.column.text != name.text) {
            Some(field) => Named { text: field.column.text.clone(), origin: field.column.origin.or(Some(field.origin)) },
            None => self.column(id, name),
        }
    }

    /// The column of an attribute under the convention of its model.
    fn convention(&self, id: ModelId, name: &Named) -> Named {
        let draft = self.drafts.get(id as usize).and_then(|&d| self.finder.drafts.get(d));
        let made = draft.map_or_else(|| name.text.to_string(), |d| self.finder.column_convention(d, &name.text));
        Named { text: made.into(), origin: name.origin }
    }

    /// Adds a relation and the other side that it names.
    fn add(&mut self, k: Known<'a, 'k>, shape: RelationShape, keys: Vec<(Named, Named)>, through: Option<Through>) {
        let order = self.names(&k.rule.order, &k.item, k.own);
        let eager = self.finder.says(&k.rule.eager, &k.item);
        let dynamic = self.finder.says(&k.rule.dynamic, &k.item);
        let cascade = self.names(&k.rule.cascade, &k.item, k.own);
        let cascade = cascade.iter().flat_map(|n| n.text.split([',', ' '])).any(|w| matches!(w, "all" | "delete"));
        let says = |sources: &[Source]| !sources.is_empty() && self.finder.says(sources, &k.item);
        let on_delete = match (says(&k.rule.deletes), says(&k.rule.clears), says(&k.rule.guards)) {
            (true, ..) => OnDelete::Delete,
            (_, true, _) => OnDelete::Clear,
            (_, _, true) => OnDelete::Guard,
            _ => OnDelete::Nothing,
        };
        let name = match self.text(&k.rule.name, &k.item, k.own) {
            Some(name) => name.text,
            None => k.item.name.text.clone(),
        };
        let within = |n: &Named| n.origin.is_some_and(|o| o.file == k.origin.file && k.origin.span.covers(o.span));
        let names_key = self.names(&k.rule.field, &k.item, k.own).iter().any(within);
        let relation = Relation {
            names_key,
            name: name.clone(),
            query_name: None,
            shape,
            target: k.target,
            keys,
            through,
            origin: Some(k.origin),
            eager,
            dynamic,
            cascade,
            on_delete,
            order,
        };
        self.reverse(&k, &relation);
        if let Some(model) = self.models.models.get_mut(k.own as usize) {
            model.relations.retain(|r| r.name != name);
            model.relations.push(relation);
        }
    }

    /// What is left to say of the models once they are joined.
    pub fn finish(mut self) -> Models {
        for id in 0..self.models.models.len() {
            let Some(draft) = self.drafts.get(id).and_then(|&d| self.finder.drafts.get(d)) else { continue };
            let rule = draft.rule.model;
            let root = self.models.models.get(id).and_then(|m| m.shares).unwrap_or(id as ModelId);
            let root_draft = self.drafts.get(root as usize).and_then(|&d| self.finder.drafts.get(d));
            let told = root_draft.filter(|d| rule.single_table.is_empty() || self.finder.says(&rule.single_table, &d.item));
            let column = told.and_then(|d| self.text(&rule.discriminator, &d.item, root));
            if let (Some(column), Some(model)) = (column, self.models.models.get_mut(id)) {
                if model.field(&column.text).or_else(|| model.column(&column.text)).is_none() && !model.is_abstract {
                    let origin = root_draft.map_or(model.origin, |d| d.origin);
                    model.fields.push(discriminator_field(&column, origin));
                }
                let field = model.field(&column.text).or_else(|| model.column(&column.text));
                model.discriminator = field.map(|f| (f, None));
            }
            let listed = self.finder.listed_key(draft);
            let key_name = self.key_name(id as ModelId);
            if let Some(model) = self.models.models.get_mut(id) {
                for name in &listed {
                    let field = model.field(&name.text).and_then(|f| model.fields.get_mut(f as usize));
                    field.into_iter().for_each(|f| f.primary = true);
                }
                let single = model.fields.iter().filter(|f| f.primary).count() == 1;
                if let Some(key) = model.fields.iter_mut().find(|f| f.primary && single)
                    && let Some(name) = key_name.filter(|n| *key.name != **n)
                {
                    key.aliases.push(name.into());
                }
            }
        }
        self.share_relations();
        let found: Vec<_> = self.refers.iter().enumerate().flat_map(|(id, refers)| refers.iter().map(move |r| (id, r))).collect();
        let found: Vec<_> =
            found.into_iter().filter_map(|(id, (name, to))| Some((id, name.clone(), self.resolve(id as ModelId, to)?))).collect();
        for (id, name, (target, column)) in found {
            let Some(model) = self.models.models.get_mut(id) else { continue };
            let Some(field) = model.field(&name).and_then(|f| model.fields.get_mut(f as usize)) else { continue };
            let here = |o: &Origin| o.file == field.origin.file && field.origin.span.covers(o.span);
            let origin = column.origin.filter(here).or(Some(field.origin));
            field.refers = Some((target, Named { text: column.text, origin }));
        }
        self.models.unknown = self.unknown;
        self.models
    }
}

fn discriminator_field(column: &Named, origin: Origin) -> ModelField {
    ModelField { nullable: Some(false), has_default: true, ..ModelField::new(column.text.clone(), column.clone(), origin) }
}
