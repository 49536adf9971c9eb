//! SQL files that code loads by name.

use super::Resolver;
use super::evaluate::Val;
use super::modules::{join, normal, split};
use super::names::Env;
use super::text::{FileId, Part, Text};
use crate::model::facts::Value;
use crate::model::span::Span;
use crate::model::statement::HOLE;
use std::rc::Rc;

/// Largest SQL file that is taken as one text, in bytes.
const MAX_FILE: usize = 1 << 20;

impl<'a> Resolver<'a> {
    /// The content of a file named by a value.
    pub fn file(&mut self, path: &'a Value, span: Span, env: &Env<'a>) -> Val<'a> {
        let plain = self.text_of(path, env).plain();
        let what = || Val::Text(Text::hole(format!("file {}", plain.replace(HOLE, "…")), env.file, span));
        // of `{BASE_DIR}/sql/users.sql` the part behind the last hole is known
        let known = plain.rsplit(HOLE).next().unwrap_or("").trim_start_matches('/');
        if known.is_empty() || !known.contains('.') {
            return what();
        }
        match self.load(env.file, known) {
            Some((file, content)) => {
                let source = Span::new(0, content.len());
                Val::Text(Text { parts: vec![Part::Run { text: content.to_string().into(), file, source }] })
            }
            None => what(),
        }
    }

    /// Reads a file by the path written in `from`: relative to its folder, then to the folders above it, then
    /// any SQL file of the service that ends like it.
    fn load(&mut self, from: FileId, written: &str) -> Option<(FileId, Rc<str>)> {
        let source = self.symbols.files.get(from as usize)?.path;
        let mut folder = Some(split(source).0);
        while let Some(at) = folder {
            if let Some(found) = self.content(&normal(&join(at, written))) {
                return Some(found);
            }
            folder = (!at.is_empty()).then(|| split(at).0);
        }
        let tail = normal(written);
        let mut same = self.input.sql_files.iter().filter(|f| f.path == tail || f.path.ends_with(&format!("/{tail}")));
        match (same.next(), same.next()) {
            (Some(only), None) => self.content(only.path),
            _ => None,
        }
    }

    /// A file's content and number.
    pub fn content(&mut self, path: &str) -> Option<(FileId, Rc<str>)> {
        if let Some(known) = self.contents.get(path) {
            return known.clone();
        }
        let text = (self.input.read)(path).filter(|b| b.len() <= MAX_FILE).and_then(|b| String::from_utf8(b).ok());
        let found = text.map(|text| {
            let id = (self.symbols.files.len() + self.loaded.len()) as FileId;
            self.loaded.push(path.to_string());
            (id, Rc::from(text.as_str()))
        });
        self.contents.insert(path.to_string(), found.clone());
        found
    }

    /// Path of a file, loaded ones included.
    pub fn path_of(&self, file: FileId) -> &str {
        let files = self.symbols.files;
        match files.get(file as usize) {
            Some(f) => f.path,
            None => self.loaded.get(file as usize - files.len()).map_or("", String::as_str),
        }
    }
}
