//! The example organisation: every pending migration is checked through the binary, compared with reviewed
//! snapshots and with the findings that `EXPECTED.md` lists.

use crate::project::impact;
use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

const CONFIG: &str = "fixtures/worlds/shop/impact.toml";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The migrations, as they are given on the command line.
pub fn migrations() -> Vec<String> {
    let folder = root().join("fixtures/worlds/shop/pending/migrations");
    let names = std::fs::read_dir(&folder).into_iter().flatten().flatten().map(|e| e.file_name().to_string_lossy().into_owned());
    let mut paths: Vec<String> = names.map(|n| format!("fixtures/worlds/shop/pending/migrations/{n}")).collect();
    paths.sort();
    assert!(paths.len() > 8, "{paths:?}");
    paths
}

/// A store with the organisation in it, indexed once for each way of indexing.
pub fn store(prefilter: bool) -> &'static str {
    static STORES: [OnceLock<String>; 2] = [const { OnceLock::new() }; 2];
    STORES[usize::from(prefilter)].get_or_init(|| {
        let store = folder().join(if prefilter { "shop.db" } else { "shop-all.db" });
        let store = store.to_string_lossy().into_owned();
        let mut args = vec!["index", "--config", CONFIG, "--store", &store, "--quiet"];
        if !prefilter {
            args.push("--no-prefilter");
        }
        impact(root(), folder(), &args, b"").exits(0);
        store
    })
}

/// A folder for this run of the tests.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("shop");
        // What an earlier run left, if anything.
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap_or_else(|e| panic!("{e}"));
        folder
    })
}

/// The answer for a migration.
pub fn check(migration: &str, format: &str, store: &str) -> String {
    let args = ["check", "--config", CONFIG, "--store", store, "--quiet", "--format", format, migration];
    let ran = impact(root(), folder(), &args, b"");
    assert!(ran.code < 2 && ran.stderr.is_empty(), "{migration}: {}", ran.stderr);
    ran.stdout
}

pub fn answer(migration: &str, prefilter: bool) -> Value {
    serde_json::from_str(&check(migration, "json", store(prefilter))).unwrap_or_else(|e| panic!("{migration}: {e}"))
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or("")
}

/// A finding as it is compared.
#[derive(Debug)]
struct Found {
    verdict: String,
    path: String,
    /// The line of the name, and the lines of the statement.
    token: Option<u64>,
    lines: (u64, u64),
    service: String,
    summary: String,
}

fn found(answer: &Value) -> Vec<Found> {
    let each = |f: &Value| {
        let test = if text(f, "scope") == "test" { " (test)" } else { "" };
        let token = f["token"]["line"].as_u64();
        let lines = (f["line"].as_u64().unwrap_or(0), f["end_line"].as_u64().unwrap_or(0));
        let path = format!("{}/{}", text(f, "repo"), text(f, "path"));
        let service = format!("{}{test}", text(f, "service"));
        let object = &f["object"];
        let names = ["table", "column", "name"].iter().filter_map(|k| object[k].as_str());
        let sites = f["sites"]["first"].as_array().into_iter().flatten();
        let sites: String = sites.map(|s| format!(", from {}:{}", text(s, "path"), s["line"])).collect();
        let summary = format!(
            "{} {path}:{} {service} {} {}{sites}",
            text(f, "verdict"),
            token.unwrap_or(lines.0),
            text(f, "rule"),
            names.collect::<Vec<_>>().join(".")
        );
        Found { verdict: text(f, "verdict").to_string(), path, token, lines, service, summary }
    };
    answer["findings"].as_array().into_iter().flatten().filter(|f| text(f, "kind") != "use").map(each).collect()
}

#[test]
fn answers_are_the_reviewed_ones() {
    let mut wrong = Vec::new();
    for migration in migrations() {
        let name = migration.rsplit('/').next().unwrap_or("").trim_end_matches(".sql").trim_end_matches(".up");
        let json = answer(&migration, true);
        let mut list = format!("{} {}\n", text(&json, "recommendation"), text(&json, "order"));
        for f in found(&json) {
            let _ = writeln!(list, "{}", f.summary);
        }
        for (ending, given) in [("txt", check(&migration, "text", store(true))), ("findings", list)] {
            let path = root().join(format!("fixtures/worlds/shop/expected/{name}.{ending}"));
            if std::env::var_os("UPDATE_EXPECT").is_some() {
                let folder = path.parent().unwrap_or(root());
                std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, &given)).unwrap_or_else(|e| panic!("{e}"));
            }
            let expected = std::fs::read_to_string(&path).unwrap_or_default();
            if given != expected {
                wrong.push(format!("{}\n--- expected\n{expected}--- given\n{given}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}\nUPDATE_EXPECT=1 rewrites the snapshots", wrong.join("\n"));
}

/// A row of a table of `EXPECTED.md`.
struct Row {
    verdict: String,
    path: String,
    line: u64,
    service: String,
    why: String,
}

/// One section of `EXPECTED.md`.
struct Section {
    migration: String,
    recommendation: String,
    orders: Vec<String>,
    rows: Vec<Row>,
    unused: bool,
}

fn quoted(line: &str, after: &str) -> String {
    line.split(after).nth(1).and_then(|t| t.split('`').next()).unwrap_or("").to_string()
}

fn expected() -> Vec<Section> {
    let text = std::fs::read_to_string(root().join("fixtures/worlds/shop/EXPECTED.md")).unwrap_or_default();
    let mut sections: Vec<Section> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("## ") {
            let (recommendation, orders, rows) = (String::new(), Vec::new(), Vec::new());
            sections.push(Section { migration: name.to_string(), recommendation, orders, rows, unused: false });
        }
        let Some(section) = sections.last_mut() else { continue };
        if line.starts_with("Recommendation ") {
            section.recommendation = quoted(line, "Recommendation `");
            section.orders = quoted(line, "order `").split(" or ").map(str::to_string).collect();
            section.unused = line.contains("`unused: true`");
        }
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        if let (true, [verdict @ ("breaks" | "risk"), place, service, why]) = (line.starts_with('|'), cells.as_slice()) {
            let (path, number) = place.rsplit_once(':').unwrap_or((place, "0"));
            let (verdict, path, service, why) = (verdict.to_string(), path.to_string(), service.to_string(), why.to_string());
            section.rows.push(Row { verdict, path, line: number.parse().unwrap_or(0), service, why });
        }
    }
    sections
}

impl Row {
    fn is(&self, f: &Found) -> bool {
        let named = match f.token {
            Some(token) => token == self.line || self.why.contains(&format!("stands at {}:{token}", f.path)),
            None => true,
        };
        let inside = f.lines.0 <= self.line && self.line <= f.lines.1;
        self.verdict == f.verdict && self.path == f.path && self.service == f.service && named && inside
    }
}

#[test]
fn answers_are_what_a_careful_engineer_expects() {
    let sections = expected();
    let known: Vec<&str> = sections.iter().map(|s| s.migration.as_str()).collect();
    let mut wrong = Vec::new();
    for migration in migrations() {
        let name = migration.rsplit('/').next().unwrap_or("");
        let Some(section) = sections.iter().find(|s| s.migration == name) else {
            wrong.push(format!("{name} is not among {known:?}"));
            continue;
        };
        let json = answer(&migration, true);
        let (recommendation, order) = (text(&json, "recommendation"), text(&json, "order"));
        if recommendation != section.recommendation || !section.orders.iter().any(|o| o == order) {
            wrong.push(format!("{name}: {recommendation}, {order}; not {}, {}", section.recommendation, section.orders.join(" or ")));
        }
        if section.unused {
            let changes = json["migrations"][0]["changes"].as_array().cloned().unwrap_or_default();
            if !changes.iter().any(|c| c["unused"] == true) {
                wrong.push(format!("{name}: no change is unused: {changes:?}"));
            }
        }
        let mut left = found(&json);
        for row in &section.rows {
            match left.iter().position(|f| row.is(f)) {
                Some(at) => drop(left.swap_remove(at)),
                None => wrong.push(format!("{name}: missing {} {}:{} {}", row.verdict, row.path, row.line, row.service)),
            }
        }
        wrong.extend(left.iter().map(|f| format!("{name}: too much: {} (lines {:?})", f.summary, f.lines)));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What the prefilter leaves unparsed holds nothing that matters.
#[test]
fn parsing_everything_finds_the_same() {
    for migration in migrations() {
        let (fast, all) = (answer(&migration, true), answer(&migration, false));
        for part in ["findings", "recommendation", "order", "reasons", "summary", "migrations"] {
            assert_eq!(fast[part], all[part], "{migration}: {part}");
        }
        let counts = |answer: &Value| {
            let repositories = answer["coverage"]["repositories"].as_array().cloned().unwrap_or_default();
            let counted = |r: &Value| ["repo", "sites", "resolved", "statements", "bound", "open"].map(|k| r[k].clone());
            repositories.iter().map(counted).collect::<Vec<_>>()
        };
        assert_eq!(counts(&fast), counts(&all), "{migration}: coverage");
    }
    let refs = |prefilter| {
        let ran = impact(root(), folder(), &["refs", "--store", store(prefilter), "--quiet"], b"").exits(0);
        ran.json()["references"].clone()
    };
    let (fast, all) = (refs(true), refs(false));
    assert!(fast.as_array().is_some_and(|r| r.len() > 200), "{fast}");
    assert_eq!(fast, all);
}

/// The JSON is what its schema says.
#[test]
fn the_json_is_valid() {
    let validator = jsonschema::validator_for(&impact::report::json::schema()).unwrap_or_else(|e| panic!("{e}"));
    for migration in migrations() {
        let answer = answer(&migration, true);
        let errors: Vec<String> = validator.iter_errors(&answer).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{migration}: {errors:?}");
    }
}
