//! The difference of two bindings as such, before any rule has named it.

use super::context::Context;
use super::judgement::Cause;
use super::rules::unexplained_difference;
use crate::model::dialect::{Dialect, Engine};
use crate::model::finding::Effect;
use crate::model::statement::Consumer;
use crate::model::types::DataType;
use crate::sql::bind::binding::{Binding, Output};

/// How the result columns differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutputDifference {
    /// Columns that the result gained; the others stay in their order. Their positions in the result after.
    Added(Vec<usize>),
    /// Columns that the result lost; the others stay in their order. Their positions in the result before.
    Removed(Vec<usize>),
    /// The column at this position has another name.
    Renamed(usize),
    /// The same names in another order, or several of the above at once.
    Reordered,
    /// The column at this position has another type.
    Type(usize),
    /// The column at this position could not deliver NULL and can now.
    Nullable(usize),
}

/// All differences between two results; empty where one is not known.
pub fn outputs(before: &Binding, after: &Binding, dialect: Dialect) -> Vec<OutputDifference> {
    let (Some(was), Some(is)) = (&before.outputs, &after.outputs) else { return Vec::new() };
    let mut found = Vec::new();
    if was.len() < is.len() {
        match subsequence(was, is) {
            Some(extra) => found.push(OutputDifference::Added(extra)),
            None => found.push(OutputDifference::Reordered),
        }
    } else if was.len() > is.len() {
        match subsequence(is, was) {
            Some(extra) => found.push(OutputDifference::Removed(extra)),
            None => found.push(OutputDifference::Reordered),
        }
    } else {
        let differing: Vec<usize> = (0..was.len()).filter(|&i| was[i].name != is[i].name).collect();
        let sorted = |o: &[Output]| {
            let mut names: Vec<String> = o.iter().map(|o| o.name.clone()).collect();
            names.sort();
            names
        };
        if !differing.is_empty() && sorted(was) == sorted(is) {
            found.push(OutputDifference::Reordered);
        } else {
            found.extend(differing.into_iter().map(OutputDifference::Renamed));
        }
    }
    let pairs: Vec<(usize, &Output, &Output)> = if was.len() == is.len() && !found.contains(&OutputDifference::Reordered) {
        was.iter().zip(is).enumerate().map(|(i, (a, b))| (i, a, b)).collect()
    } else {
        is.iter().enumerate().filter_map(|(i, b)| was.iter().find(|a| a.name == b.name).map(|a| (i, a, b))).collect()
    };
    for (i, a, b) in pairs {
        if let (Some(x), Some(y)) = (&a.ty, &b.ty)
            && !same_type(x, y, dialect)
        {
            found.push(OutputDifference::Type(i));
        }
        if a.nullable == Some(false) && b.nullable == Some(true) {
            found.push(OutputDifference::Nullable(i));
        }
    }
    found
}

/// Whether two result types look the same to a client: a length or precision alone is no difference, a scale
/// is (values are delivered with as many decimals). SQLite delivers values by affinity, whatever was declared.
pub fn same_type(a: &DataType, b: &DataType, dialect: Dialect) -> bool {
    if dialect.engine == Engine::Sqlite {
        return affinity(a) == affinity(b);
    }
    let scale = |t: &DataType| t.args.get(1).cloned().unwrap_or_default();
    a.same_base(b)
        && (!matches!(a.name.as_str(), "numeric" | "decimal")
            || scale(a) == scale(b)
            || a.args.is_empty() != b.args.is_empty() && scale(a) == scale(b))
}

/// The affinity of a declared type (SQLite, "Datatypes In SQLite", section 3.1).
pub fn affinity(ty: &DataType) -> &'static str {
    let name = ty.name.to_ascii_lowercase();
    let has = |s: &str| name.contains(s);
    match () {
        () if has("int") => "integer",
        () if has("char") || has("clob") || has("text") => "text",
        () if has("blob") || name.is_empty() => "blob",
        () if has("real") || has("floa") || has("doub") => "real",
        () => "numeric",
    }
}

/// Positions in `long` that `short` does not have, if `short` is what remains without them.
fn subsequence(short: &[Output], long: &[Output]) -> Option<Vec<usize>> {
    let mut extra = Vec::new();
    let mut i = 0;
    for (j, output) in long.iter().enumerate() {
        if short.get(i).is_some_and(|s| s.name == output.name) {
            i += 1;
        } else {
            extra.push(j);
        }
    }
    (i == short.len()).then_some(extra)
}

/// The difference that no rule has explained, if there is one.
pub fn unexplained(cx: &Context, before: &Binding, after: &Binding, causes: &[Cause]) -> Option<Cause> {
    let gravest = causes.iter().map(|c| c.effect).max().unwrap_or_default();
    let (effect, message, span) = if let Some(error) = cx.new_error(before, after).filter(|_| before.error.is_none()) {
        (Effect::Breaks, format!("This {} fails after the migration{}.", cx.verb(), cx.says(error)), error.span)
    } else if cx.depth == 0 && cx.input.consumer == Consumer::Unknown && !outputs(before, after, cx.dialect()).is_empty() {
        (Effect::ChangesResult, "The result columns differ after the migration.".to_string(), Default::default())
    } else {
        return None;
    };
    if gravest >= effect {
        return None;
    }
    let meta = &unexplained_difference::RULE.meta;
    Some(Cause {
        rule: meta.id,
        effect,
        message,
        help: meta.fix.to_string(),
        object: after.error.as_ref().and_then(|e| e.object.clone()),
        change: None,
        span,
        confidence: cx.confidence(before).min(90),
    })
}
