//! From a statement as a mapper or builder has put it together to SQL text with the way back to the source.
//!
//! [`Composer::compose`] renders a [`Query`]: what the code names is a piece that maps to exactly that place,
//! what the library takes from a model (whole rows, join keys, default orders, timestamps) is an implied piece that
//! maps to the definition. [`place`] makes [`crate::model::statement::Statement`]s of them, [`definition`] of
//! models.
//!
//! The text is meant for binding. Where only the columns of an expression are known it is `COMPUTED(columns)`
//! ([`crate::model::statement::COMPUTED`]), which binds without an error whatever their types; so are functions that
//! the library may translate, and aggregates wherever the grouping of the query is not wholly known. What is not
//! known at all is a hole.
//!
//! `scanned` makes definitions of the fields of structs that rows are read into, by what `delivered` reads off statements.
//!
//! `names` writes names, `scope` says which table a column belongs to, `expr` and `fragment` render expressions,
//! `select`, `insert`, `change` and `schema` statements, `load` what is loaded with the rows,
//! `referrers` what is done with rows that refer to deleted ones.

mod attributes;
mod change;
pub mod definition;
mod delivered;
mod expr;
mod fragment;
mod insert;
mod load;
mod names;
pub mod place;
pub mod raw;
mod referrers;
pub mod scanned;
mod schema;
mod scope;
mod select;
#[cfg(test)]
mod tests;

use crate::grammar::PackSet;
use crate::grammar::mapper::{Mapper, Verb};
use crate::index::mapping::Models;
use crate::index::program::FileId;
use crate::index::trace::query::{Query, QueryId};
use crate::model::dialect::Dialect;
use crate::model::statement::SqlText;
use scope::Level;

/// How deep queries and expressions may be nested; what is deeper becomes a hole.
const MAX_DEPTH: usize = 48;
/// Longest text of one statement, in bytes: what would be longer is cut down to what it begins with.
const MAX_TEXT: usize = 256 * 1024;

/// Everything that composing looks at.
#[derive(Copy, Clone)]
pub struct Composer<'a> {
    /// The models of the service.
    pub models: &'a Models,
    /// All queries; sub-queries are named by their number.
    pub queries: &'a [Query],
    /// What the libraries do by themselves.
    pub packs: &'a PackSet,
    /// The engine.
    pub dialect: Dialect,
}

/// One statement that is sent for a query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Composed {
    /// Its text.
    pub text: SqlText,
    /// The files that the text's pieces number; the first one is that given to [`Composer::compose`].
    pub files: Vec<FileId>,
    /// It gives no rows.
    pub silent: bool,
}

/// What a query becomes in text.
struct Build<'a> {
    composer: Composer<'a>,
    /// Files of pieces.
    files: Vec<FileId>,
    /// Parameters so far.
    parameters: u32,
    /// Tables in sight, innermost query last.
    levels: Vec<Level>,
    /// Queries that are being rendered.
    running: Vec<QueryId>,
    /// Aggregates are rendered as what they compute with.
    plain: bool,
    depth: usize,
}

impl<'a> Composer<'a> {
    /// The statements that are sent for a query, in order: the statement itself, then those that load relations
    /// apart; several for entities that are kept in several tables. `home` is the file of the site.
    pub fn compose(&self, query: QueryId, home: FileId) -> Vec<Composed> {
        let mut out = Vec::new();
        let Some(q) = self.queries.get(query as usize) else { return out };
        let mut add = |silent: bool, render: &mut dyn FnMut(&mut Build<'a>, &mut SqlText)| {
            let mut build = Build::new(*self, home);
            let mut text = SqlText::default();
            build.running.push(query);
            render(&mut build, &mut text);
            if !text.text.is_empty() && text.text.len() <= MAX_TEXT {
                out.push(Composed { text, files: build.files, silent });
            }
        };
        let quiet = q.returning.is_empty();
        if q.raw.is_some() {
            add(false, &mut |b, t| b.raw(t, q));
            return out;
        }
        match q.verb.unwrap_or_default() {
            Verb::Select | Verb::Aggregate => {
                if !q.loads_only {
                    add(false, &mut |b, t| b.rows(t, query, select::Shape::Rows));
                }
                for load in self.loads_apart(q) {
                    add(false, &mut |b, t| b.load_apart(t, &load));
                }
            }
            Verb::Insert | Verb::Upsert => {
                for part in self.insert_parts(q) {
                    add(quiet, &mut |b, t| b.insert(t, q, &part));
                }
            }
            Verb::Save => {
                for part in self.insert_parts(q) {
                    add(quiet, &mut |b, t| b.insert(t, q, &part));
                }
                for part in self.update_parts(q) {
                    add(quiet, &mut |b, t| b.update(t, query, q, &part));
                }
            }
            Verb::Update | Verb::Restore => {
                for part in self.update_parts(q) {
                    add(quiet, &mut |b, t| b.update(t, query, q, &part));
                }
            }
            Verb::Delete if self.marks_deleted(q).is_some() => {
                for part in self.update_parts(q) {
                    add(quiet, &mut |b, t| b.update(t, query, q, &part));
                }
            }
            Verb::Delete | Verb::HardDelete => {
                if self.reads_deleted(q) {
                    add(false, &mut |b, t| b.rows(t, query, select::Shape::Rows));
                }
                for model in self.delete_parts(q) {
                    add(quiet, &mut |b, t| b.delete(t, query, q, model));
                }
                for referrers in self.referrers(q) {
                    add(true, &mut |b, t| b.referrers(t, &referrers));
                }
            }
            Verb::Truncate => add(true, &mut |b, t| b.truncate(t, q)),
            Verb::Create | Verb::Alter | Verb::Drop | Verb::Look => add(true, &mut |b, t| b.schema_change(t, q)),
            Verb::Raw => {}
        }
        out
    }

    /// What the library of a query does by itself.
    fn mapper(&self, pack: &str) -> Option<&'a Mapper> {
        self.packs.languages().iter().find_map(|l| l.pack(pack)).and_then(|p| p.mapper.as_ref())
    }
}

impl<'a> Build<'a> {
    fn new(composer: Composer<'a>, home: FileId) -> Self {
        Build { composer, files: vec![home], parameters: 0, levels: Vec::new(), running: Vec::new(), plain: false, depth: 0 }
    }

    /// A query by its number; the reference lives as long as the tracer's result.
    fn query(&self, id: QueryId) -> Option<&'a Query> {
        self.composer.queries.get(id as usize)
    }

    /// A raw statement as it is.
    fn raw(&mut self, out: &mut SqlText, q: &'a Query) {
        if let Some(fragment) = &q.raw {
            self.levels.push(Level::default());
            self.fragment(out, fragment);
            self.levels.pop();
        }
    }

    /// One level deeper; `false` where that is too deep.
    fn enter(&mut self) -> bool {
        self.depth += 1;
        self.depth <= MAX_DEPTH
    }

    fn leave(&mut self) {
        self.depth -= 1;
    }
}
