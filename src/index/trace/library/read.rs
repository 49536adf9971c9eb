//! Arguments as expressions, by the word that a step gives for reading them.

use super::acts::{and, text_of_step};
use super::calls::Call;
use super::expressions::TextIs;
use super::names::At;
use crate::grammar::mapper::{Act, ReadAs, Step};
use crate::index::mapping::Named;
use crate::index::trace::Tracer;
use crate::index::trace::query::{Query, QueryId, SourceRef, SqlExpr};
use crate::index::trace::value::{Argument, Handle, MapKey, Object, TextPart, Value};

impl Tracer<'_> {
    /// The expressions that a step adds to a clause.
    pub(super) fn read(&mut self, at: &At, step: &Step, taken: &[Argument], call: &mut Call) -> Vec<SqlExpr> {
        let condition = matches!(step.act, Act::Where | Act::Having | Act::On);
        match step.read {
            ReadAs::Comparison => self.comparison(at, step, taken, call),
            ReadAs::ColumnComparison => self.comparison(at, step, taken, call),
            ReadAs::Lookups => taken.iter().flat_map(|a| self.lookups(at, a)).collect(),
            ReadAs::WholeRow => vec![Self::all_of_root()],
            ReadAs::Sql | ReadAs::PropertySql => match taken.first().map(|a| a.value.clone()) {
                Some(function @ Value::Function { .. }) if condition => self.nested(at, step, &function, call),
                Some(function @ Value::Function { .. }) => {
                    let built = self.queries_in(at, &function, call.site);
                    built.into_iter().map(SqlExpr::Query).collect()
                }
                _ => self.sql(at, taken, step.read == ReadAs::PropertySql),
            },
            ReadAs::Key => self.key(at, taken),
            ReadAs::KeyColumn => match self.root_model(at.query) {
                Some(model) => vec![self.key_field(0, model, None)],
                None => Vec::new(),
            },
            ReadAs::Attributes => taken.iter().flat_map(|a| self.attributes(at, 0, &a.value)).collect(),
            ReadAs::Stars => taken.iter().flat_map(|a| self.stars(at, &a.value)).collect(),
            ReadAs::Filter => taken.iter().flat_map(|a| self.filter(at, 0, &a.value, 0)).collect(),
            ReadAs::Selection => taken.iter().flat_map(|a| self.select_object(at, &a.value, call, step.act)).collect(),
            ReadAs::Fields => taken.iter().flat_map(|a| self.fields(at, &a.value)).collect(),
            ReadAs::Order => self.order(at, taken),
            ReadAs::Entity => taken.iter().flat_map(|_| self.key(at, &[])).collect(),
            ReadAs::Functions => {
                for (i, arg) in taken.iter().enumerate() {
                    // what stands behind a function is for it: `modify(fn, 'column')`
                    let function = |v: &Value| matches!(v, Value::Function { .. } | Value::Object(_) | Value::Tuple(_));
                    let more = if i == 0 && function(&arg.value) && taken.get(1).is_some_and(|a| !function(&a.value)) {
                        taken.get(1..).unwrap_or_default()
                    } else {
                        &[]
                    };
                    self.scope(at, &step.with, &arg.value, more, call);
                    if !more.is_empty() {
                        break;
                    }
                }
                Vec::new()
            }
            ReadAs::Query => {
                let mut out = Vec::new();
                for arg in taken {
                    for query in self.queries_in(at, &arg.value, call.site) {
                        self.embed(at, query);
                        out.push(if condition { SqlExpr::Exists(query) } else { SqlExpr::Query(query) });
                    }
                }
                out
            }
            _ if step.act == Act::WhereKey => self.key(at, taken),
            _ => {
                let mut out = Vec::new();
                for arg in taken {
                    let function = matches!(arg.value, Value::Function { .. });
                    if condition && function {
                        out.extend(self.nested(at, step, &arg.value, call));
                        continue;
                    }
                    if function && self.root_model(at.query).is_some() && self.takes_columns(at) {
                        let built = self.called_with_root(at, &arg.value);
                        out.extend(self.expressions(at, &built, text_of_step(step)));
                        continue;
                    }
                    let read = match (condition, self.is_map(&arg.value)) {
                        (true, true) => self.equalities(at, &arg.value),
                        (false, true) if step.read == ReadAs::Paths => self.key_paths(at, &arg.value),
                        _ => self.expressions(at, &arg.value, text_of_step(step)),
                    };
                    match &arg.name {
                        Some(name) if at.keep => {
                            out.extend(read.into_iter().map(|e| SqlExpr::Label(Box::new(e), name.clone())));
                        }
                        _ => out.extend(read),
                    }
                }
                self.correlate(at, &mut out);
                out
            }
        }
    }

    /// Callbacks of the library are given the columns of the root and the module of expressions.
    fn takes_columns(&self, at: &At) -> bool {
        self.words.mapper(at.pack).is_some_and(|m| !m.expressions.is_empty() && m.callbacks.is_empty())
    }

    /// All columns of the tables that a value names; expressions stand for themselves.
    fn stars(&mut self, at: &At, value: &Value) -> Vec<SqlExpr> {
        match self.text_of(value) {
            Some(name) => vec![SqlExpr::Star(SourceRef::Named(name))],
            None => match value {
                Value::Object(_) | Value::Tuple(_) | Value::OneOf(_) => {
                    let items = self.items(value);
                    items.iter().take(64).filter_map(|v| self.text_of(v)).map(|n| SqlExpr::Star(SourceRef::Named(n))).collect()
                }
                _ => self.expressions(at, value, TextIs::Name),
            },
        }
    }

    /// Gives what is read through columns by bare name the query's other names.
    fn correlate(&mut self, at: &At, out: &mut [SqlExpr]) {
        for expr in out.iter_mut() {
            let taken = std::mem::replace(expr, SqlExpr::Null);
            *expr = self.settle(at, taken);
        }
    }

    fn is_map(&self, value: &Value) -> bool {
        match value {
            Value::Object(id) => matches!(self.object(*id), Some(Object::Map { .. })),
            _ => false,
        }
    }

    /// `{ a: 1, b: 2 }` as `a = 1 AND b = 2`.
    pub(super) fn equalities(&mut self, at: &At, value: &Value) -> Vec<SqlExpr> {
        let mut out = Vec::new();
        for (key, value) in self.entries(value) {
            for left in self.key_expressions(at, &key) {
                out.push(self.equal(at, left, &value));
            }
        }
        out
    }

    /// `left = value`, `IN` for lists, `IS` for null.
    pub(super) fn equal(&mut self, at: &At, left: SqlExpr, value: &Value) -> SqlExpr {
        let many = match value {
            Value::Object(id) => matches!(self.object(*id), Some(Object::List { .. })),
            Value::Handle(_) => true,
            _ => false,
        };
        let right = self.expressions(at, value, TextIs::Value);
        let op = match (many, right.as_slice()) {
            (_, [SqlExpr::Null]) => "IS",
            (true, _) => "IN",
            _ => "=",
        };
        SqlExpr::Compare(op.into(), Box::new(left), if right.is_empty() { vec![SqlExpr::Value(None)] } else { right })
    }

    /// What the key of a map names.
    pub(super) fn key_expressions(&mut self, at: &At, key: &MapKey) -> Vec<SqlExpr> {
        match key {
            MapKey::Name(name) => vec![self.name(at, name)],
            MapKey::Value(value) => self.expressions(at, value, TextIs::Name),
            MapKey::Unknown(origin) => vec![SqlExpr::Unknown("unknown column".into(), *origin)],
        }
    }

    fn key_paths(&mut self, at: &At, value: &Value) -> Vec<SqlExpr> {
        let mut out = Vec::new();
        for (key, value) in self.entries(value) {
            if is_false(&value) {
                continue;
            }
            match self.text_of(&value) {
                Some(_) => {
                    let read = self.expressions(at, &value, TextIs::Name);
                    match &key {
                        MapKey::Name(name) => out.extend(read.into_iter().map(|e| SqlExpr::Label(Box::new(e), name.clone()))),
                        _ => out.extend(read),
                    }
                }
                None => out.extend(self.key_expressions(at, &key)),
            }
        }
        out
    }

    /// `field__lookup=value`, and expressions that stand alone.
    pub(super) fn lookups(&mut self, at: &At, arg: &Argument) -> Vec<SqlExpr> {
        if let Some(name) = &arg.name {
            self.learn_row(at, name, arg);
            return vec![self.lookup(at, name, &arg.value)];
        }
        if self.is_map(&arg.value) {
            let mut out = Vec::new();
            for (key, value) in self.entries(&arg.value) {
                match key {
                    MapKey::Name(name) => out.push(self.lookup(at, &name, &value)),
                    MapKey::Value(Value::OneOf(names)) => {
                        for name in names.iter() {
                            match self.text_of(name) {
                                Some(name) => out.push(self.lookup(at, &name, &value)),
                                None => out.push(SqlExpr::Unknown("unknown lookup".into(), arg.origin)),
                            }
                        }
                    }
                    MapKey::Value(name) => {
                        let names = self.key_names(&name);
                        if names.is_empty() {
                            out.push(SqlExpr::Unknown("unknown lookup".into(), arg.origin));
                        }
                        for name in names {
                            out.push(self.lookup(at, &name, &value));
                        }
                    }
                    MapKey::Unknown(origin) => out.push(SqlExpr::Unknown("unknown lookup".into(), origin)),
                }
            }
            return out;
        }
        if arg.double || arg.spread {
            return vec![SqlExpr::Unknown("unknown lookups".into(), arg.origin)];
        }
        let read = self.expressions(at, &arg.value, TextIs::Path);
        read.into_iter().map(|e| self.settle(at, e)).collect()
    }

    /// The texts that a key may be, where all of it is known or one of a few (`f"{fields[field]}__gte"`).
    fn key_names(&self, key: &Value) -> Vec<Named> {
        let Value::Text(text) = key else { return self.text_of(key).into_iter().collect() };
        let mut names = vec![Named { text: "".into(), origin: None }];
        for part in text.parts.iter() {
            let choices: Vec<Named> = match part {
                TextPart::Text(piece, place) => vec![Named { text: piece.clone(), origin: Some(*place) }],
                TextPart::Value(Value::OneOf(all)) => all.iter().filter_map(|v| self.text_of(v)).collect(),
                TextPart::Value(value) => self.text_of(value).into_iter().collect(),
                TextPart::Hole(..) => Vec::new(),
            };
            if names.len() * choices.len() > Value::MAX_CHOICES {
                return Vec::new();
            }
            let joined = |name: &Named, next: &Named| Named {
                text: format!("{}{}", name.text, next.text).into(),
                origin: name.origin.or(next.origin),
            };
            names = names.iter().flat_map(|name| choices.iter().map(|next| joined(name, next)).collect::<Vec<_>>()).collect();
        }
        names
    }

    /// What a relation is compared with is one of its rows, unless it is called like a key.
    fn learn_row(&mut self, at: &At, name: &Named, arg: &Argument) {
        let is_key = |n: &str| {
            ["id", "pk", "key", "uuid"].iter().any(|k| n.strip_suffix(k).is_some_and(|rest| rest.is_empty() || rest.ends_with('_')))
        };
        if !matches!(arg.value, Value::Unknown) || is_key(&arg.text) {
            return;
        }
        let Some(model) = self.root_model(at.query) else { return };
        let found = self.relation_of(model, &name.text).and_then(|r| self.models.get(model)?.relations.get(r as usize));
        if let Some(target) = found.map(|r| r.target) {
            let row = self.loaded(target, false, None, arg.origin);
            self.learn(&arg.text, row);
        }
    }

    fn lookup(&mut self, at: &At, name: &Named, value: &Value) -> SqlExpr {
        let left = self.text_as(at, name, TextIs::Path);
        let left = self.settle(at, left);
        self.equal(at, left, value)
    }

    /// `('a', '>', 1)`, `('a', 1)`, `({ a: 1 })`, a callback, an expression.
    fn comparison(&mut self, at: &At, step: &Step, taken: &[Argument], call: &mut Call) -> Vec<SqlExpr> {
        let Some((first, rest)) = taken.split_first() else { return Vec::new() };
        let columns = step.read == ReadAs::ColumnComparison;
        if matches!(first.value, Value::Function { .. }) && rest.is_empty() {
            return self.nested(at, step, &first.value, call);
        }
        if self.is_map(&first.value) {
            if !columns {
                return self.equalities(at, &first.value);
            }
            let mut out = Vec::new();
            for (key, value) in self.entries(&first.value) {
                let right = self.expressions(at, &value, TextIs::Name);
                out.extend(self.key_expressions(at, &key).into_iter().map(|l| SqlExpr::Compare("=".into(), Box::new(l), right.clone())));
            }
            return out;
        }
        let mut left = self.expressions(at, &first.value, TextIs::Name);
        let (op, right) = match rest {
            [] => return left,
            [right] => (None, right),
            [op, right, ..] => (self.text_of(&op.value), right),
        };
        let mut values = match &right.value {
            Value::Function { .. } => {
                let built = self.queries_in(at, &right.value, call.site);
                built.into_iter().map(SqlExpr::Query).collect()
            }
            value => self.expressions(at, value, if columns { TextIs::Name } else { TextIs::Value }),
        };
        if values.is_empty() {
            values.push(SqlExpr::Value(None));
        }
        let many = matches!(&right.value, Value::Handle(_))
            || matches!(&right.value, Value::Object(id) if matches!(self.object(*id), Some(Object::List { .. })));
        let op = match (op, many) {
            (Some(op), _) => op.text.to_uppercase(),
            (None, true) => "IN".to_string(),
            (None, false) => if matches!(values.as_slice(), [SqlExpr::Null]) { "IS" } else { "=" }.to_string(),
        };
        match left.len() {
            0 => Vec::new(),
            1 => vec![SqlExpr::Compare(op.as_str().into(), Box::new(left.remove(0)), values)],
            _ => left.into_iter().map(|l| SqlExpr::Compare(op.as_str().into(), Box::new(l), values.clone())).collect(),
        }
    }

    /// The conditions that a callback builds on the same tables.
    pub(super) fn nested(&mut self, at: &At, step: &Step, function: &Value, call: &mut Call) -> Vec<SqlExpr> {
        let words = self.words.clone();
        let kind = if step.with.is_empty() { words.callbacks(at.pack) } else { &step.with };
        if !words.builds(at.pack, kind) {
            let given = self.handle(at.pack, kind, None, None);
            let result = self.run_with(function, given, call.site);
            return self.expressions(at, &result, TextIs::Name);
        }
        let query = self.beside(at.query);
        let given = self.handle(at.pack, kind, self.root_model(query), Some(query));
        let result = self.run_with(function, given, call.site);
        let built = match &result {
            Value::Handle(Handle { query: Some(built), .. }) => *built,
            Value::Expr(_) => return self.expressions(at, &result, TextIs::Name),
            Value::Text(_) => return self.sql(at, &[super::calls::argument(result.clone(), call.site)], true),
            _ => query,
        };
        self.change(built, |q| q.used = true);
        let Some(built) = self.query(built).cloned() else { return Vec::new() };
        self.change(at.query, |q| {
            q.unknown.extend(built.unknown);
            q.parts.extend(built.parts);
        });
        if built.filters.is_empty() { Vec::new() } else { vec![and(built.filters)] }
    }

    /// A query over the same tables with nothing asked of it.
    pub(super) fn beside(&mut self, query: QueryId) -> QueryId {
        let (pack, sources, select) =
            self.query(query).map_or_else(Default::default, |q| (q.pack.clone(), q.sources.clone(), q.select.clone()));
        self.begin(Query { pack, sources, select, used: true, ..Query::default() })
    }

    /// A function that adds to the query itself.
    fn scope(&mut self, at: &At, with: &str, value: &Value, more: &[Argument], call: &mut Call) {
        match value {
            Value::Function { .. } => {
                let copy = self.query(at.query).cloned().unwrap_or_default();
                let before = self.begin(Query { used: true, ..copy });
                let kind = if with.is_empty() { "query" } else { with };
                let given = self.handle(at.pack, kind, self.root_model(before), Some(before));
                let result = self.run_with_more(value, given, more, call.site);
                let built = match result {
                    Value::Handle(Handle { query: Some(built), .. }) => built,
                    _ => before,
                };
                if let Some(built) = self.query(built).cloned() {
                    self.change(at.query, |q| *q = Query { used: false, ..built });
                }
            }
            Value::Object(id) => {
                if let Some(Object::List { items, .. }) = self.object(*id).cloned() {
                    items.iter().for_each(|v| self.scope(at, with, v, more, call));
                }
            }
            Value::Tuple(all) | Value::OneOf(all) => all.clone().iter().for_each(|v| self.scope(at, with, v, more, call)),
            Value::Text(_) | Value::Key(_) => match self.modifier(at, value) {
                Some(function) => self.scope(at, with, &function, more, call),
                None => self.change(at.query, |q| q.unknown.push(("unknown scope".into(), call.site))),
            },
            _ => self.change(at.query, |q| q.unknown.push(("unknown scope".into(), call.site))),
        }
    }

    /// The function that a name stands for among those of the root's class (`static modifiers = { live(builder) {} }`).
    fn modifier(&mut self, at: &At, value: &Value) -> Option<Value> {
        let name = self.text_of(value)?;
        let root = Value::Model { model: self.root_model(at.query)?, alias: None, origin: None };
        let modifiers = self.read_member(&root, &Named { text: "modifiers".into(), origin: None }, at.site);
        match self.map_entry(&modifiers, &name.text)? {
            function @ Value::Function { .. } => Some(function),
            _ => None,
        }
    }

    /// A condition on the primary key.
    pub(super) fn key(&mut self, at: &At, taken: &[Argument]) -> Vec<SqlExpr> {
        let Some(model) = self.root_model(at.query) else {
            return taken.iter().flat_map(|a| if self.is_map(&a.value) { self.equalities(at, &a.value) } else { Vec::new() }).collect();
        };
        if let Some(map) = taken.iter().find(|a| self.is_map(&a.value)) {
            let value = map.value.clone();
            return self.filter(at, 0, &value, 0);
        }
        let lists: Vec<Value> = taken.iter().flat_map(|a| self.items(&a.value)).collect();
        if lists.iter().any(|v| self.is_map(v)) {
            return lists.iter().flat_map(|v| self.filter(at, 0, v, 0)).collect();
        }
        let fields: Vec<_> = self.models.get(model).map(|m| m.primary().collect()).unwrap_or_default();
        let key = |field| SqlExpr::Field { source: SourceRef::Id(0), model, field, origin: None };
        let value = || vec![SqlExpr::Value(None)];
        let fields = if fields.is_empty() {
            self.models.get(model).and_then(|m| m.parent).map(|(_, key)| key).into_iter().collect()
        } else {
            fields
        };
        fields.into_iter().map(|f| SqlExpr::Compare("=".into(), Box::new(key(f)), value())).collect()
    }
}

/// It says no.
pub(super) fn is_false(value: &Value) -> bool {
    match value {
        Value::Scalar(s) => matches!(s.to_ascii_lowercase().as_str(), "false" | "0"),
        Value::Null => true,
        _ => false,
    }
}
