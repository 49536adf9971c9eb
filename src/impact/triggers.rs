//! Which triggers a write fires, and what they run.

use super::context::Context;
use crate::model::schema::{Schema, Trigger};
use crate::sql::bind::binding::{Write, WriteKind};

/// Whether a write fires a trigger of its table.
pub fn fires(cx: &Context, trigger: &Trigger, write: &Write) -> bool {
    let event = match write.kind {
        WriteKind::Insert => "insert",
        WriteKind::Update => "update",
        WriteKind::Delete => "delete",
        WriteKind::Truncate => "truncate",
    };
    let written = |c: &String| write.columns.iter().any(|w| cx.dialect().same_column(&w.name, c));
    let columns = event != "update" || trigger.columns.is_empty() || trigger.columns.iter().any(written);
    !trigger.disabled && columns && trigger.events.iter().any(|e| e == event)
}

/// The text that a trigger runs: its own body, or that of its function.
pub fn body<'s>(schema: &'s Schema, trigger: &'s Trigger) -> &'s str {
    match &trigger.function {
        Some(name) => schema.functions.iter().find(|f| f.name == *name || f.name.name == name.name).map_or("", |f| f.body.as_str()),
        None => &trigger.body,
    }
}
