//! Attributes, items and entries of values, and adding to lists and maps.

use super::MAX_ITEMS;
use crate::grammar::mapper::FieldRole;
use crate::index::mapping::{Named, Origin};
use crate::index::program::{ClassRef, Definition};
use crate::index::trace::value::{MapKey, Object, Value};
use crate::index::trace::{Tracer, Use};
use crate::model::facts::Language;

impl<'a> Tracer<'a> {
    /// `object.name`.
    pub(in crate::index::trace) fn read_member(&mut self, object: &Value, name: &Named, site: Origin) -> Value {
        if let Value::OneOf(_) = object {
            let all: Vec<Value> = self.choices(object);
            let all = all.iter().map(|o| self.read_member(o, name, site)).collect();
            return self.one_of_all(all);
        }
        let found = match object {
            Value::Module(files) => {
                let module = Definition::Module(files.to_vec());
                let said = self.program.member(&module, &name.text).map(|d| self.defined(&d, name.origin.unwrap_or(site)));
                match said {
                    None | Some(Value::Unknown | Value::Null) => self.put_in_exports(files, &name.text).or(said),
                    known => known,
                }
            }
            Value::External(path) => {
                // an attribute that the program puts on a library's object (`flask.g.ticket`)
                let holder = path.rsplit_once('.').is_some_and(|(_, last)| last.starts_with(|c: char| c.is_lowercase()));
                let put = |t: &mut Self| t.library_entity(&name.text, name.origin.unwrap_or(site)).filter(|_| holder);
                let known = self.library_member(object, name).or_else(|| put(self));
                Some(known.unwrap_or_else(|| Value::External(format!("{path}.{}", name.text).into())))
            }
            Value::Class(class) => self.class_member(*class, object, name, site),
            Value::Model { model, .. } => self.member_of_model(*model, object, name, site),
            Value::Handle(_) => self.member_of_handle(object, name, site),
            Value::Object(id) => match self.object(*id) {
                Some(Object::Map { .. }) => self.member_of_map(object, name, site),
                Some(Object::Instance { class, .. }) => {
                    let class = *class;
                    self.instance_member(*id, class, object, name, site)
                }
                Some(Object::Entity { model, .. }) => {
                    let model = *model;
                    self.member_of_entity(model, object, name, site)
                }
                _ => None,
            },
            Value::Row { .. } | Value::Expr(_) | Value::Relation { .. } => self.library_member(object, name),
            _ => None,
        };
        match found {
            Some(value) => value,
            None if matches!(object, Value::Unknown) => {
                let place = name.origin.unwrap_or(site);
                let known = self.library_variable(site.file, &name.text, place);
                known.or_else(|| self.library_entity(&name.text, place)).unwrap_or_default()
            }
            None => Value::Unknown,
        }
    }

    /// An entry of a map, else what was spread into it has it.
    fn member_of_map(&mut self, object: &Value, name: &Named, site: Origin) -> Option<Value> {
        self.note_drawn(object, name);
        let spread = self.spread_into(object);
        if spread.is_empty() || self.has_entry(object, &name.text) {
            return match self.map_entry(object, &name.text)? {
                Value::Model { model, alias, origin: None } => Some(Value::Model { model, alias, origin: name.origin }),
                known => Some(known),
            };
        }
        let all = spread.iter().map(|of| self.read_member(of, name, site)).collect();
        Some(self.one_of_all(all))
    }

    /// Notes which entries of a literal are read.
    fn note_drawn(&mut self, map: &Value, name: &Named) {
        let (Value::Object(id), Some(at)) = (map, name.origin) else { return };
        let Some(Object::Map { entries, .. }) = self.object(*id) else { return };
        let keys = entries.iter().filter_map(|(key, _)| match key {
            MapKey::Name(key) if key.text == name.text => key.origin.filter(|o| *o != at),
            _ => None,
        });
        self.state.drawn.borrow_mut().extend(keys.map(|key| (at, key)));
    }

    fn has_entry(&self, map: &Value, name: &str) -> bool {
        let Value::Object(id) = map else { return false };
        let Some(Object::Map { entries, .. }) = self.object(*id) else { return false };
        entries.iter().any(|(key, _)| matches!(key, MapKey::Name(n) if *n.text == *name))
    }

    /// Entities and rows whose attributes are entries of a map.
    fn spread_into(&self, map: &Value) -> Vec<Value> {
        let Value::Object(id) = map else { return Vec::new() };
        let Some(Object::Map { entries, .. }) = self.object(*id) else { return Vec::new() };
        entries.iter().filter(|(key, _)| key.is_spread()).map(|(_, value)| value.clone()).collect()
    }

    fn member_of_entity(&mut self, model: u32, object: &Value, name: &Named, site: Origin) -> Option<Value> {
        let found = self.models.get(model)?;
        let stored = |field: u32| found.fields.get(field as usize).is_none_or(|f| f.role != FieldRole::Ignored);
        if let Some(field) = found.field(&name.text).filter(|f| stored(*f)) {
            self.found.uses.push(Use { origin: name.origin.unwrap_or(site), model, field, carried: false });
            return Some(self.library_member(object, name).unwrap_or_default());
        }
        if found.relation(&name.text).is_some() {
            return self.library_member(object, name);
        }
        let class = found.class;
        if let Some(own) = class.and_then(|class| self.own_member(class, object, name, site)) {
            return Some(own);
        }
        match self.library_member(object, name) {
            None | Some(Value::Unknown) => self.declared_attribute(class?, name, site),
            known => known,
        }
    }

    /// An attribute of an entity that no column stands for, by the type that its class gives it.
    fn declared_attribute(&mut self, class: ClassRef, name: &Named, site: Origin) -> Option<Value> {
        let (owner, field) = self.declared_field(class, &name.text)?;
        let ty = field.ty.as_ref()?;
        let types = self.class_types(class);
        Some(self.with_types(owner, types, |t| t.type_value(ty, name.origin.unwrap_or(site))))
    }

    fn member_of_model(&mut self, model: u32, object: &Value, name: &Named, site: Origin) -> Option<Value> {
        if let Some(called) = self.library_name_of(model, &name.text) {
            return Some(Value::Key(Named { text: called, origin: name.origin.or(Some(site)) }));
        }
        let found = self.models.get(model)?;
        if let Some(field) = found.field(&name.text) {
            // where no statement takes it, it is named all the same (`listen(Order.state, "set", check)`)
            self.found.uses.push(Use { origin: name.origin.unwrap_or(site), model, field, carried: false });
            return self.library_member(object, name);
        }
        if found.relation(&name.text).is_some() {
            return self.library_member(object, name);
        }
        let own = found.class.and_then(|class| self.class_member(class, object, name, site));
        match own {
            // what a class attribute holds without a model of its own is for this model
            Some(Value::Handle(mut handle)) if handle.model.is_none() => {
                handle.model = Some(model);
                Some(Value::Handle(handle))
            }
            Some(Value::Unknown) | None => self.library_member(object, name).or(own),
            other => other,
        }
    }

    fn member_of_handle(&mut self, object: &Value, name: &Named, site: Origin) -> Option<Value> {
        if let Some(id) = self.instance_of(object)
            && let Some(Object::Instance { class, .. }) = self.object(id)
        {
            let class = *class;
            if let Some(value) = self.instance_field(id, &name.text) {
                return Some(value);
            }
            if let Some(value) = self.own_member(class, object, name, site) {
                return Some(value);
            }
        }
        self.library_member(object, name)
    }

    /// `object[key]`.
    pub(super) fn read_item(&mut self, object: &Value, key: &Value, site: Origin) -> Value {
        if let Value::OneOf(_) = object {
            let all: Vec<Value> = self.choices(object);
            let all = all.iter().map(|o| self.read_item(o, key, site)).collect();
            return self.one_of_all(all);
        }
        if let Value::OneOf(keys) = key
            && !keys.iter().any(|k| matches!(k, Value::Unknown))
        {
            let all = keys.to_vec().iter().map(|k| self.read_item(object, k, site)).collect();
            return self.one_of_all(all);
        }
        let position = match key {
            Value::Scalar(text) => text.parse::<usize>().ok(),
            _ => None,
        };
        match object {
            Value::Tuple(items) => match position.and_then(|p| items.get(p)) {
                Some(item) => item.clone(),
                None => self.one_of_all(items.to_vec()),
            },
            Value::Object(id) => match self.object(*id) {
                Some(Object::List { items, open }) => {
                    let one = position.filter(|_| !open).and_then(|p| items.get(p)).cloned();
                    let all = items.clone();
                    one.unwrap_or_else(|| self.one_of_all(all))
                }
                Some(Object::Map { entries, .. }) => {
                    let all: Vec<Value> = entries.iter().map(|e| e.1.clone()).collect();
                    match self.text_of(key) {
                        Some(name) => self.member_of_map(object, &name, site).unwrap_or_default(),
                        None => self.one_of_all(all),
                    }
                }
                Some(Object::Instance { .. }) => match self.text_of(key) {
                    Some(name) if self.language_here() != Language::Python => self.read_member(object, &name, site),
                    _ => {
                        let args = vec![self.argument(key.clone(), site)];
                        self.call_own_method(object, "__getitem__", args, site).unwrap_or_default()
                    }
                },
                _ => self.library_index(object, key, site).unwrap_or_default(),
            },
            Value::Module(_) | Value::Class(_) => match self.text_of(key) {
                Some(name) => self.read_member(object, &name, site),
                None => match object {
                    Value::Class(_) => object.clone(),
                    _ => Value::Unknown,
                },
            },
            Value::Unknown | Value::Null | Value::Scalar(_) | Value::Text(_) | Value::Function { .. } | Value::External(_) => {
                Value::Unknown
            }
            _ => self.library_index(object, key, site).unwrap_or_default(),
        }
    }

    /// The value of a map under a name: all that code may have put there.
    pub(in crate::index::trace) fn map_entry(&mut self, map: &Value, name: &str) -> Option<Value> {
        let Value::Object(id) = map else { return None };
        let Some(Object::Map { entries, .. }) = self.object(*id) else { return None };
        let at = |key: &MapKey| match key {
            MapKey::Name(n) => &*n.text == name,
            _ => false,
        };
        let mut values: Vec<Value> = entries.iter().filter(|e| at(&e.0)).map(|e| e.1.clone()).collect();
        if values.is_empty() {
            let others = entries.iter().filter(|(key, _)| !matches!(key, MapKey::Name(_)) && !key.is_spread());
            values = others.map(|e| e.1.clone()).collect();
        }
        if values.is_empty() { None } else { Some(self.one_of_all(values)) }
    }

    /// Items of a list or tuple, and whether there may be more.
    pub(super) fn list_items(&self, value: &Value) -> Option<(Vec<Value>, bool)> {
        match value {
            Value::Tuple(items) => Some((items.to_vec(), false)),
            Value::Object(id) => match self.object(*id)? {
                Object::List { items, open } => Some((items.clone(), *open)),
                _ => None,
            },
            _ => None,
        }
    }

    /// What walking through a map gives: its keys, or keys with values where these are asked for.
    pub(super) fn walked_pairs(&self, value: &Value) -> Option<Vec<Value>> {
        let Value::Object(id) = value else { return None };
        let Object::Map { entries, .. } = self.object(*id)? else { return None };
        let pairs = self.language_here() == Language::Go;
        Some(
            entries
                .iter()
                .filter(|(key, _)| !key.is_spread())
                .map(|(key, value)| if pairs { Value::Tuple([key.value(), value.clone()].into()) } else { key.value() })
                .collect(),
        )
    }

    /// What a loop over a value gives; in Go positions and items side by side.
    pub(super) fn walked(&mut self, value: &Value, several: bool, site: Origin) -> Value {
        let go = self.language_here() == Language::Go;
        if let Value::Object(id) = value
            && let Some(Object::Map { entries, .. }) = self.object(*id)
        {
            let (keys, values): (Vec<Value>, Vec<Value>) = entries.iter().map(|(k, v)| (k.value(), v.clone())).unzip();
            let key = self.one_of_all(keys);
            if !several || !go {
                return key;
            }
            let value = self.one_of_all(values);
            return Value::Tuple([key, value].into());
        }
        let item = self.item_of(value, site);
        if go && several { Value::Tuple([Value::Unknown, item].into()) } else { item }
    }

    /// One item of what is walked through.
    pub(super) fn item_of(&mut self, value: &Value, site: Origin) -> Value {
        let mut results = Vec::new();
        for choice in self.choices(value) {
            match self.list_items(&choice) {
                Some((items, open)) => {
                    if open && items.is_empty() {
                        results.push(Value::Unknown);
                    }
                    results.extend(items);
                }
                None => match self.walked_pairs(&choice) {
                    Some(pairs) => results.extend(pairs),
                    None if self.is_library(&choice) => results.push(self.library_item(&choice, site)),
                    None => results.push(Value::Unknown),
                },
            }
        }
        self.one_of_all(results)
    }

    fn library_item(&mut self, value: &Value, site: Origin) -> Value {
        if let Some(item) = self.library_iterate(value, site) {
            return item;
        }
        match value {
            Value::Object(id) => match self.object(*id).cloned() {
                Some(Object::Entity { model, many: true, fresh, query, origin, .. }) => {
                    let one = Object::Entity { model, many: false, fresh, written: Vec::new(), query, origin };
                    Value::Object(self.allocate(one))
                }
                _ => Value::Unknown,
            },
            Value::Row { query, .. } => Value::Row { query: *query, many: false },
            _ => Value::Unknown,
        }
    }

    /// Sets an entry of a map. Where it may not be the last word (in a branch, a loop), what was there stays possible.
    pub(super) fn put_entry(&mut self, map: u32, key: MapKey, value: Value) {
        let branching = self.state.branches > 0;
        let Some(Object::Map { entries, open }) = self.object_mut(map) else { return };
        let place = match &key {
            MapKey::Name(name) => entries.iter().position(|(k, _)| matches!(k, MapKey::Name(n) if n.text == name.text)),
            _ => None,
        };
        match place {
            None if entries.len() >= MAX_ITEMS => *open = true,
            None => entries.push((key, value)),
            Some(at) => {
                let old = entries[at].1.clone();
                if !branching || matches!(old, Value::Unknown | Value::Null | Value::Scalar(_)) {
                    entries[at] = (key, value);
                    return;
                }
                let joined = self.either(old, value);
                if let Some(Object::Map { entries, .. }) = self.object_mut(map) {
                    entries[at].1 = joined;
                }
            }
        }
    }

    /// Sets an entry whose key is a value: every text that it may be.
    pub(super) fn put_entries(&mut self, map: u32, key: &Value, value: Value, origin: Origin) {
        for choice in self.choices(key) {
            let key = match self.text_of(&choice) {
                Some(name) => MapKey::Name(Named { origin: name.origin.or(Some(origin)), ..name }),
                None => match choice {
                    Value::Unknown | Value::Null => MapKey::Unknown(origin),
                    other => MapKey::Value(other),
                },
            };
            self.put_entry(map, key, value.clone());
        }
    }

    /// Adds all items or entries of a value to a list or map.
    pub(super) fn extend(&mut self, to: u32, from: &Value) {
        for choice in self.choices(from) {
            match self.object(to) {
                Some(Object::List { .. }) => {
                    let (more, rest) = self.list_items(&choice).unwrap_or((Vec::new(), true));
                    if let Some(Object::List { items, open }) = self.object_mut(to) {
                        *open |= rest || items.len() + more.len() > MAX_ITEMS;
                        items.extend(more);
                        items.truncate(MAX_ITEMS);
                    }
                }
                Some(Object::Map { .. }) => {
                    let source = match &choice {
                        Value::Object(id) => self.object(*id).cloned(),
                        _ => None,
                    };
                    match source {
                        Some(Object::Map { entries, open }) => {
                            for (key, value) in entries {
                                self.put_entry(to, key, value);
                            }
                            self.widen(to, open);
                        }
                        Some(Object::Instance { fields, .. }) => {
                            for (name, value) in fields {
                                self.put_entry(to, MapKey::Name(Named { text: name, origin: None }), value);
                            }
                        }
                        // all columns of a table side by side
                        _ if matches!(choice, Value::Model { .. }) => self.put_entry(to, MapKey::Value(choice.clone()), choice.clone()),
                        _ if matches!(choice, Value::Null | Value::Scalar(_)) => {}
                        Some(Object::Entity { .. }) => self.put_spread(to, choice.clone()),
                        _ if matches!(choice, Value::Row { .. }) => self.put_spread(to, choice.clone()),
                        _ => self.widen(to, true),
                    }
                }
                _ => return,
            }
        }
    }

    /// Puts an entity's or row's attributes in a map.
    fn put_spread(&mut self, map: u32, of: Value) {
        if let Some(Object::Map { entries, open }) = self.object_mut(map) {
            *open = true;
            if entries.len() < MAX_ITEMS {
                entries.push((MapKey::Value(of.clone()), of));
            }
        }
    }

    fn widen(&mut self, map: u32, more: bool) {
        if let Some(Object::Map { open, .. }) = self.object_mut(map) {
            *open |= more;
        }
    }
}

impl MapKey {
    /// Whether the value's own attributes are entries (`{ ...ticket }`); which they are the entry does not say.
    pub(in crate::index::trace) fn is_spread(&self) -> bool {
        matches!(self, MapKey::Value(Value::Row { .. } | Value::Object(_)))
    }

    /// The key as a value.
    pub(in crate::index::trace) fn value(&self) -> Value {
        match self {
            MapKey::Name(name) => Value::Key(name.clone()),
            MapKey::Value(value) => value.clone(),
            MapKey::Unknown(_) => Value::Unknown,
        }
    }
}
