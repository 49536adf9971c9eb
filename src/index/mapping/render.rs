//! Models in words, for people and snapshots.

use super::{Model, Models, Named, Relation};
use crate::index::program::Program;
use std::fmt::Write;

/// All models of the program, one line per column and relation.
pub fn render(models: &Models, program: &Program) -> String {
    let mut out = String::new();
    for model in models.models.iter().filter(|m| !m.is_brought()) {
        head(&mut out, models, model, program);
        for field in &model.fields {
            let _ = write!(out, "  {} -> {}", field.name, field.column.text);
            if field.column.origin.is_none() {
                out.push_str(" (made)");
            }
            let mut words: Vec<String> = field.aliases.iter().map(|a| format!("also {a}")).collect();
            words.extend((!field.ty.is_empty()).then(|| format!("type {}", field.ty)));
            words.extend((field.role != crate::grammar::mapper::FieldRole::Column).then(|| format!("{:?}", field.role).to_lowercase()));
            let nullable = match field.nullable {
                Some(true) => Some("null"),
                Some(false) => Some("not null"),
                None => None,
            };
            let flags = [
                (field.primary, "key"),
                (field.has_default, "default"),
                (field.generated, "generated"),
                (field.on_update, "on update"),
                (field.deferred, "deferred"),
            ];
            words.extend(flags.iter().filter(|f| f.0).map(|f| f.1).chain(nullable).map(str::to_string));
            if !words.is_empty() {
                let _ = write!(out, ": {}", words.join(", "));
            }
            out.push('\n');
        }
        for relation in &model.relations {
            relation_line(&mut out, models, relation);
        }
    }
    for (place, name) in &models.unknown {
        let path = program.file(place.file).map_or("", |f| f.path);
        let _ = writeln!(out, "unknown other side of {name} in {path}");
    }
    out
}

fn table(schema: Option<&Named>, name: &Named) -> String {
    schema.map(|s| format!("{}.", s.text)).unwrap_or_default() + &name.text
}

fn head(out: &mut String, models: &Models, model: &Model, program: &Program) {
    let name = |id| models.get(id).map_or("?", |m: &Model| &m.name.text);
    let _ = write!(out, "{} {} in {}", model.pack, model.name.text, program.file(model.origin.file).map_or("", |f| f.path));
    match model.is_abstract {
        true => out.push_str(": abstract"),
        false => drop(write!(out, ": table {}", table(model.schema.as_ref(), &model.table))),
    }
    if let Some(shared) = model.shares {
        let _ = write!(out, ", shared with {}", name(shared));
    }
    if let Some((parent, field)) = model.parent {
        let key = model.fields.get(field as usize).map_or("?", |f| &f.name);
        let _ = write!(out, ", part of {} by {key}", name(parent));
    }
    if !model.order.is_empty() {
        let _ = write!(out, ", ordered by {}", model.order.iter().map(|o| &*o.text).collect::<Vec<_>>().join(" "));
    }
    if let Some((field, _)) = model.discriminator {
        let _ = write!(out, ", told by {}", model.fields.get(field as usize).map_or("?", |f| &f.name));
    }
    out.push('\n');
}

fn relation_line(out: &mut String, models: &Models, relation: &Relation) {
    let target = models.get(relation.target).map_or("?", |m| &m.name.text);
    let _ = write!(out, "  {} => {target}: {:?}", relation.name, relation.shape);
    let pairs = |keys: &[(Named, Named)]| keys.iter().map(|(a, b)| format!("{} = {}", a.text, b.text)).collect::<Vec<_>>().join(" and ");
    let _ = write!(out, " {}", pairs(&relation.keys));
    if let Some(through) = &relation.through {
        let _ = write!(out, " through {} {}", table(through.schema.as_ref(), &through.table), pairs(&through.keys));
    }
    if let Some(query) = &relation.query_name {
        let _ = write!(out, ", in queries {query}");
    }
    if relation.origin.is_none() {
        out.push_str(", reverse");
    }
    if relation.eager {
        out.push_str(", eager");
    }
    if !relation.order.is_empty() {
        let _ = write!(out, ", ordered by {}", relation.order.iter().map(|o| &*o.text).collect::<Vec<_>>().join(" "));
    }
    out.push('\n');
}
