//! Pieces of SQL that code holds, with what is built into them.

use super::Build;
use super::names::At;
use super::scope::What;
use crate::index::mapping::{Named, Origin};
use crate::index::trace::query::{Fragment, FragmentPart, SourceRef};
use crate::model::span::Span;
use crate::model::statement::{COMPUTED, HOLE, SqlText};
use std::rc::Rc;

impl<'a> Build<'a> {
    /// A piece of SQL as it is.
    pub fn fragment(&mut self, out: &mut SqlText, fragment: &'a Fragment) {
        for part in &fragment.parts {
            match part {
                FragmentPart::Text(text, origin) => self.fragment_text(out, text, *origin, fragment.properties),
                FragmentPart::Identifier(name) => self.path(out, name),
                FragmentPart::Expr(e) => self.expr(out, e),
                FragmentPart::Table(model, origin) => {
                    let place = origin.map_or_else(|| self.table_place(*model), At::Written);
                    let name = self.table_text(*model);
                    let schema = self.schema_of(*model);
                    self.table_name(out, schema.as_ref().map(|(s, at)| (&**s, *at)), &name, place);
                }
                FragmentPart::Parameter => self.parameter(out),
                FragmentPart::Hole(what, at) => self.hole(out, what, *at),
            }
        }
    }

    /// An identifier of a fragment: `schema.table.column` is quoted part by part.
    fn path(&mut self, out: &mut SqlText, name: &Named) {
        let parts: Vec<&str> = name.text.split('.').collect();
        let exact = name.origin.filter(|o| o.span.len() == name.text.len());
        let mut start = 0;
        for (i, part) in parts.iter().enumerate() {
            if i > 0 {
                out.push_synthetic(".");
            }
            let own = exact.map(|o| Origin { span: Span::new(start, start + part.len()).shift(o.span.start), ..o });
            start += part.len() + 1;
            match *part {
                "*" => out.push_synthetic("*"),
                part => self.identifier(out, part, own.or(name.origin).map_or(At::Nowhere, At::Written)),
            }
        }
    }

    fn fragment_text(&mut self, out: &mut SqlText, text: &str, origin: Option<Origin>, properties: bool) {
        let clean: String = text.chars().map(|c| if matches!(c, HOLE | COMPUTED | '\0') { '?' } else { c }).collect();
        if clean.len() != text.len() {
            return self.text_at(out, &clean, origin.map_or(At::Nowhere, At::Written));
        }
        if !properties {
            return self.run(out, text, 0, text.len(), origin);
        }
        let mut done = 0;
        for (start, end) in paths(text) {
            let path = text.get(start..end).unwrap_or("");
            let Some((alias, property)) = path.split_once('.') else { continue };
            let bare = |s: &str| s.trim_matches(['"', '`']).to_string();
            let (table, property_name) = (bare(alias), bare(property));
            let Some(column) = self.property(&table, &property_name) else { continue };
            self.run(out, text, done, start, origin);
            let at = |from: usize, to: usize| place(text, from, to, origin).map_or(At::Nowhere, At::Written);
            let quote = |s: &str| usize::from(s.starts_with(['"', '`']));
            let own = start + quote(alias);
            self.identifier(out, &table, at(own, own + table.len()));
            out.push_synthetic(".");
            let own = start + alias.len() + 1 + quote(property);
            self.identifier(out, &column, at(own, own + property_name.len()));
            done = end;
        }
        // `:...names` spreads a list of values.
        let rest = text.get(done..).unwrap_or("");
        match rest.split_once(":...") {
            Some((before, after)) => {
                self.run(out, text, done, done + before.len() + 1, origin);
                self.run(out, text, text.len() - after.len(), text.len(), origin);
            }
            None => self.run(out, text, done, text.len(), origin),
        }
    }

    /// The column of `alias.property`.
    fn property(&mut self, alias: &str, property: &str) -> Option<Rc<str>> {
        let named = Named { text: alias.into(), origin: None };
        let at = self.find(&SourceRef::Named(named), None)?;
        let Some(What::Model(model, _)) = self.table(at).map(|t| t.what.clone()) else { return None };
        let mut path = vec![model];
        path.extend(super::scope::lineage(self.composer.models, model).into_iter().skip(1));
        path.into_iter().find_map(|m| {
            let model = self.model(m)?;
            let field = model.field(property).or_else(|| model.column(property))?;
            model.fields.get(field as usize).map(|f| f.column.text.clone())
        })
    }

    /// Part of a text, with its place.
    fn run(&mut self, out: &mut SqlText, text: &str, from: usize, to: usize, origin: Option<Origin>) {
        let part = text.get(from..to).unwrap_or("");
        let at = place(text, from, to, origin).map_or(At::Nowhere, At::Written);
        self.text_at(out, part, at);
    }

    /// The schema of a model's table.
    pub fn schema_of(&self, model: crate::index::mapping::ModelId) -> Option<(Rc<str>, At)> {
        let holder = self.model(super::scope::holder(self.composer.models, model))?;
        let own = self.model(model)?.schema.as_ref().or(holder.schema.as_ref())?;
        Some((own.text.clone(), At::written_or(None, own.origin)))
    }
}

/// The place of a part of a text: exact where the text stands as it is in the source, else that of all of it.
fn place(text: &str, from: usize, to: usize, origin: Option<Origin>) -> Option<Origin> {
    let origin = origin?;
    if origin.span.len() != text.len() {
        return Some(origin);
    }
    Some(Origin { span: Span::new(from, to).shift(origin.span.start), ..origin })
}

/// Places of `a.b` and `a.b.c` outside string literals; `a.b.c` as `a` and `b.c`, for fields of embedded classes.
fn paths(text: &str) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'$' || b >= 0x80;
    while at < bytes.len() {
        match bytes[at] {
            b'\'' => {
                at += 1;
                while at < bytes.len() && bytes[at] != b'\'' {
                    at += 1;
                }
                at += 1;
            }
            b'"' | b'`' => at = path_end(bytes, at, &mut out),
            b if is_word(b) && !b.is_ascii_digit() => at = path_end(bytes, at, &mut out),
            b if b.is_ascii_digit() => {
                while at < bytes.len() && (is_word(bytes[at]) || bytes[at] == b'.') {
                    at += 1;
                }
            }
            _ => at += 1,
        }
    }
    out
}

fn path_end(bytes: &[u8], start: usize, out: &mut Vec<(usize, usize)>) -> usize {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'$' || b >= 0x80;
    let part = |mut at: usize| match bytes.get(at) {
        Some(q @ (b'"' | b'`')) => {
            let close = bytes.get(at + 1..).and_then(|rest| rest.iter().position(|b| b == q));
            close.map_or(bytes.len(), |n| at + n + 2)
        }
        _ => {
            while at < bytes.len() && is_word(bytes[at]) {
                at += 1;
            }
            at
        }
    };
    let mut at = part(start);
    let mut dots = 0;
    while bytes.get(at) == Some(&b'.') && bytes.get(at + 1).is_some_and(|b| is_word(*b) || matches!(b, b'"' | b'`')) {
        at = part(at + 1);
        dots += 1;
    }
    if dots > 0 {
        out.push((start, at));
    }
    at.max(start + 1)
}
