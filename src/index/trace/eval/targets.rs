//! Assignments: names, attributes, entries, patterns.

use super::MAX_NESTING;
use crate::index::mapping::{Named, Origin};
use crate::index::trace::Tracer;
use crate::index::trace::value::{MapKey, Object, Value};
use crate::model::code::{Entry, Expr, ExprKind};
use crate::model::facts::Language;

impl<'a> Tracer<'a> {
    /// `target = value`.
    pub(super) fn assign_to(&mut self, target: &'a Expr, value: Value, site: Origin) {
        match &target.kind {
            ExprKind::Name(name) => self.set_name(name, value),
            ExprKind::Member(object, name) => {
                let object = self.eval(object);
                let name = self.word_here(name);
                self.set_member(&object, &name, value, site);
            }
            ExprKind::Index(object, key) => {
                let origin = self.origin_here(key.span);
                let object = self.eval(object);
                let key = self.eval(key);
                for choice in self.choices(&object) {
                    if let Value::Object(id) = choice {
                        match self.object(id) {
                            Some(Object::Map { .. }) => self.put_entries(id, &key, value.clone(), origin),
                            Some(Object::List { .. }) => {
                                if let Some(Object::List { items, .. }) = self.object_mut(id)
                                    && items.len() < super::MAX_ITEMS
                                {
                                    items.push(value.clone());
                                }
                            }
                            Some(Object::Entity { .. }) => {
                                if let Some(name) = self.text_of(&key) {
                                    self.library_assign(id, &name, value.clone(), site);
                                }
                            }
                            _ => {}
                        }
                    }
                }
            }
            ExprKind::Tuple(targets) | ExprKind::List(targets, _) => self.take_apart(targets, value, site),
            ExprKind::Map(entries) => self.pick(entries, &value, site),
            ExprKind::Reference(inner) | ExprKind::Spread(inner) | ExprKind::Cast(inner, _) => self.assign_to(inner, value, site),
            // a default of a pattern: `{ a = 1 }`
            ExprKind::Bind(inner, default) => {
                let value = match value {
                    Value::Unknown | Value::Null => {
                        let default = self.eval(default);
                        if matches!(value, Value::Null) { default } else { self.either(default, Value::Unknown) }
                    }
                    known => known,
                };
                self.assign_to(inner, value, site);
            }
            _ => {}
        }
    }

    /// Several targets for one value.
    fn take_apart(&mut self, targets: &'a [Expr], value: Value, site: Origin) {
        let go = self.language_here() == Language::Go;
        let choices = self.choices(&value);
        let mut columns: Vec<Vec<Value>> = vec![Vec::new(); targets.len()];
        for choice in &choices {
            match self.list_items(choice) {
                Some((items, open)) => {
                    for (i, target) in targets.iter().enumerate() {
                        let rest = matches!(target.kind, ExprKind::Spread(_));
                        let one = if rest {
                            self.new_list(items.get(i..).map(<[Value]>::to_vec).unwrap_or_default(), open)
                        } else {
                            match items.get(i) {
                                Some(item) => item.clone(),
                                None if open => self.one_of_all(items.clone()),
                                None => Value::Unknown,
                            }
                        };
                        columns[i].push(one);
                    }
                }
                None => {
                    for (i, column) in columns.iter_mut().enumerate() {
                        column.push(match go {
                            true if i == 0 => choice.clone(),
                            true => Value::Unknown,
                            false => self.item_of(choice, site),
                        });
                    }
                }
            }
        }
        for (target, column) in targets.iter().zip(columns) {
            let value = self.one_of_all(column);
            self.assign_to(target, value, site);
        }
    }

    /// `{ a, b: c, ...rest } = value`.
    fn pick(&mut self, entries: &'a [Entry], value: &Value, site: Origin) {
        for entry in entries {
            match entry {
                Entry::Named(word, target) => {
                    let name = self.word_here(word);
                    let one = self.read_member(value, &name, Origin { file: site.file, span: word.span });
                    self.assign_to(target, one, site);
                }
                Entry::Computed(key, target) => {
                    let key = self.eval(key);
                    let one = self.read_item(value, &key, site);
                    self.assign_to(target, one, site);
                }
                Entry::Spread(target) => {
                    let rest = self.without_picked(entries, value);
                    self.assign_to(target, rest, site);
                }
                Entry::Item(target) => self.assign_to(target, Value::Unknown, site),
                Entry::Method(_) => {}
            }
        }
    }

    /// What is left of an object besides the entries that a pattern names.
    fn without_picked(&mut self, entries: &[Entry], value: &Value) -> Value {
        let Value::Object(id) = value else { return value.clone() };
        let Some(Object::Map { entries: all, open }) = self.object(*id).cloned() else { return value.clone() };
        let picked = |key: &MapKey| match key {
            MapKey::Name(name) => entries.iter().any(|e| matches!(e, Entry::Named(word, _) if *word.text == *name.text)),
            _ => false,
        };
        self.new_map(all.into_iter().filter(|(key, _)| !picked(key)).collect(), open)
    }

    fn set_name(&mut self, name: &'a str, value: Value) {
        if name == "_" {
            return;
        }
        // closures of these languages change the variables around them
        if self.language_here() != Language::Python && !self.current_frame().vars.contains_key(name) {
            let mut at = self.current_frame().parent;
            for _ in 0..MAX_NESTING {
                let Some(id) = at else { break };
                let Some(frame) = self.state.frames.get(id as usize) else { break };
                if frame.function.is_none() || (id as usize) < self.kept.frames {
                    break;
                }
                if let Some(old) = frame.vars.get(name).cloned() {
                    let joined = match old {
                        Value::Unknown | Value::Null => value,
                        old => self.either(old, value),
                    };
                    if let Some(frame) = self.state.frames.get_mut(id as usize) {
                        frame.vars.insert(name, joined);
                    }
                    return;
                }
                at = frame.parent;
            }
        }
        self.current_frame().vars.insert(name, value);
    }

    /// `object.name = value`.
    pub(super) fn set_member(&mut self, object: &Value, name: &Named, value: Value, site: Origin) {
        for choice in self.choices(object) {
            // `Model.total = column_property(...)`, said once for all by the module
            if let Value::Model { model, .. } = &choice
                && self.current_frame().function.is_none()
                && let Some(class) = self.models.get(*model).and_then(|m| m.class)
            {
                self.state.attributes.insert((class, (&*name.text).into()), Some(value.clone()));
                continue;
            }
            let Some(id) = self.instance_of(&choice) else { continue };
            match self.object(id) {
                Some(Object::Entity { .. }) => self.library_assign(id, name, value.clone(), site),
                Some(Object::Map { .. }) => {
                    self.put_entry(id, crate::index::trace::value::MapKey::Name(name.clone()), value.clone());
                }
                Some(Object::Instance { .. }) => self.set_field(id, &name.text, value.clone()),
                _ => {}
            }
        }
    }

    /// Sets an attribute of an instance. In a branch or loop what was there stays possible.
    pub(super) fn set_field(&mut self, instance: u32, name: &str, value: Value) {
        let old = self.instance_field(instance, name);
        let value = match old {
            Some(old) if self.state.branches > 0 && !matches!(old, Value::Unknown | Value::Null) => self.either(old, value),
            _ => value,
        };
        let Some(Object::Instance { fields, .. }) = self.object_mut(instance) else { return };
        match fields.iter_mut().find(|f| &*f.0 == name) {
            Some(field) => field.1 = value,
            None => fields.push((name.into(), value)),
        }
    }

    /// An attribute of an instance that was set.
    pub(super) fn instance_field(&self, instance: u32, name: &str) -> Option<Value> {
        match self.object(instance)? {
            Object::Instance { fields, .. } => fields.iter().find(|f| &*f.0 == name).map(|f| f.1.clone()),
            _ => None,
        }
    }
}
