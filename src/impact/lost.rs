//! Names of a statement that no longer resolve, with what became of the thing that they named.

use super::context::Context;
use super::judgement::Explanation;
use crate::model::change::{Change, ChangeOp};
use crate::model::finding::Effect;
use crate::model::object::{ObjectKind, ObjectRef};
use crate::model::span::Span;
use crate::model::statement::ColumnRef;
use crate::sql::bind::binding::{BindErrorKind, Binding, Use};

/// What became of a thing.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// This change dropped it.
    Dropped(usize),
    /// This change gave it another name or schema.
    Renamed(usize),
    /// It went with its table or view, which this change replaced by another one.
    Replaced(usize),
    /// No change accounts for it.
    Unknown,
}

impl Fate {
    /// The change, if one is known.
    pub fn change(self) -> Option<usize> {
        match self {
            Fate::Dropped(i) | Fate::Renamed(i) | Fate::Replaced(i) => Some(i),
            Fate::Unknown => None,
        }
    }
}

/// A name that resolved before and does not after.
#[derive(Clone, Debug)]
pub struct Lost {
    /// Place in the statement; empty where the name is not written.
    pub span: Span,
    /// The thing.
    pub object: Option<ObjectRef>,
    /// What became of it.
    pub fate: Fate,
    /// The engine's message, for the name that it stops at.
    pub message: String,
    /// 0..=100.
    pub confidence: u8,
}

impl Lost {
    /// That the statement breaks on it; `says` completes "accounts.name ...".
    pub fn breaks(self, cx: &Context, before: &Binding, says: impl FnOnce(&Lost) -> String) -> Explanation {
        let text = self.span.slice(cx.input.text);
        let object = match &self.object {
            Some(object) => object.to_string(),
            None if text.is_empty() => "the column".to_string(),
            None => text.to_string(),
        };
        let message = format!("{object} {}", says(&self));
        let Lost { span, object, fate, confidence, .. } = self;
        Explanation { object, change: fate.change(), span, confidence, ..cx.explain(before, Effect::Breaks, message) }
    }
}

/// Column names that are lost.
pub fn lost_columns(cx: &Context, before: &Binding, after: &Binding) -> Vec<Lost> {
    let mut found: Vec<Lost> = Vec::new();
    let error =
        cx.new_error(before, after).filter(|e| e.kind == BindErrorKind::UnknownColumn || functional_notation(cx, before, e.kind, e.span));
    if let Some(error) = error {
        let used = cx.use_at(before, error.span).filter(|u| u.kind == ObjectKind::Column);
        let object = used.map(|u| cx.object_of(u)).or_else(|| error.object.clone());
        let fate = match (used, &error.object) {
            (Some(u), _) => column_fate(cx, u),
            (None, Some(o)) => named_column_fate(cx, o.table.as_deref(), o.column.as_deref().unwrap_or_default()),
            (None, None) => named_column_fate(cx, None, error.span.slice(cx.input.text)),
        };
        let confidence = used.map_or(100, |u| u.confidence).min(cx.confidence(before));
        found.push(Lost { span: error.span, object, fate, message: error.message.clone(), confidence });
    }
    for used in before.uses.iter().filter(|u| u.kind == ObjectKind::Column && u.through_view.is_none() && !u.implicit && !u.span.is_empty())
    {
        let ColumnRef::Named(name) = &used.column else { continue };
        if found.iter().any(|l| overlaps(l.span, used.span)) || table_gone(cx, used) {
            continue;
        }
        let gone = match used.id {
            Some(id) => {
                let unnamed = cx.pairing.column_now(id).is_none_or(|(_, c)| !cx.dialect().same_column(&c.name, name));
                // Of a table that is not wholly known the engine's answer is open; the change itself is not.
                let open_or_gone = || cx.use_at(after, used.span).map_or(after.error.is_some(), |there| there.id.is_none());
                unnamed && open_or_gone()
            }
            None => open_column_gone(cx, used, name),
        };
        if !gone {
            continue;
        }
        let fate = column_fate(cx, used);
        if fate == Fate::Unknown {
            continue;
        }
        let confidence = used.confidence.min(cx.confidence(before));
        found.push(Lost { span: used.span, object: Some(cx.object_of(used)), fate, message: String::new(), confidence });
    }
    found
}

/// Whether the table of a column goes without anything in its place: losing the table says it all.
fn table_gone(cx: &Context, used: &Use) -> bool {
    let table = used.table_id.and_then(|id| cx.pairing.table_before(id));
    table.is_some_and(|t| cx.pairing.successor(t).is_none() && cx.pairing.named_after(&t.name).is_none())
}

/// Table and view names that are lost.
pub fn lost_tables(cx: &Context, before: &Binding, after: &Binding) -> Vec<Lost> {
    let mut found: Vec<Lost> = Vec::new();
    if let Some(error) = cx.new_error(before, after).filter(|e| e.kind == BindErrorKind::UnknownTable) {
        let used = cx.use_at(before, error.span).filter(|u| is_table(u));
        let name = used.map(|u| u.table.clone()).or_else(|| error.object.as_ref().and_then(|o| o.table.clone()));
        let name = name.unwrap_or_else(|| error.span.slice(cx.input.text).rsplit('.').next().unwrap_or_default().to_string());
        let fate = table_fate(cx, used.and_then(|u| u.table_id.or(u.id)), &name);
        let object = used.map(|u| cx.object_of(u)).or_else(|| error.object.clone());
        found.push(Lost { span: error.span, object, fate, message: error.message.clone(), confidence: cx.confidence(before) });
    }
    for used in before.uses.iter().filter(|u| is_table(u) && u.through_view.is_none() && !u.span.is_empty()) {
        if found.iter().any(|l| overlaps(l.span, used.span)) || cx.use_at(after, used.span).is_some_and(|u| is_table(u) && u.id.is_some()) {
            continue;
        }
        let known_gone = used.id.is_some() && (after.error.is_some() || !cx.pairing.after.complete);
        let open_gone = used.id.is_none() && cx.pairing.after.find_table(schema_of(used), &used.table).is_none();
        if !known_gone && !open_gone {
            continue;
        }
        let fate = table_fate(cx, used.id, &used.table);
        if fate == Fate::Unknown || (used.id.is_none() && matches!(fate, Fate::Replaced(_))) {
            continue;
        }
        let confidence = used.confidence.min(cx.confidence(before));
        found.push(Lost { span: used.span, object: Some(cx.object_of(used)), fate, message: String::new(), confidence });
    }
    found
}

/// Whether a use names a table or view itself.
pub fn is_table(used: &Use) -> bool {
    matches!(used.kind, ObjectKind::Table | ObjectKind::View) && used.column == ColumnRef::Table
}

fn schema_of(used: &Use) -> Option<&str> {
    (!used.schema.is_empty()).then_some(used.schema.as_str())
}

fn overlaps(a: Span, b: Span) -> bool {
    !a.is_empty() && a.start < b.end && b.start < a.end
}

/// PostgreSQL reads `f(t)` as `t.f`: without the column it is an unknown function.
fn functional_notation(cx: &Context, before: &Binding, kind: BindErrorKind, span: Span) -> bool {
    kind == BindErrorKind::UnknownFunction
        && cx.use_at(before, span).is_some_and(|u| u.kind == ObjectKind::Column && u.span.end <= span.end && u.span.start == span.start)
}

/// A column of a table whose columns are not all known is gone when a change says so by name and nothing
/// brought the name back.
fn open_column_gone(cx: &Context, used: &Use, name: &str) -> bool {
    let dialect = cx.dialect();
    let last = cx.changes.iter().rev().find(|c| {
        c.object.table.as_deref().is_some_and(|t| dialect.same_table(t, &used.table))
            && match c.op {
                ChangeOp::DropColumn | ChangeOp::AddColumn => c.object.column.as_deref().is_some_and(|n| dialect.same_column(n, name)),
                ChangeOp::RenameColumn => {
                    c.object.column.as_deref().is_some_and(|n| dialect.same_column(n, name))
                        || c.new_name.as_ref().is_some_and(|n| dialect.same_column(&n.name, name))
                }
                _ => false,
            }
    });
    match last {
        Some(c) if c.op == ChangeOp::DropColumn => true,
        Some(c) if c.op == ChangeOp::RenameColumn => c.object.column.as_deref().is_some_and(|n| dialect.same_column(n, name)),
        _ => false,
    }
}

fn column_fate(cx: &Context, used: &Use) -> Fate {
    let ColumnRef::Named(name) = &used.column else { return Fate::Unknown };
    if let Some(i) = cx.change_to(&[ChangeOp::DropColumn], used.id) {
        return Fate::Dropped(i);
    }
    if let Some(i) = cx.change_to(&[ChangeOp::RenameColumn], used.id) {
        return Fate::Renamed(i);
    }
    if used.table_id.is_some_and(|t| cx.pairing.table_after(t).is_none())
        && let Some(i) = cx.any_change_of_table(used.table_id, &used.table)
    {
        return Fate::Replaced(i);
    }
    match named_column_fate(cx, Some(&used.table), name) {
        Fate::Unknown => cx.any_change_of_table(used.table_id, &used.table).map_or(Fate::Unknown, Fate::Replaced),
        known => known,
    }
}

fn named_column_fate(cx: &Context, table: Option<&str>, column: &str) -> Fate {
    let dialect = cx.dialect();
    let own = column.rsplit('.').next().unwrap_or(column).trim_matches(|c| matches!(c, '"' | '`' | '[' | ']'));
    let matches = |c: &Change, op| {
        c.op == op
            && c.object.column.as_deref().is_some_and(|n| dialect.same_column(n, own))
            && table.is_none_or(|t| c.object.table.as_deref().is_some_and(|n| dialect.same_table(n, t)))
    };
    if let Some(i) = cx.last_change(|c| matches(c, ChangeOp::DropColumn)) {
        return Fate::Dropped(i);
    }
    if let Some(i) = cx.last_change(|c| matches(c, ChangeOp::RenameColumn)) {
        return Fate::Renamed(i);
    }
    match table.and_then(|t| cx.any_change_of_table(None, t)) {
        Some(i) => Fate::Replaced(i),
        None => Fate::Unknown,
    }
}

fn table_fate(cx: &Context, id: Option<crate::model::object::ObjectId>, name: &str) -> Fate {
    use ChangeOp::*;
    let renames = [RenameTable, RenameView, MoveTable];
    let drops = [DropTable, DropView];
    if let Some(i) = cx.change_to(&drops, id) {
        return Fate::Dropped(i);
    }
    if let Some(i) = cx.change_to(&renames, id) {
        return Fate::Renamed(i);
    }
    let named = |ops: &[ChangeOp]| {
        cx.last_change(|c| {
            ops.contains(&c.op) && c.object.column.is_none() && c.object.table.as_deref().is_some_and(|t| cx.dialect().same_table(t, name))
        })
    };
    if let Some(i) = named(&drops) {
        return Fate::Dropped(i);
    }
    if let Some(i) = named(&renames) {
        return Fate::Renamed(i);
    }
    let schema = cx.last_change(|c| matches!(c.op, RenameSchema | DropSchema | SearchPath));
    schema.map_or(Fate::Unknown, Fate::Replaced)
}

#[cfg(test)]
mod tests {
    use crate::impact::check_statements;
    use crate::model::dialect::{Dialect, Engine};
    use crate::model::finding::Effect;
    use crate::model::schema::Schema;
    use crate::sql::apply::{ApplyOptions, apply, presuppose};

    /// Rules and effects for statements against a schema of which only the migration itself tells something.
    #[test]
    fn what_a_migration_takes_away_is_gone_from_an_open_schema() {
        let table = [
            ("DROP TABLE b", "SELECT id FROM b", "dropped-table-still-used"),
            ("DROP TABLE b", "DELETE FROM b WHERE id = 1", "dropped-table-still-used"),
            ("DROP TABLE b", "SELECT id FROM a", ""),
            ("ALTER TABLE b RENAME TO c", "SELECT id FROM b", "renamed-table-still-used"),
            ("ALTER TABLE b RENAME TO c", "SELECT id FROM c", ""),
            ("ALTER TABLE b DROP COLUMN x", "SELECT x FROM b WHERE y = 1", "dropped-column-still-read"),
            ("ALTER TABLE b DROP COLUMN x", "UPDATE b SET x = 1", "dropped-column-still-read"),
            ("ALTER TABLE b DROP COLUMN x", "INSERT INTO b (x, y) VALUES (1, 2)", "dropped-column-still-read"),
            ("ALTER TABLE b DROP COLUMN x", "SELECT y AS x FROM b", ""),
            ("ALTER TABLE b DROP COLUMN x", "SELECT x FROM a", ""),
            ("ALTER TABLE b RENAME COLUMN x TO z", "SELECT t.x FROM b t", "renamed-column-still-used"),
            ("ALTER TABLE b RENAME COLUMN x TO z", "SELECT z FROM b", ""),
            ("ALTER TABLE b DROP COLUMN x; ALTER TABLE b ADD COLUMN x int", "UPDATE b SET y = 2", ""),
            // a name that any of several open tables could supply means the same as before
            ("ALTER TABLE b ALTER COLUMN x SET NOT NULL", "SELECT y FROM a JOIN b USING (id) JOIN c USING (id)", ""),
        ];
        let open = Schema::open(Dialect::of(Engine::Postgres));
        for (migration, statement, rule) in table {
            let before = presuppose(&open, migration, &ApplyOptions::default());
            let (after, applied) = apply(&before, migration, &ApplyOptions::default());
            let findings = check_statements(statement, "s.sql", &before, &after, &applied.changes, &["m.sql".to_string()]);
            let found = findings.first().unwrap();
            assert_eq!(found.rule, rule, "{migration}; {statement}: {}", found.message);
            assert_eq!(found.effect == Effect::Safe, rule.is_empty(), "{migration}; {statement}");
        }
    }
}
