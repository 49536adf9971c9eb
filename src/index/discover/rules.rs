//! The rules of `config/discover.toml`, compiled.

use super::names::{NameSet, fits};
use crate::model::facts::Language;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::OnceLock;

const TEXT: &str = include_str!("../../../config/discover.toml");

/// What a file is by its name alone.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum NameClass {
    /// Source code with a grammar.
    Source(Language),
    /// SQL.
    Sql,
    /// A manifest, a deployment file, owners, a database tool's settings.
    Config,
    /// Counts inside a migration folder only.
    MigrationData,
}

/// What a folder's path says about the files in it.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FolderClass {
    /// Test code.
    pub test: bool,
    /// A migration history.
    pub migration: bool,
    /// A migration history where the names of source files look like revisions.
    pub revisions: bool,
}

/// What folder rules ask about a folder that the walk has met.
pub(super) trait Surroundings {
    /// Whether the folder holds a file or folder of that name; the name may be a pattern with `*`.
    fn holds(&self, name: &str) -> bool;
    /// Whether such a file or folder lies next to it.
    fn beside(&self, name: &str) -> bool;
}

/// The compiled rules.
#[derive(Debug)]
pub(super) struct Rules {
    /// Bigger files are passed over. Bytes.
    pub max_file_size: u64,
    extensions: HashMap<String, NameClass>,
    config: NameSet,
    /// Files in folders that are hidden, relative to the repository.
    pub hidden_files: Vec<String>,
    folders: Vec<(NameSet, FolderRule)>,
    files: Vec<(NameSet, String)>,
    /// Markers of generated code.
    pub generated: Generated,
    test_folders: NameSet,
    test_paths: Vec<String>,
    test_files: NameSet,
    migration_folders: NameSet,
    migration_paths: Vec<String>,
    migration_files: NameSet,
    migration_source: Vec<String>,
    revision_folders: NameSet,
    /// Rules for services.
    pub service: ServiceRules,
    /// Compiled `service.entry_files`.
    pub entry_files: NameSet,
}

impl Rules {
    /// The rules in the binary.
    pub(super) fn embedded() -> &'static Rules {
        static RULES: OnceLock<Rules> = OnceLock::new();
        RULES.get_or_init(|| Rules::compile(toml::from_str(TEXT).expect("config/discover.toml is part of the binary and tested")))
    }

    fn compile(file: RulesFile) -> Rules {
        let mut extensions = HashMap::new();
        let e = file.extensions;
        for (list, class) in [
            (e.python, NameClass::Source(Language::Python)),
            (e.typescript, NameClass::Source(Language::TypeScript)),
            (e.javascript, NameClass::Source(Language::JavaScript)),
            (e.go, NameClass::Source(Language::Go)),
            (e.sql, NameClass::Sql),
            (e.migration, NameClass::MigrationData),
        ] {
            extensions.extend(list.into_iter().map(|extension| (extension, class)));
        }
        let within = |paths: Vec<String>| paths.into_iter().map(|p| format!("/{p}/")).collect();
        Rules {
            max_file_size: file.max_file_size,
            extensions,
            config: NameSet::new(&file.config.names),
            hidden_files: file.config.hidden_files,
            folders: file.folder.into_iter().map(|rule| (NameSet::new(&rule.names), rule)).collect(),
            files: file.file.into_iter().map(|rule| (NameSet::new(&rule.names), rule.reason)).collect(),
            generated: file.generated,
            test_folders: NameSet::new(&file.test.folders),
            test_paths: within(file.test.paths),
            test_files: NameSet::new(&file.test.files),
            migration_folders: NameSet::new(&file.migration.folders),
            migration_paths: within(file.migration.paths),
            migration_files: NameSet::new(&file.migration.files),
            migration_source: file.migration.source,
            revision_folders: NameSet::new(&file.migration.revision_folders),
            entry_files: NameSet::new(&file.service.entry_files),
            service: file.service,
        }
    }

    /// What a file is by its name; `None`: nothing that can matter.
    pub(super) fn name_class(&self, name: &str) -> Option<NameClass> {
        let by_extension =
            name.rsplit_once('.').and_then(|(stem, extension)| (!stem.is_empty()).then(|| self.extensions.get(extension))?);
        match by_extension {
            Some(NameClass::MigrationData) | None if self.config.contains(name) => Some(NameClass::Config),
            // `.eslintrc.js` and its like configure tools.
            Some(_) if name.starts_with('.') => None,
            // setup.py and its like are manifests and source; the manifest is what discovery reads.
            Some(class) => Some(*class),
            None => None,
        }
    }

    /// Why a folder is passed over, if it is.
    pub(super) fn skip_folder(&self, name: &str, around: &dyn Surroundings) -> Option<&str> {
        let named = |(names, rule): &&(NameSet, FolderRule)| names.contains(name) || (rule.versioned && is_versioned(name));
        let rule = self.folders.iter().find(|row| named(row) && row.1.applies(around));
        rule.map(|(_, rule)| rule.reason.as_str())
    }

    /// Why a file is passed over by its name, if it is.
    pub(super) fn skip_file(&self, name: &str) -> Option<&str> {
        self.files.iter().find(|(names, _)| names.contains(name)).map(|(_, reason)| reason.as_str())
    }

    /// What the path of a folder (relative, `/` between parts, empty for the root) says.
    pub(super) fn folder_class(&self, folder: &str) -> FolderClass {
        if folder.is_empty() {
            return FolderClass::default();
        }
        let mut class = FolderClass::default();
        for part in folder.split('/') {
            class.test |= self.test_folders.contains(part);
            class.migration |= self.migration_folders.contains(part);
            class.revisions |= self.revision_folders.contains(part);
        }
        if !(class.test && class.migration) {
            let closed = format!("/{folder}/");
            class.test |= self.test_paths.iter().any(|p| closed.contains(p.as_str()));
            class.migration |= self.migration_paths.iter().any(|p| closed.contains(p.as_str()));
        }
        class
    }

    /// Whether a file's name makes it a test.
    pub(super) fn is_test_file(&self, name: &str) -> bool {
        self.test_files.contains(name)
    }

    /// Whether a file belongs to a migration history, given what its folder says.
    pub(super) fn is_migration(&self, name: &str, class: NameClass, folder: FolderClass) -> bool {
        match class {
            NameClass::Sql => folder.migration || self.migration_files.contains(name),
            NameClass::MigrationData => folder.migration,
            NameClass::Config => false,
            NameClass::Source(_) => {
                let is_revision = has_hexadecimal_id(name) || fits("####*", name);
                (folder.revisions && is_revision)
                    || (folder.migration && (is_revision || self.migration_source.iter().any(|pattern| fits(pattern, name))))
            }
        }
    }
}

/// `ae1027a6acf0_add_account.py`: the id that Alembic gives a revision, at the start of the name.
fn has_hexadecimal_id(name: &str) -> bool {
    name.split_once('_').is_some_and(|(prefix, _)| {
        (8..=40).contains(&prefix.len()) && prefix.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

/// `codemirror-5.17.0`: a name and a version of three numbers.
fn is_versioned(name: &str) -> bool {
    let Some((name, version)) = name.rsplit_once('-') else { return false };
    let numbers: Vec<&str> = version.split('.').collect();
    !name.is_empty() && numbers.len() >= 3 && numbers.iter().all(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RulesFile {
    max_file_size: u64,
    extensions: Extensions,
    config: Config,
    folder: Vec<FolderRule>,
    file: Vec<FileRule>,
    generated: Generated,
    test: Test,
    migration: Migration,
    service: ServiceRules,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Extensions {
    python: Vec<String>,
    typescript: Vec<String>,
    javascript: Vec<String>,
    go: Vec<String>,
    sql: Vec<String>,
    migration: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Config {
    names: Vec<String>,
    hidden_files: Vec<String>,
}

/// Folders passed over; see the comments in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct FolderRule {
    reason: String,
    names: Vec<String>,
    /// Also folders whose name ends in a version.
    #[serde(default)]
    versioned: bool,
    #[serde(default)]
    holds: Vec<String>,
    #[serde(default)]
    unless_holds: Vec<String>,
    #[serde(default)]
    beside: Vec<String>,
    #[serde(default)]
    beside_all: Vec<String>,
}

impl FolderRule {
    fn applies(&self, around: &dyn Surroundings) -> bool {
        (self.beside.is_empty() || self.beside.iter().any(|n| around.beside(n)))
            && self.beside_all.iter().all(|n| around.beside(n))
            && (self.holds.is_empty() || self.holds.iter().any(|n| around.holds(n)))
            && !self.unless_holds.iter().any(|n| around.holds(n))
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRule {
    reason: String,
    names: Vec<String>,
}

/// Markers of generated code: all words of one entry in one line of the file's head.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Generated {
    /// Lower-case words, all of which stand in the line.
    pub markers: Vec<Vec<String>>,
    /// Lower-case names of tools whose output is kept.
    pub keep: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Test {
    folders: Vec<String>,
    paths: Vec<String>,
    files: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Migration {
    folders: Vec<String>,
    paths: Vec<String>,
    files: Vec<String>,
    source: Vec<String>,
    revision_folders: Vec<String>,
}

/// What makes a service.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ServiceRules {
    /// Names in manifests that say nothing.
    pub generic_names: Vec<String>,
    /// Names that say too little in a repository of one package.
    pub part_names: Vec<String>,
    /// Files that say "deployed or started".
    pub entry_files: Vec<String>,
    /// Python modules that are started.
    pub python_entry_files: Vec<String>,
    /// Scripts of package.json that start something.
    pub start_scripts: Vec<String>,
    /// Commands that build or test and start nothing.
    pub build_commands: Vec<String>,
    /// Commands of the `dev` script that belong to an application.
    pub application_commands: Vec<String>,
    /// Folders in which a Dockerfile alone makes no service.
    pub tool_folders: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Around(&'static [&'static str], &'static [&'static str]);
    impl Surroundings for Around {
        fn holds(&self, name: &str) -> bool {
            self.0.contains(&name)
        }
        fn beside(&self, name: &str) -> bool {
            self.1.contains(&name)
        }
    }

    #[test]
    fn folders_with_evidence() {
        let rules = Rules::embedded();
        for (name, holds, beside, expected) in [
            ("node_modules", &[][..], &[][..], Some("vendored")),
            ("vendor", &["modules.txt"], &["go.mod"], Some("vendored")),
            ("vendor", &["__init__.py"], &[], None),
            ("dist", &[], &["package.json"], Some("build output")),
            ("dist", &[], &[], None),
            ("build", &[], &["package.json"], None),
            ("build", &[], &["package.json", "tsconfig.json", "src"], Some("build output")),
            ("env", &[], &[], None),
            ("env", &["pyvenv.cfg"], &[], Some("vendored")),
            ("src", &[], &[], None),
            ("jquery-3.6.0", &[], &[], Some("vendored")),
            ("api-2", &[], &[], None),
        ] {
            assert_eq!(rules.skip_folder(name, &Around(holds, beside)), expected, "{name} {holds:?} {beside:?}");
        }
    }

    #[test]
    fn kinds_by_name() {
        let rules = Rules::embedded();
        for (name, expected) in [
            ("a.py", Some(NameClass::Source(Language::Python))),
            ("a.tsx", Some(NameClass::Source(Language::TypeScript))),
            ("a.cjs", Some(NameClass::Source(Language::JavaScript))),
            ("a.go", Some(NameClass::Source(Language::Go))),
            ("a.sql", Some(NameClass::Sql)),
            ("package.json", Some(NameClass::Config)),
            ("go.mod", Some(NameClass::Config)),
            ("tsconfig.base.json", Some(NameClass::Config)),
            ("Dockerfile.api", Some(NameClass::Config)),
            ("schema.prisma", Some(NameClass::Config)),
            ("other.json", Some(NameClass::MigrationData)),
            ("README.md", None),
            (".py", None),
            (".eslintrc.js", None),
            (".env.example", Some(NameClass::Config)),
        ] {
            assert_eq!(rules.name_class(name), expected, "{name}");
        }
    }

    #[test]
    fn tests_and_migrations() {
        let rules = Rules::embedded();
        for (folder, name, test, migration) in [
            ("src/tests", "a.py", true, false),
            ("src/contests", "a.py", false, false),
            ("prisma/factories", "a.ts", true, false),
            ("src/factories", "a.ts", false, false),
            ("app/migrations", "0001_initial.py", false, true),
            ("app/migrations", "runner.py", false, false),
            ("alembic/versions", "ae1027a6acf_x.py", false, true),
            ("db/revisions/core/versions", "2021-06-02_f011c050b9ba.py", false, true),
            ("api/versions", "v1.py", false, false),
            ("internal/db/migrations", "x.sql", false, true),
            ("internal/db/migrations", "20240101000000_x.go", false, true),
            ("internal/db/migrations", "migrations.go", false, false),
            ("db/old_migrations", "patch-2fa.sql", false, true),
            ("sql", "V1__a.sql", false, true),
            ("sql", "users.sql", false, false),
            ("db/changelog", "db.changelog-master.xml", false, true),
        ] {
            let class = rules.folder_class(folder);
            let kind = match name.rsplit_once('.').map(|(_, e)| e) {
                Some("xml") => NameClass::MigrationData,
                _ => rules.name_class(name).unwrap(),
            };
            assert_eq!(class.test || rules.is_test_file(name), test, "{folder}/{name}");
            assert_eq!(rules.is_migration(name, kind, class), migration, "{folder}/{name}");
        }
    }
}
