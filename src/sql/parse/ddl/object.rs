//! DROP, RENAME, COMMENT, and the small kinds of objects: schemas, sequences, extensions, roles, policies.

use super::super::cursor::Cursor;
use super::{cascade, expect_ident, expect_name, ident, if_exists, if_not_exists, lower, mysql, other, postgres, refused, routine, text};
use crate::sql::ast::Ddl;
use crate::sql::ast::ddl::*;
use crate::sql::lexer::TokenKind;

/// Takes the words of a kind of object.
fn kind(c: &mut Cursor) -> Option<DdlObject> {
    let pairs: &[(&[&str], DdlObject)] = &[
        (&["foreign", "table"], DdlObject::ForeignTable),
        (&["materialized", "view"], DdlObject::MaterializedView),
        (&["event", "trigger"], DdlObject::EventTrigger),
        (&["table"], DdlObject::Table),
        (&["tables"], DdlObject::Table),
        (&["view"], DdlObject::View),
        (&["column"], DdlObject::Column),
        (&["index"], DdlObject::Index),
        (&["sequence"], DdlObject::Sequence),
        (&["type"], DdlObject::Type),
        (&["domain"], DdlObject::Domain),
        (&["function"], DdlObject::Function),
        (&["procedure"], DdlObject::Procedure),
        (&["routine"], DdlObject::Routine),
        (&["aggregate"], DdlObject::Aggregate),
        (&["trigger"], DdlObject::Trigger),
        (&["policy"], DdlObject::Policy),
        (&["rule"], DdlObject::Rule),
        (&["schema"], DdlObject::Schema),
        (&["database"], DdlObject::Database),
        (&["extension"], DdlObject::Extension),
        (&["role"], DdlObject::Role),
        (&["user"], DdlObject::Role),
        (&["group"], DdlObject::Role),
        (&["event"], DdlObject::Event),
        (&["constraint"], DdlObject::Constraint),
        (&["collation"], DdlObject::Collation),
    ];
    let (words, kind) = pairs.iter().find(|(words, _)| c.are_words(words))?;
    c.eat_words(words);
    Some(*kind)
}

/// DROP.
pub(super) fn drop(c: &mut Cursor) -> Ddl {
    let mark = c.mark();
    c.advance();
    let temporary = c.eat_word("temporary");
    if c.are_words(&["user", "mapping"]) || c.are_words(&["owned", "by"]) {
        c.reset(mark);
        return other(c);
    }
    let Some(kind) = kind(c) else {
        c.reset(mark);
        return other(c);
    };
    let concurrently = c.eat_word("concurrently");
    let if_exists = if_exists(c);
    let mut drop = DropObjects { kind, targets: Vec::new(), if_exists, cascade: false, table: None, concurrently, temporary };
    let routine = matches!(kind, DdlObject::Function | DdlObject::Procedure | DdlObject::Routine | DdlObject::Aggregate);
    loop {
        let target = if routine {
            routine::signature(c)
        } else {
            super::name(c).or_else(|| role_name(c)).map(|name| Signature { name, args: None })
        };
        match target {
            Some(target) => drop.targets.push(target),
            None => {
                c.error_here("expected a name");
                break;
            }
        }
        while kind == DdlObject::Role && (c.token().kind == TokenKind::Variable || c.is_symbol("@")) {
            c.advance();
        }
        if !c.eat_symbol(",") {
            break;
        }
    }
    if c.eat_word("on") {
        drop.table = super::name(c);
    }
    while !c.at_statement_end() {
        if cascade(c) {
            drop.cascade = true;
        } else if !c.at_statement_end() {
            // MySQL: ALGORITHM=, LOCK=, WAIT n; PostgreSQL: DROP DATABASE ... WITH (FORCE).
            if postgres(c) && !c.is_word("with") {
                return refused(c);
            }
            text::take_group(c);
        }
    }
    Ddl::Drop(Box::new(drop))
}

/// A role written as a string: 'u'@'host'.
fn role_name(c: &mut Cursor) -> Option<crate::sql::ast::Name> {
    let token = c.token();
    text::string(c).map(|value| crate::sql::ast::Name { parts: vec![crate::sql::ast::Ident { value, quoted: true, span: token.span }] })
}

/// RENAME TABLE a TO b, c TO d; RENAME USER.
pub(super) fn rename(c: &mut Cursor) -> Option<Ddl> {
    if !mysql(c) {
        return None;
    }
    c.advance();
    if c.is_word("user") {
        return Some(other(c));
    }
    c.eat_any_word(&["table", "tables"])?;
    if_exists(c);
    let mut renames = Vec::new();
    loop {
        let from = expect_name(c);
        if c.eat_any_word(&["wait", "nowait"]).is_some() && c.token().kind == TokenKind::Number {
            c.advance();
        }
        c.expect_word("to");
        renames.push((from, expect_name(c)));
        if !c.eat_symbol(",") {
            return Some(Ddl::RenameTables(renames));
        }
    }
}

/// COMMENT ON.
pub(super) fn comment(c: &mut Cursor) -> Ddl {
    c.eat_words(&["comment", "on"]);
    let kind = kind(c);
    let name = super::name(c);
    c.skip_statement();
    Ddl::Comment { kind, name }
}

/// Statements that change nothing that another statement can notice.
pub(super) fn harmless(c: &mut Cursor) -> Ddl {
    let what = super::first_words(c, 2);
    let first = lower(c);
    c.advance();
    let mut table = None;
    let start = c.start();
    match first.as_str() {
        "refresh" => {
            c.eat_words(&["materialized", "view"]);
            c.eat_word("concurrently");
            table = super::name(c);
        }
        "cluster" => {
            c.eat_word("verbose");
            table = super::name(c);
        }
        _ => {}
    }
    c.skip_statement();
    let words = c.span_from(start).slice(c.text).to_ascii_lowercase();
    // A VACUUM or a concurrent REINDEX starts transactions of its own.
    let no_transaction = first == "vacuum" || (first == "reindex" && (words.contains("concurrently") || words.starts_with("database")));
    Ddl::Harmless { what, no_transaction: no_transaction && postgres(c), table }
}

/// CREATE SEQUENCE from SEQUENCE on.
pub(super) fn create_sequence(c: &mut Cursor, or_replace: bool, temporary: bool) -> Ddl {
    c.advance();
    let if_not_exists = if_not_exists(c);
    let name = expect_name(c);
    let owned_by = sequence_options(c).flatten();
    Ddl::CreateSequence { name, if_not_exists, or_replace, owned_by, temporary }
}

/// Passes over the options of a sequence; OWNED BY: its column, or `Some(None)` for NONE.
fn sequence_options(c: &mut Cursor) -> Option<Option<crate::sql::ast::Name>> {
    let mut owned_by = None;
    while !c.at_statement_end() {
        if c.eat_words(&["owned", "by"]) {
            owned_by = Some(if c.eat_word("none") { None } else { super::name(c) });
        } else {
            c.advance();
        }
    }
    owned_by
}

/// ALTER SEQUENCE from SEQUENCE on.
pub(super) fn alter_sequence(c: &mut Cursor) -> Ddl {
    c.advance();
    let if_exists = if_exists(c);
    let name = expect_name(c);
    let target = Signature { name: name.clone(), args: None };
    if c.eat_words(&["rename", "to"]) {
        return Ddl::Rename { kind: DdlObject::Sequence, target, table: None, to: expect_ident(c), if_exists };
    }
    if c.eat_words(&["set", "schema"]) {
        return Ddl::SetSchema { kind: DdlObject::Sequence, target, schema: expect_ident(c), if_exists };
    }
    Ddl::AlterSequence { name, if_exists, owned_by: sequence_options(c) }
}

/// CREATE SCHEMA, CREATE DATABASE from that word on. Elements of the schema are not taken.
pub(super) fn create_schema(c: &mut Cursor) -> Ddl {
    let database = c.is_word("database");
    c.advance();
    let if_not_exists = if_not_exists(c);
    c.eat_word("authorization");
    let name = expect_ident(c);
    if c.eat_word("authorization") {
        ident(c);
    }
    if database || mysql(c) {
        c.skip_statement();
    } else if !c.at_statement_end() {
        c.error_here("elements of CREATE SCHEMA are not read");
        c.skip_statement();
    }
    // MySQL's schemas are databases.
    Ddl::CreateSchema { name, if_not_exists, database: database || mysql(c) }
}

/// CREATE EXTENSION from EXTENSION on.
pub(super) fn create_extension(c: &mut Cursor) -> Ddl {
    c.advance();
    let if_not_exists = if_not_exists(c);
    let name = expect_ident(c);
    let mut schema = None;
    while !c.at_statement_end() {
        if c.eat_word("schema") {
            schema = ident(c);
        } else {
            c.advance();
        }
    }
    Ddl::CreateExtension { name, if_not_exists, schema }
}

/// CREATE ROLE, USER, GROUP from that word on.
pub(super) fn create_role(c: &mut Cursor) -> Ddl {
    c.advance();
    let if_not_exists = if_not_exists(c);
    let mut names = Vec::new();
    while let Some(name) = ident(c) {
        names.push(name);
        while c.token().kind == TokenKind::Variable || (mysql(c) && c.is_symbol("@")) {
            c.advance();
        }
        if !c.eat_symbol(",") {
            break;
        }
    }
    c.skip_statement();
    Ddl::CreateRole { names, if_not_exists }
}

/// CREATE POLICY from POLICY on; ALTER POLICY with `alter`.
pub(super) fn policy(c: &mut Cursor, alter: bool) -> Ddl {
    c.advance();
    let name = expect_ident(c);
    c.expect_word("on");
    let table = expect_name(c);
    let mut policy =
        PolicyDefinition { name, table, restrictive: false, command: String::new(), roles: Vec::new(), using: None, check: None };
    while !c.at_statement_end() {
        if c.eat_word("as") {
            policy.restrictive = c.is_word("restrictive");
            c.advance();
        } else if c.eat_word("for") {
            policy.command = lower(c);
            c.advance();
        } else if c.eat_word("to") {
            while let Some(role) = ident(c) {
                policy.roles.push(role);
                if !c.eat_symbol(",") {
                    break;
                }
            }
        } else if c.eat_word("using") {
            policy.using = text::parenthesis(c);
        } else if c.eat_words(&["with", "check"]) {
            policy.check = text::parenthesis(c);
        } else {
            return refused(c);
        }
    }
    if alter { Ddl::AlterPolicy(Box::new(policy)) } else { Ddl::CreatePolicy(Box::new(policy)) }
}

/// ALTER POLICY from POLICY on.
pub(super) fn alter_policy(c: &mut Cursor) -> Ddl {
    let mark = c.mark();
    c.advance();
    let name = super::name(c);
    if c.eat_word("on")
        && let (Some(name), Some(table)) = (name, super::name(c))
        && c.eat_words(&["rename", "to"])
    {
        let target = Signature { name, args: None };
        return Ddl::Rename { kind: DdlObject::Policy, target, table: Some(table), to: expect_ident(c), if_exists: false };
    }
    c.reset(mark);
    policy(c, true)
}

/// ALTER DATABASE, ROLE, USER, SYSTEM: settings, else without effect on the schema.
pub(super) fn alter_setting(c: &mut Cursor) -> Ddl {
    let of = if c.is_word("user") { "role".to_string() } else { lower(c) };
    c.advance();
    let target = if of == "system" { None } else { super::name(c) };
    if c.eat_words(&["rename", "to"])
        && let Some(name) = target
    {
        let kind = if of == "role" { DdlObject::Role } else { DdlObject::Database };
        return Ddl::Rename { kind, target: Signature { name, args: None }, table: None, to: expect_ident(c), if_exists: false };
    }
    if c.eat_words(&["in", "database"]) {
        ident(c);
    }
    if c.eat_word("set")
        && let Some(name) = super::name(c)
    {
        let name = name.parts.iter().map(|p| p.value.to_lowercase()).collect::<Vec<_>>().join(".");
        let _ = c.eat_word("to") || c.eat_symbol("=");
        return Ddl::DatabaseSetting { of, name, value: text::rest(c) };
    }
    c.skip_statement();
    Ddl::Harmless { what: format!("alter {of}"), no_transaction: false, table: None }
}

/// ALTER SCHEMA, TRIGGER, RULE, EXTENSION, ...: RENAME TO and SET SCHEMA; else without effect.
pub(super) fn alter_named(c: &mut Cursor) -> Ddl {
    let mark = c.mark();
    let Some(kind) = kind(c) else { return other(c) };
    let if_exists = if_exists(c);
    let Some(name) = super::name(c) else {
        c.reset(mark);
        return other(c);
    };
    let table = if c.eat_word("on") { super::name(c) } else { None };
    let target = Signature { name, args: None };
    if c.eat_words(&["rename", "to"]) {
        return Ddl::Rename { kind, target, table, to: expect_ident(c), if_exists };
    }
    if c.eat_words(&["set", "schema"]) {
        return Ddl::SetSchema { kind, target, schema: expect_ident(c), if_exists };
    }
    let what = format!("alter {kind:?}").to_lowercase();
    if kind == DdlObject::Event {
        while !c.at_statement_end() {
            text::take_group(c);
        }
    }
    c.skip_statement();
    Ddl::Harmless { what, no_transaction: false, table: None }
}
