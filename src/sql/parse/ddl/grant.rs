//! GRANT, REVOKE, ALTER DEFAULT PRIVILEGES.

use super::super::cursor::Cursor;
use super::{cascade, ident, ident_list, lower, mysql, routine, text};
use crate::sql::ast::ddl::*;
use crate::sql::ast::{Ddl, Ident};
use crate::sql::lexer::TokenKind;

/// GRANT or REVOKE.
pub(super) fn grant(c: &mut Cursor) -> Ddl {
    let revoke = c.is_word("revoke");
    c.advance();
    let mut grant = GrantStatement {
        revoke,
        privileges: Vec::new(),
        on: "role".into(),
        objects: Vec::new(),
        all_in: Vec::new(),
        roles: Vec::new(),
        default_privileges: false,
        cascade: false,
    };
    if c.eat_words(&["grant", "option", "for"]) || c.eat_words(&["admin", "option", "for"]) {
        // The privilege itself stays.
        c.skip_statement();
        return Ddl::Harmless { what: "revoke grant option".into(), no_transaction: false, table: None };
    }
    privileges(c, &mut grant);
    if c.eat_word("on") {
        objects(c, &mut grant);
    }
    if c.eat_any_word(&["to", "from"]).is_some() {
        grant.roles = roles(c);
    }
    while !c.at_statement_end() {
        grant.cascade |= cascade(c);
        if !c.at_statement_end() {
            text::take_group(c);
        }
    }
    Ddl::Grant(Box::new(grant))
}

fn privileges(c: &mut Cursor, grant: &mut GrantStatement) {
    let mut words: Vec<String> = Vec::new();
    let mut columns: Vec<Ident> = Vec::new();
    let flush = |words: &mut Vec<String>, columns: &mut Vec<Ident>, grant: &mut GrantStatement| {
        if !words.is_empty() {
            let mut privilege = words.join(" ");
            if privilege == "all privileges" {
                privilege = "all".into();
            }
            grant.privileges.push((privilege, std::mem::take(columns)));
            words.clear();
        }
    };
    while !c.at_statement_end() && !c.is_any_word(&["on", "to", "from"]) {
        if c.eat_symbol(",") {
            flush(&mut words, &mut columns, grant);
        } else if c.is_symbol("(") {
            columns = ident_list(c);
        } else if let Some(word) = ident(c) {
            words.push(word.value.to_lowercase());
        } else {
            c.advance();
        }
    }
    flush(&mut words, &mut columns, grant);
}

fn objects(c: &mut Cursor, grant: &mut GrantStatement) {
    grant.on = "table".into();
    if c.is_word("all") && c.is_word_ahead(2, "in") {
        c.advance();
        grant.on = singular(&lower(c));
        c.advance();
        c.eat_words(&["in", "schema"]);
        while let Some(schema) = ident(c) {
            grant.all_in.push(schema);
            if !c.eat_symbol(",") {
                break;
            }
        }
        return;
    }
    let kinds =
        ["table", "schema", "function", "procedure", "routine", "sequence", "database", "type", "domain", "language", "foreign", "large"];
    if c.is_any_word(&kinds)
        && !c.is_symbol_ahead(1, ".")
        && c.ahead(1).kind != TokenKind::End
        && !super::any_word_ahead(c, 1, &["to", "from"])
    {
        grant.on = lower(c);
        c.advance();
        if grant.on == "foreign" || grant.on == "large" {
            grant.on = lower(c);
            c.advance();
        }
    }
    if mysql(c) && c.is_symbol("*") {
        // *.* or *: everything, or all of the current database.
        while c.eat_symbol("*") || c.eat_symbol(".") {}
        grant.all_in.push(Ident { value: String::new(), quoted: false, span: c.token().span });
        return;
    }
    while let Some(target) = routine::signature(c) {
        if c.eat_symbol(".") && c.eat_symbol("*") {
            grant.all_in.extend(target.name.parts.into_iter().next_back());
        } else if mysql(c) && c.is_symbol(".") {
            c.advance();
        } else {
            grant.objects.push(target);
        }
        if !c.eat_symbol(",") {
            break;
        }
    }
    c.eat_symbol("*");
}

fn singular(kind: &str) -> String {
    kind.strip_suffix('s').unwrap_or(kind).to_string()
}

/// `a, PUBLIC, 'u'@'host'`.
fn roles(c: &mut Cursor) -> Vec<Ident> {
    let mut roles = Vec::new();
    while !c.at_statement_end() {
        c.eat_word("group");
        let role = ident(c).or_else(|| {
            let token = c.token();
            text::string(c).map(|value| Ident { value, quoted: true, span: token.span })
        });
        let Some(mut role) = role else { break };
        if !role.quoted && role.value.eq_ignore_ascii_case("public") {
            role.value = "public".into();
        }
        roles.push(role);
        while c.token().kind == TokenKind::Variable || (mysql(c) && (c.is_symbol("@") || text::is_string(c))) {
            c.advance();
        }
        if c.eat_symbol("(") {
            c.skip_parenthesis();
        }
        if !c.eat_symbol(",") {
            break;
        }
    }
    roles
}

/// ALTER DEFAULT PRIVILEGES: what objects made later will carry.
pub(super) fn default_privileges(c: &mut Cursor) -> Ddl {
    let mut all_in = Vec::new();
    while !c.at_statement_end() && !c.is_any_word(&["grant", "revoke"]) {
        if c.eat_words(&["in", "schema"]) {
            while let Some(schema) = ident(c) {
                all_in.push(schema);
                if !c.eat_symbol(",") {
                    break;
                }
            }
        } else {
            c.advance();
        }
    }
    if !c.is_any_word(&["grant", "revoke"]) {
        return Ddl::Other("alter default privileges".into());
    }
    let revoke = c.is_word("revoke");
    c.advance();
    let mut grant = GrantStatement {
        revoke,
        privileges: Vec::new(),
        on: "table".into(),
        objects: Vec::new(),
        all_in,
        roles: Vec::new(),
        default_privileges: true,
        cascade: false,
    };
    privileges(c, &mut grant);
    if c.eat_word("on") {
        grant.on = singular(&lower(c));
        c.advance();
    }
    if c.eat_any_word(&["to", "from"]).is_some() {
        grant.roles = roles(c);
    }
    c.skip_statement();
    Ddl::Grant(Box::new(grant))
}
