//! The second tier of files of ECMAScript for mappers and builders without a schema language: those that import a file that
//! uses a client. What they give its functions decides which columns are named (`users.update({ id }, { cooldown: now })`),
//! and no other word of theirs says so.

use super::reading::read_more;
use super::services::{Members, unread};
use super::{RefreshError, RepositoryState};
use crate::grammar::PackSet;
use crate::index::resolve::modules::ModuleMap;
use crate::model::facts::Language;
use crate::model::project::FileKind;
use crate::store::Store;
use std::collections::HashSet;

/// Files between that only hand on what others export.
const ROUNDS: usize = 3;
/// Bytes of the path of a module.
const MAX_PATH: usize = 300;

/// Parses the importers of files that send statements; gives their number.
pub(super) fn read_callers(
    store: &Store,
    state: &mut RepositoryState,
    packs: &PackSet,
    members: &Members,
    modules: &ModuleMap,
) -> Result<usize, RefreshError> {
    let all: Vec<usize> = members.own.iter().chain(&members.libraries).copied().collect();
    let script = |state: &RepositoryState, i: usize| match state.kinds[i] {
        FileKind::Source(language @ (Language::TypeScript | Language::JavaScript)) => {
            state.mappers.lower(state.repository.files[i].service, language).then_some(language)
        }
        _ => None,
    };
    let sends = |i: &&usize| {
        let (file, row) = (&state.repository.files[**i], &state.rows[**i]);
        script(state, **i).is_some() && row.tier == 1 && state.mappers.sends(file.service, state.kinds[**i], row)
    };
    let repository = state.repository;
    let clients: HashSet<&str> = all.iter().filter(sends).map(|&i| repository.files[i].path.as_str()).collect();
    // files that use the client of another one, and `index.js` that hands them on
    let mut senders = clients.clone();
    for handed_on in [false, true] {
        let known = if handed_on { senders.clone() } else { clients.clone() };
        let uses = |i: &&usize| {
            let path = repository.files[**i].path.as_str();
            let Some(language) = script(state, **i).filter(|_| !handed_on || is_index(path)) else { return false };
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
        left.retain(|i| script(state, *i).is_some());
        let calls = |path: &str, bytes: &[u8]| {
            let language = packs.language_of(path).unwrap_or(Language::TypeScript);
            imported(bytes).any(|module| modules.locate(path, language, module).iter().any(|f| senders.contains(f.as_str())))
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
    path.rsplit('/').next().is_some_and(|name| name.starts_with("index."))
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
    use super::imported;

    #[test]
    fn paths_of_modules_are_told_by_the_word_before() {
        let code = b"import a from './a';\nimport \"b\"\nconst c = require( './c' ), d = await import('./d');\nfromage('no'); x = 'from'; y = \"./e\"";
        let mut found: Vec<&str> = imported(code).collect();
        found.sort();
        assert_eq!(found, ["./a", "./c", "./d", "b"]);
    }
}
