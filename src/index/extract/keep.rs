//! What is worth keeping: facts that can carry SQL or a piece of it, and the names that lead to them.

use super::looks::{like_names, like_sql};
use crate::model::facts::{AssignOp, Assignment, FileFacts, ScopeKind, Value};
use crate::model::span::Span;
use std::collections::{HashMap, HashSet};

/// Bytes of a text that is neither SQL nor short past which it is dropped.
const MAX_PLAIN: usize = 300;

/// Whether any text in a value looks like SQL or a piece of it.
pub(super) fn holds_sql(value: &Value) -> bool {
    any_text(value, &like_sql)
}

/// Whether any text in a value satisfies `test`.
fn any_text(value: &Value, test: &impl Fn(&str) -> bool) -> bool {
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
        Value::List(items, _) => items.iter().take(64).any(may_help),
        Value::Map(pairs, _) => pairs.iter().take(64).any(|(k, v)| matches!(k.as_str(), "sql" | "text" | "query") || holds_sql(v)),
        Value::File { .. } => true,
        other => holds_sql(other),
    }
}

/// A name that text for SQL usually has, or that of a constant.
fn telling_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let words = ["sql", "query", "stmt", "statement", "table", "column", "clause", "where", "cond", "filter", "select", "insert", "update"];
    let constant = name.len() > 2 && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    constant || words.iter().any(|w| lower.contains(w)) || matches!(lower.as_str(), "q" | "s" | "qs" | "qry")
}

/// Drops what cannot matter, and loose strings that stand in other facts.
pub(super) fn prune(facts: &mut FileFacts) {
    mark_constants(facts);
    let mentioned = mentioned(facts);
    // What a sink gives is said by the call; as a value it is a receiver at most.
    let sinks: HashSet<Span> = facts.calls.iter().filter(|c| c.sink.is_some()).map(|c| c.own_span).collect();
    let values = facts.assignments.iter_mut().map(|a| &mut a.value).chain(facts.returns.iter_mut().map(|r| &mut r.value));
    for value in values {
        if let Value::Call(call) = value
            && sinks.contains(&call.own_span) {
                call.args.clear();
            }
    }
    let results: HashSet<&str> = facts.calls.iter().filter(|c| c.sink.is_some()).flat_map(|c| &c.assigned).map(String::as_str).collect();
    let of_result = |value: &Value| match value {
        Value::Call(call) => call.callee.len() == 2 && call.callee.first().is_some_and(|h| results.contains(h.as_str())),
        _ => false,
    };
    facts.assignments.retain(|a| !of_result(&a.value));
    let scopes = &facts.scopes;
    let kind = |scope: u32| scopes.get(scope as usize).map(|s| s.kind);
    facts.assignments.retain(|a| keeps(a, kind(a.scope), &mentioned));
    for assignment in &mut facts.assignments {
        shorten(&mut assignment.value);
    }
    facts.returns.retain(|r| match &r.value {
        Value::Name(path, _) => path.last().is_some_and(|n| mentioned.texts.contains(n.as_str()) || telling_name(n)),
        Value::Call(call) => !call.callee.is_empty(),
        Value::Map(..) | Value::List(..) => holds_sql(&r.value),
        Value::Text(..) => any_text(&r.value, &|t| like_sql(t) || like_names(t)),
        _ => true,
    });
    let covered = covered(facts);
    facts.strings.retain(|s| first_text(&s.value).is_none_or(|at| !covered.contains(&at)));
}

/// A module's name in capitals that is given a value once is a constant by convention.
fn mark_constants(facts: &mut FileFacts) {
    let mut times: HashMap<String, u32> = HashMap::new();
    for a in facts.assignments.iter().filter(|a| a.scope == 0) {
        *times.entry(a.target.join(".")).or_default() += 1;
    }
    let capital = |name: &str| name.len() > 1 && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    for a in facts.assignments.iter_mut().filter(|a| a.scope == 0 && a.op == AssignOp::Set) {
        a.constant |= a.target.len() == 1 && a.target.iter().all(|n| capital(n)) && times.get(&a.target.join(".")) == Some(&1);
    }
}

/// Names that occur where they can matter.
struct Mentioned {
    /// In arguments, pieces and returns, and as receivers of calls that are kept.
    names: HashSet<String>,
    /// Names that text is assigned to.
    texts: HashSet<String>,
}

fn mentioned(facts: &FileFacts) -> Mentioned {
    let mut names = HashSet::new();
    let mut texts = HashSet::new();
    for call in &facts.calls {
        names.extend(call.callee.iter().take(call.callee.len().saturating_sub(1)).cloned());
        call.args.iter().for_each(|a| add_names(&a.value, &mut names));
    }
    facts.returns.iter().for_each(|r| add_names(&r.value, &mut names));
    facts.strings.iter().for_each(|s| add_names(&s.value, &mut names));
    for assignment in &facts.assignments {
        add_names(&assignment.value, &mut names);
        if any_text(&assignment.value, &|_| true) || assignment.op != AssignOp::Set {
            texts.extend(assignment.target.last().cloned());
        }
    }
    Mentioned { names, texts }
}

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

fn keeps(a: &Assignment, scope: Option<ScopeKind>, mentioned: &Mentioned) -> bool {
    let open = !matches!(scope, Some(ScopeKind::Function)) || a.exported;
    let name = a.target.last().map_or("", String::as_str);
    let head = a.target.first().map_or("", String::as_str);
    let used = mentioned.names.contains(name) || mentioned.names.contains(head);
    let member = a.target.len() > 1;
    match &a.value {
        _ if a.op != AssignOp::Set => used || holds_sql(&a.value),
        Value::Scalar(..) => mentioned.texts.contains(name) && used || (open && a.constant && mentioned.names.contains(name)),
        Value::Opaque(..) => !a.ty.is_empty() || (mentioned.texts.contains(name) && used),
        Value::Name(..) | Value::Call(_) | Value::Index { .. } => used || open || member,
        Value::File { .. } => used || open || member,
        value if holds_sql(value) => true,
        value => (used || open || member) && !too_long(value),
    }
}

/// Long text that does not look like SQL.
fn too_long(value: &Value) -> bool {
    let span = value.span();
    span.len() > 40 * MAX_PLAIN || any_text(value, &|t| t.len() > MAX_PLAIN) || !any_text(value, &|t| !t.is_empty())
}

/// Replaces entries of maps and lists that cannot carry text by nothing, to keep facts small.
fn shorten(value: &mut Value) {
    if let Value::Map(pairs, _) = value {
        pairs.retain(|(_, v)| !matches!(v, Value::Opaque(..)));
        pairs.iter_mut().for_each(|(_, v)| shorten(v));
    }
}

/// Where the text of a value starts.
fn first_text(value: &Value) -> Option<u32> {
    let mut starts = HashSet::new();
    add_texts(value, &mut starts);
    starts.into_iter().min()
}

fn add_texts(value: &Value, starts: &mut HashSet<u32>) {
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

/// Starts of all texts of assignments, calls and returns.
fn covered(facts: &FileFacts) -> HashSet<u32> {
    let mut starts = HashSet::new();
    if facts.strings.is_empty() {
        return starts;
    }
    facts.assignments.iter().for_each(|a| add_texts(&a.value, &mut starts));
    facts.calls.iter().flat_map(|c| &c.args).for_each(|a| add_texts(&a.value, &mut starts));
    facts.returns.iter().for_each(|r| add_texts(&r.value, &mut starts));
    starts
}
