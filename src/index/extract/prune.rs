//! Dropping facts that cannot matter, so that what is stored stays a small part of the source.
//!
//! Names are followed backwards from where they matter: what a sink or a piece of SQL mentions is needed, and
//! what a needed name is given as well. Names that other files can reach stay, with the text that they carry.

use super::call_value::carries;
use super::keep::{add_names, add_rows, add_texts, any_text, first_text, holds_sql, telling_name};
use super::looks::{like_names, like_sql};
use crate::model::facts::{AssignOp, Assignment, Call, FileFacts, ScopeKind, Value};
use crate::model::span::Span;
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

/// Bytes of a text that is neither SQL nor a name past which it is dropped.
const MAX_PLAIN: usize = 40;
/// Rounds of following names backwards.
const MAX_ROUNDS: usize = 6;

/// Drops what cannot matter, and loose strings that stand in other facts.
pub(super) fn prune(facts: &mut FileFacts) {
    mark_constants(facts);
    clear_results(facts);
    let texts: HashSet<String> = facts
        .assignments
        .iter()
        .filter(|a| a.op != AssignOp::Set || any_text(&a.value, &|_| true))
        .filter_map(|a| a.target.last().cloned())
        .collect();
    facts.returns.retain(|r| match &r.value {
        Value::Name(path, _) => path.last().is_some_and(|n| texts.contains(n) || telling_name(n)),
        Value::Call(call) => !call.callee.is_empty(),
        Value::Index { .. } => false,
        // `return Builder{table: table}`: a value that carries names to where SQL is made of them
        Value::Map(pairs, _) if pairs.len() <= 40 => {
            holds_sql(&r.value)
                || pairs.iter().any(|(k, v)| telling_name(k) && matches!(v, Value::Name(..) | Value::Text(..) | Value::List(..)))
        }
        Value::Text(..) | Value::List(..) => any_text(&r.value, &|t| like_sql(t) || like_names(t)),
        Value::File { .. } | Value::Tagged { .. } | Value::Choice(..) | Value::Concat(..) => true,
        other => holds_sql(other),
    });
    let needed = needed(facts);
    let mut rows = HashSet::default();
    let values = facts.assignments.iter().map(|a| &a.value).chain(facts.returns.iter().map(|r| &r.value));
    values.chain(facts.strings.iter().map(|s| &s.value)).for_each(|v| add_rows(v, &mut rows));
    let kinds: Vec<ScopeKind> = facts.scopes.iter().map(|s| s.kind).collect();
    facts.assignments.retain_mut(|a| {
        let open = a.exported || !matches!(kinds.get(a.scope as usize), Some(ScopeKind::Function));
        // Pieces of a needed name stay whole.
        let pieces = matches!(a.value, Value::Map(..) | Value::List(..)) && a.target.last().is_some_and(|n| needed.contains(n));
        if !pieces {
            slim(&mut a.value);
        }
        let row = matches!(a.value, Value::Map(..)) && a.target.last().is_some_and(|n| rows.contains(n));
        row || keeps(a, open, &needed, &texts)
    });
    facts.returns.iter_mut().for_each(|r| slim(&mut r.value));
    for call in facts.calls.iter_mut().filter(|c| c.sink.is_none()) {
        call.args.iter_mut().for_each(|a| slim(&mut a.value));
    }
    let covered = covered(facts);
    facts.strings.retain(|s| first_text(&s.value).is_none_or(|at| !covered.contains(&at)));
    drop_imports(facts);
    drop_scopes(facts);
}

/// A module's name in capitals that is given a value once is a constant by convention.
fn mark_constants(facts: &mut FileFacts) {
    let mut times: HashMap<String, u32> = HashMap::default();
    for a in facts.assignments.iter().filter(|a| a.scope == 0) {
        *times.entry(a.target.join(".")).or_default() += 1;
    }
    let capital = |name: &str| name.len() > 1 && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    for a in facts.assignments.iter_mut().filter(|a| a.scope == 0 && a.op == AssignOp::Set) {
        a.constant |= a.target.len() == 1 && a.target.iter().all(|n| capital(n)) && times.get(&a.target.join(".")) == Some(&1);
    }
}

/// What a sink gives is said by the call; as a value it is a receiver at most. What is read from its result
/// (`row = rows.fetchone()`) leads nowhere.
fn clear_results(facts: &mut FileFacts) {
    let sinks: HashSet<Span> = facts.calls.iter().filter(|c| c.sink.is_some()).map(|c| c.own_span).collect();
    let values = facts.assignments.iter_mut().map(|a| &mut a.value).chain(facts.returns.iter_mut().map(|r| &mut r.value));
    for value in values {
        if let Value::Call(call) = value
            && sinks.contains(&call.own_span)
        {
            call.args.clear();
        }
    }
    let results: HashSet<String> = facts.calls.iter().filter(|c| c.sink.is_some()).flat_map(|c| c.assigned.iter().cloned()).collect();
    let of_result = |value: &Value| match value {
        Value::Call(call) => call.callee.len() == 2 && call.callee.first().is_some_and(|h| results.contains(h)),
        _ => false,
    };
    facts.assignments.retain(|a| !of_result(&a.value));
}

/// Names that matter, with all that lead to them.
fn needed(facts: &FileFacts) -> HashSet<String> {
    let mut needed = HashSet::default();
    for call in &facts.calls {
        if call.sink.is_some() {
            needed.extend(call.callee.iter().cloned());
        } else {
            // a single name may be a variable that stands for a function (`const { run } = db`)
            needed.extend(call.callee.iter().take(call.callee.len().saturating_sub(1).max(1)).cloned());
        }
        call.args.iter().for_each(|a| add_names(&a.value, &mut needed));
    }
    for r in &facts.returns {
        match &r.value {
            Value::Call(call) => needed.extend(call.callee.iter().take(call.callee.len().saturating_sub(1)).cloned()),
            value => add_names(value, &mut needed),
        }
    }
    facts.strings.iter().for_each(|s| add_names(&s.value, &mut needed));
    facts.assignments.iter().filter(|a| holds_sql(&a.value)).for_each(|a| {
        add_names(&a.value, &mut needed);
        needed.extend(a.target.last().cloned());
    });
    for _ in 0..MAX_ROUNDS {
        let before = needed.len();
        for a in &facts.assignments {
            if a.target.last().is_some_and(|n| needed.contains(n)) {
                add_names(&a.value, &mut needed);
            }
        }
        if needed.len() == before {
            break;
        }
    }
    needed
}

/// Whether an assignment may matter. `open`: other files can reach the name.
fn keeps(a: &Assignment, open: bool, needed: &HashSet<String>, texts: &HashSet<String>) -> bool {
    let name = a.target.last().map_or("", String::as_str);
    let head = a.target.first().map_or("", String::as_str);
    let used = needed.contains(name) || (a.target.len() == 1 && needed.contains(head));
    let shared = open || a.target.len() > 1;
    match &a.value {
        value if holds_sql(value) => true,
        _ if a.op != AssignOp::Set => used,
        Value::Scalar(..) => used && (texts.contains(name) || (open && a.constant)),
        Value::Opaque(..) => !a.ty.is_empty() || (used && texts.contains(name)),
        Value::Name(..) | Value::Call(_) => used || shared,
        Value::File { .. } | Value::Tagged { .. } => used || shared,
        Value::Index { .. } => used,
        Value::Map(pairs, _) if pairs.is_empty() => used && !a.ty.is_empty(),
        Value::List(items, _) if items.is_empty() => used,
        // `export default { run, page }`
        Value::Map(pairs, _) if name == "default" => pairs.iter().any(|(_, v)| matches!(v, Value::Name(..) | Value::Map(..))),
        value => (used || shared) && !holds_long_text(value) && any_text(value, &|t| !t.is_empty()),
    }
}

/// Long text that does not look like SQL.
fn holds_long_text(value: &Value) -> bool {
    any_text(value, &|t| t.len() > MAX_PLAIN && !like_sql(t) && !like_names(t))
}

/// Empties parts that cannot carry text for SQL: arguments, entries and items.
fn slim(value: &mut Value) {
    match value {
        Value::Map(pairs, _) => {
            pairs.retain(|(_, v)| match v {
                Value::Text(..) => {
                    any_text(v, &|t| like_sql(t) || (like_names(t) && !t.trim().contains(' ')) || t.contains(", ")) && !holds_long_text(v)
                }
                Value::Opaque(..) | Value::Scalar(..) | Value::Index { .. } => false,
                _ => true,
            });
            pairs.iter_mut().for_each(|(_, v)| slim(v));
            pairs.retain(|(_, v)| !matches!(v, Value::Map(p, _) if p.is_empty()) && !matches!(v, Value::List(p, _) if p.is_empty()));
        }
        Value::List(items, _) => {
            items.iter_mut().for_each(slim);
            if !items.iter().any(carries) {
                items.clear();
            }
        }
        Value::Call(call) => slim_call(call),
        _ => {}
    }
}

fn slim_call(call: &mut Call) {
    let telling = |v: &Value| match v {
        Value::Text(..) => any_text(v, &|t| like_sql(t) || like_names(t)),
        Value::Name(path, _) => path.last().is_some_and(|n| telling_name(n)),
        Value::File { .. } | Value::Tagged { .. } => true,
        other => holds_sql(other),
    };
    if !call.args.iter().any(|a| telling(&a.value)) {
        call.args.clear();
    }
    call.args.iter_mut().for_each(|a| slim(&mut a.value));
}

/// Starts of all texts of assignments, calls and returns.
fn covered(facts: &FileFacts) -> HashSet<u32> {
    let mut starts = HashSet::default();
    if facts.strings.is_empty() {
        return starts;
    }
    facts.assignments.iter().for_each(|a| add_texts(&a.value, &mut starts));
    facts.calls.iter().flat_map(|c| &c.args).for_each(|a| add_texts(&a.value, &mut starts));
    facts.returns.iter().for_each(|r| add_texts(&r.value, &mut starts));
    starts
}

/// Imports that no fact mentions; whole modules and re-exports stay.
fn drop_imports(facts: &mut FileFacts) {
    let mut used = HashSet::default();
    facts.assignments.iter().for_each(|a| {
        add_names(&a.value, &mut used);
        used.extend(words(&a.ty));
    });
    facts.returns.iter().for_each(|r| add_names(&r.value, &mut used));
    facts.strings.iter().for_each(|s| add_names(&s.value, &mut used));
    for call in &facts.calls {
        used.extend(call.callee.iter().cloned());
        call.args.iter().for_each(|a| add_names(&a.value, &mut used));
    }
    for scope in &facts.scopes {
        used.extend(scope.bases.iter().flat_map(|b| words(b)));
        used.extend(scope.params.iter().flat_map(|p| words(&p.ty)));
    }
    facts.imports.retain(|i| i.reexport || matches!(i.local.as_str(), "*" | ".") || used.contains(&i.local));
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty()).map(str::to_string)
}

/// Functions that no fact stands in, nor in a scope within them; the others are numbered anew.
fn drop_scopes(facts: &mut FileFacts) {
    let mut keep = vec![false; facts.scopes.len()];
    let mut mark = |scope: u32| {
        let mut at = scope as usize;
        while let Some(flag) = keep.get_mut(at) {
            if *flag {
                break;
            }
            *flag = true;
            at = facts.scopes.get(at).map_or(0, |s| s.parent as usize);
        }
    };
    mark(0);
    facts.assignments.iter().for_each(|a| mark(a.scope));
    facts.calls.iter().for_each(|c| mark(c.scope));
    facts.returns.iter().for_each(|r| mark(r.scope));
    facts.strings.iter().for_each(|s| mark(s.scope));
    for (i, scope) in facts.scopes.iter().enumerate() {
        if scope.kind == ScopeKind::Class && !scope.bases.is_empty() {
            mark(i as u32);
        }
    }
    if keep.iter().all(|k| *k) {
        return;
    }
    let mut number = 0;
    let numbers: Vec<u32> = keep
        .iter()
        .map(|k| {
            let own = number;
            number += u32::from(*k);
            own
        })
        .collect();
    let renumber = |scope: &mut u32| *scope = numbers.get(*scope as usize).copied().unwrap_or(0);
    let mut at = 0;
    facts.scopes.retain(|_| {
        at += 1;
        keep.get(at - 1).copied().unwrap_or(true)
    });
    facts.scopes.iter_mut().for_each(|s| renumber(&mut s.parent));
    facts.assignments.iter_mut().for_each(|a| renumber(&mut a.scope));
    facts.calls.iter_mut().for_each(|c| renumber(&mut c.scope));
    facts.returns.iter_mut().for_each(|r| renumber(&mut r.scope));
    facts.strings.iter_mut().for_each(|s| renumber(&mut s.scope));
    // Calls within values name their scope as well.
    let values = facts.assignments.iter_mut().map(|a| &mut a.value).chain(facts.returns.iter_mut().map(|r| &mut r.value));
    let values = values.chain(facts.calls.iter_mut().flat_map(|c| &mut c.args).map(|a| &mut a.value));
    let values = values.chain(facts.strings.iter_mut().map(|s| &mut s.value));
    values.for_each(|v| each_call(v, &mut |call| renumber(&mut call.scope)));
    let defaults = facts.scopes.iter_mut().flat_map(|s| &mut s.params).filter_map(|p| p.default.as_mut());
    defaults.for_each(|v| each_call(v, &mut |call| renumber(&mut call.scope)));
}

/// Visits every call within a value.
fn each_call(value: &mut Value, visit: &mut impl FnMut(&mut Call)) {
    match value {
        Value::Call(call) => {
            visit(call);
            call.args.iter_mut().for_each(|a| each_call(&mut a.value, visit));
        }
        Value::Concat(parts, _) | Value::List(parts, _) | Value::Choice(parts, _) | Value::Tagged { parts, .. } => {
            parts.iter_mut().for_each(|p| each_call(p, visit));
        }
        Value::Format { template, args, .. } => {
            each_call(template, visit);
            args.iter_mut().for_each(|a| each_call(&mut a.value, visit));
        }
        Value::Join { separator, items, .. } => {
            each_call(separator, visit);
            each_call(items, visit);
        }
        Value::Map(pairs, _) => pairs.iter_mut().for_each(|(_, v)| each_call(v, visit)),
        Value::Each { each, over, .. } => {
            each_call(each, visit);
            each_call(over, visit);
        }
        Value::Index { of, key, .. } => {
            each_call(of, visit);
            each_call(key, visit);
        }
        Value::File { path, .. } => each_call(path, visit),
        Value::Text(..) | Value::Name(..) | Value::Scalar(..) | Value::Opaque(..) => {}
    }
}
