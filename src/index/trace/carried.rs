//! Attributes that code reads off objects which it made of an entity's attributes (`{ title: ticket.title }`): uses of the
//! entity's fields, as far as the object holds them under their own names. Objects made of such objects carry them on.

use super::{Traced, Use};
use crate::index::mapping::visit::{self, Met};
use crate::index::mapping::{FieldId, ModelId, Models, Origin};
use crate::index::program::Program;
use crate::model::code::{Entry, ExprKind};
use crate::model::span::Span;
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

/// Objects that are made of each other.
const MAX_DEPTH: usize = 8;

/// Where an entry of an object is read, and where it is named in the literal that made it.
pub(super) type Drawn = HashSet<(Origin, Origin)>;

/// The entry of a literal.
struct Given<'a> {
    name: &'a str,
    /// Its value.
    value: Span,
}

/// Adds the uses that objects carry to those that were traced.
pub(super) fn add(program: &Program<'_>, models: &Models, traced: &mut Traced, drawn: &Drawn) {
    if drawn.is_empty() || traced.uses.is_empty() {
        return;
    }
    let given = given(program, drawn);
    // every place where a field is read, by file and place
    let mut read: Vec<Use> = traced.uses.clone();
    let mut known: HashSet<(Origin, ModelId, FieldId)> = read.iter().map(|u| (u.origin, u.model, u.field)).collect();
    let mut found = Vec::new();
    for _ in 0..MAX_DEPTH {
        read.sort_unstable();
        let mut held: HashMap<Origin, Vec<(ModelId, FieldId)>> = HashMap::default();
        for (key, entry) in &given {
            let from = read.partition_point(|u| (u.origin.file, u.origin.span.start) < (key.file, entry.value.start));
            let inside = read.iter().skip(from).take_while(|u| u.origin.file == key.file && u.origin.span.start < entry.value.end);
            let fields = inside.filter(|u| is_called(models, u, entry.name)).map(|u| (u.model, u.field));
            held.insert(*key, fields.collect());
        }
        let mut more = Vec::new();
        for (origin, key) in drawn {
            for &(model, field) in held.get(key).into_iter().flatten() {
                if known.insert((*origin, model, field)) {
                    more.push(Use { origin: *origin, model, field, carried: true });
                }
            }
        }
        if more.is_empty() {
            break;
        }
        read.extend(&more);
        found.extend(more);
    }
    traced.uses.extend(found);
    traced.uses.sort_unstable();
}

fn is_called(models: &Models, used: &Use, name: &str) -> bool {
    let field = models.get(used.model).and_then(|m| m.fields.get(used.field as usize));
    field.is_some_and(|f| *f.name == *name || *f.column.text == *name)
}

/// The entries that are read.
fn given<'a>(program: &Program<'a>, drawn: &Drawn) -> HashMap<Origin, Given<'a>> {
    let keys: HashSet<Origin> = drawn.iter().map(|(_, key)| *key).collect();
    let files: HashSet<u32> = keys.iter().map(|k| k.file).collect();
    let mut out = HashMap::default();
    for file in files {
        let Some(content) = program.file(file) else { continue };
        visit::each(content.code, &mut |met| {
            let Met::Value(expr, _) = met else { return };
            let (ExprKind::Map(entries) | ExprKind::Composite(_, entries)) = &expr.kind else { return };
            for entry in entries {
                if let Entry::Named(word, value) = entry {
                    let key = Origin { file, span: word.span };
                    if keys.contains(&key) {
                        out.insert(key, Given { name: &word.text, value: value.span });
                    }
                }
            }
        });
    }
    out
}
