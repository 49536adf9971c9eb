//! Where the raw statements of a service stand.

use crate::model::span::Span;
use crate::model::statement::{Statement, StatementKind};
use std::collections::HashMap;

/// Statements, raw ones or others, by the places that they stand at and are sent from.
#[derive(Debug, Default)]
pub struct RawPlaces {
    by_file: HashMap<String, Vec<(Span, usize)>>,
}

impl RawPlaces {
    /// The raw ones among these statements, by their index.
    pub fn of(statements: &[Statement]) -> Self {
        Self::of_kinds(statements, &[StatementKind::RawSql, StatementKind::SqlFile])
    }

    /// Statements of these kinds, by their index.
    pub fn of_kinds(statements: &[Statement], kinds: &[StatementKind]) -> Self {
        let mut out = RawPlaces::default();
        for (i, s) in statements.iter().enumerate().filter(|(_, s)| kinds.contains(&s.kind)) {
            let own = s.files.first().map(|f| (f.clone(), s.span));
            own.into_iter().chain(s.site.clone()).for_each(|(file, span)| out.by_file.entry(file).or_default().push((span, i)));
        }
        out
    }

    /// Statements that have a place in common with a span.
    pub fn near(&self, file: &str, span: Span) -> impl Iterator<Item = usize> + '_ {
        let near = move |other: &Span| span.start < other.end && other.start < span.end;
        self.by_file.get(file).into_iter().flatten().filter(move |(other, _)| near(other)).map(|(_, i)| *i)
    }
}
