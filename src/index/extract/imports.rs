//! Imports, re-exports and exports.

use super::enter::Given;
use super::file::Extraction;
use super::value::span;
use crate::grammar::language::Escapes;
use crate::grammar::role::{Role, Slot};
use crate::grammar::set::TextFunction;
use crate::model::facts::{AssignOp, Import, Value};
use crate::model::span::Span;
use tree_sitter::Node;

/// Calls and members in a chain that is looked through for the module at its head.
const MAX_CHAIN: usize = 8;

impl<'a> Extraction<'a> {
    /// Reads the imports at the top of the file before anything else, so that packs are known.
    pub(super) fn detect(&mut self, root: Node<'a>) {
        let mut modules = Vec::new();
        let mut stack: Vec<(Node<'a>, u8)> = vec![(root, 0)];
        while let Some((node, depth)) = stack.pop() {
            let rule = self.table.rule(node);
            match rule.role {
                Role::Import => modules.extend(self.named(node).map(|n| self.aliased(n).0)),
                Role::ImportFrom | Role::ImportEs | Role::ImportPath => modules.extend(rule.get(node, Slot::Source).map(|s| self.key(s))),
                Role::Assign => modules.extend(rule.get(node, Slot::Right).and_then(|r| self.required_at_head(r))),
                // Imports within functions detect their packs when the walk comes to them.
                Role::Class | Role::TypeDefinition | Role::Function => {}
                _ if depth < 4 => stack.extend(self.named(node).map(|n| (n, depth + 1))),
                _ => {}
            }
        }
        for module in modules {
            self.detect_module(&module);
        }
    }

    fn detect_module(&mut self, module: &str) {
        let found: Vec<usize> = self.rules.detected_by(module).filter(|p| !self.detected.contains(p)).collect();
        self.detected.extend(found);
    }

    /// Adds the imports of an import node.
    pub(super) fn import(&mut self, node: Node<'a>) {
        let rule = self.table.rule(node);
        let at = span(node);
        match rule.role {
            Role::Package => {
                self.facts.package = self.first_named(node).map(|n| self.text(n)).unwrap_or_default();
            }
            Role::Import => {
                for child in self.named(node).collect::<Vec<_>>() {
                    let (module, alias) = self.aliased(child);
                    // `import a.b` binds `a`.
                    let local = alias.unwrap_or_else(|| module.split('.').next().unwrap_or("").to_string());
                    self.add_import(module, String::new(), local, false, at);
                }
            }
            Role::ImportFrom => {
                let source = rule.get(node, Slot::Source);
                let module = source.map(|s| self.text(s)).unwrap_or_default();
                for child in self.named(node).filter(|c| Some(*c) != source).collect::<Vec<_>>() {
                    if self.is_blank(child) {
                        continue;
                    }
                    let (name, alias) = self.aliased(child);
                    let name = if name.starts_with('*') { "*".to_string() } else { name };
                    let local = alias.unwrap_or_else(|| name.clone());
                    self.add_import(module.clone(), name, local, true, at);
                }
            }
            Role::ImportPath => {
                let module = rule.get(node, Slot::Source).map(|s| self.key(s)).unwrap_or_default();
                let local = rule.get(node, Slot::Name).map(|n| self.text(n));
                let local = local.unwrap_or_else(|| package_name(&module).to_string());
                // `import . "m"`: its names stand in the file as they are
                let (name, local) = if local == "." { ("*".to_string(), "*".to_string()) } else { (String::new(), local) };
                self.add_import(module, name, local, false, at);
            }
            Role::ImportEs => self.import_es(node),
            _ => {}
        }
    }

    /// Name and alias of `a as b`.
    fn aliased(&self, node: Node<'a>) -> (String, Option<String>) {
        let rule = self.table.rule(node);
        if rule.role != Role::Alias {
            return (self.text(node), None);
        }
        let alias = rule.get(node, Slot::Alias).map(|a| self.text(a));
        (rule.get(node, Slot::Name).map(|n| self.key(n)).unwrap_or_default(), alias)
    }

    fn add_import(&mut self, module: String, name: String, local: String, reexport: bool, at: Span) {
        self.detect_module(&module);
        self.facts.imports.push(Import { module, name, local, reexport, span: at });
    }

    /// `import a, { b as c }, * as d from "m"`.
    fn import_es(&mut self, node: Node<'a>) {
        let at = span(node);
        let source = self.table.rule(node).get(node, Slot::Source);
        let Some(module) = source.map(|s| self.key(s)) else { return self.import_require(node) };
        let before = self.facts.imports.len();
        let mut stack: Vec<Node<'a>> = self.named(node).filter(|n| Some(*n) != source).collect();
        stack.reverse();
        while let Some(part) = stack.pop() {
            match self.table.role(part) {
                Role::Identifier => self.add_import(module.clone(), "default".into(), self.text(part), false, at),
                Role::Spread => {
                    let local = self.first_named(part).map(|n| self.text(n)).unwrap_or_default();
                    self.add_import(module.clone(), String::new(), local, false, at);
                }
                Role::Alias => {
                    let (name, alias) = self.aliased(part);
                    let local = alias.unwrap_or_else(|| name.clone());
                    self.add_import(module.clone(), name, local, false, at);
                }
                _ => {
                    let mut children: Vec<_> = self.named(part).collect();
                    children.reverse();
                    stack.extend(children);
                }
            }
        }
        if self.facts.imports.len() == before {
            self.add_import(module, String::new(), String::new(), false, at);
        }
    }

    /// `import x = require("m")`.
    fn import_require(&mut self, node: Node<'a>) {
        let Some(clause) = self.first_named(node) else { return };
        let rule = self.table.rule(clause);
        let (Some(source), Some(local)) = (rule.get(clause, Slot::Source), self.first_named(clause)) else { return };
        self.add_import(self.key(source), String::new(), self.text(local), false, span(node));
    }

    /// The module of `require("m")`, and the member that is taken of it.
    fn required(&self, node: Node<'a>) -> Option<(String, Option<String>)> {
        let node = self.inner(node);
        let rule = self.table.rule(node);
        match rule.role {
            Role::Call => {
                let callee = self.callee(rule.get(node, Slot::Function)?);
                (self.rules.text.functions.get(&callee) == Some(&TextFunction::Require)).then_some(())?;
                let argument = self.first_named(rule.get(node, Slot::Arguments)?)?;
                (self.table.role(argument) == Role::String).then(|| (self.key(argument), None))
            }
            Role::Member => {
                let (module, inner) = self.required(rule.get(node, Slot::Object)?)?;
                let property = rule.get(node, Slot::Property).map(|p| self.text(p));
                inner.is_none().then_some((module, property))
            }
            _ => None,
        }
    }

    /// The module of `require("m")` at the beginning of a chain: `require("m")(settings)`, `require("m").a.b()`.
    fn required_at_head(&self, node: Node<'a>) -> Option<String> {
        let mut at = Some(node);
        for _ in 0..MAX_CHAIN {
            let node = self.inner(at?);
            if let Some((module, _)) = self.required(node) {
                return Some(module);
            }
            let rule = self.table.rule(node);
            at = match rule.role {
                Role::Call | Role::New => rule.get(node, Slot::Function),
                Role::Member => rule.get(node, Slot::Object),
                _ => None,
            };
        }
        None
    }

    /// A call that loads a module is an import of it, whatever is done with it.
    pub(super) fn load_module(&mut self, node: Node<'a>, callee: &[String]) {
        let loads = callee.len() == 1 && self.rules.text.functions.get(callee) == Some(&TextFunction::Require);
        if !loads {
            return;
        }
        if let Some((module, _)) = self.required(node)
            && !self.facts.imports.iter().any(|i| i.module == module)
        {
            self.add_import(module, String::new(), String::new(), false, span(node));
        }
    }

    /// `const x = require("m")`, `const { a: b } = require("m")`, `const x = require("m").y`. Says whether it was one.
    pub(super) fn require(&mut self, node: Node<'a>, targets: &[Node<'a>], values: &[Node<'a>]) -> bool {
        let ([target], [value]) = (targets, values) else { return false };
        let Some((module, member)) = self.required(*value) else { return false };
        let at = span(node);
        if self.table.role(*target) != Role::Map {
            let local = self.path(*target).and_then(|p| p.last().cloned()).unwrap_or_default();
            self.add_import(module, member.unwrap_or_default(), local, false, at);
            return true;
        }
        for child in self.named(*target).collect::<Vec<_>>() {
            let rule = self.table.rule(child);
            let Some(local) = self.target_names(child).into_iter().next() else { continue };
            let name = if rule.role == Role::Pair { rule.get(child, Slot::Key).map(|k| self.key(k)) } else { None };
            self.add_import(module.clone(), name.unwrap_or_else(|| local.clone()), local, false, at);
        }
        true
    }

    /// `export ...`. Says whether its children are to be walked.
    pub(super) fn export(&mut self, node: Node<'a>) -> bool {
        let rule = self.table.rule(node);
        let at = span(node);
        let source = rule.get(node, Slot::Source).map(|s| self.key(s));
        let specifiers: Vec<Node<'a>> =
            self.named(node).flat_map(|c| self.named(c).collect::<Vec<_>>()).filter(|n| self.table.role(*n) == Role::Alias).collect();
        let from_nothing = rule.get(node, Slot::Body).is_none() && rule.get(node, Slot::Value).is_none();
        if !specifiers.is_empty() && from_nothing {
            for specifier in specifiers {
                let (name, alias) = self.aliased(specifier);
                let local = alias.unwrap_or_else(|| name.clone());
                self.add_import(source.clone().unwrap_or_default(), name, local, true, at);
            }
            return false;
        }
        if let Some(module) = source {
            let namespace = self.named(node).find(|n| self.table.role(*n) == Role::Spread).and_then(|n| self.first_named(n));
            let local = namespace.map_or_else(|| "*".to_string(), |n| self.text(n));
            let name = if local == "*" { "*".to_string() } else { String::new() };
            self.add_import(module, name, local, true, at);
            return false;
        }
        if let Some(value) = rule.get(node, Slot::Value).filter(|v| !matches!(self.table.role(*v), Role::Function | Role::Class)) {
            let value = self.value(value);
            let given = Given { op: AssignOp::Set, value, ty: String::new(), constant: true, exported: true };
            self.push_assignment(vec!["default".into()], given, node);
        }
        true
    }

    /// `module.exports.x` and `exports.x` are `x`; `module.exports` alone is the empty path.
    pub(super) fn export_path(&self, path: Vec<String>, exported: bool) -> (Vec<String>, bool) {
        if self.rules.escapes != Escapes::Ecmascript {
            return (path, exported);
        }
        let words: Vec<&str> = path.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["module", "exports", rest @ ..] => (rest.iter().map(|s| s.to_string()).collect(), true),
            ["exports", rest @ ..] if !rest.is_empty() => (rest.iter().map(|s| s.to_string()).collect(), true),
            _ => (path, exported),
        }
    }

    /// `module.exports = { a, b: c }` exports each; another value is the default export.
    pub(super) fn export_map(&mut self, given: Given, whole: Node<'a>) {
        let entries = match given.value {
            Value::Map(pairs, _) => pairs,
            other => vec![("default".to_string(), other)],
        };
        for (name, value) in entries {
            if let Value::Name(path, at) = &value
                && path.len() == 1
                && name != "default"
            {
                let local = path.first().cloned().unwrap_or_default();
                self.facts.imports.push(Import { module: String::new(), name: local, local: name, reexport: true, span: *at });
                continue;
            }
            let given = Given { op: AssignOp::Set, value, ty: String::new(), constant: true, exported: true };
            self.push_assignment(vec![name], given, whole);
        }
    }

    /// A comment that embeds a file in the variable after it (`//go:embed q.sql`).
    pub(super) fn comment(&mut self, node: Node<'a>) {
        if self.rules.escapes != Escapes::Go {
            return;
        }
        let text = self.text(node);
        let Some(path) = text.strip_prefix("//go:embed ") else { return };
        let path = path.trim();
        let start = node.start_byte() + text.find(path).unwrap_or(0);
        let path_text = path.trim_matches(['"', '`']);
        if !path_text.contains('*') && !path_text.contains(' ') {
            self.embed = Some((path_text.to_string(), Span::new(start, start + path.len())));
        }
    }
}

/// The package name that a Go import path gives: its last element without a major version.
fn package_name(path: &str) -> &str {
    let mut parts = path.rsplit('/');
    let last = parts.next().unwrap_or(path);
    let version = last.strip_prefix('v').is_some_and(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()));
    let name = if version { parts.next().unwrap_or(last) } else { last };
    let name = name.split(".v").next().unwrap_or(name);
    let name = name.strip_prefix("go-").unwrap_or(name);
    name.strip_suffix("-go").unwrap_or(name)
}
