//! One file being read: its bytes, its rules, and the facts found so far.

use crate::grammar::LanguagePacks;
use crate::grammar::role::{Role, Slot};
use crate::grammar::table::KindTable;
use crate::model::facts::FileFacts;
use crate::model::span::Span;
use rustc_hash::FxHashSet as HashSet;
use std::cell::Cell;
use tree_sitter::Node;

/// Expression nodes that may be looked at in one file, by its size: nested calls are looked at once per level.
const SPEND_PER_BYTE: u64 = 8;

/// Where the walk stands.
#[derive(Copy, Clone, Debug, Default)]
pub(super) struct At {
    /// Scope.
    pub scope: u32,
    /// Branch.
    pub branch: u32,
}

/// A file being read.
pub(super) struct Extraction<'a> {
    pub source: &'a [u8],
    pub rules: &'a LanguagePacks,
    pub table: &'a KindTable,
    pub facts: FileFacts,
    pub at: At,
    /// Packs that the imports detect, by index.
    pub detected: Vec<usize>,
    /// Names that text which looks like SQL is assigned to.
    pub sql_names: HashSet<String>,
    /// Names that the results of sinks are assigned to.
    pub results: HashSet<String>,
    /// Next branch group.
    pub groups: u32,
    /// Path of a file embedded in the variable that follows (Go).
    pub embed: Option<(String, Span)>,
    /// An error node was met.
    pub broken: bool,
    budget: Cell<u64>,
}

impl<'a> Extraction<'a> {
    pub(super) fn new(source: &'a [u8], rules: &'a LanguagePacks, table: &'a KindTable) -> Self {
        Extraction {
            source,
            rules,
            table,
            facts: FileFacts::default(),
            at: At::default(),
            detected: Vec::new(),
            sql_names: HashSet::default(),
            results: HashSet::default(),
            groups: 0,
            embed: None,
            broken: false,
            budget: Cell::new(10_000 + source.len() as u64 * SPEND_PER_BYTE),
        }
    }

    /// Takes one from the budget; false when it is used up.
    pub(super) fn spend(&self) -> bool {
        let left = self.budget.get();
        self.budget.set(left.saturating_sub(1));
        left > 0
    }

    /// Whether the budget was used up.
    pub(super) fn is_spent(&self) -> bool {
        self.budget.get() == 0
    }

    /// Whether the file's imports detect a pack.
    pub(super) fn is_detected(&self, pack: usize) -> bool {
        self.detected.contains(&pack)
    }

    /// Source text of a node.
    pub(super) fn text(&self, node: Node<'a>) -> String {
        let bytes = self.source.get(node.start_byte()..node.end_byte()).unwrap_or(&[]);
        String::from_utf8_lossy(bytes).into_owned()
    }

    /// Named children, in order.
    pub(super) fn named(&self, node: Node<'a>) -> Children<'a> {
        let mut cursor = node.walk();
        let more = cursor.goto_first_child();
        Children { cursor, more }
    }

    /// The first named child that is no comment.
    pub(super) fn first_named(&self, node: Node<'a>) -> Option<Node<'a>> {
        self.named(node).find(|n| !self.is_blank(*n))
    }

    /// Comments and the like.
    pub(super) fn is_blank(&self, node: Node<'a>) -> bool {
        matches!(self.table.role(node), Role::Comment | Role::Skip)
    }

    /// The node behind parentheses, `await` and casts.
    pub(super) fn inner(&self, node: Node<'a>) -> Node<'a> {
        let mut at = node;
        for _ in 0..64 {
            let rule = self.table.rule(at);
            if rule.role != Role::Transparent {
                break;
            }
            let Some(next) = rule.get(at, Slot::Value).or_else(|| self.first_named(at)) else { break };
            at = next;
        }
        at
    }

    /// The nodes of a slot that may hold several: all of the field, with tuples taken apart.
    pub(super) fn several(&self, node: Node<'a>, slot: Slot) -> Vec<Node<'a>> {
        let rule = self.table.rule(node);
        let nodes: Vec<Node<'a>> = match rule.field(slot) {
            Some(field) => {
                let mut cursor = node.walk();
                let mut found = Vec::new();
                let mut more = cursor.goto_first_child();
                while more {
                    if cursor.field_id().is_some_and(|f| f.get() == field) && cursor.node().is_named() {
                        found.push(cursor.node());
                    }
                    more = cursor.goto_next_sibling();
                }
                found
            }
            None => rule.get(node, slot).into_iter().collect(),
        };
        match nodes.as_slice() {
            [one] if self.table.role(*one) == Role::Tuple => self.named(*one).filter(|n| !self.is_blank(*n)).collect(),
            _ => nodes,
        }
    }

    /// The names that a target gives a value: identifiers in patterns, in order.
    pub(super) fn target_names(&self, node: Node<'a>) -> Vec<String> {
        let mut names = Vec::new();
        let mut stack = vec![(node, 0)];
        while let Some((node, depth)) = stack.pop() {
            let rule = self.table.rule(node);
            match rule.role {
                Role::Identifier => names.push(self.text(node)),
                Role::Skip | Role::Comment => {}
                Role::Pair => stack.extend(rule.get(node, Slot::Value).map(|n| (n, depth + 1))),
                Role::Param if rule.has(Slot::Name) => stack.extend(rule.get(node, Slot::Name).map(|n| (n, depth + 1))),
                _ if depth > 8 || names.len() > 64 => {}
                _ => {
                    let mut children: Vec<_> = self.named(node).map(|n| (n, depth + 1)).collect();
                    children.reverse();
                    stack.extend(children);
                }
            }
        }
        names
    }

    /// A type annotation as written, without its colon.
    pub(super) fn type_text(&self, node: Option<Node<'a>>) -> String {
        let text = node.map(|n| self.text(n)).unwrap_or_default();
        let text = text.trim_start_matches(':').trim();
        if text.len() > 120 { String::new() } else { text.to_string() }
    }
}

/// Iterator over named children.
pub(super) struct Children<'a> {
    cursor: tree_sitter::TreeCursor<'a>,
    more: bool,
}

impl<'a> Iterator for Children<'a> {
    type Item = Node<'a>;

    fn next(&mut self) -> Option<Node<'a>> {
        while self.more {
            let node = self.cursor.node();
            self.more = self.cursor.goto_next_sibling();
            if node.is_named() {
                return Some(node);
            }
        }
        None
    }
}
