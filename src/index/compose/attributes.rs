//! Attributes of values of unknown type that are called like the field of a model: uses, where one model alone has a field
//! of that name and nothing else in the program is called so.

use crate::index::mapping::visit::{self, Met};
use crate::index::mapping::{FieldId, ModelId, Models, Origin};
use crate::index::program::{ClassRef, Program};
use crate::index::trace::Use;
use crate::model::code::{Expr, ExprKind, name_number};
use crate::model::span::Span;
use std::collections::{HashMap, HashSet};

/// What attributes there are besides those whose value is known.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    /// Those that one model alone can mean.
    pub uses: Vec<Use>,
    /// How many others are called like a field.
    pub unclear: u32,
}

/// What a name may mean: one field, or several things.
type Meaning = Option<(ModelId, FieldId)>;

/// The attributes of the service's own files, besides those at places (file and start) that are `known`.
pub(super) fn attributes(program: &Program, models: &Models, known: &HashSet<(u32, u32)>) -> Attributes {
    let fields = fields(program, models);
    let mut out = Attributes::default();
    if fields.is_empty() {
        return out;
    }
    let numbers: Vec<u64> = fields.keys().map(|name| name_number(name)).collect();
    for (number, file) in program.files.iter().enumerate().filter(|(_, f)| f.own) {
        let number = number as u32;
        if !numbers.iter().any(|n| file.code.mentions.all.has(*n)) {
            continue;
        }
        let mut called: HashSet<Span> = HashSet::new();
        let mut found: Vec<(Span, Meaning)> = Vec::new();
        visit::each(file.code, &mut |met| {
            let Met::Value(expr, _) = met else { return };
            match &expr.kind {
                ExprKind::Call { function, .. } => drop(called.insert(function.span)),
                ExprKind::Member(object, name) if !called.contains(&expr.span) && !is_known(object, file.imports) => {
                    if let Some(meaning) = fields.get(&*name.text) {
                        found.push((name.span, *meaning));
                    }
                }
                _ => {}
            }
        });
        for (span, meaning) in found.into_iter().filter(|(span, _)| !known.contains(&(number, span.start))) {
            match meaning {
                Some((model, field)) => out.uses.push(Use { origin: Origin { file: number, span }, model, field, carried: false }),
                None => out.unclear += 1,
            }
        }
    }
    out.uses.sort();
    out.uses.dedup();
    out
}

/// Names of fields with what they may mean. One word alone (`name`, `status`) says too little.
fn fields(program: &Program, models: &Models) -> HashMap<String, Meaning> {
    let mut out: HashMap<String, Meaning> = HashMap::new();
    let root = |id: ModelId| models.get(id).and_then(|m| m.shares).unwrap_or(id);
    for (id, model) in models.models.iter().enumerate().filter(|(_, m)| !m.is_abstract && !m.is_brought()) {
        for (number, field) in model.fields.iter().enumerate().filter(|(_, f)| !f.name.contains('.')) {
            let here = Some((id as ModelId, number as FieldId)).filter(|_| has_several_words(&field.name));
            let same = |known: &Meaning| known.is_some_and(|(m, _)| root(m) == root(id as ModelId));
            out.entry(field.name.to_string()).and_modify(|k| *k = k.filter(|_| same(k))).or_insert(here);
        }
    }
    let is_model: HashSet<_> = models.models.iter().filter_map(|m| m.class).collect();
    for (number, file) in program.files.iter().enumerate() {
        for (class, definition) in file.code.classes.iter().enumerate() {
            let own = ClassRef { file: number as u32, class: class as u32 };
            if !is_model.contains(&own) {
                let methods = definition.methods.iter().filter_map(|m| file.code.functions.get(*m as usize)).map(|f| &f.name);
                let members = definition.fields.iter().map(|f| &f.name).chain(methods);
                for name in members {
                    out.entry(name.text.to_string()).and_modify(|known| *known = None);
                }
            }
        }
    }
    out
}

/// Whether what an attribute is taken of is told by its name: the instance itself, a module, a class.
fn is_known(object: &Expr, imports: &[crate::model::facts::Import]) -> bool {
    match &object.kind {
        ExprKind::Name(name) => matches!(&**name, "self" | "cls" | "this") || imports.iter().any(|i| i.local == **name),
        _ => false,
    }
}

/// `user_id`, `userId`, `UserID`: an inner capital or an underscore.
fn has_several_words(name: &str) -> bool {
    let inner = name.char_indices().skip(1);
    name.trim_matches('_').contains('_')
        || inner.clone().zip(name.chars()).any(|((_, c), before)| c.is_uppercase() && before.is_lowercase())
}

#[cfg(test)]
mod tests {
    use super::has_several_words;

    #[test]
    fn words_of_names() {
        let cases =
            [("user_id", true), ("userId", true), ("UserID", true), ("status", false), ("_id", false), ("ID", false), ("Name", false)];
        for (name, several) in cases {
            assert_eq!(has_several_words(name), several, "{name}");
        }
    }
}
