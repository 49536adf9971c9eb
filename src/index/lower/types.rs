//! Types as written.

use super::{Lowering, annotation, span};
use crate::grammar::role::{Role, Slot};
use crate::model::code::{Expr, ExprKind, Part, Type, Word};
use crate::model::facts::Language;
use tree_sitter::Node;

impl<'a> Lowering<'a> {
    /// The type in a slot.
    pub(super) fn type_in(&mut self, node: Node<'a>, slot: Slot) -> Option<Type> {
        let ty = self.part(node, slot)?;
        Some(self.ty(ty))
    }

    /// A type.
    pub(super) fn ty(&mut self, node: Node<'a>) -> Type {
        if !self.enter() {
            return Type::Other;
        }
        let ty = self.type_of(node);
        self.leave();
        ty
    }

    fn type_of(&mut self, node: Node<'a>) -> Type {
        match self.role(node) {
            Role::Type | Role::Bases | Role::TypeArguments | Role::Transparent => match self.children(node).first() {
                Some(&inner) => self.ty(inner),
                None => Type::Other,
            },
            Role::Null => Type::Null,
            Role::TypeName | Role::Identifier | Role::Member | Role::TypePath => named(self.type_path(node), Vec::new()),
            Role::TypeGeneric => {
                let path = self.part(node, Slot::Name).map(|n| self.type_path(n)).unwrap_or_default();
                let args = self.type_arguments(node);
                named(path, args)
            }
            // `Mapped[int]` as an expression.
            Role::Index => {
                let path = self.part(node, Slot::Object).map(|n| self.type_path(n)).unwrap_or_default();
                let literal = path.last().is_some_and(|w| &*w.text == "Literal");
                let mut args = Vec::new();
                for key in self.several(node, Slot::Key) {
                    let of_tuple = self.role(key) == Role::Tuple;
                    for item in if of_tuple { self.children(key) } else { vec![key] } {
                        args.push(if literal && self.role(item) == Role::String { Type::Literal(self.name(item)) } else { self.ty(item) });
                    }
                }
                named(path, args)
            }
            Role::String => self.quoted(node),
            Role::Binary | Role::TypeUnion => {
                let mut all = Vec::new();
                for part in self.children(node) {
                    match self.ty(part) {
                        Type::Union(inner) => all.extend(inner),
                        other => all.push(other),
                    }
                }
                Type::Union(all)
            }
            Role::TypePointer => Type::Pointer(Box::new(self.type_in(node, Slot::Value).unwrap_or(Type::Other))),
            Role::TypeSlice => Type::Slice(Box::new(self.type_in(node, Slot::Value).unwrap_or(Type::Other))),
            Role::TypeMap => {
                let key = self.type_in(node, Slot::Key).unwrap_or(Type::Other);
                Type::Map(Box::new(key), Box::new(self.type_in(node, Slot::Value).unwrap_or(Type::Other)))
            }
            Role::TypeTuple => Type::Tuple(self.children(node).into_iter().map(|n| self.ty(n)).collect()),
            Role::TypeLiteral => match self.children(node).first() {
                Some(&inner) if self.role(inner) == Role::Null => Type::Null,
                Some(&inner) => Type::Literal(self.name(inner)),
                None => Type::Literal(self.word(node)),
            },
            Role::TypeOf => match self.part(node, Slot::Value) {
                Some(value) => Type::Of(Box::new(self.expression(value))),
                None => Type::Other,
            },
            Role::TypeFunction => {
                let result = self.part(node, Slot::Returns).map_or(Type::Tuple(Vec::new()), |r| self.result_type(r).0);
                Type::Function(Box::new(result))
            }
            Role::TypeObject => {
                let mut fields = Vec::new();
                self.object_fields(node, &mut fields);
                Type::Object(fields)
            }
            _ => Type::Other,
        }
    }

    /// Fields of a type literal or anonymous struct; lists of them are walked through.
    fn object_fields(&mut self, node: Node<'a>, out: &mut Vec<(Word, Type)>) {
        for child in self.children(node) {
            match self.role(child) {
                Role::Field => {
                    let ty = self.type_in(child, Slot::Type).unwrap_or(Type::Other);
                    for name in self.several(child, Slot::Name) {
                        out.push((self.name(name), ty.clone()));
                    }
                }
                Role::Signature => {
                    let Some(name) = self.part(child, Slot::Name) else { continue };
                    let result = self.part(child, Slot::Returns).map_or(Type::Other, |r| self.result_type(r).0);
                    out.push((self.name(name), Type::Function(Box::new(result))));
                }
                Role::Plain if self.depth < super::MAX_DEPTH => {
                    self.depth += 1;
                    self.object_fields(child, out);
                    self.depth -= 1;
                }
                _ => {}
            }
        }
    }

    /// Type of a result with the names of named results (Go).
    pub(super) fn result_type(&mut self, node: Node<'a>) -> (Type, Vec<Word>) {
        let params: Vec<_> = self.children(node).into_iter().filter(|n| matches!(self.role(*n), Role::Param | Role::RestParam)).collect();
        if params.is_empty() || self.role(node) != Role::Plain {
            return (self.ty(node), Vec::new());
        }
        let (mut types, mut names) = (Vec::new(), Vec::new());
        for param in params {
            let ty = self.type_in(param, Slot::Type).unwrap_or(Type::Other);
            let its = self.several(param, Slot::Name);
            types.extend(std::iter::repeat_n(ty, its.len().max(1)));
            for name in its {
                names.push(self.word(name));
            }
        }
        let ty = if types.len() == 1 { types.remove(0) } else { Type::Tuple(types) };
        (ty, names)
    }

    /// Type arguments that stand in a node.
    pub(super) fn type_arguments(&mut self, node: Node<'a>) -> Vec<Type> {
        let mut all = Vec::new();
        for list in self.of_role(node, Role::TypeArguments) {
            for argument in self.children(list) {
                all.push(self.ty(argument));
            }
        }
        all
    }

    /// Names of type parameters that stand in a definition.
    pub(super) fn type_parameters(&mut self, node: Node<'a>) -> Vec<Word> {
        let mut names = Vec::new();
        let lists = self.children_where(node, |_, _| true);
        for list in lists {
            if !matches!(self.role(list), Role::TypeParameters | Role::TypeArguments) {
                continue;
            }
            for parameter in self.children(list) {
                match self.children(parameter).first() {
                    Some(&name) => names.push(self.word(name)),
                    None => names.push(self.word(parameter)),
                }
            }
        }
        names
    }

    /// The names of a dotted type.
    pub(super) fn type_path(&mut self, node: Node<'a>) -> Vec<Word> {
        let mut path = Vec::new();
        let mut at = node;
        for _ in 0..super::MAX_DEPTH {
            match self.role(at) {
                Role::Member => {
                    let Some(property) = self.part(at, Slot::Property) else { break };
                    path.push(self.word(property));
                    let Some(object) = self.part(at, Slot::Object) else { break };
                    at = object;
                }
                Role::TypePath | Role::Type | Role::Transparent => {
                    let children = self.children(at);
                    let Some((&first, others)) = children.split_first() else { break };
                    for name in others.iter().rev() {
                        path.push(self.word(*name));
                    }
                    at = first;
                }
                Role::TypeGeneric => {
                    let Some(name) = self.part(at, Slot::Name) else { break };
                    at = name;
                }
                Role::Index => {
                    let Some(object) = self.part(at, Slot::Object) else { break };
                    at = object;
                }
                Role::Identifier | Role::TypeName => {
                    path.push(self.word(at));
                    break;
                }
                _ => break,
            }
        }
        path.reverse();
        path
    }

    /// A type in quotes; a string literal type outside of Python.
    fn quoted(&mut self, node: Node<'a>) -> Type {
        let (text, place) = self.plain_literal(node);
        if self.language != Language::Python {
            return Type::Literal(Word { text: text.into(), span: place });
        }
        match text.len() == place.len() {
            true => annotation::read(&text, place.start).unwrap_or(Type::Other),
            false => Type::Other,
        }
    }

    /// A type that stands where a value is asked for: bases, `make([]T, 0)`.
    pub(super) fn type_value(&mut self, node: Node<'a>) -> Expr {
        let ty = self.ty(node);
        let at = span(node);
        type_as_value(&ty).unwrap_or(Expr { kind: ExprKind::Composite(ty, Vec::new()), span: at })
    }
}

/// A named type; `Optional`, `Union` and `None` are what they mean.
pub(super) fn named(path: Vec<Word>, mut args: Vec<Type>) -> Type {
    match path.last().map(|w| &*w.text) {
        None => Type::Other,
        Some("None") if args.is_empty() => Type::Null,
        Some("Optional") if !args.is_empty() => {
            args.push(Type::Null);
            Type::Union(args)
        }
        Some("Union") if !args.is_empty() => Type::Union(args),
        _ => Type::Named { path, args },
    }
}

/// The name of a type as an expression, with its arguments.
pub(super) fn type_as_value(ty: &Type) -> Option<Expr> {
    let (path, args) = match ty {
        Type::Named { path, args } => (path, args),
        Type::Pointer(inner) => return type_as_value(inner),
        _ => return None,
    };
    let (first, rest) = path.split_first()?;
    let mut expr = Expr { kind: ExprKind::Name(first.text.clone()), span: first.span };
    for word in rest {
        let span = expr.span.to(word.span);
        expr = Expr { kind: ExprKind::Member(Box::new(expr), word.clone()), span };
    }
    if !args.is_empty() {
        let span = expr.span;
        expr = Expr { kind: ExprKind::Instantiate(Box::new(expr), args.clone()), span };
    }
    Some(expr)
}

/// Text of a literal without values, joined, as a word.
pub(super) fn literal_word(expr: &Expr) -> Option<Word> {
    let ExprKind::Text(parts) = &expr.kind else { return None };
    let mut place = None;
    for part in parts {
        match part {
            Part::Text(_, span) => place = Some(place.map_or(*span, |p: crate::model::span::Span| p.to(*span))),
            Part::Value(_) => return None,
        }
    }
    Some(Word { text: expr.literal()?.into(), span: place.unwrap_or(expr.span) })
}
