//! Globals of ECMAScript that the program makes itself: `global.app = app`, and what other files hang on them
//! (`app.models = ...` where no `app` is in sight).

use crate::index::mapping::visit::{Met, each};
use crate::index::mapping::{Named, Origin};
use crate::index::program::{FileId, FunctionRef, Program};
use crate::index::trace::Tracer;
use crate::index::trace::value::{MapKey, Object, Value};
use crate::model::code::{Expr, ExprKind, Word, name_number};
use crate::model::facts::Language;
use rustc_hash::FxHashMap as HashMap;
use std::rc::Rc;

/// What code assigns to a global: its values, and those of its members.
#[derive(Default)]
struct Made<'a> {
    values: Vec<(FileId, &'a Expr)>,
    members: Vec<(FileId, &'a Word, &'a Expr)>,
}

/// Globals that code makes, by name.
#[derive(Default)]
pub(super) struct Assignments<'a>(HashMap<&'a str, Made<'a>>);

impl<'a> Assignments<'a> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn of(program: &Program<'a>, holders: &[String]) -> Self {
        let mut found = Assignments::default();
        let numbers: Vec<u64> = holders.iter().map(|h| name_number(h)).collect();
        let scripts = || {
            let files = program.files.iter().enumerate();
            files.filter(|(_, f)| matches!(f.language, Language::TypeScript | Language::JavaScript))
        };
        for (id, file) in scripts().filter(|(_, f)| numbers.iter().any(|h| f.code.mentions.all.has(*h))) {
            each(file.code, &mut |met| {
                if let Met::Value(value, Some(target)) = met
                    && let ExprKind::Member(object, name) = &target.kind
                    && let ExprKind::Name(holder) = &object.kind
                    && holders.iter().any(|h| **h == **holder)
                {
                    found.0.entry(&name.text).or_default().values.push((id as FileId, value));
                }
            });
        }
        if found.0.is_empty() {
            return found;
        }
        for (id, file) in scripts() {
            let id = id as FileId;
            // a name that the file defines is another thing, but for the one that became the global
            let own = |name: &str, made: &Made| program.lookup(id, name).is_none() || made.values.iter().any(|(of, _)| *of == id);
            if !file.code.mentions.assigned.iter().any(|name| found.0.get(&**name).is_some_and(|made| own(name, made))) {
                continue;
            }
            each(file.code, &mut |met| {
                if let Met::Value(value, Some(target)) = met
                    && let ExprKind::Member(object, member) = &target.kind
                    && let ExprKind::Name(name) = &object.kind
                    && let Some(made) = found.0.get_mut(&**name)
                    && own(name, made)
                {
                    made.members.push((id, member, value));
                }
            });
        }
        found
    }
}

impl<'a> Tracer<'a> {
    /// What a name that no file in sight defines stands for, where the program makes it a global.
    pub(super) fn global_value(&mut self, file: FileId, name: &str, origin: Origin) -> Option<Value> {
        if !matches!(self.file_language(file), Language::TypeScript | Language::JavaScript) {
            return None;
        }
        if name.starts_with("__") {
            return self.place_of_file(file, name, origin);
        }
        if self.state.assigned.as_ref().is_some_and(|a| a.is_empty()) {
            return None;
        }
        if let Some(known) = self.state.globals.get(name) {
            return Some(known.clone());
        }
        let assigned = match &self.state.assigned {
            Some(known) => known.clone(),
            None => {
                let holders = self.packs.language(self.file_language(file)).map_or(&[][..], |l| &l.text.rules.globals);
                let found = Rc::new(Assignments::of(self.program, holders));
                self.state.assigned = Some(found.clone());
                found
            }
        };
        let made = assigned.0.get(name)?;
        let name: Rc<str> = name.into();
        // who asks for it while it is being made gets what there is
        self.state.globals.insert(name.clone(), Value::Unknown);
        let values: Vec<Value> = made.values.iter().map(|(file, value)| self.of_module(*file, value)).collect();
        let value = match self.one_of_all(values) {
            Value::Unknown | Value::Null if !made.members.is_empty() => self.new_map(Vec::new(), true),
            known => known,
        };
        self.state.globals.insert(name.clone(), value.clone());
        let maps: Vec<u32> = self.choices(&value).iter().filter_map(|v| self.map_of(v)).collect();
        for (file, member, expr) in &made.members {
            let value = self.of_module(*file, expr);
            if matches!(value, Value::Unknown | Value::Null) {
                continue;
            }
            let key = Named { text: (&*member.text).into(), origin: Some(Origin { file: *file, span: member.span }) };
            for map in &maps {
                self.put_entry(*map, MapKey::Name(key.clone()), value.clone());
            }
        }
        Some(value)
    }

    /// The object that a module exports, for a function of it that knows it as `this`.
    pub(super) fn exported_object(&mut self, function: FunctionRef) -> Option<Value> {
        let file = self.program.file(function.file)?;
        let mentioned = file.code.mentions.functions.get(function.function as usize)?;
        if !mentioned.names.has(name_number("this")) {
            return None;
        }
        if let Some(known) = self.state.exports.get(&function.file) {
            return Some(known.clone());
        }
        let whole = self.program.exported_map(function.file)?;
        self.state.exports.insert(function.file, Value::Unknown);
        let value = self.of_module(function.file, whole);
        self.state.exports.insert(function.file, value.clone());
        Some(value)
    }

    /// What methods have put under a name of the object that a module exports, where the object itself leaves it empty.
    pub(super) fn put_in_exports(&mut self, files: &[FileId], name: &str) -> Option<Value> {
        let known = files.iter().find_map(|f| self.state.exports.get(f)).cloned()?;
        self.map_entry(&known, name).filter(|v| !matches!(v, Value::Unknown | Value::Null))
    }

    fn map_of(&self, value: &Value) -> Option<u32> {
        match value {
            Value::Object(id) if matches!(self.object(*id), Some(Object::Map { .. })) => Some(*id),
            _ => None,
        }
    }

    /// The value of an expression of a file, as far as the names of its module tell it.
    fn of_module(&mut self, file: FileId, expr: &'a Expr) -> Value {
        let frame = self.module_frame(file);
        let stack = std::mem::take(&mut self.state.stack);
        let (nesting, branches) = (std::mem::take(&mut self.state.nesting), std::mem::take(&mut self.state.branches));
        let value = self.with_budget(Origin { file, span: expr.span }, |t| t.inside(frame, |t| t.eval(expr)));
        self.state.stack = stack;
        (self.state.nesting, self.state.branches) = (nesting, branches);
        value
    }
}
