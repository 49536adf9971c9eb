//! Models that libraries bring with tables of their own (`django.contrib.auth.models.User`).

use super::constants::made;
use super::find::Finder;
use super::{Model, ModelField, ModelId, Models, Origin};
use crate::grammar::mapper::KnownModel;
use crate::grammar::pack::Pack;
use crate::model::span::Span;
use std::collections::BTreeSet;
use std::rc::Rc;

/// Adds the models that libraries bring, and the names by which code calls the service's own ones of their sort.
/// `order` has the draft of each model that is there.
pub(super) fn add(finder: &Finder, order: &[usize], models: &mut Models) {
    let mut seen = BTreeSet::new();
    let mut brought: Vec<(&Pack, &KnownModel)> = Vec::new();
    for rule in finder.all_rules() {
        for known in &rule.model.known {
            if seen.insert((rule.pack.id.as_str(), known.name.as_str())) {
                brought.push((rule.pack, known));
            }
        }
    }
    let mut own: Vec<(Rc<str>, ModelId)> = Vec::new();
    for (id, &draft) in order.iter().enumerate() {
        let Some(draft) = finder.drafts.get(draft).filter(|d| !d.is_abstract && d.shares.is_none()) else { continue };
        for name in draft.known.iter().flat_map(|k| &k.called) {
            if !own.iter().any(|(n, _)| **n == **name) {
                own.push((name.as_str().into(), id as ModelId));
            }
        }
    }
    for (pack, known) in brought.into_iter().filter(|(_, k)| !k.table.is_empty()) {
        let id = models.models.len() as ModelId;
        models.models.push(model(pack, known));
        let last = known.name.rsplit('.').next().unwrap_or(&known.name);
        models.by_external.insert(known.name.as_str().into(), id);
        models.by_name.entry(last.into()).or_default().push(id);
        for name in &known.called {
            if !own.iter().any(|(n, _)| **n == **name) {
                own.push((name.as_str().into(), id));
            }
        }
    }
    for (name, id) in own {
        models.by_name.entry(name).or_default().push(id);
    }
}

fn model(pack: &Pack, known: &KnownModel) -> Model {
    let key_name = pack.mapper.as_ref().map_or("", |m| m.key_name.as_str());
    let origin = Origin { file: Origin::OUTSIDE, span: Span::default() };
    let last = known.name.rsplit('.').next().unwrap_or(&known.name);
    let keys = known.fields.iter().filter(|f| f.ends_with(" primary")).count();
    let field = |text: &String| {
        let mut words = text.split(' ');
        let name = words.next().unwrap_or_default();
        let primary = words.any(|w| w == "primary");
        let mut aliases: Vec<Rc<str>> = name.strip_suffix("_id").map(Rc::from).into_iter().collect();
        if primary && keys == 1 && !key_name.is_empty() {
            aliases.push(key_name.into());
        }
        ModelField { aliases, primary, generated: primary, ..ModelField::new(name, made(name), origin) }
    };
    Model {
        alias: None,
        pack: pack.id.as_str().into(),
        name: made(last),
        class: None,
        origin,
        apart: None,
        table: made(known.table.as_str()),
        schema: None,
        is_abstract: false,
        shares: None,
        parent: None,
        fields: known.fields.iter().map(field).collect(),
        relations: Vec::new(),
        order: Vec::new(),
        discriminator: None,
        indexes: Vec::new(),
    }
}
