//! The parts of an expression.

use super::{Expr, ExprKind};

impl Expr {
    /// The direct operands of the expression; subqueries are not entered.
    pub fn children(&self) -> Vec<&Expr> {
        use ExprKind::*;
        match &self.kind {
            Unary { expr, .. } | Cast { expr, .. } | Is { expr, .. } | Collate { expr, .. } | Paren(expr) | Field { expr, .. } => {
                vec![expr]
            }
            InSubquery { expr, .. } => vec![expr],
            Binary { left, right, .. } => vec![left, right],
            Quantified { expr, right, .. } => vec![expr, right],
            Between { expr, low, high, .. } => vec![expr, low, high],
            Like { expr, pattern, escape, .. } => {
                let mut all: Vec<&Expr> = vec![expr, pattern];
                all.extend(escape.as_deref());
                all
            }
            InList { expr, list, .. } => std::iter::once(&**expr).chain(list).collect(),
            Array(items) | Row(items) => items.iter().collect(),
            Subscript { expr, index } => std::iter::once(&**expr).chain(index).collect(),
            AtTimeZone { expr, zone } => vec![expr, zone],
            Interval { value, .. } => vec![value],
            MatchAgainst { columns, against } => columns.iter().chain(std::iter::once(&**against)).collect(),
            Case { operand, arms, otherwise } => {
                let mut all: Vec<&Expr> = operand.as_deref().into_iter().collect();
                all.extend(arms.iter().flat_map(|(w, t)| [w, t]));
                all.extend(otherwise.as_deref());
                all
            }
            Function(call) => {
                let mut all: Vec<&Expr> = call.args.iter().collect();
                all.extend(call.order_by.iter().map(|o| &o.expr));
                all.extend(call.filter.as_ref());
                if let Some(over) = &call.over {
                    all.extend(&over.partition_by);
                    all.extend(over.order_by.iter().map(|o| &o.expr));
                }
                all
            }
            _ => Vec::new(),
        }
    }
}
