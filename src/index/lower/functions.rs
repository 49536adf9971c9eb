//! Functions, methods, lambdas, and their parameters.

use super::{Lowering, span};
use crate::grammar::role::{Role, Slot};
use crate::model::code::{ClassId, Expr, FunctionId, Outer, Param, Stmt, Type, Word};
use crate::model::facts::Language;
use tree_sitter::Node;

impl<'a> Lowering<'a> {
    /// A function; `class` where it is a method of one.
    pub(super) fn function(&mut self, node: Node<'a>, decorators: Vec<Expr>, class: Option<ClassId>) -> FunctionId {
        let rule = self.rule(node);
        let id = self.new_function(span(node));
        let name = rule.get(node, Slot::Name).map(|n| self.name(n)).unwrap_or_default();
        let is_static = self.has_word(node, "static") || decorators.iter().any(|d| d.path().is_some_and(|p| p == ["staticmethod"]));
        let is_getter = self.has_word(node, "get");
        let mut params = Vec::new();
        if let Some(one) = rule.get(node, Slot::Left) {
            params.push(Param { name: self.word(one), ..Param::default() });
        }
        if let Some(list) = rule.get(node, Slot::Params) {
            self.params(list, &mut params);
        }
        let mut receiver = None;
        if let Some(list) = rule.get(node, Slot::Receiver) {
            let mut its = Vec::new();
            self.params(list, &mut its);
            receiver = its.into_iter().next();
        } else if class.is_some() && !is_static {
            receiver = match self.language {
                Language::Python if !params.is_empty() => Some(params.remove(0)),
                Language::TypeScript | Language::JavaScript => {
                    Some(Param { name: Word { text: "this".into(), span: Default::default() }, ..Param::default() })
                }
                _ => None,
            };
        }
        let (returns, results) = match rule.get(node, Slot::Returns) {
            Some(result) => {
                let (ty, names) = self.result_type(result);
                (Some(ty), names)
            }
            None => (None, Vec::new()),
        };
        let body = rule.get(node, Slot::Body);
        let body = self.within(Outer::Function(id), |this| match body {
            Some(block) if this.role(block) == Role::Block => this.statements(block),
            Some(value) => {
                let at = span(value);
                vec![Stmt::Return(Some(this.expression(value)), at)]
            }
            None => Vec::new(),
        });
        if let Some(function) = self.code.functions.get_mut(id as usize) {
            function.name = name;
            function.receiver = receiver;
            function.params = params;
            function.returns = returns;
            function.results = results;
            function.decorators = decorators;
            function.body = body;
            function.is_getter = is_getter;
            function.is_static = is_static;
        }
        id
    }

    /// Parameters of a list.
    pub(super) fn params(&mut self, list: Node<'a>, out: &mut Vec<Param>) {
        for node in self.children(list) {
            match self.role(node) {
                Role::Param | Role::RestParam | Role::Identifier | Role::Map | Role::Tuple | Role::WithDefault => self.param(node, out),
                _ => {}
            }
        }
    }

    fn param(&mut self, node: Node<'a>, out: &mut Vec<Param>) {
        let rule = self.rule(node);
        let ty = self.type_in(node, Slot::Type);
        let mut names = self.several(node, if rule.role == Role::WithDefault { Slot::Left } else { Slot::Name });
        if matches!(rule.role, Role::Identifier | Role::Map | Role::Tuple) {
            names = vec![node];
        }
        if names.is_empty() {
            out.push(Param { ty, rest: rule.role == Role::RestParam, ..Param::default() });
            return;
        }
        let default = self.expression_in(node, if rule.role == Role::WithDefault { Slot::Right } else { Slot::Value });
        let mut shared: Option<Type> = ty;
        let count = names.len();
        for (i, name) in names.into_iter().enumerate() {
            let ty = if i + 1 == count { shared.take() } else { shared.clone() };
            let mut param = Param { ty, default: default.clone(), ..Param::default() };
            self.name_param(node, name, &mut param);
            out.push(param);
        }
    }

    /// Name or pattern of a parameter; `*args` may stand around either.
    fn name_param(&mut self, node: Node<'a>, name: Node<'a>, param: &mut Param) {
        let mut at = name;
        for around in [node, name] {
            if self.role(around) != Role::RestParam {
                continue;
            }
            let double = self.source.get(around.start_byte()..around.start_byte() + 2) == Some(b"**");
            param.keywords |= double;
            param.rest |= !double;
            if around == name {
                at = self.part(around, Slot::Name).unwrap_or(name);
            }
        }
        match self.role(at) {
            Role::Map | Role::Tuple | Role::List => param.pattern = Some(Box::new(self.expression(at))),
            _ => param.name = self.word(at),
        }
    }
}
