//! The state of binding one statement: scopes, CTEs, and what has been found so far.

use super::binding::{Binding, Opaque, Shape, Use};
use super::errors::Clause;
use super::scope::{Relation, Scope};
use super::session::SessionState;
use super::value::{Column, Origin, Rows};
use crate::model::dialect::{Dialect, Engine};
use crate::model::object::{ObjectId, ObjectKind, ObjectName};
use crate::model::schema::{Schema, Table};
use crate::model::span::Span;
use crate::model::statement::{ColumnRef, Mode};
use crate::sql::ast::{Cte, With};
use std::borrow::Cow;
use std::rc::Rc;

/// Deepest nesting of queries, expressions, views and function bodies that is followed.
pub const MAX_DEPTH: u32 = 150;
/// Deepest nesting of views, triggers and function bodies.
pub const MAX_VIEWS: u32 = 12;

/// A CTE that names can mean.
#[derive(Clone, Debug)]
pub struct CteEntry<'s> {
    /// Name.
    pub name: &'s str,
    /// Its columns; `None`: not bound yet (SQLite binds a CTE where it is used), or recursive and not known yet.
    pub rows: Option<Rc<Rows<'s>>>,
    /// Its definition.
    pub cte: &'s Cte,
    /// A FROM item named it.
    pub used: bool,
}

/// The state of binding one statement.
pub struct Binder<'s> {
    /// Text that spans refer to.
    pub text: &'s str,
    /// Schema.
    pub schema: &'s Schema,
    /// Session.
    pub session: &'s SessionState,
    /// Engine and version.
    pub dialect: Dialect,
    /// Engine.
    pub engine: Engine,
    /// What has been found.
    pub out: Binding,
    /// Query levels, outermost first.
    pub scopes: Vec<Scope<'s>>,
    /// CTEs in sight, later ones hide earlier ones.
    pub ctes: Vec<CteEntry<'s>>,
    /// Role of names that are met now.
    pub mode: Mode,
    /// Clause, for messages.
    pub clause: Clause,
    /// Current nesting.
    pub depth: u32,
    /// Nesting of views, triggers and function bodies.
    pub views: u32,
    /// Errors are not recorded while it is above zero.
    pub muted: u32,
    /// The statement has syntax errors or holes that could hold anything.
    pub porous: bool,
    /// A recursive CTE whose columns the first arm of the next set operation gives.
    pub pending_recursion: Option<usize>,
    /// CTEs that are being bound where they are used (SQLite).
    pub running: Vec<usize>,
    /// Views bound so far: view identity and columns.
    pub bound_views: Vec<(ObjectId, Rc<Vec<Column<'s>>>)>,
    /// A privilege that is lacking: the engine looks for those after everything has been resolved.
    pub denied: Option<(String, Span, crate::model::object::ObjectRef)>,
    /// Parameters of the SQL function whose body is bound: names that resolve last.
    pub parameters: Vec<(String, crate::model::types::DataType)>,
}

impl<'s> Binder<'s> {
    /// A fresh state.
    pub fn new(text: &'s str, schema: &'s Schema, session: &'s SessionState) -> Self {
        Binder {
            text,
            schema,
            session,
            dialect: schema.dialect,
            engine: schema.dialect.engine,
            out: Binding::default(),
            scopes: Vec::new(),
            ctes: Vec::new(),
            mode: Mode::Read,
            clause: Clause::Select,
            depth: 0,
            views: 0,
            muted: 0,
            porous: false,
            pending_recursion: None,
            running: Vec::new(),
            bound_views: Vec::new(),
            denied: None,
            parameters: Vec::new(),
        }
    }

    /// The engine is PostgreSQL.
    pub fn pg(&self) -> bool {
        self.engine == Engine::Postgres
    }

    /// The engine is SQLite.
    pub fn lite(&self) -> bool {
        self.engine == Engine::Sqlite
    }

    /// The engine is MySQL or MariaDB.
    pub fn mysql(&self) -> bool {
        self.engine.is_mysql_family()
    }

    /// The innermost scope.
    pub fn scope(&mut self) -> &mut Scope<'s> {
        if self.scopes.is_empty() {
            self.scopes.push(Scope::default());
        }
        let last = self.scopes.len() - 1;
        &mut self.scopes[last]
    }

    /// Runs `work` in another clause and mode.
    pub fn within<T>(&mut self, clause: Clause, mode: Mode, work: impl FnOnce(&mut Self) -> T) -> T {
        let before = (self.clause, self.mode);
        (self.clause, self.mode) = (clause, mode);
        let result = work(self);
        (self.clause, self.mode) = before;
        result
    }

    /// Records a column of the schema.
    pub fn use_column(&mut self, origin: Origin<'_>, span: Span, implicit: bool) {
        self.use_column_as(origin, self.mode, span, implicit);
    }

    /// Records a column of the schema in a given mode.
    pub fn use_column_as(&mut self, origin: Origin<'_>, mode: Mode, span: Span, implicit: bool) {
        self.out.uses.push(Use {
            id: Some(origin.column.id),
            table_id: Some(origin.table.id),
            schema: origin.table.name.schema.clone(),
            table: origin.table.name.name.clone(),
            column: ColumnRef::Named(origin.column.name.clone()),
            kind: ObjectKind::Column,
            mode,
            span,
            implicit,
            through_view: None,
            confidence: 100,
        });
    }

    /// Records a column of an open table.
    pub fn use_open_column(&mut self, relation: usize, depth: usize, name: &str, span: Span, confidence: u8) {
        let Some(relation) = self.scopes.get(depth).and_then(|s| s.relations.get(relation)) else { return };
        let entry = Use {
            id: None,
            table_id: relation.table.map(|t| t.id),
            schema: relation.table.map_or_else(|| relation.schema.as_deref().unwrap_or("").to_string(), |t| t.name.schema.clone()),
            table: relation.table.map_or_else(|| relation.own_name.to_string(), |t| t.name.name.clone()),
            column: ColumnRef::Named(name.to_string()),
            kind: ObjectKind::Column,
            mode: self.mode,
            span,
            implicit: false,
            through_view: None,
            confidence,
        };
        if !relation.system {
            self.out.uses.push(entry);
        }
    }

    /// Records a table.
    pub fn use_table(&mut self, table: &Table, mode: Mode, span: Span) {
        let kind = if table.view().is_some() { ObjectKind::View } else { ObjectKind::Table };
        self.out.uses.push(Use {
            id: Some(table.id),
            table_id: Some(table.id),
            schema: table.name.schema.clone(),
            table: table.name.name.clone(),
            column: ColumnRef::Table,
            kind,
            mode,
            span,
            implicit: false,
            through_view: None,
            confidence: 100,
        });
    }

    /// Records an object that is no table or column: a type, sequence, function, index, constraint.
    pub fn use_object(&mut self, kind: ObjectKind, id: Option<ObjectId>, name: &ObjectName, table_id: Option<ObjectId>, span: Span) {
        self.out.uses.push(Use {
            id,
            table_id,
            schema: name.schema.clone(),
            table: name.name.clone(),
            column: ColumnRef::Table,
            kind,
            mode: self.mode,
            span,
            implicit: false,
            through_view: None,
            confidence: if id.is_some() { 100 } else { 80 },
        });
    }

    /// Records a name that stays open.
    pub fn opaque(&mut self, span: Span, kind: ObjectKind, reason: &str) {
        self.out.opaque.push(Opaque { span, kind, reason: reason.to_string() });
    }

    /// Records the types that an operation resolved to; `mark` is the number of uses before its operands.
    pub fn shape(&mut self, span: Span, text: String, mark: usize) {
        let uses = self.out.uses.get(mark..).unwrap_or(&[]);
        let mut columns: Vec<ObjectId> = uses.iter().filter(|u| u.kind == ObjectKind::Column).filter_map(|u| u.id).collect();
        columns.dedup();
        self.out.shapes.push(Shape { span, text, columns });
    }

    /// Adds a relation to the innermost scope and to what `*` stands for; gives its index.
    pub fn add_relation(&mut self, relation: Relation<'s>) -> usize {
        let scope = self.scope();
        scope.relations.push(relation);
        let index = scope.relations.len() - 1;
        scope.star.push(super::scope::StarPart::Relation(index));
        index
    }

    /// Brings the members of WITH into sight; gives the number of CTEs before, for [`Binder::leave_with`].
    pub fn enter_with(&mut self, with: Option<&'s With>) -> usize {
        let before = self.ctes.len();
        let Some(with) = with else { return before };
        if with.recursive || self.lite() {
            // All members see each other's names; only RECURSIVE ones in PostgreSQL and MySQL.
            for cte in &with.ctes {
                self.ctes.push(CteEntry { name: &cte.name.value, rows: None, cte, used: false });
            }
            if !self.lite() {
                for i in before..self.ctes.len() {
                    self.bind_cte(i);
                }
            }
        } else {
            for cte in &with.ctes {
                let rows = self.cte_rows(cte);
                self.ctes.push(CteEntry { name: &cte.name.value, rows: Some(Rc::new(rows)), cte, used: false });
            }
        }
        before
    }

    /// Takes the members of WITH out of sight again.
    pub fn leave_with(&mut self, before: usize) {
        if self.lite() {
            // SQLite never resolves a CTE that nothing uses; its names still count as uses.
            for i in before..self.ctes.len() {
                if self.ctes.get(i).is_some_and(|c| c.rows.is_none()) {
                    self.muted += 1;
                    self.bind_cte(i);
                    self.muted -= 1;
                }
            }
        }
        self.ctes.truncate(before);
    }

    /// Binds the CTE at an index, which may name itself.
    pub fn bind_cte(&mut self, index: usize) -> Option<Rc<Rows<'s>>> {
        let cte = self.ctes.get(index)?.cte;
        let pending = self.pending_recursion.replace(index);
        let rows = Rc::new(self.cte_rows(cte));
        self.pending_recursion = pending;
        if let Some(entry) = self.ctes.get_mut(index) {
            entry.rows = Some(rows.clone());
        }
        Some(rows)
    }

    fn cte_rows(&mut self, cte: &'s Cte) -> Rows<'s> {
        let sealed = std::mem::take(&mut self.scopes);
        let mut rows = self.within(Clause::Select, Mode::Read, |b| b.statement_rows(&cte.statement));
        self.scopes = sealed;
        self.rename_columns(&mut rows, &cte.columns, &cte.name.value, cte.name.span, true);
        if self.mysql() {
            self.refuse_duplicate_columns(&rows, cte.name.span);
        }
        if self.lite() {
            super::scope::numbered(&mut rows.columns, self.dialect);
        }
        rows
    }

    /// Gives the columns of a CTE or derived table the names of its column list.
    pub fn rename_columns(&mut self, rows: &mut Rows<'s>, names: &'s [crate::sql::ast::Ident], of: &str, span: Span, cte: bool) {
        use super::binding::BindErrorKind::ColumnCount;
        let (have, want) = (rows.columns.len(), names.len());
        let wrong = if self.pg() { want > have } else { want > 0 && want != have };
        if wrong && !rows.open && !names.is_empty() {
            let what = if cte { format!("WITH query \"{of}\"") } else { format!("table \"{of}\"") };
            self.fail_by_engine(
                ColumnCount,
                ("42P10", format!("{what} has {have} columns available but {want} columns specified")),
                ("1353", "WITH column list and SELECT field list have different column counts".to_string()),
                format!("table {of} has {have} values for {want} columns"),
                span,
                None,
            );
        }
        for (column, name) in rows.columns.iter_mut().zip(names) {
            column.name = Cow::Borrowed(&name.value);
            column.from_star = false;
        }
    }
}
