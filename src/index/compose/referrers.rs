//! What a library sends for the rows that refer to those it deletes: it deletes them too, clears their keys, or looks for
//! them. (What the database does by itself is no statement.)

use super::load::root_model;
use super::names::At;
use super::scope::{Found, How, What, lineage};
use super::{Build, Composer};
use crate::grammar::mapper::RelationShape;
use crate::index::mapping::{ModelId, Named, OnDelete, Relation, RelationId, Through};
use crate::index::trace::query::Query;
use crate::model::statement::SqlText;

/// Relations after one another that are followed.
const MAX_DEPTH: usize = 3;

/// Rows that refer to deleted ones.
pub(super) enum Referrers<'a> {
    /// Rows of a model, by the columns of the relation that holds the key.
    Rows { model: ModelId, keys: Vec<&'a Named>, then: Then },
    /// Rows of a join table.
    Links { through: &'a Through, keys: Vec<&'a Named> },
}

impl Referrers<'_> {
    /// The same is done with the same rows.
    fn is_same(&self, other: &Referrers<'_>) -> bool {
        let named = |a: &[&Named], b: &[&Named]| a.iter().map(|n| &n.text).eq(b.iter().map(|n| &n.text));
        match (self, other) {
            (Referrers::Rows { model, keys, then }, Referrers::Rows { model: m, keys: k, then: t }) => {
                model == m && then == t && named(keys, k)
            }
            (Referrers::Links { through, keys }, Referrers::Links { through: t, keys: k }) => {
                through.table.text == t.table.text && named(keys, k)
            }
            _ => false,
        }
    }
}

/// What is done with them.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// They are looked for.
    Find,
    /// They are deleted.
    Delete,
    /// Their key is cleared.
    Clear,
}

impl<'a> Composer<'a> {
    /// What is sent for the rows that refer to those which a query deletes.
    pub(super) fn referrers(&self, q: &Query) -> Vec<Referrers<'a>> {
        let mut out = Vec::new();
        // a library that leaves all to the database has no rule for it
        let acts = || self.models.models.iter().flat_map(|m| &m.relations).any(|r| r.on_delete != OnDelete::Nothing);
        if let Some(root) = root_model(q).filter(|_| acts()) {
            self.refer_to(root, &mut Vec::new(), &mut out);
        }
        let mut once: Vec<Referrers<'a>> = Vec::new();
        for one in out {
            if !once.iter().any(|o| o.is_same(&one)) {
                once.push(one);
            }
        }
        once
    }

    fn refer_to(&self, model: ModelId, seen: &mut Vec<ModelId>, out: &mut Vec<Referrers<'a>>) {
        if seen.contains(&model) || seen.len() >= MAX_DEPTH {
            return;
        }
        seen.push(model);
        let family = lineage(self.models, model);
        for (id, other) in self.models.models.iter().enumerate().filter(|(_, m)| !m.is_abstract && m.shares.is_none()) {
            let id = id as ModelId;
            if let Some((_, field)) = other.parent.filter(|p| p.0 == model)
                && let Some(key) = other.fields.get(field as usize)
            {
                out.push(Referrers::Rows { model: id, keys: vec![&key.column], then: Then::Find });
            }
            // what is inherited, and the other side of a relation, has no place of its own
            let refers = |r: RelationId| {
                let own = |r: &&Relation| r.shape == RelationShape::ToOne && r.origin.is_some() && family.contains(&r.target);
                other.relations.get(r as usize).filter(own)
            };
            for relation in (0..other.relations.len() as RelationId).filter_map(refers) {
                let keys: Vec<&Named> = relation.keys.iter().map(|k| &k.0).collect();
                let mut add = |then: Then| out.push(Referrers::Rows { model: id, keys: keys.clone(), then });
                match relation.on_delete {
                    OnDelete::Nothing => {}
                    OnDelete::Guard => add(Then::Find),
                    OnDelete::Clear => add(Then::Clear),
                    OnDelete::Delete => {
                        if self.is_referred_to(id) {
                            add(Then::Find);
                        }
                        add(Then::Delete);
                        self.refer_to(id, seen, out);
                    }
                }
            }
        }
        for of in family {
            for relation in self.models.get(of).into_iter().flat_map(|m| &m.relations) {
                if let Some(through) = relation.through.as_ref().filter(|t| t.model.is_none_or(|m| self.is_made(m))) {
                    out.push(Referrers::Links { through, keys: relation.keys.iter().map(|k| &k.1).collect() });
                }
            }
        }
        seen.pop();
    }

    /// Whether rows of a model have to be known before they are deleted.
    fn is_referred_to(&self, model: ModelId) -> bool {
        let family = lineage(self.models, model);
        let acts = |m: &crate::index::mapping::Model| {
            m.relations.iter().any(|r| r.on_delete != OnDelete::Nothing && family.contains(&r.target))
                || m.parent.is_some_and(|p| p.0 == model)
        };
        let links = |m: &ModelId| self.models.get(*m).is_some_and(|m| m.relations.iter().any(|r| r.through.is_some()));
        self.models.models.iter().any(acts) || family.iter().any(links)
    }

    /// A model that the library makes of a join table.
    fn is_made(&self, model: ModelId) -> bool {
        self.models.get(model).is_some_and(|m| m.class.is_none() && m.name.origin.is_none())
    }
}

impl<'a> Build<'a> {
    /// The statement for rows that refer to deleted ones.
    pub fn referrers(&mut self, out: &mut SqlText, referrers: &Referrers<'a>) {
        self.levels.push(super::scope::Level::default());
        let at: Found = (self.levels.len().saturating_sub(1), 0);
        let (what, keys, then) = match referrers {
            Referrers::Rows { model, keys, then } => (What::Model(*model, self.table_place(*model)), keys, *then),
            Referrers::Links { through, keys } => {
                let place = |n: &Named| n.origin.map_or(At::Nowhere, At::Implied);
                let schema = through.schema.as_ref().map(|s| (s.text.clone(), place(s)));
                (What::Named { schema, name: through.table.text.clone(), at: place(&through.table) }, keys, Then::Delete)
            }
        };
        self.add_table(what, None, How::Beside);
        let mut order = SqlText::default();
        match then {
            Then::Find => {
                let mut items = SqlText::default();
                self.key_items(&mut items, at);
                self.default_order(&mut order);
                out.push_synthetic("SELECT ");
                out.append(&items);
                self.from(out, None, None);
            }
            Then::Delete => {
                out.push_synthetic("DELETE FROM ");
                self.table_item(out, at);
            }
            Then::Clear => {
                out.push_synthetic("UPDATE ");
                self.table_item(out, at);
                for (i, key) in keys.iter().enumerate() {
                    out.push_synthetic(if i == 0 { " SET " } else { ", " });
                    let place = key.origin.map_or(At::Nowhere, At::Implied);
                    self.identifier(out, &key.text, place);
                    out.push_synthetic(" = NULL");
                }
            }
        }
        for (i, key) in keys.iter().enumerate() {
            out.push_synthetic(if i == 0 { " WHERE " } else { " AND " });
            self.key_column(out, at, key);
            out.push_synthetic(" = ");
            self.parameter(out);
        }
        if !order.text.is_empty() {
            out.push_synthetic(" ORDER BY ");
            out.append(&order);
        }
        self.levels.pop();
    }
}
