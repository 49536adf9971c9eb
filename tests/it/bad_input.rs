//! Input that is broken, missing or hostile: a clear error or a counted problem, never a panic.

use crate::project::{DROP_CITY, Project, Ran};
use std::path::Path;

fn store_of(project: &Project) -> String {
    project.beside("s.db").to_string_lossy().into_owned()
}

/// Everything that is said: stdout, stderr.
fn said(ran: &Ran) -> String {
    format!("{}\n{}", ran.stdout, ran.stderr)
}

#[test]
fn what_can_not_be_read_is_an_error() {
    let project = Project::dropping();
    project.write("latin.sql", b"ALTER TABLE users ADD COLUMN caf\xe9 TEXT;\n");
    project.write("utf16.sql", b"\xff\xfeA\0L\0T\0E\0R\0");
    project.write("broken.toml", "[[services]\nname = 3\n");
    project.write("unknown.toml", "[check]\nfail-onn = \"risk\"\n");
    project.write("typed.toml", "[check]\nfail-on = 7\n");
    std::fs::create_dir(project.path().join("empty")).unwrap_or_else(|e| panic!("{e}"));
    let cases: &[(&[&str], &str)] = &[
        (&["check", "nowhere.sql"], "cannot read nowhere.sql"),
        (&["check", "latin.sql"], "not valid UTF-8 at byte 32"),
        (&["check", "utf16.sql"], "not valid UTF-8 at byte 0"),
        (&["check", "empty"], "holds no migration"),
        (&["check", DROP_CITY, "--schema", "nowhere.sql"], "cannot read nowhere.sql"),
        (&["check", DROP_CITY, "--schema", "empty"], "it is a folder"),
        (&["check", DROP_CITY, "--sql", "nowhere.sql"], "cannot read nowhere.sql"),
        (&["check", DROP_CITY, "--migrations", "nowhere"], "nowhere"),
        (&["check", DROP_CITY, "--repo", "nowhere"], "nowhere"),
        (&["check", DROP_CITY, "--config", "nowhere.toml"], "nowhere.toml"),
        (&["check", DROP_CITY, "--config", "broken.toml"], "broken.toml"),
        (&["check", DROP_CITY, "--config", "unknown.toml"], "fail-on"),
        (&["check", DROP_CITY, "--config", "typed.toml"], "typed.toml"),
        (&["check", DROP_CITY, "--proof", "nonsense"], "neither auto, embedded nor off"),
        (&["check", DROP_CITY, "--database", "nowhere"], "nowhere"),
        (&["check", DROP_CITY, "--dialect", "postgres:x"], "postgres"),
        (&["check", DROP_CITY, "--at", "no-such-ref"], ""),
        (&["check", "--since", "no-such-ref"], ""),
        (&["check", "--diff", "a..b"], ""),
        (&["schema", "show", "--schema", "latin.sql"], "not valid UTF-8"),
        (&["init", "nowhere"], "nowhere"),
        (&["who", "users", "--store", "nowhere.db"], "there is no store"),
    ];
    let mut wrong = Vec::new();
    for (args, says) in cases {
        let ran = project.impact(args);
        if ran.code != 2 || !ran.stderr.starts_with("error: ") || !ran.stderr.contains(says) {
            wrong.push(format!("{args:?}: not {says:?}: exit code {}\n{}", ran.code, said(&ran)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn references_to_revisions_need_a_repository_that_has_them() {
    let project = Project::dropping();
    let unborn = project.git();
    project.impact(&["check", DROP_CITY]).exits(1);
    for args in [&["check", "--since", "HEAD"][..], &["check", "--diff", "main..HEAD"], &["check", DROP_CITY, "--at", "HEAD"]] {
        let ran = project.impact(args).exits(2);
        assert!(ran.stderr.starts_with("error: "), "{args:?}: {}", ran.stderr);
    }
    project.commit(&unborn);
    for args in
        [&["check", "--since", "no-such-ref"][..], &["check", "--diff", "HEAD..no-such-ref"], &["check", DROP_CITY, "--at", "no-such-ref"]]
    {
        project.impact(args).refuses("no-such-ref");
    }
}

#[test]
fn migrations_that_do_little_or_can_not_be_parsed_say_so() {
    let project = Project::users();
    let deep = format!("SELECT {}1{};\n", "(".repeat(50_000), ")".repeat(50_000));
    let cases: Vec<(&str, Vec<u8>, i32)> = vec![
        ("an empty file", Vec::new(), 0),
        ("blanks and comments", b"\n-- nothing\n/* at all */;;\n".to_vec(), 0),
        ("no SQL", b"ALTER TABLE users DROP COLUM city;\nselect from where;\n)(\n".to_vec(), 0),
        ("an open string", b"ALTER TABLE users ADD COLUMN a TEXT DEFAULT 'x;\n".to_vec(), 0),
        ("an open comment", b"ALTER TABLE users ADD COLUMN a TEXT; /* never closed".to_vec(), 0),
        ("an open body", b"CREATE FUNCTION f() RETURNS int AS $$ SELECT 1;".to_vec(), 0),
        ("zero bytes", b"ALTER TABLE users\0 DROP COLUMN\0 city;\0\n".to_vec(), 0),
        ("only zero bytes", vec![0; 4096], 0),
        ("deep nesting", deep.into_bytes(), 0),
        ("deep case", "SELECT CASE WHEN ".repeat(20_000).into_bytes(), 0),
        ("a mark before the text", b"\xef\xbb\xbfALTER TABLE users DROP COLUMN city;".to_vec(), 1),
        ("other line ends", b"ALTER TABLE users\r\n  DROP COLUMN city;\r\n".to_vec(), 1),
        ("a table that is not there", b"ALTER TABLE nowhere DROP COLUMN city;".to_vec(), 1),
    ];
    for (what, text, code) in cases {
        project.write("migrations/000002_x.up.sql", text);
        let ran = project.impact(&["check", "migrations/000002_x.up.sql", "--format", "json"]);
        assert!(ran.code < 2, "{what}: {}", ran.stderr);
        if code == 1 {
            assert_eq!(ran.code, 1, "{what}: {}", ran.stdout);
        }
        let answer = ran.json();
        let changes = answer["migrations"][0]["changes"].as_array().map_or(0, Vec::len);
        let problems = answer["problems"].as_array().map_or(0, Vec::len);
        let fails = answer["migrations"][0]["outcome"] != "ok";
        assert!(changes > 0 || problems > 0 || fails, "{what}: silence: {answer}");
        assert!(code == 1 || answer["recommendation"] != "SAFE_TO_DEPLOY" || problems > 0 || changes > 0, "{what}: {answer}");
    }
}

#[test]
fn sources_that_can_not_be_read_are_counted() {
    let project = Project::dropping();
    project.write("app/latin.py", b"import psycopg\nname = 'caf\xe9'\nquery = 'SELECT city FROM users'\n");
    project.write("app/zero.py", b"import psycopg\0\nq = 'SELECT city FROM users'\n");
    project.write("app/syntax.py", "import psycopg\ndef (((\nconnection.execute('SELECT city FROM users')\nclass\n");
    project.write("app/deep.py", format!("x = {}1{}\n", "[".repeat(30_000), "]".repeat(30_000)));
    project.write("app/empty.py", "");
    project.write("web/deep.ts", format!("import pg from 'pg';\nconst x = {}1{};\n", "(".repeat(30_000), ")".repeat(30_000)));
    project.write("web/plus.ts", format!("import pg from 'pg';\nconst q = 'SELECT city ' {};\n", "+ 'x '".repeat(20_000)));
    project.write("svc/deep.go", format!("package svc\n\nvar x = {}1{}\n", "(".repeat(30_000), ")".repeat(30_000)));
    project.write("CODEOWNERS", b"* @team-\xff\n[[[\n");
    project.write("pyproject.toml", "[project\n");
    project.write("package.json", "{ not json");
    let answer = project.impact(&["check", DROP_CITY, "--format", "json"]).exits(1).json();
    let paths: Vec<&str> = answer["findings"].as_array().into_iter().flatten().filter_map(|f| f["path"].as_str()).collect();
    assert!(paths.contains(&"app/__main__.py"), "{paths:?}");
    let coverage = &answer["coverage"]["repositories"][0];
    let skipped: u64 = coverage["skipped"].as_object().into_iter().flat_map(|m| m.values()).filter_map(|v| v.as_u64()).sum();
    let problems = answer["problems"].as_array().map_or(0, Vec::len) as u64;
    assert!(skipped + problems > 2, "{coverage} {}", answer["problems"]);
}

#[test]
fn a_very_long_line_is_passed_over() {
    let project = Project::dropping();
    let mut long = b"import psycopg\nx = '".to_vec();
    long.resize(50 << 20, b'a');
    long.extend(b"'\n");
    project.write("app/long.py", &long);
    let answer = project.impact(&["check", DROP_CITY, "--format", "json"]).exits(1).json();
    let coverage = &answer["coverage"]["repositories"][0];
    assert!(coverage["skipped"].as_object().is_some_and(|s| !s.is_empty()), "{coverage}");
    project.remove("app/long.py");
    let mut long = b"ALTER TABLE users DROP COLUMN city; -- ".to_vec();
    long.resize(50 << 20, b'a');
    project.write(DROP_CITY, &long);
    project.impact(&["check", DROP_CITY, "--format", "json"]).exits(1);
    long.resize(65 << 20, b'a');
    project.write(DROP_CITY, &long);
    project.impact(&["check", DROP_CITY]).refuses("more than");
}

#[test]
#[cfg(unix)]
fn links_lead_nowhere_and_round_in_circles() {
    let project = Project::dropping();
    let link = |to: &str, at: &str| std::os::unix::fs::symlink(to, project.path().join(at)).unwrap_or_else(|e| panic!("{e}"));
    link(".", "app/again");
    link("b", "a");
    link("a", "b");
    link("nowhere.py", "app/gone.py");
    link("/", "app/everything");
    let answer = project.impact(&["check", DROP_CITY, "--format", "json"]).exits(1).json();
    assert_eq!(answer["findings"].as_array().map(Vec::len), Some(1), "{answer}");
    project.impact(&["check", "a"]).refuses("cannot read a");
}

#[test]
fn a_damaged_store_is_made_anew_or_refused() {
    let project = Project::dropping();
    let store = store_of(&project);
    let file = Path::new(&store);
    let fresh = || {
        for ending in ["", "-wal", "-shm"] {
            // Not all of them are there.
            let _ = std::fs::remove_file(format!("{store}{ending}"));
        }
        project.impact(&["index", "--store", &store, "--quiet"]).exits(0);
        std::fs::read(file).unwrap_or_else(|e| panic!("{e}"))
    };
    let whole = fresh();
    let mut holed = whole.clone();
    let middle = holed.len() / 3;
    holed.iter_mut().skip(middle).step_by(7).for_each(|b| *b = !*b);
    let cases: [(&str, Vec<u8>); 5] = [
        ("empty", Vec::new()),
        ("garbage", b"this is no database ".repeat(500)),
        ("cut off", whole[..whole.len() / 2].to_vec()),
        ("holes", holed),
        ("another database", b"SQLite format 3\0".to_vec()),
    ];
    for (what, bytes) in cases {
        fresh();
        std::fs::write(file, &bytes).unwrap_or_else(|e| panic!("{e}"));
        // As it stands it can't be used (or some of it can); with the repository at hand it is made anew.
        let ran = project.impact(&["check", DROP_CITY, "--store", &store]);
        assert!(ran.code == 1 || (ran.code == 2 && ran.stderr.contains("error: ")), "{what}: {}", said(&ran));
        let ran = project.impact(&["check", DROP_CITY, "--store", &store, "--repo", "."]);
        assert_eq!(ran.code, 1, "{what}: {}", said(&ran));
        project.impact(&["check", DROP_CITY, "--store", &store]).exits(1);
    }
    // A store of another format is a cache like any other.
    fresh();
    let connection = rusqlite::Connection::open(file).unwrap_or_else(|e| panic!("{e}"));
    connection.pragma_update(None, "user_version", 999_999).unwrap_or_else(|e| panic!("{e}"));
    connection.execute("UPDATE meta SET value = '999999'", []).unwrap_or_else(|e| panic!("{e}"));
    drop(connection);
    let ran = project.impact(&["check", DROP_CITY, "--store", &store]).exits(2);
    assert!(ran.stderr.contains("error: "), "{}", ran.stderr);
    project.impact(&["check", DROP_CITY, "--store", &store, "--repo", "."]).exits(1);
}

#[test]
fn a_store_that_can_not_be_written_is_an_error() {
    let project = Project::dropping();
    let file = project.beside("file");
    std::fs::write(&file, "x").unwrap_or_else(|e| panic!("{e}"));
    let below = file.join("s.db").to_string_lossy().into_owned();
    let ran = project.impact(&["index", "--store", &below]).exits(2);
    assert!(ran.stderr.starts_with("error: ") && ran.stderr.contains("s.db"), "{}", ran.stderr);
    let folder = project.cache().to_string_lossy().into_owned();
    let ran = project.impact(&["index", "--store", &folder]).exits(2);
    assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
}

#[test]
fn nothing_indexed_is_never_safe() {
    let project = Project::empty();
    project.write("m.sql", "ALTER TABLE users DROP COLUMN city;\n");
    let answer = project.impact(&["check", "m.sql", "--format", "json"]).json();
    assert_eq!(answer["recommendation"], "REQUIRES_CHANGES", "{answer}");
    let text = project.impact(&["index"]).exits(0);
    assert!(text.stdout.contains("0 source files") || text.stdout.contains("0 services"), "{}", said(&text));
    project.git();
    project.impact(&["index"]).exits(0);
    project.impact(&["who", "users"]).exits(0);
    project.impact(&["refs"]).exits(0);
    project.impact(&["schema", "show"]).refuses("no history of migrations found");
}

/// A model, and code that is written to be dear: long chains, calls that call twice what calls twice, functions that
/// call each other, branches of which each adds to a query, literals without end.
fn dear_code() -> Vec<(&'static str, String)> {
    let model = "from sqlalchemy import Column, Integer, String\nfrom sqlalchemy.orm import declarative_base\n\nBase = declarative_base()\n\n\n\
                 class Order(Base):\n    __tablename__ = 'orders'\n    id = Column(Integer, primary_key=True)\n    name = Column(String)\n";
    let head = "from sqlalchemy import select\nfrom app.models import Order\n\n\n";
    let chain = format!("{head}def chained(db):\n    return db.execute(select(Order){})\n", ".where(Order.id == 1)".repeat(100_000));
    let mut twice = format!("{head}def twice_0(db, query):\n    return query.where(Order.name == 'a')\n\n\n");
    for i in 1..60 {
        let below = i - 1;
        twice.push_str(&format!(
            "def twice_{i}(db, query):\n    a = twice_{below}(db, query.where(Order.id == {i}))\n    b = twice_{below}(db, query)\n    \
             return a if db else b\n\n\n"
        ));
    }
    twice.push_str("def all_twice(db):\n    return db.execute(twice_59(db, select(Order)))\n\n\n");
    for (one, other) in [("even", "odd"), ("odd", "even")] {
        twice.push_str(&format!(
            "def {one}(db, query, n):\n    db.execute(query)\n    {other}(db, query.where(Order.id == n), [n, [n]])\n    \
             return {other}(db, {one}(db, query, n), n)\n\n\n"
        ));
    }
    let mut branches = format!("{head}def branches(db, flag):\n    query = select(Order)\n");
    for i in 0..300 {
        branches.push_str(&format!("    if flag > {i}:\n        query = query.where(Order.name == 'n{i}')\n"));
    }
    branches.push_str("    return db.execute(query)\n");
    let mut literals = format!("{head}NUMBERS = [\n{}]\nNAMES = {{\n", "    1,\n".repeat(200_000));
    (0..50_000).for_each(|i| literals.push_str(&format!("    'k{i}': Order.id,\n")));
    literals.push_str(&format!("}}\nTEXT = \'\'\'{}\'\'\'\n\n\n", "x\n".repeat(1 << 20)));
    literals.push_str("def literals(db):\n    return db.execute(select(Order).where(Order.id.in_(NUMBERS)).order_by(*NAMES.values()))\n");
    let plain = format!("{head}def plain(db):\n    return db.execute(select(Order.name))\n");
    vec![
        ("app/models.py", model.to_string()),
        ("app/chain.py", chain),
        ("app/twice.py", twice),
        ("app/branches.py", branches),
        ("app/literals.py", literals),
        ("app/plain.py", plain),
    ]
}

#[test]
fn dear_code_is_followed_within_bounds() {
    let project = Project::empty();
    project.write("requirements.txt", "sqlalchemy\npsycopg2\n");
    project.write("impact.toml", "[discover]\nmax-file-size = 16777216\n");
    for (path, code) in dear_code() {
        project.write(path, code);
    }
    let began = std::time::Instant::now();
    let store = store_of(&project);
    project.impact(&["index", "--store", &store]).exits(0);
    // Minutes on a loaded machine; without bounds it would be years.
    assert!(began.elapsed().as_secs() < 300, "{:?}", began.elapsed());
    let bytes = std::fs::metadata(&store).map_or(0, |m| m.len());
    assert!(bytes < 16 << 20, "{bytes} bytes of store");
    let refs = project.impact(&["refs", "--store", &store, "--format", "json"]).json();
    let places = refs["references"].as_array().cloned().unwrap_or_default();
    let of = |path: &str| places.iter().any(|r| r["path"] == path && r["column"] == "name");
    assert!(of("app/plain.py") && of("app/models.py"), "{} references", places.len());
}
