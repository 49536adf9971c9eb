//! Expressions of expressions: operators, functions, methods.

use super::calls::argument;
use super::expressions::TextIs;
use super::names::At;
use super::words::PackId;
use crate::grammar::mapper::{CallRule, Expression, NamesMean, Step};
use crate::index::mapping::{ModelId, Named, Origin, RelationId};
use crate::index::trace::Tracer;
use crate::index::trace::query::{Fragment, FragmentPart, Join, Load, Query, Source, SourceRef, SourceTable, SqlExpr};
use crate::index::trace::value::{Argument, Object, Value};
use std::rc::Rc;

impl Tracer<'_> {
    fn apart(&mut self, pack: PackId, site: Origin) -> At {
        let id = self.words.packs.get(pack).map_or_else(|| "".into(), |p| p.id.clone());
        let query = self.scratch(id);
        let names = self.words.mapper(pack).map_or_else(Default::default, |m| m.names);
        At { pack, query, site, names, outputs: false, keep: false }
    }

    fn text_in_functions(&self, pack: PackId) -> TextIs {
        let paths = self.words.mapper(pack).is_some_and(|m| m.expression_paths);
        if paths { TextIs::Path } else { TextIs::Value }
    }

    /// A function of a library's module of expressions that no rule names.
    pub(super) fn expression_function(&mut self, pack: PackId, name: &str, args: &[Argument], site: Origin) -> Value {
        let at = self.apart(pack, site);
        let text = self.text_in_functions(pack);
        let all = args.iter().flat_map(|a| self.expressions(&at, &a.value, text)).collect();
        value(function(name, all))
    }

    /// A call that gives an expression.
    pub(super) fn expression_call(
        &mut self,
        rule: (PackId, usize),
        pack: PackId,
        call: &CallRule,
        receiver: Option<&Value>,
        args: &[Argument],
        site: Origin,
    ) -> Value {
        let expression = call.expression.unwrap_or_default();
        let at = self.apart(pack, site);
        let function_text = self.text_in_functions(pack);
        let text = match expression {
            Expression::Path | Expression::OuterPath => TextIs::Path,
            Expression::Desc | Expression::Same | Expression::Column if receiver.is_none() => match function_text {
                TextIs::Path => TextIs::Path,
                _ => TextIs::Name,
            },
            _ => function_text,
        };
        if expression == Expression::Raw {
            let words = self.words.clone();
            let mut state =
                super::calls::Call { rule, pack, receiver: None, args: args.into(), site, query: at.query, result: None, along: None };
            let step = call.steps.first().cloned();
            let taken = step.and_then(|s| self.taken(&words, &mut state, &s)).unwrap_or_else(|| args.to_vec());
            let Some((first, rest)) = taken.split_first() else { return Value::Unknown };
            let fragment = self.bound_fragment(&at, &first.value, rest, false);
            return value(SqlExpr::Raw(fragment));
        }
        let mut all: Vec<SqlExpr> = match receiver {
            // a module or session is no operand
            Some(Value::Handle(handle)) if handle.query.is_none() => Vec::new(),
            Some(receiver) => self.expressions(&at, receiver, TextIs::Name),
            None => Vec::new(),
        };
        if call.steps.is_empty() {
            for arg in args {
                all.extend(self.expressions(&at, &arg.value, text));
            }
        } else {
            let words = self.words.clone();
            let mut state =
                super::calls::Call { rule, pack, receiver, args: args.into(), site, query: at.query, result: None, along: None };
            for step in &call.steps {
                let Some(taken) = self.taken(&words, &mut state, step) else { continue };
                let read = self.read(
                    &At { names: step.names.unwrap_or(at.names), ..at },
                    &Step { act: Default::default(), ..step.clone() },
                    &taken,
                    &mut state,
                );
                all.extend(read);
            }
        }
        let first = |mut all: Vec<SqlExpr>| if all.is_empty() { SqlExpr::Value(None) } else { all.remove(0) };
        let built = match expression {
            Expression::Call => function(
                if call.operator.is_empty() { call.names.first().map_or("", |n| super::words::last(n)) } else { &call.operator },
                all,
            ),
            Expression::NamedCall => {
                let name = args.first().and_then(|a| self.text_of(&a.value));
                all.retain(|e| !matches!(e, SqlExpr::Value(_)));
                function(name.as_ref().map_or("", |n| &n.text), all)
            }
            Expression::And => SqlExpr::And(all),
            Expression::Or => SqlExpr::Or(all),
            Expression::Not => SqlExpr::Not(Box::new(super::acts::and(all))),
            Expression::Compare => {
                let rest = all.split_off(all.len().min(1));
                match all.pop() {
                    Some(left) => SqlExpr::Compare(call.operator.as_str().into(), Box::new(left), rest),
                    None => SqlExpr::Value(None),
                }
            }
            Expression::Label => {
                let name = args.iter().rev().find_map(|a| self.text_of(&a.value));
                let inner = all.into_iter().next().unwrap_or(SqlExpr::Value(None));
                match name {
                    Some(name) => SqlExpr::Label(Box::new(inner), name),
                    None => inner,
                }
            }
            Expression::Desc => SqlExpr::Descending(Box::new(first(all))),
            Expression::Same | Expression::Path => first(all),
            Expression::OuterPath => match first(all) {
                SqlExpr::Path { name, pack, .. } => SqlExpr::Path { name, outer: true, pack },
                other => other,
            },
            Expression::Value => SqlExpr::Value(None),
            Expression::Exists => match first(all) {
                SqlExpr::Query(query) | SqlExpr::Exists(query) => SqlExpr::Exists(query),
                other => other,
            },
            Expression::Query => first(all),
            Expression::Column => match args.first().and_then(|a| self.text_of(&a.value)) {
                Some(name) => Self::plain_column(&name),
                None => first(all),
            },
            Expression::Excluded => match args.first().and_then(|a| self.text_of(&a.value)) {
                Some(name) => SqlExpr::Column { source: SourceRef::Named(Named { text: "excluded".into(), origin: None }), name },
                None => first(all),
            },
            Expression::Identifier => match args.first().and_then(|a| self.text_of(&a.value)) {
                Some(name) => SqlExpr::Raw(Fragment { parts: vec![FragmentPart::Identifier(name)], properties: false }),
                None => SqlExpr::Raw(Fragment { parts: vec![FragmentPart::Hole("identifier".into(), site)], properties: false }),
            },
            Expression::Joined => SqlExpr::Raw(self.pieces_joined(&at, args, site)),
            Expression::Raw => SqlExpr::Value(None),
        };
        value(built)
    }

    /// The pieces of a list, with what separates them.
    fn pieces_joined(&mut self, at: &At, args: &[Argument], site: Origin) -> Fragment {
        let separator = args.get(1).map(|a| self.fragment_part(at, &a.value, false));
        let known = args.first().map(|a| self.items(&a.value)).unwrap_or_default();
        let mut parts = Vec::new();
        for (i, item) in known.iter().enumerate() {
            if let Some(separator) = separator.as_ref().filter(|_| i > 0) {
                parts.push(separator.clone());
            }
            parts.push(match item {
                Value::Unknown => FragmentPart::Hole("pieces of SQL".into(), site),
                item => self.fragment_part(at, item, false),
            });
        }
        Fragment { parts, properties: false }
    }

    /// A method of an expression or relation that no rule of its pack names: a comparison, a name, a direction by
    /// their usual names, else a function of what it is made of.
    pub(super) fn expression_method(&mut self, receiver: &Value, name: &Named, args: &[Argument], site: Origin) -> Option<Value> {
        if let Value::Relation { .. } = receiver {
            return self.relation_method(receiver, name, args, site);
        }
        let Value::Expr(_) = receiver else { return None };
        let pack = self.kind_of(receiver).map_or(0, |k| k.0);
        let at = self.apart(pack, site);
        let left = self.expression(&at, receiver, TextIs::Name);
        let label = |t: &Self, left: SqlExpr| match args.first().and_then(|a| t.text_of(&a.value)) {
            Some(name) => SqlExpr::Label(Box::new(left), name),
            None => left,
        };
        let built = match name.text.to_ascii_lowercase().as_str() {
            "desc" => SqlExpr::Descending(Box::new(left)),
            "asc" | "nulls_first" | "nulls_last" | "nullsfirst" | "nullslast" | "self_group" | "mapwith" | "getsql" => left,
            // a column of a table that is named by itself
            "col" if matches!(left, SqlExpr::Path { .. }) => match (left, args.first().and_then(|a| self.text_of(&a.value))) {
                (SqlExpr::Path { name: table, .. }, Some(name)) => SqlExpr::Column { source: SourceRef::Named(table), name },
                (left, _) => left,
            },
            "label" | "as" | "as_" | "alias" => label(self, left),
            _ => {
                let mut all = vec![left];
                for arg in args {
                    all.extend(self.expressions(&at, &arg.value, TextIs::Value));
                }
                method(&name.text, all)
            }
        };
        Some(value(built))
    }

    /// `Customer.addresses.any(Address.city == city)`, `Customer.orders.and_(...)`.
    fn relation_method(&mut self, receiver: &Value, name: &Named, args: &[Argument], site: Origin) -> Option<Value> {
        let Value::Relation { model, alias, relation, origin } = receiver else { return None };
        let (model, alias, relation, origin) = (*model, alias.as_ref(), *relation, *origin);
        let found = self.models.get(model)?.relations.get(relation as usize)?.clone();
        let pack = self.pack_of(model)?;
        let id = self.models.get(model)?.pack.clone();
        match &*name.text {
            "any" | "has" | "contains" | "exists" | "none" | "every" | "some" => {
                let outer = SourceRef::Model(model, alias.map(|a| a.text.clone()));
                let inner = self.related(id, model, relation, outer, origin);
                let at = At { pack, query: inner, site, names: NamesMean::Fields, outputs: false, keep: false };
                for arg in args {
                    let conditions = match &arg.name {
                        Some(field) => {
                            let left = self.name(&at, field);
                            vec![self.equal(&at, left, &arg.value)]
                        }
                        None => self.expressions(&at, &arg.value, TextIs::Name).into_iter().filter(SqlExpr::has_columns).collect(),
                    };
                    self.change(inner, |q| q.filters.extend(conditions));
                }
                Some(value(SqlExpr::Exists(inner)))
            }
            "and_" => {
                let narrowed = self.begin(Query { pack: id.clone(), used: true, ..Query::default() });
                self.set_root(narrowed, SourceTable::Model(found.target), None, origin);
                let at = At { pack, query: narrowed, site, names: NamesMean::Fields, outputs: false, keep: false };
                let conditions: Vec<SqlExpr> = args.iter().flat_map(|a| self.expressions(&at, &a.value, TextIs::Name)).collect();
                self.change(narrowed, |q| q.filters.extend(conditions));
                let load = Load { path: vec![(relation, origin)], joined: false, query: Some(narrowed) };
                let query = self.begin(Query { pack: id, used: true, loads: vec![load], ..Query::default() });
                Some(self.handle(pack, "load", Some(model), Some(query)))
            }
            "of_type" => Some(Value::Relation { model, alias: alias.cloned(), relation, origin }),
            _ => {
                let keys = self.relation_keys(SourceRef::Model(model, alias.map(|a| a.text.clone())), model, relation, origin);
                Some(value(method(&name.text, keys)))
            }
        }
    }

    /// The rows of a relation's other side that belong to a row outside.
    pub(super) fn related(&mut self, pack: Rc<str>, model: ModelId, relation: RelationId, outer: SourceRef, origin: Option<Origin>) -> u32 {
        let query = self.begin(Query { pack, used: true, ..Query::default() });
        let Some(found) = self.models.get(model).and_then(|m| m.relations.get(relation as usize)).cloned() else { return query };
        let alias = (found.target == model).then(|| Named { text: "related".into(), origin: None });
        self.set_root(query, SourceTable::Model(found.target), alias, origin);
        match &found.through {
            None => {
                for (own, other) in &found.keys {
                    let left = self.model_column(SourceRef::Id(0), found.target, other, origin);
                    let right = self.model_column(outer.clone(), model, own, origin);
                    self.change(query, |q| q.filters.push(SqlExpr::Compare("=".into(), Box::new(left), vec![right])));
                }
            }
            Some(through) => {
                let table = match through.model {
                    Some(m) => SourceTable::Model(m),
                    None => SourceTable::Implied { schema: through.schema.clone(), name: through.table.clone() },
                };
                let mut on = Vec::new();
                for (link, other) in &through.keys {
                    let left = SqlExpr::Column {
                        source: SourceRef::Id(1),
                        name: Named { text: link.text.clone(), origin: origin.or(link.origin) },
                    };
                    on.push(SqlExpr::Compare(
                        "=".into(),
                        Box::new(left),
                        vec![self.model_column(SourceRef::Id(0), found.target, other, origin)],
                    ));
                }
                let mut filters = Vec::new();
                for (own, link) in &found.keys {
                    let left = SqlExpr::Column {
                        source: SourceRef::Id(1),
                        name: Named { text: link.text.clone(), origin: origin.or(link.origin) },
                    };
                    filters.push(SqlExpr::Compare("=".into(), Box::new(left), vec![self.model_column(outer.clone(), model, own, origin)]));
                }
                self.change(query, |q| {
                    q.sources.push(Source { table, alias: None, join: Some(Join { outer: false, on, relation: None }), origin });
                    q.filters.extend(filters);
                });
            }
        }
        query
    }

    /// See [`Tracer::library_binary`].
    pub(super) fn binary(&mut self, op: &str, left: &Value, right: &Value, site: Origin) -> Option<Value> {
        let is_sql = |v: &Value| match v {
            Value::Expr(_) | Value::Relation { .. } => true,
            Value::Handle(h) => &*h.kind == "exists",
            _ => false,
        };
        if !is_sql(left) && !is_sql(right) {
            return self.sets(op, left, right);
        }
        let pack = self.kind_of(left).or_else(|| self.kind_of(right)).map_or(0, |k| k.0);
        let at = self.apart(pack, site);
        let l = self.expression(&at, left, TextIs::Value);
        let r = self.expression(&at, right, TextIs::Value);
        let null = matches!(r, SqlExpr::Null);
        let compare = |op: &str, l, r| SqlExpr::Compare(op.into(), Box::new(l), vec![r]);
        Some(value(match op {
            "==" | "===" if null => compare("IS", l, r),
            "!=" | "!==" if null => compare("IS NOT", l, r),
            "==" | "===" => compare("=", l, r),
            "!=" | "!==" | "<>" => compare("<>", l, r),
            "<" | "<=" | ">" | ">=" => compare(op, l, r),
            "<<" | "in" => compare("IN", l, r),
            ">>" => compare("IS", l, r),
            "**" => compare("LIKE", l, r),
            "&" | "&&" | "and" => SqlExpr::And(vec![l, r]),
            "|" | "||" | "or" if is_condition(&l) || is_condition(&r) => SqlExpr::Or(vec![l, r]),
            _ => SqlExpr::Call("".into(), vec![l, r]),
        }))
    }

    /// `a | b` of two queries: the conditions of either.
    fn sets(&mut self, op: &str, left: &Value, right: &Value) -> Option<Value> {
        let (Value::Handle(l), Value::Handle(r)) = (left, right) else { return None };
        let (Some(lq), Some(rq)) = (l.query, r.query) else { return None };
        if !matches!(op, "|" | "&" | "+" | "^" | "-") {
            return None;
        }
        let unions = self.kind_of(left).and_then(|(pack, _)| self.words.mapper(pack)).is_some_and(|m| m.set_operators);
        let more = self.query(rq).cloned()?;
        let mut copy = self.query(lq).cloned()?;
        if unions {
            copy.unions.push(rq);
            copy.parts.extend(more.parts);
            copy.used = false;
            self.change(lq, |q| q.used = true);
            self.change(rq, |q| q.used = true);
            let query = self.begin(copy);
            return Some(Value::Handle(crate::index::trace::value::Handle { query: Some(query), ..l.clone() }));
        }
        self.change(lq, |q| q.used = true);
        self.change(rq, |q| q.used = true);
        copy.filters.extend(more.filters);
        copy.order.extend(more.order);
        copy.parts.extend(more.parts);
        copy.used = false;
        let query = self.begin(copy);
        Some(Value::Handle(crate::index::trace::value::Handle { query: Some(query), ..l.clone() }))
    }

    /// See [`Tracer::library_unary`].
    pub(super) fn unary(&mut self, op: &str, operand: &Value, site: Origin) -> Option<Value> {
        let sql = match operand {
            Value::Expr(_) | Value::Relation { .. } => true,
            Value::Handle(h) => &*h.kind == "exists",
            _ => false,
        };
        if !sql {
            return None;
        }
        let pack = self.kind_of(operand).map_or(0, |k| k.0);
        let at = self.apart(pack, site);
        let inner = self.expression(&at, operand, TextIs::Value);
        Some(value(match op {
            "~" | "not" | "!" => SqlExpr::Not(Box::new(inner)),
            "-" => SqlExpr::Descending(Box::new(inner)),
            _ => inner,
        }))
    }

    /// The items of a list that code has put together.
    pub(super) fn items(&self, value: &Value) -> Vec<Value> {
        match value {
            Value::Object(id) => match self.object(*id) {
                Some(Object::List { items, .. }) => items.clone(),
                _ => vec![value.clone()],
            },
            Value::Tuple(all) | Value::OneOf(all) => all.to_vec(),
            other => vec![other.clone()],
        }
    }

    /// Positional arguments of values.
    pub(super) fn positional(values: Vec<Value>, site: Origin) -> Vec<Argument> {
        values.into_iter().map(|v| argument(v, site)).collect()
    }
}

fn value(expr: SqlExpr) -> Value {
    Value::Expr(Rc::new(expr))
}

fn is_condition(expr: &SqlExpr) -> bool {
    matches!(expr, SqlExpr::Compare(..) | SqlExpr::And(_) | SqlExpr::Or(_) | SqlExpr::Not(_) | SqlExpr::Exists(_))
}

/// A function of what names columns; its name where it is one of the aggregates of every engine.
fn function(name: &str, all: Vec<SqlExpr>) -> SqlExpr {
    let name = name.to_ascii_lowercase();
    let columns: Vec<SqlExpr> = all.into_iter().filter(SqlExpr::has_columns).collect();
    let known = matches!(name.as_str(), "count" | "sum" | "avg" | "min" | "max");
    let plain = match columns.as_slice() {
        [] => name == "count",
        [one] => !matches!(one, SqlExpr::Star(_)) || name == "count",
        _ => false,
    };
    if !known || !plain {
        let name = if known { name.as_str() } else { "" };
        // an aggregate over a condition is still one
        return match (name, columns.as_slice()) {
            ("", _) | (_, []) => SqlExpr::Call("".into(), columns),
            (name, _) => SqlExpr::Call(name.into(), vec![SqlExpr::Call("".into(), columns)]),
        };
    }
    SqlExpr::Call(name.as_str().into(), columns)
}

/// What a method of a column makes of it and of its arguments, by the usual names.
fn method(name: &str, mut all: Vec<SqlExpr>) -> SqlExpr {
    let op = match name.to_ascii_lowercase().as_str() {
        "in_" | "in" | "isin" | "inarray" => "IN",
        "notin_" | "not_in" | "notin" => "NOT IN",
        "like" | "startswith" | "endswith" | "contains" | "ilike" | "icontains" | "istartswith" | "iendswith" | "notlike" | "not_like" => {
            "LIKE"
        }
        "is_" | "is" => "IS",
        "isnot" | "is_not" => "IS NOT",
        "between" => "BETWEEN",
        "eq" | "__eq__" | "equals" => "=",
        "ne" | "neq" => "<>",
        "lt" => "<",
        "gt" => ">",
        "lte" | "le" => "<=",
        "gte" | "ge" => ">=",
        _ => {
            all.retain(SqlExpr::has_columns);
            return SqlExpr::Call("".into(), all);
        }
    };
    if all.is_empty() {
        return SqlExpr::Value(None);
    }
    let left = all.remove(0);
    SqlExpr::Compare(op.into(), Box::new(left), all)
}
