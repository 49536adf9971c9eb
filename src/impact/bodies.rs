//! What a migration does to the bodies of the functions and triggers that a statement sets off.

use super::context::Context;
use super::judge::judge_within;
use super::judgement::{Judgement, StatementInput};
use crate::model::change::ChangeOp;
use crate::model::dialect::Engine;
use crate::model::finding::Effect;
use crate::model::schema::{Function, Schema, Table, Trigger};
use crate::model::statement::{Consumer, StatementKind};
use crate::sql::bind::binding::{BindError, BindErrorKind, WriteKind};
use crate::sql::bind::{SessionState, bind};
use crate::sql::parse::parse_statement;
use crate::sql::routine::{Body, BodyStatement, read_body};

/// Bodies are followed through at most so many calls.
pub const MAX_DEPTH: usize = 4;

/// What happens inside a body.
#[derive(Clone, Debug, PartialEq)]
pub struct BodyEffect {
    /// The gravest effect of its statements; `may_break` where the failing one runs only under a condition.
    pub effect: Effect,
    /// What fails or changes, as the end of a sentence.
    pub reason: String,
    /// Index into the changes of the run.
    pub change: Option<usize>,
}

/// What happens inside a function that exists before and after.
pub fn of_function(cx: &Context, old: &Function, new: &Function) -> Option<BodyEffect> {
    if cx.depth >= MAX_DEPTH || old.body != new.body && old.body.is_empty() {
        return None;
    }
    // PostgreSQL stores a body in standard SQL parsed, by identity; it can't lose what it uses.
    let atomic = new.body.trim_start().get(..12).is_some_and(|s| s.eq_ignore_ascii_case("begin atomic"));
    if atomic || !matches!(new.language.as_str(), "sql" | "plpgsql" | "") {
        return None;
    }
    let mut body = read_body(&new.body, cx.dialect(), None);
    body.variables.extend(new.params.iter().map(|p| p.0.clone()).filter(|n| !n.is_empty()));
    body.variables.extend(new.columns.iter().map(|c| c.0.clone()));
    of_body(cx, &body, None, (old.definer, new.definer), false)
}

/// What happens inside a trigger, for one kind of write. Of a trigger that the migration made (`fresh`) only
/// what fails is known.
pub fn of_trigger(cx: &Context, kind: WriteKind, table: (&Table, &Table), new: &Trigger, fresh: bool) -> Option<BodyEffect> {
    if cx.depth >= MAX_DEPTH {
        return None;
    }
    let event = match kind {
        WriteKind::Insert => "INSERT",
        WriteKind::Update => "UPDATE",
        WriteKind::Delete => "DELETE",
        WriteKind::Truncate => "TRUNCATE",
    };
    let (text, definer, params) = match &new.function {
        Some(name) => {
            let function = cx.pairing.after.functions.iter().find(|f| f.name == *name || f.name.name == name.name)?;
            (function.body.as_str(), function.definer, true)
        }
        None => (new.body.as_str(), true, false),
    };
    if text.is_empty() {
        return None;
    }
    let mut body = read_body(text, cx.dialect(), Some(event));
    if params {
        let record = ["tg_op", "tg_name", "tg_table_name", "tg_table_schema", "tg_when", "tg_level", "tg_relid", "tg_nargs", "tg_argv"];
        body.variables.extend(record.iter().map(|v| v.to_string()));
    }
    if !matches!(cx.engine(), Engine::Postgres) {
        // The MySQL family and SQLite resolve the whole body before it runs.
        body.statements.iter_mut().for_each(|s| s.conditional = false);
        body.fields.iter_mut().for_each(|f| f.1 = false);
    }
    of_body(cx, &body, Some(table), (definer, definer), fresh)
}

/// The columns that a BEFORE INSERT trigger gives a value.
pub fn filled_by_triggers(cx: &Context, table: &Table) -> Vec<String> {
    let mut filled = Vec::new();
    for trigger in table.triggers.iter().filter(|t| !t.disabled && t.timing == "before" && t.events.iter().any(|e| e == "insert")) {
        let text = match &trigger.function {
            Some(name) => {
                cx.pairing.after.functions.iter().find(|f| f.name == *name || f.name.name == name.name).map_or("", |f| f.body.as_str())
            }
            None => trigger.body.as_str(),
        };
        filled.extend(read_body(text, cx.dialect(), Some("INSERT")).assigned);
    }
    filled
}

fn of_body(cx: &Context, body: &Body, row: Option<(&Table, &Table)>, definer: (bool, bool), fresh: bool) -> Option<BodyEffect> {
    let mut worst: Option<BodyEffect> = None;
    let mut take = |found: BodyEffect| {
        if worst.as_ref().is_none_or(|w| found.effect > w.effect) {
            worst = Some(found);
        }
    };
    let dialect = cx.dialect();
    if let Some((old, new)) = row {
        for (field, conditional) in &body.fields {
            let had = fresh || old.column(dialect, field).is_some();
            if !had || new.column(dialect, field).is_some() || new.open {
                continue;
            }
            let id = old.column(dialect, field).map(|c| c.id);
            let change = cx.change_of_column(&[ChangeOp::DropColumn, ChangeOp::RenameColumn], id, &old.name.name, field);
            let effect = if *conditional { Effect::MayBreak } else { Effect::Breaks };
            take(BodyEffect { effect, reason: format!("its row no longer has a column {field}"), change });
        }
    }
    for statement in &body.statements {
        if fresh {
            if let Some(error) = failure(cx, body, statement) {
                let effect = if statement.conditional { Effect::MayBreak } else { Effect::Breaks };
                take(BodyEffect { effect, reason: error.message, change: None });
            }
            continue;
        }
        let judgement = of_statement(cx, body, statement, definer);
        let Some(cause) = judgement.cause else { continue };
        let effect = match judgement.effect {
            Effect::Breaks if statement.conditional => Effect::MayBreak,
            other => other,
        };
        let message = cause.message.trim_end_matches('.').to_string();
        take(BodyEffect { effect, reason: message, change: cause.change });
    }
    worst
}

/// Judges one statement of a body.
fn of_statement(cx: &Context, body: &Body, statement: &BodyStatement, definer: (bool, bool)) -> Judgement {
    let session = |definer: bool| if definer { SessionState { role: None, ..cx.session.clone() } } else { cx.session.clone() };
    let (was, is) = (session(definer.0), session(definer.1));
    let Ok(sql) = without_variables(cx.pairing.before, body, statement, &was) else { return Judgement::default() };
    let parsed = parse_statement(&sql, cx.dialect());
    let input = StatementInput {
        statement: &parsed,
        text: &sql,
        kind: StatementKind::View,
        consumer: Consumer::ByName,
        any_integer: false,
        maps: None,
        holes: false,
        parts: &[],
    };
    judge_within(cx.pairing, cx.changes, &input, (&was, &is), cx.depth + 1)
}

/// The error of a statement of a body that only the schema after knows.
fn failure(cx: &Context, body: &Body, statement: &BodyStatement) -> Option<Box<BindError>> {
    let error = without_variables(cx.pairing.after, body, statement, cx.session).err()?;
    matches!(error.kind, BindErrorKind::UnknownColumn | BindErrorKind::UnknownTable).then_some(error)
}

/// The text of a statement with the variables of its body made NULL, one after the other, until it binds: they
/// are names that the schema does not know. `Err`: it does not bind.
fn without_variables(schema: &Schema, body: &Body, statement: &BodyStatement, session: &SessionState) -> Result<String, Box<BindError>> {
    let mut sql = statement.sql.clone();
    blank_records(&mut sql);
    for _ in 0..64 {
        let parsed = parse_statement(&sql, schema.dialect);
        let Some(error) = bind(&parsed, &sql, schema, session).error else { break };
        let name = error.span.slice(&sql).to_string();
        let own = name.rsplit('.').next().unwrap_or(&name).trim_matches('"');
        let first = name.split('.').next().unwrap_or(&name).trim_matches('"');
        let variable = body.variables.iter().any(|v| v.eq_ignore_ascii_case(own) || v.eq_ignore_ascii_case(first));
        let (start, end) = (error.span.start as usize, error.span.end as usize);
        if error.kind != BindErrorKind::UnknownColumn || !variable || start == end || sql.get(start..end).is_none() {
            return Err(Box::new(error));
        }
        sql.replace_range(start..end, &format!("{:width$}", "NULL", width = end - start));
    }
    Ok(sql)
}

/// `NEW.x` and `OLD.x` become NULL; so does a whole NEW or OLD.
fn blank_records(sql: &mut String) {
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql.as_str();
    let mut previous = ' ';
    while let Some(c) = rest.chars().next() {
        let word_before = previous.is_alphanumeric() || matches!(previous, '_' | '.' | '"' | '\'');
        let record = !word_before && rest.get(..3).is_some_and(|w| w.eq_ignore_ascii_case("new") || w.eq_ignore_ascii_case("old"));
        let after = rest.get(3..).unwrap_or("");
        if record && !after.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
            let mut end = 3;
            if let Some(field) = after.strip_prefix('.') {
                let quoted = field.starts_with(['"', '`']);
                let length = field
                    .char_indices()
                    .skip(usize::from(quoted))
                    .find(|(_, c)| !(c.is_alphanumeric() || *c == '_'))
                    .map_or(field.len(), |(i, _)| i);
                end += 1 + length + usize::from(quoted && length < field.len());
            }
            out.push_str("NULL");
            previous = 'L';
            rest = rest.get(end..).unwrap_or("");
            continue;
        }
        out.push(c);
        previous = c;
        rest = &rest[c.len_utf8()..];
    }
    *sql = out;
}
