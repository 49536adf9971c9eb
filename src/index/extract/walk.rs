//! The walk over the syntax tree: which scope and branch every node stands in.
//!
//! One cursor, no recursion: the frames of the nodes above the current one lie on a stack, so that nesting of
//! any depth is walked.

use super::file::{At, Extraction};
use crate::grammar::role::{Role, Slot};
use crate::grammar::table::Rule;
use crate::model::facts::Branch;
use tree_sitter::{Node, Tree};

/// A node above the current one.
pub(super) struct Frame<'a> {
    pub node: Node<'a>,
    pub rule: &'a Rule,
    /// Where its children stand, unless they open something themselves.
    pub inside: At,
    /// Branch group of an `if`, `switch` or `try`.
    group: u32,
    /// Next arm of the group.
    arm: u16,
    exhaustive: bool,
    /// Declarations below are exported.
    pub exported: bool,
    /// Declarations below are constants.
    pub constant: bool,
    /// Text below was already taken as a loose string.
    pub taken: bool,
}

impl<'a> Extraction<'a> {
    /// Walks the whole tree.
    pub(super) fn walk(&mut self, tree: &'a Tree) {
        let mut cursor = tree.walk();
        let mut frames: Vec<Frame<'a>> = Vec::with_capacity(64);
        let root = self.frame(cursor.node(), None, &mut frames);
        frames.push(root);
        if !cursor.goto_first_child() {
            return;
        }
        loop {
            let node = cursor.node();
            let mut descend = false;
            if node.is_named() {
                let field = cursor.field_id();
                let mut frame = self.frame(node, field, &mut frames);
                descend = self.enter(&mut frame, &mut frames);
                frames.push(frame);
            }
            if descend && cursor.goto_first_child() {
                continue;
            }
            if node.is_named() {
                frames.pop();
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() || frames.len() <= 1 {
                    return;
                }
                frames.pop();
            }
        }
    }

    /// Where a node stands, and what it opens.
    fn frame(&mut self, node: Node<'a>, field: Option<std::num::NonZeroU16>, frames: &mut [Frame<'a>]) -> Frame<'a> {
        let rule = self.table.rule(node);
        let mut inside = At::default();
        let (mut exported, mut constant, mut taken) = (false, false, false);
        let mut arm = None;
        if let Some(parent) = frames.last_mut() {
            inside = parent.inside;
            let passes = matches!(parent.rule.role, Role::Plain | Role::Export | Role::Constant | Role::Decorated);
            exported = passes && parent.exported;
            constant = passes && parent.constant;
            taken = parent.taken && parent.rule.role != Role::Block;
            match parent.rule.role {
                Role::If if parent.rule.is_field(field, Slot::Then) || parent.rule.is_field(field, Slot::Else) => {
                    arm = Some(parent.next_arm())
                }
                Role::Try if rule.role == Role::Handler => arm = Some(parent.next_arm()),
                Role::Loop if parent.rule.is_field(field, Slot::Body) => {
                    self.groups += 1;
                    arm = Some(Branch { parent: inside.branch, group: self.groups, arm: 0, exhaustive: false, is_loop: true });
                }
                _ => {}
            }
        }
        if matches!(rule.role, Role::Case | Role::Default) {
            // Arms stand in the switch, or in a block of it.
            let above = frames.iter_mut().rev().take(2).find(|f| f.rule.role == Role::Switch);
            arm = above.map(|s| s.next_arm());
        }
        if let Some(branch) = arm {
            self.facts.branches.push(branch);
            inside.branch = self.facts.branches.len() as u32;
        }
        let (mut group, mut exhaustive) = (0, false);
        if matches!(rule.role, Role::If | Role::Switch | Role::Try) {
            self.groups += 1;
            group = self.groups;
            exhaustive = match rule.role {
                // An arm that begins with `if` again (`elif`) does not make the rest exhaustive.
                Role::If => self.several(node, Slot::Else).last().is_some_and(|e| !self.is_conditional_arm(*e)),
                Role::Switch => self.has_default(node),
                _ => false,
            };
        }
        if rule.role == Role::Export {
            exported = true;
        }
        if rule.role == Role::Constant {
            constant = !rule.has(Slot::Operator) || self.operator(node) == "const";
        }
        Frame { node, rule, inside, group, arm: 0, exhaustive, exported, constant, taken }
    }

    /// `elif` of a language whose `if` lists all its arms.
    fn is_conditional_arm(&self, node: Node<'a>) -> bool {
        let rule = self.table.rule(node);
        rule.role == Role::Else && !rule.has(Slot::Body)
    }

    fn has_default(&self, switch: Node<'a>) -> bool {
        let is = |n: &Node<'a>| self.table.role(*n) == Role::Default;
        self.named(switch).any(|n| is(&n) || (self.table.role(n) == Role::Block && self.named(n).any(|m| is(&m))))
    }
}

impl Frame<'_> {
    fn next_arm(&mut self) -> Branch {
        let branch = Branch { parent: self.inside.branch, group: self.group, arm: self.arm, exhaustive: self.exhaustive, is_loop: false };
        self.arm = self.arm.saturating_add(1);
        branch
    }
}
