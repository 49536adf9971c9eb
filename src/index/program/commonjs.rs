//! Modules of ECMAScript in their older form: `require("m")`, `module.exports = value`, `exports.name = value`.

use super::lookup::{Definition, MAX_HOPS};
use super::{ClassRef, FileId, FunctionRef, Program};
use crate::model::code::{Entry, Expr, ExprKind, Stmt};
use crate::model::facts::Language;
use rustc_hash::FxHashMap as HashMap;

/// What a file gives to others that way.
#[derive(Clone, Debug, Default)]
pub(super) struct Given<'a> {
    /// The value of `module.exports`.
    whole: Option<&'a Expr>,
    /// `exports.name = value`.
    names: HashMap<&'a str, &'a Expr>,
}

/// Whether an expression is `require("m")` or `require("m").name`, which imports take in.
pub(super) fn is_import(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Member(of, _) => required(of).is_some(),
        _ => required(expr).is_some(),
    }
}

/// The module that `require("m")` asks for.
pub(in crate::index) fn required(expr: &Expr) -> Option<String> {
    let ExprKind::Call { function, args, .. } = &expr.kind else { return None };
    match (&function.kind, args.as_slice()) {
        (ExprKind::Name(name), [module]) if &**name == "require" => module.value.literal(),
        _ => None,
    }
}

impl<'a> Given<'a> {
    /// Takes an assignment, if it is to what the module exports.
    pub(super) fn take(&mut self, stmt: &'a Stmt) {
        let Stmt::Assign { target, value: Some(value), .. } = stmt else { return };
        match &target.kind {
            // lowering writes `module.exports` so, and `export default` as its entry
            ExprKind::Name(name) if &**name == "exports" => self.whole = Some(value),
            ExprKind::Member(of, word) if of.path().as_deref() == Some(&["exports"]) => drop(self.names.insert(&word.text, value)),
            _ => {}
        }
    }
}

impl<'a> Program<'a> {
    /// What `require(module)` gives in a file; `None` outside ECMAScript.
    pub fn required(&self, file: FileId, module: &str) -> Option<Definition<'a>> {
        if !matches!(self.files.get(file as usize)?.language, Language::TypeScript | Language::JavaScript) {
            return None;
        }
        let files = self.located(file, module);
        if files.is_empty() {
            return Some(Definition::External(module.to_string()));
        }
        Some(self.whole_value(&files, 0).unwrap_or(Definition::Module(files)))
    }

    /// The value that a module is, where it exports one that is no object of names.
    pub(super) fn whole_value(&self, files: &[FileId], hops: usize) -> Option<Definition<'a>> {
        files.iter().find_map(|&file| {
            let whole = self.tables.get(file as usize)?.given.whole?;
            match whole.kind {
                ExprKind::Map(_) => None,
                _ => self.meant(file, whole, hops + 1),
            }
        })
    }

    /// The object that a module exports as a whole, as it is written.
    pub fn exported_map(&self, file: FileId) -> Option<&'a Expr> {
        self.tables.get(file as usize)?.given.whole.filter(|whole| matches!(whole.kind, ExprKind::Map(_)))
    }

    /// An entry of the value that a module is, where names alone do not tell it.
    pub(super) fn entry_of_whole(&self, files: &[FileId], name: &str) -> Option<Definition<'a>> {
        files.iter().find_map(|&file| {
            let of = self.tables.get(file as usize)?.given.whole?;
            Some(Definition::Entry { file, of, name: name.to_string() })
        })
    }

    /// What a module exports under a name by assignments.
    pub(super) fn assigned_export(&self, file: FileId, name: &str, hops: usize) -> Option<Definition<'a>> {
        let given = &self.tables.get(file as usize)?.given;
        if let Some(value) = given.names.get(name) {
            return self.meant(file, value, hops + 1);
        }
        let whole = given.whole?;
        if name == "default" {
            return self.meant(file, whole, hops + 1);
        }
        let ExprKind::Map(entries) = &whole.kind else { return None };
        let own = entries.iter().rev().find_map(|entry| match entry {
            Entry::Named(key, value) if &*key.text == name => self.meant(file, value, hops + 1),
            Entry::Method(function) => {
                let function = FunctionRef { file, function: *function };
                (&*self.function(function)?.name.text == name).then_some(Definition::Function(function))
            }
            _ => None,
        });
        own.or_else(|| {
            entries.iter().find_map(|entry| match entry {
                Entry::Spread(value) => self.member(&self.meant(file, value, hops + 1)?, name),
                _ => None,
            })
        })
    }

    /// What an expression of a module means as far as names say it; else a variable of that value.
    fn meant(&self, file: FileId, expr: &'a Expr, hops: usize) -> Option<Definition<'a>> {
        if hops > MAX_HOPS {
            return None;
        }
        let named = match &expr.kind {
            ExprKind::Name(name) => self.named(file, name, hops + 1),
            ExprKind::Lambda(function) => Some(Definition::Function(FunctionRef { file, function: *function })),
            ExprKind::Class(class) => Some(Definition::Class(ClassRef { file, class: *class })),
            ExprKind::Member(of, name) => match self.meant(file, of, hops + 1)? {
                Definition::Variable { .. } | Definition::Entry { .. } => None,
                of => self.member(&of, &name.text),
            },
            _ => required(expr).and_then(|module| self.required(file, &module)),
        };
        named.or_else(|| Some(Definition::Variable { file, values: vec![expr], ty: None }))
    }
}
