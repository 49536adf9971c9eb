//! CODEOWNERS: who owns which path.
//!
//! The rules are GitHub's (<https://docs.github.com/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners>):
//! patterns as in `.gitignore` without negation and character ranges, the last match wins, a pattern without
//! owners takes them away, `dir/*` does not reach into subfolders. GitLab's sections are understood: each has
//! its own last match, and a file's owners are those of all sections.

use super::{Reader, ServiceSetting};
use crate::model::problem::{Problem, Stage};
use crate::model::project::{FileKind, Repository, SourceFile};
use crate::model::statement::Scope;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::collections::{BTreeMap, HashMap};

/// Evidence of services that the configuration names.
pub(super) const CONFIGURED: &str = "impact.toml";

/// Gives services and files their owners. A service's are, in this order: the configuration's, those that
/// CODEOWNERS gives most of its files, the catalogue's (which discovery has put there). A file says its own
/// only where they differ.
pub(super) fn assign(repository: &mut Repository, settings: &[ServiceSetting]) -> Vec<Problem> {
    let Some(file) = file(&repository.files) else { return Vec::new() };
    let path = file.path.clone();
    let rules = match Reader.read(repository, file) {
        Ok(bytes) => CodeOwners::parse(&String::from_utf8_lossy(&bytes)),
        Err(error) => {
            let mut problem = Problem::new(Stage::Discover, error.to_string()).at(path, None);
            problem.help = error.help();
            return vec![problem];
        }
    };
    let mut lookup = Lookup::new(&rules);
    let found: Vec<Option<Vec<String>>> = repository.files.iter().map(|f| lookup.owners(&f.path)).collect();
    let mut counts: Vec<BTreeMap<Option<&[String]>, u32>> = vec![BTreeMap::new(); repository.services.len()];
    for (file, owners) in repository.files.iter().zip(&found) {
        let production = file.scope == Scope::Production && !matches!(file.kind, FileKind::Config);
        if let (Some(counts), true) = (counts.get_mut(file.service as usize), production) {
            *counts.entry(owners.as_deref()).or_default() += 1;
        }
    }
    let mut by_file = vec![true; repository.services.len()];
    for ((service, counts), by_file) in repository.services.iter_mut().zip(counts).zip(&mut by_file) {
        let configured = service.evidence == CONFIGURED && settings.iter().any(|s| s.name == service.name && !s.owners.is_empty());
        *by_file = !configured;
        // Of equally many files the first owners in order, so that the answer is always the same.
        let most = counts.into_iter().max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(&a.0)));
        if let (Some((Some(owners), _)), false) = (most, configured)
            && !owners.is_empty()
        {
            service.owners = owners.to_vec();
        }
    }
    for (file, owners) in repository.files.iter_mut().zip(found) {
        let service = repository.services.get(file.service as usize);
        let speaks = by_file.get(file.service as usize).copied().unwrap_or(false);
        file.owners = owners.filter(|o| speaks && service.is_none_or(|s| s.owners != *o));
    }
    let problem = |(line, reason): &(u32, String)| {
        Problem::new(Stage::Discover, reason.clone())
            .at(path.clone(), Some(*line))
            .help("GitHub passes over this line, too; correct or remove it")
    };
    rules.errors.iter().map(problem).collect()
}

/// Where the file may lie; the first one found counts.
const PLACES: [&str; 4] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"];

/// The CODEOWNERS file of a repository among its files.
fn file(files: &[SourceFile]) -> Option<&SourceFile> {
    PLACES.iter().find_map(|place| files.binary_search_by(|f| f.path.as_str().cmp(place)).ok().and_then(|at| files.get(at)))
}

/// A compiled CODEOWNERS file.
#[derive(Debug, Default)]
struct CodeOwners {
    sections: Vec<Section>,
    /// Lines that were not understood: 1-based number and why.
    errors: Vec<(u32, String)>,
}

/// Rules of which the last match counts. All patterns are matched at once; which one it was is found by its text.
#[derive(Debug)]
struct Section {
    /// Patterns that hold for everything below what they match.
    deep: Gitignore,
    /// Patterns such as `dir/*`, which hold for the files of that folder only.
    shallow: Gitignore,
    owners: Vec<Vec<String>>,
    /// Position in `owners` by pattern; of equal patterns the last.
    numbers: HashMap<String, usize>,
}

/// Patterns and owners of a section, before they are compiled.
type Rules = Vec<(String, Vec<String>)>;

impl CodeOwners {
    /// Compiles a file. Patterns that cannot be compiled are left out and listed.
    fn parse(text: &str) -> CodeOwners {
        let mut sections: Vec<Rules> = vec![Vec::new()];
        let mut errors = Vec::new();
        let mut defaults: Vec<String> = Vec::new();
        for (number, line) in (1u32..).zip(text.lines()) {
            let line = without_comment(line).trim();
            if line.is_empty() {
                continue;
            }
            if let Some(owners) = section_header(line) {
                defaults = owners;
                sections.push(Vec::new());
                continue;
            }
            let (pattern, owners) = split_pattern(line);
            let mut owners: Vec<String> = owners.split_whitespace().map(str::to_string).collect();
            if owners.is_empty() {
                owners.clone_from(&defaults);
            }
            match check(pattern) {
                Ok(()) => {
                    if let Some(section) = sections.last_mut() {
                        section.push((pattern.to_string(), owners));
                    }
                }
                Err(reason) => errors.push((number, reason)),
            }
        }
        let compiled = sections.into_iter().filter(|s| !s.is_empty()).map(Section::compile);
        CodeOwners { sections: compiled.collect(), errors }
    }
}

impl Section {
    fn compile(rules: Rules) -> Section {
        let (mut deep, mut shallow) = (GitignoreBuilder::new(""), GitignoreBuilder::new(""));
        let mut numbers = HashMap::new();
        let mut owners = Vec::new();
        for (pattern, names) in rules {
            let is_shallow = pattern.len() > 2 && pattern.ends_with("/*");
            // Each pattern was checked alone; what the builder says here was listed then.
            if (if is_shallow { &mut shallow } else { &mut deep }).add_line(None, &pattern).is_ok() {
                numbers.insert(pattern, owners.len());
                owners.push(names);
            }
        }
        let build = |builder: GitignoreBuilder| builder.build().unwrap_or_else(|_| Gitignore::empty());
        Section { deep: build(deep), shallow: build(shallow), owners, numbers }
    }

    /// The number of the last rule of `patterns` that matches exactly this path.
    fn matched(&self, patterns: &Gitignore, path: &str, is_folder: bool) -> Option<usize> {
        patterns.matched(path, is_folder).inner().and_then(|glob| self.numbers.get(glob.original()).copied())
    }
}

/// Whether a pattern can be compiled.
fn check(pattern: &str) -> Result<(), String> {
    if pattern.starts_with('!') {
        return Err(format!("the pattern {pattern:?} is negated, which CODEOWNERS does not know"));
    }
    let mut builder = GitignoreBuilder::new("");
    let added = builder.add_line(None, pattern).map(|_| ());
    added.and_then(|()| builder.build().map(|_| ())).map_err(|e| format!("the pattern {pattern:?} is not valid: {e}"))
}

/// Answers for many paths; what holds for a folder is found once.
struct Lookup<'a> {
    rules: &'a CodeOwners,
    /// For each section the number of the last rule that holds below the folder.
    folders: HashMap<String, Vec<Option<usize>>>,
}

impl<'a> Lookup<'a> {
    fn new(rules: &'a CodeOwners) -> Self {
        Lookup { rules, folders: HashMap::new() }
    }

    /// Owners of a file; `None`: no rule matches. Sorted where several sections speak.
    fn owners(&mut self, path: &str) -> Option<Vec<String>> {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        if !self.folders.contains_key(folder) {
            let below = self.below(folder);
            self.folders.insert(folder.to_string(), below);
        }
        let above = self.folders.get(folder)?;
        let mut found: Option<Vec<String>> = None;
        for (section, above) in self.rules.sections.iter().zip(above) {
            let own = section.matched(&section.deep, path, false).max(section.matched(&section.shallow, path, false));
            let Some(owners) = own.max(*above).and_then(|number| section.owners.get(number)) else { continue };
            match &mut found {
                None => found = Some(owners.clone()),
                Some(all) => {
                    all.extend(owners.iter().cloned());
                    all.sort_unstable();
                    all.dedup();
                }
            }
        }
        found
    }

    fn below(&self, folder: &str) -> Vec<Option<usize>> {
        let ends = folder.match_indices('/').map(|(at, _)| at).chain((!folder.is_empty()).then_some(folder.len()));
        let parents: Vec<&str> = ends.filter_map(|end| folder.get(..end)).collect();
        let best = |section: &Section| parents.iter().filter_map(|parent| section.matched(&section.deep, parent, true)).max();
        self.rules.sections.iter().map(best).collect()
    }
}

/// A line up to a `#` that starts it or follows a blank.
fn without_comment(line: &str) -> &str {
    if line.trim_start().starts_with('#') {
        return "";
    }
    match line.find(" #").into_iter().chain(line.find("\t#")).min() {
        Some(at) => line.get(..at).unwrap_or(line),
        None => line,
    }
}

/// `[Section][2] @default`, `^[Section] @default`: the default owners.
fn section_header(line: &str) -> Option<Vec<String>> {
    let line = line.strip_prefix('^').unwrap_or(line);
    let (name, rest) = line.strip_prefix('[')?.split_once(']')?;
    // `[a-z]*.py @x` would be a range, which GitHub does not know; a section is followed by owners or nothing.
    let rest = rest.strip_prefix('[').and_then(|r| r.split_once(']')).map_or(rest, |(_, after)| after);
    let is_header = !name.is_empty() && (rest.is_empty() || rest.starts_with([' ', '\t']));
    is_header.then(|| rest.split_whitespace().map(str::to_string).collect())
}

/// The pattern, whose blanks are escaped, and the rest of the line.
fn split_pattern(line: &str) -> (&str, &str) {
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        if c.is_whitespace() && !escaped {
            return (line.get(..at).unwrap_or(line), line.get(at..).unwrap_or_default());
        }
        escaped = c == '\\' && !escaped;
    }
    (line, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_match_wins() {
        let owners = CodeOwners::parse(
            "# all\n*       @org/all # everyone\n*.js    @js\n/build/logs/ @doctocat\ndocs/*  docs@example.com\napps/ @octocat\n/apps/github\n/src/**/db @dba\n\\#x @no\nno\\ blank.py @blank\n",
        );
        for (path, expected) in [
            ("main.go", Some(vec!["@org/all"])),
            ("web/a.js", Some(vec!["@js"])),
            ("build/logs/a/b.go", Some(vec!["@doctocat"])),
            ("x/build/logs/b.go", Some(vec!["@org/all"])),
            ("docs/a.md", Some(vec!["docs@example.com"])),
            ("docs/a/b.md", Some(vec!["@org/all"])),
            ("x/apps/a.go", Some(vec!["@octocat"])),
            ("apps/github/a.go", Some(vec![])),
            ("src/a/b/db/x.go", Some(vec!["@dba"])),
            ("no blank.py", Some(vec!["@blank"])),
        ] {
            let found = Lookup::new(&owners).owners(path);
            assert_eq!(found.as_deref().map(|o| o.iter().map(String::as_str).collect::<Vec<_>>()), expected, "{path}");
        }
        assert_eq!(Lookup::new(&CodeOwners::parse("/a/ @x\n")).owners("b"), None);
        assert_eq!(CodeOwners::parse("!a @x\n").errors.len(), 1);
    }

    #[test]
    fn sections_of_gitlab() {
        let owners = CodeOwners::parse("* @root\n[Database][2] @dba\n*.sql\n/db/ @db\n^[Docs] @docs\n*.md\n");
        for (path, expected) in [
            ("a.go", vec!["@root"]),
            ("a.sql", vec!["@dba", "@root"]),
            ("db/a.sql", vec!["@db", "@root"]),
            ("a.md", vec!["@docs", "@root"]),
        ] {
            assert_eq!(Lookup::new(&owners).owners(path).unwrap(), expected, "{path}");
        }
    }
}
