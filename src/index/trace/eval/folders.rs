//! Modules of ECMAScript that code loads by their place: the folder of the running file, paths that are put together,
//! what lies in a folder.

use crate::index::mapping::{Named, Origin};
use crate::index::program::FileId;
use crate::index::trace::Tracer;
use crate::index::trace::value::{Argument, MapKey, TextPart, TextValue, Value};

impl<'a> Tracer<'a> {
    /// What Node calls the running file and its folder.
    pub(super) fn place_of_file(&self, file: FileId, name: &str, origin: Origin) -> Option<Value> {
        match name {
            "__dirname" => Some(text(self.program.folder_of(file), origin)),
            "__filename" => Some(text(format!("/{}", self.program.file(file)?.path), origin)),
            _ => None,
        }
    }

    /// Parts of a path put together; `None` where one of them is not known.
    pub(super) fn joined_path(&self, args: &[Argument], site: Origin) -> Option<Value> {
        let mut parts: Vec<String> = Vec::new();
        for arg in args.iter().filter(|a| a.name.is_none()) {
            let part = self.some_text(&arg.value)?;
            if part.starts_with('/') {
                parts.clear();
            }
            for piece in part.split('/') {
                match piece {
                    "" | "." => {}
                    ".." => drop(parts.pop()),
                    piece => parts.push(piece.to_string()),
                }
            }
        }
        Some(text(format!("/{}", parts.join("/")), site))
    }

    /// A text that a value can be.
    fn some_text(&self, value: &Value) -> Option<std::rc::Rc<str>> {
        self.choices(value).iter().find_map(|v| self.text_of(v)).map(|t| t.text)
    }

    /// Names of the files in a folder.
    pub(super) fn listed_folder(&mut self, folder: &Value, site: Origin) -> Option<Value> {
        let folder = self.program.folder(&self.some_text(folder)?)?;
        let names = self.program.names_in(folder).into_iter().map(|n| text(n.to_string(), site)).collect();
        Some(self.new_list(names, false))
    }

    /// The modules of a folder by their names.
    pub(super) fn loaded_folder(&mut self, folder: &Value, site: Origin) -> Option<Value> {
        let folder = self.program.folder(&self.some_text(folder)?)?;
        let mut entries = Vec::new();
        for name in self.program.names_in(folder) {
            let stem = name.split('.').next().unwrap_or(name);
            let Some(found) = self.program.required_at(&format!("/{folder}/{name}")).filter(|_| stem != "index") else { continue };
            let value = match self.defined(&found, site) {
                // it is named where it is used
                Value::Model { model, alias, .. } => Value::Model { model, alias, origin: None },
                other => other,
            };
            entries.push((MapKey::Name(Named { text: stem.into(), origin: Some(site) }), value));
        }
        Some(self.new_map(entries, true))
    }
}

fn text(text: String, origin: Origin) -> Value {
    Value::Text(TextValue { parts: [TextPart::Text(text.into(), origin)].into() })
}
