//! What the calls of a file tell of models: settings, names that functions use, relations made outside of classes.

use super::super::constants::{Given, Scope};
use super::super::item::word;
use super::super::visit::{self, Met};
use super::values::{bare, chosen, struct_of};
use super::{Finder, Member, Rule, may_mention, tag_of};
use crate::grammar::mapper::FieldRole;
use crate::index::program::{ClassRef, FileId};
use crate::model::code::{Entry, Expr, ExprKind, Field, Type, name_number};
use crate::model::span::Span;
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

impl<'p, 'a, 'k> Finder<'p, 'a, 'k> {
    /// Classes that the expressions of a file name.
    pub(super) fn mentions(&mut self, file: FileId) {
        let Some(code) = self.constants.program.file(file).map(|f| f.code) else { return };
        let bases: HashSet<Span> = code.classes.iter().flat_map(|c| &c.bases).map(|b| b.span).collect();
        let mut found = Vec::new();
        visit::each(code, &mut |met| match met {
            Met::Value(expr, _) if matches!(expr.kind, ExprKind::Name(_) | ExprKind::Member(..)) && !bases.contains(&expr.span) => {
                found.extend(self.constants.class(Scope::of(file), expr));
            }
            _ => {}
        });
        self.named.extend(found);
    }

    /// Uses, embeddings and members from outside that a file adds.
    pub(super) fn survey(&mut self, file: FileId) {
        let Some(code) = self.constants.program.file(file).map(|f| f.code) else { return };
        let rules = self.rules(file);
        if rules.is_empty() {
            return;
        }
        for class in &code.classes {
            let by_tag = |f: &Field| {
                let words = |r: &Rule| {
                    r.model.field.iter().filter(|m| m.role == FieldRole::Embedded).flat_map(|m| m.tag_words.clone()).collect::<Vec<_>>()
                };
                rules.iter().any(|r| tag_of(file, f, r.model).is_some_and(|t| words(r).iter().any(|w| t.has(w))))
            };
            for field in class.fields.iter().filter(|f| f.embedded || f.tag.is_some() && by_tag(f)) {
                let at = field.ty.as_ref().and_then(|t| self.constants.class_of_type(Scope::of(file), t));
                self.embedded.extend(at);
            }
        }
        let used: Vec<&str> = rules.iter().flat_map(|r| r.model.by_use.iter().map(String::as_str)).collect();
        if !used.is_empty() {
            let of_used: Vec<u64> = used.iter().map(|u| name_number(u)).collect();
            for (function, mentioned) in code.functions.iter().zip(&code.mentions.functions) {
                if of_used.iter().any(|u| mentioned.names.has(*u)) {
                    self.uses(file, function, &used);
                }
            }
        }
        let mut added = Vec::new();
        let mut calls = Vec::new();
        let setting: HashSet<&str> =
            rules.iter().flat_map(|r| &r.model.naming_by).flat_map(|b| &b.calls).filter_map(|c| c.rsplit('.').next()).collect();
        let program = self.constants.program;
        let adds = code.mentions.assigned.iter().any(|name| program.lookup(file, name).is_some());
        let naming = rules.iter().flat_map(|r| &r.model.naming_by).flat_map(|b| &b.calls);
        if !adds && !may_mention(code, naming) {
            return;
        }
        visit::each(code, &mut |met| {
            if let Met::Value(Expr { kind: ExprKind::Call { function, args, .. }, .. }, _) = &met
                && function.path().and_then(|p| p.last().copied()).is_some_and(|l| setting.contains(program.imported_name(file, l)))
            {
                calls.push((&**function, args.as_slice()));
            }
            if let Met::Value(value, Some(target)) = met
                && let ExprKind::Member(object, name) = &target.kind
                && matches!(object.kind, ExprKind::Name(_))
            {
                added.push((&**object, name, value));
            }
        });
        for (function, args) in calls {
            let callee = self.constants.qualified(Scope::of(file), function);
            let Some(callee) = callee.or_else(|| function.path().map(|p| p.join("."))) else { continue };
            self.settings.push((callee.clone(), String::new(), String::new()));
            for arg in args {
                let key = arg.name.as_ref().map_or("", |n| &*n.text);
                self.setting(Scope::of(file), &callee, key, &arg.value, 0);
            }
        }
        for (object, name, value) in added {
            if let Some(class) = self.constants.class(Scope::of(file), object) {
                let scope = Scope::of(file);
                let member = Member {
                    scope,
                    name: word(scope, name),
                    ty: None,
                    value: Some(value),
                    decorators: &[],
                    tag: None,
                    anonymous: false,
                    span: name.span.to(value.span),
                };
                self.added.entry(class).or_default().push(member);
            }
        }
    }

    /// What an argument of a call that sets conventions holds, at any depth.
    pub(super) fn setting(&mut self, scope: Scope, callee: &str, key: &str, value: &'a Expr, depth: u32) {
        if depth > 6 {
            return;
        }
        let (scope, value) = self.constants.follow(scope, value);
        let held = match &value.kind {
            ExprKind::List(items, _) => {
                items.iter().for_each(|item| self.setting(scope, callee, key, item, depth + 1));
                return;
            }
            ExprKind::Map(entries) | ExprKind::Composite(_, entries) => {
                if let ExprKind::Composite(ty, _) = &value.kind
                    && let Some(name) = ty.name()
                {
                    self.settings.push((callee.to_string(), key.to_string(), name.to_string()));
                }
                for entry in entries {
                    if let Entry::Named(name, inner) = entry {
                        self.setting(scope, callee, &name.text, inner, depth + 1);
                    }
                }
                return;
            }
            ExprKind::Call { function, .. } => function.path().map(|p| p.join(".")),
            ExprKind::Scalar(text) => Some(text.to_string()),
            _ => self
                .constants
                .text(scope, value, &Given::default())
                .map(|t| t.text.to_string())
                .or_else(|| value.path().map(|p| p.join("."))),
        };
        self.settings.extend(held.map(|held| (callee.to_string(), key.to_string(), held)));
    }

    /// Structs that a function gives to methods of the library, by its variables' types.
    pub(super) fn uses(&mut self, file: FileId, function: &'a crate::model::code::Function, used: &[&str]) {
        let constants = self.constants;
        let scope = Scope::of(file);
        let mut variables: HashMap<&'a str, ClassRef> = HashMap::default();
        for param in &function.params {
            if let Some(class) = param.ty.as_ref().and_then(|t| constants.class_of_type(scope, t)) {
                variables.insert(&param.name.text, class);
            }
        }
        fn types<'a>(body: &'a [crate::model::code::Stmt], found: &mut dyn FnMut(&'a str, Option<&'a Type>, Option<&'a Expr>)) {
            use crate::model::code::Stmt;
            for stmt in body {
                match stmt {
                    Stmt::Assign { target, ty, value, .. } => {
                        if let ExprKind::Name(name) = &target.kind {
                            found(name, ty.as_ref(), value.as_ref());
                        }
                    }
                    Stmt::Branch { arms, .. } => arms.iter().for_each(|(_, b)| types(b, found)),
                    Stmt::Loop { body, .. } | Stmt::Block(body) => types(body, found),
                    _ => {}
                }
            }
        }
        types(&function.body, &mut |name, ty, value| {
            let class = ty.and_then(|t| constants.class_of_type(scope, t)).or_else(|| struct_of(constants, scope, value?));
            if let Some(class) = class {
                variables.insert(name, class);
            }
        });
        let mut found = Vec::new();
        visit::each_in_function(function, &mut |met| {
            let Met::Value(Expr { kind: ExprKind::Call { function, args, .. }, .. }, _) = met else { return };
            let ExprKind::Member(object, name) = &function.kind else { return };
            if !used.contains(&&*name.text) || chosen(object) {
                return;
            }
            for arg in args {
                found.extend(struct_of(constants, scope, &arg.value));
                if let Some(path) = bare(&arg.value).path()
                    && let [only] = path.as_slice()
                {
                    found.extend(variables.get(only).copied());
                }
            }
        });
        self.used.extend(found);
    }
}

/// Whether a module is another one or stands below it.
pub(super) fn below(module: &str, of: &str) -> bool {
    module.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '/']))
}
