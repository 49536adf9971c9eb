//! What the languages themselves bring: methods of lists, maps and texts, and functions over them.

use super::MAX_ITEMS;
use crate::grammar::set::{TextFunction, TextMethod};
use crate::index::mapping::{Named, Origin};
use crate::index::trace::Tracer;
use crate::index::trace::query::SqlExpr;
use crate::index::trace::value::{Argument, MapKey, Object, TextPart, TextValue, Value};
use crate::model::facts::Language;
use std::rc::Rc;

/// Items for each of which a callback is run; of names, by which code loads modules.
const MAX_CALLBACKS: usize = 16;
const MAX_NAMES: usize = 128;

fn most_callbacks(items: &[Value]) -> usize {
    if items.iter().all(|i| matches!(i, Value::Text(_))) { MAX_NAMES } else { MAX_CALLBACKS }
}

impl<'a> Tracer<'a> {
    /// A function of the language's standard library.
    pub(super) fn builtin_function(&mut self, name: &str, args: &[Argument], types: &[Value], site: Origin) -> Option<Value> {
        let first = Self::positional_argument(args, 0).cloned();
        let second = Self::positional_argument(args, 1).cloned();
        let name = name.strip_prefix("node:").unwrap_or(name);
        Some(match name {
            "require" => {
                let module = self.text_of(&first?)?;
                let found = match module.text.starts_with('/') {
                    true => self.program.required_at(&module.text)?,
                    false => self.program.required(site.file, &module.text)?,
                };
                self.defined(&found, site)
            }
            "process.cwd" => Value::Text(TextValue { parts: [TextPart::Text("/".into(), site)].into() }),
            "getattr" => self.dynamic_attribute(&first?, &second?, site),
            "setattr" => {
                let (object, key, value) = (first?, second?, Self::positional_argument(args, 2)?.clone());
                for choice in self.choices(&key) {
                    if let Some(name) = self.text_of(&choice) {
                        self.set_member(&object, &name, value.clone(), site);
                    }
                }
                Value::Null
            }
            "len" | "any" | "all" | "bool" | "sum" | "max" | "min" | "next" => {
                let first = first?;
                let lazy = matches!(&first, Value::Handle(h) if h.query.is_some());
                if !lazy && name != "next" {
                    return None;
                }
                let item = self.item_of(&first, site);
                if matches!(name, "next" | "max" | "min") { item } else { Value::Unknown }
            }
            "list" | "tuple" | "set" | "sorted" | "reversed" | "frozenset" | "iter" | "Array.from" | "slices.Sorted" | "slices.Collect" => {
                let Some(first) = first else { return Some(self.new_list(Vec::new(), false)) };
                match self.list_items(&first) {
                    Some((items, open)) => self.new_list(items, open),
                    None => match self.walked_pairs(&first) {
                        Some(keys) => self.new_list(keys, false),
                        None => {
                            let item = self.item_of(&first, site);
                            let items = if matches!(item, Value::Unknown) { Vec::new() } else { vec![item] };
                            self.new_list(items, true)
                        }
                    },
                }
            }
            "dict" | "Object.fromEntries" | "OrderedDict" | "collections.OrderedDict" => {
                let map = self.new_map(Vec::new(), false);
                let Value::Object(id) = map else { return None };
                if let Some(first) = first {
                    if let (Value::Row { .. }, true) = (&first, args.len() == 1) {
                        return Some(first);
                    }
                    match self.list_items(&first) {
                        Some((items, _)) => {
                            for item in items {
                                if let Some((pair, _)) = self.list_items(&item)
                                    && let [key, value] = pair.as_slice()
                                {
                                    self.put_entries(id, key, value.clone(), site);
                                }
                            }
                        }
                        None if self.is_library(&first) => drop(self.item_of(&first, site)),
                        None => self.extend(id, &first),
                    }
                }
                for arg in args {
                    match &arg.name {
                        Some(name) => self.put_entry(id, MapKey::Name(name.clone()), arg.value.clone()),
                        None if arg.double => self.extend(id, &arg.value),
                        None => {}
                    }
                }
                map
            }
            "Promise.all" | "Promise.resolve" | "Promise.allSettled" | "Object.freeze" | "structuredClone" | "copy.copy"
            | "copy.deepcopy" | "deepcopy" | "asyncio.shield" | "asyncio.wait_for" | "Object.seal" | "String" | "str" => first?,
            "asyncio.gather" => {
                let all: Vec<Value> = args.iter().filter(|a| a.name.is_none()).map(|a| a.value.clone()).collect();
                Value::Tuple(all.into())
            }
            "cast" | "typing.cast" => match second? {
                Value::Unknown => self.value_of(&first?, false, site),
                known => known,
            },
            "enumerate" => {
                let item = self.item_of(&first?, site);
                self.new_list(vec![Value::Tuple([Value::Unknown, item].into())], true)
            }
            "zip" => {
                let items: Vec<Value> = args.iter().filter(|a| a.name.is_none()).map(|a| self.item_of(&a.value, site)).collect();
                self.new_list(vec![Value::Tuple(items.into())], true)
            }
            "map" if self.language_here() == Language::Python => self.map_items(&second?, &first?, site),
            "filter" if self.language_here() == Language::Python => second?,
            "functools.partial" | "partial" => first?,
            "Object.keys" => {
                let keys = self.walked_pairs(&first?)?;
                self.new_list(keys, false)
            }
            "Object.values" | "maps.Values" => self.map_part(&first?, false, true)?,
            "Object.entries" => self.map_part(&first?, true, true)?,
            "maps.Keys" => self.map_part(&first?, true, false)?,
            "Object.assign" => {
                let to = first?;
                let Value::Object(id) = to else { return Some(to) };
                for arg in args.iter().skip(1) {
                    self.extend(id, &arg.value);
                }
                Value::Object(id)
            }
            "append" => self.appended(first, args.get(1..).unwrap_or_default(), site),
            "make" => match first {
                Some(Value::Object(id)) => Value::Object(id),
                _ => match types.first() {
                    Some(of) => self.value_of(&of.clone(), true, site),
                    None => self.new_list(Vec::new(), false),
                },
            },
            "new" => {
                let of = first?;
                match self.value_of(&of, false, site) {
                    Value::Unknown => of,
                    value => value,
                }
            }
            _ => return self.text_function(name, args, site),
        })
    }

    fn text_function(&mut self, name: &str, args: &[Argument], site: Origin) -> Option<Value> {
        let path: Vec<String> = name.rsplit('/').next().unwrap_or(name).split('.').map(str::to_string).collect();
        let index = &self.packs.language(self.language_here())?.text;
        match index.functions.get(&path)? {
            TextFunction::Same => Self::positional_argument(args, 0).cloned(),
            TextFunction::Format(at) => {
                let at = *at as usize;
                let Value::Text(template) = Self::positional_argument(args, at)?.clone() else { return None };
                let values: Vec<Value> = args.iter().filter(|a| a.name.is_none()).skip(at + 1).map(|a| a.value.clone()).collect();
                Some(self.format_percent(&template, &Value::Tuple(values.into()), "…".into(), site))
            }
            TextFunction::Join => {
                let items = Self::positional_argument(args, 0)?.clone();
                let separator = self.pieces(Self::positional_argument(args, 1));
                Some(self.join_texts(&items, &separator, site))
            }
            TextFunction::Path => self.joined_path(args, site),
            TextFunction::Listing => self.listed_folder(&Self::positional_argument(args, 0)?.clone(), site),
            TextFunction::Folder => self.loaded_folder(&Self::positional_argument(args, 0)?.clone(), site),
            _ => None,
        }
    }

    fn pieces(&self, text: Option<&Value>) -> Vec<TextPart> {
        match text {
            Some(Value::Text(text)) => text.parts.to_vec(),
            _ => Vec::new(),
        }
    }

    /// `getattr(object, key)`.
    fn dynamic_attribute(&mut self, object: &Value, key: &Value, site: Origin) -> Value {
        let mut results = Vec::new();
        for choice in self.choices(key) {
            results.push(match self.text_of(&choice) {
                Some(name) => self.read_member(object, &Named { origin: name.origin.or(Some(site)), ..name }, site),
                None if matches!(object, Value::Model { .. }) => Value::Expr(Rc::new(SqlExpr::Unknown("getattr".into(), site))),
                None => Value::Unknown,
            });
        }
        self.one_of_all(results)
    }

    /// `append(list, items...)`: the list itself, with what was added.
    fn appended(&mut self, list: Option<Value>, items: &[Argument], site: Origin) -> Value {
        let list = match list {
            Some(Value::Object(id)) if matches!(self.object(id), Some(Object::List { .. })) => Value::Object(id),
            Some(Value::OneOf(all)) => match all.iter().find(|v| matches!(v, Value::Object(_))) {
                Some(value) => value.clone(),
                None => self.new_list(Vec::new(), true),
            },
            Some(Value::Object(id)) => match self.object(id) {
                // a slice of a model's type, to which code adds rows that it makes
                Some(Object::Entity { query, .. }) if items.iter().any(|a| self.is_new_row(&a.value)) => {
                    let loaded = if query.is_some() { vec![Value::Object(id)] } else { Vec::new() };
                    self.new_list(loaded, true)
                }
                _ => return Value::Object(id),
            },
            Some(Value::Null) | None => self.new_list(Vec::new(), false),
            Some(other) => {
                let item = if self.is_library(&other) && !matches!(other, Value::Handle(_)) { vec![other] } else { Vec::new() };
                self.new_list(item, true)
            }
        };
        if let Value::Object(id) = &list {
            self.add_items(*id, items, site);
        }
        list
    }

    fn is_new_row(&self, value: &Value) -> bool {
        match value {
            Value::Object(id) => matches!(self.object(*id), Some(Object::Entity { fresh: true, .. })),
            _ => false,
        }
    }

    fn add_items(&mut self, list: u32, items: &[Argument], _site: Origin) {
        for arg in items {
            let (more, rest) =
                if arg.spread { self.list_items(&arg.value).unwrap_or((Vec::new(), true)) } else { (vec![arg.value.clone()], false) };
            if let Some(Object::List { items, open }) = self.object_mut(list) {
                *open |= rest;
                // what was there already is not added again
                for item in more {
                    if items.len() >= MAX_ITEMS {
                        *open = true;
                        break;
                    }
                    if !items.iter().any(|i| super::join::same(i, &item) && !matches!(item, Value::Unknown)) {
                        items.push(item);
                    }
                }
            }
        }
    }

    /// A callback run over the items of a value.
    fn map_items(&mut self, items: &Value, function: &Value, site: Origin) -> Value {
        let (items, open) = match self.list_items(items) {
            Some((items, open)) if !items.is_empty() && items.len() <= most_callbacks(&items) => (items, open),
            _ => (vec![self.item_of(items, site)], true),
        };
        let mut out = Vec::new();
        for item in items {
            let args = vec![self.argument(item, site), self.argument(Value::Unknown, site)];
            out.push(self.call_value(function, args, Rc::from([]), site));
        }
        self.new_list(out, open)
    }

    /// Keys, values or pairs of a map.
    fn map_part(&mut self, map: &Value, keys: bool, values: bool) -> Option<Value> {
        let Value::Object(id) = map else { return None };
        let Some(Object::Map { entries, open }) = self.object(*id).cloned() else { return None };
        let items = entries
            .into_iter()
            .filter(|(key, _)| !key.is_spread())
            .map(|(key, value)| match (keys, values) {
                (true, true) => Value::Tuple([key.value(), value].into()),
                (true, false) => key.value(),
                _ => value,
            })
            .collect();
        Some(self.new_list(items, open))
    }

    /// A method of a value that is none of the program's and none of a library's.
    pub(super) fn builtin_method(&mut self, receiver: &Value, name: &str, args: &[Argument], site: Origin) -> Option<Value> {
        let first = Self::positional_argument(args, 0).cloned();
        if let Value::Function { function, frame, .. } = receiver {
            let this = first.filter(|v| !matches!(v, Value::Null)).map(Box::new);
            let bound = Value::Function { function: *function, receiver: this, frame: *frame };
            return match name {
                "bind" => Some(bound),
                "call" => Some(self.call_value(&bound, args.iter().skip(1).cloned().collect(), Rc::from([]), site)),
                _ => None,
            };
        }
        let callback = first.as_ref().filter(|v| matches!(v, Value::Function { .. })).cloned();
        if let Some(callback) = &callback {
            match name {
                "then" => {
                    let args = vec![self.argument(receiver.clone(), site)];
                    return Some(self.call_value(callback, args, Rc::from([]), site));
                }
                "catch" | "finally" => {
                    self.call_value(callback, Vec::new(), Rc::from([]), site);
                    return Some(receiver.clone());
                }
                "map" | "flatMap" if !matches!(receiver, Value::Handle(_)) => return Some(self.map_items(receiver, callback, site)),
                "forEach" | "filter" | "find" | "some" | "every" | "sort" | "findIndex" if !matches!(receiver, Value::Handle(_)) => {
                    self.map_items(receiver, callback, site);
                    return match name {
                        "filter" | "sort" => Some(receiver.clone()),
                        "find" => Some(self.item_of(receiver, site)),
                        _ => Some(Value::Unknown),
                    };
                }
                "reduce" => {
                    let item = self.item_of(receiver, site);
                    let start = Self::positional_argument(args, 1).cloned().unwrap_or_default();
                    let args = vec![self.argument(start.clone(), site), self.argument(item, site)];
                    let result = self.call_value(callback, args, Rc::from([]), site);
                    return Some(self.either(start, result));
                }
                _ => {}
            }
        }
        let text = self.packs.language(self.language_here()).and_then(|l| l.text.methods.get(name)).copied();
        match receiver {
            Value::Text(template) => match text? {
                TextMethod::Same => Some(receiver.clone()),
                TextMethod::Format => {
                    let given: Vec<Value> = args.iter().filter(|a| a.name.is_none()).map(|a| a.value.clone()).collect();
                    let named: Vec<(Rc<str>, Value)> =
                        args.iter().filter_map(|a| Some((a.name.as_ref()?.text.clone(), a.value.clone()))).collect();
                    let template = template.clone();
                    Some(self.format_braces(&template, &given, &named, site))
                }
                TextMethod::SeparatorJoin => {
                    let separator = template.parts.to_vec();
                    Some(self.join_texts(&first?, &separator, site))
                }
                TextMethod::Replace => {
                    let (old, new) = (self.text_of(&first?)?, self.text_of(Self::positional_argument(args, 1)?)?);
                    let replaced = template.parts.iter().map(|part| match part {
                        TextPart::Text(text, at) if !old.text.is_empty() => TextPart::Text(text.replace(&*old.text, &new.text).into(), *at),
                        other => other.clone(),
                    });
                    Some(Value::Text(TextValue { parts: replaced.collect() }))
                }
                TextMethod::Concat => {
                    let mut all = receiver.clone();
                    for arg in args {
                        all = self.add_values(&all, &arg.value, site)?;
                    }
                    Some(all)
                }
                _ => None,
            },
            Value::Object(id) => {
                let id = *id;
                match self.object(id)? {
                    Object::List { .. } => self.list_method(id, receiver, name, text, args, site),
                    Object::Map { .. } => self.map_method(id, receiver, name, args, site),
                    _ => None,
                }
            }
            Value::Tuple(_) => match (name, text) {
                (_, Some(TextMethod::ItemsJoin)) => {
                    let separator = self.pieces(first.as_ref());
                    Some(self.join_texts(receiver, &separator, site))
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn list_method(
        &mut self,
        id: u32,
        receiver: &Value,
        name: &str,
        text: Option<TextMethod>,
        args: &[Argument],
        site: Origin,
    ) -> Option<Value> {
        let first = Self::positional_argument(args, 0).cloned();
        Some(match (name, text) {
            ("insert", _) => {
                self.add_items(id, args.get(1..)?, site);
                Value::Null
            }
            ("pop" | "shift" | "popleft" | "at", _) => self.item_of(receiver, site),
            ("concat", _) => {
                let (mut items, mut open) = self.list_items(receiver)?;
                for arg in args {
                    match self.list_items(&arg.value) {
                        Some((more, rest)) => {
                            items.extend(more);
                            open |= rest;
                        }
                        None => items.push(arg.value.clone()),
                    }
                }
                self.new_list(items, open)
            }
            ("slice" | "reverse" | "sort" | "copy" | "flat" | "filter" | "values" | "toSorted" | "toReversed", _) => receiver.clone(),
            ("entries", _) => {
                let item = self.item_of(receiver, site);
                self.new_list(vec![Value::Tuple([Value::Unknown, item].into())], true)
            }
            ("append" | "appendleft" | "unshift", _) | (_, Some(TextMethod::Push)) => {
                self.add_items(id, args, site);
                Value::Null
            }
            (_, Some(TextMethod::Append)) => {
                self.add_items(id, args, site);
                Value::Unknown
            }
            (_, Some(TextMethod::Extend)) => {
                self.extend(id, &first?);
                Value::Null
            }
            (_, Some(TextMethod::ItemsJoin)) => {
                let separator = self.pieces(first.as_ref());
                self.join_texts(receiver, &separator, site)
            }
            _ => return None,
        })
    }

    fn map_method(&mut self, id: u32, receiver: &Value, name: &str, args: &[Argument], site: Origin) -> Option<Value> {
        let first = Self::positional_argument(args, 0).cloned();
        let second = Self::positional_argument(args, 1).cloned();
        Some(match name {
            "get" | "pop" => {
                let found = self.read_item(receiver, &first?, site);
                match (found, second) {
                    (Value::Unknown, Some(default)) => default,
                    (found, Some(default)) if !matches!(default, Value::Null) => self.either(found, default),
                    (found, _) => found,
                }
            }
            "setdefault" => {
                let value = second.unwrap_or(Value::Null);
                self.put_entries(id, &first?, value.clone(), site);
                value
            }
            "set" => {
                self.put_entries(id, &first?, second.unwrap_or_default(), site);
                receiver.clone()
            }
            "update" => {
                if let Some(first) = first {
                    self.extend(id, &first);
                }
                for arg in args {
                    if let Some(name) = &arg.name {
                        self.put_entry(id, MapKey::Name(name.clone()), arg.value.clone());
                    }
                }
                Value::Null
            }
            "items" | "entries" => self.map_part(receiver, true, true)?,
            "keys" => self.map_part(receiver, true, false)?,
            "values" => self.map_part(receiver, false, true)?,
            "copy" => {
                let copy = self.new_map(Vec::new(), false);
                if let Value::Object(to) = copy {
                    self.extend(to, receiver);
                }
                copy
            }
            _ => return None,
        })
    }
}
