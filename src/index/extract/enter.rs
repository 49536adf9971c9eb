//! What each node adds to the facts.

use super::call_value::carries;
use super::file::Extraction;
use super::looks::{like_statement, like_statement_start};
use super::value::{joined, span};
use super::walk::Frame;
use crate::grammar::role::{Role, Slot};
use crate::grammar::set::{TextFunction, TextMethod};
use crate::model::facts::{AssignOp, Assignment, LooseString, Return, ScopeKind, Value};
use tree_sitter::Node;

/// A value on its way to a target.
pub(super) struct Given {
    pub op: AssignOp,
    pub value: Value,
    pub ty: String,
    pub constant: bool,
    pub exported: bool,
}

impl<'a> Extraction<'a> {
    /// Takes the facts of a node; says whether its children are to be walked.
    pub(super) fn enter(&mut self, frame: &mut Frame<'a>, above: &mut [Frame<'a>]) -> bool {
        let (node, rule) = (frame.node, frame.rule);
        self.at = frame.inside;
        if node.is_error() {
            self.broken = true;
        }
        match rule.role {
            Role::Skip | Role::StringText => return false,
            Role::Comment => {
                self.comment(node);
                return false;
            }
            Role::Package | Role::Import | Role::ImportFrom | Role::ImportEs | Role::ImportPath => {
                self.import(node);
                return false;
            }
            Role::Export => return self.export(node),
            // A struct without a name has no methods.
            Role::Class if !rule.has(Slot::Name) => return false,
            Role::Class | Role::Enum => self.class(frame, above),
            Role::TypeDefinition => return self.type_definition(frame, above),
            Role::Function => self.function(frame, above),
            Role::Field => self.field(frame),
            Role::Assign => self.assign(frame, above),
            Role::Append => self.append(frame, above),
            Role::Alias => self.alias(frame),
            Role::Loop => {
                let (left, right) = (rule.get(node, Slot::Left), rule.get(node, Slot::Right));
                self.loop_variable(node, left.zip(right));
            }
            Role::Iteration if above.last().is_some_and(|f| f.rule.role == Role::Loop) => {
                let (left, right) = (rule.get(node, Slot::Left), rule.get(node, Slot::Right));
                self.loop_variable(node, left.zip(right));
            }
            Role::Return => self.returned(frame),
            Role::Call | Role::New => {
                let callee = rule.get(node, Slot::Function).map(|f| self.callee(f)).unwrap_or_default();
                self.call(frame, above, &callee);
                self.mutation(node, &callee);
                self.load_module(node, &callee);
                let template = rule.get(node, Slot::Arguments).is_some_and(|a| self.table.role(a) == Role::Template);
                if template {
                    self.loose(frame);
                } else {
                    // A call is looked at for its template or wrapper, not for what stands in its arguments.
                    frame.taken |= self.rules.text.is_muted(&callee);
                }
            }
            Role::String | Role::Template | Role::ImplicitConcat | Role::Binary | Role::Conditional => self.loose(frame),
            _ => {}
        }
        true
    }

    /// `return value`, and the body of a function that is an expression.
    fn returned(&mut self, frame: &Frame<'a>) {
        let Some(value) = frame.rule.get(frame.node, Slot::Value) else { return };
        let first = if self.table.role(value) == Role::Tuple { self.first_named(value).unwrap_or(value) } else { value };
        let value = self.value(first);
        if carries(&value) {
            self.facts.returns.push(Return { scope: self.at.scope, branch: self.at.branch, value });
        }
    }

    /// Text that looks like SQL; the ones that turn out to stand in other facts are taken out at the end.
    fn loose(&mut self, frame: &mut Frame<'a>) {
        if frame.taken {
            return;
        }
        if !self.may_hold_statement(frame.node) {
            return;
        }
        let value = self.value(frame.node);
        if leading_text(&value).is_some_and(|t| like_statement(&t)) {
            // Operands of what is taken as a whole are not taken again.
            frame.taken = true;
            self.facts.strings.push(LooseString { scope: self.at.scope, value, span: span(frame.node) });
        }
    }

    /// Cheap test before a value is built: what follows the first quote begins like a statement.
    fn may_hold_statement(&self, node: Node<'a>) -> bool {
        let bytes = self.source.get(node.start_byte()..node.end_byte()).unwrap_or(&[]);
        if bytes.len() < 10 {
            return false;
        }
        let Some(quote) = bytes.iter().take(2000).position(|b| matches!(b, b'"' | b'\'' | b'`')) else { return false };
        let text = bytes.get(quote..bytes.len().min(quote + 400)).unwrap_or(&[]);
        like_statement_start(text)
    }

    /// `x = ("a", "b")`: one name for all of a tuple, where `x, y = "a", "b"` takes it apart.
    fn is_tuple_value(&self, left: Option<Node<'a>>, right: Node<'a>) -> bool {
        let one_name = left.is_some_and(|l| matches!(self.table.role(l), Role::Identifier | Role::Member));
        let written = self.source.get(right.start_byte()) == Some(&b'(');
        one_name && self.table.role(right) == Role::Tuple && (written || self.named(right).nth(1).is_some())
    }

    /// `x = value` and its kin.
    fn assign(&mut self, frame: &Frame<'a>, above: &[Frame<'a>]) {
        let (node, rule) = (frame.node, frame.rule);
        let ty = self.type_text(rule.get(node, Slot::Type));
        let exported = frame.exported || self.scope_is_open();
        let targets = self.several(node, Slot::Left);
        let values = match rule.get(node, Slot::Right) {
            Some(tuple) if self.is_tuple_value(rule.get(node, Slot::Left), tuple) => vec![tuple],
            _ => self.several(node, Slot::Right),
        };
        if let (Some((path, at)), Some(target)) = (self.embed.take(), targets.first())
            && values.is_empty()
        {
            let path = Box::new(super::value::text_value(path, at));
            let value = Value::File { path, span: at };
            self.give(*target, Given { op: AssignOp::Set, value, ty, constant: false, exported }, node);
            return;
        }
        if self.require(node, &targets, &values) {
            return;
        }
        let common = above.last().is_some_and(|f| f.rule.role == Role::Export)
            && self.rules.escapes == crate::grammar::language::Escapes::Ecmascript;
        let exported = exported || common;
        for (i, target) in targets.iter().enumerate() {
            let Some(value_node) = values.get(i).or(if values.len() == 1 && i == 0 { values.first() } else { None }) else { break };
            let inner = self.inner(*value_node);
            let target_role = self.table.role(*target);
            if matches!(target_role, Role::List | Role::Map) {
                self.destructure(*target, *value_node, node, exported);
                continue;
            }
            if self.table.role(inner) == Role::Function {
                continue; // a named function: its scope says it all
            }
            let mut value = self.value(*value_node);
            let mut ty = ty.clone();
            if ty.is_empty() && self.table.role(inner) == Role::Composite {
                ty = self.type_text(self.table.rule(inner).get(inner, Slot::Type));
            }
            let mut op = AssignOp::Set;
            if let Some(path) = self.path(*target) {
                match value {
                    Value::Name(same, _) if same == path => continue,
                    Value::Concat(parts, at) if matches!(parts.first(), Some(Value::Name(n, _)) if *n == path) => {
                        op = AssignOp::AppendText;
                        value = joined(parts.into_iter().skip(1).collect(), at);
                    }
                    // `xs = append(xs, a)`
                    Value::List(items, at) if self.is_push(inner) && matches!(items.first(), Some(Value::Name(n, _)) if *n == path) => {
                        op = AssignOp::AppendItem;
                        value = Value::List(items.into_iter().skip(1).collect(), at);
                    }
                    other => value = other,
                }
            }
            self.give(*target, Given { op, value, ty, constant: frame.constant, exported }, node);
        }
    }

    fn is_push(&self, node: Node<'a>) -> bool {
        let rule = self.table.rule(node);
        let callee = rule.get(node, Slot::Function).map(|f| self.callee(f)).unwrap_or_default();
        rule.role == Role::Call && self.rules.text.functions.get(&callee) == Some(&TextFunction::Push)
    }

    /// `const { a, b: c } = value`, `const [a, b] = value`.
    fn destructure(&mut self, pattern: Node<'a>, value: Node<'a>, whole: Node<'a>, exported: bool) {
        let given = self.value(value);
        let is_list = self.table.role(pattern) == Role::List;
        for (i, child) in self.named(pattern).enumerate().collect::<Vec<_>>() {
            let rule = self.table.rule(child);
            let key = if rule.role == Role::Pair { rule.get(child, Slot::Key).map(|k| self.key(k)) } else { None };
            let Some(name) = self.target_names(child).into_iter().next() else { continue };
            let key = key.unwrap_or_else(|| name.clone());
            let value = match (&given, is_list) {
                (Value::Name(path, at), false) => Value::Name(path.iter().cloned().chain([key]).collect(), *at),
                (Value::List(items, _), true) => items.get(i).cloned().unwrap_or_else(|| self.opaque(value)),
                (Value::Call(_), true) if i > 0 => continue,
                (Value::Call(_), _) => given.clone(),
                _ => continue,
            };
            let given = Given { op: AssignOp::Set, value, ty: String::new(), constant: false, exported };
            self.push_assignment(vec![name], given, whole);
        }
    }

    /// `x += value`.
    fn append(&mut self, frame: &Frame<'a>, above: &[Frame<'a>]) {
        let node = frame.node;
        let operator = self.operator(node);
        let sign = operator.strip_suffix('=').unwrap_or(&operator);
        if sign.is_empty() {
            return self.assign(frame, above);
        }
        let (lefts, rights) = (self.several(node, Slot::Left), self.several(node, Slot::Right));
        let (Some(&target), Some(&right)) = (lefts.first(), rights.first()) else { return };
        let rules = &self.rules.text.rules;
        let value = self.value(right);
        let op = if rules.concat_operators.iter().any(|o| o == sign) {
            if matches!(value, Value::List(..)) { AssignOp::AppendItem } else { AssignOp::AppendText }
        } else if rules.choice_operators.iter().any(|o| o == sign) {
            AssignOp::Set
        } else {
            return;
        };
        let exported = frame.exported || self.scope_is_open();
        self.give(target, Given { op, value, ty: String::new(), constant: false, exported }, node);
    }

    /// `with value as name`.
    fn alias(&mut self, frame: &Frame<'a>) {
        let (Some(value), Some(name)) = (frame.rule.get(frame.node, Slot::Value), frame.rule.get(frame.node, Slot::Alias)) else { return };
        let Some(name) = self.target_names(name).into_iter().next() else { return };
        let value = self.value(value);
        let given = Given { op: AssignOp::Set, value, ty: String::new(), constant: false, exported: false };
        self.push_assignment(vec![name], given, frame.node);
    }

    /// `for x in xs`: the variable is one of the items.
    fn loop_variable(&mut self, node: Node<'a>, sides: Option<(Node<'a>, Node<'a>)>) {
        let Some((left, right)) = sides else { return };
        let names = self.target_names(left);
        let (mut name, over) = self.iterated(left, right, 0);
        // Go gives the position first.
        if self.rules.escapes == crate::grammar::language::Escapes::Go {
            name = names.get(1).cloned().unwrap_or_default();
        }
        if name.is_empty() || name == "_" {
            return;
        }
        let at = over.span();
        let value = match over {
            Value::List(items, at) => Value::Choice(items, at),
            Value::Name(..) => Value::Index { of: Box::new(over), key: Box::new(Value::Opaque(String::new(), at)), span: at },
            _ => return,
        };
        let given = Given { op: AssignOp::Set, value, ty: String::new(), constant: false, exported: false };
        self.push_assignment(vec![name], given, node);
    }

    /// Calls that change their receiver: `parts.append(x)`, `sb.WriteString(x)`, `fmt.Fprintf(&sb, ...)`.
    fn mutation(&mut self, node: Node<'a>, callee: &[String]) {
        let rule = self.table.rule(node);
        let (Some(function), Some(arguments)) = (rule.get(node, Slot::Function), rule.get(node, Slot::Arguments)) else { return };
        let function_rule = self.table.rule(function);
        let (target, op, value) = if let (Role::Member, Some(object)) = (function_rule.role, function_rule.get(function, Slot::Object)) {
            let name = function_rule.get(function, Slot::Property).map(|p| self.text(p)).unwrap_or_default();
            match self.rules.text.methods.get(&name) {
                Some(TextMethod::Append) => (object, AssignOp::AppendText, self.first_argument(arguments)),
                Some(TextMethod::Push) => {
                    let items = self.args(arguments, 0).into_iter().filter(|a| !a.spread).map(|a| a.value).collect();
                    (object, AssignOp::AppendItem, Some(Value::List(items, span(arguments))))
                }
                Some(TextMethod::Extend) => (object, AssignOp::AppendItem, self.first_argument(arguments)),
                _ => return self.print(callee, arguments, node),
            }
        } else {
            return self.print(callee, arguments, node);
        };
        let Some(value) = value.filter(carries) else { return };
        self.give(target, Given { op, value, ty: String::new(), constant: false, exported: false }, node);
    }

    fn first_argument(&self, arguments: Node<'a>) -> Option<Value> {
        self.first_named(arguments).map(|n| self.value(n))
    }

    /// `fmt.Fprintf(&sb, template, args)`.
    fn print(&mut self, callee: &[String], arguments: Node<'a>, node: Node<'a>) {
        let Some(&TextFunction::Print(template)) = self.rules.text.functions.get(callee) else { return };
        let Some(target) = self.first_named(arguments).map(|n| self.inner(n)) else { return };
        let mut args = self.args(arguments, 0);
        if args.len() < 2 {
            return;
        }
        args.remove(0);
        let at = span(node);
        let value = if template {
            let template = Box::new(args.remove(0).value);
            Value::Format { style: crate::model::facts::FormatStyle::Printf, template, args, span: at }
        } else {
            joined(args.into_iter().map(|a| a.value).collect(), at)
        };
        self.give(target, Given { op: AssignOp::AppendText, value, ty: String::new(), constant: false, exported: false }, node);
    }

    /// Names of the module and of classes can be reached from elsewhere.
    pub(super) fn scope_is_open(&self) -> bool {
        let exports_itself = self.rules.escapes != crate::grammar::language::Escapes::Ecmascript;
        match self.facts.scopes.get(self.at.scope as usize).map(|s| s.kind) {
            Some(ScopeKind::Module) => exports_itself,
            Some(ScopeKind::Class) => true,
            _ => false,
        }
    }

    /// Gives a value to a target, if that is a name or path.
    pub(super) fn give(&mut self, target: Node<'a>, given: Given, whole: Node<'a>) {
        let Some(path) = self.path(target) else { return };
        let (path, exported) = self.export_path(path, given.exported);
        if path.is_empty() {
            return self.export_map(given, whole);
        }
        self.push_assignment(path, Given { exported, ..given }, whole);
    }

    /// Adds an assignment whose value may matter.
    pub(super) fn push_assignment(&mut self, target: Vec<String>, given: Given, whole: Node<'a>) {
        if let [name] = target.as_slice()
            && (name == "_" || self.rules.text.never_text.contains(name))
        {
            return;
        }
        if let (Some(name), true) = (target.last(), super::keep::holds_sql(&given.value)) {
            self.sql_names.insert(name.clone());
        }
        self.facts.assignments.push(Assignment {
            scope: self.at.scope,
            branch: self.at.branch,
            target,
            op: given.op,
            value: given.value,
            ty: given.ty,
            constant: given.constant,
            exported: given.exported,
            span: span(whole),
        });
    }
}

/// The text that a value begins with.
pub(super) fn leading_text(value: &Value) -> Option<String> {
    match value {
        Value::Text(..) => value.literal(),
        Value::Concat(parts, _) | Value::Tagged { parts, .. } | Value::Choice(parts, _) => parts.first().and_then(leading_text),
        Value::Format { template, .. } => leading_text(template),
        _ => None,
    }
}
