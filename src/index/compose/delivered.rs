//! Which columns of which tables a statement delivers or writes, as its text says: what the fields of a struct that
//! its rows are read into stand for.

use crate::model::dialect::Dialect;
use crate::model::span::Span;
use crate::sql::ast::{ExprKind, FromItem, InsertSource, Name, Query, Select, SelectItem, SetExpr, StatementKind, With};
use crate::sql::parse::parse_statement;
use std::collections::HashSet;

/// Queries in parentheses, joins in joins that are looked into.
const MAX_DEPTH: usize = 32;

/// A table of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    /// Its name in the statement.
    called: String,
    /// The table as written, with its schema: place in the text.
    pub span: Span,
}

/// A result column, or one that is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Delivered {
    /// A column under its own name.
    Column { name: String, of: Vec<Table> },
    /// All columns of these tables.
    Star(Vec<Table>),
    /// Something else, or a column under another name.
    Other,
}

impl Delivered {
    /// What a statement delivers, in order; for one that writes what it writes, then what it returns.
    pub(super) fn of(sql: &str, dialect: Dialect) -> Vec<Delivered> {
        match &parse_statement(sql, dialect).kind {
            StatementKind::Query(query) => of_query(query, &HashSet::new(), 0),
            StatementKind::Insert(insert) => {
                let target = Table { called: insert.table.last().value.clone(), span: insert.table.span() };
                let mut tables = if insert.table.is_hole() { Vec::new() } else { vec![target] };
                tables.truncate(1);
                let mut out: Vec<Delivered> = match (&insert.columns, &insert.source) {
                    (Some(columns), _) => columns.iter().map(|c| column(&c.column.value, &tables)).collect(),
                    (None, InsertSource::Set(set)) => {
                        set.iter().flat_map(|s| &s.targets).map(|n| column(&n.last().value, &tables)).collect()
                    }
                    _ => Vec::new(),
                };
                out.extend(items(&insert.returning, &tables));
                out
            }
            StatementKind::Update(update) => {
                let ctes = names(update.with.as_ref());
                let mut tables = tables(&update.target, &ctes);
                let mut out: Vec<Delivered> = update
                    .set
                    .iter()
                    .flat_map(|s| &s.targets)
                    .map(|n| column(&n.last().value, tables.get(..1).unwrap_or_default()))
                    .collect();
                tables.extend(self::tables(&update.from, &ctes));
                out.extend(items(&update.returning, &tables));
                out
            }
            StatementKind::Delete(delete) => items(&delete.returning, &tables(&delete.from, &names(delete.with.as_ref()))),
            _ => Vec::new(),
        }
    }
}

fn column(name: &str, tables: &[Table]) -> Delivered {
    if tables.is_empty() {
        return Delivered::Other;
    }
    Delivered::Column { name: name.to_string(), of: tables.to_vec() }
}

/// Names that stand for queries of the statement, not for tables.
fn names(with: Option<&With>) -> HashSet<String> {
    with.into_iter().flat_map(|w| &w.ctes).map(|c| c.name.value.clone()).collect()
}

fn of_query(query: &Query, outer: &HashSet<String>, depth: usize) -> Vec<Delivered> {
    let mut ctes = names(query.with.as_ref());
    ctes.extend(outer.iter().cloned());
    of_body(&query.body, &ctes, depth)
}

fn of_body(body: &SetExpr, ctes: &HashSet<String>, depth: usize) -> Vec<Delivered> {
    if depth > MAX_DEPTH {
        return Vec::new();
    }
    match body {
        SetExpr::Select(select) => of_select(select, ctes),
        SetExpr::Query(query) => of_query(query, ctes, depth + 1),
        SetExpr::SetOp { left, right, .. } => {
            let (mut first, second) = (of_body(left, ctes, depth + 1), of_body(right, ctes, depth + 1));
            // the names are those of the first; the columns of both stand for the field
            for (a, b) in first.iter_mut().zip(second) {
                if let (Delivered::Column { name, of }, Delivered::Column { name: other, of: more }) = (a, b)
                    && *name == other
                {
                    of.extend(more);
                }
            }
            first
        }
        _ => Vec::new(),
    }
}

fn of_select(select: &Select, ctes: &HashSet<String>) -> Vec<Delivered> {
    items(&select.items, &tables(&select.from, ctes))
}

fn items(items: &[SelectItem], tables: &[Table]) -> Vec<Delivered> {
    let named = |name: &str| -> Vec<Table> { tables.iter().filter(|t| t.called == name).take(1).cloned().collect() };
    let one = |item: &SelectItem| match item {
        SelectItem::Star { qualifier: None, .. } => Delivered::Star(tables.to_vec()),
        SelectItem::Star { qualifier: Some(of), .. } => Delivered::Star(named(&of.last().value)),
        SelectItem::Expr { expr, alias } => match &expr.kind {
            ExprKind::Column(name) if !name.is_hole() && alias.as_ref().is_none_or(|a| a.value == name.last().value) => {
                match name.qualifier() {
                    Some(table) => column(&name.last().value, &named(&table.value)),
                    None => column(&name.last().value, tables),
                }
            }
            _ => Delivered::Other,
        },
    };
    items.iter().map(one).collect()
}

fn tables(from: &[FromItem], ctes: &HashSet<String>) -> Vec<Table> {
    let mut out = Vec::new();
    from.iter().for_each(|item| add_tables(item, ctes, &mut out, 0));
    out
}

fn add_tables(item: &FromItem, ctes: &HashSet<String>, out: &mut Vec<Table>, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    match item {
        FromItem::Table { name, alias, .. } if !name.is_hole() && !is_cte(name, ctes) => {
            let called = alias.as_ref().map_or(&name.last().value, |a| &a.name.value).clone();
            out.push(Table { called, span: name.span() });
        }
        FromItem::Join { left, right, .. } => {
            add_tables(left, ctes, out, depth + 1);
            add_tables(right, ctes, out, depth + 1);
        }
        _ => {}
    }
}

fn is_cte(name: &Name, ctes: &HashSet<String>) -> bool {
    name.parts.len() == 1 && ctes.contains(&name.last().value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(sql: &str) -> Vec<String> {
        let tables = |of: &[Table]| of.iter().map(|t| t.span.slice(sql)).collect::<Vec<_>>().join("+");
        let one = |d: Delivered| match d {
            Delivered::Column { name, of } => format!("{}.{name}", tables(&of)),
            Delivered::Star(of) => format!("{}.*", tables(&of)),
            Delivered::Other => "-".to_string(),
        };
        Delivered::of(sql, Dialect::default()).into_iter().map(one).collect()
    }

    #[test]
    fn columns_come_from_the_tables_that_the_text_names() {
        assert_eq!(told("SELECT * FROM app.users u"), ["app.users.*"]);
        assert_eq!(
            told("SELECT e.id, f.title AS feed_title, f.title, n FROM entries e JOIN feeds f ON true"),
            ["entries.id", "-", "feeds.title", "entries+feeds.n"]
        );
        assert_eq!(told("SELECT e.* FROM entries e, feeds"), ["entries.*"]);
        assert_eq!(told("WITH x AS (SELECT 1 a) SELECT a FROM x"), ["-"]);
        assert_eq!(told("SELECT id FROM a UNION ALL SELECT id FROM b"), ["a+b.id"]);
    }

    #[test]
    fn statements_that_write_name_their_columns_first() {
        assert_eq!(told("INSERT INTO t (a, b) VALUES (:a, :b) RETURNING id"), ["t.a", "t.b", "t.id"]);
        assert_eq!(told("UPDATE t SET a = :a FROM o WHERE t.id = o.id RETURNING t.*"), ["t.a", "t.*"]);
        assert_eq!(told("DELETE FROM t RETURNING *"), ["t.*"]);
        assert_eq!(told("not sql at all"), Vec::<String>::new());
    }
}
