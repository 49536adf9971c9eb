//! Changes of the schema that code sends: CREATE, ALTER and DROP TABLE. They say which tables and columns a call of a schema
//! builder names; types and constraints are not kept.

use super::Build;
use crate::grammar::mapper::Verb;
use crate::index::trace::query::{Query, SqlExpr};
use crate::model::statement::SqlText;

impl<'a> Build<'a> {
    /// The statement of a schema builder.
    pub fn schema_change(&mut self, out: &mut SqlText, q: &'a Query) {
        let made: Vec<&SqlExpr> = q.set.iter().map(|(column, _)| column).collect();
        let changed: Vec<&SqlExpr> = q.only.iter().collect();
        match q.verb {
            Some(Verb::Drop) => {
                out.push_synthetic("DROP TABLE ");
                self.schema_target(out, q);
            }
            Some(Verb::Alter) => {
                out.push_synthetic("ALTER TABLE ");
                self.schema_target(out, q);
                let actions = made.iter().map(|c| (" ADD COLUMN ", *c, " text")).chain(changed.iter().map(|c| (" DROP COLUMN ", *c, "")));
                for (i, (before, column, after)) in actions.enumerate() {
                    out.push_synthetic(if i > 0 { "," } else { "" });
                    out.push_synthetic(before);
                    self.schema_column(out, column);
                    out.push_synthetic(after);
                }
            }
            verb => {
                out.push_synthetic(if verb == Some(Verb::Look) { "CREATE TABLE IF NOT EXISTS " } else { "CREATE TABLE " });
                self.schema_target(out, q);
                out.push_synthetic(" (");
                for (i, column) in made.iter().chain(&changed).enumerate() {
                    out.push_synthetic(if i > 0 { ", " } else { "" });
                    self.schema_column(out, column);
                    out.push_synthetic(" text");
                }
                out.push_synthetic(")");
            }
        }
    }

    /// The table, without a name of its own in the statement.
    fn schema_target(&mut self, out: &mut SqlText, q: &'a Query) {
        self.open_target(out, q, super::load::root_model(q), true);
        self.levels.pop();
    }

    /// A column's own name.
    fn schema_column(&mut self, out: &mut SqlText, column: &SqlExpr) {
        match column {
            SqlExpr::Column { name, .. } => self.named(out, name),
            SqlExpr::Unknown(what, at) => self.hole(out, what, *at),
            _ => self.unknown(out),
        }
    }
}
