//! User-defined types and domains.

use super::super::cursor::Cursor;
use super::super::types::parse_type;
use super::{cascade, column, expect_ident, expect_name, ident, if_exists, if_not_exists, refused, table, text};
use crate::sql::ast::ddl::*;
use crate::sql::ast::{Ddl, Ident, TypeName};

/// CREATE TYPE from TYPE on.
pub(super) fn create_type(c: &mut Cursor) -> Ddl {
    c.advance();
    let name = expect_name(c);
    let definition = if c.eat_word("as") {
        if c.eat_word("enum") { TypeDefinition::Enum(labels(c)) } else { composite(c) }
    } else {
        TypeDefinition::Opaque
    };
    c.skip_statement();
    Ddl::CreateType { name, definition }
}

fn labels(c: &mut Cursor) -> Vec<String> {
    let mut labels = Vec::new();
    c.expect_symbol("(");
    while !c.at_statement_end() && !c.eat_symbol(")") {
        match text::string(c) {
            Some(label) => labels.push(label),
            None => {
                c.advance();
            }
        }
    }
    labels
}

fn composite(c: &mut Cursor) -> TypeDefinition {
    if !c.eat_symbol("(") {
        return TypeDefinition::Opaque;
    }
    let mut attributes = Vec::new();
    while !c.at_statement_end() && !c.eat_symbol(")") {
        if c.eat_symbol(",") {
            continue;
        }
        match attribute(c) {
            Some(attribute) => attributes.push(attribute),
            None => {
                c.error_here("expected an attribute");
                text::take_group(c);
            }
        }
    }
    TypeDefinition::Composite(attributes)
}

fn attribute(c: &mut Cursor) -> Option<(Ident, TypeName)> {
    let name = ident(c)?;
    let ty = parse_type(c)?;
    if c.eat_word("collate") {
        super::name(c);
    }
    Some((name, ty))
}

/// CREATE DOMAIN from DOMAIN on.
pub(super) fn create_domain(c: &mut Cursor) -> Ddl {
    c.advance();
    let name = expect_name(c);
    c.eat_word("as");
    // A domain reads as a column does: type, default, constraints.
    let attributes = match column::domain_body(c) {
        Some(column) => column,
        None => return super::other(c),
    };
    let (ty, attributes) = attributes;
    Ddl::CreateDomain(Box::new(CreateDomain { name, ty, attributes }))
}

/// ALTER TYPE from TYPE on.
pub(super) fn alter_type(c: &mut Cursor) -> Ddl {
    c.advance();
    let name = expect_name(c);
    if c.eat_words(&["rename", "to"]) {
        let to = expect_ident(c);
        return Ddl::Rename { kind: DdlObject::Type, target: Signature { name, args: None }, table: None, to, if_exists: false };
    }
    if c.eat_words(&["set", "schema"]) {
        let schema = expect_ident(c);
        return Ddl::SetSchema { kind: DdlObject::Type, target: Signature { name, args: None }, schema, if_exists: false };
    }
    let mut actions = Vec::new();
    while !c.at_statement_end() {
        if c.eat_symbol(",") {
            continue;
        }
        let before = c.mark();
        match type_action(c) {
            Some(action) => actions.push(action),
            None => return refused(c),
        }
        if c.mark() == before {
            return refused(c);
        }
    }
    Ddl::AlterType { name, actions }
}

fn type_action(c: &mut Cursor) -> Option<AlterTypeAction> {
    if c.eat_words(&["add", "value"]) {
        let if_not_exists = if_not_exists(c);
        let value = text::string(c)?;
        let neighbour = match c.eat_any_word(&["before", "after"]) {
            Some(which) => Some((which == "before", text::string(c)?)),
            None => None,
        };
        return Some(AlterTypeAction::AddValue { value, if_not_exists, neighbour });
    }
    if c.eat_words(&["rename", "value"]) {
        let from = text::string(c)?;
        c.expect_word("to");
        return Some(AlterTypeAction::RenameValue { from, to: text::string(c)? });
    }
    if c.eat_words(&["rename", "attribute"]) {
        let from = ident(c)?;
        c.expect_word("to");
        let to = ident(c)?;
        cascade(c);
        return Some(AlterTypeAction::RenameAttribute { from, to });
    }
    if c.eat_words(&["add", "attribute"]) {
        let (name, ty) = attribute(c)?;
        cascade(c);
        return Some(AlterTypeAction::AddAttribute { name, ty });
    }
    if c.eat_words(&["drop", "attribute"]) {
        let if_exists = if_exists(c);
        let name = ident(c)?;
        cascade(c);
        return Some(AlterTypeAction::DropAttribute { name, if_exists });
    }
    if c.eat_words(&["alter", "attribute"]) {
        let name = ident(c)?;
        c.eat_words(&["set", "data"]);
        c.expect_word("type");
        let ty = parse_type(c)?;
        if c.eat_word("collate") {
            super::name(c);
        }
        cascade(c);
        return Some(AlterTypeAction::AlterAttribute { name, ty });
    }
    if c.is_any_word(&["owner", "set"]) {
        return Some(AlterTypeAction::Ignored(text::rest(c).to_lowercase()));
    }
    if c.is_any_word(&["add", "drop", "rename", "alter"]) {
        // The grammar ends at the word after it: ALTER TYPE s DROP VALUE.
        c.advance();
    }
    None
}

/// ALTER DOMAIN from DOMAIN on.
pub(super) fn alter_domain(c: &mut Cursor) -> Ddl {
    c.advance();
    let name = expect_name(c);
    let target = Signature { name: name.clone(), args: None };
    if c.eat_words(&["rename", "to"]) {
        return Ddl::Rename { kind: DdlObject::Domain, target, table: None, to: expect_ident(c), if_exists: false };
    }
    if c.eat_words(&["set", "schema"]) {
        return Ddl::SetSchema { kind: DdlObject::Domain, target, schema: expect_ident(c), if_exists: false };
    }
    let action = if c.eat_words(&["set", "default"]) {
        AlterDomainAction::Default(Some(text::until(c, |_| false)))
    } else if c.eat_words(&["drop", "default"]) {
        AlterDomainAction::Default(None)
    } else if c.eat_words(&["set", "not", "null"]) {
        AlterDomainAction::NotNull(true)
    } else if c.eat_words(&["drop", "not", "null"]) {
        AlterDomainAction::NotNull(false)
    } else if c.eat_word("add") {
        let name = if c.eat_word("constraint") { ident(c) } else { None };
        if c.eat_words(&["not", "null"]) {
            AlterDomainAction::NotNull(true)
        } else if c.eat_word("check") {
            let expr = text::parenthesis(c).unwrap_or_default();
            AlterDomainAction::AddCheck { name, expr, not_valid: table::state(c).not_valid }
        } else {
            return refused(c);
        }
    } else if c.eat_words(&["drop", "constraint"]) {
        let if_exists = if_exists(c);
        let name = expect_ident(c);
        cascade(c);
        AlterDomainAction::DropConstraint { name, if_exists }
    } else if c.eat_words(&["rename", "constraint"]) {
        let from = expect_ident(c);
        c.expect_word("to");
        AlterDomainAction::RenameConstraint { from, to: expect_ident(c) }
    } else if c.is_any_word(&["owner", "validate"]) {
        AlterDomainAction::Ignored(text::rest(c).to_lowercase())
    } else {
        return refused(c);
    };
    Ddl::AlterDomain { name, action }
}
