//! Writing calls as SQL, by the templates of their rules.

use super::builtin::json;
use super::call::last_parts;
use super::entities::Entities;
use super::run::Run;
use super::value::{Entry, Place, Term, Value};
use crate::grammar::ddl::{Filter, PartSet, Piece, Rule, Slot, Sql, Test};
use crate::model::statement::HOLE;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Nesting beyond which nothing is written.
const MAX_DEPTH: u32 = 60;
/// Stand around the place that what follows is at: file offset, and whether lines are those of the source.
pub(super) const MARK: (char, char) = ('\u{F8F0}', '\u{F8F1}');

/// What a template gave.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Written {
    /// Text.
    Text(String),
    /// A condition does not hold.
    Off,
    /// A value is not given: its name.
    Missing(String),
}

/// Why something can't be written.
pub(super) type Unwritten = String;

/// Writes the calls of a run.
pub(super) struct Writer<'w, 'a> {
    pub run: &'w Run<'a>,
    /// What operations have said so far.
    pub entities: &'w Entities,
    /// The application that the migration belongs to.
    pub app: &'w str,
    depth: Cell<u32>,
    /// Texts that are being written, by name.
    active: RefCell<Vec<(String, usize)>>,
}

/// What names in a template mean: a call with its rule, an object, and what is around it.
pub(super) struct Env<'e> {
    value: Value,
    pub rule: Option<&'e Rule>,
    set: Option<&'e PartSet>,
    /// Values by name, before all others.
    pub extra: Vec<(Rc<str>, Value)>,
    pub outer: Option<&'e Env<'e>>,
}

impl<'e> Env<'e> {
    pub fn new(value: Value, rule: Option<&'e Rule>, set: Option<&'e PartSet>, outer: Option<&'e Env<'e>>) -> Self {
        Env { value, rule, set, extra: Vec::new(), outer }
    }

    fn level(&self) -> usize {
        self.outer.map_or(0, |o| o.level() + 1)
    }
}

impl<'w, 'a> Writer<'w, 'a> {
    pub fn new(run: &'w Run<'a>, entities: &'w Entities, app: &'w str) -> Self {
        Writer { run, entities, app, depth: Cell::new(0), active: RefCell::default() }
    }

    /// The statements of a rule: those of its templates whose conditions hold.
    pub fn statements(&self, sql: &Sql, env: &Env) -> Result<Vec<String>, Unwritten> {
        let mut out = Vec::new();
        for template in sql.of(self.run.engine).unwrap_or(&[]) {
            match self.template(&template.pieces, env)? {
                Written::Text(text) => out.push(text),
                Written::Off => {}
                Written::Missing(name) => return Err(format!("`{name}` is not given")),
            }
        }
        Ok(out)
    }

    /// A template.
    pub fn template(&self, pieces: &[Piece], env: &Env) -> Result<Written, Unwritten> {
        if self.depth.get() >= MAX_DEPTH {
            return Err("it is nested too deeply".into());
        }
        self.depth.set(self.depth.get() + 1);
        let written = self.pieces(pieces, env);
        self.depth.set(self.depth.get() - 1);
        written
    }

    fn pieces(&self, pieces: &[Piece], env: &Env) -> Result<Written, Unwritten> {
        // Conditions first: what they rule out need not be writable.
        for piece in pieces {
            if let Piece::Test(test) = piece
                && !self.holds(test, env)?
            {
                return Ok(Written::Off);
            }
        }
        let mut out = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Test(_) => {}
                Piece::Slot(slot) => match self.slot(slot, env)? {
                    Some(text) => out.push_str(&text),
                    None => return Ok(Written::Missing(slot.path.join("."))),
                },
                Piece::Group(alternatives) => {
                    for alternative in alternatives {
                        if let Written::Text(text) = self.template(alternative, env)? {
                            out.push_str(&text);
                            break;
                        }
                    }
                }
            }
        }
        Ok(Written::Text(out))
    }

    fn holds(&self, test: &Test, env: &Env) -> Result<bool, Unwritten> {
        let word = |path: &[String]| -> Result<Option<String>, Unwritten> {
            Ok(self.find(path, env)?.map(|value| match &value {
                Value::Null => "null".into(),
                Value::Bool(b) => b.to_string(),
                Value::Text(text, _) | Value::Number(text) => unmarked(text),
                Value::Path(path) => path.name.rsplit('.').next().unwrap_or("").to_string(),
                Value::Term(term) => term.callee.rsplit('.').next().unwrap_or("").to_string(),
                Value::Map(_) => "object".into(),
                Value::List(_) => "list".into(),
                Value::Function(..) => "function".into(),
                _ => String::new(),
            }))
        };
        let given = |path: &[String]| -> Result<bool, Unwritten> {
            Ok(match self.find(path, env)? {
                None | Some(Value::Null | Value::Bool(false)) => false,
                Some(Value::Text(text, _)) => !unmarked(&text).is_empty(),
                Some(_) => true,
            })
        };
        Ok(match test {
            Test::Given(path) => given(path)?,
            Test::Missing(path) => !given(path)?,
            Test::Is(path, wanted) | Test::IsNot(path, wanted) => {
                let wanted = match wanted.strip_prefix('$') {
                    Some(other) => word(&other.split('.').map(str::to_string).collect::<Vec<_>>())?,
                    None => Some(wanted.clone()),
                };
                let is = word(path)?.zip(wanted).is_some_and(|(a, b)| a.eq_ignore_ascii_case(&b));
                is == matches!(test, Test::Is(..))
            }
            Test::Written(slot) => self.slot(slot, env)?.is_some(),
            Test::Unwritten(slot) => self.slot(slot, env)?.is_none(),
            Test::Differs(name) => self.differs(name, env)?,
        })
    }

    /// Whether a part of the new definition is written otherwise than that of the old one; so where the old one is not
    /// known.
    fn differs(&self, name: &str, env: &Env) -> Result<bool, Unwritten> {
        let Some(value) = env.rule.and_then(|r| r.entity.as_ref()).map(|e| e.value.clone()) else { return Ok(true) };
        let Some(old) = env.extra.iter().find(|e| &*e.0 == "old").map(|e| e.1.clone()) else { return Ok(true) };
        let before = Env {
            value: env.value.clone(),
            rule: env.rule,
            set: env.set,
            extra: env.extra.iter().filter(|e| *e.0 != *value).cloned().chain([(value.as_str().into(), old)]).collect(),
            outer: env.outer,
        };
        let path = [name.to_string()];
        let shown = |found: Option<Value>| match found {
            Some(Value::Text(text, _)) => Some(unmarked(&text)),
            other => other.map(|v| json(&v)),
        };
        Ok(shown(self.find(&path, env)?) != shown(self.find(&path, &before)?))
    }

    /// The value of a name, or of a part of it.
    pub fn find(&self, path: &[String], env: &Env) -> Result<Option<Value>, Unwritten> {
        let Some((first, rest)) = path.split_first() else { return Ok(None) };
        let (first, rest, own) = match rest.split_first() {
            // `{.name}`
            Some((second, rest)) if first.is_empty() => (second, rest, true),
            _ => (first, rest, false),
        };
        let Some(mut value) = self.look(first, env, own)? else { return Ok(None) };
        for name in rest {
            match self.run.entry_of(&value, name) {
                Some(inner) => value = inner,
                None => return Ok(None),
            }
        }
        Ok(Some(value))
    }

    fn look(&self, name: &str, env: &Env, own_only: bool) -> Result<Option<Value>, Unwritten> {
        if let Some(found) = env.extra.iter().find(|e| &*e.0 == name) {
            return Ok(Some(found.1.clone()));
        }
        if let Some(sql) = env.rule.and_then(|r| r.texts.get(name))
            && let Some(found) = self.named_text(name, sql, env)
        {
            return found;
        }
        let own = match (&env.value, env.rule) {
            (Value::Term(term), Some(rule)) => {
                // A rule that says nothing of arguments leaves that to another one.
                let unnamed = rule.params.is_empty() && rule.options.is_empty();
                let naming = self.run.rule_of(&term.callee).filter(|_| unnamed).unwrap_or(rule);
                self.run.argument(term, naming, name)
            }
            (Value::Term(_) | Value::Map(_) | Value::This(_), _) => self.run.entry_of(&env.value, name),
            (Value::List(items), Some(rule)) => {
                let at = rule.params.iter().position(|p| p == name);
                let from_options = || {
                    rule.options.iter().find_map(|o| {
                        let at = rule.params.iter().position(|p| p == o)?;
                        self.run.entry_of(items.borrow().get(at)?, name)
                    })
                };
                at.and_then(|at| items.borrow().get(at).cloned()).or_else(from_options)
            }
            _ => None,
        };
        if own.is_some() {
            return Ok(own);
        }
        if let Some(sql) = env.set.and_then(|s| s.texts.get(name))
            && let Some(found) = self.named_text(name, sql, env)
        {
            return found;
        }
        if name == "self" {
            return Ok(Some(env.value.clone()));
        }
        match env.outer {
            _ if own_only => Ok(None),
            Some(outer) => self.look(name, outer, false),
            None => Ok((name == "app").then(|| Value::text(self.app))),
        }
    }

    /// A text of a rule or set by name; `None`: it is being written now, so that the name means something else in it.
    fn named_text(&self, name: &str, sql: &Sql, env: &Env) -> Option<Result<Option<Value>, Unwritten>> {
        let key = (name.to_string(), env.level());
        if self.active.borrow().contains(&key) {
            return None;
        }
        self.active.borrow_mut().push(key);
        let mut found = Ok(None);
        for template in sql.of(self.run.engine).unwrap_or(&[]) {
            match self.template(&template.pieces, env) {
                Ok(Written::Text(text)) => found = Ok(Some(Value::text(text))),
                Ok(_) => continue,
                Err(reason) => found = Err(reason),
            }
            break;
        }
        self.active.borrow_mut().pop();
        Some(found)
    }

    fn slot(&self, slot: &Slot, env: &Env) -> Result<Option<String>, Unwritten> {
        let Some(value) = self.find(&slot.path, env)? else { return Ok(None) };
        self.filtered(&value, &slot.filter, &slot.path.join("."), env)
    }

    fn filtered(&self, value: &Value, filter: &Filter, name: &str, env: &Env) -> Result<Option<String>, Unwritten> {
        let unknown = || format!("`{name}` is not known");
        if matches!(value, Value::Null) && !matches!(filter, Filter::Value | Filter::Set(_)) {
            return Ok(None);
        }
        Ok(Some(match filter {
            Filter::Value => return self.literal(value, env).map(Some),
            Filter::Values => {
                let all = match value {
                    Value::List(items) => items.borrow().clone(),
                    Value::Map(entries) => entries.borrow().iter().map(|e| e.1.clone()).collect(),
                    _ => return Err(unknown()),
                };
                all.iter().map(|v| self.literal(v, env)).collect::<Result<Vec<_>, _>>()?.join(", ")
            }
            Filter::Assignments | Filter::Conditions => {
                let Value::Map(entries) = value else { return Err(unknown()) };
                let entries = entries.borrow().clone();
                let joined = if *filter == Filter::Conditions { " AND " } else { ", " };
                let mut out = Vec::new();
                for (key, value) in &entries {
                    out.push(format!("{} = {}", self.quoted(key, name)?, self.literal(value, env)?));
                }
                if out.is_empty() && *filter == Filter::Conditions { "1 = 1".into() } else { out.join(joined) }
            }
            Filter::Raw | Filter::Lower => {
                let text = match value {
                    Value::Text(text, _) | Value::Number(text) => text.to_string(),
                    Value::Bool(b) => b.to_string(),
                    Value::Unknown(_) => return Err(unknown()),
                    other => match self.by_set("raw", other, env)? {
                        Some(text) => text,
                        None => return Err(unknown()),
                    },
                };
                if text.contains(HOLE) {
                    return Err(unknown());
                }
                if *filter == Filter::Lower { text.to_lowercase() } else { text }
            }
            Filter::Name | Filter::Table => match value {
                Value::Text(text, _) | Value::Number(text) if *filter == Filter::Name => self.quoted(text, name)?,
                Value::Text(text, _) => text.split('.').map(|part| self.quoted(part, name)).collect::<Result<Vec<_>, _>>()?.join("."),
                other => match self.by_set(if *filter == Filter::Table { "table" } else { "name" }, other, env)? {
                    Some(text) => text,
                    None => return Err(unknown()),
                },
            },
            Filter::Owner | Filter::Last => {
                let text = match value {
                    Value::Text(text, _) => unmarked(text),
                    _ => return Err(unknown()),
                };
                let (owner, last) = text.rsplit_once('.').unwrap_or(("", &text));
                match filter {
                    Filter::Last => self.quoted(last, name)?,
                    _ => owner.split('.').map(|part| self.quoted(part, name)).collect::<Result<Vec<_>, _>>()?.join("."),
                }
            }
            Filter::Names => {
                let all = match value {
                    Value::List(items) => items.borrow().clone(),
                    Value::Map(entries) if !self.run.rules.set.contains_key("name") => {
                        entries.borrow().iter().map(|e| Value::text(e.0.clone())).collect()
                    }
                    other => vec![other.clone()],
                };
                let each = |v: &Value| self.filtered(v, &Filter::Name, name, env)?.ok_or_else(unknown);
                all.iter().map(each).collect::<Result<Vec<_>, _>>()?.join(", ")
            }
            Filter::Sql => match value {
                Value::Text(text, place) => format!("{}{text}", mark(*place)),
                Value::Unknown(_) => return Err(unknown()),
                other => match self.by_set("sql", other, env)? {
                    Some(text) => text,
                    None => return Err(unknown()),
                },
            },
            Filter::Underscored => {
                let all = match value {
                    Value::List(items) => items.borrow().clone(),
                    other => vec![other.clone()],
                };
                let each = |v: &Value| self.filtered(v, &Filter::Raw, name, env)?.ok_or_else(unknown);
                all.iter().map(each).collect::<Result<Vec<_>, _>>()?.join("_").replace(['.', '-'], "_")
            }
            Filter::Bound => self.bound(value, name, env)?,
            Filter::Ordered => {
                let text = value.as_text().ok_or_else(unknown)?;
                let order = text.rsplit_once(' ').filter(|(_, o)| o.eq_ignore_ascii_case("desc") || o.eq_ignore_ascii_case("asc"));
                match order {
                    Some((column, order)) => format!("{} {}", self.quoted(column.trim(), name)?, order.to_uppercase()),
                    None => self.quoted(text, name)?,
                }
            }
            Filter::Backquoted => {
                let text = self.bound(value, name, env)?;
                if self.run.engine == "mysql" { text } else { text.replace('`', "\"") }
            }
            Filter::ModelTable => match value {
                Value::Text(text, _) => text.split('.').map(|part| self.quoted(part, name)).collect::<Result<Vec<_>, _>>()?.join("."),
                other => self.quoted(&self.run.model_table(other).ok_or_else(unknown)?, name)?,
            },
            Filter::ModelColumn => {
                let Value::Text(text, _) = value else { return Err(unknown()) };
                let model = self.look("model", env, false)?;
                let column = model.and_then(|m| self.run.model_column(&m, text));
                self.quoted(column.as_deref().unwrap_or(text), name)?
            }
            Filter::Lookups => self.lookups(value, env)?,
            Filter::Unquoted => match value {
                Value::Text(text, _) => unmarked(text).trim_matches(['"', '`']).to_string(),
                _ => return Err(unknown()),
            },
            Filter::EntityName => self.entity_name(value, env)?.1.to_lowercase(),
            Filter::EntityTable => self.quoted(&self.entity_table(value, env, name)?, name)?,
            Filter::FieldColumn => {
                let all = match value {
                    Value::List(items) => items.borrow().clone(),
                    other => vec![other.clone()],
                };
                let mut out = Vec::new();
                for field in &all {
                    let field = field.as_text().ok_or_else(unknown)?;
                    let descending = field.starts_with('-');
                    let column = self.field_column(field.trim_start_matches('-'), env)?;
                    out.push(format!("{}{}", self.quoted(&column, name)?, if descending { " DESC" } else { "" }));
                }
                out.join(", ")
            }
            Filter::KeyType | Filter::KeyColumn => {
                let entity = self.entity(value, env)?;
                let key = match entity {
                    Some(entity) => self.key_of(entity, env)?,
                    None => None,
                };
                let (set, field, fallback) = match (filter, key) {
                    (Filter::KeyType, Some((_, value))) => ("key-type", value, ""),
                    (Filter::KeyType, None) => ("key-type", Value::Null, ""),
                    (_, Some((name, value))) => {
                        let text = self.column_name(&name, &value, env)?;
                        return Ok(Some(self.quoted(&text, &name)?));
                    }
                    _ => ("", Value::Null, "id"),
                };
                if set.is_empty() { self.quoted(fallback, name)? } else { self.by_set(set, &field, env)?.ok_or_else(unknown)? }
            }
            Filter::Set(set) => return self.set(set, value, name, env),
        }))
    }

    /// An identifier in the quotes of the engine.
    pub fn quoted(&self, text: &str, name: &str) -> Result<String, Unwritten> {
        let text = unmarked(text);
        if text.contains(HOLE) {
            return Err(format!("`{name}` is not known"));
        }
        let quote = if self.run.engine == "mysql" { '`' } else { '"' };
        Ok(format!("{quote}{}{quote}", text.replace(quote, &format!("{quote}{quote}"))))
    }

    /// SQL with what is bound to its placeholders.
    fn bound(&self, value: &Value, name: &str, env: &Env) -> Result<String, Unwritten> {
        let Value::List(all) = value else { return Err(format!("`{name}` is not known")) };
        let all = all.borrow().clone();
        let (text, place) = match all.first() {
            Some(Value::Text(text, place)) => (text.clone(), *place),
            Some(other) => match self.by_set("sql", other, env)? {
                Some(text) => return Ok(text),
                None => return Err(format!("`{name}` is not known")),
            },
            None => return Err(format!("`{name}` is not known")),
        };
        let (values, named) = match all.get(1) {
            Some(Value::List(items)) if all.len() == 2 => (items.borrow().clone(), None),
            Some(named @ Value::Map(_)) if all.len() == 2 => (Vec::new(), Some(named.clone())),
            _ => (all.get(1..).unwrap_or(&[]).to_vec(), None),
        };
        let one = |value: &Value, identifier: bool| match value {
            Value::Text(text, _) if identifier => self.quoted(text, name),
            Value::Term(_) | Value::Path(_) => Ok(self.by_set("bound", value, env)?.unwrap_or(HOLE.to_string())),
            other => self.literal(other, env),
        };
        let mut next = values.iter();
        let mut out = mark(place);
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '?' if chars.peek() == Some(&'?') => {
                    chars.next();
                    out.push_str(&next.next().map_or(Ok("??".into()), |v| one(v, true))?);
                }
                '?' => out.push_str(&next.next().map_or(Ok("?".into()), |v| one(v, false))?),
                ':' if named.is_some() && chars.peek().is_some_and(|c| c.is_alphabetic()) => {
                    let mut word = String::new();
                    while let Some(c) = chars.next_if(|c| c.is_alphanumeric() || *c == '_') {
                        word.push(c);
                    }
                    let identifier = chars.next_if(|c| *c == ':').is_some();
                    match named.as_ref().and_then(|n| n.entry(&word)) {
                        Some(value) => out.push_str(&one(&value, identifier)?),
                        None => out.push_str(&format!(":{word}{}", if identifier { ":" } else { "" })),
                    }
                }
                c => out.push(c),
            }
        }
        Ok(out)
    }

    fn literal(&self, value: &Value, env: &Env) -> Result<String, Unwritten> {
        let quoted = |text: &str| {
            let text = if self.run.engine == "mysql" { text.replace('\\', "\\\\") } else { text.to_string() };
            format!("'{}'", text.replace('\'', "''"))
        };
        Ok(match value {
            Value::Null => "NULL".into(),
            Value::Bool(b) if self.run.engine == "sqlite" => u8::from(*b).to_string(),
            Value::Bool(b) => if *b { "TRUE" } else { "FALSE" }.into(),
            Value::Number(n) => n.to_string(),
            Value::Text(text, _) if **text == *HOLE.encode_utf8(&mut [0; 4]) => HOLE.to_string(),
            Value::Text(text, _) => quoted(&unmarked(text)),
            Value::Term(_) | Value::Path(_) => self.by_set("value", value, env)?.unwrap_or(HOLE.to_string()),
            Value::List(_) | Value::Map(_) => match self.by_set("value", value, env)? {
                Some(text) => text,
                None => quoted(&json(value)),
            },
            _ => HOLE.to_string(),
        })
    }

    /// A single value by a set that may not be there; `None`: no rule knows it.
    pub fn by_set(&self, name: &str, value: &Value, env: &Env) -> Result<Option<String>, Unwritten> {
        let Some(set) = self.run.rules.set.get(name) else { return Ok(None) };
        self.part(set, name, value, &[], env)
    }

    /// A value, or each item of it, by the rules of a set.
    fn set(&self, name: &str, value: &Value, slot: &str, env: &Env) -> Result<Option<String>, Unwritten> {
        let Some(set) = self.run.rules.set.get(name) else { return Err(format!("there is no set `{name}`")) };
        let mut parts: Vec<(Value, Vec<Entry>)> = Vec::new();
        let mut several = true;
        match value {
            Value::List(items) => parts.extend(items.borrow().iter().map(|i| (i.clone(), Vec::new()))),
            Value::Map(entries) if set.entries => {
                parts.extend(entries.borrow().iter().map(|(k, v)| (v.clone(), vec![(Rc::from("key"), Value::text(k.clone()))])));
            }
            other => {
                several = false;
                parts.push((other.clone(), Vec::new()));
            }
        }
        let mut out = Vec::new();
        for (part, extra) in &parts {
            match self.part(set, name, part, extra, env)? {
                Some(text) if several => {
                    let place = if let Value::Term(term) = part { mark(term.place) } else { String::new() };
                    if !unmarked(&text).is_empty() {
                        out.push(format!("{place}{text}"));
                    }
                }
                Some(text) => out.push(text),
                None if set.lenient && several => {}
                None if set.lenient => return Ok(None),
                None if matches!(part, Value::Null) => return Ok(None),
                None => return Err(unread(part, slot)),
            }
        }
        Ok(Some(out.join(set.join.as_deref().unwrap_or(", "))))
    }

    /// One value by the rules of a set; `None`: none knows it.
    pub fn part(
        &self,
        set: &PartSet,
        name: &str,
        value: &Value,
        extra: &[(Rc<str>, Value)],
        env: &Env,
    ) -> Result<Option<String>, Unwritten> {
        let Some(rules) = self.rules_for(set, name, value) else { return Ok(None) };
        for rule in rules {
            let mut inner = Env::new(value.clone(), Some(rule), Some(set), Some(env));
            inner.extra = extra.to_vec();
            if let Value::Text(..) | Value::Number(_) | Value::Bool(_) = value {
                inner.extra.push(("text".into(), value.clone()));
            }
            if let Some(when) = &rule.when
                && !matches!(self.template(&when.pieces, &inner)?, Written::Text(_))
            {
                continue;
            }
            if !rule.unread.is_empty() {
                return Err(rule.unread.clone());
            }
            let sql = if rule.sql.is_empty() { &set.sql } else { &rule.sql };
            let texts = self.statements(sql, &inner)?;
            let joined = if sql.of(self.run.engine).is_some_and(|t| t.len() > 1) { set.join.as_deref().unwrap_or(" ") } else { "" };
            let texts: Vec<String> = texts.into_iter().filter(|t| !t.is_empty()).collect();
            return Ok(Some(texts.join(joined)));
        }
        Ok(None)
    }

    fn rules_for<'r>(&'r self, set: &'r PartSet, name: &str, value: &Value) -> Option<&'r [Rule]> {
        let key = |key: &str| set.rules.get(key).map(|r| r.0.as_slice());
        let found = match value {
            Value::Term(term) => self.run.rules_in(name, &term.callee).map(|r| r.0.as_slice()),
            Value::Path(path) => self.run.rules_in(name, &path.name).map(|r| r.0.as_slice()),
            Value::Text(text, _) => key(&format!("={}", unmarked(text)))
                .or_else(|| key(&format!("={}", unmarked(text).to_lowercase())))
                .or_else(|| key("*text")),
            Value::Number(_) => key("*number"),
            Value::Bool(_) => key("*bool"),
            Value::Null => key("*null"),
            Value::Map(_) | Value::This(_) => key("*map"),
            Value::List(_) => key("*list"),
            Value::Function(..) | Value::Class(_) => key("*function"),
            Value::Unknown(_) | Value::Module(_) | Value::Engine(_) => None,
        };
        found.or_else(|| key("*any").filter(|_| !matches!(value, Value::Unknown(_))))
    }
}

/// What is said of a value that no rule knows.
fn unread(value: &Value, slot: &str) -> Unwritten {
    match value {
        Value::Term(term) => format!("{} is not known", last_parts(&term.callee)),
        Value::Path(path) => format!("{} is not known", last_parts(&path.name).trim_end_matches("()")),
        _ => format!("`{slot}` is not known"),
    }
}

/// A mark for a place.
pub(super) fn mark(place: Place) -> String {
    format!("{}{},{}{}", MARK.0, place.at, u8::from(place.literal), MARK.1)
}

/// Text without marks.
pub(super) fn unmarked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(MARK.0) {
        out.push_str(before);
        rest = after.split_once(MARK.1).map_or("", |p| p.1);
    }
    out.push_str(rest);
    out
}

impl Run<'_> {
    /// A library's value as a piece of SQL.
    pub fn as_sql(&self, value: &Value) -> Option<String> {
        let entities = Entities::default();
        let writer = Writer::new(self, &entities, "");
        let env = Env::new(Value::Null, None, None, None);
        let found = writer.by_set("sql", value, &env).ok().flatten().or_else(|| writer.by_set("value", value, &env).ok().flatten());
        found.map(|t| unmarked(&t))
    }
}

/// The term of a value.
pub(super) fn term_of(value: &Value) -> Option<&Rc<Term>> {
    match value {
        Value::Term(term) => Some(term),
        _ => None,
    }
}
