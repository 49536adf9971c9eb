//! The command as a user sees it: what is printed, where, and with which exit code.

use crate::project::{DROP_CITY, Project};
use serde_json::Value;

fn problems(answer: &Value) -> String {
    let all = answer["problems"].as_array().cloned().unwrap_or_default();
    all.iter().filter_map(|p| p["message"].as_str()).collect::<Vec<_>>().join("\n")
}

fn findings(answer: &Value) -> Vec<String> {
    let all = answer["findings"].as_array().cloned().unwrap_or_default();
    let word = |f: &Value, key: &str| f[key].as_str().unwrap_or("").to_string();
    all.iter().map(|f| format!("{} {}:{} {}", word(f, "verdict"), word(f, "path"), f["line"], word(f, "rule"))).collect()
}

const CITY: &str = "breaks app/__main__.py:9 dropped-column-still-read";

#[test]
fn exit_codes_say_what_to_do() {
    let project = Project::users();
    project.write("drop.sql", "ALTER TABLE users DROP COLUMN city;\n");
    project.write("risk.sql", "ALTER TABLE users ALTER COLUMN city TYPE bigint USING city::bigint;\n");
    project.write("safe.sql", "ALTER TABLE users ADD COLUMN phone TEXT;\n");
    let cases: &[(&[&str], i32)] = &[
        (&["check", "drop.sql"], 1),
        (&["check", "drop.sql", "--fail-on", "risk"], 1),
        (&["check", "drop.sql", "--fail-on", "never"], 0),
        (&["check", "risk.sql"], 0),
        (&["check", "risk.sql", "--fail-on", "risk"], 1),
        (&["check", "safe.sql", "--fail-on", "risk"], 0),
        (&["check"], 2),
        (&["check", "drop.sql", "--fail-on", "sometimes"], 2),
        (&["check", "drop.sql", "--no-such-flag"], 2),
        (&["check", "drop.sql", "--dialect", "cobol"], 2),
        (&["check", "drop.sql", "--diff", "HEAD"], 2),
        (&["check", "drop.sql", "--no-proof", "--no-llm"], 1),
        (&["no-such-command"], 2),
        (&["--version"], 0),
        (&["--help"], 0),
        (&["check", "--help"], 0),
    ];
    let mut wrong = Vec::new();
    for (args, code) in cases {
        let ran = project.impact(args);
        if ran.code != *code {
            wrong.push(format!("{args:?}: {} instead of {code}\n{}{}", ran.code, ran.stdout, ran.stderr));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_breaks_is_shown_with_its_place() {
    let project = Project::dropping();
    let ran = project.impact(&["check", DROP_CITY]).exits(1);
    for part in [
        "BLOCKED  migrations/000002_drop_city.up.sql",
        "1 statement of users-api breaks",
        "@team-users",
        "breaks[dropped-column-still-read]: users.city is dropped, but this SELECT still uses it.",
        "app/__main__.py:9:39",
        "^^^^",
    ] {
        assert!(ran.stdout.contains(part), "{part:?} is missing:\n{}", ran.stdout);
    }
    assert!(!ran.stdout.contains('\u{1b}'), "{}", ran.stdout);
    let answer = project.impact(&["check", DROP_CITY, "--format", "json"]).exits(1).json();
    assert_eq!(findings(&answer), [CITY]);
    assert_eq!(answer["findings"][0]["token"], serde_json::json!({"line": 9, "column": 39, "end_column": 43}));
    assert_eq!(answer["findings"][0]["owners"], serde_json::json!(["@team-users"]));
}

#[test]
fn stdout_is_the_same_every_time() {
    let project = Project::dropping();
    for format in ["text", "json"] {
        let args = ["check", DROP_CITY, "--all", "--format", format];
        let first = project.impact(&args).exits(1).stdout;
        assert_eq!(first, project.impact(&args).exits(1).stdout);
        let other = project.beside("fresh.db").to_string_lossy().into_owned();
        let args = ["check", DROP_CITY, "--all", "--format", format, "--repo", ".", "--store", &other];
        assert_eq!(first, project.impact(&args).exits(1).stdout);
    }
}

#[test]
fn migrations_come_from_stdin_and_folders() {
    let project = Project::dropping();
    let answer = project.impact_reading(&["check", "-", "--format", "json"], b"ALTER TABLE users DROP COLUMN city;").exits(1).json();
    assert_eq!(findings(&answer), [CITY]);
    assert_eq!(answer["migrations"][0]["path"], "-");
    // A folder outside the repository takes its place by its name.
    project.remove(DROP_CITY);
    let later = Project::empty();
    later.write("migrations/000002_drop_city.up.sql", "ALTER TABLE users DROP COLUMN city;\n");
    later.write("migrations/000002_drop_city.down.sql", "ALTER TABLE users ADD COLUMN city TEXT;\n");
    later.write("migrations/000003_drop_email.up.sql", "ALTER TABLE users DROP COLUMN email;\n");
    let folder = later.path().join("migrations").to_string_lossy().into_owned();
    let answer = project.impact(&["check", &folder, "--repo", ".", "--format", "json"]).exits(1).json();
    let paths: Vec<&str> = answer["migrations"].as_array().into_iter().flatten().filter_map(|m| m["path"].as_str()).collect();
    assert_eq!(paths, [format!("{folder}/000002_drop_city.up.sql"), format!("{folder}/000003_drop_email.up.sql")]);
    assert_eq!(findings(&answer), ["breaks app/__main__.py:5 dropped-column-still-read", CITY]);
    assert_eq!(answer["findings"][0]["change"]["migration"], paths[1]);
}

#[test]
fn migrations_come_from_a_range_of_commits() {
    let project = Project::users();
    let repository = project.git();
    let base = project.commit(&repository);
    let nothing = project.impact(&["check", "--since", &base]).exits(0);
    assert!(nothing.stderr.contains("no migration was added"), "{}", nothing.stderr);
    project.write(DROP_CITY, "ALTER TABLE users DROP COLUMN city;\n");
    let answer = project.impact(&["check", "--since", &base, "--format", "json"]).exits(1).json();
    assert_eq!(findings(&answer), [CITY]);
    let head = project.commit(&repository);
    for range in [format!("{base}..{head}"), format!("{base}..HEAD"), format!("{base}..."), "HEAD~1..HEAD".to_string()] {
        let answer = project.impact(&["check", "--diff", &range, "--format", "json"]).exits(1).json();
        assert_eq!(findings(&answer), [CITY], "{range}");
        assert_eq!(answer["migrations"][0]["path"], DROP_CITY, "{range}");
    }
    project.impact(&["check", "--diff", "HEAD..HEAD"]).exits(0);
}

#[test]
fn a_revision_is_read_straight_from_git() {
    let project = Project::dropping();
    let repository = project.git();
    project.commit(&repository);
    let safe = "import psycopg\n\n\ndef emails(connection: psycopg.Connection):\n    return connection.execute(\"SELECT id, email FROM users\").fetchall()\n";
    project.write("app/__main__.py", safe);
    project.impact(&["check", DROP_CITY]).exits(0);
    let answer = project.impact(&["check", DROP_CITY, "--at", "HEAD", "--format", "json"]).exits(1).json();
    assert_eq!(findings(&answer), [CITY]);
    assert!(answer["findings"][0]["token"]["column"] == 39, "{answer}");
    // A bare repository has no working tree: its HEAD stands for what runs.
    let bare = project.beside("bare.git");
    git2::build::RepoBuilder::new().bare(true).clone(&project.path().to_string_lossy(), &bare).unwrap_or_else(|e| panic!("{e}"));
    let bare = bare.to_string_lossy().into_owned();
    for more in [&[][..], &["--at", "main"]] {
        let mut args = vec!["check", DROP_CITY, "--repo", &bare, "--format", "json"];
        args.extend(more);
        assert_eq!(findings(&project.impact(&args).exits(1).json()), [CITY], "{more:?}");
    }
}

#[test]
fn a_baseline_holds_what_is_accepted() {
    let project = Project::dropping();
    let check = |more: &[&str]| {
        let mut args = vec!["check", DROP_CITY, "--baseline", "known.json", "--format", "json"];
        args.extend(more);
        project.impact(&args)
    };
    check(&[]).refuses("cannot use the baseline known.json");
    let ran = check(&["--update-baseline"]).exits(1);
    assert!(ran.stderr.contains("wrote 1 findings to known.json"), "{}", ran.stderr);
    let known = project.read("known.json");
    let answer = check(&[]).exits(0).json();
    assert_eq!((findings(&answer).len(), &answer["summary"]["ignored"]), (0, &Value::from(1)));
    // Lines may move.
    let code = project.read("app/__main__.py");
    project.write("app/__main__.py", format!("# one line more\n{code}"));
    check(&[]).exits(0);
    // A reason that people wrote stays when the file is written again.
    project.write("known.json", known.replace("accepted when the baseline was written", "gone next week"));
    check(&["--update-baseline"]).exits(1);
    assert!(project.read("known.json").contains("gone next week"));
    project.write("known.json", known.replace("\"reason\"", "\"until\": \"2020-01-31\",\n      \"reason\""));
    let answer = check(&[]).exits(1).json();
    assert!(problems(&answer).contains("has expired"), "{answer}");
    project.write("known.json", known);
    project.write(DROP_CITY, "ALTER TABLE users ADD COLUMN phone TEXT;\n");
    assert!(problems(&check(&[]).exits(0).json()).contains("matches no finding"));
    project.write("known.json", "{\"version\": 1}");
    check(&[]).refuses("--update-baseline writes a new one");
}

#[test]
fn ignores_stand_in_code_and_migrations() {
    let cases = [
        ("# impact-ignore dropped-column-still-read: the job is gone", 0, ""),
        ("# impact-ignore *: the job is gone, until=2999-01-31", 0, ""),
        ("# impact-ignore dropped-column-still-read", 1, "gives no reason"),
        ("# impact-ignore dropped-column-still-read: soon, until=2020-01-31", 1, "expired on 2020-01-31"),
        ("# impact-ignore dropped-column-still-read: soon, until=tomorrow", 1, "unreadable date"),
        ("# impact-ignore column-now-required: another rule", 1, "matches no finding"),
    ];
    let project = Project::dropping();
    let code = project.read("app/__main__.py");
    let check = |case: &str, code: i32, says: &str| {
        let answer = project.impact(&["check", DROP_CITY, "--format", "json"]).exits(code).json();
        assert!(problems(&answer).contains(says), "{case}: {}", problems(&answer));
        assert_eq!(answer["summary"]["ignored"], Value::from(1 - code), "{case}");
    };
    for (comment, exit, says) in cases {
        project.write(
            "app/__main__.py",
            code.replace(
                "    return connection.execute(\"SELECT city",
                &format!("    {comment}\n    return connection.execute(\"SELECT city"),
            ),
        );
        check(comment, exit, says);
        project.write("app/__main__.py", &code);
        project.write(DROP_CITY, format!("{}\nALTER TABLE users DROP COLUMN city;\n", comment.replace('#', "--")));
        check(comment, exit, says);
        project.write(DROP_CITY, "ALTER TABLE users DROP COLUMN city;\n");
    }
}

#[test]
fn findings_are_chosen_by_service_and_owner() {
    let project = Project::dropping();
    let count = |args: &[&str]| {
        let mut all = vec!["check", DROP_CITY, "--format", "json"];
        all.extend(args);
        findings(&project.impact(&all).json()).len()
    };
    assert_eq!(count(&["--service", "users-api"]), 1);
    assert_eq!(count(&["--service", "another"]), 0);
    assert_eq!(count(&["--owner", "@team-users"]), 1);
    assert_eq!(count(&["--owner", "@team-orders"]), 0);
}

#[test]
fn statements_are_judged_against_a_dump() {
    let project = Project::empty();
    project.write("dump.sql", "CREATE TABLE users (id bigint PRIMARY KEY, city text, email text NOT NULL);\n");
    project.write("m.sql", "ALTER TABLE users DROP COLUMN city;\n");
    project.write("q.sql", "SELECT id FROM users;\nSET search_path = public;\nSELECT city FROM users;\nDELETE FROM users;\n");
    let args = ["check", "m.sql", "--schema", "dump.sql", "--sql", "q.sql", "--dialect", "postgres:15", "--format", "json"];
    let answer = project.impact(&args).exits(1).json();
    let verdicts: Vec<String> = findings(&answer).iter().map(|f| f.replace(" q.sql:", " ")).collect();
    assert_eq!(verdicts, ["breaks 3 dropped-column-still-read", "safe 1 ", "safe 4 "]);
    assert_eq!(std::fs::read_dir(project.cache()).map(|d| d.count()).ok(), Some(0), "no store is written");
}

#[test]
fn a_named_store_answers_as_it_stands() {
    let project = Project::dropping();
    let store = project.beside("own.db").to_string_lossy().into_owned();
    project.impact(&["check", DROP_CITY, "--store", &store]).refuses("there is no store");
    project.impact(&["index", "--store", &store]).exits(0);
    project.write("app/__main__.py", "import psycopg\n");
    let ran = project.impact(&["check", DROP_CITY, "--store", &store]).exits(1);
    assert!(ran.stderr.contains("as it stands") && ran.stderr.contains("seconds old"), "{}", ran.stderr);
    let ran = project.impact(&["check", DROP_CITY, "--store", &store, "--quiet"]).exits(1);
    assert_eq!(ran.stderr, "");
    project.impact(&["check", DROP_CITY, "--store", &store, "--repo", "."]).exits(0);
}

#[test]
fn an_index_is_refreshed_by_what_changed() {
    let project = Project::dropping();
    project.impact(&["check", DROP_CITY]).exits(1);
    let code = project.read("app/__main__.py");
    project.write("app/__main__.py", "import psycopg\n");
    project.impact(&["check", DROP_CITY]).exits(0);
    project.write("app/other.py", code);
    project.impact(&["check", DROP_CITY]).exits(1);
    project.impact(&["check", DROP_CITY, "--no-refresh"]).exits(1);
    project.remove("app/other.py");
    project.impact(&["check", DROP_CITY]).exits(0);
    let text = project.impact(&["index"]).exits(0).stdout;
    assert!(text.contains("1 service, 1 database; 1 source files"), "{text}");
    let answer = project.impact(&["index", "--format", "json"]).exits(0).json();
    assert_eq!(answer["coverage"]["repositories"][0]["files"], 1, "{answer}");
}

#[test]
fn references_are_listed() {
    let project = Project::users();
    let ran = project.impact(&["who", "users.city"]).exits(0);
    assert!(ran.stdout.contains("app/__main__.py:9  read"), "{}", ran.stdout);
    assert!(!ran.stdout.contains(":5"), "{}", ran.stdout);
    let ran = project.impact(&["who", "users"]).exits(0);
    assert!(ran.stdout.contains("app/__main__.py:5") && ran.stdout.contains("app/__main__.py:9"), "{}", ran.stdout);
    assert!(project.impact(&["who", "users.born"]).exits(0).stdout.contains("no reference to users.born"));
    let who = project.impact(&["who", "users.city", "--format", "json"]).exits(0).json();
    assert_eq!(who["references"].as_array().map(Vec::len), Some(1), "{who}");
    let refs = project.impact(&["refs"]).exits(0).json();
    let all: Vec<String> = refs["references"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|r| format!("{} {} {} {}", r["line"], r["table"], r["column"], r["mode"]).replace('"', ""))
        .collect();
    assert_eq!(
        all,
        ["5 users null read", "5 users email read", "5 users id read", "9 users null read", "9 users city read", "9 users id filter"]
    );
    assert_eq!(refs["schema_version"], 1);
    assert!(project.impact(&["refs", "--format", "text"]).exits(0).stdout.contains("app/__main__.py:9  read users.city"));
    project.write(
        "app/two.py",
        "import psycopg\n\ndef f(c):\n    c.execute('SELECT one FROM a_view')\n    c.execute(f'SELECT {c.x}.a, b FROM {c.table}')\n",
    );
    let answer = project.impact(&["refs", "--format", "json"]).exits(0).json();
    let rows = answer["references"].as_array().map_or(&[][..], Vec::as_slice);
    assert!(rows.iter().any(|r| r["table"] == "a_view") && rows.iter().all(|r| r["table"] != ""), "{answer}");
    // What has no table is no reference; its statement counts as not bound.
    let open = answer["coverage"]["repositories"][0]["open"].as_array().map_or(&[][..], Vec::as_slice);
    assert!(open.iter().any(|o| o["path"] == "app/two.py" && o["line"] == 5), "{answer}");
}

#[test]
fn schemas_are_printed() {
    let project = Project::dropping();
    let ran = project.impact(&["schema", "show"]).exits(0);
    let lines: Vec<&str> = ran.stdout.lines().map(str::trim).collect();
    for line in ["public.users", "id bigint not null", "email text not null", "born timestamp with time zone"] {
        assert!(lines.contains(&line), "{line}: {}", ran.stdout);
    }
    assert!(!ran.stdout.contains("city"), "{}", ran.stdout);
    project.write("dump.sql", "CREATE TABLE users (id bigint PRIMARY KEY, town text);\n");
    let of_dump = project.impact(&["schema", "show", "--schema", "dump.sql", "--dialect", "postgres"]).exits(0);
    assert!(of_dump.stdout.contains("town text"), "{}", of_dump.stdout);
    let json = project.impact(&["schema", "show", "users", "--format", "json"]).exits(0).json();
    assert!(json.to_string().contains("born"), "{json}");
    project.impact(&["schema", "show", "nowhere"]).refuses("nowhere");
}

#[test]
fn rules_and_places_are_explained() {
    let project = Project::users();
    let list = project.impact(&["explain"]).exits(0).stdout;
    let ids: Vec<&str> = list.lines().filter_map(|l| l.split_whitespace().next()).collect();
    assert!(ids.len() > 30 && ids.contains(&"dropped-column-still-read"), "{list}");
    let rule = project.impact(&["explain", "dropped-column-still-read"]).exits(0).stdout;
    assert!(rule.contains("ALTER TABLE") && rule.contains("SELECT"), "{rule}");
    let place = project.impact(&["explain", "app/__main__.py:9"]).exits(0).stdout;
    for part in ["via psycopg", "SELECT city FROM users", "city at 9:39 -> users.city (read)"] {
        assert!(place.contains(part), "{part}:\n{place}");
    }
    let nothing = project.impact(&["explain", "app/__main__.py:1"]).exits(0).stdout;
    assert!(nothing.contains("nothing at this line sends SQL"), "{nothing}");
    project.impact(&["explain", "no-such-rule"]).refuses("neither a rule nor PATH:LINE");
    project.impact(&["explain", "app/nowhere.py:3"]).refuses("no such file in the index");
}

#[test]
fn a_configuration_is_written_that_works() {
    let project = Project::dropping();
    let shown = project.impact(&["init", "--dry-run"]).exits(0).stdout;
    let parsed: toml::Table = shown.parse().unwrap_or_else(|e| panic!("{e}: {shown}"));
    assert_eq!(parsed["services"][0]["name"].as_str(), Some("users-api"), "{shown}");
    assert_eq!(parsed["databases"][0]["migrations"][0].as_str(), Some("migrations"), "{shown}");
    assert!(!project.path().join("impact.toml").exists());
    project.impact(&["init"]).exits(0);
    assert_eq!(project.read("impact.toml"), shown);
    project.impact(&["init"]).refuses("is there already");
    project.impact(&["init", "--force"]).exits(0);
    let answer = project.impact(&["check", DROP_CITY, "--format", "json"]).exits(1).json();
    assert_eq!(findings(&answer), [CITY]);
    // What the configuration sets holds where the command line says nothing.
    project.write("impact.toml", format!("{shown}\n[check]\nfail-on = \"never\"\n"));
    project.impact(&["check", DROP_CITY]).exits(0);
}

#[test]
fn names_from_a_long_list_are_looked_up_in_it() {
    let project = Project::users();
    project.write("migrations/000002_more.up.sql", "CREATE TABLE other (id BIGINT);\nCREATE TABLE t7 (id BIGINT);\n");
    let names: Vec<String> = (0..40).map(|i| format!("\"t{i}\"")).collect();
    let code = [
        "import psycopg\n\n",
        &format!("TABLES = [{}]\n\n\n", names.join(", ")),
        "def sizes(connection: psycopg.Connection):\n    for table in TABLES:\n",
        "        connection.execute(f\"SELECT count(*) FROM {table}\")\n",
    ];
    project.write("app/__main__.py", code.concat());
    let answer = project.impact_reading(&["check", "-", "--format", "json"], b"DROP TABLE t7;").exits(0).json();
    assert_eq!(findings(&answer), ["risk app/__main__.py:7 unknown-part-may-name-it"]);
    assert_eq!(answer["findings"][0]["confidence"], 0.85);
    let answer = project.impact_reading(&["check", "-", "--format", "json"], b"DROP TABLE other;").exits(0).json();
    assert_eq!((findings(&answer).len(), &answer["recommendation"]), (0, &Value::from("SAFE_TO_DEPLOY")), "{answer}");
}

#[test]
fn a_statement_that_names_what_goes_is_no_mere_site_of_the_model() {
    let project = Project::empty();
    project.write("requirements.txt", "sqlalchemy\n");
    project.write(
        "app/models.py",
        concat!(
            "from sqlalchemy import Boolean, Column, Integer\nfrom sqlalchemy.orm import declarative_base\n\nBase = declarative_base()\n\n\n",
            "class Owned:\n    owner = Column(Integer)\n\n\n",
            "class Cost(Owned, Base):\n    __tablename__ = \"cost\"\n    id = Column(Integer, primary_key=True)\n    usual = Column(Boolean)\n",
        ),
    );
    project.write(
        "app/service.py",
        concat!(
            "from sqlalchemy.orm import Session\n\nfrom app.models import Cost\n\n\n",
            "def usual(session: Session):\n    return session.query(Cost).filter(Cost.usual == True).one()\n\n\n",
            "def all(session: Session):\n    return session.query(Cost).all()\n",
        ),
    );
    let named = "breaks app/service.py:7 dropped-column-still-read";
    let defined = "breaks app/models.py:14 dropped-column-still-read";
    project.write("one.sql", "ALTER TABLE cost DROP COLUMN usual;\n");
    let found = findings(&project.impact(&["check", "one.sql", "--format", "json", "--dialect", "postgres"]).exits(1).json());
    assert_eq!(found, [defined, named]);
    // the first cause is a column that no line of the service names
    project.write("both.sql", "ALTER TABLE cost DROP COLUMN owner;\nALTER TABLE cost DROP COLUMN usual;\n");
    let found = findings(&project.impact(&["check", "both.sql", "--format", "json", "--dialect", "postgres"]).exits(1).json());
    assert_eq!(found, ["breaks app/models.py:8 dropped-column-still-read", defined, named]);
}
