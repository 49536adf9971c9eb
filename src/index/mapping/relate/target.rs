//! Which model an expression, a type or a text means.

use super::super::constants::{Given, Scope, made};
use super::super::fields::{Pending, Refers};
use super::super::find::plain_item;
use super::super::item::{CallView, Hit, matches_any, word};
use super::super::{ModelId, Named, Origin};
use super::Linker;
use crate::model::code::{Expr, ExprKind, Type};

impl<'a, 'k> Linker<'_, '_, 'a, 'k> {
    /// Model and column that a key refers to.
    pub(super) fn resolve(&self, from: ModelId, refers: &Refers<'a>) -> Option<(ModelId, Named)> {
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
                Some((model, self.column(model, &word(*scope, name))))
            }
        }
    }

    /// The model that an expression is.
    pub(super) fn model_of(&self, from: ModelId, scope: Scope, expr: &'a Expr) -> Option<ModelId> {
        let constants = self.finder.constants;
        if let Some(class) = constants.class(scope, expr) {
            return self.models.by_class.get(&class).copied();
        }
        let (inner, value) = constants.follow(scope, expr);
        if let Some(id) = self.models.by_value.get(&Origin { file: inner.file, span: value.span }) {
            return Some(*id);
        }
        match &value.kind {
            ExprKind::Name(name) => {
                // a model of a library goes by its own name, whatever it is called here
                let imported = || self.by_name(from, constants.program.imported_name(inner.file, name));
                self.by_name(from, name).or_else(imported).filter(|_| std::ptr::eq(expr, value))
            }
            ExprKind::Member(object, name) if &*name.text == "__table__" => self.model_of(from, scope, object),
            ExprKind::Member(object, name) if matches!(object.kind, ExprKind::Name(_)) && constants.class(scope, object).is_none() => {
                let known = self.model_of(from, scope, object);
                if known.is_some() { None } else { self.by_name(from, &name.text) }
            }
            ExprKind::Call { function, .. } => {
                let name = function.path().and_then(|p| p.last().map(|l| format!("{l}()")))?;
                self.by_name(from, &name)
            }
            ExprKind::Text(_) => constants.text(inner, value, &Given::default()).and_then(|t| self.by_name(from, &t.text)),
            _ => None,
        }
    }

    /// A model by the name that code gives it, the nearest to the one that names it.
    pub(super) fn by_name(&self, from: ModelId, text: &str) -> Option<ModelId> {
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

    pub(super) fn target(&self, own: ModelId, relation: &Pending<'a, 'k>) -> Option<ModelId> {
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

    pub(super) fn model_of_type(&self, own: ModelId, scope: Scope, ty: &Type) -> Option<ModelId> {
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

    pub(super) fn is_many(&self, relation: &Pending<'a, 'k>) -> bool {
        self.finder.says(&relation.rule.many, &relation.item) || relation.item.ty.is_some_and(several)
    }

    /// Relations that calls on models make: `User.hasMany(Post)`, `relations(users, ...)`.
    pub fn on_models(&self) -> Vec<(ModelId, Pending<'a, 'k>)> {
        let mut found = Vec::new();
        for (rule, file, expr) in &self.finder.outside {
            let scope = Scope::of(*file);
            let ExprKind::Call { function, args, .. } = &expr.kind else { continue };
            let callee = self.finder.constants.qualified(scope, function).unwrap_or_default();
            if matches_any(&rule.model.relation_calls, &callee) && !callee.is_empty() {
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
            let ExprKind::Member(object, called) = &function.kind else { continue };
            let Some(relation) = rule.model.relation.iter().find(|r| r.on_model && r.calls.iter().any(|c| **c == *called.text)) else {
                continue;
            };
            let Some(own) = self.model_of(0, scope, object).or_else(|| self.local(scope, object)) else { continue };
            let Some(draft) = self.drafts.get(own as usize).and_then(|&d| self.finder.drafts.get(d)) else { continue };
            let call =
                CallView { scope, callee: called.text.to_string(), args, receiver: Some(object), chain: Vec::new(), given: Vec::new() };
            let mut item = plain_item(call);
            item.name = word(scope, called);
            item.vars = draft.item.vars.clone();
            found.push((own, Pending { rule: relation, item, span: expr.span, file: *file, target_type: None }));
        }
        found
    }

    /// A model by a local name.
    pub(super) fn local(&self, scope: Scope, expr: &Expr) -> Option<ModelId> {
        let path = expr.path()?;
        let all = self.models.by_name.get(*path.last()?)?;
        all.iter().copied().find(|&id| self.model(id).is_some_and(|m| m.origin.file == scope.file)).or_else(|| all.first().copied())
    }
}

/// Whether a type holds several.
pub(super) fn several(ty: &Type) -> bool {
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
