//! What the rules say of calls: which rule holds, what its arguments are called, which methods add to it.

use super::run::Run;
use super::value::{Argument, LinkCall, Term, Value};
use crate::grammar::ddl::{Link, Rule, Rules, names};
use std::rc::Rc;

impl Run<'_> {
    /// The rules of a set for a qualified name: those of the longest key that means it.
    pub fn rules_in(&self, set: &str, path: &str) -> Option<&Rules> {
        let set = self.rules.set.get(set)?;
        set.rules.iter().filter(|(key, _)| names(key, path)).max_by_key(|(key, _)| key.len()).map(|(_, rules)| rules)
    }

    /// The first rule of any set that knows a name: how its arguments are called, and what it gives.
    pub fn rule_of(&self, path: &str) -> Option<&Rule> {
        let operation = self.rules_in("operation", path);
        let any =
            || self.rules.set.keys().filter_map(|set| self.rules_in(set, path)).max_by_key(|r| r.0.first().map_or(0, |r| r.params.len()));
        operation.or_else(any)?.0.first()
    }

    /// Whether a call sends.
    pub fn is_operation(&self, path: &str) -> bool {
        self.rules_in("operation", path).is_some()
    }

    /// Whether calls below a name matter.
    pub fn is_tracked(&self, path: &str) -> bool {
        let inside = |start: &String| {
            let found = path.find(start.as_str()).filter(|at| *at == 0 || path[..*at].ends_with('/'));
            found.is_some_and(|at| path[at + start.len()..].is_empty() || path[at + start.len()..].starts_with('.'))
        };
        self.rules.tracked.iter().any(inside)
    }

    /// Whether a call is known to change nothing.
    pub fn is_harmless(&self, path: &str) -> bool {
        // What is called on the value of one is no more.
        let below = |key: &String| path.match_indices("().").any(|(at, _)| names(key, &path[..at])) || names(key, path);
        self.rules.harmless.iter().any(below)
    }

    /// A call at the end of a chain under the name that it has on what the chain begins with:
    /// `Session.Where().Delete` is `Session.Delete`.
    pub fn collapsed(&self, path: &str) -> Option<String> {
        let (_, last) = path.rsplit_once('.').filter(|_| path.contains("()."))?;
        let start =
            self.rules.tracked.iter().find(|start| path.find(start.as_str()).is_some_and(|at| at == 0 || path[..at].ends_with('/')))?;
        Some(format!("{start}.{last}")).filter(|name| self.is_operation(name))
    }

    /// What the value of a call is, and whether calls on it are its parts.
    pub fn gives(&self, term: &Term) -> Option<(Rc<str>, bool)> {
        let rule = self.rule_of(&term.callee).filter(|r| !r.gives.is_empty())?;
        Some((rule.gives.as_str().into(), rule.collects && rule.callback.is_empty()))
    }

    /// What calls on the value of a call, and functions that it runs, have as arguments besides their own.
    pub fn carried(&self, term: &Term) -> Rc<[(Rc<str>, Value)]> {
        let Some(rule) = self.rule_of(&term.callee) else { return term.carried.clone() };
        let own = rule.carries.iter().filter_map(|name| Some((Rc::from(name.as_str()), self.argument(term, rule, name)?)));
        let own: Vec<(Rc<str>, Value)> = own.collect();
        let kept = term.carried.iter().filter(|c| !own.iter().any(|o| o.0 == c.0)).cloned().collect::<Vec<_>>();
        own.into_iter().chain(kept).collect()
    }

    /// The rule of a method that adds to a call.
    pub fn link_of(&self, term: &Term, name: &str) -> Option<&Link> {
        let of_rule = self.rule_of(&term.callee).map(|r| r.links.as_str()).filter(|l| !l.is_empty());
        let of_set = || {
            let knows = |set: &&crate::grammar::ddl::PartSet| !set.links.is_empty() && set.rules.keys().any(|k| names(k, &term.callee));
            self.rules.set.values().find(knows).map(|s| s.links.as_str())
        };
        self.rules.links.get(of_rule.or_else(of_set)?)?.get(name)
    }

    /// An argument of a call by its name; also what methods called on it have set.
    pub fn argument(&self, term: &Term, rule: &Rule, name: &str) -> Option<Value> {
        if name == "items" {
            return Some(Value::List(term.items.clone()));
        }
        let linked = term.links.borrow().iter().rev().find_map(|call| self.linked(term, call, name));
        let given = linked.or_else(|| by_name(&term.args, &rule.params, name));
        let result = || term.results.borrow().iter().find(|r| &*r.0 == name).map(|r| r.1.clone());
        let optional = || {
            rule.options.iter().filter(|o| *o != name).find_map(|option| {
                let value = result_or(term, option).or_else(|| by_name(&term.args, &rule.params, option))?;
                self.entry_of(&value, name)
            })
        };
        let carried = || term.carried.iter().find(|c| &*c.0 == name).map(|c| c.1.clone());
        match given {
            // what the function gave counts, not the function
            Some(Value::Function(..)) => result().or(given),
            Some(value) => Some(value),
            None => optional().or_else(result).or_else(carried),
        }
    }

    fn linked(&self, term: &Term, call: &LinkCall, name: &str) -> Option<Value> {
        let link = self.link_of(term, &call.name)?;
        if let Some(word) = link.set.get(name) {
            return Some(match word.as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "null" => Value::Null,
                word => Value::text(word),
            });
        }
        let result = call.results.iter().find(|r| &*r.0 == name).map(|r| r.1.clone());
        result.or_else(|| by_name(&call.args, &link.params, name))
    }

    /// A named part of a value: an entry of an object, an argument of a call, an item of a list.
    pub fn entry_of(&self, value: &Value, name: &str) -> Option<Value> {
        match value {
            Value::Map(_) => value.entry(name),
            Value::Term(term) => match self.rule_of(&term.callee) {
                Some(rule) => self.argument(term, rule, name),
                None => by_name(&term.args, &[], name),
            },
            Value::List(items) => items.borrow().get(name.parse::<usize>().ok()?).cloned(),
            Value::This(this) => this.fields.borrow().iter().find(|f| &*f.0 == name).map(|f| f.1.clone()),
            _ => None,
        }
    }
}

fn result_or(term: &Term, name: &str) -> Option<Value> {
    term.results.borrow().iter().find(|r| &*r.0 == name).map(|r| r.1.clone())
}

/// An argument by keyword, or by the position of its name.
fn by_name(args: &[Argument], params: &[String], name: &str) -> Option<Value> {
    if let Some(found) = args.iter().find(|a| a.name.as_deref() == Some(name)) {
        return Some(found.value.clone());
    }
    let positional = || args.iter().filter(|a| a.name.is_none()).map(|a| a.value.clone());
    if let Some(at) = params.iter().position(|p| p.strip_prefix('*') == Some(name)) {
        return Some(Value::list(positional().skip(at).collect()));
    }
    positional().nth(params.iter().position(|p| p == name)?)
}
