//! Types written as text: Python annotations in quotes.

use crate::model::code::{Type, Word};
use crate::model::span::Span;

/// Nesting beyond which a type in quotes is not read.
const MAX_DEPTH: u32 = 20;

/// Reads `text`, which stands at `start` of the file byte by byte, as a type: names, dots, arguments in
/// brackets, `|`. `None` where it is none.
pub(super) fn read(text: &str, start: u32) -> Option<Type> {
    let mut reader = Reader { text, at: 0, start };
    let ty = reader.union(0)?;
    reader.blank();
    (reader.at == text.len()).then_some(ty)
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    start: u32,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn blank(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn eat(&mut self, c: char) -> bool {
        self.blank();
        let found = self.rest().starts_with(c);
        self.at += if found { c.len_utf8() } else { 0 };
        found
    }

    fn union(&mut self, depth: u32) -> Option<Type> {
        let mut all = vec![self.single(depth)?];
        while self.eat('|') {
            all.push(self.single(depth)?);
        }
        Some(if all.len() == 1 { all.remove(0) } else { Type::Union(all) })
    }

    fn single(&mut self, depth: u32) -> Option<Type> {
        if depth > MAX_DEPTH {
            return None;
        }
        if self.eat('[') {
            self.list(depth)?;
            return Some(Type::Other);
        }
        self.blank();
        if let Some(quote) = self.rest().chars().next().filter(|c| matches!(c, '"' | '\'')) {
            self.at += 1;
            let len = self.rest().find(quote)?;
            let span = Span::new(self.start as usize + self.at, self.start as usize + self.at + len);
            let text = self.rest().get(..len)?.into();
            self.at += len + 1;
            return Some(Type::Literal(Word { text, span }));
        }
        let mut path = vec![self.word()?];
        while self.eat('.') {
            path.push(self.word()?);
        }
        let args = if self.eat('[') { self.list(depth)? } else { Vec::new() };
        Some(super::types::named(path, args))
    }

    /// Types up to the closing bracket.
    fn list(&mut self, depth: u32) -> Option<Vec<Type>> {
        let mut all = Vec::new();
        loop {
            if self.eat(']') {
                return Some(all);
            }
            all.push(self.union(depth + 1)?);
            self.eat(',');
        }
    }

    fn word(&mut self) -> Option<Word> {
        self.blank();
        let rest = self.rest();
        let len = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let text = rest.get(..len).filter(|t| !t.is_empty())?.into();
        let from = self.start as usize + self.at;
        self.at += len;
        Some(Word { text, span: Span::new(from, from + len) })
    }
}
