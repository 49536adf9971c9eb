//! Cases by engine: what a statement uses, gives, or fails with.

use super::*;
use crate::model::dialect::Dialect;
use crate::model::object::ObjectName;
use crate::model::schema::{Column, Constraint, ConstraintKind, Identity, Index, IndexKey, Table, UserType, UserTypeKind};
use crate::model::statement::{ColumnRef, Mode};
use crate::model::types::DataType;
use crate::sql::parse::parse_statement;

/// A schema from lines of `table(column type [!] [pk] [unique] [generated] [always], ...)`; `!` is NOT NULL.
fn schema(engine: Engine, tables: &[&str]) -> Schema {
    let mut schema = Schema::empty(Dialect::of(engine));
    let home = if engine == Engine::Postgres { "public" } else { "" };
    for line in tables {
        let (name, rest) = line.split_once('(').unwrap_or((line, ""));
        let mut table = Table { id: schema.new_id(), name: ObjectName::new(home, name), ..Table::default() };
        for part in rest.trim_end_matches(')').split(',') {
            let words: Vec<&str> = part.split_whitespace().collect();
            let [column, ty, flags @ ..] = words.as_slice() else { continue };
            let array = u8::from(ty.ends_with("[]"));
            let mut ty = DataType { array, ..DataType::named(&ty.trim_end_matches("[]").replace('_', " ")) };
            if let Some(found) = schema.types.get(&ObjectName::new(home, ty.name.as_str())) {
                ty.user = Some(found.name.clone());
            }
            let has = |flag: &str| flags.contains(&flag);
            let id = schema.new_id();
            if has("pk") || has("unique") {
                let columns = vec![column.to_string()];
                let kind = if has("pk") {
                    ConstraintKind::PrimaryKey { columns }
                } else {
                    ConstraintKind::Unique { columns, nulls_not_distinct: false }
                };
                let name = format!("{name}_{column}_key");
                table.constraints.push(Constraint {
                    id: schema.new_id(),
                    name,
                    kind,
                    not_valid: false,
                    not_enforced: false,
                    deferrable: false,
                    deferred: false,
                    inline: false,
                });
            }
            table.columns.push(Column {
                id,
                name: column.to_string(),
                ty,
                nullable: !has("!") && !has("pk"),
                generated: has("generated").then(Default::default),
                identity: has("always").then_some(Identity::Always),
                ..Column::default()
            });
        }
        schema.tables.insert(schema.key(home, name), table);
    }
    schema
}

fn shop(engine: Engine) -> Schema {
    let text = if engine == Engine::Postgres { "text" } else { "varchar" };
    let int = if engine == Engine::MySql { "int" } else { "integer" };
    let mut base = schema(
        engine,
        &[
            &format!("users(id {int} pk, email {text} ! unique, name {text}, city {text})"),
            &format!("orders(id {int} pk, user_id {int} !, total numeric !, note {text}, status {text} !)"),
            &format!("items(order_id {int} !, sku {text} !, qty {int} !, price numeric)"),
            &format!("rect(w {int}, h {int}, area {int} generated)"),
        ],
    );
    if engine == Engine::Postgres {
        let id = base.new_id();
        let name = ObjectName::new("public", "mood");
        base.types.insert(name.clone(), UserType { id, name, kind: UserTypeKind::Enum(vec!["sad".into(), "ok".into()]) });
        let more = schema(engine, &[]);
        let mut diary = schema_with(
            &base,
            "diary(id integer pk, m mood, at timestamp_with_time_zone, day date, doc jsonb, tags text[], done boolean, key uuid)",
        );
        diary.next_id += more.next_id;
        base = diary;
    }
    base
}

/// The schema with one more table, whose types may be those of the schema.
fn schema_with(base: &Schema, line: &str) -> Schema {
    let mut added = Schema { tables: Default::default(), ..base.clone() };
    let home = if base.dialect.engine == Engine::Postgres { "public" } else { "" };
    let mut fresh = schema(base.dialect.engine, &[line]);
    for table in fresh.tables.values_mut() {
        table.id = added.new_id();
        for column in &mut table.columns {
            column.id = added.new_id();
            let name = ObjectName::new(home, column.ty.name.as_str());
            if base.types.contains_key(&name) {
                column.ty.user = Some(name);
            }
        }
    }
    added.tables = base.tables.clone();
    added.tables.extend(fresh.tables);
    added
}

fn bound(schema: &Schema, sql: &str) -> Binding {
    let statement = parse_statement(sql, schema.dialect);
    assert!(statement.errors.is_empty(), "{sql}: {:?}", statement.errors);
    bind(&statement, sql, schema, &SessionState::default())
}

/// `table.column mode` of what is written in the statement, and of what is not with a `*` behind.
fn uses(binding: &Binding) -> Vec<String> {
    let name = |u: &binding::Use| match &u.column {
        ColumnRef::Named(c) => format!("{}.{c}", u.table),
        ColumnRef::Table => u.table.clone(),
        ColumnRef::All => format!("{}.*", u.table),
    };
    let mode = |m: Mode| format!("{m:?}").to_lowercase();
    binding.uses.iter().map(|u| format!("{} {}{}", name(u), mode(u.mode), if u.implicit { "*" } else { "" })).collect()
}

fn outputs(binding: &Binding) -> String {
    let Some(outputs) = &binding.outputs else { return "-".into() };
    let show = |o: &Output| {
        let null = match o.nullable {
            Some(true) => "?",
            Some(false) => "!",
            None => "",
        };
        format!("{} {}{null}", o.name, o.ty.as_ref().map_or("-".to_string(), ToString::to_string))
    };
    outputs.iter().map(show).collect::<Vec<_>>().join(", ")
}

fn error(binding: &Binding) -> String {
    binding.error.as_ref().map_or("ok".into(), |e| format!("{} {}", e.code, e.message))
}

/// The cases that came out otherwise, all shown at once.
#[derive(Default)]
struct Wrong(Vec<String>);

impl Wrong {
    fn note(&mut self, case: &str, got: &str, expected: &str) {
        if got != expected {
            self.0.push(format!("{case}\n   got      {got}\n   expected {expected}"));
        }
    }

    fn none(self) {
        assert!(self.0.is_empty(), "\n{}", self.0.join("\n"));
    }
}

#[test]
fn postgres_errors() {
    let mut wrong = Wrong::default();
    let schema = shop(Engine::Postgres);
    for (sql, expected) in [
        ("SELECT id, email FROM users", "ok"),
        ("SELECT phone FROM users", "42703 column \"phone\" does not exist"),
        ("SELECT u.phone FROM users u", "42703 column u.phone does not exist"),
        ("SELECT users.id FROM users u", "42P01 invalid reference to FROM-clause entry for table \"users\""),
        ("SELECT x.id FROM users u", "42P01 missing FROM-clause entry for table \"x\""),
        ("SELECT 1 FROM missing", "42P01 relation \"missing\" does not exist"),
        ("SELECT id FROM users, orders", "42702 column reference \"id\" is ambiguous"),
        ("SELECT 1 FROM users, users", "42712 table name \"users\" specified more than once"),
        ("SELECT * FROM users WHERE id = 'x'", "22P02 invalid input syntax for type integer: \"x\""),
        ("SELECT * FROM users WHERE email = 1", "42883 operator does not exist: text = integer"),
        ("SELECT * FROM users WHERE email = $1 AND id = $2", "ok"),
        ("SELECT m FROM diary WHERE m = 'happy'", "22P02 invalid input value for enum mood: \"happy\""),
        ("SELECT m FROM diary WHERE m IN ('ok', 'sad')", "ok"),
        ("SELECT 1 FROM diary WHERE m LIKE 'o%'", "42883 operator does not exist: mood ~~ unknown"),
        ("SELECT $1::moods", "42704 type \"moods\" does not exist"),
        ("SELECT id FROM users WHERE city", "42804 argument of WHERE must be type boolean, not type text"),
        ("SELECT sum(done) FROM diary", "42883 function sum(boolean) does not exist"),
        ("SELECT nothing(1)", "42883 function nothing(integer) does not exist"),
        ("SELECT day + 1, day - day, at + interval '1 day', doc->>'a', tags[1], tags || 'x'::text FROM diary", "ok"),
        ("SELECT at + 1 FROM diary", "42883 operator does not exist: timestamp with time zone + integer"),
        ("SELECT u.id, u.email, count(*) FROM users u JOIN orders o ON o.user_id = u.id GROUP BY u.id", "ok"),
        (
            "SELECT o.user_id, o.note, count(*) FROM orders o GROUP BY o.user_id",
            "42803 column \"o.note\" must appear in the GROUP BY clause or be used in an aggregate function",
        ),
        ("SELECT lower(email) AS e, count(*) FROM users GROUP BY lower(users.email) ORDER BY e", "ok"),
        ("SELECT city AS c, count(*) FROM users GROUP BY c", "ok"),
        ("SELECT count(*) FROM users HAVING count(*) > 1", "ok"),
        ("INSERT INTO users (id, phone) VALUES (1, 'x')", "42703 column \"phone\" of relation \"users\" does not exist"),
        ("INSERT INTO users VALUES (1, 'x', 'y', 'z', 'more')", "42601 INSERT has more expressions than target columns"),
        ("INSERT INTO users VALUES (1, 'x')", "ok"),
        ("INSERT INTO users (id, email) VALUES (1)", "42601 INSERT has more target columns than expressions"),
        ("INSERT INTO rect VALUES (1, 2, 3)", "428C9 cannot insert a non-DEFAULT value into column \"area\""),
        ("UPDATE rect SET area = 1", "428C9 column \"area\" can only be updated to DEFAULT"),
        ("INSERT INTO users (id, email) VALUES ($1, $2) ON CONFLICT (email) DO NOTHING", "ok"),
        (
            "INSERT INTO users (id, email) VALUES ($1, $2) ON CONFLICT (city) DO NOTHING",
            "42P10 there is no unique or exclusion constraint matching the ON CONFLICT specification",
        ),
        (
            "INSERT INTO users (id, email) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET email = excluded.email, city = users.city RETURNING city",
            "ok",
        ),
        (
            "INSERT INTO users (id, email) VALUES ($1, $2) ON CONFLICT ON CONSTRAINT nope DO NOTHING",
            "42704 constraint \"nope\" for table \"users\" does not exist",
        ),
        ("INSERT INTO diary (id, done) VALUES (1, 1)", "42804 column \"done\" is of type boolean but expression is of type integer"),
        ("UPDATE users SET phone = 1", "42703 column \"phone\" of relation \"users\" does not exist"),
        ("UPDATE users u SET city = o.note FROM orders o WHERE o.user_id = u.id RETURNING u.id, o.total", "ok"),
        ("DELETE FROM users USING orders o WHERE o.user_id = users.id AND o.nope = 1", "42703 column o.nope does not exist"),
        ("SELECT id FROM users UNION SELECT id, note FROM orders", "42601 each UNION query must have the same number of columns"),
        ("SELECT id FROM users WHERE id IN (SELECT id, note FROM orders)", "42601 subquery has too many columns"),
        ("SELECT id FROM users u WHERE EXISTS (SELECT 1 FROM orders WHERE user_id = u.id AND email = 'x')", "ok"),
        (
            "SELECT u.id FROM users u, (SELECT * FROM orders o WHERE o.user_id = u.id) x",
            "42P01 invalid reference to FROM-clause entry for table \"u\"",
        ),
        ("SELECT u.id FROM users u, LATERAL (SELECT * FROM orders o WHERE o.user_id = u.id) x", "ok"),
        ("WITH t AS (SELECT id AS k FROM users) SELECT k FROM t", "ok"),
        ("WITH t(a) AS (SELECT id FROM users) SELECT id FROM t", "42703 column \"id\" does not exist"),
        ("WITH RECURSIVE t AS (SELECT id, 1 AS n FROM users UNION ALL SELECT t.id, t.n + 1 FROM t WHERE n < 5) SELECT n FROM t", "ok"),
        ("SELECT * FROM users JOIN orders USING (city)", "42703 column \"city\" specified in USING clause does not exist in right table"),
        (
            "SELECT a.id FROM users a JOIN orders b ON b.user_id = c.id JOIN users c ON true",
            "42P01 missing FROM-clause entry for table \"c\"",
        ),
        ("SELECT nextval('nope')", "42P01 relation \"nope\" does not exist"),
        ("SELECT g FROM generate_series(1, 3) g", "ok"),
        ("SELECT u, ctid, (u).email FROM users u", "ok"),
        ("SELECT oid, relname FROM pg_class", "ok"),
        ("SELECT email FROM users ORDER BY phone", "42703 column \"phone\" does not exist"),
        ("SELECT name AS phone FROM users ORDER BY phone", "ok"),
        ("SELECT name AS phone FROM users WHERE phone = 'x'", "42703 column \"phone\" does not exist"),
        (
            "MERGE INTO users t USING orders s ON t.id = s.user_id WHEN MATCHED THEN UPDATE SET city = s.note WHEN NOT MATCHED THEN INSERT (id, phone) VALUES (s.id, 'x')",
            "42703 column \"phone\" of relation \"users\" does not exist",
        ),
        ("SELECT CASE WHEN id = 1 THEN 1 ELSE 'x' END FROM users", "22P02 invalid input syntax for type integer: \"x\""),
        ("SELECT coalesce(id, email) FROM users", "42804 COALESCE types integer and text cannot be matched"),
        ("SELECT key FROM diary WHERE key = 1", "42883 operator does not exist: uuid = integer"),
        ("SELECT id::uuid FROM users", "42846 cannot cast type integer to uuid"),
        ("SELECT extract(year FROM at), date_trunc('day', at), to_char(at, 'YYYY') FROM diary", "ok"),
        ("SELECT x.a FROM jsonb_to_recordset('[]') AS x(a int, b text)", "ok"),
        ("SELECT e.key, e.value FROM diary d, jsonb_each(d.doc) e", "ok"),
        ("SELECT unnest(tags) FROM diary", "ok"),
        ("SELECT array_agg(id ORDER BY email) FILTER (WHERE city IS NOT NULL) FROM users", "ok"),
        ("SELECT row_number() OVER (PARTITION BY city ORDER BY phone) FROM users", "42703 column \"phone\" does not exist"),
    ] {
        wrong.note(sql, &error(&bound(&schema, sql)), expected);
    }
    wrong.none();
}

#[test]
fn mysql_errors() {
    let mut wrong = Wrong::default();
    let schema = shop(Engine::MySql);
    for (sql, expected) in [
        ("SELECT phone FROM users", "1054 Unknown column 'phone' in 'field list'"),
        ("SELECT id FROM users WHERE phone = 1", "1054 Unknown column 'phone' in 'where clause'"),
        ("SELECT id FROM Users", "1146 Table 'Users' doesn't exist"),
        ("SELECT ID, u.Email FROM users u WHERE EMAIL = \"x\"", "ok"),
        ("SELECT city AS c, COUNT(*) n FROM users GROUP BY c HAVING n > 1 ORDER BY n", "ok"),
        ("INSERT INTO users VALUES (1, 'x')", "1136 Column count doesn't match value count at row 1"),
        (
            "INSERT INTO users (id, email) VALUES (1, 'x') ON DUPLICATE KEY UPDATE email = VALUES(email), city = phone",
            "1054 Unknown column 'phone' in 'field list'",
        ),
        ("UPDATE users u JOIN orders o ON o.user_id = u.id SET u.city = o.note WHERE o.total > 1", "ok"),
        ("DELETE u FROM users u JOIN orders o ON o.user_id = u.id WHERE o.nope = 1", "1054 Unknown column 'o.nope' in 'where clause'"),
        ("SELECT * FROM users USE INDEX (nope)", "1176 Key 'nope' doesn't exist in table 'users'"),
        ("SELECT NOPE(id) FROM users", "1305 FUNCTION NOPE does not exist"),
        ("SELECT DATE_ADD(NOW(), INTERVAL 1 DAY), IFNULL(city, 'x'), TIMESTAMPDIFF(DAY, NOW(), NOW()) FROM users", "ok"),
        ("SELECT x.id FROM (SELECT * FROM users u JOIN orders o ON o.user_id = u.id) x", "1060 Duplicate column name 'id'"),
        ("SELECT table_name FROM information_schema.tables", "ok"),
        ("REPLACE INTO users SET id = 1, phone = 2", "1054 Unknown column 'phone' in 'field list'"),
    ] {
        wrong.note(sql, &error(&bound(&schema, sql)), expected);
    }
    wrong.none();
}

#[test]
fn sqlite_errors() {
    let mut wrong = Wrong::default();
    let schema = shop(Engine::Sqlite);
    for (sql, expected) in [
        ("SELECT phone FROM users", "SQLITE_ERROR no such column: phone"),
        ("SELECT \"phone\" FROM Users", "ok"),
        ("SELECT u.\"phone\" FROM users u", "SQLITE_ERROR no such column: u.phone"),
        ("SELECT rowid, ID FROM USERS WHERE city = 'x'", "ok"),
        ("SELECT city AS c FROM users WHERE c = 'x' GROUP BY c", "ok"),
        ("INSERT INTO users VALUES (1, 'x')", "SQLITE_ERROR table users has 4 columns but 2 values were supplied"),
        ("INSERT INTO users (id, phone) VALUES (1, 'x')", "SQLITE_ERROR table users has no column named phone"),
        ("INSERT INTO users (id, email) VALUES (1)", "SQLITE_ERROR 1 values for 2 columns"),
        ("INSERT INTO rect VALUES (1, 2)", "ok"),
        ("UPDATE rect SET area = 2", "SQLITE_ERROR cannot UPDATE generated column \"area\""),
        (
            "INSERT INTO users (id, email) VALUES (1, 'x') ON CONFLICT (city) DO NOTHING",
            "SQLITE_ERROR ON CONFLICT clause does not match any PRIMARY KEY or UNIQUE constraint",
        ),
        ("INSERT INTO users (id, email) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET email = excluded.email || email", "ok"),
        ("SELECT * FROM users INDEXED BY nope", "SQLITE_ERROR no such index: nope"),
        ("WITH t AS (SELECT phone FROM users) SELECT 1", "ok"),
        ("WITH t AS (SELECT phone FROM users) SELECT * FROM t", "SQLITE_ERROR no such column: phone"),
        ("SELECT id FROM users, orders", "SQLITE_ERROR ambiguous column name: id"),
        ("SELECT o.* FROM users u, orders o ORDER BY id", "ok"),
        ("SELECT o.id FROM users u, orders o ORDER BY id", "SQLITE_ERROR ambiguous column name: id"),
        ("SELECT name FROM sqlite_master WHERE type = 'table'", "ok"),
        ("SELECT my_function(id) FROM users", "ok"),
        ("SELECT value FROM users, json_each(users.city)", "ok"),
    ] {
        wrong.note(sql, &error(&bound(&schema, sql)), expected);
    }
    wrong.none();
}

#[test]
fn outputs_have_the_names_and_types_of_the_engine() {
    let mut wrong = Wrong::default();
    for (engine, sql, expected) in [
        (
            Engine::Postgres,
            "SELECT id, email AS e, count(*), 1, 'x', id + 1, now()::date, coalesce(city, '') FROM users GROUP BY id",
            "id integer!, e text!, count bigint!, ?column? integer!, ?column? text!, ?column? integer!, now date!, coalesce text!",
        ),
        (
            Engine::Postgres,
            "SELECT sum(qty), sum(price), avg(qty), max(sku), sum(o.id) FROM items, orders o",
            "sum bigint, sum numeric, avg numeric, max text, sum bigint",
        ),
        (
            Engine::Postgres,
            "SELECT u.*, o.total FROM users u LEFT JOIN orders o ON o.user_id = u.id",
            "id integer!, email text!, name text?, city text?, total numeric?",
        ),
        (
            Engine::Postgres,
            "SELECT * FROM users JOIN orders USING (id)",
            "id integer!, email text!, name text?, city text?, user_id integer!, total numeric!, note text?, status text!",
        ),
        (
            Engine::Postgres,
            "SELECT doc->'a', doc->>'b', tags[1], array_length(tags, 1), at::date, m::text FROM diary",
            "?column? jsonb?, ?column? text?, tags text?, array_length integer?, at date?, m text?",
        ),
        (Engine::Postgres, "INSERT INTO users VALUES (1, 'x') RETURNING id, email", "id integer!, email text!"),
        (Engine::Postgres, "SELECT id FROM users UNION ALL SELECT total FROM orders", "id numeric!"),
        (
            Engine::Postgres,
            "SELECT (SELECT max(total) FROM orders), EXISTS (SELECT 1), ARRAY[1, 2], CASE WHEN true THEN 1 END",
            "max numeric?, exists boolean!, array integer[]!, case integer?",
        ),
        (Engine::MySql, "SELECT ID, COUNT(*), city c FROM users", "ID int!, COUNT(*) bigint!, c varchar?"),
        (Engine::Sqlite, "SELECT ID, count(*), u.city FROM users u", "id integer!, count(*) integer!, city varchar?"),
        (
            Engine::Sqlite,
            "SELECT * FROM users JOIN orders USING (id)",
            "id integer!, email varchar!, name varchar?, city varchar?, user_id integer!, total numeric!, note varchar?, status varchar!",
        ),
    ] {
        wrong.note(sql, &outputs(&bound(&shop(engine), sql)), expected);
    }
    wrong.none();
}

#[test]
fn uses_carry_role_and_place() {
    let schema = shop(Engine::Postgres);
    for (sql, expected) in [
        (
            "SELECT o.total FROM users u JOIN orders o ON o.user_id = u.id WHERE u.email = $1 ORDER BY o.note",
            vec![
                "orders.total read",
                "users read",
                "orders read",
                "orders.user_id join",
                "users.id join",
                "users.email filter",
                "orders.note order",
            ],
        ),
        ("UPDATE users SET city = name WHERE id = 1", vec!["users write", "users.city write", "users.name read", "users.id filter"]),
        ("SELECT * FROM rect", vec!["rect read", "rect.w read*", "rect.h read*", "rect.area read*"]),
        ("INSERT INTO rect VALUES (1)", vec!["rect write", "rect.w write*"]),
        // The inner name falls to the outer query.
        (
            "SELECT 1 FROM users WHERE EXISTS (SELECT 1 FROM orders WHERE city = 'x')",
            vec!["users read", "orders read", "users.city filter"],
        ),
        ("SELECT t.k FROM (SELECT id AS k FROM users) t", vec!["users.id read", "users.id read", "users read"]),
    ] {
        assert_eq!(uses(&bound(&schema, sql)), expected, "{sql}");
    }
    let binding = bound(&schema, "SELECT u.email FROM users u");
    assert_eq!((binding.uses[0].span.start, binding.uses[0].span.end), (9, 14));
}

#[test]
fn open_tables_take_any_column() {
    let open = Schema::open(Dialect::of(Engine::Postgres));
    let binding = bound(&open, "SELECT email, o.total FROM users JOIN billing.orders o ON o.user_id = users.id");
    assert_eq!(error(&binding), "ok");
    assert_eq!(binding.outputs, None.or(binding.outputs.clone()));
    assert_eq!(
        uses(&binding),
        ["users.email read", "orders.email read", "orders.total read", "users read", "orders read", "orders.user_id join", "users.id join"]
    );
    let known = shop(Engine::Postgres);
    let half = Schema { complete: false, ..known };
    // The known table has the column; the open one need not.
    assert_eq!(uses(&bound(&half, "SELECT email FROM users, stuff")), ["users.email read", "users read", "stuff read"]);
    assert_eq!(uses(&bound(&half, "SELECT colour FROM users, stuff")), ["stuff.colour read", "users read", "stuff read"]);
}

#[test]
fn holes_are_no_errors() {
    let schema = shop(Engine::Postgres);
    for sql in [
        "SELECT \u{E000} FROM users",
        "SELECT nope FROM \u{E000}",
        "SELECT nope FROM users \u{E000} WHERE id = 1",
        "SELECT id FROM users WHERE \u{E000} = 1",
        "SELECT id FROM users WHERE id IN (\u{E000}) ORDER BY \u{E000}",
        "INSERT INTO users (\u{E000}) VALUES (\u{E000})",
        "SELECT a.\u{E000} FROM users a",
    ] {
        let statement = parse_statement(sql, schema.dialect);
        let binding = bind(&statement, sql, &schema, &SessionState::default());
        assert_eq!(error(&binding), "ok", "{sql}");
    }
}

#[test]
fn partial_and_expression_indexes_arbitrate_only_when_they_match() {
    let mut schema = shop(Engine::Postgres);
    let id = schema.new_id();
    let key = schema.key("public", "orders");
    if let Some(table) = schema.tables.get_mut(&key) {
        let keys = vec![IndexKey { expr: Some("lower((note)::text)".into()), ..IndexKey::default() }];
        table.indexes.push(Index { id, name: "a".into(), keys, unique: true, ..Index::default() });
        let keys = vec![IndexKey { column: Some("status".into()), ..IndexKey::default() }];
        table.indexes.push(Index { id, name: "b".into(), keys, unique: true, predicate: Some("(total > 0)".into()), ..Index::default() });
    }
    for (target, fits) in [
        ("(lower(note))", true),
        ("(note)", false),
        ("(status) WHERE total > 0", true),
        ("(status)", false),
        ("(status) WHERE total > 0 AND id > 1", true),
    ] {
        let sql = format!("INSERT INTO orders (id) VALUES (1) ON CONFLICT {target} DO NOTHING");
        assert_eq!(bound(&schema, &sql).error.is_none(), fits, "{sql}");
    }
}

#[test]
fn shapes_tell_what_a_comparison_compares() {
    let schema = shop(Engine::Postgres);
    let shapes = |sql: &str| bound(&schema, sql).shapes.into_iter().map(|s| s.text).collect::<Vec<_>>();
    assert_eq!(shapes("SELECT 1 FROM users WHERE id = 1 AND email = 'x'"), ["integer = integer -> boolean", "text = text -> boolean"]);
    assert_eq!(shapes("SELECT total / 2 FROM orders"), ["numeric / numeric -> numeric"]);
    assert_eq!(shapes("SELECT id / 2 FROM orders"), ["integer / integer -> integer"]);
}

#[test]
fn functions_in_from_and_their_bodies() {
    let mut schema = shop(Engine::Postgres);
    let id = schema.new_id();
    let user = schema.find_table(None, "users").map(|t| t.name.clone());
    let mut add = |name: &str, ty: DataType, returns: DataType, body: &str| {
        schema.functions.push(crate::model::schema::Function {
            id,
            name: ObjectName::new("public", name),
            params: vec![("u".into(), ty, false)],
            returns: Some(returns),
            language: "sql".into(),
            body: body.into(),
            ..Default::default()
        });
    };
    let row = DataType { user, ..DataType::named("users") };
    add("label", row.clone(), DataType::named("text"), "SELECT u.name || email FROM users");
    add("stale", row, DataType::named("text"), "SELECT phone FROM users");
    let mut wrong = Wrong::default();
    for (sql, expected) in [
        ("SELECT label(u), u.label FROM users u", "ok"),
        ("SELECT stale(u) FROM users u", "42703 column \"phone\" does not exist"),
        ("SELECT e->>'a', e.value FROM diary d, jsonb_array_elements(d.doc) e", "ok"),
        ("SELECT n FROM generate_series(1, 2) WITH ORDINALITY AS t(v, n)", "ok"),
        ("SELECT t.nope FROM generate_series(1, 2) AS t(v)", "42703 column t.nope does not exist"),
        ("UPDATE diary SET tags[1] = 'x' WHERE id = 1", "ok"),
    ] {
        wrong.note(sql, &error(&bound(&schema, sql)), expected);
    }
    wrong.none();
}
