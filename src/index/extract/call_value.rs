//! Calls as values: the text functions of the standard library and the wrappers of packs.

use super::file::Extraction;
use super::value::{joined, positional, span, text_value};
use crate::grammar::pack::Gives;
use crate::grammar::role::{Role, Slot};
use crate::grammar::set::{TextFunction, TextMethod};
use crate::model::facts::{Arg, Call, FormatStyle, Value};
use crate::model::span::Span;
use tree_sitter::Node;

/// Links of one call chain that are followed.
const MAX_CHAIN: usize = 64;

impl<'a> Extraction<'a> {
    /// The value of a call.
    pub(super) fn call_value(&self, node: Node<'a>, depth: u32) -> Value {
        let rule = self.table.rule(node);
        let (function, arguments) = (rule.get(node, Slot::Function), rule.get(node, Slot::Arguments));
        let Some(function) = function else { return self.opaque(node) };
        if let Some(template) = arguments.filter(|a| self.table.role(*a) == Role::Template) {
            return self.tagged(node, function, template, depth);
        }
        let callee = self.callee(function);
        if let Some(value) = self.pack_value(node, function, &callee, arguments, depth) {
            return value;
        }
        // `strings.Replace(s, ...)` is a function by its whole name, and no method of a value `strings`.
        let dotted = callee.len() > 1;
        if dotted && let Some(value) = self.function_value(node, &callee, arguments, depth) {
            return value;
        }
        if let Some(value) = self.method_value(node, function, arguments, depth) {
            return value;
        }
        if !dotted && let Some(value) = self.function_value(node, &callee, arguments, depth) {
            return value;
        }
        let args = arguments.map(|a| self.args(a, depth)).unwrap_or_default();
        self.call_fact(node, callee, args)
    }

    /// A call as a value.
    fn call_fact(&self, node: Node<'a>, callee: Vec<String>, args: Vec<Arg>) -> Value {
        let span = span(node);
        Value::Call(Box::new(Call {
            scope: self.at.scope,
            branch: self.at.branch,
            callee,
            args,
            sink: None,
            assigned: Vec::new(),
            chained: Vec::new(),
            span,
            own_span: span,
        }))
    }

    /// The arguments of a call.
    pub(super) fn args(&self, arguments: Node<'a>, depth: u32) -> Vec<Arg> {
        if self.table.role(arguments) == Role::Comprehension {
            return vec![positional(self.value_at(arguments, depth + 1))];
        }
        let nodes = self.named(arguments).filter(|n| !self.is_blank(*n)).take(256);
        nodes
            .map(|n| {
                let rule = self.table.rule(n);
                match rule.role {
                    Role::KeywordArg => Arg {
                        name: rule.get(n, Slot::Name).map(|k| self.text(k)).unwrap_or_default(),
                        spread: false,
                        value: rule.get(n, Slot::Value).map_or_else(|| self.opaque(n), |v| self.value_at(v, depth + 1)),
                    },
                    Role::Spread => Arg { name: String::new(), spread: true, value: self.value_at(n, depth + 1) },
                    _ => positional(self.value_at(n, depth + 1)),
                }
            })
            .collect()
    }

    /// The dotted callee: calls and subscripts within the chain are dropped.
    pub(super) fn callee(&self, function: Node<'a>) -> Vec<String> {
        let mut path = Vec::new();
        let mut at = function;
        for _ in 0..MAX_CHAIN {
            let rule = self.table.rule(at);
            let next = match rule.role {
                Role::Member => {
                    path.extend(rule.get(at, Slot::Property).map(|p| self.text(p)));
                    rule.get(at, Slot::Object)
                }
                Role::Call | Role::New => rule.get(at, Slot::Function),
                Role::Index => rule.get(at, Slot::Object),
                Role::Transparent => Some(self.inner(at)),
                Role::Identifier => {
                    path.push(self.text(at));
                    None
                }
                _ => None,
            };
            match next {
                Some(next) if next != at => at = next,
                _ => break,
            }
        }
        path.reverse();
        path
    }

    /// A template with a tag.
    fn tagged(&self, node: Node<'a>, function: Node<'a>, template: Node<'a>, depth: u32) -> Value {
        let tag = self.callee(function);
        let parts = self.string_parts(template, depth);
        let text = &self.rules.text.rules;
        let dotted = tag.join(".");
        if text.same_tags.contains(&dotted) {
            return joined(parts, span(node));
        }
        let known = self.choose(self.rules.tags.matching(&tag), |&(p, t)| {
            self.rules.packs.get(p).and_then(|pack| pack.tag.get(t)).map(|rule| (p, rule.certain))
        });
        let rule = known.and_then(|&(p, t)| Some((self.rules.packs.get(p)?, self.rules.packs.get(p)?.tag.get(t)?)));
        Value::Tagged {
            tag,
            parts,
            parameters: rule.is_some_and(|r| r.1.parameters),
            pack: rule.map(|r| r.0.id.clone()).unwrap_or_default(),
            span: span(node),
        }
    }

    /// Of several rules the first one whose pack the file's imports detect, else the first certain one.
    fn choose<'s, T>(&self, rules: impl Iterator<Item = &'s T>, of: impl Fn(&T) -> Option<(usize, bool)>) -> Option<&'s T> {
        let mut certain = None;
        for rule in rules {
            match of(rule) {
                Some((pack, _)) if self.is_detected(pack) => return Some(rule),
                Some((_, true)) if certain.is_none() => certain = Some(rule),
                _ => {}
            }
        }
        certain
    }

    /// Wrappers and joins of packs.
    fn pack_value(&self, node: Node<'a>, function: Node<'a>, callee: &[String], arguments: Option<Node<'a>>, depth: u32) -> Option<Value> {
        let composed = self.composable(function);
        if let Some(template) = composed {
            let template = Box::new(self.wrapped_text(template, depth)?);
            let args = arguments.map(|a| self.args(a, depth)).unwrap_or_default();
            return Some(Value::Format { style: FormatStyle::Composed, template, args, span: span(node) });
        }
        // `sql.SQL(", ").join(items)` joins by its own text.
        if let Some(separator) = self.method_of(function, TextMethod::SeparatorJoin).and_then(|object| self.wrapper_text(object)) {
            let items = arguments.and_then(|a| self.args(a, depth).into_iter().next())?;
            let separator = Box::new(self.value_at(separator, depth + 1));
            return Some(Value::Join { separator, items: Box::new(items.value), span: span(node) });
        }
        let wrapper = self.choose(self.rules.wrappers.matching(callee), |&at| self.rules.wrapper(at).map(|w| (at.0, w.3)));
        if let Some((pack, gives, sql, _)) = wrapper.and_then(|&at| self.rules.wrapper(at)) {
            let mut args = arguments.map(|a| self.args(a, depth)).unwrap_or_default();
            if gives == Gives::Helper {
                // the template that it stands in says what becomes of it
                let call = self.call_fact(node, callee.to_vec(), args);
                return Some(Value::Tagged {
                    tag: callee.to_vec(),
                    parts: vec![call],
                    parameters: false,
                    pack: pack.id.clone(),
                    span: span(node),
                });
            }
            if gives == Gives::Parameter {
                return Some(text_value("%s".into(), span(node)));
            }
            let parts = if gives == Gives::Identifier {
                dotted(args.drain(..).map(whole_path).collect())
            } else {
                let at = args.iter().filter(|a| a.name.is_empty()).count().checked_sub(1).map(|last| last.min(sql as usize));
                vec![args.into_iter().nth(at.unwrap_or(0))?.value]
            };
            return Some(Value::Tagged { tag: callee.to_vec(), parts, parameters: false, pack: pack.id.clone(), span: span(node) });
        }
        let join = self.choose(self.rules.joins.matching(callee), |&(p, _)| Some((p, false)))?;
        let rule = self.rules.packs.get(join.0)?.join.get(join.1)?;
        let mut args: Vec<Option<Value>> =
            arguments.map(|a| self.args(a, depth)).unwrap_or_default().into_iter().map(|a| Some(a.value)).collect();
        let items = args.get_mut(rule.items as usize)?.take()?;
        let separator = args.get_mut(rule.separator as usize).and_then(Option::take);
        let separator = separator.unwrap_or_else(|| text_value(", ".into(), Span::new(node.end_byte(), node.end_byte())));
        Some(Value::Join { separator: Box::new(separator), items: Box::new(items), span: span(node) })
    }

    /// The wrapper call whose `format` method `function` is.
    fn composable(&self, function: Node<'a>) -> Option<Node<'a>> {
        let object = self.method_of(function, TextMethod::Format)?;
        self.wrapper_text(object).map(|_| object)
    }

    /// The receiver of a method call, if the method is of this sort.
    fn method_of(&self, function: Node<'a>, sort: TextMethod) -> Option<Node<'a>> {
        let rule = self.table.rule(function);
        let name = (rule.role == Role::Member).then(|| rule.get(function, Slot::Property)).flatten()?;
        (self.rules.text.methods.get(&self.text(name)) == Some(&sort)).then(|| rule.get(function, Slot::Object)).flatten()
    }

    /// The text argument of a call that is a composable wrapper.
    fn wrapper_text(&self, node: Node<'a>) -> Option<Node<'a>> {
        let node = self.inner(node);
        let rule = self.table.rule(node);
        if rule.role != Role::Call {
            return None;
        }
        let callee = self.callee(rule.get(node, Slot::Function)?);
        let at = self.choose(self.rules.wrappers.matching(&callee), |&at| self.rules.wrapper(at).map(|w| (at.0, w.3)))?;
        let (_, gives, sql, _) = self.rules.wrapper(*at)?;
        (gives == Gives::Composable).then(|| self.named(rule.get(node, Slot::Arguments)?).nth(sql as usize)).flatten()
    }

    fn wrapped_text(&self, node: Node<'a>, depth: u32) -> Option<Value> {
        self.wrapper_text(node).map(|t| self.value_at(t, depth + 1))
    }

    /// Methods of text: `a.strip()`, `", ".join(xs)`, `t.format(x)`.
    fn method_value(&self, node: Node<'a>, function: Node<'a>, arguments: Option<Node<'a>>, depth: u32) -> Option<Value> {
        let rule = self.table.rule(function);
        if rule.role != Role::Member {
            return None;
        }
        let (object, name) = (rule.get(function, Slot::Object)?, self.text(rule.get(function, Slot::Property)?));
        if self.rules.text.reader_methods.contains(&name) {
            return Some(Value::File { path: Box::new(self.file_path(object, depth)), span: span(node) });
        }
        let method = *self.rules.text.methods.get(&name)?;
        let receiver = || Box::new(self.value_at(object, depth + 1));
        let args = || arguments.map(|a| self.args(a, depth)).unwrap_or_default();
        let boxed = |arg: Option<Arg>| arg.map(|a| Box::new(a.value));
        let span = span(node);
        match method {
            TextMethod::Same => match *receiver() {
                // Methods of a value that is no text (`response.read()`) stay calls.
                Value::Call(_) | Value::Opaque(..) | Value::Scalar(..) => None,
                value => Some(value),
            },
            TextMethod::Format => {
                let template = receiver();
                carries(&template).then(|| Value::Format { style: FormatStyle::Braces, template, args: args(), span })
            }
            TextMethod::SeparatorJoin => {
                let separator = receiver();
                matches!(*separator, Value::Text(..) | Value::Name(..) | Value::Concat(..) | Value::Choice(..)).then_some(())?;
                Some(Value::Join { separator, items: boxed(args().into_iter().next())?, span })
            }
            TextMethod::ItemsJoin => {
                let comma = || Box::new(text_value(",".into(), Span::new(node.end_byte(), node.end_byte())));
                Some(Value::Join { separator: boxed(args().into_iter().next()).unwrap_or_else(comma), items: receiver(), span })
            }
            TextMethod::Concat => {
                let mut parts = vec![*receiver()];
                if let [Value::List(items, _)] = parts.as_mut_slice() {
                    for arg in args() {
                        match arg.value {
                            Value::List(more, _) => items.extend(more),
                            other => items.push(other),
                        }
                    }
                    return parts.pop();
                }
                parts.extend(args().into_iter().map(|a| a.value));
                Some(joined(parts, span))
            }
            TextMethod::Replace => self.replaced(*receiver(), args(), span),
            TextMethod::Map => {
                let lambda = arguments.and_then(|a| self.first_named(a))?;
                self.each(object, lambda, depth, span)
            }
            TextMethod::Append | TextMethod::Push | TextMethod::Extend => None,
        }
    }

    /// `subject.replace(old, new)`; where `old` is no literal text the subject stands as it is.
    fn replaced(&self, subject: Value, mut args: Vec<Arg>, span: Span) -> Option<Value> {
        // A replacer holds its pairs: `strings.NewReplacer("a", x).Replace(subject)`.
        if let Value::Call(replacer) = &subject {
            if self.rules.text.functions.get(&replacer.callee) != Some(&TextFunction::Replacer) {
                return None;
            }
            let mut value = args.into_iter().next()?.value;
            for pair in replacer.args.chunks(2) {
                let template = Box::new(value);
                value = Value::Format { style: FormatStyle::Replace, template, args: pair.to_vec(), span };
            }
            return Some(value);
        }
        if matches!(subject, Value::Opaque(..) | Value::Scalar(..)) {
            return None;
        }
        args.truncate(2);
        if !matches!(args.first().map(|a| &a.value), Some(Value::Text(..))) {
            return Some(subject);
        }
        Some(Value::Format { style: FormatStyle::Replace, template: Box::new(subject), args, span })
    }

    /// `xs.map(x => each)`.
    fn each(&self, object: Node<'a>, lambda: Node<'a>, depth: u32, span: Span) -> Option<Value> {
        let lambda = self.inner(lambda);
        let rule = self.table.rule(lambda);
        if rule.role != Role::Function {
            return None;
        }
        let params = rule.get(lambda, Slot::Left).or_else(|| rule.get(lambda, Slot::Params).and_then(|p| self.first_named(p)));
        let item = params.map(|p| self.target_names(p)).and_then(|n| n.into_iter().next()).unwrap_or_default();
        let body = rule.get(lambda, Slot::Body)?;
        let each = if self.table.role(body) == Role::Block {
            let returned = self.named(body).find(|n| self.table.role(*n) == Role::Return)?;
            self.table.rule(returned).get(returned, Slot::Value)?
        } else {
            body
        };
        let over = Box::new(self.value_at(object, depth + 1));
        Some(Value::Each { item, each: Box::new(self.value_at(each, depth + 1)), over, span })
    }

    /// Functions of text: `fmt.Sprintf(t, a)`, `strings.Join(xs, sep)`, readers of files.
    fn function_value(&self, node: Node<'a>, callee: &[String], arguments: Option<Node<'a>>, depth: u32) -> Option<Value> {
        let nth = |n: usize| arguments.and_then(|a| self.named(a).filter(|n| !self.is_blank(*n)).nth(n));
        if let Some(&at) = self.rules.text.readers.get(callee) {
            let path = Box::new(self.file_path(nth(at as usize)?, depth));
            return carries(&path).then(|| Value::File { path, span: span(node) });
        }
        let function = *self.rules.text.functions.get(callee)?;
        let args = || arguments.map(|a| self.args(a, depth)).unwrap_or_default();
        let span = span(node);
        match function {
            TextFunction::Same => nth(0).map(|n| self.value_at(n, depth + 1)),
            TextFunction::Format(at) => {
                let mut args = args();
                let at = at as usize;
                (at < args.len()).then_some(())?;
                let template = Box::new(args.remove(at).value);
                args.drain(..at);
                Some(Value::Format { style: FormatStyle::Printf, template, args, span })
            }
            TextFunction::Join => {
                let mut args = args().into_iter();
                let (items, separator) = (args.next()?.value, args.next()?.value);
                Some(Value::Join { separator: Box::new(separator), items: Box::new(items), span })
            }
            TextFunction::Replace => {
                let mut args = args();
                (args.len() >= 3).then_some(())?;
                let subject = args.remove(0).value;
                self.replaced(subject, args, span)
            }
            TextFunction::Path => Some(self.file_path(node, depth)),
            TextFunction::Push => {
                let mut items = Vec::new();
                for arg in args() {
                    match arg.value {
                        Value::List(more, _) => items.extend(more),
                        other => items.push(other),
                    }
                }
                Some(Value::List(items, span))
            }
            // what it makes of each item is a mark of it, as far as text goes, unless it is written here
            TextFunction::Apply => {
                let (function, over) = (nth(0)?, nth(1)?);
                self.each(over, function, depth, span).or_else(|| Some(self.value_at(over, depth + 1)))
            }
            TextFunction::Attribute => {
                let (of, key) = (nth(0)?, nth(1)?);
                let of = self.value_at(of, depth + 1);
                let key = self.value_at(key, depth + 1);
                matches!(of, Value::Name(..)).then(|| Value::Index { of: Box::new(of), key: Box::new(key), span })
            }
            TextFunction::Replacer | TextFunction::Print(_) | TextFunction::Counting | TextFunction::Require => None,
            TextFunction::Listing | TextFunction::Folder => None,
        }
    }

    /// A path of parts: literal parts joined with `/`, what stands for the file's own folder left out.
    fn file_path(&self, node: Node<'a>, depth: u32) -> Value {
        let mut parts = Vec::new();
        self.path_parts(node, depth, &mut parts);
        let mut joined_parts = Vec::new();
        for part in parts {
            if let Some(last) = joined_parts.last().map(Value::span) {
                let at = last.end as usize;
                joined_parts.push(text_value("/".into(), Span::new(at, at)));
            }
            joined_parts.push(part);
        }
        joined(joined_parts, span(node))
    }

    fn path_parts(&self, node: Node<'a>, depth: u32, parts: &mut Vec<Value>) {
        if depth > 16 || parts.len() > 16 {
            return;
        }
        let node = self.inner(node);
        let rule = self.table.rule(node);
        let text = &self.rules.text;
        let here = |path: &[String]| path.iter().any(|s| text.rules.here.iter().any(|h| h == s));
        match rule.role {
            Role::Call | Role::New => {
                let callee = rule.get(node, Slot::Function).map(|f| self.callee(f)).unwrap_or_default();
                let function = rule.get(node, Slot::Function).filter(|f| self.table.role(*f) == Role::Member);
                if let Some(object) =
                    function.and_then(|f| self.table.rule(f).get(f, Slot::Object)).filter(|o| self.table.role(*o) == Role::Call)
                {
                    self.path_parts(object, depth + 1, parts);
                }
                if text.functions.matching(&callee).any(|f| *f == TextFunction::Path) || !here(&callee) {
                    for argument in rule.get(node, Slot::Arguments).into_iter().flat_map(|a| self.named(a)) {
                        self.path_parts(argument, depth + 1, parts);
                    }
                }
            }
            Role::Binary => {
                for slot in [Slot::Left, Slot::Right] {
                    rule.get(node, slot).into_iter().for_each(|n| self.path_parts(n, depth + 1, parts));
                }
            }
            _ => match self.value_at(node, depth + 1) {
                Value::Name(path, _) if here(&path) => {}
                Value::Index { .. } | Value::Opaque(..) => {}
                value => parts.push(value),
            },
        }
    }
}

/// Identifier parts with dots between them.
/// `*path.split(".")` is the path: its parts are joined again.
fn whole_path(arg: Arg) -> Value {
    match arg.value {
        Value::Call(call) if arg.spread && call.callee.len() > 1 && is_split_at_dots(&call) => {
            let mut path = call.callee;
            path.pop();
            Value::Name(path, call.span)
        }
        value => value,
    }
}

fn is_split_at_dots(call: &Call) -> bool {
    let dot = |a: &Arg| matches!(&a.value, Value::Text(runs, _) if runs.len() == 1 && runs.iter().all(|r| r.text == "."));
    call.callee.last().is_some_and(|n| n == "split") && call.args.len() == 1 && call.args.iter().all(dot)
}

fn dotted(parts: Vec<Value>) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    for part in parts {
        if let Some(last) = all.last().map(Value::span) {
            let at = last.end as usize;
            all.push(text_value(".".into(), Span::new(at, at)));
        }
        all.push(part);
    }
    all
}

/// Whether a value can carry text at all.
pub(super) fn carries(value: &Value) -> bool {
    match value {
        Value::Text(..) | Value::Name(..) | Value::Tagged { .. } | Value::File { .. } | Value::Format { .. } | Value::Join { .. } => true,
        Value::Concat(parts, _) | Value::List(parts, _) | Value::Choice(parts, _) => parts.iter().any(carries),
        Value::Map(pairs, _) => pairs.iter().any(|(_, v)| carries(v)),
        Value::Each { each, over, .. } => carries(each) || carries(over),
        Value::Index { of, .. } => carries(of),
        Value::Call(_) => true,
        Value::Scalar(..) | Value::Opaque(..) => false,
    }
}
