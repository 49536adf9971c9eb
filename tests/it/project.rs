//! Runs of the binary, and a small repository in a temporary folder to run it in.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// What a run gave.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// The answer as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {}\n{}", self.stdout, self.stderr))
    }

    /// Requires an exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Ran {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Requires exit code 2 with an error that says `text`.
    #[track_caller]
    pub fn refuses(self, text: &str) {
        let ran = self.exits(2);
        assert!(ran.stderr.starts_with("error: ") && ran.stderr.contains(text), "not {text:?}:\n{}", ran.stderr);
    }
}

/// Runs the binary in a folder, with everything that it remembers under `cache`.
#[track_caller]
pub fn impact<S: AsRef<OsStr>>(folder: &Path, cache: &Path, args: &[S], stdin: &[u8]) -> Ran {
    let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_impact"));
    command.current_dir(folder).env("NO_COLOR", "1").env("XDG_CACHE_HOME", cache).env_remove("IMPACT_STORE");
    // Answers do not hinge on what is installed; tests of proof say `--proof auto`.
    command.env("IMPACT_PROOF", "off");
    // Nor on the branch that this repository is on.
    if !folder.starts_with(std::env::temp_dir()) {
        command.env("IMPACT_RUNNING", "tree");
    }
    let output = command.args(args).write_stdin(stdin).output().unwrap_or_else(|e| panic!("{e}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let ran = Ran { code: output.status.code().unwrap_or(-1), stdout: text(&output.stdout), stderr: text(&output.stderr) };
    assert!(!ran.stderr.contains("panicked") && ran.code != -1, "{}", ran.stderr);
    ran
}

/// A service with a history of migrations in a folder of its own.
pub struct Project {
    folder: TempDir,
    cache: TempDir,
}

pub const DROP_CITY: &str = "migrations/000002_drop_city.up.sql";

impl Project {
    /// A folder without anything in it.
    pub fn empty() -> Project {
        let folder = || tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
        Project { folder: folder(), cache: folder() }
    }

    /// Python code that reads `users.city` at line 9 and `users.email` at line 5.
    pub fn users() -> Project {
        let project = Project::empty();
        project.write("CODEOWNERS", "* @team-users\n");
        project.write("pyproject.toml", "[project]\nname = \"users-api\"\ndependencies = [\"psycopg\"]\n");
        project.write("Dockerfile", "FROM python:3.12\nCMD [\"python\", \"-m\", \"app\"]\n");
        project.write(
            "app/__main__.py",
            concat!(
                "import psycopg\n\n\n",
                "def emails(connection: psycopg.Connection):\n",
                "    return connection.execute(\"SELECT id, email FROM users\").fetchall()\n\n\n",
                "def cities(connection: psycopg.Connection):\n",
                "    return connection.execute(\"SELECT city FROM users WHERE id = %s\", (1,)).fetchall()\n",
            ),
        );
        project.write(
            "migrations/000001_users.up.sql",
            "CREATE TABLE users (id BIGINT PRIMARY KEY, email TEXT NOT NULL, city TEXT, born TIMESTAMPTZ);\n",
        );
        project.write("migrations/000001_users.down.sql", "DROP TABLE users;\n");
        project
    }

    /// The same with a migration that drops the column.
    pub fn dropping() -> Project {
        let project = Project::users();
        project.write(DROP_CITY, "ALTER TABLE users DROP COLUMN city;\n");
        project
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn cache(&self) -> &Path {
        self.cache.path()
    }

    /// A path beside the repository.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.cache.path().join(name)
    }

    #[track_caller]
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path().join(path);
        let made = path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(&path, content));
        made.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }

    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
    }

    pub fn remove(&self, path: &str) {
        std::fs::remove_file(self.path().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    }

    #[track_caller]
    pub fn impact(&self, args: &[&str]) -> Ran {
        impact(self.path(), self.cache(), args, b"")
    }

    #[track_caller]
    pub fn impact_reading(&self, args: &[&str], stdin: &[u8]) -> Ran {
        impact(self.path(), self.cache(), args, stdin)
    }

    /// A git repository without a commit.
    pub fn git(&self) -> git2::Repository {
        let mut options = git2::RepositoryInitOptions::new();
        git2::Repository::init_opts(self.path(), options.initial_head("main")).unwrap_or_else(|e| panic!("{e}"))
    }

    /// Commits everything that there is.
    pub fn commit(&self, repository: &git2::Repository) -> String {
        let commit = || -> Result<git2::Oid, git2::Error> {
            let mut index = repository.index()?;
            index.add_all(["*"], git2::IndexAddOption::DEFAULT, None)?;
            index.update_all(["*"], None)?;
            index.write()?;
            let tree = repository.find_tree(index.write_tree()?)?;
            let who = git2::Signature::new("Someone", "someone@example.com", &git2::Time::new(1_700_000_000, 0))?;
            let parent = repository.head().ok().and_then(|h| h.peel_to_commit().ok());
            repository.commit(Some("HEAD"), &who, &who, "Change", &tree, &parent.iter().collect::<Vec<_>>())
        };
        commit().unwrap_or_else(|e| panic!("{e}")).to_string()
    }
}
