//! PostgreSQL's rule that what is not aggregated must be grouped, with functional dependency on primary keys.

use super::binder::Binder;
use super::binding::BindErrorKind;
use super::catalog::postgres::catalog;
use super::scope::{Found, Place, StarPart};
use crate::model::object::ObjectKind;
use crate::model::object::ObjectRef;
use crate::model::span::Span;
use crate::model::statement::COMPUTED;
use crate::sql::ast::{Expr, ExprKind, FunctionCall, Literal, Name, OrderItem, Select, SelectItem};

/// What the query groups by.
struct Keys<'s> {
    exprs: Vec<&'s Expr>,
    places: Vec<Place>,
    merges: Vec<usize>,
    /// Relations whose whole primary key is grouped.
    covered: Vec<usize>,
}

impl<'s> Binder<'s> {
    /// Checks the innermost query after everything in it has been bound.
    pub fn check_grouping(&mut self, select: &'s Select, order_by: &'s [OrderItem]) {
        let scope = self.scope();
        let porous = scope.porous || scope.relations.iter().any(|r| r.open);
        if (select.group_by.is_empty() && !scope.aggregates && select.having.is_none()) || porous || self.porous || self.out.error.is_some()
        {
            return;
        }
        let keys = self.keys(select);
        for item in &select.items {
            match item {
                SelectItem::Star { qualifier, span } => self.check_star(qualifier.as_ref(), &keys, *span),
                SelectItem::Expr { expr, .. } => self.check_grouped(expr, &keys),
            }
        }
        if let Some(having) = &select.having {
            self.check_grouped(having, &keys);
        }
        for item in order_by {
            let output = matches!(&item.expr.kind, ExprKind::Column(name) if name.parts.len() == 1 && self.is_output(&select.items, name));
            if !output {
                self.check_grouped(&item.expr, &keys);
            }
        }
    }

    fn is_output(&self, items: &[SelectItem], name: &Name) -> bool {
        items.iter().any(|i| match i {
            SelectItem::Expr { alias: Some(alias), .. } => alias.value == name.last().value,
            SelectItem::Expr { expr, .. } => matches!(&expr.kind, ExprKind::Column(n) if n.last().value == name.last().value),
            SelectItem::Star { .. } => true,
        })
    }

    fn keys(&mut self, select: &'s Select) -> Keys<'s> {
        let mut keys = Keys { exprs: Vec::new(), places: Vec::new(), merges: Vec::new(), covered: Vec::new() };
        for expr in &select.group_by {
            let expr = match &Self::bare(expr).kind {
                ExprKind::Literal(Literal::Number(n)) => {
                    let item = n.parse::<usize>().ok().and_then(|n| n.checked_sub(1)).and_then(|n| select.items.get(n));
                    match item {
                        Some(SelectItem::Expr { expr, .. }) => expr,
                        _ => continue,
                    }
                }
                ExprKind::Column(name) if name.parts.len() == 1 && self.input_column(name).is_empty() => {
                    let item = select.items.iter().find_map(|i| match i {
                        SelectItem::Expr { expr, alias: Some(alias) } if alias.value == name.last().value => Some(expr),
                        _ => None,
                    });
                    item.unwrap_or(expr)
                }
                ExprKind::Row(items) => {
                    for item in items {
                        self.add_key(item, &mut keys);
                    }
                    continue;
                }
                _ => expr,
            };
            self.add_key(expr, &mut keys);
        }
        let scope = self.scope();
        let mut covered = Vec::new();
        for (r, relation) in scope.relations.iter().enumerate() {
            let Some(table) = relation.table.filter(|t| t.view().is_none()) else { continue };
            let Some(primary) = table.primary_key().filter(|k| !k.is_empty()) else { continue };
            let grouped = |column: &String| {
                let place = table.columns.iter().position(|c| c.name == *column).map(|c| (r, c));
                place.is_some_and(|p| {
                    keys.places.contains(&p)
                        || keys.merges.iter().any(|m| scope.merges.get(*m).is_some_and(|m| m.members.first() == Some(&p)))
                })
            };
            if primary.iter().all(grouped) {
                covered.push(r);
            }
        }
        keys.covered = covered;
        keys
    }

    fn add_key(&mut self, expr: &'s Expr, keys: &mut Keys<'s>) {
        if let ExprKind::Column(name) = &Self::bare(expr).kind {
            match self.place_of(name) {
                Some(Found::Place(place)) => keys.places.push(place),
                Some(Found::Merge(merge)) => keys.merges.push(merge),
                None => {}
            }
        }
        keys.exprs.push(Self::bare(expr));
    }

    /// The column of the innermost scope that a name means.
    fn place_of(&self, name: &Name) -> Option<Found> {
        let scope = self.scopes.last()?;
        let column = &name.last().value;
        match name.qualifier() {
            None => scope.columns_named(self.dialect, column).into_iter().next(),
            Some(q) => {
                let relation = scope.relation_named(self.dialect, None, &q.value)?;
                let c = scope.relations.get(relation)?.position(self.dialect, column)?;
                Some(Found::Place((relation, c)))
            }
        }
    }

    fn is_grouped(&self, found: &Found, keys: &Keys) -> bool {
        let Some(scope) = self.scopes.last() else { return true };
        match found {
            Found::Place(place) => {
                // A merged column of an inner join is its leftmost member.
                keys.places.contains(place)
                    || keys.covered.contains(&place.0)
                    || keys.merges.iter().any(|m| scope.merges.get(*m).is_some_and(|m| m.members.first() == Some(place)))
            }
            Found::Merge(merge) => {
                keys.merges.contains(merge)
                    || scope
                        .merges
                        .get(*merge)
                        .and_then(|m| m.members.first())
                        .is_some_and(|p| keys.places.contains(p) || keys.covered.contains(&p.0))
            }
        }
    }

    fn ungrouped(&mut self, relation: &str, column: &str, span: Span) {
        let object = ObjectRef {
            kind: ObjectKind::Column,
            schema: None,
            table: Some(relation.to_string()),
            column: Some(column.to_string()),
            name: None,
        };
        let message = format!("column \"{relation}.{column}\" must appear in the GROUP BY clause or be used in an aggregate function");
        self.fail(BindErrorKind::Grouping, "42803", message, span, Some(object));
    }

    fn check_star(&mut self, qualifier: Option<&Name>, keys: &Keys<'s>, span: Span) {
        let Some(scope) = self.scopes.last() else { return };
        let only = qualifier.and_then(|q| scope.relation_named(self.dialect, None, &q.last().value));
        if qualifier.is_some() && only.is_none() {
            return;
        }
        let mut bad = None;
        for part in &scope.star {
            let StarPart::Relation(r) = part else { continue };
            if only.is_some_and(|o| o != *r) {
                continue;
            }
            let Some(relation) = scope.relations.get(*r) else { continue };
            for c in 0..relation.len() {
                if !self.is_grouped(&Found::Place((*r, c)), keys) && bad.is_none() {
                    bad = Some((relation.name.to_string(), relation.column_name(c).to_string()));
                }
            }
        }
        if let Some((relation, column)) = bad {
            self.ungrouped(&relation, &column, span);
        }
    }

    fn check_grouped(&mut self, expr: &'s Expr, keys: &Keys<'s>) {
        let expr = Self::bare(expr);
        if keys.exprs.iter().any(|k| self.same(k, expr)) {
            return;
        }
        match &expr.kind {
            ExprKind::Column(name) => {
                let Some(found) = self.place_of(name) else { return };
                if self.is_grouped(&found, keys) {
                    return;
                }
                let place = match found {
                    Found::Place(place) => Some(place),
                    Found::Merge(m) => self.scopes.last().and_then(|s| s.merges.get(m)).and_then(|m| m.members.first().copied()),
                };
                let shown = place.and_then(|p| self.scopes.last()?.relations.get(p.0)).map(|r| r.name.to_string()).unwrap_or_default();
                self.ungrouped(&shown, &name.last().value.clone(), name.last().span);
            }
            ExprKind::Function(call) if self.is_aggregate(call) || call.name.last().value.starts_with(COMPUTED) => {}
            ExprKind::Function(call) => {
                for arg in &call.args {
                    self.check_grouped(arg, keys);
                }
                if let Some(window) = &call.over {
                    for e in window.partition_by.iter().chain(window.order_by.iter().map(|o| &o.expr)) {
                        self.check_grouped(e, keys);
                    }
                }
            }
            _ => {
                for child in children(expr) {
                    self.check_grouped(child, keys);
                }
            }
        }
    }

    fn is_aggregate(&self, call: &FunctionCall) -> bool {
        let name = call.name.last().value.as_str();
        call.over.is_none()
            && (catalog().functions(name).iter().any(|f| f.kind == 'a')
                || matches!(name, "grouping" | "json_arrayagg" | "json_objectagg")
                || self.schema.functions.iter().any(|f| f.aggregate && f.name.name == name))
    }

    /// Whether two expressions are the same one after resolution.
    fn same(&self, a: &Expr, b: &Expr) -> bool {
        let (a, b) = (Self::bare(a), Self::bare(b));
        match (&a.kind, &b.kind) {
            (ExprKind::Column(x), ExprKind::Column(y)) => match (self.place_of(x), self.place_of(y)) {
                (Some(x), Some(y)) => x == y,
                (None, None) => x.last().value == y.last().value,
                _ => false,
            },
            (ExprKind::Literal(x), ExprKind::Literal(y)) => x == y,
            (ExprKind::Param(_), ExprKind::Param(_)) => true,
            (ExprKind::Function(x), ExprKind::Function(y)) => {
                x.name.last().value == y.name.last().value
                    && x.args.len() == y.args.len()
                    && x.over == y.over
                    && x.args.iter().zip(&y.args).all(|(p, q)| self.same(p, q))
            }
            (ExprKind::Binary { op: o, .. }, ExprKind::Binary { op: p, .. }) if o != p => false,
            (ExprKind::Unary { op: o, .. }, ExprKind::Unary { op: p, .. }) if o != p => false,
            (ExprKind::Cast { ty: t, .. }, ExprKind::Cast { ty: u, .. })
                if super::types::data_type(t, self.schema) != super::types::data_type(u, self.schema) =>
            {
                false
            }
            _ => {
                if std::mem::discriminant(&a.kind) != std::mem::discriminant(&b.kind) {
                    return false;
                }
                let (x, y) = (children(a), children(b));
                if x.is_empty() || x.len() != y.len() {
                    let text = |e: &Expr| e.span.slice(self.text).split_whitespace().collect::<String>().to_lowercase();
                    return x.is_empty() && y.is_empty() && text(a) == text(b);
                }
                x.iter().zip(&y).all(|(p, q)| self.same(p, q))
            }
        }
    }
}

/// The expressions directly within another; subqueries are not entered.
fn children(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::Unary { expr, .. } | ExprKind::Cast { expr, .. } | ExprKind::Paren(expr) | ExprKind::Is { expr, .. } => vec![expr],
        ExprKind::Collate { expr, .. } | ExprKind::Field { expr, .. } | ExprKind::InSubquery { expr, .. } => vec![expr],
        ExprKind::Binary { left, right, .. } => vec![left, right],
        ExprKind::Quantified { expr, right, .. } => vec![expr, right],
        ExprKind::AtTimeZone { expr, zone } => vec![expr, zone],
        ExprKind::Between { expr, low, high, .. } => vec![expr, low, high],
        ExprKind::Like { expr, pattern, .. } => vec![expr, pattern],
        ExprKind::InList { expr, list, .. } => std::iter::once(expr.as_ref()).chain(list).collect(),
        ExprKind::Array(items) | ExprKind::Row(items) => items.iter().collect(),
        ExprKind::Subscript { expr, index } => std::iter::once(expr.as_ref()).chain(index).collect(),
        ExprKind::Case { operand, arms, otherwise } => {
            let arms = arms.iter().flat_map(|(w, t)| [w, t]);
            operand.as_deref().into_iter().chain(arms).chain(otherwise.as_deref()).collect()
        }
        ExprKind::Function(call) => call.args.iter().collect(),
        _ => Vec::new(),
    }
}
