//! Writing names, parameters and holes into the text.

use super::Build;
use crate::index::mapping::{Model, ModelField, Named, Origin};
use crate::index::program::FileId;
use crate::model::dialect::Engine;
use crate::model::statement::{COMPUTED, HOLE, SqlText};
use crate::sql::parse::is_reserved;
use std::rc::Rc;

/// Where a name stands.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// The code names it there.
    Written(Origin),
    /// The library takes it from the definition there.
    Implied(Origin),
    /// The library makes it.
    Nowhere,
}

impl At {
    /// Written where there is a place, else taken from the definition.
    pub fn written_or(written: Option<Origin>, definition: Option<Origin>) -> At {
        match (written, definition) {
            (Some(at), _) => At::Written(at),
            (None, Some(at)) => At::Implied(at),
            (None, None) => At::Nowhere,
        }
    }

    /// The same place, but not as something that the code names.
    pub fn implied(self) -> At {
        match self {
            At::Written(at) | At::Implied(at) => At::Implied(at),
            At::Nowhere => At::Nowhere,
        }
    }
}

/// The place that a field's column name is taken from.
pub(super) fn definition_of(field: &ModelField) -> Origin {
    field.column.origin.unwrap_or(field.origin)
}

/// The place that a model's table name is taken from.
pub(super) fn table_of(model: &Model) -> Origin {
    model.table.origin.or(model.name.origin).unwrap_or(model.origin)
}

impl Build<'_> {
    /// The number of a file among those of the text.
    pub fn file(&mut self, file: FileId) -> Option<u16> {
        if file == Origin::OUTSIDE {
            return None;
        }
        if let Some(at) = self.files.iter().position(|f| *f == file) {
            return Some(at as u16);
        }
        let number = u16::try_from(self.files.len()).ok()?;
        self.files.push(file);
        Some(number)
    }

    /// Text that stands at a place.
    pub fn text_at(&mut self, out: &mut SqlText, text: &str, at: At) {
        let (origin, implied) = match at {
            At::Written(origin) => (origin, false),
            At::Implied(origin) => (origin, true),
            At::Nowhere => return out.push_synthetic(text),
        };
        match self.file(origin.file) {
            Some(file) if implied => out.push_implied(text, file, origin.span),
            Some(file) => out.push(text, file, origin.span),
            None => out.push_synthetic(text),
        }
    }

    /// An identifier, quoted where it would not read back as itself.
    pub fn identifier(&mut self, out: &mut SqlText, name: &str, at: At) {
        let engine = self.composer.dialect.engine;
        let name: String = name.chars().map(|c| if matches!(c, HOLE | COMPUTED | '\0') { '?' } else { c }).collect();
        let plain = |c: char| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit();
        let bare = name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit()) && !name.is_empty();
        if bare && !is_reserved(&name, engine) {
            return self.text_at(out, &name, at);
        }
        let quote = if engine.is_mysql_family() { "`" } else { "\"" };
        out.push_synthetic(quote);
        if name.is_empty() {
            out.push_synthetic("?");
        }
        self.text_at(out, &name.replace(quote, &quote.repeat(2)), at);
        out.push_synthetic(quote);
    }

    /// A name that code or a definition gives.
    pub fn named(&mut self, out: &mut SqlText, name: &Named) {
        let at = name.origin.map_or(At::Nowhere, At::Written);
        self.identifier(out, &name.text, at);
    }

    /// A table with its schema. MySQL's schemas are databases, SQLite's are files that are attached.
    pub fn table_name(&mut self, out: &mut SqlText, schema: Option<(&str, At)>, name: &str, at: At) {
        if let Some((schema, at)) = schema.filter(|s| !s.0.is_empty()) {
            self.identifier(out, schema, at);
            out.push_synthetic(".");
        }
        self.identifier(out, name, at);
    }

    /// A value that is sent beside the text.
    pub fn parameter(&mut self, out: &mut SqlText) {
        self.parameters += 1;
        match self.composer.dialect.engine {
            Engine::Postgres => out.push_synthetic(&format!("${}", self.parameters)),
            _ => out.push_synthetic("?"),
        }
    }

    /// An unknown part.
    pub fn hole(&mut self, out: &mut SqlText, what: &str, at: Origin) {
        // A hole that touches a word would become part of it.
        if out.text.ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            out.push_synthetic(" ");
        }
        match self.file(at.file) {
            Some(file) => out.push_hole(what, file, at.span, Vec::new()),
            None => out.push_synthetic(&format!("{COMPUTED}()")),
        }
    }

    /// A string literal of text that code holds.
    pub fn literal(&mut self, out: &mut SqlText, text: &Rc<str>) {
        let safe = !text.contains(['\\', '\0', HOLE, COMPUTED]);
        match safe {
            true => out.push_synthetic(&format!("'{}'", text.replace('\'', "''"))),
            false => self.parameter(out),
        }
    }
}
