//! Expressions.

use super::Build;
use super::names::{At, definition_of};
use super::scope::{Found, What};
use super::select::Shape;
use crate::index::mapping::{FieldId, ModelId, Named, Origin};
use crate::index::trace::query::{SourceRef, SqlExpr};
use crate::model::statement::{COMPUTED, SqlText};

/// Aggregates that every engine has; they are rendered as such where that can't give a false error.
const AGGREGATES: &[&str] = &["count", "sum", "avg", "min", "max"];

/// The name of the new row in a conflict.
const PROPOSED: &str = "excluded";

impl<'a> Build<'a> {
    /// An expression.
    pub fn expr(&mut self, out: &mut SqlText, e: &'a SqlExpr) {
        if !self.enter() {
            out.push_synthetic(&format!("{COMPUTED}()"));
            return self.leave();
        }
        self.expr_within(out, e);
        self.leave();
    }

    fn expr_within(&mut self, out: &mut SqlText, e: &'a SqlExpr) {
        match e {
            SqlExpr::Field { source, model, field, origin } => self.field(out, source, *model, *field, *origin),
            SqlExpr::Column { source: SourceRef::Named(row), name } if self.is_proposed(row) => {
                self.proposed_column(out, &name.text, name.origin.map_or(At::Nowhere, At::Written));
            }
            SqlExpr::Column { source, name } => {
                if !matches!(source, SourceRef::Root) {
                    self.qualifier(out, source);
                }
                self.named(out, name);
            }
            SqlExpr::Star(_) => self.unknown(out),
            SqlExpr::Value(_) => self.parameter(out),
            SqlExpr::Null => out.push_synthetic("NULL"),
            SqlExpr::Compare(op, left, right) => self.compare(out, op, left, right),
            SqlExpr::And(all) => self.joined(out, all, " AND ", "1 = 1"),
            SqlExpr::Or(all) => self.joined(out, all, " OR ", "1 = 0"),
            SqlExpr::Not(inner) => {
                out.push_synthetic("NOT (");
                self.condition(out, inner);
                out.push_synthetic(")");
            }
            SqlExpr::Exists(query) => {
                out.push_synthetic("EXISTS (");
                self.rows(out, *query, Shape::Exists);
                out.push_synthetic(")");
            }
            SqlExpr::Query(query) => {
                out.push_synthetic("(");
                self.rows(out, *query, Shape::Key);
                out.push_synthetic(")");
            }
            SqlExpr::Call(name, args) => self.call(out, name, args),
            SqlExpr::Label(inner, _) | SqlExpr::Descending(inner) => self.expr(out, inner),
            SqlExpr::Raw(fragment) => {
                out.push_synthetic("(");
                self.fragment(out, fragment);
                out.push_synthetic(")");
            }
            SqlExpr::Output(name) => match self.labelled(&name.text) {
                Some(SqlExpr::Output(_)) => self.unknown(out),
                Some(inner) => self.expr(out, inner),
                None if self.has_open_rows() => self.named(out, name),
                None => self.unknown(out),
            },
            SqlExpr::Path { name, .. } => match name.origin {
                Some(at) => self.hole(out, &name.text, at),
                None => self.unknown(out),
            },
            SqlExpr::Unknown(what, at) => self.hole(out, what, *at),
        }
    }

    /// A value of which nothing is known and that hides no name.
    pub fn unknown(&mut self, out: &mut SqlText) {
        out.push_synthetic(&format!("{COMPUTED}()"));
    }

    /// Rows come from something other than models: their columns may have any name.
    fn has_open_rows(&self) -> bool {
        self.levels.last().is_some_and(|l| l.tables.iter().any(|t| !matches!(t.what, What::Model(..))))
    }

    /// A condition: expressions that are none of themselves are made one.
    pub fn condition(&mut self, out: &mut SqlText, e: &'a SqlExpr) {
        match e {
            SqlExpr::Value(_) | SqlExpr::Null | SqlExpr::Star(_) => out.push_synthetic("1 = 1"),
            SqlExpr::Query(_) | SqlExpr::Output(_) | SqlExpr::Field { .. } | SqlExpr::Column { .. } | SqlExpr::Call(..) => {
                self.computed(out, std::slice::from_ref(e));
            }
            SqlExpr::Label(inner, _) | SqlExpr::Descending(inner) => self.condition(out, inner),
            _ => self.expr(out, e),
        }
    }

    fn joined(&mut self, out: &mut SqlText, all: &'a [SqlExpr], word: &str, none: &str) {
        if all.is_empty() {
            return out.push_synthetic(none);
        }
        for (i, one) in all.iter().enumerate() {
            out.push_synthetic(if i == 0 { "(" } else { word });
            self.condition(out, one);
        }
        out.push_synthetic(")");
    }

    fn compare(&mut self, out: &mut SqlText, op: &str, left: &'a SqlExpr, right: &'a [SqlExpr]) {
        let op = op.to_ascii_uppercase();
        let null = matches!(right, [] | [SqlExpr::Null]);
        match (op.as_str(), right) {
            ("IS" | "=" | "==", _) if null => {
                self.expr(out, left);
                out.push_synthetic(" IS NULL");
            }
            ("IS NOT" | "<>" | "!=", _) if null => {
                self.expr(out, left);
                out.push_synthetic(" IS NOT NULL");
            }
            ("IN" | "NOT IN", [SqlExpr::Query(query)]) => {
                self.expr(out, left);
                out.push_synthetic(&format!(" {op} ("));
                self.rows(out, *query, Shape::Key);
                out.push_synthetic(")");
            }
            ("IN" | "NOT IN", _) => {
                self.expr(out, left);
                out.push_synthetic(&format!(" {op} ("));
                match right {
                    [] => self.parameter(out),
                    _ => self.list(out, right),
                }
                out.push_synthetic(")");
            }
            ("BETWEEN", [low, high]) => {
                self.expr(out, left);
                out.push_synthetic(" BETWEEN ");
                self.expr(out, low);
                out.push_synthetic(" AND ");
                self.expr(out, high);
            }
            ("=" | "<>" | "!=" | "<" | ">" | "<=" | ">=" | "==", [right]) => {
                self.expr(out, left);
                out.push_synthetic(&format!(" {} ", if op == "==" { "=" } else { &op }));
                self.expr(out, right);
            }
            _ => {
                // Patterns, arrays, JSON, ranges: libraries cast as they need.
                out.push_synthetic(&format!("{COMPUTED}("));
                self.expr(out, left);
                for one in right {
                    out.push_synthetic(", ");
                    self.expr(out, one);
                }
                out.push_synthetic(")");
            }
        }
    }

    /// Expressions with commas between them.
    pub fn list(&mut self, out: &mut SqlText, all: &'a [SqlExpr]) {
        for (i, one) in all.iter().enumerate() {
            if i > 0 {
                out.push_synthetic(", ");
            }
            self.expr(out, one);
        }
    }

    /// What is computed of expressions in a way that does not matter.
    pub fn computed(&mut self, out: &mut SqlText, all: &'a [SqlExpr]) {
        out.push_synthetic(&format!("{COMPUTED}("));
        self.list(out, all);
        out.push_synthetic(")");
    }

    fn call(&mut self, out: &mut SqlText, name: &str, args: &'a [SqlExpr]) {
        let lower = name.to_ascii_lowercase();
        let aggregate = AGGREGATES.contains(&lower.as_str()) && !self.plain;
        match (aggregate, args) {
            (true, [] | [SqlExpr::Star(_) | SqlExpr::Value(_)]) if lower == "count" => out.push_synthetic("count(*)"),
            (true, [_]) => {
                out.push_synthetic(&lower);
                out.push_synthetic("(");
                // An aggregate in an aggregate is none of SQL's.
                let plain = std::mem::replace(&mut self.plain, true);
                self.list(out, args);
                self.plain = plain;
                out.push_synthetic(")");
            }
            _ => self.computed(out, args),
        }
    }

    fn field(&mut self, out: &mut SqlText, source: &SourceRef, model: ModelId, field: FieldId, origin: Option<Origin>) {
        let found = self.find(source, Some(model));
        match found {
            None if matches!(source, SourceRef::Named(row) if self.is_proposed(row)) => match self.column_of(model, field, origin) {
                Some((name, at)) => self.proposed_column(out, &name, at),
                None => self.unknown(out),
            },
            Some(at) => self.field_of(out, at, model, field, origin),
            None if self.levels.last().is_some_and(|l| l.closed) => self.unknown(out),
            None => {
                let Some((name, at)) = self.column_of(model, field, origin) else { return self.unknown(out) };
                self.identifier(out, &name, at);
            }
        }
    }

    /// Whether a source is the new row of a conflict.
    fn is_proposed(&mut self, row: &Named) -> bool {
        &*row.text == PROPOSED && self.find(&SourceRef::Named(row.clone()), None).is_none()
    }

    /// A column of the new row of a conflict.
    pub fn proposed_column(&mut self, out: &mut SqlText, name: &str, at: At) {
        let mysql = self.composer.dialect.engine.is_mysql_family();
        out.push_synthetic(if mysql { "VALUES(" } else { "excluded." });
        self.identifier(out, name, at);
        if mysql {
            out.push_synthetic(")");
        }
    }

    /// A field of a table in sight.
    pub fn field_of(&mut self, out: &mut SqlText, at: Found, model: ModelId, field: FieldId, origin: Option<Origin>) {
        let Some((name, place)) = self.column_of(model, field, origin) else { return self.unknown(out) };
        self.alias_of(out, at);
        self.identifier(out, &name, place);
    }

    /// The column of a field with the place that names it.
    pub fn column_of(&self, model: ModelId, field: FieldId, origin: Option<Origin>) -> Option<(std::rc::Rc<str>, At)> {
        let field = self.model(model)?.fields.get(field as usize)?;
        Some((field.column.text.clone(), At::written_or(origin, Some(definition_of(field)))))
    }

    /// `alias.` of a table in sight.
    pub fn alias_of(&mut self, out: &mut SqlText, at: Found) {
        let alias = self.table(at).map(|t| t.alias.clone()).unwrap_or_default();
        if !alias.is_empty() {
            self.identifier(out, &alias, At::Nowhere);
            out.push_synthetic(".");
        }
    }

    /// `alias.` of a source, as far as it is known.
    pub fn qualifier(&mut self, out: &mut SqlText, source: &SourceRef) {
        match (self.find(source, None), source) {
            (Some(at), _) => self.alias_of(out, at),
            (None, SourceRef::Named(name)) if !name.text.is_empty() => {
                self.named(out, name);
                out.push_synthetic(".");
            }
            _ => {}
        }
    }
}

/// Whether an expression computes an aggregate of the query's own rows.
pub(super) fn aggregates(e: &SqlExpr) -> bool {
    match e {
        SqlExpr::Call(name, args) => AGGREGATES.iter().any(|a| name.eq_ignore_ascii_case(a)) || args.iter().any(aggregates),
        SqlExpr::Label(inner, _) | SqlExpr::Descending(inner) | SqlExpr::Not(inner) => aggregates(inner),
        SqlExpr::Compare(_, left, right) => aggregates(left) || right.iter().any(aggregates),
        SqlExpr::And(all) | SqlExpr::Or(all) => all.iter().any(aggregates),
        _ => false,
    }
}
