//! Which functions can hold anything of interest: those that mention a word of a pack in force or a model, and
//! those that mention a function that does.

use crate::grammar::PackSet;
use crate::index::mapping::Models;
use crate::index::program::{ClassRef, FunctionRef, Program};
use crate::model::code::{Mentioned, Mentions, Outer, name_number};
use rustc_hash::FxHashSet as HashSet;

/// Times that interest is handed on to callers.
const ROUNDS: usize = 3;
/// Code inside code that is walked.
const DEPTH: usize = 200;

/// Letters of a field's name that is hardly one of anything else.
const LONG: usize = 7;

/// What the functions of a file mention, and which of them matter.
struct Matters<'a> {
    mentions: &'a Mentions,
    /// By function: it mentions a word; a method, a model that the method may be of.
    found: Vec<(bool, bool, bool)>,
    /// By function: a name of it that matters to those who mention it was taken over.
    taken: Vec<bool>,
}

impl Matters<'_> {
    /// What a function and those inside it mention together.
    fn with_inner(&self, function: usize, depth: usize) -> (bool, bool, bool) {
        let mut all = self.found.get(function).copied().unwrap_or_default();
        if depth < DEPTH && !all.0 {
            for &inner in self.mentions.functions.get(function).map_or(&[][..], |m| &m.inner) {
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
    methods.retain(|m| !words.contains(m));
    let numbers = |names: &mut dyn Iterator<Item = &str>| -> HashSet<u64> { names.map(name_number).collect() };
    let mut of_words = numbers(&mut words.iter().copied());
    let (of_methods, of_members) = (numbers(&mut methods.iter().copied()), numbers(&mut members.iter().map(String::as_str)));
    let mut files: Vec<Matters> = Vec::new();
    for (file, content) in program.files.iter().enumerate() {
        let mentions = &content.code.mentions;
        let functions = &content.code.functions;
        let mut matters = Matters { mentions, found: Vec::new(), taken: vec![false; functions.len()] };
        for (function, mentioned) in functions.iter().zip(&mentions.functions) {
            let of_model = matches!(function.outer, Outer::Class(class) if classes.contains(&ClassRef { file: file as u32, class }));
            let any = |of: &HashSet<u64>| mentioned.names.numbers().any(|n| of.contains(&n));
            let word = of_model || any(&of_words);
            let by_member = !word && !methods.is_empty();
            matters.found.push((word, by_member && any(&of_methods), by_member && any(&of_members)));
        }
        files.push(matters);
    }
    let mut functions = HashSet::default();
    for round in 0..ROUNDS {
        let mut added: HashSet<&str> = HashSet::default();
        for (file, content) in program.files.iter().enumerate() {
            let Some(matters) = files.get_mut(file) else { continue };
            // a type that is made of what a function returns stands for its rows
            for (name, names) in &matters.mentions.types {
                if !words.contains(&**name) && names.numbers().any(|n| of_words.contains(&n)) {
                    added.insert(name);
                }
            }
            for (name, inner) in &matters.mentions.made {
                if !words.contains(&**name) && inner.iter().any(|f| matters.taken.get(*f as usize).copied().unwrap_or_default()) {
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
        let of_added = numbers(&mut added.iter().copied());
        of_words.extend(&of_added);
        for matters in &mut files {
            for (found, mentioned) in matters.found.iter_mut().zip(&matters.mentions.functions).filter(|(found, _)| !found.0) {
                found.0 = mentioned.names.numbers().any(|n| of_added.contains(&n));
            }
        }
        words.extend(added);
    }
    Interest { functions }
}

/// Looks up what the functions worth running and the modules themselves mention, so that the program knows which
/// files tracing will ask for.
pub(in crate::index::trace) fn look_up<'a>(program: &Program<'a>, models: &Models, packs: &PackSet) {
    let in_force = in_force(program, packs);
    if in_force.is_empty() && models.models.is_empty() {
        return;
    }
    let interest = find(program, models, packs, &in_force);
    for (file, content) in program.files.iter().enumerate() {
        let (file, code) = (file as u32, content.code);
        // modules that are loaded for what they do, or whose value is used where they are loaded
        for import in content.imports.iter().filter(|i| i.local.is_empty() && !i.module.is_empty()) {
            program.module(file, &import.module);
        }
        let mentions = &code.mentions;
        let mut seen = vec![false; code.functions.len()];
        let mut left: Vec<u32> = mentions.module.inner.to_vec();
        left.extend((0..code.functions.len() as u32).filter(|&function| interest.has(FunctionRef { file, function })));
        // only what an import brings can lie in a file that is missing
        let mut outside: HashSet<(&str, &str)> = HashSet::default();
        let pairs = |of: &'a Mentioned| of.outside.iter().map(|(name, member)| (&**name, &**member));
        outside.extend(pairs(&mentions.module));
        while let Some(next) = left.pop() {
            let Some(of) = mentions.functions.get(next as usize) else { continue };
            if seen.get_mut(next as usize).is_none_or(|s| std::mem::replace(s, true)) {
                continue;
            }
            left.extend(&of.inner);
            outside.extend(pairs(of));
        }
        for (name, member) in outside {
            match member {
                "" => drop(program.lookup(file, name)),
                member => drop(program.lookup_path(file, &[name, member])),
            }
        }
    }
}
