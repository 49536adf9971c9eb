//! Classes whose attributes list fields of a model: forms, admins, serializers, filters.

use super::words::PackId;
use crate::index::mapping::{ModelId, Named, Origin};
use crate::index::program::ClassRef;
use crate::index::trace::query::SqlExpr;
use crate::index::trace::value::{MapKey, Object, Value};
use crate::index::trace::{Tracer, Use};

/// Lists in lists that are looked into.
const MAX_DEPTH: usize = 8;

impl Tracer<'_> {
    /// Takes the fields that the attributes of a class list, by the packs' rules, for uses.
    pub(super) fn listed(&mut self, class: ClassRef, site: Origin) {
        let words = self.words.clone();
        let bases = self.external_bases(class);
        for (pack, rule) in words.listings() {
            if !bases.iter().any(|q| rule.bases.iter().any(|b| super::words::is_name_of(b, q))) {
                continue;
            }
            let Some(model) = rule.model.iter().find_map(|path| self.listed_model(class, path, site)) else { continue };
            for path in &rule.attributes {
                let value = self.attribute_at(class, path, site);
                self.list_value(pack, model, &value, 0);
            }
        }
    }

    fn listed_model(&mut self, class: ClassRef, path: &str, site: Origin) -> Option<ModelId> {
        match path {
            "self" => self.models.by_class.get(&class).copied(),
            "type-argument" => self.kind_of_class(class)?.2,
            "register" => {
                let value = self.registered_with(class, path)?;
                self.model_of(&value)
            }
            _ => {
                let value = self.attribute_at(class, path, site);
                self.model_of(&value)
            }
        }
    }

    fn attribute_at(&mut self, class: ClassRef, path: &str, site: Origin) -> Value {
        let mut at = Value::Class(class);
        for name in path.split('.') {
            at = self.read_member(&at, &Named { text: name.into(), origin: None }, site);
        }
        at
    }

    fn list_value(&mut self, pack: PackId, model: ModelId, value: &Value, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        match value {
            Value::Text(_) | Value::Key(_) => {
                if let Some(name) = self.text_of(value) {
                    self.list_path(pack, model, &name);
                }
            }
            Value::Tuple(all) | Value::OneOf(all) => all.iter().for_each(|v| self.list_value(pack, model, v, depth + 1)),
            Value::Expr(expr) => {
                let mut names = Vec::new();
                expr.each(&mut |e| {
                    if let SqlExpr::Path { name, .. } = e {
                        names.push(name.clone());
                    }
                });
                names.iter().for_each(|n| self.list_path(pack, model, n));
            }
            Value::Object(id) => match self.object(*id).cloned() {
                Some(Object::List { items, .. }) => items.iter().for_each(|v| self.list_value(pack, model, v, depth + 1)),
                Some(Object::Map { entries, .. }) => {
                    for (key, value) in &entries {
                        if let MapKey::Name(name) = key {
                            self.list_path(pack, model, name);
                        }
                        self.list_value(pack, model, value, depth + 1);
                    }
                }
                _ => {}
            },
            _ => {}
        }
    }

    /// A path of fields, with a mark of order or of the way to search before it. What is no field is a name of something
    /// else: a method, an annotation, a declared field.
    fn list_path(&mut self, pack: PackId, model: ModelId, name: &Named) {
        let separator = self.words.mapper(pack).map_or(String::new(), |m| m.path_separator.clone());
        let marks = name.text.len() - name.text.trim_start_matches(['-', '+', '=', '^', '@', '$']).len();
        let mut at = model;
        for part in name.part(marks, name.text.len()).split(&separator) {
            if let (Some((holder, field)), Some(origin)) = (self.field_of(at, &part.text), part.origin) {
                self.found.uses.push(Use { origin, model: holder, field, carried: false });
            }
            let relation = self.relation_of(at, &part.text);
            match relation.and_then(|r| self.models.get(at)?.relations.get(r as usize)) {
                Some(relation) => at = relation.target,
                None => return,
            }
        }
    }
}
