//! One model, field or relation as it is written, and where the words of a pack find their values in it.

use super::constants::{Constants, Given, Scope, entry, method, returned};
use super::tags::Tag;
use super::{Named, Origin, naming};
use crate::grammar::mapper::Source;
use crate::index::program::{ClassRef, FunctionRef};
use crate::model::code::{Arg, Entry, Expr, ExprKind, Outer, Type, Word};
use std::rc::Rc;

/// A definition as it is written.
#[derive(Clone, Debug)]
pub(super) struct Item<'a> {
    /// Where its names are looked up.
    pub scope: Scope,
    /// Class of the model.
    pub class: Option<ClassRef>,
    /// Name in code.
    pub name: Named,
    /// The call that makes it, with the scope of its arguments.
    pub call: Option<CallView<'a>>,
    /// Its value, where that is no call that the pack knows.
    pub value: Option<&'a Expr>,
    /// Decorators.
    pub decorators: &'a [Expr],
    /// Its type.
    pub ty: Option<&'a Type>,
    /// Its tag.
    pub tag: Option<Tag>,
    /// Class of settings (`Meta`), own or inherited.
    pub settings: Option<ClassRef>,
    /// Classes of settings of the bases, with the settings that are taken from there.
    pub inherited: Rc<(Vec<ClassRef>, Vec<String>)>,
    /// What templates may use.
    pub vars: Vars,
}

/// A call with what is called on its value.
#[derive(Clone, Debug)]
pub(super) struct CallView<'a> {
    /// Scope of its arguments.
    pub scope: Scope,
    /// Qualified name of what is called.
    pub callee: String,
    /// Arguments.
    pub args: &'a [Arg],
    /// What the callee is a member of.
    pub receiver: Option<&'a Expr>,
    /// Methods called on the value, first ones first.
    pub chain: Vec<(&'a Word, &'a [Arg])>,
    /// What the parameters of the function hold that makes the call, with the scope of each.
    pub given: Vec<(&'a str, Scope, &'a Expr)>,
}

impl<'a> CallView<'a> {
    /// What an argument is: for a parameter of the function that makes the call, what that one was given.
    fn argument(&self, value: &'a Expr) -> (Scope, &'a Expr) {
        let given = |name: &str| self.given.iter().find(|(parameter, ..)| *parameter == name);
        match &value.kind {
            ExprKind::Name(name) => given(name).map_or((self.scope, value), |(_, scope, value)| (*scope, *value)),
            _ => (self.scope, value),
        }
    }
}

/// Values of a template's names.
#[derive(Clone, Debug, Default)]
pub(super) struct Vars {
    pub model: String,
    pub table: String,
    pub target: String,
    pub target_table: String,
    pub app: String,
    pub column: String,
    pub primary: String,
    pub parent: String,
    pub prefix: String,
}

/// What a source found.
#[derive(Clone, Debug)]
pub(super) enum Hit<'a> {
    /// An expression.
    Expr(Scope, &'a Expr),
    /// A name.
    Named(Named),
    /// A type.
    Type(Scope, &'a Type),
    /// It is there.
    Yes,
}

/// Whether a qualified name is what a pattern says: the pattern is its end; `a..b` is a beginning and an end; `*` at
/// the beginning of the last part stands for the rest of a word.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    if let Some((head, tail)) = pattern.split_once("..") {
        return name.starts_with(head) && matches(tail, name) || !name.contains('.') && matches(tail, name);
    }
    let mut parts = name.rsplit('.');
    let mut wanted = pattern.rsplit('.');
    let (Some(last), Some(word)) = (parts.next(), wanted.next()) else { return false };
    let fits = match word.strip_prefix('*') {
        Some(end) => last.ends_with(end) && !end.is_empty(),
        None => last == word,
    };
    // a name that nothing defines may be a part of the qualified one only
    fits && (!name.contains('.')
        || wanted.all(|w| parts.next().is_some_and(|p| p == w || p.strip_suffix(w).is_some_and(|rest| rest.ends_with('/')))))
}

pub(super) fn matches_any(patterns: &[String], name: &str) -> bool {
    patterns.iter().any(|p| matches(p, name))
}

impl<'p, 'a> Constants<'p, 'a> {
    /// The call of one of `patterns` that an expression is: itself, one below a chain of methods, one that a
    /// function of the program returns, an instance of a class that inherits from one.
    pub fn call_of(&self, scope: Scope, expr: &'a Expr, patterns: &[String]) -> Option<CallView<'a>> {
        if patterns.is_empty() {
            return None;
        }
        let mut chain: Vec<(&'a Word, &'a [Arg])> = Vec::new();
        let mut at = expr;
        for _ in 0..64 {
            match &at.kind {
                ExprKind::Call { function, args, .. } => {
                    if let Some(callee) = self.named_as(scope, function, patterns) {
                        chain.reverse();
                        let receiver = match &function.kind {
                            ExprKind::Member(object, _) => Some(&**object),
                            _ => None,
                        };
                        return Some(CallView { scope, callee, args, receiver, chain, given: Vec::new() });
                    }
                    if let Some(mut found) = self.made_by_function(scope, function, args, patterns) {
                        chain.reverse();
                        found.chain.extend(chain);
                        return Some(found);
                    }
                    match &function.kind {
                        ExprKind::Member(object, name) => {
                            chain.push((name, args));
                            at = object;
                        }
                        _ => return None,
                    }
                }
                ExprKind::Cast(of, _) | ExprKind::Reference(of) => at = of,
                ExprKind::Member(object, _) if matches!(object.kind, ExprKind::Call { .. }) => at = object,
                ExprKind::Name(_) | ExprKind::Member(..) => {
                    // a decorator or field class without a call
                    if let Some(callee) = self.named_as(scope, at, patterns) {
                        return Some(CallView { scope, callee, args: &[], receiver: None, chain: Vec::new(), given: Vec::new() });
                    }
                    return None;
                }
                _ => return None,
            }
        }
        None
    }

    /// The qualified name of an expression, if it is one of `patterns` or a class that inherits from one.
    fn named_as(&self, scope: Scope, function: &'a Expr, patterns: &[String]) -> Option<String> {
        if let Some(name) = self.qualified(scope, function) {
            return matches_any(patterns, &name).then_some(name);
        }
        let class = self.class(scope, function)?;
        self.inherits(class, patterns, 0)
    }

    /// The qualified name of a base of a class that is one of `patterns`.
    pub fn inherits(&self, class: ClassRef, patterns: &[String], depth: u32) -> Option<String> {
        if depth > 12 {
            return None;
        }
        let scope = Scope::of(class.file);
        self.program.class(class)?.bases.iter().find_map(|base| match self.qualified(scope, base) {
            Some(name) => matches_any(patterns, &name).then_some(name),
            None => self.inherits(self.class(scope, base).filter(|b| *b != class)?, patterns, depth + 1),
        })
    }

    fn made_by_function(&self, scope: Scope, function: &'a Expr, args: &'a [Arg], patterns: &[String]) -> Option<CallView<'a>> {
        if scope.depth > 8 {
            return None;
        }
        let path = function.path()?;
        let at = match self.program.lookup_path(scope.file, &path)? {
            crate::index::program::Definition::Function(at) => at,
            crate::index::program::Definition::Variable { file, values, .. } => match values.last().map(|v| &v.kind) {
                Some(ExprKind::Lambda(function)) => FunctionRef { file, function: *function },
                _ => return None,
            },
            _ => return None,
        };
        let code = self.program.function(at)?;
        let inner = Scope { depth: scope.depth + 1, ..Scope::of(at.file) };
        let mut found = self.call_of(inner, returned(code)?, patterns)?;
        let mut positional = args.iter().filter(|a| a.name.is_none() && !a.spread);
        let mut outer = Vec::new();
        for param in &code.params {
            let by_name = args.iter().find(|a| a.name.as_ref().is_some_and(|n| n.text == param.name.text));
            let given = by_name.or_else(|| positional.next()).map(|a| (scope, &a.value));
            let value = given.or_else(|| param.default.as_ref().map(|d| (inner, d)));
            outer.extend(value.map(|(scope, value)| (&*param.name.text, scope, value)));
        }
        // a parameter that is handed on to another function stands for what it was given here
        for (_, scope, value) in &mut found.given {
            if let ExprKind::Name(name) = &value.kind
                && let Some((_, from, given)) = outer.iter().find(|(parameter, ..)| *parameter == &**name)
            {
                (*scope, *value) = (*from, *given);
            }
        }
        if found.given.is_empty() {
            found.given = outer;
        }
        Some(found)
    }

    /// A value behind a function without body: `() => User` gives `User`.
    pub fn through_lambda(&self, scope: Scope, expr: &'a Expr) -> (Scope, &'a Expr) {
        match &expr.kind {
            ExprKind::Lambda(function) => {
                let value = self.program.function(FunctionRef { file: scope.file, function: *function }).and_then(returned);
                value.map_or((scope, expr), |v| (scope, v))
            }
            ExprKind::Call { function, args, .. } if matches!(function.path().as_deref(), Some([.., "forwardRef" | "lazy"])) => {
                args.first().map_or((scope, expr), |a| self.through_lambda(scope, &a.value))
            }
            _ => (scope, expr),
        }
    }

    /// What a source finds in an item.
    pub fn hit(&self, source: &Source, item: &Item<'a>, naming_of: &dyn Fn(&str) -> String) -> Option<Hit<'a>> {
        let positional = |args: &'a [Arg], n: usize| args.iter().filter(|a| a.name.is_none() && !a.spread).nth(n).map(|a| &a.value);
        match source {
            Source::Argument(n) => {
                let call = item.call.as_ref()?;
                let (scope, value) = call.argument(positional(call.args, usize::from(*n))?);
                Some(Hit::Expr(scope, value))
            }
            Source::Receiver(n) => {
                let call = item.call.as_ref()?;
                let (scope, made) = self.follow(call.scope, call.receiver?);
                match &made.kind {
                    ExprKind::Call { args, .. } => positional(args, usize::from(*n)).map(|v| Hit::Expr(scope, v)),
                    _ => None,
                }
            }
            Source::Keyword(path) => self.keyword(item, path),
            Source::Setting(key) => {
                let (bases, names) = &*item.inherited;
                let bases = bases.iter().filter(|_| names.contains(key));
                for settings in item.settings.iter().chain(bases) {
                    if let Some((scope, value)) = self.attribute(*settings, key, 0) {
                        return Some(Hit::Expr(scope, value));
                    }
                }
                // options stand behind the fields
                let maps =
                    item.call.iter().flat_map(|c| c.args.iter().filter(|a| a.name.is_none() && !a.spread).skip(1).map(|a| (c.scope, a)));
                let found = maps.filter_map(|(scope, map)| self.inside(scope, &map.value, std::slice::from_ref(key))).last();
                found.or_else(|| self.keyword(item, std::slice::from_ref(key)))
            }
            Source::NotSetting(key) => {
                let hit = self.hit(&Source::Setting(key.clone()), item, naming_of)?;
                (self.hit_truth(&hit) == Some(false)).then_some(Hit::Yes)
            }
            Source::Attribute(path) => {
                let (first, rest) = path.split_once('.').map_or((path.as_str(), None), |(f, r)| (f, Some(r)));
                let (scope, value) = match self.attribute(item.class?, first, 0) {
                    Some(found) => found,
                    None => self.method_value(item.class?, first, 0)?,
                };
                match rest {
                    None => Some(Hit::Expr(scope, value)),
                    Some(rest) => self.inside(scope, value, &rest.split('.').map(str::to_string).collect::<Vec<_>>()),
                }
            }
            Source::Method(name) => {
                let (scope, value) = self.method_value(item.class?, name, 0)?;
                Some(Hit::Expr(scope, value))
            }
            Source::Tag(key) => item.tag.as_ref()?.get(key).cloned().map(Hit::Named),
            Source::Decorator(name, key) => {
                let pattern = [name.clone()];
                let call = item.decorators.iter().find_map(|d| self.call_of(item.scope, d, &pattern))?;
                match key.as_deref() {
                    None => Some(Hit::Yes),
                    Some(n) if n.parse::<usize>().is_ok() => positional(call.args, n.parse().ok()?).map(|v| Hit::Expr(call.scope, v)),
                    Some(key) => {
                        let inner = Item { call: Some(call), value: None, ..item.clone() };
                        self.keyword(&inner, &key.split('.').map(str::to_string).collect::<Vec<_>>())
                    }
                }
            }
            Source::Chain(name, key) => {
                let call = item.call.as_ref()?;
                let (_, args) = call.chain.iter().rev().find(|(n, _)| &*n.text == name.as_str())?;
                match key.as_deref() {
                    None => Some(Hit::Yes),
                    Some(n) if n.parse::<usize>().is_ok() => positional(args, n.parse().ok()?).map(|v| Hit::Expr(call.scope, v)),
                    Some(key) => args.iter().find_map(|a| entry(&a.value, key)).map(|v| Hit::Expr(call.scope, v)),
                }
            }
            Source::Inner(name, key) => {
                let call = item.call.as_ref()?;
                let pattern = [name.clone()];
                let inner = call.args.iter().find_map(|a| self.call_within(call.scope, &a.value, &pattern, 0))?;
                match key.as_deref() {
                    None => Some(Hit::Yes),
                    Some(n) if n.parse::<usize>().is_ok() => positional(inner.args, n.parse().ok()?).map(|v| Hit::Expr(inner.scope, v)),
                    Some(key) => inner
                        .args
                        .iter()
                        .find(|a| a.name.as_ref().is_some_and(|n| &*n.text == key))
                        .map(|a| Hit::Expr(inner.scope, &a.value)),
                }
            }
            Source::Annotation => item.ty.map(|ty| Hit::Type(item.scope, ty)),
            Source::AnnotationNull => admits_null(item.ty?).then_some(Hit::Yes),
            Source::Template(text) => Some(Hit::Named(Named { text: template(text, item).into(), origin: item.name.origin })),
            Source::Literal(text) => Some(Hit::Named(Named { text: text.as_str().into(), origin: item.name.origin })),
            Source::Naming => Some(Hit::Named(Named { text: naming_of(&item.name.text).into(), origin: item.name.origin })),
            Source::Value => item.value.map(|value| Hit::Expr(item.scope, value)),
            Source::Always => Some(Hit::Yes),
            Source::Is(of, words) => {
                let hit = self.hit(of, item, naming_of)?;
                let text = match &hit {
                    Hit::Expr(scope, expr) => match &self.follow(*scope, expr).1.kind {
                        ExprKind::Scalar(text) => Some(text.to_string()),
                        _ => None,
                    },
                    _ => None,
                };
                // a constant of the library goes by its name
                let named = || match &hit {
                    Hit::Expr(_, Expr { kind: ExprKind::Member(_, name), .. }) => Some(name.text.to_string()),
                    Hit::Expr(_, Expr { kind: ExprKind::Name(name), .. }) => Some(name.to_string()),
                    _ => None,
                };
                let text = text.or_else(|| self.hit_text(&hit, &Given::default()).map(|t| t.text.to_string())).or_else(named)?;
                words.contains(&text).then_some(Hit::Yes)
            }
        }
    }

    /// A call of one of `patterns` that a value is, or that stands among its items or arguments.
    fn call_within(&self, scope: Scope, value: &'a Expr, patterns: &[String], depth: u32) -> Option<CallView<'a>> {
        if depth > 3 {
            return None;
        }
        self.call_of(scope, value, patterns).or_else(|| match &value.kind {
            ExprKind::Call { args, .. } => args.iter().find_map(|a| self.call_within(scope, &a.value, patterns, depth + 1)),
            ExprKind::List(all, _) | ExprKind::Tuple(all) => all.iter().find_map(|e| self.call_within(scope, e, patterns, depth + 1)),
            _ => None,
        })
    }

    fn keyword(&self, item: &Item<'a>, path: &[String]) -> Option<Hit<'a>> {
        let (first, rest) = path.split_first()?;
        if let Some(call) = &item.call {
            if let Some(arg) = call.args.iter().find(|a| a.name.as_ref().is_some_and(|n| *n.text == **first)) {
                let (scope, value) = call.argument(&arg.value);
                return self.inside(scope, value, rest);
            }
            let spread = call.args.iter().filter(|a| a.spread && a.double);
            let maps = call.args.iter().filter(|a| a.name.is_none() && !a.spread).chain(spread);
            for map in maps {
                let (scope, value) = call.argument(&map.value);
                if let Some(found) = self.inside(scope, value, path) {
                    return Some(found);
                }
            }
        }
        self.inside(item.scope, item.value?, path)
    }

    /// A value in nested literal objects, also those behind names and spreads.
    fn inside(&self, scope: Scope, expr: &'a Expr, path: &[String]) -> Option<Hit<'a>> {
        let Some((first, rest)) = path.split_first() else { return Some(Hit::Expr(scope, expr)) };
        let (scope, value) = self.follow(scope, expr);
        if let Some(found) = entry(value, first) {
            return self.inside(scope, found, rest);
        }
        if let ExprKind::Tuple(all) | ExprKind::List(all, _) = &value.kind {
            return all.iter().find_map(|e| matches!(e.kind, ExprKind::Map(_)).then(|| self.inside(scope, e, path)).flatten());
        }
        let ExprKind::Map(entries) = &value.kind else { return None };
        entries.iter().rev().find_map(|e| match e {
            Entry::Spread(of) if scope.depth < 20 => self.inside(Scope { depth: scope.depth + 1, ..scope }, of, path),
            _ => None,
        })
    }

    /// What a method, getter or static function of a class returns.
    pub fn method_value(&self, class: ClassRef, name: &str, depth: u32) -> Option<(Scope, &'a Expr)> {
        if depth > 12 {
            return None;
        }
        if let Some(at) = method(self.program, class, name) {
            let value = self.program.function(at).and_then(returned)?;
            return Some((Scope { class: Some(class), function: Some(at), ..Scope::of(at.file) }, value));
        }
        let scope = Scope::of(class.file);
        let bases = self.program.class(class)?.bases.iter();
        bases.filter_map(|b| self.base(scope, b)).filter(|b| *b != class).find_map(|b| self.method_value(b, name, depth + 1))
    }

    /// The text that a hit gives.
    pub fn hit_text(&self, hit: &Hit<'a>, given: &Given) -> Option<Named> {
        match hit {
            Hit::Named(named) => Some(named.clone()),
            Hit::Expr(scope, expr) => self.text(*scope, expr, given),
            Hit::Type(..) | Hit::Yes => None,
        }
    }

    /// Whether a hit says yes.
    pub fn hit_truth(&self, hit: &Hit<'a>) -> Option<bool> {
        match hit {
            Hit::Yes | Hit::Type(..) => Some(true),
            Hit::Named(named) => Some(&*named.text != "false" && &*named.text != "-"),
            Hit::Expr(scope, expr) => self.truth(*scope, expr),
        }
    }

    /// Names that a hit holds: texts, lists of them, last words of members (`events.venueId`, `c => c.people`).
    pub fn hit_names(&self, hit: &Hit<'a>, given: &Given) -> Vec<Named> {
        match hit {
            Hit::Named(named) => named
                .text
                .split(',')
                .map(|t| Named { text: t.trim().into(), origin: named.origin })
                .filter(|n| !n.text.is_empty())
                .collect(),
            Hit::Expr(scope, expr) => self.names_in(*scope, expr, given, 0),
            _ => Vec::new(),
        }
    }

    fn names_in(&self, scope: Scope, expr: &'a Expr, given: &Given, depth: u32) -> Vec<Named> {
        if depth > 8 {
            return Vec::new();
        }
        let (inner, value) = self.through_lambda(scope, expr);
        if let Some(text) = self.text(inner, value, given) {
            return vec![text];
        }
        match &value.kind {
            ExprKind::List(all, _) | ExprKind::Tuple(all) => all.iter().flat_map(|e| self.names_in(inner, e, given, depth + 1)).collect(),
            ExprKind::Member(_, name) => vec![word(inner, name)],
            ExprKind::Name(name) => {
                let (at, followed) = self.follow(inner, value);
                match std::ptr::eq(followed, value) || matches!(followed.kind, ExprKind::Call { .. }) {
                    true => vec![Named { text: (&**name).into(), origin: Some(Origin { file: inner.file, span: value.span }) }],
                    false => self.names_in(at, followed, given, depth + 1),
                }
            }
            ExprKind::Call { args, .. } => args.first().map(|a| self.names_in(inner, &a.value, given, depth + 1)).unwrap_or_default(),
            ExprKind::Unary { op, value } if &**op == "-" => {
                let minus = |n: Named| Named { text: format!("-{}", n.text).into(), origin: n.origin };
                self.names_in(inner, value, given, depth + 1).into_iter().map(minus).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The class of settings inside of a class, own or inherited.
    pub fn settings_class(&self, class: ClassRef, name: &str, depth: u32) -> Option<ClassRef> {
        if name.is_empty() || depth > 12 {
            return None;
        }
        let code = self.program.file(class.file)?.code;
        let own = code.classes.iter().position(|c| c.outer == Outer::Class(class.class) && &*c.name.text == name);
        if let Some(own) = own {
            return Some(ClassRef { file: class.file, class: own as u32 });
        }
        let scope = Scope::of(class.file);
        let bases = self.program.class(class)?.bases.iter();
        bases.filter_map(|b| self.class(scope, b)).filter(|b| *b != class).find_map(|b| self.settings_class(b, name, depth + 1))
    }

    /// The classes of settings of a class and of all its bases, nearest first.
    pub fn settings_classes(&self, class: ClassRef, name: &str, depth: u32, found: &mut Vec<ClassRef>) {
        let Some(definition) = self.program.class(class).filter(|_| !name.is_empty() && depth <= 12) else { return };
        let Some(code) = self.program.file(class.file).map(|f| f.code) else { return };
        let own = code.classes.iter().position(|c| c.outer == Outer::Class(class.class) && &*c.name.text == name);
        found.extend(own.map(|own| ClassRef { file: class.file, class: own as u32 }).filter(|own| !found.contains(own)));
        let scope = Scope::of(class.file);
        for base in definition.bases.iter().filter_map(|b| self.class(scope, b)).filter(|b| *b != class) {
            self.settings_classes(base, name, depth + 1, found);
        }
    }
}

/// A name with its place.
pub(super) fn word(scope: Scope, word: &Word) -> Named {
    Named { text: (&*word.text).into(), origin: Some(Origin { file: scope.file, span: word.span }) }
}

/// Whether a type admits null.
pub(super) fn admits_null(ty: &Type) -> bool {
    match ty {
        Type::Union(all) => all.iter().any(admits_null),
        Type::Null | Type::Pointer(_) => true,
        Type::Named { path, args } => {
            let last = path.last().map_or("", |w| &*w.text);
            last == "Optional"
                || (matches!(last, "Mapped" | "Annotated" | "Generated" | "ColumnType" | "WriteOnlyMapped")
                    && args.first().is_some_and(admits_null))
                || (last.starts_with("Null") && last.len() > 4)
        }
        _ => false,
    }
}

/// Fills in a template.
pub(super) fn template(text: &str, item: &Item) -> String {
    let vars = &item.vars;
    let value = |name: &str| match name {
        "name" => item.name.text.to_string(),
        "model" => vars.model.clone(),
        "table" => vars.table.clone(),
        "target" => vars.target.clone(),
        "target-table" => vars.target_table.clone(),
        "app" => vars.app.clone(),
        "column" => vars.column.clone(),
        "primary" => vars.primary.clone(),
        "parent" => vars.parent.clone(),
        "prefix" => vars.prefix.clone(),
        _ => String::new(),
    };
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((inner, tail)) = after.split_once('}') else { break };
        let (function, names) = inner.split_once(':').map_or(("", inner), |(f, n)| (f, n));
        let joined = names.split(' ').map(value).filter(|v| !v.is_empty()).collect::<Vec<_>>().join("_");
        out.push_str(&naming::function(function, &joined).unwrap_or(joined));
        rest = tail;
    }
    out.push_str(rest);
    out
}
