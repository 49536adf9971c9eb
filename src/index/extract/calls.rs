//! Calls: which are sinks, and which may be helpers that lead to one.

use super::file::Extraction;
use super::keep::{holds_sql, may_be_text, may_help, telling_name};
use super::value::span;
use super::walk::Frame;
use crate::grammar::role::{Role, Slot};
use crate::grammar::set::SinkRef;
use crate::model::facts::{Arg, Call, Sink, Value};
use tree_sitter::Node;

/// Bytes of the arguments of a call that are looked at before they are read.
const MAX_LOOK: usize = 2000;

impl<'a> Extraction<'a> {
    /// Adds a call that sends SQL, reads a result, or may lead to one that does.
    pub(super) fn call(&mut self, frame: &Frame<'a>, above: &[Frame<'a>], callee: &[String]) {
        let (node, rule) = (frame.node, frame.rule);
        let Some(function) = rule.get(node, Slot::Function) else { return };
        let arguments = rule.get(node, Slot::Arguments);
        if arguments.is_some_and(|a| self.table.role(a) == Role::Template) {
            return;
        }
        if callee.is_empty() {
            return;
        }
        let reads_result = callee.len() == 2 && callee.first().is_some_and(|h| self.results.contains(h));
        let candidates = self.rules.sinks.matching(callee).next().is_some();
        if !candidates && !reads_result && self.is_text_call(function, callee) {
            return;
        }
        if !candidates && !reads_result && arguments.is_none_or(|a| self.first_named(a).is_none()) {
            return;
        }
        // Most calls of a program carry neither text nor a telling name: they are told by their bytes.
        let loops = self.loops_over_texts(above);
        if !candidates && !reads_result && loops.is_empty() && !arguments.is_some_and(|a| self.may_carry(a)) {
            return;
        }
        let mut args = arguments.map(|a| self.args(a, 0)).unwrap_or_default();
        for arg in &mut args {
            if let Value::Name(path, _) = &arg.value
                && let [name] = path.as_slice()
                && let Some((_, texts)) = loops.iter().find(|(item, _)| item == name)
            {
                arg.value = texts.clone();
            }
        }
        let interpolated = above.last().is_some_and(|f| f.rule.role == Role::Interpolation);
        let sink = if candidates && !interpolated { self.sink(callee, &mut args) } else { None };
        if sink.is_none() && candidates && self.is_text_call(function, callee) {
            return;
        }
        if sink.is_none() && self.rules.text.is_muted(callee) {
            return;
        }
        if sink.is_none() && reads_result && args.is_empty() && self.rules.text.is_ignored(callee) {
            return;
        }
        if sink.is_none() && !reads_result {
            let ignored = self.rules.text.is_ignored(callee) && !args.iter().any(|a| holds_sql(&a.value));
            if ignored || !args.iter().any(|a| may_help(&a.value)) {
                return;
            }
        }
        let (chained, assigned, whole) = self.consumer(node, above);
        if sink.is_some() {
            self.results.extend(assigned.iter().cloned());
        }
        self.facts.calls.push(Call {
            scope: self.at.scope,
            branch: self.at.branch,
            callee: callee.to_vec(),
            args,
            sink,
            assigned,
            chained,
            span: span(whole),
            own_span: span(node),
        });
    }

    /// The variables of the loops and comprehensions around a call that walk through texts which are written there, with
    /// the choice of those.
    fn loops_over_texts(&self, above: &[Frame<'a>]) -> Vec<(String, Value)> {
        let mut out = Vec::new();
        for frame in above.iter().rev() {
            let clause = match frame.rule.role {
                Role::Function | Role::Class => break,
                Role::Loop if frame.rule.has(Slot::Right) => frame.node,
                Role::Loop | Role::Comprehension => match self.named(frame.node).find(|n| self.table.role(*n) == Role::Iteration) {
                    Some(clause) => clause,
                    None => continue,
                },
                _ => continue,
            };
            let rule = self.table.rule(clause);
            let (Some(left), Some(right)) = (rule.get(clause, Slot::Left), rule.get(clause, Slot::Right)) else { continue };
            if !matches!(self.table.role(right), Role::List | Role::Tuple) {
                continue;
            }
            if let (item, Value::List(texts, at)) = self.iterated(left, right, 0)
                && texts.iter().all(|t| matches!(t, Value::Text(..)))
            {
                out.push((item, Value::Choice(texts, at)));
            }
        }
        out
    }

    /// Whether the bytes of arguments hold a literal, a constant or a telling name.
    fn may_carry(&self, arguments: Node<'a>) -> bool {
        let end = arguments.end_byte().min(arguments.start_byte() + MAX_LOOK);
        let bytes = self.source.get(arguments.start_byte()..end).unwrap_or(&[]);
        let quoted = memchr::memchr3(b'"', b'\'', b'`', bytes).is_some();
        quoted || bytes.split(|b| !b.is_ascii_alphanumeric() && *b != b'_').any(|w| std::str::from_utf8(w).is_ok_and(telling_name))
    }

    /// Calls that the value of their expression says all about.
    fn is_text_call(&self, function: Node<'a>, callee: &[String]) -> bool {
        use crate::grammar::set::TextMethod::{Extend, Push};
        let text = &self.rules.text;
        let method = callee.last().filter(|_| self.table.role(function) == Role::Member).and_then(|m| text.methods.get(m));
        method.is_some_and(|m| !matches!(m, Extend | Push))
            || text.functions.get(callee).is_some()
            || text.readers.get(callee).is_some()
            || self.rules.wrappers.get(callee).is_some()
            || self.rules.joins.get(callee).is_some()
    }

    /// The call rule that a callee matches: one of a pack that the imports detect before any other, then one
    /// of a pack whose connections people give the receiver's name.
    fn sink(&self, callee: &[String], args: &mut [Arg]) -> Option<Sink> {
        let mut best: Option<((u8, bool), SinkRef)> = None;
        let (mut likely, mut rivals) = (false, Vec::new());
        let of_module = callee.first().is_some_and(|head| self.facts.imports.iter().any(|i| i.local == *head));
        for &at in self.rules.sinks.matching(callee) {
            let Some((pack, rule)) = self.rules.sink(at) else { continue };
            if at.method && callee.len() < 2 {
                continue;
            }
            if pack.detect.only && !rule.certain && !self.is_detected(at.pack) {
                continue;
            }
            // a function of the library under the name of a module, but not a method of the same name
            if !at.method && callee.len() > 1 && !of_module && rule.functions.iter().all(|f| !f.contains('.')) {
                continue;
            }
            let given = argument(args, rule.sql, &rule.keyword);
            let text = given.is_some_and(|v| may_be_text(v) && !self.is_never_text(v));
            // `prepare(sql).get(x)`: the statement was given before.
            let given_before = callee.len().checked_sub(2).and_then(|i| callee.get(..=i));
            if rule.weak && given_before.is_some_and(|c| c.len() > 1 && self.rules.sinks.get(c).is_some()) {
                continue;
            }
            if self.is_wrapper_of_another(callee, at.pack) {
                continue;
            }
            let sql = given.is_some_and(|v| holds_sql(v) || self.names_sql(v));
            let rank = match (self.is_detected(at.pack), rule.certain) {
                _ if !text => continue,
                (true, _) if !rule.weak || sql => 0,
                (_, true) => 1,
                _ if sql => 2,
                (true, _) => 3,
                _ if !rule.weak && self.is_usual_receiver(callee, at.pack) => 4,
                _ => continue,
            };
            if rank == 0 && !rivals.contains(&pack.id) {
                rivals.push(pack.id.clone());
            }
            let usual = self.is_usual_receiver(callee, at.pack);
            let rank = (rank, !usual);
            if best.is_none_or(|(r, _)| rank < r) {
                best = Some((rank, at));
                likely = rank.0 == 0 && usual;
            }
        }
        let (pack, rule) = self.rules.sink(best?.1)?;
        // `query({ text: "..." })`: the SQL stands under the key.
        if let Some(arg) = args.iter_mut().filter(|a| a.name.is_empty()).nth(rule.sql as usize)
            && let Value::Map(pairs, _) = &mut arg.value
            && let Some(at) = pairs.iter().position(|(k, _)| *k == rule.keyword)
        {
            arg.value = pairs.swap_remove(at).1;
        }
        rivals.retain(|r| *r != pack.id);
        Some(Sink {
            pack: pack.id.clone(),
            rivals,
            sql: rule.sql,
            sql_keyword: rule.keyword.clone(),
            consumer: rule.consumer.into(),
            certain: rule.certain,
            likely,
        })
    }

    /// `Prisma.raw(x)` is a piece of SQL though other libraries send with `raw`.
    fn is_wrapper_of_another(&self, callee: &[String], pack: usize) -> bool {
        let mut wrappers = self.rules.wrappers.matching(callee);
        wrappers.any(|w| w.0 != pack && (self.is_detected(w.0) || self.rules.wrapper(*w).is_some_and(|r| r.3)))
    }

    /// The receiver has a name that people give to the library's connections.
    fn is_usual_receiver(&self, callee: &[String], pack: usize) -> bool {
        let receiver = callee.len().checked_sub(2).and_then(|i| callee.get(i));
        let names = self.rules.packs.get(pack).map(|p| p.receivers.names.as_slice()).unwrap_or_default();
        receiver.is_some_and(|r| names.iter().any(|n| n.eq_ignore_ascii_case(r.trim_start_matches('_'))))
    }

    /// `ctx`, `context.Background()`.
    fn is_never_text(&self, value: &Value) -> bool {
        let path = match value {
            Value::Name(path, _) => path,
            Value::Call(call) => &call.callee,
            _ => return false,
        };
        path.last().is_some_and(|n| self.rules.text.never_text.contains(n))
    }

    /// Whether a value is a name that text which looks like SQL was assigned to.
    fn names_sql(&self, value: &Value) -> bool {
        match value {
            Value::Name(path, _) => path.last().is_some_and(|n| self.sql_names.contains(n) || sql_like_name(n)),
            Value::Concat(parts, _) | Value::Choice(parts, _) => parts.iter().any(|p| self.names_sql(p)),
            Value::Format { template, .. } => self.names_sql(template),
            _ => false,
        }
    }

    /// What is done with the result: methods called on it in the same expression, the names that it is
    /// assigned to, and the node of the whole chain.
    fn consumer(&self, node: Node<'a>, above: &[Frame<'a>]) -> (Vec<(String, u16)>, Vec<String>, Node<'a>) {
        let mut chained = Vec::new();
        let mut whole = node;
        let mut method: Option<String> = None;
        for frame in above.iter().rev().take(64) {
            let (rule, at) = (frame.rule, frame.node);
            match rule.role {
                Role::Transparent | Role::Tuple => {}
                Role::Member if rule.get(at, Slot::Object).is_some_and(|o| o.end_byte() >= node.end_byte()) => {
                    method = rule.get(at, Slot::Property).map(|p| self.text(p));
                }
                Role::Call => {
                    let Some(name) = method.take() else { break };
                    let count = rule.get(at, Slot::Arguments).map_or(0, |a| self.named(a).filter(|n| !self.is_blank(*n)).count());
                    chained.push((name, count as u16));
                    whole = at;
                }
                Role::Assign
                    if rule
                        .get(at, Slot::Right)
                        .is_some_and(|r| r.end_byte() >= node.end_byte() && r.start_byte() <= node.start_byte()) =>
                {
                    let names = self.several(at, Slot::Left).into_iter().flat_map(|l| match self.path(l) {
                        Some(path) => vec![path.join(".")],
                        None => self.target_names(l),
                    });
                    return (chained, names.filter(|n| n != "_").collect(), whole);
                }
                _ => break,
            }
        }
        (chained, Vec::new(), whole)
    }
}

/// The SQL argument of a call.
fn argument<'v>(args: &'v [Arg], position: u16, keyword: &str) -> Option<&'v Value> {
    let named = || args.iter().find(|a| !keyword.is_empty() && a.name == keyword);
    args.iter().filter(|a| a.name.is_empty()).nth(position as usize).or_else(named).map(|a| &a.value)
}

/// A name that people give to SQL.
fn sql_like_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    ["sql", "query", "stmt", "statement"]
        .iter()
        .any(|w| lower == *w || lower.ends_with(&format!("_{w}")) || lower.starts_with(&format!("{w}_")))
        || lower.ends_with("sql")
}
