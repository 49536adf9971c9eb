//! A function that computes something else.

use super::Rule;
use crate::impact::bodies::of_function;
use crate::impact::context::Context;
use crate::impact::judgement::Explanation;
use crate::model::change::Change;
use crate::model::change::ChangeOp;
use crate::model::finding::Effect;
use crate::model::object::ObjectKind;
use crate::model::schema::Function;
use crate::sql::bind::binding::Binding;

/// The rule.
pub const RULE: Rule = Rule {
    meta: meta! {
        id: "function-redefined",
        title: "A called function is redefined",
        why: "A call resolves by name and argument types, so a function that is replaced by one with the same signature takes all its callers at once.",
        fix: "Give the new behaviour a new name.",
        misses: "Whether another body gives another result is not proved.",
    },
    explain,
};

fn explain(cx: &Context, before: &Binding, after: &Binding, _changes: &[Change]) -> Vec<Explanation> {
    if before.error.is_some() || after.error.is_some() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for used in before.uses.iter().filter(|u| u.kind == ObjectKind::Function) {
        let Some(old) = used.id.and_then(|id| cx.pairing.function_before(id)) else { continue };
        let types = |f: &Function| f.params.iter().map(|p| p.1.clone()).collect::<Vec<_>>();
        let same = |f: &&Function| f.id == old.id || (f.name == old.name && types(f) == types(old));
        let Some(new) = cx.pairing.after.functions.iter().find(same) else { continue };
        let inside = of_function(cx, old, new);
        let ops = [ChangeOp::ReplaceFunction, ChangeOp::CreateFunction, ChangeOp::DropFunction];
        let (effect, message, change) = if let Some(inside) = inside {
            (inside.effect, format!("Function {} does not work as before: {}.", old.name.name, inside.reason), inside.change)
        } else if definition(old) != definition(new) && (old.id != new.id || cx.change_to(&ops, Some(new.id)).is_some()) {
            (
                Effect::ChangesResult,
                format!("Function {} is redefined, so this {} may return something else.", old.name.name, cx.verb()),
                None,
            )
        } else {
            continue;
        };
        let mut explanation = cx.explain(before, effect, message);
        explanation.object = Some(cx.object_of(used));
        explanation.change = change.or_else(|| cx.change_to(&ops, Some(new.id))).or_else(|| cx.change_of_name(&ops, &old.name.name));
        explanation.span = used.span;
        explanation.confidence = explanation.confidence.min(90);
        found.push(explanation);
    }
    found
}

/// What decides the result of a function, with its parameters numbered.
fn definition(function: &Function) -> (String, String, bool, bool) {
    let mut body = format!(" {} ", function.body.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase());
    for (i, (name, _, _)) in function.params.iter().enumerate().filter(|(_, p)| !p.0.is_empty()) {
        body = numbered(&body, &name.to_lowercase(), i + 1);
    }
    let returns = function.returns.as_ref().map_or(String::new(), |t| t.to_string());
    (body, returns, function.strict, function.returns_set)
}

/// `text` with every whole word `name` made `$n`.
fn numbered(text: &str, name: &str, n: usize) -> String {
    let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(name) {
        let (head, tail) = rest.split_at(at);
        let tail = &tail[name.len()..];
        let whole = !word(head.chars().next_back().or(out.chars().next_back())) && !word(tail.chars().next());
        out.push_str(head);
        if whole {
            out.push_str(&format!("${n}"))
        } else {
            out.push_str(name)
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}
