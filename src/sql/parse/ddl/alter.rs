//! ALTER: tables with their actions, and the dispatch of the other kinds.

use super::super::cursor::Cursor;
use super::super::types::parse_type;
use super::{
    any_word_ahead, cascade, column, expect_ident, expect_name, grant, ident, if_exists, if_not_exists, index, lower, mysql, object, other,
    postgres, refused, routine, sqlite, table, text, types, view,
};
use crate::sql::ast::ddl::*;
use crate::sql::ast::{Ddl, Ident};

/// ALTER.
pub(super) fn alter(c: &mut Cursor) -> Ddl {
    let mark = c.mark();
    c.advance();
    c.eat_any_word(&["online", "offline", "ignore"]);
    while mysql(c) && c.is_any_word(&["algorithm", "definer", "sql"]) {
        super::view_or_routine_prefix(c);
    }
    let ddl = match lower(c).as_str() {
        "table" if c.is_word_ahead(1, "all") && c.is_word_ahead(2, "in") => None,
        "table" => {
            c.advance();
            Some(alter_table(c, DdlObject::Table))
        }
        "foreign" if c.is_word_ahead(1, "table") => {
            c.eat_words(&["foreign", "table"]);
            Some(alter_table(c, DdlObject::ForeignTable))
        }
        "view" if mysql(c) => Some(view::alter_view(c)),
        "view" => {
            c.advance();
            Some(alter_table(c, DdlObject::View))
        }
        "materialized" => {
            c.eat_words(&["materialized", "view"]);
            Some(alter_table(c, DdlObject::MaterializedView))
        }
        "index" => {
            c.advance();
            Some(alter_table(c, DdlObject::Index))
        }
        "sequence" => Some(object::alter_sequence(c)),
        "type" => Some(types::alter_type(c)),
        "domain" => Some(types::alter_domain(c)),
        "function" | "procedure" | "routine" | "aggregate" => Some(routine::alter_function(c)),
        "policy" => Some(object::alter_policy(c)),
        "default" if c.is_word_ahead(1, "privileges") => Some(grant::default_privileges(c)),
        "database" | "system" | "role" | "user" => Some(object::alter_setting(c)),
        "schema" | "trigger" | "rule" | "extension" | "event" | "collation" => Some(object::alter_named(c)),
        _ => None,
    };
    ddl.unwrap_or_else(|| {
        c.reset(mark);
        other(c)
    })
}

/// ALTER TABLE after its kind.
pub(super) fn alter_table(c: &mut Cursor, kind: DdlObject) -> Ddl {
    let if_exists = if_exists(c);
    let only = c.eat_word("only");
    let name = expect_name(c);
    c.eat_symbol("*");
    if mysql(c)
        && c.eat_any_word(&["wait", "nowait"]).is_some()
        && !c.at_statement_end()
        && c.token().kind == crate::sql::lexer::TokenKind::Number
    {
        c.advance();
    }
    let mut alter = AlterTable { kind, name, if_exists, only, actions: Vec::new() };
    while !c.at_statement_end() {
        if c.eat_symbol(",") {
            continue;
        }
        let before = c.mark();
        match action(c, &mut alter.actions) {
            Ok(()) => {}
            Err(()) => return refused(c),
        }
        if !c.at_statement_end() && !c.is_symbol(",") && c.mark() > before && !is_action_glue(c) {
            c.error_here("not understood in ALTER");
            while !c.at_statement_end() && !c.is_symbol(",") {
                text::take_group(c);
            }
        }
        if c.mark() == before {
            c.error_here("expected an action of ALTER");
            text::take_group(c);
        }
    }
    Ddl::AlterTable(Box::new(alter))
}

/// MySQL takes partition and table options after the actions without a comma.
fn is_action_glue(c: &Cursor) -> bool {
    mysql(c)
}

/// SQLite 3.53 adds and drops CHECK and NOT NULL; before, it knows ADD COLUMN, DROP COLUMN and RENAME only. An unknown
/// version takes the newest syntax, as [`crate::model::dialect::Dialect::version`] says.
fn sqlite_alters_constraints(c: &Cursor) -> bool {
    c.dialect.version.is_none_or(|v| v >= (3, 53))
}

/// One action; `Err` where the engine's grammar ends (the cursor stands there).
fn action(c: &mut Cursor, out: &mut Vec<AlterAction>) -> Result<(), ()> {
    let word = lower(c);
    if sqlite(c) {
        match word.as_str() {
            "add" if any_word_ahead(c, 1, &["constraint", "check", "unique", "primary", "foreign"]) => {
                let named = c.is_word_ahead(1, "constraint");
                if !sqlite_alters_constraints(c) || !any_word_ahead(c, if named { 3 } else { 1 }, &["check"]) {
                    c.advance();
                    if named && sqlite_alters_constraints(c) {
                        c.advance();
                        c.advance();
                    }
                    return Err(());
                }
            }
            "alter" if sqlite_alters_constraints(c) => {
                c.advance();
                c.eat_word("column");
                let name = expect_ident(c);
                let op = if c.eat_words(&["set", "not", "null"]) {
                    ColumnOp::SetNotNull
                } else if c.eat_words(&["drop", "not", "null"]) {
                    ColumnOp::DropNotNull
                } else {
                    let _ = c.eat_word("set") || c.eat_word("drop");
                    return Err(());
                };
                out.push(AlterAction::AlterColumn { name, op, if_exists: false });
                return Ok(());
            }
            "add" | "drop" | "rename" => {}
            _ => return Err(()),
        }
    }
    match word.as_str() {
        "add" => return add(c, out),
        "drop" => return drop(c, out),
        "alter" => return alter_part(c, out),
        "change" | "modify" if mysql(c) => {
            c.advance();
            c.eat_word("column");
            let if_exists = if_exists(c);
            if word == "modify" && c.eat_symbol("(") {
                // Oracle's form, which MariaDB refuses too.
                return Err(());
            }
            let change = word == "change";
            let old = if change { Some(expect_ident(c)) } else { None };
            if let Some(column) = column::column_def(c) {
                let old = old.unwrap_or_else(|| column.name.clone());
                let position = position(c);
                out.push(AlterAction::ChangeColumn { old, column, if_exists, position, change });
            }
        }
        "change" | "modify" => return Err(()),
        "rename" => rename(c, out),
        "set" => set(c, out),
        "reset" if c.is_symbol_ahead(1, "(") => {
            c.advance();
            out.push(AlterAction::Ignored(format!("reset {}", text::parenthesis(c).unwrap_or_default())));
        }
        "owner" => {
            c.advance();
            c.eat_word("to");
            out.push(AlterAction::OwnerTo(expect_ident(c)));
        }
        "inherit" => {
            c.advance();
            out.push(AlterAction::Inherit(expect_name(c)));
        }
        "no" if c.eat_words(&["no", "inherit"]) => out.push(AlterAction::NoInherit(expect_name(c))),
        "no" if c.eat_words(&["no", "force", "row", "level", "security"]) => out.push(AlterAction::ForceRowSecurity(false)),
        "force" if c.eat_words(&["force", "row", "level", "security"]) => out.push(AlterAction::ForceRowSecurity(true)),
        "attach" => {
            c.advance();
            c.eat_word("partition");
            let name = expect_name(c);
            out.push(AlterAction::AttachPartition { name, bound: text::rest(c) });
        }
        "detach" => {
            c.advance();
            c.eat_word("partition");
            let name = expect_name(c);
            let concurrently = c.eat_word("concurrently");
            c.eat_word("finalize");
            out.push(AlterAction::DetachPartition { name, concurrently });
        }
        "enable" | "disable" => enable(c, out),
        "validate" => {
            c.advance();
            c.eat_word("constraint");
            out.push(AlterAction::ValidateConstraint(expect_ident(c)));
        }
        "convert" if c.is_word_ahead(1, "to") => {
            c.eat_words(&["convert", "to"]);
            let _ = c.eat_word("charset") || c.eat_words(&["character", "set"]);
            let charset = if c.eat_word("default") { String::new() } else { expect_ident(c).value.to_lowercase() };
            let collation = c.eat_word("collate").then(|| expect_ident(c).value);
            out.push(AlterAction::ConvertCharset { charset, collation });
        }
        "partition" | "remove" | "truncate" | "reorganize" | "coalesce" | "exchange" | "rebuild" | "discard" | "import" if mysql(c) => {
            out.push(AlterAction::Partition(text::rest(c)));
        }
        "algorithm" | "lock" if mysql(c) => {
            let start = c.start();
            c.advance();
            c.eat_symbol("=");
            c.advance();
            out.push(AlterAction::Ignored(c.span_from(start).slice(c.text).to_lowercase()));
        }
        "order" if c.is_word_ahead(1, "by") => out.push(AlterAction::Ignored(text::rest(c).to_lowercase())),
        "cluster" | "replica" | "depends" | "of" | "not" => {
            out.push(AlterAction::Ignored(text::until(c, |_| false).to_lowercase()));
        }
        "" => return Err(()),
        _ if mysql(c) => {
            let mut options = Vec::new();
            table::option(c, &mut options);
            out.push(AlterAction::Options(options));
        }
        _ => return Err(()),
    }
    Ok(())
}

fn add(c: &mut Cursor, out: &mut Vec<AlterAction>) -> Result<(), ()> {
    c.advance();
    if mysql(c) && c.is_word("partition") {
        out.push(AlterAction::Partition(format!("add {}", text::rest(c))));
        return Ok(());
    }
    if mysql(c) && c.eat_words(&["system", "versioning"]) {
        out.push(AlterAction::Options(vec![("system versioning".into(), "yes".into())]));
        return Ok(());
    }
    if mysql(c) && c.eat_words(&["period", "for"]) {
        out.push(AlterAction::Ignored(text::until(c, |_| false).to_lowercase()));
        return Ok(());
    }
    if table::is_constraint(c) && !c.is_word("not") {
        let constraint_exists =
            c.is_word("constraint") && c.ahead(1).kind == crate::sql::lexer::TokenKind::Word && c.is_word_ahead(1, "if");
        if let Some(constraint) = table::table_constraint(c) {
            out.push(AlterAction::AddConstraint { constraint, if_not_exists: constraint_exists });
        }
        return Ok(());
    }
    if mysql(c) {
        let exists = any_word_ahead(c, 1, &["if"]);
        if let Some(index) = index::inline_index(c) {
            out.push(AlterAction::AddIndex { index, if_not_exists: exists });
            return Ok(());
        }
    }
    c.eat_word("column");
    let mark = c.mark();
    let if_not_exists = if_not_exists(c);
    if if_not_exists && sqlite(c) {
        // SQLite has no IF NOT EXISTS here: the grammar ends at EXISTS.
        c.reset(mark + 2);
        return Err(());
    }
    if mysql(c) && c.eat_symbol("(") {
        while !c.at_statement_end() && !c.eat_symbol(")") {
            if c.eat_symbol(",") {
                continue;
            }
            let before = c.mark();
            if table::is_constraint(c) {
                if let Some(constraint) = table::table_constraint(c) {
                    out.push(AlterAction::AddConstraint { constraint, if_not_exists });
                }
            } else if let Some(index) = index::inline_index(c) {
                out.push(AlterAction::AddIndex { index, if_not_exists });
            } else if let Some(column) = column::column_def(c) {
                out.push(AlterAction::AddColumn { column, if_not_exists, position: None });
            }
            if c.mark() == before {
                c.error_here("expected a column");
                c.advance();
            }
        }
        return Ok(());
    }
    let column = column::column_def(c).ok_or(())?;
    let position = position(c);
    out.push(AlterAction::AddColumn { column, if_not_exists, position });
    Ok(())
}

/// FIRST, AFTER column.
fn position(c: &mut Cursor) -> Option<ColumnPosition> {
    if !mysql(c) {
        return None;
    }
    if c.eat_word("first") {
        return Some(ColumnPosition::First);
    }
    c.eat_word("after").then(|| ColumnPosition::After(expect_ident(c)))
}

fn drop(c: &mut Cursor, out: &mut Vec<AlterAction>) -> Result<(), ()> {
    c.advance();
    if c.eat_word("constraint") {
        if sqlite(c) && !sqlite_alters_constraints(c) {
            return Err(());
        }
        let if_exists = !sqlite(c) && if_exists(c);
        let name = expect_ident(c);
        let cascade = !sqlite(c) && cascade(c);
        out.push(AlterAction::DropConstraint { name, if_exists, cascade });
    } else if mysql(c) && c.is_any_word(&["foreign", "primary", "index", "key", "check", "partition", "system", "period"]) {
        match lower(c).as_str() {
            "foreign" => {
                c.eat_words(&["foreign", "key"]);
                let if_exists = if_exists(c);
                out.push(AlterAction::DropForeignKey { name: expect_ident(c), if_exists });
            }
            "primary" => {
                c.eat_words(&["primary", "key"]);
                out.push(AlterAction::DropPrimaryKey { if_exists: if_exists(c) });
            }
            "index" | "key" => {
                c.advance();
                let if_exists = if_exists(c);
                out.push(AlterAction::DropIndex { name: expect_ident(c), if_exists });
            }
            "check" => {
                c.advance();
                let if_exists = if_exists(c);
                out.push(AlterAction::DropCheck { name: expect_ident(c), if_exists });
            }
            "partition" => out.push(AlterAction::Partition(format!("drop {}", text::rest(c)))),
            "system" => {
                c.eat_words(&["system", "versioning"]);
                out.push(AlterAction::Options(vec![("system versioning".into(), "no".into())]));
            }
            _ => out.push(AlterAction::Ignored(format!("drop {}", text::until(c, |_| false).to_lowercase()))),
        }
    } else {
        c.eat_word("column");
        let mark = c.mark();
        let if_exists = if_exists(c);
        if if_exists && sqlite(c) {
            c.reset(mark + 1);
            return Err(());
        }
        let name = ident(c).ok_or(())?;
        let cascade = cascade(c);
        out.push(AlterAction::DropColumn { name, if_exists, cascade });
    }
    Ok(())
}

fn alter_part(c: &mut Cursor, out: &mut Vec<AlterAction>) -> Result<(), ()> {
    c.advance();
    if c.is_word("constraint") || (mysql(c) && c.is_word("check")) {
        c.advance();
        let name = expect_ident(c);
        out.push(AlterAction::AlterConstraint { name, state: table::state(c) });
        return Ok(());
    }
    if mysql(c) && c.is_any_word(&["index", "key"]) {
        c.advance();
        if_exists(c);
        let name = expect_ident(c);
        let visible = c.eat_word("visible") || c.eat_words(&["not", "ignored"]);
        if !visible {
            c.eat_any_word(&["invisible", "ignored"]);
        }
        out.push(AlterAction::AlterIndex { name, invisible: !visible });
        return Ok(());
    }
    c.eat_word("column");
    let if_exists = mysql(c) && if_exists(c);
    let name = if c.token().kind == crate::sql::lexer::TokenKind::Number {
        // ALTER INDEX i ALTER COLUMN 1 SET STATISTICS n.
        out.push(AlterAction::Ignored(text::until(c, |_| false).to_lowercase()));
        return Ok(());
    } else {
        expect_ident(c)
    };
    let op = column_op(c)?;
    out.push(AlterAction::AlterColumn { name, op, if_exists });
    Ok(())
}

fn column_op(c: &mut Cursor) -> Result<ColumnOp, ()> {
    if c.eat_words(&["set", "data", "type"]) || (postgres(c) && c.eat_word("type")) {
        let ty = parse_type(c).ok_or(())?;
        let collation = c.eat_word("collate").then(|| expect_name(c).last().value.clone());
        let using = c.eat_word("using").then(|| text::until(c, |_| false));
        return Ok(ColumnOp::Type { ty, collation, using });
    }
    if c.eat_words(&["set", "default"]) {
        return Ok(ColumnOp::SetDefault(text::until(c, |_| false)));
    }
    if c.eat_words(&["drop", "default"]) {
        return Ok(ColumnOp::DropDefault);
    }
    if c.eat_words(&["set", "not", "null"]) {
        return Ok(ColumnOp::SetNotNull);
    }
    if c.eat_words(&["drop", "not", "null"]) {
        return Ok(ColumnOp::DropNotNull);
    }
    if c.eat_words(&["set", "expression"]) {
        c.eat_word("as");
        return Ok(ColumnOp::SetExpression(text::parenthesis(c).unwrap_or_default()));
    }
    if c.eat_words(&["drop", "expression"]) {
        return Ok(ColumnOp::DropExpression(if_exists(c)));
    }
    if c.eat_words(&["drop", "identity"]) {
        return Ok(ColumnOp::DropIdentity(if_exists(c)));
    }
    if c.is_word("add") && c.is_word_ahead(1, "generated") {
        let always = c.is_word_ahead(2, "always");
        text::until(c, |_| false);
        return Ok(ColumnOp::AddIdentity(always));
    }
    if let Some(visibility) = c.eat_words(&["set"]).then(|| c.eat_any_word(&["invisible", "visible"])) {
        if let Some(visibility) = visibility {
            return Ok(ColumnOp::Invisible(visibility == "invisible"));
        }
        let words = text::until(c, |_| false).to_lowercase();
        if words.contains("generated") {
            return Ok(ColumnOp::SetIdentity(Some(words.contains("always"))));
        }
        return Ok(ColumnOp::Ignored(format!("set {words}")));
    }
    if c.is_any_word(&["restart", "reset"]) {
        return Ok(ColumnOp::Ignored(text::until(c, |_| false).to_lowercase()));
    }
    Err(())
}

fn rename(c: &mut Cursor, out: &mut Vec<AlterAction>) {
    c.advance();
    let named = |c: &mut Cursor| -> (Ident, Ident) {
        let from = expect_ident(c);
        c.expect_word("to");
        (from, expect_ident(c))
    };
    if c.is_word("constraint") && c.is_word_ahead(2, "to") {
        c.advance();
        let (from, to) = named(c);
        out.push(AlterAction::RenameConstraint { from, to });
    } else if mysql(c) && c.is_any_word(&["index", "key"]) && c.is_word_ahead(2, "to") {
        c.advance();
        let (from, to) = named(c);
        out.push(AlterAction::RenameIndex { from, to });
    } else if c.is_any_word(&["to", "as"]) && !c.is_word_ahead(1, "to") {
        c.advance();
        out.push(AlterAction::RenameTo(expect_name(c)));
    } else if !c.is_word_ahead(1, "to") && !c.is_any_word(&["column"]) && mysql(c) {
        c.eat_symbol("=");
        out.push(AlterAction::RenameTo(expect_name(c)));
    } else {
        if c.is_word("column") && !c.is_word_ahead(1, "to") || c.is_word("attribute") && !c.is_word_ahead(1, "to") {
            c.advance();
        }
        let if_exists = if_exists(c);
        let (from, to) = named(c);
        cascade(c);
        out.push(AlterAction::RenameColumn { from, to, if_exists });
    }
}

fn set(c: &mut Cursor, out: &mut Vec<AlterAction>) {
    c.advance();
    if c.eat_word("schema") {
        out.push(AlterAction::SetSchema(expect_ident(c)));
    } else if c.is_symbol("(") {
        let mut options = Vec::new();
        table::parenthesised_options(c, &mut options);
        out.push(AlterAction::Options(options));
    } else {
        out.push(AlterAction::Ignored(format!("set {}", text::until(c, |_| false).to_lowercase())));
    }
}

fn enable(c: &mut Cursor, out: &mut Vec<AlterAction>) {
    let enable = c.is_word("enable");
    c.advance();
    c.eat_any_word(&["always", "replica"]);
    if c.eat_words(&["row", "level", "security"]) {
        out.push(AlterAction::RowSecurity(enable));
    } else if c.eat_word("trigger") {
        let name = if c.eat_any_word(&["all", "user"]).is_some() { None } else { Some(expect_ident(c)) };
        out.push(AlterAction::Trigger { name, enable });
    } else {
        // ENABLE RULE, MySQL's DISABLE KEYS.
        out.push(AlterAction::Ignored(text::until(c, |_| false).to_lowercase()));
    }
}
