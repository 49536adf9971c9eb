//! Classes, functions and their parameters.

use super::enter::Given;
use super::file::{At, Extraction};
use super::value::span;
use super::walk::Frame;
use crate::grammar::language::Escapes;
use crate::grammar::role::{Role, Slot};
use crate::model::facts::{AssignOp, Param, Return, ScopeFact, ScopeKind, Value};
use tree_sitter::Node;

/// Parameters of one function that are kept.
const MAX_PARAMS: usize = 64;

impl<'a> Extraction<'a> {
    /// The module's own scope.
    pub(super) fn module_scope(&mut self, root: Node<'a>) {
        self.facts.scopes.push(ScopeFact {
            parent: 0,
            kind: ScopeKind::Module,
            name: String::new(),
            receiver_type: String::new(),
            receiver: String::new(),
            params: Vec::new(),
            bases: Vec::new(),
            exported: true,
            span: span(root),
        });
    }

    /// Opens a class.
    pub(super) fn class(&mut self, frame: &mut Frame<'a>, above: &[Frame<'a>]) {
        let (node, rule) = (frame.node, frame.rule);
        let name = match rule.get(node, Slot::Name) {
            Some(name) => self.text(name),
            None => self.name_from_above(node, above),
        };
        let bases = rule.get(node, Slot::Bases).or_else(|| self.named(node).find(|n| self.table.role(*n) == Role::Bases));
        let bases = bases.map(|b| self.base_names(b)).unwrap_or_default();
        let exported = frame.exported || self.scope_is_open();
        frame.inside = self.open(ScopeKind::Class, name, bases, exported, node);
    }

    fn base_names(&self, node: Node<'a>) -> Vec<String> {
        let mut names = Vec::new();
        for child in self.named(node).take(32) {
            match self.table.role(child) {
                Role::KeywordArg | Role::Comment | Role::Skip => {}
                Role::Plain => names.extend(self.base_names_below(child)),
                _ => names.extend(self.path(child).or_else(|| self.path(self.callee_node(child))).map(|p| p.join("."))),
            }
        }
        names
    }

    fn base_names_below(&self, node: Node<'a>) -> Vec<String> {
        self.named(node).take(8).filter_map(|n| self.path(n)).map(|p| p.join(".")).collect()
    }

    fn callee_node(&self, node: Node<'a>) -> Node<'a> {
        let rule = self.table.rule(node);
        if rule.role == Role::Call { rule.get(node, Slot::Function).unwrap_or(node) } else { node }
    }

    /// A named struct type: a class whose fields are kept where their type may be a connection.
    pub(super) fn type_definition(&mut self, frame: &mut Frame<'a>, _above: &[Frame<'a>]) -> bool {
        let (node, rule) = (frame.node, frame.rule);
        let (Some(name), Some(body)) = (rule.get(node, Slot::Name), rule.get(node, Slot::Body)) else { return false };
        if self.table.role(body) != Role::Class {
            return false;
        }
        let name = self.text(name);
        let fields: Vec<Node<'a>> = self.named(body).flat_map(|list| self.named(list).collect::<Vec<_>>()).take(200).collect();
        let mut bases = Vec::new();
        let mut typed = Vec::new();
        for field in fields.into_iter().filter(|f| self.table.role(*f) == Role::Field) {
            let ty_node = self.table.rule(field).get(field, Slot::Type);
            let ty = self.type_text(ty_node);
            let names = self.several(field, Slot::Name);
            if names.is_empty() {
                bases.push(bare_type(&ty).to_string());
            }
            for name in names {
                typed.push((self.text(name), ty.clone(), field));
            }
        }
        frame.inside = self.open(ScopeKind::Class, name, bases, true, node);
        self.at = frame.inside;
        for (name, ty, field) in typed {
            self.typed_field(name, ty, field);
        }
        false
    }

    /// A field known by its type alone.
    fn typed_field(&mut self, name: String, ty: String, node: Node<'a>) {
        if ty.is_empty() || !may_be_object(&ty) {
            return;
        }
        let value = Value::Opaque(String::new(), span(node));
        self.push_assignment(vec![name], Given { op: AssignOp::Set, value, ty, constant: false, exported: true }, node);
    }

    /// A class field.
    pub(super) fn field(&mut self, frame: &Frame<'a>) {
        let (node, rule) = (frame.node, frame.rule);
        let Some(name) = rule.get(node, Slot::Name) else { return };
        let ty = self.type_text(rule.get(node, Slot::Type));
        match rule.get(node, Slot::Value) {
            Some(value) if self.table.role(self.inner(value)) == Role::Function => {}
            Some(value) => {
                let value = self.value(value);
                let given = Given { op: AssignOp::Set, value, ty, constant: false, exported: true };
                self.push_assignment(vec![self.key(name)], given, node);
            }
            None => self.typed_field(self.key(name), ty, node),
        }
    }

    /// Opens a function.
    pub(super) fn function(&mut self, frame: &mut Frame<'a>, above: &[Frame<'a>]) {
        let (node, rule) = (frame.node, frame.rule);
        let name = match rule.get(node, Slot::Name) {
            Some(name) => self.key(name),
            None => self.name_from_above(node, above),
        };
        let in_class = self.facts.scopes.get(self.at.scope as usize).is_some_and(|s| s.kind == ScopeKind::Class);
        let exported = self.scope_is_open() || self.exported_above(frame, above) || self.is_common_export(above);
        let mut params = match (rule.get(node, Slot::Params), rule.get(node, Slot::Left)) {
            (Some(list), _) => self.params(list),
            (None, Some(one)) => self.param(one),
            (None, None) => Vec::new(),
        };
        let (mut receiver, mut receiver_type) = (String::new(), String::new());
        match self.rules.escapes {
            Escapes::Python if in_class && !self.is_static(above) && !params.is_empty() => receiver = params.remove(0).name,
            Escapes::Ecmascript if in_class => receiver = "this".into(),
            _ => {}
        }
        if let Some(list) = rule.get(node, Slot::Receiver)
            && let Some(own) = self.params(list).into_iter().next()
        {
            receiver_type = bare_type(&own.ty).to_string();
            receiver = own.name;
        }
        frame.inside = self.open(ScopeKind::Function, name, Vec::new(), exported, node);
        if let Some(scope) = self.facts.scopes.last_mut() {
            scope.params = params;
            scope.receiver = receiver;
            scope.receiver_type = receiver_type;
        }
        self.at = frame.inside;
        self.parameter_properties(rule.get(node, Slot::Params));
        if let Some(body) = rule.get(node, Slot::Body).filter(|b| self.table.role(*b) != Role::Block) {
            let value = self.value(body);
            if super::call_value::carries(&value) {
                self.facts.returns.push(Return { scope: self.at.scope, branch: 0, value });
            }
        }
    }

    fn is_static(&self, above: &[Frame<'a>]) -> bool {
        let decorated = above.last().filter(|f| f.rule.role == Role::Decorated);
        decorated.is_some_and(|f| {
            let head = self.source.get(f.node.start_byte()..f.node.end_byte()).unwrap_or(&[]);
            let head = head.get(..head.len().min(400)).unwrap_or(head);
            let text = String::from_utf8_lossy(head);
            text.lines().take_while(|l| l.trim_start().starts_with('@')).any(|l| l.contains("staticmethod"))
        })
    }

    /// A name for a lambda: of the variable, key or field that it is the value of.
    fn name_from_above(&self, node: Node<'a>, above: &[Frame<'a>]) -> String {
        for frame in above.iter().rev().take(4) {
            let get = |slot| frame.rule.get(frame.node, slot);
            return match frame.rule.role {
                Role::Transparent | Role::Tuple => continue,
                Role::Assign if get(Slot::Right).is_some_and(|r| r.end_byte() >= node.end_byte()) => {
                    // Go wraps the only name of a side in a list
                    let left =
                        get(Slot::Left).map(|l| if self.table.role(l) == Role::Tuple { self.first_named(l).unwrap_or(l) } else { l });
                    left.and_then(|l| self.path(l)).and_then(|p| p.last().cloned()).unwrap_or_default()
                }
                Role::Pair => get(Slot::Key).map(|k| self.key(k)).unwrap_or_default(),
                Role::Field => get(Slot::Name).map(|k| self.key(k)).unwrap_or_default(),
                Role::Export => "default".into(),
                _ => String::new(),
            };
        }
        String::new()
    }

    fn exported_above(&self, frame: &Frame<'a>, above: &[Frame<'a>]) -> bool {
        frame.exported
            || above.iter().rev().take(3).any(|f| f.exported && matches!(f.rule.role, Role::Assign | Role::Constant | Role::Export))
    }

    /// The function is given to `exports.x` or stands in `module.exports = {...}`.
    fn is_common_export(&self, above: &[Frame<'a>]) -> bool {
        let assign = above.iter().rev().take(3).find(|f| f.rule.role == Role::Assign);
        let target = assign.and_then(|f| f.rule.get(f.node, Slot::Left)).and_then(|l| self.path(l));
        target.is_some_and(|path| self.export_path(path, false).1)
    }

    fn open(&mut self, kind: ScopeKind, name: String, bases: Vec<String>, exported: bool, node: Node<'a>) -> At {
        let scope = self.facts.scopes.len() as u32;
        self.facts.scopes.push(ScopeFact {
            parent: self.at.scope,
            kind,
            name,
            receiver_type: String::new(),
            receiver: String::new(),
            params: Vec::new(),
            bases,
            exported,
            span: span(node),
        });
        At { scope, branch: 0 }
    }

    fn params(&self, list: Node<'a>) -> Vec<Param> {
        if self.table.role(list) == Role::Identifier {
            return self.param(list);
        }
        self.named(list).filter(|n| !self.is_blank(*n)).take(MAX_PARAMS).flat_map(|n| self.param(n)).collect()
    }

    /// One parameter; Go gives several names one type.
    fn param(&self, node: Node<'a>) -> Vec<Param> {
        let rule = self.table.rule(node);
        let ty = self.type_text(rule.get(node, Slot::Type));
        let default = || rule.get(node, Slot::Value).map(|v| self.value(v));
        let one = |name: String, rest: bool, ty: String, default: Option<Value>| Param { name, ty, default, rest };
        match rule.role {
            Role::Identifier => vec![one(self.text(node), false, ty, None)],
            Role::RestParam => {
                let name = rule.get(node, Slot::Name).map(|n| self.text(n)).unwrap_or_default();
                vec![one(name, true, ty, None)]
            }
            Role::Param => {
                let names = self.several(node, Slot::Name);
                if names.is_empty() {
                    return vec![one(String::new(), false, ty, default())];
                }
                names
                    .into_iter()
                    .map(|n| match self.table.role(n) {
                        Role::Identifier => one(self.text(n), false, ty.clone(), default()),
                        Role::RestParam => {
                            let inner = self.table.rule(n).get(n, Slot::Name);
                            one(inner.map(|i| self.text(i)).unwrap_or_default(), true, ty.clone(), None)
                        }
                        _ => one(String::new(), false, ty.clone(), default()),
                    })
                    .collect()
            }
            _ => vec![one(String::new(), false, ty, None)],
        }
    }

    /// `constructor(private readonly db: Pool)` makes `this.db`.
    fn parameter_properties(&mut self, params: Option<Node<'a>>) {
        if self.rules.escapes != Escapes::Ecmascript {
            return;
        }
        let Some(params) = params else { return };
        for param in self.named(params).take(MAX_PARAMS).collect::<Vec<_>>() {
            let rule = self.table.rule(param);
            let Some(name) = rule.get(param, Slot::Name).filter(|_| rule.role == Role::Param) else { continue };
            let modified = self.source.get(param.start_byte()..name.start_byte()).unwrap_or(&[]);
            let modified = String::from_utf8_lossy(modified);
            if !modified.split_whitespace().any(|w| matches!(w, "private" | "public" | "protected" | "readonly")) {
                continue;
            }
            let name_text = self.text(name);
            let given = Given {
                op: AssignOp::Set,
                value: Value::Name(vec![name_text.clone()], span(name)),
                ty: self.type_text(rule.get(param, Slot::Type)),
                constant: false,
                exported: true,
            };
            self.push_assignment(vec!["this".into(), name_text], given, param);
        }
    }
}

/// A type without pointers, generics and package: `*store.DB[T]` -> `DB`... the package is kept apart.
fn bare_type(ty: &str) -> &str {
    let ty = ty.trim_start_matches(['*', '&', ' ']);
    let ty = ty.split(['[', '<']).next().unwrap_or(ty);
    ty.trim()
}

/// Whether a field of this type may be a connection, or lead to one: not so for plain data.
fn may_be_object(ty: &str) -> bool {
    const PLAIN: [&str; 34] = [
        "string",
        "bool",
        "int",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "float32",
        "float64",
        "byte",
        "rune",
        "error",
        "any",
        "number",
        "boolean",
        "unknown",
        "Date",
        "time.Time",
        "time.Duration",
        "sync.Mutex",
        "sync.RWMutex",
        "json.RawMessage",
        "uuid.UUID",
        "sql.NullString",
        "sql.NullInt64",
        "sql.NullBool",
        "sql.NullTime",
        "Promise",
        "null",
    ];
    let bare = bare_type(ty);
    let structural = ["[]", "map[", "func", "chan", "{", "(", "'", "\"", "struct"].iter().any(|p| ty.starts_with(p));
    !bare.is_empty() && !structural && !PLAIN.contains(&bare) && !ty.contains('|') && !ty.ends_with("[]")
}
