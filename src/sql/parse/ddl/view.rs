//! Views.

use super::super::cursor::Cursor;
use super::{expect_name, ident_list, if_not_exists, mysql, sqlite, table, text};
use crate::model::span::Span;
use crate::sql::ast::Ddl;
use crate::sql::ast::ddl::*;

/// CREATE [MATERIALIZED|RECURSIVE] VIEW from the first of these words on.
pub(super) fn create_view(c: &mut Cursor, or_replace: bool, temporary: bool, invoker: bool) -> Ddl {
    let mut materialized = false;
    let mut recursive = false;
    while let Some(word) = c.eat_any_word(&["materialized", "recursive"]) {
        materialized |= word == "materialized";
        recursive |= word == "recursive";
    }
    c.expect_word("view");
    let if_not_exists = if_not_exists(c);
    let mut view = head(c, or_replace, false);
    view.if_not_exists = if_not_exists;
    view.materialized = materialized;
    view.recursive = recursive;
    view.temporary = temporary;
    view.invoker |= invoker;
    Ddl::CreateView(Box::new(view))
}

/// MySQL's ALTER VIEW name AS query, from VIEW on.
pub(super) fn alter_view(c: &mut Cursor) -> Ddl {
    c.advance();
    super::if_exists(c);
    Ddl::CreateView(Box::new(head(c, true, true)))
}

fn head(c: &mut Cursor, or_replace: bool, alter: bool) -> CreateView {
    let name = expect_name(c);
    let columns = ident_list(c);
    let mut invoker = false;
    loop {
        if c.eat_word("with") {
            let mut options = Vec::new();
            table::parenthesised_options(c, &mut options);
            invoker |= options.iter().any(|(k, v)| k == "security_invoker" && !matches!(v.as_str(), "false" | "off" | "0" | "no"));
        } else if c.eat_word("using") || c.eat_word("tablespace") {
            c.advance();
        } else {
            break;
        }
    }
    c.expect_word("as");
    let (query, check_option, no_data) = query(c);
    CreateView {
        name,
        or_replace,
        alter,
        if_not_exists: false,
        materialized: false,
        temporary: false,
        recursive: false,
        columns,
        query,
        check_option,
        invoker,
        no_data,
    }
}

/// The query up to the end or to WITH CHECK OPTION, WITH [NO] DATA.
fn query(c: &mut Cursor) -> (Span, bool, bool) {
    let start = c.start();
    let mut end = start;
    let (mut check_option, mut no_data) = (false, false);
    while !c.at_statement_end() {
        if c.is_word("with") && !sqlite(c) {
            let mark = c.mark();
            c.advance();
            c.eat_any_word(&["cascaded", "local"]);
            if c.eat_words(&["check", "option"]) {
                check_option = true;
                continue;
            }
            if c.eat_words(&["no", "data"]) {
                no_data = true;
                continue;
            }
            if c.eat_word("data") && c.at_statement_end() && !mysql(c) {
                continue;
            }
            c.reset(mark);
        }
        text::take_group(c);
        end = c.span_from(start).end;
    }
    (Span { start, end }, check_option, no_data)
}
