//! Walking a statement's expressions with the role of each.

use crate::sql::ast::*;

/// Where an expression stands.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// SELECT list, RETURNING.
    Output,
    /// SELECT DISTINCT, or an arm of UNION, INTERSECT, EXCEPT: rows are compared with each other.
    DistinctOutput,
    /// WHERE, HAVING, ON, WHEN, FILTER: a condition.
    Condition,
    /// GROUP BY, PARTITION BY, DISTINCT ON.
    Group,
    /// ORDER BY.
    Order,
    /// A value that is stored.
    Value,
    /// Anything else.
    Other,
}

const MAX_DEPTH: usize = 200;

/// Calls `f` with every outermost expression of a statement, those of nested queries included.
pub fn roots<'a>(statement: &'a Statement, f: &mut dyn FnMut(Role, &'a Expr)) {
    Walk { f, depth: 0 }.statement(statement);
}

/// The queries that stand directly in an expression.
pub fn queries(expr: &Expr) -> Option<&Query> {
    match &expr.kind {
        ExprKind::Exists(q) | ExprKind::Subquery(q) | ExprKind::ArraySubquery(q) => Some(q),
        ExprKind::InSubquery { query, .. } => Some(query),
        _ => None,
    }
}

struct Walk<'f, 'a> {
    f: &'f mut dyn FnMut(Role, &'a Expr),
    depth: usize,
}

impl<'a> Walk<'_, 'a> {
    fn statement(&mut self, statement: &'a Statement) {
        if self.depth > MAX_DEPTH {
            return;
        }
        self.depth += 1;
        match &statement.kind {
            StatementKind::Query(q) | StatementKind::Fragment(q) => self.query(q, false),
            StatementKind::Insert(i) => self.insert(i),
            StatementKind::Update(u) => {
                self.with(&u.with);
                u.target.iter().chain(&u.from).for_each(|i| self.from(i));
                self.set(&u.set);
                self.all(Role::Condition, &u.filter);
                u.order_by.iter().for_each(|o| self.expr(Role::Order, &o.expr));
                self.items(&u.returning, Role::Output);
            }
            StatementKind::Delete(d) => {
                self.with(&d.with);
                d.from.iter().chain(&d.using).for_each(|i| self.from(i));
                self.all(Role::Condition, &d.filter);
                d.order_by.iter().for_each(|o| self.expr(Role::Order, &o.expr));
                self.items(&d.returning, Role::Output);
            }
            StatementKind::Merge(m) => {
                self.with(&m.with);
                self.from(&m.target);
                self.from(&m.source);
                self.expr(Role::Condition, &m.on);
                for clause in &m.clauses {
                    self.all(Role::Condition, &clause.condition);
                    match &clause.action {
                        MergeAction::Update(set) => self.set(set),
                        MergeAction::Insert { values, .. } => self.all(Role::Value, values),
                        _ => {}
                    }
                }
                self.items(&m.returning, Role::Output);
            }
            StatementKind::Copy(c) => {
                if let Some(q) = &c.query {
                    self.statement(q);
                }
            }
            StatementKind::Call { args, .. } => self.all(Role::Other, args),
            StatementKind::Wrapped { inner, .. } => self.statement(inner),
            _ => {}
        }
        self.depth -= 1;
    }

    fn insert(&mut self, insert: &'a Insert) {
        self.with(&insert.with);
        match &insert.source {
            InsertSource::Values(rows) => rows.iter().for_each(|r| self.all(Role::Value, r)),
            InsertSource::Query(q) => self.query(q, false),
            InsertSource::Set(set) => self.set(set),
            _ => {}
        }
        if let Some(conflict) = &insert.on_conflict {
            self.all(Role::Other, &conflict.target);
            self.all(Role::Condition, &conflict.target_filter);
            if let Some(update) = &conflict.update {
                self.set(update);
            }
            self.all(Role::Condition, &conflict.filter);
        }
        self.items(&insert.returning, Role::Output);
    }

    fn with(&mut self, with: &'a Option<With>) {
        for cte in with.iter().flat_map(|w| &w.ctes) {
            self.statement(&cte.statement);
        }
    }

    fn query(&mut self, query: &'a Query, compared: bool) {
        if self.depth > MAX_DEPTH {
            return;
        }
        self.depth += 1;
        self.with(&query.with);
        self.body(&query.body, compared);
        query.order_by.iter().for_each(|o| self.expr(Role::Order, &o.expr));
        self.all(Role::Other, &query.limit);
        self.depth -= 1;
    }

    fn body(&mut self, body: &'a SetExpr, compared: bool) {
        if self.depth > MAX_DEPTH {
            return;
        }
        self.depth += 1;
        match body {
            SetExpr::Select(select) => self.select(select, compared),
            SetExpr::Query(q) => self.query(q, compared),
            SetExpr::SetOp { op, all, left, right } => {
                let compared = compared || !all || op != "union";
                self.body(left, compared);
                self.body(right, compared);
            }
            SetExpr::Values(rows) => rows.iter().for_each(|r| self.all(Role::Output, r)),
            _ => {}
        }
        self.depth -= 1;
    }

    fn select(&mut self, select: &'a Select, compared: bool) {
        let role = if compared || select.distinct { Role::DistinctOutput } else { Role::Output };
        self.items(&select.items, role);
        self.all(Role::Group, &select.distinct_on);
        select.from.iter().for_each(|i| self.from(i));
        self.all(Role::Condition, &select.filter);
        self.all(Role::Group, &select.group_by);
        self.all(Role::Condition, &select.having);
        for (_, window) in &select.windows {
            self.all(Role::Group, &window.partition_by);
            window.order_by.iter().for_each(|o| self.expr(Role::Order, &o.expr));
        }
    }

    fn items(&mut self, items: &'a [SelectItem], role: Role) {
        for item in items {
            if let SelectItem::Expr { expr, .. } = item {
                self.expr(role, expr);
            }
        }
    }

    fn from(&mut self, item: &'a FromItem) {
        if self.depth > MAX_DEPTH {
            return;
        }
        self.depth += 1;
        match item {
            FromItem::Derived { query, .. } => self.query(query, false),
            FromItem::Function { call, .. } => self.expr(Role::Other, call),
            FromItem::Join { left, right, on, .. } => {
                self.from(left);
                self.from(right);
                self.all(Role::Condition, on);
            }
            _ => {}
        }
        self.depth -= 1;
    }

    fn set(&mut self, set: &'a [SetClause]) {
        set.iter().for_each(|s| self.expr(Role::Value, &s.value));
    }

    fn all(&mut self, role: Role, exprs: impl IntoIterator<Item = &'a Expr>) {
        exprs.into_iter().for_each(|e| self.expr(role, e));
    }

    fn expr(&mut self, role: Role, expr: &'a Expr) {
        (self.f)(role, expr);
        self.nested(expr);
    }

    /// Queries inside an expression have outermost expressions of their own.
    fn nested(&mut self, expr: &'a Expr) {
        if self.depth > MAX_DEPTH {
            return;
        }
        self.depth += 1;
        if let Some(query) = queries(expr) {
            self.query(query, false);
        }
        expr.each_child(&mut |c| self.nested(c));
        self.depth -= 1;
    }
}
