//! Expressions.

use super::{Lowering, acts, span, types, unknown};
use crate::grammar::role::{Role, Slot};
use crate::model::code::{Arg, AssignOp, Entry, Expr, ExprKind, Part, Word};
use crate::model::facts::Language;
use crate::model::span::Span;
use tree_sitter::Node;

impl<'a> Lowering<'a> {
    /// An expression; of what is nested too deep nothing is known.
    pub(super) fn expression(&mut self, node: Node<'a>) -> Expr {
        if !self.enter() {
            return unknown(span(node));
        }
        let expr = self.expression_of(node);
        self.leave();
        expr
    }

    fn boxed(&mut self, node: Node<'a>) -> Box<Expr> {
        Box::new(self.expression(node))
    }

    /// The expression in a slot.
    pub(super) fn expression_in(&mut self, node: Node<'a>, slot: Slot) -> Option<Expr> {
        let part = self.part(node, slot)?;
        Some(self.expression(part))
    }

    fn boxed_in(&mut self, node: Node<'a>, slot: Slot) -> Box<Expr> {
        Box::new(self.expression_in(node, slot).unwrap_or(unknown(span(node))))
    }

    fn all(&mut self, nodes: Vec<Node<'a>>) -> Vec<Expr> {
        nodes.into_iter().map(|n| self.expression(n)).collect()
    }

    fn expression_of(&mut self, node: Node<'a>) -> Expr {
        self.broken(node);
        let rule = self.rule(node);
        let at = span(node);
        let kind = match rule.role {
            Role::Identifier => ExprKind::Name(self.text(node)),
            Role::TypePath => return self.dotted(node),
            Role::Scalar => ExprKind::Scalar(self.text(node)),
            Role::Null => ExprKind::Null,
            Role::String | Role::Template => ExprKind::Text(self.parts(node)),
            Role::ImplicitConcat => self.joined(node),
            Role::Transparent | Role::Return => {
                let inner =
                    rule.get(node, Slot::Value).filter(|n| self.role(*n) != Role::Comment).or_else(|| self.children(node).first().copied());
                return match inner {
                    Some(inner) => self.expression(inner),
                    None => Expr { kind: ExprKind::Null, span: at },
                };
            }
            Role::Member => match (rule.get(node, Slot::Object), rule.get(node, Slot::Property)) {
                (Some(object), Some(property)) => ExprKind::Member(self.boxed(object), self.word(property)),
                _ => self.opaque(node),
            },
            Role::Index => self.index(node),
            Role::Slice => match rule.get(node, Slot::Object) {
                Some(object) => ExprKind::Index(self.boxed(object), Box::new(unknown(at))),
                None => ExprKind::Opaque(Vec::new()),
            },
            Role::Call | Role::New => self.call(node, rule.role == Role::New),
            Role::List => ExprKind::List(self.items(node), None),
            Role::Tuple => {
                let items = self.items(node);
                ExprKind::Tuple(items)
            }
            Role::Map => self.map(node),
            Role::Composite => self.composite(node),
            Role::Spread | Role::RestParam => {
                let value = rule.get(node, Slot::Value).or_else(|| rule.get(node, Slot::Name));
                ExprKind::Spread(Box::new(value.map_or(unknown(at), |v| self.expression(v))))
            }
            Role::Binary => self.binary(node),
            Role::Comparison => self.comparison(node),
            Role::Unary => self.unary(node),
            Role::Conditional => ExprKind::Choice {
                condition: self.boxed_in(node, Slot::Condition),
                then: self.boxed_in(node, Slot::Then),
                other: self.boxed_in(node, Slot::Else),
            },
            Role::Comprehension => self.comprehension(node),
            Role::Cast => self.cast(node),
            Role::Instantiate => self.instantiate(node),
            Role::Alias => match (rule.get(node, Slot::Alias), rule.get(node, Slot::Value)) {
                (Some(alias), Some(value)) => ExprKind::Bind(self.boxed(alias), self.boxed(value)),
                _ => self.opaque(node),
            },
            Role::Assign | Role::WithDefault | Role::Append => match (rule.get(node, Slot::Left), rule.get(node, Slot::Right)) {
                (Some(left), Some(right)) => ExprKind::Bind(self.boxed(left), self.boxed(right)),
                _ => self.opaque(node),
            },
            Role::Pair => ExprKind::Tuple(vec![*self.boxed_in(node, Slot::Key), *self.boxed_in(node, Slot::Value)]),
            Role::Function => ExprKind::Lambda(self.function(node, Vec::new(), None)),
            Role::Class | Role::Interface | Role::Enum => ExprKind::Class(self.class(node, Vec::new())),
            Role::TypeName | Role::TypeGeneric | Role::TypePointer | Role::TypeSlice | Role::TypeMap | Role::TypeObject => {
                return self.type_value(node);
            }
            Role::TypeFunction => ExprKind::Opaque(Vec::new()),
            Role::Skip | Role::Comment => ExprKind::Opaque(Vec::new()),
            _ => self.opaque(node),
        };
        Expr { kind, span: at }
    }

    /// `a.b.c` that the grammar takes as one name.
    fn dotted(&mut self, node: Node<'a>) -> Expr {
        let path = self.type_path(node);
        let mut words = path.into_iter();
        let Some(first) = words.next() else { return unknown(span(node)) };
        let mut expr = Expr { kind: ExprKind::Name(first.text), span: first.span };
        for word in words {
            let at = expr.span.to(word.span);
            expr = Expr { kind: ExprKind::Member(Box::new(expr), word), span: at };
        }
        expr
    }

    /// What cannot be said: the parts that do something.
    fn opaque(&mut self, node: Node<'a>) -> ExprKind {
        let mut parts = Vec::new();
        self.acting(node, &mut parts);
        ExprKind::Opaque(parts)
    }

    fn acting(&mut self, node: Node<'a>, out: &mut Vec<Expr>) {
        for child in self.children(node) {
            match self.role(child) {
                Role::Plain | Role::Block => {
                    self.broken(child);
                    if self.enter() {
                        self.acting(child, out);
                        self.leave();
                    }
                }
                Role::Skip | Role::TypeArguments | Role::Identifier | Role::Scalar | Role::Null => {}
                _ => out.extend(Some(self.expression(child)).filter(acts)),
            }
        }
    }

    /// Adjacent literals are one text.
    fn joined(&mut self, node: Node<'a>) -> ExprKind {
        let mut parts: Vec<Part> = Vec::new();
        for child in self.children(node) {
            match self.expression(child) {
                Expr { kind: ExprKind::Text(more), .. } => parts.extend(more),
                other => parts.push(Part::Value(other)),
            }
        }
        ExprKind::Text(parts)
    }

    fn index(&mut self, node: Node<'a>) -> ExprKind {
        let Some(object) = self.part(node, Slot::Object) else { return self.opaque(node) };
        let object = self.boxed(object);
        let keys = self.several(node, Slot::Key);
        let mut keys = self.all(keys);
        let key = match keys.len() {
            1 => keys.remove(0),
            _ => {
                let at = keys.iter().map(|k| k.span).reduce(|a, b| a.to(b)).unwrap_or(span(node));
                Expr { kind: ExprKind::Tuple(keys), span: at }
            }
        };
        ExprKind::Index(object, Box::new(key))
    }

    fn call(&mut self, node: Node<'a>, new: bool) -> ExprKind {
        let Some(function) = self.part(node, Slot::Function) else { return self.opaque(node) };
        let mut function = self.boxed(function);
        let mut types = self.type_arguments(node);
        if let ExprKind::Instantiate(generic, its) = &mut function.kind {
            types.append(its);
            let generic = std::mem::replace(generic.as_mut(), unknown(function.span));
            *function = generic;
        }
        let Some(arguments) = self.part(node, Slot::Arguments) else {
            return ExprKind::Call { function, types, args: Vec::new(), new };
        };
        match self.role(arguments) {
            Role::Template => ExprKind::Tagged { tag: function, types, parts: self.parts(arguments) },
            Role::Comprehension => {
                let value = self.expression(arguments);
                ExprKind::Call { function, types, args: vec![Arg { name: None, spread: false, double: false, value }], new }
            }
            _ => {
                let args = self.args(arguments);
                ExprKind::Call { function, types, args, new }
            }
        }
    }

    /// Arguments of a call.
    pub(super) fn args(&mut self, node: Node<'a>) -> Vec<Arg> {
        let nodes = self.children(node);
        nodes.into_iter().map(|n| self.arg(n)).collect()
    }

    /// One argument.
    pub(super) fn arg(&mut self, node: Node<'a>) -> Arg {
        let rule = self.rule(node);
        let plain = |value| Arg { name: None, spread: false, double: false, value };
        match rule.role {
            Role::KeywordArg => {
                let name = rule.get(node, Slot::Name).map(|n| self.word(n));
                Arg { name, ..plain(*self.boxed_in(node, Slot::Value)) }
            }
            Role::Spread => {
                let double = self.has_word(node, "**");
                Arg { spread: true, double, ..plain(*self.boxed_in(node, Slot::Value)) }
            }
            _ => plain(self.expression(node)),
        }
    }

    /// Items of a list. A hole of an array pattern (`[a, , b]`) takes its place.
    fn items(&mut self, node: Node<'a>) -> Vec<Expr> {
        let mut nodes: Vec<Option<Node<'a>>> = Vec::new();
        let holes = self.language != Language::Python && self.language != Language::Go;
        let mut open = true;
        self.cursor.reset(node);
        let mut more = self.cursor.goto_first_child();
        while more {
            let child = self.cursor.node();
            if child.is_named() && self.role(child) != Role::Comment {
                nodes.push(Some(child));
                open = false;
            } else if holes && child.kind() == "," {
                if open {
                    nodes.push(None);
                }
                open = true;
            }
            more = self.cursor.goto_next_sibling();
        }
        let at = Span::new(node.start_byte(), node.start_byte());
        nodes.into_iter().map(|n| n.map_or(unknown(at), |n| self.expression(n))).collect()
    }

    /// Entries of a dictionary, object or pattern.
    fn map(&mut self, node: Node<'a>) -> ExprKind {
        ExprKind::Map(self.entries(node))
    }

    fn entries(&mut self, node: Node<'a>) -> Vec<Entry> {
        let mut entries = Vec::new();
        for child in self.children(node) {
            let rule = self.rule(child);
            let entry = match rule.role {
                Role::Pair => self.pair(child),
                Role::Identifier if self.language != Language::Go => Entry::Named(self.word(child), self.expression(child)),
                Role::Spread | Role::RestParam => {
                    let value = rule.get(child, Slot::Value).or_else(|| rule.get(child, Slot::Name));
                    Entry::Spread(value.map_or(unknown(span(child)), |v| self.expression(v)))
                }
                Role::WithDefault => match rule.get(child, Slot::Left) {
                    Some(left) => Entry::Named(self.word(left), self.expression(child)),
                    None => continue,
                },
                Role::Function => Entry::Method(self.function(child, Vec::new(), None)),
                _ => Entry::Item(self.expression(child)),
            };
            entries.push(entry);
        }
        entries
    }

    fn pair(&mut self, node: Node<'a>) -> Entry {
        let value = *self.boxed_in(node, Slot::Value);
        let Some(key) = self.part(node, Slot::Key) else { return Entry::Item(value) };
        let python = self.language == Language::Python;
        let inner = self.inner(key);
        match self.role(inner) {
            Role::String => {
                let key = self.expression(inner);
                match types::literal_word(&key) {
                    // in Go a name that stands alone is a field, or a variable: told apart by the type
                    Some(word) if self.language != Language::Go => Entry::Named(word, value),
                    _ => Entry::Computed(key, value),
                }
            }
            // `{name: value}`: a variable in Python, a field in Go; in brackets a value.
            Role::Identifier if !python && inner == key => Entry::Named(self.word(inner), value),
            Role::Identifier if self.language == Language::Go => Entry::Named(self.word(inner), value),
            Role::Scalar if !python && self.language != Language::Go => Entry::Named(self.word(inner), value),
            _ => Entry::Computed(self.expression(inner), value),
        }
    }

    /// Behind parentheses and wrappers.
    pub(super) fn inner(&mut self, node: Node<'a>) -> Node<'a> {
        let mut at = node;
        for _ in 0..super::MAX_DEPTH {
            match self.rule(at).get(at, Slot::Value) {
                Some(inner) if self.role(at) == Role::Transparent => at = inner,
                _ => break,
            }
        }
        at
    }

    fn composite(&mut self, node: Node<'a>) -> ExprKind {
        let ty = self.type_in(node, Slot::Type);
        let entries = self.part(node, Slot::Body).map(|b| self.entries(b)).unwrap_or_default();
        match ty {
            Some(crate::model::code::Type::Slice(element)) if entries.iter().all(|e| matches!(e, Entry::Item(_))) => {
                let items = entries.into_iter().filter_map(|e| if let Entry::Item(item) = e { Some(item) } else { None });
                ExprKind::List(items.collect(), Some(*element))
            }
            Some(ty) => ExprKind::Composite(ty, entries),
            None => ExprKind::Map(entries),
        }
    }

    fn binary(&mut self, node: Node<'a>) -> ExprKind {
        let op = self.part(node, Slot::Operator).map(|o| self.text(o)).unwrap_or_default();
        ExprKind::Binary { op, left: self.boxed_in(node, Slot::Left), right: self.boxed_in(node, Slot::Right) }
    }

    /// `a < b <= c` is `a < b and b <= c`.
    fn comparison(&mut self, node: Node<'a>) -> ExprKind {
        let (mut operands, mut operators): (Vec<Node>, Vec<Box<str>>) = (Vec::new(), Vec::new());
        self.cursor.reset(node);
        let mut more = self.cursor.goto_first_child();
        while more {
            let child = self.cursor.node();
            if !child.is_named() {
                let written = self.text(child);
                operators.push(written.split_whitespace().collect::<Vec<_>>().join(" ").into());
            } else if self.role(child) != Role::Comment {
                operands.push(child);
            }
            more = self.cursor.goto_next_sibling();
        }
        let operands = self.all(operands);
        let mut pairs = operands.windows(2).zip(operators).filter_map(|(pair, op)| {
            let [left, right] = pair else { return None };
            let at = left.span.to(right.span);
            Some(Expr { kind: ExprKind::Binary { op, left: Box::new(left.clone()), right: Box::new(right.clone()) }, span: at })
        });
        let Some(first) = pairs.next() else { return ExprKind::Opaque(operands) };
        let all = pairs.fold(first, |left, right| {
            let at = left.span.to(right.span);
            Expr { kind: ExprKind::Binary { op: "and".into(), left: Box::new(left), right: Box::new(right) }, span: at }
        });
        all.kind
    }

    fn unary(&mut self, node: Node<'a>) -> ExprKind {
        let Some(value) = self.part(node, Slot::Value) else { return self.opaque(node) };
        let op: Box<str> = match self.part(node, Slot::Operator) {
            Some(operator) => self.text(operator),
            None => node.child(0).filter(|c| !c.is_named()).map(|c| self.text(c)).unwrap_or_default(),
        };
        let value = self.boxed(value);
        match &*op {
            "&" | "*" if self.language == Language::Go => ExprKind::Reference(value),
            "<-" => value.kind,
            _ => ExprKind::Unary { op, value },
        }
    }

    /// `body for a in b for c in d if e`: the clauses nest, the first one outermost.
    fn comprehension(&mut self, node: Node<'a>) -> ExprKind {
        let Some(body) = self.part(node, Slot::Body) else { return self.opaque(node) };
        let pairs = self.role(body) == Role::Pair;
        let mut clauses: Vec<(Expr, Expr, Vec<Expr>)> = Vec::new();
        for child in self.children(node) {
            match self.role(child) {
                Role::Iteration => clauses.push((*self.boxed_in(child, Slot::Left), *self.boxed_in(child, Slot::Right), Vec::new())),
                Role::If => {
                    let condition = *self.boxed_in(child, Slot::Condition);
                    if let Some(clause) = clauses.last_mut() {
                        clause.2.push(condition);
                    }
                }
                _ => {}
            }
        }
        let at = span(node);
        let mut body = self.expression(body);
        // Dictionaries only in the innermost clause.
        let mut innermost = pairs;
        while let Some((target, over, conditions)) = clauses.pop() {
            let kind =
                ExprKind::Each { target: Box::new(target), over: Box::new(over), conditions, body: Box::new(body), pairs: innermost };
            body = Expr { kind, span: at };
            innermost = false;
        }
        body.kind
    }

    fn cast(&mut self, node: Node<'a>) -> ExprKind {
        let Some(value) = self.part(node, Slot::Value) else { return self.opaque(node) };
        match self.part(node, Slot::Type) {
            Some(ty) => {
                let value = self.boxed(value);
                ExprKind::Cast(value, self.ty(ty))
            }
            None => self.expression(value).kind,
        }
    }

    fn instantiate(&mut self, node: Node<'a>) -> ExprKind {
        let Some(value) = self.part(node, Slot::Value) else { return self.opaque(node) };
        let mut types = self.type_arguments(node);
        if types.is_empty() {
            for other in self.children(node).into_iter().skip(1) {
                types.push(self.ty(other));
            }
        }
        ExprKind::Instantiate(self.boxed(value), types)
    }

    /// Operator of an assignment that adds to its target.
    pub(super) fn assign_op(&self, node: Node<'a>) -> AssignOp {
        match self.part(node, Slot::Operator).map(|o| self.text(o)).as_deref() {
            None | Some("=" | ":=") => AssignOp::Set,
            Some(_) => AssignOp::Add,
        }
    }

    /// Several expressions side by side: one of them is itself.
    pub(super) fn side_by_side(&mut self, mut nodes: Vec<Node<'a>>) -> Option<Expr> {
        if let [one] = nodes.as_slice()
            && self.role(*one) == Role::Tuple
            && self.language == Language::Go
        {
            nodes = self.children(*one);
        }
        match nodes.as_slice() {
            [] => None,
            [one] => Some(self.expression(*one)),
            _ => {
                let all = self.all(nodes);
                let at = all.iter().map(|e| e.span).reduce(|a, b| a.to(b))?;
                Some(Expr { kind: ExprKind::Tuple(all), span: at })
            }
        }
    }

    /// The name that a pattern is, where it is only one.
    pub(super) fn single_name(expr: &Expr) -> Option<Word> {
        match &expr.kind {
            ExprKind::Name(text) => Some(Word { text: text.clone(), span: expr.span }),
            _ => None,
        }
    }
}
