//! Questions about values: do they hold SQL, a piece of it, or a name that could stand in it?

use super::looks::{like_names, like_sql};
use crate::model::facts::Value;
use crate::model::span::Span;
use rustc_hash::FxHashSet as HashSet;

/// Whether any text in a value looks like SQL or a piece of it.
pub(super) fn holds_sql(value: &Value) -> bool {
    any_text(value, &like_sql)
}

/// Whether any text in a value satisfies `test`.
pub(super) fn any_text(value: &Value, test: &impl Fn(&str) -> bool) -> bool {
    match value {
        Value::Text(runs, _) => match runs.as_slice() {
            [one] => test(&one.text),
            many => test(&many.iter().map(|r| r.text.as_str()).collect::<String>()),
        },
        Value::Concat(parts, _) | Value::List(parts, _) | Value::Choice(parts, _) | Value::Tagged { parts, .. } => {
            parts.iter().any(|p| any_text(p, test))
        }
        Value::Format { template, args, .. } => any_text(template, test) || args.iter().any(|a| any_text(&a.value, test)),
        Value::Join { separator, items, .. } => any_text(separator, test) || any_text(items, test),
        Value::Map(pairs, _) => pairs.iter().any(|(_, v)| any_text(v, test)),
        Value::Each { each, over, .. } => any_text(each, test) || any_text(over, test),
        Value::Index { of, .. } => any_text(of, test),
        Value::Call(call) => call.args.iter().any(|a| any_text(&a.value, test)),
        Value::Name(..) | Value::File { .. } | Value::Scalar(..) | Value::Opaque(..) => false,
    }
}

/// Whether the SQL argument of a sink may be text.
pub(super) fn may_be_text(value: &Value) -> bool {
    match value {
        Value::Scalar(..) => false,
        Value::List(items, _) => items.iter().any(may_be_text),
        Value::Opaque(text, _) => !text.is_empty() && !text.contains("=>") && !text.starts_with("func") && !text.starts_with("lambda"),
        _ => true,
    }
}

/// Whether an argument makes a call worth keeping: it holds SQL, a piece of it, or a name that could stand in it.
pub(super) fn may_help(value: &Value) -> bool {
    match value {
        Value::Text(..) => any_text(value, &|t| like_sql(t) || like_names(t)),
        Value::Tagged { pack, .. } if !pack.is_empty() => true,
        Value::Name(path, _) => path.last().is_some_and(|n| telling_name(n)),
        Value::List(items, _) | Value::Choice(items, _) => items.iter().take(64).any(may_help),
        Value::Map(pairs, _) => pairs.iter().take(64).any(|(k, v)| matches!(k.as_str(), "sql" | "text" | "query") || holds_sql(v)),
        Value::File { .. } => true,
        // `f"{query} {clause}"`: put together of pieces that come from elsewhere
        Value::Concat(parts, _) => holds_sql(value) || parts.iter().take(64).any(|p| matches!(p, Value::Name(..)) && may_help(p)),
        other => holds_sql(other),
    }
}

/// A name that text for SQL usually has, or that of a constant.
pub(super) fn telling_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let words = ["sql", "query", "stmt", "statement", "table", "column", "clause", "where", "cond", "filter", "select", "insert", "update"];
    let constant = name.len() > 2 && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    constant || words.iter().any(|w| lower.contains(w)) || matches!(lower.as_str(), "q" | "s" | "qs" | "qry")
}

/// Adds every name that a value mentions.
pub(super) fn add_names(value: &Value, names: &mut HashSet<String>) {
    match value {
        Value::Name(path, _) => names.extend(path.iter().cloned()),
        Value::Concat(parts, _) | Value::List(parts, _) | Value::Choice(parts, _) | Value::Tagged { parts, .. } => {
            parts.iter().for_each(|p| add_names(p, names));
        }
        Value::Format { template, args, .. } => {
            add_names(template, names);
            args.iter().for_each(|a| add_names(&a.value, names));
        }
        Value::Join { separator, items, .. } => {
            add_names(separator, names);
            add_names(items, names);
        }
        Value::Map(pairs, _) => pairs.iter().for_each(|(_, v)| add_names(v, names)),
        Value::Each { each, over, .. } => {
            add_names(each, names);
            add_names(over, names);
        }
        Value::Index { of, key, .. } => {
            add_names(of, names);
            add_names(key, names);
        }
        Value::Call(call) => {
            names.extend(call.callee.iter().cloned());
            call.args.iter().for_each(|a| add_names(&a.value, names));
        }
        Value::File { path, .. } => add_names(path, names),
        Value::Text(..) | Value::Scalar(..) | Value::Opaque(..) => {}
    }
}

/// Adds the names of rows that a template hands to its tag (`sql(row)`): their keys are columns.
pub(super) fn add_rows(value: &Value, names: &mut HashSet<String>) {
    match value {
        Value::Tagged { tag, parts, parameters: false, .. } if matches!(parts.as_slice(), [Value::Call(call)] if call.callee == *tag) => {
            parts.iter().for_each(|p| add_names(p, names));
        }
        Value::Concat(parts, _) | Value::List(parts, _) | Value::Choice(parts, _) | Value::Tagged { parts, .. } => {
            parts.iter().for_each(|p| add_rows(p, names));
        }
        _ => {}
    }
}

/// Where the text of a value starts.
pub(super) fn first_text(value: &Value) -> Option<u32> {
    let mut starts = HashSet::default();
    add_texts(value, &mut starts);
    starts.into_iter().min()
}

/// Adds where every text of a value starts.
pub(super) fn add_texts(value: &Value, starts: &mut HashSet<u32>) {
    let mut add = |s: Span| starts.extend([s.start]);
    match value {
        Value::Text(runs, at) => add(runs.first().map_or(*at, |r| r.source)),
        Value::Concat(parts, _) | Value::List(parts, _) | Value::Choice(parts, _) | Value::Tagged { parts, .. } => {
            parts.iter().for_each(|p| add_texts(p, starts));
        }
        Value::Format { template, args, .. } => {
            add_texts(template, starts);
            args.iter().for_each(|a| add_texts(&a.value, starts));
        }
        Value::Join { separator, items, .. } => {
            add_texts(separator, starts);
            add_texts(items, starts);
        }
        Value::Map(pairs, _) => pairs.iter().for_each(|(_, v)| add_texts(v, starts)),
        Value::Each { each, over, .. } => {
            add_texts(each, starts);
            add_texts(over, starts);
        }
        Value::Index { of, .. } => add_texts(of, starts),
        Value::Call(call) => call.args.iter().for_each(|a| add_texts(&a.value, starts)),
        Value::File { .. } | Value::Name(..) | Value::Scalar(..) | Value::Opaque(..) => {}
    }
}
