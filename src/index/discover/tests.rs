//! Discovery over trees made on the spot.

use super::*;
use crate::model::dialect::Engine;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 24, ..Default::default() })]

    /// Whatever stands in files that discovery reads, it answers.
    #[test]
    fn any_contents(text in "[\\x00-\\x7f\u{e9}\u{4e2d}]{0,120}", words in "(name|module|require|replace|=>|setup\\(|\\[|\\]|\\(|\\)|\"|'|=|\n| |\\*|!|/|\\{|\\}|:|-|kind: Component|services:|image:|\\$\\{){0,30}") {
        for text in [&text, &words] {
            let folder = tree(&[
                ("package.json", text), ("project.json", text), ("pnpm-workspace.yaml", text), ("go.mod", text), ("cmd/a/main.go", text),
                ("pyproject.toml", text), ("b/setup.py", text), ("b/setup.cfg", text), ("c/Pipfile", text), ("requirements.txt", text),
                ("catalog-info.yaml", text), ("compose.yml", text), (".env.example", text), ("d/Dockerfile", text), ("s.prisma", text),
                ("CODEOWNERS", text), (".gitignore", text), ("d/x.ts", text),
            ]);
            let (repository, _) = one(folder.path());
            assert!(!repository.services.is_empty());
            classify_content(text.as_bytes(), "x.ts");
        }
    }
}

/// Writes a tree: `(path, contents)`.
fn tree(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), files);
    folder
}

fn write(root: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let place = root.join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }
}

/// Runs git without the user's settings.
fn git(folder: &Path, arguments: &[&str]) -> String {
    let identity =
        ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always"];
    let output = Command::new("git")
        .current_dir(folder)
        .args(identity)
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_string()
}

fn commit_all(folder: &Path) -> String {
    git(folder, &["add", "-A", "-f"]);
    git(folder, &["commit", "-q", "-m", "x", "--allow-empty"]);
    git(folder, &["rev-parse", "HEAD"])
}

fn settings(root: &Path) -> Settings {
    Settings { roots: vec![Root::new(root)], ..Settings::default() }
}

fn one(root: &Path) -> (Repository, Vec<Problem>) {
    let mut found = discover(&settings(root)).unwrap();
    assert_eq!(found.repositories.len(), 1);
    (found.repositories.remove(0), found.problems)
}

fn paths(repository: &Repository) -> Vec<&str> {
    repository.files.iter().map(|f| f.path.as_str()).collect()
}

/// Services as sentences: `service orders at services/orders uses common, core`.
fn sentences(repository: &Repository) -> Vec<String> {
    let sentence = |s: &crate::model::project::Service| {
        let kind = if s.library { "library" } else { "service" };
        let at = if s.path.is_empty() { "." } else { &s.path };
        let uses = if s.depends.is_empty() { String::new() } else { format!(" uses {}", s.depends.join(", ")) };
        format!("{kind} {} at {at}{uses}", s.name)
    };
    repository.services.iter().map(sentence).collect()
}

const MONOREPO: &[(&str, &str)] = &[
    ("pnpm-workspace.yaml", "packages:\n  - apps/*\n  - packages/*\n"),
    ("package.json", r#"{"name":"shop","private":true,"scripts":{"start":"turbo run start"}}"#),
    ("turbo.config.js", "module.exports = {}\n"),
    ("apps/web/package.json", r#"{"name":"@shop/web","scripts":{"start":"node dist/main.js"},"dependencies":{"@shop/db":"workspace:*"}}"#),
    ("apps/web/src/main.ts", "import '@shop/db'\n"),
    ("apps/web/src/main.spec.ts", "test()\n"),
    ("packages/db/package.json", r#"{"name":"@shop/db","main":"index.js","dependencies":{"pg":"^8"}}"#),
    ("packages/db/index.ts", "export {}\n"),
    (
        "services/billing/pyproject.toml",
        "[project]\nname = \"billing\"\ndependencies = [\"asyncpg\", \"shop-core\"]\n[project.scripts]\nbilling = \"billing:main\"\n",
    ),
    ("services/billing/billing/__init__.py", "\n"),
    ("libs/core/pyproject.toml", "[project]\nname = \"shop_core\"\n"),
    ("libs/core/shop_core/__init__.py", "\n"),
    (
        "services/orders/go.mod",
        "module example.com/shop/orders\nrequire example.com/shop/common v0.0.0\nrequire github.com/jackc/pgx/v5 v5.0.0\nreplace example.com/shop/common => ../../libs/common\n",
    ),
    ("services/orders/cmd/api/main.go", "package main\n"),
    ("services/orders/cmd/worker/main.go", "package main\n"),
    ("services/orders/store/store.go", "package store\n"),
    ("libs/common/go.mod", "module example.com/shop/common\n"),
    ("libs/common/common.go", "package common\n"),
    ("tools/seed/Dockerfile", "FROM x\n"),
    ("tools/seed/main.py", "\n"),
    ("services/mailer/Dockerfile", "FROM x\n"),
    ("services/mailer/mailer.py", "import sqlite3\n"),
    ("services/billing/billing/export.py", "import sqlite3\n"),
    ("docker-compose.yml", "services:\n  db:\n    image: postgres:15\n"),
];

/// A folder that is deployed by itself, but has no manifest, is built with the package around it.
#[test]
fn a_process_of_the_package_at_the_root_uses_it() {
    let folder = tree(&[
        ("package.json", r#"{"name":"wiki","scripts":{"start":"node server.js"},"dependencies":{"sequelize":"^6"}}"#),
        ("server/models/page.ts", "export class Page {}\n"),
        ("server/sockets/Procfile", "web: node sockets\n"),
        ("server/sockets/main.ts", "import { Page } from '../models/page'\n"),
    ]);
    assert_eq!(sentences(&one(folder.path()).0), ["service wiki at .", "service sockets at server/sockets uses wiki"]);
}

#[test]
fn monorepo_of_three_languages() {
    let folder = tree(MONOREPO);
    let (repository, problems) = one(folder.path());
    assert_eq!(problems, []);
    assert_eq!(
        sentences(&repository),
        [
            "library shop at .",
            "service @shop/web at apps/web uses @shop/db",
            "library common at libs/common",
            "library shop_core at libs/core",
            "library @shop/db at packages/db",
            "service billing at services/billing uses shop_core",
            "service mailer at services/mailer",
            "service orders at services/orders uses common",
        ]
    );
    let service = |path: &str| {
        let file = repository.files.iter().find(|f| f.path == path).unwrap();
        repository.services[file.service as usize].name.as_str()
    };
    assert_eq!(service("services/orders/store/store.go"), "orders");
    assert_eq!(service("apps/web/src/main.ts"), "@shop/web");
    assert_eq!(service("tools/seed/main.py"), "shop");
    let engines: BTreeMap<&str, Vec<String>> =
        repository.services.iter().map(|s| (s.name.as_str(), s.engines.iter().map(|e| e.to_string()).collect())).collect();
    assert_eq!(engines["orders"], ["postgres:15"]);
    assert_eq!(engines["billing"], ["postgres:15"]);
    assert_eq!(engines["@shop/web"], ["postgres:15"]);
    assert_eq!(engines["common"], [""; 0]);
    assert_eq!(engines["mailer"], ["sqlite"]);
    let scope = |path: &str| repository.files.iter().find(|f| f.path == path).unwrap().scope;
    assert_eq!((scope("apps/web/src/main.ts"), scope("apps/web/src/main.spec.ts")), (Scope::Production, Scope::Test));
}

#[test]
fn kinds_of_repositories() {
    for (files, expected) in [
        (&[("a.py", "\n")][..], &["service NAME at ."][..]),
        (&[("package.json", r#"{"name":"app"}"#), ("index.js", "\n")], &["service NAME at ."]),
        (&[("package.json", r#"{"name":"orders"}"#), ("index.js", "\n")], &["service orders at ."]),
        (&[("backend/pyproject.toml", "[project]\nname='orders'\n"), ("backend/a.py", ""), ("db/1.sql", "")], &["service orders at ."]),
        // Nothing starts: each package stands for itself.
        (
            &[("a/package.json", r#"{"name":"a"}"#), ("a/i.js", ""), ("b/package.json", r#"{"name":"b"}"#), ("b/i.js", "")],
            &["service a at a", "service b at b"],
        ),
        // Dockerfiles split the programs of a module.
        (
            &[
                ("go.mod", "module x.y/mono\n"),
                ("cmd/api/main.go", "package main\n"),
                ("cmd/worker/main.go", "package main\n"),
                ("cmd/tool/main.go", "package main\n"),
                ("internal/store/s.go", "package store\n"),
                ("docker/api.Dockerfile", "RUN go build -o /api ./cmd/api\n"),
                ("docker/worker.Dockerfile", "RUN go build -o /worker ./cmd/worker\n"),
            ],
            &["service mono at .", "service api at cmd/api uses mono", "service worker at cmd/worker uses mono"],
        ),
        // Manifests of tests and examples make no services; broken ones neither.
        (
            &[
                ("package.json", r#"{"name":"orders"}"#),
                ("index.js", ""),
                ("examples/a/package.json", r#"{"name":"x"}"#),
                ("examples/a/i.js", ""),
            ],
            &["service orders at ."],
        ),
        (
            &[
                ("catalog-info.yaml", "kind: Component\nmetadata: {name: checkout}\nspec: {type: service, owner: team-a}\n"),
                ("a/package.json", r#"{"name":"a","bin":"x"}"#),
                ("a/i.js", ""),
            ],
            &["service checkout at ."],
        ),
    ] {
        let folder = tree(files);
        let (repository, problems) = one(folder.path());
        assert_eq!(problems, [], "{files:?}");
        let expected: Vec<String> = expected.iter().map(|e| e.replace("NAME", &repository.name)).collect();
        assert_eq!(sentences(&repository), expected, "{files:?}");
    }
}

#[test]
fn configured_services_come_first() {
    let folder = tree(MONOREPO);
    let service = |name: &str, path: &str| ServiceSetting {
        name: name.into(),
        path: path.into(),
        owners: vec!["@ops".into()],
        ..ServiceSetting::default()
    };
    let settings = Settings { services: vec![service("backend", "services"), service("elsewhere", "not/here")], ..settings(folder.path()) };
    let repository = discover(&settings).unwrap().repositories.remove(0);
    assert_eq!(
        sentences(&repository),
        [
            "library shop at .",
            "service @shop/web at apps/web uses @shop/db",
            "library common at libs/common",
            "library shop_core at libs/core",
            "library @shop/db at packages/db",
            "service backend at services uses common, shop_core",
        ]
    );
    let backend = repository.services.last().unwrap();
    assert_eq!((backend.owners.clone(), backend.evidence.as_str()), (vec!["@ops".to_string()], "impact.toml"));
    assert_eq!(backend.engines.iter().map(|e| e.engine).collect::<Vec<_>>(), [Engine::Postgres]);
}

#[test]
fn owners_by_precedence() {
    let files = [
        ("catalog-info.yaml", "kind: Component\nmetadata: {name: shop}\nspec: {type: service, owner: group:default/catalogue}\n"),
        ("a/x.py", "\n"),
        ("a/y.py", "\n"),
        ("db/z.py", "\n"),
    ];
    let folder = tree(&files);
    assert_eq!(one(folder.path()).0.services[0].owners, ["catalogue"]);

    write(folder.path(), &[("docs/CODEOWNERS", "* @docs\n")]);
    assert_eq!(one(folder.path()).0.services[0].owners, ["@docs"]);
    write(folder.path(), &[(".github/CODEOWNERS", "* @all\n/db/ @dba\n![x] @no\n")]);
    let (repository, problems) = one(folder.path());
    assert_eq!(repository.services[0].owners, ["@all"]);
    let own: Vec<(&str, &[String])> = repository.files.iter().filter_map(|f| Some((f.path.as_str(), f.owners.as_deref()?))).collect();
    assert_eq!(own, [("db/z.py", &["@dba".to_string()][..])]);
    assert_eq!(problems.iter().map(|p| (p.path.as_deref(), p.line)).collect::<Vec<_>>(), [(Some(".github/CODEOWNERS"), Some(3))]);
}

#[test]
fn ignore_rules_and_skipped_folders() {
    let outer = tree(&[
        (".gitignore", "*.py\n"),
        ("in/.gitignore", "secret/\n"),
        ("in/.ignore", "kept.py\n"),
        ("in/kept.py", ""),
        ("in/secret/a.py", ""),
        ("in/node_modules/x/i.js", ""),
        ("in/node_modules/x/README.md", ""),
        ("in/vendor/github.com/a/a.go", ""),
        ("in/vendor/github.com/a/b.go", ""),
        ("in/src/vendor/__init__.py", ""),
        ("in/api.pb.go", ""),
        ("in/types.d.ts", ""),
        ("in/app.min.js", ""),
        ("in/.hidden/a.py", ""),
        ("in/README.md", ""),
    ]);
    git(outer.path(), &["init", "-q"]);
    let root = outer.path().join("in");
    let big = "x".repeat(2 * 1024 * 1024);
    write(&root, &[("big.sql", &big)]);
    let (repository, problems) = one(&root);
    assert_eq!(problems, []);
    assert_eq!(paths(&repository), ["kept.py", "src/vendor/__init__.py"]);
    let skipped: Vec<(&str, u32)> = repository.skipped.iter().map(|(r, n)| (r.as_str(), *n)).collect();
    assert_eq!(skipped, [("generated", 1), ("minified", 1), ("too large", 1), ("type declarations", 1), ("vendored", 3)]);

    let mut settings = settings(&root);
    settings.ignore = vec!["src/**".into()];
    assert_eq!(paths(&discover(&settings).unwrap().repositories[0]), ["kept.py"]);
    settings.ignore = vec!["a[".into(), "{".into()];
    assert!(discover(&settings).is_err());
}

#[test]
fn tracked_files_are_read_though_ignored() {
    let folder = tree(&[(".gitignore", "config*\n"), ("internal/config/config.go", ""), ("config_other.go", ""), ("main.go", "")]);
    assert_eq!(paths(&one(folder.path()).0), ["main.go"]);
    git(folder.path(), &["init", "-q"]);
    git(folder.path(), &["add", "-f", "main.go", "internal/config/config.go"]);
    assert_eq!(paths(&one(folder.path()).0), ["internal/config/config.go", "main.go"]);
}

#[cfg(unix)]
#[test]
fn links_odd_names_and_unreadable_folders() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tree(&[("a/x.py", "\n"), ("b/y.py", "\n")]);
    symlink("..", folder.path().join("a/loop")).unwrap();
    symlink("x.py", folder.path().join("a/z.py")).unwrap();
    fs::write(folder.path().join(OsStr::from_bytes(b"caf\xe9.py")), "select").unwrap();
    fs::set_permissions(folder.path().join("b"), fs::Permissions::from_mode(0o0)).unwrap();
    let (repository, problems) = one(folder.path());
    fs::set_permissions(folder.path().join("b"), fs::Permissions::from_mode(0o755)).unwrap();
    assert!(repository.skipped.contains(&("symbolic link".to_string(), 2)), "{:?}", repository.skipped);
    let odd = repository.files.iter().find(|f| f.path == "caf\u{fffd}.py").unwrap();
    assert_eq!(Reader.read(&repository, odd).unwrap(), b"select");
    assert!(problems.iter().any(|p| p.message.contains("UTF-8")));
    // The superuser reads everything.
    let readable = repository.files.iter().any(|f| f.path == "b/y.py");
    assert!(readable || problems.iter().any(|p| p.path.as_deref() == Some("b")), "{problems:?}");
}

#[test]
fn bare_repositories_and_revisions() {
    let work = tree(&[
        ("src/a.py", "one\n"),
        ("sql/q.sql", "SELECT 1;\n"),
        ("migrations/001_a.sql", "CREATE TABLE t (a int);\n"),
        ("node_modules/x.js", ""),
    ]);
    git(work.path(), &["init", "-q"]);
    let first = commit_all(work.path());
    git(work.path(), &["tag", "v1"]);
    write(work.path(), &[("src/a.py", "two\n"), ("src/b.py", "\n"), ("migrations/002_b.sql", "ALTER TABLE t ADD b int;\n")]);
    fs::remove_file(work.path().join("sql/q.sql")).unwrap();
    let second = commit_all(work.path());
    let bare = tempfile::tempdir().unwrap();
    let place = bare.path().join("shop.git");
    git(work.path(), &["clone", "-q", "--bare", ".", place.to_str().unwrap()]);

    let (repository, _) = one(&place);
    assert_eq!((repository.name.as_str(), repository.commit.as_deref()), ("shop", Some(second.as_str())));
    assert_eq!(paths(&repository), ["migrations/001_a.sql", "migrations/002_b.sql", "src/a.py", "src/b.py"]);
    assert_eq!(repository.skipped, [("vendored".to_string(), 1)]);
    assert_eq!(snapshot_key(&repository), second);
    assert_eq!(Reader.read_path(&repository, "src/a.py").unwrap(), b"two\n");

    let at = |root: &Path, revision: &str| {
        discover(&Settings { roots: vec![Root { at: Some(revision.into()), ..Root::new(root) }], ..Settings::default() })
    };
    let old = at(work.path(), "v1").unwrap().repositories.remove(0);
    assert_eq!((old.commit.as_deref(), paths(&old)), (Some(first.as_str()), vec!["migrations/001_a.sql", "sql/q.sql", "src/a.py"]));
    let file = old.files.iter().find(|f| f.path == "src/a.py").unwrap();
    assert_eq!((Reader.read(&old, file).unwrap(), file.size, file.mtime), (b"one\n".to_vec(), 4, 0));
    // The same files as a walk finds.
    let walked = one(work.path()).0;
    assert_eq!(paths(&walked), paths(&repository));
    assert_eq!(walked.services, [crate::model::project::Service { name: walked.name.clone(), ..repository.services[0].clone() }]);

    // Below the root of the work tree, paths start at the folder given.
    let below = at(&work.path().join("src"), "HEAD").unwrap().repositories.remove(0);
    assert_eq!(paths(&below), ["a.py", "b.py"]);
    assert_eq!(Reader.read_path(&below, "a.py").unwrap(), b"two\n");

    let error = at(work.path(), "no-such").unwrap_err();
    assert!(error.to_string().contains("no-such") && error.help().unwrap().contains("main"), "{error} {:?}", error.help());
    assert!(matches!(at(bare.path().join("nowhere").as_path(), "HEAD"), Err(DiscoverError::Missing(_))));

    let opened = git::open(work.path()).unwrap();
    assert_eq!(opened.head(), Some(git::Head { branch: Some("main".into()), commit: second.clone() }));
    assert_eq!(opened.default_branch().unwrap().branch.as_deref(), Some("main"));
    assert_eq!(opened.merge_base("v1", "main").unwrap().to_string(), first);
    let changed: Vec<String> =
        opened.changed_files("v1", "HEAD").unwrap().into_iter().map(|c| format!("{:?} {}", c.difference, c.path)).collect();
    assert_eq!(changed, ["Added migrations/002_b.sql", "Deleted sql/q.sql", "Modified src/a.py", "Added src/b.py"]);
    assert_eq!(opened.content_at("v1", "sql/q.sql").unwrap(), b"SELECT 1;\n");
    assert!(matches!(opened.content_at("HEAD", "sql/q.sql"), Err(DiscoverError::NoFile { .. })));
}

#[test]
fn repositories_without_commits() {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "-q"]);
    assert_eq!(one(folder.path()).0.files, []);
    let at = Settings { roots: vec![Root { at: Some("HEAD".into()), ..Root::new(folder.path()) }], ..Settings::default() };
    assert!(matches!(discover(&at), Err(DiscoverError::Unborn(_))));
    let bare = tempfile::tempdir().unwrap();
    git(bare.path(), &["init", "-q", "--bare"]);
    assert!(matches!(discover(&settings(bare.path())), Err(DiscoverError::Unborn(_))));
    let plain = tree(&[("a.py", "")]);
    let at = Settings { roots: vec![Root { at: Some("HEAD".into()), ..Root::new(plain.path()) }], ..Settings::default() };
    assert!(matches!(discover(&at), Err(DiscoverError::NotGit(_))));
    let file = Settings { roots: vec![Root::new(plain.path().join("a.py"))], ..Settings::default() };
    assert!(matches!(discover(&file), Err(DiscoverError::NotAFolder(_))));
}

#[test]
fn several_repositories_in_one_folder() {
    let folder = tree(&[("a/x.py", ""), ("b/y.py", ""), ("c/z.py", ""), ("loose.py", "")]);
    git(&folder.path().join("a"), &["init", "-q"]);
    git(&folder.path().join("b"), &["init", "-q"]);
    let found = discover(&settings(folder.path())).unwrap();
    let names: Vec<(&str, Vec<&str>)> = found.repositories.iter().map(|r| (r.name.as_str(), paths(r))).collect();
    assert_eq!(names, [("a", vec!["x.py"]), ("b", vec!["y.py"])]);

    // The same one twice counts once; a folder with .git is one repository, its submodules are passed over.
    let twice = Settings { roots: vec![Root::new(folder.path()), Root::new(folder.path().join("a"))], ..Settings::default() };
    assert_eq!(discover(&twice).unwrap().repositories.len(), 2);
    commit_all(&folder.path().join("a"));
    let outer = tree(&[("main.py", "")]);
    git(outer.path(), &["init", "-q"]);
    git(outer.path(), &["submodule", "--quiet", "add", folder.path().join("a").to_str().unwrap(), "sub"]);
    write(outer.path(), &[("nested/n.py", "")]);
    git(&outer.path().join("nested"), &["init", "-q"]);
    let (repository, _) = one(outer.path());
    assert_eq!(paths(&repository), ["main.py"]);
    assert_eq!(repository.skipped, [("nested repository".to_string(), 1), ("submodule".to_string(), 1)]);
    git(outer.path(), &["add", "main.py", "sub", ".gitmodules"]);
    git(outer.path(), &["commit", "-q", "-m", "x"]);
    let at = Settings { roots: vec![Root { at: Some("HEAD".into()), ..Root::new(outer.path()) }], ..Settings::default() };
    assert_eq!(paths(&discover(&at).unwrap().repositories[0]), ["main.py"]);
}

#[test]
fn a_glance_sees_changes() {
    let folder = tree(&[("a.py", "one"), ("b.sql", "SELECT 1")]);
    let settings = settings(folder.path());
    let (repository, _) = one(folder.path());
    let matches = || glance(&settings).unwrap().first().unwrap().matches(&repository);
    assert!(matches());
    write(folder.path(), &[("README.md", "no matter")]);
    assert!(matches());
    write(folder.path(), &[("a.py", "three")]);
    assert!(!matches());
    write(folder.path(), &[("a.py", "one"), ("c.py", "")]);
    assert!(!matches());
}

#[test]
fn broken_manifests_are_problems() {
    let folder = tree(&[
        ("package.json", "{"),
        ("pyproject.toml", "[project\n"),
        ("catalog-info.yaml", "a: [\n"),
        ("docker-compose.yml", "a: {\n"),
        ("go.mod", "\u{0}\n((("),
        ("setup.py", "setup(name='"),
        ("CODEOWNERS", "\u{fffd} [[[ @x\n"),
        ("a.py", ""),
    ]);
    let (repository, problems) = one(folder.path());
    assert_eq!(repository.services.len(), 1);
    let places: Vec<&str> = problems.iter().filter_map(|p| p.path.as_deref()).filter(|p| *p != "CODEOWNERS").collect();
    assert_eq!(places, ["catalog-info.yaml", "docker-compose.yml", "package.json", "pyproject.toml"]);
    assert!(problems.iter().all(|p| p.help.is_some() && p.repo.is_some()));
}

#[test]
fn reading_stays_inside() {
    let folder = tree(&[("in/a.sql", "SELECT 1"), ("out.sql", "SELECT 2")]);
    let (repository, _) = one(&folder.path().join("in"));
    assert_eq!(Reader.read_path(&repository, "a.sql").unwrap(), b"SELECT 1");
    #[cfg(unix)]
    std::os::unix::fs::symlink("../out.sql", folder.path().join("in/link.sql")).unwrap();
    for path in ["../out.sql", "/etc/hostname", "", "link.sql", "none.sql", "a.sql/x"] {
        assert!(matches!(Reader.read_path(&repository, path), Err(DiscoverError::NoFile { .. })), "{path}");
    }
}
