//! Relations between models: their targets, keys, join tables and other sides.

use super::constants::made;
use super::fields::{Pending, Refers};
use super::find::Finder;
use super::item::{Hit, Item};
use super::{Model, ModelField, ModelId, Models, Named, Origin, Relation, Through};
use crate::grammar::mapper::{FieldRole, RelationRule, RelationShape, Source};
use crate::model::code::{Expr, ExprKind, Type};
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

    /// Names of columns without their table, where the rule says that they come with it.
    fn bare(k: &Known<'a, 'k>, names: Vec<Named>) -> Vec<Named> {
        if k.rule.qualified { names.into_iter().map(|n| split_column(&n).1).collect() } else { names }
    }

    fn referenced(&self, k: &Known<'a, 'k>) -> Vec<Named> {
        let named = Self::bare(k, self.names(&k.rule.references, &k.item, k.own));
        if !named.is_empty() {
            return named.iter().map(|n| self.column(k.target, n)).collect();
        }
        let primary: Vec<Named> = self.primary_fields(k.target).into_iter().map(|p| p.1).collect();
        if primary.is_empty() { vec![made("id")] } else { primary }
    }

    fn join_one(&mut self, mut k: Known<'a, 'k>) {
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
    fn key_without_target(&mut self, own: ModelId, relation: &Pending<'a, 'k>) {
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
    pub(super) fn key_field(
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
            name: name.text.clone(),
            aliases,
            column: column.clone(),
            origin,
            role: FieldRole::Column,
            primary,
            nullable: if primary { Some(false) } else { nullable },
            has_default: false,
            generated: false,
            on_update: false,
            deferred: false,
            refers: None,
            ty: "".into(),
        });
    }

    /// Keys of a relation from the columns that refer to its target.
    fn keys_by_reference(&mut self, k: Known<'a, 'k>, _: Vec<Named>) {
        let keys = self.foreign_keys(k.own, k.target);
        self.add(k, RelationShape::ToOne, keys, None);
    }

    /// Pairs of columns by which a model refers to another: (own, other).
    pub(super) fn foreign_keys(&self, from: ModelId, to: ModelId) -> Vec<(Named, Named)> {
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

    /// Model and column that a key refers to.
    fn resolve(&self, from: ModelId, refers: &Refers<'a>) -> Option<(ModelId, Named)> {
        let first_key = |id: ModelId| self.primary_fields(id).into_iter().next().map_or_else(|| made("id"), |p| p.1);
        match refers {
            Refers::Text(text) => {
                let parts: Vec<&str> = text.text.split('.').collect();
                let by_table = |schema: Option<&str>, table: &str| {
                    self.models.models.iter().position(|m| {
                        !m.is_abstract
                            && m.shares.is_none()
                            && &*m.table.text == table
                            && schema.is_none_or(|s| m.schema.as_ref().is_some_and(|n| &*n.text == s))
                    })
                };
                let named = |column: &str| Named { text: column.into(), origin: text.origin };
                match parts.as_slice() {
                    [schema, table, column] => by_table(Some(schema), table).map(|m| (m as ModelId, named(column))),
                    [table, column] => match by_table(None, table) {
                        Some(m) => Some((m as ModelId, named(column))),
                        None => {
                            let m = self.by_name(from, table)?;
                            Some((m, self.column(m, &named(column))))
                        }
                    },
                    [table] => {
                        let m = by_table(None, table).map(|m| m as ModelId).or_else(|| self.by_name(from, table))?;
                        Some((m, first_key(m)))
                    }
                    _ => None,
                }
            }
            Refers::Expr(scope, expr) => {
                if let Some(model) = self.model_of(from, *scope, expr) {
                    return Some((model, first_key(model)));
                }
                let ExprKind::Member(object, name) = &expr.kind else { return None };
                let object = match &object.kind {
                    ExprKind::Member(inner, c) if matches!(&*c.text, "c" | "columns") => inner,
                    _ => object,
                };
                let model = self.model_of(from, *scope, object)?;
                Some((model, self.column(model, &super::item::word(*scope, name))))
            }
        }
    }

    /// The model that an expression is.
    fn model_of(&self, from: ModelId, scope: super::constants::Scope, expr: &'a Expr) -> Option<ModelId> {
        let constants = self.finder.constants;
        if let Some(class) = constants.class(scope, expr) {
            return self.models.by_class.get(&class).copied();
        }
        let (inner, value) = constants.follow(scope, expr);
        if let Some(id) = self.models.by_value.get(&Origin { file: inner.file, span: value.span }) {
            return Some(*id);
        }
        match &value.kind {
            ExprKind::Name(name) => self.by_name(from, name).filter(|_| std::ptr::eq(expr, value)),
            ExprKind::Member(object, name) if &*name.text == "__table__" => self.model_of(from, scope, object),
            ExprKind::Member(object, name) if matches!(object.kind, ExprKind::Name(_)) && constants.class(scope, object).is_none() => {
                let known = self.model_of(from, scope, object);
                if known.is_some() { None } else { self.by_name(from, &name.text) }
            }
            ExprKind::Call { function, .. } => {
                let name = function.path().and_then(|p| p.last().map(|l| format!("{l}()")))?;
                self.by_name(from, &name)
            }
            ExprKind::Text(_) => {
                constants.text(inner, value, &super::constants::Given::default()).and_then(|t| self.by_name(from, &t.text))
            }
            _ => None,
        }
    }

    /// A model by the name that code gives it, the nearest to the one that names it.
    fn by_name(&self, from: ModelId, text: &str) -> Option<ModelId> {
        if matches!(text, "self" | "this") {
            return Some(from);
        }
        let name = text.rsplit(['.', ':']).next().unwrap_or(text).trim();
        let near = self.model(from)?;
        let all = self.models.by_name.get(name)?;
        let path = |f: u32| self.finder.constants.program.file(f).map_or("", |f| f.path);
        let app = text.rsplit_once('.').map(|p| p.0);
        all.iter().copied().filter(|&id| self.model(id).is_some_and(|m| m.pack == near.pack)).max_by_key(|&id| {
            let Some(model) = self.model(id) else { return (false, 0, 0) };
            let in_app = app.is_some_and(|a| path(model.origin.file).split('/').any(|p| a.split('.').any(|x| x == p)));
            let shared = path(near.origin.file).bytes().zip(path(model.origin.file).bytes()).take_while(|(a, b)| a == b).count();
            (in_app, shared, usize::from(!model.is_abstract))
        })
    }

    fn target(&self, own: ModelId, relation: &Pending<'a, 'k>) -> Option<ModelId> {
        for source in &relation.rule.target {
            match self.hit(source, &relation.item, own) {
                Some(Hit::Expr(scope, expr)) => {
                    let (scope, value) = self.finder.constants.through_lambda(scope, expr);
                    let value = match &value.kind {
                        ExprKind::List(all, _) if all.len() == 1 => all.first()?,
                        _ => value,
                    };
                    if let Some(id) = self.model_of(own, scope, value) {
                        return Some(id);
                    }
                }
                Some(Hit::Named(name)) => {
                    if let Some(id) = self.by_name(own, &name.text) {
                        return Some(id);
                    }
                }
                Some(Hit::Type(scope, ty)) => {
                    if let Some(id) = self.model_of_type(own, scope, ty) {
                        return Some(id);
                    }
                }
                _ => {}
            }
        }
        let (scope, ty) = relation.target_type.filter(|_| relation.rule.target.is_empty())?;
        self.model_of_type(own, scope, ty)
    }

    fn model_of_type(&self, own: ModelId, scope: super::constants::Scope, ty: &Type) -> Option<ModelId> {
        match ty {
            Type::Named { path, args } => {
                if let Some(id) = args.iter().find_map(|a| self.model_of_type(own, scope, a)) {
                    return Some(id);
                }
                let class = self.finder.constants.class_of_type(scope, ty).and_then(|c| self.models.by_class.get(&c).copied());
                class.or_else(|| match path.last() {
                    Some(last) if args.is_empty() => self.by_name(own, &last.text),
                    _ => None,
                })
            }
            Type::Pointer(inner) | Type::Slice(inner) => self.model_of_type(own, scope, inner),
            Type::Union(all) | Type::Tuple(all) => all.iter().find_map(|t| self.model_of_type(own, scope, t)),
            Type::Literal(word) => self.by_name(own, word.text.trim_matches(['"', '\''])),
            _ => None,
        }
    }

    fn is_many(&self, relation: &Pending<'a, 'k>) -> bool {
        self.finder.says(&relation.rule.many, &relation.item) || relation.item.ty.is_some_and(several)
    }

    fn has_join_table(&self, k: &Known<'a, 'k>) -> bool {
        k.rule.through.iter().any(|s| !matches!(s, Source::Template(_)) && self.hit(s, &k.item, k.own).is_some())
    }

    /// Takes over the keys of the relation that this one mirrors.
    fn mirror(&mut self, k: &Known<'a, 'k>) -> bool {
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

    /// A relation whose key the other side holds.
    fn join_other(&mut self, mut k: Known<'a, 'k>) {
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

    fn infer(&mut self, mut k: Known<'a, 'k>) {
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

    fn many_to_many(&mut self, mut k: Known<'a, 'k>) {
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
            let given = super::constants::Given { model: k.item.vars.model.clone(), names: Vec::new() };
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
    fn implied_through(
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
        let field = |name: &str, column: Named, primary: bool| ModelField {
            name: name.into(),
            aliases: if primary { vec!["pk".into()] } else { vec![column.text.clone()] },
            column,
            origin: k.origin,
            role: FieldRole::Column,
            primary,
            nullable: Some(false),
            has_default: false,
            generated: primary,
            on_update: false,
            deferred: false,
            refers: None,
            ty: "".into(),
        };
        let relation = |name: &Named, target: ModelId, keys: &[(Named, Named)]| Relation {
            name: name.text.clone(),
            query_name: None,
            shape: RelationShape::ToOne,
            target,
            keys: keys.to_vec(),
            through: None,
            origin: None,
            eager: false,
            dynamic: false,
            cascade: false,
            order: Vec::new(),
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
    fn foreign_or_related(&self, from: ModelId, to: ModelId) -> Vec<(Named, Named)> {
        let keys = self.foreign_keys(from, to);
        if !keys.is_empty() {
            return keys;
        }
        let base = self.model(to).and_then(|m| m.shares.or(m.parent.map(|p| p.0)));
        let relations = self.model(from).map(|m| m.relations.as_slice()).unwrap_or_default();
        let fits = |r: &&Relation| r.shape == RelationShape::ToOne && r.origin.is_some() && (r.target == to || Some(r.target) == base);
        relations.iter().filter(fits).flat_map(|r| r.keys.clone()).collect()
    }

    /// Adds a relation and the other side that it names.
    fn add(&mut self, k: Known<'a, 'k>, shape: RelationShape, keys: Vec<(Named, Named)>, through: Option<Through>) {
        let order = self.names(&k.rule.order, &k.item, k.own);
        let eager = self.finder.says(&k.rule.eager, &k.item);
        let dynamic = self.finder.says(&k.rule.dynamic, &k.item);
        let cascade = self.names(&k.rule.cascade, &k.item, k.own);
        let cascade = cascade.iter().flat_map(|n| n.text.split([',', ' '])).any(|w| matches!(w, "all" | "delete"));
        let name = match self.text(&k.rule.name, &k.item, k.own) {
            Some(name) => name.text,
            None => k.item.name.text.clone(),
        };
        let relation = Relation {
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
            order,
        };
        self.reverse(&k, &relation);
        if let Some(model) = self.models.models.get_mut(k.own as usize) {
            model.relations.retain(|r| r.name != name);
            model.relations.push(relation);
        }
    }

    fn reverse(&mut self, k: &Known<'a, 'k>, relation: &Relation) {
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

    /// Relations that calls on models make: `User.hasMany(Post)`, `relations(users, ...)`.
    pub fn on_models(&self) -> Vec<(ModelId, Pending<'a, 'k>)> {
        let mut found = Vec::new();
        for (rule, file, expr) in &self.finder.outside {
            let scope = super::constants::Scope::of(*file);
            let ExprKind::Call { function, args, .. } = &expr.kind else { continue };
            let callee = self.finder.constants.qualified(scope, function).unwrap_or_default();
            if super::item::matches_any(&rule.model.relation_calls, &callee) && !callee.is_empty() {
                let own = args.first().and_then(|a| self.model_of(0, scope, &a.value));
                let Some((own, second)) = own.zip(args.get(1)) else { continue };
                let (inner, value) = self.finder.constants.through_lambda(scope, &second.value);
                let mut members = Vec::new();
                self.finder.entries(inner, value, &mut members, 0);
                for member in members {
                    found.extend(self.finder.outside_relation(self.drafts.get(own as usize).copied(), rule, &member).map(|p| (own, p)));
                }
                continue;
            }
            let ExprKind::Member(object, word) = &function.kind else { continue };
            let Some(relation) = rule.model.relation.iter().find(|r| r.on_model && r.calls.iter().any(|c| **c == *word.text)) else {
                continue;
            };
            let Some(own) = self.model_of(0, scope, object).or_else(|| self.local(scope, object)) else { continue };
            let Some(draft) = self.drafts.get(own as usize).and_then(|&d| self.finder.drafts.get(d)) else { continue };
            let call = super::item::CallView { scope, callee: word.text.to_string(), args, receiver: Some(object), chain: Vec::new() };
            let mut item = super::find::plain_item(call);
            item.name = super::item::word(scope, word);
            item.vars = draft.item.vars.clone();
            found.push((own, Pending { rule: relation, item, span: expr.span, file: *file, target_type: None }));
        }
        found
    }

    /// A model by a local name.
    fn local(&self, scope: super::constants::Scope, expr: &Expr) -> Option<ModelId> {
        let path = expr.path()?;
        let all = self.models.by_name.get(*path.last()?)?;
        all.iter().copied().find(|&id| self.model(id).is_some_and(|m| m.origin.file == scope.file)).or_else(|| all.first().copied())
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
            if let Some(model) = self.models.models.get_mut(id) {
                for name in &listed {
                    let field = model.field(&name.text).and_then(|f| model.fields.get_mut(f as usize));
                    field.into_iter().for_each(|f| f.primary = true);
                }
                let single = model.fields.iter().filter(|f| f.primary).count() == 1;
                if let Some(key) = model.fields.iter_mut().find(|f| f.primary && single)
                    && &*key.name != "pk"
                {
                    key.aliases.push("pk".into());
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

/// The columns that a text names: a name, `Model.field`, several of them in a list or a condition.
fn columns_in(name: &Named) -> Vec<Named> {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    if name.text.chars().all(|c| is_name(c) && c != '.') {
        return vec![name.clone()];
    }
    let words = name.text.split(|c| !is_name(c)).filter(|w| w.contains('.'));
    words.filter_map(|w| w.rsplit('.').next()).map(|w| Named { text: w.into(), origin: name.origin }).collect()
}

/// Table and column of `table.column`.
fn split_column(name: &Named) -> (Named, Named) {
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

/// The other side of a relation of `own`: one of `target`.
fn reverse_of(relation: &Relation, own: ModelId, _: ModelId, name: Rc<str>, unique: bool) -> Relation {
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
    Relation {
        name,
        query_name: None,
        shape,
        target: own,
        keys,
        through,
        origin: None,
        eager: false,
        dynamic: false,
        cascade: false,
        order: Vec::new(),
    }
}

fn discriminator_field(column: &Named, origin: Origin) -> ModelField {
    ModelField {
        name: column.text.clone(),
        aliases: Vec::new(),
        column: column.clone(),
        origin,
        role: FieldRole::Column,
        primary: false,
        nullable: Some(false),
        has_default: true,
        generated: false,
        on_update: false,
        deferred: false,
        refers: None,
        ty: "".into(),
    }
}

/// Of several keys to the same model that which is named after the relation.
fn narrowed(keys: Vec<(Named, Named)>, name: &str) -> Vec<(Named, Named)> {
    if keys.len() < 2 {
        return keys;
    }
    let wanted = name.to_lowercase();
    let fitting: Vec<_> = keys.iter().filter(|(own, _)| own.text.to_lowercase().starts_with(&wanted)).cloned().collect();
    if fitting.is_empty() { keys.into_iter().take(1).collect() } else { fitting }
}

/// Whether a type holds several.
fn several(ty: &Type) -> bool {
    match ty {
        Type::Slice(_) => true,
        Type::Pointer(inner) => several(inner),
        Type::Union(all) => all.iter().any(several),
        Type::Named { path, args } => {
            let last = path.last().map_or("", |w| &*w.text);
            matches!(
                last,
                "list"
                    | "List"
                    | "set"
                    | "Set"
                    | "Sequence"
                    | "Array"
                    | "Collection"
                    | "WriteOnlyMapped"
                    | "DynamicMapped"
                    | "dict"
                    | "Dict"
            ) || args.iter().any(several)
        }
        _ => false,
    }
}
