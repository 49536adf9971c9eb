//! CREATE TABLE: columns, constraints, options.

use super::super::cursor::Cursor;
use super::{expect_ident, expect_name, ident, ident_list, if_not_exists, index, lower, mysql, postgres, sqlite, text};
use crate::sql::ast::Ddl;
use crate::sql::ast::ddl::*;
use crate::sql::lexer::TokenKind;

/// CREATE TABLE from the word TABLE on.
pub(super) fn create_table(c: &mut Cursor, or_replace: bool, temporary: bool, foreign: bool) -> Ddl {
    c.advance();
    let if_not_exists = if_not_exists(c);
    let mut table = CreateTable {
        name: expect_name(c),
        if_not_exists,
        or_replace,
        temporary,
        foreign,
        module: None,
        elements: Vec::new(),
        inherits: Vec::new(),
        partition_of: None,
        partition_by: None,
        of_type: None,
        query: None,
        query_columns: Vec::new(),
        no_data: false,
        options: Vec::new(),
    };
    if c.eat_words(&["partition", "of"]) {
        let parent = expect_name(c);
        if c.is_symbol("(") {
            elements(c, &mut table.elements);
        }
        table.partition_of = Some((parent, partition_bound(c)));
    } else if postgres(c) && c.eat_word("of") {
        table.of_type = super::name(c);
        if c.is_symbol("(") {
            elements(c, &mut table.elements);
        }
    } else if c.is_word("like") {
        let like = like(c);
        table.elements.extend(like);
    } else if c.is_symbol("(") && !is_query_ahead(c) {
        elements(c, &mut table.elements);
    }
    tail(c, &mut table);
    Ddl::CreateTable(Box::new(table))
}

/// `(SELECT ...` or `((SELECT ...` rather than a list of columns.
fn is_query_ahead(c: &Cursor) -> bool {
    let mut by = 0;
    while c.is_symbol_ahead(by, "(") {
        by += 1;
    }
    c.is_word_ahead(by, "select") || c.is_word_ahead(by, "with") && !c.is_symbol_ahead(by + 1, ",")
}

/// `FOR VALUES ...`, `DEFAULT`: the text up to PARTITION BY, options or the end.
fn partition_bound(c: &mut Cursor) -> String {
    let start = c.start();
    while !c.at_statement_end() && !c.are_words(&["partition", "by"]) && !c.is_any_word(&["tablespace", "using"]) {
        if c.is_word("with") && c.is_symbol_ahead(1, "(") && !c.previous().is_some_and(|t| c.source(t).eq_ignore_ascii_case("values")) {
            break;
        }
        text::take_group(c);
    }
    c.span_from(start).slice(c.text).trim().to_string()
}

/// What follows the list of columns.
fn tail(c: &mut Cursor, table: &mut CreateTable) {
    while !c.at_statement_end() {
        let before = c.mark();
        let query = is_query_ahead(c) || c.is_any_word(&["select", "values"]) || (c.is_word("table") && c.previous().is_some());
        if c.eat_word("as") || query {
            query_tail(c, table);
        } else if c.eat_word("inherits") {
            if c.eat_symbol("(") {
                while !c.at_statement_end() && !c.eat_symbol(")") {
                    match super::name(c) {
                        Some(name) => table.inherits.push(name),
                        None => {
                            c.advance();
                        }
                    }
                }
            }
        } else if c.are_words(&["partition", "by"]) {
            let start = c.start();
            if mysql(c) {
                // PARTITION BY RANGE (x) PARTITIONS n SUBPARTITION BY ... (PARTITION p0 ...)
                while !c.at_statement_end() && !c.is_any_word(&["as", "select", "ignore", "replace"]) {
                    text::take_group(c);
                }
            } else {
                c.eat_words(&["partition", "by"]);
                c.advance();
                if c.is_symbol("(") {
                    text::take_group(c);
                }
            }
            table.partition_by = Some(c.span_from(start).slice(c.text).trim().to_string());
        } else if c.eat_words(&["without", "rowid"]) {
            table.options.push(("without rowid".into(), String::new()));
        } else if c.is_any_word(&["strict", "without", "on"]) && !mysql(c) {
            let key = text::until(c, |c| c.is_any_word(&["as", "tablespace", "using", "with", "without", "partition", "inherits"]));
            table.options.push((key.to_lowercase(), String::new()));
        } else {
            option(c, &mut table.options);
        }
        c.eat_symbol(",");
        if c.mark() == before {
            c.advance();
        }
    }
}

/// After AS: the query to the end, with WITH [NO] DATA. MySQL also takes IGNORE or REPLACE before it.
fn query_tail(c: &mut Cursor, table: &mut CreateTable) {
    let start = c.start();
    c.skip_statement();
    let mut span = c.span_from(start);
    let source = span.slice(c.text);
    let lowered = source.to_ascii_lowercase();
    for (suffix, no_data) in [("with no data", true), ("with data", false)] {
        if let Some(rest) = lowered.strip_suffix(suffix) {
            span.end = span.start + rest.trim_end().len() as u32;
            table.no_data = no_data;
            break;
        }
    }
    if table.elements.iter().all(|e| matches!(e, TableElement::Column(c) if c.ty.is_none() && c.attributes.is_empty())) && postgres(c) {
        // CREATE TABLE t (a, b) AS ...: names only.
        let names = std::mem::take(&mut table.elements).into_iter();
        table.query_columns = names.filter_map(|e| if let TableElement::Column(c) = e { Some(c.name) } else { None }).collect();
    }
    table.query = Some(span);
}

/// One table option: `ENGINE = InnoDB`, `WITH (a = b)`, `USING heap`, `DEFAULT CHARSET utf8`.
pub(super) fn option(c: &mut Cursor, out: &mut Vec<(String, String)>) {
    if c.is_any_word(&["with", "options"]) && c.is_symbol_ahead(1, "(") {
        c.advance();
        parenthesised_options(c, out);
        return;
    }
    let mut key = Vec::new();
    c.eat_word("default");
    while c.token().kind == TokenKind::Word && !c.is_any_word(&["as", "select"]) && key.len() < 3 {
        key.push(lower(c));
        c.advance();
        let joined = key.join(" ");
        let known_pair =
            matches!(joined.as_str(), "character" | "data" | "index" | "system" | "encryption" | "on" | "set" | "with" | "without");
        if c.is_symbol("=") || !known_pair {
            break;
        }
    }
    if key.is_empty() {
        c.advance();
        return;
    }
    c.eat_symbol("=");
    let value = match c.token().kind {
        _ if c.is_symbol("(") => text::parenthesis(c).unwrap_or_default(),
        TokenKind::String | TokenKind::DoubleQuotedString => text::string(c).unwrap_or_default(),
        TokenKind::Word | TokenKind::QuotedName => c.ident().map(|i| i.value).unwrap_or_default(),
        TokenKind::Number => {
            let token = c.advance();
            c.source(token).to_string()
        }
        _ => String::new(),
    };
    let key = match key.join(" ").as_str() {
        "charset" | "character set" => "charset".to_string(),
        other => other.to_string(),
    };
    out.push((key, value));
}

/// `(a = b, c)`.
pub(super) fn parenthesised_options(c: &mut Cursor, out: &mut Vec<(String, String)>) {
    if !c.eat_symbol("(") {
        return;
    }
    while !c.at_statement_end() && !c.eat_symbol(")") {
        if c.eat_symbol(",") {
            continue;
        }
        let key = text::until(c, |c| c.is_symbol("=")).to_lowercase();
        let value = if c.eat_symbol("=") { text::until(c, |_| false) } else { String::new() };
        out.push((key, value.trim_matches('\'').to_string()));
    }
}

/// CREATE VIRTUAL TABLE name USING module(args).
pub(super) fn create_virtual(c: &mut Cursor) -> Ddl {
    c.advance();
    c.advance();
    let if_not_exists = if_not_exists(c);
    let name = expect_name(c);
    c.eat_word("using");
    let module = ident(c).map(|i| i.value.to_lowercase()).unwrap_or_default();
    let mut args = Vec::new();
    let mut elements = Vec::new();
    if c.eat_symbol("(") {
        while !c.at_statement_end() && !c.eat_symbol(")") {
            if c.eat_symbol(",") {
                continue;
            }
            let start = c.start();
            let first = c.token();
            let argument = text::until(c, |_| false);
            // Full-text and r-tree modules name their columns; `key=value` is an option.
            if matches!(first.kind, TokenKind::Word | TokenKind::QuotedName) && !argument.contains('=') {
                let column = c.ident_of(first);
                let span = c.span_from(start);
                elements.push(TableElement::Column(ColumnDef { name: column, ty: None, attributes: Vec::new(), span }));
            }
            args.push(argument);
        }
    }
    Ddl::CreateTable(Box::new(CreateTable {
        name,
        if_not_exists,
        or_replace: false,
        temporary: false,
        foreign: false,
        module: Some((module, args)),
        elements,
        inherits: Vec::new(),
        partition_of: None,
        partition_by: None,
        of_type: None,
        query: None,
        query_columns: Vec::new(),
        no_data: false,
        options: Vec::new(),
    }))
}

/// The parenthesised list of columns and constraints.
fn elements(c: &mut Cursor, out: &mut Vec<TableElement>) {
    c.eat_symbol("(");
    while !c.at_statement_end() {
        if c.eat_symbol(")") {
            return;
        }
        if c.eat_symbol(",") {
            continue;
        }
        let before = c.mark();
        match element(c) {
            Some(element) => out.push(element),
            None => c.error_here("expected a column or constraint"),
        }
        // What is left of an element that was not understood.
        while !c.at_statement_end() && !c.is_symbol(",") && !c.is_symbol(")") {
            // SQLite takes table constraints without a comma between them.
            if sqlite(c) && c.mark() > before && c.is_any_word(&["constraint", "primary", "unique", "check", "foreign"]) {
                break;
            }
            if c.mark() > before {
                c.error_here("not understood in a table definition");
            }
            text::take_group(c);
        }
        if c.mark() == before {
            c.advance();
        }
    }
}

fn element(c: &mut Cursor) -> Option<TableElement> {
    if c.is_word("like") && !is_type_after_name(c) {
        return like(c);
    }
    if is_constraint(c) {
        return table_constraint(c).map(TableElement::Constraint);
    }
    if mysql(c)
        && let Some(index) = index::inline_index(c)
    {
        return Some(TableElement::Index(index));
    }
    if postgres(c) && c.is_word("partition") && c.is_word_ahead(1, "of") {
        return None;
    }
    super::column::column_def(c).map(TableElement::Column)
}

/// `like varchar(9)` is a column named like; `LIKE other` is not: what follows is a name before `,`, `)`,
/// INCLUDING or EXCLUDING.
fn is_type_after_name(c: &Cursor) -> bool {
    let mut by = 2;
    while c.is_symbol_ahead(by, ".") {
        by += 2;
    }
    let ends =
        c.is_symbol_ahead(by, ",") || c.is_symbol_ahead(by, ")") || c.is_word_ahead(by, "including") || c.is_word_ahead(by, "excluding");
    !ends && c.ahead(by).kind != TokenKind::End && !c.is_symbol_ahead(by, ";")
}

fn like(c: &mut Cursor) -> Option<TableElement> {
    c.advance();
    let table = super::name(c)?;
    let (mut including, mut excluding) = (Vec::new(), Vec::new());
    while let Some(which) = c.eat_any_word(&["including", "excluding"]) {
        let option = lower(c);
        c.advance();
        if which == "including" {
            including.push(option);
        } else {
            excluding.push(option);
        }
    }
    Some(TableElement::Like { table, including, excluding })
}

/// Whether a table constraint starts here. `CHECK`, `PRIMARY` and the like can be column names only where
/// they are quoted.
pub(super) fn is_constraint(c: &Cursor) -> bool {
    match lower(c).as_str() {
        "constraint" => true,
        "primary" => c.is_word_ahead(1, "key"),
        "foreign" => c.is_word_ahead(1, "key"),
        "unique" => true,
        "check" => c.is_symbol_ahead(1, "("),
        "exclude" => postgres(c) && (c.is_word_ahead(1, "using") || c.is_symbol_ahead(1, "(")),
        "not" => c.is_word_ahead(1, "null"),
        _ => false,
    }
}

/// A table constraint, from CONSTRAINT or its kind on.
pub(super) fn table_constraint(c: &mut Cursor) -> Option<TableConstraint> {
    let mut name = None;
    if c.eat_word("constraint") && !c.is_any_word(&["primary", "foreign", "unique", "check"]) {
        super::if_not_exists(c);
        name = ident(c);
    } else if c.is_any_word(&["check", "unique", "primary", "foreign"])
        && super::any_word_ahead(c, 1, &["check", "unique", "primary", "foreign"])
    {
        // A constraint that is named like a keyword.
        name = ident(c);
    }
    let mut index_name = None;
    let kind = if c.eat_words(&["primary", "key"]) {
        index::eat_method(c);
        if c.eat_words(&["using", "index"]) {
            TableConstraintKind::UsingIndex { primary: true, index: expect_ident(c) }
        } else {
            if mysql(c) && !c.is_symbol("(") {
                ident(c);
                index::eat_method(c);
            }
            TableConstraintKind::PrimaryKey(index::keys(c))
        }
    } else if c.eat_word("unique") {
        if c.eat_words(&["using", "index"]) {
            TableConstraintKind::UsingIndex { primary: false, index: expect_ident(c) }
        } else {
            let nulls_not_distinct = nulls_not_distinct(c);
            if mysql(c) {
                c.eat_any_word(&["key", "index"]);
                super::if_not_exists(c);
                if !c.is_symbol("(") && !c.is_word("using") {
                    index_name = ident(c);
                }
                index::eat_method(c);
            }
            TableConstraintKind::Unique { index: index_name, keys: index::keys(c), nulls_not_distinct }
        }
    } else if c.eat_words(&["foreign", "key"]) {
        super::if_not_exists(c);
        if mysql(c) && !c.is_symbol("(") {
            index_name = ident(c);
        }
        let columns = ident_list(c);
        c.expect_word("references");
        TableConstraintKind::ForeignKey { index: index_name, columns, target: foreign_target(c) }
    } else if c.eat_word("check") {
        TableConstraintKind::Check(text::parenthesis(c)?)
    } else if c.eat_word("exclude") {
        exclude(c)
    } else if c.eat_words(&["not", "null"]) {
        TableConstraintKind::NotNull(expect_ident(c))
    } else {
        return None;
    };
    index::options_after_keys(c, None);
    let state = state(c);
    conflict_clause(c);
    index::options_after_keys(c, None);
    Some(TableConstraint { name, kind, state })
}

fn exclude(c: &mut Cursor) -> TableConstraintKind {
    let start = c.start();
    let method = if c.eat_word("using") { lower_ident(c) } else { "gist".into() };
    let mut keys = Vec::new();
    if c.eat_symbol("(") {
        while !c.at_statement_end() && !c.eat_symbol(")") {
            if c.eat_symbol(",") {
                continue;
            }
            keys.push(index::key(c));
            c.eat_word("with");
            text::until(c, |_| false);
        }
    }
    if c.eat_word("include") {
        ident_list(c);
    }
    if c.eat_word("where") {
        text::parenthesis(c);
    }
    TableConstraintKind::Exclude { definition: c.span_from(start).slice(c.text).trim().to_string(), method, keys }
}

fn lower_ident(c: &mut Cursor) -> String {
    ident(c).map(|i| i.value.to_lowercase()).unwrap_or_default()
}

/// Takes NULLS [NOT] DISTINCT.
pub(super) fn nulls_not_distinct(c: &mut Cursor) -> bool {
    if c.eat_words(&["nulls", "not", "distinct"]) {
        return true;
    }
    c.eat_words(&["nulls", "distinct"]);
    false
}

/// SQLite's ON CONFLICT clause of a constraint.
pub(super) fn conflict_clause(c: &mut Cursor) {
    if sqlite(c) && c.eat_words(&["on", "conflict"]) {
        c.advance();
    }
}

/// After REFERENCES.
pub(super) fn foreign_target(c: &mut Cursor) -> ForeignTarget {
    let table = expect_name(c);
    let columns = ident_list(c);
    let mut target = ForeignTarget { table, columns, on_delete: String::new(), on_update: String::new() };
    loop {
        if c.eat_word("match") {
            c.advance();
        } else if c.eat_words(&["on", "delete"]) {
            target.on_delete = foreign_action(c);
        } else if c.eat_words(&["on", "update"]) {
            target.on_update = foreign_action(c);
        } else {
            return target;
        }
    }
}

fn foreign_action(c: &mut Cursor) -> String {
    let mut action = lower(c);
    c.advance();
    if matches!(action.as_str(), "set" | "no") {
        action = format!("{action} {}", lower(c));
        c.advance();
        if c.is_symbol("(") {
            ident_list(c);
        }
    }
    action
}

/// DEFERRABLE, INITIALLY, NOT VALID, ENFORCED, NO INHERIT in any order.
pub(super) fn state(c: &mut Cursor) -> ConstraintState {
    let mut state = ConstraintState::default();
    loop {
        if c.eat_words(&["not", "deferrable"]) {
            state.deferrable = Some(false);
        } else if c.eat_word("deferrable") {
            state.deferrable = Some(true);
        } else if c.eat_words(&["initially", "deferred"]) {
            state.deferred = Some(true);
            state.deferrable = Some(true);
        } else if c.eat_words(&["initially", "immediate"]) {
            state.deferred = Some(false);
        } else if c.eat_words(&["not", "valid"]) {
            state.not_valid = true;
        } else if c.eat_words(&["not", "enforced"]) {
            state.enforced = Some(false);
        } else if c.eat_word("enforced") {
            state.enforced = Some(true);
        } else if !c.eat_words(&["no", "inherit"]) {
            return state;
        }
    }
}
