//! A part of the statement is unknown and may name what goes.

use super::Rule;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::impact::lost::is_table;
use crate::impact::visit::{Role, roots};
use crate::model::change::Change;
use crate::model::change::ChangeOp;
use crate::model::finding::Effect;
use crate::model::object::ObjectKind;
use crate::model::span::Span;
use crate::model::statement::{HOLE, Hole};
use crate::sql::ast::{Expr, ExprKind};
use crate::sql::bind::binding::Binding;

/// Most combinations of known values that are tried.
const MAX_TEXTS: usize = 256;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "unknown-part-may-name-it",
        title: "An unknown part may name a dropped or renamed object",
        why: "A name that is put into the SQL at run time is not in the source. Where it may be that of an object that the migration drops or renames, the statement is undecided.",
        fix: "Check what the part can be; write the names out, or choose them from a list of constants.",
        misses: "Parts that stand where a value is expected are taken for values.",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, _after: &Binding, changes: &[Change]) -> Vec<Explanation> {
    if !cx.input.holes && !cx.input.text.contains(HOLE) {
        return Vec::new();
    }
    let hole = |span: Span| span.slice(cx.input.text).contains(HOLE);
    let mut columns: Vec<Span> = before.opaque.iter().filter(|o| o.kind == ObjectKind::Column && hole(o.span)).map(|o| o.span).collect();
    roots(cx.input.statement, &mut |role, expr| {
        if matches!(role, Role::Output | Role::DistinctOutput | Role::Order | Role::Group | Role::Condition) {
            names(expr, role == Role::Condition, &mut columns);
        }
    });
    let mut found = Vec::new();
    for used in before.uses.iter().filter(|u| !columns.is_empty() && is_table(u) && u.through_view.is_none()) {
        let same = |c: &Change| {
            let by_id = used.id.is_some() && c.table == used.id;
            by_id || c.object.table.as_deref().is_some_and(|t| cx.dialect().same_table(t, &used.table))
        };
        let goes = |c: &Change| matches!(c.op, ChangeOp::DropColumn | ChangeOp::RenameColumn) && !c.cascaded && same(c) && gone(cx, c);
        let hit = changes.iter().enumerate().filter(|(_, c)| goes(c)).find_map(|(i, c)| {
            let name = c.object.column.as_deref()?;
            columns.iter().find_map(|place| Some((i, *place, sure(cx, *place, name, 40)?)))
        });
        found.extend(hit.map(|(i, place, confidence)| undecided(cx, before, i, place, confidence)));
    }
    for opaque in before.opaque.iter().filter(|o| o.kind == ObjectKind::Table && hole(o.span)) {
        let written = opaque.span.slice(cx.input.text);
        let own = written.rsplit('.').next().unwrap_or(written).trim_matches(|c| matches!(c, '"' | '`'));
        let fits = |name: &str| match (own.find(HOLE), own.rfind(HOLE)) {
            (Some(a), Some(b)) => name.starts_with(&own[..a]) && name.ends_with(&own[b + HOLE.len_utf8()..]),
            _ => false,
        };
        let goes = |c: &Change| {
            matches!(c.op, ChangeOp::DropTable | ChangeOp::RenameTable | ChangeOp::DropView | ChangeOp::RenameView | ChangeOp::MoveTable)
        };
        let hit = changes.iter().enumerate().filter(|(_, c)| goes(c) && !c.cascaded && gone(cx, c)).find_map(|(i, c)| {
            let name = c.object.table.as_deref().filter(|n| fits(n))?;
            Some((i, sure(cx, opaque.span, name, 30)?))
        });
        found.extend(hit.map(|(i, confidence)| undecided(cx, before, i, opaque.span, confidence)));
    }
    found
}

/// How sure it is that the unknown part at a place is this name: `None` where the values that it may take are
/// known and the name is not among them, `open` where nothing is known of them.
fn sure(cx: &Context, place: Span, name: &str, open: u8) -> Option<u8> {
    let parts: Vec<&Hole> = cx.input.parts.iter().filter(|h| place.start <= h.at && h.at < place.end).collect();
    if parts.is_empty() || parts.iter().any(|p| p.values.is_empty()) {
        return Some(open);
    }
    // Every text that the known values can give, as long as they are few.
    let mut texts = vec![String::new()];
    let mut at = place.start;
    for part in parts {
        if texts.len() * part.values.len() > MAX_TEXTS {
            return Some(open);
        }
        let before = Span { start: at, end: part.at }.slice(cx.input.text);
        texts = texts.iter().flat_map(|t| part.values.iter().map(move |v| format!("{t}{before}{v}"))).collect();
        at = part.at + HOLE.len_utf8() as u32;
    }
    let rest = Span { start: at, end: place.end }.slice(cx.input.text);
    let names = |text: &String| {
        let text = format!("{text}{rest}");
        text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word.eq_ignore_ascii_case(name))
    };
    texts.iter().any(names).then_some(85)
}

/// Unknown parts that stand for a name or a condition by themselves.
fn names(expr: &Expr, condition: bool, found: &mut Vec<Span>) {
    match &expr.kind {
        ExprKind::Hole => found.push(expr.span),
        ExprKind::Paren(inner) => names(inner, condition, found),
        ExprKind::Binary { op, left, right } if condition && matches!(op.as_str(), "and" | "or") => {
            names(left, condition, found);
            names(right, condition, found);
        }
        _ => {}
    }
}

/// The name that a change takes away is not there after all changes.
fn gone(cx: &Context, change: &Change) -> bool {
    let Some(table) = change.object.table.as_deref() else { return false };
    let schema = change.object.schema.as_deref();
    match (&change.object.column, cx.pairing.after.find_table(schema, table)) {
        (Some(column), Some(table)) => table.column(cx.dialect(), column).is_none(),
        (_, found) => found.is_none(),
    }
}

fn undecided(cx: &Context, before: &Binding, change: usize, span: Span, confidence: u8) -> Explanation {
    let object = cx.changes.get(change).map(|c| c.object.clone());
    let name = object.as_ref().map_or(String::new(), ToString::to_string);
    let mut explanation = cx.explain(
        before,
        Effect::MayBreak,
        format!("A part of this {} is only known at run time and may name {name}, which goes.", cx.verb()),
    );
    explanation.object = object;
    explanation.change = Some(change);
    explanation.span = span;
    explanation.confidence = confidence;
    explanation
}

#[cfg(test)]
mod tests {
    use crate::impact::{Pairing, StatementInput, judge_paired};
    use crate::model::dialect::{Dialect, Engine};
    use crate::model::schema::Schema;
    use crate::model::span::Span;
    use crate::model::statement::{Consumer, SqlText, StatementKind};
    use crate::sql::apply::{ApplyOptions, apply, apply_in_place};
    use crate::sql::bind::SessionState;
    use crate::sql::parse::parse_statement;

    /// `{a|b}` is a part with two values, `{}` one of which nothing is known.
    fn text(written: &str) -> SqlText {
        let mut text = SqlText::default();
        let mut rest = written;
        while let Some((before, after)) = rest.split_once('{') {
            let (values, tail) = after.split_once('}').unwrap();
            text.push(before, 0, Span::default());
            let values = values.split('|').filter(|v| !v.is_empty()).map(String::from).collect();
            text.push_hole("part", 0, Span::default(), values);
            rest = tail;
        }
        text.push(rest, 0, Span::default());
        text
    }

    #[test]
    fn known_values_and_places_of_values_hide_no_name() {
        let cases = [
            ("SELECT {} FROM users", true),
            ("SELECT {email|id} FROM users", false),
            ("SELECT {city|id} FROM users", true),
            ("SELECT id FROM users ORDER BY {email|id} {ASC|DESC}", false),
            ("SELECT id FROM users ORDER BY {u.|}{email|id}", false),
            ("SELECT id FROM users ORDER BY {users.}{email|city}", true),
            ("SELECT id FROM users WHERE {}", true),
            ("SELECT id FROM users WHERE id = {}", false),
            ("SELECT id FROM users WHERE id IN ({})", false),
            ("SELECT id FROM users WHERE id BETWEEN {} AND {} LIMIT {}", false),
            ("INSERT INTO users (id) VALUES ({})", false),
            ("UPDATE users SET id = {} WHERE id = {}", false),
            ("SELECT id FROM {users|shops}", false),
        ];
        let mut before = Schema::empty(Dialect::of(Engine::Postgres));
        let options = ApplyOptions::default();
        apply_in_place(&mut before, "CREATE TABLE users (id int, email text, city text); CREATE TABLE shops (id int)", &options);
        let (after, applied) = apply(&before, "ALTER TABLE users DROP COLUMN city", &options);
        let pairing = Pairing::new(&before, &after, &applied.changes);
        for (written, undecided) in cases {
            let text = text(written);
            let statement = parse_statement(&text.text, before.dialect);
            let parts = text.holes.as_slice();
            let input = StatementInput {
                statement: &statement,
                text: &text.text,
                kind: StatementKind::RawSql,
                consumer: Consumer::ByName,
                any_integer: false,
                maps: None,
                holes: true,
                parts,
            };
            let session = SessionState::default();
            let judged = judge_paired(&pairing, &applied.changes, &input, &session, &session);
            let named = judged.cause.as_ref().is_some_and(|c| c.rule == "unknown-part-may-name-it");
            assert_eq!(named, undecided, "{written}: {:?}", judged.cause);
        }
    }
}
