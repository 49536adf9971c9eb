//! Lowering: the syntax tree of one file to one small tree for all languages ([`crate::model::code`]).
//!
//! A pure function of the tree and the kind table (`[nodes]` and `[lower]` of `language.toml`). Recursion is
//! capped; what is left out is counted in [`Code::gaps`]. Every span is a byte span of the file.

mod annotation;
mod classes;
mod control;
mod expressions;
mod functions;
mod literals;
pub mod mentions;
pub mod render;
mod statements;
#[cfg(test)]
mod tests;
mod types;

use crate::grammar::LanguagePacks;
use crate::grammar::role::{Role, Slot};
use crate::grammar::table::{KindTable, Rule};
use crate::model::code::{Class, Code, Expr, ExprKind, Function, FunctionId, Outer, Stmt, Word};
use crate::model::facts::Language;
use crate::model::span::Span;
use tree_sitter::{Node, Tree, TreeCursor};

/// Number to raise whenever the same bytes give other code than before; part of cache keys.
pub const VERSION: u32 = 2;

/// Nesting of statements, expressions and types beyond which code is left out.
const MAX_DEPTH: u32 = 200;
/// Nodes that may be lowered in one file, by its size in bytes.
const NODES_PER_BYTE: u64 = 4;

/// The lowered code of a parsed file.
pub fn lower(source: &[u8], tree: &Tree, rules: &LanguagePacks, table: &KindTable) -> Code {
    let root = tree.root_node();
    let mut lowering = Lowering {
        source,
        language: rules.language,
        rules,
        table,
        code: Code::default(),
        cursor: tree.walk(),
        outer: Outer::Module,
        depth: 0,
        budget: 10_000 + source.len() as u64 * NODES_PER_BYTE,
    };
    let mut body = Vec::new();
    for child in lowering.children(root) {
        lowering.statement(child, &mut body);
    }
    lowering.code.body = body;
    lowering.code
}

/// A file being lowered.
struct Lowering<'a> {
    source: &'a [u8],
    language: Language,
    rules: &'a LanguagePacks,
    table: &'a KindTable,
    code: Code,
    cursor: TreeCursor<'a>,
    outer: Outer,
    depth: u32,
    budget: u64,
}

impl<'a> Lowering<'a> {
    /// The rule of a node; its role and parts.
    fn rule(&self, node: Node<'a>) -> &'a Rule {
        self.table.lowered(node)
    }

    fn role(&self, node: Node<'a>) -> Role {
        self.rule(node).role
    }

    /// Named children that are no comments.
    fn children(&mut self, node: Node<'a>) -> Vec<Node<'a>> {
        self.children_where(node, |_, _| true)
    }

    /// Named children in a slot that may hold several.
    fn several(&mut self, node: Node<'a>, slot: Slot) -> Vec<Node<'a>> {
        let rule = self.rule(node);
        match rule.field(slot) {
            Some(id) => self.children_where(node, |field, _| field == Some(id)),
            None => rule.get(node, slot).into_iter().collect(),
        }
    }

    /// Named children that stand in no field.
    fn fieldless(&mut self, node: Node<'a>) -> Vec<Node<'a>> {
        self.children_where(node, |field, _| field.is_none())
    }

    fn children_where(&mut self, node: Node<'a>, keep: impl Fn(Option<u16>, Node<'a>) -> bool) -> Vec<Node<'a>> {
        let mut found = Vec::new();
        self.cursor.reset(node);
        let mut more = self.cursor.goto_first_child();
        while more {
            let child = self.cursor.node();
            let field = self.cursor.field_id().map(|f| f.get());
            if child.is_named() && self.table.lowered(child).role != Role::Comment && keep(field, child) {
                found.push(child);
            }
            more = self.cursor.goto_next_sibling();
        }
        found
    }

    /// Children of a role.
    fn of_role(&mut self, node: Node<'a>, role: Role) -> Vec<Node<'a>> {
        let table = self.table;
        self.children_where(node, |_, child| table.lowered(child).role == role)
    }

    /// Whether a word of the language (`static`, `abstract`, `get`) stands directly in a node.
    fn has_word(&mut self, node: Node<'a>, word: &str) -> bool {
        self.cursor.reset(node);
        let mut more = self.cursor.goto_first_child();
        while more {
            let child = self.cursor.node();
            if !child.is_named() && child.kind() == word {
                return true;
            }
            more = self.cursor.goto_next_sibling();
        }
        false
    }

    /// A child in a slot.
    fn part(&self, node: Node<'a>, slot: Slot) -> Option<Node<'a>> {
        self.rule(node).get(node, slot)
    }

    /// Source text of a node; broken UTF-8 is replaced.
    fn text(&self, node: Node<'a>) -> Box<str> {
        String::from_utf8_lossy(self.source.get(node.start_byte()..node.end_byte()).unwrap_or(&[])).into()
    }

    fn word(&self, node: Node<'a>) -> Word {
        Word { text: self.text(node), span: span(node) }
    }

    /// A name of a definition or key: the text of a literal, else as written.
    fn name(&mut self, node: Node<'a>) -> Word {
        match self.role(node) {
            Role::String => {
                let (text, span) = self.plain_literal(node);
                Word { text: text.into(), span }
            }
            Role::Transparent => match self.part(node, Slot::Value) {
                Some(inner) if self.role(inner) == Role::String => self.name(inner),
                _ => self.word(node),
            },
            _ => self.word(node),
        }
    }

    /// Goes one level down. False where that is too deep or the file has had its share; that is one gap.
    fn enter(&mut self) -> bool {
        if self.depth >= MAX_DEPTH || self.budget == 0 {
            self.code.gaps += 1;
            return false;
        }
        self.budget -= 1;
        self.depth += 1;
        true
    }

    fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Syntax errors are gaps.
    fn broken(&mut self, node: Node<'a>) {
        if node.is_error() || node.is_missing() {
            self.code.gaps += 1;
        }
    }

    /// Reserves the number of a function, so that outer ones come before inner ones.
    fn new_function(&mut self, span: Span) -> FunctionId {
        self.code.functions.push(Function { outer: self.outer, span, ..Function::default() });
        self.code.functions.len() as u32 - 1
    }

    fn new_class(&mut self, span: Span) -> u32 {
        self.code.classes.push(Class { outer: self.outer, span, ..Class::default() });
        self.code.classes.len() as u32 - 1
    }

    /// Runs `what` inside of a class or function.
    fn within<T>(&mut self, outer: Outer, what: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.outer, outer);
        let result = what(self);
        self.outer = before;
        result
    }

    /// Statements of a node: those of a block, else the one that it is.
    fn statements(&mut self, node: Node<'a>) -> Vec<Stmt> {
        let mut out = Vec::new();
        self.statement(node, &mut out);
        out
    }
}

/// The span of a node.
fn span(node: Node) -> Span {
    Span::new(node.start_byte(), node.end_byte())
}

/// An expression of which nothing is known.
fn unknown(span: Span) -> Expr {
    Expr { kind: ExprKind::Opaque(Vec::new()), span }
}

/// Whether an expression does something when it runs: calls, binds, or defines.
fn acts(expr: &Expr) -> bool {
    let any = |all: &[Expr]| all.iter().any(acts);
    match &expr.kind {
        ExprKind::Call { .. } | ExprKind::Tagged { .. } | ExprKind::Lambda(_) | ExprKind::Class(_) | ExprKind::Bind(..) => true,
        ExprKind::Each { .. } => true,
        ExprKind::Member(of, _)
        | ExprKind::Reference(of)
        | ExprKind::Unary { value: of, .. }
        | ExprKind::Spread(of)
        | ExprKind::Cast(of, _)
        | ExprKind::Instantiate(of, _) => acts(of),
        ExprKind::Index(of, key) => acts(of) || acts(key),
        ExprKind::Binary { left, right, .. } => acts(left) || acts(right),
        ExprKind::Choice { condition, then, other } => acts(condition) || acts(then) || acts(other),
        ExprKind::List(all, _) | ExprKind::Tuple(all) | ExprKind::Opaque(all) => any(all),
        ExprKind::Map(entries) | ExprKind::Composite(_, entries) => entries.iter().any(|e| match e {
            crate::model::code::Entry::Named(_, value) | crate::model::code::Entry::Spread(value) => acts(value),
            crate::model::code::Entry::Item(value) => acts(value),
            crate::model::code::Entry::Computed(key, value) => acts(key) || acts(value),
            crate::model::code::Entry::Method(_) => true,
        }),
        ExprKind::Text(parts) => parts.iter().any(|p| matches!(p, crate::model::code::Part::Value(v) if acts(v))),
        ExprKind::Name(_) | ExprKind::Scalar(_) | ExprKind::Null => false,
    }
}
