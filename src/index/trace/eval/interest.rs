//! Which functions can hold anything of interest: those that mention a word of a pack in force or a model, and
//! those that mention a function that does.

use crate::grammar::PackSet;
use crate::index::mapping::Models;
use crate::index::program::{ClassRef, FunctionRef, Program};
use crate::model::code::{Arg, Entry, Expr, ExprKind, Function, FunctionId, Outer, Part, Stmt, Type};
use rustc_hash::FxHashSet as HashSet;

/// Times that interest is handed on to callers.
const ROUNDS: usize = 3;
/// Code inside code that is walked.
const DEPTH: usize = 200;

/// Letters of a field's name that is hardly one of anything else.
const LONG: usize = 7;
/// What methods of models are taken to mention.
const OF_MODEL: &str = "self.";

/// Names that code mentions.
#[derive(Default)]
struct Mentions<'a> {
    names: HashSet<&'a str>,
    /// Names with a member of them: `models.Order`.
    members: HashSet<(&'a str, &'a str)>,
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
    // `book` is a `Book`, for libraries that say so
    let by_name = |p: &&crate::grammar::pack::Pack| in_force.contains(&p.id) && p.mapper.as_ref().is_some_and(|m| m.entity_names);
    let named = packs.languages().iter().any(|rules| rules.packs.iter().any(|p| by_name(&p)));
    let snakes: Vec<String> = models.models.iter().filter(|_| named).map(|m| crate::index::mapping::snake(&m.name.text)).collect();
    words.extend(snakes.iter().map(String::as_str));
    words.insert(OF_MODEL);
    methods.retain(|m| !words.contains(m));
    let mut mentioned: Vec<(FunctionRef, &str, HashSet<&str>)> = Vec::new();
    for (file, content) in program.files.iter().enumerate() {
        for (i, function) in content.code.functions.iter().enumerate() {
            let mut mentions = Mentions::default();
            mention(&content.code.functions, function, &mut mentions, 0);
            let mut names = mentions.names;
            if let Outer::Class(class) = function.outer
                && classes.contains(&ClassRef { file: file as u32, class })
            {
                names.insert(OF_MODEL);
            }
            mentioned.push((FunctionRef { file: file as u32, function: i as u32 }, &function.name.text, names));
        }
    }
    let mut functions = HashSet::default();
    for _ in 0..ROUNDS {
        let mut added: HashSet<&str> = HashSet::default();
        mentioned.retain(|(function, name, names)| {
            let named = || names.iter().any(|n| methods.contains(n)) && names.iter().any(|n| members.contains(*n));
            let fits = names.iter().any(|n| words.contains(n)) || named();
            if fits {
                functions.insert(*function);
                if !name.is_empty() && !methods.contains(name) {
                    added.insert(name);
                }
            }
            !fits
        });
        let before = words.len();
        words.extend(added);
        if words.len() == before {
            break;
        }
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
        block(&code.functions, &code.body, &mut mentions, 0);
        for (i, function) in code.functions.iter().enumerate() {
            if interest.has(FunctionRef { file, function: i as u32 }) {
                mention(&code.functions, function, &mut mentions, 0);
                function.decorators.iter().for_each(|d| expression(&code.functions, d, &mut mentions, 0));
            }
        }
        for class in &code.classes {
            let values = class.fields.iter().flat_map(|f| f.decorators.iter().chain(&f.value));
            class.decorators.iter().chain(&class.bases).chain(values).for_each(|e| expression(&code.functions, e, &mut mentions, 0));
            class.fields.iter().filter_map(|f| f.ty.as_ref()).for_each(|t| typed(t, &mut mentions, 0));
            block(&code.functions, &class.body, &mut mentions, 0);
        }
        mentions.names.iter().for_each(|name| drop(program.lookup(file, name)));
        mentions.members.iter().for_each(|(name, member)| drop(program.lookup_path(file, &[name, member])));
    }
}

fn mention<'a>(all: &'a [Function], function: &'a Function, out: &mut Mentions<'a>, depth: usize) {
    if depth > DEPTH {
        return;
    }
    for param in function.params.iter().chain(&function.receiver) {
        if let Some(ty) = &param.ty {
            typed(ty, out, 0);
        }
        if let Some(default) = &param.default {
            expression(all, default, out, depth + 1);
        }
        out.names.insert(&param.name.text);
    }
    if let Some(ty) = &function.returns {
        typed(ty, out, 0);
    }
    block(all, &function.body, out, depth + 1);
}

fn typed<'a>(ty: &'a Type, out: &mut Mentions<'a>, depth: usize) {
    if depth > DEPTH {
        return;
    }
    match ty {
        Type::Named { path, args } => {
            out.names.extend(path.iter().map(|w| &*w.text));
            if let [name, member, ..] = path.as_slice() {
                out.members.insert((&name.text, &member.text));
            }
            args.iter().for_each(|a| typed(a, out, depth + 1));
        }
        Type::Pointer(inner) | Type::Slice(inner) | Type::Function(inner) => typed(inner, out, depth + 1),
        Type::Map(a, b) => {
            typed(a, out, depth + 1);
            typed(b, out, depth + 1);
        }
        Type::Union(all) | Type::Tuple(all) => all.iter().for_each(|t| typed(t, out, depth + 1)),
        _ => {}
    }
}

fn block<'a>(all: &'a [Function], body: &'a [Stmt], out: &mut Mentions<'a>, depth: usize) {
    if depth > DEPTH {
        return;
    }
    let inner = |id: &FunctionId, out: &mut Mentions<'a>| {
        if let Some(function) = all.get(*id as usize) {
            mention(all, function, out, depth + 1);
        }
    };
    for stmt in body {
        match stmt {
            Stmt::Assign { target, ty, value, .. } => {
                expression(all, target, out, depth + 1);
                if let Some(ty) = ty {
                    typed(ty, out, 0);
                }
                if let Some(value) = value {
                    expression(all, value, out, depth + 1);
                }
            }
            Stmt::Expr(expr) | Stmt::Return(Some(expr), _) => expression(all, expr, out, depth + 1),
            Stmt::Branch { arms, .. } => {
                for (condition, body) in arms {
                    if let Some(condition) = condition {
                        expression(all, condition, out, depth + 1);
                    }
                    block(all, body, out, depth + 1);
                }
            }
            Stmt::Loop { target, over, body } => {
                for expr in target.iter().chain(over) {
                    expression(all, expr, out, depth + 1);
                }
                block(all, body, out, depth + 1);
            }
            Stmt::Block(body) => block(all, body, out, depth + 1),
            Stmt::Function(id) => inner(id, out),
            Stmt::Class(_) | Stmt::Leave | Stmt::Export { .. } | Stmt::Return(None, _) => {}
        }
    }
}

fn expression<'a>(all: &'a [Function], expr: &'a Expr, out: &mut Mentions<'a>, depth: usize) {
    if depth > DEPTH {
        return;
    }
    let mut each = |items: &mut dyn Iterator<Item = &'a Expr>| items.for_each(|e| expression(all, e, out, depth + 1));
    match &expr.kind {
        ExprKind::Name(name) => drop(out.names.insert(name)),
        ExprKind::Member(object, name) => {
            each(&mut std::iter::once(&**object));
            out.names.insert(&name.text);
            if let ExprKind::Name(of) = &object.kind {
                out.members.insert((of, &name.text));
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
        ExprKind::Map(entries) => entries.iter().for_each(|e| entry(all, e, out, depth + 1)),
        ExprKind::Composite(ty, entries) => {
            typed(ty, out, 0);
            entries.iter().for_each(|e| entry(all, e, out, depth + 1));
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
        ExprKind::Lambda(id) => {
            if let Some(function) = all.get(*id as usize) {
                mention(all, function, out, depth + 1);
            }
        }
        ExprKind::Scalar(_) | ExprKind::Null | ExprKind::Class(_) => {}
    }
}

fn value(part: &Part) -> Option<&Expr> {
    match part {
        Part::Value(expr) => Some(expr),
        Part::Text(..) => None,
    }
}

fn entry<'a>(all: &'a [Function], entry: &'a Entry, out: &mut Mentions<'a>, depth: usize) {
    match entry {
        Entry::Named(_, value) | Entry::Spread(value) | Entry::Item(value) => expression(all, value, out, depth),
        Entry::Computed(key, value) => {
            expression(all, key, out, depth);
            expression(all, value, out, depth);
        }
        Entry::Method(id) => {
            if let Some(function) = all.get(*id as usize) {
                mention(all, function, out, depth);
            }
        }
    }
}
