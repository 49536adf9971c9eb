//! Models that are values: calls of `pgTable`, `define`, `Table`, and what their arguments list.

use super::super::constants::{Constants, Given, Scope, made};
use super::super::item::{CallView, Hit, Item, Vars, matches_any, word};
use super::super::visit::{self, Met};
use super::super::{Named, Origin};
use super::{Draft, Finder, Member, Rule, may_mention};
use crate::index::program::{ClassRef, FileId};
use crate::model::code::{Arg, Entry, Expr, ExprKind, Type};
use crate::model::span::Span;
use std::rc::Rc;

impl<'p, 'a, 'k> Finder<'p, 'a, 'k> {
    /// Models that are made by calls, and those that a type lists.
    pub(super) fn values(&mut self, file: FileId) {
        let Some(code) = self.constants.program.file(file).map(|f| f.code) else { return };
        let rules = self.rules(file);
        let words = rules.iter().flat_map(|r| {
            let relates = r.model.relation.iter().filter(|m| m.on_model).flat_map(|m| &m.calls);
            r.model.calls.iter().chain(&r.model.init_calls).chain(&r.model.relation_calls).chain(&r.model.tables_of).chain(relates)
        });
        if !may_mention(code, words) {
            return;
        }
        let mut calls: Vec<(Rule<'k>, &'a Expr, Option<&'a Expr>)> = Vec::new();
        let mut lists: Vec<(Rule<'k>, &'a Type)> = Vec::new();
        let mut outside = Vec::new();
        let last = |p: &String, name: &str| p.rsplit('.').next().is_some_and(|l| l == name);
        // by its name where it comes from, whatever the file calls it
        let program = self.constants.program;
        let imported = |name: &'a str| program.imported_name(file, name);
        visit::each(code, &mut |met| match met {
            Met::Value(expr, name) => {
                let ExprKind::Call { function, .. } = &expr.kind else { return };
                let word = match &function.kind {
                    ExprKind::Member(_, word) => &*word.text,
                    ExprKind::Name(word) => imported(word),
                    _ => return,
                };
                let fits = |r: &&Rule<'k>| r.model.calls.iter().chain(&r.model.init_calls).any(|p| last(p, word));
                calls.extend(rules.iter().filter(fits).map(|r| (*r, expr, name)));
                let relates = |r: &&Rule<'k>| {
                    r.model.relation_calls.iter().any(|p| last(p, word))
                        || r.model.relation.iter().any(|m| m.on_model && m.calls.iter().any(|c| c == word))
                };
                outside.extend(rules.iter().filter(relates).map(|r| (*r, file, expr)));
            }
            Met::Type(ty) => {
                let Some(word) = ty.name().map(imported) else { return };
                let fits = |r: &&Rule<'k>| r.model.tables_of.iter().any(|p| last(p, word));
                lists.extend(rules.iter().filter(fits).map(|r| (*r, ty)));
            }
        });
        self.outside.extend(outside);
        for (rule, expr, name) in calls {
            self.value_model(file, rule, expr, name);
        }
        for (rule, ty) in lists {
            self.listed(file, rule, ty);
        }
    }

    pub(super) fn value_model(&mut self, file: FileId, rule: Rule<'k>, expr: &'a Expr, target: Option<&'a Expr>) {
        let ExprKind::Call { function, args, .. } = &expr.kind else { return };
        let scope = Scope::of(file);
        let receiver = match &function.kind {
            ExprKind::Member(object, _) => Some(&**object),
            _ => None,
        };
        let mut class = None;
        let callee = match self.constants.qualified(scope, function) {
            Some(name) if matches_any(&rule.model.calls, &name) => name,
            _ => {
                // `User.init({...})`
                let ExprKind::Member(object, word) = &function.kind else { return };
                if !rule.model.init_calls.iter().any(|c| **c == *word.text) {
                    return;
                }
                class = self.constants.class(scope, object).or_else(|| self.around(file, expr.span));
                if class.and_then(|c| self.rule_of(c, 0)).is_none() {
                    return;
                }
                word.text.to_string()
            }
        };
        let call = CallView { scope, callee, args, receiver, chain: Vec::new(), given: Vec::new() };
        let Some(members) = self.value_members(&call, rule) else { return };
        let name = match (class.and_then(|c| self.constants.program.class(c)), target.map(|t| &t.kind)) {
            (Some(def), _) => crate::index::mapping::item::word(Scope::of(class.map_or(file, |c| c.file)), &def.name),
            (None, Some(ExprKind::Name(name))) => Named { text: (&**name).into(), origin: target.map(|t| Origin { file, span: t.span }) },
            (None, Some(ExprKind::Member(_, name))) => word(scope, name),
            _ => match args.first().and_then(|a| self.constants.text(scope, &a.value, &Given::default())) {
                Some(name) => name,
                None => return,
            },
        };
        let origin = Origin { file, span: target.map_or(expr.span, |t| t.span.to(expr.span)) };
        let item = Item { scope, class, name, ..plain_item(call) };
        self.drafts.retain(|d| class.is_none() || d.class != class);
        self.drafts.push(Draft {
            rule,
            item,
            class,
            values: vec![Origin { file, span: expr.span }],
            origin,
            members,
            is_abstract: false,
            shares: None,
            parent: None,
            known: Vec::new(),
            table: None,
            called: None,
        });
    }

    /// The innermost class around a place.
    pub(super) fn around(&self, file: FileId, span: Span) -> Option<ClassRef> {
        let code = self.constants.program.file(file)?.code;
        let inside = |c: &(usize, &crate::model::code::Class)| c.1.span.start <= span.start && span.end <= c.1.span.end;
        let (class, _) = code.classes.iter().enumerate().filter(inside).min_by_key(|(_, c)| c.span.len())?;
        Some(ClassRef { file, class: class as u32 })
    }

    /// Members of a model that a call makes: entries of an object, or field calls among the arguments. `None` where
    /// the call has no such argument.
    pub(super) fn value_members(&self, call: &CallView<'a>, rule: Rule<'k>) -> Option<Vec<Member<'a>>> {
        let (word, rest) = rule.model.fields.split_once(':')?;
        match word {
            "argument" => {
                let at: usize = rest.parse().ok()?;
                let arg = call.args.iter().filter(|a| a.name.is_none()).nth(at)?;
                let (scope, value) = self.constants.follow(call.scope, &arg.value);
                let (scope, value) = self.constants.through_lambda(scope, value);
                let mut members = Vec::new();
                match value.kind {
                    ExprKind::Map(_) => self.entries(scope, value, &mut members, 0),
                    _ => return None,
                }
                Some(members)
            }
            "keyword" => {
                let source = crate::grammar::mapper::Source::Keyword(rest.split('.').map(str::to_string).collect());
                let item = plain_item(call.clone());
                let mut members = Vec::new();
                if let Some(Hit::Expr(scope, value)) = self.constants.hit(&source, &item, &|n| n.to_string()) {
                    let (scope, value) = self.constants.follow(scope, value);
                    self.entries(scope, value, &mut members, 0);
                }
                Some(members)
            }
            "arguments" => {
                let from: usize = rest.trim_end_matches('.').parse().ok()?;
                let mut members = Vec::new();
                let mut positional = 0;
                for arg in call.args.iter().filter(|a| a.name.is_none()) {
                    positional += 1;
                    if positional <= from && !arg.spread {
                        continue;
                    }
                    self.field_arguments(call.scope, arg, rule, &mut members, 0);
                }
                Some(members)
            }
            _ => None,
        }
    }

    pub(super) fn field_arguments(&self, scope: Scope, arg: &'a Arg, rule: Rule<'k>, out: &mut Vec<Member<'a>>, depth: u32) {
        let (inner, value) = if arg.spread { self.constants.follow(scope, &arg.value) } else { (scope, &arg.value) };
        if let ExprKind::List(all, _) | ExprKind::Tuple(all) = &value.kind
            && depth < 8
        {
            for e in all {
                self.field_argument(inner, e, rule, out);
            }
            return;
        }
        self.field_argument(inner, value, rule, out);
    }

    pub(super) fn field_argument(&self, scope: Scope, value: &'a Expr, rule: Rule<'k>, out: &mut Vec<Member<'a>>) {
        let found = rule.model.field.iter().find_map(|f| self.constants.call_of(scope, value, &f.calls));
        let Some(call) = found else { return };
        let Some(first) = call.args.first() else { return };
        if let Some(name) = self.constants.text(call.scope, &first.value, &Given::default()) {
            out.push(Member { scope, name, ty: None, value: Some(value), decorators: &[], tag: None, anonymous: false, span: value.span });
        }
    }

    /// Entries of an object of fields; spreads of other objects are taken apart.
    pub fn entries(&self, scope: Scope, value: &'a Expr, out: &mut Vec<Member<'a>>, depth: u32) {
        let ExprKind::Map(entries) = &value.kind else { return };
        for entry in entries {
            let (name, value) = match entry {
                Entry::Named(name, value) => (word(scope, name), value),
                Entry::Computed(key, value) => match self.constants.text(scope, key, &Given::default()) {
                    Some(name) => (name, value),
                    None => continue,
                },
                Entry::Spread(of) if depth < 8 => {
                    let (scope, value) = self.constants.follow(scope, of);
                    self.entries(scope, value, out, depth + 1);
                    continue;
                }
                _ => continue,
            };
            out.retain(|m| m.name.text != name.text);
            let span = name.origin.map_or(value.span, |o| o.span.to(value.span));
            let shared = name.origin.is_some_and(|o| o.span == value.span);
            let span = if shared { value.span } else { span };
            out.push(Member { scope, name, ty: None, value: Some(value), decorators: &[], tag: None, anonymous: false, span });
        }
    }
}

/// An item that is only a call.
pub(in crate::index::mapping) fn plain_item(call: CallView<'_>) -> Item<'_> {
    Item {
        scope: call.scope,
        class: None,
        name: made(""),
        call: Some(call),
        value: None,
        decorators: &[],
        ty: None,
        tag: None,
        settings: None,
        inherited: Rc::default(),
        vars: Vars::default(),
    }
}

/// An expression without `&`, `*`.
pub(super) fn bare(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Reference(of) | ExprKind::Cast(of, _) => bare(of),
        _ => expr,
    }
}

/// Whether a model was chosen before in a chain: what comes then only takes the rows.
pub(super) fn chosen(object: &Expr) -> bool {
    match &object.kind {
        ExprKind::Call { function, .. } => match &function.kind {
            ExprKind::Member(inner, name) => matches!(&*name.text, "Model" | "Table" | "Raw") || chosen(inner),
            _ => false,
        },
        _ => false,
    }
}

/// The struct that a literal makes: `&User{}`, `[]User{}`, `new(User)`, `make([]User, 0)`.
pub(super) fn struct_of<'a>(constants: Constants<'_, 'a>, scope: Scope, expr: &'a Expr) -> Option<ClassRef> {
    match &expr.kind {
        ExprKind::Reference(of) | ExprKind::Cast(of, _) => struct_of(constants, scope, of),
        ExprKind::Composite(ty, _) => constants.class_of_type(scope, ty),
        ExprKind::List(_, Some(ty)) => constants.class_of_type(scope, ty),
        ExprKind::Call { function, types, args, .. } => match function.path().as_deref() {
            Some(["new" | "make"]) => match types.first() {
                Some(ty) => constants.class_of_type(scope, ty),
                None => constants.class(scope, &args.first()?.value),
            },
            _ => None,
        },
        _ => None,
    }
}
