//! Statements that are no branches and loops.

use super::{Lowering, acts, span, types, unknown};
use crate::grammar::role::{Role, Slot};
use crate::model::code::{AssignOp, Expr, ExprKind, Stmt, Type, Word};
use crate::model::facts::Language;
use crate::model::span::Span;
use tree_sitter::Node;

/// What stands around a definition.
#[derive(Clone, Debug, Default)]
pub(super) struct Around {
    /// Decorators, outermost first.
    pub decorators: Vec<Expr>,
    /// It is exported.
    pub exported: bool,
    /// The whole with its decorators.
    pub span: Option<Span>,
}

impl<'a> Lowering<'a> {
    /// Adds what a node says, with nothing around it.
    pub(super) fn statement(&mut self, node: Node<'a>, out: &mut Vec<Stmt>) {
        self.statement_in(node, Around::default(), out);
    }

    /// Adds what a node says.
    pub(super) fn statement_in(&mut self, node: Node<'a>, around: Around, out: &mut Vec<Stmt>) {
        if !self.enter() {
            return;
        }
        self.statement_of(node, around, out);
        self.leave();
    }

    fn statement_of(&mut self, node: Node<'a>, around: Around, out: &mut Vec<Stmt>) {
        self.broken(node);
        let rule = self.rule(node);
        match rule.role {
            Role::Comment
            | Role::Skip
            | Role::Package
            | Role::Import
            | Role::ImportFrom
            | Role::ImportEs
            | Role::ImportPath
            | Role::TypeArguments
            | Role::TypeParameters
            | Role::Decorator => {}
            Role::Block | Role::Plain | Role::Finally => {
                for child in self.children(node) {
                    // Names of modules, labels and the like do nothing.
                    if !matches!(self.role(child), Role::Identifier | Role::TypePath | Role::Scalar) {
                        let again = Around { exported: around.exported, ..Around::default() };
                        self.statement_in(child, again, out);
                    }
                }
            }
            Role::Constant => self.constants(node, around.exported, out),
            Role::Export => self.export(node, around, out),
            Role::Decorated => {
                let decorators = self.decorators(node);
                let Some(body) = rule.get(node, Slot::Body) else { return };
                self.statement_in(body, Around { decorators, span: Some(span(node)), ..around }, out);
            }
            Role::Class | Role::Interface | Role::Enum | Role::TypeAlias | Role::TypeDefinition => {
                let id = self.class(node, around.decorators);
                let exported = around.exported || self.exports_by_name(id);
                if let Some(class) = self.code.classes.get_mut(id as usize) {
                    class.exported = exported;
                    class.span = around.span.map_or(class.span, |s| s.to(class.span));
                }
                out.push(Stmt::Class(id));
            }
            Role::Function => {
                let id = self.function(node, around.decorators, None);
                let Some(function) = self.code.functions.get_mut(id as usize) else { return };
                let by_name = match self.language {
                    Language::Python => true,
                    Language::Go => function.name.text.chars().next().is_some_and(char::is_uppercase),
                    _ => false,
                };
                function.exported = around.exported || by_name;
                function.span = around.span.map_or(function.span, |s| s.to(function.span));
                if !function.name.text.is_empty() {
                    out.push(Stmt::Function(id));
                } else {
                    out.push(Stmt::Expr(Expr { kind: ExprKind::Lambda(id), span: span(node) }));
                }
            }
            Role::Assign | Role::Append | Role::Field => self.assign(node, around.exported, None, out),
            Role::Alias => {
                let (Some(value), Some(alias)) = (rule.get(node, Slot::Value), rule.get(node, Slot::Alias)) else { return };
                let (value, target) = (self.expression(value), self.expression(alias));
                out.push(set(target, Some(value), AssignOp::Set, span(node)));
            }
            Role::If => self.branch(node, out),
            Role::Switch => self.switch(node, out),
            Role::Try => self.attempt(node, out),
            Role::Loop => self.repeat(node, out),
            Role::With => {
                let body = rule.get(node, Slot::Body);
                let mut inner = Vec::new();
                for child in self.children(node) {
                    self.statement(child, &mut inner);
                    if Some(child) == body {
                        break;
                    }
                }
                out.push(Stmt::Block(inner));
            }
            Role::Return => {
                let value = rule.get(node, Slot::Value).filter(|n| self.role(*n) != Role::Comment);
                let value = value.and_then(|v| self.side_by_side(vec![v]));
                out.push(Stmt::Return(value, span(node)));
            }
            Role::Leave => {
                for child in self.children(node) {
                    if !matches!(self.role(child), Role::Plain | Role::Identifier) {
                        let value = self.expression(child);
                        out.extend(Some(value).filter(acts).map(Stmt::Expr));
                    }
                }
                out.push(Stmt::Leave);
            }
            _ => self.value(node, out),
        }
    }

    /// A statement that is an expression; one that does nothing is left out.
    fn value(&mut self, node: Node<'a>, out: &mut Vec<Stmt>) {
        let value = self.expression(node);
        if let ExprKind::Bind(target, value) = value.kind {
            out.push(set(*target, Some(*value), AssignOp::Set, span(node)));
            return;
        }
        if !acts(&value) {
            return;
        }
        let leaves = self.language == Language::Go
            && matches!(&value.kind, ExprKind::Call { function, .. } if matches!(&function.kind, ExprKind::Name(n) if &**n == "panic"));
        out.push(Stmt::Expr(value));
        if leaves {
            out.push(Stmt::Leave);
        }
    }

    /// Names that a language exports by how they are written, or all of a module.
    fn exports_by_name(&self, class: u32) -> bool {
        let Some(class) = self.code.classes.get(class as usize) else { return false };
        match self.language {
            Language::Python => true,
            Language::Go => class.name.text.chars().next().is_some_and(char::is_uppercase),
            _ => false,
        }
    }

    /// Decorators that stand in a node.
    pub(super) fn decorators(&mut self, node: Node<'a>) -> Vec<Expr> {
        let mut all = Vec::new();
        for decorator in self.of_role(node, Role::Decorator) {
            all.extend(self.decorator(decorator));
        }
        all
    }

    /// What a decorator calls.
    pub(super) fn decorator(&mut self, node: Node<'a>) -> Option<Expr> {
        let inner = self.children(node).first().copied()?;
        Some(self.expression(inner))
    }

    /// Declarations; in Go, a constant without value has the type and value of the one before it.
    fn constants(&mut self, node: Node<'a>, exported: bool, out: &mut Vec<Stmt>) {
        let mut before: Option<(Option<Type>, Option<Expr>)> = None;
        for child in self.children(node) {
            if self.role(child) != Role::Assign {
                self.statement_in(child, Around { exported, ..Around::default() }, out);
                continue;
            }
            let from = out.len();
            let again = before.take().filter(|_| self.language == Language::Go);
            self.assign(child, exported, again, out);
            if let Some(Stmt::Assign { ty, value, .. }) = out.get(from).filter(|_| self.language == Language::Go) {
                // Long values are not worth repeating.
                let short = value.as_ref().is_none_or(|v| v.span.len() <= 80);
                before = Some((ty.clone(), value.clone().filter(|_| short)));
            }
        }
    }

    /// `target = value` and declarations.
    fn assign(&mut self, node: Node<'a>, exported: bool, before: Option<(Option<Type>, Option<Expr>)>, out: &mut Vec<Stmt>) {
        let rule = self.rule(node);
        let (left, right) = match rule.role {
            Role::Field => (Slot::Name, Slot::Value),
            _ => (Slot::Left, Slot::Right),
        };
        let targets = self.several(node, left);
        let Some(target) = self.side_by_side(targets) else {
            let value = self.expression_in(node, right);
            out.extend(value.filter(acts).map(Stmt::Expr));
            return;
        };
        let op = self.assign_op(node);
        let mut ty = self.type_in(node, Slot::Type);
        let values = self.several(node, right);
        let mut value = self.side_by_side(values);
        if let (None, None, Some((its_type, its_value))) = (&ty, &value, before) {
            (ty, value) = (its_type, its_value);
        }
        let by_name = match (self.language, &target.kind) {
            (Language::Python, _) => self.outer == crate::model::code::Outer::Module,
            (Language::Go, ExprKind::Name(n)) => n.chars().next().is_some_and(char::is_uppercase),
            _ => false,
        };
        let (target, common) = self.module_exports(target);
        let exported = exported || by_name || common;
        out.push(Stmt::Assign { target, ty, op, value, exported, span: span(node) });
    }

    /// `module.exports` is `exports`; whether the target is one of them.
    fn module_exports(&self, target: Expr) -> (Expr, bool) {
        if !matches!(self.language, Language::JavaScript | Language::TypeScript) {
            return (target, false);
        }
        let at = target.span;
        match target.kind {
            ExprKind::Member(object, name) => {
                let is = |e: &Expr, word: &str| matches!(&e.kind, ExprKind::Name(n) if &**n == word);
                if is(&object, "module") && &*name.text == "exports" {
                    return (Expr { kind: ExprKind::Name("exports".into()), span: at }, true);
                }
                if is(&object, "exports") {
                    return (Expr { kind: ExprKind::Member(object, name), span: at }, true);
                }
                let (object, exported) = match &object.kind {
                    ExprKind::Member(..) => self.module_exports(*object),
                    _ => (*object, false),
                };
                (Expr { kind: ExprKind::Member(Box::new(object), name), span: at }, exported)
            }
            kind => (Expr { kind, span: at }, false),
        }
    }

    /// ECMAScript `export`.
    fn export(&mut self, node: Node<'a>, around: Around, out: &mut Vec<Stmt>) {
        let rule = self.rule(node);
        if rule.get(node, Slot::Source).is_some() {
            return; // an import that is exported again: the facts of the file have it
        }
        let mut decorators = around.decorators;
        decorators.extend(self.decorators(node));
        let default = self.has_word(node, "default");
        let at = span(node);
        if let Some(body) = rule.get(node, Slot::Body) {
            let from = out.len();
            self.statement_in(body, Around { decorators, exported: true, span: Some(at) }, out);
            if default {
                self.export_default(from, at, out);
            }
            return;
        }
        if let Some(value) = rule.get(node, Slot::Value) {
            let value = self.expression(value);
            out.push(exports_default(value, at));
            return;
        }
        for child in self.children(node) {
            for specifier in self.of_role(child, Role::Alias) {
                let rule = self.rule(specifier);
                let Some(local) = rule.get(specifier, Slot::Name) else { continue };
                let name = rule.get(specifier, Slot::Alias).unwrap_or(local);
                out.push(Stmt::Export { local: self.name(local), name: self.name(name) });
            }
        }
        // `export = value`
        if self.has_word(node, "=")
            && let Some(&value) = self.children(node).first()
        {
            let value = self.expression(value);
            let target = Expr { kind: ExprKind::Name("exports".into()), span: at };
            out.push(Stmt::Assign { target, ty: None, op: AssignOp::Set, value: Some(value), exported: true, span: at });
        }
    }

    /// `export default class X`, `export default function`: the definition was added at `from`.
    fn export_default(&mut self, from: usize, at: Span, out: &mut Vec<Stmt>) {
        let (name, value) = match out.get(from) {
            Some(Stmt::Class(id)) => (self.code.classes.get(*id as usize).map(|c| c.name.clone()), ExprKind::Class(*id)),
            Some(Stmt::Function(id)) => (self.code.functions.get(*id as usize).map(|f| f.name.clone()), ExprKind::Lambda(*id)),
            Some(Stmt::Expr(value)) => {
                let value = value.clone();
                out.truncate(from);
                out.push(exports_default(value, at));
                return;
            }
            _ => return,
        };
        match name.filter(|n| !n.text.is_empty()) {
            Some(local) => {
                let name = Word { text: "default".into(), span: local.span };
                out.push(Stmt::Export { local, name });
            }
            None => {
                out.truncate(from);
                out.push(exports_default(Expr { kind: value, span: at }, at));
            }
        }
    }

    /// The base of a class that a node names: a type where it is written as one.
    pub(super) fn base(&mut self, node: Node<'a>) -> Expr {
        match self.role(node) {
            Role::TypeName | Role::TypeGeneric | Role::TypePath | Role::TypePointer | Role::TypeUnion => {
                let ty = self.ty(node);
                types::type_as_value(&ty).unwrap_or(unknown(span(node)))
            }
            _ => self.expression(node),
        }
    }
}

/// `target = value`.
pub(super) fn set(target: Expr, value: Option<Expr>, op: AssignOp, span: Span) -> Stmt {
    Stmt::Assign { target, ty: None, op, value, exported: false, span }
}

fn exports_default(value: Expr, at: Span) -> Stmt {
    let place = Span { start: at.start, end: at.start };
    let exports = Expr { kind: ExprKind::Name("exports".into()), span: place };
    let name = Word { text: "default".into(), span: place };
    let target = Expr { kind: ExprKind::Member(Box::new(exports), name), span: place };
    Stmt::Assign { target, ty: None, op: AssignOp::Set, value: Some(value), exported: true, span: at }
}
