//! From types as written to values of them.

use super::Frame;
use crate::index::mapping::{Named, Origin};
use crate::index::program::{ClassRef, Definition};
use crate::index::trace::Tracer;
use crate::index::trace::value::{MapKey, Object, Value};
use crate::model::code::{ClassKind, Function, Type};
use crate::model::facts::Language;
use std::rc::Rc;

/// Types of the languages' standard libraries that stand for the value of their first argument.
const WRAPPERS: [&str; 22] = [
    "Promise",
    "Awaitable",
    "Coroutine",
    "Optional",
    "Readonly",
    "Partial",
    "Required",
    "NonNullable",
    "Annotated",
    "Final",
    "ClassVar",
    "Generator",
    "AsyncGenerator",
    "Iterator",
    "AsyncIterator",
    "ContextManager",
    "AsyncContextManager",
    "PromiseLike",
    "Awaited",
    "Type",
    "type",
    "DeepPartial",
];
/// Those that stand for several.
const LISTS: [&str; 14] = [
    "list",
    "List",
    "Sequence",
    "Iterable",
    "Collection",
    "set",
    "Set",
    "Array",
    "ReadonlyArray",
    "tuple",
    "Tuple",
    "AsyncIterable",
    "frozenset",
    "MutableSequence",
];
/// Most fields of an object type that a value of it has.
const MAX_FIELDS: usize = 60;
/// Types inside each other that are looked through.
const DEPTH: usize = 12;

impl<'a> Tracer<'a> {
    /// A value of a type: an entity of a model, an instance of a class, what packs say of a library's type.
    pub(super) fn type_value(&mut self, ty: &'a Type, site: Origin) -> Value {
        self.typed_value(ty, false, site, 0)
    }

    /// Several values of a type.
    pub(super) fn many_of_type(&mut self, ty: &'a Type, site: Origin) -> Value {
        self.typed_value(ty, true, site, 0)
    }

    fn typed_value(&mut self, ty: &'a Type, many: bool, site: Origin, depth: usize) -> Value {
        if depth > DEPTH {
            return Value::Unknown;
        }
        let file = self.file_here();
        match ty {
            Type::Named { path, args } => {
                let words: Vec<&str> = path.iter().map(|w| &*w.text).collect();
                if let [one] = words.as_slice()
                    && let Some(bound) = self.type_variable(one)
                {
                    return self.value_of(&bound, many, site);
                }
                let definition = self.program.lookup_path(file, &words);
                if let Some(Definition::Class(class)) = definition {
                    if let Some(Type::Named { .. } | Type::Pointer(_) | Type::Union(_) | Type::Of(_)) =
                        self.program.class(class).filter(|c| c.kind == ClassKind::Alias).and_then(|c| c.alias.as_ref())
                        && let Some(inner) = self.program.class(class).and_then(|c| c.alias.as_ref())
                    {
                        let frame = self.module_frame(class.file);
                        return self.inside(frame, |t| t.typed_value(inner, many, site, depth + 1));
                    }
                    let of = self.class_value(class, site);
                    let value = self.value_of(&of, many, site);
                    if !args.is_empty() {
                        self.bind_instance(&value, class, args, site);
                    }
                    return value;
                }
                let value = self.value_of_type(file, ty, site);
                if !matches!(value, Value::Unknown) {
                    return value;
                }
                let last = words.last().copied().unwrap_or("");
                if let ("ReturnType", [Type::Of(of)]) = (last, args.as_slice()) {
                    let function = self.eval(of);
                    let given = self.call_value(&function, Vec::new(), Rc::from([]), site);
                    return self.await_value(&given, site);
                }
                // the class itself, not a value of it
                if let (true, [of], Language::Python) = (matches!(last, "type" | "Type"), args.as_slice(), self.language_here()) {
                    return match self.named_type(of, site) {
                        class @ (Value::Model { .. } | Value::Class(_)) => class,
                        _ => Value::Unknown,
                    };
                }
                if matches!(last, "tuple" | "Tuple") && args.len() > 1 && !matches!(args.last(), Some(Type::Other)) {
                    let items: Vec<Value> = args.iter().map(|t| self.typed_value(t, false, site, depth + 1)).collect();
                    return self.side_by_side(items, many);
                }
                match args.first() {
                    Some(inner) if WRAPPERS.contains(&last) => self.typed_value(inner, many, site, depth + 1),
                    Some(inner) if LISTS.contains(&last) => self.typed_value(inner, true, site, depth + 1),
                    _ => Value::Unknown,
                }
            }
            Type::Pointer(inner) => self.typed_value(inner, many, site, depth + 1),
            Type::Slice(inner) => self.typed_value(inner, true, site, depth + 1),
            Type::Union(all) => {
                let values: Vec<Value> =
                    all.iter().filter(|t| !matches!(t, Type::Null)).map(|t| self.typed_value(t, many, site, depth + 1)).collect();
                let known: Vec<Value> = values.into_iter().filter(|v| !matches!(v, Value::Unknown | Value::Null)).collect();
                self.one_of_all(known)
            }
            Type::Tuple(all) => {
                let values: Vec<Value> = all.iter().map(|t| self.typed_value(t, false, site, depth + 1)).collect();
                self.side_by_side(values, many)
            }
            Type::Literal(word) => {
                let place = Origin { file, span: word.span };
                Value::Text(crate::index::trace::value::TextValue {
                    parts: Rc::from([crate::index::trace::value::TextPart::Text((&*word.text).into(), place)]),
                })
            }
            Type::Of(value) => {
                let value = self.eval(value);
                match value {
                    Value::Model { .. } => self.value_of(&value, many, site),
                    other => other,
                }
            }
            Type::Null => Value::Null,
            Type::Object(fields) if !many && fields.len() <= MAX_FIELDS => {
                let entries = fields.iter().map(|(name, ty)| {
                    let key = Named { text: (&*name.text).into(), origin: Some(Origin { file, span: name.span }) };
                    (MapKey::Name(key), self.typed_value(ty, false, site, depth + 1))
                });
                let entries = entries.collect();
                self.new_map(entries, true)
            }
            Type::Map(..) | Type::Object(_) | Type::Function(_) | Type::Other => Value::Unknown,
        }
    }

    /// A tuple of values, or a list of such tuples; unknown where nothing is known of any.
    fn side_by_side(&mut self, values: Vec<Value>, many: bool) -> Value {
        if values.iter().all(|v| matches!(v, Value::Unknown)) {
            return Value::Unknown;
        }
        let one = Value::Tuple(values.into());
        if many { self.new_list(vec![one], true) } else { one }
    }

    /// What a type names, not a value of it: a model, a class, something of a library.
    pub(in crate::index::trace) fn named_type(&mut self, ty: &'a Type, site: Origin) -> Value {
        match ty {
            Type::Named { path, .. } => {
                let words: Vec<&str> = path.iter().map(|w| &*w.text).collect();
                if let [one] = words.as_slice()
                    && let Some(bound) = self.type_variable(one)
                {
                    return bound;
                }
                match self.program.lookup_path(self.file_here(), &words) {
                    Some(found) => self.defined(&found, site),
                    None => Value::External(words.join(".").into()),
                }
            }
            Type::Pointer(inner) | Type::Slice(inner) => self.named_type(inner, site),
            Type::Union(all) => {
                let first = all.iter().find(|t| !matches!(t, Type::Null));
                first.map(|t| self.named_type(t, site)).unwrap_or_default()
            }
            Type::Of(value) => self.eval(value),
            _ => Value::Unknown,
        }
    }

    /// What a type parameter stands for here.
    pub(in crate::index::trace) fn type_variable(&self, name: &str) -> Option<Value> {
        let mut at = Some(self.state.at);
        for _ in 0..super::MAX_NESTING {
            let frame = self.state.frames.get(at? as usize)?;
            if let Some((_, value)) = frame.types.iter().find(|(n, _)| &**n == name) {
                return Some(value.clone());
            }
            at = frame.parent;
        }
        None
    }

    /// A value of what a type names.
    pub(in crate::index::trace) fn value_of(&mut self, named: &Value, many: bool, site: Origin) -> Value {
        match named {
            Value::Model { model, .. } => {
                let entity = Object::Entity { model: *model, many, fresh: false, written: Vec::new(), query: None, origin: site };
                Value::Object(self.allocate(entity))
            }
            Value::Class(class) => {
                let one = self.instance_of_class(*class, site);
                if many { self.new_list(vec![one], true) } else { one }
            }
            _ => Value::Unknown,
        }
    }

    /// Gives an instance the type arguments that its type has.
    fn bind_instance(&mut self, value: &Value, class: ClassRef, args: &'a [Type], site: Origin) {
        let names = self.parameters(class);
        let bound: Vec<(Rc<str>, Value)> = names.into_iter().zip(args).map(|(n, a)| (n, self.named_type(a, site))).collect();
        if let Some(id) = self.instance_of(value)
            && let Some(Object::Instance { types, .. }) = self.object_mut(id)
        {
            for (name, value) in bound {
                match types.iter_mut().find(|t| t.0 == name) {
                    Some(old) => old.1 = value,
                    None => types.push((name, value)),
                }
            }
        }
    }

    /// Type parameters of a function, as far as its parameters are written with them, for the call's type arguments.
    pub(super) fn bound_types(&mut self, code: &'a Function, types: &Rc<[Value]>, own: Rc<[(Rc<str>, Value)]>) -> Rc<[(Rc<str>, Value)]> {
        let mut all: Vec<(Rc<str>, Value)> = own.to_vec();
        let mut names: Vec<&str> = Vec::new();
        let written = code.params.iter().filter_map(|p| p.ty.as_ref()).chain(&code.returns);
        for ty in written {
            parameters_in(ty, &mut names, 0);
        }
        names.retain(|n| n.len() <= 2 && n.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()));
        names.dedup();
        all.extend(names.into_iter().zip(types.iter()).map(|(n, v)| (n.into(), v.clone())));
        all.into()
    }

    /// Named results (Go) hold a value of their type until something is assigned.
    pub(super) fn type_results(&mut self, code: &'a Function, site: Origin) {
        let types: Vec<&'a Type> = match &code.returns {
            Some(Type::Tuple(all)) => all.iter().collect(),
            Some(one) => vec![one],
            None => return,
        };
        for (name, ty) in code.results.iter().zip(types) {
            let origin = self.origin_here(name.span);
            let value = self.declared_empty(ty, if name.span.is_empty() { site } else { origin });
            self.current_frame().vars.insert(&name.text, value);
        }
    }

    /// The value of a variable that is declared with a type alone: an empty list, else a value of the type.
    pub(super) fn declared_empty(&mut self, ty: &'a Type, origin: Origin) -> Value {
        let value = self.type_value(ty, origin);
        match (ty, &value) {
            (Type::Slice(_), Value::Unknown) => self.new_list(Vec::new(), false),
            (Type::Slice(_), Value::Object(id)) if matches!(self.object(*id), Some(Object::List { .. })) => {
                self.new_list(Vec::new(), false)
            }
            (Type::Map(..), Value::Unknown) => self.new_map(Vec::new(), false),
            _ => value,
        }
    }

    /// An empty frame of a file, with these types bound.
    pub(super) fn with_types<T>(&mut self, class: ClassRef, types: Rc<[(Rc<str>, Value)]>, work: impl FnOnce(&mut Self) -> T) -> T {
        let parent = self.module_frame(class.file);
        let frame = self.push_frame(Frame { file: class.file, class: Some(class), parent: Some(parent), types, ..Frame::default() });
        self.inside(frame, work)
    }
}

impl<'a> Tracer<'a> {
    /// What the running function gives whose result is a type parameter: what a parameter of that type holds, or a
    /// function among its parameters gives (`remember<T>(name: string, make: () => T): T`).
    pub(super) fn result_by_parameter(&mut self, code: &'a Function, site: Origin) -> Option<Value> {
        let wanted = bare_name(code.returns.as_ref()?, 0)?;
        if self.type_variable(wanted).is_some() || self.program.lookup(self.file_here(), wanted).is_some() {
            return None;
        }
        code.params.iter().find_map(|param| {
            let ty = param.ty.as_ref()?;
            let made = match ty {
                Type::Function(result) => bare_name(result, 0) == Some(wanted),
                Type::Named { path, args } if path.last().is_some_and(|w| &*w.text == "Callable") => {
                    args.last().and_then(|t| bare_name(t, 0)) == Some(wanted)
                }
                _ => false,
            };
            if !made && bare_name(ty, 0) != Some(wanted) {
                return None;
            }
            let held = self.current_frame().vars.get(&*param.name.text).cloned()?;
            let value = match made {
                true if matches!(held, Value::Function { .. }) => {
                    let value = self.call_function(&held, Vec::new(), site);
                    self.await_value(&value, site)
                }
                true => Value::Unknown,
                false => held,
            };
            (!matches!(value, Value::Unknown | Value::Null)).then_some(value)
        })
    }
}

/// The one word that a type is, through what stands for the value of its argument.
fn bare_name(ty: &Type, depth: usize) -> Option<&str> {
    match ty {
        _ if depth > DEPTH => None,
        Type::Named { path, args } => match (path.as_slice(), args.as_slice()) {
            ([one], []) => Some(&one.text),
            ([.., last], [inner]) if WRAPPERS.contains(&&*last.text) => bare_name(inner, depth + 1),
            _ => None,
        },
        Type::Union(all) => {
            let mut known = all.iter().filter(|t| !matches!(t, Type::Null));
            let one = known.next()?;
            if known.next().is_some() { None } else { bare_name(one, depth + 1) }
        }
        _ => None,
    }
}

fn parameters_in<'t>(ty: &'t Type, out: &mut Vec<&'t str>, depth: usize) {
    if depth > DEPTH {
        return;
    }
    match ty {
        Type::Named { path, args } => {
            if let [one] = path.as_slice() {
                out.push(&one.text);
            }
            args.iter().for_each(|a| parameters_in(a, out, depth + 1));
        }
        Type::Pointer(inner) | Type::Slice(inner) | Type::Function(inner) => parameters_in(inner, out, depth + 1),
        Type::Union(all) | Type::Tuple(all) => all.iter().for_each(|t| parameters_in(t, out, depth + 1)),
        Type::Map(key, value) => {
            parameters_in(key, out, depth + 1);
            parameters_in(value, out, depth + 1);
        }
        _ => {}
    }
}
