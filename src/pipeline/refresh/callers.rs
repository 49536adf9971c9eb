//! The second tier of files for mappers and builders: those that import a file that uses a client. What they give its
//! functions decides which columns are named (`users.update({ id }, { cooldown: now })`), and no other word of theirs says
//! so. Where most files of a service are read anyway, the others are read, too.

use super::reading::read_more;
use super::services::{Members, unread};
use super::{RefreshError, RepositoryState};
use crate::grammar::PackSet;
use crate::index::resolve::modules::ModuleMap;
use crate::model::facts::Language;
use crate::model::project::FileKind;
use crate::store::Store;
use std::collections::{HashMap, HashSet};

/// Files between that only hand on what others export.
const ROUNDS: usize = 3;
/// Bytes of the path of a module.
const MAX_PATH: usize = 300;

/// Parses the other files of services most of whose lowered files were chosen by their words; gives their number. What they
/// are called with may decide what those send, and to look for them costs as much as to read them.
pub(super) fn read_rest(store: &Store, state: &mut RepositoryState, packs: &PackSet, all: &[usize]) -> Result<usize, RefreshError> {
    let mut counts: HashMap<(u32, Language), (usize, usize)> = HashMap::new();
    let group = |state: &RepositoryState, i: usize| match state.kinds[i] {
        FileKind::Source(language) => {
            let service = state.repository.files[i].service;
            state.mappers.lower(service, language).then_some((service, language))
        }
        _ => None,
    };
    for &i in all {
        if let Some(key) = group(state, i) {
            let (files, parsed) = counts.entry(key).or_default();
            *files += 1;
            *parsed += usize::from(state.rows[i].tier == 1);
        }
    }
    let mut left = unread(state, all, &|_| true);
    left.retain(|i| group(state, *i).and_then(|key| counts.get(&key)).is_some_and(|(files, parsed)| parsed * 2 >= *files));
    Ok(read_more(store, state, packs, &left, &|_, _| true)?.len())
}

/// Parses the importers of files that send statements; gives their number.
pub(super) fn read_callers(
    store: &Store,
    state: &mut RepositoryState,
    packs: &PackSet,
    members: &Members,
    modules: &ModuleMap,
) -> Result<usize, RefreshError> {
    let all: Vec<usize> = members.own.iter().chain(&members.libraries).copied().collect();
    let lowered = |state: &RepositoryState, i: usize| match state.kinds[i] {
        FileKind::Source(language) => state.mappers.lower(state.repository.files[i].service, language).then_some(language),
        _ => None,
    };
    let sends = |i: &&usize| {
        let (file, row) = (&state.repository.files[**i], &state.rows[**i]);
        lowered(state, **i).is_some() && row.tier == 1 && state.mappers.sends(file.service, state.kinds[**i], row)
    };
    let repository = state.repository;
    let clients: HashSet<&str> = all.iter().filter(sends).map(|&i| repository.files[i].path.as_str()).collect();
    // files that use the client of another one, and `index.js` that hands them on
    let mut senders = clients.clone();
    for handed_on in [false, true] {
        let known = if handed_on { senders.clone() } else { clients.clone() };
        let uses = |i: &&usize| {
            let path = repository.files[**i].path.as_str();
            let Some(language) = lowered(state, **i).filter(|_| !handed_on || is_index(path)) else { return false };
            let imports = state.facts.get(*i).and_then(|f| f.code.as_deref()).map_or(&[][..], |c| &c.imports);
            imports.iter().any(|m| modules.locate(path, language, &m.module).iter().any(|f| known.contains(f.as_str())))
        };
        senders.extend(all.iter().filter(uses).map(|&i| repository.files[i].path.as_str()));
    }
    let mut count = 0;
    for _ in 0..ROUNDS {
        if senders.is_empty() {
            break;
        }
        let mut left = unread(state, &all, &|_| true);
        left.retain(|i| lowered(state, *i).is_some());
        let packages: HashSet<&str> = senders.iter().filter(|path| path.ends_with(".go")).map(|path| folder_of(path)).collect();
        let calls = |path: &str, bytes: &[u8]| {
            let language = packs.language_of(path).unwrap_or(Language::TypeScript);
            let sends = |module: &str| modules.locate(path, language, module).iter().any(|f| senders.contains(f.as_str()));
            match language {
                Language::Python => imported_by_python(bytes).iter().any(|module| sends(module)),
                // files of a package need no import
                Language::Go => packages.contains(folder_of(path)) || imported_by_go(bytes).any(sends),
                Language::TypeScript | Language::JavaScript => imported(bytes).any(sends),
            }
        };
        let read = read_more(store, state, packs, &left, &calls)?;
        count += read.len();
        let before = senders.len();
        senders.extend(read.iter().map(|&i| repository.files[i].path.as_str()).filter(|path| is_index(path)));
        if senders.len() == before {
            break;
        }
    }
    Ok(count)
}

fn is_index(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.starts_with("index.") || name == "__init__.py")
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The modules that lines of Python import, and those that imported names may be: `from a import b` may mean `a.b`.
fn imported_by_python(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut out = Vec::new();
    let mut rest: &str = &text;
    while !rest.is_empty() {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        rest = after;
        let line = line.trim_start();
        if let Some(names) = line.strip_prefix("import ") {
            out.extend(names.split(',').filter_map(|n| n.split_whitespace().next()).map(String::from));
        } else if let Some((module, names)) = line.strip_prefix("from ").and_then(|l| l.split_once(" import ")) {
            let (module, mut names) = (module.trim(), names.to_string());
            if names.contains('(') && !names.contains(')') {
                let (more, behind) = rest.split_once(')').unwrap_or((rest, ""));
                names.push_str(more);
                rest = behind;
            }
            let names = names.split([',', '(', ')', '\n']).filter_map(|n| n.split_whitespace().next());
            let join = if module.ends_with('.') { "" } else { "." };
            out.extend(names.filter(|n| !n.starts_with('#')).map(|n| format!("{module}{join}{n}")));
            out.push(module.to_string());
        }
    }
    out
}

/// The paths of packages that a file of Go imports: what is quoted before its first function.
fn imported_by_go(bytes: &[u8]) -> impl Iterator<Item = &str> {
    let end = memchr::memmem::find(bytes, b"\nfunc ").unwrap_or(bytes.len());
    let begin = memchr::memmem::find(bytes, b"import").unwrap_or(end).min(end);
    let quoted = bytes.get(begin..end).unwrap_or_default().split(|b| *b == b'"').skip(1).step_by(2);
    quoted.filter(|path| path.len() <= MAX_PATH).filter_map(|path| str::from_utf8(path).ok())
}

/// The paths of modules behind `from`, `import` and `require(`.
fn imported(bytes: &[u8]) -> impl Iterator<Item = &str> {
    let words = [&b"from"[..], b"import", b"require"];
    words
        .into_iter()
        .flat_map(move |word| memchr::memmem::find_iter(bytes, word).filter_map(move |at| path_behind(&bytes[at + word.len()..])))
}

fn path_behind(rest: &[u8]) -> Option<&str> {
    let at = rest.iter().position(|b| !matches!(b, b' ' | b'(' | b'\t'))?;
    let (quote, rest) = rest.get(at..)?.split_first()?;
    if !matches!(quote, b'"' | b'\'') {
        return None;
    }
    let end = memchr::memchr(*quote, rest.get(..MAX_PATH.min(rest.len()))?)?;
    str::from_utf8(&rest[..end]).ok()
}

#[cfg(test)]
mod tests {
    use super::{imported, imported_by_go, imported_by_python};

    #[test]
    fn paths_of_modules_are_told_by_the_word_before() {
        let code = b"import a from './a';\nimport \"b\"\nconst c = require( './c' ), d = await import('./d');\nfromage('no'); x = 'from'; y = \"./e\"";
        let mut found: Vec<&str> = imported(code).collect();
        found.sort();
        assert_eq!(found, ["./a", "./c", "./d", "b"]);
    }

    #[test]
    fn modules_of_python_and_packages_of_go() {
        let code = b"import a.b as c, d\nfrom . import e\nfrom .f import (\n    g,  # why\n    h as i,\n)\nx = 'from y import z'\n    from j.k import l\n";
        let found = imported_by_python(code);
        assert_eq!(found, ["a.b", "d", ".e", ".", ".f.g", ".f.h", ".f", "j.k.l", "j.k"]);
        let code = b"package a\n\nimport (\n\t\"fmt\"\n\tb \"x.org/y/b\"\n)\n\nfunc f() { fmt.Print(\"c\") }\n";
        assert_eq!(imported_by_go(code).collect::<Vec<_>>(), ["fmt", "x.org/y/b"]);
    }
}
