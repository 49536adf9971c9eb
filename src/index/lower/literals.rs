//! Text of literals and templates.

use super::{Lowering, span};
use crate::grammar::role::{Role, Slot};
use crate::index::extract::text::{Literal, decode, literal};
use crate::model::code::Part;
use crate::model::facts::TextRun;
use crate::model::span::Span;
use tree_sitter::Node;

impl<'a> Lowering<'a> {
    /// Text and interpolated values of a literal, in order.
    pub(super) fn parts(&mut self, node: Node<'a>) -> Vec<Part> {
        let escapes = self.rules.escapes;
        let how = literal(self.source, node.start_byte(), node.end_byte(), escapes);
        let mut parts = Vec::new();
        let mut at = how.start;
        for hole in self.of_role(node, Role::Interpolation) {
            self.runs(at, hole.start_byte(), how, &mut parts);
            if let Some(value) = self.part(hole, Slot::Value) {
                let value = self.expression(value);
                parts.push(Part::Value(value));
            }
            at = hole.end_byte();
        }
        self.runs(at, how.end, how, &mut parts);
        parts
    }

    fn runs(&self, from: usize, to: usize, how: Literal, parts: &mut Vec<Part>) {
        if from >= to {
            return;
        }
        let mut runs: Vec<TextRun> = Vec::new();
        decode(self.source, from, to, how, self.rules.escapes, &mut runs);
        parts.extend(runs.into_iter().map(|run| Part::Text(run.text.into(), run.source)));
    }

    /// The text of a literal with its place (between the quotes); values are left out.
    pub(super) fn plain_literal(&self, node: Node<'a>) -> (String, Span) {
        let how = literal(self.source, node.start_byte(), node.end_byte(), self.rules.escapes);
        let mut runs = Vec::new();
        decode(self.source, how.start, how.end, how, self.rules.escapes, &mut runs);
        let place = if how.start <= how.end { Span::new(how.start, how.end) } else { span(node) };
        (runs.into_iter().map(|r| r.text).collect(), place)
    }
}
