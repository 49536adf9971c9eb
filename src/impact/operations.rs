//! What a statement does with the values of its columns: where another type or collation matters.

use super::context::Context;
use super::visit::{Role, roots};
use crate::model::object::{ObjectId, ObjectKind};
use crate::model::schema::{Column, Table};
use crate::model::span::Span;
use crate::sql::ast::{Expr, ExprKind, Literal};
use crate::sql::bind::binding::Binding;

/// What a column meets.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Against {
    /// A parameter or an untyped literal: it takes the type of the column.
    Untyped,
    /// Text that says its type (`$1::text`).
    Typed,
    /// Another column: where it stands in the statement.
    Column(Span),
    /// Anything else.
    Other,
}

/// One thing done with a column's value.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `=`, `<>`, IN, IS DISTINCT FROM.
    Equality(Against),
    /// `<`, `>`, BETWEEN, and the like.
    Inequality(Against),
    /// ORDER BY, MIN, MAX.
    Ordering,
    /// GROUP BY, DISTINCT, COUNT(DISTINCT), set operations.
    Grouping,
    /// LIKE, SIMILAR TO, REGEXP.
    Pattern,
    /// `+ - * / %` and signs; the operator.
    Arithmetic(char),
    /// The column is a condition by itself.
    Condition,
    /// AT TIME ZONE.
    Zone,
    /// A cast to text that is compared with a literal: where the literal stands.
    AsText(Span),
}

/// A column's name in the statement, and what is done there.
#[derive(Copy, Clone, Debug)]
pub struct Operand<'a> {
    /// Its place.
    pub span: Span,
    /// What is done.
    pub operation: Operation,
    /// The column before, with its table.
    pub old: (&'a Table, &'a Column),
    /// The column after, with its table.
    pub new: (&'a Table, &'a Column),
}

/// An [`Operand`] by the identities of its columns: its place, what is done, the column before and the one after.
pub type FoundOperand = (Span, Operation, ObjectId, ObjectId);

/// Everything done with columns that are written in the statement and exist before and after. Looked for once for all
/// rules.
pub fn operands<'a>(cx: &Context<'a>, before: &Binding, after: &Binding) -> Vec<Operand<'a>> {
    let found = cx.operands.get_or_init(|| find_operands(cx, before, after));
    let operand = |&(span, operation, old, new): &FoundOperand| {
        Some(Operand { span, operation, old: cx.pairing.column_before(old)?, new: cx.pairing.column_after(new)? })
    };
    found.iter().filter_map(operand).collect()
}

fn find_operands(cx: &Context, before: &Binding, after: &Binding) -> Vec<FoundOperand> {
    let mut found: Vec<(Span, Operation)> = Vec::new();
    roots(cx.input.statement, &mut |role, expr| {
        match role {
            Role::Condition => condition(expr, &mut found, 0),
            Role::Order => direct(expr, Operation::Ordering, &mut found),
            Role::Group | Role::DistinctOutput => direct(expr, Operation::Grouping, &mut found),
            _ => {}
        }
        inside(expr, &mut found, 0);
    });
    let mut operands: Vec<FoundOperand> = Vec::new();
    for (span, operation) in found {
        // through a view, the column behind it
        let column_at = |binding| cx.use_at(binding, span).filter(|u| u.kind == ObjectKind::Column)?.id;
        let Some(old) = column_at(before).filter(|id| cx.pairing.column_before(*id).is_some()) else { continue };
        let Some(new) = column_at(after).filter(|id| cx.pairing.column_after(*id).is_some()) else { continue };
        if !operands.iter().any(|o| o.0 == span && o.1 == operation) {
            operands.push((span, operation, old, new));
        }
    }
    operands
}

const MAX_DEPTH: usize = 200;

/// Parts of a condition that are conditions themselves.
fn condition(expr: &Expr, found: &mut Vec<(Span, Operation)>, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    match &expr.kind {
        ExprKind::Column(_) => found.push((expr.span, Operation::Condition)),
        ExprKind::Paren(inner) => condition(inner, found, depth + 1),
        ExprKind::Unary { op, expr } if op == "not" || op == "!" => condition(expr, found, depth + 1),
        ExprKind::Binary { op, left, right } if matches!(op.as_str(), "and" | "or" | "&&") => {
            condition(left, found, depth + 1);
            condition(right, found, depth + 1);
        }
        _ => {}
    }
}

fn direct(expr: &Expr, operation: Operation, found: &mut Vec<(Span, Operation)>) {
    let expr = bare(expr);
    if let ExprKind::Column(_) = expr.kind {
        found.push((expr.span, operation));
    }
}

/// An expression without parentheses around it.
fn bare(expr: &Expr) -> &Expr {
    let mut expr = expr;
    for _ in 0..MAX_DEPTH {
        match &expr.kind {
            ExprKind::Paren(inner) => expr = inner,
            _ => break,
        }
    }
    expr
}

fn against(expr: &Expr) -> Against {
    let expr = bare(expr);
    match &expr.kind {
        ExprKind::Param(_) | ExprKind::Literal(Literal::String { .. }) | ExprKind::Hole => Against::Untyped,
        ExprKind::Cast { .. } => Against::Typed,
        ExprKind::Column(_) => Against::Column(expr.span),
        _ => Against::Other,
    }
}

fn inside(expr: &Expr, found: &mut Vec<(Span, Operation)>, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    match &expr.kind {
        ExprKind::Binary { op, left, right } => binary(op, left, right, found),
        ExprKind::InList { expr, list, .. } => {
            let worst = list.iter().map(against).find(|a| *a == Against::Untyped).unwrap_or(Against::Other);
            direct(expr, Operation::Equality(worst), found);
        }
        ExprKind::InSubquery { expr, .. } => direct(expr, Operation::Equality(Against::Other), found),
        ExprKind::Quantified { expr, op, right, .. } => {
            let operation =
                if op == "=" || op == "<>" { Operation::Equality(against(right)) } else { Operation::Inequality(against(right)) };
            direct(expr, operation, found);
        }
        ExprKind::Between { expr, low, .. } => direct(expr, Operation::Inequality(against(low)), found),
        ExprKind::Like { expr, .. } => direct(expr, Operation::Pattern, found),
        ExprKind::Unary { op, expr } if op == "-" => direct(expr, Operation::Arithmetic('-'), found),
        ExprKind::AtTimeZone { expr, .. } => direct(expr, Operation::Zone, found),
        ExprKind::Function(call) => {
            let name = call.name.last().value.to_ascii_lowercase();
            for arg in &call.args {
                if call.distinct {
                    direct(arg, Operation::Grouping, found);
                } else if matches!(name.as_str(), "min" | "max") {
                    direct(arg, Operation::Ordering, found);
                }
            }
            call.order_by.iter().for_each(|o| direct(&o.expr, Operation::Ordering, found));
            if let Some(over) = &call.over {
                over.partition_by.iter().for_each(|e| direct(e, Operation::Grouping, found));
                over.order_by.iter().for_each(|o| direct(&o.expr, Operation::Ordering, found));
            }
            if let Some(filter) = &call.filter {
                condition(filter, found, 0);
            }
        }
        ExprKind::Case { operand, arms, .. } => match operand {
            Some(operand) => direct(operand, Operation::Equality(Against::Untyped), found),
            None => arms.iter().for_each(|(when, _)| condition(when, found, 0)),
        },
        _ => {}
    }
    expr.each_child(&mut |c| inside(c, found, depth + 1));
}

fn binary(op: &str, left: &Expr, right: &Expr, found: &mut Vec<(Span, Operation)>) {
    let operation = |other: &Expr| match op {
        "=" | "==" | "<>" | "!=" | "<=>" | "is distinct from" | "is not distinct from" => Some(Operation::Equality(against(other))),
        "<" | ">" | "<=" | ">=" => Some(Operation::Inequality(against(other))),
        "+" | "-" | "*" | "/" | "%" => Some(Operation::Arithmetic(op.chars().next().unwrap_or('+'))),
        "~" | "~*" | "!~" | "!~*" => Some(Operation::Pattern),
        _ => None,
    };
    for (side, other) in [(left, right), (right, left)] {
        let Some(operation) = operation(other) else { continue };
        direct(side, operation, found);
        if let (ExprKind::Cast { expr, ty }, ExprKind::Literal(Literal::String { .. })) = (&bare(side).kind, &bare(other).kind) {
            let text = matches!(ty.name.last().value.to_ascii_lowercase().as_str(), "text" | "varchar" | "char" | "character varying");
            if text && matches!(bare(expr).kind, ExprKind::Column(_)) {
                found.push((bare(expr).span, Operation::AsText(bare(other).span)));
            }
        }
    }
}
