//! The tables that a query sees, and which of their columns a name can mean.

use super::value::{Column, Value};
use crate::model::dialect::{Dialect, Engine};
use crate::model::schema::Table;
use crate::model::span::Span;
use crate::sql::ast::{Ident, SelectItem};
use std::borrow::Cow;
use std::rc::Rc;

/// Where the columns of a relation are listed.
#[derive(Clone, Debug)]
pub enum Columns<'s> {
    /// In the schema.
    Table(&'s Table),
    /// In the statement: a CTE, a derived table, a function's rows.
    List(Rc<Vec<Column<'s>>>),
}

/// A table in FROM.
#[derive(Clone, Debug)]
pub struct Relation<'s> {
    /// The name that qualifies its columns: alias or own name; empty where it has none.
    pub name: Cow<'s, str>,
    /// Schema of the table, where no alias hides it.
    pub schema: Option<Cow<'s, str>>,
    /// Its own name behind the alias.
    pub own_name: Cow<'s, str>,
    /// Columns.
    pub columns: Columns<'s>,
    /// Column aliases, which rename the first columns.
    pub renamed: &'s [Ident],
    /// The table of the schema that it is.
    pub table: Option<&'s Table>,
    /// It may have more columns than listed.
    pub open: bool,
    /// An outer join can fill it with NULLs.
    pub nullable: bool,
    /// Its columns must be qualified (`excluded` in SQLite, OLD and NEW).
    pub qualified_only: bool,
    /// It delivers single values, not rows: its name alone is the value (PostgreSQL functions in FROM).
    pub scalar: bool,
    /// System relation: nothing is known and nothing is recorded.
    pub system: bool,
    /// Its place in the text.
    pub span: Span,
}

impl<'s> Relation<'s> {
    /// A relation with the given columns.
    pub fn new(name: Cow<'s, str>, columns: Columns<'s>, span: Span) -> Self {
        Relation {
            own_name: name.clone(),
            name,
            schema: None,
            columns,
            renamed: &[],
            table: None,
            open: false,
            nullable: false,
            qualified_only: false,
            scalar: false,
            system: false,
            span,
        }
    }

    /// Number of listed columns, hidden ones included.
    pub fn len(&self) -> usize {
        match &self.columns {
            Columns::Table(t) => t.columns.len(),
            Columns::List(l) => l.len(),
        }
    }

    /// Name of a column after column aliases.
    pub fn column_name(&self, index: usize) -> &str {
        if let Some(alias) = self.renamed.get(index) {
            return &alias.value;
        }
        match &self.columns {
            Columns::Table(t) => t.columns.get(index).map_or("", |c| c.name.as_str()),
            Columns::List(l) => l.get(index).map_or("", |c| &c.name),
        }
    }

    /// Whether `*` leaves the column out.
    pub fn is_hidden(&self, index: usize) -> bool {
        match &self.columns {
            Columns::Table(t) => t.columns.get(index).is_some_and(|c| c.invisible),
            Columns::List(_) => false,
        }
    }

    /// Positions of the columns of that folded name: PostgreSQL lets the columns of a subquery share one.
    fn positions(&self, dialect: Dialect, name: &str) -> Vec<usize> {
        match &self.columns {
            Columns::List(_) if dialect.engine == Engine::Postgres => {
                (0..self.len()).filter(|i| dialect.same_column(self.column_name(*i), name)).collect()
            }
            _ => self.position(dialect, name).into_iter().collect(),
        }
    }

    /// Whether several columns have that name.
    pub fn is_ambiguous(&self, dialect: Dialect, name: &str) -> bool {
        self.positions(dialect, name).len() > 1
    }

    /// Position of the column of that folded name.
    pub fn position(&self, dialect: Dialect, name: &str) -> Option<usize> {
        (0..self.len()).find(|i| dialect.same_column(self.column_name(*i), name))
    }
}

/// The columns of a row under the names that a query around it knows them by: SQLite numbers those that come again
/// (`sqlite3ColumnsFromExprList`).
pub fn numbered(columns: &mut [Column], dialect: Dialect) {
    for i in 1..columns.len() {
        let mut count = 0;
        let mut name = columns[i].name.to_string();
        while columns[..i].iter().any(|c| dialect.same_column(&c.name, &name)) {
            count += 1;
            name = format!("{}:{count}", columns[i].name);
        }
        if count > 0 {
            columns[i].name = Cow::Owned(name);
        }
    }
}

/// A column of a relation: relation and column index in the scope.
pub type Place = (usize, usize);

/// Columns that USING or NATURAL made one.
#[derive(Clone, Debug)]
pub struct Merge<'s> {
    /// Name.
    pub name: Cow<'s, str>,
    /// The columns, leftmost first.
    pub members: Vec<Place>,
    /// What the merged column gives.
    pub value: Value<'s>,
    /// Made part of a later merge.
    pub absorbed: bool,
}

/// A part of what `*` stands for.
#[derive(Copy, Clone, Debug, PartialEq)]
pub enum StarPart {
    /// Columns of a relation that are not merged.
    Relation(usize),
    /// A merged column.
    Merge(usize),
}

/// One query level.
#[derive(Clone, Debug, Default)]
pub struct Scope<'s> {
    /// Tables in FROM order.
    pub relations: Vec<Relation<'s>>,
    /// Merged columns.
    pub merges: Vec<Merge<'s>>,
    /// What `*` stands for.
    pub star: Vec<StarPart>,
    /// First relation that names can mean now (inside ON: the join's own).
    pub visible_from: usize,
    /// A subquery in FROM that is not LATERAL is being bound: this level can't be seen.
    pub sealed: bool,
    /// A hole may add tables or columns: unresolved names are no errors.
    pub porous: bool,
    /// An aggregate of this level was met.
    pub aggregates: bool,
    /// What the SELECT of this level delivers.
    pub items: &'s [SelectItem],
    /// Output aliases that names may mean, with their values (MySQL's HAVING, SQLite everywhere).
    pub aliases: Vec<(Cow<'s, str>, Value<'s>)>,
    /// Aliases win over columns (PostgreSQL's and others' ORDER BY).
    pub aliases_first: bool,
}

/// What a name means in one scope.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// A column.
    Place(Place),
    /// A merged column.
    Merge(usize),
}

impl Scope<'_> {
    /// All meanings of an unqualified column name among the visible relations.
    pub fn columns_named(&self, dialect: Dialect, name: &str) -> Vec<Found> {
        let mut found: Vec<Found> = Vec::new();
        for (i, merge) in self.merges.iter().enumerate() {
            let visible = merge.members.first().is_some_and(|m| m.0 >= self.visible_from);
            if !merge.absorbed && visible && dialect.same_column(&merge.name, name) {
                found.push(Found::Merge(i));
            }
        }
        for (r, relation) in self.relations.iter().enumerate().skip(self.visible_from) {
            if relation.qualified_only {
                continue;
            }
            for c in relation.positions(dialect, name) {
                if !self.merges.iter().any(|m| m.members.contains(&(r, c))) {
                    found.push(Found::Place((r, c)));
                }
            }
        }
        found
    }

    /// The visible relation that a qualifier means.
    pub fn relation_named(&self, dialect: Dialect, schema: Option<&str>, name: &str) -> Option<usize> {
        self.relations.iter().enumerate().skip(self.visible_from).find(|(_, r)| is_named(r, dialect, schema, name)).map(|(i, _)| i)
    }
}

/// Whether a qualifier means the relation.
pub fn is_named(relation: &Relation, dialect: Dialect, schema: Option<&str>, name: &str) -> bool {
    // Aliases and qualifiers of columns are compared as MySQL compares them: by lower_case_table_names.
    let same = |a: &str, b: &str| dialect.same_table(a, b);
    if relation.name.is_empty() || !same(&relation.name, name) {
        return false;
    }
    match schema {
        None => true,
        Some(schema) => relation.schema.as_deref().is_some_and(|s| s == schema || s.is_empty()),
    }
}
