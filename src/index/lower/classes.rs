//! Classes, structs, interfaces, enumerations, aliases of types.

use super::statements::Around;
use super::{Lowering, span, types};
use crate::grammar::role::{Role, Slot};
use crate::model::code::{Arg, Class, ClassId, ClassKind, Expr, ExprKind, Field, Outer, Stmt, Type, Word};
use crate::model::facts::Language;
use tree_sitter::Node;

impl<'a> Lowering<'a> {
    /// A class or the like. Who calls says whether it is exported.
    pub(super) fn class(&mut self, node: Node<'a>, mut decorators: Vec<Expr>) -> ClassId {
        let rule = self.rule(node);
        let id = self.new_class(span(node));
        decorators.extend(self.decorators(node));
        let mut name = rule.get(node, Slot::Name).map(|n| self.word(n)).unwrap_or_default();
        if let (Language::Python, Role::TypeAlias, Some(left)) = (self.language, rule.role, rule.get(node, Slot::Name)) {
            name = self.type_path(left).pop().unwrap_or(name);
        }
        let mut class =
            Class { name, decorators, type_params: self.type_parameters(node), outer: self.outer, span: span(node), ..Class::default() };
        class.is_abstract = self.has_word(node, "abstract");
        class.kind = match rule.role {
            Role::Interface => ClassKind::Interface,
            Role::Enum => ClassKind::Enum,
            _ => ClassKind::Class,
        };
        self.within(Outer::Class(id), |this| match rule.role {
            Role::TypeAlias | Role::TypeDefinition => this.definition(node, &mut class),
            _ => {
                let listed = rule.get(node, Slot::Bases).map(|b| vec![b]).unwrap_or_else(|| this.of_role(node, Role::Bases));
                for bases in listed {
                    this.bases(bases, &mut class);
                }
                if let Some(body) = rule.get(node, Slot::Body) {
                    this.members(body, id, &mut class);
                } else if rule.role == Role::Interface {
                    this.members(node, id, &mut class);
                }
            }
        });
        if let Some(place) = self.code.classes.get_mut(id as usize) {
            *place = class;
        }
        id
    }

    /// `type Name = ...`, `type Name struct {...}`.
    fn definition(&mut self, node: Node<'a>, class: &mut Class) {
        let Some(ty) = self.part(node, Slot::Type) else { return };
        let Outer::Class(id) = self.outer else { return };
        match self.role(ty) {
            Role::TypeObject => {
                class.kind = if self.language == Language::Go { ClassKind::Struct } else { ClassKind::Interface };
                self.members(ty, id, class);
            }
            Role::Interface => {
                class.kind = ClassKind::Interface;
                self.members(ty, id, class);
            }
            _ => {
                class.kind = ClassKind::Alias;
                let ty = self.ty(ty);
                class.bases.extend(types::type_as_value(&ty));
                class.alias = Some(ty);
            }
        }
    }

    /// Base classes and keywords of a list; type arguments belong to the base before them.
    fn bases(&mut self, node: Node<'a>, class: &mut Class) {
        for child in self.children(node) {
            match self.role(child) {
                Role::Bases => self.bases(child, class),
                Role::KeywordArg => {
                    let keyword = self.arg(child);
                    class.keywords.push(keyword);
                }
                Role::Spread if self.has_word(child, "**") => {
                    let keyword: Arg = self.arg(child);
                    class.keywords.push(keyword);
                }
                Role::TypeArguments => {
                    let mut args = Vec::new();
                    for argument in self.children(child) {
                        args.push(self.ty(argument));
                    }
                    if let Some(base) = class.bases.pop() {
                        let at = base.span.to(span(child));
                        class.bases.push(Expr { kind: ExprKind::Instantiate(Box::new(base), args), span: at });
                    }
                }
                Role::Skip => {}
                _ => {
                    let base = self.base(child);
                    class.bases.push(base);
                }
            }
        }
    }

    /// Fields, methods and other statements of a class body.
    fn members(&mut self, body: Node<'a>, id: ClassId, class: &mut Class) {
        if !self.enter() {
            return;
        }
        let mut decorators = Vec::new();
        for child in self.children(body) {
            self.broken(child);
            match self.role(child) {
                Role::Decorator => decorators.extend(self.decorator(child)),
                Role::Plain | Role::Block => self.members(child, id, class),
                Role::Bases => self.bases(child, class),
                _ => self.member(child, std::mem::take(&mut decorators), None, id, class),
            }
        }
        self.leave();
    }

    fn member(
        &mut self,
        node: Node<'a>,
        mut decorators: Vec<Expr>,
        whole: Option<crate::model::span::Span>,
        id: ClassId,
        class: &mut Class,
    ) {
        let rule = self.rule(node);
        match rule.role {
            Role::Decorated => {
                decorators.extend(self.decorators(node));
                if let Some(body) = rule.get(node, Slot::Body) {
                    self.member(body, decorators, Some(span(node)), id, class);
                }
            }
            Role::Field => self.field(node, decorators, class),
            Role::Assign => self.attribute(node, class),
            Role::Identifier if class.kind == ClassKind::Enum => {
                class.fields.push(Field { name: self.word(node), span: span(node), ..Field::default() });
            }
            Role::Signature if class.kind == ClassKind::Interface => {
                let Some(name) = rule.get(node, Slot::Name) else { return };
                let result = rule.get(node, Slot::Returns).map_or(Type::Other, |r| self.result_type(r).0);
                let ty = Some(Type::Function(Box::new(result)));
                class.fields.push(Field { name: self.name(name), ty, span: span(node), ..Field::default() });
            }
            Role::Function | Role::Signature => {
                let function = self.function(node, decorators, Some(id));
                if self.language != Language::Python {
                    self.parameter_fields(node, class);
                }
                if let (Some(whole), Some(f)) = (whole, self.code.functions.get_mut(function as usize)) {
                    f.span = f.span.to(whole);
                }
                class.methods.push(function);
            }
            Role::Class | Role::Interface | Role::Enum | Role::TypeAlias | Role::TypeDefinition => {
                let mut out = Vec::new();
                self.statement_in(node, Around { decorators, exported: true, span: whole }, &mut out);
                class.body.append(&mut out);
            }
            _ => {
                let mut out = Vec::new();
                self.statement(node, &mut out);
                class.body.append(&mut out);
            }
        }
    }

    /// A declared field; Go gives several names one type, or none: an embedded struct.
    fn field(&mut self, node: Node<'a>, mut decorators: Vec<Expr>, class: &mut Class) {
        decorators.extend(self.decorators(node));
        let names = self.several(node, Slot::Name);
        let mut ty = self.type_in(node, Slot::Type);
        let value = self.expression_in(node, Slot::Value);
        let is_static = self.has_word(node, "static");
        let tag = self.part(node, Slot::Tag).map(|t| {
            let (text, span) = self.plain_literal(t);
            Word { text: text.into(), span }
        });
        let embedded = names.is_empty();
        let mut words: Vec<Word> = names.into_iter().map(|n| self.name(n)).collect();
        if embedded {
            if self.has_word(node, "*") {
                ty = ty.map(|t| Type::Pointer(Box::new(t)));
            }
            words.extend(last_word(ty.as_ref()));
        }
        for name in words {
            class.fields.push(Field {
                name,
                ty: ty.clone(),
                value: value.clone(),
                decorators: decorators.clone(),
                tag: tag.clone(),
                embedded,
                is_static,
                span: span(node),
            });
        }
    }

    /// `name: type = value` in a class body; other targets are statements of it.
    fn attribute(&mut self, node: Node<'a>, class: &mut Class) {
        let mut out = Vec::new();
        self.statement(node, &mut out);
        for stmt in out {
            let Stmt::Assign { target, ty, op, value, exported, span } = stmt else {
                class.body.push(stmt);
                continue;
            };
            let Some(name) = Lowering::single_name(&target) else {
                class.body.push(Stmt::Assign { target, ty, op, value, exported, span });
                continue;
            };
            let (ty, is_static) = match ty {
                Some(Type::Named { path, mut args }) if path.last().is_some_and(|w| &*w.text == "ClassVar") => {
                    (if args.is_empty() { None } else { Some(args.remove(0)) }, true)
                }
                other => (other, false),
            };
            class.fields.push(Field { name, ty, value, is_static, span, ..Field::default() });
        }
    }

    /// Parameters of a constructor that are fields: `constructor(private readonly repo: Repo)`.
    fn parameter_fields(&mut self, node: Node<'a>, class: &mut Class) {
        let rule = self.rule(node);
        let Some(list) = rule.get(node, Slot::Params) else { return };
        if rule.get(node, Slot::Name).is_none_or(|n| &*self.text(n) != "constructor") {
            return;
        }
        for param in self.children(list) {
            // An accessibility word or `readonly` stands before the name.
            let Some(name) = self.part(param, Slot::Name) else { continue };
            let before = self.source.get(param.start_byte()..name.start_byte()).unwrap_or(&[]);
            let before = String::from_utf8_lossy(before);
            let words = ["private", "public", "protected", "readonly"];
            if !before.split_whitespace().any(|w| words.contains(&w)) {
                continue;
            }
            let decorators = self.decorators(param);
            let ty = self.type_in(param, Slot::Type);
            class.fields.push(Field { name: self.word(name), ty, decorators, span: span(param), ..Field::default() });
        }
    }
}

/// The last name of a type, behind pointers.
fn last_word(ty: Option<&Type>) -> Option<Word> {
    match ty? {
        Type::Named { path, .. } => path.last().cloned(),
        Type::Pointer(inner) => last_word(Some(inner)),
        _ => None,
    }
}
