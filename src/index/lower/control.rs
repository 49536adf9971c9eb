//! Branches and loops.

use super::{Lowering, acts, span, statements, unknown};
use crate::grammar::role::{Role, Slot};
use crate::model::code::{AssignOp, Expr, ExprKind, Stmt};
use tree_sitter::Node;

type Arm = (Option<Expr>, Vec<Stmt>);

impl<'a> Lowering<'a> {
    /// `if` with all of its arms.
    pub(super) fn branch(&mut self, node: Node<'a>, out: &mut Vec<Stmt>) {
        if let Some(init) = self.part(node, Slot::Init) {
            self.statement(init, out);
        }
        let mut arms: Vec<Arm> = Vec::new();
        let mut exhaustive = false;
        let mut next = Some(node);
        while let Some(at) = next.take() {
            let condition = self.expression_in(at, Slot::Condition);
            let then = self.part(at, Slot::Then).map(|t| self.statements(t)).unwrap_or_default();
            arms.push((condition, then));
            for other in self.several(at, Slot::Else) {
                let rule = self.rule(other);
                if rule.role == Role::Else && rule.has(Slot::Condition) {
                    let condition = self.expression_in(other, Slot::Condition);
                    let then = self.part(other, Slot::Then).map(|t| self.statements(t)).unwrap_or_default();
                    arms.push((condition, then));
                    continue;
                }
                let body = if rule.role == Role::Else { rule.get(other, Slot::Body).unwrap_or(other) } else { other };
                if self.role(body) == Role::If && self.part(body, Slot::Init).is_none() {
                    next = Some(body);
                } else {
                    exhaustive = true;
                    let body = if body == other && rule.role == Role::Else { Vec::new() } else { self.statements(body) };
                    arms.push((None, body));
                }
            }
        }
        out.push(Stmt::Branch { arms, exhaustive });
    }

    /// `switch`, `match`, `select`, type switches.
    pub(super) fn switch(&mut self, node: Node<'a>, out: &mut Vec<Stmt>) {
        if let Some(init) = self.part(node, Slot::Init) {
            self.statement(init, out);
        }
        let subject = self.expression_in(node, Slot::Value);
        let alias = match self.part(node, Slot::Left) {
            Some(alias) => self.side_by_side(vec![alias]),
            None => None,
        };
        // Only a name is said again in each condition.
        let again = subject.as_ref().filter(|s| s.path().is_some()).cloned();
        if let Some(subject) = subject.filter(acts) {
            out.push(Stmt::Expr(subject));
        }
        let place = self.part(node, Slot::Body).unwrap_or(node);
        let (mut arms, mut exhaustive): (Vec<Arm>, bool) = (Vec::new(), false);
        let mut fallen: Vec<Expr> = Vec::new();
        for case in self.children(place) {
            match self.role(case) {
                Role::Default => {
                    exhaustive = true;
                    let mut body = Vec::new();
                    for child in self.children(case) {
                        self.statement(child, &mut body);
                    }
                    arms.push((None, body));
                }
                Role::Case => {
                    let (condition, body) = self.case(case, again.as_ref(), alias.as_ref());
                    let empty = body.is_empty() && self.rules.escapes == crate::grammar::language::Escapes::Ecmascript;
                    fallen.extend(condition);
                    if empty {
                        continue; // the next arm's body is its body
                    }
                    let at = fallen.iter().map(|e| e.span).reduce(|a, b| a.to(b)).unwrap_or(span(case));
                    let mut all = std::mem::take(&mut fallen).into_iter();
                    let first = all.next().unwrap_or(unknown(at));
                    let condition = all.fold(first, |left, right| {
                        let kind = ExprKind::Binary { op: "or".into(), left: Box::new(left), right: Box::new(right) };
                        Expr { kind, span: at }
                    });
                    arms.push((Some(condition), body));
                }
                _ => {}
            }
        }
        out.push(Stmt::Branch { arms, exhaustive });
    }

    /// Conditions and body of one arm.
    fn case(&mut self, case: Node<'a>, subject: Option<&Expr>, alias: Option<&Expr>) -> (Vec<Expr>, Vec<Stmt>) {
        let rule = self.rule(case);
        let (mut conditions, mut body) = (Vec::new(), Vec::new());
        let types = self.several(case, Slot::Type);
        if let Some(init) = rule.get(case, Slot::Init) {
            self.statement(init, &mut body);
        }
        let mut known = Vec::new();
        for ty in &types {
            let at = span(*ty);
            let ty = self.ty(*ty);
            let of = subject.cloned().unwrap_or(unknown(at));
            conditions.push(Expr { kind: ExprKind::Cast(Box::new(of), ty.clone()), span: at });
            known.push((ty, at));
        }
        // In an arm of one type the name has it.
        if let (Some(alias), [(ty, at)]) = (alias, known.as_slice()) {
            let of = subject.cloned().unwrap_or(unknown(*at));
            let value = Expr { kind: ExprKind::Cast(Box::new(of), ty.clone()), span: *at };
            body.push(statements::set(alias.clone(), Some(value), AssignOp::Set, *at));
        }
        let values = self.several(case, Slot::Value);
        for value in &values {
            let listed = self.role(*value) == Role::Tuple;
            for value in if listed { self.children(*value) } else { vec![*value] } {
                let value = self.expression(value);
                let at = value.span;
                conditions.push(match subject {
                    Some(subject) if types.is_empty() => Expr {
                        kind: ExprKind::Binary { op: "==".into(), left: Box::new(subject.clone()), right: Box::new(value) },
                        span: at,
                    },
                    _ => value,
                });
            }
        }
        if let Some(guard) = rule.get(case, Slot::Guard) {
            let guard = self.expression_in(guard, Slot::Condition);
            conditions.extend(guard);
        }
        match rule.get(case, Slot::Body) {
            Some(block) if !rule.has(Slot::Type) && self.role(block) == Role::Block => self.statement(block, &mut body),
            _ => {
                let init = rule.get(case, Slot::Init);
                for child in self.children(case) {
                    if Some(child) != init && !types.contains(&child) && !values.contains(&child) {
                        self.statement(child, &mut body);
                    }
                }
            }
        }
        (conditions, body)
    }

    /// `try`: its body, then the handlers; what always runs follows.
    pub(super) fn attempt(&mut self, node: Node<'a>, out: &mut Vec<Stmt>) {
        let body = self.part(node, Slot::Body);
        let mut arms: Vec<Arm> = vec![(None, body.map(|b| self.statements(b)).unwrap_or_default())];
        let mut last = Vec::new();
        for child in self.children(node) {
            let rule = self.rule(child);
            match rule.role {
                Role::Else => {
                    let more = rule.get(child, Slot::Body).map(|b| self.statements(b)).unwrap_or_default();
                    if let Some(first) = arms.first_mut() {
                        first.1.extend(more);
                    }
                }
                Role::Handler => arms.push(self.handler(child)),
                Role::Finally => self.statement(child, &mut last),
                _ => {}
            }
        }
        out.push(Stmt::Branch { arms, exhaustive: true });
        out.append(&mut last);
    }

    fn handler(&mut self, node: Node<'a>) -> Arm {
        let rule = self.rule(node);
        let mut caught = rule.get(node, Slot::Value);
        let mut alias = rule.get(node, Slot::Alias);
        if let Some(both) = caught.filter(|c| self.role(*c) == Role::Alias) {
            alias = self.part(both, Slot::Alias);
            caught = self.part(both, Slot::Value);
        }
        let condition = caught.map_or(unknown(span(node)), |c| self.expression(c));
        let mut body = Vec::new();
        if let Some(alias) = alias {
            let target = self.expression(alias);
            body.push(statements::set(target, None, AssignOp::Set, span(alias)));
        }
        for block in self.children(node) {
            if self.role(block) == Role::Block {
                self.statement(block, &mut body);
            }
        }
        (Some(condition), body)
    }

    /// Loops of all kinds.
    pub(super) fn repeat(&mut self, node: Node<'a>, out: &mut Vec<Stmt>) {
        let rule = self.rule(node);
        let mut clause = node;
        let mut lone = None;
        let block = rule.get(node, Slot::Body);
        if !rule.has(Slot::Left) && !rule.has(Slot::Condition) {
            for child in self.fieldless(node) {
                match self.role(child) {
                    Role::Iteration | Role::Loop => clause = child,
                    _ if Some(child) != block => lone = Some(child),
                    _ => {}
                }
            }
        }
        if let Some(init) = self.part(clause, Slot::Init) {
            self.statement(init, out);
        }
        let lefts = self.several(clause, Slot::Left);
        let mut target = match (lefts.as_slice(), self.role(clause)) {
            // Positions and items (Go): always several.
            ([list], Role::Iteration) if self.role(*list) == Role::Tuple => Some(self.expression(*list)),
            _ => self.side_by_side(lefts),
        };
        let over = self.expression_in(clause, Slot::Right);
        if over.is_none() {
            target = None;
        }
        let mut body = Vec::new();
        for condition in [self.part(clause, Slot::Condition), lone].into_iter().flatten() {
            self.statement(condition, &mut body);
        }
        if let Some(block) = block {
            self.statement(block, &mut body);
        }
        if let Some(next) = self.part(clause, Slot::Next) {
            self.statement(next, &mut body);
        }
        out.push(Stmt::Loop { target, over, body });
        // What a loop does when it ends (Python `else`).
        for other in self.of_role(node, Role::Else) {
            if let Some(body) = self.part(other, Slot::Body) {
                self.statement(body, out);
            }
        }
    }
}
