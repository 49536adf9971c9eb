//! Views and SQL functions: their own text is bound where a statement uses them.

use super::binder::{Binder, MAX_VIEWS};
use super::binding::{BindErrorKind, Binding, Use};
use super::scope::Columns;
use super::value::{Column, Origin, Ty, Value};
use crate::model::dialect::Engine;
use crate::model::object::{ObjectId, ObjectKind, ObjectRef};
use crate::model::schema::{Function, Table, View};
use crate::model::span::Span;
use crate::model::types::DataType;
use crate::sql::ast::{FromItem, Name, Query, SelectItem, SetExpr, StatementKind};
use crate::sql::parse::{parse_script, parse_statement};
use std::borrow::Cow;
use std::rc::Rc;

impl<'s> Binder<'s> {
    /// The columns of a view, after binding its text. Records what it uses, and the error where it is broken.
    pub fn view_columns(&mut self, table: &'s Table, view: &'s View, span: Span) -> Columns<'s> {
        if let Some((_, columns)) = self.bound_views.iter().find(|v| v.0 == table.id) {
            return Columns::List(columns.clone());
        }
        if self.views >= MAX_VIEWS || view.query.is_empty() {
            return Columns::Table(table);
        }
        let materialized = matches!(table.kind, crate::model::schema::TableKind::MaterializedView(_));
        if let Some(broken) = &view.broken
            && self.mysql()
        {
            self.broken_view(table, broken, span);
            return Columns::Table(table);
        }
        let inner = self.bind_text(&view.query, &[]);
        if let Some(error) = &inner.error
            && !self.pg()
            && error.kind != BindErrorKind::Syntax
        {
            self.broken_view(table, &error.message, span);
            return Columns::Table(table);
        }
        if !materialized {
            self.take_uses(&inner, table.id);
        }
        if self.mysql() && self.lost_column(table, view, &inner) {
            self.broken_view(table, "", span);
        }
        let columns = Rc::new(self.columns_of(table, view, inner));
        self.bound_views.push((table.id, columns.clone()));
        Columns::List(columns)
    }

    /// Binds a text of the schema on its own.
    fn bind_text(&self, text: &str, parameters: &[(String, DataType)]) -> Binding {
        let statement = parse_statement(text, self.dialect);
        let session = super::session::SessionState { search_path: None, role: None, ..self.session.clone() };
        let mut binder = Binder::new(text, self.schema, &session);
        binder.views = self.views + 1;
        binder.parameters = parameters.to_vec();
        binder.statement(&statement);
        binder.finish()
    }

    fn take_uses(&mut self, inner: &Binding, view: ObjectId) {
        for used in &inner.uses {
            let through_view = used.through_view.or(Some(view));
            self.out.uses.push(Use { span: Span::default(), implicit: true, through_view, ..used.clone() });
        }
    }

    /// MySQL keeps the columns that `*` stood for when the view was made.
    fn lost_column(&self, table: &Table, view: &View, inner: &Binding) -> bool {
        let Some(outputs) = &inner.outputs else { return false };
        view.column_names.is_empty() && table.columns.iter().any(|c| !outputs.iter().any(|o| self.dialect.same_column(&o.name, &c.name)))
    }

    fn broken_view(&mut self, table: &Table, inner: &str, span: Span) {
        let object = ObjectRef::table(ObjectKind::View, &table.name);
        let (code, message) = match self.engine {
            Engine::Sqlite => ("SQLITE_ERROR", inner.to_string()),
            _ => {
                let database = self.session.database.as_ref().map_or(String::new(), |d| format!("{d}."));
                let text = "references invalid table(s) or column(s) or function(s) or definer/invoker of view lack rights to use them";
                ("1356", format!("View '{database}{}' {text}", table.name.name))
            }
        };
        self.fail(BindErrorKind::BrokenView, code, message, span, Some(object));
    }

    fn columns_of(&self, table: &'s Table, view: &'s View, inner: Binding) -> Vec<Column<'s>> {
        let outputs = inner.outputs.unwrap_or_default();
        // SQLite reads the view's text anew each time; the others keep the columns that it was made with.
        if self.lite() || table.columns.is_empty() {
            let named = outputs.into_iter().enumerate().map(|(i, output)| {
                let name = view.column_names.get(i).cloned().unwrap_or(output.name);
                let own = table.column(self.dialect, &name);
                let value = Value {
                    ty: output.ty.map_or(Ty::Any, Ty::owned),
                    nullable: output.nullable,
                    source: output.source.or(own.map(|c| c.id)),
                    origin: own.map(|column| Origin { table, column }),
                    collation: None,
                    literal: None,
                };
                Column { name: Cow::Owned(name), value, from_star: false }
            });
            return named.collect();
        }
        let kept = table.columns.iter().enumerate().map(|(i, column)| {
            let by_name = || outputs.iter().find(|o| self.dialect.same_column(&o.name, &column.name));
            let output = match (view.column_names.is_empty(), outputs.len() == table.columns.len()) {
                (true, _) => by_name().or_else(|| outputs.get(i)),
                _ => outputs.get(i),
            };
            let mut value = self.value_of(Origin { table, column }, false);
            if column.ty.name.is_empty()
                && let Some(ty) = output.and_then(|o| o.ty.clone())
            {
                value.ty = Ty::owned(ty);
            }
            if self.mysql()
                && let Some(ty) = output.and_then(|o| o.ty.clone())
            {
                value.ty = Ty::owned(ty);
            }
            value.nullable = output.and_then(|o| o.nullable);
            value.source = output.and_then(|o| o.source).or(Some(column.id));
            Column { name: Cow::Borrowed(column.name.as_str()), value, from_star: false }
        });
        kept.collect()
    }

    /// The table and column positions behind an automatically updatable view. `Err`: it is none.
    pub fn base_table(&self, table: &'s Table, depth: u32) -> Result<(&'s Table, Vec<Option<ObjectId>>), ()> {
        let Some(view) = table.view() else {
            return Ok((table, table.columns.iter().map(|c| Some(c.id)).collect()));
        };
        if depth > MAX_VIEWS {
            return Err(());
        }
        let statement = parse_statement(&view.query, self.dialect);
        let StatementKind::Query(query) = &statement.kind else { return Err(()) };
        let name = updatable_from(query, self.mysql()).ok_or(())?;
        let qualifier = name.qualifier().map(|q| q.value.as_str());
        let base =
            self.lookup_table(qualifier, &name.last().value).or_else(|| self.schema.find_table(qualifier, &name.last().value)).ok_or(())?;
        let (root, _) = self.base_table(base, depth + 1)?;
        let inner = self.bind_text(&view.query, &[]);
        let outputs = inner.outputs.unwrap_or_default();
        let columns = table.columns.iter().enumerate().map(|(i, c)| {
            let output = outputs.iter().find(|o| self.dialect.same_column(&o.name, &c.name)).or_else(|| outputs.get(i));
            output.and_then(|o| o.source).filter(|id| root.columns.iter().any(|c| c.id == *id))
        });
        Ok((root, columns.collect()))
    }
}

/// The one table of a view that can be written through.
fn updatable_from(query: &Query, mysql: bool) -> Option<Name> {
    if query.with.is_some() || !query.limit.is_empty() {
        return None;
    }
    let select = match &query.body {
        SetExpr::Select(select) => select,
        SetExpr::Query(inner) => return updatable_from(inner, mysql),
        _ => return None,
    };
    if select.distinct || !select.distinct_on.is_empty() || !select.group_by.is_empty() || select.having.is_some() {
        return None;
    }
    let aggregate = |item: &SelectItem| match item {
        SelectItem::Expr { expr, .. } => is_aggregate(expr),
        SelectItem::Star { .. } => false,
    };
    if select.items.iter().any(aggregate) {
        return None;
    }
    match select.from.as_slice() {
        [FromItem::Table { name, .. }] => Some(name.clone()),
        // MySQL writes through joins too, to one of their tables.
        [FromItem::Join { left, .. }] if mysql => {
            let mut item = left.as_ref();
            while let FromItem::Join { left, .. } = item {
                item = left;
            }
            match item {
                FromItem::Table { name, .. } => Some(name.clone()),
                _ => None,
            }
        }
        _ => None,
    }
}

/// What keeps the rows of a view from being locked.
pub fn lock_obstacle(text: &str, dialect: crate::model::dialect::Dialect) -> Option<&'static str> {
    let statement = parse_statement(text, dialect);
    let StatementKind::Query(query) = &statement.kind else { return None };
    match &query.body {
        SetExpr::Select(select) => {
            let aggregate = select.items.iter().any(|i| matches!(i, SelectItem::Expr { expr, .. } if is_aggregate(expr)));
            super::query::lock_obstacle(select, aggregate)
        }
        SetExpr::SetOp { .. } => Some("UNION/INTERSECT/EXCEPT"),
        _ => None,
    }
}

fn is_aggregate(expr: &crate::sql::ast::Expr) -> bool {
    use crate::sql::ast::ExprKind;
    match &expr.kind {
        ExprKind::Function(call) => {
            let name = call.name.last().value.to_ascii_lowercase();
            call.over.is_some()
                || call.star
                || matches!(
                    name.as_str(),
                    "count"
                        | "sum"
                        | "avg"
                        | "min"
                        | "max"
                        | "array_agg"
                        | "string_agg"
                        | "group_concat"
                        | "json_agg"
                        | "jsonb_agg"
                        | "bool_or"
                        | "bool_and"
                )
        }
        ExprKind::Paren(inner) => is_aggregate(inner),
        ExprKind::Cast { expr, .. } => is_aggregate(expr),
        _ => false,
    }
}

/// Binds the statements of an SQL function's body; their first error is the caller's.
pub fn bind_body<'s>(outer: &mut Binder<'s>, function: &'s Function, span: Span) {
    if outer.views >= MAX_VIEWS {
        return;
    }
    let own_path = function.settings.iter().find(|(name, _)| name.eq_ignore_ascii_case("search_path"));
    let path = own_path.map(|(_, value)| value.split(',').map(|s| s.trim().trim_matches(['"', '\'']).to_string()).collect());
    let session = super::session::SessionState {
        search_path: path.or_else(|| outer.session.search_path.clone()),
        role: None,
        ..outer.session.clone()
    };
    let script = parse_script(&function.body, outer.dialect);
    if script.statements.iter().any(|s| !s.errors.is_empty()) {
        return;
    }
    for statement in &script.statements {
        let mut binder = Binder::new(&function.body, outer.schema, &session);
        binder.views = outer.views + 1;
        binder.parameters = function.params.iter().map(|(n, ty, _)| (n.clone(), ty.clone())).collect();
        // The name of the function qualifies its parameters.
        binder.parameters.push((String::new(), DataType::default()));
        binder.statement(statement);
        let inner = binder.finish();
        if let Some(error) = inner.error {
            outer.fail(error.kind, &error.code, error.message, span, error.object);
            return;
        }
        outer.take_uses(&inner, function.id);
    }
}

/// The parts of a name in the text of a literal (`'app.seq'`, `'"Seq"'`), folded.
pub fn name_parts(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut quoted = false;
    for c in text.trim().chars() {
        match c {
            '"' => quoted = !quoted,
            '.' if !quoted => parts.push(std::mem::take(&mut part)),
            c if quoted => part.push(c),
            c => part.extend(c.to_lowercase()),
        }
    }
    parts.push(part);
    parts
}
