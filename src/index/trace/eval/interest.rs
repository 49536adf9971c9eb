//! Which functions can hold anything of interest: those that mention a word of a pack in force or a model, and
//! those that mention a function that does.

use crate::grammar::PackSet;
use crate::index::mapping::Models;
use crate::index::program::{ClassRef, FunctionRef, Program};
use crate::model::code::{Arg, Code, Entry, Expr, ExprKind, Function, FunctionId, Outer, Part, Stmt, Type};
use rustc_hash::FxHashSet as HashSet;

/// Times that interest is handed on to callers.
const ROUNDS: usize = 3;
/// Code inside code that is walked.
const DEPTH: usize = 200;

/// Letters of a field's name that is hardly one of anything else.
const LONG: usize = 7;
/// What methods of models are taken to mention.
const OF_MODEL: &str = "self.";

/// Names that code mentions, apart from those of the functions inside.
#[derive(Default)]
struct Mentions<'a> {
    names: Vec<&'a str>,
    /// Names with a member of them: `models.Order`.
    members: Vec<(&'a str, &'a str)>,
    /// Functions inside.
    inner: Vec<FunctionId>,
}

/// What the functions of a file mention, and which of them matter.
struct Matters<'a> {
    mentions: Vec<Mentions<'a>>,
    /// By function: it mentions a word; a method, a model that the method may be of.
    found: Vec<(bool, bool, bool)>,
    /// What types that are made of values mention, by their names.
    types: Vec<(&'a str, Mentions<'a>)>,
    /// Functions that are given to calls of the module, by the names of what those give (`const load = cache(() => ...)`).
    made: Vec<(&'a str, Vec<FunctionId>)>,
    /// By function: a name of it that matters to those who mention it was taken over.
    taken: Vec<bool>,
}

impl Matters<'_> {
    /// What a function and those inside it mention together.
    fn with_inner(&self, function: usize, depth: usize) -> (bool, bool, bool) {
        let mut all = self.found.get(function).copied().unwrap_or_default();
        if depth < DEPTH && !all.0 {
            for &inner in self.mentions.get(function).map_or(&[][..], |m| &m.inner) {
                let more = self.with_inner(inner as usize, depth + 1);
                all = (all.0 || more.0, all.1 || more.1, all.2 || more.2);
            }
        }
        all
    }
}

/// Functions worth running.
pub(super) struct Interest {
    functions: HashSet<FunctionRef>,
}

impl Interest {
    /// Whether running the function can bring anything to light.
    pub(super) fn has(&self, function: FunctionRef) -> bool {
        self.functions.contains(&function)
    }
}

/// Ids of the packs with a mapper that an import of the program brings into force.
pub(super) fn in_force(program: &Program<'_>, packs: &PackSet) -> HashSet<String> {
    let mut out = HashSet::default();
    for file in &program.files {
        let Some(rules) = packs.language(file.language) else { continue };
        for import in file.imports {
            for at in rules.detected_by(&import.module) {
                if let Some(pack) = rules.packs.get(at).filter(|p| p.mapper.is_some()) {
                    out.insert(pack.id.clone());
                }
            }
        }
    }
    out
}

/// Functions of the program that mention what matters.
pub(super) fn find(program: &Program<'_>, models: &Models, packs: &PackSet, in_force: &HashSet<String>) -> Interest {
    let mut words: HashSet<&str> = HashSet::default();
    // Methods of models that code reaches by their name (`client.user.update()`): they matter beside such a name.
    let (mut methods, mut members): (HashSet<&str>, HashSet<String>) = Default::default();
    for rules in packs.languages() {
        for mapper in rules.packs.iter().filter(|p| in_force.contains(&p.id)).filter_map(|p| p.mapper.as_ref()) {
            let last = |name: &'_ String| -> usize { name.rfind(['.', '/']).map_or(0, |at| at + 1) };
            for rule in &mapper.call {
                let by_member = mapper.schema_language.is_some() && rule.on.iter().any(|kind| kind == "model");
                let place = if by_member { &mut methods } else { &mut words };
                place.extend(rule.names.iter().map(|n| &n[last(n)..]));
            }
            for rule in &mapper.member {
                words.extend(rule.names.iter().map(String::as_str));
            }
            for rule in &mapper.kind {
                words.extend(rule.calls.iter().chain(&rule.types).map(|n| &n[last(n)..]));
                words.extend(rule.variables.iter().map(String::as_str));
            }
        }
    }
    let mut classes: HashSet<ClassRef> = HashSet::default();
    for model in &models.models {
        words.insert(&model.name.text);
        let mut chars = model.name.text.chars();
        members.extend(chars.next().map(|first| first.to_lowercase().chain(chars).collect::<String>()));
        let mapper = packs.languages().iter().find_map(|l| l.pack(&model.pack)).and_then(|p| p.mapper.as_ref());
        if mapper.is_some_and(|m| m.entity_names) {
            // what holds an instance is told by its name: code that reads a field needs no other word
            let fields = model.fields.iter().filter(|_| !model.is_brought()).map(|f| &*f.name);
            words.extend(fields.filter(|n| n.contains('_') || n.len() >= LONG));
            classes.extend(model.class);
        }
    }
    // models under the names that files give them
    let aliases = program.files.iter().flat_map(|f| f.imports).filter(|i| i.local != i.name && words.contains(i.name.as_str()));
    let aliases: Vec<&str> = aliases.map(|i| i.local.as_str()).filter(|local| !local.is_empty()).collect();
    words.extend(aliases);
    // `book` is a `Book`, for libraries that say so
    let by_name = |p: &&crate::grammar::pack::Pack| in_force.contains(&p.id) && p.mapper.as_ref().is_some_and(|m| m.entity_names);
    let named = packs.languages().iter().any(|rules| rules.packs.iter().any(|p| by_name(&p)));
    let snakes: Vec<String> = models.models.iter().filter(|_| named).map(|m| crate::index::mapping::snake(&m.name.text)).collect();
    words.extend(snakes.iter().map(String::as_str));
    words.insert(OF_MODEL);
    methods.retain(|m| !words.contains(m));
    let mut files: Vec<Matters> = Vec::new();
    for (file, content) in program.files.iter().enumerate() {
        let count = content.code.functions.len();
        let mut matters = Matters {
            mentions: Vec::new(),
            found: Vec::new(),
            types: made_of_values(content.code),
            made: made_of_functions(content.code),
            taken: vec![false; count],
        };
        for function in &content.code.functions {
            let mut mentions = Mentions::default();
            mention(function, &mut mentions);
            let of_model = matches!(function.outer, Outer::Class(class) if classes.contains(&ClassRef { file: file as u32, class }));
            let names = &mentions.names;
            let word = of_model || names.iter().any(|n| words.contains(n));
            let by_member = !word && !methods.is_empty();
            let method = by_member && names.iter().any(|n| methods.contains(n));
            let member = by_member && names.iter().any(|n| members.contains(*n));
            matters.found.push((word, method, member));
            matters.mentions.push(mentions);
        }
        files.push(matters);
    }
    let mut functions = HashSet::default();
    for round in 0..ROUNDS {
        let mut added: HashSet<&str> = HashSet::default();
        for (file, content) in program.files.iter().enumerate() {
            let Some(matters) = files.get_mut(file) else { continue };
            // a type that is made of what a function returns stands for its rows
            for (name, mentions) in &matters.types {
                if !words.contains(name) && mentions.names.iter().any(|n| words.contains(n)) {
                    added.insert(name);
                }
            }
            for (name, inner) in &matters.made {
                if !words.contains(name) && inner.iter().any(|f| matters.taken.get(*f as usize).copied().unwrap_or_default()) {
                    added.insert(name);
                }
            }
            for (i, function) in content.code.functions.iter().enumerate().filter(|(i, _)| !matters.taken[*i]).collect::<Vec<_>>() {
                let (word, method, member) = matters.with_inner(i, 0);
                if word || method && member {
                    matters.taken[i] = true;
                    functions.insert(FunctionRef { file: file as u32, function: i as u32 });
                    let name = &*function.name.text;
                    if !name.is_empty() && !methods.contains(name) && !words.contains(name) {
                        added.insert(name);
                    }
                }
            }
        }
        if added.is_empty() || round + 1 == ROUNDS {
            break;
        }
        for matters in &mut files {
            for (found, mentions) in matters.found.iter_mut().zip(&matters.mentions).filter(|(found, _)| !found.0) {
                found.0 = mentions.names.iter().any(|n| added.contains(n));
            }
        }
        words.extend(added);
    }
    Interest { functions }
}

/// Looks up what the functions worth running and the modules themselves mention, so that the program knows which
/// files tracing will ask for.
pub(in crate::index::trace) fn look_up(program: &Program<'_>, models: &Models, packs: &PackSet) {
    let in_force = in_force(program, packs);
    if in_force.is_empty() && models.models.is_empty() {
        return;
    }
    let interest = find(program, models, packs, &in_force);
    for (file, content) in program.files.iter().enumerate() {
        let (file, code) = (file as u32, content.code);
        let mut mentions = Mentions::default();
        block(&code.body, &mut mentions, 0);
        for class in &code.classes {
            let values = class.fields.iter().flat_map(|f| f.decorators.iter().chain(&f.value));
            class.decorators.iter().chain(&class.bases).chain(values).for_each(|e| expression(e, &mut mentions, 0));
            class.fields.iter().filter_map(|f| f.ty.as_ref()).for_each(|t| typed(t, &mut mentions, 0));
            block(&class.body, &mut mentions, 0);
        }
        let of_interest = (0..code.functions.len() as u32).filter(|&function| interest.has(FunctionRef { file, function }));
        mentions.inner.extend(of_interest);
        let mut seen = vec![false; code.functions.len()];
        while let Some(next) = mentions.inner.pop() {
            let Some(function) = code.functions.get(next as usize).filter(|_| !std::mem::replace(&mut seen[next as usize], true)) else {
                continue;
            };
            mention(function, &mut mentions);
            if interest.has(FunctionRef { file, function: next }) {
                function.decorators.iter().for_each(|d| expression(d, &mut mentions, 0));
            }
        }
        // only what an import brings can lie in a file that is missing
        let mut names: HashSet<&str> = HashSet::default();
        names.extend(mentions.names.iter().filter(|n| program.comes_from_outside(file, n)));
        names.iter().for_each(|name| drop(program.lookup(file, name)));
        let mut members: HashSet<(&str, &str)> = HashSet::default();
        members.extend(mentions.members.iter().filter(|m| names.contains(m.0)));
        members.iter().for_each(|(name, member)| drop(program.lookup_path(file, &[name, member])));
    }
}

/// The aliases of a file that name a value's type (`ReturnType<typeof load>`), with what they mention.
fn made_of_values(code: &Code) -> Vec<(&str, Mentions<'_>)> {
    let aliases = code.classes.iter().filter_map(|c| Some((&*c.name.text, c.alias.as_ref()?)));
    let mentioned = aliases.filter(|(_, ty)| is_of_value(ty, 0)).map(|(name, ty)| {
        let mut mentions = Mentions::default();
        typed(ty, &mut mentions, 0);
        (name, mentions)
    });
    mentioned.collect()
}

/// The names that a module gives to what calls of it make of functions, with those functions.
fn made_of_functions(code: &Code) -> Vec<(&str, Vec<FunctionId>)> {
    let mut out = Vec::new();
    for stmt in &code.body {
        if let Stmt::Assign { target: Expr { kind: ExprKind::Name(name), .. }, value: Some(value), .. } = stmt
            && let ExprKind::Call { args, .. } = &value.kind
        {
            let mut mentions = Mentions::default();
            args.iter().for_each(|a| expression(&a.value, &mut mentions, 0));
            if !mentions.inner.is_empty() {
                out.push((&**name, mentions.inner));
            }
        }
    }
    out
}

fn is_of_value(ty: &Type, depth: usize) -> bool {
    depth < DEPTH
        && match ty {
            Type::Of(_) => true,
            Type::Named { args, .. } => args.iter().any(|t| is_of_value(t, depth + 1)),
            Type::Pointer(inner) | Type::Slice(inner) | Type::Function(inner) => is_of_value(inner, depth + 1),
            Type::Union(all) | Type::Tuple(all) => all.iter().any(|t| is_of_value(t, depth + 1)),
            Type::Object(fields) => fields.iter().any(|(_, t)| is_of_value(t, depth + 1)),
            _ => false,
        }
}

fn mention<'a>(function: &'a Function, out: &mut Mentions<'a>) {
    for param in function.params.iter().chain(&function.receiver) {
        if let Some(ty) = &param.ty {
            typed(ty, out, 0);
        }
        if let Some(default) = &param.default {
            expression(default, out, 0);
        }
        out.names.push(&param.name.text);
    }
    if let Some(ty) = &function.returns {
        typed(ty, out, 0);
    }
    block(&function.body, out, 0);
}

fn typed<'a>(ty: &'a Type, out: &mut Mentions<'a>, depth: usize) {
    if depth > DEPTH {
        return;
    }
    match ty {
        Type::Named { path, args } => {
            out.names.extend(path.iter().map(|w| &*w.text));
            if let [name, member, ..] = path.as_slice() {
                out.members.push((&name.text, &member.text));
            }
            args.iter().for_each(|a| typed(a, out, depth + 1));
        }
        Type::Pointer(inner) | Type::Slice(inner) | Type::Function(inner) => typed(inner, out, depth + 1),
        Type::Map(a, b) => {
            typed(a, out, depth + 1);
            typed(b, out, depth + 1);
        }
        Type::Union(all) | Type::Tuple(all) => all.iter().for_each(|t| typed(t, out, depth + 1)),
        Type::Object(fields) => fields.iter().for_each(|(_, t)| typed(t, out, depth + 1)),
        Type::Of(value) => expression(value, out, depth + 1),
        _ => {}
    }
}

fn block<'a>(body: &'a [Stmt], out: &mut Mentions<'a>, depth: usize) {
    if depth > DEPTH {
        return;
    }
    for stmt in body {
        match stmt {
            Stmt::Assign { target, ty, value, .. } => {
                expression(target, out, depth + 1);
                if let Some(ty) = ty {
                    typed(ty, out, 0);
                }
                if let Some(value) = value {
                    expression(value, out, depth + 1);
                }
            }
            Stmt::Expr(expr) | Stmt::Return(Some(expr), _) => expression(expr, out, depth + 1),
            Stmt::Branch { arms, .. } => {
                for (condition, body) in arms {
                    if let Some(condition) = condition {
                        expression(condition, out, depth + 1);
                    }
                    block(body, out, depth + 1);
                }
            }
            Stmt::Loop { target, over, body } => {
                for expr in target.iter().chain(over) {
                    expression(expr, out, depth + 1);
                }
                block(body, out, depth + 1);
            }
            Stmt::Block(body) => block(body, out, depth + 1),
            Stmt::Function(id) => out.inner.push(*id),
            Stmt::Class(_) | Stmt::Leave | Stmt::Export { .. } | Stmt::Return(None, _) => {}
        }
    }
}

fn expression<'a>(expr: &'a Expr, out: &mut Mentions<'a>, depth: usize) {
    if depth > DEPTH {
        return;
    }
    let mut each = |items: &mut dyn Iterator<Item = &'a Expr>| items.for_each(|e| expression(e, out, depth + 1));
    match &expr.kind {
        ExprKind::Name(name) => out.names.push(name),
        ExprKind::Member(object, name) => {
            each(&mut std::iter::once(&**object));
            out.names.push(&name.text);
            if let ExprKind::Name(of) = &object.kind {
                out.members.push((of, &name.text));
            }
        }
        ExprKind::Text(parts) => each(&mut parts.iter().filter_map(value)),
        ExprKind::Tagged { tag, parts, .. } => each(&mut std::iter::once(&**tag).chain(parts.iter().filter_map(value))),
        ExprKind::Index(a, b) | ExprKind::Bind(a, b) | ExprKind::Binary { left: a, right: b, .. } => each(&mut [&**a, &**b].into_iter()),
        ExprKind::Call { function, args, .. } => each(&mut std::iter::once(&**function).chain(args.iter().map(|a: &Arg| &a.value))),
        ExprKind::List(items, ty) => {
            each(&mut items.iter());
            if let Some(ty) = ty {
                typed(ty, out, 0);
            }
        }
        ExprKind::Tuple(items) | ExprKind::Opaque(items) => each(&mut items.iter()),
        ExprKind::Map(entries) => entries.iter().for_each(|e| entry(e, out, depth + 1)),
        ExprKind::Composite(ty, entries) => {
            typed(ty, out, 0);
            entries.iter().for_each(|e| entry(e, out, depth + 1));
        }
        ExprKind::Reference(inner) | ExprKind::Spread(inner) | ExprKind::Instantiate(inner, _) | ExprKind::Unary { value: inner, .. } => {
            each(&mut std::iter::once(&**inner))
        }
        ExprKind::Cast(inner, ty) => {
            each(&mut std::iter::once(&**inner));
            typed(ty, out, 0);
        }
        ExprKind::Choice { condition, then, other } => each(&mut [&**condition, &**then, &**other].into_iter()),
        ExprKind::Each { target, over, conditions, body, .. } => each(&mut [&**target, &**over, &**body].into_iter().chain(conditions)),
        ExprKind::Lambda(id) => out.inner.push(*id),
        ExprKind::Scalar(_) | ExprKind::Null | ExprKind::Class(_) => {}
    }
}

fn value(part: &Part) -> Option<&Expr> {
    match part {
        Part::Value(expr) => Some(expr),
        Part::Text(..) => None,
    }
}

fn entry<'a>(entry: &'a Entry, out: &mut Mentions<'a>, depth: usize) {
    match entry {
        Entry::Named(_, value) | Entry::Spread(value) | Entry::Item(value) => expression(value, out, depth),
        Entry::Computed(key, value) => {
            expression(key, out, depth);
            expression(value, out, depth);
        }
        Entry::Method(id) => out.inner.push(*id),
    }
}
