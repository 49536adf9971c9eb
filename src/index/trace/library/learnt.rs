//! What a name of a file stands for, by what the file does with it elsewhere: `person = Member.get(...)`, `Loan.create(member=person)`,
//! `Loan.member == person`. Where all of that agrees on one model, a parameter of the same name is an instance of it.

use crate::grammar::mapper::RelationShape;
use crate::index::mapping::ModelId;
use crate::index::mapping::visit::{Met, each};
use crate::index::program::{Definition, FileId};
use crate::index::trace::Tracer;
use crate::model::code::{Expr, ExprKind};
use rustc_hash::FxHashMap as HashMap;
use std::rc::Rc;

/// Models of names; `None`: several things go by that name.
pub(in crate::index::trace) type Learnt = HashMap<Rc<str>, Option<ModelId>>;

impl Tracer<'_> {
    /// The model that a name of a file is an instance of, for libraries whose entities go by their names.
    pub(in crate::index::trace) fn entity_by_use(&self, file: FileId, name: &str) -> Option<ModelId> {
        let learnt = self.learnt_names(file, |t| t.names_by_use(file));
        learnt.get(name).copied().flatten()
    }

    fn names_by_use(&self, file: FileId) -> Learnt {
        let mut out = Learnt::default();
        let Some(code) = self.program.file(file).map(|f| f.code) else { return out };
        let mut add = |name: &str, model: Option<ModelId>| match out.get_mut(name) {
            Some(known) if *known != model => *known = None,
            Some(_) => {}
            None => drop(out.insert(name.into(), model)),
        };
        each(code, &mut |met| {
            let Met::Value(expr, target) = met else { return };
            if let Some(name) = target.and_then(first_name)
                && !matches!(expr.kind, ExprKind::Null)
            {
                add(name, self.entity_of_call(file, expr));
            }
            match &expr.kind {
                ExprKind::Call { function, args, .. } => {
                    let Some(model) = root(function).and_then(|name| self.model_called(file, name)) else { return };
                    for arg in args {
                        if let (Some(keyword), ExprKind::Name(name)) = (&arg.name, &arg.value.kind)
                            && let Some(other) = self.other_side(model, &keyword.text)
                        {
                            add(name, Some(other));
                        }
                    }
                }
                ExprKind::Binary { op, left, right } if matches!(&**op, "==" | "!=") => {
                    if let (ExprKind::Member(of, relation), ExprKind::Name(name)) = (&left.kind, &right.kind)
                        && let ExprKind::Name(class) = &of.kind
                        && let Some(other) = self.model_called(file, class).and_then(|m| self.other_side(m, &relation.text))
                    {
                        add(name, Some(other));
                    }
                }
                _ => {}
            }
        });
        out
    }

    /// The model whose entity a call of one of its methods gives.
    fn entity_of_call(&self, file: FileId, expr: &Expr) -> Option<ModelId> {
        let ExprKind::Call { function, .. } = &expr.kind else { return None };
        let model = self.model_called(file, root(function)?)?;
        match &function.kind {
            // the class itself
            ExprKind::Name(_) => Some(model),
            ExprKind::Member(_, method) => {
                let pack = self.pack_of(model)?;
                let calls = &self.words.mapper(pack)?.call;
                let gives = |c: &&crate::grammar::mapper::CallRule| c.names.iter().any(|n| **n == *method.text);
                let mut found = calls.iter().filter(gives).filter(|c| !c.on.is_empty()).peekable();
                found.peek()?;
                found.all(|c| matches!(c.gives.split(',').next(), Some("entity" | "same"))).then_some(model)
            }
            _ => None,
        }
    }

    fn model_called(&self, file: FileId, name: &str) -> Option<ModelId> {
        match self.program.lookup(file, name)? {
            Definition::Class(class) => {
                let model = *self.models.by_class.get(&class)?;
                let named = self.pack_of(model).and_then(|p| self.words.mapper(p)).is_some_and(|m| m.entity_names);
                named.then_some(model)
            }
            _ => None,
        }
    }

    /// The model at the other end of a relation to one row.
    fn other_side(&self, model: ModelId, name: &str) -> Option<ModelId> {
        let relation = self.relation_of(model, name)?;
        let found = self.models.get(model)?.relations.get(relation as usize)?;
        (found.shape == RelationShape::ToOne).then_some(found.target)
    }
}

/// The name that a chain of members and calls begins with.
fn root(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name),
        ExprKind::Member(of, _) => root(of),
        ExprKind::Call { function, .. } => root(function),
        _ => None,
    }
}

/// The name that is assigned, or the first of several.
fn first_name(target: &Expr) -> Option<&str> {
    match &target.kind {
        ExprKind::Name(name) => Some(name),
        ExprKind::Tuple(all) => all.first().and_then(first_name),
        _ => None,
    }
}
