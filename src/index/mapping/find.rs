//! Which classes, structs, interfaces and values of a program are models, by what the packs say.

use super::constants::{Constants, Given, Scope};
use super::item::{CallView, Hit, Item, Vars, matches, matches_any};
use super::visit::{self, Met};
use super::{Named, Origin, tags};
use crate::grammar::PackSet;
use crate::grammar::mapper::{FieldRole, KnownModel, ModelRule, TagStyle};
use crate::grammar::pack::Pack;
use crate::index::program::{ClassRef, FileId, Program};
use crate::model::code::{Arg, ClassKind, Entry, Expr, ExprKind, Field, Type};
use crate::model::span::Span;
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use std::rc::Rc;

/// A rule of a pack.
#[derive(Copy, Clone)]
pub(super) struct Rule<'k> {
    pub pack: &'k Pack,
    pub model: &'k ModelRule,
}

/// A model as it is written.
pub(super) struct Draft<'a, 'k> {
    pub rule: Rule<'k>,
    /// Its name, the call that makes it, its settings.
    pub item: Item<'a>,
    /// Class, if it is one.
    pub class: Option<ClassRef>,
    /// Places of the value that it is.
    pub values: Vec<Origin>,
    /// The whole definition.
    pub origin: Origin,
    /// Fields and relations as they are written, inherited ones included.
    pub members: Vec<Member<'a>>,
    /// It has no table.
    pub is_abstract: bool,
    /// Class whose table it shares.
    pub shares: Option<ClassRef>,
    /// Class to whose table its key refers.
    pub parent: Option<ClassRef>,
    /// Library classes that it inherits from.
    pub known: Vec<&'k KnownModel>,
    /// Name of its table where the place that lists it gives one.
    pub table: Option<Named>,
    /// Name of its class or variable, where the model has another one.
    pub called: Option<Named>,
}

/// A member of a model as it is written.
#[derive(Clone, Debug)]
pub(super) struct Member<'a> {
    pub scope: Scope,
    pub name: Named,
    pub ty: Option<&'a Type>,
    pub value: Option<&'a Expr>,
    pub decorators: &'a [Expr],
    pub tag: Option<&'a crate::model::code::Word>,
    pub anonymous: bool,
    pub span: Span,
}

/// Finds the models of a program.
pub(super) struct Finder<'p, 'a, 'k> {
    pub constants: Constants<'p, 'a>,
    rules: Vec<Vec<Rule<'k>>>,
    kin: HashMap<ClassRef, Option<Rule<'k>>>,
    /// Members that code adds to a class from outside: `Order.total = column_property(...)`.
    added: HashMap<ClassRef, Vec<Member<'a>>>,
    /// Structs that are given to calls of a library.
    used: HashSet<ClassRef>,
    /// Structs that are embedded in others.
    embedded: HashSet<ClassRef>,
    /// Classes that expressions name, other than as a base; gathered where a library asks for it.
    named: HashSet<ClassRef>,
    /// What calls set for all models: callee, key, value.
    pub settings: Vec<(String, String, String)>,
    /// Calls outside of models that say something of their relations.
    pub outside: Vec<(Rule<'k>, FileId, &'a Expr)>,
    pub drafts: Vec<Draft<'a, 'k>>,
}

/// The rules in force for each file: of the packs that some import of the program detects.
fn rules_of<'k>(program: &Program, packs: &'k PackSet) -> Vec<Vec<Rule<'k>>> {
    let mut per_language = HashMap::default();
    let mut out = Vec::new();
    for file in &program.files {
        let rules = per_language.entry(file.language).or_insert_with(|| {
            let Some(language) = packs.language(file.language) else { return Vec::new() };
            let mut all = Vec::new();
            for pack in &language.packs {
                let Some(mapper) = &pack.mapper else { continue };
                let covers = |module: &str| pack.detect.imports.iter().any(|i| below(module, i));
                if program.files.iter().any(|f| f.imports.iter().any(|i| covers(&i.module))) {
                    all.extend(mapper.model.iter().map(|model| Rule { pack, model }));
                }
            }
            all
        });
        out.push(rules.clone());
    }
    out
}

/// Whether a module is another one or stands below it.
fn below(module: &str, of: &str) -> bool {
    module.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '/']))
}

impl<'p, 'a, 'k> Finder<'p, 'a, 'k> {
    pub fn new(program: &'p Program<'a>, packs: &'k PackSet) -> Self {
        Finder {
            constants: Constants { program },
            rules: rules_of(program, packs),
            kin: HashMap::default(),
            added: HashMap::default(),
            used: HashSet::default(),
            embedded: HashSet::default(),
            named: HashSet::default(),
            settings: Vec::new(),
            outside: Vec::new(),
            drafts: Vec::new(),
        }
    }

    /// Finds all models.
    pub fn run(&mut self) {
        let files = self.constants.program.files.len() as FileId;
        (0..files).for_each(|f| self.survey(f));
        for file in 0..files {
            let classes = self.constants.program.file(file).map_or(0, |f| f.code.classes.len() as u32);
            for class in 0..classes {
                self.class_model(ClassRef { file, class });
            }
        }
        (0..files).for_each(|f| self.values(f));
        self.bases_of_models();
        if self.drafts.iter().any(|d| d.rule.model.abstract_unless_used) {
            (0..files).for_each(|f| self.mentions(f));
        }
        self.standing();
    }

    /// Rules in force anywhere; one may be there several times.
    pub(super) fn all_rules(&self) -> impl Iterator<Item = &Rule<'k>> {
        self.rules.iter().flatten()
    }

    /// Classes that the expressions of a file name.
    fn mentions(&mut self, file: FileId) {
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

    /// Whether an expression names a class, other than as a base.
    pub fn is_named(&self, class: ClassRef) -> bool {
        self.named.contains(&class)
    }

    fn rules(&self, file: FileId) -> Vec<Rule<'k>> {
        self.rules.get(file as usize).cloned().unwrap_or_default()
    }

    /// Uses, embeddings and members from outside that a file adds.
    fn survey(&mut self, file: FileId) {
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
            for function in &code.functions {
                self.uses(file, function, &used);
            }
        }
        let mut added = Vec::new();
        let mut calls = Vec::new();
        let setting: HashSet<&str> =
            rules.iter().flat_map(|r| &r.model.naming_by).flat_map(|b| &b.calls).filter_map(|c| c.rsplit('.').next()).collect();
        visit::each(code, &mut |met| {
            if let Met::Value(Expr { kind: ExprKind::Call { function, args, .. }, .. }, _) = &met
                && function.path().and_then(|p| p.last().copied()).is_some_and(|l| setting.contains(l))
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
                    name: super::item::word(scope, name),
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
    fn setting(&mut self, scope: Scope, callee: &str, key: &str, value: &'a Expr, depth: u32) {
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
    fn uses(&mut self, file: FileId, function: &'a crate::model::code::Function, used: &[&str]) {
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

    /// The rule that makes a class a model, by its decorators, bases, tags, uses.
    fn rule_of(&mut self, class: ClassRef, depth: u32) -> Option<Rule<'k>> {
        if let Some(known) = self.kin.get(&class) {
            return *known;
        }
        if depth > 24 {
            return None;
        }
        self.kin.insert(class, None);
        let found = self.find_rule(class, depth);
        self.kin.insert(class, found);
        found
    }

    fn find_rule(&mut self, at: ClassRef, depth: u32) -> Option<Rule<'k>> {
        let class = self.constants.program.class(at)?;
        let scope = Scope::of(at.file);
        let rules = self.rules(at.file);
        if rules.is_empty() {
            return None;
        }
        for rule in &rules {
            let decorated = |d: &'a Expr| self.constants.call_of(scope, d, &rule.model.decorators).is_some();
            if !rule.model.decorators.is_empty() && class.decorators.iter().any(decorated) {
                return Some(*rule);
            }
            if class.kind == ClassKind::Struct {
                let by_tag = !rule.model.tag.is_empty() && class.fields.iter().any(|f| tag_of(at.file, f, rule.model).is_some());
                let embeds = |f: &'a Field| {
                    f.embedded
                        && matches!(f.ty.as_ref(), Some(ty) if type_name(self.constants, scope, ty).is_some_and(|n| matches_any(&rule.model.embeds, &n)))
                };
                let by_use = !rule.model.by_use.is_empty() && self.used.contains(&at);
                if by_tag || by_use || class.fields.iter().any(embeds) {
                    return Some(*rule);
                }
            }
        }
        for base in &class.bases {
            if let Some(name) = self.constants.qualified(scope, base) {
                let by_name =
                    rules.iter().find(|r| matches_any(&r.model.bases, &name) || r.model.known.iter().any(|k| matches(&k.name, &name)));
                if let Some(rule) = by_name {
                    return Some(*rule);
                }
                continue;
            }
            if let Some(inner) = self.constants.class(scope, base).filter(|b| *b != at)
                && let Some(rule) = self.rule_of(inner, depth + 1)
                && !rule.model.bases.is_empty()
            {
                return Some(rule);
            }
        }
        None
    }

    fn class_model(&mut self, at: ClassRef) {
        if let Some(rule) = self.rule_of(at, 0) {
            self.add_class(at, rule, false);
        }
    }

    fn add_class(&mut self, at: ClassRef, rule: Rule<'k>, is_abstract: bool) {
        let Some(class) = self.constants.program.class(at) else { return };
        let scope = Scope { class: Some(at), ..Scope::of(at.file) };
        let call = class.decorators.iter().find_map(|d| self.constants.call_of(Scope::of(at.file), d, &rule.model.decorators));
        let tag = class.fields.iter().filter(|f| f.embedded).find_map(|f| {
            let named = f.ty.as_ref().and_then(|t| type_name(self.constants, Scope::of(at.file), t))?;
            if matches_any(&rule.model.embeds, &named) { tag_of(at.file, f, rule.model) } else { None }
        });
        let item = Item {
            scope,
            class: Some(at),
            name: super::item::word(Scope::of(at.file), &class.name),
            call,
            value: None,
            decorators: &class.decorators,
            ty: None,
            tag,
            settings: self.constants.settings_class(at, &rule.model.settings_class, 0),
            inherited: self.inherited_settings(at, rule.model),
            vars: Vars::default(),
        };
        let origin = Origin { file: at.file, span: class.span };
        self.drafts.push(Draft {
            rule,
            item,
            class: Some(at),
            values: Vec::new(),
            origin,
            members: Vec::new(),
            is_abstract,
            shares: None,
            parent: None,
            known: Vec::new(),
            table: None,
            called: None,
        });
    }

    /// Classes of settings of a class's bases, where some of them hold for it too.
    fn inherited_settings(&self, at: ClassRef, rule: &ModelRule) -> Rc<(Vec<ClassRef>, Vec<String>)> {
        if rule.settings_inherited.is_empty() {
            return Rc::default();
        }
        let mut found = Vec::new();
        self.constants.settings_classes(at, &rule.settings_class, 0, &mut found);
        Rc::new((found, rule.settings_inherited.clone()))
    }

    /// Models that are made by calls, and those that a type lists.
    fn values(&mut self, file: FileId) {
        let Some(code) = self.constants.program.file(file).map(|f| f.code) else { return };
        let rules = self.rules(file);
        let mut calls: Vec<(Rule<'k>, &'a Expr, Option<&'a Expr>)> = Vec::new();
        let mut lists: Vec<(Rule<'k>, &'a Type)> = Vec::new();
        let mut outside = Vec::new();
        let last = |p: &String, name: &str| p.rsplit('.').next().is_some_and(|l| l == name);
        visit::each(code, &mut |met| match met {
            Met::Value(expr, name) => {
                let ExprKind::Call { function, .. } = &expr.kind else { return };
                let word = match &function.kind {
                    ExprKind::Member(_, word) => &*word.text,
                    ExprKind::Name(word) => word,
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
                let Some(word) = ty.name() else { return };
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

    fn value_model(&mut self, file: FileId, rule: Rule<'k>, expr: &'a Expr, target: Option<&'a Expr>) {
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
        let call = CallView { scope, callee, args, receiver, chain: Vec::new() };
        let Some(members) = self.value_members(&call, rule) else { return };
        let name = match (class.and_then(|c| self.constants.program.class(c)), target.map(|t| &t.kind)) {
            (Some(def), _) => super::item::word(Scope::of(class.map_or(file, |c| c.file)), &def.name),
            (None, Some(ExprKind::Name(name))) => Named { text: (&**name).into(), origin: target.map(|t| Origin { file, span: t.span }) },
            (None, Some(ExprKind::Member(_, name))) => super::item::word(scope, name),
            _ => match args.first().and_then(|a| self.constants.text(scope, &a.value, &Given::default())) {
                Some(name) => name,
                None => return,
            },
        };
        let origin = Origin { file, span: target.map_or(expr.span, |t| t.span.to(expr.span)) };
        let item = Item {
            scope,
            class,
            name,
            call: Some(call),
            value: None,
            decorators: &[],
            ty: None,
            tag: None,
            settings: None,
            inherited: Rc::default(),
            vars: Vars::default(),
        };
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
    fn around(&self, file: FileId, span: Span) -> Option<ClassRef> {
        let code = self.constants.program.file(file)?.code;
        let inside = |c: &(usize, &crate::model::code::Class)| c.1.span.start <= span.start && span.end <= c.1.span.end;
        let (class, _) = code.classes.iter().enumerate().filter(inside).min_by_key(|(_, c)| c.span.len())?;
        Some(ClassRef { file, class: class as u32 })
    }

    /// Members of a model that a call makes: entries of an object, or field calls among the arguments. `None` where
    /// the call has no such argument.
    fn value_members(&self, call: &CallView<'a>, rule: Rule<'k>) -> Option<Vec<Member<'a>>> {
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

    fn field_arguments(&self, scope: Scope, arg: &'a Arg, rule: Rule<'k>, out: &mut Vec<Member<'a>>, depth: u32) {
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

    fn field_argument(&self, scope: Scope, value: &'a Expr, rule: Rule<'k>, out: &mut Vec<Member<'a>>) {
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
                Entry::Named(name, value) => (super::item::word(scope, name), value),
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

    /// Tables that an interface lists: `Kysely<Database>`.
    fn listed(&mut self, file: FileId, rule: Rule<'k>, ty: &'a Type) {
        let Type::Named { args, .. } = ty else { return };
        let scope = Scope::of(file);
        if type_name(self.constants, scope, ty).is_none_or(|n| !matches_any(&rule.model.tables_of, &n)) {
            return;
        }
        let Some(list) = args.first().and_then(|a| self.constants.class_of_type(scope, a)) else { return };
        let mut fields = Vec::new();
        self.interface_fields(list, &mut fields, 0);
        for (at, field) in fields {
            let inner = Scope::of(at.file);
            let Some(class) = field.ty.as_ref().and_then(|t| self.constants.class_of_type(inner, t)) else { continue };
            let table = super::item::word(inner, &field.name);
            let known = |d: &Draft| d.class == Some(class) && d.table.as_ref().is_some_and(|t| t.text == table.text);
            if self.drafts.iter().any(known) {
                continue;
            }
            self.add_class(class, rule, false);
            let set = self.set_by_call(rule.model).0;
            if let Some(draft) = self.drafts.last_mut() {
                let text = set.map(|naming| super::naming::under(naming, &table.text, ""));
                draft.item.name = table.clone();
                draft.table = Some(Named { text: text.map_or_else(|| table.text.clone(), |t| t.as_str().into()), origin: table.origin });
            }
        }
    }

    fn interface_fields(&self, at: ClassRef, out: &mut Vec<(ClassRef, &'a Field)>, depth: u32) {
        let Some(class) = self.constants.program.class(at).filter(|_| depth < 8) else { return };
        out.extend(class.fields.iter().map(|f| (at, f)));
        let scope = Scope::of(at.file);
        for base in class.bases.iter().filter_map(|b| self.constants.class(scope, b)).filter(|b| *b != at) {
            self.interface_fields(base, out, depth + 1);
        }
    }

    /// Classes of the program that models inherit fields from are abstract models.
    fn bases_of_models(&mut self) {
        let mut at = 0;
        while let Some((Some(class), rule)) = self.drafts.get(at).map(|d| (d.class, d.rule)) {
            at += 1;
            if self.drafts.get(at - 1).is_some_and(|d| d.item.call.as_ref().is_some_and(|c| rule.model.init_calls.contains(&c.callee))) {
                continue;
            }
            let bases = self.bases(class);
            for (other, is_abstract) in self.related(class, rule) {
                if !self.drafts.iter().any(|d| d.class == Some(other)) {
                    self.add_class(other, rule, is_abstract);
                }
            }
            let embedded = self.embedded_in(class);
            for base in bases.into_iter().chain(embedded) {
                if !self.drafts.iter().any(|d| d.class == Some(base)) {
                    self.add_class(base, rule, true);
                }
            }
        }
        // values come after the classes: those behind them have been seen
        let rest: Vec<(Rule<'k>, ClassRef)> = self.drafts.iter().skip(at).filter_map(|d| d.class.map(|c| (d.rule, c))).collect();
        for (rule, class) in rest {
            for base in self.bases(class) {
                if !self.drafts.iter().any(|d| d.class == Some(base)) {
                    self.add_class(base, rule, true);
                }
            }
        }
    }

    /// Structs that the fields of a struct relate to, where a rule takes types for relations; abstract ones are
    /// embedded.
    fn related(&self, at: ClassRef, rule: Rule<'k>) -> Vec<(ClassRef, bool)> {
        if !rule.model.relation.iter().any(|r| r.by_type) {
            return Vec::new();
        }
        let Some(class) = self.constants.program.class(at) else { return Vec::new() };
        let scope = Scope::of(at.file);
        let words = |role: FieldRole| rule.model.field.iter().filter(move |m| m.role == role).flat_map(|m| &m.tag_words);
        let mut found = Vec::new();
        for field in class.fields.iter().filter(|f| !f.embedded) {
            let tag = tag_of(at.file, field, rule.model);
            let has = |role: FieldRole| tag.as_ref().is_some_and(|t| words(role).any(|w| t.has(w)));
            let Some(other) = field.ty.as_ref().and_then(|t| self.constants.class_of_type(scope, t)) else { continue };
            let is_struct = self.constants.program.class(other).is_some_and(|c| c.kind == ClassKind::Struct);
            let stores_itself = ["Value", "Scan", "GormDataType", "FromDB", "MarshalText"]
                .iter()
                .any(|m| super::constants::method(self.constants.program, other, m).is_some());
            let as_text = tag.as_ref().is_some_and(|t| ["serializer", "json", "jsonb", "type"].iter().any(|w| t.has(w)));
            if is_struct && !stores_itself && !as_text && !has(FieldRole::Ignored) {
                found.push((other, has(FieldRole::Embedded)));
            }
        }
        found
    }

    /// Base classes of the program.
    pub fn bases(&self, at: ClassRef) -> Vec<ClassRef> {
        let Some(class) = self.constants.program.class(at) else { return Vec::new() };
        let scope = Scope::of(at.file);
        class.bases.iter().filter_map(|b| self.constants.base(scope, b)).filter(|b| *b != at).collect()
    }

    /// Structs that a struct embeds.
    fn embedded_in(&self, at: ClassRef) -> Vec<ClassRef> {
        let Some(class) = self.constants.program.class(at) else { return Vec::new() };
        let scope = Scope::of(at.file);
        class.fields.iter().filter(|f| f.embedded).filter_map(|f| self.constants.class_of_type(scope, f.ty.as_ref()?)).collect()
    }

    /// Members that code adds to a class from outside.
    pub fn added(&self, class: ClassRef) -> &[Member<'a>] {
        self.added.get(&class).map_or(&[], Vec::as_slice)
    }

    /// Whether a struct is only ever embedded.
    pub fn only_embedded(&self, class: ClassRef) -> bool {
        self.embedded.contains(&class) && !self.used.contains(&class)
    }
}

/// An item that is only a call.
pub(super) fn plain_item(call: CallView<'_>) -> Item<'_> {
    Item {
        scope: call.scope,
        class: None,
        name: super::constants::made(""),
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

/// The tag of a field under the key of a rule.
pub(super) fn tag_of(file: FileId, field: &Field, rule: &ModelRule) -> Option<tags::Tag> {
    if rule.tag.is_empty() {
        return None;
    }
    tags::read(file, field.tag.as_ref()?, &rule.tag, rule.tag_style).filter(|t| rule.tag_style != TagStyle::First || !t.words.is_empty())
}

/// The qualified name of a type of a library.
pub(super) fn type_name(constants: Constants, scope: Scope, ty: &Type) -> Option<String> {
    match ty {
        Type::Named { path, .. } => {
            let path: Vec<&str> = path.iter().map(|w| &*w.text).collect();
            constants.program.qualified_path(scope.file, &path)
        }
        Type::Pointer(inner) | Type::Slice(inner) => type_name(constants, scope, inner),
        Type::Union(all) => all.iter().find_map(|t| type_name(constants, scope, t)),
        _ => None,
    }
}

/// An expression without `&`, `*`.
fn bare(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Reference(of) | ExprKind::Cast(of, _) => bare(of),
        _ => expr,
    }
}

/// Whether a model was chosen before in a chain: what comes then only takes the rows.
fn chosen(object: &Expr) -> bool {
    match &object.kind {
        ExprKind::Call { function, .. } => match &function.kind {
            ExprKind::Member(inner, name) => matches!(&*name.text, "Model" | "Table" | "Raw") || chosen(inner),
            _ => false,
        },
        _ => false,
    }
}

/// The struct that a literal makes: `&User{}`, `[]User{}`, `new(User)`, `make([]User, 0)`.
fn struct_of<'a>(constants: Constants<'_, 'a>, scope: Scope, expr: &'a Expr) -> Option<ClassRef> {
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
