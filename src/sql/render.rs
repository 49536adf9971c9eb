//! A schema as DDL that a person reads: the same text for the same schema.

use super::lexer::tokens;
use crate::model::dialect::{Dialect, Engine};
use crate::model::object::ObjectName;
use crate::model::schema::*;
use std::fmt::Write;

/// The schema as SQL in dependency-free order: schemas, extensions, types, sequences, tables with their
/// indexes, triggers and policies, views, functions, grants; each sorted by name. It is meant for reading and
/// comparing, not for loading: rows are left out, and so are sequences that a column owns.
pub fn schema_sql(schema: &Schema) -> String {
    let mut out = String::new();
    let d = schema.dialect;
    let _ = writeln!(out, "-- {d}{}", if schema.complete { "" } else { ", open: there may be more" });
    let default_path = if d.engine == Engine::Postgres { vec!["public".to_string()] } else { vec![String::new()] };
    if schema.search_path != default_path {
        let _ = writeln!(out, "-- search path: {}", schema.search_path.join(", "));
    }
    for name in schema.schemas.iter().filter(|s| !matches!(s.as_str(), "" | "public")) {
        let _ = writeln!(out, "CREATE SCHEMA {};", quoted(name, d));
    }
    for name in &schema.extensions {
        let _ = writeln!(out, "CREATE EXTENSION {};", quoted(name, d));
    }
    for role in &schema.roles {
        let _ = writeln!(out, "CREATE ROLE {};", quoted(role, d));
    }
    for user in schema.types.values() {
        user_type(&mut out, user, d);
    }
    for sequence in schema.sequences.values().filter(|s| s.owned_by.is_none()) {
        let _ = writeln!(out, "CREATE SEQUENCE {};", named(&sequence.name, d));
    }
    for table in schema.tables.values().filter(|t| t.view().is_none()) {
        self::table(&mut out, table, d);
    }
    for view in schema.tables.values().filter(|t| t.view().is_some()) {
        self::view(&mut out, view, d);
    }
    let mut functions: Vec<&Function> = schema.functions.iter().collect();
    functions.sort_by_key(|f| (f.name.clone(), f.params.iter().map(|p| p.1.to_string()).collect::<Vec<_>>()));
    for function in functions {
        self::function(&mut out, function, d);
    }
    let mut grants: Vec<&Grant> = schema.grants.iter().collect();
    grants.sort_by_key(|g| (g.on.clone(), g.object.clone(), g.role.clone(), g.privilege.clone()));
    for grant in grants {
        let columns = if grant.columns.is_empty() { String::new() } else { format!(" ({})", list(&grant.columns, d)) };
        let kind = grant.on.to_uppercase();
        let _ = writeln!(
            out,
            "GRANT {}{columns} ON {kind} {} TO {};",
            grant.privilege.to_uppercase(),
            named(&grant.object, d),
            quoted(&grant.role, d)
        );
    }
    out
}

/// A name, quoted where it would not read back as itself.
fn quoted(name: &str, dialect: Dialect) -> String {
    let words = tokens(name, dialect);
    let one_word = words.first().is_some_and(|t| t.kind == super::lexer::TokenKind::Word && t.span.len() == name.len());
    if one_word && dialect.fold(name, false) == name {
        return name.to_string();
    }
    if dialect.engine.is_mysql_family() { format!("`{}`", name.replace('`', "``")) } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

fn named(name: &ObjectName, dialect: Dialect) -> String {
    let own = quoted(&name.name, dialect);
    let default = name.schema.is_empty() || (dialect.engine == Engine::Postgres && name.schema == "public");
    if default { own } else { format!("{}.{own}", quoted(&name.schema, dialect)) }
}

fn list(names: &[String], dialect: Dialect) -> String {
    names.iter().map(|n| quoted(n, dialect)).collect::<Vec<_>>().join(", ")
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn user_type(out: &mut String, user: &UserType, d: Dialect) {
    let name = named(&user.name, d);
    let _ = match &user.kind {
        UserTypeKind::Enum(labels) => {
            writeln!(out, "CREATE TYPE {name} AS ENUM ({});", labels.iter().map(|l| literal(l)).collect::<Vec<_>>().join(", "))
        }
        UserTypeKind::Domain { base, not_null, default, checks } => {
            let mut text = format!("CREATE DOMAIN {name} AS {base}");
            if let Some(default) = default {
                text.push_str(&format!(" DEFAULT {default}"));
            }
            if *not_null {
                text.push_str(" NOT NULL");
            }
            for (check, expr) in checks {
                text.push_str(&format!(" CONSTRAINT {} CHECK ({expr})", quoted(check, d)));
            }
            writeln!(out, "{text};")
        }
        UserTypeKind::Composite(attributes) => {
            let attributes: Vec<String> = attributes.iter().map(|(n, t)| format!("{} {t}", quoted(n, d))).collect();
            writeln!(out, "CREATE TYPE {name} AS ({});", attributes.join(", "))
        }
        UserTypeKind::Opaque => writeln!(out, "CREATE TYPE {name};"),
    };
}

fn column(column: &Column, d: Dialect) -> String {
    let mut text = quoted(&column.name, d);
    let ty = column.ty.to_string();
    if !ty.is_empty() {
        text.push_str(&format!(" {ty}"));
    }
    if let Some(charset) = &column.charset {
        text.push_str(&format!(" CHARACTER SET {charset}"));
    }
    if let Some(collation) = &column.collation {
        text.push_str(&format!(" COLLATE {}", quoted(collation, d)));
    }
    if !column.nullable {
        text.push_str(" NOT NULL");
    }
    if let Some(default) = &column.default {
        text.push_str(&format!(" DEFAULT {default}"));
    }
    if let Some(generated) = &column.generated {
        text.push_str(&format!(" GENERATED ALWAYS AS ({}) {}", generated.expr, if generated.stored { "STORED" } else { "VIRTUAL" }));
    }
    match column.identity {
        Some(Identity::Always) => text.push_str(" GENERATED ALWAYS AS IDENTITY"),
        Some(Identity::ByDefault) => text.push_str(" GENERATED BY DEFAULT AS IDENTITY"),
        None => {}
    }
    if column.auto_increment && d.engine.is_mysql_family() {
        text.push_str(" AUTO_INCREMENT");
    }
    if let Some(on_update) = &column.on_update {
        text.push_str(&format!(" ON UPDATE {on_update}"));
    }
    if column.invisible {
        text.push_str(" INVISIBLE");
    }
    text
}

fn constraint(constraint: &Constraint, d: Dialect) -> String {
    let mut text = match &constraint.kind {
        ConstraintKind::PrimaryKey { columns } => format!("PRIMARY KEY ({})", list(columns, d)),
        ConstraintKind::Unique { columns, nulls_not_distinct } => {
            format!("UNIQUE {}({})", if *nulls_not_distinct { "NULLS NOT DISTINCT " } else { "" }, list(columns, d))
        }
        ConstraintKind::ForeignKey { columns, table, references, on_delete, on_update } => {
            let mut text = format!("FOREIGN KEY ({}) REFERENCES {}", list(columns, d), named(table, d));
            if !references.is_empty() {
                text.push_str(&format!(" ({})", list(references, d)));
            }
            for (event, action) in [("DELETE", on_delete), ("UPDATE", on_update)] {
                if !matches!(action.as_str(), "" | "no action" | "restrict") {
                    text.push_str(&format!(" ON {event} {}", action.to_uppercase()));
                }
            }
            text
        }
        ConstraintKind::Check { expr, .. } => format!("CHECK ({expr})"),
        ConstraintKind::Exclude { definition, .. } => format!("EXCLUDE {definition}"),
    };
    if constraint.deferrable {
        text.push_str(if constraint.deferred { " DEFERRABLE INITIALLY DEFERRED" } else { " DEFERRABLE" });
    }
    if constraint.not_valid {
        text.push_str(" NOT VALID");
    }
    if constraint.not_enforced {
        text.push_str(" NOT ENFORCED");
    }
    let unnamed = constraint.name.is_empty() || (d.engine.is_mysql_family() && constraint.name == "PRIMARY");
    if unnamed { text } else { format!("CONSTRAINT {} {text}", quoted(&constraint.name, d)) }
}

fn table(out: &mut String, table: &Table, d: Dialect) {
    let name = named(&table.name, d);
    if let TableKind::Virtual(module) = &table.kind {
        let arguments = table.options.get("arguments").cloned().unwrap_or_default();
        let _ = writeln!(out, "CREATE VIRTUAL TABLE {name} USING {module} ({arguments});");
        return;
    }
    let kind = if table.kind == TableKind::Foreign { "FOREIGN TABLE" } else { "TABLE" };
    let mut parts: Vec<String> = table.columns.iter().map(|c| column(c, d)).collect();
    parts.extend(table.constraints.iter().map(|c| constraint(c, d)));
    if table.open {
        parts.push("-- there may be more columns".into());
    }
    let _ = write!(out, "CREATE {kind} {name} (\n    {}\n)", parts.join(",\n    "));
    if let Some((parent, bound)) = &table.partition_of {
        let _ = write!(out, " PARTITION OF {} {bound}", named(parent, d));
    }
    if !table.inherits.is_empty() {
        let _ = write!(out, " INHERITS ({})", table.inherits.iter().map(|i| named(i, d)).collect::<Vec<_>>().join(", "));
    }
    if let Some(by) = &table.partition_by {
        let _ = write!(out, " {by}");
    }
    for (key, value) in table.options.iter().filter(|(k, _)| *k != "of") {
        let _ = if value.is_empty() { write!(out, " {}", key.to_uppercase()) } else { write!(out, " {key}={value}") };
    }
    let _ = writeln!(out, ";");
    for index in table.indexes.iter().filter(|i| i.constraint.is_none()) {
        self::index(out, index, &name, d);
    }
    for trigger in &table.triggers {
        self::trigger(out, trigger, &name, d);
    }
    if table.row_security {
        let _ = writeln!(out, "ALTER TABLE {name} ENABLE ROW LEVEL SECURITY;");
    }
    if table.force_row_security {
        let _ = writeln!(out, "ALTER TABLE {name} FORCE ROW LEVEL SECURITY;");
    }
    for policy in &table.policies {
        let mut text = format!("CREATE POLICY {} ON {name}", quoted(&policy.name, d));
        if policy.restrictive {
            text.push_str(" AS RESTRICTIVE");
        }
        text.push_str(&format!(" FOR {}", policy.command.to_uppercase()));
        if !policy.roles.is_empty() {
            text.push_str(&format!(" TO {}", list(&policy.roles, d)));
        }
        if let Some(using) = &policy.using {
            text.push_str(&format!(" USING ({using})"));
        }
        if let Some(check) = &policy.check {
            text.push_str(&format!(" WITH CHECK ({check})"));
        }
        let _ = writeln!(out, "{text};");
    }
}

fn index(out: &mut String, index: &Index, table: &str, d: Dialect) {
    let key = |k: &IndexKey| {
        let mut text = match (&k.column, &k.expr) {
            (Some(column), _) => quoted(column, d),
            (None, Some(expr)) => format!("({expr})"),
            _ => String::new(),
        };
        if let Some(prefix) = k.prefix {
            text.push_str(&format!("({prefix})"));
        }
        if let Some(collation) = &k.collation {
            text.push_str(&format!(" COLLATE {}", quoted(collation, d)));
        }
        if let Some(opclass) = &k.opclass {
            text.push_str(&format!(" {opclass}"));
        }
        if k.descending {
            text.push_str(" DESC");
        }
        text
    };
    let kind = match index.method.as_str() {
        "fulltext" => "FULLTEXT ",
        "spatial" => "SPATIAL ",
        _ if index.unique => "UNIQUE ",
        _ => "",
    };
    let using = if matches!(index.method.as_str(), "" | "btree" | "fulltext" | "spatial") {
        String::new()
    } else {
        format!(" USING {}", index.method)
    };
    let mut text = format!(
        "CREATE {kind}INDEX {} ON {table}{using} ({})",
        quoted(&index.name, d),
        index.keys.iter().map(key).collect::<Vec<_>>().join(", ")
    );
    if !index.include.is_empty() {
        text.push_str(&format!(" INCLUDE ({})", list(&index.include, d)));
    }
    if index.nulls_not_distinct {
        text.push_str(" NULLS NOT DISTINCT");
    }
    if let Some(predicate) = &index.predicate {
        text.push_str(&format!(" WHERE {predicate}"));
    }
    if index.invisible {
        text.push_str(" INVISIBLE");
    }
    let _ = writeln!(out, "{text};");
}

fn trigger(out: &mut String, trigger: &Trigger, table: &str, d: Dialect) {
    let events = trigger.events.iter().map(|e| {
        if e == "update" && !trigger.columns.is_empty() { format!("UPDATE OF {}", list(&trigger.columns, d)) } else { e.to_uppercase() }
    });
    let mut text = format!(
        "CREATE TRIGGER {} {} {} ON {table}",
        quoted(&trigger.name, d),
        trigger.timing.to_uppercase(),
        events.collect::<Vec<_>>().join(" OR ")
    );
    if trigger.for_each_row {
        text.push_str(" FOR EACH ROW");
    }
    if let Some(when) = &trigger.when {
        text.push_str(&format!(" WHEN ({when})"));
    }
    match &trigger.function {
        Some(function) => text.push_str(&format!(" EXECUTE FUNCTION {}()", named(function, d))),
        None => text.push_str(&format!(" {}", trigger.body)),
    }
    let _ = writeln!(out, "{text};");
    if trigger.disabled {
        let _ = writeln!(out, "ALTER TABLE {table} DISABLE TRIGGER {};", quoted(&trigger.name, d));
    }
}

fn view(out: &mut String, table: &Table, d: Dialect) {
    let Some(view) = table.view() else { return };
    let kind = if matches!(table.kind, TableKind::MaterializedView(_)) { "MATERIALIZED VIEW" } else { "VIEW" };
    let columns = if view.column_names.is_empty() { String::new() } else { format!(" ({})", list(&view.column_names, d)) };
    let invoker = if view.invoker { " /* security invoker */" } else { "" };
    let check = if view.check_option { " WITH CHECK OPTION" } else { "" };
    let name = named(&table.name, d);
    if let Some(broken) = &view.broken {
        let _ = writeln!(out, "-- does not work: {broken}");
    }
    let _ = writeln!(out, "CREATE {kind} {name}{columns}{invoker} AS {}{check};", view.query);
    for index in &table.indexes {
        self::index(out, index, &name, d);
    }
    for trigger in &table.triggers {
        self::trigger(out, trigger, &name, d);
    }
}

fn function(out: &mut String, function: &Function, d: Dialect) {
    let kind = match (function.procedure, function.aggregate) {
        (true, _) => "PROCEDURE",
        (_, true) => "AGGREGATE",
        _ => "FUNCTION",
    };
    let params = function.params.iter().enumerate().map(|(i, (name, ty, default))| {
        let variadic = if function.variadic && i + 1 == function.params.len() { "VARIADIC " } else { "" };
        let name = if name.is_empty() { String::new() } else { format!("{} ", quoted(name, d)) };
        format!("{variadic}{name}{ty}{}", if *default { " DEFAULT ..." } else { "" })
    });
    let mut text = format!("CREATE {kind} {}({})", named(&function.name, d), params.collect::<Vec<_>>().join(", "));
    if function.returns_set && !function.columns.is_empty() {
        let columns: Vec<String> = function.columns.iter().map(|(n, t)| format!("{} {t}", quoted(n, d))).collect();
        text.push_str(&format!(" RETURNS TABLE ({})", columns.join(", ")));
    } else if let Some(returns) = &function.returns {
        text.push_str(&format!(" RETURNS {}{returns}", if function.returns_set { "SETOF " } else { "" }));
    }
    if !function.language.is_empty() {
        text.push_str(&format!(" LANGUAGE {}", function.language));
    }
    if function.strict {
        text.push_str(" STRICT");
    }
    if function.definer && d.engine == Engine::Postgres {
        text.push_str(" SECURITY DEFINER");
    }
    for (name, value) in &function.settings {
        text.push_str(&format!(" SET {name} = {value}"));
    }
    let _ = writeln!(out, "{text} AS {};", literal(function.body.trim()));
}
