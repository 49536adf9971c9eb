//! The parts of an expression.

use super::{Expr, ExprKind};

impl Expr {
    /// Calls `f` with each direct operand of the expression, in order; subqueries are not entered.
    pub fn each_child<'a>(&'a self, f: &mut dyn FnMut(&'a Expr)) {
        use ExprKind::*;
        match &self.kind {
            Unary { expr, .. } | Cast { expr, .. } | Is { expr, .. } | Collate { expr, .. } | Paren(expr) | Field { expr, .. } => f(expr),
            InSubquery { expr, .. } => f(expr),
            Binary { left, right, .. } => {
                f(left);
                f(right);
            }
            Quantified { expr, right, .. } => {
                f(expr);
                f(right);
            }
            Between { expr, low, high, .. } => {
                f(expr);
                f(low);
                f(high);
            }
            Like { expr, pattern, escape, .. } => {
                f(expr);
                f(pattern);
                escape.as_deref().into_iter().for_each(f);
            }
            InList { expr, list, .. } => {
                f(expr);
                list.iter().for_each(f);
            }
            Array(items) | Row(items) => items.iter().for_each(f),
            Subscript { expr, index } => {
                f(expr);
                index.iter().for_each(f);
            }
            AtTimeZone { expr, zone } => {
                f(expr);
                f(zone);
            }
            Interval { value, .. } => f(value),
            MatchAgainst { columns, against } => {
                columns.iter().for_each(&mut *f);
                f(against);
            }
            Case { operand, arms, otherwise } => {
                operand.as_deref().into_iter().for_each(&mut *f);
                arms.iter().flat_map(|(w, t)| [w, t]).for_each(&mut *f);
                otherwise.as_deref().into_iter().for_each(f);
            }
            Function(call) => {
                call.args.iter().for_each(&mut *f);
                call.order_by.iter().map(|o| &o.expr).for_each(&mut *f);
                call.filter.iter().for_each(&mut *f);
                if let Some(over) = &call.over {
                    over.partition_by.iter().for_each(&mut *f);
                    over.order_by.iter().map(|o| &o.expr).for_each(f);
                }
            }
            _ => {}
        }
    }
}
