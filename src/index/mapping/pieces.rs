//! Text that code puts together from pieces: names split into words, lists of them changed and joined.

use super::constants::{Constants, Given, Scope};
use super::{Named, Origin};
use crate::model::code::{Arg, AssignOp, Expr, ExprKind, Stmt};

/// Most pieces of a list.
const MAX_PIECES: usize = 64;

impl<'p, 'a> Constants<'p, 'a> {
    /// The value that the function of a scope gives a name of its own.
    pub(super) fn local(&self, scope: Scope, name: &str) -> Option<&'a Expr> {
        fn last<'a>(body: &'a [Stmt], name: &str) -> Option<&'a Expr> {
            body.iter().rev().find_map(|s| match s {
                Stmt::Assign { target, op: AssignOp::Set, value: Some(value), .. } if target.path().as_deref() == Some(&[name]) => {
                    Some(value)
                }
                Stmt::Block(inner) => last(inner, name),
                _ => None,
            })
        }
        let function = self.program.function(scope.function?)?;
        last(&function.body, name)
    }

    /// The texts of a list: a literal one, a text split into words, each of them changed.
    pub(super) fn pieces(&self, scope: Scope, expr: &'a Expr, given: &Given) -> Option<Vec<String>> {
        let scope = scope.deeper()?;
        match &expr.kind {
            ExprKind::List(all, _) | ExprKind::Tuple(all) => {
                all.iter().take(MAX_PIECES).map(|e| self.text(scope, e, given).map(|t| t.text.to_string())).collect()
            }
            ExprKind::Name(name) => self.pieces(scope, self.local(scope, name)?, given),
            ExprKind::Each { target, over, conditions, body, .. } => {
                let ExprKind::Name(name) = &target.kind else { return None };
                let mut out = Vec::new();
                for piece in self.pieces(scope, over, given)? {
                    // `if word` is the only condition that is looked at
                    if !conditions.is_empty() && piece.is_empty() {
                        continue;
                    }
                    let mut inner = given.clone();
                    inner.names.push((name.to_string(), Named { text: piece.into(), origin: None }));
                    out.push(self.text(scope, body, &inner)?.text.to_string());
                }
                Some(out)
            }
            ExprKind::Call { function, args, .. } => self.split(scope, function, args, given),
            _ => None,
        }
    }

    fn split(&self, scope: Scope, function: &'a Expr, args: &'a [Arg], given: &Given) -> Option<Vec<String>> {
        let ExprKind::Member(object, name) = &function.kind else { return None };
        let argument = |n: usize| args.get(n).and_then(|a| self.text(scope, &a.value, given));
        match (&*name.text, args.len()) {
            // `re.split("(?=[A-Z])", name)`, `re.findall("[A-Z][^A-Z]*", name)`
            ("split" | "findall", 2..) => {
                let (pattern, subject) = (argument(0)?, argument(1)?);
                pattern.text.contains("[A-Z]").then(|| at_capitals(&subject.text))
            }
            ("split", 1) => {
                let (subject, separator) = (self.text(scope, object, given)?, argument(0)?);
                let whole = !separator.text.is_empty();
                whole.then(|| subject.text.split(&*separator.text).take(MAX_PIECES).map(str::to_string).collect())
            }
            _ => None,
        }
    }

    /// `"_".join(pieces)`.
    pub(super) fn joined(&self, scope: Scope, expr: &'a Expr, separator: &'a Expr, args: &'a [Arg], given: &Given) -> Option<Named> {
        let pieces = self.pieces(scope, &args.first()?.value, given)?;
        let separator = self.text(scope, separator, given)?;
        Some(Named { text: pieces.join(&separator.text).into(), origin: Some(Origin { file: scope.file, span: expr.span }) })
    }
}

/// `OrderLine` -> `Order`, `Line`; every capital begins a word.
fn at_capitals(name: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for c in name.chars() {
        match out.last_mut() {
            Some(word) if !c.is_uppercase() => word.push(c),
            _ => out.push(c.to_string()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::at_capitals;

    #[test]
    fn every_capital_begins_a_word() {
        assert_eq!(at_capitals("OrderLine"), ["Order", "Line"]);
        assert_eq!(at_capitals("xHTTP"), ["x", "H", "T", "T", "P"]);
        assert!(at_capitals("").is_empty());
    }
}
