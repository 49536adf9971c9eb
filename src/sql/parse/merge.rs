//! MERGE.

use super::cursor::Cursor;
use super::expr::{self, condition};
use super::{from, insert, query, select};
use crate::sql::ast::{Expr, FromItem, Merge, MergeAction, MergeClause, StatementKind, With};

/// Reads MERGE; at its verb.
pub fn merge(c: &mut Cursor, with: Option<With>) -> StatementKind {
    c.advance();
    c.eat_word("into");
    let target = from::from_item(c);
    let start = c.start();
    let source = if c.expect_word("using") { from::from_item(c) } else { FromItem::Hole(crate::model::span::Span { start, end: start }) };
    let on: Expr = if c.expect_word("on") { condition(c) } else { expr::unparsed(c, c.start()) };
    let mut clauses = Vec::new();
    loop {
        if c.is_word("when") {
            clauses.push(clause(c));
        } else if c.is_hole() {
            c.advance();
        } else {
            break;
        }
    }
    let returning = if c.eat_word("returning") { select::items(c) } else { Vec::new() };
    StatementKind::Merge(Box::new(Merge { with, target, source, on, clauses, returning }))
}

/// `WHEN [NOT] MATCHED [BY SOURCE|TARGET] [AND condition] THEN action`.
fn clause(c: &mut Cursor) -> MergeClause {
    c.advance();
    c.eat_word("not");
    c.expect_word("matched");
    if c.eat_word("by") {
        c.advance();
    }
    let condition = c.eat_word("and").then(|| condition(c));
    c.expect_word("then");
    let action = if c.eat_word("update") {
        c.expect_word("set");
        MergeAction::Update(insert::set_clauses(c))
    } else if c.eat_word("delete") {
        MergeAction::Delete
    } else if c.eat_word("insert") {
        let columns = c.is_symbol("(").then(|| insert::targets(c));
        if c.eat_word("overriding") {
            c.advance();
            c.eat_word("value");
        }
        let values = if c.eat_word("default") {
            c.expect_word("values");
            Vec::new()
        } else if c.expect_word("values") && c.is_symbol("(") {
            query::row(c)
        } else {
            Vec::new()
        };
        MergeAction::Insert { columns, values }
    } else {
        if c.expect_word("do") {
            c.expect_word("nothing");
        }
        MergeAction::Nothing
    };
    MergeClause { condition, action }
}
