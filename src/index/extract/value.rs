//! Expressions as values: what text they can carry.

use super::file::Extraction;
use super::text::{decode, literal};
use crate::grammar::role::{Role, Slot};
use crate::model::facts::{Arg, FormatStyle, TextRun, Value};
use crate::model::span::Span;
use tree_sitter::Node;

/// Nesting of expressions past which the rest is opaque.
const MAX_DEPTH: u32 = 48;
/// Items of one list, map, concatenation or path past which the rest is dropped.
const MAX_ITEMS: usize = 2000;
/// Bytes of source shown for an opaque expression.
const MAX_OPAQUE: usize = 80;

impl<'a> Extraction<'a> {
    /// The value of an expression.
    pub(super) fn value(&self, node: Node<'a>) -> Value {
        self.value_at(node, 0)
    }

    pub(super) fn value_at(&self, node: Node<'a>, depth: u32) -> Value {
        if depth > MAX_DEPTH || !self.spend() {
            return self.opaque(node);
        }
        let rule = self.table.rule(node);
        let span = span(node);
        let part = |slot| rule.get(node, slot).map(|n| self.value_at(n, depth + 1));
        match rule.role {
            Role::String | Role::Template => self.string(node, depth),
            Role::ImplicitConcat => joined(self.named(node).map(|n| self.value_at(n, depth + 1)).collect(), span),
            Role::Binary => self.binary(node, depth),
            Role::Conditional => Value::Choice([part(Slot::Then), part(Slot::Else)].into_iter().flatten().collect(), span),
            Role::Transparent | Role::Spread | Role::Interpolation => match rule.get(node, Slot::Value) {
                Some(inner) => self.value_at(inner, depth + 1),
                None => self.first_named(node).map_or_else(|| self.opaque(node), |n| self.value_at(n, depth + 1)),
            },
            Role::Assign | Role::Append => part(Slot::Right).unwrap_or_else(|| self.opaque(node)),
            Role::List | Role::Tuple => {
                let items = self.named(node).filter(|n| !self.is_blank(*n)).take(MAX_ITEMS);
                Value::List(items.map(|n| self.value_at(n, depth + 1)).collect(), span)
            }
            // A struct or slice literal without keys lists its elements.
            Role::Map if self.first_named(node).is_some_and(|n| self.table.role(n) == Role::Transparent) => {
                let items = self.named(node).filter(|n| !self.is_blank(*n)).take(MAX_ITEMS);
                Value::List(items.map(|n| self.value_at(n, depth + 1)).collect(), span)
            }
            Role::Map => Value::Map(self.pairs(node, depth), span),
            Role::Composite => self.composite(node, depth),
            Role::Comprehension => self.comprehension(node, depth),
            Role::Call | Role::New => self.call_value(node, depth),
            Role::Member | Role::Index => self.member(node, depth),
            Role::Identifier => Value::Name(vec![self.text(node)], span),
            Role::Scalar => Value::Scalar(self.short(node), span),
            _ => self.opaque(node),
        }
    }

    /// An expression of which nothing is known but its source.
    pub(super) fn opaque(&self, node: Node<'a>) -> Value {
        Value::Opaque(self.short(node), span(node))
    }

    /// Source text of a node, at most 80 bytes.
    fn short(&self, node: Node<'a>) -> String {
        let end = node.end_byte().min(node.start_byte() + MAX_OPAQUE);
        let bytes = self.source.get(node.start_byte()..end).unwrap_or(&[]);
        String::from_utf8_lossy(bytes).trim_end_matches(char::REPLACEMENT_CHARACTER).to_string()
    }

    /// A string literal or template, with what it interpolates.
    fn string(&self, node: Node<'a>, depth: u32) -> Value {
        let parts = self.string_parts(node, depth);
        joined(parts, span(node))
    }

    /// Text and interpolated values of a literal, alternating as they stand.
    pub(super) fn string_parts(&self, node: Node<'a>, depth: u32) -> Vec<Value> {
        let escapes = self.rules.escapes;
        let how = literal(self.source, node.start_byte(), node.end_byte(), escapes);
        let mut parts = Vec::new();
        let mut at = how.start;
        let text = |from: usize, to: usize, parts: &mut Vec<Value>| {
            if from < to {
                let mut runs = Vec::new();
                decode(self.source, from, to, how, escapes, &mut runs);
                parts.push(Value::Text(runs, Span::new(from, to)));
            }
        };
        for hole in self.named(node).filter(|n| self.table.role(*n) == Role::Interpolation).take(MAX_ITEMS) {
            text(at, hole.start_byte(), &mut parts);
            parts.push(self.value_at(hole, depth + 1));
            at = hole.end_byte();
        }
        text(at, how.end, &mut parts);
        parts
    }

    /// Operators. Long chains (`a + b + c + ...`) nest to the left and are taken apart in a loop.
    fn binary(&self, node: Node<'a>, depth: u32) -> Value {
        let rules = &self.rules.text.rules;
        let has = |words: &[String], word: &str| words.iter().any(|w| w == word);
        let operator = self.operator(node);
        let rule = self.table.rule(node);
        let (Some(left), Some(right)) = (rule.get(node, Slot::Left), rule.get(node, Slot::Right)) else { return self.opaque(node) };
        if has(&rules.concat_operators, &operator) {
            let mut parts = vec![self.value_at(right, depth + 1)];
            let mut rest = left;
            while self.table.role(rest) == Role::Binary && self.operator(rest) == operator && parts.len() < MAX_ITEMS {
                let rule = self.table.rule(rest);
                let (Some(l), Some(r)) = (rule.get(rest, Slot::Left), rule.get(rest, Slot::Right)) else { break };
                parts.push(self.value_at(r, depth + 1));
                rest = l;
            }
            parts.push(self.value_at(rest, depth + 1));
            parts.reverse();
            return joined(parts, span(node));
        }
        if has(&rules.format_operators, &operator) {
            let template = Box::new(self.value_at(left, depth + 1));
            if matches!(*template, Value::Scalar(..) | Value::Opaque(..)) {
                return self.opaque(node);
            }
            let args = match self.value_at(right, depth + 1) {
                Value::List(items, _) if self.role_through(right) == Role::Tuple => items.into_iter().map(positional).collect(),
                Value::Map(pairs, _) => pairs.into_iter().map(|(name, value)| Arg { name, spread: false, value }).collect(),
                other => vec![positional(other)],
            };
            return Value::Format { style: FormatStyle::Percent, template, args, span: span(node) };
        }
        if has(&rules.repeat_operators, &operator) {
            let repeated = self.value_at(left, depth + 1);
            return if matches!(repeated, Value::Text(..) | Value::List(..)) { repeated } else { self.opaque(node) };
        }
        if has(&rules.choice_operators, &operator) {
            return Value::Choice(vec![self.value_at(left, depth + 1), self.value_at(right, depth + 1)], span(node));
        }
        if has(&rules.guard_operators, &operator) {
            let nothing = Value::Text(Vec::new(), Span::new(left.start_byte(), left.start_byte()));
            return Value::Choice(vec![self.value_at(right, depth + 1), nothing], span(node));
        }
        self.opaque(node)
    }

    /// Role of a node behind parentheses.
    fn role_through(&self, node: Node<'a>) -> Role {
        self.table.role(self.inner(node))
    }

    /// Keys and values of a dictionary, object or struct literal.
    fn pairs(&self, node: Node<'a>, depth: u32) -> Vec<(String, Value)> {
        let mut pairs = Vec::new();
        for child in self.named(node).take(MAX_ITEMS) {
            let rule = self.table.rule(child);
            match rule.role {
                Role::Pair => {
                    let (Some(key), Some(value)) = (rule.get(child, Slot::Key), rule.get(child, Slot::Value)) else { continue };
                    pairs.push((self.key(key), self.value_at(value, depth + 1)));
                }
                Role::Identifier => pairs.push((self.text(child), Value::Name(vec![self.text(child)], span(child)))),
                Role::Spread => pairs.push((String::from("..."), self.value_at(child, depth + 1))),
                _ => {}
            }
        }
        pairs
    }

    /// A key as text: the content of a literal, else its source.
    pub(super) fn key(&self, node: Node<'a>) -> String {
        let inner = self.inner(node);
        match self.table.role(inner) {
            Role::String => self.string(inner, 0).literal().unwrap_or_default(),
            _ => self.short(inner),
        }
    }

    /// A literal with a type: a map where its elements have keys, else a list.
    fn composite(&self, node: Node<'a>, depth: u32) -> Value {
        let Some(body) = self.table.rule(node).get(node, Slot::Body) else { return self.opaque(node) };
        self.value_at(body, depth + 1)
    }

    /// `each for item in over`.
    fn comprehension(&self, node: Node<'a>, depth: u32) -> Value {
        let each = self.table.rule(node).get(node, Slot::Body);
        let clause = self.named(node).find(|n| self.table.role(*n) == Role::Iteration);
        let (Some(each), Some(clause)) = (each, clause) else { return self.opaque(node) };
        let rule = self.table.rule(clause);
        let (Some(left), Some(right)) = (rule.get(clause, Slot::Left), rule.get(clause, Slot::Right)) else { return self.opaque(node) };
        let (item, over) = self.iterated(left, right, depth);
        Value::Each { item, each: Box::new(self.value_at(each, depth + 1)), over: Box::new(over), span: span(node) }
    }

    /// The name of the item, and what is walked: `for i, x in enumerate(xs)` walks `xs` with `x`.
    pub(super) fn iterated(&self, left: Node<'a>, right: Node<'a>, depth: u32) -> (String, Value) {
        let names = self.target_names(left);
        let counts = |path: &[String]| self.rules.text.functions.matching(path).any(|f| *f == crate::grammar::set::TextFunction::Counting);
        if self.table.role(right) == Role::Call {
            let rule = self.table.rule(right);
            let arguments = rule.get(right, Slot::Arguments);
            let callee = rule.get(right, Slot::Function).map(|f| self.callee(f)).unwrap_or_default();
            if let (true, Some(first)) = (counts(&callee), arguments.and_then(|a| self.first_named(a))) {
                return (names.get(1).cloned().unwrap_or_default(), self.value_at(first, depth + 1));
            }
        }
        (names.first().cloned().unwrap_or_default(), self.value_at(right, depth + 1))
    }

    /// `a.b.c` is a name; a subscript with a literal key too; anything deeper is looked up in its container.
    fn member(&self, node: Node<'a>, depth: u32) -> Value {
        if let Some(path) = self.path(node) {
            let pack = self.rules.empties.matching(&path).find_map(|&p| self.rules.packs.get(p)).map(|p| p.id.clone());
            return match pack {
                Some(pack) => Value::Tagged { tag: path, parts: Vec::new(), parameters: true, pack, span: span(node) },
                None => Value::Name(path, span(node)),
            };
        }
        let rule = self.table.rule(node);
        let Some(object) = rule.get(node, Slot::Object) else { return self.opaque(node) };
        let key = match rule.role {
            Role::Member => rule.get(node, Slot::Property).map(|p| text_value(self.text(p), span(p))),
            _ => rule.get(node, Slot::Key).map(|k| self.value_at(k, depth + 1)),
        };
        let Some(key) = key else { return self.opaque(node) };
        Value::Index { of: Box::new(self.value_at(object, depth + 1)), key: Box::new(key), span: span(node) }
    }

    /// The dotted path of a node, if it is one: names, members, and subscripts with literal text.
    pub(super) fn path(&self, node: Node<'a>) -> Option<Vec<String>> {
        let mut path = Vec::new();
        let mut at = node;
        for _ in 0..MAX_DEPTH {
            let rule = self.table.rule(at);
            match rule.role {
                Role::Identifier => {
                    path.push(self.text(at));
                    path.reverse();
                    return Some(path);
                }
                Role::Member => {
                    path.push(self.text(rule.get(at, Slot::Property)?));
                    at = rule.get(at, Slot::Object)?;
                }
                Role::Index => {
                    let key = rule.get(at, Slot::Key)?;
                    if self.table.role(key) != Role::String {
                        return None;
                    }
                    path.push(self.string(key, MAX_DEPTH).literal()?);
                    at = rule.get(at, Slot::Object)?;
                }
                Role::Transparent => at = self.inner(at),
                _ => return None,
            }
        }
        None
    }

    /// The operator of a node as written.
    pub(super) fn operator(&self, node: Node<'a>) -> String {
        self.table.rule(node).get(node, Slot::Operator).map(|o| self.text(o)).unwrap_or_default()
    }
}

/// The span of a node.
pub(super) fn span(node: Node) -> Span {
    Span::new(node.start_byte(), node.end_byte())
}

/// A positional argument.
pub(super) fn positional(value: Value) -> Arg {
    Arg { name: String::new(), spread: false, value }
}

/// Text that stands for a place as a whole.
pub(super) fn text_value(text: String, span: Span) -> Value {
    Value::Text(vec![TextRun { text, source: span }], span)
}

/// Pieces one after the other: nested concatenations are flattened, adjacent literals joined.
pub(super) fn joined(parts: Vec<Value>, span: Span) -> Value {
    let mut flat: Vec<Value> = Vec::new();
    let mut add = |part: Value| match (flat.last_mut(), part) {
        (Some(Value::Text(runs, whole)), Value::Text(more, its)) => {
            runs.extend(more);
            *whole = whole.to(its);
        }
        (_, part) => flat.push(part),
    };
    for part in parts {
        match part {
            Value::Concat(inner, _) => inner.into_iter().for_each(&mut add),
            other => add(other),
        }
    }
    match flat.as_mut_slice() {
        [] => Value::Text(Vec::new(), span),
        [Value::Text(_, whole)] => {
            *whole = span;
            flat.swap_remove(0)
        }
        _ => Value::Concat(flat, span),
    }
}
