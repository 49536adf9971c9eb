//! SQL that reaches no known call: recognised because it parses, never because of a word.

use super::Resolver;
use super::emit::Sender;
use super::evaluate::Notes;
use super::names::Env;
use super::sites::{Arrival, Subject};
use super::symbols::children;
use super::text::FileId;
use crate::model::facts::{AssignOp, Assignment, Call, Value};
use crate::model::span::Span;
use crate::model::statement::{Consumer, Evidence};
use crate::sql::parse::{Recognition, recognise};

/// Deepest nesting of values that is walked.
const MAX_DEPTH: u32 = 40;

/// Words that statements begin with. Only a filter: the parser decides.
const VERBS: [&str; 12] =
    ["select", "insert", "update", "delete", "with", "replace", "merge", "truncate", "values", "table", "call", "copy"];

impl<'a> Resolver<'a> {
    /// Emits the statements of a file that no site has reached.
    pub fn loose(&mut self, file: FileId) {
        let facts = self.symbols.facts(file);
        for (i, a) in facts.assignments.iter().enumerate() {
            if a.op != AssignOp::Set || !may_be_sql(&a.value) {
                self.loose_value(&a.value, &Env::new(file, a.scope, a.span.start, a.branch), 0);
                continue;
            }
            // what is added to the variable before it is set again belongs to the statement
            let later = facts.assignments.iter().skip(i + 1).take(400).filter(|b| b.scope == a.scope && b.target == a.target);
            let mut until = a.span.end;
            let mut grows = false;
            for b in later {
                if b.op == AssignOp::Set {
                    break;
                }
                until = b.span.end;
                grows = true;
            }
            if !grows || self.is_covered(file, a.value.span()) {
                self.loose_value(&a.value, &Env::new(file, a.scope, a.span.start, a.branch), 0);
                continue;
            }
            let env = Env::new(file, a.scope, until, a.branch);
            self.consider(Subject::Variable(a), &env, a.value.span());
        }
        for s in &facts.strings {
            self.loose_value(&s.value, &Env::new(file, s.scope, s.span.start, 0), 0);
        }
        for r in &facts.returns {
            self.loose_value(&r.value, &Env::new(file, r.scope, r.value.span().start, r.branch), 0);
        }
        for c in &facts.calls {
            self.loose_call(c, file);
        }
    }

    fn loose_call(&mut self, call: &'a Call, file: FileId) {
        let env = Env::new(file, call.scope, call.span.start, call.branch);
        for arg in &call.args {
            self.loose_value(&arg.value, &env, 0);
        }
    }

    /// Walks to the outermost texts of a value.
    fn loose_value(&mut self, value: &'a Value, env: &Env<'a>, depth: u32) {
        if depth > MAX_DEPTH {
            return;
        }
        match value {
            Value::Text(..) | Value::Concat(..) | Value::Format { .. } | Value::Tagged { .. } if may_be_sql(value) => {
                if !self.is_covered(env.file, value.span()) {
                    self.consider(Subject::Value(value), env, value.span());
                }
            }
            Value::Name(..) | Value::File { .. } | Value::Scalar(..) | Value::Opaque(..) => {}
            _ => children(value, &mut |v| self.loose_value(v, env, depth + 1)),
        }
    }

    fn consider(&mut self, subject: Subject<'a>, env: &Env<'a>, span: Span) {
        let file = env.file;
        // a template of a library's tag is sent where it stands: its function's callers say the rest
        let arrivals = match subject {
            Subject::Value(value @ Value::Tagged { pack, .. }) if !pack.is_empty() => self.arrivals(value, env),
            _ => self.variants(subject, env).0.into_iter().map(|text| Arrival { text, chain: Vec::new() }).collect(),
        };
        self.notes = Notes::default();
        let good: Vec<_> = arrivals.into_iter().filter(|a| recognise(&a.text.plain(), self.dialect) == Recognition::Statement).collect();
        if good.is_empty() {
            return;
        }
        let own = self.symbols.files.get(file as usize).is_some_and(|f| f.own);
        if own {
            self.out.sites += 1;
            self.out.resolved += 1;
        }
        let library = match subject {
            Subject::Value(Value::Tagged { pack, .. }) => pack.as_str(),
            Subject::Variable(Assignment { value: Value::Tagged { pack, .. }, .. }) => pack.as_str(),
            _ => "",
        };
        let evidence = if library.is_empty() { Evidence::Parsed } else { Evidence::Sink };
        for arrival in good {
            let sender = Sender { file, span, library, evidence, consumer: Consumer::Unknown };
            self.emit(&arrival, sender);
        }
    }

    /// Whether a text in this place is already part of a statement.
    pub fn is_covered(&mut self, file: FileId, span: Span) -> bool {
        self.emitted.covered.get(&file).is_some_and(|spans| spans.iter().any(|s| span.covers(*s) || s.covers(span)))
    }
}

/// Whether the first literal of a value begins like a statement.
pub(super) fn may_be_sql(value: &Value) -> bool {
    let text = match value {
        Value::Text(runs, _) => runs.iter().map(|r| r.text.as_str()).find(|t| !t.trim().is_empty()),
        Value::Concat(all, _) => return all.first().is_some_and(may_be_sql),
        Value::Tagged { parts, pack, .. } => return !pack.is_empty() || parts.first().is_some_and(may_be_sql),
        Value::Format { template, .. } => return may_be_sql(template),
        _ => None,
    };
    let Some(mut text) = text.map(str::trim_start) else { return false };
    // a leading comment or parenthesis says nothing
    while let Some(rest) = text.strip_prefix("--").or_else(|| text.strip_prefix("/*")) {
        let end = if text.starts_with("--") { rest.find('\n').map(|i| i + 1) } else { rest.find("*/").map(|i| i + 2) };
        match end {
            Some(i) => text = rest[i..].trim_start(),
            None => return true,
        }
    }
    let text = text.trim_start_matches('(').trim_start();
    let word = text.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or("");
    VERBS.iter().any(|v| v.eq_ignore_ascii_case(word))
}
