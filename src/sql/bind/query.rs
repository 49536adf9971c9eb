//! Queries: set operations, select lists, `*`, ORDER BY.

use super::binder::{Binder, MAX_DEPTH};
use super::binding::BindErrorKind;
use super::errors::Clause;
use super::scope::{Columns, Found, Relation, Scope, StarPart};
use super::value::{Column, Rows, Ty, Value};
use crate::model::dialect::Engine;
use crate::model::object::ObjectKind;
use crate::model::span::Span;
use crate::model::statement::{ColumnRef, HOLE, Mode};
use crate::sql::ast::{Expr, ExprKind, Literal, Name, OrderItem, Query, Select, SelectItem, SetExpr, Statement, StatementKind};
use std::borrow::Cow;
use std::rc::Rc;

impl<'s> Binder<'s> {
    /// The rows that a statement within a statement gives: a query, or RETURNING of a CTE.
    pub fn statement_rows(&mut self, statement: &'s Statement) -> Rows<'s> {
        if !statement.errors.is_empty() {
            self.porous = true;
        }
        match &statement.kind {
            StatementKind::Query(query) | StatementKind::Fragment(query) => self.query_rows(query),
            _ => self.write_statement(statement).unwrap_or_default(),
        }
    }

    /// Binds a query at the current place; gives its columns.
    pub fn query_rows(&mut self, query: &'s Query) -> Rows<'s> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            self.depth -= 1;
            return Rows { columns: Vec::new(), open: true };
        }
        let ctes = self.enter_with(query.with.as_ref());
        let rows = self.within(Clause::Select, Mode::Read, |b| match &query.body {
            SetExpr::Select(select) => b.select(select, &query.order_by, query),
            body => {
                let rows = b.set_expr(body);
                b.order_set(query, &rows);
                rows
            }
        });
        self.leave_with(ctes);
        self.depth -= 1;
        rows
    }

    /// LIMIT and OFFSET see no columns of the query.
    fn limit(&mut self, query: &'s Query) {
        for expr in &query.limit {
            self.within(Clause::Where, Mode::Read, |b| b.expr(expr));
        }
    }

    fn set_expr(&mut self, body: &'s SetExpr) -> Rows<'s> {
        self.depth += 1;
        let rows = if self.depth > MAX_DEPTH {
            Rows { columns: Vec::new(), open: true }
        } else {
            match body {
                SetExpr::Select(select) => {
                    self.scopes.push(Scope::default());
                    let rows = self.select_rows(select, &[]);
                    self.scopes.pop();
                    rows
                }
                SetExpr::Query(query) => self.query_rows(query),
                SetExpr::SetOp { op, all, left, right } => self.set_operation(op, *all, left, right),
                SetExpr::Values(rows) => self.values(rows),
                SetExpr::Table(name) => self.table_rows(name),
                SetExpr::Hole(span) => {
                    self.opaque(*span, ObjectKind::Other, "the query is not known");
                    Rows { columns: Vec::new(), open: true }
                }
            }
        };
        self.depth -= 1;
        rows
    }

    fn table_rows(&mut self, name: &'s Name) -> Rows<'s> {
        self.scopes.push(Scope::default());
        let relation = self.table_relation(name, None, Mode::Read);
        self.add_relation(relation);
        let mut rows = Rows::default();
        self.star(None, Span::default(), &mut rows);
        self.scopes.pop();
        rows
    }

    fn set_operation(&mut self, op: &str, all: bool, left: &'s SetExpr, right: &'s SetExpr) -> Rows<'s> {
        let pending = self.pending_recursion.take();
        let left_rows = self.set_expr(left);
        if let Some(index) = pending
            && let Some(entry) = self.ctes.get_mut(index)
        {
            let mut rows = left_rows.clone();
            for (column, name) in rows.columns.iter_mut().zip(&entry.cte.columns) {
                column.name = Cow::Borrowed(&name.value);
            }
            for column in &mut rows.columns {
                column.value.nullable = None;
                if matches!(column.value.ty, Ty::Literal) {
                    column.value.ty = Ty::Any;
                }
            }
            entry.rows = Some(Rc::new(rows));
        }
        let right_rows = self.set_expr(right);
        let word = op.to_uppercase();
        if left_rows.columns.len() != right_rows.columns.len() {
            if !left_rows.open && !right_rows.open {
                let shown = if all { format!("{word} ALL") } else { word.clone() };
                self.fail_by_engine(
                    BindErrorKind::ColumnCount,
                    ("42601", format!("each {word} query must have the same number of columns")),
                    ("1222", "The used SELECT statements have a different number of columns".to_string()),
                    format!("SELECTs to the left and right of {shown} do not have the same number of result columns"),
                    set_span(right),
                    None,
                );
            }
            return left_rows;
        }
        let mut rows = Rows { columns: Vec::new(), open: left_rows.open || right_rows.open };
        for (i, (l, r)) in left_rows.columns.into_iter().zip(right_rows.columns).enumerate() {
            let mut value = self.unify_set(&word, &l.value, &r.value, set_span(right));
            if l.value.source == r.value.source {
                value.source = l.value.source;
            }
            if pending.is_some()
                && self.pg()
                && let (Some(a), Some(b)) = (l.value.ty.known(), value.ty.known())
                && !a.same_base(b)
                && let Some(entry) = pending.and_then(|p| self.ctes.get(p))
            {
                let message = format!(
                    "recursive query \"{}\" column {} has type {} in non-recursive term but type {} overall",
                    entry.name,
                    i + 1,
                    super::operator::type_name(&l.value.ty),
                    super::operator::type_name(&value.ty)
                );
                self.fail(BindErrorKind::TypeMismatch, "42804", message, set_span(left), None);
            }
            if !all && !matches!(l.value.ty, Ty::Any) {
                self.shape(set_span(left), format!("{op} {}", self.describe(&value)), usize::MAX);
            }
            rows.columns.push(Column { name: l.name, value, from_star: l.from_star && r.from_star });
        }
        rows
    }

    /// Rows of VALUES: PostgreSQL and SQLite name their columns column1, MySQL column_0.
    pub fn values(&mut self, values: &'s [Vec<Expr>]) -> Rows<'s> {
        let mut columns: Vec<Vec<Value<'s>>> = Vec::new();
        let width = values.first().map_or(0, Vec::len);
        for (n, row) in values.iter().enumerate() {
            if row.len() != width {
                let span = row.first().map_or(Span::default(), |e| e.span);
                self.fail_by_engine(
                    BindErrorKind::ColumnCount,
                    ("42601", "VALUES lists must all be the same length".to_string()),
                    ("1136", format!("Column count doesn't match value count at row {}", n + 1)),
                    "all VALUES must have the same number of terms".to_string(),
                    span,
                    None,
                );
            }
            for (i, expr) in row.iter().enumerate() {
                let value = self.within(Clause::Values, Mode::Read, |b| b.expr(expr));
                if columns.len() <= i {
                    columns.push(Vec::new());
                }
                if let Some(column) = columns.get_mut(i) {
                    column.push(value);
                }
            }
        }
        let mysql = self.mysql();
        let columns = columns.into_iter().enumerate().map(|(i, values)| {
            let name = if mysql { format!("column_{i}") } else { format!("column{}", i + 1) };
            let mut value = self.unify_values(&values);
            value.source = None;
            Column { name: Cow::Owned(name), value, from_star: false }
        });
        Rows { columns: columns.collect(), open: false }
    }

    fn select(&mut self, select: &'s Select, order_by: &'s [OrderItem], query: &'s Query) -> Rows<'s> {
        self.scopes.push(Scope::default());
        let rows = self.select_rows(select, order_by);
        for name in &query.lock_of {
            let last = name.last();
            let known = self.scope().relations.iter().any(|r| r.name == last.value);
            if !known && !self.scope().porous && !self.porous && !last.is_hole() {
                self.fail_by_engine(
                    BindErrorKind::UnknownTable,
                    ("42P01", format!("relation \"{}\" in FOR UPDATE clause not found in FROM clause", last.value)),
                    ("3568", format!("Unresolved table name `{}` in locking clause.", last.value)),
                    String::new(),
                    last.span,
                    None,
                );
            }
        }
        if query.locking && self.pg() {
            self.check_lock(select, query);
        }
        self.limit(query);
        self.scopes.pop();
        rows
    }

    /// Rows that are no rows of a table can't be locked, also within the views that are locked.
    fn check_lock(&mut self, select: &'s Select, query: &'s Query) {
        let text = query.span.slice(self.text).to_lowercase();
        let strength = ["for no key update", "for key share", "for share"].into_iter().find(|s| text.contains(s)).unwrap_or("for update");
        let locked = |name: &str| query.lock_of.is_empty() || query.lock_of.iter().any(|n| n.last().value == name);
        let views: Vec<&'s str> =
            self.scope().relations.iter().filter(|r| locked(&r.name)).filter_map(|r| r.table?.view()).map(|v| v.query.as_str()).collect();
        let aggregates = self.scope().aggregates;
        let obstacle = lock_obstacle(select, aggregates).or_else(|| views.iter().find_map(|v| super::view::lock_obstacle(v, self.dialect)));
        if let Some(obstacle) = obstacle {
            let message = format!("{} is not allowed with {obstacle}", strength.to_uppercase());
            self.fail(BindErrorKind::Other, "0A000", message, query.span, None);
        }
    }

    /// Binds a SELECT in the innermost scope.
    fn select_rows(&mut self, select: &'s Select, order_by: &'s [OrderItem]) -> Rows<'s> {
        self.pending_recursion = None;
        self.bind_from(&select.from, Mode::Read);
        if self.hole_among_tables(select, order_by) {
            self.scope().porous = true;
        }
        // A fragment has no FROM: everything is open.
        if select.from.is_empty() && select.items.is_empty() {
            self.scope().porous = true;
        }
        if self.lite() {
            // Output names can be used in WHERE already.
            self.scope().aliases = select_aliases(&select.items);
        }
        self.scope().items = &select.items;
        let mut rows = Rows::default();
        let hidden = self.lite().then(|| std::mem::take(&mut self.scope().aliases));
        self.items(&select.items, &mut rows);
        if let Some(aliases) = hidden {
            self.scope().aliases = aliases;
        }
        for expr in &select.distinct_on {
            self.order_expr(expr, &rows, Clause::Order, "SELECT DISTINCT ON");
        }
        if let Some(filter) = &select.filter {
            self.within(Clause::Where, Mode::Filter, |b| b.condition(filter, "WHERE"));
        }
        if !self.lite() && !self.pg() {
            self.scope().aliases = output_aliases(&select.items, &rows);
        }
        if !self.pg() {
            self.group_by(select, &rows);
        }
        if let Some(having) = &select.having {
            self.within(Clause::Having, Mode::Filter, |b| b.condition(having, "HAVING"));
        }
        for (_, window) in &select.windows {
            self.window(window);
        }
        for item in order_by {
            self.order_expr(&item.expr, &rows, Clause::Order, "ORDER BY");
        }
        if self.pg() {
            self.group_by(select, &rows);
            self.check_grouping(select, order_by);
        }
        if select.distinct && select.distinct_on.is_empty() {
            for column in &rows.columns {
                self.shape(select.span, format!("distinct {}", self.describe(&column.value)), usize::MAX);
            }
        }
        if let Some(into) = &select.into {
            self.opaque(into.span(), ObjectKind::Table, "the statement creates it");
        }
        rows
    }

    /// Whether an unknown part stands between FROM and the clauses behind it, where it may add tables.
    fn hole_among_tables(&self, select: &Select, order_by: &[OrderItem]) -> bool {
        let text = select.span.slice(self.text);
        if !text.contains(HOLE) {
            return false;
        }
        let first = select.items.iter().map(|i| match i {
            SelectItem::Star { span, .. } => span.end,
            SelectItem::Expr { expr, alias } => alias.as_ref().map_or(expr.span.end, |a| a.span.end),
        });
        let from = first.max().unwrap_or(select.span.start);
        let later = select.filter.iter().chain(&select.group_by).chain(&select.having).chain(order_by.iter().map(|o| &o.expr));
        let to = later.map(|e| e.span.start).min().unwrap_or(select.span.end);
        let holes = text.match_indices(HOLE).map(|(i, _)| select.span.start as usize + i);
        holes.filter(|h| (from as usize..to as usize).contains(h)).any(|h| {
            // Behind an operator or a word that wants an operand, it is that operand.
            let before = self.text.get(..h).unwrap_or("").trim_end();
            let word = before.rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or("").to_lowercase();
            let names = before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '"' | '`' | ']' | ')'));
            names
                && !matches!(
                    word.as_str(),
                    "on" | "and" | "or" | "not" | "in" | "like" | "ilike" | "between" | "is" | "where" | "when" | "then" | "else"
                )
        })
    }

    fn group_by(&mut self, select: &'s Select, rows: &Rows<'s>) {
        for expr in &select.group_by {
            if self.position(expr, rows, "GROUP BY") {
                continue;
            }
            // Input columns come first, then output names.
            let mark = self.out.uses.len();
            let value = self.within(Clause::Group, Mode::Read, |b| match (&expr.kind, b.pg()) {
                (ExprKind::Column(name), true) if name.parts.len() == 1 && b.input_column(name).is_empty() => {
                    match rows.columns.iter().find(|c| c.name == name.last().value) {
                        Some(column) => column.value.clone(),
                        None => b.expr(expr),
                    }
                }
                _ => b.expr(expr),
            });
            let text = format!("group {}", self.describe(&value));
            self.shape(expr.span, text, mark);
        }
    }

    /// The meanings of an unqualified name in the innermost scope.
    pub fn input_column(&mut self, name: &Name) -> Vec<Found> {
        let dialect = self.dialect;
        self.scope().columns_named(dialect, &name.last().value)
    }

    /// Binds an item of ORDER BY or DISTINCT ON.
    fn order_expr(&mut self, expr: &'s Expr, rows: &Rows<'s>, clause: Clause, shown: &str) {
        if self.position(expr, rows, shown) {
            return;
        }
        let mark = self.out.uses.len();
        let value = self.within(clause, Mode::Order, |b| {
            if let ExprKind::Column(name) = &expr.kind
                && let [only] = name.parts.as_slice()
            {
                // A bare name is an output column first.
                let mut named = rows.columns.iter().filter(|c| b.dialect.same_column(&c.name, &only.value));
                if let Some(first) = named.next() {
                    if named.next().is_some() && !b.lite() && b.several_items(&only.value, rows) {
                        let my = if b.engine == Engine::MariaDb { "ORDER BY" } else { "order clause" };
                        b.fail_by_engine(
                            BindErrorKind::AmbiguousColumn,
                            ("42702", format!("ORDER BY \"{}\" is ambiguous", only.value)),
                            ("1052", format!("Column '{}' in {my} is ambiguous", only.value)),
                            String::new(),
                            only.span,
                            None,
                        );
                    }
                    // SQLite prefers it only where it is an alias that was written.
                    // The columns that a star stands for count as such.
                    let written =
                        !b.lite() || first.from_star || b.scope().aliases.iter().any(|(a, _)| a.eq_ignore_ascii_case(&only.value));
                    if written {
                        let first = first.clone();
                        if let Some(origin) = first.value.origin {
                            b.use_column(origin, only.span, false);
                        }
                        return first.value;
                    }
                }
            }
            b.expr(expr)
        });
        let text = format!("order {}", self.describe(&value));
        self.shape(expr.span, text, mark);
    }

    /// Whether the innermost SELECT has items of this output name that are not the same.
    fn several_items(&mut self, name: &str, rows: &Rows<'s>) -> bool {
        let (dialect, text, pg) = (self.dialect, self.text, self.pg());
        let items = self.scope().items;
        let stars = items.iter().filter(|i| matches!(i, SelectItem::Star { .. })).count();
        // One star gives a column once for each table that has one of that name.
        let from_star = rows.columns.iter().filter(|c| c.from_star && dialect.same_column(&c.name, name)).count();
        if stars == 1 && from_star > 1 {
            return true;
        }
        let mut written: Vec<String> = Vec::new();
        for item in items {
            let SelectItem::Expr { expr, alias } = item else { continue };
            let column = match &expr.kind {
                ExprKind::Column(column) => Some(column),
                _ => None,
            };
            let own = alias.as_ref().map(|a| a.value.as_str()).or(column.map(|c| c.last().value.as_str()));
            if !own.is_some_and(|own| dialect.same_column(own, name)) {
                continue;
            }
            // MySQL takes the first alias of an expression that is no column; only columns contend.
            if !pg && column.is_none() {
                break;
            }
            // With one table that has such a column, the qualifier makes no difference.
            let own = match column {
                Some(column) if self.input_column(column).len() == 1 => column.last().value.clone(),
                _ => expr.span.slice(text).to_lowercase(),
            };
            if !written.contains(&own) {
                written.push(own);
            }
        }
        written.len() + usize::from(from_star > 0) > 1
    }

    /// An integer literal is the position of an output column. Returns whether `expr` was one.
    fn position(&mut self, expr: &'s Expr, rows: &Rows<'s>, clause: &str) -> bool {
        let ExprKind::Literal(Literal::Number(number)) = &expr.kind else { return false };
        let Ok(position) = number.parse::<usize>() else { return false };
        if rows.open || (1..=rows.columns.len()).contains(&position) {
            if let Some(origin) = position.checked_sub(1).and_then(|i| rows.columns.get(i)).and_then(|c| c.value.origin) {
                let mode = if clause == "ORDER BY" { Mode::Order } else { Mode::Read };
                self.use_column_as(origin, mode, expr.span, true);
            }
            return true;
        }
        let my = if self.engine == crate::model::dialect::Engine::MariaDb { clause } else { "order clause" };
        self.fail_by_engine(
            BindErrorKind::UnknownColumn,
            ("42P10", format!("{clause} position {position} is not in select list")),
            ("1054", format!("Unknown column '{position}' in '{my}'")),
            format!("{} {clause} term out of range - should be between 1 and {}", ordinal(position), rows.columns.len()),
            expr.span,
            None,
        );
        true
    }

    /// ORDER BY of a set operation or VALUES sees its output columns only.
    fn order_set(&mut self, query: &'s Query, rows: &Rows<'s>) {
        if !query.order_by.is_empty() {
            let mut scope = Scope::default();
            let mut relation = Relation::new(Cow::Borrowed(""), Columns::List(Rc::new(rows.columns.clone())), query.span);
            relation.open = rows.open;
            relation.system = rows.open;
            scope.relations.push(relation);
            self.scopes.push(scope);
            for item in &query.order_by {
                // SQLite also takes the expressions of any arm.
                if self.lite() && !matches!(item.expr.kind, ExprKind::Column(_) | ExprKind::Literal(_)) {
                    self.muted += 1;
                    self.order_expr(&item.expr, rows, Clause::Order, "ORDER BY");
                    self.muted -= 1;
                } else {
                    self.order_expr(&item.expr, rows, Clause::Order, "ORDER BY");
                }
            }
            self.scopes.pop();
        }
        self.limit(query);
    }

    /// Binds select items; used for RETURNING too.
    pub fn items(&mut self, items: &'s [SelectItem], rows: &mut Rows<'s>) {
        for item in items {
            match item {
                SelectItem::Star { qualifier, span } => self.star(qualifier.as_ref(), *span, rows),
                SelectItem::Expr { expr, alias } => {
                    if let ExprKind::QualifiedStar(name) = &expr.kind {
                        self.star(Some(name), expr.span, rows);
                        continue;
                    }
                    if let ExprKind::Field { expr: inner, field: None } = &expr.kind {
                        self.fields_star(inner, rows);
                        continue;
                    }
                    let value = self.expr(expr);
                    let name = match alias {
                        Some(alias) => Cow::Borrowed(alias.value.as_str()),
                        None => self.output_name(expr, &value),
                    };
                    rows.columns.push(Column { name, value, from_star: false });
                }
            }
        }
    }

    /// `(x).*`: the fields of a composite.
    fn fields_star(&mut self, inner: &'s Expr, rows: &mut Rows<'s>) {
        let value = self.expr(inner);
        let fields = self.composite_fields(&value.ty);
        if fields.is_empty() {
            rows.open = true;
        }
        for (name, ty) in fields {
            rows.columns.push(Column { name: Cow::Owned(name), value: Value::new(ty, None), from_star: true });
        }
    }

    /// Expands `*` or `t.*`.
    pub fn star(&mut self, qualifier: Option<&'s Name>, span: Span, rows: &mut Rows<'s>) {
        let depth = self.scopes.len().saturating_sub(1);
        match qualifier {
            None => {
                if self.scope().relations.is_empty() && !self.scope().porous && !self.porous {
                    let kind = BindErrorKind::Other;
                    self.fail_by_engine(
                        kind,
                        ("42601", "SELECT * with no tables specified is not valid".to_string()),
                        ("1096", "No tables used".to_string()),
                        "no tables specified".to_string(),
                        span,
                        None,
                    );
                }
                if self.scope().porous || self.porous {
                    rows.open = true;
                }
                for part in self.scope().star.clone() {
                    match part {
                        StarPart::Relation(r) => self.star_relation(depth, r, false, span, rows),
                        StarPart::Merge(m) => self.star_merge(depth, m, rows),
                    }
                }
            }
            Some(name) => {
                if name.is_hole() {
                    self.opaque(name.span(), ObjectKind::Table, "the table name is not known");
                    rows.open = true;
                    return;
                }
                let schema = name.qualifier().map(|q| q.value.as_str());
                for depth in (0..self.scopes.len()).rev() {
                    if self.scopes[depth].sealed {
                        continue;
                    }
                    if let Some(r) = self.scopes[depth].relation_named(self.dialect, schema, &name.last().value) {
                        self.star_relation(depth, r, true, span, rows);
                        return;
                    }
                }
                if self.porous || self.scopes.iter().any(|s| s.porous) {
                    self.opaque(name.span(), ObjectKind::Table, "the table is not known");
                    rows.open = true;
                    return;
                }
                let shown = &name.last().value;
                self.fail_by_engine(
                    BindErrorKind::UnknownTable,
                    ("42P01", format!("missing FROM-clause entry for table \"{shown}\"")),
                    ("1051", format!("Unknown table '{shown}'")),
                    format!("no such table: {shown}"),
                    name.span(),
                    None,
                );
                rows.open = true;
            }
        }
    }

    fn star_merge(&mut self, depth: usize, index: usize, rows: &mut Rows<'s>) {
        let Some(merge) = self.scopes.get(depth).and_then(|s| s.merges.get(index)) else { return };
        let (name, value, members) = (merge.name.clone(), merge.value.clone(), merge.members.clone());
        if let Some(origin) = members.first().and_then(|(r, c)| self.origin(depth, *r, *c)) {
            self.use_column(origin, Span::default(), true);
        }
        rows.columns.push(Column { name, value, from_star: true });
    }

    fn star_relation(&mut self, depth: usize, index: usize, qualified: bool, span: Span, rows: &mut Rows<'s>) {
        let lite = self.lite();
        let Some(scope) = self.scopes.get(depth) else { return };
        let Some(relation) = scope.relations.get(index) else { return };
        if relation.open {
            rows.open = true;
            if !relation.system {
                let (schema, table) = match relation.table {
                    Some(t) => (t.name.schema.clone(), t.name.name.clone()),
                    None => (relation.schema.as_deref().unwrap_or("").to_string(), relation.own_name.to_string()),
                };
                let entry = super::binding::Use {
                    id: None,
                    table_id: relation.table.map(|t| t.id),
                    schema,
                    table,
                    column: ColumnRef::All,
                    kind: ObjectKind::Column,
                    mode: self.mode,
                    span: Span::default(),
                    implicit: true,
                    through_view: None,
                    confidence: 80,
                };
                self.out.uses.push(entry);
                self.opaque(span, ObjectKind::Column, "the columns of the table are not wholly known");
            }
        }
        let scope = &self.scopes[depth];
        let relation = &scope.relations[index];
        let shown: Vec<(usize, String)> = (0..relation.len())
            .filter(|c| !relation.is_hidden(*c) && !merged_in(scope, index, *c, qualified, lite))
            .map(|c| (c, relation.column_name(c).to_string()))
            .collect();
        for (c, name) in shown {
            let value = self.place_value(depth, index, c);
            if let Some(origin) = value.origin {
                self.use_column(origin, Span::default(), true);
            }
            rows.columns.push(Column { name: Cow::Owned(name), value, from_star: true });
        }
    }
}

/// Whether `*` shows the column as part of a merged one.
fn merged_in(scope: &Scope, relation: usize, column: usize, qualified: bool, lite: bool) -> bool {
    // SQLite shows a merged column where its leftmost member stands.
    !qualified && scope.merges.iter().any(|m| m.members.iter().enumerate().any(|(i, p)| *p == (relation, column) && (i > 0 || !lite)))
}

/// Aliases that are written, without their values.
fn select_aliases<'s>(items: &'s [SelectItem]) -> Vec<(Cow<'s, str>, Value<'s>)> {
    let aliases = items.iter().filter_map(|i| match i {
        SelectItem::Expr { alias: Some(alias), .. } => Some((Cow::Borrowed(alias.value.as_str()), Value::any())),
        _ => None,
    });
    aliases.collect()
}

/// Aliases that are written, with the values of their items where no `*` shifts them.
fn output_aliases<'s>(items: &'s [SelectItem], rows: &Rows<'s>) -> Vec<(Cow<'s, str>, Value<'s>)> {
    let mut aliases = select_aliases(items);
    for (name, value) in &mut aliases {
        if let Some(column) = rows.columns.iter().find(|c| !c.from_star && c.name == *name) {
            *value = column.value.clone();
        }
    }
    aliases
}

/// What keeps the rows of a SELECT from being locked, in PostgreSQL's words.
pub fn lock_obstacle(select: &Select, aggregates: bool) -> Option<&'static str> {
    if select.distinct || !select.distinct_on.is_empty() {
        Some("DISTINCT clause")
    } else if !select.group_by.is_empty() {
        Some("GROUP BY clause")
    } else if select.having.is_some() {
        Some("HAVING clause")
    } else {
        aggregates.then_some("aggregate functions")
    }
}

fn ordinal(n: usize) -> String {
    let suffix = match (n % 10, n % 100) {
        (1, 11) | (2, 12) | (3, 13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{n}{suffix}")
}

/// Place of a set operation's arm.
fn set_span(body: &SetExpr) -> Span {
    match body {
        SetExpr::Select(s) => s.span,
        SetExpr::Query(q) => q.span,
        SetExpr::SetOp { left, right, .. } => set_span(left).to(set_span(right)),
        SetExpr::Values(rows) => {
            let first = rows.first().and_then(|r| r.first()).map_or(Span::default(), |e| e.span);
            let last = rows.last().and_then(|r| r.last()).map_or(first, |e| e.span);
            first.to(last)
        }
        SetExpr::Table(name) => name.span(),
        SetExpr::Hole(span) => *span,
    }
}
