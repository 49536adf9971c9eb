//! Literals that a PostgreSQL type does not take, as far as the text alone shows.

use super::binder::Binder;
use super::binding::BindErrorKind;
use super::value::{Ty, Value};
use crate::model::object::{ObjectKind, ObjectRef};
use crate::model::schema::{Schema, UserTypeKind};
use crate::model::span::Span;
use crate::model::statement::HOLE;
use crate::model::types::DataType;

impl<'s> Binder<'s> {
    /// Checks a string literal that takes a type.
    pub fn check_literal(&mut self, value: &Value<'s>, ty: &Ty<'s>, span: Span) {
        if let Some(text) = value.literal
            && matches!(value.ty, Ty::Literal)
        {
            self.check_text(ty, text, span);
        }
    }

    /// Checks the text of a literal of a type.
    pub fn check_text(&mut self, ty: &Ty<'s>, text: &str, span: Span) {
        let Some(ty) = ty.known() else { return };
        if !self.pg() || text.contains(HOLE) {
            return;
        }
        if let Some((code, message)) = refusal(self.schema, ty, text, 0) {
            let object = ty.user.as_ref().map(|u| ObjectRef { column: None, ..ObjectRef::named(ObjectKind::Type, u) });
            self.fail(BindErrorKind::InvalidLiteral, code, message, span, object);
        }
    }
}

/// Why the type refuses the text: code and message.
fn refusal(schema: &Schema, ty: &DataType, text: &str, depth: u32) -> Option<(&'static str, String)> {
    if depth > 8 {
        return None;
    }
    if ty.array > 0 {
        return array_refusal(schema, ty, text, depth);
    }
    if let Some(user) = &ty.user {
        return match &schema.types.get(user)?.kind {
            UserTypeKind::Enum(labels) if !labels.iter().any(|l| l == text) => {
                Some(("22P02", format!("invalid input value for enum {}: \"{text}\"", user.name)))
            }
            UserTypeKind::Domain { base, .. } => refusal(schema, base, text, depth + 1),
            UserTypeKind::Composite(fields) => composite_refusal(fields.len(), text),
            _ => None,
        };
    }
    let syntax = || Some(("22P02", format!("invalid input syntax for type {}: \"{text}\"", ty.name)));
    let trimmed = text.trim();
    match ty.name.as_str() {
        "integer" | "bigint" | "smallint" => {
            let digits = trimmed.strip_prefix(['-', '+']).unwrap_or(trimmed);
            let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            let other_base = digits.len() > 2 && digits.starts_with('0') && digits.as_bytes().get(1).is_some_and(u8::is_ascii_alphabetic);
            if !plain && !other_base && !digits.contains('_') {
                return syntax();
            }
            let value = trimmed.parse::<i128>();
            let range = match ty.name.as_str() {
                "integer" => i128::from(i32::MIN)..=i128::from(i32::MAX),
                "smallint" => i128::from(i16::MIN)..=i128::from(i16::MAX),
                _ => i128::from(i64::MIN)..=i128::from(i64::MAX),
            };
            match value {
                Ok(v) if range.contains(&v) => None,
                _ if plain => Some(("22003", format!("value \"{text}\" is out of range for type {}", ty.name))),
                _ => None,
            }
        }
        "numeric" | "double precision" | "real" => {
            let lower = trimmed.to_ascii_lowercase();
            let word = lower.trim_start_matches(['-', '+']);
            let number = word.starts_with(|c: char| c.is_ascii_digit() || c == '.')
                && (trimmed.parse::<f64>().is_ok() || word.contains('_') || word.starts_with("0x"));
            if number || matches!(word, "nan" | "inf" | "infinity") { None } else { syntax() }
        }
        "boolean" => {
            let lower = trimmed.to_ascii_lowercase();
            let known = ["true", "false", "yes", "no", "on", "off", "1", "0"];
            let fits = !lower.is_empty() && known.iter().any(|k| k.starts_with(lower.as_str()) && lower != "o");
            if fits { None } else { syntax() }
        }
        "uuid" => {
            let body = trimmed.strip_prefix('{').and_then(|t| t.strip_suffix('}')).unwrap_or(trimmed);
            let digits = body.bytes().filter(|b| *b != b'-').count();
            let fits = digits == 32 && body.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
            if fits { None } else { syntax() }
        }
        "json" | "jsonb" => match serde_json::from_str::<serde::de::IgnoredAny>(text) {
            Ok(_) => None,
            Err(_) => Some(("22P02", "invalid input syntax for type json".to_string())),
        },
        "date" | "timestamp without time zone" | "timestamp with time zone" => {
            const WORDS: &[&str] = &["now", "today", "tomorrow", "yesterday", "epoch", "infinity", "-infinity", "allballs"];
            let word = trimmed.to_ascii_lowercase();
            let fits = word.bytes().any(|b| b.is_ascii_digit()) || WORDS.iter().any(|w| word.contains(w));
            let shown = if ty.name.starts_with("timestamp") { ty.name.replace(" without time zone", "") } else { ty.name.clone() };
            if fits { None } else { Some(("22007", format!("invalid input syntax for type {shown}: \"{text}\""))) }
        }
        "interval" => {
            let word = trimmed.to_ascii_lowercase();
            let fits = word.bytes().any(|b| b.is_ascii_digit()) || word.contains("infinity");
            if fits { None } else { Some(("22007", format!("invalid input syntax for type interval: \"{text}\""))) }
        }
        _ => None,
    }
}

/// `{a,b}`: every plain element must fit.
fn array_refusal(schema: &Schema, ty: &DataType, text: &str, depth: u32) -> Option<(&'static str, String)> {
    let trimmed = text.trim();
    if !trimmed.starts_with('{') {
        if trimmed.starts_with('[') && trimmed.contains("]=") {
            return None;
        }
        return Some(("22P02", format!("malformed array literal: \"{text}\"")));
    }
    let inner = trimmed.strip_prefix('{')?.strip_suffix('}')?;
    if inner.contains(['{', '"', '\\']) || inner.trim().is_empty() {
        return None;
    }
    let element = DataType { array: 0, ..ty.clone() };
    let mut items = inner.split(',').map(str::trim).filter(|i| !i.eq_ignore_ascii_case("null"));
    items.find_map(|item| refusal(schema, &element, item, depth + 1))
}

/// `(a,b)`: as many fields as the type has.
fn composite_refusal(fields: usize, text: &str) -> Option<(&'static str, String)> {
    let malformed = || Some(("22P02", format!("malformed record literal: \"{text}\"")));
    let Some(inner) = text.trim().strip_prefix('(').and_then(|t| t.strip_suffix(')')) else { return malformed() };
    if inner.contains(['"', '\\']) {
        return None;
    }
    if inner.split(',').count() != fields { malformed() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::dialect::{Dialect, Engine};

    #[test]
    fn literals_are_read_as_the_engine_reads_them() {
        let schema = Schema::empty(Dialect::of(Engine::Postgres));
        for (ty, array, text, code) in [
            ("integer", 0, "12", ""),
            ("integer", 0, " -7 ", ""),
            ("integer", 0, "abc", "22P02"),
            ("integer", 0, "3000000000", "22003"),
            ("bigint", 0, "3000000000", ""),
            ("numeric", 0, "1.5e3", ""),
            ("numeric", 0, "x", "22P02"),
            ("boolean", 0, "t", ""),
            ("boolean", 0, "maybe", "22P02"),
            ("uuid", 0, "00000000-0000-0000-0000-000000000000", ""),
            ("uuid", 0, "not-a-uuid", "22P02"),
            ("jsonb", 0, "{\"a\":1}", ""),
            ("jsonb", 0, "{a", "22P02"),
            ("date", 0, "2024-01-01", ""),
            ("date", 0, "soon", "22007"),
            ("integer", 1, "{1,2}", ""),
            ("integer", 1, "{1,b}", "22P02"),
            ("text", 0, "anything", ""),
        ] {
            let ty = DataType { array, ..DataType::named(ty) };
            assert_eq!(refusal(&schema, &ty, text, 0).map_or("", |r| r.0), code, "{ty} {text}");
        }
    }
}
