//! FROM: tables, derived tables, functions and joins become relations of the innermost scope.

use super::binder::{Binder, MAX_DEPTH};
use super::binding::BindErrorKind;
use super::catalog::postgres::catalog;
use super::errors::Clause;
use super::scope::{Columns, Found, Merge, Place, Relation, Scope, StarPart, numbered};
use super::value::{Column, Rows, Ty, Value};
use crate::model::object::ObjectKind;
use crate::model::span::Span;
use crate::model::statement::Mode;
use crate::sql::ast::{Expr, FromItem, Ident, JoinKind, Name, Query, TableAlias, TypeName};
use std::borrow::Cow;
use std::rc::Rc;

impl<'s> Binder<'s> {
    /// Binds the items of FROM into the innermost scope.
    pub fn bind_from(&mut self, items: &'s [FromItem], mode: Mode) {
        for item in items {
            self.bind_from_item(item, mode);
        }
        self.scope().visible_from = 0;
        self.check_duplicate_aliases();
    }

    /// Binds one item; `mode` is what the statement does with a table named directly.
    pub fn bind_from_item(&mut self, item: &'s FromItem, mode: Mode) {
        self.depth += 1;
        if self.depth <= MAX_DEPTH {
            match item {
                FromItem::Table { name, alias, index_hints, partitions, .. } => {
                    self.table_item(name, alias.as_ref(), mode, index_hints, partitions);
                }
                FromItem::Derived { lateral, query, alias } => self.derived(*lateral, query, alias.as_ref()),
                FromItem::Function { call, ordinality, alias, columns, .. } => {
                    self.function_item(call, *ordinality, alias.as_ref(), columns)
                }
                FromItem::Join { left, right, kind, natural, using, on, using_alias } => {
                    self.join(left, right, *kind, *natural, using, on.as_ref(), using_alias.as_ref(), mode);
                }
                FromItem::Hole(span) => {
                    self.scope().porous = true;
                    self.opaque(*span, ObjectKind::Table, "a table or join that is not known");
                }
            }
        }
        self.depth -= 1;
    }

    fn table_item(&mut self, name: &'s Name, alias: Option<&'s TableAlias>, mode: Mode, hints: &'s [Ident], partitions: &'s [Ident]) {
        if let [only] = name.parts.as_slice()
            && let Some(rows) = self.cte_named(only)
        {
            let mut relation = Relation::new(
                Cow::Borrowed(alias.map_or(only.value.as_str(), |a| a.name.value.as_str())),
                Columns::List(Rc::new(rows.columns.clone())),
                only.span,
            );
            relation.open = rows.open;
            relation.own_name = Cow::Borrowed(only.value.as_str());
            relation.system = rows.open;
            self.rename(&mut relation, alias);
            self.add_relation(relation);
            return;
        }
        let mut relation = self.table_relation(name, alias.map(|a| &a.name), mode);
        self.check_index_hints(relation.table, hints, &relation.name.clone());
        self.check_partitions(relation.table, partitions);
        self.rename(&mut relation, alias);
        self.add_relation(relation);
    }

    /// The rows of the CTE that a name means. SQLite's are bound here.
    fn cte_named(&mut self, ident: &Ident) -> Option<Rc<Rows<'s>>> {
        let index = self
            .ctes
            .iter()
            .rposition(|c| self.dialect.same_table(c.name, &ident.value) || (self.mysql() && c.name.eq_ignore_ascii_case(&ident.value)))?;
        let entry = self.ctes.get_mut(index)?;
        entry.used = true;
        if let Some(rows) = &entry.rows {
            return Some(rows.clone());
        }
        if self.lite() && self.pending_recursion != Some(index) && !entry_is_running(self, index) {
            self.running.push(index);
            let rows = self.bind_cte(index);
            self.running.pop();
            return rows;
        }
        if self.lite() && entry_is_running(self, index) {
            let message = format!("circular reference: {}", ident.value);
            self.fail(BindErrorKind::Other, "SQLITE_ERROR", message, ident.span, None);
        }
        // A recursive reference before its first arm is known: columns are taken as they come.
        Some(Rc::new(Rows { columns: Vec::new(), open: true }))
    }

    fn rename(&mut self, relation: &mut Relation<'s>, alias: Option<&'s TableAlias>) {
        let Some(alias) = alias else { return };
        if alias.name.is_hole() {
            // What stands where an alias would may as well be a join or a condition.
            relation.name = relation.own_name.clone();
            self.scope().porous = true;
            self.opaque(alias.name.span, ObjectKind::Other, "a clause that is not known");
        }
        relation.renamed = &alias.columns;
        let (have, want) = (relation.len(), alias.columns.len());
        if want > have && !relation.open {
            let name = &alias.name.value;
            let message = format!("table \"{name}\" has {have} columns available but {want} columns specified");
            self.fail(BindErrorKind::ColumnCount, "42P10", message, alias.name.span, None);
        }
    }

    /// Binds a subquery in FROM: other items of this level are in sight only if it is LATERAL.
    fn derived(&mut self, lateral: bool, query: &'s Query, alias: Option<&'s TableAlias>) {
        let sealed = std::mem::replace(&mut self.scope().sealed, !lateral);
        // MySQL makes the rows of a derived table before those of any query around it.
        let outer = if self.mysql() && !lateral { std::mem::take(&mut self.scopes) } else { Vec::new() };
        let mut rows = self.query_rows(query);
        if !outer.is_empty() {
            self.scopes = outer;
        }
        self.scope().sealed = sealed;
        if let Some(alias) = alias {
            self.rename_columns(&mut rows, &alias.columns, &alias.name.value, alias.name.span, false);
        }
        let name = alias.map_or("", |a| a.name.value.as_str());
        if self.mysql() {
            self.refuse_duplicate_columns(&rows, query.span);
        }
        if self.lite() {
            numbered(&mut rows.columns, self.dialect);
        }
        let mut relation =
            Relation::new(Cow::Borrowed(name), Columns::List(Rc::new(rows.columns)), alias.map_or(query.span, |a| a.name.span));
        relation.open = rows.open;
        relation.system = rows.open;
        self.add_relation(relation);
    }

    /// MySQL gives every column of a derived table or view its own name.
    pub fn refuse_duplicate_columns(&mut self, rows: &Rows<'s>, span: Span) {
        for (i, column) in rows.columns.iter().enumerate() {
            if rows.columns.iter().take(i).any(|c| self.dialect.same_column(&c.name, &column.name)) {
                let message = format!("Duplicate column name '{}'", column.name);
                self.fail(BindErrorKind::Duplicate, "1060", message, span, None);
                return;
            }
        }
    }

    /// A function in FROM sees the items before it without LATERAL.
    fn function_item(&mut self, call: &'s Expr, ordinality: bool, alias: Option<&'s TableAlias>, definitions: &'s [(Ident, TypeName)]) {
        let super::function::TableFunction { mut columns, scalar, unnamed, open, name } = self.table_function(call);
        if !definitions.is_empty() {
            columns = definitions.iter().map(|(n, t)| self.defined_column(n, t)).collect();
        }
        if ordinality {
            let ty = catalog().id("bigint").and_then(|i| catalog().data_type(i)).map_or(Ty::Any, Ty::of);
            columns.push(Column { name: Cow::Borrowed("ordinality"), value: Value::new(ty, Some(false)), from_star: false });
        }
        let open = open && definitions.is_empty();
        let shown = alias.map_or(name, |a| Cow::Borrowed(a.name.value.as_str()));
        // A function with one unnamed column gives it the alias of the table.
        if unnamed
            && let Some(a) = alias
            && let Some(first) = columns.first_mut()
        {
            first.name = Cow::Borrowed(a.name.value.as_str());
        }
        let mut relation = Relation::new(shown, Columns::List(Rc::new(columns)), call.span);
        relation.scalar = scalar;
        relation.open = open;
        relation.system = open;
        self.rename(&mut relation, alias);
        self.add_relation(relation);
    }

    fn defined_column(&mut self, name: &'s Ident, ty: &'s TypeName) -> Column<'s> {
        let ty = self.named_type(ty);
        Column { name: Cow::Borrowed(&name.value), value: Value::new(ty, None), from_star: false }
    }

    #[allow(clippy::too_many_arguments)]
    fn join(
        &mut self,
        left: &'s FromItem,
        right: &'s FromItem,
        kind: JoinKind,
        natural: bool,
        using: &'s [Ident],
        on: Option<&'s Expr>,
        using_alias: Option<&'s Ident>,
        mode: Mode,
    ) {
        let first = self.scope().relations.len();
        let star_first = self.scope().star.len();
        self.bind_from_item(left, mode);
        let middle = self.scope().relations.len();
        let star_middle = self.scope().star.len();
        self.bind_from_item(right, mode);
        let last = self.scope().relations.len();
        if matches!(kind, JoinKind::Right | JoinKind::Full) {
            self.make_nullable(first, middle);
        }
        if matches!(kind, JoinKind::Left | JoinKind::Full) {
            self.make_nullable(middle, last);
        }
        if natural {
            self.natural(first, middle, star_first, star_middle, kind);
        } else if !using.is_empty() {
            let mark = self.out.uses.len();
            for column in using {
                self.using_column(column, first, middle, star_first, star_middle, kind, mark);
            }
            if let Some(alias) = using_alias {
                self.add_using_alias(alias, using);
            }
        }
        if let Some(on) = on {
            let visible = self.scope().visible_from;
            // SQLite resolves ON against the whole FROM clause so far.
            if !self.lite() {
                self.scope().visible_from = first;
            }
            self.within(Clause::On, Mode::Join, |b| b.condition(on, "JOIN/ON"));
            self.scope().visible_from = visible;
        }
    }

    fn make_nullable(&mut self, from: usize, to: usize) {
        for relation in self.scope().relations.iter_mut().take(to).skip(from) {
            relation.nullable = true;
        }
    }

    fn add_using_alias(&mut self, alias: &'s Ident, using: &'s [Ident]) {
        let mut columns = Vec::new();
        for name in using {
            if let Some(merge) = self.scope().merges.iter().rev().find(|m| m.name == name.value) {
                columns.push(Column { name: Cow::Borrowed(name.value.as_str()), value: merge.value.clone(), from_star: false });
            }
        }
        let mut relation = Relation::new(Cow::Borrowed(&alias.value), Columns::List(Rc::new(columns)), alias.span);
        relation.qualified_only = true;
        self.scope().relations.push(relation);
    }

    /// The meanings of a column name on one side of a join.
    fn on_side(&mut self, name: &str, from: usize, to: usize) -> Vec<Found> {
        let dialect = self.dialect;
        let scope = self.scope();
        let visible = std::mem::replace(&mut scope.visible_from, from);
        let mut found = scope.columns_named(dialect, name);
        scope.visible_from = visible;
        found.retain(|f| match f {
            Found::Place((r, _)) => *r < to,
            Found::Merge(m) => scope.merges.get(*m).and_then(|m| m.members.first()).is_some_and(|p| p.0 < to),
        });
        found
    }

    #[allow(clippy::too_many_arguments)]
    fn using_column(
        &mut self,
        column: &'s Ident,
        first: usize,
        middle: usize,
        star_first: usize,
        star_middle: usize,
        kind: JoinKind,
        mark: usize,
    ) {
        if column.is_hole() {
            self.opaque(column.span, ObjectKind::Column, "a part of the name is not known");
            return;
        }
        let last = self.scope().relations.len();
        let left = self.on_side(&column.value, first, middle);
        let right = self.on_side(&column.value, middle, last);
        let open = |b: &mut Self, from: usize, to: usize| b.scope().relations.iter().take(to).skip(from).any(|r| r.open);
        let name = &column.value;
        for (side, found, from, to) in [("left", &left, first, middle), ("right", &right, middle, last)] {
            if found.is_empty() && !open(self, from, to) {
                self.within(Clause::From, Mode::Join, |b| {
                    b.fail_by_engine(
                        BindErrorKind::UnknownColumn,
                        ("42703", format!("column \"{name}\" specified in USING clause does not exist in {side} table")),
                        ("1054", format!("Unknown column '{name}' in '{}'", b.clause_name())),
                        format!("cannot join using column {name} - column not present in both tables"),
                        column.span,
                        None,
                    );
                });
            } else if found.len() > 1 {
                let message = format!("common column name \"{name}\" appears more than once in {side} table");
                let clause = self.clause_name();
                self.fail_by_engine(
                    BindErrorKind::AmbiguousColumn,
                    ("42702", message),
                    ("1052", format!("Column '{name}' in {clause} is ambiguous")),
                    format!("ambiguous reference to {name} in USING()"),
                    column.span,
                    None,
                );
            }
        }
        match (left.first(), right.first()) {
            (Some(l), Some(r)) => {
                let (l, r) = (l.clone(), r.clone());
                self.merge(Cow::Borrowed(name), l, r, column.span, star_first, star_middle, kind, mark);
            }
            (found_left, found_right) => {
                // One side is open: the other one's column is joined all the same.
                let depth = self.scopes.len().saturating_sub(1);
                for found in [found_left, found_right].into_iter().flatten() {
                    self.within(Clause::From, Mode::Join, |b| b.take(depth, found, column));
                }
                self.attribute_to_open(column, first, last);
            }
        }
    }

    fn attribute_to_open(&mut self, column: &'s Ident, from: usize, to: usize) {
        let depth = self.scopes.len().saturating_sub(1);
        let open: Vec<usize> =
            (from..to).filter(|r| self.scopes.get(depth).and_then(|s| s.relations.get(*r)).is_some_and(|r| r.open)).collect();
        self.within(Clause::From, Mode::Join, |b| {
            for relation in open {
                b.use_open_column(relation, depth, &column.value, column.span, 80);
            }
        });
    }

    fn natural(&mut self, first: usize, middle: usize, star_first: usize, star_middle: usize, kind: JoinKind) {
        let last = self.scope().relations.len();
        let mut names: Vec<String> = Vec::new();
        for part in self.scope().star.get(star_first..star_middle).unwrap_or(&[]).to_vec() {
            match part {
                StarPart::Merge(m) => names.extend(self.scope().merges.get(m).map(|m| m.name.to_string())),
                StarPart::Relation(r) => {
                    if let Some(relation) = self.scope().relations.get(r) {
                        names.extend((0..relation.len()).map(|c| relation.column_name(c).to_string()));
                    }
                }
            }
        }
        let mut done: Vec<String> = Vec::new();
        for name in names {
            if done.iter().any(|d| self.dialect.same_column(d, &name)) {
                continue;
            }
            let left = self.on_side(&name, first, middle);
            let right = self.on_side(&name, middle, last);
            if let (Some(l), Some(r)) = (left.first(), right.first()) {
                let (l, r) = (l.clone(), r.clone());
                let mark = self.out.uses.len();
                done.push(name.clone());
                self.merge(Cow::Owned(name), l, r, Span::default(), star_first, star_middle, kind, mark);
            }
        }
    }

    /// Makes two columns one.
    #[allow(clippy::too_many_arguments)]
    fn merge(
        &mut self,
        name: Cow<'s, str>,
        left: Found,
        right: Found,
        span: Span,
        star_first: usize,
        star_middle: usize,
        kind: JoinKind,
        mark: usize,
    ) {
        let depth = self.scopes.len().saturating_sub(1);
        let implicit = span.is_empty();
        let mut members: Vec<Place> = Vec::new();
        let mut values = Vec::new();
        for found in [&left, &right] {
            match found {
                Found::Place(place) => {
                    members.push(*place);
                    values.push(self.place_value(depth, place.0, place.1));
                }
                Found::Merge(m) => {
                    if let Some(merge) = self.scope().merges.get_mut(*m) {
                        merge.absorbed = true;
                        members.extend(merge.members.iter().copied());
                        values.push(merge.value.clone());
                    }
                }
            }
        }
        for (relation, column) in &members {
            if let Some(origin) = self.origin(depth, *relation, *column) {
                self.use_column_as(origin, Mode::Join, span, implicit);
            }
        }
        let at = if implicit { self.scope().relations.last().map_or(span, |r| r.span) } else { span };
        if let [l, r] = values.as_slice() {
            self.compare("=", l, r, at, mark);
        }
        let unified = match values.as_slice() {
            [l, r] => self.unify_values(&[l.clone(), r.clone()]),
            _ => Value::any(),
        };
        let mut value = match kind {
            JoinKind::Right => values.get(1).cloned().unwrap_or_default(),
            JoinKind::Full => unified.clone(),
            _ => values.first().cloned().unwrap_or_default(),
        };
        if self.pg() {
            value.ty = unified.ty;
        }
        let scope = self.scope();
        let index = scope.merges.len();
        scope.merges.push(Merge { name, members, value, absorbed: false });
        self.place_merge(index, star_first, star_middle);
    }

    /// Puts a merged column where `*` shows it: before the others of the join; in SQLite in the place of
    /// the left one.
    fn place_merge(&mut self, index: usize, star_first: usize, star_middle: usize) {
        let lite = self.lite();
        let scope = self.scope();
        let absorbed = |s: &Scope, p: &StarPart| matches!(p, StarPart::Merge(m) if s.merges.get(*m).is_some_and(|m| m.absorbed));
        let before = scope.star.len();
        let star = std::mem::take(&mut scope.star);
        let kept: Vec<StarPart> = star.into_iter().filter(|p| !absorbed(scope, p)).collect();
        scope.star = kept;
        let _ = (before, star_middle);
        if !lite {
            // After the merged columns that this join already has.
            let mut at = star_first.min(scope.star.len());
            while matches!(scope.star.get(at), Some(StarPart::Merge(m)) if *m < index && scope.merges.get(*m).is_some_and(|x| !x.absorbed) && is_of_this_join(scope, *m, index))
            {
                at += 1;
            }
            scope.star.insert(at, StarPart::Merge(index));
        }
    }
}

/// Whether an earlier merge was made by the same join: their last members stand in the same relation.
fn is_of_this_join(scope: &Scope, earlier: usize, index: usize) -> bool {
    let last = |m: usize| scope.merges.get(m).and_then(|m| m.members.last()).map(|p| p.0);
    last(earlier) == last(index)
}

fn entry_is_running(binder: &Binder, index: usize) -> bool {
    binder.running.contains(&index)
}

impl Binder<'_> {
    /// Two FROM items of one level may not share a name.
    pub fn check_duplicate_aliases(&mut self) {
        let dialect = self.dialect;
        let mysql = self.mysql();
        let scope = self.scope();
        let mut twice = None;
        for (i, relation) in scope.relations.iter().enumerate() {
            if relation.name.is_empty() {
                continue;
            }
            let same = |other: &&Relation| {
                let names = dialect.same_table(&other.name, &relation.name)
                    || (mysql && other.name.eq_ignore_ascii_case(&relation.name) && other.name == relation.name);
                names && (other.schema.is_none() || relation.schema.is_none() || other.schema == relation.schema)
            };
            if scope.relations.iter().take(i).any(|o| same(&o)) {
                twice = Some((relation.name.to_string(), relation.span));
                break;
            }
        }
        if let Some((name, span)) = twice
            && !self.lite()
        {
            self.fail_by_engine(
                BindErrorKind::Duplicate,
                ("42712", format!("table name \"{name}\" specified more than once")),
                ("1066", format!("Not unique table/alias: '{name}'")),
                String::new(),
                span,
                None,
            );
        }
    }
}
