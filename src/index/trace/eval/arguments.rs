//! Arguments of a call, and how they reach the parameters of a function.

use crate::index::mapping::Origin;
use crate::index::trace::Tracer;
use crate::index::trace::value::{Argument, MapKey, Object, Value};
use crate::model::code::{Arg, ExprKind, Param};

impl<'a> Tracer<'a> {
    /// Evaluated arguments. Lists and maps that are spread are taken apart as far as their items are known.
    pub(super) fn arguments(&mut self, args: &'a [Arg]) -> Vec<Argument> {
        let mut out = Vec::with_capacity(args.len());
        for arg in args {
            let value = self.eval(&arg.value);
            if let ExprKind::Call { .. } = arg.value.kind {
                self.built_upon(&value);
            }
            let origin = self.origin_here(arg.value.span);
            let text = self.shown(&arg.value);
            let name = arg.name.as_ref().map(|n| self.word_here(n));
            if arg.spread
                && let Value::Handle(_) = value
                && let Some(item) = self.library_iterate(&value, origin)
            {
                out.push(Argument { name, value: item, spread: false, double: false, origin, text });
                continue;
            }
            if !arg.spread && !arg.double {
                out.push(Argument { name, value, spread: false, double: false, origin, text });
                continue;
            }
            if let Some((items, open)) = self.list_items(&value).filter(|_| !arg.double) {
                for item in items {
                    out.push(Argument { name: None, value: item, spread: false, double: false, origin, text: text.clone() });
                }
                if !open {
                    continue;
                }
                out.push(Argument { name: None, value: Value::Unknown, spread: true, double: false, origin, text });
                continue;
            }
            if let Value::Object(id) = &value
                && let Some(Object::Map { entries, open }) = self.object(*id).cloned()
            {
                let (named, other): (Vec<_>, Vec<_>) = entries.into_iter().partition(|(k, _)| matches!(k, MapKey::Name(_)));
                for (key, value) in named {
                    if let MapKey::Name(name) = key {
                        out.push(Argument { name: Some(name), value, spread: false, double: false, origin, text: text.clone() });
                    }
                }
                if !other.is_empty() || open {
                    let rest = self.new_map(other, open);
                    out.push(Argument { name: None, value: rest, spread: false, double: true, origin, text });
                }
                continue;
            }
            out.push(Argument { name, value, spread: !arg.double, double: arg.double, origin, text });
        }
        out
    }

    /// An argument that no expression stands for.
    pub(super) fn argument(&self, value: Value, origin: Origin) -> Argument {
        Argument { name: None, value, spread: false, double: false, origin, text: "…".into() }
    }

    /// Binds the parameters of the running frame. `entry`: nobody is known to call, so that a parameter without an
    /// argument can be anything of its type.
    pub(super) fn bind_parameters(&mut self, params: &'a [Param], args: Vec<Argument>, entry: bool, site: Origin) {
        let mut positional: std::collections::VecDeque<Argument> = std::collections::VecDeque::new();
        let mut named: Vec<Argument> = Vec::new();
        let (mut open, mut more) = (false, Vec::new());
        for arg in args {
            if arg.double {
                more.push(arg);
            } else if arg.spread {
                open = true;
            } else if arg.name.is_some() {
                named.push(arg);
            } else {
                positional.push_back(arg);
            }
        }
        for param in params {
            if param.rest {
                let items: Vec<Value> = positional.drain(..).map(|a| a.value).collect();
                let empty = items.is_empty();
                let value = match &param.ty {
                    Some(ty) if empty && (entry || open) => {
                        let many = self.many_of_type(ty, site);
                        if matches!(many, Value::Unknown) { self.new_list(items, true) } else { many }
                    }
                    _ => self.new_list(items, entry || open),
                };
                self.bind_one(param, value, site);
                continue;
            }
            if param.keywords {
                let entries = named.drain(..).filter_map(|a| Some((MapKey::Name(a.name?), a.value))).collect();
                let value = self.new_map(entries, entry);
                if let Value::Object(id) = &value {
                    for arg in &more {
                        self.extend(*id, &arg.value);
                    }
                }
                self.bind_one(param, value, site);
                continue;
            }
            let by_name = named.iter().position(|a| a.name.as_ref().is_some_and(|n| *n.text == *param.name.text));
            let given = match by_name {
                Some(at) => Some(named.remove(at).value),
                None => positional.pop_front().map(|a| a.value),
            };
            let value = match given {
                Some(Value::Unknown) => self.unknown_param(param, site),
                Some(value) => value,
                None => {
                    let default = param.default.as_ref().map(|d| self.eval(d));
                    match default {
                        Some(default) if !entry && !open => default,
                        Some(default) => {
                            let value = self.unknown_param(param, site);
                            match (&value, &default) {
                                (_, Value::Null) => value,
                                (Value::Unknown, Value::Handle(_) | Value::Object(_) | Value::Model { .. }) => default,
                                (Value::Unknown, _) => self.either(default, value),
                                _ => value,
                            }
                        }
                        None => self.unknown_param(param, site),
                    }
                }
            };
            self.bind_one(param, value, site);
        }
    }

    fn bind_one(&mut self, param: &'a Param, value: Value, site: Origin) {
        if let (Value::Row { .. }, Some(ty)) = (&value, &param.ty) {
            let ty = self.named_type(ty, site);
            self.library_row_type(&value, &[ty]);
        }
        if let Some(pattern) = &param.pattern {
            self.assign_to(pattern, value.clone(), site);
        }
        if !param.name.text.is_empty() {
            self.current_frame().vars.insert(&param.name.text, value);
        }
    }

    /// What is known of a parameter without its argument: its type, or what packs say of its name.
    pub(super) fn unknown_param(&mut self, param: &'a Param, site: Origin) -> Value {
        let origin = if param.name.text.is_empty() { site } else { self.origin_here(param.name.span) };
        if let Some(ty) = &param.ty {
            let value = self.type_value(ty, origin);
            if !matches!(value, Value::Unknown) {
                return value;
            }
        }
        let known = self.library_variable(origin.file, &param.name.text, origin);
        let known = known.or_else(|| self.library_entity(&param.name.text, origin));
        known.or_else(|| self.listened_param(param, origin)).unwrap_or_default()
    }

    /// What a decorator of the running function says of its parameter.
    fn listened_param(&mut self, param: &'a Param, origin: Origin) -> Option<Value> {
        let function = self.current_frame().function?;
        let decorators = &self.program.function(function)?.decorators;
        decorators.iter().find_map(|decorator| {
            let ExprKind::Call { function: named, args, .. } = &decorator.kind else { return None };
            let (name, first) = (self.program.qualified(function.file, named)?, args.first()?);
            let first = self.eval(&first.value);
            self.library_listened(&name, &first, &param.name.text, origin)
        })
    }

    /// The value of a positional argument.
    pub(super) fn positional_argument(args: &[Argument], at: usize) -> Option<&Value> {
        args.iter().filter(|a| a.name.is_none() && !a.spread && !a.double).nth(at).map(|a| &a.value)
    }
}
