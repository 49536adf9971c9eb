//! Lists, maps, literals of named types, comprehensions, tagged templates.

use super::MAX_ITEMS;
use crate::index::mapping::{Named, Origin};
use crate::index::program::FunctionRef;
use crate::index::trace::Tracer;
use crate::index::trace::value::{Argument, MapKey, Object, Value};
use crate::model::code::{Entry, Expr, ExprKind, Part, Type};
use crate::model::facts::Language;
use std::rc::Rc;

/// Items of a known list for each of which the body of a comprehension is evaluated.
const MAX_EACH: usize = 24;

impl<'a> Tracer<'a> {
    /// The values of items, with what is spread among them.
    pub(super) fn spread_items(&mut self, items: &'a [Expr]) -> Vec<Value> {
        self.literal_items(items).0
    }

    fn literal_items(&mut self, items: &'a [Expr]) -> (Vec<Value>, bool) {
        let (mut out, mut open) = (Vec::new(), false);
        for item in items {
            match &item.kind {
                ExprKind::Spread(inner) => {
                    let value = self.eval(inner);
                    match self.list_items(&value) {
                        Some((more, rest)) => {
                            out.extend(more);
                            open |= rest;
                        }
                        None => {
                            open = true;
                            let one = self.item_of(&value, self.here(inner.span));
                            if !matches!(one, Value::Unknown) {
                                out.push(one);
                            }
                        }
                    }
                }
                _ => {
                    let value = self.eval(item);
                    out.push(value);
                }
            }
            if out.len() > MAX_ITEMS {
                self.found.counts.narrowed += 1;
                return (out, true);
            }
        }
        (out, open)
    }

    /// `[a, b]`, `[]T{a, b}`.
    pub(super) fn list_literal(&mut self, items: &'a [Expr], ty: Option<&'a Type>, origin: Origin) -> Value {
        if items.is_empty()
            && let Some(ty) = ty
        {
            let of = self.many_of_type(ty, origin);
            if !matches!(of, Value::Unknown) {
                return of;
            }
        }
        let (mut out, mut open) = (Vec::new(), false);
        for item in items {
            // `[]T{{...}}`: the inner literals have the element's type
            match (&item.kind, ty) {
                (ExprKind::Map(entries), Some(ty)) => {
                    let origin = self.origin_here(item.span);
                    out.push(self.composite(ty, entries, origin));
                }
                _ => {
                    let (more, rest) = self.literal_items(std::slice::from_ref(item));
                    out.extend(more);
                    open |= rest;
                }
            }
            if out.len() > MAX_ITEMS {
                self.found.counts.narrowed += 1;
                open = true;
                break;
            }
        }
        self.new_list(out, open)
    }

    /// `{a: b, [c]: d, ...e}`.
    pub(super) fn map_literal(&mut self, entries: &'a [Entry]) -> Value {
        let map = self.new_map(Vec::new(), false);
        let Value::Object(id) = map else { return map };
        for entry in entries.iter().take(MAX_ITEMS) {
            match entry {
                // in Go a variable
                Entry::Named(word, value) if self.language_here() == Language::Go => {
                    let key = self.resolve_name(&word.text, word.span);
                    let value = self.eval(value);
                    self.put_entries(id, &key, value, self.origin_here(word.span));
                }
                Entry::Named(word, value) => {
                    let value = self.eval(value);
                    let key = MapKey::Name(self.word_here(word));
                    self.put_entry(id, key, value);
                }
                Entry::Computed(key, value) => {
                    let origin = self.origin_here(key.span);
                    let key = self.eval(key);
                    let value = self.eval(value);
                    self.put_entries(id, &key, value, origin);
                }
                Entry::Spread(inner) => {
                    let value = self.eval(inner);
                    self.extend(id, &value);
                }
                Entry::Item(value) => drop(self.eval(value)),
                Entry::Method(function) => {
                    let function = FunctionRef { file: self.file_here(), function: *function };
                    if let Some(found) = self.program.function(function) {
                        let key = MapKey::Name(self.word_here(&found.name));
                        let value = self.closure(function);
                        self.put_entry(id, key, value);
                    }
                }
            }
        }
        map
    }

    /// `T{...}`, `map[K]V{...}`.
    pub(super) fn composite(&mut self, ty: &'a Type, entries: &'a [Entry], origin: Origin) -> Value {
        if let Type::Map(..) = ty {
            return self.map_literal(entries);
        }
        if let Type::Slice(inner) = ty {
            let mut out = Vec::new();
            for entry in entries.iter().take(MAX_ITEMS) {
                match entry {
                    Entry::Item(Expr { kind: ExprKind::Map(inside), span }) => {
                        let origin = self.origin_here(*span);
                        out.push(self.composite(inner, inside, origin));
                    }
                    Entry::Item(value) | Entry::Named(_, value) | Entry::Computed(_, value) => out.push(self.eval(value)),
                    _ => {}
                }
            }
            if out.is_empty() {
                let many = self.many_of_type(inner, origin);
                if !matches!(many, Value::Unknown) {
                    return many;
                }
            }
            return self.new_list(out, false);
        }
        let file = self.file_here();
        let class = self.program.class_of_type(file, ty);
        let mut args = Vec::new();
        let names: Vec<Named> = class
            .and_then(|c| self.program.class(c).map(|k| (c, k)))
            .map(|(c, k)| {
                let place = |span| Some(Origin { file: c.file, span });
                k.fields.iter().map(|f| Named { text: (&*f.name.text).into(), origin: place(f.name.span) }).collect()
            })
            .unwrap_or_default();
        for (i, entry) in entries.iter().enumerate().take(MAX_ITEMS) {
            let (name, value) = match entry {
                // of a library's type: a field, or a constant that is the key of a map
                Entry::Named(word, value) if class.is_none() => {
                    let known = self.resolve_name(&word.text, word.span);
                    (self.text_of(&known).or_else(|| Some(self.word_here(word))), value)
                }
                Entry::Named(word, value) => (Some(self.word_here(word)), value),
                Entry::Item(value) => (names.get(i).cloned(), value),
                Entry::Computed(key, value) if class.is_none() => {
                    let key = self.eval(key);
                    (self.text_of(&key), value)
                }
                Entry::Computed(_, value) | Entry::Spread(value) => (None, value),
                Entry::Method(_) => continue,
            };
            let field = class.zip(name.as_ref()).and_then(|(c, n)| {
                let class = self.program.class(c)?;
                Some((c.file, class.fields.iter().find(|f| *f.name.text == *n.text)?.ty.as_ref()?))
            });
            let place = self.origin_here(value.span);
            let given = match (&value.kind, field) {
                // the type of an inner literal may be left out
                (ExprKind::Map(inside), Some((_, ty))) => self.composite(ty, inside, place),
                _ => self.eval(value),
            };
            args.push(Argument { name, value: given, spread: false, double: false, origin: place, text: super::render::expression(value) });
        }
        match class {
            Some(class) => match self.models.by_class.get(&class) {
                Some(&model) => self.library_construct(model, None, &args, origin),
                None => self.new_struct(class, args),
            },
            None => {
                let Type::Named { path, .. } = ty else { return Value::Unknown };
                let path: Vec<&str> = path.iter().map(|w| &*w.text).collect();
                let name = self.program.qualified_path(file, &path);
                let callee = name.map(|n| crate::index::trace::Callee::Function { name: n.into(), types: Rc::from([]) });
                match callee.and_then(|c| self.library_call(&c, &args, origin)) {
                    Some(value) => value,
                    None => {
                        let typed = self.type_value(ty, origin);
                        if !matches!(typed, Value::Unknown) {
                            return typed;
                        }
                        // a list type of a library: `pgx.Identifier{"schema", "table"}`
                        if !args.is_empty() && args.iter().all(|a| a.name.is_none()) {
                            return self.new_list(args.into_iter().map(|a| a.value).collect(), false);
                        }
                        let entries = args.into_iter().filter_map(|a| Some((MapKey::Name(a.name?), a.value))).collect();
                        self.new_map(entries, false)
                    }
                }
            }
        }
    }

    /// `[body for target in over]` and what is like it.
    pub(super) fn comprehension(&mut self, target: &'a Expr, over: &'a Expr, conditions: &'a [Expr], body: &'a Expr, pairs: bool) -> Value {
        let origin = self.origin_here(over.span);
        let all = self.eval(over);
        let several = matches!(target.kind, ExprKind::Tuple(_));
        let known = match self.list_items(&all) {
            Some((items, open)) if !items.is_empty() && items.len() <= MAX_EACH => Some((items, open)),
            _ => self.walked_pairs(&all).filter(|p| !p.is_empty() && p.len() <= MAX_EACH).map(|p| (p, false)),
        };
        let (items, open) = match known {
            Some(known) => known,
            None => (vec![self.walked(&all, several, origin)], true),
        };
        let result = if pairs { self.new_map(Vec::new(), open) } else { self.new_list(Vec::new(), open) };
        let Value::Object(id) = result else { return result };
        for item in items {
            self.assign_to(target, item, origin);
            conditions.iter().for_each(|c| drop(self.eval(c)));
            match (&body.kind, pairs) {
                (ExprKind::Tuple(two), true) if two.len() == 2 => {
                    let place = self.origin_here(two[0].span);
                    let key = self.eval(&two[0]);
                    let value = self.eval(&two[1]);
                    self.put_entries(id, &key, value, place);
                }
                _ => {
                    let value = self.eval(body);
                    if let Some(Object::List { items, .. }) = self.object_mut(id)
                        && items.len() < MAX_ITEMS
                    {
                        items.push(value);
                    }
                }
            }
        }
        result
    }

    /// A template with a tag.
    pub(super) fn tagged_template(&mut self, tag: &Value, parts: &'a [Part], origin: Origin) -> Value {
        let parts = self.text_pieces(parts);
        let mut results = Vec::new();
        for choice in self.choices(tag) {
            results.extend(self.library_tagged(&choice, &parts, origin));
        }
        if results.is_empty() { super::texts::whole(parts) } else { self.one_of_all(results) }
    }
}
