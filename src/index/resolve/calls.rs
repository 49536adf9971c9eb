//! What a call returns: functions of the service, wrappers of SQL text, and string methods.

use super::Resolver;
use super::evaluate::Val;
use super::names::{Entity, Env, is_nothing};
use super::symbols::{CallRef, Place};
use super::text::{Part, Text};
use crate::model::facts::{Call, Value};

/// Deepest nesting of functions that are followed for their return value.
const MAX_CALLS: u32 = 8;

/// Functions that give their first argument back as text, whatever library they belong to.
const WRAPPERS: [&str; 19] = [
    "text",
    "SQL",
    "sql",
    "raw",
    "Raw",
    "RawSQL",
    "unsafe",
    "dedent",
    "cleandoc",
    "TrimSpace",
    "Rebind",
    "rebind",
    "str",
    "String",
    "string",
    "encode",
    "oneLine",
    "format",
    "sqlformat",
];

/// Methods that leave the text of their receiver as it is, as far as SQL is concerned.
const KEEPERS: [&str; 15] = [
    "strip",
    "trim",
    "trimEnd",
    "trimStart",
    "lstrip",
    "String",
    "toString",
    "as_string",
    "encode",
    "decode",
    "join",
    "lower",
    "toLowerCase",
    "read",
    "build",
];

impl<'a> Resolver<'a> {
    /// Evaluates a call.
    pub fn call(&mut self, call: &'a Call, env: &Env<'a>) -> Val<'a> {
        let hole = || Val::Text(Text::hole(format!("{}(…)", call.callee.join(".")), env.file, call.span));
        let Some(name) = call.callee.last() else { return hole() };
        if let Some(function) = self.called(&call.callee, env) {
            return self.returned(function, CallRef { file: env.file, call }, env).unwrap_or_else(hole);
        }
        if matches!(name.as_str(), "Identifier" | "Literal" | "Placeholder") {
            return Val::Text(self.composed(name, call, env));
        }
        if call.callee.len() == 1 && (name == "make" || (call.args.is_empty() && matches!(name.as_str(), "list" | "Array"))) {
            return Val::List(Vec::new());
        }
        let first = call.args.first().filter(|a| !a.spread);
        if matches!(
            name.as_str(),
            "rstrip" | "TrimRight" | "TrimSuffix" | "removesuffix" | "TrimLeft" | "TrimPrefix" | "removeprefix" | "Trim"
        ) && let Some(val) = self.trimmed(name, call, env)
        {
            return val;
        }
        if let Some(first) = first
            && WRAPPERS.contains(&name.as_str())
        {
            return self.evaluate(&first.value, env);
        }
        if matches!(name.as_str(), "list" | "tuple" | "sorted" | "slice" | "from" | "keys")
            && let Some(first) = first
            && let val @ (Val::List(_) | Val::Map(..)) = self.evaluate(&first.value, env)
        {
            return val;
        }
        if call.callee.len() > 1 && (KEEPERS.contains(&name.as_str()) || (name == "keys" && first.is_none())) {
            let receiver = call.callee.get(..call.callee.len() - 1).unwrap_or(&[]);
            if let Some(entity) = self.entity(receiver, env)
                && let Some(val) = self.entity_value(&entity, call.span, env)
            {
                return val;
            }
        }
        hole()
    }

    /// The function of the service that a callee names.
    pub fn called(&mut self, callee: &'a [String], env: &Env<'a>) -> Option<Place> {
        match self.meaning(callee, env)? {
            Entity::Function(function) => Some(function),
            // `module.exports = function ...`
            Entity::Module(file) => match self.default_export(file)? {
                Entity::Function(function) => Some(function),
                _ => None,
            },
            _ => None,
        }
    }

    /// psycopg's `Identifier("schema", "table")`, `Literal(x)`, `Placeholder()`.
    fn composed(&mut self, name: &str, call: &'a Call, env: &Env<'a>) -> Text<'a> {
        if name != "Identifier" {
            return Text::parameter(env.file, call.span);
        }
        let mut out = Text::default();
        for (i, arg) in call.args.iter().enumerate() {
            out.append(Text::synthetic(if i > 0 { ".\"" } else { "\"" }));
            out.append(self.text_of(&arg.value, env));
            out.append(Text::synthetic("\""));
        }
        // a name that is not known must not look quoted: the hole stands for the whole identifier
        if out.parts.iter().any(|p| matches!(p, Part::Hole { .. })) {
            out.parts.retain(|p| !matches!(p, Part::Synthetic(s) if s == "\""));
        }
        out
    }

    /// `q.rstrip(", ")`, `strings.TrimSuffix(q, ", ")`.
    fn trimmed(&mut self, name: &str, call: &'a Call, env: &Env<'a>) -> Option<Val<'a>> {
        let go = name.starts_with("Trim");
        let (text, set) = if go {
            (self.evaluate(&call.args.first()?.value, env), call.args.get(1))
        } else {
            let receiver = call.callee.get(..call.callee.len() - 1).filter(|r| !r.is_empty())?;
            let entity = self.entity(receiver, env)?;
            (self.entity_value(&entity, call.span, env)?, call.args.first())
        };
        let Val::Text(text) = text else { return Some(text) };
        let set = set.map_or(Some(" \n\t\r".to_string()), |a| self.text_of(&a.value, env).known());
        let Some(set) = set else { return Some(Val::Text(text)) };
        let plain = text.plain();
        let (start, end) = match name {
            "TrimSuffix" | "removesuffix" => (0, plain.strip_suffix(set.as_str()).unwrap_or(&plain).len()),
            "TrimPrefix" | "removeprefix" => (plain.len() - plain.strip_prefix(set.as_str()).unwrap_or(&plain).len(), plain.len()),
            "TrimLeft" => (plain.len() - plain.trim_start_matches(|c| set.contains(c)).len(), plain.len()),
            "Trim" => {
                let start = plain.len() - plain.trim_start_matches(|c| set.contains(c)).len();
                (start, plain.trim_end_matches(|c| set.contains(c)).len().max(start))
            }
            _ => (0, plain.trim_end_matches(|c| set.contains(c)).len()),
        };
        Some(Val::Text(text.slice(start, end)))
    }

    /// The value that a function of the service returns for a call.
    fn returned(&mut self, function: Place, call: CallRef<'a>, env: &Env<'a>) -> Option<Val<'a>> {
        if self.calling >= MAX_CALLS || env.frame_of(function).is_some() {
            return None;
        }
        let facts = self.symbols.facts(function.0);
        let returns = self.symbols.table(function.0).returns.get(&function.1)?;
        let all: Vec<_> = returns.iter().filter_map(|&i| facts.returns.get(i as usize)).filter(|r| !is_nothing(&r.value)).collect();
        // an empty text beside others is what an early return gives
        let empty = |v: &Value| v.literal().is_some_and(|t| t.is_empty());
        let full: Vec<_> = all.iter().filter(|r| !empty(&r.value)).collect();
        if full.len() < all.len() {
            self.notes.conditional = true;
            if self.mode == super::evaluate::Mode::Least || full.is_empty() {
                return Some(Val::Text(Text::default()));
            }
        }
        let i = self.alternative(full.len());
        let chosen = *full.get(i)?;
        let binding = self.bind(function, call, env);
        let inner = Env::new(function.0, chosen.scope, chosen.value.span().start, chosen.branch);
        let inner = Env { frames: env.frames.clone(), ..inner }.with(binding);
        self.calling += 1;
        let val = self.evaluate(&chosen.value, &inner);
        self.calling -= 1;
        Some(val)
    }
}
