//! Column definitions: type, default, generation, inline constraints.

use super::super::cursor::Cursor;
use super::super::types::parse_type;
use super::table::{conflict_clause, foreign_target, nulls_not_distinct, state};
use super::{ident, lower, mysql, postgres, sqlite, text};
use crate::sql::ast::ddl::*;
use crate::sql::ast::{Ident, Name, TypeName};
use crate::sql::lexer::TokenKind;

/// A column definition.
pub(super) fn column_def(c: &mut Cursor) -> Option<ColumnDef> {
    let start = c.start();
    let name = ident(c)?;
    let mut ty = column_type(c);
    let mut attributes = Vec::new();
    let mut before = c.mark();
    while let Some(attribute) = attribute(c, &mut ty) {
        attributes.push(attribute);
        // A word that begins an attribute and can't be read any further ends the definition.
        if c.mark() == before {
            break;
        }
        before = c.mark();
    }
    Some(ColumnDef { name, ty, attributes, span: c.span_from(start) })
}

/// The type of a column; `None` where SQLite leaves it out.
pub(super) fn column_type(c: &mut Cursor) -> Option<TypeName> {
    if c.at_statement_end() || c.is_symbol(",") || c.is_symbol(")") {
        return None;
    }
    if sqlite(c) {
        return sqlite_type(c);
    }
    if postgres(c) && c.eat_word("setof") {
        return parse_type(c);
    }
    if is_attribute(c) && (c.is_word("with") || postgres(c)) {
        // `CREATE TABLE p PARTITION OF t (a DEFAULT 1)`, `OF type (a WITH OPTIONS ...)`.
        return None;
    }
    parse_type(c)
}

/// SQLite takes any words for a type, up to a constraint.
fn sqlite_type(c: &mut Cursor) -> Option<TypeName> {
    let start = c.start();
    let mut words: Vec<String> = Vec::new();
    let mut args = Vec::new();
    loop {
        if c.is_symbol_ahead(0, "[") && c.is_symbol_ahead(1, "]") {
            // `[]` is a quoted name without a name to SQLite, and so a word of the type.
            c.advance();
            c.advance();
            words.push("[]".into());
        } else if matches!(c.token().kind, TokenKind::Word | TokenKind::QuotedName | TokenKind::String) && !is_attribute(c) {
            match ident(c) {
                Some(word) => words.push(word.value.to_lowercase()),
                None => break,
            }
        } else {
            break;
        }
    }
    if words.is_empty() {
        return None;
    }
    if let Some(inner) = text::parenthesis(c) {
        args = inner.split(',').map(|a| a.trim().to_string()).collect();
    }
    let span = c.span_from(start);
    let unsigned = words.iter().any(|w| w == "unsigned");
    let value = words.join(" ");
    Some(TypeName { name: Name { parts: vec![Ident { value, quoted: false, span }] }, args, array: 0, unsigned, span })
}

/// Whether an attribute of a column starts here.
fn is_attribute(c: &Cursor) -> bool {
    match lower(c).as_str() {
        "constraint" | "not" | "null" | "default" | "check" | "unique" | "primary" | "references" | "collate" | "generated" | "comment"
        | "auto_increment" | "autoincrement" | "deferrable" | "initially" | "invisible" | "visible" | "charset" | "storage"
        | "compression" | "column_format" | "enforced" | "key" | "first" | "after" | "virtual" | "stored" | "persistent" | "zerofill"
        | "signed" | "unsigned" | "srid" | "compressed" | "options" | "engine_attribute" => true,
        "character" => c.is_word_ahead(1, "set"),
        "serial" => c.is_word_ahead(1, "default"),
        "as" => c.is_symbol_ahead(1, "("),
        "on" => c.is_word_ahead(1, "update") || c.is_word_ahead(1, "conflict"),
        "with" => c.is_word_ahead(1, "options") || c.is_word_ahead(1, "system"),
        "without" => c.is_word_ahead(1, "system"),
        "no" => c.is_word_ahead(1, "inherit"),
        "ref_system_id" | "asc" | "desc" => true,
        _ => false,
    }
}

/// One attribute of a column; `None` if none follows. MySQL writes UNSIGNED among them: it goes to the type.
fn attribute(c: &mut Cursor, ty: &mut Option<TypeName>) -> Option<ColumnAttribute> {
    use ColumnAttributeKind as K;
    let start = c.start();
    let mut name = None;
    if c.eat_word("constraint") {
        if !is_attribute(c) || super::any_word_ahead(c, 1, &["check", "unique", "primary", "references", "not", "null", "default"]) {
            name = ident(c);
        }
        if c.is_symbol(",") || c.is_symbol(")") || c.at_statement_end() {
            return None;
        }
    }
    // What precedes is gone by the time that the text is made, so only `start` is kept.
    let ignored = |c: &Cursor| K::Ignored(c.span_from(start).slice(c.text).to_lowercase());
    let word = lower(c);
    let kind = match word.as_str() {
        "not" if c.eat_words(&["not", "null"]) => K::NotNull,
        "not" if super::any_word_ahead(c, 1, &["deferrable", "valid", "enforced"]) => {
            // The state of the constraint before it, which took none itself.
            state(c);
            ignored(c)
        }
        "null" => {
            c.advance();
            K::Null
        }
        "default" => {
            c.advance();
            K::Default(text::until(c, is_attribute))
        }
        "check" => {
            c.advance();
            K::Check(text::parenthesis(c)?)
        }
        "unique" => {
            c.advance();
            c.eat_word("key");
            K::Unique(nulls_not_distinct(c))
        }
        "primary" => {
            c.advance();
            c.eat_word("key");
            c.eat_any_word(&["asc", "desc"]);
            K::PrimaryKey
        }
        "key" if mysql(c) => {
            c.advance();
            K::PrimaryKey
        }
        "references" => {
            c.advance();
            K::References(foreign_target(c))
        }
        "collate" => {
            c.advance();
            let collation = super::name(c).map(|n| n.last().value.clone()).or_else(|| text::string(c));
            K::Collate(collation.unwrap_or_default())
        }
        "charset" | "character" if c.eat_word("charset") || c.eat_words(&["character", "set"]) => {
            K::Charset(ident(c).map(|i| i.value.to_lowercase()).unwrap_or_default())
        }
        "generated" | "as" => generated(c)?,
        "on" if c.eat_words(&["on", "update"]) => K::OnUpdate(text::until(c, is_attribute)),
        "on" if sqlite(c) && c.eat_words(&["on", "conflict"]) => {
            c.advance();
            ignored(c)
        }
        "auto_increment" | "autoincrement" => {
            c.advance();
            K::AutoIncrement
        }
        "serial" if c.eat_words(&["serial", "default", "value"]) => K::AutoIncrement,
        "invisible" | "visible" => {
            c.advance();
            K::Invisible(word == "invisible")
        }
        "unsigned" | "zerofill" => {
            c.advance();
            if let Some(ty) = ty {
                ty.unsigned = true;
            }
            ignored(c)
        }
        "comment" => {
            c.advance();
            text::string(c);
            ignored(c)
        }
        "deferrable" | "initially" | "enforced" | "no" => {
            state(c);
            ignored(c)
        }
        "with" | "without" => {
            c.advance();
            c.advance();
            c.eat_word("versioning");
            ignored(c)
        }
        "asc" | "desc" | "signed" | "virtual" | "stored" | "persistent" | "compressed" | "options" => {
            c.advance();
            if c.is_symbol("(") || c.eat_symbol("=") {
                text::take_group(c);
            }
            ignored(c)
        }
        "storage" | "compression" | "column_format" | "srid" | "ref_system_id" | "engine_attribute" => {
            c.advance();
            c.eat_symbol("=");
            c.advance();
            ignored(c)
        }
        _ => return None,
    };
    conflict_clause(c);
    if sqlite(c) && c.eat_word("autoincrement") {
        // INTEGER PRIMARY KEY AUTOINCREMENT: the key is a rowid alias all the same.
    }
    Some(ColumnAttribute { name, kind, state: state(c) })
}

/// GENERATED ALWAYS AS (expr) STORED, AS (expr), GENERATED ... AS IDENTITY.
fn generated(c: &mut Cursor) -> Option<ColumnAttributeKind> {
    let mut always = true;
    if c.eat_word("generated") {
        if c.eat_words(&["by", "default"]) {
            always = false;
            c.eat_words(&["on", "null"]);
        } else {
            c.eat_word("always");
        }
    }
    c.eat_word("as");
    if c.eat_word("identity") {
        if c.is_symbol("(") {
            text::take_group(c);
        }
        return Some(ColumnAttributeKind::Identity(always));
    }
    if c.eat_word("row") {
        // System versioning: AS ROW START.
        c.advance();
        return Some(ColumnAttributeKind::Ignored("row".into()));
    }
    let expr = text::parenthesis(c)?;
    let stored = c.eat_any_word(&["stored", "persistent"]).is_some();
    c.eat_word("virtual");
    Some(ColumnAttributeKind::Generated { expr, stored })
}

/// The type and constraints of a domain.
pub(super) fn domain_body(c: &mut Cursor) -> Option<(TypeName, Vec<ColumnAttribute>)> {
    let mut ty = parse_type(c);
    let mut attributes = Vec::new();
    while let Some(attribute) = attribute(c, &mut ty) {
        attributes.push(attribute);
    }
    Some((ty?, attributes))
}
